/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parameter: what a point consists of, described once.
 *
 * The one table dkm_parameters says of each member of dkm_point how a job spells it, which values it may have and what
 * it means.  Everything that deals with parameters goes through its rows: the keys of a job and their defaults, axes,
 * `point --at`, the canonical text, the equality of points and with it matching and resuming, what `point` lists, the
 * attributes of trajectories, coordinates.  What is the same for all points of a job has rows of its own (option.h).
 *
 * To add a parameter of the model:
 *   1. a member of dkm_point (model.h): double, int or int64_t, or an array of DKM_MAX_MODES doubles for one that each
 *      mode has; 0 should mean "as before", for C programs that do not know it;
 *   2. its row in parameter.c, with `later` set and a default that means "as before", so that files and texts of
 *      earlier versions stay what they are;
 *   3. its physics; and where people and tests have a list of them, which fail and say what is missing: jobs/README.md and
 *      the manual page (test_manuals.c), QUANTITIES in test_job_messages.c, ANOTHER in test_resume.py. */
#ifndef DICKEMAP_PARAMETER_H
#define DICKEMAP_PARAMETER_H
#include <stdbool.h>

#include "dickemap/model.h"
#include "dickemap/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which numbers are allowed; infinite values and NaN never are. */
typedef struct dkm_limits {
  double min, max;
  bool min_excluded, not_zero, integer;
  bool up_to_modes; /* max is the number of patterns instead */
} dkm_limits;

bool dkm_limits_allow(const dkm_limits *limits, double value);

typedef struct dkm_parameter {
  const char *name;        /* of axes and in files: "Omega_mu" */
  const char *key;         /* in a job: "model.Omega_mu" */
  size_t offset;           /* in dkm_point */
  dkm_field_type type;     /* DKM_FLOAT64; or a whole number, which 32 bits hold */
  bool per_mode;           /* an array of DKM_MAX_MODES, of which M count; in a job a list of 1 or M values */
  dkm_field_scale scale;   /* a number, a rate or frequency, a time */
  const char *units;       /* UDUNITS; "1" for numbers and for what is in the job's unit of frequency */
  dkm_limits limits;
  double fallback;         /* its default; NaN: a key or an axis must give it */
  bool later;              /* came after files were written: no line in canonical texts where it has its default */
  const char *long_name;   /* a few words beside its value */
  const char *description; /* for manuals; words to be typed in backticks */
} dkm_parameter;

/* In the order of canonical texts and listings. */
extern const dkm_parameter dkm_parameters[];
extern const int dkm_n_parameters;

/* Never more than so many, for those who keep something of each. */
enum { DKM_MOST_PARAMETERS = 32 };

/* The row of a member: DKM_PARAMETER(seed). */
#define DKM_PARAMETER(member) dkm_parameter_at(offsetof(dkm_point, member))
const dkm_parameter *dkm_parameter_at(size_t offset);

/* The row whose name has these name_bytes bytes; NULL if there is none. */
const dkm_parameter *dkm_parameter_named(const char *name, size_t name_bytes);

/* Its limits among n_modes patterns. */
dkm_limits dkm_parameter_limits(const dkm_parameter *parameter, int n_modes);

/* What a point has of it, and a value given to it.  Modes count from 1; 0 for what modes do not have, and of what they
 * have: the first mode, all n_modes modes. */
double dkm_parameter_get(const dkm_parameter *parameter, const dkm_point *point, int mode);
void dkm_parameter_set(const dkm_parameter *parameter, dkm_point *point, int n_modes, int mode, double value);

/* Whether all parameters are equal bit for bit, those of modes up to n_modes: then, and only then, two points have the
 * same record. */
bool dkm_point_equal(const dkm_point *a, const dkm_point *b, int n_modes);

#ifdef __cplusplus
}
#endif

#endif
