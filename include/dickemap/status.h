/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status: how a function of this library says that something went wrong.
 *
 * Every function that can fail returns a dkm_status and, through its last argument, one
 * sentence for a person.  The library never prints, exits or aborts; main() prints the
 * sentence once and maps the status to the program's exit code.  A trajectory that fails
 * is not an error but a result (verdict `failed`, see record.h): one bad point never stops
 * a sweep. */
#ifndef DICKEMAP_STATUS_H
#define DICKEMAP_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* The one list of codes: name, exit code of the program, meaning. */
#define DKM_STATUS_LIST(X)                                                                  \
  X(OK, 0, "success")                                                                       \
  X(INPUT, 1, "the job or the arguments are wrong")                                         \
  X(MEMORY, 2, "out of memory")                                                             \
  X(IO, 2, "a file could not be read or written")                                           \
  X(NUMERIC, 2, "a numerical method did not converge")                                      \
  X(PARALLEL, 2, "the parallel run failed")                                                 \
  X(DIFFERENT, 3, "verification found a difference")                                        \
  X(STOPPED, 85, "stopped early, can be resumed")                                           \
  X(LIMIT, 2, "more is needed than was allowed")

typedef enum dkm_status {
#define DKM_STATUS_ENUM(name, exit_code, text) DKM_##name,
  DKM_STATUS_LIST(DKM_STATUS_ENUM)
#undef DKM_STATUS_ENUM
} dkm_status;

enum { DKM_MESSAGE_BYTES = 1024 };

typedef struct dkm_error {
  dkm_status status;
  char message[DKM_MESSAGE_BYTES]; /* one sentence, no newline at its end; cut if too long */
} dkm_error;

/* Fills *err (which may be NULL) and returns `status`, so that a function can end with
 * `return dkm_fail(err, DKM_INPUT, "...", ...)`. */
dkm_status dkm_fail(dkm_error *err, dkm_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The program's exit code for a status, and what the status means in general. */
int dkm_status_exit_code(dkm_status status);
const char *dkm_status_text(dkm_status status);

#ifdef __cplusplus
}
#endif

#endif
