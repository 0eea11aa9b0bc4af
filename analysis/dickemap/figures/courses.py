# SPDX-License-Identifier: GPL-3.0-or-later
"""A point through time, and the frequencies in its motion."""

from __future__ import annotations

import os
from typing import Union

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from .. import arguments, reading, verdicts
from ..errors import Error
from . import canvas, labels, lines, style

Course = Union[xr.Dataset, str, os.PathLike]
HARMONICS = 20  # up to which a spectrum shows the motion
LEAST = 1e-9  # amplitude of a motion: what is smaller are errors
LONG = 1000  # of a spectrum without a frequency, in 1/kappa
NAMED_MODES = 8  # curves with a name; of more modes those that come farthest


def course_of(data: Course) -> xr.Dataset:
    """A trajectory: of dickemap.trajectory, or a file (.h5 or .csv) of `dickemap point --trajectory`."""
    if isinstance(data, xr.Dataset):
        found = data
    elif str(arguments.path(data, "a trajectory")).endswith(".csv"):
        try:
            table = np.genfromtxt(data, delimiter=",", names=True)
        except (ValueError, IndexError, UnicodeDecodeError):
            raise Error(f"{os.fspath(data)}: not a trajectory of dickemap (no table of numbers)") from None
        names = [name for name in table.dtype.names or () if name.startswith("xi_")]
        if "t" not in (table.dtype.names or ()) or not names:
            raise Error(f"{os.fspath(data)}: not a trajectory of dickemap (no columns t, xi_1, ...)")
        table = np.atleast_1d(table)
        modes = [name[3:] for name in names]
        fields = {field: np.stack([table[f"{field}_{mode}"] for mode in modes], 1) for field in ("xi", "alpha_re", "alpha_im")
                  if f"{field}_{modes[0]}" in table.dtype.names}
        found = xr.Dataset({name: (("t", "mode"), values) for name, values in fields.items()},
                           {"t": table["t"], "mode": np.array(modes, np.int32)})
    else:
        with reading.raw(data, mask_and_scale=True) as file:
            found = file.load()
    if "xi" not in found or "t" not in found["xi"].dims:
        name = "these data" if isinstance(data, xr.Dataset) else os.fspath(data)
        raise Error(f"{name}: not a trajectory of dickemap (no xi over t)")
    return found


def _colours(data: xr.Dataset, values: xr.DataArray):
    """{mode: (colour, name or None)}: of many modes only those are named that come farthest."""
    modes = [int(mode) for mode in data["mode"].values]
    if len(modes) <= NAMED_MODES:
        return {mode: (colour, rf"$\mu$ = {mode}") for mode, colour in zip(modes, style.pattern_colours(len(modes)))}
    reach = abs(values).max("t").values
    first = {modes[i] for i in np.argsort(-reach)[:NAMED_MODES]}
    colours = iter(style.pattern_colours(NAMED_MODES))
    return {mode: (next(colours), rf"$\mu$ = {mode}") if mode in first else ("0.8", None) for mode in modes}


def _title(data: xr.Dataset) -> str:
    fixed = {str(name): c.item() for name, c in data.coords.items()
             if c.ndim == 0 and c.dtype.kind in "iuf" and name not in ("mode", "t")}
    if not fixed:  # a file of the program: what is not zero
        for name in ("pattern", "g0", "Omega", "Omega_mu", "kappa_mu", "gamma_down", "gamma_up", "gamma_phi", "imbalance", "perturbation",
                     "flip", "flip_exactly"):
            given = labels.of_modes(name, np.atleast_1d(data.attrs.get(name, [])))
            fixed |= {own: value.item() for own, value in given.items() if value.dtype.kind in "iuf" and value != 0}
    return labels.items(data, fixed)


def has_both_signs(data: xr.Dataset) -> bool:
    """Whether Omega_mu have both signs, where neither L nor -L falls."""
    return lines.parameters(data) is not None and bool(np.isnan(lines.one_sign(data)))


def falling_sign(data: xr.Dataset) -> int:
    """The sign with which L falls, that of the Omega_mu: records have L times it, trajectories L itself."""
    given = lines.parameters(data)
    return -1 if given and all(float(Omega_mu) < 0 for Omega_mu in given["Omega_mu"]) else 1


def _until(data: xr.Dataset, until: float | None) -> xr.Dataset:
    """The part up to that time."""
    if until is None:
        return data
    t = data["t"].values
    arguments.number("until", until)
    if not t[0] < until <= t[-1] * (1 + 1e-9):
        raise Error(f"the trajectory goes from t = {t[0]:g} to {t[-1]:g}: there is none until {until:g}")
    return data.isel(t=slice(0, max(2, int(np.searchsorted(t, until * (1 + 1e-9), side="right")))))


def trajectory(data: Course, record: xr.Dataset | None = None, *, until: float | None = None, log: bool = False, ax=None):
    """The course of one point: overlaps, occupations, and the Lyapunov function L where there is one (Omega_mu of one sign).

        course = dickemap.trajectory("jobs/fig3.yaml", t_end=60, g0=0.95, pattern=3)
        figures.trajectory(course, dickemap.point("jobs/fig3.yaml", g0=0.95, pattern=3))

    data: of dickemap.trajectory, or the file of `dickemap point --trajectory` (.h5 or .csv; these have no L).
    record: of dickemap.point: where overlaps end (short lines at the right), `t_settled`, and the barrier and the limit of L.
    Where all Omega_mu are negative it is -L that falls, and that is drawn, as in records.
    until: shows it up to that time; None: to its end, which `dickemap.trajectory` takes as t_end.
    log: a logarithmic axis of time.  Returns the figure, or with `ax` that Axes, with the overlaps alone.
    """
    data = _until(course_of(data), until)
    has_L = "L" in data and bool(np.isfinite(data["L"]).any()) and not has_both_signs(data)
    rows = ["xi"] if ax is not None else ["xi"] + ["occupation"] * ("alpha_re" in data) + ["L"] * has_L
    t = data["t"].values
    with style.styled():
        if ax is None:
            figure, grid = plt.subplots(len(rows), 1, figsize=(5.4, 1.3 + 1.35 * len(rows)), layout="constrained", sharex=True,
                                        squeeze=False, height_ratios=[1.5] + [1] * (len(rows) - 1))
            all_axes = dict(zip(rows, grid[:, 0]))
        else:
            figure, all_axes = style.axes_of(ax).figure, {"xi": ax}
        colours = _colours(data, data["xi"])
        order = sorted(colours, key=lambda mode: colours[mode][1] is not None)
        for mode in order:
            colour, name = colours[mode]
            all_axes["xi"].plot(t, data["xi"].sel(mode=mode), color=colour, lw=1.1, label=name)
            if "occupation" in all_axes:
                own = data.sel(mode=mode)
                all_axes["occupation"].plot(t, own["alpha_re"] ** 2 + own["alpha_im"] ** 2, color=colour, lw=1.1)
        all_axes["xi"].axhline(0, color="0.8", lw=0.7, zorder=0)
        reach = float(abs(data["xi"]).max())
        all_axes["xi"].set(ylim=(-1.05 * max(1, reach), 1.05 * max(1, reach)), ylabel=r"$\xi_\mu$")
        if "occupation" in all_axes:
            all_axes["occupation"].set(ylim=(0, None), ylabel=r"$|\alpha_\mu|^2$")
        if has_L:
            sign = falling_sign(data)
            all_axes["L"].plot(t, sign * data["L"], color="black", lw=1.1)
            all_axes["L"].set_ylabel(labels.label(data, "L", words=False).replace("$L", "$-L" if sign < 0 else "$L"))
        if record is not None:
            _mark_record(all_axes, record, colours, t)
        last = all_axes[rows[-1]]
        if log:
            last.set_xscale("log")
        last.set(xlim=(t[t > 0][0] if log else t[0], t[-1]), xlabel=labels.label(data, "t"))
        for axes in all_axes.values():
            axes.tick_params(labelbottom=axes is last or ax is not None)
        all_axes["xi"].set_title(_title(data))
        handles, _ = all_axes["xi"].get_legend_handles_labels()
        canvas.legend_beside(all_axes["xi"], handles)
        if has_L and record is not None:
            handles, _ = all_axes["L"].get_legend_handles_labels()
            canvas.legend_beside(all_axes["L"], handles)
        return style.finished(figure, ax)


def _mark_record(all_axes, record, colours, t):
    """What the record of the point says of its end."""
    if "verdict" in record and "xi" in record:
        end, drawn = verdicts.xi_end(record), False
        for mode, (colour, name) in colours.items():
            value = float(end.sel(mode=mode))
            if np.isfinite(value) and name:
                all_axes["xi"].axhline(value, xmin=0.95, color=colour, lw=2.8, zorder=3)
                drawn = True
        verdict = str(verdicts.flag_names(record["verdict"]).values)
        all_axes["xi"].plot([], [], color="0.3" if drawn else "white", lw=2.8, label=f"end: {labels.flag_text(verdict)}")
    settled = float(record["t_settled"]) if "t_settled" in record else np.nan
    if settled >= t[-1]:
        all_axes["xi"].plot([], [], color="white", label=f"outcome certain from $t$ = {labels.number(settled)} on")
    elif t[0] < settled:
        for axes in all_axes.values():
            axes.axvline(settled, color="0.5", lw=0.9, ls=":", zorder=0).set_gid("t_settled")
        all_axes["xi"].plot([], [], color="0.5", lw=0.9, ls=":", label="outcome certain")
    if "L" not in all_axes:
        return
    for field, colour, text in (("L_saddle", "#d55e00", "lowest barrier"), ("L_limit", "#0072b2", "limit")):
        value = float(record[field]) if field in record else np.nan
        if np.isfinite(value):
            all_axes["L"].axhline(value, color=colour, lw=0.9, ls="--", label=text).set_gid(field)


def amplitudes(data: xr.Dataset, field: str = "xi", begin: float | None = None) -> xr.DataArray:
    """Amplitude [omega, ...] of each angular frequency in a field of a trajectory, from a time on (None: the second half), without
    the mean: a line A cos(omega t) far from others has the height A.  Hann's window, samples at equal distances."""
    if "t" not in arguments.dataset(data).dims:
        raise Error("these data are no trajectory: they have no t")
    if begin is not None:
        arguments.number("begin", begin)
    if field not in data or "t" not in data[field].dims:
        raise Error(f"no field '{field}' in the trajectory{arguments.among(field, data.data_vars)}")
    values = data[field].transpose("t", ...)
    t = data["t"].values.astype(float)
    begin = (t[0] + t[-1]) / 2 if begin is None else begin
    chosen = t >= begin - 1e-12 * abs(t[-1])
    steps = np.diff(t[chosen])
    if chosen.sum() < 8:
        raise Error(f"a spectrum needs at least 8 samples from t = {begin:g} on, and there are {int(chosen.sum())}")
    if np.ptp(steps) > 1e-6 * steps.mean():
        raise Error("a spectrum needs samples at equal distances of time")
    part = values.values[chosen]
    if not np.isfinite(part).all():
        raise Error(f"{field} is not known at all times")
    window = np.hanning(part.shape[0] + 1)[:-1].reshape(-1, *[1] * (part.ndim - 1))
    lines = 2 * abs(np.fft.rfft((part - part.mean(0)) * window, axis=0)) / window.sum()
    omega = 2 * np.pi * np.fft.rfftfreq(part.shape[0], steps.mean())
    rate = data["t"].attrs.get("units", "1")
    rate = rate[3:-1] if rate.startswith("1/(") else rate
    return xr.DataArray(lines, dims=("omega", *values.dims[1:]), name="amplitude", attrs={"units": values.attrs.get("units", "1")},
                        coords={"omega": ("omega", omega, {"units": rate, "long_name": "angular frequency"})}
                        | {name: c for name, c in values.coords.items() if "t" not in c.dims})


def window(record: xr.Dataset, points: int) -> float:
    """How long a trajectory of so many samples may be for a spectrum of the motion that a record has ended in: fine enough for
    HARMONICS of the fastest frequency of the record; without one, as of chaos, it is LONG/kappa."""
    fastest = max((float(abs(record[name])) for name in ("frequency_1", "frequency_2") if name in record and np.isfinite(record[name])),
                  default=0.0)
    given = lines.parameters(record)
    kappa = min(float(value) for value in given["kappa_mu"]) if given else 1.0
    return (points - 1) * np.pi / (HARMONICS * fastest) if fastest > 0 else LONG / kappa


def spectrum(data: Course, record: xr.Dataset | None = None, *, field: str = "xi", begin: float | None = None,
             until: float | None = None, ax=None):
    """Which frequencies the motion of a point has: the amplitude of each, in the second half of the trajectory or from `begin` on;
    `until` a time, or to its end.

        record = dickemap.point(job, set={"output.state": "final"}, g0=1.0)
        t_end = float(record.t_end) + figures.window(record, 20001)
        course = dickemap.trajectory(job, t_end, 20001, after=record, g0=1.0)
        figures.spectrum(course, record)

    record: of dickemap.point: its frequencies (of a limit cycle or a torus) are marked.  field: of the trajectory, `xi` or another
    over t.  Samples must be dense enough, pi over their distance being the highest frequency shown.  Returns the figure, or `ax`.
    """
    data = _until(course_of(data), until)
    heights = amplitudes(data, field, begin)
    omega = heights["omega"].values[1:]
    if not float(heights.max()) > LEAST:
        raise Error(f"{field} is at rest from t = {float(data['t'][0]) if begin is None else begin:g} on: there is no motion to show")
    with style.styled():
        figure, (axes,) = style.panels(1, 4.4, 2.7, ax)
        if "mode" in heights.dims:
            for mode, (colour, name) in _colours(data, data[field]).items():
                axes.plot(omega, heights.sel(mode=mode).values[1:], color=colour, lw=0.9, label=name)
        elif heights.ndim == 1:
            axes.plot(omega, heights.values[1:], color="black", lw=0.9)
        else:
            raise Error(f"{field} has more dimensions than the mode: select one of each of {', '.join(map(str, heights.dims[1:]))}")
        top = float(heights.max())
        for name, look in (("frequency_1", "--"), ("frequency_2", ":")):
            value = float(record[name]) if record is not None and name in record else np.nan
            if np.isfinite(value):
                axes.axvline(value, color="0.35", lw=0.9, ls=look, zorder=0, gid=name, label=f"${labels.symbol(name)}$ of the record")
        shown = heights.values[1:][heights.values[1:] > 0]
        low = max(shown.min(), 1e-8 * top) if shown.size else 1e-12
        strong = omega[(heights.values[1:].reshape(omega.size, -1).max(1) > 1e-4 * top)] if top > 0 else omega
        sign = labels.symbol(field)
        axes.set(yscale="log", ylim=(low, 3 * top if top > 0 else 1),
                 xlim=(0, min(omega[-1], 1.15 * strong[-1]) if strong.size else omega[-1]),
                 xlabel=r"angular frequency $\omega$" + labels.in_unit(heights["omega"].attrs["units"]),
                 ylabel="amplitude of " + (f"${sign}$" if sign else field))
        axes.set_title(_title(data))
        handles, _ = axes.get_legend_handles_labels()
        canvas.legend_beside(axes, handles)
        return style.finished(figure, ax)
