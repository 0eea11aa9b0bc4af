/* SPDX-License-Identifier: GPL-3.0-or-later */
/* labels: the dimensions along which the records of a job lie, and what labels them.
 *
 *   dimensions   those of the points, one for each axis or zip group of the job, in its order; then those of the field
 *   coordinates  the values of every axis, and the numbers of modes, outcomes, states, classes
 *   tables       what is the same for all points: correlations of the patterns, couplings and weights of classes
 *
 * The output file has them, and what session.h hands to other languages. */
#ifndef DICKEMAP_LABELS_H
#define DICKEMAP_LABELS_H
#include "dickemap/basins.h"
#include "dickemap/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- dimensions ---- */

/* Of a job without axes: one dimension of length 1, since netCDF readers label dimensions, not scalars. */
#define DKM_LONE_DIMENSION "point"
#define DKM_LONE_CELL      "cell" /* where that is the name of the starts of the one point */

enum { DKM_MOST_DIMS = DKM_MAX_AXES + 3 };

/* In C order, the last varies fastest. Names are the job's, or constants. */
typedef struct dkm_dims {
  int n;
  const char *name[DKM_MOST_DIMS];
  int64_t size[DKM_MOST_DIMS];
} dkm_dims;

/* Those of the points, at least one. */
void dkm_dims_of_points(const dkm_job *job, dkm_dims *dims);

/* How long those of fields are. */
typedef struct dkm_counts {
  int n_modes;
  int64_t n_classes, n_states, n_times;
} dkm_counts;

dkm_counts dkm_counts_of(const dkm_job *job);

/* Those that follow for a field of that shape, behind the ones that are there. */
void dkm_dims_add(dkm_dims *dims, dkm_shape shape, const dkm_counts *counts);

/* The product of all sizes. */
int64_t dkm_dims_values(const dkm_dims *dims);

/* ---- coordinates ---- */

typedef struct dkm_coordinate {
  const char *name, *long_name;
  char units[DKM_UNITS_BYTES];
  const char *dim;       /* along which its n values lie; its name if it is that dimension's own */
  dkm_field_type type;
  int64_t n;
  const double *values;  /* NULL: first, first + 1, ... */
  int32_t first;
  const char *meanings;  /* of values that are codes, one word each, separated by spaces; NULL */
  const dkm_axis *axis;  /* whose values they are; NULL */
} dkm_coordinate;

enum {
  DKM_MOST_COORDINATES = 2 * DKM_MAX_AXES + 6,
  DKM_MOST_OUTCOMES = 2 * DKM_MAX_MODES + 16
};

/* All of a job, which they point into, and into the struct itself: it may not be copied. */
typedef struct dkm_coordinates {
  int n;
  dkm_coordinate rows[DKM_MOST_COORDINATES];
  double outcomes[DKM_MOST_OUTCOMES];
  char outcome_words[DKM_MOST_OUTCOMES * DKM_OUTCOME_BYTES];
} dkm_coordinates;

void dkm_coordinates_of(const dkm_job *job, dkm_coordinates *coordinates);

/* ---- tables ---- */

typedef struct dkm_table {
  const char *name, *long_name; /* units are 1 */
  dkm_dims dims;
  const double *values; /* the job's; NULL: matrices of correlations, dkm_job_correlations of each value of the first dimension */
} dkm_table;

enum { DKM_MOST_TABLES = 3 };

/* Fills tables[DKM_MOST_TABLES], returns their number: none for +-1 patterns, which M and the mapping tell. */
int dkm_tables_of(const dkm_job *job, dkm_table *tables);

/* ---- beside the fields ---- */

/* What else lies on the grid: marks of points; and, of a job that keeps them, final states, x[K] y[K] z[K] Re beta[M] Im beta[M],
 * in parts.  Units are 1. */
typedef enum dkm_beside {
  DKM_BESIDE_STATUS,
  DKM_BESIDE_CHECKSUM,
  DKM_BESIDE_M,
  DKM_BESIDE_BETA_RE,
  DKM_BESIDE_BETA_IM,
  DKM_N_BESIDES
} dkm_beside;

typedef struct dkm_beside_name {
  const char *name, *long_name;
} dkm_beside_name;

extern const dkm_beside_name dkm_besides[DKM_N_BESIDES];

/* How many a job has, the first ones. */
int dkm_besides_of(const dkm_job *job);

/* The dimensions that follow those of the points. */
void dkm_dims_add_beside(dkm_dims *dims, dkm_beside which, int n_modes, int64_t n_classes);

/* ---- codes ---- */

/* The names of all codes, separated by spaces, and what each of them means, for `flag_meanings` and `comment` of a field;
 * cut if too long. */
void dkm_codes_print(const dkm_codes *codes, char *names, size_t names_bytes, char *comment, size_t comment_bytes);

/* Values of `status`, which says of each point whether it is done. */
enum { DKM_STATUS_TODO = 0, DKM_STATUS_DONE = 1, DKM_STATUS_POINT_FAILED = 2 };
extern const dkm_codes dkm_status_codes;

/* What is to be said of a field beside its long_name; "" if nothing. */
const char *dkm_field_comment(const dkm_field *field);

#ifdef __cplusplus
}
#endif

#endif
