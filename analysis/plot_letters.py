#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what becomes of a damaged image, for points of a job like jobs/letters.yaml with one pattern and seed: the cue, the
overlaps with all images over time, and the state of each pixel at the end.  It asks `dickemap point` for them.
"""

import os
import pathlib

import script_drawing  # (first: says which package is missing)
import script_file

import dickemap
from dickemap import figures, jobs
from dickemap.figures.letters import images_of

AXES = ("pattern", "flip_exactly", "seed")
ROOT = pathlib.Path(__file__).resolve().parents[1]


@script_file.in_one_line
def main():
    parser = script_drawing.options(__doc__, "letters.png")
    parser.add_argument("file", nargs="?", type=pathlib.Path, default=ROOT / "jobs/letters.yaml",
                        help="job with images as patterns, or an output of one (default jobs/letters.yaml)")
    parser.add_argument("--program", default=os.environ.get("DICKEMAP", ROOT / "build/release/dickemap"))
    parser.add_argument("--pattern", type=int, default=3, help="which image is the cue, from 1 (default 3)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flips", type=float, nargs="+", default=[10, 20, 30, 40], help="percents of the pixels")
    a = script_drawing.given(parser)
    others = [axis for axis in dickemap.open(a.file, fields="status").status.dims if axis not in AXES] if jobs.is_output(a.file) else []
    if others:
        raise script_file.foreign(a.file, "jobs/letters.yaml", f"it has also an axis {' and one '.join(others)}", script_file.PLOT)
    figure = figures.letters(a.file, a.pattern, a.flips, seed=a.seed, program=a.program)
    figure.savefig(a.output, dpi=a.dpi)
    name = images_of(a.file)[0][a.pattern - 1]
    print(f"{a.output}: {name} with {', '.join(f'{percent:g}' for percent in a.flips)} % of its pixels flipped")


if __name__ == "__main__":
    main()
