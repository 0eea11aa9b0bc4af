#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws how often each pattern is retrieved, with either sign, from the output of jobs/retrieval_map.yaml or of another job with
`reduce` over these axes: the probability over coupling and tilt, a line where it is one half; and dotted g_ret, from which on pattern
states are stable, where a closed form with the parameters of the file knows it.  Cells that are not computed, or most of whose starts are
undecided, are hatched."""

import script_drawing  # (first: says which package is missing)
import script_file

import matplotlib.pyplot as plt
import numpy as np

import dickemap
from dickemap.figures import canvas, cells, labels, lines, style

CELL = ("pattern", "perturbation", "g0")
FIELD = "retrieval_either_sign"
COLOUR = "#d1495b"


def g_ret(data):
    """g_ret of each pattern by the parameters of the file; NaN where there is no closed form, or modes have both signs."""
    if not lines.is_closed(data):
        return np.full(data.sizes["pattern"], np.nan)
    return np.broadcast_to(np.asarray(lines.threshold(data, "ret"), float), data.sizes["pattern"])


def draw_pattern(axes, cell, ret, logs, borders, found):
    """One pattern: whether each of the lines "one half" and "g_ret" is in the picture."""
    share = cells.shown(cell, FIELD).values
    canvas.mesh(axes, *borders, share, "cividis", plt.Normalize(0, 1))
    canvas.hatched(axes, *borders, cells.absent(cell, FIELD).values, found)
    tilted = cell.perturbation.values > 0  # exact starts reach their pattern from g_c on, whatever tilts do
    known = share[tilted][np.isfinite(share[tilted])]
    has_half = bool(known.size and tilted.sum() > 1 and share.shape[1] > 1 and known.min() < 0.5 < known.max())
    if has_half:
        axes.contour(cell.g0.values, cell.perturbation.values[tilted], np.ma.masked_invalid(share[tilted]), levels=[0.5], colors=COLOUR,
                     linewidths=1)
    has_ret = bool(borders[0].min() < ret < borders[0].max() and tilted.any())
    if has_ret:
        ends = np.concatenate([borders[1][:-1][tilted], borders[1][1:][tilted]])
        axes.plot([ret, ret], [ends.min(), ends.max()], color=COLOUR, lw=1.2, ls=":")[0].set_gid("g_ret")
    for axis, name, log, border in zip((axes.xaxis, axes.yaxis), ("g0", "perturbation"), logs, borders):
        canvas.set_axis(axis, cell[name].values, log, border)
    axes.set_title(labels.item(cell, "pattern", int(cell.pattern)))
    return has_half, has_ret


def draw(data):
    logs = [canvas.is_log(data[name].values) for name in ("g0", "perturbation")]
    borders = [canvas.edges(data[name].values, log) for name, log in zip(("g0", "perturbation"), logs)]
    found, drawn = set(), []
    with style.styled():
        figure, panels = style.panels(data.sizes["pattern"], 1.7, 2.2, sharex=True, sharey=True)
        for i, (axes, ret) in enumerate(zip(panels, g_ret(data))):
            drawn.append(draw_pattern(axes, data.isel(pattern=i), ret, logs, borders, found))
            if i + canvas.columns(panels) >= len(panels):
                axes.set_xlabel(labels.label(data, "g0", words=False))
                axes.tick_params(labelbottom=True)
            if axes.get_subplotspec().is_first_col():
                axes.set_ylabel(labels.label(data, "perturbation"))
        rest = [plt.Line2D([], [], color=COLOUR, lw=1.2, ls=look, label=text) for look, text, is_there in
                zip(("-", ":"), ("one half", labels.SYMBOLS["g_retrieve"].join("$$")), np.any(drawn, axis=0)) if is_there]
        canvas.legend_below(panels[(len(panels) - 1) // canvas.columns(panels) * canvas.columns(panels)],
                            [*rest, *canvas.hatch_handles(found)])
        canvas.add_bar(figure, panels, canvas.Scale(plt.get_cmap("cividis"), plt.Normalize(0, 1)), labels.label(data, FIELD))
        figure.suptitle(f"{cells.starts_a_cell(data)} starts a cell", fontsize=9)
        return style.finished(figure, None)


@script_file.in_one_line
def main():
    a = script_drawing.given(script_drawing.options(__doc__, "retrieval_map.png",
                                                    "output of jobs/retrieval_map.yaml, or of another job over these axes"))
    data = script_file.opened(a.file, "jobs/retrieval_map.yaml", CELL, (FIELD, "n_decided", "n_undecided", "n_failed"))
    figure = draw(data)
    figure.savefig(a.output, dpi=a.dpi)
    left = ~dickemap.done(data)
    print(f"{a.output}: {data[FIELD].size} cells of {cells.starts_a_cell(data)} starts, "
          f"{int(data.n_undecided.where(~left).sum())} of all undecided" + f", {int(left.sum())} cells not computed" * bool(left.any()))


if __name__ == "__main__":
    main()
