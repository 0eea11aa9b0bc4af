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
import script_file

import numpy as np

import dickemap
from dickemap import models


def lacking(data):
    """Which starts or closed forms it has not, "" if it has all."""
    if data.sizes["perturbation"] != 2 or data.perturbation.min() != 0 or data.sizes["g0"] < 2:
        return ("expected two perturbations, one of them 0, and two values of g0 or more, "
                f"found perturbation {data.perturbation.values.tolist()} and {data.sizes['g0']} of g0")
    return models.beyond(data)


def one_sign(data):
    """The same of a check, for which there must be a g_ret."""
    if lack := lacking(data):
        return lack
    if np.ptp(np.sign(models.numbers(data, "Omega_mu"))) == 0:
        return ""
    return "of modes of both signs no pattern state is stable: there is no g_ret"


def open_thresholds(path, lacking=lacking, instead=""):
    """The file as a dataset over perturbation (0 first), pattern and g0, g0 rising."""
    fields = ("verdict", "xi", "retrieved", "precession", "n_unstable", "g_crit", "g_retrieve")
    data = script_file.opened(path, "jobs/retrieval_threshold.yaml", ("perturbation", "pattern", "g0"), fields, lacking=lacking,
                              instead=instead)
    return data.sortby(["perturbation", "g0"])


def couplings(data, nu):
    """g_nu of a pattern and its g_ret, NaN of modes of both signs; with the parameters of the file."""
    Omega_mu = models.numbers(data, "Omega_mu")
    g = dickemap.g_crit(models.number(data, "model.Omega"), Omega_mu, models.numbers(data, "kappa_mu"))
    has_one_sign = np.ptp(np.sign(Omega_mu)) == 0
    return float(g[nu - 1]), float(dickemap.g_retrieve(g[nu - 1], g.min())) if has_one_sign else np.nan


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
    g_nu, g_ret = couplings(data, nu)
    expected = g0 > (g_ret if tilted else g_nu)
    result = [f"g0 = {g:.9g}: retrieved {int(r)}" for g, r, wrong in
              zip(g0, one.retrieved.values, found != expected) if wrong]
    for name, theory in (("g_crit", g_nu), ("g_retrieve", g_ret)):
        wrong = ~(abs(one[name].values / theory - 1) <= tolerance) & dickemap.done(one).values
        result += [f"g0 = {g0[i]:.9g}: {name} {float(one[name][i]):.9g}, not {theory:.9g}" for i in np.flatnonzero(wrong)]
    xi = abs(one.xi.sel(mode=nu).values)
    # Spins that precess are shorter along their fields, by half the square of the amplitude.
    allowed = np.maximum(tolerance, np.nan_to_num(one.precession.values) ** 2)
    off = np.where(found, abs(xi - dickemap.xi_theory(g0, g_nu)), 0.0)
    result += [f"g0 = {g0[i]:.9g}: |xi| differs from Eq. (12) by {off[i]:.1e}" for i in np.flatnonzero(~(off <= allowed))]
    if not tilted:
        unstable = one.n_unstable.values > 0
        wrong = found & (unstable != ((g0 > g_nu) & (g0 < g_ret)))
        result += [f"g0 = {g0[i]:.9g}: n_unstable {int(one.n_unstable[i])}" for i in np.flatnonzero(wrong)]
    return result


@script_file.in_one_line
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="output of jobs/retrieval_threshold.yaml")
    parser.add_argument("--tolerance", type=float, default=1e-8, help="largest deviation of |xi| allowed (default 1e-8)")
    arguments = parser.parse_args()
    data = open_thresholds(arguments.file, one_sign)

    good = checks.all_are(data, checks.DECIDED, "decided")
    print("pattern  start                   fails up to   retrieves from   theory")
    for nu in data.pattern.values.astype(int):
        for tilted in (False, True):
            one = start(data, nu, tilted)
            below, above = threshold(one.g0.values, retrieves(one, nu))
            name, theory = ("g_ret" if tilted else "g_nu"), couplings(data, nu)[tilted]
            wrong = mistakes(data, nu, tilted, arguments.tolerance)
            good = good and not wrong and below <= theory <= above  # also False for NaN
            kind = f"tilted by {float(one.perturbation):.3g}" if tilted else "exact"
            print(f"{nu:7d}  {kind:<20} {below:14.6f} {above:16.6f}   {name} = {theory:.6f}"
                  f"{'' if not wrong else '   WRONG'}")
            for text in wrong[:5]:
                print(f"         {text}")
    step = float(np.diff(data.g0.values).max())
    print(f"{'passed' if good else 'FAILED'} (thresholds to the step of g0, {step:.2g}; |xi| to {arguments.tolerance:g})")
    return 0 if good else 3


if __name__ == "__main__":
    sys.exit(main())
