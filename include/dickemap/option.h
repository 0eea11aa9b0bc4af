/* SPDX-License-Identifier: GPL-3.0-or-later */
/* option: what a job says once for all its points, described once: the system, the solver, what is kept.
 *
 * As dkm_parameters (parameter.h) does for a point, dkm_options says of each of these members of dkm_job how a job
 * spells it, which values it may have and what it means.  Reading, defaults, the canonical text and the manuals go
 * through its rows: to add an option is to add a member and a row. */
#ifndef DICKEMAP_OPTION_H
#define DICKEMAP_OPTION_H
#include "dickemap/job.h"
#include "dickemap/parameter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a job has of an option: a number (or a word for one), a list of numbers, the name of a file, or a list of them. */
typedef enum dkm_option_kind {
  DKM_OPTION_NUMBER,
  DKM_OPTION_NUMBERS, /* dkm_numbers */
  DKM_OPTION_FILE,    /* dkm_file_names, of one */
  DKM_OPTION_FILES    /* dkm_file_names */
} dkm_option_kind;

typedef struct dkm_option {
  const char *key;          /* in a job: "solver.t_max"; those of "model" and "initial" are about the system */
  size_t offset;            /* in dkm_job */
  dkm_option_kind kind;
  dkm_field_type type;      /* of a number: an enum is DKM_INT32, a bool DKM_UINT8 */
  const char *const *words; /* its values 0, 1, ... by name, NULL at the end; or NULL: it is a number ... */
  dkm_limits limits;        /* ... within these limits */
  double fallback;          /* its default; NaN: it must be given */
  bool later;               /* came after files were written: no line in canonical texts where it has its default */
  const char *description;  /* for manuals; words to be typed in backticks */
} dkm_option;

/* In the order of canonical texts. */
extern const dkm_option dkm_options[];
extern const int dkm_n_options;

/* Never more than so many, for those who keep something of each. */
enum { DKM_MOST_OPTIONS = 48 };

/* The row of a member: DKM_OPTION(solver.t_max). */
#define DKM_OPTION(member) dkm_option_at(offsetof(dkm_job, member))
const dkm_option *dkm_option_at(size_t offset);

/* Whether it is about the system of a job: what spins there are, and with which cue. */
bool dkm_option_of_system(const dkm_option *option);

/* What a job has of it, of kind DKM_OPTION_NUMBER, and a value given to it: a number, or that of a word. */
double dkm_option_get(const dkm_option *option, const dkm_job *job);
void dkm_option_set(const dkm_option *option, dkm_job *job, double value);

/* The word for what a job has, of an option with words. */
const char *dkm_option_word(const dkm_option *option, const dkm_job *job);

#ifdef __cplusplus
}
#endif

#endif
