/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_symmetric: density matrices of N spins that no operation tells apart, and of one mode: with losses of single spins.
 *
 * In the basis of sigma_z an element |a_1 ... a_N><b_1 ... b_N| has the same coefficient as all that follow from it by permuting
 * spins, so that it depends on how many spins are in |0><0|, |0><1|, |1><0|, |1><1|, n = (n_0, n_1, n_2, n_3), sum N: C(N+3, 3) numbers
 * p_n, a matrix over photon numbers each,
 *
 *   p[s][l][r] at [(s*d + l)*d + r], two planes (real, imaginary), s: place of n among those sorted by n_0, then n_1, then n_2.
 *
 * What acts on single spins, sum_i L_i with a 4 x 4 matrix l_uv, acts as (N. Shammah et al., Phys. Rev. A 98, 063815 (2018))
 *
 *   p_n' = sum_{u,v} n_u l_uv p_(n - e_u + e_v),
 *
 * and S_z from the left and from the right is a number, n_0 + n_1 - n_2 - n_3 and n_0 + n_2 - n_1 - n_3.
 *
 * Axes of the frame stay those of the laboratory; of the space (finite_space.h) the first factor are the p_n, the second the mode. */
#include <math.h>
#include <string.h>

#include "finite_check.h"
#include "finite_kind.h"

enum { MOST = DKM_FINITE_MAX_SYMMETRIC + 2 }; /* N + 1 and some */

/* Number of n with N spins; place of n. */
static int count_states(int N) {
  return (N + 1) * (N + 2) * (N + 3) / 6;
}

typedef struct places {
  int at[MOST][MOST][MOST]; /* [n_0][n_1][n_2] */
} places;

static void find_places(int N, places *out) {
  int s = 0;
  for (int a = 0; a <= N; a++)
    for (int b = 0; a + b <= N; b++)
      for (int c = 0; a + b + c <= N; c++) out->at[a][b][c] = s++;
}

static double binomial(int n, int k) {
  double out = 1.0;
  for (int i = 1; i <= k; i++) out = out * (n - k + i) / i;
  return out;
}

static void levels(const dkm_finite_model *model, int *d, bool *whole) {
  d[0] = count_states(model->spins_per_class);
  whole[0] = true;
  d[1] = 8;
  whole[1] = false;
}

static double values(const finite_space *space) {
  return 2.0 * space->d[0] * (double)space->d[1] * space->d[1];
}

static double scratch(const finite_space *space) {
  return 2.0 * space->d[1] * (double)space->d[1];
}

/* A product of N equal spins, pure or not, (1 + m.sigma)/2 each, and no photons. */
static void start(const finite_space *space, const dkm_finite_model *model, double *state) {
  const int N = space->N;
  const int64_t block = (int64_t)space->d[1] * space->d[1], plane = space->d[0] * block;
  double m[3];
  dkm_finite_spin(model, 0, m);
  const double up = 0.5 * (1.0 + m[2]), down = 0.5 * (1.0 - m[2]), re = 0.5 * m[0], im = -0.5 * m[1];
  memset(state, 0, 2 * (size_t)plane * sizeof *state);
  int64_t s = 0;
  for (int a = 0; a <= N; a++)
    for (int b = 0; a + b <= N; b++)
      for (int c = 0; a + b + c <= N; c++, s++) {
        double pr = 1.0, pi = 0.0;
        for (int i = 0; i < a; i++) pr *= up;
        for (int i = 0; i < N - a - b - c; i++) pr *= down;
        for (int i = 0; i < b + c; i++) { /* rho_01 = (x - i y)/2, rho_10 its conjugate */
          const double f = i < b ? im : -im, r = pr * re - pi * f;
          pi = pr * f + pi * re;
          pr = r;
        }
        state[s * block] = pr;
        state[plane + s * block] = pi;
      }
}

/* ---- the equation ---- */

/* A matrix of 2 x 2, [2a + b]. */
typedef struct two {
  double re[4], im[4];
} two;

static two times(const two *x, const two *y) {
  two out = {{0}, {0}};
  for (int a = 0; a < 2; a++)
    for (int b = 0; b < 2; b++)
      for (int c = 0; c < 2; c++) {
        const int p = 2 * a + c, q = 2 * c + b;
        out.re[2 * a + b] += x->re[p] * y->re[q] - x->im[p] * y->im[q];
        out.im[2 * a + b] += x->re[p] * y->im[q] + x->im[p] * y->re[q];
      }
  return out;
}

static void add(two *to, double re, double im, const two *x) {
  for (int i = 0; i < 4; i++) {
    to->re[i] += re * x->re[i] - im * x->im[i];
    to->im[i] += re * x->im[i] + im * x->re[i];
  }
}

/* rate (L rho L^+ - {L^+ L, rho}/2) for a real L. */
static void dissipate(two *out, double rate, const two *L, const two *rho) {
  two adjoint = *L;
  adjoint.re[1] = L->re[2];
  adjoint.re[2] = L->re[1];
  const two left = times(L, rho), both = times(&left, &adjoint), LL = times(&adjoint, L);
  const two a = times(&LL, rho), b = times(rho, &LL);
  add(out, rate, 0.0, &both);
  add(out, -0.5 * rate, 0.0, &a);
  add(out, -0.5 * rate, 0.0, &b);
}

/* l_uv of -i[v.sigma, rho] and the losses, along the axis of sigma_x. */
static void single_spin(const dkm_finite_model *model, const double *v, double re[4][4], double im[4][4]) {
  const two H = {{v[2], v[0], v[0], -v[2]}, {0.0, -v[1], v[1], 0.0}};
  const two down = {{0.5, 0.5, -0.5, -0.5}, {0}}, up = {{0.5, -0.5, 0.5, -0.5}, {0}}, x = {{0.0, 1.0, 1.0, 0.0}, {0}};
  for (int column = 0; column < 4; column++) {
    two rho = {{0}, {0}}, out = {{0}, {0}};
    rho.re[column] = 1.0;
    const two a = times(&H, &rho), b = times(&rho, &H);
    add(&out, 0.0, -1.0, &a);
    add(&out, 0.0, 1.0, &b);
    dissipate(&out, model->gamma_down, &down, &rho);
    dissipate(&out, model->gamma_up, &up, &rho);
    dissipate(&out, model->gamma_phi, &x, &rho);
    for (int row = 0; row < 4; row++) re[row][column] = out.re[row], im[row][column] = out.im[row];
  }
}

/* out += (a + i b) x */
static void add_block(int64_t n, double a, double b, const double *xr, const double *xi, double *restrict yr, double *restrict yi) {
  for (int64_t i = 0; i < n; i++) {
    yr[i] += a * xr[i] - b * xi[i];
    yi[i] += a * xi[i] + b * xr[i];
  }
}

/* y = loss, free evolution and coupling of one block x over photon numbers; left, right: numbers that S_z is. */
static void photons(const finite_operator *op, double left, double right, const double *xr, const double *xi, double *restrict yr,
                    double *restrict yi) {
  const int64_t d = op->space->d[1];
  const double *root = op->space->root, *w = op->space->omega_n, *h = op->space->half_kappa_n;
  const double gl = op->scale * left, gr = op->scale * right, kappa = op->kappa[0];
  for (int64_t l = 0; l < d; l++) {
    const int64_t at = l * d;
    for (int64_t r = 0; r < d; r++) {
      const int64_t i = at + r;
      const double f = w[l] - w[r], loss = h[l] + h[r];
      yr[i] = f * xi[i] - loss * xr[i];
      yi[i] = -f * xr[i] - loss * xi[i];
    }
    const double below = gl * root[l], above = l + 1 < d ? gl * root[l + 1] : 0.0;
    const int64_t down = l > 0 ? at - d : at, up = l + 1 < d ? at + d : at;
    for (int64_t r = 0; r < d; r++) {
      yr[at + r] += below * xi[down + r] + above * xi[up + r];
      yi[at + r] -= below * xr[down + r] + above * xr[up + r];
    }
    for (int64_t r = 1; r < d; r++) {
      yr[at + r] -= gr * root[r] * xi[at + r - 1];
      yi[at + r] += gr * root[r] * xr[at + r - 1];
      yr[at + r - 1] -= gr * root[r] * xi[at + r];
      yi[at + r - 1] += gr * root[r] * xr[at + r];
    }
    if (l + 1 < d)
      for (int64_t r = 0; r + 1 < d; r++) {
        const double e = kappa * root[l + 1] * root[r + 1];
        yr[at + r] += e * xr[up + r + 1];
        yi[at + r] += e * xi[up + r + 1];
      }
  }
}

static void rhs(const finite_kernel *kernel, const finite_operator *op, const dkm_finite_model *model, const double *state, double *out,
                double *work) {
  (void)kernel;
  (void)work;
  const int N = op->space->N;
  const int64_t block = (int64_t)op->space->d[1] * op->space->d[1], plane = op->space->d[0] * block;
  double re[4][4], im[4][4];
  places place;
  find_places(N, &place);
  single_spin(model, op->v[0], re, im);
  int64_t s = 0;
  for (int a = 0; a <= N; a++)
    for (int b = 0; a + b <= N; b++)
      for (int c = 0; a + b + c <= N; c++, s++) {
        const int n[4] = {a, b, c, N - a - b - c};
        double *yr = out + s * block, *yi = yr + plane;
        photons(op, n[0] + n[1] - n[2] - n[3], n[0] + n[2] - n[1] - n[3], state + s * block, state + plane + s * block, yr, yi);
        for (int u = 0; u < 4; u++)
          for (int v = 0; v < 4; v++) {
            if (n[u] == 0 || (re[u][v] == 0.0 && im[u][v] == 0.0)) continue;
            int to[4] = {n[0], n[1], n[2], n[3]};
            to[u]--;
            to[v]++;
            const double *x = state + place.at[to[0]][to[1]][to[2]] * block;
            add_block(block, n[u] * re[u][v], n[u] * im[u][v], x, x + plane, yr, yi);
          }
      }
}

/* ---- what is read off ---- */

/* Sum over photon numbers from `level` on of the diagonal of a block. */
static double trace_from(const double *block, int64_t d, int64_t level) {
  double sum = 0.0;
  for (int64_t l = level; l < d; l++) sum += block[l * d + l];
  return sum;
}

static void moments(const finite_space *space, const double *state, finite_moments *out) {
  const int N = space->N;
  const int64_t d = space->d[1], block = d * d, plane = space->d[0] * block;
  places place;
  find_places(N, &place);
  double norm = 0.0, sz = 0.0, szz = 0.0, sx = 0.0, sy = 0.0, flip = 0.0, n = 0.0, b_re = 0.0, b_im = 0.0;
  for (int a = 0; a <= N; a++) {
    const double *x = state + place.at[a][0][0] * block;
    const double many = binomial(N, a), weight = many * trace_from(x, d, 0), z = 2.0 * a - N;
    norm += weight;
    sz += weight * z;
    szz += weight * z * z;
    for (int64_t l = 1; l < d; l++) {
      n += many * (double)l * x[l * d + l];
      b_re += many * space->root[l] * x[l * d + l - 1];
      b_im += many * space->root[l] * x[plane + l * d + l - 1];
    }
    if (a < N) { /* one spin in |0><1| */
      const double *q = state + place.at[a][1][0] * block;
      sx += 2.0 * N * binomial(N - 1, a) * trace_from(q, d, 0);
      sy -= 2.0 * N * binomial(N - 1, a) * trace_from(q + plane, d, 0);
    }
    if (a < N - 1) /* and another one in |1><0| */
      flip += binomial(N - 2, a) * trace_from(state + place.at[a][1][1] * block, d, 0);
  }
  out->norm = norm;
  out->S[0][0] = sx / norm;
  out->S[0][1] = sy / norm;
  out->S[0][2] = sz / norm;
  out->SS[0] = 2.0 * N + (szz + 4.0 * N * (N - 1.0) * flip) / norm;
  out->b_re[0] = b_re / norm;
  out->b_im[0] = b_im / norm;
  out->n[0] = n / norm;
}

static double tail(const finite_space *space, const double *state, int f, int level) {
  const int N = space->N;
  const int64_t d = space->d[1];
  double some = 0.0, all = 0.0;
  places place;
  find_places(N, &place);
  for (int a = 0; a <= N; a++) {
    const double *x = state + place.at[a][0][0] * d * d;
    some += binomial(N, a) * trace_from(x, d, f == 1 && level > 0 ? level : 0);
    all += binomial(N, a) * trace_from(x, d, 0);
  }
  return some / all;
}

static void move(const finite_space *from, const double *state, const finite_space *to, double *out) {
  const int64_t d = from->d[1], D = to->d[1], common = d < D ? d : D;
  memset(out, 0, 2 * (size_t)(to->d[0] * D * D) * sizeof *out);
  for (int64_t s = 0; s < 2 * from->d[0]; s++)
    for (int64_t l = 0; l < common; l++) memcpy(out + (s * D + l) * D, state + (s * d + l) * d, (size_t)common * sizeof *out);
}

const finite_kind dkm_finite_symmetric = {levels, values, scratch, start, rhs, moments, tail, move};
