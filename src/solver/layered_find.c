/* Finds the layers of a network in its graph: fixed nodes, bidirectional amplifiers
 * (section 4.4.2), the two classes of free nodes with their energy weights, and the crossbars
 * between them. Anything else is answered with EQ_ERR_CHECK and the reason. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "devices/diode_law.h"
#include "solver/layered.h"

enum { FREE, FIXED, DRIVEN };
enum { UNSEEN = -1, CLASS_E, CLASS_K };

/* kind: FREE, FIXED or DRIVEN for each circuit node; owner: of a driven node, the neuron node h;
 * input: index in c->input of the source at a fixed node, EQ_NONE; colour, weight: of each free
 * node; vcvs_of: the VCVS whose output the node is, EQ_NONE; from, to, next...: adjacency of the
 * free nodes. */
typedef struct finder {
    eq_circuit *c;
    eq_layers *net;
    eq_diag *diag;
    size_t n;
    int8_t *kind, *colour;
    int32_t *owner, *input, *vcvs_of, *group_of;
    double *gain, *feedback, *weight;
    eq_element *amplifier;
    size_t *first;
    int32_t *edge; /* encoded resistor: row * 2 + (0 resistor, 1 memristor) */
    int32_t *queue;
    int32_t *bar_of[2]; /* crossbar of each resistor and of each memristor */
} finder;

static const int resistor_class[2] = {EQ_CLASS_resistor, EQ_CLASS_memristor};

static const char *name_of(const finder *f, eq_node node) {
    return eq_circuit_node_name(f->c, node);
}

static const char *element_name(const finder *f, int cls, size_t row) {
    return eq_circuit_element_name(f->c, f->c->table[cls].id[row]);
}

static void *fill(size_t n, size_t size, int byte) {
    void *p = eq_malloc(n, size);
    if (p != NULL) memset(p, byte, n * size);
    return p;
}

static eq_status finder_start(finder *f) {
    size_t n = f->n = eq_circuit_nodes(f->c);
    f->kind = eq_calloc(n, sizeof *f->kind);
    f->colour = fill(n, sizeof *f->colour, 0xff);
    f->owner = fill(n, sizeof *f->owner, 0xff);
    f->input = fill(n, sizeof *f->input, 0xff);
    f->vcvs_of = fill(n, sizeof *f->vcvs_of, 0xff);
    f->amplifier = fill(n, sizeof *f->amplifier, 0xff);
    f->group_of = fill(f->c->table[EQ_CLASS_memristor].count, sizeof *f->group_of, 0xff);
    f->gain = eq_calloc(n, sizeof *f->gain);
    f->feedback = eq_calloc(n, sizeof *f->feedback);
    f->weight = eq_calloc(n, sizeof *f->weight);
    f->first = eq_calloc(n + 1, sizeof *f->first);
    f->queue = eq_calloc(n, sizeof *f->queue);
    for (int k = 0; k < 2; k++)
        f->bar_of[k] = fill(f->c->table[resistor_class[k]].count, sizeof(int32_t), 0xff);
    f->net->fixed_at = eq_calloc(n, sizeof *f->net->fixed_at);
    f->net->index = fill(n, sizeof *f->net->index, 0xff);
    bool whole = f->kind && f->colour && f->owner && f->input && f->vcvs_of && f->amplifier &&
                 f->group_of && f->gain && f->feedback && f->weight && f->first && f->queue &&
                 f->bar_of[0] && f->bar_of[1] && f->net->fixed_at && f->net->index;
    return whole ? EQ_OK : eq_out_of_memory(f->diag);
}

static void finder_end(finder *f) {
    void *all[] = {f->kind,      f->colour,   f->owner, f->input,     f->vcvs_of,
                   f->amplifier, f->group_of, f->gain,  f->feedback,  f->weight,
                   f->first,     f->edge,     f->queue, f->bar_of[0], f->bar_of[1]};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
}

/* Marks ground and the nodes of grounded voltage sources. */
static eq_status find_fixed(finder *f) {
    const eq_table *t = &f->c->table[EQ_CLASS_vsource];
    f->kind[EQ_GROUND] = FIXED;
    for (size_t j = 0; j < t->count; j++) {
        eq_node a = t->term[0][j], b = t->term[1][j], node = a == EQ_GROUND ? b : a;
        if (a != EQ_GROUND && b != EQ_GROUND) continue;
        if (node == EQ_GROUND || f->kind[node] == FIXED)
            return eq_fail(f->diag, EQ_ERR_CHECK, "node %s has two voltage sources",
                           name_of(f, node));
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
static eq_status find_vcvs(finder *f) {
    const eq_table *t = &f->c->table[EQ_CLASS_vcvs];
    for (size_t j = 0; j < t->count; j++) {
        eq_node out = t->term[0][j], h = t->term[2][j];
        bool plain = t->term[1][j] == EQ_GROUND && t->term[3][j] == EQ_GROUND &&
                     f->kind[out] == FREE && h != EQ_GROUND && t->w[0][j] > 0.0;
        if (!plain || f->vcvs_of[out] != EQ_NONE || f->amplifier[h] != EQ_NONE)
            return eq_fail(f->diag, EQ_ERR_CHECK,
                           "%s is not the only amplifier of its node, with gain > 0 and both ports "
                           "against ground",
                           element_name(f, EQ_CLASS_vcvs, j));
        f->kind[out] = DRIVEN;
        f->vcvs_of[out] = (int32_t)j;
        f->owner[out] = h;
        f->gain[h] = t->w[0][j];
        f->amplifier[h] = t->id[j];
    }
    return EQ_OK;
}

/* Sense sources: 0 V from the output of a VCVS to the driven node, owned by the same neuron. */
static eq_status find_senses(finder *f) {
    const eq_table *t = &f->c->table[EQ_CLASS_vsource];
    for (size_t j = 0; j < t->count; j++) {
        eq_node a = t->term[0][j], b = t->term[1][j];
        if (a == EQ_GROUND || b == EQ_GROUND) continue;
        if (f->vcvs_of[a] == EQ_NONE || f->kind[b] != FREE || t->w[0][j] != 0.0)
            return eq_fail(
                f->diag, EQ_ERR_CHECK,
                "%s is not a 0-V source from an amplifier's output to the node it drives",
                element_name(f, EQ_CLASS_vsource, j));
        f->kind[b] = DRIVEN;
        f->owner[b] = f->owner[a];
    }
    return EQ_OK;
}

/* CCCS: draws gamma times the current into the driven node from the neuron's node. */
static eq_status find_cccs(finder *f) {
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
                element_name(f, EQ_CLASS_cccs, j));
        f->feedback[h] = t->w[0][j];
    }
    return EQ_OK;
}

/* What a layer is made of; a table of any other class that is not empty makes it none. */
static eq_status check_classes(finder *f) {
    static const int known[] = {EQ_CLASS_resistor,    EQ_CLASS_memristor, EQ_CLASS_diode,
                                EQ_CLASS_ideal_diode, EQ_CLASS_isource,   EQ_CLASS_vsource,
                                EQ_CLASS_vcvs,        EQ_CLASS_cccs};
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        bool fits = f->c->table[cls].count == 0;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++) fits = fits || known[k] == cls;
        if (!fits)
            return eq_fail(f->diag, EQ_ERR_CHECK, "it has %s, a %s", element_name(f, cls, 0),
                           eq_class(cls)->name);
    }
    for (size_t g = 0; g < f->c->groups; g++)
        if (f->c->group[g].cls != EQ_CLASS_memristor)
            return eq_fail(f->diag, EQ_ERR_CHECK, "the group %s trains no conductances",
                           f->c->group[g].name);
    return EQ_OK;
}

static eq_status find_amplifiers(finder *f) {
    eq_status status = check_classes(f);
    if (status == EQ_OK) status = find_vcvs(f);
    if (status == EQ_OK) status = find_senses(f);
    if (status == EQ_OK) status = find_cccs(f);
    for (size_t h = 0; status == EQ_OK && h < f->n; h++)
        if (f->amplifier[h] != EQ_NONE && (f->kind[h] != FREE || f->feedback[h] == 0.0))
            status =
                eq_fail(f->diag, EQ_ERR_CHECK,
                        "the amplifier %s has no CCCS that feeds its current back to node %s",
                        eq_circuit_element_name(f->c, f->amplifier[h]), name_of(f, (eq_node)h));
    return status;
}

/* The free node behind a terminal: the node itself, or the neuron whose amplifier drives it;
 * EQ_NONE when the terminal is fixed. */
static eq_node behind(const finder *f, eq_node terminal) {
    if (f->kind[terminal] == FIXED) return EQ_NONE;
    return f->kind[terminal] == DRIVEN ? f->owner[terminal] : terminal;
}

/* Every resistor: positive, and not across an amplifier; driven terminals are behind the sense
 * source. */
static eq_status check_resistors(finder *f) {
    for (int k = 0; k < 2; k++) {
        const eq_table *t = &f->c->table[resistor_class[k]];
        const double *g = k == 0 ? t->w[t->cls->params] : t->w[0];
        for (size_t j = 0; j < t->count; j++) {
            eq_node a = behind(f, t->term[0][j]), b = behind(f, t->term[1][j]);
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
                element_name(f, resistor_class[k], j));
        }
    }
    for (size_t g = 0; g < f->c->groups; g++)
        for (size_t j = 0; j < f->c->group[g].count; j++)
            f->group_of[f->c->group[g].row[j]] = (int32_t)g;
    return EQ_OK;
}

static eq_status check_diode_table(finder *f, int cls) {
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
                           element_name(f, cls, j));
        if (fixed_a != fixed_b && f->kind[other] == FREE && f->input[source] == EQ_NONE && !series)
            continue;
        return eq_fail(
            f->diag, EQ_ERR_CHECK,
            "%s does not join a free node to a constant source, or has a series resistance",
            element_name(f, cls, j));
    }
    return EQ_OK;
}

static bool is_nudge(const eq_circuit *c, eq_element e) {
    for (size_t k = 0; k < c->outputs; k++)
        if (c->output[k].nudge_plus == e || c->output[k].nudge_minus == e) return true;
    return false;
}

static eq_status check_sources(finder *f) {
    const eq_table *t = &f->c->table[EQ_CLASS_isource];
    for (size_t j = 0; j < t->count; j++)
        if (!is_nudge(f->c, t->id[j]) &&
            (f->kind[t->term[0][j]] == DRIVEN || f->kind[t->term[1][j]] == DRIVEN))
            return eq_fail(f->diag, EQ_ERR_CHECK,
                           "the current source %s is at an amplifier's output",
                           element_name(f, EQ_CLASS_isource, j));
    return EQ_OK;
}

/* The adjacency lists of the free nodes: first[node]..first[node + 1] in edge. */
static eq_status build_adjacency(finder *f) {
    size_t total = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t k = 0; k < 2; k++) {
            const eq_table *t = &f->c->table[resistor_class[k]];
            for (size_t j = 0; j < t->count; j++) {
                eq_node a = behind(f, t->term[0][j]), b = behind(f, t->term[1][j]);
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

/* The weight of the component in which a terminal of node h lies, over d_h: gamma/A for the driven
 * one. */
static double terminal_weight(const finder *f, eq_node terminal, eq_node h) {
    return f->kind[terminal] == DRIVEN ? f->feedback[h] / f->gain[h] : 1.0;
}

/* Looks from node u across one resistor: the neighbour gets the other class and the weight that
 * makes both terminals one component; disagreement is an odd cycle or a loop of amplifiers without
 * weights. */
static eq_status cross(finder *f, eq_node u, int32_t edge, size_t *tail) {
    const eq_table *t = &f->c->table[resistor_class[edge & 1]];
    size_t j = (size_t)(edge >> 1);
    eq_node a = t->term[0][j], b = t->term[1][j];
    eq_node near = behind(f, a) == u ? a : b, far = near == a ? b : a, v = behind(f, far);
    double d = f->weight[u] * terminal_weight(f, near, u) / terminal_weight(f, far, v);
    if (f->colour[v] == UNSEEN) {
        f->colour[v] = (int8_t)(CLASS_E + CLASS_K - f->colour[u]);
        f->weight[v] = d;
        f->queue[(*tail)++] = v;
        return EQ_OK;
    }
    if (f->colour[v] == f->colour[u])
        return eq_fail(f->diag, EQ_ERR_CHECK, "the nodes %s and %s of one layer touch (%s)",
                       name_of(f, u), name_of(f, v), element_name(f, resistor_class[edge & 1], j));
    if (fabs(f->weight[v] - d) > 1e-9 * d)
        return eq_fail(f->diag, EQ_ERR_CHECK, "the amplifiers have no energy weights (at %s)",
                       element_name(f, resistor_class[edge & 1], j));
    return EQ_OK;
}

static eq_status spread_from(finder *f, eq_node root, int colour) {
    if (f->colour[root] != UNSEEN) return EQ_OK;
    size_t head = 0, tail = 1;
    eq_status status = EQ_OK;
    f->colour[root] = (int8_t)colour;
    f->weight[root] = 1.0;
    f->queue[0] = root;
    while (status == EQ_OK && head < tail) {
        eq_node u = f->queue[head++];
        for (size_t k = f->first[u]; status == EQ_OK && k < f->first[u + 1]; k++)
            status = cross(f, u, f->edge[k], &tail);
    }
    return status;
}

/* Outputs and what is an even number of resistors away are kept, the rest is eliminated. */
static eq_status find_classes(finder *f) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < 2 * f->c->outputs; k++) {
        eq_node out = k % 2 == 0 ? f->c->output[k / 2].plus : f->c->output[k / 2].minus;
        if (out == EQ_NONE) continue;
        if (f->kind[out] != FREE)
            return eq_fail(f->diag, EQ_ERR_CHECK, "the output %s is not a free node",
                           name_of(f, out));
        status = spread_from(f, out, CLASS_K);
        if (status == EQ_OK && f->colour[out] != CLASS_K)
            status = eq_fail(f->diag, EQ_ERR_CHECK, "the outputs lie in neighbouring layers (%s)",
                             name_of(f, out));
    }
    for (size_t v = 0; status == EQ_OK && v < f->n; v++)
        if (f->kind[v] == FREE) status = spread_from(f, (eq_node)v, CLASS_E);
    return status;
}

/* Numbers the free nodes, E first, each class in circuit order. */
static eq_status number_nodes(finder *f) {
    eq_layers *net = f->net;
    for (size_t v = 0; v < f->n; v++) net->nodes += f->kind[v] == FREE;
    size_t n = net->nodes;
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
    size_t next = 0;
    for (int colour = CLASS_E; colour <= CLASS_K; colour++) {
        for (size_t v = 0; v < f->n; v++) {
            if (f->kind[v] != FREE || f->colour[v] != colour) continue;
            net->node[next] = (eq_node)v;
            net->weight[next] = f->weight[v];
            net->gain[next] = f->gain[v];
            net->feedback[next] = f->feedback[v];
            net->amplifier[next] = f->amplifier[v];
            net->index[v] = (int32_t)next++;
        }
        if (colour == CLASS_E) net->eliminated = next;
    }
    net->kept = n - net->eliminated;
    for (size_t k = 0; k < f->c->outputs; k++) {
        eq_node minus = f->c->output[k].minus;
        net->plus[k] = net->index[f->c->output[k].plus];
        net->minus[k] = minus == EQ_NONE ? EQ_NONE : net->index[minus];
    }
    return EQ_OK;
}

/* A resistor's place: its crossbar's key, and its row (input, fixed node or free node) and column.
 */
typedef struct place {
    eq_crossbar key;
    int32_t row, col;
} place;

static place place_of(const finder *f, int k, size_t j) {
    const eq_table *t = &f->c->table[resistor_class[k]];
    eq_node a = t->term[0][j], b = t->term[1][j], ha = behind(f, a), hb = behind(f, b);
    /* the column is the free end, the K node when both are free */
    bool swap = hb == EQ_NONE || (ha != EQ_NONE && f->colour[ha] == CLASS_K);
    eq_node row = swap ? b : a, col = swap ? a : b, hr = swap ? hb : ha, hc = swap ? ha : hb;
    place p = {.key = {.cls = resistor_class[k]}};
    p.key.group = k == 0 ? EQ_NONE : f->group_of[j];
    p.key.col_driven = f->kind[col] == DRIVEN;
    p.key.row_driven = hr != EQ_NONE && f->kind[row] == DRIVEN;
    p.key.col_kept = f->colour[hc] == CLASS_K;
    p.col = f->net->index[hc];
    if (hr != EQ_NONE) {
        p.key.kind = EQ_ROWS_NODE;
        p.row = f->net->index[hr];
    } else {
        p.key.kind = f->input[row] != EQ_NONE ? EQ_ROWS_INPUT : EQ_ROWS_CONSTANT;
        p.row = f->input[row] != EQ_NONE ? f->input[row] : row;
    }
    return p;
}

static bool same_key(const eq_crossbar *a, const eq_crossbar *b) {
    return a->group == b->group && a->cls == b->cls && a->kind == b->kind &&
           a->row_driven == b->row_driven && a->col_driven == b->col_driven &&
           a->col_kept == b->col_kept;
}

/* Assigns every resistor that touches a free node to its crossbar. */
static eq_status assign_crossbars(finder *f) {
    eq_layers *net = f->net;
    for (int k = 0; k < 2; k++) {
        const eq_table *t = &f->c->table[resistor_class[k]];
        for (size_t j = 0; j < t->count; j++) {
            if (behind(f, t->term[0][j]) == EQ_NONE && behind(f, t->term[1][j]) == EQ_NONE)
                continue;
            place p = place_of(f, k, j);
            size_t x = net->bars;
            while (x > 0 && !same_key(&net->bar[x - 1], &p.key)) x--;
            if (x == 0) {
                if (!eq_grow((void **)&net->bar, &net->bar_cap, net->bars + 1, sizeof *net->bar))
                    return eq_out_of_memory(f->diag);
                net->bar[net->bars++] = p.key;
                x = net->bars;
            }
            f->bar_of[k][j] = (int32_t)x - 1;
            net->bar[x - 1].count++;
        }
    }
    return EQ_OK;
}

/* Turns the marks (0 or 1) of `map` into consecutive numbers and lists what is marked. */
static int32_t *number_marks(int32_t *map, size_t n, size_t *count) {
    *count = 0;
    for (size_t k = 0; k < n; k++) *count += map[k] == 1;
    int32_t *list = eq_malloc(*count, sizeof *list), next = 0;
    for (size_t k = 0; list != NULL && k < n; k++) {
        if (map[k] == 1) list[next] = (int32_t)k;
        map[k] = map[k] == 1 ? next++ : EQ_NONE;
    }
    return list;
}

static eq_status allocate_crossbar(finder *f, eq_crossbar *x) {
    size_t places = x->rows * x->cols;
    if (places > 4 * x->count + 4096)
        return eq_fail(f->diag, EQ_ERR_CHECK,
                       "its resistors do not form crossbars (%zu resistors in %zu x %zu places)",
                       x->count, x->rows, x->cols);
    x->element = fill(places, sizeof *x->element, 0xff);
    x->g = eq_calloc_aligned(places + 8, sizeof *x->g);
    x->row_scale = eq_calloc(x->rows, sizeof(double));
    x->volts = eq_calloc(x->rows, sizeof(double));
    x->col_scale = eq_calloc(x->cols, sizeof(double));
    x->weight = eq_calloc(x->cols, sizeof(double));
    x->total = eq_calloc_aligned(x->cols + 8, sizeof(double));
    if (!x->element || !x->g || !x->row_scale || !x->volts || !x->col_scale || !x->weight ||
        !x->total)
        return eq_out_of_memory(f->diag);
    for (size_t r = 0; r < x->rows; r++)
        x->row_scale[r] = x->row_driven ? f->net->gain[x->row[r]] : 1.0;
    for (size_t c = 0; c < x->cols; c++) {
        int32_t h = x->col[c];
        x->col_scale[c] = x->col_driven ? f->net->gain[h] : 1.0;
        x->weight[c] = f->net->weight[h];
        if (x->col_driven) x->weight[c] *= f->net->feedback[h] / f->net->gain[h];
    }
    return EQ_OK;
}

/* Enters the elements of crossbar b at their places. */
static eq_status place_elements(finder *f, size_t b, const int32_t *row_map,
                                const int32_t *col_map) {
    eq_crossbar *x = &f->net->bar[b];
    for (int k = 0; k < 2; k++) {
        for (size_t j = 0; j < f->c->table[resistor_class[k]].count; j++) {
            if (f->bar_of[k][j] != (int32_t)b) continue;
            place p = place_of(f, k, j);
            int32_t *at = &x->element[(size_t)row_map[p.row] * x->cols + (size_t)col_map[p.col]];
            if (*at != EQ_NONE)
                return eq_fail(f->diag, EQ_ERR_CHECK, "%s and %s are in parallel",
                               element_name(f, x->cls, (size_t)*at), element_name(f, x->cls, j));
            *at = (int32_t)j;
        }
    }
    return EQ_OK;
}

/* Lists the runs of consecutive resistors in each row. */
static eq_status find_runs(finder *f, eq_crossbar *x) {
    size_t cap = 0;
    for (size_t r = 0; r < x->rows; r++) {
        for (size_t c = 0; c < x->cols; c++) {
            if (x->element[r * x->cols + c] == EQ_NONE) continue;
            if (c > 0 && x->element[r * x->cols + c - 1] != EQ_NONE) {
                x->run[x->runs - 1].count++;
                continue;
            }
            if (!eq_grow((void **)&x->run, &cap, x->runs + 1, sizeof *x->run))
                return eq_out_of_memory(f->diag);
            x->run[x->runs++] = (eq_run){(uint32_t)r, (uint32_t)c, 1};
        }
    }
    x->full = x->count == x->rows * x->cols;
    return EQ_OK;
}

static eq_status build_crossbar(finder *f, size_t b) {
    eq_crossbar *x = &f->net->bar[b];
    size_t marks = f->n > f->c->inputs ? f->n : f->c->inputs;
    int32_t *row_map = eq_calloc(marks, sizeof *row_map),
            *col_map = eq_calloc(marks, sizeof *col_map);
    eq_status status = row_map == NULL || col_map == NULL ? eq_out_of_memory(f->diag) : EQ_OK;
    for (int k = 0; status == EQ_OK && k < 2; k++) {
        for (size_t j = 0; j < f->c->table[resistor_class[k]].count; j++) {
            if (f->bar_of[k][j] != (int32_t)b) continue;
            place p = place_of(f, k, j);
            row_map[p.row] = 1;
            col_map[p.col] = 1;
        }
    }
    if (status == EQ_OK) {
        x->row = number_marks(row_map, marks, &x->rows);
        x->col = number_marks(col_map, marks, &x->cols);
        status =
            x->row == NULL || x->col == NULL ? eq_out_of_memory(f->diag) : allocate_crossbar(f, x);
    }
    if (status == EQ_OK) status = place_elements(f, b, row_map, col_map);
    if (status == EQ_OK) status = find_runs(f, x);
    eq_free(row_map);
    eq_free(col_map);
    return status;
}

/* Two rows a pair: only where the crossbar has every input, so that x and -x lie side by side or in
 * halves. */
static eq_status prepare_fold(finder *f, eq_crossbar *x) {
    if (x->kind != EQ_ROWS_INPUT || x->rows != f->c->inputs || x->rows % 2 != 0 || !x->full)
        return EQ_OK;
    x->fold = eq_calloc_aligned(x->rows / 2 * x->cols + 8, sizeof *x->fold);
    return x->fold == NULL ? eq_out_of_memory(f->diag) : EQ_OK;
}

static eq_status build_crossbars(finder *f) {
    eq_status status = assign_crossbars(f);
    for (size_t b = 0; status == EQ_OK && b < f->net->bars; b++) {
        status = build_crossbar(f, b);
        if (status == EQ_OK) status = prepare_fold(f, &f->net->bar[b]);
    }
    size_t places = f->net->eliminated * f->net->kept, edges = 0;
    for (size_t b = 0; b < f->net->bars; b++) {
        eq_crossbar *x = &f->net->bar[b];
        if (x->kind == EQ_ROWS_NODE) edges += x->count;
        for (size_t before = 0; before < b; before++)
            if (x->group != EQ_NONE && f->net->bar[before].group == x->group)
                x->offset += f->net->bar[before].count;
    }
    if (status == EQ_OK && places > 8 * edges + 4096)
        status = eq_fail(f->diag, EQ_ERR_CHECK,
                         "its layers are joined by %zu resistors in %zu x %zu "
                         "places, too few for crossbars",
                         edges, f->net->eliminated, f->net->kept);
    return status;
}

/* The free node (index in its class) that diode j hangs on, EQ_NONE when it hangs on sources alone
 * or on the other class; *anode tells the end. */
static int32_t diode_node(const eq_layers *net, const eq_table *t, size_t j, int kept,
                          bool *anode) {
    int32_t a = net->index[t->term[0][j]], b = net->index[t->term[1][j]], at = a != EQ_NONE ? a : b;
    *anode = a != EQ_NONE;
    if (at == EQ_NONE || ((size_t)at >= net->eliminated) != (kept == 1)) return EQ_NONE;
    return kept ? at - (int32_t)net->eliminated : at;
}

/* Gives the diodes of one class their slots at the nodes; count[node] diodes so far. With element
 * NULL only counts. Returns the largest number at a node. */
static size_t slot_diodes(const eq_layers *net, int cls, int kept, size_t nodes, size_t *count,
                          int32_t *element) {
    const eq_table *t = &net->c->table[cls];
    size_t most = 0;
    bool anode;
    memset(count, 0, nodes * sizeof *count);
    for (size_t j = 0; j < t->count; j++) {
        int32_t at = diode_node(net, t, j, kept, &anode);
        if (at == EQ_NONE) continue;
        if (element != NULL) element[count[at] * nodes + (size_t)at] = (int32_t)j;
        count[at]++;
        if (count[at] > most) most = count[at];
    }
    return most;
}

static eq_status build_law(finder *f, int kept) {
    eq_layers *net = f->net;
    eq_node_law *law = &net->law[kept];
    size_t n = law->nodes = kept ? net->kept : net->eliminated;
    size_t *count = eq_calloc(n, sizeof *count);
    if (count == NULL) return eq_out_of_memory(f->diag);
    law->shockley = slot_diodes(net, EQ_CLASS_diode, kept, n, count, NULL);
    law->ideal = slot_diodes(net, EQ_CLASS_ideal_diode, kept, n, count, NULL);
    size_t slots = law->shockley * n, ideal = law->ideal * n;
    net->slot_element[kept] = fill(slots + ideal, sizeof(int32_t), 0xff);
    double **array[] = {&law->bias,    &law->vte,     &law->is,        &law->per_is,
                        &law->per_vte, &law->open_up, &law->open_down, &law->knee_sign,
                        &law->knee,    &law->extra,   &law->low,       &law->high};
    bool whole = net->slot_element[kept] != NULL;
    for (size_t k = 0; k < sizeof array / sizeof *array; k++) {
        *array[k] = eq_calloc(k < 7 ? slots : k < 10 ? ideal : n, sizeof(double));
        whole = whole && *array[k] != NULL;
    }
    if (whole) {
        slot_diodes(net, EQ_CLASS_diode, kept, n, count, net->slot_element[kept]);
        slot_diodes(net, EQ_CLASS_ideal_diode, kept, n, count, net->slot_element[kept] + slots);
    }
    eq_free(count);
    return whole ? EQ_OK : eq_out_of_memory(f->diag);
}

eq_status eq_layers_find(eq_circuit *c, eq_layers *net, eq_diag *diag) {
    finder f = {.c = c, .net = net, .diag = diag};
    net->c = c;
    eq_status (*const step[])(finder *) = {finder_start,    find_fixed,    find_amplifiers,
                                           check_resistors, check_sources, build_adjacency,
                                           find_classes,    number_nodes,  build_crossbars};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof step / sizeof *step; k++) status = step[k](&f);
    if (status == EQ_OK) status = check_diode_table(&f, EQ_CLASS_diode);
    if (status == EQ_OK) status = check_diode_table(&f, EQ_CLASS_ideal_diode);
    for (int kept = 0; status == EQ_OK && kept < 2; kept++) status = build_law(&f, kept);
    finder_end(&f);
    if (status == EQ_OK) eq_layers_load(net);
    return status;
}

static void crossbar_clear(eq_crossbar *x) {
    void *all[] = {x->row,    x->col,   x->element, x->g,     x->row_scale, x->col_scale,
                   x->weight, x->volts, x->run,     x->total, x->fold,      x->product};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
}

void eq_layers_clear(eq_layers *net) {
    for (size_t b = 0; b < net->bars; b++) crossbar_clear(&net->bar[b]);
    for (int kept = 0; kept < 2; kept++) {
        eq_node_law *law = &net->law[kept];
        double *all[] = {law->bias,    law->is,      law->vte,       law->per_is,
                         law->per_vte, law->open_up, law->open_down, law->knee_sign,
                         law->knee,    law->extra,   law->low,       law->high};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
        eq_free(net->slot_element[kept]);
    }
    void *all[] = {net->node,   net->weight,   net->index,     net->fixed_at,
                   net->gain,   net->feedback, net->amplifier, net->bar,
                   net->source, net->shunt,    net->plus,      net->minus};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
    *net = (eq_layers){0};
}

/* V of the fixed nodes, from their sources. */
static void load_sources(eq_layers *net) {
    const eq_table *v = &net->c->table[EQ_CLASS_vsource], *i = &net->c->table[EQ_CLASS_isource];
    for (size_t j = 0; j < v->count; j++) {
        eq_node a = v->term[0][j], b = v->term[1][j];
        if (b == EQ_GROUND)
            net->fixed_at[a] = v->w[0][j];
        else if (a == EQ_GROUND)
            net->fixed_at[b] = -v->w[0][j];
    }
    memset(net->source, 0, net->nodes * sizeof *net->source);
    memset(net->shunt, 0, net->nodes * sizeof *net->shunt);
    for (size_t j = 0; j < i->count; j++) {
        int32_t a = net->index[i->term[0][j]], b = net->index[i->term[1][j]];
        if (is_nudge(net->c, i->id[j])) continue;
        if (a != EQ_NONE) net->source[a] -= net->weight[a] * i->w[0][j];
        if (b != EQ_NONE) net->source[b] += net->weight[b] * i->w[0][j];
    }
}

static void load_crossbar(eq_layers *net, eq_crossbar *x) {
    const eq_table *t = &net->c->table[x->cls];
    const double *g = x->cls == EQ_CLASS_resistor ? t->w[t->cls->params] : t->w[0];
    for (size_t k = 0; k < x->rows * x->cols; k++)
        x->g[k] = x->element[k] == EQ_NONE ? 0.0 : g[x->element[k]];
    for (size_t r = 0; r < x->rows; r++)
        x->volts[r] = x->kind == EQ_ROWS_CONSTANT ? net->fixed_at[x->row[r]] : 0.0;
}

/* Slot k of a law: the Shockley diode in row j, weighted; its gmin goes into shunt and source. */
static void load_shockley(eq_layers *net, eq_node_law *law, size_t k, int32_t j, size_t at,
                          bool anode) {
    const eq_table *t = &net->c->table[EQ_CLASS_diode];
    double *const *w = t->w + t->cls->params, d = net->weight[at];
    eq_node source = t->term[anode ? 1 : 0][j];
    law->bias[k] = net->fixed_at[source];
    law->is[k] = (anode ? d : -d) * w[EQ_DIODE_ISAT][j];
    law->vte[k] = w[EQ_DIODE_VTE][j];
    law->per_is[k] = law->is[k] != 0.0 ? 1.0 / fabs(law->is[k]) : 1e300;
    law->per_vte[k] = (anode ? 1.0 : -1.0) / law->vte[k];
    law->open_up[k] = anode ? 0.0 : 1e300;
    law->open_down[k] = anode ? 1e300 : 0.0;
    net->shunt[at] += d * w[EQ_DIODE_GMIN][j];
    net->source[at] += d * w[EQ_DIODE_GMIN][j] * law->bias[k];
}

/* The ideal diode in row j: beyond the knee bias + sign vfwd the extra conductance 1/ron - 1/roff.
 */
static void load_ideal(eq_layers *net, eq_node_law *law, size_t k, int32_t j, size_t at,
                       bool anode) {
    const eq_table *t = &net->c->table[EQ_CLASS_ideal_diode];
    double ron = t->w[eq_param_find(t->cls, "ron")][j],
           roff = t->w[eq_param_find(t->cls, "roff")][j];
    double d = net->weight[at], bias = net->fixed_at[t->term[anode ? 1 : 0][j]];
    law->knee_sign[k] = anode ? 1.0 : -1.0;
    law->knee[k] = bias + law->knee_sign[k] * t->w[eq_param_find(t->cls, "vfwd")][j];
    law->extra[k] = d * (1.0 / ron - 1.0 / roff);
    net->shunt[at] += d / roff;
    net->source[at] += d / roff * bias;
}

/* A slot without a diode: no current, no bound on the root. */
static void empty_slot(eq_node_law *law, size_t k) {
    law->is[k] = law->bias[k] = 0.0;
    law->vte[k] = law->per_vte[k] = 1.0;
    law->per_is[k] = law->open_up[k] = law->open_down[k] = 1e300;
}

static void load_law(eq_layers *net, int kept) {
    eq_node_law *law = &net->law[kept];
    size_t n = law->nodes, first = kept ? net->eliminated : 0;
    for (size_t j = 0; j < n; j++) {
        law->low[j] = INFINITY;
        law->high[j] = -INFINITY;
    }
    for (size_t k = 0; k < (law->shockley + law->ideal) * n; k++) {
        int32_t j = net->slot_element[kept][k];
        size_t at = k % n, knee = k - law->shockley * n;
        bool anode, shockley = k < law->shockley * n;
        if (j == EQ_NONE) {
            if (shockley) empty_slot(law, k);
            continue;
        }
        diode_node(net, &net->c->table[shockley ? EQ_CLASS_diode : EQ_CLASS_ideal_diode], (size_t)j,
                   kept, &anode);
        if (shockley)
            load_shockley(net, law, k, j, first + at, anode);
        else
            load_ideal(net, law, knee, j, first + at, anode);
        double level = shockley ? law->bias[k] : law->knee[knee];
        law->low[at] = fmin(law->low[at], level);
        law->high[at] = fmax(law->high[at], level);
    }
    for (size_t j = 0; j < n; j++)
        if (law->low[j] > law->high[j]) law->low[j] = law->high[j] = 0.0;
}

void eq_layers_load(eq_layers *net) {
    load_sources(net);
    for (size_t b = 0; b < net->bars; b++) load_crossbar(net, &net->bar[b]);
    for (int kept = 0; kept < 2; kept++) load_law(net, kept);
}
