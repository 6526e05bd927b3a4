#include "exact.h"

#include <check.h>
#include <gmp.h>
#include <math.h>
#include <stdlib.h>

enum { BITS = 512 };

typedef struct tableau {
    const eq_circuit *c;
    int nodes, n; /* unknowns: nodes 1.. then currents of all elements */
    mpf_t *a;     /* [n][n + 1], the last column the right-hand side: -residual */
    mpf_t *x;     /* [n] */
    mpf_t t, u;
} tableau;

static mpf_t *numbers(size_t count) {
    mpf_t *y = malloc(count * sizeof *y);
    for (size_t k = 0; k < count; k++) mpf_init2(y[k], BITS);
    return y;
}

static void drop_numbers(mpf_t *y, size_t count) {
    for (size_t k = 0; k < count; k++) mpf_clear(y[k]);
    free(y);
}

static mpf_t *entry(const tableau *m, int row, int column) {
    return &m->a[row * (m->n + 1) + column];
}

/* a[row][column] += y, and -y x to the right-hand side. */
static void put(tableau *m, int row, int column, const mpf_t y) {
    if (row < 0 || column < 0) return;
    mpf_add(*entry(m, row, column), *entry(m, row, column), y);
    mpf_mul(m->t, y, m->x[column]);
    mpf_sub(*entry(m, row, m->n), *entry(m, row, m->n), m->t);
}

static void put_number(tableau *m, int row, int column, double y) {
    mpf_t z;
    mpf_init2(z, BITS);
    mpf_set_d(z, y);
    put(m, row, column, z);
    mpf_clear(z);
}

/* y = exp(x): the series at x / 2^64, squared 64 times. */
static void exponential(mpf_t y, const mpf_t x) {
    mpf_t term, z;
    mpf_init2(term, 2 * BITS);
    mpf_init2(z, 2 * BITS);
    mpf_div_2exp(z, x, 64);
    mpf_set_ui(term, 1);
    mpf_set_prec(y, 2 * BITS);
    mpf_set_ui(y, 1);
    for (unsigned k = 1; k < 20; k++) {
        mpf_mul(term, term, z);
        mpf_div_ui(term, term, k);
        mpf_add(y, y, term);
    }
    for (int k = 0; k < 64; k++) mpf_mul(y, y, y);
    mpf_clear(term);
    mpf_clear(z);
}

static double param(const eq_circuit *c, eq_element e, const char *name) {
    eq_row row = c->row[e];
    return c->table[row.cls].w[eq_param_find(eq_class(row.cls), name)][row.row];
}

/* Row i - f(u) = 0 of a diode, u its drop (ngspice manual, "Diode equations"). */
static void put_diode(tableau *m, eq_element e, int row, int a, int b) {
    double vte = param(m->c, e, "n") * m->c->env.k_over_q * (m->c->env.temp + 273.15);
    double is = param(m->c, e, "is");
    mpf_t u, y, slope;
    mpf_init2(u, BITS);
    mpf_init2(y, BITS);
    mpf_init2(slope, BITS);
    if (a >= 0) mpf_set(u, m->x[a]);
    if (b >= 0) mpf_sub(u, u, m->x[b]);
    bool forward = mpf_cmp_d(u, -3 * vte) >= 0;
    if (forward) {
        mpf_set_d(y, vte);
        mpf_div(y, u, y);
        exponential(slope, y);
        mpf_sub_ui(y, slope, 1);
    } else { /* -(1 + (3 vte/(e u))^3) */
        mpf_set_d(y, 3 * vte / exp(1));
        mpf_div(y, y, u);
        mpf_mul(slope, y, y);
        mpf_mul(slope, slope, y);
        mpf_add_ui(y, slope, 1);
        mpf_neg(y, y);
        mpf_mul_ui(slope, slope, 3);
        mpf_div(slope, slope, u);
    }
    mpf_set_d(m->u, is);
    mpf_mul(y, y, m->u);
    mpf_mul(slope, slope, m->u);
    mpf_set_d(m->u, vte);
    if (forward) mpf_div(slope, slope, m->u);
    mpf_set_d(m->u, m->c->env.gmin);
    mpf_mul(m->t, m->u, u);
    mpf_add(y, y, m->t);
    mpf_add(slope, slope, m->u);
    /* i - f(u) linear at u: the matrix gets -slope, the right-hand side f(u) - i */
    mpf_add(*entry(m, row, m->n), *entry(m, row, m->n), y);
    put_number(m, row, m->nodes - 1 + e, 1.0);
    for (int side = 0; side < 2; side++) {
        int column = side == 0 ? a : b;
        if (column < 0) continue;
        (side == 0 ? mpf_sub : mpf_add)(*entry(m, row, column), *entry(m, row, column), slope);
    }
    mpf_clear(u);
    mpf_clear(y);
    mpf_clear(slope);
}

/* Row of the element: what ties its current and the potentials. */
static void put_element(tableau *m, eq_element e) {
    const eq_row at = m->c->row[e];
    const eq_table *t = &m->c->table[at.cls];
    int a = t->term[0][at.row] - 1, b = t->term[1][at.row] - 1, own = m->nodes - 1 + e, row = own;
    put_number(m, a, own, 1.0);
    put_number(m, b, own, -1.0);
    double w = at.cls == EQ_CLASS_diode ? 0.0 : t->w[0][at.row];
    mpf_set_d(m->u, w);
    switch (at.cls) {
    case EQ_CLASS_diode:
        put_diode(m, e, row, a, b);
        return;
    case EQ_CLASS_isource:
        put_number(m, row, own, 1.0);
        mpf_add(*entry(m, row, m->n), *entry(m, row, m->n), m->u);
        return;
    case EQ_CLASS_vccs:
        put_number(m, row, own, 1.0);
        put_number(m, row, t->term[2][at.row] - 1, -w);
        put_number(m, row, t->term[3][at.row] - 1, w);
        return;
    default:
        put_number(m, row, a, 1.0);
        put_number(m, row, b, -1.0);
        break;
    }
    if (at.cls == EQ_CLASS_resistor) {
        put_number(m, row, own, -w);
    } else if (at.cls == EQ_CLASS_vsource) {
        mpf_set_d(m->u, w);
        mpf_add(*entry(m, row, m->n), *entry(m, row, m->n), m->u);
    } else {
        ck_assert_int_eq(at.cls, EQ_CLASS_vcvs);
        put_number(m, row, t->term[2][at.row] - 1, -w);
        put_number(m, row, t->term[3][at.row] - 1, w);
    }
}

/* Gauss with the largest entry of the column over the largest of its row as pivot. */
static bool eliminate(tableau *m) {
    for (int k = 0; k < m->n; k++) {
        int best = -1;
        double most = -INFINITY;
        for (int i = k; i < m->n; i++) {
            long own, all = 0;
            double f = mpf_get_d_2exp(&own, *entry(m, i, k));
            if (f == 0.0) continue;
            bool first = true;
            for (int j = k; j < m->n; j++) {
                long x;
                if (mpf_get_d_2exp(&x, *entry(m, i, j)) == 0.0) continue;
                all = first || x > all ? x : all;
                first = false;
            }
            double size = (double)(own - all) + log2(fabs(f));
            if (size > most) best = i;
            if (size > most) most = size;
        }
        if (best < 0) return false;
        for (int j = 0; j <= m->n; j++) mpf_swap(*entry(m, k, j), *entry(m, best, j));
        for (int i = k + 1; i < m->n; i++) {
            if (mpf_sgn(*entry(m, i, k)) == 0) continue;
            mpf_div(m->u, *entry(m, i, k), *entry(m, k, k));
            for (int j = k; j <= m->n; j++) {
                if (mpf_sgn(*entry(m, k, j)) == 0) continue;
                mpf_mul(m->t, m->u, *entry(m, k, j));
                mpf_sub(*entry(m, i, j), *entry(m, i, j), m->t);
            }
            mpf_set_ui(*entry(m, i, k), 0);
        }
    }
    for (int k = m->n; k-- > 0;) {
        for (int j = k + 1; j < m->n; j++) {
            mpf_mul(m->t, *entry(m, k, j), *entry(m, j, m->n));
            mpf_sub(*entry(m, k, m->n), *entry(m, k, m->n), m->t);
        }
        mpf_div(*entry(m, k, m->n), *entry(m, k, m->n), *entry(m, k, k));
    }
    return true;
}

/* One full Newton step; the largest change over the largest unknown of its kind. */
static double newton_step(tableau *m) {
    double change = 0.0, most = 0.0;
    for (int k = 0; k < m->n * (m->n + 1); k++) mpf_set_ui(m->a[k], 0);
    for (eq_element e = 0; e < (eq_element)eq_circuit_elements(m->c); e++) put_element(m, e);
    if (!eliminate(m)) return NAN;
    for (int k = 0; k < m->n; k++) {
        mpf_add(m->x[k], m->x[k], *entry(m, k, m->n));
        if (k >= m->nodes - 1) continue;
        change = fmax(change, fabs(mpf_get_d(*entry(m, k, m->n))));
        most = fmax(most, fabs(mpf_get_d(m->x[k])));
    }
    return most == 0.0 ? 0.0 : change / most;
}

bool exact_point(const eq_circuit *c, double *v, double *current) {
    enum { STEPS = 100 };
    int nodes = (int)eq_circuit_nodes(c), elements = (int)eq_circuit_elements(c);
    tableau m = {.c = c, .nodes = nodes, .n = nodes - 1 + elements};
    size_t n = (size_t)m.n;
    double change = INFINITY;
    m.a = numbers(n * (n + 1));
    m.x = numbers(n);
    mpf_init2(m.t, BITS);
    mpf_init2(m.u, BITS);
    for (int k = 0; k < m.n; k++)
        mpf_set_d(m.x[k], k < nodes - 1 ? v[k + 1] : current[k - nodes + 1]);
    for (int k = 0; k < STEPS && change > 1e-60; k++) change = newton_step(&m);
    for (int k = 0; k < m.n; k++)
        *(k < nodes - 1 ? &v[k + 1] : &current[k - nodes + 1]) = mpf_get_d(m.x[k]);
    drop_numbers(m.a, n * (n + 1));
    drop_numbers(m.x, n);
    mpf_clear(m.t);
    mpf_clear(m.u);
    return change <= 1e-60;
}
