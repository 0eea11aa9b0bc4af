# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes, with h5py alone, files of the layout in include/dickemap/store.h that hold closed forms: the oracle of the
Python side, and a second author's reading of the format."""

import h5py
import numpy as np

import check_cavity as cavity
import dickemap

# Fig. 3 of the paper, rates in units of kappa.
N_MODES, OMEGA, KAPPA = 4, 0.5, 1.0
OMEGA_MU = OMEGA * (np.arange(1, N_MODES + 1) + 2)
N_CLASSES = 2 ** (N_MODES - 1)
JOB = f"""model.patterns = {N_MODES}
model.mapping = gauged
model.g0 = axis
model.Omega = {OMEGA}
model.Omega_mu = {OMEGA_MU.tolist()}
model.kappa_mu = {[KAPPA] * N_MODES}
initial.pattern = axis
initial.overlap = 1
initial.perturbation = 0
"""

VERDICTS = "none fixed_point dark_precession limit_cycle quasiperiodic irregular undecided failed relaxing heteroclinic".split()
VERDICTS_0_1_0 = VERDICTS[1:-2]  # files of version 0.1.0 count from fixed_point = 0
HOWS = "not_applicable reached settled predicted symmetric".split()


def code(name, names=VERDICTS):
    return names.index(name)


class Fields:
    """Adds fields over the axes of a file. As in a sparse file: what was not written reads 0, not the fill value."""

    def __init__(self, file, axes, n_modes, to_do=()):
        self.file, self.axes = file, [*axes, "mode"]
        for name, values in (*axes.items(), ("mode", np.arange(1, n_modes + 1))):
            file[name] = values
            file[name].make_scale(name)
        self.shape = tuple(len(values) for values in axes.values())
        self.todo = np.zeros(self.shape, bool)
        self.todo.reshape(-1)[list(to_do)] = True
        self.add("status", (~self.todo).astype(np.uint8))

    def add(self, name, values, fill=0, **attributes):
        values = np.array(np.broadcast_to(values, self.shape) if np.ndim(values) <= len(self.shape) else values)
        values[self.todo] = 0
        dataset = self.file.create_dataset(name, data=values)
        for i, axis in enumerate(self.axes[: values.ndim]):
            dataset.dims[i].attach_scale(self.file[axis])
        dataset.attrs["_FillValue"] = values.dtype.type(fill)
        dataset.attrs.update(attributes)

    def add_flags(self, name, values, names):
        self.add(name, np.asarray(values, np.uint8), 255, flag_meanings=" ".join(names),
                 flag_values=np.arange(len(names), dtype=np.uint8))


def write(path, n_g0=40, to_do=(), verdict="fixed_point", version="0.2.0"):
    """Fig. 3. to_do: flattened indices of points that were not computed; version: whose codes and fields the file has."""
    g0 = np.linspace(0.01, 2.0, n_g0)
    pattern = np.arange(1, N_MODES + 1)
    g_nu = dickemap.g_crit(OMEGA, OMEGA_MU, KAPPA)
    xi = np.zeros((n_g0, pattern.size, N_MODES))
    for nu in range(pattern.size):
        xi[:, nu, nu] = (-1) ** nu * dickemap.xi_theory(g0, g_nu[nu])
    field = OMEGA_MU + 1j * KAPPA / 2
    alpha = -np.sqrt(N_CLASSES) * g0[:, None, None] * xi * field / abs(field) ** 2
    verdicts = VERDICTS_0_1_0 if version == "0.1.0" else VERDICTS

    with h5py.File(path, "w") as file:
        file.attrs["job_canonical"], file.attrs["alpha_factor"] = JOB, np.sqrt(N_CLASSES)
        fields = Fields(file, {"g0": g0, "pattern": pattern}, N_MODES, to_do)
        fields.add("xi", xi)
        fields.add("occupation", abs(alpha) ** 2)
        fields.add("alpha_re", alpha.real)
        fields.add("alpha_im", alpha.imag)
        fields.add("g_crit", g_nu)
        fields.add("wall_time", 1e-3, units="s")
        fields.add("steps", np.int64(7), -1)
        fields.add_flags("verdict", code(verdict, verdicts), verdicts)
        if version != "0.1.0":
            fields.add_flags("how", code("settled", HOWS), HOWS)
            fields.add("xi_limit", np.full(xi.shape, np.nan))
    return path


def write_cavity(path, n=60):
    """jobs/cavity.yaml with n values on each axis."""
    Omega_mu, g0 = np.linspace(-40, 40, n), np.linspace(0.02, 2.0, n)
    g_c = dickemap.g_crit(cavity.OMEGA, Omega_mu, cavity.KAPPA)[:, None]
    with h5py.File(path, "w") as file:
        fields = Fields(file, {"Omega_mu": Omega_mu, "g0": g0}, 1)
        fields.add("xi", dickemap.xi_theory(g0, g_c)[..., None])
        fields.add("g_crit", g_c)
        fields.add("decay_rate", [[cavity.decay_rate(Omega, g) for g in g0] for Omega in Omega_mu])
        fields.add_flags("verdict", code("fixed_point"), VERDICTS)
    return path
