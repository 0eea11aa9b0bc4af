/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settling: what settling.c (barriers, labels) and plateau.c (order parameters in octaves of time) share. */
#ifndef DICKEMAP_SETTLING_H
#define DICKEMAP_SETTLING_H
#include "inquiry.h"

/* ---- plateau.c ---- */

/* A window that has passed, ending at time t; the octave under way ends with it if it is time. Returns whether it
 * did. */
bool dkm_plateau_add_window(dkm_settling *s, const dkm_inquiry *q, const dkm_window *window, double t);

/* Pattern of the leading overlap with its sign, 0: none. */
int dkm_plateau_label(const dkm_inquiry *q, const double *xi);

/* Whether means have been steady, one overlap far ahead of the others, for so many octaves and steps. */
bool dkm_plateau_is_steady(const dkm_settling *s, int n_octaves, int64_t n_steps, int64_t steps, double t);

/* Whether one overlap of the last octave stands out. */
bool dkm_plateau_stands_out(const dkm_settling *s, const dkm_inquiry *q);

/* Whether anything can be said of the last octaves when a trajectory is given up: one overlap stands out, or they are
 * flat though two of them are so close that it is not said which leads. */
bool dkm_plateau_is_there(const dkm_settling *s, const dkm_inquiry *q, const dkm_window *window);

/* Whether order parameters have been followed for as long as it is worth it, `steps` after the start. */
bool dkm_plateau_is_followed(const dkm_settling *s, int64_t steps);

/* Whether windows of the last octave agree well enough to be told apart from what only a sign is open of. */
bool dkm_plateau_is_quiet(const dkm_settling *s);

/* Verdict on order parameters as they are now, `dark_precession` or `relaxing`; how: the label is known. */
void dkm_plateau_end(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane, dkm_how how,
                     dkm_record *record);

/* `undecided`, with what is known nevertheless. */
void dkm_plateau_undecided(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                           dkm_record *record);

/* ---- settling.c ---- */

bool dkm_settling_is_settled(const dkm_settling *s);

/* t_settled, and the barrier if V was found below it. */
void dkm_settling_fill_barrier(const dkm_settling *s, dkm_record *record);

#endif
