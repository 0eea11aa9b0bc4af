# SPDX-License-Identifier: GPL-3.0-or-later
"""What others plant: folders, links and FIFOs beside the output, files that lead elsewhere, texts for the terminal."""

import os
import shutil
import signal
import subprocess

import h5py
import numpy
import pytest

from files import SLOWLY, contents, message_of, n_done, wait_for
from test_unfinished import JOB as SLOW_JOB
from test_unfinished import OFTEN, SLOW, states

SMALL = ["--set", "axes.g0.points=5"]
PRECIOUS = "precious\n"


# ---- the folder of unfinished points ----


@pytest.fixture
def slow_job(tmp_path):
    (tmp_path / "job.yaml").write_text(SLOW_JOB)
    (tmp_path / "victim.txt").write_text(PRECIOUS)
    return "job.yaml"


def refused(finish, folder, why):
    before = sorted(os.listdir(folder))
    for how in ([], ["--resume"], ["--overwrite"]):
        result = finish(folder, "run", "job.yaml", "-o", "a.h5", *how)
        assert result.returncode == 1
        assert "a.h5.unfinished, where states of unfinished points are kept, " + why in message_of(result)
    assert sorted(os.listdir(folder)) == before


def test_a_link_in_place_of_the_folder_is_refused(finish, slow_job, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a.h5.unfinished").symlink_to("elsewhere")
    refused(finish, tmp_path, "is a link, not a folder")
    assert os.listdir(tmp_path / "elsewhere") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders to others")
def test_the_folder_of_another_user_is_refused_and_left_alone(finish, slow_job, tmp_path):
    tmp_path.chmod(0o1777)
    planted = tmp_path / "a.h5.unfinished"
    planted.mkdir()
    (planted / "3.new").symlink_to(tmp_path / "victim.txt")
    (planted / "4").write_text("state")
    os.chown(planted, 65534, 65534)
    refused(finish, tmp_path, "belongs to another user (uid 65534)")
    assert sorted(os.listdir(planted)) == ["3.new", "4"]
    assert (tmp_path / "victim.txt").read_text() == PRECIOUS


def test_a_folder_that_everybody_can_write_is_refused(finish, slow_job, tmp_path):
    (tmp_path / "a.h5.unfinished").mkdir()
    (tmp_path / "a.h5.unfinished").chmod(0o777)
    refused(finish, tmp_path, "can be written by everybody")


def test_links_and_fifos_in_the_folder_lead_nowhere(start, finish, slow_job, tmp_path):
    folder, victim = tmp_path / "a.h5.unfinished", tmp_path / "victim.txt"
    process = start(tmp_path, "run", slow_job, "-o", "a.h5", *OFTEN)
    wait_for(lambda: states(tmp_path / "a.h5") == SLOW or process.poll() is not None)
    for name in SLOW:
        try:
            (folder / f"{name}.new").symlink_to(victim)
        except FileExistsError:
            pass  # just being written
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 85 and victim.read_text() == PRECIOUS
    assert states(tmp_path / "a.h5") == SLOW and folder.stat().st_mode & 0o022 == 0
    (folder / SLOW[0]).unlink()
    os.mkfifo(folder / SLOW[0])
    (folder / SLOW[1]).unlink()
    (folder / SLOW[1]).symlink_to(victim)
    told = finish(tmp_path, "info", "--all", "a.h5")
    assert told.returncode == 0 and "unfinished: 1," in told.out and "2 damaged" in told.out
    result = finish(tmp_path, "run", slow_job, "-o", "a.h5", "--resume")
    assert result.returncode == 0 and "1  points went on inside" in result.out
    assert victim.read_text() == PRECIOUS and sorted(os.listdir(tmp_path)) == ["a.h5", "job.yaml", "victim.txt"]


# ---- files that lead elsewhere ----


def replace(file, name, kind, folder):
    """A dataset of a file by one that is not in it."""
    shape, dtype = file[name].shape, file[name].dtype
    attributes = {key: value for key, value in file[name].attrs.items() if key not in ("DIMENSION_LIST", "REFERENCE_LIST")}
    del file[name]
    if kind == "is a link into another file":
        file[name] = h5py.ExternalLink(folder / "victim.h5", name)
    elif kind == "is a soft link":
        file[name] = h5py.SoftLink("/xi_rms")
    elif kind == "keeps its values in another file (external storage)":
        file.create_dataset(name, shape, dtype=dtype, external=[(folder / "secret.bin", 0, h5py.h5f.UNLIMITED)])
    else:
        layout = h5py.VirtualLayout(shape, dtype)
        layout[...] = h5py.VirtualSource(folder / "victim.h5", name, shape)
        file.create_virtual_dataset(name, layout)
    if "link" not in kind:
        file[name].attrs.update(attributes)


@pytest.mark.parametrize("name", ["xi", "status", "g0"])
@pytest.mark.parametrize("kind", ["is a link into another file", "is a soft link", "gathers its values from other files",
                                  "keeps its values in another file (external storage)"])
def test_a_file_that_leads_elsewhere_is_refused(finish, job, tmp_path, kind, name):
    assert finish(tmp_path, "run", job, *SMALL, "-o", "a.h5").returncode == 0
    shutil.copy(tmp_path / "a.h5", tmp_path / "victim.h5")
    (tmp_path / "secret.bin").write_bytes(b"S" * 4096)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        del file.attrs["metadata_checksum"]  # as of a file that another program has copied
        file["status"][...] = 0
        replace(file, name, kind, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for arguments in (["run", job, *SMALL, "-o", "a.h5", "--resume"], ["run", job, *SMALL, "-o", "a.h5", "--overwrite"],
                      ["run", job, *SMALL, "-o", "b.h5", "--extend", "a.h5"], ["merge", "a.h5", "-o", "b.h5"],
                      ["info", "--all", "a.h5"], ["verify", "a.h5"]):
        result = finish(tmp_path, *arguments)
        assert result.returncode == 1 and f"its `{name}` {kind}" in message_of(result), result.err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_records_are_not_written_into_chunks(start, finish, job, tmp_path, whole):
    """A file that was repacked is read as it is, and made anew when it is resumed."""
    if not shutil.which("h5repack"):
        pytest.skip("no h5repack")
    process = start(tmp_path, "run", job, "-o", "a.h5", *SLOWLY)
    wait_for(lambda: n_done(tmp_path / "a.h5") > 0)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    subprocess.run(["h5repack", "-l", "xi:CHUNK=100x1x3", "-f", "xi:GZIP=1", "a.h5", "b.h5"], cwd=tmp_path, check=True)
    with h5py.File(tmp_path / "b.h5") as file:
        assert file["xi"].chunks
    assert finish(tmp_path, "info", "--all", "b.h5").returncode == 0
    result = finish(tmp_path, "run", job, "-o", "b.h5", "--resume")
    assert result.returncode == 0, result.err
    assert contents(tmp_path / "b.h5") == whole
    with h5py.File(tmp_path / "b.h5") as file:
        assert file["xi"].chunks is None


# ---- texts for the terminal ----


def test_nothing_in_a_file_reaches_the_terminal_as_a_command(finish, job, tmp_path):
    """Titles, commands and histories say what their writers want, also from jobs and as names of files."""
    evil = "\x1b[31m\x07\u009b2J\u202e"
    text = (tmp_path / job).read_text().replace("title: A second of work", 'title: "a\\u202e"')
    (tmp_path / job).write_text(text)
    name = f"{evil}.h5"
    runs = [finish(tmp_path, "run", job, *SMALL, "-o", name), finish(tmp_path, "plan", job, *SMALL)]
    assert [run.returncode for run in runs] == [0, 0], runs[0].err
    with h5py.File(tmp_path / name, "r+") as file:
        del file.attrs["metadata_checksum"]
        for key in ("title", "command", "host", "history", "dickemap_version", "job_file", "mpi_version"):
            history = f"2026-01-02T03:04:05Z: begun: {evil}; dickemap {evil}; {evil}\n"
            file.attrs[key] = history if key == "history" else "x" + evil
    shutil.copy(tmp_path / name, tmp_path / "b.h5")
    runs += [finish(tmp_path, "info", "--all", name), finish(tmp_path, "verify", name, "--sample", 0),
             finish(tmp_path, "merge", name, "-o", "c.h5"), finish(tmp_path, "run", job, *SMALL, "-o", name, "--resume"),
             finish(tmp_path, "run", job, *SMALL, "-o", name),
             finish(tmp_path, "run", job, "--set", "axes.g0.points=9", "-o", "d.h5", "--extend", name)]
    assert [run.returncode for run in runs] == [0, 0, 0, 0, 0, 0, 1, 0], [run.err for run in runs]
    for run in runs:
        assert not set(run.out + run.err) & set(evil) - set("[31m2J"), run.args
