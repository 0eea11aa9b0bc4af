/* SPDX-License-Identifier: GPL-3.0-or-later */
/* exponent: the largest Lyapunov exponent from the growth of a small separation, with its standard error.
 *
 * The logarithms of the growth are summed over all of the time that a trajectory is followed, in blocks: some tens of
 * them at any time, whose length doubles whenever there are DKM_EXPONENT_BLOCKS.  The first quarter of the time is left
 * out, or three eighths, or half, whichever gives the smallest error (K. P. White, Simulation 69, 323 (1997)): there the
 * separation still turns into the direction that grows, and the motion may be a transient.  The standard error is that of
 * the mean over blocks, over pairs, fours and so on up to two halves, the largest: blocks that are too short depend on each
 * other, and chaos may come late or with long pauses.
 *
 * In regular motion separations grow as time at most, from a part p of it to its end by a factor 1/p: log(1/p) over that
 * time is added to the error, in squares, so that the exponent of a torus is zero within its error.
 *
 * Part of the growth may be doubtful: what rounding errors may have started (sampling.h).  None of it and all of it are
 * equally likely then: half is counted, and half is the error.
 *
 * Only + - * / sqrt: the same bits on every machine. */
#ifndef DICKEMAP_EXPONENT_H
#define DICKEMAP_EXPONENT_H
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a separation has grown, stretch after stretch: by factors[i], NaN where its shadow failed, the overlaps of the
 * trajectory then being those at xi + i stride. Borrowed. */
typedef struct dkm_growth {
  int n;
  const double *factors, *xi;
  size_t stride;
} dkm_growth;

enum { DKM_EXPONENT_BLOCKS = 64 };

typedef struct dkm_exponent {
  double block_time; /* of a block that is full, at least; 0: nothing was added yet */
  int n;             /* full blocks */
  double time[DKM_EXPONENT_BLOCKS], growth[DKM_EXPONENT_BLOCKS], doubt[DKM_EXPONENT_BLOCKS];
  double last_time, last_growth, last_doubt; /* of the block under way */
} dkm_exponent;

/* Begins anew. */
void dkm_exponent_begin(dkm_exponent *exponent);

/* The separation grew by `factor` > 0 in `time` > 0, `doubt` >= 0 of the logarithm of that being doubtful. A factor that is
 * not positive and finite is left out. */
void dkm_exponent_add(dkm_exponent *exponent, double factor, double time, double doubt);

typedef struct dkm_exponent_estimate {
  double time;        /* followed in all */
  double rate, error; /* NaN if fewer than eight blocks are full */
  double doubt;       /* the part of the error that is half of the doubtful growth; the rest adds in squares */
  double late_growth; /* logarithm of the growth over the second half of the time, as far as blocks tell, without doubt */
  double late_time;   /* that half */
} dkm_exponent_estimate;

dkm_exponent_estimate dkm_exponent_now(const dkm_exponent *exponent);

/* log(a) for a > 0 within 1e-15, from + - * / alone. */
double dkm_exponent_log(double a);

#ifdef __cplusplus
}
#endif

#endif
