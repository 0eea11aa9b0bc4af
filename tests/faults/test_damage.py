# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that were cut, overwritten or flipped: no subcommand crashes, none takes wrong data for right ones, and what is
refused is left as it is."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import h5py
import numpy
import pytest

from files import contents, message_of

SMALL = """\
model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5, 2.0], kappa_mu: [1.0]}
initial: {overlap: 1.0}
axes:
  - {name: g0, from: 0.3, to: 1.5, points: 13}
  - {name: pattern, values: [1, 2]}
solver: {t_max: 1e5}
"""


@pytest.fixture(scope="module")
def sound(finish, tmp_path_factory):
    """A complete file of 26 points."""
    folder = tmp_path_factory.mktemp("sound")
    (folder / "small.yaml").write_text(SMALL)
    assert finish(folder, "run", "small.yaml", "-o", "sound.h5").returncode == 0
    return folder / "sound.h5"


@pytest.fixture
def damaged(sound, tmp_path):
    """A copy to damage, beside its job."""
    (tmp_path / "small.yaml").write_text(SMALL)
    return pathlib.Path(shutil.copy(sound, tmp_path / "a.h5"))


def places_of(path):
    """{class of bytes: positions, some of each}"""
    data = path.read_bytes()
    with h5py.File(path) as file:
        start = {name: file[name].id.get_offset() for name in file}
    return {
        "superblock": [0, 8, 40, 70], "root header": [96, 110, 120], "history": [data.index(b": dickemap run") + 5],
        "metadata checksum": [data.index(b"dickemap-metadata"), data.index(b"dickemap-metadata") + 24],
        "attribute": [data.index(b"CF-1.10") + 3, data.index(b"format_version"), data.index(b"gsl_version") + 2],
        "heap": [data.index(b"model.Omega = ") + 14, data.rindex(b"GCOL") + 1],
        "dataset header": [data.index(b"largest time derivative"), data.index(b"DIMENSION_LIST"), len(data) - 20],
        "coordinate": [start["g0"] + 7, start["mode"]],
        "raw data": [start["xi"] + 17, start["verdict"] + 3, start["steps"] + 8, start["wall_time"] + 15],
        "status": [start["status"], start["status"] + 25], "checksum": [start["checksum"] + 2],
    }


def invert(path, position):
    with open(path, "r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 0xFF]))


CLASSES = ["superblock", "root header", "history", "metadata checksum", "attribute", "heap", "dataset header", "coordinate",
           "raw data", "status", "checksum"]


@pytest.mark.parametrize("where, few", [(where, True) for where in CLASSES] + [
    pytest.param(where, False, marks=pytest.mark.long) for where in CLASSES])
def test_a_damaged_byte_is_told_or_mended_by_every_subcommand(finish, sound, damaged, where, few):
    right, sound_bytes = contents(sound), sound.read_bytes()
    for position in places_of(sound)[where][:1 if few else None]:
        damaged.write_bytes(sound_bytes)
        invert(damaged, position)
        before = damaged.read_bytes()
        told = finish(damaged.parent, "info", "--all", "a.h5")
        checked = finish(damaged.parent, "verify", "a.h5", "--sample", 0)
        assert damaged.read_bytes() == before
        resumed = finish(damaged.parent, "run", "small.yaml", "-o", "a.h5", "--resume", "--check", "-q")
        codes = [process.returncode for process in (told, checked, resumed)]
        if codes[2] == 0:
            assert contents(damaged) == right  # it was mended, or nothing that counts was hit
            assert codes[0] == 0 and codes[1] in (0, 3)
        else:  # refused with one message each, and left alone
            assert codes == [2, 2, 2], (where, position, told.err, checked.err, resumed.err)
            for process in (told, checked, resumed):
                assert "a.h5" in message_of(process) and "damaged" in message_of(process)
            assert damaged.read_bytes() == before
        expected = {"raw data": 0, "status": 0, "checksum": 0, "history": 0, "metadata checksum": None}.get(where, 2)
        assert expected is None or codes[2] == expected, (where, position, resumed.err)
        if where in ("status", "checksum"):
            assert codes[1] == 3


def flips(sound, first, end, step):
    tool = pathlib.Path(os.environ.get("DICKEMAP_BUILD", "."), "tests", "flip_bytes").resolve()
    if not tool.exists():
        pytest.skip("DICKEMAP_BUILD does not name a build folder with tests/flip_bytes")
    result = subprocess.run([tool, sound, *map(str, (first, end, step))], text=True, capture_output=True, timeout=7200)
    assert result.returncode == 0, result.stdout + result.stderr
    print(result.stdout)
    return {key: int(n) for key, n in re.findall(r"^([a-z ]+): (\d+)$", result.stdout, re.MULTILINE)}


def test_some_bytes_all_over_a_file(sound):
    counts = flips(sound, 3, 0, 509)
    assert counts["refused"] > 20 and counts["found"] > 10 and counts["harmless"] > 10
    assert counts["wrong"] + counts["crashed"] + counts["timed out"] == 0


@pytest.mark.long
def test_every_byte_of_a_file(sound):
    counts = flips(sound, 0, 0, 1)
    assert sum(counts.values()) >= 2 * sound.stat().st_size
    assert counts["wrong"] + counts["crashed"] + counts["timed out"] == 0


@pytest.mark.parametrize("length", [0, 7, 8, 3000, 60000, -1])
def test_a_truncated_file_is_refused_and_left_alone(finish, sound, damaged, length):
    os.truncate(damaged, length if length >= 0 else sound.stat().st_size + length)
    before = damaged.read_bytes()
    for arguments in (["info", "--all", "a.h5"], ["verify", "a.h5"], ["run", "small.yaml", "-o", "a.h5", "--resume", "--check"],
                      ["run", "small.yaml", "-o", "a.h5"], ["run", "small.yaml", "-o", "a.h5", "--overwrite"]):
        process = finish(damaged.parent, *arguments)
        assert process.returncode == (1 if length in range(8) or "--resume" not in arguments and arguments[0] == "run"
                                      else 2), process.err
        said = message_of(process)
        assert "a.h5" in said and ("not an HDF5 file" if length in range(8) else "is a damaged HDF5 file: ") in said
        assert damaged.read_bytes() == before


def test_another_format_is_refused_by_every_subcommand(finish, damaged):
    with h5py.File(damaged, "r+") as file:
        file.attrs.modify("format_version", 7)
        del file.attrs["metadata_checksum"]  # as a program that knows what it does
    before = damaged.read_bytes()
    for arguments in (["info", "--all", "a.h5"], ["verify", "a.h5"], ["run", "small.yaml", "-o", "a.h5", "--resume"]):
        process = finish(damaged.parent, *arguments)
        assert process.returncode == 1 and "has format 7 of dickemap's files" in message_of(process)
        assert damaged.read_bytes() == before


def test_metadata_changed_by_another_program_are_told_from_a_copy_and_from_additions(finish, damaged):
    """Changed in place: refused, until the checksum is taken away.  Copied or grown: taken as it is."""
    with h5py.File(damaged, "r+") as file:
        file["status"][3:5] = 0
        file["g0"].attrs.modify("units", numpy.bytes_("2"))
    process = finish(damaged.parent, "verify", "a.h5")
    assert process.returncode == 2 and "another program changed it" in message_of(process)
    assert "delete its attribute metadata_checksum" in message_of(process)
    subprocess.run(["h5repack", damaged, damaged.with_name("b.h5")], check=True)
    process = finish(damaged.parent, "run", "small.yaml", "-o", "b.h5", "--resume", "-q")
    assert process.returncode == 0 and "4  points in" in process.out
    assert "its history cannot be continued" in process.err
    shutil.copy(damaged, damaged.with_name("c.h5"))
    with h5py.File(damaged, "r+") as file:
        del file.attrs["metadata_checksum"]
    with h5py.File(damaged.with_name("c.h5"), "r+") as file:
        file["mine"] = numpy.zeros(1000)
    for name in ("a.h5", "b.h5", "c.h5"):
        process = finish(damaged.parent, "verify", name, "--sample", 0)
        assert process.returncode == 0 and "metadata: no checksum, another program has written this file" in process.out


def test_check_also_compares_status_with_verdict(finish, sound, damaged):
    with h5py.File(damaged, "r+") as file:
        file["status"][2, 1] = 2  # failed, says the status; a fixed point, says the record
    process = finish(damaged.parent, "run", "small.yaml", "-o", "a.h5", "--resume", "--check", "-q")
    assert process.returncode == 0 and "1 points were marked done but do not agree" in process.err
    assert contents(damaged) == contents(sound)


HOLD = """\
import h5py, sys, time
file = h5py.File(sys.argv[1], "a")
print("open", flush=True)
time.sleep(600)
"""


def test_a_file_that_a_reader_holds_open_for_writing_is_not_damaged(finish, sound, damaged):
    """HDF5 notes that in the superblock, and the note stays where the reader was killed."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, damaged], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "open\n"
    assert damaged.read_bytes() != sound.read_bytes()
    for _ in range(2):
        for command in (["info", "--all", "a.h5"], ["verify", "a.h5", "--sample", 0]):
            process = finish(damaged.parent, *command)
            assert process.returncode == 0, process.err
        holder.kill()
        holder.wait()
    assert damaged.read_bytes() != sound.read_bytes()
    with h5py.File(damaged) as file:
        assert file.attrs["format_version"] == 2
    with h5py.File(damaged, "r+") as file:
        file["status"][3, 0] = 0
    holder = subprocess.Popen([sys.executable, "-c", HOLD, damaged], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "open\n"
    holder.kill()
    holder.wait()
    process = finish(damaged.parent, "run", "small.yaml", "-o", "a.h5", "--resume", ranks=3)
    assert process.returncode == 0, process.err
    assert contents(damaged) == contents(sound)
    assert "another program has copied or changed it" not in process.err  # the history goes on
