/* KINSOL (SUNDIALS 6): inexact line search on |r| with KLU, on the same system. Where it fails from
 * the given start, the sources are raised step by step. */
#include <kinsol/kinsol.h>
#include <math.h>
#include <nvector/nvector_serial.h>
#include <string.h>
#include <sundials/sundials_context.h>
#include <sunlinsol/sunlinsol_klu.h>
#include <sunmatrix/sunmatrix_sparse.h>

#include "base/mem.h"
#include "solver/newton.h"

typedef struct engine {
    eq_newton *w;
    SUNContext context;
    void *memory; /* KINSOL's; set only once KINInit has succeeded */
    N_Vector x, ones, f_scale;
    SUNMatrix a;
    SUNLinearSolver lin;
} engine;

/* F(x) = r(x); a value that is not finite is recoverable: the line search shortens its step. */
static int residual(N_Vector x, N_Vector f, void *user) {
    eq_newton *w = ((engine *)user)->w;
    return eq_system_residual(w->s, N_VGetArrayPointer(x), N_VGetArrayPointer(f), NULL) ? 0 : 1;
}

static int jacobian(N_Vector x, N_Vector f, SUNMatrix a, void *user, N_Vector t1, N_Vector t2) {
    eq_newton *w = ((engine *)user)->w;
    (void)f;
    (void)t1;
    (void)t2;
    eq_system_jacobian(w->s, N_VGetArrayPointer(x));
    w->factorizations++;
    /* SUNMatZero clears the pattern, so it is written every time. */
    sunindextype *start = SUNSparseMatrix_IndexPointers(a), *row = SUNSparseMatrix_IndexValues(a);
    for (size_t k = 0; k <= w->s->n; k++) start[k] = w->s->start[k];
    for (size_t k = 0; k < w->s->entries; k++) row[k] = w->s->row[k];
    memcpy(SUNSparseMatrix_Data(a), w->s->value, w->s->entries * sizeof(double));
    return 0;
}

static void quiet(int code, const char *module, const char *function, char *text, void *user) {
    (void)code;
    (void)module;
    (void)function;
    eq_newton_log(((engine *)user)->w, "  kinsol: %s", text);
}

/* All of them take NULL but the last. */
static void close_engine(engine *e) {
    KINFree(&e->memory);
    SUNLinSolFree(e->lin);
    SUNMatDestroy(e->a);
    N_VDestroy(e->x);
    N_VDestroy(e->ones);
    N_VDestroy(e->f_scale);
    if (e->context != NULL) /* LCOV_EXCL_LINE: SUNDIALS out of memory, where it may crash itself */
        SUNContext_Free(&e->context);
}

/* LCOV_EXCL_START: fails when SUNDIALS is out of memory, where it may crash itself (testing.md) */
static bool open_vectors(engine *e) {
    sunindextype n = (sunindextype)e->w->s->n;
    if (SUNContext_Create(NULL, &e->context) != 0) return false;
    e->x = N_VNew_Serial(n, e->context);
    e->ones = N_VNew_Serial(n, e->context);
    e->f_scale = N_VNew_Serial(n, e->context);
    e->a = SUNSparseMatrix(n, n, (sunindextype)e->w->s->entries, CSC_MAT, e->context);
    if (e->x == NULL || e->ones == NULL || e->f_scale == NULL || e->a == NULL) return false;
    N_VConst(1.0, e->ones);
    N_VConst(1.0, e->f_scale);
    e->lin = SUNLinSol_KLU(e->x, e->a, e->context);
    return e->lin != NULL;
}

/* KINFree must not see memory that KINInit has not filled; such memory is left to the context's
 * end. */
static bool open_engine(engine *e) {
    if (!open_vectors(e)) return false;
    void *memory = KINCreate(e->context);
    if (memory == NULL || KINInit(memory, residual, e->x) != KIN_SUCCESS) return false;
    e->memory = memory;
    return KINSetErrHandlerFn(memory, quiet, e) == KIN_SUCCESS &&
           KINSetUserData(memory, e) == KIN_SUCCESS &&
           KINSetLinearSolver(memory, e->lin, e->a) == KIN_SUCCESS &&
           KINSetJacFn(memory, jacobian) == KIN_SUCCESS &&
           KINSetMaxSetupCalls(memory, 1) == KIN_SUCCESS &&
           KINSetNumMaxIters(memory, e->w->options->max_iterations) == KIN_SUCCESS &&
           KINSetScaledStepTol(memory, 1e-16) == KIN_SUCCESS &&
           KINSetMaxNewtonStep(memory, 1e12) == KIN_SUCCESS;
}
/* LCOV_EXCL_STOP */

/* Scales F by the KCL bounds at x, so that its max-norm is the ratio that the bound asks about. */
static double scale_by_bounds(engine *e, const double *x) {
    eq_newton *w = e->w;
    double ratio = eq_newton_evaluate(w, x), *scale = N_VGetArrayPointer(e->f_scale);
    for (size_t k = 0; k < w->s->n; k++) scale[k] = 1.0 / eq_kcl_bound(w->options, w->magnitude[k]);
    return ratio;
}

/* One system: diode nodes are solved alone first (eliminate.h), so that the search starts at finite
 * currents; then KINSol with the bounds at its start, and again with those at its end until they
 * hold. */
static eq_status settle(engine *e, double *x) {
    enum { ROUNDS = 4 };
    double enough = 1e-3;
    eq_eliminate(e->w->eliminator, x);
    double ratio = scale_by_bounds(e, x);
    if (!isfinite(ratio)) return EQ_ERR_CONVERGE;
    for (int round = 0; round < ROUNDS && ratio > enough; round++) {
        long steps = 0;
        memcpy(N_VGetArrayPointer(e->x), x, e->w->s->n * sizeof *x);
        KINSetFuncNormTol(e->memory, enough);
        int flag = KINSol(e->memory, e->x, KIN_LINESEARCH, e->ones, e->f_scale);
        KINGetNumNonlinSolvIters(e->memory, &steps);
        e->w->iterations += (int)steps;
        if (flag == KIN_MEM_FAIL) return eq_out_of_memory(e->w->diag);
        double next =
            eq_newton_ratio(e->w, N_VGetArrayPointer(e->x), e->w->trial_r, e->w->trial_magnitude);
        eq_newton_log(e->w, "  kinsol: flag %d after %ld steps, residual %.3g of its bound", flag,
                      steps, next);
        if (!(next < ratio)) break;
        memcpy(x, N_VGetArrayPointer(e->x), e->w->s->n * sizeof *x);
        ratio = scale_by_bounds(e, x);
    }
    return ratio <= 1.0 ? EQ_OK : EQ_ERR_CONVERGE;
}

static eq_status settle_point(void *data, double *x) {
    return settle(data, x);
}

static eq_status raise_sources(engine *e, double *x) {
    eq_source_path path = {0.25, 100, settle_point, e, e->w->spare};
    return eq_newton_raise_sources(e->w, x, &path);
}

/* The engine's work in the order in which it is tried; `from` says where the line search starts. */
typedef eq_status (*attempt)(engine *e, double *x);

static eq_status from_start(engine *e, double *x) {
    return settle(e, x);
}

/* Where junctions are let go the currents are finite, and a line search on |r| can begin. */
static eq_status from_junctions(engine *e, double *x) {
    eq_status status = eq_newton_limited(e->w, x, true);
    return status == EQ_OK ? settle(e, x) : status;
}

static const struct {
    const char *plain, *polished; /* polished: KINSOL's test ended above the accuracy that the
                                     engines agree on, and Newton steps finished it */
    attempt solve;
} attempts[] = {
    {"line search", "line search, newton polish", from_start},
    {"line search from limited junctions", "line search from limited junctions, newton polish",
     from_junctions},
    {"source stepping", "source stepping, newton polish", raise_sources},
};
enum { ATTEMPTS = sizeof attempts / sizeof *attempts, SEARCHES = 2 };

static eq_status attempt_all(engine *e, double *x, const char **rung, int most) {
    eq_newton *w = e->w;
    eq_status status = EQ_ERR_CONVERGE;
    double *start = eq_malloc(w->s->n, sizeof *start);
    if (start == NULL) return eq_out_of_memory(w->diag);
    memcpy(start, x, w->s->n * sizeof *start);
    for (int k = 0; k < most; k++) {
        bool again = status == EQ_ERR_CONVERGE || status == EQ_ERR_SINGULAR;
        if (!again || (k > 0 && w->s->nonlinear == 0)) break;
        memcpy(x, start, w->s->n * sizeof *x);
        eq_newton_log(w, "  kinsol %s", attempts[k].plain);
        status = attempts[k].solve(e, x);
        int before = w->iterations;
        if (status == EQ_OK) eq_newton_polish(w, x, eq_newton_evaluate(w, x));
        *rung = w->iterations == before ? attempts[k].plain : attempts[k].polished;
    }
    eq_free(start);
    return status;
}

static eq_status run(eq_newton *w, double *x, const char **rung, int most) {
    engine e = {.w = w};
    *rung = attempts[0].plain;
    if (w->s->n == 0) return EQ_OK;
    eq_status status = open_engine(&e) ? attempt_all(&e, x, rung, most) : eq_out_of_memory(w->diag);
    close_engine(&e);
    /* KINSOL does not tell a singular matrix from a failed search; a factorization does. */
    return status == EQ_ERR_CONVERGE ? eq_newton_failure(w, x) : status;
}

eq_status eq_kinsol_line_search(eq_newton *w, double *x) {
    const char *how;
    return run(w, x, &how, SEARCHES);
}

eq_status eq_kinsol_solve(eq_newton *w, double *x, const char **rung) {
    return run(w, x, rung, ATTEMPTS);
}
