# SPDX-License-Identifier: GPL-3.0-or-later
"""`dickemap run --extend`: a grid grows, and what is known of it is not computed again."""

import os
import shutil

import h5py
import numpy
import pytest

N_POINTS = 26  # of the fixture `job`: g0 from 0.3 to 1.5, 13 points; pattern 1, 2
TILT = ["--set", "initial.perturbation=1e-3", "--set", "solver.t_max=50"]  # every class of spins, little work


def contents(path, but=("wall_time",)):
    with h5py.File(path) as file:
        return {name: file[name][()].tobytes() for name in file if name not in but}


FINER = [*TILT, "--set", "axes.g0.points=25"]


@pytest.fixture(scope="session")
def made(make):
    """The old grid, and a finer one that a run began from nothing."""
    return make(["-o", "old.h5", *TILT], ["-o", "finer.h5", *FINER])


@pytest.fixture(scope="session")
def finer(made):
    return contents(made / "finer.h5")


@pytest.fixture
def old(made, tmp_path):
    """old.h5, complete; its wall times are marked, so that records that are carried over can be told."""
    shutil.copy(made / "old.h5", tmp_path)
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        file["wall_time"][...] = 1000 + numpy.arange(N_POINTS).reshape(13, 2)
    return tmp_path / "old.h5"


def n_carried(path):
    with h5py.File(path) as file:
        return int((file["wall_time"][()] >= 1000).sum())


# ---- results ----


@pytest.mark.parametrize("ranks, settings, reused", [
    (3, ["axes.g0.points=25"], 26),  # finer
    (None, ["axes.g0.to=2.1", "axes.g0.points=19"], 26),  # longer
    (None, ["axes=[{name: pattern, values: [2, 1]}, {name: g0, from: 1.5, to: 0.3, points: 13}]"], 26),  # another order
    (None, ["axes=[{name: g0, from: 0.3, to: 1.5, points: 13}, {name: Omega, values: [0.4, 0.5]}, "
            "{name: pattern, values: [1, 2]}]"], 26),  # an axis more
    (None, ["axes=[{name: g0, values: [0.25, 0.4, 1.2], zip: a}, {name: pattern, values: [1, 2, 1], zip: a}]"], 2),
])
def test_an_extended_file_has_the_bits_of_a_fresh_one(dickemap, job, old, tmp_path, ranks, settings, reused):
    settings = TILT + [word for setting in settings for word in ("--set", setting)]
    before = old.read_bytes()
    result = dickemap("run", job, *settings, "-o", "new.h5", "--extend", "old.h5", ranks=ranks)
    assert result.returncode == 0, result.stderr
    assert f"old.h5: {reused} of 26 points reused" in result.stderr
    assert (f"; {26 - reused} are not in the new grid" in result.stderr) == (reused < 26)
    assert dickemap("run", job, *settings, "-o", "fresh.h5", "-q").returncode == 0
    assert contents(tmp_path / "new.h5") == contents(tmp_path / "fresh.h5")
    assert n_carried(tmp_path / "new.h5") == reused
    assert f"{reused}  points were done before" in result.stdout
    assert old.read_bytes() == before
    assert "records from: old.h5: dickemap " in dickemap("info", "--all", "new.h5").stdout
    assert sorted(os.listdir(tmp_path)) == ["fresh.h5", "new.h5", "old.h5", "small.yaml"]


# ---- larger limits ----

MIXED = "model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5, -1.0]}\n"
ALIKE = "model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5]}\n"
G0 = "axes: [{name: g0, from: 0.3, to: 1.3, points: 6}, {name: kappa_mu, values: [1, 3]}, {name: pattern, values: [1, 2]}]\n"
SEEDS = G0.replace("name: pattern, values: [1, 2]", "name: seed, values: [1, 2, 3, 4]") + "reduce: seed\n"

@pytest.mark.parametrize("text, few", [
    pytest.param(MIXED + "initial: {perturbation: 0.1}\n" + G0, (5000, 1500), id="mixed"),
    pytest.param(MIXED + "initial: {overlap: 0.6}\n" + G0 + "solver: {sensitivity: on}\n", (200, 4), id="sensitivity"),
    pytest.param(ALIKE + "initial: {perturbation: 0.2}\n" + G0, (100, 100), id="alike"),
    pytest.param(ALIKE + "initial: {perturbation: 1e-9, overlap: 0}\n" + G0, (300, 100), id="sign"),  # which is open for long
    pytest.param(ALIKE.replace("Omega: 0.5", "Omega: 0.5, mapping: random, spins: 40") + "initial: {flip: 0.2}\n" + G0,
                 (100, 100), id="spins"),
    pytest.param(MIXED.replace("Omega: 0.5", "Omega: 0.5, gamma_down: 0.02, gamma_phi: 0.01") +
                 "initial: {perturbation: 0.1}\n" + G0, (10000, 3000), id="losses"),
    pytest.param(MIXED.replace("Omega: 0.5", "Omega: 0.5, imbalance: 0.5") + "initial: {perturbation: 0.1}\n" + G0, (1000, 300),
                 id="imbalance"),
    pytest.param(MIXED + "initial: {perturbation: 0.1}\ndrive: {duration: 20, time: [0, 1], g0: [0, 1]}\n" + G0, (5000, 1500),
                 id="drive"),
    pytest.param(MIXED + "initial: {perturbation: 0.1}\n" + SEEDS, (5000, 1500), id="basins"),
    pytest.param(ALIKE + "initial: {perturbation: 0.6}\n" + SEEDS, (100, 10), id="settled"),
    pytest.param(ALIKE + "initial: {pattern: 3}\n" + SEEDS.replace("axes: [", "axes: [{name: perturbation, values: [0.05, 0.2, 0.6]}, ") +
                 "fatal: perturbation\n", (100, 30), id="fatal"),
])
@pytest.mark.parametrize("limit", ["max_steps", "t_max"])
def test_points_that_limits_have_shaped_are_followed_further(dickemap, tmp_path, text, few, limit):
    """As though the larger limits had been there from the beginning, in every bit. few: steps, and a time, within which some points are
    decided and others are not."""
    few = few[limit == "t_max"]
    (tmp_path / "a.yaml").write_text(text)

    def run(name, value, *more):
        result = dickemap("run", "a.yaml", "--set", f"solver.{limit}={value}", "-o", name, "--overwrite", *more)
        assert result.returncode == 0, result.stderr
        return result.stderr

    run("fresh.h5", 12 * few)
    run("few.h5", few)
    told = run("new.h5", 12 * few, "--extend", "few.h5")
    with h5py.File(tmp_path / "few.h5") as file:
        limited = file["n_limited" if "reduce" in text else "limited"][...] != 0
        lacking = file["n_undecided"][...] > 0 if "reduce" in text else file["verdict"][...] == 6
    assert limited[lacking].all()
    assert limited.any() and not limited.all()
    assert f"few.h5: {(~limited).sum()} of {limited.size} points reused" in told
    assert f", {limited.sum()} may go further with larger limits and are left out" in told
    assert contents(tmp_path / "new.h5") == contents(tmp_path / "fresh.h5")


def test_who_asks_for_more_steps_of_the_same_file_is_told_how(refused, job, old):
    message = refused("run", job, *TILT, "--set", "solver.t_max=60", "-o", "old.h5", "--resume")
    assert message == ("output old.h5 cannot be resumed: it holds another job, which differs in solver.t_max; --extend takes its "
                       "points into a new file (-o), --overwrite instead of --resume replaces it")
    message = refused("run", job, *TILT, "--set", "solver.t_max=40", "-o", "old.h5", "--resume")
    assert "--extend" not in message


def test_values_that_differ_in_the_last_digits_are_told_and_computed_anew(dickemap, job, old, tmp_path):
    settings = [*TILT, "--set", "axes.g0.values=[0.3, 0.4000000000000001, 0.5]"]
    result = dickemap("run", job, *settings, "-o", "new.h5", "--extend", "old.h5")
    assert result.returncode == 0
    assert "old.h5: 4 of 26 points reused; 22 are not in the new grid\n" in result.stderr
    assert ("old.h5: new values of axis g0 differ from old ones in the last digits (1, such as 0.40000000000000008 from "
            "0.40000000000000002); their points are computed anew\n") in result.stderr
    assert dickemap("run", job, *settings, "-o", "fresh.h5", "-q").returncode == 0
    assert contents(tmp_path / "new.h5") == contents(tmp_path / "fresh.h5")


@pytest.mark.parametrize("kept, wanted, reused", [("final", "final", 26), ("final", "none", 26), ("none", "final", 0)])
def test_states_are_carried_where_both_keep_them(dickemap, job, tmp_path, kept, wanted, reused):
    assert dickemap("run", job, "-o", "old.h5", "--set", f"output.state={kept}").returncode == 0
    settings = ["--set", f"output.state={wanted}", "--set", "axes.g0.points=25"]
    result = dickemap("run", job, *settings, "-o", "new.h5", "--extend", "old.h5")
    assert result.returncode == 0 and f"old.h5: {reused} of 26 points reused" in result.stderr
    assert ("; it keeps no final states, which the job wants (output.state), so all are computed anew"
            in result.stderr) == (reused == 0)
    assert dickemap("run", job, *settings, "-o", "fresh.h5").returncode == 0
    assert contents(tmp_path / "new.h5") == contents(tmp_path / "fresh.h5")
    assert ("m" in contents(tmp_path / "new.h5")) == (wanted == "final")


def test_damaged_records_are_computed_anew_and_counted(dickemap, job, old, finer, tmp_path):
    with h5py.File(old, "r+") as file:
        file["xi"][3, 1, 0] += 1e-9
        file["status"][5, 0] = 77
        file["status"][7, 0] = 0
    result = dickemap("run", job, *FINER, "-o", "new.h5", "--extend", "old.h5")
    assert result.returncode == 0
    assert "old.h5: 23 of 25 points reused; 2 are damaged (wrong checksum) and computed anew\n" in result.stderr
    assert n_carried(tmp_path / "new.h5") == 23
    assert contents(tmp_path / "new.h5") == finer


def test_several_files_may_be_extended_at_once(dickemap, job, old, tmp_path):
    upper = [*TILT, "--set", "axes.g0.from=1.4", "--set", "axes.g0.to=1.8", "--set", "axes.g0.points=5"]
    assert dickemap("run", job, *upper, "-o", "upper.h5").returncode == 0
    both = [*TILT, "--set", "axes.g0.to=1.8", "--set", "axes.g0.points=16"]
    result = dickemap("run", job, *both, "-o", "new.h5", "--extend", "old.h5", "--extend", "upper.h5")
    assert result.returncode == 0
    assert "old.h5: 26 of 26 points reused\n" in result.stderr
    assert "upper.h5: 6 of 10 points reused; 4 were in a file before\n" in result.stderr
    assert "         0  points in " in result.stdout
    assert dickemap("run", job, *both, "-o", "fresh.h5").returncode == 0
    assert contents(tmp_path / "new.h5") == contents(tmp_path / "fresh.h5")


def test_an_unfinished_extension_is_resumed_by_the_same_command(dickemap, job, old, finer, tmp_path):
    command = ["run", job, *FINER, "-o", "new.h5", "--extend", "old.h5", "--resume"]
    assert dickemap(*command).returncode == 0
    assert contents(tmp_path / "new.h5") == finer
    with h5py.File(tmp_path / "new.h5", "r+") as file:
        file["status"][4:8] = 0
    old.unlink()  # has served its purpose
    result = dickemap(*command)
    assert result.returncode == 0 and "42  points were done before" in result.stdout
    assert contents(tmp_path / "new.h5") == finer


def test_quiet_says_nothing(dickemap, job, old):
    result = dickemap("run", job, *TILT, "-o", "new.h5", "--extend", "old.h5", "-q")
    assert result.returncode == 0 and result.stderr == ""


# ---- refused ----

GROW = "and points can be taken only where limits are as large or larger"


@pytest.mark.parametrize("settings, keys", [
    (["model.Omega=0.7"], "model.Omega"),
    (["solver.tolerance=1e-9", "solver.t_max=60"], "solver.tolerance"),
    (["solver.tolerance=1e-9", "solver.t_max=40"],
     f"solver.tolerance, solver.t_max; solver.t_max is 40, but was 50 in the file, {GROW}"),
    (["solver.max_steps=1e5"], f"solver.max_steps; solver.max_steps is 100000, but was 1000000 in the file, {GROW}"),
    (["solver.max_steps=1e5", "solver.t_max=60"],
     f"solver.t_max, solver.max_steps; solver.max_steps is 100000, but was 1000000 in the file, {GROW}"),
    (["solver.max_steps=1e5", "solver.t_max=0.5"],
     "solver.t_max, solver.max_steps; solver.t_max is 0.5, but was 50 in the file, solver.max_steps is 100000, but was 1000000 in the "
     f"file, {GROW}"),
    (["model.patterns=3", "model.Omega_mu=[1.5]"], "model.patterns"),
    (["axes.g0.from=10", "axes.g0.to=11"], "axes.g0"),
    (["solver.sensitivity=on"], "solver.sensitivity"),
])
def test_another_job_is_refused_and_the_keys_are_named(refused, job, old, settings, keys):
    settings = TILT + [word for setting in settings for word in ("--set", setting)]
    message = refused("run", job, *settings, "-o", "new.h5", "--extend", "old.h5")
    assert message == f"old.h5 has no point in common with the job: they differ in {keys}"


@pytest.mark.parametrize("there, here", [(1000, 2000), (2000, 1000)])
def test_where_records_do_not_note_limits_these_must_be_the_same(dickemap, refused, tmp_path, there, here):
    (tmp_path / "a.yaml").write_text("task: exactness\nmodel: {patterns: 1, Omega: 0.5, Omega_mu: [1], kappa_mu: [1], spins_per_class: 1}\n"
                                     "exactness: {t_end: 1, points: 2, start: rest}\naxes: [{name: g0, values: [0.3]}]\n")
    assert dickemap("run", "a.yaml", "--set", f"solver.max_steps={there}", "-o", "old.h5", "-q").returncode == 0
    message = refused("run", "a.yaml", "--set", f"solver.max_steps={here}", "-o", "new.h5", "--extend", "old.h5")
    assert message == (f"old.h5 has no point in common with the job: they differ in solver.max_steps; solver.max_steps is {here}, but was "
                       f"{there} in the file, and points can be taken only where limits are the same, as records of this task do not "
                       "note their say")


ANEW = (": a record is about all of them together, and none can be added to it; run the job without --extend, into a new file")


@pytest.mark.parametrize("settings, keys, starts", [
    (["axes.seed.values=[1, 2, 3, 4, 5, 6]"], "reduce", "reduce counts 4 values of seed in the file, 6 in the job"),
    (["axes.seed.values=[1, 2, 3, 5]"], "reduce", "reduce counts 4 values of seed in the file, 4 others (or in another order) in the job"),
    (["reduce=g0"], "reduce", "reduce counts 4 values of seed in the file, 6 of g0 in the job"),
    (["axes.perturbation.values=[0.1, 0.2, 0.3]"], "fatal", "fatal searches 2 values of perturbation in the file, 3 in the job"),
    (["axes.perturbation.values=[0.1, 0.2, 0.3]", "axes.seed.values=[1, 2, 3]"], "reduce, fatal",
     "reduce counts 4 values of seed in the file, 3 in the job, fatal searches 2 values of perturbation in the file, 3 in the job"),
])
def test_sums_over_other_starts_are_not_extended_and_their_numbers_are_told(dickemap, refused, tmp_path, settings, keys, starts):
    text = ALIKE + SEEDS
    if "fatal" in keys:
        text = text.replace("axes: [", "axes: [{name: perturbation, values: [0.1, 0.2]}, ") + "fatal: perturbation\n"
    else:
        text += "initial: {perturbation: 0.1}\n"
    (tmp_path / "a.yaml").write_text(text)
    assert dickemap("run", "a.yaml", "-o", "old.h5", "-q").returncode == 0
    changed = [word for setting in settings for word in ("--set", setting)]
    message = refused("run", "a.yaml", *changed, "-o", "new.h5", "--extend", "old.h5")
    assert message == f"old.h5 has no point in common with the job: they differ in {keys}; {starts}{ANEW}"
    result = dickemap("run", "a.yaml", "-o", "new.h5", "--extend", "old.h5")  # the same starts
    assert result.returncode == 0 and "old.h5: " in result.stderr


def test_records_with_measured_sensitivity_are_not_taken_for_others(dickemap, refused, job, tmp_path):
    """Nor the other way round: either file would have other bits than a run of its job."""
    assert dickemap("run", job, *TILT, "--set", "solver.sensitivity=on", "-o", "on.h5", "-q").returncode == 0
    message = refused("run", job, *TILT, "-o", "new.h5", "--extend", "on.h5")
    assert message == "on.h5 has no point in common with the job: they differ in solver.sensitivity"


def test_the_output_cannot_be_the_old_file(refused, job, old):
    message = refused("run", job, *TILT, "-o", "old.h5", "--extend", "./old.h5", "--overwrite")
    assert message == ("run: --extend ./old.h5 is the output itself, but the old file is left as it is: name another "
                       "output with -o")


@pytest.mark.parametrize("name, named", [
    ("none.h5", "none.h5: No such file"), ("text.h5", "text.h5 is not an HDF5 file"),
    ("other.h5", "other.h5 is an HDF5 file, but not one of dickemap's"),
])
def test_what_is_no_file_of_ours_is_not_extended(refused, job, tmp_path, name, named):
    (tmp_path / "text.h5").write_text("text\n")
    h5py.File(tmp_path / "other.h5", "w").close()
    assert named in refused("run", job, "-o", "new.h5", "--extend", name)


def test_a_damaged_file_is_not_extended_and_nothing_is_left_behind(dickemap, job, old, tmp_path):
    os.truncate(old, old.stat().st_size // 2)
    result = dickemap("run", job, *TILT, "-o", "new.h5", "--extend", "old.h5")
    assert result.returncode == 2 and "old.h5 is a damaged HDF5 file: truncated file" in result.stderr
    assert sorted(os.listdir(tmp_path)) == ["old.h5", "small.yaml"]


def test_files_that_disagree_are_refused_and_nothing_is_left_behind(dickemap, refused, job, old, tmp_path):
    shutil.copy(old, tmp_path / "copy.h5")
    assert dickemap("run", job, *TILT, "-o", "other.h5", "--set", "axes.g0.points=7", "--cpu", "plain").returncode == 0
    with h5py.File(tmp_path / "other.h5", "r+") as file, h5py.File(old) as right:
        # A record that is another, and says so: what belongs to another point.
        for name in file:
            if file[name].shape[:2] == (7, 2):
                file[name][2, 1] = right[name][5, 1]
    message = refused("run", job, *TILT, "-o", "new.h5", "--extend", "copy.h5", "--extend", "other.h5")
    assert "other.h5 holds another record of point 9 (g0=0.7, pattern=2) than a file named before it" in message
