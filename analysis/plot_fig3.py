#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the two panels of the paper's Fig. 3, from the output of jobs/fig3.yaml or of another job over g0 and pattern: theory as lines,
with the parameters of the file, computed points as circles, thresholds as triangles."""

import script_drawing  # (first: says which package is missing)
import script_file

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import check_fig3 as fig3
from dickemap.figures import STYLE, canvas, labels, style


def draw_panel(axes, data, theory, computed, line, every, steep):
    """A curve a pattern: line(g0, pattern), of DataArrays, as a line, `computed` (over g0 and pattern) as circles: every n-th,
    and all of them within `steep` thresholds above the threshold."""
    g0 = data["g0"].values
    frame = (0.0, g0.max()) if not canvas.is_log(g0) else tuple(canvas.ends(g0))
    for nu, colour in curves(data):
        # The line begins at the threshold itself: the curve is vertical there.
        g_nu = float(theory.g_crit.sel(mode=nu))
        above = g_nu + max(frame[1] - g_nu, 0) * np.linspace(0, 1, 400) ** 2
        fine = np.concatenate([[g0.min(), g_nu], above[1:]])
        axes.plot(fine, line(xr.DataArray(fine, dims="g0"), nu), color=colour, lw=1.1, zorder=2)
        shown = (np.arange(g0.size) % every == 0) | ((g0 > g_nu) & (g0 < (1 + steep) * g_nu))
        axes.plot(g0[shown], computed.sel(pattern=nu).values[shown], "o", ms=3.1, mfc="white", mec=colour, mew=0.8,
                  clip_on=False, zorder=3)
        if frame[0] <= g_nu <= frame[1]:
            axes.plot([g_nu], [0], marker="^", ms=4.5, color=colour, clip_on=False, zorder=4)
    if canvas.is_log(g0):
        axes.set_xscale("log")
    axes.set(xlim=frame if frame[0] < frame[1] else None, xlabel=labels.label(data, "g0"))


def curves(data):
    """(pattern, colour) of each."""
    colours = style.pattern_colours(data.sizes["mode"])
    return [(nu, colours[nu - 1]) for nu in data["pattern"].values.astype(int)]


def draw(data, every):
    theory = fig3.Theory(data)
    cue = data["pattern"] == data["mode"]
    xi = abs(data["xi"]).where(cue).sum("mode", min_count=1)
    occupation = data["occupation"].where(cue).sum("mode", min_count=1)

    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 2.7), layout="constrained")
        draw_panel(left, data, theory, xi, theory.xi, every, 0.1)
        draw_panel(right, data, theory, occupation, theory.occupation, every, 0.0)
        left.set(ylabel=r"$|\xi_\mu|$", ylim=(0, 1.03))
        right.set(ylabel=r"$|\alpha_\mu|^2$", ylim=(0, None))
        handles = [plt.Line2D([], [], color=colour, lw=1.6, label=rf"$\mu$ = {nu}") for nu, colour in curves(data)]
        left.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 0.9), frameon=False, handlelength=1.2, labelspacing=0.25,
                    ncols=1 + (len(handles) - 1) // 6, columnspacing=0.8)
        right.legend(handles=[plt.Line2D([], [], color="0.3", lw=1.1, label="theory, Eq. (12)"),
                              plt.Line2D([], [], ls="", marker="o", ms=3.1, mfc="white", mec="0.3", mew=0.8, label="computed"),
                              plt.Line2D([], [], ls="", marker="^", ms=4.5, color="0.3", label=r"$g_{\mathrm{crit}}$")],
                     loc="upper left", bbox_to_anchor=(0.08, 1.0), frameon=False, handlelength=1.5)
        for axes, letter in ((left, "a)"), (right, "b)")):
            axes.annotate(letter, (0.03, 0.96), xycoords="axes fraction", va="top", weight="bold", fontsize=11)
    return figure


@script_file.in_one_line
def main():
    parser = script_drawing.options(__doc__, "fig3.png", "output of jobs/fig3.yaml, or of another job over g0 and pattern")
    parser.add_argument("--every", type=int, default=0, metavar="N",
                        help="show every N-th computed point (default: about 40 a curve)")
    a = script_drawing.given(parser)

    data = fig3.open_fig3(a.file, script_file.PLOT)
    every = a.every or max(1, round(data.sizes["g0"] / 40))
    draw(data, every).savefig(a.output, dpi=a.dpi)
    print(f"{a.output}: {data.sizes['pattern']} patterns, {data.sizes['g0']} values of g0")


if __name__ == "__main__":
    main()
