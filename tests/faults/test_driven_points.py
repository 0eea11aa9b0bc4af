# SPDX-License-Identifier: GPL-3.0-or-later
"""Ramps that take long: a run that ends inside them, or after them, goes on there with the same bits."""

import pytest

from files import SLOWLY, contents

# Ramps of a second or two, of losses and without; what follows is followed for as long.
JOB = """\
model: {patterns: 3, g0: 1.5, Omega: 0.5, Omega_mu: [1.5, -2.0, 2.5], kappa_mu: [1.0]}
initial: {overlap: 0.5, perturbation: 0.1}
drive: {time: [0, 0.5, 1], g0: [0.1, 1.2, 1]}
axes:
  - {name: duration, values: [1, 3e5]}
  - {name: gamma_down, values: [0, 0.001]}
  - {name: seed, values: [1, 2]}
solver: {t_max: 3e4, max_steps: 3000000}
output: {state: final}
"""


@pytest.fixture(scope="module")
def whole(finish, tmp_path_factory):
    folder = tmp_path_factory.mktemp("driven")
    (folder / "job.yaml").write_text(JOB)
    assert finish(folder, "run", "job.yaml", "-o", "whole.h5").returncode == 0
    return contents(folder / "whole.h5")


def test_runs_that_end_again_and_again_come_to_the_same_bits(finish, tmp_path, whole):
    (tmp_path / "job.yaml").write_text(JOB)
    n_inside = 0
    for _ in range(300):  # a busy machine gives it little of each second
        process = finish(tmp_path, "run", "job.yaml", "-o", "a.h5", "--resume", "--time-limit", "0:01", *SLOWLY)
        assert process.returncode == 85, process.err
        n_inside += "points went on inside" in process.out
        if n_inside == 2:
            break
    process = finish(tmp_path, "run", "job.yaml", "-o", "a.h5", "--resume")
    assert process.returncode == 0 and "points went on inside" in process.out and n_inside == 2, process.err
    assert contents(tmp_path / "a.h5") == whole


def test_a_job_with_more_durations_takes_what_is_known(finish, tmp_path):
    (tmp_path / "job.yaml").write_text(JOB.replace("[1, 3e5]", "[1, 10]").replace("t_max: 3e4", "t_max: 1e3"))
    assert finish(tmp_path, "run", "job.yaml", "-o", "old.h5").returncode == 0
    wider = finish(tmp_path, "run", "job.yaml", "-o", "new.h5", "--set", "axes.duration.values=[1, 3, 10]", "--extend", "old.h5")
    assert wider.returncode == 0 and "old.h5: 8 of 8 points reused" in wider.err, wider.err
    other = finish(tmp_path, "run", "job.yaml", "-o", "no.h5", "--set", "drive.g0=[0.1, 1.3, 1]", "--extend", "old.h5")
    assert other.returncode == 1 and "drive.g0" in other.err
