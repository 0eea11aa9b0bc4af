# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders as a disk may hold them after a power loss (power_loss.py): no record marked done is wrong, and --resume completes
each of them without a person's help."""

import os

import pytest

from calls import Bench
from power_loss import CONTROLS, SCENARIOS, Replay


@pytest.fixture(scope="module", params=SCENARIOS, ids=lambda scenario: scenario.name)
def replay(request, program, tmp_path_factory):
    if "DICKEMAP_BUILD" not in os.environ:
        pytest.skip("DICKEMAP_BUILD does not name the folder of the library that logs calls")
    bench = Bench(program, os.environ["DICKEMAP_BUILD"])
    return Replay(bench, request.param, tmp_path_factory.mktemp("replay"))


def test_a_power_loss(replay):
    faults, n_marked = replay.images(6 if "slow" in replay.scenario.name else 12)
    assert not faults
    assert "slow" in replay.scenario.name or any(n_marked), "no image had a point that was done"


@pytest.mark.long
def test_power_losses(replay):
    faults, n_marked = replay.images(40 if "slow" in replay.scenario.name else 300, seed="long")
    assert not faults
    assert sum(n > 0 for n in n_marked) > 20


@pytest.mark.parametrize("control", CONTROLS)
def test_without_syncs_records_are_lost(replay, control):
    """The negative control: the replay finds what would go wrong."""
    if "slow" in replay.scenario.name:
        pytest.skip("few records, late")
    for seed in range(6):  # of ten images one in four or so is wrong, by chance
        faults, _ = replay.images(10, CONTROLS[control], seed=f"control {seed}", resume=False)
        if any(kind == "wrong" for _, kind, _ in faults):
            return
    pytest.fail("60 images without what was to be synced, and none is wrong")
