#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws which stationary states there are along g0, from the output of jobs/landscape.yaml: the landscape U of each, below
that of the normal state; how many there are and how many are stable; and how fast the slowest direction of the stable ones
decays."""

import script_drawing  # (first: says which package is missing)
import script_file

import dickemap
from dickemap import figures


@script_file.in_one_line
def main():
    a = script_drawing.given(script_drawing.options(__doc__, "landscape.png", "output of jobs/landscape.yaml, or of another job with "
                                                    "`task: states` over g0"))
    data = script_file.opened(a.file, "jobs/landscape.yaml", ("g0",), ("state_U",))
    figures.states(data, "g0").savefig(a.output, dpi=a.dpi)
    complete = int(dickemap.is_flag(data, "complete", "yes").sum())
    print(f"{a.output}: {data.sizes['g0']} values of g0, at most {int(data.n_states.max())} states of which "
          f"{int(data.n_stable.max())} are stable, complete at {complete}")


if __name__ == "__main__":
    main()
