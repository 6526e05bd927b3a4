/* Port elements (circuit/port.h) as the solver sees them: values and slopes at a state. */
#ifndef EQ_SOLVER_PORTS_H
#define EQ_SOLVER_PORTS_H

#include "circuit/port.h"
#include "circuit/reduction.h"
#include "solver/pool.h"

/* All rows of one port class, one array of its rows for each node and pair of nodes. */
typedef struct eq_port_rows {
    double *z[EQ_MAX_TERMINALS];                    /* [rows] V, where they were evaluated */
    double *i[EQ_MAX_TERMINALS];                    /* [rows] A, into the nodes that carry any */
    double *g[EQ_MAX_TERMINALS * EQ_MAX_TERMINALS]; /* [rows] S, di_a/dz_b at a nodes + b */
    double *size[EQ_MAX_TERMINALS];                 /* [rows] A, sum_b |g_ab| |z_b| */
    double *memory[EQ_MAX_MEMORY];                  /* [rows] of the class (device.h) */
    double *block, *kept;                           /* all of these, and the memory */
    bool felt[EQ_MAX_TERMINALS]; /* some row's node there has an equation: size[a] is wanted */
    bool known;                  /* they are those at eq_ports.v */
    bool
        rough; /* .. with inner potentials that are near, where a Newton step far from the solution asks no more */
} eq_port_rows;

/* Room for the widest element of the circuit, and for all that are of port classes. */
typedef struct eq_ports {
    double *in;    /* [widest inputs] */
    double *value; /* [widest outputs] what the element drives: A, or V */
    double *slope; /* [outputs][inputs] its derivatives by the inputs */
    double *work;
    size_t count; /* port elements of all classes */
    eq_port_rows rows[EQ_CLASS_COUNT];
    double *v; /* [nodes] V, where the rows of port classes were evaluated */
    size_t nodes;
    double moved;  /* V, the largest move of a node to v from where they were evaluated before */
    bool first;    /* .. which was nowhere: nothing is known of where the rows are */
    bool hurries;  /* what is far from there may be rough */
    eq_pool *pool; /* whose threads share the rows of a class; NULL: none. Not its own */
} eq_ports;

eq_status eq_ports_new(const eq_circuit *c, const eq_reduction *r, eq_ports *p, eq_diag *diag);
void eq_ports_free(eq_ports *p);

/* Leaves value and slope of row j of a table in p. v: [nodes] potentials; current[of[b]]: current of
 * branch b (of NULL: current[b]). */
void eq_ports_at(eq_ports *p, const eq_circuit *c, const eq_reduction *r, const eq_table *t,
                 size_t j, const double *v, const double *current, const int32_t *of);

/* All rows of a port class at the potentials v [nodes], or as tangents at held [rows][nodes]; nothing
 * is done where they are known at v. */
const eq_port_rows *eq_ports_take(eq_ports *p, const eq_table *t, const double *held,
                                  const double *v);
/* From now on rows may be rough; or no more, and those that are, are not known. */
void eq_ports_hurry(eq_ports *p, bool hurries);
/* Rough rows are not known any more, and the next ones at v are not rough; whether there were any. */
bool eq_ports_finish(eq_ports *p);
/* Parameters have changed, or may have, or another search begins: it depends on none before it. Not where a search goes
 * on from the end of another, whose rows it begins with. */
void eq_ports_forget(eq_ports *p, const eq_circuit *c);

/* A row of behavioural currents that reads no more than its own drop u (circuit/own_drop.h): m f(u),
 * and its integral from 0 to u. */
double eq_ports_own_current(eq_ports *p, const eq_circuit *c, const eq_table *t, size_t j,
                            double u);
double eq_ports_own_energy(eq_ports *p, const eq_circuit *c, const eq_table *t, size_t j, double u);

#endif
