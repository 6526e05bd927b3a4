/* The gradient check: EqProp estimates against the adjoint (which knows nothing of nudged phases or
 * energy weights) and the adjoint against central differences of the loss. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/solver.h"
#include "train/session.h"
#include "train/train.h"

/* Ladder of beta: from experiment's beta times 1e5 down, twelve a decade. */
enum { POINTS = 156, A_DECADE = 12, DECADES_UP = 5, FIT = 5, SAMPLES = 6 };

typedef struct check {
    const eq_experiment *x;
    eq_session s;
    eq_solver *solver;
    eq_solve_options options;
    size_t n;           /* examples */
    size_t nodes, rows; /* of the circuit; rows: conductances */
    double *v, *dcdv, *lambda, *branch,
        *start;                 /* [nodes]; start [n][nodes]: solutions of the n examples */
    double *u, *dydw;           /* [rows] V */
    double *adjoint, *estimate; /* [rows] V^2 / S */
    int32_t **place;            /* [groups][count] memristor row of each position of the engine */
    eq_diag *diag;
    eq_status failed; /* EQ_ERR_MEMORY when an estimate could not be made */
} check;

/* eq_step that copies the gradient out and changes nothing. */
static void copy_out(void *data, size_t group, size_t offset, size_t n, double *theta,
                     const double *gradient) {
    check *k = data;
    (void)theta;
    for (size_t j = 0; j < n; j++) k->estimate[k->place[group][offset + j]] = gradient[j];
}

static void check_close(check *k) {
    for (size_t g = 0; k->place != NULL && g < k->s.c->groups; g++) eq_free(k->place[g]);
    eq_free(k->place);
    eq_free(k->v);
    eq_free(k->dcdv);
    eq_free(k->lambda);
    eq_free(k->branch);
    eq_free(k->start);
    eq_free(k->u);
    eq_free(k->dydw);
    eq_free(k->adjoint);
    eq_free(k->estimate);
    eq_solver_free(k->solver);
    eq_session_close(&k->s);
}

static eq_status make_room(check *k) {
    const eq_circuit *c = k->s.c;
    k->nodes = eq_circuit_nodes(c);
    k->rows = c->table[EQ_CLASS_memristor].count;
    k->v = eq_calloc(k->nodes, sizeof *k->v);
    k->dcdv = eq_calloc(k->nodes, sizeof *k->v);
    k->lambda = eq_calloc(k->nodes, sizeof *k->v);
    k->branch = eq_calloc(eq_solver_branches(k->solver), sizeof *k->v);
    k->start = eq_calloc(k->n, k->nodes * sizeof *k->v);
    k->u = eq_calloc(k->rows, sizeof *k->u);
    k->dydw = eq_calloc(k->rows, sizeof *k->u);
    k->adjoint = eq_calloc(k->rows, sizeof *k->u);
    k->estimate = eq_calloc(k->rows, sizeof *k->u);
    k->place = eq_calloc(c->groups, sizeof *k->place);
    if (k->v == NULL || k->dcdv == NULL || k->lambda == NULL || k->branch == NULL ||
        k->start == NULL || k->u == NULL || k->dydw == NULL || k->adjoint == NULL ||
        k->estimate == NULL || k->place == NULL)
        return eq_out_of_memory(k->diag);
    for (size_t g = 0; g < c->groups; g++) {
        k->place[g] = eq_malloc(eq_engine_group_count(k->s.engine, g), sizeof **k->place);
        if (k->place[g] == NULL) return eq_out_of_memory(k->diag);
        eq_engine_group_rows(k->s.engine, g, k->place[g]);
    }
    return EQ_OK;
}

/* Engine with the tightest KCL bound that round-off allows on these examples: estimates divide
 * differences of states by beta, so that the solver's error sets the floor. */
static eq_status open_engine(check *k, eq_engine_kind kind) {
    static const double reltol[] = {1e-12, 1e-11, 1e-10, 1e-9};
    enum { TRIES = sizeof reltol / sizeof *reltol };
    eq_session *s = &k->s;
    eq_status status = eq_session_start(s, kind, k->n, 1, k->diag);
    for (int t = 0; status == EQ_OK && t < TRIES; t++) {
        eq_diag *diag = t + 1 == TRIES ? k->diag : NULL;
        s->c->options.reltol = reltol[t];
        s->c->options.abstol = 1e-3 * reltol[t] * s->x->estimator.beta;
        eq_engine_free(s->engine);
        s->engine = NULL;
        eq_engine_options o = {kind, k->n, 1};
        eq_status tried = eq_engine_new(s->c, &o, &s->engine, diag);
        if (tried == EQ_OK)
            tried = eq_session_free_phase(s, s->set.train, s->set.train_index, k->n, diag);
        if (tried == EQ_ERR_MEMORY) return eq_out_of_memory(k->diag);
        if (tried == EQ_OK) return EQ_OK;
        if (t + 1 == TRIES) status = tried;
    }
    return status;
}

static eq_status check_open(check *k, eq_engine_kind kind, size_t examples) {
    eq_session *s = &k->s;
    s->x = k->x;
    eq_status status = eq_experiment_circuit(k->x, &s->c, k->diag);
    if (status == EQ_OK) status = eq_session_data(s, k->diag);
    if (status == EQ_OK) status = eq_encoder_fit(&k->x->encoding, &s->set, &s->encoder, k->diag);
    if (status == EQ_OK) status = eq_session_initialise(s, k->diag);
    if (status != EQ_OK) return status;
    k->n = examples == 0 ? 4 : examples;
    if (k->n > s->set.train_count) k->n = s->set.train_count;
    status = open_engine(k, kind);
    if (status == EQ_OK) status = eq_solver_new(s->c, &k->solver, k->diag);
    k->options = eq_solve_defaults(s->c);
    return status == EQ_OK ? make_room(k) : status;
}

/* Operating point of example j in k->v and its outputs in y. */
static eq_status solve_example(check *k, size_t j, double *y) {
    eq_circuit *c = k->s.c;
    for (size_t i = 0; i < c->inputs; i++)
        *eq_circuit_source(c, c->input[i]) = k->s.input[j * k->s.encoder.inputs + i];
    eq_solver_refresh(k->solver);
    memcpy(k->v, k->start + j * k->nodes, k->nodes * sizeof *k->v);
    eq_status status = eq_solver_solve(k->solver, &k->options, k->v, k->branch, NULL, k->diag);
    for (size_t o = 0; o < c->outputs; o++) {
        eq_node minus = c->output[o].minus;
        y[o] = k->v[c->output[o].plus] - (minus == EQ_NONE ? 0.0 : k->v[minus]);
    }
    return status;
}

/* Mean loss over the examples by the general solver. */
static eq_status loss(check *k, double *sum) {
    eq_status status = EQ_OK;
    *sum = 0.0;
    for (size_t j = 0; status == EQ_OK && j < k->n; j++) {
        double *y = k->s.y + j * k->s.outputs;
        status = solve_example(k, j, y);
        *sum += eq_cost_value(&k->x->cost, k->s.outputs, y, k->s.label[j]) / (double)k->n;
    }
    return status;
}

/* dL/dg = -(lambda_a - lambda_b) di/dg of one example, added to k->adjoint. */
static eq_status add_adjoint(check *k, size_t j) {
    eq_circuit *c = k->s.c;
    eq_table *t = &c->table[EQ_CLASS_memristor];
    double *y = k->s.y + j * k->s.outputs;
    eq_status status = solve_example(k, j, y);
    if (status != EQ_OK) return status;
    memcpy(k->start + j * k->nodes, k->v, k->nodes * sizeof *k->v);
    double *dcdy = eq_calloc(k->s.outputs, sizeof *dcdy);
    if (dcdy == NULL) return eq_out_of_memory(k->diag);
    eq_cost_gradient(&k->x->cost, k->s.outputs, y, k->s.label[j], dcdy);
    memset(k->dcdv, 0, k->nodes * sizeof *k->dcdv);
    for (size_t o = 0; o < c->outputs; o++) {
        k->dcdv[c->output[o].plus] += dcdy[o];
        if (c->output[o].minus != EQ_NONE) k->dcdv[c->output[o].minus] -= dcdy[o];
    }
    eq_free(dcdy);
    status = eq_solver_adjoint(k->solver, k->v, k->branch, k->dcdv, k->lambda, k->diag);
    if (status != EQ_OK) return status;
    for (size_t r = 0; r < k->rows; r++) k->u[r] = k->v[t->term[0][r]] - k->v[t->term[1][r]];
    t->cls->param_value(k->rows, t->w, 0, k->u, NULL, k->dydw);
    for (size_t r = 0; r < k->rows; r++)
        k->adjoint[r] -=
            (k->lambda[t->term[0][r]] - k->lambda[t->term[1][r]]) * k->dydw[r] / (double)k->n;
    return EQ_OK;
}

/* dL/dg_r by the five-point formula with h = g/100. */
static eq_status difference(check *k, int32_t row, double *slope) {
    static const double at[4] = {2, 1, -1, -2}, a[4] = {-1, 8, -8, 1};
    double *g = &k->s.c->table[EQ_CLASS_memristor].w[0][row], kept = *g, h = 1e-2 * kept, sum = 0.0;
    eq_status status = EQ_OK;
    for (int p = 0; status == EQ_OK && p < 4; p++) {
        double value;
        *g = kept + at[p] * h;
        eq_circuit_derive(k->s.c);
        status = loss(k, &value);
        sum += a[p] * value;
    }
    *g = kept;
    eq_circuit_derive(k->s.c);
    *slope = sum / (12.0 * h);
    return status;
}

/* The largest |adjoint| of the group. */
static double size_of(const check *k, const eq_group *g) {
    double top = 0.0;
    for (size_t j = 0; j < g->count; j++) top = fmax(top, fabs(k->adjoint[g->row[j]]));
    return top;
}

/* Adjoint against differences on a few conductances of each group. */
static eq_status compare_differences(check *k, double *worst) {
    const eq_circuit *c = k->s.c;
    eq_status status = EQ_OK;
    *worst = 0.0;
    for (size_t g = 0; g < c->groups; g++) {
        const eq_group *group = &c->group[g];
        double top = size_of(k, group);
        for (size_t j = 0; status == EQ_OK && j < SAMPLES && j < group->count; j++) {
            int32_t row = group->row[j * group->count / SAMPLES % group->count];
            double slope;
            status = difference(k, row, &slope);
            if (status == EQ_OK) *worst = fmax(*worst, fabs(slope - k->adjoint[row]) / top);
        }
    }
    return status;
}

/* The error of one estimate: max |e - a| / max |a| of the worst group; infinite when a phase fails.
 */
static double estimate_error(check *k, const eq_estimator *e) {
    eq_session *s = &k->s;
    double a[EQ_MAX_SLOTS];
    eq_status status = eq_session_free_phase(s, s->set.train, s->set.train_index, k->n, NULL);
    if (status == EQ_OK)
        status =
            eq_estimate(e, s->phases, s->engine, &k->x->cost, -1.0, k->n, s->y, s->label, a, NULL);
    if (status == EQ_OK) status = eq_engine_update(s->engine, a, copy_out, k, NULL);
    if (status == EQ_ERR_MEMORY) k->failed = eq_out_of_memory(k->diag);
    if (status != EQ_OK) return INFINITY;
    double worst = 0.0;
    for (size_t g = 0; g < s->c->groups; g++) {
        const eq_group *group = &s->c->group[g];
        double top = size_of(k, group), off = 0.0;
        for (size_t j = 0; j < group->count; j++) {
            int32_t r = group->row[j];
            off = fmax(off, fabs(k->estimate[r] - k->adjoint[r]));
        }
        worst = fmax(worst, top > 0.0 ? off / top : off > 0.0 ? INFINITY : 0.0);
    }
    return isfinite(worst) ? worst : INFINITY;
}

/* Slope and squared deviation of the line of log error over log beta through FIT points. */
static void line(const double *beta, const double *error, double *slope, double *off) {
    double mx = 0.0, my = 0.0, sxx = 0.0, sxy = 0.0;
    for (int p = 0; p < FIT; p++) {
        mx += log(beta[p]) / FIT;
        my += log(error[p]) / FIT;
    }
    for (int p = 0; p < FIT; p++) {
        double x = log(beta[p]) - mx;
        sxx += x * x;
        sxy += x * (log(error[p]) - my);
    }
    *slope = sxy / sxx;
    *off = 0.0;
    for (int p = 0; p < FIT; p++) {
        double d = log(error[p]) - my - *slope * (log(beta[p]) - mx);
        *off += d * d;
    }
}

/* Order of the error in beta: the slope of the run of FIT neighbouring points at the smallest betas
 * that begins 5 to 2000 times above the round-off floor and lies on a line within 5 %. NAN when
 * there is none: then round-off hides the bias until the nudge carries a diode over the kink of its
 * law at -3 n Vt. */
static double fit_order(const double *beta, const double *error, int n, double floor) {
    floor = fmax(
        floor,
        2e-12); /* below, what the KCL bound leaves of the nudge shows as an order of its own */
    for (int p = n - FIT; p >= 0 && error[p + FIT - 1] <= 2000.0 * floor; p--) {
        double slope, off;
        if (error[p + FIT - 1] < 5.0 * floor || error[p] > 0.05) continue;
        line(beta + p, error + p, &slope, &off);
        if (slope > 0.0 && off <= FIT * 0.05 * 0.05) return slope;
    }
    return NAN;
}

/* One estimator over the ladder of betas. An estimator without bias on this circuit (symmetric on a
 * linear one) has no order: its error alone counts. The diode law of SPICE has a kink in its second
 * derivative at -3 n Vt: where a nudge carries a diode over it, four points are no better than two.
 */
static void scan(check *k, eq_estimator e, eq_gradcheck_row *row) {
    double beta[POINTS], error[POINTS], least = INFINITY;
    int n = 0, best = 0;
    for (int p = 0; p < POINTS; p++) {
        e.beta = k->x->estimator.beta * pow(10.0, DECADES_UP - (double)p / A_DECADE);
        double now = estimate_error(k, &e);
        if (!isfinite(now))
            continue; /* the nudge was too strong, or the KCL bound too tight for it */
        if (now < least) best = n;
        least = fmin(least, now);
        beta[n] = e.beta;
        error[n++] = now;
    }
    if (n == 0) error[n] = beta[n] = INFINITY;
    double bound = e.kind->order > 1.0 ? 1e-6 : 1e-4,
           order = fit_order(beta, error, best + 1, least);
    bool exact = error[best] <= 1e-9 && (isnan(order) || (e.kind->order > 2.0 && order >= 1.8));
    *row = (eq_gradcheck_row){
        .estimator = e.kind->name,
        .nudging = eq_nudging_name(e.nudging),
        .beta = beta[best],
        .error = error[best],
        .order = order,
        .expected = e.kind->order,
        .passed = error[best] <= bound && (exact || fabs(order - e.kind->order) <= 0.2),
    };
}

static eq_status run(check *k, eq_gradcheck_report *r) {
    eq_status status = EQ_OK;
    for (size_t j = 0; status == EQ_OK && j < k->n; j++) status = add_adjoint(k, j);
    if (status == EQ_OK) status = compare_differences(k, &r->difference);
    if (status != EQ_OK) return status;
    size_t kinds = eq_estimator_kinds();
    r->row = eq_calloc(2 * kinds, sizeof *r->row);
    if (r->row == NULL) return eq_out_of_memory(k->diag);
    r->rows = 2 * kinds;
    r->passed = r->difference <= 1e-5; /* round-off of the loss over 1e5 conductances */
    for (size_t j = 0; j < r->rows; j++) {
        eq_estimator e = {eq_estimator_kind_at(j < kinds ? j : j - kinds), 0.0,
                          j < kinds ? EQ_NUDGE_CURRENT : EQ_NUDGE_ENERGY};
        scan(k, e, &r->row[j]);
        r->passed = r->passed && r->row[j].passed;
    }
    return k->failed;
}

eq_status eq_gradcheck(const eq_experiment *x, eq_engine_kind engine, size_t examples,
                       eq_gradcheck_report *report, eq_diag *diag) {
    check k = {.x = x, .diag = diag};
    eq_gradcheck_report r = {0};
    eq_status status = check_open(&k, engine, examples);
    r.examples = k.n;
    r.conductances = k.rows;
    if (status == EQ_OK) status = run(&k, &r);
    check_close(&k);
    if (status == EQ_OK)
        *report = r;
    else
        eq_gradcheck_free(&r);
    return status;
}

void eq_gradcheck_free(eq_gradcheck_report *report) {
    eq_free(report->row);
    *report = (eq_gradcheck_report){0};
}
