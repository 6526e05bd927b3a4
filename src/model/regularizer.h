/* The regularizer of a model, for model.c (eq_network_regularize in model.h is for all others). */
#ifndef EQ_MODEL_REGULARIZER_H
#define EQ_MODEL_REGULARIZER_H

#include "model/network.h"

struct eq_network_regularizer {
    eq_pull *pull;  /* [blocks] */
    double *center; /* [parameters] */
};

void eq_regularizer_free(eq_network_regularizer *r); /* NULL is legal */

/* whole[count]: the gradient of a run of parameters, in the engine's order, with that of the regularizer. */
void eq_regularize(const eq_network *n, size_t block, size_t offset, size_t count,
                   const double *theta, const double *gradient, double *whole);

#endif
