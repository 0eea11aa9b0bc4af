#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the measured retrieval thresholds (jobs/retrieval_threshold.yaml) with g_nu and g_ret, pattern by pattern.

Every start must be decided.  The exact start must retrieve its pattern at every g0 above g_nu and at none below, the
tilted one at every g0 above g_ret and at none below; where a pattern is retrieved, |xi| must be that of Eq. (12), up to
the square of the amplitude with which spins go on precessing, and the pattern state must be unstable between g_nu and
g_ret and stable above.
Exit code 0: so it is; 1: the file is not what it should be; 3: a difference.
"""

import argparse
import sys

import checks  # (first: says which package is missing)

import numpy as np

import dickemap


def open_thresholds(path, script):
    """The file as a dataset over perturbation (0 first), pattern and g0, g0 rising; exits with a message if it is none."""
    data = checks.open_file(path, script)
    axes = data["status"].sizes
    if set(axes) != {"perturbation", "pattern", "g0"}:
        sys.exit(f"{script}: {path}: expected the axes perturbation, pattern and g0, found {', '.join(axes)}")
    data = data.sortby(["perturbation", "g0"])
    if data.sizes["perturbation"] != 2 or data.perturbation[0] != 0 or data.sizes["g0"] < 2:
        sys.exit(f"{script}: {path}: expected two perturbations, one of them 0, and two values of g0 or more, "
                 f"found perturbation {data.perturbation.values.tolist()} and {data.sizes['g0']} of g0")
    return data


def start(data, nu, tilted):
    """The starts of one pattern, exact or tilted, over g0."""
    return data.sel(pattern=nu).isel(perturbation=int(tilted))


def retrieves(data, nu):
    """True where a start ended in the pattern that it began with, of either sign."""
    return (abs(data["retrieved"].astype(int)) == nu).values & dickemap.done(data).values


def threshold(g0, retrieved):
    """(last g0 that fails, first g0 from which on all succeed); NaN where there is none."""
    failing = np.flatnonzero(~retrieved)
    first = failing[-1] + 1 if failing.size else 0
    return (g0[first - 1] if first else np.nan), (g0[first] if first < g0.size else np.nan)


def mistakes(data, nu, tilted, tolerance):
    """What is not as theory has it, as texts."""
    one = start(data, nu, tilted)
    g0, found = one.g0.values, retrieves(one, nu)
    g_nu, g_ret = float(one.g_crit[0]), float(one.g_retrieve[0])
    expected = g0 > (g_ret if tilted else g_nu)
    result = [f"g0 = {g:.9g}: retrieved {int(r)}" for g, r, wrong in
              zip(g0, one.retrieved.values, found != expected) if wrong]
    xi = abs(one.xi.sel(mode=nu).values)
    # Spins that precess are shorter along their fields, by half the square of the amplitude.
    allowed = np.maximum(tolerance, np.nan_to_num(one.precession.values) ** 2)
    off = np.where(found, abs(xi - one.xi_theory.values), 0.0)
    result += [f"g0 = {g0[i]:.9g}: |xi| differs from Eq. (12) by {off[i]:.1e}" for i in np.flatnonzero(~(off <= allowed))]
    if not tilted:
        unstable = one.n_unstable.values > 0
        wrong = found & (unstable != ((g0 > g_nu) & (g0 < g_ret)))
        result += [f"g0 = {g0[i]:.9g}: n_unstable {int(one.n_unstable[i])}" for i in np.flatnonzero(wrong)]
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="output of jobs/retrieval_threshold.yaml")
    parser.add_argument("--tolerance", type=float, default=1e-8, help="largest deviation of |xi| allowed (default 1e-8)")
    arguments = parser.parse_args()
    data = open_thresholds(arguments.file, "check_threshold")

    good = checks.all_are(data, checks.DECIDED, "decided")
    print("pattern  start                   fails up to   retrieves from   theory")
    for nu in data.pattern.values.astype(int):
        for tilted in (False, True):
            one = start(data, nu, tilted)
            below, above = threshold(one.g0.values, retrieves(one, nu))
            name, theory = ("g_ret", one.g_retrieve) if tilted else ("g_nu", one.g_crit)
            wrong = mistakes(data, nu, tilted, arguments.tolerance)
            good = good and not wrong and below <= float(theory[0]) <= above  # also False for NaN
            kind = f"tilted by {float(one.perturbation):.3g}" if tilted else "exact"
            print(f"{nu:7d}  {kind:<20} {below:14.6f} {above:16.6f}   {name} = {float(theory[0]):.6f}"
                  f"{'' if not wrong else '   WRONG'}")
            for text in wrong[:5]:
                print(f"         {text}")
    step = float(np.diff(data.g0.values).max())
    print(f"{'passed' if good else 'FAILED'} (thresholds to the step of g0, {step:.2g}; |xi| to {arguments.tolerance:g})")
    return 0 if good else 3


if __name__ == "__main__":
    sys.exit(main())
