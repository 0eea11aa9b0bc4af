/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every verdict over decades of parameters, judged by other means: run.py --help says how to start it.
 *
 * Samples (sample.h): three kinds of points, exact starts, tilted ones with M <= 2 and with M >= 3, all Omega_mu of one
 * sign.  The Lyapunov function (landscape.h) then excludes oscillation, and but for M >= 3 dark precession as well.
 * What is held against a record, from cheap to dear:
 *   all points    the theorem; |xi| against the closed forms (exact starts; below the least g_nu) and the minima of the
 *                 landscape that the bench finds itself (M <= 2)                                        (check.c)
 *   --spectra     fixed points with K <= 8: the state against the equations, growth_rate, decay_rate, n_unstable and
 *                 n_neutral against the dense Jacobian                                                  (spectrum.c)
 *   --judge       the first N that the closed forms leave open: which state it is, sign included.  Integrations with
 *                 GSL rk8pd, tolerances 1e-11 and 1e-12, until L is below the lowest saddle; M >= 3: until the overlaps are
 *                 steady over factors of 2 in time, or --work evaluations of the right-hand side (M <= 2: 5 times as
 *                 many) are spent; then |xi - mean| <= xi_error as well                                  (judge.c)
 * If the tolerances disagree (or, for an end that disagrees with the record, 1e-10, 3e-10, 1e-9 with 1e-11), the
 * outcome hangs on errors of that size: "sensitive", listed and not counted as wrong.  A judge who ran out of work is
 * "late".
 * "Right label" of M >= 3: descent in the landscape from the record's overlaps (xi, or xi_limit while relaxing) and
 * from the judge's leads to the same minimum; no overlaps lead nowhere.
 * Records of method 1 have no xi_error: 1e-6 + 0.4 precession^2, as its README promised.
 * Judgements are kept in --judged FILE, a line each, and used again unless they would profit from more --work.
 * Exit code 1 if a target at the end of the output is not met. */
#include <getopt.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"

typedef struct options {
  int64_t n, n_judged, n_spectra, n_lines;
  uint64_t seed;
  double work, cpu_cap;
  const char *judged, *baseline;
  bool cavity, fig3;
  dkm_solver solver;
} options;

/* One mode or two are that much cheaper than many. */
static const double few_work = 5.0;

/* ---- judgements on disk ---- */

typedef struct kept {
  uint64_t seed;
  int kind;
  int64_t index;
  double g0, work;
  judgement judgement;
} kept;

typedef struct archive {
  kept *at;
  int64_t n;
  FILE *file; /* appended to; NULL: none */
} archive;

static void write_history(FILE *file, const history *h, int M) {
  fprintf(file, " %d %.17g %.17g %lld", (int)h->end, h->t_settled, h->t, (long long)h->evaluations);
  for (int mu = 0; mu < M; mu++) fprintf(file, " %.17g", h->xi_end[mu]);
  fprintf(file, " %d", h->n_windows);
  for (int i = 0; i < h->n_windows; i++) {
    fprintf(file, " %.17g %.17g %.6g", h->windows[i].t, h->windows[i].L, h->windows[i].rms);
    for (int mu = 0; mu < M; mu++) fprintf(file, " %.17g", h->windows[i].mean[mu]);
  }
}

static double number(char **text) {
  return strtod(*text, text);
}

static void read_history(char **text, history *h, int M) {
  *h = (history){.end = (ending)number(text)};
  h->t_settled = number(text);
  h->t = number(text);
  h->evaluations = (int64_t)number(text);
  for (int mu = 0; mu < M; mu++) h->xi_end[mu] = number(text);
  h->n_windows = (int)number(text);
  if (h->n_windows < 0 || h->n_windows > MAX_WINDOWS) exit(2);
  for (int i = 0; i < h->n_windows; i++) {
    h->windows[i].t = number(text);
    h->windows[i].L = number(text);
    h->windows[i].rms = number(text);
    for (int mu = 0; mu < M; mu++) h->windows[i].mean[mu] = number(text);
  }
}

static void keep(archive *a, const kept *k) {
  kept *more = realloc(a->at, (size_t)(a->n + 1) * sizeof *more);
  if (!more) exit(2);
  a->at = more;
  a->at[a->n++] = *k;
}

/* A line: seed kind index g0 work M lowest_saddle lowest and two histories. */
static void archive_open(archive *a, const char *name) {
  char *line = NULL;
  size_t room = 0;
  *a = (archive){0};
  if (!name) return;
  FILE *file = fopen(name, "r");
  while (file && getline(&line, &room, file) > 0) {
    if (line[0] == '#' || !strchr(line, '\n')) continue; /* a line that was cut off counts for nothing */
    char *text = line;
    kept k = {.seed = strtoull(text, &text, 10)};
    k.kind = (int)number(&text);
    k.index = (int64_t)number(&text);
    k.g0 = number(&text);
    k.work = number(&text);
    k.judgement.M = (int)number(&text);
    if (k.judgement.M < 1 || k.judgement.M > MAX_M) continue;
    k.judgement.lowest_saddle = number(&text);
    k.judgement.lowest = number(&text);
    read_history(&text, &k.judgement.first, k.judgement.M);
    read_history(&text, &k.judgement.second, k.judgement.M);
    keep(a, &k);
  }
  free(line);
  if (file) fclose(file);
  a->file = fopen(name, "a");
  if (!a->file) perror(name), exit(2);
}

static void archive_write(archive *a, const kept *k) {
  if (!a->file) return;
  fprintf(a->file, "%llu %d %lld %.17g %.17g %d %.17g %.17g", (unsigned long long)k->seed, k->kind, (long long)k->index,
          k->g0, k->work, k->judgement.M, k->judgement.lowest_saddle, k->judgement.lowest);
  write_history(a->file, &k->judgement.first, k->judgement.M);
  write_history(a->file, &k->judgement.second, k->judgement.M);
  fprintf(a->file, "\n");
  fflush(a->file);
}

static bool finished(const judgement *j, kind k) {
  const ending least = k == TILTED_MANY ? ARRIVED : SETTLED;
  return j->first.end >= least && j->second.end >= least;
}

static void judgement_of(archive *a, uint64_t seed, const trial *t, double work, judgement *out) {
  for (int64_t i = a->n; i-- > 0;) { /* the latest first */
    const kept *k = &a->at[i];
    if (k->seed != seed || k->kind != (int)t->kind || k->index != t->index || k->g0 != t->point.g0) continue;
    if (k->work < work && !finished(&k->judgement, t->kind)) break;
    *out = k->judgement;
    return;
  }
  kept k = {.seed = seed, .kind = (int)t->kind, .index = t->index, .g0 = t->point.g0, .work = work};
  judge_trial(t, work, &k.judgement);
  archive_write(a, &k);
  *out = k.judgement;
}

/* ---- tables ---- */

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* NaN of none. */
static double quantile(double *values, int64_t n, double q) {
  if (n == 0) return NAN;
  qsort(values, (size_t)n, sizeof *values, ascending);
  int64_t i = (int64_t)ceil(q * (double)n) - 1;
  return values[i < 0 ? 0 : i];
}

/* What the targets ask, of one kind. */
typedef struct summary {
  int64_t n, n_open, n_relaxing, n_wrong, n_predicted, n_predicted_wrong, n_asked, n_right, n_bounds, n_close;
} summary;

static bool is_predicted(const trial *t) {
  return t->record.how == DKM_HOW_PREDICTED;
}

static void print_trial(const trial *t) {
  static const char *const words[] = {"", "wrong", "sensitive", "late"};
  const dkm_record *r = &t->record;
  printf("  %s: %s, %s %lld: %s (%s), t_end %.4g, xi", words[t->finding], t->complaint, kind_name(t->kind),
         (long long)t->index, t->given_up ? "given up" : dkm_verdict_name(r->verdict), dkm_how_name(r->how), r->t_end);
  for (int mu = 0; mu < t->M; mu++) printf(" %.6g", r->xi[mu]);
  printf(", ");
  sample_print(&t->point, t->M);
  printf("\n");
}

static void print_findings(const trial *trials, int64_t n, finding which, int64_t most) {
  int64_t shown = 0, all = 0;
  for (int64_t i = 0; i < n; i++) {
    if (trials[i].finding != which) continue;
    all++;
    if (shown < most) print_trial(&trials[i]), shown++;
  }
  if (all > shown) printf("  ... and %lld more (--lines)\n", (long long)(all - shown));
}

static summary tabulate(kind k, const trial *trials, int64_t n, const options *o) {
  summary s = {.n = n};
  int64_t verdicts[DKM_N_VERDICTS] = {0}, hows[DKM_N_HOWS] = {0}, findings[4] = {0}, n_given_up = 0, n_judged = 0,
          n_spectra = 0, n_steps = 0, n_errors = 0, n_bounds = 0, n_likely = 0, n_likely_right = 0;
  double *steps = calloc((size_t)n + 1, sizeof *steps), *errors = calloc((size_t)n + 1, sizeof *errors),
         *bounds = calloc((size_t)n + 1, sizeof *bounds), total = 0.0;
  if (!steps || !errors || !bounds) exit(2);
  for (int64_t i = 0; i < n; i++) {
    const trial *t = &trials[i];
    const dkm_record *r = &t->record;
    n_given_up += t->given_up;
    if (!t->given_up) {
      verdicts[r->verdict < DKM_N_VERDICTS ? r->verdict : 0]++;
      hows[r->how < DKM_N_HOWS ? r->how : 0]++;
      steps[n_steps++] = (double)r->steps;
      total += (double)r->steps;
    }
    s.n_open += t->given_up || r->verdict == DKM_VERDICT_UNDECIDED;
    s.n_relaxing += !t->given_up && r->verdict == DKM_VERDICT_RELAXING;
    findings[t->finding]++;
    s.n_predicted += is_predicted(t) && (t->asked_label || t->finding == WRONG);
    s.n_predicted_wrong += is_predicted(t) && t->finding == WRONG;
    s.n_wrong += !is_predicted(t) && t->finding == WRONG;
    s.n_asked += t->asked_label;
    s.n_right += t->right_label;
    n_judged += t->judged;
    n_likely += t->asked_likely;
    n_likely_right += t->right_likely;
    n_spectra += t->has_spectrum;
    if (!isnan(t->true_error)) errors[n_errors++] = t->true_error;
    if (!t->given_up && claimed_end(t) && r->verdict != DKM_VERDICT_UNDECIDED) {
      bounds[n_bounds] = isnan(r->xi_error) ? 1e-6 + 0.4 * r->precession * r->precession : r->xi_error;
      s.n_close += bounds[n_bounds++] <= 0.02;
    }
  }
  s.n_bounds = n_bounds;
  printf("\n%s: %lld points\n  verdicts:", kind_name(k), (long long)n);
  for (int v = 0; v < DKM_N_VERDICTS; v++)
    if (verdicts[v]) printf("  %s %lld", dkm_verdict_name(v), (long long)verdicts[v]);
  if (n_given_up) printf("  given up (--cpu-cap) %lld", (long long)n_given_up);
  printf("\n  how:");
  for (int h = 0; h < DKM_N_HOWS; h++)
    if (hows[h]) printf("  %s %lld", dkm_how_name(h), (long long)hows[h]);
  printf("\n  wrong %lld (%lld of them predicted), sensitive %lld, judge late %lld; judged by integration %lld, "
         "spectra %lld\n",
         (long long)findings[WRONG], (long long)s.n_predicted_wrong, (long long)findings[SENSITIVE],
         (long long)findings[LATE], (long long)n_judged, (long long)n_spectra);
  printf("  undecided %.3g %%, relaxing %.3g %%\n", 100.0 * (double)s.n_open / (double)n,
         100.0 * (double)s.n_relaxing / (double)n);
  if (s.n_asked)
    printf("  right label: %lld of %lld that could be judged\n", (long long)s.n_right, (long long)s.n_asked);
  if (n_likely)
    printf("  the label of the judge's last windows, where he ran out of work: %lld of %lld\n",
           (long long)n_likely_right, (long long)n_likely);
  if (k == TILTED_MANY) {
    printf("  xi_error: median %.2g, 90 %% %.2g, 95 %% %.2g, largest %.2g (%lld points)\n",
           quantile(bounds, n_bounds, 0.5), quantile(bounds, n_bounds, 0.9), quantile(bounds, n_bounds, 0.95),
           quantile(bounds, n_bounds, 1.0), (long long)n_bounds);
    printf("  true error: median %.2g, 90 %% %.2g, 95 %% %.2g, largest %.2g (%lld points)\n",
           quantile(errors, n_errors, 0.5), quantile(errors, n_errors, 0.9), quantile(errors, n_errors, 0.95),
           quantile(errors, n_errors, 1.0), (long long)n_errors);
  }
  printf("  steps: total %.4g, median %.4g, 90 %% %.4g, 99 %% %.4g, largest %.4g\n", total,
         quantile(steps, n_steps, 0.5), quantile(steps, n_steps, 0.9), quantile(steps, n_steps, 0.99),
         quantile(steps, n_steps, 1.0));
  free(steps);
  free(errors);
  free(bounds);
  print_findings(trials, n, WRONG, o->n_lines);
  print_findings(trials, n, SENSITIVE, o->n_lines);
  if (findings[LATE]) print_findings(trials, n, LATE, o->n_lines < 3 ? o->n_lines : 3);
  return s;
}

/* ---- work, compared with version 0.1.0's ---- */

typedef struct work {
  int64_t n, n_cut;
  double ours, theirs;
} work;

static bool settled(const dkm_record *r) {
  return r->how == DKM_HOW_SETTLED || r->how == DKM_HOW_SYMMETRIC || !isnan(r->t_settled);
}

static void compare_work(const options *o, work works[N_ONE_SIGN]) {
  char *line = NULL;
  size_t room = 0;
  memset(works, 0, N_ONE_SIGN * sizeof *works);
  FILE *file = o->baseline ? fopen(o->baseline, "r") : NULL;
  if (!file) return;
  int64_t n = 0, most = 4096;
  trial *trials = calloc((size_t)most, sizeof *trials);
  double *theirs = calloc((size_t)most, sizeof *theirs);
  bool *cut = calloc((size_t)most, sizeof *cut);
  if (!trials || !theirs || !cut) exit(2);
  while (n < most && getline(&line, &room, file) > 0) {
    int k;
    long long index, steps;
    char state[16];
    if (line[0] == '#' || sscanf(line, "%d %lld %lld %*s %15s", &k, &index, &steps, state) != 4) continue;
    trials[n] = (trial){.kind = (kind)k, .index = index};
    trials[n].M = sample_point(1, (kind)k, index, &trials[n].point);
    theirs[n] = (double)steps;
    cut[n++] = strcmp(state, "cut") == 0;
  }
  fclose(file);
  free(line);
  run_trials(trials, n, &o->solver, o->cpu_cap);
  for (int64_t i = 0; i < n; i++) {
    work *w = &works[trials[i].kind];
    if (trials[i].given_up || (trials[i].kind == TILTED_MANY && !settled(&trials[i].record))) continue;
    w->n++;
    w->n_cut += cut[i];
    w->ours += (double)trials[i].record.steps;
    w->theirs += theirs[i];
  }
  free(trials);
  free(theirs);
  free(cut);
}

/* ---- targets ---- */

static bool target(const char *text, double value, double bound, bool at_most) {
  const bool met = at_most ? value <= bound : value >= bound;
  printf("  %-72s %10.4g  %s\n", text, value, met ? "met" : "NOT met");
  return met;
}

static double share(int64_t part, int64_t whole) {
  return whole ? (double)part / (double)whole : NAN;
}

static bool targets(const summary s[N_ONE_SIGN], const work works[N_ONE_SIGN]) {
  bool all = true;
  int64_t n_wrong = 0, n_predicted = 0, n_predicted_wrong = 0;
  for (int k = 0; k < N_ONE_SIGN; k++) {
    n_wrong += s[k].n_wrong;
    n_predicted += s[k].n_predicted;
    n_predicted_wrong += s[k].n_predicted_wrong;
  }
  printf("\ntargets\n");
  all &= target("wrong, all kinds, predicted ones apart: none", (double)n_wrong, 0.0, true);
  if (n_predicted)
    all &= target("predicted, those that could be judged: wrong at most 0.01", share(n_predicted_wrong, n_predicted),
                  0.01, true);
  all &= target("exact: undecided or relaxing at most 0.001", share(s[EXACT].n_open + s[EXACT].n_relaxing, s[EXACT].n),
                1e-3, true);
  all &= target("M <= 2: undecided or relaxing at most 0.001",
                share(s[TILTED_FEW].n_open + s[TILTED_FEW].n_relaxing, s[TILTED_FEW].n), 1e-3, true);
  all &= target("M >= 3: undecided at most 0.01", share(s[TILTED_MANY].n_open, s[TILTED_MANY].n), 0.01, true);
  all &=
      target("M >= 3: right label at least 0.99", share(s[TILTED_MANY].n_right, s[TILTED_MANY].n_asked), 0.99, false);
  all &= target("M >= 3: xi_error at most 0.02 for at least 0.95",
                share(s[TILTED_MANY].n_close, s[TILTED_MANY].n_bounds), 0.95, false);
  for (int k = 0; k < N_ONE_SIGN; k++) {
    char text[160];
    const double most = k == TILTED_MANY ? 1e-2 : 1e-3;
    if (works[k].n == 0) {
      snprintf(text, sizeof text, "work / 0.1.0's, %s: nothing to compare", kind_name((kind)k));
      target(text, NAN, most, true);
      all = false;
      continue;
    }
    snprintf(text, sizeof text, "work / 0.1.0's, %s%s, at most %g (%lld points, %lld cut)", kind_name((kind)k),
             k == TILTED_MANY ? ", settled" : "", most, (long long)works[k].n, (long long)works[k].n_cut);
    all &= target(text, works[k].ours / works[k].theirs, most, true);
  }
  return all;
}

/* ---- all of it ---- */

static summary judge_kind(kind k, const options *o, archive *judged) {
  trial *trials = calloc((size_t)o->n + 1, sizeof *trials);
  judgement *j = malloc(sizeof *j);
  if (!trials || !j) exit(2);
  for (int64_t i = 0; i < o->n; i++) {
    trials[i].kind = k;
    trials[i].index = i;
    trials[i].M = sample_point(o->seed, k, i, &trials[i].point);
  }
  double begin = cpu_seconds();
  run_trials(trials, o->n, &o->solver, o->cpu_cap);
  const double seconds = cpu_seconds() - begin;
  int64_t n_spectra = 0, n_judged = 0, ends[3] = {0};
  const double work = k == TILTED_MANY ? o->work : few_work * o->work;
  begin = cpu_seconds();
  for (int64_t i = 0; i < o->n; i++) {
    trial *t = &trials[i];
    check_cheaply(t);
    if (n_spectra < o->n_spectra) check_spectrum(t);
    n_spectra += t->has_spectrum;
    if (n_judged == o->n_judged || !worth_judging(t)) continue;
    n_judged++;
    t->judged = true;
    judgement_of(judged, o->seed, t, work, j);
    ends[j->first.end < j->second.end ? j->first.end : j->second.end]++;
    check_with_judge(t, j, work);
  }
  const summary s = tabulate(k, trials, o->n, o);
  printf(
      "  judge: settled %lld, arrived %lld, ran out of work %lld; CPU: %.2f s for the records, %.2f s for the judge\n",
      (long long)ends[SETTLED], (long long)ends[ARRIVED], (long long)ends[NOT_JUDGED], seconds, cpu_seconds() - begin);
  fflush(stdout);
  free(trials);
  free(j);
  return s;
}

static options read_options(int argc, char **argv) {
  options o = {.n = 1000,
               .n_judged = 100,
               .n_spectra = 150,
               .n_lines = 20,
               .seed = 1,
               .work = 2e7,
               .solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e6}};
  bool t_max_given = false;
  enum { N, SEED, MAX_STEPS, TOLERANCE, T_MAX, JUDGED, JUDGE, SPECTRA, WORK, CPU_CAP, LINES, BASELINE, CAVITY, FIG3 };
  static const struct option names[] = {{"n", required_argument, NULL, N},
                                        {"seed", required_argument, NULL, SEED},
                                        {"max-steps", required_argument, NULL, MAX_STEPS},
                                        {"tolerance", required_argument, NULL, TOLERANCE},
                                        {"t-max", required_argument, NULL, T_MAX},
                                        {"judged", required_argument, NULL, JUDGED},
                                        {"judge", required_argument, NULL, JUDGE},
                                        {"spectra", required_argument, NULL, SPECTRA},
                                        {"work", required_argument, NULL, WORK},
                                        {"cpu-cap", required_argument, NULL, CPU_CAP},
                                        {"lines", required_argument, NULL, LINES},
                                        {"baseline-steps", required_argument, NULL, BASELINE},
                                        {"cavity", no_argument, NULL, CAVITY},
                                        {"fig3-strong", no_argument, NULL, FIG3},
                                        {NULL, 0, NULL, 0}};
  for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (c) {
    case N:
      o.n = atoll(optarg);
      break;
    case SEED:
      o.seed = strtoull(optarg, NULL, 10);
      break;
    case MAX_STEPS:
      o.solver.max_steps = (int64_t)atof(optarg);
      break;
    case TOLERANCE:
      o.solver.tolerance = atof(optarg);
      break;
    case T_MAX:
      o.solver.t_max = atof(optarg), t_max_given = true;
      break;
    case JUDGED:
      o.judged = optarg;
      break;
    case JUDGE:
      o.n_judged = atoll(optarg);
      break;
    case SPECTRA:
      o.n_spectra = atoll(optarg);
      break;
    case WORK:
      o.work = atof(optarg);
      break;
    case CPU_CAP:
      o.cpu_cap = atof(optarg);
      break;
    case LINES:
      o.n_lines = atoll(optarg);
      break;
    case BASELINE:
      o.baseline = optarg;
      break;
    case CAVITY:
      o.cavity = true;
      break;
    case FIG3:
      o.fig3 = true;
      break;
    default:
      exit(2);
    }
  if (optind < argc) fprintf(stderr, "verdicts: what is %s?\n", argv[optind]), exit(2);
  if (o.cavity && !t_max_given) o.solver.t_max = 1e5;
  return o;
}

int main(int argc, char **argv) {
  const options o = read_options(argc, argv);
  gsl_set_error_handler_off();
  if (o.cavity || o.fig3) {
    bool fine = true;
    if (o.cavity) fine &= map_cavity(&o.solver, o.cpu_cap);
    if (o.fig3) fine &= map_fig3_strong(&o.solver, o.cpu_cap);
    return fine ? 0 : 1;
  }
  archive judged;
  summary summaries[N_ONE_SIGN];
  work works[N_ONE_SIGN];
  archive_open(&judged, o.judged);
  for (int k = 0; k < N_ONE_SIGN; k++) summaries[k] = judge_kind((kind)k, &o, &judged);
  compare_work(&o, works);
  const bool all = targets(summaries, works);
  free(judged.at);
  if (judged.file) fclose(judged.file);
  return all ? 0 : 1;
}
