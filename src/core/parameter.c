/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parameter: the table; see dickemap/parameter.h. */
#include "dickemap/parameter.h"

#include "dickemap/finite.h"
#include "dickemap/spins.h"

#include <math.h>
#include <string.h>

/* Type and shape of a member are those that it has in dkm_point; one of another kind does not compile. */
#define MEMBER(group, member)                                                                                          \
  .name = #member, .key = #group "." #member, .offset = offsetof(dkm_point, member), .units = "1",                     \
  .type = _Generic(((dkm_point *)0)->member,                                                                           \
      double: DKM_FLOAT64,                                                                                             \
      double *: DKM_FLOAT64,                                                                                           \
      int: DKM_INT32,                                                                                                  \
      int64_t: DKM_INT64),                                                                                             \
  .per_mode = _Generic(((dkm_point *)0)->member, double *: true, default: false)

#define REQUIRED NAN

const dkm_parameter dkm_parameters[] = {
    {MEMBER(model, g0), .scale = DKM_SCALE_RATE, .limits = {.min = 0, .max = INFINITY}, .fallback = REQUIRED,
     .long_name = "coupling", .description = "spin-boson coupling"},
    {MEMBER(model, Omega), .scale = DKM_SCALE_RATE, .limits = {.min = -INFINITY, .max = INFINITY}, .fallback = REQUIRED,
     .long_name = "half the level splitting of a spin", .description = "half the level splitting of a spin"},
    {MEMBER(model, Omega_mu), .scale = DKM_SCALE_RATE, .limits = {.min = -INFINITY, .max = INFINITY, .not_zero = true},
     .fallback = REQUIRED, .long_name = "mode frequencies",
     .description = "mode frequencies; one value serves all modes; negative: blue detuning"},
    {MEMBER(model, kappa_mu), .scale = DKM_SCALE_RATE, .limits = {.min = 0, .max = INFINITY, .min_excluded = true},
     .fallback = REQUIRED, .long_name = "boson loss rates", .description = "boson loss rates"},
    {MEMBER(initial, pattern), .limits = {.min = 1, .max = DKM_MAX_MODES, .integer = true, .up_to_modes = true},
     .fallback = 1, .long_name = "the cue", .description = "the cue: the pattern that the start resembles"},
    {MEMBER(initial, overlap), .limits = {.min = -1, .max = 1}, .fallback = 1, .long_name = "with the cue at the start",
     .description = "z = overlap · f at the start, the rest of each unit spin along −x"},
    {MEMBER(initial, perturbation), .limits = {.min = 0, .max = 1}, .fallback = 0,
     .long_name = "random tilt of every spin at the start",
     .description =
         "tangent of the angle by which the spins of each class are tilted in a random direction of the class"},
    {MEMBER(initial, seed), .limits = {.min = 0, .max = (double)DKM_MAX_SEED, .integer = true}, .fallback = 1,
     .long_name = "of the tilt", .description = "of the random directions, and of the spins that `flip_exactly` draws"},
    {MEMBER(initial, flip), .limits = {.min = 0, .max = 1}, .fallback = 0, .later = true,
     .long_name = "probability that a spin of the cue is flipped",
     .description = "probability with which each spin starts with −z; the mean spin of a class is then shorter"},
    {MEMBER(initial, flip_exactly), .limits = {.min = 0, .max = (double)DKM_MAX_CLASSES, .integer = true},
     .fallback = 0, .later = true, .long_name = "number of spins of the cue that are flipped",
     .description = "of `mapping: matrix` and `random`: number of spins that start with −z, drawn by the seed"},
    {MEMBER(initial, mixture), .limits = {.min = -INFINITY, .max = INFINITY}, .fallback = 0, .later = true,
     .long_name = "weights of the patterns in the cue",
     .description = "weights of the patterns in a sum whose sign is the cue in place of `pattern`; all 0: none"},
    {MEMBER(model, pattern_seed), .limits = {.min = 0, .max = (double)DKM_MAX_SEED, .integer = true}, .fallback = 1,
     .later = true, .long_name = "of random patterns", .description = "of `mapping: random`: draws the patterns"},
    {MEMBER(model, gamma_down), .scale = DKM_SCALE_RATE, .limits = {.min = 0, .max = INFINITY}, .fallback = 0,
     .later = true, .long_name = "rate of decay of single spins towards x = -1",
     .description = "rate at which each spin decays by itself towards x = −1"},
    {MEMBER(model, gamma_up), .scale = DKM_SCALE_RATE, .limits = {.min = 0, .max = INFINITY}, .fallback = 0,
     .later = true, .long_name = "rate of pumping of single spins towards x = +1",
     .description = "rate at which each spin is pumped by itself towards x = +1"},
    {MEMBER(model, gamma_phi), .scale = DKM_SCALE_RATE, .limits = {.min = 0, .max = INFINITY}, .fallback = 0,
     .later = true, .long_name = "rate of dephasing of single spins",
     .description = "rate at which each spin loses by itself the phase of its precession about x"},
    {MEMBER(model, imbalance), .limits = {.min = -1, .max = 1}, .fallback = 0, .later = true,
     .long_name = "of co- and counter-rotating couplings",
     .description = "η = (λ₋ − λ₊)/(λ₋ + λ₊) of the co- and counter-rotating couplings λ₋, λ₊, "
                    "with `g0` = (λ₋ + λ₊)/2: 0 the Dicke model, 1 Tavis-Cummings, −1 counter-rotating terms alone"},
    {MEMBER(drive, duration), .scale = DKM_SCALE_TIME, .limits = {.min = 0, .max = INFINITY}, .fallback = 0,
     .later = true, .long_name = "of the drive",
     .description = "how long the drive takes, or its period; above 0 where `drive.time` is given"},
    {MEMBER(model, spins_per_class), .limits = {.min = 0, .max = DKM_FINITE_MAX_SPINS, .integer = true}, .fallback = 0,
     .later = true, .long_name = "spins of each class",
     .description = "of `task: exactness`: N, the number of spins of each class"},
};
const int dkm_n_parameters = sizeof dkm_parameters / sizeof *dkm_parameters;
_Static_assert(sizeof dkm_parameters / sizeof *dkm_parameters <= DKM_MOST_PARAMETERS,
               "DKM_MOST_PARAMETERS is too small");

bool dkm_limits_allow(const dkm_limits *limits, double value) {
  return isfinite(value) && (limits->min_excluded ? value > limits->min : value >= limits->min) &&
         value <= limits->max && !(limits->not_zero && value == 0) && !(limits->integer && value != floor(value));
}

const dkm_parameter *dkm_parameter_at(size_t offset) {
  for (int i = 0; i < dkm_n_parameters; i++)
    if (dkm_parameters[i].offset == offset) return &dkm_parameters[i];
  return NULL;
}

const dkm_parameter *dkm_parameter_named(const char *name, size_t name_bytes) {
  for (int i = 0; i < dkm_n_parameters; i++)
    if (strlen(dkm_parameters[i].name) == name_bytes && memcmp(dkm_parameters[i].name, name, name_bytes) == 0)
      return &dkm_parameters[i];
  return NULL;
}

dkm_limits dkm_parameter_limits(const dkm_parameter *parameter, int n_modes) {
  dkm_limits limits = parameter->limits;
  if (limits.up_to_modes) limits.max = n_modes;
  return limits;
}

double dkm_parameter_get(const dkm_parameter *parameter, const dkm_point *point, int mode) {
  return dkm_field_value(parameter->type, (const char *)point + parameter->offset, mode > 0 ? mode - 1 : 0);
}

void dkm_parameter_set(const dkm_parameter *parameter, dkm_point *point, int n_modes, int mode, double value) {
  const int n = parameter->per_mode ? n_modes : 1;
  for (int i = 0; i < n; i++)
    if (mode == 0 || mode == i + 1) dkm_field_put(parameter->type, (char *)point + parameter->offset, i, value);
}

bool dkm_point_equal(const dkm_point *a, const dkm_point *b, int n_modes) {
  for (int i = 0; i < dkm_n_parameters; i++) {
    const dkm_parameter *p = &dkm_parameters[i];
    const size_t bytes = dkm_field_type_bytes(p->type) * (p->per_mode ? (size_t)n_modes : 1);
    if (memcmp((const char *)a + p->offset, (const char *)b + p->offset, bytes) != 0) return false;
  }
  return true;
}
