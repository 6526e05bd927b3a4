/* Nonlinear elimination (docs/theory.md, 6; Lanzkron, Rose and Wilkes 1996): free nodes touched by
 * nonlinear elements and not coupled with each other are scalar monotone equations once all other
 * unknowns are held. They are solved to machine precision. A Newton step of the full system from
 * there is the Newton step of the Schur complement on the remaining unknowns. With a convex energy
 * it is exact minimisation along coordinates. Diode nodes that are coupled with these are solved
 * before them, colour by colour (nonlinear Gauss-Seidel). */
#ifndef EQ_SOLVER_ELIMINATE_H
#define EQ_SOLVER_ELIMINATE_H

#include "solver/system.h"

typedef struct eq_eliminator eq_eliminator;

eq_status eq_eliminator_new(eq_system *s, eq_eliminator **out, eq_diag *diag);
void eq_eliminator_free(eq_eliminator *e);
/* Solves the equations of the chosen unknowns of x in place; a node without a bracketed root is
 * left. */
void eq_eliminate(eq_eliminator *e, double *x);
/* Shifts all potentials of a connected component by the one voltage at which its KCL sum holds: the
 * exact minimum of a convex co-content along that direction. A start from zero, where a network
 * that only junctions tie to ground has hardly any conductance to it, gets their drops right on the
 * average. */
void eq_eliminate_shifts(eq_eliminator *e, double *x);

#endif
