/* The exact gradient of a model that is made of no circuit: by the adjoint phase of its own engine,
 * which is held against differences of the loss, and to which the phases of estimates do not owe
 * anything. */
#include <float.h>
#include <math.h>

#include "base/mem.h"
#include "model/exact_doubt.h"
#include "model/network.h"

eq_status eq_plain_open(eq_exact *e, eq_diag *diag) {
    struct {
        double **at;
        size_t count, each;
    } all[] = {{&e->start, e->n, e->nodes},      {&e->dcdy, e->n, e->outputs},
               {&e->y, e->n, e->outputs},        {&e->gradient, 1, e->parameters},
               {&e->doubt, 1, e->parameters},    {&e->round[0], 1, e->parameters},
               {&e->round[1], 1, e->parameters}, {&e->round[2], 1, e->parameters},
               {&e->one, 1, e->parameters},      {&e->still, e->n, e->outputs}};
    bool whole = true;
    for (size_t j = 0; whole && j < sizeof all / sizeof *all; j++) {
        *all[j].at = eq_calloc(all[j].count, all[j].each * sizeof **all[j].at);
        whole = *all[j].at != NULL;
    }
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

/* The adjoint of the examples, whose largest entry is what a nudge of 1 moves a unit by. */
eq_status eq_plain_measure(eq_exact *e, eq_diag *diag) {
    size_t m = e->outputs;
    eq_status status = eq_network_free_phase(e->model, e->n, e->x, e->y, diag);
    if (status != EQ_OK) return status;
    for (size_t j = 0; j < e->n; j++)
        e->cost.gradient(e->cost.data, j, e->y + j * m, e->dcdy + j * m);
    status = eq_network_adjoint_phase(e->model, e->dcdy, diag);
    if (status == EQ_OK)
        status = eq_engine_potentials(e->model->engine, EQ_ADJOINT, e->start, diag);
    if (status != EQ_OK) return status;
    e->reach = eq_exact_largest(e->start, e->n * e->nodes);
    e->push = eq_exact_largest(e->dcdy, e->n * m);
    return EQ_OK;
}

void eq_plain_loosen(eq_exact *e, double loose) {
    eq_network_tolerate(e->model, loose * e->options.reltol);
    eq_network_load(e->model);
}

eq_status eq_plain_states(eq_exact *e, eq_diag *diag) {
    return eq_network_free_phase(e->model, e->n, e->x, e->y, diag);
}

/* A state is known to about the residual and round-off times what the network makes of a push, and
 * its units lie in [0, 1]: so is dE/dw, a product of two. */
eq_status eq_plain_gradient(eq_exact *e, eq_diag *diag) {
    double a[EQ_MAX_SLOTS] = {[EQ_ADJOINT] = 1.0 / (double)e->n};
    eq_status status = eq_plain_measure(e, diag);
    if (status == EQ_OK) status = eq_network_gradient(e->model, a, e->gradient, diag);
    if (status != EQ_OK) return status;
    double gain = e->push > 0.0 ? fmax(1.0, e->reach / e->push) : 1.0;
    double size = fmax(1.0, eq_exact_largest(e->x, e->n * eq_network_inputs(e->model)));
    double open = 8.0 * gain * size * (e->options.reltol + 4.0 * DBL_EPSILON);
    for (size_t p = 0; p < e->parameters; p++) {
        e->round[0][p] = open;
        e->round[1][p] = open * e->reach;
        e->doubt[p] = open * fmax(e->reach, e->push) * gain;
    }
    e->loss_doubt = open * fmax(1.0, e->push) * (double)e->outputs;
    return EQ_OK;
}

/* The block of parameter p, and its values with that one changed. */
void eq_plain_put(eq_exact *e, size_t p, double value) {
    size_t b = 0;
    while (p >= eq_network_block(e->model, b)->first + eq_network_block(e->model, b)->count) b++;
    eq_network_get(e->model, b, e->one);
    e->one[p - eq_network_block(e->model, b)->first] = value;
    eq_network_put(e->model, b, e->one);
    eq_network_load(e->model);
}

/* Into slot 1, by a nudge of nothing. */
eq_status eq_plain_hold(eq_exact *e, eq_diag *diag) {
    const eq_nudge still = {.current = e->still};
    e->held = eq_engine_follows(e->model->engine);
    if (!e->held) return EQ_OK;
    eq_status status = eq_plain_states(e, diag);
    return status == EQ_OK ? eq_network_nudged_phase(e->model, 1, &still, NULL, diag) : status;
}

static double mean_cost(const eq_exact *e) {
    double sum = 0.0;
    for (size_t j = 0; j < e->n; j++)
        sum += e->cost.value(e->cost.data, j, e->y + j * e->outputs) / (double)e->n;
    return sum;
}

/* From where they were held; a phase that begins at zero may come to others. */
eq_status eq_plain_loss(eq_exact *e, double *mean, eq_diag *diag) {
    eq_status status = eq_plain_states(e, diag);
    if (status == EQ_OK) *mean = mean_cost(e);
    if (status != EQ_OK || !e->held) return status;
    double anew = *mean;
    status = eq_engine_follow(e->model->engine, e->y, diag);
    if (status != EQ_OK) return status;
    *mean = mean_cost(e);
    e->losses++;
    if (fabs(*mean - anew) > 1e3 * e->loss_doubt) e->strayed++;
    return EQ_OK;
}
