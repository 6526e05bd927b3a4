/* The unknowns of a system against the nodes and branches of its circuit. */
#include <string.h>

#include "solver/system.h"

void eq_system_unknowns(const eq_system *s, const double *v, const double *branch, double *x) {
    const eq_reduction *red = s->reduction;
    for (size_t k = 0; k < red->node_unknowns; k++) x[k] = v[red->root[k]];
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
