# SPDX-License-Identifier: GPL-3.0-or-later
"""What all pictures have in common: type, colours, hatches, and how a figure begins and ends.

Colours are told apart by colour-blind readers too: those of verdicts are Okabe's and Ito's, those of patterns go from dark to
light, scales of numbers are viridis, and what has a sign goes through white at zero."""

from __future__ import annotations

import contextlib

import matplotlib
import matplotlib.axes
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patheffects
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from .. import arguments
from ..errors import Error

STYLE = {
    "font.size": 9,
    "axes.labelsize": 11,
    "axes.linewidth": 0.7,
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
}
MORE_STYLE = {"axes.titlesize": 9, "hatch.linewidth": 0.6, "legend.frameon": False, "legend.fontsize": 8.5, "pdf.fonttype": 42}

COLOURS = ("#1b3a6b", "#2f7fb8", "#3aa57e", "#e08a1e")  # of patterns: dark to light; distinct in grey and to every eye
MORE_COLOURS = (*COLOURS, "#cc79a7", "#8c510a", "#f0e442", "#7f7f7f")
VERDICTS = {"fixed_point": "#0072b2", "dark_precession": "#56b4e9", "relaxing": "#009e73", "limit_cycle": "#f0e442",
            "quasiperiodic": "#e69f00", "irregular": "#d55e00", "heteroclinic": "#cc79a7"}
NO_PATTERN, SADDLE = "#d9d9d9", "#8f8f8f"
SEQUENCE = "viridis"
SIGNED = LinearSegmentedColormap.from_list("signed", ["#8a4b08", COLOURS[3], "white", COLOURS[1], COLOURS[0]])

# Cells without a result, none of them in a colour of a scale: (hatch, ink, paper).  A line across says that it is most starts of a cell.
HATCHES = {"undecided": ("////", "0.35", "white"), "end not known": ("\\\\\\\\", "0.35", "white"),
           "most starts undecided": ("/-/-", "0.35", "white"), "search not complete": ("||||", "0.35", "white"),
           "failed": ("xxxx", "0.15", "white"), "most starts failed": ("x-x-", "0.15", "white"),
           "not computed": ("....", "0.55", "white"), "most starts not computed": (".-.-", "0.55", "white"),
           "does not apply": ("", "0.90", "0.90"), "above all values": ("..", "#c9a36b", "#fdf3e3")}

HALO = [patheffects.withStroke(linewidth=2.6, foreground="white")]  # of lines over any colours


def pattern_colours(n_patterns: int) -> list[tuple[float, float, float]]:
    """One colour a pattern, the same in every picture as long as there are at most eight."""
    if n_patterns <= len(MORE_COLOURS):
        return [to_rgb(colour) for colour in MORE_COLOURS[:n_patterns]]
    return [matplotlib.colormaps["nipy_spectral"](i)[:3] for i in np.linspace(0.05, 0.93, n_patterns)]


def paler(colour, part: float = 0.55) -> tuple[float, float, float]:
    """Of a pattern upside down."""
    return tuple((1 - part) * np.array(to_rgb(colour)) + part)


def sequence_colours(n: int) -> list[tuple[float, float, float]]:
    """Of the values of an axis, dark to light."""
    if n <= len(COLOURS):
        return [to_rgb(colour) for colour in COLOURS[:n]]
    return [matplotlib.colormaps[SEQUENCE](i)[:3] for i in np.linspace(0.0, 0.88, n)]


@contextlib.contextmanager
def styled():
    """The type of these pictures, for as long as one is drawn."""
    with plt.rc_context({**STYLE, **MORE_STYLE}):
        yield


def axes_of(ax):
    """What a caller draws on."""
    if not isinstance(ax, matplotlib.axes.Axes):
        raise Error(f"ax must be an Axes of matplotlib, but is {arguments.shown(ax)}")
    return ax


def panels(n: int, width: float, height: float, ax=None, most: int = 4, **how):
    """A figure of n panels of that size in inches, or the Axes of the caller: (figure, [Axes])."""
    if ax is not None:
        return axes_of(ax).figure, [ax]
    columns = min(n, most if n not in (5, 6, 9) else 3)
    rows = -(-n // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(1.1 + width * columns, 0.5 + height * rows), layout="constrained",
                                squeeze=False, **how)
    for axes in grid.flat[n:]:
        axes.set_visible(False)
    return figure, list(grid.flat[:n])


def finished(figure, ax):
    """What a function returns: the caller's Axes, or the figure, laid out while its type is in force."""
    if ax is not None:
        return ax
    figure.draw_without_rendering()
    return figure
