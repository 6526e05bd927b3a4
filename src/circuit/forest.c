/* The forest of a reduction. */
#include <string.h>

#include "base/mem.h"
#include "circuit/floating.h"
#include "circuit/reduction_parts.h"
#include "circuit/shorts.h"

/* The forest while it grows: the adjacency of the nodes over V and E branches and over the shorts,
 * which are numbered behind the branches. */
typedef struct forest {
    eq_shorts shorts;
    int32_t *start;  /* [nodes + 2] */
    int32_t *branch; /* [2 branches + 2 shorts] */
    eq_node *queue;  /* [nodes] */
    bool *seen;      /* [nodes] */
    int32_t *part;   /* [nodes] of one tree */
    eq_node *root;   /* [nodes] of a part */
    int32_t *via;    /* [nodes] by which a node was reached */
    double
        *least; /* [nodes] S: the smallest conductance from a node behind a short to its parent */
} forest;

static void forest_free(forest *g) {
    eq_shorts_free(&g->shorts);
    eq_free(g->start);
    eq_free(g->branch);
    eq_free(g->queue);
    eq_free(g->seen);
    eq_free(g->part);
    eq_free(g->root);
    eq_free(g->via);
    eq_free(g->least);
}

/* End k of a branch or short. */
static eq_node end_of(const forest *g, const eq_reduction *r, const eq_circuit *c, int32_t b,
                      int k) {
    return b < (int32_t)r->branches ? eq_branch_end(r, c, b, k)
                                    : g->shorts.item[b - (int32_t)r->branches].end[k];
}

static bool fill_forest(forest *g, const eq_reduction *r, const eq_circuit *c) {
    size_t branches = r->branches + g->shorts.count;
    g->start = eq_calloc(r->nodes + 2, sizeof *g->start);
    g->branch = eq_malloc(2 * branches, sizeof *g->branch);
    g->queue = eq_malloc(r->nodes, sizeof *g->queue);
    g->seen = eq_calloc(r->nodes, sizeof *g->seen);
    g->part = eq_malloc(r->nodes, sizeof *g->part);
    g->root = eq_malloc(r->nodes, sizeof *g->root);
    g->via = eq_malloc(r->nodes, sizeof *g->via);
    g->least = eq_calloc(r->nodes, sizeof *g->least);
    if (g->start == NULL || g->branch == NULL || g->queue == NULL || g->seen == NULL ||
        g->part == NULL || g->root == NULL || g->via == NULL || g->least == NULL)
        return false;
    memset(g->via, 0xff, r->nodes * sizeof *g->via);
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t b = 0; b < (int32_t)branches; b++) {
            if (b < (int32_t)r->branches && !eq_branch_in_forest(r, c, b)) continue;
            for (int k = 0; k < 2; k++) {
                eq_node n = end_of(g, r, c, b, k);
                if (pass == 0)
                    g->start[n + 2]++;
                else
                    g->branch[g->start[n + 1]++] = b;
            }
        }
        for (size_t n = 2; pass == 0 && n < r->nodes + 2; n++) g->start[n] += g->start[n - 1];
    }
    return true;
}

/* Depth of a node in the forest. */
static size_t depth(const eq_reduction *r, eq_node n) {
    size_t d = 0;
    for (; r->parent[n] != EQ_NONE; n = r->parent[n]) d++;
    return d;
}

/* Reports the loop that branch b closes: b and the tree paths of its terminals to their meeting
 * point. */
static eq_status report_loop(const eq_reduction *r, const eq_circuit *c, int32_t b, eq_diag *diag) {
    enum { SHOWN = 20 };
    eq_node p = eq_branch_end(r, c, b, 0), q = eq_branch_end(r, c, b, 1);
    eq_text names = {0};
    eq_text_puts(&names, eq_circuit_element_name(c, r->branch[b]));
    size_t dp = depth(r, p), dq = depth(r, q);
    for (int shown = 0; p != q; shown++) {
        eq_node *n = dp >= dq ? &p : &q;
        if (shown < SHOWN)
            eq_text_printf(&names, ", %s", eq_circuit_element_name(c, r->branch[r->edge[*n]]));
        if (shown == SHOWN) eq_text_puts(&names, ", ...");
        dp >= dq ? dp-- : dq--;
        *n = r->parent[*n];
    }
    eq_status status =
        names.failed
            ? eq_out_of_memory(diag)
            : eq_fail_at(
                  diag, EQ_ERR_SINGULAR, eq_circuit_place_of(c, r->branch[b]),
                  "loop of voltage sources: %s (their currents are not determined); take one "
                  "out or put a resistor in series with it",
                  names.text);
    eq_text_free(&names);
    return status;
}

/* Hangs a node behind a short of `size` that leads to it from node n: from n itself, or, where the
 * shorts between are about as large, from the node that n hangs from, so that a chain of shorts has
 * rows of two entries and no drop is the difference of much larger ones. */
static void hang_behind_short(forest *g, eq_reduction *r, eq_node other, eq_node n, double size) {
    static const double alike = 1.0;
    g->least[other] = size;
    while (eq_behind_short(r, n) && size <= alike * g->least[n]) {
        if (g->least[n] < g->least[other]) g->least[other] = g->least[n];
        n = r->parent[n];
    }
    r->parent[other] = n;
    r->shorts++;
}

/* Hangs the other terminal of branch b below node n, or closes a loop. */
static eq_status grow_tree(forest *g, eq_reduction *r, const eq_circuit *c, eq_node n, int32_t b,
                           size_t *tail, eq_diag *diag) {
    if (b == g->via[n]) return EQ_OK;
    int side = end_of(g, r, c, b, 0) == n ? 1 : 0;
    eq_node other = end_of(g, r, c, b, side);
    if (g->seen[other]) return report_loop(r, c, b, diag);
    g->seen[other] = true;
    g->via[other] = b;
    g->queue[(*tail)++] = other;
    if (b >= (int32_t)r->branches) {
        hang_behind_short(g, r, other, n, g->shorts.item[b - (int32_t)r->branches].size);
        return EQ_OK;
    }
    r->parent[other] = n;
    r->edge[other] = b;
    r->sign[other] = side == 0 ? 1 : -1;
    return EQ_OK;
}

/* The root of a tree with shorts is the node that the largest conductance ties elsewhere: currents
 * that pass through it stand in the row of the root alone, and no drop of a short has their
 * round-off. */
static void choose_roots(forest *g, const eq_reduction *r, const eq_circuit *c) {
    int32_t branches = (int32_t)(r->branches + g->shorts.count);
    eq_parts_start(g->part, r->nodes);
    for (size_t n = 0; n < r->nodes; n++) g->root[n] = (eq_node)n;
    if (g->shorts.count == 0) return;
    for (int32_t b = 0; b < branches; b++)
        if (b >= (int32_t)r->branches || eq_branch_in_forest(r, c, b))
            eq_parts_join(g->part, end_of(g, r, c, b, 0), end_of(g, r, c, b, 1));
    for (size_t k = 0; k < 2 * g->shorts.count; k++) {
        eq_node n = g->shorts.item[k / 2].end[k % 2];
        int32_t part = eq_part(g->part, n);
        if (part != EQ_GROUND && g->shorts.tie[n] > g->shorts.tie[g->root[part]]) g->root[part] = n;
    }
}

eq_status eq_reduction_grow(eq_reduction *r, const eq_circuit *c, eq_diag *diag) {
    forest g = {0};
    eq_status status = r->plain ? EQ_OK : eq_shorts_find(c, &g.shorts, diag);
    if (status == EQ_OK && !fill_forest(&g, r, c)) status = eq_out_of_memory(diag);
    if (status == EQ_OK) choose_roots(&g, r, c);
    for (eq_node n = 0; status == EQ_OK && n < (eq_node)r->nodes; n++) {
        if (g.seen[n]) continue;
        eq_node root = g.root[eq_part(g.part, n)];
        size_t head = 0, tail = 0;
        g.seen[root] = true;
        g.queue[tail++] = root;
        while (status == EQ_OK && head < tail) {
            eq_node at = g.queue[head++];
            for (int32_t k = g.start[at]; status == EQ_OK && k < g.start[at + 1]; k++)
                status = grow_tree(&g, r, c, at, g.branch[k], &tail, diag);
        }
    }
    forest_free(&g);
    return status;
}
