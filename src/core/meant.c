/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that a word comes near to; see dickemap/meant.h. */
#include "dickemap/meant.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What papers, pictures and other programs call what has another name here, in small letters.  A word may stand for several, of which those
 * count that are asked for: n of a model, and n of an axis. */
static const struct {
  const char *word, *names[3];
} synonyms[] = {
    {"g", {"g0"}},
    {"coupling", {"g0"}},
    {"lambda", {"g0"}},
    {"omega0", {"Omega"}}, /* other spellings of the frequency of spins */
    {"omegaz", {"Omega"}},
    {"omegac", {"Omega_mu"}},
    {"detuning", {"Omega_mu"}},
    {"detunings", {"Omega_mu"}},
    {"delta", {"Omega_mu"}},
    {"deltamu", {"Omega_mu"}},
    {"kappa", {"kappa_mu"}},
    {"loss", {"kappa_mu"}},
    {"losses", {"kappa_mu"}},
    {"gamma", {"gamma_down", "gamma_up", "gamma_phi"}},
    {"decay", {"gamma_down", "kappa_mu"}},
    {"pumping", {"gamma_up"}},
    {"dephasing", {"gamma_phi"}},
    {"eta", {"imbalance"}},
    {"m", {"patterns"}},
    {"modes", {"patterns"}},
    {"nmodes", {"patterns"}},
    {"n", {"spins_per_class", "spins", "points"}},
    {"nspins", {"spins_per_class", "spins"}},
    {"tilt", {"perturbation"}},
    {"angle", {"perturbation"}},
    {"noise", {"perturbation"}},
    {"cue", {"pattern"}},
    {"xi", {"overlap"}},
    {"errors", {"flip", "flip_exactly"}},
    {"weights", {"mixture"}},
    {"period", {"duration"}},
    {"time", {"t_max", "t_end"}},
    {"t", {"t_max", "t_end"}},
    {"tend", {"t_max"}},
    {"maxsteps", {"max_steps"}},
    {"accuracy", {"tolerance"}},
    {"atol", {"tolerance"}},
    {"rtol", {"tolerance"}},
    {"pts", {"points"}},
    {"num", {"points"}},
    {"count", {"points"}},
    {"npoints", {"points"}},
    {"min", {"from"}},
    {"start", {"from"}},
    {"max", {"to"}},
    {"stop", {"to"}},
    {"end", {"to"}},
    {"spacing", {"scale"}},
    {"grid", {"axes"}},
    {"scan", {"axes"}},
    {"system", {"model"}},
    {"parameters", {"model"}},
    {"integrator", {"solver"}},
    {"compute", {"run"}},
    {"check", {"verify", "plan"}},
    {"force", {"--overwrite"}},
    {"continue", {"--resume"}},
    {"walltime", {"--time-limit"}},
};
enum { N_SYNONYMS = sizeof synonyms / sizeof *synonyms, SHORT_BYTES = 48 };

/* In small letters, without - and _ and an index: what is compared. */
static const char *plain(const char *word, char out[SHORT_BYTES]) {
  size_t n = 0;
  for (; *word && *word != '[' && n < SHORT_BYTES - 1; word++)
    if (*word != '_' && *word != '-') out[n++] = (char)tolower((unsigned char)*word);
  out[n] = '\0';
  return out;
}

static bool is_synonym(const char *word, const char *name) {
  for (int i = 0; i < N_SYNONYMS; i++)
    for (int j = 0; j < 3 && synonyms[i].names[j] && strcmp(synonyms[i].word, word) == 0; j++)
      if (strcmp(synonyms[i].names[j], name) == 0) return true;
  return false;
}

/* The smaller the nearer; FAR: not at all. */
enum { ALIKE, SYNONYM, BEGINNING, LETTERS = 10, FAR = 100 };

/* One is the beginning of the other: tol of tolerance; unit of units, where little may follow; nearer than as many wrong letters. */
static int compare_beginnings(const char *word, const char *name) {
  enum { LEAST = 3, MOST_MORE = 3 };
  const size_t w = strlen(word), n = strlen(name);
  if (w < LEAST || n < LEAST) return FAR;
  if (w < n) return strncmp(word, name, w) == 0 ? BEGINNING : FAR;
  return w <= n + MOST_MORE && strncmp(word, name, n) == 0 ? LETTERS + 2 * (int)(w - n) - 1 : FAR;
}

/* How many letters are to be put in, left out, replaced or exchanged with the next. */
static int distance(const char *a, const char *b) {
  int rows[3][SHORT_BYTES + 1];
  const int n_a = (int)strlen(a), n_b = (int)strlen(b);
  for (int j = 0; j <= n_b; j++) rows[0][j] = j;
  for (int i = 1; i <= n_a; i++) {
    int *row = rows[i % 3], *before = rows[(i + 2) % 3], *two_before = rows[(i + 1) % 3];
    row[0] = i;
    for (int j = 1; j <= n_b; j++) {
      int least = before[j - 1] + (a[i - 1] != b[j - 1]);
      if (before[j] + 1 < least) least = before[j] + 1;
      if (row[j - 1] + 1 < least) least = row[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_before[j - 2] + 1 < least) least = two_before[j - 2] + 1;
      row[j] = least;
    }
  }
  return rows[n_a % 3][n_b];
}

static int farness(const char *word, const char *name) {
  char short_word[SHORT_BYTES], short_name[SHORT_BYTES];
  plain(word, short_word);
  plain(name, short_name);
  const size_t length = strlen(short_word);
  if (length == 0) return FAR;
  if (strcmp(short_word, short_name) == 0) return ALIKE;
  if (is_synonym(short_word, name)) return SYNONYM;
  const int beginning = compare_beginnings(short_word, short_name);
  if (beginning < FAR) return beginning;
  const int most = length < 2 ? 0 : length < 5 ? 1 : 2, letters = distance(short_word, short_name);
  return letters <= most ? LETTERS + 2 * letters : FAR;
}

bool dkm_meant_surely(const char *word, const char *name) {
  return farness(word, name) <= SYNONYM;
}

int dkm_meant(const char *word, int n, const char *const *names, int found[DKM_MOST_MEANT]) {
  int n_found = 0, least = FAR;
  for (int i = 0; i < n; i++) {
    const int far = farness(word, names[i]);
    if (far < least) n_found = 0;
    if (far < least) least = far;
    if (far == least && far < FAR && n_found < DKM_MOST_MEANT) found[n_found++] = i;
  }
  return n_found;
}

const char *dkm_meant_ask(int n, const char *const *names, char out[DKM_MEANT_BYTES]) {
  size_t used = 0;
  *out = '\0';
  for (int i = 0; i < n && used < DKM_MEANT_BYTES; i++)
    used += (size_t)snprintf(out + used, DKM_MEANT_BYTES - used, "%s%s%s", i == 0 ? "did you mean " : i < n - 1 ? ", " : " or ", names[i],
                             i < n - 1 ? "" : "? ");
  return out;
}

const char *dkm_meant_text(const char *word, int n, const char *const *names, char out[DKM_MEANT_BYTES]) {
  int found[DKM_MOST_MEANT];
  const char *chosen[DKM_MOST_MEANT];
  const int n_found = dkm_meant(word, n, names, found);
  for (int i = 0; i < n_found; i++) chosen[i] = names[found[i]];
  return dkm_meant_ask(n_found, chosen, out);
}
