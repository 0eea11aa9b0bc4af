/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ending: signals and time limits; see ending.h. */
#include "ending.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dickemap/clock.h"

static const double longest_reserve = 20, grace = 30; /* seconds; closing a file takes well below one */
/* Seconds for ranks to answer once points under way are given up; what is finished is on disk after one or two. */
static const double least_patience = 10, usr1_patience = 30;
static const double last_part = 0.25; /* of the reserve, for rank 0 alone */

/* Of a process that follows: rank 0 has long ended the run, or left us behind, or is no more. */
enum { SECONDS_TO_FOLLOW = 30 };

static volatile sig_atomic_t n_usr1, n_terminate;
static volatile sig_atomic_t terminated_by, is_follower;

static void end_follower(int number) {
  static const char text[] = "dickemap: a rank that was told to end has waited 30 s for rank 0\n";
  (void)number;
  const ssize_t said = write(STDERR_FILENO, text, sizeof text - 1);
  (void)said; /* perhaps nobody is listening */
  _exit(dkm_status_exit_code(DKM_STOPPED));
}

static void note_signal(int number) {
  if (number == SIGUSR1) {
    if (n_usr1 < 2) n_usr1++;
    return;
  }
  /* Whoever insists gets it: the file is sound at any moment. */
  if (n_terminate++ > 0) {
    signal(number, SIG_DFL);
    raise(number);
  }
  terminated_by = number;
  if (is_follower) alarm(SECONDS_TO_FOLLOW);
}

dkm_status dkm_ending_catch_signals(bool follows, dkm_error *err) {
  static const int numbers[] = {SIGUSR1, SIGTERM, SIGINT};
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  is_follower = follows;
  signal(SIGALRM, end_follower);
  signal(SIGPIPE, SIG_IGN); /* nobody needs to read along */
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (sigaction(numbers[i], &action, NULL) != 0)
      return dkm_fail(err, DKM_INPUT, "signal %d cannot be caught: %s", numbers[i], strerror(errno));
  return DKM_OK;
}

void dkm_ending_answered(void) {
  is_follower = 0;
  alarm(0);
}

/* A number of digits only, up to `most`; *text then points behind it. */
static bool read_number(const char **text, long most, long *number) {
  char *end;
  if (**text < '0' || **text > '9') return false;
  errno = 0;
  *number = strtol(*text, &end, 10);
  *text = end;
  return errno == 0 && *number <= most;
}

/* Numbers with units: 2h, 90min, 1h30m, 1.5 h. */
static bool read_units(const char *text, double *seconds) {
  static const struct {
    const char *name;
    double seconds;
  } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"m", 60}, {"s", 1}};
  enum { N_UNITS = sizeof units / sizeof *units };
  for (*seconds = 0; *text;) {
    char *end;
    int i = 0;
    if (strspn(text, "0123456789.") == 0) return false;
    const double number = strtod(text, &end);
    if (end != text + strspn(text, "0123456789.")) return false;
    text = end + strspn(end, " ");
    while (i < N_UNITS && strncmp(text, units[i].name, strlen(units[i].name)) != 0) i++;
    if (i == N_UNITS) return false;
    *seconds += number * units[i].seconds;
    text += strlen(units[i].name);
    text += strspn(text, " ");
  }
  return isfinite(*seconds);
}

dkm_status dkm_ending_parse_time(const char *option, const char *text, double *seconds, dkm_error *err) {
  const long most = 1000000; /* of the first number, whatever it counts */
  long part[3] = {0}, days = 0;
  int n = 0;
  const char *at = text;
  bool good = true, with_days = false;
  for (; good && n < 3; n++) {
    good = read_number(&at, n == 0 ? most : 59, &part[n]);
    if (good && n == 0 && !with_days && *at == '-') {
      with_days = true;
      days = part[0];
      at++;
      n = -1;
    } else if (*at == ':') {
      at++;
    } else {
      n++;
      break;
    }
  }
  good = good && *at == '\0' && at > text && at[-1] != ':';
  if (with_days && part[0] > 23) good = false;
  if (with_days) /* D-HH, D-HH:MM, D-HH:MM:SS */
    *seconds = 86400.0 * (double)days + 3600.0 * (double)part[0] + 60.0 * (double)part[1] + (double)part[2];
  else if (n == 3)
    *seconds = 3600.0 * (double)part[0] + 60.0 * (double)part[1] + (double)part[2];
  else /* MM, MM:SS */
    *seconds = 60.0 * (double)part[0] + (double)part[1];
  if (!good) good = read_units(text, seconds);
  if (!good || *seconds <= 0)
    return dkm_fail(err, DKM_INPUT,
                    "run: %s %s is not a time (allowed: 2h, 90min, 45s; whole minutes, MM:SS, HH:MM:SS, D-HH:MM:SS; more "
                    "than 0)",
                    option, text);
  return DKM_OK;
}

/* Seconds that are left of a batch job, from SLURM itself, whose older versions do not put the end into the
 * environment; INFINITY if there is no end or no answer, which is said. */
static double ask_slurm(const char *job) {
  char command[128], answer[64] = "";
  double seconds = INFINITY;
  if (job[strspn(job, "0123456789_+")] != '\0') return seconds; /* no number of SLURM's, and no text for a shell */
  snprintf(command, sizeof command, "timeout 10 squeue -h -j %.60s -o %%L 2>/dev/null", job);
  FILE *squeue = popen(command, "r");
  if (squeue && !fgets(answer, sizeof answer, squeue)) answer[0] = '\0';
  const bool answered = squeue && pclose(squeue) == 0 && answer[0] != '\0';
  answer[strcspn(answer, " \n")] = '\0';
  if (!answered)
    fprintf(stderr, "batch job %s: squeue does not say how much time is left; --time-limit does\n", job);
  else if (strcmp(answer, "0:00") == 0)
    seconds = 0;
  else if (dkm_ending_parse_time("", answer, &seconds, NULL) != DKM_OK) /* UNLIMITED, NOT_SET */
    seconds = INFINITY;
  return seconds;
}

dkm_status dkm_ending_begin(dkm_ending *ending, double t_start, double time_limit, dkm_error *err) {
  const char *slurm = getenv("SLURM_JOB_END_TIME"), *job = getenv("SLURM_JOB_ID");
  *ending = (dkm_ending){.t_end = t_start + time_limit,
                         .limit = time_limit,
                         .limit_name = "--time-limit",
                         .t_signal = INFINITY,
                         .t_gave_up = INFINITY};
  if (!slurm || slurm[0] == '\0') {
    const double t = dkm_clock_now(), left = job && job[0] ? ask_slurm(job) : INFINITY;
    if (t + left < ending->t_end) {
      ending->t_end = t + left;
      ending->limit = ending->t_end - t_start;
      ending->limit_name = "the end of the batch job";
    }
    return DKM_OK;
  }
  char *end;
  const double epoch = strtod(slurm, &end);
  if (*end != '\0' || !isfinite(epoch) || epoch <= 0)
    return dkm_fail(err, DKM_INPUT, "SLURM_JOB_END_TIME=%s in the environment is not a time in seconds", slurm);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const double left = epoch - ((double)now.tv_sec + 1e-9 * (double)now.tv_nsec), t = dkm_clock_now();
  if (t + left < ending->t_end) {
    ending->t_end = t + left;
    ending->limit = ending->t_end - t_start;
    ending->limit_name = "SLURM_JOB_END_TIME";
  }
  return DKM_OK;
}

/* Never becomes less urgent. */
static void decide(dkm_ending *ending, dkm_stop stop) {
  if (stop > ending->stop) ending->stop = stop;
}

dkm_stop dkm_ending_look(dkm_ending *ending, double notice) {
  const bool first = ending->stop == DKM_STOP_NOT;
  const double t = dkm_clock_now();
  const double limit = ending->limit > 0 ? ending->limit : 0;
  const double reserve = fmin(longest_reserve, 0.1 * limit), margin = fmin(notice, 0.5 * limit);
  const double t_draw = ending->t_end - reserve - margin,
               t_give_up = ending->suspends ? t_draw : ending->t_end - reserve;

  if (n_terminate > 0) {
    if (first)
      snprintf(ending->reason, sizeof ending->reason, "%s", terminated_by == SIGINT ? "signal INT" : "signal TERM");
    decide(ending, DKM_STOP_GIVE_UP);
  } else if (n_usr1 > 0) {
    if (first) snprintf(ending->reason, sizeof ending->reason, "signal USR1");
    if (!isfinite(ending->t_signal)) ending->t_signal = t;
    decide(ending, n_usr1 > 1 || t >= ending->t_signal + grace ? DKM_STOP_GIVE_UP : DKM_STOP_DRAW_NO_MORE);
  } else if (t >= t_draw) {
    if (first)
      snprintf(ending->reason, sizeof ending->reason, "%s, %.3g s from now; margin %.3g s %s, %.3g s to close",
               ending->limit_name, fmax(ending->t_end - t, 0), margin,
               ending->suspends ? "to save points under way" : "for points", reserve);
    decide(ending, DKM_STOP_DRAW_NO_MORE);
  }
  if (t >= t_give_up) decide(ending, DKM_STOP_GIVE_UP);

  if (ending->stop < DKM_STOP_GIVE_UP) return ending->stop;
  if (!isfinite(ending->t_gave_up)) ending->t_gave_up = t;
  double t_leave = fmax(ending->t_end - last_part * reserve, ending->t_gave_up + least_patience);
  if (n_terminate > 0)
    t_leave = ending->t_gave_up + least_patience;
  else if (n_usr1 > 0)
    t_leave = fmin(t_leave, ending->t_gave_up + fmax(usr1_patience, notice));
  if (t >= t_leave) decide(ending, DKM_STOP_LEAVE_BEHIND);
  return ending->stop;
}
