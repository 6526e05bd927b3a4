/* Vectors of numbers and the expressions of them that commands of a .control block hold (ngspice
 * manual, 17.2): arithmetic goes element by element, a scalar goes with every element. */
#ifndef EQ_ANALYSIS_VECTOR_H
#define EQ_ANALYSIS_VECTOR_H

#include "base/text.h"
#include "eqspice.h"

typedef struct eq_vector {
    double *x; /* [n] */
    size_t n;
} eq_vector;

/* Where names come from: a copy of the vector into *out, to be freed; false: there is none. */
typedef struct eq_vectors_of {
    bool (*find)(void *data, const char *name, eq_vector *out);
    void *data;
    /* A function that was defined, at arg[0..n); false: there is none. May be NULL. */
    bool (*call)(void *data, const char *name, const eq_vector *arg, int n, eq_vector *out);
    bool degrees; /* angles are in degrees (set units = degrees) */
} eq_vectors_of;

/* NULL in x: out of memory. */
eq_vector eq_vector_new(size_t n);
eq_vector eq_vector_scalar(double value);
void eq_vector_free(eq_vector *v);
/* The longest expression at *text, which moves behind it. False: *error (of `room` bytes) says what
 * is wrong. */
bool eq_vector_evaluate(const char **text, const eq_vectors_of *names, eq_vector *out, char *error,
                        size_t room);

#endif
