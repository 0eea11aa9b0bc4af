#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Points per second of two workers against one, and what the master costs.

    tests/bench/parallel_efficiency/run.py BUILD_DIRECTORY [--rounds 7] [--seeds 24]

Each round computes the job efficiency.yaml (perturbed starts, integrated in the full space) under mpirun with one
worker and with two, in turn, and, as the peer, without messages: one process alone, then two processes at once, each
with the whole job, which is what the machine itself gains from its second core.  From outside, through /proc and the CPU
clocks of the processes: the master's share of a core, and two things that tell waiting inside the program from cores
that other programs take: whether a worker could run (waiting workers sleep; one whose core was taken is runnable all
the same), and the points for each second of the workers' CPU time.  Their product, times two, is the ratio that a
machine without other programs would show.
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))
from machine import below, environment_of, mpi_variables, mpirun, rank_of  # noqa: E402

SUMMARY = re.compile(r"(\d+)  points in (.*) \(([0-9.e+]+) points/s\)")


def cpu_seconds(pid):
    """CPU time of a running process; Linux makes the clock's number from the process's (clock_getcpuclockid)."""
    return time.clock_gettime((~pid << 3) | 2)


def runnable(pid):
    """Whether a process runs or would run if it had a core, rather than sleep."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "R"


def run(command, output, environment):
    """Runs `command`, which writes the file `output`; points/s within the run, seconds outside of it, and for each rank in
    the middle of the run CPU seconds over seconds and the part of the time that it was runnable; points for each CPU
    second of all workers since the output came into being: computing begins then."""
    output.unlink(missing_ok=True)
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    begun = {}  # of each rank: CPU seconds when it began to compute
    samples = {}  # of each rank: (time, CPU seconds, runnable), while it lives
    while process.poll() is None:
        computing = output.exists()
        for pid in below(process.pid):
            rank = rank_of(environment_of(pid))
            if rank is None:
                continue
            try:
                samples.setdefault(rank, []).append((time.monotonic(), cpu_seconds(pid), runnable(pid)))
            except OSError:
                continue  # it has ended
            if computing:
                begun.setdefault(rank, samples[rank][-1][1])
        time.sleep(0.02)
    elapsed = time.monotonic() - start
    out, err = process.communicate()
    found = SUMMARY.search(out)
    if process.returncode != 0 or not found:
        sys.exit(f"{' '.join(map(str, command))}: exit code {process.returncode}\n{out}{err}")
    rate, n_points = float(found[3]), int(found[1])
    # Start and end have nothing to do with the schedule: the middle of the run only.
    end, middle = start + elapsed, {}
    for rank, points in samples.items():
        inside = [p for p in points if start + 0.2 * elapsed < p[0] < end - 0.2 * elapsed]
        if len(inside) > 1:
            middle[rank] = ((inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0]),
                            statistics.mean(p[2] for p in inside))
    busy = sum(points[-1][1] - begun[rank] for rank, points in samples.items() if rank > 0)
    return rate, elapsed - n_points / rate, middle, n_points / busy


def pair(commands, environment):
    """Points/s of several processes at once, added up."""
    processes = [subprocess.Popen(c, stdout=subprocess.PIPE, text=True, env=environment) for c in commands]
    outputs = [p.communicate()[0] for p in processes]
    if any(p.returncode for p in processes):
        sys.exit("a process without messages failed")
    return sum(float(SUMMARY.search(out)[3]) for out in outputs)


def line(name, values, unit, digits=2):
    print(f"{name:58s} {statistics.median(values):8.{digits}f} {unit:9s} "
          f"{min(values):8.{digits}f} ... {max(values):.{digits}f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seeds", type=int, default=24, help="seeds of the perturbation, 200 points each")
    arguments = parser.parse_args()
    program = (arguments.build / "dickemap").resolve()
    one, two, alone, both, shares, outside, expected = [], [], [], [], [], [], []
    awake, work = {1: [], 2: []}, {1: [], 2: []}  # by number of workers
    with tempfile.TemporaryDirectory(prefix="dkm") as folder:
        environment = os.environ | mpi_variables() | {"TMPDIR": folder, "OMPI_MCA_orte_tmpdir_base": folder}

        def words(name):
            seeds = ",".join(str(seed) for seed in range(1, arguments.seeds + 1))
            return [program, "run", HERE / "efficiency.yaml", "-o", f"{folder}/{name}.h5", "--overwrite", "-q",
                    "--set", f"axes.seed.values=[{seeds}]"]

        for i in range(arguments.rounds + 1):
            rates = {}
            for n_workers in (1, 2) if i % 2 else (2, 1):
                rates[n_workers], seconds, ranks, points_per_cpu = run(
                    [*mpirun(n_workers + 1), *words("mpi")],
                    pathlib.Path(folder) / "mpi.h5", environment)
                if i > 0:
                    shares.append(100 * ranks.pop(0)[0])
                    outside.append(seconds)
                    awake[n_workers].append(statistics.mean(part for _, part in ranks.values()))
                    work[n_workers].append(points_per_cpu)
            single, double = pair([words("a")], environment), pair([words("a"), words("b")], environment)
            if i == 0:
                continue  # warm-up
            one.append(rates[1])
            two.append(rates[2])
            alone.append(single)
            both.append(double)
            expected.append(2 * work[2][-1] / work[1][-1] * awake[2][-1] / awake[1][-1])
            print(f"round {i}: {rates[1]:.0f} and {rates[2]:.0f} points/s, ratio {rates[2] / rates[1]:.3f}, without other "
                  f"programs {expected[-1]:.3f}; without messages {single:.0f} and {double:.0f}, ratio "
                  f"{double / single:.3f}", flush=True)
    print(f"\n{arguments.rounds} rounds of {200 * arguments.seeds} points{'':33s}median           range")
    line("1 worker + master", one, "points/s", 0)
    line("2 workers + master", two, "points/s", 0)
    line("ratio", [b / a for a, b in zip(one, two)], "")
    line("1 process without messages", alone, "points/s", 0)
    line("2 processes without messages", both, "points/s", 0)
    line("ratio: what the second core gives", [b / a for a, b in zip(alone, both)], "")
    line("2 workers + master / 2 processes without messages", [b / a for a, b in zip(both, two)], "")
    line("master's share of a core", shares, "%")
    line("time that 1 worker was runnable", [100 * a for a in awake[1]], "%")
    line("time that 2 workers were runnable", [100 * a for a in awake[2]], "%")
    line("points per CPU second of the workers, 2 against 1", [b / a for a, b in zip(work[1], work[2])], "")
    line("ratio expected without other programs", expected, "")
    line("start and end of the run, mpirun included", outside, "s")


main()
