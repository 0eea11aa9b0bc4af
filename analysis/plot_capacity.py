#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws how many patterns a memory keeps, from the files of jobs/capacity.sh: the share of patterns that are stable states (overlap
above 0.9 where the landscape leads to from the pattern), that of trajectories that stay, and beside it a Hopfield network of the
same patterns, spin by spin and without self-coupling; and how many stable states were found."""

import script_drawing  # (first: says which package is missing)
import script_file

import matplotlib.pyplot as plt
import numpy as np

import dickemap
from dickemap import models, reading
from dickemap.figures import COLOURS, STYLE, labels, style
from dickemap.reading import of_job

KEPT = 0.9  # overlap of a pattern that is kept


def hopfield(n_spins, n_patterns, n_networks, seed=1):
    """Of so many networks, how many of all patterns are kept: (kept, all). Spins are updated one by one until all agree with
    their fields sum_j J_ij S_j, J = sum_mu xi_i xi_j / N, J_ii = 0."""
    rng = np.random.default_rng(seed)
    kept = 0
    for _ in range(n_networks):
        xi = rng.choice([-1.0, 1.0], (n_patterns, n_spins))
        J = xi.T @ xi / n_spins
        np.fill_diagonal(J, 0)
        for pattern in xi:
            S = pattern.copy()
            while True:
                before = S.copy()
                for i in range(n_spins):
                    field = J[i] @ S
                    S[i] = np.sign(field) if field else S[i]
                if (S == before).all():
                    break
            kept += S @ pattern / n_spins > KEPT
    return kept, n_networks * n_patterns


def n_spins(data):
    return int(of_job(data, "model.spins"))


class Curve:
    """Shares of patterns against M/N."""

    def __init__(self, label, **style):
        self.label, self.style, self.points = label, style, []

    def add(self, load, k, n):
        if n:
            self.points.append((load, k / n, *dickemap.wilson(k, n)))

    def draw(self, axes):
        if not self.points:
            return
        load, share, low, high = np.array(sorted(self.points)).T
        axes.errorbar(load, share, [share - low, high - share], label=self.label, capsize=2, lw=1, **self.style)


def colours_of(states):
    """{g0: colour} of all couplings of the files."""
    couplings = sorted({float(g0) for data in states for g0 in data.g0.values})
    free = [colour for colour in style.pattern_colours(len(couplings) + 1) if colour != style.to_rgb(COLOURS[2])]
    return dict(zip(couplings, free if len(free) >= len(couplings) else style.pattern_colours(len(couplings))))


def of_trajectories(recalls):
    """What the curve of the trajectories is called: with the losses of single spins of their jobs."""
    rates = {(name, models.number(data, f"model.{name}")): data for data in recalls for name in ("gamma_down", "gamma_up", "gamma_phi")}
    losses = {rate: labels.item(data, *rate) for rate, data in rates.items() if rate[1] > 0}
    return ", ".join(["trajectories", *losses.values()])


def shares(states, recalls):
    """The curves: states of each coupling, trajectories, and Hopfield networks of the same sizes."""
    curves = {}
    network = Curve("Hopfield network", color="0.6", marker="s", ms=3, ls="--")
    recall = Curve(of_trajectories(recalls), color=COLOURS[2], marker="^", ms=4)
    for data in states:
        load = data.sizes["mode"] / n_spins(data)
        network.add(load, *hopfield(n_spins(data), data.sizes["mode"], data.sizes["pattern_seed"]))
        for g0 in data.g0.values:
            if g0 not in curves:
                curves[g0] = Curve(f"states, {labels.item(data, 'g0', float(g0))}", color=colours_of(states)[float(g0)], marker="o", ms=4)
            xi = data.pattern_xi.sel(g0=g0).values.ravel()
            curves[g0].add(load, int((xi > KEPT).sum()), int(np.isfinite(xi).sum()))
    for data in recalls:
        decided = (data.status == 1) & ~dickemap.is_verdict(data, "undecided", "failed")
        kept = data.retrieved.where(decided) == int(of_job(data, "initial.pattern"))
        recall.add(data.sizes["mode"] / n_spins(data), int(kept.sum()), int(decided.sum()))
    return [*curves.values(), recall, network]


def draw_numbers(axes, states):
    for g0, colour in colours_of(states).items():
        there = [data.sel(g0=g0) for data in states if g0 in data.g0.values]
        loads = np.array([data.sizes["mode"] / n_spins(data) for data in there])
        mean = [float(data.n_stable.where(dickemap.done(data)).mean()) for data in there]
        whole = [bool(dickemap.is_flag(data, "complete", "yes").all()) for data in there]
        axes.plot(loads, np.where(whole, mean, np.nan), color=colour, lw=1)
        for load, n, is_whole in zip(loads, mean, whole):
            axes.plot(load, n, marker="o" if is_whole else "^", ms=4, color=colour, mfc=colour if is_whole else "white")
    loads = [data.sizes["mode"] / n_spins(data) for data in states]
    axes.plot(loads, [2 * data.sizes["mode"] for data in states], color="0.6", lw=1, ls=":", label="patterns, both signs")
    axes.plot([], [], marker="^", ms=4, mfc="white", color="black", ls="", label="at least: search not complete")
    axes.set(xlabel="patterns per spin, $M/N$", ylabel="stable states", yscale="log")
    axes.legend(frameon=False, fontsize=7)


def draw(states, recalls):
    states = sorted(states, key=lambda data: data.sizes["mode"] / n_spins(data))
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.9), layout="constrained")
        for curve in shares(states, recalls):
            curve.draw(left)
        left.set(xlabel="patterns per spin, $M/N$", ylabel="share of patterns that are kept", ylim=(-0.03, 1.05))
        left.legend(frameon=False, fontsize=7, loc="lower left")
        draw_numbers(right, states)
    return figure


@script_file.in_one_line
def main():
    parser = script_drawing.options(__doc__, "capacity.png")
    parser.add_argument("files", nargs="+", help="outputs of jobs/capacity.yaml and jobs/recall.yaml")
    a = script_drawing.given(parser)
    states, recalls = [], []
    for path in a.files:
        is_states = "pattern_xi" in reading.names(path)
        like = (("jobs/capacity.yaml", ("pattern_seed", "g0"), ("pattern_xi", "n_stable", "complete")) if is_states
                else ("jobs/recall.yaml", ("pattern_seed",), ("verdict", "retrieved")))
        data = script_file.opened(path, *like, lacking=lambda data: "" if of_job(data, "model.spins") else "its patterns are not random")
        (states if is_states else recalls).append(data)
    if not states:
        raise dickemap.Error(f"{', '.join(a.files)}: trajectories, without an output of jobs/capacity.yaml")
    draw(states, recalls).savefig(a.output, dpi=a.dpi)
    print(f"{a.output}: {len(states)} numbers of patterns up to {max(d.sizes['mode'] for d in states)}, "
          f"{len(recalls)} of them with trajectories")


if __name__ == "__main__":
    main()
