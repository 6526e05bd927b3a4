/* The .measure cards of a deck (ngspice manual, 11.4; Xyce Reference Guide, .MEASURE; LTspice help,
 * .MEAS), evaluated while an analysis runs, point by point. */
#ifndef EQ_ANALYSIS_MEASURE_H
#define EQ_ANALYSIS_MEASURE_H

#include "analysis/probe.h"
#include "result/result.h"

typedef struct eq_measuring eq_measuring;

/* *out is NULL when the deck measures nothing in analyses of this type. */
eq_status eq_measuring_new(const eq_deck *d, eq_analysis_type type, eq_measuring **out,
                           eq_diag *diag);
void eq_measuring_free(eq_measuring *m);
/* Adds a variable for each card to a result without points. */
eq_status eq_measuring_variables(const eq_measuring *m, const eq_deck *d, eq_result *r,
                                 eq_diag *diag);
size_t eq_measuring_count(const eq_measuring *m);
/* Forgets the points so far. */
void eq_measuring_begin(eq_measuring *m);
/* A new sweep begins: its first point has nothing to do with the point before. */
void eq_measuring_sweep(eq_measuring *m, const eq_deck *d);
/* Takes in a point, x being the swept value. */
eq_status eq_measuring_point(eq_measuring *m, eq_probe *at, double x, eq_diag *diag);
/* The values [count] over all points since the beginning; NAN, and a warning, for one that has
 * none. */
void eq_measuring_end(eq_measuring *m, eq_probe *at, double *value, eq_diag *diag);

#endif
