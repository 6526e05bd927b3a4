#include "circuit/architecture.h"

#include <stdio.h>

#include "base/mem.h"
#include "circuit/builder.h"

/* What is being built. row[l]: the nodes by which layer l drives crossbars; column: those of the layer that
 * is made, on which crossbars end. */
typedef struct builder {
    eq_builder with;
    const eq_architecture *a;
    eq_node *row[EQ_MAX_LAYERS], *column, bias[EQ_MAX_BIASES], up, down;
} builder;

enum { NAME = EQ_NAME_ROOM, TAG = 25 };

static eq_status inputs(builder *b) {
    char name[NAME];
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < b->a->width[0]; k++) {
        eq_element e;
        snprintf(name, sizeof name, "vx%zu", k + 1);
        status = eq_builder_source(&b->with, name, name + 1, 0.0, &b->row[0][k], &e);
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

/* What is called PREFIX_... learns: r1, rb1, rs0_2. */
static eq_status train(builder *b, const char *prefix) {
    char pattern[NAME];
    snprintf(pattern, sizeof pattern, "%s_*", prefix);
    return eq_circuit_train(b->with.c, pattern, NULL, b->a->gmin, b->a->gmax,
                            (eq_location){EQ_NONE, 0, 0}, b->with.diag);
}

/* The resistor from the row that g has come to, to column k. */
static eq_status cell(builder *b, eq_grid *g, const char *prefix, size_t row, size_t k) {
    char name[NAME];
    eq_node across, down;
    snprintf(name, sizeof name, "%s_%zu_%zu", prefix, row + 1, k + 1);
    eq_status status = eq_grid_cell(g, k, b->column[k], &across, &down);
    return status == EQ_OK ? eq_builder_resistor(&b->with, name, across, down) : status;
}

/* The resistors from one row of a crossbar to all its columns. */
static eq_status cells(builder *b, eq_grid *g, const char *prefix, size_t row, eq_node from) {
    eq_status status = EQ_OK;
    eq_grid_row(g, from);
    for (size_t k = 0; status == EQ_OK && k < g->columns; k++) status = cell(b, g, prefix, row, k);
    return status;
}

/* The places `first` to `end` - 1, of at most `places`, whose window holds row or column i of the image. */
static void windows(const eq_convolution *v, size_t i, size_t places, size_t *first, size_t *end) {
    size_t at = i + v->padding, most = at / v->stride + 1;
    *first = at + 1 > v->kernel ? (at - v->kernel + v->stride) / v->stride : 0;
    *end = most < places ? most : places;
}

/* The resistors from node `row` of an image to the neurons that see it. */
static eq_status seen(builder *b, eq_grid *g, const char *prefix, size_t l, size_t row) {
    const eq_image *in = &b->a->image[l - 1], *out = &b->a->image[l];
    size_t place = row / in->channels, top, bottom, left, right;
    eq_status status = EQ_OK;
    eq_grid_row(g, b->row[l - 1][row]);
    windows(&b->a->convolution[l], place / in->columns, out->rows, &top, &bottom);
    windows(&b->a->convolution[l], place % in->columns, out->columns, &left, &right);
    for (size_t r = top; r < bottom; r++)
        for (size_t c = left; c < right; c++)
            for (size_t f = 0; status == EQ_OK && f < out->channels; f++)
                status = cell(b, g, prefix, row, (r * out->columns + c) * out->channels + f);
    return status;
}

/* From layer `from` to layer `to`; with the bias rows where these follow each other. */
static eq_status crossbar(builder *b, size_t from, size_t to) {
    char tag[TAG], prefix[TAG + 1], bias[TAG + 2];
    bool next = to == from + 1, image = next && to <= b->a->convolutions;
    size_t biases = next ? b->a->biases : 0;
    eq_grid g;
    if (next)
        snprintf(tag, sizeof tag, "%d", (int)to);
    else
        snprintf(tag, sizeof tag, "s%d_%d", (int)from, (int)to);
    snprintf(prefix, sizeof prefix, "r%s", tag);
    snprintf(bias, sizeof bias, "rb%s", tag);
    eq_status status = eq_grid_open(&g, &b->with, tag, b->a->width[to]);
    for (size_t i = 0; status == EQ_OK && i < b->a->width[from]; i++)
        status = image ? seen(b, &g, prefix, to, i) : cells(b, &g, prefix, i, b->row[from][i]);
    for (size_t i = 0; status == EQ_OK && i < biases; i++)
        status = cells(b, &g, bias, i, b->bias[i]);
    if (status == EQ_OK) status = eq_grid_end(&g, b->column);
    eq_grid_close(&g);
    if (status == EQ_OK) status = train(b, prefix);
    if (status == EQ_OK && biases > 0) status = train(b, bias);
    return status;
}

/* Between any two nodes of layer l. */
static eq_status lateral(builder *b, size_t l) {
    char name[NAME], prefix[TAG];
    eq_status status = EQ_OK;
    for (size_t i = 0; i < b->a->width[l]; i++)
        for (size_t k = i + 1; status == EQ_OK && k < b->a->width[l]; k++) {
            snprintf(name, sizeof name, "rl%zu_%zu_%zu", l, i + 1, k + 1);
            status = eq_builder_resistor(&b->with, name, b->column[i], b->column[k]);
        }
    snprintf(prefix, sizeof prefix, "rl%d", (int)l);
    return status == EQ_OK ? train(b, prefix) : status;
}

/* All conductances that end on layer l. */
static eq_status conductances(builder *b, size_t l) {
    const eq_architecture *a = b->a;
    eq_status status = crossbar(b, l - 1, l);
    for (size_t k = 0; status == EQ_OK && k < a->skips; k++)
        if (a->skip[k].to == l) status = crossbar(b, a->skip[k].from, l);
    return status == EQ_OK && a->lateral >> l & 1 ? lateral(b, l) : status;
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

static eq_status diode(builder *b, const char *name, eq_node anode, eq_node cathode) {
    int cls = b->with.c->model[b->with.model].cls;
    return eq_builder_element(&b->with, cls, name, (eq_node[4]){anode, cathode, EQ_NONE, EQ_NONE},
                              EQ_NONE, 0.0, NULL);
}

/* The diodes of neuron k of layer l, and what the next crossbar sees of it. Of rectified ones the first, third, ..
 * is held from below, the others from above. */
static eq_status neuron(builder *b, size_t l, size_t k) {
    char name[NAME];
    eq_node h = b->column[k], *row = &b->row[l][k];
    bool upper = !b->a->rectified || k % 2 != 0, lower = !b->a->rectified || k % 2 == 0;
    eq_status status = EQ_OK;
    snprintf(name, sizeof name, "du%zu_%zu", l, k + 1);
    if (upper) status = diode(b, name, h, b->up);
    name[1] = 'd';
    if (status == EQ_OK && lower) status = diode(b, name, b->down, h);
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
    if (status == EQ_OK) status = conductances(b, l);
    for (size_t k = 0; status == EQ_OK && k < b->a->width[l]; k++) status = neuron(b, l, k);
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
    if (status == EQ_OK) status = conductances(b, l);
    for (size_t k = 0; status == EQ_OK && k < b->a->width[l]; k += pair)
        status = eq_circuit_output(b->with.c, b->column[k], pair == 2 ? b->column[k + 1] : EQ_NONE,
                                   EQ_NONE, EQ_NONE, b->with.diag);
    return status;
}

static eq_status build(builder *b) {
    const eq_architecture *a = b->a;
    size_t widest = 0;
    for (size_t l = 0; l < a->layers; l++) widest = a->width[l] > widest ? a->width[l] : widest;
    b->column = eq_calloc(widest, sizeof *b->column);
    bool room = b->column != NULL;
    for (size_t l = 0; room && l + 1 < a->layers; l++) {
        b->row[l] = eq_calloc(a->width[l], sizeof *b->row[l]);
        room = b->row[l] != NULL;
    }
    eq_status status = room ? inputs(b) : eq_out_of_memory(b->with.diag);
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
    return eq_circuit_entitle(c, &t, diag);
}

eq_status eq_architecture_build(const eq_architecture *a, eq_circuit **out, eq_diag *diag) {
    eq_status status = eq_architecture_fits(a, diag);
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
    for (size_t l = 0; l < EQ_MAX_LAYERS; l++) eq_free(b.row[l]);
    eq_free(b.column);
    if (status == EQ_OK)
        *out = b.with.c;
    else
        eq_circuit_free(b.with.c);
    return status;
}
