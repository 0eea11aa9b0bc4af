# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong, in the words of the program."""

import re

LONGEST, LONGEST_VALUE = 300, 60  # characters of a line, and of the value of a setting in it
SETTING = re.compile(r'^(--set [^=\s]+=)(.+?)(?=(?<!"): )')  # a colon after a quote is one of JSON


class Error(ValueError):
    """A job, a file or an argument that is wrong, or a computation that failed; the text is the program's, long values and lists cut
    in the middle."""

    def __init__(self, text: object = ""):
        super().__init__("\n".join(map(_line, str(text).split("\n"))))


def _line(text):
    text = SETTING.sub(lambda found: found[1] + _cut(found[2], LONGEST_VALUE, LONGEST_VALUE // 2), text)
    return _cut(text, LONGEST, 2 * LONGEST // 3)


def _cut(text, longest, head):
    return text if len(text) <= longest else f"{text[:head]} ... {text[len(text) - (longest - head - 5):]}"
