/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tail: what a random sample of costs says about the cost of all, where a few points take most of it.
 *
 * Costs of points are spread over orders of magnitude, so the mean of a sample is neither that of a typical point nor
 * as exact as its standard error has it.  The interval is a bootstrap, which knows no more than the sample: what no
 * sample has met comes on top. */
#ifndef DICKEMAP_TAIL_H
#define DICKEMAP_TAIL_H

/* In all functions n >= 1 and values >= 0. */

/* Ascending, in place. */
void dkm_tail_sort(double *values, int n);

/* The smallest of the sorted values that at least the fraction q of them does not exceed. */
double dkm_tail_quantile(const double *sorted, int n, double q);

/* Share of the sum that the largest values take, so many that they are this fraction of all, a part of one included;
 * 0 if the sum is. */
double dkm_tail_share(const double *sorted, int n, double fraction);

/* Between which values the mean of a sample of this size lies with 90 %, if costs are distributed as these are. Gives
 * the same answer whenever it is asked. */
void dkm_tail_mean_interval(const double *values, int n, double interval[2]);

/* How large a fraction of all may lie above the largest of n random ones, with 95 % confidence: (1 - p)^n = 0.05. */
double dkm_tail_unseen(int n);

#endif
