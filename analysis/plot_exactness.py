#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws how far finitely many spins are from the mean field, from the outputs of jobs/exactness.yaml, of the same with
`exactness.start: rest` (--rest), of jobs/exactness_memory.yaml (--memory) and of jobs/exactness_retrieval.yaml (--retrieval):

  above   N E_N over time, N -> infinity dashed
  below   E_N at the end against N, with fitted exponents; how long the mean field holds; the growth of ln E_N beside its
          bounds; the decay of a retrieved pattern
  last    retrieval: overlaps with the cue's pattern over time, the mean field dashed; how long a retrieved pattern survives against N

Standard errors of trajectories are bars, or bands.  Needs nothing but the files."""

import argparse
import sys

import script_drawing  # noqa: F401  (first: says which package is missing)

import matplotlib.pyplot as plt
import numpy as np

import dickemap
from dickemap.figures import labels, style
from dickemap.figures.exactness import HOLDS, SPINS, course

LARGE = 16  # exponents are those of so many spins and more
NEEDS = {"file": ("g0", SPINS), "rest": (SPINS,), "memory": (SPINS,), "retrieval": (SPINS,)}  # axes


def done(data):
    """The numbers of spins that have a result."""
    return data.where(data.failure == 0)


def opened(path, axes):
    """The results of a file, which must have E_N along the axes; else one sentence says what it lacks."""
    try:
        data = dickemap.open(path)
    except (dickemap.Error, OSError) as error:
        sys.exit(f"plot_exactness.py: {error}")
    if "E_N" not in data:
        sys.exit(f"plot_exactness.py: {path} has no E_N: its job does not say `task: exactness`")
    lacking = [axis for axis in axes if axis not in data.E_N.dims]
    if lacking:
        sys.exit(f"plot_exactness.py: {path} has no axis {' and none '.join(lacking)}; plot.py exactness draws any such file")
    return done(data)


def short(data, name):
    """An axis by its symbol and unit."""
    return labels.label(data, name, words=False)


def in_unit(values):
    """" (MHz)", or nothing."""
    unit = labels.unit_text(values.attrs.get("units"))
    return f" ({unit})" if unit else ""


def fit(N, E, error):
    """The exponent p of E ~ N^-p and its error, from ln E against ln N; weights where all have standard errors."""
    x, y = np.log(N), np.log(E)
    weights = E / error if (error > 0).all() else np.ones_like(E)
    (slope, _), covariance = np.polyfit(x, y, 1, w=weights, cov="unscaled" if (error > 0).all() else True)
    return -slope, np.sqrt(covariance[0, 0])


def cases(data, rest):
    """(name, records of one start along N and time), one for each coupling and start."""
    for g0 in data.g0.values:
        yield labels.item(data, "g0", float(g0)), data.sel(g0=g0)
    if rest is not None:
        for g0 in np.atleast_1d(rest.g0.values):
            yield f"{labels.item(rest, 'g0', float(g0))}, from rest", rest.sel(g0=g0)


def coloured(data, rest):
    """(colour, case) of each."""
    found = list(cases(data, rest))
    return zip(style.pattern_colours(len(found)), found)


def draw_exponents(axes, data, rest):
    for colour, (name, cell) in coloured(data, rest):
        last = cell.isel(time=-1)
        known = np.isfinite(last.E_N.values)
        N, E, error = (values[known] for values in (last.spins_per_class.values, last.E_N.values, last.E_N_se.values))
        large = N >= LARGE
        label = name
        if large.sum() >= 3:
            p, dp = fit(N[large], E[large], error[large])
            label = rf"{p:.3f} $\pm$ {dp:.1g}"
        axes.errorbar(N, E, error, fmt="o", ms=3, color=colour, capsize=2, label=label)
    N = data.spins_per_class.values
    axes.plot(N, 3 / N, "k:", lw=1, label="at the start")
    axes.set_ylim(bottom=0.1 * 3 / N.max())
    axes.set(xscale="log", yscale="log", xlabel="$N$", ylabel=f"$E_N$ at {labels.item(data, 'time', float(data.time[-1]))}")
    axes.legend(fontsize=6.5, loc="lower left", title=rf"exponent of $1/N$, $N \geq {LARGE}$", title_fontsize=6.5)


def draw_holding(axes, data, rest):
    """The first time at which E_N exceeds HOLDS; an arrow where it does not until the end."""
    end = float(data.time[-1])
    for colour, (name, cell) in coloured(data, rest):
        N, E = cell.spins_per_class.values, cell.E_N.values
        until = np.array([row_time(cell.time.values, row) for row in E])
        N, until = N[~np.isnan(until)], until[~np.isnan(until)]
        axes.plot(N, np.minimum(until, end), ":", color=colour, lw=0.7)
        axes.plot(N[until <= end], until[until <= end], "o", ms=3, color=colour, label=name)
        axes.plot(N[until > end], np.full((until > end).sum(), end), "^", ms=4, color=colour, label=None if (until <= end).any() else name)
    axes.plot([], [], "k^", ms=4, label="and longer")
    axes.set(xscale="log", xlabel="$N$", ylabel=rf"$E_N \leq {HOLDS}$ until {short(data, 'time')} =", ylim=(0, 1.75 * end))
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
    g0, largest = data.g0.values, []
    for g in g0:
        E = data.sel(g0=g).E_N.values
        largest.append(np.nanmax(np.diff(np.log(E), axis=-1)) / float(data.time[1] - data.time[0]))
    first = data[["bound_rate", "bound_rate_paper"]].max("spins_per_class")
    for values, label, marker in ((largest, "seen", "o"), (first.bound_rate.values, r"$3\sqrt{2M}\,g_0$", "^"),
                                  (first.bound_rate_paper.values, "the paper's $C$", "s")):
        axes.plot(g0, values, marker + ":", ms=4, lw=0.7, label=label)
    axes.set(yscale="log", xlabel=short(data, "g0"), ylabel=r"growth of $\ln E_N$" + in_unit(data.bound_rate),
             ylim=(0.5 * min(largest), 1e2 * first.bound_rate_paper.values.max()))
    axes.legend(fontsize=6.5, loc="upper left")


def lifetime(t, xi):
    """1/e time of an exponential through the second half; infinite if nothing decays there."""
    half = slice(len(t) // 2, None)
    slope = np.polyfit(t[half], np.log(np.abs(xi[half])), 1)[0]
    return -1 / slope if slope < 0 else np.inf


def draw_survival(axes, memory):
    lives = []
    for colour, N in zip(style.sequence_colours(memory.sizes[SPINS]), memory[SPINS].values):
        xi = memory.sel(spins_per_class=N).xi.isel(mode=0)
        axes.plot(xi.time, abs(xi) / abs(xi[0]), color=colour, lw=1, label=f"{N}")
        lives.append(lifetime(xi.time.values, xi.values))
    axes.set(yscale="log", ylim=(1e-4, 1.3), xlabel=short(memory, "time"), ylabel=r"$|\xi(t)|/|\xi(0)|$, from rest")
    axes.legend(fontsize=6.5, ncol=3, loc="lower left", title="$N$", title_fontsize=6.5)
    return dict(zip(memory.spins_per_class.values.tolist(), lives))


def draw_retrieval(axes, retrieval):
    """Overlaps with the pattern that the mean field finds, of each N, with bands of a standard error."""
    mode = int(abs(retrieval.xi_mean_field.isel({SPINS: 0, "time": -1})).argmax())
    for colour, N in zip(style.sequence_colours(retrieval.sizes[SPINS]), retrieval[SPINS].values):
        cell = retrieval.sel({SPINS: N}).isel(mode=mode)
        axes.plot(cell.time, cell.xi, color=colour, lw=1, label=f"{N}")
        axes.fill_between(cell.time, cell.xi - cell.xi_se, cell.xi + cell.xi_se, color=colour, alpha=0.2, lw=0)
    axes.plot(retrieval.time, retrieval.xi_mean_field.isel({SPINS: 0, "mode": mode}), "k--", lw=1, label="mean field")
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)
    axes.set(xlabel=short(retrieval, "time"), ylabel=rf"$\xi_{mode + 1}$, {retrieval.sizes['mode']} modes", ylim=(-0.25, 1.35))
    axes.legend(fontsize=6.5, ncol=5, loc="upper left", title="$N$ of a class", title_fontsize=6.5)


def draw_lives(axes, lives, time):
    """How long a retrieved pattern survives; where nothing decays there is no point."""
    N = np.array([n for n, life in lives.items() if np.isfinite(life)])
    life = np.array([lives[n] for n in N])
    axes.plot(N, life, "o", ms=4, color=style.pattern_colours(1)[0])
    if len(N) > 1:
        rate, start = np.polyfit(N, np.log(life), 1)
        axes.plot(N, np.exp(start + rate * N), "k:", lw=0.7, label=rf"$\propto \mathrm{{e}}^{{{rate:.2g} N}}$")
        axes.legend(fontsize=6.5, loc="upper left")
    axes.set(yscale="log", xlabel="$N$", ylabel="a retrieved pattern survives" + in_unit(time))


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
        above = rows[0].subplots(1, len(courses), sharex=True)
        for axes, (name, cell) in zip(np.atleast_1d(above), courses):
            course(axes, cell, SPINS)
            axes.set_title(name)
        np.atleast_1d(above)[0].set_ylabel("$N E_N$")
        np.atleast_1d(above)[0].legend(fontsize=6.5, ncol=2, loc="lower right")
        below = rows[1].subplots(1, 4 if memory is not None else 3)
        draw_exponents(below[0], data, rest)
        draw_holding(below[1], data, rest)
        draw_growth(below[2], data)
        if memory is not None:
            lives = draw_survival(below[3], memory)
        if last:
            draw_last(rows[2], retrieval, memory, lives)
    return figure, lives


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--rest", help="output of the job with exactness.start: rest")
    parser.add_argument("--memory", help="output of jobs/exactness_memory.yaml")
    parser.add_argument("--retrieval", help="output of jobs/exactness_retrieval.yaml")
    parser.add_argument("-o", "--output", default="exactness.png")
    parser.add_argument("--dpi", type=int, default=200)
    a = parser.parse_args()
    files = [opened(path, NEEDS[name]) if path else None for name, path in
             (("file", a.file), ("rest", a.rest), ("memory", a.memory), ("retrieval", a.retrieval))]
    figure, lives = draw(*files)
    figure.savefig(a.output, dpi=a.dpi)
    print(f"{a.output}: {files[0].sizes['g0']} couplings, {files[0].sizes['spins_per_class']} numbers of spins")
    for N, life in lives.items():
        print(f"  N = {N}: a retrieved pattern survives for {life:.3g}")


if __name__ == "__main__":
    main()
