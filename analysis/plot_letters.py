#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what becomes of a damaged image, for points of a job like jobs/letters.yaml with one pattern and seed: the cue, the
overlaps with all images over time, and the state of each pixel at the end.  It asks `dickemap point` for them.
"""

import argparse
import csv
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.colors import LinearSegmentedColormap  # noqa: E402

from plot_fig3 import COLOURS, STYLE  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
T_END = 40
INK = LinearSegmentedColormap.from_list("ink", [COLOURS[3], "white", COLOURS[0]])


def read_table(path):
    with open(path) as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def images_of(job):
    """Names of the images of a job, from their files, and the number of pixels in a row."""
    text = pathlib.Path(job).read_text()
    found = re.search(r"\bimages: *\[(.*?)\]", text, re.DOTALL)
    if not found:
        raise SystemExit(f"plot_letters: {job} has no list of images in square brackets")
    files = [pathlib.Path(job).parent / name.strip(" \n'\"") for name in found.group(1).split(",")]
    width = plt.imread(files[0]).shape[1] if files[0].suffix == ".png" else pbm_width(files[0])
    return [file.stem.upper() for file in files], width


def pbm_width(file):
    lines = [line.split("#")[0] for line in file.read_text().splitlines()]
    return int(" ".join(lines).split()[1])


def run_point(program, job, *options):
    """`dickemap point`, for the tables that it writes."""
    name = pathlib.Path(sys.argv[0]).stem
    try:
        result = subprocess.run([program, "point", job, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        raise SystemExit(f"{name}: there is no program {program}; say where it is with --program or DICKEMAP") from None
    if result.returncode != 0:
        raise SystemExit(f"{name}: {result.stderr.strip()}")


def ask(program, job, pattern, flips, seed, folder, t_end=T_END, more=""):
    """Tables of the spins and of the trajectory of one point; more: further parameters of it."""
    spins, course = folder / f"spins_{flips}{more}.csv", folder / f"course_{flips}{more}.csv"
    options = ["--at", f"pattern={pattern},flip_exactly={flips},seed={seed}" + f",{more}" * bool(more),
               "--spins", spins, "--trajectory", course, "--t-end", str(t_end)]
    if not re.search(r"\bname: *flip_exactly\b", pathlib.Path(job).read_text()):
        options += ["--set", f"initial.flip_exactly={flips}"]  # a job that flips none has no room for any
    run_point(program, job, *options)
    return read_table(spins), read_table(course)


def draw_pixels(axes, z, width):
    axes.imshow(z.reshape(-1, width), cmap=INK, vmin=-1, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])


def draw(tables, pattern, names, width):
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(len(tables), 3, figsize=(6.8, 1.75 * len(tables)), layout="constrained",
                                      width_ratios=[1, 2.6, 1], squeeze=False)
        for (flips, (spins, course)), (cue, middle, end) in zip(tables.items(), panels):
            draw_pixels(cue, spins["z_start"], width)
            draw_pixels(end, spins["z"], width)
            cue.set_ylabel(f"{100 * flips / len(spins['z']):.0f} % flipped")
            for mu, name in enumerate(names):
                middle.plot(course["t"], course[f"xi_{mu + 1}"], color=COLOURS[mu % len(COLOURS)], label=name,
                            ls="-" if mu < len(COLOURS) else "--", lw=1.8 if mu == pattern - 1 else 1.0)
            middle.axhline(0, color="0.8", lw=0.7, zorder=0)
            middle.set(xlim=(0, T_END), ylim=(-1.05, 1.05), yticks=[-1, 0, 1], ylabel=r"$\xi_\mu$")
            if flips != list(tables)[-1]:
                middle.set_xticklabels([])
        panels[0, 0].set_title("cue")
        panels[0, 1].set_title("overlaps")
        panels[0, 2].set_title("at the end")
        panels[-1, 1].set_xlabel("time")
        panels[0, 1].legend(ncols=4, loc="upper right", bbox_to_anchor=(1.0, 1.06), frameon=False, handlelength=1.2,
                            columnspacing=1.0)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", default=ROOT / "jobs/letters.yaml", help="with images as patterns (default jobs/letters.yaml)")
    parser.add_argument("--program", default=os.environ.get("DICKEMAP", ROOT / "build/release/dickemap"))
    parser.add_argument("--pattern", type=int, default=3, help="which image is the cue, from 1 (default 3)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flips", type=float, nargs="+", default=[10, 20, 30, 40], help="percents of the pixels")
    parser.add_argument("-o", "--output", default="letters.png", help="picture: .png, .pdf or .svg (default letters.png)")
    a = parser.parse_args()
    names, width = images_of(a.job)
    with tempfile.TemporaryDirectory() as folder:
        plain = ask(a.program, a.job, a.pattern, 0, a.seed, pathlib.Path(folder))
        n_pixels = len(plain[0]["z"])
        counts = [round(percent * n_pixels / 100) for percent in a.flips]
        tables = {n: plain if n == 0 else ask(a.program, a.job, a.pattern, n, a.seed, pathlib.Path(folder))
                  for n in counts}
    draw(tables, a.pattern, names, width).savefig(a.output, dpi=200)
    print(f"{a.output}: {names[a.pattern - 1]} with {', '.join(map(str, counts))} of {n_pixels} pixels flipped")


if __name__ == "__main__":
    main()
