# SPDX-License-Identifier: GPL-3.0-or-later
"""`dickemap info`: what a file holds and how far it is."""

import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import h5py
import numpy
import pytest

VERDICTS = ["fixed_point", "dark_precession", "limit_cycle", "quasiperiodic", "irregular", "undecided", "failed",
            "relaxing", "heteroclinic"]
HOWS = ["not_applicable", "reached", "settled", "predicted", "symmetric"]
FAILURES = ["not_finite", "step_too_small", "length_lost"]


@pytest.fixture
def unfinished(mpi_environment, tmp_path):
    """A file of 59 points done and one left, whose values are known (tests/unit/test_store.c)."""
    maker = pathlib.Path(os.environ.get("DICKEMAP_BUILD", "."), "tests", "test_store").resolve()
    if not maker.exists():
        pytest.skip("DICKEMAP_BUILD does not name a build folder with tests/test_store")
    path = tmp_path / "unfinished.h5"
    subprocess.run([maker, "--write", "grid", path], check=True, env=mpi_environment, capture_output=True, timeout=60)
    return path


def lines_of(result):
    assert result.returncode == 0 and result.stderr == ""
    assert all(re.fullmatch(r"[A-Za-z0-9 _]+: .*", line) for line in result.stdout.splitlines())
    return result.stdout.splitlines()


def test_every_line_about_an_unfinished_file(dickemap, unfinished):
    lines = lines_of(dickemap("info", "--all", unfinished.name))
    # Codes of point i in row f of the table: 1 + (i + f) % 3, for i = 0 ... 58; verdict is row 8, how 9, method 10,
    # failure 11. Every n_unstable is above 0.
    verdicts = [sum((i + 8) % 3 == v for i in range(59)) for v in range(len(VERDICTS))]
    failures = [sum((i + 11) % 3 == f for i in range(59)) for f in range(3)]
    known = ["file: unfinished.h5", "title: A small grid", "task: sweep", "job: small.yaml", "set: ",
             "patterns: 3, gauged, 4 classes", "state: none", "axis: g0, 5 values, 0.1 to 2",
             "axis: pattern, 3 values, 1 to 3", "axis: kappa_mu[2], 4 values, 1 to 4", "points: 60", "shard: 1 of 1",
             "done: 59", "left: 1", "of other shards: 0", "unfinished: 0",
             "unfinished and not usable: 0 of another version, 0 of another job, 0 damaged"]
    known += [f"verdict {name}: {n}" for name, n in zip(VERDICTS, verdicts)]
    known += [f"unstable fixed points: {verdicts[0]}"]
    known += [f"how {name}: {sum(1 + (i + 9) % 3 == h for i in range(59))}" for h, name in enumerate(HOWS)]
    known += [f"failure {name}: {n}" for name, n in zip(FAILURES, failures)]
    assert lines[: len(known)] == known
    rest = dict(line.split(": ", 1) for line in lines[len(known):])
    assert rest["of an older method"] == str(sum((i + 10) % 3 != 1 for i in range(59))) and rest["format"] == "2"
    assert list(rest) == ["of an older method", "format", "records from", "version", "created", "host", "ranks", "command",
                          "instruction set", "GSL", "HDF5", "MPI"]
    assert rest["version"] == "0.1.0 (git test)" and rest["command"] == "dickemap run small.yaml"
    assert rest["ranks"] == "3" and rest["instruction set"] == "plain"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", rest["created"])
    assert rest["HDF5"].count(".") == 2 and rest["GSL"] and rest["MPI"] and rest["host"]


def test_info_tells_zipped_axes_and_settings(dickemap, tmp_path):
    (tmp_path / "zip.yaml").write_text(
        "model: {patterns: 2, Omega_mu: [1.5], kappa_mu: [1.0]}\n"
        "axes:\n  - {name: g0, values: [0.3, 0.5], zip: line}\n  - {name: Omega, values: [0.7, 0.6], zip: line}\n"
        "output: {state: final}\n")
    assert dickemap("run", "zip.yaml", "--set", "solver.t_max=10", "--set", "initial.overlap=1").returncode == 0
    lines = lines_of(dickemap("info", "--all", "zip.h5"))
    assert "title: " in lines and "set: solver.t_max=10 initial.overlap=1" in lines and "state: final" in lines
    assert "axis: g0, 2 values, 0.3 to 0.5, zip line" in lines
    assert "axis: Omega, 2 values, 0.7 to 0.6, zip line" in lines
    assert "points: 2" in lines and "done: 2" in lines and "left: 0" in lines


def test_info_prints_once_for_all_ranks(dickemap, unfinished):
    assert dickemap("info", unfinished.name, ranks=3).stdout == dickemap("info", unfinished.name).stdout


# ---- at a glance, and for programs ----


def glance_of(dickemap, path):
    result = dickemap("info", path)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.splitlines()


def json_of(dickemap, path):
    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")

    result = dickemap("info", "--json", path)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout, parse_constant=refuse)


def test_a_file_at_a_glance(dickemap, make, tmp_path):
    shutil.copy(make(["--set", "axes.g0.from=0.6", "--set", "model.Omega=0.5"]) / "small.h5", tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        xi, unstable = file["xi"][...], int((file["n_unstable"][...] > 0).sum())
    lines = glance_of(dickemap, "a.h5")
    assert unstable > 0 and len(lines) < 24  # a screen
    assert lines[:8] == ["a.h5: A small map", "task sweep of small.yaml: 2 patterns, gauged, 2 classes",
                         "with axes.g0.from=0.6 model.Omega=0.5", "", "  g0           13 values: 0.6 to 1.5",
                         "  pattern       2 values: 1 to 2", "", f"[{40 * '#'}] 100.0 %"]
    assert [" ".join(line.split()) for line in lines[8:13]] == [
        "26 points done, 0 left", "", "26 100.0 % fixed_point",
        f"{unstable} {100 * unstable / 26:.1f} % of these unstable: any tilt of the start leads away", ""]
    assert lines[13] == f"xi             {xi.min():.6g} to {xi.max():.6g}"
    assert re.fullmatch(r"last run       \S+Z, took \S+ m?s: complete", lines[14]) and len(lines) == 15


def test_what_is_left_is_told_with_its_time(dickemap, job):
    """A run that was stopped, one that was killed, and none at all."""
    many = ["--set", "axes.g0.points=100000", "-o", "a.h5"]
    assert dickemap("run", job, *many, "--time-limit", "1s").returncode == 85
    lines, told = glance_of(dickemap, "a.h5"), json_of(dickemap, "a.h5")
    done, left = told["points"]["done"], told["points"]["left"]
    assert done + left == 200000 and done > 0 and left > 0
    bar = next(line for line in lines if line.startswith("["))
    assert bar.count("#") == 40 * done // 200000 and 0 < float(bar.split()[1]) < 100
    assert f"{done:12}  points done, {left} left" in lines
    (run,) = told["runs"]
    assert told["seconds_left"] == pytest.approx(run["seconds"] / done * left) and run["done_after"] == done
    assert any(re.fullmatch(r"time left      [\d.]+ \w+, if the rest goes as before", line) for line in lines)
    assert lines[-1].startswith("last run ") and ": stopped early (--time-limit" in lines[-1]
    with h5py.File(job.parent / "a.h5", "a") as file:  # as if it had been killed
        history = file.attrs["history"]
        text = history if isinstance(history, str) else history.decode()
        del file.attrs["history"]
        file.attrs["history"] = text.split(": ended ")[0].rsplit("\n", 1)[0]
    assert json_of(dickemap, "a.h5")["seconds_left"] is None
    assert glance_of(dickemap, "a.h5")[-1].endswith(": no end recorded, it was killed or cannot be seen from here")


def test_a_run_that_is_under_way_is_said_to_be(program, dickemap, job, mpi_environment):
    """Its rate is that of its own points, not of those that were done before."""
    arguments = [job, "--set", "axes.g0.points=400000", "-o", "a.h5", "-q"]
    assert dickemap("run", *arguments, "--time-limit", "3s").returncode == 85
    run = subprocess.Popen([program, "run", *arguments, "--resume"], cwd=job.parent, env=mpi_environment,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not (len((told := json_of(dickemap, "a.h5"))["runs"]) == 2 and
                   told["points"]["done"] > told["runs"][1]["done_before"] and told["under_way"]):
            assert time.monotonic() < until and run.poll() is None
        time.sleep(2)
        now, told = datetime.datetime.now(datetime.timezone.utc), json_of(dickemap, "a.h5")
        elapsed = (now - datetime.datetime.fromisoformat(told["runs"][1]["begun"].replace("Z", "+00:00"))).total_seconds()
        done, left = told["points"]["done"], told["points"]["left"]
        own = done - told["runs"][1]["done_before"]
        assert told["under_way"] and told["runs"][1]["ended"] is None and 0 < own < done and left > 0
        assert elapsed - 1 <= told["seconds_left"] * own / left <= elapsed + 5  # dates are of whole seconds
        assert glance_of(dickemap, "a.h5")[-1].endswith(": under way")
    finally:
        run.terminate()
        run.wait()


STARTS = """\
model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5, 2.0], kappa_mu: [1.0]}
initial: {perturbation: 0.1, overlap: 0.5}
axes:
- {name: g0, values: [0.5, 0.9, 1.3]}
"""
SEED = "- {name: seed, from: 1, to: 20, points: 20}\n"
SHOCK = "- {name: perturbation, values: [0.01, 0.1, 0.3, 0.9]}\n"
OF_SHOCKS = STARTS.replace("perturbation: 0.1, ", "") + SEED + SHOCK


@pytest.mark.parametrize("task, text", [("basins", STARTS + SEED + "reduce: seed\n"), ("states", STARTS + "task: states\n"),
                                        ("fatal", OF_SHOCKS + "reduce: seed\nfatal: perturbation\n")])
def test_other_tasks_tell_what_they_have(dickemap, tmp_path, task, text):
    (tmp_path / "job.yaml").write_text(text)
    assert dickemap("run", "job.yaml", "-q").returncode == 0
    lines, told = glance_of(dickemap, "job.h5"), json_of(dickemap, "job.h5")
    assert f"task {task} of job.yaml: 2 patterns, gauged, 2 classes" in lines and told["task"] == task
    with h5py.File(tmp_path / "job.h5") as file:
        found = {name: file[name][...] for name in file}
    for name, range_ in told["ranges"].items():
        finite = found[name][numpy.isfinite(found[name])]
        assert range_["values"] == finite.size
        assert finite.size == 0 or (range_["least"], range_["most"]) == (finite.min(), finite.max())
    if task == "basins":
        assert "           3  points done, 0 left, 20 starts each" in lines
        assert sum(told["outcomes"].values()) == 60 and told["outcomes"]["pattern_1"] == 40
        assert "          40   66.7 %  of starts end in pattern +1" in lines and lines[-4].startswith("xi_mean ")
    elif task == "states":
        assert told["codes"]["complete"] == {"no": 0, "yes": 3, "not_applicable": 0}
        assert "           3  100.0 %  complete yes: by all that can be checked" in lines
        assert f"n_states       {found['n_states'].min()} to {found['n_states'].max()}" in lines
    else:
        n = found["n_found"].sum()
        assert f"{n:12}  {100 * n / 60:5.1f} %  of starts lose their pattern between two values" in lines
        assert lines[-2].startswith("fatal_median ")


def test_json_has_what_every_line_has(dickemap, unfinished):
    told = json_of(dickemap, unfinished.name)
    listed = dict(line.split(": ", 1) for line in lines_of(dickemap("info", "--all", unfinished.name)))
    assert told["points"]["done"] == int(listed["done"]) and told["points"]["left"] == int(listed["left"])
    for field in "verdict", "how":
        assert {name: str(n) for name, n in told["codes"][field].items()} == {
            key.removeprefix(f"{field} "): n for key, n in listed.items() if key.startswith(f"{field} ")}
    assert told["unstable_fixed_points"] == int(listed["unstable fixed points"])
    assert [axis["name"] for axis in told["axes"]] == ["g0", "pattern", "kappa_mu_2"]
    for key, name in [("title", "title"), ("version", "version"), ("created", "created"), ("gsl", "GSL"), ("mpi", "MPI")]:
        assert told[key] == listed[name]
    assert told["ranks"] == 3 and told["runs"] == [] and told["seconds_left"] is None


def test_json_of_texts_that_are_not_utf8_is_json(dickemap, unfinished):
    name = os.fsencode(unfinished.parent) + b"/gr\xf6\xdfe.h5"
    shutil.copy(unfinished, name)
    result = subprocess.run([os.environ["DICKEMAP"], "info", "--json", name], capture_output=True)
    assert result.returncode == 0 and json.loads(result.stdout)["file"].endswith("/gr??e.h5")


def test_info_has_help(dickemap):
    result = dickemap("info", "--help")
    assert result.returncode == 0 and result.stdout.startswith("usage: dickemap info FILE.h5 [OPTIONS]\n")


@pytest.mark.parametrize("arguments, message", [
    ([], "expected one output file, got 0 arguments"),
    (["a.h5", "b.h5"], "expected one output file, got 2 arguments"),
    (["--colour", "a.h5"], "unknown option --colour"),
    (["--all", "--json", "a.h5"], "--json has all of it already"),
    (["none.h5"], "none.h5: No such file or directory"),
    (["."], ". is a folder"),
    (["text.h5"], "text.h5 is not an HDF5 file"),
    (["other.h5"], "other.h5 is an HDF5 file, but not one of dickemap's"),
])
def test_info_refuses_what_is_no_file_of_ours(refused, tmp_path, arguments, message):
    (tmp_path / "text.h5").write_text("text\n")
    h5py.File(tmp_path / "other.h5", "w").close()
    assert message in refused("info", *arguments)


def test_info_of_a_truncated_file_says_so(dickemap, unfinished, tmp_path):
    shutil.copy(unfinished, tmp_path / "half.h5")
    os.truncate(tmp_path / "half.h5", unfinished.stat().st_size // 2)
    result = dickemap("info", "half.h5")
    assert result.returncode == 2 and result.stdout == ""
    assert "half.h5 is a damaged HDF5 file: truncated file" in result.stderr and result.stderr.count("\n") == 1
