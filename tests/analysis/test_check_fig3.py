# SPDX-License-Identifier: GPL-3.0-or-later
import h5py
import numpy as np
import pytest

import synthetic


def test_the_closed_forms_pass(script, closed_forms):
    result = script("check_fig3.py", closed_forms)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith("passed (tolerance 1e-08)\n")


@pytest.mark.parametrize("field, at, value, message", [
    ("xi", (39, 1, 1), 0.9, "of the cue"),
    ("xi", (39, 1, 0), 1e-7, "of the others"),
    ("xi", (0, 0, 0), 1e-7, "of the cue"),
    ("xi", (20, 3, 3), np.nan, "of the cue"),
    ("occupation", (39, 0, 0), 1.0, "alpha"),
    ("g_crit", (5, 0), 0.7, "g_crit"),
])
def test_one_wrong_number_is_found(script, closed_forms, field, at, value, message):
    with h5py.File(closed_forms, "a") as file:
        file[field][at] = value
    result = script("check_fig3.py", closed_forms)
    assert result.returncode == 3
    assert [line for line in result.stdout.splitlines() if message in line and "TOO MUCH" in line]


def test_an_undecided_point_is_found(script, closed_forms):
    with h5py.File(closed_forms, "a") as file:
        file["verdict"][3, 2] = synthetic.code("undecided")
    result = script("check_fig3.py", closed_forms)
    assert result.returncode == 3
    assert "decided 159: 159 fixed_point, 1 undecided" in result.stdout


def test_a_point_left_to_do_is_found(script, tmp_path):
    result = script("check_fig3.py", synthetic.write(tmp_path / "part.h5", to_do=[17]))
    assert result.returncode == 3
    assert "1 to_do" in result.stdout


def test_a_missing_file_is_named(script):
    result = script("check_fig3.py", "nowhere.h5")
    assert result.returncode == 1
    assert "nowhere.h5" in result.stderr and "Traceback" not in result.stderr


def test_a_file_of_another_job_is_refused(script, tmp_path):
    result = script("check_fig3.py", synthetic.write_cavity(tmp_path / "cavity.h5", 4))
    assert result.returncode == 1
    assert "not of a job like jobs/fig3.yaml: it has no occupation" in result.stderr and len(result.stderr.splitlines()) == 1


def test_parameters_are_those_of_the_file(script, closed_forms):
    with h5py.File(closed_forms, "a") as file:
        file.attrs["job_canonical"] = file.attrs["job_canonical"].replace("model.Omega = 0.5", "model.Omega = 0.6")
    result = script("check_fig3.py", closed_forms)
    assert result.returncode == 3 and result.stdout.count("TOO MUCH") == 3


def test_the_program_passes(script, computed):
    result = script("check_fig3.py", computed)
    assert result.returncode == 0, result.stdout + result.stderr
