/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file as JSON: all that `info` knows. Counts are there also where they are 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/basins.h"
#include "dickemap/option.h"
#include "info.h"
#include "json.h"

/* A text, or, of those that are one, a number. */
static json_t *attribute_of(const dkm_info *info, const char *name) {
  char number[32];
  char *text = dkm_store_reader_text(info->reader, name);
  dkm_store_reader_attribute(info->reader, name, number, sizeof number);
  const bool is_number = text && !text[0] && number[0];
  json_t *value = is_number ? json_integer(strtoll(number, NULL, 10)) : text ? dkm_json_text(text) : NULL;
  free(text);
  return value;
}

static json_t *axes_of(const dkm_job *job) {
  json_t *list = json_array();
  for (int i = 0; i < job->n_axes; i++) {
    const dkm_axis *axis = &job->axes[i];
    json_t *one = json_object();
    dkm_json_put(one, "name", dkm_json_text(axis->name));
    dkm_json_put(one, "points", json_integer(axis->n));
    dkm_json_put(one, "first", dkm_json_number(axis->values[0]));
    dkm_json_put(one, "last", dkm_json_number(axis->values[axis->n - 1]));
    dkm_json_put(one, "zip", axis->zip[0] ? dkm_json_text(axis->zip) : json_null());
    dkm_json_put(one, "is", json_string(axis->dim < job->n_dims ? "grid" : axis->dim == job->n_dims ? "reduce" : "fatal"));
    dkm_json_add(list, one);
  }
  return list;
}

static json_t *points_of(const dkm_info *info) {
  json_t *points = json_object();
  dkm_json_put(points, "all", json_integer(info->job->n_points));
  dkm_json_put(points, "done", json_integer(info->survey.done));
  dkm_json_put(points, "left", json_integer(info->survey.left));
  dkm_json_put(points, "of_other_shards", json_integer(info->survey.others));
  dkm_json_put(points, "unfinished", json_integer(info->unfinished.n_usable));
  dkm_json_put(points, "of_another_method", json_integer(info->survey.other_method));
  dkm_json_put(points, "starts_of_each", json_integer(info->job->n_starts));
  return points;
}

/* {field: {code: how often}} */
static json_t *codes_of(const dkm_survey *s) {
  json_t *fields = json_object();
  for (int f = 0; f < s->form.n_fields; f++) {
    const dkm_codes *codes = s->form.fields[f].codes;
    if (!codes) continue;
    json_t *counts = json_object();
    const bool is_verdict = strcmp(s->form.fields[f].name, "verdict") == 0; /* its 0 is of no record */
    for (int code = is_verdict; code < codes->n && code < DKM_SURVEY_CODES; code++)
      dkm_json_put(counts, codes->name(code), json_integer(s->codes[f][code]));
    dkm_json_put(fields, s->form.fields[f].name, counts);
  }
  return fields;
}

static json_t *ranges_of(const dkm_survey *s) {
  json_t *fields = json_object();
  for (int f = 0; f < s->form.n_fields; f++) {
    const dkm_survey_values *of = &s->values[f];
    if (s->form.fields[f].codes) continue;
    json_t *range = json_object();
    dkm_json_put(range, "values", json_integer(of->n));
    dkm_json_put(range, "least", of->n > 0 ? dkm_json_number(of->least) : json_null());
    dkm_json_put(range, "most", of->n > 0 ? dkm_json_number(of->most) : json_null());
    dkm_json_put(fields, s->form.fields[f].name, range);
  }
  return fields;
}

static json_t *outcomes_of(const dkm_info *info) {
  const int n_modes = info->job->system.n_modes;
  char word[DKM_OUTCOME_BYTES];
  json_t *outcomes = json_object();
  for (int i = 0; i < dkm_outcome_number(n_modes); i++)
    dkm_json_put(outcomes, dkm_outcome_word(dkm_outcome_at(n_modes, i), word), json_integer(info->survey.outcomes[i]));
  dkm_json_put(outcomes, "undecided", json_integer(info->survey.undecided));
  return outcomes;
}

static json_t *runs_of(const dkm_info *info) {
  json_t *runs = json_array();
  dkm_attempt_told told;
  for (const char *history = info->history; dkm_attempt_next(&history, &told);) {
    json_t *run = json_object();
    dkm_json_put(run, "begun", told.begun[0] ? dkm_json_text(told.begun) : json_null());
    dkm_json_put(run, "done_before", told.n_before < 0 ? json_null() : json_integer(told.n_before));
    dkm_json_put(run, "with", dkm_json_text(told.with));
    dkm_json_put(run, "ended", told.ended[0] ? dkm_json_text(told.ended) : json_null());
    dkm_json_put(run, "seconds", dkm_json_number(told.seconds));
    dkm_json_put(run, "done_after", told.n_after < 0 ? json_null() : json_integer(told.n_after));
    dkm_json_put(run, "how", told.ended[0] ? dkm_json_text(told.how) : json_null());
    dkm_json_add(runs, run);
  }
  return runs;
}

dkm_status dkm_info_print_json(const dkm_info *info, dkm_error *err) {
  static const char *const attributes[][2] = {
      {"format", "format_version"}, {"records_from", "records_from"}, {"version", "dickemap_version"}, {"created", "date_created"},
      {"host", "host"}, {"ranks", "n_ranks"}, {"command", "command"}, {"instruction_set", "instruction_set"},
      {"gsl", "gsl_version"}, {"hdf5", "hdf5_version"}, {"mpi", "mpi_version"}};
  const dkm_job *job = info->job;
  json_t *root = json_object(), *sets = json_array(), *shard = json_object();
  for (int i = 0; i < job->n_sets; i++) dkm_json_add(sets, dkm_json_text(job->sets[i]));
  dkm_json_put(shard, "index", json_integer(info->shard.index));
  dkm_json_put(shard, "of", json_integer(info->shard.n));
  dkm_json_put(root, "file", dkm_json_text(info->path));
  dkm_json_put(root, "title", dkm_json_text(job->title));
  dkm_json_put(root, "task", dkm_json_text(job->task->name));
  dkm_json_put(root, "job", dkm_json_text(job->path));
  dkm_json_put(root, "set", sets);
  dkm_json_put(root, "patterns", json_integer(job->system.n_modes));
  dkm_json_put(root, "mapping", dkm_json_text(dkm_option_word(DKM_OPTION(system.mapping), job)));
  dkm_json_put(root, "classes", json_integer(job->system.n_classes));
  dkm_json_put(root, "spins", job->n_spins > 0 ? json_integer(job->n_spins) : json_null());
  dkm_json_put(root, "state", dkm_json_text(dkm_option_word(DKM_OPTION(keep_state), job)));
  dkm_json_put(root, "axes", axes_of(job));
  dkm_json_put(root, "shard", shard);
  dkm_json_put(root, "points", points_of(info));
  if (job->task == &dkm_task_sweep) dkm_json_put(root, "unstable_fixed_points", json_integer(info->survey.unstable));
  if (job->task == &dkm_task_basins) dkm_json_put(root, "outcomes", outcomes_of(info));
  dkm_json_put(root, "codes", codes_of(&info->survey));
  dkm_json_put(root, "ranges", ranges_of(&info->survey));
  dkm_json_put(root, "runs", runs_of(info));
  dkm_json_put(root, "under_way", json_boolean(info->is_under_way));
  dkm_json_put(root, "seconds_left", dkm_json_number(info->seconds_left));
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
    dkm_json_put(root, attributes[i][0], attribute_of(info, attributes[i][1]));
  return dkm_json_print(root, err);
}
