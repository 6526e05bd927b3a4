/* Elastic networks (Scellier 2020, section 2.5; Stern, Arinze, Perez, Palmer and Murugan 2020): nodes in two or
 * three dimensions, springs between them, and the energy
 *
 *   E = sum_k k_k (r_k - l_k)^2/2 - sum_i f_i . u_i
 *
 * of the lengths r_k and the displacements u_i; nothing is linearized. Inputs are forces on coordinates of nodes
 * or the displacements that hold them, outputs displacements of others. It is a model without a circuit: its
 * blocks are k and l. */
#ifndef EQ_MODEL_ELASTIC_H
#define EQ_MODEL_ELASTIC_H

#include "model/model.h"

typedef struct eq_elastic_options {
    char *nodes;            /* path of name,x,y[,z],fixed[,fx,fy,fz]; NULL: no such network */
    char *springs;          /* path of from,to,k[,l] */
    char *inputs, *outputs; /* coordinates: "tip.x tip.y" */
    bool displaced;         /* inputs are displacements [m], else forces [N] */
    double k_min, k_max;    /* N/m */
    double l_min, l_max;    /* m */
    double
        tolerance; /* a state is one where no free node feels a force of that part of the largest k l there */
    size_t steps; /* of Newton's method after which a phase has failed */
    eq_place at;  /* where it was written, all 0: nowhere */
    eq_place inputs_at, outputs_at;
} eq_elastic_options;

eq_elastic_options eq_elastic_defaults(void);
void eq_elastic_options_free(eq_elastic_options *o);
/* EQ_ERR_INPUT: the files do not make a network. The options stay the caller's. */
eq_status eq_elastic_new(const eq_elastic_options *o, eq_network **out, eq_diag *diag);

/* What it is made of, as it stands. */
typedef struct eq_elastic_shape {
    size_t dims, nodes, springs;
    const double (*rest)[3];       /* [nodes] m */
    const bool *fixed;             /* [nodes] */
    const double *k;               /* [springs] N/m */
    const int32_t *input, *output; /* coordinates: node * dims + axis */
} eq_elastic_shape;

/* false: the network is no elastic one. */
bool eq_elastic_shape_of(const eq_network *n, eq_elastic_shape *out);
const char *eq_elastic_node(const eq_network *n, size_t node);
/* The nodes that a spring joins. */
void eq_elastic_ends(const eq_network *n, size_t spring, int32_t *from, int32_t *to);

#endif
