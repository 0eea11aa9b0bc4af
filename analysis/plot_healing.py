#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws how a memory repairs its cue, from the output of jobs/healing.yaml: a damaged letter, the overlaps with it over time
and what becomes of it, with spins that decay and without; and how often the right letter is found, and how well.  What
happens to single pixels it asks `dickemap point`.
"""

import argparse
import os
import pathlib
import tempfile

import script_drawing  # noqa: F401  (first: says which package is missing)

import matplotlib.pyplot as plt
import numpy as np

import dickemap
from dickemap.figures.letters import ask, draw_pixels, images_of
from plot_fig3 import COLOURS, STYLE

ROOT = pathlib.Path(__file__).resolve().parents[1]
T_END = 60
LOOKS = {0: {"color": COLOURS[3], "label": "no losses"}, 1: {"color": COLOURS[0], "label": "spins decay"}}


def draw_summary(found_axes, overlap_axes, data):
    """Over the damage: the share of starts that end in their own letter, and the overlap with it of those."""
    xi = dickemap.xi_end(data)
    own = data["retrieved"] == data["pattern"]
    known = xi.notnull().all("mode")  # also of those that are on their way there
    percent = 100 * data["flip_exactly"].values / 256
    rest = ("pattern", "seed")
    for i, look in LOOKS.items():
        here, decided = own.isel(gamma_down=i) & known.isel(gamma_down=i), known.isel(gamma_down=i)
        n = decided.sum(rest).values
        low, high = dickemap.wilson(here.sum(rest).values, n)
        with np.errstate(invalid="ignore"):
            middle = here.sum(rest).values / n  # NaN, no point, where nothing is known
        found_axes.errorbar(percent + (i - 0.5), middle, [middle - low, high - middle], fmt="o", ms=4, lw=1, **look)
        cue = abs(xi.isel(gamma_down=i)).where(data["mode"] == data["pattern"]).max("mode").where(here)
        overlap_axes.plot(percent + (i - 0.5), cue.mean(rest), "o", ms=4, **look)
    if not known.all():
        found_axes.set_title(f"{int((~known).sum())} of {known.size} starts without a result", fontsize=8)
    found_axes.set(ylim=(-0.05, 1.05), xlabel="flipped (%)", ylabel="own letter found")
    overlap_axes.set(ylim=(-0.05, 1.05), xlabel="flipped (%)", ylabel=r"$|\xi|$ of these")
    overlap_axes.legend(frameon=False, loc="lower left")


def draw(data, tables, pattern, names, width):
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(6.8, 1.55 * len(tables) + 2.1), layout="constrained")
        top, bottom = figure.subfigures(2, 1, height_ratios=[1.55 * len(tables), 2.1])
        panels = top.subplots(len(tables), 4, width_ratios=[1, 2.4, 1, 1], squeeze=False)
        for (flips, pair), (cue, middle, *ends) in zip(tables.items(), panels):
            draw_pixels(cue, pair[0][0]["z_start"], width)
            cue.set_ylabel(f"{100 * flips / len(pair[0][0]['z']):.0f} % flipped")
            for (spins, course), end, look in zip(pair, ends, LOOKS.values()):
                draw_pixels(end, spins["z"], width)
                middle.plot(course["t"], course[f"xi_{pattern}"], color=look["color"], lw=1.3)
            middle.axhline(0, color="0.8", lw=0.7, zorder=0)
            middle.set(xlim=(0, T_END), ylim=(-1.05, 1.05), yticks=[-1, 0, 1],
                       ylabel=rf"$\xi$ of {names[pattern - 1]}")
            if flips != list(tables)[-1]:
                middle.set_xticklabels([])
        for axes, title in zip(panels[0], ("cue", "course", "no losses", "spins decay")):
            axes.set_title(title)
        panels[-1, 1].set_xlabel("time")
        draw_summary(*bottom.subplots(1, 2), data)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="output of jobs/healing.yaml")
    parser.add_argument("--job", default=ROOT / "jobs/healing.yaml", help="the job that made it (default jobs/healing.yaml)")
    parser.add_argument("--program", default=os.environ.get("DICKEMAP", ROOT / "build/release/dickemap"))
    parser.add_argument("--pattern", type=int, default=3, help="which image is the cue, from 1 (default 3)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flips", type=float, nargs="+", default=[10, 20, 30, 40], help="percents of the pixels")
    parser.add_argument("-o", "--output", default="healing.png", help="picture: .png, .pdf or .svg (default healing.png)")
    a = parser.parse_args()
    data = dickemap.open(a.file)
    names, width = images_of(a.job)
    with tempfile.TemporaryDirectory() as folder:
        counts = [round(percent * 256 / 100) for percent in a.flips]
        try:
            tables = {n: [ask(a.job, a.pattern, n, a.seed, pathlib.Path(folder), T_END, more=f"gamma_down={gamma}", program=a.program)
                          for gamma in data["gamma_down"].values[:2]] for n in counts}
        except dickemap.Error as error:
            raise SystemExit(f"plot_healing: {error}") from None
    draw(data, tables, a.pattern, names, width).savefig(a.output, dpi=200)
    print(f"{a.output}: {names[a.pattern - 1]} with {', '.join(map(str, counts))} of 256 pixels flipped")


if __name__ == "__main__":
    main()
