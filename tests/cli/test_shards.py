# SPDX-License-Identifier: GPL-3.0-or-later
"""`dickemap run --shard` and `dickemap merge`: a grid in parts, and the parts put together."""

import os
import re
import shutil

import h5py
import numpy
import pytest

N_POINTS = 26  # of the fixture `job`


def contents(path):
    """Bytes of every dataset but the one that is not reproducible."""
    with h5py.File(path) as file:
        return {name: file[name][()].tobytes() for name in file if name != "wall_time"}


def status(path):
    with h5py.File(path) as file:
        return file["status"][()].ravel()


SHARDS = [f"small.{i}of3.h5" for i in (1, 2, 3)]


@pytest.fixture(scope="session")
def made(make):
    """Three shards and the whole."""
    return make(*(["--shard", f"{i}/3"] for i in (1, 2, 3)), ["-o", "whole.h5"])


@pytest.fixture
def shards(made, tmp_path):
    """Their names, in the test's folder."""
    for name in SHARDS:
        shutil.copy(made / name, tmp_path)
    return SHARDS


@pytest.fixture
def whole(made, tmp_path):
    """whole.h5 in the test's folder: its contents."""
    shutil.copy(made / "whole.h5", tmp_path)
    return contents(tmp_path / "whole.h5")


def reset(path, *points):
    """Marks points as to be done."""
    with h5py.File(path, "r+") as file:
        for point in points:
            file["status"][numpy.unravel_index(point, file["status"].shape)] = 0


# ---- results ----


@pytest.mark.parametrize("n, ranks, state, n_points", [(1, None, "none", 26), (2, 3, "final", 26), (5, None, "none", 26),
                                                       (3, None, "none", 2)])
def test_merged_shards_have_the_bits_of_a_whole_run(dickemap, job, tmp_path, n, ranks, state, n_points):
    settings = ["--set", f"output.state={state}", "--set", "initial.perturbation=1e-3", "--set",
                "solver.t_max=50", "--set", f"axes.g0.points={n_points // 2}"] + (["--set", "axes.g0.to=0.3"] if n_points == 2 else [])
    count = 0
    for i in range(1, n + 1):
        result = dickemap("run", job, *settings, "--shard", f"{i}/{n}", ranks=ranks)
        assert result.returncode == 0, result.stderr
        count = count + (status(tmp_path / f"small.{i}of{n}.h5") > 0)
    assert (count == 1).all()
    names = [f"small.{i}of{n}.h5" for i in range(n, 0, -1)]
    result = dickemap("merge", *names, "-o", "merged.h5", ranks=ranks)
    assert result.returncode == 0 and result.stderr == "", result.stderr
    assert result.stdout.splitlines()[-1] == f"merged.h5: {n_points} of {n_points} points"
    assert dickemap("run", job, *settings, "-o", "whole.h5").returncode == 0
    assert contents(tmp_path / "merged.h5") == contents(tmp_path / "whole.h5")


def test_shards_are_alike(shards, tmp_path):
    """Equally many points to one, from all over the grid."""
    done = [status(tmp_path / name) > 0 for name in shards]
    assert sorted(mine.sum() for mine in done) == [8, 9, 9]
    for mine in done:
        assert numpy.diff(numpy.flatnonzero(mine)).max() <= 5


def test_a_shard_that_is_stopped_is_resumed_as_that_shard(dickemap, job, shards, tmp_path):
    whole = contents(tmp_path / shards[1])
    mine = numpy.flatnonzero(status(tmp_path / shards[1]))
    for option in (["--shard", "2/3"], []):  # the file itself says which it is
        reset(tmp_path / shards[1], mine[0], mine[4])
        result = dickemap("run", job, "-o", shards[1], "--resume", *option)
        assert result.returncode == 0
        assert f"{mine.size - 2}  points were done before" in result.stdout and "2  points of shard 2/3 in" in result.stdout
        assert contents(tmp_path / shards[1]) == whole


def test_info_and_verify_know_what_belongs_to_other_shards(dickemap, shards, tmp_path):
    mine = numpy.flatnonzero(status(tmp_path / shards[0]))
    reset(tmp_path / shards[0], mine[2])
    info = dickemap("info", "--all", shards[0]).stdout.splitlines()
    at = info.index("points: 26")
    assert info[at:at + 5] == ["points: 26", "shard: 1 of 3", f"done: {mine.size - 1}", "left: 1",
                               f"of other shards: {26 - mine.size}"]
    verified = dickemap("verify", shards[0], "--sample", "0")
    assert verified.returncode == 0
    assert f"left: 1\nof other shards: {26 - mine.size}, this is shard 1 of 3\n" in verified.stdout
    assert f"incomplete: 1 of {mine.size} points are left" in verified.stdout
    verified = dickemap("verify", shards[1], "--sample", "0")
    assert verified.returncode == 0 and "result: shard 2 of 3 is complete, no difference\n" in verified.stdout


def test_a_shard_of_a_large_grid_takes_its_part_of_the_disk(dickemap, job, tmp_path):
    """Some 900 MB for all of it."""
    result = dickemap("run", job, "--set", "axes.g0.points=2000000", "--shard", "3/1000", "--set", "solver.t_max=1")
    assert result.returncode == 0
    path = tmp_path / "small.3of1000.h5"
    done = int(re.search(r"^ *(\d+)  points of shard 3/1000", result.stdout, re.MULTILINE)[1])
    assert 3000 < done < 5000 and (status(path) > 0).sum() == done  # of 4 million
    assert path.stat().st_size > 5e8 and path.stat().st_blocks * 512 < 5e7


def test_a_shard_extends_an_old_file_too(dickemap, job, tmp_path):
    assert dickemap("run", job, "-o", "old.h5").returncode == 0
    settings = ["--set", "axes.g0.points=25"]
    for i in (1, 2):
        result = dickemap("run", job, *settings, "--shard", f"{i}/2", "--extend", "old.h5")
        assert result.returncode == 0 and "are not in the shard" in result.stderr
    assert dickemap("merge", "small.1of2.h5", "small.2of2.h5", "-o", "merged.h5").returncode == 0
    assert dickemap("run", job, *settings, "-o", "whole.h5").returncode == 0
    assert contents(tmp_path / "merged.h5") == contents(tmp_path / "whole.h5")


# ---- merging what is not complete ----


def test_what_is_missing_is_named_and_resume_computes_it(dickemap, job, shards, whole, tmp_path):
    missing = numpy.flatnonzero(status(tmp_path / shards[1]))
    result = dickemap("merge", shards[0], shards[2], "-o", "merged.h5")
    assert result.returncode == 85
    shown = ", ".join(f"point {i} (g0={0.3 + 0.1 * (i // 2):.10g}, pattern={i % 2 + 1})" for i in missing[:3])
    assert result.stderr == (f"dickemap: merged.h5 is written, but {missing.size} of 26 points are missing: {shown}, "
                             "...; `run --resume` computes them\n")
    assert f"merged.h5: {26 - missing.size} of 26 points" in result.stdout
    assert numpy.flatnonzero(status(tmp_path / "merged.h5") == 0).tolist() == missing.tolist()
    result = dickemap("run", job, "-o", "merged.h5", "--resume")
    assert result.returncode == 0 and f"{missing.size}  points in" in result.stdout
    assert contents(tmp_path / "merged.h5") == whole
    verified = dickemap("verify", "merged.h5", "--sample", "2")
    assert verified.returncode == 0 and "result: complete, no difference" in verified.stdout


def test_damaged_records_are_left_out(dickemap, shards, tmp_path):
    point = numpy.flatnonzero(status(tmp_path / shards[0]))[1]
    with h5py.File(tmp_path / shards[0], "r+") as file:
        file["steps"][numpy.unravel_index(point, (13, 2))] += 1
    result = dickemap("merge", *shards, "-o", "merged.h5")
    assert result.returncode == 85
    assert "small.1of3.h5: 8 points, 1 damaged (wrong checksum) and left out\n" in result.stdout
    assert f"1 of 26 points are missing: point {point} (g0=" in result.stderr
    # What another file has of it is taken.
    shutil.copy(tmp_path / shards[0], tmp_path / "again.h5")
    with h5py.File(tmp_path / "again.h5", "r+") as file:
        file["steps"][numpy.unravel_index(point, (13, 2))] -= 1
    result = dickemap("merge", *shards, "again.h5", "-o", "merged.h5", "--overwrite")
    assert result.returncode == 0 and "again.h5: 1 points, 8 that were in a file before\n" in result.stdout


def test_shards_may_overlap_where_they_agree(dickemap, shards, whole, tmp_path):
    result = dickemap("merge", *shards, "whole.h5", shards[0], "-o", "merged.h5")
    assert result.returncode == 0 and "whole.h5: 0 points, 26 that were in a file before\n" in result.stdout
    assert contents(tmp_path / "merged.h5") == whole


def test_shards_that_disagree_about_a_point_are_refused(refused, shards, whole, tmp_path):
    point = numpy.flatnonzero(status(tmp_path / shards[0]))[1]
    with h5py.File(tmp_path / "whole.h5", "r+") as file:
        for name in file:
            if file[name].shape[:2] == (13, 2):
                file[name][numpy.unravel_index(point, (13, 2))] = file[name][12, 1]
    message = refused("merge", *shards, "whole.h5", "-o", "merged.h5")
    assert re.fullmatch(rf"whole.h5 holds another record of point {point} \(g0=.*, pattern=.\) than a file named before it "
                        r"\([a-zA-Z_0-9]+ is \S+, not \S+\); compute the point anew in one of them, or leave "
                        "one out", message)


# ---- what a merged file says about itself ----


def test_a_merged_file_names_its_sources(dickemap, job, shards, tmp_path):
    assert dickemap("run", job, "--shard", "3/3", "--cpu", "plain", "--overwrite").returncode == 0
    assert dickemap("merge", *shards, "-o", "merged.h5").returncode == 0
    with h5py.File(tmp_path / "merged.h5") as file:
        lines = file.attrs["records_from"].splitlines()
        assert [line.split(":")[0] for line in lines] == shards
        assert all(re.fullmatch(r"small.\dof3.h5: dickemap \S+ \(.*\), GSL \S+, created \S+Z, shard \d of 3", line)
                   for line in lines)
        assert b"dickemap merge small.1of3.h5" in file.attrs["history"] and "shard" not in file.attrs
        assert file.attrs["instruction_set"] in (b"several", b"plain")  # the latter: the machine has no other
    assert "shard: 1 of 1" in dickemap("info", "--all", "merged.h5").stdout


# ---- refused ----


@pytest.mark.parametrize("text", ["4/3", "1/2/3"])
def test_a_shard_that_is_none_is_refused(refused, job, text):
    assert refused("run", job, "--shard", text) == (
        f'run: --shard is "{text}", but must be i/n, shard i = 1 ... n of n = 1 ... 100000')


@pytest.mark.parametrize("ranks", [None, 2])
def test_the_file_of_another_shard_is_not_continued(refused, job, shards, whole, tmp_path, ranks):
    before = (tmp_path / shards[1]).read_bytes()
    for option in (["--resume"], []):
        message = refused("run", job, "-o", shards[1], "--shard", "1/3", *option, ranks=ranks)
        assert message == ("output small.2of3.h5 exists already and is the file of shard 2/3, not of shard 1/3; -o names "
                           "another file, --overwrite replaces it")
    assert "is the file of shard 2/3, not of a whole grid" in refused("run", job, "-o", shards[1])
    assert (tmp_path / shards[1]).read_bytes() == before
    assert "is the file of a whole grid, not of shard 1/3" in refused("run", job, "-o", "whole.h5", "--shard", "1/3",
                                                                     "--resume")


@pytest.mark.parametrize("arguments, message", [
    (["merge"], "merge: no files given; see `dickemap merge --help`"),
    (["merge", "a.h5"], "merge: no output given: name a file with -o; see `dickemap merge --help`"),
    (["merge", "a.h5", "-o"], "merge: option -o needs an argument; see `dickemap merge --help`"),
    (["merge", "a.h5", "--resume"], "merge: unknown option --resume; see `dickemap merge --help`"),
    (["merge", "a.h5", "-o", "x.h5"], "a.h5: No such file or directory"),
    (["merge", "small.yaml", "-o", "x.h5"], "small.yaml is not an HDF5 file"),
])
def test_wrong_arguments_are_named(refused, job, arguments, message):
    assert refused(*arguments) == message


def test_shards_of_other_jobs_are_refused_and_the_keys_are_named(dickemap, refused, job, shards):
    assert dickemap("run", job, "--shard", "2/3", "-o", "b.h5", "--set", "model.Omega=0.6", "--set",
                    "solver.t_max=1e4").returncode == 0
    assert refused("merge", shards[0], "b.h5", "-o", "x.h5", ranks=2) == (
        "b.h5 holds another job than small.1of3.h5, which differs in model.Omega, solver.t_max")


def test_an_existing_output_is_only_replaced_when_asked_to(dickemap, refused, shards, tmp_path):
    (tmp_path / "text.h5").write_text("mine\n")
    for more in ([], ["--overwrite"]):
        assert "text.h5 exists already and is not an HDF5 file" in refused("merge", *shards, "-o", "text.h5", *more)
    assert dickemap("merge", *shards, "-o", "merged.h5").returncode == 0
    before = (tmp_path / "merged.h5").read_bytes()
    assert "merged.h5 exists already and holds this same job" in refused("merge", *shards, "-o", "merged.h5")
    assert refused("merge", *shards, "-o", shards[1], "--overwrite") == (
        "merge: small.2of3.h5 is one of the files to merge and cannot be the output")
    assert (tmp_path / "merged.h5").read_bytes() == before
    assert dickemap("merge", *shards, "-o", "merged.h5", "--overwrite").returncode == 0


def test_an_output_that_a_run_uses_is_refused(dickemap, refused, shards, tmp_path):
    (tmp_path / "merged.h5.lock").write_text(
        "host: elsewhere\nboot: x\npid: 5\nstarted: 7\njob: 12\nrestart: 0\ntime: 2026-01-02T03:04:05Z\n")
    assert "elsewhere" in refused("merge", *shards, "-o", "merged.h5")
    assert dickemap("merge", *shards, "-o", "merged.h5", "--break-lock").returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["merged.h5", *shards]


def test_a_shard_that_does_not_say_which_it_is_is_damaged(dickemap, shards, tmp_path):
    with h5py.File(tmp_path / shards[0], "r+") as file:
        file.attrs["n_shards"] = -3
        del file.attrs["metadata_checksum"]  # or the damage would be told in general
    result = dickemap("info", "--all", shards[0])
    assert result.returncode == 2 and result.stderr == (
        "dickemap: small.1of3.h5 is damaged: it does not say which shard it is\n")
