/* Port elements (circuit/port.h) as the solver sees them: values and slopes at a state. */
#ifndef EQ_SOLVER_PORTS_H
#define EQ_SOLVER_PORTS_H

#include "circuit/port.h"
#include "circuit/reduction.h"

/* Room for the widest element of the circuit. */
typedef struct eq_ports {
    double *in;    /* [widest inputs] */
    double *value; /* [widest outputs] what the element drives: A, or V */
    double *slope; /* [outputs][inputs] its derivatives by the inputs */
    double *work;
    size_t count; /* port elements of all classes */
} eq_ports;

eq_status eq_ports_new(const eq_circuit *c, eq_ports *p, eq_diag *diag);
void eq_ports_free(eq_ports *p);

/* Leaves value and slope of row j of a table in p. held: [nodes] potentials of a port class, NULL or
 * those at which the element is taken as its tangent; v: [nodes] potentials; current[of[b]]: current
 * of branch b (of NULL: current[b]). */
void eq_ports_at(eq_ports *p, const eq_circuit *c, const eq_reduction *r, const eq_table *t,
                 size_t j, const double *held, const double *v, const double *current,
                 const int32_t *of);

/* A row of behavioural currents that reads no more than its own drop u (circuit/own_drop.h): m f(u),
 * and its integral from 0 to u. */
double eq_ports_own_current(eq_ports *p, const eq_circuit *c, const eq_table *t, size_t j,
                            double u);
double eq_ports_own_energy(eq_ports *p, const eq_circuit *c, const eq_table *t, size_t j, double u);

#endif
