/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spectra with losses of single spins or unbalanced couplings.
 *
 * Spins with equal fields move alike, and so do those with mirrored ones, seen as (x, -y, -z): they are a group, with G
 * -> -G of those that are mirrored.  All of its spins at rest are c_k m for one m (response.h), and
 *   A_mu = sum_{k in g} w_k G_{mu,k} d_k,   A_mu' = L A_mu + sum_nu C_{mu,nu} (2 eta g0 drive_y dIm beta_nu + 2 g0 drive_z dRe beta_nu),
 *   C_{mu,nu} = sum_{k in g} w_k c_k G_{mu,k} G_{nu,k},   dxi_mu = sum_g read_z.A_mu,
 * closes, d_k being the differences of single spins in two or three coordinates (spin_motion).  In a basis of the range
 * of the group's Gram matrix these are rank_g rows for each coordinate.  What no mode sees moves as a single spin does,
 * by L: it is damped where spins lose something, and precesses undamped where not. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gsl_calls.h"
#include "response.h"
#include "spectrum_parts.h"

/* Matrices of more rows are not tried: half a minute, 20 MB. */
enum { MOST_ROWS = 1600 };

typedef struct open_group {
  double B[3];
  spin_motion motion; /* of a spin with c_k = 1 */
  int64_t n_classes;
  int rank;
  double basis[DKM_MAX_MODES * DKM_MAX_MODES]; /* [mu*M + i], i < rank */
  double drive[DKM_MAX_MODES * DKM_MAX_MODES]; /* [i*M + nu] = sum_mu basis[mu,i] C_mu,nu */
} open_group;

/* ---- groups ---- */

/* A class, by its field turned so that its first part across x that is not 0 is positive. */
typedef struct turned_field {
  double y, z, sign;
  int64_t k, group;
} turned_field;

static int by_z(const void *a, const void *b) {
  const turned_field *fa = a, *fb = b;
  if (fa->z != fb->z) return fa->z < fb->z ? -1 : 1;
  return (fa->k > fb->k) - (fa->k < fb->k);
}

/* Groups of fields that agree to `tolerance`, relatively: numbers them, returns how many, or gives up beyond those that a matrix has
 * room for. */
static int64_t number_groups(const dkm_point *point, double tolerance, turned_field *fields, int64_t K) {
  int64_t n = 0;
  for (int64_t j = 0; j < K; j++) { /* turn */
    turned_field *f = &fields[j];
    const double allowed = tolerance * sqrt(point->Omega * point->Omega + f->y * f->y + f->z * f->z);
    f->sign = (fabs(f->z) > allowed ? f->z : f->y) < 0.0 ? -1.0 : 1.0;
    f->y *= f->sign;
    f->z *= f->sign;
  }
  qsort(fields, (size_t)K, sizeof *fields, by_z);
  for (int64_t j = 0; j < K; j++) {
    turned_field *f = &fields[j];
    const double allowed = tolerance * sqrt(point->Omega * point->Omega + f->y * f->y + f->z * f->z);
    f->group = -1;
    for (int64_t i = j - 1; i >= 0 && f->group < 0 && f->z - fields[i].z <= allowed; i--)
      if (fabs(f->y - fields[i].y) <= allowed) f->group = fields[i].group;
    if (f->group < 0) f->group = n++;
    if (n > MOST_ROWS / 2) break;
  }
  return n;
}

static int by_group(const void *a, const void *b) {
  const turned_field *fa = a, *fb = b;
  if (fa->group != fb->group) return fa->group < fb->group ? -1 : 1;
  return (fa->k > fb->k) - (fa->k < fb->k);
}

/* c_k of a spin at rest, and the spin with c = 1. */
static double component_of(const dkm_point *point, const double *B, const double *m, double *unit) {
  if (dkm_rest_kind(point) == REST_FORGETS) {
    memcpy(unit, m, 3 * sizeof *m);
    return 1.0;
  }
  const double size = sqrt(B[0] * B[0] + B[1] * B[1] + B[2] * B[2]);
  double c = 0.0;
  if (dkm_rest_kind(point) == REST_ALONG_X || !(size > 0.0)) {
    unit[0] = 1.0;
    unit[1] = unit[2] = 0.0;
    return m[0];
  }
  for (int i = 0; i < 3; i++) unit[i] = B[i] / size;
  for (int i = 0; i < 3; i++) c += m[i] * unit[i];
  return c;
}

/* The group of the classes first ... end - 1 of `fields`. */
static dkm_status make_group(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *state,
                             const turned_field *fields, int64_t first, int64_t end, open_group *g, dkm_error *err) {
  const int64_t K = w->system.n_classes;
  const int M = w->system.n_modes;
  double gram[DKM_MAX_MODES * DKM_MAX_MODES], coupling[DKM_MAX_MODES * DKM_MAX_MODES], unit[3];
  *g = (open_group){.B = {point->Omega, fields[first].y, fields[first].z}, .n_classes = end - first};
  memset(w->q, 0, (size_t)K * sizeof *w->q);
  for (int64_t j = first; j < end; j++) w->q[fields[j].k] = 1.0;
  dkm_system_gram(&w->system, w->q, gram);
  memset(w->q, 0, (size_t)K * sizeof *w->q);
  for (int64_t j = end - 1; j >= first; j--) {
    const int64_t k = fields[j].k;
    const double sign = fields[j].sign, B[3] = {point->Omega, fields[j].y, fields[j].z};
    const double m[3] = {state[k], sign * state[K + k], sign * state[2 * K + k]};
    w->q[k] = component_of(point, B, m, unit);
  }
  dkm_system_gram(&w->system, w->q, coupling);
  dkm_rest_motion(point, g->B, unit, &g->motion); /* unit: of the first */
  dkm_status status = dkm_spectrum_reduce_gram(gram, M, g->basis, &g->rank, err);
  for (int i = 0; i < g->rank && status == DKM_OK; i++)
    for (int nu = 0; nu < M; nu++)
      for (int mu = 0; mu < M; mu++) g->drive[i * M + nu] += g->basis[mu * M + i] * coupling[mu * M + nu];
  return status;
}

/* malloc'ed into *groups, also on failure. */
static dkm_status make_groups(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *state,
                              double tolerance, open_group **groups, int64_t *n_groups, dkm_error *err) {
  const int64_t K = w->system.n_classes;
  const int M = w->system.n_modes;
  *groups = NULL;
  turned_field *fields = malloc((size_t)K * sizeof *fields);
  if (!fields) return dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
  dkm_fixedpoint_open_fields(w, point, state + 3 * K, state + 3 * K + M);
  for (int64_t k = 0; k < K; k++) {
    double B[3];
    dkm_rest_field(point, w->h[k], w->v[k], B);
    fields[k] = (turned_field){.y = B[1], .z = B[2], .k = k};
  }
  *n_groups = number_groups(point, tolerance, fields, K);
  qsort(fields, (size_t)K, sizeof *fields, by_group);
  dkm_status status = DKM_OK;
  if (*n_groups > MOST_ROWS / 2)
    status = dkm_fail(err, DKM_NUMERIC, "no spectrum: %lld different fields are too many", (long long)*n_groups);
  else if (!(*groups = calloc((size_t)*n_groups, sizeof **groups)))
    status = dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
  for (int64_t i = 0, first = 0; i < *n_groups && status == DKM_OK; i++) {
    int64_t end = first + 1;
    while (end < K && fields[end].group == i) end++;
    status = make_group(w, point, state, fields, first, end, &(*groups)[i], err);
    first = end;
  }
  free(fields);
  return status;
}

/* ---- matrices ---- */

static void put(gsl_matrix *a, int64_t row, int64_t column, double value) {
  gsl_matrix_set(a, (size_t)row, (size_t)column, value);
}

/* Rows from `row` on of the spins of a group; re, im: columns of the first mode. */
static void put_spins(const dkm_point *point, const open_group *g, int M, int64_t row, int64_t re, int64_t im,
                      gsl_matrix *a) {
  const spin_motion *s = &g->motion;
  const double eta_g0 = point->imbalance * point->g0;
  for (int i = 0; i < g->rank; i++)
    for (int p = 0; p < s->size; p++) {
      const int64_t at = row + i * s->size + p;
      for (int q = 0; q < s->size; q++) put(a, at, row + i * s->size + q, s->L[p][q]);
      for (int nu = 0; nu < M; nu++) {
        put(a, at, re + nu, 2.0 * point->g0 * s->drive_z[p] * g->drive[i * M + nu]);
        put(a, at, im + nu, 2.0 * eta_g0 * s->drive_y[p] * g->drive[i * M + nu]);
      }
    }
}

/* What they do to mode mu of the point, at rows re and im; basis: of its rows of the group's, [i]. */
static void put_overlap(const dkm_point *point, const open_group *g, const double *basis, int64_t row, int64_t re,
                        int64_t im, gsl_matrix *a) {
  const spin_motion *s = &g->motion;
  for (int i = 0; i < g->rank; i++)
    for (int p = 0; p < s->size; p++) {
      const int64_t at = row + i * s->size + p;
      put(a, re, at, point->imbalance * point->g0 * s->read_y[p] * basis[i]);
      put(a, im, at, -point->g0 * s->read_z[p] * basis[i]);
    }
}

static void put_mode(const dkm_point *point, int mu, int64_t re, int64_t im, gsl_matrix *a) {
  const double Omega = point->Omega_mu[mu], half_kappa = 0.5 * point->kappa_mu[mu];
  put(a, re, re, -half_kappa);
  put(a, re, im, Omega);
  put(a, im, re, -Omega);
  put(a, im, im, -half_kappa);
}

/* Eigenvalues of a, which is freed, into the spectrum. */
static dkm_status count_matrix(gsl_matrix *a, dkm_spectrum *spectrum, dkm_error *err) {
  dkm_eigenvalues found = {.n = (int64_t)a->size1, .values = malloc(a->size1 * sizeof *found.values)};
  dkm_status status = found.values ? dkm_spectrum_eigenvalues(a, found.values, &found.scale, err)
                                   : dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
  if (status == DKM_OK) dkm_spectrum_count_all(spectrum, &found, DKM_SPECTRUM_NEUTRAL);
  free(found.values);
  gsl_matrix_free(a);
  return status;
}

static dkm_status new_matrix(int64_t rows, gsl_matrix **a, dkm_error *err) {
  dkm_gsl_begin();
  *a = gsl_matrix_calloc((size_t)rows, (size_t)rows);
  dkm_gsl_end();
  return *a ? DKM_OK : dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
}

/* n directions like those of a single spin that no mode sees. */
static dkm_status count_unseen(const dkm_point *point, const spin_motion *motion, int64_t n, dkm_spectrum *spectrum,
                               dkm_error *err) {
  gsl_matrix *a;
  dkm_spectrum one = {.growth_rate = NAN, .decay_rate = NAN};
  if (n == 0 || !dkm_point_has_losses(point)) return DKM_OK;
  dkm_status status = new_matrix(motion->size, &a, err);
  if (status != DKM_OK) return status;
  for (int p = 0; p < motion->size; p++)
    for (int q = 0; q < motion->size; q++) put(a, p, q, motion->L[p][q]);
  status = count_matrix(a, &one, err);
  if (status != DKM_OK) return status;
  spectrum->growth_rate = fmax(spectrum->growth_rate, one.growth_rate);
  spectrum->decay_rate = fmin(spectrum->decay_rate, one.decay_rate);
  spectrum->n_damped += n * one.n_damped;
  return DKM_OK;
}

dkm_status dkm_spectrum_open(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *state, double tolerance,
                             dkm_spectrum *spectrum, dkm_error *err) {
  const int M = w->system.n_modes;
  open_group *groups;
  int64_t n_groups = 0, rows = 0;
  gsl_matrix *a = NULL;
  dkm_status status = make_groups(w, point, state, tolerance, &groups, &n_groups, err);
  if (status != DKM_OK) goto cleanup;
  for (int64_t i = 0; i < n_groups; i++) rows += groups[i].rank * groups[i].motion.size;
  if (rows + 2 * M > MOST_ROWS) {
    status = dkm_fail(err, DKM_NUMERIC, "no spectrum: %lld rows are too many", (long long)(rows + 2 * M));
    goto cleanup;
  }
  status = new_matrix(rows + 2 * M, &a, err);
  if (status != DKM_OK) goto cleanup;
  for (int64_t i = 0, row = 0; i < n_groups; i++) {
    const open_group *g = &groups[i];
    put_spins(point, g, M, row, rows, rows + M, a);
    for (int mu = 0; mu < M; mu++) put_overlap(point, g, g->basis + mu * M, row, rows + mu, rows + M + mu, a);
    row += g->rank * g->motion.size;
  }
  for (int mu = 0; mu < M; mu++) put_mode(point, mu, rows + mu, rows + M + mu, a);
  status = count_matrix(a, spectrum, err);
  for (int64_t i = 0; i < n_groups && status == DKM_OK; i++)
    status = count_unseen(point, &groups[i].motion, groups[i].n_classes - groups[i].rank, spectrum, err);
cleanup:
  free(groups);
  return status;
}

/* At a state in the symmetric subspace of a pattern all classes are one group, and the modes decouple. */
static dkm_status add_sector(const dkm_point *point, const open_group *group, int mu, dkm_spectrum *spectrum,
                             dkm_error *err) {
  const int size = group->motion.size;
  gsl_matrix *a;
  dkm_status status = new_matrix(size + 2, &a, err);
  if (status != DKM_OK) return status;
  put_spins(point, group, 1, 0, size, size + 1, a);
  put_overlap(point, group, group->basis, 0, size, size + 1, a);
  put_mode(point, mu, size, size + 1, a);
  return count_matrix(a, spectrum, err);
}

dkm_status dkm_spectrum_open_symmetric(const dkm_point *point, int n_modes, int64_t n_classes, int sector,
                                       const double *small_state, dkm_spectrum *spectrum, dkm_error *err) {
  open_group group = {.rank = 1, .n_classes = n_classes, .basis = {1.0}};
  double unit[3];
  dkm_rest_field(point, 2.0 * small_state[3], 2.0 * small_state[4], group.B);
  group.drive[0] = component_of(point, group.B, small_state, unit);
  dkm_rest_motion(point, group.B, unit, &group.motion);
  if (sector >= 0) return add_sector(point, &group, sector, spectrum, err);
  dkm_status status = DKM_OK;
  for (int mu = 0; mu < n_modes && status == DKM_OK; mu++) status = add_sector(point, &group, mu, spectrum, err);
  return status == DKM_OK ? count_unseen(point, &group.motion, n_classes - n_modes, spectrum, err) : status;
}
