#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""SciPy's DOP853 with a NumPy right-hand side, on every 32nd point: argv = tolerance, reference."""
import sys
import time

import numpy as np
from scipy.integrate import solve_ivp

M, K, OMEGA, KAPPA = 4, 8, 0.5, 1.0
SIGNS = np.array([[-1.0 if (k >> (M - 1 - mu)) & 1 else 1.0 for k in range(K)] for mu in range(M)])
OMEGA_MU = OMEGA * (np.arange(M) + 3)


def rhs(t, u, g):
    x, y, z, re, im = u[:8], u[8:16], u[16:24], u[24:28], u[28:]
    h = 4 * g * (re @ SIGNS)
    return np.concatenate([-h * y, h * x - 2 * OMEGA * z, 2 * OMEGA * y, OMEGA_MU * im - KAPPA / 2 * re,
                           -OMEGA_MU * re - KAPPA / 2 * im - g * (SIGNS @ z)])


def main():
    tolerance, reference = float(sys.argv[1]), np.loadtxt(sys.argv[2])
    points = range(5, 256, 32)
    begin, errors = time.process_time(), []
    for i in points:
        u = np.zeros(32)
        u[:8], u[16:24] = -np.sqrt(1 - 0.9**2), 0.9 * SIGNS[i // 64]
        g = (0.5 + 1.5 * (i % 64) / 63) / np.sqrt(8)
        end = solve_ivp(rhs, (0, 200), u, "DOP853", t_eval=[200], rtol=tolerance, atol=1e-2 * tolerance, args=(g,)).y[:, -1]
        errors.append(np.abs(SIGNS @ end[16:24] / K - reference[i]))
    errors = np.array(errors)
    print(f"{1e3 * (time.process_time() - begin) / len(points):.6f} {errors.max():.3e} {np.sqrt((errors**2).mean()):.3e}")


main()
