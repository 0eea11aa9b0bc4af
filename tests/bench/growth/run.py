#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Growth with the number of patterns: cost of a right-hand side a class, and memory a lane, for M = 1 ... 16.

    tests/bench/growth/run.py BUILD_DIRECTORY [--cpu avx512] [--tolerance 1e-8] [--largest 16]

BUILD_DIRECTORY holds a release build.  If the cost grew as M 2^M, the numbers a class would grow as M; where it grows as 2^M they
stay level: `kept` until the coefficients of a batch no longer fit into the cache, `streamed` beyond.  The peer is the same
right-hand side with its sums written out (`direct`, O(M 2^M)).  CPU time of one core, the fastest of five rounds.
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
    parser.add_argument("--cpu", default="avx512")
    parser.add_argument("--tolerance", default="1e-8")
    parser.add_argument("--largest", type=int, default=16)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "growth"
        compile_program(program, [HERE / "growth.c"], arguments.build / "libdickemap.a")
        print(f"ns a class: one order of a step a lane ({arguments.cpu}, tolerance {arguments.tolerance}), "
              "and one scalar right-hand side")
        print(f"{'M':>2s} {'classes':>7s} {'kept':>8s} {'streamed':>9s} {'rhs':>8s} {'direct':>8s} {'direct/rhs':>10s} "
              f"{'kept/lane':>12s} {'streamed/lane':>13s}")
        for M in range(1, arguments.largest + 1):
            words = subprocess.run(["taskset", "-c", "0", program, str(M), arguments.tolerance, arguments.cpu],
                                   capture_output=True, text=True, check=True).stdout.split()
            kept, streamed, rhs, direct, kept_bytes, streamed_bytes = map(float, words)
            print(f"{M:2d} {2 ** (M - 1):7d} {kept:8.2f} {streamed:9.2f} {rhs:8.2f} {direct:8.2f} {direct / rhs:10.2f} "
                  f"{kept_bytes / 1024:8.0f} KiB {streamed_bytes / 1024:9.0f} KiB", flush=True)


main()
