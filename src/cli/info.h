/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info: what `dickemap info` says of a file, in three ways: at a glance, every line of it, as JSON. */
#ifndef DICKEMAP_INFO_H
#define DICKEMAP_INFO_H
#include "attempt.h"
#include "dickemap/store.h"
#include "dickemap/unfinished.h"
#include "survey.h"

typedef struct dkm_info {
  const char *path;
  dkm_store_reader *reader;
  const dkm_job *job; /* the reader's */
  dkm_shard shard;
  dkm_survey survey;
  dkm_unfinished_survey unfinished;
  char *history;          /* "" if it has none */
  bool has_last, is_under_way;
  dkm_attempt_told last;  /* run */
  double seconds_left;    /* for the points that are left, if they go as in the last run; NaN */
} dkm_info;

void dkm_info_print_glance(const dkm_info *info);
void dkm_info_print_all(const dkm_info *info); /* one `key: value` a line, in one order for all files of a task */
dkm_status dkm_info_print_json(const dkm_info *info, dkm_error *err);

#endif
