# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file says of the model that it is of: its parameters, whether the closed forms of theory.py hold for it, and whether its starts
are exact."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from .reading import of_job

BEYOND = ("model.gamma_down", "model.gamma_up", "model.gamma_phi", "model.imbalance", "initial.flip", "initial.mixture",
          "initial.flip_exactly", "initial.cue", "initial.from", "drive.time")  # keys with which others hold, or none


def parameters(data: xr.Dataset) -> dict[str, list | xr.DataArray | float] | None:
    """g0, Omega and, a list over modes, Omega_mu and kappa_mu: numbers, or arrays over the axes of the data; None where the job does
    not tell."""
    found: dict = {}
    for name, per_mode in (("g0", False), ("Omega", False), ("Omega_mu", True), ("kappa_mu", True)):
        text = of_job(data, f"model.{name}")
        if text is None:
            return None
        words = re.split(r",\s*", text.strip("[]"))
        values = []
        for i, word in enumerate(words):
            own = f"{name}_{i + 1}"
            source = own if own in data.coords else name
            if word == "axis" and source not in data.coords:
                return None
            values.append(data[source] if word == "axis" else float(word))
        found[name] = values if per_mode else values[0]
    return found


def beyond(data: xr.Dataset, but: tuple[str, ...] = ()) -> str:
    """Why the closed forms do not hold, by the job alone; "" where they do.  but: keys that do not count."""
    mapping = of_job(data, "model.mapping")
    keys = [key for key in BEYOND if key not in but and of_job(data, key) is not None and number(data, key) != 0]
    if parameters(data) is None:
        return "it does not say its parameters"
    if mapping not in ("gauged", "ungauged"):
        keys.insert(0, f"model.mapping: {mapping}")
    return f"closed forms do not hold with {', '.join(keys)}" if keys else ""


def number(data: xr.Dataset, key: str) -> float:
    """A key of the job, "model.g0", or where an axis gives it the one value that the data have; NaN where there is none such."""
    name = key.rpartition(".")[2]
    if name in data.coords:
        return float(data[name]) if data[name].size == 1 else np.nan
    text = of_job(data, key)
    return np.nan if text in (None, "axis") else float(text)


def numbers(data: xr.Dataset, name: str) -> np.ndarray:
    """Omega_mu or kappa_mu of all modes, of data in which each has one value."""
    return np.array([float(value) for value in parameters(data)[name]])


def exact(data: xr.Dataset) -> xr.DataArray | bool:
    """Where starts are on the symmetric subspace of their pattern: no tilts, no single flips, no cue of another kind; over those axes
    that decide it, if there are any."""
    if any(of_job(data, key) is not None for key in ("initial.cue", "initial.from", "initial.mixture")):
        return False
    where: xr.DataArray | bool = True
    for name in ("perturbation", "flip_exactly"):
        where = where & (data[name] == 0 if name in data.coords else float(of_job(data, f"initial.{name}") or 0) == 0)
    return where


def is_exact(data: xr.Dataset) -> bool:
    """Whether all are."""
    return bool(np.all(exact(data)))
