# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the system that fail while a run works on its output (sweep.py): whichever it is, the run ends with one message or
none, nothing wrong is marked done, and --resume goes on from there."""

import concurrent.futures
import os

import pytest

from calls import Bench
from sweep import CALLS, ERRORS, Case, Sweep, spread, table

BOUND = 120  # seconds; a run takes one or two
SPARSELY = pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.long)], ids=["some", "more"])  # of the calls


@pytest.fixture(scope="module")
def sweep(program, tmp_path_factory):
    if "DICKEMAP_BUILD" not in os.environ:
        pytest.skip("DICKEMAP_BUILD does not name the folder of the library that lets calls fail")
    return Sweep(Bench(program, os.environ["DICKEMAP_BUILD"]), tmp_path_factory.mktemp("sweep"), BOUND)


def fail(results):
    return [f"{result.case}: code {result.code}, {result.message}: {result.faults}" for result in results if result.faults]


def test_the_shim_sees_the_calls_of_all_ranks(sweep):
    assert sorted(sweep.counts("new", 1)) == [0] and sorted(sweep.counts("new", 3)) == [0, 1, 2]
    for counts in (sweep.counts("new", 1)[0], sweep.counts("new", 3)[0]):
        assert all(counts[call] > 0 for call in CALLS if call != "mkdir")
    assert all(sweep.counts("new", 3)[rank]["write"] > 0 for rank in (1, 2))


@pytest.mark.parametrize("case", [
    # one of each call, of ranks that write and of the one that creates
    "new:1:0:open:EIO:3:1", "new:3:1:open:EMFILE:1:0", "new:1:0:write:ENOSPC:20:0", "new:3:1:write:EIO:3:1",
    "new:3:1:write:short:3:1", "new:1:0:read:EIO:9:1", "new:1:0:fsync:EIO:1:1", "new:3:1:fdatasync:EIO:1:1",
    "new:3:1:fdatasync:EINTR:1:1", "new:1:0:rename:EIO:1:1", "new:3:all:close:EIO:1:0", "new:1:0:link:EMFILE:1:1",
    "new:1:0:unlink:EIO:1:0", "new:1:0:truncate:EIO:1:1", "resume:3:0:write:EIO:2:1", "states:1:0:mkdir:EIO:1:1",
    "overwrite:1:0:write:ENOSPC:20:0", "overwrite:3:1:write:EIO:3:1", "overwrite:1:0:rename:EIO:1:1"])
def test_a_call_that_fails(sweep, case):
    result = sweep.run(Case.parse(case))
    assert result.fired and not fail([result])


def test_no_rank_waits_for_one_that_cannot_open_the_file(sweep):
    for nth in range(1, sweep.counts("new", 3)[1]["open"] + 1):
        for how in ("EIO", "EMFILE"):
            assert not fail([sweep.run(Case("new", 3, "1", "open", how, nth, 1))])


def test_no_coordinate_is_lost_while_the_file_is_made(sweep):
    """A write of the many that lay out the file; whoever ignores it seals a coordinate of zeros."""
    for nth in range(2, 40, 6):
        assert not fail([sweep.run(Case("new", 1, "0", "write", "ENOSPC", nth, 1))])


def test_no_metadata_are_ruined_by_a_read_that_fails(sweep):
    """The last reads are those after the file has been made; what they miss must not be written back."""
    n = sweep.counts("new", 1)[0]["read"]
    for nth in range(n, 0, -max(n // 5, 1)):
        for how in ("EIO", "EINTR"):
            assert not fail([sweep.run(Case("new", 1, "0", "read", how, nth, 1))])


def test_no_sync_that_fails_is_passed_over(sweep):
    """The system tells it once; also the last one of a run."""
    results = [sweep.run(Case("new", 1, "0", call, "EIO", nth, 1)) for call in ("fsync", "fdatasync")
               for nth in range(1, sweep.counts("new", 1)[0][call] + 1)]
    assert sum(result.fired for result in results) >= 5
    assert not fail(results)


@SPARSELY
def test_a_file_that_cannot_be_read_is_no_fault_of_the_job(sweep, step):
    """One that is to be overwritten is read before: code 2, and it is left as it is."""
    n = sweep.counts("overwrite", 1)[0]
    results = [sweep.run(Case("overwrite", 1, "0", call, "EIO", nth, 1)) for call, every in (("open", 2), ("read", 70))
               for nth in range(1, n[call] + 1, every * step)]
    assert any(result.code == 2 for result in results)
    assert not fail(results)


@pytest.mark.long
def test_every_call_that_fails(sweep):
    """Hundreds of cases; with figures."""
    cases = spread(sweep.cases(), 2000)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(sweep.run, cases))
    print(table(results))
    assert sum(result.fired for result in results) >= 600
    assert {result.case.call for result in results if result.fired} == set(CALLS)
    assert {result.case.how for result in results if result.fired} == {*ERRORS, "short"}
    assert not fail(results)
