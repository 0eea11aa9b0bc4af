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

from .. import arguments, jobs, running
from ..errors import Error
from . import canvas, style


def images_of(job: os.PathLike | str) -> tuple[list[str], int]:
    """Names of the images of a job, or of the job in an output, from their files, and the number of pixels in a row."""
    with jobs.of(job) as (own, sets):
        text = own.read_text(encoding="utf-8", errors="replace") + f"\nimages: {sets.get('model.images', '')}"
        found = re.findall(r"\bimages: *\[(.*?)\]", text, re.DOTALL)
        listed = re.findall(r"^ *- *['\"]?([^\n'\"#]+?\.(?:pbm|png))", text, re.MULTILINE)
        files = [name.strip(" \n'\"") for name in found[-1].split(",")] if found else listed
        if not files:
            raise Error(f"{os.fspath(job)} has no images as patterns (model.images)")
        paths = [own.parent / name for name in files]
        try:
            width = plt.imread(paths[0]).shape[1] if paths[0].suffix == ".png" else _pbm_width(paths[0])
        except (OSError, ValueError, IndexError) as error:
            raise Error(f"{paths[0]}: the image cannot be read ({error})") from None
        return [path.stem.upper() for path in paths], width


def _pbm_width(path):
    lines = [line.split("#")[0] for line in path.read_text().splitlines()]
    return int(" ".join(lines).split()[1])


def read_table(path: os.PathLike | str) -> dict[str, np.ndarray]:
    """Columns of a CSV that `dickemap point` has written, by name."""
    with open(path, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def run_point(job: os.PathLike | str, *options: object, program: os.PathLike | str | None = None) -> None:
    """`dickemap point`, for the tables that it writes.  program: None finds it as `dickemap.run` does."""
    program = program or running.program()
    try:
        result = subprocess.run([program, "point", os.fspath(job), *map(str, options)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        raise Error(f"there is no program {program}; let DICKEMAP say where it is") from None
    if result.returncode != 0:
        raise Error(result.stderr.strip().removeprefix("dickemap: ") or f"dickemap point ended with {result.returncode}")


def ask(job: os.PathLike | str, pattern: int, flips: int, seed: int, folder: pathlib.Path, t_end: float, *,
        more: str = "", settings: Mapping[str, Any] | None = None, program: os.PathLike | str | None = None):
    """Tables of the spins and of the course of one point, flips of whose spins are flipped.  more: further parameters of it,
    "gamma_down=0.1"; folder: for the tables; settings: keys to override."""
    spins, course = folder / f"spins_{flips}{more}.csv", folder / f"course_{flips}{more}.csv"
    at = {"pattern": pattern, "flip_exactly": flips, "seed": seed}
    options = ["--at", ",".join([f"{name}={value}" for name, value in at.items()] + [more] * bool(more)), "--spins", spins,
               "--trajectory", course, "--t-end", t_end]
    # A job without an axis of these has no room for other values than its own.
    named = re.findall(r"\bname: *['\"]?(\w+)", pathlib.Path(job).read_text(encoding="utf-8"))
    extra = {f"initial.{name}": str(value) for name, value in at.items() if name not in named}
    for setting in jobs.settings({**(settings or {}), **extra}):
        options += ["--set", setting]
    run_point(job, *options, program=program)
    return read_table(spins), read_table(course)


def draw_pixels(axes, z: np.ndarray, width: int) -> None:
    """z of each spin as an image, ink dark."""
    axes.imshow(z.reshape(-1, width), cmap=style.SIGNED, vmin=-1, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])


def letters(job: os.PathLike | str, pattern: int = 1, percents: Sequence[float] = (10, 20, 30, 40), *, seed: int = 1,
            t_end: float = 40, set: Mapping[str, Any] | None = None, program: os.PathLike | str | None = None):
    """Images with some of their pixels flipped, and what the memory makes of them; each row one share of flipped pixels.

        figures.letters("jobs/letters.yaml", pattern=3)
        figures.letters("letters.h5", pattern=2, percents=[0, 30])     # the job in an output

    job: with images as patterns (model.images), or an output of one.  pattern: which image is the cue, from 1.  set: keys to
    override.  It asks the program, `dickemap point --spins`; program: None finds it as `dickemap.run` does.  Returns the figure.
    """
    path = pathlib.Path(arguments.path(job, "a job with images"))
    arguments.number("pattern", pattern, 1, integer=True)
    arguments.number("t_end", t_end, 0)
    names, width = images_of(path)
    if not 1 <= pattern <= len(names):
        raise Error(f"pattern is {pattern}, but there are {len(names)} images")
    if not len(percents) or any(not 0 <= percent <= 100 for percent in percents):
        raise Error("shares of flipped pixels are percents, 0 ... 100")
    with tempfile.TemporaryDirectory(prefix="dickemap-") as folder, jobs.of(path) as (own, sets):

        def asked(flips):
            return ask(own, pattern, flips, seed, pathlib.Path(folder), t_end, settings={**sets, **(set or {})}, program=program)

        plain = asked(0)
        n_pixels = len(plain[0]["z"])
        counts = [round(percent * n_pixels / 100) for percent in percents]
        tables = [(n, plain if n == 0 else asked(n)) for n in counts]
    with style.styled():
        figure, grid = plt.subplots(len(tables), 3, figsize=(6.8, 0.35 + 1.65 * len(tables)), layout="constrained",
                                    width_ratios=[1, 2.6, 1], squeeze=False)
        colours = style.pattern_colours(len(names))
        for (n, (spins, course)), (cue, middle, end) in zip(tables, grid):
            draw_pixels(cue, spins["z_start"], width)
            draw_pixels(end, spins["z"], width)
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
