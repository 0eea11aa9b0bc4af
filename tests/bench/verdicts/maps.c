/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two maps of exact starts against Eq. 12. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "trial.h"

static bool report(const char *title, trial *trials, int64_t n, const dkm_solver *solver, double cpu_cap) {
  int64_t n_wrong = 0, n_open = 0, steps = 0, most = 0;
  double largest = 0.0;
  const double begin = cpu_seconds();
  run_trials(trials, n, solver, cpu_cap);
  const double seconds = cpu_seconds() - begin;
  for (int64_t i = 0; i < n; i++) {
    trial *t = &trials[i];
    check_cheaply(t);
    const bool open = t->given_up || t->record.verdict != DKM_VERDICT_FIXED_POINT;
    n_open += open;
    n_wrong += t->finding == WRONG;
    steps += t->record.steps;
    if (t->record.steps > most) most = t->record.steps;
    const int cue = t->point.pattern - 1;
    if (!open) largest = fmax(largest, fabs(fabs(t->record.xi[cue]) - closed_form(&t->point, cue)));
    if ((open || t->finding == WRONG) && n_open + n_wrong <= 5) {
      printf("  %s %s: ", t->given_up ? "given up" : dkm_verdict_name(t->record.verdict), t->complaint);
      sample_print(&t->point, t->M);
      printf("\n");
    }
  }
  printf("%s: %lld points, %lld not a fixed point, %lld wrong, largest |xi| - Eq. 12 %.1e; steps %lld, most %lld; %.2f s of CPU\n",
         title, (long long)n, (long long)n_open, (long long)n_wrong, largest, (long long)steps, (long long)most, seconds);
  return n_wrong == 0 && n_open == 0;
}

bool map_cavity(const dkm_solver *solver, double cpu_cap) {
  enum { N = 60 };
  trial *trials = calloc(N * N, sizeof *trials);
  if (!trials) exit(2);
  for (int i = 0; i < N * N; i++) {
    trials[i] = (trial){.kind = EXACT, .index = i, .M = 1};
    trials[i].point = (dkm_point){.g0 = 0.02 + 1.98 * (i % N) / (N - 1), .Omega = 0.025, .pattern = 1, .overlap = 1.0};
    trials[i].point.Omega_mu[0] = -40.0 + 80.0 * (i / N) / (N - 1);
    trials[i].point.kappa_mu[0] = 16.2;
  }
  const bool fine = report("cavity", trials, N * N, solver, cpu_cap);
  free(trials);
  return fine;
}

bool map_fig3_strong(const dkm_solver *solver, double cpu_cap) {
  enum { N = 1400, M = 4 };
  trial *trials = calloc(N * M, sizeof *trials);
  if (!trials) exit(2);
  for (int i = 0; i < N * M; i++) {
    trials[i] = (trial){.kind = EXACT, .index = i, .M = M};
    trials[i].point = (dkm_point){.g0 = 0.01 * (i % N + 1), .Omega = 0.5, .pattern = 1 + i / N, .overlap = 1.0};
    for (int mu = 0; mu < M; mu++) {
      trials[i].point.Omega_mu[mu] = 0.5 * (mu + 3);
      trials[i].point.kappa_mu[mu] = 1.0;
    }
  }
  const bool fine = report("Fig. 3 to strong coupling", trials, N * M, solver, cpu_cap);
  free(trials);
  return fine;
}
