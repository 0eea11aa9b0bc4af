# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit of frequencies that a job names, in its files."""

import h5py
import pytest

JOB = """unit: 2 pi kHz
model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5, 2.0], kappa_mu: [1.0]}
axes:
  - {name: g0, values: [0.4, 1.0]}
  - {name: duration, values: [10.0, 20.0]}
drive: {time: [0, 1], g0: [1, 2]}
"""


def units_of(path):
    with h5py.File(path) as file:
        return {name: field.attrs["units"].decode() for name, field in file.items() if "units" in field.attrs}, file.attrs["unit"]


def test_quantities_have_the_unit_of_the_job(dickemap, tmp_path):
    (tmp_path / "job.yaml").write_text(JOB)
    assert dickemap("run", "job.yaml").returncode == 0
    units, unit = units_of(tmp_path / "job.h5")
    assert unit in ("2 pi kHz", b"2 pi kHz")
    assert units["g0"] == units["decay_rate"] == units["g_crit"] == units["L_end"] == "2 pi kHz"
    assert units["duration"] == units["t_end"] == units["period"] == "1/(2 pi kHz)"
    assert units["power"] == units["power_error"] == "(2 pi kHz)^2"
    assert units["xi"] == units["alpha_re"] == units["steps"] == units["mode"] == "1"
    assert units["wall_time"] == "s"


def test_the_unit_makes_no_other_job(dickemap, tmp_path):
    (tmp_path / "job.yaml").write_text(JOB)
    assert dickemap("run", "job.yaml").returncode == 0
    (tmp_path / "job.yaml").write_text(JOB.replace("2 pi kHz", "MHz"))
    result = dickemap("run", "job.yaml", "--resume")  # which would keep the file's
    assert result.returncode == 1 and "its unit is 2 pi kHz, and that of the job MHz; --extend takes its points" in result.stderr
    result = dickemap("run", "job.yaml", "-o", "other.h5", "--extend", "job.h5")
    assert result.returncode == 0 and units_of(tmp_path / "other.h5")[0]["g0"] == "MHz"
    with h5py.File(tmp_path / "job.h5") as old, h5py.File(tmp_path / "other.h5") as new:
        assert (old["xi"][()] == new["xi"][()]).all()


def test_without_one_numbers_are_pure(dickemap, tmp_path):
    (tmp_path / "job.yaml").write_text(JOB.split("\n", 1)[1])
    assert dickemap("run", "job.yaml").returncode == 0
    units, unit = units_of(tmp_path / "job.h5")
    assert unit in ("1", b"1") and set(units.values()) == {"1", "s"}


@pytest.mark.parametrize("unit, message", [
    ("''", "unit is empty, but must be one, such as MHz"),
    ("x" * 41, "unit has 41 bytes, but must have at most 40"),
    ('"a\\x01b"', "unit holds a control character, but must be text"),
])
def test_other_units_are_refused(dickemap, tmp_path, unit, message):
    (tmp_path / "job.yaml").write_text(JOB.replace("2 pi kHz", unit))
    result = dickemap("run", "job.yaml")
    assert result.returncode == 1 and message in result.stderr and "job.yaml:1" in result.stderr
    assert not (tmp_path / "job.h5").exists()
