# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags by name, and what trajectories end in.  Codes differ between versions; names do not."""

from __future__ import annotations

import numpy as np
import xarray as xr

from . import arguments
from .errors import Error
from .reading import Data, alpha, done, masked

MIXTURE = 127  # value of `retrieved` in records of method 1 (version 0.1.0): several patterns at once


def meanings_of(field: xr.DataArray) -> dict[int, str]:
    """{code: name} of a field of flags, in the order of the file."""
    arguments.flags(field)
    return dict(zip(np.atleast_1d(field.attrs["flag_values"]).tolist(), field.attrs["flag_meanings"].split()))


def flag_names(field: xr.DataArray) -> xr.DataArray:
    """The names of a field of flags (`verdict`, `failure`, ...), as strings in its shape; "" where there is none."""
    meanings = meanings_of(field)
    names = np.vectorize(lambda value: meanings.get(value, ""), otypes=[object])(field.values)
    return xr.DataArray(names, coords=field.coords, dims=field.dims, name=field.name)


def is_flag(data: Data, field: str, *names: str) -> xr.DataArray:
    """True where a point is done and the field has one of the flags named, which the file must know."""
    data = arguments.dataset(data, "status", field)
    known = arguments.flags(data[field]).attrs["flag_meanings"].split()
    for name in names:
        if name not in known:
            raise Error(f"unknown {field} '{name}' (known: {', '.join(known)})")
    return done(data) & flag_names(data[field]).isin(names)


def is_verdict(data: Data, *verdicts: str) -> xr.DataArray:
    """True where a point is done and its verdict is one of those named, which the file must know."""
    return is_flag(data, "verdict", *verdicts)


def is_how(data: Data, *hows: str) -> xr.DataArray:
    """True where a point is done and its end is known in one of the ways named ("reached", "settled", "predicted",
    "symmetric"); nowhere in files of version 0.1.0, which do not say."""
    data = arguments.dataset(data, "status")
    return is_flag(data, "how", *hows) if "how" in data else xr.zeros_like(data.status, dtype=bool)


def is_at_rest(data: Data) -> xr.DataArray:
    """True where the order parameters come to rest and xi is their limit, not a mean over a window."""
    return is_verdict(data, "fixed_point", "dark_precession")


def xi_end(data: Data) -> xr.DataArray:
    """Overlaps [axes, mode] of the state in which each trajectory ends: xi where it came to rest, xi_limit where it is known to
    be on its way there (verdict `relaxing`), NaN where the end is not known or is an oscillation."""
    data = arguments.dataset(data, "status", "verdict", "xi")
    known = arguments.flags(data.verdict).attrs["flag_meanings"].split()
    end = data.xi.where(is_at_rest(data))
    if "relaxing" in known and "xi_limit" in data:
        end = end.where(~is_verdict(data, "relaxing"), data.xi_limit)
    return end.transpose(*data.xi.dims).assign_attrs(units="1", long_name="overlap in the end")


def verdict_counts(data: Data) -> dict[str, int]:
    """How many points of each verdict, those that occur; 'to_do' counts the points that are not done."""
    data = arguments.dataset(data, "status")
    if "verdict" not in data:
        raise Error("the file has no verdicts: its records are not those of single trajectories (`reduce`, `task: states`)")
    names = flag_names(data.verdict).values[done(data).values]
    counts = {name: int((names == name).sum()) for name in data.verdict.attrs["flag_meanings"].split()}
    counts["to_do"] = int((~done(data)).sum())
    return {name: count for name, count in counts.items() if count}


def select(data: Data, **flags: str | tuple | list) -> xr.Dataset:
    """The data with every field of numbers NaN, and every other its `_FillValue`, but where all flags are as asked:
    select(data, verdict="fixed_point", how=("settled", "reached"))."""
    data = arguments.dataset(data, "status")
    chosen = done(data)
    for field, names in flags.items():
        if field not in data or "flag_meanings" not in data[field].attrs:
            raise Error(f"'{field}' is no field of flags (there are: "
                        + ", ".join(name for name, f in data.data_vars.items() if "flag_meanings" in f.attrs) + ")")
        chosen = chosen & is_flag(data, field, *(names if isinstance(names, (list, tuple)) else [names]))
    return masked(data.assign(status=data.status.where(chosen, 0).astype(data.status.dtype).assign_attrs(data.status.attrs)))


@xr.register_dataset_accessor("dickemap")
class Accessor:
    """`data.dickemap.alpha`, `.done`, `.xi_end` of a Dataset: what functions of these names make of it."""

    def __init__(self, data: xr.Dataset):
        self._data = data

    @property
    def alpha(self) -> xr.DataArray:
        return alpha(self._data)

    @property
    def done(self) -> xr.DataArray:
        return done(self._data)

    @property
    def xi_end(self) -> xr.DataArray:
        return xi_end(self._data)
