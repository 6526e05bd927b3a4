#include "circuit/architecture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"

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
};

eq_status eq_architecture_kind(const char *kind, eq_architecture *a, eq_diag *diag) {
    *a = kendall;
    if (eq_same(kind, "kendall")) return EQ_OK;
    a->amplifiers = false;
    a->gain = a->feedback = 1.0;
    if (eq_same(kind, "drn")) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE, "there is no architecture '%s'; use kendall or drn", kind);
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
    const eq_architecture *a;
    eq_circuit *c;
    eq_diag *diag;
    eq_random random;
    eq_node *row, *column, bias[EQ_MAX_BIASES], up, down;
    size_t rows;
    int32_t model;
} builder;

enum { NAME = 64 };

static eq_status new_node(builder *b, eq_node *node, const char *name) {
    *node = eq_circuit_node(b->c, name, strlen(name));
    return *node == EQ_NONE ? eq_out_of_memory(b->diag) : EQ_OK;
}

/* Adds a two-terminal element, optionally controlled, and returns its number through e. */
static eq_status element(builder *b, int cls, const char *name, const eq_node term[4],
                         eq_element control, double value, eq_element *e) {
    eq_card card = eq_card_new(cls);
    card.name = name;
    card.name_length = strlen(name);
    memcpy(card.term, term, 4 * sizeof *term);
    card.control = control;
    if (eq_class(cls)->value >= 0) {
        card.w[eq_class(cls)->value] = value;
    } else {
        card.model = b->model;
        memcpy(card.w, b->c->model[b->model].w, sizeof card.w);
    }
    return eq_circuit_add(b->c, &card, e, b->diag);
}

static eq_status source(builder *b, const char *name, const char *node_name, double volts,
                        eq_node *node, eq_element *e) {
    eq_status status = new_node(b, node, node_name);
    if (status != EQ_OK) return status;
    return element(b, EQ_CLASS_vsource, name, (eq_node[4]){*node, EQ_GROUND, EQ_NONE, EQ_NONE},
                   EQ_NONE, volts, e);
}

static eq_status inputs(builder *b) {
    char name[NAME];
    eq_status status = EQ_OK;
    b->rows = b->a->width[0];
    for (size_t k = 0; status == EQ_OK && k < b->rows; k++) {
        eq_element e;
        snprintf(name, sizeof name, "vx%zu", k + 1);
        status = source(b, name, name + 1, 0.0, &b->row[k], &e);
        if (status == EQ_OK) status = eq_circuit_input(b->c, e, b->diag);
    }
    for (size_t k = 0; status == EQ_OK && k < b->a->biases; k++) {
        snprintf(name, sizeof name, "vbias%zu", k + 1);
        status = source(b, name, name + 1, b->a->bias[k], &b->bias[k], NULL);
    }
    return status;
}

/* The bias sources and the .model of the neurons' diodes. */
static eq_status diode_supply(builder *b) {
    eq_status status = source(b, "vup", "up", b->a->up, &b->up, NULL);
    if (status == EQ_OK) status = source(b, "vdown", "down", b->a->down, &b->down, NULL);
    if (status != EQ_OK) return status;
    eq_circuit *c = b->c;
    if (!eq_grow((void **)&c->model, &c->model_cap, 1, sizeof *c->model))
        return eq_out_of_memory(b->diag);
    bool ideal = b->a->diode == EQ_NEURON_IDEAL;
    int cls = ideal ? EQ_CLASS_ideal_diode : EQ_CLASS_diode;
    eq_card card = eq_card_new(cls);
    eq_model *m = &c->model[0];
    m->name = eq_strdup("neuron");
    if (m->name == NULL) return eq_out_of_memory(b->diag);
    m->cls = cls;
    memcpy(m->w, card.w, sizeof m->w);
    m->w[eq_param_find(eq_class(cls), ideal ? "ron" : "is")] = ideal ? b->a->ron : b->a->is;
    m->w[eq_param_find(eq_class(cls), ideal ? "roff" : "n")] = ideal ? b->a->roff : b->a->n;
    c->models = 1;
    b->model = 0;
    return EQ_OK;
}

/* One resistor of crossbar l, from a row to column k, uniform in [low, high]. */
static eq_status resistor(builder *b, const char *prefix, size_t l, size_t row, size_t k,
                          eq_node from) {
    char name[NAME];
    snprintf(name, sizeof name, "%s%zu_%zu_%zu", prefix, l, row + 1, k + 1);
    double g = b->a->low + (b->a->high - b->a->low) * eq_random_uniform(&b->random);
    return element(b, EQ_CLASS_resistor, name, (eq_node[4]){from, b->column[k], EQ_NONE, EQ_NONE},
                   EQ_NONE, 1.0 / g, NULL);
}

static eq_status train(builder *b, const char *prefix, size_t l) {
    char pattern[NAME];
    snprintf(pattern, sizeof pattern, "%s%zu_*", prefix, l);
    return eq_circuit_train(b->c, pattern, NULL, b->a->gmin, b->a->gmax,
                            (eq_location){EQ_NONE, 0, 0}, b->diag);
}

static eq_status crossbar(builder *b, size_t l) {
    eq_status status = EQ_OK;
    for (size_t i = 0; i < b->rows; i++)
        for (size_t k = 0; status == EQ_OK && k < b->a->width[l]; k++)
            status = resistor(b, "r", l, i, k, b->row[i]);
    for (size_t i = 0; i < b->a->biases; i++)
        for (size_t k = 0; status == EQ_OK && k < b->a->width[l]; k++)
            status = resistor(b, "rb", l, i, k, b->bias[i]);
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
    eq_status status = new_node(b, &driven, e_name);
    if (status == EQ_OK) status = new_node(b, w, w_name);
    if (status == EQ_OK)
        status = element(b, EQ_CLASS_vcvs, e_name, (eq_node[4]){driven, EQ_GROUND, h, EQ_GROUND},
                         EQ_NONE, b->a->gain, NULL);
    if (status == EQ_OK)
        status = element(b, EQ_CLASS_vsource, s_name, (eq_node[4]){driven, *w, EQ_NONE, EQ_NONE},
                         EQ_NONE, 0.0, &sense);
    if (status == EQ_OK)
        status = element(b, EQ_CLASS_cccs, f_name, (eq_node[4]){h, EQ_GROUND, EQ_NONE, EQ_NONE},
                         sense, b->a->feedback, NULL);
    return status;
}

/* The diodes of neuron k of layer l, and what the next crossbar sees of it. */
static eq_status neuron(builder *b, size_t l, size_t k) {
    char name[NAME];
    eq_node h = b->column[k], *row = &b->row[k];
    int cls = b->c->model[b->model].cls;
    snprintf(name, sizeof name, "du%zu_%zu", l, k + 1);
    eq_status status =
        element(b, cls, name, (eq_node[4]){h, b->up, EQ_NONE, EQ_NONE}, EQ_NONE, 0.0, NULL);
    name[1] = 'd';
    if (status == EQ_OK)
        status =
            element(b, cls, name, (eq_node[4]){b->down, h, EQ_NONE, EQ_NONE}, EQ_NONE, 0.0, NULL);
    *row = h;
    if (status == EQ_OK && b->a->amplifiers) status = amplifier(b, name + 2, h, row);
    return status;
}

static eq_status hidden_layer(builder *b, size_t l) {
    char name[NAME];
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < b->a->width[l]; k++) {
        snprintf(name, sizeof name, "h%zu_%zu", l, k + 1);
        status = new_node(b, &b->column[k], name);
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
        status = new_node(b, &b->column[k], name);
    }
    if (status == EQ_OK) status = crossbar(b, l);
    for (size_t k = 0; status == EQ_OK && k < b->a->width[l]; k += pair)
        status = eq_circuit_output(b->c, b->column[k], pair == 2 ? b->column[k + 1] : EQ_NONE,
                                   EQ_NONE, EQ_NONE, b->diag);
    return status;
}

/* The elements that `build` makes: sources, crossbars with their bias rows, two diodes a hidden
 * neuron and the three elements of its amplifier, nudges. Widths are at most 1e7: no overflow. */
static double elements(const eq_architecture *a) {
    double count = (double)(a->width[0] + a->biases + a->width[a->layers - 1]) + 2.0;
    for (size_t l = 1; l < a->layers; l++)
        count += (double)(a->width[l - 1] + a->biases) * (double)a->width[l];
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
    if (b->row == NULL || b->column == NULL) return eq_out_of_memory(b->diag);
    eq_status status = inputs(b);
    if (status == EQ_OK && a->layers > 2) status = diode_supply(b);
    for (size_t l = 1; status == EQ_OK && l + 1 < a->layers; l++) status = hidden_layer(b, l);
    if (status == EQ_OK) status = output_layer(b, a->layers - 1);
    return status == EQ_OK ? eq_circuit_freeze(b->c, b->diag) : status;
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
    builder b = {.a = a, .c = eq_circuit_new(), .diag = diag, .random = eq_random_seed(a->seed)};
    if (b.c == NULL) return eq_out_of_memory(diag);
    status = set_title(b.c, a, diag);
    if (status == EQ_OK) status = build(&b);
    eq_free(b.row);
    eq_free(b.column);
    if (status == EQ_OK)
        *out = b.c;
    else
        eq_circuit_free(b.c);
    return status;
}
