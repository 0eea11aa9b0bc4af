# SPDX-License-Identifier: GPL-3.0-or-later
"""Phase diagrams of open multimode Dicke models, from Python.

    import dickemap
    data = dickemap.open("out/fig3.h5")          # what the program has written: an xarray.Dataset with named axes
    data.xi.sel(pattern=4, mode=4).plot()
    dickemap.verdict_counts(data)                # {'fixed_point': 800}

Names of dimensions and fields are those of the file (analysis/FILES.md, "The file").  Frequencies, rates and 1/time are in the job's
unit of frequency.

    reading     files, and which of their points are done
    verdicts    flags by name, what a trajectory ends in
    theory      closed forms
    models      what a file says of its model, and whether closed forms hold
    counting    how often starts end in what, and where something changes
    evaluating  points in this process, through the core
    running     the program among processes
    library     the core as a library, include/dickemap/session.h
    jobs        jobs as Python has them
    progress    the bar
    arguments   what functions are given, checked
    errors      dickemap.Error
    figures     pictures of all of these (matplotlib): from dickemap import figures
"""

from . import requirements  # noqa: F401  (first: says which package is too old)
from .counting import NO_OUTCOME, boundary, mean, outcome, probability, wilson
from .errors import Error
from .evaluating import evaluate, point, trajectory
from .reading import DONE, POINT_FAILED, TODO, alpha, done, open  # noqa: A004
from .running import Plan, plan, run
from .theory import alpha_theory, g_crit, g_retrieve, occupation_theory, x_theory, xi_theory
from .verdicts import (MIXTURE, flag_names, is_at_rest, is_flag, is_how, is_verdict, select, verdict_counts, xi_end)

__version__ = "0.2.0"
__all__ = ["alpha", "alpha_theory", "boundary", "done", "DONE", "Error", "evaluate", "flag_names", "g_crit",
           "g_retrieve", "is_at_rest", "is_flag", "is_how", "is_verdict", "mean", "MIXTURE", "NO_OUTCOME", "occupation_theory",
           "open", "outcome", "Plan", "plan", "point", "POINT_FAILED", "probability", "run", "select", "TODO",
           "trajectory", "verdict_counts", "wilson", "x_theory", "xi_end", "xi_theory"]
