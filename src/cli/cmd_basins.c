/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap basins: how often the starts of a file end in each attractor, over one of its axes.
 *
 * One pass over the records, block by block; a cell holds only the outcomes that occur in it.  Points that are not done are
 * counted apart and have no part in the rest: a file that is half computed gives wider intervals.  In a file of a job with `reduce`
 * each record is a cell, counted when it was made. */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "cli.h"
#include "dickemap/basins.h"
#include "dickemap/proportion.h"
#include "dickemap/store.h"
#include "dickemap/task.h"

enum { BLOCK = 1 << 14 };

static const char help[] =
    "usage: dickemap basins FILE.h5 [OPTIONS]\n"
    "Counts how often starts end in each attractor, over the axis of their random choice, and prints a table (CSV): one\n"
    "line for each outcome of each point of the other axes, with its probability and the interval (Wilson, 95 %)\n"
    "that so many starts leave it.\n"
    "Reads only; a run may be writing the file at the same time.\n\n"
    "      --over AXIS   the axis that starts are counted over (default: seed); a zip group by its name; where the\n"
    "                    job has `reduce` they are counted already, over what that names\n"
    "  -h, --help        this text\n\n"
    "columns:\n"
    "  one for each other axis\n"
    "  n             starts with an outcome\n"
    "  undecided     starts without: the verdict is undecided or failed, or it is open what they relax to, or its sign\n"
    "  not_computed  starts that have no record (yet)\n"
    "  entropy       -sum p ln p over the outcomes\n"
    "  outcome       pattern +3: at rest, pattern 3 has the leading overlap, which is positive; no pattern: at rest,\n"
    "                none leads; saddle: at rest where directions grow; or the verdict of other motion\n"
    "  count, probability, low, high\n"
    "  xi_mean, xi_std        of the leading overlap\n"
    "  t_settled_mean         of those starts of which it is known; empty without\n";

struct arguments {
  const char *path, *over;
};

/* The cells of a file: its grid without one dimension. */
typedef struct table {
  const dkm_job *job;
  int over;
  dkm_form form;
  int64_t n_cells;
  dkm_basins *cells; /* [i], of the indices along the other dimensions, the last varying fastest */
  int64_t *n_not_computed; /* [i], starts of that cell without a record */
} table;

/* ---- which axis ---- */

static bool is_called(const dkm_axis *axis, const char *name) {
  return strcmp(axis->long_name, name) == 0 || strcmp(axis->name, name) == 0;
}

/* That of `reduce`, which comes after those of the points. */
static dkm_status find_reduced(const struct arguments *args, const dkm_job *job, int *over, dkm_error *err) {
  const char *name = job->dim_name[job->n_dims];
  bool named = !args->over || strcmp(args->over, name) == 0;
  *over = job->n_dims;
  for (int i = 0; i < job->n_axes && !named; i++)
    named = job->axes[i].dim == job->n_dims && is_called(&job->axes[i], args->over);
  return named ? DKM_OK
               : dkm_fail(err, DKM_INPUT, "basins: --over %s: the starts of %s are counted already, over %s, and no longer told apart",
                          args->over, args->path, name);
}

static dkm_status find_dimension(const struct arguments *args, const dkm_job *job, int *over, dkm_error *err) {
  char names[DKM_MAX_AXES * (DKM_NAME_BYTES + 2)] = "";
  const char *wanted = args->over ? args->over : "seed";
  if (job->reduces) return find_reduced(args, job, over, err);
  for (*over = 0; *over < job->n_dims; ++*over) {
    const char *name = job->dim_name[*over];
    if (job->n_axes > 0 && strcmp(name, wanted) == 0) return DKM_OK;
    if (job->n_axes > 0)
      snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", names[0] ? ", " : "", name);
  }
  /* A group is known by each of its axes too, as jobs or files spell them. */
  for (int i = 0; i < job->n_axes; i++)
    if (is_called(&job->axes[i], wanted)) {
      *over = job->axes[i].dim;
      return DKM_OK;
    }
  if (!names[0]) return dkm_fail(err, DKM_INPUT, "basins: %s has no axes, so there is nothing to count over", args->path);
  return args->over ? dkm_fail(err, DKM_INPUT, "basins: --over %s: %s has no such axis (it has: %s)", wanted, args->path, names)
                    : dkm_fail(err, DKM_INPUT, "basins: %s has no axis seed; --over must name the one to count over (it has: %s)",
                               args->path, names);
}

/* ---- counting ---- */

static int64_t cell_of(const table *t, int64_t i_point) {
  int64_t index[DKM_MAX_AXES], cell = 0;
  dkm_job_index(t->job, i_point, index);
  for (int dim = 0; dim < t->job->n_dims; dim++)
    if (dim != t->over) cell = cell * t->job->shape[dim] + index[dim];
  return cell;
}

/* Counts point i of the grid in; record NULL: it is not done, and nothing is known of its starts. */
static dkm_status add(table *t, int64_t i_point, const void *record, dkm_error *err) {
  const int64_t i_cell = cell_of(t, i_point);
  dkm_basins *cell = &t->cells[i_cell];
  if (record && t->job->reduces) return dkm_basins_of_record(&t->form, record, t->job->system.n_modes, cell, err);
  if (record) return dkm_basins_add(cell, record, err);
  t->n_not_computed[i_cell] += t->job->n_starts;
  return DKM_OK;
}

static dkm_status count(dkm_store_reader *reader, table *t, dkm_error *err) {
  dkm_store_walk walk = {.most = dkm_form_block(&t->form, BLOCK)};
  char *records = malloc((size_t)walk.most * t->form.bytes);
  dkm_status status = DKM_OK;
  if (!records) status = dkm_fail(err, DKM_MEMORY, "basins: out of memory for a block of points");
  while (dkm_store_walk_on(&walk, reader, &status, err)) {
    if (walk.n_todo < walk.n) status = dkm_store_reader_records(reader, walk.first, walk.n, records, NULL, NULL, err);
    for (int64_t i = 0; i < walk.n && !status; i++)
      status = add(t, walk.first + i, walk.status[i] == DKM_STATUS_TODO ? NULL : dkm_form_record(&t->form, records, i), err);
  }
  dkm_store_walk_end(&walk);
  free(records);
  return status;
}

/* ---- the table ---- */

/* As in CSV: empty where there is no number. */
static void print_number(double value) {
  if (isnan(value))
    printf(",");
  else
    printf(",%.10g", value + 0.0);
}

static void print_header(const table *t) {
  for (int i = 0; i < t->job->n_axes; i++)
    if (t->job->axes[i].dim != t->over) dkm_cli_say(stdout, "%s,", t->job->axes[i].name);
  printf("n,undecided,not_computed,entropy,outcome,count,probability,low,high,xi_mean,xi_std,t_settled_mean\n");
}

static void print_place(const table *t, int64_t i_cell) {
  int64_t index[DKM_MAX_AXES] = {0};
  for (int dim = t->job->n_dims; dim-- > 0;) {
    if (dim == t->over) continue;
    index[dim] = i_cell % t->job->shape[dim];
    i_cell /= t->job->shape[dim];
  }
  for (int i = 0; i < t->job->n_axes; i++) {
    const dkm_axis *axis = &t->job->axes[i];
    char text[DKM_NUMBER_BYTES];
    if (axis->dim != t->over) printf("%s,", dkm_cli_number(axis->values[index[axis->dim]], text));
  }
}

static void print_basin(const dkm_basins *cell, const dkm_basin *b) {
  char text[DKM_OUTCOME_BYTES];
  const dkm_interval interval = dkm_proportion_wilson(b->n, cell->n);
  printf("%s,%" PRId64 ",%.10g,%.10g,%.10g", dkm_outcome_text(b->outcome, text), b->n, (double)b->n / (double)cell->n, interval.low,
         interval.high);
  print_number(b->xi_mean);
  print_number(b->n > 1 ? sqrt(b->xi_squares / (double)(b->n - 1)) : NAN);
  print_number(b->n_settled > 0 ? b->t_settled : NAN);
  printf("\n");
}

static void print_cell(const table *t, int64_t i_cell) {
  dkm_basins *cell = &t->cells[i_cell];
  dkm_basins_sort(cell);
  for (int i = 0; i < cell->n_basins || i == 0; i++) {
    print_place(t, i_cell);
    printf("%" PRId64 ",%" PRId64 ",%" PRId64, cell->n, cell->n_undecided, t->n_not_computed[i_cell]);
    print_number(dkm_basins_entropy(cell));
    printf(",");
    if (cell->n_basins > 0)
      print_basin(cell, &cell->basins[i]);
    else
      printf(",0,,0,1,,,\n"); /* nothing is known */
  }
}

/* ---- the command ---- */

static dkm_status count_and_print(const struct arguments *args, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  table t = {0};
  dkm_status status = dkm_store_reader_open(args->path, &reader, err);
  if (status != DKM_OK) return status;
  t.job = dkm_store_reader_job(reader);
  dkm_form_of(t.job, &t.form);
  if (t.job->task != &dkm_task_sweep && t.job->task != &dkm_task_basins)
    status = dkm_fail(err, DKM_INPUT, "basins: the records of %s do not say in what starts end: its task is %s", args->path,
                      t.job->task->name);
  else
    status = find_dimension(args, t.job, &t.over, err);
  if (!status) {
    t.n_cells = t.job->reduces ? t.job->n_points : t.job->n_points / t.job->shape[t.over];
    t.cells = calloc((size_t)t.n_cells, sizeof *t.cells);
    t.n_not_computed = calloc((size_t)t.n_cells, sizeof *t.n_not_computed);
    if (!t.cells || !t.n_not_computed) status = dkm_fail(err, DKM_MEMORY, "basins: out of memory for %" PRId64 " cells", t.n_cells);
  }
  if (!status) status = count(reader, &t, err);
  if (!status) {
    print_header(&t);
    for (int64_t i = 0; i < t.n_cells; i++) print_cell(&t, i);
    if (fflush(stdout) != 0 || ferror(stdout)) status = dkm_fail(err, DKM_IO, "basins: standard output cannot be written");
  }
  for (int64_t i = 0; t.cells && i < t.n_cells; i++) dkm_basins_free(&t.cells[i]);
  free(t.cells);
  free(t.n_not_computed);
  dkm_store_reader_close(reader);
  return status;
}

dkm_status dkm_cmd_basins(int argc, char **argv, dkm_error *err) {
  struct arguments args = {0};
  const dkm_argument arguments[] = {{"--over", 0, dkm_argument_text, &args.over}};
  bool helped;
  dkm_status status = dkm_arguments_read(argc, argv, help, sizeof arguments / sizeof *arguments, arguments, &helped, err);
  if (status || helped) return status;
  if (optind == argc) return dkm_fail(err, DKM_INPUT, "basins: no file given; see `dickemap basins --help`");
  if (optind + 1 < argc)
    return dkm_fail(err, DKM_INPUT, "basins: unexpected argument \"%s\" after the file %s; see `dickemap basins --help`",
                    argv[optind + 1], argv[optind]);
  args.path = argv[optind];
  return count_and_print(&args, err);
}
