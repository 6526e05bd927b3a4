#include "solver/reciprocity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/own_drop.h"
#include "solver/solver_internal.h"
#include "solver/stamp.h"

/* What J - J^T has at (row, column), row < column: an entry above the diagonal, or minus one below. */
typedef struct entry {
    int32_t row, column;
    double value;
} entry;

typedef struct entries {
    entry *of;
    size_t count, cap;
} entries;

typedef struct measure {
    eq_system *s;
    double *weight; /* [n] d of the unknown's component */
    double largest; /* of |D J| */
    entries own;    /* of the element whose stamps come */
    eq_element element;
    double *share; /* [elements] */
    bool failed;   /* no memory */
} measure;

static int by_place(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static bool add(measure *m, int32_t i, int32_t j, double value) {
    if (i == j || value == 0.0) return true;
    if (!eq_grow((void **)&m->own.of, &m->own.cap, m->own.count + 1, sizeof *m->own.of))
        return false;
    value *= m->weight[i];
    m->own.of[m->own.count++] = i < j ? (entry){i, j, value} : (entry){j, i, -value};
    return true;
}

/* The largest |sum| of entries of one place; sums of which only their own round-off is left are 0. */
static double largest_sum(entries *e) {
    static const double round_off = 1e-14;
    double most = 0.0;
    if (e->count > 1) qsort(e->of, e->count, sizeof *e->of, by_place);
    for (size_t k = 0; k < e->count;) {
        size_t first = k;
        double sum = 0.0, size = 0.0;
        for (; k < e->count && by_place(&e->of[first], &e->of[k]) == 0; k++) {
            sum += e->of[k].value;
            size += fabs(e->of[k].value);
        }
        if (fabs(sum) > round_off * size) most = fmax(most, fabs(sum));
    }
    e->count = 0;
    return most;
}

/* The element to which the asymmetry of e's stamps belongs: itself, or the amplifier that drives its
 * ends where it is reciprocal. */
static eq_element owner(const eq_system *s, eq_element e) {
    const eq_circuit *c = s->circuit;
    const eq_table *t = &c->table[c->row[e].cls];
    size_t j = (size_t)c->row[e].row;
    bool own = t->cls->control == EQ_CONTROL_NONE || eq_is_own_law(t, j);
    for (int end = 0; own && end < 2; end++) {
        eq_element by = eq_topology_amplifier(c, s->reduction, t->term[end][j]);
        if (by != EQ_NONE) return by;
    }
    return e;
}

static void close_element(measure *m) {
    if (m->element == EQ_NONE) return;
    double most = largest_sum(&m->own);
    eq_element by = most > 0.0 ? owner(m->s, m->element) : EQ_NONE;
    if (by != EQ_NONE) m->share[by] = fmax(m->share[by], most);
}

/* One stamp of element e at (i, j); those of an element come together. */
static void take_stamp(void *data, eq_element e, int32_t i, int32_t j, double value) {
    measure *m = data;
    if (e != m->element) close_element(m);
    m->element = e;
    if (e != EQ_NONE && !add(m, i, j, value)) m->failed = true;
}

/* The weights that there are: those of a circuit whose elements alone are in the way of an energy. */
static void find_weights(measure *m) {
    const eq_system *s = m->s;
    for (size_t k = 0; k < s->n; k++) {
        bool potential = k < s->reduction->node_unknowns;
        double d = potential ? eq_topology_weight(s->topology, s->reduction->root[k]) : 1.0;
        m->weight[k] = isfinite(d) && d != 0.0 ? d : 1.0;
    }
}

/* max |D J - (D J)^T|, not yet over max |D J|, which m->largest gets. */
static double whole(measure *m) {
    const eq_system *s = m->s;
    for (size_t j = 0; j < s->n; j++)
        for (int32_t e = s->start[j]; e < s->start[j + 1]; e++) {
            int32_t i = s->row[e];
            m->largest = fmax(m->largest, fabs(m->weight[i] * s->value[e]));
            if (!add(m, i, (int32_t)j, s->value[e])) m->failed = true;
        }
    return largest_sum(&m->own);
}

static int by_share(const void *a, const void *b) {
    const eq_share *x = a, *y = b;
    if (x->share != y->share) return x->share > y->share ? -1 : 1;
    return (x->element > y->element) - (x->element < y->element);
}

static eq_status rank(const measure *m, double asymmetry, eq_asymmetry *out, eq_diag *diag) {
    size_t elements = eq_circuit_elements(m->s->circuit), count = 0;
    double scale = m->largest > 0.0 ? 1.0 / m->largest : 0.0;
    for (size_t e = 0; e < elements; e++) count += m->share[e] > 0.0;
    *out = (eq_asymmetry){.system = scale * asymmetry,
                          .share = eq_malloc(count > 0 ? count : 1, sizeof *out->share)};
    if (out->share == NULL) return eq_out_of_memory(diag);
    for (size_t e = 0; e < elements; e++)
        if (m->share[e] > 0.0)
            out->share[out->shares++] = (eq_share){(eq_element)e, scale * m->share[e]};
    if (count > 1) qsort(out->share, count, sizeof *out->share, by_share);
    return EQ_OK;
}

eq_status eq_reciprocity_asymmetry(eq_solver *solver, const double *v, const double *branch,
                                   eq_asymmetry *out, eq_diag *diag) {
    eq_system *s = eq_solver_system(solver);
    double *x = eq_malloc(eq_system_most(s), sizeof *x), asymmetry = 0.0;
    measure m = {.s = s,
                 .weight = eq_malloc(s->n > 0 ? s->n : 1, sizeof *m.weight),
                 .share = eq_calloc(eq_circuit_elements(s->circuit), sizeof *m.share),
                 .element = EQ_NONE};
    m.failed = x == NULL || m.weight == NULL || m.share == NULL;
    if (!m.failed) {
        eq_system_unknowns(s, v, branch, x);
        find_weights(&m);
        eq_system_jacobian(s, x);
        asymmetry = whole(&m);
        eq_stamp_each(s, x, take_stamp, &m);
        close_element(&m);
    }
    eq_status status = m.failed ? eq_out_of_memory(diag) : rank(&m, asymmetry, out, diag);
    eq_free(x);
    eq_free(m.weight);
    eq_free(m.share);
    eq_free(m.own.of);
    return status;
}

void eq_asymmetry_free(eq_asymmetry *a) {
    eq_free(a->share);
    *a = (eq_asymmetry){.share = NULL};
}
