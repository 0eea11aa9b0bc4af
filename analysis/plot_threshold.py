#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the retrieval threshold from the output of jobs/retrieval_threshold.yaml, or of another job over these axes, one panel a
pattern.  Lines are closed forms with the parameters of the file; of modes of both signs there is no g_ret.

Circles: the exact start, at its overlap with its pattern.  Dots: the tilted start, at its overlap with the pattern
that it ends in and in that pattern's colour.  Shaded: g_nu to g_ret, where the two differ.
"""

import script_drawing  # (first: says which package is missing)
import script_file

import matplotlib.pyplot as plt
import numpy as np

import check_threshold as thresholds
import dickemap
from dickemap.figures import STYLE, labels, style


def draw_panel(axes, data, nu, every):
    """One pattern: theory as a line, both starts over it, the window shaded."""
    exact, tilted = thresholds.start(data, nu, False), thresholds.start(data, nu, True)
    g0 = exact.g0.values
    g_nu, g_ret = thresholds.couplings(data, nu)
    colours = style.pattern_colours(data.sizes["mode"])
    colour = colours[nu - 1]
    if g_ret > g_nu:
        axes.axvspan(g_nu, g_ret, color="0.90", lw=0, zorder=0)
    fine = np.concatenate([[min(g0[0], g_nu)], g_nu + max(g0[-1] - g_nu, 0) * np.linspace(0, 1, 400) ** 2])
    axes.plot(fine, dickemap.xi_theory(fine, g_nu), color=colour, lw=1.0, zorder=2)
    ring = np.arange(g0.size) % (2 * every) == every // 2
    axes.plot(g0[ring], abs(exact.xi.sel(mode=nu)).values[ring], "o", ms=5.2, mfc="white", mec=colour, mew=0.9,
              clip_on=False, zorder=3)
    # A tilted start that retrieves nothing stands at 0, in grey.
    ended = abs(tilted.retrieved.values.astype(int))
    overlap = abs(tilted.xi).max("mode").values
    for mu in (0, *data.mode.values.astype(int)):
        shown = (ended == mu) & (np.arange(g0.size) % every == 0)
        axes.plot(g0[shown], overlap[shown], "o", ms=2.6, mew=0, color="0.45" if mu == 0 else colours[mu - 1],
                  clip_on=False, zorder=4)
    one = g_ret == g_nu
    for g, text, side in ((g_nu, rf"$g_{nu}=g_{{\mathrm{{ret}}}}$" if one else rf"$g_{nu}$", "center" if one else "right"),
                          (g_ret, "" if one else r"$g_{\mathrm{ret}}$", "left")):
        if not g0[0] <= g <= g0[-1]:  # nor NaN
            continue
        axes.plot([g, g], [1.0, 1.05], color="0.2", lw=0.8, zorder=1)
        axes.annotate(text, (g, 1.05), (0, 2), textcoords="offset points", ha=side, va="bottom", fontsize=10,
                      annotation_clip=False)
    axes.annotate(f"start: pattern {nu}", (0.97, 0.06), xycoords="axes fraction", ha="right", fontsize=10, color=colour)
    axes.set(xlim=(g0[0], g0[-1]), ylim=(0, 1.05))


def draw(data, every):
    patterns = data.pattern.values.astype(int)
    with plt.rc_context(STYLE):
        rows, in_legend = (patterns.size + 1) // 2, 8 if data.sizes["mode"] <= 4 else 6
        more = 0.2 * ((data.sizes["mode"] + 3) // in_legend)  # lines of the legend
        height = 0.85 + 1.9 * rows + more
        figure, panels = plt.subplots(rows, 2, figsize=(6.8, height), sharex=True, sharey=True, squeeze=False)
        figure.subplots_adjust(left=0.075, right=0.985, bottom=0.45 / height, top=1 - (0.55 + more) / height, wspace=0.1,
                               hspace=0.2)
        for axes, nu in zip(panels.flat, patterns):
            draw_panel(axes, data, nu, every)
        for axes in panels.flat[patterns.size:]:
            axes.set_visible(False)
        for axes in panels.flat[max(patterns.size - 2, 0):patterns.size]:
            axes.set_xlabel(labels.label(data, "g0", words=False))
            axes.tick_params(labelbottom=True)
        for axes in panels[:, 0]:
            axes.set_ylabel(r"$|\xi|$")

        def mark(label, **style):
            return plt.Line2D([], [], ls="", marker="o", label=label, **style)

        size = labels.number(float(data.perturbation[1]))
        modes = data.mode.values.astype(int)
        handles = [plt.Line2D([], [], color="0.3", lw=1.0, label="Eq. (12)"),
                   mark("exact start", ms=5.2, mfc="white", mec="0.3", mew=0.9),
                   mark(f"tilted by {size}, ends in no pattern", ms=3.4, mew=0, color="0.45")]
        handles += [mark(f"{'in ' if mu == 1 else ''}{mu}", ms=3.4, mew=0, color=colour) for mu, colour in
                    zip(modes, style.pattern_colours(modes.size))]
        if np.isfinite(thresholds.couplings(data, 1)[1]):
            handles += [plt.Rectangle((0, 0), 1, 1, fc="0.90", label=r"$g_\nu<g_0<g_{\mathrm{ret}}$")]
        figure.legend(handles=handles, loc="upper center", ncols=min(len(handles), in_legend), frameon=False, fontsize=8.5,
                      borderaxespad=0.2, handlelength=1.2, handletextpad=0.3, columnspacing=1.1)
    return figure


@script_file.in_one_line
def main():
    parser = script_drawing.options(__doc__, "threshold.png", "output of jobs/retrieval_threshold.yaml, or of another job over these axes")
    parser.add_argument("--every", type=int, default=0, metavar="N",
                        help="show every N-th computed point (default: about 100 a curve)")
    a = script_drawing.given(parser)
    data = thresholds.open_thresholds(a.file, instead=script_file.PLOT)
    every = a.every or max(1, round(data.sizes["g0"] / 100))
    draw(data, every).savefig(a.output, dpi=a.dpi)
    print(f"{a.output}: {data.sizes['pattern']} patterns, {data.sizes['g0']} values of g0")


if __name__ == "__main__":
    main()
