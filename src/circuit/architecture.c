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

eq_status eq_architecture_layers(const char *text, eq_architecture *a, eq_diag *diag) {
    double width[EQ_MAX_LAYERS];
    eq_status status = numbers(text, "layers", width, EQ_MAX_LAYERS, &a->layers, diag);
    if (status != EQ_OK) return status;
    for (size_t l = 0; l < a->layers; l++) {
        if (!(width[l] >= 1.0 && width[l] <= EQ_MOST_WIDE && width[l] == floor(width[l])))
            return eq_fail(diag, EQ_ERR_USAGE,
                           "layers '%s': %g is no number of nodes; use whole "
                           "numbers from 1 to 1e7",
                           text, width[l]);
        a->width[l] = (size_t)width[l];
    }
    if (a->layers < 2)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "layers '%s' is too short; give inputs, hidden layers and "
                       "outputs, as in 1568,100,20",
                       text);
    return EQ_OK;
}

eq_status eq_architecture_biases(const char *text, eq_architecture *a, eq_diag *diag) {
    return numbers(text, "bias", a->bias, EQ_MAX_BIASES, &a->biases, diag);
}

/* What is being built. row: the nodes that drive the next crossbar; column:
 * the layer it ends on. */
typedef struct builder {
    eq_builder with;
    const eq_architecture *a;
    eq_node *row, *column, bias[EQ_MAX_BIASES], up, down;
    size_t rows;
} builder;

enum { NAME = EQ_NAME_ROOM };

static eq_status inputs(builder *b) {
    char name[NAME];
    eq_status status = EQ_OK;
    b->rows = b->a->width[0];
    for (size_t k = 0; status == EQ_OK && k < b->rows; k++) {
        eq_element e;
        snprintf(name, sizeof name, "vx%zu", k + 1);
        status = eq_builder_source(&b->with, name, name + 1, 0.0, &b->row[k], &e);
        if (status == EQ_OK) status = eq_circuit_input(b->with.c, e, b->with.diag);
    }
    for (size_t k = 0; status == EQ_OK && k < b->a->biases; k++) {
        snprintf(name, sizeof name, "vbias%zu", k + 1);
        status = eq_builder_source(&b->with, name, name + 1, b->a->bias[k], &b->bias[k], NULL);
    }
    return status;
}

/* The bias sources and the .model of the neurons' diodes. */
static eq_status diode_supply(builder *b) {
    static const char *const params[][2] = {{"is", "n"}, {"ron", "roff"}};
    const eq_architecture *a = b->a;
    bool ideal = a->diode == EQ_NEURON_IDEAL;
    const double value[][2] = {{a->is, a->n}, {a->ron, a->roff}};
    eq_status status = eq_builder_source(&b->with, "vup", "up", a->up, &b->up, NULL);
    if (status == EQ_OK)
        status = eq_builder_source(&b->with, "vdown", "down", a->down, &b->down, NULL);
    if (status != EQ_OK) return status;
    return eq_builder_model(&b->with, "neuron", ideal ? EQ_CLASS_ideal_diode : EQ_CLASS_diode,
                            params[ideal], value[ideal], 2);
}

static eq_status train(builder *b, const char *prefix, size_t l) {
    char pattern[NAME];
    snprintf(pattern, sizeof pattern, "%s%zu_*", prefix, l);
    return eq_circuit_train(b->with.c, pattern, NULL, b->a->gmin, b->a->gmax,
                            (eq_location){EQ_NONE, 0, 0}, b->with.diag);
}

/* The resistors from one row of crossbar l to its columns. */
static eq_status cells(builder *b, eq_grid *g, const char *prefix, size_t l, size_t row,
                       eq_node from) {
    char name[NAME];
    eq_status status = EQ_OK;
    eq_grid_row(g, from);
    for (size_t k = 0; status == EQ_OK && k < b->a->width[l]; k++) {
        eq_node across, down;
        snprintf(name, sizeof name, "%s%zu_%zu_%zu", prefix, l, row + 1, k + 1);
        status = eq_grid_cell(g, k, b->column[k], &across, &down);
        if (status == EQ_OK) status = eq_builder_resistor(&b->with, name, across, down);
    }
    return status;
}

static eq_status crossbar(builder *b, size_t l) {
    char tag[NAME];
    eq_grid g;
    snprintf(tag, sizeof tag, "%zu", l);
    eq_status status = eq_grid_open(&g, &b->with, tag, b->a->width[l]);
    for (size_t i = 0; status == EQ_OK && i < b->rows; i++)
        status = cells(b, &g, "r", l, i, b->row[i]);
    for (size_t i = 0; status == EQ_OK && i < b->a->biases; i++)
        status = cells(b, &g, "rb", l, i, b->bias[i]);
    if (status == EQ_OK) status = eq_grid_end(&g, b->column);
    eq_grid_close(&g);
    if (status == EQ_OK) status = train(b, "r", l);
    if (status == EQ_OK && b->a->biases > 0) status = train(b, "rb", l);
    return status;
}

/* Bidirectional amplifier of neuron h (section 4.4.2): E drives e_ with A v(h), a 0-V source senses
 * the current into w, F draws gamma times that current from h. *w is the driven node. */
static eq_status amplifier(builder *b, const char *suffix, eq_node h, eq_node *w) {
    char e_name[NAME], w_name[NAME], s_name[NAME], f_name[NAME];
    snprintf(e_name, sizeof e_name, "e%s", suffix);
    snprintf(w_name, sizeof w_name, "w%s", suffix);
    snprintf(s_name, sizeof s_name, "vs%s", suffix);
    snprintf(f_name, sizeof f_name, "f%s", suffix);
    eq_node driven;
    eq_element sense;
    eq_status status = eq_builder_node(&b->with, e_name, &driven);
    if (status == EQ_OK) status = eq_builder_node(&b->with, w_name, w);
    if (status == EQ_OK)
        status = eq_builder_element(&b->with, EQ_CLASS_vcvs, e_name,
                                    (eq_node[4]){driven, EQ_GROUND, h, EQ_GROUND}, EQ_NONE,
                                    b->a->gain, NULL);
    if (status == EQ_OK)
        status =
            eq_builder_element(&b->with, EQ_CLASS_vsource, s_name,
                               (eq_node[4]){driven, *w, EQ_NONE, EQ_NONE}, EQ_NONE, 0.0, &sense);
    if (status == EQ_OK)
        status = eq_builder_element(&b->with, EQ_CLASS_cccs, f_name,
                                    (eq_node[4]){h, EQ_GROUND, EQ_NONE, EQ_NONE}, sense,
                                    b->a->feedback, NULL);
    return status;
}

/* The diodes of neuron k of layer l, and what the next crossbar sees of it. */
static eq_status neuron(builder *b, size_t l, size_t k) {
    char name[NAME];
    eq_node h = b->column[k], *row = &b->row[k];
    int cls = b->with.c->model[b->with.model].cls;
    snprintf(name, sizeof name, "du%zu_%zu", l, k + 1);
    eq_status status = eq_builder_element(
        &b->with, cls, name, (eq_node[4]){h, b->up, EQ_NONE, EQ_NONE}, EQ_NONE, 0.0, NULL);
    name[1] = 'd';
    if (status == EQ_OK)
        status = eq_builder_element(&b->with, cls, name, (eq_node[4]){b->down, h, EQ_NONE, EQ_NONE},
                                    EQ_NONE, 0.0, NULL);
    *row = h;
    if (status == EQ_OK && b->a->amplifiers) status = amplifier(b, name + 2, h, row);
    return status;
}

static eq_status hidden_layer(builder *b, size_t l) {
    char name[NAME];
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < b->a->width[l]; k++) {
        snprintf(name, sizeof name, "h%zu_%zu", l, k + 1);
        status = eq_builder_node(&b->with, name, &b->column[k]);
    }
    if (status == EQ_OK) status = crossbar(b, l);
    for (size_t k = 0; status == EQ_OK && k < b->a->width[l]; k++) status = neuron(b, l, k);
    b->rows = b->a->width[l];
    return status;
}

static eq_status output_layer(builder *b, size_t l) {
    char name[NAME];
    size_t pair = b->a->differential ? 2 : 1;
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < b->a->width[l]; k++) {
        snprintf(name, sizeof name, "y%zu%s", k / pair + 1, pair == 1 ? "" : k % 2 ? "m" : "p");
        status = eq_builder_node(&b->with, name, &b->column[k]);
    }
    if (status == EQ_OK) status = crossbar(b, l);
    for (size_t k = 0; status == EQ_OK && k < b->a->width[l]; k += pair)
        status = eq_circuit_output(b->with.c, b->column[k], pair == 2 ? b->column[k + 1] : EQ_NONE,
                                   EQ_NONE, EQ_NONE, b->with.diag);
    return status;
}

/* The elements that `build` makes: sources, crossbars with their bias rows and wires, two diodes a hidden
 * neuron and the three elements of its amplifier, nudges. Widths are at most 1e7: no overflow. */
static double elements(const eq_architecture *a) {
    double count = (double)(a->width[0] + a->biases + a->width[a->layers - 1]) + 2.0;
    for (size_t l = 1; l < a->layers; l++)
        count += (a->wires > 0.0 ? 3.0 : 1.0) * (double)(a->width[l - 1] + a->biases) *
                 (double)a->width[l];
    for (size_t l = 1; l + 1 < a->layers; l++)
        count += (a->amplifiers ? 5.0 : 2.0) * (double)a->width[l];
    return count;
}

#define CLAMPS                                                                                     \
    "bias-up and bias-down are the signed clamp voltages as they stand in the deck (up 0.7, down " \
    "-0.7)"

/* Version 0.1 wrote the lower clamp without its sign: 1 and 1 were +1 V and -1 V. */
static eq_status check_clamps(const eq_architecture *a, eq_diag *diag) {
    bool unsigned_down = a->down > 0.0;
    double up = unsigned_down ? a->up : a->down, down = unsigned_down ? -a->down : a->up;
    if (a->up > a->down || (a->up == a->down && !unsigned_down)) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE,
                   "bias-up = %g V is not above bias-down = %g V: " CLAMPS
                   "; write bias-up=\"%g\" bias-down=\"%g\" (--up %g --down %g)",
                   a->up, a->down, up, down, up, down);
}

static eq_status check(const eq_architecture *a, eq_diag *diag) {
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
    eq_status status = check(a, diag);
    if (status == EQ_OK && a->down > 0.0)
        eq_warn_at(diag, (eq_place){0},
                   "bias-down = %g V lies above 0 V: " CLAMPS
                   "; for a lower clamp at %g V write bias-down=\"%g\" (--down %g)",
                   a->down, -a->down, -a->down, -a->down);
    return status;
}

static eq_status build(builder *b) {
    const eq_architecture *a = b->a;
    size_t widest = 0;
    for (size_t l = 0; l < a->layers; l++) widest = a->width[l] > widest ? a->width[l] : widest;
    b->row = eq_calloc(widest, sizeof *b->row);
    b->column = eq_calloc(widest, sizeof *b->column);
    if (b->row == NULL || b->column == NULL) return eq_out_of_memory(b->with.diag);
    eq_status status = inputs(b);
    if (status == EQ_OK && a->layers > 2) status = diode_supply(b);
    for (size_t l = 1; status == EQ_OK && l + 1 < a->layers; l++) status = hidden_layer(b, l);
    if (status == EQ_OK) status = output_layer(b, a->layers - 1);
    return status == EQ_OK ? eq_circuit_freeze(b->with.c, b->with.diag) : status;
}

/* "kendall network 1568-100-20" */
static eq_status set_title(eq_circuit *c, const eq_architecture *a, eq_diag *diag) {
    eq_text t = {0};
    eq_text_printf(&t, "%s network", a->amplifiers ? "kendall" : "drn");
    for (size_t l = 0; l < a->layers; l++)
        eq_text_printf(&t, "%c%zu", l == 0 ? ' ' : '-', a->width[l]);
    if (t.failed) {
        eq_text_free(&t);
        return eq_out_of_memory(diag);
    }
    eq_free(c->title);
    c->title = t.text;
    return EQ_OK;
}

eq_status eq_architecture_build(const eq_architecture *a, eq_circuit **out, eq_diag *diag) {
    eq_status status = check(a, diag);
    if (status != EQ_OK) return status;
    builder b = {.a = a,
                 .with = {.c = eq_circuit_new(),
                          .diag = diag,
                          .random = eq_random_seed(a->seed),
                          .low = a->low,
                          .high = a->high,
                          .wires = a->wires}};
    if (b.with.c == NULL) return eq_out_of_memory(diag);
    status = set_title(b.with.c, a, diag);
    if (status == EQ_OK) status = build(&b);
    eq_free(b.row);
    eq_free(b.column);
    if (status == EQ_OK)
        *out = b.with.c;
    else
        eq_circuit_free(b.with.c);
    return status;
}
