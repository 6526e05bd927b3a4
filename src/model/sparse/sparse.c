/* The engine for any circuit: one example at a time with the sparse solver. It works on the
 * conductances of the circuit itself, so load takes over and store has nothing left to write. */
#include <math.h>
#include <string.h>

#include "base/comm.h"
#include "base/mem.h"
#include "model/sparse/sparse.h"
#include "solver/chunk.h"

typedef eq_sparse_engine sparse_engine;

static void destroy(void *self) {
    sparse_engine *e = self;
    eq_solver_free(e->solver);
    eq_solver_free(e->with_slope);
    eq_pool_free(e->pool);
    eq_free(e->x);
    for (int s = 0; s < EQ_ADJOINT; s++) {
        eq_free(e->state[s]);
        eq_free(e->driven[s]);
    }
    eq_sparse_dynamics_free(e->dynamics);
    eq_adjoint_free(e->adjoint);
    eq_free(e->branch);
    eq_free(e->held);
    eq_drops_free(e->drops);
    eq_free(e->unknown);
    eq_free(e->exact);
    eq_free(e->lambda);
    eq_free(e->dcdv);
    eq_free(e->theta);
    eq_free(e->gradient);
    eq_free(e);
}

/* Nudges are injected, so the nudge sources of the deck stay at zero. */
static void silence_outputs(eq_circuit *c) {
    for (size_t k = 0; k < c->outputs; k++) {
        eq_element nudge[] = {c->output[k].nudge_plus, c->output[k].nudge_minus};
        for (int side = 0; side < 2; side++)
            if (nudge[side] != EQ_NONE) *eq_circuit_source(c, nudge[side]) = 0.0;
    }
}

static void load(void *self) {
    sparse_engine *e = self;
    e->options = eq_solve_defaults(e->c);
    eq_circuit_derive(e->c);
    silence_outputs(e->c);
    eq_solver_refresh(e->solver);
    if (e->with_slope != NULL) eq_solver_refresh(e->with_slope);
}

/* Whether the currents of branches stand in the equations: adjoints need them then. */
static bool reads_currents(const eq_circuit *c, const eq_reduction *r) {
    bool any = r->unknowns > r->node_unknowns;
    for (int k = 0; k < EQ_CLASS_COUNT; k++)
        any = any || (eq_by_current(&c->table[k]) && c->table[k].count > 0);
    return any;
}

static eq_status create(eq_circuit *c, const eq_engine_options *o, void **self, eq_diag *diag) {
    sparse_engine *e = eq_calloc(1, sizeof *e);
    if (e == NULL) return eq_out_of_memory(diag);
    size_t largest = 0;
    for (size_t g = 0; g < c->groups; g++) {
        if (c->group[g].count > largest) largest = c->group[g].count;
        e->parameters += c->group[g].count;
    }
    e->c = c;
    e->batch = o->batch;
    e->nodes = eq_circuit_nodes(c);
    e->x = eq_malloc(o->batch, c->inputs * sizeof *e->x);
    e->theta = eq_malloc(largest, sizeof *e->theta);
    e->gradient = eq_malloc(largest, sizeof *e->gradient);
    eq_status status = eq_solver_new(c, &e->solver, diag);
    if (status == EQ_OK && o->threads > 1) status = eq_pool_new(o->threads, &e->pool, diag);
    if (status == EQ_OK) {
        eq_solver_share(e->solver, e->pool);
        eq_solver_train(e->solver);
        e->branches = eq_solver_branches(e->solver);
        e->branch = eq_calloc(o->batch, e->branches * sizeof *e->branch);
        const eq_reduction *r = eq_solver_system(e->solver)->reduction;
        e->unknown = eq_calloc(r->unknowns, sizeof *e->unknown);
        e->reads = reads_currents(c, r);
    }
    if (status == EQ_OK && (e->x == NULL || e->theta == NULL || e->gradient == NULL ||
                            e->branch == NULL || e->unknown == NULL))
        status = eq_out_of_memory(diag);
    if (status != EQ_OK) {
        destroy(e);
        return status;
    }
    load(e);
    *self = e;
    return EQ_OK;
}

static eq_engine_info about(const void *self) {
    const sparse_engine *e = self;
    const eq_topology *t = eq_solver_system(e->solver)->topology;
    return (eq_engine_info){.name = "sparse",
                            .iterations = e->iterations,
                            .solves = e->solves,
                            .worst_ratio = e->worst_ratio,
                            .biased = t->exists ? NULL : t->reason};
}

static void count(sparse_engine *e, const eq_solve_info *info) {
    e->iterations += info->iterations;
    e->solves += 1.0;
    e->worst_ratio = fmax(e->worst_ratio, info->residual_ratio);
}

/* Where the solver has just been at the same example, it goes on from there. */
static void go_on(sparse_engine *e, eq_solver *solver, size_t k) {
    if (e->last == solver && e->solved == k) eq_solver_go_on(solver);
    e->last = solver;
    e->solved = k;
}

/* Solves example k from v in place; branch may be NULL. */
static eq_status solve_example(sparse_engine *e, eq_solver *solver, size_t k, double *v,
                               double *branch, eq_diag *diag) {
    eq_solve_info info;
    eq_sparse_present(e, k);
    go_on(e, solver, k);
    eq_status status = eq_solver_run(solver, &e->options, v, branch, &info, diag);
    if (status != EQ_OK)
        return eq_fail(diag, status, "example %zu of the minibatch has no steady state; see above",
                       k + 1);
    count(e, &info);
    return EQ_OK;
}

static void read_outputs(const sparse_engine *e, const double *v, double *y) {
    for (size_t k = 0; k < e->c->outputs; k++)
        y[k] = eq_system_output(eq_solver_system(e->solver), v, k);
}

/* Outputs y (may be NULL) and failures of one rank become known to all. */
static eq_status share_outputs(const sparse_engine *e, eq_status status, double *y) {
    status = eq_comm_agree(status);
    if (status == EQ_OK && y != NULL) eq_comm_allgather(y, e->n, e->c->outputs);
    return status;
}

/* Examples start from the potentials v0 (NULL: zero) and the pivots are chosen anew: the result depends on nothing
 * else before. */
static eq_status free_phase_from(void *self, size_t n, const double *x, const double *v0, double *y,
                                 eq_diag *diag) {
    sparse_engine *e = self;
    eq_status status = eq_sparse_open_slot(e, 0, diag);
    if (status != EQ_OK) return share_outputs(e, status, NULL);
    e->n = n;
    eq_comm_partition(n, &e->first, &e->end);
    e->end += e->first;
    memcpy(e->x, x, n * e->c->inputs * sizeof *x);
    if (v0 != NULL)
        memcpy(e->state[0], v0, n * e->nodes * sizeof *v0);
    else
        memset(e->state[0], 0, n * e->nodes * sizeof *e->state[0]);
    silence_outputs(e->c); /* eq_network_present may have driven them */
    eq_solver_forget(e->solver);
    e->last = NULL;
    eq_solver_inject(e->solver, (eq_injection){NULL, NULL, NULL});
    for (size_t k = e->first; status == EQ_OK && k < e->end; k++) {
        double *v = e->state[0] + k * e->nodes;
        double *branch = e->reads ? e->branch + k * e->branches : NULL;
        status = solve_example(e, e->solver, k, v, branch, diag);
        if (status == EQ_OK && y != NULL) read_outputs(e, v, y + k * e->c->outputs);
    }
    return share_outputs(e, status, y);
}

static eq_status free_phase(void *self, size_t n, const double *x, double *y, eq_diag *diag) {
    return free_phase_from(self, n, x, NULL, y, diag);
}

/* The currents that the nudge drives into the outputs at the potentials v. */
static void keep_driven(const sparse_engine *e, const eq_injection *in, const double *v,
                        double *driven) {
    size_t m = e->c->outputs;
    const eq_system *s = eq_solver_system(e->solver);
    for (size_t k = 0; k < m; k++) {
        driven[k] = in->current[k];
        for (size_t l = 0; in->slope != NULL && l < m; l++)
            driven[k] -= in->slope[k * m + l] * (eq_system_output(s, v, l) - in->at[l]);
    }
}

/* Where the nodes of the outputs of example k are moved to; whether any is. */
static bool aim(sparse_engine *e, const double *move, const double *free) {
    bool any = false;
    for (size_t n = 0; n < e->nodes; n++) e->held[n] = NAN;
    for (size_t o = 0; o < e->c->outputs; o++) {
        eq_node node[] = {e->c->output[o].plus, e->c->output[o].minus};
        for (int side = 0; side < 2; side++) {
            double way = move[2 * o + (size_t)side];
            if (isnan(way) || node[side] == EQ_NONE) continue;
            e->held[node[side]] = free[node[side]] + way;
            any = true;
        }
    }
    return any;
}

/* Single nodes clamped, from the free phase; where none is, that is the phase. */
static eq_status clamped_phase(void *self, int slot, const double *move, double pull, double *y,
                               eq_diag *diag) {
    sparse_engine *e = self;
    size_t m = e->c->outputs;
    eq_status status = eq_sparse_open_slot(e, slot, diag);
    if (e->held == NULL) e->held = eq_malloc(e->nodes, sizeof *e->held);
    if (e->held == NULL) status = eq_out_of_memory(diag);
    eq_solver_forget(e->solver);
    for (size_t k = e->first; status == EQ_OK && k < e->end; k++) {
        double *v = e->state[slot] + k * e->nodes;
        eq_solve_info info;
        memcpy(v, e->state[0] + k * e->nodes, e->nodes * sizeof *v);
        memset(e->driven[slot] + k * m, 0, m * sizeof **e->driven);
        eq_sparse_present(e, k);
        if (aim(e, move + 2 * k * m, v)) {
            go_on(e, e->solver, k);
            status = eq_solver_clamp(e->solver, &e->options, e->held, pull, v, &info, diag);
            if (status == EQ_OK) count(e, &info);
        }
        if (status == EQ_OK && y != NULL) read_outputs(e, v, y + k * m);
    }
    return share_outputs(e, status, y);
}

/* A nudge that drives nothing leaves the free state. */
static bool is_idle(const eq_injection *in, size_t outputs) {
    for (size_t k = 0; k < outputs; k++)
        if (in->current[k] != 0.0) return false;
    return in->slope == NULL;
}

static eq_status nudged_phase(void *self, int slot, const eq_nudge *nudge, double *y,
                              eq_diag *diag) {
    sparse_engine *e = self;
    size_t m = e->c->outputs;
    eq_status status = eq_sparse_open_slot(e, slot, diag);
    if (status == EQ_OK && nudge->slope != NULL && e->with_slope == NULL)
        status = eq_solver_new_for(e->c, true, &e->with_slope, diag);
    if (status != EQ_OK) return share_outputs(e, status, NULL);
    if (e->with_slope != NULL) eq_solver_share(e->with_slope, e->pool);
    if (e->with_slope != NULL) eq_solver_train(e->with_slope);
    eq_solver *solver = nudge->slope == NULL ? e->solver : e->with_slope;
    eq_solver_forget(solver);
    for (size_t k = e->first; status == EQ_OK && k < e->end; k++) {
        double *v = e->state[slot] + k * e->nodes;
        eq_injection in = {nudge->current + k * m, NULL, NULL};
        if (nudge->slope != NULL) {
            in.slope = nudge->slope + k * m * m;
            in.at = nudge->at + k * m;
        }
        if (!nudge->stay) memcpy(v, e->state[0] + k * e->nodes, e->nodes * sizeof *v);
        eq_solver_inject(solver, in);
        if (!is_idle(&in, m)) status = solve_example(e, solver, k, v, NULL, diag);
        if (status == EQ_OK) keep_driven(e, &in, v, e->driven[slot] + k * m);
        if (status == EQ_OK && y != NULL) read_outputs(e, v, y + k * m);
    }
    eq_solver_inject(solver, (eq_injection){NULL, NULL, NULL});
    return share_outputs(e, status, y);
}

/* The parameters of rows of a table, gathered. */
static void gather(const eq_table *t, const int32_t *row, size_t count,
                   double column[EQ_MAX_COLUMNS][EQ_CHUNK], double **w) {
    for (int k = 0; k < t->cls->columns; k++) {
        w[k] = column[k];
        for (size_t j = 0; j < count; j++) column[k][j] = t->w[k][row[j]];
    }
}

/* gradient[0..n) += a * dp/dw of the rows of the group at the node potentials v. */
static void add_energies(const eq_table *t, const eq_group *g, const double *v, double a,
                         double *gradient) {
    double u[EQ_CHUNK], p[EQ_CHUNK], column[EQ_MAX_COLUMNS][EQ_CHUNK], *w[EQ_MAX_COLUMNS];
    for (size_t start = 0; start < g->count; start += EQ_CHUNK) {
        const int32_t *row = g->row + start;
        size_t count = g->count - start < EQ_CHUNK ? g->count - start : EQ_CHUNK;
        for (size_t j = 0; j < count; j++) u[j] = v[t->term[0][row[j]]] - v[t->term[1][row[j]]];
        gather(t, row, count, column, w);
        t->cls->param_energy(count, w, g->param, u, NULL, p);
        for (size_t j = 0; j < count; j++) gradient[start + j] += a * p[j];
    }
}

/* d of the floating side of a row over d of the first output. */
static double weight(const sparse_engine *e, const eq_table *t, int32_t row) {
    const eq_topology *q = eq_solver_system(e->solver)->topology;
    eq_node a = t->term[0][row], b = t->term[1][row];
    return eq_topology_element_weight(q, a, b) / eq_topology_weight(q, e->c->output[0].plus);
}

/* What takes the place of the adjoint for example k (eq_adjoint_take), and dC/dv from the currents
 * that the nudges drive into the outputs. */
static void respond(sparse_engine *e, const double a[EQ_MAX_SLOTS], size_t k) {
    const eq_topology *q = eq_solver_system(e->solver)->topology;
    double reference = eq_topology_weight(q, e->c->output[0].plus);
    memset(e->lambda, 0, e->nodes * sizeof *e->lambda);
    memset(e->dcdv, 0, e->nodes * sizeof *e->dcdv);
    for (int s = 0; s < EQ_ADJOINT; s++) {
        if (a[s] == 0.0) continue;
        const double *v = e->state[s] + k * e->nodes, *driven = e->driven[s] + k * e->c->outputs;
        for (size_t n = 0; n < e->nodes; n++)
            e->lambda[n] -= a[s] * eq_topology_weight(q, (eq_node)n) / reference * v[n];
        for (size_t o = 0; s > 0 && o < e->c->outputs; o++) {
            const eq_output *out = &e->c->output[o];
            e->dcdv[out->plus] -= a[s] * driven[o];
            if (out->minus != EQ_NONE) e->dcdv[out->minus] += a[s] * driven[o];
        }
    }
    e->lambda[EQ_GROUND] = 0.0;
}

/* e->exact += dC/dw of example k, whose cost has the slope dcdy. */
static eq_status add_example(sparse_engine *e, size_t k, const double *dcdy, eq_diag *diag) {
    const double *v = e->state[0] + k * e->nodes, *branch = e->branch + k * e->branches;
    bool any = false;
    for (size_t o = 0; o < e->c->outputs; o++) any = any || dcdy[o] != 0.0;
    if (!any) return EQ_OK;
    eq_sparse_present(e, k);
    eq_sparse_slopes(e, dcdy, e->dcdv);
    eq_status status = eq_adjoint_solve(e->adjoint, v, branch, e->dcdv, diag);
    if (status != EQ_OK) return status;
    eq_adjoint_sources(e->adjoint, e->dcdv);
    eq_sparse_add_exact(e, v, branch);
    return EQ_OK;
}

/* The Jacobians are those of the parameters as they stand, so all groups are summed up before an
 * update changes the first. */
static eq_status adjoint_phase(void *self, const double *dcdy, eq_diag *diag) {
    sparse_engine *e = self;
    eq_status status = eq_sparse_open_adjoint(e, diag);
    status = eq_comm_agree(status);
    if (status != EQ_OK) return status;
    memset(e->exact, 0, e->parameters * sizeof *e->exact);
    eq_solver_forget(e->solver);
    for (size_t k = e->first; status == EQ_OK && k < e->end; k++)
        status = add_example(e, k, dcdy + k * e->c->outputs, diag);
    eq_comm_sum(e->exact, e->parameters);
    return eq_comm_agree(status);
}

/* gradient[0..n) += a dL/dw by the response, over all examples. */
static eq_status add_responses(sparse_engine *e, const eq_group *g, const double a[EQ_MAX_SLOTS],
                               double *gradient, eq_diag *diag) {
    eq_status status = eq_sparse_open_adjoint(e, diag);
    for (size_t k = e->first; status == EQ_OK && k < e->end; k++) {
        double *v = e->state[0] + k * e->nodes;
        eq_sparse_present(e, k);
        respond(e, a, k);
        eq_adjoint_take(e->adjoint, v, e->lambda);
        eq_adjoint_sources(e->adjoint, e->dcdv);
        eq_sparse_add_adjoints(e, g, v, e->adjoint->branch, gradient);
    }
    eq_comm_sum(gradient, g->count);
    return status;
}

/* gradient[0..n) += the estimate of dL/dw of a group from the phases, over all examples. */
static eq_status estimate(sparse_engine *e, const eq_group *g, const double a[EQ_MAX_SLOTS],
                          double *gradient, eq_diag *diag) {
    const eq_table *t = &e->c->table[g->cls];
    if (e->rule == EQ_RULE_DELTA_V2) {
        for (int s = 0; s < EQ_ADJOINT; s++)
            for (size_t k = e->first; a[s] != 0.0 && k < e->end; k++)
                eq_drops_add(e->drops, (size_t)(g - e->c->group), e->state[s] + k * e->nodes, a[s],
                             gradient);
        eq_comm_sum(gradient, g->count);
        return EQ_OK;
    }
    if (e->rule == EQ_RULE_RESPONSE || !eq_learns_by_energy(t))
        return eq_comm_agree(add_responses(e, g, a, gradient, diag));
    for (int s = 0; s < EQ_ADJOINT; s++)
        for (size_t k = e->first; a[s] != 0.0 && k < e->end; k++)
            add_energies(t, g, e->state[s] + k * e->nodes, a[s], gradient);
    eq_comm_sum(gradient, g->count);
    for (size_t k = 0; k < g->count; k++) gradient[k] *= weight(e, t, g->row[k]);
    return EQ_OK;
}

static bool uses_phases(const double a[EQ_MAX_SLOTS]) {
    bool any = false;
    for (int s = 0; s < EQ_ADJOINT; s++) any = any || a[s] != 0.0;
    return any;
}

static eq_status update(void *self, const double a[EQ_MAX_SLOTS], eq_step step, void *data,
                        eq_diag *diag) {
    sparse_engine *e = self;
    const double *exact = e->exact;
    bool given = true; /* nothing but values of sources has changed, which every solve reads */
    for (size_t k = 0; k < e->c->groups; k++) {
        const eq_group *g = &e->c->group[k];
        double *value = e->c->table[g->cls].w[g->param];
        eq_status status = EQ_OK;
        memset(e->gradient, 0, g->count * sizeof *e->gradient);
        if (uses_phases(a)) status = estimate(e, g, a, e->gradient, diag);
        if (status != EQ_OK) return status;
        for (size_t j = 0; a[EQ_ADJOINT] != 0.0 && j < g->count; j++)
            e->gradient[j] += a[EQ_ADJOINT] * *exact++;
        for (size_t j = 0; j < g->count; j++) e->theta[j] = value[g->row[j]];
        step(data, k, 0, g->count, e->theta, e->gradient);
        for (size_t j = 0; j < g->count; j++) value[g->row[j]] = e->theta[j];
        e->derives = e->derives || e->c->table[g->cls].cls->derive != NULL;
        given = given && (e->c->table[g->cls].cls->flags & EQ_INDEPENDENT) != 0;
        for (size_t j = 0; j < g->count; j++) given = given && isfinite(e->theta[j]);
    }
    if (given) return EQ_OK;
    if (e->derives) eq_circuit_derive(e->c);
    eq_solver_refresh(e->solver);
    if (e->with_slope != NULL) eq_solver_refresh(e->with_slope);
    return EQ_OK;
}

static eq_status rule(void *self, eq_rule wanted, eq_diag *diag) {
    sparse_engine *e = self;
    e->rule = wanted;
    if (wanted != EQ_RULE_DELTA_V2 || e->drops != NULL) return EQ_OK;
    return eq_drops_new(e->c, &e->drops, diag);
}

static void potentials(const void *self, int slot, double *v) {
    const sparse_engine *e = self;
    size_t at = e->first * e->nodes, own = (e->end - e->first) * e->nodes;
    memcpy(v + at, e->state[slot] + at, own * sizeof *v);
    eq_comm_allgather(v, e->n, e->nodes);
}

/* v = T x + c of what is read of the unknowns x, in place. */
static void disturb(void *self, int slot, eq_disturbance error, const void *data) {
    sparse_engine *e = self;
    const eq_reduction *r = eq_solver_system(e->solver)->reduction;
    for (size_t k = e->first; k < e->end; k++) {
        double *v = e->state[slot] + k * e->nodes;
        eq_sparse_present(e, k);
        for (size_t j = 0; j < r->node_unknowns; j++) {
            eq_node root = r->root[j];
            double above = r->parent[root] == EQ_NONE ? v[root] : v[root] - v[r->parent[root]];
            e->unknown[j] = above + error(data, k, root);
        }
        eq_reduction_potentials(r, e->c, e->unknown, 1.0, v, NULL);
    }
}

static size_t group_rows(const void *self, size_t group, int32_t *rows) {
    const eq_group *g = &((const sparse_engine *)self)->c->group[group];
    memcpy(rows, g->row, g->count * sizeof *rows);
    return g->count;
}

const eq_engine_ops eq_engine_sparse_ops = {
    .name = "sparse",
    .create = create,
    .destroy = destroy,
    .about = about,
    .load = load,
    .free_phase = free_phase,
    .free_phase_from = free_phase_from,
    .nudged_phase = nudged_phase,
    .clamped_phase = clamped_phase,
    .rule = rule,
    .adjoint_phase = adjoint_phase,
    .update = update,
    .potentials = potentials,
    .disturb = disturb,
    .group_rows = group_rows,
    .dynamics = &eq_sparse_dynamics_ops,
};
