# SPDX-License-Identifier: GPL-3.0-or-later
"""Real SIGKILLs while a grid grows and while shards are merged: the output is not there or sound, and the same command
brings it to its end."""

import os
import random
import time

import pytest

from files import N_POINTS, SLOWLY, contents, n_done, wrong_records

SEED = 5077


@pytest.fixture
def old(finish, job, tmp_path):
    """old.h5: half of the grid."""
    result = finish(tmp_path, "run", job, "-o", "old.h5", "--set", "axes.pattern.values=[2]", ranks=3)
    assert result.returncode == 0, result.err
    return tmp_path / "old.h5"


def check_sound(path):
    """Not there, or what is marked done is right; returns the number of points done."""
    if not path.exists():
        return 0
    wrong, done = wrong_records(path)
    assert wrong == 0 and done == n_done(path)
    return done


def test_an_extension_that_is_killed_is_resumed_by_the_same_command(start, finish, job, old, whole, tmp_path):
    chance = random.Random(SEED)
    path, before = tmp_path / "new.h5", old.read_bytes()
    command = ["run", job, "-o", "new.h5", "--extend", "old.h5", "--resume"]
    done = []
    for _ in range(8):
        process = start(tmp_path, *command, *SLOWLY)
        time.sleep(chance.uniform(0.02, 0.6))
        process.kill()
        process.communicate()
        done.append(check_sound(path))
        assert done[-1] == 0 or done[-1] >= N_POINTS // 2  # never without the old half
    assert sorted(done) == done
    result = finish(tmp_path, *command)
    assert result.returncode == 0, result.err
    assert contents(path) == whole and old.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["job.yaml", "new.h5", "old.h5"]


def test_a_merge_that_is_killed_leaves_no_file_or_a_whole_one(start, finish, job, old, tmp_path):
    chance = random.Random(SEED + 1)
    path = tmp_path / "merged.h5"
    sizes = set()
    for _ in range(12):
        process = start(tmp_path, "merge", "old.h5", "-o", "merged.h5", "--overwrite")
        time.sleep(chance.uniform(0.02, 0.25))
        process.kill()
        process.communicate()
        sizes.add(check_sound(path))
    assert sizes <= {0, N_POINTS // 2}
    result = finish(tmp_path, "merge", "old.h5", "-o", "merged.h5", "--overwrite")
    assert result.returncode == 0, result.err
    assert contents(path) == contents(old)
    assert sorted(os.listdir(tmp_path)) == ["job.yaml", "merged.h5", "old.h5"]
