/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record: what the program says about one point, and the one table that describes it.
 *
 * This is the record of a trajectory, of the task `sweep`; those of others are in task.h.  The table `dkm_fields` drives
 * everything that touches it: creation, writing and reading of the output file, checksums, `point`'s listing and analysis/FILES.md.
 * A new field is a member of dkm_record and a row in the table, nothing else. */
#ifndef DICKEMAP_RECORD_H
#define DICKEMAP_RECORD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dickemap/system.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Verdicts in the order of their codes in the file, from 1 (0, DKM_VERDICT_NONE, is a record that was never written):
 * name, meaning. */
#define DKM_VERDICT_LIST(X)                                                                        \
  X(FIXED_POINT, fixed_point, "all variables come to rest")                                        \
  X(DARK_PRECESSION, dark_precession, "order parameters steady, some spins precess undamped")      \
  X(LIMIT_CYCLE, limit_cycle, "order parameters periodic")                                         \
  X(QUASIPERIODIC, quasiperiodic, "order parameters oscillate with several frequencies")           \
  X(IRREGULAR, irregular, "order parameters bounded, neither steady nor regular")                  \
  X(UNDECIDED, undecided, "t_max or max_steps reached before any of the others could be shown")    \
  X(FAILED, failed, "the integration failed, see `failure`")                                       \
  X(RELAXING, relaxing, "order parameters are on their way to a state at rest, for longer than was followed")  \
  X(HETEROCLINIC, heteroclinic, "order parameters switch between saddles, for ever longer times")

typedef enum dkm_verdict {
  DKM_VERDICT_NONE,
#define DKM_VERDICT_ENUM(NAME, name, text) DKM_VERDICT_##NAME,
  DKM_VERDICT_LIST(DKM_VERDICT_ENUM)
#undef DKM_VERDICT_ENUM
  DKM_N_VERDICTS /* codes are 1 ... DKM_N_VERDICTS - 1 */
} dkm_verdict;

/* How it is known that the trajectory ends where the record says. */
#define DKM_HOW_LIST(X)                                                                                          \
  X(NOT_APPLICABLE, not_applicable, "the end is not known, or is an oscillation")                                \
  X(REACHED, reached, "the trajectory was followed until a damped fixed point could not let it go")              \
  X(SETTLED, settled, "the Lyapunov function fell below every barrier, or the end is known in closed form")      \
  X(PREDICTED, predicted, "no proof: the state towards which spins with their present energies lead, for long")  \
  X(SYMMETRIC, symmetric, "settled but for the sign, which is that of the state so far")

typedef enum dkm_how {
#define DKM_HOW_ENUM(NAME, name, text) DKM_HOW_##NAME,
  DKM_HOW_LIST(DKM_HOW_ENUM)
#undef DKM_HOW_ENUM
  DKM_N_HOWS
} dkm_how;

/* The version of the methods behind verdicts: raised whenever records may change. 1: version 0.1.0, 2: by theorem
 * (landscape.h), 3: limit cycles by shooting, exponents over all of the time (cycle.h, exponent.h). */
enum { DKM_RECORD_METHOD = 3 };

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

/* Whether limits of the work have shaped a record: with larger ones the same point may be told more of.  Where they have not,
 * larger ones give the same bits. */
#define DKM_LIMITED_LIST(X)                                                                        \
  X(NO, no, "larger solver.max_steps and t_max give the same record")                              \
  X(YES, yes, "solver.max_steps or t_max had a say: larger ones may give another record")          \
  X(UNKNOWN, unknown, "made by a version that did not note it")

typedef enum dkm_limited {
#define DKM_LIMITED_ENUM(NAME, name, text) DKM_LIMITED_##NAME,
  DKM_LIMITED_LIST(DKM_LIMITED_ENUM)
#undef DKM_LIMITED_ENUM
  DKM_N_LIMITEDS
} dkm_limited;

/* `retrieved` of method 1 (version 0.1.0) beside 0 and +-nu: another overlap was above 1 % of the largest. */
enum { DKM_RETRIEVED_MIXTURE = 127 };

/* Everything is dimensionless or in the job's unit of frequency (times: its inverse).
 * For a stationary verdict xi and alpha are the exact limit, for a limit cycle means over its period; for any other, means
 * over the last window.  Not-applicable floating-point members are NaN. */
typedef struct dkm_record {
  double xi[DKM_MAX_MODES];         /* overlaps */
  double xi_rms[DKM_MAX_MODES];     /* rms of xi about its mean, last window of the integration */
  double occupation[DKM_MAX_MODES]; /* |alpha_mu|^2, the paper's normalisation */
  double alpha_re[DKM_MAX_MODES], alpha_im[DKM_MAX_MODES];
  double xi_limit[DKM_MAX_MODES];   /* relaxing, undecided: overlaps of the state that it is on its way to, if known */
  double xi_error;    /* bound on the error of each xi, see analysis/FILES.md */
  double xi_second;   /* |xi|, second largest (of xi, whatever `retrieved` is that of) */
  double L_end, L_limit, L_saddle; /* sign(Omega_mu) L (landscape.h) when the integration ended, at the end state, and at
                         the lowest barrier that encloses it */
  double t_settled;   /* time from which the outcome could not change any more */
  double relaxation_rate, relaxation_rate_error; /* of the order parameters, at which they approach the limit */
  double relaxation_time; /* time at which they would be within 1e-3 of it */
  double residual;    /* max |u'| at the state that the record describes */
  double drift;       /* stationary: distance of xi from its limit when the integration ended; limit_cycle: of the order
                         parameters from the cycle (modes in units of the couplings, as xi: units.h); otherwise: change of
                         the mean of xi between the halves of the last window of samples, or the last two windows without */
  double precession;  /* largest transverse part of a spin about its field, max_k |m_k - c_k B_k/|B_k||, or Floquet axis */
  double growth_rate; /* largest real part in the spectrum of the fixed point, or Floquet exponent of the limit cycle,
                         neutral ones left out */
  double decay_rate;  /* of the slowest damped direction, > 0 */
  int32_t n_unstable; /* directions that grow */
  int32_t n_neutral;  /* directions that neither grow nor decay (dark precession, lengths; not the flow along a cycle) */
  double amplitude;   /* oscillating: the largest of xi_amplitude */
  double xi_amplitude[DKM_MAX_MODES]; /* oscillating: half of peak to peak of each xi */
  double period;      /* limit_cycle: of the order parameters */
  double cycle_residual; /* limit_cycle: max_i |u_i(period) - u_i(0)| on the cycle, see cycle.h */
  double frequency_1; /* angular; limit_cycle: 2 pi/period; quasiperiodic: of the leading line of the spectrum */
  double frequency_2; /* quasiperiodic: of the leading line that is no multiple of it */
  double lyapunov;    /* oscillating: largest Lyapunov exponent, over the time that separations were followed without a
                         break; quasiperiodic: over its second half; limit_cycle: 0, along the flow */
  double lyapunov_error; /* its standard error (exponent.h) */
  double lyapunov_times; /* irregular: that time times the exponent */
  double power, power_error; /* oscillating: mean of E' over the last window (motion.h), and its error, both in the
                                unit of frequency squared; limit_cycle: 0 */
  double amplification; /* largest growth of a small difference on the way, until the outcome was settled (sensitivity.h) */
  double amplification_total; /* the same until t_end */
  double x_mean;      /* sum_k w_k x_k of the state that the record describes; of what is periodic the mean over a period */
  double x_theory;    /* of every spin in the cue's pattern state, or the normal state below g_crit */
  double xi_theory;   /* |xi_cue| of Eq. 12, NaN for Omega = 0 */
  double g_crit;      /* g_nu of the cue */
  double g_retrieve;  /* g_ret of the cue, NaN if the Omega_mu have different signs */
  double t_end;       /* time at which the integration ended */
  int64_t steps;
  double wall_time;   /* seconds; the only field that is not reproducible */
  int32_t period_multiple; /* with a drive that repeats: `period` in periods of the drive; 0: not applicable */
  uint8_t verdict;    /* dkm_verdict */
  uint8_t failure;    /* dkm_failure */
  int8_t retrieved;   /* +-nu: pattern of the leading overlap, 0: none; of xi_limit where that end is certain, else of xi */
  uint8_t how;        /* dkm_how */
  uint8_t method;     /* DKM_RECORD_METHOD of the program that made it */
  uint8_t sensitive;  /* dkm_sensitive */
  uint8_t limited;    /* dkm_limited */
} dkm_record;

typedef enum dkm_field_type { DKM_FLOAT64, DKM_INT64, DKM_INT32, DKM_INT8, DKM_UINT8 } dkm_field_type;

/* What a value is: a number; an overlap, in units of the couplings (units.h); a rate or frequency; a product of two; a time. */
typedef enum dkm_field_scale {
  DKM_SCALE_NUMBER,
  DKM_SCALE_OVERLAP,
  DKM_SCALE_RATE,
  DKM_SCALE_RATE_SQUARED,
  DKM_SCALE_TIME
} dkm_field_scale;

/* How many values a point has of a field, and along which dimensions of the dataset they lie, after those of the points. */
typedef enum dkm_shape {
  DKM_PER_POINT,          /* one */
  DKM_PER_MODE,           /* M, mode */
  DKM_PER_OUTCOME,        /* outcome: basins.h */
  DKM_PER_STATE,          /* state: as many as a job has room for */
  DKM_PER_STATE_AND_MODE, /* state, mode */
  DKM_PER_TIME,           /* time: of the task exactness (job.h) */
  DKM_PER_TIME_AND_MODE,  /* time, mode */
  DKM_PER_TIME_AND_SPIN,  /* time, class, xyz */
  DKM_N_SHAPES
} dkm_shape;

/* The codes of a field that is one: 0 ... n-1, their names and texts. */
typedef struct dkm_codes {
  int n;
  const char *(*name)(int code), *(*text)(int code);
} dkm_codes;

typedef struct dkm_field {
  const char *name;      /* of the dataset */
  dkm_field_type type;
  dkm_field_scale scale; /* of DKM_FLOAT64 */
  dkm_shape shape;
  size_t offset;         /* in dkm_record, where members that are per mode are arrays of DKM_MAX_MODES; else 0 (task.h) */
  int reproducible;      /* 1: part of the checksum */
  const char *units;     /* UDUNITS; "1" for numbers and for what is in the job's unit of frequency: dkm_unit_text */
  const char *long_name;
  const dkm_codes *codes; /* NULL: it is a number */
} dkm_field;

/* The units of values that have `units` and `scale`, where frequencies are in `unit`: into out, which is returned. */
enum { DKM_UNITS_BYTES = 64 };
const char *dkm_unit_text(const char *units, dkm_field_scale scale, const char *unit, char out[DKM_UNITS_BYTES]);

/* All fields of a kind of record. */
typedef struct dkm_field_list {
  const dkm_field *rows;
  int n;
} dkm_field_list;

extern const dkm_field dkm_fields[];
extern const int dkm_n_fields;
extern const dkm_field_list dkm_record_fields; /* both */

/* Never more than so many, for those who keep something of each. */
enum { DKM_MOST_FIELDS = 72 };

size_t dkm_field_type_bytes(dkm_field_type type);

/* Value i of a member that is of that type, or an array of it; and a number put there, which the type must hold. */
double dkm_field_value(dkm_field_type type, const void *member, int i);
void dkm_field_put(dkm_field_type type, void *member, int i, double value);

/* A value of the field's type that no record holds, for cells of a file that were never written: NaN, a count below 0, a code
 * that does not exist; 0 of `verdict` and `method`, which sparse files read too. */
const void *dkm_field_fill(const dkm_field *field);

/* The first field of a record that is done whose code does not exist; NULL if there is none. */
const dkm_field *dkm_record_unknown_code(const dkm_record *record);

/* In a record that was read: a code that its file does not name, or names in a way that nobody knows here. */
enum { DKM_CODE_UNKNOWN = 255 };

/* Names of codes, for flag_meanings and messages; "?" for a code that does not exist. */
const char *dkm_verdict_name(int verdict);
const char *dkm_verdict_text(int verdict);
const char *dkm_failure_name(int failure);
const char *dkm_failure_text(int failure);
const char *dkm_how_name(int how);
const char *dkm_how_text(int how);
const char *dkm_sensitive_name(int sensitive);
const char *dkm_sensitive_text(int sensitive);
const char *dkm_limited_name(int limited);
const char *dkm_limited_text(int limited);

/* Overlaps of the end: xi_limit where that is certain, else xi. */
const double *dkm_record_end(const dkm_record *record);

/* The threshold of `retrieved`: an overlap that is smaller is none. */
#define DKM_RETRIEVED_OVERLAP 1e-6

/* `retrieved` of overlaps xi (n_modes values): +-nu, nu = 1 ... M, for the largest |xi| with its sign if that exceeds
 * the threshold, otherwise 0.  *second: the second largest |xi|, 0 for one mode.  Of equal ones the first counts as
 * the largest; with a NaN among them 0, and *second is NaN. */
int8_t dkm_record_leading(const double *xi, int n_modes, double threshold, double *second);

/* Whether a trajectory under way is certain to end in xi_limit, `symmetric`: but for the sign.  (What is `predicted` rests on what
 * the overlaps themselves have done for long, and xi_limit is no more than what lies downhill from there.) */
bool dkm_record_limit_is_certain(const dkm_record *record);

/* Fills `retrieved` and xi_second from what the record says of its n_modes overlaps, their error, and how the end is known. */
void dkm_record_name_pattern(dkm_record *record, int n_modes);

/* A record of verdict `undecided`, sensitive `not_measured`, limited `unknown` and this program's method, with NaN and 0 everywhere
 * else. */
void dkm_record_clear(dkm_record *record);

/* Whether order parameters are steady, or on their way to be. */
bool dkm_record_comes_to_rest(const dkm_record *record);

/* Whether it is a fixed point with directions that grow. */
bool dkm_record_is_unstable(const dkm_record *record);

/* Whether another version of the methods made it, which this program may not agree with. */
bool dkm_record_is_other(const dkm_record *record);

/* CRC-32 (zlib) of the reproducible fields, M modes each, in the table's order and little
 * endian, followed by `n_state` doubles of `state` (NULL if none was kept). Never 0, so
 * that a cell which was never written is told apart. */
uint32_t dkm_record_checksum(const dkm_record *record, int n_modes, const double *state, size_t n_state);

/* Its parts, for records whose fields are not those of the table: a CRC-32 (0 at first) continued with n values of one
 * field, and the checksum that it is in the end. */
uint32_t dkm_record_crc(uint32_t crc, dkm_field_type type, const void *values, size_t n);
uint32_t dkm_record_crc_end(uint32_t crc);

#ifdef __cplusplus
}
#endif

#endif
