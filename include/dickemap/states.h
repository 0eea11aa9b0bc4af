/* SPDX-License-Identifier: GPL-3.0-or-later */
/* states: the final states of an earlier file, for starts from them.
 *
 * A start takes the state of the point that is nearest to its own: in the parameters that differ between those points, each in
 * units of its range, with the smallest sum of squares; of several the first.  Random patterns must be the same, pattern_seed
 * equal.  They may have fewer classes than K, the most: values of those that are left are NaN.
 *
 * As bytes, which travel with a job: a line of text,
 *   dickemap states 1: n = N, M = M, K = K, parameters = NAME NAME ...
 * and then, as doubles of 64 bits, little endian, for each state the parameters of its point (M numbers of those that each
 * mode has) and its 3K + 2M values.  Parameters that came later than the bytes have their defaults. */
#ifndef DICKEMAP_STATES_H
#define DICKEMAP_STATES_H
#include <stdbool.h>
#include <stddef.h>

#include "dickemap/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_states {
  int64_t n; /* >= 1 */
  int n_modes;
  int64_t n_classes;
  dkm_point *points; /* n */
  double *u;         /* u[i*(3K + 2M) + ...]: finite, but for classes that a state does not have, its last ones */
  bool unit_spins;   /* all spins have length 1 */
} dkm_states;

/* name is for messages. Fails with DKM_INPUT for bytes that are no such states or damaged, DKM_MEMORY; *states is then
 * empty. */
dkm_status dkm_states_parse(const char *name, const void *bytes, size_t n_bytes, dkm_states *states, dkm_error *err);
void dkm_states_free(dkm_states *states);

/* What a job may carry. */
enum { DKM_MAX_STATES_BYTES = 1 << 26 };

/* The bytes of states, to be freed with free(). Fails with DKM_MEMORY, and with DKM_INPUT if they would be too many. */
dkm_status dkm_states_pack(const dkm_states *states, void **bytes, size_t *n_bytes, dkm_error *err);

/* Whether there is any state that a point of this pattern_seed can start from. */
bool dkm_states_have(const dkm_states *states, int64_t pattern_seed);

/* Index of the state whose point is nearest, which there is. */
int64_t dkm_states_nearest(const dkm_states *states, const dkm_point *point);

/* State i, without the classes that it does not have, into u (3 n_classes + 2M values). Returns false if it has another
 * number of them. */
bool dkm_states_take(const dkm_states *states, int64_t i, int64_t n_classes, double *u);

/* The number of classes that a state (3K + 2M values) has: beyond, all are NaN; 0: it is no state. */
int64_t dkm_states_classes(int64_t n_classes, int n_modes, const double *u);

#ifdef __cplusplus
}
#endif

#endif
