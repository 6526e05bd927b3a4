/* An experiment as XML, and what of it decides the course of a training. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/carry.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "netlist/xml/xml.h"
#include "train/device_xml.h"
#include "train/network_xml.h"
#include "train/place.h"

static void attribute(eq_text *t, const char *name, const char *value) {
    if (value == NULL) return;
    eq_text_printf(t, " %s=\"", name);
    eq_xml_escape(EQ_CARRY_TEXT, value, t);
    eq_text_puts(t, "\"");
}

static void value(eq_text *t, const char *name, double number_value) {
    char number_text[EQ_NUMBER_LENGTH];
    if (!isnan(number_value))
        eq_text_printf(t, " %s=\"%s\"", name, eq_number(number_value, number_text));
}

/* A path of the experiment as its copy names it: from the copy's folder, or from the root where
 * there is none and where the user wrote it so. */
static char *path_from(const eq_experiment *x, const char *relative) {
    bool own = relative[0] != '/' || strncmp(relative, x->folder, strlen(x->folder)) == 0;
    return x->home != NULL && own ? eq_place_relative(x->home, relative)
                                  : eq_path_absolute(relative);
}

/* Takes the path over. */
static void path_attribute(eq_text *t, const char *name, char *whole) {
    if (whole == NULL)
        t->failed = true;
    else
        attribute(t, name, whole);
    eq_free(whole);
}

static void write_path(const eq_experiment *x, eq_text *t, const char *name, const char *relative) {
    if (relative != NULL) path_attribute(t, name, path_from(x, relative));
}

/* A path is written as it is or not at all. */
static eq_status check_path(const char *relative, eq_diag *diag) {
    char *full = relative == NULL ? NULL : eq_path_absolute(relative);
    eq_text carried = {0};
    if (relative == NULL) return EQ_OK;
    if (full != NULL) eq_carry(EQ_CARRY_TEXT, full, &carried);
    eq_status status = EQ_OK;
    if (full == NULL || carried.failed)
        status = eq_out_of_memory(diag);
    else if (strcmp(carried.text, full) != 0)
        status =
            eq_fail(diag, EQ_ERR_INPUT,
                    "the path '%s' is no UTF-8 or holds control characters, which the XML of a "
                    "run cannot hold; rename the folder or file",
                    full);
    eq_text_free(&carried);
    eq_free(full);
    return status;
}

static eq_status check_paths(const eq_experiment *x, eq_diag *diag) {
    const char *path[EQ_DATA_FILES + 2] = {x->deck, x->home};
    size_t paths = 2 + eq_data_files(&x->data, path + 2);
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < paths; k++) status = check_path(path[k], diag);
    return status;
}

/* The presets, and the end of the element they stand in. */
static void write_presets(const eq_experiment *x, const char *element, eq_text *t) {
    if (!eq_experiment_has_circuit(x)) return;
    eq_text_puts(t, x->presets == 0 ? "/>\n" : ">\n");
    for (size_t k = 0; k < x->presets; k++) {
        eq_text_puts(t, "    <set");
        attribute(t, "name", x->preset[k].name);
        attribute(t, "value", x->preset[k].value);
        eq_text_puts(t, "/>\n");
    }
    if (x->presets > 0) eq_text_printf(t, "  </%s>\n", element);
}

static void write_architecture(const eq_architecture *a, eq_text *t) {
    eq_text_printf(t, "  <architecture kind=\"%s\" layers=\"", a->amplifiers ? "kendall" : "drn");
    for (size_t l = 0; l < a->layers; l++)
        eq_text_printf(t, "%s%zu", l == 0 ? "" : ",", a->width[l]);
    eq_text_puts(t, "\" bias=\"");
    for (size_t b = 0; b < a->biases; b++) {
        if (b > 0) eq_text_puts(t, ",");
        eq_text_number(t, a->bias[b]);
    }
    eq_text_printf(t, "\" outputs=\"%s\" diode=\"%s\"", a->differential ? "differential" : "single",
                   a->diode == EQ_NEURON_IDEAL ? "ideal" : "shockley");
    value(t, "gain", a->gain);
    value(t, "feedback", a->feedback);
    value(t, "is", a->is);
    value(t, "n", a->n);
    value(t, "ron", a->ron);
    value(t, "roff", a->roff);
    value(t, "bias-up", a->up);
    value(t, "bias-down", a->down);
    value(t, "gmin", a->gmin);
    value(t, "gmax", a->gmax);
    if (a->wires > 0.0) value(t, "wires", a->wires);
}

void eq_experiment_write_network(const eq_experiment *x, eq_text *t) {
    if (!eq_experiment_has_circuit(x)) {
        eq_network_element_write(x, t);
    } else if (x->deck != NULL) {
        eq_text_puts(t, "  <circuit");
        write_path(x, t, "deck", x->deck);
    } else {
        write_architecture(&x->architecture, t);
    }
}

static void write_data(const eq_experiment *x, eq_text *t) {
    const eq_data_options *d = &x->data;
    eq_text_printf(t, "  <data format=\"%s\"", eq_data_format_name(d->format));
    write_path(x, t, "path", d->path);
    write_path(x, t, "labels", d->labels);
    write_path(x, t, "test-path", d->test_path);
    write_path(x, t, "test-labels", d->test_labels);
    attribute(t, "label", d->label);
    attribute(t, "set", d->set);
    if (eq_data_targets_file(d) == NULL)
        attribute(t, "targets", d->targets);
    else
        write_path(x, t, "targets", d->targets);
    write_path(x, t, "test-targets", d->test_targets);
    if (d->header != EQ_HEADER_FOUND)
        attribute(t, "header", d->header == EQ_HEADER_YES ? "yes" : "no");
    if (d->test_path == NULL) value(t, "test-fraction", d->test_fraction);
    if (x->data_checksum != 0) eq_text_printf(t, " checksum=\"%016" PRIx64 "\"", x->data_checksum);
    if (d->validation_fraction > 0.0) value(t, "validation-fraction", d->validation_fraction);
    eq_text_printf(t, " train-limit=\"%zu\" test-limit=\"%zu\"/>\n", d->train_limit, d->test_limit);
}

static void write_group(const eq_group_options *g, eq_text *t) {
    eq_text_puts(t, "    <group");
    attribute(t, "match", g->match);
    value(t, "rate", g->rate);
    attribute(t, "init", eq_init_name(g->init.type));
    value(t, "low", g->init.low);
    value(t, "high", g->init.high);
    eq_text_puts(t, "/>\n");
}

static void write_optimizer(const eq_experiment *x, eq_text *t) {
    const eq_optimizer *o = &x->optimizer;
    eq_text_printf(t, "  <optimizer type=\"%s\"", o->kind->name);
    value(t, "rate", o->rate);
    value(t, "momentum", o->momentum);
    value(t, "beta1", o->beta1);
    value(t, "beta2", o->beta2);
    value(t, "epsilon", o->epsilon);
    eq_text_puts(t, ">\n");
    for (size_t k = 0; k < x->groups; k++) write_group(&x->group[k], t);
    eq_text_puts(t, "  </optimizer>\n");
    eq_text_printf(t, "  <schedule type=\"%s\"", eq_schedule_name(x->schedule.type));
    value(t, "factor", x->schedule.factor);
    eq_text_printf(t, " every=\"%zu\"/>\n  <minibatch size=\"%zu\"/>\n", x->schedule.every,
                   x->batch);
}

static void write_deviation(const eq_spread *d, eq_text *t) {
    attribute(t, "parameters", d->parameters);
    attribute(t, "distribution", eq_distribution_name(d->distribution));
    value(t, "sigma", d->sigma);
    if (d->absolute > 0.0) value(t, "absolute", d->absolute);
    eq_text_printf(t, " per=\"%s\"", d->per_class ? "class" : "instance");
}

static void write_mismatch(const eq_mismatch *m, eq_text *t) {
    if (m->deviations == 0) return;
    size_t inner = m->deviations - (m->own ? 1 : 0);
    eq_text_printf(t, "  <mismatch chip=\"%" PRIu64 "\" phases=\"%s\"", m->chip,
                   eq_phase_devices_name(m->phases));
    if (m->own) write_deviation(&m->deviation[inner], t);
    eq_text_puts(t, inner == 0 ? "/>\n" : ">\n");
    for (size_t k = 0; k < inner; k++) {
        eq_text_puts(t, "    <deviation");
        write_deviation(&m->deviation[k], t);
        eq_text_puts(t, "/>\n");
    }
    if (inner > 0) eq_text_puts(t, "  </mismatch>\n");
}

static void write_hardware(const eq_hardware *h, eq_text *t) {
    if (eq_hardware_is_ideal(h)) return;
    const struct {
        const char *name;
        double value;
    } all[] = {{"read-noise", h->read.noise},   {"read-offset", h->read.offset},
               {"hold-noise", h->hold.noise},   {"hold-offset", h->hold.offset},
               {"nudge-noise", h->nudge.noise}, {"nudge-offset", h->nudge.offset}};
    eq_text_printf(t, "  <hardware input-bits=\"%zu\" output-bits=\"%zu\"", h->input.bits,
                   h->output.bits);
    if (h->input.bits > 0) value(t, "input-range", h->input.range);
    if (h->output.bits > 0) value(t, "output-range", h->output.range);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (all[k].value != 0.0) value(t, all[k].name, all[k].value);
    eq_text_puts(t, "/>\n");
}

/* Encoding, cost, estimator, optimizer: what decides the course of the training besides circuit and
 * data. */
static void write_method(const eq_experiment *x, eq_text *t) {
    eq_text_printf(t, "  <encoding normalize=\"%s\" invert=\"%s\"",
                   eq_normalize_name(x->encoding.input.normalize),
                   x->encoding.invert ? "yes" : "no");
    value(t, "scale", x->encoding.input.scale);
    value(t, "center", x->encoding.input.center);
    if (x->data.targets != NULL) {
        attribute(t, "target-normalize", eq_normalize_name(x->encoding.target.normalize));
        value(t, "target-scale", x->encoding.target.scale);
        value(t, "target-center", x->encoding.target.center);
    }
    eq_text_printf(t, "/>\n  <cost type=\"%s\"", x->cost.kind->name);
    value(t, "high", x->cost.high);
    value(t, "low", x->cost.low);
    value(t, "scale", x->cost.scale);
    if (eq_same(x->cost.kind->name, "huber")) value(t, "threshold", x->cost.threshold);
    if (eq_same(x->cost.kind->name, "hinge")) value(t, "margin", x->cost.margin);
    eq_text_printf(t, "/>\n  <estimator type=\"%s\" nudging=\"%s\"", x->estimator.kind->name,
                   eq_nudging_name(x->estimator.nudging));
    value(t, "beta", x->estimator.beta);
    if (x->estimator.kind->unrolled) eq_text_printf(t, " steps=\"%zu\"", x->estimator.steps);
    bool clamp = x->estimator.nudging == EQ_NUDGE_CLAMP;
    if (x->estimator.kind->iterates) {
        value(t, "tolerance", x->estimator.tolerance);
        eq_text_printf(t, " steps=\"%zu\"", x->estimator.steps);
    }
    if (clamp) value(t, "eta", x->estimator.eta);
    if (clamp && isfinite(x->estimator.clamp)) value(t, "g-clamp", x->estimator.clamp);
    eq_text_puts(t, "/>\n");
    write_mismatch(&x->mismatch, t);
    write_hardware(&x->hardware, t);
    write_optimizer(x, t);
    eq_device_write(x, t);
}

eq_status eq_experiment_write(const eq_experiment *x, eq_text *t, eq_diag *diag) {
    eq_status status = check_paths(x, diag);
    if (status != EQ_OK) return status;
    eq_text_puts(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<experiment");
    attribute(t, "name", x->name);
    eq_text_printf(t, " seed=\"%" PRIu64 "\"", x->seed);
    if (x->run != 0) eq_text_printf(t, " run=\"%016" PRIx64 "\"", x->run);
    attribute(t, "home", x->home);
    eq_text_puts(t, ">\n");
    eq_experiment_write_network(x, t);
    write_presets(x, x->deck != NULL ? "circuit" : "architecture", t);
    write_data(x, t);
    write_method(x, t);
    eq_text_printf(t, "  <epochs count=\"%zu\"", x->epochs);
    if (x->patience > 0) eq_text_printf(t, " patience=\"%zu\"", x->patience);
    eq_text_puts(t, "/>\n</experiment>\n");
    return t->failed ? eq_out_of_memory(diag) : EQ_OK;
}

eq_status eq_experiment_fingerprint(const eq_experiment *x, uint64_t *hash, eq_diag *diag) {
    eq_text t = {0};
    write_method(x, &t);
    eq_status status = t.failed ? eq_out_of_memory(diag) : EQ_OK;
    *hash = EQ_HASH_START;
    if (status == EQ_OK) eq_hash_bytes(hash, t.text, t.length);
    eq_text_free(&t);
    return status;
}

eq_status eq_experiment_same_circuit(const eq_experiment *a, const eq_experiment *b, bool *other,
                                     eq_diag *diag) {
    eq_text text[2] = {{0}, {0}};
    const eq_experiment *of[2] = {a, b};
    for (int k = 0; k < 2; k++) {
        if (of[k]->deck != NULL)
            path_attribute(&text[k], "deck", eq_path_absolute(of[k]->deck));
        else
            eq_experiment_write_network(of[k], &text[k]);
    }
    eq_status status = text[0].failed || text[1].failed ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) *other = strcmp(text[0].text, text[1].text) != 0;
    for (int k = 0; k < 2; k++) eq_text_free(&text[k]);
    return status;
}
