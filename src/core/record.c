/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record: the table of fields, the names of codes, and the checksum.
 *
 * The checksum is over values, not over the memory of a dkm_record: field by field in the
 * table's order, M values where a field is per mode, each as its little-endian bytes.
 * Padding, the unused modes and the machine's byte order therefore leave no trace in it.
 * NaNs enter as one pattern: IEEE 754 leaves their sign and payload to the processor. */
#include "dickemap/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "dickemap/task.h"

typedef struct code {
  const char *name, *text;
} code;

/* Of a field that is a code: dkm_verdict_name, dkm_verdict_text, verdict_codes. */
#define CODE(NAME, name, text) {#name, text},
#define CODES(field, N, ...)                                                                                              \
  static const code field##_list[] = {__VA_ARGS__};                                                                       \
  const char *dkm_##field##_name(int value) { return value >= 0 && value < N ? field##_list[value].name : "?"; }           \
  const char *dkm_##field##_text(int value) { return value >= 0 && value < N ? field##_list[value].text : "?"; }           \
  static const dkm_codes field##_codes = {N, dkm_##field##_name, dkm_##field##_text};
CODES(verdict, DKM_N_VERDICTS, {"none", "never written"}, DKM_VERDICT_LIST(CODE))
CODES(how, DKM_N_HOWS, DKM_HOW_LIST(CODE))
CODES(failure, DKM_N_FAILURES, DKM_FAILURE_LIST(CODE))
CODES(sensitive, DKM_N_SENSITIVES, DKM_SENSITIVE_LIST(CODE))
CODES(limited, DKM_N_LIMITEDS, DKM_LIMITED_LIST(CODE))
#undef CODES
#undef CODE

#define FIELD(member, type, shape, reproducible, units, long_name)                                                      \
  FIELD_AS(NUMBER, member, type, shape, reproducible, units, long_name, NULL)
#define CODED(member, codes, long_name)    FIELD_AS(NUMBER, member, DKM_UINT8, PER_POINT, 1, "1", long_name, codes)
#define OVERLAP(member, shape, long_name)  FIELD_AS(OVERLAP, member, DKM_FLOAT64, shape, 1, "1", long_name, NULL)
#define RATE(member, shape, long_name)     FIELD_AS(RATE, member, DKM_FLOAT64, shape, 1, "1", long_name, NULL)
#define POWER(member, shape, long_name)    FIELD_AS(RATE_SQUARED, member, DKM_FLOAT64, shape, 1, "1", long_name, NULL)
#define TIME(member, shape, long_name)     FIELD_AS(TIME, member, DKM_FLOAT64, shape, 1, "1", long_name, NULL)
#define FIELD_AS(scale, member, type, shape, reproducible, units, long_name, codes)                                    \
  { #member, type, DKM_SCALE_##scale, DKM_##shape, offsetof(dkm_record, member), reproducible, units, long_name, codes }

const dkm_field dkm_fields[] = {
    OVERLAP(xi, PER_MODE, "overlap with the pattern of the mode"),
    OVERLAP(xi_rms, PER_MODE, "rms of xi about its mean over the last window, or the period"),
    FIELD(occupation, DKM_FLOAT64, PER_MODE, 1, "1", "occupation |alpha|^2 of the mode"),
    FIELD(alpha_re, DKM_FLOAT64, PER_MODE, 1, "1", "real part of the mode's amplitude alpha"),
    FIELD(alpha_im, DKM_FLOAT64, PER_MODE, 1, "1", "imaginary part of the mode's amplitude alpha"),
    OVERLAP(xi_error, PER_POINT, "bound on the error of each xi"),
    OVERLAP(xi_second, PER_POINT, "second largest |xi|"),
    OVERLAP(xi_limit, PER_MODE,
          "overlaps of the minimum that a relaxing trajectory is on its way to, with all spins at rest"),
    CODED(verdict, &verdict_codes, "what the trajectory ended in"),
    CODED(how, &how_codes, "how the end is known"),
    FIELD(method, DKM_UINT8, PER_POINT, 1, "1", "version of the methods behind the record"),
    CODED(failure, &failure_codes, "why the integration failed"),
    FIELD(retrieved, DKM_INT8, PER_POINT, 1, "1", "pattern of the leading overlap, with its sign; of xi_limit where that is certain"),
    RATE(residual, PER_POINT, "largest time derivative at the recorded state"),
    OVERLAP(drift, PER_POINT,
          "distance of xi from its limit, of order parameters from their cycle, or change of the mean of xi within the "
          "last window"),
    FIELD(precession, DKM_FLOAT64, PER_POINT, 1, "1",
          "largest transverse part of a spin about its field, or its Floquet axis"),
    RATE(growth_rate, PER_POINT,
         "largest real part in the spectrum of the fixed point, Floquet exponent of a cycle, neutral directions left "
         "out"),
    RATE(decay_rate, PER_POINT, "decay rate of the slowest damped direction"),
    FIELD(n_unstable, DKM_INT32, PER_POINT, 1, "1", "number of directions that grow"),
    FIELD(n_neutral, DKM_INT32, PER_POINT, 1, "1",
          "number of directions that neither grow nor decay, the flow along a cycle left out"),
    OVERLAP(amplitude, PER_POINT, "largest half of peak to peak of an oscillating xi"),
    OVERLAP(xi_amplitude, PER_MODE, "half of peak to peak of an oscillating xi"),
    TIME(period, PER_POINT, "period of a limit cycle"),
    FIELD(period_multiple, DKM_INT32, PER_POINT, 1, "1",
          "period of the order parameters in periods of a drive that repeats, 0 without"),
    FIELD(cycle_residual, DKM_FLOAT64, PER_POINT, 1, "1",
          "largest change of a variable of the limit cycle over its period"),
    RATE(frequency_1, PER_POINT, "angular frequency of a limit cycle, leading one of a torus"),
    RATE(frequency_2, PER_POINT, "second angular frequency of a torus"),
    RATE(lyapunov, PER_POINT, "largest Lyapunov exponent of an oscillation, 0 for a limit cycle"),
    RATE(lyapunov_error, PER_POINT, "standard error of that exponent"),
    FIELD(lyapunov_times, DKM_FLOAT64, PER_POINT, 1, "1", "Lyapunov times that a chaotic motion was followed"),
    POWER(power, PER_POINT,
          "mean change of the energy per spin and time over the last window of an oscillation, a frequency squared"),
    POWER(power_error, PER_POINT, "error of that mean"),
    FIELD(amplification, DKM_FLOAT64, PER_POINT, 1, "1",
          "largest growth of a small difference on the way, until the outcome was settled"),
    FIELD(amplification_total, DKM_FLOAT64, PER_POINT, 1, "1", "largest growth of a small difference until t_end"),
    CODED(sensitive, &sensitive_codes,
          "whether errors of the size of the tolerance may decide the outcome"),
    CODED(limited, &limited_codes, "whether larger limits of the solver may give another record"),
    FIELD(x_mean, DKM_FLOAT64, PER_POINT, 1, "1", "mean of x over the spins, of the recorded state"),
    FIELD(x_theory, DKM_FLOAT64, PER_POINT, 1, "1", "x of the spins in the cue's pattern state, in closed form"),
    OVERLAP(xi_theory, PER_POINT, "|xi| of the cue in closed form (Eq. 12)"),
    RATE(g_crit, PER_POINT, "coupling above which the cue's pattern state exists"),
    RATE(g_retrieve, PER_POINT, "coupling above which the cue's pattern state is stable"),
    RATE(L_end, PER_POINT, "Lyapunov function when the integration ended"),
    RATE(L_limit, PER_POINT, "Lyapunov function of the state at the end of relaxation"),
    RATE(L_saddle, PER_POINT, "lowest barrier around that state, for exact starts within their subspace"),
    TIME(t_settled, PER_POINT, "time from which the outcome was certain, which is not that of rest"),
    RATE(relaxation_rate, PER_POINT, "rate of the slowest way in which this start approaches its limit"),
    RATE(relaxation_rate_error, PER_POINT, "error of that rate"),
    TIME(relaxation_time, PER_POINT, "estimate of the time when overlaps come within 1e-3 of what they relax to"),
    TIME(t_end, PER_POINT, "time at which the integration ended"),
    FIELD(steps, DKM_INT64, PER_POINT, 1, "1", "number of integration steps, attempts included"),
    FIELD_AS(TIME, wall_time, DKM_FLOAT64, PER_POINT, 0, "s", "time spent on the point", NULL),
};
const int dkm_n_fields = sizeof(dkm_fields) / sizeof(dkm_fields[0]);
const dkm_field_list dkm_record_fields = {dkm_fields, sizeof(dkm_fields) / sizeof(dkm_fields[0])};
_Static_assert(sizeof(dkm_fields) / sizeof(dkm_fields[0]) <= DKM_MOST_FIELDS, "DKM_MOST_FIELDS is too small");

const char *dkm_unit_text(const char *units, dkm_field_scale scale, const char *unit, char out[DKM_UNITS_BYTES]) {
  const char *form = "%s";
  if (strcmp(units, "1") != 0 || strcmp(unit, "1") == 0 || scale == DKM_SCALE_NUMBER || scale == DKM_SCALE_OVERLAP)
    unit = units;
  else if (scale == DKM_SCALE_RATE_SQUARED)
    form = "(%s)^2";
  else if (scale == DKM_SCALE_TIME)
    form = "1/(%s)";
  snprintf(out, DKM_UNITS_BYTES, form, unit);
  return out;
}

size_t dkm_field_type_bytes(dkm_field_type type) {
  switch (type) {
  case DKM_FLOAT64:
  case DKM_INT64:
    return 8;
  case DKM_INT32:
    return 4;
  case DKM_INT8:
  case DKM_UINT8:
    return 1;
  }
  return 0;
}

double dkm_field_value(dkm_field_type type, const void *member, int i) {
  switch (type) {
  case DKM_FLOAT64:
    return ((const double *)member)[i];
  case DKM_INT64:
    return (double)((const int64_t *)member)[i];
  case DKM_INT32:
    return ((const int32_t *)member)[i];
  case DKM_INT8:
    return ((const int8_t *)member)[i];
  case DKM_UINT8:
    return ((const uint8_t *)member)[i];
  }
  return NAN;
}

void dkm_field_put(dkm_field_type type, void *member, int i, double value) {
  switch (type) {
  case DKM_FLOAT64:
    ((double *)member)[i] = value;
    break;
  case DKM_INT64:
    ((int64_t *)member)[i] = (int64_t)value;
    break;
  case DKM_INT32:
    ((int32_t *)member)[i] = (int32_t)value;
    break;
  case DKM_INT8:
    ((int8_t *)member)[i] = (int8_t)value;
    break;
  case DKM_UINT8:
    ((uint8_t *)member)[i] = (uint8_t)value;
    break;
  }
}

int8_t dkm_record_leading(const double *xi, int n_modes, double threshold, double *second) {
  int largest = 0;
  for (int mu = 1; mu < n_modes; mu++)
    if (fabs(xi[mu]) > fabs(xi[largest])) largest = mu;
  *second = 0.0;
  for (int mu = 0; mu < n_modes; mu++)
    if (mu != largest && fabs(xi[mu]) > *second) *second = fabs(xi[mu]);
  for (int mu = 0; mu < n_modes; mu++)
    if (isnan(xi[mu])) *second = NAN;
  if (isnan(*second) || !(fabs(xi[largest]) > threshold)) return 0;
  return (int8_t)(xi[largest] > 0.0 ? largest + 1 : -(largest + 1));
}

const void *dkm_field_fill(const dkm_field *field) {
  static const double no_float64 = NAN;
  static const int64_t no_int64 = -1;
  static const int32_t no_int32 = -1;
  static const int8_t no_int8 = INT8_MIN;
  static const uint8_t no_uint8 = UINT8_MAX, never_written = 0;
  if (strcmp(field->name, "verdict") == 0 || strcmp(field->name, "method") == 0) return &never_written;
  switch (field->type) {
  case DKM_FLOAT64:
    return &no_float64;
  case DKM_INT64:
    return &no_int64;
  case DKM_INT32:
    return &no_int32;
  case DKM_INT8:
    return &no_int8;
  case DKM_UINT8:
    return &no_uint8;
  }
  return NULL;
}

const dkm_field *dkm_record_unknown_code(const dkm_record *record) {
  dkm_form form;
  dkm_form_of_sweep(1, &form);
  return dkm_form_unknown_code(&form, record);
}

bool dkm_record_comes_to_rest(const dkm_record *record) {
  return record->verdict == DKM_VERDICT_FIXED_POINT || record->verdict == DKM_VERDICT_DARK_PRECESSION ||
         record->verdict == DKM_VERDICT_RELAXING;
}

bool dkm_record_limit_is_certain(const dkm_record *record) {
  return record->verdict == DKM_VERDICT_RELAXING && !isnan(record->xi_limit[0]) &&
         (record->how == DKM_HOW_SETTLED || record->how == DKM_HOW_SYMMETRIC);
}

const double *dkm_record_end(const dkm_record *record) {
  return dkm_record_limit_is_certain(record) ? record->xi_limit : record->xi;
}

/* Overlaps of a limit that differ by less than this part of them are equal but for rounding. */
static const double equal = 1e-6;

/* Which overlaps on the way need not show yet; of equal ones it is the one that leads there, if one of them does. */
static int8_t pattern_of_limit(const double *limit, int n_modes, int on_the_way) {
  double ignored;
  const int8_t leading = dkm_record_leading(limit, n_modes, DKM_RETRIEVED_OVERLAP, &ignored);
  if (leading == 0 || on_the_way == 0) return leading;
  const double there = limit[abs(on_the_way) - 1];
  if (fabs(there) < (1.0 - equal) * fabs(limit[abs(leading) - 1])) return leading;
  return (int8_t)(there > 0.0 ? abs(on_the_way) : -abs(on_the_way));
}

void dkm_record_name_pattern(dkm_record *record, int n_modes) {
  record->retrieved =
      dkm_record_leading(record->xi, n_modes, fmax(DKM_RETRIEVED_OVERLAP, record->xi_error), &record->xi_second);
  if (dkm_record_limit_is_certain(record))
    record->retrieved = pattern_of_limit(record->xi_limit, n_modes, record->retrieved);
}

bool dkm_record_is_unstable(const dkm_record *record) {
  return record->verdict == DKM_VERDICT_FIXED_POINT && record->n_unstable > 0;
}

bool dkm_record_is_other(const dkm_record *record) {
  return record->method != DKM_RECORD_METHOD;
}

void dkm_record_clear(dkm_record *record) {
  memset(record, 0, sizeof *record);
  for (int i = 0; i < dkm_n_fields; i++) {
    if (dkm_fields[i].type != DKM_FLOAT64) continue;
    double *value = (double *)((char *)record + dkm_fields[i].offset);
    for (int mu = 0; mu < (dkm_fields[i].shape == DKM_PER_MODE ? DKM_MAX_MODES : 1); mu++) value[mu] = NAN;
  }
  record->verdict = DKM_VERDICT_UNDECIDED;
  record->sensitive = DKM_SENSITIVE_NOT_MEASURED;
  record->limited = DKM_LIMITED_UNKNOWN;
  record->method = DKM_RECORD_METHOD;
}

/* The bits of one value of a field, zero-extended. */
static uint64_t value_bits(dkm_field_type type, const void *value) {
  uint64_t bits8 = 0;
  uint32_t bits4 = 0;
  switch (type) {
  case DKM_FLOAT64: {
    double x;
    memcpy(&x, value, 8);
    if (isnan(x)) return UINT64_C(0x7ff8000000000000);
    memcpy(&bits8, &x, 8);
    return bits8;
  }
  case DKM_INT64:
    memcpy(&bits8, value, 8);
    return bits8;
  case DKM_INT32:
    memcpy(&bits4, value, 4);
    return bits4;
  case DKM_INT8:
  case DKM_UINT8:
    return *(const unsigned char *)value;
  }
  return 0;
}

uint32_t dkm_record_crc(uint32_t crc, dkm_field_type type, const void *values, size_t n) {
  enum { CHUNK = 64 };
  unsigned char bytes[8 * CHUNK];
  const size_t size = dkm_field_type_bytes(type);
  for (size_t i = 0; i < n;) {
    size_t n_bytes = 0;
    for (size_t end = n - i < CHUNK ? n : i + CHUNK; i < end; i++) {
      uint64_t bits = value_bits(type, (const char *)values + i * size);
      for (size_t b = 0; b < size; b++, bits >>= 8) bytes[n_bytes++] = (unsigned char)(bits & 0xff);
    }
    crc = (uint32_t)crc32(crc, bytes, (uInt)n_bytes);
  }
  return crc;
}

uint32_t dkm_record_crc_end(uint32_t crc) {
  return crc ? crc : 1;
}

uint32_t dkm_record_checksum(const dkm_record *record, int n_modes, const double *state, size_t n_state) {
  dkm_form form;
  dkm_form_of_sweep(n_modes, &form);
  return dkm_form_checksum(&form, record, state, n_state);
}
