/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files that a job names: from disk where a user runs it, else from where it has been kept. */
#include "job_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dkm_states_reader *read_states;

void dkm_job_set_states_reader(dkm_states_reader *reader) {
  read_states = reader;
}

/* ---- names ---- */

static dkm_status add_name(dkm_file_names *names, const char *name, dkm_error *err) {
  char **longer = realloc(names->names, ((size_t)names->n + 1) * sizeof *longer);
  if (longer) names->names = longer;
  if (!longer || !(names->names[names->n] = strdup(name))) return dkm_fail(err, DKM_MEMORY, "out of memory for a job");
  names->n++;
  return DKM_OK;
}

dkm_status dkm_job_names_read(dkm_file_names *names, const dkm_job_source *source, const char *key, dkm_error *err) {
  const dkm_key_text *text = dkm_schema_text(source, key);
  dkm_status status = DKM_OK;
  if (text->value) status = add_name(names, text->value, err);
  for (unsigned i = 0; i < text->values_count && status == DKM_OK; i++) status = add_name(names, text->values[i], err);
  for (int i = 0; i < names->n && status == DKM_OK; i++)
    if (names->names[i][0] == '\0') status = dkm_schema_fail(source, err, key, "is empty, but must name a file");
  return status;
}

/* ---- bytes ---- */

const dkm_job_file *dkm_job_files_find(const dkm_job *job, const char *name) {
  for (int i = 0; i < job->n_files; i++)
    if (strcmp(job->files[i].name, name) == 0) return &job->files[i];
  return NULL;
}

dkm_matrix_file dkm_job_files_view(const dkm_job *job, const char *name) {
  const dkm_job_file *file = dkm_job_files_find(job, name);
  return (dkm_matrix_file){.name = name, .bytes = file->bytes, .n_bytes = file->n_bytes};
}

/* Where a file is that a job in `path` names; malloc'ed. */
static char *place_of(const char *path, const char *name) {
  const char *slash = strrchr(path, '/');
  const int folder = name[0] != '/' && slash ? (int)(slash - path) + 1 : 0;
  char *place = malloc((size_t)folder + strlen(name) + 1);
  if (place) sprintf(place, "%.*s%s", folder, path, name);
  return place;
}

static dkm_status copy_given(const dkm_job_source *source, const dkm_file_source *files, const char *key,
                             const char *name, dkm_job_file *file, dkm_error *err) {
  int i = 0;
  while (i < files->n && strcmp(files->files[i].name, name) != 0) i++;
  if (i == files->n) return dkm_schema_fail(source, err, key, "names %s, which is not with the job", name);
  file->n_bytes = files->files[i].n_bytes;
  file->bytes = malloc(file->n_bytes + 1);
  if (!file->bytes) return dkm_fail(err, DKM_MEMORY, "out of memory for %s", name);
  if (file->n_bytes > 0) memcpy(file->bytes, files->files[i].bytes, file->n_bytes);
  return DKM_OK;
}

static dkm_status load(const dkm_job *job, const dkm_job_source *source, const char *key, const char *name,
                       dkm_file_kind kind, dkm_job_file *file, dkm_error *err) {
  dkm_error inner = {.status = DKM_OK};
  if (kind == DKM_FILE_OF_STATES && !read_states)
    return dkm_schema_fail(source, err, key, "names a file, but this program reads no states");
  char *place = place_of(source->path, name);
  if (!place) return dkm_fail(err, DKM_MEMORY, "out of memory for %s", name);
  const dkm_status status = kind == DKM_FILE_OF_STATES ? read_states(place, job, &file->bytes, &file->n_bytes, &inner)
                                                       : dkm_matrix_load(place, &file->bytes, &file->n_bytes, &inner);
  free(place);
  if (status == DKM_MEMORY) return dkm_fail(err, status, "%s", inner.message);
  return status == DKM_OK ? DKM_OK : dkm_schema_fail(source, err, key, "cannot be used: %s", inner.message);
}

dkm_status dkm_job_files_keep(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files, const char *key,
                              const dkm_file_names *names, dkm_file_kind kind, dkm_error *err) {
  for (int i = 0; i < names->n; i++) {
    const char *name = names->names[i];
    dkm_job_file file = {0};
    if (dkm_job_files_find(job, name)) continue;
    dkm_job_file *more = realloc(job->files, ((size_t)job->n_files + 1) * sizeof *more);
    if (!more) return dkm_fail(err, DKM_MEMORY, "out of memory for a job");
    job->files = more;
    dkm_status status = files->from_disk ? load(job, source, key, name, kind, &file, err)
                                         : copy_given(source, files, key, name, &file, err);
    if (status != DKM_OK) return status;
    file.name = strdup(name);
    job->files[job->n_files++] = file;
    if (!file.name) return dkm_fail(err, DKM_MEMORY, "out of memory for a job");
  }
  return DKM_OK;
}

static void free_names(dkm_file_names *names) {
  for (int i = 0; i < names->n; i++) free(names->names[i]);
  free(names->names);
}

void dkm_job_files_free(dkm_job *job) {
  free_names(&job->matrix_file);
  free_names(&job->image_files);
  free_names(&job->cue_file);
  free_names(&job->from_file);
  for (int i = 0; i < job->n_files; i++) {
    free(job->files[i].name);
    free(job->files[i].bytes);
  }
  free(job->files);
}
