#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws how often each pattern is retrieved, with either sign, from the output of jobs/retrieval_map.yaml: the probability over
coupling and tilt, a line where it is one half; and dotted g_ret, from which on pattern states are stable (closed form)."""

import argparse
import sys

import script_drawing  # noqa: F401  (first: says which package is missing)

import matplotlib.pyplot as plt
import numpy as np

import check_fig3 as fig3
import dickemap
from dickemap.figures.canvas import edges
from plot_fig3 import STYLE

CELL = ("pattern", "perturbation", "g0")


def thresholds():
    """g_ret of each pattern of Fig. 3."""
    g = np.array([dickemap.g_crit(fig3.OMEGA, Omega_mu, fig3.KAPPA) for Omega_mu in fig3.OMEGA_MU])
    return g * np.sqrt(g / g.min())


def draw_pattern(axes, data, pattern, ret):
    cell = data.sel(pattern=pattern)
    share = cell.retrieval_either_sign
    picture = axes.pcolormesh(edges(cell.g0.values), edges(cell.perturbation.values, log=True), share, vmin=0, vmax=1, cmap="cividis")
    axes.set_facecolor("0.7")  # of cells that are not computed
    if share.min() < 0.5 < share.max():
        axes.contour(cell.g0, cell.perturbation, share, levels=[0.5], colors="#d1495b", linewidths=1)
    axes.axvline(ret, color="#d1495b", lw=1.2, ls=":")
    axes.set(xlim=edges(cell.g0.values)[[0, -1]], xticks=[0.8, 1.2, 1.6, 2.0])
    axes.set(yscale="log", title=f"pattern {pattern}")
    return picture


def draw(data):
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, data.sizes["pattern"], figsize=(7.6, 2.6), layout="constrained", sharey=True)
        for axes, pattern, threshold in zip(panels, data.pattern.values, thresholds()):
            picture = draw_pattern(axes, data, pattern, threshold)
            axes.set_xlabel("$g_0$")
        panels[0].set_ylabel("tilt (tangent)")
        lines = [plt.Line2D([], [], color="#d1495b", lw=1.2, ls=style) for style in ("-", ":")]
        panels[0].legend(lines, ["one half", r"$g_{\mathrm{ret}}$"], loc="lower right", fontsize=8)
        figure.colorbar(picture, ax=panels, label="retrieved, either sign", shrink=0.9)
    return figure


def lacking(data):
    """What the file has not that the picture needs, "" where it has all."""
    if "retrieval_either_sign" not in data:
        return "it has no retrieval_either_sign, which takes `reduce: seed`"
    dims = data.retrieval_either_sign.dims
    missing = [axis for axis in CELL if axis not in dims]
    if missing:
        return f"it has no axis {' and none '.join(missing)}"
    if dims != CELL:
        return f"its axes are {', '.join(dims)}, not {', '.join(CELL)}"
    return "" if set(data.pattern.values) <= {1, 2, 3, 4} else "it has patterns beyond the four of Fig. 3"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="output of jobs/retrieval_map.yaml")
    parser.add_argument("-o", "--output", default="retrieval_map.png",
                        help="picture: .png, .pdf or .svg (default retrieval_map.png)")
    a = parser.parse_args()
    try:
        data = dickemap.open(a.file)
    except (dickemap.Error, OSError) as error:
        sys.exit(f"plot_retrieval.py: {error}")
    if lack := lacking(data):
        sys.exit(f"plot_retrieval.py: {a.file} is not of a job like jobs/retrieval_map.yaml: {lack}; plot.py basins draws any such file")
    draw(data).savefig(a.output, dpi=200)
    left = ~dickemap.done(data)
    print(f"{a.output}: {data.retrieval.size} cells of {int(data.n_decided.max())} starts, "
          f"{int(data.n_undecided.where(~left).sum())} of all undecided" + f", {int(left.sum())} cells not computed" * bool(left.any()))


if __name__ == "__main__":
    main()
