# SPDX-License-Identifier: GPL-3.0-or-later
"""Couplings of any values and damaged cues against a simulation of all single spins, which knows nothing of classes,
weights or smaller systems.  (Random numbers apart: which spins are flipped, the file's own start says.)"""

import csv
import io

import h5py
import numpy
import pytest

MODES = {"Omega_mu": [1.5, 2.0, 2.6], "kappa_mu": [1.0, 0.7, 1.2]}
T_END, DT, STEP = 12.0, 0.5, 1e-3


def simulate(G, z, g0, Omega, Omega_mu, kappa_mu, x=None, p=None):
    """xi at 0, DT, 2 DT ... of single spins with couplings G[mu, j] that start with z_j and x_j: equations (7), Runge-Kutta
    of fourth order.  p: shares of the spins, if not equal."""
    M, N = G.shape
    p = numpy.full(N, 1 / N) if p is None else p
    Omega_mu, kappa_mu = numpy.array(Omega_mu[:M]), numpy.array(kappa_mu[:M])
    spins = numpy.array([-numpy.sqrt(1 - z**2) if x is None else x, 0 * z, z])

    def rates(state):
        (x, y, z), beta = state
        h = G.T @ (2 * beta.real)
        xi = G @ (p * z)
        return (numpy.array([-2 * g0 * h * y, -2 * Omega * z + 2 * g0 * h * x, 2 * Omega * y]),
                -(1j * Omega_mu + kappa_mu / 2) * beta - 1j * g0 * xi)

    state, found = (spins, numpy.zeros(M, complex)), []
    for i in range(round(T_END / STEP) + 1):
        if i % round(DT / STEP) == 0:
            found.append(G @ (p * state[0][2]))
        k = [rates(state)]
        for part in (0.5, 0.5, 1.0):
            k.append(rates(tuple(s + part * STEP * r for s, r in zip(state, k[-1]))))
        state = tuple(s + STEP / 6 * (a + 2 * b + 2 * c + d) for s, a, b, c, d in zip(state, *k))
    return numpy.array(found)


def write_job(folder, model, initial="{}", more="solver: {tolerance: 1e-12}\n"):
    M = int(model.pop("M", 3))
    keys = "".join(f", {key}: {value}" for key, value in model.items())
    job = folder / "job.yaml"
    job.write_text(f"model: {{g0: 1.1, Omega: 0.5, Omega_mu: {MODES['Omega_mu'][:M]}, kappa_mu: {MODES['kappa_mu'][:M]}{keys}}}\n"
                   f"initial: {initial}\n{more}")
    return job


def trajectory(dickemap, job, *arguments):
    result = dickemap("point", job, "--trajectory", "-", "--t-end", T_END, "--dt", DT, *arguments)
    assert result.returncode == 0, result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    return numpy.array([[float(row[f"xi_{mu + 1}"]) for mu in range(3) if f"xi_{mu + 1}" in row] for row in rows])


def the_same(found, expected, tolerance=1e-10):
    assert found.shape == expected.shape
    numpy.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


RNG = numpy.random.default_rng(5)
REAL = RNG.uniform(-1, 1, (3, 24)).round(3)
SIGNS = RNG.choice([-1.0, 1.0], (3, 24))


def write_matrix(folder, G):
    (folder / "patterns.txt").write_text("\n".join(" ".join(f"{g:.17g}" for g in row) for row in G) + "\n")


@pytest.mark.parametrize("G", [REAL, SIGNS], ids=["real", "signs"])
def test_a_matrix_is_its_spins(dickemap, tmp_path, G):
    write_matrix(tmp_path, G)
    job = write_job(tmp_path, {"mapping": "matrix", "matrix": "patterns.txt"}, "{pattern: 2, overlap: 0.9}")
    cue = G[1] / max(1, abs(G[1]).max())
    the_same(trajectory(dickemap, job), simulate(G, 0.9 * cue, 1.1, 0.5, **MODES))


def test_order_gauge_and_number_of_copies_of_spins_change_nothing(dickemap, tmp_path):
    rng = numpy.random.default_rng(6)
    found = []
    for G in (SIGNS, SIGNS[:, rng.permutation(24)], SIGNS * rng.choice([-1, 1], 24), numpy.repeat(SIGNS, 2, axis=1)):
        write_matrix(tmp_path, G)
        job = write_job(tmp_path, {"mapping": "matrix", "matrix": "patterns.txt"}, "{pattern: 1}")
        found.append(trajectory(dickemap, job))
        the_same(found[-1], found[0], 1e-12)
    assert abs(found[0]).max() > 0.5


def test_spins_flipped_with_a_probability(dickemap, tmp_path):
    write_matrix(tmp_path, SIGNS)
    job = write_job(tmp_path, {"mapping": "matrix", "matrix": "patterns.txt"}, "{pattern: 3, flip: 0.2}")
    both, p = numpy.repeat(SIGNS, 2, axis=1), numpy.tile([0.8 / 24, 0.2 / 24], 24)
    z = both[2] * numpy.tile([1, -1], 24)
    expected = simulate(both, z, 1.1, 0.5, **MODES, p=p)
    the_same(trajectory(dickemap, job), expected)
    assert abs(expected).max() < 0.6 + 0.4 and abs(expected[0, 2] - 0.6) < 1e-12


@pytest.mark.parametrize("G", [REAL, SIGNS], ids=["real", "signs"])
def test_spins_flipped_exactly(dickemap, tmp_path, G):
    """Which ones, a start without coupling says: it is written as the final state."""
    write_matrix(tmp_path, G)
    job = write_job(tmp_path, {"mapping": "matrix", "matrix": "patterns.txt"}, "{pattern: 1, flip_exactly: 5, seed: 3}")
    found = trajectory(dickemap, job)
    cue = G[0] / max(1, abs(G[0]).max())
    # The overlaps of the start tell the sum over flipped spins: find the five spins that give them.
    import itertools
    rest = (G @ cue / 24 - found[0]) * 12
    candidates = [c for c in itertools.combinations(range(24), 5)
                  if numpy.abs(G[:, c] @ cue[list(c)] - rest).max() < 1e-9]
    assert candidates
    matches = []
    for c in candidates[:: max(1, len(candidates) // 40)]:
        z = cue.copy()
        z[list(c)] *= -1
        matches.append(numpy.abs(simulate(G, z, 1.1, 0.5, **MODES) - found).max())
        if matches[-1] < 1e-10:
            break
    assert min(matches) < 1e-10
    other = trajectory(dickemap, job, "--at", "seed=4")
    assert numpy.abs(other - found).max() > 1e-3


def test_values_with_probabilities(dickemap, tmp_path):
    values, probabilities = numpy.array([-1.0, 0.0, 2.0]), numpy.array([0.3, 0.2, 0.5])
    job = write_job(tmp_path, {"patterns": 2, "M": 2, "mapping": "values", "values": "[-1, 0, 2]",
                               "probabilities": "[0.3, 0.2, 0.5]"}, "{pattern: 1, overlap: 0.8}")
    first, second = numpy.meshgrid(values, values, indexing="ij")
    G = numpy.array([first.ravel(), second.ravel()])
    p = numpy.outer(probabilities, probabilities).ravel()
    the_same(trajectory(dickemap, job), simulate(G, 0.8 * G[0] / 2, 1.1, 0.5, **MODES, p=p))


def test_values_with_an_even_distribution_are_gauged(dickemap, tmp_path):
    job = write_job(tmp_path, {"patterns": 2, "M": 2, "mapping": "values", "values": "[-1, 0, 1]",
                               "probabilities": "[0.3, 0.4, 0.3]"}, "{pattern: 1, overlap: 0.8}")
    assert "K = 5 classes" in dickemap("plan", job).stdout
    v, w = numpy.array([-1.0, 0.0, 1.0]), numpy.array([0.3, 0.4, 0.3])
    G = numpy.array([a.ravel() for a in numpy.meshgrid(v, v, indexing="ij")])
    the_same(trajectory(dickemap, job), simulate(G, 0.8 * G[0], 1.1, 0.5, **MODES, p=numpy.outer(w, w).ravel()))


def test_a_mixture_is_the_sign_of_a_sum(dickemap, tmp_path):
    write_matrix(tmp_path, SIGNS)
    job = write_job(tmp_path, {"mapping": "matrix", "matrix": "patterns.txt"}, "{mixture: [1, 1, -1]}")
    cue = numpy.sign(SIGNS[0] + SIGNS[1] - SIGNS[2])
    the_same(trajectory(dickemap, job), simulate(SIGNS, cue, 1.1, 0.5, **MODES))


def test_a_cue_of_its_own(dickemap, tmp_path):
    write_matrix(tmp_path, SIGNS)
    cue = numpy.random.default_rng(8).uniform(-1, 1, 24).round(2)
    (tmp_path / "cue.txt").write_text(" ".join(map(str, cue)) + "\n")
    job = write_job(tmp_path, {"mapping": "matrix", "matrix": "patterns.txt"}, "{cue: cue.txt}")
    the_same(trajectory(dickemap, job), simulate(SIGNS, cue, 1.1, 0.5, **MODES))


def test_patterns_of_classes_are_a_matrix_of_theirs(dickemap, tmp_path):
    """Fig. 2's classes, each once: the same trajectory from a tilted start."""
    G = numpy.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1]], float)
    write_matrix(tmp_path, G)
    matrix = trajectory(dickemap, write_job(tmp_path, {"mapping": "matrix", "matrix": "patterns.txt"}, "{pattern: 2, perturbation: 0.2}"))
    gauged = trajectory(dickemap, write_job(tmp_path, {"patterns": 3}, "{pattern: 2, perturbation: 0.2}"))
    the_same(matrix, gauged, 1e-12)
    assert abs(gauged[:, 0]).max() > 1e-3


def test_the_output_file_alone_has_the_whole_job(dickemap, tmp_path):
    write_matrix(tmp_path, REAL)
    job = write_job(tmp_path, {"mapping": "matrix", "matrix": "patterns.txt"}, "{pattern: 2}", "output: {state: final}\n")
    output = tmp_path / "out.h5"
    assert dickemap("run", job, "-o", output, "--set", "model.g0=0").returncode == 0
    (tmp_path / "patterns.txt").unlink()
    job.unlink()
    result = dickemap("verify", output)
    assert result.returncode == 0, result.stdout + result.stderr
    with h5py.File(output) as file:
        assert numpy.allclose(file["correlation"], REAL @ REAL.T / 24, atol=1e-15)
        assert file.attrs["alpha_factor"] == 1
        assert bytes(file["job_files/1"][()]).startswith(b"%.17g" % REAL[0, 0])
        weights, couplings = file["weight"][()], file["coupling"][()]
        assert abs(weights.sum() - 1) < 1e-15 and couplings.shape == (24, 3)
        z = file["m"][..., 2].ravel()
        start = REAL @ REAL[1] / 24  # without coupling the state that is kept is the start
        assert numpy.allclose((weights * z) @ couplings, start, atol=1e-14)
