#include <SuiteSparse_config.h>
#include <check.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "solver/linear/lin.h"
#include "solver/linear/openmp.h"

Suite *lin_suite(void);

/* A random pattern with a full diagonal; symmetric positive definite after scaling by `scale` when
 * asked. */
enum { N = 40 };
typedef struct matrix {
    int32_t start[N + 1], row[N * N];
    double value[N * N], scale[N], full[N][N]; /* full[i][j] */
} matrix;

static void fill(matrix *m, uint64_t seed, bool symmetric) {
    eq_random r = eq_random_seed(seed);
    memset(m->full, 0, sizeof m->full);
    for (int j = 0; j < N; j++) m->scale[j] = symmetric ? 0.1 + eq_random_uniform(&r) : 1.0;
    for (int k = 0; k < 3 * N; k++) {
        int a = (int)eq_random_below(&r, N), b = (int)eq_random_below(&r, N);
        double g = eq_random_uniform(&r);
        if (a == b) continue;
        m->full[a][a] += g;
        m->full[b][b] += g;
        m->full[a][b] -= g;
        m->full[b][a] -= symmetric ? g : 0.5 * g;
    }
    for (int i = 0; i < N; i++) {
        m->full[i][i] += 1e-3;
        for (int j = 0; symmetric && j < N; j++) m->full[i][j] /= m->scale[i];
    }
    int32_t next = 0;
    for (int j = 0; j < N; j++) {
        m->start[j] = next;
        for (int i = 0; i < N; i++)
            if (m->full[i][j] != 0.0 || m->full[j][i] != 0.0) {
                m->row[next] = i;
                m->value[next++] = m->full[i][j];
            }
    }
    m->start[N] = next;
}

/* max |A x - b| (or A^T x - b). */
static double defect(const matrix *m, const double *x, const double *b, bool transposed) {
    double worst = 0.0;
    for (int i = 0; i < N; i++) {
        double sum = -b[i];
        for (int j = 0; j < N; j++) sum += (transposed ? m->full[j][i] : m->full[i][j]) * x[j];
        worst = fmax(worst, fabs(sum));
    }
    return worst;
}

START_TEST(backends_solve_both_ways) {
    eq_lin_kind kind = (eq_lin_kind)_i;
    eq_lin *l = NULL;
    matrix *m = malloc(sizeof *m);
    fill(m, 1, true);
    eq_pattern p = {N, m->start, m->row};
    ck_assert_int_eq(eq_lin_new(kind, &p, &l, NULL), EQ_OK);
    for (int round = 0; round < 4; round++) {
        double b[N], x[N];
        for (int k = 0; k < N; k++) b[k] = sin(k + round);
        if (round == 3) eq_lin_forget(l);
        ck_assert_int_eq(eq_lin_factor(l, m->value, m->scale, NULL), EQ_OK);
        memcpy(x, b, sizeof x);
        ck_assert_int_eq(eq_lin_solve(l, x), EQ_OK);
        ck_assert_double_lt(defect(m, x, b, false), 1e-10);
        memcpy(x, b, sizeof x);
        ck_assert_int_eq(eq_lin_solve_transposed(l, x), EQ_OK);
        ck_assert_double_lt(defect(m, x, b, true), 1e-10);
        for (int k = 0; k < N; k++) /* other values on the same pattern: a refactorization */
            for (int32_t e = m->start[k]; e < m->start[k + 1]; e++)
                if (m->row[e] == k) m->full[k][k] = m->value[e] *= 1.0 + 0.3 * (k % 3);
    }
    eq_lin_free(l);
    free(m);
}
END_TEST

START_TEST(unsymmetric_systems) {
    eq_lin_kind kind = _i == 0 ? EQ_LIN_KLU : EQ_LIN_DENSE;
    eq_lin *l = NULL;
    matrix *m = malloc(sizeof *m);
    for (uint64_t seed = 1; seed < 20; seed++) {
        double b[N], x[N];
        fill(m, seed, false);
        eq_pattern p = {N, m->start, m->row};
        ck_assert_int_eq(eq_lin_new(kind, &p, &l, NULL), EQ_OK);
        ck_assert_int_eq(eq_lin_factor(l, m->value, NULL, NULL), EQ_OK);
        for (int k = 0; k < N; k++) x[k] = b[k] = cos(k);
        ck_assert_int_eq(eq_lin_solve_transposed(l, x), EQ_OK);
        ck_assert_double_lt(defect(m, x, b, true), 1e-10);
        eq_lin_free(l);
    }
    free(m);
}
END_TEST

/* log |det A| by elimination with the largest pivots. */
static double log_determinant(double (*a)[N]) {
    double sum = 0.0;
    for (int k = 0; k < N; k++) {
        int at = k;
        for (int i = k + 1; i < N; i++)
            if (fabs(a[i][k]) > fabs(a[at][k])) at = i;
        for (int j = 0; at != k && j < N; j++) {
            double kept = a[k][j];
            a[k][j] = a[at][j];
            a[at][j] = kept;
        }
        for (int i = k + 1; i < N; i++)
            for (int j = N - 1; j >= k; j--) a[i][j] -= a[i][k] / a[k][k] * a[k][j];
        sum += log(fabs(a[k][k]));
    }
    return sum;
}

/* The ratios of all pivots multiply to the determinant of the matrix whose rows, and then whose
 * columns, are scaled to 1, whatever units it had; each row gives one. */
START_TEST(pivots_multiply_to_the_determinant) {
    matrix *m = malloc(sizeof *m);
    double ratio[N], *size = malloc(sizeof m->value);
    for (uint64_t seed = 1; seed < 10; seed++) {
        eq_lin *l = NULL;
        int32_t row[N];
        bool taken[N] = {false};
        fill(m, seed, false);
        eq_pattern p = {N, m->start, m->row};
        for (int j = 0; j < N; j++)
            for (int32_t e = m->start[j]; e < m->start[j + 1]; e++) {
                m->value[e] *= pow(10.0, (double)(m->row[e] % 5 - j % 7));
                size[e] = fabs(m->full[m->row[e]][j] = m->value[e]);
            }
        double product = 0.0;
        ck_assert_int_eq(eq_lin_new(EQ_LIN_KLU, &p, &l, NULL), EQ_OK);
        ck_assert_int_eq(eq_lin_factor(l, m->value, NULL, NULL), EQ_OK);
        eq_lin_pivots(l, size, ratio, row);
        for (int j = 0; j < N; j++) {
            product += log(ratio[j]);
            ck_assert(row[j] >= 0 && row[j] < N && !taken[row[j]]);
            taken[row[j]] = true;
        }
        for (int i = 0; i < 2 * N; i++) { /* rows, then columns */
            double most = 0.0;
            for (int j = 0; j < N; j++)
                most = fmax(most, fabs(i < N ? m->full[i][j] : m->full[j][i - N]));
            for (int j = 0; j < N; j++) *(i < N ? &m->full[i][j] : &m->full[j][i - N]) /= most;
        }
        ck_assert_double_eq_tol(product, log_determinant(m->full), 1e-8);
        eq_lin_free(l);
    }
    free(size);
    free(m);
}
END_TEST

/* How many allocations of SuiteSparse, and of realloc alone, still succeed. */
static long allocations;

static void *few_malloc(size_t bytes) {
    return allocations-- > 0 ? malloc(bytes) : NULL;
}

static void *few_calloc(size_t n, size_t size) {
    return allocations-- > 0 ? calloc(n, size) : NULL;
}

static void *few_realloc(void *p, size_t bytes) {
    return allocations-- > 0 ? realloc(p, bytes) : NULL;
}

/* Analysis, factorization and solutions; the first failure. */
static eq_status solve_once(eq_lin_kind kind, const matrix *m, double *x) {
    eq_lin *l = NULL;
    eq_pattern p = {N, m->start, m->row};
    eq_status status = eq_lin_new(kind, &p, &l, NULL);
    if (status != EQ_OK) return status;
    for (int round = 0; status == EQ_OK && round < 2; round++)
        status = eq_lin_factor(l, m->value, m->scale, NULL);
    if (status == EQ_OK) status = eq_lin_solve(l, x);
    eq_lin_free(l);
    return status;
}

/* SuiteSparse or eqspice has no memory left after n allocations: that is said, whatever n is. */
START_TEST(failing_allocations_are_reported) {
    eq_lin_kind kind = (eq_lin_kind)_i;
    matrix *m = malloc(sizeof *m);
    fill(m, 1, true);
    SuiteSparse_config.malloc_func = few_malloc;
    SuiteSparse_config.calloc_func = few_calloc;
    SuiteSparse_config.realloc_func = few_realloc;
    for (int ours = 0; ours < 2; ours++) {
        eq_status status = EQ_ERR_MEMORY;
        double b[N], x[N];
        for (long n = 0; status != EQ_OK; n++) {
            ck_assert_int_lt(n, 1000);
            for (int k = 0; k < N; k++) x[k] = b[k] = cos(k);
            allocations = ours ? LONG_MAX : n;
            if (ours) eq_mem_fail_after(n);
            status = solve_once(kind, m, x);
            eq_mem_fail_after(-1);
            ck_assert(status == EQ_OK || status == EQ_ERR_MEMORY);
        }
        ck_assert_double_lt(defect(m, x, b, false), 1e-10);
    }
    free(m);
}
END_TEST

/* A zero row and column are named, and the same object factors a good matrix afterwards. */
START_TEST(singular_matrices_are_named) {
    eq_lin_kind kind = (eq_lin_kind)_i;
    eq_lin *l = NULL;
    matrix *m = malloc(sizeof *m);
    int32_t column = -1;
    fill(m, 3, true);
    eq_pattern p = {N, m->start, m->row};
    ck_assert_int_eq(eq_lin_new(kind, &p, &l, NULL), EQ_OK);
    double *bad = malloc(sizeof m->value);
    memcpy(bad, m->value, sizeof m->value);
    for (int j = 0; j < N; j++)
        for (int32_t e = m->start[j]; e < m->start[j + 1]; e++)
            if (j == 17 || m->row[e] == 17) bad[e] = 0.0;
    ck_assert_int_eq(eq_lin_factor(l, bad, m->scale, &column), EQ_ERR_SINGULAR);
    ck_assert_int_eq(column, 17);
    ck_assert_int_eq(eq_lin_factor(l, m->value, m->scale, &column), EQ_OK);
    eq_lin_free(l);
    free(bad);
    free(m);
}
END_TEST

/* Of libgomp; its header comes with gcc alone. */
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_num_threads(void);

static void join_team(void *data) {
    int *team = data;
    __atomic_add_fetch(&team[0], 1, __ATOMIC_SEQ_CST);
    team[1] = omp_get_num_threads();
}

/* An OpenMP region inside another: the team there is the outer one's. */
static void open_inner(void *data) {
    eq_openmp_serial(true);
    GOMP_parallel(join_team, data, 2, 0);
    eq_openmp_serial(false);
}

START_TEST(openmp_is_left_alone_but_for_the_thread_that_asks) {
    int team[2] = {0, 0};
    GOMP_parallel(join_team, team, 3, 0);
    ck_assert_int_eq(team[0], 3);
    ck_assert_int_eq(team[1], 3);
    eq_openmp_serial(true);
    GOMP_parallel(join_team, team, 3, 0);
    eq_openmp_serial(false);
    ck_assert_int_eq(team[0], 4);
    ck_assert_int_eq(team[1], 1);
    GOMP_parallel(open_inner, team, 2, 0);
    ck_assert_int_eq(team[0], 6);
    ck_assert_int_eq(team[1], 1);
}
END_TEST

Suite *lin_suite(void) {
    Suite *s = suite_create("lin");
    TCase *t = tcase_create("lin");
    tcase_add_loop_test(t, backends_solve_both_ways, 0, 3);
    tcase_add_loop_test(t, unsymmetric_systems, 0, 2);
    tcase_add_test(t, pivots_multiply_to_the_determinant);
    tcase_add_loop_test(t, failing_allocations_are_reported, 0, 3);
    tcase_add_loop_test(t, singular_matrices_are_named, 0, 3);
    tcase_add_test(t, openmp_is_left_alone_but_for_the_thread_that_asks);
    suite_add_tcase(s, t);
    return s;
}
