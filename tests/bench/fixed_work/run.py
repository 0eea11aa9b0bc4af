#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixed work: CPU time a point to integrate the workload of workload.h to t = 200, all methods in the same run.

    tests/bench/fixed_work/run.py BUILD_DIRECTORY [--rounds 5] [--slow]

BUILD_DIRECTORY holds a release build of dickemap.  The competitors are compiled here, for this machine's processor
(-O3 -march=native; dickemap itself is not), and run in turn, round after round, on one core; the table has medians
over the rounds.  Each method runs over a range of tolerances; methods are compared at equal error: the fastest
tolerance of each whose largest error stays below a goal, as a ratio to GSL's.  --slow adds SciPy (minutes).
Needs (Debian) libgsl-dev, libboost-dev; with --slow python3-scipy.

Not run here, for want of a package: heyoka (a Taylor integrator that compiles its own kernels), whose batch mode on AVX-512
took 0.272 ms a point at an error of 1.7e-8 and 0.319 ms at 3e-10 when it was measured once on this workload, on a machine
where GSL took 1.10 ms at 1.3e-7 and 1.45 ms at 1.1e-8: 4.0 and 5.3 times faster than GSL at about equal error.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from compiling import compile_program, flags_of  # noqa: E402
REFERENCE = HERE / "reference.txt"
GOALS = (1.5e-7, 5e-9)
K, M = 8, 4


def step_operations(P):
    """Additions, multiplications and divisions of a step of order P on one point, a multiply-add counted as two: what the
    algorithm of src/core/ensemble_body.h needs, whatever the compiler adds (maxima, bounds on the step are left out)."""
    sweeps = P // 4
    fields = 14 / 8 * P                                                 # butterflies of eight classes
    convolutions = sum(8 + 16 * 4 * sweep + 40 for sweep in range(sweeps))  # first terms, those before, those among the new orders
    sums = 18 / 8 * (P + 2)                                             # of Y for P - 2 orders, and of y and z
    series, length = 6 * P + 1, 38                                      # Horner's rule for x, y, z; see restore_length
    mode = 16 * P + 55                                                  # 12 an order, 4 for its series, the window
    return K * (fields + convolutions + sums + series + length) + M * mode


def compile_all(build, folder):
    native = ["-O3", "-march=native", f"-I{HERE}"]
    gsl = flags_of("gsl", cflags=True)
    subprocess.run(["gcc", "-std=gnu11", *native, HERE / "gsl_rk8pd.c", "-o", folder / "gsl", *gsl], check=True)
    subprocess.run(["g++", "-std=gnu++17", *native, HERE / "boost_fehlberg78.cpp", "-o", folder / "boost"], check=True)
    compile_program(folder / "dickemap", [HERE / "dickemap_ensemble.c"], build / "libdickemap.a", "-O2", f"-I{HERE}")
    for width in (4, 8):
        subprocess.run(["gcc", "-std=gnu11", *native, f"-mprefer-vector-width={64 * width}", f"-DWIDTH={width}", HERE / "peak.c",
                        "-o", folder / f"peak{width}", "-lm"], check=True)


def output(command):
    done = subprocess.run(["taskset", "-c", "0", *map(str, command)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()}")
    return [float(word) for word in done.stdout.split()]


def supported(folder, cpu):
    try:
        output([folder / "dickemap", "1e-6", REFERENCE, cpu])
        return True
    except RuntimeError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        compile_all(arguments.build, folder)
        methods = {"GSL rk8pd": ([folder / "gsl"], (1e-7, 3e-8, 1e-8, 3e-9, 1e-9, 3e-10)),
                   "Boost.odeint fehlberg78": ([folder / "boost"], (1e-8, 3e-9, 1e-9, 3e-10, 1e-10))}
        if arguments.slow:
            methods["SciPy DOP853 (8 points)"] = (["/usr/bin/python3", HERE / "scipy_dop853.py"], (1e-8, 1e-9, 1e-10))
        for cpu in ("avx512", "avx2", "plain"):
            if supported(folder, cpu):
                methods[f"dickemap ensemble, {cpu}"] = ([folder / "dickemap", cpu], (3e-8, 2e-8, 1e-8, 3e-9, 1e-9, 3e-10, 1e-10))
        times = {(method, tolerance): [] for method, (_, tolerances) in methods.items() for tolerance in tolerances}
        errors, work, peak = {}, {}, []
        for _ in range(arguments.rounds):
            peak.append(max(output([folder / f"peak{width}"])[0] for width in (4, 8)))
            for method, (command, tolerances) in methods.items():
                for tolerance in tolerances:
                    line = [command[0], *(command[1:] if "python3" in str(command[0]) else []), tolerance, REFERENCE,
                            *([] if "python3" in str(command[0]) else command[1:])]
                    time, largest, _rms, *work[method, tolerance] = output(line)
                    times[method, tolerance].append(time)
                    errors[method, tolerance] = largest
    medians = {key: statistics.median(values) for key, values in times.items()}
    print(f"peak of one core: {statistics.median(peak):.1f} GFLOP/s (median of {arguments.rounds} rounds)")
    print(f"{'method':28s} {'tolerance':>9s} {'ms/point':>9s} {'largest error':>14s}  {'steps':>6s} {'GFLOP/s':>7s} {'of peak':>7s}")
    for (method, tolerance), time in medians.items():
        rate = ""
        if work[method, tolerance]:
            steps, order = work[method, tolerance]
            gflops = steps * step_operations(int(order)) / time * 1e-6
            rate = f"  {steps:6.0f} {gflops:7.1f} {gflops / statistics.median(peak):6.0%}"
        print(f"{method:28s} {tolerance:9.0e} {time:9.4f} {errors[method, tolerance]:14.1e}{rate}")
    for goal in GOALS:
        print(f"\nlargest error in xi at most {goal:g}:")
        best = {}
        for (method, tolerance), time in medians.items():
            if errors[method, tolerance] <= goal and time < best.get(method, (float("inf"),))[0]:
                best[method] = (time, tolerance, errors[method, tolerance])
        if "GSL rk8pd" not in best:
            sys.exit("GSL did not reach the goal: add a tolerance")
        for method in methods:
            if method in best:
                time, tolerance, error = best[method]
                print(f"  {method:28s} {time:9.4f} ms/point at {tolerance:.0e} (error {error:.1e}), "
                      f"GSL's time / {best['GSL rk8pd'][0] / time:.2f}")
            else:
                print(f"  {method:28s} not reached")


main()
