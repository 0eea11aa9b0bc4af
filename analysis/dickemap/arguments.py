# SPDX-License-Identifier: GPL-3.0-or-later
"""What public functions are given: each check returns what it has checked, or raises Error with one line that says what was expected."""

from __future__ import annotations

import difflib
import os
from typing import Any, Iterable, Mapping

import numpy as np
import xarray as xr

from .errors import Error


def shown(value: Any) -> str:
    """A value in a message: short, on one line."""
    plain = value is None or isinstance(value, (str, bytes, int, float, complex, list, tuple, dict, set, np.generic))
    text = " ".join(repr(value).split()) if plain else ""
    return text if plain and len(text) <= 60 else f"of type {type(value).__name__}"


WORDS = {"tilt": "perturbation", "cue": "pattern", "n": "spins_per_class", "detuning": "Omega_mu", "coupling": "g0", "t": "time",
         "lambda": "lyapunov", "photons": "occupation"}  # what pictures and papers call them


def meant(name: Any, names: Iterable[Any]) -> str:
    """For a message about a name that there is not: "; did you mean xi?", or "" where none of these is like it."""
    name, there = str(name), [str(other) for other in names]
    alike = [other for other in there if other.lower() == name.lower() or other == WORDS.get(name.lower())]
    near = alike or difflib.get_close_matches(name, there, 1)
    return f"; did you mean {near[0]}?" if near else ""


def among(name: Any, names: Iterable[Any], lead: str = "there are") -> str:
    """The same, and all that there are: "; did you mean xi? (there are: alpha_re, xi)"."""
    there = [str(other) for other in names]
    return f"{meant(name, there)} ({lead}: {', '.join(there)})"


def dataset(data: Any, *fields: str) -> xr.Dataset:
    """Data of this package that have these fields; a path is opened."""
    if isinstance(data, (str, os.PathLike)):
        from . import reading
        data = reading.open(data)
    if not isinstance(data, xr.Dataset):
        raise Error(f"data must be a Dataset of dickemap.open, evaluate or run, or the path of a file, but are {shown(data)}")
    lacking = [name for name in fields if name not in data]
    if lacking:
        raise Error(f"the data have no field {', '.join(map(repr, lacking))} (there are: {', '.join(sorted(map(str, data.data_vars)))})")
    return data


def array(values: Any, what: str = "values") -> xr.DataArray:
    """Values with named dimensions."""
    if not isinstance(values, xr.DataArray):
        raise Error(f"{what} must be a DataArray, such as data.xi, but are {shown(values)}")
    return values


def flags(field: xr.DataArray) -> xr.DataArray:
    """A field whose numbers have names."""
    if "flag_values" not in array(field, "flags").attrs or "flag_meanings" not in field.attrs:
        raise Error(f"'{field.name}' is no field of flags: its values have no names")
    return field


def axis_name(what: str, name: Any) -> str:
    """What an axis is called, whether there is such a one or not."""
    if not isinstance(name, str):
        raise Error(f"{what} is an axis, named by a text, not by {shown(name)}")
    return name


def axis(values: xr.DataArray, name: Any) -> str:
    """A dimension of the values that is not empty."""
    if name not in values.dims:
        raise Error(f"'{name}' is not an axis of {values.name or 'the values'} (axes: {', '.join(map(str, values.dims))})")
    if values.sizes[name] == 0:
        raise Error(f"nothing is left of {values.name or 'the values'} along {name}: the axis is empty")
    return name


def numbers(name: str, values: Any) -> Any:
    """Real numbers, whatever they are in: lists become arrays, and Python's numbers those of numpy."""
    try:
        found = values if isinstance(values, (xr.DataArray, np.ndarray)) else np.asarray(values)
    except ValueError:  # lists of different lengths
        found = np.empty((), object)
    if found.dtype.kind not in "iuf" or isinstance(values, xr.Dataset):
        raise Error(f"{name} is {shown(values)}, but must be a number or an array of numbers")
    return found if found.ndim or isinstance(values, xr.DataArray) else found[()]


def number(name: str, value: Any, least: float = -np.inf, integer: bool = False) -> Any:
    """One finite number from `least` on."""
    is_one = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not is_one or not np.isfinite(value) or value < least or integer and value != int(value):
        allowed = ("an integer" if integer else "a finite number") + (f" >= {least:g}" if np.isfinite(least) else "")
        raise Error(f"{name} is {shown(value)}, but must be {allowed}")
    return int(value) if integer else value


def path(value: Any, what: str = "a file") -> str | os.PathLike:
    """A path."""
    if not isinstance(value, (str, os.PathLike)):
        raise Error(f"{what} is named by its path, not by {shown(value)}")
    return value


def mapping(value: Any, name: str, such_as: str) -> Mapping:
    """A mapping; {} of None."""
    if value is not None and not isinstance(value, Mapping):
        raise Error(f"{name} is {shown(value)}, but must be a mapping, such as {such_as}")
    return value or {}
