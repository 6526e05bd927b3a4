#include "solver/stamp.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

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

static void visit_product(const eq_stamper *k, double g, int32_t rows, int32_t columns) {
    const eq_system *s = k->s;
    for (int32_t i = 0; i < rows; i++)
        for (int32_t j = 0; j < columns; j++)
            k->visit(k->data, k->owner, s->form_index[0][i], s->form_index[1][j],
                     g * s->form_value[0][i] * s->form_value[1][j]);
}

/* Adds g L_i R_j to J(i, j): the current (or voltage)
 * of row form L grows by g with column form R. */
static void stamp(eq_stamper *k, eq_form left, eq_form right, double g) {
    eq_system *s = k->s;
    int32_t rows = expand(&s->reduction->w, left, s->form_index[0], s->form_value[0]);
    int32_t columns = expand(&s->reduction->t, right, s->form_index[1], s->form_value[1]);
    if (k->sum != NULL) add_product(k->sum, s, g, rows, columns);
    if (k->visit != NULL) visit_product(k, g, rows, columns);
    if (k->sum != NULL || k->visit != NULL || (k->value == NULL && k->pair_row == NULL)) {
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
        k->owner = t->id[row];
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
            k->owner = f->id[j];
            if (by != EQ_NONE)
                stamp(k, eq_between(f->term[0][j], f->term[1][j]), eq_current_of(by),
                      eq_value(f, j));
        }
    }
}

/* The slopes of behavioural source j in the row form `left`, times `sign`. */
static void stamp_formula(eq_stamper *k, const eq_table *t, size_t j, eq_form left, double sign) {
    eq_system *s = k->s;
    for (size_t i = 0; i < t->formula[j]->inputs; i++) {
        eq_formula_input in = t->formula[j]->input[i];
        double slope = k->value == NULL ? 0.0 : sign * s->ports.slope[i] * eq_port_scale(s, t);
        if (in.kind == EQ_INPUT_DROP)
            stamp(k, left, eq_between(in.plus, in.minus), slope);
        else if (in.kind == EQ_INPUT_CURRENT)
            stamp(k, left, eq_current_of(eq_kept_current(s, in.branch)), slope);
    }
}

/* Currents stand in the KCL rows, a behavioural voltage in the row of its own current. */
static void stamp_formulas(eq_stamper *k, const eq_table *t, const int32_t *branch,
                           const double *x) {
    const eq_reduction *red = k->s->reduction;
    for (size_t j = 0; j < t->count; j++) {
        if (k->value != NULL) eq_system_formula(k->s, t, j, x);
        k->owner = t->id[j];
        if (branch != NULL)
            stamp_formula(k, t, j, eq_current_of(red->current[branch[j]]), -1.0);
        else
            stamp_formula(k, t, j, eq_between(t->term[0][j], t->term[1][j]), 1.0);
    }
}

/* The slopes of the currents of a port class, one stamp after the other. */
static void collect_class(eq_stamper *k, const eq_table *t, const eq_port_rows *p) {
    size_t nodes = eq_port_outputs(t);
    for (size_t j = 0; j < t->count; j++) {
        k->owner = t->id[j];
        for (size_t a = 0; a < nodes; a++)
            for (size_t b = 0; eq_port_carries(t, a) && b < nodes; b++)
                stamp(k, eq_between(t->term[a][j], EQ_GROUND), eq_between(t->term[b][j], EQ_GROUND),
                      p == NULL ? 0.0 : p->g[a * nodes + b][j]);
    }
}

/* Visits the stamps of slope di_a/dz_b of a row, whose slots begin at *next. */
static void bind_slope(const eq_system *s, const eq_table *t, eq_bound *q, size_t j, size_t a,
                       size_t b, const int32_t **next) {
    const eq_sparse_rows *w = &s->reduction->w, *f = &s->reduction->t;
    eq_node row = t->term[a][j], column = t->term[b][j];
    size_t *at = &q->start[a * eq_port_outputs(t) + b + 1];
    for (int32_t i = w->start[row]; i < w->start[row + 1]; i++)
        for (int32_t k = f->start[column]; k < f->start[column + 1]; k++, ++*at, ++*next) {
            if (q->slot == NULL) continue;
            q->row[*at] = (int32_t)j;
            q->slot[*at] = **next;
            q->coefficient[*at] = w->coefficient[i] * f->coefficient[k];
        }
}

/* Counts the stamps of the class, or writes them to where `start` says; the slot behind them. */
static const int32_t *bind_slopes(const eq_system *s, const eq_table *t, eq_bound *q,
                                  const int32_t *next) {
    size_t nodes = eq_port_outputs(t);
    for (size_t j = 0; j < t->count; j++)
        for (size_t a = 0; a < nodes; a++)
            for (size_t b = 0; eq_port_carries(t, a) && b < nodes; b++)
                bind_slope(s, t, q, j, a, b, &next);
    return next;
}

static bool bind_class(const eq_system *s, const eq_table *t, eq_bound *q, const int32_t **next) {
    size_t pairs = eq_port_outputs(t) * eq_port_outputs(t), total = 0;
    bind_slopes(s, t, q, *next);
    for (size_t k = 0; k < pairs; k++) { /* start[k + 1]: where pair k begins */
        size_t count = q->start[k + 1];
        q->start[k + 1] = total;
        total += count;
    }
    q->row = eq_malloc(total, sizeof *q->row);
    q->slot = eq_malloc(total, sizeof *q->slot);
    q->coefficient = eq_malloc(total, sizeof *q->coefficient);
    if (q->row == NULL || q->slot == NULL || q->coefficient == NULL) return false;
    *next = bind_slopes(s, t, q, *next); /* and now where it ends */
    return true;
}

void eq_stamp_free(eq_bound *b) {
    eq_free(b->row);
    eq_free(b->slot);
    eq_free(b->coefficient);
}

/* The stamps of port classes by their slopes: the same as collect_class makes one after the other. */
static void stamp_class(eq_stamper *k, const eq_table *t) {
    const eq_port_rows *p = k->value == NULL ? NULL : eq_system_ports(k->s, t);
    const eq_bound *q = &k->s->bound[eq_class_number_of(t->cls)];
    size_t pairs = eq_port_outputs(t) * eq_port_outputs(t);
    if (k->value == NULL || k->sum != NULL || k->visit != NULL) {
        collect_class(k, t, p);
        return;
    }
    for (size_t pair = 0; pair < pairs; pair++) {
        const double *g = p->g[pair];
        for (size_t e = q->start[pair]; e < q->start[pair + 1]; e++) {
            double add = q->coefficient[e] * g[q->row[e]];
            k->value[q->slot[e]] += k->absolute ? fabs(add) : add;
        }
    }
    k->next += q->start[pairs];
}

static void stamp_ports(eq_stamper *k, const double *x) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &k->s->circuit->table[cls];
        if (t->count > 0 && eq_is_port_class(t))
            stamp_class(k, t);
        else if (t->count > 0 && eq_is_port(t))
            stamp_formulas(k, t, k->s->reduction->branch_of[cls], x);
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
        k->owner = t->id[at.row];
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
    k->owner = EQ_NONE;
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

void eq_stamp_each(eq_system *s, const double *x, eq_stamp_visit *visit, void *data) {
    eq_stamper k = {.s = s, .value = s->value, .visit = visit, .data = data, .owner = EQ_NONE};
    eq_system_potentials(s, x);
    stamp_tables(&k, true);
    stamp_tables(&k, false);
    stamp_controlled(&k);
    stamp_branches(&k);
    stamp_ports(&k, x);
}

/* The slots of port classes stand behind those of the tables, in the order of the classes. */
bool eq_stamp_bind(eq_system *s) {
    eq_stamper k = {.s = s, .next = s->linear_slots};
    stamp_tables(&k, false);
    const int32_t *next = s->slot + k.next;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &s->circuit->table[cls];
        if (t->count > 0 && eq_is_port_class(t)) {
            if (!bind_class(s, t, &s->bound[cls], &next)) return false;
        } else if (t->count > 0 && eq_is_port(t)) {
            k.next = 0;
            stamp_formulas(&k, t, s->reduction->branch_of[cls], NULL);
            next += k.next;
        }
    }
    return true;
}
