/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of the task exactness; see exactness_record.h. */
#include "exactness_record.h"

#include <math.h>
#include <stdio.h>

/* ---- fields ---- */

static const char *failure_name(int code) {
  static const char *const names[DKM_EXACTNESS_N_FAILURES] = {"none", "not_at_rest", "start", "memory", "steps"};
  return code >= 0 && code < DKM_EXACTNESS_N_FAILURES ? names[code] : "?";
}

static const char *failure_text(int code) {
  static const char *const texts[DKM_EXACTNESS_N_FAILURES] = {
      "the computation came to its end", "exactness.start is rest, but the mean field does not come to rest from the cue",
      "the spins at the start are shorter than 1, which without losses of single spins they cannot be",
      "the levels that are needed do not fit into exactness.memory: they need memory_needed at least", "steps became too short"};
  return code >= 0 && code < DKM_EXACTNESS_N_FAILURES ? texts[code] : "?";
}

static const char *way_name(int code) {
  static const char *const names[] = {"none", "master", "trajectories", "symmetric"};
  return code >= 0 && code <= DKM_FINITE_SYMMETRIC ? names[code] : "?";
}

static const char *way_text(int code) {
  static const char *const texts[] = {"nothing was computed", "the density matrix of large spins and modes",
                                      "the mean over quantum trajectories",
                                      "the density matrix in the permutation-invariant space of single spins"};
  return code >= 0 && code <= DKM_FINITE_SYMMETRIC ? texts[code] : "?";
}

static const char *frame_name(int code) {
  static const char *const names[] = {"none", "laboratory", "mean_field", "following"};
  return code >= 0 && code <= DKM_FINITE_FOLLOWING ? names[code] : "?";
}

static const char *frame_text(int code) {
  static const char *const texts[] = {"nothing was computed", "amplitudes decay freely, axes stand still", "that of the mean field",
                                      "that of the state itself"};
  return code >= 0 && code <= DKM_FINITE_FOLLOWING ? texts[code] : "?";
}

static const dkm_codes failures = {DKM_EXACTNESS_N_FAILURES, failure_name, failure_text};
static const dkm_codes ways = {DKM_FINITE_SYMMETRIC + 1, way_name, way_text};
static const dkm_codes frames = {DKM_FINITE_FOLLOWING + 1, frame_name, frame_text};

enum {
  E_N, E_N_SE, E_SPINS, E_MODES, LIMIT, BOUND, BOUND_PAPER,
  XI, XI_SE, XI_MF, ALPHA_RE, ALPHA_RE_SE, ALPHA_RE_MF, ALPHA_IM, ALPHA_IM_SE, ALPHA_IM_MF, OCCUPATION, OCCUPATION_SE,
  SPIN, SPIN_SE, SPIN_MF,
  RATE, RATE_PAPER, WAY, FRAME, FAILURE, TRAJECTORIES, JUMPS, LEVELS_SPIN, LEVELS_MODE, MEMORY, EDGE, TRACE, NEGATIVITY, STEP_ERROR,
  METHOD, STEPS, WALL_TIME, N_FIELDS
};

#define TIME(name, text)  {name, DKM_FLOAT64, DKM_SCALE_NUMBER, DKM_PER_TIME, 0, 1, "1", text, NULL}
#define MODE(name, text)  {name, DKM_FLOAT64, DKM_SCALE_NUMBER, DKM_PER_TIME_AND_MODE, 0, 1, "1", text, NULL}
#define SPINS(name, text) {name, DKM_FLOAT64, DKM_SCALE_NUMBER, DKM_PER_TIME_AND_SPIN, 0, 1, "1", text, NULL}
#define POINT(scale, name, type, text) {name, type, DKM_SCALE_##scale, DKM_PER_POINT, 0, 1, "1", text, NULL}
#define CODE(name, text, codes)        {name, DKM_UINT8, DKM_SCALE_NUMBER, DKM_PER_POINT, 0, 1, "1", text, &codes}

static const dkm_field rows[] = {
    [E_N] = TIME("E_N", "mean squared distance of all classes and modes from the mean field, Eq. (9)"),
    [E_N_SE] = TIME("E_N_se", "standard error of E_N, of trajectories"),
    [E_SPINS] = TIME("E_N_spins", "the part of the spins in E_N"),
    [E_MODES] = TIME("E_N_modes", "the part of the modes in E_N"),
    [LIMIT] = TIME("N_E_N_limit", "limit of N E_N for N -> infinity: Gaussian fluctuations about the mean field"),
    [BOUND] = TIME("log_bound", "logarithm of the bound E_N(0) exp(bound_rate t); NaN with losses of single spins"),
    [BOUND_PAPER] = TIME("log_bound_paper", "logarithm of the bound of the paper, E_N(0) exp(bound_rate_paper t)"),
    [XI] = MODE("xi", "overlap with the pattern of the mode"),
    [XI_SE] = MODE("xi_se", "standard error of xi"),
    [XI_MF] = MODE("xi_mean_field", "xi of the mean field"),
    [ALPHA_RE] = MODE("alpha_re", "real part of the mode's amplitude alpha"),
    [ALPHA_RE_SE] = MODE("alpha_re_se", "standard error of alpha_re"),
    [ALPHA_RE_MF] = MODE("alpha_re_mean_field", "alpha_re of the mean field"),
    [ALPHA_IM] = MODE("alpha_im", "imaginary part of the mode's amplitude alpha"),
    [ALPHA_IM_SE] = MODE("alpha_im_se", "standard error of alpha_im"),
    [ALPHA_IM_MF] = MODE("alpha_im_mean_field", "alpha_im of the mean field"),
    [OCCUPATION] = MODE("occupation", "photons of the mode by spins of a class; |alpha|^2 of the mean field"),
    [OCCUPATION_SE] = MODE("occupation_se", "standard error of the occupation"),
    [SPIN] = SPINS("spin", "mean of sigma over the spins of the class"),
    [SPIN_SE] = SPINS("spin_se", "standard error of spin"),
    [SPIN_MF] = SPINS("spin_mean_field", "spin of the mean field"),
    [RATE] = POINT(RATE, "bound_rate", DKM_FLOAT64, "3 sqrt(2 M) |g0|: ln E_N grows no faster"),
    [RATE_PAPER] = POINT(RATE, "bound_rate_paper", DKM_FLOAT64, "the paper's constant C, with d0 as the proof of Lemma 4 has it"),
    [WAY] = CODE("dynamics", "how the dynamics were computed", ways),
    [FRAME] = CODE("frame", "which classical amplitudes and directions states were kept relative to", frames),
    [FAILURE] = CODE("failure", "why nothing was computed", failures),
    [TRAJECTORIES] = POINT(NUMBER, "n_trajectories", DKM_INT64, "trajectories that were averaged"),
    [JUMPS] = POINT(NUMBER, "n_jumps", DKM_INT64, "photons that they lost"),
    [LEVELS_SPIN] = POINT(NUMBER, "levels_spin", DKM_INT32, "largest number of levels of a class"),
    [LEVELS_MODE] = POINT(NUMBER, "levels_mode", DKM_INT32, "largest number of levels of a mode"),
    [MEMORY] = {"memory_needed", DKM_FLOAT64, DKM_SCALE_NUMBER, DKM_PER_POINT, 0, 1, "megabyte",
                "MB that the state and its steps took at most; of a failure for memory, that the first that did not fit would have", NULL},
    [EDGE] = POINT(NUMBER, "edge_weight", DKM_FLOAT64, "largest weight of the last two levels"),
    [TRACE] = POINT(NUMBER, "trace_error", DKM_FLOAT64, "largest distance of the trace from 1"),
    [NEGATIVITY] = POINT(NUMBER, "negativity", DKM_FLOAT64, "smallest power of ten that makes the last density matrix positive; 0: it is"),
    [STEP_ERROR] = POINT(NUMBER, "step_error", DKM_FLOAT64, "sum of the estimated errors of all steps, of one trajectory"),
    [METHOD] = POINT(NUMBER, "method", DKM_UINT8, "version of the methods behind the record"),
    [STEPS] = POINT(NUMBER, "steps", DKM_INT64, "number of integration steps, attempts included"),
    [WALL_TIME] = {"wall_time", DKM_FLOAT64, DKM_SCALE_TIME, DKM_PER_POINT, 0, 0, "s", "time spent on the point", NULL},
};
const dkm_field_list dkm_exactness_fields = {rows, N_FIELDS};
_Static_assert((int)N_FIELDS <= (int)DKM_MOST_FIELDS, "DKM_MOST_FIELDS is too small");

/* ---- filling ---- */

/* Where numbers go. */
typedef struct target {
  const dkm_form *form;
  void *record;
} target;

static void put(target to, int field, int64_t i, double value) {
  dkm_field_put(rows[field].type, dkm_form_member(to.form, to.record, field), (int)i, value);
}

static void put_modes(target to, int64_t i, const dkm_finite_model *model, const double *mean, const double *error,
                      const double *mean_field) {
  const int M = model->n_modes, K = dkm_finite_classes(model), own = dkm_finite_columns(model);
  for (int mu = 0; mu < M; mu++) {
    const int c = dkm_finite_column_mode(K, mu);
    const int64_t at = i * M + mu;
    put(to, XI, at, mean[own + mu]);
    put(to, XI_SE, at, error[own + mu]);
    put(to, XI_MF, at, dkm_exactness_overlap(model, mean_field + 2, mu));
    put(to, ALPHA_RE, at, mean[c]);
    put(to, ALPHA_RE_SE, at, error[c]);
    put(to, ALPHA_RE_MF, at, mean_field[3 * K + 2 * mu]);
    put(to, ALPHA_IM, at, mean[c + 1]);
    put(to, ALPHA_IM_SE, at, error[c + 1]);
    put(to, ALPHA_IM_MF, at, mean_field[3 * K + 2 * mu + 1]);
    put(to, OCCUPATION, at, mean[c + 2]);
    put(to, OCCUPATION_SE, at, error[c + 2]);
  }
}

/* The components of all classes follow each other in rows, as they do in records. */
static void put_spins(target to, int64_t i, const dkm_finite_model *model, const double *mean, const double *error,
                      const double *mean_field) {
  const int n = 3 * dkm_finite_classes(model), c = dkm_finite_column_spin(0);
  for (int a = 0; a < n; a++) {
    put(to, SPIN, i * n + a, mean[c + a]);
    put(to, SPIN_SE, i * n + a, error[c + a]);
    put(to, SPIN_MF, i * n + a, mean_field[a]);
  }
}

static void put_time(target to, int64_t i, const dkm_exactness_result *r) {
  const int columns = dkm_exactness_columns(r->model);
  const double *mean = r->mean + i * columns, *error = r->errors + i * columns;
  const double *mean_field = r->mean_field + i * dkm_finite_mean_field_columns(r->model);
  put(to, E_N, i, mean[DKM_FINITE_ERROR]);
  put(to, E_N_SE, i, error[DKM_FINITE_ERROR]);
  put(to, E_SPINS, i, mean[DKM_FINITE_ERROR_SPINS]);
  put(to, E_MODES, i, mean[DKM_FINITE_ERROR_MODES]);
  put(to, LIMIT, i, r->limit[3 * i]);
  put(to, BOUND, i, dkm_finite_log_bound(r->model, dkm_finite_constant(r->model), r->times[i]));
  put(to, BOUND_PAPER, i, dkm_finite_log_bound(r->model, dkm_finite_constant_paper(r->model), r->times[i]));
  put_modes(to, i, r->model, mean, error, mean_field);
  put_spins(to, i, r->model, mean, error, mean_field);
}

static int most_levels(const dkm_finite_diagnostics *said, int first, int n) {
  int most = 0;
  for (int f = first; f < first + n; f++) most = said->levels[f] > most ? said->levels[f] : most;
  return most;
}

static void put_needs(target to, const dkm_finite_model *model, const dkm_finite_diagnostics *said) {
  const int M = model->n_modes, K = dkm_finite_classes(model);
  const bool symmetric = said->method == DKM_FINITE_SYMMETRIC;
  put(to, LEVELS_SPIN, 0, symmetric ? model->spins_per_class + 1 : most_levels(said, 0, K));
  put(to, LEVELS_MODE, 0, symmetric ? said->levels[1] : most_levels(said, K, M));
  put(to, MEMORY, 0, 1e-6 * said->memory);
}

void dkm_exactness_fill(const dkm_form *form, void *record, const dkm_exactness_result *r) {
  const target to = {form, record};
  for (int64_t i = 0; i < r->n_times; i++) put_time(to, i, r);
  put(to, RATE, 0, dkm_finite_constant(r->model));
  put(to, RATE_PAPER, 0, dkm_finite_constant_paper(r->model));
  put(to, WAY, 0, r->said->method);
  put(to, FRAME, 0, r->said->frame);
  put(to, FAILURE, 0, DKM_EXACTNESS_DONE);
  put(to, TRAJECTORIES, 0, r->said->method == DKM_FINITE_TRAJECTORIES ? (double)r->said->n_trajectories : 0.0);
  put(to, JUMPS, 0, (double)r->said->n_jumps);
  put_needs(to, r->model, r->said);
  put(to, EDGE, 0, r->said->edge_weight);
  put(to, TRACE, 0, r->said->trace_error);
  put(to, NEGATIVITY, 0, r->said->negativity);
  put(to, STEP_ERROR, 0, r->said->step_error);
  put(to, STEPS, 0, (double)(r->said->steps + r->said->rejected));
}

void dkm_exactness_fill_failure(const dkm_form *form, void *record, dkm_exactness_failure why, const dkm_finite_model *model,
                                const dkm_finite_diagnostics *said) {
  const target to = {form, record};
  put(to, FAILURE, 0, why);
  put(to, STEPS, 0, 0);
  put(to, WAY, 0, 0);
  put(to, FRAME, 0, 0);
  if (why == DKM_EXACTNESS_MEMORY) put_needs(to, model, said);
}

bool dkm_exactness_has_failed(const dkm_form *form, const void *record) {
  return dkm_form_value(form, record, FAILURE, 0) != DKM_EXACTNESS_DONE;
}

/* ---- what theory has against a record ---- */

/* E_N(0) of a product state with the spins that the record has at the start, which losses (of one class and one mode) may have made
 * shorter than 1.  Computed anew, as it is to judge what finite_check.c said. */
static double start_error(const dkm_form *form, const void *record, const dkm_point *point, int K, int M) {
  double sum = M + 2.0 * K;
  for (int k = 0; k < K && dkm_point_has_losses(point); k++) {
    sum += 1.0;
    for (int a = 0; a < 3; a++) {
      const double m = dkm_form_value(form, record, SPIN_MF, 3 * k + a);
      sum -= m * m;
    }
  }
  return sum / (double)point->spins_per_class;
}

bool dkm_exactness_check(const dkm_job *job, int64_t i_point, const void *record, char *why, size_t why_bytes) {
  dkm_form form;
  dkm_point point;
  dkm_form_of(job, &form);
  dkm_job_point(job, i_point, &point);
  if (dkm_exactness_has_failed(&form, record)) return true;
  const int M = job->system.n_modes, K = (int)job->system.n_classes;
  const double start = start_error(&form, record, &point, K, M), allowed = 1e-7;
  for (int64_t i = 0; i < job->exactness.n_times; i++) {
    const double E = dkm_form_value(&form, record, E_N, (int)i), se = dkm_form_value(&form, record, E_N_SE, (int)i);
    const double bound = dkm_form_value(&form, record, BOUND, (int)i), t = job->exactness.times[i];
    if (!(E > 0.0)) {
      snprintf(why, why_bytes, "E_N is %g at t = %g, but a sum of squares", E, t);
      return false;
    }
    if (i == 0 && !(fabs(E - start) <= allowed * start)) {
      snprintf(why, why_bytes, "E_N is %.12g at the start, but %s is %.12g", E,
               dkm_point_has_losses(&point) ? "(4 - |m|^2)/N" : "(2 K + M)/N", start);
      return false;
    }
    if (log(E) > bound + allowed && log(fmax(E - 5.0 * se, 1e-300)) > bound + allowed) {
      snprintf(why, why_bytes, "ln E_N is %.12g at t = %g, above its bound %.12g", log(E), t, bound);
      return false;
    }
    for (int j = 0; j < M; j++) {
      const double xi = dkm_form_value(&form, record, XI, (int)i * M + j);
      if (!(fabs(xi) <= 1.0 + allowed)) {
        snprintf(why, why_bytes, "|xi| is %.12g at t = %g, above 1", fabs(xi), t);
        return false;
      }
    }
  }
  return true;
}
