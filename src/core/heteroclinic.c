/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trajectories that switch between saddles.
 *
 * With modes of both signs the normal state x = -1 is left by way of those of one sign of Omega_mu, the inverted one,
 * x = +1, by way of those of the other.  Where the coupling is weak a trajectory may go from one to the other and back,
 * each time nearer and for longer, as a geometric series: a heteroclinic cycle.  It has no period and no exponent, and no
 * arithmetic follows it for long: what would leave a saddle falls below rounding, or is kept up by it.  So it is
 * recognised by its saddles: with -s and u the real parts of the eigenvalues by which one is approached most slowly
 * and left fastest, the distance d of one visit becomes d^(s/u) at the next, and all of them together make the power
 * rho = prod s/u.  rho > 1: visits come ever nearer.
 *
 * Reference: J. Guckenheimer and P. Holmes, Math. Proc. Camb. Phil. Soc. 103, 189 (1988). */
#include <math.h>
#include <string.h>

#include "inquiry.h"

/* A trajectory is at a saddle when all order parameters are slower than the first times the largest frequency, and all
 * variables nearer than the second.  Nobody comes nearer than the third by chance; and what was left of the directions
 * that grow would have grown by exp of the fourth. Two of these were one saddle, passed on the way. */
static const double saddle_rate = 1e-5, saddle_distance = 1e-4, saddle_close = 1e-9, saddle_erased = 60.0;
enum { SADDLES = 2 };

/* A motion that comes so near to both order parameters and modes of zero, and is large elsewhere, goes by the saddles. */
static const double passes = 1e-5;

/* Whether the cycle between x = -1 and x = +1 attracts: rho > 1.  Asked only where patterns fix the spins (K = rank):
 * elsewhere classes may be on different sides. */
static bool attracts(const dkm_inquiry *q) {
  const dkm_system *system = q->system;
  double rho = 1.0, *state = q->scratch;
  if (dkm_point_dynamics(q->point) != DKM_DYNAMICS_CONSERVED) return false;
  /* Of other couplings and of shorter spins the directions do not close in this way. */
  if (!dkm_landscape_full_rank(system) || !dkm_system_has_patterns(system) || dkm_point_length(q->point) != 1.0 || q->lengths)
    return false;
  for (int side = -1; side <= 1; side += 2) {
    double grows = 0.0, decays = INFINITY;
    memset(state, 0, dkm_model_size(system) * sizeof *state);
    for (int64_t k = 0; k < system->n_classes; k++) state[k] = side;
    /* The 4 directions of a mode and the spins that it sees: they close where patterns are orthogonal. */
    for (int mu = 0; mu < system->n_modes; mu++) {
      dkm_spectrum spectrum;
      if (dkm_fixedpoint_spectrum(q->workspace, q->point, state, mu, 0.0, &spectrum, NULL) != DKM_OK) return false;
      if (spectrum.n_unstable > 0)
        grows = fmax(grows, spectrum.growth_rate);
      else
        decays = fmin(decays, spectrum.decay_rate);
    }
    if (!(grows > 0.0) || !(decays < INFINITY)) return false;
    rho *= decays / grows;
  }
  return rho > 1.0;
}

bool dkm_heteroclinic_explains(const dkm_inquiry *q, const dkm_motion *motion) {
  return motion->quietest <= passes && motion->amplitude > DKM_LARGE_MOTION && attracts(q);
}

void dkm_heteroclinic_fill(dkm_record *record) {
  record->verdict = DKM_VERDICT_HETEROCLINIC;
  record->xi_error = 1.0; /* it will be elsewhere */
  record->retrieved = 0;
  record->lyapunov = record->lyapunov_error = record->lyapunov_times =
      NAN; /* of the time in which rounding kept it up */
  record->frequency_1 = record->frequency_2 = NAN;
}

/* Whether the state has come to a fixed point that it could leave, where there is a cycle between such; *fixed, *spectrum:
 * of that, q->scratch: its state. */
static bool is_at_saddle(const dkm_inquiry *q, const dkm_window *window, dkm_fixedpoint *fixed,
                         dkm_spectrum *spectrum) {
  return window->rate_max <= saddle_rate * dkm_inquiry_largest_frequency(q) && attracts(q) &&
         dkm_fixedpoint_near(q->workspace, q->point, q->u, true, fixed, q->scratch) &&
         fixed->distance_all <= saddle_distance &&
         dkm_fixedpoint_spectrum(q->workspace, q->point, q->scratch, -1, 0.0, spectrum, NULL) == DKM_OK &&
         spectrum->n_unstable > 0;
}

bool dkm_heteroclinic_is_shown(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                               dkm_record *record) {
  dkm_oscillation *o = &a->oscillation;
  dkm_fixedpoint fixed;
  dkm_spectrum spectrum;
  if (!is_at_saddle(q, window, &fixed, &spectrum)) {
    o->at_saddle = false;
    return false;
  }
  if (!o->at_saddle) {
    o->at_saddle = true;
    o->saddle_since = lane->t - window->length;
    o->n_saddles++;
  }
  for (int64_t k = 1; k < q->system->n_classes; k++)
    if (!(q->scratch[k] * q->scratch[0] > 0.0))
      return false; /* neither of the two: there is no other where both have a direction that grows */
  const bool erased = spectrum.growth_rate * (lane->t - o->saddle_since) > saddle_erased;
  if (!(o->n_saddles >= SADDLES && fixed.distance_all <= saddle_close) &&
      !(erased && o->n_saddles + o->n_large >= SADDLES))
    return false;
  dkm_record_fill_common(a, q, window->rms, lane, record);
  dkm_record_fill_stationary(q, &fixed, q->scratch, &spectrum, record);
  record->residual = dkm_inquiry_residual(q);
  dkm_record_name_pattern(record, q->system->n_modes);
  dkm_heteroclinic_fill(record);
  if (o->has_motion) dkm_record_fill_amplitudes(q, o->largest, record);
  return true;
}
