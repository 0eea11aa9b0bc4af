/* SPDX-License-Identifier: GPL-3.0-or-later */
/* progress: how far the run is; see dickemap/progress.h.
 *
 *   terminal    [############------------------] 412/800 points, 51.5 %, 133/s, ETA 0:00:03
 *   batch log   412/800 points, 51.5 %, 133/s, ETA 0:00:03
 *
 * The rate is that of this run alone, so that points done before a resume do not flatter it.
 *
 * The ETA assumes that the rest goes at the rate of late.  Until the first points are reported all ranks have some
 * under way, each of which may take minutes: counted from the start, the first few would promise a run that lasts for
 * ever.  So the rate is counted from the first report on, and given once it means something; later it is that of the
 * last third to half of the run, since points that lie together in a grid cost alike. */
#include "dickemap/progress.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dickemap/clock.h"

static const double interval_terminal = 0.2, interval_log = 10.0; /* seconds */
/* The ETA is given after so many seconds and points since the first report, or after so many seconds if there is one. */
static const double least_seconds = 3, enough_seconds = 60;
enum { LEAST_POINTS = 16, GOOD_PART = 20 }; /* one in so many */
static const double mark_growth = 1.5, first_mark = 5; /* a mark every time that the run is 1.5 times as long */
enum { MAX_BAR = 40, MIN_BAR = 5, LINE_BYTES = 160, DEFAULT_COLUMNS = 80 };

/* Three significant digits, no exponent: 0.0123, 4.56, 133, 10400. */
static void format_rate(double rate, char *out, size_t out_bytes) {
  int digits = rate > 0 ? 2 - (int)floor(log10(rate)) : 0;
  if (digits < 0) digits = 0;
  if (digits > 6) digits = 6;
  snprintf(out, out_bytes, "%.*f", digits, rate);
}

void dkm_progress_note(dkm_progress *p, int64_t n_done, double elapsed) {
  const dkm_progress_mark now = {elapsed, n_done};
  if (!p->begun) {
    p->begun = n_done > p->n_before;
    p->first = p->since = p->next = now;
  } else if (elapsed - p->first.elapsed > mark_growth * (p->next.elapsed - p->first.elapsed) + first_mark) {
    p->since = p->next;
    p->next = now;
  }
}

/* Points a second for the ETA; 0 if there is none to be trusted.  Few points, or slow ones, are counted from the start once they are a
 * good part of all, or a minute after the first. */
static double recent_rate(const dkm_progress *p, int64_t n_done, double elapsed) {
  const dkm_progress_mark start = {0, p->n_before}, since = p->begun ? p->since : start;
  const double seconds = elapsed - since.elapsed;
  const int64_t n = n_done - since.n_done, n_new = n_done - start.n_done;
  const bool enough = !p->begun || seconds >= enough_seconds || (seconds >= least_seconds && n >= LEAST_POINTS);
  if (seconds > 0 && enough && n > 0) return (double)n / seconds;
  const bool late = n_new > 0 && (n_new * GOOD_PART >= p->n_total - p->n_before || elapsed - p->first.elapsed >= enough_seconds);
  return elapsed > 0 && late ? (double)n_new / elapsed : 0;
}

void dkm_progress_line(const dkm_progress *progress, int64_t n_done, double elapsed, char *out, int out_bytes) {
  int64_t n_new = n_done - progress->n_before, n_left = progress->n_total - n_done;
  double rate = elapsed > 0 ? (double)n_new / elapsed : 0;
  char speed[32], eta[48] = "ETA unknown";
  format_rate(rate, speed, sizeof speed);
  if (n_left <= 0) {
    snprintf(eta, sizeof eta, "done");
  } else if ((rate = recent_rate(progress, n_done, elapsed)) > 0) {
    double seconds = ceil((double)n_left / rate);
    if (seconds < 1e9) {
      long s = (long)seconds;
      snprintf(eta, sizeof eta, "ETA %ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    }
  }
  /* Rounded down: 100 % means that nothing is left. */
  double percent = progress->n_total > 0 ? floor(1000.0 * (double)n_done / (double)progress->n_total) / 10 : 100;
  snprintf(out, (size_t)out_bytes, "%lld/%lld points, %.1f %%, %s/s, %s", (long long)n_done,
           (long long)progress->n_total, percent, speed, eta);
}

static void print_bar(const dkm_progress *progress, int64_t n_done, const char *line) {
  static const char full[] = "########################################";
  static const char empty[] = "----------------------------------------";
  struct winsize window;
  int columns = DEFAULT_COLUMNS;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) columns = window.ws_col;
  int room = columns - (int)strlen(line) - 4; /* "[", "] " and the last column, which may wrap */
  int width = room < MAX_BAR ? room : MAX_BAR;
  if (width >= MIN_BAR) {
    int filled = progress->n_total > 0 ? (int)(width * ((double)n_done / (double)progress->n_total)) : width;
    fprintf(stderr, "\r[%.*s%.*s] %s\033[K", filled, full, width - filled, empty, line);
  } else {
    fprintf(stderr, "\r%.*s\033[K", columns - 1, line);
  }
  fflush(stderr);
}

static void print(dkm_progress *progress, int64_t n_done, double t) {
  char line[LINE_BYTES];
  dkm_progress_line(progress, n_done, t - progress->t_start, line, sizeof line);
  if (progress->terminal)
    print_bar(progress, n_done, line);
  else
    fprintf(stderr, "%s\n", line);
  progress->t_printed = t;
}

/* The launcher of a rank: its parent, or with MPICH the parent of a proxy; 0 if there is none. */
static long launcher(void) {
  char path[64], name[17] = "";
  long parent = (long)getppid(), above = 0;
  if (getenv("OMPI_COMM_WORLD_RANK")) return parent;
  if (!getenv("PMI_RANK")) return 0;
  snprintf(path, sizeof path, "/proc/%ld/stat", parent); /* "pid (name) state ppid" */
  FILE *file = fopen(path, "re");
  if (!file) return 0;
  if (fscanf(file, "%*d (%16[^)]) %*c %ld", name, &above) != 2 || strcmp(name, "hydra_pmi_proxy") != 0) above = 0;
  fclose(file);
  return above;
}

/* mpirun passes standard error on through a pipe; then it matters where its own goes. */
static bool shown_on_terminal(void) {
  if (isatty(STDERR_FILENO)) return true;
  const long pid = launcher();
  if (pid <= 0) return false;
  char path[64];
  struct stat info;
  snprintf(path, sizeof path, "/proc/%ld/fd/%d", pid, STDERR_FILENO);
  if (stat(path, &info) != 0 || !S_ISCHR(info.st_mode)) return false;
  int fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  bool terminal = fd >= 0 && isatty(fd);
  if (fd >= 0) close(fd);
  return terminal;
}

void dkm_progress_start(dkm_progress *progress, int64_t n_total, int64_t n_before) {
  *progress = (dkm_progress){.n_total = n_total, .n_before = n_before, .terminal = shown_on_terminal()};
  progress->t_start = progress->t_printed = dkm_clock_now();
}

void dkm_progress_update(dkm_progress *progress, int64_t n_done) {
  double t = dkm_clock_now();
  dkm_progress_note(progress, n_done, t - progress->t_start);
  if (t - progress->t_printed >= (progress->terminal ? interval_terminal : interval_log)) print(progress, n_done, t);
}

void dkm_progress_end(dkm_progress *progress, int64_t n_done) {
  print(progress, n_done, dkm_clock_now());
  if (progress->terminal) fputc('\n', stderr);
}
