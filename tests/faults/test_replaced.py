# SPDX-License-Identifier: GPL-3.0-or-later
"""Outputs that somebody else replaces, cuts or overwrites while a run writes them: the run says so, and does not claim that
its results are there.  Where no name leads to them any more, it gives them one."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from calls import end
from files import JOB, SLOWLY, contents, message_of, n_done, names_in, wait_for
from machine import mpirun


def replace_by_name(other, output):
    """As rsync and editors do."""
    os.replace(other, output)


def cut(_, output):
    """As the shell's > does."""
    os.truncate(output, 0)


def overwrite(other, output):
    """As cp does: the same file, other bytes."""
    output.write_bytes(other.read_bytes())


def remove(_, output):
    output.unlink()


@pytest.fixture(scope="module")
def foreign(finish, tmp_path_factory):
    """A complete file of another job."""
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "job.yaml").write_text(JOB)
    result = finish(folder, "run", "job.yaml", "-o", "other.h5", "-q", "--set", "axes.g0.points=50")
    assert result.returncode == 0, result.err
    return folder / "other.h5"


@pytest.mark.parametrize("how", [replace_by_name, cut, overwrite, remove])
@pytest.mark.parametrize("ranks", [None, 3])
def test_an_output_that_is_not_ours_any_more(start, finish, tmp_path, foreign, whole, how, ranks):
    (tmp_path / "job.yaml").write_text(JOB)
    output, other = tmp_path / "a.h5", tmp_path / "other.h5"
    shutil.copy(foreign, other)
    process = start(tmp_path, "run", "job.yaml", "-o", "a.h5", "-q", *SLOWLY, ranks=ranks)
    wait_for(lambda: n_done(output) > 0)
    done = n_done(output)
    how(other, output)
    process.out, process.err = process.communicate(timeout=120)
    assert process.returncode == 2, process.err
    assert "a.h5" in message_of(process)
    assert "written to" not in process.out
    assert not (tmp_path / "a.h5.lock").exists()
    copies = list(tmp_path.glob("a.h5.rescued-*"))
    assert len(copies) == (1 if how in (replace_by_name, remove) else 0)
    if copies:
        assert f"what was done is in {copies[0].name}, which can be given the old name" in message_of(process)
        assert n_done(copies[0]) >= done
    if how is replace_by_name:
        assert output.read_bytes() == foreign.read_bytes()
    if how is not remove:
        left = output.read_bytes()
        again = finish(tmp_path, "run", "job.yaml", "-o", "a.h5", "-q", "--resume", ranks=ranks)
        assert again.returncode == 1 and "a.h5" in message_of(again)
        assert output.read_bytes() == left
    for copy in copies:
        assert_it_goes_on(finish, tmp_path, copy, whole, ranks)


def assert_it_goes_on(finish, folder, copy, whole, ranks):
    """A copy that is given the old name."""
    told = finish(folder, "info", "--all", copy.name)
    assert told.returncode == 0, told.err
    assert f"done: {n_done(copy)}" in told.out.splitlines(), told.out
    copy.rename(folder / "a.h5")
    again = finish(folder, "run", "job.yaml", "-o", "a.h5", "-q", "--resume", ranks=ranks)
    assert again.returncode == 0, again.err
    assert contents(folder / "a.h5") == whole
    assert finish(folder, "verify", "a.h5", "--sample", 0).returncode == 0


# Starts a program whose calls on the copy that it makes, which has its process id in its name, fail.
FAIL_ON_THE_COPY = 'exec env LD_PRELOAD="$0" CALLS_FOLDER="$(pwd -P)/a.h5.rescued-$$" "$@"'


@pytest.mark.parametrize("how", [replace_by_name, remove])
@pytest.mark.parametrize("elsewhere", [True, False])
@pytest.mark.parametrize("ranks,fault,reason", [(None, "open EMFILE 1 1", "Too many open files"),
                                                (None, "write ENOSPC 1 0", "No space left on device"),
                                                (3, "write ENOSPC 2 0", "No space left on device"),
                                                (None, "fsync EIO 1 1", "Input/output error")])
def test_a_copy_that_cannot_be_made(program, environment, tmp_path, foreign, how, ranks, fault, reason, elsewhere):
    """It is made in TMPDIR; if not even there, one message says both.  Nothing half made is left."""
    library = pathlib.Path(os.environ.get("DICKEMAP_BUILD", "."), "tests", "failing_calls.so").resolve()
    if not library.exists():
        pytest.skip("DICKEMAP_BUILD does not name a build folder with tests/failing_calls.so")
    folder, fired, refuge = tmp_path / "run", tmp_path / "fired", tmp_path / "refuge"
    folder.mkdir()
    refuge.mkdir()
    (folder / "job.yaml").write_text(JOB)
    shutil.copy(foreign, tmp_path / "other.h5")
    command = [*mpirun(ranks), "sh", "-c", FAIL_ON_THE_COPY, library, f"CALLS_FAIL={fault}", f"CALLS_FIRED={fired}",
               f"TMPDIR={refuge}", f"OMPI_MCA_orte_tmpdir_base={environment['TMPDIR']}", program, "run", "job.yaml", "-o",
               "a.h5", "-q", "--set", "axes.g0.points=30000"]  # so that the copy is written in pieces
    process = subprocess.Popen(command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    try:
        wait_for(lambda: n_done(folder / "a.h5") > 0)
        if not elsewhere:
            shutil.rmtree(refuge)  # not before: MPI begins with making TMPDIR (Open MPI 5), or with files in it
        how(tmp_path / "other.h5", folder / "a.h5")
        process.out, process.err = process.communicate(timeout=120)
    finally:
        end(process)
    assert fired.exists() and process.returncode == 2, process.err
    message = message_of(process)
    assert "a.h5 was removed or replaced by another program" in message
    if elsewhere:
        (copy,) = refuge.glob("a.h5.rescued-*")
        assert f"what was done is in {copy}, which" in message and n_done(copy) > 0
    else:
        assert re.search(rf"a\.h5 cannot be copied to a\.h5\.rescued-\d+: {reason}", message), message
        assert not refuge.exists()
    assert "written to" not in process.out
    assert names_in(folder) == (["a.h5", "job.yaml"] if how is replace_by_name else ["job.yaml"])
    if how is replace_by_name:
        assert (folder / "a.h5").read_bytes() == foreign.read_bytes()
