/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stationary states of a point, as a table. */
#include "point_states.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Saddles may be a hundred thousand. */
enum { MOST_LINES = 200 };

static void print_kind(int index, char *text, size_t size) {
  if (index == 0)
    snprintf(text, size, "stable");
  else
    snprintf(text, size, "saddle, index %d", index);
}

/* A number in 13 columns; a dash for those that do not exist. */
static void print_number(double value, bool exists) {
  if (exists)
    printf(" %13.6g", value + 0.0); /* no -0 */
  else
    printf(" %13s", "-");
}

static void print_state(const dkm_ground_state *s, int n_modes) {
  char kind[32];
  print_kind(s->index, kind, sizeof kind);
  printf("  %-18s %8" PRId64 " %17.12g", kind, s->n_images, s->U);
  print_number(s->escape, s->index == 0 && isfinite(s->escape));
  print_number(s->spectrum.growth_rate, s->has_spectrum);
  print_number(s->spectrum.decay_rate, s->has_spectrum && !isnan(s->spectrum.decay_rate));
  for (int mu = 0; mu < n_modes; mu++) printf(" %15.10g", s->xi[mu] + 0.0);
  printf("\n");
}

void dkm_point_states_print(const dkm_ground *ground, int n_modes) {
  printf("\nstationary states with every spin along its field: %" PRId64 ", of them %" PRId64 " stable\n", ground->n_all,
         ground->n_minima);
  printf("  complete: %s\n", ground->complete
                                 ? "by all that can be checked (their indices add up, and all minima are joined)"
                                 : "no; there are more than the search found, or some that are nearly degenerate");
  printf("  %-18s %8s %17s %13s %13s %13s", "state", "images", "U", "escape at", "growth_rate", "decay_rate");
  for (int mu = 1; mu <= n_modes; mu++) {
    char name[16];
    snprintf(name, sizeof name, "xi_%d", mu);
    printf(" %15s", name);
  }
  printf("\n");
  for (int64_t i = 0; i < ground->n && i < MOST_LINES; i++) print_state(&ground->states[i], n_modes);
  if (ground->n > MOST_LINES) printf("  ... and %" PRId64 " lines more, higher in U\n", ground->n - MOST_LINES);
  printf("  images: states that signs of the overlaps make of one; U: of the landscape; escape at: U of the lowest saddle that\n"
         "  leads to another stable state\n");
}
