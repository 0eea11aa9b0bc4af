#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the map of atoms in a cavity from the output of jobs/cavity.yaml: order parameter and relaxation time over
detuning and coupling, the threshold of Eq. (12) over both.  Points that are not at rest are grey.
"""

import argparse

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.colors import LinearSegmentedColormap, LogNorm  # noqa: E402

import check_cavity as cavity  # noqa: E402
import dickemap  # noqa: E402
from dickemap.figures.canvas import edges  # noqa: E402
from plot_fig3 import COLOURS, STYLE  # noqa: E402

OVERLAP = LinearSegmentedColormap.from_list("overlap", ["#f4f6f8", "#9cc3df", COLOURS[1], COLOURS[0]])
PER_SECOND = 1e-6  # the job's rates are in 1/us


def draw_panel(axes, data, values, label, extend="neither", **style):
    """One field as colours, its colour bar above, the threshold as a line."""
    Omega_mu, g0 = data["Omega_mu"].values, data["g0"].values
    x, y = edges(Omega_mu, log=False), edges(g0, log=False)
    axes.set_facecolor("0.7")
    cells = np.ma.masked_invalid(values.transpose("g0", "Omega_mu").values)
    mesh = axes.pcolormesh(x, y, cells, rasterized=True, **style)
    # In two branches: it diverges at 0.
    for side in (-1, 1):
        fine = side * np.geomspace(1e-3, abs(x).max(), 600)
        line, = axes.plot(fine, dickemap.g_crit(cavity.OMEGA, fine, cavity.KAPPA), color="white", lw=2.6)
        axes.plot(*line.get_data(), color=COLOURS[3], lw=1.3)
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xlabel=r"detuning $\Omega_1$ (µs$^{-1}$)")
    bar = axes.figure.colorbar(mesh, ax=axes, location="top", aspect=30, pad=0.03, fraction=0.08, extend=extend)
    bar.set_label(label, labelpad=5)
    bar.ax.tick_params(direction="out", length=2.5)
    bar.minorticks_off()
    bar.outline.set_linewidth(0.7)


def draw(data):
    rest = dickemap.is_verdict(data, "fixed_point")
    xi = abs(data["xi"].isel(mode=0)).where(rest)
    time = (PER_SECOND / data["decay_rate"]).where(rest)
    # Weak coupling, slower by decades, would take most of the colours.
    shown = (float(time.min()), float(time.quantile(0.95))) if rest.any() else (1e-3, 1.0)
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.4), sharey=True, layout="constrained")
        figure.get_layout_engine().set(wspace=0.06)
        draw_panel(left, data, xi, r"overlap $|\xi|$", cmap=OVERLAP, vmin=0, vmax=1)
        draw_panel(right, data, time, r"relaxation time $1/\gamma$ (s)", "max", cmap="magma", norm=LogNorm(*shown))
        left.set_ylabel(r"coupling $g_0$ (µs$^{-1}$)")
        left.annotate(r"$g_c(\Omega_1)$", (24, 0.60), (24, 0.28), ha="center", fontsize=11, color=COLOURS[3])
        for axes, letter in ((left, "a)"), (right, "b)")):
            axes.annotate(letter, (0.03, 0.96), xycoords="axes fraction", va="top", weight="bold", fontsize=11,
                          color="white")
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="output of jobs/cavity.yaml")
    parser.add_argument("-o", "--output", default="cavity.png", help="picture: .png, .pdf or .svg (default cavity.png)")
    parser.add_argument("--dpi", type=int, default=200)
    arguments = parser.parse_args()
    data = cavity.open_cavity(arguments.file, "plot_cavity")
    draw(data).savefig(arguments.output, dpi=arguments.dpi)
    print(f"{arguments.output}: {data.sizes['Omega_mu']} detunings, {data.sizes['g0']} values of g0, "
          f"{int((~dickemap.is_verdict(data, 'fixed_point')).sum())} points not at rest")


if __name__ == "__main__":
    main()
