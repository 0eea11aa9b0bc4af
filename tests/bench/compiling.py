# SPDX-License-Identifier: GPL-3.0-or-later
"""How benches build their programs against libdickemap.a."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def flags_of(*packages, cflags=False):
    return subprocess.run(["pkg-config", *(["--cflags"] if cflags else []), "--libs", *packages], capture_output=True, text=True,
                          check=True).stdout.split()


def compile_program(program, sources, library, *flags, include=ROOT / "include"):
    """gcc with -O3 unless flags say otherwise.  library: libdickemap.a; include: the headers that belong to it."""
    subprocess.run(["gcc", "-std=gnu11", "-O3", *flags, f"-I{include}", *sources, "-o", program, library,
                    *flags_of("gsl", "libcyaml", "yaml-0.1", "zlib", "libpng"), "-lm"], check=True)
