# SPDX-License-Identifier: GPL-3.0-or-later
"""dickemap basins, from outside: against counts in Python of what the file says."""

import collections
import csv
import io
import math

import h5py
import pytest

JOB = """model:
  patterns: 3
  Omega: 0.5
  Omega_mu: [1.5, 2.0, 2.5]
  kappa_mu: [1.0]
initial: {pattern: 3, overlap: 0.8}
axes:
  - {name: g0, values: [0.5, 1.3]}
  - {name: seed, from: 1, to: 40, points: 40}
  - {name: perturbation, values: [0.1, 0.3, 0.6]}
"""
Z = 1.959963984540054


@pytest.fixture
def file(dickemap, tmp_path):
    (tmp_path / "tilted.yaml").write_text(JOB)
    result = dickemap("run", "tilted.yaml", "-o", "tilted.h5", "-q")
    assert result.returncode == 0, result.stderr
    return tmp_path / "tilted.h5"


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def wilson(k, n):
    """By bisection of |k/n - p| = z sqrt(p (1 - p)/n)."""
    def limit(low, high, sign):
        for _ in range(200):
            p = 0.5 * (low + high)
            out = sign * (p - k / n) > Z * math.sqrt(p * (1 - p) / n)
            low, high = (low, p) if out == (sign > 0) else (p, high)
        return p
    return limit(0, k / n, -1) if k else 0, limit(k / n, 1, 1) if k < n else 1


def outcome(data, index):
    nu = int(data["retrieved"][index])
    names = data["verdict"].attrs["flag_meanings"]
    values = list(data["verdict"].attrs["flag_values"])
    verdict = (names.decode() if isinstance(names, bytes) else names).split()[values.index(data["verdict"][index])]
    assert verdict in ("fixed_point", "dark_precession", "relaxing")
    return f"pattern {'+' if nu > 0 else '-'}{abs(nu)}" if nu else "no pattern"


def test_probabilities_are_those_of_the_records(dickemap, file):
    result = dickemap("basins", file)
    assert result.returncode == 0, result.stderr
    rows = table(result.stdout)
    assert list(rows[0])[:2] == ["g0", "perturbation"]
    seen = set()
    with h5py.File(file) as data:
        for i, g0 in enumerate(data["g0"]):
            for j, tilt in enumerate(data["perturbation"]):
                counts = collections.Counter(outcome(data, (i, s, j)) for s in range(40))
                cell = [row for row in rows if float(row["g0"]) == g0 and float(row["perturbation"]) == tilt]
                assert {row["outcome"]: int(row["count"]) for row in cell} == counts
                assert [int(row["count"]) for row in cell] == sorted(counts.values(), reverse=True)
                for row in cell:
                    seen.add(row["outcome"])
                    assert (row["n"], row["undecided"], row["not_computed"]) == ("40", "0", "0")
                    assert float(row["probability"]) == pytest.approx(counts[row["outcome"]] / 40)
                    assert [float(row["low"]), float(row["high"])] == pytest.approx(wilson(counts[row["outcome"]], 40), abs=1e-9)
                    assert float(row["entropy"]) == pytest.approx(
                        sum(-c / 40 * math.log(c / 40) for c in counts.values()), abs=1e-9)
    assert "no pattern" in seen and len(seen) >= 4


def test_what_is_not_computed_is_counted_apart_from_what_is_undecided(dickemap, file):
    with h5py.File(file, "r+") as data:
        names = data["verdict"].attrs["flag_meanings"]
        names = (names.decode() if isinstance(names, bytes) else names).split()
        data["verdict"][0, 10:13, 0] = data["verdict"].attrs["flag_values"][names.index("undecided")]
        data["status"][0, :10, 0] = 0
    rows = table(dickemap("basins", file).stdout)
    first = [row for row in rows if float(row["g0"]) == 0.5 and float(row["perturbation"]) == 0.1]
    assert [(row["n"], row["undecided"], row["not_computed"], row["outcome"]) for row in first] == [("27", "3", "10", "no pattern")]
    assert float(first[0]["low"]) == pytest.approx(wilson(27, 27)[0], abs=1e-9)


def test_cells_without_any_outcome_have_a_line(dickemap, file):
    with h5py.File(file, "r+") as data:
        data["status"][1, :, 1] = 0
    rows = table(dickemap("basins", file).stdout)
    row, = [row for row in rows if float(row["g0"]) == 1.3 and float(row["perturbation"]) == 0.3]
    assert [row[name] for name in ("n", "undecided", "not_computed", "count", "probability", "low", "high")] == \
        ["0", "0", "40", "0", "", "0", "1"]


def test_the_starts_of_cells_that_are_not_computed_are_counted_apart_too(dickemap, tmp_path):
    (tmp_path / "counted.yaml").write_text(JOB.replace("axes:", "reduce: seed\naxes:"))
    assert dickemap("run", "counted.yaml", "-o", "counted.h5", "-q").returncode == 0
    with h5py.File(tmp_path / "counted.h5", "r+") as data:
        data["status"][1, 2] = 0
    rows = table(dickemap("basins", "counted.h5").stdout)
    cells = {(row["g0"], row["perturbation"]): (row["n"], row["undecided"], row["not_computed"]) for row in rows}
    assert cells.pop(max(cells)) == ("0", "0", "40") and set(cells.values()) == {("40", "0", "0")}


def test_any_axis_may_be_counted_over(dickemap, file):
    rows = table(dickemap("basins", file, "--over", "perturbation").stdout)
    assert list(rows[0])[:2] == ["g0", "seed"] and {row["n"] for row in rows} == {"3"}


def test_an_axis_that_does_not_exist_is_refused(dickemap, file, tmp_path):
    result = dickemap("basins", file, "--over", "kappa_mu")
    assert result.returncode == 1 and "g0, seed, perturbation" in result.stderr and result.stdout == ""
    (tmp_path / "line.yaml").write_text(JOB.replace("  - {name: seed, from: 1, to: 40, points: 40}\n", ""))
    assert dickemap("run", "line.yaml", "-o", "line.h5", "-q").returncode == 0
    result = dickemap("basins", "line.h5")
    assert result.returncode == 1 and "--over" in result.stderr


def test_other_files_are_refused(dickemap, tmp_path):
    (tmp_path / "text.h5").write_text("no file of dickemap")
    for arguments in (["text.h5"], ["missing.h5"], []):
        result = dickemap("basins", *arguments)
        assert result.returncode == 1 and len(result.stderr.splitlines()) == 1


def test_values_of_axes_are_as_short_as_they_read_back(dickemap, job):
    assert dickemap("run", job, "-o", "g.h5", "-q", "--set", "axes.g0.values=[0.1, 0.7, 0.8, 1.1]").returncode == 0
    rows = dickemap("basins", "g.h5", "--over", "pattern").stdout.splitlines()
    assert list(dict.fromkeys(row.split(",")[0] for row in rows)) == ["g0", "0.1", "0.7", "0.8", "1.1"]
