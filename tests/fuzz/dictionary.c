/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints words for the fuzzer: the keys of a job as the parser itself lists them in its messages, for each group of
 * the schema; quantities; and the values of keys that are words. */
#include <stdio.h>
#include <string.h>

#include "dickemap/job.h"
#include "fuzz.h"

#define MODEL "model: {patterns: 2, Omega: 1, g0: 1, Omega_mu: [1], kappa_mu: [1]}\n"

static void print_word(const char *word, size_t bytes) {
  printf("\"%.*s\"\n", (int)bytes, word);
}

/* What the message to this job says is allowed. */
static void print_allowed(const char *text, const char *before, const char *between) {
  dkm_job job;
  dkm_error err = {0};
  fuzz_claim(dkm_job_parse(&job, "job.yaml", text, 0, NULL, &err) == DKM_INPUT, "accepted: %s", text);
  const char *at = strstr(err.message, before);
  fuzz_claim(at, "no list of what is allowed: %s", err.message);
  for (at += strlen(before); *at;) {
    const char *end = strstr(at, between);
    size_t bytes = end ? (size_t)(end - at) : strlen(at);
    if (!memchr(at, '[', bytes)) print_word(at, bytes); /* not "Omega_mu[1 ... 1]" */
    at += bytes + (end ? strlen(between) : 0);
  }
}

int main(void) {
  static const char *const groups[] = {"none: 1\n",           "model: {none: 1}\n",  "initial: {none: 1}\n",
                                       "axes: [{none: 1}]\n", "solver: {none: 1}\n", "output: {none: 1}\n"};
  static const char *const choices[] = {
      "model: {patterns: 1, mapping: none}\n", MODEL "solver: {method: none}\n", MODEL "output: {state: all}\n",
      "model: {patterns: 1}\naxes: [{name: g0, from: 1, to: 2, points: 3, scale: none}]\n"};
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) print_allowed(groups[i], "allowed: ", ", ");
  print_allowed("model: {patterns: 1}\naxes: [{name: none}]\n", "allowed: ", ", ");
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) print_allowed(choices[i], "must be ", " or ");
  return 0;
}
