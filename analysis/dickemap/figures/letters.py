# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of damaged images: the cue, the overlaps with all images over time, each pixel in the end."""

from __future__ import annotations

import csv
import os
import pathlib
import re
import subprocess
import tempfile
from typing import Any, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from .. import jobs, running
from ..errors import Error
from . import canvas, style


def images_of(job: os.PathLike | str) -> tuple[list[str], int]:
    """Names of the images of a job, from their files, and the number of pixels in a row."""
    text = pathlib.Path(job).read_text(encoding="utf-8")
    found = re.search(r"\bimages: *\[(.*?)\]", text, re.DOTALL)
    listed = re.findall(r"^ *- *['\"]?([^\n'\"#]+?\.(?:pbm|png))", text, re.MULTILINE)
    files = [name.strip(" \n'\"") for name in found[1].split(",")] if found else listed
    if not files:
        raise Error(f"{os.fspath(job)} has no images as patterns (model.images)")
    paths = [pathlib.Path(job).parent / name for name in files]
    try:
        width = plt.imread(paths[0]).shape[1] if paths[0].suffix == ".png" else _pbm_width(paths[0])
    except (OSError, ValueError, IndexError) as error:
        raise Error(f"{paths[0]}: the image cannot be read ({error})") from None
    return [path.stem.upper() for path in paths], width


def _pbm_width(path):
    lines = [line.split("#")[0] for line in path.read_text().splitlines()]
    return int(" ".join(lines).split()[1])


def _table(path):
    with open(path, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def _ask(job, settings, pattern, flips, seed, t_end, folder):
    """Tables of the spins and of the course of one point."""
    spins, course = folder / f"spins_{flips}.csv", folder / f"course_{flips}.csv"
    at = {"pattern": pattern, "flip_exactly": flips, "seed": seed}
    options = ["--at", ",".join(f"{name}={value}" for name, value in at.items()), "--spins", spins, "--trajectory", course,
               "--t-end", str(t_end)]
    named = re.findall(r"\bname: *['\"]?(\w+)", pathlib.Path(job).read_text(encoding="utf-8"))
    extra = {f"initial.{name}": str(value) for name, value in at.items() if name not in named}
    for setting in jobs.settings({**settings, **extra}):
        options += ["--set", setting]
    result = subprocess.run([running.program(), "point", os.fspath(job), *map(str, options)], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise Error(result.stderr.strip().removeprefix("dickemap: ") or f"dickemap point ended with {result.returncode}")
    return _table(spins), _table(course)


def letters(job: os.PathLike | str, pattern: int = 1, percents: Sequence[float] = (10, 20, 30, 40), *, seed: int = 1,
            t_end: float = 40, set: Mapping[str, Any] | None = None):
    """Images with some of their pixels flipped, and what the memory makes of them; each row one share of flipped pixels.

        figures.letters("jobs/letters.yaml", pattern=3)
        figures.letters("letters.h5", pattern=2, percents=[0, 30])     # the job in an output

    job: with images as patterns (model.images), or an output of one.  pattern: which image is the cue, from 1.  set: keys to
    override.  It asks the program, `dickemap point --spins`.  Returns the figure.
    """
    path = pathlib.Path(job)
    if path.suffix in (".h5", ".hdf5", ".nc"):
        with jobs.inside(path) as (own, sets):
            return letters(own, pattern, percents, seed=seed, t_end=t_end, set={**sets, **(set or {})})
    if not path.exists():
        raise Error(f"{path}: there is no such file")
    names, width = images_of(path)
    if not 1 <= pattern <= len(names):
        raise Error(f"pattern is {pattern}, but there are {len(names)} images")
    if not len(percents) or any(not 0 <= percent <= 100 for percent in percents):
        raise Error("shares of flipped pixels are percents, 0 ... 100")
    with tempfile.TemporaryDirectory(prefix="dickemap-") as folder:
        plain = _ask(path, dict(set or {}), pattern, 0, seed, t_end, pathlib.Path(folder))
        n_pixels = len(plain[0]["z"])
        tables = []
        for percent in percents:
            n = round(percent * n_pixels / 100)
            tables.append((n, plain if n == 0 else _ask(path, dict(set or {}), pattern, n, seed, t_end, pathlib.Path(folder))))
    with style.styled():
        figure, grid = plt.subplots(len(tables), 3, figsize=(6.8, 0.35 + 1.65 * len(tables)), layout="constrained",
                                    width_ratios=[1, 2.6, 1], squeeze=False)
        colours = style.pattern_colours(len(names))
        for (n, (spins, course)), (cue, middle, end) in zip(tables, grid):
            for axes, z in ((cue, spins["z_start"]), (end, spins["z"])):
                axes.imshow(z.reshape(-1, width), cmap=style.SIGNED, vmin=-1, vmax=1, interpolation="nearest")
                axes.set(xticks=[], yticks=[])
            cue.set_ylabel(f"{100 * n / n_pixels:.0f} % flipped")
            for mu, (name, colour) in enumerate(zip(names, colours), start=1):
                middle.plot(course["t"], course[f"xi_{mu}"], color=colour, label=name, lw=1.9 if mu == pattern else 1.0)
            middle.axhline(0, color="0.8", lw=0.7, zorder=0)
            middle.set(xlim=(0, t_end), ylim=(-1.05, 1.05), yticks=[-1, 0, 1], ylabel=r"$\xi_\mu$")
            middle.tick_params(labelbottom=n == tables[-1][0])
        for axes, title in zip(grid[0], ("cue", "overlaps", "at the end")):
            axes.set_title(title)
        grid[-1, 1].set_xlabel("time $t$")
        canvas.legend_beside(grid[0, 2], grid[0, 1].get_legend_handles_labels()[0])
        return style.finished(figure, None)
