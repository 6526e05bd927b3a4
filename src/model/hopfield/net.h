/* The inside of a deep Hopfield network: hopfield.c makes it, phase.c finds its states,
 * engine.c is the engine of model.h over the two. */
#ifndef EQ_MODEL_HOPFIELD_NET_H
#define EQ_MODEL_HOPFIELD_NET_H

#include "model/dynamics.h"
#include "model/engine_ops.h"
#include "model/hopfield/hopfield.h"
#include "model/mixing.h"

/* Layer l = 1 .. layers: the units behind weights w[width[l-1]][width[l]] and biases b[width[l]];
 * layer 0 is the inputs. All arrays of a minibatch lie row by row, an example each. */
typedef struct eq_hopfield {
    eq_hopfield_options o;
    size_t layers, units, largest, evens; /* largest: layer; evens: units of even layers */
    double *w[EQ_HOPFIELD_LAYERS], *b[EQ_HOPFIELD_LAYERS];
    char (*name)[8]; /* of the blocks: w1, b1, .. */
    char *said;      /* of the parameter asked for last */

    /* of the engine */
    size_t batch, n;                             /* n: examples of the current minibatch */
    double *x;                                   /* [batch][inputs] */
    double *s[EQ_MAX_SLOTS][EQ_HOPFIELD_LAYERS]; /* [batch][width]; s[.][0] = x */
    double *drive; /* [batch][width[1]]: x W_1 + b_1, which no phase changes */
    double *off;   /* [batch] work: residuals */
    double *even;  /* [batch][evens] the even layers before a sweep */
    double *swept; /* [evens] those of one example behind it */
    eq_mixing *mixing;
    double *field;                    /* [batch][largest] work */
    double *next[EQ_HOPFIELD_LAYERS]; /* [batch][width] work: a whole state */
    double *gradient;                 /* [largest block] */
    double passes, solves, worst;     /* passes: through the weights between units, of all solves */
} eq_hopfield;

enum { EQ_HOPFIELD_NAME = 64 };

/* engine.c. The engine, which works on h itself and is freed before it. */
eq_status eq_hopfield_engine(eq_hopfield *h, const eq_engine_options *o, eq_engine **out,
                             eq_diag *diag);

/* phase.c. From the state in slot 0 (or zero, of the free phase) to that of the slot. */
eq_status eq_hopfield_settle(eq_hopfield *h, int slot, const eq_nudge *nudge, eq_diag *diag);
/* s <- clip(s - step dE/ds) of all layers at once (Eq. 3.25); the largest |s - clip(s - dE/ds)| before. */
double eq_hopfield_euler(eq_hopfield *h, double **s, const eq_nudge *nudge, double step);
/* h->next: the field s - dE/ds of all layers. */
void eq_hopfield_field(eq_hopfield *h, double **s, const eq_nudge *nudge);
/* What units of the other layers make of layer l: field[n][width] = s_(l-1) W_l + s_(l+1) W_(l+1)^T, without the
 * inputs. */
void eq_hopfield_couple(const eq_hopfield *h, double *const *s, size_t l, double *field);
/* Solves H lambda = dC/ds on the units strictly inside (0, 1) of the free phase, where H is the Hessian
 * of E: the stationary point of recurrent backpropagation (Eq. 3.12-3.15). The others have none. */
eq_status eq_hopfield_adjoint(eq_hopfield *h, const double *dcdy, eq_diag *diag);

extern const eq_dynamics_ops eq_hopfield_dynamics_ops; /* dynamics.c */

#endif
