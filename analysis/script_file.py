# SPDX-License-Identifier: GPL-3.0-or-later
"""The door of the scripts that draw or check the output of one job: a file is of a job like it, or is refused in one line."""

import functools
import pathlib
import sys

import script_packages  # noqa: F401  (first: says which package is missing)

import dickemap
from dickemap import reading

# Of fields that a file has not.
WHY = {"verdict": "as its points are no single trajectories", "E_N": "which takes `task: exactness`",
       "state_U": "which takes `task: states`", "pattern_xi": "which takes `task: states`",
       "retrieval_either_sign": "which takes `reduce: seed`"}
PLOT = "plot.py draws any such file"


def in_one_line(main):
    """The main of a script, whose errors end it in one line that begins with its name; exit code 1."""
    script = pathlib.Path(main.__code__.co_filename).name

    @functools.wraps(main)
    def run():
        try:
            return main()
        except (dickemap.Error, OSError) as error:
            sys.exit(f"{script}: {'; '.join(str(error).splitlines())}")

    return run


def foreign(path, like, lack, instead=""):
    """The error of a file that is not of a job like that one."""
    return dickemap.Error(f"{path} is not of a job like {like}: {lack}{instead and '; '}{instead}")


def opened(path, like, axes, fields=("verdict",), n_modes=None, lacking=None, instead=PLOT):
    """The file as dickemap.open gives it, over these axes in this order; axes beyond them that have one value are dropped.

    like: the job that the script is for.  fields: those it needs.  n_modes: how many, if that matters.  lacking: a function that says
    of such a dataset what else it lacks, "" if nothing.  Raises dickemap.Error for another file."""
    names = reading.names(path)
    for field in fields:
        if field not in names:
            raise foreign(path, like, f"it has no {field}" + (f", {WHY[field]}" if field in WHY else ""), instead)
    data = dickemap.open(path)
    others = [axis for axis in data.status.dims if axis not in axes and data.sizes[axis] == 1]
    data = data.isel({axis: 0 for axis in others})
    lack = _lack(data, axes, n_modes) or (lacking(data) if lacking else "")
    if lack:
        raise foreign(path, like, lack, instead)
    return data.transpose(*axes, ...)


def dropped(data):
    """{axis: value} of the axes of one value that `opened` has dropped."""
    return {str(name): c.item() for name, c in data.coords.items() if c.ndim == 0 and c.dtype.kind in "if"
            and name not in ("mode", "point")}


def _lack(data, axes, n_modes):
    missing = [axis for axis in axes if axis not in data.status.dims]
    if missing:
        return f"it has no axis {' and none '.join(missing)}"
    others = [axis for axis in data.status.dims if axis not in axes]
    if others:
        return f"it has also an axis {' and one '.join(others)}"
    if n_modes and data.sizes["mode"] != n_modes:
        return f"it has {data.sizes['mode']} modes, not {n_modes}"
    return "" if dickemap.done(data).any() else "nothing of it is computed yet"
