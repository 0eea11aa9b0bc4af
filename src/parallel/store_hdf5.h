/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_hdf5: what the parts of the store share, and the one place that includes hdf5.h.
 *
 *   store_hdf5.c     the list of variables, runs of points as selections, HDF5's reasons in words
 *   store_fields.c   which fields a file has, and what its codes mean
 *   store_layout.c   every dataset and attribute of a new file (and store_coordinates.c)
 *   store_create.c   rank 0 makes the file, or says why not
 *   store_carry.c    records of other files in a new one
 *   store_write.c    every rank writes into it, by plain writes where HDF5 says that datasets lie
 *   store_read.c     anybody reads it
 *   store_axes.c     whether the coordinates of a file are those of its job
 *   store_resume.c   what is left to do in a file
 *   store_tables.c   the files that a job names
 *   store_trajectory.c  one trajectory as a file of its own
 *   store_guard.c    whether metadata are as they were written; the history
 *   store_trust.c    whether all of it is in the file itself
 *
 * `dkm_hdf5_variables` is the list of datasets that lie on the job's grid: the fields of its
 * task (task.h), status, checksum and, where states are kept, m and beta.  Creation, writing
 * and reading all walk this list. */
#ifndef DICKEMAP_STORE_HDF5_H
#define DICKEMAP_STORE_HDF5_H
#include <hdf5.h>
#include <hdf5_hl.h>

#include "dickemap/labels.h"
#include "dickemap/store.h"
#include "dickemap/task.h"

#define DKM_STORE_FORMAT_VERSION 2
#define DKM_STORE_OLDEST_FORMAT  1

/* ---- the grid ---- */

typedef struct dkm_hdf5_grid {
  dkm_dims dims; /* of the points; names borrowed from the job */
  int n_dims;    /* of these, >= 1, */
  hsize_t shape[DKM_MOST_DIMS]; /* and their sizes, as HDF5 wants them */
  dkm_counts counts;
} dkm_hdf5_grid;

void dkm_hdf5_grid_of(const dkm_job *job, dkm_hdf5_grid *grid);

/* Which dimensions follow those of the grid: a dkm_shape, or one of these. */
typedef enum dkm_hdf5_shape {
  DKM_HDF5_PER_CLASS = DKM_N_SHAPES, /* class, xyz */
  DKM_HDF5_N_SHAPES /* from here on: a shape of its own, of a field that a later version has added */
} dkm_hdf5_shape;

enum { DKM_HDF5_MAX_DIMS = DKM_MAX_AXES + 8 };

/* The extent of such a dataset into extent[DKM_MOST_DIMS], the names of its dimensions
 * into name (NULL if not wanted); returns the number of dimensions. */
int dkm_hdf5_extent(const dkm_hdf5_grid *grid, int shape, hsize_t *extent, const char **name);

/* ---- variables on the grid ---- */

typedef struct dkm_hdf5_variable {
  const char *name, *units, *long_name;
  int shape; /* dkm_shape or dkm_hdf5_shape */
  dkm_field_type type;          /* of fields */
  hid_t file_type, memory_type; /* little endian in the file, the machine's own in memory */
  size_t value_bytes;
  hsize_t n_values;       /* for each point */
  const dkm_field *field; /* NULL for what follows the fields in the list, and for fields of later versions */
  size_t offset;          /* of a field, in a record (dkm_form) */
  const void *fill;       /* value of cells that were never written; NULL: 0, which is legal there */
} dkm_hdf5_variable;

enum { DKM_HDF5_MAX_VARIABLES = DKM_MOST_FIELDS + 8 }; /* status, checksum and the states of a file, and to spare */

hid_t dkm_hdf5_file_type(dkm_field_type type);
hid_t dkm_hdf5_memory_type(dkm_field_type type);

/* Positions after the fields of a form. */
#define DKM_HDF5_STATUS(form)   ((form)->n_fields + DKM_BESIDE_STATUS)
#define DKM_HDF5_CHECKSUM(form) ((form)->n_fields + DKM_BESIDE_CHECKSUM)
#define DKM_HDF5_M(form)        ((form)->n_fields + DKM_BESIDE_M)
#define DKM_HDF5_BETA_RE(form)  ((form)->n_fields + DKM_BESIDE_BETA_RE)
#define DKM_HDF5_BETA_IM(form)  ((form)->n_fields + DKM_BESIDE_BETA_IM)

/* Fills variable[DKM_HDF5_MAX_VARIABLES] with those of a new file, returns their number. */
int dkm_hdf5_variables(const dkm_job *job, const dkm_form *form, dkm_hdf5_variable *variable);

/* ---- an open file ---- */

/* Between records and datasets: large enough that a call costs little beside the data that it moves, small enough for
 * any machine. A single point's state may be larger; the buffer then holds one point. */
#define DKM_HDF5_BUFFER_BYTES ((size_t)1 << 22)

typedef struct dkm_hdf5_file {
  hid_t id;
  dkm_hdf5_grid grid;
  dkm_form form; /* of its records */
  int format;
  int n_known, n_variables; /* of a new file; with those that only later versions know, behind them */
  dkm_hdf5_variable variable[DKM_HDF5_MAX_VARIABLES];
  hid_t dataset[DKM_HDF5_MAX_VARIABLES]; /* H5I_INVALID_HID: a field that the file does not have */
  char *list;                            /* owned: the names of what is listed, cut apart */
  int n_listed, listed[DKM_HDF5_MAX_VARIABLES];  /* variables that the checksum covers, in its order */
  uint8_t *codes[DKM_HDF5_MAX_VARIABLES]; /* owned: what each code in the file is here; NULL: the same */
  hid_t space[DKM_HDF5_N_SHAPES + DKM_HDF5_MAX_VARIABLES]; /* dataspaces, the run selected */
  hsize_t n_selected;             /* points */
  void *buffer;                   /* for dkm_hdf5_chunk points of any one variable */
} dkm_hdf5_file;

/* Opens every variable that file `id` has of the job and checks its extent.  Whatever it returns, *file owns `id` and
 * is to be detached. */
dkm_status dkm_hdf5_file_attach(dkm_hdf5_file *file, hid_t id, const char *path, const dkm_job *job, dkm_error *err);

/* Closes everything; a negative value if HDF5 could not. */
herr_t dkm_hdf5_file_detach(dkm_hdf5_file *file);

/* Points that `buffer` holds at a time. */
int64_t dkm_hdf5_chunk(const dkm_hdf5_file *file);

/* Selects points first ... first+count-1, then moves one variable of all of them to memory, point by point. */
herr_t dkm_hdf5_select(dkm_hdf5_file *file, int64_t first, int64_t count);
herr_t dkm_hdf5_get(dkm_hdf5_file *file, int i_variable, void *values);

/* ---- store_fields.c ---- */

enum { DKM_HDF5_FIELDS_BYTES = 2048 };

/* The names of the fields that checksums of a new file cover, in their order. */
void dkm_hdf5_print_fields(const dkm_form *form, char out[DKM_HDF5_FIELDS_BYTES]);

/* While a file is attached: first its list of fields; then, with datasets open, the meaning of its codes. */
dkm_status dkm_hdf5_list_fields(dkm_hdf5_file *file, const char *path, dkm_error *err);
bool dkm_hdf5_has_field(const dkm_hdf5_file *file, int i_field);
dkm_status dkm_hdf5_read_codes(dkm_hdf5_file *file, const char *path, dkm_error *err);

/* The first field that only a later version knows; NULL if there is none. */
const char *dkm_hdf5_unknown_field(const dkm_hdf5_file *file);

/* Whether it has the fields and codes of a new file, so that records can be written into it. */
bool dkm_hdf5_is_current(const dkm_hdf5_file *file);

/* ---- store_write.c ---- */

/* Writes one variable of points first ... first+count-1 to its place in the file: values[count * n_values], in the
 * variable's memory type, which may be changed in place into that of the file.  DKM_IO. */
dkm_status dkm_hdf5_write_values(dkm_store *store, int i_variable, int64_t first, int64_t count, void *values,
                                 dkm_error *err);

/* ---- store_layout.c ---- */

/* Bytes first ... first+count-1 of a file. */
typedef struct dkm_hdf5_region {
  uint64_t first, count;
} dkm_hdf5_region;

/* Writes the whole file over new_path, a file of no value; messages name `path`.  On failure
 * an incomplete file is left. */
dkm_status dkm_hdf5_write_layout(const char *new_path, const char *path, const dkm_job *job,
                                 const dkm_provenance *provenance, dkm_error *err);

/* ---- store_guard.c: metadata are as they were written ---- */

/* Sizes of the attributes `metadata_checksum` (a checksum and some 30 regions) and `history` (some 100 attempts
 * of a run; an attribute must stay below 64 kB), and what both hold until dkm_guard_seal. */
enum { DKM_GUARD_BYTES = 2048, DKM_HISTORY_BYTES = 48 * 1024 };
extern const char dkm_guard_mark[], dkm_history_mark[];

/* Puts history and checksum into a new file that HDF5 has closed. raw: the n_raw regions that may change later. */
dkm_status dkm_guard_seal(const char *new_path, const char *path, const dkm_hdf5_region *raw, int n_raw,
                          const char *history, dkm_error *err);

typedef enum dkm_guard_state {
  DKM_GUARD_GOOD,
  DKM_GUARD_NONE,      /* no checksum, or that of another file: cut, or copied by another program, or not ours */
  DKM_GUARD_BROKEN,    /* metadata were changed */
  DKM_GUARD_UNREADABLE /* errno says why */
} dkm_guard_state;

/* Compares the metadata of an open file with their checksum, by plain reads.  text[DKM_GUARD_BYTES]: the text of the checksum,
 * by which one file is known from another, "" unless they agree; NULL if it is not wanted. */
dkm_guard_state dkm_guard_check(int descriptor, char *text);

/* ---- store_trust.c: everything is in the file itself ---- */

/* False if a link of the root group leads elsewhere or a dataset keeps its values elsewhere;
 * reason[DKM_HDF5_REASON_BYTES] then is a clause as of dkm_hdf5_recognise, which asks this of every file. */
bool dkm_hdf5_is_local(hid_t file, char *reason);

/* Whether its values are one run of bytes in the file, so that records can be written into it in place. */
bool dkm_hdf5_is_contiguous(hid_t dataset);

/* ---- store_hdf5.c: reasons ---- */

enum { DKM_HDF5_REASON_BYTES = 400 };

/* Keeps HDF5 from printing: its reasons go into our messages. */
void dkm_hdf5_quiet(void);

/* The innermost entry of HDF5's error stack into out[out_bytes], returned.  To be called
 * before any other HDF5 call, which would clear the stack. */
const char *dkm_hdf5_reason(char *out, size_t out_bytes);

/* Whether a signal came in between, in a call of the system that HDF5 does not make again: it makes reads and writes
 * again, but not opens.  Not errno, which is another one by then where HDF5 (1.14) has also looked for plugins that would
 * open the file.  To be called as dkm_hdf5_reason, which may follow. */
bool dkm_hdf5_was_interrupted(void);

/* H5Fcreate, again where a signal came in between. */
hid_t dkm_hdf5_create(const char *path, unsigned flags, hid_t how, hid_t access);

/* Fails with DKM_IO: HDF5 does not find what must be in the file, which is damaged; or cannot be read just now, if its
 * metadata agree with their checksum.  To be called as dkm_hdf5_reason. */
dkm_status dkm_hdf5_damaged(const char *path, dkm_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- store_read.c: what a file says about itself ---- */

/* What is at `path`, as told by a reader that does not care for the job inside. */
typedef enum dkm_hdf5_origin {
  DKM_HDF5_OURS,
  DKM_HDF5_OTHER_FORMAT, /* ours, but of a format version that cannot be read */
  DKM_HDF5_DAMAGED,      /* HDF5 cannot open it, or its metadata are not what they were */
  DKM_HDF5_UNREADABLE,   /* it cannot be read just now: the storage fails, or the process may open no more */
  DKM_HDF5_FOREIGN       /* somebody else's file, or no file */
} dkm_hdf5_origin;

/* Opens a file for reading: not locked, and what others write meanwhile is seen.  The id, negative with HDF5's
 * reason. */
hid_t dkm_hdf5_open_read_only(const char *path);

/* Opens `path` read-only and tells what it is; *id is the open file for DKM_HDF5_OURS and
 * DKM_HDF5_OTHER_FORMAT.  reason[DKM_HDF5_REASON_BYTES]: a clause such as "is not an HDF5
 * file", "" for DKM_HDF5_OURS. */
dkm_hdf5_origin dkm_hdf5_recognise(const char *path, hid_t *id, char *reason);

/* The same, and whether metadata have a checksum (which agrees, unless the answer is DKM_HDF5_DAMAGED). */
dkm_hdf5_origin dkm_hdf5_recognise_guarded(const char *path, hid_t *id, bool *guarded, char *reason);

/* A text attribute of a file or dataset, malloc'ed; NULL if it is absent or not text. */
char *dkm_hdf5_text_attribute(hid_t object, const char *name);

/* A whole number; false if it is absent or none. */
bool dkm_hdf5_int_attribute(hid_t object, const char *name, long long *value);

/* ---- store_tables.c: the files that a job names ---- */

/* Into a new file that is to be `path`. */
dkm_status dkm_hdf5_put_job_files(hid_t file, const dkm_job *job, const char *path, dkm_error *err);

/* Out of a file, path; *files is freed by dkm_hdf5_free_job_files. Fails with DKM_IO, DKM_MEMORY. */
dkm_status dkm_hdf5_get_job_files(hid_t file, const char *path, int *n, dkm_job_file **files, dkm_error *err);
void dkm_hdf5_free_job_files(int n, dkm_job_file *files);

#endif
