# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed forms for unit spins, Omega != 0, without losses of single spins, imbalance and drives.

They hold for either sign of Omega and of Omega_mu, with absolute values; arguments are numbers or arrays that broadcast."""

from __future__ import annotations

from typing import Union

import numpy as np
import xarray as xr

from .arguments import numbers

Numbers = Union[float, np.ndarray, "xr.DataArray"]


def _checked(**values):
    """Arguments as numbers of numpy, by their names."""
    return [numbers(name, value) for name, value in values.items()]


def g_crit(Omega: Numbers, Omega_mu: Numbers, kappa_mu: Numbers) -> Numbers:
    """Coupling from which on the mode's pattern state exists, in the unit of the rates."""
    Omega, Omega_mu, kappa_mu = _checked(Omega=Omega, Omega_mu=Omega_mu, kappa_mu=kappa_mu)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(abs(Omega / (2.0 * Omega_mu)) * (Omega_mu**2 + kappa_mu**2 / 4))


def g_retrieve(g_crit: Numbers, g_crit_least: Numbers) -> Numbers:
    """Coupling from which on a pattern state is stable against tilts of single spins, where the least g_crit of all modes is
    g_crit_least.  For modes whose Omega_mu all have one sign; of others no pattern state is stable."""
    g_crit, g_crit_least = _checked(g_crit=g_crit, g_crit_least=g_crit_least)
    return g_crit * np.sqrt(g_crit / g_crit_least)


def xi_theory(g0: Numbers, g_crit: Numbers) -> Numbers:
    """|xi| of a pattern state: Eq. (12)."""
    g0, g_crit = _checked(g0=g0, g_crit=g_crit)
    ratio = np.minimum(g_crit / np.maximum(g0, 1e-300), 1)  # 1 below the threshold, also at g0 = 0
    return np.sqrt(1 - ratio**4)


def x_theory(g0: Numbers, g_crit: Numbers, Omega: Numbers, Omega_mu: Numbers) -> Numbers:
    """x of every spin in a pattern state, and in the normal state below g_crit: on the side -sign(Omega Omega_mu)."""
    g0, g_crit, Omega, Omega_mu = _checked(g0=g0, g_crit=g_crit, Omega=Omega, Omega_mu=Omega_mu)
    ratio = np.minimum(g_crit / np.maximum(g0, 1e-300), 1)
    return -np.sign(Omega * Omega_mu) * ratio**2


def alpha_theory(g0: Numbers, xi: Numbers, Omega_mu: Numbers, kappa_mu: Numbers, n_classes: Numbers) -> Numbers:
    """alpha of a mode whose overlap is xi, complex, in the paper's normalisation."""
    g0, xi, Omega_mu, kappa_mu, n_classes = _checked(g0=g0, xi=xi, Omega_mu=Omega_mu, kappa_mu=kappa_mu, n_classes=n_classes)
    return -np.sqrt(n_classes) * g0 * xi * (Omega_mu + 0.5j * kappa_mu) / (Omega_mu**2 + kappa_mu**2 / 4)


def occupation_theory(g0: Numbers, xi: Numbers, Omega_mu: Numbers, kappa_mu: Numbers, n_classes: Numbers) -> Numbers:
    """|alpha|^2 of a mode whose overlap is xi, in the paper's normalisation."""
    g0, xi, Omega_mu, kappa_mu, n_classes = _checked(g0=g0, xi=xi, Omega_mu=Omega_mu, kappa_mu=kappa_mu, n_classes=n_classes)
    return n_classes * g0**2 * xi**2 / (Omega_mu**2 + kappa_mu**2 / 4)
