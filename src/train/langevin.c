#include "train/langevin.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"

eq_sampling eq_sampling_defaults(void) {
    return (eq_sampling){.step = NAN, .farad = NAN, .burn = 500, .samples = 100, .thinning = 20};
}

void eq_langevin_close(eq_langevin *l) {
    eq_free(l->mass);
    eq_free(l->spread);
    eq_free(l->noise);
    eq_free(l->stray);
    eq_free(l->f);
    eq_free(l->y);
    eq_free(l->current);
    *l = (eq_langevin){.step = NAN};
}

static eq_status make_room(eq_langevin *l, eq_diag *diag) {
    size_t outputs = l->d.n * l->outputs;
    l->all = l->d.n * l->d.units;
    l->mass = eq_calloc(l->all, sizeof *l->mass);
    l->spread = eq_calloc(l->all, sizeof *l->spread);
    l->noise = eq_calloc(l->all, sizeof *l->noise);
    l->stray = eq_calloc(l->all, sizeof *l->stray);
    l->f = eq_calloc(l->all, 3 * sizeof *l->f);
    l->y = eq_calloc(outputs, sizeof *l->y);
    l->current = eq_calloc(outputs, sizeof *l->current);
    bool whole = l->mass != NULL && l->spread != NULL && l->noise != NULL && l->stray != NULL &&
                 l->f != NULL && l->y != NULL && l->current != NULL;
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

/* rate: the fastest that is known. */
static eq_status too_long(eq_langevin *l, double rate, const char *where, eq_diag *diag) {
    l->grows = true;
    return eq_fail(diag, EQ_ERR_CHECK,
                   "steps of %g are too long%s: Euler's method grows above %g, two over the "
                   "fastest rate; give a step of %.2g",
                   l->step, where, 2.0 / rate, fmin(0.1 * l->step, 0.02 / rate));
}

/* d = M^-1 l for l = 1 is one over the masses, and stays in the spread. */
static void find_mass(eq_langevin *l) {
    double *one = l->f, *spare = one + l->all;
    for (size_t k = 0; k < l->all; k++) one[k] = 1.0;
    l->d.ops->propagate(l->d.self, one, l->spread, spare);
    for (size_t k = 0; k < l->all; k++) l->mass[k] = 1.0 / l->spread[k];
}

/* Steps whose noise, of the variance 2 T h / M, seldom meets both bounds of a unit of this mass: the deviation is
 * a quarter of what lies between. */
static double longest_within(double range, double temperature, double mass) {
    static const double part = 0.25;
    return range > 0.0 ? part * range * part * range * mass / (2.0 * temperature) : INFINITY;
}

/* A fiftieth of one over the fastest rate, or less where units have bounds. */
static double usual_step(const eq_langevin *l) {
    double step = l->fastest > 0.0 ? 0.02 / l->fastest : 0.02;
    for (size_t k = 0; k < l->all; k++)
        step =
            fmin(step, longest_within(l->d.ops->high - l->d.ops->low, l->temperature, l->mass[k]));
    return step;
}

void eq_langevin_warn_of_step(const eq_network *model, const eq_sampling *o, eq_diag *diag) {
    eq_engine_info about = eq_network_about(model);
    double longest = longest_within(about.most - about.least, o->temperature, 1.0);
    if (!(o->step > longest)) return;
    eq_warn_at(
        diag, (eq_place){0},
        "steps of %g are long for units between %g and %g at a temperature of %g: their noise "
        "meets both bounds at once, and the density is not exp(-E/T); leave step out, or give "
        "one of at most %.2g",
        o->step, about.least, about.most, o->temperature, longest);
}

eq_status eq_langevin_open(eq_langevin *l, eq_network *model, size_t n, const eq_cost *cost,
                           const eq_goal *goal, const eq_sampling *o, uint64_t key, eq_diag *diag) {
    *l = (eq_langevin){.cost = cost,
                       .goal = goal,
                       .temperature = o->temperature,
                       .step = o->step,
                       .key = key,
                       .outputs = eq_network_outputs(model)};
    eq_status status = eq_dynamics_open(model, n, o->farad, &l->d, diag);
    if (status == EQ_OK && l->d.ops->drift == NULL)
        status = eq_fail(diag, EQ_ERR_USAGE,
                         "a discrete-time network has steps and no time in which noise could add "
                         "up; take a circuit or <network kind=\"hopfield\">");
    if (status == EQ_OK) status = make_room(l, diag);
    if (status != EQ_OK) return status;
    l->fastest = eq_dynamics_fastest(&l->d, l->f);
    find_mass(l);
    if (isnan(l->step)) l->step = usual_step(l);
    if (l->step * l->fastest >= 2.0) return too_long(l, l->fastest, "", diag);
    for (size_t k = 0; k < l->all; k++)
        l->spread[k] = sqrt(2.0 * l->temperature * l->step * l->spread[k]);
    return EQ_OK;
}

/* f at s, where the nudge -beta dC/dy follows the outputs. */
static bool drift(eq_langevin *l, double beta, const double *s, double *f) {
    size_t m = l->outputs, n = l->d.n;
    memset(l->current, 0, n * m * sizeof *l->current);
    if (beta != 0.0) {
        l->d.ops->outputs(l->d.self, s, l->y);
        for (size_t j = 0; j < n; j++)
            eq_cost_gradient(l->cost, m, l->y + j * m, l->goal[j], l->current + j * m);
        for (size_t k = 0; k < n * m; k++) l->current[k] *= -beta;
    }
    return l->d.ops->drift(l->d.self, l->current, s, f);
}

/* Where a step from s to `to` ends between bounds: the nearer one pushes it back by as much as its way has been beyond
 * there. The least on a Brownian way of the deviation sigma between two ends is (s + to - sqrt((s - to)^2 - 2
 * sigma^2 ln U))/2, U being uniform: `stray` is -2 sigma^2 ln U. Without noise a unit at its bound rests. */
static double push(double s, double to, double stray, double low, double high) {
    double far = sqrt((to - s) * (to - s) + stray);
    if (s + to < low + high)
        to += fmax(0.0, low - 0.5 * (s + to - far));
    else
        to -= fmax(0.0, 0.5 * (s + to + far) - high);
    return fmin(fmax(to, low), high);
}

void eq_langevin_draw(eq_langevin *l, uint64_t t) {
    bool bounded = l->d.ops->high > l->d.ops->low;
    for (size_t j = 0; j < l->d.n; j++) {
        eq_draw draw = eq_draw_of(eq_draw_of(l->key, j).at, t);
        for (size_t k = j * l->d.units; k < (j + 1) * l->d.units; k++)
            l->noise[k] = l->spread[k] * eq_draw_normal(&draw);
        for (size_t k = j * l->d.units; bounded && k < (j + 1) * l->d.units; k++)
            l->stray[k] = -2.0 * l->spread[k] * l->spread[k] * log(1.0 - eq_draw_uniform(&draw));
    }
}

eq_status eq_langevin_begin(const eq_langevin *l, double beta, eq_langevin_process *out,
                            eq_diag *diag) {
    *out = (eq_langevin_process){.beta = beta, .s = eq_calloc(l->all, 3 * sizeof *out->s)};
    if (out->s == NULL) return eq_out_of_memory(diag);
    out->stood = out->s + l->all;
    out->drifting = out->stood + l->all;
    l->d.ops->get(l->d.self, out->s);
    return EQ_OK;
}

void eq_langevin_end(eq_langevin_process *p) {
    eq_free(p->s);
    *p = (eq_langevin_process){.s = NULL};
}

static const char *const away = " where the process goes";

/* The largest mean rate d H d / d M d of an example along its step d = s - stood, whose drift is f now. */
static double rate_along(const eq_langevin *l, const eq_langevin_process *p, const double *f) {
    double most = 0.0;
    for (size_t j = 0; j < l->d.n; j++) {
        double bent = 0.0, size = 0.0;
        for (size_t k = j * l->d.units; k < (j + 1) * l->d.units; k++) {
            double by = p->s[k] - p->stood[k];
            bent += l->mass[k] * by * (p->drifting[k] - f[k]);
            size += l->mass[k] * by * by;
        }
        if (size > 0.0) most = fmax(most, isfinite(bent) ? bent / size : INFINITY);
    }
    return most;
}

eq_status eq_langevin_step(eq_langevin *l, eq_langevin_process *p, eq_diag *diag) {
    const eq_dynamics_ops *ops = l->d.ops;
    double *s = p->s;
    bool bounded = ops->high > ops->low;
    if (!drift(l, p->beta, s, l->f)) return too_long(l, INFINITY, away, diag);
    double rate = p->moves ? rate_along(l, p, l->f) : 0.0;
    if (!(l->step * rate < 2.0)) return too_long(l, rate, away, diag);
    memcpy(p->stood, s, l->all * sizeof *s);
    memcpy(p->drifting, l->f, l->all * sizeof *s);
    p->moves = true;
    for (size_t k = 0; k < l->all; k++) {
        double to = s[k] + l->step * l->f[k] + l->noise[k];
        s[k] = bounded ? push(s[k], to, l->stray[k], ops->low, ops->high) : to;
    }
    return EQ_OK;
}

/* The fastest rate at s by power iteration on differences of the drift. */
eq_status eq_langevin_look(eq_langevin *l, const eq_langevin_process *p, eq_diag *diag) {
    enum { ROUNDS = 30 };
    static const double apart = 1e-6;
    double *v = l->f + 2 * l->all, *at = l->f + l->all, rate = 0.0;
    double *other = eq_calloc(l->all, sizeof *other);
    if (other == NULL) return eq_out_of_memory(diag);
    bool finite = true;
    for (size_t k = 0; k < l->all; k++) v[k] = 1.0 + 0.5 * sin((double)k);
    for (int round = 0; finite && round < ROUNDS; round++) {
        double size = 0.0;
        for (size_t k = 0; k < l->all; k++) size = hypot(size, v[k]);
        if (round > 0) rate = size;
        if (!(size > 0.0)) break;
        for (size_t k = 0; k < l->all; k++) v[k] /= size;
        for (size_t k = 0; k < l->all; k++) at[k] = p->s[k] + apart * v[k];
        finite = drift(l, p->beta, at, other);
        for (size_t k = 0; k < l->all; k++) at[k] = p->s[k] - apart * v[k];
        finite = drift(l, p->beta, at, l->f) && finite;
        for (size_t k = 0; k < l->all; k++) v[k] = (other[k] - l->f[k]) / (2.0 * apart);
    }
    eq_free(other);
    if (finite && l->step * rate < 2.0) return EQ_OK;
    return too_long(l, finite ? rate : INFINITY, away, diag);
}

/* One step of all processes, of the same noise. */
static eq_status step_all(eq_langevin *l, size_t processes, uint64_t t, eq_langevin_process *p,
                          eq_diag *diag) {
    eq_status status = EQ_OK;
    eq_langevin_draw(l, t);
    for (size_t k = 0; status == EQ_OK && k < processes; k++)
        status = eq_langevin_step(l, &p[k], diag);
    return status;
}

/* One sample: the processes into slots of their own, whose dE/dtheta count by a. */
static eq_status collect(eq_langevin *l, size_t processes, const double a[EQ_MAX_SLOTS],
                         const eq_langevin_process *p, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < processes; k++)
        status = eq_dynamics_put(&l->d, (int)k + 1, p[k].s, diag);
    return status == EQ_OK ? eq_network_collect(l->d.model, a, diag) : status;
}

/* The processes from the free state on. */
static eq_status follow(eq_langevin *l, const eq_sampling *o, const eq_contrast *c,
                        eq_langevin_process *p, eq_diag *diag) {
    double a[EQ_MAX_SLOTS] = {0};
    eq_status status = EQ_OK;
    for (size_t k = 0; k < c->processes; k++) a[k + 1] = c->weight[k] / (double)o->samples;
    size_t steps = o->burn + o->samples * o->thinning;
    for (size_t t = 1; status == EQ_OK && t <= steps; t++) {
        status = step_all(l, c->processes, t, p, diag);
        if (status == EQ_OK && t > o->burn && (t - o->burn) % o->thinning == 0)
            status = collect(l, c->processes, a, p, diag);
    }
    for (size_t k = 0; status == EQ_OK && k < c->processes; k++)
        status = eq_langevin_look(l, &p[k], diag);
    return status;
}

eq_status eq_langevin_collect(eq_network *model, size_t n, const eq_cost *cost, const eq_goal *goal,
                              const eq_sampling *o, const eq_contrast *c, uint64_t key,
                              eq_diag *diag) {
    eq_langevin l;
    eq_langevin_process p[EQ_ADJOINT] = {{.s = NULL}};
    eq_status status = eq_langevin_open(&l, model, n, cost, goal, o, key, diag);
    for (size_t k = 0; status == EQ_OK && k < c->processes; k++)
        status = eq_langevin_begin(&l, c->beta[k], &p[k], diag);
    if (status == EQ_OK) status = follow(&l, o, c, p, diag);
    for (size_t k = 0; k < c->processes; k++) eq_langevin_end(&p[k]);
    eq_langevin_close(&l);
    return status;
}
