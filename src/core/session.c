/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session: see dickemap/session.h.  A job, its variables with the texts that describe them, and an engine that is made when points
 * are first asked for. */
#include "dickemap/session.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/labels.h"
#include "dickemap/landscape.h"
#include "dickemap/spins.h"
#include "dickemap/task.h"
#include "dickemap/theory.h"
#include "dickemap/trajectory.h"

enum { DIMS_BYTES = DKM_MOST_DIMS * DKM_NAME_BYTES, FLAGS_BYTES = 1024 };
enum { MOST_VARIABLES = DKM_MOST_COORDINATES + DKM_MOST_TABLES + DKM_MOST_FIELDS + DKM_N_BESIDES };

_Static_assert((int)DKM_SESSION_DIMS >= (int)DKM_MOST_DIMS, "DKM_SESSION_DIMS is too small");

/* What describes a variable, and the texts that it points to. */
typedef struct described {
  dkm_session_variable variable;
  char dims[DIMS_BYTES], units[DKM_UNITS_BYTES], names[FLAGS_BYTES], comment[FLAGS_BYTES];
} described;

struct dkm_session {
  dkm_job job;
  char *cpu, *canonical, *sets;
  dkm_form form;
  dkm_coordinates coordinates;
  dkm_table tables[DKM_MOST_TABLES];
  int n_tables, n_variables;
  described *variables; /* coordinates, tables, fields, what is beside them */
  void *engine;         /* NULL until it is needed */
};

int dkm_session_version(void) {
  return DKM_SESSION_VERSION;
}

/* ---- variables ---- */

static const char *type_name(dkm_field_type type) {
  static const char *const names[] = {
      [DKM_FLOAT64] = "float64", [DKM_INT64] = "int64", [DKM_INT32] = "int32", [DKM_INT8] = "int8", [DKM_UINT8] = "uint8"};
  return names[type];
}

static void set_dims(described *d, const dkm_dims *dims) {
  size_t used = 0;
  d->variable.n_dims = dims->n;
  for (int i = 0; i < dims->n; i++) {
    d->variable.shape[i] = dims->size[i];
    used += (size_t)snprintf(d->dims + used, sizeof d->dims - used, "%s%s", i ? " " : "", dims->name[i]);
  }
  d->variable.n_values = dkm_dims_values(dims);
  d->variable.dims = d->dims;
}

static int count_words(const char *text) {
  int n = *text != '\0';
  for (; *text; text++) n += *text == ' ';
  return n;
}

static void describe_coordinate(described *d, const dkm_coordinate *c) {
  const dkm_dims dims = {.n = 1, .name = {c->dim}, .size = {c->n}};
  const char *meanings = c->meanings ? c->meanings : "";
  set_dims(d, &dims);
  d->variable.kind = DKM_SESSION_COORDINATE;
  d->variable.is_axis = c->axis != NULL;
  d->variable.name = c->name;
  d->variable.type = type_name(c->type);
  d->variable.units = c->units;
  d->variable.long_name = c->long_name;
  d->variable.comment = "";
  d->variable.flag_meanings = meanings;
  d->variable.n_flags = count_words(meanings);
}

static void describe_table(described *d, const dkm_table *t) {
  set_dims(d, &t->dims);
  d->variable.kind = DKM_SESSION_TABLE;
  d->variable.name = t->name;
  d->variable.type = type_name(DKM_FLOAT64);
  d->variable.units = "1";
  d->variable.long_name = t->long_name;
  d->variable.comment = d->variable.flag_meanings = "";
}

static void describe_field(described *d, const dkm_session *s, int f) {
  const dkm_field *field = &s->form.fields[f];
  dkm_dims dims;
  dkm_dims_of_points(&s->job, &dims);
  const dkm_counts counts = dkm_counts_of(&s->job);
  dkm_dims_add(&dims, field->shape, &counts);
  set_dims(d, &dims);
  snprintf(d->comment, sizeof d->comment, "%s", dkm_field_comment(field));
  if (field->codes) dkm_codes_print(field->codes, d->names, sizeof d->names, d->comment, sizeof d->comment);
  d->variable.kind = DKM_SESSION_FIELD;
  d->variable.offset = (int64_t)s->form.offset[f];
  d->variable.n_values = (int64_t)s->form.n_values[f];
  d->variable.fill = dkm_field_value(field->type, dkm_field_fill(field), 0);
  d->variable.name = field->name;
  d->variable.type = type_name(field->type);
  d->variable.units = dkm_unit_text(field->units, field->scale, s->job.unit, d->units);
  d->variable.long_name = field->long_name;
  d->variable.comment = d->comment;
  d->variable.flag_meanings = d->names;
  d->variable.n_flags = field->codes ? field->codes->n : 0;
}

static void describe_beside(described *d, const dkm_session *s, dkm_beside which) {
  const bool is_state = which >= DKM_BESIDE_M;
  dkm_dims dims;
  dkm_dims_of_points(&s->job, &dims);
  dkm_dims_add_beside(&dims, which, s->job.system.n_modes, s->job.system.n_classes);
  set_dims(d, &dims);
  if (which == DKM_BESIDE_STATUS) dkm_codes_print(&dkm_status_codes, d->names, sizeof d->names, d->comment, sizeof d->comment);
  d->variable.kind = is_state ? DKM_SESSION_STATE : DKM_SESSION_MARK;
  d->variable.fill = is_state ? NAN : 0.0;
  d->variable.name = dkm_besides[which].name;
  d->variable.type = is_state ? type_name(DKM_FLOAT64) : which == DKM_BESIDE_STATUS ? type_name(DKM_UINT8) : "uint32";
  d->variable.units = "1";
  d->variable.long_name = dkm_besides[which].long_name;
  d->variable.comment = d->comment;
  d->variable.flag_meanings = d->names;
  d->variable.n_flags = which == DKM_BESIDE_STATUS ? dkm_status_codes.n : 0;
}

static void describe_all(dkm_session *s) {
  described *d = s->variables;
  dkm_form_of(&s->job, &s->form);
  dkm_coordinates_of(&s->job, &s->coordinates);
  s->n_tables = dkm_tables_of(&s->job, s->tables);
  for (int i = 0; i < s->coordinates.n; i++) describe_coordinate(d++, &s->coordinates.rows[i]);
  for (int i = 0; i < s->n_tables; i++) describe_table(d++, &s->tables[i]);
  for (int i = 0; i < s->form.n_fields; i++) describe_field(d++, s, i);
  for (int i = 0; i < dkm_besides_of(&s->job); i++) describe_beside(d++, s, (dkm_beside)i);
  s->n_variables = (int)(d - s->variables);
}

/* ---- opened and closed ---- */

dkm_status dkm_session_open(const char *path, const char *text, int n_sets, const char *const *sets, const char *cpu,
                            dkm_session **out, dkm_error *err) {
  dkm_session *s = calloc(1, sizeof *s);
  *out = NULL;
  if (!s) return dkm_fail(err, DKM_MEMORY, "out of memory for a session");
  dkm_status status = text ? dkm_job_read_text(&s->job, path, text, n_sets, sets, err)
                           : dkm_job_read(&s->job, path, n_sets, sets, err);
  if (status == DKM_OK) {
    s->variables = calloc(MOST_VARIABLES, sizeof *s->variables);
    s->canonical = dkm_job_canonical(&s->job);
    s->sets = dkm_job_join_sets(&s->job);
    s->cpu = cpu ? strdup(cpu) : NULL;
    if (!s->variables || !s->canonical || !s->sets || (cpu && !s->cpu))
      status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for a session", path);
  }
  if (status != DKM_OK) {
    dkm_session_close(s);
    return status;
  }
  describe_all(s);
  *out = s;
  return DKM_OK;
}

void dkm_session_close(dkm_session *s) {
  if (!s) return;
  if (s->engine) s->job.task->destroy(s->engine);
  dkm_job_free(&s->job);
  free(s->variables);
  free(s->canonical);
  free(s->sets);
  free(s->cpu);
  free(s);
}

/* ---- what it is ---- */

int64_t dkm_session_n_points(const dkm_session *s) {
  return s->job.n_points;
}

int dkm_session_n_modes(const dkm_session *s) {
  return s->job.system.n_modes;
}

int64_t dkm_session_n_classes(const dkm_session *s) {
  return s->job.system.n_classes;
}

double dkm_session_alpha_factor(const dkm_session *s) {
  return s->job.system.alpha_factor;
}

const char *dkm_session_text(const dkm_session *s, const char *name) {
  const struct {
    const char *name, *text;
  } texts[] = {{"title", s->job.title},  {"unit", s->job.unit}, {"task", s->job.task->name},      {"job", s->job.text},
               {"job_sets", s->sets},    {"job_canonical", s->canonical}, {"warning", s->job.warning ? s->job.warning : ""}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (strcmp(texts[i].name, name) == 0) return texts[i].text;
  return NULL;
}

const char *dkm_session_key(const char *quantity) {
  const dkm_parameter *parameter = dkm_parameter_named(quantity, strlen(quantity));
  return parameter ? parameter->key : NULL;
}

int dkm_session_n_variables(const dkm_session *s) {
  return s->n_variables;
}

int dkm_session_describe(const dkm_session *s, int i, dkm_session_variable *variable) {
  if (i < 0 || i >= s->n_variables) return 0;
  *variable = s->variables[i].variable;
  return 1;
}

static dkm_status table_values(const dkm_session *s, const dkm_table *t, double *values, dkm_error *err) {
  const int64_t n = t->dims.n == 3 ? t->dims.size[0] : 1, M = s->job.system.n_modes;
  dkm_status status = DKM_OK;
  if (t->values) memcpy(values, t->values, (size_t)dkm_dims_values(&t->dims) * sizeof *values);
  for (int64_t i = 0; !t->values && i < n && status == DKM_OK; i++)
    status = dkm_job_correlations(&s->job, i, values + i * M * M, err);
  return status;
}

dkm_status dkm_session_values(const dkm_session *s, int i, double *values, dkm_error *err) {
  if (i < 0 || i >= s->coordinates.n + s->n_tables)
    return dkm_fail(err, DKM_INPUT, "variable %d is no coordinate and no table, which have values of their own", i);
  if (i >= s->coordinates.n) return table_values(s, &s->tables[i - s->coordinates.n], values, err);
  const dkm_coordinate *c = &s->coordinates.rows[i];
  for (int64_t j = 0; j < c->n; j++) values[j] = c->values ? c->values[j] : (double)(c->first + j);
  return DKM_OK;
}

/* ---- points ---- */

int64_t dkm_session_record_bytes(const dkm_session *s) {
  return (int64_t)s->form.bytes;
}

int64_t dkm_session_state_values(const dkm_session *s) {
  return s->job.keep_state ? (int64_t)dkm_model_size(&s->job.system) : 0;
}

static dkm_status check_points(const dkm_session *s, int64_t first, int64_t count, dkm_error *err) {
  if (first >= 0 && count >= 0 && first <= s->job.n_points - count) return DKM_OK;
  return dkm_fail(err, DKM_INPUT, "points %" PRId64 " to %" PRId64 ": the job has points 0 to %" PRId64, first, first + count - 1,
                  s->job.n_points - 1);
}

/* A run of points under way. */
struct batch {
  const dkm_session *session;
  int64_t first, end, next, n_done;
  dkm_session_records to;
  dkm_session_interrupt *interrupt;
  void *context;
  bool stopped;
};

static bool batch_next(void *context, int64_t *i_point) {
  struct batch *b = context;
  if (b->stopped || b->next == b->end) return false;
  *i_point = b->next++;
  return true;
}

static void batch_done(void *context, int64_t i_point, const void *record, const double *state) {
  struct batch *b = context;
  const dkm_form *form = &b->session->form;
  const int64_t i = i_point - b->first;
  const size_t n_state = (size_t)dkm_session_state_values(b->session);
  memcpy(dkm_form_record(form, b->to.records, i), record, form->bytes);
  if (b->to.states && n_state > 0) memcpy(b->to.states + (size_t)i * n_state, state, n_state * sizeof *state);
  if (b->to.checksums) b->to.checksums[i] = dkm_form_checksum(form, record, n_state > 0 ? state : NULL, n_state);
  if (b->to.status) b->to.status[i] = dkm_form_has_failed(form, record) ? DKM_STATUS_POINT_FAILED : DKM_STATUS_DONE;
  b->n_done++;
}

static bool batch_interrupt(void *context) {
  struct batch *b = context;
  b->stopped = b->stopped || b->interrupt(b->context, b->n_done) != 0;
  return b->stopped;
}

dkm_status dkm_session_run(dkm_session *s, int64_t first, int64_t count, const dkm_session_records *to,
                           dkm_session_interrupt *interrupt, void *context, dkm_error *err) {
  struct batch batch = {
      .session = s, .first = first, .end = first + count, .next = first, .to = *to, .interrupt = interrupt, .context = context};
  const dkm_task_stream stream = {.context = &batch,
                                  .next = batch_next,
                                  .done = batch_done,
                                  .interrupt = interrupt ? batch_interrupt : NULL,
                                  .wants_states = s->job.keep_state};
  dkm_status status = check_points(s, first, count, err);
  if (status != DKM_OK) return status;
  for (int64_t i = 0; i < count; i++) {
    dkm_form_clear(&s->form, dkm_form_record(&s->form, to->records, i));
    if (to->status) to->status[i] = DKM_STATUS_TODO;
    if (to->checksums) to->checksums[i] = 0;
  }
  if (!s->engine) status = s->job.task->create(&s->job, s->cpu, &s->engine, err);
  if (status == DKM_OK) status = s->job.task->run(s->engine, &stream, err);
  if (status != DKM_OK || batch.n_done == count) return status;
  return dkm_fail(err, DKM_STOPPED, "stopped after %" PRId64 " of %" PRId64 " points", batch.n_done, count);
}

double dkm_session_quantity(const dkm_session *s, int64_t i_point, const char *quantity, int mode) {
  const dkm_parameter *parameter = dkm_parameter_named(quantity, strlen(quantity));
  dkm_point point;
  if (!parameter || mode < 0 || mode > s->job.system.n_modes || i_point < 0 || i_point >= s->job.n_points) return NAN;
  dkm_job_point(&s->job, i_point, &point);
  return dkm_parameter_get(parameter, &point, parameter->per_mode ? mode : 0);
}

dkm_status dkm_session_closed_forms(const dkm_session *s, int64_t i_point, double *forms, dkm_error *err) {
  dkm_couplings own = {0};
  const dkm_system *system;
  dkm_point point;
  dkm_status status = check_points(s, i_point, 1, err);
  if (status != DKM_OK) return status;
  dkm_job_point(&s->job, i_point, &point);
  status = dkm_spins_system(&s->job.system, &point, &own, &system, err);
  for (int nu = 0; status == DKM_OK && nu < system->n_modes; nu++)
    dkm_theory_closed_forms(system, &point, nu, forms + nu * DKM_N_CLOSED_FORMS);
  dkm_couplings_free(&own);
  return status;
}

/* ---- a trajectory ---- */

struct path {
  const dkm_session *session;
  dkm_point point;
  const dkm_session_samples *to;
  double *work;
  bool has_L;
  dkm_session_interrupt *interrupt;
  void *context;
};

/* Spins of one sample, of a point that may have fewer classes than the job. */
static void put_spins(const struct path *p, int64_t i, int64_t n_classes, const double *u) {
  const int64_t K = p->session->job.system.n_classes;
  double *m = p->to->spins + i * K * 3;
  for (int64_t k = 0; k < K; k++)
    for (int c = 0; c < 3; c++) m[3 * k + c] = k < n_classes ? u[c * n_classes + k] : NAN;
}

static bool visit(void *context, int64_t i, const dkm_system *system, const double *u) {
  struct path *p = context;
  const dkm_session_samples *to = p->to;
  const int M = system->n_modes;
  const double *beta = u + 3 * system->n_classes;
  dkm_model_overlaps(system, u, to->xi + i * M, p->work);
  for (int mu = 0; mu < M; mu++) {
    to->alpha_re[i * M + mu] = system->alpha_factor * beta[mu];
    to->alpha_im[i * M + mu] = system->alpha_factor * beta[M + mu];
  }
  if (to->L) to->L[i] = p->has_L ? dkm_landscape_lyapunov(system, &p->point, u, p->work) : NAN;
  if (to->spins) put_spins(p, i, system->n_classes, u);
  return !p->interrupt || !p->interrupt(p->context, i + 1);
}

dkm_status dkm_session_trajectory(dkm_session *s, int64_t i_point, const dkm_session_samples *to,
                                  dkm_session_interrupt *interrupt, void *context, dkm_error *err) {
  const dkm_system *system = &s->job.system;
  const double *t = to->t;
  struct path p = {.session = s, .to = to, .interrupt = interrupt, .context = context};
  const double t_from = to->from ? to->t_from : 0.0;
  const dkm_course course = {
      .system = system, .point = &p.point, .solver = &s->job.solver, .cpu = s->cpu, .state = to->from, .t_state = t_from};
  dkm_status status = check_points(s, i_point, 1, err);
  for (int64_t i = 0; i < to->n && status == DKM_OK; i++)
    if (!(t[i] >= (i ? t[i - 1] : t_from)) || !isfinite(t[i]))
      status = dkm_fail(err, DKM_INPUT, "times of a trajectory must be finite and rise from %g on, but number %" PRId64 " is %g", t_from, i,
                        t[i]);
  if (status != DKM_OK) return status;
  p.work = malloc(2 * (size_t)system->n_classes * sizeof *p.work);
  if (!p.work) return dkm_fail(err, DKM_MEMORY, "out of memory for a trajectory");
  dkm_job_point(&s->job, i_point, &p.point);
  p.has_L = dkm_point_dynamics(&p.point) == DKM_DYNAMICS_CONSERVED && dkm_drive_kind_of(s->job.drive) == DKM_DRIVE_NONE;
  status = dkm_trajectory_follow(&course, to->n, t, visit, &p, err);
  free(p.work);
  return status;
}
