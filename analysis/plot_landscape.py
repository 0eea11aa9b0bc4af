#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws which stationary states there are along g0, from the output of jobs/landscape.yaml: the landscape U of each, below
that of the normal state; how many are stable and how many are saddles; and how fast the slowest direction of the stable ones
decays."""

import argparse

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

import dickemap  # noqa: E402
from plot_fig3 import COLOURS, STYLE  # noqa: E402


def leading(data):
    """The pattern of the largest overlap of each state, from 1; 0 where there is none."""
    xi = abs(data.state_xi.values)
    known = np.nan_to_num(xi.max(-1)) > 1e-9
    return np.where(known, np.argmax(np.nan_to_num(xi), -1) + 1, 0)


def draw_energies(axes, data, nu):
    """U of each state over that at xi = 0, -|Omega|/2."""
    g0 = np.broadcast_to(data.g0.values[:, None], data.state_U.shape)
    deep = data.state_U.values - np.nanmax(data.state_U.values, axis=1, keepdims=True)
    index = data.state_index.values
    for i in sorted(set(index[index > 0])):
        at = index == i
        axes.plot(g0[at], deep[at], ".", ms=2 if i == 1 else 1.2, color="0.25" if i == 1 else "0.72", zorder=1 - 0.1 * i,
                  label={1: "saddles of index 1", 2: "of higher index"}.get(i))
    normal = (index == 0) & (nu == 0)
    axes.plot(g0[normal], deep[normal], ".", ms=4, color="black", zorder=2, label=r"$\xi = 0$, stable")
    for mode in range(1, data.sizes["mode"] + 1):
        at = (index == 0) & (nu == mode)
        axes.plot(g0[at], deep[at], ".", ms=4, color=COLOURS[mode - 1], zorder=2, label=f"pattern {mode}, stable")
    axes.set(xlabel="$g_0$", ylabel=r"$U - U(\xi = 0)$")
    axes.legend(frameon=False, fontsize=7)


def draw_numbers(axes, data):
    saddles = (data.n_states - data.n_stable).values
    axes.step(data.g0, data.n_stable, where="mid", color=COLOURS[0], label="stable")
    axes.step(data.g0, np.where(saddles > 0, saddles, np.nan), where="mid", color="0.5", label="saddles")
    incomplete = ~dickemap.is_flag(data, "complete", "yes")
    for g0 in data.g0.values[incomplete.values]:
        axes.axvline(g0, color="0.9", lw=2, zorder=0)
    axes.set(xlabel="$g_0$", ylabel="states", yscale="log")
    axes.legend(frameon=False, fontsize=7)


def draw_rates(axes, data, nu):
    g0 = np.broadcast_to(data.g0.values[:, None], data.state_U.shape)
    for mode in range(1, data.sizes["mode"] + 1):
        at = (data.state_index.values == 0) & (nu == mode)
        axes.plot(g0[at], data.state_decay_rate.values[at], ".", ms=4, color=COLOURS[mode - 1])
    axes.set(xlabel="$g_0$", ylabel="slowest decay rate", ylim=(0, None))


def without_inverted(data):
    """Leaves out states with classes turned against their fields."""
    if "state_n_inverted" not in data:
        return data
    return data.assign({name: data[name].where(~(data.state_n_inverted > 0)) for name in ("state_U", "state_index", "state_xi")})


def draw(data):
    nu = leading(data)
    with plt.rc_context(STYLE):
        figure, panels = plt.subplot_mosaic([["U", "n"], ["U", "rate"]], figsize=(7.2, 3.8), layout="constrained",
                                            gridspec_kw={"width_ratios": [1.3, 1]})
        draw_energies(panels["U"], data, nu)
        draw_numbers(panels["n"], data)
        draw_rates(panels["rate"], data, nu)
        panels["n"].set_xlabel("")
        for axes in panels.values():
            axes.set_xlim(data.g0.values[0], data.g0.values[-1])
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="output of jobs/landscape.yaml")
    parser.add_argument("-o", "--output", default="landscape.png", help="picture: .png, .pdf or .svg (default landscape.png)")
    a = parser.parse_args()
    data = dickemap.open(a.file)
    if "state_U" not in data or data.state_U.dims != ("g0", "state"):
        parser.error(f"{a.file}: not the output of a job with `task: states` and the one axis g0")
    data = without_inverted(data)
    draw(data).savefig(a.output, dpi=200)
    complete = int(dickemap.is_flag(data, "complete", "yes").sum())
    print(f"{a.output}: {data.sizes['g0']} values of g0, at most {int(data.n_states.max())} states of which "
          f"{int(data.n_stable.max())} are stable, complete at {complete}")


if __name__ == "__main__":
    main()
