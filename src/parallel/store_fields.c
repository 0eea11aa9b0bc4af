/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_fields: which fields a file has, in which order its checksums cover them, and what its codes mean.
 *
 *   format 1 (version 0.1.0)   the fields below, codes from 0
 *   format 2                   attribute `checksum_fields`
 *
 * A field of the job's task that is not in the list is not in the file, unless it is one that no checksum covers.  A
 * field in the list that the task does not have comes from a later version: its values count for the checksum and for
 * nothing else. Codes are those that `flag_values` and `flag_meanings` of the dataset name. */
#include "store_hdf5.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char format_1[] =
    "xi xi_rms occupation alpha_re alpha_im verdict failure retrieved residual drift precession growth_rate decay_rate "
    "n_unstable n_neutral amplitude period frequency_1 frequency_2 lyapunov amplification amplification_total "
    "sensitive "
    "xi_theory g_crit g_retrieve t_end steps";

enum { N_CODES = 256 };

void dkm_hdf5_print_fields(const dkm_form *form, char out[DKM_HDF5_FIELDS_BYTES]) {
  size_t used = 0;
  out[0] = '\0';
  for (int i = 0; i < form->n_fields; i++)
    if (form->fields[i].reproducible && used < DKM_HDF5_FIELDS_BYTES)
      used += (size_t)snprintf(out + used, DKM_HDF5_FIELDS_BYTES - used, "%s%s", used ? " " : "", form->fields[i].name);
}

static dkm_status damaged(const char *path, const char *what, const char *name, dkm_error *err) {
  return dkm_hdf5_damaged(path, err, "%s `%s`", what, name);
}

/* ---- fields of later versions ---- */

static bool type_of(hid_t dataset, dkm_field_type *type) {
  static const dkm_field_type types[] = {DKM_FLOAT64, DKM_INT64, DKM_INT32, DKM_INT8, DKM_UINT8};
  const hid_t found = H5Dget_type(dataset);
  bool known = false;
  for (size_t i = 0; found >= 0 && !known && i < sizeof types / sizeof *types; i++)
    if ((known = H5Tequal(found, dkm_hdf5_file_type(types[i])) > 0)) *type = types[i];
  if (found >= 0) H5Tclose(found);
  return known;
}

/* Its first dimensions are the grid's, whatever comes after. */
static bool take_extent(dkm_hdf5_file *file, dkm_hdf5_variable *variable, hid_t space) {
  hsize_t extent[H5S_MAX_RANK];
  const int n = space < 0 ? -1 : H5Sget_simple_extent_dims(space, extent, NULL);
  if (n < file->grid.n_dims || n > DKM_HDF5_MAX_DIMS ||
      memcmp(extent, file->grid.shape, (size_t)file->grid.n_dims * sizeof *extent) != 0)
    return false;
  variable->n_values = 1;
  for (int d = file->grid.n_dims; d < n; d++) variable->n_values *= extent[d];
  return variable->n_values > 0;
}

static dkm_status add_unknown(dkm_hdf5_file *file, const char *path, const char *name, dkm_error *err) {
  const int i = file->n_variables;
  dkm_hdf5_variable *variable = &file->variable[i];
  if (i == DKM_HDF5_MAX_VARIABLES) return damaged(path, "it lists more fields than there can be, such as", name, err);
  *variable = (dkm_hdf5_variable){.name = name, .shape = DKM_HDF5_N_SHAPES + i};
  file->n_variables++;
  file->dataset[i] = H5Dopen2(file->id, name, H5P_DEFAULT);
  if (file->dataset[i] < 0) return damaged(path, "it lacks the dataset", name, err);
  file->space[variable->shape] = H5Dget_space(file->dataset[i]);
  if (!take_extent(file, variable, file->space[variable->shape]))
    return damaged(path, "another shape than the job's has the dataset", name, err);
  if (!type_of(file->dataset[i], &variable->type))
    return dkm_fail(err, DKM_INPUT, "%s: field `%s` is of a type that this version does not know", path, name);
  variable->file_type = dkm_hdf5_file_type(variable->type);
  variable->memory_type = dkm_hdf5_memory_type(variable->type);
  variable->value_bytes = dkm_field_type_bytes(variable->type);
  file->listed[file->n_listed++] = i;
  return DKM_OK;
}

/* ---- the list ---- */

static bool is_listed(const dkm_hdf5_file *file, int i_variable) {
  for (int i = 0; i < file->n_listed; i++)
    if (file->listed[i] == i_variable) return true;
  return false;
}

dkm_status dkm_hdf5_list_fields(dkm_hdf5_file *file, const char *path, dkm_error *err) {
  dkm_status status = DKM_OK;
  file->list = file->format == 1 ? strdup(format_1) : dkm_hdf5_text_attribute(file->id, "checksum_fields");
  if (!file->list) return damaged(path, "it lacks the attribute", "checksum_fields", err);
  char *rest = file->list;
  for (char *name; !status && (name = strsep(&rest, " "));) {
    const int i = dkm_form_find(&file->form, name);
    if (i < 0)
      status = add_unknown(file, path, name, err);
    else if (is_listed(file, i))
      status = damaged(path, "twice it lists the field", name, err);
    else
      file->listed[file->n_listed++] = i;
  }
  return status;
}

bool dkm_hdf5_has_field(const dkm_hdf5_file *file, int i_field) {
  const dkm_field *field = &file->form.fields[i_field];
  if (field->reproducible) return is_listed(file, i_field);
  return H5Lexists(file->id, field->name, H5P_DEFAULT) != 0; /* < 0: opening it will say why */
}

/* ---- codes ---- */

static uint8_t code_named(const dkm_codes *codes, const char *name) {
  for (int code = 0; code < codes->n; code++)
    if (strcmp(codes->name(code), name) == 0) return (uint8_t)code;
  return DKM_CODE_UNKNOWN;
}

/* flag_values into values[N_CODES]; their number, or -1. */
static int read_flag_values(hid_t dataset, uint8_t *values) {
  int n = -1;
  hid_t space = H5I_INVALID_HID;
  if (H5Aexists(dataset, "flag_values") <= 0) return -1;
  const hid_t attribute = H5Aopen(dataset, "flag_values", H5P_DEFAULT);
  if (attribute < 0) return -1;
  if ((space = H5Aget_space(attribute)) >= 0) {
    const hssize_t n_points = H5Sget_simple_extent_npoints(space);
    if (n_points > 0 && n_points <= N_CODES && H5Aread(attribute, H5T_NATIVE_UINT8, values) >= 0) n = (int)n_points;
    H5Sclose(space);
  }
  H5Aclose(attribute);
  return n;
}

/* table[code in the file]: the code here.  What the file does not name keeps its number, as long as that is no code. */
static dkm_status read_codes(dkm_hdf5_file *file, int i, const char *path, dkm_error *err) {
  const dkm_field *field = &file->form.fields[i];
  const dkm_codes *codes = field->codes;
  uint8_t values[N_CODES], *table = malloc(N_CODES);
  char *meanings = dkm_hdf5_text_attribute(file->dataset[i], "flag_meanings"), *rest = meanings;
  const int n = read_flag_values(file->dataset[i], values);
  int n_named = 0;
  file->codes[i] = table;
  if (!table) {
    free(meanings);
    return dkm_fail(err, DKM_MEMORY, "%s: out of memory for the codes of `%s`", path, field->name);
  }
  for (int code = 0; code < N_CODES; code++) table[code] = (uint8_t)(code < codes->n ? DKM_CODE_UNKNOWN : code);
  for (char *name; rest && n_named < n && (name = strsep(&rest, " ")); n_named++)
    table[values[n_named]] = code_named(codes, name);
  const bool complete = meanings && n_named == n && !rest;
  free(meanings);
  if (!complete) return damaged(path, "codes are not named of", field->name, err);
  bool same = true; /* as if there were no table */
  for (int code = 0; code < N_CODES; code++) same = same && table[code] == code;
  if (same) {
    free(table);
    file->codes[i] = NULL;
  }
  return DKM_OK;
}

dkm_status dkm_hdf5_read_codes(dkm_hdf5_file *file, const char *path, dkm_error *err) {
  dkm_status status = DKM_OK;
  for (int i = 0; i < file->form.n_fields && !status; i++)
    if (file->form.fields[i].codes && file->dataset[i] >= 0) status = read_codes(file, i, path, err);
  return status;
}

/* ---- compared with files of this version ---- */

const char *dkm_hdf5_unknown_field(const dkm_hdf5_file *file) {
  return file->n_variables > file->n_known ? file->variable[file->n_known].name : NULL;
}

bool dkm_hdf5_is_current(const dkm_hdf5_file *file) {
  int n = 0; /* in the list */
  if (file->format != DKM_STORE_FORMAT_VERSION || dkm_hdf5_unknown_field(file)) return false;
  for (int i = 0; i < file->n_known; i++)
    if (file->dataset[i] >= 0 && !dkm_hdf5_is_contiguous(file->dataset[i])) return false;
  for (int i = 0; i < file->form.n_fields; i++) {
    if (file->dataset[i] < 0 || file->codes[i]) return false;
    if (file->form.fields[i].reproducible && (n == file->n_listed || file->listed[n++] != i)) return false;
  }
  return n == file->n_listed;
}
