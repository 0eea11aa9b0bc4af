#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a computed Fig. 3 (jobs/fig3.yaml) with the closed forms, at every point.

Each verdict must be decided; |xi| of the cue equal to Eq. (12), the other overlaps to 0; |alpha|^2 likewise.
Exit code 0: all within the tolerance; 1: the file is not what it should be; 3: a difference.
"""

import argparse
import sys

import checks  # (first: says which package is missing)

import numpy as np
import xarray as xr

import dickemap

# Fig. 3 of the paper, rates in units of kappa.
N_MODES = 4
OMEGA = 0.5
KAPPA = 1.0
MU = np.arange(1, N_MODES + 1)
OMEGA_MU = OMEGA * (MU + 2)
N_CLASSES = 2 ** (N_MODES - 1)


def open_fig3(path, script, fields=None):
    """The file as a dataset; exits with a message if it is none of this job."""
    data = checks.open_file(path, script, fields)
    if set(data["xi"].dims) != {"g0", "pattern", "mode"} or data.sizes["mode"] != N_MODES:
        sys.exit(f"{script}: {path}: expected xi over g0, pattern and {N_MODES} modes, found {dict(data['xi'].sizes)}")
    return data


def differences(data):
    """Largest deviations from theory over all points that are done: {name: value}."""
    cue = data["pattern"]
    Omega_mu = xr.DataArray(OMEGA_MU, coords={"mode": data["mode"]}, dims="mode")
    g_nu = dickemap.g_crit(OMEGA, Omega_mu, KAPPA)
    is_cue = cue == data["mode"]
    xi = dickemap.xi_theory(data["g0"], g_nu).where(is_cue, 0.0)
    occupation = dickemap.occupation_theory(data["g0"], xi, Omega_mu, KAPPA, N_CLASSES)
    xi_off = abs(abs(data["xi"]) - xi)

    return {
        "|xi| of the cue": checks.largest(xi_off.where(is_cue, 0.0)),
        "|xi| of the others": checks.largest(xi_off.where(~is_cue, 0.0)),
        "|alpha|^2": checks.largest(abs(data["occupation"] - occupation)),
        "g_crit": checks.largest(abs(data["g_crit"] - g_nu.where(is_cue, 0.0).sum("mode"))),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="output of jobs/fig3.yaml")
    parser.add_argument("--tolerance", type=float, default=1e-8, help="largest deviation allowed (default 1e-8)")
    arguments = parser.parse_args()

    data = open_fig3(arguments.file, "check_fig3")

    good = checks.all_are(data, checks.DECIDED, "decided")
    good = checks.all_within(differences(data), arguments.tolerance, width=19) and good
    print(f"{'passed' if good else 'FAILED'} (tolerance {arguments.tolerance:g})")
    return 0 if good else 3


if __name__ == "__main__":
    sys.exit(main())
