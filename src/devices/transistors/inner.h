/* Transistors whose terminals have series resistances: the first three nodes of the law are inner ones,
 * each behind a resistance (which may be 0, and may change with the currents); a fourth node has
 * none. With z the potentials of the terminals, y those of the inner nodes and i(y) the currents
 * into them, y - z + r i(y) = 0. */
#ifndef EQ_DEVICES_INNER_H
#define EQ_DEVICES_INNER_H

#include <stdbool.h>
#include <stddef.h>

#include "devices/transistors/dual.h"
#include "devices/transistors/limit.h"

enum { EQ_INNERS = 3, EQ_INNER_NODES = 4, EQ_INNER_DROPS = 3 };
/* The slope by a parameter, behind those by the drops. */
enum { EQ_INNER_PARAM = EQ_INNER_DROPS };

/* The drop y[plus] - y[minus]; limited where vcrit is not 0, by junctions of the thermal voltage vt. */
typedef struct eq_inner_drop {
    int plus, minus;
    double vt, vcrit;
} eq_inner_drop;

typedef struct eq_inner {
    int nodes; /* 3 or 4 */
    eq_inner_drop drop[EQ_INNER_DROPS];
    /* The currents i[node] into the nodes and the resistances r[inner], with their slopes by the
     * drops and by the parameter. */
    void (*law)(const void *self, const double *y, eq_dual *i, eq_dual *r);
    const void *self;
    int channel[2]; /* its ends, where nothing else flows into them; both 0: none */
    double z[EQ_INNER_NODES];
} eq_inner;

/* Where the inner nodes are: the currents, the resistances, the currents' slopes by the inner potentials and by the
 * parameter, and f = y - z + r i(y) with its slopes. */
typedef struct eq_inner_state {
    double y[EQ_INNER_NODES], i[EQ_INNER_NODES], r[EQ_INNERS];
    double g[EQ_INNER_NODES][EQ_INNER_NODES], by[EQ_INNER_NODES];
    double f[EQ_INNERS], m[EQ_INNERS][EQ_INNER_NODES], f_by[EQ_INNERS];
} eq_inner_state;

/* Newton's method from the potentials s->y. */
void eq_inner_settle(const eq_inner *q, eq_inner_state *s);
/* Row j of the currents i[a], their slopes g[a * nodes + b] by the potentials of the terminals, of a
 * transistor whose potentials are multiplied by type = +-1. */
void eq_inner_store(const eq_inner *q, const eq_inner_state *s, double type, size_t j,
                    double *const *i, double *const *g);
/* The potentials of the terminals at which the inner nodes are at y. */
void eq_inner_reach(const eq_inner *q, const double *y, double *z);
/* Limits row j as SPICE does, whose transistors have their inner nodes among the unknowns (Nagel 1975, section 4.4): as the
 * terminals go from q->z, where s is settled, to z, the inner nodes go to first order, `one` limits them, and z becomes
 * where the terminals have such inner nodes. */
bool eq_inner_limit(const eq_inner *q, const eq_inner_state *s, eq_limit_row *one, size_t j,
                    double *const *w, double *z);
/* The currents' change with the parameter at fixed potentials of the terminals. */
void eq_inner_change(const eq_inner *q, const eq_inner_state *s, double type, size_t j,
                     double *const *didw);

#endif
