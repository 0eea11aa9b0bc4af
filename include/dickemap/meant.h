/* SPDX-License-Identifier: GPL-3.0-or-later */
/* meant: which of the names that there are somebody had in mind who typed another word, for messages. */
#ifndef DICKEMAP_MEANT_H
#define DICKEMAP_MEANT_H
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of n names those that the word comes nearest to, as indices in found[], in the order of the names; returns how many, 0 if it resembles
 * none.  The first of these that fits any name decides: letters alike but for case, - and _; what the field or other programs call it;
 * one is the beginning of the other; some letters are wrong, missing, too many or exchanged. */
enum { DKM_MOST_MEANT = 4 };
int dkm_meant(const char *word, int n, const char *const *names, int found[DKM_MOST_MEANT]);

/* Whether they are alike but for case, - and _, or the word is what the field calls it. */
bool dkm_meant_surely(const char *word, const char *name);

/* "did you mean gamma_down, gamma_up or gamma_phi? ", or "". Returns out. */
enum { DKM_MEANT_BYTES = 192 };
const char *dkm_meant_text(const char *word, int n, const char *const *names, char out[DKM_MEANT_BYTES]);

/* The same of n names that have been chosen already. */
const char *dkm_meant_ask(int n, const char *const *names, char out[DKM_MEANT_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
