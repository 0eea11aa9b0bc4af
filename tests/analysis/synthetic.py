# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes, with h5py alone, a file of the layout in include/dickemap/store.h that holds the closed forms of
Fig. 3: the oracle of the Python side, and a second author's reading of the format."""

import h5py
import numpy as np

import check_fig3 as fig3
import dickemap

VERDICTS = "none fixed_point dark_precession limit_cycle quasiperiodic irregular undecided failed relaxing"


def write(path, n_g0=40, to_do=(), verdict=1):
    """to_do: flattened indices of points that were not computed."""
    g0 = np.linspace(0.01, 2.0, n_g0)
    pattern, mode = np.arange(1, fig3.N_MODES + 1), np.arange(1, fig3.N_MODES + 1)
    g_nu = dickemap.g_crit(fig3.OMEGA, fig3.OMEGA_MU, fig3.KAPPA)
    shape = (n_g0, pattern.size)
    xi = np.zeros((*shape, mode.size))
    for nu in range(pattern.size):
        xi[:, nu, nu] = (-1) ** nu * dickemap.xi_theory(g0, g_nu[nu])
    field = fig3.OMEGA_MU + 1j * fig3.KAPPA / 2
    alpha = -np.sqrt(fig3.N_CLASSES) * g0[:, None, None] * xi * field / abs(field) ** 2

    todo = np.zeros(shape, bool)
    todo.reshape(-1)[list(to_do)] = True
    with h5py.File(path, "w") as file:
        for name, values in (("g0", g0), ("pattern", pattern), ("mode", mode)):
            file[name] = values
            file[name].make_scale(name)

        def add(name, values, fill, **attributes):
            values = np.array(values)
            values[todo] = fill
            dataset = file.create_dataset(name, data=values)
            for i, axis in enumerate(("g0", "pattern", "mode")[: values.ndim]):
                dataset.dims[i].attach_scale(file[axis])
            dataset.attrs["_FillValue"] = values.dtype.type(fill)
            dataset.attrs.update(attributes)

        # As in a sparse file: what was not written reads 0, not the fill value.
        add("xi", xi, 0)
        add("occupation", abs(alpha) ** 2, 0)
        add("alpha_re", alpha.real, 0)
        add("alpha_im", alpha.imag, 0)
        add("g_crit", np.broadcast_to(g_nu, shape), 0)
        add("wall_time", np.full(shape, 1e-3), 0, units="s")
        add("verdict", np.full(shape, verdict, np.uint8), 0, flag_meanings=VERDICTS,
            flag_values=np.arange(9, dtype=np.uint8))
        add("steps", np.full(shape, 7, np.int64), 0)
        file["steps"].attrs["_FillValue"] = np.int64(-1)
        status = file.create_dataset("status", data=(~todo).astype(np.uint8))
        for i, axis in enumerate(("g0", "pattern")):
            status.dims[i].attach_scale(file[axis])
    return path
