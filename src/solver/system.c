#include "solver/system.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/stamp.h"

/* Counting sort of the pairs by `key` (values < n) into `order`; `from` is the order before (NULL:
 * as is). */
static void sort_pairs(const int32_t *key, const int32_t *from, size_t count, size_t n,
                       int32_t *begin, int32_t *order) {
    memset(begin, 0, (n + 1) * sizeof *begin);
    for (size_t k = 0; k < count; k++) begin[key[k] + 1]++;
    for (size_t k = 1; k < n; k++) begin[k + 1] += begin[k];
    for (size_t k = 0; k < count; k++) {
        int32_t pair = from == NULL ? (int32_t)k : from[k];
        order[begin[key[pair]]++] = pair;
    }
}

/* Writes the pattern and the slot of every pair, pairs sorted by column and row. */
static void merge_pairs(eq_system *s, const eq_stamper *k, const int32_t *order) {
    size_t entries = 0;
    int32_t column = -1, row = -1;
    for (size_t i = 0; i < k->next; i++) {
        int32_t p = order[i];
        if (k->pair_column[p] != column || k->pair_row[p] != row) {
            while (column < k->pair_column[p]) s->start[++column] = (int32_t)entries;
            row = k->pair_row[p];
            s->row[entries++] = row;
        }
        s->slot[p] = (int32_t)entries - 1;
    }
    while (column < (int32_t)s->n) s->start[++column] = (int32_t)entries;
    s->entries = entries;
}

/* Collects all pairs once to count and once to keep them, sorts and merges them. */
static eq_status build_pattern(eq_system *s, eq_diag *diag) {
    eq_stamper k = {.s = s};
    eq_stamp_linear(&k);
    s->linear_slots = k.next;
    eq_stamp_nonlinear(&k, NULL);
    s->slots = k.next;
    if (s->slots > INT32_MAX)
        return eq_fail(diag, EQ_ERR_MEMORY, "the circuit has %zu stamps, more than 2^31; split it",
                       s->slots);
    k.pair_row = eq_malloc(s->slots, sizeof(int32_t));
    k.pair_column = eq_malloc(s->slots, sizeof(int32_t));
    int32_t *by_row = eq_malloc(s->slots, sizeof *by_row);
    int32_t *begin = eq_malloc(s->n + 1, sizeof *begin);
    s->slot = eq_malloc(s->slots, sizeof *s->slot);
    s->start = eq_malloc(s->n + 1, sizeof *s->start);
    s->row = eq_malloc(s->slots, sizeof *s->row);
    bool whole = k.pair_row != NULL && k.pair_column != NULL && by_row != NULL && begin != NULL &&
                 s->slot != NULL && s->start != NULL && s->row != NULL;
    if (whole) {
        k.next = 0;
        eq_stamp_linear(&k);
        eq_stamp_nonlinear(&k, NULL);
        sort_pairs(k.pair_row, NULL, k.next, s->n, begin, by_row);
        int32_t *order = s->row; /* used as work space until the merge */
        sort_pairs(k.pair_column, by_row, k.next, s->n, begin, order);
        memcpy(by_row, order, k.next * sizeof *order);
        merge_pairs(s, &k, by_row);
    }
    eq_free(k.pair_row);
    eq_free(k.pair_column);
    eq_free(by_row);
    eq_free(begin);
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

/* The slot of (k, k) of every potential. */
static void find_diagonal(eq_system *s) {
    for (int32_t k = 0; k < (int32_t)s->n; k++) {
        s->diagonal[k] = EQ_NONE;
        if (k >= (int32_t)s->reduction->node_unknowns) continue;
        int32_t low = s->start[k], high = s->start[k + 1] - 1;
        while (low < high) {
            int32_t middle = low + (high - low) / 2;
            if (s->row[middle] < k)
                low = middle + 1;
            else
                high = middle;
        }
        s->diagonal[k] = low;
    }
}

static bool allocate_work(eq_system *s) {
    size_t widest = 2 * (size_t)s->reduction->widest + 2;
    s->v = eq_calloc(s->nodes, sizeof *s->v);
    s->rise = eq_calloc(s->nodes, sizeof *s->rise);
    double **flow[] = {&s->flow.current, &s->flow.inner, &s->flow.magnitude,
                       &s->flow.inner_magnitude};
    for (int k = 0; k < 4; k++)
        if ((*flow[k] = eq_calloc(s->nodes, sizeof **flow[k])) == NULL) return false;
    s->diagonal = eq_malloc(s->n, sizeof *s->diagonal);
    s->row_weight = eq_malloc(s->n, sizeof *s->row_weight);
    bool blurs = eq_reduction_blurs(s->reduction, s->circuit);
    if (blurs && (s->blur = eq_calloc(s->nodes, sizeof *s->blur)) == NULL) return false;
    for (int k = 0; k < 2; k++) {
        s->form_index[k] = eq_malloc(widest, sizeof **s->form_index);
        s->form_value[k] = eq_malloc(widest, sizeof **s->form_value);
        if (s->form_index[k] == NULL || s->form_value[k] == NULL) return false;
    }
    return s->v != NULL && s->rise != NULL && s->diagonal != NULL && s->row_weight != NULL;
}

static void weigh_rows(eq_system *s) {
    for (size_t k = 0; k < s->n; k++)
        s->row_weight[k] = s->topology->exists && k < s->reduction->node_unknowns
                               ? eq_topology_weight(s->topology, s->reduction->root[k])
                               : 1.0;
}

static void restamp_linear(eq_system *s) {
    eq_stamper k = {.s = s, .value = s->linear};
    memset(s->linear, 0, s->entries * sizeof *s->linear);
    eq_stamp_linear(&k);
}

eq_status eq_system_refresh(eq_system *s, eq_diag *diag) {
    eq_status status = EQ_OK;
    eq_ports_forget(&s->ports, s->circuit);
    s->placed = NAN;
    if (eq_reduction_refresh(s->reduction, s->circuit) ||
        !eq_topology_is_current(s->topology, s->circuit)) {
        status = eq_topology_weigh(s->topology, s->circuit, s->reduction, diag);
        weigh_rows(s);
    }
    restamp_linear(s);
    return status;
}

static eq_status build(eq_system *s, bool plain, eq_diag *diag) {
    eq_status status = plain ? eq_reduction_new_plain(s->circuit, &s->reduction, diag)
                             : eq_reduction_new(s->circuit, &s->reduction, diag);
    if (status == EQ_OK) status = eq_topology_new(s->circuit, s->reduction, &s->topology, diag);
    if (status != EQ_OK) return status;
    s->n = s->reduction->unknowns;
    s->nodes = s->reduction->nodes;
    for (int k = 0; k < EQ_CLASS_COUNT; k++)
        if (eq_stands_between_nodes(&s->circuit->table[k]) && !eq_is_linear(&s->circuit->table[k]))
            s->nonlinear += s->circuit->table[k].count;
    if (!allocate_work(s)) return eq_out_of_memory(diag);
    status = eq_ports_new(s->circuit, s->reduction, &s->ports, diag);
    s->nonlinear += s->ports.count;
    if (status == EQ_OK) status = build_pattern(s, diag);
    if (status != EQ_OK) return status;
    s->pattern = (eq_pattern){(int32_t)s->n, s->start, s->row};
    s->linear = eq_malloc(s->entries, sizeof *s->linear);
    s->value = eq_malloc(s->entries, sizeof *s->value);
    if (s->linear == NULL || s->value == NULL) return eq_out_of_memory(diag);
    find_diagonal(s);
    weigh_rows(s);
    if (!eq_stamp_bind(s)) return eq_out_of_memory(diag);
    restamp_linear(s);
    return EQ_OK;
}

static eq_status new_system(eq_circuit *c, bool with_slope, bool plain, eq_system **out,
                            eq_diag *diag) {
    eq_system *s = eq_calloc(1, sizeof *s);
    if (s == NULL) return eq_out_of_memory(diag);
    s->circuit = c;
    s->with_slope = with_slope;
    s->homotopy.scale = 1.0;
    s->placed = NAN;
    eq_status status = build(s, plain, diag);
    if (status == EQ_OK)
        *out = s;
    else
        eq_system_free(s);
    return status;
}

eq_status eq_system_new(eq_circuit *c, bool with_slope, eq_system **out, eq_diag *diag) {
    return new_system(c, with_slope, false, out, diag);
}

/* Frees what the system holds. */
static void empty(eq_system *s) {
    eq_reduction_free(s->reduction);
    eq_topology_free(s->topology);
    eq_free(s->start);
    eq_free(s->row);
    eq_free(s->linear);
    eq_free(s->value);
    eq_free(s->slot);
    eq_free(s->diagonal);
    eq_free(s->row_weight);
    eq_ports_free(&s->ports);
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) eq_stamp_free(&s->bound[cls]);
    eq_free(s->v);
    eq_free(s->rise);
    eq_free(s->blur);
    eq_free(s->flow.current);
    eq_free(s->flow.inner);
    eq_free(s->flow.magnitude);
    eq_free(s->flow.inner_magnitude);
    for (int k = 0; k < 2; k++) {
        eq_free(s->form_index[k]);
        eq_free(s->form_value[k]);
    }
}

void eq_system_free(eq_system *s) {
    if (s == NULL) return;
    empty(s);
    eq_free(s);
}

eq_status eq_system_renew(eq_system *s, bool plain, eq_diag *diag) {
    eq_system *fresh;
    eq_status status = new_system(s->circuit, s->with_slope, plain, &fresh, diag);
    if (status != EQ_OK) return status;
    fresh->homotopy = s->homotopy;
    fresh->injection = s->injection;
    fresh->round_off = s->round_off;
    fresh->ports.pool = s->ports.pool;
    empty(s);
    *s = *fresh;
    eq_free(fresh);
    return EQ_OK;
}

/* The current y from a to b, and what counts as part of sum |currents| beside it. */
static inline void add_current(eq_system *s, eq_node a, eq_node b, double y, double least) {
    double size = fabs(y) + least;
    s->flow.current[a] += y;
    s->flow.current[b] -= y;
    s->flow.magnitude[a] += size;
    s->flow.magnitude[b] += size;
}

/* In units of round-off the drop between two nodes is known to this, V. */
static inline double size_of_drop(const eq_system *s, eq_node a, eq_node b) {
    double own = fabs(s->v[a]) + fabs(s->v[b]);
    return s->blur == NULL ? own : own + s->blur[a] + s->blur[b];
}

/* Adds the currents of the chunk; `within` goes over the rows inside of trees with shorts. The
 * potentials are doubles, so a drop is known to eps (|v_a| + |v_b|) and its current to g times
 * that: no residual can be held below it, however small the tolerances. */
static void chunk_currents(eq_system *s, const eq_chunk *e, double scale, size_t *within) {
    const eq_table *t = e->t;
    const eq_rows_within *w = &s->reduction->within[t - s->circuit->table];
    for (size_t j = 0; j < e->n; j++) {
        size_t row = e->start + j;
        eq_node a = t->term[0][row], b = t->term[1][row];
        double y = scale * e->y[j], size = size_of_drop(s, a, b);
        bool inside = *within < w->count && (size_t)w->row[*within] == row;
        if (inside) eq_system_drop(s, a, b, &size);
        if (inside) ++*within;
        double least = s->round_off * fabs(e->slope[j]) * size;
        if (inside && eq_reduction_inside(s->reduction, a, b))
            eq_reduction_flow(s->reduction, a, b, y, s->flow.inner, least, s->flow.inner_magnitude);
        else
            add_current(s, a, b, y, least);
    }
}

/* Currents of the elements between nodes, or of the linear ones alone, from potentials s->v. */
static void table_currents(eq_system *s, bool linear_only) {
    eq_chunk e;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &s->circuit->table[cls];
        size_t within = 0;
        if (!eq_stands_between_nodes(t) || (linear_only && !eq_is_linear(t))) continue;
        double scale = eq_is_independent(t) ? s->homotopy.scale : 1.0;
        for (size_t start = 0; start < t->count; start += EQ_CHUNK) {
            eq_system_take(s, &e, t, start);
            eq_system_evaluate(s, &e, cls);
            chunk_currents(s, &e, scale, &within);
        }
    }
}

/* What round-off of the inputs makes of a behavioural source, as of the currents in chunk_currents. */
static double formula_round_off(const eq_system *s, const eq_table *t, size_t j, const double *x) {
    double sum = 0.0;
    for (size_t i = 0; i < t->formula[j]->inputs; i++) {
        eq_formula_input in = t->formula[j]->input[i];
        double size = in.kind == EQ_INPUT_DROP      ? size_of_drop(s, in.plus, in.minus)
                      : in.kind == EQ_INPUT_CURRENT ? fabs(x[eq_kept_current(s, in.branch)])
                                                    : 0.0;
        sum += fabs(s->ports.slope[i]) * size;
    }
    return s->round_off * sum;
}

/* Currents of the behavioural sources that are no voltages. */
static void formula_currents(eq_system *s, const eq_table *t, const double *x) {
    for (size_t j = 0; j < t->count; j++) {
        eq_system_formula(s, t, j, x);
        add_current(s, t->term[0][j], t->term[1][j], eq_port_scale(s, t) * s->ports.value[0],
                    formula_round_off(s, t, j, x));
    }
}

/* What the blur of its potentials makes of output a of a port class. */
static void add_blur(eq_system *s, const eq_table *t, const eq_port_rows *p, size_t a) {
    size_t nodes = (size_t)eq_class_nodes(t->cls);
    for (size_t b = 0; b < nodes; b++)
        for (size_t j = 0; j < t->count; j++)
            s->flow.magnitude[t->term[a][j]] +=
                s->round_off * fabs(p->g[a * nodes + b][j]) * s->blur[t->term[b][j]];
}

/* Those of a port class; into nodes without an equation only where all are asked for. */
static void class_currents(eq_system *s, const eq_table *t, bool all) {
    const eq_port_rows *p = eq_system_ports(s, t);
    double *current = s->flow.current, *magnitude = s->flow.magnitude;
    for (size_t a = 0; a < eq_port_outputs(t); a++) {
        const eq_node *node = t->term[a];
        if (!eq_port_carries(t, a) || !(all || p->felt[a])) continue;
        for (size_t j = 0; j < t->count; j++) current[node[j]] += p->i[a][j];
        for (size_t j = 0; p->felt[a] && j < t->count; j++)
            magnitude[node[j]] += fabs(p->i[a][j]) + s->round_off * p->size[a][j];
        if (p->felt[a] && s->blur != NULL) add_blur(s, t, p, a);
    }
}

/* Currents of the port elements that are no voltages. */
static void port_currents(eq_system *s, const double *x, bool all) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &s->circuit->table[cls];
        if (!eq_is_port(t) || t->count == 0 || t->cls->defined != EQ_CURRENT_DEFINED) continue;
        if (eq_is_port_class(t))
            class_currents(s, t, all);
        else
            formula_currents(s, t, x);
    }
}

/* Currents that are unknowns, and those that they control. */
static void kept_currents(eq_system *s, const double *x) {
    if (s->n == s->reduction->node_unknowns) return;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *f = &s->circuit->table[cls];
        for (size_t j = 0; eq_is_cccs(f) && j < f->count; j++) {
            int32_t by = eq_controlling(s, f, j);
            if (by != EQ_NONE)
                add_current(s, f->term[0][j], f->term[1][j], eq_value(f, j) * x[by], 0.0);
        }
    }
    for (size_t b = 0; b < s->reduction->branches; b++) {
        if (s->reduction->current[b] == EQ_NONE) continue;
        eq_row at = s->circuit->row[s->reduction->branch[b]];
        const eq_table *t = &s->circuit->table[at.cls];
        add_current(s, t->term[0][at.row], t->term[1][at.row], x[s->reduction->current[b]], 0.0);
    }
}

/* Current driven into output k at the potentials s->v. */
static double injected(const eq_system *s, size_t k) {
    const eq_injection *in = &s->injection;
    size_t m = s->circuit->outputs;
    double current = in->current[k];
    for (size_t l = 0; in->slope != NULL && l < m; l++)
        current -= in->slope[k * m + l] * (eq_drop(s, eq_output_form(s, l)) - in->at[l]);
    return s->homotopy.scale * current;
}

/* What round-off of the potentials makes of it, as current_round_off. */
static double injected_round_off(const eq_system *s, size_t k) {
    const eq_injection *in = &s->injection;
    size_t m = s->circuit->outputs;
    double sum = 0.0;
    for (size_t l = 0; in->slope != NULL && l < m; l++) {
        eq_form y = eq_output_form(s, l);
        sum += fabs(in->slope[k * m + l]) * (size_of_drop(s, y.plus, y.minus) + fabs(in->at[l]));
    }
    return s->round_off * sum;
}

static double nudge_into(const eq_system *s, eq_node node, double current) {
    return current * eq_topology_nudge_scale(s->topology, s->circuit, node);
}

static void injected_currents(eq_system *s) {
    if (s->injection.current == NULL) return;
    for (size_t k = 0; k < s->circuit->outputs; k++) {
        eq_form out = eq_output_form(s, k);
        double current = injected(s, k), least = injected_round_off(s, k);
        add_current(s, EQ_GROUND, out.plus, nudge_into(s, out.plus, current),
                    nudge_into(s, out.plus, least));
        add_current(s, out.minus, EQ_GROUND, nudge_into(s, out.minus, current),
                    nudge_into(s, out.minus, least));
    }
}

/* r of kept branches: v_a - v_b - value, with the sum of |terms|. */
static double branch_residual(eq_system *s, const double *x, size_t b, double *size) {
    eq_row at = s->circuit->row[s->reduction->branch[b]];
    const eq_table *t = &s->circuit->table[at.cls];
    size_t j = (size_t)at.row;
    double own, least = 0.0, u = eq_system_drop(s, t->term[0][j], t->term[1][j], &own), e;
    if (eq_is_port(t)) {
        eq_system_formula(s, t, j, x);
        e = s->ports.value[0] * eq_port_scale(s, t);
        least = formula_round_off(s, t, j, x);
    } else if (eq_by_voltage(t))
        e = eq_value(t, j) * eq_system_drop(s, t->term[2][j], t->term[3][j], NULL);
    else if (eq_by_current(t))
        e = eq_value(t, j) * x[eq_controlling(s, t, j)];
    else
        e = eq_value(t, j) * s->homotopy.scale;
    *size = own + fabs(e) + least;
    return u - e;
}

/* Of which elements the currents are, and into which nodes. */
typedef enum extent { OF_LINEAR, WITH_EQUATIONS, ALL_NODES } extent;

/* Potentials s->v and the currents that leave each node, s->flow. */
static void node_currents(eq_system *s, const double *x, extent of) {
    eq_system_potentials(s, x);
    if (s->blur != NULL) eq_reduction_blur(s->reduction, x, s->blur);
    double *flow[] = {s->flow.current, s->flow.magnitude, s->flow.inner, s->flow.inner_magnitude};
    int parts =
        s->reduction->inside > 0 ? 4 : 2; /* without rows inside, the inner ones stay zero */
    for (int k = 0; k < parts; k++) memset(flow[k], 0, s->nodes * sizeof *flow[k]);
    table_currents(s, of == OF_LINEAR);
    port_currents(s, x, of == ALL_NODES);
    kept_currents(s, x);
    injected_currents(s);
}

static bool residual(eq_system *s, const double *x, extent of, double *r, double *magnitude) {
    const eq_reduction *red = s->reduction;
    bool finite = true;
    node_currents(s, x, of);
    eq_reduction_currents(red, s->circuit, &s->flow, NULL);
    for (size_t k = 0; k < red->node_unknowns; k++) {
        double anchor = s->homotopy.anchor == NULL ? 0.0 : s->homotopy.anchor[k];
        bool held = eq_system_is_held(s, k);
        double shunt = held ? x[k] - anchor : eq_system_shunt(s, k) * (x[k] - anchor);
        r[k] = held ? shunt : s->flow.current[red->root[k]] + shunt;
        double m = held ? fabs(anchor) : s->flow.magnitude[red->root[k]] + fabs(shunt);
        finite = finite && isfinite(r[k]) && isfinite(m);
        if (magnitude != NULL) magnitude[k] = m;
    }
    for (size_t b = 0; s->n > red->node_unknowns && b < red->branches; b++) {
        int32_t k = red->current[b];
        double size;
        if (k == EQ_NONE) continue;
        r[k] = branch_residual(s, x, b, &size);
        finite = finite && isfinite(r[k]) && isfinite(size);
        if (magnitude != NULL) magnitude[k] = size;
    }
    return finite;
}

bool eq_system_residual(eq_system *s, const double *x, double *r, double *magnitude) {
    return residual(s, x, WITH_EQUATIONS, r, magnitude);
}

void eq_system_linear_residual(eq_system *s, const double *x, double *r) {
    residual(s, x, OF_LINEAR, r, NULL);
}

/* x = anchor of the unknowns that are held, which begin there: what others do with them does not count either, and
 * the matrix stays symmetric. */
static void hold(eq_system *s) {
    for (size_t k = 0; k < s->n; k++)
        for (int32_t i = s->start[k]; i < s->start[k + 1]; i++) {
            size_t row = (size_t)s->row[i];
            bool held = (row < s->reduction->node_unknowns && eq_system_is_held(s, row)) ||
                        (k < s->reduction->node_unknowns && eq_system_is_held(s, k));
            if (held) s->value[i] = row == k ? 1.0 : 0.0;
        }
}

void eq_system_jacobian(eq_system *s, const double *x) {
    eq_stamper k = {.s = s, .value = s->value, .next = s->linear_slots};
    eq_system_potentials(s, x);
    memcpy(s->value, s->linear, s->entries * sizeof *s->value);
    eq_stamp_nonlinear(&k, x);
    for (size_t i = 0; s->homotopy.shunt != 0.0 && i < s->reduction->node_unknowns; i++)
        s->value[s->diagonal[i]] += eq_system_shunt(s, i);
    if (s->injection.slope != NULL) {
        eq_stamper slopes = {.s = s, .value = s->value, .next = s->slope_slots};
        eq_stamp_slopes(&slopes, s->injection.slope);
    }
    if (isinf(s->homotopy.shunt)) hold(s);
}

void eq_system_bilinear(eq_system *s, const double *x, eq_bilinear *b) {
    eq_stamper k = {.s = s, .value = s->value, .sum = b};
    eq_system_potentials(s, x);
    b->sum = b->size = b->scale = 0.0;
    eq_stamp_linear(&k);
    eq_stamp_nonlinear(&k, x);
    if (s->injection.slope != NULL) eq_stamp_slopes(&k, s->injection.slope);
}

void eq_system_jacobian_size(eq_system *s, const double *x, double *size) {
    eq_stamper k = {.s = s, .value = size, .absolute = true};
    eq_system_potentials(s, x);
    memset(size, 0, s->entries * sizeof *size);
    eq_stamp_linear(&k);
    eq_stamp_nonlinear(&k, x);
    if (s->injection.slope == NULL) return;
    eq_stamper slopes = {.s = s, .value = size, .absolute = true, .next = s->slope_slots};
    eq_stamp_slopes(&slopes, s->injection.slope);
}

void eq_system_state(eq_system *s, const double *x, double *v, double *branch) {
    const eq_reduction *red = s->reduction;
    if (branch == NULL) {
        eq_system_potentials(s, x);
    } else {
        node_currents(s, x, ALL_NODES);
        for (size_t b = 0; b < red->branches; b++)
            if (red->current[b] != EQ_NONE) branch[b] = x[red->current[b]];
        eq_reduction_currents(red, s->circuit, &s->flow, branch);
    }
    memcpy(v, s->v, s->nodes * sizeof *v);
}

double eq_system_output(const eq_system *s, const double *v, size_t k) {
    eq_form out = eq_output_form(s, k);
    return v[out.plus] - v[out.minus];
}
