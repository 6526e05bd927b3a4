#include "solver/stamp.h"

#include <math.h>
#include <string.h>

/* Writes the entries of a form out over the unknowns; returns how many. An unknown of both nodes
 * stands there once: where it moves them alike its coefficient is 0, and a huge conductance between
 * them leaves no round-off in its sums. */
static int32_t expand(const eq_sparse_rows *rows, eq_form f, int32_t *index, double *value) {
    int32_t n = 0;
    if (f.unknown != EQ_NONE) {
        index[0] = f.unknown;
        value[0] = 1.0;
        return 1;
    }
    for (int32_t e = rows->start[f.plus]; e < rows->start[f.plus + 1]; e++, n++) {
        index[n] = rows->unknown[e];
        value[n] = rows->coefficient[e];
    }
    int32_t own = n;
    for (int32_t e = rows->start[f.minus]; e < rows->start[f.minus + 1]; e++) {
        int32_t k = 0;
        while (k < own && index[k] != rows->unknown[e]) k++;
        if (k == own) {
            index[n] = rows->unknown[e];
            value[n++] = -rows->coefficient[e];
        } else {
            value[k] -= rows->coefficient[e];
        }
    }
    return n;
}

/* One stamp g L R: y^T J z grows by g (L y) (R z). */
static void add_product(eq_bilinear *b, const eq_system *s, double g, int32_t rows,
                        int32_t columns) {
    double left = 0.0, right = 0.0, left_size = 0.0, right_size = 0.0;
    for (int32_t i = 0; i < rows; i++) {
        double term = s->form_value[0][i] * b->y[s->form_index[0][i]];
        left += term;
        left_size += fabs(term);
    }
    for (int32_t j = 0; j < columns; j++) {
        double term = s->form_value[1][j] * b->z[s->form_index[1][j]];
        right += term;
        right_size += fabs(term);
    }
    b->sum += g * left * right;
    b->size += fabs(g) * (left_size * fabs(right) + fabs(left) * right_size);
    b->scale += fabs(g) * left_size * right_size;
}

/* Adds g L_i R_j to J(i, j): the current (or voltage)
 * of row form L grows by g with column form R. */
static void stamp(eq_stamper *k, eq_form left, eq_form right, double g) {
    eq_system *s = k->s;
    int32_t rows = expand(&s->reduction->w, left, s->form_index[0], s->form_value[0]);
    int32_t columns = expand(&s->reduction->t, right, s->form_index[1], s->form_value[1]);
    if (k->sum != NULL) add_product(k->sum, s, g, rows, columns);
    if (k->sum != NULL || (k->value == NULL && k->pair_row == NULL)) {
        k->next += (size_t)rows * (size_t)columns;
        return;
    }
    for (int32_t i = 0; i < rows; i++)
        for (int32_t j = 0; j < columns; j++, k->next++) {
            if (k->value != NULL) {
                double add = g * s->form_value[0][i] * s->form_value[1][j];
                k->value[s->slot[k->next]] += k->absolute ? fabs(add) : add;
            } else {
                k->pair_row[k->next] = s->form_index[0][i];
                k->pair_column[k->next] = s->form_index[1][j];
            }
        }
}

static void stamp_chunk(eq_stamper *k, const eq_chunk *e) {
    const eq_table *t = e->t;
    for (size_t j = 0; j < e->n; j++) {
        size_t row = e->start + j;
        eq_form ends = eq_between(t->term[0][row], t->term[1][row]);
        if (eq_by_voltage(t))
            stamp(k, ends, eq_between(t->term[2][row], t->term[3][row]), e->control_slope[j]);
        else
            stamp(k, ends, ends, e->slope[j]);
    }
}

void eq_system_evaluate(const eq_system *s, eq_chunk *e, int cls) {
    double *const *held = s->homotopy.junction;
    if (held == NULL || held[cls] == NULL) {
        eq_chunk_evaluate(e);
        return;
    }
    double u[EQ_CHUNK];
    memcpy(u, e->u, e->n * sizeof *u);
    memcpy(e->u, held[cls] + e->start, e->n * sizeof *u);
    eq_chunk_evaluate(e);
    for (size_t j = 0; j < e->n; j++) {
        e->y[j] += e->slope[j] * (u[j] - e->u[j]);
        e->u[j] = u[j];
    }
}

/* Stamps the tables of linear or of nonlinear classes at the potentials s->v. */
static void stamp_tables(eq_stamper *k, bool of_linear) {
    eq_chunk e;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &k->s->circuit->table[cls];
        if (!eq_stands_between_nodes(t) || eq_is_linear(t) != of_linear || eq_is_independent(t))
            continue;
        for (size_t start = 0; start < t->count; start += EQ_CHUNK) {
            eq_system_take(k->s, &e, t, start);
            if (k->value != NULL) eq_system_evaluate(k->s, &e, cls);
            stamp_chunk(k, &e);
        }
    }
}

/* CCCS of kept currents: the others are in W. */
static void stamp_controlled(eq_stamper *k) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *f = &k->s->circuit->table[cls];
        for (size_t j = 0; eq_is_cccs(f) && j < f->count; j++) {
            int32_t by = eq_controlling(k->s, f, j);
            if (by != EQ_NONE)
                stamp(k, eq_between(f->term[0][j], f->term[1][j]), eq_current_of(by),
                      eq_value(f, j));
        }
    }
}

/* The slopes of output `out` of a port element in the row form `left`, times `sign`. */
static void stamp_output(eq_stamper *k, const eq_table *t, size_t j, size_t out, eq_form left,
                         double sign) {
    eq_system *s = k->s;
    size_t inputs = eq_port_inputs(t, j);
    for (size_t i = 0; i < inputs; i++) {
        eq_formula_input in = eq_port_input(t, j, i);
        double slope =
            k->value == NULL ? 0.0 : sign * s->ports.slope[out * inputs + i] * eq_port_scale(s, t);
        if (in.kind == EQ_INPUT_DROP)
            stamp(k, left, eq_between(in.plus, in.minus), slope);
        else if (in.kind == EQ_INPUT_CURRENT)
            stamp(k, left, eq_current_of(eq_kept_current(s, in.branch)), slope);
    }
}

/* Currents stand in the KCL rows, a behavioural voltage in the row of its own current. */
static void stamp_ports(eq_stamper *k, const double *x) {
    const eq_reduction *red = k->s->reduction;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &k->s->circuit->table[cls];
        const int32_t *branch = red->branch_of[cls];
        for (size_t j = 0; eq_is_port(t) && j < t->count; j++) {
            if (k->value != NULL) eq_system_port(k->s, t, j, x);
            if (branch != NULL)
                stamp_output(k, t, j, 0, eq_current_of(red->current[branch[j]]), -1.0);
            for (size_t out = 0; branch == NULL && out < eq_port_outputs(t); out++)
                stamp_output(k, t, j, out, eq_between(eq_port_plus(t, j, out), eq_port_minus(t, j)),
                             1.0);
        }
    }
}

/* Kept branches: the current in the KCL rows, and the row v_a - v_b - value = 0. */
static void stamp_branches(eq_stamper *k) {
    const eq_system *s = k->s;
    for (size_t b = 0; b < s->reduction->branches; b++) {
        int32_t unknown = s->reduction->current[b];
        if (unknown == EQ_NONE) continue;
        eq_row at = s->circuit->row[s->reduction->branch[b]];
        const eq_table *t = &s->circuit->table[at.cls];
        eq_form ends = eq_between(t->term[0][at.row], t->term[1][at.row]),
                own = eq_current_of(unknown);
        stamp(k, ends, own, 1.0);
        stamp(k, own, ends, 1.0);
        size_t j = (size_t)at.row;
        if (eq_by_voltage(t))
            stamp(k, own, eq_between(t->term[2][j], t->term[3][j]), -eq_value(t, j));
        if (eq_by_current(t))
            stamp(k, own, eq_current_of(eq_controlling(s, t, j)), -eq_value(t, j));
    }
}

void eq_stamp_slopes(eq_stamper *k, const double *slope) {
    const eq_system *s = k->s;
    size_t m = s->circuit->outputs;
    for (size_t i = 0; s->with_slope && i < m; i++) {
        eq_form out = eq_output_form(s, i);
        for (size_t j = 0; j < m; j++) {
            double g = slope == NULL ? 0.0 : slope[i * m + j];
            stamp(k, eq_between(out.plus, EQ_GROUND), eq_output_form(s, j),
                  g * eq_topology_nudge_scale(s->topology, s->circuit, out.plus));
            stamp(k, eq_between(out.minus, EQ_GROUND), eq_output_form(s, j),
                  -g * eq_topology_nudge_scale(s->topology, s->circuit, out.minus));
        }
    }
}

/* The diagonal of the potentials is always in the pattern: shunts of the ladder stand there. */
static void stamp_diagonal(eq_stamper *k) {
    for (size_t i = 0; i < k->s->reduction->node_unknowns; i++)
        stamp(k, eq_current_of((int32_t)i), eq_current_of((int32_t)i), 0.0);
}

void eq_stamp_linear(eq_stamper *k) {
    stamp_tables(k, true);
    stamp_controlled(k);
    stamp_branches(k);
    stamp_diagonal(k);
    k->s->slope_slots = k->next;
    eq_stamp_slopes(k, NULL);
}

void eq_stamp_nonlinear(eq_stamper *k, const double *x) {
    stamp_tables(k, false);
    stamp_ports(k, x);
}
