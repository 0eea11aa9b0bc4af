/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints the dictionary of the fuzzer: the keys of a job as the parser itself lists them in its messages, for each
 * group of the schema, with their values where these are words; then what YAML, numbers and options consist of. */
#include <stdio.h>
#include <string.h>

#include "dickemap/job.h"
#include "fuzz.h"

#define MODEL "model: {patterns: 2, Omega: 1, g0: 1, Omega_mu: [1], kappa_mu: [1]}\n"

static void print_word(const char *word, size_t bytes) {
  putchar('"');
  for (size_t i = 0; i < bytes; i++) {
    unsigned char c = (unsigned char)word[i];
    if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
      printf("\\x%02x", c);
    else
      putchar(c);
  }
  puts("\"");
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
  static const char *const groups[] = {"none: 1\n",          "model: {none: 1}\n",  "initial: {none: 1}\n",
                                       "axes: [{none: 1}]\n", "solver: {none: 1}\n", "output: {none: 1}\n"};
  static const char *const choices[] = {
      "model: {patterns: 1, mapping: none}\n", MODEL "solver: {method: none}\n", MODEL "output: {state: all}\n",
      "model: {patterns: 1}\naxes: [{name: g0, from: 1, to: 2, points: 3, scale: none}]\n"};
  static const char *const others[] = {
      "\n  ",   "\n- ",    ": ",         "- {name: ", "[",        "]",       "{",       "}",      ", ",       "#",
      "&a ",    "*a",      "<<: ",       "? ",        "!!str ",   "| ",      "> ",      "---\n",  "...\n",    "%YAML 1.1\n",
      "%TAG ",  "\"\\x00", "\xef\xbb\xbf", "\xff\xfe", "\xc2\x85", "\xe2\x80\xa8", "\r\n", "\t",  "\"",       "'",
      "~",      "null",    ".nan",       "-.inf",     "inf",      "1e9",     "1e308",   "-1e308", "1e-320",   "-0",
      "0x10",   "1000000000", "2147483648", "18446744073709551616", "0.1",   "[1]",     "[20]",   "[21]",     "--set ",
      "axes.g0.", "model.", "solver.",   "initial.",  "output.",  "mode",    "xi",      "class"};
  static const char *const options[] = {
      "run\n",     "plan\n",  "point\n", "info\n",       "verify\n",     "--help",    "--version",   "--output\n",
      "--set\n",   "--set=",  "--at\n",  "--at=",        "--trajectory\n", "--t-end\n", "--dt\n",    "--cpu\n",
      "--resume\n", "--check\n", "--retry-failed\n", "--overwrite\n", "--break-lock\n", "--quiet\n", "--time-limit\n",
      "--sample\n", "--seed\n", "--seconds\n", "1-23:59:59", "00:30", "job.yaml\n", "a.csv\n", "--\n",
      "SLURM_JOB_END_TIME=", "--shard\n", "1/4"};
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) print_allowed(groups[i], "allowed: ", ", ");
  print_allowed("model: {patterns: 1}\naxes: [{name: none}]\n", "allowed: ", ", ");
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) print_allowed(choices[i], "must be ", " or ");
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) print_word(others[i], strlen(others[i]));
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) print_word(options[i], strlen(options[i]));
  return 0;
}
