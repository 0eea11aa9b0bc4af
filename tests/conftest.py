# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of several folders share is in machine.py."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
