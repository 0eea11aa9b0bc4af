# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cell of a picture is: a value, a class with a name and a colour, or nothing that may be drawn as a result.

A record counts as no result where its trajectory is undecided (limit of time or of steps), its integration failed, or it was not
computed; fields about the computation itself, such as `steps`, and closed forms are known all the same.

Where a cell stands for several starts it is a result as long as most of them have one; what share has none, and why, is kept beside
it (`lost_shares`), for the picture to show."""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr

from .. import counting, reading, verdicts
from ..errors import Error
from . import labels, style
from .slices import field_values

OF_COMPUTATION = ("status", "method", "failure", "steps", "t_end", "wall_time", "drift", "xi_error", "complete", "full",
                  "limited", "n_limited", "n_decided", "n_undecided", "n_failed", "n_not_computed", "n_sensitive", "n_found",
                  "n_at_once", "n_never")
CLOSED_FORMS = ("g_crit", "g_retrieve", "xi_theory", "x_theory")
NOT_DRAWN = ("checksum",)
OF_LABEL = ("retrieved", "outcome")
SEARCHED = ("n_states", "n_stable", "n_inverted", "n_different")
UNSIGNED = ("xi", "xi_end", "xi_limit", "state_xi")  # xi and -xi are one state to the equations: |xi| unless the sign is asked for

WHY = tuple(style.HATCHES)  # why there is no result; a code is 1 + the index, 0 where there is one


def code(why: str) -> int:
    return 1 + WHY.index(why)


def is_categorical(field: xr.DataArray) -> bool:
    return "flag_meanings" in field.attrs or field.name in OF_LABEL


def is_unsigned(field: str) -> bool:
    return field in UNSIGNED


def absent(data: xr.Dataset, field: str) -> xr.DataArray:
    """Codes in the shape of the field: 0 where it has a result, else why not."""
    values = field_values(data, field)
    why = xr.zeros_like(values, dtype=np.uint8)
    why.attrs = {}
    if values.dtype.kind == "f":
        why = why.where(~np.isnan(values), code("does not apply")).where(~np.isinf(values), code("above all values"))
    elif "_FillValue" in values.attrs and not is_categorical(values):
        why = why.where(values != values.attrs["_FillValue"], code("does not apply"))
    if "complete" in data and (field in SEARCHED or field.startswith("state_")):
        why = why.where(~verdicts.is_flag(data, "complete", "no"), code("search not complete"))
        why = why.where(~verdicts.is_flag(data, "complete", "not_applicable"), code("does not apply"))
    if field not in (*OF_COMPUTATION, *CLOSED_FORMS):
        why = _undecided(data, field, why)
    why = why.where(data.status != reading.POINT_FAILED, code("failed"))
    why = why.where(reading.done(data), code("not computed"))
    return why.transpose(*values.dims).astype(np.uint8)


def _undecided(data, field, why):
    if "n_undecided" in data:
        n_decided, n_lost = starts_of_cells(data)
        why = why.where(~(sum(n_lost.values()) > n_decided), _most(n_lost))
    if "verdict" not in data:
        return why
    verdict = verdicts.flag_names(data.verdict)
    if field in OF_LABEL:
        relaxing = verdict == "relaxing"
        if field == "retrieved":
            why = why.where(verdict.isin(["fixed_point", "dark_precession", "relaxing"]), code("does not apply"))
        else:
            why = why.where(field_values(data, field) != counting.NO_OUTCOME, code("end not known"))
        if "how" in data:
            why = why.where(~(relaxing & (verdicts.flag_names(data.how) == "not_applicable")), code("end not known"))
    return why.where(verdict != "undecided", code("undecided")).where(verdict != "failed", code("failed"))


def starts_of_cells(data):
    """Of a file that counts starts: how many have an outcome, and {why: how many have none}, where a cell is done."""
    n_decided = data.n_decided if "n_decided" in data else data.n_found + data.n_at_once + data.n_never
    n_failed = data.n_failed if "n_failed" in data else 0
    lost = {"undecided": data.n_undecided - n_failed, "failed": n_failed * xr.ones_like(data.n_undecided)}
    if "n_not_computed" in data:
        lost["not computed"] = data.n_not_computed
    is_done = reading.done(data)
    return n_decided.where(is_done, 0), {why: n.where(is_done, 0) for why, n in lost.items()}


def starts_a_cell(data) -> int:
    """How many starts a cell counts, at most."""
    n_decided, n_lost = starts_of_cells(data)
    return int((n_decided + sum(n_lost.values())).max())


def _most(n_lost):
    """The code of what most starts are that have no result, of {why: how many}; of those that are computed, failed or undecided."""
    left, failed = n_lost.get("not computed", 0), n_lost["failed"]
    ended = sum(n_lost.values()) - left
    most = xr.where(failed > ended - failed, code("most starts failed"), code("most starts undecided"))
    return xr.where(left > ended, code("most starts not computed"), most)


def lost_shares(data: xr.Dataset, field: str) -> xr.DataArray:
    """What share of the starts of each cell has no result, for each reason [reason, ...], in a file that counts starts; of others, and
    where the field is about the computation or the cell has no result at all, 0."""
    frame = xr.zeros_like(field_values(data, field), dtype=float)
    shares = {}
    if "n_undecided" in data and field not in (*OF_COMPUTATION, *CLOSED_FORMS):
        n_decided, n_lost = starts_of_cells(data)
        total = n_decided + sum(n_lost.values())
        has_result = absent(data, field) == 0
        shares = {why: (frame + n / total.where(total > 0)).where(has_result, 0.0) for why, n in n_lost.items()}
    return xr.concat([shares.get(why, frame) for why in WHY], "reason")


def shown(data: xr.Dataset, field: str, signed: bool = False) -> xr.DataArray:
    """The field's values, NaN where there is no result; |xi| of overlaps unless signed."""
    values = field_values(data, field)
    result = values.astype(float).where(absent(data, field) == 0)
    return (abs(result) if is_unsigned(field) and not signed else result).rename(field).assign_attrs(values.attrs)


# ---- classes ----


@dataclasses.dataclass(frozen=True)
class Class:
    """One class of a field of categories."""

    code: int
    name: str
    colour: tuple[float, float, float]


def classes(data: xr.Dataset, values: xr.DataArray) -> list[Class]:
    """Those that occur among values that are not NaN, in the order of their codes: patterns by number, each before its inverse."""
    present = [int(v) for v in np.unique(values.values[np.isfinite(values.values)])]
    if values.name in OF_LABEL:
        verdict = verdicts.meanings_of(data.verdict) if "verdict" in data else {}
        return outcome_classes(present, data.sizes.get("mode") or most_patterns(data, present), verdict)
    names = verdicts.meanings_of(values)
    unknown = [v for v in present if v not in names]
    if unknown:
        raise Error(f"{values.name} has codes without a name: {', '.join(map(str, unknown))}")
    others = dict(zip(names, style.sequence_colours(len(names))))
    if values.name == "verdict":
        others |= {v: style.VERDICTS[name] for v, name in names.items() if name in style.VERDICTS}
    return [Class(v, labels.flag_text(names[v]), _rgb(others[v])) for v in present]


def most_patterns(data, present):
    return int(data["mode"].max()) if "mode" in data.coords else max([abs(v) for v in present if abs(v) < counting.OF_VERDICT] + [1])


def _rgb(colour):
    return tuple(style.to_rgb(colour))


def outcome_classes(present: list[int], n_patterns: int, verdict_names: dict[int, str]) -> list[Class]:
    """Of codes of `retrieved` and `outcome`: a colour a pattern, paler where it is upside down; of other motion that of its verdict."""
    colours = style.pattern_colours(max(n_patterns, *[abs(v) for v in present if abs(v) < counting.OF_VERDICT] or [1]))

    def colour(v):
        if v == 0:
            return _rgb(style.NO_PATTERN)
        if 0 < abs(v) < counting.OF_VERDICT:
            return colours[v - 1] if v > 0 else style.paler(colours[-v - 1])
        return _rgb(style.VERDICTS.get(verdict_names.get(v - counting.OF_VERDICT, ""), style.SADDLE))

    ordered = sorted(present, key=lambda v: (abs(v) if v else 0.5, v < 0))
    return [Class(v, labels.outcome_text(v, verdict_names), colour(v)) for v in ordered]


def shares(data: xr.Dataset, field: str, over: str) -> tuple[list[Class], xr.DataArray, xr.DataArray]:
    """Of the starts along an axis: the classes that occur, how many starts end in each [class, ...], and how many have no result
    for each reason [why, ...]."""
    values, why = shown(data, field), absent(data, field)
    found = classes(data, values)
    counts = xr.concat([(values == c).sum(over) for c in [c.code for c in found] or [np.inf]], "class")
    lost = xr.concat([(why == 1 + i).sum(over) for i in range(len(WHY))], "why")
    return found, counts.isel({"class": slice(0, len(found))}), lost


def mean(data: xr.Dataset, field: str, over: str, signed: bool = False) -> xr.Dataset:
    """`mean`, `low`, `high`, `n` of the starts with a result, `why` there is none: as `absent`, and where most starts are undecided,
    failed or not computed; and what share of the starts is `lost` for each reason [reason, ...] where there is a mean."""
    values, why = shown(data, field, signed), absent(data, field)
    result = counting.mean(values, over)
    lost = (why > 0) & (why != code("does not apply"))
    most = lost.sum(over) > (why == 0).sum(over)
    n_left, n_failed = ((why == code(name)).sum(over) for name in ("not computed", "failed"))
    first = why.where(lost, 0).max(over)
    n_lost = {"undecided": lost.sum(over) - n_left - n_failed, "failed": n_failed, "not computed": n_left}
    reason = xr.where(most, _most(n_lost), 0)
    same = (why == first).all(over) & (first > 0)
    reason = xr.where(same, first, reason)
    reason = xr.where((result["n"] == 0) & ~most & ~same, code("does not apply"), reason)
    for name in ("mean", "low", "high"):
        result[name] = result[name].where(reason == 0)
    shares = xr.concat([((why == 1 + i) & lost).mean(over).where(reason == 0, 0.0) for i in range(len(WHY))], "reason")
    return result.assign(why=reason.transpose(*result["mean"].dims).astype(np.uint8), lost=shares)
