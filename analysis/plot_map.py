#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws one field of an output file over two of its axes.

  plot_map.py out/phase_diagram.h5 --x g0 --y Omega_mu_1 --field xi --select pattern=1 kappa_mu=1.0 mode=1

Every other axis is fixed by --select (the nearest value is taken and named in the picture), else at its first
value; mode at the cue where `pattern` is fixed.  Overlaps are drawn without their sign, points that are not
computed grey.  Where g0 is one of the two axes, the line g0 = g_crit is drawn too.
"""

import argparse
import sys
import textwrap

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import matplotlib.ticker  # noqa: E402
import numpy as np  # noqa: E402

import dickemap  # noqa: E402


def fail(message):
    sys.exit(f"plot_map: {message}")


def parse_selection(items):
    selection = {}
    for item in items:
        name, equals, value = item.partition("=")
        try:
            selection[name] = float(value)
        except ValueError:
            equals = ""
        if not equals or not np.isfinite(selection[name]):
            fail(f"--select {item}: expected AXIS=NUMBER")
    return selection


def cut(data, field, x, y, selection):
    """The field (and g_crit) over x and y alone, and what was fixed: (dataset, {axis: value})."""
    for axis in (x, y, *selection):  # of a zip group, each axis can stand for the group
        group = data[axis].dims if axis in data.coords else ()
        if len(group) == 1 and group != (axis,):
            data = data.swap_dims({group[0]: axis}).sortby(axis)
    dims = data[field].dims
    for axis in (x, y, *selection):
        if axis not in dims:
            fail(f"'{axis}' is not an axis of {field} (axes: {', '.join(dims)})")
    if x == y or selection.keys() & {x, y}:
        fail("--x, --y and --select must name different axes")
    free = [axis for axis in dims if axis not in (x, y)]
    fixed = {}
    # mode last, since it follows the cue
    for axis in sorted(free, key=lambda name: name == "mode"):
        values = data[axis].values if axis in data.coords else np.arange(data.sizes[axis])
        if axis in selection:
            i = int(np.abs(values - selection[axis]).argmin())
        elif axis == "mode" and "pattern" in fixed:
            i = int(np.flatnonzero(values == fixed["pattern"])[0])
        else:
            i = 0
        fixed[axis] = values[i].item()
        data = data.isel({axis: i})
    return data, fixed


def edges(values, log):
    """Cell borders around points: midpoints, on a logarithmic scale geometric ones."""
    at = np.log(values) if log else values.astype(float)
    if at.size == 1:
        border = at[0] + np.array([-0.5, 0.5])
    else:
        middle = (at[1:] + at[:-1]) / 2
        border = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    return np.exp(border) if log else border


def spread(values, array, axis):
    """An integer axis has nothing between its values: each fills its cell, so that lines become steps."""
    if values.dtype.kind not in "iu":
        return values, array
    border = edges(values, False)
    return np.stack([border[:-1], border[1:]], axis=1).ravel(), np.ma.repeat(array, 2, axis=axis)


def is_log(values):
    """Spaced evenly in the logarithm, and not in the value."""
    if values.size < 3 or values.min() <= 0:
        return False
    return np.ptp(np.diff(np.log(values))) < 1e-6 and np.ptp(np.diff(values)) > 1e-6 * np.ptp(values)


# Of verdicts, the same in every picture, told apart by colour-blind readers too (Okabe and Ito).
COLOURS = {"none": "1", "fixed_point": "#0072B2", "dark_precession": "#56B4E9", "relaxing": "#009E73",
           "limit_cycle": "#F0E442", "quasiperiodic": "#E69F00", "irregular": "#D55E00", "heteroclinic": "#CC79A7",
           "undecided": "0.5", "failed": "0"}


def colour_of(name, i):
    """Of a code: by the name of a verdict, by the pattern that was retrieved, paler where its sign is -, else by number."""
    if name in COLOURS:
        return matplotlib.colors.to_rgb(COLOURS[name])
    if name[0] in "+-" and name[1:].isdigit():
        colour = np.array(matplotlib.colormaps["tab10"]((int(name[1:]) - 1) % 10)[:3])
        return tuple(colour if name[0] == "+" else 0.45 * colour + 0.55)
    return matplotlib.colormaps["tab20"](i % 20)[:3]


def long_name(variable):
    return variable.attrs.get("long_name", variable.name)


def draw_codes(figure, axes, borders, values, done):
    """One colour for each code that occurs, by its name, or for each pattern."""
    present = np.unique(values.values[done.values]) if done.values.any() else np.array([0])
    names = [f"{code:+d}" if code else "none" for code in present.astype(int)]
    if "flag_meanings" in values.attrs:
        named = dict(zip(np.atleast_1d(values.attrs["flag_values"]), values.attrs["flag_meanings"].split()))
        names = [named.get(code, "?") for code in present]
    shown = np.ma.masked_where(~done.values, np.searchsorted(present, values.values))
    colours = matplotlib.colors.ListedColormap([colour_of(name, i) for i, name in enumerate(names)])
    mesh = axes.pcolormesh(*borders, shown, cmap=colours, vmin=-0.5, vmax=present.size - 0.5)
    bar = figure.colorbar(mesh, ax=axes, ticks=range(present.size))
    bar.ax.set_yticklabels(name.replace("_", " ") for name in names)
    bar.ax.invert_yaxis()
    if "flag_meanings" not in values.attrs:
        bar.set_label(values.name)


def draw_numbers(figure, axes, borders, values, done, is_overlap):
    """Rates and times, positive over more than two decades, on a logarithmic scale."""
    shown = np.ma.masked_invalid(np.ma.masked_where(~done.values, values.values.astype(float)))
    how = {}
    if is_overlap:
        shown = abs(shown)
        how = {"vmin": 0, "vmax": 1}
    elif shown.count() and shown.max() > 0:
        positive = np.ma.masked_less_equal(shown, 0)
        if positive.count() > 0.5 * shown.count() and positive.max() > 100 * positive.min() and shown.min() >= 0:
            shown, how = positive, {"norm": matplotlib.colors.LogNorm(positive.min(), positive.max())}
    mesh = axes.pcolormesh(*borders, shown, cmap="viridis", **how)
    label = f"|{values.name}|" if is_overlap else textwrap.fill(f"{values.name}: {long_name(values)}", 38)
    figure.colorbar(mesh, ax=axes, label=label)


def draw(data, field, x, y, fixed):
    values = data[field].transpose(y, x)
    done = dickemap.done(data).broadcast_like(values).transpose(y, x)
    figure, axes = plt.subplots(figsize=(4.6, 3.5), layout="constrained")
    axes.set_facecolor("0.8")
    log_x, log_y = is_log(data[x].values), is_log(data[y].values)
    borders = edges(data[x].values, log_x), edges(data[y].values, log_y)

    if "flag_meanings" in values.attrs or field == "retrieved":
        draw_codes(figure, axes, borders, values, done)
    else:
        draw_numbers(figure, axes, borders, values, done, field in ("xi", "xi_theory"))

    has_line = False
    if "g0" in (x, y) and "g_crit" in data and min(values.shape) > 1:
        distance = (data["g0"] - data["g_crit"]).broadcast_like(values).transpose(y, x)
        distance = np.ma.masked_invalid(distance.values)
        if distance.count() and distance.min() < 0 < distance.max():
            at_y, distance = spread(data[y].values, distance, 0)
            at_x, distance = spread(data[x].values, distance, 1)
            axes.contour(at_x, at_y, distance, levels=[0], colors="white", linewidths=2.4)
            axes.contour(at_x, at_y, distance, levels=[0], colors="black", linewidths=1.2)
            has_line = True
    for axis, at in ((axes.xaxis, data[x].values), (axes.yaxis, data[y].values)):
        if at.dtype.kind in "iu":
            axis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    if log_x:
        axes.set_xscale("log")
    if log_y:
        axes.set_yscale("log")
    axes.set(xlabel=long_name(data[x]), ylabel=long_name(data[y]))
    what = ", ".join(f"{axis} = {value:g}" for axis, value in fixed.items())
    axes.set_title("; ".join([what] * bool(what) + ["line: g0 = g_crit"] * has_line), fontsize=8)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="output of dickemap run")
    parser.add_argument("--x", required=True, metavar="AXIS", help="horizontal axis")
    parser.add_argument("--y", required=True, metavar="AXIS", help="vertical axis")
    parser.add_argument("--field", default="xi", help="what to draw (default xi)")
    parser.add_argument("--select", nargs="+", action="extend", default=[], metavar="AXIS=VALUE",
                        help="where to cut the other axes")
    parser.add_argument("-o", "--output", default="map.png", help="picture: .png, .pdf or .svg (default map.png)")
    parser.add_argument("--dpi", type=int, default=200)
    arguments = parser.parse_args()

    selection = parse_selection(arguments.select)
    try:
        data = dickemap.open(arguments.file, fields=[arguments.field, "g_crit"])
    except (OSError, ValueError) as error:
        fail(error)
    data, fixed = cut(data, arguments.field, arguments.x, arguments.y, selection)
    draw(data, arguments.field, arguments.x, arguments.y, fixed).savefig(arguments.output, dpi=arguments.dpi)
    print(f"{arguments.output}: {arguments.field} over {arguments.x} and {arguments.y}"
          + "".join(f", {axis} = {value:g}" for axis, value in fixed.items()))


if __name__ == "__main__":
    main()
