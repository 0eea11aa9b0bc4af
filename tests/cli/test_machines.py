# SPDX-License-Identifier: GPL-3.0-or-later
"""Files from machines whose last digits differ: merged, extended and verified together. The other machine is this one
with machine.c preloaded."""

import pathlib
import platform
import re
import subprocess
import zlib

import h5py
import numpy
import pytest

SOURCE = pathlib.Path(__file__).parent / "machine.c"
TILT = ["--set", "initial.perturbation=1e-3"]
DIGITS = (r"(\d+) of them with other last digits, by at most (\d\.\de-\d\d), in ([A-Za-z_0-9]+): those of the file before "
          "are kept")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("machine") / "machine.so"
    subprocess.run(["cc", "-std=c11", "-O1", "-shared", "-fPIC", SOURCE, "-o", path, "-lgsl", "-lgslcblas", "-ldl", "-lm"],
                   check=True)
    return path


@pytest.fixture
def elsewhere(program, library, mpi_environment, tmp_path):
    """elsewhere(ARGUMENT, ...): the program on another machine; the finished process."""
    if b"__asan_init" in subprocess.run(["nm", "-D", program], capture_output=True).stdout:
        pytest.skip("sanitizers want to be preloaded themselves")

    def run(*arguments):
        return subprocess.run([program, *map(str, arguments)], cwd=tmp_path, text=True, capture_output=True,
                              env={**mpi_environment, "LD_PRELOAD": str(library)})

    return run


@pytest.fixture
def files(dickemap, elsewhere, job, tmp_path):
    """here.h5 and there.h5: the same points on two machines."""
    assert dickemap("run", job, *TILT, "-o", "here.h5").returncode == 0
    assert elsewhere("run", job, *TILT, "-o", "there.h5").returncode == 0
    here, there = records(tmp_path / "here.h5"), records(tmp_path / "there.h5")
    n_other = int((here["checksum"] != there["checksum"]).sum())
    assert n_other > 10 and (here["steps"] == there["steps"]).all()
    return n_other


def records(path):
    with h5py.File(path) as file:
        return {name: file[name][()] for name in file if file[name].shape[:2] == (13, 2) and name != "wall_time"}


def check_same(a, b):
    for name in a:
        numpy.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_overlapping_shards_of_two_machines_are_merged(dickemap, files, tmp_path):
    for first, second in (("here.h5", "there.h5"), ("there.h5", "here.h5")):
        result = dickemap("merge", first, second, "-o", "merged.h5", "--overwrite")
        assert result.returncode == 0, result.stderr
        told = re.search(rf"{second}: 0 points, 26 that were in a file before \({DIGITS}\)\n", result.stdout)
        assert int(told[1]) == files and 0 < float(told[2]) <= 1e-12 and told[3] in records(tmp_path / first)
        assert re.search(rf"^there.h5: records of GSL \S+ on elsewhere, here is GSL \S+ on {platform.machine()}: they agree "
                         r"to 1e-12", result.stdout, re.M)
        assert "here.h5: records of" not in result.stdout.replace("there", "")
        check_same(records(tmp_path / "merged.h5"), records(tmp_path / first))
    with h5py.File(tmp_path / "merged.h5") as file:
        assert all(re.search(r"dickemap .*, GSL \S+, created", line) for line in file.attrs["records_from"].splitlines())


def test_old_files_of_two_machines_are_extended(dickemap, files, job, tmp_path):
    result = dickemap("run", job, *TILT, "-o", "new.h5", "--extend", "there.h5", "--extend", "here.h5")
    assert result.returncode == 0, result.stderr
    said = result.stdout + result.stderr
    assert re.search(r"there.h5: records of GSL \S+ on elsewhere, here is", said)
    assert re.search(rf"here.h5: 0 of 26 points reused; 26 were in a file before \({DIGITS}\)", said)
    check_same(records(tmp_path / "new.h5"), records(tmp_path / "there.h5"))


def test_final_states_are_compared_too(dickemap, elsewhere, job, tmp_path):
    for run, name in ((dickemap, "here.h5"), (elsewhere, "there.h5")):
        assert run("run", job, *TILT, "--set", "output.state=final", "-o", name).returncode == 0
    assert dickemap("merge", "here.h5", "there.h5", "-o", "merged.h5").returncode == 0
    change(tmp_path / "there.h5", "m", (4, 1, 0, 2), lambda value: value + 1e-9)
    result = dickemap("merge", "here.h5", "there.h5", "-o", "again.h5")
    assert result.returncode == 1 and "another record of point 9 " in result.stderr and "(state is " in result.stderr


def test_a_run_goes_on_elsewhere_and_says_so(dickemap, elsewhere, job, tmp_path):
    assert elsewhere("run", job, *TILT, "--shard", "1/2", "-o", "part.h5").returncode == 0
    result = dickemap("run", job, *TILT, "--shard", "1/2", "-o", "part.h5", "--resume")
    assert result.returncode == 0
    assert re.search(r"part.h5: records of GSL \S+ on elsewhere, here is GSL", result.stdout + result.stderr)


# ---- what is more than digits ----


def crc(file, point):
    """As store.h says."""
    value = 0
    names = file.attrs["checksum_fields"]
    for name in (names.decode() if isinstance(names, bytes) else names).split():
        data = numpy.atleast_1d(file[name][point])
        if data.dtype.kind == "f":
            data = numpy.where(numpy.isnan(data), numpy.nan, data)
        value = zlib.crc32(data.astype(data.dtype.newbyteorder("<")).tobytes(), value)
    if "m" in file:
        m = file["m"][point]
        value = zlib.crc32(m.T.astype("<f8").tobytes(), value)
        value = zlib.crc32(file["beta_re"][point].astype("<f8").tobytes(), value)
        value = zlib.crc32(file["beta_im"][point].astype("<f8").tobytes(), value)
    return value or 1


def change(path, name, place, how):
    """Another value that its checksum agrees with."""
    with h5py.File(path, "r+") as file:
        assert crc(file, place[:2]) == file["checksum"][place[:2]]
        file[name][place] = how(file[name][place])
        file["checksum"][place[:2]] = crc(file, place[:2])


@pytest.mark.parametrize("name, how, said", [
    ("steps", lambda value: value + 1, "steps is"), ("decay_rate", lambda value: value * (1 + 1e-9), "decay_rate is"),
    ("t_end", lambda value: value + 1e-3, "t_end is"), ("amplitude", lambda value: 0.0, "amplitude is 0, not nan")])
def test_what_differs_by_more_is_refused_and_named(dickemap, files, tmp_path, name, how, said):
    change(tmp_path / "there.h5", name, (4, 1), how)
    result = dickemap("merge", "here.h5", "there.h5", "-o", "merged.h5")
    assert result.returncode == 1 and not (tmp_path / "merged.h5").exists()
    assert re.search(rf"there.h5 holds another record of point 9 \(g0=0.7, pattern=2\) than a file named before it "
                     rf"\({said}", result.stderr), result.stderr


# ---- verify ----


def again(result):
    line = re.search(r"^the same method again: (\d+) checked, (\d+) differ, (\d+) have the same bits, others agree to "
                     r"1e-12, deviation at most (\S+)$", result.stdout, re.M)
    return int(line[1]), int(line[2]), int(line[3]), float(line[4])


def test_verify_finds_the_same_bits_here_and_the_same_digits_of_elsewhere(dickemap, files):
    result = dickemap("verify", "here.h5", "--sample", 26)
    assert result.returncode == 0 and again(result) == (26, 0, 26, 0.0) and "arithmetic" not in result.stdout
    result = dickemap("verify", "there.h5", "--sample", 26)
    checked, differ, same, deviation = again(result)
    assert result.returncode == 0 and (checked, differ, same) == (26, 0, 26 - files) and 0 < deviation <= 1e-12
    assert re.search(rf"^arithmetic: records of GSL \S+ on elsewhere, here is GSL \S+ on {platform.machine()}: they agree to "
                     "1e-12", result.stdout, re.M)
    assert "result: complete, no difference" in result.stdout


def test_verify_sees_a_rate_that_only_the_same_method_knows(dickemap, files, tmp_path):
    change(tmp_path / "here.h5", "decay_rate", (4, 1), lambda value: value * (1 + 1e-9))
    result = dickemap("verify", "here.h5", "--sample", 26)
    assert result.returncode == 3 and again(result)[:3] == (26, 1, 25)
    assert re.search(r"^difference: point 9 \(g0=0.7, pattern=2\): decay_rate is \S+, the same method finds ", result.stdout,
                     re.M)


def test_steps_of_gsl_on_another_machine_are_not_compared(dickemap, elsewhere, job):
    few = ["--set", "solver.method=gsl", "--set", "axes.g0.points=3"]
    assert elsewhere("run", job, *TILT, *few, "-o", "there.h5").returncode == 0
    result = dickemap("verify", "there.h5")
    assert result.returncode == 0 and "the same method again: not compared, the file is of another machine" in result.stdout
    assert dickemap("run", job, *TILT, *few, "-o", "here.h5").returncode == 0
    assert again(dickemap("verify", "here.h5"))[:3] == (6, 0, 6)


STATES = """task: states
model: {{patterns: {patterns}, Omega: 0.5, Omega_mu: {Omega_mu}, kappa_mu: [1.0]}}
axes:
  - {{name: g0, from: 0.6, to: 2.4, points: 13}}
output: {{inverted: 1}}
"""


@pytest.mark.parametrize("Omega_mu", [[1.0, 1.3, 1.5], [1.0, 1.0, 1.0], [1.5, 2.0]])
def test_states_of_two_machines_are_the_same_images(dickemap, elsewhere, tmp_path, Omega_mu):
    (tmp_path / "states.yaml").write_text(STATES.format(patterns=len(Omega_mu), Omega_mu=Omega_mu))
    assert elsewhere("run", "states.yaml").returncode == 0
    result = dickemap("verify", "states.h5", "--sample", "13")
    assert result.returncode == 0, result.stdout
    with h5py.File(tmp_path / "states.h5") as file:
        assert (file["state_n_inverted"][()] == 1).any()
        xi = file["state_xi"][()]
        assert not (xi < 0).any()
        if len(set(Omega_mu)) == 1:
            assert not (numpy.diff(xi, axis=-1) > 1e-9).any()
