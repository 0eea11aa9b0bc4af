# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong, in the words of the program."""


class Error(ValueError):
    """A job, a file or an argument that is wrong, or a computation that failed; the text is the program's."""
