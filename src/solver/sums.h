/* What the rows of a port class add to the currents of nodes and to the slots of the Jacobian, stretch by stretch: the
 * thread that evaluates a stretch sums it up, so that its rows stay in the cache of its core and no other reads
 * them. Only where many rows meet at few nodes, as those of a rail do; elsewhere the sums are as long as the rows. */
#ifndef EQ_SOLVER_SUMS_H
#define EQ_SOLVER_SUMS_H

#include "solver/ports.h"

/* The stamps of a port class, those of one slope di_a/dz_b together. */
typedef struct eq_bound {
    size_t start[EQ_MAX_TERMINALS * EQ_MAX_TERMINALS + 1]; /* at a nodes + b */
    int32_t *row, *slot; /* [stamps] of the table, of the pattern */
    double *coefficient; /* [stamps] L R */
} eq_bound;

/* Where the sums of a class go: those of each stretch one after the other, the last of them filled up with zeros that
 * go to ground and to slot 0. */
typedef struct eq_sums {
    const int32_t *row; /* [stamps] of eq_bound, as coefficient */
    const double *coefficient;
    size_t stretch, stretches, pairs; /* rows of one; of slopes */
    size_t *node_start, *slot_start;  /* [stretches + 1] */
    eq_node *node;                    /* of each sum */
    double *current, *size[2];        /* A: of currents, of |currents|, of eq_port_rows.size */
    int32_t *slot;
    double *value;                       /* S */
    uint32_t *to_node[EQ_MAX_TERMINALS]; /* [rows] the sum of a row's current; NULL: not wanted */
    uint32_t *to_slot;                   /* [stamps] */
    size_t *first;                       /* [pairs][stretches + 1] stamps of a slope */
} eq_sums;

/* Leaves r->sums of a table whose stretches have so many rows, for a circuit of so many nodes and a pattern of so many
 * entries; NULL where sums save nothing. false: no memory. */
bool eq_sums_new(const eq_table *t, const eq_bound *bound, size_t stretch, size_t nodes,
                 size_t entries, eq_port_rows *r);
void eq_sums_free(eq_sums *m); /* NULL is legal */
/* Those of stretch k, from the rows first..end-1 of r. */
void eq_sums_take(eq_sums *m, const eq_port_rows *r, size_t k, size_t first, size_t end);
/* Adds all of them; round_off as in eq_system. */
void eq_sums_add_currents(const eq_sums *m, double round_off, double *current, double *magnitude);
void eq_sums_add_slopes(const eq_sums *m, double *value);

#endif
