#include "train/experiment/network.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "train/experiment/architecture.h"
#include "train/experiment/attribute.h"
#include "train/experiment/elastic.h"
#include "train/experiment/named.h"

/* What reading the element, or a layer in it, needs. */
typedef struct reader {
    const eq_xml *xml;
    const eq_xml_node *node;
    eq_diag *diag;
} reader;

static eq_status fault(const reader *r, const char *what) {
    return eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, r->node), "%s", what);
}

static const char *word(const reader *r, const char *name) {
    return eq_xml_attribute(r->node, name);
}

/* "64,100,10" with the separator ',', "1x28x28" with 'x': how many; 0: it is no such list of at most
 * `most`. */
static size_t read_list(const char *text, char separator, size_t *value, size_t most) {
    for (size_t n = 0; n < most; text++) {
        char *end;
        if (!(*text >= '0' && *text <= '9')) return 0;
        value[n++] = strtoull(text, &end, 10);
        text = end + strspn(end, " ");
        if (*text == '\0') return n;
        if (*text != separator) return 0;
        text += strspn(text + 1, " ");
    }
    return 0;
}

static eq_status counts(const reader *r, size_t n, const char *const *name, size_t *const *value) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < n; k++)
        status = eq_xml_count(r->xml, r->node, name[k], value[k], r->diag);
    return status;
}

/* Skips and lateral couplings in the words of a layered architecture. */
static eq_status read_links(const reader *r, eq_hopfield_options *o) {
    const char *skip = word(r, "skip"), *lateral = word(r, "lateral");
    eq_architecture a = {.skips = 0};
    eq_status status = skip == NULL ? EQ_OK : eq_architecture_skips(skip, &a, r->diag);
    if (status == EQ_OK && lateral != NULL) status = eq_architecture_lateral(lateral, &a, r->diag);
    memcpy(o->skip, a.skip, sizeof o->skip);
    o->skips = a.skips;
    o->lateral = a.lateral;
    return status;
}

/* Texts of Hopfield and discrete-time networks, which the options own. */
static const eq_named_slot texts[] = {
    {"density", offsetof(eq_hopfield_options, density), false,
     offsetof(eq_hopfield_options, density_at)},
    {"edges", offsetof(eq_hopfield_options, edges), true, 0},
    {"inputs", offsetof(eq_hopfield_options, inputs), false,
     offsetof(eq_hopfield_options, inputs_at)},
    {"outputs", offsetof(eq_hopfield_options, outputs), false,
     offsetof(eq_hopfield_options, outputs_at)},
};
static const eq_named_slot discrete_texts[] = {
    {"density", offsetof(eq_discrete_options, density), false,
     offsetof(eq_discrete_options, density_at)},
};
enum {
    TEXTS = sizeof texts / sizeof *texts,
    DISCRETE_TEXTS = sizeof discrete_texts / sizeof *discrete_texts
};

static eq_status read_numbers(const reader *r, eq_hopfield_options *o) {
    const char *const name[] = {"steps", "topology"};
    size_t *const value[] = {&o->steps, &o->topology};
    eq_status status = eq_xml_number(r->xml, r->node, "step", &o->step, r->diag);
    if (status == EQ_OK)
        status = eq_xml_number(r->xml, r->node, "tolerance", &o->tolerance, r->diag);
    return status == EQ_OK ? counts(r, 2, name, value) : status;
}

/* Layers, or edges between units that have names. */
static eq_status read_units(const reader *r, eq_hopfield_options *o) {
    const char *layers = word(r, "layers");
    if (eq_xml_first(r->node) != NULL)
        return fault(r, "the layers of a Hopfield network stand in layers=\"64,100,10\"; leave out "
                        "those inside <network>");
    if (o->edges == NULL && (o->inputs != NULL || o->outputs != NULL))
        return fault(r,
                     "inputs and outputs name units of a network of edges; add "
                     "edges=\"FILE.csv\", or leave them out: the first and the last of the layers "
                     "are these");
    o->layers = layers == NULL ? 0 : read_list(layers, ',', o->width, EQ_HOPFIELD_LAYERS);
    if (o->layers == 0 && (layers != NULL || o->edges == NULL))
        return fault(r, "layers are widths between commas, inputs first, 16 at most, as in "
                        "layers=\"64,100,10\"; or units are joined by edges=\"FILE.csv\" "
                        "inputs=\"a b\" outputs=\"c\"");
    return EQ_OK;
}

static eq_status read_hopfield(const reader *r, eq_experiment *x) {
    eq_hopfield_options *o = &x->network;
    const char *solver = word(r, "solver"), *sigma = word(r, "sigma");
    o->at = (eq_place){x->path, eq_xml_place(r->xml, r->node).line, 0};
    if (solver != NULL && !eq_hopfield_solver_find(solver, &o->solver))
        return fault(r, "a Hopfield network has solver=\"sweeps\" or \"euler\"; take one of them");
    if (sigma != NULL) o->sigma = eq_sigma_find(sigma);
    eq_status status = read_numbers(r, o);
    if (status == EQ_OK)
        status = eq_named_slots_read(x, r->xml, r->node, texts, TEXTS, &x->network, r->diag);
    if (status == EQ_OK) status = read_units(r, o);
    if (status == EQ_OK) status = read_links(r, o);
    return status == EQ_OK ? eq_hopfield_check(o, r->diag) : status;
}

/* All layers dense: inputs first. */
static eq_status read_dense(const reader *r, eq_discrete_options *o) {
    size_t width[EQ_DISCRETE_LAYERS + 1];
    size_t n = read_list(word(r, "layers"), ',', width, EQ_DISCRETE_LAYERS + 1);
    if (word(r, "inputs") != NULL || eq_xml_first(r->node) != NULL)
        return fault(r, "<network> has layers=\"...\" and inputs or layers inside; keep one of "
                        "the two ways");
    if (n < 2)
        return fault(r, "layers are widths between commas, inputs first, 17 at most, as in "
                        "layers=\"784,512,10\"");
    o->inputs = (eq_shape){width[0], 1, 1};
    o->layers = n - 1;
    for (size_t l = 1; l < n; l++)
        o->layer[l - 1] = (eq_coupling_kind){.channels = width[l], .window = 1};
    return EQ_OK;
}

/* <conv channels="32" kernel="5" padding="0" pool="max" window="2"/> or <dense units="10"/> */
static eq_status read_layer(const reader *r, eq_coupling_kind *k) {
    const char *const name[] = {"channels", "units", "kernel", "padding", "window"};
    size_t *const value[] = {&k->channels, &k->channels, &k->kernel, &k->padding, &k->window};
    const char *pool = word(r, "pool");
    *k = (eq_coupling_kind){.convolves = strcmp(eq_xml_name(r->node), "conv") == 0, .window = 2};
    if (pool != NULL) eq_pooling_find(pool, &k->pooling);
    if (k->pooling == EQ_POOLING_NONE && word(r, "window") != NULL)
        eq_warn_at(r->diag, eq_xml_place(r->xml, r->node),
                   "<conv>: window=\"%.60s\" has no effect here; it belongs to pool=\"max\" or "
                   "\"average\"",
                   word(r, "window"));
    return counts(r, sizeof name / sizeof *name, name, value);
}

static eq_status read_layers(const reader *r, const char *path, eq_discrete_options *o) {
    const char *inputs = word(r, "inputs");
    size_t shape[3] = {0};
    if (inputs == NULL || read_list(inputs, 'x', shape, 3) != 3)
        return fault(r, "inputs are channels, height and width of the images, as in "
                        "inputs=\"1x28x28\"; or all layers are dense: layers=\"784,512,10\"");
    o->inputs = (eq_shape){shape[0], shape[1], shape[2]};
    for (const eq_xml_node *n = eq_xml_first(r->node); n != NULL; n = eq_xml_next(n)) {
        reader layer = {r->xml, n, r->diag};
        if (o->layers == EQ_DISCRETE_LAYERS)
            return fault(&layer, "a network has 16 layers at most; leave out this one");
        o->at[o->layers] = (eq_place){path, eq_xml_place(r->xml, n).line, 0};
        eq_status status = read_layer(&layer, &o->layer[o->layers++]);
        if (status != EQ_OK) return status;
    }
    if (o->layers > 0) return EQ_OK;
    return fault(r, "<network> has no layers; add <conv .../> or <dense units=\"10\"/>");
}

static eq_status read_discrete(const reader *r, eq_experiment *x) {
    eq_discrete_options *o = &x->discrete;
    const char *solver = word(r, "solver"), *sigma = word(r, "sigma"), *out = word(r, "readout");
    const char *precision = word(r, "precision");
    const char *const name[] = {"steps", "free-steps", "nudged-steps", "topology"};
    size_t *const value[] = {&o->steps, &o->free, &o->nudged, &o->topology};
    if (solver != NULL && !eq_discrete_solver_find(solver, &o->solver))
        return fault(r, "a discrete-time network has solver=\"sweeps\" or \"steps\"; take one of "
                        "them");
    if (sigma != NULL) o->sigma = eq_sigma_find(sigma);
    if (out != NULL) o->readout = strcmp(out, "softmax") == 0;
    if (precision != NULL) o->single = strcmp(precision, "single") == 0;
    eq_status status =
        eq_named_slots_read(x, r->xml, r->node, discrete_texts, DISCRETE_TEXTS, o, r->diag);
    if (status == EQ_OK)
        status = eq_xml_number(r->xml, r->node, "tolerance", &o->tolerance, r->diag);
    if (status == EQ_OK) status = counts(r, 4, name, value);
    if (status == EQ_OK)
        status = word(r, "layers") != NULL ? read_dense(r, o) : read_layers(r, x->path, o);
    return status == EQ_OK ? eq_discrete_check(o, r->diag) : status;
}

eq_status eq_network_element_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                                  eq_diag *diag) {
    reader r = {xml, node, diag};
    const char *kind = word(&r, "kind");
    size_t said = eq_diag_count(diag);
    eq_status status = strcmp(kind, "elastic") == 0    ? eq_elastic_element_read(xml, node, x, diag)
                       : strcmp(kind, "hopfield") == 0 ? read_hopfield(&r, x)
                                                       : read_discrete(&r, x);
    return eq_element_located(xml, node, said, status, diag);
}

eq_status eq_network_element_suits(const eq_xml *xml, const eq_experiment *x, eq_diag *diag) {
    const eq_xml_node *root = eq_xml_root(xml), *of = eq_xml_child(root, "estimator");
    reader r = {xml, of == NULL ? root : of, diag};
    bool in_time = x->discrete.layers > 0;
    if (x->estimator.kind->unrolled && !in_time)
        return fault(&r, "type=\"bptt\" goes back through steps in time, which <network "
                         "kind=\"discrete\"> alone has; take type=\"adjoint\"");
    if (x->estimator.kind->unrolled && eq_estimator_unrolled(x) == 0)
        return fault(&r, "type=\"bptt\" goes back through so many steps; give it steps=\"10\"");
    if (x->estimator.kind->iterates && x->elastic.nodes != NULL)
        return fault(&r, "type=\"rbp\" follows gradient dynamics, which elastic networks have not "
                         "here; take type=\"adjoint\"");
    if (x->estimator.nudging == EQ_NUDGE_CLAMP && in_time && x->estimator.kind->phases > 0)
        return fault(&r, "the outputs of a discrete-time network cannot be clamped; take "
                         "nudging=\"energy\" or \"current\"");
    if (x->discrete.readout && strcmp(x->cost.kind->name, "cross-entropy") != 0)
        return fault(&r, "readout=\"softmax\" gives the scores of <cost type=\"cross-entropy\"/>; "
                         "take that cost, or leave readout out");
    return EQ_OK;
}

static void write_hopfield(const eq_experiment *x, eq_text *t) {
    eq_hopfield_options o = x->network;
    eq_text_puts(t, "  <network kind=\"hopfield\"");
    for (size_t l = 0; l < o.layers; l++)
        eq_text_printf(t, "%s%zu", l == 0 ? " layers=\"" : ",", o.width[l]);
    if (o.layers > 0) eq_text_puts(t, "\"");
    eq_links_write(o.skip, o.skips, o.lateral, t);
    eq_named_slots_write(x, texts, TEXTS, &o, t);
    if (o.topology > 0) eq_text_printf(t, " topology=\"%zu\"", o.topology);
    eq_text_printf(t, " sigma=\"%s\" solver=\"%s\"", o.sigma->name,
                   eq_hopfield_solver_name(o.solver));
    if (x->cache) eq_put_text(t, "cache", "yes");
    eq_put_number(t, "step", o.step);
    eq_put_number(t, "tolerance", o.tolerance);
    eq_text_printf(t, " steps=\"%zu\"/>\n", o.steps);
}

static void write_layer(const eq_coupling_kind *k, eq_text *t) {
    if (!k->convolves) {
        eq_text_printf(t, "    <dense units=\"%zu\"/>\n", k->channels);
        return;
    }
    eq_text_printf(t, "    <conv channels=\"%zu\" kernel=\"%zu\" padding=\"%zu\" pool=\"%s\"",
                   k->channels, k->kernel, k->padding, eq_pooling_name(k->pooling));
    if (k->pooling != EQ_POOLING_NONE) eq_text_printf(t, " window=\"%zu\"", k->window);
    eq_text_puts(t, "/>\n");
}

static void write_discrete(const eq_experiment *x, eq_text *t) {
    const eq_discrete_options *o = &x->discrete;
    eq_text_printf(t, "  <network kind=\"discrete\" inputs=\"%zux%zux%zu\" sigma=\"%s\"",
                   o->inputs.channels, o->inputs.height, o->inputs.width, o->sigma->name);
    eq_text_printf(t, " readout=\"%s\" solver=\"%s\"", o->readout ? "softmax" : "state",
                   eq_discrete_solver_name(o->solver));
    eq_named_slots_write(x, discrete_texts, DISCRETE_TEXTS, o, t);
    if (o->topology > 0) eq_text_printf(t, " topology=\"%zu\"", o->topology);
    if (o->single) eq_text_puts(t, " precision=\"single\"");
    if (x->cache) eq_put_text(t, "cache", "yes");
    eq_put_number(t, "tolerance", o->tolerance);
    eq_text_printf(t, " steps=\"%zu\" free-steps=\"%zu\" nudged-steps=\"%zu\">\n", o->steps,
                   o->free, o->nudged);
    for (size_t l = 0; l < o->layers; l++) write_layer(&o->layer[l], t);
    eq_text_puts(t, "  </network>\n");
}

void eq_network_element_write(const eq_experiment *x, eq_text *t) {
    if (x->elastic.nodes != NULL)
        eq_elastic_element_write(x, t);
    else if (x->discrete.layers > 0)
        write_discrete(x, t);
    else
        write_hopfield(x, t);
}
