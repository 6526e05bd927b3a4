/* The unknowns of a system against the nodes and branches of its circuit. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "solver/system.h"

void eq_system_potentials(eq_system *s, const double *x) {
    double scale = s->homotopy.scale;
    if (s->placed == scale)
        eq_reduction_move(s->reduction, s->circuit, x, scale, s->v, s->rise);
    else
        eq_reduction_potentials(s->reduction, s->circuit, x, scale, s->v, s->rise);
    s->placed = scale;
}

double eq_system_drop(const eq_system *s, eq_node a, eq_node b, double *size) {
    if (eq_reduction_inside(s->reduction, a, b))
        return eq_reduction_drop(s->reduction, s->rise, a, b, size);
    if (size != NULL) *size = fabs(s->v[a]) + fabs(s->v[b]);
    return s->v[a] - s->v[b];
}

/* The first of the rows within from `start` on. */
static size_t first_within(const eq_rows_within *w, size_t start) {
    size_t low = 0, high = w->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((size_t)w->row[middle] < start)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void eq_system_take(const eq_system *s, eq_chunk *e, const eq_table *t, size_t start) {
    const eq_rows_within *w = &s->reduction->within[t - s->circuit->table];
    eq_chunk_take(e, t, start, s->v);
    for (size_t k = first_within(w, start); k < w->count; k++) {
        size_t row = (size_t)w->row[k];
        if (row >= start + e->n) break;
        e->u[row - start] = eq_system_drop(s, t->term[0][row], t->term[1][row], NULL);
        if (eq_by_voltage(t))
            e->c[row - start] = eq_system_drop(s, t->term[2][row], t->term[3][row], NULL);
    }
}

/* A drop that is a round-off of the potentials is none that they tell of. */
static double rise_of(const double *v, eq_node n, eq_node parent) {
    double rise = v[n] - v[parent];
    return fabs(rise) <= 4.0 * DBL_EPSILON * fabs(v[parent]) ? 0.0 : rise;
}

void eq_system_unknowns(eq_system *s, const double *v, const double *branch, double *x) {
    const eq_reduction *red = s->reduction;
    s->placed = NAN;
    for (size_t k = 0; k < red->node_unknowns; k++) {
        eq_node n = red->root[k], parent = red->parent[n];
        x[k] = parent == EQ_NONE ? v[n] : rise_of(v, n, parent);
    }
    for (size_t b = 0; b < red->branches; b++)
        if (red->current[b] != EQ_NONE) x[red->current[b]] = branch == NULL ? 0.0 : branch[b];
}

void eq_system_gather(const eq_system *s, const double *y, double *out) {
    const eq_sparse_rows *t = &s->reduction->t;
    memset(out, 0, s->n * sizeof *out);
    for (size_t n = 0; n < s->nodes; n++)
        for (int32_t e = t->start[n]; e < t->start[n + 1]; e++)
            out[t->unknown[e]] += t->coefficient[e] * y[n];
}

void eq_system_spread(const eq_system *s, const double *z, double *out_nodes) {
    const eq_sparse_rows *w = &s->reduction->w;
    for (size_t n = 0; n < s->nodes; n++) {
        out_nodes[n] = 0.0;
        for (int32_t e = w->start[n]; e < w->start[n + 1]; e++)
            out_nodes[n] += w->coefficient[e] * z[w->unknown[e]];
    }
}

eq_element eq_system_name(const eq_system *s, size_t k, eq_text *text) {
    const eq_reduction *red = s->reduction;
    if (k < red->node_unknowns) {
        eq_text_printf(text, "node %s (", eq_circuit_node_name(s->circuit, red->root[k]));
        eq_element first = eq_circuit_name_touching(s->circuit, NULL, red->root[k], text);
        eq_text_puts(text, ")");
        return first;
    }
    for (size_t b = 0; b < red->branches; b++) {
        if (red->current[b] != (int32_t)k) continue;
        eq_text_printf(text, "the current of %s",
                       eq_circuit_element_name(s->circuit, red->branch[b]));
        return red->branch[b];
    }
    return EQ_NONE;
}
