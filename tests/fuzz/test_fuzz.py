# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten minutes of invented job files, command lines and files of patterns; and what run.sh says to wrong arguments."""

import pathlib
import re
import subprocess

import pytest

RUN = pathlib.Path(__file__).with_name("run.sh")


@pytest.mark.long
@pytest.mark.parametrize("harness", ["job", "cli", "matrix"])
def test_ten_minutes_find_nothing(harness):
    result = subprocess.run([RUN, "600", harness], text=True, capture_output=True, timeout=1800)
    assert result.returncode == 0, result.stdout + result.stderr
    n_inputs = re.search(r"stat::number_of_executed_units: (\d+)", result.stdout)
    assert n_inputs and int(n_inputs[1]) > 10000, result.stdout


@pytest.mark.parametrize("arguments, message", [
    (["soon"], "'soon' is not a time (allowed: 1 ... 999999 seconds)"),
    (["0"], "'0' is not a time (allowed: 1 ... 999999 seconds)"),
    (["5", "jobs"], "unknown harness 'jobs' (allowed: job, cli, matrix)"),
])
def test_wrong_arguments_are_named(arguments, message):
    result = subprocess.run([RUN, *arguments], text=True, capture_output=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"tests/fuzz/run.sh: {message}\n")
