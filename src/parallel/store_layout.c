/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_layout: every dataset and attribute of a new file; coordinates and tables: store_coordinates.c.
 *
 * What makes it one labelled dataset for netCDF readers
 *   - a dimension scale is attached to every dimension of every dataset (an unattached one
 *     appears as a `phony_dim`);
 *   - no enums, booleans, compounds or string variables: numbers with CF flag_values and
 *     flag_meanings; pairs _re and _im;
 *   - `_FillValue` has the type of its variable;
 *   - axes of a zip group are auxiliary coordinates, named by `coordinates` of each variable;
 *   - links are kept in order of creation, which is then the order in which `ncdump` lists.
 * CF's short attributes are strings of fixed length, which every reader knows; free text
 * (job, ...) is of variable length, the only kind that may exceed 64 kB.  The history has a fixed length with room to
 * grow (store_guard.c).
 *
 * Large files.  Filling a file with NaN runs at the speed of the disk and can take minutes,
 * so above FILL_MAX_BYTES the file stays sparse: cells that were never written read 0 (which is no verdict), and
 * `status` says which those are.  So does the file of a shard, which is as long as the whole grid needs. */
#define _GNU_SOURCE /* asprintf */
#include "store_layout.h"

#include <gsl/gsl_version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dickemap/clock.h"
#include "dickemap/here.h"

/* Some 30 s of filling at 150 MB/s; measured at 3.4 GB, on a disk of 200 MB/s that others used too: 6 and 18 s. */
#define FILL_MAX_BYTES ((double)((int64_t)4 << 30))

dkm_status dkm_layout_failed(creation *c, const char *what) {
  char reason[DKM_HDF5_REASON_BYTES];
  return dkm_fail(c->err, DKM_IO, "output %s cannot be created: %s: %s", c->path, what,
                  dkm_hdf5_reason(reason, sizeof reason));
}

dkm_status dkm_layout_put_attribute(creation *c, hid_t object, const char *name, hid_t file_type, hid_t memory_type,
                                    hsize_t n, const void *values) {
  dkm_status status = DKM_OK;
  hid_t attribute = H5I_INVALID_HID;
  const hid_t space = n == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, NULL);
  if (space < 0)
    status = dkm_layout_failed(c, name);
  else if ((attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT)) < 0 ||
           H5Awrite(attribute, memory_type, values) < 0)
    status = dkm_layout_failed(c, name);
  if (attribute >= 0 && H5Aclose(attribute) < 0 && status == DKM_OK) status = dkm_layout_failed(c, name);
  if (space >= 0) H5Sclose(space);
  return status;
}

static dkm_status put_int(creation *c, hid_t object, const char *name, int value) {
  return dkm_layout_put_attribute(c, object, name, H5T_STD_I32LE, H5T_NATIVE_INT, 1, &value);
}

dkm_status dkm_layout_put_string(creation *c, hid_t object, const char *name, const char *text) {
  const size_t length = strlen(text);
  const hid_t type = H5Tcopy(H5T_C_S1);
  dkm_status status;
  if (type < 0 || H5Tset_size(type, length ? length : 1) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)
    status = dkm_layout_failed(c, name);
  else
    status = dkm_layout_put_attribute(c, object, name, type, type, 1, text);
  if (type >= 0) H5Tclose(type);
  return status;
}

/* Text of fixed length `size` with room behind it: 0 bytes, which readers leave out. */
static dkm_status put_reserved(creation *c, hid_t object, const char *name, size_t size, const char *text) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  char *padded = calloc(size, 1);
  dkm_status status;
  if (!padded)
    status = dkm_fail(c->err, DKM_MEMORY, "output %s cannot be created: out of memory for `%s`", c->path, name);
  else if (type < 0 || H5Tset_size(type, size) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)
    status = dkm_layout_failed(c, name);
  else
    status = dkm_layout_put_attribute(c, object, name, type, type, 1, strncpy(padded, text, size - 1));
  if (type >= 0) H5Tclose(type);
  free(padded);
  return status;
}

/* Text of any length, in UTF-8.  An empty one is left out: netCDF would show it as a null pointer. */
static dkm_status put_text(creation *c, hid_t object, const char *name, const char *text) {
  if (!text || !*text) return DKM_OK;
  const hid_t type = H5Tcopy(H5T_C_S1);
  dkm_status status;
  if (type < 0 || H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)
    status = dkm_layout_failed(c, name);
  else
    status = dkm_layout_put_attribute(c, object, name, type, type, 1, &text);
  if (type >= 0) H5Tclose(type);
  return status;
}

dkm_status dkm_layout_attach_scales(creation *c, hid_t dataset, int n_dims, const char *const *dim_name,
                                    const char *what) {
  dkm_status status = DKM_OK;
  for (int d = 0; d < n_dims && status == DKM_OK; d++) {
    const hid_t scale = H5Dopen2(c->file, dim_name[d], H5P_DEFAULT);
    if (scale < 0 || H5DSattach_scale(dataset, scale, (unsigned)d) < 0) status = dkm_layout_failed(c, what);
    if (scale >= 0 && H5Dclose(scale) < 0 && status == DKM_OK) status = dkm_layout_failed(c, what);
  }
  return status;
}

/* ---- attributes of the file ---- */

static dkm_status put_file_attributes(creation *c) {
  const dkm_provenance *p = c->provenance;
  char hdf5[64], mpi[DKM_HERE_MPI_BYTES], host[256], date[DKM_CLOCK_DATE_BYTES], fields[DKM_HDF5_FIELDS_BYTES];
  char *canonical = dkm_job_canonical(c->job), *sets = dkm_job_join_sets(c->job), *source = NULL;
  dkm_status status = DKM_OK;

  dkm_here_host(host, sizeof host);
  dkm_clock_date(date);
  dkm_store_library_version(hdf5, sizeof hdf5);
  dkm_here_mpi(mpi);
  dkm_hdf5_print_fields(&c->form, fields);
  if (p->history)
    c->history = strdup(p->history);
  else if (asprintf(&c->history, "%s: %s", date, p->command) < 0)
    c->history = NULL;
  if (asprintf(&source, "dickemap %s: mean-field equations of the open multimode Dicke model", p->version) < 0)
    source = NULL;
  if (!canonical || !sets || !c->history || !source) {
    status = dkm_fail(c->err, DKM_MEMORY, "output %s cannot be created: out of memory for its attributes", c->path);
    goto cleanup;
  }
  const struct {
    const char *name, *text;
    dkm_status (*put)(creation *, hid_t, const char *, const char *);
  } texts[] = {
      {"Conventions", "CF-1.10", dkm_layout_put_string},
      {"title", c->job->title, put_text},
      {"unit", c->job->unit, put_text},
      {"source", source, put_text},
      {"references",
       "F. Carollo and I. Lesanovsky (2021): Exactness of mean-field equations for open Dicke models with an "
       "application to pattern retrieval dynamics",
       dkm_layout_put_string},
      {"comment",
       c->sparse ? "Points whose status is 0 are still to be computed; their values read 0 and mean nothing."
                 : "Points whose status is 0 are still to be computed; their values are fill values.",
       dkm_layout_put_string},
      {"dickemap_version", p->version, dkm_layout_put_string},
      {"gsl_version", gsl_version, dkm_layout_put_string},
      {"hdf5_version", hdf5 + strlen("HDF5 "), dkm_layout_put_string},
      {"mpi_version", mpi, dkm_layout_put_string},
      {"instruction_set", p->instruction_set, dkm_layout_put_string},
      {"host", host, dkm_layout_put_string},
      {"date_created", date, dkm_layout_put_string},
      {"command", p->command, put_text},
      {"records_from", p->records_from, put_text},
      {"job_file", c->job->path, put_text},
      {"job", c->job->text, put_text},
      {"job_sets", sets, put_text},
      {"job_canonical", canonical, put_text},
      {"task", c->job->task->name, dkm_layout_put_string},
      {"checksum_fields", fields, dkm_layout_put_string},
  };
  /* First, so that they are found near the beginning of the file. */
  status = put_reserved(c, c->file, "history", DKM_HISTORY_BYTES, dkm_history_mark);
  if (status == DKM_OK) status = put_reserved(c, c->file, "metadata_checksum", DKM_GUARD_BYTES, dkm_guard_mark);
  for (size_t i = 0; i < sizeof texts / sizeof *texts && status == DKM_OK; i++)
    status = texts[i].put(c, c->file, texts[i].name, texts[i].text);
  if (status == DKM_OK)
    status = dkm_layout_put_attribute(c, c->file, "alpha_factor", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 1,
                                      &c->job->system.alpha_factor);
  if (status == DKM_OK) status = put_int(c, c->file, "n_ranks", p->n_ranks);
  if (status == DKM_OK && p->shard) {
    status = put_int(c, c->file, "shard", p->shard->index);
    if (status == DKM_OK) status = put_int(c, c->file, "n_shards", p->shard->n);
    if (status == DKM_OK) status = put_int(c, c->file, "shard_block", (int)p->shard->block);
  }
  if (status == DKM_OK) status = put_int(c, c->file, "format_version", DKM_STORE_FORMAT_VERSION);

cleanup:
  free(source);
  free(sets);
  free(canonical);
  return status;
}

/* Names of the zipped axes for `coordinates`, "" if there are none. */
static void auxiliary_names(const creation *c, char *out, size_t out_bytes) {
  size_t used = 0;
  out[0] = '\0';
  for (int i = 0; i < c->job->n_axes; i++) {
    const dkm_axis *axis = &c->job->axes[i];
    if (axis->dim >= c->job->n_dims || strcmp(axis->name, c->job->dim_name[axis->dim]) == 0 || used >= out_bytes) continue;
    used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", used ? " " : "", axis->name);
  }
}

/* ---- variables on the grid ---- */

enum { FLAG_TEXT_BYTES = 1024 };

/* CF flags 0 ... n-1 with their names, and a comment that explains each. */
static dkm_status put_flags(creation *c, hid_t dataset, const dkm_codes *codes) {
  uint8_t values[32];
  char names[FLAG_TEXT_BYTES] = "", comment[FLAG_TEXT_BYTES] = "";
  for (int i = 0; i < codes->n; i++) values[i] = (uint8_t)i;
  dkm_codes_print(codes, names, sizeof names, comment, sizeof comment);
  dkm_status status =
      dkm_layout_put_attribute(c, dataset, "flag_values", H5T_STD_U8LE, H5T_NATIVE_UINT8, (hsize_t)codes->n, values);
  if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "flag_meanings", names);
  if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "comment", comment);
  return status;
}

/* What is particular to one variable. */
static dkm_status put_particulars(creation *c, hid_t dataset, const dkm_hdf5_variable *variable) {
  const char *comment = variable->field ? dkm_field_comment(variable->field) : "";
  if (variable->field && variable->field->codes) return put_flags(c, dataset, variable->field->codes);
  if (strcmp(variable->name, "status") == 0) return put_flags(c, dataset, &dkm_status_codes);
  return *comment ? dkm_layout_put_string(c, dataset, "comment", comment) : DKM_OK;
}

static dkm_status put_variable(creation *c, const dkm_hdf5_variable *variable, const char *auxiliary) {
  hsize_t extent[DKM_MOST_DIMS];
  const char *dim_name[DKM_MOST_DIMS];
  const int n_dims = dkm_hdf5_extent(&c->grid, variable->shape, extent, dim_name);
  const dkm_field_scale scale = variable->field ? variable->field->scale : DKM_SCALE_NUMBER;
  char units[DKM_UNITS_BYTES];
  hid_t space = H5I_INVALID_HID, how = H5I_INVALID_HID, dataset = H5I_INVALID_HID;
  dkm_status status = DKM_OK;

  if ((how = H5Pcreate(H5P_DATASET_CREATE)) < 0 || H5Pset_layout(how, H5D_CONTIGUOUS) < 0 ||
      H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY) < 0 ||
      H5Pset_fill_time(how, c->sparse ? H5D_FILL_TIME_NEVER : H5D_FILL_TIME_ALLOC) < 0 ||
      (variable->fill && H5Pset_fill_value(how, variable->memory_type, variable->fill) < 0) ||
      (space = H5Screate_simple(n_dims, extent, NULL)) < 0 ||
      (dataset = H5Dcreate2(c->file, variable->name, variable->file_type, space, H5P_DEFAULT, how, H5P_DEFAULT)) < 0) {
    status = dkm_layout_failed(c, variable->name);
    goto cleanup;
  }
  const haddr_t offset = H5Dget_offset(dataset);
  if (offset == HADDR_UNDEF) {
    status = dkm_layout_failed(c, variable->name);
    goto cleanup;
  }
  c->raw[c->n_raw++] = (dkm_hdf5_region){offset, H5Dget_storage_size(dataset)};
  status = dkm_layout_attach_scales(c, dataset, n_dims, dim_name, variable->name);
  if (status == DKM_OK)
    status = dkm_layout_put_string(c, dataset, "units", dkm_unit_text(variable->units, scale, c->job->unit, units));
  if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "long_name", variable->long_name);
  if (status == DKM_OK && variable->fill)
    status = dkm_layout_put_attribute(c, dataset, "_FillValue", variable->file_type, variable->memory_type, 1,
                                      variable->fill);
  if (status == DKM_OK) status = put_particulars(c, dataset, variable);
  if (status == DKM_OK && *auxiliary) status = dkm_layout_put_string(c, dataset, "coordinates", auxiliary);

cleanup:
  if (dataset >= 0 && H5Dclose(dataset) < 0 && status == DKM_OK) status = dkm_layout_failed(c, variable->name);
  if (space >= 0) H5Sclose(space);
  if (how >= 0) H5Pclose(how);
  return status;
}

dkm_status dkm_hdf5_write_layout(const char *new_path, const char *path, const dkm_job *job,
                                 const dkm_provenance *provenance, dkm_error *err) {
  creation state = {.file = H5I_INVALID_HID,
                    .path = path,
                    .job = job,
                    .provenance = provenance,
                    .sparse = provenance->shard || dkm_store_bytes(job) > FILL_MAX_BYTES,
                    .err = err};
  creation *const c = &state;
  dkm_hdf5_variable variable[DKM_HDF5_MAX_VARIABLES];
  char auxiliary[DKM_MAX_AXES * DKM_NAME_BYTES];
  hid_t access = H5I_INVALID_HID, how = H5I_INVALID_HID;
  dkm_status status = DKM_OK;

  dkm_hdf5_grid_of(job, &c->grid);
  dkm_form_of(job, &c->form);
  const int n_variables = dkm_hdf5_variables(job, &c->form, variable);
  if ((access = H5Pcreate(H5P_FILE_ACCESS)) < 0 ||
      H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST) < 0 ||
      H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0 || (how = H5Pcreate(H5P_FILE_CREATE)) < 0 ||
      H5Pset_link_creation_order(how, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) < 0 ||
      (c->file = dkm_hdf5_create(new_path, H5F_ACC_TRUNC, how, access)) < 0) {
    status = dkm_layout_failed(c, "file");
    goto cleanup;
  }
  status = put_file_attributes(c);
  if (status == DKM_OK) status = dkm_layout_put_coordinates(c);
  if (status == DKM_OK) status = dkm_hdf5_put_job_files(c->file, job, path, err);
  if (status == DKM_OK) status = dkm_layout_put_tables(c);
  auxiliary_names(c, auxiliary, sizeof auxiliary);
  for (int i = 0; i < n_variables && status == DKM_OK; i++) status = put_variable(c, &variable[i], auxiliary);
  /* What is in the way of writing would be in the way of closing, too; this file is lost anyway. */
  if (status != DKM_OK) {
    const int emptied = truncate(new_path, 0);
    (void)emptied; /* if not, closing may still succeed */
  }
  if (H5Fclose(c->file) < 0 && status == DKM_OK) status = dkm_layout_failed(c, "closing");
  if (status == DKM_OK) status = dkm_guard_seal(new_path, path, c->raw, c->n_raw, c->history, err);

cleanup:
  free(c->history);
  if (how >= 0) H5Pclose(how);
  if (access >= 0) H5Pclose(access);
  return status;
}
