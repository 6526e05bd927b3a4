/* Elements of compiled modules: their set-up and their unknowns. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "devices/osdi/inner.h"
#include "devices/silicon.h"

eq_osdi_instance *eq_osdi_new(eq_osdi_model *m, int connected) {
    eq_osdi_instance *i = eq_calloc(1, sizeof *i);
    if (i == NULL) return NULL;
    i->model = m;
    i->connected = connected;
    i->data = eq_calloc_aligned(m->module->d.instance_size, 1);
    if (i->data != NULL) return i;
    eq_free(i);
    return NULL;
}

void eq_osdi_free(eq_osdi_instance *i) {
    if (i == NULL) return;
    eq_free(i->data);
    eq_free(i);
}

int eq_osdi_connected(const eq_osdi_instance *i) {
    return i->connected;
}

const eq_osdi_model *eq_osdi_model_of(const eq_osdi_instance *i) {
    return i->model;
}

/* Joins the sets of two nodes; a set is known by its least node, ground being the least. */
static void join(int *set, int nodes, int a, int b) {
    int low = set[a] < set[b] ? set[a] : set[b], high = set[a] < set[b] ? set[b] : set[a];
    for (int k = 0; k < nodes; k++)
        if (set[k] == high) set[k] = low;
}

/* Numbers the unknowns: of the nodes that the set-up has joined one is left. set[0] is ground, set[1
 * + k] node k. False: two terminals are joined. */
static bool number_unknowns(eq_osdi_instance *i) {
    const eq_osdi_descriptor *d = &i->model->module->d;
    const bool *joined = (const bool *)(i->data + d->collapsed);
    int set[EQ_OSDI_NODES + 1], nodes = (int)d->nodes + 1;
    for (int k = 0; k < nodes; k++) set[k] = k;
    for (uint32_t k = 0; k < d->collapsibles; k++) {
        eq_osdi_pair p = d->collapsible[k];
        bool ground = p.node_2 == EQ_OSDI_NOWHERE;
        if (joined[k]) join(set, nodes, (int)p.node_1 + 1, ground ? 0 : (int)p.node_2 + 1);
    }
    i->unknowns = 1 + i->connected;
    for (int k = 1; k < nodes; k++) {
        bool outside = k <= i->connected;
        if (outside && set[k] != k) return false;
        int own = set[k] == k   ? outside ? k : i->unknowns++
                  : set[k] == 0 ? 0
                                : i->unknown[set[k] - 1];
        i->unknown[k - 1] = own;
        if (set[k] != k) continue;
        const eq_osdi_node *n = &d->node[k - 1], *first = &d->node[0];
        i->flow[own] = n->is_flow;
        i->potential[own] = !n->is_flow && (n->units == NULL || first->units == NULL ||
                                            strcmp(n->units, first->units) == 0);
    }
    return true;
}

/* Hands the parameters of the row over and has the library work out what follows from them. */
static void call_set_up(eq_osdi_instance *i) {
    const eq_osdi_module *module = i->model->module;
    eq_osdi_report report = {0};
    eq_osdi_simparams params = eq_osdi_simparams_of(i->model);
    memset(i->data, 0, module->d.instance_size);
    for (int k = module->cls.hidden; k < module->cls.params; k++)
        if (module->id[k] >= 0 && !isnan(i->row[k]) &&
            !eq_osdi_put(module, i->data, i->model->data, module->id[k], i->row[k], NULL))
            eq_osdi_keep(&i->note, true, "the library has no place for a parameter of its own");
    module->d.setup_instance(&i->note, i->data, i->model->data, i->kelvin, (uint32_t)i->connected,
                             &params, &report);
    eq_osdi_take_report(module, &report, &i->note);
}

static void set_up(eq_osdi_instance *i) {
    const eq_osdi_descriptor *d = &i->model->module->d;
    i->note = (eq_osdi_note){0};
    call_set_up(i);
    if (i->note.error) return;
    if (!number_unknowns(i)) {
        eq_osdi_keep(&i->note, true,
                     "its parameters leave nothing between two of its terminals, which would short "
                     "them; give it a resistance there");
        return;
    }
    uint32_t *mapping = (uint32_t *)(void *)(i->data + d->mapping);
    uint32_t *state = (uint32_t *)(void *)(i->data + d->state_index);
    for (uint32_t k = 0; k < d->nodes; k++) mapping[k] = (uint32_t)i->unknown[k];
    for (uint32_t k = 0; k < d->states; k++) state[k] = k;
    if (!eq_osdi_is_finite_at_rest(i))
        eq_osdi_keep(&i->note, true,
                     "its module gives a current or a slope at 0 V that is no number; check its "
                     "parameters");
}

/* Its own temperature, else the circuit's and dtemp above it. */
static double kelvin_of(const eq_osdi_module *m, const double *row, const eq_environment *env) {
    double own = m->temp < 0 ? NAN : row[m->temp], above = m->dtemp < 0 ? NAN : row[m->dtemp];
    return eq_own_temp(own, eq_or_else(above, 0.0), env) + EQ_CELSIUS_ZERO;
}

/* Only where something has changed. */
void eq_osdi_derive(size_t n, double *const *w, const eq_environment *env) {
    for (size_t j = 0; j < n; j++) {
        eq_osdi_instance *i = eq_osdi_at(w[0][j]);
        double row[EQ_MAX_COLUMNS] = {0};
        if (i == NULL) continue;
        const eq_osdi_module *m = i->model->module;
        eq_osdi_set_up_model(i->model, env);
        for (int k = m->cls.hidden; k < m->cls.params; k++) row[k] = w[k][j];
        double kelvin = kelvin_of(m, row, env);
        /* NOLINTNEXTLINE: bit by bit, NAN as NAN */
        bool rows = memcmp(row, i->row, sizeof row) == 0;
        bool same = rows && i->times == i->model->times && i->kelvin == kelvin && !i->note.error;
        if (same || i->model->note.error) continue;
        memcpy(i->row, row, sizeof row);
        i->kelvin = kelvin;
        i->times = i->model->times;
        set_up(i);
    }
}

const char *eq_osdi_wrong(double *const *w, size_t j) {
    const eq_osdi_instance *i = eq_osdi_at(w[0][j]);
    return i == NULL              ? "it has no instance"
           : i->model->note.error ? i->model->note.text
           : i->note.error        ? i->note.text
                                  : NULL;
}

const char *eq_osdi_lost(double *const *w, size_t j) {
    const eq_osdi_instance *i = eq_osdi_at(w[0][j]);
    if (i == NULL || !i->lost) return NULL;
    return i->note.error
               ? i->note.text
               : "its module gives no finite current where the solution was looked for, or "
                 "its internal nodes do not settle; check its parameters";
}

const char *eq_osdi_said(double *const *w, size_t j) {
    const eq_osdi_instance *i = eq_osdi_at(w[0][j]);
    if (i == NULL) return NULL;
    const eq_osdi_note *n = i->note.text[0] != '\0' ? &i->note : &i->model->note;
    return n->error || n->text[0] == '\0' ? NULL : n->text;
}

void eq_osdi_release(double *const *w, size_t j) {
    eq_osdi_free(eq_osdi_at(w[0][j]));
}
