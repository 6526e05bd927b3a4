#include "model/power.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/comm.h"
#include "base/mem.h"
#include "solver/chunk.h"
#include "solver/settling.h"
#include "solver/solver_internal.h"
#include "solver/stamp.h"

struct eq_meter {
    eq_circuit *c;
    eq_solver *solver;
    eq_depths *depths;
    double *v, *branch, *x, *r, *magnitude; /* of one example */
    int32_t *group[EQ_CLASS_COUNT];         /* [rows] group of a trained row, EQ_NONE; NULL: none */
    eq_power sum;
    double net; /* W: sum of p of the example */
};

void eq_meter_free(eq_meter *m) {
    if (m == NULL) return;
    double *arrays[] = {m->v, m->branch, m->x, m->r, m->magnitude};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) eq_free(arrays[k]);
    for (int k = 0; k < EQ_CLASS_COUNT; k++) eq_free(m->group[k]);
    eq_free(m->sum.group);
    eq_free(m->sum.layer);
    eq_depths_free(m->depths);
    eq_solver_free(m->solver);
    eq_free(m);
}

static eq_status number_groups(eq_meter *m, eq_diag *diag) {
    for (size_t g = 0; g < m->c->groups; g++) {
        const eq_group *group = &m->c->group[g];
        size_t rows = m->c->table[group->cls].count;
        int32_t **of = &m->group[group->cls];
        if (*of == NULL) {
            *of = eq_malloc(rows, sizeof **of);
            if (*of == NULL) return eq_out_of_memory(diag);
            memset(*of, 0xff, rows * sizeof **of);
        }
        for (size_t j = 0; j < group->count; j++) (*of)[group->row[j]] = (int32_t)g;
    }
    return EQ_OK;
}

static eq_status make_room(eq_meter *m, eq_diag *diag) {
    const eq_system *s = eq_solver_system(m->solver);
    m->sum.groups = m->c->groups;
    m->sum.layers = (size_t)m->depths->deepest + 1;
    m->sum.least = INFINITY;
    m->sum.group = eq_calloc(m->sum.groups, sizeof *m->sum.group);
    m->sum.layer = eq_calloc(m->sum.layers, sizeof *m->sum.layer);
    m->v = eq_calloc(s->nodes, sizeof *m->v);
    m->branch = eq_calloc(s->reduction->branches, sizeof *m->branch);
    m->x = eq_calloc(s->n, sizeof *m->x);
    m->r = eq_calloc(s->n, sizeof *m->r);
    m->magnitude = eq_calloc(s->n, sizeof *m->magnitude);
    bool whole = m->sum.group != NULL && m->sum.layer != NULL && m->v != NULL &&
                 m->branch != NULL && m->x != NULL && m->r != NULL && m->magnitude != NULL;
    return whole ? number_groups(m, diag) : eq_out_of_memory(diag);
}

eq_status eq_meter_new(eq_network *n, eq_meter **out, eq_diag *diag) {
    eq_meter *m = eq_calloc(1, sizeof *m);
    if (m == NULL) return eq_out_of_memory(diag);
    m->c = eq_network_circuit(n);
    eq_status status = eq_solver_new(m->c, &m->solver, diag);
    if (status == EQ_OK)
        status = eq_depths_new(m->c, eq_solver_system(m->solver)->topology, &m->depths, diag);
    if (status == EQ_OK) status = make_room(m, diag);
    if (status == EQ_OK)
        *out = m;
    else
        eq_meter_free(m);
    return status;
}

/* Example k of x and v becomes m's own, with its branch currents. Those that are unknowns stand in
 * no potential: the solution is taken up by the solver. */
static eq_status take(eq_meter *m, size_t k, const double *x, const double *v, eq_diag *diag) {
    eq_system *s = eq_solver_system(m->solver);
    for (size_t i = 0; i < m->c->inputs; i++)
        *eq_circuit_source(m->c, m->c->input[i]) = x[k * m->c->inputs + i];
    memcpy(m->v, v + k * s->nodes, s->nodes * sizeof *m->v);
    if (s->reduction->unknowns > s->reduction->node_unknowns) {
        eq_solve_options o = eq_solve_defaults(m->c);
        eq_status status = eq_solver_run(m->solver, &o, m->v, m->branch, NULL, diag);
        if (status != EQ_OK) return status;
    } else {
        eq_system_unknowns(s, m->v, NULL, m->x);
        eq_system_state(s, m->x, m->v, m->branch);
    }
    eq_system_unknowns(s, m->v, m->branch, m->x);
    return EQ_OK;
}

static void add(eq_watts *w, double p) {
    if (p < 0.0)
        w->delivered -= p;
    else
        w->dissipated += p;
}

/* Element `row` of a table takes up p. */
static void count(eq_meter *m, const eq_table *t, int cls, size_t row, double p, eq_watts *total) {
    add(total, p);
    add(&m->sum.cls[cls], p);
    add(&m->sum.layer[eq_depth_of(m->depths, t, row)], p);
    if (m->group[cls] != NULL && m->group[cls][row] != EQ_NONE)
        add(&m->sum.group[m->group[cls][row]], p);
    m->net += p;
}

/* Laws of the own drop and of another one. */
static void read_laws(eq_meter *m, const eq_table *t, int cls, eq_watts *total) {
    eq_chunk e;
    for (size_t start = 0; start < t->count; start += EQ_CHUNK) {
        eq_chunk_take(&e, t, start, m->v);
        eq_chunk_evaluate(&e);
        for (size_t j = 0; j < e.n; j++) count(m, t, cls, start + j, e.u[j] * e.y[j], total);
    }
}

/* What flows into the nodes of an element of a port class, times their potentials. */
static double port_power(eq_meter *m, const eq_table *t, size_t row) {
    eq_system *s = eq_solver_system(m->solver);
    double p = 0.0;
    eq_ports_at(&s->ports, m->c, s->reduction, t, row, m->v, m->branch, NULL);
    for (size_t k = 0; k < eq_port_outputs(t); k++)
        p += m->v[eq_port_plus(t, row, k)] * s->ports.value[k];
    return p;
}

/* Everything else, one by one. */
static void read_others(eq_meter *m, const eq_table *t, int cls, eq_watts *total) {
    for (size_t j = 0; j < t->count; j++) {
        double p;
        if (eq_is_port_class(t))
            p = port_power(m, t, j);
        else
            p = (m->v[t->term[0][j]] - m->v[t->term[1][j]]) *
                eq_solver_current(m->solver, t->id[j], m->v, m->branch);
        count(m, t, cls, j, p, total);
    }
}

/* sum of p = sum over the free nodes of v times the residual of KCL there (Tellegen 1952): at most
 * |v| times the bound of each, and the round-off of the sum. */
static double balance_bound(eq_meter *m, double size) {
    eq_system *s = eq_solver_system(m->solver);
    const eq_options *o = &m->c->options;
    double bound = 1e3 * DBL_EPSILON * size;
    eq_system_residual(s, m->x, m->r, m->magnitude);
    for (size_t k = 0; k < s->reduction->node_unknowns; k++)
        bound += fabs(m->x[k]) * (o->abstol + o->reltol * m->magnitude[k]);
    return bound;
}

static void read_example(eq_meter *m) {
    eq_watts total = {0.0, 0.0};
    m->net = 0.0;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &m->c->table[cls];
        if (t->count > 0 && eq_stands_between_nodes(t))
            read_laws(m, t, cls, &total);
        else
            read_others(m, t, cls, &total);
    }
    double bound = balance_bound(m, total.delivered + total.dissipated);
    eq_power *p = &m->sum;
    if (!(fabs(m->net) * p->bound <= p->balance * bound)) {
        p->balance = fabs(m->net);
        p->bound = bound;
    }
    if (p->examples == 0) {
        p->balance = fabs(m->net);
        p->bound = bound;
    }
    p->examples++;
    p->total.delivered += total.delivered;
    p->total.dissipated += total.dissipated;
    p->least = fmin(p->least, total.delivered);
    p->most = fmax(p->most, total.delivered);
}

eq_status eq_meter_read(eq_meter *m, size_t n, const double *x, const double *v, eq_diag *diag) {
    size_t first, own;
    eq_status status = EQ_OK;
    eq_comm_partition(n, &first, &own);
    for (size_t k = first; status == EQ_OK && k < first + own; k++) {
        status = take(m, k, x, v, diag);
        if (status == EQ_OK) read_example(m);
    }
    return eq_comm_agree(status);
}

/* What every rank has read becomes the sum, or the largest, of all. */
static void join(eq_power *p) {
    double ratio = p->bound > 0.0 ? p->balance / p->bound : 0.0, worst = ratio, least = -p->least;
    double balance[2], examples = (double)p->examples;
    eq_comm_sum(&examples, 1);
    eq_comm_sum((double *)&p->total, 2);
    eq_comm_sum((double *)p->cls, 2 * EQ_CLASS_COUNT);
    eq_comm_sum((double *)p->group, 2 * p->groups);
    eq_comm_sum((double *)p->layer, 2 * p->layers);
    eq_comm_max(&least, 1);
    eq_comm_max(&p->most, 1);
    eq_comm_max(&worst, 1);
    balance[0] = ratio == worst ? p->balance : 0.0;
    balance[1] = ratio == worst ? p->bound : 0.0;
    eq_comm_max(balance, 2);
    p->balance = balance[0];
    p->bound = balance[1];
    p->examples = (size_t)examples;
    p->least = -least;
}

static void divide(eq_watts *w, size_t n, double by) {
    for (size_t k = 0; k < n; k++) {
        w[k].delivered /= by;
        w[k].dissipated /= by;
    }
}

const eq_power *eq_meter_mean(eq_meter *m) {
    eq_power *p = &m->sum;
    if (eq_comm_size() > 1) join(p);
    double n = p->examples > 0 ? (double)p->examples : 1.0;
    divide(&p->total, 1, n);
    divide(p->cls, EQ_CLASS_COUNT, n);
    divide(p->group, p->groups, n);
    divide(p->layer, p->layers, n);
    return p;
}

eq_status eq_meter_settling(eq_meter *m, size_t n, const double *x, const double *v, double farad,
                            double *tau, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < n; k++) {
        double one;
        status = take(m, k, x, v, diag);
        if (status == EQ_OK)
            status = eq_solver_settling(m->solver, m->v, m->branch, farad, &one, diag);
        if (status == EQ_OK) *tau = fmax(*tau, one);
    }
    return status;
}
