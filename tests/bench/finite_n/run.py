#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`task: exactness` as a whole program, against QuTiP on the same workload in the same rounds.

    tests/bench/finite_n/run.py BUILD_DIRECTORY [--before PROGRAM] [--rounds 5] [--trajectories 200]
                                [--only "N = 8"]

QuTiP is Debian's python3-qutip.  Omega = 0.5, Omega_mu = kappa = 1 (the second mode 1.5), every spin at z = 0.9, to t = 10 with 11 times.
In each round, one after the other, each a process of its own on one core, CPU time of the process with all that it begins with:

  dickemap   one rank, a job of one point with `method: master` in the laboratory, or of trajectories
  before     the same job by PROGRAM
  qutip      mesolve from the same start at the same tolerance, with the photon numbers that dickemap ended with; or mcsolve with as many
             trajectories, one after the other

Printed are the medians over the rounds, the ratios within each, and how far E_N (of trajectories, in their standard errors) and the
mean spins are from each other at the last time.  The time of QuTiP without its import is told too.
`exact` compares at equal error instead.
"""
import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))
from machine import mpi_variables  # noqa: E402

Z, OMEGA, G0, TOLERANCE, EDGE = 0.9, 0.5, 0.4, 1e-8, 1e-8
TIMES = np.linspace(0, 10, 11)
CASES = [("M = 1, N = 8", 1, 8, "master"), ("M = 1, N = 20", 1, 20, "master"), ("M = 2, N = 1", 2, 1, "master"),
         ("M = 1, N = 20, trajectories", 1, 20, "trajectories")]
JOB = """task: exactness
model: {{patterns: {M}, Omega: {omega}, Omega_mu: {omega_mu}, kappa_mu: [1.0], g0: {g0}, spins_per_class: {N}}}
initial: {{overlap: {z}}}
exactness: {{t_end: 10, points: 11, method: {method}, trajectories: {count}, edge: {edge}, frame: {frame}, memory: 2000}}
solver: {{tolerance: {tolerance}}}
"""


def timed(command, folder, environment):
    """Output of a command, and its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run([str(word) for word in command], cwd=folder, env=environment, text=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def own(program, folder, environment):
    import h5py  # not the peer's to load
    _, seconds = timed([program, "run", "job.yaml", "--overwrite", "-q"], folder, environment)
    with h5py.File(folder / "job.h5") as file:
        if file["failure"][0] != 0:
            sys.exit(f"{program}: the point failed")
        return seconds, {name: data[0] for name, data in file.items() if isinstance(data, h5py.Dataset) and data.shape[:1] == (1,)}


# ---- the peer, a process of its own ----

def peer(M, N, method, photons, count, start_file):
    import qutip
    begin = time.process_time()
    K, n = 2 ** (M - 1), photons
    sizes = [N + 1] * K + [n] * M

    def of(factor, operator):
        return qutip.tensor([operator if i == factor else qutip.qeye(d) for i, d in enumerate(sizes)])

    f = np.array([[1 if mu == 0 or not (k >> (M - 1 - mu)) & 1 else -1 for mu in range(M)] for k in range(K)])
    S = [[2 * of(k, J) for J in qutip.jmat(N / 2)] for k in range(K)]
    a = [of(K + mu, qutip.destroy(n)) for mu in range(M)]
    H = sum(OMEGA * S[k][0] for k in range(K)) + sum(w * a[mu].dag() * a[mu] for mu, w in enumerate([1.0, 1.5][:M]))
    H += G0 / np.sqrt(K * N) * sum(f[k, mu] * (a[mu] + a[mu].dag()) * S[k][2] for k in range(K) for mu in range(M))
    start = np.load(start_file)
    m, alpha = start["spin"], start["alpha"]  # of the mean field at the first time and the last
    psi = qutip.tensor([qutip.spin_coherent(N / 2, np.arccos(s[2]), np.arctan2(s[1], s[0])) for s in m[0]] + [qutip.basis(n, 0)] * M)
    observables = [x for s in S for x in s] + a + [x.dag() * x for x in a]
    losses = [x for x in a]  # kappa_mu = 1
    if method == "master":
        options = qutip.Options(nsteps=10**7, rtol=TOLERANCE, atol=TOLERANCE)
        runs = [qutip.mesolve(H, psi, TIMES, losses, observables, options=options).expect]
    else:
        options = qutip.Options(nsteps=10**7, rtol=1e-7, atol=1e-7, num_cpus=1, average_expect=False)
        runs = qutip.mcsolve(H, psi, TIMES, losses, observables, ntraj=count, options=options, progress_bar=None,
                             map_func=qutip.serial_map).expect
    E, spins = [], []
    for expect in runs:
        s = np.real([expect[i][-1] for i in range(3 * K)]).reshape(K, 3) / N
        A = np.array([expect[3 * K + mu][-1] for mu in range(M)]) / np.sqrt(N)
        photon = np.real([expect[3 * K + M + mu][-1] for mu in range(M)]) / N
        far = (N + 2) / N - 2 * (s * m[1]).sum(-1) + (m[1] ** 2).sum(-1)
        E.append(far.sum() + (2 * (photon - 2 * np.real(np.conj(alpha[1]) * A) + abs(alpha[1]) ** 2) + 1 / N).sum())
        spins.append(s)
    seconds = time.process_time() - begin
    error = np.std(E, ddof=1) / np.sqrt(len(E)) if len(E) > 1 else 0.0
    print(seconds, np.mean(E), error, *np.mean(spins, axis=0).ravel())


def against(ours, theirs):
    ratios = [y / x for x, y in zip(ours, theirs)]
    return f"{statistics.median(ratios):.3g} times as long as dickemap ({min(ratios):.3g} ... {max(ratios):.3g})"


def main():
    if sys.argv[1:2] == ["--peer"]:
        M, N, method, photons, count, start = sys.argv[2:]
        return peer(int(M), int(N), method, int(photons), int(count), start)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--before", type=pathlib.Path, help="another build's program, in the same rounds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trajectories", type=int, default=200)
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    a = parser.parse_args()
    if not any(a.only in case[0] for case in CASES):
        parser.error(f"--only {a.only}: the cases are {'; '.join(case[0] for case in CASES)}")
    program = (a.build / "dickemap").resolve()
    with tempfile.TemporaryDirectory(prefix="dkm") as session:
        folder = pathlib.Path(session)
        environment = os.environ | mpi_variables() | {"TMPDIR": session}
        for name, M, N, method in (case for case in CASES if a.only in case[0]):
            sampled = method == "trajectories"
            (folder / "job.yaml").write_text(JOB.format(
                M=M, N=N, method=method, omega=OMEGA, omega_mu=[1.0, 1.5][:M], g0=G0, z=Z, tolerance=TOLERANCE, edge=EDGE,
                count=a.trajectories, frame="best" if sampled else "laboratory"))
            photons = None
            seconds = {way: [] for way in ("dickemap", "before", "qutip", "qutip without its import")}
            programs = {"dickemap": program} | ({"before": a.before.resolve()} if a.before else {})
            for turn in range(a.rounds):
                results = {}
                for way in sorted(programs, reverse=turn % 2 == 1):  # by turns the first
                    spent, results[way] = own(programs[way], folder, environment)
                    seconds[way].append(spent)
                found = results["dickemap"]
                if a.before and not np.array_equal(found["E_N"], results["before"]["E_N"]):
                    print(f"{name}: E_N of before is up to {np.nanmax(abs(found['E_N'] / results['before']['E_N'] - 1)):.1e} away")
                # Trajectories here move with the state: QuTiP's, in the laboratory, get levels that suffice there.
                photons = photons or (int(found["levels_mode"].max()) if not sampled else 20)
                np.savez(folder / "start.npz", spin=found["spin_mean_field"][[0, -1]],
                         alpha=(found["alpha_re_mean_field"] + 1j * found["alpha_im_mean_field"])[[0, -1]])
                out, spent = timed([sys.executable, __file__, "--peer", M, N, method, photons, a.trajectories, folder / "start.npz"],
                                   folder, environment)
                numbers = np.array(out.split()[-(3 + 3 * 2 ** (M - 1)):], float)
                seconds["qutip"].append(spent)
                seconds["qutip without its import"].append(numbers[0])
            E, se = found["E_N"][-1], found["E_N_se"][-1]
            if sampled:
                agreement = f"E_N {E:.4g} +- {se:.2g} and {numbers[1]:.4g} +- {numbers[2]:.2g}, " \
                            f"{abs(E - numbers[1]) / np.hypot(se, numbers[2]):.2g} errors away"
            else:
                away = np.max(abs(found["spin"][-1].ravel() - numbers[3:]))
                agreement = f"E_N {E:.9g}, {abs(E / numbers[1] - 1):.1e} away, spins {away:.1e}"
            unit = a.trajectories if sampled else 1
            print(f"{name}, {photons} photon numbers: dickemap {statistics.median(seconds['dickemap']) / unit:.3g} s"
                  f"{' a trajectory' if sampled else ''}; {agreement}")
            for way, theirs in seconds.items():
                if way != "dickemap" and theirs:
                    print(f"    {way} {statistics.median(theirs) / unit:.3g} s, {against(seconds['dickemap'], theirs)}", flush=True)


if __name__ == "__main__":
    main()
