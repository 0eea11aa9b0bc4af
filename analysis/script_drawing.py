# SPDX-License-Identifier: GPL-3.0-or-later
"""What every script that draws imports first: the packages that it needs (script_packages.py), matplotlib among them, without a window."""

import script_packages

script_packages.load("dickemap.figures")

import matplotlib  # noqa: E402

matplotlib.use("Agg")
