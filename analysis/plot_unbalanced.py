#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what becomes of the unbalanced Dicke model in the plane of its two couplings, from the output of jobs/unbalanced.yaml or of
another job of one mode over g0 and imbalance, with the lines on which the normal state x = -1 loses its stability: a pitchfork and a
Hopf line, with the parameters of the file; none with losses of single spins or drives, or where Omega Omega_mu < 0.
"""

import script_drawing  # (first: says which package is missing)
import script_file

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

import dickemap
from dickemap import models
from dickemap.figures import STYLE, VERDICTS, labels
from dickemap.figures.canvas import edges

ENDS = {"normal, $x = -1$": "#dfe9f2", "inverted, $x = +1$": "#c9b8d8", "superradiant": VERDICTS["fixed_point"],
        "limit cycle": VERDICTS["limit_cycle"], "torus": VERDICTS["quasiperiodic"], "chaos": VERDICTS["irregular"],
        "another end": "#7a6a53", "undecided or failed": "0.5", "not computed": "white"}
AN_OVERLAP = 1e-6
STARTS = tuple(key for key in models.BEYOND if key.startswith("initial."))  # which do not move the lines


def parameters(data):
    """omega, omega_0, kappa of the usual symbols, from the job's; None where the lines are not those of this model."""
    given = models.parameters(data)
    if models.beyond(data, but=("model.imbalance", *STARTS)) or float(given["Omega"]) * float(given["Omega_mu"][0]) <= 0:
        return None
    return abs(float(given["Omega_mu"][0])), 2 * abs(float(given["Omega"])), float(given["kappa_mu"][0]) / 2


def pitchfork(omega, omega_0, kappa, minus, plus):
    """Negative where x = -1 is unstable: omega_0^2 (omega^2 + kappa^2) - 2 omega omega_0 (l-^2 + l+^2) + (l-^2 - l+^2)^2."""
    return (omega_0**2 * (omega**2 + kappa**2) - 2 * omega * omega_0 * (minus**2 + plus**2) + (minus**2 - plus**2) ** 2)


def hopf_slope(omega, omega_0, kappa):
    """lambda_+/lambda_- above which spins turn over."""
    return np.sqrt(((omega + omega_0) ** 2 + kappa**2) / ((omega - omega_0) ** 2 + kappa**2))


def ends(data):
    """Which of ENDS a point is."""
    xi = abs(data["xi"].isel(mode=0)) > AN_OVERLAP
    rest, up = dickemap.is_verdict(data, "fixed_point"), data["x_mean"] > 0
    known = ["fixed_point", "limit_cycle", "quasiperiodic", "irregular", "undecided", "failed"]
    kinds = [rest & ~xi & ~up, rest & ~xi & up, rest & xi, *(dickemap.is_verdict(data, verdict) for verdict in known[1:4]),
             dickemap.done(data) & ~dickemap.is_verdict(data, *known), dickemap.is_verdict(data, "undecided", "failed"),
             ~dickemap.done(data)]
    out = np.zeros(data["verdict"].shape, int)
    for i, kind in enumerate(kinds):
        out[kind.values] = i
    return out


def draw(data):
    g0, eta = edges(data["g0"].values, False), np.clip(edges(data["imbalance"].values, False), -1, 1)
    minus, plus = np.outer(g0, 1 + eta), np.outer(g0, 1 - eta)
    found = ends(data.transpose("g0", "imbalance", ...))
    most = data["g0"].values.max() or 1.0
    given = parameters(data)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(6.2, 4.2), layout="constrained")
        axes.pcolormesh(minus, plus, found, cmap=ListedColormap(list(ENDS.values())), vmin=-0.5,
                        vmax=len(ENDS) - 0.5, rasterized=True)
        fine = np.linspace(0, most, 500)
        unit = labels.in_unit(labels.units_of(data, "g0"))
        if given:
            omega, omega_0, kappa = given
            height = pitchfork(omega, omega_0, kappa, *np.meshgrid(fine, fine))
            if height.min() < 0 < height.max():
                axes.contour(fine, fine, height, levels=[0], colors="black", linewidths=1.3)
            axes.plot(fine, hopf_slope(omega, omega_0, kappa) * fine, color="black", lw=1.3, ls="--")
        axes.set(xlim=(0, most), ylim=(0, most), aspect="equal", xlabel=r"co-rotating coupling $\lambda_-$" + unit,
                 ylabel=r"counter-rotating coupling $\lambda_+$" + unit)
        there = [(name, colour) for i, (name, colour) in enumerate(ENDS.items()) if (found == i).any()]
        handles = [plt.Rectangle((0, 0), 1, 1, fc=colour, ec="0.3", lw=0.4) for _, colour in there]
        names = [name for name, _ in there]
        if given:
            handles += [plt.Line2D([], [], color="black", lw=1.3), plt.Line2D([], [], color="black", lw=1.3, ls="--")]
            names += ["pitchfork", "Hopf"]
        axes.legend(handles, names, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure


@script_file.in_one_line
def main():
    a = script_drawing.given(script_drawing.options(__doc__, "unbalanced.png", "output of jobs/unbalanced.yaml, or of another job of one "
                                                    "mode over g0 and imbalance"))
    data = script_file.opened(a.file, "jobs/unbalanced.yaml", ("g0", "imbalance"), ("verdict", "xi", "x_mean"), n_modes=1)
    draw(data).savefig(a.output, dpi=a.dpi)
    print(f"{a.output}: {data.sizes['g0']} couplings, {data.sizes['imbalance']} imbalances")


if __name__ == "__main__":
    main()
