#include "train/estimator.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/dynamics.h"

/* dL/dw = d/dbeta dp/dw(u at beta) in beta = 0 (Eq. 2.8), by differences: one-sided (2.9),
 * symmetric (2.10) and the central five-point formula, whose middle coefficient is zero. */
static const eq_estimator_kind kinds[] = {
    {"one-sided", 1, false, {0, 1}, {-1, 1}, false, 1, false},
    {"random-sign", 1, false, {0, 1}, {-1, 1}, true, 1, false},
    {"symmetric", 2, false, {0, 1, -1}, {0, 0.5, -0.5}, false, 2, false},
    {"four-point",
     4,
     false,
     {0, 2, 1, -1, -2},
     {0, -1.0 / 12.0, 8.0 / 12.0, -8.0 / 12.0, 1.0 / 12.0},
     false,
     4,
     false},
};

/* No estimates: the gradient by the adjoint, solved or iterated (Eq. 3.12-3.15), and by
 * backpropagation through time. */
static const eq_estimator_kind exact[] = {
    {"adjoint", 0, false, {0}, {[EQ_ADJOINT] = 1}, false, INFINITY, false},
    {"rbp", 0, true, {0}, {[EQ_ADJOINT] = 1}, false, INFINITY, false},
    {"bptt", 0, false, {0}, {[EQ_ADJOINT] = 1}, false, INFINITY, true},
};

size_t eq_estimator_kinds(void) {
    return sizeof kinds / sizeof *kinds;
}

const eq_estimator_kind *eq_estimator_kind_at(size_t k) {
    return &kinds[k];
}

const eq_estimator_kind *eq_estimator_find(const char *name) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (eq_same(kinds[k].name, name)) return &kinds[k];
    for (size_t k = 0; k < sizeof exact / sizeof *exact; k++)
        if (eq_same(exact[k].name, name)) return &exact[k];
    return NULL;
}

static const char *const nudgings[] = {
    [EQ_NUDGE_CURRENT] = "current",
    [EQ_NUDGE_ENERGY] = "energy",
    [EQ_NUDGE_CLAMP] = "clamp",
};

bool eq_nudging_find(const char *name, eq_nudging *nudging) {
    int k = eq_word_find(nudgings, sizeof nudgings / sizeof *nudgings, name);
    if (k >= 0) *nudging = (eq_nudging)k;
    return k >= 0;
}

const char *eq_nudging_name(eq_nudging nudging) {
    return nudgings[nudging];
}

static const char *const rules[] = {
    [EQ_RULE_ENERGY] = "energy",
    [EQ_RULE_RESPONSE] = "response",
    [EQ_RULE_DELTA_V2] = "delta-v2",
};

bool eq_rule_find(const char *name, eq_rule *rule) {
    int k = eq_word_find(rules, sizeof rules / sizeof *rules, name);
    if (k >= 0) *rule = (eq_rule)k;
    return k >= 0;
}

const char *eq_rule_name(eq_rule rule) {
    return rules[rule];
}

bool eq_estimator_is_local(const eq_estimator *est) {
    if (est->kind->phases == 0) return false;
    return est->rule != EQ_RULE_ENERGY || (est->nudging == EQ_NUDGE_CLAMP && est->nodes);
}

struct eq_phases {
    size_t outputs;
    double *current; /* [batch][outputs] A */
    double *slope;   /* [batch][outputs][outputs] S */
    double *at, *y;  /* [batch][outputs] V: where the cost is expanded, where the phase went */
    double *way;     /* [batch][outputs] that of a clamp, NAN: the output is free */
    double *move;    /* [batch][outputs][2] V, of its nodes */
    double *rest;    /* [batch][outputs] A: what an energy nudge lacks of balance at `at` */
    double *part;    /* [batch] of the way that the next round goes from there */
    eq_phases_driver driver;
    bool sloped; /* the last phase had slopes */
    uint64_t key;
};

eq_phases *eq_phases_new(size_t batch, size_t outputs) {
    eq_phases *p = eq_calloc(1, sizeof *p);
    if (p == NULL) return NULL;
    p->outputs = outputs;
    p->current = eq_calloc(batch * outputs, sizeof *p->current);
    p->slope = eq_calloc(batch * outputs, outputs * sizeof *p->slope);
    p->at = eq_calloc(batch * outputs, sizeof *p->at);
    p->y = eq_calloc(batch * outputs, sizeof *p->y);
    p->way = eq_calloc(batch * outputs, sizeof *p->way);
    p->move = eq_calloc(batch * outputs, 2 * sizeof *p->move);
    p->rest = eq_calloc(batch * outputs, sizeof *p->rest);
    p->part = eq_calloc(batch, sizeof *p->part);
    if (p->current != NULL && p->slope != NULL && p->at != NULL && p->y != NULL && p->way != NULL &&
        p->move != NULL && p->rest != NULL && p->part != NULL)
        return p;
    eq_phases_free(p);
    return NULL;
}

void eq_phases_free(eq_phases *p) {
    if (p == NULL) return;
    eq_free(p->current);
    eq_free(p->slope);
    eq_free(p->at);
    eq_free(p->y);
    eq_free(p->way);
    eq_free(p->move);
    eq_free(p->rest);
    eq_free(p->part);
    eq_free(p);
}

void eq_phases_draw(eq_phases *p, uint64_t key) {
    p->key = key;
}

/* current = -beta dC/dy at `at`; with slopes also beta d2C/dy2 there. */
static void expand(eq_phases *p, const eq_cost *cost, double beta, size_t n, const double *at,
                   const eq_goal *goal, bool slopes) {
    size_t m = p->outputs;
    for (size_t j = 0; j < n; j++) {
        eq_cost_gradient(cost, m, at + j * m, goal[j], p->current + j * m);
        if (slopes) eq_cost_hessian(cost, m, at + j * m, goal[j], p->slope + j * m * m);
    }
    for (size_t k = 0; k < n * m; k++) p->current[k] *= -beta;
    for (size_t k = 0; slopes && k < n * m * m; k++) p->slope[k] *= beta;
}

void eq_phases_drive(eq_phases *p, eq_phases_driver driver) {
    p->driver = driver;
}

/* The sources are not what they were told to be. */
static void drive(const eq_phases *p, int slot, size_t n) {
    if (p->driver.drive != NULL) p->driver.drive(p->driver.data, slot, n, p->current);
}

/* The nudge of one phase. */
typedef struct following {
    const eq_phases *p;
    const eq_cost *cost;
    const eq_goal *goal;
    double beta;
    size_t n;
    int slot;
} following;

/* -beta dC/dy at y, as the sources have it. */
static void follow(void *data, const double *y, double *current) {
    const following *f = data;
    size_t m = f->p->outputs;
    for (size_t j = 0; j < f->n; j++)
        eq_cost_gradient(f->cost, m, y + j * m, f->goal[j], current + j * m);
    for (size_t k = 0; k < f->n * m; k++) current[k] *= -f->beta;
    if (f->p->driver.drive != NULL) f->p->driver.drive(f->p->driver.data, f->slot, f->n, current);
}

/* Example j of the phase found at p->y: lack[outputs] = i + beta dC/dy there, i being the current that the
 * nudge brought. p->way: -beta dC/dy of all examples. */
static void find_lack(const eq_phases *p, size_t j, double *lack) {
    size_t m = p->outputs;
    const double *y = p->y + j * m, *at = p->at + j * m;
    for (size_t k = 0; k < m; k++) {
        const double *slope = p->slope + (j * m + k) * m;
        lack[k] = p->current[j * m + k] - p->way[j * m + k];
        for (size_t l = 0; l < m; l++) lack[k] -= slope[l] * (y[l] - at[l]);
    }
}

/* Newton's method with a line search: what is lacking is the slope of P + beta C over the outputs, and a
 * step that ends where that rises as it fell where it began was too long: the example takes
 * half of it from there. p->move: scratch. */
static void damp(eq_phases *p, following *f) {
    static const double least = 1e-9, much = 0.5;
    size_t m = p->outputs;
    double *lack = p->move;
    follow(f, p->y, p->way);
    for (size_t j = 0; j < f->n; j++) {
        double *rest = p->rest + j * m, *at = p->at + j * m, *y = p->y + j * m;
        double fell = 0.0, rises = 0.0;
        find_lack(p, j, lack);
        for (size_t k = 0; k < m; k++) {
            fell -= rest[k] * (y[k] - at[k]);
            rises += lack[k] * (y[k] - at[k]);
        }
        if (rises * fell > 0.0 && fabs(rises) > much * fabs(fell) && p->part[j] > least) {
            p->part[j] *= 0.5;
            continue;
        }
        p->part[j] = fmin(1.0, 4.0 * p->part[j]);
        memcpy(rest, lack, m * sizeof *rest);
        memcpy(at, y, m * sizeof *at);
    }
}

enum { WHOLE = 8 }; /* rounds of whole steps, of which Newton's method takes about five */

/* It goes back and forth between the pieces of a cost whose slope bends sharply. */
static void go_on(eq_phases *p, following *f, int round) {
    size_t all = f->n * p->outputs;
    if (round >= WHOLE) {
        damp(p, f);
        return;
    }
    if (round == WHOLE - 1) {
        follow(f, p->y, p->way);
        for (size_t j = 0; j < f->n; j++) find_lack(p, j, p->rest + j * p->outputs);
    }
    memcpy(p->at, p->y, all * sizeof *p->at);
}

/* The phase where the nudge -beta dC/dy(y) holds at its own outputs: the cost is expanded to second
 * order around y0, then around the outputs found, until they stay. One round is exact when C is
 * quadratic, or when the phase is one of counted steps, each of which has its own nudge. */
static eq_status nudge_energy(eq_phases *p, eq_network *e, int slot, const eq_cost *cost,
                              double beta, size_t n, const double *y0, const eq_goal *goal,
                              double *y, eq_diag *diag) {
    enum { ROUNDS = 100 };
    size_t m = p->outputs, all = n * m;
    memcpy(p->at, y0, all * sizeof *y0);
    for (size_t j = 0; j < n; j++) p->part[j] = 1.0;
    double before = INFINITY;
    following f = {p, cost, goal, beta, n, slot};
    bool followed = false;
    eq_nudge nudge = {.current = p->current, .slope = p->slope, .at = p->at, .followed = &followed};
    if (!cost->kind->quadratic) nudge.follow = follow, nudge.data = &f;
    for (int round = 0; round < ROUNDS; round++) {
        expand(p, cost, beta, n, p->at, goal, true);
        drive(p, slot, n);
        for (size_t k = 0; round > WHOLE && k < all; k++)
            p->current[k] += (1.0 - p->part[k / m]) * p->rest[k];
        nudge.again = round > 0;
        nudge.stay = round > WHOLE;
        eq_status status = eq_network_nudged_phase(e, slot, &nudge, p->y, diag);
        if (status != EQ_OK) return status;
        double moved = 0.0, size = 0.0;
        for (size_t k = 0; k < all; k++) {
            moved = fmax(moved, fabs(p->y[k] - p->at[k]) / p->part[k / m]);
            size = fmax(size, fabs(p->y[k]));
        }
        /* The error after a round is of the order of the square of the move (Newton's method); outputs
         * may be known to 1e-5 alone. */
        if (cost->kind->quadratic || followed || moved <= 1e-9 * size ||
            (round > 0 && moved <= 2e-5 * size && moved >= before)) {
            if (y != NULL) memcpy(y, p->y, all * sizeof *y);
            return EQ_OK;
        }
        before = moved;
        go_on(p, &f, round);
    }
    return eq_fail(
        diag, EQ_ERR_CONVERGE,
        "the energy nudge at beta = %g did not settle in %d rounds (last move %g); use a "
        "smaller beta or nudging=\"current\"",
        beta, ROUNDS, before);
}

/* The conductance that `hold` begins with, S: any that moves the outputs visibly will do. */
static const double first_hold = 1e-6;

/* A conductance g from each output that is not free to at = y0 + eta (target - y0), and no other
 * current. */
static void attach(eq_phases *p, double eta, double g, size_t n, const double *y0) {
    size_t m = p->outputs;
    memset(p->slope, 0, n * m * m * sizeof *p->slope);
    for (size_t k = 0; k < n * m; k++) {
        bool driven = !isnan(p->way[k]);
        p->at[k] = driven ? y0[k] + eta * p->way[k] : y0[k];
        p->current[k] = 0.0;
        if (driven) p->slope[k / m * m * m + k % m * (m + 1)] = g;
    }
}

/* The largest |at - y|, and of which output; *size: of |at| and |y0|. */
static double farthest(const eq_phases *p, size_t n, const double *y0, size_t *which,
                       double *size) {
    double most = 0.0;
    *size = 0.0;
    for (size_t k = 0; k < n * p->outputs; k++) {
        double off = isnan(p->way[k]) ? 0.0 : fabs(p->at[k] - p->y[k]);
        *size = fmax(*size, fmax(fabs(p->at[k]), fabs(y0[k])));
        if (off <= most) continue;
        most = off;
        *which = k % p->outputs;
    }
    return most;
}

static eq_status cannot_hold(const eq_network *e, size_t k, double off, eq_diag *diag) {
    bool pair;
    const char *name = eq_network_output(e, k, &pair);
    if (eq_network_circuit(e) == NULL)
        return eq_fail(diag, EQ_ERR_CONVERGE,
                       "output %zu (%s) cannot be held where a clamp wants it, it stays %.3g away: "
                       "no state of the network reaches there; take a finite g-clamp",
                       k + 1, name, off);
    return eq_fail(diag, EQ_ERR_CONVERGE,
                   "output %zu (%s) cannot be held at its target, it stays %.3g V away: a source "
                   "or another output fixes it; give nudging=\"clamp\" a finite g-clamp, or "
                   "another output",
                   k + 1, name, off);
}

/* The largest conductance that an output shows: current over move, where g pulled it from y0; g
 * where none was more than `near` off, or moved: a source holds it, or a unit is at its bound. */
static double stiffest(const eq_phases *p, double g, double near, size_t n, const double *y0) {
    double most = g;
    for (size_t k = 0; k < n * p->outputs; k++) {
        double off = fabs(p->at[k] - p->y[k]), moved = fabs(p->y[k] - y0[k]);
        if (isnan(p->way[k])) continue;
        if (off > near && moved > 0.0 && g * off > most * moved) most = g * off / moved;
    }
    return most;
}

/* The part of the way before its end at which g times the drop is as uncertain: sqrt(eps). */
static const double nearly = 1.5e-8;

/* Whether all outputs stop nearer to their places than that. */
static bool is_as_held(const eq_phases *p, size_t n, const double *y0) {
    bool held = true;
    for (size_t k = 0; held && k < n * p->outputs; k++)
        held = isnan(p->way[k]) || fabs(p->at[k] - p->y[k]) <= nearly * fabs(p->at[k] - y0[k]);
    return held;
}

/* Whether the currents that hold them show conductances that are that small beside g. */
static bool shows_less(const eq_phases *p, double g, size_t n, const double *y0) {
    bool less = true;
    for (size_t k = 0; less && k < n * p->outputs; k++)
        less = isnan(p->way[k]) || fabs(p->current[k]) <= nearly * g * fabs(p->at[k] - y0[k]);
    return less;
}

/* What is to hold an output goes no further than its unit can. */
static void keep_within(eq_phases *p, const eq_network *e, size_t n) {
    eq_engine_info about = eq_network_about(e);
    for (size_t k = 0; about.least < about.most && k < n * p->outputs; k++)
        if (!isnan(p->way[k])) p->at[k] = fmin(fmax(p->at[k], about.least), about.most);
}

/* Outputs held at y0 + eta (target - y0): the multiplier method (Hestenes 1969), in which the current that a large
 * conductance g had to carry is driven as a constant one in the next round, so that what an output
 * is still off shrinks by the conductance it shows over g each time. Much larger than that g must
 * not be, or the KCL at the output drowns in its round-off. */
static eq_status hold(eq_phases *p, eq_network *e, int slot, double eta, size_t n, const double *y0,
                      eq_diag *diag) {
    static const double times = 1e3, most = 1e12; /* S */
    size_t m = p->outputs, which = 0;
    double g = first_hold, before = INFINITY, size = 0.0;
    eq_nudge nudge = {.current = p->current, .slope = p->slope, .at = p->at};
    attach(p, eta, g, n, y0);
    keep_within(p, e, n);
    for (int round = 0;; round++) {
        eq_status status = eq_network_nudged_phase(e, slot, &nudge, p->y, diag);
        if (status != EQ_OK) return status;
        double off = farthest(p, n, y0, &which, &size);
        if (off <= 1e-15 * size || (off <= 1e-9 * size && off > 0.1 * before)) return EQ_OK;
        for (size_t k = 0; k < n * m; k++)
            if (!isnan(p->way[k])) p->current[k] += g * (p->at[k] - p->y[k]);
        bool slow = round > 0 && off > 0.1 * before;
        double next = round == 0 ? times * stiffest(p, g, 1e-12 * size, n, y0)
                      : slow     ? times * g
                                 : g;
        if (next > most) return cannot_hold(e, which, off, diag);
        for (size_t k = 0; k < n * m * m; k++) p->slope[k] *= next / g;
        g = next;
        before = off;
    }
}

/* A finite conductance g from each output, whose network shows a conductance G there: the outputs stop G/g before their
 * places, and the round-off of g times the drop is eps g/G of the currents. Where the first is less than the second
 * they are held instead, which is the same state. */
static eq_status pull(eq_phases *p, eq_network *e, int slot, double eta, double g, size_t n,
                      const double *y0, eq_diag *diag) {
    eq_nudge nudge = {.current = p->current, .slope = p->slope, .at = p->at};
    attach(p, eta, g, n, y0);
    eq_status status = eq_network_nudged_phase(e, slot, &nudge, p->y, NULL);
    if (status == EQ_OK && !is_as_held(p, n, y0)) return EQ_OK;
    if (hold(p, e, slot, eta, n, y0, NULL) == EQ_OK && shows_less(p, g, n, y0)) return EQ_OK;
    attach(p, eta, g, n, y0);
    return eq_network_nudged_phase(e, slot, &nudge, p->y, diag);
}

/* Both nodes of an output half of the way each, a single node all of it. */
static void move_nodes(eq_phases *p, const eq_network *e, double eta, size_t n) {
    for (size_t k = 0; k < n * p->outputs; k++) {
        bool pair;
        eq_network_output(e, k % p->outputs, &pair);
        p->move[2 * k] = (pair ? 0.5 : 1.0) * eta * p->way[k];
        p->move[2 * k + 1] = pair ? -p->move[2 * k] : NAN;
    }
}

static eq_status nudge_clamp(eq_phases *p, eq_network *e, int slot, const eq_cost *cost,
                             const eq_estimator *est, double eta, size_t n, const double *y0,
                             const eq_goal *goal, double *y, eq_diag *diag) {
    size_t m = p->outputs;
    bool held = isinf(est->clamp);
    for (size_t j = 0; j < n; j++) eq_cost_way(cost, m, y0 + j * m, goal[j], p->way + j * m);
    eq_status status;
    if (est->nodes) {
        attach(p, eta, held ? first_hold : est->clamp, n, y0);
        move_nodes(p, e, eta, n);
        status = eq_network_clamped_phase(e, slot, p->move, est->clamp, p->y, diag);
    } else {
        status = held ? hold(p, e, slot, eta, n, y0, diag)
                      : pull(p, e, slot, eta, est->clamp, n, y0, diag);
    }
    if (status == EQ_OK && y != NULL) memcpy(y, p->y, n * m * sizeof *y);
    return status;
}

eq_status eq_phases_nudge(eq_phases *p, eq_network *e, int slot, const eq_cost *cost,
                          const eq_estimator *est, double strength, size_t n, const double *y0,
                          const eq_goal *goal, double *y, eq_diag *diag) {
    eq_status status = eq_network_rule(e, est->rule, diag);
    if (status != EQ_OK) return status;
    p->sloped = est->nudging != EQ_NUDGE_CURRENT;
    if (est->nudging == EQ_NUDGE_ENERGY)
        return nudge_energy(p, e, slot, cost, strength, n, y0, goal, y, diag);
    if (est->nudging == EQ_NUDGE_CLAMP)
        return nudge_clamp(p, e, slot, cost, est, strength, n, y0, goal, y, diag);
    expand(p, cost, strength, n, y0, goal, false);
    drive(p, slot, n);
    eq_nudge nudge = {.current = p->current};
    return eq_network_nudged_phase(e, slot, &nudge, y, diag);
}

void eq_phases_driven(const eq_phases *p, const double *y, double *current) {
    size_t m = p->outputs;
    for (size_t k = 0; k < m; k++) {
        current[k] = p->current[k];
        for (size_t l = 0; p->sloped && l < m; l++)
            current[k] -= p->slope[k * m + l] * (y[l] - p->at[l]);
    }
}

double eq_estimator_strength(const eq_estimator *est) {
    if (est->nudging != EQ_NUDGE_CLAMP) return est->beta;
    return est->by_delta ? est->delta : est->eta;
}

void eq_estimate_weights(const eq_estimator *est, double sign, size_t n, double a[EQ_MAX_SLOTS],
                         double *strength) {
    const eq_estimator_kind *kind = est->kind;
    *strength = eq_estimator_strength(est) * (kind->random_sign ? sign : 1.0);
    /* (drop)^2 itself, as the rule is known, not over the strength of the nudge */
    double by = kind->phases == 0 || est->rule == EQ_RULE_DELTA_V2 ? 1.0 : *strength;
    for (int s = 0; s < EQ_MAX_SLOTS; s++) a[s] = kind->a[s] / (by * (double)n);
}

/* The gradient without phases, from dC/dy in the current. */
static eq_status exact_phase(const eq_estimator *est, eq_network *e, size_t n,
                             const double *current, eq_diag *diag) {
    if (est->kind->iterates)
        return eq_dynamics_backpropagate(e, n, current, est->tolerance, est->steps, diag);
    return est->kind->unrolled ? eq_network_unrolled_phase(e, current, diag)
                               : eq_network_adjoint_phase(e, current, diag);
}

void eq_estimate_contrast(const eq_estimator *est, double sign, size_t n, eq_contrast *c) {
    double a[EQ_MAX_SLOTS], beta;
    eq_estimate_weights(est, sign, n, a, &beta);
    c->processes = 0;
    for (int s = 0; s <= est->kind->phases; s++) {
        if (a[s] == 0.0) continue;
        c->beta[c->processes] = est->kind->at[s] * beta;
        c->weight[c->processes++] = a[s];
    }
}

/* The phases as processes at a temperature, whose contrast is collected and takes the place of a (6.24). */
static eq_status sample(const eq_estimator *est, const eq_phases *p, eq_network *e,
                        const eq_cost *cost, double sign, size_t n, const eq_goal *goal,
                        double a[EQ_MAX_SLOTS], eq_diag *diag) {
    eq_contrast c;
    eq_estimate_contrast(est, sign, n, &c);
    memset(a, 0, EQ_MAX_SLOTS * sizeof *a);
    return eq_langevin_collect(e, n, cost, goal, &est->sampling, &c, p->key, diag);
}

eq_status eq_estimate(const eq_estimator *est, eq_phases *p, eq_network *e, const eq_cost *cost,
                      double sign, size_t n, const double *y0, const eq_goal *goal,
                      double a[EQ_MAX_SLOTS], eq_diag *diag) {
    const eq_estimator_kind *kind = est->kind;
    double beta;
    eq_status status = EQ_OK;
    if (eq_estimator_samples(est)) return sample(est, p, e, cost, sign, n, goal, a, diag);
    eq_estimate_weights(est, sign, n, a, &beta);
    for (int s = 1; status == EQ_OK && s <= kind->phases; s++)
        status = eq_phases_nudge(p, e, s, cost, est, kind->at[s] * beta, n, y0, goal, NULL, diag);
    if (kind->phases == 0) {
        expand(p, cost, -1.0, n, y0, goal, false);
        status = exact_phase(est, e, n, p->current, diag);
    }
    return status;
}
