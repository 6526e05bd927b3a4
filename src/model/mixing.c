#include "model/mixing.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/linear/blas.h"

enum { DEPTH = EQ_MIXING_DEPTH };

struct eq_mixing {
    size_t batch, size, depth; /* depth: changes that are kept */
    double *df, *dg;  /* [batch][DEPTH][size] changes of f = G(u) - u and of G(u), a ring */
    double *f, *g;    /* [batch][size] of the iterate before */
    double *now;      /* [size] f of this one */
    double *norm;     /* [batch] |f| of the iterate before */
    double *best;     /* [batch] |f| that was half of the one kept here before it */
    size_t *since;    /* [batch] iterates since then */
    size_t *iterates; /* [batch] since the history began */
    size_t *rest;     /* [batch] plain steps still to take before it is mixed again */
    size_t *pause;    /* [batch] how many those were last */
};

void eq_mixing_free(eq_mixing *m) {
    if (m == NULL) return;
    double *all[] = {m->df, m->dg, m->f, m->g, m->now, m->norm, m->best};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
    eq_free(m->iterates);
    eq_free(m->since);
    eq_free(m->rest);
    eq_free(m->pause);
    eq_free(m);
}

eq_mixing *eq_mixing_new(size_t batch, size_t size, size_t depth) {
    eq_mixing *m = eq_calloc(1, sizeof *m);
    if (m == NULL) return NULL;
    m->batch = batch;
    m->size = size;
    m->depth = depth < DEPTH ? depth : DEPTH;
    struct {
        double **at;
        size_t count;
    } all[] = {{&m->df, DEPTH * batch},
               {&m->dg, DEPTH * batch},
               {&m->f, batch},
               {&m->g, batch},
               {&m->now, 1}};
    bool whole = true;
    for (size_t k = 0; whole && k < sizeof all / sizeof *all; k++) {
        *all[k].at = eq_calloc(all[k].count, size * sizeof **all[k].at);
        whole = *all[k].at != NULL;
    }
    m->norm = eq_calloc(batch, sizeof *m->norm);
    m->iterates = eq_calloc(batch, sizeof *m->iterates);
    m->best = eq_calloc(batch, sizeof *m->best);
    m->since = eq_calloc(batch, sizeof *m->since);
    m->rest = eq_calloc(batch, sizeof *m->rest);
    m->pause = eq_calloc(batch, sizeof *m->pause);
    if (whole && m->norm != NULL && m->best != NULL && m->since != NULL && m->iterates != NULL &&
        m->rest != NULL && m->pause != NULL)
        return m;
    eq_mixing_free(m);
    return NULL;
}

void eq_mixing_begin(eq_mixing *m) {
    memset(m->iterates, 0, m->batch * sizeof *m->iterates);
    memset(m->rest, 0, m->batch * sizeof *m->rest);
    memset(m->pause, 0, m->batch * sizeof *m->pause);
}

/* Cholesky's factors of a[n][n] in its lower half, then x with a x = b in b; false: a is not
 * positive definite to round-off. */
static bool solve(size_t n, double a[DEPTH][DEPTH], double *b) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i][j], whole = sum;
            for (size_t k = 0; k < j; k++) sum -= a[i][k] * a[j][k];
            if (i == j && !(sum > 1e-12 * fabs(whole))) return false;
            a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++) b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
    return true;
}

/* The change of u number i before the newest, times the vector y: dU = dG - dF. */
static double along(const eq_mixing *m, const double *df, const double *dg, size_t at,
                    const double *y) {
    return eq_dot(m->size, dg + at * m->size, y) - eq_dot(m->size, df + at * m->size, y);
}

/* gamma[n] with dU^T (f - dF gamma) = 0, where f is minus the gradient of an energy and -dU^T dF its
 * curvature along the changes: the minimum in their span. The number of changes used, the newest of
 * them: fewer where they depend on each other or the curvature is not positive, for then the
 * stationary point is none to go to. newest: its place in the ring. */
static size_t fit(const eq_mixing *m, const double *df, const double *dg, size_t n, size_t newest,
                  double *gamma) {
    for (; n > 0; n--) {
        double a[DEPTH][DEPTH];
        for (size_t i = 0; i < n; i++) {
            size_t at = (newest + DEPTH - i) % DEPTH;
            gamma[i] = -along(m, df, dg, at, m->now);
            for (size_t j = 0; j <= i; j++) {
                size_t to = (newest + DEPTH - j) % DEPTH;
                a[i][j] = -0.5 * (along(m, df, dg, at, df + to * m->size) +
                                  along(m, df, dg, to, df + at * m->size));
            }
        }
        if (solve(n, a, gamma)) break;
    }
    return n;
}

/* Whether |f| has doubled in one step, or not halved in many. */
static bool fails(eq_mixing *m, size_t example, double norm) {
    enum { PATIENCE = 4 * DEPTH };
    if (norm <= 0.5 * m->best[example]) {
        m->best[example] = norm;
        m->since[example] = 0;
    }
    return !(norm <= 2.0 * m->norm[example]) || ++m->since[example] > PATIENCE;
}

void eq_mixing_next(eq_mixing *m, size_t example, double *u, const double *g) {
    double *f = m->f + example * m->size, *last = m->g + example * m->size;
    double *df = m->df + example * DEPTH * m->size, *dg = m->dg + example * DEPTH * m->size;
    size_t *iterates = &m->iterates[example], used = 0, newest = 0;
    double gamma[DEPTH];
    for (size_t k = 0; k < m->size; k++) m->now[k] = g[k] - u[k];
    double norm = sqrt(eq_dot(m->size, m->now, m->now));
    if (*iterates > 0 && fails(m, example, norm)) {
        *iterates = 0;
        m->rest[example] = m->pause[example] = 2 * m->pause[example] + 1;
    }
    if (m->rest[example] > 0) {
        m->rest[example]--;
        memcpy(u, g, m->size * sizeof *u);
        return;
    }
    if (*iterates > 0) {
        newest = (*iterates - 1) % DEPTH;
        for (size_t k = 0; k < m->size; k++) {
            df[newest * m->size + k] = m->now[k] - f[k];
            dg[newest * m->size + k] = g[k] - last[k];
        }
        used = fit(m, df, dg, *iterates < m->depth ? *iterates : m->depth, newest, gamma);
    }
    memcpy(f, m->now, m->size * sizeof *f);
    memcpy(last, g, m->size * sizeof *g);
    memcpy(u, g, m->size * sizeof *u);
    for (size_t i = 0; i < used; i++) {
        const double *change = dg + (newest + DEPTH - i) % DEPTH * m->size;
        for (size_t k = 0; k < m->size; k++) u[k] -= gamma[i] * change[k];
    }
    m->norm[example] = norm;
    if (++*iterates == 1) {
        m->best[example] = norm;
        m->since[example] = 0;
    }
}
