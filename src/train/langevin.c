#include "train/langevin.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"

void eq_langevin_close(eq_langevin *l) {
    eq_free(l->spread);
    eq_free(l->f);
    eq_free(l->y);
    eq_free(l->current);
    *l = (eq_langevin){.step = NAN};
}

static eq_status make_room(eq_langevin *l, eq_diag *diag) {
    size_t outputs = l->d.n * l->outputs;
    l->all = l->d.n * l->d.units;
    l->spread = eq_calloc(l->all, sizeof *l->spread);
    l->f = eq_calloc(l->all, 3 * sizeof *l->f);
    l->y = eq_calloc(outputs, sizeof *l->y);
    l->current = eq_calloc(outputs, sizeof *l->current);
    bool whole = l->spread != NULL && l->f != NULL && l->y != NULL && l->current != NULL;
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

static eq_status too_long(const eq_langevin *l, double fastest, eq_diag *diag) {
    return eq_fail(diag, EQ_ERR_CHECK,
                   "steps of %g are too long: Euler's method grows above %g, two over the fastest "
                   "rate; give a --step of %.2g, or leave it out",
                   l->step, 2.0 / fastest, 0.02 / fastest);
}

/* With d = M^-1 l for l = 1, a step's noise has the variance 2 T h / M. */
static void set_spread(eq_langevin *l) {
    double *one = l->f, *inverse = one + l->all, *spare = inverse + l->all;
    for (size_t k = 0; k < l->all; k++) one[k] = 1.0;
    l->d.ops->propagate(l->d.self, one, inverse, spare);
    for (size_t k = 0; k < l->all; k++)
        l->spread[k] = sqrt(2.0 * l->temperature * l->step * inverse[k]);
}

eq_status eq_langevin_open(eq_langevin *l, const eq_session *s, size_t n,
                           const eq_langevin_options *o, uint64_t key, eq_diag *diag) {
    *l = (eq_langevin){.cost = &s->x->cost,
                       .goal = s->goal,
                       .temperature = o->temperature,
                       .step = o->step,
                       .key = key,
                       .outputs = s->outputs};
    eq_status status = eq_dynamics_open(s->model, n, o->farad, &l->d, diag);
    if (status == EQ_OK && l->d.ops->drift == NULL)
        status = eq_fail(diag, EQ_ERR_USAGE,
                         "a discrete-time network has steps and no time in which noise could add "
                         "up; take a circuit or <network kind=\"hopfield\">");
    if (status == EQ_OK) status = make_room(l, diag);
    if (status != EQ_OK) return status;
    l->fastest = eq_dynamics_fastest(&l->d, l->f);
    if (isnan(l->step)) l->step = l->fastest > 0.0 ? 0.02 / l->fastest : 0.02;
    if (l->step * l->fastest >= 2.0) return too_long(l, l->fastest, diag);
    set_spread(l);
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

/* Back from the bounds, as often as it takes. */
static double reflect(double s, double low, double high) {
    double width = high - low, at = fmod(fabs(s - low), 2.0 * width);
    return low + (at > width ? 2.0 * width - at : at);
}

eq_status eq_langevin_step(eq_langevin *l, double beta, uint64_t t, double *s, eq_diag *diag) {
    const eq_dynamics_ops *ops = l->d.ops;
    if (!drift(l, beta, s, l->f))
        return eq_fail(diag, EQ_ERR_CONVERGE,
                       "the process runs away with steps of %g: where it goes something conducts "
                       "far more than in the free state; give a smaller --step, below %.2g",
                       l->step, 0.1 * l->step);
    for (size_t j = 0; j < l->d.n; j++) {
        eq_draw draw = eq_draw_of(eq_draw_of(l->key, j).at, t);
        for (size_t k = j * l->d.units; k < (j + 1) * l->d.units; k++) {
            s[k] += l->step * l->f[k] + l->spread[k] * eq_draw_normal(&draw);
            if (ops->high > ops->low) s[k] = reflect(s[k], ops->low, ops->high);
        }
    }
    return EQ_OK;
}

/* The fastest rate at s by power iteration on differences of the drift. */
eq_status eq_langevin_look(eq_langevin *l, double beta, const double *s, eq_diag *diag) {
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
        for (size_t k = 0; k < l->all; k++) at[k] = s[k] + apart * v[k];
        finite = drift(l, beta, at, other);
        for (size_t k = 0; k < l->all; k++) at[k] = s[k] - apart * v[k];
        finite = drift(l, beta, at, l->f) && finite;
        for (size_t k = 0; k < l->all; k++) v[k] = (other[k] - l->f[k]) / (2.0 * apart);
    }
    eq_free(other);
    if (finite && l->step * rate < 2.0) return EQ_OK;
    return too_long(l, rate, diag);
}

/* One step of all processes, of the same noise. */
static eq_status step_all(eq_langevin *l, const double *beta, size_t sides, uint64_t t, double *s,
                          eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sides; k++)
        status = eq_langevin_step(l, beta[k], t, s + k * l->all, diag);
    return status;
}

/* Adds (dE/dtheta(nudged) - dE/dtheta(other))/difference of beta, over n, to the mean. */
static eq_status add_contrast(eq_langevin *l, double difference, size_t parameters, double *s,
                              double by, double *one, double *gradient, eq_diag *diag) {
    double a[EQ_MAX_SLOTS] = {0};
    a[1] = 1.0 / (difference * (double)l->d.n);
    a[2] = -a[1];
    eq_status status = eq_dynamics_put(&l->d, 1, s, diag);
    if (status == EQ_OK) status = eq_dynamics_put(&l->d, 2, s + l->all, diag);
    if (status == EQ_OK) status = eq_network_gradient(l->d.model, a, one, diag);
    for (size_t p = 0; status == EQ_OK && p < parameters; p++) gradient[p] += by * one[p];
    return status;
}

eq_status eq_langevin_gradient(eq_session *s, size_t n, const eq_langevin_options *o,
                               bool symmetric, uint64_t key, double *gradient, eq_diag *diag) {
    size_t p = eq_network_parameters(s->model), burn = o->steps / 10;
    size_t every = (o->steps + o->records - 1) / o->records, records = o->steps / every;
    double beta[2] = {o->beta, symmetric ? -o->beta : 0.0};
    eq_langevin l;
    eq_status status = eq_langevin_open(&l, s, n, o, key, diag);
    double *state = eq_calloc(l.all, 2 * sizeof *state), *one = eq_calloc(p, sizeof *one);
    if (status == EQ_OK && (state == NULL || one == NULL)) status = eq_out_of_memory(diag);
    memset(gradient, 0, p * sizeof *gradient);
    for (int k = 0; status == EQ_OK && k < 2; k++)
        l.d.ops->get(l.d.self, state + (size_t)k * l.all);
    for (size_t t = 1; status == EQ_OK && t <= burn + o->steps; t++) {
        status = step_all(&l, beta, 2, t, state, diag);
        if (status == EQ_OK && t > burn && (t - burn) % every == 0)
            status = add_contrast(&l, beta[0] - beta[1], p, state, 1.0 / (double)records, one,
                                  gradient, diag);
    }
    eq_free(state);
    eq_free(one);
    eq_langevin_close(&l);
    return status;
}
