#include "circuit/reduction.h"

#include <string.h>

#include "base/mem.h"
#include "circuit/reduction_parts.h"
#include "circuit/shorts.h"

void eq_reduction_free(eq_reduction *r) {
    if (r == NULL) return;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        eq_free(r->branch_of[k]);
        eq_free(r->within[k].row);
    }
    eq_free(r->branch);
    eq_free(r->current);
    eq_free(r->parent);
    eq_free(r->edge);
    eq_free(r->sign);
    eq_free(r->depth);
    eq_free(r->moving);
    eq_free(r->top);
    eq_free(r->unknown);
    eq_free(r->root);
    eq_free(r->t_order);
    eq_free(r->w_order);
    eq_free(r->f_start);
    eq_free(r->f);
    eq_sparse_rows *rows[] = {&r->t, &r->w};
    for (int k = 0; k < 2; k++) {
        eq_free(rows[k]->start);
        eq_free(rows[k]->unknown);
        eq_free(rows[k]->coefficient);
    }
    eq_free(r);
}

int32_t eq_reduction_branch(const eq_reduction *r, const eq_circuit *c, eq_element e) {
    eq_row row = c->row[e];
    return r->branch_of[row.cls] == NULL ? EQ_NONE : r->branch_of[row.cls][row.row];
}

/* Numbers the branches in deck order by a merge of the class tables, which are in deck order. */
static bool number_branches(eq_reduction *r, const eq_circuit *c) {
    size_t next[EQ_CLASS_COUNT] = {0};
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        if (t->cls->defined != EQ_VOLTAGE_DEFINED) continue;
        r->branches += t->count;
        r->branch_of[k] = eq_malloc(t->count, sizeof(int32_t));
        if (r->branch_of[k] == NULL) return false;
    }
    r->branch = eq_malloc(r->branches, sizeof *r->branch);
    r->current = eq_malloc(r->branches, sizeof *r->current);
    if (r->branch == NULL || r->current == NULL) return false;
    for (size_t b = 0; b < r->branches; b++) {
        int first = -1;
        for (int k = 0; k < EQ_CLASS_COUNT; k++) {
            const eq_table *t = &c->table[k];
            if (r->branch_of[k] == NULL || next[k] == t->count) continue;
            if (first < 0 || t->id[next[k]] < c->table[first].id[next[first]]) first = k;
        }
        r->branch[b] = c->table[first].id[next[first]];
        r->branch_of[first][next[first]++] = (int32_t)b;
        r->current[b] = EQ_NONE;
    }
    return true;
}

enum { KEPT = 0 }; /* in r->current before the unknowns are numbered: anything but EQ_NONE */

/* H and the branches that control an H keep their currents. */
static void keep_transresistances(eq_reduction *r, const eq_circuit *c) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *h = &c->table[k];
        for (size_t j = 0; r->branch_of[k] != NULL && eq_by_current(h) && j < h->count; j++) {
            r->current[r->branch_of[k][j]] = KEPT;
            r->current[eq_reduction_branch(r, c, h->control[j])] = KEPT;
        }
    }
}

/* Behavioural voltages and the branches whose current a port element reads keep their currents. */
static void keep_ports(eq_reduction *r, const eq_circuit *c) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        for (size_t j = 0; eq_is_port(t) && j < t->count; j++) {
            if (r->branch_of[k] != NULL) r->current[r->branch_of[k][j]] = KEPT;
            for (size_t i = 0; i < eq_port_inputs(t, j); i++) {
                eq_formula_input in = eq_port_input(t, j, i);
                if (in.kind == EQ_INPUT_CURRENT)
                    r->current[eq_reduction_branch(r, c, in.branch)] = KEPT;
            }
        }
    }
}

/* Calls visit for every CCCS and the branch that controls it. */
static void visit_cccs(eq_reduction *r, const eq_circuit *c,
                       void (*visit)(eq_reduction *r, int32_t branch, eq_element f)) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *f = &c->table[k];
        for (size_t j = 0; eq_is_cccs(f) && j < f->count; j++)
            visit(r, eq_reduction_branch(r, c, f->control[j]), f->id[j]);
    }
}

static void count_cccs(eq_reduction *r, int32_t branch, eq_element f) {
    (void)f;
    r->f_start[branch + 2]++;
}

static void list_cccs(eq_reduction *r, int32_t branch, eq_element f) {
    r->f[r->f_start[branch + 1]++] = f;
}

/* Lists the CCCS of every branch (counting sort). */
static bool list_controlled(eq_reduction *r, const eq_circuit *c) {
    r->f_start = eq_calloc(r->branches + 2, sizeof *r->f_start);
    if (r->f_start == NULL) return false;
    visit_cccs(r, c, count_cccs);
    for (size_t b = 2; b <= r->branches + 1; b++) r->f_start[b] += r->f_start[b - 1];
    r->f = eq_malloc((size_t)r->f_start[r->branches + 1], sizeof *r->f);
    if (r->f == NULL) return false;
    visit_cccs(r, c, list_cccs);
    return true;
}

/* Makes node n a root; its branch keeps its current as an unknown. */
static void cut(eq_reduction *r, eq_node n) {
    r->current[r->edge[n]] = KEPT;
    r->parent[n] = EQ_NONE;
    r->edge[n] = EQ_NONE;
}

/* The k-th node that the potential (which = 0) or the KCL row (which = 1) of node n depends on,
 * EQ_NONE after the last one; the coefficient of its row in the recursion goes to *factor. */
static eq_node dependence(const eq_reduction *r, const eq_circuit *c, int which, eq_node n,
                          int32_t k, double *factor) {
    *factor = 1.0;
    if (r->parent[n] == EQ_NONE) return EQ_NONE;
    if (k == 0) return r->parent[n];
    if (eq_behind_short(r, n)) return EQ_NONE;
    int32_t b = r->edge[n];
    double s = r->sign[n];
    if (which == 0) {
        if (k > 2 || !eq_branch_is_gain(r, c, b)) return EQ_NONE;
        *factor = (k == 1 ? s : -s) * eq_branch_value(r, c, b);
        return eq_branch_end(r, c, b, k + 1);
    }
    int32_t f = r->f_start[b] + (k - 1) / 2;
    if (f >= r->f_start[b + 1]) return EQ_NONE;
    eq_row at = c->row[r->f[f]];
    const eq_table *t = &c->table[at.cls];
    *factor = ((k - 1) % 2 == 0 ? -s : s) * eq_value(t, (size_t)at.row);
    return t->term[(k - 1) % 2][at.row];
}

enum { NEW, OPEN, DONE };

/* The node nearest to the top of the stack that hangs by a source: cut there, the circle that the
 * top closes is open. */
static eq_node hanging(const eq_reduction *r, const eq_node *stack, size_t top) {
    while (eq_behind_short(r, stack[top - 1])) top--;
    return stack[top - 1];
}

/* Depth-first order of the nodes with a parent after their dependences; a node that depends on
 * itself is cut. state, stack, next: [nodes]. */
static void sort_nodes(eq_reduction *r, const eq_circuit *c, int which, eq_node *order, char *state,
                       eq_node *stack, int32_t *next) {
    size_t count = 0;
    double factor;
    memset(state, NEW, r->nodes);
    for (eq_node start = 0; start < (eq_node)r->nodes; start++) {
        if (state[start] != NEW || r->parent[start] == EQ_NONE) continue;
        size_t top = 0;
        stack[top++] = start;
        state[start] = OPEN;
        next[start] = 0;
        while (top > 0) {
            eq_node n = stack[top - 1], on = dependence(r, c, which, n, next[n]++, &factor);
            if (on == EQ_NONE) {
                state[n] = DONE;
                if (r->parent[n] != EQ_NONE) order[count++] = n;
                top--;
            } else if (state[on] == OPEN) {
                cut(r, hanging(r, stack, top));
            } else if (state[on] == NEW && r->parent[on] != EQ_NONE) {
                state[on] = OPEN;
                next[on] = 0;
                stack[top++] = on;
            }
        }
    }
    r->links = count;
}

/* Drops the nodes that were cut after the order was made. */
static void drop_roots(const eq_reduction *r, eq_node *order, size_t count) {
    size_t kept = 0;
    for (size_t k = 0; k < count; k++)
        if (r->parent[order[k]] != EQ_NONE) order[kept++] = order[k];
}

static bool order_nodes(eq_reduction *r, const eq_circuit *c) {
    char *state = eq_malloc(r->nodes, sizeof *state);
    eq_node *stack = eq_malloc(r->nodes, sizeof *stack);
    int32_t *next = eq_malloc(r->nodes, sizeof *next);
    r->t_order = eq_malloc(r->nodes, sizeof *r->t_order);
    r->w_order = eq_malloc(r->nodes, sizeof *r->w_order);
    bool whole =
        state != NULL && stack != NULL && next != NULL && r->t_order != NULL && r->w_order != NULL;
    for (eq_node n = 0; whole && n < (eq_node)r->nodes; n++)
        if (r->edge[n] != EQ_NONE && r->current[r->edge[n]] != EQ_NONE) cut(r, n);
    if (whole) {
        sort_nodes(r, c, 0, r->t_order, state, stack, next);
        size_t count = r->links;
        sort_nodes(r, c, 1, r->w_order, state, stack, next);
        drop_roots(r, r->t_order, count);
    }
    eq_free(state);
    eq_free(stack);
    eq_free(next);
    return whole;
}

/* Free roots and nodes behind shorts get the first unknowns in node order, kept branches the last in
 * deck order. */
static bool number_unknowns(eq_reduction *r) {
    int32_t next = 0;
    for (size_t n = 0; n < r->nodes; n++)
        r->unknown[n] = n != EQ_GROUND && r->edge[n] == EQ_NONE ? next++ : EQ_NONE;
    r->node_unknowns = (size_t)next;
    for (size_t b = 0; b < r->branches; b++)
        if (r->current[b] != EQ_NONE) r->current[b] = next++;
    r->unknowns = (size_t)next;
    r->root = eq_malloc(r->node_unknowns, sizeof *r->root);
    if (r->root == NULL) return false;
    for (size_t n = 0; n < r->nodes; n++)
        if (r->unknown[n] != EQ_NONE) r->root[r->unknown[n]] = (eq_node)n;
    return true;
}

/* Rows of T or W under construction: the rows of eliminated nodes are made in their order and then
 * moved to their place, so entries are found through `at` meanwhile. */
typedef struct row_builder {
    const eq_reduction *r;
    const eq_circuit *c;
    eq_sparse_rows *rows;
    int32_t *at, *length; /* [nodes] */
    int32_t *mark;        /* [unknowns] position of an unknown in the open row, -1 */
    size_t used;
} row_builder;

/* Appends an entry to the open row. */
static bool push(row_builder *b, int32_t unknown, double coefficient) {
    size_t cap = b->rows->cap;
    if (b->used >= INT32_MAX ||
        !eq_grow((void **)&b->rows->unknown, &cap, b->used + 1, sizeof(int32_t)) ||
        !eq_grow((void **)&b->rows->coefficient, &b->rows->cap, b->used + 1, sizeof(double)))
        return false;
    b->mark[unknown] = (int32_t)b->used;
    b->rows->unknown[b->used] = unknown;
    b->rows->coefficient[b->used++] = coefficient;
    return true;
}

/* Adds factor times the row of node `on` to the open row, which starts at `start`. */
static bool add_row(row_builder *b, size_t start, eq_node on, double factor) {
    for (int32_t k = 0; k < b->length[on]; k++) {
        size_t e = (size_t)b->at[on] + (size_t)k;
        int32_t unknown = b->rows->unknown[e];
        double add = factor * b->rows->coefficient[e];
        if (b->mark[unknown] >= (int32_t)start) {
            b->rows->coefficient[b->mark[unknown]] += add;
            continue;
        }
        if (!push(b, unknown, add)) return false;
    }
    return true;
}

static bool build_row(row_builder *b, int which, eq_node n) {
    size_t start = b->used;
    double factor;
    eq_node on;
    if (eq_behind_short(b->r, n) && !push(b, b->r->unknown[n], 1.0)) return false;
    for (int32_t k = 0; (on = dependence(b->r, b->c, which, n, k, &factor)) != EQ_NONE; k++)
        if (!add_row(b, start, on, factor)) return false;
    b->at[n] = (int32_t)start;
    b->length[n] = (int32_t)(b->used - start);
    return true;
}

/* Puts the rows into node order. */
static bool settle_rows(row_builder *b) {
    size_t nodes = b->r->nodes;
    int32_t *unknown = eq_malloc(b->used, sizeof *unknown);
    double *coefficient = eq_malloc(b->used, sizeof *coefficient);
    b->rows->start = eq_malloc(nodes + 1, sizeof *b->rows->start);
    if (unknown == NULL || coefficient == NULL || b->rows->start == NULL) {
        eq_free(unknown);
        eq_free(coefficient);
        return false;
    }
    int32_t next = 0;
    for (size_t n = 0; n < nodes; n++) {
        b->rows->start[n] = next;
        for (int32_t k = 0; k < b->length[n]; k++, next++) {
            unknown[next] = b->rows->unknown[b->at[n] + k];
            coefficient[next] = b->rows->coefficient[b->at[n] + k];
        }
    }
    b->rows->start[nodes] = next;
    eq_free(b->rows->unknown);
    eq_free(b->rows->coefficient);
    b->rows->unknown = unknown;
    b->rows->coefficient = coefficient;
    return true;
}

static bool build_rows(eq_reduction *r, const eq_circuit *c, int which) {
    eq_sparse_rows *rows = which == 0 ? &r->t : &r->w;
    const eq_node *order = which == 0 ? r->t_order : r->w_order;
    row_builder b = {.r = r, .c = c, .rows = rows};
    rows->cap = r->nodes;
    rows->unknown = eq_malloc(rows->cap, sizeof *rows->unknown);
    rows->coefficient = eq_malloc(rows->cap, sizeof *rows->coefficient);
    b.at = eq_calloc(r->nodes, sizeof *b.at);
    b.length = eq_calloc(r->nodes, sizeof *b.length);
    b.mark = eq_malloc(r->unknowns, sizeof *b.mark);
    bool whole = rows->unknown != NULL && rows->coefficient != NULL && b.at != NULL &&
                 b.length != NULL && b.mark != NULL;
    for (size_t k = 0; whole && k < r->unknowns; k++) b.mark[k] = -1;
    for (size_t k = 0; whole && k < r->node_unknowns; k++) {
        if (eq_behind_short(r, r->root[k])) continue;
        rows->unknown[b.used] = (int32_t)k;
        rows->coefficient[b.used] = 1.0;
        b.at[r->root[k]] = (int32_t)b.used++;
        b.length[r->root[k]] = 1;
    }
    for (size_t k = 0; whole && k < r->links; k++) whole = build_row(&b, which, order[k]);
    for (size_t n = 0; whole && n < r->nodes; n++)
        if (b.length[n] > r->widest) r->widest = b.length[n];
    whole = whole && settle_rows(&b);
    eq_free(b.at);
    eq_free(b.length);
    eq_free(b.mark);
    return whole;
}

/* Recomputes the coefficients of one row in place; true when one of them changed. */
static bool refresh_row(const eq_reduction *r, const eq_circuit *c, int which, eq_node n) {
    const eq_sparse_rows *rows = which == 0 ? &r->t : &r->w;
    bool changed = false;
    for (int32_t e = rows->start[n]; e < rows->start[n + 1]; e++) {
        double sum = rows->unknown[e] == r->unknown[n] ? 1.0 : 0.0, factor;
        eq_node on;
        for (int32_t k = 0; (on = dependence(r, c, which, n, k, &factor)) != EQ_NONE; k++)
            for (int32_t i = rows->start[on]; i < rows->start[on + 1]; i++)
                if (rows->unknown[i] == rows->unknown[e]) sum += factor * rows->coefficient[i];
        changed = changed || rows->coefficient[e] != sum;
        rows->coefficient[e] = sum;
    }
    return changed;
}

bool eq_reduction_refresh(eq_reduction *r, const eq_circuit *c) {
    bool changed = false;
    for (size_t k = 0; k < r->links; k++) {
        changed = refresh_row(r, c, 0, r->t_order[k]) || changed;
        changed = refresh_row(r, c, 1, r->w_order[k]) || changed;
    }
    return changed;
}

static eq_status build(eq_reduction *r, const eq_circuit *c, eq_diag *diag) {
    r->nodes = eq_circuit_nodes(c);
    r->parent = eq_malloc(r->nodes, sizeof *r->parent);
    r->edge = eq_malloc(r->nodes, sizeof *r->edge);
    r->sign = eq_calloc(r->nodes, sizeof *r->sign);
    r->depth = eq_calloc(r->nodes, sizeof *r->depth);
    r->top = eq_malloc(r->nodes, sizeof *r->top);
    r->unknown = eq_malloc(r->nodes, sizeof *r->unknown);
    if (r->parent == NULL || r->edge == NULL || r->sign == NULL || r->depth == NULL ||
        r->top == NULL || r->unknown == NULL || !number_branches(r, c) || !list_controlled(r, c))
        return eq_out_of_memory(diag);
    for (size_t n = 0; n < r->nodes; n++) r->parent[n] = r->edge[n] = EQ_NONE;
    keep_transresistances(r, c);
    keep_ports(r, c);
    eq_status status = eq_reduction_grow(r, c, diag);
    if (status != EQ_OK) return status;
    if (!order_nodes(r, c) || !number_unknowns(r) || !build_rows(r, c, 0) || !build_rows(r, c, 1) ||
        !eq_reduction_find_within(r, c))
        return eq_out_of_memory(diag);
    return EQ_OK;
}

static eq_status new_reduction(const eq_circuit *c, bool plain, eq_reduction **out, eq_diag *diag) {
    eq_reduction *r = eq_calloc(1, sizeof *r);
    if (r == NULL) return eq_out_of_memory(diag);
    r->plain = plain;
    eq_status status = build(r, c, diag);
    if (status == EQ_OK)
        *out = r;
    else
        eq_reduction_free(r);
    return status;
}

eq_status eq_reduction_new(const eq_circuit *c, eq_reduction **out, eq_diag *diag) {
    return new_reduction(c, false, out, diag);
}

eq_status eq_reduction_new_plain(const eq_circuit *c, eq_reduction **out, eq_diag *diag) {
    return new_reduction(c, true, out, diag);
}

eq_status eq_reduction_holds(const eq_reduction *r, const eq_circuit *c, bool *holds) {
    eq_reduction *now = NULL;
    *holds = !r->plain;
    if (r->plain || (r->shorts == 0 && !eq_shorts_possible(c))) return EQ_OK;
    eq_status status = eq_reduction_new(c, &now, NULL);
    if (status == EQ_OK)
        *holds = memcmp(r->parent, now->parent, r->nodes * sizeof *r->parent) == 0 &&
                 memcmp(r->edge, now->edge, r->nodes * sizeof *r->edge) == 0;
    eq_reduction_free(now);
    return status;
}
