#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What saving points under way costs, against the same run without.

    tests/bench/saving/run.py BUILD_DIRECTORY [--rounds 5]

Each round computes saving.yaml twice, in turn: saved every second, sixty times as often as by default, and not at all (an interval of
an hour).  CPU seconds, which other programs disturb little, and seconds; of each the median ratio and its range.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def run(program, folder, interval):
    """CPU seconds, seconds, and how many different states were seen in the folder of unfinished points."""
    states = set()
    begun, before = time.monotonic(), os.times()
    process = subprocess.Popen([program, "run", HERE / "saving.yaml", "-q", "-o", "a.h5", "--overwrite", "--save-interval",
                                interval], cwd=folder, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        for path in folder.glob("a.h5.unfinished/*[0-9]"):
            try:
                states.add((path.name, path.stat().st_mtime_ns, path.stat().st_size))
            except FileNotFoundError:
                continue
        time.sleep(0.1)
    if process.returncode != 0:
        sys.exit(f"run.py: the program returned {process.returncode}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, time.monotonic() - begun, states


def describe(ratios):
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f} ... {max(ratios):.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5, help="pairs of runs (default 5)")
    arguments = parser.parse_args()
    program = (arguments.build / "dickemap").resolve()
    cpu, elapsed, seen = [], [], set()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for i in range(arguments.rounds):
            order = ["0:01", "1:00:00"] if i % 2 else ["1:00:00", "0:01"]
            measured = {interval: run(program, folder, interval) for interval in order}
            often, never = measured["0:01"], measured["1:00:00"]
            cpu.append(often[0] / never[0])
            elapsed.append(often[1] / never[1])
            seen |= often[2]
            print(f"round {i + 1}: saved every second {often[0]:.2f} CPU s, {often[1]:.2f} s; never {never[0]:.2f} CPU s, "
                  f"{never[1]:.2f} s; {len(often[2])} states seen", flush=True)
    size = statistics.median([size for _, _, size in seen])
    print(f"CPU seconds, saved every second / never: {describe(cpu)}")
    print(f"seconds, saved every second / never: {describe(elapsed)}")
    print(f"a state takes {size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
