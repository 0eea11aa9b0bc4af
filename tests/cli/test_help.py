# SPDX-License-Identifier: GPL-3.0-or-later
"""dickemap help, from outside."""

import pytest


@pytest.mark.parametrize("subcommand", ["run", "plan", "point", "info", "show", "verify", "merge", "basins"])
def test_help_is_a_subcommand(dickemap, subcommand):
    told = dickemap("help", subcommand)
    assert (told.returncode, told.stderr) == (0, "") and told.stdout == dickemap(subcommand, "--help").stdout


def test_help_alone_names_the_subcommands(dickemap):
    assert dickemap("help").stdout == dickemap("--help").stdout == dickemap("help", "help").stdout
    assert dickemap("help", "run", ranks=3).stdout == dickemap("run", "--help").stdout


def test_help_of_what_is_none_is_refused(refused):
    assert refused("help", "runn") == 'unknown subcommand "runn"; did you mean run? see `dickemap --help`'
    assert refused("help", "run", "plan") == "help: expected one subcommand, got 2 arguments; see `dickemap --help`"
