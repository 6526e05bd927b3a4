/* Couplings between two layers of a network, all examples of a minibatch at once. A coupling with weights
 * w makes of the lower layer's state s the field of the upper one,
 *
 *   dense:           A(s) = s w,
 *   convolutional:   A(s) = P(w * s)      (Scellier 2020, Eq. 5.11),
 *
 * with the convolution * and the pooling P, and its term of a primitive function is u . (A(s) + b) for the
 * upper state u. A' u, the slope of that by s, is u w^T, or w^T * P^-1(u), where P^-1 puts each value
 * back where the largest of its window stood, or evenly over it.
 *
 * A state lies row by row, an example each; in it the channels of one place lie side by side, places
 * row by row of the image. w[rows][columns]: a convolution's rows are the places of its kernel, with
 * the lower channels of one side by side, its columns the upper channels. */
#ifndef EQ_MODEL_COUPLING_H
#define EQ_MODEL_COUPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "solver/pool.h"

typedef enum eq_pooling { EQ_POOLING_NONE, EQ_POOLING_MAX, EQ_POOLING_AVERAGE } eq_pooling;

/* "none", "max" or "average". */
bool eq_pooling_find(const char *name, eq_pooling *pooling);
const char *eq_pooling_name(eq_pooling pooling);

typedef struct eq_shape {
    size_t channels, height, width;
} eq_shape;

static inline size_t eq_shape_units(eq_shape s) {
    return s.channels * s.height * s.width;
}

/* What a layer is: dense with `channels` units, or a convolution. */
typedef struct eq_coupling_kind {
    bool convolves;
    size_t channels;
    size_t kernel, padding; /* kernel x kernel, with so many zeros around the image */
    eq_pooling pooling;
    size_t
        window; /* of the pooling, which moves by its width; what is left over at the edge drops out */
} eq_coupling_kind;

typedef struct eq_coupling_ops eq_coupling_ops;

typedef struct eq_coupling {
    const eq_coupling_ops *ops;
    eq_coupling_kind kind;
    bool single;                 /* products are taken in single precision */
    eq_shape lower, made, upper; /* made: before the pooling */
    size_t rows, columns;        /* of w */
    size_t count;                /* of its parameters */
    int32_t *row, *column;       /* [count] of a list of those, rising; NULL: all of w are */
    double *theta;               /* [count] w itself where there is no list */
    double *w; /* [rows][columns], 0 where the list has none; NULL: that has few */
    double *b; /* [columns], of every place of the upper layer */
} eq_coupling;

/* Numbers of the slopes by its weights: those of a short list, else of all of w. */
static inline size_t eq_coupling_slopes(const eq_coupling *c) {
    return c->w == NULL ? c->count : c->rows * c->columns;
}

/* The room of the products, shared by the couplings of a network. */
typedef struct eq_coupling_room {
    eq_pool *threads;
    double *lane; /* [EQ_COUPLING_LANES][each] */
    size_t each;
    float *weights; /* those of one coupling, where products are taken in single precision */
} eq_coupling_room;

/* Without its arrays. EQ_ERR_INPUT: the shapes do not fit. */
eq_status eq_coupling_of(eq_coupling_kind kind, eq_shape lower, eq_coupling *out, eq_diag *diag);

/* w, theta (unless it is there) and b; false when memory runs out. */
bool eq_coupling_allocate(eq_coupling *c);
/* The same without b. */
bool eq_coupling_allocate_weights(eq_coupling *c);
/* From now on the products of a convolution are taken in single precision, or not (as at first). */
void eq_coupling_in_single(eq_coupling *c, bool single);
/* w of theta, where there is a list that is not short. */
void eq_coupling_expand(eq_coupling *c);
/* Of slopes those of the parameters, in front. */
void eq_coupling_gather(const eq_coupling *c, double *values);
void eq_coupling_clear(eq_coupling *c);
eq_status eq_coupling_room_new(const eq_coupling *const *c, size_t count, int threads,
                               eq_coupling_room *out, eq_diag *diag);
void eq_coupling_room_clear(eq_coupling_room *r);

/* field[n][upper] = b. */
void eq_coupling_biases(const eq_coupling *c, size_t n, double *field);
/* field[n][upper] += A(s), s[n][lower]. Of a max pooling, index[n][upper] receives where in its window
 * each largest value stood; find false: what stands there is taken, whatever it is. */
void eq_coupling_forward(const eq_coupling *c, const eq_coupling_room *r, size_t n, const double *s,
                         uint8_t *index, bool find, double *field);
/* field[n][lower] += A'(u), u[n][upper]. */
void eq_coupling_backward(const eq_coupling *c, const eq_coupling_room *r, size_t n,
                          const double *u, const uint8_t *index, double *field);
/* slope[rows][columns], or [count] of a short list, += factor sum_n d(u_n . A(s_n))/dw. */
void eq_coupling_slope(const eq_coupling *c, const eq_coupling_room *r, size_t n, double factor,
                       const double *u, const double *s, const uint8_t *index, double *slope);
/* slope[columns] += factor sum_n d(u_n . b)/db. */
void eq_coupling_bias_slope(const eq_coupling *c, size_t n, double factor, const double *u,
                            double *slope);

#endif
