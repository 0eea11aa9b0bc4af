#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws ramps of the coupling through the transition, from the output of jobs/quench.yaml: which pattern has grown when a
ramp is over, by its duration; and for some durations, up and down, the overlaps on the way, for which it asks
`dickemap point`.
"""

import argparse
import os
import pathlib
import tempfile

import script_drawing  # noqa: F401  (first: says which package is missing)

import matplotlib.pyplot as plt
import numpy as np

import dickemap
from dickemap.figures.letters import read_table, run_point
from plot_fig3 import COLOURS, STYLE

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOW, HIGH = 0.3, 1.2  # of jobs/quench.yaml
DOWN = ["--set", f"drive.g0=[{HIGH},{LOW}]", "--set", "initial.overlap=0.9"]
AN_OVERLAP = 1e-6


def course(program, job, duration, seed, more, folder):
    """g0 and the largest |xi| during a ramp."""
    table = folder / f"{duration}{len(more)}.csv"
    run_point(job, "--at", f"duration={duration},seed={seed}", *more, "--trajectory", table, "--t-end", duration,
              "--dt", duration / 2000, program=program)
    rows = read_table(table)
    xi = abs(np.array([values for name, values in rows.items() if name.startswith("xi_")])).max(axis=0)
    part = rows["t"] / duration
    return (HIGH + (LOW - HIGH) * part if more else LOW + (HIGH - LOW) * part), xi


def draw_shares(axes, data):
    """How often each pattern leads in the end, stacked."""
    xi = abs(dickemap.xi_end(data))
    leading = xi.argmax("mode", skipna=True).where(xi.max("mode") > AN_OVERLAP, -1) if xi.notnull().any() else None
    n = xi.notnull().all("mode").sum("seed").values
    below = np.zeros(n.size)
    for mu, colour in enumerate(COLOURS):
        share = ((leading == mu) & xi.notnull().all("mode")).sum("seed").values / np.maximum(n, 1)
        axes.fill_between(data["duration"].values, below, below + share, color=colour, lw=0, label=f"pattern {mu + 1}")
        below = below + share
    axes.set(xscale="log", xlim=(data["duration"].values[0], data["duration"].values[-1]), ylim=(0, 1),
             xlabel="duration of the ramp", ylabel="leads in the end")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=8, frameon=False)


def draw_courses(axes, courses, g_c, durations):
    """|xi| over the coupling at that time, up in full lines, down in broken ones, over Eq. 12 of the easiest pattern."""
    for (up, down), shade in zip(courses, np.linspace(0.65, 0.0, len(courses))):
        axes.plot(*up, color=plt.cm.viridis(shade + 0.1), lw=1.2)
        axes.plot(*down, color=plt.cm.viridis(shade + 0.1), lw=1.2, ls="--")
    fine = np.concatenate([[LOW], g_c + (HIGH - g_c) * np.linspace(0, 1, 300) ** 2])
    axes.plot(fine, dickemap.xi_theory(fine, g_c), color="black", lw=0.9, zorder=5)
    handles = [plt.Line2D([], [], color=plt.cm.viridis(shade + 0.1)) for shade in np.linspace(0.65, 0.0, len(courses))]
    others = [plt.Line2D([], [], color="0.4"), plt.Line2D([], [], color="0.4", ls="--"),
              plt.Line2D([], [], color="black", lw=0.9)]
    axes.legend([*handles, *others], [*[f"duration {d:g}" for d in durations], "up", "down", "at rest"],
                loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2, fontsize=8, frameon=False)
    axes.set(xlim=(LOW, HIGH), ylim=(0, 1.02), xlabel=r"coupling $g_0(t)$", ylabel=r"largest $|\xi_\mu|$")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="output of jobs/quench.yaml")
    parser.add_argument("--job", default=ROOT / "jobs/quench.yaml", help="the job that made it (default jobs/quench.yaml)")
    parser.add_argument("--program", default=os.environ.get("DICKEMAP", ROOT / "build/release/dickemap"))
    parser.add_argument("--durations", type=float, nargs="+", default=[30, 100, 1000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", default="quench.png", help="picture: .png, .pdf or .svg (default quench.png)")
    a = parser.parse_args()
    data = dickemap.open(a.file)
    with tempfile.TemporaryDirectory() as folder:
        try:
            courses = [[course(a.program, a.job, duration, a.seed, more, pathlib.Path(folder)) for more in ([], DOWN)]
                       for duration in a.durations]
        except dickemap.Error as error:
            raise SystemExit(f"plot_quench: {error}") from None
    g_c = dickemap.g_crit(0.5, 1.5, 1.0)
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.4), layout="constrained")
        draw_shares(left, data)
        draw_courses(right, courses, g_c, a.durations)
        figure.savefig(a.output, dpi=200)
    print(f"{a.output}: {data.sizes['duration']} durations, {data.sizes['seed']} starts")


if __name__ == "__main__":
    main()
