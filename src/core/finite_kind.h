/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_kind: what differs between the methods of finite-N dynamics: a state, its equation, what is read off it. */
#ifndef DICKEMAP_FINITE_KIND_H
#define DICKEMAP_FINITE_KIND_H
#include "finite_kernel.h"

typedef struct finite_kind {
  /* Levels at first of each class and mode; whole[f]: no more can be added. */
  void (*levels)(const dkm_finite_model *model, int *d, bool *whole);
  double (*values)(const finite_space *space);  /* number of doubles of a state; as a double, since it may be too many */
  double (*scratch)(const finite_space *space); /* and of the work space of its equation */
  void (*start)(const finite_space *space, const dkm_finite_model *model, double *state);
  void (*rhs)(const finite_kernel *kernel, const finite_operator *op, const dkm_finite_model *model, const double *state,
              double *out, double *work);
  void (*moments)(const finite_space *space, const double *state, finite_moments *out);
  double (*tail)(const finite_space *space, const double *state, int f, int level);
  void (*move)(const finite_space *from, const double *state, const finite_space *to, double *out);
} finite_kind;

extern const finite_kind dkm_finite_pure, dkm_finite_density, dkm_finite_symmetric;

#endif
