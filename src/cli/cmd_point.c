/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap point: one point of a job, everything about it.
 *
 * The listing (point_listing.c) begins with the verdict; the sensitivity is measured unless the job says off.  With
 * --trajectory the same start is integrated once more and sampled at uniform times.  A sample ends a step there, so the
 * steps are not those of the record: both agree to the solver's tolerance, not to the bit.
 *
 * Of task exactness the record is that of finitely many spins, as `run` makes it; a trajectory is still that of the mean field. */
#define _GNU_SOURCE /* asprintf */
#include <getopt.h>
#include <stdlib.h>

#include "arguments.h"
#include "at.h"
#include "cli.h"
#include "dickemap/evaluate.h"
#include "dickemap/spins.h"
#include "json.h"
#include "point_listing.h"
#include "point_spins.h"
#include "point_states.h"
#include "point_task.h"
#include "point_trajectory.h"

static const char help[] =
    "usage: dickemap point JOB.yaml --at NAME=VALUE[,NAME=VALUE]... [OPTIONS]\n"
    "Computes one point of a job and prints everything about it, also whether its outcome is determined (unless\n"
    "the job has solver.sensitivity: off). A point that a file has already is printed by `dickemap show`.\n\n"
    "      --at NAME=VALUE,...    where, with commas or spaces: a value for each axis of the job, or for any other\n"
    "                             quantity that an axis may vary, such as g0=1.1,pattern=3,Omega_mu_2=1.7, also\n"
    "                             one that the job leaves out; for axes that advance together the number of the\n"
    "                             point along them, as in the file from 0: point=8. Values need not be on the\n"
    "                             grid; the listing says which are not\n"
    "      --nearest              take the nearest values of the axes instead\n"
    "      --json                 print it for programs: all fields, also those that do not apply, as null\n"
    "      --trajectory FILE      also write overlaps and modes over time, to FILE.csv or FILE.h5; - prints CSV\n"
    "                             instead of the listing\n"
    "      --t-start T            begin of the trajectory (default: 0)\n"
    "      --t-end T              end of the trajectory (default: begin and length of the record, but at least 20/kappa\n"
    "                             and at most 200/kappa, whichever kappa is the smallest)\n"
    "      --dt D                 distance of its samples (default: a thousandth of its length)\n"
    "      --spins FILE           also write a table of single spins to FILE.csv, where each starts and ends; for a\n"
    "                             finite number of them (model.mapping: matrix or random)\n"
    "      --states               instead of following the start: all stationary states with every spin along its\n"
    "                             field, stable ones and those between them, with their spectra\n"
    "      --set KEY=VALUE        override a key of the job, such as solver.t_max=1e5; may be repeated\n"
    "      --cpu NAME             instruction set (default: the best that the machine has)\n"
    "  -h, --help                 this text\n";

struct arguments {
  const char *job, *cpu, *spins;
  dkm_texts sets, at;
  bool states, nearest, json;
  dkm_point_samples samples;
};

/* ---- what is printed ---- */

/* listing: of which the system is not known yet; states NULL: its record. */
static dkm_status print(const struct arguments *args, dkm_listing *listing, const dkm_ground *states, dkm_error *err) {
  dkm_couplings own;
  dkm_status status = dkm_spins_system(&listing->job->system, listing->point, &own, &listing->system, err);
  if (status) return status;
  if (args->json)
    status = dkm_json_print(dkm_listing_json(listing, states), err);
  else if (!states)
    dkm_listing_print(listing);
  else
    dkm_listing_print_parameters(listing);
  if (states && !args->json) dkm_point_states_print(states, listing->system->n_modes);
  dkm_couplings_free(&own);
  return status;
}

static dkm_status list_states(const struct arguments *args, dkm_listing *listing, dkm_error *err) {
  const dkm_job *job = listing->job;
  const dkm_ground_search how = {.most_inverted = job->most_inverted};
  dkm_couplings own;
  const dkm_system *system;
  dkm_ground ground;
  dkm_status status = dkm_spins_system(&job->system, listing->point, &own, &system, err);
  if (!status && !(status = dkm_ground_find(system, listing->point, &how, &ground, err))) {
    status = print(args, listing, &ground, err);
    dkm_ground_free(&ground);
  }
  dkm_couplings_free(&own);
  return status;
}

/* ---- what is computed ---- */

static dkm_status evaluate(const struct arguments *args, const dkm_job *job, const dkm_point *point, bool listed,
                           dkm_record *record, dkm_error *err) {
  dkm_evaluator *evaluator = NULL;
  dkm_solver solver = job->solver;
  /* For a single point that is shown: on, unless the job says otherwise. */
  solver.until_settled = false; /* everything about it */
  solver.sensitivity = listed && (solver.sensitivity || !job->sensitivity_given);
  double *state = args->spins ? malloc(dkm_model_size(&job->system) * sizeof *state) : NULL;
  if (args->spins && !state) return dkm_fail(err, DKM_MEMORY, "out of memory for a state");
  dkm_status status = dkm_evaluator_create(&job->system, &solver, args->cpu, &evaluator, err);
  if (!status) status = dkm_evaluate(evaluator, 1, point, record, state, err);
  dkm_evaluator_destroy(evaluator);
  if (!status && args->spins) status = dkm_point_spins_write(args->spins, job, point, state, err);
  free(state);
  return status;
}

/* Prints the record that the job's task makes of the point. */
static dkm_status list_task(const struct arguments *args, dkm_listing *listing, dkm_error *err) {
  dkm_form form;
  void *record;
  dkm_status status = dkm_point_task_compute(listing->job, listing->point, args->cpu, &form, &record, err);
  if (status) return status;
  listing->form = &form;
  listing->record = record;
  status = print(args, listing, NULL, err);
  free(record);
  return status;
}

static dkm_status compute(const struct arguments *args, dkm_listing *listing, dkm_error *err) {
  const dkm_point_samples *samples = &args->samples;
  const bool listed = !dkm_point_samples_are_printed(samples), by_task = dkm_point_task_is_asked(listing->job);
  dkm_record record = {.t_end = 0};
  dkm_form form;
  dkm_status status = DKM_OK;
  if ((listed && !by_task) || (samples->path && samples->t_end == 0) || args->spins)
    status = evaluate(args, listing->job, listing->point, listed, &record, err);
  if (!status && samples->path)
    status = dkm_point_samples_write(samples, listing->job, listing->point, record.t_end, args->cpu, err);
  if (status || !listed) return status;
  if (by_task) return list_task(args, listing, err);
  dkm_form_of_sweep(listing->job->system.n_modes, &form);
  listing->form = &form;
  listing->record = &record;
  return print(args, listing, NULL, err);
}

static dkm_status point_of_job(const struct arguments *args, dkm_error *err) {
  dkm_job job = {0};
  dkm_point asked, point;
  int64_t index[DKM_MAX_AXES];
  char *what = NULL;
  dkm_texts given;
  dkm_status status = dkm_at_settings(&args->at, &given, err);
  if (!status) status = dkm_job_read_completed(&job, args->job, args->sets.n, args->sets.list, given.n, given.list, err);
  if (!status) dkm_cli_warn(&job);
  if (!status) status = dkm_at_choose(&args->at, "point", args->job, &job, &asked, err);
  if (!status) status = dkm_point_samples_check_file(&args->samples, err);
  if (!status && args->spins) status = dkm_point_spins_check(args->spins, &job, err);
  if (!status && asprintf(&what, "point of %s", job.path) < 0) status = dkm_fail(err, DKM_MEMORY, "point: out of memory");
  if (!status) {
    point = asked;
    dkm_at_nearest(&job, &asked, index);
    if (args->nearest) dkm_job_set_axes(&job, index, &point);
    status = dkm_job_check_point(&job, &point, err);
  }
  if (!status) {
    dkm_listing listing = {.what = what, .job = &job, .asked = &asked, .point = &point};
    status = args->states ? list_states(args, &listing, err) : compute(args, &listing, err);
  }
  free(what);
  dkm_at_free_settings(&given);
  dkm_job_free(&job);
  return status;
}

static dkm_status read_arguments(int argc, char **argv, struct arguments *args, bool *helped, dkm_error *err) {
  const dkm_argument arguments[] = {{"--at", 0, dkm_argument_assignments, &args->at},
                                    {"--nearest", 0, NULL, &args->nearest},
                                    {"--json", 0, NULL, &args->json},
                                    {"--trajectory", 0, dkm_argument_text, &args->samples.path},
                                    {"--t-start", 0, dkm_argument_not_negative, &args->samples.t_start},
                                    {"--t-end", 0, dkm_argument_positive, &args->samples.t_end},
                                    {"--dt", 0, dkm_argument_positive, &args->samples.dt},
                                    {"--spins", 0, dkm_argument_text, &args->spins},
                                    {"--states", 0, NULL, &args->states},
                                    {"--set", 0, dkm_argument_texts, &args->sets},
                                    {"--cpu", 0, dkm_argument_cpu, &args->cpu}};
  dkm_status status =
      dkm_arguments_read(argc, argv, help, sizeof arguments / sizeof *arguments, arguments, helped, err);
  if (status || *helped) return status;
  if (optind == argc) return dkm_fail(err, DKM_INPUT, "point: no job file given; see `dickemap point --help`");
  if (optind + 1 < argc)
    return dkm_fail(err, DKM_INPUT,
                    "point: unexpected argument \"%s\" after the job file %s; see `dickemap point --help`",
                    argv[optind + 1], argv[optind]);
  args->job = argv[optind];
  if ((status = dkm_point_samples_check(&args->samples, err)) != DKM_OK) return status;
  if (args->states && (args->samples.path || args->spins))
    return dkm_fail(err, DKM_INPUT, "point: --states follows no start: it goes without %s",
                    args->samples.path ? "--trajectory" : "--spins");
  if (args->json && dkm_point_samples_are_printed(&args->samples))
    return dkm_fail(err, DKM_INPUT, "point: --json and --trajectory - exclude each other: both are standard output");
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
