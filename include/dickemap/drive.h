/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drive: g0 and Omega as functions of time.
 *
 * Knots give factors of a point's g0 and Omega at fractions of its `duration` (model.h), with straight lines between them; two
 * knots at the same time are a jump.  Afterwards the factors stay what they are at the last knot; or the drive begins again, with
 * the period `duration`.  A drive is cut into pieces, numbered from 0, on which g0 and Omega are linear. */
#ifndef DICKEMAP_DRIVE_H
#define DICKEMAP_DRIVE_H
#include <stdbool.h>
#include <stdint.h>

#include "dickemap/model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DKM_MAX_KNOTS = 256 };

typedef struct dkm_drive {
  int n;                        /* knots, 2 ... DKM_MAX_KNOTS; 0: there is none */
  bool repeat;                  /* it begins again; otherwise it is over after its duration */
  double time[DKM_MAX_KNOTS];   /* 0 ... 1, never falling, at most two of them equal */
  double g0[DKM_MAX_KNOTS];     /* factors, >= 0 */
  double Omega[DKM_MAX_KNOTS];  /* factors */
} dkm_drive;

/* What a drive (NULL: none) does to a trajectory. */
typedef enum dkm_drive_kind {
  DKM_DRIVE_NONE,    /* nothing but factors: also one whose knots do not differ */
  DKM_DRIVE_ENDS,    /* it is over at time `duration` */
  DKM_DRIVE_REPEATS
} dkm_drive_kind;
dkm_drive_kind dkm_drive_kind_of(const dkm_drive *drive);
static inline bool dkm_drive_repeats(const dkm_drive *drive) {
  return dkm_drive_kind_of(drive) == DKM_DRIVE_REPEATS;
}

/* A piece from `begin` to `end` (of the last one, after a drive that ends: infinity). */
typedef struct dkm_piece {
  double begin, end;
  double g0, g0_slope, Omega, Omega_slope; /* at `begin`, and per time */
} dkm_piece;

/* Piece i, and the number of that in which time t >= 0 lies: begin <= t < end.  Of a point with
 * duration > 0; of no drive, NULL, there is one piece. */
dkm_piece dkm_drive_piece(const dkm_drive *drive, const dkm_point *point, int64_t i);
int64_t dkm_drive_piece_at(const dkm_drive *drive, const dkm_point *point, double t);

/* The point with g0 and Omega as they are at time t: of a piece in which t lies, and of any drive. */
dkm_point dkm_piece_point_at(const dkm_piece *piece, const dkm_point *point, double t);
dkm_point dkm_drive_point_at(const dkm_drive *drive, const dkm_point *point, double t);

/* The point with g0 and Omega as they are in the end, of any drive or NULL; of one that repeats: the point itself. */
dkm_point dkm_drive_final(const dkm_drive *drive, const dkm_point *point);

/* The period of a drive that repeats; 0 of any other, and of NULL. */
double dkm_drive_period(const dkm_drive *drive, const dkm_point *point);

/* The point with g0 and |Omega| as large as they become; of a drive that does not repeat: the point itself. */
dkm_point dkm_drive_most(const dkm_drive *drive, const dkm_point *point);

#ifdef __cplusplus
}
#endif

#endif
