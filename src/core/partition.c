/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups of classes and modes, split until nothing changes any more. */
#define _GNU_SOURCE /* qsort_r */
#include "partition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums of couplings are equal if they differ by this part of the sum of the sizes of their terms. */
static const double rounding = 1e-12;

static bool are_equal(double a, double b, double scale) {
  return fabs(a - b) <= rounding * scale;
}

static void measure_scales(partition *p) {
  for (int64_t k = 0; k < p->system->n_classes; k++)
    for (int mu = 0; mu < p->system->n_modes; mu++) {
      const double size = fabs(dkm_system_coupling(p->system, mu, k));
      p->mode_scale[mu] += dkm_system_weight(p->system, k) * size;
      p->class_scale[k] += size;
    }
}

/* ---- modes ---- */

/* signatures[mu*K + c] = sum_{k in c} w_k sign_k G_{mu,k}, times a sign that makes the first that is not 0 positive; a mode
 * that has none sees nothing, and if it is empty it stays so. */
static void sign_modes(partition *p, bool *sees) {
  const int64_t K = p->system->n_classes;
  const int M = p->system->n_modes;
  for (int mu = 0; mu < M; mu++) {
    double *sums = p->signatures + (int64_t)mu * K;
    int64_t c = 0;
    for (int64_t i = 0; i < p->n_groups; i++) sums[i] = 0.0;
    for (int64_t k = 0; k < K; k++)
      sums[p->class_of[k]] += dkm_system_weight(p->system, k) * p->sign[k] * dkm_system_coupling(p->system, mu, k);
    while (c < p->n_groups && are_equal(sums[c], 0.0, p->mode_scale[mu])) c++;
    p->mode_sign[mu] = c < p->n_groups && sums[c] < 0.0 ? -1.0 : 1.0;
    sees[mu] = c < p->n_groups || p->u[3 * K + mu] != 0.0 || p->u[3 * K + M + mu] != 0.0;
    for (int64_t i = 0; i < p->n_groups; i++) sums[i] *= p->mode_sign[mu];
  }
}

static bool modes_are_alike(const partition *p, const int *before, int mu, int nu) {
  const int64_t K = p->system->n_classes;
  const int M = p->system->n_modes;
  if (before[mu] != before[nu] || p->point->Omega_mu[mu] != p->point->Omega_mu[nu] ||
      p->point->kappa_mu[mu] != p->point->kappa_mu[nu])
    return false;
  for (int64_t i = 3 * K; i <= 3 * K + M; i += M) /* Re beta, Im beta */
    if (p->mode_sign[mu] * p->u[i + mu] != p->mode_sign[nu] * p->u[i + nu]) return false;
  for (int64_t c = 0; c < p->n_groups; c++)
    if (!are_equal(p->signatures[mu * K + c], p->signatures[nu * K + c], fmax(p->mode_scale[mu], p->mode_scale[nu])))
      return false;
  return true;
}

static void group_modes(partition *p) {
  const int M = p->system->n_modes;
  bool sees[DKM_MAX_MODES];
  int before[DKM_MAX_MODES];
  memcpy(before, p->mode_group, sizeof before);
  sign_modes(p, sees);
  p->n_mode_groups = 0;
  for (int mu = 0; mu < M; mu++) {
    int nu = 0;
    p->mode_group[mu] = -1;
    if (!sees[mu]) continue;
    while (nu < mu && !(sees[nu] && modes_are_alike(p, before, mu, nu))) nu++;
    p->mode_group[mu] = nu < mu ? p->mode_group[nu] : p->n_mode_groups++;
  }
}

/* ---- classes ---- */

/* What a class is compared by: its group so far, its start, and signatures[k*M + g] = sign_k sum_{mu in g} sign_mu G_{mu,k};
 * where y = z = 0 the sign is free, and makes the first of these that is not 0 positive.  As long as all of them are 0 no
 * field turns such a class away from x, and it drives no mode. */
static void sign_classes(partition *p) {
  const int64_t K = p->system->n_classes;
  const int M = p->system->n_modes;
  p->n_signed = 0;
  for (int64_t k = 0; k < K; k++) {
    double *sums = p->signatures + k * M;
    const double y = p->u[K + k], z = p->u[2 * K + k];
    int g = 0;
    for (int i = 0; i < p->n_mode_groups; i++) sums[i] = 0.0;
    for (int mu = 0; mu < M; mu++)
      if (p->mode_group[mu] >= 0) sums[p->mode_group[mu]] += p->mode_sign[mu] * dkm_system_coupling(p->system, mu, k);
    while (g < p->n_mode_groups && are_equal(sums[g], 0.0, p->class_scale[k])) g++;
    const double decisive = z != 0.0 ? z : y != 0.0 ? y : g < p->n_mode_groups ? sums[g] : 0.0;
    p->sign[k] = (signed char)((decisive > 0.0) - (decisive < 0.0));
    p->n_signed += p->sign[k] != 0;
    for (int i = 0; i < p->n_mode_groups; i++) sums[i] *= p->sign[k];
  }
}

static int compare_classes(const partition *p, int64_t a, int64_t b) {
  const int64_t K = p->system->n_classes;
  const int M = p->system->n_modes;
  if (p->class_of[a] != p->class_of[b]) return p->class_of[a] < p->class_of[b] ? -1 : 1;
  for (int i = 0; i < 3; i++) {
    const double of_a = (i ? p->sign[a] : 1) * p->u[i * K + a], of_b = (i ? p->sign[b] : 1) * p->u[i * K + b];
    if (of_a != of_b) return of_a < of_b ? -1 : 1;
  }
  for (int g = 0; g < p->n_mode_groups; g++) {
    const double of_a = p->signatures[a * M + g], of_b = p->signatures[b * M + g];
    if (!are_equal(of_a, of_b, fmax(p->class_scale[a], p->class_scale[b]))) return of_a < of_b ? -1 : 1;
  }
  return 0;
}

static int by_likeness(const void *a, const void *b, void *context) {
  const int64_t ka = *(const int64_t *)a, kb = *(const int64_t *)b;
  const int order = compare_classes(context, ka, kb);
  return order ? order : (ka > kb) - (ka < kb);
}

static void group_classes(partition *p) {
  const int64_t K = p->system->n_classes;
  sign_classes(p);
  for (int64_t k = 0; k < K; k++) p->order[k] = k;
  qsort_r(p->order, (size_t)K, sizeof *p->order, by_likeness, p);
  int64_t group = -1, first = 0;
  for (int64_t j = 0; j < K; j++) { /* class_of is what they are compared by: the new one takes the place of order */
    const int64_t k = p->order[j];
    if (j == 0 || compare_classes(p, first, k) != 0) {
      group++;
      first = k;
    }
    p->order[j] = k * (K + 1) + group; /* both: K^2 < 2^63 */
  }
  p->n_groups = group + 1;
  for (int64_t j = 0; j < K; j++) p->class_of[p->order[j] / (K + 1)] = p->order[j] % (K + 1);
}

/* Refines until neither classes nor modes are split any more. */
static void refine(partition *p) {
  int64_t n_groups = 0, n_signed = 0;
  int n_mode_groups = 0, n_seeing = 0, seeing = 0;
  memset(p->class_of, 0, (size_t)p->system->n_classes * sizeof *p->class_of);
  memset(p->mode_group, 0, sizeof p->mode_group);
  p->n_mode_groups = 0;
  group_classes(p); /* by their starts alone */
  do {
    n_groups = p->n_groups;
    n_signed = p->n_signed;
    n_mode_groups = p->n_mode_groups;
    n_seeing = seeing;
    group_modes(p);
    group_classes(p);
    seeing = 0;
    for (int mu = 0; mu < p->system->n_modes; mu++) seeing += p->mode_group[mu] >= 0;
  } while (p->n_groups != n_groups || p->n_signed != n_signed || p->n_mode_groups != n_mode_groups ||
           seeing != n_seeing);
}

dkm_status dkm_partition_find(const dkm_system *system, const dkm_point *point, const double *u, partition *out,
                              dkm_error *err) {
  const size_t K = (size_t)system->n_classes, M = (size_t)system->n_modes;
  *out = (partition){.system = system, .point = point, .u = u};
  out->class_of = malloc(K * sizeof *out->class_of);
  out->sign = malloc(K * sizeof *out->sign);
  out->signatures = malloc(K * M * sizeof *out->signatures);
  out->order = malloc(K * sizeof *out->order);
  out->class_scale = calloc(K, sizeof *out->class_scale);
  if (!out->class_of || !out->sign || !out->signatures || !out->order || !out->class_scale) {
    dkm_partition_free(out);
    return dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  }
  measure_scales(out);
  refine(out);
  return DKM_OK;
}

void dkm_partition_free(partition *p) {
  free(p->class_of);
  free(p->sign);
  free(p->signatures);
  free(p->order);
  free(p->class_scale);
  *p = (partition){0};
}

int dkm_partition_size(const partition *p, int group) {
  int n = 0;
  for (int mu = 0; mu < p->system->n_modes; mu++) n += p->mode_group[mu] == group;
  return n;
}

/* Spins that turn about x together: where their overlaps are 0 now, y and z, they always will be, as no field acts of modes
 * that are empty. */
bool dkm_partition_drives_nothing(const partition *p) {
  const int64_t K = p->system->n_classes;
  for (int i = 0; i < 2 * p->system->n_modes; i++)
    if (p->u[3 * K + i] != 0.0) return false;
  for (int mu = 0; mu < p->system->n_modes; mu++) {
    double y = 0.0, z = 0.0;
    for (int64_t k = 0; k < K; k++) {
      const double wG = dkm_system_weight(p->system, k) * dkm_system_coupling(p->system, mu, k);
      y += wG * p->u[K + k];
      z += wG * p->u[2 * K + k];
    }
    if (!are_equal(y, 0.0, p->mode_scale[mu]) || !are_equal(z, 0.0, p->mode_scale[mu])) return false;
  }
  return true;
}
