/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store: the output file.  src/parallel/store_hdf5.h is the only file that includes hdf5.h.
 *
 * Layout (root group; dims = the job's dimensions, in order, the last varies fastest)
 *   <axis>            [n]            coordinate, a dimension scale under its own name; zipped
 *                                    axes are auxiliary coordinates along their group's name
 *   mode              [M]            1 ... M, dimension scale
 *   <field>           [dims]         one dataset for each field of the job's task (task.h)
 *   <field>           [dims, mode]   where the field is per mode; outcome, state, or state and mode of other tasks
 *   status            [dims]         uint8: 0 to do, 1 done, 2 done with verdict `failed`
 *   checksum          [dims]         uint32, 0 where nothing was written
 *   m                 [dims, class, xyz]   } only with output: state: final
 *   beta_re, beta_im  [dims, mode]         }
 * A job without axes has one dimension `point` of length 1.
 * Attributes: see store_layout.c; netCDF-4 and CF-1.10 conventions, so that h5py, xarray, ncdump,
 * Octave and MATLAB see labelled dimensions.
 *
 * How files live on
 *   `format_version` is that of the layout above: 1 is version 0.1.0, this program writes 2 and reads both.  It is raised
 *   when older programs would misread a file, not for another field; a file of a later format is refused with its number.
 *   Within a format a file names its own fields.  `checksum_fields` lists those that the checksum of a record covers: CRC-32
 *   (zlib) of their values as they are in the file, in that order, little endian, NaN as one pattern, followed by the
 *   state where states are kept (3K + 2M values as in dkm_model_size); 1 instead of 0.  (Format 1 has no list: it is in
 *   store_fields.c.)  So a field may be added, moved or left out without making older or newer files unreadable:
 *     - a field that a file lacks is that of dkm_record_clear, but `method`, which is 1 then;
 *     - a field that only a later version knows counts for the checksum, and is not shown;
 *     - codes (verdict, how, failure, sensitive) mean what `flag_meanings` of the file says: they are translated by name,
 *       and one that the file does not name, or nobody here knows, becomes a code that does not exist;
 *     - a field keeps its name, type and shape for ever; one that has to change gets another name.
 *   Records are written only into files with the fields and codes of this program.  Others are made anew with their
 *   records in it (`run --resume`), under another name, and then renamed over the old one.
 *   A small file of each version that was released is in tests/cli/data.
 *
 * How nothing is lost
 *   1. Rank 0 creates the whole file with the serial driver under a temporary name in the same folder
 *      (every dataset allocated, every attribute written), closes it, fsyncs, renames.
 *      Metadata never changes while a run is writing, so that the file opens at any moment.
 *   2. Every rank opens it and writes raw data only, by plain writes at the places that HDF5 tells.
 *   3. A worker writes data and checksums, calls dkm_store_sync on its own, and only then
 *      reports to the master, who alone writes `status`.
 * Nothing here waits for another rank.
 *
 * Metadata, that is everything but the raw data on the grid, have a checksum in the file, which is compared before HDF5
 * opens it: damaged metadata make HDF5 crash or read and write at wrong places. */
#ifndef DICKEMAP_STORE_H
#define DICKEMAP_STORE_H
#include "dickemap/job.h"
#include "dickemap/labels.h"
#include "dickemap/record.h"
#include "dickemap/shard.h"
#include "dickemap/trajectory.h"

/* Bytes of the file for a job (raw data; metadata is some 100 kB more). */
double dkm_store_bytes(const dkm_job *job);

/* Bytes of memory that an open store or reader takes for its buffer. */
double dkm_store_memory(const dkm_job *job);

/* What the file records about how it was made, beside the job. */
typedef struct dkm_provenance {
  const char *version;         /* program version with git hash */
  const char *command;         /* the command line */
  const char *instruction_set; /* of the ensemble kernel */
  int n_ranks;
  const char *history;         /* text to begin the history with; NULL: the time and the command */
  const char *records_from;    /* files that records are taken from, one a line (dkm_carry_describe); NULL: none */
  const dkm_shard *shard;      /* the file is for this part of the grid alone; NULL: for all of it */
} dkm_provenance;

/* Creates the file (rank 0 only; serial; not collective). overwrite: replace an existing
 * file if it is one of dickemap's; otherwise DKM_INPUT if `path` exists, with a message that says whether it holds the
 * same job or which keys differ.  Fails with DKM_INPUT for a folder that is missing or not writable,
 * DKM_IO with HDF5's or the system's reason.  On failure nothing is left behind and an
 * existing file is as it was. */
dkm_status dkm_store_create(const char *path, const dkm_job *job, const dkm_provenance *provenance, bool overwrite,
                            dkm_error *err);

/* The same with some records in it already: `fill` writes raw data into the new file before it gets its name, and closes
 * what it opens.  What fails there fails the creation. */
typedef dkm_status (*dkm_store_fill)(void *context, const char *new_path, dkm_error *err);
dkm_status dkm_store_create_filled(const char *path, const dkm_job *job, const dkm_provenance *provenance,
                                   bool overwrite, dkm_store_fill fill, void *context, dkm_error *err);

/* Whether dkm_store_create would refuse, without touching anything: called before any work. */
dkm_status dkm_store_check_output(const char *path, const dkm_job *job, bool overwrite, dkm_error *err);

/* The same for the file of a shard (NULL: all of the grid), which needs less of the disk. */
dkm_status dkm_store_check_output_of(const char *path, const dkm_job *job, const dkm_shard *shard, bool overwrite,
                                     dkm_error *err);

typedef struct dkm_store dkm_store;

/* Opens for writing; any number of ranks and programs may, who write different points.  DKM_INPUT if the file is not as
 * this version makes it, DKM_IO, DKM_MEMORY. */
dkm_status dkm_store_open(const char *path, const dkm_job *job, dkm_store **out, dkm_error *err);

/* Syncs and closes. The store is gone, whatever is returned. */
dkm_status dkm_store_close(dkm_store *store, dkm_error *err);

/* Whether the file under this name is still the one that was opened: DKM_DIFFERENT with what became of it if it was
 * removed, moved, replaced, overwritten or cut; DKM_IO if that cannot be seen just now.  Reads all metadata: a
 * millisecond. */
dkm_status dkm_store_look(const dkm_store *store, dkm_error *err);

/* Where no name leads any more to the file that is open: copies it to <path>.rescued-<pid>,
 * or into $TMPDIR or /tmp where that cannot be.  *copy: that name, owned by the
 * caller; NULL if the file still has a name. */
dkm_status dkm_store_rescue(const dkm_store *store, char **copy, dkm_error *err);

/* Writes records first ... first+count-1 of the flattened grid and their checksums; records as the job's task makes them, one
 * after the other (dkm_form): dkm_record of a sweep. states: count * (3K + 2M) values, or NULL unless the job keeps states. */
dkm_status dkm_store_write(dkm_store *store, int64_t first, int64_t count, const void *records, const double *states,
                           dkm_error *err);

/* Puts everything that this rank wrote on disk (fdatasync). */
dkm_status dkm_store_sync(dkm_store *store, dkm_error *err);

/* Marks records as done; status[i] is DKM_STATUS_DONE or DKM_STATUS_POINT_FAILED. Only the
 * master calls it, for records whose writer has synced. */
dkm_status dkm_store_mark(dkm_store *store, int64_t first, int64_t count, const uint8_t *status, dkm_error *err);

/* ---- reading: serial, read-only, also while a run is writing ---- */

typedef struct dkm_store_reader dkm_store_reader;

/* Opens and checks that the file is ours.  DKM_INPUT if there is no such file or it is not ours,
 * DKM_IO with HDF5's reason if it is damaged. */
dkm_status dkm_store_reader_open(const char *path, dkm_store_reader **out, dkm_error *err);
void dkm_store_reader_close(dkm_store_reader *reader);

/* The job as the file holds it: parsed anew from the text inside, with the --set strings
 * of the run applied.  Owned by the reader. */
const dkm_job *dkm_store_reader_job(const dkm_store_reader *reader);

/* The part of the grid that the file is for; DKM_SHARD_WHOLE unless a run with a shard made it. */
dkm_shard dkm_store_reader_shard(const dkm_store_reader *reader);

/* Whether it has the fields and codes that this program writes; and the first field that only a later one knows, NULL
 * if there is none. */
bool dkm_store_reader_is_current(const dkm_store_reader *reader);
const char *dkm_store_reader_unknown_field(const dkm_store_reader *reader);

/* An attribute of the file as text (numbers printed), into out[out_bytes]; "" if absent. */
void dkm_store_reader_attribute(dkm_store_reader *reader, const char *name, char *out, size_t out_bytes);

/* A text of any length, malloc'ed, the caller frees; "" if absent; NULL without memory. */
char *dkm_store_reader_text(dkm_store_reader *reader, const char *name);

/* status[count]; records[count]. Records whose status is DKM_STATUS_TODO hold whatever the file does. */
dkm_status dkm_store_reader_status(dkm_store_reader *reader, int64_t first, int64_t count, uint8_t *status,
                                   dkm_error *err);
/* A walk through all points, block by block, and their status:
 *   dkm_store_walk walk = {.most = 1024};
 *   while (dkm_store_walk_on(&walk, reader, &status, err)) ... walk.status[i] is that of point walk.first + i ...
 *   dkm_store_walk_end(&walk);
 * It goes on while *status is DKM_OK and there are points left; *status becomes DKM_IO or DKM_MEMORY if it cannot. */
typedef struct dkm_store_walk {
  int64_t most;     /* points in a block, at most */
  int64_t first, n; /* the present block */
  int64_t n_todo;   /* of it */
  uint8_t *status;  /* owned */
} dkm_store_walk;
bool dkm_store_walk_on(dkm_store_walk *walk, dkm_store_reader *reader, dkm_status *status, dkm_error *err);
void dkm_store_walk_end(dkm_store_walk *walk);

/* How many points are done. */
dkm_status dkm_store_reader_count_done(dkm_store_reader *reader, int64_t *n_done, dkm_error *err);
/* records as in dkm_store_write. stored[count]: the checksums in the file, computed[count]: those of its values; either may be
 * NULL. */
dkm_status dkm_store_reader_records(dkm_store_reader *reader, int64_t first, int64_t count, void *records,
                                    uint32_t *stored, uint32_t *computed, dkm_error *err);
/* `method` of the records alone, which is cheap. */
dkm_status dkm_store_reader_methods(dkm_store_reader *reader, int64_t first, int64_t count, uint8_t *methods,
                                    dkm_error *err);

/* states[count * (3K + 2M)], as dkm_store_write got them; DKM_INPUT if the job keeps none. */
dkm_status dkm_store_reader_states(dkm_store_reader *reader, int64_t first, int64_t count, double *states,
                                   dkm_error *err);

/* Whether the coordinates of the file (axes and mode), which other readers label records with, are those of its
 * job. DKM_DIFFERENT with a message that names the first coordinate that differs, DKM_IO, DKM_MEMORY. */
dkm_status dkm_store_check_axes(const char *path, const dkm_job *job, dkm_error *err);

/* Whether the file has a checksum of its metadata; dkm_store_reader_open has then found that it agrees. */
bool dkm_store_reader_guarded(const dkm_store_reader *reader);

/* Appends a line to the attribute `history` (time order; control characters become spaces), and syncs.  Rank 0, also
 * while other ranks write and others read: only bytes reserved for it at creation change, so that the file is sound at any
 * moment.  When the room is used up, the oldest lines but the first are left out.  *kept: false if the file has no such
 * room, because another program has copied or changed it.  DKM_IO, DKM_MEMORY. */
dkm_status dkm_store_append_history(const char *path, const char *line, bool *kept, dkm_error *err);

/* Writes one trajectory to a new file (t, mode, xi, alpha_re, alpha_im; the point, the job and its settings as attributes).
 * Fails with DKM_IO, also if the file exists, DKM_MEMORY; nothing is left behind then. */
dkm_status dkm_store_write_trajectory(const char *path, const dkm_job *job, const dkm_point *point,
                                      const dkm_trajectory *trajectory, dkm_error *err);

/* The final states of the file as bytes for a job that starts from them (a dkm_states_reader, job.h): of the points that are
 * done and whose states are finite.  Fails with DKM_INPUT if it keeps no states, none is done, or its system is another
 * one than the job's, DKM_IO, DKM_MEMORY. */
dkm_status dkm_store_pack_states(const char *path, const dkm_job *job, void **bytes, size_t *n_bytes, dkm_error *err);

/* To be called once, before MPI is started: the HDF5 library then never ends by itself, neither at the exit of the program nor
 * with MPI, where it would close a file again that it could not close before, and crash.  All files are closed by the
 * functions above. */
dkm_status dkm_store_begin(dkm_error *err);

/* Version strings "HDF5 1.10.8" for --version and provenance. */
void dkm_store_library_version(char *out, size_t out_bytes);

#endif
