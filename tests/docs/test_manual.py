# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual page names the subcommands and options that the program has."""

import os
import pathlib
import re
import subprocess

import pytest

PAGE = pathlib.Path(__file__).resolve().parents[2] / "src" / "cli" / "dickemap.1"


@pytest.fixture(scope="module")
def sections():
    """{subcommand: its part of the page, as plain text}"""
    text = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=100", PAGE], check=True, text=True, capture_output=True).stdout
    text = re.sub(".\b", "", text)  # overstruck letters
    body = text.split("SUBCOMMANDS\n")[1].split("\n     Every subcommand")[0]
    parts = re.split(r"^     (\w+)\b", body, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def help_of(*words):
    if "DICKEMAP" not in os.environ:
        pytest.skip("DICKEMAP does not name the program to test")
    return subprocess.run([os.environ["DICKEMAP"], *words, "--help"], check=True, text=True, capture_output=True).stdout


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - {"--help"}


def test_the_page_is_clean():
    result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", PAGE], text=True, capture_output=True)
    assert result.returncode == 0, result.stdout


def test_every_subcommand_has_a_section(sections):
    listed = re.findall(r"^  (\w+)  ", help_of(), re.MULTILINE)
    assert listed and set(listed) == set(sections)


@pytest.mark.parametrize("subcommand", ["run", "plan", "point", "info", "show", "verify", "merge", "basins"])
def test_every_option_is_described(sections, subcommand):
    assert options(sections[subcommand]) == options(help_of(subcommand))
