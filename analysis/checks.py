# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scripts that compare a file with theory have in common; they print what they find."""

import script_packages  # noqa: F401  (first: says which package is missing)

import dickemap

# Verdicts that say what a trajectory ends in, whatever that is.
DECIDED = ("fixed_point", "dark_precession", "limit_cycle", "quasiperiodic", "irregular", "heteroclinic")


def all_are(data, verdicts, word):
    """Whether every point has one of the verdicts; prints how many have, after the word, and the counts of all."""
    counts = dickemap.verdict_counts(data)
    n_points, n_good = data["status"].size, sum(counts.get(verdict, 0) for verdict in verdicts)
    print(f"points     {n_points}, {word} {n_good}: "
          + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return n_good == n_points


def largest(deviation):
    """NaN if any is NaN."""
    return float(deviation.max(skipna=False))


def all_within(differences, tolerance, width):
    """Whether all of {name: largest deviation} are within the tolerance (NaN is not); prints each, names in a column of
    that width."""
    for name, value in differences.items():
        print(f"{name:<{width}} differs from theory by at most {value:.1e}{'' if value <= tolerance else '   TOO MUCH'}")
    return all(value <= tolerance for value in differences.values())
