#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad cavity (Omega = 0.025, Omega_1 = 20, kappa = 16.2, start with overlap 0.8) to t = 1e5: CPU time and error.

    tests/bench/stiff/run.py BUILD_DIRECTORY [--cpu avx512] [--time 1e5] [--gsl]

BUILD_DIRECTORY holds a release build.  `slow` lets the mode follow the spins, `resolved` resolves it (every version up to
0.1.0); with an 8, a full batch of lanes, a trajectory.  The error is the largest of the five variables, against the mode
resolved at 1e-15.  --gsl adds msbdf and bsimp (some seconds).  A single trajectory takes AVX2, as that of `dickemap
point`, where there is no --cpu.  The second table is the ratio of times, resolved/slow, over
|lambda|/(2|B|) by g0: what is below 1 is slower than before.
"""
import argparse
import math
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from compiling import compile_program  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--cpu", default="")
    parser.add_argument("--time", default="1e5")
    parser.add_argument("--gsl", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "stiff"
        compile_program(program, [HERE / "stiff.c"], arguments.build / "libdickemap.a")

        def run(what, tolerance, g0, time):
            words = subprocess.run([program, what, str(tolerance), str(g0), str(time), *([arguments.cpu] if arguments.cpu else [])],
                                   capture_output=True, text=True, check=True).stdout.split()
            return float(words[0]), int(words[1]), [float(word) for word in words[2:]]

        print(f"{'g0':>4s} {'method':10s} {'tolerance':>9s} {'ms':>10s} {'steps':>9s} {'error':>8s}")
        for g0 in (0.6, 1.2, 2.0):
            exact = run("resolved", 1e-15, g0, arguments.time)[2]
            for what in ("resolved", "slow", "resolved8", "slow8", *(("msbdf", "bsimp") if arguments.gsl else ())):
                for tolerance in (1e-6, 1e-8, 1e-10, 1e-12) if what[0] in "rs" else (1e-8, 1e-10):
                    seconds, steps, u = run(what, tolerance, g0, arguments.time)
                    error = max(abs(a - b) for a, b in zip(u, exact))
                    print(f"{g0:4.1f} {what:10s} {tolerance:9.0e} {1e3 * seconds:10.3f} {steps:9d} {error:8.1e}", flush=True)
        print(f"\nresolved/slow at 1e-10 over |lambda|/(2|B|)\n{'ratio':>7s} {'g0':>6s} {'one':>6s} {'batch':>6s}")
        D, Omega = 20**2 + 16.2**2 / 4, 0.025
        for ratio in (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, 200, 400):
            g0 = math.sqrt(math.sqrt(D) / (2 * Omega * ratio) * Omega * D / 40)
            one, batch = (run(f"resolved{n}", 1e-10, g0, 3e3)[0] / run(f"slow{n}", 1e-10, g0, 3e3)[0] for n in ("", "8"))
            print(f"{ratio:7d} {g0:6.2f} {one:6.2f} {batch:6.2f}", flush=True)


main()
