#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every verdict over decades of parameters, judged by other means (verdicts.c says what is compared and how).

    run.py BUILD [--n 1000] [--seed 1] [--judge 100] [--judged FILE] [--max-steps S] [--t-max 1e6] ...
    run.py BUILD --cavity | --fig3-strong
    run.py BUILD --both moderate|both|losses|unbalanced|open [--n 200] [--judge 60] [--jobs 2] [--judged FILE] [--seed 1] ...
    run.py --baseline [--both] [--n 150] [--cut 4e6]

BUILD holds a release build (libdickemap.a of the source tree that this file is in).  Exit code 0 if every target is
met, 1 if not.

The judge's integrations are dear, some seconds a point: --judged FILE keeps them, by seed, kind and index, for the next
time.  A core that knows no bounds on steps needs --t-max and --cpu-cap.  --cavity: 60 x 60 map of atoms in a cavity
(t_max 1e5), --fig3-strong: the patterns of Fig. 3 up to g0 = 14; every point against Eq. 12.

--baseline measures version 0.1.0 (commit 3d7a619, built in a temporary folder) on the first points of seed 1 and
writes steps-0.1.0.txt, half an hour of one core; the targets of work compare with it (--both: the first 200 with modes
of both signs, steps-0.1.0-both.txt, a few minutes).
--both judges verdicts where the theorem does not hold (both.c).  Needs (Debian) libgsl-dev.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
from compiling import compile_program  # noqa: E402
STEPS, BOTH_STEPS = HERE / "steps-0.1.0.txt", HERE / "steps-0.1.0-both.txt"
ONE_SIGN_KINDS, BOTH_KINDS = ("0", "2"), ("3", "4")
VERSION_0_1_0 = "3d7a619"
SOURCES = ["verdicts.c", "sample.c", "run.c", "check.c", "judge.c", "spectrum.c", "maps.c"]
BOTH_SOURCES = ["both.c", "both_check.c", "run.c", "sample.c", "sample_open.c", "judge.c", "orbit.c", "truth.c", "truth_line.c"]


def compile_all(program, sources, library, **options):
    compile_program(program, [HERE / source for source in sources], library, "-march=native", "-Wall", "-Wextra", **options)


def baseline(n, cut, kinds):
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        archive = subprocess.run(["git", "-C", ROOT, "archive", VERSION_0_1_0], capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
        subprocess.run(["cmake", "--preset", "release", "-DBUILD_TESTING=OFF"], cwd=tree, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["cmake", "--build", "--preset", "release", "-j1", "--target", "dickemap"], cwd=tree, check=True,
                       stdout=subprocess.DEVNULL)
        program = tree / "baseline"
        compile_all(program, ["baseline.c", "sample.c"], tree / "build/release/libdickemap.a", include=tree / "include")
        lines = subprocess.run(["nice", "-n", "19", program, "1", str(n), str(cut), *kinds], capture_output=True, text=True,
                               check=True).stdout.splitlines()
    write_steps(BOTH_STEPS if kinds == BOTH_KINDS else STEPS, lines, n, cut)


def write_steps(file, lines, n, cut):
    lines.sort(key=lambda line: [int(word) for word in line.split()[:2]])
    file.write_text(
        f"# Steps of version 0.1.0 ({VERSION_0_1_0}), tolerance 1e-10, t_max 1e6, on the first {n} points of each kind, "
        "seed 1 (sample.c).\n"
        f"# Written by run.py --baseline. t_max rose by factors of 4: a point is \"cut\" where the next rung would have taken\n"
        f"# more than {cut:g} steps, and its steps are then a lower bound; \"t_max\": undecided there.\n"
        "# kind (0 exact, 1 tilted with M <= 2, 2 tilted with M >= 3, 3 both signs, 4 both signs and moderate), index, "
        "steps, t_end, why it ended, verdict\n"
        + "\n".join(lines) + "\n")


def run_both(a):
    words = ["--kind", a.both, "--n", a.n or 200, "--seed", a.seed, "--judge", 60 if a.judge is None else a.judge,
             "--jobs", a.jobs]
    words += ["--work", a.work] if a.work else []
    words += ["--minutes", a.minutes] if a.minutes else []
    words += ["--max-steps", a.max_steps] if a.max_steps is not None else []
    words += ["--t-max", a.t_max] if a.t_max else []
    words += ["--judged", a.judged.resolve()] if a.judged else []
    words += ["--baseline-steps", BOTH_STEPS] if BOTH_STEPS.exists() else []
    return run_program("both", BOTH_SOURCES, a.build, words)


def run_program(name, sources, build, words):
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / name
        compile_all(program, sources, build / "libdickemap.a")
        return subprocess.run([program, *map(str, words)]).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, nargs="?", help="folder of a release build")
    parser.add_argument("--baseline", action="store_true", help="measure the steps of version 0.1.0")
    parser.add_argument("--both", nargs="?", const="moderate", choices=["moderate", "both", "losses", "unbalanced", "open"],
                        help="where no theorem holds: modes of both signs, within a factor 5 of 1 or over decades; losses of single "
                        "spins, unbalanced couplings, or both")
    parser.add_argument("--jobs", type=int, default=2, help="--both: processes (2)")
    parser.add_argument("--minutes", type=float, help="--both: begin no judgement later than that (no bound)")
    parser.add_argument("--cut", type=float, default=4e6, help="--baseline: bound on the steps of a point (4e6)")
    parser.add_argument("--n", type=int, help="points of each kind (1000; --baseline: 150; --both: 200)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (1)")
    parser.add_argument("--judge", type=int,
                        help="points of each kind that are judged by integration, the first that the closed forms leave open (100); "
                             "--both: the first ones (60)")
    parser.add_argument("--judged", type=pathlib.Path, metavar="FILE", help="where the judge's results are kept")
    parser.add_argument("--work", type=float, help="of the judge: evaluations of the equations, each of two "
                        "integrations (2e7; M <= 2: 5 times as many; --both: 8e8)")
    parser.add_argument("--spectra", type=int, default=150, help="fixed points of each kind whose spectra are compared (150)")
    parser.add_argument("--max-steps", type=float, help="solver.max_steps (0: none; --both: 4e6)")
    parser.add_argument("--t-max", type=float, help="solver.t_max (1e6; --cavity: 1e5)")
    parser.add_argument("--tolerance", type=float, default=1e-10, help="solver.tolerance (1e-10)")
    parser.add_argument("--cpu-cap", type=float, default=0, help="CPU seconds a point, in batches of 8, then it is given up (0: no cap)")
    parser.add_argument("--lines", type=int, default=20, help="printed of each kind of complaint (20)")
    parser.add_argument("--cavity", action="store_true", help="only the map of atoms in a cavity")
    parser.add_argument("--fig3-strong", action="store_true", help="only Fig. 3 to strong coupling")
    a = parser.parse_args()
    if a.baseline:
        return baseline(a.n or (200 if a.both else 150), a.cut, BOTH_KINDS if a.both else ONE_SIGN_KINDS)
    if not a.build or not (a.build / "libdickemap.a").exists():
        parser.error("which folder holds libdickemap.a?")
    if a.both:
        return run_both(a)
    words = ["--n", a.n or 1000, "--seed", a.seed, "--judge", 100 if a.judge is None else a.judge,
             "--work", a.work or 2e7, "--spectra", a.spectra,
             "--max-steps", a.max_steps or 0, "--tolerance", a.tolerance, "--cpu-cap", a.cpu_cap, "--lines", a.lines]
    words += ["--t-max", a.t_max] if a.t_max else []
    words += ["--judged", a.judged.resolve()] if a.judged else []
    words += ["--baseline-steps", STEPS] if STEPS.exists() else []
    words += ["--cavity"] if a.cavity else []
    words += ["--fig3-strong"] if a.fig3_strong else []
    return run_program("verdicts", SOURCES, a.build, words)


if __name__ == "__main__":
    sys.exit(main())
