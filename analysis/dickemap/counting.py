# SPDX-License-Identifier: GPL-3.0-or-later
"""How often starts end in what, and where something changes along an axis."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from . import arguments
from .errors import Error
from .reading import Data, done, numbers, of_job
from .theory import Numbers
from .verdicts import MIXTURE, flag_names, meanings_of

NO_OUTCOME = -1000  # undecided, failed, not done, of open sign, or relaxing to nobody knows what
SADDLE, OF_VERDICT = 101, 100
EQUAL = 1e-6  # overlaps that differ by less than this part of them are equal but for rounding
OSCILLATIONS = ("limit_cycle", "quasiperiodic", "irregular", "heteroclinic")


def wilson(k: Numbers, n: Numbers, z: float = 1.959963984540054) -> tuple[Numbers, Numbers]:
    """(low, high): the limits of Wilson's interval for a probability of which k of n were counted, 95 % unless z says otherwise;
    0 and 1 where n is 0.  Numbers, or arrays that broadcast; Error unless these are integers (of whatever type) with 0 <= k <= n."""
    k, n = (np.asarray(arguments.numbers(name, values), float) for name, values in (("k", k), ("n", n)))
    arguments.number("z", z, 0)
    try:
        wrong = ~((0 <= k) & (k <= n) & np.isfinite(n) & (k == np.floor(k)) & (n == np.floor(n)))
    except ValueError:
        raise Error(f"k and n have shapes {k.shape} and {n.shape}, which do not go together") from None
    if wrong.any():
        first = tuple(np.argwhere(wrong)[0])
        raise Error(f"k is {np.broadcast_to(k, wrong.shape)[first]:g} and n {np.broadcast_to(n, wrong.shape)[first]:g}, "
                    "but k of n were counted: 0 <= k <= n, both integers")
    with np.errstate(divide="ignore", invalid="ignore"):
        p, share = k / n, z * z / n
        centre, half = (p + share / 2) / (1 + share), z * np.sqrt((p * (1 - p) + share / 4) / n) / (1 + share)
    # Rounding must not leave 0 out of k = 0, nor 1 of k = n.
    low, high = np.where((n == 0) | (k == 0), 0.0, centre - half), np.where((n == 0) | (k == n), 1.0, centre + half)
    return low[()], high[()]


def student(n: Numbers) -> Numbers:
    """Half the width of an interval of 95 % of a mean of n values, in units of their standard deviation over sqrt(n): the 97.5 %
    point of Student's t with n - 1 degrees of freedom; NaN for n < 2."""
    nu = np.asarray(n, float) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        z, m = 1.959963984540054, np.where(nu > 0, nu, np.nan)
        # Cornish and Fisher's expansion in 1/nu (Abramowitz and Stegun 26.7.5); for 1 and 2 there are closed forms.
        t = (z + (z**3 + z) / (4 * m) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * m**2)
             + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * m**3)
             + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * m**4))
    t = np.where(nu == 1, 12.706204736432095, np.where(nu == 2, 4.302652729911275, t))
    return t[()]


def mean(values: xr.DataArray, over: str = "seed") -> xr.Dataset:
    """`mean` of the values along an axis that are known, the interval of 95 % in which that mean is known (Student's, as if they
    were independent), `low` and `high`, their number `n`, and how many others there are, `n_missing`; without the dimension `over`.

        band = dickemap.mean(abs(data.xi).sel(mode=1), over="seed")
        complete = band["mean"].where(band["n_missing"] == 0)

    What is not known is NaN, or the `_FillValue` of integers: points that are not done, and where the value does not apply.  A mean
    with n_missing > 0 is one of those that were known first, which need not be like the others.  Truths are never NaN:
    mean(is_verdict(data, "irregular").where(done(data))).  Flags, which outcome() are too, are refused.
    """
    arguments.axis(arguments.array(values), over)
    if "flag_meanings" in values.attrs or values.dtype.kind not in "biuf":
        raise Error(f"{values.name or 'the values'} are {'flags' if 'flag_meanings' in values.attrs else 'no numbers'}, which have no mean")
    n_all, values = values.sizes[over], numbers(values)
    n = values.notnull().sum(over)
    centre = values.sum(over) / n.where(n > 0)
    deviation = np.sqrt(((values - centre) ** 2).sum(over) / (n - 1).where(n > 1))
    half = deviation * student(n) / np.sqrt(n.where(n > 0))
    units = {"units": values.attrs.get("units", "1")}
    return xr.Dataset({"mean": centre.assign_attrs(units), "low": (centre - half).assign_attrs(units),
                       "high": (centre + half).assign_attrs(units), "n": n.assign_attrs(units="1", long_name="values that are known"),
                       "n_missing": (n_all - n).assign_attrs(units="1", long_name="values that are not known")})


def outcome(data: Data) -> xr.DataArray:
    """What each trajectory ended in [axes], as integers, by the rule of `dickemap basins` and of jobs with `reduce`:

        nu or -nu   at rest, pattern nu leads, with its sign
        0           at rest, and no pattern leads
        101         at rest where directions grow, which is a saddle
        100 + v     other motion, of verdict v
        -1000       none: undecided, failed, not done, of open sign (`how` is symmetric), or relaxing to nobody knows what

    They are flags, with the names of these jobs ("minus_pattern_2", "saddle", "none"), and have no mean: probability().
    """
    data = arguments.dataset(data)
    lacking = {"xi", "xi_second", "xi_error", "xi_limit", "verdict", "how", "retrieved", "n_unstable"} - set(data)
    if lacking:
        raise Error(f"outcomes need fields that the data do not have: {', '.join(sorted(lacking))}")
    verdict, how = flag_names(data.verdict), flag_names(data.how)
    relaxing = verdict == "relaxing"
    at_rest = verdict.isin(["fixed_point", "dark_precession"]) | (relaxing & (how != "not_applicable"))
    ended = xr.zeros_like(data.retrieved, dtype=np.int32) + NO_OUTCOME
    ended = ended.where(~at_rest, data.retrieved.where(_leads(data, relaxing, how), 0))
    ended = ended.where(~(at_rest & ~relaxing & (data.n_unstable > 0)), SADDLE)
    patterns = np.arange(1, int(data["mode"].max()) + 1).tolist()
    names = {NO_OUTCOME: "none"} | {-nu: f"minus_pattern_{nu}" for nu in patterns[::-1]} | {0: "no_pattern"}
    names |= {nu: f"pattern_{nu}" for nu in patterns} | {SADDLE: "saddle"}
    for code, name in meanings_of(data.verdict).items():
        if name in OSCILLATIONS:
            ended = ended.where(verdict != name, OF_VERDICT + code)
            names[OF_VERDICT + code] = name
    ended = ended.where(done(data) & (how != "symmetric"), NO_OUTCOME).astype(np.int32)
    return ended.rename("outcome").assign_attrs(
        units="1", long_name="pattern that leads at rest, with its sign, or another end", _FillValue=np.int32(NO_OUTCOME),
        flag_values=np.array([*names], np.int32), flag_meanings=" ".join(names.values()))


def _leads(data, relaxing, how):
    """Whether one pattern leads.  (Which of several with equal overlaps is called the leading one is a matter of their order.)"""
    is_pattern = (data.retrieved != 0) & (data.retrieved != 127)
    own = data["mode"] == abs(data.retrieved.astype(np.int32))
    at_end = relaxing & how.isin(["settled", "symmetric"]) & np.isfinite(data.xi_limit.isel(mode=0, drop=True))
    xi = abs(xr.where(at_end, data.xi_limit, data.xi)).where(own).max("mode")
    second = xr.where(at_end, abs(data.xi_limit).where(~own, 0.0).max("mode"), data.xi_second)
    error = data.xi_error.where(~at_end, 0.0).fillna(0.0)
    margin = np.maximum(EQUAL * xi, np.minimum(error, 0.01 * xi))
    return is_pattern & ~(second > xi - margin)


def probability(data: Data, pattern: int | xr.DataArray, over: str = "seed", either_sign: bool = False) -> xr.Dataset:
    """How probable it is that a start ends with a pattern in the lead: `probability`, and its Wilson interval of 95 %, `low` and
    `high` as of `mean` (in files, and so here too, `probability_low` and `probability_high`), of `n` starts that have an outcome;
    without the dimension `over`.  Other starts are in none of these: `n_missing`, of which `n_not_computed` have no record yet, and
    the rest is undecided, failed, of open sign, or relaxing to nobody knows what.  Where there are any, the probability is that of
    starts that were decided first.

    pattern: nu, or -nu for that pattern upside down; 0 for none; or an array, such as data.pattern, the cue of each point.  Error
        for one that the data do not have.
    over: the axis that the random starts lie along.  Of a job with `reduce`, which has counted them, it is not looked at.
    either_sign: nu and -nu count as the same, as in the paper.
    """
    data = arguments.dataset(data, "status")
    _patterns(data, pattern)
    if "outcome" in data.dims and "count" in data:
        counted = data["count"].where(done(data), 0)
        is_it = _is(data["outcome"], pattern, either_sign)
        k, n = counted.where(is_it, 0).sum("outcome"), counted.sum("outcome")
        n_left = (~done(data)) * _starts_of_a_cell(data)
        n_missing = data["n_undecided"].where(done(data), n_left)
    else:
        if arguments.axis_name("over", over) not in data.dims:
            raise Error(f"'{over}' is not an axis of the data{arguments.among(over, data.status.dims, 'axes')}")
        arguments.axis(data.status, over)
        ended = outcome(data)
        k, n = (_is(ended, pattern, either_sign) & (ended != NO_OUTCOME)).sum(over), (ended != NO_OUTCOME).sum(over)
        n_missing, n_left = data.sizes[over] - n, (~done(data)).sum(over)
    k, n, n_missing, n_left = xr.broadcast(k, n, n_missing, n_left)
    low, high = wilson(k.values, n.values)
    about = {"probability": "that a start ends with the pattern in the lead", "n": "starts that have an outcome",
             "n_missing": "starts without an outcome", "n_not_computed": "of these, starts that are not computed",
             "low": "lower end of its interval of 95 % (Wilson)", "high": "upper end of that interval"}
    about |= {f"probability_{end}": about[end] for end in ("low", "high")}
    low, high = k.copy(data=low), k.copy(data=high)
    values = {"probability": k / n.where(n > 0), "low": low, "high": high, "probability_low": low, "probability_high": high, "n": n,
              "n_missing": n_missing.astype(np.int64), "n_not_computed": n_left.astype(np.int64)}
    return xr.Dataset({name: value.assign_attrs(units="1", long_name=about[name]) for name, value in values.items()})


def _patterns(data, pattern):
    """Error unless these are patterns of the data, 0 for none."""
    if not isinstance(pattern, xr.DataArray):
        arguments.number("pattern", pattern, integer=True)
    asked = np.atleast_1d(np.asarray(arguments.numbers("pattern", pattern), float))
    n_patterns = int(data["mode"].max()) if "mode" in data.dims else np.inf
    wrong = asked[~((asked == np.round(asked)) & (abs(asked) <= n_patterns))]
    if wrong.size:
        raise Error(f"pattern is {wrong.flat[0]:g}, but the data have patterns 1 ... {'M' if n_patterns == np.inf else n_patterns}, "
                    "-1 ... for those upside down, and 0 for none")


def _starts_of_a_cell(data):
    """How many starts `reduce` counts in each cell."""
    values = re.search(r" (\d+) values", of_job(data, "reduce") or "")
    if values:
        return int(values[1])
    known = (data["count"].sum("outcome") + data["n_undecided"]).where(done(data), 0)
    return int(known.max())


def _is(ended, pattern, either_sign):
    return abs(ended) == abs(pattern) if either_sign else ended == pattern


def _done_of(data, values):
    """Where the points are done that the values are of, which may be a part: at their coordinates without dimensions."""
    is_done = done(data)
    for axis in (dim for dim in is_done.dims if dim not in values.dims and dim in is_done.coords and dim in values.coords):
        if values[axis].ndim:
            continue
        try:
            is_done = is_done.sel({axis: values[axis].item()}, drop=True)
        except KeyError:
            raise Error(f"{axis} = {values[axis].item()} is not in the data") from None
    lacking = [str(dim) for dim in is_done.dims if dim not in values.dims]
    if lacking:
        raise Error(f"which points of {values.name or 'the field'} are done is not known: it is not over {', '.join(lacking)} "
                    "(give the Dataset that holds it)")
    return is_done


def boundary(data: Data, field: str | xr.DataArray, level: float = 0.5, along: str | None = None,
             which: str = "first") -> xr.DataArray:
    """Where a field crosses a level along an axis: a value of the axis, without that dimension; NaN where it does not.

    field: a name, or an array over axes of the data, also of truths: is_verdict(data, "fixed_point"), or a part of it, such as
    .sel(seed=1).  What goes over starts is asked of the Dataset that holds it: boundary(probability(data, 1), "probability").
    `retrieved` stands for the truth that some pattern is, upside down or not, retrieved != 0; other fields of codes (`verdict`,
    `how`, outcomes) are refused.
    along: the axis, which may be left out where the field has a single axis of more than one value (`mode` is none).
    which: "first" or "last" of several crossings, in the order of the axis.
    Between two points it is interpolated along a straight line, so that of truths it is the middle; it is not looked for beside
    points that are NaN or not done.
    """
    data = arguments.dataset(data, *([field] if isinstance(field, str) else []))
    arguments.number("level", level)
    if which not in ("first", "last"):
        raise Error(f"which is {arguments.shown(which)}, but must be 'first' or 'last'")
    values = arguments.array(data[field] if isinstance(field, str) else field, "a field")
    if values.dtype.kind not in "biuf":
        raise Error(f"{values.name or 'the field'} has no numbers")
    if not values.dims:
        raise Error(f"{values.name or 'the field'} has no axis to look along")
    values = _uncoded(values, level)
    if "status" in data:
        values = values.where(_done_of(data, values))  # truths are never NaN
    along = _along(data, values) if along is None else along
    if along not in values.dims or along not in values.coords:
        raise Error(f"'{along}' is not an axis of {values.name or 'the field'}{arguments.among(along, values.dims, 'axes')}")
    arguments.axis(values, along)
    if values.sizes[along] < 2:
        raise Error(f"{along} has a single value: nothing changes along it")
    values = values.transpose(..., along)
    above = np.moveaxis(np.asarray(values.values, float), -1, 0) - level
    x = np.asarray(values[along].values, float)
    first, second = above[:-1], above[1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        crosses = (np.sign(first) != np.sign(second)) & np.isfinite(first) & np.isfinite(second)
        steps = (x[1:] - x[:-1]).reshape(-1, *[1] * (above.ndim - 1))
        places = x[:-1].reshape(steps.shape) + steps * first / (first - second)
    i = np.expand_dims(crosses.argmax(0) if which == "first" else len(crosses) - 1 - crosses[::-1].argmax(0), 0)
    found = np.where(crosses.any(0), np.take_along_axis(places, i, 0)[0], np.nan)
    return values.isel({along: 0}, drop=True).copy(data=found).rename(f"{along}_boundary").assign_attrs(
        units=values[along].attrs.get("units", "1"),
        long_name=f"{along} where {values.name or 'the field'} {'last' if which == 'last' else 'first'} crosses {level:g}")


def _uncoded(values, level):
    """The values as numbers that may be compared with a level, NaN where they are not known: codes and labels may not."""
    name = values.name
    if values.dtype.kind == "b":
        return numbers(values)
    if name == "outcome" and values.dtype.kind in "iu":
        raise Error("outcomes are labels, which have no order: give a truth, such as dickemap.outcome(data) == 3")
    if "flag_meanings" in values.attrs:
        raise Error(f"'{name}' has codes, which have no order: give a truth, such as "
                    f"dickemap.is_flag(data, '{name}', '{values.attrs['flag_meanings'].split()[-1]}')")
    if name != "retrieved":
        return numbers(values)
    if level != 0.5:
        raise Error("'retrieved' is a label with a sign and has no level: give a truth, such as abs(data.retrieved) == 3")
    label = numbers(values)
    return ((label != 0) & (label != MIXTURE)).astype(float).where(label.notnull())


def _along(data, values):
    """The only axis that may be meant."""
    axes = [dim for dim in values.dims if dim in values.coords and (dim in data.status.dims if "status" in data else True)]
    several = [dim for dim in axes if values.sizes[dim] != 1]
    if len(several) > 1:
        raise Error(f"{values.name or 'the field'} may change along {', '.join(map(repr, several))}: along must say which")
    return (several or axes or list(values.dims))[0]
