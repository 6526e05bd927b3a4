/* The Boltzmann density exp(-(E + beta C)/T) of one example by quadrature, of systems with a few units: what Langevin
 * processes (langevin.h) are to have, and the two sides of Theorem 6.2 (Scellier 2020, section 6.2). */
#ifndef EQ_TRAIN_BOLTZMANN_H
#define EQ_TRAIN_BOLTZMANN_H

#include "train/langevin.h"

enum { EQ_BOLTZMANN_UNITS = 2 }; /* more are too many for a grid */

/* Energies and costs at the midpoints of cells, the last unit's fastest. */
typedef struct eq_boltzmann {
    eq_langevin *l;
    const double *x; /* the inputs of the example */
    size_t cells, points;
    double low[EQ_BOLTZMANN_UNITS], width[EQ_BOLTZMANN_UNITS]; /* width: of a cell */
    double *e, *c;                                             /* [points] */
    double *p, *weight;                                        /* [points] work */
    bool coarse; /* the density is narrower than a few cells */
} eq_boltzmann;

/* Of the only example of the last free phase, which l was opened for; the grid reaches to where the densities of its
 * temperature, free and of the processes of c (NULL: there are none), are nothing. */
eq_status eq_boltzmann_open(eq_boltzmann *b, eq_langevin *l, const double *x, const eq_contrast *c,
                            eq_diag *diag);
void eq_boltzmann_close(eq_boltzmann *b);

/* The chance of each cell of a unit, p[cells], under E + beta C. */
void eq_boltzmann_marginal(eq_boltzmann *b, double beta, size_t unit, double *p);
/* Collects `by` sum_k weight[k] <dE/dtheta>_beta[k] in the model (eq_network_collect). */
eq_status eq_boltzmann_collect(eq_boltzmann *b, const eq_contrast *c, double by, eq_diag *diag);
/* Collects `by` d<C>/dtheta = -(<C dE/dtheta> - <C> <dE/dtheta>)/T. */
eq_status eq_boltzmann_slope(eq_boltzmann *b, double by, eq_diag *diag);

#endif
