#include "circuit/crossbar.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/mem.h"
#include "circuit/builder.h"

eq_crossbar_options eq_crossbar_defaults(void) {
    return (eq_crossbar_options){.rows = 8,
                                 .columns = 8,
                                 .wires = 5.0,
                                 .volts = 1.0,
                                 .is = 1e-9,
                                 .n = 1.0,
                                 .low = 1e-6,
                                 .high = 1e-4,
                                 .seed = 1};
}

/* Cell, two segments of wire, diode. */
static eq_status check(const eq_crossbar_options *o, eq_diag *diag) {
    double count = (o->diodes ? 4.0 : 3.0) * (double)o->rows * (double)o->columns;
    if (o->rows < 1 || o->columns < 1 || count > eq_max_elements)
        return eq_fail(
            diag, EQ_ERR_USAGE,
            "a crossbar of %zu rows and %zu columns cannot be built: it takes 1 or more of "
            "each, and at most %g elements",
            o->rows, o->columns, eq_max_elements);
    if (!(o->low > 0.0 && o->high >= o->low) || !(o->wires >= 0.0))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "conductances from %g to %g S and wires of %g ohm are no crossbar; give 0 < "
                       "low <= high, and wires of 0 ohm or more",
                       o->low, o->high, o->wires);
    return EQ_OK;
}

static eq_status cell(eq_builder *b, const eq_crossbar_options *o, size_t i, size_t k,
                      eq_node across, eq_node down) {
    char name[EQ_NAME_ROOM];
    eq_node middle = down;
    eq_status status = EQ_OK;
    snprintf(name, sizeof name, "m%zu_%zu", i + 1, k + 1);
    if (o->diodes) status = eq_builder_node(b, name, &middle);
    name[0] = 'r';
    if (status == EQ_OK) status = eq_builder_resistor(b, name, across, middle);
    name[0] = 'd';
    if (status == EQ_OK && o->diodes)
        status =
            eq_builder_element(b, EQ_CLASS_diode, name,
                               (eq_node[4]){middle, down, EQ_NONE, EQ_NONE}, EQ_NONE, 0.0, NULL);
    return status;
}

static eq_status row(eq_builder *b, const eq_crossbar_options *o, eq_grid *g, size_t i,
                     const eq_node *end) {
    char name[EQ_NAME_ROOM];
    eq_element source;
    eq_node from;
    snprintf(name, sizeof name, "vx%zu", i + 1);
    eq_status status = eq_builder_source(b, name, name + 1, o->volts, &from, &source);
    if (status == EQ_OK) status = eq_circuit_input(b->c, source, b->diag);
    if (status == EQ_OK) eq_grid_row(g, from);
    for (size_t k = 0; status == EQ_OK && k < o->columns; k++) {
        eq_node across, down;
        status = eq_grid_cell(g, k, end[k], &across, &down);
        if (status == EQ_OK) status = cell(b, o, i, k, across, down);
    }
    return status;
}

/* Where the columns end, end[columns]. */
static eq_status ends(eq_builder *b, const eq_crossbar_options *o, eq_node *end) {
    char name[EQ_NAME_ROOM];
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < o->columns; k++) {
        snprintf(name, sizeof name, "vy%zu", k + 1);
        status = eq_builder_source(b, name, name + 1, 0.0, &end[k], NULL);
    }
    return status;
}

static eq_status build(eq_builder *b, const eq_crossbar_options *o, eq_node *end) {
    static const char *const param[] = {"is", "n"};
    const double value[] = {o->is, o->n};
    eq_grid g = {0};
    eq_status status = eq_grid_open(&g, b, "", o->columns);
    if (status == EQ_OK && o->diodes)
        status = eq_builder_model(b, "cell", EQ_CLASS_diode, param, value, 2);
    if (status == EQ_OK) status = ends(b, o, end);
    for (size_t i = 0; status == EQ_OK && i < o->rows; i++) status = row(b, o, &g, i, end);
    if (status == EQ_OK) status = eq_grid_end(&g, end);
    eq_grid_close(&g);
    return status == EQ_OK ? eq_circuit_freeze(b->c, b->diag) : status;
}

/* "crossbar 8 x 8, wires of 5 ohm a segment" */
static eq_status set_title(eq_builder *b, const eq_crossbar_options *o) {
    eq_text t = {0};
    eq_text_printf(&t, "crossbar %zu x %zu, wires of %g ohm a segment", o->rows, o->columns,
                   o->wires);
    if (t.failed) {
        eq_text_free(&t);
        return eq_out_of_memory(b->diag);
    }
    eq_free(b->c->title);
    b->c->title = t.text;
    return EQ_OK;
}

eq_status eq_crossbar_build(const eq_crossbar_options *o, eq_circuit **out, eq_diag *diag) {
    eq_status status = check(o, diag);
    if (status != EQ_OK) return status;
    eq_builder b = {.c = eq_circuit_new(),
                    .diag = diag,
                    .random = eq_random_seed(o->seed),
                    .low = o->low,
                    .high = o->high,
                    .wires = o->wires};
    eq_node *end = eq_calloc(o->columns, sizeof *end);
    if (b.c == NULL || end == NULL) status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = set_title(&b, o);
    if (status == EQ_OK) status = build(&b, o, end);
    eq_free(end);
    if (status == EQ_OK)
        *out = b.c;
    else
        eq_circuit_free(b.c);
    return status;
}
