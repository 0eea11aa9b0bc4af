#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the starts of jobs/fig3.yaml, or of another job over g0 and pattern, with the closed forms, at every point.

Parameters are those of the file.  Each verdict must be decided; |xi| of the cue equal to Eq. (12), the other overlaps to 0; |alpha|^2
likewise.
Exit code 0: all within the tolerance; 1: the file is not what it should be; 3: a difference.
"""

import argparse
import sys

import checks  # (first: says which package is missing)
import script_file

import xarray as xr

import dickemap
from dickemap import models


def lacking(data):
    """Why Eq. (12) is not where the starts end, "" if it is."""
    return models.beyond(data) or ("" if models.is_exact(data) else "its starts are tilted (initial.perturbation)")


def open_fig3(path, instead=""):
    """The file as a dataset over g0 and pattern."""
    return script_file.opened(path, "jobs/fig3.yaml", ("g0", "pattern"), ("verdict", "xi", "occupation", "g_crit"), lacking=lacking,
                              instead=instead)


class Theory:
    """Closed forms with the parameters of a file; modes count from 1, in numbers or arrays."""

    def __init__(self, data):
        self.Omega, self.n_classes = models.number(data, "model.Omega"), float(data.attrs["alpha_factor"]) ** 2
        self.Omega_mu, self.kappa_mu = (xr.DataArray(models.numbers(data, name), coords={"mode": data["mode"]}, dims="mode")
                                        for name in ("Omega_mu", "kappa_mu"))
        self.g_crit = dickemap.g_crit(self.Omega, self.Omega_mu, self.kappa_mu)

    def xi(self, g0, mode):
        """|xi| of the pattern state of a mode."""
        return dickemap.xi_theory(g0, self.g_crit.sel(mode=mode))

    def occupation(self, g0, mode):
        return dickemap.occupation_theory(g0, self.xi(g0, mode), self.Omega_mu.sel(mode=mode), self.kappa_mu.sel(mode=mode),
                                          self.n_classes)


def differences(data):
    """Largest deviations from theory over all points that are done: {name: value}."""
    theory, mode = Theory(data), data["mode"]
    is_cue = data["pattern"] == mode
    xi_off = abs(abs(data["xi"]) - theory.xi(data["g0"], mode).where(is_cue, 0.0))
    occupation = theory.occupation(data["g0"], mode).where(is_cue, 0.0)

    return {
        "|xi| of the cue": checks.largest(xi_off.where(is_cue, 0.0)),
        "|xi| of the others": checks.largest(xi_off.where(~is_cue, 0.0)),
        "|alpha|^2": checks.largest(abs(data["occupation"] - occupation)),
        "g_crit": checks.largest(abs(data["g_crit"] - theory.g_crit.where(is_cue, 0.0).sum("mode"))),
    }


@script_file.in_one_line
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="output of jobs/fig3.yaml, or of another job over g0 and pattern")
    parser.add_argument("--tolerance", type=float, default=1e-8, help="largest deviation allowed (default 1e-8)")
    arguments = parser.parse_args()

    data = open_fig3(arguments.file)

    good = checks.all_are(data, checks.DECIDED, "decided")
    good = checks.all_within(differences(data), arguments.tolerance, width=19) and good
    print(f"{'passed' if good else 'FAILED'} (tolerance {arguments.tolerance:g})")
    return 0 if good else 3


if __name__ == "__main__":
    sys.exit(main())
