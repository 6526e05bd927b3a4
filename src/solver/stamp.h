/* The stamps of a system (system.c): every entry g L R of the Jacobian, L a row form of W and R a
 * column form of T, always in one and the same order. */
#ifndef EQ_SOLVER_STAMP_H
#define EQ_SOLVER_STAMP_H

#include "solver/chunk.h"
#include "solver/system.h"

/* A side of a stamp: the difference of two nodes, or one unknown current. */
typedef struct eq_form {
    eq_node plus, minus;
    int32_t unknown;
} eq_form;

static inline eq_form eq_between(eq_node plus, eq_node minus) {
    return (eq_form){plus, minus, EQ_NONE};
}

static inline eq_form eq_current_of(int32_t unknown) {
    return (eq_form){EQ_NONE, EQ_NONE, unknown};
}

/* Stamp `value` of element `owner` at (row, column) of J. */
typedef void eq_stamp_visit(void *data, eq_element owner, int32_t row, int32_t column,
                            double value);

/* Collects stamps (first pass) or adds them to values (later passes), in one and the same order. */
typedef struct eq_stamper {
    eq_system *s;
    int32_t *pair_row, *pair_column; /* NULL: only count */
    double *value;                   /* NULL: collect */
    bool absolute;                   /* adds |stamps| */
    eq_bilinear *sum;                /* adds up y^T J z instead of J */
    eq_stamp_visit *visit;           /* is told of each stamp instead; NULL: none */
    void *data;                      /* of visit */
    eq_element owner;                /* whose stamps come: EQ_NONE, of no element */
    size_t next;
} eq_stamper;

/* Every stamp of J(x), those of one element one after the other. */
void eq_stamp_each(eq_system *s, const double *x, eq_stamp_visit *visit, void *data);

/* The linear elements, kept branches, the diagonal and the block of a nudge with slope. */
void eq_stamp_linear(eq_stamper *k);
/* The nonlinear elements at s->v and the kept currents of x. */
void eq_stamp_nonlinear(eq_stamper *k, const double *x);
/* The dense block of a nudge with slope: current into output k falls by slope[k][l] with the drop
 * l; NULL: its pattern. */
void eq_stamp_slopes(eq_stamper *k, const double *slope);

/* Finds the slots of all stamps of port classes; false: no memory. After the pattern. */
bool eq_stamp_bind(eq_system *s);
void eq_stamp_free(eq_bound *b);

/* Currents and conductances of the chunk, or those of the tangents at the held drops. */
void eq_system_evaluate(const eq_system *s, eq_chunk *e, int cls);

/* The unknown of the current of a voltage-defined element, of the one that controls row j; EQ_NONE
 * when its branch is eliminated. */
static inline int32_t eq_kept_current(const eq_system *s, eq_element e) {
    return s->reduction->current[eq_reduction_branch(s->reduction, s->circuit, e)];
}

static inline int32_t eq_controlling(const eq_system *s, const eq_table *t, size_t j) {
    return eq_kept_current(s, t->control[j]);
}

/* All rows of a port class at s->v, or the tangents where they are held. */
static inline const eq_port_rows *eq_system_ports(eq_system *s, const eq_table *t) {
    double *const *held = s->homotopy.junction;
    return eq_ports_take(&s->ports, t, held == NULL ? NULL : held[eq_class_number_of(t->cls)],
                         s->v);
}

/* Value and slopes of behavioural source j at s->v and the kept currents of x, in s->ports. */
static inline void eq_system_formula(eq_system *s, const eq_table *t, size_t j, const double *x) {
    eq_ports_at(&s->ports, s->circuit, s->reduction, t, j, s->v, x, s->reduction->current);
}

/* Behavioural sources grow with the homotopy as independent ones do; transistors do not. */
static inline double eq_port_scale(const eq_system *s, const eq_table *t) {
    if (eq_is_port_class(t)) return 1.0;
    return s->homotopy.open ? 0.0 : s->homotopy.scale;
}

static inline double eq_drop(const eq_system *s, eq_form f) {
    return s->v[f.plus] - s->v[f.minus];
}

static inline eq_form eq_output_form(const eq_system *s, size_t k) {
    const eq_output *o = &s->circuit->output[k];
    return eq_between(o->plus, o->minus == EQ_NONE ? EQ_GROUND : o->minus);
}

#endif
