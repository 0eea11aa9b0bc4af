# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of released versions: they are read, verified, extended, merged, and resumed into a file of this version.

data/version_0.1.0.h5 was written by version 0.1.0: format 1, verdicts from code 0, none of the fields that came later.
At g0 near 0 and Omega_mu of one sign it says `limit_cycle`, where nothing but rest is possible."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import h5py
import numpy
import pytest

DATA = pathlib.Path(__file__).parent / "data"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "analysis"))
OLD, JOB = "version_0.1.0.h5", "version_0.1.0.yaml"
METHOD = 3  # DKM_RECORD_METHOD
VERDICTS = ("fixed_point", "dark_precession", "limit_cycle", "quasiperiodic", "irregular", "undecided", "failed")
SHAPE = (6, 3, 2)
REFUTED = [(0, 0, 0), (0, 0, 1), (1, 0, 1)]


@pytest.fixture
def old(tmp_path):
    """A copy of the old file, with its job; its wall times are marked, so that records that are kept can be told."""
    for name in (OLD, JOB):
        shutil.copy(DATA / name, tmp_path)
    with h5py.File(tmp_path / OLD, "r+") as file:
        file["wall_time"][...] += 1000
    return tmp_path / OLD


def fields_of(path):
    with h5py.File(path) as file:
        return {name: file[name][()] for name in file if file[name].shape[:3] == SHAPE}


def names_of(path):
    """Verdicts by name."""
    with h5py.File(path) as file:
        attributes = file["verdict"].attrs
        names = dict(zip(attributes["flag_values"].tolist(), attributes["flag_meanings"].decode().split()))
        return numpy.vectorize(names.get, otypes=[object])(file["verdict"][()])


def kept(path):
    with h5py.File(path) as file:
        return file["wall_time"][()] >= 1000


def check_kept(path, old, n_more=0):
    """Records that were kept are those of the old file, codes by name; what is contradicted was computed anew."""
    new, before, stay = fields_of(path), fields_of(old), kept(path)
    assert not any(stay[point] for point in REFUTED)
    assert (new["method"] == numpy.where(stay, 1, METHOD)).all() and (new["status"] == 1).all()
    for name in before.keys() - {"verdict", "checksum", "status"}:
        numpy.testing.assert_array_equal(new[name][stay], before[name][stay], err_msg=name)
    assert (names_of(path)[stay] == names_of(old)[stay]).all()
    for name in ("xi_error", "L_end", "t_settled"):
        assert numpy.isnan(new[name][stay]).all()
    assert (new["how"][stay] == 0).all()
    return int(stay.sum())


def test_the_old_file_is_of_format_1(old):
    with h5py.File(old) as file:
        assert file.attrs["format_version"] == 1 and "method" not in file and file["verdict"].attrs["flag_values"][0] == 0
    names = names_of(old)
    assert {"fixed_point", "limit_cycle", "quasiperiodic", "irregular", "undecided"} == set(names.ravel())
    assert all(names[point] == "limit_cycle" for point in REFUTED)
    assert (DATA / OLD).stat().st_size < 150000


def test_info_knows_its_codes(dickemap, old):
    lines = dickemap("info", "--all", OLD).stdout.splitlines()
    names = names_of(old)
    for name in VERDICTS:
        assert f"verdict {name}: {(names == name).sum()}" in lines
    assert "verdict relaxing: 0" in lines and "of an older method: 36" in lines and "format: 1" in lines
    assert "version: 0.1.0 (git 3d7a619)" in lines


def test_verify_compares_its_checksums_as_they_were_made(dickemap, old):
    result = dickemap("verify", OLD, "--sample", 0)
    assert "checksums: 36 checked, 0 differ\n" in result.stdout and "status: 36 checked, 0 differ\n" in result.stdout
    with h5py.File(old, "r+") as file:
        file["drift"][2, 1, 0] += 1e-9
        file["m"][3, 1, 0, 1, 2] += 1e-9
        file["verdict"][4, 2, 1] = 7  # no code of that file, though one of this version
    result = dickemap("verify", OLD, "--sample", 0)
    assert result.returncode == 3 and "checksums: 36 checked, 3 differ\n" in result.stdout
    assert "verdict is 255, which does not exist" in result.stdout


# ---- --extend, merge ----


def test_extending_takes_what_theory_does_not_contradict(dickemap, old, tmp_path):
    before = old.read_bytes()
    result = dickemap("run", JOB, "-o", "new.h5", "--extend", OLD, ranks=3)
    assert result.returncode == 0, result.stderr
    found = re.search(rf"{OLD}: (\d+) of 36 points reused, (\d+) of an older method are computed anew\n", result.stderr)
    assert found and int(found[1]) == check_kept(tmp_path / "new.h5", old) == 36 - int(found[2])
    assert "checksums: 36 checked, 0 differ\n" in dickemap("verify", "new.h5", "--sample", 0).stdout
    assert f"records from: {OLD}: dickemap 0.1.0 (git 3d7a619), GSL 2.7.1, created " in dickemap("info", "--all", "new.h5").stdout
    assert old.read_bytes() == before


def test_what_did_not_note_its_limits_is_computed_anew_with_larger_ones(dickemap, old, tmp_path):
    few = ["--set", "axes.pattern.values=[2]"]
    assert dickemap("run", JOB, *few, "-o", "same.h5", "--extend", OLD).returncode == 0
    with h5py.File(tmp_path / "same.h5") as file:
        stays = file["wall_time"][...] >= 1000
        assert stays.sum() >= 10
        assert (file["limited"][...][stays] == 2).all() and (file["limited"][...][~stays] < 2).all()
    result = dickemap("run", JOB, *few, "--set", "solver.t_max=2e7", "-o", "further.h5", "--extend", "same.h5")
    assert result.returncode == 0 and f"{(~stays).sum()} of 18 points reused, {stays.sum()} may go further" in result.stderr


def test_a_finer_grid_takes_them_too_and_drops_states_it_does_not_keep(dickemap, old, tmp_path):
    settings = ["--set", "axes.pattern.values=[2]", "--set", "output.state=none"]
    result = dickemap("run", JOB, *settings, "-o", "new.h5", "--extend", OLD)
    assert result.returncode == 0 and "are not in the new grid" in result.stderr
    with h5py.File(tmp_path / "new.h5") as new, h5py.File(old) as before:
        stay = new["wall_time"][...] >= 1000
        assert stay.sum() >= 10
        numpy.testing.assert_array_equal(new["xi"][...][stay], before["xi"][:, :, 1:][stay])
    assert "checksums: 18 checked, 0 differ\n" in dickemap("verify", "new.h5", "--sample", 0).stdout


def test_merging_leaves_out_what_theory_contradicts(dickemap, old, tmp_path):
    result = dickemap("merge", OLD, "-o", "merged.h5")
    assert result.returncode == 85 and "contradicted by theory, left out" in result.stdout
    assert "`run --resume` computes them" in result.stderr
    assert dickemap("run", JOB, "-o", "merged.h5", "--resume").returncode == 0
    check_kept(tmp_path / "merged.h5", old)
    # Where old and new files hold the same point the new record counts, in any order.
    for files in ([OLD, "merged.h5"], ["merged.h5", OLD]):
        result = dickemap("merge", *files, "-o", "again.h5", "--overwrite")
        assert result.returncode == 0, result.stderr
        again, merged = fields_of(tmp_path / "again.h5"), fields_of(tmp_path / "merged.h5")
        for name in merged:
            numpy.testing.assert_array_equal(again[name], merged[name], err_msg=name)


# ---- --resume ----


@pytest.fixture
def partial(old):
    """The old file with 5 points still to be done."""
    with h5py.File(old, "r+") as file:
        file["status"][2, 2] = 0
        file["status"][5, :, 1] = 0
    return old


@pytest.mark.parametrize("ranks", [None, 3])
def test_resuming_makes_it_anew_in_this_version_s_format(dickemap, partial, tmp_path, ranks):
    shutil.copy(partial, tmp_path / "before.h5")
    result = dickemap("run", JOB, "-o", OLD, "--resume", ranks=ranks)
    assert result.returncode == 0, result.stderr
    found = re.search(rf"{OLD}: made anew, as it was of dickemap 0\.1\.0 \(git 3d7a619\): (\d+) of 31 points reused, "
                      r"(\d+) of an older method are computed anew\n", result.stderr)
    assert found and int(found[1]) + int(found[2]) == 31
    assert check_kept(partial, tmp_path / "before.h5") == int(found[1])
    assert f"{found[1]}  points were done before" in result.stdout
    with h5py.File(partial) as file:
        assert file.attrs["format_version"] == 2 and file["verdict"].attrs["flag_values"][0] == 0
        assert file["verdict"].attrs["flag_meanings"].startswith(b"none fixed_point")
        assert file.attrs["records_from"].startswith(f"{OLD}: dickemap 0.1.0 (git 3d7a619), GSL 2.7.1, created ")
        history = file.attrs["history"].decode()
    with h5py.File(tmp_path / "before.h5") as file:
        assert history.startswith(file.attrs["history"].decode() + "\n")
    assert ": made anew from a file of dickemap 0.1.0 (git 3d7a619): dickemap run " in history
    assert len(re.findall("^attempt: ", dickemap("info", "--all", OLD).stdout, re.MULTILINE)) == 2
    assert sorted(os.listdir(tmp_path)) == ["before.h5", OLD, JOB]
    # From here on in place.
    before = partial.stat().st_ino
    result = dickemap("run", JOB, "-o", OLD, "--resume", "--check")
    assert result.returncode == 0 and "made anew" not in result.stderr and "36  points were done before" in result.stdout
    assert partial.stat().st_ino == before


def test_only_whole_records_go_into_the_new_file(dickemap, old, tmp_path):
    with h5py.File(old, "r+") as file:
        file["xi"][3, 1, 0, 0] += 1e-9
    result = dickemap("run", JOB, "-o", OLD, "--resume")
    assert result.returncode == 0 and "; 1 are damaged (wrong checksum) and computed anew\n" in result.stderr
    assert not kept(old)[3, 1, 0]


def test_another_job_is_not_resumed_and_the_old_file_stays(refused, old):
    before = old.read_bytes()
    message = refused("run", JOB, "-o", OLD, "--resume", "--set", "model.Omega=0.6")
    assert "cannot be resumed" in message and "model.Omega" in message
    assert old.read_bytes() == before


def test_a_kill_leaves_the_old_file_or_the_new_one(program, mpi_environment, dickemap, old, tmp_path):
    """Killed at moments from before the new file is begun until after it has its name, the file is always whole, and the
    next run completes it."""
    original = old.read_bytes()

    def resume_and_kill(delay):
        """Kills `delay` seconds after the new file is begun, None: once it has its name; returns how long that took."""
        old.write_bytes(original)
        inode = old.stat().st_ino
        process = subprocess.Popen([program, "run", JOB, "-o", OLD, "--resume", "-q"], cwd=tmp_path, env=mpi_environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while (not list(tmp_path.glob(OLD + ".new-*")) and old.stat().st_ino == inode and process.poll() is None
               and time.monotonic() < deadline):
            pass
        begin = time.monotonic()
        while (delay is None and old.stat().st_ino == inode and process.poll() is None and time.monotonic() < deadline):
            pass
        duration = time.monotonic() - begin
        time.sleep(max(delay or 0, 0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        return duration

    seen = set()
    duration = resume_and_kill(None)
    for delay in [*(duration * i / 8 for i in range(13)), None]:
        resume_and_kill(delay)
        with h5py.File(old) as file:
            version = int(file.attrs["format_version"])
        seen.add(version)
        if version == 1:
            assert old.read_bytes() == original
        else:
            result = dickemap("verify", OLD, "--sample", 0)
            assert re.search(r"checksums: (\d+) checked, 0 differ\n", result.stdout)
            assert (names_of(old)[kept(old)] != "none").all()
    assert seen == {1, 2}
    result = dickemap("run", JOB, "-o", OLD, "--resume")
    assert result.returncode == 0, result.stderr
    assert sorted(os.listdir(tmp_path)) == [OLD, JOB]
    assert (fields_of(old)["status"] == 1).all()


# ---- records of an older method in a file of this version ----


def test_old_records_that_theory_contradicts_are_computed_again_in_place(dickemap, old, tmp_path):
    assert dickemap("run", JOB, "-o", "new.h5").returncode == 0
    with h5py.File(tmp_path / "new.h5", "r+") as file:
        code = {name: i for i, name in enumerate(file["verdict"].attrs["flag_meanings"].decode().split())}
        file["method"][0, 0, 0] = 1
        file["verdict"][0, 0, 0] = code["limit_cycle"]
        file["method"][3, 0, 0] = 1  # nothing to say against it
        file["verdict"][3, 0, 0] = code["fixed_point"]
    inode = (tmp_path / "new.h5").stat().st_ino
    result = dickemap("run", JOB, "-o", "new.h5", "--resume")
    assert result.returncode == 0
    assert "1 points of an older method are contradicted by theory; they are computed again\n" in result.stderr
    assert "35  points were done before" in result.stdout
    methods = fields_of(tmp_path / "new.h5")["method"]
    assert methods[0, 0, 0] == METHOD and methods[3, 0, 0] == 1 and (tmp_path / "new.h5").stat().st_ino == inode


# ---- readers ----


def test_the_python_reader_goes_by_names(old):
    dickemap = pytest.importorskip("dickemap")
    data = dickemap.open(old)
    names = names_of(old)
    assert dickemap.verdict_counts(data) == {name: int((names == name).sum()) for name in VERDICTS
                                             if (names == name).any()}
    assert (data.method == 1).all() and "how" not in data
    assert int(dickemap.is_verdict(data, "limit_cycle").sum()) == (names == "limit_cycle").sum()


# ---- what does not block ----


@pytest.mark.parametrize("resumed", [OLD, "new.h5"])
def test_another_title_does_not_block_a_resume(dickemap, old, resumed):
    assert dickemap("run", JOB, "-o", "new.h5").returncode == 0
    result = dickemap("run", JOB, "-o", resumed, "--resume", "--set", "title=Another title")
    assert result.returncode == 0, result.stderr
