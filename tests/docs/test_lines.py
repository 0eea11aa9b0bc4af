# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that can be read beside other files: 120 characters are the rule, 140 the bound."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = (".c", ".h", ".py", ".cmake")
BOUND = 140


def sources():
    """Every source of C, Python and CMake but those below folders that a build has made."""
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if not name.startswith((".", "build")) and name not in ("out", "__pycache__")]
        yield from (pathlib.Path(folder, name) for name in names if name.endswith(KINDS) or name == "CMakeLists.txt")


def test_no_line_is_too_long():
    found = {path.relative_to(ROOT): path.read_text().splitlines() for path in sources()}
    assert {found_in.parts[0] for found_in in found} >= {"CMakeLists.txt", "analysis", "include", "src", "tests"}
    assert [f"{path}:{i}: {len(line)}" for path, lines in sorted(found.items())
            for i, line in enumerate(lines, 1) if len(line) > BOUND] == []
