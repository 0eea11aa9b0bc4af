/* SPDX-License-Identifier: GPL-3.0-or-later */
/* partition: which classes are alike for a state, and which modes.
 *
 * A partition of classes and modes, each with a sign, is equitable if all classes of a group see the same sum of signed
 * couplings to the modes of a group, and the other way round (weighted).  It is found by refinement: groups are split
 * by these sums until nothing changes any more.  (What follows from it: start.h.) */
#ifndef DICKEMAP_PARTITION_H
#define DICKEMAP_PARTITION_H
#include <stdbool.h>

#include "dickemap/model.h"

typedef struct partition {
  const dkm_system *system;
  const dkm_point *point;
  const double *u; /* the state */
  int64_t n_groups;
  int64_t *class_of; /* of each class; owned, as the other tables */
  signed char *sign; /* 0: along x, and no field moves it */
  int64_t n_signed;  /* classes whose sign is not 0 */
  int n_mode_groups;
  int mode_group[DKM_MAX_MODES]; /* -1: a mode that sees nothing */
  double mode_sign[DKM_MAX_MODES];
  double mode_scale[DKM_MAX_MODES]; /* sum_k w_k |G_{mu,k}| */
  double *class_scale;              /* sum_mu |G_{mu,k}| */
  double *signatures;               /* of classes [k*M + group], of modes [mu*K + group] */
  int64_t *order;
} partition;

/* The coarsest equitable partition that does not part what is alike in u (3K + 2M values).  Fails with DKM_MEMORY; *out is
 * then empty.  System, point and u are borrowed. */
dkm_status dkm_partition_find(const dkm_system *system, const dkm_point *point, const double *u, partition *out,
                              dkm_error *err);
/* Tables that were set to NULL belong to somebody else. */
void dkm_partition_free(partition *p);

/* Number of modes in a group. */
int dkm_partition_size(const partition *p, int group);

/* Whether no mode will ever see a spin: modes are empty, and overlaps vanish in y and z. */
bool dkm_partition_drives_nothing(const partition *p);

#endif
