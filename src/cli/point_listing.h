/* SPDX-License-Identifier: GPL-3.0-or-later */
/* point_listing: everything about one point, for `point`, which has computed it, and `show`, which has read it from a file.
 *
 * First what became of it, in words; then the parameters that are used; then the fields of the record that apply, those of modes side by
 * side; then closed forms to compare with.  As JSON all fields are there, and what does not apply is null. */
#ifndef DICKEMAP_POINT_LISTING_H
#define DICKEMAP_POINT_LISTING_H
#include <jansson.h>

#include "dickemap/ground.h"
#include "dickemap/task.h"

typedef struct dkm_listing {
  const char *what;        /* "point of small.yaml", "point 5 of small.h5" */
  const dkm_job *job;
  const dkm_system *system; /* of the point (dkm_spins_system) */
  const dkm_point *asked;  /* what --at says; NULL: the point itself */
  const dkm_point *point;
  const dkm_form *form;    /* of the record */
  const void *record;      /* NULL: there is none */
} dkm_listing;

/* What is about the point alone, and the rest. */
void dkm_listing_print_parameters(const dkm_listing *listing);
void dkm_listing_print(const dkm_listing *listing);

/* A new object; states: of the point, NULL: nobody asked. */
json_t *dkm_listing_json(const dkm_listing *listing, const dkm_ground *states);

/* The axis of a parameter that the record is about all values of, as counted starts are; NULL: it has one. */
const dkm_axis *dkm_listing_all_of(const dkm_listing *listing, const dkm_parameter *parameter);

/* How many rows of a record there are along a dimension beside modes: outcomes, states that were found. */
int64_t dkm_listing_rows(const dkm_form *form, const void *record, dkm_shape shape);

#endif
