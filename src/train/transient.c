/* Theorem 3.1 of Scellier 2020 (Scellier and Bengio 2019) over time. With L_t(theta, s) = C(s_t), the cost
 * where M ds/dt = -dE/ds is the time t after s, and s_t^b the nudged process from the free state s*:
 *
 *   lim (1/b) (dE/dtheta(s_t^b) - dE/dtheta(s*)) = dL_t/dtheta,                 (3.7)
 *   lim (1/b) M ds_t^b/dt                        = -dL_t/ds,                    (3.8)
 *
 * the left sides by nudges of both signs, the right sides by recurrent backpropagation. Both are
 * exact for Euler's method with any step. */
#include "train/transient.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/dynamics.h"
#include "train/gradcheck/gradcheck.h"

/* A nudge moves a unit by `moves`; the error that passes; what is left of dL_t/ds at the end. */
static const double moves = 1e-5, error_bound = 1e-5, rest = 1e-3;
enum { STEPS = 20000, POINTS = 60, CURVES = 4, FIXED = 9 };

typedef struct scan {
    eq_check k;
    const eq_transient_options *o;
    eq_transient *out;
    eq_dynamics d;
    size_t all;               /* n * units */
    double *c, *l, *sum;      /* [all] dC/ds, dL_t/ds, the sum of h M^-1 dL/ds */
    double *m, *z, *spare;    /* [all] work */
    double *s[2], *before[2]; /* [all] the nudged processes at +b and -b, and a step before */
    double *y, *dcdy;         /* [n][outputs] */
    double *left, *right;     /* [parameters] of 3.7 */
    double *most;             /* [all] the largest |dL_t/ds| */
    double *point;            /* a row of the table */
    size_t parameter[CURVES], unit[CURVES], curves;
    double size;    /* the largest right side of 3.7 so far */
    double fastest; /* rate of H M^-1 */
} scan;

static void close_scan(scan *q) {
    double *arrays[] = {q->c,    q->l,     q->sum,       q->m,         q->z, q->spare,
                        q->s[0], q->s[1],  q->before[0], q->before[1], q->y, q->dcdy,
                        q->left, q->right, q->most,      q->point};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) eq_free(arrays[k]);
    eq_check_close(&q->k);
}

static eq_status open_arrays(scan *q) {
    size_t outputs = q->d.n * q->k.s.outputs, p = q->k.truth.parameters;
    struct {
        double **at;
        size_t count;
    } want[] = {{&q->c, q->all},         {&q->l, q->all},
                {&q->sum, q->all},       {&q->m, q->all},
                {&q->z, q->all},         {&q->spare, 3 * q->all},
                {&q->s[0], q->all},      {&q->s[1], q->all},
                {&q->before[0], q->all}, {&q->before[1], q->all},
                {&q->most, q->all},      {&q->y, outputs},
                {&q->dcdy, outputs},     {&q->left, p},
                {&q->right, p},          {&q->point, FIXED + 4 * CURVES}};
    for (size_t k = 0; k < sizeof want / sizeof *want; k++)
        if ((*want[k].at = eq_calloc(want[k].count, sizeof(double))) == NULL)
            return eq_out_of_memory(q->k.diag);
    return EQ_OK;
}

/* dcdy at the outputs of the units s. */
static void slope(scan *q, const double *s) {
    const eq_session *n = &q->k.s;
    q->d.ops->outputs(q->d.self, s, q->y);
    for (size_t j = 0; j < q->d.n; j++)
        eq_cost_gradient(&q->k.x->cost, n->outputs, q->y + j * n->outputs, n->goal[j],
                         q->dcdy + j * n->outputs);
}

static double norm(size_t n, const double *l) {
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) sum = hypot(sum, l[k]);
    return sum;
}

static double largest(size_t n, const double *l) {
    double most = 0.0;
    for (size_t k = 0; k < n; k++) most = fmax(most, fabs(l[k]));
    return most;
}

/* One step of the right side. */
static void step_back(scan *q) {
    double h = q->out->step;
    q->d.ops->propagate(q->d.self, q->l, q->m, q->z);
    for (size_t k = 0; k < q->all; k++) {
        q->sum[k] += h * q->m[k];
        q->l[k] -= h * q->z[k];
    }
}

static void begin_back(scan *q) {
    memcpy(q->l, q->c, q->all * sizeof *q->l);
    memset(q->sum, 0, q->all * sizeof *q->sum);
}

/* dL_t/dtheta of the right side as it stands. */
static eq_status right_side(scan *q, double *out) {
    double a[EQ_MAX_SLOTS] = {[EQ_ADJOINT] = 1.0 / (double)q->d.n};
    eq_status status = eq_dynamics_put(&q->d, EQ_ADJOINT, q->sum, q->k.diag);
    return status == EQ_OK ? eq_network_gradient(q->k.s.model, a, out, q->k.diag) : status;
}

/* The left side of 3.7. */
static eq_status left_side(scan *q, double *out) {
    double half = 0.5 / (q->out->beta * (double)q->d.n),
           a[EQ_MAX_SLOTS] = {[1] = half, [2] = -half};
    eq_status status = eq_dynamics_put(&q->d, 1, q->s[0], q->k.diag);
    if (status == EQ_OK) status = eq_dynamics_put(&q->d, 2, q->s[1], q->k.diag);
    return status == EQ_OK ? eq_network_gradient(q->k.s.model, a, out, q->k.diag) : status;
}

static eq_status not_stable(const scan *q) {
    return eq_fail(q->k.diag, EQ_ERR_CONVERGE,
                   "the dynamics grow with steps of %g: steps above %g do, and all where the free "
                   "state is no stable minimum; leave --step out",
                   q->out->step, 2.0 / q->fastest);
}

/* How far off the adjoint a right side is, relative to it. */
static double off_adjoint(const scan *q, const double *side) {
    const double *truth = q->k.truth.gradient;
    double off = 0.0, size = 0.0;
    for (size_t p = 0; p < q->k.truth.parameters; p++) {
        off = hypot(off, q->k.scale[p] * (side[p] - truth[p]));
        size = hypot(size, q->k.scale[p] * truth[p]);
    }
    return size > 0.0 ? off / size : 0.0;
}

/* The steps of the experiment itself: whether the free ones end in the steady state, on which both sides
 * are built. */
static bool run_free_steps(scan *q) {
    const eq_transient *out = q->out;
    double *s = q->s[0];
    memset(s, 0, q->all * sizeof *s);
    memset(q->dcdy, 0, q->d.n * q->k.s.outputs * sizeof *q->dcdy);
    q->out->unsteady = 0.0;
    for (size_t t = 0; t < out->free_steps; t++)
        if (!q->d.ops->advance(q->d.self, 1.0, q->dcdy, s)) return false;
    q->d.ops->get(q->d.self, q->s[1]);
    for (size_t k = 0; k < q->all; k++)
        q->out->unsteady = fmax(q->out->unsteady, fabs(s[k] - q->s[1][k]));
    return true;
}

/* And how much of the gradient the nudged ones leave out. */
static eq_status run_nudged_steps(scan *q) {
    begin_back(q);
    for (size_t t = 0; t < q->out->nudged_steps; t++) step_back(q);
    eq_status status = right_side(q, q->right);
    q->out->missing = off_adjoint(q, q->right);
    return status;
}

static eq_status run_own_steps(scan *q) {
    const eq_discrete_options *o = &q->k.x->discrete;
    bool cut = o->solver == EQ_DISCRETE_STEPS;
    q->out->in_time = o->layers > 0;
    q->out->missing = q->out->unsteady = NAN;
    q->out->free_steps = cut ? o->free : 0;
    q->out->nudged_steps = cut ? o->nudged : 0;
    if (q->out->free_steps > 0 && !run_free_steps(q)) return not_stable(q);
    return q->out->nudged_steps > 0 ? run_nudged_steps(q) : EQ_OK;
}

/* How long it takes until `rest` is left, which units move most, and the largest displacement. */
static eq_status look_ahead(scan *q, double *reach) {
    size_t most = q->o->steps == 0 ? STEPS : q->o->steps;
    double first = norm(q->all, q->c);
    eq_transient *out = q->out;
    begin_back(q);
    out->left = 1.0;
    while (out->steps < most && first > 0.0 && (q->o->steps > 0 || out->left > rest)) {
        for (size_t k = 0; k < q->all; k++) q->most[k] = fmax(q->most[k], fabs(q->l[k]));
        step_back(q);
        out->steps++;
        out->left = norm(q->all, q->l) / first;
        if (!(out->left < 1e3)) return not_stable(q);
    }
    *reach = largest(q->all, q->sum);
    return right_side(q, q->right);
}

/* The CURVES largest of n values, each of another part of them where there are enough. */
static size_t choose(size_t n, const double *value, const double *scale, size_t *which) {
    size_t count = 0;
    for (size_t c = 0; c < CURVES; c++) {
        size_t best = n;
        for (size_t k = 0; k < n; k++) {
            bool taken = false;
            double of = fabs(value[k]) * (scale == NULL ? 1.0 : scale[k]);
            for (size_t j = 0; j < count; j++) taken = taken || which[j] == k;
            if (taken || !(of > 0.0)) continue;
            if (best == n || of > fabs(value[best]) * (scale == NULL ? 1.0 : scale[best])) best = k;
        }
        if (best < n) which[count++] = best;
    }
    return count;
}

static eq_status variable(scan *q, const char *of, const char *side) {
    eq_text t = {0};
    eq_text_printf(&t, "%s %s", of, side);
    eq_status status = t.failed ? eq_out_of_memory(q->k.diag)
                                : eq_result_variable(q->out->table, t.text, "notype", q->k.diag);
    eq_text_free(&t);
    return status;
}

/* Two columns of a quantity. */
static eq_status both(scan *q, eq_text *of) {
    eq_status status = of->failed ? eq_out_of_memory(q->k.diag) : variable(q, of->text, "eqprop");
    if (status == EQ_OK) status = variable(q, of->text, "rbp");
    eq_text_free(of);
    return status;
}

/* t, both sides of 3.7 and of 3.8 with errors and cosines, then both sides of some parameters and units. */
static eq_status open_table(scan *q, size_t parameters, size_t units) {
    static const char *const fixed[FIXED] = {"t",           "theta_eqprop", "theta_rbp",
                                             "theta_error", "theta_cosine", "s_eqprop",
                                             "s_rbp",       "s_error",      "s_cosine"};
    eq_result *r = q->out->table = eq_result_new(q->k.x->name, "Theorem 3.1");
    eq_status status = r == NULL ? eq_out_of_memory(q->k.diag) : EQ_OK;
    for (int k = 0; status == EQ_OK && k < FIXED; k++)
        status = eq_result_variable(r, fixed[k], "notype", q->k.diag);
    for (size_t c = 0; status == EQ_OK && c < parameters; c++) {
        eq_text of = {0};
        size_t b;
        const eq_block *block = eq_network_block_of(q->k.s.model, q->parameter[c], &b);
        eq_text_printf(&of, "dL/d%s(%s)", block->param,
                       eq_network_name(q->k.s.model, b, q->parameter[c] - block->first));
        status = both(q, &of);
    }
    for (size_t c = 0; status == EQ_OK && c < units; c++) {
        eq_text of = {0}, of_unit = {0};
        q->d.ops->name(q->d.self, q->unit[c] % q->d.units, &of_unit);
        of.failed = of_unit.failed;
        if (!of.failed)
            eq_text_printf(&of, "dL/d%s@%zu", of_unit.text, q->unit[c] / q->d.units + 1);
        eq_text_free(&of_unit);
        status = both(q, &of);
    }
    return status;
}

/* Error relative to the largest right side so far, and cosine, into at[3], at[4]; norms before. */
static void compare(size_t n, const double *scale, const double *left, const double *right,
                    double *size, double *at) {
    double norms[2] = {0.0, 0.0}, off = 0.0, dot = 0.0;
    for (size_t k = 0; k < n; k++) {
        double by = scale == NULL ? 1.0 : scale[k];
        norms[0] = hypot(norms[0], by * left[k]);
        norms[1] = hypot(norms[1], by * right[k]);
        off = hypot(off, by * (left[k] - right[k]));
    }
    for (size_t k = 0; k < n; k++) {
        double by = scale == NULL ? 1.0 : scale[k];
        dot += by * left[k] / norms[0] * (by * right[k] / norms[1]);
    }
    *size = fmax(*size, norms[1]);
    at[0] = norms[0];
    at[1] = norms[1];
    at[2] = *size > 0.0 ? off / *size : off;
    at[3] = norms[0] > 0.0 && norms[1] > 0.0 ? dot : NAN;
}

/* M ds/dt / b by the last step, with the sign of dL_t/ds, into q->z. */
static void state_side(scan *q) {
    double by = -0.5 / (q->out->beta * q->out->step);
    /* d = M^-1 l for l = 1 is 1/M */
    for (size_t k = 0; k < q->all; k++) q->z[k] = 1.0;
    q->d.ops->propagate(q->d.self, q->z, q->m, q->spare);
    for (size_t k = 0; k < q->all; k++)
        q->z[k] = by / q->m[k] * ((q->s[0][k] - q->before[0][k]) - (q->s[1][k] - q->before[1][k]));
}

/* One step of both processes; the point before. */
static eq_status step_forward(scan *q) {
    for (int side = 0; side < 2; side++) {
        memcpy(q->before[side], q->s[side], q->all * sizeof *q->s[side]);
        slope(q, q->s[side]);
        double beta = side == 0 ? q->out->beta : -q->out->beta;
        for (size_t k = 0; k < q->d.n * q->k.s.outputs; k++) q->dcdy[k] *= -beta;
        if (!q->d.ops->advance(q->d.self, q->out->step, q->dcdy, q->s[side]))
            return eq_fail(
                q->k.diag, EQ_ERR_CONVERGE,
                "the process nudged by %g runs away: where it goes something conducts more, and "
                "the step of %g is too long for that; give a smaller --step or --beta",
                beta, q->out->step);
    }
    return EQ_OK;
}

/* The row of step k: 3.7 at its time, 3.8 by the step from there. */
static eq_status add_row(scan *q, size_t k, double *state_size) {
    double *at = q->point;
    *at++ = q->out->step * (double)k;
    eq_status status = left_side(q, q->left);
    if (status == EQ_OK) status = right_side(q, q->right);
    if (status == EQ_OK) status = step_forward(q);
    if (status != EQ_OK) return status;
    state_side(q);
    compare(q->k.truth.parameters, q->k.scale, q->left, q->right, &q->size, at);
    compare(q->all, NULL, q->z, q->l, state_size, at + 4);
    q->out->theta_error = fmax(q->out->theta_error, at[2]);
    q->out->state_error = fmax(q->out->state_error, at[6]);
    at += 8;
    size_t columns = q->out->table->variables - FIXED, units = q->curves;
    for (size_t c = 0; c < columns / 2 - units; c++) {
        *at++ = q->left[q->parameter[c]];
        *at++ = q->right[q->parameter[c]];
    }
    for (size_t c = 0; c < units; c++) {
        *at++ = q->z[q->unit[c]];
        *at++ = q->l[q->unit[c]];
    }
    return eq_result_point(q->out->table, q->point, q->k.diag);
}

/* Rows at times that grow evenly at first and then by a constant factor. */
static eq_status follow(scan *q) {
    double state_size = 0.0, factor = pow((double)q->out->steps + 1.0, 1.0 / POINTS);
    eq_status status = EQ_OK;
    size_t next = 0;
    begin_back(q);
    for (int side = 0; side < 2; side++) q->d.ops->get(q->d.self, q->s[side]);
    for (size_t k = 0; status == EQ_OK && k <= q->out->steps; k++) {
        bool row = k == next || k == q->out->steps;
        status = row ? add_row(q, k, &state_size) : step_forward(q);
        if (row) next = (size_t)fmax((double)k + 1.0, ceil(factor * (double)k));
        if (k < q->out->steps) step_back(q);
    }
    return status;
}

/* The step, the nudge and what is shown. */
static eq_status prepare(scan *q) {
    double fastest = q->fastest = eq_dynamics_fastest(&q->d, q->spare), reach = 0.0;
    eq_transient *out = q->out;
    out->step = !isnan(q->o->step)     ? q->o->step
                : q->d.ops->step > 0.0 ? q->d.ops->step
                : fastest > 0.0        ? 0.5 / fastest
                                       : 1.0;
    q->d.ops->get(q->d.self, q->s[0]);
    slope(q, q->s[0]);
    q->d.ops->slopes(q->d.self, q->dcdy, q->c);
    eq_status status = run_own_steps(q);
    if (status == EQ_OK) status = look_ahead(q, &reach);
    if (status != EQ_OK) return status;
    out->given = !isnan(q->o->beta);
    out->beta = out->given ? q->o->beta : reach > 0.0 ? moves / reach : 1.0;
    out->to_adjoint = off_adjoint(q, q->right);
    /* the errors are told relative to the end from the beginning on */
    for (size_t p = 0; p < q->k.truth.parameters; p++)
        q->size = hypot(q->size, q->k.scale[p] * q->right[p]);
    size_t shown = choose(q->k.truth.parameters, q->right, q->k.scale, q->parameter);
    q->curves = choose(q->all, q->most, NULL, q->unit);
    return open_table(q, shown, q->curves);
}

/* What a readout learns from is no part of the state, and of neither side. */
static void leave_out_readout(scan *q) {
    const eq_network *n = q->k.s.model;
    size_t blocks = eq_network_blocks(n);
    for (size_t b = blocks - (q->k.x->discrete.readout ? 2 : 0); b < blocks; b++)
        for (size_t p = 0; p < eq_network_block(n, b)->count; p++)
            q->k.scale[eq_network_block(n, b)->first + p] = 0.0;
}

static eq_status run(scan *q) {
    eq_session *s = &q->k.s;
    leave_out_readout(q);
    eq_exact_loosen(&q->k.truth, 1.0);
    eq_status status =
        eq_session_free_phase(s, s->set.train, s->set.train_index, q->k.truth.n, q->k.diag);
    if (status == EQ_OK)
        status = eq_dynamics_open(s->model, q->k.truth.n, q->o->farad, &q->d, q->k.diag);
    q->all = q->d.n * q->d.units;
    if (status == EQ_OK) status = open_arrays(q);
    if (status == EQ_OK) status = prepare(q);
    if (status == EQ_OK) status = follow(q);
    q->out->examples = q->d.n;
    q->out->parameters = q->k.truth.parameters;
    q->out->units = q->d.units;
    q->out->bound = error_bound;
    q->out->passed = q->out->theta_error <= error_bound && q->out->state_error <= error_bound;
    return status;
}

eq_transient_options eq_transient_defaults(void) {
    return (eq_transient_options){.step = NAN, .beta = NAN, .farad = NAN};
}

static eq_status check_options(const eq_transient_options *o, eq_diag *diag) {
    const struct {
        const char *name;
        double value;
    } all[] = {{"step", o->step}, {"beta", o->beta}, {"capacitance", o->farad}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (!isnan(all[k].value) && !(all[k].value > 0.0 && isfinite(all[k].value)))
            return eq_fail(diag, EQ_ERR_USAGE, "--%s %g is not positive; give a number above 0",
                           all[k].name, all[k].value);
    return EQ_OK;
}

eq_status eq_transient_check(const eq_experiment *x, eq_network *trained,
                             const eq_transient_options *o, eq_transient *out, eq_diag *diag) {
    scan q = {.k = {.x = x, .s.model = trained, .diag = diag}, .o = o, .out = out};
    eq_engine_kind kind = eq_experiment_has_circuit(x) ? EQ_ENGINE_SPARSE : EQ_ENGINE_AUTO;
    *out = (eq_transient){.table = NULL};
    if (trained != NULL) q.k.s.c = eq_network_circuit(trained);
    eq_status status = check_options(o, diag);
    if (status == EQ_OK) status = eq_check_open(&q.k, kind, o->examples);
    if (status == EQ_OK) status = run(&q);
    close_scan(&q);
    if (status != EQ_OK) eq_transient_free(out);
    return status;
}

void eq_transient_free(eq_transient *t) {
    eq_result_free(t->table);
    *t = (eq_transient){.table = NULL};
}
