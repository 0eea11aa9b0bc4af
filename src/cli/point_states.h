/* SPDX-License-Identifier: GPL-3.0-or-later */
/* point_states: a table of all stationary states of a point; for `point --states`. */
#ifndef DICKEMAP_POINT_STATES_H
#define DICKEMAP_POINT_STATES_H
#include "dickemap/ground.h"

/* Prints the states, those of lowest U first, one line for all images of each. */
void dkm_point_states_print(const dkm_ground *ground, int n_modes);

#endif
