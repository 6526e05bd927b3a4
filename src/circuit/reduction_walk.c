/* Values along the trees of a reduction: potentials from the roots, currents towards them. */
#include <math.h>

#include "base/mem.h"
#include "circuit/reduction.h"

/* v_n - v_parent of a node with a parent. */
static double rise_of(const eq_reduction *r, const eq_circuit *c, eq_node n, const double *x,
                      double scale, const double *v) {
    if (r->edge[n] == EQ_NONE) return x[r->unknown[n]];
    eq_row at = c->row[r->branch[r->edge[n]]];
    const eq_table *t = &c->table[at.cls];
    double e = eq_value(t, (size_t)at.row);
    e *= eq_by_voltage(t) ? v[t->term[2][at.row]] - v[t->term[3][at.row]] : scale;
    return r->sign[n] * e;
}

static void walk(const eq_reduction *r, const eq_circuit *c, const double *x, double scale,
                 const eq_node *order, size_t count, double *v, double *rise) {
    for (size_t k = 0; k < r->node_unknowns; k++)
        if (r->parent[r->root[k]] == EQ_NONE) v[r->root[k]] = x[k];
    for (size_t k = 0; k < count; k++) {
        eq_node n = order[k];
        double e = rise_of(r, c, n, x, scale, v);
        v[n] = v[r->parent[n]] + e;
        if (rise != NULL) rise[n] = e;
    }
}

void eq_reduction_potentials(const eq_reduction *r, const eq_circuit *c, const double *x,
                             double scale, double *v, double *rise) {
    v[EQ_GROUND] = 0.0;
    walk(r, c, x, scale, r->t_order, r->links, v, rise);
}

void eq_reduction_move(const eq_reduction *r, const eq_circuit *c, const double *x, double scale,
                       double *v, double *rise) {
    walk(r, c, x, scale, r->moving, r->moves, v, rise);
}

bool eq_reduction_blurs(const eq_reduction *r, const eq_circuit *c) {
    for (size_t k = 0; k < r->links; k++) {
        int32_t edge = r->edge[r->t_order[k]];
        if (edge != EQ_NONE && eq_by_voltage(&c->table[c->row[r->branch[edge]].cls])) return true;
    }
    return false;
}

void eq_reduction_blur(const eq_reduction *r, const double *x, double *blur) {
    for (size_t k = 0; k < r->links; k++) {
        eq_node n = r->t_order[k];
        blur[n] = 0.0;
        for (int32_t e = r->t.start[n]; e < r->t.start[n + 1]; e++)
            blur[n] += fabs(r->t.coefficient[e] * x[r->t.unknown[e]]);
    }
}

/* Adds the current j of branch b (magnitude |j| <= m) to the terminals of the CCCS it controls. */
static void controlled_currents(const eq_reduction *r, const eq_circuit *c, int32_t b, double j,
                                double m, double *current, double *magnitude) {
    for (int32_t k = r->f_start[b]; k < r->f_start[b + 1]; k++) {
        eq_row at = c->row[r->f[k]];
        const eq_table *f = &c->table[at.cls];
        int32_t row = at.row;
        double gain = eq_value(f, (size_t)row);
        current[f->term[0][row]] += gain * j;
        current[f->term[1][row]] -= gain * j;
        if (magnitude == NULL) continue;
        magnitude[f->term[0][row]] += (gain < 0.0 ? -gain : gain) * m;
        magnitude[f->term[1][row]] += (gain < 0.0 ? -gain : gain) * m;
    }
}

/* What leaves a subtree of a free tree enters the rest of it. Where less flows there the current of
 * the edge between is summed over that, so that its round-off is that of the smaller side (a source
 * whose other end nothing hangs at has none): the sum over the whole tree, which is to be 0, tells
 * the sides apart. */
static void sum_other_sides(const eq_reduction *r, const eq_node_currents *of, double *branch) {
    for (size_t k = 0; k < r->links; k++) {
        eq_node n = r->w_order[k], root = r->top[n];
        int32_t b = r->edge[n];
        double here = of->magnitude[n] - of->inner_magnitude[n];
        if (b != EQ_NONE && root != EQ_GROUND && of->magnitude[root] - here < here)
            branch[b] = -r->sign[n] * (of->current[n] - of->current[root]);
    }
}

void eq_reduction_currents(const eq_reduction *r, const eq_circuit *c, const eq_node_currents *of,
                           double *branch) {
    double *current = of->current, *magnitude = of->magnitude;
    bool all = branch != NULL || r->f_start[r->branches] > 0;
    const eq_node *order = all ? r->w_order : r->moving + r->moves;
    for (size_t k = all ? r->links : r->moves; k-- > 0;) {
        eq_node n = order[k], parent = r->parent[n];
        int32_t b = r->edge[n];
        double outer = current[n], outer_size = magnitude == NULL ? 0.0 : magnitude[n];
        current[n] += of->inner[n];
        if (magnitude != NULL) magnitude[n] += of->inner_magnitude[n];
        if (b != EQ_NONE) {
            /* What leaves the subtree of n leaves n through its edge: from + to - when n is the +
             * terminal. */
            double j = -r->sign[n] * current[n];
            controlled_currents(r, c, b, j, magnitude == NULL ? 0.0 : magnitude[n], current,
                                magnitude);
            if (branch != NULL) branch[b] = j;
        }
        current[parent] += outer;
        if (magnitude != NULL) magnitude[parent] += outer_size;
    }
    if (branch != NULL && magnitude != NULL) sum_other_sides(r, of, branch);
}

/* Whether a short stands on the way from a to b, which have one root. */
static bool short_between(const eq_reduction *r, eq_node a, eq_node b) {
    while (a != b) {
        eq_node *n = r->depth[a] >= r->depth[b] ? &a : &b;
        if (r->edge[*n] == EQ_NONE) return true;
        *n = r->parent[*n];
    }
    return false;
}

bool eq_reduction_inside(const eq_reduction *r, eq_node a, eq_node b) {
    if (a == b || r->top[a] != r->top[b]) return false;
    return r->top[a] != EQ_GROUND || (r->shorts > 0 && short_between(r, a, b));
}

double eq_reduction_drop(const eq_reduction *r, const double *rise, eq_node a, eq_node b,
                         double *size) {
    double up = 0.0, down = 0.0, sum = 0.0;
    while (a != b) {
        bool from_a = r->depth[a] >= r->depth[b];
        eq_node *n = from_a ? &a : &b;
        *(from_a ? &up : &down) += rise[*n];
        sum += fabs(rise[*n]);
        *n = r->parent[*n];
    }
    if (size != NULL) *size = sum;
    return up - down;
}

void eq_reduction_flow(const eq_reduction *r, eq_node a, eq_node b, double y, double *sum,
                       double least, double *size) {
    while (a != b) {
        bool from_a = r->depth[a] >= r->depth[b];
        eq_node *n = from_a ? &a : &b;
        sum[*n] += from_a ? y : -y;
        if (size != NULL) size[*n] += fabs(y) + least;
        *n = r->parent[*n];
    }
}

void eq_reduction_row_rises(const eq_reduction *r, const eq_circuit *c, const double *l,
                            const double *lambda, double *rise) {
    for (size_t k = 0; k < r->links; k++) {
        eq_node n = r->w_order[k];
        int32_t b = r->edge[n];
        rise[n] = b == EQ_NONE ? l[r->unknown[n]] : 0.0;
        for (int32_t i = b == EQ_NONE ? 0 : r->f_start[b]; b != EQ_NONE && i < r->f_start[b + 1];
             i++) {
            eq_row at = c->row[r->f[i]];
            const eq_table *f = &c->table[at.cls];
            rise[n] -= r->sign[n] * eq_value(f, (size_t)at.row) *
                       (lambda[f->term[0][at.row]] - lambda[f->term[1][at.row]]);
        }
    }
}

/* The parent of a node stands before it in the order. */
static void look_up(eq_reduction *r) {
    for (size_t n = 0; n < r->nodes; n++) r->top[n] = (eq_node)n;
    for (size_t k = 0; k < r->links; k++) {
        eq_node n = r->t_order[k], parent = r->parent[n];
        r->depth[n] = r->depth[parent] + 1;
        r->top[n] = r->top[parent];
    }
}

/* Whether sources of given voltages alone stand between a node and ground; held: of its parent. */
static bool is_held(const eq_reduction *r, const eq_circuit *c, eq_node n, const bool *held) {
    if (r->edge[n] == EQ_NONE || !held[r->parent[n]]) return false;
    return eq_is_independent(&c->table[c->row[r->branch[r->edge[n]]].cls]);
}

static bool find_moving(eq_reduction *r, const eq_circuit *c) {
    bool *held = eq_calloc(r->nodes, sizeof *held);
    r->moving = eq_malloc(2 * r->links, sizeof *r->moving);
    if (held == NULL || r->moving == NULL) {
        eq_free(held);
        return false;
    }
    held[EQ_GROUND] = true;
    for (size_t k = 0; k < r->links; k++) {
        eq_node n = r->t_order[k];
        held[n] = is_held(r, c, n, held);
        if (!held[n]) r->moving[r->moves++] = n;
    }
    size_t next = r->moves;
    for (size_t k = 0; k < r->links; k++)
        if (!held[r->w_order[k]]) r->moving[next++] = r->w_order[k];
    eq_free(held);
    return true;
}

static bool note_row(eq_rows_within *w, size_t j) {
    if (!eq_grow((void **)&w->row, &w->cap, w->count + 1, sizeof *w->row)) return false;
    w->row[w->count++] = (int32_t)j;
    return true;
}

bool eq_reduction_find_within(eq_reduction *r, const eq_circuit *c) {
    look_up(r);
    if (!find_moving(r, c)) return false;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &c->table[cls];
        for (size_t j = 0; eq_stands_between_nodes(t) && j < t->count; j++) {
            bool within =
                eq_reduction_inside(r, t->term[0][j], t->term[1][j]) ||
                (eq_by_voltage(t) && eq_reduction_inside(r, t->term[2][j], t->term[3][j]));
            if (within && !note_row(&r->within[cls], j)) return false;
            r->inside += within;
        }
    }
    return true;
}
