#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws how a memory repairs its cue, from the output of jobs/healing.yaml or of another job with images over these axes: a damaged
image, the overlaps with it over time and what becomes of it, for each rate at which spins decay; and how often the right image is found,
and how well.  What happens to single pixels it asks `dickemap point` for, with the job in the file.
"""

import os
import pathlib
import tempfile

import script_drawing  # (first: says which package is missing)
import script_file

import matplotlib.pyplot as plt
import numpy as np

import dickemap
from dickemap import jobs
from dickemap.figures import COLOURS, STYLE, labels
from dickemap.figures.letters import ask, draw_pixels, images_of

ROOT = pathlib.Path(__file__).resolve().parents[1]
T_END = 60.0
AXES = ("gamma_down", "pattern", "flip_exactly", "seed")
LOOKS = (COLOURS[3], COLOURS[0], COLOURS[2], COLOURS[1])  # of the rates


def looks(data):
    """[(colour, rate in words)] of each value of gamma_down."""
    return [(colour, labels.item(data, "gamma_down", float(gamma))) for colour, gamma in zip(LOOKS, data["gamma_down"].values)]


def draw_summary(found_axes, overlap_axes, data, n_pixels):
    """Over the damage: the share of starts that end in their own image, and the overlap with it of those."""
    xi = dickemap.xi_end(data)
    own = data["retrieved"] == data["pattern"]
    known = xi.notnull().all("mode")  # also of those that are on their way there
    percent = 100 * data["flip_exactly"].values / n_pixels
    starts = ("pattern", "seed")
    for i, (colour, text) in enumerate(looks(data)):
        look = {"color": colour, "label": text}
        here, decided = (own & known).isel(gamma_down=i), known.isel(gamma_down=i)
        n = decided.sum(starts).values
        low, high = dickemap.wilson(here.sum(starts).values, n)
        middle, at = here.sum(starts).values / np.maximum(n, 1), percent + i - (data.sizes["gamma_down"] - 1) / 2
        there = n > 0  # no point where nothing is known
        found_axes.errorbar(at[there], middle[there], [(middle - low)[there], (high - middle)[there]], fmt="o", ms=4, lw=1, **look)
        cue = abs(xi.isel(gamma_down=i)).where(data["mode"] == data["pattern"]).max("mode").where(here)
        overlap_axes.plot(at, cue.mean(starts), "o", ms=4, **look)
    if not known.all():
        found_axes.set_title(f"{int((~known).sum())} of {known.size} starts without a result", fontsize=8)
    found_axes.set(ylim=(-0.05, 1.05), xlabel="flipped (%)", ylabel="own image found")
    overlap_axes.set(ylim=(-0.05, 1.05), xlabel="flipped (%)", ylabel=r"$|\xi|$ of these")
    overlap_axes.legend(frameon=False, loc="lower left")


def draw(data, tables, pattern, names, width):
    """tables: {flipped pixels: [(spins, course) of each rate]}."""
    n_pixels = len(next(iter(tables.values()))[0][0]["z"])
    n_rates = data.sizes["gamma_down"]
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(4.4 + 1.2 * n_rates, 1.55 * len(tables) + 2.1), layout="constrained")
        top, bottom = figure.subfigures(2, 1, height_ratios=[1.55 * len(tables), 2.1])
        panels = top.subplots(len(tables), 2 + n_rates, width_ratios=[1, 2.4, *[1] * n_rates], squeeze=False)
        for (flips, rates), (cue, middle, *ends) in zip(tables.items(), panels):
            draw_pixels(cue, rates[0][0]["z_start"], width)
            cue.set_ylabel(f"{100 * flips / n_pixels:.0f} % flipped")
            for (spins, course), end, (colour, _) in zip(rates, ends, looks(data)):
                draw_pixels(end, spins["z"], width)
                middle.plot(course["t"], course[f"xi_{pattern}"], color=colour, lw=1.3)
            middle.axhline(0, color="0.8", lw=0.7, zorder=0)
            middle.set(xlim=(0, course["t"][-1]), ylim=(-1.05, 1.05), yticks=[-1, 0, 1],
                       ylabel=rf"$\xi$ of {names[pattern - 1]}")
            if flips != list(tables)[-1]:
                middle.set_xticklabels([])
        for axes, title in zip(panels[0], ("cue", "course", *[text for _, text in looks(data)])):
            axes.set_title(title)
        panels[-1, 1].set_xlabel("time" + labels.in_unit(labels.units_of(data, "duration")))
        draw_summary(*bottom.subplots(1, 2), data, n_pixels)
    return figure


def lacking(data):
    return "" if data.sizes["gamma_down"] <= len(LOOKS) else f"it has more than {len(LOOKS)} values of gamma_down"


@script_file.in_one_line
def main():
    parser = script_drawing.options(__doc__, "healing.png", "output of jobs/healing.yaml, or of another job with images over these axes")
    parser.add_argument("--program", default=os.environ.get("DICKEMAP", ROOT / "build/release/dickemap"))
    parser.add_argument("--pattern", type=int, default=3, help="which image is the cue, from 1 (default 3, or the last)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flips", type=float, nargs="+", help="percents of the pixels (default: the first four above 0 of the file)")
    parser.add_argument("--t-end", type=float, default=T_END, help=f"end of the courses (default {T_END:g})")
    a = script_drawing.given(parser)
    data = script_file.opened(a.file, "jobs/healing.yaml", AXES, ("verdict", "retrieved", "xi"), lacking=lacking)
    names, width = images_of(a.file)
    pattern = min(a.pattern, len(names))
    with tempfile.TemporaryDirectory() as folder, jobs.of(a.file) as (job, sets):

        def asked(flips):
            return [ask(job, pattern, flips, a.seed, pathlib.Path(folder), a.t_end, more=f"gamma_down={gamma}", settings=sets,
                        program=a.program) for gamma in data["gamma_down"].values]

        plain = asked(0)
        n_pixels = len(plain[0][0]["z"])
        own = [int(n) for n in np.unique(data["flip_exactly"]) if n > 0][:4] or [0]
        counts = [round(percent * n_pixels / 100) for percent in a.flips] if a.flips else own
        tables = {n: asked(n) if n else plain for n in counts}
    draw(data, tables, pattern, names, width).savefig(a.output, dpi=a.dpi)
    print(f"{a.output}: {names[pattern - 1]} with {', '.join(map(str, counts))} of {n_pixels} pixels flipped")


if __name__ == "__main__":
    main()
