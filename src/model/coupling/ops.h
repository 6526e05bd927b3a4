/* What a kind of coupling provides, for coupling.c. */
#ifndef EQ_MODEL_COUPLING_OPS_H
#define EQ_MODEL_COUPLING_OPS_H

#include "model/coupling/coupling.h"

/* Work is cut into parts that do not depend on the number of threads, so that the bits do not. */
enum { EQ_COUPLING_LANES = 16 };

/* One call. Which of the arrays are there, coupling.h says. */
typedef struct eq_coupling_call {
    const eq_coupling *c;
    const eq_coupling_room *r;
    size_t n;
    const double *s, *u; /* lower and upper states */
    const uint8_t *index;
    uint8_t *found;
    const void *w; /* the weights in the precision of the products */
    double factor;
    double *out;
} eq_coupling_call;

struct eq_coupling_ops {
    size_t (*room)(const eq_coupling *c); /* doubles of one lane */
    void (*forward)(eq_coupling_call *k);
    void (*backward)(eq_coupling_call *k);
    void (*slope)(eq_coupling_call *k);
};

extern const eq_coupling_ops eq_coupling_dense, eq_coupling_listed; /* coupling.c */
extern const eq_coupling_ops eq_coupling_convolves;                 /* convolution.c */
extern const eq_coupling_ops eq_coupling_convolves_single;          /* convolution_single.c */

#endif
