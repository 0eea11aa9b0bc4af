/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files with other fields and other codes than those of this version; tests/cli/test_older_files.py has one that version
 * 0.1.0 wrote.  Here a new file is changed as another version would have written it. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../src/parallel/store_hdf5.h"
#include "dickemap/carry.h"
#include "dickemap/resume.h"
#include "test_folder.h"

enum { N = 6, M = 2 };
static const char job_text[] = "model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]}\n"
                               "axes: [{name: g0, from: 0.5, to: 1.0, points: 6}]\n";
static const dkm_provenance provenance = {
    .version = "9.9.9 (git test)", .command = "dickemap run job.yaml", .instruction_set = "plain", .n_ranks = 1};

static char folder[256], path[300];
static dkm_job job;
static dkm_error err;

#define OK(call)                                                                                                       \
  do {                                                                                                                 \
    err = (dkm_error){0};                                                                                              \
    if ((call) != DKM_OK) fail_msg("%s: %s", #call, err.message);                                                      \
  } while (0)

static dkm_record record_of(int i) {
  dkm_record record;
  dkm_record_clear(&record);
  for (int f = 0; f < dkm_n_fields; f++)
    for (int mu = 0; mu < (dkm_fields[f].shape == DKM_PER_MODE ? M : 1) && dkm_fields[f].type == DKM_FLOAT64; mu++)
      ((double *)((char *)&record + dkm_fields[f].offset))[mu] = 100.0 * i + f + 0.1 * mu;
  record.verdict = DKM_VERDICT_FIXED_POINT;
  record.how = DKM_HOW_REACHED;
  return record;
}

/* A complete file of this version, without the checksum of its metadata. */
static int make(void **state) {
  (void)state;
  dkm_record records[N];
  uint8_t done[N];
  dkm_store *store;
  unlink(path);
  for (int i = 0; i < N; i++) records[i] = record_of(i);
  memset(done, DKM_STATUS_DONE, N);
  OK(dkm_store_create(path, &job, &provenance, false, &err));
  OK(dkm_store_open(path, &job, &store, &err));
  OK(dkm_store_write(store, 0, N, records, NULL, &err));
  OK(dkm_store_mark(store, 0, N, done, &err));
  OK(dkm_store_close(store, &err));
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(H5Adelete(file, "metadata_checksum") >= 0);
  H5Fclose(file);
  return 0;
}

static void set_text(const char *object, const char *name, const char *text) {
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(H5LTset_attribute_string(file, object, name, text) >= 0);
  H5Fclose(file);
}

static void set_values(const char *name, hid_t type, const void *values) {
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), dataset = H5Dopen2(file, name, H5P_DEFAULT);
  assert_true(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Dclose(dataset);
  H5Fclose(file);
}

static void add_dataset(const char *name, hid_t type, int n_dims, const hsize_t *shape, const void *values) {
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(H5LTmake_dataset(file, name, n_dims, shape, type, values) >= 0);
  H5Fclose(file);
}

static dkm_store_reader *read_all(dkm_record *records, uint32_t *stored, uint32_t *computed) {
  dkm_store_reader *reader;
  OK(dkm_store_reader_open(path, &reader, &err));
  OK(dkm_store_reader_records(reader, 0, N, records, stored, computed, &err));
  return reader;
}

static void refused(dkm_status status, dkm_status expected, const char *words) {
  assert_int_equal(status, expected);
  if (!strstr(err.message, words) || !strstr(err.message, path)) fail_msg("%s", err.message);
}

/* ---- fields ---- */

static void a_file_of_this_version_is_current_and_agrees_with_its_checksums(void **state) {
  (void)state;
  dkm_record records[N];
  uint32_t stored[N], computed[N];
  char list[DKM_HDF5_FIELDS_BYTES], expected[DKM_HDF5_FIELDS_BYTES];
  dkm_store_reader *reader = read_all(records, stored, computed);
  assert_true(dkm_store_reader_is_current(reader));
  assert_null(dkm_store_reader_unknown_field(reader));
  assert_memory_equal(stored, computed, sizeof stored);
  for (int i = 0; i < N; i++) {
    const dkm_record record = record_of(i);
    assert_int_equal(stored[i], dkm_record_checksum(&record, M, NULL, 0));
  }
  dkm_store_reader_attribute(reader, "checksum_fields", list, sizeof list);
  dkm_form form;
  dkm_form_of_sweep(M, &form);
  dkm_hdf5_print_fields(&form, expected);
  assert_string_equal(list, expected);
  assert_true(strncmp(list, "xi xi_rms occupation ", 21) == 0 && !strstr(list, "wall_time"));
  dkm_store_reader_close(reader);
}

static void the_list_says_what_is_there_and_in_which_order_checksums_cover_it(void **state) {
  (void)state;
  dkm_record records[N];
  uint32_t stored[N], computed[N];
  set_text("/", "checksum_fields", "steps xi verdict");
  for (int i = 0; i < N; i++) {
    const dkm_record record = record_of(i);
    stored[i] = dkm_record_crc(0, DKM_INT64, &record.steps, 1);
    stored[i] = dkm_record_crc(stored[i], DKM_FLOAT64, record.xi, M);
    stored[i] = dkm_record_crc_end(dkm_record_crc(stored[i], DKM_UINT8, &record.verdict, 1));
  }
  set_values("checksum", H5T_NATIVE_UINT32, stored);
  dkm_store_reader *reader = read_all(records, stored, computed);
  assert_memory_equal(stored, computed, sizeof stored);
  assert_false(dkm_store_reader_is_current(reader));
  for (int i = 0; i < N; i++) {
    const dkm_record whole = record_of(i);
    assert_memory_equal(records[i].xi, whole.xi, M * sizeof(double));
    assert_int_equal(records[i].verdict, DKM_VERDICT_FIXED_POINT);
    assert_true(records[i].wall_time == whole.wall_time); /* no checksum covers it, so that it is not listed */
    /* What is not listed is not there, even if there is a dataset of that name. */
    assert_true(isnan(records[i].residual) && isnan(records[i].xi_limit[1]));
    assert_true(records[i].method == 1 && records[i].how == DKM_HOW_NOT_APPLICABLE);
    assert_int_equal(records[i].sensitive, DKM_SENSITIVE_NOT_MEASURED);
  }
  uint8_t methods[N];
  OK(dkm_store_reader_methods(reader, 0, N, methods, &err));
  for (int i = 0; i < N; i++) assert_int_equal(methods[i], 1);
  dkm_store_reader_close(reader);
  dkm_store *store;
  refused(dkm_store_open(path, &job, &store, &err), DKM_INPUT, "fields of another version");
  OK(dkm_store_reader_open(path, &reader, &err));
  assert_false(dkm_store_reader_is_current(reader)); /* the refused opening has not changed it */
  dkm_store_reader_close(reader);
}

static void a_field_of_a_later_version_counts_for_the_checksum_and_is_not_lost(void **state) {
  (void)state;
  dkm_record records[N];
  uint32_t stored[N], computed[N];
  double future[N][3][2];
  const hsize_t shape[] = {N, 3, 2};
  char list[DKM_HDF5_FIELDS_BYTES + 16];
  bool exists;
  for (int i = 0; i < N * 6; i++) future[i / 6][i / 2 % 3][i % 2] = i == 7 ? NAN : 0.5 * i;
  add_dataset("future", H5T_NATIVE_DOUBLE, 3, shape, future);
  dkm_form form;
  dkm_form_of_sweep(M, &form);
  dkm_hdf5_print_fields(&form, list);
  strcat(list, " future");
  set_text("/", "checksum_fields", list);
  dkm_store_reader *reader = read_all(records, stored, computed);
  assert_memory_not_equal(stored, computed, sizeof stored);
  assert_string_equal(dkm_store_reader_unknown_field(reader), "future");
  for (int i = 0; i < N; i++) {
    const dkm_record record = record_of(i);
    assert_memory_equal(&records[i].L_saddle, &record.L_saddle, sizeof(double));
    uint32_t crc = 0;
    for (int f = 0; f < dkm_n_fields; f++)
      if (dkm_fields[f].reproducible)
        crc = dkm_record_crc(crc, dkm_fields[f].type, (const char *)&record + dkm_fields[f].offset,
                             dkm_fields[f].shape == DKM_PER_MODE ? M : 1);
    assert_int_equal(computed[i], dkm_record_crc_end(dkm_record_crc(crc, DKM_FLOAT64, future[i], 6)));
  }
  dkm_store_reader_close(reader);
  refused(dkm_resume_check(path, &job, &exists, &err), DKM_INPUT, "has the field `future` of a later version");
  refused(dkm_carry_check(path, &job, &err), DKM_INPUT, "has the field `future` of a later version");
}

static void a_list_that_names_what_is_not_there_is_damaged(void **state) {
  (void)state;
  dkm_store_reader *reader = NULL;
  const hsize_t other_shape = N + 1;
  const double values[N + 1] = {0};
  set_text("/", "checksum_fields", "xi verdict nothing");
  refused(dkm_store_reader_open(path, &reader, &err), DKM_IO, "it lacks the dataset `nothing`");
  set_text("/", "checksum_fields", "xi verdict xi");
  refused(dkm_store_reader_open(path, &reader, &err), DKM_IO, "twice it lists the field `xi`");
  add_dataset("longer", H5T_NATIVE_DOUBLE, 1, &other_shape, values);
  set_text("/", "checksum_fields", "xi verdict longer");
  refused(dkm_store_reader_open(path, &reader, &err), DKM_IO, "another shape");
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  H5Adelete(file, "checksum_fields");
  H5Fclose(file);
  refused(dkm_store_reader_open(path, &reader, &err), DKM_IO, "lacks the attribute `checksum_fields`");
}

/* ---- codes ---- */

static void codes_mean_what_the_file_says(void **state) {
  (void)state;
  dkm_record records[N];
  uint32_t stored[N], computed[N];
  const uint8_t values[] = {0, 1, 40, 7}, codes[N] = {0, 1, 40, 7, 2, 200};
  const uint8_t expected[N] = {DKM_VERDICT_FAILED,
                               DKM_VERDICT_FIXED_POINT,
                               DKM_VERDICT_LIMIT_CYCLE,
                               DKM_CODE_UNKNOWN /* a name that is not known */,
                               DKM_CODE_UNKNOWN /* no name */,
                               200};
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(H5LTset_attribute_uchar(file, "verdict", "flag_values", values, 4) >= 0);
  H5Fclose(file);
  set_text("verdict", "flag_meanings", "failed fixed_point limit_cycle strange_new_one");
  set_values("verdict", H5T_NATIVE_UINT8, codes);
  dkm_store_reader *reader = read_all(records, stored, computed);
  assert_false(dkm_store_reader_is_current(reader));
  for (int i = 0; i < N; i++) {
    dkm_record raw = record_of(i);
    assert_int_equal(records[i].verdict, expected[i]);
    raw.verdict = codes[i]; /* checksums are of the codes in the file */
    assert_int_equal(computed[i], dkm_record_checksum(&raw, M, NULL, 0));
  }
  dkm_store_reader_close(reader);
}

static void codes_without_names_are_damage(void **state) {
  (void)state;
  dkm_store_reader *reader = NULL;
  set_text("how", "flag_meanings", "not_applicable reached");
  refused(dkm_store_reader_open(path, &reader, &err), DKM_IO, "codes are not named of `how`");
}

/* ---- formats ---- */

static void a_later_format_is_refused_with_its_number(void **state) {
  (void)state;
  dkm_store_reader *reader = NULL;
  const int formats[] = {0, 3, 70000};
  for (int i = 0; i < 3; i++) {
    char words[32];
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(H5LTset_attribute_int(file, "/", "format_version", &formats[i], 1) >= 0);
    H5Fclose(file);
    snprintf(words, sizeof words, "has format %d ", formats[i]);
    refused(dkm_store_reader_open(path, &reader, &err), DKM_INPUT, words);
  }
}

static int prepare(void **state) {
  (void)state;
  if (!make_test_folder("fields", folder, sizeof folder)) return -1;
  snprintf(path, sizeof path, "%s/fields.h5", folder);
  return dkm_job_parse(&job, "job.yaml", job_text, 0, NULL, &err) != DKM_OK;
}

static int tidy(void **state) {
  (void)state;
  dkm_job_free(&job);
  unlink(path);
  return rmdir(folder);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_file_of_this_version_is_current_and_agrees_with_its_checksums, make),
      cmocka_unit_test_setup(the_list_says_what_is_there_and_in_which_order_checksums_cover_it, make),
      cmocka_unit_test_setup(a_field_of_a_later_version_counts_for_the_checksum_and_is_not_lost, make),
      cmocka_unit_test_setup(a_list_that_names_what_is_not_there_is_damaged, make),
      cmocka_unit_test_setup(codes_mean_what_the_file_says, make),
      cmocka_unit_test_setup(codes_without_names_are_damage, make),
      cmocka_unit_test_setup(a_later_format_is_refused_with_its_number, make),
  };
  MPI_Init(&argc, &argv);
  const int failed = cmocka_run_group_tests_name("store_fields", tests, prepare, tidy);
  MPI_Finalize();
  return failed;
}
