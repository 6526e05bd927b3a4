#include "model/drops.h"

#include "base/mem.h"
#include "circuit/port.h"

typedef struct drop {
    eq_node plus, minus;
    double sign;
} drop;

struct eq_drops {
    size_t *first; /* [groups] parameters of the groups before */
    size_t *
        start; /* [parameters + 2] drops of parameter p: drop[start[p]] .. drop[start[p + 1] - 1] */
    drop *drop;        /* NULL: only count */
    int32_t *opens;    /* [nodes] parameter whose source stands there, EQ_NONE */
    signed char *side; /* [nodes] 1: its plus node */
    const eq_circuit *c;
};

void eq_drops_free(eq_drops *d) {
    if (d == NULL) return;
    eq_free(d->first);
    eq_free(d->start);
    eq_free(d->drop);
    eq_free(d->opens);
    eq_free(d->side);
    eq_free(d);
}

static void add(eq_drops *d, size_t p, drop of) {
    if (d->drop == NULL)
        d->start[p + 2]++;
    else
        d->drop[d->start[p + 1]++] = of;
}

static bool has_channel(const eq_table *t) {
    return eq_is_port_class(t) && t->cls->channel[0] != t->cls->channel[1];
}

static drop channel(const eq_table *t, size_t j, double sign) {
    return (drop){t->term[t->cls->channel[0]][j], t->term[t->cls->channel[1]][j], sign};
}

/* A parameter of an element with a drop of its own; a source is noted at its nodes. */
static void take_own(eq_drops *d, size_t p, const eq_table *t, size_t j) {
    if (has_channel(t))
        add(d, p, channel(t, j, 1.0));
    else if (t->cls->defined == EQ_CURRENT_DEFINED)
        add(d, p, (drop){t->term[0][j], t->term[1][j], 1.0});
    else
        for (int side = 0; side < 2; side++) {
            d->opens[t->term[side][j]] = (int32_t)p;
            d->side[t->term[side][j]] = side == 0 ? 1 : -1;
        }
}

/* The transistors that sources open. */
static void take_gates(eq_drops *d) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &d->c->table[cls];
        for (size_t j = 0; has_channel(t) && j < t->count; j++) {
            eq_node gate = t->term[t->cls->gate][j];
            if (gate == EQ_GROUND || d->opens[gate] == EQ_NONE) continue;
            add(d, (size_t)d->opens[gate], channel(t, j, t->cls->opens * d->side[gate]));
        }
    }
}

static void take_all(eq_drops *d) {
    for (size_t g = 0, p = 0; g < d->c->groups; g++) {
        const eq_group *of = &d->c->group[g];
        d->first[g] = p;
        for (size_t j = 0; j < of->count; j++, p++)
            take_own(d, p, &d->c->table[of->cls], (size_t)of->row[j]);
    }
    take_gates(d);
}

/* Parameter p of the circuit has no drop. */
static eq_status no_drop(const eq_drops *d, size_t p, eq_diag *diag) {
    size_t g = 0;
    while (g + 1 < d->c->groups && d->first[g + 1] <= p) g++;
    const eq_group *of = &d->c->group[g];
    eq_element e = d->c->table[of->cls].id[of->row[p - d->first[g]]];
    return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place_of(d->c, e),
                      "rule=\"delta-v2\" finds no drop for %s: it stands at no gate of a "
                      "transistor; train it by rule=\"response\" or leave it out of *%% train",
                      eq_circuit_element_name(d->c, e));
}

static eq_status build(eq_drops *d, size_t parameters, eq_diag *diag) {
    take_all(d);
    for (size_t p = 0; p < parameters; p++) {
        if (d->start[p + 2] == 0) return no_drop(d, p, diag);
        d->start[p + 2] += d->start[p + 1];
    }
    d->drop = eq_malloc(d->start[parameters + 1], sizeof *d->drop);
    if (d->drop == NULL) return eq_out_of_memory(diag);
    take_all(d);
    return EQ_OK;
}

eq_status eq_drops_new(const eq_circuit *c, eq_drops **out, eq_diag *diag) {
    size_t parameters = 0, nodes = eq_circuit_nodes(c);
    for (size_t g = 0; g < c->groups; g++) parameters += c->group[g].count;
    eq_drops *d = eq_calloc(1, sizeof *d);
    if (d == NULL) return eq_out_of_memory(diag);
    d->c = c;
    d->first = eq_calloc(c->groups, sizeof *d->first);
    d->start = eq_calloc(parameters + 2, sizeof *d->start);
    d->opens = eq_malloc(nodes, sizeof *d->opens);
    d->side = eq_calloc(nodes, sizeof *d->side);
    bool whole = d->first != NULL && d->start != NULL && d->opens != NULL && d->side != NULL;
    for (size_t n = 0; whole && n < nodes; n++) d->opens[n] = EQ_NONE;
    eq_status status = whole ? build(d, parameters, diag) : eq_out_of_memory(diag);
    if (status == EQ_OK)
        *out = d;
    else
        eq_drops_free(d);
    return status;
}

void eq_drops_add(const eq_drops *d, size_t group, const double *v, double a, double *gradient) {
    size_t first = d->first[group], count = d->c->group[group].count;
    for (size_t p = first; p < first + count; p++)
        for (size_t k = d->start[p]; k < d->start[p + 1]; k++) {
            double u = v[d->drop[k].plus] - v[d->drop[k].minus];
            gradient[p - first] += a * d->drop[k].sign * u * u;
        }
}
