/* The gradient check: for every conductance i, with EP_i the limit of an estimate at b = 0,
 *
 *     |g_i (EP_i - adjoint_i)| <= bound max(|g_i adjoint_i|, floor_i),
 *
 * where bound floor_i is what round-off leaves open of the two (gradcheck_truth.c, limit.h). */
#include "train/gradcheck.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "train/limit.h"

/* Betas: the strongest nudge moves a potential by some 1000 V, the next half as far, ... */
enum { POINTS = 42, FIT = 5, SAMPLES = 6, NAMED = 3 };
static const double strongest = 1e3; /* V */
static const double estimate_bound = 1e-6, difference_bound = 1e-5;

typedef struct scanner {
    eq_check *k;
    size_t trained;
    int32_t *row;          /* [trained] memristor rows: group after group in the engine's order */
    double *flat;          /* [trained] */
    double *gradient;      /* [rows] of the last estimate */
    double *at;            /* [POINTS][rows]: estimates along the ladder */
    double *value, *doubt; /* [rows]: their limits */
    size_t *from;          /* [rows]: the point of the smallest beta behind it */
    double beta[POINTS];
    double loose[POINTS]; /* factor of the KCL bound; infinite where a phase has no state */
    double free_loose;    /* that of the free phase in the engine; 0: none is there */
    eq_gradcheck_report *report;
    eq_status failed; /* EQ_ERR_MEMORY when an estimate could not be made */
} scanner;

static void close_scanner(scanner *s) {
    eq_free(s->row);
    eq_free(s->flat);
    eq_free(s->gradient);
    eq_free(s->at);
    eq_free(s->value);
    eq_free(s->doubt);
    eq_free(s->from);
}

static eq_status open_scanner(scanner *s) {
    eq_check *k = s->k;
    const eq_circuit *c = k->s.c;
    s->row = eq_calloc(k->rows, sizeof *s->row);
    s->flat = eq_calloc(k->rows, sizeof *s->flat);
    s->gradient = eq_calloc(k->rows, sizeof *s->gradient);
    s->at = eq_calloc(k->rows, POINTS * sizeof *s->at);
    s->value = eq_calloc(k->rows, sizeof *s->value);
    s->doubt = eq_calloc(k->rows, sizeof *s->doubt);
    s->from = eq_calloc(k->rows, sizeof *s->from);
    if (s->row == NULL || s->flat == NULL || s->gradient == NULL || s->at == NULL ||
        s->value == NULL || s->doubt == NULL || s->from == NULL)
        return eq_out_of_memory(k->diag);
    for (size_t g = 0; g < c->groups; g++) {
        for (size_t j = 0; j < c->group[g].count; j++) s->row[s->trained++] = c->group[g].row[j];
    }
    return EQ_OK;
}

/* The estimate in s->gradient; false where a phase has no state within `loose` times the bound. */
static bool estimate_within(scanner *s, const eq_estimator *e, double loose) {
    eq_check *k = s->k;
    eq_session *n = &k->s;
    double a[EQ_MAX_SLOTS];
    eq_status status = EQ_OK;
    if (loose != s->free_loose) {
        eq_check_loosen(k, loose);
        status = eq_session_free_phase(n, n->set.train, n->set.train_index, k->n, NULL);
        s->free_loose = status == EQ_OK ? loose : 0.0;
    }
    if (status == EQ_OK)
        status =
            eq_estimate(e, n->phases, n->model, &k->x->cost, -1.0, k->n, n->y, n->label, a, NULL);
    if (status == EQ_OK) status = eq_network_gradient(n->model, a, s->flat, NULL);
    for (size_t j = 0; status == EQ_OK && j < s->trained; j++) s->gradient[s->row[j]] = s->flat[j];
    if (status == EQ_ERR_MEMORY) s->failed = eq_out_of_memory(k->diag);
    for (size_t j = 0; status == EQ_OK && j < s->trained; j++)
        if (!isfinite(s->gradient[s->row[j]])) return false;
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
    return sum * (k->round[0][row] / beta + k->round[1][row] + k->round[2][row] * beta);
}

static double conductance(const eq_check *k, int32_t row) {
    return k->s.c->table[EQ_CLASS_memristor].w[0][row];
}

/* |g (y - z)| over all trained conductances; z may be NULL. */
static double distance(const scanner *s, const double *y, const double *z) {
    double sum = 0.0;
    for (size_t j = 0; j < s->trained; j++) {
        int32_t r = s->row[j];
        sum = hypot(sum, conductance(s->k, r) * (y[r] - (z == NULL ? 0.0 : z[r])));
    }
    return sum;
}

/* Estimates along the ladder, from the weakest nudge up until two in a row, or one that is strong,
 * have no state: nudges by energy with beta < 0 end at a pole. */
static void climb(scanner *s, eq_estimator e) {
    const eq_check *k = s->k;
    double top = k->reach > 0.0 ? strongest / k->reach : 1e6 * k->x->estimator.beta;
    int failed = 0;
    for (size_t p = POINTS; p-- > 0;) {
        s->beta[p] = e.beta = ldexp(top, -(int)p);
        s->loose[p] = failed < 2 ? estimate(s, &e) : INFINITY;
        failed = isfinite(s->loose[p]) ? 0 : ldexp(strongest, -(int)p) > 0.1 ? 2 : failed + 1;
        memcpy(s->at + p * k->rows, s->gradient, k->rows * sizeof *s->at);
    }
}

/* The limit of each conductance. */
static void find_limits(scanner *s, const eq_estimator_kind *kind) {
    const eq_check *k = s->k;
    double more = kind->order > 1.0 ? 2.0 : 1.0; /* symmetric formulas: even powers of beta */
    for (size_t j = 0; j < s->trained; j++) {
        size_t r = (size_t)s->row[j];
        double value[POINTS] = {0}, noise[POINTS] = {0};
        for (size_t p = 0; p < POINTS; p++) {
            value[p] = s->at[p * k->rows + r];
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
    double bias[POINTS] = {0}, doubt = distance(s, s->doubt, NULL);
    double most = 0.05 * distance(s, s->value, NULL); /* above, the series does not hold */
    for (size_t p = 0; p < POINTS; p++) {
        double noise = 0.0;
        for (size_t j = 0; j < s->trained; j++) {
            int32_t r = s->row[j];
            noise = hypot(noise, conductance(k, r) * round_off(k, kind, s->beta[p], (size_t)r));
        }
        if (isfinite(s->loose[p])) bias[p] = distance(s, s->at + p * k->rows, s->value);
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

static double cosine(const scanner *s) {
    const eq_check *k = s->k;
    double of = distance(s, s->value, NULL), to = distance(s, k->adjoint, NULL), sum = 0.0;
    for (size_t j = 0; j < s->trained; j++) {
        int32_t r = s->row[j];
        double g = conductance(k, r);
        sum += g * s->value[r] / of * (g * k->adjoint[r] / to);
    }
    return of > 0.0 && to > 0.0 ? sum : NAN;
}

/* |y - adjoint| over max(|adjoint|, floor), where bound floor is what is open of both; where that
 * is above the bound, how large the error is: over max(|adjoint|, what is open). */
static double relative_error(const eq_check *k, int32_t r, double y, double doubt, double bound) {
    double off = fabs(y - k->adjoint[r]), open = doubt + k->doubt[r], size = fabs(k->adjoint[r]);
    if (!isfinite(open)) return INFINITY;
    if (off == 0.0) return 0.0;
    double error = off / fmax(size, open / bound);
    return error <= bound ? error : off / fmax(size, open);
}

static const char *name_of(const eq_check *k, int32_t row) {
    const eq_table *t = &k->s.c->table[EQ_CLASS_memristor];
    return eq_circuit_element_name(k->s.c, t->id[row]);
}

/* The conductances of the largest errors, largest first. */
typedef struct worst {
    int32_t row[NAMED];
    double error[NAMED];
    size_t beyond; /* conductances above the bound */
} worst;

static void note(worst *w, int32_t row, double error, double bound) {
    w->beyond += error > bound;
    for (int p = 0; p < NAMED; p++)
        if (error > w->error[p] || (p == 0 && w->row[p] < 0)) {
            int32_t r = w->row[p];
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
        w.row[p] = EQ_NONE;
        w.error[p] = -1.0;
    }
    return w;
}

static const char *cause(const eq_check *k) {
    return !k->topology->exists
               ? k->topology->reason
               : "the energy weights exist, so look for several operating points (eqspice check) "
                 "between which a nudge jumps";
}

/* "one-sided/current: dL/dg of r3 is 0 by the estimate, 0.1 by the adjoint ..., r4 is ...; WHY". */
static char *complain(const scanner *s, const eq_gradcheck_row *row, const worst *w) {
    eq_text t = {0};
    const eq_check *k = s->k;
    eq_text_printf(&t, "%s/%s: dL/dg of ", row->estimator, row->nudging);
    for (size_t p = 0; p < NAMED && p < w->beyond; p++) {
        int32_t r = w->row[p];
        eq_text_printf(&t, "%s%s is %.6g by the estimate and %.6g by the adjoint",
                       p == 0 ? "" : ", of ", name_of(k, r), s->value[r], k->adjoint[r]);
        eq_text_printf(&t, " (round-off %.1e)", s->doubt[r] + k->doubt[r]);
    }
    if (w->beyond > NAMED) eq_text_printf(&t, " and %zu more differ", w->beyond - NAMED);
    eq_text_printf(&t, ", more than %g of it; %s", estimate_bound, cause(k));
    if (!t.failed) return t.text;
    eq_text_free(&t);
    return NULL;
}

static char *say(const char *estimator, const char *nudging, const char *what) {
    eq_text t = {0};
    eq_text_printf(&t, "%s/%s: %s", estimator, nudging, what);
    if (!t.failed) return t.text;
    eq_text_free(&t);
    return NULL;
}

/* Holds the limits against the adjoint. */
static eq_status judge(scanner *s, eq_gradcheck_row *row) {
    eq_check *k = s->k;
    worst w = nothing();
    size_t known = 0, points = 0;
    for (size_t p = 0; p < POINTS; p++) points += isfinite(s->loose[p]);
    for (size_t j = 0; j < s->trained; j++) {
        int32_t r = s->row[j];
        double size = fabs(k->adjoint[r]);
        bool nonzero = size > k->doubt[r];
        known += nonzero;
        row->hidden += nonzero && size <= s->doubt[r] + k->doubt[r];
        note(&w, r, relative_error(k, r, s->value[r], s->doubt[r], estimate_bound), estimate_bound);
    }
    row->beta = w.row[0] < 0 ? NAN : s->beta[s->from[w.row[0]]];
    row->error = fmax(w.error[0], 0.0);
    if (points == 0)
        row->why = say(row->estimator, row->nudging,
                       "no nudged phase has a steady state; see what eqspice op says of the "
                       "circuit, and raise itl1");
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
    row->cosine = cosine(s);
    return judge(s, row);
}

/* The experiment's estimator as it is trained with. */
static void look_at_own(scanner *s) {
    const eq_check *k = s->k;
    const eq_estimator *e = &k->x->estimator;
    eq_gradcheck_report *r = s->report;
    double size = distance(s, k->adjoint, NULL);
    double loose = estimate(s, e);
    bool there = isfinite(loose) && size > 0.0;
    for (size_t j = 0; j < s->trained; j++) {
        size_t at = (size_t)s->row[j];
        s->doubt[at] = loose * round_off(k, e->kind, e->beta, at);
    }
    r->own_estimator = e->kind->name;
    r->own_nudging = eq_nudging_name(e->nudging);
    r->own_beta = e->beta;
    r->own_error = there ? distance(s, s->gradient, k->adjoint) / size : NAN;
    r->own_round_off = there ? distance(s, s->doubt, NULL) / size : NAN;
}

/* Adjoint against differences on a few conductances of each group. */
static eq_status compare_differences(scanner *s) {
    eq_check *k = s->k;
    const eq_circuit *c = k->s.c;
    eq_gradcheck_report *report = s->report;
    eq_text t = {0};
    for (size_t g = 0; g < c->groups; g++) {
        const eq_group *group = &c->group[g];
        for (size_t j = 0; j < SAMPLES && j < group->count; j++) {
            size_t at = group->count <= SAMPLES ? j : j * group->count / SAMPLES;
            int32_t row = group->row[at];
            double slope, doubt;
            eq_status status = eq_check_difference(k, row, &slope, &doubt);
            double error = relative_error(k, row, slope, doubt, difference_bound);
            if (status == EQ_OK && error > difference_bound && t.length == 0)
                eq_text_printf(&t,
                               "adjoint: dL/dg of %s is %.6g, by central differences of the loss "
                               "%.6g (round-off %.1e); look for several operating points (eqspice "
                               "check) between which the solver jumps",
                               name_of(k, row), k->adjoint[row], slope, doubt + k->doubt[row]);
            if (status != EQ_OK) eq_text_free(&t);
            if (status != EQ_OK) return status;
            report->difference = fmax(report->difference, error);
        }
    }
    report->why = t.text;
    return t.failed ? eq_out_of_memory(k->diag) : EQ_OK;
}

static eq_status run(scanner *s) {
    eq_gradcheck_report *r = s->report;
    size_t kinds = eq_estimator_kinds();
    eq_status status = open_scanner(s);
    if (status == EQ_OK) status = compare_differences(s);
    if (status != EQ_OK) return status;
    r->row = eq_calloc(2 * kinds, sizeof *r->row);
    if (r->row == NULL) return eq_out_of_memory(s->k->diag);
    r->rows = 2 * kinds;
    r->passed = r->why == NULL;
    for (size_t j = 0; status == EQ_OK && j < r->rows; j++) {
        eq_estimator e = {eq_estimator_kind_at(j < kinds ? j : j - kinds), 0.0,
                          j < kinds ? EQ_NUDGE_CURRENT : EQ_NUDGE_ENERGY};
        status = scan(s, e, &r->row[j]);
        r->passed = r->passed && r->row[j].passed;
    }
    if (status == EQ_OK) look_at_own(s);
    return status == EQ_OK ? s->failed : status;
}

eq_status eq_gradcheck(const eq_experiment *x, eq_engine_kind engine, size_t examples,
                       eq_gradcheck_report *report, eq_diag *diag) {
    eq_check k = {.x = x, .diag = diag};
    eq_gradcheck_report r = {0};
    scanner s = {.k = &k, .report = &r};
    eq_status status = eq_check_open(&k, engine, examples);
    r.examples = k.n;
    r.conductances = k.rows;
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
    eq_free(report->why);
    *report = (eq_gradcheck_report){0};
}
