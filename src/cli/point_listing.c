/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One point as text; see point_listing.h. */
#include "point_listing.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "at.h"
#include "cli.h"
#include "dickemap/basins.h"
#include "dickemap/states.h"
#include "point_theory.h"
#include "point_words.h"

enum { NAME = 26, COLUMN = 18, BEFORE_MEANING = 2 }; /* widths; 12 digits, sign, point and exponent are 18 characters */

/* Meanings begin behind as many columns as two modes need. */
static void print_values(const char *name, int n, const double *values, int n_modes, const char *meaning) {
  const int n_columns = n_modes < BEFORE_MEANING ? n_modes : BEFORE_MEANING;
  printf("  %-*s", NAME, name);
  for (int i = 0; i < n || i < n_columns; i++)
    if (i < n)
      printf(" %-*.12g", COLUMN, values[i] + 0.0); /* no -0 */
    else
      printf(" %*s", COLUMN, "");
  printf(" %s\n", meaning);
}

/* As one value, of words. */
static void print_words(const char *name, const char *words, int n_modes, const char *meaning) {
  const int n_columns = n_modes < BEFORE_MEANING ? n_modes : BEFORE_MEANING;
  printf("  %-*s %-*s %s\n", NAME, name, n_columns * (COLUMN + 1) - 1, words, meaning);
}

static void print_modes(int n_modes) {
  if (n_modes < 2) return;
  printf("  %-*s", NAME, "");
  for (int mu = 1; mu <= n_modes; mu++) printf(" mode %-*d", mu < n_modes ? COLUMN - 5 : 0, mu);
  printf("\n");
}

/* ---- parameters ---- */

/* How far the patterns are from being orthogonal. */
static void print_correlation(const dkm_system *system) {
  const int M = system->n_modes;
  double C[DKM_MAX_MODES * DKM_MAX_MODES];
  int first = 0, second = 1;
  if (M < 2 || dkm_system_has_patterns(system)) return;
  dkm_system_correlations(system, C);
  for (int mu = 0; mu < M; mu++)
    for (int nu = mu + 1; nu < M; nu++)
      if (fabs(C[mu * M + nu]) > fabs(C[first * M + second])) {
        first = mu;
        second = nu;
      }
  char meaning[96];
  snprintf(meaning, sizeof meaning, "largest of two patterns: %d and %d", first + 1, second + 1);
  print_values("correlation", 1, &C[first * M + second], M, meaning);
}

/* What tells a point from another, in one line. */
static void print_other_parameters(const dkm_point *point, const dkm_point *other, int n_modes) {
  int n = 0;
  for (int i = 0; i < dkm_n_parameters; i++) {
    const dkm_parameter *p = &dkm_parameters[i];
    for (int mode = p->per_mode; mode <= (p->per_mode ? n_modes : 0); mode++) {
      const double value = dkm_parameter_get(p, point, mode);
      if (value == dkm_parameter_get(p, other, mode)) continue;
      printf("%s %s", n++ ? "," : "", p->name);
      if (mode > 0) printf("[%d]", mode);
      printf(" = %.12g", value);
    }
  }
  puts(n ? "" : " the same parameters");
}

/* Whether the record is about all values of an axis, as counted starts are. */
static bool is_all(const dkm_listing *l, const dkm_axis *axis) {
  return l->form && l->form->task != &dkm_task_sweep && axis->dim >= l->job->n_dims;
}

const dkm_axis *dkm_listing_all_of(const dkm_listing *l, const dkm_parameter *parameter) {
  for (int i = 0; i < l->job->n_axes; i++)
    if (l->job->axes[i].parameter == parameter && is_all(l, &l->job->axes[i])) return &l->job->axes[i];
  return NULL;
}

/* Where --at is beside the grid, or was moved to it. */
static void print_grid(const dkm_listing *l) {
  int64_t index[DKM_MAX_AXES];
  const dkm_point *asked = l->asked ? l->asked : l->point;
  dkm_at_nearest(l->job, asked, index);
  for (int i = 0; i < l->job->n_axes; i++) {
    const dkm_axis *axis = &l->job->axes[i];
    const double asked_for = dkm_at_value(axis, asked), value = axis->values[index[axis->dim]];
    char typed[DKM_NUMBER_BYTES], nearest[DKM_NUMBER_BYTES];
    if (asked_for == value || is_all(l, axis)) continue;
    dkm_cli_number(asked_for, typed);
    dkm_cli_number(value, nearest);
    if (dkm_at_value(axis, l->point) == value)
      printf("  nearest value of the grid: %s = %s, for %s\n", axis->long_name, nearest, typed);
    else
      printf("  not on the grid: %s = %s; the nearest value is %s (--nearest takes it)\n", axis->long_name, typed, nearest);
  }
}

static void print_head(const dkm_listing *l) {
  const int n_modes = l->system->n_modes;
  char spins[DKM_SPINS_BYTES];
  dkm_cli_say(stdout, "%s: %d pattern%s, %s%s\n", l->what, n_modes, n_modes == 1 ? "" : "s",
              dkm_cli_spins(l->job, l->system, spins), l->job->n_spins > 0 ? "" : " of spins");
  dkm_cli_say_unit(l->job, "");
  print_grid(l);
}

/* Not what came later and is not used. */
static void print_parameter(const dkm_listing *l, const dkm_parameter *p) {
  const int n_modes = l->system->n_modes, n = p->per_mode ? n_modes : 1;
  const dkm_axis *all = dkm_listing_all_of(l, p);
  double values[DKM_MAX_MODES];
  bool is_used = !p->later;
  for (int j = 0; j < n; j++) {
    values[j] = dkm_parameter_get(p, l->point, j + 1);
    is_used = is_used || values[j] != p->fallback;
  }
  if (all)
    printf("  %-*s %.10g to %.10g, all %" PRId64 " values\n", NAME, all->name, all->values[0], all->values[all->n - 1], all->n);
  else if (is_used)
    print_values(p->name, n, values, n_modes, p->long_name);
}

static void print_parameters(const dkm_listing *l) {
  const int n_modes = l->system->n_modes;
  const dkm_states *from = l->job->system.from;
  printf("\nparameters\n");
  print_correlation(l->system);
  if (from) {
    printf("  the start is the final state of the point of %s with", l->job->from_file.names[0]);
    print_other_parameters(&from->points[dkm_states_nearest(from, l->point)], l->point, n_modes);
  }
  print_modes(n_modes);
  for (int i = 0; i < dkm_n_parameters; i++) print_parameter(l, &dkm_parameters[i]);
}

void dkm_listing_print_parameters(const dkm_listing *l) {
  print_head(l);
  print_parameters(l);
}

/* ---- the record ---- */

/* A value that says that there is none: NaN; codes and counts that words say better. */
static bool applies(const dkm_field *field, int n, const double *values) {
  bool any = false;
  for (int i = 0; i < n; i++) any = any || !isnan(values[i]);
  if (field->codes && strcmp(field->codes->name((int)values[0]), "not_applicable") == 0) return false;
  return any && !(strcmp(field->name, "failure") == 0 && values[0] == DKM_FAILURE_NONE) &&
         !(strcmp(field->name, "sensitive") == 0 && values[0] == DKM_SENSITIVE_NOT_MEASURED) &&
         !(strcmp(field->name, "period_multiple") == 0 && values[0] == 0.0);
}

/* The name in place of the number, and what this one means in place of what the field is about. */
static void print_code(const dkm_field *field, int code, int n_modes) {
  print_words(field->name, field->codes->name(code), n_modes, field->codes->text(code));
}

static void print_field(const dkm_form *form, const void *record, int f, int n_modes) {
  const dkm_field *field = &form->fields[f];
  const int n = (int)form->n_values[f];
  double values[DKM_MAX_MODES] = {NAN};
  for (int i = 0; i < n; i++) values[i] = dkm_form_value(form, record, f, i);
  if (!applies(field, n, values)) return;
  if (field->codes)
    print_code(field, (int)values[0], n_modes);
  else
    print_values(field->name, n, values, n_modes, field->long_name);
}

int64_t dkm_listing_rows(const dkm_form *form, const void *record, dkm_shape shape) {
  for (int f = 0; f < form->n_fields; f++) {
    const int64_t n = (int64_t)form->n_values[f];
    if (form->fields[f].shape != shape) continue;
    if (shape != DKM_PER_STATE) return n;
    const int found = dkm_form_find(form, "n_different");
    const double n_found = found < 0 ? 0 : dkm_form_value(form, record, found, 0);
    return n_found < (double)n ? (int64_t)fmax(n_found, 0.0) : n;
  }
  return 0;
}

static bool has_starts(const dkm_form *form, const void *record, int64_t row) {
  const int counts = dkm_form_find(form, "count");
  return counts < 0 || dkm_form_value(form, record, counts, (int)row) > 0;
}

/* A cell of a table, behind another. */
static void print_cell(const char *text, int *width) {
  printf("%*s%s", *width, "", text);
  *width = COLUMN + 1 - (int)strlen(text);
  if (*width < 1) *width = 1;
}

/* Of a table with a row for each outcome, or state: how many values of a field are in one. */
static int n_in_row(const dkm_field *field, dkm_shape shape, int n_modes) {
  if (field->shape == shape) return 1;
  return shape == DKM_PER_STATE && field->shape == DKM_PER_STATE_AND_MODE ? n_modes : 0;
}

static void print_row(const dkm_form *form, const void *record, dkm_shape shape, int64_t row, int n_modes) {
  char text[DKM_OUTCOME_BYTES];
  int width = 0;
  if (shape == DKM_PER_OUTCOME)
    dkm_outcome_text(dkm_outcome_at(n_modes, (int)row), text);
  else
    snprintf(text, sizeof text, "%" PRId64, row + 1);
  printf("  %-*s ", NAME, text);
  for (int f = 0; f < form->n_fields; f++) {
    const dkm_field *field = &form->fields[f];
    const int n = n_in_row(field, shape, n_modes);
    for (int i = 0; i < n; i++) {
      const double value = dkm_form_value(form, record, f, (int)row * n + i);
      snprintf(text, sizeof text, "%.12g", value + 0.0);
      print_cell(isnan(value) ? "-" : text, &width);
    }
  }
  printf("\n");
}

/* Outcomes that occur, states: one a line, with all fields of theirs side by side. */
static void print_table(const dkm_form *form, const void *record, dkm_shape shape, int n_modes) {
  const int64_t n_rows = dkm_listing_rows(form, record, shape);
  int width = 0;
  if (n_rows == 0) return;
  printf("\n  %-*s ", NAME, shape == DKM_PER_OUTCOME ? "outcome" : "state");
  for (int f = 0; f < form->n_fields; f++) {
    const int n = n_in_row(&form->fields[f], shape, n_modes);
    for (int i = 0; i < n; i++) {
      char name[64];
      snprintf(name, sizeof name, n > 1 ? "%s_%d" : "%s", form->fields[f].name, i + 1);
      print_cell(name, &width);
    }
  }
  printf("\n");
  for (int64_t row = 0; row < n_rows; row++)
    if (shape != DKM_PER_OUTCOME || has_starts(form, record, row)) print_row(form, record, shape, row, n_modes);
}

/* The values of a task that samples times, at some of them; a point that failed has none. */
static void print_times(const dkm_listing *l) {
  enum { MOST_ROWS = 11 };
  const dkm_form *form = l->form;
  const int64_t n = dkm_listing_rows(form, l->record, DKM_PER_TIME);
  if (n == 0 || dkm_form_has_failed(form, l->record)) return;
  const int64_t every = (n - 1 + MOST_ROWS - 2) / (MOST_ROWS - 1);
  int width = 0;
  printf("\n  %-*s ", NAME, "time");
  for (int f = 0; f < form->n_fields; f++)
    if (form->fields[f].shape == DKM_PER_TIME) print_cell(form->fields[f].name, &width);
  for (int64_t i = 0; i < n; i = i < n - 1 && i + every > n - 1 ? n - 1 : i + every) {
    char text[DKM_NUMBER_BYTES];
    width = 0;
    snprintf(text, sizeof text, "%.10g", l->job->exactness.times[i]);
    printf("\n  %-*s ", NAME, text);
    for (int f = 0; f < form->n_fields; f++) {
      if (form->fields[f].shape != DKM_PER_TIME) continue;
      const double value = dkm_form_value(form, l->record, f, (int)i);
      snprintf(text, sizeof text, "%.10g", value + 0.0);
      print_cell(isnan(value) ? "-" : text, &width);
    }
  }
  printf("\n");
}

static void print_record(const dkm_listing *l) {
  const int n_modes = l->system->n_modes;
  bool has_modes = false;
  for (int f = 0; f < l->form->n_fields; f++) has_modes = has_modes || l->form->fields[f].shape == DKM_PER_MODE;
  printf("\nrecord\n");
  if (has_modes) print_modes(n_modes);
  for (int f = 0; f < l->form->n_fields; f++)
    if (l->form->fields[f].shape <= DKM_PER_MODE) print_field(l->form, l->record, f, has_modes ? n_modes : 1);
  print_table(l->form, l->record, DKM_PER_OUTCOME, n_modes);
  print_table(l->form, l->record, DKM_PER_STATE, n_modes);
  print_times(l);
}

void dkm_listing_print(const dkm_listing *l) {
  print_head(l);
  if (l->form->task == &dkm_task_sweep) dkm_point_words_print(l->record, l->system->n_modes, l->job->solver.tolerance);
  print_parameters(l);
  print_record(l);
  dkm_point_theory_print(l->system, l->point);
}
