/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata that are not as they were written are never given to HDF5; the history grows inside them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/parallel/store_hdf5.h"
#include "cmocka_headers.h"
#include "test_folder.h"

static char folder[512], path[600];
static dkm_error err;
static dkm_job job;

static const char job_text[] = "model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]}\n"
                               "axes:\n  - {name: g0, from: 0.3, to: 1.5, points: 7}\n";
static const dkm_provenance provenance = {
    .version = "0.1.0 (git test)", .command = "dickemap run small.yaml", .instruction_set = "plain", .n_ranks = 1};

static dkm_guard_state state_of_file(void) {
  const int descriptor = open(path, O_RDONLY);
  assert_true(descriptor >= 0);
  const dkm_guard_state state = dkm_guard_check(descriptor, NULL);
  close(descriptor);
  return state;
}

static char *history(void) {
  dkm_store_reader *reader;
  char *text = malloc(1 << 17);
  assert_non_null(text);
  assert_int_equal(dkm_store_reader_open(path, &reader, &err), DKM_OK);
  dkm_store_reader_attribute(reader, "history", text, 1 << 17);
  dkm_store_reader_close(reader);
  return text;
}

static void append(const char *line) {
  bool kept;
  assert_int_equal(dkm_store_append_history(path, line, &kept, &err), DKM_OK);
  assert_true(kept);
}

static size_t lines_of(const char *text) {
  size_t n = 1;
  for (; *text; text++) n += *text == '\n';
  return n;
}

/* Inverts a byte; to be called twice. */
static void invert(int descriptor, off_t at) {
  unsigned char byte;
  assert_int_equal(pread(descriptor, &byte, 1, at), 1);
  byte = (unsigned char)~byte;
  assert_int_equal(pwrite(descriptor, &byte, 1, at), 1);
}

/* Every fifth of them. */
static void every_byte_of_metadata_is_guarded_and_no_other(void **state) {
  (void)state;
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  dkm_hdf5_variable variable[DKM_HDF5_MAX_VARIABLES];
  dkm_hdf5_region raw[DKM_HDF5_MAX_VARIABLES];
  dkm_form form;
  dkm_form_of(&job, &form);
  const int n = dkm_hdf5_variables(&job, &form, variable);
  for (int i = 0; i < n; i++) {
    const hid_t dataset = H5Dopen2(file, variable[i].name, H5P_DEFAULT);
    raw[i] = (dkm_hdf5_region){H5Dget_offset(dataset), H5Dget_storage_size(dataset)};
    H5Dclose(dataset);
  }
  H5Fclose(file);
  struct stat found;
  assert_int_equal(stat(path, &found), 0);
  const int descriptor = open(path, O_RDWR);
  int64_t n_unguarded = 0, n_raw = 0;
  for (off_t at = 0; at < found.st_size; at += 5) {
    bool is_raw = false;
    for (int i = 0; i < n; i++)
      is_raw = is_raw || ((uint64_t)at >= raw[i].first && (uint64_t)at < raw[i].first + raw[i].count);
    n_raw += is_raw;
    if (at > 400 && at < DKM_HISTORY_BYTES - 400) continue; /* inside of the history */
    invert(descriptor, at);
    if (dkm_guard_check(descriptor, NULL) == DKM_GUARD_GOOD) {
      n_unguarded++;
    } else if (is_raw) {
      fail_msg("byte %lld is raw data, but guarded", (long long)at);
    }
    invert(descriptor, at);
  }
  close(descriptor);
  /* Beside raw data: the ends of the history, and what is unused in the checksum's own attribute. */
  assert_true(n_unguarded >= n_raw && n_unguarded - n_raw < (DKM_GUARD_BYTES + 1000) / 5);
  assert_int_equal(state_of_file(), DKM_GUARD_GOOD);
}

/* HDF5's note that somebody writes stays there when that program is killed; other damage to that byte is seen. */
static void the_mark_of_an_open_file_is_no_damage(void **state) {
  (void)state;
  const int descriptor = open(path, O_RDWR);
  unsigned char byte;
  assert_int_equal(pread(descriptor, &byte, 1, 20), 1);
  assert_int_equal(byte, 0);
  assert_int_equal(pwrite(descriptor, &(unsigned char){1}, 1, 20), 1);
  assert_int_equal(dkm_guard_check(descriptor, NULL), DKM_GUARD_GOOD);
  append("while it is marked");
  assert_int_equal(pwrite(descriptor, &(unsigned char){8}, 1, 20), 1);
  assert_int_equal(dkm_guard_check(descriptor, NULL), DKM_GUARD_BROKEN);
  assert_int_equal(pwrite(descriptor, &byte, 1, 20), 1);
  assert_int_equal(dkm_guard_check(descriptor, NULL), DKM_GUARD_GOOD);
  close(descriptor);
}

static void a_file_of_another_size_is_not_judged(void **state) {
  (void)state;
  struct stat found;
  assert_int_equal(stat(path, &found), 0);
  const off_t sizes[] = {found.st_size + 1, found.st_size - 1, 60000, 100, 0};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_int_equal(truncate(path, sizes[i]), 0);
    assert_int_equal(state_of_file(), DKM_GUARD_NONE);
  }
}

static void lines_are_appended_in_order(void **state) {
  (void)state;
  char *before = history();
  append("first\nline\t");
  append("second line");
  char *after = history();
  assert_memory_equal(after, before, strlen(before));
  assert_string_equal(after + strlen(before), "\nfirst line \nsecond line");
  assert_int_equal(state_of_file(), DKM_GUARD_GOOD);
  free(before);
  free(after);
}

/* A kill while the line was written. */
static void a_line_cut_short_stays_a_line_of_its_own(void **state) {
  (void)state;
  append("whole");
  append("cut sho");
  append("whole again");
  char *text = history();
  assert_non_null(strstr(text, "\nwhole\ncut sho\nwhole again"));
  free(text);
}

static void a_full_history_keeps_its_first_line_and_the_latest(void **state) {
  (void)state;
  enum { N = 1000 };
  char line[128];
  char *text = history();
  const size_t first_length = strlen(text);
  char *first = strdup(text);
  free(text);
  for (int i = 0; i < N; i++) {
    snprintf(line, sizeof line, "line %d, of the length that such a line may well have, of some 80 bytes", i);
    append(line);
    if (i % 100 != 0 && i != N - 1) continue;
    text = history();
    assert_true(strlen(text) < DKM_HISTORY_BYTES);
    assert_memory_equal(text, first, first_length);
    assert_string_equal(strrchr(text, '\n') + 1, line);
    unsigned long n_left_out = 0;
    if (sscanf(text + first_length, "\n(%lu lines left out)", &n_left_out) == 1) n_left_out--; /* the note's own line */
    assert_int_equal(lines_of(text) + n_left_out, 1 + (size_t)i + 1);
    free(text);
  }
  free(first);
  assert_int_equal(state_of_file(), DKM_GUARD_GOOD);
}

static void a_line_that_never_fits_is_cut(void **state) {
  (void)state;
  char *line = malloc(2 * DKM_HISTORY_BYTES);
  memset(line, 'x', 2 * DKM_HISTORY_BYTES);
  line[2 * DKM_HISTORY_BYTES - 1] = '\0';
  for (int i = 0; i < 20; i++) append(line);
  append("the last");
  char *text = history();
  assert_true(strlen(text) < DKM_HISTORY_BYTES);
  assert_string_equal(strrchr(text, '\n'), "\nthe last");
  free(text);
  free(line);
}

/* The mark by which the checksum is found may stand in a command line. */
static void the_mark_in_the_history_confuses_nobody(void **state) {
  (void)state;
  append("dickemap-metadata crc=12345678 at=5");
  assert_int_equal(state_of_file(), DKM_GUARD_GOOD);
  append("another");
  const int descriptor = open(path, O_RDWR);
  invert(descriptor, 70); /* in the superblock */
  close(descriptor);
  assert_int_equal(state_of_file(), DKM_GUARD_BROKEN);
}

static void a_file_without_room_is_left_alone(void **state) {
  (void)state;
  bool kept = true;
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(H5Adelete(file, "metadata_checksum") >= 0);
  H5Fclose(file);
  assert_int_equal(state_of_file(), DKM_GUARD_NONE);
  char *before = history();
  assert_int_equal(dkm_store_append_history(path, "a line", &kept, &err), DKM_OK);
  assert_false(kept);
  char *after = history();
  assert_string_equal(before, after);
  free(before);
  free(after);
}

static int make(void **state) {
  (void)state;
  unlink(path);
  return dkm_store_create(path, &job, &provenance, false, &err) != DKM_OK;
}

static int prepare(void **state) {
  (void)state;
  if (!make_test_folder("guard", folder, sizeof folder)) return -1;
  snprintf(path, sizeof path, "%s/guard.h5", folder);
  return dkm_job_parse(&job, "small.yaml", job_text, 0, NULL, &err) != DKM_OK;
}

static int tidy(void **state) {
  (void)state;
  dkm_job_free(&job);
  unlink(path);
  return rmdir(folder);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(every_byte_of_metadata_is_guarded_and_no_other, make),
      cmocka_unit_test_setup(the_mark_of_an_open_file_is_no_damage, make),
      cmocka_unit_test_setup(a_file_of_another_size_is_not_judged, make),
      cmocka_unit_test_setup(lines_are_appended_in_order, make),
      cmocka_unit_test_setup(a_line_cut_short_stays_a_line_of_its_own, make),
      cmocka_unit_test_setup(a_full_history_keeps_its_first_line_and_the_latest, make),
      cmocka_unit_test_setup(a_line_that_never_fits_is_cut, make),
      cmocka_unit_test_setup(the_mark_in_the_history_confuses_nobody, make),
      cmocka_unit_test_setup(a_file_without_room_is_left_alone, make),
  };
  MPI_Init(&argc, &argv);
  const int failed = cmocka_run_group_tests_name("store_guard", tests, prepare, tidy);
  MPI_Finalize();
  return failed;
}
