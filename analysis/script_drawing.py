# SPDX-License-Identifier: GPL-3.0-or-later
"""What every script that draws imports first: the packages that it needs (script_packages.py), matplotlib among them, without a window;
and its options and its picture."""

import argparse
import os
import pathlib

import script_packages

script_packages.load("dickemap.figures")

import matplotlib  # noqa: E402

matplotlib.use("Agg")

import dickemap  # noqa: E402

SUFFIXES = (".png", ".pdf", ".svg", ".eps")


def options(doc, output, file=None):
    """A parser of a script: `file`, of which that is said (None: the script adds its own), and where the picture goes."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if file:
        parser.add_argument("file", type=pathlib.Path, help=file)
    parser.add_argument("-o", "--output", type=pathlib.Path, default=output, help=f"picture: .png, .pdf, .svg or .eps (default {output})")
    parser.add_argument("--dpi", type=int, default=200)
    return parser


def checked(output):
    """The path of a picture; Error, before anything is computed, if none can be written there."""
    output = pathlib.Path(output)
    if output.suffix.lower() not in SUFFIXES:
        raise dickemap.Error(f"{output}: a picture's name ends with {', '.join(SUFFIXES)}")
    if not os.access(output.resolve().parent, os.W_OK):
        raise dickemap.Error(f"{output}: the folder does not exist or cannot be written")
    return output


def given(parser):
    """The options that were given."""
    a = parser.parse_args()
    a.output = checked(a.output)
    return a
