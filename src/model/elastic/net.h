/* The inside of an elastic network: elastic.c makes it, read.c reads its lists, phase.c finds its
 * states, engine.c is the engine of model.h over them. */
#ifndef EQ_MODEL_ELASTIC_NET_H
#define EQ_MODEL_ELASTIC_NET_H

#include "base/text.h"
#include "model/elastic/elastic.h"
#include "model/engine_ops.h"
#include "solver/linear/lin.h"

enum { EQ_ELASTIC_NAME = 96, EQ_ELASTIC_MOST = 1000 };

typedef struct eq_spring {
    int32_t from, to;
} eq_spring;

typedef struct eq_elastic {
    eq_elastic_options o; /* the numbers; its texts are not owned */
    size_t dims, nodes, springs, inputs, outputs;
    size_t node_cap, spring_cap, k_cap, l_cap;
    eq_names *name;    /* of the nodes */
    double (*rest)[3]; /* [nodes] m */
    double (*load)[3]; /* [nodes] N */
    bool *fixed;       /* [nodes] */
    size_t rest_cap, load_cap, fixed_cap;
    eq_spring *spring;
    double *k, *l;           /* [springs] */
    int32_t *input, *output; /* coordinates node * dims + axis */
    int32_t *unknown;        /* [coordinates] EQ_ELASTIC_HELD: held */
    int32_t *coordinate;     /* [unknowns] */
    size_t unknowns;
    char *said; /* of what was asked for last */

    /* of the engine */
    size_t batch, n;
    double *x;                       /* [batch][inputs] */
    double *q[EQ_MAX_SLOTS];         /* [batch][coordinates] m; of the adjoint lambda */
    double *g, *step, *mode, *trial; /* [unknowns], trial [coordinates] */
    double *hessian, *shifted;       /* [unknowns][unknowns] */
    double *ones;                    /* [unknowns] */
    double *force;                   /* [unknowns] N: what the force there is measured by */
    double *pivot;                   /* [unknowns] */
    int32_t *pivot_row;
    double *gradient;     /* [springs] */
    int32_t *start, *row; /* of the dense pattern */
    eq_pattern pattern;
    eq_lin *lin;
    double iterations, solves, worst;
} eq_elastic;

enum { EQ_ELASTIC_HELD = -1 };

static inline size_t eq_elastic_coordinates(const eq_elastic *e) {
    return e->nodes * e->dims;
}

/* read.c */
eq_status eq_elastic_read(eq_elastic *e, eq_diag *diag);

/* phase.c. The vector from one end of spring k to the other over its length, which is returned. */
double eq_elastic_direction(const eq_elastic *e, const double *q, size_t k, double *unit);
/* The energy at q with the inputs x[inputs], and what its terms add up to. */
double eq_elastic_energy(const eq_elastic *e, const double *x, const double *q, double *size);
/* hessian[unknowns][unknowns] and, where it is not NULL, the gradient at q. */
void eq_elastic_assemble(eq_elastic *e, size_t j, const double *q, const eq_nudge *nudge);
/* From q[slot] to a stable minimum of the energy, of all examples. */
eq_status eq_elastic_settle(eq_elastic *e, int slot, const eq_nudge *nudge, eq_diag *diag);
/* lambda = H^-1 dC/dq of all examples into slot EQ_ADJOINT. */
eq_status eq_elastic_adjoint(eq_elastic *e, const double *dcdy, eq_diag *diag);

/* engine.c */
eq_status eq_elastic_engine(eq_elastic *e, const eq_engine_options *o, eq_engine **out,
                            eq_diag *diag);

#endif
