#include "train/init.h"

#include <math.h>

#include "base/mem.h"

static const char *const names[] = {
    [EQ_INIT_DECK] = "deck",
    [EQ_INIT_UNIFORM] = "uniform",
    [EQ_INIT_LOG_UNIFORM] = "log-uniform",
    [EQ_INIT_FAN_IN] = "fan-in",
    [EQ_INIT_KAIMING] = "kaiming",
};

bool eq_init_find(const char *name, eq_init_type *type) {
    for (int k = 0; k <= EQ_INIT_KAIMING; k++)
        if (eq_same(names[k], name)) {
            *type = (eq_init_type)k;
            return true;
        }
    return false;
}

const char *eq_init_name(eq_init_type type) {
    return names[type];
}

/* One conductance from a uniform number u in [0, 1); fan: conductances of the group at its second
 * node. */
static double draw(const eq_init *init, double u, double fan) {
    double bound = init->high / sqrt(fan);
    switch (init->type) {
    case EQ_INIT_UNIFORM:
        return init->low + (init->high - init->low) * u;
    case EQ_INIT_LOG_UNIFORM:
        return init->low * pow(init->high / init->low, u);
    case EQ_INIT_FAN_IN:
        return init->low + (bound - init->low) * u;
    case EQ_INIT_KAIMING:
    case EQ_INIT_DECK: /* keeps its values: none is drawn */
        break;
    }
    return bound * (2.0 * u - 1.0);
}

/* fan[node] = how many conductances of the group end (second terminal) at the node. */
static int32_t *count_fan_in(const eq_circuit *c, const eq_group *g) {
    int32_t *fan = eq_calloc(eq_circuit_nodes(c), sizeof *fan);
    const eq_node *end = c->table[EQ_CLASS_memristor].term[1];
    for (size_t k = 0; fan != NULL && k < g->count; k++) fan[end[g->row[k]]]++;
    return fan;
}

static eq_status check(const eq_group *g, const eq_init *init, eq_diag *diag) {
    bool log = init->type == EQ_INIT_LOG_UNIFORM;
    if (isfinite(init->low) && isfinite(init->high) && init->high >= init->low &&
        init->low >= 0.0 && (!log || init->low > 0.0))
        return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_INPUT,
        "group '%s': init=\"%s\" from low=%g to high=%g S is no range; give %slow <= high", g->name,
        eq_init_name(init->type), init->low, init->high, log ? "0 < " : "0 <= ");
}

eq_status eq_init_group(eq_circuit *c, size_t g, const eq_init *init, eq_random *random,
                        eq_diag *diag) {
    if (init->type == EQ_INIT_DECK) return EQ_OK;
    const eq_group *group = &c->group[g];
    eq_status status = check(group, init, diag);
    if (status != EQ_OK) return status;
    int32_t *fan = count_fan_in(c, group);
    if (fan == NULL) return eq_out_of_memory(diag);
    const eq_table *t = &c->table[EQ_CLASS_memristor];
    for (size_t k = 0; k < group->count; k++) {
        int32_t row = group->row[k];
        double value = draw(init, eq_random_uniform(random), fan[t->term[1][row]]);
        t->w[0][row] = fmin(fmax(value, group->min), group->max);
    }
    eq_free(fan);
    eq_circuit_derive(c);
    return EQ_OK;
}
