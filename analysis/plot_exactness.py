#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws how far finitely many spins are from the mean field, from the outputs of jobs/exactness.yaml, of the same with
`exactness.start: rest` (--rest), of jobs/exactness_memory.yaml (--memory) and of jobs/exactness_retrieval.yaml (--retrieval), or of other
jobs with `task: exactness` over the same axes (g0 may be fixed):

  above   N E_N over time, N -> infinity dashed
  below   E_N at the end against N, with fitted exponents; how long the mean field holds; the growth of ln E_N beside its
          bounds, where there are any (without losses of single spins); the decay of a retrieved pattern
  last    retrieval: overlaps with the cue's pattern over time, the mean field dashed; how long a retrieved pattern survives against N

Standard errors of trajectories are bars, or bands.  The mean field is said to hold up to E_N = 0.3.  That is a convention: the spins of
a class are a vector of length 1 at most, E_N is of order 1 where the mean field has failed, and as it grows exponentially until then,
another number would move the time by its logarithm alone.  Needs nothing but the files."""

import script_drawing  # (first: says which package is missing)
import script_file

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

import dickemap
from dickemap import models, reading
from dickemap.figures import labels, style
from dickemap.figures.exactness import HOLDS, SPINS, band_handles, course, of_job

LARGE = 16  # exponents are those of so many spins and more
NEEDS = {"file": ("jobs/exactness.yaml", True), "rest": ("jobs/exactness.yaml", True), "memory": ("jobs/exactness_memory.yaml", False),
         "retrieval": ("jobs/exactness_retrieval.yaml", False)}  # (job, whether g0 may be an axis)
PLOT = "plot.py exactness draws any such file"


def lacking(data):
    return "" if np.isfinite(data.E_N).any() else "no point of it has a result"


def without_pattern(data):
    """The same of a retrieved pattern: at the start there must be one."""
    return lacking(data) or ("" if np.isfinite(survival(data)[0]).any() else "its starts have no overlap with any pattern")


def opened(path, name):
    """The results of a file; where the job fixes g0 of an axis of this one value."""
    like, has_g0 = NEEDS[name]
    axes = ("g0", SPINS) if has_g0 and "g0" in dickemap.open(path, fields="status").status.dims else (SPINS,)
    data = script_file.opened(path, like, axes, ("E_N",), lacking=without_pattern if name == "memory" else lacking, instead=PLOT)
    if has_g0 and axes == (SPINS,):
        g0 = models.number(data, "model.g0")
        data = data.drop_vars("g0", errors="ignore").expand_dims(g0=[g0])
    return data.sortby(SPINS)


def same_model(data, rest):
    """What `rest` has otherwise than the file beside it, "" if nothing but g0, the start and N."""
    mine, other = (of_job(one, ("g0", SPINS, "overlap", "perturbation", "start")) for one in (data, rest))
    mine.pop("start", None), other.pop("start", None)
    return ", ".join(name for name in sorted({*mine, *other}) if mine.get(name) != other.get(name))


def short(data, name):
    """An axis by its symbol and unit."""
    return labels.label(data, name, words=False)


def fit(N, E, error):
    """The exponent p of E ~ N^-p and its error, from ln E against ln N; weights where all have standard errors."""
    x, y = np.log(N), np.log(E)
    weights = E / error if (error > 0).all() else np.ones_like(E)
    (slope, _), covariance = np.polyfit(x, y, 1, w=weights, cov="unscaled" if (error > 0).all() else True)
    return -slope, np.sqrt(covariance[0, 0])


def spin_axis(axes, N, log=True):
    """Ticks at values of N alone, as many as there is room for."""
    N = np.unique(np.asarray(N, float))
    at = np.log(N) if log else N
    ticks, room = [], 0.1 * (at[-1] - at[0]) if N.size else 0
    for value, place in zip(N, at):
        if not ticks or place - last >= room:
            ticks, last = [*ticks, value], place
    axes.set(xscale="log" if log else "linear", xlabel="$N$")
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def cases(data, rest):
    """(name, records of one start along N and time), one for each coupling and start."""
    for one in (data, rest) if rest is not None else (data,):
        at_rest = reading.of_job(one, "exactness.start") == "rest"
        for g0 in one.g0.values:
            yield labels.item(one, "g0", float(g0)) + ", from rest" * at_rest, one.sel(g0=g0)


def coloured(data, rest):
    """(colour, case) of each."""
    found = list(cases(data, rest))
    return zip(style.pattern_colours(len(found)), found)


def draw_exponents(axes, data, rest):
    N_all = np.unique(np.concatenate([cell[SPINS].values for _, cell in cases(data, rest)]))
    fitted = False
    for colour, (name, cell) in coloured(data, rest):
        last = cell.isel(time=-1)
        known = np.isfinite(last.E_N.values)
        N, E, error = (values[known] for values in (last.spins_per_class.values, last.E_N.values, last.E_N_se.values))
        large = N >= LARGE
        label = name
        if large.sum() >= 3:
            p, dp = fit(N[large], E[large], error[large])
            fitted = True
            label = rf"{name}: {p:.3f} $\pm$ {dp:.1g}"
        axes.errorbar(N, E, error, fmt="o", ms=3, color=colour, capsize=2, label=label)
    at_start = [cell.E_N.isel(time=0).values for _, cell in cases(data, rest)]
    first = np.nanmax([np.nanmax(E * cell[SPINS].values, initial=0.0) for E, (_, cell) in zip(at_start, cases(data, rest))])
    if len({np.round(value, 9) for E, (_, cell) in zip(at_start, cases(data, rest)) for value in E * cell[SPINS].values
            if np.isfinite(value)}) == 1:  # mixed states of single spins each have their own
        axes.plot(N_all, first / N_all, "k:", lw=1, label="at the start")
    axes.set_yscale("log")
    axes.set(ylim=(0.02 * first / N_all.max(), None), ylabel=f"$E_N$ at {labels.item(data, 'time', float(data.time[-1]))}")
    spin_axis(axes, N_all)
    axes.legend(fontsize=6.5, loc="lower left", title=rf"exponent of $1/N$, $N \geq {LARGE}$" if fitted else None, title_fontsize=6.5)


def draw_holding(axes, data, rest):
    """The first time at which E_N exceeds HOLDS; an arrow where it does not until the end."""
    end, longer = float(data.time[-1]), False
    for colour, (name, cell) in coloured(data, rest):
        N, E = cell.spins_per_class.values, cell.E_N.values
        until = np.array([row_time(cell.time.values, row) for row in E])
        N, until = N[~np.isnan(until)], until[~np.isnan(until)]
        longer = longer or bool((until > end).any())
        axes.plot(N, np.minimum(until, end), ":", color=colour, lw=0.7)
        axes.plot(N[until <= end], until[until <= end], "o", ms=3, color=colour, label=name)
        axes.plot(N[until > end], np.full((until > end).sum(), end), "^", ms=4, color=colour, label=None if (until <= end).any() else name)
    if longer:
        axes.plot([], [], "k^", ms=4, ls="", label="not until the end")
    axes.set(ylabel=rf"{labels.WORDS['time']} until $E_N$ = {HOLDS}" + labels.in_unit(data.time.attrs.get("units")), ylim=(0, 1.75 * end))
    spin_axis(axes, data[SPINS].values)
    axes.legend(fontsize=6.5, loc="upper left")


def row_time(t, E):
    """Where E first exceeds HOLDS, between its samples; infinite if it does not, NaN without a result."""
    if np.isnan(E).any():
        return np.nan
    above = np.flatnonzero(E > HOLDS)
    if not len(above):
        return np.inf
    i = above[0]
    return t[0] if i == 0 else float(np.interp(HOLDS, E[i - 1:i + 1], t[i - 1:i + 1]))


def draw_growth(axes, data):
    """The largest d ln E_N/dt of any N, and the constants that bound it."""
    g0, step = data.g0.values, float(data.time[1] - data.time[0])
    growth = np.log(data.E_N.where(data.E_N > 0)).diff("time").max(["time", SPINS]).values / step
    bounds = data[["bound_rate", "bound_rate_paper"]].max(SPINS)
    high = []
    for values, label, marker in ((growth, "seen", "o"), (bounds.bound_rate.values, r"$3\sqrt{2M}\,g_0$", "^"),
                                  (bounds.bound_rate_paper.values, "the paper's $C$", "s")):
        if np.isfinite(values).any():  # no bound with losses of single spins
            axes.plot(g0, values, marker + ":", ms=4, lw=0.7, label=label)
            high.append(np.nanmax(values))
    positive = growth[growth > 0]
    if positive.size:
        axes.set(yscale="log", ylim=(0.5 * positive.min(), (100 if len(high) > 1 else 4) * max(high)))
    axes.set(xlabel=short(data, "g0"), ylabel=r"growth of $\ln E_N$" + labels.in_unit(data.bound_rate.attrs.get("units")))
    axes.legend(fontsize=6.5, loc="upper left")


def lifetime(t, share):
    """1/e time of an exponential through the second half; infinite if nothing decays there, NaN without a result."""
    half = slice(len(t) // 2, None)
    known = np.isfinite(share[half]) & (share[half] > 0)
    if known.sum() < 2:
        return np.nan
    slope = np.polyfit(t[half][known], np.log(share[half][known]), 1)[0]
    return -1 / slope if slope < 0 else np.inf


def survival(memory):
    """(overlap with the pattern of the start [N, time] in units of that at the start, number of the pattern); NaN where there is
    none."""
    mode = int(abs(memory.xi.isel(time=0)).max(SPINS).fillna(0.0).argmax("mode"))
    xi = abs(memory.xi.isel(mode=mode)).transpose(SPINS, "time").values
    first = np.where(xi[:, :1] > 1e-6, xi[:, :1], np.nan)
    return xi / first, mode + 1


def draw_survival(axes, memory):
    lives, t = {}, memory.time.values
    share, mode = survival(memory)
    for colour, N, one in zip(style.sequence_colours(memory.sizes[SPINS]), memory[SPINS].values, share):
        axes.plot(t, one, color=colour, lw=1, label=f"{N}")
        lives[int(N)] = lifetime(t, one)
    from_rest = ", from rest" * (reading.of_job(memory, "exactness.start") == "rest")
    index = f"_{mode}" * (memory.sizes["mode"] > 1)
    axes.set(yscale="log", ylim=(1e-4, 1.3), xlabel=short(memory, "time"), ylabel=rf"$|\xi{index}(t)|/|\xi{index}(0)|$" + from_rest)
    axes.legend(fontsize=6.5, ncol=3, loc="lower left", title="$N$", title_fontsize=6.5)
    return {N: life for N, life in lives.items() if not np.isnan(life)}


def draw_retrieval(axes, retrieval):
    """Overlaps with the pattern that the mean field finds, of each N, with bands of a standard error."""
    mode = int(abs(retrieval.xi_mean_field.isel(time=-1)).max(SPINS).fillna(0.0).argmax("mode"))
    for colour, N in zip(style.sequence_colours(retrieval.sizes[SPINS]), retrieval[SPINS].values):
        cell = retrieval.sel({SPINS: N}).isel(mode=mode)
        axes.plot(cell.time, cell.xi, color=colour, lw=1, label=f"{N}")
        axes.fill_between(cell.time, cell.xi - cell.xi_se, cell.xi + cell.xi_se, color=colour, alpha=0.2, lw=0)
    axes.plot(retrieval.time, retrieval.xi_mean_field.isel(mode=mode).mean(SPINS), "k--", lw=1, label="mean field")
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)
    n_modes = retrieval.sizes["mode"]
    axes.set(xlabel=short(retrieval, "time"), ylabel=rf"$\xi_{mode + 1}$, {n_modes} mode{'s' * (n_modes > 1)}", ylim=(-0.25, 1.6))
    handles = axes.get_legend_handles_labels()[0] + band_handles(retrieval)
    axes.legend(handles=handles, fontsize=6.5, ncol=5, loc="upper left", title="$N$ of a class", title_fontsize=6.5)


def draw_lives(axes, lives, time):
    """How long a retrieved pattern survives; where nothing decays there is no point."""
    N = np.array([n for n, life in lives.items() if np.isfinite(life)])
    life = np.array([lives[n] for n in N])
    axes.plot(N, life, "o", ms=4, color=style.pattern_colours(1)[0])
    if len(N) > 1:
        rate, start = np.polyfit(N, np.log(life), 1)
        axes.plot(N, np.exp(start + rate * N), "k:", lw=0.7, label=rf"$\propto \mathrm{{e}}^{{{rate:.2g} N}}$")
        axes.legend(fontsize=6.5, loc="upper left")
    if N.size:
        axes.set_yscale("log")
        spin_axis(axes, N, log=False)
    else:
        axes.annotate("nothing decays until the end", (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=7)
    axes.set(xlabel="$N$", ylabel="a retrieved pattern survives" + labels.in_unit(time.attrs.get("units")))


def draw_last(figure, retrieval, memory, lives):
    """The row of what there is of both; lives: those of memory."""
    both = retrieval is not None and len(lives) > 0
    axes = figure.subplots(1, 1 + both, squeeze=False, width_ratios=[2, 1] if both else None)
    if retrieval is not None:
        draw_retrieval(axes[0, 0], retrieval)
    if lives:
        draw_lives(axes[0, -1], lives, memory.time)


def draw(data, rest=None, memory=None, retrieval=None):
    """The figure, and the lifetimes by N of --memory."""
    courses = list(cases(data, rest))
    lives = {}
    with plt.rc_context(style.STYLE):
        last = memory is not None or retrieval is not None
        figure = plt.figure(figsize=(9.6, 7.2 if last else 5.0), layout="constrained")
        rows = figure.subfigures(3 if last else 2, 1, height_ratios=[1, 1.05, 0.95][:3 if last else 2])
        above = rows[0].subplots(1, len(courses), sharex=True, squeeze=False)[0]
        for axes, (name, cell) in zip(above, courses):
            course(axes, cell, SPINS)
            axes.set_title(name)
        above[0].set_ylabel("$N E_N$")
        above[0].legend(handles=above[0].get_legend_handles_labels()[0] + band_handles(data), fontsize=6.5, ncol=2, loc="lower right")
        rows[0].suptitle(labels.items(data, of_job(data, ("g0", SPINS, "start")), 120), fontsize=9)
        below = rows[1].subplots(1, 4 if memory is not None else 3)
        draw_exponents(below[0], data, rest)
        draw_holding(below[1], data, rest)
        draw_growth(below[2], data)
        if memory is not None:
            lives = draw_survival(below[3], memory)
        if last:
            draw_last(rows[2], retrieval, memory, lives)
    return figure, lives


@script_file.in_one_line
def main():
    parser = script_drawing.options(__doc__, "exactness.png", "output of jobs/exactness.yaml, or of another such job over g0 and N")
    parser.add_argument("--rest", help="output of the job with exactness.start: rest")
    parser.add_argument("--memory", help="output of jobs/exactness_memory.yaml")
    parser.add_argument("--retrieval", help="output of jobs/exactness_retrieval.yaml")
    a = script_drawing.given(parser)
    files = [opened(path, name) if path else None for name, path in
             (("file", a.file), ("rest", a.rest), ("memory", a.memory), ("retrieval", a.retrieval))]
    if a.rest and (other := same_model(*files[:2])):
        raise dickemap.Error(f"{a.rest} is not of the model of {a.file}: {other}")
    figure, lives = draw(*files)
    figure.savefig(a.output, dpi=a.dpi)
    print(f"{a.output}: {files[0].sizes['g0']} couplings, {files[0].sizes['spins_per_class']} numbers of spins")
    time = labels.unit_text(files[2].time.attrs.get("units")) if lives else ""
    time = f" {time}" if time else ""
    for N, life in lives.items():
        print(f"  N = {N}: a retrieved pattern survives for {life:.3g}{time}")


if __name__ == "__main__":
    main()
