/* Runs of elements of one class, evaluated together: the one way in which src/solver/ calls device
 * classes. */
#ifndef EQ_SOLVER_CHUNK_H
#define EQ_SOLVER_CHUNK_H

#include "circuit/circuit.h"

enum { EQ_CHUNK = 256 };

/* Elements start .. start+n-1 of one table with their drops u and controls c. */
typedef struct eq_chunk {
    const eq_table *t;
    size_t start, n;
    double *w[EQ_MAX_COLUMNS];
    double u[EQ_CHUNK], c[EQ_CHUNK], y[EQ_CHUNK], slope[EQ_CHUNK], control_slope[EQ_CHUNK];
} eq_chunk;

/* Elements from row `start` on, `most` at the most, with their parameters. */
static inline void eq_chunk_rows(eq_chunk *k, const eq_table *t, size_t start, size_t most) {
    k->t = t;
    k->start = start;
    k->n = t->count - start < most ? t->count - start : most;
    for (int i = 0; i < t->cls->columns; i++) k->w[i] = t->w[i] + start;
}

/* The same with drops and controls at the potentials v. */
static inline void eq_chunk_take(eq_chunk *k, const eq_table *t, size_t start, const double *v) {
    eq_chunk_rows(k, t, start, EQ_CHUNK);
    for (size_t j = 0; j < k->n; j++) k->u[j] = v[t->term[0][start + j]] - v[t->term[1][start + j]];
    for (size_t j = 0; eq_by_voltage(t) && j < k->n; j++)
        k->c[j] = v[t->term[2][start + j]] - v[t->term[3][start + j]];
}

static inline const double *eq_chunk_control(const eq_chunk *k) {
    return eq_by_voltage(k->t) ? k->c : NULL;
}

/* Currents y and their derivatives by drop and control. */
static inline void eq_chunk_evaluate(eq_chunk *k) {
    k->t->cls->value_and_slope(k->n, k->w, k->u, eq_chunk_control(k), k->y, k->slope,
                               k->control_slope);
}

/* Energies p into k->y. */
static inline void eq_chunk_energy(eq_chunk *k) {
    k->t->cls->energy(k->n, k->w, k->u, eq_chunk_control(k), k->y);
}

#endif
