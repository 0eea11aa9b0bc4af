# SPDX-License-Identifier: GPL-3.0-or-later
"""What every script of this folder imports before anything else: it ends with one line where the Python that runs it lacks a package,
or has one that is too old (dickemap/requirements.py)."""

import importlib
import pathlib
import sys


def load(name):
    """Imports a module of dickemap, if there is what it needs."""
    try:
        importlib.import_module(name)
        sys.modules["dickemap"].reading.first_engine()
    except ImportError as error:
        if (error.name or "dickemap").partition(".")[0] == "dickemap":
            raise  # no package is missing
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {error}")


load("dickemap")
