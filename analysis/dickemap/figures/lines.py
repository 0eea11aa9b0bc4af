# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of theory, where they mean something.

They are drawn from the closed forms of ../theory.py with the parameters of the job, on a fine grid to the frame, in as many
branches as they have (Omega_mu of either sign).  Whether the closed forms are those of this file is seen: they must give its own
g_crit at each of its points; else what the file has is interpolated.

    exact starts            g_c of the cue: from there on its pattern state exists, and the start reaches it
    tilted starts, modes    the least g_c, from which on there are patterns at all; g_ret of the cue, from which on its pattern
      of one sign           is stable against the others
    tilted starts, modes    none: no pattern state is stable
      of both signs

Nor is a line drawn through cells that oscillate or are undecided, nor at all where most of it would be.

A curve of a pattern's state, Eq. (12) and what follows from it, is drawn of exact starts along the whole axis.  Of others it is drawn
if points have ended in that state, whatever they began as, wherever closed forms say that tilts leave it: from g_ret to the frame,
and the normal state up to the least g_c (`is_drawn`).  Where that is not known, as of modes of both signs, it goes through the
cells of those points.  Dark precession goes about that state, which makes overlaps shorter by p^2/2 or so."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .. import models, theory, verdicts
from ..models import exact, is_exact, parameters
from ..reading import of_job
from . import cells
from .slices import cue_of

FINE = 401  # places along an axis of a map
STEEP = 0.01  # of one axis that a line may go on from one place to the next along the other
HALVINGS = 10  # of what lies between two places where it goes on by more
NO_LINE = ("limit_cycle", "quasiperiodic", "irregular", "heteroclinic", "undecided", "failed")
WITHOUT_LINES = ("g_crit", "g_retrieve", "xi_theory", "x_theory", "method", "failure", "wall_time")
OF_MODE = ("xi", "xi_end", "xi_limit", "occupation", "alpha_re", "alpha_im", "retrieval", "retrieval_either_sign")
OF_STABILITY = ("n_unstable", "growth_rate", "entropy")


def _of_mode(values, pattern):
    """Of a list over modes that of the pattern, a number or an array over an axis."""
    if np.ndim(pattern) == 0:
        return values[int(pattern) - 1]
    rows = xr.broadcast(*[value if isinstance(value, xr.DataArray) else xr.DataArray(value) for value in values])
    stacked = xr.concat(rows, "of_mode")
    return stacked.isel(of_mode=pattern.astype(int) - 1)


def closed_g_crit(data: xr.Dataset, mode: int | xr.DataArray | None = None) -> xr.DataArray | float | None:
    """g_crit of a pattern, None: the cue's, in closed form over the axes of the data; None where the job does not tell."""
    given = parameters(data)
    mode = mode if mode is not None else data["pattern"] if "pattern" in data.coords else cue_of(data)
    if given is None or mode is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return theory.g_crit(given["Omega"], _of_mode(given["Omega_mu"], mode), _of_mode(given["kappa_mu"], mode))


def least_g_crit(data: xr.Dataset) -> xr.DataArray | float | None:
    """The least g_crit of all modes, NaN where they are of both signs."""
    given = parameters(data)
    if given is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        all_modes = [theory.g_crit(given["Omega"], O, k) for O, k in zip(given["Omega_mu"], given["kappa_mu"])]
    least = all_modes[0]
    for other in all_modes[1:]:
        least = np.minimum(least, other)
    return least * one_sign(data)


def one_sign(data: xr.Dataset) -> xr.DataArray | float:
    """1 where all Omega_mu have one sign, else NaN."""
    signs = [np.sign(Omega_mu) for Omega_mu in parameters(data)["Omega_mu"]]
    total = signs[0]
    for other in signs[1:]:
        total = total + other
    same = abs(total) == len(signs)
    return xr.where(same, 1.0, np.nan) if isinstance(same, xr.DataArray) else 1.0 if same else np.nan


def is_closed(data: xr.Dataset) -> bool:
    """Whether the closed forms give the file's own g_crit at each point that is done."""
    mine = closed_g_crit(data)
    if "g_crit" not in data:  # cells of starts, states: the job must say that the closed forms hold
        return mine is not None and not models.beyond(data)
    own = data["g_crit"]
    known = np.isfinite(own.values)
    there = (own.notnull() | cells.reading.done(data)).values if "status" in data else np.ones(own.shape, bool)
    if not there.any():  # nothing is computed yet
        return mine is not None and not models.beyond(data)
    if mine is None or not known.any():
        return False
    mine = (own * 0 + mine).transpose(*own.dims) if isinstance(mine, xr.DataArray) else xr.full_like(own, mine)
    return bool(np.allclose(mine.values[known], own.values[known], rtol=1e-9, atol=0) and known[there].mean() > 0.5)


def is_on_its_way(data: xr.Dataset) -> bool:
    """Whether the data are of finitely many spins over time: what is stationary is no theory of theirs."""
    return "E_N" in data or "time" in data.coords


def kinds(data: xr.Dataset, field: str, mode: object = None) -> dict[str, str]:
    """{label: what} of the lines that mean something for the field: what is "crit", "least" or "ret".  mode: which one is shown
    where the starts have one cue."""
    closed = is_closed(data)
    if is_on_its_way(data):
        return {}
    if not closed and "g_crit" not in data or field in WITHOUT_LINES or of_job(data, "model.g0") is None:
        return {}
    if of_job(data, "task") == "states" or "n_states" in data:
        return {r"$g_{\mathrm{c}}$, least": "least"}
    lines = {}
    if np.any(exact(data)):
        if not (field in OF_MODE and mode is not None and cue_of(data) is not None and mode != cue_of(data)):
            lines = {r"$g_{\mathrm{c}}$": "crit"} | ({r"$g_{\mathrm{ret}}$": "ret"} if field in OF_STABILITY else {})
        if is_exact(data):
            return lines
    lines |= {r"$g_{\mathrm{c}}$, least": "least"} if closed and field not in OF_MODE else {}
    return lines | ({r"$g_{\mathrm{ret}}$": "ret"} if field in (*OF_MODE, *OF_STABILITY, "retrieved", "outcome") else {})


# ---- on a fine grid ----


def linear(values: np.ndarray, at: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Along the last axis, straight on beyond the ends."""
    if at.size == 1:
        return np.repeat(values, new.size, axis=-1)
    i = np.clip(np.searchsorted(at, new) - 1, 0, at.size - 2)
    part = (new - at[i]) / (at[i + 1] - at[i])
    with np.errstate(invalid="ignore"):
        return np.where(part == 0, values[..., i], np.where(part == 1, values[..., i + 1],
                                                            values[..., i] * (1 - part) + values[..., i + 1] * part))


def fine(data: xr.Dataset, axis: str, border: np.ndarray, log: bool, n: int = FINE,
         places: np.ndarray | None = None) -> tuple[np.ndarray, xr.Dataset, np.ndarray]:
    """Places along an axis to the frame (None: n at equal distances), the data's coordinates there, and the cell of each place.  A whole
    number has nothing between its values: each fills its cell."""
    values = data[axis].values if axis in data.coords else np.arange(data.sizes[axis])
    if values.dtype.kind in "iu":
        cell = np.repeat(np.arange(values.size), 2)
        places = np.stack([border[:-1], border[1:]], axis=1).ravel()
        return places, data.isel({axis: cell}), cell
    if places is None:
        places = np.geomspace(border[0], border[-1], n) if log else np.linspace(border[0], border[-1], n)
    cell = np.clip(np.searchsorted(border, places, side="right") - 1, 0, values.size - 1)
    finer = data.isel({axis: cell}).assign_coords({axis: (axis, places, data[axis].attrs)})
    for name, coordinate in data.coords.items():
        if name != axis and coordinate.dims == (axis,) and coordinate.dtype.kind == "f":
            finer = finer.assign_coords({name: (axis, linear(coordinate.values, values, places), coordinate.attrs)})
    return places, finer, cell


def threshold(data: xr.Dataset, what: str) -> xr.DataArray | float:
    """A line's coupling, over the axes of the data, in closed form."""
    crit, least = closed_g_crit(data), least_g_crit(data)
    return {"crit": crit, "least": least, "ret": None if least is None else theory.g_retrieve(crit, least)}[what]


def through_rest(data: xr.Dataset, field: str) -> xr.DataArray:
    """False in cells that no line goes through: what oscillates or is undecided, and where the field has no result.  (Cells that
    are not computed yet are no reason.)"""
    why = cells.absent(data, field)
    no_reason = ("not computed", "most starts undecided", "most starts failed", "most starts not computed")
    rest = why.isin([0, *map(cells.code, no_reason)])
    if "verdict" in data:
        rest = rest & ~verdicts.flag_names(data["verdict"]).isin(NO_LINE)
    return rest


def _is_of(data: xr.Dataset, field: str, what: str) -> xr.DataArray | bool:
    """Where the line is that of the starts: of exact ones, of tilted ones, or of both."""
    if "n_states" in data or what == "ret" and field in OF_STABILITY:
        return True
    own = exact(data)
    return own if what == "crit" else ~own if isinstance(own, xr.DataArray) else not own


def _distance(finer: xr.Dataset, x: str, y: str, what: str) -> np.ndarray:
    """g0 - threshold [y, x] in closed form."""
    with np.errstate(invalid="ignore"):
        distance = parameters(finer)["g0"] - threshold(finer, what)
    frame = xr.DataArray(np.zeros((finer.sizes[y], finer.sizes[x])), dims=(y, x))
    return (frame + (distance.variable if isinstance(distance, xr.DataArray) else distance)).transpose(y, x).values


def _is_steep(distance: np.ndarray, across: np.ndarray, log: bool) -> np.ndarray:
    """Between which places along the first axis the line goes on by more than STEEP of the second, whose places are `across`."""
    width = np.gradient(np.log(across) if log else across)
    with np.errstate(invalid="ignore"):
        changes = (distance[1:] > 0) != (distance[:-1] > 0)
    changes &= ~np.isnan(distance[1:]) & ~np.isnan(distance[:-1])
    return changes @ width > STEEP * width.sum()


def _with_middles(at: np.ndarray, steep: np.ndarray, axis: xr.DataArray) -> np.ndarray:
    """The places and, of an axis that has something between its values, the middles of those intervals that are steep."""
    return at if axis.dtype.kind in "iu" else np.sort(np.concatenate([at, (at[1:] + at[:-1])[steep] / 2]))


def over_map(data: xr.Dataset, field: str, x: str, y: str, borders: tuple[np.ndarray, np.ndarray], logs: tuple[bool, bool],
             what: str) -> tuple[np.ndarray, np.ndarray, np.ma.MaskedArray] | None:
    """x, y and g0 - threshold [y, x] on a fine grid, masked where the line means nothing: its zeros are the line.  The data have
    no axes but x and y; None where there is no line."""
    at_x, finer, cell_x = fine(data, x, borders[0], logs[0])
    at_y, finer, cell_y = fine(finer, y, borders[1], logs[1])
    if is_closed(data):
        distance = _distance(finer, x, y, what)
        for _ in range(HALVINGS):
            places = [_with_middles(at_x, _is_steep(distance.T, at_y, logs[1]), data[x]),
                      _with_middles(at_y, _is_steep(distance, at_x, logs[0]), data[y])]
            if (places[0].size, places[1].size) == (at_x.size, at_y.size):
                break
            at_x, finer, cell_x = fine(data, x, borders[0], logs[0], places=places[0])
            at_y, finer, cell_y = fine(finer, y, borders[1], logs[1], places=places[1])
            distance = _distance(finer, x, y, what)
    else:
        own = {"crit": "g_crit", "ret": "g_retrieve"}.get(what)
        if own not in data or not {x, y} & {"g0"} and "g0" not in data.coords and (of_job(data, "model.g0") or "axis") == "axis":
            return None
        if set(data[own].dims) != {x, y}:
            return None
        values = data[own].transpose(y, x).values
        along_x = linear(values, data[x].values.astype(float), at_x) if data[x].dtype.kind == "f" else values[:, cell_x]
        both = (linear(along_x.T, data[y].values.astype(float), at_y).T if data[y].dtype.kind == "f" else along_x[cell_y])
        g0 = finer["g0"] if "g0" in finer.coords else float(of_job(data, "model.g0"))
        g0 = {(x,): lambda: g0.values[None, :], (y,): lambda: g0.values[:, None]}.get(getattr(g0, "dims", ()), lambda: float(g0))()
        distance = g0 - both
    rest = through_rest(data, field)
    rest = rest.any([dim for dim in rest.dims if dim not in (x, y)])
    frame = xr.DataArray(np.ones((data.sizes[y], data.sizes[x]), bool), dims=(y, x))
    own = frame & getattr(_is_of(data, field, what), "variable", _is_of(data, field, what))
    cells_own, cells_drawn = own.transpose(y, x).values, (own & rest.variable).transpose(y, x).values
    drawn = cells_drawn[np.ix_(cell_y, cell_x)]
    with np.errstate(invalid="ignore"):
        positive = distance > 0
        near = np.zeros_like(drawn)
        near[:, 1:] |= positive[:, 1:] != positive[:, :-1]
        near[1:] |= positive[1:] != positive[:-1]
        near &= np.isfinite(distance)
    through = np.zeros((data.sizes[y], data.sizes[x]), bool)  # cells that the line goes through
    through[np.broadcast_to(cell_y[:, None], near.shape)[near], np.broadcast_to(cell_x, near.shape)[near]] = True
    through &= cells_own
    if not through.any() or cells_drawn[through].mean() < 0.5:
        return None
    shown = np.ma.masked_where(~drawn | ~np.isfinite(distance), distance)
    return at_x, at_y, shown


def is_drawn(data: xr.Dataset, x: str, field: str, places: tuple[np.ndarray, xr.Dataset], border: np.ndarray, mode: int) -> np.ndarray:
    """At which of the fine places the curve of a pattern is drawn, of starts that are not exact: its state above g_c, below it the
    normal state.  Of either it is the whole range in which that is stable, in closed form, if any point of any start has ended in it
    there; where closed forms do not know, the cells [between their borders] of the points that have.  A cell with g_c in it is of
    either state."""
    at, finer = places
    if "verdict" not in data or "retrieved" not in data:
        return np.zeros(at.shape, bool)
    rest = verdicts.is_at_rest(data)
    if field == "xi_end" and "how" in data:
        rest = rest | verdicts.is_verdict(data, "relaxing") & (verdicts.flag_names(data["how"]) != "not_applicable")
    label = abs(data["retrieved"].astype(int))
    still = verdicts.is_verdict(data, "fixed_point") if field == "x_mean" else rest  # without modes precession is not small

    def of_cell(truth):
        values = truth.any([dim for dim in truth.dims if dim != x])
        return np.atleast_1d(values.values)

    def along(value):
        return np.broadcast_to(np.asarray(value, float), at.shape)

    pattern, normal = of_cell(rest & (label == mode)), of_cell(still & (label == 0))
    cell = np.clip(np.searchsorted(border, at, side="right") - 1, 0, pattern.size - 1)
    with np.errstate(invalid="ignore"):
        g0, g_crit, least = along(parameters(finer)["g0"]), along(closed_g_crit(finer, mode)), along(least_g_crit(finer))
        stable, is_normal, below = g0 >= theory.g_retrieve(g_crit, least), g0 <= least, g0 <= g_crit
    n, n_below = np.bincount(cell, minlength=pattern.size), np.bincount(cell, weights=below, minlength=pattern.size)
    has_both = ((n_below > 0) & (n_below < n))[cell]
    reached, at_rest = pattern[cell] & ~below, (normal[cell] | pattern[cell] & has_both) & below
    ranges = stable & ~below & (reached & stable).any() | is_normal & (at_rest & is_normal).any()
    return np.where(np.isfinite(least), ranges, reached | at_rest)


def curve(data: xr.Dataset, x: str, field: str, places: tuple[np.ndarray, xr.Dataset], mode: int) -> np.ndarray | None:
    """A field of a pattern's state in closed form at fine places along x, of one curve; |xi|, |alpha| of amplitudes.  None where
    there is no closed form."""
    at, finer = places
    given = parameters(finer)
    if given is None or is_on_its_way(data) or not is_closed(data):
        return None

    def array(value):
        return value.values.astype(float) if isinstance(value, xr.DataArray) and value.dims else np.full(at.size, float(value))

    g0, Omega = array(given["g0"]), array(given["Omega"])
    Omega_mu, kappa_mu = array(given["Omega_mu"][mode - 1]), array(given["kappa_mu"][mode - 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        g_crit = theory.g_crit(Omega, Omega_mu, kappa_mu)
        xi = theory.xi_theory(g0, g_crit)
        if field in ("xi", "xi_end"):
            return xi
        if field == "x_mean":
            return theory.x_theory(g0, g_crit, Omega, Omega_mu)
        factor = float(data.attrs.get("alpha_factor", np.nan)) ** 2
        if field == "occupation" and np.isfinite(factor):
            return theory.occupation_theory(g0, xi, Omega_mu, kappa_mu, factor)
        if field in ("alpha_re", "alpha_im") and np.isfinite(factor):
            alpha = theory.alpha_theory(g0, xi, Omega_mu, kappa_mu, factor)
            return alpha.real if field == "alpha_re" else alpha.imag
    return None
