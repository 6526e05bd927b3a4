#include "model/dynamics.h"

#include <math.h>
#include <string.h>

#include "base/comm.h"
#include "base/mem.h"
#include "model/engine_ops.h"
#include "model/network.h"

eq_status eq_dynamics_open(eq_network *model, size_t n, double farad, eq_dynamics *out,
                           eq_diag *diag) {
    *out = (eq_dynamics){.model = model, .n = n};
    out->ops = eq_engine_dynamics(model->engine, &out->self);
    if (out->ops == NULL)
        return eq_fail(
            diag, EQ_ERR_USAGE,
            "the engine '%s' follows no gradient dynamics; of a circuit the sparse one does",
            eq_network_about(model).name);
    eq_status status = out->ops->open(out->self, farad, diag);
    if (status == EQ_OK) out->units = out->ops->units(out->self);
    return status;
}

eq_status eq_dynamics_put(const eq_dynamics *d, int slot, const double *s, eq_diag *diag) {
    eq_status status = d->ops->put(d->self, slot, s, diag);
    if (status == EQ_OK) eq_engine_keep(d->model->engine, 1u << slot);
    return status;
}

/* The norm over all examples, those of other ranks as well. */
static double norm(size_t n, const double *l) {
    double square = 0.0;
    for (size_t k = 0; k < n; k++) square += l[k] * l[k];
    eq_comm_sum(&square, 1);
    return sqrt(square);
}

double eq_dynamics_fastest(const eq_dynamics *d, double *work) {
    enum { ROUNDS = 60 };
    size_t all = d->n * d->units;
    double *l = work, *m = work + all, *z = m + all, rate = 0.0;
    for (size_t k = 0; k < all; k++) l[k] = 1.0 + 0.5 * sin((double)k); /* in no mode's way */
    for (int round = 0; round < ROUNDS; round++) {
        double size = norm(all, l), before = rate;
        if (!(size > 0.0)) break;
        for (size_t k = 0; k < all; k++) l[k] /= size;
        d->ops->propagate(d->self, l, m, z);
        rate = norm(all, z);
        if (fabs(rate - before) <= 1e-3 * rate) break;
        memcpy(l, z, all * sizeof *l);
    }
    return rate;
}

/* The sum of h M^-1 l over the steps from l = dC/ds on, in which l is what is still missing of
 * H (sum) = dC/ds. */
static eq_status iterate(const eq_dynamics *d, double tolerance, size_t steps, double *work,
                         eq_diag *diag) {
    static const size_t most = 10000000;
    size_t all = d->n * d->units, taken = 0;
    double *l = work, *sum = l + all, *m = sum + all, *z = m + all;
    double size = norm(all, l), left = size, h = eq_dynamics_fastest(d, sum);
    h = h > 0.0 ? 1.0 / h : 0.0;
    memset(sum, 0, all * sizeof *sum);
    for (; taken < (steps > 0 ? steps : most) && left > tolerance * size; taken++) {
        d->ops->propagate(d->self, l, m, z);
        for (size_t k = 0; k < all; k++) {
            sum[k] += h * m[k];
            l[k] -= h * z[k];
        }
        left = norm(all, l);
        if (!(left <= 1e6 * size)) break;
    }
    if (left <= tolerance * size || (steps > 0 && left <= size)) return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_CONVERGE,
        "recurrent backpropagation does not settle: after %zu steps %.3g of the error is "
        "left; the free state is no stable minimum, or its slowest mode is far slower than "
        "its fastest: type=\"adjoint\" solves the same equations at once",
        taken, left / size);
}

eq_status eq_dynamics_backpropagate(eq_network *model, size_t n, const double *dcdy,
                                    double tolerance, size_t steps, eq_diag *diag) {
    eq_dynamics d;
    eq_status status = eq_comm_agree(eq_dynamics_open(model, n, 1.0, &d, diag));
    if (status != EQ_OK) return status;
    double *work = eq_calloc(d.n * d.units, 4 * sizeof *work);
    status = eq_comm_agree(work == NULL ? eq_out_of_memory(diag) : EQ_OK);
    if (status == EQ_OK) {
        d.ops->slopes(d.self, dcdy, work);
        status = iterate(&d, tolerance, steps, work, diag);
    }
    if (status == EQ_OK) status = eq_dynamics_put(&d, EQ_ADJOINT, work + d.n * d.units, diag);
    eq_free(work);
    return eq_comm_agree(status);
}
