#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Early stops against the same trajectories without them (early_stop.c, which says what is compared and how).

    tests/bench/early_stop/run.py BUILD_DIRECTORY [--points 200] [--seeds 1 2 3] [--cap 2e4] [--t-max 1e5]

Points where oscillations are possible: modes of both signs, tilted starts.  BUILD_DIRECTORY holds a release build with
tests.  Exit code 0 if no point of any seed differs, 3 if one does; each of them is printed with its parameters.  About
half a second of one core a point.
"""
import argparse
import pathlib
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--points", type=int, default=200, help="of each seed (default 200)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="of the random points (default 1 2 3)")
    parser.add_argument("--cap", type=float, default=2e4, help="longest time to go on after a stop (default 2e4)")
    parser.add_argument("--t-max", type=float, default=1e5, help="time after which a point is undecided (default 1e5)")
    arguments = parser.parse_args()
    program = arguments.build / "tests" / "early_stop"
    if not program.exists():
        sys.exit(f"run.py: {program} is missing: build with tests (-DBUILD_TESTING=ON)")
    worst = 0
    for seed in arguments.seeds:
        words = map(str, (seed, arguments.points, arguments.cap, arguments.t_max))
        worst = max(worst, subprocess.run([program, *words]).returncode)
        print(flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main())
