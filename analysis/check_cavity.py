#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the map of atoms in a cavity (jobs/cavity.yaml) with the closed forms, at every point.

With one mode every trajectory ends in a fixed point, and every verdict must say so.  |xi| must be that of Eq. (12) with
|Omega_1|, which is 0 up to the threshold g_c; the rate of decay towards the fixed point that of the quartic of its mode,
relative to its value.
Exit code 0: all within the tolerance; 1: the file is not what it should be; 3: a difference.
"""

import argparse
import sys

import checks  # (first: says which package is missing)
import script_file

import numpy as np

import dickemap

# Rates in 1/us, as in the job.
OMEGA = 0.025
KAPPA = 16.2


def decay_rate(Omega_mu, g0):
    """Of the slowest direction about the fixed point in which a start ends: the roots of
    (l^2 + 4 B^2) ((l + kappa/2)^2 + Omega_1^2) - 8 g0^2 |Omega_1| Omega^2/B = 0, B = Omega max(1, g0/g_c)^2."""
    ratio = (g0 / dickemap.g_crit(OMEGA, Omega_mu, KAPPA)) ** 2
    field = OMEGA * max(1.0, ratio)
    mode = [1.0, KAPPA, KAPPA**2 / 4 + Omega_mu**2]
    quartic = np.polymul([1.0, 0.0, 4 * field**2], mode)
    # The same without cancellation at the threshold, where the constant term vanishes.
    quartic[-1] = 4 * OMEGA**2 * mode[-1] * (ratio**2 - 1 if ratio > 1 else 1 - ratio)
    roots = np.roots(quartic)
    for _ in range(3):  # Newton: small roots beside large ones
        roots = roots - np.polyval(quartic, roots) / np.polyval(np.polyder(quartic), roots)
    return -roots.real.max()


def open_map(path, lacking=None, instead=""):
    """The file of one mode as a dataset over Omega_mu and g0, both rising."""
    with_one = "Omega_mu_1" in dickemap.open(path, fields="status").status.dims
    axes = ("Omega_mu_1" if with_one else "Omega_mu", "g0")
    data = script_file.opened(path, "jobs/cavity.yaml", axes, ("verdict", "xi", "g_crit", "decay_rate"), 1, lacking, instead)
    data = data.rename({"Omega_mu_1": "Omega_mu"}) if with_one else data
    return data.sortby(["Omega_mu", "g0"]).transpose("Omega_mu", "g0", "mode")


def other_numbers(data):
    """Whether it is not of the numbers of this job, in words."""
    Omega_mu = data["Omega_mu"] if "Omega_mu" in data.dims else data["Omega_mu_1"]
    own = data["g_crit"].where(dickemap.done(data))
    off = abs(own / dickemap.g_crit(OMEGA, Omega_mu, KAPPA) - 1)
    # Files of version 0.1.0 have NaN for Omega_mu < 0.
    if own.isnull().all() or off.max() > 1e-12:
        return f"expected Omega = {OMEGA:g} and kappa = {KAPPA:g}, but g_crit is that of others"
    return ""


def differences(data):
    """Largest deviations from theory over all points: {name: value}."""
    xi = dickemap.xi_theory(data["g0"], dickemap.g_crit(OMEGA, data["Omega_mu"], KAPPA))
    rate = np.array([[decay_rate(Omega_mu, g0) for g0 in data["g0"].values] for Omega_mu in data["Omega_mu"].values])

    return {
        "|xi|": checks.largest(abs(abs(data["xi"].isel(mode=0)) - xi)),
        "decay_rate": checks.largest(abs(data["decay_rate"] / rate - 1)),
    }


@script_file.in_one_line
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="output of jobs/cavity.yaml")
    parser.add_argument("--tolerance", type=float, default=1e-8, help="largest deviation allowed (default 1e-8)")
    arguments = parser.parse_args()
    data = open_map(arguments.file, other_numbers)

    good = checks.all_are(data, ("fixed_point",), "decided rightly")
    good = checks.all_within(differences(data), arguments.tolerance, width=10) and good
    print(f"{'passed' if good else 'FAILED'} (tolerance {arguments.tolerance:g})")
    return 0 if good else 3


if __name__ == "__main__":
    sys.exit(main())
