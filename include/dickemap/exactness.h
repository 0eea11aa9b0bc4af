/* SPDX-License-Identifier: GPL-3.0-or-later */
/* exactness: what a job says of its task of that name, which compares finitely many spins with the mean field (finite.h). */
#ifndef DICKEMAP_EXACTNESS_H
#define DICKEMAP_EXACTNESS_H
#include <stdint.h>

#include "dickemap/finite.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the spins, all alike within a class, and the modes, in coherent states, are at time 0. */
typedef enum dkm_exactness_start {
  DKM_EXACTNESS_CUE, /* where a sweep starts: empty modes, or the state that initial.from names */
  DKM_EXACTNESS_REST /* where a sweep ends, if that is a fixed point of the mean field */
} dkm_exactness_start;

typedef struct dkm_exactness {
  double t_end;
  int64_t n_times;
  double *times;            /* t_end * i/(n_times - 1); the job's */
  dkm_exactness_start start;
  dkm_finite_method method; /* DKM_FINITE_AUTO, _MASTER or _TRAJECTORIES */
  dkm_finite_frame frame;
  int64_t n_trajectories;
  double edge;              /* weight of the last two levels of a factor, at most */
  double memory;            /* of a density matrix, in MB: what takes more is done by trajectories */
} dkm_exactness;

/* model.spins_per_class, exactness.points and exactness.trajectories, at most. */
#define DKM_EXACTNESS_MAX_SPINS        1e6
#define DKM_EXACTNESS_MAX_TIMES        1e5
#define DKM_EXACTNESS_MAX_TRAJECTORIES 1e6

#ifdef __cplusplus
}
#endif

#endif
