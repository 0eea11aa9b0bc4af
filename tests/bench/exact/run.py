#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact dynamics of finitely many spins: time to solution at equal error, against QuTiP in the same run.

    tests/bench/exact/run.py BUILD_DIRECTORY [--spins 40] [--trajectories 20] [--skip-master]

BUILD_DIRECTORY holds a release build; QuTiP is Debian's python3-qutip.  M = 1, Omega = 0.5, Omega_1 = kappa = 1, z = 0.9, E_N(t) at
t = 1, 2, 5, 10, one core, CPU time.

  master        E_N by mesolve with its default tolerances (g0 = 0.4), photon numbers up to the fewest whose neglected weight is
                below 1e-8.  Its error, the largest of |E_N - reference| relative to E_N, is what the density matrix here has to reach
                too: the loosest of a ladder of tolerances that does.  The reference is the tightest.
  trajectories  E_N by mcsolve (g0 = 0.4 and 0.9): CPU time a trajectory, and that times the variance of a trajectory's E_N at t = 10,
                the time to a given standard error.  Trajectories in the moving frame jump less often, and scatter more; the
                variance of mcsolve's is that of trajectories in the laboratory here, which have the same statistics.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import qutip

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from compiling import compile_program  # noqa: E402
TIMES = [1.0, 2.0, 5.0, 10.0]
OMEGA, OMEGA_1, KAPPA, Z = 0.5, 1.0, 1.0, 0.9
PHOTONS = {0.4: 24, 0.9: 110}  # of 40 spins in the laboratory
LADDER = [1e-5, 1e-6, 1e-7, 1e-8, 1e-9]


def mean_field(g0):
    """m and alpha at the times, by small steps of order 4."""
    def slope(u):
        x, y, z, alpha = u[0].real, u[1].real, u[2].real, u[3]
        h = g0 * 2 * alpha.real
        return np.array([-2 * h * y, -2 * OMEGA * z + 2 * h * x, 2 * OMEGA * y, -(1j * OMEGA_1 + KAPPA / 2) * alpha - 1j * g0 * z])
    u, out, step = np.array([-np.sqrt(1 - Z * Z), 0, Z, 0], complex), [], 1e-3
    for i in range(1, 1 + round(TIMES[-1] / step)):
        a = slope(u)
        b = slope(u + step / 2 * a)
        c = slope(u + step / 2 * b)
        d = slope(u + step * c)
        u = u + step / 6 * (a + 2 * b + 2 * c + d)
        if any(abs(i * step - t) < step / 2 for t in TIMES):
            out.append(u)
    return out


class Qutip:
    def __init__(self, N, g0, n):
        self.N, self.fields = N, mean_field(g0)
        j = N / 2
        self.S = [2 * qutip.tensor(J, qutip.qeye(n)) for J in qutip.jmat(j)]
        self.a = qutip.tensor(qutip.qeye(N + 1), qutip.destroy(n))
        a = self.a
        self.H = OMEGA * self.S[0] + OMEGA_1 * a.dag() * a + g0 / np.sqrt(N) * (a + a.dag()) * self.S[2]
        self.start = qutip.tensor(qutip.spin_coherent(j, np.arccos(Z), np.pi), qutip.basis(n, 0))
        self.observables = [*self.S, a, a.dag() * a]

    def error(self, expect):
        """E_N at the times from <S>, <a>, <a^+ a>."""
        N, out = self.N, []
        for i, u in enumerate(self.fields):
            S, a, n = [np.real(expect[k][i + 1]) / N for k in range(3)], expect[3][i + 1] / np.sqrt(N), np.real(expect[4][i + 1]) / N
            spins = (N + 2) / N - 2 * sum(S[k] * u[k].real for k in range(3)) + 1
            out.append(spins + 2 * (n - 2 * np.real(np.conj(u[3]) * a) + abs(u[3]) ** 2) + 1 / N)
        return np.array(out)

    def master(self):
        begin = time.process_time()
        result = qutip.mesolve(self.H, self.start, [0.0, *TIMES], [np.sqrt(KAPPA) * self.a], self.observables,
                               options=qutip.Options(nsteps=10**6))
        return time.process_time() - begin, self.error(result.expect)

    def trajectories(self, count):
        begin = time.process_time()
        result = qutip.mcsolve(self.H, self.start, [0.0, *TIMES], [np.sqrt(KAPPA) * self.a], self.observables, ntraj=count,
                               options=qutip.Options(nsteps=10**6, num_cpus=1, average_expect=False), progress_bar=None,
                               map_func=qutip.serial_map)
        seconds = time.process_time() - begin
        return seconds, np.array([self.error(e) for e in result.expect])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--spins", type=int, default=40)
    parser.add_argument("--trajectories", type=int, default=20)
    parser.add_argument("--skip-master", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "exact"
        compile_program(program, [HERE / "exact.c"], arguments.build / "libdickemap.a")

        def ours(g0, method, tolerance, count=2):
            words = subprocess.run([program, str(arguments.spins), str(g0), method, str(tolerance), str(tolerance), str(count),
                                    *map(str, TIMES)], capture_output=True, text=True, check=True).stdout.split()
            return float(words[0]), np.array(words[1::2], float), np.array(words[2::2], float)

        def photons(g0):
            return max(12, round(PHOTONS[g0] * arguments.spins / 40))

        N = arguments.spins
        print(f"N = {N}, QuTiP {qutip.__version__}, CPU seconds of one core")
        if not arguments.skip_master:
            reference = ours(0.4, "master", 1e-10)[1]
            seconds, E = Qutip(N, 0.4, photons(0.4)).master()
            reached = np.max(np.abs(E / reference - 1))
            print(f"master, g0 = 0.4: mesolve {seconds:.2f} s, error {reached:.1e}", flush=True)
            for tolerance in LADDER:
                own, E, _ = ours(0.4, "master", tolerance)
                error = np.max(np.abs(E / reference - 1))
                print(f"    dickemap, tolerance {tolerance:.0e}: {own:.3f} s, error {error:.1e}, {seconds / own:.0f} times faster",
                      flush=True)
                if error <= reached:
                    break
        for g0 in (0.4, 0.9):
            count = arguments.trajectories
            seconds, _ = Qutip(N, g0, photons(g0)).trajectories(count)
            many = 10 * count
            own, _, errors = ours(g0, "trajectories", 1e-6, many)
            same = ours(g0, "laboratory", 1e-6, many)[2]
            theirs, mine = seconds / count * same[-1] ** 2, own / many * errors[-1] ** 2
            print(f"trajectories, g0 = {g0}: mcsolve {seconds / count:.4f} s a trajectory, dickemap {own / many:.5f} s, "
                  f"{seconds / count * many / own:.0f} times faster; to an equal standard error {theirs / mine:.0f} times", flush=True)


main()
