#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a second whose basin is found, by two workers.

    tests/bench/basins/run.py BUILD_DIRECTORY [--rounds 5] [--seeds 5000] [--before PROGRAM] [--only N]

Fig. 3's modes, M = 4; starts in pattern 4 with every spin tilted at random, all of one coupling in one cell (`reduce: seed`).
In each round, one after the other, each under mpirun with one master and two workers:

  settled   starts end once their outcome is certain
  rest      starts are followed to rest, as those of a sweep are (a tenth of them)
  gsl       rk8pd at the same tolerance, the same windows, barriers and outcomes as `settled` (a hundredth of them)
  before    as `settled`, by another build of the program

Printed are the medians over the rounds, and the ratios within each.  Counts of outcomes must be the same for the starts that all
have in common.
"""
import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import h5py

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))
from machine import mpi_variables, mpirun  # noqa: E402
import os  # noqa: E402

JOB = """model: {{patterns: 4, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5, 3.0], kappa_mu: [1.0]}}
initial: {{pattern: 4, perturbation: {tilt}}}
axes:
  - {{name: g0, from: {first}, to: {last}, points: {cells}}}
  - {{name: seed, from: 1, to: {seeds}, points: {seeds}}}
reduce: seed
"""
# One half of which ends elsewhere at the lower couplings; all are retrieved, after long or soon; spins far above threshold, whose
# energy takes long to fall.  The last: so many times fewer starts.
CASES = {
    "g0 = 1.2 ... 1.5, tilt 0.3": (0.3, 1.2, 1.5, 1),
    "g0 = 1.8 ... 1.5, tilt 0.2": (0.2, 1.8, 1.5, 1),
    "g0 = 1.6 ... 1.4, tilt 0.2": (0.2, 1.6, 1.4, 1),
    "g0 = 4.0 ... 2.5, tilt 0.5": (0.5, 4.0, 2.5, 20),
}
CELLS = 64  # so many that no worker waits long for the other in the end
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}


def run(program, folder, environment, case, seeds, *settings):
    """Starts a second, and the counts."""
    tilt, first, last, fewer = case
    seeds = max(1, seeds // fewer)
    (folder / "a.yaml").write_text(JOB.format(tilt=tilt, cells=CELLS, first=first, last=last, seeds=seeds))
    command = mpirun(3) + [program, "run", "a.yaml", "--overwrite", "-q", *settings]
    result = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True)
    found = re.search(rf"{CELLS}  points in ([0-9.]+) (us|ms|s|min)", result.stdout)
    if result.returncode != 0 or not found:
        sys.exit(f"{' '.join(map(str, command))}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    with h5py.File(folder / "a.h5") as file:
        return CELLS * seeds / (float(found[1]) * UNITS[found[2]]), file["count"][...], file["t_settled"][...].mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5000)
    parser.add_argument("--before", type=pathlib.Path, help="another build of the program")
    parser.add_argument("--only", type=int, choices=range(1, len(CASES) + 1), help="one case alone")
    a = parser.parse_args()
    program = (a.build / "dickemap").resolve()
    ways = {
        "settled": (1, (), program),
        "rest": (10, ("--set", "solver.until=rest"), program),
        "gsl": (100, ("--set", "solver.method=gsl"), program),
    }
    if a.before:
        ways["before"] = (1, (), a.before.resolve())
    cases = list(CASES.items()) if a.only is None else [list(CASES.items())[a.only - 1]]
    with tempfile.TemporaryDirectory(prefix="dkm") as session:
        folder = pathlib.Path(session)
        environment = os.environ | mpi_variables() | {"TMPDIR": session}
        for name, case in cases:
            rates = {way: [] for way in ways}
            for _ in range(a.rounds):
                for way, (part, settings, executable) in ways.items():
                    rate, counts, settled = run(executable, folder, environment, case, a.seeds // part, *settings)
                    rates[way].append(rate)
            for way, (_, settings, executable) in ways.items():  # of the same starts
                _, counts, settled = run(executable, folder, environment, case, a.seeds // 100, *settings)
                if way == "settled":
                    expected = counts
                print(f"{name}, {way}: {statistics.median(rates[way]):.3g} starts/s, settled after {settled:.3g}; "
                      f"{int(abs(counts - expected).sum()) // 2} of {int(counts.sum())} outcomes differ")
            for way in list(ways)[1:]:
                ratios = [x / y for x, y in zip(rates["settled"], rates[way])]
                print(f"{name}: settled is {statistics.median(ratios):.3g} times as fast as {way} "
                      f"({min(ratios):.3g} ... {max(ratios):.3g})")


if __name__ == "__main__":
    main()
