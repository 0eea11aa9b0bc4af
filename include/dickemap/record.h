/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record: what the program says about one point, and the one table that describes it.
 *
 * The table `dkm_fields` drives everything that touches a record: creation, writing and
 * reading of the output file, checksums, `point`'s listing and the README.  A new field is
 * a member of dkm_record and a row in the table, nothing else. */
#ifndef DICKEMAP_RECORD_H
#define DICKEMAP_RECORD_H
#include <stddef.h>
#include <stdint.h>

#include "dickemap/patterns.h"

/* Verdicts in the order of their codes in the file: name, meaning. */
#define DKM_VERDICT_LIST(X)                                                                        \
  X(FIXED_POINT, fixed_point, "all variables are stationary")                                      \
  X(DARK_PRECESSION, dark_precession, "order parameters steady, some spins precess undamped")      \
  X(LIMIT_CYCLE, limit_cycle, "order parameters periodic")                                         \
  X(QUASIPERIODIC, quasiperiodic, "order parameters oscillate with several frequencies")           \
  X(IRREGULAR, irregular, "order parameters bounded, neither steady nor regular")                  \
  X(UNDECIDED, undecided, "t_max reached before any of the others could be shown")                 \
  X(FAILED, failed, "the integration failed, see `failure`")

typedef enum dkm_verdict {
#define DKM_VERDICT_ENUM(NAME, name, text) DKM_VERDICT_##NAME,
  DKM_VERDICT_LIST(DKM_VERDICT_ENUM)
#undef DKM_VERDICT_ENUM
  DKM_N_VERDICTS
} dkm_verdict;

/* Why a point failed. */
#define DKM_FAILURE_LIST(X)                                                                        \
  X(NONE, none, "it did not")                                                                      \
  X(NOT_FINITE, not_finite, "the state became infinite or not a number")                           \
  X(STEP_TOO_SMALL, step_too_small, "the step became too small for time to advance")               \
  X(LENGTH_LOST, length_lost, "a spin's length, a constant of motion, was not conserved")

typedef enum dkm_failure {
#define DKM_FAILURE_ENUM(NAME, name, text) DKM_FAILURE_##NAME,
  DKM_FAILURE_LIST(DKM_FAILURE_ENUM)
#undef DKM_FAILURE_ENUM
  DKM_N_FAILURES
} dkm_failure;

/* Whether errors of the size of the solver's tolerance may have decided the outcome. */
#define DKM_SENSITIVE_LIST(X)                                                                      \
  X(NO, no, "errors of the size of the tolerance do not change the outcome")                       \
  X(YES, yes, "errors of the size of the tolerance may have decided the outcome")                  \
  X(NOT_MEASURED, not_measured, "solver.sensitivity is off, or the integration failed")

typedef enum dkm_sensitive {
#define DKM_SENSITIVE_ENUM(NAME, name, text) DKM_SENSITIVE_##NAME,
  DKM_SENSITIVE_LIST(DKM_SENSITIVE_ENUM)
#undef DKM_SENSITIVE_ENUM
  DKM_N_SENSITIVES
} dkm_sensitive;

/* `retrieved` beside 0 (no overlap above 1e-6) and +-nu: another overlap is above 1 % of the largest. */
enum { DKM_RETRIEVED_MIXTURE = 127 };

/* Everything is dimensionless or in the job's unit of frequency (times: its inverse).
 * For a stationary verdict xi and alpha are the exact limit; for any other, means over the
 * last window.  Not-applicable floating-point members are NaN. */
typedef struct dkm_record {
  double xi[DKM_MAX_MODES];         /* overlaps */
  double xi_rms[DKM_MAX_MODES];     /* rms of xi about its mean, last window of the integration */
  double occupation[DKM_MAX_MODES]; /* |alpha_mu|^2, the paper's normalisation */
  double alpha_re[DKM_MAX_MODES], alpha_im[DKM_MAX_MODES];
  double residual;    /* max |u'| at the state that the record describes */
  double drift;       /* stationary: distance of xi from its limit when the integration ended;
                         otherwise: change of the mean of xi between the last two windows */
  double precession;  /* largest transverse part of a spin about its field, max_k |m_k - c_k B_k/|B_k|| */
  double growth_rate; /* largest real part in the spectrum of the fixed point, neutral ones left out */
  double decay_rate;  /* of the slowest damped direction, > 0 */
  int32_t n_unstable; /* directions that grow */
  int32_t n_neutral;  /* directions that neither grow nor decay (dark precession, lengths) */
  double amplitude;   /* oscillating: largest half of peak to peak of a xi, last window */
  double period;      /* limit_cycle: of the order parameters */
  double frequency_1; /* angular; limit_cycle: 2 pi/period; quasiperiodic: of the leading line of the spectrum */
  double frequency_2; /* quasiperiodic: of the leading line that is no multiple of it */
  double lyapunov;    /* oscillating: largest Lyapunov exponent, measured over the last window */
  double amplification; /* largest growth of a small difference on the way, until the outcome was settled (sensitivity.h) */
  double amplification_total; /* the same until t_end */
  double xi_theory;   /* |xi_cue| of Eq. 12, NaN where it does not apply */
  double g_crit;      /* g_nu of the cue */
  double g_retrieve;  /* g_ret of the cue */
  double t_end;       /* time at which the integration ended */
  int64_t steps;
  double wall_time;   /* seconds; the only field that is not reproducible */
  uint8_t verdict;    /* dkm_verdict */
  uint8_t failure;    /* dkm_failure */
  int8_t retrieved;   /* +-nu, 0: none, DKM_RETRIEVED_MIXTURE */
  uint8_t sensitive;  /* dkm_sensitive */
} dkm_record;

typedef enum dkm_field_type { DKM_FLOAT64, DKM_INT64, DKM_INT32, DKM_INT8, DKM_UINT8 } dkm_field_type;

typedef struct dkm_field {
  const char *name;      /* of the dataset */
  dkm_field_type type;
  int per_mode;          /* 1: M values a point, dataset [..., mode]; 0: one value */
  size_t offset;         /* in dkm_record; per_mode members are arrays of DKM_MAX_MODES */
  int reproducible;      /* 1: part of the checksum */
  const char *units;     /* UDUNITS; "1" for numbers and for the job's unit of frequency */
  const char *long_name;
} dkm_field;

extern const dkm_field dkm_fields[];
extern const int dkm_n_fields;

size_t dkm_field_type_bytes(dkm_field_type type);

/* Names of codes, for flag_meanings and messages; "?" for a code that does not exist. */
const char *dkm_verdict_name(int verdict);
const char *dkm_verdict_text(int verdict);
const char *dkm_failure_name(int failure);
const char *dkm_failure_text(int failure);
const char *dkm_sensitive_name(int sensitive);
const char *dkm_sensitive_text(int sensitive);

/* A record of verdict `undecided` and sensitive `not_measured`, with NaN and 0 everywhere else. */
void dkm_record_clear(dkm_record *record);

/* CRC-32 (zlib) of the reproducible fields, M modes each, in the table's order and little
 * endian, followed by `n_state` doubles of `state` (NULL if none was kept). Never 0, so
 * that a cell which was never written is told apart. */
uint32_t dkm_record_checksum(const dkm_record *record, int n_modes, const double *state, size_t n_state);

#endif
