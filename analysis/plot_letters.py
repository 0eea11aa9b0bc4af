#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what becomes of a damaged letter, for the points of jobs/letters.yaml with one pattern and seed: the cue, the
overlaps with all letters over time, and the state of each pixel at the end.  It asks `dickemap point` for them.
"""

import argparse
import csv
import os
import pathlib
import subprocess
import tempfile

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.colors import LinearSegmentedColormap  # noqa: E402

from plot_fig3 import COLOURS, STYLE  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
SIZE = 16
LETTERS = "INPS"
FLIPS = (26, 51, 77, 102)
T_END = 40
INK = LinearSegmentedColormap.from_list("ink", [COLOURS[3], "white", COLOURS[0]])


def read_table(path):
    with open(path) as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def ask(program, job, pattern, flips, seed, folder):
    """Tables of the spins and of the trajectory of one point."""
    spins, course = folder / f"spins_{flips}.csv", folder / f"course_{flips}.csv"
    subprocess.run([program, "point", job, "--at", f"pattern={pattern},flip_exactly={flips},seed={seed}",
                    "--spins", spins, "--trajectory", course, "--t-end", str(T_END)], check=True, stdout=subprocess.DEVNULL)
    return read_table(spins), read_table(course)


def draw_pixels(axes, z):
    axes.imshow(z.reshape(SIZE, SIZE), cmap=INK, vmin=-1, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])


def draw(tables, pattern):
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(len(tables), 3, figsize=(6.8, 1.75 * len(tables)), layout="constrained",
                                      width_ratios=[1, 2.6, 1])
        for (flips, (spins, course)), (cue, middle, end) in zip(tables.items(), panels):
            draw_pixels(cue, spins["z_start"])
            draw_pixels(end, spins["z"])
            cue.set_ylabel(f"{100 * flips / SIZE**2:.0f} % flipped")
            for mu, letter in enumerate(LETTERS):
                middle.plot(course["t"], course[f"xi_{mu + 1}"], color=COLOURS[mu], label=letter,
                            lw=1.8 if mu == pattern - 1 else 1.0)
            middle.axhline(0, color="0.8", lw=0.7, zorder=0)
            middle.set(xlim=(0, T_END), ylim=(-1.05, 1.05), yticks=[-1, 0, 1], ylabel=r"$\xi_\mu$")
            if flips != list(tables)[-1]:
                middle.set_xticklabels([])
        panels[0, 0].set_title("cue")
        panels[0, 1].set_title("overlaps with the letters")
        panels[0, 2].set_title("at the end")
        panels[-1, 1].set_xlabel("time")
        panels[0, 1].legend(ncols=4, loc="upper right", bbox_to_anchor=(1.0, 1.06), frameon=False, handlelength=1.2, columnspacing=1.0)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", default=ROOT / "jobs/letters.yaml")
    parser.add_argument("--program", default=os.environ.get("DICKEMAP", ROOT / "build/release/dickemap"))
    parser.add_argument("--pattern", type=int, default=3, choices=range(1, len(LETTERS) + 1))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", default="letters.png")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tables = {n: ask(a.program, a.job, a.pattern, n, a.seed, pathlib.Path(folder)) for n in FLIPS}
    draw(tables, a.pattern).savefig(a.output, dpi=200)


if __name__ == "__main__":
    main()
