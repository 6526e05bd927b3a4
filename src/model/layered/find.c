/* Finds the layers of a network in its graph: fixed nodes, bidirectional amplifiers
 * (section 4.4.2), the two classes of free nodes with their energy weights, and the crossbars
 * between them. Anything else is answered with EQ_ERR_CHECK and the reason. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "devices/diode_law.h"
#include "model/layered/find.h"

static eq_status finder_start(eq_finder *f) {
    size_t n = f->n = eq_circuit_nodes(f->c);
    f->kind = eq_calloc(n, sizeof *f->kind);
    f->colour = eq_filled(n, sizeof *f->colour, 0xff);
    f->owner = eq_filled(n, sizeof *f->owner, 0xff);
    f->input = eq_filled(n, sizeof *f->input, 0xff);
    f->level = eq_filled(n, sizeof *f->level, 0xff);
    f->vcvs_of = eq_filled(n, sizeof *f->vcvs_of, 0xff);
    f->amplifier = eq_filled(n, sizeof *f->amplifier, 0xff);
    f->group_of = eq_filled(f->c->table[EQ_CLASS_memristor].count, sizeof *f->group_of, 0xff);
    f->gain = eq_calloc(n, sizeof *f->gain);
    f->feedback = eq_calloc(n, sizeof *f->feedback);
    f->weight = eq_calloc(n, sizeof *f->weight);
    f->first = eq_calloc(n + 1, sizeof *f->first);
    f->queue = eq_calloc(n, sizeof *f->queue);
    for (int k = 0; k < 2; k++)
        f->bar_of[k] = eq_filled(f->c->table[eq_resistor_class[k]].count, sizeof(int32_t), 0xff);
    f->net->fixed_at = eq_calloc(n, sizeof *f->net->fixed_at);
    f->net->index = eq_filled(n, sizeof *f->net->index, 0xff);
    bool whole = f->kind && f->colour && f->level && f->owner && f->input && f->vcvs_of &&
                 f->amplifier && f->group_of && f->gain && f->feedback && f->weight && f->first &&
                 f->queue && f->bar_of[0] && f->bar_of[1] && f->net->fixed_at && f->net->index;
    return whole ? EQ_OK : eq_out_of_memory(f->diag);
}

static void finder_end(eq_finder *f) {
    eq_topology_free(f->topology);
    void *all[] = {f->kind,      f->level,    f->colour,    f->owner,    f->input,  f->vcvs_of,
                   f->amplifier, f->group_of, f->gain,      f->feedback, f->weight, f->first,
                   f->edge,      f->queue,    f->bar_of[0], f->bar_of[1]};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
}

/* Marks ground and the nodes of grounded voltage sources. */
static eq_status find_fixed(eq_finder *f) {
    const eq_table *t = &f->c->table[EQ_CLASS_vsource];
    f->kind[EQ_GROUND] = FIXED;
    for (size_t j = 0; j < t->count; j++) {
        eq_node a = t->term[0][j], b = t->term[1][j], node = a == EQ_GROUND ? b : a;
        if (a != EQ_GROUND && b != EQ_GROUND) continue;
        if (node == EQ_GROUND || f->kind[node] == FIXED)
            return eq_fail(f->diag, EQ_ERR_CHECK, "node %s has two voltage sources",
                           eq_finder_node(f, node));
        f->kind[node] = FIXED;
    }
    for (size_t k = 0; k < f->c->inputs; k++) {
        eq_row r = f->c->row[f->c->input[k]];
        if (r.cls != EQ_CLASS_vsource || t->term[1][r.row] != EQ_GROUND)
            return eq_fail(f->diag, EQ_ERR_CHECK,
                           "input %s is not a voltage source from a node to ground",
                           eq_circuit_element_name(f->c, f->c->input[k]));
        f->input[t->term[0][r.row]] = (int32_t)k;
    }
    return EQ_OK;
}

/* VCVS: grounded output, controlled by one node against ground. */
static eq_status find_vcvs(eq_finder *f) {
    const eq_table *t = &f->c->table[EQ_CLASS_vcvs];
    for (size_t j = 0; j < t->count; j++) {
        eq_node out = t->term[0][j], h = t->term[2][j];
        bool plain = t->term[1][j] == EQ_GROUND && t->term[3][j] == EQ_GROUND &&
                     f->kind[out] == FREE && h != EQ_GROUND && t->w[0][j] > 0.0;
        if (!plain || f->vcvs_of[out] != EQ_NONE || f->amplifier[h] != EQ_NONE)
            return eq_fail(f->diag, EQ_ERR_CHECK,
                           "%s is not the only amplifier of its node, with gain > 0 and both ports "
                           "against ground",
                           eq_finder_element(f, EQ_CLASS_vcvs, j));
        f->kind[out] = DRIVEN;
        f->vcvs_of[out] = (int32_t)j;
        f->owner[out] = h;
        f->gain[h] = t->w[0][j];
        f->amplifier[h] = t->id[j];
    }
    return EQ_OK;
}

/* Sense sources: 0 V from the output of a VCVS to the driven node, owned by the same neuron. */
static eq_status find_senses(eq_finder *f) {
    const eq_table *t = &f->c->table[EQ_CLASS_vsource];
    for (size_t j = 0; j < t->count; j++) {
        eq_node a = t->term[0][j], b = t->term[1][j];
        if (a == EQ_GROUND || b == EQ_GROUND) continue;
        if (f->vcvs_of[a] == EQ_NONE || f->kind[b] != FREE || t->w[0][j] != 0.0)
            return eq_fail(
                f->diag, EQ_ERR_CHECK,
                "%s is not a 0-V source from an amplifier's output to the node it drives",
                eq_finder_element(f, EQ_CLASS_vsource, j));
        f->kind[b] = DRIVEN;
        f->owner[b] = f->owner[a];
    }
    return EQ_OK;
}

/* CCCS: draws gamma times the current into the driven node from the neuron's node. */
static eq_status find_cccs(eq_finder *f) {
    const eq_table *t = &f->c->table[EQ_CLASS_cccs];
    for (size_t j = 0; j < t->count; j++) {
        eq_row by = f->c->row[t->control[j]];
        eq_node h = t->term[0][j];
        eq_node w = by.cls == EQ_CLASS_vsource ? f->c->table[by.cls].term[1][by.row] : EQ_NONE;
        bool fits = w > EQ_GROUND && f->kind[w] == DRIVEN && f->owner[w] == h &&
                    t->term[1][j] == EQ_GROUND && t->w[0][j] > 0.0 && f->feedback[h] == 0.0;
        if (!fits)
            return eq_fail(
                f->diag, EQ_ERR_CHECK,
                "%s does not feed the current of its neuron's amplifier back with gain > 0",
                eq_finder_element(f, EQ_CLASS_cccs, j));
        f->feedback[h] = t->w[0][j];
    }
    return EQ_OK;
}

/* What a layer is made of; a table of any other class that is not empty makes it none. */
static eq_status check_classes(eq_finder *f) {
    static const int known[] = {EQ_CLASS_resistor,    EQ_CLASS_memristor, EQ_CLASS_diode,
                                EQ_CLASS_ideal_diode, EQ_CLASS_isource,   EQ_CLASS_vsource,
                                EQ_CLASS_vcvs,        EQ_CLASS_cccs};
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        bool fits = f->c->table[cls].count == 0;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++) fits = fits || known[k] == cls;
        if (!fits)
            return eq_fail(f->diag, EQ_ERR_CHECK, "it has %s, a %s", eq_finder_element(f, cls, 0),
                           eq_class(cls)->name);
    }
    for (size_t g = 0; g < f->c->groups; g++)
        if (f->c->group[g].cls != EQ_CLASS_memristor)
            return eq_fail(f->diag, EQ_ERR_CHECK, "the group %s trains no conductances",
                           f->c->group[g].name);
    return EQ_OK;
}

static eq_status find_amplifiers(eq_finder *f) {
    eq_status status = check_classes(f);
    if (status == EQ_OK) status = find_vcvs(f);
    if (status == EQ_OK) status = find_senses(f);
    if (status == EQ_OK) status = find_cccs(f);
    for (size_t h = 0; status == EQ_OK && h < f->n; h++)
        if (f->amplifier[h] != EQ_NONE && (f->kind[h] != FREE || f->feedback[h] == 0.0))
            status = eq_fail(f->diag, EQ_ERR_CHECK,
                             "the amplifier %s has no CCCS that feeds its current back to node %s",
                             eq_circuit_element_name(f->c, f->amplifier[h]),
                             eq_finder_node(f, (eq_node)h));
    return status;
}

/* Every resistor: positive, and not across an amplifier; driven terminals are behind the sense
 * source. */
static eq_status check_resistors(eq_finder *f) {
    for (int k = 0; k < 2; k++) {
        const eq_table *t = &f->c->table[eq_resistor_class[k]];
        const double *g = k == 0 ? t->w[t->cls->params] : t->w[0];
        for (size_t j = 0; j < t->count; j++) {
            eq_node a = eq_behind(f, t->term[0][j]), b = eq_behind(f, t->term[1][j]);
            bool sensed = true;
            for (int s = 0; s < 2; s++) {
                eq_node w = t->term[s][j];
                sensed &= f->kind[w] != DRIVEN || f->vcvs_of[w] == EQ_NONE;
            }
            if (g[j] >= 0.0 && sensed && !(a == b && (a != EQ_NONE || k == 1))) continue;
            return eq_fail(
                f->diag, EQ_ERR_CHECK,
                "%s is negative, joins nodes of one neuron or of sources alone, or by-passes "
                "a sense source",
                eq_finder_element(f, eq_resistor_class[k], j));
        }
    }
    for (size_t g = 0; g < f->c->groups; g++)
        for (size_t j = 0; j < f->c->group[g].count; j++)
            f->group_of[f->c->group[g].row[j]] = (int32_t)g;
    return EQ_OK;
}

static eq_status check_diode_table(eq_finder *f, int cls) {
    const eq_table *t = &f->c->table[cls];
    for (size_t j = 0; j < t->count; j++) {
        eq_node a = t->term[0][j], b = t->term[1][j];
        bool fixed_a = f->kind[a] == FIXED, fixed_b = f->kind[b] == FIXED;
        eq_node other = fixed_a ? b : a, source = fixed_a ? a : b;
        bool series = cls == EQ_CLASS_diode && t->w[eq_param_find(t->cls, "rs")][j] > 0.0;
        bool wide = cls == EQ_CLASS_diode && t->w[t->cls->params + EQ_DIODE_WIDE][j] != 0.0;
        if (fixed_a && fixed_b) continue;
        if (wide)
            return eq_fail(f->diag, EQ_ERR_CHECK,
                           "%s has breakdown (bv), high injection (ikf) or recombination (isr)",
                           eq_finder_element(f, cls, j));
        if (fixed_a != fixed_b && f->kind[other] == FREE && f->input[source] == EQ_NONE && !series)
            continue;
        return eq_fail(
            f->diag, EQ_ERR_CHECK,
            "%s does not join a free node to a constant source, or has a series resistance",
            eq_finder_element(f, cls, j));
    }
    return EQ_OK;
}

static eq_status check_sources(eq_finder *f) {
    const eq_table *t = &f->c->table[EQ_CLASS_isource];
    for (size_t j = 0; j < t->count; j++)
        if (!eq_is_nudge(f->c, t->id[j]) &&
            (f->kind[t->term[0][j]] == DRIVEN || f->kind[t->term[1][j]] == DRIVEN))
            return eq_fail(f->diag, EQ_ERR_CHECK,
                           "the current source %s is at an amplifier's output",
                           eq_finder_element(f, EQ_CLASS_isource, j));
    return EQ_OK;
}

/* The adjacency lists of the free nodes: first[node]..first[node + 1] in edge. */
static eq_status build_adjacency(eq_finder *f) {
    size_t total = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t k = 0; k < 2; k++) {
            const eq_table *t = &f->c->table[eq_resistor_class[k]];
            for (size_t j = 0; j < t->count; j++) {
                eq_node a = eq_behind(f, t->term[0][j]), b = eq_behind(f, t->term[1][j]);
                if (a == EQ_NONE || b == EQ_NONE) continue;
                for (int s = 0; s < 2; s++) {
                    eq_node at = s == 0 ? a : b;
                    if (pass == 0)
                        f->first[at + 1]++;
                    else
                        f->edge[f->first[at]++] = (int32_t)j * 2 + k;
                }
            }
        }
        if (pass == 1) break;
        for (size_t v = 0; v < f->n; v++) f->first[v + 1] += f->first[v];
        total = f->first[f->n];
        f->edge = eq_malloc(total, sizeof *f->edge);
        if (f->edge == NULL) return eq_out_of_memory(f->diag);
    }
    for (size_t v = f->n; v > 0; v--) f->first[v] = f->first[v - 1];
    f->first[0] = 0;
    return EQ_OK;
}

static eq_status find_topology(eq_finder *f) {
    eq_status status = eq_topology_check(f->c, &f->topology, NULL);
    if (status == EQ_ERR_MEMORY) return eq_out_of_memory(f->diag);
    return status == EQ_OK ? EQ_OK : eq_fail(f->diag, EQ_ERR_CHECK, "a part of it floats");
}

/* Looks from node u across one resistor: the neighbour gets the other class; the same class is an
 * odd cycle. Relative to the first node of the part, which has weight 1. */
static eq_status cross(eq_finder *f, eq_node u, int32_t edge, double first, size_t *tail) {
    const eq_table *t = &f->c->table[eq_resistor_class[edge & 1]];
    size_t j = (size_t)(edge >> 1);
    eq_node a = eq_behind(f, t->term[0][j]), b = eq_behind(f, t->term[1][j]), v = a == u ? b : a;
    if (f->colour[v] == UNSEEN) {
        f->colour[v] = (int8_t)(CLASS_E + CLASS_K - f->colour[u]);
        f->weight[v] = eq_topology_weight(f->topology, v) / first;
        f->queue[(*tail)++] = v;
        return EQ_OK;
    }
    if (f->colour[v] != f->colour[u]) return EQ_OK;
    return eq_fail(f->diag, EQ_ERR_CHECK, "the nodes %s and %s of one layer touch (%s)",
                   eq_finder_node(f, u), eq_finder_node(f, v),
                   eq_finder_element(f, eq_resistor_class[edge & 1], j));
}

static eq_status spread_from(eq_finder *f, eq_node root, int colour) {
    if (f->colour[root] != UNSEEN) return EQ_OK;
    size_t head = 0, tail = 1;
    double first = eq_topology_weight(f->topology, root);
    eq_status status = EQ_OK;
    f->colour[root] = (int8_t)colour;
    f->weight[root] = 1.0;
    f->queue[0] = root;
    while (status == EQ_OK && head < tail) {
        eq_node u = f->queue[head++];
        for (size_t k = f->first[u]; status == EQ_OK && k < f->first[u + 1]; k++)
            status = cross(f, u, f->edge[k], first, &tail);
    }
    return status;
}

/* Outputs and what is an even number of resistors away are kept, the rest is eliminated. */
static eq_status find_classes(eq_finder *f) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < 2 * f->c->outputs; k++) {
        eq_node out = k % 2 == 0 ? f->c->output[k / 2].plus : f->c->output[k / 2].minus;
        if (out == EQ_NONE) continue;
        if (f->kind[out] != FREE)
            return eq_fail(f->diag, EQ_ERR_CHECK, "the output %s is not a free node",
                           eq_finder_node(f, out));
        status = spread_from(f, out, CLASS_K);
        if (status == EQ_OK && f->colour[out] != CLASS_K)
            status = eq_fail(f->diag, EQ_ERR_CHECK, "the outputs lie in neighbouring layers (%s)",
                             eq_finder_node(f, out));
    }
    for (size_t v = 0; status == EQ_OK && v < f->n; v++)
        if (f->kind[v] == FREE) status = spread_from(f, (eq_node)v, CLASS_E);
    if (status == EQ_OK && !f->topology->exists)
        status = eq_fail(f->diag, EQ_ERR_CHECK, "the amplifiers have no energy weights: %s",
                         f->topology->reason);
    return status;
}

/* How many resistors lie between each free node and the outputs (or, where none leads there, the
 * first node of its part): a resistor joins neighbouring levels only. */
static void find_levels(eq_finder *f) {
    size_t head = 0, tail = 0;
    for (size_t k = 0; k < 2 * f->c->outputs; k++) {
        eq_node out = k % 2 == 0 ? f->c->output[k / 2].plus : f->c->output[k / 2].minus;
        if (out == EQ_NONE || f->level[out] != EQ_NONE) continue;
        f->level[out] = 0;
        f->queue[tail++] = out;
    }
    for (size_t v = 0; v <= f->n; v++) {
        while (head < tail) {
            eq_node u = f->queue[head++];
            for (size_t k = f->first[u]; k < f->first[u + 1]; k++) {
                const eq_table *t = &f->c->table[eq_resistor_class[f->edge[k] & 1]];
                size_t j = (size_t)(f->edge[k] >> 1);
                eq_node a = eq_behind(f, t->term[0][j]), b = eq_behind(f, t->term[1][j]);
                eq_node next = a == u ? b : a;
                if (f->level[next] != EQ_NONE) continue;
                f->level[next] = f->level[u] + 1;
                f->queue[tail++] = next;
            }
        }
        if (v == f->n || f->kind[v] != FREE || f->level[v] != EQ_NONE) continue;
        f->level[v] = f->colour[v] == CLASS_E; /* even levels are kept */
        f->queue[tail++] = (eq_node)v;
    }
}

static int by_key(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Lists the free nodes, E first, each class by levels and these in circuit order; a level that has
 * nodes begins a band. */
static eq_status order_nodes(eq_finder *f) {
    eq_layers *net = f->net;
    int64_t *key = eq_calloc(net->nodes, sizeof *key), n = (int64_t)f->n;
    size_t count = 0;
    net->band[0] = eq_calloc(net->nodes + 1, sizeof(size_t));
    net->band[1] = eq_calloc(net->nodes + 1, sizeof(size_t));
    if (key == NULL || net->band[0] == NULL || net->band[1] == NULL) {
        eq_free(key);
        return eq_out_of_memory(f->diag);
    }
    for (size_t v = 0; v < f->n; v++)
        if (f->kind[v] == FREE)
            key[count++] = ((f->colour[v] == CLASS_K ? n : 0) + f->level[v]) * n + (int64_t)v;
    qsort(key, count, sizeof *key, by_key);
    for (size_t j = 0; j < count; j++) {
        int64_t level = key[j] / n;
        int kept = level >= n;
        net->node[j] = (eq_node)(key[j] % n);
        if (!kept) net->eliminated++;
        if (j == 0 || key[j - 1] / n != level)
            net->band[kept][net->bands[kept]++] = kept ? j - net->eliminated : j;
    }
    net->kept = net->nodes - net->eliminated;
    net->band[0][net->bands[0]] = net->eliminated;
    net->band[1][net->bands[1]] = net->kept;
    eq_free(key);
    return EQ_OK;
}

/* Room for what is known of the free nodes, and their numbers. */
static eq_status number_nodes(eq_finder *f) {
    eq_layers *net = f->net;
    for (size_t v = 0; v < f->n; v++) net->nodes += f->kind[v] == FREE;
    size_t n = net->nodes;
    find_levels(f);
    net->node = eq_calloc(n, sizeof *net->node);
    net->weight = eq_calloc(n, sizeof *net->weight);
    net->gain = eq_calloc(n, sizeof *net->gain);
    net->feedback = eq_calloc(n, sizeof *net->feedback);
    net->source = eq_calloc(n, sizeof *net->source);
    net->shunt = eq_calloc(n, sizeof *net->shunt);
    net->plus = eq_calloc(f->c->outputs, sizeof *net->plus);
    net->minus = eq_calloc(f->c->outputs, sizeof *net->minus);
    net->amplifier = eq_calloc(n, sizeof *net->amplifier);
    if (!net->node || !net->weight || !net->gain || !net->feedback || !net->source || !net->shunt ||
        !net->plus || !net->minus || !net->amplifier)
        return eq_out_of_memory(f->diag);
    eq_status status = order_nodes(f);
    if (status != EQ_OK) return status;
    for (size_t j = 0; j < n; j++) {
        eq_node v = net->node[j];
        net->weight[j] = f->weight[v];
        net->gain[j] = f->gain[v];
        net->feedback[j] = f->feedback[v];
        net->amplifier[j] = f->amplifier[v];
        net->index[v] = (int32_t)j;
    }
    for (size_t k = 0; k < f->c->outputs; k++) {
        eq_node minus = f->c->output[k].minus;
        net->plus[k] = net->index[f->c->output[k].plus];
        net->minus[k] = minus == EQ_NONE ? EQ_NONE : net->index[minus];
    }
    return EQ_OK;
}

eq_status eq_layers_find(eq_circuit *c, eq_layers *net, eq_diag *diag) {
    eq_finder f = {.c = c, .net = net, .diag = diag};
    net->c = c;
    eq_status (*const step[])(eq_finder *) = {
        finder_start,    find_fixed,    find_amplifiers, check_resistors, check_sources,
        build_adjacency, find_topology, find_classes,    number_nodes,    eq_crossbars_build};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof step / sizeof *step; k++) status = step[k](&f);
    if (status == EQ_OK) status = check_diode_table(&f, EQ_CLASS_diode);
    if (status == EQ_OK) status = check_diode_table(&f, EQ_CLASS_ideal_diode);
    for (int kept = 0; status == EQ_OK && kept < 2; kept++) status = eq_law_build(&f, kept);
    finder_end(&f);
    if (status == EQ_OK) eq_layers_load(net);
    return status;
}
