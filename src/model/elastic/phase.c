/* The states of an elastic network: Newton's method on the energy, with the Hessian shifted until it is positive
 * definite, steps no longer than half a spring, and a line search; where it comes to a saddle it goes on along the
 * mode that falls. What it ends at has a positive definite Hessian. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/elastic/net.h"

double eq_elastic_direction(const eq_elastic *e, const double *q, size_t k, double *unit) {
    const double *a = q + (size_t)e->spring[k].from * e->dims,
                 *b = q + (size_t)e->spring[k].to * e->dims;
    double r = 0.0;
    for (size_t i = 0; i < e->dims; i++) r = hypot(r, b[i] - a[i]);
    for (size_t i = 0; i < e->dims; i++) unit[i] = (b[i] - a[i]) / fmax(r, DBL_MIN);
    return r;
}

/* Displacement of coordinate c. */
static double displacement(const eq_elastic *e, const double *q, int32_t c) {
    return q[c] - e->rest[(size_t)c / e->dims][(size_t)c % e->dims];
}

static double at_output(const eq_elastic *e, const double *q, size_t k) {
    return displacement(e, q, e->output[k]);
}

/* -current y + (y - at)^T S (y - at)/2. */
static double nudge_energy(const eq_elastic *e, size_t j, const double *q, const eq_nudge *nudge) {
    size_t m = e->outputs;
    double sum = 0.0;
    for (size_t k = 0; nudge != NULL && k < m; k++) {
        double y = at_output(e, q, k);
        sum -= nudge->current[j * m + k] * y;
        for (size_t i = 0; nudge->slope != NULL && i < m; i++)
            sum += 0.5 * nudge->slope[(j * m + k) * m + i] * (y - nudge->at[j * m + k]) *
                   (at_output(e, q, i) - nudge->at[j * m + i]);
    }
    return sum;
}

double eq_elastic_energy(const eq_elastic *e, const double *x, const double *q, double *size) {
    double sum = 0.0, all = 0.0, unit[3];
    for (size_t k = 0; k < e->springs; k++) {
        double over = eq_elastic_direction(e, q, k, unit) - e->l[k];
        sum += 0.5 * e->k[k] * over * over;
        all += 0.5 * e->k[k] * over * over;
    }
    for (size_t c = 0; c < eq_elastic_coordinates(e); c++) {
        double work = e->load[c / e->dims][c % e->dims] * displacement(e, q, (int32_t)c);
        sum -= work;
        all += fabs(work);
    }
    for (size_t k = 0; !e->o.displaced && k < e->inputs; k++) {
        double work = x[k] * displacement(e, q, e->input[k]);
        sum -= work;
        all += fabs(work);
    }
    *size = all;
    return sum;
}

/* That of example j with a nudge. */
static double nudged_energy(const eq_elastic *e, size_t j, const double *q, const eq_nudge *nudge,
                            double *size) {
    double nudged = nudge_energy(e, j, q, nudge);
    double sum = eq_elastic_energy(e, e->x + j * e->inputs, q, size);
    *size += fabs(nudged);
    return sum + nudged;
}

static void add_force(eq_elastic *e, int32_t coordinate, double force) {
    int32_t u = e->unknown[coordinate];
    if (u != EQ_ELASTIC_HELD) e->g[u] -= force;
}

static void add_curve(eq_elastic *e, int32_t a, int32_t b, double value) {
    int32_t u = e->unknown[a], v = e->unknown[b];
    if (u != EQ_ELASTIC_HELD && v != EQ_ELASTIC_HELD)
        e->hessian[(size_t)u * e->unknowns + (size_t)v] += value;
}

/* k (n n^T + (1 - l/r) (1 - n n^T)) between the ends of a spring, and its pull k (r - l) n. */
static void add_spring(eq_elastic *e, const double *q, size_t k) {
    double n[3], r = eq_elastic_direction(e, q, k, n), slack = 1.0 - e->l[k] / fmax(r, DBL_MIN);
    int32_t d = (int32_t)e->dims, a = e->spring[k].from * d, b = e->spring[k].to * d;
    for (int32_t i = 0; i < d; i++) {
        double pull = e->k[k] * (r - e->l[k]) * n[i];
        add_force(e, a + i, pull);
        add_force(e, b + i, -pull);
        for (int32_t j = 0; j < d; j++) {
            double curve = e->k[k] * (n[i] * n[j] + slack * ((i == j) - n[i] * n[j]));
            add_curve(e, a + i, a + j, curve);
            add_curve(e, b + i, b + j, curve);
            add_curve(e, a + i, b + j, -curve);
            add_curve(e, b + i, a + j, -curve);
        }
    }
}

static void add_nudge(eq_elastic *e, size_t j, const double *q, const eq_nudge *nudge) {
    size_t m = e->outputs;
    for (size_t k = 0; nudge != NULL && k < m; k++) {
        double force = nudge->current[j * m + k];
        for (size_t i = 0; nudge->slope != NULL && i < m; i++) {
            double slope = nudge->slope[(j * m + k) * m + i];
            force -= slope * (at_output(e, q, i) - nudge->at[j * m + i]);
            add_curve(e, e->output[k], e->output[i], slope);
        }
        add_force(e, e->output[k], force);
    }
}

void eq_elastic_assemble(eq_elastic *e, size_t j, const double *q, const eq_nudge *nudge) {
    memset(e->hessian, 0, e->unknowns * e->unknowns * sizeof *e->hessian);
    memset(e->g, 0, e->unknowns * sizeof *e->g);
    for (size_t k = 0; k < e->springs; k++) add_spring(e, q, k);
    for (size_t c = 0; c < eq_elastic_coordinates(e); c++)
        add_force(e, (int32_t)c, e->load[c / e->dims][c % e->dims]);
    for (size_t k = 0; !e->o.displaced && k < e->inputs; k++)
        add_force(e, e->input[k], e->x[j * e->inputs + k]);
    add_nudge(e, j, q, nudge);
}

/* What the forces of a node are measured by: the largest k l of the springs there, so that what is soft rests as well
 * as what is stiff beside it. */
static void measure_forces(eq_elastic *e) {
    double most = 0.0;
    memset(e->force, 0, e->unknowns * sizeof *e->force);
    for (size_t k = 0; k < e->springs; k++) {
        const size_t end[2] = {(size_t)e->spring[k].from, (size_t)e->spring[k].to};
        double pull = e->k[k] * e->l[k];
        most = fmax(most, pull);
        for (size_t i = 0; i < 2 * e->dims; i++) {
            int32_t u = e->unknown[end[i / e->dims] * e->dims + i % e->dims];
            if (u != EQ_ELASTIC_HELD) e->force[u] = fmax(e->force[u], pull);
        }
    }
    for (size_t u = 0; u < e->unknowns; u++)
        if (e->force[u] == 0.0) e->force[u] = most; /* no spring ends there */
}

/* The largest entry of the diagonal of the Hessian, the largest stiffness of a spring. */
static double stiffest(const eq_elastic *e) {
    double most = 0.0;
    for (size_t u = 0; u < e->unknowns; u++)
        most = fmax(most, fabs(e->hessian[u * e->unknowns + u]));
    return most;
}

static double stiffest_spring(const eq_elastic *e) {
    double most = 0.0;
    for (size_t k = 0; k < e->springs; k++) most = fmax(most, e->k[k]);
    return most;
}

static double mean_length(const eq_elastic *e) {
    double sum = 0.0;
    for (size_t k = 0; k < e->springs; k++) sum += e->l[k];
    return sum / (double)e->springs;
}

static size_t largest(const double *v, size_t n) {
    size_t at = 0;
    for (size_t k = 1; k < n; k++)
        if (!(fabs(v[k]) <= fabs(v[at]))) at = k;
    return at;
}

/* Factors H + shift; false: it is not positive definite, as a diagonal or a pivot that is not shows (an L D L^T
 * exists of others too). */
static bool factor(eq_elastic *e, double shift) {
    size_t n = e->unknowns;
    memcpy(e->shifted, e->hessian, n * n * sizeof *e->shifted);
    for (size_t u = 0; u < n; u++) {
        e->shifted[u * n + u] += shift;
        if (!(e->shifted[u * n + u] > 0.0)) return false;
    }
    if (eq_lin_factor(e->lin, e->shifted, e->ones, NULL) != EQ_OK) return false;
    eq_lin_pivots(e->lin, e->shifted, e->pivot, e->pivot_row);
    for (size_t u = 0; u < n; u++)
        if (!(e->pivot[u] > 0.0)) return false;
    return true;
}

/* The least shift of a rising series that makes it so; NAN: none does. */
static double factor_shifted(eq_elastic *e) {
    double shift = 0.0, first = 1e-6 * stiffest(e);
    for (int k = 0; k < 40; k++) {
        if (factor(e, shift)) return shift;
        shift = shift == 0.0 ? fmax(first, DBL_MIN) : 4.0 * shift;
    }
    return NAN;
}

/* The mode of the least eigenvalue by inverse iteration on the factored H + shift, and that eigenvalue. */
static eq_status least_mode(eq_elastic *e, double *value) {
    size_t n = e->unknowns;
    for (size_t u = 0; u < n; u++) e->mode[u] = 1.0 + 0.5 * sin(3.0 * (double)(u + 1));
    for (int k = 0; k < 12; k++) {
        double size = 0.0;
        if (eq_lin_solve(e->lin, e->mode) != EQ_OK) return EQ_ERR_SINGULAR;
        for (size_t u = 0; u < n; u++) size = hypot(size, e->mode[u]);
        for (size_t u = 0; u < n; u++) e->mode[u] /= size;
    }
    *value = 0.0;
    for (size_t u = 0; u < n; u++)
        for (size_t v = 0; v < n; v++) *value += e->mode[u] * e->hessian[u * n + v] * e->mode[v];
    return EQ_OK;
}

static const char *node_of(const eq_elastic *e, size_t unknown) {
    return eq_names_get(e->name, e->coordinate[unknown] / (int32_t)e->dims);
}

/* Whether the stationary state is a stable one; at a saddle *falls and q is moved along the mode that falls. */
static eq_status judge(eq_elastic *e, size_t j, double *q, bool *falls, eq_diag *diag) {
    static const double floppy = 1e-10; /* of the stiffest spring, whatever a clamp is */
    double value = NAN;
    *falls = false;
    if (isnan(factor_shifted(e)) || least_mode(e, &value) != EQ_OK || !isfinite(value))
        return eq_fail(diag, EQ_ERR_SINGULAR,
                       "the stiffness of the network is no number at example %zu of the minibatch; "
                       "look at its springs",
                       j + 1);
    size_t at = largest(e->mode, e->unknowns);
    if (fabs(value) <= floppy * stiffest_spring(e))
        return eq_fail(
            diag, EQ_ERR_SINGULAR,
            "the network is a mechanism: node '%s' (and what moves with it) can move "
            "without a spring that resists, at example %zu of the minibatch; add springs "
            "or fix nodes",
            node_of(e, at), j + 1);
    if (value > 0.0) return EQ_OK;
    double by = 0.05 * mean_length(e) / fabs(e->mode[at]);
    for (size_t u = 0; u < e->unknowns; u++) q[e->coordinate[u]] += by * e->mode[u];
    *falls = true;
    return EQ_OK;
}

/* q + t step, into trial; its energy. */
static double energy_along(eq_elastic *e, size_t j, const double *q, double t,
                           const eq_nudge *nudge) {
    memcpy(e->trial, q, eq_elastic_coordinates(e) * sizeof *q);
    for (size_t u = 0; u < e->unknowns; u++) e->trial[e->coordinate[u]] += t * e->step[u];
    double size;
    return nudged_energy(e, j, e->trial, nudge, &size);
}

/* One step of Newton's method with a line search; steps whose gain is round-off are taken whole. */
static bool newton(eq_elastic *e, size_t j, double *q, const eq_nudge *nudge) {
    double size, now = nudged_energy(e, j, q, nudge, &size), falls = 0.0, t = 1.0;
    if (isnan(factor_shifted(e))) return false;
    for (size_t u = 0; u < e->unknowns; u++) e->step[u] = -e->g[u];
    if (eq_lin_solve(e->lin, e->step) != EQ_OK) return false;
    double longest = fabs(e->step[largest(e->step, e->unknowns)]), most = 0.5 * mean_length(e);
    for (size_t u = 0; u < e->unknowns; u++) {
        if (longest > most) e->step[u] *= most / longest;
        falls += e->g[u] * e->step[u];
    }
    bool fine = fabs(falls) <= 1e-10 * size;
    while (!(energy_along(e, j, q, t, nudge) <= now + 1e-4 * t * falls) && !fine && t > 1e-12)
        t *= 0.5;
    memcpy(q, e->trial, eq_elastic_coordinates(e) * sizeof *q);
    return true;
}

/* Leaves in e->step what the force at each unknown is too much, as a part of what forces there are measured by: of a nudge
 * as stiff as one that holds an output the round-off of where the nodes are is none. */
static void excess(eq_elastic *e, size_t j, const double *q, const eq_nudge *nudge) {
    size_t m = e->outputs;
    double eps = 4.0 * DBL_EPSILON * fabs(q[largest(q, eq_elastic_coordinates(e))]);
    for (size_t u = 0; u < e->unknowns; u++) e->step[u] = fabs(e->g[u]);
    for (size_t k = 0; nudge != NULL && nudge->slope != NULL && k < m; k++) {
        int32_t u = e->unknown[e->output[k]];
        for (size_t i = 0; u != EQ_ELASTIC_HELD && i < m; i++)
            e->step[u] -= eps * fabs(nudge->slope[(j * m + k) * m + i]);
    }
    for (size_t u = 0; u < e->unknowns; u++) e->step[u] = fmax(0.0, e->step[u]) / e->force[u];
}

/* The first spring whose ends, of which one is free, lie at the same place: it has no direction to push in, and never
 * rests there. The number of springs: none does. */
static size_t collapsed(const eq_elastic *e, const double *q) {
    static const double none = 1e-12; /* of the mean length */
    double unit[3], least = none * mean_length(e);
    for (size_t k = 0; k < e->springs; k++) {
        bool free_ = false;
        for (size_t i = 0; i < e->dims; i++)
            free_ |= e->unknown[(size_t)e->spring[k].from * e->dims + i] != EQ_ELASTIC_HELD ||
                     e->unknown[(size_t)e->spring[k].to * e->dims + i] != EQ_ELASTIC_HELD;
        if (free_ && !(eq_elastic_direction(e, q, k, unit) > least)) return k;
    }
    return e->springs;
}

static eq_status unsettled(const eq_elastic *e, size_t j, const double *q, size_t at, double off,
                           double far, eq_diag *diag) {
    size_t k = collapsed(e, q);
    if (k < e->springs)
        return eq_fail(
            diag, EQ_ERR_CONVERGE,
            "the spring from '%.40s' to '%.40s' has no length left at example %zu of the "
            "minibatch, so that it has no direction to push in; make inputs smaller, or "
            "move its nodes",
            eq_names_get(e->name, e->spring[k].from), eq_names_get(e->name, e->spring[k].to),
            j + 1);
    if (off <= e->o.tolerance)
        return eq_fail(
            diag, EQ_ERR_CONVERGE,
            "no stable equilibrium is found for example %zu of the minibatch: the forces are "
            "within the tolerance, but nodes may still move by %.3g of the mean length; raise "
            "steps, or lower forces, beta or learning rates",
            j + 1, far);
    return eq_fail(
        diag, EQ_ERR_CONVERGE,
        "no stable equilibrium is found for example %zu of the minibatch: node '%.40s' still "
        "feels %.3g of the largest k l there, more than tolerance=%g; raise steps, or lower "
        "forces, beta or learning rates",
        j + 1, node_of(e, at), off, e->o.tolerance);
}

/* Takes Newton's step from a stable state with what `judge` has factored where it leads next to nowhere; *far: how far it leads, of the
 * mean length. Forces within the tolerance do not tell: soft springs beside stiff ones give way to what is nothing to those. */
static bool rests(eq_elastic *e, double *q, double *far) {
    static const double next = 1e-6;
    for (size_t u = 0; u < e->unknowns; u++) e->step[u] = -e->g[u];
    if (eq_lin_solve(e->lin, e->step) != EQ_OK) return false;
    *far = fabs(e->step[largest(e->step, e->unknowns)]) / mean_length(e);
    for (size_t u = 0; *far <= next && u < e->unknowns; u++) q[e->coordinate[u]] += e->step[u];
    return *far <= next;
}

static eq_status settle(eq_elastic *e, size_t j, double *q, const eq_nudge *nudge, eq_diag *diag) {
    double off = INFINITY, far = NAN;
    size_t at = 0;
    for (size_t step = 0; step < e->o.steps; step++, e->iterations++) {
        bool falls = false;
        eq_elastic_assemble(e, j, q, nudge);
        excess(e, j, q, nudge);
        at = largest(e->step, e->unknowns);
        off = e->step[at];
        if (!isfinite(off)) break;
        if (off <= e->o.tolerance) {
            eq_status status = judge(e, j, q, &falls, diag);
            if (status != EQ_OK) return status;
            if (falls) continue;
            if (rests(e, q, &far)) {
                e->worst = fmax(e->worst, off / e->o.tolerance);
                return EQ_OK;
            }
        }
        if (!newton(e, j, q, nudge)) break;
    }
    return unsettled(e, j, q, at, off, far, diag);
}

eq_status eq_elastic_settle(eq_elastic *e, int slot, const eq_nudge *nudge, eq_diag *diag) {
    eq_status status = EQ_OK;
    measure_forces(e);
    for (size_t j = 0; status == EQ_OK && j < e->n; j++, e->solves++)
        status = settle(e, j, e->q[slot] + j * eq_elastic_coordinates(e), nudge, diag);
    return status;
}

eq_status eq_elastic_adjoint(eq_elastic *e, const double *dcdy, eq_diag *diag) {
    size_t c = eq_elastic_coordinates(e);
    for (size_t j = 0; j < e->n; j++) {
        double *lambda = e->q[EQ_ADJOINT] + j * c;
        eq_elastic_assemble(e, j, e->q[0] + j * c, NULL);
        memset(e->step, 0, e->unknowns * sizeof *e->step);
        memset(lambda, 0, c * sizeof *lambda);
        for (size_t k = 0; k < e->outputs; k++)
            e->step[e->unknown[e->output[k]]] += dcdy[j * e->outputs + k];
        if (!factor(e, 0.0) || eq_lin_solve(e->lin, e->step) != EQ_OK)
            return eq_fail(diag, EQ_ERR_SINGULAR,
                           "the state of example %zu of the minibatch is no stable equilibrium",
                           j + 1);
        for (size_t u = 0; u < e->unknowns; u++) lambda[e->coordinate[u]] = e->step[u];
    }
    return EQ_OK;
}
