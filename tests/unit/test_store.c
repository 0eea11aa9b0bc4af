/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The output file from the inside; tests/readers looks at it from the outside.
 *
 * Runs with any number of ranks.  What is not collective is claimed by rank 0 alone.
 *
 * Two calls are no tests but make files for those of tests/readers:
 *   test_store --write JOB FILE   JOB (grid, state, zip or point, below), all but its last point
 *   test_store --forever FILE     writes and writes until it is killed
 */
#include "dickemap/store.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../src/parallel/store_hdf5.h"
#include "test_folder.h"

#define MODEL                                                                                                          \
  "model: {patterns: 3, mapping: gauged, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0]}\n"                    \
  "initial: {pattern: 1, overlap: 1.0}\n"

/* 5 x 3 x 4 points */
static const char grid_job[] = "title: A small grid\n" MODEL "axes:\n"
                               "  - {name: g0, from: 0.1, to: 2.0, points: 5}\n"
                               "  - {name: pattern, values: [1, 2, 3]}\n"
                               "  - {name: \"kappa_mu[2]\", from: 1.0, to: 4.0, points: 4}\n";
static const char state_job[] = MODEL "axes:\n"
                                      "  - {name: g0, from: 0.1, to: 2.0, points: 7}\n"
                                      "  - {name: seed, values: [3, 5]}\n"
                                      "output: {state: final}\n";
static const char zip_job[] = MODEL "axes:\n"
                                    "  - {name: g0, values: [0.3, 0.1, 0.2], zip: line}\n"
                                    "  - {name: Omega, values: [0.5, 0.6, 0.7], zip: line}\n"
                                    "  - {name: pattern, values: [1, 2]}\n";
static const char point_job[] = "title: One point\n"
                                "model: {patterns: 2, mapping: gauged, g0: 1.0, Omega: 0.5, Omega_mu: [1.5], "
                                "kappa_mu: [1.0]}\n"
                                "initial: {pattern: 1, overlap: 1.0}\n";
/* 5 million points of some 1000 bytes: beyond what is filled */
static const char large_job[] = "model: {patterns: 16, mapping: gauged, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]}\n"
                                "initial: {pattern: 1, overlap: 1.0}\n"
                                "axes:\n"
                                "  - {name: g0, from: 0.1, to: 2.0, points: 5000}\n"
                                "  - {name: \"kappa_mu[2]\", from: 1.0, to: 4.0, points: 1000}\n";

static const dkm_provenance provenance = {
    .version = "0.1.0 (git test)", .command = "dickemap run small.yaml", .instruction_set = "plain", .n_ranks = 3};

static int rank, n_ranks;
static char folder[512], path[600], other_path[600];

static void parse(dkm_job *job, const char *text, int n_sets, const char *const *sets) {
  dkm_error err = {0};
  if (dkm_job_parse(job, "small.yaml", text, n_sets, sets, &err)) fail_msg("%s", err.message);
}

#define OK(call)                                                                                                       \
  do {                                                                                                                 \
    dkm_error err = {0};                                                                                               \
    if ((call) != DKM_OK) fail_msg("%s: %s", #call, err.message);                                                      \
  } while (0)

/* A call fails with a status, and its message has these words in it. */
#define REFUSED(call, expected, ...)                                                                                   \
  do {                                                                                                                 \
    dkm_error err = {0};                                                                                               \
    assert_int_equal(call, expected);                                                                                  \
    assert_int_equal(err.status, expected);                                                                            \
    has_words(err.message, (const char *const[]){__VA_ARGS__, NULL});                                                  \
  } while (0)

static void has_words(const char *message, const char *const *words) {
  assert_null(strchr(message, '\n'));
  for (; *words; words++)
    if (!strstr(message, *words)) fail_msg("`%s` lacks `%s`", message, *words);
}

/* Rank 0 creates `path` for a job, over whatever is there. */
static void create(const dkm_job *job) {
  if (rank == 0) {
    unlink(path);
    OK(dkm_store_create(path, job, &provenance, false, &err));
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

static dkm_store *open_store(const dkm_job *job) {
  dkm_store *store = NULL;
  OK(dkm_store_open(path, job, &store, &err));
  MPI_Barrier(MPI_COMM_WORLD);
  return store;
}

/* Then all have closed it. */
static void close_store(dkm_store *store) {
  OK(dkm_store_close(store, &err));
  MPI_Barrier(MPI_COMM_WORLD);
}

/* Every member of a record is a function of the point, and all differ. */
static dkm_record record_of(int64_t i_point, int n_modes) {
  dkm_record record;
  dkm_record_clear(&record);
  for (int f = 0; f < dkm_n_fields; f++) {
    void *member = (char *)&record + dkm_fields[f].offset;
    for (int mu = 0; mu < (dkm_fields[f].shape == DKM_PER_MODE ? n_modes : 1); mu++) switch (dkm_fields[f].type) {
      case DKM_FLOAT64:
        ((double *)member)[mu] = (double)(100 * i_point + f) + 0.01 * mu;
        break;
      case DKM_INT64:
        *(int64_t *)member = (i_point << 33) + f;
        break;
      case DKM_INT32:
        *(int32_t *)member = (int32_t)(1000 * i_point + f);
        break;
      case DKM_INT8:
        *(int8_t *)member = (int8_t)(i_point % 4 - 2);
        break;
      case DKM_UINT8:
        *(uint8_t *)member = (uint8_t)(1 + (i_point + f) % 3);
        break;
      }
  }
  return record;
}

static void fill_state(double *state, size_t n, int64_t i_point) {
  for (size_t i = 0; i < n; i++) state[i] = (double)(1000 * i_point) + (double)i;
}

static void write_run(dkm_store *store, const dkm_job *job, int64_t first, int64_t count) {
  const size_t n_state = job->keep_state ? dkm_model_size(&job->system) : 0;
  dkm_record *records = malloc((size_t)count * sizeof *records);
  double *states = n_state ? malloc((size_t)count * n_state * sizeof *states) : NULL;
  assert_non_null(records);
  for (int64_t i = 0; i < count; i++) {
    records[i] = record_of(first + i, job->system.n_modes);
    if (states) fill_state(states + (size_t)i * n_state, n_state, first + i);
  }
  OK(dkm_store_write(store, first, count, records, states, &err));
  free(states);
  free(records);
}

static void assert_record(const dkm_job *job, int64_t i_point, const dkm_record *found, uint32_t checksum) {
  const int n_modes = job->system.n_modes;
  const dkm_record expected = record_of(i_point, n_modes);
  for (int f = 0; f < dkm_n_fields; f++) {
    const size_t offset = dkm_fields[f].offset;
    const size_t bytes = dkm_field_type_bytes(dkm_fields[f].type) * (size_t)(dkm_fields[f].shape == DKM_PER_MODE ? n_modes : 1);
    if (memcmp((const char *)&expected + offset, (const char *)found + offset, bytes) != 0)
      fail_msg("%s of point %lld came back changed", dkm_fields[f].name, (long long)i_point);
  }
  const size_t n_state = job->keep_state ? dkm_model_size(&job->system) : 0;
  double *state = n_state ? malloc(n_state * sizeof *state) : NULL;
  if (state) fill_state(state, n_state, i_point);
  assert_int_equal(checksum, dkm_record_checksum(&expected, n_modes, state, n_state));
  free(state);
}

/* ---- what is put on disk: the store's own calls come by here ---- */

static struct {
  int n_files, n_folders; /* descriptors of which kind were put on disk */
  ino_t inode;            /* of the last file */
  int failing;            /* errno of the next calls, 0: none fails */
} synced;

static int note_sync(int descriptor) {
  struct stat found;
  if (synced.failing) {
    errno = synced.failing;
    return -1;
  }
  if (fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode)) {
    synced.n_files++;
    synced.inode = found.st_ino;
  } else {
    synced.n_folders++;
  }
  return 0;
}

int fsync(int descriptor) {
  return note_sync(descriptor) == 0 ? (int)syscall(SYS_fsync, descriptor) : -1;
}

int fdatasync(int descriptor) {
  return note_sync(descriptor) == 0 ? (int)syscall(SYS_fdatasync, descriptor) : -1;
}

/* ---- records ---- */

/* Ranks write runs of 1, 2, ..., 7 points in turn; the runs start and end anywhere in rows. */
static void write_all(const char *text) {
  dkm_job job;
  parse(&job, text, 0, NULL);
  create(&job);
  dkm_store *store = open_store(&job);
  int64_t first = 0;
  for (int turn = 0; first < job.n_points; turn++) {
    int64_t count = turn % 7 + 1;
    if (count > job.n_points - first) count = job.n_points - first;
    if (turn % n_ranks == rank) write_run(store, &job, first, count);
    first += count;
  }
  OK(dkm_store_sync(store, &err));
  MPI_Barrier(MPI_COMM_WORLD);
  uint8_t *status = malloc((size_t)job.n_points);
  assert_non_null(status);
  for (int64_t i = 0; i < job.n_points; i++) status[i] = i % 5 == 4 ? DKM_STATUS_POINT_FAILED : DKM_STATUS_DONE;
  if (rank == 0) OK(dkm_store_mark(store, 0, job.n_points, status, &err));
  close_store(store);

  if (rank == 0) {
    dkm_store_reader *reader = NULL;
    OK(dkm_store_reader_open(path, &reader, &err));
    dkm_record *records = malloc((size_t)job.n_points * sizeof *records);
    uint32_t *checksums = malloc((size_t)job.n_points * sizeof *checksums);
    uint32_t *computed = malloc((size_t)job.n_points * sizeof *computed);
    assert_non_null(records);
    OK(dkm_store_reader_records(reader, 0, job.n_points, records, checksums, computed, &err));
    assert_memory_equal(checksums, computed, (size_t)job.n_points * sizeof *computed);
    free(computed);
    for (int64_t i = 0; i < job.n_points; i++) assert_record(&job, i, &records[i], checksums[i]);
    uint8_t *found = malloc((size_t)job.n_points);
    OK(dkm_store_reader_status(reader, 0, job.n_points, found, &err));
    assert_memory_equal(found, status, (size_t)job.n_points);
    if (job.keep_state) {
      const size_t n_state = dkm_model_size(&job.system);
      double *states = malloc((size_t)job.n_points * n_state * sizeof *states), *expected = malloc(n_state * 8);
      OK(dkm_store_reader_states(reader, 0, job.n_points, states, &err));
      for (int64_t i = 0; i < job.n_points; i++) {
        fill_state(expected, n_state, i);
        assert_memory_equal(states + (size_t)i * n_state, expected, n_state * 8);
      }
      free(expected);
      free(states);
    } else {
      double none;
      REFUSED(dkm_store_reader_states(reader, 0, 1, &none, &err), DKM_INPUT, path, "keeps no final states");
    }
    free(found);
    free(checksums);
    free(records);
    dkm_store_reader_close(reader);
  }
  free(status);
  dkm_job_free(&job);
}

static void records_come_back_as_they_were_written(void **state) {
  (void)state;
  write_all(grid_job);
}

static void final_states_come_back_as_they_were_written(void **state) {
  (void)state;
  write_all(state_job);
}

static void zipped_axes_share_a_dimension(void **state) {
  (void)state;
  write_all(zip_job);
}

static void a_job_without_axes_is_one_point(void **state) {
  (void)state;
  write_all(point_job);
}

/* A new file of the 3 x 3 x 4 grid. */
static dkm_store *open_grid(dkm_job *job) {
  parse(job, grid_job, 1, (const char *const[]){"axes.g0.points=3"});
  create(job);
  return open_store(job);
}

/* Every run of the 3 x 3 x 4 grid, read back while the file is open for writing. */
static void a_run_touches_its_own_points_and_is_seen_at_once(void **state) {
  (void)state;
  dkm_job job;
  dkm_store *store = open_grid(&job);
  if (rank == 0) {
    dkm_store_reader *reader = NULL;
    OK(dkm_store_reader_open(path, &reader, &err));
    uint8_t all[36] = {0}, found[36], marks[36];
    for (int first = 0; first < 36; first++)
      for (int count = 1; count <= 36 - first; count++) {
        for (int i = 0; i < count; i++) all[first + i] = marks[i] = (uint8_t)(first + 7 * count + i);
        OK(dkm_store_mark(store, first, count, marks, &err));
        OK(dkm_store_reader_status(reader, 0, 36, found, &err));
        assert_memory_equal(found, all, 36);
        OK(dkm_store_reader_status(reader, first, count, found, &err));
        assert_memory_equal(found, marks, (size_t)count);
      }
    dkm_store_reader_close(reader);
  }
  close_store(store);
  dkm_job_free(&job);
}

/* In blocks of any size, that of the grid and larger ones among them. */
static void a_walk_comes_past_every_point_once(void **state) {
  (void)state;
  dkm_job job;
  dkm_store *store = open_grid(&job);
  if (rank == 0) {
    dkm_store_reader *reader = NULL;
    uint8_t marks[36];
    OK(dkm_store_reader_open(path, &reader, &err));
    for (int i = 0; i < 36; i++) marks[i] = i % 5 == 0 ? DKM_STATUS_TODO : (uint8_t)(1 + i % 2);
    OK(dkm_store_mark(store, 0, 36, marks, &err));
    for (int64_t most = 1; most <= 40; most++) {
      dkm_store_walk walk = {.most = most};
      dkm_status status = DKM_OK;
      int64_t n = 0, n_todo = 0;
      while (dkm_store_walk_on(&walk, reader, &status, NULL)) {
        assert_int_equal(walk.first, n);
        assert_true(walk.n > 0 && walk.n <= most);
        assert_memory_equal(walk.status, marks + n, (size_t)walk.n);
        n += walk.n;
        n_todo += walk.n_todo;
      }
      dkm_store_walk_end(&walk);
      assert_int_equal(status, DKM_OK);
      assert_int_equal(n, 36);
      assert_int_equal(n_todo, 8);
    }
    dkm_store_walk walk = {.most = 10};
    dkm_status status = DKM_OK;
    assert_true(dkm_store_walk_on(&walk, reader, &status, NULL));
    status = DKM_IO; /* what is done with a block may fail */
    assert_false(dkm_store_walk_on(&walk, reader, &status, NULL));
    assert_int_equal(status, DKM_IO);
    dkm_store_walk_end(&walk);
    dkm_store_reader_close(reader);
  }
  close_store(store);
  dkm_job_free(&job);
}

static void a_new_file_is_still_to_be_done_and_full_of_fill_values(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, grid_job, 0, NULL);
  create(&job);
  if (rank == 0) {
    dkm_store_reader *reader = NULL;
    dkm_record records[60];
    uint32_t checksums[60];
    uint8_t status[60];
    OK(dkm_store_reader_open(path, &reader, &err));
    OK(dkm_store_reader_records(reader, 0, 60, records, checksums, NULL, &err));
    OK(dkm_store_reader_status(reader, 0, 60, status, &err));
    for (int i = 0; i < 60; i++) {
      assert_int_equal(status[i], DKM_STATUS_TODO);
      assert_int_equal(checksums[i], 0);
      assert_true(isnan(records[i].xi[2]) && isnan(records[i].residual) && isnan(records[i].wall_time));
      assert_int_equal(records[i].verdict, DKM_VERDICT_NONE);
      assert_int_equal(records[i].method, 0);
      assert_int_equal(records[i].how, 255);
      assert_int_equal(records[i].retrieved, -128);
      assert_int_equal(records[i].n_unstable, -1);
      assert_int_equal(records[i].steps, -1);
    }
    dkm_store_reader_close(reader);
  }
  dkm_job_free(&job);
}

static void a_large_file_is_sparse_and_fills_as_it_is_written(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, large_job, 0, NULL);
  struct statvfs disk;
  int fits = statvfs(folder, &disk) == 0 && (double)disk.f_bavail * (double)disk.f_frsize > 2 * dkm_store_bytes(&job);
  MPI_Bcast(&fits, 1, MPI_INT, 0, MPI_COMM_WORLD);
  if (!fits) {
    dkm_job_free(&job);
    skip();
  }
  create(&job);
  dkm_store *store = open_store(&job);
  const int64_t first = job.n_points - 1500 * (rank + 1);
  write_run(store, &job, first, 1400); /* across the end of a row */
  OK(dkm_store_sync(store, &err));
  MPI_Barrier(MPI_COMM_WORLD);
  uint8_t marks[1400];
  memset(marks, DKM_STATUS_DONE, sizeof marks);
  if (rank == 0)
    for (int r = 0; r < n_ranks; r++) OK(dkm_store_mark(store, job.n_points - 1500 * (r + 1), 1400, marks, &err));
  close_store(store);

  if (rank == 0) {
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_true((double)found.st_size >= dkm_store_bytes(&job));
    assert_true(found.st_size > (off_t)4 << 30);
    assert_true(found.st_blocks * 512 < 50000000);
    dkm_store_reader *reader = NULL;
    dkm_record records[1500];
    uint32_t checksums[1500];
    uint8_t status[1500];
    OK(dkm_store_reader_open(path, &reader, &err));
    OK(dkm_store_reader_records(reader, first, 1500, records, checksums, NULL, &err));
    OK(dkm_store_reader_status(reader, first, 1500, status, &err));
    for (int i = 0; i < 1500; i++) {
      assert_int_equal(status[i], i < 1400 ? DKM_STATUS_DONE : DKM_STATUS_TODO);
      if (i < 1400)
        assert_record(&job, first + i, &records[i], checksums[i]);
      else /* reads as no verdict, of no method */
        assert_true(checksums[i] == 0 && records[i].verdict == DKM_VERDICT_NONE && records[i].method == 0);
    }
    dkm_store_reader_close(reader);
    unlink(path);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  dkm_job_free(&job);
}

/* ---- what is on disk ---- */

static void a_rank_puts_what_it_wrote_on_disk_by_itself(void **state) {
  (void)state;
  dkm_job job;
  struct stat found;
  parse(&job, grid_job, 0, NULL);
  create(&job);
  dkm_store *store = open_store(&job);
  assert_int_equal(stat(path, &found), 0);
  if (rank == n_ranks - 1) {
    synced.n_files = 0;
    write_run(store, &job, 0, 5);
    OK(dkm_store_sync(store, &err));
    assert_int_equal(synced.n_files, 1);
    assert_true(synced.inode == found.st_ino);
    synced.failing = EIO;
    REFUSED(dkm_store_sync(store, &err), DKM_IO, path, "cannot be put on disk", "Input/output error");
  }
  if (rank == n_ranks - 1)
    REFUSED(dkm_store_close(store, &err), DKM_IO, path, "cannot be put on disk", "Input/output error");
  else
    OK(dkm_store_close(store, &err));
  MPI_Barrier(MPI_COMM_WORLD);
  synced.failing = 0;
  dkm_job_free(&job);
}

static void a_new_file_and_its_name_are_on_disk(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job;
  struct stat found;
  parse(&job, grid_job, 0, NULL);
  unlink(path);
  synced.n_files = synced.n_folders = 0;
  OK(dkm_store_create(path, &job, &provenance, false, &err));
  assert_int_equal(stat(path, &found), 0);
  assert_true(synced.n_files == 1 && synced.n_folders == 1 && synced.inode == found.st_ino);
  unlink(path);
  synced.failing = EIO;
  REFUSED(dkm_store_create(path, &job, &provenance, false, &err), DKM_IO, path, "cannot be put on disk",
          "Input/output error");
  assert_int_not_equal(access(path, F_OK), 0);
  synced.failing = EINVAL; /* as on a file system that cannot sync */
  OK(dkm_store_create(path, &job, &provenance, false, &err));
  synced.failing = 0;
  dkm_job_free(&job);
}

/* ---- what the file says about itself ---- */

static void the_file_holds_the_job_its_settings_and_where_it_comes_from(void **state) {
  (void)state;
  dkm_job job;
  const char *const sets[] = {"axes.g0.points=3", "model.Omega=0.25"};
  parse(&job, grid_job, 2, sets);
  create(&job);
  if (rank == 0) {
    dkm_store_reader *reader = NULL;
    char text[4096];
    OK(dkm_store_reader_open(path, &reader, &err));
    const struct {
      const char *name, *value;
    } expected[] = {{"Conventions", "CF-1.10"},
                    {"title", "A small grid"},
                    {"job", grid_job},
                    {"job_file", "small.yaml"},
                    {"job_sets", "axes.g0.points=3\nmodel.Omega=0.25"},
                    {"dickemap_version", "0.1.0 (git test)"},
                    {"command", "dickemap run small.yaml"},
                    {"instruction_set", "plain"},
                    {"n_ranks", "3"},
                    {"format_version", "2"},
                    {"no_such_attribute", ""}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
      dkm_store_reader_attribute(reader, expected[i].name, text, sizeof text);
      assert_string_equal(text, expected[i].value);
    }
    const char *const present[] = {"source",       "history", "job_canonical", "gsl_version",
                                   "hdf5_version", "host",    "mpi_version",   "date_created"};
    for (size_t i = 0; i < sizeof present / sizeof *present; i++) {
      dkm_store_reader_attribute(reader, present[i], text, sizeof text);
      assert_true(strlen(text) > 0);
    }
    char *ours = dkm_job_canonical(&job), *theirs = dkm_job_canonical(dkm_store_reader_job(reader));
    assert_string_equal(ours, theirs);
    assert_int_equal(dkm_store_reader_job(reader)->n_points, 3 * 3 * 4);
    free(ours);
    free(theirs);
    dkm_store_reader_close(reader);
  }
  dkm_job_free(&job);
}

/* A job text may exceed the 64 kB of an HDF5 attribute of fixed length. */
static void a_job_text_may_be_long(void **state) {
  (void)state;
  if (rank != 0) return;
  enum { N = 20000 };
  char *text = malloc(sizeof grid_job + 32 * N), *end = text;
  assert_non_null(text);
  end += sprintf(end, MODEL "axes:\n  - name: g0\n    values: [");
  for (int i = 0; i < N; i++) end += sprintf(end, "%s%.12g", i ? ", " : "", 0.001 * (i + 1));
  sprintf(end, "]\n");
  assert_true(strlen(text) > 65536);
  dkm_job job;
  parse(&job, text, 0, NULL);
  unlink(path);
  OK(dkm_store_create(path, &job, &provenance, false, &err));
  dkm_store_reader *reader = NULL;
  OK(dkm_store_reader_open(path, &reader, &err));
  assert_string_equal(dkm_store_reader_job(reader)->text, text);
  dkm_store_reader_close(reader);
  dkm_job_free(&job);
  free(text);
}

static void the_size_of_the_file_is_foretold(void **state) {
  (void)state;
  if (rank != 0) return;
  const char *const jobs[] = {grid_job, state_job, zip_job, point_job};
  for (int i = 0; i < 4; i++) {
    dkm_job job;
    struct stat found;
    parse(&job, jobs[i], 0, NULL);
    unlink(path);
    OK(dkm_store_create(path, &job, &provenance, false, &err));
    assert_int_equal(stat(path, &found), 0);
    assert_true((double)found.st_size >= dkm_store_bytes(&job));
    assert_true((double)found.st_size <= dkm_store_bytes(&job) + 200e3);
    dkm_job_free(&job);
  }
}

/* ---- an output that exists ---- */

static void write_text(const char *name, const char *text) {
  FILE *file = fopen(name, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void assert_text(const char *name, const char *text) {
  char found[256] = "";
  FILE *file = fopen(name, "r");
  assert_non_null(file);
  assert_non_null(fgets(found, sizeof found, file));
  fclose(file);
  assert_string_equal(found, text);
}

static void assert_inode(const char *name, ino_t inode, bool same) {
  struct stat found;
  assert_int_equal(stat(name, &found), 0);
  assert_int_equal(found.st_ino == inode, same);
}

static void an_output_of_ours_is_only_replaced_when_asked_to(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job, changed;
  struct stat before;
  const char *const sets[] = {"axes.g0.points=3", "model.Omega=0.25"};
  parse(&job, grid_job, 0, NULL);
  parse(&changed, grid_job, 2, sets);
  unlink(path);
  OK(dkm_store_check_output(path, &job, false, &err));
  OK(dkm_store_create(path, &job, &provenance, false, &err));
  assert_int_equal(stat(path, &before), 0);

  REFUSED(dkm_store_check_output(path, &job, false, &err), DKM_INPUT, path, "exists already", "holds this same job",
          "--overwrite");
  REFUSED(dkm_store_create(path, &job, &provenance, false, &err), DKM_INPUT, "holds this same job");
  REFUSED(dkm_store_check_output(path, &changed, false, &err), DKM_INPUT, path, "exists already", "another job",
          "model.Omega", "axes.g0", "--overwrite");
  REFUSED(dkm_store_create(path, &changed, &provenance, false, &err), DKM_INPUT, "model.Omega");
  assert_inode(path, before.st_ino, true);

  OK(dkm_store_check_output(path, &changed, true, &err));
  OK(dkm_store_create(path, &changed, &provenance, true, &err));
  dkm_store_reader *reader = NULL;
  OK(dkm_store_reader_open(path, &reader, &err));
  assert_int_equal(dkm_store_reader_job(reader)->n_points, 36);
  dkm_store_reader_close(reader);
  dkm_job_free(&changed);
  dkm_job_free(&job);
}

static void a_link_stays_a_link_when_its_file_is_replaced(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job;
  struct stat before, now;
  parse(&job, grid_job, 0, NULL);
  unlink(path);
  unlink(other_path);
  OK(dkm_store_create(other_path, &job, &provenance, false, &err));
  assert_int_equal(stat(other_path, &before), 0);
  assert_int_equal(symlink(other_path, path), 0);
  OK(dkm_store_create(path, &job, &provenance, true, &err));
  assert_int_equal(lstat(path, &now), 0);
  assert_true(S_ISLNK(now.st_mode));
  assert_inode(other_path, before.st_ino, false);
  unlink(other_path);
  REFUSED(dkm_store_create(path, &job, &provenance, false, &err), DKM_INPUT, path, "is a link to", other_path, "where there is no file");
  unlink(path);
  dkm_job_free(&job);
}

static void a_file_that_is_not_ours_is_never_replaced(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job;
  parse(&job, grid_job, 0, NULL);
  write_text(path, "measurements of ten years\n");
  for (int overwrite = 0; overwrite < 2; overwrite++) {
    REFUSED(dkm_store_check_output(path, &job, overwrite, &err), DKM_INPUT, path, "exists already",
            "is not an HDF5 file", "-o");
    REFUSED(dkm_store_create(path, &job, &provenance, overwrite, &err), DKM_INPUT, "is not an HDF5 file");
  }
  assert_text(path, "measurements of ten years\n");
  write_text(path, "");
  REFUSED(dkm_store_check_output(path, &job, true, &err), DKM_INPUT, "is not an HDF5 file",
          "--overwrite only replaces");

  unlink(path);
  H5Fclose(H5Fcreate(path, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT));
  REFUSED(dkm_store_check_output(path, &job, false, &err), DKM_INPUT, "an HDF5 file, but not one of dickemap's");
  REFUSED(dkm_store_create(path, &job, &provenance, true, &err), DKM_INPUT, "an HDF5 file, but not one of dickemap's",
          "--overwrite only replaces");
  dkm_job_free(&job);
}

/* ---- an output that cannot be ---- */

static void a_place_that_cannot_hold_a_file_is_refused(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job;
  char name[1000];
  parse(&job, grid_job, 0, NULL);
  REFUSED(dkm_store_check_output("", &job, false, &err), DKM_INPUT, "no name");
  REFUSED(dkm_store_check_output(folder, &job, false, &err), DKM_INPUT, folder, "is a folder");
  REFUSED(dkm_store_check_output(folder, &job, true, &err), DKM_INPUT, folder, "is a folder");
  snprintf(name, sizeof name, "%s/", folder);
  REFUSED(dkm_store_check_output(name, &job, false, &err), DKM_INPUT, name, "is a folder");
  snprintf(name, sizeof name, "%s/none/", folder);
  REFUSED(dkm_store_check_output(name, &job, false, &err), DKM_INPUT, name, "none", "No such file or directory");
  snprintf(name, sizeof name, "%s/none/out.h5", folder);
  REFUSED(dkm_store_check_output(name, &job, false, &err), DKM_INPUT, name, "none", "No such file or directory");
  REFUSED(dkm_store_create(name, &job, &provenance, false, &err), DKM_INPUT, name, "No such file or directory");
  write_text(other_path, "a file\n");
  snprintf(name, sizeof name, "%s/out.h5", other_path);
  REFUSED(dkm_store_check_output(name, &job, false, &err), DKM_INPUT, name, "is not a folder");
  unlink(other_path);
  REFUSED(dkm_store_check_output("/dev/null", &job, true, &err), DKM_INPUT, "/dev/null", "not a regular file");
  snprintf(name, sizeof name, "%s/%0300d", folder, 0);
  REFUSED(dkm_store_check_output(name, &job, false, &err), DKM_INPUT, "File name too long");
  dkm_job_free(&job);
}

/* By a relative name: whom nothing is forbidden gives that up, and may then no longer reach the folder from the root. */
static void a_folder_that_cannot_be_written_is_refused(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job;
  char back[4096];
  parse(&job, grid_job, 0, NULL);
  assert_non_null(getcwd(back, sizeof back));
  assert_int_equal(chmod(folder, 0755), 0);
  assert_int_equal(chdir(folder), 0);
  assert_int_equal(mkdir("closed", 0555), 0);
  const bool is_root = geteuid() == 0;
  if (is_root) assert_int_equal(seteuid(65534), 0);
  dkm_error err = {0};
  const dkm_status status = dkm_store_check_output("closed/out.h5", &job, false, &err);
  if (is_root) assert_int_equal(seteuid(0), 0);
  assert_int_equal(status, DKM_INPUT);
  has_words(err.message,
            (const char *const[]){"output closed/out.h5", "folder closed", "cannot be written: Permission denied", NULL});
  rmdir("closed");
  assert_int_equal(chdir(back), 0);
  dkm_job_free(&job);
}

static void a_file_larger_than_the_disk_is_refused_with_both_sizes(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job;
  struct statvfs disk;
  const char *const sets[] = {"axes.g0.points=1000000"};
  parse(&job, large_job, 1, sets);
  assert_int_equal(statvfs(folder, &disk), 0);
  if (dkm_store_bytes(&job) < (double)disk.f_bavail * (double)disk.f_frsize) {
    dkm_job_free(&job);
    skip(); /* a disk of 700 GB free */
  }
  unlink(path);
  REFUSED(dkm_store_check_output(path, &job, false, &err), DKM_IO, path, "would take", " GB", "are free", folder);
  REFUSED(dkm_store_create(path, &job, &provenance, false, &err), DKM_IO, "would take");
  assert_int_not_equal(access(path, F_OK), 0);
  dkm_job_free(&job);
}

static bool folder_holds(const char *only) {
  char command[1300], found[600] = "";
  snprintf(command, sizeof command, "ls -A '%s'", folder);
  FILE *list = popen(command, "r");
  bool holds = list && fgets(found, sizeof found, list);
  found[strcspn(found, "\n")] = '\0';
  holds = holds && strcmp(found, only) == 0 && !fgets(found, sizeof found, list);
  if (list) pclose(list);
  return holds;
}

/* The system refuses to let the file grow, as a full disk or a quota does. */
static void a_failure_half_way_leaves_everything_as_it_was(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job;
  struct stat before;
  const char *const sets[] = {"axes.g0.points=4000"};
  parse(&job, grid_job, 0, NULL);
  unlink(path);
  OK(dkm_store_create(path, &job, &provenance, false, &err));
  dkm_job_free(&job);
  assert_int_equal(stat(path, &before), 0);

  parse(&job, grid_job, 1, sets);
  struct rlimit old, tight;
  getrlimit(RLIMIT_FSIZE, &old);
  tight = old;
  tight.rlim_cur = 1000000;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
  dkm_error err = {0};
  const dkm_status status = dkm_store_create(path, &job, &provenance, true, &err);
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, handler);
  assert_int_equal(status, DKM_IO);
  has_words(err.message, (const char *const[]){path, "cannot be created", "no room for its", "File too large", NULL});
  assert_inode(path, before.st_ino, true);
  assert_true(folder_holds("store.h5"));
  dkm_job_free(&job);
}

/* ---- opening ---- */

static void what_cannot_be_opened_says_why_to_each_rank_alone(void **state) {
  (void)state;
  dkm_job job, changed;
  dkm_store *store = NULL;
  const char *const sets[] = {"axes.g0.points=3"};
  parse(&job, grid_job, 0, NULL);
  parse(&changed, grid_job, 1, sets);
  create(&job);
  REFUSED(dkm_store_open(path, &changed, &store, &err), DKM_IO, path, "another shape");
  assert_null(store);
  /* Only the last rank is given a wrong name, as on a node that lacks the folder. */
  if (rank == n_ranks - 1) {
    REFUSED(dkm_store_open(other_path, &job, &store, &err), DKM_IO, other_path, "cannot be opened for writing",
            "No such file or directory");
    assert_null(store);
  } else {
    OK(dkm_store_open(path, &job, &store, &err));
    OK(dkm_store_close(store, &err));
    store = NULL;
  }
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) write_text(path, "not HDF5\n");
  MPI_Barrier(MPI_COMM_WORLD);
  REFUSED(dkm_store_open(path, &job, &store, &err), DKM_IO, path, "cannot be opened for writing", "is not an HDF5 file");
  assert_null(store);
  MPI_Barrier(MPI_COMM_WORLD);
  dkm_job_free(&changed);
  dkm_job_free(&job);
}

/* The disk is full in the middle of a run, for one rank. */
static void a_write_that_fails_says_why_and_the_file_closes(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, grid_job, 0, NULL);
  create(&job);
  dkm_store *store = open_store(&job);
  if (rank == n_ranks - 1) {
    struct rlimit old, tight;
    dkm_record records[2] = {record_of(0, 3), record_of(1, 3)};
    getrlimit(RLIMIT_FSIZE, &old);
    tight = old;
    tight.rlim_cur = 100;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &tight);
    dkm_error err = {0};
    const dkm_status status = dkm_store_write(store, 0, 2, records, NULL, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, DKM_IO);
    has_words(err.message, (const char *const[]){path, "`xi` cannot be written: ", "File too large", NULL});
  }
  close_store(store);
  dkm_job_free(&job);
}

/* As by a program that knows what it does: what it changes is no damage any more. */
static void drop_checksum(void) {
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(H5Adelete(file, "metadata_checksum") >= 0);
  H5Fclose(file);
}

static void set_format_version(int version) {
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), attribute = H5Aopen(file, "format_version", H5P_DEFAULT);
  H5Awrite(attribute, H5T_NATIVE_INT, &version);
  H5Aclose(attribute);
  H5Fclose(file);
}

static void a_reader_says_what_is_wrong_with_a_file(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job;
  dkm_store_reader *reader = NULL;
  parse(&job, grid_job, 0, NULL);
  unlink(path);
  REFUSED(dkm_store_reader_open(path, &reader, &err), DKM_INPUT, path, "No such file or directory");
  REFUSED(dkm_store_reader_open(folder, &reader, &err), DKM_INPUT, folder, "is a folder");
  write_text(path, "not HDF5\n");
  REFUSED(dkm_store_reader_open(path, &reader, &err), DKM_INPUT, path, "is not an HDF5 file");
  unlink(path);
  H5Fclose(H5Fcreate(path, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT));
  REFUSED(dkm_store_reader_open(path, &reader, &err), DKM_INPUT, path, "is an HDF5 file, but not one of dickemap's");

  unlink(path);
  OK(dkm_store_create(path, &job, &provenance, false, &err));
  set_format_version(99);
  REFUSED(dkm_store_reader_open(path, &reader, &err), DKM_IO, path, "is damaged, or another program changed it");
  drop_checksum();
  REFUSED(dkm_store_reader_open(path, &reader, &err), DKM_INPUT, path, "has format 99", "reads formats 1 to 2");
  REFUSED(dkm_store_check_output(path, &job, false, &err), DKM_INPUT, path, "has format 99", "--overwrite replaces it");
  OK(dkm_store_check_output(path, &job, true, &err));
  set_format_version(2);
  OK(dkm_store_reader_open(path, &reader, &err));
  dkm_store_reader_close(reader);

  hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  H5Ldelete(file, "drift", H5P_DEFAULT);
  H5Fclose(file);
  REFUSED(dkm_store_reader_open(path, &reader, &err), DKM_IO, path, "damaged", "`drift`");
  file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  H5Adelete(file, "job");
  H5Fclose(file);
  REFUSED(dkm_store_reader_open(path, &reader, &err), DKM_IO, path, "damaged", "the job inside it");

  struct stat whole;
  assert_int_equal(stat(path, &whole), 0);
  assert_int_equal(truncate(path, whole.st_size / 2), 0);
  REFUSED(dkm_store_reader_open(path, &reader, &err), DKM_IO, path, "damaged HDF5 file", "truncated file");
  REFUSED(dkm_store_check_output(path, &job, false, &err), DKM_INPUT, path, "truncated file", "remove it");
  REFUSED(dkm_store_check_output(path, &job, true, &err), DKM_INPUT, path, "truncated file",
          "--overwrite only replaces");
  assert_null(reader);
  dkm_job_free(&job);
}

/* Another program, or a file system that cannot lock, is no reason not to look. */
static void a_file_that_somebody_has_locked_can_be_read(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job;
  dkm_store_reader *reader = NULL;
  parse(&job, grid_job, 0, NULL);
  unlink(path);
  OK(dkm_store_create(path, &job, &provenance, false, &err));
  const int descriptor = open(path, O_RDWR);
  assert_int_equal(flock(descriptor, LOCK_EX | LOCK_NB), 0);
  OK(dkm_store_reader_open(path, &reader, &err));
  dkm_store_reader_close(reader);
  close(descriptor);
  dkm_job_free(&job);
}

/* The program itself only asserts it. */
static void there_is_room_for_every_field(void **state) {
  (void)state;
  assert_true(dkm_n_fields + 5 <= DKM_HDF5_MAX_VARIABLES);
}

static void the_systems_reason_is_quoted_without_hdf5s_details(void **state) {
  (void)state;
  char reason[DKM_HDF5_REASON_BYTES];
  dkm_hdf5_quiet();
  assert_true(H5Fopen("/none/of/this.h5", H5F_ACC_RDONLY, H5P_DEFAULT) < 0);
  assert_string_equal(dkm_hdf5_reason(reason, sizeof reason), "unable to open file: No such file or directory");
}

static void a_job_that_cannot_be_used_any_more_is_named(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job;
  dkm_store_reader *reader = NULL;
  parse(&job, grid_job, 0, NULL);
  unlink(path);
  OK(dkm_store_create(path, &job, &provenance, false, &err));
  drop_checksum();
  const char *text = "model: {patterns: 3, colour: blue}\n";
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), attribute = H5Aopen(file, "job", H5P_DEFAULT);
  const hid_t type = H5Aget_type(attribute);
  assert_true(H5Awrite(attribute, type, &text) >= 0);
  H5Tclose(type);
  H5Aclose(attribute);
  H5Fclose(file);
  REFUSED(dkm_store_reader_open(path, &reader, &err), DKM_IO, path, "the job inside it cannot be used", "colour");
  dkm_job_free(&job);
}

/* What is not the job that was meant, or cannot be used, does not get its name. */
static void a_new_file_is_read_back(void **state) {
  (void)state;
  if (rank != 0) return;
  dkm_job job;
  parse(&job, grid_job, 0, NULL);
  unlink(path);
  char *text = job.text;
  job.text = (char[]){"model: {patterns: 3, colour: blue}\n"};
  REFUSED(dkm_store_create(path, &job, &provenance, false, &err), DKM_IO, path, "does not read back", "colour");
  job.text = text;
  job.axes[0].values[0] *= 1.5; /* the text says otherwise */
  REFUSED(dkm_store_create(path, &job, &provenance, false, &err), DKM_IO, path, "does not read back", "another one");
  assert_true(access(path, F_OK) != 0);
  dkm_job_free(&job);
}

/* ---- files for tests/readers ---- */

/* Creates the file of a job and writes all but its last n_left points, in runs of up to 7. */
static dkm_status write_file(const char *name, const char *text, const char *set, int64_t n_left, dkm_error *err) {
  dkm_job job;
  dkm_store *store = NULL;
  uint8_t marks[7];
  dkm_status status = dkm_job_parse(&job, "small.yaml", text, set != NULL, &set, err);
  memset(marks, DKM_STATUS_DONE, sizeof marks);
  if (status == DKM_OK) status = dkm_store_create(name, &job, &provenance, false, err);
  if (status == DKM_OK) status = dkm_store_open(name, &job, &store, err);
  if (status != DKM_OK) return status;
  puts("writing");
  fflush(stdout);
  for (int64_t first = 0, count, end = job.n_points - n_left; first < end && status == DKM_OK; first += count) {
    count = end - first < 7 ? end - first : 7;
    write_run(store, &job, first, count);
    status = dkm_store_sync(store, err);
    if (status == DKM_OK) status = dkm_store_mark(store, first, count, marks, err);
  }
  if (status == DKM_OK) status = dkm_store_close(store, err);
  dkm_job_free(&job);
  return status;
}

static int make_file(int argc, char **argv) {
  static const struct {
    const char *name, *text;
  } jobs[] = {{"grid", grid_job}, {"state", state_job}, {"zip", zip_job}, {"point", point_job}};
  dkm_error err = {0};
  if (argc == 3 && strcmp(argv[1], "--forever") == 0) {
    if (write_file(argv[2], state_job, "axes.g0.points=100000", 0, &err) == DKM_OK) pause();
  } else if (argc == 4 && strcmp(argv[1], "--write") == 0) {
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
      if (strcmp(argv[2], jobs[i].name) == 0 && write_file(argv[3], jobs[i].text, NULL, 1, &err) == DKM_OK) return 0;
  }
  fprintf(stderr, "test_store: no file was made. %s\n", err.message);
  return 1;
}

static int prepare(void **state) {
  (void)state;
  if (rank == 0 && !make_test_folder("store", folder, sizeof folder)) return -1;
  MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, MPI_COMM_WORLD);
  snprintf(path, sizeof path, "%s/store.h5", folder);
  snprintf(other_path, sizeof other_path, "%s/other.h5", folder);
  return 0;
}

static int tidy(void **state) {
  (void)state;
  if (rank == 0) {
    unlink(path);
    unlink(other_path);
    return rmdir(folder); /* fails if a temporary file has been left behind */
  }
  return 0;
}

int main(int argc, char **argv) {
  int failed;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  if (n_ranks > 1) setenv("CMOCKA_TEST_ABORT", "1", 1); /* a rank that fails must not leave the others waiting */
  if (argc > 1) {
    failed = make_file(argc, argv);
  } else {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_room_for_every_field),
        cmocka_unit_test(records_come_back_as_they_were_written),
        cmocka_unit_test(final_states_come_back_as_they_were_written),
        cmocka_unit_test(zipped_axes_share_a_dimension),
        cmocka_unit_test(a_job_without_axes_is_one_point),
        cmocka_unit_test(a_run_touches_its_own_points_and_is_seen_at_once),
        cmocka_unit_test(a_walk_comes_past_every_point_once),
        cmocka_unit_test(a_new_file_is_still_to_be_done_and_full_of_fill_values),
        cmocka_unit_test(a_large_file_is_sparse_and_fills_as_it_is_written),
        cmocka_unit_test(a_rank_puts_what_it_wrote_on_disk_by_itself),
        cmocka_unit_test(a_new_file_and_its_name_are_on_disk),
        cmocka_unit_test(the_file_holds_the_job_its_settings_and_where_it_comes_from),
        cmocka_unit_test(a_job_text_may_be_long),
        cmocka_unit_test(the_size_of_the_file_is_foretold),
        cmocka_unit_test(an_output_of_ours_is_only_replaced_when_asked_to),
        cmocka_unit_test(a_link_stays_a_link_when_its_file_is_replaced),
        cmocka_unit_test(a_file_that_is_not_ours_is_never_replaced),
        cmocka_unit_test(a_place_that_cannot_hold_a_file_is_refused),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_refused),
        cmocka_unit_test(a_file_larger_than_the_disk_is_refused_with_both_sizes),
        cmocka_unit_test(a_failure_half_way_leaves_everything_as_it_was),
        cmocka_unit_test(what_cannot_be_opened_says_why_to_each_rank_alone),
        cmocka_unit_test(a_write_that_fails_says_why_and_the_file_closes),
        cmocka_unit_test(a_reader_says_what_is_wrong_with_a_file),
        cmocka_unit_test(a_file_that_somebody_has_locked_can_be_read),
        cmocka_unit_test(the_systems_reason_is_quoted_without_hdf5s_details),
        cmocka_unit_test(a_job_that_cannot_be_used_any_more_is_named),
        cmocka_unit_test(a_new_file_is_read_back),
    };
    failed = cmocka_run_group_tests_name("store", tests, prepare, tidy);
  }
  MPI_Finalize();
  return failed;
}
