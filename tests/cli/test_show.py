# SPDX-License-Identifier: GPL-3.0-or-later
"""dickemap show: a record of a file, as `point` prints it."""

import json

import h5py
import numpy
import pytest

from test_info import OF_SHOCKS, SEED, STARTS

AT = ["--at", "g0=1.1,pattern=2"]


@pytest.fixture
def file(dickemap, job, tmp_path):
    assert dickemap("run", job, "-q", "--set", "solver.sensitivity=on").returncode == 0
    return tmp_path / "small.h5"


def shown(dickemap, *arguments):
    result = dickemap("show", *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def code_of(dataset, meaning):
    meanings = dataset.attrs["flag_meanings"]
    names = (meanings if isinstance(meanings, str) else meanings.decode()).split()
    return dataset.attrs["flag_values"][names.index(meaning)]


def test_a_record_is_printed_as_that_of_the_point(dickemap, file, job):
    computed = dickemap("point", job, *AT).stdout.splitlines()
    lines = shown(dickemap, file.name, *AT).splitlines()
    assert [(a, b) for a, b in zip(lines, computed, strict=True) if a != b and "wall_time" not in a] == [
        ("point 17 of small.h5: 2 patterns, 2 classes of spins", f"point of {job}: 2 patterns, 2 classes of spins")]


def test_json_has_every_field_as_it_is_in_the_file(dickemap, file):
    told = json.loads(shown(dickemap, file.name, *AT, "--json"))
    with h5py.File(file) as data:
        for name, value in told["record"].items():
            stored = data[name][8, 1]
            value = code_of(data[name], value) if isinstance(value, str) else value
            numpy.testing.assert_array_equal(numpy.array(value, float), stored, err_msg=name)
        assert set(told["record"]) == set(data) - {"g0", "pattern", "mode", "status", "checksum"}
    assert told["what"] == "point 17 of small.h5" and told["axes"]["g0"]["index"] == 8


def test_the_nearest_point_of_the_grid_is_shown_and_said_to_be(dickemap, file):
    near = shown(dickemap, file.name, "--at", "g0=1.1449,pattern=1.0")
    assert near.startswith("point 16 of small.h5: ")
    assert "\n  nearest value of the grid: g0 = 1.1, for 1.1449\n" in near
    assert "nearest" not in shown(dickemap, file.name, *AT)
    assert shown(dickemap, file.name, "--at", "g0=99,pattern=1").startswith("point 24 of ")


def test_axes_that_advance_together_are_nearest_together(dickemap, job):
    axes = ("axes=[{name: 'Omega_mu[1]', values: [1, 2, 10], zip: pair}, {name: 'kappa_mu[1]', values: [3, 2, 1], zip: pair}]")
    assert dickemap("run", job, "-q", "--set", axes, "--set", "model.g0=1", "-o", "zip.h5").returncode == 0
    for at, i in [("Omega_mu_1=4,kappa_mu_1=3", 0), ("Omega_mu[1]=4,kappa_mu[1]=1.9", 1), ("pair=2", 2)]:
        assert shown(dickemap, "zip.h5", "--at", at).startswith(f"point {i} of zip.h5: ")


@pytest.mark.parametrize("text, at", [(STARTS + SEED + "reduce: seed\n", "g0=1"), (STARTS + "task: states\n", "g0=1"),
                                      (OF_SHOCKS + "reduce: seed\nfatal: perturbation\n", "g0=1")])
def test_records_of_other_tasks_are_shown(dickemap, tmp_path, text, at):
    (tmp_path / "job.yaml").write_text(text)
    assert dickemap("run", "job.yaml", "-q").returncode == 0
    listed, told = shown(dickemap, "job.h5", "--at", at), json.loads(shown(dickemap, "job.h5", "--at", at, "--json"))
    with h5py.File(tmp_path / "job.h5") as data:
        for name, value in told["record"].items():
            if name == "outcome":
                continue
            stored = data[name][1]
            value = code_of(data[name], value) if isinstance(value, str) else value
            value = numpy.array(value, float)
            finite = numpy.where(numpy.isfinite(stored), stored, numpy.nan)
            numpy.testing.assert_array_equal(value, finite[:len(value)] if value.ndim else finite, err_msg=name)
    assert "\n  nearest value of the grid: g0 = 0.9, for 1\n" in listed and "\nrecord\n" in listed
    if "reduce" in text:
        assert "\n  seed                       1 to 20, all 20 values\n" in listed and told["parameters"]["seed"] is None
    if "fatal" not in text:  # a table, a line for each outcome or state
        assert len([line for line in listed.splitlines() if line.startswith(("  pattern +1 ", "  1 "))]) == 1


def test_a_point_that_is_not_done_is_said_to_be(dickemap, file):
    with h5py.File(file, "a") as data:
        data["status"][8, 1] = 0
    result = dickemap("show", file.name, *AT)
    assert (result.returncode, result.stdout) == (85, "")
    assert result.stderr == ("dickemap: show: point 17 (g0=1.1, pattern=2) of small.h5 is not done; `dickemap point` computes it "
                             "alone\n")


def test_a_damaged_record_is_not_shown(dickemap, file):
    with h5py.File(file, "a") as data:
        data["xi"][8, 1, 0] = 0.5
    result = dickemap("show", file.name, *AT)
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr == "dickemap: show: point 17 (g0=1.1, pattern=2) of small.h5 is damaged: its checksum is wrong\n"


@pytest.mark.parametrize("arguments, message", [
    ([], "show: expected one output file, got 0 arguments; see `dickemap show --help`"),
    (["small.h5"], "show: --at must give a value for every axis of small.h5, but has none for: g0, pattern"),
    (["small.h5", "--at", "g0=1"], "show: --at must give a value for every axis of small.h5, but has none for: pattern"),
    (["small.h5", "--at", "g0=1,Omega=1"], "show: --at Omega: small.h5 has no axis of that name"),
    (["small.h5", "--at", "g0"], "--at g0: must have the form name=value, such as g0=1.1"),
    (["small.yaml", *AT], "small.yaml is not an HDF5 file"),
])
def test_wrong_arguments_are_named(refused, file, arguments, message):
    assert refused("show", *arguments).startswith(message)


def test_three_ranks_show_it_once(dickemap, file):
    assert dickemap("show", file.name, *AT, ranks=3).stdout == shown(dickemap, file.name, *AT)


def test_codes_are_told_by_their_names_and_what_these_mean(dickemap, file):
    """In place of the number and of what the field is about; for programs there is --json."""
    listed = shown(dickemap, file.name, "--at", "g0=0.9,pattern=1").split("\nrecord\n")[1].splitlines()
    told = {words[0]: (words[1], " ".join(words[2:])) for words in map(str.split, listed) if len(words) > 2}
    assert told["verdict"] == ("fixed_point", "all variables come to rest")
    assert told["limited"] == ("no", "larger solver.max_steps and t_max give the same record")
    assert told["how"][0] in ("reached", "settled")
    columns = {line.index(told[name][1]) for line in listed for name in ("verdict", "limited", "how") if line.startswith(f"  {name} ")}
    assert len(columns) == 1  # one below the other
    record = json.loads(shown(dickemap, file.name, "--at", "g0=0.9,pattern=1", "--json"))["record"]
    assert record["verdict"] == "fixed_point" and record["limited"] == "no"


@pytest.mark.parametrize("at", [["g0=0.9,pattern=2"], ["g0=0.9", "pattern=2"], ["g0=0.9", "--at", "pattern=2"]])
def test_values_are_separated_by_commas_or_spaces(dickemap, file, job, at):
    expected = shown(dickemap, file.name, "--at", "g0=0.9,pattern=2")
    for words in (["show", file.name, "--at", *at], ["show", "--at", *at, "--", file.name], ["show", "--at", *at, file.name]):
        result = dickemap(*words)
        assert (result.returncode, result.stdout) == (0, expected), result.stderr
    result = dickemap("point", "--at", *at, job)
    assert result.returncode == 0 and "  pattern                    2  " in result.stdout, result.stderr


def test_a_file_with_a_sign_of_equality_in_its_name_is_a_file(dickemap, file):
    expected = shown(dickemap, file.name, "--at", "g0=0.9,pattern=2")
    file.rename(file.with_name("k=3"))
    result = dickemap("show", "--at", "g0=0.9", "pattern=2", "k=3")
    assert (result.returncode, result.stdout) == (0, expected.replace(file.name, "k=3")), result.stderr
