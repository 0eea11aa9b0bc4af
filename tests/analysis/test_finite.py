# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact dynamics of finitely many spins (include/dickemap/finite.h, through the shared library) against QuTiP's mesolve."""

import ctypes
import pathlib
from ctypes import c_bool, c_double, c_int, c_int64, c_uint64, c_void_p

import numpy as np
import pytest

MODES, CLASSES = 3, 4  # DKM_FINITE_MAX_MODES, DKM_FINITE_MAX_CLASSES
MASTER = 1
OMEGA, OMEGA_MU, KAPPA_MU = 0.5, (1.0, -0.8), (1.0, 1.3)
DIRECTIONS = ((np.arccos(0.9), np.pi), (1.2, 0.7))  # polar angles of the classes


class Model(ctypes.Structure):
    _fields_ = [("n_modes", c_int), ("spins_per_class", c_int), ("g0", c_double), ("Omega", c_double),
                ("Omega_mu", c_double * MODES), ("kappa_mu", c_double * MODES), ("gamma_down", c_double), ("gamma_up", c_double),
                ("gamma_phi", c_double), ("spin", c_double * 3 * CLASSES), ("alpha_re", c_double * MODES),
                ("alpha_im", c_double * MODES)]


class How(ctypes.Structure):
    _fields_ = [("method", c_int), ("frame", c_int), ("tolerance", c_double), ("edge", c_double), ("memory", c_double),
                ("n_trajectories", c_int64), ("cpu", c_void_p), ("seed", c_uint64), ("interrupt", c_void_p), ("context", c_void_p)]


class Diagnostics(ctypes.Structure):
    _fields_ = [("method", c_int), ("frame", c_int), ("edge_weight", c_double), ("levels", c_int * (CLASSES + MODES)), ("memory", c_double),
                ("steps", c_int64), ("rejected", c_int64), ("n_jumps", c_int64), ("n_trajectories", c_int64),
                ("trace_error", c_double), ("negativity", c_double), ("step_error", c_double)]


class Result(ctypes.Structure):
    _fields_ = [("values", c_void_p), ("errors", c_void_p), ("mean_field", c_void_p), ("said", Diagnostics)]


class Error(ctypes.Structure):
    _fields_ = [("status", c_int), ("message", ctypes.c_char * 1024)]


def ours(program, M, N, g0, times):
    """x, y, z of each class, Re alpha, Im alpha and photons over N of each mode, at the times."""
    library = ctypes.CDLL(str(pathlib.Path(program).with_name("libdickemap_core.so")))
    model = Model(n_modes=M, spins_per_class=N, g0=g0, Omega=OMEGA)
    for mu in range(M):
        model.Omega_mu[mu], model.kappa_mu[mu] = OMEGA_MU[mu], KAPPA_MU[mu]
    K = 2 ** (M - 1)
    for k in range(K):
        theta, phi = DIRECTIONS[k]
        model.spin[k][:] = np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)
    values, errors = np.empty((len(times), 3 + 3 * K + 3 * M)), np.empty((len(times), 3 + 3 * K + 3 * M))
    mean_field = np.empty((len(times), 3 * K + 2 * M))
    result = Result(values.ctypes.data, errors.ctypes.data, mean_field.ctypes.data)
    times, error = np.array(times, float), Error()
    how = How(method=MASTER, tolerance=1e-11, edge=1e-12)
    status = library.dkm_finite_run(ctypes.byref(model), c_int64(len(times)), c_void_p(times.ctypes.data), ctypes.byref(how),
                                    ctypes.byref(result), ctypes.byref(error))
    assert status == 0, error.message
    assert np.all(errors == 0.0)
    return values[:, 3:]


def mesolve(M, N, g0, times, photons):
    qutip = pytest.importorskip("qutip")
    K, J, factors = 2 ** (M - 1), qutip.jmat(N / 2), []

    def embed(operator, place):
        return qutip.tensor(*[operator if i == place else one for i, one in enumerate(factors)])

    factors += [qutip.qeye(N + 1)] * K + [qutip.qeye(photons)] * M
    S = [[2 * embed(j, k) for j in J] for k in range(K)]
    a = [embed(qutip.destroy(photons), K + mu) for mu in range(M)]
    f = [[1, 1], [1, -1]]
    H = sum(OMEGA * S[k][0] for k in range(K)) + sum(OMEGA_MU[mu] * a[mu].dag() * a[mu] for mu in range(M))
    for mu in range(M):
        for k in range(K):
            H += g0 / np.sqrt(K * N) * f[mu][k] * (a[mu] + a[mu].dag()) * S[k][2]
    start = qutip.tensor(*[qutip.spin_coherent(N / 2, *DIRECTIONS[k]) for k in range(K)], *[qutip.basis(photons, 0)] * M)
    observables = [S[k][i] / N for k in range(K) for i in range(3)]
    observables += [o for mu in range(M) for o in (a[mu] / np.sqrt(N), a[mu].dag() * a[mu] / N)]
    expect = qutip.mesolve(H, start, [0.0, *times], [np.sqrt(KAPPA_MU[mu]) * a[mu] for mu in range(M)], observables,
                           options=qutip.Options(atol=1e-12, rtol=1e-10, nsteps=10**6)).expect
    columns = [np.real(e) for e in expect[:3 * K]]
    for mu in range(M):
        amplitude, n = expect[3 * K + 2 * mu:3 * K + 2 * mu + 2]
        columns += [np.real(amplitude), np.imag(amplitude), np.real(n)]
    return np.array(columns).T[1:]


@pytest.mark.parametrize("M, N, g0, times, photons", [(1, 8, 0.4, [1.0, 3.0], 20), (2, 2, 0.4, [0.4], 8)])
def test_expectation_values_are_those_of_mesolve(program, M, N, g0, times, photons):
    expected = mesolve(M, N, g0, times, photons)
    assert np.max(np.abs(ours(program, M, N, g0, times) - expected)) < 1e-8
