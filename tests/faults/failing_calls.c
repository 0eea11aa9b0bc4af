/* SPDX-License-Identifier: GPL-3.0-or-later */
/* failing_calls: a library to be preloaded that lets calls of the system fail, and keeps a log of them.
 *
 * It minds only calls on files below one folder, and of one process by its rank; all others pass.  What it does is said
 * in the environment:
 *
 *   CALLS_FOLDER   the folder, as realpath tells it; without it nothing is done
 *   CALLS_RANK     the rank that is meant; without it, all
 *   CALLS_COUNT    file to which "open=12 write=340 ..." is appended at exit: how often each call occurred
 *   CALLS_FAIL     "CALL HOW NTH TIMES": the NTH call of that kind (from 1) and the following ones, TIMES in all (0: for
 *                  ever), fail.  HOW: EIO, ENOSPC, EINTR, EMFILE; or short: only half of the bytes are read or written;
 *                  slow: it takes 2 s longer; hang: it never returns
 *   CALLS_FIRED    file to which "rank 0: write 17 PATH" is appended when a call is made to fail
 *   CALLS_DELAY    microseconds that each write takes longer, so that a small job lasts a while
 *   CALLS_LOG      file to which everything is appended that changes the folder, as below
 *
 * Calls are of these kinds, whatever variant a program uses: open (with fopen, opendir), write (pwrite, writev, ...),
 * read, fsync, fdatasync, rename, close, link, unlink, truncate, allocate, mkdir.
 *
 * The log.  A record is one line, then `bytes` bytes of what was written:
 *
 *   CALL RANK INODE OFFSET BYTES PATH [TAB PATH2]
 *
 *   create   PATH is new, or was found: INODE is what it is now
 *   write    BYTES at OFFSET of INODE           truncate  OFFSET is the new length (allocate: the least length)
 *   fsync, fdatasync   INODE is on disk         syncdir   the names in folder PATH are on disk
 *   rename, link       PATH2 is now INODE       unlink, mkdir   PATH
 *
 * Only what succeeded is in it.  All processes hold a lock on the log from before a call until it is in the log, so that
 * the order of the records is that of the calls, among all ranks. */
#undef _FORTIFY_SOURCE /* whose inline functions would stand in the way of ours */
#undef _FILE_OFFSET_BITS /* open and open64 are two functions here */
#define _GNU_SOURCE /* RTLD_NEXT and the calls themselves */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { OPEN, WRITE, READ, FSYNC, FDATASYNC, RENAME, CLOSE, LINK, UNLINK, TRUNCATE, ALLOCATE, MKDIR, N_CALLS };
static const char *const call_names[N_CALLS] = {"open",  "write", "read",   "fsync",    "fdatasync", "rename",
                                                "close", "link",  "unlink", "truncate", "allocate",  "mkdir"};

enum { SLOW = -1, HANG = -2 };
static const struct {
  const char *name;
  int number;
} errors[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EINTR", EINTR}, {"EMFILE", EMFILE},
              {"short", 0}, {"slow", SLOW},   {"hang", HANG}};

static struct {
  bool ready; /* there is a folder, and it is our rank */
  char folder[PATH_MAX];
  size_t folder_length;
  int rank;
  long count[N_CALLS];
  int failing; /* a call, or -1 */
  int error;   /* errno; 0: short; SLOW, HANG */
  long nth, times;
  long delay;
  int log; /* descriptor, or -1 */
} shim = {.failing = -1, .log = -1};

/* The function that would be called without us. */
#define REAL(name)                                                        \
  __extension__({                                                         \
    static __typeof__(&name) real;                                        \
    if (!real) real = (__typeof__(&name))(intptr_t)dlsym(RTLD_NEXT, #name); \
    real;                                                                 \
  })

/* ---- what is asked for ---- */

static int own_rank(void) {
  static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (getenv(names[i])) return atoi(getenv(names[i]));
  return 0;
}

static void complain(const char *what) {
  fprintf(stderr, "failing_calls: %s\n", what);
  _exit(111);
}

static void parse_failure(const char *text) {
  char call[16], how[16];
  if (sscanf(text, "%15s %15s %ld %ld", call, how, &shim.nth, &shim.times) != 4) complain("CALLS_FAIL is unreadable");
  for (int i = 0; i < N_CALLS; i++)
    if (strcmp(call, call_names[i]) == 0) shim.failing = i;
  size_t e = 0;
  while (e < sizeof errors / sizeof *errors && strcmp(how, errors[e].name) != 0) e++;
  if (shim.failing < 0 || e == sizeof errors / sizeof *errors) complain("CALLS_FAIL names an unknown call or error");
  shim.error = errors[e].number;
}

/* One line at the end of a file, which may be one for all ranks. */
static void append(const char *path, const char *text) {
  const int descriptor = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0 || REAL(write)(descriptor, text, strlen(text)) < 0) complain("a file cannot be written");
  REAL(close)(descriptor);
}

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("CALLS_FOLDER"), *rank = getenv("CALLS_RANK"), *text;
  if (!folder || strlen(folder) >= sizeof shim.folder) return;
  shim.rank = own_rank();
  if (rank && atoi(rank) != shim.rank) return;
  strcpy(shim.folder, folder);
  shim.folder_length = strlen(folder);
  if ((text = getenv("CALLS_FAIL"))) parse_failure(text);
  if ((text = getenv("CALLS_DELAY"))) shim.delay = atol(text);
  if ((text = getenv("CALLS_LOG"))) {
    shim.log = REAL(open)(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (shim.log < 0) complain("CALLS_LOG cannot be written");
  }
  shim.ready = true;
}

__attribute__((destructor)) static void end(void) {
  char text[512] = "";
  const char *path = getenv("CALLS_COUNT");
  size_t n = (size_t)snprintf(text, sizeof text, "rank=%d", shim.rank);
  if (!path || !shim.ready) return;
  for (int i = 0; i < N_CALLS; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, " %s=%ld", call_names[i], shim.count[i]);
  snprintf(text + n, sizeof text - n, "\n");
  append(path, text);
}

/* ---- which files are meant ---- */

/* Whether an absolute path is the folder or below it. */
static bool is_below(const char *path) {
  return strncmp(path, shim.folder, shim.folder_length) == 0 &&
         (path[shim.folder_length] == '/' || path[shim.folder_length] == '\0');
}

/* The file behind a descriptor, if it is meant. */
static bool minds_descriptor(int descriptor, char path[PATH_MAX]) {
  char link_path[64];
  const int before = errno;
  if (!shim.ready) return false;
  snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", descriptor);
  const ssize_t n = readlink(link_path, path, PATH_MAX - 1);
  errno = before;
  if (n <= 0) return false;
  path[n] = '\0';
  return is_below(path);
}

/* The same for a path, which is made absolute; a relative one begins in the folder of a descriptor. */
static bool minds_path(int folder, const char *relative, char path[PATH_MAX]) {
  char base[PATH_MAX];
  const int before = errno;
  if (!shim.ready || !relative) return false;
  bool known = relative[0] == '/';
  if (known) {
    snprintf(path, PATH_MAX, "%s", relative);
  } else {
    char link_path[64] = "/proc/self/cwd";
    if (folder != AT_FDCWD) snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", folder);
    const ssize_t n = readlink(link_path, base, sizeof base - 1);
    if (n > 0) {
      base[n] = '\0';
      for (; strncmp(relative, "./", 2) == 0 || strncmp(relative, "../", 3) == 0; relative = strchr(relative, '/') + 1) {
        char *last = strrchr(base, '/');
        if (relative[1] == '.' && last) *last = '\0'; /* one folder up */
      }
      known = snprintf(path, PATH_MAX, "%s/%s", base, relative) < PATH_MAX;
    }
  }
  errno = before;
  return known && is_below(path);
}

/* ---- failing ---- */

/* Counts a call on a file that is meant; true if it is to fail (or to be short), and then sets errno. */
static bool is_to_fail(enum call call, const char *path) {
  char text[PATH_MAX + 64];
  const long n = __atomic_add_fetch(&shim.count[call], 1, __ATOMIC_RELAXED);
  if ((int)call != shim.failing || n < shim.nth || (shim.times > 0 && n >= shim.nth + shim.times)) return false;
  if (getenv("CALLS_FIRED")) {
    snprintf(text, sizeof text, "rank %d: %s %ld %s\n", shim.rank, call_names[call], n, path);
    append(getenv("CALLS_FIRED"), text);
  }
  if (shim.error == SLOW) {
    struct timespec left = {.tv_sec = 2};
    while (nanosleep(&left, &left) != 0) continue;
    return false;
  }
  while (shim.error == HANG) pause();
  errno = shim.error;
  return true;
}

/* How many of n bytes a short call moves: at least one, as the system does. */
static size_t part_of(size_t n) {
  return n > 1 ? n / 2 : n;
}

/* ---- the log ---- */

static pthread_mutex_t one_thread = PTHREAD_MUTEX_INITIALIZER; /* the lock on the file is that of the process */

/* To be followed by log_call. */
static void lock_log(void) {
  if (shim.log < 0) return;
  pthread_mutex_lock(&one_thread);
  while (flock(shim.log, LOCK_EX) != 0)
    if (errno != EINTR) complain("the log cannot be locked");
}

static ino_t inode_of(int descriptor) {
  struct stat found;
  return fstat(descriptor, &found) == 0 ? found.st_ino : 0;
}

static ino_t inode_named(const char *path) {
  struct stat found;
  return lstat(path, &found) == 0 ? found.st_ino : 0;
}

static void write_log(const void *bytes, size_t n) {
  for (size_t done = 0; done < n;) {
    const ssize_t put = REAL(write)(shim.log, (const char *)bytes + done, n - done);
    if (put < 0) complain("the log cannot be written");
    done += (size_t)put;
  }
}

/* A record with n_bytes of the pieces, if the call was good; then the log is free again. errno stays. */
static void log_call(bool good, const char *name, ino_t inode, off_t offset, const char *path, const char *path2,
                     const struct iovec *pieces, size_t n_bytes) {
  char line[2 * PATH_MAX + 128];
  const int before = errno;
  if (shim.log < 0) return;
  if (good) {
    const int n = snprintf(line, sizeof line, "%s %d %llu %lld %zu %s%s%s\n", name, shim.rank,
                           (unsigned long long)inode, (long long)offset, n_bytes, path, path2 ? "\t" : "",
                           path2 ? path2 : "");
    write_log(line, (size_t)n);
    for (size_t done = 0; done < n_bytes; pieces++) {
      const size_t length = pieces->iov_len < n_bytes - done ? pieces->iov_len : n_bytes - done;
      write_log(pieces->iov_base, length);
      done += length;
    }
  }
  flock(shim.log, LOCK_UN);
  pthread_mutex_unlock(&one_thread);
  errno = before;
}

/* ---- open ---- */

/* What is to be done around an open that is meant. */
#define DEFINE_OPEN(name, parameters, folder, ...)                                                       \
  int name parameters {                                                                                  \
    char full[PATH_MAX];                                                                                 \
    mode_t mode = 0;                                                                                     \
    if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {                                                \
      va_list more;                                                                                      \
      va_start(more, flags);                                                                             \
      mode = (mode_t)va_arg(more, int);                                                                  \
      va_end(more);                                                                                      \
    }                                                                                                    \
    if (!minds_path(folder, path, full)) return REAL(name)(__VA_ARGS__, mode);                           \
    if (is_to_fail(OPEN, full)) return -1;                                                               \
    const bool changes = flags & (O_CREAT | O_TRUNC);                                                    \
    if (!changes) return REAL(name)(__VA_ARGS__, mode);                                                  \
    lock_log();                                                                                          \
    const ino_t before = shim.log >= 0 ? inode_named(full) : 0;                                          \
    const int descriptor = REAL(name)(__VA_ARGS__, mode);                                                \
    const bool is_new = before == 0 && (flags & O_CREAT), is_cut = !is_new && (flags & O_TRUNC);         \
    log_call(descriptor >= 0 && (is_new || is_cut), is_new ? "create" : "truncate",                      \
             shim.log >= 0 && descriptor >= 0 ? inode_of(descriptor) : 0, 0, full, NULL, NULL, 0);       \
    return descriptor;                                                                                   \
  }
DEFINE_OPEN(open, (const char *path, int flags, ...), AT_FDCWD, path, flags)
DEFINE_OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, path, flags)
DEFINE_OPEN(openat, (int folder, const char *path, int flags, ...), folder, folder, path, flags)
DEFINE_OPEN(openat64, (int folder, const char *path, int flags, ...), folder, folder, path, flags)

/* Streams are read only in the programs that are tested; their writes would not be seen. */
FILE *fopen(const char *path, const char *mode) {
  char full[PATH_MAX];
  if (minds_path(AT_FDCWD, path, full) && is_to_fail(OPEN, full)) return NULL;
  return REAL(fopen)(path, mode);
}

FILE *fopen64(const char *path, const char *mode) {
  char full[PATH_MAX];
  if (minds_path(AT_FDCWD, path, full) && is_to_fail(OPEN, full)) return NULL;
  return REAL(fopen64)(path, mode);
}

DIR *opendir(const char *path) {
  char full[PATH_MAX];
  if (minds_path(AT_FDCWD, path, full) && is_to_fail(OPEN, full)) return NULL;
  return REAL(opendir)(path);
}

/* ---- writing and reading ---- */

/* Writes at `offset`, or where the descriptor stands if that is negative. */
static ssize_t write_pieces(int descriptor, const struct iovec *pieces, int n, off_t offset) {
  return offset < 0 ? REAL(writev)(descriptor, pieces, n) : REAL(pwritev)(descriptor, pieces, n, offset);
}

static ssize_t do_write(int descriptor, const struct iovec *pieces, int n, off_t offset) {
  char path[PATH_MAX];
  struct iovec half;
  if (!minds_descriptor(descriptor, path)) return write_pieces(descriptor, pieces, n, offset);
  if (is_to_fail(WRITE, path)) {
    if (shim.error != 0) return -1;
    half = (struct iovec){pieces[0].iov_base, n > 1 ? pieces[0].iov_len : part_of(pieces[0].iov_len)};
    pieces = &half;
    n = 1;
  }
  if (shim.delay > 0) nanosleep(&(struct timespec){shim.delay / 1000000, shim.delay % 1000000 * 1000}, NULL);
  lock_log();
  const ssize_t put = write_pieces(descriptor, pieces, n, offset);
  if (shim.log >= 0) {
    const off_t at = offset >= 0 || put < 0 ? offset : lseek(descriptor, 0, SEEK_CUR) - put;
    log_call(put > 0, "write", inode_of(descriptor), at, path, NULL, pieces, put > 0 ? (size_t)put : 0);
  }
  return put;
}

static ssize_t read_pieces(int descriptor, const struct iovec *pieces, int n, off_t offset) {
  return offset < 0 ? REAL(readv)(descriptor, pieces, n) : REAL(preadv)(descriptor, pieces, n, offset);
}

static ssize_t do_read(int descriptor, const struct iovec *pieces, int n, off_t offset) {
  char path[PATH_MAX];
  struct iovec half;
  if (minds_descriptor(descriptor, path) && is_to_fail(READ, path)) {
    if (shim.error != 0) return -1;
    half = (struct iovec){pieces[0].iov_base, n > 1 ? pieces[0].iov_len : part_of(pieces[0].iov_len)};
    return read_pieces(descriptor, &half, 1, offset);
  }
  return read_pieces(descriptor, pieces, n, offset);
}

/* A negative offset is an error of the caller, which the system names. */
#define AT_OFFSET(call)     \
  if (offset < 0) {         \
    errno = EINVAL;         \
    return -1;              \
  }                         \
  return call

ssize_t write(int descriptor, const void *bytes, size_t n) {
  return do_write(descriptor, &(struct iovec){(void *)(intptr_t)bytes, n}, 1, -1);
}
ssize_t writev(int descriptor, const struct iovec *pieces, int n) {
  return do_write(descriptor, pieces, n, -1);
}
ssize_t pwrite(int descriptor, const void *bytes, size_t n, off_t offset) {
  AT_OFFSET(do_write(descriptor, &(struct iovec){(void *)(intptr_t)bytes, n}, 1, offset));
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t n, off_t offset) {
  AT_OFFSET(do_write(descriptor, &(struct iovec){(void *)(intptr_t)bytes, n}, 1, offset));
}
ssize_t pwritev(int descriptor, const struct iovec *pieces, int n, off_t offset) {
  AT_OFFSET(do_write(descriptor, pieces, n, offset));
}
ssize_t pwritev64(int descriptor, const struct iovec *pieces, int n, off_t offset) {
  AT_OFFSET(do_write(descriptor, pieces, n, offset));
}
ssize_t read(int descriptor, void *bytes, size_t n) {
  return do_read(descriptor, &(struct iovec){bytes, n}, 1, -1);
}
ssize_t readv(int descriptor, const struct iovec *pieces, int n) {
  return do_read(descriptor, pieces, n, -1);
}
ssize_t pread(int descriptor, void *bytes, size_t n, off_t offset) {
  AT_OFFSET(do_read(descriptor, &(struct iovec){bytes, n}, 1, offset));
}
ssize_t pread64(int descriptor, void *bytes, size_t n, off_t offset) {
  AT_OFFSET(do_read(descriptor, &(struct iovec){bytes, n}, 1, offset));
}
ssize_t preadv(int descriptor, const struct iovec *pieces, int n, off_t offset) {
  AT_OFFSET(do_read(descriptor, pieces, n, offset));
}
ssize_t preadv64(int descriptor, const struct iovec *pieces, int n, off_t offset) {
  AT_OFFSET(do_read(descriptor, pieces, n, offset));
}

/* ---- descriptors ---- */

/* Of a folder, its names; of a file, its bytes. */
static int do_sync(enum call call, int descriptor, int (*sync)(int)) {
  char path[PATH_MAX];
  struct stat found;
  if (!minds_descriptor(descriptor, path)) return sync(descriptor);
  if (is_to_fail(call, path)) return -1;
  lock_log();
  const int answer = sync(descriptor);
  const bool is_folder = fstat(descriptor, &found) == 0 && S_ISDIR(found.st_mode);
  log_call(answer == 0, is_folder ? "syncdir" : call_names[call], found.st_ino, 0, path, NULL, NULL, 0);
  return answer;
}

int fsync(int descriptor) {
  return do_sync(FSYNC, descriptor, REAL(fsync));
}
int fdatasync(int descriptor) {
  return do_sync(FDATASYNC, descriptor, REAL(fdatasync));
}

/* A close that fails has closed all the same. */
int close(int descriptor) {
  char path[PATH_MAX];
  if (!minds_descriptor(descriptor, path) || !is_to_fail(CLOSE, path)) return REAL(close)(descriptor);
  const int error = errno;
  REAL(close)(descriptor);
  errno = error;
  return -1;
}

static int do_truncate(int descriptor, off_t length, int (*cut)(int, off_t)) {
  char path[PATH_MAX];
  if (!minds_descriptor(descriptor, path)) return cut(descriptor, length);
  if (is_to_fail(TRUNCATE, path)) return -1;
  lock_log();
  const int answer = cut(descriptor, length);
  log_call(answer == 0, "truncate", inode_of(descriptor), length, path, NULL, NULL, 0);
  return answer;
}

int ftruncate(int descriptor, off_t length) {
  return do_truncate(descriptor, length, REAL(ftruncate));
}
int ftruncate64(int descriptor, off_t length) {
  return do_truncate(descriptor, length, REAL(ftruncate64));
}

static int do_allocate(int descriptor, int mode, off_t offset, off_t length, int (*allocate)(int, int, off_t, off_t)) {
  char path[PATH_MAX];
  if (!minds_descriptor(descriptor, path)) return allocate(descriptor, mode, offset, length);
  if (is_to_fail(ALLOCATE, path)) return -1;
  lock_log();
  const int answer = allocate(descriptor, mode, offset, length);
  log_call(answer == 0 && mode == 0, "allocate", inode_of(descriptor), offset + length, path, NULL, NULL, 0);
  return answer;
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
  return do_allocate(descriptor, mode, offset, length, REAL(fallocate));
}
int fallocate64(int descriptor, int mode, off_t offset, off_t length) {
  return do_allocate(descriptor, mode, offset, length, REAL(fallocate64));
}

/* ---- names ---- */

/* Around `call`, which gives a file a second or another name. */
#define WITH_TWO_NAMES(kind, name, from_folder, to_folder, call)                                              \
  char full[PATH_MAX], other[PATH_MAX];                                                                       \
  if (!minds_path(from_folder, from, full)) return call;                                                      \
  if (is_to_fail(kind, full)) return -1;                                                                      \
  if (!minds_path(to_folder, to, other)) complain("a name outside of the folder");                            \
  lock_log();                                                                                                 \
  const int answer = call;                                                                                    \
  log_call(answer == 0, name, answer == 0 && shim.log >= 0 ? inode_named(other) : 0, 0, full, other, NULL, 0); \
  return answer

int rename(const char *from, const char *to) {
  WITH_TWO_NAMES(RENAME, "rename", AT_FDCWD, AT_FDCWD, REAL(rename)(from, to));
}
int renameat(int from_folder, const char *from, int to_folder, const char *to) {
  WITH_TWO_NAMES(RENAME, "rename", from_folder, to_folder, REAL(renameat)(from_folder, from, to_folder, to));
}
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
  WITH_TWO_NAMES(RENAME, "rename", from_folder, to_folder, REAL(renameat2)(from_folder, from, to_folder, to, flags));
}
int link(const char *from, const char *to) {
  WITH_TWO_NAMES(LINK, "link", AT_FDCWD, AT_FDCWD, REAL(link)(from, to));
}
int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
  WITH_TWO_NAMES(LINK, "link", from_folder, to_folder, REAL(linkat)(from_folder, from, to_folder, to, flags));
}

/* The same for one name. */
#define WITH_NAME(kind, name, folder, call)                                                               \
  char full[PATH_MAX];                                                                                    \
  if (!minds_path(folder, path, full)) return call;                                                       \
  if (is_to_fail(kind, full)) return -1;                                                                  \
  lock_log();                                                                                             \
  const int answer = call;                                                                                \
  log_call(answer == 0, name, answer == 0 && shim.log >= 0 ? inode_named(full) : 0, 0, full, NULL, NULL, 0); \
  return answer

int unlink(const char *path) {
  WITH_NAME(UNLINK, "unlink", AT_FDCWD, REAL(unlink)(path));
}
int unlinkat(int folder, const char *path, int flags) {
  WITH_NAME(UNLINK, "unlink", folder, REAL(unlinkat)(folder, path, flags));
}
int remove(const char *path) {
  WITH_NAME(UNLINK, "unlink", AT_FDCWD, REAL(remove)(path));
}
int rmdir(const char *path) {
  WITH_NAME(UNLINK, "unlink", AT_FDCWD, REAL(rmdir)(path));
}
int mkdir(const char *path, mode_t mode) {
  WITH_NAME(MKDIR, "mkdir", AT_FDCWD, REAL(mkdir)(path, mode));
}
int mkdirat(int folder, const char *path, mode_t mode) {
  WITH_NAME(MKDIR, "mkdir", folder, REAL(mkdirat)(folder, path, mode));
}
