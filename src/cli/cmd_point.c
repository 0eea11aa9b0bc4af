/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap point: one point of a job, everything about it.
 *
 * The listing has three parts: the parameters; every field of the record, from the table
 * dkm_fields, the sensitivity measured unless the job says off; and the closed forms for each
 * pattern, to compare with.  With --trajectory the same start is integrated once more and sampled
 * at uniform times.  A sample ends a step there, so the steps are not those of the record: both
 * agree to the solver's tolerance, not to the bit. */
#include <complex.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "cli.h"
#include "dickemap/evaluate.h"
#include "dickemap/job.h"
#include "dickemap/sensitivity.h"
#include "dickemap/spins.h"
#include "dickemap/states.h"
#include "dickemap/store.h"
#include "dickemap/theory.h"
#include "point_spins.h"
#include "point_states.h"

/* Without --t-end a trajectory shows the transient, many times the life time 2/kappa of a mode, as long as that of
 * the record went on: which may have been settled at once. */
static const double least_kappa_t = 20, default_kappa_t = 200, default_samples = 1000, max_samples = 1e7;

static const char help[] =
    "usage: dickemap point JOB.yaml --at NAME=VALUE[,NAME=VALUE]... [OPTIONS]\n"
    "Computes one point of a job and prints everything about it, also whether its outcome is determined (unless\n"
    "the job has solver.sensitivity: off).\n\n"
    "      --at NAME=VALUE,...    where: a value for each axis of the job, or for any other quantity that an\n"
    "                             axis may vary, such as g0=1.1,pattern=3,Omega_mu[2]=1.7; for axes that advance\n"
    "                             together the number of the point along them, as in the file from 0: point=8\n"
    "      --trajectory FILE      also write overlaps and modes over time, to FILE.csv or FILE.h5; - prints CSV\n"
    "                             instead of the listing\n"
    "      --t-end T              end of the trajectory (default: that of the record, but at least 20/kappa and at\n"
    "                             most 200/kappa, whichever kappa is the smallest)\n"
    "      --dt D                 distance of its samples (default: t-end/1000)\n"
    "      --spins FILE           also write a table of single spins to FILE.csv, where each starts and ends; for a\n"
    "                             finite number of them (model.mapping: matrix or random)\n"
    "      --states               instead of following the start: all stationary states with every spin along its\n"
    "                             field, stable ones and those between them, with their spectra\n"
    "      --set KEY=VALUE        override a key of the job, such as solver.t_max=1e5; may be repeated\n"
    "      --cpu NAME             instruction set (default: the best that the machine has)\n"
    "  -h, --help                 this text\n";

struct arguments {
  const char *job, *cpu, *trajectory, *spins;
  dkm_texts sets, at;
  bool states;
  double t_end, dt; /* 0: default */
};

/* ---- which point ---- */

/* Applies the items of all --at, separated by commas. */
static dkm_status assign_all(const struct arguments *args, const dkm_job *job, dkm_point *point, dkm_error *err) {
  dkm_status status = DKM_OK;
  for (int i = 0; i < args->at.n && !status; i++) {
    char *items = strdup(args->at.list[i]);
    if (!items) return dkm_fail(err, DKM_MEMORY, "out of memory (--at)");
    for (char *rest = items, *item; !status && (item = strsep(&rest, ","));)
      status = dkm_job_assign(job, point, item, err);
    free(items);
  }
  return status;
}

static bool is_named(const struct arguments *args, const char *name) {
  size_t length = strlen(name);
  for (int i = 0; i < args->at.n; i++)
    for (const char *item = args->at.list[i]; item; item = strchr(item, ',') ? strchr(item, ',') + 1 : NULL)
      if (strncmp(item, name, length) == 0 && item[length] == '=') return true;
  return false;
}

/* As a job spells it, or a file: Omega_mu[2], Omega_mu_2. */
static bool is_axis_named(const struct arguments *args, const dkm_axis *axis) {
  return is_named(args, axis->long_name) || is_named(args, axis->name);
}

/* Whether --at names none of the axes of a zip group, which is then asked for by its own name. */
static bool is_group_missing(const struct arguments *args, const dkm_job *job, const char *group) {
  for (int i = 0; i < job->n_axes; i++)
    if (strcmp(job->axes[i].zip, group) == 0 && is_axis_named(args, &job->axes[i])) return false;
  return true;
}

/* An axis with several values has no default.  Dimension by dimension: if the point still depends on the index
 * after --at, one of its axes has not been given; of a zip group, one of those that --at does not name. */
static dkm_status choose_point(const struct arguments *args, const dkm_job *job, dkm_point *point, dkm_error *err) {
  char missing[DKM_MAX_AXES * (DKM_NAME_BYTES + 2)] = "";
  int64_t stride = job->n_points;
  dkm_job_point(job, 0, point);
  dkm_status status = assign_all(args, job, point, err);
  for (int dim = 0; dim < job->n_dims && !status; dim++) {
    dkm_point last;
    stride /= job->shape[dim];
    dkm_job_point(job, (job->shape[dim] - 1) * stride, &last);
    status = assign_all(args, job, &last, err);
    if (status || dkm_point_equal(point, &last, job->system.n_modes)) continue;
    for (int i = 0; i < job->n_axes; i++) {
      const dkm_axis *axis = &job->axes[i];
      if (axis->dim != dim || is_axis_named(args, axis)) continue;
      const bool as_group = *axis->zip && is_group_missing(args, job, axis->zip);
      snprintf(missing + strlen(missing), sizeof missing - strlen(missing), "%s%s", missing[0] ? ", " : "",
               as_group ? axis->zip : axis->long_name);
      if (as_group) break;
    }
  }
  if (!status && missing[0])
    status = dkm_fail(err, DKM_INPUT, "point: --at must give a value for every axis of %s, but has none for: %s",
                      args->job, missing);
  return status;
}

/* ---- the listing ---- */

static void print_values(const char *name, int n, const double *values, const char *meaning) {
  int width = printf("  %-21s", name);
  for (int i = 0; i < n; i++) width += printf(" %.12g", values[i] + 0.0); /* no -0 */
  printf("%*s  %s\n", width < 49 ? 49 - width : 0, "", meaning);
}

/* How far the patterns are from being orthogonal. */
static void print_correlation(const dkm_system *system) {
  const int M = system->n_modes;
  double C[DKM_MAX_MODES * DKM_MAX_MODES];
  int first = 0, second = 1;
  if (M < 2 || dkm_system_has_patterns(system)) return;
  dkm_system_correlations(system, C);
  for (int mu = 0; mu < M; mu++)
    for (int nu = mu + 1; nu < M; nu++)
      if (fabs(C[mu * M + nu]) > fabs(C[first * M + second])) {
        first = mu;
        second = nu;
      }
  char meaning[96];
  snprintf(meaning, sizeof meaning, "largest of two patterns: %d and %d", first + 1, second + 1);
  print_values("correlation", 1, &C[first * M + second], meaning);
}

/* What tells a point from another, in one line. */
static void print_other_parameters(const dkm_point *point, const dkm_point *other, int n_modes) {
  int n = 0;
  for (int i = 0; i < dkm_n_parameters; i++) {
    const dkm_parameter *p = &dkm_parameters[i];
    for (int mode = p->per_mode; mode <= (p->per_mode ? n_modes : 0); mode++) {
      const double value = dkm_parameter_get(p, point, mode);
      if (value == dkm_parameter_get(p, other, mode)) continue;
      printf("%s %s", n++ ? "," : "", p->name);
      if (mode > 0) printf("[%d]", mode);
      printf(" = %.12g", value);
    }
  }
  puts(n ? "" : " the same parameters");
}

static void print_parameters(const dkm_job *job, const dkm_system *system, const dkm_point *point) {
  const int n_modes = system->n_modes;
  char spins[DKM_SPINS_BYTES];
  dkm_cli_say(stdout, "point of %s: %d pattern%s, %s%s\n", job->path, n_modes, n_modes == 1 ? "" : "s",
              dkm_cli_spins(job, system, spins), job->n_spins > 0 ? "" : " of spins");
  print_correlation(system);
  if (job->system.from) {
    const dkm_states *from = job->system.from;
    const dkm_point *start = &from->points[dkm_states_nearest(from, point)];
    printf("  the start is the final state of the point of %s with", job->from_file.names[0]);
    print_other_parameters(start, point, n_modes);
  }
  for (int i = 0; i < dkm_n_parameters; i++) {
    const dkm_parameter *p = &dkm_parameters[i];
    double values[DKM_MAX_MODES];
    const int n = p->per_mode ? n_modes : 1;
    for (int j = 0; j < n; j++) values[j] = dkm_parameter_get(p, point, j + 1);
    print_values(p->name, n, values, p->long_name);
  }
}

static void print_record(const dkm_record *record, int n_modes) {
  printf("\nrecord\n");
  for (int f = 0; f < dkm_n_fields; f++) {
    double values[DKM_MAX_MODES];
    int n = dkm_fields[f].shape == DKM_PER_MODE ? n_modes : 1;
    const dkm_field *field = &dkm_fields[f];
    for (int i = 0; i < n; i++) values[i] = dkm_field_value(field->type, (const char *)record + field->offset, i);
    const dkm_codes *codes = field->codes;
    char meaning[256];
    snprintf(meaning, sizeof meaning, "%s%s%s", codes ? codes->name((int)values[0]) : "", codes ? ": " : "",
             field->long_name);
    print_values(field->name, n, values, meaning);
  }
}

/* Where it goes from the state that it was followed to. */
static void print_outlook(const dkm_record *record, int n_modes) {
  if (!isnan(record->xi_limit[0]))
    print_values("on its way to", n_modes, record->xi_limit, "overlaps of the minimum, with all spins at rest");
  if (!isnan(record->L_limit)) {
    printf("  Lyapunov function: %.10g when the integration ended, %.10g at the end state", record->L_end,
           record->L_limit);
    if (!isnan(record->L_saddle)) printf(", lowest barrier around that %.10g", record->L_saddle);
    printf("\n");
  }
  if (!isnan(record->t_settled))
    printf("  settled: from t = %.6g on it is certain where the trajectory ends\n", record->t_settled);
  if (!isnan(record->relaxation_rate)) {
    printf("  relaxation: order parameters approach their limit with the rate %.6g", record->relaxation_rate);
    if (record->relaxation_rate_error > 0.0) printf(" +- %.2g", record->relaxation_rate_error);
    if (!isnan(record->relaxation_time))
      printf(", and come within 1e-3 of it at t = %.3g or so", record->relaxation_time);
    printf("\n");
    if (record->verdict == DKM_VERDICT_FIXED_POINT && record->relaxation_time > record->t_end)
      printf("  at rest: not yet at t = %.6g, where xi was %.3g away; the record is the limit\n", record->t_end,
             record->drift);
  }
}

/* The record in words. */
static void print_meaning(const dkm_record *record, int n_modes) {
  printf("  verdict: %s, %s\n", dkm_verdict_name(record->verdict), dkm_verdict_text(record->verdict));
  if (record->how == DKM_HOW_NOT_APPLICABLE && record->verdict == DKM_VERDICT_RELAXING)
    printf("  how it is known: not at all; xi_limit is what lies downhill from here, and the label may be another\n");
  else if (record->how != DKM_HOW_NOT_APPLICABLE)
    printf("  how it is known: %s, %s\n", dkm_how_name(record->how), dkm_how_text(record->how));
  if (record->failure) printf("  failure: %s\n", dkm_failure_text(record->failure));
  if (dkm_record_is_unstable(record))
    printf("  unstable: %d direction%s; any tilt of the start leads away\n", record->n_unstable,
           record->n_unstable == 1 ? " grows" : "s grow");
  if (record->retrieved == 0)
    printf("  retrieved: no pattern");
  else
    printf("  retrieved: pattern %d, sign %c", abs(record->retrieved), record->retrieved > 0 ? '+' : '-');
  if (dkm_record_limit_is_certain(record))
    printf(", that of its end");
  else if (record->retrieved != 0 && n_modes > 1)
    printf("; the second largest |xi| is %.6g", record->xi_second);
  printf("\n");
  if (!isnan(record->xi_error)) printf("  known to: each xi within %.2g\n", record->xi_error);
  print_outlook(record, n_modes);
}

/* Whether the outcome is determined. */
static void print_sensitivity(const dkm_record *record, double tolerance) {
  if (record->sensitive == DKM_SENSITIVE_NOT_MEASURED) {
    printf("  sensitive: not measured (%s)\n",
           record->verdict == DKM_VERDICT_FAILED ? "the integration failed" : "solver.sensitivity is off");
    return;
  }
  printf("  sensitive: %s; ", dkm_sensitive_name(record->sensitive));
  if (record->verdict == DKM_VERDICT_IRREGULAR)
    printf("small differences grow for ever\n");
  else if (record->sensitive == DKM_SENSITIVE_YES)
    printf(
        "errors of the size of the tolerance, %g, grew by a factor of up to %.3g on the way and may have decided the "
        "outcome\n",
        tolerance, record->amplification);
  else
    printf(
        "the outcome is determined: differences of the size of the tolerance, %g, grew by a factor of %.3g at most\n",
        tolerance, record->amplification);
  if (record->sensitive == DKM_SENSITIVE_NO && record->amplification_total * tolerance >= DKM_SENSITIVE_PRODUCT)
    printf("             but details such as the last digits of xi are not: differences grew by a factor of %.3g in "
           "all\n",
           record->amplification_total);
}

/* ---- closed forms ---- */

enum { N_FORMS = 4 };
static const char *const form_names[N_FORMS] = {"g_crit", "g_retrieve", "|xi|", "|alpha|^2"};

typedef struct forms {
  int n, pattern[DKM_MAX_MODES]; /* those that have such states, from 0 */
  double value[DKM_MAX_MODES][N_FORMS];
  bool known[N_FORMS]; /* for any of them */
} forms;

static void find_forms(const dkm_system *system, const dkm_point *point, forms *f) {
  *f = (forms){0};
  for (int nu = 0; nu < system->n_modes; nu++) {
    if (!dkm_theory_has_pattern_state(system, point, nu)) continue;
    const double alpha = cabs(dkm_theory_alpha(system, point, nu));
    const double values[N_FORMS] = {dkm_theory_g_crit(point, nu), dkm_theory_g_retrieve(system, point, nu),
                                    dkm_theory_xi(point, nu), alpha * alpha};
    for (int i = 0; i < N_FORMS; i++) {
      f->value[f->n][i] = values[i];
      f->known[i] = f->known[i] || !isnan(values[i]);
    }
    f->pattern[f->n++] = nu;
  }
}

/* Why some have none. */
static void print_lacks(const dkm_system *system, const dkm_point *point, const forms *f) {
  if (!dkm_theory_applies(point)) {
    printf("  none: Omega is 0\n");
    return;
  }
  if (f->n < system->n_modes) {
    printf("  none of");
    for (int nu = 0, i = 0, n = 0; nu < system->n_modes; nu++)
      if (i < f->n && f->pattern[i] == nu)
        i++;
      else
        printf("%s %d", n++ ? "," : f->n + 1 < system->n_modes ? " patterns" : " pattern", nu + 1);
    printf(": these are for couplings +-1 that are orthogonal to all others, and spins of one length\n");
  }
  if (f->n > 0 && !f->known[1])
    printf("  no g_retrieve: %s\n",
           dkm_point_dynamics(point) == DKM_DYNAMICS_CONSERVED
               ? "that is for modes of one sign, and patterns of which each has such a state"
               : "with losses or unbalanced couplings no g0 keeps a pattern state for certain");
}

static void print_theory(const dkm_system *system, const dkm_point *point) {
  forms f;
  find_forms(system, point, &f);
  printf("\nclosed forms of the pattern states (nan where they do not apply)\n");
  if (f.n > 0) printf("  %7s", "pattern");
  for (int i = 0; i < N_FORMS; i++)
    if (f.known[i]) printf(" %16s", form_names[i]);
  if (f.n > 0) printf("\n");
  for (int j = 0; j < f.n; j++) {
    printf("  %7d", f.pattern[j] + 1);
    for (int i = 0; i < N_FORMS; i++)
      if (f.known[i]) printf(" %16.12g", f.value[j][i]);
    printf("\n");
  }
  print_lacks(system, point, &f);
  /* Of patterns it is the smallest g_crit; spins that are flipped with a probability may differ in length. */
  const bool asked = point->flip == 0.0 && !dkm_system_has_patterns(system);
  const double g_c = asked ? dkm_theory_g_normal(system, point, NULL) : NAN;
  if (!isnan(g_c)) printf("  below g0 = %.12g every trajectory ends without overlaps\n", g_c);
}

/* ---- the trajectory ---- */

static dkm_status sample_trajectory(const struct arguments *args, const dkm_job *job, const dkm_point *point,
                                    double t_end, dkm_trajectory *trajectory, dkm_error *err) {
  const double dt = args->dt > 0 ? args->dt : t_end / default_samples;
  if (t_end / dt > max_samples)
    return dkm_fail(err, DKM_INPUT, "point: --t-end %g with --dt %g gives %.3g samples, but at most %g are allowed",
                    t_end, dt, t_end / dt, max_samples);
  return dkm_trajectory_compute(&job->system, point, &job->solver, args->cpu, t_end, dt, trajectory, err);
}

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
    fprintf(file, "%.17g", trajectory->t[i]);
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

/* ---- the command ---- */

static dkm_status list_states(const dkm_job *job, const dkm_point *point, dkm_error *err) {
  dkm_couplings own;
  const dkm_system *system;
  dkm_ground ground;
  const dkm_ground_search how = {.most_inverted = job->most_inverted};
  dkm_status status = dkm_spins_system(&job->system, point, &own, &system, err);
  if (!status && !(status = dkm_ground_find(system, point, &how, &ground, err))) {
    print_parameters(job, system, point);
    dkm_point_states_print(&ground, system->n_modes);
    dkm_ground_free(&ground);
  }
  dkm_couplings_free(&own);
  return status;
}

static dkm_status compute(const struct arguments *args, const dkm_job *job, const dkm_point *point, dkm_error *err) {
  const bool listing = !args->trajectory || strcmp(args->trajectory, "-") != 0;
  dkm_evaluator *evaluator = NULL;
  dkm_record record;
  dkm_solver solver = job->solver;
  dkm_status status = DKM_OK;
  /* For a single point that is shown: on, unless the job says otherwise. */
  solver.until_settled = false; /* everything about it */
  solver.sensitivity = listing && (solver.sensitivity || !job->sensitivity_given);
  if (listing || args->t_end == 0 || args->spins) {
    double *state = args->spins ? malloc(dkm_model_size(&job->system) * sizeof *state) : NULL;
    if (args->spins && !state) return dkm_fail(err, DKM_MEMORY, "out of memory for a state");
    status = dkm_evaluator_create(&job->system, &solver, args->cpu, &evaluator, err);
    if (!status) status = dkm_evaluate(evaluator, 1, point, &record, state, err);
    dkm_evaluator_destroy(evaluator);
    if (!status && args->spins) status = dkm_point_spins_write(args->spins, job, point, state, err);
    free(state);
    if (status) return status;
  }
  if (args->trajectory) {
    dkm_trajectory trajectory;
    double t_end = args->t_end, kappa = INFINITY;
    for (int mu = 0; mu < job->system.n_modes; mu++) kappa = fmin(kappa, point->kappa_mu[mu]);
    if (t_end == 0) t_end = fmin(fmax(record.t_end, least_kappa_t / kappa), default_kappa_t / kappa);
    status = sample_trajectory(args, job, point, t_end, &trajectory, err);
    if (status) return status;
    status = write_trajectory(args->trajectory, job, point, &trajectory, err);
    dkm_trajectory_free(&trajectory);
    if (status) return status;
  }
  if (listing) {
    dkm_couplings own;
    const dkm_system *system;
    if ((status = dkm_spins_system(&job->system, point, &own, &system, err)) != DKM_OK) return status;
    print_parameters(job, system, point);
    print_record(&record, job->system.n_modes);
    print_meaning(&record, job->system.n_modes);
    print_sensitivity(&record, solver.tolerance);
    print_theory(system, point);
    dkm_couplings_free(&own);
  }
  return DKM_OK;
}

static dkm_status point_of_job(const struct arguments *args, dkm_error *err) {
  dkm_job job = {0};
  dkm_point point;
  dkm_status status = dkm_job_read(&job, args->job, args->sets.n, args->sets.list, err);
  if (!status) dkm_cli_warn(&job);
  if (!status) status = choose_point(args, &job, &point, err);
  if (!status && args->trajectory) status = dkm_cli_check_new(args->trajectory, err);
  if (!status && args->spins) status = dkm_point_spins_check(args->spins, &job, err);
  if (!status) status = args->states ? list_states(&job, &point, err) : compute(args, &job, &point, err);
  dkm_job_free(&job);
  return status;
}

static dkm_status read_arguments(int argc, char **argv, struct arguments *args, bool *helped, dkm_error *err) {
  const dkm_argument arguments[] = {
      {"--at", 0, dkm_argument_texts, &args->at},          {"--trajectory", 0, dkm_argument_text, &args->trajectory},
      {"--t-end", 0, dkm_argument_positive, &args->t_end}, {"--dt", 0, dkm_argument_positive, &args->dt},
      {"--spins", 0, dkm_argument_text, &args->spins},     {"--set", 0, dkm_argument_texts, &args->sets},
      {"--cpu", 0, dkm_argument_text, &args->cpu},         {"--states", 0, NULL, &args->states}};
  dkm_status status =
      dkm_arguments_read(argc, argv, help, sizeof arguments / sizeof *arguments, arguments, helped, err);
  if (status || *helped) return status;
  if (optind == argc) return dkm_fail(err, DKM_INPUT, "point: no job file given; see `dickemap point --help`");
  if (optind + 1 < argc)
    return dkm_fail(err, DKM_INPUT,
                    "point: unexpected argument \"%s\" after the job file %s; see `dickemap point --help`",
                    argv[optind + 1], argv[optind]);
  args->job = argv[optind];
  if (args->trajectory && strcmp(args->trajectory, "-") != 0 && !ends_in(args->trajectory, ".csv") &&
      !ends_in(args->trajectory, ".h5"))
    return dkm_fail(err, DKM_INPUT,
                    "point: --trajectory %s: must be a name that ends in .csv or .h5, or - for standard output (CSV)",
                    args->trajectory);
  if (args->states && (args->trajectory || args->spins))
    return dkm_fail(err, DKM_INPUT, "point: --states follows no start: it goes without %s",
                    args->trajectory ? "--trajectory" : "--spins");
  if (!args->trajectory && (args->t_end > 0 || args->dt > 0))
    return dkm_fail(err, DKM_INPUT, "point: --t-end and --dt are about a trajectory; --trajectory is missing");
  return DKM_OK;
}

dkm_status dkm_cmd_point(int argc, char **argv, dkm_error *err) {
  struct arguments args = {0};
  bool helped;
  dkm_status status = read_arguments(argc, argv, &args, &helped, err);
  if (!status && !helped) status = point_of_job(&args, err);
  free(args.at.list);
  free(args.sets.list);
  return status;
}
