/* The gradient by the adjoint, which knows nothing of nudged phases or energy weights, what
 * round-off leaves open of it and of the phases, and the gradient by differences of the loss. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "train/gradcheck.h"
#include "train/limit.h"

/* Random signs give the root mean square of an error within a fifth; four times it is its size. */
enum { SAMPLES = 16, PROBES = 4, SIZE = 4 };

void eq_check_close(eq_check *k) {
    double *all[] = {k->start, k->v,        k->dcdv,     k->lambda,  k->branch, k->dcdy,
                     k->y,     k->dv,       k->u,        k->dydw,    k->one,    k->adjoint,
                     k->doubt, k->round[0], k->round[1], k->round[2]};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++) eq_free(all[j]);
    eq_topology_free(k->topology);
    eq_solver_free(k->solver);
    eq_session_close(&k->s);
}

static eq_status make_room(eq_check *k) {
    k->nodes = eq_circuit_nodes(k->s.c);
    k->rows = k->s.c->table[EQ_CLASS_memristor].count;
    struct {
        double **at;
        size_t count, each;
    } all[] = {{&k->start, k->n, k->nodes},
               {&k->v, 1, k->nodes},
               {&k->dcdv, 1, k->nodes},
               {&k->lambda, 1, k->nodes},
               {&k->dv, SAMPLES, k->nodes},
               {&k->branch, 1, eq_solver_branches(k->solver)},
               {&k->dcdy, 1, k->s.outputs},
               {&k->y, 1, k->s.outputs},
               {&k->u, 1, k->rows},
               {&k->dydw, 1, k->rows},
               {&k->one, 1 + PROBES, k->rows},
               {&k->adjoint, 1, k->rows},
               {&k->doubt, 1, k->rows},
               {&k->round[0], 1, k->rows},
               {&k->round[1], 1, k->rows},
               {&k->round[2], 1, k->rows}};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++) {
        *all[j].at = eq_calloc(all[j].count, all[j].each * sizeof **all[j].at);
        if (*all[j].at == NULL) return eq_out_of_memory(k->diag);
    }
    return EQ_OK;
}

/* Operating point of example j in k->v, k->branch. */
static eq_status solve_example(eq_check *k, size_t j) {
    eq_circuit *c = k->s.c;
    for (size_t i = 0; i < c->inputs; i++)
        *eq_circuit_source(c, c->input[i]) = k->s.input[j * k->s.encoder.inputs + i];
    eq_solver_refresh(k->solver);
    memcpy(k->v, k->start + j * k->nodes, k->nodes * sizeof *k->v);
    return eq_solver_solve(k->solver, &k->options, k->v, k->branch, NULL, k->diag);
}

/* dC/dv of example j at the potentials v, in k->dcdv; k->y and k->dcdy on the way. */
static void cost_slope(eq_check *k, size_t j, const double *v) {
    const eq_circuit *c = k->s.c;
    for (size_t o = 0; o < c->outputs; o++)
        k->y[o] =
            v[c->output[o].plus] - (c->output[o].minus == EQ_NONE ? 0.0 : v[c->output[o].minus]);
    eq_cost_gradient(&k->x->cost, k->s.outputs, k->y, k->s.label[j], k->dcdy);
    memset(k->dcdv, 0, k->nodes * sizeof *k->dcdv);
    for (size_t o = 0; o < c->outputs; o++) {
        k->dcdv[c->output[o].plus] += k->dcdy[o];
        if (c->output[o].minus != EQ_NONE) k->dcdv[c->output[o].minus] -= k->dcdy[o];
    }
}

/* dC/dg = -(lambda_a - lambda_b) di/dg of example j at the potentials v. */
static eq_status adjoint_at(eq_check *k, size_t j, const double *v, double *gradient) {
    const eq_table *t = &k->s.c->table[EQ_CLASS_memristor];
    cost_slope(k, j, v);
    eq_status status = eq_solver_adjoint(k->solver, v, k->branch, k->dcdv, k->lambda, k->diag);
    if (status != EQ_OK) return status;
    for (size_t r = 0; r < k->rows; r++) k->u[r] = v[t->term[0][r]] - v[t->term[1][r]];
    t->cls->param_value(k->rows, t->w, 0, k->u, NULL, k->dydw);
    for (size_t r = 0; r < k->rows; r++)
        gradient[r] = -(k->lambda[t->term[0][r]] - k->lambda[t->term[1][r]]) * k->dydw[r];
    return EQ_OK;
}

static double largest(const double *y, size_t n) {
    double most = 0.0;
    for (size_t k = 0; k < n; k++) most = fmax(most, fabs(y[k]));
    return most;
}

/* The reach of a nudge and the largest |dC/dy| over the examples,
 * with the tolerances of the deck. */
static eq_status measure_reach(eq_check *k, double *push) {
    eq_status status = EQ_OK;
    *push = 0.0;
    for (size_t j = 0; status == EQ_OK && j < k->n; j++) {
        status = solve_example(k, j);
        if (status == EQ_OK) status = adjoint_at(k, j, k->v, k->one);
        if (status != EQ_OK) return status;
        memcpy(k->start + j * k->nodes, k->v, k->nodes * sizeof *k->v);
        k->reach = fmax(k->reach, largest(k->lambda, k->nodes));
        *push = fmax(*push, largest(k->dcdy, k->s.outputs));
    }
    return status;
}

void eq_check_loosen(eq_check *k, double loose) {
    k->s.c->options.reltol = loose * k->options.reltol;
    k->s.c->options.abstol = loose * k->options.abstol;
    eq_engine_load(k->s.engine);
}

/* Solver and engine with these bounds have a state for every example, free and nudged. */
static eq_status tighten(eq_check *k, double reltol, double abstol, eq_diag *diag) {
    eq_session *s = &k->s;
    double a[EQ_MAX_SLOTS];
    eq_estimator e = {eq_estimator_find("symmetric"), 1e-3 / fmax(k->reach, DBL_MIN),
                      EQ_NUDGE_CURRENT};
    eq_diag *kept = k->diag;
    k->options.reltol = reltol;
    k->options.abstol = fmax(abstol, 1e-300);
    eq_check_loosen(k, 1.0);
    eq_status status = eq_session_free_phase(s, s->set.train, s->set.train_index, k->n, diag);
    if (status == EQ_OK && k->reach > 0.0)
        status =
            eq_estimate(&e, s->phases, s->engine, &k->x->cost, 1.0, k->n, s->y, s->label, a, diag);
    k->diag = diag;
    for (size_t j = 0; status == EQ_OK && j < k->n; j++) status = solve_example(k, j);
    k->diag = kept;
    return status;
}

/* The tightest KCL bound that round-off allows on these examples: estimates divide differences of
 * states by beta. The absolute part is small beside the nudge that moves a node by 1 nV, or where
 * nodes without current forbid that, beside the nudge that moves one by 1 V. */
static eq_status tighten_most(eq_check *k) {
    static const double reltol[] = {1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9},
                        move[] = {1e-12, 1e-3};
    enum { TRIES = 2 * sizeof reltol / sizeof *reltol };
    double push;
    eq_status status = measure_reach(k, &push);
    double volt = k->reach > 0.0 ? push / k->reach : 0.0;
    for (int t = 0; status == EQ_OK && t < TRIES; t++) {
        double bound = reltol[t / 2];
        eq_status tried =
            tighten(k, bound, bound * move[t % 2] * volt, t + 1 == TRIES ? k->diag : NULL);
        if (tried == EQ_ERR_MEMORY) return eq_out_of_memory(k->diag);
        if (tried == EQ_OK) return EQ_OK;
        if (t + 1 == TRIES) status = tried;
    }
    return status;
}

/* |d| of the floating side of a conductance over that of the first output; 1 where a part of the
 * circuit has no weight. */
static double weight(const eq_check *k, size_t row) {
    const eq_table *m = &k->s.c->table[EQ_CLASS_memristor];
    const eq_topology *t = k->topology;
    eq_node a = m->term[0][row], b = m->term[1][row];
    double d = eq_topology_weight(t, t->component[a] != EQ_NONE ? a : b);
    d = fabs(d / eq_topology_weight(t, k->s.c->output[0].plus));
    return isfinite(d) ? d : 1.0;
}

/* How far u = v_a - v_b of a row may be off: what the KCL bound leaves open, and the rounding of
 * the two potentials. */
static double drop_doubt(const eq_check *k, eq_node a, eq_node b) {
    double sum = 0.0;
    for (size_t s = 0; s < SAMPLES; s++) {
        double d = k->dv[s * k->nodes + (size_t)a] - k->dv[s * k->nodes + (size_t)b];
        sum += d * d;
    }
    return SIZE * sqrt(sum / SAMPLES) + DBL_EPSILON * (fabs(k->v[a]) + fabs(k->v[b]));
}

/* dp/dg = u^2/2 of a phase is known to |u| du + 4 eps u^2/2. A nudge of b moves potentials by up to
 * m = b reach, and with them what is rounded: (|u| + m) du (1 + m/|v|) + 2 eps (|u| + m)^2. */
static void add_round_off(eq_check *k) {
    const eq_table *m = &k->s.c->table[EQ_CLASS_memristor];
    double q = k->reach, top = largest(k->v, k->nodes), w = top > 0.0 ? 1.0 / top : 0.0;
    for (size_t r = 0; r < k->rows; r++) {
        eq_node a = m->term[0][r], b = m->term[1][r];
        double du = drop_doubt(k, a, b), u = fabs(k->u[r]), eps2 = 2.0 * DBL_EPSILON;
        double by = weight(k, r) / (double)k->n;
        k->round[0][r] += by * (u * du + eps2 * u * u);
        k->round[1][r] += by * (q * du * (1.0 + u * w) + 2.0 * eps2 * u * q);
        k->round[2][r] += by * (q * q * (w * du + eps2));
    }
}

/* The change of the adjoint with the potentials within their doubt,
 * and the rounding of its sums. */
static eq_status add_adjoint(eq_check *k, size_t j) {
    const eq_table *t = &k->s.c->table[EQ_CLASS_memristor];
    double n = (double)k->n, *other = k->one + k->rows;
    eq_status status = EQ_OK;
    for (size_t p = 0; status == EQ_OK && p < PROBES; p++) {
        double *v = k->dv + p * k->nodes;
        for (size_t i = 0; i < k->nodes; i++) v[i] += k->v[i];
        status = adjoint_at(k, j, v, other + p * k->rows);
    }
    if (status == EQ_OK) status = adjoint_at(k, j, k->v, k->one);
    for (size_t r = 0; status == EQ_OK && r < k->rows; r++) {
        double sum = 0.0, at = fabs(k->lambda[t->term[0][r]]) + fabs(k->lambda[t->term[1][r]]);
        for (size_t p = 0; p < PROBES; p++) {
            double d = other[p * k->rows + r] - k->one[r];
            sum += d * d;
        }
        k->adjoint[r] += k->one[r] / n;
        k->doubt[r] += (SIZE * sqrt(sum / PROBES) + 8.0 * DBL_EPSILON * at * fabs(k->dydw[r])) / n;
    }
    return status;
}

/* The loss of example j and what the doubt of the potentials makes of it. */
static void add_loss_doubt(eq_check *k, size_t j) {
    double sum = 0.0, size = 0.0;
    cost_slope(k, j, k->v);
    for (size_t s = 0; s < SAMPLES; s++) {
        double d = 0.0;
        for (size_t i = 0; i < k->nodes; i++) d += k->dcdv[i] * k->dv[s * k->nodes + i];
        sum += d * d;
    }
    for (size_t i = 0; i < k->nodes; i++) size += fabs(k->dcdv[i] * k->v[i]);
    double value = fabs(eq_cost_value(&k->x->cost, k->s.outputs, k->y, k->s.label[j]));
    k->loss_doubt +=
        (SIZE * sqrt(sum / SAMPLES) + 8.0 * DBL_EPSILON * (value + size)) / (double)k->n;
}

static eq_status add_example(eq_check *k, size_t j) {
    eq_status status = solve_example(k, j);
    if (status != EQ_OK) return status;
    memcpy(k->start + j * k->nodes, k->v, k->nodes * sizeof *k->v);
    status = eq_solver_uncertainty(k->solver, &k->options, k->v, k->branch, SAMPLES, &k->random,
                                   k->dv, k->diag);
    if (status != EQ_OK) return status;
    const eq_table *m = &k->s.c->table[EQ_CLASS_memristor];
    for (size_t r = 0; r < k->rows; r++) k->u[r] = k->v[m->term[0][r]] - k->v[m->term[1][r]];
    add_round_off(k);
    add_loss_doubt(k, j);
    return add_adjoint(k, j);
}

eq_status eq_check_open(eq_check *k, eq_engine_kind kind, size_t examples) {
    eq_session *s = &k->s;
    s->x = k->x;
    eq_status status = eq_experiment_circuit(k->x, &s->c, k->diag);
    if (status == EQ_OK) status = eq_session_data(s, k->diag);
    if (status == EQ_OK) status = eq_encoder_fit(&k->x->encoding, &s->set, &s->encoder, k->diag);
    if (status == EQ_OK) status = eq_session_initialise(s, k->diag);
    if (status != EQ_OK) return status;
    k->n = examples == 0 ? 4 : examples;
    if (k->n > s->set.train_count) k->n = s->set.train_count;
    k->random = eq_random_seed(k->x->seed);
    status = eq_session_start(s, kind, k->n, 1, k->diag);
    if (status == EQ_OK)
        status = eq_session_free_phase(s, s->set.train, s->set.train_index, k->n, k->diag);
    if (status == EQ_OK) status = eq_solver_new(s->c, &k->solver, k->diag);
    if (status != EQ_OK) return status;
    k->options = eq_solve_defaults(s->c);
    status = eq_topology_check(s->c, &k->topology, NULL);
    if (status == EQ_ERR_MEMORY) eq_out_of_memory(k->diag);
    if (status == EQ_OK) status = make_room(k);
    if (status == EQ_OK) status = tighten_most(k);
    for (size_t j = 0; status == EQ_OK && j < k->n; j++) status = add_example(k, j);
    return status;
}

/* Mean loss over the examples by the general solver. */
static eq_status loss(eq_check *k, double *sum) {
    eq_status status = EQ_OK;
    *sum = 0.0;
    for (size_t j = 0; status == EQ_OK && j < k->n; j++) {
        status = solve_example(k, j);
        cost_slope(k, j, k->v);
        *sum += eq_cost_value(&k->x->cost, k->s.outputs, k->y, k->s.label[j]) / (double)k->n;
    }
    return status;
}

eq_status eq_check_difference(eq_check *k, int32_t row, double *slope, double *doubt) {
    enum { STEPS = 6 };
    double *g = &k->s.c->table[EQ_CLASS_memristor].w[0][row], kept = *g, h = 0.1 * kept;
    double value[STEPS] = {0}, noise[STEPS] = {0};
    eq_status status = EQ_OK;
    for (int p = 0; status == EQ_OK && p < STEPS; p++, h *= 0.5) {
        double at[2] = {0.0, 0.0};
        for (int side = 0; status == EQ_OK && side < 2; side++) {
            *g = kept + (side == 0 ? h : -h);
            eq_circuit_derive(k->s.c);
            status = loss(k, &at[side]);
        }
        value[p] = (at[0] - at[1]) / (2.0 * h);
        noise[p] = k->loss_doubt / h;
    }
    *g = kept;
    eq_circuit_derive(k->s.c);
    eq_solver_refresh(k->solver);
    eq_limit limit = eq_limit_find(STEPS, value, noise, 2.0, 2.0);
    *slope = limit.value;
    *doubt = limit.doubt;
    return status;
}
