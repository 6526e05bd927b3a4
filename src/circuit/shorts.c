#include "circuit/shorts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "circuit/floating.h"
#include "circuit/port.h"

static const double drowns = 1e6; /* times the conductance beside it */
static const double usual = 1e-3; /* S: of what has no conductance known beforehand */

/* An element between two nodes. */
typedef struct edge {
    eq_node end[2];
    double size; /* S; infinite for a source of voltage */
    eq_element element;
    bool resistor; /* may be a short */
    bool drives;   /* a current through it needs no source in its circle */
} edge;

typedef struct finder {
    const eq_circuit *c;
    eq_diag *diag;
    size_t nodes;
    edge *edge;
    size_t edges, cap;
    int32_t *part;                /* [nodes] joined by the tree as far as it has grown */
    int32_t *wire;                /* [nodes] joined by 0 ohm alone */
    bool *in_tree, *is_short;     /* [edges] */
    int32_t *first, *last, *next; /* [nodes], [nodes], [edges] the tree's edges of a part */
    double *largest;              /* [nodes] S: of these, without those known for shorts */
    double *beside;               /* [edges] S: G of an edge of the tree */
    int32_t *start, *at;          /* adjacency of the tree */
    int32_t *parent, *up, *depth; /* [nodes] up: the edge to the parent */
    int32_t *queue;               /* [nodes] */
    int32_t *top;                 /* [nodes] past the edges that have been reached */
    uint64_t *rise; /* [nodes] from the root, with a number of its own for each source */
} finder;

/* A linear two-terminal law without control whose current is a conductance times its drop. */
static bool is_resistor(const eq_table *t) {
    unsigned wanted = EQ_LINEAR | EQ_RECIPROCAL | EQ_CONDUCTS;
    return t->cls->defined == EQ_CURRENT_DEFINED && t->cls->control == EQ_CONTROL_NONE &&
           (t->cls->flags & wanted) == wanted;
}

/* A branch whose drop other potentials give: it stands in the forest of the reduction. */
static bool is_source(const eq_table *t) {
    return t->cls->defined == EQ_VOLTAGE_DEFINED && !eq_by_current(t) && !eq_is_port(t);
}

/* The conductances of n <= RUN rows from `start` on. */
enum { RUN = 256 };
static void sizes(const eq_table *t, size_t start, size_t n, double *size) {
    double *w[EQ_MAX_COLUMNS];
    bool known = eq_is_linear(t) && t->cls->least_slope != NULL;
    for (int k = 0; k < t->cls->columns; k++) w[k] = t->w[k] + start;
    if (known) t->cls->least_slope(n, w, size);
    for (size_t j = 0; j < n; j++) size[j] = known ? fabs(size[j]) : usual;
}

bool eq_shorts_possible(const eq_circuit *c) {
    double size[RUN], largest = 0.0, least = usual;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        if (t->cls->defined != EQ_CURRENT_DEFINED || !eq_is_linear(t)) continue;
        for (size_t start = 0; start < t->count; start += RUN) {
            size_t n = t->count - start < RUN ? t->count - start : RUN;
            sizes(t, start, n, size);
            for (size_t j = 0; j < n; j++) {
                if (is_resistor(t)) largest = fmax(largest, size[j]);
                if (size[j] > 0.0) least = fmin(least, size[j]);
            }
        }
    }
    return largest > drowns * least;
}

static bool add_edge(finder *f, edge e) {
    if (e.end[0] == e.end[1] || !(e.size > 0.0)) return true;
    if (!eq_grow((void **)&f->edge, &f->cap, f->edges + 1, sizeof *f->edge)) return false;
    f->edge[f->edges++] = e;
    return true;
}

/* The ways of a current through row j of a port element: from its first node to each other one. */
static bool add_port(finder *f, const eq_table *t, size_t j) {
    bool whole = true;
    int ends = eq_is_port_class(t) ? eq_class_nodes(t->cls) : 2;
    for (int k = 1; whole && k < ends; k++)
        whole = add_edge(f, (edge){{t->term[0][j], t->term[k][j]}, usual, t->id[j], false, true});
    return whole;
}

static bool add_table(finder *f, const eq_table *t) {
    double size[RUN];
    bool whole = true, source = is_source(t), drives = t->cls->control != EQ_CONTROL_NONE;
    if (eq_is_independent(t) && !source) return true;
    if (eq_is_port(t) || (t->cls->defined == EQ_VOLTAGE_DEFINED && !source)) {
        for (size_t j = 0; whole && j < t->count; j++) whole = add_port(f, t, j);
        return whole;
    }
    for (size_t start = 0; whole && start < t->count; start += RUN) {
        size_t n = t->count - start < RUN ? t->count - start : RUN;
        if (!source) sizes(t, start, n, size);
        for (size_t j = 0; whole && j < n; j++)
            whole = add_edge(f, (edge){{t->term[0][start + j], t->term[1][start + j]},
                                       source ? INFINITY : size[j],
                                       t->id[start + j],
                                       is_resistor(t),
                                       drives});
    }
    return whole;
}

/* The largest first, of equals in deck order. */
static int by_size(const void *a, const void *b) {
    const edge *x = a, *y = b;
    if (x->size != y->size) return x->size > y->size ? -1 : 1;
    return (x->element > y->element) - (x->element < y->element);
}

static eq_status open_finder(finder *f) {
    int32_t **arrays[] = {&f->part,  &f->wire, &f->parent, &f->up,  &f->depth,
                          &f->queue, &f->top,  &f->first,  &f->last};
    bool whole = true;
    for (size_t k = 0; whole && k < sizeof arrays / sizeof *arrays; k++)
        whole = (*arrays[k] = eq_malloc(f->nodes, sizeof(int32_t))) != NULL;
    for (int k = 0; whole && k < EQ_CLASS_COUNT; k++) whole = add_table(f, &f->c->table[k]);
    if (whole) {
        f->in_tree = eq_calloc(f->edges, sizeof *f->in_tree);
        f->is_short = eq_calloc(f->edges, sizeof *f->is_short);
        f->next = eq_malloc(f->edges, sizeof *f->next);
        f->largest = eq_calloc(f->nodes, sizeof *f->largest);
        f->beside = eq_calloc(f->edges, sizeof *f->beside);
        f->start = eq_calloc(f->nodes + 2, sizeof *f->start);
        f->at = eq_malloc(2 * f->nodes, sizeof *f->at);
        f->rise = eq_calloc(f->nodes, sizeof *f->rise);
    }
    whole = whole && f->in_tree != NULL && f->is_short != NULL && f->next != NULL &&
            f->largest != NULL && f->beside != NULL && f->start != NULL && f->at != NULL &&
            f->rise != NULL;
    return whole ? EQ_OK : eq_out_of_memory(f->diag);
}

static void close_finder(finder *f) {
    int32_t *arrays[] = {f->part, f->wire,  f->parent, f->up,    f->depth, f->queue,
                         f->top,  f->start, f->at,     f->first, f->last,  f->next};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) eq_free(arrays[k]);
    eq_free(f->edge);
    eq_free(f->in_tree);
    eq_free(f->is_short);
    eq_free(f->largest);
    eq_free(f->beside);
    eq_free(f->rise);
}

/* A wire may close a loop of wires, whose current the least squares share, but none with sources. */
static eq_status check_wire(finder *f, const edge *e) {
    bool loop = eq_part(f->part, e->end[0]) == eq_part(f->part, e->end[1]);
    if (loop && eq_part(f->wire, e->end[0]) != eq_part(f->wire, e->end[1]))
        return eq_fail_at(f->diag, EQ_ERR_SINGULAR, eq_circuit_place_of(f->c, e->element),
                          "%s, of 0 ohm, closes a loop of voltage sources, so that the current in "
                          "it is not determined; take it out or give it a resistance",
                          eq_circuit_element_name(f->c, e->element));
    eq_parts_join(f->wire, e->end[0], e->end[1]);
    return EQ_OK;
}

/* The edges of a part that the next edge, of `size`, ties to others so loosely that the sums of
 * their conductances would lose it: they are shorts beside it. Ground needs no tie. */
static void part_is_tied(finder *f, int32_t part, double size) {
    if (eq_part(f->part, EQ_GROUND) == part || !(f->largest[part] > drowns * size)) return;
    int32_t kept = EQ_NONE, last = EQ_NONE, next;
    f->largest[part] = 0.0;
    for (int32_t k = f->first[part]; k != EQ_NONE; k = next) {
        next = f->next[k];
        f->is_short[k] = f->edge[k].size > drowns * size;
        if (f->is_short[k]) continue;
        f->largest[part] = fmax(f->largest[part], f->edge[k].size);
        if (kept == EQ_NONE) last = k;
        f->next[k] = kept;
        kept = k;
    }
    f->first[part] = kept;
    f->last[part] = last;
}

/* Edge k joins the parts a and b into one. */
static void join_parts(finder *f, int32_t a, int32_t b, int32_t k) {
    int32_t to = a < b ? a : b, from = a < b ? b : a; /* as eq_parts_join */
    part_is_tied(f, a, f->edge[k].size);
    part_is_tied(f, b, f->edge[k].size);
    eq_parts_join(f->part, a, b);
    if (f->first[to] == EQ_NONE) {
        f->first[to] = f->first[from];
        f->last[to] = f->last[from];
    } else if (f->first[from] != EQ_NONE) {
        f->next[f->last[to]] = f->first[from];
        f->last[to] = f->last[from];
    }
    f->next[k] = f->first[to];
    if (f->first[to] == EQ_NONE) f->last[to] = k;
    f->first[to] = k;
    f->largest[to] = fmax(f->edge[k].size, fmax(f->largest[a], f->largest[b]));
}

/* Kruskal's tree. */
static eq_status grow_tree(finder *f) {
    qsort(f->edge, f->edges, sizeof *f->edge, by_size);
    eq_parts_start(f->part, f->nodes);
    eq_parts_start(f->wire, f->nodes);
    memset(f->first, 0xff, f->nodes * sizeof *f->first);
    for (size_t k = 0; k < f->edges; k++) {
        const edge *e = &f->edge[k];
        if (e->resistor && e->size >= EQ_WIRE && check_wire(f, e) != EQ_OK) return EQ_ERR_SINGULAR;
        int32_t a = eq_part(f->part, e->end[0]), b = eq_part(f->part, e->end[1]);
        if (a == b) continue;
        join_parts(f, a, b, (int32_t)k);
        f->in_tree[k] = true;
        for (int i = 0; i < 2; i++) f->start[e->end[i] + 2]++;
    }
    for (size_t n = 2; n < f->nodes + 2; n++) f->start[n] += f->start[n - 1];
    for (size_t k = 0; k < f->edges; k++)
        for (int i = 0; f->in_tree[k] && i < 2; i++)
            f->at[f->start[f->edge[k].end[i] + 1]++] = (int32_t)k;
    return EQ_OK;
}

/* From node n over edge k of the tree to a node that is new. */
static void step(finder *f, eq_node n, int32_t k, size_t *tail) {
    const edge *e = &f->edge[k];
    int side = e->end[0] == n ? 1 : 0;
    eq_node other = e->end[side];
    if (f->depth[other] >= 0) return;
    f->depth[other] = f->depth[n] + 1;
    f->parent[other] = n;
    f->up[other] = k;
    f->rise[other] = f->rise[n];
    if (isinf(e->size)) {
        eq_random r = eq_random_seed((uint64_t)e->element);
        uint64_t number = eq_random_next(&r);
        f->rise[other] += side == 0 ? number : 0 - number;
    }
    f->queue[(*tail)++] = other;
}

/* Roots the tree: breadth-first search. */
static void root_tree(finder *f) {
    memset(f->depth, 0xff, f->nodes * sizeof *f->depth);
    for (eq_node root = 0; root < (eq_node)f->nodes; root++) {
        size_t head = 0, tail = 0;
        if (f->depth[root] >= 0) continue;
        f->depth[root] = 0;
        f->queue[tail++] = root;
        while (head < tail) {
            eq_node n = f->queue[head++];
            for (int32_t i = f->start[n]; i < f->start[n + 1]; i++) step(f, n, f->at[i], &tail);
        }
    }
}

/* Every edge of the tree learns the first, the largest, of the others whose circle has it and a
 * source in it. */
static void look_beside(finder *f) {
    eq_parts_start(f->top, f->nodes);
    for (size_t k = 0; k < f->edges; k++) {
        const edge *e = &f->edge[k];
        if (f->in_tree[k] || (f->rise[e->end[0]] == f->rise[e->end[1]] && !e->drives)) continue;
        int32_t a = eq_part(f->top, e->end[0]), b = eq_part(f->top, e->end[1]);
        while (a != b) {
            int32_t *n = f->depth[a] >= f->depth[b] ? &a : &b;
            f->beside[f->up[*n]] = e->size;
            f->top[*n] = f->parent[*n];
            *n = eq_part(f->top, *n);
        }
    }
}

static eq_status collect(const finder *f, eq_shorts *out) {
    out->item = eq_malloc(f->nodes, sizeof *out->item);
    out->tie = eq_calloc(f->nodes, sizeof *out->tie);
    if (out->item == NULL || out->tie == NULL) return eq_out_of_memory(f->diag);
    for (size_t k = 0; k < f->edges; k++) {
        const edge *e = &f->edge[k];
        double beside = f->beside[k] > 0.0 ? f->beside[k] : usual;
        f->is_short[k] = f->is_short[k] || (f->in_tree[k] && e->size > drowns * beside);
        for (int i = 0; !f->is_short[k] && i < 2; i++)
            out->tie[e->end[i]] = fmax(out->tie[e->end[i]], isinf(e->size) ? 0.0 : e->size);
        if (!f->is_short[k] || !e->resistor) continue;
        out->item[out->count++] = (eq_short){{e->end[0], e->end[1]}, e->size};
    }
    return EQ_OK;
}

eq_status eq_shorts_find(const eq_circuit *c, eq_shorts *out, eq_diag *diag) {
    finder f = {.c = c, .diag = diag, .nodes = eq_circuit_nodes(c)};
    *out = (eq_shorts){0};
    if (!eq_shorts_possible(c)) return EQ_OK;
    eq_status status = open_finder(&f);
    if (status == EQ_OK) status = grow_tree(&f);
    if (status == EQ_OK) {
        root_tree(&f);
        look_beside(&f);
        status = collect(&f, out);
    }
    close_finder(&f);
    if (status != EQ_OK) eq_shorts_free(out);
    return status;
}

void eq_shorts_free(eq_shorts *s) {
    eq_free(s->item);
    eq_free(s->tie);
    *s = (eq_shorts){0};
}
