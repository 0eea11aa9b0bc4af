#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of tests/README.md, section "Scaling": idle workers on large machines, by simulation (replay.c).

    tests/bench/parallel_efficiency/replay.py BUILD_DIRECTORY [--points 10000000]

BUILD_DIRECTORY holds a build with tests. Jobs of more points than --points are left out.
"""
import argparse
import pathlib
import re
import subprocess

COSTS = pathlib.Path(__file__).resolve().parent / "costs.txt"
RULES = ["ideal", "rule", "guided:4:0"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--points", type=int, default=10**7)
    arguments = parser.parse_args()
    program = arguments.build / "tests" / "replay"
    cases = subprocess.run([program, COSTS], capture_output=True, text=True, check=True).stdout.split()
    print("| workers | points each | " + " | ".join(f"{case} | master" for case in cases) + " |")
    print("|" + "---|" * (2 + 2 * len(cases)))
    for n_workers in (10**2, 10**3, 10**4, 10**5):
        for n_points in (10, 10**2, 10**3, 10**4):
            if n_workers * n_points > arguments.points:
                continue
            cells = []
            for case in cases:
                out = subprocess.run([program, COSTS, case, str(n_workers), str(n_points), *RULES], capture_output=True,
                                     text=True, check=True).stdout.splitlines()
                idle = [float(re.search(r"idle +(-?[0-9.]+)", line)[1]) for line in out]
                master = float(re.search(r"master +([0-9.]+)", out[1])[1])
                cells.append(f"{idle[1]:.1f} ({idle[0]:.1f}, {idle[2]:.1f}) | {master:.0f}")
            print(f"| {n_workers} | {n_points} | " + " | ".join(cells) + " |", flush=True)


main()
