#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time to verdict on the grid of Fig. 3 (verdict.c), CPU time of one core, all methods in the same run.

    tests/bench/time_to_verdict/run.py BUILD_DIRECTORY [--sample 40] [--perturbed-sample 40]

BUILD_DIRECTORY holds a release build.  dickemap runs on the whole grid; GSL, which would take hours, on a random
sample of it (drawn with a fixed seed), so that its time a point has the error of a sample: the times are dominated by
the slowest points.  With a perturbation both run on the same sample.  Needs (Debian) libgsl-dev.
"""
import argparse
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
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--perturbed-sample", type=int, default=40)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "verdict"
        compile_program(program, [HERE / "verdict.c"], arguments.build / "libdickemap.a", "-march=native")

        def measure(title, *words):
            line = subprocess.run(["taskset", "-c", "0", program, *map(str, words)], capture_output=True, text=True,
                                  check=True).stdout.split()
            n, time, n_open, difference = int(line[0]), float(line[1]), int(line[2]), line[3]
            print(f"{title:42s} {n:6d} points {1e3 * time:12.4f} ms/point  undecided or capped {n_open:4d}  |xi| - Eq. 12: {difference}",
                  flush=True)
            return time

        print("without perturbation")
        ours = measure("dickemap", "ensemble", 0, 1, 0, 1)
        full = measure("dickemap, without the quotient", "full", 0, 1, 0, 1)
        theirs = measure("GSL rk8pd until max|u'| < 1e-8 (t <= 1e6)", "residual", 0, 1, arguments.sample, 1)
        print(f"GSL's time / dickemap's: {theirs / ours:.0f}; without the quotient {theirs / full:.0f}")
        print("\nperturbation 0.01, 8 seeds")
        measure("dickemap", "ensemble", 0.01, 8, 400, 1)
        ours = measure("dickemap", "ensemble", 0.01, 8, arguments.perturbed_sample, 8)
        theirs = measure("GSL rk8pd, the same verdicts", "gsl", 0.01, 8, arguments.perturbed_sample, 1)
        print(f"GSL's time / dickemap's: {theirs / ours:.0f}")


main()
