/* The operators and functions of expressions, with their derivatives: one table for numbers that
 * are known while a deck is read and for formulas of behavioural sources (formula.h). */
#ifndef EQ_CIRCUIT_OPERATIONS_H
#define EQ_CIRCUIT_OPERATIONS_H

#include <stddef.h>

enum { EQ_MOST_OPERANDS = 3 };

typedef double (*eq_value_of)(const double *x);

typedef struct eq_operation {
    const char *name; /* of a function, as decks write it; the sign of an operator */
    int operands;     /* 1 .. EQ_MOST_OPERANDS */
    /* Binding strength of an infix operator (all group from the left), 0 for a function. */
    int level;
    eq_value_of value;
    /* d[k] = dy/dx_k; NULL: piecewise constant, all zero. */
    void (*slopes)(const double *x, double y, double *d);
    /* As ngspice's numparam has it when all operands are known; NULL: as `value`, which follows
     * ngspice's behavioural sources (inpptree; both measured with ngspice 39). */
    eq_value_of known;
} eq_operation;

enum { EQ_LEVEL_ANY = 1, EQ_LEVEL_UNARY = 7, EQ_LEVEL_POWER = 8 };

/* Entry k of the table, NULL behind its end; infix operators stand first. */
const eq_operation *eq_operation_at(int k);
/* The number of the function of that lower-case name, or of the sign with that many operands; -1:
 * none. */
int eq_operation_find(const char *name, int operands);

#endif
