/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What --at gives to a job that lacks it; see at.h.  Texts as they were typed: the job judges them. */
#define _GNU_SOURCE /* open_memstream */
#include <stdio.h>
#include <stdlib.h>

#include "at.h"

/* Writes "[1,2]" of Omega_mu_1=1,Omega_mu_2=2 and returns how many they are. */
static int print_modes(FILE *out, const dkm_texts *at, const char *name) {
  const char *values[DKM_MAX_MODES];
  size_t bytes[DKM_MAX_MODES];
  int n = 0;
  while (n < DKM_MAX_MODES && (values[n] = dkm_at_find(at, name, n + 1, &bytes[n]))) n++;
  for (int i = 0; i < n; i++) fprintf(out, "%c%.*s", i ? ',' : '[', (int)bytes[i], values[i]);
  if (n) fprintf(out, "]");
  return n;
}

/* "model.g0=1.1" in *setting, malloc'ed; NULL: --at does not give it. */
static dkm_status setting_of(const dkm_texts *at, const dkm_parameter *parameter, char **setting, dkm_error *err) {
  size_t size, bytes;
  FILE *out = open_memstream(setting, &size);
  if (!out) return dkm_fail(err, DKM_MEMORY, "out of memory (--at)");
  const char *value = dkm_at_find(at, parameter->name, 0, &bytes);
  fprintf(out, "%s=", parameter->key);
  if (value) fprintf(out, "%.*s", (int)bytes, value);
  const bool is_given = value || (parameter->per_mode && print_modes(out, at, parameter->name));
  const bool is_whole = !ferror(out);
  if (fclose(out) || !is_whole) {
    free(*setting);
    return dkm_fail(err, DKM_MEMORY, "out of memory (--at)");
  }
  if (is_given) return DKM_OK;
  free(*setting);
  *setting = NULL;
  return DKM_OK;
}

dkm_status dkm_at_settings(const dkm_texts *at, dkm_texts *settings, dkm_error *err) {
  *settings = (dkm_texts){.list = calloc((size_t)dkm_n_parameters, sizeof *settings->list)};
  if (!settings->list) return dkm_fail(err, DKM_MEMORY, "out of memory (--at)");
  dkm_status status = DKM_OK;
  for (int i = 0; i < dkm_n_parameters && !status; i++) {
    char *setting = NULL;
    status = setting_of(at, &dkm_parameters[i], &setting, err);
    if (!status && setting) settings->list[settings->n++] = setting;
  }
  return status;
}

void dkm_at_free_settings(dkm_texts *settings) {
  for (int i = 0; i < settings->n; i++) free((char *)settings->list[i]);
  free(settings->list);
  *settings = (dkm_texts){0};
}
