#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws ramps of the coupling, from the output of jobs/quench.yaml or of another job with one ramp of g0 over these axes: which pattern
has grown when a ramp is over, by its duration; and for some durations, the overlaps on the way, up and down (the way that is not the
file's begins at overlap 0.9 downwards, at a tilt of 0.02 from the normal state upwards), for which it asks `dickemap point`.
"""

import os
import pathlib
import tempfile

import script_drawing  # (first: says which package is missing)
import script_file

import matplotlib.pyplot as plt
import numpy as np

import dickemap
from dickemap import jobs, models
from dickemap.figures import STYLE, canvas, labels, lines, style
from dickemap.figures.letters import read_table, run_point
from dickemap.reading import of_job

ROOT = pathlib.Path(__file__).resolve().parents[1]
AN_OVERLAP = 1e-6
BACK = {"up": {"initial.overlap": 0.0, "initial.perturbation": 0.02}, "down": {"initial.overlap": 0.9}}  # starts of the other way


def ramp(data):
    """g0 at the beginning and at the end of the ramp."""
    return [models.number(data, "model.g0") * float(word) for word in of_job(data, "drive.g0").strip("[]").split(",")]


def lacking(data):
    """Why it is not one ramp of g0, "" if it is."""
    g0 = of_job(data, "drive.g0")
    if of_job(data, "drive.time") != "[0, 1]" or g0 is None or of_job(data, "drive.Omega") or of_job(data, "drive.repeat"):
        return "its drive is not one ramp of g0 (drive.time: [0, 1])"
    return "" if ramp(data)[0] != ramp(data)[1] else "its drive leaves g0 as it is"


def course(program, job, sets, at, ends, folder):
    """g0 and the largest |xi| during a ramp between these ends; at: {axis: value} of the point."""
    table = folder / "course.csv"
    options = [word for setting in jobs.settings(sets) for word in ("--set", setting)]
    duration = at["duration"]
    place = ",".join(f"{name}={value!r}" for name, value in at.items())
    run_point(job, "--at", place, *options, "--trajectory", table, "--t-end", duration, "--dt", duration / 2000, program=program)
    rows = read_table(table)
    table.unlink()
    xi = abs(np.array([values for name, values in rows.items() if name.startswith("xi_")])).max(axis=0)
    return ends[0] + (ends[1] - ends[0]) * rows["t"] / duration, xi


def courses_of(data, path, durations, seed, program):
    """[(up, down)] of each duration."""
    begin, end = ramp(data)
    own, other = ("up", "down") if begin < end else ("down", "up")
    back = of_job(data, "drive.g0").strip("[]").split(",")[::-1]
    found = []
    with tempfile.TemporaryDirectory() as folder, jobs.of(path) as (job, sets):
        for duration in durations:
            at = {**script_file.dropped(data), "duration": duration, "seed": seed}
            begun = {key: value for key, value in BACK[other].items() if key.partition(".")[2] not in at}
            asked = {own: course(program, job, sets, at, (begin, end), pathlib.Path(folder)),
                     other: course(program, job, {**sets, "drive.g0": f"[{','.join(back)}]", **begun}, at, (end, begin),
                                   pathlib.Path(folder))}
            found.append((asked["up"], asked["down"]))
    return found


def draw_shares(axes, data):
    """How often each pattern leads in the end, stacked."""
    xi = abs(dickemap.xi_end(data))
    known = xi.notnull().all("mode")
    leading = xi.fillna(0.0).argmax("mode").where(known & (xi.max("mode") > AN_OVERLAP), -1)
    n = known.sum("seed").values
    below, duration = np.zeros(n.size), data["duration"].values
    for mu, colour in enumerate(style.pattern_colours(data.sizes["mode"])):
        share = (leading == mu).sum("seed").values / np.maximum(n, 1)
        axes.fill_between(duration, below, below + share, color=colour, lw=0, label=f"pattern {mu + 1}")
        below = below + share
    log = canvas.is_log(duration)
    axes.set(xscale="log" if log else "linear", xlim=canvas.ends(duration), ylim=(0, 1), xlabel=labels.label(data, "duration"),
             ylabel="leads in the end")
    title = "" if known.all() else f"{int((~known).sum())} of {known.size} starts without a result"
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=8, frameon=False, title=title, title_fontsize=8)


def draw_courses(axes, data, courses, durations):
    """|xi| over the coupling at that time, up in full lines, down in broken ones, over Eq. 12 of the easiest pattern."""
    low, high = sorted(ramp(data))
    shades = [plt.cm.viridis(shade + 0.1) for shade in np.linspace(0.65, 0.0, len(courses))]
    for (up, down), shade in zip(courses, shades):
        axes.plot(*up, color=shade, lw=1.2)
        axes.plot(*down, color=shade, lw=1.2, ls="--")
    time = labels.unit_text(labels.units_of(data, "duration"))
    time = f" {time}" if time else ""
    handles = [plt.Line2D([], [], color=shade, label=f"duration {labels.number(duration)}{time}")
               for shade, duration in zip(shades, durations)]
    handles += [plt.Line2D([], [], color="0.4", label="up"), plt.Line2D([], [], color="0.4", ls="--", label="down")]
    g_c = float(lines.least_g_crit(data)) if not models.beyond(data, but=("drive.time",)) else np.nan
    if np.isfinite(g_c):
        fine = np.concatenate([[min(low, g_c)], g_c + max(high - g_c, 0) * np.linspace(0, 1, 300) ** 2])
        axes.plot(fine, dickemap.xi_theory(fine, g_c), color="black", lw=0.9, zorder=5)
        handles.append(plt.Line2D([], [], color="black", lw=0.9, label="at rest"))
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2, fontsize=8, frameon=False)
    axes.set(xlim=(low, high), ylim=(0, 1.02), xlabel=r"coupling $g_0(t)$" + labels.in_unit(labels.units_of(data, "g0")),
             ylabel=r"largest $|\xi_\mu|$")


@script_file.in_one_line
def main():
    parser = script_drawing.options(__doc__, "quench.png", "output of jobs/quench.yaml, or of another job with one ramp of g0")
    parser.add_argument("--program", default=os.environ.get("DICKEMAP", ROOT / "build/release/dickemap"))
    parser.add_argument("--durations", type=float, nargs="+",
                        help="whose courses are drawn (default: three of the longer ones of the file)")
    parser.add_argument("--seed", type=int, default=1)
    a = script_drawing.given(parser)
    data = script_file.opened(a.file, "jobs/quench.yaml", ("duration", "seed"), ("verdict", "xi"), lacking=lacking).sortby("duration")
    last = data.sizes["duration"] - 1
    durations = a.durations or sorted({float(data["duration"][round(part * last)]) for part in (0.625, 0.75, 1)} - {0.0})
    courses = courses_of(data, a.file, durations, a.seed, a.program)
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.4), layout="constrained")
        draw_shares(left, data)
        draw_courses(right, data, courses, durations)
        figure.savefig(a.output, dpi=a.dpi)
    print(f"{a.output}: {data.sizes['duration']} durations, {data.sizes['seed']} starts")


if __name__ == "__main__":
    main()
