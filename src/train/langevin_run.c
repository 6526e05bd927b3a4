/* `eqspice langevin`: the process of one example, its moments, and what half the step makes of them. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "train/langevin_run.h"
#include "train/session.h"

/* A mean or a deviation that half the step moves by more of its standard errors is told. */
static const double most_errors = 5.0;
/* A chance of less is no chance. */
static const double least_chance = 1e-4;
enum { LOOKS = 16, FIXED = 3 }; /* t, e, cost before the units */

static eq_status open_table(const eq_langevin *l, const char *name, eq_result **out,
                            eq_diag *diag) {
    static const char *const fixed[FIXED] = {"time", "e", "cost"};
    eq_result *r = *out = eq_result_new(name, "Langevin dynamics");
    eq_status status = r == NULL ? eq_out_of_memory(diag) : EQ_OK;
    for (int k = 0; status == EQ_OK && k < FIXED; k++)
        status = eq_result_variable(r, fixed[k], "notype", diag);
    for (size_t k = 0; status == EQ_OK && k < l->d.units; k++) {
        eq_text t = {0};
        l->d.ops->name(l->d.self, k, &t);
        status = t.failed ? eq_out_of_memory(diag) : eq_result_variable(r, t.text, "notype", diag);
        eq_text_free(&t);
    }
    return status;
}

static eq_status record(eq_langevin *l, eq_session *s, double time, const double *state,
                        double *row, eq_result *r, eq_diag *diag) {
    double size;
    row[0] = time;
    eq_status status = eq_dynamics_put(&l->d, 1, state, diag);
    if (status == EQ_OK)
        status = eq_network_energies(s->model, 1, 1, s->input, &row[1], &size, diag);
    l->d.ops->outputs(l->d.self, state, l->y);
    row[2] = eq_cost_value(l->cost, l->outputs, l->y, l->goal[0]);
    memcpy(row + FIXED, state, l->all * sizeof *row);
    return status == EQ_OK ? eq_result_point(r, row, diag) : status;
}

static size_t steps_of_record(const eq_langevin_options *o) {
    return (o->steps + o->records - 1) / o->records;
}

/* The trajectory behind the first tenth. */
static eq_status follow(eq_langevin *l, eq_session *s, const eq_langevin_options *o, eq_result *r,
                        eq_diag *diag) {
    size_t burn = o->steps / 10, all = burn + o->steps;
    size_t every = steps_of_record(o), looks = all / LOOKS + 1;
    eq_langevin_process p = {.s = NULL};
    double *row = eq_calloc(l->all + FIXED, sizeof *row);
    eq_status status = row == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_langevin_begin(l, o->beta, &p, diag);
    for (size_t t = 1; status == EQ_OK && t <= all; t++) {
        eq_langevin_draw(l, t);
        status = eq_langevin_step(l, &p, diag);
        if (status == EQ_OK && t % looks == 0) status = eq_langevin_look(l, &p, diag);
        if (status == EQ_OK && t > burn && (t - burn) % every == 0)
            status = record(l, s, l->step * (double)(t - burn), p.s, row, r, diag);
    }
    eq_langevin_end(&p);
    eq_free(row);
    return status;
}

static eq_status moments_of(const eq_result *r, eq_moments **out, eq_diag *diag) {
    eq_moments *m = *out = eq_calloc(r->variables, sizeof *m);
    if (m == NULL) return eq_out_of_memory(diag);
    eq_status status = EQ_OK;
    for (size_t k = 1; status == EQ_OK && k < r->variables; k++)
        status = eq_moments_of(r->value + k, r->points, r->variables, &m[k], diag);
    return status;
}

static double apart(double a, double b, double error_a, double error_b) {
    double error = hypot(error_a, error_b);
    return error > 0.0 ? fabs(a - b) / error : 0.0;
}

/* One process from the free state: its trajectory and the moments of that. */
static eq_status sample(eq_session *s, const eq_langevin_options *o, uint64_t draw, eq_langevin *l,
                        eq_result **table, eq_moments **moment, eq_diag *diag) {
    const eq_sampling process = {.temperature = o->temperature, .step = o->step, .farad = o->farad};
    eq_status status =
        eq_session_free_phase(s, s->set.train, s->set.train_index + o->example - 1, 1, diag);
    if (status == EQ_OK)
        status = eq_langevin_open(l, s->model, 1, &s->x->cost, s->goal, &process,
                                  eq_draw_of(s->x->seed, draw).at, diag);
    if (status == EQ_OK) status = open_table(l, s->x->name, table, diag);
    if (status == EQ_OK) status = follow(l, s, o, *table, diag);
    if (status == EQ_OK) status = moments_of(*table, moment, diag);
    return status;
}

/* The same time again in twice as many steps, of other noise; *grows: they are too long. */
static eq_status halve(eq_session *s, const eq_langevin_options *o, eq_langevin_report *out,
                       bool *grows, eq_diag *diag) {
    eq_langevin_options half = *o;
    eq_langevin l = {.step = NAN};
    eq_result *r = NULL;
    eq_moments *m = NULL;
    half.step = 0.5 * out->step;
    half.steps = 2 * o->steps;
    eq_status status = sample(s, &half, 1, &l, &r, &m, diag);
    for (size_t k = 1; status == EQ_OK && k < r->variables; k++) {
        const eq_moments *a = &out->moment[k], *b = &m[k];
        out->halved = fmax(out->halved, apart(a->mean, b->mean, a->mean_error, b->mean_error));
        out->halved = fmax(
            out->halved, apart(a->deviation, b->deviation, a->deviation_error, b->deviation_error));
    }
    *grows = l.grows;
    eq_free(m);
    eq_result_free(r);
    eq_langevin_close(&l);
    return status;
}

/* The histogram of each unit, and of few units the density it is to have. */
static eq_status spread(eq_langevin *l, eq_session *s, const eq_langevin_options *o,
                        eq_langevin_report *out, eq_diag *diag) {
    const eq_contrast nudged = {.processes = 1, .beta = {o->beta}, .weight = {1.0}};
    eq_boltzmann b = {.e = NULL};
    eq_status status = EQ_OK;
    out->units = l->d.units;
    out->quadrature = out->units > 0 && out->units <= EQ_BOLTZMANN_UNITS;
    out->least_chance = least_chance;
    out->histogram = eq_calloc(out->units, sizeof *out->histogram);
    if (out->histogram == NULL) return eq_out_of_memory(diag);
    if (out->quadrature) status = eq_boltzmann_open(&b, l, s->input, &nudged, diag);
    out->quadrature = out->quadrature && !b.coarse;
    for (size_t k = 0; status == EQ_OK && k < out->units; k++) {
        status = eq_histogram_of(out->table, FIXED + k, out->moment[FIXED + k].effective,
                                 out->quadrature ? &b : NULL, o->beta, k, &out->histogram[k], diag);
        if (out->histogram[k].p < least_chance) out->unlikely = k + 1;
    }
    eq_boltzmann_close(&b);
    return status;
}

/* Everything with one step; *grows: it is too long. */
static eq_status attempt(eq_session *s, const eq_langevin_options *o, eq_langevin_report *out,
                         bool *grows, eq_diag *diag) {
    eq_langevin l = {.step = NAN};
    eq_status status = sample(s, o, 0, &l, &out->table, &out->moment, diag);
    out->step = l.step;
    out->fastest = l.fastest;
    out->temperature = o->temperature;
    out->steps = o->steps;
    out->each = steps_of_record(o);
    *grows = l.grows;
    if (status == EQ_OK) status = spread(&l, s, o, out, diag);
    eq_langevin_close(&l);
    if (status == EQ_OK) status = halve(s, o, out, grows, diag);
    out->bound = most_errors;
    out->lived = out->fastest > 0.0 ? out->step * (double)o->steps * out->fastest : NAN;
    out->passed = out->halved <= most_errors && out->unlikely == 0 && !(out->lived < 1.0);
    return status;
}

/* A step that the user leaves to us becomes a quarter until the process stays where it is stable. */
static eq_status run(eq_session *s, const eq_langevin_options *o, eq_langevin_report *out,
                     eq_diag *diag) {
    enum { TRIES = 20 };
    eq_langevin_options with = *o;
    if (o->example > s->set.train_count)
        return eq_fail(diag, EQ_ERR_USAGE, "there is no example %zu; the training set has %zu",
                       o->example, s->set.train_count);
    for (int k = 1;; k++) {
        bool grows = false;
        eq_diag *said = eq_diag_new();
        if (said == NULL) return eq_out_of_memory(diag);
        eq_status status = attempt(s, &with, out, &grows, said);
        bool again = grows && isnan(o->step) && k < TRIES;
        if (!again) eq_diag_pass_on(said, status, diag);
        eq_diag_free(said);
        if (!again) out->row = (size_t)s->set.train_index[o->example - 1] + 1;
        if (!again) return status;
        with.step = 0.25 * out->step;
        eq_langevin_report_free(out);
    }
}

eq_langevin_options eq_langevin_defaults(void) {
    return (eq_langevin_options){.temperature = NAN,
                                 .step = NAN,
                                 .farad = NAN,
                                 .steps = 100000,
                                 .example = 1,
                                 .records = 10000};
}

static eq_status check_options(const eq_langevin_options *o, eq_diag *diag) {
    const struct {
        const char *name;
        double value;
    } all[] = {{"temperature", o->temperature}, {"step", o->step}, {"capacitance", o->farad}};
    if (isnan(o->temperature))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "Langevin dynamics need a temperature; give --temperature T in the unit of "
                       "the energy (of circuits W)");
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (!isnan(all[k].value) && !(all[k].value > 0.0 && isfinite(all[k].value)))
            return eq_fail(diag, EQ_ERR_USAGE, "--%s %g is not positive; give a number above 0",
                           all[k].name, all[k].value);
    if (!isfinite(o->beta))
        return eq_fail(diag, EQ_ERR_USAGE, "--beta %g is no nudge; give a finite number", o->beta);
    if (o->steps < 100)
        return eq_fail(diag, EQ_ERR_USAGE, "--steps %zu are too few for moments; give 100 or more",
                       o->steps);
    return o->example > 0 ? EQ_OK
                          : eq_fail(diag, EQ_ERR_USAGE, "--example counts from 1; give 1 or more");
}

eq_status eq_langevin_run(const eq_experiment *x, eq_network *trained, const eq_langevin_options *o,
                          eq_langevin_report *out, eq_diag *diag) {
    eq_session s = {.x = x, .model = trained};
    bool circuit = eq_experiment_has_circuit(x);
    eq_engine_options e = {circuit ? EQ_ENGINE_SPARSE : EQ_ENGINE_AUTO, 1, 1};
    *out = (eq_langevin_report){.table = NULL};
    if (trained != NULL) s.c = eq_network_circuit(trained);
    eq_status status = check_options(o, diag);
    if (status == EQ_OK) status = eq_session_open(&s, &e, diag);
    const eq_sampling process = {.temperature = o->temperature, .step = o->step};
    if (status == EQ_OK) eq_langevin_warn_of_step(s.model, &process, diag);
    if (status == EQ_OK) status = run(&s, o, out, diag);
    eq_session_close(&s);
    if (status != EQ_OK) eq_langevin_report_free(out);
    return status;
}

void eq_langevin_report_free(eq_langevin_report *r) {
    eq_result_free(r->table);
    eq_free(r->moment);
    eq_free(r->histogram);
    *r = (eq_langevin_report){.table = NULL};
}
