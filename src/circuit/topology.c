#include "circuit/topology.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/floating.h"
#include "circuit/own_drop.h"

enum { SHOWN = 8 }; /* names in one message */

void eq_topology_free(eq_topology *t) {
    if (t == NULL) return;
    eq_free(t->component);
    eq_free(t->weight);
    eq_free(t->reason);
    eq_free(t->active);
    eq_free(t);
}

double eq_topology_element_weight(const eq_topology *t, eq_node a, eq_node b) {
    return eq_topology_weight(t, t->component[a] != EQ_NONE ? a : b);
}

double eq_topology_nudge_scale(const eq_topology *t, const eq_circuit *c, eq_node node) {
    if (!t->exists || node == EQ_NONE || node == EQ_GROUND) return 1.0;
    return eq_topology_weight(t, c->output[0].plus) / eq_topology_weight(t, node);
}

double eq_topology_weight(const eq_topology *t, eq_node node) {
    int32_t c = t->component[node];
    return c == EQ_NONE ? 1.0 : t->weight[c];
}

/* Whether row j is a VCCS whose control no unknown changes: to the others an independent source. */
static bool is_held(const eq_reduction *r, const eq_table *e, size_t j) {
    return e->cls->defined == EQ_CURRENT_DEFINED && e->cls->control == EQ_CONTROL_VOLTAGE &&
           eq_own_control(e, j) == 0 && eq_reduction_fixes(r, e->term[2][j]) &&
           eq_reduction_fixes(r, e->term[3][j]);
}

/* Whether row j adds a symmetric stamp between its terminals. */
static bool is_branch(const eq_table *e, size_t j) {
    bool reciprocal = (e->cls->flags & EQ_RECIPROCAL) != 0;
    bool controlled =
        e->cls->defined == EQ_CURRENT_DEFINED && e->cls->control == EQ_CONTROL_VOLTAGE;
    return (reciprocal || controlled || eq_is_own_law(e, j)) && eq_conducts(e, j);
}

/* Components of the graph of two-terminal elements (and floating V sources) over the nodes not
 * fixed. */
static void find_components(eq_topology *t, const eq_circuit *c, const eq_reduction *r,
                            int32_t *up) {
    eq_parts_start(up, t->nodes);
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *e = &c->table[k];
        for (size_t j = 0; j < e->count; j++) {
            eq_node a = e->term[0][j], b = e->term[1][j];
            if (!eq_reduction_fixes(r, a) && !eq_reduction_fixes(r, b) && is_branch(e, j))
                eq_parts_join(up, a, b);
        }
    }
    for (int32_t n = 0; n < (int32_t)t->nodes; n++) {
        t->component[n] = EQ_NONE;
        if (eq_reduction_fixes(r, n)) continue;
        int32_t top = eq_part(up, n); /* the smallest node of its component: already numbered */
        t->component[n] = top == n ? (int32_t)t->components++ : t->component[top];
    }
}

/* The first thing that breaks the weights; the reason stays NULL when memory runs out. */
static void set_reason(eq_topology *t, eq_text *text) {
    t->exists = false;
    if (text->failed)
        eq_text_free(text);
    else
        t->reason = text->text;
}

#define BREAKS(t, ...)                                                                             \
    do {                                                                                           \
        eq_text breaks_text = {0};                                                                 \
        if (!(t)->exists) break;                                                                   \
        eq_text_printf(&breaks_text, __VA_ARGS__);                                                 \
        set_reason(t, &breaks_text);                                                               \
    } while (0)

static const char no_formula_energy[] =
    "a behavioural source whose formula depends on more than the drop across it, so that it has no "
    "known energy; write a current of v(a,b) for the source from a to b, or use R, D, E and F";
static const char no_port_energy[] = "a transistor or a compiled model, whose currents have no "
                                     "energy; estimators without one remain";
static const char no_transresistance_energy[] =
    "a current-controlled voltage source, which breaks reciprocity; use a VCVS with a CCCS instead";
static const char no_transconductance_energy[] =
    "a voltage-controlled current source that is not across its own control, which breaks "
    "reciprocity; use a resistor, or a VCVS with a CCCS";
static const char no_known_energy[] = "of a class without an energy";

/* Why row j of a class that is not reciprocal has no energy and makes none with others, NULL: it
 * may. */
static const char *lacks_energy(const eq_table *t, size_t j) {
    bool voltage = t->cls->defined == EQ_VOLTAGE_DEFINED;
    switch (t->cls->control) {
    case EQ_CONTROL_FORMULA:
        return eq_is_own_law(t, j) ? NULL : no_formula_energy;
    case EQ_CONTROL_PORT:
        return no_port_energy;
    case EQ_CONTROL_CURRENT:
        return voltage ? no_transresistance_energy : NULL;
    case EQ_CONTROL_VOLTAGE:
        return voltage || eq_own_control(t, j) != 0 || eq_value(t, j) == 0.0
                   ? NULL
                   : no_transconductance_energy;
    case EQ_CONTROL_NONE:
        break;
    }
    return no_known_energy;
}

/* Elements that break the weights for one reason: how many, and the names of the first. */
typedef struct culprits {
    const eq_circuit *c;
    size_t count;
    eq_text names;
} culprits;

static void accuse(culprits *l, eq_element e) {
    static const size_t named = 3;
    if (l->count++ < named)
        eq_text_printf(&l->names, "%s%s", l->count > 1 ? ", " : "",
                       eq_circuit_element_name(l->c, e));
    else if (l->count == named + 1)
        eq_text_puts(&l->names, ", ..");
}

/* "m1 is ..", "3 elements (m1, m2, m3) are each ..", with the words for one and for more. */
static void put_culprits(culprits *l, const char *one, const char *more, const char *why,
                         eq_text *reason) {
    if (l->count > 0 && reason->length > 0) eq_text_puts(reason, "; ");
    if (l->count == 1)
        eq_text_printf(reason, "%s %s", l->names.text == NULL ? "" : l->names.text, one);
    else if (l->count > 1)
        eq_text_printf(reason, "%zu elements (%s) %s", l->count,
                       l->names.text == NULL ? "" : l->names.text, more);
    if (l->count > 0) eq_text_printf(reason, " %s", why);
    reason->failed = reason->failed || l->names.failed;
    eq_text_free(&l->names);
}

/* Elements that break reciprocity by themselves, the gravest kind first; those of a kind do so for
 * one reason. */
static void accuse_elements(const eq_circuit *c, const eq_reduction *r, eq_text *reason) {
    static const eq_control kinds[] = {EQ_CONTROL_FORMULA, EQ_CONTROL_PORT, EQ_CONTROL_CURRENT,
                                       EQ_CONTROL_VOLTAGE, EQ_CONTROL_NONE};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        culprits l = {.c = c};
        const char *why = NULL;
        for (int k = 0; k < EQ_CLASS_COUNT; k++) {
            const eq_table *e = &c->table[k];
            bool own = (e->cls->flags & EQ_RECIPROCAL) != 0 || e->cls->control != kinds[i];
            for (size_t j = 0; !own && j < e->count; j++) {
                const char *lacks = is_held(r, e, j) ? NULL : lacks_energy(e, j);
                if (lacks != NULL) accuse(&l, e->id[j]), why = lacks;
            }
        }
        put_culprits(&l, "is", "are each", why, reason);
    }
}

static void check_reciprocal(eq_topology *t, const eq_circuit *c, const eq_reduction *r) {
    eq_text reason = {0};
    culprits loops = {.c = c};
    accuse_elements(c, r, &reason);
    for (size_t b = 0; b < r->branches; b++)
        if (r->current[b] != EQ_NONE) accuse(&loops, r->branch[b]);
    put_culprits(&loops, "stands in a loop of controlled sources,",
                 "stand in loops of controlled sources,",
                 "so its current stays an unknown; open the loop", &reason);
    if (reason.length > 0 || reason.failed) set_reason(t, &reason);
}

/* The least slopes of n rows from row `start` on by their own drops: that of a controlled source by
 * its control counts, with its sign, where the two are one. 0 for a row that does not conduct. */
static void least_slopes(const eq_table *e, size_t start, size_t n, double *least) {
    double *w[EQ_MAX_COLUMNS];
    for (int k = 0; k < e->cls->columns; k++) w[k] = e->w[k] + start;
    e->cls->least_slope(n, w, least);
    for (size_t j = 0; e->cls->control == EQ_CONTROL_VOLTAGE && j < n; j++)
        least[j] = eq_own_control(e, start + j) * least[j];
}

enum { RUN = 256 };

/* Joins the ends of all elements whose current rises at no less than a positive rate, or without bound, and of what
 * fixes one potential by others: a part with ground in it has one operating point if its co-content
 * is convex, since that then grows without bound in all directions. */
static void join_strictly(const eq_circuit *c, int32_t *up) {
    double least[RUN];
    eq_parts_start(up, eq_circuit_nodes(c));
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *e = &c->table[k];
        bool fixes = e->cls->defined == EQ_VOLTAGE_DEFINED, rises = (e->cls->flags & EQ_RISES) != 0;
        for (size_t start = 0; start < e->count; start += RUN) {
            size_t n = e->count - start < RUN ? e->count - start : RUN;
            if (!fixes && e->cls->least_slope == NULL) break;
            if (!fixes) least_slopes(e, start, n, least);
            for (size_t j = start; j < start + n; j++)
                if (fixes || least[j - start] > 0.0 || (rises && e->w[e->cls->value][j] > 0.0))
                    eq_parts_join(up, e->term[0][j], e->term[1][j]);
            for (size_t j = start; fixes && e->cls->control == EQ_CONTROL_VOLTAGE && j < start + n;
                 j++) {
                eq_parts_join(up, e->term[0][j], e->term[2][j]);
                eq_parts_join(up, e->term[0][j], e->term[3][j]);
            }
        }
    }
}

/* The first element whose conductance may be negative, EQ_NONE: none. A formula has no bound that is
 * known: has_formulas. */
static eq_element active_element(const eq_circuit *c) {
    double least[RUN];
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *e = &c->table[k];
        for (size_t start = 0; e->cls->least_slope != NULL && start < e->count; start += RUN) {
            size_t n = e->count - start < RUN ? e->count - start : RUN;
            least_slopes(e, start, n, least);
            for (size_t j = 0; j < n; j++)
                if (!(least[j] >= 0.0)) return e->id[start + j];
        }
    }
    return EQ_NONE;
}

bool eq_topology_is_current(const eq_topology *t, const eq_circuit *c) {
    return t->passive == (active_element(c) == EQ_NONE);
}

bool eq_topology_convex(const eq_topology *t) {
    return t->exists && t->positive && t->passive && t->bounded;
}

static bool has_formulas(const eq_circuit *c) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++)
        if (c->table[k].cls->control == EQ_CONTROL_FORMULA && c->table[k].count > 0) return true;
    return false;
}

/* Negative conductances make the co-content non-convex. */
static void check_passive(eq_topology *t, const eq_circuit *c) {
    eq_element active = active_element(c);
    if (active == EQ_NONE) return;
    t->passive = false;
    t->active = eq_strdup(eq_circuit_element_name(c, active));
}

/* A demand d(to) = ratio d(from), raised by amplifier `by`. */
typedef struct ratio {
    int32_t from, to;
    double ratio;
    eq_element by;
} ratio;

typedef struct weigher {
    eq_topology *t;
    const eq_circuit *c;
    const eq_reduction *r;
    bool *carries; /* [nodes] current-defined elements stand at the node */
    ratio *demand;
    size_t demands, cap;
    int32_t *start, *demand_of; /* demands by component, both directions */
    int32_t *via;               /* [components] the demand that gave the weight, EQ_NONE */
    int32_t *queue;             /* [components] */
} weigher;

/* Nodes at which a current enters the KCL sum directly. */
static void mark_carriers(weigher *w) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &w->c->table[k];
        if (t->cls->defined != EQ_CURRENT_DEFINED) continue;
        int ends = t->cls->control == EQ_CONTROL_PORT ? eq_class_nodes(t->cls) : 2;
        for (size_t j = 0; j < t->count; j++)
            for (int a = 0; a < ends; a++) w->carries[t->term[a][j]] = true;
    }
}

/* The first VCVS (which = 0) or controlled CCCS (which = 1) on the way from node n to its root. */
static eq_element on_path(const eq_circuit *c, const eq_reduction *r, eq_node n, int which) {
    for (; r->parent[n] != EQ_NONE; n = r->parent[n]) {
        int32_t b = r->edge[n];
        if (b == EQ_NONE) continue;
        if (which == 0 && eq_by_voltage(&c->table[c->row[r->branch[b]].cls])) return r->branch[b];
        if (which == 1 && r->f_start[b] < r->f_start[b + 1]) return r->f[r->f_start[b]];
    }
    return EQ_NONE;
}

eq_element eq_topology_amplifier(const eq_circuit *c, const eq_reduction *r, eq_node n) {
    eq_element by = on_path(c, r, n, 0);
    return by != EQ_NONE ? by : on_path(c, r, n, 1);
}

static double coefficient(const eq_sparse_rows *rows, eq_node n, int32_t unknown) {
    for (int32_t e = rows->start[n]; e < rows->start[n + 1]; e++)
        if (rows->unknown[e] == unknown) return rows->coefficient[e];
    return 0.0;
}

static const char *name_of(const weigher *w, eq_element e) {
    return e == EQ_NONE ? "an amplifier" : eq_circuit_element_name(w->c, e);
}

static bool add_demand(weigher *w, int32_t from, int32_t to, double value, eq_element by) {
    if (from == to && fabs(value - 1.0) < 1e-9) return true;
    if (!eq_grow((void **)&w->demand, &w->cap, w->demands + 1, sizeof *w->demand)) return false;
    w->demand[w->demands++] = (ratio){from, to, value, by};
    return true;
}

/* Demands of node n, from d(n) T[n][k] = d(k) W[n][k]. */
static bool demands_of_node(weigher *w, eq_node n) {
    const eq_sparse_rows *rows[] = {&w->r->t, &w->r->w};
    for (int which = 0; which < 2; which++)
        for (int32_t e = rows[which]->start[n]; e < rows[which]->start[n + 1]; e++) {
            int32_t k = rows[which]->unknown[e];
            double t = coefficient(rows[0], n, k), b = coefficient(rows[1], n, k);
            eq_element amplifier = on_path(w->c, w->r, n, 0);
            if (t == 0.0 && b == 0.0) continue;
            if (b == 0.0)
                BREAKS(w->t,
                       "no CCCS takes the current of %s back to its control, so the amplifier "
                       "blocks error signals; add F from the control node with the current of a "
                       "0-V source in series with the output",
                       name_of(w, amplifier));
            else if (t == 0.0)
                BREAKS(w->t,
                       "%s draws a current that belongs to node %s, which its terminals do not "
                       "drive; let a VCVS drive it from the same nodes",
                       name_of(w, on_path(w->c, w->r, n, 1)), eq_circuit_node_name(w->c, n));
            else if (which == 0 && !add_demand(w, w->t->component[w->r->root[k]],
                                               w->t->component[n], b / t, amplifier))
                return false;
        }
    return true;
}

static bool collect_demands(weigher *w) {
    mark_carriers(w);
    for (size_t k = 0; k < w->r->links; k++) {
        eq_node n = w->r->t_order[k];
        if (w->carries[n] && !demands_of_node(w, n)) return false;
    }
    return true;
}

/* Lists the demands of every component (counting sort). */
static bool list_demands(weigher *w) {
    size_t parts = w->t->components;
    w->start = eq_calloc(parts + 2, sizeof *w->start);
    w->demand_of = eq_malloc(2 * w->demands, sizeof *w->demand_of);
    if (w->start == NULL || w->demand_of == NULL) return false;
    for (size_t k = 0; k < w->demands; k++) {
        w->start[w->demand[k].from + 2]++;
        w->start[w->demand[k].to + 2]++;
    }
    for (size_t p = 2; p < parts + 2; p++) w->start[p] += w->start[p - 1];
    for (size_t k = 0; k < w->demands; k++) {
        w->demand_of[w->start[w->demand[k].from + 1]++] = (int32_t)k;
        w->demand_of[w->start[w->demand[k].to + 1]++] = (int32_t)k;
    }
    return true;
}

/* The amplifiers by which component p got its weight, the nearest first. */
static void name_way(const weigher *w, int32_t p, eq_text *text) {
    for (int shown = 0; w->via[p] != EQ_NONE && shown < SHOWN; shown++) {
        const ratio *d = &w->demand[w->via[p]];
        eq_text_printf(text, ", %s", name_of(w, d->by));
        p = d->from == p ? d->to : d->from;
    }
}

static void report_ratio(weigher *w, const ratio *d) {
    eq_text text = {0};
    double have = w->t->weight[d->to] / w->t->weight[d->from];
    eq_text_printf(&text, "the loop of amplifiers %s", name_of(w, d->by));
    name_way(w, d->from, &text);
    name_way(w, d->to, &text);
    eq_text_printf(
        &text,
        " has no consistent energy weights: feedback/gain of %s is %g, the rest of the loop "
        "asks for %g; make both equal",
        name_of(w, d->by), d->ratio, have);
    set_reason(w->t, &text);
}

/* Gives the other end of demand k its weight, or checks the weight that it has. */
static void follow(weigher *w, int32_t k, int32_t p, size_t *tail) {
    const ratio *d = &w->demand[k];
    int32_t other = d->from == p ? d->to : d->from;
    double weight = w->t->weight[p] * (d->from == p ? d->ratio : 1.0 / d->ratio);
    if (isnan(w->t->weight[other])) {
        w->t->weight[other] = weight;
        w->via[other] = k;
        w->queue[(*tail)++] = other;
    } else if (w->t->exists && fabs(w->t->weight[other] - weight) > 1e-9 * fabs(weight)) {
        report_ratio(w, d);
    }
}

/* Breadth-first over the demands; components that no amplifier joins have weight 1 each. */
static bool spread(weigher *w) {
    size_t parts = w->t->components;
    w->via = eq_malloc(parts, sizeof *w->via);
    w->queue = eq_malloc(parts, sizeof *w->queue);
    if (w->via == NULL || w->queue == NULL || !list_demands(w)) return false;
    for (size_t p = 0; p < parts; p++) {
        w->t->weight[p] = NAN;
        w->via[p] = EQ_NONE;
    }
    for (size_t first = 0; first < parts; first++) {
        if (!isnan(w->t->weight[first])) continue;
        size_t head = 0, tail = 0;
        w->t->weight[first] = 1.0;
        w->queue[tail++] = (int32_t)first;
        while (head < tail) {
            int32_t p = w->queue[head++];
            for (int32_t k = w->start[p]; k < w->start[p + 1]; k++)
                follow(w, w->demand_of[k], p, &tail);
        }
    }
    return true;
}

static void forget(eq_topology *t) {
    eq_free(t->reason);
    eq_free(t->active);
    t->reason = t->active = NULL;
    t->exists = t->positive = t->passive = true;
}

eq_status eq_topology_weigh(eq_topology *t, const eq_circuit *c, const eq_reduction *r,
                            eq_diag *diag) {
    weigher w = {.t = t, .c = c, .r = r, .carries = eq_calloc(t->nodes, sizeof *w.carries)};
    forget(t);
    check_reciprocal(t, c, r);
    check_passive(t, c);
    t->bounded = !has_formulas(c);
    bool whole = w.carries != NULL && collect_demands(&w) && spread(&w) &&
                 (t->exists || t->reason != NULL) && (t->passive || t->active != NULL);
    for (size_t p = 0; whole && p < t->components; p++)
        t->positive = t->positive && t->weight[p] > 0.0;
    t->positive = t->positive && t->exists;
    eq_free(w.carries);
    eq_free(w.demand);
    eq_free(w.start);
    eq_free(w.demand_of);
    eq_free(w.via);
    eq_free(w.queue);
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

eq_status eq_topology_new(const eq_circuit *c, const eq_reduction *r, eq_topology **out,
                          eq_diag *diag) {
    eq_topology *t = eq_calloc(1, sizeof *t);
    int32_t *up = eq_malloc(eq_circuit_nodes(c), sizeof *up);
    eq_status status = EQ_OK;
    if (t != NULL) {
        t->nodes = eq_circuit_nodes(c);
        t->component = eq_malloc(t->nodes, sizeof *t->component);
    }
    if (t == NULL || up == NULL || t->component == NULL) status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = eq_floating_check(c, up, diag);
    if (status == EQ_OK) {
        find_components(t, c, r, up);
        t->weight = eq_malloc(t->components, sizeof *t->weight);
        status = t->weight == NULL ? eq_out_of_memory(diag) : eq_topology_weigh(t, c, r, diag);
    }
    eq_free(up);
    if (status == EQ_OK)
        *out = t;
    else
        eq_topology_free(t);
    return status;
}

/* The findings in words. */
static void report(const eq_topology *t, const eq_reduction *r, eq_diag *diag) {
    eq_place nowhere = {NULL, 0, 0};
    size_t currents = r->unknowns - r->node_unknowns;
    double low = INFINITY, high = -INFINITY;
    for (size_t p = 0; p < t->components; p++) {
        low = fmin(low, t->weight[p]);
        high = fmax(high, t->weight[p]);
    }
    eq_note_at(
        diag, nowhere,
        "%zu node%s, %zu unknown potential%s, %zu unknown current%s, %zu floating component%s",
        t->nodes - 1, eq_plural(t->nodes - 1), r->node_unknowns, eq_plural(r->node_unknowns),
        currents, eq_plural(currents), t->components, eq_plural(t->components));
    if (t->exists && t->components > 0)
        eq_note_at(diag, nowhere, "energy weights exist (%g to %g): the circuit has an energy", low,
                   high);
    if (!t->exists)
        eq_warn_at(diag, nowhere, "no energy weights, EqProp gradients may be biased: %s",
                   t->reason);
    if (t->exists && !t->positive)
        eq_warn_at(diag, nowhere,
                   "an energy weight is not positive: the energy is not convex; give gain "
                   "and feedback of every amplifier the same sign");
    if (!t->passive)
        eq_warn_at(diag, nowhere,
                   "%s has a negative conductance (or a recombination current, which jumps): the "
                   "circuit is not passive and may have several operating points; make it positive",
                   t->active);
}

static eq_status find_unique(eq_topology *t, const eq_circuit *c, eq_diag *diag) {
    int32_t *up = eq_malloc(t->nodes, sizeof *up);
    if (up == NULL) return eq_out_of_memory(diag);
    join_strictly(c, up);
    t->unique = eq_topology_convex(t);
    for (int32_t n = 0; n < (int32_t)t->nodes; n++)
        t->unique = t->unique && eq_part(up, n) == EQ_GROUND;
    eq_free(up);
    return EQ_OK;
}

eq_status eq_topology_check(const eq_circuit *c, eq_topology **out, eq_diag *diag) {
    eq_reduction *r = NULL;
    eq_topology *t = NULL;
    eq_status status = eq_reduction_new(c, &r, diag);
    if (status == EQ_OK) status = eq_topology_new(c, r, &t, diag);
    if (status == EQ_OK) status = find_unique(t, c, diag);
    if (status == EQ_OK) report(t, r, diag);
    eq_reduction_free(r);
    if (status == EQ_OK && out != NULL)
        *out = t;
    else
        eq_topology_free(t);
    return status;
}
