#include "solver/settling.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/linear/lapack.h"
#include "solver/solver_internal.h"

enum { DENSE = 600 };

/* Row n of T times x. */
static double rise(const eq_system *s, eq_node n, const double *x) {
    const eq_sparse_rows *t = &s->reduction->t;
    double v = 0.0;
    for (int32_t e = t->start[n]; e < t->start[n + 1]; e++)
        v += t->coefficient[e] * x[t->unknown[e]];
    return v;
}

/* y += row n of W times q. */
static void put(const eq_system *s, eq_node n, double q, double *y) {
    const eq_sparse_rows *w = &s->reduction->w;
    for (int32_t e = w->start[n]; e < w->start[n + 1]; e++)
        y[w->unknown[e]] += w->coefficient[e] * q;
}

/* y = W^T C T x, C of the circuit's capacitors and `farad` from every node to ground. */
static void charge(const eq_system *s, double farad, const double *x, double *y) {
    const eq_circuit *c = s->circuit;
    memset(y, 0, s->n * sizeof *y);
    for (size_t n = 0; farad > 0.0 && n < s->nodes; n++)
        put(s, (eq_node)n, farad * rise(s, (eq_node)n, x), y);
    for (size_t k = 0; k < c->capacitors; k++) {
        const eq_capacitor *own = &c->capacitor[k];
        if (isnan(own->farad)) continue;
        double q = own->farad * (rise(s, own->term[0], x) - rise(s, own->term[1], x));
        put(s, own->term[0], q, y);
        put(s, own->term[1], -q, y);
    }
}

/* mu = 1/lambda of the mode exp(-t/mu) that stays longest: below zero it grows. */
static eq_status slowest(double least, double largest, double *tau, eq_diag *diag) {
    *tau = fmax(largest, 0.0);
    if (least >= -1e-9 * fabs(largest)) return EQ_OK; /* round-off of what has no charge */
    return eq_fail(diag, EQ_ERR_CHECK,
                   "with these capacitances the state is not stable: a disturbance grows with the "
                   "time constant %g s; change the amplifiers' gains or the capacitances",
                   -least);
}

/* A capacitor across an amplifier joins nodes of different weights. */
static bool is_symmetric(const double *c, size_t n) {
    double largest = 0.0, most = 0.0;
    for (size_t k = 0; k < n * n; k++) largest = fmax(largest, fabs(c[k]));
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < k; i++) most = fmax(most, fabs(c[k * n + i] - c[i * n + k]));
    return most <= 1e-12 * largest;
}

/* With the energy weights d on the rows J and C are symmetric: C y = mu J y has real mu, and J is
 * positive definite where the co-content is convex. EQ_ERR_SINGULAR: it is not, or C is not
 * symmetric. */
static eq_status all_modes(eq_system *s, double farad, double *tau, eq_diag *diag) {
    size_t n = s->n;
    double *j = eq_calloc(n * n, sizeof *j), *c = eq_calloc(n * n, sizeof *c);
    double *unit = eq_calloc(n, sizeof *unit), *mu = eq_calloc(n, sizeof *mu);
    bool whole = j != NULL && c != NULL && unit != NULL && mu != NULL;
    eq_status status = whole ? EQ_OK : EQ_ERR_MEMORY;
    for (size_t k = 0; status == EQ_OK && k < n; k++) {
        for (int32_t e = s->start[k]; e < s->start[k + 1]; e++)
            j[k * n + (size_t)s->row[e]] = s->row_weight[s->row[e]] * s->value[e];
        unit[k] = 1.0;
        charge(s, farad, unit, c + k * n);
        unit[k] = 0.0;
        for (size_t i = 0; i < n; i++) c[k * n + i] *= s->row_weight[i];
    }
    if (status == EQ_OK && !is_symmetric(c, n)) status = EQ_ERR_SINGULAR;
    if (status == EQ_OK) status = eq_lapack_spectrum(n, c, j, mu);
    if (status == EQ_ERR_MEMORY) eq_out_of_memory(diag);
    if (status == EQ_OK) status = slowest(mu[0], mu[n - 1], tau, diag);
    eq_free(j);
    eq_free(c);
    eq_free(unit);
    eq_free(mu);
    return status;
}

/* Power iteration on J^-1 C until mu stands to 1e-6. */
static eq_status iterate(eq_system *s, eq_lin *l, double farad, double *x, double *y, double *tau) {
    enum { MOST = 2000 };
    double before = 0.0;
    for (size_t k = 0; k < s->n; k++) x[k] = 1.0 + 0.5 * sin((double)k); /* in no mode's way */
    for (int round = 0; round < MOST; round++) {
        double size = 0.0, dot = 0.0, norm = 0.0;
        charge(s, farad, x, y);
        eq_status status = eq_lin_solve(l, y);
        if (status != EQ_OK) return status;
        for (size_t k = 0; k < s->n; k++) {
            dot += x[k] * y[k];
            norm += x[k] * x[k];
            size = fmax(size, fabs(y[k]));
        }
        *tau = norm > 0.0 ? dot / norm : 0.0;
        if (size == 0.0 || fabs(*tau - before) <= 1e-6 * fabs(*tau)) return EQ_OK;
        before = *tau;
        for (size_t k = 0; k < s->n; k++) x[k] = y[k] / size;
    }
    return EQ_ERR_CONVERGE;
}

static eq_status largest_mode(eq_system *s, double farad, double *tau, eq_diag *diag) {
    eq_lin *l = NULL;
    double *x = eq_calloc(2 * s->n, sizeof *x);
    eq_status status = x == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_lin_new(EQ_LIN_KLU, &s->pattern, &l, diag);
    if (status == EQ_OK) {
        status = eq_lin_factor(l, s->value, NULL, NULL);
        if (status == EQ_OK) status = iterate(s, l, farad, x, x + s->n, tau);
        if (status == EQ_ERR_MEMORY)
            eq_out_of_memory(diag);
        else if (status != EQ_OK)
            eq_fail(diag, status,
                    "the slowest mode of the settling was not found; give the time "
                    "with --settling");
    }
    if (status == EQ_OK) status = slowest(*tau, *tau, tau, diag);
    eq_lin_free(l);
    eq_free(x);
    return status;
}

eq_status eq_solver_settling(eq_solver *solver, const double *v, const double *branch, double farad,
                             double *tau, eq_diag *diag) {
    eq_system *s = eq_solver_system(solver);
    double *x = eq_malloc(s->n, sizeof *x);
    if (x == NULL) return eq_out_of_memory(diag);
    eq_system_unknowns(s, v, branch, x);
    eq_system_jacobian(s, x);
    eq_free(x);
    bool symmetric = s->topology->exists && s->topology->positive && s->n > 0 &&
                     s->reduction->unknowns == s->reduction->node_unknowns;
    eq_status status = EQ_ERR_SINGULAR;
    if (symmetric && s->n <= DENSE) status = all_modes(s, farad, tau, diag);
    if (status != EQ_ERR_SINGULAR && status != EQ_ERR_CONVERGE) return status;
    return largest_mode(s, farad, tau, diag);
}
