#include "base/mem.h"
#include "model/network.h"

/* v[count][nodes] of a slot, with what the inputs x hold. */
static eq_status states(eq_network *n, int slot, size_t count, const double *x, double *v,
                        eq_diag *diag) {
    eq_status status = eq_engine_potentials(n->engine, slot, v, diag);
    if (status != EQ_OK || n->of.ops->complete == NULL) return status;
    return n->of.ops->complete(n->of.self, count, x, v, diag);
}

/* l = -(v(beta) - v(-beta))/(2 beta); room[count][nodes]. */
static eq_status by_phases(eq_network *n, size_t count, const double *x, const double *dcdy,
                           double beta, double *l, double *room, eq_diag *diag) {
    size_t outputs = count * n->of.outputs, all = count * n->of.nodes;
    double *current = eq_calloc(count, n->of.outputs * sizeof *current);
    eq_status status = current == NULL ? eq_out_of_memory(diag) : EQ_OK;
    for (int slot = 1; status == EQ_OK && slot <= 2; slot++) {
        eq_nudge nudge = {.current = current};
        for (size_t k = 0; k < outputs; k++) current[k] = (slot == 1 ? -beta : beta) * dcdy[k];
        status = eq_network_nudged_phase(n, slot, &nudge, NULL, diag);
        if (status == EQ_OK) status = states(n, slot, count, x, slot == 1 ? l : room, diag);
    }
    for (size_t k = 0; status == EQ_OK && k < all; k++) l[k] = (room[k] - l[k]) / (2.0 * beta);
    eq_free(current);
    return status;
}

/* A circuit solves its own adjoint. */
static eq_status by_adjoint(eq_network *n, const double *dcdy, bool unrolled, double *l,
                            eq_diag *diag) {
    if (n->of.circuit != NULL) return EQ_OK;
    eq_status status = unrolled ? eq_network_unrolled_phase(n, dcdy, diag)
                                : eq_network_adjoint_phase(n, dcdy, diag);
    return status == EQ_OK ? eq_engine_potentials(n->engine, EQ_ADJOINT, l, diag) : status;
}

eq_status eq_network_input_gradient(eq_network *n, size_t count, const double *x,
                                    const double *dcdy, double beta, bool unrolled, double *dldx,
                                    eq_diag *diag) {
    size_t all = count * n->of.nodes;
    bool solve = !(beta > 0.0) && n->of.circuit != NULL;
    if (n->of.ops->input_gradient == NULL)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the engine '%s' gives no gradients by the inputs; circuits and Hopfield "
                       "networks have them",
                       eq_network_about(n).name);
    double *v = eq_calloc(count, 3 * n->of.nodes * sizeof *v);
    if (v == NULL) return eq_out_of_memory(diag);
    eq_status status = states(n, 0, count, x, v, diag);
    if (status == EQ_OK)
        status = beta > 0.0 ? by_phases(n, count, x, dcdy, beta, v + all, v + 2 * all, diag)
                            : by_adjoint(n, dcdy, unrolled, v + all, diag);
    if (status == EQ_OK)
        status = n->of.ops->input_gradient(n->of.self, count, x, v, solve ? NULL : v + all, dcdy,
                                           dldx, diag);
    eq_free(v);
    return status;
}
