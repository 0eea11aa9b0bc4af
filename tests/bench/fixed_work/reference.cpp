// SPDX-License-Identifier: GPL-3.0-or-later
// Writes reference.txt: the workload in long double (Boost.odeint, Runge-Kutta-Fehlberg 7(8)),
// with argv[1] as tolerance: at 1e-15 and 1e-16 the overlaps agree to 1e-12.
#include <array>
#include <boost/numeric/odeint.hpp>

#include "workload.h"

typedef long double real;
DEFINE_RHS(rhs, real)

namespace odeint = boost::numeric::odeint;
typedef std::array<real, N_STATE> state;

int main(int argc, char **argv) {
  const real tolerance = argc > 1 ? strtold(argv[1], nullptr) : 1e-15L;
  for (int i = 0; i < N_POINTS; i++) {
    double start[N_STATE];
    state u;
    const real g = coupling_of(i);
    start_of(i, start);
    for (int j = 0; j < N_STATE; j++) u[j] = start[j];
    odeint::integrate_adaptive(
        odeint::make_controlled<odeint::runge_kutta_fehlberg78<state, real>>(tolerance, tolerance),
        [g](const state &a, state &b, real) { rhs(g, a.data(), b.data()); }, u, real(0), real(T_END), real(1e-3));
    for (int mu = 0; mu < N_MODES; mu++) {
      real s = 0;
      for (int k = 0; k < N_CLASSES; k++) s += sign_of(mu, k) * u[2 * N_CLASSES + k];
      printf("%.18Lg%c", s / N_CLASSES, mu == N_MODES - 1 ? '\n' : ' ');
    }
  }
}
