/* What an evaluation may bring beside its score: every prediction, power, settling. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/comm.h"
#include "base/file.h"
#include "base/mem.h"
#include "train/trained.h"

/* One evaluation. */
typedef struct inferring {
    const eq_infer_options *o;
    eq_inference *out;
    double *v;     /* [batch][nodes] V */
    double *point; /* a row of the table */
} inferring;

static eq_status add_variable(eq_result *r, const char *type, const char *before, const char *name,
                              const char *after, eq_diag *diag) {
    eq_text t = {0};
    eq_text_printf(&t, "%s%s%s", before, name, after);
    eq_status status =
        t.failed ? eq_out_of_memory(diag) : eq_result_variable(r, t.text, type, diag);
    eq_text_free(&t);
    return status;
}

/* What is true and what is predicted: classes by their number, or each target in its own unit. */
static eq_status add_goals(eq_result *r, const eq_trained *m, eq_diag *diag) {
    static const char *const what[] = {"true", "predicted"};
    size_t targets = m->s.encoder.targets;
    eq_status status = EQ_OK;
    for (int w = 0; status == EQ_OK && w < 2; w++) {
        if (targets == 0) status = add_variable(r, "notype", what[w], "", "", diag);
        for (size_t k = 0; status == EQ_OK && k < targets; k++)
            status = add_variable(r, "notype", what[w], " ", m->s.set.train->class_name[k], diag);
    }
    return status;
}

/* example, true, predicted, y1 .. yK [V], v(node) .. */
static eq_status open_table(inferring *f, const eq_trained *m, eq_diag *diag) {
    eq_result *r = f->out->table = eq_result_new(m->x->name, "Predictions");
    if (r == NULL) return eq_out_of_memory(diag);
    eq_status status = add_variable(r, "notype", "example", "", "", diag);
    if (status == EQ_OK) status = add_goals(r, m, diag);
    for (size_t k = 0; status == EQ_OK && k < m->s.outputs; k++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", k + 1);
        status = add_variable(r, "voltage", "y", number, "", diag);
    }
    for (size_t n = 1; f->o->potentials && status == EQ_OK && n < eq_circuit_nodes(m->s.c); n++)
        status =
            add_variable(r, "voltage", "v(", eq_circuit_node_name(m->s.c, (eq_node)n), ")", diag);
    f->point = status == EQ_OK ? eq_malloc(r->variables, sizeof *f->point) : NULL;
    return status == EQ_OK && f->point == NULL ? eq_out_of_memory(diag) : status;
}

/* True and predicted of example j of the minibatch; how many numbers that are. */
static size_t put_goals(const eq_session *s, size_t j, double *out) {
    const double *y = s->y + j * s->outputs;
    const eq_affine *a = &s->encoder.target;
    size_t targets = s->encoder.targets;
    if (targets == 0) {
        out[0] = (double)s->goal[j].label;
        out[1] = (double)eq_predict(s->outputs, y);
        return 2;
    }
    for (size_t k = 0; k < targets; k++) {
        out[k] = (s->goal[j].target[k] - a->offset[k]) / a->gain[k];
        out[targets + k] = (y[k] - a->offset[k]) / a->gain[k];
    }
    return 2 * targets;
}

static eq_status add_predictions(inferring *f, const eq_session *s, size_t first, size_t n,
                                 eq_diag *diag) {
    size_t nodes = f->o->potentials ? eq_circuit_nodes(s->c) : 1;
    eq_status status = EQ_OK;
    for (size_t j = 0; status == EQ_OK && j < n; j++) {
        const double *y = s->y + j * s->outputs;
        double *at = f->point;
        *at++ = (double)(first + j);
        at += put_goals(s, j, at);
        memcpy(at, y, s->outputs * sizeof *y);
        if (f->o->potentials && f->v != NULL)
            memcpy(at + s->outputs, f->v + j * nodes + 1, (nodes - 1) * sizeof *f->v);
        status = eq_result_point(f->out->table, f->point, diag);
    }
    return status;
}

/* The capacitances that a settling goes by are given or in the deck; a time that is given stands
 * for those of the deck. */
static bool settles(const eq_infer_options *o, const eq_circuit *c) {
    return !isnan(o->capacitance) || (c->capacitors > 0 && isnan(o->settling));
}

/* The settling of the first examples. */
static eq_status add_settling(inferring *f, const eq_session *s, size_t n, eq_diag *diag) {
    eq_inference *out = f->out;
    size_t left = EQ_SETTLING_EXAMPLES - out->settled, count = n < left ? n : left;
    double farad = isnan(f->o->capacitance) ? 0.0 : f->o->capacitance;
    if (!settles(f->o, s->c) || count == 0) return EQ_OK;
    out->settled += count;
    return eq_comm_agree(
        eq_meter_settling(out->meter, count, s->input, f->v, farad, &out->tau, diag));
}

/* eq_session.visit */
static eq_status visit(void *data, eq_session *s, size_t first, size_t n, eq_diag *diag) {
    inferring *f = data;
    eq_status status = EQ_OK;
    if (f->v != NULL) status = eq_network_potentials(s->model, n, s->input, f->v, diag);
    if (status == EQ_OK && f->out->table != NULL)
        status = eq_comm_agree(add_predictions(f, s, first, n, diag));
    if (status == EQ_OK && f->out->meter != NULL)
        status = eq_meter_read(f->out->meter, n, s->input, f->v, diag);
    if (status == EQ_OK && f->out->meter != NULL) status = add_settling(f, s, n, diag);
    return status;
}

/* Of the amplitude of the slowest mode a thousandth is left. */
static double settled(const eq_infer_options *o, double tau) {
    return isnan(o->settling) ? log(1e3) * tau : o->settling;
}

static eq_status check_times(const eq_infer_options *o, eq_diag *diag) {
    double time[] = {o->settling, o->capacitance};
    for (int k = 0; k < 2; k++)
        if (!isnan(time[k]) && !(time[k] > 0.0 && isfinite(time[k])))
            return eq_fail(diag, EQ_ERR_USAGE, "%s %g is not positive; give one like 1e-9",
                           k == 0 ? "a settling time of" : "a capacitance of", time[k]);
    return EQ_OK;
}

static eq_status infer(eq_trained *m, const eq_infer_options *o, eq_inference *out, eq_diag *diag) {
    inferring f = {.o = o, .out = out};
    *out = (eq_inference){.c = m->s.c, .tau = NAN, .settling = NAN};
    eq_status status = check_times(o, diag);
    if (status == EQ_OK && o->power) status = eq_experiment_needs_circuit(m->x, "power", diag);
    if (status == EQ_OK && o->potentials)
        status = eq_experiment_needs_circuit(m->x, "the potential of every node", diag);
    if (status == EQ_OK && (o->power || o->potentials)) {
        f.v = eq_malloc(m->s.batch, eq_circuit_nodes(m->s.c) * sizeof *f.v);
        if (f.v == NULL) status = eq_out_of_memory(diag);
    }
    if (status == EQ_OK && o->predictions) status = open_table(&f, m, diag);
    if (status == EQ_OK && o->power) status = eq_meter_new(m->s.model, &out->meter, diag);
    status = eq_comm_agree(status);
    m->s.visit = visit;
    m->s.visitor = &f;
    if (status == EQ_OK) status = eq_trained_evaluate(m, &out->score, diag);
    m->s.visit = NULL;
    if (status == EQ_OK && out->meter != NULL) {
        out->power = eq_meter_mean(out->meter);
        out->settling = settled(o, out->tau);
    }
    eq_free(f.v);
    eq_free(f.point);
    return status;
}

eq_infer_options eq_infer_defaults(void) {
    return (eq_infer_options){.settling = NAN, .capacitance = NAN};
}

eq_status eq_trained_infer(eq_trained *m, const eq_infer_options *o, eq_inference **out,
                           eq_diag *diag) {
    eq_infer_options usual = eq_infer_defaults();
    eq_inference *i = eq_calloc(1, sizeof *i);
    eq_status status = eq_comm_agree(i == NULL ? eq_out_of_memory(diag) : EQ_OK);
    if (status == EQ_OK) status = infer(m, o == NULL ? &usual : o, i, diag);
    if (status == EQ_OK)
        *out = i;
    else
        eq_inference_free(i);
    return status;
}

void eq_inference_free(eq_inference *i) {
    if (i == NULL) return;
    eq_evaluation_free(&i->score);
    eq_result_free(i->table);
    eq_meter_free(i->meter);
    eq_free(i);
}

const eq_evaluation *eq_inference_score(const eq_inference *i) {
    return &i->score;
}

size_t eq_inference_columns(const eq_inference *i) {
    return i->table == NULL ? 0 : i->table->variables;
}

const char *eq_inference_column(const eq_inference *i, size_t column) {
    return i->table->variable[column].name;
}

const double *eq_inference_table(const eq_inference *i) {
    return i->table == NULL ? NULL : i->table->value;
}

/* Total, classes, layers, groups, one after the other. */
bool eq_inference_power(const eq_inference *i, size_t part, eq_power_part *out) {
    const eq_power *p = i->power;
    if (p == NULL) return false;
    const struct {
        const char *kind;
        const eq_watts *watts;
        size_t count;
    } all[] = {{"total", &p->total, 1},
               {"class", p->cls, EQ_CLASS_COUNT},
               {"layer", p->layer, p->layers},
               {"group", p->group, p->groups}};
    size_t k = 0;
    while (k < sizeof all / sizeof *all && part >= all[k].count) part -= all[k++].count;
    if (k == sizeof all / sizeof *all) return false;
    const char *name = NULL;
    if (all[k].watts == p->cls) name = eq_class((int)part)->name;
    if (all[k].watts == p->group) name = i->c->group[part].name;
    eq_watts w = all[k].watts[part];
    *out = (eq_power_part){all[k].kind, name, k == 2 ? part : 0, w.delivered, w.dissipated};
    return true;
}

/* The same table, classes by their names. */
static void write_csv(const eq_inference *i, FILE *stream) {
    const eq_result *r = i->table;
    for (size_t k = 0; k < r->variables; k++) {
        eq_result_field(r->variable[k].name, stream);
        fputc(k + 1 < r->variables ? ',' : '\n', stream);
    }
    for (size_t j = 0; j < r->points; j++) {
        const double *point = r->value + j * r->variables;
        char text[EQ_NUMBER_LENGTH];
        size_t names = i->score.target == NULL ? 2 : 0;
        fprintf(stream, "%.0f", point[0]);
        for (size_t k = 1; k < 1 + names; k++) {
            fputc(',', stream);
            eq_result_field(i->score.class_name[(size_t)point[k]], stream);
        }
        for (size_t k = 1 + names; k < r->variables; k++)
            fprintf(stream, ",%s", eq_number(point[k], text));
        fputc('\n', stream);
    }
}

eq_status eq_inference_write(const eq_inference *i, const char *path, eq_diag *diag) {
    const eq_result *r = i->table;
    size_t n = strlen(path);
    eq_out *out = NULL;
    eq_status status = eq_out_open(path, &out, diag);
    if (status != EQ_OK) return status;
    if (n >= 4 && eq_same(path + n - 4, ".npz"))
        status = eq_result_write(&r, 1, EQ_NPZ, eq_out_stream(out), diag);
    else
        write_csv(i, eq_out_stream(out));
    if (status == EQ_OK) return eq_out_commit(out, diag);
    eq_out_abort(out);
    return status;
}
