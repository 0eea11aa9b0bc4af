# SPDX-License-Identifier: GPL-3.0-or-later
"""The letters of jobs/letters are patterns that a memory can tell apart: half ink, and nearly orthogonal."""

import itertools
import pathlib

import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "letters"
FILES = sorted(FOLDER.glob("*.pbm"))


def read(path):
    """Couplings of a letter, +1 for ink, and its comment."""
    magic, comment, size, *rows = path.read_text().splitlines()
    assert (magic, comment[:2], size) == ("P1", "# ", "16 16")
    pixels = np.array([[int(digit) for digit in row] for row in rows])
    assert pixels.shape == (16, 16) and set(pixels.flat) == {0, 1}
    return 2 * pixels - 1, comment[2:]


def test_there_are_four_letters_or_more():
    assert len(FILES) >= 4


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_letter_is_named_and_has_about_half_ink(path):
    letter, comment = read(path)
    assert comment == path.stem.upper() and len(comment) == 1
    assert 112 <= np.count_nonzero(letter == 1) <= 144


@pytest.mark.parametrize("a, b", itertools.combinations(FILES, 2), ids=lambda path: path.stem)
def test_two_letters_are_nearly_orthogonal(a, b):
    """Whatever the signs of the two are."""
    assert abs(np.mean(read(a)[0] * read(b)[0])) < 0.25
