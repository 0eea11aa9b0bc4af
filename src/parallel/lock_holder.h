/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock_holder: who holds a lock, as the text in it says, and whether that process can be alive.
 *
 * The text, one "key: value" a line; lines that an older version does not write are empty or 0 when they are read:
 *   host, boot     name of the machine, and the random number of its present start, which all containers on it share
 *   pid, started   the process, and when it started, in clock ticks since the boot (/proc/PID/stat)
 *   processes      the namespace in which that number counts (/proc/self/ns/pid)
 *   flock          device:inode of the lock's file, as its holder sees it, if it keeps a flock on it; or "none"
 *   beat           the file is touched every so many seconds
 *   job, restart   SLURM_JOB_ID and SLURM_RESTART_COUNT, empty outside of a batch job
 *   time           when the lock was taken, for people */
#ifndef DICKEMAP_LOCK_HOLDER_H
#define DICKEMAP_LOCK_HOLDER_H
#include <stdbool.h>
#include <sys/stat.h>

enum { DKM_HOLDER_TEXT_BYTES = 2048, DKM_HOLDER_WORD_BYTES = 128 };

typedef struct dkm_holder {
  char host[DKM_HOLDER_WORD_BYTES], boot[DKM_HOLDER_WORD_BYTES], processes[DKM_HOLDER_WORD_BYTES],
      flock[DKM_HOLDER_WORD_BYTES], job[DKM_HOLDER_WORD_BYTES], time[DKM_HOLDER_WORD_BYTES];
  long pid, restart, beat;
  long long started;
} dkm_holder;

/* This process. `flock` is filled by dkm_holder_set_flock, and "none" before. */
void dkm_holder_describe_us(dkm_holder *us);
void dkm_holder_set_flock(dkm_holder *us, const struct stat *file);

/* Into text[DKM_HOLDER_TEXT_BYTES]; returns its length. */
int dkm_holder_print(const dkm_holder *holder, char *text);

/* False if the text, which is changed, is not that of a lock. */
bool dkm_holder_parse(char *text, dkm_holder *holder);

/* What is to be seen at the lock's file. */
typedef struct dkm_holder_signs {
  bool flocked;     /* somebody else keeps a flock on it */
  bool free;        /* nobody does: we have got it. Neither: there is none for us */
  struct stat file; /* as we see it */
  double age;       /* seconds since it was last touched, on the clock of the file system */
} dkm_holder_signs;

typedef enum dkm_holder_life {
  DKM_HOLDER_DEAD,
  DKM_HOLDER_ALIVE,
  DKM_HOLDER_SILENT_SOON, /* dead, once its file was not touched for DKM_HOLDER_SILENCE seconds */
  DKM_HOLDER_UNKNOWN
} dkm_holder_life;

enum { DKM_HOLDER_SILENCE = 60 }; /* several beats, as a busy file system may delay one */

/* *why: a clause such as "that process is gone". The rules are those of lock.h. */
dkm_holder_life dkm_holder_judge(const dkm_holder *holder, const dkm_holder *us, const dkm_holder_signs *signs,
                                 const char **why);

#endif
