/* The numbers of a layered network: what its nodes are bound by, taken over from the circuit
 * whenever values change, and the end of it all. */
#include <math.h>
#include <string.h>

#include "devices/diode_law.h"
#include "model/layered/find.h"

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

eq_status eq_law_build(eq_finder *f, int kept) {
    eq_layers *net = f->net;
    eq_node_law *law = &net->law[kept];
    size_t n = law->nodes = kept ? net->kept : net->eliminated;
    size_t *count = eq_calloc(n, sizeof *count);
    if (count == NULL) return eq_out_of_memory(f->diag);
    law->shockley = slot_diodes(net, EQ_CLASS_diode, kept, n, count, NULL);
    law->ideal = slot_diodes(net, EQ_CLASS_ideal_diode, kept, n, count, NULL);
    size_t slots = law->shockley * n, ideal = law->ideal * n;
    net->slot_element[kept] = eq_filled(slots + ideal, sizeof(int32_t), 0xff);
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
    void *all[] = {net->node,     net->weight,    net->index,   net->fixed_at, net->gain,
                   net->feedback, net->amplifier, net->bar,     net->source,   net->shunt,
                   net->plus,     net->minus,     net->band[0], net->band[1]};
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
        if (eq_is_nudge(net->c, i->id[j])) continue;
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

/* The ideal diode in row j: beyond the knee bias + sign vfwd the extra
 * conductance 1/ron - 1/roff. */
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
