#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws which stationary states there are along g0, from the output of jobs/landscape.yaml: the landscape U of each, below
that of the normal state; how many there are and how many are stable; and how fast the slowest direction of the stable ones
decays."""

import argparse

import script_drawing  # noqa: F401  (first: says which package is missing)

import dickemap
from dickemap import figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="output of jobs/landscape.yaml")
    parser.add_argument("-o", "--output", default="landscape.png", help="picture: .png, .pdf or .svg (default landscape.png)")
    a = parser.parse_args()
    data = dickemap.open(a.file)
    if "state_U" not in data or data.state_U.dims != ("g0", "state"):
        parser.error(f"{a.file}: not the output of a job with `task: states` and the one axis g0")
    figures.states(data, "g0").savefig(a.output, dpi=200)
    complete = int(dickemap.is_flag(data, "complete", "yes").sum())
    print(f"{a.output}: {data.sizes['g0']} values of g0, at most {int(data.n_states.max())} states of which "
          f"{int(data.n_stable.max())} are stable, complete at {complete}")


if __name__ == "__main__":
    main()
