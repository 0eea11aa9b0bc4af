/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_check: what a computation of finitely many spins is asked, made complete. */
#ifndef DICKEMAP_FINITE_CHECK_H
#define DICKEMAP_FINITE_CHECK_H
#include "dickemap/finite.h"

/* Defaults in place of zeros. */
dkm_finite_how dkm_finite_how_complete(const dkm_finite_how *how);

static inline bool finite_model_has_losses(const dkm_finite_model *model) {
  return model->gamma_down > 0.0 || model->gamma_up > 0.0 || model->gamma_phi > 0.0;
}

/* m_k(0): of length 1 if it is that but for rounding, otherwise as it is. */
void dkm_finite_spin(const dkm_finite_model *model, int k, double *m);

#endif
