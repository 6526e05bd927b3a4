#include "model/units.h"

#include <math.h>
#include <string.h>

void eq_units_gather(size_t n, size_t layers, const size_t *width, double *const *s, double *v) {
    for (size_t j = 0; j < n; j++)
        for (size_t l = 1; l <= layers; v += width[l++])
            memcpy(v, s[l] + j * width[l], width[l] * sizeof *v);
}

void eq_units_scatter(size_t n, size_t layers, const size_t *width, const double *v,
                      double *const *s) {
    for (size_t j = 0; j < n; j++)
        for (size_t l = 1; l <= layers; v += width[l++])
            memcpy(s[l] + j * width[l], v, width[l] * sizeof *v);
}

void eq_units_disturb(size_t n, size_t layers, const size_t *width, double *const *s,
                      eq_disturbance error, const void *data) {
    for (size_t j = 0; j < n; j++) {
        eq_node unit = 0;
        for (size_t l = 1; l <= layers; l++)
            for (size_t k = 0; k < width[l]; k++) s[l][j * width[l] + k] += error(data, j, unit++);
    }
}

void eq_unit_name(const size_t *width, size_t unit, eq_text *out) {
    size_t l = 1;
    for (; unit >= width[l]; l++) unit -= width[l];
    eq_text_printf(out, "s%zu_%zu", l, unit + 1);
}

eq_status eq_units_unsettled(eq_text *unit, size_t example, size_t count, const char *steps,
                             double off, double tolerance, const char *lower, eq_diag *diag) {
    static const double beyond = 1e100;
    eq_status status;
    if (unit->failed)
        status = eq_out_of_memory(diag);
    else if (!(off <= beyond))
        status = eq_fail(diag, EQ_ERR_CONVERGE,
                         "unit %s goes beyond what numbers hold in example %zu of the minibatch; "
                         "look at encoding and data, at the weights (init, learning rates), and at "
                         "cost and beta if it is nudged",
                         unit->text, example + 1);
    else
        status = eq_fail(diag, EQ_ERR_CONVERGE,
                         "a phase of the network does not settle: after %zu %s a unit is still "
                         "%.3g off, more than tolerance=%g (farthest is %s in example %zu of the "
                         "minibatch); raise steps, or lower %sthe weights (their learning rates)",
                         count, steps, off, tolerance, unit->text, example + 1, lower);
    eq_text_free(unit);
    return status;
}

eq_status eq_units_open(const char *network, double farad, eq_diag *diag) {
    if (isnan(farad) || farad == 1.0) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE,
                   "the units of %s have no capacitance; leave --capacitance out", network);
}
