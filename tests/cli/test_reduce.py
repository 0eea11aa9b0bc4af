# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs whose records are not those of single trajectories, from outside: `reduce`, and `task: states`."""

import csv
import io
import itertools
import os
import re
import signal
import subprocess
import time

import h5py
import numpy as np
import pytest

from machine import mpirun

MODEL = """model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0]}
initial: {pattern: 3, overlap: 0.8}
"""
AXES = """axes:
  - {name: g0, values: [0.5, 1.3]}
  - {name: seed, from: 1, to: 40, points: 40}
  - {name: perturbation, values: [0.1, 0.3, 0.6]}
"""
STATES = "task: states\n" + MODEL + "axes:\n  - {name: g0, values: [0.0, 0.6, 0.9, 1.3]}\noutput: {states: 5}\n"
FATAL = """model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0]}
initial: {pattern: 3}
axes:
  - {name: perturbation, from: 0.05, to: 0.8, points: 9, scale: log}
  - {name: g0, values: [0.5, 1.0, 1.3]}
  - {name: seed, from: 1, to: 20, points: 20}
reduce: seed
fatal: perturbation
"""
# Each start takes long: modes of both signs, followed until t_max.
SLOW = """model: {patterns: 3, g0: 1.5, Omega: 0.5, Omega_mu: [1.5, -2.0, 2.5], kappa_mu: [1.0]}
initial: {perturbation: 0.1}
axes:
  - {name: seed, values: [1, 2, 3]}
  - {name: overlap, values: [0.5, 0.6]}
reduce: seed
solver: {t_max: 1e6, max_steps: 100000}
"""


def contents(path):
    """Everything but what differs from run to run."""
    with h5py.File(path, "r") as file:
        return {name: (file[name].shape, file[name][...].tobytes()) for name in file
                if isinstance(file[name], h5py.Dataset) and name != "wall_time"}


def ok(result):
    assert result.returncode == 0, result.stderr
    return result


@pytest.mark.parametrize("text", [MODEL + AXES + "reduce: seed\n", STATES, FATAL], ids=["reduce", "states", "fatal"])
def test_files_have_the_same_bits_for_any_number_of_ranks(dickemap, tmp_path, text):
    (tmp_path / "a.yaml").write_text(text)
    ok(dickemap("run", "a.yaml", "-o", "1.h5", "-q"))
    for ranks in (2, 3, 5):
        ok(dickemap("run", "a.yaml", "-o", f"{ranks}.h5", "-q", ranks=ranks))
        assert contents(tmp_path / f"{ranks}.h5") == contents(tmp_path / "1.h5")
    told = ok(dickemap("verify", "1.h5")).stdout
    assert "result: complete, no difference" in told
    n = len(contents(tmp_path / "1.h5")["status"][1])
    assert f"the same method again: {n} checked, 0 differ, {n} have the same bits" in told


def test_cells_are_what_basins_counts(dickemap, tmp_path):
    (tmp_path / "sweep.yaml").write_text(MODEL + AXES)
    (tmp_path / "cells.yaml").write_text(MODEL + AXES + "reduce: seed\nsolver: {until: rest}\n")
    (tmp_path / "quick.yaml").write_text(MODEL + AXES + "reduce: seed\n")
    for name in ("sweep", "cells", "quick"):
        ok(dickemap("run", f"{name}.yaml", "-o", f"{name}.h5", "-q"))
    table = list(csv.DictReader(io.StringIO(ok(dickemap("basins", "sweep.h5")).stdout)))
    with h5py.File(tmp_path / "cells.h5") as file, h5py.File(tmp_path / "quick.h5") as quick:
        assert file["count"].shape == (2, 3, 12) and file["retrieval"].shape == (2, 3)
        outcomes, g0, tilt = list(file["outcome"][...]), list(file["g0"][...]), list(file["perturbation"][...])
        counted = np.zeros(file["count"].shape)
        for row in table:
            cell = g0.index(float(row["g0"])), tilt.index(float(row["perturbation"]))
            code = 0 if row["outcome"] == "no pattern" else int(row["outcome"].removeprefix("pattern "))
            at = (*cell, outcomes.index(code))
            counted[at] = int(row["count"])
            for ours, theirs in (("probability", "probability"), ("probability_low", "low"), ("probability_high", "high"),
                                 ("xi_mean", "xi_mean"), ("xi_std", "xi_std")):
                if row[theirs]:
                    assert abs(file[ours][at] - float(row[theirs])) < 2e-10 * max(1, abs(float(row[theirs])))
            assert abs(file["entropy"][cell] - float(row["entropy"])) < 1e-9
            assert file["n_decided"][cell] == int(row["n"]) == 40
        assert (file["count"][...] == counted).all()
        assert (quick["count"][...] == counted).all()
        assert (file["retrieval"][...] == file["probability"][..., outcomes.index(3)]).all()
        assert quick["steps"][...].sum() < file["steps"][...].sum() / 2
        meanings = file["outcome"].attrs["flag_meanings"]
        words = (meanings.decode() if isinstance(meanings, bytes) else meanings).split()
        assert words[outcomes.index(-2)] == "minus_pattern_2" and words[outcomes.index(101)] == "saddle"


def test_basins_prints_what_cells_have_counted(dickemap, tmp_path):
    (tmp_path / "sweep.yaml").write_text(MODEL + AXES)
    (tmp_path / "cells.yaml").write_text(MODEL + AXES + "reduce: seed\nsolver: {until: rest}\n")
    tables = []
    for name in ("sweep", "cells"):
        ok(dickemap("run", f"{name}.yaml", "-o", f"{name}.h5", "-q"))
        tables.append(list(csv.reader(io.StringIO(ok(dickemap("basins", f"{name}.h5")).stdout))))
    sweep, cells = tables
    assert len(sweep) == len(cells) and sweep[0] == cells[0]
    for ours, theirs in zip(cells[1:], sweep[1:]):
        for name, a, b in zip(sweep[0], ours, theirs):  # means were taken in the same order, the spread has been a root
            assert a == b or abs(float(a) - float(b)) <= 1e-9 * abs(float(b)), name
    assert dickemap("basins", "cells.h5", "--over", "seed").stdout == dickemap("basins", "cells.h5").stdout
    told = dickemap("basins", "cells.h5", "--over", "g0")
    assert told.returncode == 1 and told.stdout == ""
    assert told.stderr == ("dickemap: basins: --over g0: the starts of cells.h5 are counted already, over seed, and no longer "
                           "told apart\n")


@pytest.mark.parametrize("text, task", [(FATAL, "fatal"), (STATES, "states")], ids=["fatal", "states"])
def test_basins_refuses_what_has_no_outcomes(dickemap, tmp_path, text, task):
    (tmp_path / "a.yaml").write_text(text)
    ok(dickemap("run", "a.yaml", "-q"))
    told = dickemap("basins", "a.h5")
    assert told.returncode == 1 and told.stdout == ""
    assert told.stderr == f"dickemap: basins: the records of a.h5 do not say in what starts end: its task is {task}\n"


def test_basins_counts_starts_of_cells_that_are_not_done(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(MODEL + AXES + "reduce: seed\n")
    ok(dickemap("run", "a.yaml", "-q", "--shard", "1/2"))
    shard, = tmp_path.glob("a*.h5")
    rows = list(csv.DictReader(io.StringIO(ok(dickemap("basins", shard)).stdout)))
    with h5py.File(shard) as file:
        n_left = int((file["status"][...] == 0).sum())
    left = [row for row in rows if row["n"] == "0"]
    assert 0 < n_left == len(left) and all(row["not_computed"] == "40" and row["outcome"] == "" for row in left)
    assert all(row["n"] == "40" for row in rows if row not in left)


def test_states_are_those_that_point_lists(dickemap, tmp_path):
    (tmp_path / "s.yaml").write_text(STATES)
    ok(dickemap("run", "s.yaml", "-q"))
    with h5py.File(tmp_path / "s.h5") as file:
        assert file["state_xi"].shape == (4, 5, 3)
        assert list(file["complete"][...]) == [2, 1, 1, 1] and file["n_states"][0] == -1
        for i, g0 in enumerate(file["g0"][...]):
            told = dickemap("point", "s.yaml", "--at", f"g0={g0}", "--states")
            if i == 0:
                assert told.returncode == 1 and "g0 is 0" in told.stderr
                continue
            n_all, n_stable = file["n_states"][i], file["n_stable"][i]
            assert f"along its field: {n_all}, of them {n_stable} stable" in told.stdout
            lines = told.stdout.split("along its field")[1].splitlines()[3:]
            lines = [line for line in lines if line.startswith(("  stable", "  saddle"))]
            assert file["full"][i] == (len(lines) > 5)
            for s, line in list(enumerate(lines))[:5]:
                words = line.replace("saddle, index ", "saddle-").split()
                assert int(words[1]) == file["state_multiplicity"][i, s]
                assert abs(float(words[2]) - file["state_U"][i, s]) < 1e-9
                assert np.allclose([float(x) for x in words[-3:]], file["state_xi"][i, s], atol=1e-9)


def test_a_file_grows(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(MODEL + AXES + "reduce: seed\n")
    ok(dickemap("run", "a.yaml", "-q"))
    larger = ("--set", "axes.g0.values=[0.5, 0.9, 1.3]")
    ok(dickemap("run", "a.yaml", "-o", "new.h5", "-q", *larger))
    told = ok(dickemap("run", "a.yaml", "-o", "grown.h5", "--extend", "a.h5", *larger))
    assert "6  points were done before" in told.stdout
    assert contents(tmp_path / "grown.h5") == contents(tmp_path / "new.h5")
    refused = dickemap("run", "a.yaml", "-o", "other.h5", "--extend", "a.h5", "--set", "axes.seed.points=39", "--set",
                       "axes.seed.to=39")
    assert refused.returncode == 1 and "they differ in reduce" in refused.stderr
    (tmp_path / "sweep.yaml").write_text(MODEL + AXES)
    refused = dickemap("run", "sweep.yaml", "-o", "other.h5", "--extend", "a.h5")
    assert refused.returncode == 1 and "they differ in reduce" in refused.stderr
    refused = dickemap("run", "sweep.yaml", "-o", "a.h5", "--resume")
    assert refused.returncode == 1 and "holds another job, which differs in reduce" in refused.stderr


def test_shards_are_merged(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(MODEL + AXES + "reduce: seed\n")
    ok(dickemap("run", "a.yaml", "-q"))
    for shard in (1, 2):
        ok(dickemap("run", "a.yaml", "-o", f"{shard}.h5", "-q", "--shard", f"{shard}/2"))
    ok(dickemap("merge", "1.h5", "2.h5", "-o", "both.h5"))
    assert contents(tmp_path / "both.h5") == contents(tmp_path / "a.h5")


def test_zipped_axes_are_reduced_together(dickemap, tmp_path):
    axes = """axes:
  - {name: seed, values: [3, 4, 5, 6], zip: draw}
  - {name: perturbation, values: [0.1, 0.2, 0.1, 0.3], zip: draw}
"""
    (tmp_path / "a.yaml").write_text(MODEL.replace("Omega: 0.5", "g0: 1.3, Omega: 0.5") + axes + "reduce: draw\n")
    ok(dickemap("run", "a.yaml", "-q"))
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["count"].shape == (1, 12) and file["count"][...].sum() == 4
        assert list(file["seed"][...]) == [3, 4, 5, 6] and file["seed"].dims[0].keys() == ["draw"]


def test_the_smallest_fatal_number_of_flips_is_exact(dickemap, tmp_path):
    """Against the single records of all numbers of flipped spins."""
    model = """model: {patterns: 3, mapping: random, spins: 60, g0: 2.0, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0]}
initial: {pattern: 2}
axes:
"""
    seeds, flips = "  - {name: seed, from: 1, to: 8, points: 8}\n", "  - {name: flip_exactly, values: [%s]}\n"
    (tmp_path / "fatal.yaml").write_text(model + seeds + flips % "0, 8, 16, 24, 30" + "reduce: seed\nfatal: flip_exactly\n")
    (tmp_path / "sweep.yaml").write_text(model + seeds + flips % ", ".join(map(str, range(31))))
    for name in ("fatal", "sweep"):
        ok(dickemap("run", f"{name}.yaml", "-q"))
    with h5py.File(tmp_path / "fatal.h5") as fatal, h5py.File(tmp_path / "sweep.h5") as sweep:
        kept = sweep["retrieved"][...] == 2
        found = []
        for row in kept:
            coarse = next((n for n in (0, 8, 16, 24, 30) if not row[n]), None)
            if coarse in (0, None):
                found.append(0 if coarse == 0 else np.inf)
                continue
            before = {8: 0, 16: 8, 24: 16, 30: 24}[coarse]
            # The bisection ends at a change, of which there may be several between two values.
            found.append([n for n in range(before + 1, coarse + 1) if row[n - 1] and not row[n]])
        assert fatal["n_never"][0] == sum(x == np.inf for x in found)
        assert sum(isinstance(x, list) for x in found) >= 6
        # Every combination of these changes, one of each start: the median and the least are those of one of them.
        choices = itertools.product(*(x if isinstance(x, list) else [x] for x in found))
        assert (fatal["fatal_median"][0], fatal["fatal_least"][0]) in [(np.median(c), min(c)) for c in choices]


@pytest.mark.parametrize("g0, flips, known", [(1.2, 0, 0.075), (1.6, 0, 0.980), (1.6, 20, 0.775), (1.6, 40, 0.065)])
def test_retrieval_of_random_patterns_is_as_probable_as_elsewhere(dickemap, tmp_path, g0, flips, known):
    """200 spins, Fig. 3's modes: shares of 200 draws from simulations of all single spins, by another program."""
    (tmp_path / "a.yaml").write_text(f"""model:
  {{patterns: 4, mapping: random, spins: 200, g0: {g0}, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5, 3.0], kappa_mu: [1.0]}}
initial: {{pattern: 4, flip_exactly: {flips}}}
axes:
  - {{name: pattern_seed, from: 1, to: 200, points: 200, zip: draw}}
  - {{name: seed, from: 1, to: 200, points: 200, zip: draw}}
reduce: draw
""")
    ok(dickemap("run", "a.yaml", "-q"))
    with h5py.File(tmp_path / "a.h5") as file:
        outcomes = list(file["outcome"][...])
        assert file["n_undecided"][0] <= 2
        share = sum(file["probability"][0, outcomes.index(nu)] for nu in (4, -4))
    middle = (share + known) / 2
    assert abs(share - known) < 3.3 * np.sqrt(2 * middle * (1 - middle) / 200) + 1e-9


def test_every_start_is_judged_by_its_own_cue(dickemap, tmp_path):
    model = MODEL.replace("Omega: 0.5", "g0: 1.3, Omega: 0.5")
    for axis in ("name: pattern, values: [1, 2, 3]", "name: overlap, values: [-0.9, 0.9]"):
        given = model.replace("pattern: 3, " if "pattern" in axis else ", overlap: 0.8", "")
        (tmp_path / "a.yaml").write_text(given + f"axes:\n  - {{{axis}}}\nreduce: {axis.split()[1][:-1]}\n")
        ok(dickemap("run", "a.yaml", "-q", "--overwrite"))
        with h5py.File(tmp_path / "a.h5") as file:
            assert file["retrieval"][0] == 1 and file["probability"][...].max() <= 0.5
            assert file["n_sensitive"][0] == -1  # was not asked for


def test_a_sample_alone_is_reduced(dickemap, tmp_path):
    """Its dimension is `point`, as is elsewhere that of a job without axes."""
    (tmp_path / "a.yaml").write_text(MODEL.replace("Omega: 0.5", "g0: 1.3, Omega: 0.5") + """axes:
  - {name: seed, from: 1, to: 1000, points: 20, sample: random}
reduce: point
""")
    ok(dickemap("run", "a.yaml", "-q", ranks=3))
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["count"].shape == (1, 12) and file["count"].dims[0].keys() == ["cell"]
        assert file["seed"].shape == (20,) and file["seed"].dims[0].keys() == ["point"]
    assert "complete, no difference" in ok(dickemap("verify", "a.h5")).stdout


def test_a_search_that_begins_at_0_ends(dickemap, tmp_path):
    """Also where the pattern is lost at any tilt: between g_nu and g_ret."""
    (tmp_path / "a.yaml").write_text("""model: {patterns: 4, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5, 3.0], kappa_mu: [1.0]}
initial: {pattern: 4}
axes:
  - {name: g0, values: [1.0, 1.3]}
  - {name: perturbation, values: [0, 0.1, 0.2, 0.4, 0.8]}
  - {name: seed, values: [1, 2, 3, 4]}
reduce: seed
fatal: perturbation
""")
    ok(dickemap("run", "a.yaml", "-q"))
    with h5py.File(tmp_path / "a.h5") as file:
        assert list(file["n_found"][...] + file["n_at_once"][...] + file["n_never"][...]) == [4, 4]
        assert file["fatal_median"][0] <= 1e-4 and 0.1 < file["fatal_median"][1] < 0.8
        assert file["steps"][...].max() < 400000
    assert "at most" not in ok(dickemap("plan", "a.yaml")).stdout


def test_point_tells_everything_also_of_a_reduced_job(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(MODEL + AXES + "reduce: seed\n")
    (tmp_path / "b.yaml").write_text(MODEL + AXES)
    at = "g0=1.3,seed=3,perturbation=0.3"
    reduced, single = (ok(dickemap("point", name, "--at", at)).stdout.replace(name, "") for name in ("a.yaml", "b.yaml"))
    without_time = [[line for line in text.splitlines() if "wall_time" not in line] for text in (reduced, single)]
    assert without_time[0] == without_time[1]


def wait(process, condition):
    for _ in range(600):
        if condition() or process.poll() is not None:
            return
        time.sleep(0.05)


@pytest.fixture
def check_going_on(dickemap, program, mpi_environment, tmp_path):
    """check_going_on(text, how): a job that is killed or stopped within a point goes on inside, to the bits of a whole run.

    text(length) is a job that takes a second or so times length: where one has ended before the signal came (machines differ), a
    longer one is asked.
    """

    def check(text, how):
        folder = tmp_path / "a.h5.unfinished"
        for length in (1, 4, 16, 64):
            (tmp_path / "a.yaml").write_text(text(length))
            process = subprocess.Popen([program, "run", "a.yaml", "--overwrite", "--save-interval", "0.2s"], cwd=tmp_path,
                                       env=mpi_environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait(process, lambda: folder.exists() and any(name.isdigit() for name in os.listdir(folder)))
            process.send_signal(signal.SIGKILL if how == "kill" else signal.SIGTERM)
            code = process.wait(timeout=60)
            if code != 0:
                break
        assert code == (-signal.SIGKILL if how == "kill" else 85)
        result = ok(dickemap("run", "a.yaml", "--resume"))
        assert "went on inside" in result.stdout
        ok(dickemap("run", "a.yaml", "-o", "whole.h5", "-q"))
        assert contents(tmp_path / "a.h5") == contents(tmp_path / "whole.h5")
        assert not folder.exists()

    return check


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_cell_goes_on_inside(check_going_on, how):
    check_going_on(lambda length: SLOW.replace("[1, 2, 3]", f"{list(range(1, 3 * length + 1))}"), how)


def test_what_has_no_single_records_says_so(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(MODEL + AXES + "reduce: seed\n")
    ok(dickemap("run", "a.yaml", "-q"))
    told = ok(dickemap("info", "--all", "a.h5")).stdout
    assert "task: basins\n" in told and "starts of each point: 40\n" in told and "verdict" not in told
    plan = ok(dickemap("plan", "a.yaml")).stdout
    assert "6 = 2 g0 x 3 perturbation, of 40 starts each, over seed" in plan and "probe points    6 of 6 finished" in plan


@pytest.mark.parametrize("change, message", [
    ("reduce: sed\n", "reduce is \"sed\", but must be an axis of the job (it has: g0, seed, perturbation)"),
    ("reduce: [seed]\n", "reduce is a list, but must be a single value"),
    ("task: sweeps\n", "task is \"sweeps\", but must be sweep, states or exactness"),
    ("fatal: perturbation\n", "fatal has no effect without reduce"),
    ("reduce: seed\nfatal: g0\n", "fatal is g0, but must be a shock: perturbation, flip or flip_exactly"),
    ("initial: {mixture: [1, 1, 1]}\nreduce: seed\nfatal: perturbation\n",
     "fatal asks when a pattern is lost, but starts are made of none"),
    ("reduce: perturbation\nfatal: perturbation\n",
     "fatal is \"perturbation\", but must be an axis of the job that is in no group, and not that of reduce"),
    ("reduce: seed\nfatal: overlap\n", "fatal is \"overlap\", but must be an axis of the job"),
    ("task: states\nreduce: seed\n", "reduce counts what starts end in, which task: states has none of"),
    ("reduce: seed\noutput: {state: final}\n", "output.state is final, but a job with reduce keeps no states"),
    ("task: states\noutput: {state: final}\n", "output.state is final, but task: states keeps no states"),
    ("output: {states: 3}\n", "output.states has no effect without task: states"),
    ("output: {inverted: 1}\n", "output.inverted has no effect without task: states"),
    ("task: states\noutput: {inverted: 5}\n", "output.inverted is 5, but must be an integer 0 ... 4"),
    ("task: states\noutput: {states: 0}\n", "output.states is 0, but must be an integer 1 ... 100000"),
    ("solver: {until: settled}\n", "solver.until is settled, but has no effect with task: sweep without reduce: it must be rest"),
    ("solver: {until: settled}\ntask: states\n", "solver.until is settled, but has no effect with task: states"),
    ("solver: {method: gsl}\ntask: states\n", "solver.method is gsl, but has no effect with task: states: it must be ensemble"),
    ("solver: {tolerance: 1e-8}\ntask: states\n", "solver.tolerance is 1e-08, but has no effect with task: states"),
    ("solver: {t_max: 1e5}\ntask: states\n", "solver.t_max is 100000, but has no effect with task: states"),
    ("solver: {max_steps: 100}\ntask: states\n", "solver.max_steps is 100, but has no effect with task: states"),
    ("solver: {sensitivity: on}\ntask: states\n", "solver.sensitivity is on, but has no effect with task: states"),
    ("solver: {sensitivity: on}\nreduce: seed\nfatal: perturbation\n", "solver.sensitivity is on, but has no effect with fatal"),
    ("solver: {until: later}\n", "solver.until is \"later\", but must be rest or settled"),
])
def test_wrong_jobs_are_refused(refused, tmp_path, change, message):
    model = MODEL.splitlines(keepends=True)[0] if change.startswith("initial") else MODEL
    (tmp_path / "a.yaml").write_text(model + AXES + change)
    told = refused("run", "a.yaml")
    assert message in told and told.startswith("a.yaml:")


def test_every_key_of_the_solver_is_known_to_have_no_say_in_states(refused, dickemap, tmp_path):
    """`point` follows a trajectory of a job of task: states, so it takes them."""
    (tmp_path / "a.yaml").write_text(MODEL + AXES + "task: states\n")
    keys = re.search(r"unknown key \"none\" in solver; allowed: (.*)", refused("run", "a.yaml", "--set", "solver.none=1"))[1].split(", ")
    values = {"method": "gsl", "tolerance": "1e-8", "t_max": "1e4", "max_steps": "100000", "sensitivity": "on", "until": "settled"}
    assert set(keys) == set(values)
    for key in keys:
        assert f"solver.{key} is" in (told := refused("run", "a.yaml", "--set", f"solver.{key}={values[key]}")) and "no effect" in told
    at = ("--at", "g0=1.2", "--at", "seed=1", "--at", "perturbation=0.1")
    plain = ok(dickemap("point", "a.yaml", *at)).stdout
    steps = lambda text: int(re.search(r"  steps +(\d+)", text)[1])  # noqa: E731
    followed = ok(dickemap("point", "a.yaml", *at, "--set", "solver.tolerance=1e-6")).stdout
    assert "verdict" in followed and steps(followed) < steps(plain)


def test_a_sign_that_is_open_is_no_outcome(dickemap, tmp_path):
    """Weakly damped over the barrier between + and -: the sign of a while is not that of the end."""
    (tmp_path / "a.yaml").write_text(
        "model: {patterns: 3, g0: 1.11587, Omega: -2.89275, Omega_mu: [0.163186], kappa_mu: [1.40733, 0.160291, 1.14015]}\n"
        "initial: {pattern: 2, perturbation: 0.71467, overlap: 0.336494}\naxes: [{name: seed, from: 8987, to: 8994, points: 8}]\n")
    signs = []
    for steps in (30000, 1000000):
        limits = ("--overwrite", "-q", "--set", f"solver.max_steps={steps}")
        ok(dickemap("run", "a.yaml", "-o", "single.h5", *limits))
        (tmp_path / "r.yaml").write_text((tmp_path / "a.yaml").read_text() + "reduce: seed\nsolver: {until: rest}\n")
        ok(dickemap("run", "r.yaml", "-o", "cell.h5", *limits))
        with h5py.File(tmp_path / "single.h5") as single, h5py.File(tmp_path / "cell.h5") as cell:
            is_open = single["how"][...] == 4  # symmetric
            signs.append((is_open, np.sign(single["retrieved"][...])))
            assert cell["n_undecided"][()] == is_open.sum() == cell["n_limited"][()] and cell["count"][...].sum() == 8 - is_open.sum()
        for path in ("single.h5", "cell.h5"):
            assert f"\n{8 - is_open.sum()},{is_open.sum()},0," in ok(dickemap("basins", path)).stdout
    (open_before, before), (open_after, after) = signs
    assert open_before.all() and not open_after.all()
    assert (before != after)[~open_after].any()  # as they were counted, they were wrong
    assert "the sign is not known yet" in ok(dickemap("point", "a.yaml", "--at", "seed=8987", "--set", "solver.max_steps=30000")).stdout
