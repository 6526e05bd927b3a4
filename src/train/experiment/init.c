#include "train/experiment/init.h"

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
    int k = eq_word_find(names, sizeof names / sizeof *names, name);
    if (k >= 0) *type = (eq_init_type)k;
    return k >= 0;
}

const char *eq_init_name(eq_init_type type) {
    return names[type];
}

/* One parameter from a uniform number u in [0, 1); fan: eq_network_fan_in. */
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

/* Conductances and other parameters that are never negative take no negative range. */
static eq_status check(const eq_block *b, const eq_init *init, eq_diag *diag) {
    bool log = init->type == EQ_INIT_LOG_UNIFORM, positive = b->min >= 0.0;
    if (isfinite(init->low) && isfinite(init->high) && init->high >= init->low &&
        (!positive || init->low >= 0.0) && (!log || init->low > 0.0))
        return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_INPUT,
        "group '%s': init=\"%s\" from low=%g to high=%g %s is no range; give %slow <= high",
        b->name, eq_init_name(init->type), init->low, init->high, b->unit,
        log        ? "0 < "
        : positive ? "0 <= "
                   : "");
}

eq_status eq_init_block(eq_network *n, size_t block, const eq_init *init, eq_random *random,
                        eq_diag *diag) {
    if (init->type == EQ_INIT_DECK) return EQ_OK;
    const eq_block *b = eq_network_block(n, block);
    eq_status status = check(b, init, diag);
    if (status != EQ_OK) return status;
    double *fan = eq_calloc(b->count, sizeof *fan);
    if (fan == NULL) return eq_out_of_memory(diag);
    status = eq_network_fan_in(n, block, fan, diag);
    for (size_t k = 0; status == EQ_OK && k < b->count; k++) {
        double value = draw(init, eq_random_uniform(random), fan[k]);
        fan[k] = fmin(fmax(value, b->min), b->max); /* from here on the parameter itself */
    }
    if (status == EQ_OK) eq_network_put(n, block, fan);
    eq_free(fan);
    return status;
}
