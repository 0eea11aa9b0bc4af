# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of what the program has written (matplotlib).

    from dickemap import figures
    figures.picture("phase_diagram.h5").savefig("phase_diagram.pdf")       # whatever the file is
    figures.map(data, "g0", "kappa_mu", "verdict", panels="pattern")
    figures.cut(data.sel(kappa_mu=1.0, method="nearest"), "g0", "xi", ax=axes)

Each function takes a Dataset (of dickemap.open, evaluate or run, or a part of one) or the path of a file, and returns the figure; with
`ax` it draws on that Axes and returns it.  analysis/plot.py is the same from the command line.

    cut         a field along an axis, with theory                         cuts.py
    map         a field over two axes, small multiples over a third        maps.py
    basins      how often starts end in what                               basins.py
    states      all stationary states along an axis                        states.py
    trajectory  a point through time, with L                               courses.py
    spectrum    the frequencies of its motion                              courses.py
    letters     damaged images and what becomes of them                    letters.py
    exactness   finitely many spins beside the mean field, over time       exactness.py
    picture     one of these, whatever goes with the file                  here

What counts as a result is in cells.py, which lines of theory mean something in lines.py, symbols and units in labels.py, axes and
selections in slices.py, colours and hatches in style.py."""

from __future__ import annotations

from .. import requirements

requirements.need("matplotlib")

from . import slices  # noqa: E402
from .basins import basins  # noqa: E402
from .courses import amplitudes, spectrum, trajectory, window  # noqa: E402
from .cuts import cut  # noqa: E402
from .exactness import exactness  # noqa: E402
from .letters import letters  # noqa: E402
from .maps import default_field, is_map, map  # noqa: A004, E402
from .states import states  # noqa: E402
from .slices import is_records  # noqa: E402
from .style import COLOURS, STYLE, VERDICTS, styled  # noqa: E402

__all__ = ["amplitudes", "basins", "COLOURS", "cut", "exactness", "is_records", "letters", "map", "picture", "spectrum", "states", "STYLE",
           "trajectory", "VERDICTS", "window"]


def picture(data: slices.Data, *, select: slices.Selection | None = None, nearest: bool = False):
    """A first look at any file: a map or a cut of a sweep, the states of `task: states`, the outcomes of starts that are counted, the
    course of a trajectory.

        figures.picture("out/fig3.h5").savefig("fig3.png")
    """
    if not is_records(data):
        return trajectory(data)
    whole = slices.opened(data)
    data, single, _ = slices.selected(whole, select, nearest)  # what is left of axes decides what is drawn
    if "E_N" in data:
        return exactness(whole, select=select, nearest=nearest)
    if "state_xi" in data and len(slices.numeric_axes(data, "n_states")) < 2:
        return states(whole, select=select, nearest=nearest)
    if "count" in data and "outcome" in data.dims:
        axes = [axis for axis in slices.numeric_axes(data, "n_decided") if axis not in single]
        panels = "pattern" if "pattern" in axes and len(axes) > 1 and data.sizes["pattern"] <= 8 else None
        return basins(whole, panels=panels, select=select, nearest=nearest)
    field = default_field(data)
    if not is_map(data, field, single):
        return cut(whole, None, field, select=select, nearest=nearest)
    axes = [axis for axis in slices.numeric_axes(data, field) if axis not in single]
    panels = "pattern" if "pattern" in axes and len(axes) > 2 and data.sizes["pattern"] <= 8 else None
    return map(whole, None, None, field, panels=panels, select=select, nearest=nearest)
