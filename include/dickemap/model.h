/* SPDX-License-Identifier: GPL-3.0-or-later */
/* model: the mean-field equations (7), (S27) of the open multimode Dicke model, one
 * trajectory at a time, written to be read.  The vectorised kernel (integrator.h) must
 * agree with this right-hand side to the last bit but one; tests hold it to that.
 *
 * State u of one trajectory, 3K + 2M doubles:
 *   u[k]            x_k      u[K + k]   y_k      u[2K + k]      z_k       k  = 0 ... K-1
 *   u[3K + mu]      Re beta_mu           u[3K + M + mu]  Im beta_mu       mu = 0 ... M-1
 * with the bosons normalised by the number of all spins, beta_mu = <a_mu>/sqrt(N_sp).
 * The paper's alpha_mu = sqrt(K) beta_mu (normalised by the size of a class) is what
 * records and figures show.
 *
 *   x_k'     = -2 g0 h_k y_k                       h_k   = sum_mu f_{mu,k} 2 Re beta_mu
 *   y_k'     = -2 Omega z_k + 2 g0 h_k x_k         xi_mu = sum_k w_k f_{mu,k} z_k
 *   z_k'     = +2 Omega y_k
 *   beta_mu' = -(i Omega_mu + kappa_mu/2) beta_mu - i g0 xi_mu
 *
 * Beyond the paper's equations, where a point asks for it:
 *
 *   losses of single spins, rates gamma_down (towards x = -1), gamma_up (towards +1), gamma_phi (dephasing in the basis of
 *   sigma_x), with gamma_T = (gamma_down + gamma_up)/2 + 2 gamma_phi
 *       x_k' += -gamma_down (1 + x_k) + gamma_up (1 - x_k),   y_k' += -gamma_T y_k,   z_k' += -gamma_T z_k
 *   imbalance eta = (lambda_- - lambda_+)/(lambda_- + lambda_+) of the co- and counter-rotating couplings, with g0 =
 *   (lambda_- + lambda_+)/2 and v_k = sum_mu f_{mu,k} 2 Im beta_mu: a field along y as well, m_k' = 2 B_k x m_k with
 *   B_k = (Omega, eta g0 v_k, g0 h_k), and
 *       beta_mu' += eta g0 sum_k w_k f_{mu,k} y_k
 *
 * Frequencies, rates and 1/time are in one common unit, the user's (the paper: kappa). */
#ifndef DICKEMAP_MODEL_H
#define DICKEMAP_MODEL_H
#include <stddef.h>

#include "dickemap/system.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Everything that defines one trajectory beside the patterns themselves. Each member has a row in parameter.c. */
typedef struct dkm_point {
  double g0;                       /* spin-boson coupling, >= 0 */
  double Omega;                    /* half the level splitting of a spin, any finite value */
  double Omega_mu[DKM_MAX_MODES];  /* mode frequencies, either sign, not 0 */
  double kappa_mu[DKM_MAX_MODES];  /* boson loss rates, > 0 */
  int pattern;                     /* the cue, 1 ... M */
  double overlap;                  /* z_k = overlap f_{cue,k}, in [-1, 1] */
  double perturbation;             /* size of a random tilt of every spin, in [0, 1] */
  int64_t seed;                    /* of the tilt and of spins that are flipped, 0 ... DKM_MAX_SEED */
  double flip;                     /* probability with which each spin starts with -z, in [0, 1] */
  int flip_exactly;                /* number of spins, of a finite number, that do; which ones depends on the seed */
  double mixture[DKM_MAX_MODES];   /* the cue is the sign of sum_mu mixture_mu G_{mu,k}, unless all are 0 */
  int64_t pattern_seed;            /* of random patterns (system.h), 0 ... DKM_MAX_SEED */
  double gamma_down, gamma_up;     /* rates of decay of single spins towards x = -1 and of pumping towards x = +1, >= 0 */
  double gamma_phi;                /* rate of their dephasing in the basis of sigma_x, >= 0 */
  double imbalance;                /* eta, in [-1, 1] */
  double duration;                 /* of a drive (drive.h), > 0 where there is one */
  int64_t spins_per_class;         /* N of task exactness (finite.h); 0: infinitely many, the mean field */
} dkm_point;

#define DKM_MAX_SEED ((int64_t)((1u << 27) - 1))

static inline bool dkm_point_has_mixture(const dkm_point *point, int n_modes) {
  for (int mu = 0; mu < n_modes; mu++)
    if (point->mixture[mu] != 0.0) return true;
  return false;
}

/* Whether single spins lose energy or coherence: lengths are no constants of motion then. */
static inline bool dkm_point_has_losses(const dkm_point *point) {
  return point->gamma_down > 0.0 || point->gamma_up > 0.0 || point->gamma_phi > 0.0;
}

/* Rates at which x and y, z relax, Gamma_1 = gamma_down + gamma_up and gamma_T, and where x would go alone, times Gamma_1. */
static inline double dkm_point_gamma_1(const dkm_point *point) {
  return point->gamma_down + point->gamma_up;
}
static inline double dkm_point_gamma_T(const dkm_point *point) {
  return 0.5 * (point->gamma_down + point->gamma_up) + 2.0 * point->gamma_phi;
}
static inline double dkm_point_pump(const dkm_point *point) {
  return point->gamma_up - point->gamma_down;
}

/* The equations that a point has, but for a drive. */
typedef enum dkm_dynamics {
  DKM_DYNAMICS_CONSERVED, /* neither losses nor imbalance: the paper's */
  DKM_DYNAMICS_LOSSY,     /* losses of single spins */
  DKM_DYNAMICS_UNBALANCED, /* unbalanced couplings, with losses or without */
  DKM_DYNAMICS_DRIVEN      /* any of them, while g0 or Omega change with time (drive.h) */
} dkm_dynamics;
enum { DKM_N_DYNAMICS = DKM_DYNAMICS_DRIVEN + 1 };

static inline dkm_dynamics dkm_point_dynamics(const dkm_point *point) {
  if (point->imbalance != 0.0) return DKM_DYNAMICS_UNBALANCED;
  return dkm_point_has_losses(point) ? DKM_DYNAMICS_LOSSY : DKM_DYNAMICS_CONSERVED;
}

/* D_mu = Omega_mu^2 + kappa_mu^2/4, mu from 0. */
static inline double dkm_point_D(const dkm_point *point, int mu) {
  return point->Omega_mu[mu] * point->Omega_mu[mu] + 0.25 * point->kappa_mu[mu] * point->kappa_mu[mu];
}

/* beta_mu = re + i im of mode mu where the overlap xi is constant: the root of beta_mu' = 0. */
static inline void dkm_point_steady_mode(const dkm_point *point, int mu, double xi, double *re, double *im) {
  const double D = dkm_point_D(point, mu);
  *re = -point->g0 * xi * point->Omega_mu[mu] / D;
  *im = -point->g0 * xi * 0.5 * point->kappa_mu[mu] / D;
}

/* Number of doubles in a state: 3K + 2M. */
size_t dkm_model_size(const dkm_system *system);

/* du = right-hand side at u (both 3K + 2M values, not overlapping).
 * work: 2K values, overwritten. */
void dkm_model_rhs(const dkm_system *system, const dkm_point *point, const double *u, double *du,
                   double *work);

/* max_i |u_i'| at u, NaN if one is. work: 5K + 2M values, overwritten. */
double dkm_model_residual(const dkm_system *system, const dkm_point *point, const double *u, double *work);

/* The start: unit spins with z_k = overlap c_k, y_k = 0 and the rest along -x; empty modes.  c_k is the cue: that of the
 * system (dkm_system.cue); else, with a mixture, the sign of sum_mu mixture_mu G_{mu,k} (0: none); else G_{cue,k} over
 * the larger of 1 and max_k |G_{cue,k}|.  Spins flipped with a probability: the mean of a class is (x, y, (1 - 2 flip) z),
 * a shorter vector, which moves like one of them.  Then every class is tilted by the same angle arctan(perturbation) in
 * a random direction of its own, which depends on (seed, cue, k) alone; only + - * / sqrt are used, so the start has the
 * same bits on every machine.
 * Fails with DKM_MEMORY if the generator cannot be allocated. */
dkm_status dkm_model_start(const dkm_system *system, const dkm_point *point, double *u, dkm_error *err);

/* Tilts every spin of u, whatever its direction and length, by arctan(perturbation) in a random direction of its own, which
 * depends on (seed, cue, k) alone: for starts from states. */
void dkm_model_tilt(const dkm_system *system, const dkm_point *point, double *u);

/* xi[mu] for mu = 0 ... M-1. work: 2K values, overwritten. */
void dkm_model_overlaps(const dkm_system *system, const double *u, double *xi, double *work);

/* The largest transverse part of a spin of u about its field in u, max_k |m_k - (m_k.B_k) B_k/|B_k|^2|; work: K values,
 * overwritten. */
double dkm_model_precession(const dkm_system *system, const dkm_point *point, const double *u, double *work);

/* The sign of sum_mu mixture_mu G[mu]; 0 where it vanishes, but for rounding. */
double dkm_mixture_sign(const dkm_point *point, const double *G, int n_modes);

/* |m_k| of the start where it is the same for all spins: 1, less where spins are flipped with a probability. */
double dkm_point_length(const dkm_point *point);

/* The larger of two numbers, NaN if one of them is: fmax would lose it. */
static inline double dkm_larger(double a, double b) {
  return a >= b || a != a ? a : b;
}

/* The largest | |m_k(u)| - |m_k(u_start)| | over k: 0 for exact solutions of (7). */
double dkm_model_length_error(const dkm_system *system, const double *u, const double *u_start);

#ifdef __cplusplus
}
#endif

#endif
