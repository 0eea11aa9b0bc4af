// SPDX-License-Identifier: GPL-3.0-or-later
// Boost.odeint, Runge-Kutta-Fehlberg 7(8): argv = tolerance, reference.
#include <array>
#include <boost/numeric/odeint.hpp>

#include "workload.h"

DEFINE_RHS(rhs, double)

namespace odeint = boost::numeric::odeint;
typedef std::array<double, N_STATE> state;

static double tolerance;

static void solve(double *xi) {
  for (int i = 0; i < N_POINTS; i++) {
    state u;
    const double g = coupling_of(i);
    start_of(i, u.data());
    odeint::integrate_adaptive(
        odeint::make_controlled<odeint::runge_kutta_fehlberg78<state>>(1e-2 * tolerance, tolerance),
        [g](const state &a, state &b, double) { rhs(g, a.data(), b.data()); }, u, 0.0, T_END, 1e-2);
    overlaps_of(u.data(), xi + i * N_MODES);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 1;
  tolerance = atof(argv[1]);
  return report(argv[2], solve);
}
