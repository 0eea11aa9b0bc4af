# SPDX-License-Identifier: GPL-3.0-or-later
"""`dickemap info`: what a file holds and how far it is."""

import os
import pathlib
import re
import shutil
import subprocess

import h5py
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


def test_info_of_an_unfinished_file(dickemap, unfinished):
    lines = lines_of(dickemap("info", unfinished.name))
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
    lines = lines_of(dickemap("info", "zip.h5"))
    assert "title: " in lines and "set: solver.t_max=10 initial.overlap=1" in lines and "state: final" in lines
    assert "axis: g0, 2 values, 0.3 to 0.5, zip line" in lines
    assert "axis: Omega, 2 values, 0.7 to 0.6, zip line" in lines
    assert "points: 2" in lines and "done: 2" in lines and "left: 0" in lines


def test_info_prints_once_for_all_ranks(dickemap, unfinished):
    assert dickemap("info", unfinished.name, ranks=3).stdout == dickemap("info", unfinished.name).stdout


def test_info_has_help(dickemap):
    result = dickemap("info", "--help")
    assert result.returncode == 0 and result.stdout.startswith("usage: dickemap info FILE.h5\n")


@pytest.mark.parametrize("arguments, message", [
    ([], "expected one output file, got 0 arguments"),
    (["a.h5", "b.h5"], "expected one output file, got 2 arguments"),
    (["--colour", "a.h5"], "unknown option --colour"),
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
