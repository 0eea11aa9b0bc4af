/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap verify: whether the records of a file can be believed.
 *
 *   metadata       everything but records has the checksum that it was written with (opening the file fails otherwise)
 *   coordinates    those of the file are those of its job
 *   status         a code that exists, and the one that goes with the verdict
 *   checksums      of every record that is done, with its state where states are kept
 *   residual       a fixed point stands still
 *   theory         Eq. 12, and what the record itself says about theory, for every record it applies to
 *   recomputed     some points, drawn at random, by the other integration method
 *
 * The file is read in blocks, so that one of any size needs little memory.  In the same pass the points to
 * recompute are drawn, all with the same chance, without knowing their number beforehand (Vitter, algorithm R).
 * Points that are not done are no difference: they are counted, in a shard without those of the others.  A run may be
 * writing: the status of a point is read before its record.
 *
 * Theory.  A start without perturbation and with some overlap stays on the symmetric subspace of its cue (quotient.h).
 * For Omega Omega_cue > 0 the only fixed points there that attract are the normal state up to g_crit and the cue's
 * pattern state above: |xi_cue| of Eq. 12, the occupation that goes with it, and zero for all other modes. */
#include <errno.h>
#include <getopt.h>
#include <gsl/gsl_rng.h>
#include <inttypes.h>
#include <math.h>
#include <mpi.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "dickemap/evaluate.h"
#include "dickemap/quotient.h"
#include "dickemap/schedule.h"
#include "dickemap/store.h"
#include "dickemap/theory.h"

enum {
  BLOCK_POINTS = 1 << 14,
  MAX_SHOWN = 10,        /* differences that are spelled out */
  DEFAULT_SAMPLE = 16,
  MAX_SAMPLE = 1000000
};
/* Both methods converge to the same limit, found by Newton's method to rounding; what is left of 1e-6 is for points
 * so close to a threshold that rounding is amplified. */
static const double tolerance = 1e-6;
/* |u'| of a fixed point in units of the rates in the equations: Newton's method leaves some 1e-15. */
static const double residual_tolerance = 1e-8;
/* The closed forms of a record against the same formulas, perhaps on another machine. */
static const double formula_tolerance = 1e-12;
static const double default_seconds = 10;

static const char help[] =
    "usage: dickemap verify FILE.h5 [OPTIONS]\n"
    "Checks a file: metadata, coordinates, status and checksum of every record that is done, agreement with theory\n"
    "where theory applies, and some points at random, computed anew by the other method (gsl, or ensemble for a\n"
    "job of method gsl). Says what was checked and what differs; exit code 3 if anything does. Points that are not\n"
    "done are counted, and are no difference. Reads only.\n\n"
    "      --sample N       points to compute anew (default: 16; 0: none)\n"
    "      --seed S         of their choice (default: 1)\n"
    "      --seconds T      give up computing a point after this time (default: 10)\n"
    "  -h, --help           this text\n";

struct arguments {
  const char *file;
  long sample;
  long seed;
  double seconds;
  bool help;
};

/* One kind of check: how many were made, how many failed, the largest deviation. */
struct check {
  int64_t n, n_different;
  double largest;
};

struct sampled {
  int64_t i_point;
  dkm_record record;
};

struct verification {
  const dkm_job *job;
  dkm_shard shard;
  int64_t n_done, n_left, n_failed_points, n_different; /* n_left: the shard's own points */
  int n_shown;
  struct check status, checksum, residual, theory, recomputed;
  int64_t n_given_up, n_undecided;
  struct sampled *sample; /* room for args->sample */
  int64_t n_sample;
};

/* ---- telling differences ---- */

__attribute__((format(printf, 4, 5))) static void differs(struct verification *v, struct check *check, int64_t i_point,
                                                          const char *format, ...) {
  check->n_different++;
  v->n_different++;
  if (v->n_shown == MAX_SHOWN) return;
  v->n_shown++;
  char point[DKM_MESSAGE_BYTES];
  printf("difference: %s: ", dkm_job_describe_point(v->job, i_point, point, sizeof point));
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
}

/* ---- single records ---- */

static void check_status(struct verification *v, int64_t i, uint8_t status, const dkm_record *record) {
  v->status.n++;
  if (status != DKM_STATUS_DONE && status != DKM_STATUS_POINT_FAILED)
    differs(v, &v->status, i, "status is %d, which does not exist", status);
  else if (record->verdict >= DKM_N_VERDICTS)
    differs(v, &v->status, i, "verdict is %d, which does not exist", record->verdict);
  else if (record->verdict == DKM_VERDICT_NONE)
    differs(v, &v->status, i, "status is %d, but there is no verdict", status);
  else if ((status == DKM_STATUS_POINT_FAILED) != (record->verdict == DKM_VERDICT_FAILED))
    differs(v, &v->status, i, "status is %d, but the verdict is %s", status, dkm_verdict_name(record->verdict));
}

static void check_checksum(struct verification *v, int64_t i, uint32_t stored, uint32_t computed) {
  v->checksum.n++;
  if (stored == computed) return;
  if (stored == 0)
    differs(v, &v->checksum, i, "marked as done, but its record was never written");
  else
    differs(v, &v->checksum, i, "checksum is %08" PRIx32 ", that of the record is %08" PRIx32, stored, computed);
}

/* The largest rate in the equations of a point, for fields as large as the record's. */
static double rate_scale(const dkm_patterns *patterns, const dkm_point *point, const dkm_record *record) {
  double rate = 2 * fabs(point->Omega) + point->g0;
  for (int mu = 0; mu < patterns->n_modes; mu++)
    rate += fabs(point->Omega_mu[mu]) + point->kappa_mu[mu] +
            4 * point->g0 * sqrt(fmax(record->occupation[mu], 0.0) * patterns->weight);
  return rate;
}

static void check_residual(struct verification *v, int64_t i, const dkm_point *point, const dkm_record *record) {
  const double residual = record->residual / rate_scale(&v->job->patterns, point, record);
  v->residual.n++;
  v->residual.largest = fmax(v->residual.largest, residual);
  if (!(residual <= residual_tolerance))
    differs(v, &v->residual, i, "residual is %.3g, too large for a fixed point", record->residual);
}

/* NaN agrees with NaN. */
static bool same_formula(double stored, double computed) {
  if (isnan(stored) || isnan(computed)) return isnan(stored) && isnan(computed);
  return fabs(stored - computed) <= formula_tolerance * fmax(1.0, fabs(computed));
}

static void check_theory(struct verification *v, int64_t i, const dkm_point *point, const dkm_record *record) {
  const dkm_patterns *patterns = &v->job->patterns;
  const int cue = point->pattern - 1;
  const double g_crit = dkm_theory_g_crit(point, cue), xi_theory = dkm_theory_xi(point, cue);
  const double complex alpha = dkm_theory_alpha(patterns, point, cue);

  v->theory.n++;
  if (!same_formula(record->g_crit, g_crit)) {
    differs(v, &v->theory, i, "g_crit is %.17g, the closed form gives %.17g", record->g_crit, g_crit);
    return;
  }
  /* Rounding of g_crit/g0 is amplified without bound close to the threshold; what follows has no such limit. */
  if (!(fabs(record->xi_theory - xi_theory) <= tolerance)) {
    differs(v, &v->theory, i, "xi_theory is %.17g, Eq. 12 gives %.17g", record->xi_theory, xi_theory);
    return;
  }
  for (int mu = 0; mu < patterns->n_modes; mu++) {
    const double xi = mu == cue ? xi_theory : 0.0;
    const double occupation = mu == cue ? creal(alpha) * creal(alpha) + cimag(alpha) * cimag(alpha) : 0.0;
    const double d_xi = fabs(fabs(record->xi[mu]) - xi);
    const double d_occupation = fabs(record->occupation[mu] - occupation) / fmax(1.0, occupation);
    v->theory.largest = fmax(v->theory.largest, fmax(d_xi, d_occupation));
    if (!(d_xi <= tolerance)) {
      differs(v, &v->theory, i, "|xi| of mode %d is %.10g, Eq. 12 gives %.10g", mu + 1, fabs(record->xi[mu]), xi);
      return;
    }
    if (!(d_occupation <= tolerance)) {
      differs(v, &v->theory, i, "occupation of mode %d is %.10g, Eq. 12 gives %.10g", mu + 1, record->occupation[mu],
              occupation);
      return;
    }
  }
}

static void check_record(struct verification *v, int64_t i, const dkm_record *record) {
  dkm_point point;
  if (record->verdict != DKM_VERDICT_FIXED_POINT) return;
  dkm_job_point(v->job, i, &point);
  check_residual(v, i, &point, record);
  if (dkm_quotient_applies(&point) && point.overlap != 0 && dkm_theory_applies(&point))
    check_theory(v, i, &point, record);
}

/* ---- every record ---- */

/* Algorithm R: the n-th point that is done replaces one of the sample with probability size/n. */
static void offer(struct verification *v, const struct arguments *args, gsl_rng *rng, int64_t i,
                  const dkm_record *record) {
  const struct sampled offered = {.i_point = i, .record = *record};
  if (v->n_sample < args->sample) {
    v->sample[v->n_sample++] = offered;
  } else if (args->sample > 0) {
    const unsigned long place = gsl_rng_uniform_int(rng, (unsigned long)v->n_done);
    if (place < (unsigned long)args->sample) v->sample[place] = offered;
  }
}

static dkm_status check_records(struct verification *v, const struct arguments *args, dkm_store_reader *reader,
                                dkm_error *err) {
  const dkm_job *job = v->job;
  const int64_t block = BLOCK_POINTS;
  uint8_t *point_status = malloc((size_t)block);
  uint32_t *checksums = malloc((size_t)block * sizeof *checksums), *computed = malloc((size_t)block * sizeof *computed);
  dkm_record *records = malloc((size_t)block * sizeof *records);
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_status status = DKM_OK;
  if (!point_status || !checksums || !computed || !records || !rng) {
    status = dkm_fail(err, DKM_MEMORY, "verify: out of memory for a block of points");
    goto cleanup;
  }
  gsl_rng_set(rng, (unsigned long)args->seed);

  for (int64_t first = 0; first < job->n_points; first += block) {
    const int64_t n = job->n_points - first < block ? job->n_points - first : block;
    int64_t n_done = 0;
    if ((status = dkm_store_reader_status(reader, first, n, point_status, err)) != DKM_OK) goto cleanup;
    for (int64_t i = 0; i < n; i++) {
      n_done += point_status[i] != DKM_STATUS_TODO;
      v->n_left += point_status[i] == DKM_STATUS_TODO && dkm_shard_has(&v->shard, first + i);
    }
    if (n_done == 0) continue;
    status = dkm_store_reader_records(reader, first, n, records, checksums, computed, err);
    if (status != DKM_OK) goto cleanup;
    for (int64_t i = 0; i < n; i++) {
      if (point_status[i] == DKM_STATUS_TODO) continue;
      v->n_done++;
      v->n_failed_points += point_status[i] == DKM_STATUS_POINT_FAILED;
      check_status(v, first + i, point_status[i], &records[i]);
      check_checksum(v, first + i, checksums[i], computed[i]);
      check_record(v, first + i, &records[i]);
      offer(v, args, rng, first + i, &records[i]);
    }
  }

cleanup:
  gsl_rng_free(rng);
  free(records);
  free(computed);
  free(checksums);
  free(point_status);
  return status;
}

/* ---- some points anew ---- */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A stream of one point, given up at a deadline. */
struct attempt {
  dkm_point point;
  bool drawn, finished;
  double deadline;
  dkm_record record;
};

static bool attempt_next(void *context, dkm_point *point, int64_t *id) {
  struct attempt *attempt = context;
  if (attempt->drawn) return false;
  attempt->drawn = true;
  *point = attempt->point;
  *id = 0;
  return true;
}

static void attempt_done(void *context, int64_t id, const dkm_record *record, const double *state) {
  struct attempt *attempt = context;
  (void)id;
  (void)state;
  attempt->finished = true;
  attempt->record = *record;
}

static bool attempt_interrupt(void *context) {
  return now() > ((const struct attempt *)context)->deadline;
}

/* Nothing was found out about such a point. */
static bool is_open(const dkm_record *record) {
  return record->verdict == DKM_VERDICT_UNDECIDED || record->verdict == DKM_VERDICT_FAILED;
}

static bool is_steady(const dkm_record *record) {
  return record->verdict == DKM_VERDICT_FIXED_POINT || record->verdict == DKM_VERDICT_DARK_PRECESSION;
}

/* A precession on the edge of what counts as rest may be found on either side of it: where there is next to nothing
 * left of it both verdicts say the same. */
static bool same_verdict(const dkm_record *a, const dkm_record *b) {
  if (a->verdict == b->verdict) return true;
  return is_steady(a) && is_steady(b) && a->precession <= tolerance && b->precession <= tolerance;
}

static void compare(struct verification *v, const char *method, int64_t i, const dkm_record *stored,
                    const dkm_record *anew) {
  v->recomputed.n++;
  if (!same_verdict(stored, anew)) {
    differs(v, &v->recomputed, i, "verdict is %s, %s finds %s", dkm_verdict_name(stored->verdict), method,
            dkm_verdict_name(anew->verdict));
    return;
  }
  /* Where order parameters move, they are means over a window, which depends on the steps taken. */
  if (!is_steady(stored)) return;
  for (int mu = 0; mu < v->job->patterns.n_modes; mu++) {
    const double difference = fabs(fabs(stored->xi[mu]) - fabs(anew->xi[mu]));
    v->recomputed.largest = fmax(v->recomputed.largest, difference);
    if (!(difference <= tolerance)) {
      differs(v, &v->recomputed, i, "|xi| of mode %d is %.10g, %s finds %.10g", mu + 1, fabs(stored->xi[mu]), method,
              fabs(anew->xi[mu]));
      return;
    }
  }
  if (abs(stored->retrieved) != abs(anew->retrieved))
    differs(v, &v->recomputed, i, "|retrieved| is %d, %s finds %d", abs(stored->retrieved), method,
            abs(anew->retrieved));
}

static int by_point(const void *a, const void *b) {
  const int64_t i = ((const struct sampled *)a)->i_point, j = ((const struct sampled *)b)->i_point;
  return (i > j) - (i < j);
}

static dkm_status recompute(struct verification *v, const struct arguments *args, const char *method,
                            dkm_solver *solver, dkm_error *err) {
  dkm_evaluator *evaluator = NULL;
  if (v->n_sample == 0) return DKM_OK;
  qsort(v->sample, (size_t)v->n_sample, sizeof *v->sample, by_point);
  dkm_status status = dkm_evaluator_create(&v->job->patterns, solver, NULL, &evaluator, err);
  for (int64_t s = 0; s < v->n_sample && status == DKM_OK; s++) {
    const struct sampled *sampled = &v->sample[s];
    struct attempt attempt = {.deadline = now() + args->seconds};
    const dkm_stream stream = {
        .context = &attempt, .next = attempt_next, .done = attempt_done, .interrupt = attempt_interrupt};
    if (is_open(&sampled->record)) {
      v->n_undecided++;
      continue;
    }
    dkm_job_point(v->job, sampled->i_point, &attempt.point);
    if ((status = dkm_evaluate_stream(evaluator, &stream, err)) != DKM_OK) break;
    if (!attempt.finished)
      v->n_given_up++;
    else if (is_open(&attempt.record))
      v->n_undecided++;
    else
      compare(v, method, sampled->i_point, &sampled->record, &attempt.record);
  }
  dkm_evaluator_destroy(evaluator);
  return status;
}

/* ---- the whole ---- */

static void print_check(const char *name, const struct check *check) {
  printf("%s: %" PRId64 " checked, %" PRId64 " differ\n", name, check->n, check->n_different);
}

static void print_deviation(const char *name, const struct check *check) {
  printf("%s: %" PRId64 " checked, %" PRId64 " differ, deviation at most %.1e\n", name, check->n, check->n_different,
         check->largest);
}

static dkm_status verify_file(const struct arguments *args, dkm_error *err) {
  struct verification v = {0};
  dkm_store_reader *reader = NULL;
  dkm_error axes = {0};
  dkm_status status = dkm_store_reader_open(args->file, &reader, err);
  if (status != DKM_OK) return status;
  v.job = dkm_store_reader_job(reader);
  v.shard = dkm_store_reader_shard(reader);
  v.sample = malloc((size_t)(args->sample > 0 ? args->sample : 1) * sizeof *v.sample);
  if (!v.sample) {
    status = dkm_fail(err, DKM_MEMORY, "verify: out of memory for a sample of %ld points", args->sample);
    goto cleanup;
  }
  dkm_solver other = v.job->solver;
  const bool by_gsl = other.method == DKM_METHOD_ENSEMBLE;
  const char *method = by_gsl ? "gsl" : "ensemble";
  other.method = by_gsl ? DKM_METHOD_GSL : DKM_METHOD_ENSEMBLE;
  other.sensitivity = false; /* nothing to compare with: it depends on the steps taken */

  printf("file: %s\n", args->file);
  status = dkm_store_check_axes(args->file, v.job, &axes);
  if (status == DKM_DIFFERENT) {
    printf("difference: %s\n", axes.message);
    v.n_different++;
  } else if (status != DKM_OK) {
    dkm_fail(err, status, "%s", axes.message);
    goto cleanup;
  }
  if ((status = check_records(&v, args, reader, err)) != DKM_OK) goto cleanup;
  if ((status = recompute(&v, args, method, &other, err)) != DKM_OK) goto cleanup;

  if (v.n_different > v.n_shown + (axes.status == DKM_DIFFERENT))
    printf("difference: ... and %" PRId64 " more\n", v.n_different - v.n_shown - (axes.status == DKM_DIFFERENT));
  printf("points: %" PRId64 "\n", v.job->n_points);
  printf("done: %" PRId64 "\n", v.n_done);
  printf("left: %" PRId64 "\n", v.n_left);
  if (v.shard.n > 1)
    printf("of other shards: %" PRId64 ", this is shard %d of %d\n", v.job->n_points - v.n_done - v.n_left,
           v.shard.index, v.shard.n);
  printf("failed: %" PRId64 "\n", v.n_failed_points);
  printf("metadata: %s\n", dkm_store_reader_guarded(reader) ? "the checksum agrees"
                                                            : "no checksum, another program has written this file");
  printf("coordinates: %d checked, %s\n", v.job->n_axes + 1, axes.status == DKM_DIFFERENT ? "1 differs" : "0 differ");
  print_check("status", &v.status);
  print_check("checksums", &v.checksum);
  print_deviation("residual", &v.residual);
  print_deviation("theory", &v.theory);
  printf("recomputed by %s: %" PRId64 " checked, %" PRId64 " differ, deviation at most %.1e\n", method, v.recomputed.n,
         v.recomputed.n_different, v.recomputed.largest);
  printf("recomputed, nothing to compare: %" PRId64 " undecided or failed, %" PRId64 " given up after %g s\n",
         v.n_undecided, v.n_given_up, args->seconds);
  if (v.n_different > 0)
    status = dkm_fail(err, DKM_DIFFERENT, "%s: %" PRId64 " differences found", args->file, v.n_different);
  else if (v.n_left > 0)
    printf("result: no difference, but incomplete: %" PRId64 " of %" PRId64 " points are left\n", v.n_left,
           v.n_done + v.n_left);
  else if (v.shard.n > 1)
    printf("result: shard %d of %d is complete, no difference\n", v.shard.index, v.shard.n);
  else
    printf("result: complete, no difference\n");

cleanup:
  free(v.sample);
  dkm_store_reader_close(reader);
  return status;
}

/* ---- arguments ---- */

static dkm_status parse_whole(const char *option, const char *text, long most, long *value, dkm_error *err) {
  char *end;
  errno = 0;
  *value = strtol(text, &end, 10);
  if (end != text && *end == '\0' && errno == 0 && *value >= 0 && *value <= most) return DKM_OK;
  return dkm_fail(err, DKM_INPUT, "verify: %s is \"%s\", but must be a whole number 0 ... %ld", option, text, most);
}

static dkm_status parse_seconds(const char *text, double *value, dkm_error *err) {
  char *end;
  *value = strtod(text, &end);
  if (end != text && *end == '\0' && isfinite(*value) && *value > 0) return DKM_OK;
  return dkm_fail(err, DKM_INPUT, "verify: --seconds is \"%s\", but must be a finite number > 0", text);
}

static dkm_status parse_arguments(int argc, char **argv, struct arguments *args, dkm_error *err) {
  enum { SAMPLE = 256, SEED, SECONDS };
  static const struct option options[] = {{"sample", required_argument, NULL, SAMPLE},
                                          {"seed", required_argument, NULL, SEED},
                                          {"seconds", required_argument, NULL, SECONDS},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  int answer;
  dkm_status status = DKM_OK;
  optind = 1;
  while (!status && (answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) switch (answer) {
    case SAMPLE:
      status = parse_whole("--sample", optarg, MAX_SAMPLE, &args->sample, err);
      break;
    case SEED:
      status = parse_whole("--seed", optarg, INT32_MAX, &args->seed, err);
      break;
    case SECONDS:
      status = parse_seconds(optarg, &args->seconds, err);
      break;
    case 'h':
      args->help = true;
      return DKM_OK;
    default:
      return dkm_cli_option_error(argv, answer, err);
    }
  if (status) return status;
  if (optind != argc - 1)
    return dkm_fail(err, DKM_INPUT, "verify: expected one output file, got %d arguments; see `dickemap verify --help`",
                    argc - optind);
  args->file = argv[optind];
  return DKM_OK;
}

dkm_status dkm_cmd_verify(int argc, char **argv, dkm_error *err) {
  struct arguments args = {.sample = DEFAULT_SAMPLE, .seed = 1, .seconds = default_seconds};
  int rank;
  dkm_status status = parse_arguments(argc, argv, &args, err);
  if (status) return status;
  if (args.help) {
    dkm_cli_print(help);
    return DKM_OK;
  }
  /* The others wait, asleep. */
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) status = verify_file(&args, err);
  return dkm_schedule_agree(MPI_COMM_WORLD, status, err);
}
