/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stationary states of a point, as a table. */
#include "point_states.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Saddles may be a hundred thousand. */
enum { MOST_LINES = 200 };

static void print_kind(const dkm_ground_state *s, char *text, size_t size) {
  const int64_t n_unstable = s->has_spectrum ? s->spectrum.n_unstable : -1;
  if (s->n_inverted > 0)
    snprintf(text, size, n_unstable < 0 ? "%d inverted" : n_unstable ? "%d inverted, %" PRId64 : "%d inverted, stable",
             s->n_inverted, n_unstable);
  else if (s->index > 0)
    snprintf(text, size, "saddle, index %d", s->index);
  else if (s->index < 0 && n_unstable < 0)
    snprintf(text, size, "not known");
  else if (s->index < 0 && n_unstable > 0)
    snprintf(text, size, "unstable, %" PRId64, n_unstable);
  else
    snprintf(text, size, "stable");
}

/* A number in 13 columns; a dash for those that do not exist. */
static void print_number(double value, bool exists) {
  if (exists)
    printf(" %13.6g", value + 0.0); /* no -0 */
  else
    printf(" %13s", "-");
}

static void print_state(const dkm_ground_state *s, bool has_landscape, int n_modes) {
  char kind[32];
  print_kind(s, kind, sizeof kind);
  printf("  %-18s %8" PRId64, kind, s->n_images);
  if (has_landscape) {
    printf(" %17.12g", s->U);
    print_number(s->escape, s->index == 0 && isfinite(s->escape));
  }
  print_number(s->spectrum.growth_rate, s->has_spectrum);
  print_number(s->spectrum.decay_rate, s->has_spectrum && !isnan(s->spectrum.decay_rate));
  for (int mu = 0; mu < n_modes; mu++) printf(" %15.10g", s->xi[mu] + 0.0);
  printf("\n");
}

static const char *completeness(const dkm_ground *ground) {
  if (!ground->complete) return "no; there are more than the search found, or some that are nearly degenerate";
  return ground->has_landscape ? "by all that can be checked (their indices add up, and all minima are joined)"
                               : "by all that can be checked (their signs add up, and more starts found no others)";
}

void dkm_point_states_print(const dkm_ground *ground, int n_modes) {
  printf("\nstationary states with every spin along its field: %" PRId64 ", of them %" PRId64 " stable\n", ground->n_all,
         ground->n_stable);
  if (ground->n_inverted > 0)
    printf("with classes of spins that are turned against their fields: %" PRId64 "\n", ground->n_inverted);
  printf("  complete: %s\n", completeness(ground));
  printf("  %-18s %8s", "state", "images");
  if (ground->has_landscape) printf(" %17s %13s", "U", "escape at");
  printf(" %13s %13s", "growth_rate", "decay_rate");
  for (int mu = 1; mu <= n_modes; mu++) {
    char name[16];
    snprintf(name, sizeof name, "xi_%d", mu);
    printf(" %15s", name);
  }
  printf("\n");
  for (int64_t i = 0; i < ground->n && i < MOST_LINES; i++)
    print_state(&ground->states[i], ground->has_landscape, n_modes);
  if (ground->n > MOST_LINES) printf("  ... and %" PRId64 " lines more\n", ground->n - MOST_LINES);
  printf("  images: states that signs of the overlaps and the order of equal modes make of one\n");
  if (ground->n_inverted > 0) printf("  k inverted, n: k classes are turned against their fields, n directions grow\n");
  if (ground->has_landscape)
    printf("  U: of the landscape; escape at: U of the lowest saddle that leads to another stable state\n");
  else
    printf("  unstable, n: n directions grow; there is no landscape here, and motion may also end in an oscillation\n");
}
