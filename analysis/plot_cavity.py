#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws a map of atoms in a cavity, of jobs/cavity.yaml or any job of one mode over its detuning and g0: order parameter and
relaxation time over both, in the job's unit, with the threshold of Eq. (12).  Points that are not at rest are grey.
"""

import script_drawing  # (first: says which package is missing)
import script_file

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, LogNorm

import check_cavity as cavity
import dickemap
from dickemap.figures import COLOURS, STYLE, labels, lines
from dickemap.figures.canvas import edges, is_log

OVERLAP = LinearSegmentedColormap.from_list("overlap", ["#f4f6f8", "#9cc3df", COLOURS[1], COLOURS[0]])


def threshold(data, Omega_mu):
    """g_c at detunings of one sign: in closed form with the job's numbers; where the job does not tell, between those of the file."""
    given = lines.parameters(data) if lines.is_closed(data) else None
    if given and all(np.ndim(value) == 0 for value in (given["Omega"], given["kappa_mu"][0])):
        return dickemap.g_crit(float(given["Omega"]), Omega_mu, float(given["kappa_mu"][0]))
    own = data["g_crit"].isel(g0=0)
    own = own[(np.sign(own.Omega_mu) == np.sign(Omega_mu[0])) & np.isfinite(own)]
    return np.interp(Omega_mu, own.Omega_mu, own, left=np.nan, right=np.nan) if own.size else np.full(Omega_mu.shape, np.nan)


def draw_panel(axes, data, values, label, extend="neither", **style):
    """One field as colours, its colour bar above, the threshold as a line."""
    Omega_mu, g0 = data["Omega_mu"].values, data["g0"].values
    x, y = edges(Omega_mu), edges(g0, is_log(g0))
    axes.set_facecolor("0.7")
    cells = np.ma.masked_invalid(values.transpose("g0", "Omega_mu").values)
    mesh = axes.pcolormesh(x, y, cells, rasterized=True, **style)
    # In two branches: it diverges at 0.
    for side in (-1, 1):
        fine = np.sort(side * np.geomspace(2.5e-5, 1, 600) * abs(x).max())
        line, = axes.plot(fine, threshold(data, fine), color="white", lw=2.6)
        axes.plot(*line.get_data(), color=COLOURS[3], lw=1.3, label=r"$g_c(\Omega_1)$" if side > 0 else None)
    axes.set(yscale="log" if is_log(g0) else "linear", xlim=(x[0], x[-1]), ylim=(y[0], y[-1]),
             xlabel=r"detuning $\Omega_1$" + in_unit(data["Omega_mu"]))
    bar = axes.figure.colorbar(mesh, ax=axes, location="top", aspect=30, pad=0.03, fraction=0.08, extend=extend)
    bar.set_label(label, labelpad=5)
    bar.ax.tick_params(direction="out", length=2.5)
    bar.minorticks_off()
    bar.outline.set_linewidth(0.7)


def in_unit(field, inverse=False):
    """" (MHz)" of a field, or of its inverse."""
    unit = field.attrs.get("units", "1")
    return labels.in_unit(f"1/({unit})" if inverse and unit != "1" else unit)


def draw(data):
    rest = dickemap.is_verdict(data, "fixed_point")
    xi = abs(data["xi"].isel(mode=0)).where(rest)
    time = (1 / data["decay_rate"]).where(rest & (data["decay_rate"] > 0))
    # Weak coupling, slower by decades, would take most of the colours.
    shown = (float(time.min()), float(time.quantile(0.95))) if time.notnull().any() else (1e-3, 1.0)
    shown = (shown[0], max(shown[1], 1.01 * shown[0]))
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.4), sharey=True, layout="constrained")
        figure.get_layout_engine().set(wspace=0.06)
        draw_panel(left, data, xi, r"overlap $|\xi|$", cmap=OVERLAP, vmin=0, vmax=1)
        draw_panel(right, data, time, r"relaxation time $1/\gamma$" + in_unit(data["decay_rate"], True), "max", cmap="magma",
                   norm=LogNorm(*shown))
        left.set_ylabel(r"coupling $g_0$" + in_unit(data["g0"]))
        left.legend(loc="lower right", frameon=False, labelcolor=COLOURS[3], handlelength=1.2)
        for axes, letter in ((left, "a)"), (right, "b)")):
            axes.annotate(letter, (0.03, 0.96), xycoords="axes fraction", va="top", weight="bold", fontsize=11,
                          color="white")
    return figure


@script_file.in_one_line
def main():
    a = script_drawing.given(script_drawing.options(__doc__, "cavity.png", "output of jobs/cavity.yaml, or of another job of one mode over "
                                                    "Omega_mu and g0"))
    data = cavity.open_map(a.file, instead=script_file.PLOT)
    draw(data).savefig(a.output, dpi=a.dpi)
    print(f"{a.output}: {data.sizes['Omega_mu']} detunings, {data.sizes['g0']} values of g0, "
          f"{int((~dickemap.is_verdict(data, 'fixed_point')).sum())} points not at rest")


if __name__ == "__main__":
    main()
