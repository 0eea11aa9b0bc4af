# SPDX-License-Identifier: GPL-3.0-or-later
"""The oldest versions with which the package has been tested; on import, whoever is older or missing is named.
pyproject.toml repeats them."""

import re
import sys

try:
    import numpy
    import xarray
except ModuleNotFoundError as error:
    if error.name not in ("numpy", "xarray"):
        raise
    raise ModuleNotFoundError(
        f"{sys.executable} has no {error.name}: dickemap needs numpy, xarray and h5netcdf, and matplotlib for figures.  Debian's packages "
        "python3-numpy, python3-xarray, python3-h5netcdf, python3-matplotlib (jobs/packages.txt) belong to /usr/bin/python3",
        name=error.name) from None

OLDEST = {numpy: (1, 19, 5), xarray: (0, 16, 1)}


def version_of(module):
    """Its first three numbers."""
    return tuple(int(word) for word in re.findall(r"\d+", module.__version__)[:3])


for module, oldest in OLDEST.items():
    if version_of(module) < oldest:
        raise ImportError(f"{module.__name__} {module.__version__} is too old: {'.'.join(map(str, oldest))} or later is needed")
