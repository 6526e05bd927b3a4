/* Behavioural currents that depend on their own drop alone: i = f(v_a - v_b). They are laws of two
 * terminals like a resistor, whose energy is the integral of i (Scellier 2020, Eq. 4.4), here
 * numerical. */
#ifndef EQ_CIRCUIT_OWN_DROP_H
#define EQ_CIRCUIT_OWN_DROP_H

#include "circuit/formula.h"

typedef enum eq_reads {
    EQ_READS_NOTHING,  /* constant: a current source */
    EQ_READS_OWN_DROP, /* v(a,b), v(b,a), v(a) with b ground, or v(a) and v(b) in differences only */
    EQ_READS_MORE,
} eq_reads;

/* What the formula of a current from a to b reads. */
eq_reads eq_formula_reads(const eq_formula *f, eq_node a, eq_node b);
/* Row j of a table: a current whose formula reads no more than its own drop. */
bool eq_is_own_law(const eq_table *t, size_t j);

/* +1 when row j of a table of VCCS is controlled by its own drop (a conductance), -1 by the inverted
 * drop, else 0. */
static inline int eq_own_control(const eq_table *t, size_t j) {
    eq_node a = t->term[0][j], b = t->term[1][j], c = t->term[2][j], d = t->term[3][j];
    if (a == c && b == d) return 1;
    return a == d && b == c ? -1 : 0;
}

/* A formula that reads no more, at a drop; in: [inputs], work: eq_formula_work. */
typedef struct eq_own_law {
    const eq_formula *f;
    eq_node a, b;
    double temperature; /* degrees C */
    double *in, *work;
} eq_own_law;

double eq_own_law_current(const eq_own_law *l, double u);
/* The integral of the current from 0 to u. */
double eq_own_law_energy(const eq_own_law *l, double u);

#endif
