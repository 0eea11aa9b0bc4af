/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite: the exact dynamics of finitely many spins, and how far it is from the mean field: the theorem at work.
 *
 * M modes and K = 2^(M-1) classes of N spins each (gauged +-1 patterns f_{mu,k}, system.h), with S_k = sum sigma over class k and
 * g = g0/sqrt K; master equation (1) of the paper,
 *
 *   rho' = -i[H, rho] + sum_mu kappa_mu (a rho a^+ - {a^+ a, rho}/2),
 *   H = Omega sum_k S_x,k + sum_mu Omega_mu a_mu^+ a_mu + (g/sqrt N) sum_{mu,k} f_{mu,k} (a_mu + a_mu^+) S_z,k,
 *
 * where asked for with losses of single spins (model.h), from a product state: all spins of class k along the unit vector m_k(0),
 * mode mu in the coherent state of amplitude sqrt(N) alpha_mu(0).  Without losses each class stays one spin of length N/2.  With them
 * |m_k(0)| may be below 1: each spin is then in the mixed state (1 + m_k.sigma)/2.
 * Amplitudes are normalised by the size of a class, as the paper's alpha: alpha = sqrt(K) beta of model.h.
 *
 * Computed is the error of the mean field, Eq. (9),
 *
 *   E_N(t) = sum_k <(S_k/N - m_k(t))^2> + sum_mu <A_mu^+ A_mu + A_mu A_mu^+>,   A_mu = a_mu/sqrt(N) - alpha_mu(t),
 *
 * with m, alpha solving the mean-field equations (7) from the same start; of a product state
 * E_N(0) = (sum_k (3 - |m_k(0)|^2) + M)/N, which of a pure one is (2K + M)/N.
 *
 * Methods
 *   master        the density matrix (rows^2 real numbers), which is exact up to steps and truncation
 *   trajectories  quantum jumps: the mean over n_trajectories pure states, with its standard error
 *   symmetric     the density matrix in the permutation-invariant space of N spins, for losses of single spins; one class, N <= 10,
 *                 in the laboratory
 *
 * Frames.  The state is kept relative to classical amplitudes and directions, alpha_f(t) and axes of each class, so that a state
 * near a product state needs few levels, however large N is; the result does not depend on the frame.
 *   laboratory   alpha_f decays freely from alpha(0) (vacuum: it stays 0), axes do not turn
 *   mean_field   both follow the mean field: few levels until the state splits over two branches, many from then on
 *   following    alpha_f is <a>/sqrt(N) of the state itself (of a trajectory: nearly), axes follow the field that it makes, or a
 *                trajectory's own spin
 * Levels are added, and a step is done again, whenever the weight of the last two levels of a factor would exceed `edge`.
 *
 * Units: frequencies and rates in one common unit, times in its inverse.  All functions are local. */
#ifndef DICKEMAP_FINITE_H
#define DICKEMAP_FINITE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dickemap/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DKM_FINITE_MAX_MODES = 3, DKM_FINITE_MAX_CLASSES = 4 };
enum { DKM_FINITE_MAX_SYMMETRIC = 10 }; /* spins, with losses of single ones */
#define DKM_FINITE_MAX_SPINS 1e6         /* of a class, that a job may have */

typedef struct dkm_finite_model {
  int n_modes;                                /* M, 1 ... DKM_FINITE_MAX_MODES */
  int spins_per_class;                        /* N >= 1 */
  double g0, Omega;
  double Omega_mu[DKM_FINITE_MAX_MODES];
  double kappa_mu[DKM_FINITE_MAX_MODES];      /* >= 0 */
  double gamma_down, gamma_up, gamma_phi;     /* >= 0; any of them above 0: symmetric, one mode */
  double spin[DKM_FINITE_MAX_CLASSES][3];     /* m_k(0), unit vectors (to 1e-9; they are normalised); with losses 0 ... 1 long */
  double alpha_re[DKM_FINITE_MAX_MODES], alpha_im[DKM_FINITE_MAX_MODES]; /* alpha_mu(0) */
} dkm_finite_model;

/* K = 2^(M-1), and f_{mu,k}, both from 0. */
static inline int dkm_finite_classes(const dkm_finite_model *model) { return 1 << (model->n_modes - 1); }
static inline double dkm_finite_pattern(const dkm_finite_model *model, int mu, int k) {
  return mu > 0 && ((k >> (model->n_modes - 1 - mu)) & 1) ? -1.0 : 1.0;
}

typedef enum dkm_finite_method {
  DKM_FINITE_AUTO,         /* symmetric with losses of single spins, otherwise master if it fits, else trajectories */
  DKM_FINITE_MASTER,
  DKM_FINITE_TRAJECTORIES,
  DKM_FINITE_SYMMETRIC
} dkm_finite_method;

typedef enum dkm_finite_frame {
  DKM_FINITE_BEST,         /* following; a density matrix that would need more levels there than in the laboratory begins again
                              in the laboratory */
  DKM_FINITE_LABORATORY,
  DKM_FINITE_MEAN_FIELD,
  DKM_FINITE_FOLLOWING
} dkm_finite_frame;

typedef struct dkm_finite_how {
  dkm_finite_method method;
  dkm_finite_frame frame;
  double tolerance;        /* of a step: 2-norm of its error, of a state of norm 1; 0: a default, below */
  double edge;             /* largest weight of the last two levels of a factor; 0: a default. E_N has some 100 times that
                              error at worst (one spin, strong coupling), a tenth of it below threshold */
  double memory;           /* bytes that the state and its steps may take at any time, also while levels are added and while it is
                              saved; not the rows of values; 0: DKM_FINITE_MEMORY */
  int64_t n_trajectories;  /* of DKM_FINITE_TRAJECTORIES, >= 2; 0: DKM_FINITE_N_TRAJECTORIES */
  const char *cpu;         /* instruction set, as in dkm_integrator_create; NULL: the best */
  uint64_t seed;           /* of trajectories: the stream of each comes from (seed, its index) alone */
  bool (*interrupt)(void *context); /* whether to give up for now: asked a few times a second, and once a time; may be NULL */
  void *context;
} dkm_finite_how;

#define DKM_FINITE_TOLERANCE 1e-10
#define DKM_FINITE_EDGE 1e-10
#define DKM_FINITE_TOLERANCE_SAMPLED 1e-7 /* of trajectories, whose errors are those of sampling */
#define DKM_FINITE_EDGE_SAMPLED 1e-7
#define DKM_FINITE_MEMORY 2e9
#define DKM_FINITE_MEMORY_AUTO 1e8 /* of a density matrix that is tried by DKM_FINITE_AUTO: 976 rows, a minute or so */
#define DKM_FINITE_N_TRAJECTORIES 200

/* ---- what is computed: rows of numbers, one a time ---- */

/* Columns of a row of values, and of one of their standard errors: E_N, its part of the spins, its part of the modes; then
 * x, y, z of S_k/N for each class; then Re alpha, Im alpha and the number of photons over N, <a^+ a>/N, for each mode. */
enum { DKM_FINITE_ERROR, DKM_FINITE_ERROR_SPINS, DKM_FINITE_ERROR_MODES, DKM_FINITE_SPIN };
static inline int dkm_finite_column_spin(int k) { return DKM_FINITE_SPIN + 3 * k; }
static inline int dkm_finite_column_mode(int K, int mu) { return DKM_FINITE_SPIN + 3 * K + 3 * mu; }
static inline int dkm_finite_columns(const dkm_finite_model *model) {
  return dkm_finite_column_mode(dkm_finite_classes(model), model->n_modes);
}
/* Columns of the mean field: x, y, z of m_k for each class at 3k, Re alpha and Im alpha for each mode at 3K + 2mu. */
static inline int dkm_finite_mean_field_columns(const dkm_finite_model *model) {
  return 3 * dkm_finite_classes(model) + 2 * model->n_modes;
}

/* What a computation needed, and how well it kept what is conserved. */
typedef struct dkm_finite_diagnostics {
  dkm_finite_method method; /* that was used */
  dkm_finite_frame frame;
  double edge_weight;       /* largest weight of the last two levels of a factor, at the end of any step */
  int levels[DKM_FINITE_MAX_CLASSES + DKM_FINITE_MAX_MODES]; /* largest number of levels: of each class, then of each mode
                               (n_max = levels - 1); symmetric: of the mode, at [1] */
  double memory;            /* bytes that the state and its steps took at most, since it began or began again; after DKM_LIMIT those
                               that were not allowed */
  int64_t steps, rejected;  /* of trajectories: of all */
  int64_t n_jumps;          /* of trajectories, of all */
  int64_t n_trajectories;   /* that were averaged; 0: none are needed */
  double trace_error;       /* largest |tr rho - 1| */
  double negativity;        /* master: rho + negativity is positive at t_end, for the smallest power of ten that is (0: rho is);
                               NaN: it was not asked of more than DKM_FINITE_POSITIVE_ROWS rows, or not of this method */
  double step_error;        /* sum of the estimated errors of the steps (of trajectories: the largest sum of one) */
} dkm_finite_diagnostics;
enum { DKM_FINITE_POSITIVE_ROWS = 512 };

/* Why an input is refused: one message, DKM_INPUT.  times: n_times rising numbers, the first >= 0. */
dkm_status dkm_finite_check(const dkm_finite_model *model, int64_t n_times, const double *times, const dkm_finite_how *how,
                            dkm_error *err);

/* ---- one computation ---- */

typedef struct dkm_finite dkm_finite;

/* A computation at its start; model, times and how are copied.  index: of the trajectory, from 0; otherwise 0.  The method must not
 * be DKM_FINITE_AUTO; DKM_FINITE_TRAJECTORIES is a single one here.  Fails with DKM_INPUT, DKM_MEMORY; with DKM_LIMIT if its first
 * levels do not fit into how.memory: *out can then be asked what it said, and be destroyed.  After other failures *out is NULL. */
dkm_status dkm_finite_create(const dkm_finite_model *model, int64_t n_times, const double *times, const dkm_finite_how *how,
                             int64_t index, dkm_finite **out, dkm_error *err);
void dkm_finite_destroy(dkm_finite *finite);

/* Goes on to the last time.  Fails with DKM_STOPPED if it was interrupted (call it again to go on: the same bits),
 * DKM_LIMIT if the levels that are needed do not fit into how.memory, DKM_NUMERIC if steps become too short, DKM_MEMORY. */
dkm_status dkm_finite_advance(dkm_finite *finite, dkm_error *err);

/* Rows so far: those of times reached; fewer than before where a computation began again (DKM_FINITE_BEST).
 * values: n_times rows of dkm_finite_columns; mean_field: of its columns. */
int64_t dkm_finite_rows(const dkm_finite *finite);
const double *dkm_finite_values(const dkm_finite *finite);
const double *dkm_finite_mean_field(const dkm_finite *finite);
const dkm_finite_diagnostics *dkm_finite_said(const dkm_finite *finite);

/* A computation under way as plain bytes, of this machine's format; what is restored, into one that was created with the same
 * arguments, goes on with the same bits.  Restoring fails with DKM_INPUT if they are not n_bytes of such a one, DKM_LIMIT if its
 * levels do not fit into how.memory, the computation being then as before; DKM_MEMORY, and then it can only be destroyed. */
size_t dkm_finite_saved_bytes(const dkm_finite *finite);
void dkm_finite_save(const dkm_finite *finite, void *bytes);
dkm_status dkm_finite_restore(dkm_finite *finite, const void *bytes, size_t n_bytes, dkm_error *err);

/* ---- all of it ---- */

/* Sums of trajectories in the order of their indices: mean and standard error are the same bits whoever computed which.
 * sum, square: n_times * columns each, 0 at first. */
void dkm_finite_add(int64_t n, const double *values, double *sum, double *square);
void dkm_finite_average(int64_t n, int64_t n_trajectories, const double *sum, const double *square, double *mean, double *error);

/* What several computations of a model needed, from one more of them; all->n_trajectories counts them, 0 at first. */
void dkm_finite_merge(const dkm_finite_model *model, dkm_finite_diagnostics *all, const dkm_finite_diagnostics *one);

/* Arrays of the caller. */
typedef struct dkm_finite_result {
  double *values;     /* n_times x dkm_finite_columns */
  double *errors;     /* standard errors, alike; 0 where the method is exact */
  double *mean_field; /* n_times x dkm_finite_mean_field_columns */
  dkm_finite_diagnostics said;
} dkm_finite_result;

/* Plain parameters in, plain arrays out; AUTO chooses.  Fails as those above; after DKM_STOPPED what was done is lost (to suspend
 * a computation use those above). */
dkm_status dkm_finite_run(const dkm_finite_model *model, int64_t n_times, const double *times, const dkm_finite_how *how,
                          dkm_finite_result *out, dkm_error *err);

/* ---- beside it ---- */

/* The limit of N E_N for N -> infinity: Gaussian fluctuations about the mean field.  The covariance V of the fluctuations
 * (sqrt(N)(S_k/N - m_k), sqrt(N) A_mu), 3K + 2M rows, obeys
 *   V' = J V + V J^T + D,   J: Jacobian of the mean-field equations,   V_k(0) = 1 - m_k m_k^T,   V_mu(0) = 1/4,
 *   D_mu = kappa_mu/4,   D_k = 2 diag(Gamma_1, gamma_T, gamma_T) - v m_k^T - m_k v^T,   v = (gamma_up - gamma_down, 0, 0)
 * and N E_N -> tr V_k + 2 tr V_mu, summed.  limit: n_times x 3 (all, spins, modes); mean_field: n_times rows, or NULL.
 * Fails with DKM_INPUT, DKM_MEMORY, DKM_NUMERIC. */
dkm_status dkm_finite_fluctuations(const dkm_finite_model *model, int64_t n_times, const double *times, double tolerance,
                                   double *limit, double *mean_field, dkm_error *err);

/* Bounds E_N(t) <= E_N(0) exp(C t).
 * The paper's (supplement, proof of Theorem 1): C = 2 M d0 + 3 2^(M-1) c0, c0 = 12 |Omega| + 24 M |g| + 12 |g| M beta,
 *   beta = 2 max_mu(|alpha_mu(0)| + sqrt(3) 2^M |g|/kappa_mu), d0 = 2 (Gamma + s |g|), Gamma = max_mu(|Omega_mu| + kappa_mu/2),
 *   with s = 2^(M-1) as the proof of Lemma 4 gives it (its statement has the larger 2^M - 1, which is the same for M = 1).
 * The sharper one: C = 3 sqrt(2) sqrt(M) |g0|, without losses of single spins; both are NaN with them.
 * The paper's is infinite where a kappa_mu is 0 and g0 is not. */
double dkm_finite_constant_paper(const dkm_finite_model *model);
double dkm_finite_constant(const dkm_finite_model *model);
/* E_N(0) = sum_k (3 - |m_k|^2)/N + M/N, and the logarithm of a bound with constant C. */
double dkm_finite_start_error(const dkm_finite_model *model);
double dkm_finite_log_bound(const dkm_finite_model *model, double C, double t);

#ifdef __cplusplus
}
#endif

#endif
