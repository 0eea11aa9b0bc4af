/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session: a job in the memory of another program, for other languages: Python (ctypes), Julia (ccall), MATLAB (loadlibrary).
 *
 *   dkm_error error;
 *   dkm_session *session;
 *   if (dkm_session_open("jobs/fig3.yaml", NULL, 0, NULL, NULL, &session, &error)) ... error.message ...
 *   records = room for dkm_session_n_points(session) * dkm_session_record_bytes(session) bytes
 *   dkm_session_run(session, 0, n_points, &(dkm_session_records){.records = records, .status = status}, NULL, NULL, &error)
 *   for each variable of kind DKM_SESSION_FIELD: its values of point i are at records + i * record_bytes + offset
 *   dkm_session_close(session)
 *
 * Everything here is plain C: numbers, texts that end with 0, structs of these, and one handle.  Values are the same bits as those
 * of `dickemap run`.  No file is read but those that the job names, nothing is printed, no signal is caught, no thread started.
 *
 * Ownership.  What a function writes goes into memory of the caller.  Texts that are returned, or stand in structs, are the
 * session's (or constants) and live until dkm_session_close.
 * Threads.  A session serves one call at a time; several sessions are independent of one another.
 * Errors.  Functions that can fail return 0, or a dkm_status (status.h) and a sentence in err->message (err may be NULL). */
#ifndef DICKEMAP_SESSION_H
#define DICKEMAP_SESSION_H
#include <stdint.h>

#include "dickemap/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever a signature or a struct of this header changes: whoever was written for another one must not go on. */
enum { DKM_SESSION_VERSION = 4 };
int dkm_session_version(void);

typedef struct dkm_session dkm_session;

/* Reads a job. text: NULL reads it from the file `path`; otherwise it is the job, `path` its name in messages, and files that it
 * names are looked for from the folder of `path`.  sets: n_sets texts "key=value" as of `--set`.  cpu: the instruction set, NULL
 * for the best.  Fails with DKM_INPUT (the job is wrong, or starts from an output file, which this library cannot read),
 * DKM_IO, DKM_MEMORY; *out is then NULL. */
dkm_status dkm_session_open(const char *path, const char *text, int n_sets, const char *const *sets, const char *cpu,
                            dkm_session **out, dkm_error *err);
void dkm_session_close(dkm_session *session); /* NULL is allowed */

/* ---- the job ---- */

int64_t dkm_session_n_points(const dkm_session *session);
int dkm_session_n_modes(const dkm_session *session);
int64_t dkm_session_n_classes(const dkm_session *session); /* of spins; the most that any point has */
double dkm_session_alpha_factor(const dkm_session *session); /* alpha = alpha_factor beta */

/* Texts: "title", "unit", "task", "job", "job_sets" (one a line), "job_canonical" (everything that changes results), "warning" (something
 * that is hardly meant; "" if nothing).  NULL for another name. */
const char *dkm_session_text(const dkm_session *session, const char *name);

/* The key that gives a quantity in a job, "model.g0" of "g0"; NULL if there is no such quantity. */
const char *dkm_session_key(const char *quantity);

/* ---- variables: coordinates, tables, fields ---- */

enum { DKM_SESSION_DIMS = 27 };

typedef enum dkm_session_kind {
  DKM_SESSION_COORDINATE, /* values along one dimension: of an axis, or numbers of modes, outcomes, states, classes */
  DKM_SESSION_TABLE,      /* values that are the same for all points */
  DKM_SESSION_FIELD,      /* of the records; the first dimensions are those of the points */
  DKM_SESSION_MARK,       /* status and checksum of the points, as dkm_session_run gives them */
  DKM_SESSION_STATE       /* m, beta_re, beta_im: parts of the final states, if the job keeps them */
} dkm_session_kind;

/* What the output file says of it. */
typedef struct dkm_session_variable {
  int32_t kind;                    /* dkm_session_kind */
  int32_t is_axis;                 /* 1: a coordinate that the job varies; then long_name is its name in the job, Omega_mu[2] */
  int32_t n_dims;
  int32_t n_flags;                 /* of codes: their number, else 0 */
  int64_t shape[DKM_SESSION_DIMS]; /* C order: the last dimension varies fastest */
  int64_t offset;                  /* of a field: of its first value in a record */
  int64_t n_values;                /* of a field: in a record, one after the other; else all of them */
  double fill;                     /* of a field or a state: what `_FillValue` is for points that are not done */
  const char *name, *dims;         /* dims: names of dimensions, separated by spaces */
  const char *type;                /* "float64", "int64", "int32", "int8", "uint8", "uint32": the machine's own byte order */
  const char *units, *long_name, *comment; /* "" for no comment */
  const char *flag_meanings;       /* names of codes, separated by spaces; codes of fields count from 0, those of coordinates are
                                      its values; "" for numbers */
} dkm_session_variable;

int dkm_session_n_variables(const dkm_session *session);

/* Variable i = 0 ... n_variables - 1, in the order of the file. Returns 0 if there is none. */
int dkm_session_describe(const dkm_session *session, int i, dkm_session_variable *variable);

/* The n_values values of a coordinate or a table.  Fails with DKM_INPUT for fields, DKM_MEMORY. */
dkm_status dkm_session_values(const dkm_session *session, int i, double *values, dkm_error *err);

/* ---- points ---- */

int64_t dkm_session_record_bytes(const dkm_session *session);

/* Doubles of a final state, x[K] y[K] z[K] Re beta[M] Im beta[M]; 0 unless the job says `output: {state: final}`. */
int64_t dkm_session_state_values(const dkm_session *session);

/* Asked every few milliseconds, or, while the spectrum of a large system is computed, after seconds, and between the points of
 * `task: states`; n_done: points that are finished.  Another value than 0 ends the computation. */
typedef int dkm_session_interrupt(void *context, int64_t n_done);

/* Where results go, one point after the other; all but `records` may be NULL. */
typedef struct dkm_session_records {
  void *records;       /* record_bytes of each, aligned as by malloc */
  double *states;      /* state_values of each */
  uint8_t *status;     /* 1: done, 2: done though the integration failed, 0: not done */
  uint32_t *checksums; /* as in the file */
} dkm_session_records;

/* Computes points first ... first+count-1. interrupt may be NULL.
 * Fails with DKM_STOPPED where `interrupt` ended it (what `status` says is done is whole), DKM_INPUT, DKM_MEMORY. */
dkm_status dkm_session_run(dkm_session *session, int64_t first, int64_t count, const dkm_session_records *to,
                           dkm_session_interrupt *interrupt, void *context, dkm_error *err);

/* A quantity of a point, "g0"; mode = 1 ... M of those that each mode has, else 0.  NaN if there is none of that name. */
double dkm_session_quantity(const dkm_session *session, int64_t i_point, const char *quantity, int mode);

/* What theory says of the M patterns at a point: forms[nu*4 + i], i = 0: g_crit, 1: g_retrieve, 2: |xi|, 3: |alpha|^2; NaN where
 * there is no such state.  Fails with DKM_INPUT, DKM_MEMORY. */
dkm_status dkm_session_closed_forms(const dkm_session *session, int64_t i_point, double *forms, dkm_error *err);

/* Samples of a trajectory, i = 0 ... n-1. */
typedef struct dkm_session_samples {
  int64_t n;
  const double *t;    /* given: t_from <= t[0] <= t[1] <= ... */
  const double *from; /* a state of this point, dkm_session_state_values of it, to go on from, at t_from; NULL: its start, at 0 */
  double t_from;
  double *xi, *alpha_re, *alpha_im; /* [i*M + mu] */
  double *L;     /* the Lyapunov function of landscape.h; NaN where energy is not only lost by the modes: losses of single spins,
                    unbalanced couplings, drives; may be NULL */
  double *spins; /* [(i*K + k)*3 + c] of class k; NaN for classes that the point does not have; may be NULL */
} dkm_session_samples;

/* The way of a point through time.  Interrupted between samples only.  Fails with DKM_INPUT, DKM_MEMORY, DKM_NUMERIC, DKM_STOPPED. */
dkm_status dkm_session_trajectory(dkm_session *session, int64_t i_point, const dkm_session_samples *to,
                                  dkm_session_interrupt *interrupt, void *context, dkm_error *err);

#ifdef __cplusplus
}
#endif

#endif
