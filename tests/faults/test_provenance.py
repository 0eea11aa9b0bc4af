# SPDX-License-Identifier: GPL-3.0-or-later
"""Each attempt of a run is in the history of its file, and nothing else of the file but records ever changes."""

import pathlib
import re
import shutil
import signal
import subprocess

import h5py
import numpy
import pytest

from files import JOB, N_POINTS, SLOWLY, contents, n_done, wait_for

DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
BEGUN = (rf"{DATE}: begun: (?P<done>\d+) of {N_POINTS} points done; dickemap (?P<version>[^;]+ \(git [^;)]+\)); "
         r"(?P<cpu>[^;]+); GSL [\d.]+ on \w+, HDF5 [\d.]+, [^;]+; (?P<ranks>\d+) ranks? on (?P<hosts>[^;]+); "
         r"(batch job (?P<job>\w+), restart (?P<restart>\d+); )?(?P<command>dickemap run .*)")
ENDED = rf"{DATE}: ended after [\d.e+]+ \w+: (?P<done>\d+) of {N_POINTS} points done; (?P<how>.*)"


def lines_of(path):
    with h5py.File(path, locking=False) as file:
        return file.attrs["history"].decode().split("\n")


def metadata_of(path):
    """All bytes but the raw data on the grid and the room of the history."""
    data = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        regions = [(file[name].id.get_offset(), file[name].id.get_storage_size()) for name in file
                   if file[name].shape[:2] == file["status"].shape]
        regions.append((data.index(file.attrs["history"][:40]), 48 * 1024))
    for offset, length in regions:
        data[offset:offset + length] = bytes(length)
    return bytes(data)


@pytest.fixture(scope="module")
def attempts(start, finish, tmp_path_factory):
    """A file on which three runs worked: one stopped in good order, one was killed, one finished. Also: its metadata
    and history at each stage, and what `info` said while the second was under way."""
    folder = tmp_path_factory.mktemp("attempts")
    (folder / "job.yaml").write_text(JOB)
    path, stages, history, told = folder / "a.h5", [], [], None
    process = start(folder, "run", "job.yaml", "-o", "a.h5", *SLOWLY, ranks=3)
    wait_for(lambda: n_done(path) > 0)
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=60)
    assert process.returncode == 85
    stages.append(metadata_of(path))
    history.append(lines_of(path))
    before = n_done(path)
    process = start(folder, "run", "job.yaml", "-o", "a.h5", "--resume", *SLOWLY,
                    variables={"SLURM_JOB_ID": "77", "SLURM_RESTART_COUNT": "2", "SLURM_JOB_END_TIME": "9999999999"})
    wait_for(lambda: n_done(path) > before)
    told = finish(folder, "info", "--all", "a.h5").out
    process.kill()
    process.communicate()
    stages.append(metadata_of(path))
    history.append(lines_of(path))
    assert finish(folder, "run", "job.yaml", "-o", "a.h5", "--resume", ranks=2).returncode == 0
    stages.append(metadata_of(path))
    history.append(lines_of(path))
    return {"path": path, "stages": stages, "history": history, "told": told}


def test_each_attempt_is_in_the_history(attempts):
    lines = attempts["history"][-1]
    assert re.fullmatch(rf"{DATE}: dickemap run job.yaml -o a.h5 --cpu plain", lines[0])
    first, stopped, second, third, complete = [re.fullmatch(pattern, line) for pattern, line in zip(
        (BEGUN, ENDED, BEGUN, BEGUN, ENDED), lines[1:])]
    assert len(lines) == 6
    assert (first["done"], first["ranks"], first["job"], first["cpu"]) == ("0", "3", None, "plain")
    assert stopped["how"] == "stopped early (signal USR1)" and second["done"] == stopped["done"]
    assert (second["ranks"], second["job"], second["restart"], second["cpu"]) == ("1", "77", "2", "plain")
    assert second["command"] == "dickemap run job.yaml -o a.h5 --resume --cpu plain"
    assert int(second["done"]) < int(third["done"]) < N_POINTS and third["ranks"] == "2"
    assert (complete["done"], complete["how"]) == (str(N_POINTS), "complete")


def test_the_history_only_grows_and_metadata_stay_as_they_are(attempts, whole):
    for before, after in zip(attempts["history"], attempts["history"][1:]):
        assert after[:len(before)] == before and len(after) > len(before)
    assert attempts["stages"][0] == attempts["stages"][1] == attempts["stages"][2]
    assert contents(attempts["path"]) == whole


def test_info_lists_attempts_also_while_a_run_is_under_way(attempts, finish):
    told = [line for line in attempts["told"].splitlines() if line.startswith("attempt: ")]
    assert len(told) == 2 and told[1].endswith("; no end recorded: still under way, or killed")
    lines = finish(attempts["path"].parent, "info", "--all", "a.h5").out.splitlines()
    told = [line.removeprefix("attempt: ") for line in lines if line.startswith("attempt: ")]
    history = attempts["history"][-1]
    assert told == [f"{history[1]}; {history[2]}", f"{history[3]}; no end recorded", f"{history[4]}; {history[5]}"]
    best = re.fullmatch(BEGUN, history[4])["cpu"]
    assert f"instruction set: plain; {best}" in lines or best == "plain" and "instruction set: plain" in lines


def test_info_prints_each_attempt_on_a_line_of_its_own(finish, tmp_path):
    """Also those that were killed, one after the other, and an end whose beginning is left out."""
    (tmp_path / "job.yaml").write_text(JOB)
    assert finish(tmp_path, "run", "job.yaml", "-o", "a.h5", "-q", "--set", "axes.g0.points=3").returncode == 0
    begun = [f"2026-01-02T03:04:0{i}Z: begun: 0 of 6 points done; dickemap 1; plain; GSL 2 on x; 1 rank on y; run {i}"
             for i in range(5)]
    ended = "2026-01-02T04:00:00Z: ended after 5 s: 6 of 6 points done; complete"
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        first = file.attrs["history"].decode().split("\n")[0]
        del file.attrs["metadata_checksum"]  # this change is meant
        file.attrs["history"] = numpy.bytes_("\n".join([first, ended, *begun[:3], ended, *begun[3:]]))
    result = finish(tmp_path, "info", "--all", "a.h5")
    assert result.returncode == 0, result.err
    assert [line for line in result.out.splitlines() if "begun: " in line or "ended after " in line] == [
        f"attempt: {ended}", f"attempt: {begun[0]}; no end recorded", f"attempt: {begun[1]}; no end recorded",
        f"attempt: {begun[2]}; {ended}", f"attempt: {begun[3]}; no end recorded",
        f"attempt: {begun[4]}; no end recorded: still under way, or killed"]


def test_another_version_that_computed_a_part_is_told(attempts, finish, tmp_path):
    path = pathlib.Path(shutil.copy(attempts["path"], tmp_path / "b.h5"))
    version = re.fullmatch(BEGUN, attempts["history"][-1][1])["version"].encode()
    other = b"9" + version[1:]
    data = path.read_bytes()
    place = data.rindex(b"dickemap " + version, 0, data.index(b"points done; complete"))
    path.write_bytes(data[:place] + b"dickemap " + other + data[place + 9 + len(version):])
    lines = finish(tmp_path, "info", "--all", "b.h5").out.splitlines()
    assert f"version: {version.decode()}; {other.decode()}" in lines


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray_reads_the_history(attempts, engine):
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(attempts["path"], engine=engine) as data:
        assert data.attrs["history"].split("\n") == attempts["history"][-1]


def test_ncdump_and_h5dump_read_the_history(attempts):
    last = attempts["history"][-1][-1]
    header = subprocess.run(["ncdump", "-h", attempts["path"]], check=True, text=True, capture_output=True).stdout
    assert f'{last}" ;' in header and "\\000" not in header
    dump = subprocess.run(["h5dump", "-a", "history", attempts["path"]], check=True, text=True, capture_output=True).stdout
    assert last.split(": ", 1)[1] in dump.replace("\n", "") and "\\000" not in dump


def test_a_history_that_is_full_keeps_the_latest(attempts, finish, tmp_path):
    path = pathlib.Path(shutil.copy(attempts["path"], tmp_path / "a.h5"))
    (tmp_path / "job.yaml").write_text(JOB)
    data, full = path.read_bytes(), b"\nanother line" * 10000
    place = data.index(b"points done; complete") + len(b"points done; complete")
    start = data.index(attempts["history"][-1][0].encode())
    left = start + 48 * 1024 - 1 - place
    path.write_bytes(data[:place] + full[:left] + data[place + left:])
    with h5py.File(path, "r+") as file:
        file["status"][7, 1] = 0
    assert finish(tmp_path, "run", "job.yaml", "-o", "a.h5", "--resume").returncode == 0
    lines = lines_of(path)
    assert lines[0] == attempts["history"][0][0] and re.fullmatch(r"\(\d+ lines left out\)", lines[1])
    assert re.fullmatch(BEGUN, lines[-2])["done"] == str(N_POINTS - 1) and re.fullmatch(ENDED, lines[-1])
    assert finish(tmp_path, "verify", "a.h5", "--sample", 0).returncode == 0
