/* The weighted co-content P = sum of d_c p_k (docs/theory.md, 3) and its gradient from the energies
 * alone. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/own_drop.h"
#include "solver/chunk.h"
#include "solver/stamp.h"
#include "solver/system.h"

/* A VCCS across its own control is a conductance: its energy at fixed control counts twice. */
static double share(const eq_table *t, size_t j) {
    return eq_by_voltage(t) && eq_own_control(t, j) != 0 ? 0.5 : 1.0;
}

static bool is_formula(const eq_table *t) {
    return t->cls->control == EQ_CONTROL_FORMULA && t->cls->defined == EQ_CURRENT_DEFINED;
}

typedef struct sum {
    double total, size;
} sum;

static void add(sum *s, double term) {
    s->total += term;
    s->size += fabs(term);
}

static void add_elements(const eq_system *s, const eq_table *t, sum *p) {
    eq_chunk e;
    for (size_t start = 0; start < t->count; start += EQ_CHUNK) {
        eq_system_take(s, &e, t, start);
        eq_chunk_energy(&e);
        for (size_t j = 0; j < e.n; j++)
            add(p, share(t, start + j) * e.y[j] *
                       eq_topology_element_weight(s->topology, t->term[0][start + j],
                                                  t->term[1][start + j]));
    }
}

/* A current source may join components of different weight: J (d_a v_a - d_b v_b). */
static void add_sources(const eq_system *s, const eq_table *t, sum *p) {
    eq_chunk e;
    for (size_t start = 0; start < t->count; start += EQ_CHUNK)
        for (int side = 0; side < 2; side++) {
            eq_chunk_rows(&e, t, start, EQ_CHUNK);
            for (size_t j = 0; j < e.n; j++) e.u[j] = s->v[t->term[side][start + j]];
            eq_chunk_energy(&e);
            for (size_t j = 0; j < e.n; j++)
                add(p, (side == 0 ? 1.0 : -1.0) * s->homotopy.scale * e.y[j] *
                           eq_topology_weight(s->topology, t->term[side][start + j]));
        }
}

/* Behavioural currents of their own drop; a constant one is a source. */
static void add_formulas(eq_system *s, const eq_table *t, sum *p) {
    double scale = eq_port_scale(s, t);
    for (size_t j = 0; j < t->count; j++) {
        eq_node a = t->term[0][j], b = t->term[1][j];
        if (eq_formula_reads(t->formula[j], a, b) == EQ_READS_NOTHING) {
            double i = scale * eq_ports_own_current(&s->ports, s->circuit, t, j, 0.0);
            add(p, i * s->v[a] * eq_topology_weight(s->topology, a));
            add(p, -i * s->v[b] * eq_topology_weight(s->topology, b));
        } else {
            add(p, scale * eq_topology_element_weight(s->topology, a, b) *
                       eq_ports_own_energy(&s->ports, s->circuit, t, j, s->v[a] - s->v[b]));
        }
    }
}

/* -d_ref (J y - (y - at)^T S (y - at)/2): the nudge of docs/theory.md, 4, times beta. */
static void add_injection(const eq_system *s, sum *p) {
    const eq_injection *in = &s->injection;
    size_t m = s->circuit->outputs;
    if (in->current == NULL) return;
    double d = s->homotopy.scale * eq_topology_weight(s->topology, s->circuit->output[0].plus);
    for (size_t k = 0; k < m; k++) {
        double y = eq_system_output(s, s->v, k);
        add(p, -d * in->current[k] * y);
        for (size_t l = 0; in->slope != NULL && l < m; l++)
            add(p, 0.5 * d * in->slope[k * m + l] * (y - in->at[k]) *
                       (eq_system_output(s, s->v, l) - in->at[l]));
    }
}

double eq_system_energy(eq_system *s, const double *x, double *scale) {
    sum p = {0.0, 0.0};
    eq_system_potentials(s, x);
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &s->circuit->table[cls];
        if (eq_stands_between_nodes(t) && !eq_is_independent(t)) add_elements(s, t, &p);
    }
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &s->circuit->table[cls];
        if (eq_stands_between_nodes(t) && eq_is_independent(t)) add_sources(s, t, &p);
    }
    for (int cls = 0; s->topology->exists && cls < EQ_CLASS_COUNT; cls++)
        if (is_formula(&s->circuit->table[cls])) add_formulas(s, &s->circuit->table[cls], &p);
    add_injection(s, &p);
    for (size_t k = 0; s->homotopy.shunt != 0.0 && k < s->reduction->node_unknowns; k++) {
        if (eq_system_is_held(s, k)) continue; /* u = 0 */
        double u = x[k] - (s->homotopy.anchor == NULL ? 0.0 : s->homotopy.anchor[k]);
        add(&p, 0.5 * eq_system_shunt(s, k) * s->row_weight[k] * u * u);
    }
    if (scale != NULL) *scale = p.size;
    return p.total;
}

/* dp/du of the chunk at its drops by Ridders' extrapolated central differences (Ridders 1982,
 * Advances in Engineering Software 4:75): steps h, h/1.8, ..., Neville's scheme, the entry of least
 * estimated error. */
enum { LEVELS = 36 };
static const double shrink = 1.8;

static void central_difference(eq_chunk *e, const double *u, const double *h, double *slope,
                               double *noise) {
    double energy[2][EQ_CHUNK] = {{0}}; /* at u + h, at u - h */
    for (int side = 0; side < 2; side++) {
        double sign = side == 0 ? 1.0 : -1.0;
        for (size_t j = 0; j < e->n; j++) {
            e->u[j] = u[j] + sign * h[j];
            if (e->slope[j] != 0.0) e->c[j] = e->slope[j] * e->u[j];
        }
        eq_chunk_energy(e);
        memcpy(energy[side], e->y, e->n * sizeof *e->y);
    }
    for (size_t j = 0; j < e->n; j++) {
        slope[j] = (energy[0][j] - energy[1][j]) / ((u[j] + h[j]) - (u[j] - h[j]));
        noise[j] = 1e-16 * (fabs(energy[0][j]) + fabs(energy[1][j])) / h[j];
    }
}

/* Neville's scheme of one element: column[k] is the k-th of the row before; keeps the best entry.
 * noise: the rounding error of the difference, below which agreement means nothing. */
static void extrapolate(double *column, int level, double first, double noise, double *best,
                        double *error) {
    double factor = shrink * shrink, now = first;
    for (int k = 0; k < level; k++, factor *= shrink * shrink) {
        double better = (now * factor - column[k]) / (factor - 1.0);
        double change = fmax(fabs(better - now), fabs(better - column[k])) + noise;
        column[k] = now;
        now = better;
        if (change <= *error) {
            *error = change;
            *best = better;
        }
    }
    column[level] = now;
    if (level == 0) *best = first;
}

/* A quadratic energy needs one difference, whose step is best as large as the drop. */
static void slopes_by_energy(eq_chunk *e, const double *u, double *slope) {
    double h[EQ_CHUNK] = {0}, first[EQ_CHUNK] = {0}, error[EQ_CHUNK] = {0}, noise[EQ_CHUNK] = {0};
    static const double floor_step = 1e-3; /* V */
    double column[EQ_CHUNK][LEVELS] = {{0}};
    bool quadratic = eq_is_linear(e->t);
    for (size_t j = 0; j < e->n; j++) {
        h[j] = quadratic ? (u[j] == 0.0 ? 1.0 : fabs(u[j])) : 0.02 * fabs(u[j]) + floor_step;
        error[j] = INFINITY;
    }
    for (int level = 0; level < (quadratic ? 1 : LEVELS); level++) {
        central_difference(e, u, h, first, noise);
        for (size_t j = 0; j < e->n; j++) {
            extrapolate(column[j], level, first[j], noise[j], &slope[j], &error[j]);
            h[j] /= shrink;
        }
    }
}

/* Adds weight * dp/du of all elements of one table to the nodes. */
static void table_gradient(eq_system *s, const eq_table *t, double scale) {
    eq_chunk e;
    double u[EQ_CHUNK], slope[EQ_CHUNK];
    for (size_t start = 0; start < t->count; start += EQ_CHUNK) {
        eq_system_take(s, &e, t, start);
        memcpy(u, e.u, e.n * sizeof *u);
        for (size_t j = 0; j < e.n; j++) /* of the control by the drop */
            e.slope[j] = eq_by_voltage(t) ? eq_own_control(t, start + j) : 0.0;
        slopes_by_energy(&e, u, slope);
        for (size_t j = 0; j < e.n; j++) {
            eq_node a = t->term[0][start + j], b = t->term[1][start + j];
            double y = scale * share(t, start + j) * slope[j];
            s->flow.current[a] += eq_topology_weight(s->topology, a) * y;
            s->flow.current[b] -= eq_topology_weight(s->topology, b) * y;
        }
    }
}

/* The same of behavioural currents: dp/du is the current itself, of which p is the integral. */
static void formula_gradient(eq_system *s, const eq_table *t) {
    for (size_t j = 0; j < t->count; j++) {
        eq_node a = t->term[0][j], b = t->term[1][j];
        double y = eq_ports_own_current(&s->ports, s->circuit, t, j, s->v[a] - s->v[b]);
        s->flow.current[a] += eq_topology_weight(s->topology, a) * y;
        s->flow.current[b] -= eq_topology_weight(s->topology, b) * y;
    }
}

double eq_system_stationarity(eq_system *s, const double *x) {
    double worst = 0.0;
    const eq_sparse_rows *rows = &s->reduction->t;
    eq_system_potentials(s, x);
    memset(s->flow.current, 0, s->nodes * sizeof *s->flow.current);
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++)
        if (eq_stands_between_nodes(&s->circuit->table[cls]))
            table_gradient(s, &s->circuit->table[cls], 1.0);
        else if (is_formula(&s->circuit->table[cls]))
            formula_gradient(s, &s->circuit->table[cls]);
    double *gradient = s->flow.magnitude; /* [nodes] holds [node unknowns] */
    memset(gradient, 0, s->nodes * sizeof *gradient);
    for (size_t n = 0; n < s->nodes; n++)
        for (int32_t e = rows->start[n]; e < rows->start[n + 1]; e++)
            gradient[rows->unknown[e]] += rows->coefficient[e] * s->flow.current[n];
    for (size_t k = 0; k < s->reduction->node_unknowns; k++)
        worst = fmax(worst, fabs(gradient[k] / s->row_weight[k]));
    return worst;
}
