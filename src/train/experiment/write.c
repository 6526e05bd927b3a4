/* An experiment as XML, and what of it decides the course of a training. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/carry.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "netlist/xml/xml.h"
#include "train/experiment/architecture.h"
#include "train/experiment/attribute.h"
#include "train/experiment/augmentation.h"
#include "train/experiment/device.h"
#include "train/experiment/meta.h"
#include "train/experiment/network.h"
#include "train/experiment/place.h"
#include "train/experiment/sampling.h"

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
    const char *path[EQ_EXPERIMENT_FILES];
    size_t paths = eq_experiment_files(x, path);
    eq_status status = check_path(x->home, diag);
    for (size_t k = 0; status == EQ_OK && k < paths; k++) status = check_path(path[k], diag);
    return status;
}

/* The presets, and the end of the element they stand in. */
static void write_presets(const eq_experiment *x, const char *element, eq_text *t) {
    if (!eq_experiment_has_circuit(x)) return;
    size_t inside = x->presets + (x->deck == NULL ? x->architecture.convolutions : 0);
    eq_text_puts(t, inside == 0 ? "/>\n" : ">\n");
    if (x->deck == NULL) eq_architecture_write_inside(&x->architecture, t);
    for (size_t k = 0; k < x->presets; k++) {
        eq_text_puts(t, "    <set");
        eq_put_text(t, "name", x->preset[k].name);
        eq_put_text(t, "value", x->preset[k].value);
        eq_text_puts(t, "/>\n");
    }
    if (inside > 0) eq_text_printf(t, "  </%s>\n", element);
}

void eq_experiment_write_network(const eq_experiment *x, eq_text *t) {
    if (!eq_experiment_has_circuit(x)) {
        eq_network_element_write(x, t);
    } else if (x->deck != NULL) {
        eq_text_puts(t, "  <circuit");
        eq_put_path(x, t, "deck", x->deck);
    } else {
        eq_architecture_write(x, t);
    }
    if (!eq_experiment_has_circuit(x)) return;
    if (x->cache) eq_put_text(t, "cache", "yes");
    if (x->engine != EQ_ENGINE_AUTO) eq_put_text(t, "engine", eq_engine_kind_name(x->engine));
}

static void write_data(const eq_experiment *x, eq_text *t) {
    const eq_data_options *d = &x->data;
    eq_text_printf(t, "  <data format=\"%s\"", eq_data_format_name(d->format));
    eq_put_path(x, t, "path", d->path);
    eq_put_path(x, t, "labels", d->labels);
    eq_put_path(x, t, "test-path", d->test_path);
    eq_put_path(x, t, "test-labels", d->test_labels);
    eq_put_text(t, "label", d->label);
    eq_put_text(t, "set", d->set);
    if (eq_data_targets_file(d) == NULL)
        eq_put_text(t, "targets", d->targets);
    else
        eq_put_path(x, t, "targets", d->targets);
    eq_put_path(x, t, "test-targets", d->test_targets);
    if (d->header != EQ_HEADER_FOUND)
        eq_put_text(t, "header", d->header == EQ_HEADER_YES ? "yes" : "no");
    if (d->test_path == NULL) eq_put_number(t, "test-fraction", d->test_fraction);
    if (x->data_checksum != 0) eq_text_printf(t, " checksum=\"%016" PRIx64 "\"", x->data_checksum);
    if (d->validation_fraction > 0.0)
        eq_put_number(t, "validation-fraction", d->validation_fraction);
    eq_text_printf(t, " train-limit=\"%zu\" test-limit=\"%zu\"/>\n", d->train_limit, d->test_limit);
}

static void write_group(const eq_group_options *g, eq_text *t) {
    eq_text_puts(t, "    <group");
    eq_put_text(t, "match", g->match);
    eq_put_number(t, "rate", g->rate);
    eq_pull_write(&g->pull, t);
    eq_put_text(t, "init", eq_init_name(g->init.type));
    eq_put_number(t, "low", g->init.low);
    eq_put_number(t, "high", g->init.high);
    eq_text_puts(t, "/>\n");
}

static void write_optimizer(const eq_experiment *x, eq_text *t) {
    const eq_optimizer *o = &x->optimizer;
    eq_text_printf(t, "  <optimizer type=\"%s\"", o->kind->name);
    eq_put_number(t, "rate", o->rate);
    eq_put_number(t, "momentum", o->momentum);
    eq_put_number(t, "beta1", o->beta1);
    eq_put_number(t, "beta2", o->beta2);
    eq_put_number(t, "epsilon", o->epsilon);
    eq_text_puts(t, ">\n");
    for (size_t k = 0; k < x->groups; k++) write_group(&x->group[k], t);
    eq_text_puts(t, "  </optimizer>\n");
    eq_text_printf(t, "  <schedule type=\"%s\"", eq_schedule_name(x->schedule.type));
    eq_put_number(t, "factor", x->schedule.factor);
    eq_text_printf(t, " every=\"%zu\"/>\n  <minibatch size=\"%zu\"/>\n", x->schedule.every,
                   x->batch);
}

static void write_deviation(const eq_spread *d, eq_text *t) {
    eq_put_text(t, "parameters", d->parameters);
    eq_put_text(t, "distribution", eq_distribution_name(d->distribution));
    eq_put_number(t, "sigma", d->sigma);
    if (d->absolute > 0.0) eq_put_number(t, "absolute", d->absolute);
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
    if (h->input.bits > 0) eq_put_number(t, "input-range", h->input.range);
    if (h->output.bits > 0) eq_put_number(t, "output-range", h->output.range);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (all[k].value != 0.0) eq_put_number(t, all[k].name, all[k].value);
    eq_text_puts(t, "/>\n");
}

/* Encoding, cost, estimator, optimizer: what decides the course of the training besides circuit and
 * data. */
static void write_method(const eq_experiment *x, eq_text *t) {
    eq_text_printf(t, "  <encoding normalize=\"%s\" invert=\"%s\"",
                   eq_normalize_name(x->encoding.input.normalize),
                   x->encoding.invert ? "yes" : "no");
    eq_put_number(t, "scale", x->encoding.input.scale);
    eq_put_number(t, "center", x->encoding.input.center);
    if (x->data.targets != NULL) {
        eq_put_text(t, "target-normalize", eq_normalize_name(x->encoding.target.normalize));
        eq_put_number(t, "target-scale", x->encoding.target.scale);
        eq_put_number(t, "target-center", x->encoding.target.center);
    }
    eq_text_puts(t, "/>\n");
    eq_augmentation_write(x, t);
    eq_text_printf(t, "  <cost type=\"%s\"", x->cost.kind->name);
    eq_put_number(t, "high", x->cost.high);
    eq_put_number(t, "low", x->cost.low);
    eq_put_number(t, "scale", x->cost.scale);
    if (eq_same(x->cost.kind->name, "huber")) eq_put_number(t, "threshold", x->cost.threshold);
    if (eq_same(x->cost.kind->name, "hinge")) {
        eq_put_number(t, "margin", x->cost.margin);
        if (x->cost.top) eq_put_text(t, "rivals", "top");
    }
    eq_text_printf(t, "/>\n  <estimator type=\"%s\" nudging=\"%s\"", x->estimator.kind->name,
                   eq_nudging_name(x->estimator.nudging));
    eq_put_number(t, "beta", x->estimator.beta);
    if (x->estimator.kind->unrolled) eq_text_printf(t, " steps=\"%zu\"", x->estimator.steps);
    bool clamp = x->estimator.nudging == EQ_NUDGE_CLAMP;
    if (clamp && !x->estimator.by_delta) eq_put_number(t, "eta", x->estimator.eta);
    if (clamp && x->estimator.by_delta) eq_put_number(t, "delta", x->estimator.delta);
    if (clamp && x->estimator.nodes) eq_put_text(t, "clamp", "nodes");
    if (clamp && isfinite(x->estimator.clamp)) eq_put_number(t, "g-clamp", x->estimator.clamp);
    if (x->estimator.kind->phases > 0 && x->estimator.rule != EQ_RULE_ENERGY)
        eq_put_text(t, "rule", eq_rule_name(x->estimator.rule));
    if (x->estimator.kind->iterates) {
        eq_put_number(t, "tolerance", x->estimator.tolerance);
        eq_text_printf(t, " steps=\"%zu\"", x->estimator.steps);
    }
    eq_text_puts(t, "/>\n");
    eq_sampling_write(x, t);
    write_mismatch(&x->mismatch, t);
    write_hardware(&x->hardware, t);
    write_optimizer(x, t);
    eq_device_write(x, t);
    eq_meta_write(x, t);
}

eq_status eq_experiment_write(const eq_experiment *x, eq_text *t, eq_diag *diag) {
    eq_status status = check_paths(x, diag);
    if (status != EQ_OK) return status;
    eq_text_puts(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<experiment");
    eq_put_text(t, "name", x->name);
    eq_text_printf(t, " seed=\"%" PRIu64 "\"", x->seed);
    if (x->run != 0) eq_text_printf(t, " run=\"%016" PRIx64 "\"", x->run);
    eq_put_text(t, "home", x->home);
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
            eq_put_whole_path(&text[k], "deck", eq_path_absolute(of[k]->deck));
        else
            eq_experiment_write_network(of[k], &text[k]);
        eq_architecture_write_inside(&of[k]->architecture, &text[k]);
    }
    eq_status status = text[0].failed || text[1].failed ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) *other = strcmp(text[0].text, text[1].text) != 0;
    for (int k = 0; k < 2; k++) eq_text_free(&text[k]);
    return status;
}
