# SPDX-License-Identifier: GPL-3.0-or-later
"""The oldest versions with which the package has been tested; on import, whoever is older or missing is named.
pyproject.toml repeats them."""

import importlib.util
import platform
import re
import sys

DEBIAN = "python3-numpy python3-xarray python3-h5netcdf python3-matplotlib"


def need(*names):
    """Raises ModuleNotFoundError, which says what to do, if this Python has not all of these packages."""
    lacking = [name for name in names if importlib.util.find_spec(name) is None]
    if lacking:
        raise ModuleNotFoundError(
            f"{sys.executable} (Python {platform.python_version()}) has no {' and no '.join(lacking)}; Debian has what is needed for "
            f"/usr/bin/python3: apt-get install {DEBIAN} (jobs/packages.txt has all), and run it by that Python", name=lacking[0])


need("numpy", "xarray")

import numpy  # noqa: E402
import xarray  # noqa: E402

OLDEST = {numpy: (1, 19, 5), xarray: (0, 16, 1)}


def version_of(module):
    """Its first three numbers."""
    return tuple(int(word) for word in re.findall(r"\d+", module.__version__)[:3])


for module, oldest in OLDEST.items():
    if version_of(module) < oldest:
        raise ImportError(f"{module.__name__} {module.__version__} is too old: {'.'.join(map(str, oldest))} or later is needed",
                          name=module.__name__)
