#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what becomes of a damaged image, for points of a job like jobs/letters.yaml with one pattern and seed: the cue, the
overlaps with all images over time, and the state of each pixel at the end.  It asks `dickemap point` for them.
"""

import argparse
import os
import pathlib

import script_drawing  # noqa: F401  (first: says which package is missing)

import dickemap
from dickemap import figures
from dickemap.figures.letters import images_of

ROOT = pathlib.Path(__file__).resolve().parents[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", default=ROOT / "jobs/letters.yaml", help="with images as patterns (default jobs/letters.yaml)")
    parser.add_argument("--program", default=os.environ.get("DICKEMAP", ROOT / "build/release/dickemap"))
    parser.add_argument("--pattern", type=int, default=3, help="which image is the cue, from 1 (default 3)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flips", type=float, nargs="+", default=[10, 20, 30, 40], help="percents of the pixels")
    parser.add_argument("-o", "--output", default="letters.png", help="picture: .png, .pdf or .svg (default letters.png)")
    a = parser.parse_args()
    try:
        names, _ = images_of(a.job)
        figure = figures.letters(a.job, a.pattern, a.flips, seed=a.seed, program=a.program)
    except dickemap.Error as error:
        raise SystemExit(f"plot_letters: {error}") from None
    figure.savefig(a.output, dpi=200)
    print(f"{a.output}: {names[a.pattern - 1]} with {', '.join(f'{percent:g}' for percent in a.flips)} % of its pixels flipped")


if __name__ == "__main__":
    main()
