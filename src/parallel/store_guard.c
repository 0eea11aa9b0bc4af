/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_guard: whether the metadata of a file are as they were written, and the history, which grows inside them.
 *
 * Everything in the file that is not the raw data of a variable on the grid (headers, attributes, coordinates, the
 * job) is written once, at creation, and never changes.  Damage there is dangerous: HDF5 1.10 may crash or search
 * for ever, or write records over other records.  So its CRC-32 is kept, and compared with plain reads before HDF5
 * sees the file.  It stands in a text attribute of the file, `metadata_checksum`:
 *
 *   dickemap-metadata crc=<CRC-32 of what is left> at=<offset of this text> size=<bytes of the file>
 *   history=<offset>+<bytes> skip=<offset>+<bytes>,...  seal=<CRC-32 of the text before it>
 *
 * What is left: the bytes of the file without this attribute's own, the history's, and the raw data of `skip`; and one
 * byte of the superblock is taken as 0: in it HDF5 notes that a program has the file open for writing, which stays
 * there if that program is killed, and which no reader minds (any damage to it that HDF5 minds, HDF5 refuses).  When
 * a program has copied the file into another layout (h5repack, nccopy), place and size are no longer those in the
 * text, which then says nothing about this file.  A file that is only shorter than it was is refused by HDF5 itself.
 *
 * The history.  An attribute of fixed length, most of it still empty.  A line is appended by writing its bytes
 * behind the text: neither size nor place of anything changes, so that this is as safe as writing a record, and
 * a kill leaves at most a line cut short. */
#include "store_hdf5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "dickemap/file.h"

static const char mark[] = "dickemap-metadata crc=";
const char dkm_guard_mark[] = "dickemap-metadata crc=-";
const char dkm_history_mark[] = "dickemap-history -";

enum {
  SCAN_BYTES = 1 << 18, /* both attributes are among the first that are written; the history takes most of this */
  READ_BYTES = 1 << 16,
  MAX_SKIPPED = DKM_HDF5_MAX_VARIABLES + 2,
  SUPERBLOCK_VERSION_AT = 8, /* 0 in our files, whose consistency flags begin at byte 20 */
  FLAGS_AT = 20,
  OPEN_FLAGS = 7 /* those that HDF5 knows */
};

struct guard {
  dkm_hdf5_region own, history, skip[MAX_SKIPPED]; /* skip: ascending, disjoint, with the other two among them */
  int n_skip;
  uint64_t size;
  uint32_t crc;
  char text[DKM_GUARD_BYTES]; /* as it is in the file */
};

/* ---- checksum ---- */

/* CRC-32 of everything that is not skipped. -1 with errno. */
static int metadata_crc(int descriptor, const struct guard *g, uint32_t *crc) {
  unsigned char buffer[READ_BYTES];
  uLong sum = crc32(0, Z_NULL, 0);
  uint64_t at = 0;
  for (int i = 0; i <= g->n_skip; i++) {
    const uint64_t end = i < g->n_skip ? g->skip[i].first : g->size;
    while (at < end) {
      const size_t n = end - at < READ_BYTES ? (size_t)(end - at) : READ_BYTES;
      const ssize_t got = dkm_file_read_at(descriptor, buffer, n, at);
      if (got < 0) return -1;
      if ((size_t)got < n) { /* it has become shorter just now */
        errno = EIO;
        return -1;
      }
      if (at == 0 && n > FLAGS_AT && buffer[SUPERBLOCK_VERSION_AT] == 0 && buffer[FLAGS_AT] <= OPEN_FLAGS)
        buffer[FLAGS_AT] = 0;
      sum = crc32(sum, buffer, (uInt)n);
      at += n;
    }
    if (i < g->n_skip) at = g->skip[i].first + g->skip[i].count;
  }
  *crc = (uint32_t)sum;
  return 0;
}

/* ---- the text ---- */

static int by_first(const void *a, const void *b) {
  const uint64_t x = ((const dkm_hdf5_region *)a)->first, y = ((const dkm_hdf5_region *)b)->first;
  return (x > y) - (x < y);
}

/* Sorts what is skipped; false unless it is disjoint and inside of the file. */
static bool order_skipped(struct guard *g) {
  uint64_t at = 0;
  qsort(g->skip, (size_t)g->n_skip, sizeof *g->skip, by_first);
  for (int i = 0; i < g->n_skip; i++) {
    if (g->skip[i].first < at || g->skip[i].count > g->size || g->skip[i].first > g->size - g->skip[i].count)
      return false;
    at = g->skip[i].first + g->skip[i].count;
  }
  return true;
}

/* Reads "<first>+<count>". */
static bool parse_region(const char **text, dkm_hdf5_region *region) {
  char *end;
  region->first = strtoull(*text, &end, 10);
  if (end == *text || *end != '+') return false;
  *text = end + 1;
  region->count = strtoull(*text, &end, 10);
  if (end == *text) return false;
  *text = end;
  return true;
}

static bool parse_number(const char **text, const char *key, int base, uint64_t *value) {
  char *end;
  if (strncmp(*text, key, strlen(key)) != 0) return false;
  *text += strlen(key);
  *value = strtoull(*text, &end, base);
  if (end == *text) return false;
  *text = end;
  return true;
}

/* Takes the text apart, which ends with a 0 byte; false if it is not what was written. */
static bool parse_guard(const char *text, struct guard *g) {
  uint64_t crc, at, size, seal;
  const char *c = text, *sealed = strstr(text, " seal=");
  memset(g, 0, sizeof *g);
  if (!sealed || !parse_number(&sealed, " seal=", 16, &seal)) return false;
  sealed = strstr(text, " seal=");
  if (crc32(crc32(0, Z_NULL, 0), (const Bytef *)text, (uInt)(sealed - text)) != seal) return false;
  if (!parse_number(&c, mark, 16, &crc) || !parse_number(&c, " at=", 10, &at) ||
      !parse_number(&c, " size=", 10, &size) || strncmp(c, " history=", 9) != 0)
    return false;
  c += 9;
  if (!parse_region(&c, &g->history) || strncmp(c, " skip=", 6) != 0) return false;
  for (c += 6; *c != ' '; c += *c == ',') {
    if (g->n_skip == MAX_SKIPPED - 2 || !parse_region(&c, &g->skip[g->n_skip])) return false;
    g->n_skip++;
  }
  g->crc = (uint32_t)crc;
  g->size = size;
  g->own = (dkm_hdf5_region){at, DKM_GUARD_BYTES};
  g->skip[g->n_skip++] = g->own;
  g->skip[g->n_skip++] = g->history;
  return order_skipped(g);
}

/* Where `bytes` first occur in text[n], at or behind `from`; n if they do not. */
static size_t find(const char *text, size_t n, size_t from, const char *bytes) {
  const size_t length = strlen(bytes);
  for (size_t at = from; at + length <= n; at++)
    if (text[at] == bytes[0] && memcmp(text + at, bytes, length) == 0) return at;
  return n;
}

/* The guard of an open file: DKM_GUARD_GOOD here means that there is one, of this file as far as place and size tell. */
static dkm_guard_state read_guard(int descriptor, struct guard *g) {
  dkm_guard_state state = DKM_GUARD_NONE;
  struct stat found;
  if (fstat(descriptor, &found) != 0) return DKM_GUARD_UNREADABLE;
  char *head = malloc(SCAN_BYTES + 1);
  if (!head) return DKM_GUARD_UNREADABLE;
  const ssize_t n = dkm_file_read_at(descriptor, head, SCAN_BYTES, 0);
  if (n < 0) state = DKM_GUARD_UNREADABLE;
  /* The mark may also stand in a command line or a title. */
  for (size_t at = 0; n > 0 && state != DKM_GUARD_GOOD && (at = find(head, (size_t)n, at, mark)) < (size_t)n; at++) {
    char text[DKM_GUARD_BYTES + 1] = "";
    const size_t length = (size_t)n - at < DKM_GUARD_BYTES ? (size_t)n - at : DKM_GUARD_BYTES;
    memcpy(text, head + at, length);
    if (!parse_guard(text, g)) {
      state = DKM_GUARD_BROKEN;
    } else if (g->own.first == at) {
      memcpy(g->text, text, sizeof g->text);
      state = g->size == (uint64_t)found.st_size ? DKM_GUARD_GOOD : DKM_GUARD_NONE;
    }
  }
  free(head);
  return state;
}

static dkm_guard_state check(int descriptor, struct guard *g) {
  uint32_t crc;
  const dkm_guard_state state = read_guard(descriptor, g);
  if (state != DKM_GUARD_GOOD) return state;
  if (metadata_crc(descriptor, g, &crc) != 0) return DKM_GUARD_UNREADABLE;
  return crc == g->crc ? DKM_GUARD_GOOD : DKM_GUARD_BROKEN;
}

dkm_guard_state dkm_guard_check(int descriptor, char *text) {
  struct guard g;
  const dkm_guard_state state = check(descriptor, &g);
  if (text && state == DKM_GUARD_GOOD)
    memcpy(text, g.text, sizeof g.text);
  else if (text)
    text[0] = '\0';
  return state;
}

/* ---- creation ---- */

static dkm_status seal_failed(const char *path, const char *what, dkm_error *err) {
  return dkm_fail(err, DKM_IO, "output %s cannot be created: %s: %s", path, what, strerror(errno));
}

/* The text into out[DKM_GUARD_BYTES]; false if it is too long. */
static bool print_guard(const struct guard *g, const dkm_hdf5_region *raw, int n_raw, char *out) {
  size_t n = (size_t)snprintf(out, DKM_GUARD_BYTES, "%s%08x at=%llu size=%llu history=%llu+%llu skip=", mark,
                              (unsigned)g->crc, (unsigned long long)g->own.first, (unsigned long long)g->size,
                              (unsigned long long)g->history.first, (unsigned long long)g->history.count);
  for (int i = 0; i < n_raw && n < DKM_GUARD_BYTES; i++)
    n += (size_t)snprintf(out + n, DKM_GUARD_BYTES - n, "%s%llu+%llu", i ? "," : "", (unsigned long long)raw[i].first,
                          (unsigned long long)raw[i].count);
  if (n >= DKM_GUARD_BYTES) return false;
  const uLong seal = crc32(crc32(0, Z_NULL, 0), (const Bytef *)out, (uInt)n);
  n += (size_t)snprintf(out + n, DKM_GUARD_BYTES - n, " seal=%08x", (unsigned)seal);
  return n < DKM_GUARD_BYTES;
}

dkm_status dkm_guard_seal(const char *new_path, const char *path, const dkm_hdf5_region *raw, int n_raw,
                          const char *history, dkm_error *err) {
  struct guard g = {.n_skip = n_raw + 2};
  char text[DKM_GUARD_BYTES] = "";
  struct stat found;
  dkm_status status = DKM_OK;
  char *head = malloc(SCAN_BYTES);
  const int descriptor = dkm_file_open(new_path, O_RDWR, 0);
  if (!head) {
    status = dkm_fail(err, DKM_MEMORY, "output %s cannot be created: out of memory for its checksum", path);
    goto cleanup;
  }
  const ssize_t n = descriptor < 0 ? -1 : dkm_file_read_at(descriptor, head, SCAN_BYTES, 0);
  if (n < 0 || fstat(descriptor, &found) != 0) {
    status = seal_failed(path, new_path, err);
    goto cleanup;
  }
  g.size = (uint64_t)found.st_size;
  g.own = (dkm_hdf5_region){find(head, (size_t)n, 0, dkm_guard_mark), DKM_GUARD_BYTES};
  g.history = (dkm_hdf5_region){find(head, (size_t)n, 0, dkm_history_mark), DKM_HISTORY_BYTES};
  memcpy(g.skip, raw, (size_t)n_raw * sizeof *raw);
  g.skip[n_raw] = g.own;
  g.skip[n_raw + 1] = g.history;
  if (g.own.first == (uint64_t)n || g.history.first == (uint64_t)n || !order_skipped(&g)) {
    status = dkm_fail(err, DKM_IO, "output %s cannot be created: HDF5 has laid it out in an unknown way", path);
    goto cleanup;
  }
  const size_t length = strnlen(history, DKM_HISTORY_BYTES - 1);
  if (dkm_file_write_at(descriptor, history, length, g.history.first) != 0 ||
      metadata_crc(descriptor, &g, &g.crc) != 0) {
    status = seal_failed(path, new_path, err);
  } else if (!print_guard(&g, raw, n_raw, text)) {
    status = dkm_fail(err, DKM_IO, "output %s cannot be created: the text of its checksum is too long", path);
  } else if (dkm_file_write_at(descriptor, text, sizeof text, g.own.first) != 0) {
    status = seal_failed(path, new_path, err);
  }
cleanup:
  if (descriptor >= 0 && dkm_file_close(descriptor) != 0 && !status) status = seal_failed(path, new_path, err);
  free(head);
  return status;
}

/* ---- the history ---- */

/* Makes room for `need` more bytes in text: its first line stays, which says how the file was made, and the lines
 * that follow go until a half is free, but for a note of how many they were. */
static void make_room(char *text, size_t need) {
  char note[64];
  unsigned long n_left_out = 0;
  char *second = strchr(text, '\n');
  if (second && sscanf(second, "\n(%lu lines left out)", &n_left_out) == 1) {
    char *third = strchr(second + 1, '\n');
    memmove(second, third ? third : second + strlen(second), third ? strlen(third) + 1 : 1);
  }
  char *rest = second;
  while (rest && *rest && (size_t)(second - text) + strlen(rest) + sizeof note + need > DKM_HISTORY_BYTES / 2) {
    rest = strchr(rest + 1, '\n');
    n_left_out++;
  }
  if (!second) second = text + strlen(text);
  const char *kept = rest ? rest : "";
  const size_t n = (size_t)snprintf(note, sizeof note, "\n(%lu lines left out)", n_left_out), n_kept = strlen(kept);
  memmove(second + n, kept, n_kept);
  memcpy(second, note, n);
  second[n + n_kept] = '\0';
}

dkm_status dkm_store_append_history(const char *path, const char *line, bool *kept, dkm_error *err) {
  struct guard g;
  dkm_status status = DKM_OK;
  char *text = NULL;
  *kept = false;
  const int descriptor = dkm_file_open(path, O_RDWR, 0);
  if (descriptor < 0) return dkm_fail(err, DKM_IO, "%s cannot be opened for its history: %s", path, strerror(errno));
  const dkm_guard_state state = check(descriptor, &g);
  if (state == DKM_GUARD_UNREADABLE)
    status = dkm_fail(err, DKM_IO, "%s cannot be read for its history: %s", path, strerror(errno));
  if (state != DKM_GUARD_GOOD || g.history.count != DKM_HISTORY_BYTES) goto cleanup;

  /* Room for what is there and a note; a longer line than fits into half of it is cut. */
  if (!(text = calloc(2, DKM_HISTORY_BYTES))) {
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for its history", path);
    goto cleanup;
  }
  errno = EIO; /* of a read that is short: it is being cut */
  if (dkm_file_read_at(descriptor, text, DKM_HISTORY_BYTES, g.history.first) != DKM_HISTORY_BYTES) {
    status = dkm_fail(err, DKM_IO, "%s: its history cannot be read: %s", path, strerror(errno));
    goto cleanup;
  }
  text[DKM_HISTORY_BYTES - 1] = '\0';
  const size_t need = strnlen(line, DKM_HISTORY_BYTES / 4) + 1, before = strlen(text);
  const bool rewrite = before + need >= DKM_HISTORY_BYTES;
  if (rewrite) make_room(text, need);
  char *end = text + strlen(text);
  *end = '\n';
  memcpy(end + 1, line, need - 1);
  for (char *c = end + 1; c < end + need; c++)
    if ((unsigned char)*c < ' ') *c = ' '; /* one line */
  end[need] = '\0';
  const size_t first = rewrite ? 0 : before, after = strlen(text);
  if (rewrite) memset(text + after, 0, DKM_HISTORY_BYTES - after);
  const size_t n = rewrite ? DKM_HISTORY_BYTES : after - first;
  if (dkm_file_write_at(descriptor, text + first, n, g.history.first + first) != 0 ||
      dkm_file_sync_data(descriptor) != 0)
    status = dkm_fail(err, DKM_IO, "%s: its history cannot be written: %s", path, strerror(errno));
  else
    *kept = true;

cleanup:
  free(text);
  if (dkm_file_close(descriptor) != 0 && !status)
    status = dkm_fail(err, DKM_IO, "%s: its history cannot be written: %s", path, strerror(errno));
  return status;
}
