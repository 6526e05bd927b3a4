#include "train/look.h"

#include <math.h>

#include "base/mem.h"
#include "model/exact.h"

/* An estimate is good up to this part of the gradient; a group has none below that part of the
 * largest. */
static const double good = 0.1, nothing = 1e-8;
enum { EXAMPLES = 4, STEPS = 8 };

typedef struct looker {
    eq_session *s;
    eq_exact truth;
    size_t n;         /* parameters */
    double *theta;    /* [n] */
    double *estimate; /* [n] */
    double *source;   /* [inputs] V: those of the circuit, given back */
} looker;

static double cost_value(void *data, size_t j, const double *y) {
    const looker *k = data;
    return eq_cost_value(&k->s->x->cost, k->s->outputs, y, k->s->label[j]);
}

static void cost_gradient(void *data, size_t j, const double *y, double *dcdy) {
    const looker *k = data;
    eq_cost_gradient(&k->s->x->cost, k->s->outputs, y, k->s->label[j], dcdy);
}

static void keep_sources(looker *k, bool back) {
    eq_circuit *c = k->s->c;
    for (size_t i = 0; i < c->inputs; i++) {
        double *now = eq_circuit_source(c, c->input[i]);
        *(back ? now : &k->source[i]) = back ? k->source[i] : *now;
    }
}

/* |g (estimate - adjoint)| / |g adjoint| and the cosine between the two, with g the parameters. */
static void compare(const looker *k, double *error, double *cosine) {
    double off = 0.0, ee = 0.0, tt = 0.0, et = 0.0;
    for (size_t p = 0; p < k->n; p++) {
        double g = fabs(k->theta[p]), e = g * k->estimate[p], t = g * k->truth.gradient[p];
        off += (e - t) * (e - t);
        ee += e * e;
        tt += t * t;
        et += e * t;
    }
    *error = tt > 0.0 ? sqrt(off / tt) : NAN;
    *cosine = tt > 0.0 && ee > 0.0 ? et / sqrt(ee) / sqrt(tt) : NAN;
}

/* The same at another beta; infinite where a phase has no state. */
static eq_status error_at(looker *k, double beta, double *error, double *cosine) {
    eq_session *s = k->s;
    eq_estimator e = s->x->estimator;
    double a[EQ_MAX_SLOTS];
    e.beta = beta;
    eq_status status =
        eq_estimate(&e, s->phases, s->model, &s->x->cost, 1.0, k->truth.n, s->y, s->label, a, NULL);
    if (status == EQ_OK) status = eq_network_gradient(s->model, a, k->estimate, NULL);
    *error = INFINITY;
    *cosine = NAN;
    if (status == EQ_OK) compare(k, error, cosine);
    if (!isfinite(*error)) *error = INFINITY;
    return status == EQ_ERR_MEMORY ? status : EQ_OK;
}

/* The nearest beta at which the estimate is good, else the best of those tried: tens of the
 * experiment's, first up, since round-off is what small nudges suffer from. */
static eq_status find_better(looker *k, double *beta, double *error) {
    eq_status status = EQ_OK;
    double own = k->s->x->estimator.beta, cosine;
    for (int j = 1; *error > good && j <= STEPS; j++)
        for (int side = 0; side < 2; side++) {
            double at = own * pow(10.0, side == 0 ? j : -j), now;
            status = error_at(k, at, &now, &cosine);
            if (status != EQ_OK) return status;
            if (now >= *error) continue;
            *error = now;
            *beta = at;
        }
    return status;
}

static eq_status judge_beta(looker *k, const eq_look *found, eq_diag *diag) {
    const eq_estimator *e = &k->s->x->estimator;
    double beta = e->beta, error = found->error;
    eq_status status = find_better(k, &beta, &error);
    eq_place nowhere = {0};
    if (status != EQ_OK) return status;
    if (error <= good)
        eq_warn_at(diag, nowhere,
                   "beta = %g lies outside the range where the %s estimator is good: its gradient "
                   "is off by %.2g of the exact one on the first %zu examples, by %.2g at beta = "
                   "%.1g; write beta=\"%.1g\" in <estimator>",
                   e->beta, e->kind->name, found->error, found->examples, error, beta, beta);
    else
        eq_warn_at(diag, nowhere,
                   "the %s estimator is off by %.2g of the exact gradient on the first %zu "
                   "examples, and by %.2g or more at any beta; %s, and see eqspice gradcheck",
                   e->kind->name, found->error, found->examples, error,
                   k->truth.topology->exists ? "look for several operating points (eqspice check)"
                                             : "make the circuit one that has an energy");
    return EQ_OK;
}

/* The largest |g gradient| of a block. */
static double most_of(const looker *k, const eq_block *b, const double *gradient) {
    double most = 0.0;
    for (size_t p = b->first; p < b->first + b->count; p++)
        most = fmax(most, fabs(k->theta[p] * gradient[p]));
    return most;
}

/* Groups whose gradient, exact or estimated, is nothing beside the largest of the others. */
static void judge_groups(const looker *k, eq_diag *diag) {
    const eq_network *n = k->s->model;
    double exact = 0.0, estimate = 0.0;
    for (size_t b = 0; b < eq_network_blocks(n); b++) {
        exact = fmax(exact, most_of(k, eq_network_block(n, b), k->truth.gradient));
        estimate = fmax(estimate, most_of(k, eq_network_block(n, b), k->estimate));
    }
    for (size_t b = 0; b < eq_network_blocks(n); b++) {
        const eq_block *block = eq_network_block(n, b);
        double is = most_of(k, block, k->truth.gradient), said = most_of(k, block, k->estimate);
        if (!(eq_session_rate(k->s, b) > 0.0)) continue;
        if (is <= nothing * exact)
            eq_warn_at(diag, (eq_place){0},
                       "the group %s is dead: on the first %zu examples its gradient is 0 beside "
                       "the others; let its layer conduct (init, clamps, scale of the inputs) and "
                       "reach the outputs (eqspice check)",
                       block->name, k->truth.n);
        else if (!k->truth.topology->exists && said <= nothing * estimate)
            eq_warn_at(diag, (eq_place){0},
                       "the group %s does not learn: its gradient by the %s estimator is 0, the "
                       "exact one is not; give the amplifiers behind it a way back (eqspice check)",
                       block->name, k->s->x->estimator.kind->name);
    }
}

static eq_status look(looker *k, eq_look *out, eq_diag *diag) {
    eq_session *s = k->s;
    size_t n = s->set.train_count < EXAMPLES ? s->set.train_count : EXAMPLES;
    n = n < s->batch ? n : s->batch;
    eq_output_cost cost = {k, cost_value, cost_gradient};
    eq_status status = eq_session_free_phase(s, s->set.train, s->set.train_index, n, NULL);
    if (status == EQ_OK)
        status = eq_exact_open(&k->truth, s->model, n, s->input, cost, s->x->seed, NULL);
    if (status == EQ_OK) status = eq_exact_measure(&k->truth, NULL);
    keep_sources(k, true);
    if (status == EQ_OK) status = error_at(k, s->x->estimator.beta, &out->error, &out->cosine);
    if (status != EQ_OK) return status;
    out->examples = n;
    if (isfinite(out->error)) judge_groups(k, diag);
    if (out->error > good) status = judge_beta(k, out, diag);
    return status;
}

eq_status eq_look_at(eq_session *s, eq_look *out, eq_diag *diag) {
    looker k = {.s = s, .n = eq_network_parameters(s->model)};
    *out = (eq_look){.error = NAN, .cosine = NAN};
    k.theta = eq_calloc(k.n, sizeof *k.theta);
    k.estimate = eq_calloc(k.n, sizeof *k.estimate);
    k.source = eq_calloc(s->c->inputs, sizeof *k.source);
    bool whole = k.theta != NULL && k.estimate != NULL && k.source != NULL;
    eq_status status = whole ? EQ_OK : EQ_ERR_MEMORY;
    if (whole) {
        eq_session_get(s, k.theta);
        keep_sources(&k, false);
        status = look(&k, out, diag);
    }
    eq_exact_close(&k.truth);
    eq_free(k.theta);
    eq_free(k.estimate);
    eq_free(k.source);
    return status == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : EQ_OK; /* the rest is for training */
}
