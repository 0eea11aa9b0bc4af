#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what becomes of the unbalanced Dicke model in the plane of its two couplings, from the output of
jobs/unbalanced.yaml, with the lines on which the normal state x = -1 loses its stability: a pitchfork and a Hopf line.
"""

import argparse

import script_drawing  # noqa: F401  (first: says which package is missing)

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

import dickemap
from dickemap.figures import VERDICTS
from dickemap.figures.canvas import edges
from dickemap.reading import of_job
from plot_fig3 import STYLE

ENDS = {"normal, $x = -1$": "#dfe9f2", "inverted, $x = +1$": "#c9b8d8", "superradiant": VERDICTS["fixed_point"],
        "limit cycle": VERDICTS["limit_cycle"], "torus": VERDICTS["quasiperiodic"], "chaos": VERDICTS["irregular"],
        "undecided": "0.5"}
AN_OVERLAP = 1e-6


def parameters(data):
    """omega, omega_0, kappa of the usual symbols, from the job's."""
    Omega, Omega_mu, kappa_mu = (float(of_job(data, f"model.{key}").strip("[]")) for key in ("Omega", "Omega_mu", "kappa_mu"))
    return Omega_mu, 2 * Omega, kappa_mu / 2


def pitchfork(omega, omega_0, kappa, minus, plus):
    """Negative where x = -1 is unstable: omega_0^2 (omega^2 + kappa^2) - 2 omega omega_0 (l-^2 + l+^2) + (l-^2 - l+^2)^2."""
    return (omega_0**2 * (omega**2 + kappa**2) - 2 * omega * omega_0 * (minus**2 + plus**2) + (minus**2 - plus**2) ** 2)


def hopf_slope(omega, omega_0, kappa):
    """lambda_+/lambda_- above which spins turn over."""
    return np.sqrt(((omega + omega_0) ** 2 + kappa**2) / ((omega - omega_0) ** 2 + kappa**2))


def ends(data):
    """Which of ENDS a point is; -1: none."""
    xi = abs(data["xi"].isel(mode=0)) > AN_OVERLAP
    rest, up = dickemap.is_verdict(data, "fixed_point"), data["x_mean"] > 0
    kinds = [rest & ~xi & ~up, rest & ~xi & up, rest & xi, dickemap.is_verdict(data, "limit_cycle"),
             dickemap.is_verdict(data, "quasiperiodic"), dickemap.is_verdict(data, "irregular"),
             dickemap.is_verdict(data, "undecided")]
    out = np.full(data["verdict"].shape, -1)
    for i, kind in enumerate(kinds):
        out[kind.values] = i
    return out


def draw(data):
    g0, eta = edges(data["g0"].values, False), np.clip(edges(data["imbalance"].values, False), -1, 1)
    minus, plus = np.outer(g0, 1 + eta), np.outer(g0, 1 - eta)
    found = ends(data.transpose("g0", "imbalance", ...))
    most = data["g0"].values.max()
    omega, omega_0, kappa = parameters(data)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(5.6, 4.2), layout="constrained")
        axes.pcolormesh(minus, plus, np.ma.masked_less(found, 0), cmap=ListedColormap(list(ENDS.values())), vmin=-0.5,
                        vmax=len(ENDS) - 0.5, rasterized=True)
        fine = np.linspace(0, most, 500)
        axes.contour(fine, fine, pitchfork(omega, omega_0, kappa, *np.meshgrid(fine, fine)), levels=[0], colors="black",
                     linewidths=1.3)
        axes.plot(fine, hopf_slope(omega, omega_0, kappa) * fine, color="black", lw=1.3, ls="--")
        axes.set(xlim=(0, most), ylim=(0, most), aspect="equal", xlabel=r"co-rotating coupling $\lambda_-$",
                 ylabel=r"counter-rotating coupling $\lambda_+$")
        handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for i, colour in enumerate(ENDS.values()) if (found == i).any()]
        labels = [name for i, name in enumerate(ENDS) if (found == i).any()]
        handles += [plt.Line2D([], [], color="black", lw=1.3), plt.Line2D([], [], color="black", lw=1.3, ls="--")]
        axes.legend(handles, [*labels, "pitchfork", "Hopf"], loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="output of jobs/unbalanced.yaml")
    parser.add_argument("-o", "--output", default="unbalanced.png", help="picture: .png, .pdf or .svg (default unbalanced.png)")
    arguments = parser.parse_args()
    data = dickemap.open(arguments.file)
    draw(data).savefig(arguments.output, dpi=200)
    print(f"{arguments.output}: {data.sizes['g0']} couplings, {data.sizes['imbalance']} imbalances")


if __name__ == "__main__":
    main()
