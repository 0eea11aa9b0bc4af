/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_create: rank 0 makes the whole file, or says why not.
 *
 * Everything that HDF5 calls metadata is written here, once, by the serial driver: groups,
 * datasets with their space allocated, scales, attributes.  The file then gets its name by
 * a rename that does not overwrite, so a file under that name is always complete.
 *
 *   1. checks: output free, folder writable, space on the disk
 *   2. <path>.new-<pid> in the same folder: everything (store_layout.c), and records that are known already
 *      (store_carry.c); close; checksum; fsync
 *   3. rename to <path>; fsync of the folder */
#define _GNU_SOURCE /* fallocate, renameat2, realpath, asprintf */
#include "store_hdf5.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "dickemap/file.h"

/* Metadata of a file: some 40 datasets with attributes, the room for the history; other texts come on top. */
#define METADATA_BYTES 250e3

double dkm_store_bytes(const dkm_job *job) {
  double a_point = 1 + 4; /* status, checksum */
  dkm_form form;
  dkm_form_of(job, &form);
  for (int i = 0; i < form.n_fields; i++)
    a_point += (double)dkm_field_type_bytes(form.fields[i].type) * (double)form.n_values[i];
  if (job->keep_state) a_point += 8 * (3 * (double)job->system.n_classes + 2 * job->system.n_modes);
  double bytes = a_point * (double)job->n_points;
  bytes += 8.0 * (double)dkm_job_n_correlations(job) * job->system.n_modes * job->system.n_modes;
  for (int i = 0; i < job->n_axes; i++) bytes += 8 * (double)job->axes[i].n;
  return bytes;
}

double dkm_store_memory(const dkm_job *job) {
  double most = job->keep_state ? 8 * 3 * (double)job->system.n_classes : 0; /* the largest variable of a point */
  dkm_form form;
  dkm_form_of(job, &form);
  for (int i = 0; i < form.n_fields; i++)
    most = fmax(most, (double)dkm_field_type_bytes(form.fields[i].type) * (double)form.n_values[i]);
  return fmax((double)DKM_HDF5_BUFFER_BYTES, most);
}

/* What the disk gives to a file: all of it, but for a shard, which stays sparse, the blocks that hold its points. */
static double bytes_on_disk(const dkm_job *job, const dkm_shard *shard) {
  const double bytes = dkm_store_bytes(job);
  if (!shard) return bytes;
  const double n_blocks = ceil((double)dkm_shard_size(shard, job->n_points) / (double)shard->block);
  const double n_variables = job->task->fields->n + DKM_N_BESIDES, page = 4096; /* each run of values begins and ends within a page */
  const double part = bytes * (double)dkm_shard_size(shard, job->n_points) / (double)job->n_points;
  return fmin(bytes, part + n_blocks * n_variables * page);
}

/* ---- 1. checks ---- */

/* An output that exists already. */
static dkm_status check_existing(const char *path, const dkm_job *job, bool overwrite, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES], keys[DKM_MESSAGE_BYTES / 2];
  char *theirs = NULL, *ours = NULL;
  hid_t id = H5I_INVALID_HID;
  dkm_status status = DKM_OK;

  const dkm_hdf5_origin origin = dkm_hdf5_recognise(path, &id, reason);
  const bool is_ours = origin == DKM_HDF5_OURS || origin == DKM_HDF5_OTHER_FORMAT;
  if (origin == DKM_HDF5_UNREADABLE) {
    status = dkm_fail(err, DKM_IO, "output %s exists already and %s", path, reason);
  } else if (overwrite && !is_ours) {
    status = dkm_fail(err, DKM_INPUT,
                      "output %s exists already and %s: --overwrite only replaces files of dickemap; remove it or name "
                      "another file with -o",
                      path, reason);
  } else if (!overwrite && origin == DKM_HDF5_DAMAGED) {
    status = dkm_fail(err, DKM_INPUT, "output %s exists already and %s; remove it or name another file with -o", path,
                      reason);
  } else if (!overwrite && origin == DKM_HDF5_FOREIGN) {
    status = dkm_fail(err, DKM_INPUT, "output %s exists already and %s; name another file with -o", path, reason);
  } else if (!overwrite && origin == DKM_HDF5_OTHER_FORMAT) {
    status = dkm_fail(err, DKM_INPUT, "output %s exists already and %s; --overwrite replaces it, -o names another file",
                      path, reason);
  } else if (!overwrite) {
    theirs = dkm_hdf5_text_attribute(id, "job_canonical");
    ours = dkm_job_canonical(job);
    if (!theirs || !ours)
      status = dkm_fail(err, ours ? DKM_IO : DKM_MEMORY, "output %s exists already, and its job cannot be read", path);
    else if (dkm_job_differences(theirs, ours, keys, sizeof keys) == 0)
      status = dkm_fail(err, DKM_INPUT,
                        "output %s exists already and holds this same job; run --resume continues it, --overwrite "
                        "replaces it, -o names another file",
                        path);
    else
      status = dkm_fail(err, DKM_INPUT,
                        "output %s exists already and holds another job, which differs in %s; -o names another file, "
                        "--overwrite replaces it",
                        path, keys);
  }
  free(ours);
  free(theirs);
  if (id >= 0) H5Fclose(id);
  return status;
}

/* Whether a new file fits into the folder; an old one stays beside it until it is complete. */
static dkm_status check_space(const char *path, const char *folder, const dkm_job *job, const dkm_shard *shard,
                              dkm_error *err) {
  struct statvfs disk;
  if (statvfs(folder, &disk) != 0)
    return dkm_fail(err, DKM_IO, "output %s: the free space of folder %s is unknown: %s", path, folder,
                    strerror(errno));
  const double need = bytes_on_disk(job, shard) + METADATA_BYTES,
               free_bytes = (double)disk.f_bavail * (double)disk.f_frsize;
  if (need > free_bytes)
    return dkm_fail(err, DKM_IO, "output %s would take %.3g GB, but only %.3g GB are free in folder %s", path,
                    need / 1e9, free_bytes / 1e9, folder);
  return DKM_OK;
}

/* A link to a file that does not exist: a new file would get its name beside the link, not through it. */
static dkm_status refuse_dangling(const char *path, dkm_error *err) {
  char target[DKM_MESSAGE_BYTES / 2];
  const ssize_t n = readlink(path, target, sizeof target - 1);
  target[n > 0 ? n : 0] = '\0';
  return dkm_fail(err, DKM_INPUT,
                  "output %s is a link to %s, where there is no file: remove the link, or name the file itself with -o",
                  path, target);
}

dkm_status dkm_store_check_output(const char *path, const dkm_job *job, bool overwrite, dkm_error *err) {
  return dkm_store_check_output_of(path, job, NULL, overwrite, err);
}

static dkm_status kind_of(int error) {
  return dkm_file_blames_name(error) ? DKM_INPUT : DKM_IO;
}

dkm_status dkm_store_check_output_of(const char *path, const dkm_job *job, const dkm_shard *shard, bool overwrite,
                                     dkm_error *err) {
  struct stat found;
  dkm_status status = DKM_OK;
  char *folder = NULL;

  dkm_hdf5_quiet();
  if (path[0] == '\0') return dkm_fail(err, DKM_INPUT, "the output has no name: give a file name after -o");
  folder = dkm_file_folder(path);
  if (!folder) return dkm_fail(err, DKM_MEMORY, "out of memory for the name of the output");

  if (stat(folder, &found) != 0)
    status = dkm_fail(err, kind_of(errno), "output %s: folder %s: %s", path, folder, strerror(errno));
  else if (!S_ISDIR(found.st_mode))
    status = dkm_fail(err, DKM_INPUT, "output %s: %s is not a folder", path, folder);
  else if (stat(path, &found) == 0 && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode))
    status = dkm_fail(err, DKM_INPUT, "output %s is not a regular file", path);
  else if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
    status = dkm_fail(err, kind_of(errno), "output %s: folder %s cannot be written: %s", path, folder, strerror(errno));
  else if (stat(path, &found) == 0) {
    if (S_ISDIR(found.st_mode))
      status = dkm_fail(err, DKM_INPUT, "output %s is a folder: give the name of a file in it", path);
    else
      status = check_existing(path, job, overwrite, err);
  } else if (errno != ENOENT) {
    status = dkm_fail(err, kind_of(errno), "output %s: %s", path, strerror(errno));
  } else if (lstat(path, &found) == 0) {
    status = refuse_dangling(path, err);
  }
  if (status == DKM_OK) status = check_space(path, folder, job, shard, err);
  free(folder);
  return status;
}

/* ---- 2, 3. the file and its name ---- */

static dkm_status cannot_sync(const char *path, const char *output, dkm_error *err) {
  return dkm_fail(err, DKM_IO, "output %s cannot be created: %s cannot be put on disk: %s", output, path, strerror(errno));
}

static dkm_status sync_file(const char *path, const char *output, dkm_error *err) {
  const int descriptor = dkm_file_open(path, O_RDONLY, 0);
  dkm_status status = DKM_OK;
  if (descriptor < 0 || dkm_file_sync(descriptor) != 0) status = cannot_sync(path, output, err);
  if (descriptor >= 0) dkm_file_close(descriptor);
  return status;
}

/* Creates the new file, empty, and asks the system for all of its space once: a full disk, a
 * quota or a size limit is then met here and not half-way through HDF5, which does not
 * survive a file that it can neither write nor close.  The space is given back, since HDF5
 * starts from an empty file, and files that are to stay sparse get it as they grow. */
static dkm_status reserve(const char *new_path, const char *path, const dkm_job *job, const dkm_shard *shard,
                          dkm_error *err) {
  const double bytes = bytes_on_disk(job, shard) + METADATA_BYTES;
  dkm_status status = DKM_OK;
  const int descriptor = dkm_file_open(new_path, O_RDWR | O_CREAT | O_EXCL, 0666);
  if (descriptor < 0)
    return dkm_fail(err, errno == EEXIST ? DKM_INPUT : DKM_IO, "output %s cannot be created: %s: %s", path, new_path,
                    strerror(errno));
  if (dkm_file_allocate(descriptor, 0, 0, (uint64_t)bytes) != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
    status = dkm_fail(err, DKM_IO, "output %s cannot be created: no room for its %.3g GB: %s", path, bytes / 1e9,
                      strerror(errno));
  else if (dkm_file_truncate(descriptor, 0) != 0)
    status = dkm_fail(err, DKM_IO, "output %s cannot be created: %s: %s", path, new_path, strerror(errno));
  dkm_file_close(descriptor);
  if (status != DKM_OK) unlink(new_path);
  return status;
}

/* Renames without overwriting.  Some network file systems know no such rename; there a
 * second link does the same.  Where there are no links either, the lock keeps other runs away, and a program that
 * makes a file of this name within the microseconds between loses it. */
static int rename_new(const char *from, const char *to) {
  struct stat found;
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) return -1;
  if (link(from, to) == 0) return unlink(from);
  if (errno != EPERM && errno != ENOSYS && errno != ENOTSUP) return -1;
  if (lstat(to, &found) != 0) return errno == ENOENT ? rename(from, to) : -1;
  errno = EEXIST;
  return -1;
}

/* What was written is read back, since libraries may lose the answer to a write: the job, every dataset, coordinates. */
static dkm_status read_back(const char *new_path, const char *path, const dkm_job *job, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  dkm_error why = {0};
  char *written = NULL, *meant = dkm_job_canonical(job);
  dkm_status status =
      meant ? dkm_store_reader_open(new_path, &reader, &why) : dkm_fail(&why, DKM_MEMORY, "out of memory for its job");
  if (!status && !(written = dkm_job_canonical(dkm_store_reader_job(reader))))
    status = dkm_fail(&why, DKM_MEMORY, "out of memory for its job");
  if (!status && strcmp(written, meant) != 0) status = dkm_fail(&why, DKM_IO, "the job inside it is another one");
  if (!status && !dkm_store_reader_guarded(reader))
    status = dkm_fail(&why, DKM_IO, "the checksum of its metadata is missing");
  dkm_store_reader_close(reader);
  if (!status) status = dkm_store_check_axes(new_path, job, &why);
  free(written);
  free(meant);
  if (!status) return DKM_OK;
  return dkm_fail(err, status == DKM_MEMORY ? DKM_MEMORY : DKM_IO,
                  "output %s cannot be created: what was written does not read back: %s", path, why.message);
}

dkm_status dkm_store_create(const char *path, const dkm_job *job, const dkm_provenance *provenance, bool overwrite,
                            dkm_error *err) {
  return dkm_store_create_filled(path, job, provenance, overwrite, NULL, NULL, err);
}

dkm_status dkm_store_create_filled(const char *path, const dkm_job *job, const dkm_provenance *provenance,
                                   bool overwrite, dkm_store_fill fill, void *context, dkm_error *err) {
  char *target = NULL, *new_path = NULL, *folder = NULL;
  bool new_exists = false;

  dkm_status status = dkm_store_check_output_of(path, job, provenance->shard, overwrite, err);
  if (status != DKM_OK) return status;

  /* Where the output is a link to a file elsewhere, that file is replaced and the link kept. */
  target = dkm_file_target(path);
  if (target) folder = dkm_file_folder(target);
  if (!target || !folder || asprintf(&new_path, "%s.new-%ld", target, (long)getpid()) < 0) {
    new_path = NULL;
    status = dkm_fail(err, DKM_MEMORY, "output %s cannot be created: out of memory for its name", path);
    goto cleanup;
  }
  if ((status = reserve(new_path, path, job, provenance->shard, err)) != DKM_OK) goto cleanup;
  new_exists = true;
  status = dkm_hdf5_write_layout(new_path, path, job, provenance, err);
  if (status == DKM_OK && fill) status = fill(context, new_path, err);
  if (status == DKM_OK) status = read_back(new_path, path, job, err);
  if (status == DKM_OK) status = sync_file(new_path, path, err);
  if (status != DKM_OK) goto cleanup;

  if ((overwrite ? rename(new_path, target) : rename_new(new_path, target)) != 0) {
    status = dkm_fail(err, errno == EEXIST ? DKM_INPUT : DKM_IO, "output %s cannot be created: %s", path,
                      errno == EEXIST ? "another program created it a moment ago" : strerror(errno));
    goto cleanup;
  }
  new_exists = false;
  if (dkm_file_sync_folder(target) != 0) status = cannot_sync(folder, path, err);

cleanup:
  if (new_exists) unlink(new_path);
  free(folder);
  free(new_path);
  free(target);
  return status;
}
