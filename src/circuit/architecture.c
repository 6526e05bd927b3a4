#include "circuit/architecture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "circuit/builder.h"

static const char *const kinds[EQ_NETS] = {"kendall", "drn", "graph", "grid", "nmos"};

static const eq_architecture kendall = {
    .amplifiers = true,
    .differential = true,
    .gain = 4.0,
    .feedback = 0.25,
    .biases = 1,
    .bias = {1.0},
    .diode = EQ_NEURON_SHOCKLEY,
    .is = 1e-6,
    .n = 1.0,
    .ron = 1.0,
    .roff = 1e12,
    .up = 0.0,
    .down = 0.0,
    .gmin = 1e-8,
    .gmax = 1e-3,
    .low = 1e-7,
    .high = 2e-6,
    .seed = 1,
    .density = 1.0,
    .vmin = 0.4,
    .vmax = 8.0,
    .vlow = 0.5,
    .vhigh = 4.5,
};

eq_status eq_architecture_kind(const char *kind, eq_architecture *a, eq_diag *diag) {
    int k = 0;
    while (k < EQ_NETS && !eq_same(kind, kinds[k])) k++;
    if (k == EQ_NETS)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "there is no architecture '%s'; use kendall, drn, graph, grid or nmos",
                       kind);
    *a = kendall;
    a->kind = (eq_architecture_name)k;
    if (k != EQ_NET_KENDALL) {
        a->amplifiers = false;
        a->gain = a->feedback = 1.0;
    }
    if (eq_architecture_has_edges(a)) a->biases = 0;
    if (k == EQ_NET_NMOS) a->load = 1e9;
    return EQ_OK;
}

const char *eq_architecture_kind_name(eq_architecture_name kind) {
    return kinds[kind];
}

bool eq_architecture_has_edges(const eq_architecture *a) {
    return a->kind >= EQ_NET_GRAPH;
}

void eq_architecture_free(eq_architecture *a) {
    for (int k = 0; k < EQ_NET_TEXTS; k++) {
        eq_free(a->text[k]);
        a->text[k] = NULL;
    }
}

/* Reads numbers separated by commas; *count receives how many, `most` at the most. */
static eq_status numbers(const char *text, const char *what, double *value, size_t most,
                         size_t *count, eq_diag *diag) {
    *count = 0;
    for (const char *p = text; *p != '\0';) {
        size_t n = *count < most ? eq_parse_double(p, strlen(p), &value[*count]) : 0;
        p += n;
        if (n == 0 || (*p != ',' && *p != '\0') || (*p == ',' && p[1] == '\0'))
            return eq_fail(diag, EQ_ERR_USAGE,
                           "%s '%s' is no list of at most %zu numbers; write them with commas "
                           "between",
                           what, text, most);
        p += *p == ',';
        (*count)++;
    }
    return EQ_OK;
}

static bool is_width(double value) {
    return value >= 1.0 && value <= EQ_MOST_WIDE && value == floor(value);
}

/* Behind the layers of an image. */
eq_status eq_architecture_layers(const char *text, eq_architecture *a, eq_diag *diag) {
    double width[EQ_MAX_LAYERS];
    size_t first = a->image[0].rows > 0 ? a->convolutions + 1 : 0, count;
    eq_status status = numbers(text, "layers", width, EQ_MAX_LAYERS - first, &count, diag);
    if (status != EQ_OK) return status;
    for (size_t l = 0; l < count; l++) {
        if (!is_width(width[l]))
            return eq_fail(diag, EQ_ERR_USAGE,
                           "layers '%s': %g is no number of nodes; use whole "
                           "numbers from 1 to 1e7",
                           text, width[l]);
        a->width[first + l] = (size_t)width[l];
    }
    a->layers = first + count;
    if (first > 0 && count == 0)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the image has no outputs; give what follows it in layers, \"20\" or "
                       "\"100,20\"");
    if (a->layers < 2)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "layers '%s' is too short; give inputs, hidden layers and "
                       "outputs, as in 1568,100,20",
                       text);
    return EQ_OK;
}

static eq_status add_image(eq_architecture *a, size_t layer, eq_image image, eq_diag *diag) {
    double nodes = (double)image.rows * (double)image.columns * (double)image.channels;
    if (nodes > EQ_MOST_WIDE)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "an image of %zu x %zu x %zu has more than %d nodes; use a smaller one",
                       image.rows, image.columns, image.channels, EQ_MOST_WIDE);
    a->image[layer] = image;
    a->width[layer] = image.rows * image.columns * image.channels;
    return EQ_OK;
}

eq_status eq_architecture_image(const char *text, eq_architecture *a, eq_diag *diag) {
    double size[3] = {1.0, 1.0, 1.0};
    size_t count;
    eq_status status = numbers(text, "image", size, 3, &count, diag);
    if (status != EQ_OK) return status;
    if (count < 2 || !is_width(size[0]) || !is_width(size[1]) || !is_width(size[2]))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "image '%.40s' is none; give rows, columns and channels, as in \"8,8,2\"",
                       text);
    return add_image(a, 0, (eq_image){(size_t)size[0], (size_t)size[1], (size_t)size[2]}, diag);
}

/* floor((size + 2 padding - kernel)/stride) + 1 places. */
static size_t places(size_t size, const eq_convolution *v) {
    return (size + 2 * v->padding - v->kernel) / v->stride + 1;
}

eq_status eq_architecture_convolve(const eq_convolution *v, eq_architecture *a, eq_diag *diag) {
    const eq_image *from = &a->image[a->convolutions];
    if (a->image[0].rows == 0)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "a convolution has no image to look at; give <architecture "
                       "image=\"ROWS,COLUMNS,CHANNELS\">");
    if (a->convolutions + 3 > EQ_MAX_LAYERS)
        return eq_fail(diag, EQ_ERR_USAGE, "there are more than %d convolutions; use fewer",
                       EQ_MAX_LAYERS - 3);
    size_t most = (from->rows < from->columns ? from->rows : from->columns);
    if (v->kernel < 1 || v->stride < 1 || v->filters < 1 || v->padding >= v->kernel ||
        v->kernel > most + 2 * v->padding || !is_width((double)v->filters))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "a convolution with kernel %zu, filters %zu, stride %zu and padding %zu "
                       "does not fit an image of %zu x %zu; padding is smaller than the kernel, "
                       "and the kernel not larger than the padded image",
                       v->kernel, v->filters, v->stride, v->padding, from->rows, from->columns);
    const eq_image to = {places(from->rows, v), places(from->columns, v), v->filters};
    eq_status status = add_image(a, a->convolutions + 1, to, diag);
    if (status == EQ_OK) a->convolution[++a->convolutions] = *v;
    return status;
}

/* A whole number of at most two digits at *p, which moves behind it. */
static bool layer_at(const char **p, size_t *layer) {
    size_t n = strspn(*p, "0123456789");
    if (n == 0 || n > 2) return false;
    for (*layer = 0; n > 0; n--) *layer = 10 * *layer + (size_t)(*(*p)++ - '0');
    return true;
}

eq_status eq_architecture_skips(const char *text, eq_architecture *a, eq_diag *diag) {
    const char *p = text;
    for (a->skips = 0; *(p += strspn(p, " ,")) != '\0'; a->skips++) {
        eq_skip s = {0, 0};
        bool good = a->skips < EQ_MAX_SKIPS && layer_at(&p, &s.from) && *p++ == '-' &&
                    layer_at(&p, &s.to) && strcspn(p, " ,") == 0;
        if (!good)
            return eq_fail(diag, EQ_ERR_USAGE,
                           "skip '%.40s' is no list of at most %d connections; write FROM-TO, "
                           "layers counted from the inputs, which are 0, as in \"0-2 1-4\"",
                           text, EQ_MAX_SKIPS);
        a->skip[a->skips] = s;
    }
    return EQ_OK;
}

eq_status eq_architecture_lateral(const char *text, eq_architecture *a, eq_diag *diag) {
    const char *p = text;
    size_t layer;
    for (a->lateral = 0; *(p += strspn(p, " ,")) != '\0'; a->lateral |= 1u << layer)
        if (!layer_at(&p, &layer) || strcspn(p, " ,") != 0 || layer < 1 || layer >= EQ_MAX_LAYERS ||
            (a->lateral >> layer & 1))
            return eq_fail(
                diag, EQ_ERR_USAGE,
                "lateral '%.40s' is no list of layers; write their numbers, counted from "
                "the inputs, which are 0, once each, as in \"1 2\"",
                text);
    return EQ_OK;
}

eq_status eq_architecture_biases(const char *text, eq_architecture *a, eq_diag *diag) {
    return numbers(text, "bias", a->bias, EQ_MAX_BIASES, &a->biases, diag);
}

/* The resistors of the crossbar to layer l, without those of its biases. */
static double cells(const eq_architecture *a, size_t l) {
    double rows = (double)a->width[l - 1];
    if (l <= a->convolutions)
        rows = (double)a->convolution[l].kernel * (double)a->convolution[l].kernel *
               (double)a->image[l - 1].channels;
    return rows * (double)a->width[l];
}

/* The elements that `build` makes: sources, crossbars with their bias rows and wires, skips, lateral ones, two
 * diodes a hidden neuron and the three elements of its amplifier, nudges. Widths are at most 1e7: no
 * overflow. */
static double elements(const eq_architecture *a) {
    double count = (double)(a->width[0] + a->biases + a->width[a->layers - 1]) + 2.0;
    double each = a->wires > 0.0 ? 3.0 : 1.0;
    for (size_t l = 1; l < a->layers; l++) {
        double width = (double)a->width[l];
        count += each * (cells(a, l) + (double)a->biases * width);
        if (a->lateral >> l & 1) count += 0.5 * width * (width - 1.0);
    }
    for (size_t k = 0; k < a->skips; k++)
        count += each * (double)a->width[a->skip[k].from] * (double)a->width[a->skip[k].to];
    for (size_t l = 1; l + 1 < a->layers; l++)
        count += (a->amplifiers ? 5.0 : 2.0) * (double)a->width[l];
    return count;
}

static bool same_before(const eq_architecture *a, size_t k) {
    for (size_t j = 0; j < k; j++)
        if (a->skip[j].from == a->skip[k].from && a->skip[j].to == a->skip[k].to) return true;
    return false;
}

/* Whether the layers that skips, lateral connections and wires are of are there. */
static eq_status check_layers(const eq_architecture *a, eq_diag *diag) {
    for (size_t k = 0; k < a->skips; k++)
        if (a->skip[k].to >= a->layers || a->skip[k].to < a->skip[k].from + 2 || same_before(a, k))
            return eq_fail(diag, EQ_ERR_USAGE,
                           "skip %zu-%zu cannot be: it leads over one layer or more to one of the "
                           "layers 2..%zu, and stands once",
                           a->skip[k].from, a->skip[k].to, a->layers - 1);
    for (size_t l = 1; l < EQ_MAX_LAYERS; l++)
        if (a->lateral >> l & 1 && (l >= a->layers || a->width[l] < 2))
            return eq_fail(diag, EQ_ERR_USAGE,
                           "lateral %zu cannot be: give layers 1..%zu of two nodes or more", l,
                           a->layers - 1);
    if (a->convolutions > 0 && a->wires > 0.0)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "wires are those of whole crossbars, which convolutions have not; leave "
                       "one of them out");
    return EQ_OK;
}

#define CLAMPS                                                                                     \
    "bias-up and bias-down are the signed clamp voltages as they stand in the deck (up 0.7, down " \
    "-0.7)"

/* Version 0.1 wrote the lower clamp without its sign: 1 and 1 were +1 V and -1 V. */
static eq_status check_clamps(const eq_architecture *a, eq_diag *diag) {
    bool unsigned_down = a->down > 0.0 && a->up >= 0.0;
    double up = unsigned_down ? a->up : a->down, down = unsigned_down ? -a->down : a->up;
    if (a->up > a->down || (a->up == a->down && !unsigned_down)) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE,
                   "bias-up = %g V is not above bias-down = %g V: " CLAMPS
                   "; write bias-up=\"%g\" bias-down=\"%g\" (--up %g --down %g)",
                   a->up, a->down, up, down, up, down);
}

eq_status eq_architecture_fits(const eq_architecture *a, eq_diag *diag) {
    eq_status status = check_layers(a, diag);
    if (status != EQ_OK) return status;
    if (elements(a) > eq_max_elements)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "layers of these sizes make %.3g elements, more than %g; use narrower ones",
                       elements(a), eq_max_elements);
    if (a->differential && a->width[a->layers - 1] % 2 != 0)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "%zu output nodes cannot be paired; use an even number or single outputs",
                       a->width[a->layers - 1]);
    if (!(a->low >= a->gmin && a->high >= a->low && a->high <= a->gmax && a->low > 0.0))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "initial conductances %g..%g S do not lie in gmin=%g..gmax=%g S; change one "
                       "of them",
                       a->low, a->high, a->gmin, a->gmax);
    return check_clamps(a, diag);
}

eq_status eq_architecture_check(const eq_architecture *a, eq_diag *diag) {
    eq_status status = eq_architecture_fits(a, diag);
    if (status == EQ_OK && a->down > 0.0)
        eq_warn_at(diag, (eq_place){0},
                   "bias-down = %g V lies above 0 V: " CLAMPS
                   "; for a lower clamp at %g V write bias-down=\"%g\" (--down %g)",
                   a->down, -a->down, -a->down, -a->down);
    return status;
}
