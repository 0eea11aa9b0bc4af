#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What solver.sensitivity costs and what it is worth (sensitivity.c).

    tests/bench/sensitivity/run.py BUILD_DIRECTORY [--rounds 5] [--seed 1]

Cost: CPU time of one core with and without, in turns.  Worth: whether outcomes depend on the tolerance, for points of a
grid and for points that approach basin boundaries, by decades of amplification * tolerance; those called sensitive are
below the line.  BUILD_DIRECTORY holds a release build.  Takes about two minutes.  Needs (Debian) libgsl-dev.
"""
import argparse
import collections
import math
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from compiling import compile_program  # noqa: E402
LOWEST, HIGHEST = -5, 2  # decades; what is below or above is counted with them


def decade(product):
    return max(LOWEST, min(HIGHEST, math.floor(math.log10(product)) if product < math.inf else HIGHEST))


def tabulate(title, lines):
    """A table: amplification * tolerance by decade, points, outcomes that differ; and what the total would have said."""
    rows = collections.defaultdict(lambda: [0, 0, 0])
    flags = {0: [0, 0], 1: [0, 0]}  # by `sensitive`: points, and those with another outcome
    missed = []
    n_open = n_by_total = 0
    for tolerance, amplification, total, sensitive, outcome, details in lines:
        if outcome < 0:
            n_open += 1
            continue
        row = rows[decade(amplification * tolerance)]
        row[0] += 1
        row[1] += int(outcome)
        row[2] += int(details)
        flags[int(sensitive == 1)][0] += 1
        flags[int(sensitive == 1)][1] += int(outcome)
        if outcome and sensitive != 1:
            missed.append(amplification * tolerance)
        n_by_total += total * tolerance >= 1e-3
    print(f"\n{title}\n  amplification * tolerance   points   other outcome   |xi| differs by > 1e-6")
    for key in sorted(rows):
        if key == -3:
            print("  " + "-" * 71)
        low = "" if key == LOWEST else f"1e{key:+d}"
        high = "" if key == HIGHEST else f"1e{key + 1:+d}"
        print(f"  {low:>11s} ... {high:<8s}  {rows[key][0]:7d} {rows[key][1]:15d} {rows[key][2]:24d}")
    print(f"  not sensitive: {flags[0][0]}, other outcome {flags[0][1]}; sensitive: {flags[1][0]}, other outcome {flags[1][1]}; "
          f"by amplification_total: {n_by_total}; did not come to rest: {n_open}", flush=True)
    if missed:
        print("  missed, amplification * tolerance: " + " ".join(f"{product:.2g}" for product in sorted(missed)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "sensitivity"
        compile_program(program, [HERE / "sensitivity.c"], arguments.build / "libdickemap.a", "-O2")

        def measure(*words):
            output = subprocess.run(["taskset", "-c", "0", program, *map(str, words)], capture_output=True, text=True,
                                    check=True).stdout
            return [[float(word) for word in line.split()] for line in output.splitlines()]

        print("cost, CPU ms a point (medians)                without       with      ratio   other fields differ")
        for title, words in (("Fig. 3", (0, 1, 1)), ("Fig. 3, perturbation 0.01, every 8th g0, 2 seeds", (0.01, 2, 8))):
            (n, without, with_, ratio, differ), = measure("cost", *words, arguments.rounds)
            print(f"{title:42s} {without:12.4f} {with_:10.4f} {ratio:10.2f}   {int(differ)} of {int(n)}", flush=True)
        for patterns in 3, 4:
            tabulate(f"grid, M = {patterns}, tolerances 1e-6, 1e-8, 1e-10 against 1e-12",
                     measure("grid", patterns, 16, 1, arguments.seed))
        for patterns, n_g0 in (3, 40), (4, 16):
            tabulate(f"towards basin boundaries, M = {patterns}, tolerances 1e-6, 1e-8, 1e-10 against 1e-13",
                     measure("boundary", patterns, n_g0, arguments.seed))


main()
