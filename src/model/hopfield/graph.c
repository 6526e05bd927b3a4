/* A Hopfield network from a list of edges. Its hidden units are put into two layers, so that a sweep may put as many
 * units as can be to their minimum at once: those of the first are not coupled to each other. */
#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/near.h"
#include "model/hopfield/net.h"
#include "model/list.h"

enum { FROM, TO, VALUE, COLUMNS };
static const char *const column[COLUMNS] = {"from", "to", "value"};

typedef enum role { HIDDEN, INPUT, OUTPUT, FIRST } role; /* FIRST: hidden, in the first layer */

/* Of two ends the one of the lower layer, or of the same, comes first. */
typedef struct edge {
    int32_t end[2];   /* units */
    size_t layer[2];  /* of them */
    int32_t place[2]; /* in these */
    double value;     /* NAN: drawn */
    int line;
} edge;

typedef struct graph {
    eq_hopfield *h;
    edge *edge;
    size_t edges, cap, units;
    role *role;    /* [units] */
    size_t *layer; /* [units] */
    int32_t *place;
    eq_diag *diag;
} graph;

static eq_status end_of(const eq_list *l, int which, int32_t *unit) {
    const graph *g = l->to;
    const eq_cell *c = eq_list_cell(l, which);
    if (c == NULL)
        return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_list_place(l, which),
                          "the edge has no unit '%s'; give both its units", column[which]);
    if (c->length > EQ_MAX_NAME || (size_t)eq_cell_shown(c) < (c->length < 40 ? c->length : 40))
        return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_list_place(l, which),
                          "'%.*s' is no name of a unit: it is too long, or has control characters; "
                          "give another",
                          eq_cell_shown(c), c->text);
    *unit = eq_names_add_lower(g->h->unit, c->text, c->length);
    return *unit == EQ_NO_NAME ? eq_out_of_memory(l->diag) : EQ_OK;
}

static eq_status read_edge(eq_list *l) {
    graph *g = l->to;
    edge e = {.line = eq_list_place(l, FROM).line};
    eq_status status = end_of(l, FROM, &e.end[0]);
    if (status == EQ_OK) status = end_of(l, TO, &e.end[1]);
    bool drawn = status == EQ_OK && eq_list_cell(l, VALUE) == NULL;
    if (status == EQ_OK) status = eq_list_number(l, VALUE, drawn ? 0.0 : NAN, &e.value);
    if (drawn) e.value = NAN;
    if (status != EQ_OK) return status;
    if (e.end[0] == e.end[1])
        return eq_fail_at(
            l->diag, EQ_ERR_INPUT, eq_list_place(l, FROM),
            "the edge joins the unit '%.40s' with itself; give two units, or take the "
            "row out",
            eq_names_get(g->h->unit, e.end[0]));
    if (!eq_grow((void **)&g->edge, &g->cap, g->edges + 1, sizeof e))
        return eq_out_of_memory(l->diag);
    g->edge[g->edges++] = e;
    return EQ_OK;
}

static const char *unit_name(const void *of, size_t k) {
    const graph *g = of;
    return eq_names_get(g->h->unit, (int32_t)k);
}

static eq_place place_of(const graph *g, role is) {
    return is == INPUT ? g->h->o.inputs_at : g->h->o.outputs_at;
}

/* One of the units that are inputs or outputs, `k` of its layer. */
static eq_status take(graph *g, const char *what, const char *word, size_t length, role is,
                      int32_t k) {
    int32_t unit = eq_names_find_lower(g->h->unit, word, length);
    int shown = (int)(length < 40 ? length : 40);
    if (unit == EQ_NO_NAME) {
        const char *like = eq_nearest(word, length, g->units, unit_name, g);
        return eq_fail_at(g->diag, EQ_ERR_INPUT, place_of(g, is),
                          "%s: no edge of '%s' has a unit '%.*s'%s%s; name units as its edges do",
                          what, g->h->o.edges, shown, word, like == NULL ? "" : ", did you mean ",
                          like == NULL ? "" : like);
    }
    if (g->role[unit] != HIDDEN)
        return eq_fail_at(g->diag, EQ_ERR_INPUT, place_of(g, is),
                          "%s: the unit '%.*s' is named a second time; inputs and outputs are "
                          "different units, name each once",
                          what, shown, word);
    g->role[unit] = is;
    g->place[unit] = k;
    return EQ_OK;
}

static eq_status roles(graph *g, const char *what, const char *text, role is, size_t *count) {
    static const char blanks[] = " \t\r\n,";
    size_t n;
    const char *p = eq_next_word(text == NULL ? "" : text, blanks, &n);
    eq_status status = EQ_OK;
    for (; status == EQ_OK && n > 0; p = eq_next_word(p + n, blanks, &n))
        status = take(g, what, p, n, is, (int32_t)(*count)++);
    if (status != EQ_OK || *count > 0) return status;
    return eq_fail_at(g->diag, EQ_ERR_INPUT, place_of(g, is),
                      "a network of edges needs %s; name units of it, as in %s=\"a b\"", what,
                      what);
}

/* Along a tree over all edges between units that are not held those in the first layer are an odd number of edges from
 * an output: if no ring of edges is odd, each edge then leads from them to another. Of the others, in both layers, some
 * of the first move. */
static bool choose_sides(graph *g) {
    eq_joined j = {0};
    bool whole = eq_joined_new(&j, g->units), *side = eq_calloc(g->units, sizeof *side), odd;
    for (size_t k = 0; whole && k < g->edges; k++) {
        const int32_t *end = g->edge[k].end;
        if (g->role[end[0]] != INPUT && g->role[end[1]] != INPUT)
            eq_joined_join(&j, end[0], end[1]);
    }
    for (size_t u = g->units; whole && side != NULL && u-- > 0;) {
        int32_t root = eq_joined_find(&j, (int32_t)u, &odd);
        if (g->role[u] == OUTPUT) side[root] = odd;
    }
    for (size_t u = 0; whole && side != NULL && u < g->units; u++) {
        int32_t root = eq_joined_find(&j, (int32_t)u, &odd);
        if (g->role[u] == HIDDEN && odd != side[root]) g->role[u] = FIRST;
    }
    for (size_t k = 0; k < g->edges; k++) {
        const int32_t *end = g->edge[k].end;
        if (g->role[end[0]] == FIRST && g->role[end[1]] == FIRST) g->role[end[1]] = HIDDEN;
    }
    whole = whole && side != NULL;
    eq_joined_free(&j);
    eq_free(side);
    return whole;
}

/* Inputs, the first of the hidden ones, the others, outputs: the layers of which there are any. */
static void number(graph *g) {
    static const role order[] = {INPUT, FIRST, HIDDEN, OUTPUT};
    eq_hopfield_options *o = &g->h->o;
    o->layers = 0;
    for (size_t r = 0; r < sizeof order / sizeof *order; r++) {
        size_t count = 0;
        for (size_t u = 0; u < g->units; u++) {
            if (g->role[u] != order[r]) continue;
            g->layer[u] = o->layers;
            if (order[r] == FIRST || order[r] == HIDDEN) g->place[u] = (int32_t)count;
            count++;
        }
        if (count > 0) o->width[o->layers++] = count;
    }
    g->h->layers = o->layers - 1;
}

static bool name_units(graph *g) {
    bool whole = true;
    for (size_t l = 0; l <= g->h->layers; l++) {
        g->h->label[l] = eq_calloc(g->h->o.width[l], sizeof **g->h->label);
        whole = whole && g->h->label[l] != NULL;
    }
    for (size_t u = 0; whole && u < g->units; u++)
        g->h->label[g->layer[u]][g->place[u]] = (int32_t)u;
    return whole;
}

/* Where the edge stands; fails of two inputs. */
static eq_status place_edge(const graph *g, edge *e) {
    for (int k = 0; k < 2; k++) {
        e->layer[k] = g->layer[e->end[k]];
        e->place[k] = g->place[e->end[k]];
    }
    if (e->layer[0] > e->layer[1] || (e->layer[0] == e->layer[1] && e->place[0] > e->place[1])) {
        size_t layer = e->layer[0];
        int32_t place = e->place[0], end = e->end[0];
        *e =
            (edge){{e->end[1], end}, {e->layer[1], layer}, {e->place[1], place}, e->value, e->line};
    }
    if (e->layer[1] > 0) return EQ_OK;
    return eq_fail_at(
        g->diag, EQ_ERR_INPUT, (eq_place){g->h->o.edges, e->line, 0},
        "the edge joins the inputs '%.40s' and '%.40s', which are both held; take the "
        "row out",
        eq_names_get(g->h->unit, e->end[0]), eq_names_get(g->h->unit, e->end[1]));
}

static int compare(const void *a, const void *b) {
    const edge *p = a, *q = b;
    for (int k = 0; k < 2; k++)
        if (p->layer[k] != q->layer[k]) return p->layer[k] < q->layer[k] ? -1 : 1;
    for (int k = 0; k < 2; k++)
        if (p->place[k] != q->place[k]) return p->place[k] < q->place[k] ? -1 : 1;
    return p->line - q->line;
}

static eq_status sort(graph *g) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < g->edges; k++) status = place_edge(g, &g->edge[k]);
    if (status != EQ_OK) return status;
    qsort(g->edge, g->edges, sizeof *g->edge, compare);
    for (size_t k = 1; k < g->edges; k++) {
        const edge *e = &g->edge[k], *last = e - 1;
        if (e->end[0] == last->end[0] && e->end[1] == last->end[1])
            return eq_fail_at(g->diag, EQ_ERR_INPUT, (eq_place){g->h->o.edges, e->line, 0},
                              "the units '%.40s' and '%.40s' are joined a second time, first in "
                              "line %d; give one edge for each pair",
                              eq_names_get(g->h->unit, e->end[0]),
                              eq_names_get(g->h->unit, e->end[1]), last->line);
    }
    return EQ_OK;
}

/* The coupling of `count` edges, which are all between its two layers. */
static bool couple(graph *g, const edge *e, size_t count) {
    eq_hopfield_coupling *c = eq_hopfield_add(g->h, e->layer[0], e->layer[1]);
    c->of.count = count;
    c->of.row = eq_malloc(count, sizeof *c->of.row);
    c->of.column = eq_malloc(count, sizeof *c->of.column);
    c->of.theta = eq_calloc_aligned(count, sizeof *c->of.theta);
    for (size_t k = 0;
         c->of.row != NULL && c->of.column != NULL && c->of.theta != NULL && k < count; k++) {
        c->of.row[k] = e[k].place[0];
        c->of.column[k] = e[k].place[1];
        c->of.theta[k] = e[k].value;
    }
    return c->of.row != NULL && c->of.column != NULL && c->of.theta != NULL;
}

static bool couple_all(graph *g) {
    bool whole = true;
    for (size_t k = 0, count; k < g->edges; k += count) {
        const edge *e = &g->edge[k];
        for (count = 1; k + count < g->edges && e[count].layer[0] == e->layer[0] &&
                        e[count].layer[1] == e->layer[1];)
            count++;
        whole = couple(g, e, count) && whole;
    }
    return whole;
}

static eq_status build(graph *g) {
    size_t inputs = 0, outputs = 0;
    g->units = eq_names_count(g->h->unit);
    g->role = eq_calloc(g->units, sizeof *g->role);
    g->layer = eq_calloc(g->units, sizeof *g->layer);
    g->place = eq_calloc(g->units, sizeof *g->place);
    if (g->role == NULL || g->layer == NULL || g->place == NULL) return eq_out_of_memory(g->diag);
    eq_status status = roles(g, "inputs", g->h->o.inputs, INPUT, &inputs);
    if (status == EQ_OK) status = roles(g, "outputs", g->h->o.outputs, OUTPUT, &outputs);
    if (status == EQ_OK && !choose_sides(g)) status = eq_out_of_memory(g->diag);
    if (status != EQ_OK) return status;
    number(g);
    if (!name_units(g)) return eq_out_of_memory(g->diag);
    status = sort(g);
    return status != EQ_OK || couple_all(g) ? status : eq_out_of_memory(g->diag);
}

eq_status eq_hopfield_graph(eq_hopfield *h, eq_diag *diag) {
    graph g = {.h = h, .diag = diag};
    eq_list list = {.known = column,
                    .columns = COLUMNS,
                    .needed = VALUE,
                    .words = "from, to, value",
                    .to = &g,
                    .diag = diag};
    h->unit = eq_names_new();
    eq_status status = h->unit == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_list_read(&list, h->o.edges, read_edge);
    if (status == EQ_OK) status = build(&g);
    eq_free(g.edge);
    eq_free(g.role);
    eq_free(g.layer);
    eq_free(g.place);
    return status;
}
