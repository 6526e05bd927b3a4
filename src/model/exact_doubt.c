/* What round-off and the KCL bound leave open: of the adjoint, of the loss, and of estimates from
 * phases. */
#include "model/exact_doubt.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct place {
    const eq_table *t;
    size_t j;
    int param;
    eq_node a, b;
} place;

static place place_of(const eq_exact *e, size_t p) {
    eq_row at = e->c->row[e->handle[p].element];
    const eq_table *t = &e->c->table[at.cls];
    return (place){t, (size_t)at.row, e->handle[p].param, t->term[0][at.row], t->term[1][at.row]};
}

/* |d| of a node over that of the first output; 1 where a part of the circuit has no weight. */
static double weight_of(const eq_exact *e, eq_node n) {
    const eq_topology *t = e->topology;
    double d = fabs(eq_topology_weight(t, n) / eq_topology_weight(t, e->c->output[0].plus));
    return isfinite(d) ? d : 1.0;
}

/* How far u = v_a - v_b may be off: what the KCL bound leaves open, and the rounding of the two
 * potentials. */
static double drop_doubt(const eq_exact *e, eq_node a, eq_node b) {
    double sum = 0.0;
    for (size_t s = 0; s < EQ_EXACT_SAMPLES; s++) {
        double d = e->dv[s * e->nodes + (size_t)a] - e->dv[s * e->nodes + (size_t)b];
        sum += d * d;
    }
    return EQ_EXACT_SIZE * sqrt(sum / EQ_EXACT_SAMPLES) +
           DBL_EPSILON * (fabs(e->v[a]) + fabs(e->v[b]));
}

/* di/dw, d2i/dw du and the size of the terms of dp/dw at the drop u. */
static void laws_at(const place *q, double u, double *didw, double *change, double *size) {
    static const double step = 1e-5, thermal = 0.05; /* V */
    double *w[EQ_MAX_COLUMNS], up = u + step, down = u - step, high, low, p;
    for (int k = 0; k < q->t->cls->columns; k++) w[k] = &q->t->w[k][q->j];
    q->t->cls->param_value(1, w, q->param, &u, NULL, didw);
    q->t->cls->param_value(1, w, q->param, &up, NULL, &high);
    q->t->cls->param_value(1, w, q->param, &down, NULL, &low);
    q->t->cls->param_energy(1, w, q->param, &u, NULL, &p);
    *change = fabs(high - low) / (up - down);
    *didw = fabs(*didw);
    *size = fabs(p);
    if (!eq_is_linear(q->t)) *size += *didw * fabs(u) + *change * thermal * thermal;
}

/* dp/dw of a phase is known to |di/dw| du + 4 eps |dp/dw|; of a conductance |u| du + 2 eps u^2. A
 * nudge of b moves potentials by up to m = b reach, and with them what is rounded: (|u| + m) du (1
 * + m/|v|) + 2 eps (|u| + m)^2 there. */
static void add_energy(eq_exact *e, size_t p, double top) {
    place at = place_of(e, p);
    double q = e->reach, w = top > 0.0 ? 1.0 / top : 0.0, eps4 = 4.0 * DBL_EPSILON;
    double du = drop_doubt(e, at.a, at.b), i, change, size;
    eq_node floating = e->topology->component[at.a] != EQ_NONE ? at.a : at.b;
    double by = weight_of(e, floating) / (double)e->n;
    laws_at(&at, e->v[at.a] - e->v[at.b], &i, &change, &size);
    e->round[0][p] += by * (i * du + eps4 * size);
    e->round[1][p] += by * q * (change * du + i * du * w + eps4 * i);
    e->round[2][p] += by * q * q * change * (w * du + 0.5 * eps4);
}

static double random_sign(eq_exact *e) {
    return eq_random_next(&e->random) >> 63 ? 1.0 : -1.0;
}

/* An estimate by the response is linear in the potentials of the phases: what a change `of` their
 * doubt and `eps` of each potential makes of it, squared and added to sum[parameters]. */
static void respond(eq_exact *e, const double *dv, double of, const double *size, double *sum) {
    memcpy(e->at, e->v, e->nodes * sizeof *e->at);
    for (size_t k = 0; k < e->nodes; k++) {
        double rounding = DBL_EPSILON * (size == NULL ? 1.0 : fabs(size[k])) * random_sign(e);
        e->lambda[k] = weight_of(e, (eq_node)k) * (of * dv[k] + rounding);
    }
    e->lambda[EQ_GROUND] = 0.0;
    eq_adjoint_take(e->back, e->at, e->lambda);
    memset(e->lambda, 0, e->nodes * sizeof *e->lambda);
    eq_adjoint_sources(e->back, e->lambda);
    for (size_t p = 0; p < e->parameters; p++) {
        if (e->energy[p]) continue;
        double d = eq_adjoint_gradient(e->back, e->handle[p], e->at, e->back->branch);
        sum[p] += d * d;
    }
}

/* As it stands (round[0]), and moved by the nudge (round[1]). */
static void add_responses(eq_exact *e, double top) {
    double *still = e->one, *moved = e->one + e->parameters, w = top > 0.0 ? 1.0 / top : 0.0;
    memset(e->one, 0, 2 * e->parameters * sizeof *e->one);
    for (size_t s = 0; s < EQ_EXACT_SAMPLES; s++) {
        respond(e, e->dv + s * e->nodes, 1.0, e->v, still);
        respond(e, e->dv + s * e->nodes, w, NULL, moved);
    }
    for (size_t p = 0; p < e->parameters; p++) {
        if (e->energy[p]) continue;
        double by = EQ_EXACT_SIZE / (double)e->n;
        e->round[0][p] += by * sqrt(still[p] / EQ_EXACT_SAMPLES);
        e->round[1][p] += by * e->reach * sqrt(moved[p] / EQ_EXACT_SAMPLES);
    }
}

static void add_round_off(eq_exact *e) {
    double top = eq_exact_largest(e->v, e->nodes);
    if (e->responds) add_responses(e, top);
    for (size_t p = 0; p < e->parameters; p++)
        if (e->energy[p]) add_energy(e, p, top);
}

/* The rounding of lambda and of the sums behind one gradient. */
static double rounding(const eq_exact *e, size_t p) {
    place at = place_of(e, p);
    double didw, change, size;
    if (!e->energy[p]) return 64.0 * DBL_EPSILON * fabs(e->one[p]);
    laws_at(&at, e->v[at.a] - e->v[at.b], &didw, &change, &size);
    return 8.0 * DBL_EPSILON * (fabs(e->back->lambda[at.a]) + fabs(e->back->lambda[at.b])) * didw;
}

/* The change of the adjoint with the potentials within their doubt,
 * and the rounding of its sums. */
static eq_status add_adjoint(eq_exact *e, size_t j, eq_diag *diag) {
    double n = (double)e->n, *other = e->one + e->parameters;
    eq_status status = EQ_OK;
    for (size_t s = 0; status == EQ_OK && s < EQ_EXACT_PROBES; s++) {
        double *v = e->dv + s * e->nodes;
        for (size_t i = 0; i < e->nodes; i++) v[i] += e->v[i];
        status = eq_exact_adjoint(e, j, v, other + s * e->parameters, diag);
    }
    if (status == EQ_OK) status = eq_exact_adjoint(e, j, e->v, e->one, diag);
    for (size_t p = 0; status == EQ_OK && p < e->parameters; p++) {
        double sum = 0.0;
        for (size_t s = 0; s < EQ_EXACT_PROBES; s++) {
            double d = other[s * e->parameters + p] - e->one[p];
            sum += d * d;
        }
        double open = (EQ_EXACT_SIZE * sqrt(sum / EQ_EXACT_PROBES) + rounding(e, p)) / n;
        e->gradient[p] += e->one[p] / n;
        e->doubt[p] += open;
        if (!e->energy[p]) e->round[1][p] += open; /* di/dw, at the same potentials */
    }
    return status;
}

/* The loss of example j and what the doubt of the potentials makes of it. */
static void add_loss_doubt(eq_exact *e, size_t j) {
    double sum = 0.0, size = 0.0;
    eq_exact_slope(e, j, e->v);
    for (size_t s = 0; s < EQ_EXACT_SAMPLES; s++) {
        double d = 0.0;
        for (size_t i = 0; i < e->nodes; i++) d += e->dcdv[i] * e->dv[s * e->nodes + i];
        sum += d * d;
    }
    for (size_t i = 0; i < e->nodes; i++) size += fabs(e->dcdv[i] * e->v[i]);
    double value = fabs(e->cost.value(e->cost.data, j, e->y));
    e->loss_doubt +=
        (EQ_EXACT_SIZE * sqrt(sum / EQ_EXACT_SAMPLES) + 8.0 * DBL_EPSILON * (value + size)) /
        (double)e->n;
}

static eq_status add_example(eq_exact *e, size_t j, eq_diag *diag) {
    eq_status status = eq_exact_solve(e, j, diag);
    if (status != EQ_OK) return status;
    memcpy(e->start + j * e->nodes, e->v, e->nodes * sizeof *e->v);
    status = eq_solver_uncertainty(e->solver, &e->options, e->v, e->branch, EQ_EXACT_SAMPLES,
                                   &e->random, e->dv, diag);
    if (status != EQ_OK) return status;
    add_round_off(e);
    add_loss_doubt(e, j);
    return add_adjoint(e, j, diag);
}

eq_status eq_exact_gradient(eq_exact *e, eq_diag *diag) {
    eq_status status = EQ_OK;
    if (e->c == NULL) return eq_plain_gradient(e, diag);
    for (size_t j = 0; status == EQ_OK && j < e->n; j++) status = add_example(e, j, diag);
    return status;
}
