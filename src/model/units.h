/* The units of networks without a circuit: layer by layer as their engines hold them, s[l][n][width[l]] for l =
 * 1 .. layers, and as all others see them, v[n][units], the layers of an example behind each other. */
#ifndef EQ_MODEL_UNITS_H
#define EQ_MODEL_UNITS_H

#include "base/text.h"
#include "model/engine.h"

void eq_units_gather(size_t n, size_t layers, const size_t *width, double *const *s, double *v);
void eq_units_scatter(size_t n, size_t layers, const size_t *width, const double *v,
                      double *const *s);
/* Adds the error of each unit; they count as nodes do, in the order of v. */
void eq_units_disturb(size_t n, size_t layers, const size_t *width, double *const *s,
                      eq_disturbance error, const void *data);
/* "s1_3": unit 3 of layer 1. */
void eq_unit_name(const size_t *width, size_t unit, eq_text *out);
/* A phase that does not settle after so many "steps" or "sweeps": the unit that is farthest, which this frees, and its
 * example from 0; lower: what else may be lowered than the weights ("the step of Euler or "). */
eq_status eq_units_unsettled(eq_text *unit, size_t example, size_t count, const char *steps,
                             double off, double tolerance, const char *lower, eq_diag *diag);
/* Refuses a capacitance of the units of a network ("a Hopfield network"); NAN and 1 are none. */
eq_status eq_units_open(const char *network, double farad, eq_diag *diag);

#endif
