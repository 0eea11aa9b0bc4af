/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_output: the file of a run before it begins; see run_output.h.
 *
 *   there is none, or --overwrite    created; with --extend the records of old files are in it when it gets its name
 *   there is one, --resume           what is left in it; the old files of --extend have been used when it was created
 *   ... with fields of an older version  made anew with its own records in it, and renamed over it; then the same
 *   otherwise                        refused
 *
 * In a shard's file only the shard's own points are left to do. */
#define _GNU_SOURCE /* asprintf */
#include "run_output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arithmetic.h"
#include "cli.h"
#include "dickemap/clock.h"
#include "dickemap/file.h"
#include "dickemap/match.h"
#include "dickemap/unfinished.h"

dkm_status dkm_run_output_name(const char *job, const dkm_shard *shard, bool has_shard, char **out, dkm_error *err) {
  const char *slash = strrchr(job, '/'), *name = slash ? slash + 1 : job, *dot = strrchr(name, '.');
  const int length =
      (int)(dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0) ? (size_t)(dot - name) : strlen(name));
  const size_t bytes = (size_t)length + sizeof ".100000of100000.h5";
  *out = malloc(bytes);
  if (!*out) return dkm_fail(err, DKM_MEMORY, "out of memory (the output's name)");
  if (has_shard)
    snprintf(*out, bytes, "%.*s.%dof%d.h5", length, name, shard->index, shard->n);
  else
    snprintf(*out, bytes, "%.*s.h5", length, name);
  return DKM_OK;
}

/* A file that exists must be the same shard; without --shard it says itself which one it is. */
static dkm_status check_shard(dkm_run_output *output, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  if (dkm_store_reader_open(output->path, &reader, NULL)) return DKM_OK; /* others say why */
  const dkm_shard found = dkm_store_reader_shard(reader), *wanted = &output->shard;
  dkm_store_reader_close(reader);
  if (!output->has_shard && output->resume) output->shard = found;
  if (found.n == wanted->n && found.index == wanted->index) {
    output->shard = found; /* its blocks may be those of another version */
    return DKM_OK;
  }
  char what[2][64];
  for (int i = 0; i < 2; i++) {
    const dkm_shard *shard = i == 0 ? &found : wanted;
    if (shard->n > 1)
      snprintf(what[i], sizeof what[i], "shard %d/%d", shard->index, shard->n);
    else
      snprintf(what[i], sizeof what[i], "a whole grid");
  }
  return dkm_fail(err, DKM_INPUT,
                  "output %s exists already and is the file of %s, not of %s; -o names another file, --overwrite "
                  "replaces it",
                  output->path, what[0], what[1]);
}

static bool same_file(const char *a, const char *b) {
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && dkm_file_is_same(&x, &y);
}

dkm_status dkm_run_output_check(dkm_run_output *output, const dkm_job *job, bool *exists, dkm_error *err) {
  dkm_status status = DKM_OK;
  *exists = false;
  output->shard.block = output->shard.n > 1 ? dkm_shard_block(output->shard.n, job->n_points) : 1;
  for (int i = 0; i < output->n_old && !status; i++)
    if (same_file(output->old[i], output->path) && !output->resume)
      status = dkm_fail(err, DKM_INPUT,
                        "run: --extend %s is the output itself, but the old file is left as it is: name another output "
                        "with -o",
                        output->old[i]);
  if (!status && output->path[0] != '\0') status = dkm_unfinished_check(output->path, err);
  if (!status && !output->overwrite) status = check_shard(output, err);
  if (!status && output->resume && output->path[0] != '\0') {
    status = dkm_resume_check(output->path, job, exists, err);
    if (status || *exists) return status;
  }
  const dkm_shard *shard = output->shard.n > 1 ? &output->shard : NULL;
  if (!status) status = dkm_store_check_output_of(output->path, job, shard, output->overwrite, err);
  for (int i = 0; i < output->n_old && !status; i++) status = dkm_carry_check(output->old[i], job, err);
  return status;
}

/* ---- a new file ---- */

/* Which of the new coordinates an old file has in other digits only. */
static void tell_rounded(FILE *out, const char *path, dkm_store_reader *reader, const dkm_job *job) {
  for (int i = 0; i < job->n_axes; i++) {
    double example[2];
    const int64_t n = dkm_match_rounded(dkm_store_reader_job(reader), job, i, example);
    if (n > 0)
      dkm_cli_say(
          out,
          "%s: new values of axis %s differ from old ones in the last digits (%lld, such as %.17g from %.17g); their "
          "points are computed anew\n",
          path, job->axes[i].long_name, (long long)n, example[1], example[0]);
  }
}

static void tell_source(FILE *out, const dkm_carry_source *source, const dkm_carry *carry) {
  const int64_t rest =
      source->n_done - source->n_carried - source->n_repeated - source->n_damaged - source->n_refuted - source->n_limited;
  fprintf(out, "%lld of %lld points reused", (long long)source->n_carried, (long long)source->n_done);
  if (source->n_refuted > 0) fprintf(out, ", %lld of an older method are computed anew", (long long)source->n_refuted);
  if (source->n_limited > 0)
    fprintf(out, ", %lld may go further with larger limits and are left out", (long long)source->n_limited);
  if (source->n_damaged > 0)
    fprintf(out, "; %lld are damaged (wrong checksum) and computed anew", (long long)source->n_damaged);
  if (source->n_repeated > 0) fprintf(out, "; %lld were in a file before", (long long)source->n_repeated);
  dkm_arithmetic_tell_digits(out, source);
  if (source->lacks_states)
    fprintf(out, "; it keeps no final states, which the job wants (output.state), so all are computed anew");
  else if (rest > 0)
    fprintf(out, "; %lld are not in the %s", (long long)rest, carry->shard ? "shard" : "new grid");
  fprintf(out, "\n");
}

static dkm_status create(const dkm_run_output *output, const dkm_job *job, const dkm_provenance *provenance, FILE *told,
                         dkm_error *err) {
  if (output->n_old == 0) return dkm_store_create(output->path, job, provenance, output->overwrite, err);
  dkm_carry carry = {.job = job, .shard = provenance->shard, .n_sources = output->n_old};
  carry.sources = calloc((size_t)output->n_old, sizeof *carry.sources);
  if (!carry.sources) return dkm_fail(err, DKM_MEMORY, "out of memory (the list of old files)");
  for (int i = 0; i < output->n_old; i++) carry.sources[i].path = output->old[i];
  char *records_from = NULL;
  dkm_provenance extended = *provenance;
  dkm_status status = dkm_carry_describe(&carry, &records_from, err);
  extended.records_from = records_from;
  if (!status)
    status = dkm_store_create_filled(output->path, job, &extended, output->overwrite, dkm_carry_fill, &carry, err);
  for (int i = 0; i < output->n_old && !status && told; i++) {
    const char *path = carry.sources[i].path;
    dkm_store_reader *reader = NULL;
    dkm_cli_say(told, "%s: ", path);
    tell_source(told, &carry.sources[i], &carry);
    if (dkm_store_reader_open(path, &reader, NULL)) continue;
    tell_rounded(told, path, reader, job);
    dkm_arithmetic_tell(told, path, reader);
    dkm_store_reader_close(reader);
  }
  free(records_from);
  free(carry.sources);
  return status;
}

/* ---- the file of an older version ---- */

struct renewal {
  dkm_carry carry;
  dkm_carry_source source;
  char *history, *records_from, *line; /* owned */
  char version[128];
};

/* What the old file says about itself goes on in the new one. */
static dkm_status describe_old(struct renewal *r, const dkm_provenance *provenance, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  char date[DKM_CLOCK_DATE_BYTES], *described = NULL;
  dkm_status status = dkm_carry_describe(&r->carry, &described, err);
  if (!status) status = dkm_store_reader_open(r->source.path, &reader, err);
  if (status) goto cleanup;
  r->history = dkm_store_reader_text(reader, "history");
  char *before = dkm_store_reader_text(reader, "records_from");
  dkm_store_reader_attribute(reader, "dickemap_version", r->version, sizeof r->version);
  dkm_clock_date(date);
  if (!r->history || !before || asprintf(&r->records_from, "%s%s%s", before, before[0] ? "\n" : "", described) < 0 ||
      asprintf(&r->line, "%s: made anew from a file of dickemap %s: %s", date, r->version, provenance->command) < 0)
    status = dkm_fail(err, DKM_MEMORY, "output %s: out of memory for what its old file says", r->source.path);
  free(before);
cleanup:
  dkm_store_reader_close(reader);
  free(described);
  return status;
}

/* A dkm_store_fill: the old records, and a line in the history before the file gets its name. */
static dkm_status fill_renewed(void *context, const char *new_path, dkm_error *err) {
  struct renewal *r = context;
  bool kept;
  const dkm_status status = dkm_carry_fill(&r->carry, new_path, err);
  return status ? status : dkm_store_append_history(new_path, r->line, &kept, err);
}

static dkm_status renew(const dkm_run_output *output, const dkm_job *job, const dkm_provenance *provenance, FILE *told,
                        dkm_error *err) {
  struct renewal r = {.source.path = output->path,
                      .carry = {.job = job, .shard = provenance->shard, .n_sources = 1, .sources = &r.source}};
  dkm_status status = describe_old(&r, provenance, err);
  dkm_provenance renewed = *provenance;
  renewed.history = r.history && r.history[0] ? r.history : NULL;
  renewed.records_from = r.records_from;
  if (!status) status = dkm_store_create_filled(output->path, job, &renewed, true, fill_renewed, &r, err);
  if (!status && told) {
    dkm_cli_say(told, "%s: made anew, as it was of dickemap %s: ", output->path, r.version);
    tell_source(told, &r.source, &r.carry);
  }
  free(r.line);
  free(r.records_from);
  free(r.history);
  return status;
}

/* *is_current: records can be written into it as it is. */
static dkm_status look_at_old(const char *path, FILE *told, bool *is_current, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  const dkm_status status = dkm_store_reader_open(path, &reader, err);
  if (status) return status;
  *is_current = dkm_store_reader_is_current(reader);
  if (told) dkm_arithmetic_tell(told, path, reader);
  dkm_store_reader_close(reader);
  return DKM_OK;
}

/* ---- what is left ---- */

static dkm_status keep_own(const dkm_shard *shard, dkm_resume *resume, dkm_error *err) {
  dkm_range *own = NULL;
  int64_t n_own = 0;
  const dkm_status status = dkm_shard_cut(shard, resume->n_todo, resume->todo, &n_own, &own, err);
  if (status) return status;
  free(resume->todo);
  resume->todo = own;
  resume->n_todo = n_own;
  resume->n_points = 0;
  for (int64_t i = 0; i < n_own; i++) resume->n_points += own[i].count;
  return DKM_OK;
}

dkm_status dkm_run_output_prepare(dkm_run_output *output, const dkm_job *job, const dkm_provenance *provenance,
                                  FILE *told, dkm_resume *resume, dkm_error *err) {
  bool exists, is_current = true;
  dkm_status status = dkm_run_output_check(output, job, &exists, err); /* again: another run may have come first */
  dkm_provenance of_shard = *provenance;
  if (output->shard.n > 1) of_shard.shard = &output->shard;
  if (!status && !exists) status = create(output, job, &of_shard, told, err);
  if (!status && exists) status = look_at_old(output->path, told, &is_current, err);
  if (!status && exists && !is_current) status = renew(output, job, &of_shard, told, err);
  if (!status && !exists) dkm_unfinished_tidy(output->path, NULL, NULL); /* of a file that was there before */
  if (!status) status = dkm_resume_find(output->path, job, output->check, output->retry_failed, resume, err);
  if (!status && resume->n_wrong > 0)
    fprintf(stderr, "%lld points were marked done but do not agree with their checksums; they are computed again\n",
            (long long)resume->n_wrong);
  if (!status && resume->n_refuted > 0)
    fprintf(stderr, "%lld points of an older method are contradicted by theory; they are computed again\n",
            (long long)resume->n_refuted);
  if (!status && output->shard.n > 1) status = keep_own(&output->shard, resume, err);
  return status;
}
