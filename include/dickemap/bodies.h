/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bodies: spins with equal couplings turn together, whatever their directions are.
 *
 * They feel the same field, m_k' = B_k x m_k, so that the angles between them are constants of motion: they are one rigid
 * body (those with opposite couplings as well, seen as (x, -y, -z)).  Modes know a body by the mean m = sum_k w_k m_k/sum_k w_k
 * of its spins alone, and that is one spin of length |m| <= 1 which obeys the same equation.  So a system of one class
 * for each body has the same order parameters for ever, and it is the one to ask about them: its landscape has the
 * true barriers, where that of the single spins, which could never align with each other, lies too deep.
 *
 * Of the single spins it does not know how far each body has turned about m.  They are integrated as they are; a body comes to
 * rest where all its spins are parallel or antiparallel to m, and otherwise (also where there is no m) they precess in a way
 * that no mode sees.
 *
 * Spins that lose energy (Gamma_1 > 0 in model.h) forget how they differ: the equation of m is the same, but there is no angle
 * that stays, and in the end each spin is like the mean of its body. */
#ifndef DICKEMAP_BODIES_H
#define DICKEMAP_BODIES_H
#include <stdbool.h>

#include "dickemap/system.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_bodies {
  int64_t n_bodies;     /* 0: every class is a body of its own, and nothing else is filled */
  int64_t n_classes;    /* K */
  dkm_system system;    /* one class for each body; a view of ... */
  dkm_couplings tables; /* owned, as all that follows */
  int64_t *body_of;     /* of each class, K values */
  signed char *sign;    /* its couplings are +1 or -1 times those of the body, K values */
  double *part;         /* w_k over the weight of its body, K values */
  double *share;        /* m_k.m/|m|^2, constants of motion, K values; 0 where m = 0 */
  double *lengths;      /* |m|, n_bodies values */
  bool forgets;         /* none of these three is a constant: in the end every share is 1 and nothing is across */
  double across;        /* the largest part of an m_k across m, another constant */
} dkm_bodies;

/* Whether a system may have any: columns of gauged patterns all differ. */
static inline bool dkm_bodies_may_be(const dkm_system *system) {
  return !dkm_system_has_patterns(system) || system->mapping == DKM_UNGAUGED;
}

/* The bodies of a system in a state (3K + 2M values) of it.  Couplings count as equal if not a bit differs; classes of ungauged
 * patterns turn in pairs of opposite columns, and the pairs are gauged patterns.
 * Fails with DKM_MEMORY; *out is then empty. */
dkm_status dkm_bodies_create(const dkm_system *system, const double *u, dkm_bodies *out, dkm_error *err);
void dkm_bodies_free(dkm_bodies *bodies);

/* They are of spins that lose energy. Nothing to do where there are no bodies. */
void dkm_bodies_forget(dkm_bodies *bodies);

/* The means of the spins in u (3K + 2M values), with the modes: into means (3 n_bodies + 2M values). */
void dkm_bodies_means(const dkm_bodies *bodies, const double *u, double *means);

/* A state of all classes (3K + 2M values) with these means, in which every spin lies along that of its body, m_k = share m:
 * what spins are on average over their precession about it.  All sums over classes are those of the means. */
void dkm_bodies_spread(const dkm_bodies *bodies, const double *means, double *u);

/* Turns the bodies of u by the shortest way until they have these means, of the same lengths; those without a mean stay
 * as they are.  Not of bodies that forget.  Modes become those of means.  Fails with DKM_MEMORY; u is then as it was. */
dkm_status dkm_bodies_turn(const dkm_bodies *bodies, const double *means, double *u, dkm_error *err);

#ifdef __cplusplus
}
#endif

#endif
