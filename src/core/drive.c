/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of drives; see dickemap/drive.h. */
#include "dickemap/drive.h"

#include <math.h>

static bool is_constant(const dkm_drive *drive) {
  for (int i = 1; i < drive->n; i++)
    if (drive->g0[i] != drive->g0[0] || drive->Omega[i] != drive->Omega[0]) return false;
  return true;
}

dkm_drive_kind dkm_drive_kind_of(const dkm_drive *drive) {
  if (!drive || drive->n == 0 || is_constant(drive)) return DKM_DRIVE_NONE;
  return drive->repeat ? DKM_DRIVE_REPEATS : DKM_DRIVE_ENDS;
}

/* The knot at which the j-th interval between knots begins that has a length; -1: there are only j of them. */
static int begin_of(const dkm_drive *drive, int64_t j) {
  for (int i = 0; i + 1 < drive->n; i++)
    if (drive->time[i + 1] > drive->time[i] && j-- == 0) return i;
  return -1;
}

static int64_t n_intervals(const dkm_drive *drive) {
  int64_t n = 0;
  for (int i = 0; i + 1 < drive->n; i++) n += drive->time[i + 1] > drive->time[i];
  return n;
}

dkm_piece dkm_drive_piece(const dkm_drive *drive, const dkm_point *point, int64_t i) {
  if (!drive || drive->n == 0) return (dkm_piece){.end = INFINITY, .g0 = point->g0, .Omega = point->Omega};
  const int64_t n = n_intervals(drive), period = drive->repeat ? i / n : 0;
  const int k = begin_of(drive, drive->repeat ? i % n : i);
  const int last = drive->n - 1;
  if (k < 0)
    return (dkm_piece){.begin = point->duration,
                       .end = INFINITY,
                       .g0 = point->g0 * drive->g0[last],
                       .Omega = point->Omega * drive->Omega[last]};
  const double length = (drive->time[k + 1] - drive->time[k]) * point->duration;
  return (dkm_piece){.begin = ((double)period + drive->time[k]) * point->duration,
                     .end = ((double)period + drive->time[k + 1]) * point->duration,
                     .g0 = point->g0 * drive->g0[k],
                     .g0_slope = point->g0 * (drive->g0[k + 1] - drive->g0[k]) / length,
                     .Omega = point->Omega * drive->Omega[k],
                     .Omega_slope = point->Omega * (drive->Omega[k + 1] - drive->Omega[k]) / length};
}

int64_t dkm_drive_piece_at(const dkm_drive *drive, const dkm_point *point, double t) {
  int64_t i = 0;
  if (!drive || drive->n == 0) return 0;
  const int64_t n = n_intervals(drive);
  if (drive->repeat) i = n * (int64_t)fmax(0.0, floor(t / point->duration) - 1.0); /* rounding: not too late */
  while (dkm_drive_piece(drive, point, i).end <= t) i++;
  return i;
}

dkm_point dkm_piece_point_at(const dkm_piece *piece, const dkm_point *point, double t) {
  dkm_point now = *point;
  now.g0 = piece->g0 + piece->g0_slope * (t - piece->begin);
  now.Omega = piece->Omega + piece->Omega_slope * (t - piece->begin);
  return now;
}

dkm_point dkm_drive_point_at(const dkm_drive *drive, const dkm_point *point, double t) {
  const dkm_piece piece = dkm_drive_piece(drive, point, dkm_drive_piece_at(drive, point, t));
  return dkm_piece_point_at(&piece, point, t);
}

dkm_point dkm_drive_final(const dkm_drive *drive, const dkm_point *point) {
  dkm_point last = *point;
  if (!drive || drive->n == 0 || dkm_drive_repeats(drive)) return last;
  last.g0 *= drive->g0[drive->n - 1];
  last.Omega *= drive->Omega[drive->n - 1];
  return last;
}

double dkm_drive_period(const dkm_drive *drive, const dkm_point *point) {
  return dkm_drive_repeats(drive) ? point->duration : 0.0;
}

dkm_point dkm_drive_most(const dkm_drive *drive, const dkm_point *point) {
  dkm_point most = *point;
  double g0 = 0.0, Omega = 0.0;
  if (!dkm_drive_repeats(drive)) return most;
  for (int i = 0; i < drive->n; i++) {
    g0 = fmax(g0, drive->g0[i]);
    Omega = fmax(Omega, fabs(drive->Omega[i]));
  }
  most.g0 *= g0;
  most.Omega *= Omega;
  return most;
}
