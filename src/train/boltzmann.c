#include "train/boltzmann.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

static const size_t cells_of[EQ_BOLTZMANN_UNITS + 1] = {0, 1000, 128};
/* A cell is left out where the chance of its unit to be there is below. */
static const double nothing = 1e-12;
/* A density that has more than this in one cell is too narrow for the midpoint rule: of exp(-s/l) in cells of h that
 * leaves (h/l)^2/24 open. */
static const double most_of_cell = 0.5;

void eq_boltzmann_close(eq_boltzmann *b) {
    eq_free(b->e);
    *b = (eq_boltzmann){.e = NULL};
}

/* The state in the middle of cell number `at` of the grid. */
static void place(const eq_boltzmann *b, size_t at, double *s) {
    for (size_t u = b->l->d.units; u-- > 0; at /= b->cells)
        s[u] = b->low[u] + ((double)(at % b->cells) + 0.5) * b->width[u];
}

/* E and C there. */
static eq_status measure(eq_boltzmann *b, eq_diag *diag) {
    eq_langevin *l = b->l;
    double s[EQ_BOLTZMANN_UNITS], size;
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < b->points; k++) {
        place(b, k, s);
        status = eq_dynamics_put(&l->d, 1, s, diag);
        if (status == EQ_OK)
            status = eq_network_energies(l->d.model, 1, 1, b->x, &b->e[k], &size, diag);
        l->d.ops->outputs(l->d.self, s, l->y);
        b->c[k] = eq_cost_value(l->cost, l->outputs, l->y, l->goal[0]);
    }
    return status;
}

/* p[points], which adds up to 1: exp(-(E + beta C)/T), over its largest. */
static void find_density(eq_boltzmann *b, double beta) {
    double least = INFINITY, sum = 0.0;
    for (size_t k = 0; k < b->points; k++) least = fmin(least, b->e[k] + beta * b->c[k]);
    for (size_t k = 0; k < b->points; k++) {
        b->p[k] = exp((least - b->e[k] - beta * b->c[k]) / b->l->temperature);
        sum += b->p[k];
    }
    for (size_t k = 0; k < b->points; k++) b->p[k] /= sum;
}

void eq_boltzmann_marginal(eq_boltzmann *b, double beta, size_t unit, double *p) {
    size_t stride = 1;
    for (size_t u = unit + 1; u < b->l->d.units; u++) stride *= b->cells;
    find_density(b, beta);
    memset(p, 0, b->cells * sizeof *p);
    for (size_t k = 0; k < b->points; k++) p[k / stride % b->cells] += b->p[k];
}

/* p[cells], the largest chance of a unit's cells of all densities; more[cells]: work. */
static void envelope(eq_boltzmann *b, const eq_contrast *c, size_t unit, double *p, double *more) {
    eq_boltzmann_marginal(b, 0.0, unit, p);
    for (size_t j = 0; c != NULL && j < c->processes; j++) {
        eq_boltzmann_marginal(b, c->beta[j], unit, more);
        for (size_t k = 0; k < b->cells; k++) p[k] = fmax(p[k], more[k]);
    }
}

/* Cuts the range of a unit down to where it may be, or makes it wider where it may be beyond an end that is no
 * bound; whether it did. */
static bool fit(eq_boltzmann *b, size_t unit, const double *p) {
    const eq_dynamics_ops *ops = b->l->d.ops;
    bool bounded = ops->high > ops->low;
    size_t first = 0, last = b->cells - 1;
    while (first < last && p[first] < nothing) first++;
    while (last > first && p[last] < nothing) last--;
    double low = b->low[unit], width = b->width[unit], whole = width * (double)b->cells;
    double from = low + width * ((double)first - 1.0), to = low + width * ((double)last + 2.0);
    if (!bounded && first == 0) from = low - 0.5 * whole;
    if (!bounded && last == b->cells - 1) to = low + 1.5 * whole;
    if (bounded) from = fmax(from, ops->low);
    if (bounded) to = fmin(to, ops->high);
    b->low[unit] = from;
    b->width[unit] = (to - from) / (double)b->cells;
    return to - from < 0.8 * whole || to - from > 1.1 * whole;
}

/* The range of each unit: its bounds, or what the fastest of all would have. */
static void begin(eq_boltzmann *b, const double *at) {
    const eq_langevin *l = b->l;
    bool bounded = l->d.ops->high > l->d.ops->low;
    for (size_t u = 0; u < l->d.units; u++) {
        double near = l->spread[u] / sqrt(2.0 * l->step * fmax(l->fastest, DBL_MIN));
        b->low[u] = bounded ? l->d.ops->low : at[u] - 8.0 * near;
        b->width[u] = (bounded ? l->d.ops->high - b->low[u] : 16.0 * near) / (double)b->cells;
    }
}

/* Then as wide as it takes. */
static eq_status find_range(eq_boltzmann *b, const eq_contrast *c, eq_diag *diag) {
    enum { ROUNDS = 60 };
    double *p = eq_calloc(b->cells, 2 * sizeof *p);
    if (p == NULL) return eq_out_of_memory(diag);
    bool moved = true;
    eq_status status = EQ_OK;
    for (int round = 0; status == EQ_OK && moved && round < ROUNDS; round++) {
        status = measure(b, diag);
        moved = b->coarse = false;
        for (size_t u = 0; status == EQ_OK && u < b->l->d.units; u++) {
            envelope(b, c, u, p, p + b->cells);
            for (size_t k = 0; k < b->cells; k++) b->coarse = b->coarse || p[k] > most_of_cell;
            moved = fit(b, u, p) || moved;
        }
    }
    eq_free(p);
    return status == EQ_OK ? measure(b, diag) : status;
}

eq_status eq_boltzmann_open(eq_boltzmann *b, eq_langevin *l, const double *x, const eq_contrast *c,
                            eq_diag *diag) {
    size_t units = l->d.units;
    double at[EQ_BOLTZMANN_UNITS];
    *b = (eq_boltzmann){.l = l, .x = x, .points = 1};
    if (units == 0 || units > EQ_BOLTZMANN_UNITS || l->d.n != 1)
        return eq_fail(diag, EQ_ERR_USAGE, "%zu units are too many for a grid; %d at most", units,
                       EQ_BOLTZMANN_UNITS);
    b->cells = cells_of[units];
    for (size_t u = 0; u < units; u++) b->points *= b->cells;
    b->e = eq_calloc(b->points, 4 * sizeof *b->e);
    if (b->e == NULL) return eq_out_of_memory(diag);
    b->c = b->e + b->points;
    b->p = b->c + b->points;
    b->weight = b->p + b->points;
    l->d.ops->get(l->d.self, at);
    begin(b, at);
    return find_range(b, c, diag);
}

/* Collects `by` sum over the cells of weight dE/dtheta. */
static eq_status collect(eq_boltzmann *b, double by, eq_diag *diag) {
    const eq_dynamics *d = &b->l->d;
    double s[EQ_BOLTZMANN_UNITS], a[EQ_MAX_SLOTS] = {0};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < b->points; k++) {
        a[1] = by * b->weight[k];
        if (a[1] == 0.0) continue;
        place(b, k, s);
        status = eq_dynamics_put(d, 1, s, diag);
        if (status == EQ_OK) status = eq_network_collect(d->model, a, diag);
    }
    return status;
}

eq_status eq_boltzmann_collect(eq_boltzmann *b, const eq_contrast *c, double by, eq_diag *diag) {
    memset(b->weight, 0, b->points * sizeof *b->weight);
    for (size_t j = 0; j < c->processes; j++) {
        find_density(b, c->beta[j]);
        for (size_t k = 0; k < b->points; k++) b->weight[k] += c->weight[j] * b->p[k];
    }
    return collect(b, by, diag);
}

eq_status eq_boltzmann_slope(eq_boltzmann *b, double by, eq_diag *diag) {
    double mean = 0.0;
    find_density(b, 0.0);
    for (size_t k = 0; k < b->points; k++) mean += b->p[k] * b->c[k];
    for (size_t k = 0; k < b->points; k++)
        b->weight[k] = -b->p[k] * (b->c[k] - mean) / b->l->temperature;
    return collect(b, by, diag);
}
