# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed forms for unit spins, Omega != 0, without losses of single spins, imbalance and drives.

They hold for either sign of Omega and of Omega_mu, with absolute values; arguments are numbers or arrays that broadcast."""

from __future__ import annotations

from typing import Union

import numpy as np
import xarray as xr

Numbers = Union[float, np.ndarray, "xr.DataArray"]


def g_crit(Omega: Numbers, Omega_mu: Numbers, kappa_mu: Numbers) -> Numbers:
    """Coupling from which on the mode's pattern state exists, in the unit of the rates."""
    return np.sqrt(abs(Omega / (2 * Omega_mu)) * (Omega_mu**2 + kappa_mu**2 / 4))


def g_retrieve(g_crit: Numbers, g_crit_least: Numbers) -> Numbers:
    """Coupling from which on a pattern state is stable against tilts of single spins, where the least g_crit of all modes is
    g_crit_least.  For modes whose Omega_mu all have one sign; of others no pattern state is stable."""
    return g_crit * np.sqrt(g_crit / g_crit_least)


def xi_theory(g0: Numbers, g_crit: Numbers) -> Numbers:
    """|xi| of a pattern state: Eq. (12)."""
    ratio = np.minimum(g_crit / np.maximum(g0, 1e-300), 1)  # 1 below the threshold, also at g0 = 0
    return np.sqrt(1 - ratio**4)


def x_theory(g0: Numbers, g_crit: Numbers, Omega: Numbers, Omega_mu: Numbers) -> Numbers:
    """x of every spin in a pattern state, and in the normal state below g_crit: on the side -sign(Omega Omega_mu)."""
    ratio = np.minimum(g_crit / np.maximum(g0, 1e-300), 1)
    return -np.sign(Omega * Omega_mu) * ratio**2


def alpha_theory(g0: Numbers, xi: Numbers, Omega_mu: Numbers, kappa_mu: Numbers, n_classes: Numbers) -> Numbers:
    """alpha of a mode whose overlap is xi, complex, in the paper's normalisation."""
    return -np.sqrt(n_classes) * g0 * xi * (Omega_mu + 0.5j * kappa_mu) / (Omega_mu**2 + kappa_mu**2 / 4)


def occupation_theory(g0: Numbers, xi: Numbers, Omega_mu: Numbers, kappa_mu: Numbers, n_classes: Numbers) -> Numbers:
    """|alpha|^2 of a mode whose overlap is xi, in the paper's normalisation."""
    return n_classes * g0**2 * xi**2 / (Omega_mu**2 + kappa_mu**2 / 4)
