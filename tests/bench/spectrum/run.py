#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectra of 2^(M-1) classes with unequal fields: roots of the secular equation against eigenvalues of the matrix.

    tests/bench/spectrum/run.py BUILD_DIRECTORY [--largest 13] [--dense 10]

BUILD_DIRECTORY holds a release build.  The matrix is solved up to M = --dense (11 takes half a minute, each more eight
times as long).  `aligned` spins, a `cluster` of fields about a pattern state, and components and modes of `any` sign; for each
the fastest of three runs.  `grow` are the directions that grow, `rates` how much the decay rates differ beside them, `apart`
how far the eigenvalues are from the roots beside the largest modulus.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from compiling import compile_program  # noqa: E402
ROOT = HERE.parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--largest", type=int, default=13)
    parser.add_argument("--dense", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "spectrum"
        compile_program(program, [HERE / "spectrum.c"], arguments.build / "libdickemap.a", f"-I{ROOT / 'src/core'}")

        def run(*words):
            said = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=True)
            return [float(word) for word in said.stdout.split()]

        print(f"{'spins':8s} {'M':>2s} {'fields':>6s} {'roots/ms':>9s} {'sweeps':>6s} {'grow':>5s} {'decay rate':>10s} "
              f"{'matrix/ms':>9s} {'ratio':>7s} {'grow':>5s} {'rates':>8s} {'apart':>8s}")
        for what in ("aligned", "cluster", "any"):
            for M in range(6, arguments.largest + 1):
                found = [run(M, what, 1) for _ in range(3)]
                best = min(found, key=lambda numbers: numbers[1])
                fields, seconds, sweeps, grow, rate = best[:5]
                line = f"{what:8s} {M:2d} {fields:6.0f} {1e3 * seconds:9.2f} {sweeps:6.0f} {grow:5.0f} {rate:10.3e}"
                if M <= arguments.dense:
                    dense, dense_grow, dense_rate, apart = run(M, what, 1, "dense")[6:]
                    line += (f" {1e3 * dense:9.1f} {dense / seconds:7.1f} {dense_grow:5.0f}"
                             f" {abs(dense_rate / rate - 1):8.1e} {apart:8.1e}")
                print(line, flush=True)


main()
