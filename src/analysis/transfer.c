/* .tf and .sens: derivatives of an output at the operating point, by the adjoint (ngspice manual,
 * ".TF" and ".SENS"; Director and Rohrer 1969): one factored Jacobian for all parameters. */
#include <math.h>
#include <string.h>

#include "analysis/pass.h"
#include "base/mem.h"
#include "base/text.h"
#include "solver/adjoint.h"

/* The adjoint of a cost C(v, i), and dC/dv, dC/di that it is of. */
typedef struct derivative {
    eq_pass *w;
    eq_adjoint *a;
    double *dcdv, *dcdi; /* [nodes], [branches] */
} derivative;

static void derivative_free(derivative *d) {
    eq_adjoint_free(d->a);
    eq_free(d->dcdv);
    eq_free(d->dcdi);
}

static eq_status derivative_new(eq_pass *w, derivative *d) {
    *d = (derivative){.w = w};
    d->dcdv = eq_calloc(w->nodes, sizeof *d->dcdv);
    d->dcdi = eq_calloc(w->branches, sizeof *d->dcdi);
    if (d->dcdv == NULL || d->dcdi == NULL) return eq_out_of_memory(w->diag);
    return eq_adjoint_new(w->s, &d->a, w->diag);
}

static eq_status solve(derivative *d) {
    const eq_pass *w = d->w;
    d->dcdv[EQ_GROUND] = 0.0;
    eq_status status = eq_adjoint_solve_currents(d->a, w->v, w->branch, d->dcdv, d->dcdi, w->diag);
    if (status == EQ_OK) eq_adjoint_sources(d->a, d->dcdv);
    return status;
}

/* Takes C for the output of the analysis. */
static eq_status of_output(derivative *d) {
    const eq_formula *f = eq_pass_analysis(d->w)->output;
    double *slope = eq_calloc(f->inputs, sizeof *slope);
    if (slope == NULL) return eq_out_of_memory(d->w->diag);
    eq_probe_slopes(&d->w->probe, f, slope);
    eq_adjoint_add_slopes(d->w->s, f, slope, d->dcdv, d->dcdi);
    eq_free(slope);
    return solve(d);
}

/* Takes C for what a source sees: the current of a voltage source, the drop over a current
 * source. */
static eq_status of_source(derivative *d, eq_element e) {
    const eq_pass *w = d->w;
    eq_row at = w->d->circuit->row[e];
    const eq_table *t = &w->d->circuit->table[at.cls];
    int b = eq_solver_branch_of(w->s, e);
    memset(d->dcdv, 0, w->nodes * sizeof *d->dcdv);
    memset(d->dcdi, 0, w->branches * sizeof *d->dcdi);
    if (b >= 0) {
        d->dcdi[b] = 1.0;
    } else {
        d->dcdv[t->term[0][at.row]] += 1.0;
        d->dcdv[t->term[1][at.row]] -= 1.0;
    }
    return solve(d);
}

static double by(const derivative *d, eq_handle h) {
    return eq_adjoint_gradient(d->a, h, d->w->v, d->w->branch);
}

/* The resistance that a source sees: of dj/de or du/di; ngspice's is at most 1e20 ohm. */
static double resistance(const derivative *d, eq_element e) {
    double slope = by(d, (eq_handle){e, 0});
    bool voltage = eq_solver_branch_of(d->w->s, e) >= 0;
    if (!voltage) return -slope;
    return slope == 0.0 ? INFINITY : -1.0 / slope;
}

static void one_point(eq_pass *w, const eq_analysis *a) {
    (void)a;
    w->sweeps = 0;
}

static void prepare_tf(eq_pass *w, const eq_analysis *a) {
    one_point(w, a);
    w->derivatives = 3;
}

static const char *output_name(const eq_pass *w) {
    return eq_names_get(w->d->label, eq_pass_analysis(w)->label);
}

static eq_status add_variable(eq_pass *w, eq_text *name) {
    eq_status status = name->failed ? eq_out_of_memory(w->diag)
                                    : eq_result_variable(w->r, name->text, "notype", w->diag);
    eq_text_free(name);
    return status;
}

/* The names that ngspice gives them. */
static eq_status columns_tf(eq_pass *w) {
    const eq_analysis *a = eq_pass_analysis(w);
    eq_text out = {0}, in = {0};
    eq_status status = eq_result_variable(w->r, "transfer_function", "notype", w->diag);
    const eq_formula *f = a->output;
    bool current = f->inputs == 1 && f->input[0].kind == EQ_INPUT_CURRENT;
    if (current)
        eq_text_printf(&out, "%s#output_impedance",
                       eq_circuit_element_name(w->d->circuit, f->input[0].branch));
    else
        eq_text_printf(&out, "output_impedance_at_%s", output_name(w));
    eq_text_printf(&in, "%s#input_impedance", eq_circuit_element_name(w->d->circuit, a->source));
    if (status == EQ_OK)
        status = add_variable(w, &out);
    else
        eq_text_free(&out);
    if (status == EQ_OK)
        status = add_variable(w, &in);
    else
        eq_text_free(&in);
    return status;
}

/* A current into node n changes the output by lambda[n]. */
static eq_status row_tf(eq_pass *w, double *row) {
    const eq_analysis *a = eq_pass_analysis(w);
    const eq_formula_input *in = &a->output->input[0];
    derivative d;
    eq_status status = derivative_new(w, &d);
    if (status == EQ_OK) status = of_output(&d);
    if (status == EQ_OK) {
        row[0] = by(&d, (eq_handle){a->source, 0});
        row[1] = in->kind == EQ_INPUT_CURRENT ? resistance(&d, in->branch)
                                              : d.a->lambda[in->plus] - d.a->lambda[in->minus];
        status = of_source(&d, a->source);
    }
    if (status == EQ_OK) row[2] = resistance(&d, a->source);
    derivative_free(&d);
    return status;
}

/* Calls `each` for the parameters that .sens gives, in the order of the deck. */
static eq_status each_parameter(eq_pass *w, eq_status (*each)(void *data, eq_handle h),
                                void *data) {
    const eq_analysis *a = eq_pass_analysis(w);
    const eq_circuit *c = w->d->circuit;
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < a->wanted; k++)
        status = each(data, w->d->wanted[a->first + k]);
    for (eq_handle_walk k = {0}; status == EQ_OK && a->wanted == 0 && eq_handle_next(c, &k);)
        status = each(data, k.handle);
    return status;
}

static eq_status count(void *data, eq_handle h) {
    (void)h;
    ++*(size_t *)data;
    return EQ_OK;
}

static void prepare_sens(eq_pass *w, const eq_analysis *a) {
    one_point(w, a);
    w->derivatives = 0;
    (void)each_parameter(w, count, &w->derivatives);
}

/* r1 and v1 for their values, e1_gain, d1:is, as ngspice calls them. */
static eq_status add_parameter(void *data, eq_handle h) {
    eq_pass *w = data;
    const eq_circuit *c = w->d->circuit;
    const eq_device_class *cls = eq_class(c->row[h.element].cls);
    eq_handle written = eq_handle_as_written(c, h.element);
    bool value = cls->value >= 0 && h.param == written.param;
    bool alone = cls->letter == 'r' || cls->letter == 'v' || cls->letter == 'i';
    const char *name = eq_circuit_element_name(c, h.element);
    eq_text text = {0};
    if (value && alone)
        eq_text_puts(&text, name);
    else
        eq_text_printf(&text, "%s%s%s", name, value ? "_" : ":",
                       value ? "gain" : eq_handle_about(c, h).name);
    return add_variable(w, &text);
}

static eq_status columns_sens(eq_pass *w) {
    return each_parameter(w, add_parameter, w);
}

typedef struct filling {
    derivative *d;
    double *row;
    size_t next, room;
} filling;

static eq_status put_derivative(void *data, eq_handle h) {
    filling *f = data;
    const eq_pass *w = f->d->w;
    if (f->next == f->room)
        return eq_fail_at(w->diag, EQ_ERR_INPUT,
                          eq_circuit_place(w->base->circuit, eq_pass_analysis(w)->at),
                          "the sweep changes which parameters there are; a table needs the same "
                          "ones at every point");
    f->row[f->next++] = eq_deck_scale(w->d, h) * by(f->d, h);
    return EQ_OK;
}

static eq_status row_sens(eq_pass *w, double *row) {
    derivative d;
    filling f = {&d, row, 0, w->derivatives};
    eq_status status = derivative_new(w, &d);
    if (status == EQ_OK) status = of_output(&d);
    if (status == EQ_OK) status = each_parameter(w, put_derivative, &f);
    derivative_free(&d);
    return status;
}

const eq_analysis_kind eq_analysis_tf = {"Transfer Function", prepare_tf, columns_tf, row_tf,
                                         eq_pass_point};
const eq_analysis_kind eq_analysis_sens = {"Sensitivity Analysis", prepare_sens, columns_sens,
                                           row_sens, eq_pass_point};
