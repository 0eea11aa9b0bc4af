/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trajectories that switch between saddles.
 *
 * With modes of both signs the normal state x = -1 is left by way of those of one sign of Omega_mu, the inverted one,
 * x = +1, by way of those of the other.  Where the coupling is weak a trajectory may go from one to the other and back, each time nearer and for longer, as a geometric series: a heteroclinic cycle (Guckenheimer and Holmes, Math. Proc.
 * Camb. Phil. Soc. 103, 189 (1988)).  It has no period and no exponent, and no arithmetic follows it for long: what would
 * leave a saddle falls below rounding. */
#include <math.h>

#include "inquiry.h"

/* A trajectory is at a saddle when all order parameters are slower than the first times the largest frequency, and all
 * variables nearer than the second.  Nobody comes nearer than the third by chance; and what was left of the directions
 * that grow would have grown by exp of the fourth. Two of these were one saddle, passed on the way. */
static const double saddle_rate = 1e-5, saddle_distance = 1e-4, saddle_close = 1e-9, saddle_erased = 60.0;
enum { SADDLES = 2 };

/* Whether the state has come to a fixed point that it could leave; *fixed, *spectrum: of that. */
static bool is_at_saddle(const dkm_inquiry *q, const dkm_window *window, dkm_fixedpoint *fixed,
                         dkm_spectrum *spectrum) {
  return window->rate_max <= saddle_rate * dkm_inquiry_largest_frequency(q) &&
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
    o->saddle_since = 0.0;
    return false;
  }
  if (o->saddle_since == 0.0) {
    o->saddle_since = lane->t - window->length;
    o->n_saddles++;
  }
  const bool erased = spectrum.growth_rate * (lane->t - o->saddle_since) > saddle_erased;
  if (!(o->n_saddles >= SADDLES && fixed.distance_all <= saddle_close) &&
      !(erased && o->n_saddles + o->n_large >= SADDLES))
    return false;
  dkm_record_fill_common(a, q, window->rms, lane, record);
  dkm_record_fill_stationary(q, &fixed, q->scratch, &spectrum, record);
  record->residual = dkm_inquiry_residual(q);
  record->xi_error = 1.0; /* it will be elsewhere */
  dkm_record_fill_leading(q, record);
  record->verdict = DKM_VERDICT_HETEROCLINIC;
  if (o->has_motion) record->amplitude = o->motion.amplitude;
  return true;
}
