#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws Fig. 3 of the paper from the output of jobs/fig3.yaml: theory as lines, computed points as circles."""

import argparse

import script_drawing  # noqa: F401  (first: says which package is missing)

import matplotlib.pyplot as plt
import numpy as np

import check_fig3 as fig3
import dickemap
from dickemap.figures import COLOURS, STYLE


def draw_panel(axes, data, computed, theory, every, steep):
    """Curves nu = 1 ... M: theory(nu index, g0) as a line, `computed` (over g0 and pattern) as circles: every n-th,
    and all of them within `steep` above the critical point."""
    g0 = data["g0"].values
    for i, (nu, colour) in enumerate(zip(fig3.MU, COLOURS)):
        # The line begins at the critical point itself: the curve is vertical there.
        g_nu = dickemap.g_crit(fig3.OMEGA, fig3.OMEGA_MU[i], fig3.KAPPA)
        fine = np.concatenate([[g0.min(), g_nu], g_nu + (g0.max() - g_nu) * np.linspace(0, 1, 400)[1:] ** 2])
        axes.plot(fine, theory(i, fine), color=colour, lw=1.1, zorder=2)
        shown = (np.arange(g0.size) % every == 0) | ((g0 > g_nu) & (g0 < g_nu + steep))
        axes.plot(g0[shown], computed.sel(pattern=nu).values[shown], "o", ms=3.1, mfc="white", mec=colour, mew=0.8,
                  clip_on=False, zorder=3)
        axes.plot([g_nu], [0], marker="^", ms=4.5, color=colour, clip_on=False, zorder=4)
    axes.set_xlim(0, g0.max())


def arrow(axes, tail, head, text, at):
    axes.annotate("", head, tail, arrowprops={"arrowstyle": "->", "lw": 0.8}, zorder=5)
    axes.annotate(text, at, ha="center", va="center", fontsize=11, zorder=5)


def draw(data, every):
    cue = data["pattern"] == data["mode"]
    xi = abs(data["xi"]).where(cue).sum("mode", min_count=1)
    occupation = data["occupation"].where(cue).sum("mode", min_count=1)

    def xi_line(i, g0):
        return dickemap.xi_theory(g0, dickemap.g_crit(fig3.OMEGA, fig3.OMEGA_MU[i], fig3.KAPPA))

    def occupation_line(i, g0):
        return dickemap.occupation_theory(g0, xi_line(i, g0), fig3.OMEGA_MU[i], fig3.KAPPA, fig3.N_CLASSES)

    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 2.7), layout="constrained")
        draw_panel(left, data, xi, xi_line, every, 0.06)
        draw_panel(right, data, occupation, occupation_line, every, 0.0)
        left.set(xlabel=r"$g_0/\kappa$", ylabel=r"$|\xi_\mu|$", ylim=(0, 1.03))
        right.set(xlabel=r"$g_0/\kappa$", ylabel=r"$|\alpha_\mu|^2$", ylim=(0, None))
        arrow(left, (0.72, 0.80), (1.36, 0.55), r"$\mu$", (1.43, 0.52))
        top = right.get_ylim()[1]
        arrow(right, (1.30, 0.47 * top), (1.90, 0.14 * top), r"$\mu$", (1.94, 0.08 * top))
        left.annotate(r"$g_{\mathrm{crit}}$", (0.645, 0), (0.36, 0.16), ha="center", fontsize=11,
                      arrowprops={"arrowstyle": "->", "lw": 0.6, "shrinkB": 4})
        right.plot([], [], color="0.3", lw=1.1, label="theory, Eq. (12)")
        right.plot([], [], "o", ms=3.1, mfc="white", mec="0.3", mew=0.8, label="computed")
        right.legend(loc="upper left", bbox_to_anchor=(0.10, 1.0), frameon=False, handlelength=1.5)
        for axes, letter in ((left, "a)"), (right, "b)")):
            axes.annotate(letter, (0.03, 0.96), xycoords="axes fraction", va="top", weight="bold", fontsize=11)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="output of jobs/fig3.yaml")
    parser.add_argument("-o", "--output", default="fig3.png", help="picture: .png, .pdf or .svg (default fig3.png)")
    parser.add_argument("--every", type=int, default=0, metavar="N",
                        help="show every N-th computed point (default: about 40 a curve)")
    parser.add_argument("--dpi", type=int, default=200)
    arguments = parser.parse_args()

    data = fig3.open_fig3(arguments.file, "plot_fig3", fields=["xi", "occupation"])
    every = arguments.every or max(1, round(data.sizes["g0"] / 40))
    draw(data, every).savefig(arguments.output, dpi=arguments.dpi)
    print(f"{arguments.output}: {data.sizes['pattern']} patterns, {data.sizes['g0']} values of g0")


if __name__ == "__main__":
    main()
