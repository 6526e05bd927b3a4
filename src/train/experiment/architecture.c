#include "train/experiment/architecture.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/mesh.h"
#include "train/experiment/attribute.h"
#include "train/experiment/named.h"

/* Kinds of architecture, as bits. */
enum {
    LAYERS = 1 << EQ_NET_KENDALL | 1 << EQ_NET_DRN,
    NODES = 1 << EQ_NET_GRAPH | 1 << EQ_NET_GRID,
    EDGES = NODES | 1 << EQ_NET_NMOS,
    GRID = 1 << EQ_NET_GRID,
    NMOS = 1 << EQ_NET_NMOS
};

/* Numbers that are said only where they are not 0 have `quiet`. */
static const struct number {
    const char *name;
    size_t at;
    unsigned kinds;
    bool quiet;
} numbers[] = {
    {"gain", offsetof(eq_architecture, gain), LAYERS, false},
    {"feedback", offsetof(eq_architecture, feedback), LAYERS, false},
    {"is", offsetof(eq_architecture, is), LAYERS | EDGES, false},
    {"n", offsetof(eq_architecture, n), LAYERS | EDGES, false},
    {"ron", offsetof(eq_architecture, ron), LAYERS | EDGES, false},
    {"roff", offsetof(eq_architecture, roff), LAYERS | EDGES, false},
    {"bias-up", offsetof(eq_architecture, up), LAYERS, false},
    {"bias-down", offsetof(eq_architecture, down), LAYERS, false},
    {"gmin", offsetof(eq_architecture, gmin), LAYERS | EDGES, false},
    {"gmax", offsetof(eq_architecture, gmax), LAYERS | EDGES, false},
    {"wires", offsetof(eq_architecture, wires), LAYERS, true},
    {"gate-min", offsetof(eq_architecture, vmin), EDGES, false},
    {"gate-max", offsetof(eq_architecture, vmax), EDGES, false},
    {"load", offsetof(eq_architecture, load), EDGES, false},
    {"density", offsetof(eq_architecture, density), NMOS, false},
};

static const struct count {
    const char *name;
    size_t at;
    unsigned kinds;
} counts[] = {
    {"rows", offsetof(eq_architecture, rows), GRID},
    {"columns", offsetof(eq_architecture, columns), GRID},
    {"topology", offsetof(eq_architecture, topology), NMOS},
};

static const struct text {
    const char *name;
    unsigned kinds;
    bool path;
} texts[EQ_NET_TEXTS] = {
    [EQ_NET_EDGES] = {"edges", 1 << EQ_NET_GRAPH | NMOS, true},
    [EQ_NET_INPUTS] = {"inputs", NODES, false},
    [EQ_NET_OUTPUTS] = {"outputs", NODES, false},
    [EQ_NET_RAILS] = {"rails", EDGES, false},
    [EQ_NET_ELEMENT] = {"element", EDGES, false},
    [EQ_NET_BULK] = {"bulk", EDGES, false},
    [EQ_NET_MODELS] = {"models", EDGES, true},
    [EQ_NET_MODEL] = {"model", EDGES, false},
    [EQ_NET_PARAMETERS] = {"parameters", EDGES, false},
};

typedef struct reader {
    const eq_xml *xml;
    const eq_xml_node *node;
    eq_experiment *x;
    eq_architecture *a;
    eq_diag *diag;
} reader;

static const char *word(const reader *r, const char *name) {
    return eq_xml_attribute(r->node, name);
}

static double *number_at(eq_architecture *a, const struct number *n) {
    return (double *)(void *)((char *)a + n->at);
}

static size_t *count_at(eq_architecture *a, const struct count *n) {
    return (size_t *)(void *)((char *)a + n->at);
}

/* Those that the kind has; the others have no effect, which train/experiment/idle.h tells. */
static eq_status read_texts(const reader *r) {
    eq_status status = EQ_OK;
    for (int k = 0; status == EQ_OK && k < EQ_NET_TEXTS; k++) {
        const char *said = word(r, texts[k].name);
        r->a->text_at[k] = eq_named_at(r->x, r->xml, r->node, texts[k].name);
        if (said == NULL || !(texts[k].kinds >> r->a->kind & 1)) continue;
        if (texts[k].path)
            status =
                eq_named_read(r->x, r->xml, r->node, texts[k].name, 0, &r->a->text[k], r->diag);
        else if ((r->a->text[k] = eq_strdup(said)) == NULL)
            status = eq_out_of_memory(r->diag);
    }
    return status;
}

static eq_status read_numbers(const reader *r) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof numbers / sizeof *numbers; k++)
        status =
            eq_xml_number(r->xml, r->node, numbers[k].name, number_at(r->a, &numbers[k]), r->diag);
    for (size_t k = 0; status == EQ_OK && k < sizeof counts / sizeof *counts; k++)
        status = eq_xml_count(r->xml, r->node, counts[k].name, count_at(r->a, &counts[k]), r->diag);
    return status;
}

/* Of layers: pairs of nodes or single ones. */
static eq_status read_outputs(const reader *r) {
    const char *outputs = word(r, "outputs");
    if (outputs == NULL || texts[EQ_NET_OUTPUTS].kinds >> r->a->kind & 1) return EQ_OK;
    r->a->differential = strcmp(outputs, "differential") == 0;
    if (r->a->differential || strcmp(outputs, "single") == 0) return EQ_OK;
    return eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_attribute_place(r->xml, r->node, "outputs"),
                      "outputs=\"%.40s\": kind=\"%s\" has outputs that are differential or single; "
                      "write one of these words",
                      outputs, word(r, "kind"));
}

static eq_status convolve(const reader *r, const eq_xml_node *node) {
    eq_convolution v = {.stride = 1};
    struct {
        const char *name;
        size_t *value;
    } all[] = {{"kernel", &v.kernel},
               {"filters", &v.filters},
               {"stride", &v.stride},
               {"padding", &v.padding}};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof all / sizeof *all; k++)
        status = eq_xml_count(r->xml, node, all[k].name, all[k].value, r->diag);
    return status == EQ_OK ? eq_architecture_convolve(&v, r->a, r->diag) : status;
}

/* Image and convolutions, the layers behind them, and what leads over layers and along them. */
static eq_status read_layers(const reader *r) {
    const char *image = word(r, "image"), *layers = word(r, "layers");
    const char *skip = word(r, "skip"), *lateral = word(r, "lateral");
    eq_status status = EQ_OK;
    if (image != NULL) status = eq_architecture_image(image, r->a, r->diag);
    for (const eq_xml_node *n = eq_xml_first(r->node); status == EQ_OK && n != NULL;
         n = eq_xml_next(n))
        if (strcmp(eq_xml_name(n), "convolution") == 0) status = convolve(r, n);
    if (status == EQ_OK)
        status = eq_architecture_layers(layers == NULL ? "" : layers, r->a, r->diag);
    if (status == EQ_OK && skip != NULL) status = eq_architecture_skips(skip, r->a, r->diag);
    if (status == EQ_OK && lateral != NULL)
        status = eq_architecture_lateral(lateral, r->a, r->diag);
    return status;
}

static eq_status read_all(const reader *r) {
    eq_architecture *a = r->a;
    const char *diode = word(r, "diode"), *bias = word(r, "bias"), *layers = word(r, "layers");
    const char *periodic = word(r, "periodic"), *neurons = word(r, "neurons");
    bool layered = !eq_architecture_has_edges(a);
    eq_status status = EQ_OK;
    if (layered)
        status = read_layers(r);
    else if (a->kind == EQ_NET_NMOS && layers != NULL)
        status = eq_architecture_layers(layers, a, r->diag);
    if (status == EQ_OK && bias != NULL) status = eq_architecture_biases(bias, a, r->diag);
    if (status == EQ_OK) status = read_outputs(r);
    if (diode != NULL)
        a->diode = strcmp(diode, "ideal") == 0 ? EQ_NEURON_IDEAL : EQ_NEURON_SHOCKLEY;
    if (neurons != NULL) a->rectified = strcmp(neurons, "rectified") == 0;
    if (periodic != NULL) a->periodic = strcmp(periodic, "yes") == 0;
    if (status == EQ_OK) status = read_texts(r);
    if (status == EQ_OK) status = read_numbers(r);
    /* The conductances are drawn by <group init=.../>;
     * what the deck holds first must lie inside. */
    a->low = fmin(fmax(a->low, fmax(a->gmin, 1e-12)), a->gmax);
    a->high = fmin(fmax(a->high, a->low), a->gmax);
    return status == EQ_OK ? eq_architecture_can_be(a, r->diag) : status;
}

eq_status eq_architecture_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                               eq_diag *diag) {
    reader r = {xml, node, x, &x->architecture, diag};
    size_t said = eq_diag_count(diag);
    eq_status status = eq_architecture_kind(word(&r, "kind"), r.a, diag);
    r.a->at = (eq_place){x->path, eq_xml_place(xml, node).line, 0};
    if (status == EQ_OK) status = read_all(&r);
    return eq_element_located(xml, node, said, status, diag);
}

void eq_links_write(const eq_skip *skip, size_t skips, unsigned lateral, eq_text *t) {
    if (skips > 0) eq_text_puts(t, " skip=\"");
    for (size_t k = 0; k < skips; k++)
        eq_text_printf(t, "%s%zu-%zu%s", k == 0 ? "" : " ", skip[k].from, skip[k].to,
                       k + 1 == skips ? "\"" : "");
    if (lateral != 0) eq_text_puts(t, " lateral=\"");
    for (unsigned l = 1; lateral >> l != 0; l++)
        if (lateral >> l & 1) eq_text_printf(t, "%u%s", l, lateral >> (l + 1) == 0 ? "\"" : " ");
}

/* The image of the inputs, then what follows the convolutions, which stand inside. */
static void write_layers(const eq_architecture *a, eq_text *t) {
    const eq_image *image = &a->image[0];
    size_t first = image->rows > 0 ? a->convolutions + 1 : 0;
    if (image->rows > 0)
        eq_text_printf(t, " image=\"%zu,%zu,%zu\"", image->rows, image->columns, image->channels);
    eq_text_puts(t, " layers=\"");
    for (size_t l = first; l < a->layers; l++)
        eq_text_printf(t, "%s%zu", l == first ? "" : ",", a->width[l]);
    eq_text_puts(t, "\"");
    eq_links_write(a->skip, a->skips, a->lateral, t);
}

static void write_biases(const eq_architecture *a, eq_text *t) {
    eq_text_puts(t, " bias=\"");
    for (size_t b = 0; b < a->biases; b++) {
        if (b > 0) eq_text_puts(t, ",");
        eq_text_number(t, a->bias[b]);
    }
    eq_text_puts(t, "\"");
}

static void write_texts(const eq_experiment *x, eq_text *t) {
    for (int k = 0; k < EQ_NET_TEXTS; k++)
        if (texts[k].path)
            eq_put_path(x, t, texts[k].name, x->architecture.text[k]);
        else
            eq_put_text(t, texts[k].name, x->architecture.text[k]);
}

void eq_architecture_write_inside(const eq_architecture *a, eq_text *t) {
    for (size_t l = 1; l <= a->convolutions; l++) {
        const eq_convolution *v = &a->convolution[l];
        eq_text_printf(t,
                       "    <convolution kernel=\"%zu\" filters=\"%zu\" stride=\"%zu\" "
                       "padding=\"%zu\"/>\n",
                       v->kernel, v->filters, v->stride, v->padding);
    }
}

void eq_architecture_write(const eq_experiment *x, eq_text *t) {
    eq_architecture a = x->architecture;
    unsigned kind = 1u << a.kind;
    eq_text_printf(t, "  <architecture kind=\"%s\"", eq_architecture_kind_name(a.kind));
    if (a.layers > 0) write_layers(&a, t);
    if (!(kind & NODES)) write_biases(&a, t);
    if (!(kind & NODES))
        eq_text_printf(t, " outputs=\"%s\"", a.differential ? "differential" : "single");
    eq_text_printf(t, " diode=\"%s\"", a.diode == EQ_NEURON_IDEAL ? "ideal" : "shockley");
    if (a.rectified) eq_text_printf(t, " neurons=\"rectified\"");
    if (kind & GRID) eq_text_printf(t, " periodic=\"%s\"", a.periodic ? "yes" : "no");
    write_texts(x, t);
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
        if (counts[k].kinds & kind && *count_at(&a, &counts[k]) > 0)
            eq_text_printf(t, " %s=\"%zu\"", counts[k].name, *count_at(&a, &counts[k]));
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        if (numbers[k].kinds & kind && !(numbers[k].quiet && *number_at(&a, &numbers[k]) == 0.0))
            eq_put_number(t, numbers[k].name, *number_at(&a, &numbers[k]));
}
