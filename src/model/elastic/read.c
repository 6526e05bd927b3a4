/* The lists of nodes and springs, and the coordinates that inputs and outputs name. */
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "model/elastic/net.h"
#include "model/list.h"

enum { NAME, X, Y, Z, FIXED, FX, FY, FZ, NODE_COLUMNS };
enum { FROM, TO, K, L, SPRING_COLUMNS };

static const char *const node_column[] = {"name", "x", "y", "z", "fixed", "fx", "fy", "fz"};
static const char *const spring_column[] = {"from", "to", "k", "l"};

static bool is(const eq_cell *c, const char *word) {
    return c->length == strlen(word) && memcmp(c->text, word, c->length) == 0;
}

static bool grow_nodes(eq_elastic *e) {
    size_t n = e->nodes + 1;
    return eq_grow((void **)&e->rest, &e->rest_cap, n, sizeof *e->rest) &&
           eq_grow((void **)&e->load, &e->load_cap, n, sizeof *e->load) &&
           eq_grow((void **)&e->fixed, &e->fixed_cap, n, sizeof *e->fixed);
}

static eq_status node(eq_list *l) {
    eq_elastic *e = l->to;
    e->dims = l->column[Z] < 0 ? 2 : 3;
    if (e->dims == 2 && l->column[FZ] >= 0)
        return eq_fail_at(l->diag, EQ_ERR_INPUT, (eq_place){l->csv.path, 0, 0},
                          "the list has a column fz and none z; give z, or leave fz out");
    const eq_cell *name = eq_list_cell(l, NAME), *fixed = eq_list_cell(l, FIXED);
    if (name == NULL || name->length > EQ_MAX_NAME || memchr(name->text, '.', name->length) != NULL)
        return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_list_place(l, 0),
                          "the node has no name, or a long one or one with a dot; give it a name");
    if (eq_names_find(e->name, name->text, name->length) != EQ_NO_NAME)
        return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_cell_place(&l->csv, name),
                          "a second node '%.*s'; give each node once", eq_cell_shown(name),
                          name->text);
    if (fixed != NULL && !is(fixed, "yes") && !is(fixed, "no"))
        return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_cell_place(&l->csv, fixed),
                          "fixed is '%.*s'; write yes or no", eq_cell_shown(fixed), fixed->text);
    if (!grow_nodes(e) || eq_names_add(e->name, name->text, name->length) == EQ_NO_NAME)
        return eq_out_of_memory(l->diag);
    e->fixed[e->nodes] = fixed != NULL && is(fixed, "yes");
    eq_status status = EQ_OK;
    for (int i = 0; status == EQ_OK && i < 3; i++) {
        bool there = i < (int)e->dims;
        status = eq_list_number(l, X + i, there ? NAN : 0.0, &e->rest[e->nodes][i]);
        if (status == EQ_OK) status = eq_list_number(l, FX + i, 0.0, &e->load[e->nodes][i]);
    }
    e->nodes++;
    return status;
}

static eq_status end_of(const eq_list *l, int which, int32_t *at) {
    const eq_cell *c = eq_list_cell(l, which);
    const eq_elastic *e = l->to;
    *at = c == NULL ? EQ_NO_NAME : eq_names_find(e->name, c->text, c->length);
    if (*at != EQ_NO_NAME) return EQ_OK;
    return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_list_place(l, which),
                      "there is no node '%.*s'; name one of the list of nodes",
                      c == NULL ? 0 : eq_cell_shown(c), c == NULL ? "" : c->text);
}

static eq_status between(const eq_list *l, double value, double least, double most, int which) {
    if (value > 0.0 && value >= least && value <= most) return EQ_OK;
    return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_list_place(l, which),
                      "%s = %g of the spring is not above 0 and within %g and %g; give another, or "
                      "other bounds",
                      l->known[which], value, least, most);
}

static eq_status spring(eq_list *l) {
    eq_elastic *e = l->to;
    eq_spring s;
    double k, length, far = 0.0;
    eq_status status = end_of(l, FROM, &s.from);
    if (status == EQ_OK) status = end_of(l, TO, &s.to);
    if (status != EQ_OK) return status;
    for (size_t i = 0; i < e->dims; i++) far = hypot(far, e->rest[s.to][i] - e->rest[s.from][i]);
    if (!(far > 0.0))
        return eq_fail_at(
            l->diag, EQ_ERR_INPUT, eq_list_place(l, 0),
            "the spring joins '%.40s' with a node at the same place; a spring needs a "
            "length",
            eq_names_get(e->name, s.from));
    status = eq_list_number(l, K, NAN, &k);
    if (status == EQ_OK) status = eq_list_number(l, L, far, &length);
    if (status == EQ_OK) status = between(l, k, e->o.k_min, e->o.k_max, K);
    if (status == EQ_OK) status = between(l, length, e->o.l_min, e->o.l_max, L);
    if (status != EQ_OK) return status;
    size_t n = e->springs + 1;
    if (!eq_grow((void **)&e->spring, &e->spring_cap, n, sizeof s) ||
        !eq_grow((void **)&e->k, &e->k_cap, n, sizeof k) ||
        !eq_grow((void **)&e->l, &e->l_cap, n, sizeof length))
        return eq_out_of_memory(l->diag);
    e->spring[e->springs] = s;
    e->k[e->springs] = k;
    e->l[e->springs++] = length;
    return EQ_OK;
}

/* "tip.x": the coordinate of a word; false: there is none of that name. */
static bool take(const eq_elastic *e, const char *word, size_t n, int32_t *coordinate) {
    const char *dot = memchr(word, '.', n);
    size_t name = dot == NULL ? n : (size_t)(dot - word);
    int32_t at = eq_names_find(e->name, word, name);
    int axis = dot == NULL || name + 2 != n ? -1 : dot[1] - 'x';
    *coordinate = at == EQ_NO_NAME || axis < 0 ? -1 : at * (int32_t)e->dims + axis;
    return at != EQ_NO_NAME && axis >= 0 && axis < (int)e->dims;
}

static eq_status coordinates(const eq_elastic *e, eq_place at, const char *what, const char *text,
                             size_t *count, int32_t **out, eq_diag *diag) {
    static const char blanks[] = " ,\t\n";
    size_t room = text == NULL ? 1 : strlen(text) / 2 + 1, n;
    *out = eq_malloc(room, sizeof **out);
    if (*out == NULL) return eq_out_of_memory(diag);
    const char *word = eq_next_word(text == NULL ? "" : text, blanks, &n);
    for (; n > 0; word = eq_next_word(word + n, blanks, &n)) {
        int32_t *c = &(*out)[*count];
        bool good = take(e, word, n, c), free_ = good && !e->fixed[*c / (int32_t)e->dims];
        for (size_t k = 0; good && k < *count; k++) good = (*out)[k] != *c;
        if (!good || !free_)
            return eq_fail_at(
                diag, EQ_ERR_INPUT, at,
                "%s='%.60s': '%.*s' is no coordinate of a node that is not fixed, or stands "
                "there twice; write NODE.x, NODE.y%s",
                what, text, (int)n, word, e->dims == 3 ? " or NODE.z" : "");
        ++*count;
    }
    if (*count > 0) return EQ_OK;
    return eq_fail_at(diag, EQ_ERR_INPUT, at,
                      "an elastic network needs %s; name coordinates, as in %s=\"tip.x tip.y\"",
                      what, what);
}

/* Numbers the coordinates that nothing holds. */
static eq_status number_unknowns(eq_elastic *e, eq_diag *diag) {
    size_t c = eq_elastic_coordinates(e);
    e->unknown = eq_calloc(c, sizeof *e->unknown);
    e->coordinate = eq_calloc(c, sizeof *e->coordinate);
    if (e->unknown == NULL || e->coordinate == NULL) return eq_out_of_memory(diag);
    for (size_t k = 0; e->o.displaced && k < e->inputs; k++)
        e->unknown[e->input[k]] = EQ_ELASTIC_HELD;
    for (size_t k = 0; k < c; k++) {
        if (e->fixed[k / e->dims]) e->unknown[k] = EQ_ELASTIC_HELD;
        if (e->unknown[k] == EQ_ELASTIC_HELD) continue;
        e->unknown[k] = (int32_t)e->unknowns;
        e->coordinate[e->unknowns++] = (int32_t)k;
    }
    for (size_t k = 0; k < e->outputs; k++)
        if (e->unknown[e->output[k]] == EQ_ELASTIC_HELD)
            return eq_fail_at(diag, EQ_ERR_INPUT, e->o.outputs_at,
                              "output %zu is held by an input; name a coordinate that is free",
                              k + 1);
    if (e->unknowns <= EQ_ELASTIC_MOST) return EQ_OK;
    return eq_fail_at(diag, EQ_ERR_INPUT, e->o.at,
                      "the network has %zu free coordinates, more than %d; make it smaller",
                      e->unknowns, EQ_ELASTIC_MOST);
}

eq_status eq_elastic_read(eq_elastic *e, eq_diag *diag) {
    eq_list nodes = {.known = node_column,
                     .columns = NODE_COLUMNS,
                     .needed = Z,
                     .words = "name, x, y, z, fixed (yes or no), fx, fy, fz",
                     .to = e,
                     .diag = diag};
    eq_list springs = {.known = spring_column,
                       .columns = SPRING_COLUMNS,
                       .needed = L,
                       .words = "from, to, k, l",
                       .to = e,
                       .diag = diag};
    eq_status status = eq_list_read(&nodes, e->o.nodes, node);
    if (status == EQ_OK) status = eq_list_read(&springs, e->o.springs, spring);
    if (status == EQ_OK)
        status = coordinates(e, e->o.inputs_at, "inputs", e->o.inputs, &e->inputs, &e->input, diag);
    if (status == EQ_OK)
        status =
            coordinates(e, e->o.outputs_at, "outputs", e->o.outputs, &e->outputs, &e->output, diag);
    return status == EQ_OK ? number_unknowns(e, diag) : status;
}
