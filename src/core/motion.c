/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kinds of motion from samples of the order parameters: moments, section, spectrum, exponent.
 *
 * References: J.-P. Eckmann and D. Ruelle, Rev. Mod. Phys. 57, 617 (1985); for frequencies
 * from neighbouring bins of a windowed transform: B. G. Quinn, IEEE Trans. Signal Process.
 * 42, 1264 (1994); for frequencies that stay as the mark of a torus: J. Laskar, Physica D 67, 257 (1993). */
#include "dickemap/motion.h"

#include <gsl/gsl_fft_complex.h>
#include <math.h>
#include <string.h>

#include "dickemap/exponent.h"

/* What recurs to the first fraction of its size may be a cycle that is still approached, to the second, it is one
 * as far as a window can tell. Each further guess recurs better by this factor. */
static const double recurs_nearly = 0.1, recurs = 1e-7, recurs_better = 0.5;
/* Below this many times the integrator's tolerance an oscillation is not one of the equations. */
static const double noise_tolerances = 10.0;
/* The logarithm of a separation grows by more than the first in each half of the window in
 * chaotic motion, or, where calm and bursts alternate, by three times that over the whole of a long
 * window; it stays below the second over the whole of it in regular motion, where
 * separations grow as time at most, that is by log 4. */
static const double chaotic_growth = 8.0, regular_growth = 3.0;
/* In regular motion moments of the two halves agree to this fraction of the size, frequencies to this many bins. */
static const double moments_agree = 1e-2, frequencies_agree = 0.05;
/* A second line weaker than this (in power) is a leak of the window or noise. */
static const double weakest_line = 1e-12;
/* Fewer samples than this do not tell a torus from slow or weakly chaotic motion. */
enum { TORUS_LEAST = 4 * DKM_MOTION_LEAST, N_BLOCKS = 8, SKIPPED_BLOCKS = 2 };

/* Of the work space, in units of DKM_MOTION_MOST: sines, a transform (complex), powers, crossings. */
enum { SINES = 0, COMPLEX = DKM_MOTION_MOST, POWERS = 3 * DKM_MOTION_MOST, CROSSINGS = 4 * DKM_MOTION_MOST };

_Static_assert(CROSSINGS + DKM_MOTION_MOST <= DKM_SERIES_WORK, "the work space is too small");

/* ---- weights, by arithmetic that is the same everywhere ---- */

/* w[2j], w[2j+1] = cos, sin of 2 pi j/n for j < n/2, by halving angles and adding them. */
static void make_twiddles(double *w, int n) {
  w[0] = 1.0;
  w[1] = 0.0;
  double c = -1.0, s = 0.0; /* of pi: the angle of one step of 2 */
  for (int have = 1; have < n / 2; have *= 2) {
    const double c_half = sqrt(0.5 * (1.0 + c)), s_half = have == 1 ? 1.0 : 0.5 * s / c_half;
    c = have == 1 ? 0.0 : c_half;
    s = s_half;
    for (int j = have - 1; j >= 0; j--) { /* spread what is there, put the new angles between */
      const double re = w[2 * j], im = w[2 * j + 1];
      w[4 * j] = re;
      w[4 * j + 1] = im;
      w[4 * j + 2] = re * c - im * s;
      w[4 * j + 3] = re * s + im * c;
    }
  }
}

/* cos(2 pi j/n), j < n, from the table of n. */
static double cosine_of(const double *w, int n, int j) {
  return j < n / 2 ? w[2 * j] : -w[2 * (j - n / 2)];
}

/* ---- moments ---- */

typedef struct moments {
  double mean[3 * DKM_MAX_MODES], variance[3 * DKM_MAX_MODES];
} moments;

/* Of samples first ... first + n - 1, with the weights sin^2(pi i/n) (w: twiddles of n_samples). */
static void take_moments(const dkm_series *s, const double *w, int first, int n, moments *m) {
  const int row = 3 * s->n_modes, stride = s->n_samples / n;
  memset(m, 0, sizeof *m);
  for (int i = 0; i < n; i++) {
    const double weight = (1.0 - cosine_of(w, s->n_samples, i * stride)) / n;
    for (int c = 0; c < row; c++) m->mean[c] += weight * s->values[(first + i) * row + c];
  }
  for (int i = 0; i < n; i++) {
    const double weight = (1.0 - cosine_of(w, s->n_samples, i * stride)) / n;
    for (int c = 0; c < row; c++) {
      const double d = s->values[(first + i) * row + c] - m->mean[c];
      m->variance[c] += weight * d * d;
    }
  }
}

static double total_size(const moments *m, int row) {
  double sum = 0.0;
  for (int c = 0; c < row; c++) sum += m->variance[c];
  return sqrt(sum);
}

/* An extremum of variable c near x: the vertex of a parabola through three values close by. */
static double extremum_near(const dkm_series *s, int c, double x) {
  const double step = 0.25, left = dkm_series_variable_at(s, c, x - step), middle = dkm_series_variable_at(s, c, x),
               right = dkm_series_variable_at(s, c, x + step);
  const double slope = right - left, curvature = right - 2.0 * middle + left;
  /* A vertex within the three, else the curve is no parabola. */
  return fabs(slope) < 2.0 * fabs(curvature) ? middle - slope * slope / (8.0 * curvature) : middle;
}

/* Half of peak to peak of each xi: extrema are where its rate changes sign. */
static void take_amplitudes(const dkm_series *s, dkm_motion *motion) {
  const int row = 3 * s->n_modes;
  for (int mu = 0; mu < s->n_modes; mu++) {
    double low = s->values[mu], high = low;
    for (int i = 0; i < s->n; i++) {
      double v = s->values[i * row + mu];
      low = v < low ? v : low;
      high = v > high ? v : high;
      const double before = s->rates[i * row + mu], after = i + 1 < s->n ? s->rates[(i + 1) * row + mu] : 0.0;
      if (!(before * after < 0.0)) continue;
      v = extremum_near(s, mu, i + before / (before - after));
      low = v < low ? v : low;
      high = v > high ? v : high;
    }
    motion->xi_amplitude[mu] = 0.5 * (high - low);
    if (motion->xi_amplitude[mu] > motion->amplitude) motion->amplitude = motion->xi_amplitude[mu];
  }
}

static double quietest_sample(const dkm_series *s) {
  const int row = 3 * s->n_modes;
  double quietest = INFINITY;
  for (int i = 0; i < s->n; i++) {
    double largest = 0.0;
    for (int c = 0; c < row; c++) largest = fmax(largest, fabs(s->values[i * row + c]));
    quietest = fmin(quietest, largest);
  }
  return quietest;
}

static double largest_rate(const dkm_series *s) {
  double largest = 0.0;
  for (int i = 0; i < s->n * 3 * s->n_modes; i++) largest = dkm_larger(largest, fabs(s->rates[i]));
  return largest;
}

/* ---- the balance of energy ---- */

double dkm_motion_power(const dkm_point *point, int n_modes, const double *v) {
  double power = 0.0;
  if (dkm_point_has_losses(point)) return NAN;
  for (int mu = 0; mu < n_modes; mu++) {
    const double xi = v[mu], re = v[n_modes + mu], im = v[2 * n_modes + mu];
    if (point->imbalance != 0.0)
      power -= point->kappa_mu[mu] *
               (2.0 * re * (point->Omega_mu[mu] * re + point->g0 * xi) + point->kappa_mu[mu] * re * im);
    else
      power -= point->kappa_mu[mu] * (point->Omega_mu[mu] * (re * re + im * im) + point->g0 * xi * re);
  }
  return power;
}

/* Mean power of samples first ... first + n - 1, weighted with sin^4 = (3 - 4 cos x + cos 2x)/8: of beats of close lines,
 * which are slow, that leaves less than the weights of take_moments. *other: with those. */
static double mean_power(const dkm_series *s, const dkm_point *point, const double *w, int first, int n,
                         double *other) {
  const int row = 3 * s->n_modes, stride = s->n_samples / n;
  double mean = 0.0;
  *other = 0.0;
  for (int i = 0; i < n; i++) {
    const double once = cosine_of(w, s->n_samples, i * stride), twice = 2.0 * once * once - 1.0;
    const double power = dkm_motion_power(point, s->n_modes, s->values + (size_t)(first + i) * (size_t)row) / n;
    mean += (1.0 - (4.0 * once - twice) / 3.0) * power;
    *other += (1.0 - once) * power;
  }
  return mean;
}

/* Standard error of the mean power from n parts of the window. Of halves alone it is small by chance too often. */
static double power_error(const dkm_series *s, const dkm_point *point, const double *w, int n) {
  const int part = s->n_samples / n;
  double sum = 0.0, square = 0.0, other;
  for (int i = 0; i < n; i++) {
    const double mean = mean_power(s, point, w, i * part, part, &other);
    sum += mean;
    square += mean * mean;
  }
  return sqrt(fmax(0.0, square - sum * sum / n) / (n * (n - 1.0)));
}

/* ---- the section ---- */

/* Speed at which variable c crosses the level upwards, the slowest crossing; 0 if there are too few. */
static double slowest_crossing(const dkm_series *s, int c, double level) {
  enum { ENOUGH = 8 };
  const int row = 3 * s->n_modes;
  double slowest = INFINITY;
  int n = 0;
  for (int i = DKM_SERIES_NODES; i < s->n - DKM_SERIES_NODES; i++) {
    const double a = s->values[i * row + c], b = s->values[(i + 1) * row + c];
    if (!(a < level && b >= level)) continue;
    const double ra = s->rates[i * row + c], rb = s->rates[(i + 1) * row + c], speed = ra < rb ? ra : rb;
    slowest = speed < slowest ? speed : slowest;
    n++;
  }
  return n >= ENOUGH && slowest > 0.0 ? slowest : 0.0;
}

/* The variable and the level that are crossed fastest, relative to how that variable moves. */
static bool choose_section(const dkm_series *s, const moments *m, int *variable, double *level) {
  static const double shifts[] = {0.0, 0.5, -0.5, 0.9, -0.9};
  const int row = 3 * s->n_modes;
  double best = 0.0, largest = 0.0;
  for (int c = 0; c < row; c++) largest = m->variance[c] > largest ? m->variance[c] : largest;
  for (int c = 0; c < row; c++) {
    if (m->variance[c] < 0.1 * largest) continue;
    const double rms = sqrt(m->variance[c]);
    for (size_t j = 0; j < sizeof shifts / sizeof shifts[0]; j++) {
      const double speed = slowest_crossing(s, c, m->mean[c] + shifts[j] * rms) / rms;
      if (speed <= best) continue;
      best = speed;
      *variable = c;
      *level = m->mean[c] + shifts[j] * rms;
    }
  }
  return best > 0.0;
}

/* Where variable c passes the level between samples i and i + 1: false position, the side
 * that stays halved (Illinois). */
static double crossing_between(const dkm_series *s, int c, double level, int i) {
  const int row = 3 * s->n_modes;
  double a = i, b = i + 1.0, fa = s->values[i * row + c] - level, fb = s->values[(i + 1) * row + c] - level;
  double x = b;
  if (fb == 0.0) return b;
  for (int iteration = 0; iteration < 60; iteration++) {
    const double x_new = a - fa * (b - a) / (fb - fa);
    const bool converged = fabs(x_new - x) < 1e-13 * (1.0 + b);
    x = x_new;
    const double f = dkm_series_variable_at(s, c, x) - level;
    if (converged || f == 0.0) break;
    if (f < 0.0) {
      a = x;
      fa = f;
      fb *= 0.5;
    } else {
      b = x;
      fb = f;
      fa *= 0.5;
    }
  }
  return x;
}

static int find_crossings(const dkm_series *s, int c, double level, double *x) {
  const int row = 3 * s->n_modes;
  int n = 0;
  for (int i = DKM_SERIES_NODES; i < s->n - DKM_SERIES_NODES; i++)
    if (s->values[i * row + c] < level && s->values[(i + 1) * row + c] >= level)
      x[n++] = crossing_between(s, c, level, i);
  return n;
}

static double distance_between(const dkm_series *s, double x, double y) {
  double v[3 * DKM_MAX_MODES], w[3 * DKM_MAX_MODES], sum = 0.0;
  dkm_series_at(s, x, v);
  dkm_series_at(s, y, w);
  for (int c = 0; c < 3 * s->n_modes; c++) sum += (v[c] - w[c]) * (v[c] - w[c]);
  return sqrt(sum);
}

/* What may be periods, see the header. */
static void guess_periods(const dkm_series *s, const moments *m, dkm_motion *motion) {
  double *x = s->work + CROSSINGS, level = 0.0, best = recurs_nearly / recurs_better;
  int c = 0;
  if (!choose_section(s, m, &c, &level)) return;
  const int n = find_crossings(s, c, level, x), last = n - 1;
  for (int p = 1; p <= n / 2 && motion->n_periods < DKM_MOTION_PERIODS && best > recurs; p++) { /* two returns */
    const double apart = distance_between(s, x[last - p], x[last]) / motion->size;
    if (!(apart < recurs_better * best)) continue;
    motion->periods[motion->n_periods++] = (x[last] - x[last - p]) * s->dt;
    motion->recurrence = best = apart;
  }
}

/* ---- the spectrum ---- */

/* The window is sin^6 (Rife and Vincent's first class of order 3): d bins off a line its leak is
 * prod_{j=1}^3 j^2/(d^2 - j^2)/(pi d) at most, 1e-6 at 10 bins. */
enum { WINDOW_ORDER = 3, UNRESOLVED = WINDOW_ORDER + 2 };

/* Power of all variables by bin 0 ... n/2 of samples first ... first + n - 1. */
static void power_spectrum(const dkm_series *s, const double *w, const moments *m, int first, int n, double *a,
                           double *power) {
  const int M = s->n_modes, row = 3 * M, N = s->n_samples, stride = N / n;
  memset(power, 0, (size_t)(n / 2 + 1) * sizeof *power);
  for (int mu = 0; mu < M; mu++)
    for (int beta = 0; beta < 2; beta++) {
      const int re = beta ? M + mu : mu, im = 2 * M + mu;
      for (int i = 0; i < n; i++) {
        const double square = 1.0 - cosine_of(w, N, i * stride), weight = square * square * square;
        const double *v = s->values + (size_t)(first + i) * (size_t)row;
        a[2 * i] = weight * (v[re] - m->mean[re]);
        a[2 * i + 1] = beta ? weight * (v[im] - m->mean[im]) : 0.0;
      }
      gsl_fft_complex_radix2_forward(a, 1, (size_t)n);
      for (int k = 0; k <= n / 2; k++) {
        const double *p = a + 2 * k, *q = a + 2 * ((n - k) % n);
        power[k] += p[0] * p[0] + p[1] * p[1] + q[0] * q[0] + q[1] * q[1];
      }
    }
}

/* A line between bins: the ratio of the two highest amplitudes tells where. */
static double line_position(const double *power, int k) {
  const double left = power[k - 1], right = power[k + 1], side = right > left ? right : left;
  const double ratio = sqrt(side / power[k]), shift = ((WINDOW_ORDER + 1.0) * ratio - WINDOW_ORDER) / (ratio + 1.0);
  return right > left ? k + shift : k - shift;
}

/* The line at bin position f, NaN if there is none within a bin. The leading ones may be so nearly equal in power that
 * which of them comes first is chance. */
static double line_near(const double *power, int n, double f) {
  const int middle = (int)(f + 0.5);
  for (int k = middle > 2 ? middle - 1 : 1; k <= middle + 1 && k < n / 2; k++)
    if (power[k] >= power[k - 1] && power[k] > power[k + 1]) return line_position(power, k);
  return NAN;
}

/* Distance of bin position f from the nearest n/q of the bin position f1. */
static double distance_from_multiple(double f, double f1, int q) {
  const double n = f * q / f1;
  return fabs(n - floor(n + 0.5)) * f1 / q;
}

/* Whether a line at f of this relative power may be one of f1, its multiples or their leaks, or a simple fraction of
 * it. */
static bool belongs_to(double f, double power, double f1) {
  if (distance_from_multiple(f, f1, 2) < 1.0 || distance_from_multiple(f, f1, 3) < 1.0) return true;
  const double d = distance_from_multiple(f, f1, 1);
  if (d < UNRESOLVED) return true;
  double leak = 1.0 / (M_PI * d);
  for (int j = 1; j <= WINDOW_ORDER; j++) leak *= j * j / (d * d - j * j);
  return power < 10.0 * leak * leak;
}

/* The leading line and the leading one that has nothing to do with it; NaN if there is none.
 * Positions in bins. */
static void leading_lines(const double *power, int n, double *position, double *weight) {
  double strongest = 0.0;
  position[0] = position[1] = NAN;
  weight[0] = weight[1] = NAN;
  for (int k = 2; k < n / 2 - 1; k++)
    if (power[k] >= power[k - 1] && power[k] > power[k + 1] && power[k] > strongest) {
      strongest = power[k];
      position[0] = line_position(power, k);
    }
  if (!(strongest > 0.0)) return;
  weight[0] = 1.0;
  double second = weakest_line;
  for (int k = 2; k < n / 2 - 1; k++)
    if (power[k] >= power[k - 1] && power[k] > power[k + 1] && power[k] > second * strongest) {
      const double f = line_position(power, k), relative = power[k] / strongest;
      if (belongs_to(f, relative, position[0])) continue;
      second = weight[1] = relative;
      position[1] = f;
    }
}

/* ---- the growth of separations ---- */

/* Growth by halves of the window, in blocks as they come. */
static void take_growth(const dkm_series *s, dkm_motion *motion, double *growth_by_half) {
  const int n = s->n_samples / DKM_MOTION_STRETCH, length = n / N_BLOCKS, n_blocks = N_BLOCKS - SKIPPED_BLOCKS;
  growth_by_half[0] = growth_by_half[1] = 0.0;
  for (int b = 0; b < n_blocks; b++)
    for (int j = (SKIPPED_BLOCKS + b) * length; j < (SKIPPED_BLOCKS + b + 1) * length; j++)
      growth_by_half[b >= n_blocks / 2] += dkm_exponent_log(s->growth[j]);
  motion->growth = growth_by_half[0] + growth_by_half[1];
}

/* ---- all of it ---- */

/* Whether the two halves of the window show the same moments and the same lines. */
static bool halves_agree(const dkm_series *s, const double *w, const moments halves[2], const double *position,
                         double size) {
  const int n = s->n_samples / 2, row = 3 * s->n_modes;
  double *a = s->work + COMPLEX, *power = s->work + POWERS;
  /* Lines that are one in half of the window, or change each other there: only the next window can tell. */
  const bool merge = distance_from_multiple(position[1], position[0], 1) < 2.0 * UNRESOLVED;
  for (int c = 0; c < row; c++) {
    if (!(fabs(halves[1].mean[c] - halves[0].mean[c]) <= moments_agree * size)) return false;
    if (!(fabs(sqrt(halves[1].variance[c]) - sqrt(halves[0].variance[c])) <= moments_agree * size)) return false;
  }
  for (int half = 0; half < 2 && !merge; half++) {
    power_spectrum(s, w, &halves[half], half * n, n, a, power);
    for (int i = 0; i < 2; i++)
      if (!(fabs(line_near(power, n, 0.5 * position[i]) - 0.5 * position[i]) <= frequencies_agree)) return false;
  }
  return true;
}

void dkm_motion_analyse(const dkm_series *s, const dkm_point *point, double tolerance, dkm_motion *motion) {
  const int M = s->n_modes, N = s->n_samples;
  double *w = s->work + SINES, *a = s->work + COMPLEX, *power = s->work + POWERS;
  double position[2], growth[2];
  moments whole, halves[2];
  *motion = (dkm_motion){.kind = DKM_MOTION_UNCLEAR, .recurrence = NAN, .frequency = {NAN, NAN}};
  make_twiddles(w, N);
  take_moments(s, w, 0, N, &whole);
  for (int half = 0; half < 2; half++) take_moments(s, w, half * (N / 2), N / 2, &halves[half]);
  for (int mu = 0; mu < M; mu++) {
    const int re = M + mu, im = 2 * M + mu;
    motion->xi[mu] = whole.mean[mu];
    motion->beta_re[mu] = whole.mean[re];
    motion->beta_im[mu] = whole.mean[im];
    motion->xi_rms[mu] = sqrt(whole.variance[mu]);
    motion->beta_sq[mu] =
        whole.mean[re] * whole.mean[re] + whole.variance[re] + whole.mean[im] * whole.mean[im] + whole.variance[im];
    const double change = fabs(halves[1].mean[mu] - halves[0].mean[mu]);
    motion->drift = change > motion->drift ? change : motion->drift;
  }
  motion->size = total_size(&whole, 3 * M);
  for (int half = 0; half < 2; half++) motion->half_size[half] = total_size(&halves[half], 3 * M);
  take_amplitudes(s, motion);
  motion->rate_max = largest_rate(s);
  motion->quietest = quietest_sample(s);
  double other;
  motion->power = mean_power(s, point, w, 0, N, &other);
  motion->power_resolution = fabs(motion->power - other);
  motion->power_error = fmax(power_error(s, point, w, 2), power_error(s, point, w, 4));
  take_growth(s, motion, growth);
  if (!(motion->size > noise_tolerances * tolerance)) return;

  guess_periods(s, &whole, motion);
  power_spectrum(s, w, &whole, 0, N, a, power);
  leading_lines(power, N, position, motion->weight);
  for (int i = 0; i < 2; i++) motion->frequency[i] = position[i] * 2.0 * M_PI / (N * s->dt);
  const bool steadily = growth[0] > chaotic_growth && growth[1] > chaotic_growth;
  if (steadily || (N >= DKM_MOTION_LONG && motion->growth > 3.0 * chaotic_growth))
    motion->kind = DKM_MOTION_CHAOS;
  else if (N >= TORUS_LEAST && fabs(motion->growth) < regular_growth && !isnan(position[1]) &&
           halves_agree(s, w, halves, position, motion->size))
    motion->kind = DKM_MOTION_TORUS;
}
