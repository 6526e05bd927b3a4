/* Which circuits have one operating point, against exact arithmetic: random networks of sources and
 * conductances that are powers of two, in clusters that little joins. Their nodal equations,
 * written out here as modified nodal analysis in a finite field, say whether the matrix is
 * singular; then no solver may give a number, else every solver must give the same. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "netlist/netlist.h"
#include "solver/solver_internal.h"

Suite *islands_suite(void);

enum { NODES = 8, MOST = 24, UNKNOWNS = NODES + MOST, CIRCUITS = 4000 };

/* kind: r i v g e f h, b (i = value * v(c, d)), k (b with its own drop, 2 v(a, b) beside it);
 * by: the v, e or h that controls; value is num or 1/den, both powers of two. */
typedef struct part {
    char kind;
    int a, b, c, d, by, num, den;
} part;

typedef struct network {
    part part[MOST];
    int parts, unknown_of[MOST]; /* of voltage-defined parts */
} network;

/* Arithmetic modulo the prime 2^61 - 1: a determinant of such small numbers
 * that is 0 there is 0. */
static const uint64_t prime = 2305843009213693951u;

static uint64_t times(uint64_t a, uint64_t b) {
    return (uint64_t)((unsigned __int128)a * b % prime);
}

static uint64_t inverse(uint64_t a) {
    uint64_t result = 1;
    for (uint64_t e = prime - 2; e > 0; e >>= 1, a = times(a, a))
        if (e & 1) result = times(result, a);
    return result;
}

static uint64_t field(int num, int den) {
    uint64_t n = num < 0 ? prime - (uint64_t)-num : (uint64_t)num;
    return times(n, inverse((uint64_t)den));
}

/* The equations of the nodes n1.. and of the branches, in the field and in doubles. */
typedef struct equations {
    uint64_t in_field[UNKNOWNS][UNKNOWNS];
    double a[UNKNOWNS][UNKNOWNS], x[UNKNOWNS]; /* x: first the right-hand side, then the solution */
    int n;
} equations;

static bool singular(equations *q) {
    for (int k = 0; k < q->n; k++) {
        uint64_t *row = q->in_field[k];
        int pivot = k;
        while (pivot < q->n && q->in_field[pivot][k] == 0) pivot++;
        if (pivot == q->n) return true;
        for (int j = 0; j < q->n; j++) {
            uint64_t kept = row[j];
            row[j] = q->in_field[pivot][j];
            q->in_field[pivot][j] = kept;
        }
        uint64_t over = inverse(row[k]);
        for (int i = k + 1; i < q->n; i++) {
            uint64_t factor = times(q->in_field[i][k], over);
            for (int j = k; factor != 0 && j < q->n; j++)
                q->in_field[i][j] = (q->in_field[i][j] + prime - times(factor, row[j])) % prime;
        }
    }
    return false;
}

/* Gauss elimination with partial pivoting. */
static void solve(equations *q) {
    for (int k = 0; k < q->n; k++) {
        int pivot = k;
        for (int i = k + 1; i < q->n; i++)
            if (fabs(q->a[i][k]) > fabs(q->a[pivot][k])) pivot = i;
        for (int j = 0; j < q->n; j++) {
            double kept = q->a[k][j];
            q->a[k][j] = q->a[pivot][j];
            q->a[pivot][j] = kept;
        }
        double kept = q->x[k];
        q->x[k] = q->x[pivot];
        q->x[pivot] = kept;
        for (int i = k + 1; i < q->n; i++) {
            double factor = q->a[i][k] / q->a[k][k];
            for (int j = k; j < q->n; j++) q->a[i][j] -= factor * q->a[k][j];
            q->x[i] -= factor * q->x[k];
        }
    }
    for (int k = q->n - 1; k >= 0; k--) {
        for (int j = k + 1; j < q->n; j++) q->x[k] -= q->a[k][j] * q->x[j];
        q->x[k] /= q->a[k][k];
    }
}

/* The value num/den into an entry; row and column -1 are those of ground. */
static void add(equations *q, int row, int column, int num, int den) {
    if (row < 0 || column < 0) return;
    q->in_field[row][column] = (q->in_field[row][column] + field(num, den)) % prime;
    q->a[row][column] += (double)num / den;
}

/* y (v_c - v_d) enters the rows a and b. */
static void add_conductance(equations *q, int a, int b, int c, int d, int num, int den) {
    add(q, a - 1, c - 1, num, den);
    add(q, a - 1, d - 1, -num, den);
    add(q, b - 1, c - 1, -num, den);
    add(q, b - 1, d - 1, num, den);
}

static void add_current(equations *q, int node, double value) {
    if (node > 0) q->x[node - 1] += value;
}

static void add_part(equations *q, const network *w, int k) {
    const part *p = &w->part[k];
    int own = w->unknown_of[k], by = w->unknown_of[p->by];
    if (p->kind == 'r') add_conductance(q, p->a, p->b, p->a, p->b, p->num, p->den);
    if (p->kind == 'k') add_conductance(q, p->a, p->b, p->a, p->b, 2, 1);
    if (strchr("gbk", p->kind) != NULL) add_conductance(q, p->a, p->b, p->c, p->d, p->num, p->den);
    if (p->kind == 'f') {
        add(q, p->a - 1, by, p->num, p->den);
        add(q, p->b - 1, by, -p->num, p->den);
    }
    if (p->kind == 'i') {
        add_current(q, p->a, -(double)p->num / p->den);
        add_current(q, p->b, (double)p->num / p->den);
    }
    if (strchr("veh", p->kind) == NULL) return;
    add(q, p->a - 1, own, 1, 1);
    add(q, p->b - 1, own, -1, 1);
    add(q, own, p->a - 1, 1, 1);
    add(q, own, p->b - 1, -1, 1);
    if (p->kind == 'v') q->x[own] = (double)p->num / p->den;
    if (p->kind == 'e') {
        add(q, own, p->c - 1, -p->num, p->den);
        add(q, own, p->d - 1, p->num, p->den);
    }
    if (p->kind == 'h') add(q, own, by, -p->num, p->den);
}

/* The equations; a node that no part knows is at 0. */
static void write_equations(network *w, equations *q) {
    bool used[NODES] = {false};
    *q = (equations){.n = NODES - 1};
    for (int k = 0; k < w->parts; k++) {
        const part *p = &w->part[k];
        used[p->a] = used[p->b] = true;
        if (strchr("gebk", p->kind) != NULL) used[p->c] = used[p->d] = true;
        w->unknown_of[k] = strchr("veh", p->kind) != NULL ? q->n++ : -1;
    }
    for (int k = 0; k < w->parts; k++) add_part(q, w, k);
    for (int k = 1; k < NODES; k++)
        if (!used[k]) add(q, k - 1, k - 1, 1, 1);
}

/* A node, eight times in ten of the same cluster as `near`. */
static int some_node(eq_random *r, int near) {
    int node = (int)eq_random_below(r, NODES);
    if (eq_random_below(r, 10) < 8)
        node =
            node / 3 * 3 % NODES == near / 3 * 3 ? node : near / 3 * 3 + (int)eq_random_below(r, 3);
    return node < NODES ? node : NODES - 1;
}

static network some_network(eq_random *r) {
    network q = {.parts = 6 + (int)eq_random_below(r, MOST - 6)};
    static const char kinds[] = "rrrrrrrriivgggeefhbbkk";
    for (int k = 0; k < q.parts; k++) {
        part *p = &q.part[k];
        int by = (int)eq_random_below(r, (uint64_t)k + 1);
        p->kind = k == 0 ? 'v' : kinds[eq_random_below(r, sizeof kinds - 1)];
        p->a = some_node(r, (int)eq_random_below(r, NODES));
        do p->b = some_node(r, p->a);
        while (p->b == p->a);
        p->c = some_node(r, p->a);
        do p->d = some_node(r, p->c);
        while (p->d == p->c);
        p->num = 1 << eq_random_below(r, 3);
        p->den = eq_random_below(r, 2) == 0 ? 1 : 2;
        if (p->kind != 'r' && eq_random_below(r, 2) == 0) p->num = -p->num;
        bool controls = by < k && strchr("veh", q.part[by].kind) != NULL;
        p->by = controls ? by : 0;
    }
    return q;
}

static void write_part(eq_text *t, const network *q, int k) {
    const part *p = &q->part[k];
    double value = (double)p->num / p->den;
    eq_text_printf(t, "%c%d n%d n%d ", p->kind == 'k' ? 'b' : p->kind, k, p->a, p->b);
    if (p->kind == 'r') eq_text_printf(t, "%g\n", 1.0 / value);
    if (p->kind == 'i' || p->kind == 'v') eq_text_printf(t, "%g\n", value);
    if (p->kind == 'g' || p->kind == 'e') eq_text_printf(t, "n%d n%d %g\n", p->c, p->d, value);
    if (p->kind == 'f' || p->kind == 'h')
        eq_text_printf(t, "%c%d %g\n", q->part[p->by].kind, p->by, value);
    if (p->kind == 'b') eq_text_printf(t, "i=%g*v(n%d,n%d)\n", value, p->c, p->d);
    if (p->kind == 'k')
        eq_text_printf(t, "i=%g*(v(n%d)-v(n%d))+2*v(n%d,n%d)\n", value, p->c, p->d, p->a, p->b);
    /* a formula may name only nodes of elements: capacitors, which conduct nothing */
    if ((p->kind == 'b' || p->kind == 'k') && p->c != 0)
        eq_text_printf(t, "c%d n%d 0 1\n", 2 * k, p->c);
    if ((p->kind == 'b' || p->kind == 'k') && p->d != 0)
        eq_text_printf(t, "c%d n%d 0 1\n", 2 * k + 1, p->d);
}

/* The deck with ground as n0. */
static eq_circuit *circuit_of(const network *q, eq_text *t) {
    eq_circuit *c = NULL;
    eq_text_puts(t, "islands\n");
    for (int k = 0; k < q->parts; k++) write_part(t, q, k);
    eq_text_puts(t, ".op\n.end\n");
    ck_assert(!t->failed);
    for (char *n0 = t->text; (n0 = strstr(n0, "n0")) != NULL;) memcpy(n0, " 0", 2);
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_circuit_parse("islands", t->text, t->length, &c, diag);
    ck_assert_msg(status == EQ_OK, "%s for\n%s", eq_diag_get(diag, 0)->text, t->text);
    eq_diag_free(diag);
    return c;
}

static void expect_exact(const eq_circuit *c, const equations *q, const double *v,
                         const char *text) {
    double most = 0.0;
    for (int k = 1; k < NODES; k++) most = fmax(most, fabs(q->x[k - 1]));
    for (int k = 1; k < NODES; k++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", k);
        eq_node node = eq_circuit_find_node(c, name);
        if (node == EQ_NONE) continue;
        ck_assert_msg(fabs(v[node] - q->x[k - 1]) <= 1e-7 * most, "%s: %.12g, not %.12g\n%s", name,
                      v[node], q->x[k - 1], text);
    }
}

/* A loop of voltage sources that has a controlled one in it is refused even where the loop fixes
 * the control and is no contradiction: reduction.c wants a forest. */
static bool is_loop(eq_diag *d) {
    return eq_diag_count(d) > 0 && strstr(eq_diag_get(d, 0)->text, "loop of voltage") != NULL;
}

/* What stands in the work space before must not matter. */
static void spoil(eq_newton *w) {
    double *const array[] = {w->r,    w->magnitude, w->trial, w->trial_r, w->trial_magnitude,
                             w->step, w->spare,     w->start, w->best,    w->null,
                             w->left};
    for (size_t k = 0; k < sizeof array / sizeof *array; k++)
        for (size_t i = 0; i < w->s->n; i++) array[k][i] = NAN;
    for (size_t i = 0; i < w->s->entries; i++) w->held[i] = w->size[i] = NAN;
}

/* All solvers refuse the circuit, or answer with the exact one; q: the solution, NULL: there is
 * none. Circuits without a convex energy are not minimised (EQ_ERR_CHECK). */
static void holds(const network *w, const equations *q) {
    eq_text t = {0};
    eq_circuit *c = circuit_of(w, &t);
    for (int m = EQ_NEWTON; m <= EQ_COCONTENT; m++) {
        double v[NODES] = {0}, branch[MOST];
        eq_solver *s = NULL;
        eq_diag *d = eq_diag_new();
        eq_status status = eq_solver_new(c, &s, d);
        bool loop = is_loop(d);
        eq_solve_options o = eq_solve_defaults(c);
        o.method = (eq_method)m;
        if (status == EQ_OK) {
            spoil(eq_solver_newton(s));
            status = eq_solver_solve(s, &o, v, branch, NULL, d);
        }
        eq_solver_free(s);
        eq_diag_free(d);
        if (loop) break;
        if (m == EQ_COCONTENT && status == EQ_ERR_CHECK) continue;
        ck_assert_msg((status == EQ_OK) == (q != NULL),
                      "solver %d: status %d, the matrix is %s:\n%s", m, status,
                      q == NULL ? "singular" : "regular", t.text);
        if (q != NULL) expect_exact(c, q, v, t.text);
    }
    eq_circuit_free(c);
    eq_text_free(&t);
}

START_TEST(singular_or_not_as_exact_arithmetic_says) {
    static equations q;
    eq_random r = eq_random_seed(2718 + (uint64_t)_i);
    int refused = 0;
    for (int k = 0; k < CIRCUITS; k++) {
        network w = some_network(&r);
        write_equations(&w, &q);
        bool none = singular(&q);
        if (!none) solve(&q);
        holds(&w, none ? NULL : &q);
        refused += none;
    }
    ck_assert_int_gt(refused, CIRCUITS / 10);
    ck_assert_int_lt(refused, CIRCUITS * 9 / 10);
}
END_TEST

Suite *islands_suite(void) {
    Suite *s = suite_create("islands");
    TCase *t = tcase_create("islands");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, singular_or_not_as_exact_arithmetic_says, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
