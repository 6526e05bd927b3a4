#include "train/meta/descent.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/linear/blas.h"

enum { MEMORY = 20 };

struct eq_descent {
    size_t n, pairs, newest;   /* pairs that are kept, in a ring */
    double *g, *way, *to, *at; /* [n] gradient, direction, the next iterate, its gradient */
    double *step, *turn;       /* [MEMORY][n] changes of z and of the gradient */
    double weight[MEMORY];     /* 1/(step . turn) */
    const double *low, *high;  /* [n] */
    eq_descent_slope slope;
    size_t left; /* gradients */
    eq_diag *diag;
};

void eq_descent_free(eq_descent *d) {
    if (d == NULL) return;
    double *const all[] = {d->g, d->way, d->to, d->at, d->step, d->turn};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
    eq_free(d);
}

eq_descent *eq_descent_new(size_t n) {
    eq_descent *d = eq_calloc(1, sizeof *d);
    if (d == NULL) return NULL;
    d->n = n;
    d->g = eq_calloc(n, sizeof *d->g);
    d->way = eq_calloc(n, sizeof *d->way);
    d->to = eq_calloc(n, sizeof *d->to);
    d->at = eq_calloc(n, sizeof *d->at);
    d->step = eq_calloc(n, MEMORY * sizeof *d->step);
    d->turn = eq_calloc(n, MEMORY * sizeof *d->turn);
    if (d->g != NULL && d->way != NULL && d->to != NULL && d->at != NULL && d->step != NULL &&
        d->turn != NULL)
        return d;
    eq_descent_free(d);
    return NULL;
}

/* Whether z_k stands at a bound and goes down beyond it. */
static bool held(const eq_descent *d, const double *z, size_t k) {
    return (z[k] <= d->low[k] && d->g[k] > 0.0) || (z[k] >= d->high[k] && d->g[k] < 0.0);
}

static double norm_of(const eq_descent *d, const double *z) {
    double sum = 0.0;
    for (size_t k = 0; k < d->n; k++)
        if (!held(d, z, k)) sum += d->g[k] * d->g[k];
    return sqrt(sum);
}

/* No z moves by more than half of its unit: far away the function is another one. */
static void shorten(size_t n, double *way) {
    double most = 0.0;
    for (size_t k = 0; k < n; k++) most = fmax(most, fabs(way[k]));
    for (size_t k = 0; most > 0.5 && k < n; k++) way[k] *= 0.5 / most;
}

/* way = -H g over what is not held, H by the two loops over the pairs; along -g where that does not go down. */
static void choose_way(eq_descent *d, const double *z, double curvature) {
    size_t n = d->n;
    double by[MEMORY];
    for (size_t k = 0; k < n; k++) d->way[k] = held(d, z, k) ? 0.0 : -d->g[k];
    for (size_t j = 0; j < d->pairs; j++) {
        size_t at = (d->newest + MEMORY - j) % MEMORY;
        by[at] = d->weight[at] * eq_dot(n, d->step + at * n, d->way);
        for (size_t k = 0; k < n; k++) d->way[k] -= by[at] * d->turn[at * n + k];
    }
    const double *last = d->turn + d->newest * n;
    double first =
        d->pairs > 0 ? 1.0 / (d->weight[d->newest] * eq_dot(n, last, last)) : 1.0 / curvature;
    for (size_t k = 0; k < n; k++) d->way[k] *= first;
    for (size_t j = d->pairs; j-- > 0;) {
        size_t at = (d->newest + MEMORY - j) % MEMORY;
        double more = by[at] - d->weight[at] * eq_dot(n, d->turn + at * n, d->way);
        for (size_t k = 0; k < n; k++) d->way[k] += more * d->step[at * n + k];
    }
    for (size_t k = 0; k < n; k++)
        if (held(d, z, k)) d->way[k] = 0.0;
    if (!(eq_dot(n, d->way, d->g) < 0.0)) {
        d->pairs = 0;
        for (size_t k = 0; k < n; k++) d->way[k] = held(d, z, k) ? 0.0 : -d->g[k] / curvature;
    }
    shorten(n, d->way);
}

/* The gradient t of the way on, in d->at; *slope: along what is left of the way there, infinite where there is none. */
static eq_status try_step(eq_descent *d, const double *z, double t, double *slope) {
    for (size_t k = 0; k < d->n; k++)
        d->to[k] = fmin(fmax(z[k] + t * d->way[k], d->low[k]), d->high[k]);
    d->left--;
    eq_status status = d->slope.at(d->slope.data, d->to, d->at, NULL);
    if (status == EQ_ERR_MEMORY) return eq_out_of_memory(d->diag);
    double sum = 0.0;
    for (size_t k = 0; k < d->n; k++)
        if (d->to[k] > d->low[k] && d->to[k] < d->high[k]) sum += d->way[k] * d->at[k];
    *slope = status == EQ_OK && isfinite(sum) ? sum : INFINITY;
    return EQ_OK;
}

/* A step behind which the slope has not turned by more than half of what it was, nor is left almost whole. */
static eq_status search(eq_descent *d, const double *z, bool *found) {
    enum { TRIES = 12 };
    double before = eq_dot(d->n, d->way, d->g), t = 1.0, slope = INFINITY, most = INFINITY;
    eq_status status = EQ_OK;
    *found = false;
    for (int k = 0; status == EQ_OK && d->left > 0 && k < TRIES; k++) {
        status = try_step(d, z, t, &slope);
        bool over = slope > -0.5 * before, under = slope < 0.9 * before;
        *found = status == EQ_OK && !over;
        if (status != EQ_OK || (!over && (!under || 2.0 * t >= most))) break;
        if (over) most = t;
        double zero = isfinite(slope) ? before / (before - slope) : 0.1;
        t *= over ? fmin(fmax(zero, 0.1), 0.7) : 2.0;
        if (over) *found = false;
    }
    return status;
}

/* The pair of the step taken, unless the function curves down along it. */
static void remember(eq_descent *d, const double *z) {
    size_t n = d->n, at = d->pairs == 0 ? 0 : (d->newest + 1) % MEMORY;
    double *step = d->step + at * n, *turn = d->turn + at * n;
    for (size_t k = 0; k < n; k++) {
        step[k] = d->to[k] - z[k];
        turn[k] = d->at[k] - d->g[k];
    }
    double along = eq_dot(n, step, turn),
           size = sqrt(eq_dot(n, step, step) * eq_dot(n, turn, turn));
    if (!(along > 1e-10 * size)) return;
    d->weight[at] = 1.0 / along;
    d->newest = at;
    if (d->pairs < MEMORY) d->pairs++;
}

eq_status eq_descend(eq_descent *d, eq_descent_slope slope, double curvature, const double *low,
                     const double *high, double tolerance, size_t steps, double *z, double *norm,
                     size_t *taken, eq_diag *diag) {
    bool found = true;
    d->pairs = d->newest = 0;
    d->slope = slope;
    d->low = low;
    d->high = high;
    d->diag = diag;
    d->left = steps > 0 ? steps - 1 : 0;
    eq_status status = slope.at(slope.data, z, d->g, diag);
    *norm = status == EQ_OK ? norm_of(d, z) : INFINITY;
    while (status == EQ_OK && *norm > tolerance && d->left > 0) {
        bool plain = d->pairs == 0;
        choose_way(d, z, curvature);
        status = search(d, z, &found);
        if (status != EQ_OK || (!found && (plain || d->left == 0))) break;
        if (found) {
            remember(d, z);
            memcpy(z, d->to, d->n * sizeof *z);
            memcpy(d->g, d->at, d->n * sizeof *z);
            *norm = norm_of(d, z);
        } else {
            d->pairs = 0; /* once more along the gradient */
        }
    }
    *taken = steps - d->left;
    return status;
}
