# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of a file a picture shows: its axes, and the values of all others."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Mapping, Sequence, Union

import numpy as np
import xarray as xr

from .. import arguments, counting, reading, verdicts
from ..errors import Error
from ..reading import Data
from . import labels

Axis = Union[float, int, str]
Selection = Mapping[str, Union[float, Sequence[float]]]
STARTS = ("seed", "pattern_seed")  # axes of starts that are drawn alike: a mean goes over them
DERIVED = ("xi_end", "outcome")  # fields that are computed from those of a file
NEEDED = ("count", "verdict", "how", "retrieved", "g_crit", "g_retrieve", "complete", "n_decided", "n_undecided", "n_failed",
          "n_found", "n_at_once", "n_never", "fatal_low", "fatal_high")
BESIDE = ("_error", "_se", "_low", "_high", "_mean_field")  # what a file has beside a field, under the field's name
SOURCES = {"xi_end": ("xi", "xi_limit"), "outcome": ("xi", "xi_second", "xi_error", "xi_limit", "retrieved", "n_unstable")}


def is_records(data: Data) -> bool:
    """Whether it has records of points (`status`), and is not a trajectory."""
    if isinstance(data, xr.Dataset):
        return "status" in data
    if str(arguments.path(data, "a file")).endswith(".csv"):
        return False
    with reading.raw(data) as file:
        return "status" in file or "t" not in file.dims


def opened(data: Data, fields: Sequence[str] | None = None) -> xr.Dataset:
    """A Dataset as it is; of a file those fields that it has, None for all, and those that say what they are worth."""
    if isinstance(data, xr.Dataset):
        if "status" not in data:
            raise Error("these data have no `status`: they are not those of dickemap.open, evaluate or run")
        return _begun(data, "these data")
    if fields is None:
        return _begun(reading.open(data), os.fspath(data))
    names = reading.names(data)
    for field in fields:
        if field not in names and field not in DERIVED:
            raise Error(f"{os.fspath(data)}: no field '{field}'{arguments.among(field, sorted({*names} - {'checksum'}))}")
    beside = {f"{field.removesuffix('_median')}{end}" for field in fields for end in BESIDE}
    wanted = {*NEEDED, *fields, *beside, *(source for field in fields for source in SOURCES.get(field, ()))}
    return _begun(reading.open(data, fields=[name for name in names if name in wanted]), os.fspath(data))


def _begun(data: xr.Dataset, name: str) -> xr.Dataset:
    """The data; of those that count starts or follow finitely many spins there must be some."""
    if {"n_undecided", "E_N", "n_states"} & set(data.data_vars) and data.status.size and not bool(reading.done(data).any()):
        raise Error(f"{name}: nothing is computed yet")
    return data


def selected(data: xr.Dataset, select: Selection | None, nearest: bool = False) -> tuple[xr.Dataset, dict[str, float], list[str]]:
    """What a caller has asked for: the data with those values alone of axes of which several are named, {axis: value} of others, and
    the axes of several."""
    single, several = {}, []
    for axis, value in arguments.mapping(select, "select", "{'g0': 1.1}").items():
        if isinstance(value, str) or not np.ndim(value):
            single[axis] = value
            continue
        group = group_of(data, arguments.axis_name("select", axis))
        if group not in data.dims:
            raise Error(f"{axis} is no axis of the file{arguments.among(axis, data.status.dims, 'it has')}")
        data = data.isel({group: [index_of(data, axis, one, nearest) for one in value]})
        several.append(axis)
    return data, single, several


def first_free(data: xr.Dataset, several: Sequence[str], used: Sequence[str | None]) -> str | None:
    """Of axes of which several values are selected the first that the picture does not show yet."""
    groups = {group_of(data, axis) for axis in used if axis}
    return next((axis for axis in several if group_of(data, axis) not in groups), None)


def all_shown(data: xr.Dataset, several: Sequence[str], used: Sequence[str | None], how: str) -> None:
    """Fails if values that are selected would not be shown."""
    if axis := first_free(data, several, used):
        raise Error(f"several values of {axis} are selected, of which only one would be shown: name it by {how}")


def has(data: xr.Dataset, field: str) -> bool:
    return field in data.data_vars or field in DERIVED and set(SOURCES[field]) <= set(data.data_vars)


def field_values(data: xr.Dataset, field: str) -> xr.DataArray:
    """A field of the file, or one that is made of its fields."""
    if isinstance(field, str) and field in data.data_vars:
        return data[field]
    if field == "xi_end" and has(data, field):
        return verdicts.xi_end(data).assign_attrs(units="1", long_name="overlap where the trajectory ends")
    if field == "outcome" and has(data, field):
        return counting.outcome(data)
    raise Error(f"no field '{field}'{arguments.among(field, sorted(set(data.data_vars) - {'checksum'}))}")


def axes_of(data: xr.Dataset, field: str) -> list[str]:
    """Dimensions of the field."""
    return [str(dim) for dim in field_values(data, field).dims]


def values_of(data: xr.Dataset, axis: str) -> np.ndarray:
    return data[axis].values if axis in data.coords else np.arange(data.sizes[axis])


def group_of(data: xr.Dataset, axis: str) -> str:
    """The dimension that an axis lies along: its own, or that of the axes that advance together."""
    if axis in data.dims:
        return axis
    if axis in data.coords and data[axis].ndim == 1:
        return str(data[axis].dims[0])
    return axis


def along(data: xr.Dataset, axis: str) -> xr.Dataset:
    """The data with the axis as a dimension of its own name, rising, where it lies along a group."""
    group = group_of(data, axis)
    if group != axis:
        data = data.swap_dims({group: axis})
    values = values_of(data, axis)
    if values.dtype.kind in "iuf" and values.size > 1 and axis in data.coords:
        if np.unique(values).size != values.size:
            raise Error(f"values of {axis} occur more than once: name the axis that it advances with, {group}" if group != axis
                        else f"values of {axis} occur more than once")
        data = data.sortby(axis)
    return data


@dataclasses.dataclass
class Slice:
    """Data that are left with the axes of a picture, and the values that others were fixed at, {axis: value}."""

    data: xr.Dataset
    field: str
    fixed: dict[str, Any]
    follows_cue: bool  # the mode is that of the cue's pattern, of each value of `pattern`

    @property
    def values(self) -> xr.DataArray:
        return field_values(self.data, self.field)

    @property
    def mode_number(self) -> int | None:
        """The one mode that is shown, where it is one."""
        if "mode" in self.data.coords and self.data["mode"].ndim == 0:
            return int(self.data["mode"])
        return self.fixed.get("mode")

    @property
    def mode(self) -> object:
        """For labels: the number of the mode, or a letter where it varies."""
        return self.mode_number or (labels.OWN_MODE if self.follows_cue else r"\mu")

    @property
    def title(self) -> str:
        """What was fixed, without what the label says already."""
        shown = dict(self.fixed)
        if shown.get("mode") == shown.get("pattern", object()) or labels.symbol(self.field).find(r"\mu") >= 0:
            shown.pop("mode", None)
        return labels.items(self.data, shown)


def index_of(data: xr.Dataset, axis: str, value: float, nearest: bool) -> int:
    """Of a value along an axis: equal but for rounding, or the nearest where that is asked for and the axis has a place for it."""
    values = values_of(data, axis)
    if values.dtype.kind not in "iufb":
        raise Error(f"{axis} has names, not numbers: {', '.join(map(str, values[:12]))}")
    if not isinstance(value, (int, float, np.integer, np.floating)) or not np.isfinite(value):
        raise Error(f"{axis} = {value} is not a number to select")
    distance = np.abs(values.astype(float) - value)
    i = int(distance.argmin())
    if distance[i] <= 1e-9 * max(1.0, abs(value)) or distance[i] <= 1e-9 * np.ptp(values.astype(float)):
        return i
    shown = f"{values.min():g} ... {values.max():g}, {values.size} of them"
    if values.size <= 12:
        shown = ", ".join(f"{v:g}" for v in values)
    if values.dtype.kind in "iu":
        raise Error(f"{axis} has no value {value:g} (it has {shown})")
    step = np.diff(np.sort(values)).max() if values.size > 1 else 0.0
    if not nearest:
        raise Error(f"{axis} has no value {value:g} (it has {shown}); the nearest is {values[i]:.9g}, which --nearest takes")
    if not values.min() - step / 2 <= value <= values.max() + step / 2:
        raise Error(f"{axis} = {value:g} is beyond its values ({shown})")
    return i


def cue_of(data: xr.Dataset) -> int | None:
    """The pattern that all starts resemble, where they have one."""
    if "pattern" in data.coords:
        return int(data["pattern"]) if data["pattern"].ndim == 0 else None
    text = reading.of_job(data, "initial.pattern")
    return int(text) if text and text.isdigit() else None


def checked_axes(data: xr.Dataset, field: str, named: Mapping[str, str | None], select: Mapping[str, float]) -> None:
    """named: {what it is for: axis}."""
    dims = axes_of(data, field)
    if 0 in field_values(data, field).shape:
        raise Error(f"nothing is left of {field}: an axis is empty")
    groups: dict[str, str] = {}
    for what, axis in [*named.items(), *((f"--select {axis}", axis) for axis in select)]:
        if axis is None:
            continue
        group = group_of(data, arguments.axis_name(what, axis) if what in named else axis)
        if group not in dims:
            others = sorted(name for name in data.coords if data[name].ndim == 1 and name not in dims and data[name].dims[0] in dims)
            there = [*dims, *map(str, others)]
            raise Error(f"'{axis}' is not an axis of {field}{arguments.among(axis, there, 'axes')}")
        if group in groups and not (what in ("--y", "--x") and groups[group] in ("--x", "--y") and axis != group):
            raise Error(f"{groups[group]} and {what} must name different axes")
        groups[group] = what


def outcomes_of(data: xr.Dataset, field: str) -> list[int]:
    """Those that starts have ended in, by their codes; of fields of each outcome."""
    there = data["count"] > 0 if "count" in data else field_values(data, field).notnull()
    there = there.any([dim for dim in there.dims if dim != "outcome"])
    return [int(code) for code in data["outcome"].values[there.values]]


def cut_out(data: xr.Dataset, field: str, free: Sequence[str], over: str | None = None, select: Mapping[str, float] | None = None,
            nearest: bool = False) -> Slice:
    """The data over the free axes and `over` alone.  Others are fixed: by `select`, `mode` at the cue's pattern where starts have
    one, `time` at its end, the rest at the first value."""
    select = dict(select or {})
    fixed: dict[str, Any] = {}
    kept = [axis for axis in (*free, over) if axis]
    scattered = len({group_of(data, axis) for axis in kept}) < len(kept)
    for axis in (*kept, *select) if not scattered else select:
        data = along(data, axis)
    kept = [axis if axis in data.dims else group_of(data, axis) for axis in kept]
    for axis, value in select.items():
        i = index_of(data, axis, value, nearest)
        fixed[axis] = values_of(data, axis)[i].item()
        data = data.isel({axis: i})
    follows = False
    if "outcome" in axes_of(data, field) and "outcome" not in kept and data.sizes["outcome"] > 1:
        found = ", ".join(f"{code} ({labels.outcome_text(code, labels.outcome_names(data))})" for code in outcomes_of(data, field))
        raise Error(f"{field} has a value for each outcome: choose one by --select outcome=..., of {found}")
    for axis in sorted((dim for dim in axes_of(data, field) if dim not in kept), key=lambda dim: dim == "mode"):
        if axis == "mode" and "pattern" in data.coords and "mode" in data.coords and set(data["pattern"].dims) <= set(kept) \
                and data["pattern"].ndim:
            data, follows = data.sel(mode=data["pattern"].astype(data["mode"].dtype)), True
            continue
        values = values_of(data, axis)
        i = values.size - 1 if axis == "time" else 0
        if axis not in data.coords or axis == "point" and values.size == 1:  # a job without axes
            data = data.isel({axis: 0})
            continue
        if axis == "mode" and cue_of(data) is not None and cue_of(data) in values:
            i = int(np.flatnonzero(values == cue_of(data))[0])
        fixed[axis] = values[i].item()
        data = data.isel({axis: i})
    for name, coordinate in data.coords.items():  # of a Dataset of which the caller has selected a part
        if coordinate.ndim == 0 and name not in fixed and coordinate.dtype.kind in "iuf" and name not in ("mode", "point"):
            fixed[str(name)] = coordinate.item()
    if field_values(data, field).size == 0:
        raise Error(f"nothing is left of {field}: an axis is empty")
    return Slice(data, field, fixed, follows)


def numeric_axes(data: xr.Dataset, field: str) -> list[str]:
    """Axes of more than one value without `mode`, seeds and the like: g0 first, then the longest."""
    dims = [dim for dim in axes_of(data, field) if data.sizes[dim] > 1 and dim not in ("mode", "state", "outcome", *STARTS)]
    return sorted(dims, key=lambda dim: (dim != "g0", dim == "pattern", -data.sizes[dim]))


def over_of(data: xr.Dataset, field: str, named: Sequence[str | None], select: Mapping[str, float] | None) -> str | None:
    """The axis of random starts that nobody has named: a mean goes over it."""
    used = {group_of(data, axis) for axis in (*named, *(select or {})) if axis}
    found = [axis for axis in STARTS if axis in axes_of(data, field) and axis not in used and data.sizes[axis] > 1]
    return found[0] if found else None
