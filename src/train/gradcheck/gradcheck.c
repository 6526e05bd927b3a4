/* The gradient check: for every parameter i, with EP_i the limit of an estimate at b = 0,
 *
 *     |EP_i - adjoint_i| <= bound max(|adjoint_i|, floor_i),
 *
 * where bound floor_i is what round-off leaves open of the two (model/exact.h, limit.h). */
#include "train/gradcheck/gradcheck.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "train/gradcheck/limit.h"

/* Betas: the strongest nudge moves a potential by some 1000 V, the next half as far, ... */
static const size_t NONE = SIZE_MAX;
enum { POINTS = 42, FIT = 5, SAMPLES = 6, NAMED = 3 };
static const double strongest = 1e3; /* V */
static const double estimate_bound = 1e-6, difference_bound = 1e-5;

typedef struct scanner {
    eq_check *k;
    size_t n;              /* parameters */
    double *gradient;      /* [n] of the last estimate */
    double *truth;         /* [n] what it is compared with, NULL: the adjoint */
    double *at;            /* [POINTS][n]: estimates along the ladder */
    double *value, *doubt; /* [n]: their limits */
    size_t *from;          /* [n]: the point of the smallest beta behind it */
    double beta[POINTS];
    double loose[POINTS]; /* factor of the KCL bound; infinite where a phase has no state */
    double free_loose;    /* that of the free phase in the engine; 0: none is there */
    eq_gradcheck_report *report;
    eq_status failed; /* EQ_ERR_MEMORY when an estimate could not be made */
} scanner;

static void close_scanner(scanner *s) {
    eq_free(s->gradient);
    eq_free(s->truth);
    eq_free(s->at);
    eq_free(s->value);
    eq_free(s->doubt);
    eq_free(s->from);
}

static eq_status open_scanner(scanner *s) {
    s->n = eq_network_parameters(s->k->s.model);
    s->gradient = eq_calloc(s->n, sizeof *s->gradient);
    s->at = eq_calloc(s->n, POINTS * sizeof *s->at);
    s->value = eq_calloc(s->n, sizeof *s->value);
    s->doubt = eq_calloc(s->n, sizeof *s->doubt);
    s->from = eq_calloc(s->n, sizeof *s->from);
    bool whole = s->gradient != NULL && s->at != NULL && s->value != NULL && s->doubt != NULL &&
                 s->from != NULL;
    return whole ? EQ_OK : eq_out_of_memory(s->k->diag);
}

/* The estimate in s->gradient; false where a phase has no state within `loose` times the bound. */
static bool estimate_within(scanner *s, const eq_estimator *e, double loose) {
    eq_check *k = s->k;
    eq_session *n = &k->s;
    double a[EQ_MAX_SLOTS];
    eq_status status = EQ_OK;
    if (loose != s->free_loose) {
        eq_exact_loosen(&k->truth, loose);
        status = eq_session_free_phase(n, n->set.train, n->set.train_index, k->truth.n, NULL);
        s->free_loose = status == EQ_OK ? loose : 0.0;
    }
    if (status == EQ_OK)
        status = eq_estimate(e, n->phases, n->model, &k->x->cost, -1.0, k->truth.n, n->y, n->goal,
                             a, NULL);
    if (status == EQ_OK) status = eq_network_gradient(n->model, a, s->gradient, NULL);
    if (status == EQ_ERR_MEMORY) s->failed = eq_out_of_memory(k->diag);
    for (size_t j = 0; status == EQ_OK && j < s->n; j++)
        if (!isfinite(s->gradient[j])) return false;
    return status == EQ_OK;
}

/* The same with the tightest of some bounds; by how much that was loosened, or infinity. */
static double estimate(scanner *s, const eq_estimator *e) {
    static const double loosest = 1e4;
    bool there = false;
    double loose = 1.0;
    for (; !there && loose <= loosest; loose *= there ? 1.0 : 100.0)
        there = estimate_within(s, e, loose);
    return there ? loose : INFINITY;
}

/* What round-off of the phases may make of the estimate of a row at beta. */
static double round_off(const eq_check *k, const eq_estimator_kind *kind, double beta, size_t row) {
    double sum = 0.0;
    for (int p = 0; p < EQ_MAX_SLOTS; p++) sum += fabs(kind->a[p]);
    return sum *
           (k->truth.round[0][row] / beta + k->truth.round[1][row] + k->truth.round[2][row] * beta);
}

/* The same of a clamp at eta, which knows no beta. */
static double clamp_round_off(const eq_check *k, const eq_estimator *e, size_t row) {
    double sum = 0.0;
    for (int p = 0; p < EQ_MAX_SLOTS; p++) sum += fabs(e->kind->a[p]);
    return sum * k->truth.round[0][row] / eq_estimator_strength(e);
}

/* Estimates along the ladder, from the weakest nudge up until two in a row, or one that is strong,
 * have no state: nudges by energy with beta < 0 end at a pole. */
static void climb(scanner *s, eq_estimator e) {
    const eq_check *k = s->k;
    double top = k->truth.reach > 0.0 ? strongest / k->truth.reach : 1e6 * k->x->estimator.beta;
    int failed = 0;
    for (size_t p = POINTS; p-- > 0;) {
        s->beta[p] = e.beta = ldexp(top, -(int)p);
        s->loose[p] = failed < 2 ? estimate(s, &e) : INFINITY;
        failed = isfinite(s->loose[p]) ? 0 : ldexp(strongest, -(int)p) > 0.1 ? 2 : failed + 1;
        memcpy(s->at + p * s->n, s->gradient, s->n * sizeof *s->at);
    }
}

/* The limit of each parameter. */
static void find_limits(scanner *s, const eq_estimator_kind *kind) {
    const eq_check *k = s->k;
    double more = kind->order > 1.0 ? 2.0 : 1.0; /* symmetric formulas: even powers of beta */
    for (size_t r = 0; r < s->n; r++) {
        double value[POINTS] = {0}, noise[POINTS] = {0};
        for (size_t p = 0; p < POINTS; p++) {
            value[p] = s->at[p * s->n + r];
            noise[p] =
                isfinite(s->loose[p]) ? s->loose[p] * round_off(k, kind, s->beta[p], r) : INFINITY;
        }
        eq_limit limit = eq_limit_find(POINTS, value, noise, kind->order, more);
        s->value[r] = limit.value;
        s->doubt[r] = limit.doubt;
        s->from[r] = limit.at;
    }
}

/* Slope and squared deviation of the line of log y over log x through FIT points. */
static void line(const double *x, const double *y, double *slope, double *off) {
    double mx = 0.0, my = 0.0, sxx = 0.0, sxy = 0.0;
    for (int p = 0; p < FIT; p++) {
        mx += log(x[p]) / FIT;
        my += log(y[p]) / FIT;
    }
    for (int p = 0; p < FIT; p++) {
        double d = log(x[p]) - mx;
        sxx += d * d;
        sxy += d * (log(y[p]) - my);
    }
    *slope = sxy / sxx;
    *off = 0.0;
    for (int p = 0; p < FIT; p++) {
        double d = log(y[p]) - my - *slope * (log(x[p]) - mx);
        *off += d * d;
    }
}

/* Order of the bias in beta: the slope of the run of FIT neighbouring points at the smallest betas
 * that stands ten times above round-off and lies on a line within 5 %. NAN when there is none: an
 * estimator without bias on this circuit, or round-off that hides the bias until the nudge carries
 * a diode over the kink of its law at -3 n Vt. */
static double fit_order(const scanner *s, const eq_estimator_kind *kind) {
    const eq_check *k = s->k;
    double bias[POINTS] = {0}, doubt = eq_session_distance(s->n, s->k->scale, s->doubt, NULL);
    double most = 0.05 * eq_session_distance(s->n, s->k->scale, s->value,
                                             NULL); /* above, the series does not hold */
    for (size_t p = 0; p < POINTS; p++) {
        double noise = 0.0;
        for (size_t r = 0; r < s->n; r++) {
            noise = hypot(noise, k->scale[r] * round_off(k, kind, s->beta[p], r));
        }
        if (isfinite(s->loose[p]))
            bias[p] = eq_session_distance(s->n, s->k->scale, s->at + p * s->n, s->value);
        if (!(bias[p] >= 10.0 * (s->loose[p] * noise + doubt) && bias[p] <= most)) bias[p] = 0.0;
    }
    for (int p = POINTS - FIT; p >= 0; p--) {
        double slope, off;
        bool above = true;
        for (int j = 0; j < FIT; j++) above = above && bias[p + j] > 0.0;
        if (!above) continue;
        line(s->beta + p, bias + p, &slope, &off);
        if (slope > 0.0 && off <= FIT * 0.05 * 0.05) return slope;
    }
    return NAN;
}

static double cosine(const scanner *s, const double *y) {
    return eq_session_cosine(s->n, s->k->scale, y, s->k->truth.gradient);
}

/* |y - adjoint| over max(|adjoint|, floor), where bound floor is what is open of both; where that
 * is above the bound, how large the error is: over max(|adjoint|, what is open). */
static double relative_error(const eq_check *k, size_t r, double y, double doubt, double bound) {
    double off = fabs(y - k->truth.gradient[r]), open = doubt + k->truth.doubt[r],
           size = fabs(k->truth.gradient[r]);
    if (!isfinite(open)) return INFINITY;
    if (off == 0.0) return 0.0;
    double error = off / fmax(size, open / bound);
    return error <= bound ? error : off / fmax(size, open);
}

/* ", of r3" or "dL/dvb of d1": parameter p, whose kind is said where it is another than that of the
 * one before (NONE: there is none before). */
static void name(eq_text *t, const eq_check *k, size_t p, size_t before) {
    size_t b;
    const eq_block *block = eq_network_block_of(k->s.model, p, &b);
    const char *last = before == NONE ? "" : eq_network_block_of(k->s.model, before, NULL)->param;
    if (before != NONE) eq_text_puts(t, ", ");
    if (!eq_same(block->param, last)) eq_text_printf(t, "dL/d%s ", block->param);
    eq_text_printf(t, "of %s", eq_network_name(k->s.model, b, p - block->first));
}

/* The parameters of the largest errors, largest first. */
typedef struct worst {
    size_t row[NAMED]; /* NONE: there are no more */
    double error[NAMED];
    size_t beyond; /* parameters above the bound */
} worst;

static void note(worst *w, size_t row, double error, double bound) {
    w->beyond += error > bound;
    for (int p = 0; p < NAMED; p++)
        if (error > w->error[p] || (p == 0 && w->row[p] == NONE)) {
            size_t r = w->row[p];
            double e = w->error[p];
            w->row[p] = row;
            w->error[p] = error;
            row = r;
            error = e;
        }
}

static worst nothing(void) {
    worst w = {.beyond = 0};
    for (int p = 0; p < NAMED; p++) {
        w.row[p] = NONE;
        w.error[p] = -1.0;
    }
    return w;
}

static const char *cause(const eq_check *k, const eq_gradcheck_row *row) {
    if (k->truth.topology == NULL)
        return "look for several stationary states between which a nudge jumps: smaller weights "
               "have one";
    return !k->truth.topology->exists && row->nudging != NULL
               ? k->truth.topology->reason
               : "the energy weights exist, so look for several operating points (eqspice check) "
                 "between which a nudge jumps";
}

static void begin(eq_text *t, const char *estimator, const char *nudging) {
    eq_text_puts(t, estimator);
    if (nudging != NULL) eq_text_printf(t, "/%s", nudging);
    eq_text_puts(t, ": ");
}

/* "one-sided/current: dL/dg of r3 is 0 by the estimate, 0.1 by the adjoint ..., r4 is ...; WHY". */
static char *complain(const scanner *s, const eq_gradcheck_row *row, const worst *w) {
    eq_text t = {0};
    const eq_check *k = s->k;
    begin(&t, row->estimator, row->nudging);
    for (size_t p = 0; p < NAMED && p < w->beyond; p++) {
        size_t r = w->row[p];
        name(&t, k, r, p == 0 ? NONE : w->row[p - 1]);
        eq_text_printf(&t, " is %.6g by the estimate and %.6g by the adjoint", s->value[r],
                       k->truth.gradient[r]);
        eq_text_printf(&t, " (round-off %.1e)", s->doubt[r] + k->truth.doubt[r]);
    }
    if (w->beyond > NAMED) eq_text_printf(&t, " and %zu more differ", w->beyond - NAMED);
    eq_text_printf(&t, ", more than %g of it; %s", estimate_bound, cause(k, row));
    if (!t.failed) return t.text;
    eq_text_free(&t);
    return NULL;
}

static char *say(const char *estimator, const char *nudging, const char *what) {
    eq_text t = {0};
    begin(&t, estimator, nudging);
    eq_text_puts(&t, what);
    if (!t.failed) return t.text;
    eq_text_free(&t);
    return NULL;
}

static const char no_phase[] =
    "no nudged phase has a steady state; see what eqspice op says of the "
    "circuit, and raise itl1";

/* Holds the limits against the adjoint. */
static eq_status judge(scanner *s, eq_gradcheck_row *row) {
    eq_check *k = s->k;
    worst w = nothing();
    size_t known = 0, points = 0;
    for (size_t p = 0; p < POINTS; p++) points += isfinite(s->loose[p]) ? 1 : 0;
    for (size_t r = 0; r < s->n; r++) {
        double size = fabs(k->truth.gradient[r]);
        bool nonzero = size > k->truth.doubt[r];
        known += nonzero;
        row->hidden += nonzero && size <= s->doubt[r] + k->truth.doubt[r];
        note(&w, r, relative_error(k, r, s->value[r], s->doubt[r], estimate_bound), estimate_bound);
    }
    row->beta = w.row[0] == NONE ? NAN : s->beta[s->from[w.row[0]]];
    row->error = fmax(w.error[0], 0.0);
    if (points == 0)
        row->why = say(row->estimator, row->nudging, no_phase);
    else if (w.beyond > 0)
        row->why = complain(s, row, &w);
    else if (known > 0 && row->hidden == known)
        row->why = say(row->estimator, row->nudging,
                       "every gradient is below the round-off of the phases, so nothing was "
                       "compared; raise the resistances far below the others, or lower those far "
                       "above");
    else {
        row->passed = true;
        return EQ_OK;
    }
    return row->why == NULL ? eq_out_of_memory(k->diag) : EQ_OK;
}

static eq_status scan(scanner *s, eq_estimator e, eq_gradcheck_row *row) {
    *row = (eq_gradcheck_row){
        .estimator = e.kind->name,
        .nudging = eq_nudging_name(e.nudging),
        .expected = e.kind->order,
    };
    climb(s, e);
    find_limits(s, e.kind);
    if (s->failed != EQ_OK) return s->failed;
    row->order = fit_order(s, e.kind);
    row->cosine = cosine(s, s->value);
    return judge(s, row);
}

/* The adjoint of the engine, or that by recurrent backpropagation to round-off, held against that of the
 * solver. */
static eq_status scan_exact(scanner *s, const char *kind, eq_gradcheck_row *row) {
    const eq_check *k = s->k;
    worst w = nothing();
    eq_estimator e = {.kind = eq_estimator_find(kind), .tolerance = 1e-13};
    *row = (eq_gradcheck_row){.estimator = e.kind->name, .beta = NAN, .order = NAN};
    double loose = estimate(s, &e);
    if (s->failed != EQ_OK) return s->failed;
    memcpy(s->value, s->gradient, s->n * sizeof *s->value);
    for (size_t r = 0; r < s->n; r++) {
        s->doubt[r] = loose * k->truth.doubt[r];
        note(&w, r, relative_error(k, r, s->value[r], s->doubt[r], estimate_bound), estimate_bound);
    }
    row->cosine = cosine(s, s->value);
    row->error = fmax(w.error[0], 0.0);
    row->passed = isfinite(loose) && w.beyond == 0;
    if (row->passed) return EQ_OK;
    row->why = isfinite(loose) ? complain(s, row, &w)
                               : say(row->estimator, row->nudging,
                                     "the engine finds none at these examples; raise itl1, or take "
                                     "the sparse engine");
    return row->why == NULL ? eq_out_of_memory(k->diag) : EQ_OK;
}

/* A clamp at the experiment's eta: it is no gradient at a finite eta, so its cosine is all there is
 * to say. */
static eq_status scan_clamp(scanner *s, eq_gradcheck_row *row) {
    const eq_check *k = s->k;
    eq_estimator e = k->x->estimator;
    bool own = e.nudging == EQ_NUDGE_CLAMP && e.kind->phases > 0;
    if (!own) e.kind = eq_estimator_find("one-sided");
    e.nudging = EQ_NUDGE_CLAMP;
    *row = (eq_gradcheck_row){.estimator = e.kind->name,
                              .nudging = eq_nudging_name(e.nudging),
                              .beta = eq_estimator_strength(&e),
                              .error = NAN,
                              .order = NAN};
    double loose = estimate(s, &e);
    if (s->failed != EQ_OK) return s->failed;
    row->cosine = isfinite(loose) ? cosine(s, s->gradient) : NAN;
    row->passed = isfinite(loose) || !own;
    if (row->passed) return EQ_OK;
    row->why = say(row->estimator, row->nudging, no_phase);
    return row->why == NULL ? eq_out_of_memory(k->diag) : EQ_OK;
}

/* The same block by block: a layer behind an amplifier without a weight has the right direction and another size. */
static eq_status look_at_groups(scanner *s, bool there) {
    const eq_check *k = s->k;
    const eq_network *model = k->s.model;
    eq_gradcheck_report *r = s->report;
    const double *truth = s->truth != NULL ? s->truth : k->truth.gradient;
    size_t blocks = eq_network_blocks(model);
    r->group = eq_calloc(blocks, sizeof *r->group);
    if (r->group == NULL) return eq_out_of_memory(k->diag);
    for (size_t b = 0; there && b < blocks; b++) {
        const eq_block *block = eq_network_block(model, b);
        size_t first = block->first, last = first + block->count;
        double sum = 0.0, size = 0.0;
        for (size_t j = first; j < last; j++) {
            double exact = k->scale[j] * truth[j];
            sum += k->scale[j] * s->gradient[j] * exact;
            size += exact * exact;
        }
        r->group[b] = (eq_gradcheck_group){
            eq_strdup(block->name),
            eq_session_cosine(block->count, k->scale + first, s->gradient + first, truth + first),
            size > 0.0 ? sum / size : NAN};
        if (r->group[b].name == NULL) return eq_out_of_memory(k->diag);
        r->groups++;
    }
    return EQ_OK;
}

/* The experiment's estimator that samples its phases: on the free state as it is without a check. */
static eq_status look_at_sampled(scanner *s) {
    eq_check *k = s->k;
    eq_gradcheck_report *r = s->report;
    r->own_estimator = k->x->estimator.kind->name;
    r->own_nudging = eq_nudging_name(EQ_NUDGE_ENERGY);
    r->own_beta = k->x->estimator.beta;
    r->own_error = r->own_round_off = NAN;
    eq_exact_loosen(&k->truth, 1.0);
    s->truth = eq_calloc(s->n, sizeof *s->truth);
    if (s->truth == NULL) return eq_out_of_memory(k->diag);
    eq_status status = eq_check_sampled(k, s->gradient, s->truth, &r->sampled);
    r->own_cosine = r->sampled.cosine;
    r->passed = r->passed && r->sampled.passed;
    return status == EQ_OK ? look_at_groups(s, true) : status;
}

/* The experiment's estimator as it is trained with. */
static eq_status look_at_own(scanner *s) {
    const eq_check *k = s->k;
    const eq_estimator *e = &k->x->estimator;
    eq_gradcheck_report *r = s->report;
    if (eq_estimator_samples(e)) return look_at_sampled(s);
    bool exact = e->kind->phases == 0, clamp = !exact && e->nudging == EQ_NUDGE_CLAMP;
    double loose = estimate(s, e), beta = eq_estimator_strength(e);
    double size =
        eq_session_distance(s->n, s->k->scale, clamp ? s->gradient : k->truth.gradient, NULL);
    bool there = isfinite(loose) && size > 0.0;
    for (size_t at = 0; at < s->n; at++)
        s->doubt[at] = loose * (exact   ? k->truth.doubt[at]
                                : clamp ? clamp_round_off(k, e, at)
                                        : round_off(k, e->kind, beta, at));
    r->units = eq_experiment_has_units(k->x);
    r->own_estimator = e->kind->name;
    r->own_nudging = exact ? NULL : eq_nudging_name(e->nudging);
    r->own_beta = exact ? NAN : beta;
    r->own_error =
        there && !clamp
            ? eq_session_distance(s->n, s->k->scale, s->gradient, k->truth.gradient) / size
            : NAN;
    r->own_round_off = there ? eq_session_distance(s->n, s->k->scale, s->doubt, NULL) / size : NAN;
    r->own_cosine = there ? cosine(s, s->gradient) : NAN;
    return look_at_groups(s, there);
}

/* Adjoint against differences for one parameter; the first that is off is told. */
static eq_status compare_difference(scanner *s, size_t p, eq_text *t) {
    eq_check *k = s->k;
    double slope, doubt;
    eq_status status = eq_check_difference(k, p, &slope, &doubt);
    if (status != EQ_OK) return status;
    double error = relative_error(k, p, slope, doubt, difference_bound);
    s->report->difference = fmax(s->report->difference, error);
    if (!(error > difference_bound) || t->length > 0) return EQ_OK;
    eq_text_puts(t, "adjoint: ");
    name(t, k, p, NONE);
    eq_text_printf(t,
                   " is %.6g, by central differences of the loss %.6g (round-off %.1e); look for "
                   "several %s",
                   k->truth.gradient[p], slope, doubt + k->truth.doubt[p],
                   k->truth.topology == NULL
                       ? "stationary states between which it jumps: smaller weights have one"
                       : "operating points (eqspice check) between which the solver jumps");
    return EQ_OK;
}

/* Some of each block. */
static eq_status compare_differences(scanner *s) {
    const eq_network *n = s->k->s.model;
    eq_text t = {0};
    eq_status status = EQ_OK;
    for (size_t b = 0; b < eq_network_blocks(n); b++) {
        const eq_block *block = eq_network_block(n, b);
        size_t some = block->count < SAMPLES ? block->count : SAMPLES;
        for (size_t j = 0; status == EQ_OK && j < some; j++)
            status = compare_difference(s, block->first + j * block->count / some, &t);
    }
    s->report->why = t.text;
    s->report->losses = s->k->truth.losses;
    s->report->strayed = s->k->truth.strayed;
    return status == EQ_OK && t.failed ? eq_out_of_memory(s->k->diag) : status;
}

/* Line j of the check: the estimators nudged by a current, by energy where the cost has a slope
 * everywhere, a clamp where it has targets, the adjoint, recurrent backpropagation where the
 * experiment trains by it. *end: there is no line j. */
static eq_status scan_line(scanner *s, size_t j, eq_gradcheck_row *row, bool *end) {
    const eq_cost_kind *cost = s->k->x->cost.kind;
    size_t kinds = eq_estimator_kinds(), currents = kinds, energies = cost->kinks ? 0 : kinds,
           clamps = cost->clamps ? 1 : 0;
    size_t phases = currents + energies + clamps;
    bool iterates = s->k->x->estimator.kind->iterates;
    *end = j > phases + (iterates ? 1 : 0);
    if (*end) return EQ_OK;
    if (j >= phases) return scan_exact(s, j == phases ? "adjoint" : "rbp", row);
    if (j >= currents + energies) return scan_clamp(s, row);
    eq_estimator e = {.kind = eq_estimator_kind_at(j % kinds),
                      .nudging = j < currents ? EQ_NUDGE_CURRENT : EQ_NUDGE_ENERGY};
    return scan(s, e, row);
}

static eq_status run(scanner *s) {
    eq_gradcheck_report *r = s->report;
    size_t most = 2 * eq_estimator_kinds() + 3;
    eq_status status = open_scanner(s);
    if (status == EQ_OK) status = compare_differences(s);
    if (status != EQ_OK) return status;
    r->row = eq_calloc(most, sizeof *r->row);
    if (r->row == NULL) return eq_out_of_memory(s->k->diag);
    r->passed = r->why == NULL;
    for (bool end = false; status == EQ_OK && !end;) {
        eq_gradcheck_row *row = &r->row[r->rows];
        status = scan_line(s, r->rows, row, &end);
        if (status != EQ_OK || end) break;
        r->passed = r->passed && row->passed;
        r->rows++;
    }
    if (status == EQ_OK) status = look_at_own(s);
    return status == EQ_OK ? s->failed : status;
}

eq_status eq_gradcheck(const eq_experiment *x, eq_network *trained, eq_engine_kind engine,
                       size_t examples, eq_gradcheck_report *report, eq_diag *diag) {
    eq_check k = {.x = x, .s.model = trained, .diag = diag};
    if (trained != NULL) k.s.c = eq_network_circuit(trained);
    eq_gradcheck_report r = {0};
    scanner s = {.k = &k, .report = &r};
    eq_status status = eq_check_open(&k, engine, examples);
    r.examples = k.truth.n;
    r.parameters = k.truth.parameters;
    if (status == EQ_OK) status = run(&s);
    close_scanner(&s);
    eq_check_close(&k);
    if (status == EQ_OK)
        *report = r;
    else
        eq_gradcheck_free(&r);
    return status;
}

void eq_gradcheck_free(eq_gradcheck_report *report) {
    for (size_t j = 0; j < report->rows; j++) eq_free(report->row[j].why);
    eq_free(report->row);
    for (size_t b = 0; b < report->groups; b++) eq_free(report->group[b].name);
    eq_free(report->group);
    eq_free(report->why);
    *report = (eq_gradcheck_report){0};
}
