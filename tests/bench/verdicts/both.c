/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verdicts where the theorem does not hold, judged by other means: run.py --both says how to start it.
 *
 * Samples (sample.h): modes of both signs, `both` over decades, `moderate` within a factor 5 of 1; `losses`, `unbalanced`, and `open`
 * with both.  Every point is evaluated at tolerances 1e-8,
 * 1e-10 and 1e-12; points whose verdict changes are asked once more with solver.sensitivity.  The first --judge points are
 * judged (both_check.c) by what becomes of the start and of the program's own final state (truth.h): chaos amplifies
 * rounding, so that two integrators need not come to the same attractor, and it is the claimed one that counts.
 * Processes share the points through an anonymous mapping; what the judge says of starts is kept in --judged FILE, a line
 * each (truth_line.h), which no program has part in.
 * Exit code 1 if a target at the end of the output is not met. */
#include <getopt.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "both.h"
#include "truth_line.h"

static const double tolerances[N_TOLERANCES] = {1e-8, 1e-10, 1e-12};

typedef struct options {
  kind kind;
  int64_t n, n_judged;
  uint64_t seed;
  int jobs;
  double work, deadline; /* deadline: of the judge, 0: none */
  const char *judged, *baseline;
  dkm_solver solver;
} options;

static double wall_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- many processes ---- */

typedef struct shared {
  int64_t next; /* of a job's items, taken one by one */
  both_trial trials[];
} shared;

typedef void item(shared *s, const options *o, int64_t i);

static void in_parallel(shared *s, const options *o, int64_t n, item *do_item) {
  s->next = 0;
  fflush(NULL);
  for (int j = 0; j < o->jobs; j++) {
    const pid_t child = fork();
    if (child < 0) perror("fork"), exit(2);
    if (child > 0) continue;
    for (int64_t i; (i = __atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED)) < n;) do_item(s, o, i);
    fflush(NULL);
    _exit(0);
  }
  for (int j = 0, status; j < o->jobs; j++)
    if (wait(&status) < 0 || status != 0) fprintf(stderr, "both: a process failed\n"), exit(2);
}

/* ---- records ---- */

enum { CHUNK = 16 };

static int64_t n_chunks(const options *o) {
  return (o->n + CHUNK - 1) / CHUNK;
}

static void evaluate_chunk(shared *s, const options *o, int64_t i) {
  const int which = (int)(i / n_chunks(o));
  const int64_t first = i % n_chunks(o) * CHUNK, n = o->n - first < CHUNK ? o->n - first : CHUNK;
  static trial trials[CHUNK];
  dkm_solver solver = o->solver;
  solver.tolerance = tolerances[which];
  for (int64_t j = 0; j < n; j++) {
    const both_trial *t = &s->trials[first + j];
    trials[j] = (trial){.kind = t->kind, .index = t->index, .M = t->M, .point = t->point};
  }
  run_trials(trials, n, &solver, 0.0);
  for (int64_t j = 0; j < n; j++) {
    both_trial *t = &s->trials[first + j];
    t->records[which] = trials[j].record;
    if (which == MIDDLE) memcpy(t->state, trials[j].state, sizeof t->state);
  }
}

static bool changes(const both_trial *t) {
  return t->records[0].verdict != t->records[1].verdict || t->records[1].verdict != t->records[2].verdict;
}

static void ask_sensitivity(shared *s, const options *o, int64_t i) {
  both_trial *t = &s->trials[i];
  static trial one;
  t->sensitive = DKM_SENSITIVE_NOT_MEASURED;
  if (!changes(t)) return;
  dkm_solver solver = o->solver;
  solver.sensitivity = true;
  one = (trial){.kind = t->kind, .index = t->index, .M = t->M, .point = t->point};
  run_trials(&one, 1, &solver, 0.0);
  t->sensitive = one.record.sensitive;
}

/* ---- the judge ---- */

static void read_archive(const options *o, shared *s) {
  char *line = NULL;
  size_t room = 0;
  FILE *file = o->judged ? fopen(o->judged, "r") : NULL;
  if (!file) return;
  while (getline(&line, &room, file) > 0) {
    uint64_t seed;
    kind k;
    int64_t index;
    truth found;
    if (!truth_line_read(line, &seed, &k, &index, &found) || seed != o->seed || k != o->kind || index >= o->n) continue;
    s->trials[index].start = found;
    s->trials[index].has_start = true;
  }
  free(line);
  fclose(file);
}

static void judge_item(shared *s, const options *o, int64_t i) {
  both_trial *t = &s->trials[i];
  if (o->deadline > 0.0 && wall_seconds() > o->deadline) return;
  t->judged = true;
  const bool had_start = t->has_start;
  both_judge(t, o->work);
  if (had_start || !o->judged) return;
  FILE *file = fopen(o->judged, "a"); /* one write a line: processes do not mix */
  if (!file) perror(o->judged), exit(2);
  static char room[1 << 16];
  setvbuf(file, room, _IOFBF, sizeof room);
  truth_line_write(file, o->seed, t->kind, t->index, t->M, &t->point, &t->start);
  fclose(file);
}

/* ---- tables ---- */

static const char *const finding_words[N_BOTH_FINDINGS] = {"agrees", "wrong", "dies out", "sensitive", "judge late"};

static void print_verdicts(const both_trial *trials, const options *o) {
  printf("%s, seed %llu: %lld points, t_max %g, max_steps %lld\n", kind_name(o->kind), (unsigned long long)o->seed,
         (long long)o->n, o->solver.t_max, (long long)o->solver.max_steps);
  for (int w = 0; w < N_TOLERANCES; w++) {
    int64_t count[DKM_N_VERDICTS] = {0}, n_failed = 0;
    double steps = 0.0;
    for (int64_t i = 0; i < o->n; i++) {
      count[trials[i].records[w].verdict]++;
      n_failed += trials[i].records[w].failure != DKM_FAILURE_NONE;
      steps += (double)trials[i].records[w].steps;
    }
    printf("  tolerance %.0e:", tolerances[w]);
    for (int v = 0; v < DKM_N_VERDICTS; v++)
      if (count[v]) printf("  %s %lld", dkm_verdict_name(v), (long long)count[v]);
    printf("; %.4g steps\n", steps);
  }
}

static void print_judged(const both_trial *trials, const options *o) {
  int64_t by_start[DKM_N_VERDICTS][N_TRUTHS] = {{0}}, by_claim[DKM_N_VERDICTS][N_TRUTHS] = {{0}}, n_judged = 0;
  for (int64_t i = 0; i < o->n_judged; i++) {
    const both_trial *t = &trials[i];
    if (!t->judged) continue;
    n_judged++;
    by_start[t->records[MIDDLE].verdict][t->start.kind]++;
    if (t->has_claim) by_claim[t->records[MIDDLE].verdict][t->claim.kind]++;
  }
  printf("\nverdict against what becomes of the start | of the program's final state (%lld judged)\n  %-18s",
         (long long)n_judged, "");
  for (int side = 0; side < 2; side++)
    for (int k = 0; k < N_TRUTHS; k++) printf(" %8s%s", truth_name((truth_kind)k), !side && k == N_TRUTHS - 1 ? "  |" : "");
  printf("\n");
  for (int v = 0; v < DKM_N_VERDICTS; v++) {
    int64_t all = 0;
    for (int k = 0; k < N_TRUTHS; k++) all += by_start[v][k];
    if (!all) continue;
    printf("  %-18s", dkm_verdict_name(v));
    for (int k = 0; k < N_TRUTHS; k++) printf(" %8lld", (long long)by_start[v][k]);
    printf("  |");
    for (int k = 0; k < N_TRUTHS; k++) printf(" %8lld", (long long)by_claim[v][k]);
    printf("\n");
  }
  printf("\n");
  for (int f = BOTH_WRONG; f < N_BOTH_FINDINGS; f++)
    for (int64_t i = 0; i < o->n_judged; i++)
      if (trials[i].judged && trials[i].finding == (both_finding)f)
        printf("  %s: %lld (M = %d): %s\n", finding_words[f], (long long)trials[i].index, trials[i].M, trials[i].complaint);
}

/* ---- work, compared with version 0.1.0's ---- */

typedef struct work {
  int64_t n, n_cut, n_open;
  double ours, theirs;
} work;

static work compare_work(const both_trial *trials, const options *o) {
  work w = {0};
  char *line = NULL;
  size_t room = 0;
  FILE *file = o->baseline && o->seed == 1 ? fopen(o->baseline, "r") : NULL;
  if (!file) return w;
  while (getline(&line, &room, file) > 0) {
    int k;
    long long index, steps;
    char state[16], verdict[32];
    if (line[0] == '#' || sscanf(line, "%d %lld %lld %*s %15s %31s", &k, &index, &steps, state, verdict) != 5) continue;
    if (k != (int)o->kind || index >= o->n) continue;
    w.n++;
    w.n_cut += strcmp(state, "cut") == 0;
    w.n_open += strcmp(verdict, "undecided") == 0;
    w.theirs += (double)steps;
    w.ours += (double)trials[index].records[MIDDLE].steps;
  }
  free(line);
  fclose(file);
  return w;
}

/* ---- targets ---- */

static bool target(const char *text, int64_t part, int64_t whole, double bound, bool at_most) {
  const double value = whole ? (double)part / (double)whole : NAN;
  const bool met = at_most ? value <= bound : value >= bound;
  printf("  %-64s %8.4g  (%lld of %lld)  %s\n", text, value, (long long)part, (long long)whole,
         whole == 0 ? "nothing to ask" : met ? "met" : "NOT met");
  return met || whole == 0;
}

static bool print_targets(const both_trial *trials, const options *o) {
  int64_t n_regular = 0, n_regular_wrong = 0, n_irregular = 0, n_dies = 0, n_late = 0, n_exponents = 0, n_close = 0,
          n_near = 0, n_open = 0, n_changed = 0, n_firm = 0, n_cycles = 0, n_floquet = 0, n_floquet_right = 0, n_rest = 0,
          n_rest_wrong = 0, n_beside = 0, n_beside_large = 0;
  for (int64_t i = 0; i < o->n_judged; i++) {
    const both_trial *t = &trials[i];
    const dkm_record *r = &t->records[MIDDLE];
    if (!t->judged) continue;
    const bool regular = r->verdict == DKM_VERDICT_LIMIT_CYCLE || r->verdict == DKM_VERDICT_QUASIPERIODIC;
    n_late += t->finding == BOTH_LATE;
    if (regular && t->finding != BOTH_LATE) n_regular++, n_regular_wrong += t->finding == BOTH_WRONG;
    if (r->verdict == DKM_VERDICT_IRREGULAR && t->finding != BOTH_LATE)
      n_irregular++, n_dies += t->finding == BOTH_DIES_OUT;
    if (dkm_record_comes_to_rest(r) && t->finding != BOTH_LATE) n_rest++, n_rest_wrong += t->finding == BOTH_WRONG;
    n_exponents += t->asked_exponent;
    n_close += t->close_exponent;
    n_near += t->near_exponent;
    n_cycles += r->verdict == DKM_VERDICT_LIMIT_CYCLE;
    n_floquet += t->asked_floquet;
    n_floquet_right += t->right_floquet;
    if (regular && !isnan(r->lyapunov)) n_beside++, n_beside_large += fabs(r->lyapunov) > 0.05;
  }
  for (int64_t i = 0; i < o->n; i++) {
    const both_trial *t = &trials[i];
    n_open += t->records[MIDDLE].verdict == DKM_VERDICT_UNDECIDED;
    const bool firm = !changes(t) || t->sensitive != DKM_SENSITIVE_YES;
    n_firm += firm;
    n_changed += firm && changes(t);
  }
  const work w = compare_work(trials, o);
  bool all = true;
  printf("\ntargets (judge late on %lld, left out of the first four lines)\n", (long long)n_late);
  all &= target("cycles and tori that are wrong: none", n_regular_wrong, n_regular, 0.0, true);
  all &= target("irregular that dies out, 10 times longer: at most 0.01", n_dies, n_irregular, 0.01, true);
  all &= target("rest or on the way to it that is wrong: none", n_rest_wrong, n_rest, 0.0, true);
  all &= target("exponents of chaos within 3 standard errors: at least 0.97", n_close, n_exponents, 0.97, false);
  target("  within 30 % (reported only)", n_near, n_exponents, 0.97, false);
  target("  beside cycles and tori, above 0.05 (reported only)", n_beside_large, n_beside, 0.0, true);
  target("Floquet exponents of cycles that agree: all (if recorded)", n_floquet_right, n_floquet, 1.0, false);
  all &= target("undecided: at most 0.03", n_open, o->n, 0.03, true);
  int64_t n_all = 0;
  for (int64_t i = 0; i < o->n; i++) n_all += changes(&trials[i]);
  target("  all verdicts that change with tolerance (reported only)", n_all, o->n, 0.01, true);
  all &= target("verdicts that change with tolerance, sensitive ones apart: 0.01", n_changed, n_firm, 0.01, true);
  if (o->kind >= LOSSES) return all; /* version 0.1.0 knows nothing of them */
  if (w.n == 0) {
    printf("  work: nothing to compare with (seed 1 only)\n");
    return false;
  }
  const bool met = w.ours <= 0.2 * w.theirs;
  printf("  %-64s %8.4g  (%lld points, %lld cut; %.4g of %.4g steps; 0.1.0 left %lld undecided)  %s\n",
         "work / 0.1.0's: at most 0.2", w.ours / w.theirs, (long long)w.n, (long long)w.n_cut, w.ours, w.theirs,
         (long long)w.n_open, met ? "met" : "NOT met");
  return all && met;
}

/* ---- all of it ---- */

static options read_options(int argc, char **argv) {
  options o = {.kind = MODERATE, .n = 200, .n_judged = 60, .seed = 1, .jobs = 2, .work = 8e8,
               .solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e6, .max_steps = 4000000}};
  enum { KIND, N, JUDGE, SEED, JOBS, WORK, MINUTES, T_MAX, MAX_STEPS, JUDGED, BASELINE };
  static const struct option names[] = {{"kind", required_argument, NULL, KIND},
                                        {"n", required_argument, NULL, N},
                                        {"judge", required_argument, NULL, JUDGE},
                                        {"seed", required_argument, NULL, SEED},
                                        {"jobs", required_argument, NULL, JOBS},
                                        {"work", required_argument, NULL, WORK},
                                        {"minutes", required_argument, NULL, MINUTES},
                                        {"t-max", required_argument, NULL, T_MAX},
                                        {"max-steps", required_argument, NULL, MAX_STEPS},
                                        {"judged", required_argument, NULL, JUDGED},
                                        {"baseline-steps", required_argument, NULL, BASELINE},
                                        {NULL, 0, NULL, 0}};
  for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (c) {
    case KIND:
      if (!sample_of_word(optarg, &o.kind)) fprintf(stderr, "both: no sample %s\n", optarg), exit(2);
      break;
    case N:
      o.n = atoll(optarg);
      break;
    case JUDGE:
      o.n_judged = atoll(optarg);
      break;
    case SEED:
      o.seed = strtoull(optarg, NULL, 10);
      break;
    case JOBS:
      o.jobs = atoi(optarg);
      break;
    case WORK:
      o.work = atof(optarg);
      break;
    case MINUTES:
      o.deadline = wall_seconds() + 60.0 * atof(optarg);
      break;
    case T_MAX:
      o.solver.t_max = atof(optarg);
      break;
    case MAX_STEPS:
      o.solver.max_steps = (int64_t)atof(optarg);
      break;
    case JUDGED:
      o.judged = optarg;
      break;
    case BASELINE:
      o.baseline = optarg;
      break;
    default:
      exit(2);
    }
  if (optind < argc) fprintf(stderr, "both: what is %s?\n", argv[optind]), exit(2);
  if (o.n_judged > o.n) o.n_judged = o.n;
  return o;
}

int main(int argc, char **argv) {
  const options o = read_options(argc, argv);
  gsl_set_error_handler_off();
  const size_t bytes = sizeof(shared) + (size_t)o.n * sizeof(both_trial);
  shared *s = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (s == MAP_FAILED) perror("mmap"), exit(2);
  for (int64_t i = 0; i < o.n; i++) {
    both_trial *t = &s->trials[i];
    t->kind = o.kind;
    t->index = i;
    t->M = o.kind >= LOSSES ? sample_open_point(o.seed, o.kind, i, &t->point) : sample_point(o.seed, o.kind, i, &t->point);
  }
  in_parallel(s, &o, N_TOLERANCES * n_chunks(&o), evaluate_chunk);
  in_parallel(s, &o, o.n, ask_sensitivity);
  print_verdicts(s->trials, &o);
  read_archive(&o, s);
  in_parallel(s, &o, o.n_judged, judge_item);
  print_judged(s->trials, &o);
  return print_targets(s->trials, &o) ? 0 : 1;
}
