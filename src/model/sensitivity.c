#include "model/sensitivity.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/mismatch.h"
#include "solver/switches.h"

void eq_sensitivity_close(eq_sensitivity *s) {
    double *all[] = {s->value,  s->gradient, s->start, s->v,    s->dcdv,
                     s->branch, s->dcdi,     s->y,     s->dcdy, s->work};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++) eq_free(all[j]);
    eq_free(s->handle);
    eq_adjoint_free(s->back);
    eq_solver_free(s->solver);
    *s = (eq_sensitivity){0};
}

/* The scenes set it. */
static bool is_input(const eq_sensitivity *s, eq_element e) {
    for (size_t i = 0; s->scenes.x != NULL && i < s->c->inputs; i++)
        if (s->c->input[i] == e) return true;
    return false;
}

/* Those of the circuit, or those that are wanted; into s->handle where that is there. */
static size_t take_handles(const eq_sensitivity *s) {
    size_t n = 0, wants = s->scenes.wants;
    for (size_t k = 0; s->handle != NULL && k < wants; k++) s->handle[k] = s->scenes.wanted[k];
    if (wants > 0) return wants;
    for (eq_handle_walk w = {0}; eq_handle_next(s->c, &w);) {
        if (isnan(eq_handle_get(s->c, w.handle)) || is_input(s, w.handle.element)) continue;
        if (s->handle != NULL) s->handle[n] = w.handle;
        n++;
    }
    return n;
}

static eq_status make_room(eq_sensitivity *s, eq_diag *diag) {
    const eq_formula *f = s->scenes.formula;
    size_t outputs = f == NULL ? s->scenes.outputs : f->inputs;
    struct {
        double **at;
        size_t count, each;
    } all[] = {{&s->value, 1, s->params},
               {&s->gradient, 1, s->params},
               {&s->start, s->scenes.n, s->nodes},
               {&s->v, 1, s->nodes},
               {&s->dcdv, 1, s->nodes},
               {&s->branch, 1, eq_solver_branches(s->solver)},
               {&s->dcdi, 1, eq_solver_branches(s->solver)},
               {&s->y, 1, outputs},
               {&s->dcdy, 1, outputs},
               {&s->work, 1, f == NULL ? 0 : eq_formula_work(f)}};
    s->handle = eq_calloc(s->params, sizeof *s->handle);
    bool whole = s->handle != NULL;
    for (size_t j = 0; whole && j < sizeof all / sizeof *all; j++) {
        *all[j].at = eq_calloc(all[j].count, all[j].each * sizeof **all[j].at);
        whole = *all[j].at != NULL;
    }
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

/* The outputs y, or what the formula is of. */
static void take_outputs(eq_sensitivity *s) {
    const eq_scenes *q = &s->scenes;
    for (size_t k = 0; q->formula == NULL && k < q->outputs; k++)
        s->y[k] = s->v[q->output[k].plus] -
                  (q->output[k].minus == EQ_NONE ? 0.0 : s->v[q->output[k].minus]);
    for (size_t k = 0; q->formula != NULL && k < q->formula->inputs; k++) {
        const eq_formula_input *in = &q->formula->input[k];
        s->y[k] = in->kind == EQ_INPUT_CURRENT
                      ? eq_solver_current(s->solver, in->branch, s->v, s->branch)
                      : s->v[in->plus] - s->v[in->minus];
    }
}

/* dC/dv and dC/di. */
static void take_slopes(eq_sensitivity *s, size_t j) {
    const eq_scenes *q = &s->scenes;
    memset(s->dcdv, 0, s->nodes * sizeof *s->dcdv);
    memset(s->dcdi, 0, eq_solver_branches(s->solver) * sizeof *s->dcdi);
    if (q->formula == NULL)
        q->gradient(q->data, j, s->y, s->dcdy);
    else
        eq_formula_evaluate(q->formula, s->y, s->dcdy, s->work);
    for (size_t k = 0; q->formula == NULL && k < q->outputs; k++) {
        s->dcdv[q->output[k].plus] += s->dcdy[k];
        if (q->output[k].minus != EQ_NONE) s->dcdv[q->output[k].minus] -= s->dcdy[k];
    }
    if (q->formula != NULL) eq_adjoint_add_slopes(s->solver, q->formula, s->dcdy, s->dcdv, s->dcdi);
    s->dcdv[EQ_GROUND] = 0.0;
}

/* The state of scene j in v, from that in start; y and its cost. */
static eq_status solve(eq_sensitivity *s, size_t j, double *cost, eq_diag *diag) {
    const eq_scenes *q = &s->scenes;
    eq_circuit *c = s->c;
    for (size_t i = 0; q->x != NULL && i < c->inputs; i++)
        *eq_circuit_source(c, c->input[i]) = q->x[j * c->inputs + i];
    eq_switches_release(c);
    eq_solver_refresh(s->solver);
    memcpy(s->v, s->start + j * s->nodes, s->nodes * sizeof *s->v);
    eq_status status = eq_switches_solve(c, s->solver, &s->options, s->v, s->branch, NULL, diag);
    if (status != EQ_OK) return status;
    take_outputs(s);
    *cost = q->formula == NULL ? q->value(q->data, j, s->y)
                               : eq_formula_evaluate(q->formula, s->y, NULL, s->work);
    return EQ_OK;
}

/* Adds dC/dw of the scene just solved. */
static eq_status add_gradient(eq_sensitivity *s, size_t j, eq_diag *diag) {
    const eq_scenes *q = &s->scenes;
    take_slopes(s, j);
    eq_status status =
        q->formula == NULL
            ? eq_adjoint_solve(s->back, s->v, s->branch, s->dcdv, diag)
            : eq_adjoint_solve_currents(s->back, s->v, s->branch, s->dcdv, s->dcdi, diag);
    if (status != EQ_OK) return status;
    eq_adjoint_sources(s->back, s->dcdv);
    for (size_t p = 0; p < s->params; p++)
        s->gradient[p] +=
            eq_adjoint_gradient(s->back, s->handle[p], s->v, s->branch) / (double)q->n;
    return EQ_OK;
}

static eq_status solve_all(eq_sensitivity *s, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t j = 0; status == EQ_OK && j < s->scenes.n; j++) {
        double cost;
        status = solve(s, j, &cost, diag);
        if (status != EQ_OK) return status;
        s->mean += cost / (double)s->scenes.n;
        memcpy(s->start + j * s->nodes, s->v, s->nodes * sizeof *s->v);
        status = add_gradient(s, j, diag);
    }
    return status;
}

static double drop(void *data, size_t j, const double *y) {
    (void)data;
    (void)j;
    return y[0];
}

static void drop_slope(void *data, size_t j, const double *y, double *dcdy) {
    (void)data;
    (void)j;
    (void)y;
    dcdy[0] = 1.0;
}

eq_scenes eq_scenes_of(const eq_output *output) {
    return (eq_scenes){
        .output = output, .outputs = 1, .n = 1, .value = drop, .gradient = drop_slope};
}

eq_status eq_sensitivity_open(eq_sensitivity *s, eq_circuit *c, const eq_scenes *scenes,
                              eq_diag *diag) {
    *s = (eq_sensitivity){.c = c, .scenes = *scenes, .nodes = eq_circuit_nodes(c)};
    s->options = eq_solve_defaults(c);
    s->params = take_handles(s);
    eq_status status = eq_solver_new(c, &s->solver, diag);
    if (status == EQ_OK) status = eq_adjoint_new(s->solver, &s->back, diag);
    if (status == EQ_OK) status = make_room(s, diag);
    if (status != EQ_OK) return status;
    take_handles(s);
    for (size_t p = 0; p < s->params; p++) s->value[p] = eq_handle_get(c, s->handle[p]);
    return solve_all(s, diag);
}

double eq_sensitivity_deviation(const eq_sensitivity *s, double sigma) {
    double sum = 0.0;
    for (size_t p = 0; p < s->params; p++) {
        double one = s->value[p] * s->gradient[p];
        sum += one * one;
    }
    return sigma * sqrt(sum);
}

static void put_values(eq_sensitivity *s) {
    for (size_t p = 0; p < s->params; p++) eq_handle_put(s->c, s->handle[p], s->value[p]);
}

/* A chip: every parameter off by its own draw. */
static void draw_values(eq_sensitivity *s, double sigma, uint64_t chip) {
    const eq_spread spread = {.sigma = sigma};
    for (size_t p = 0; p < s->params; p++)
        eq_handle_put(s->c, s->handle[p],
                      eq_deviate(&spread, s->c, s->handle[p], s->value[p], chip));
}

/* The mean cost of a chip. */
static eq_status cost_of(eq_sensitivity *s, double *mean) {
    eq_diag *own = eq_diag_new(); /* why a chip has no operating point is not told */
    eq_status status = own == NULL ? EQ_ERR_MEMORY : EQ_OK;
    *mean = 0.0;
    for (size_t j = 0; status == EQ_OK && j < s->scenes.n; j++) {
        double cost = 0.0;
        status = solve(s, j, &cost, own);
        *mean += cost / (double)s->scenes.n;
    }
    bool lost = status == EQ_OK && eq_diag_errors(own) > 0; /* a message that found no memory */
    eq_diag_free(own);
    return lost ? EQ_ERR_MEMORY : status;
}

/* Mean and deviation by Welford's recurrence. */
eq_status eq_sensitivity_draw(eq_sensitivity *s, double sigma, size_t draws, uint64_t seed,
                              eq_draws *out, eq_diag *diag) {
    eq_status status = EQ_OK;
    double square = 0.0;
    *out = (eq_draws){0};
    for (size_t k = 0; status == EQ_OK && k < draws; k++) {
        double cost;
        draw_values(s, sigma, (seed << 32) + k);
        eq_status solved = cost_of(s, &cost);
        if (solved == EQ_ERR_MEMORY) status = eq_out_of_memory(diag);
        if (solved != EQ_OK) {
            out->failed++;
            continue;
        }
        double off = cost - out->mean;
        out->mean += off / (double)++out->drawn;
        square += off * (cost - out->mean);
    }
    out->deviation = out->drawn > 1 ? sqrt(square / (double)(out->drawn - 1)) : NAN;
    put_values(s);
    return status;
}
