/* SPDX-License-Identifier: GPL-3.0-or-later */
/* attempt: what the history of a file says about each run that worked on it.
 *
 * Two lines of the attribute `history`, the second written when the run ends, whichever way:
 *
 *   <time>: begun: 0 of 26 points done; dickemap 0.1.0 (git abc1234); avx2; GSL 2.7.1 on x86_64, HDF5 1.10.8,
 *   Open MPI v4.1.4; 3 ranks on n1, n2; batch job 12, restart 1; dickemap run job.yaml --resume
 *   <time>: ended after 2.5 s: 20 of 26 points done; stopped early (signal USR1)
 *
 * A run that was killed has no second line, and so far one that is still under way. */
#ifndef DICKEMAP_ATTEMPT_H
#define DICKEMAP_ATTEMPT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dickemap/status.h"

typedef struct dkm_attempt {
  const char *output, *command;
  const char *instruction_sets, *hosts; /* of all ranks: dkm_agree_list_words */
  int n_ranks;
  int64_t n_points;
  double t_begun; /* on the clock of dkm_clock_now */
  bool begun;     /* dkm_attempt_begin has written its line */
} dkm_attempt;

/* Rank 0, with the lock of the output. A file without room for its history gets a note on standard error. */
dkm_status dkm_attempt_begin(dkm_attempt *attempt, int64_t n_done, dkm_error *err);

/* Nothing, unless begun. how: "complete", "stopped early (...)", or a message. */
dkm_status dkm_attempt_end(dkm_attempt *attempt, int64_t n_done, const char *how, dkm_error *err);

/* What a history tells of a run. */
typedef struct dkm_attempt_told {
  char begun[32], ended[32];  /* dates; "": it does not say */
  int64_t n_before, n_after;  /* points done; -1 */
  double seconds;             /* that it took; NaN */
  char with[8192], how[2048]; /* versions, ranks, hosts, command; how it ended */
} dkm_attempt_told;

/* The next run; *history, at first a history, then points behind it.  Returns whether there is one. */
bool dkm_attempt_next(const char **history, dkm_attempt_told *told);

/* Whether the last run of a history may still be under way: no end is recorded, and its lock beside the output shows a sign
 * of life. */
bool dkm_attempt_is_under_way(const dkm_attempt_told *last, const char *output);

/* Seconds in which `left` points would be done, if they go as in that run, which has done n_done points so far; NaN if it does
 * not tell. */
double dkm_attempt_seconds_left(const dkm_attempt_told *last, bool is_under_way, int64_t n_done, int64_t left);

/* Prints one line "attempt: ..." for each run in a history. */
void dkm_attempt_print(const char *history);

/* The distinct versions (field 1), instruction sets (field 2) or kinds of arithmetic (field 3) of all runs in a
 * history, separated by "; ", into out[out_bytes]; `first` is always among them. */
enum { DKM_ATTEMPT_VERSION = 1, DKM_ATTEMPT_INSTRUCTION_SETS = 2, DKM_ATTEMPT_ARITHMETIC = 3 };
void dkm_attempt_distinct(const char *history, int field, const char *first, char *out, size_t out_bytes);

#endif
