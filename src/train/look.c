#include "train/look.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

/* An estimate is good up to this part of the gradient; a group has none below that part of the
 * largest. */
static const double good = 0.1, nothing = 1e-8;
enum { EXAMPLES = 4, STEPS = 16 };

typedef struct looker {
    eq_session *s;
    size_t n, examples;                       /* n: parameters */
    double *theta, *scale, *exact, *estimate; /* [n] */
    bool *warned;                             /* [blocks] */
    eq_diag *heard;                           /* what the phases say, which is not for the user */
} looker;

/* The mean gradient over the examples, whose free phase is solved. */
static eq_status gradient(looker *k, const eq_estimator *e, double *out) {
    eq_session *s = k->s;
    double a[EQ_MAX_SLOTS];
    eq_status status = eq_estimate(e, s->phases, s->model, &s->x->cost, 1.0, k->examples, s->y,
                                   s->goal, a, k->heard);
    return status == EQ_OK ? eq_network_gradient(s->model, a, out, k->heard) : status;
}

/* |g (estimate - exact)| / |g exact| with g the size of the parameters; NAN: there is none. */
static double distance(const looker *k) {
    double off = 0.0, size = 0.0;
    for (size_t p = 0; p < k->n; p++) {
        off = hypot(off, k->scale[p] * (k->estimate[p] - k->exact[p]));
        size = hypot(size, k->scale[p] * k->exact[p]);
    }
    return size > 0.0 ? off / size : NAN;
}

/* The same at another beta; infinite where a phase has no state. */
static eq_status error_at(looker *k, double beta, double *error) {
    eq_estimator e = k->s->x->estimator;
    e.beta = beta;
    eq_status status = gradient(k, &e, k->estimate);
    *error = status == EQ_OK ? distance(k) : INFINITY;
    if (status == EQ_OK && isinf(*error)) *error = INFINITY;
    return status == EQ_ERR_MEMORY ? status : EQ_OK;
}

/* The best beta of those tried, tens of the experiment's: on both sides until the estimate is good
 * and another ten makes it no better. */
static eq_status find_better(looker *k, double *beta, double *error) {
    double own = k->s->x->estimator.beta;
    bool better = true, ends[2] = {false, false}; /* a phase beyond has no state */
    for (int j = 1; (better || *error > good) && j <= STEPS; j++) {
        better = false;
        for (int side = 0; side < 2; side++) {
            double at = own * pow(10.0, side == 0 ? j : -j), now;
            if (ends[side]) continue;
            eq_status status = error_at(k, at, &now);
            if (status != EQ_OK) return status;
            ends[side] = isinf(now);
            if (!(now < *error)) continue;
            *error = now;
            *beta = at;
            better = true;
        }
    }
    return EQ_OK;
}

/* What to do where no beta is good. */
static const char *advice(const eq_session *s) {
    if (eq_network_about(s->model).biased != NULL)
        return "make the circuit one that has an energy, or take <estimator type=\"adjoint\"/>";
    if (s->x->discrete.layers > 0)
        return "take more steps (free-steps, nudged-steps), or average pooling";
    if (eq_network_circuit(s->model) == NULL)
        return "look for several states between which a nudge jumps: smaller weights have one";
    return "look for several operating points (eqspice check)";
}

/* A nudged phase failed at the experiment's beta; at another one the error is as told, infinite where there is none. */
static void warn_of_no_state(const looker *k, const eq_look *found, double beta, double error,
                             eq_diag *diag) {
    const eq_estimator *e = &k->s->x->estimator;
    if (isinf(error))
        eq_warn_at(diag, (eq_place){0},
                   "at beta = %g a phase of the %s estimator finds no state on the first %zu "
                   "examples, and at no other beta tried; see eqspice gradcheck",
                   e->beta, e->kind->name, found->examples);
    else
        eq_warn_at(diag, (eq_place){0},
                   "at beta = %g a phase of the %s estimator finds no state on the first %zu "
                   "examples; write beta=\"%.1g\" in <estimator>, at which its gradient is off by "
                   "%.2g of the exact one",
                   e->beta, e->kind->name, found->examples, beta, error);
}

static eq_status judge_beta(looker *k, const eq_look *found, eq_diag *diag) {
    const eq_estimator *e = &k->s->x->estimator;
    double beta = e->beta, error = found->error;
    eq_status status = find_better(k, &beta, &error);
    eq_place nowhere = {0};
    if (status != EQ_OK) return status;
    if (isinf(found->error))
        warn_of_no_state(k, found, beta, error, diag);
    else if (error <= good && eq_experiment_has_units(k->s->x))
        eq_warn_at(diag, nowhere,
                   "at beta = %g the %s estimator is off by %.2g of the exact gradient on the "
                   "first %zu examples, by %.2g at beta = %.1g; units that rest at their bounds "
                   "answer to a large beta alone: keep the one that trains best (docs/thesis.md)",
                   e->beta, e->kind->name, found->error, found->examples, error, beta);
    else if (error <= good)
        eq_warn_at(diag, nowhere,
                   "beta = %g lies outside the range where the %s estimator is good: its gradient "
                   "is off by %.2g of the exact one on the first %zu examples, by %.2g at beta = "
                   "%.1g; write beta=\"%.1g\" in <estimator>",
                   e->beta, e->kind->name, found->error, found->examples, error, beta, beta);
    else
        eq_warn_at(diag, nowhere,
                   "the %s estimator is off by %.2g of the exact gradient on the first %zu "
                   "examples, and by %.2g or more at any beta; %s, and see eqspice gradcheck",
                   e->kind->name, found->error, found->examples, error, advice(k->s));
    return EQ_OK;
}

/* The largest |g gradient| of a block. */
static double most_of(const looker *k, const eq_block *b, const double *of) {
    double most = 0.0;
    for (size_t p = b->first; p < b->first + b->count; p++)
        most = fmax(most, fabs(k->scale[p] * of[p]));
    return most;
}

/* Groups whose gradient, exact or estimated, is nothing beside the largest of the others. */
static void judge_groups(const looker *k, eq_diag *diag) {
    const eq_network *n = k->s->model;
    double exact = 0.0, estimate = 0.0;
    bool biased = eq_network_about(n).biased != NULL;
    for (size_t b = 0; b < eq_network_blocks(n); b++) {
        exact = fmax(exact, most_of(k, eq_network_block(n, b), k->exact));
        estimate = fmax(estimate, most_of(k, eq_network_block(n, b), k->estimate));
    }
    for (size_t b = 0; b < eq_network_blocks(n); b++) {
        const eq_block *block = eq_network_block(n, b);
        double is = most_of(k, block, k->exact), said = most_of(k, block, k->estimate);
        if (!(eq_session_rate(k->s, b) > 0.0)) continue;
        k->warned[b] = is <= nothing * exact || (biased && said <= nothing * estimate);
        if (is <= nothing * exact)
            eq_warn_at(diag, (eq_place){0},
                       "the group %s is dead: on the first %zu examples its gradient is 0 beside "
                       "the others; let its layer conduct (init, clamps, scale of the inputs) and "
                       "reach the outputs (eqspice check)",
                       block->name, k->examples);
        else if (k->warned[b])
            eq_warn_at(diag, (eq_place){0},
                       "the group %s does not learn: its gradient by the %s estimator is 0, the "
                       "exact one is not; give the amplifiers behind it a way back (eqspice check)",
                       block->name, k->s->x->estimator.kind->name);
    }
}

static eq_status look(looker *k, eq_look *out, eq_diag *diag) {
    eq_session *s = k->s;
    const eq_estimator *own = &s->x->estimator;
    const eq_estimator adjoint = {.kind = eq_estimator_find("adjoint")};
    size_t n = s->set.train_count < EXAMPLES ? s->set.train_count : EXAMPLES;
    k->examples = n < s->batch ? n : s->batch;
    eq_status status =
        eq_session_free_phase(s, s->set.train, s->set.train_index, k->examples, k->heard);
    if (status == EQ_OK) status = gradient(k, &adjoint, k->exact);
    if (status == EQ_OK) status = error_at(k, own->beta, &out->error);
    if (status != EQ_OK) return status;
    out->examples = k->examples;
    out->cosine = eq_session_cosine(k->n, k->scale, k->estimate, k->exact);
    if (isfinite(out->error)) judge_groups(k, diag);
    bool by_beta =
        own->kind->phases > 0 && own->nudging != EQ_NUDGE_CLAMP && !eq_estimator_samples(own);
    return by_beta && out->error > good ? judge_beta(k, out, diag) : EQ_OK;
}

/* A phase may have found its state in spite of it. */
static bool ran_out_of_memory(const eq_diag *heard) {
    const char *words = eq_diag_get(NULL, 0)->text;
    for (size_t j = 0; j < eq_diag_count(heard); j++)
        if (strcmp(eq_diag_get(heard, j)->text, words) == 0) return true;
    return false;
}

eq_status eq_look_at(eq_session *s, bool *warned, eq_look *out, eq_diag *diag) {
    looker k = {.s = s, .n = eq_network_parameters(s->model), .warned = warned};
    double *room = eq_calloc(k.n, 4 * sizeof *room);
    *out = (eq_look){.error = NAN, .cosine = NAN};
    k.heard = room == NULL ? NULL : eq_diag_new();
    if (k.heard == NULL) {
        eq_free(room);
        return eq_out_of_memory(diag);
    }
    k.theta = room;
    k.scale = room + k.n;
    k.exact = k.scale + k.n;
    k.estimate = k.exact + k.n;
    eq_session_get(s, k.theta);
    eq_session_scale(s, k.theta, k.scale);
    eq_status status = look(&k, out, diag);
    if (ran_out_of_memory(k.heard)) status = EQ_ERR_MEMORY;
    eq_diag_free(k.heard);
    eq_free(room);
    return status == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : EQ_OK; /* the rest is for training */
}
