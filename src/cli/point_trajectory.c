/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The trajectory of a point; see point_trajectory.h.
 *
 * The same start is integrated once more and sampled at uniform times. */
#include "point_trajectory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "dickemap/store.h"
#include "dickemap/trajectory.h"

/* Without --t-end a trajectory shows the transient, many times the life time 2/kappa of a mode, as long as that of
 * the record went on: which may have been settled at once. */
static const double least_kappa_t = 20, default_kappa_t = 200, default_samples = 1000, max_samples = 1e7;

static void print_columns(FILE *file, const char *name, int n_modes) {
  for (int mu = 1; mu <= n_modes; mu++) fprintf(file, ",%s_%d", name, mu);
}

static void print_trajectory(FILE *file, const dkm_trajectory *trajectory) {
  const int M = trajectory->n_modes;
  const double *columns[] = {trajectory->xi, trajectory->alpha_re, trajectory->alpha_im};
  fputs("t", file);
  print_columns(file, "xi", M);
  print_columns(file, "alpha_re", M);
  print_columns(file, "alpha_im", M);
  fputc('\n', file);
  for (int64_t i = 0; i < trajectory->n; i++) {
    char text[DKM_NUMBER_BYTES];
    fprintf(file, "%s", dkm_cli_number(trajectory->t[i], text));
    for (int c = 0; c < 3; c++)
      for (int mu = 0; mu < M; mu++) fprintf(file, ",%.17g", columns[c][i * M + mu]);
    fputc('\n', file);
  }
}

static bool ends_in(const char *name, const char *ending) {
  const size_t n = strlen(name), m = strlen(ending);
  return n > m && strcmp(name + n - m, ending) == 0;
}

/* To a file that does not exist yet; what could not be written whole is removed. */
static dkm_status write_trajectory(const char *path, const dkm_job *job, const dkm_point *point,
                                   const dkm_trajectory *trajectory, dkm_error *err) {
  if (strcmp(path, "-") == 0) {
    print_trajectory(stdout, trajectory);
    return DKM_OK;
  }
  if (ends_in(path, ".h5")) return dkm_store_write_trajectory(path, job, point, trajectory, err);
  FILE *file = fopen(path, "wx");
  if (!file) return dkm_fail(err, DKM_INPUT, "%s: cannot be written: %s", path, strerror(errno));
  print_trajectory(file, trajectory);
  bool whole = !ferror(file);
  if (fclose(file)) whole = false;
  if (whole) return DKM_OK;
  remove(path);
  return dkm_fail(err, DKM_IO, "%s: could not be written whole", path);
}

bool dkm_point_samples_are_printed(const dkm_point_samples *samples) {
  return samples->path && strcmp(samples->path, "-") == 0;
}

dkm_status dkm_point_samples_check(const dkm_point_samples *s, dkm_error *err) {
  if (!s->path && (s->t_start > 0 || s->t_end > 0 || s->dt > 0))
    return dkm_fail(err, DKM_INPUT, "point: --t-start, --t-end and --dt are about a trajectory; --trajectory is missing");
  if (s->path && !dkm_point_samples_are_printed(s) && !ends_in(s->path, ".csv") && !ends_in(s->path, ".h5"))
    return dkm_fail(err, DKM_INPUT,
                    "point: --trajectory %s: must be a name that ends in .csv or .h5, or - for standard output (CSV)", s->path);
  if (s->t_end > 0 && s->t_start >= s->t_end)
    return dkm_fail(err, DKM_INPUT, "point: --t-start %g must be before --t-end %g", s->t_start, s->t_end);
  return DKM_OK;
}

dkm_status dkm_point_samples_check_file(const dkm_point_samples *s, dkm_error *err) {
  return s->path ? dkm_cli_check_new(s->path, err) : DKM_OK;
}

dkm_status dkm_point_samples_write(const dkm_point_samples *s, const dkm_job *job, const dkm_point *point, double t_record,
                                   const char *cpu, dkm_error *err) {
  dkm_trajectory trajectory;
  double t_end = s->t_end, kappa = INFINITY;
  for (int mu = 0; mu < job->system.n_modes; mu++) kappa = fmin(kappa, point->kappa_mu[mu]);
  if (t_end == 0) t_end = s->t_start + fmin(fmax(t_record, least_kappa_t / kappa), default_kappa_t / kappa);
  const double length = t_end - s->t_start, dt = s->dt > 0 ? s->dt : length / default_samples;
  if (length / dt > max_samples)
    return dkm_fail(err, DKM_INPUT, "point: --t-end %g with --dt %g gives %.3g samples, but at most %g are allowed", t_end, dt,
                    length / dt, max_samples);
  const dkm_course course = {.system = &job->system, .point = point, .solver = &job->solver, .cpu = cpu};
  dkm_status status = dkm_trajectory_compute(&course, s->t_start, t_end, dt, &trajectory, err);
  if (status) return status;
  status = write_trajectory(s->path, job, point, &trajectory, err);
  dkm_trajectory_free(&trajectory);
  return status;
}
