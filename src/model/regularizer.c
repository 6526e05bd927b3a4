/* The pull of each block beside the loss that updates go down. */
#include "model/regularizer.h"

#include <string.h>

#include "base/mem.h"

void eq_regularizer_free(eq_network_regularizer *r) {
    if (r == NULL) return;
    eq_free(r->pull);
    eq_free(r->center);
    eq_free(r);
}

eq_status eq_network_regularize(eq_network *n, const eq_pull *pull, const double *center,
                                eq_diag *diag) {
    eq_network_regularizer *r = eq_calloc(1, sizeof *r);
    if (r == NULL) return eq_out_of_memory(diag);
    eq_regularizer_free(n->regularizer);
    n->regularizer = r;
    r->pull = eq_calloc(n->blocks, sizeof *r->pull);
    r->center = eq_calloc(n->parameters, sizeof *r->center);
    if (r->pull == NULL || r->center == NULL) return eq_out_of_memory(diag);
    memcpy(r->pull, pull, n->blocks * sizeof *pull);
    memcpy(r->center, center, n->parameters * sizeof *center);
    return EQ_OK;
}

void eq_regularize(const eq_network *n, size_t block, size_t offset, size_t count,
                   const double *theta, const double *gradient, double *whole) {
    const eq_pull *pull = &n->regularizer->pull[block];
    const double *center = n->regularizer->center + n->block[block].first;
    const int32_t *place = n->trained[block].place + offset;
    for (size_t j = 0; j < count; j++)
        whole[j] = gradient[j] + eq_pull_slope(pull, theta[j], center[place[j]]);
}
