/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job: a YAML file -> a validated job; a point's index <-> its parameters.
 *
 * Reading goes through libcyaml: one schema, unknown keys refused.  Every message names file,
 * line, key, value and the allowed range. */
#ifndef DICKEMAP_JOB_H
#define DICKEMAP_JOB_H
#include "dickemap/drive.h"
#include "dickemap/integrator.h"
#include "dickemap/finite.h"
#include "dickemap/matrix.h"
#include "dickemap/parameter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Axes of a job, also those that advance together: enough for couplings, frequencies, losses and starts
 * of nine modes. HDF5 can have 32 dimensions. */
enum { DKM_MAX_AXES = 24, DKM_NAME_BYTES = 64 };
#define DKM_MAX_POINTS ((int64_t)1000000000)
/* Of all axes together: every process keeps them, 0.8 GB at most. */
#define DKM_MAX_AXIS_VALUES ((int64_t)100000000)
/* Starts that are reduced to one record: a rank keeps a few bytes of each. */
#define DKM_MAX_STARTS ((int64_t)1000000)
/* output.states, at most. */
#define DKM_MAX_STATES ((int64_t)100000)
/* solver.max_steps where a job does not say. */
#define DKM_DEFAULT_MAX_STEPS ((int64_t)1000000)
/* And the largest that it may say: integers up to here are doubles. */
#define DKM_LARGEST_MAX_STEPS ((int64_t)1 << 53)

typedef struct dkm_axis {
  const dkm_parameter *parameter;  /* what it varies */
  int mode;                        /* 1 ... M for one mode of a per-mode parameter; 0: all, or not applicable */
  char name[DKM_NAME_BYTES];       /* as in the file: Omega_mu_2 */
  char long_name[DKM_NAME_BYTES];  /* as in the job: Omega_mu[2] */
  char zip[DKM_NAME_BYTES];        /* group of axes that advance together, "" for none */
  int dim;                         /* the dimension along which it varies, 0 ... n_dims-1; n_dims, n_dims+1: see `reduces`, `searches` */
  int64_t n;
  double *values;                  /* n values, as its parameter allows; strictly monotonic unless zipped */
} dkm_axis;

/* ---- what the task exactness asks (finite.h) ---- */

/* Where the spins, all alike within a class, and the modes, in coherent states, are at time 0. */
typedef enum dkm_exactness_start {
  DKM_EXACTNESS_CUE, /* where a sweep starts: empty modes, or the state that initial.from names */
  DKM_EXACTNESS_REST /* where a sweep ends, if that is a fixed point of the mean field */
} dkm_exactness_start;

typedef struct dkm_exactness {
  double t_end;
  int64_t n_times;
  double *times;            /* t_end * i/(n_times - 1); the job's */
  dkm_exactness_start start;
  dkm_finite_method method; /* DKM_FINITE_AUTO, _MASTER or _TRAJECTORIES */
  dkm_finite_frame frame;
  int64_t n_trajectories;
  double edge;              /* weight of the last two levels of a factor, at most */
  double memory;            /* of a density matrix, in MB: what takes more is done by trajectories */
} dkm_exactness;

/* exactness.points and exactness.trajectories, at most. */
#define DKM_EXACTNESS_MAX_TIMES        1e5
#define DKM_EXACTNESS_MAX_TRAJECTORIES 1e6

/* A list of numbers, names of files, and a file with its bytes: everything that a job names travels with it. */
typedef struct dkm_numbers {
  int n;
  double *values;
} dkm_numbers;

typedef struct dkm_file_names {
  int n;
  char **names; /* as the job spells them */
} dkm_file_names;

typedef struct dkm_job_file {
  char *name;
  void *bytes;
  size_t n_bytes;
} dkm_job_file;

typedef struct dkm_job {
  const struct dkm_task *task;     /* what is asked of each point (task.h) */
  char *path;                      /* as given */
  char *text;                      /* the file verbatim */
  int n_sets;
  char **sets;                     /* n_sets strings "key=value" that were applied to it, in order */
  char *title;                     /* "" if absent */
  char *unit;                      /* of frequencies, as UDUNITS writes it; "1" if absent */
  dkm_system system;               /* of all points, or the largest of any (dkm_system.spins) */
  dkm_numbers values, probabilities;
  dkm_numbers drive_time, drive_g0, drive_Omega;
  bool drive_repeats;
  dkm_drive *drive;                /* what they make, of the system's view; NULL: none */
  dkm_file_names matrix_file, image_files, cue_file, from_file;
  dkm_reading shades;
  int64_t n_spins;                 /* of a finite number of spins; 0 */
  int n_files;
  dkm_job_file *files;             /* that the keys above name, each once */
  struct dkm_job_tables *tables;   /* what the system is a view of */
  char *warning;                   /* something that is hardly meant; NULL: nothing */
  dkm_point base;                  /* the point before axes are applied: the file's values, and the first
                                      value of each axis for what that axis varies */
  dkm_solver solver;
  bool sensitivity_given;          /* the job has the key solver.sensitivity; otherwise it is off */
  bool keep_state;                 /* output: state: final */
  int64_t n_states;                /* of task `states`: room for so many a point, */
  int most_inverted;               /* and how many classes of spins may be turned against their fields */
  dkm_exactness exactness;         /* of the task of that name */
  int n_axes;
  dkm_axis axes[DKM_MAX_AXES];
  int n_dims;                      /* axes of one zip group share a dimension */
  int64_t shape[DKM_MAX_AXES];     /* of each dimension; C order: the last varies fastest */
  char dim_name[DKM_MAX_AXES][DKM_NAME_BYTES]; /* the axis's name, or the zip group's */
  int64_t n_points;                /* product of shape; 1 for a job without axes */
  bool reduces;                    /* one dimension more, n_dims, is that of the starts of each point */
  int64_t n_starts;                /* its length; 1 without */
  bool searches;                   /* and another one, n_dims + 1, that along which the smallest fatal value is searched */
} dkm_job;

/* Reads and validates. sets: n_sets strings "key=value" that override keys of the file
 * (`model.Omega=0.4`, `solver.t_max=1e5`, `axes.g0.points=50`, `model.Omega_mu=[1,2]`), in order; axes are
 * named as the file names them, `axes=[...]` replaces them all.  Values are YAML; a list of numbers may do
 * without its brackets (`model.kappa_mu=1`).
 * An axis has either `values`, or `file`, or from, to, points, scale, sample, seed: setting one of them drops the others; a linear or
 * logarithmic axis ends exactly at `to`, and with points: 1 needs `from` alone.
 * A setting without effect is refused, since axes give what it sets.
 * text and sets together reproduce the job: dkm_job_parse(path, text, n_sets, sets).
 * Fails with DKM_INPUT (the job is wrong or cannot be read) or DKM_MEMORY; *job is then
 * empty.  Checks everything that can be checked without integrating. */
dkm_status dkm_job_read(dkm_job *job, const char *path, int n_sets, const char *const *sets, dkm_error *err);

/* The same of a job that may lack parameters: each that no key and no axis gives takes the first of n_more settings that is of its
 * key, "model.g0=1.1", which then counts among the job's sets.  The others are left alone, and so is a list of one value in brackets,
 * "model.Omega_mu=[1]", if there are several modes: it is that of mode 1.  Messages about one say where it came from:
 * "--at g0=-1: ...".  Keys of the solver may be set whatever the task is, as a point is followed by them. */
dkm_status dkm_job_read_completed(dkm_job *job, const char *path, int n_sets, const char *const *sets, int n_more,
                                  const char *const *more, dkm_error *err);

/* The same from text in memory: path is for messages, and says in which folder the files are that the job names. */
dkm_status dkm_job_read_text(dkm_job *job, const char *path, const char *text, int n_sets, const char *const *sets,
                             dkm_error *err);

/* The same from text in memory, also with settings without effect; path is only for messages. A file that it names must
 * be among `files`, whose bytes are copied. */
dkm_status dkm_job_parse_with_files(dkm_job *job, const char *path, const char *text, int n_sets, const char *const *sets,
                                    int n_files, const dkm_job_file *files, dkm_error *err);

/* The same for a job that names none. */
dkm_status dkm_job_parse(dkm_job *job, const char *path, const char *text, int n_sets, const char *const *sets,
                         dkm_error *err);
void dkm_job_free(dkm_job *job);

/* How the states of an output file, path, become bytes (states.h) for a job that starts from them and whose system is known
 * already: the core reads no such files.  Set once, before jobs are read; without it a job that names one is refused. */
typedef dkm_status dkm_states_reader(const char *path, const dkm_job *job, void **bytes, size_t *n_bytes,
                                     dkm_error *err);
void dkm_job_set_states_reader(dkm_states_reader *reader);

/* The lines of the canonical text that are about the system; malloc'ed, NULL if out of memory. */
char *dkm_job_canonical_system(const dkm_job *job);

/* Whether the job's task knows a point that is none of the job's own, which were checked when it was read.  DKM_INPUT, with the
 * parameter that it does not know. */
dkm_status dkm_job_check_point(const dkm_job *job, const dkm_point *point, dkm_error *err);

/* Parameters of point i = 0 ... n_points-1 of the flattened grid; of its first start, where several are reduced. */
void dkm_job_point(const dkm_job *job, int64_t i_point, dkm_point *point);

/* The same of start j = 0 ... n_starts-1; with the first value of what is searched along. */
void dkm_job_start(const dkm_job *job, int64_t i_point, int64_t j, dkm_point *point);

/* Whether any point of the job may start off its pattern's symmetric subspace (start.h), so that an evaluator needs
 * room for all classes. */
bool dkm_job_needs_all_classes(const dkm_job *job);

/* Which kinds of equations its points may have, while a drive goes on included. */
void dkm_job_dynamics(const dkm_job *job, bool occurs[DKM_N_DYNAMICS]);

/* The axis along which the correlations of its patterns change; NULL: none. */
const dkm_axis *dkm_job_correlation_axis(const dkm_job *job);

/* How many matrices of correlations a file has: 0 for +-1 patterns, which have none, and where it would take more than
 * seconds to draw all random patterns; otherwise 1, or one for each value of that axis. */
int64_t dkm_job_n_correlations(const dkm_job *job);

/* The correlations of its patterns, C[mu*M + nu] (system.h), with no spin flipped, for value i of that axis (0 without). Fails
 * with DKM_MEMORY. */
dkm_status dkm_job_correlations(const dkm_job *job, int64_t i, double *C, dkm_error *err);

/* Whether the axis seed draws something, but nothing at those points where both initial.perturbation and flip_exactly are 0. */
bool dkm_job_seeds_in_part(const dkm_job *job);

/* Whether any point of the job flips spins exactly, so that its classes depend on more than couplings. */
bool dkm_job_flips_spins(const dkm_job *job);

/* The single spins of a job, of mappings that have a finite number of them; else NULL. The job's. */
const struct dkm_spins *dkm_job_spins(const dkm_job *job);

/* Index along each dimension: i_point = (index[0]*shape[1] + index[1])*shape[2] + ...; 0 along those that are no part of the grid. */
void dkm_job_index(const dkm_job *job, int64_t i_point, int64_t index[DKM_MAX_AXES]);

/* The point of such indices, along the dimensions of the grid. */
int64_t dkm_job_i_point(const dkm_job *job, const int64_t index[DKM_MAX_AXES]);

/* Gives a point the values of all axes at such indices. */
void dkm_job_set_axes(const dkm_job *job, const int64_t index[DKM_MAX_AXES], dkm_point *point);

/* "point 5 (g0=0.3, pattern=2)" into out[out_bytes], cut if too long; returns out. */
const char *dkm_job_describe_point(const dkm_job *job, int64_t i_point, char *out, size_t out_bytes);

/* Applies one "name=value" of `point --at` to a point: any parameter, in the spelling of
 * axes; or all axes of a zip group by its name and the index along it, from 0, as its coordinate in the file counts.
 * Fails with DKM_INPUT, also for a point that the job's system knows nothing of, or has no room for: more spins
 * flipped than any of the job's points has (DKM_PARAMETER(flip_exactly)).  *point is then what it was. */
dkm_status dkm_job_assign(const dkm_job *job, dkm_point *point, const char *assignment, dkm_error *err);

/* The `sets` that were applied, one a line; malloc'ed, NULL if out of memory. */
char *dkm_job_join_sets(const dkm_job *job);

/* Everything that changes results, one "key = value" a line, in a fixed order and spelling:
 * two jobs compute the same records if and only if these texts are equal.  malloc'ed, the
 * caller frees; NULL if out of memory. */
char *dkm_job_canonical(const dkm_job *job);

/* The keys whose lines differ between two canonical texts, separated by ", ", into
 * out[out_bytes]; returns their number.  A key that a text lacks, as one of an earlier version may, has its default
 * there. */
int dkm_job_differences(const char *canonical_a, const char *canonical_b, char *out, size_t out_bytes);

#ifdef __cplusplus
}
#endif

#endif
