#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what dickemap has written.

  plot.py FILE.h5                                     a first look, whatever the file is
  plot.py map FILE.h5 --x g0 --y Omega_mu_1 --field verdict --panels pattern --select kappa_mu=1
  plot.py cut FILE.h5 --x g0 --field xi --by pattern --over seed
  plot.py basins FILE.h5 --panels pattern
  plot.py states FILE.h5
  plot.py exactness FILE.h5 --along g0 --select spins_per_class=32
  plot.py trajectory JOB.yaml --at g0=1.1,pattern=3 --until 60
                                                      also of an output, or a file of `dickemap point --trajectory`
  plot.py spectrum JOB.yaml --at g0=1.0
  plot.py letters JOB.yaml --pattern 3 --percents 10 20 30 40

Axes that are not named are chosen: g0 first, seeds become a mean, `mode` follows the cue, the rest stands at its first value, which
the picture says.  Cells without a result (undecided, failed, not computed) are hatched.  `plot.py KIND -h` has the options.
"""

import argparse
import os
import pathlib
import sys

import script_drawing  # (first: says which package is missing)

import dickemap
from dickemap import arguments, figures, jobs

KINDS = ("picture", "map", "cut", "basins", "states", "exactness", "trajectory", "spectrum", "letters")
AXES = ("x", "y", "along", "panels", "over", "by")  # options that name one


def selection(items):
    """{axis: [value, ...]} of AXIS=VALUE, AXIS=VALUE,VALUE,..."""
    chosen, name = {}, None
    for item in (part for text in items for part in text.split(",")):
        before, equals, value = item.rpartition("=")
        name = jobs.file_name(before.strip()) if equals else name
        try:
            chosen.setdefault(name, []).append(float(value))
        except ValueError:
            name = None
        if name is None:
            raise dickemap.Error(f"{item}: expected AXIS=NUMBER, or AXIS=NUMBER,NUMBER,... for several values")
    return chosen


def of_file(a):
    """Options of pictures of a file."""
    select = {name: values[0] if len(values) == 1 else values for name, values in selection(a.select).items()}
    return {"select": select, "nearest": a.nearest}


def place(items):
    """{axis: value} of a point."""
    at = {}
    for name, values in selection(items).items():
        if len(values) > 1:
            raise dickemap.Error(f"{name}: a point has one value of it, not {len(values)}")
        at[name] = int(values[0]) if values[0].is_integer() else values[0]
    return at


def course(a):
    """The trajectory and, unless t_end was given or it is a file, the record of its point."""
    if a.file.suffix == ".csv" or a.file.suffix == ".h5" and not figures.is_records(a.file):
        return a.file, None
    at = place(a.at)
    with jobs.of(a.file) as (job, sets):
        if a.kind == "spectrum" and a.t_end is None:
            record = dickemap.point(job, set=sets | {"output.state": "final"}, **at)
            if "t_end" not in record:
                raise dickemap.Error(f"{a.file}: its records are not those of single trajectories, so that a spectrum needs --until")
            return dickemap.trajectory(job, float(record.t_end) + figures.window(record, a.points), a.points, after=record, set=sets,
                                       **at), record
        record = dickemap.point(job, set=sets, **at) if a.t_end is None or a.record else None
        return dickemap.trajectory(job, a.t_end, a.points, set=sets, **at), record


def parser():
    main = argparse.ArgumentParser(prog="plot.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = main.add_subparsers(dest="kind", required=True, metavar="KIND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-o", "--output", type=pathlib.Path, help="picture: .png, .pdf, .svg or .eps (default: KIND.png)")
    common.add_argument("--dpi", type=int, default=200)
    select = argparse.ArgumentParser(add_help=False)
    select.add_argument("file", type=pathlib.Path, help="output of dickemap run")
    select.add_argument("--select", nargs="+", action="extend", default=[], metavar="AXIS=VALUE",
                        help="where to cut other axes; AXIS=VALUE,VALUE,... leaves the axis with these values")
    select.add_argument("--nearest", action="store_true", help="of --select: take the nearest value where there is no such one")
    look = argparse.ArgumentParser(add_help=False)
    look.add_argument("--field", help="what to draw")
    look.add_argument("--over", metavar="AXIS", help="axis of starts that a mean, or shares, go over (default: seed)")
    look.add_argument("--signed", action="store_true", help="overlaps with their sign")
    look.add_argument("--no-theory", action="store_true", help="without lines of theory")

    def add(name, function, *parents, help):
        kind = kinds.add_parser(name, parents=[*parents, common], help=help, description=function.__doc__.split("\n\n")[0],
                                formatter_class=argparse.RawDescriptionHelpFormatter)
        return kind

    add("picture", figures.picture, select, help="a first look (also without this word)")
    kind = add("map", figures.map, select, look, help="a field over two axes")
    for name, text in (("x", "horizontal axis"), ("y", "vertical axis"), ("panels", "axis of small multiples")):
        kind.add_argument(f"--{name}", metavar="AXIS", help=text)
    kind = add("cut", figures.cut, select, look, help="a field along an axis")
    kind.add_argument("--x", metavar="AXIS", help="horizontal axis")
    kind.add_argument("--by", metavar="AXIS", help="axis with a curve for each value (default: pattern or mode)")
    kind.add_argument("--log", action="store_true", help="logarithmic vertical scale")
    kind = add("basins", figures.basins, select, help="how often starts end in what")
    for name, text in (("x", "horizontal axis"), ("y", "vertical axis: a map"), ("panels", "axis of small multiples"),
                       ("over", "axis of the starts")):
        kind.add_argument(f"--{name}", metavar="AXIS", help=text)
    kind = add("exactness", figures.exactness, select, help="finitely many spins beside the mean field")
    kind.add_argument("--along", metavar="AXIS", help="axis with a curve for each value (default: spins_per_class)")
    kind.add_argument("--panels", metavar="AXIS", help="axis of small multiples")
    kind = add("states", figures.states, select, help="all stationary states along an axis")
    kind.add_argument("--x", metavar="AXIS", help="horizontal axis")
    kind.add_argument("--inverted", action="store_true", help="also states with classes turned against their fields")
    point = argparse.ArgumentParser(add_help=False)
    point.add_argument("file", type=pathlib.Path, help="job, output of dickemap run, or trajectory of dickemap point (.h5, .csv)")
    point.add_argument("--at", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="which point, as of dickemap point")
    point.add_argument("--until", "--t-end", dest="t_end", type=float, metavar="T",
                       help="end of the trajectory (default: of a file its own; else twice the time from which the outcome is certain, or "
                            "where there is none such the length of the record, at most 200/kappa; a spectrum goes on from the end "
                            "of the record)")
    point.add_argument("--record", action="store_true", help="also with --until: compute the record of the point and mark what it says")
    kind = add("trajectory", figures.trajectory, point, help="a point through time")
    kind.add_argument("--points", type=int, default=2001, help="samples (default 2001)")
    kind.add_argument("--log", action="store_true", help="logarithmic axis of time")
    kind = add("spectrum", figures.spectrum, point, help="the frequencies of its motion")
    kind.add_argument("--points", type=int, default=20001, help="samples (default 20001)")
    kind.add_argument("--begin", type=float, help="time from which on (default: the second half)")
    kind.add_argument("--field", default="xi", help="xi, alpha_re, ...")
    kind = add("letters", figures.letters, help="damaged images and what becomes of them")
    kind.add_argument("file", type=pathlib.Path, help="job with images as patterns, or an output of one")
    kind.add_argument("--pattern", type=int, default=1, help="which image is the cue, from 1")
    kind.add_argument("--percents", type=float, nargs="+", default=[10, 20, 30, 40], help="of the pixels that are flipped")
    kind.add_argument("--seed", type=int, default=1)
    kind.add_argument("--t-end", type=float, default=40)
    return main


def draw(a):
    if a.kind in ("trajectory", "spectrum"):
        way, record = course(a)
        until = a.t_end if isinstance(way, pathlib.Path) else None
        if a.kind == "spectrum":
            return figures.spectrum(way, record, field=a.field, begin=a.begin, until=until)
        return figures.trajectory(way, record, until=until, log=a.log)
    if a.kind == "letters":
        return figures.letters(a.file, a.pattern, a.percents, seed=a.seed, t_end=a.t_end)
    options = of_file(a)
    names = ("x", "y", "along", "panels", "over", "by", "field", "signed", "log", "inverted")
    options |= {name: getattr(a, name) for name in names if hasattr(a, name)}
    options |= {name: jobs.file_name(options[name]) for name in AXES if options.get(name)}
    if hasattr(a, "no_theory"):
        options["theory"] = not a.no_theory
    return getattr(figures, a.kind)(a.file, **options)


def main():
    words = sys.argv[1:]
    if words and words[0] not in (*KINDS, "-h", "--help"):
        if len(words) > 1 and not words[1].startswith("-") and not os.path.exists(words[0]):
            sys.exit(f"plot.py: {words[0]} is no kind of picture{arguments.among(words[0], KINDS)}")
        words = ["picture", *words]
    a = parser().parse_args(words)
    try:
        output = script_drawing.checked(a.output or f"{a.kind}.png")
        with figures.styled():
            draw(a).savefig(output, dpi=a.dpi)
    except (dickemap.Error, OSError, ValueError) as error:
        text = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename and error.strerror else str(error)
        sys.exit(f"plot.py: {text if isinstance(error, dickemap.Error) or str(a.file) in text else f'{a.file}: {text}'}")
    print(output)


if __name__ == "__main__":
    main()
