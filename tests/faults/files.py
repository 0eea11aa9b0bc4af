# SPDX-License-Identifier: GPL-3.0-or-later
"""The job of these tests, and what their files hold."""

import os
import time
import zlib

import h5py
import numpy

JOB = """\
title: A second of work
model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0]}
initial: {overlap: 1.0, perturbation: 1.0e-3}
axes:
  - {name: g0, from: 0.3, to: 1.5, points: 500}
  - {name: pattern, values: [1, 2]}
solver: {method: ensemble, tolerance: 1e-10, t_max: 1e5}
"""
N_POINTS = 1000
# For runs that are to be ended before they have come to their end: the same bits, some ten times as slow.  Others, and those
# that resume, need not wait.
SLOWLY = ["--cpu", "plain"]


def contents(path):
    """Bytes of every dataset but the one that is not reproducible."""
    with h5py.File(path) as file:
        return {name: file[name][()].tobytes() for name in file if name != "wall_time"}


def checksum_fields(file):
    """Names of the fields that the checksum covers, in their order."""
    names = file.attrs["checksum_fields"]
    return (names.decode() if isinstance(names, bytes) else names).split()


def wrong_records(path):
    """Number of points that are marked done although their record does not agree with its checksum; number done."""
    with h5py.File(path) as file:
        status, checksum = file["status"][()].ravel(), file["checksum"][()].ravel()
        columns = []
        for name in checksum_fields(file):
            values = numpy.ascontiguousarray(file[name][()].reshape(status.size, -1))
            if values.dtype.kind == "f":
                values[numpy.isnan(values)] = numpy.nan  # one NaN for all
            columns.append(values.view(numpy.uint8))
    rows = numpy.hstack(columns)
    done = numpy.flatnonzero(status)
    return sum((zlib.crc32(rows[i].tobytes()) or 1) != checksum[i] for i in done), done.size


def wait_for(condition, seconds=60):
    """Until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def n_done(path):
    """Points that are marked done; 0 without a file."""
    if not path.exists():
        return 0
    with h5py.File(path, locking=False) as file:
        return int((file["status"][()] != 0).sum())


def names_in(folder):
    """What a run has left in a folder, without points that a busy machine was in the middle of (over a tenth of a second)."""
    return sorted(set(os.listdir(folder)) - {"a.h5.unfinished"})


def message_of(process):
    """The one message of a run."""
    messages = [line for line in process.err.splitlines() if line.startswith("dickemap: ")]
    assert len(messages) == 1, process.err
    return messages[0].removeprefix("dickemap: ")
