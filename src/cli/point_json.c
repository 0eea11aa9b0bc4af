/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One point as JSON; see point_listing.h. */
#include <math.h>
#include <stdlib.h>

#include "at.h"
#include "dickemap/basins.h"
#include "json.h"
#include "point_listing.h"
#include "point_theory.h"

/* A whole number where the type has whole numbers. */
static json_t *value_of(dkm_field_type type, double value) {
  return type == DKM_FLOAT64 ? dkm_json_number(value) : json_integer((json_int_t)value);
}

static json_t *parameters_of(const dkm_listing *l) {
  json_t *all = json_object();
  for (int i = 0; i < dkm_n_parameters; i++) {
    const dkm_parameter *p = &dkm_parameters[i];
    if (dkm_listing_all_of(l, p)) {
      dkm_json_put(all, p->name, json_null());
      continue;
    }
    json_t *list = p->per_mode ? json_array() : NULL;
    for (int mu = 1; p->per_mode && mu <= l->system->n_modes; mu++)
      dkm_json_add(list, dkm_json_number(dkm_parameter_get(p, l->point, mu)));
    dkm_json_put(all, p->name, p->per_mode ? list : value_of(p->type, dkm_parameter_get(p, l->point, 0)));
  }
  return all;
}

static json_t *grid_of(const dkm_listing *l) {
  int64_t index[DKM_MAX_AXES];
  const dkm_point *asked = l->asked ? l->asked : l->point;
  json_t *axes = json_object();
  dkm_at_nearest(l->job, asked, index);
  for (int i = 0; i < l->job->n_axes; i++) {
    const dkm_axis *axis = &l->job->axes[i];
    json_t *one = json_object();
    dkm_json_put(one, "asked", dkm_json_number(dkm_at_value(axis, asked)));
    dkm_json_put(one, "nearest", dkm_json_number(axis->values[index[axis->dim]]));
    dkm_json_put(one, "index", json_integer(index[axis->dim]));
    dkm_json_put(axes, axis->name, one);
  }
  return axes;
}

/* Values of row `row` of n in each; codes by their names. */
static json_t *values_of(const dkm_form *form, const void *record, int f, int64_t row, int n) {
  const dkm_field *field = &form->fields[f];
  json_t *list = json_array();
  for (int i = 0; i < n; i++) {
    const double value = dkm_form_value(form, record, f, (int)(row * n + i));
    dkm_json_add(list, field->codes ? dkm_json_text(field->codes->name((int)value)) : value_of(field->type, value));
  }
  return list;
}

static json_t *first_of(json_t *list) {
  json_t *value = json_incref(json_array_get(list, 0));
  json_decref(list);
  return value;
}

static json_t *field_of(const dkm_listing *l, int f) {
  const int n_modes = l->system->n_modes;
  const dkm_form *form = l->form;
  const dkm_shape shape = form->fields[f].shape;
  if (shape == DKM_PER_POINT) return first_of(values_of(form, l->record, f, 0, 1));
  if (shape == DKM_PER_MODE) return values_of(form, l->record, f, 0, n_modes);
  if (shape == DKM_PER_OUTCOME) return values_of(form, l->record, f, 0, (int)form->n_values[f]);
  if (shape == DKM_PER_TIME) return values_of(form, l->record, f, 0, (int)form->n_values[f]);
  const bool of_times = shape == DKM_PER_TIME_AND_MODE || shape == DKM_PER_TIME_AND_SPIN;
  const int64_t n = dkm_listing_rows(form, l->record, of_times ? DKM_PER_TIME : DKM_PER_STATE);
  if (shape == DKM_PER_STATE) return values_of(form, l->record, f, 0, (int)n);
  json_t *rows = json_array();
  const int in_row = of_times ? (int)((int64_t)form->n_values[f] / n) : n_modes; /* of spins: x, y, z of each class */
  for (int64_t row = 0; row < n; row++) dkm_json_add(rows, values_of(form, l->record, f, row, in_row));
  return rows;
}

static json_t *record_of(const dkm_listing *l) {
  json_t *record = json_object();
  const int64_t n_outcomes = dkm_listing_rows(l->form, l->record, DKM_PER_OUTCOME);
  json_t *outcomes = n_outcomes > 0 ? json_array() : NULL;
  char word[DKM_OUTCOME_BYTES];
  for (int i = 0; i < n_outcomes; i++)
    dkm_json_add(outcomes, dkm_json_text(dkm_outcome_word(dkm_outcome_at(l->system->n_modes, i), word)));
  if (n_outcomes > 0) dkm_json_put(record, "outcome", outcomes);
  for (int f = 0; f < l->form->n_fields; f++) dkm_json_put(record, l->form->fields[f].name, field_of(l, f));
  return record;
}

static json_t *theory_of(const dkm_listing *l) {
  static const char *const keys[DKM_N_CLOSED_FORMS] = {"g_crit", "g_retrieve", "xi", "occupation"};
  dkm_point_forms forms;
  json_t *list = json_array();
  dkm_point_forms_find(l->system, l->point, &forms);
  for (int i = 0; i < forms.n; i++) {
    json_t *one = json_object();
    dkm_json_put(one, "pattern", json_integer(forms.pattern[i] + 1));
    for (int j = 0; j < DKM_N_CLOSED_FORMS; j++) dkm_json_put(one, keys[j], dkm_json_number(forms.value[i][j]));
    dkm_json_add(list, one);
  }
  return list;
}

static json_t *states_of(const dkm_ground *ground, int n_modes) {
  json_t *all = json_object(), *list = json_array();
  for (int64_t i = 0; i < ground->n; i++) {
    const dkm_ground_state *s = &ground->states[i];
    json_t *one = json_object();
    dkm_json_put(one, "xi", dkm_json_numbers(n_modes, s->xi));
    dkm_json_put(one, "alpha_re", dkm_json_numbers(n_modes, s->alpha_re));
    dkm_json_put(one, "alpha_im", dkm_json_numbers(n_modes, s->alpha_im));
    dkm_json_put(one, "images", json_integer(s->n_images));
    dkm_json_put(one, "U", ground->has_landscape ? dkm_json_number(s->U) : json_null());
    dkm_json_put(one, "escape", ground->has_landscape && s->index == 0 ? dkm_json_number(s->escape) : json_null());
    dkm_json_put(one, "index", s->index >= 0 ? json_integer(s->index) : json_null());
    dkm_json_put(one, "n_inverted", json_integer(s->n_inverted));
    dkm_json_put(one, "n_unstable", s->has_spectrum ? json_integer(s->spectrum.n_unstable) : json_null());
    dkm_json_put(one, "growth_rate", s->has_spectrum ? dkm_json_number(s->spectrum.growth_rate) : json_null());
    dkm_json_put(one, "decay_rate", s->has_spectrum ? dkm_json_number(s->spectrum.decay_rate) : json_null());
    dkm_json_add(list, one);
  }
  dkm_json_put(all, "n", json_integer(ground->n_all));
  dkm_json_put(all, "n_stable", json_integer(ground->n_stable));
  dkm_json_put(all, "n_inverted", json_integer(ground->n_inverted));
  dkm_json_put(all, "complete", json_boolean(ground->complete));
  dkm_json_put(all, "list", list);
  return all;
}

json_t *dkm_listing_json(const dkm_listing *l, const dkm_ground *states) {
  json_t *root = json_object();
  dkm_json_put(root, "what", dkm_json_text(l->what));
  dkm_json_put(root, "patterns", json_integer(l->system->n_modes));
  dkm_json_put(root, "classes", json_integer(l->system->n_classes));
  dkm_json_put(root, "spins", l->job->n_spins > 0 ? json_integer(l->job->n_spins) : json_null());
  dkm_json_put(root, "axes", grid_of(l));
  dkm_json_put(root, "parameters", parameters_of(l));
  if (l->record) dkm_json_put(root, "record", record_of(l));
  if (states) dkm_json_put(root, "states", states_of(states, l->system->n_modes));
  dkm_json_put(root, "closed_forms", theory_of(l));
  dkm_json_put(root, "g_normal", dkm_json_number(dkm_point_g_normal(l->system, l->point)));
  return root;
}
