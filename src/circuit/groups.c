/* What is trained together: the groups of *% train lines. */
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "circuit/circuit.h"

/* Words for messages: conductances are spoken of as decks write them. */
static bool is_conductance(const eq_group *g) {
    return eq_class(g->cls)->inverse != NULL && g->param == eq_class(g->cls)->value;
}

/* Puts a value that is outside its bounds by rounding alone back between them. */
static eq_status clip(const eq_circuit *c, const eq_group *g, int32_t row, eq_diag *diag) {
    const eq_table *t = &c->table[g->cls];
    const eq_param *p = &t->cls->param[g->param];
    double *value = &t->w[g->param][row], slack = 1e-12;
    bool plain = is_conductance(g);
    if (isnan(*value))
        return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place_of(c, t->id[row]),
                          "%s of %s is not given, so that its training has nowhere to begin; write "
                          "%s=... on its .model card",
                          p->name, eq_circuit_element_name(c, t->id[row]), p->name);
    if (!(*value >= g->min - slack * fabs(g->min) && *value <= g->max + slack * fabs(g->max)))
        return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place_of(c, t->id[row]),
                          "the %s %g%s%s of %s is outside %s=%g..%s=%g of its *%% train line; "
                          "change the %s or the bounds",
                          plain ? "conductance" : p->name, *value, eq_param_blank(p),
                          eq_param_unit(p), eq_circuit_element_name(c, t->id[row]),
                          plain ? "gmin" : "min", g->min, plain ? "gmax" : "max", g->max,
                          plain ? "resistance" : "value");
    *value = fmin(fmax(*value, g->min), g->max);
    return EQ_OK;
}

/* Room for one more row in the group. */
static bool group_add(eq_group *g, size_t *cap, int32_t row) {
    if (!eq_grow((void **)&g->row, cap, g->count + 1, sizeof *g->row)) return false;
    g->row[g->count++] = row;
    return true;
}

static bool in_a_group(const eq_circuit *c, int cls, int param, int32_t row) {
    for (size_t k = 0; k < c->groups; k++) {
        const eq_group *g = &c->group[k];
        for (size_t j = 0; g->cls == cls && g->param == param && j < g->count; j++)
            if (g->row[j] == row) return true;
    }
    return false;
}

/* The columns of the bounds, where the class has them. */
static void set_bounds(const eq_group *g, eq_table *t, int32_t row) {
    int low = eq_param_find(t->cls, "gmin"), high = eq_param_find(t->cls, "gmax");
    if (!is_conductance(g) || low < 0 || high < 0) return;
    t->w[low][row] = g->min;
    t->w[high][row] = g->max;
}

/* Takes the matching rows that stand in the table of the group's class, but not sources that examples or nudges
 * set. */
static eq_status take_rows(eq_circuit *c, eq_group *g, size_t *cap, eq_diag *diag) {
    eq_table *t = &c->table[g->cls];
    bool first = c->groups == 1; /* then none is in a group yet */
    for (int32_t j = 0; j < (int32_t)t->count; j++) {
        if (!eq_match(g->name, eq_circuit_element_name(c, t->id[j]))) continue;
        if (!first && in_a_group(c, g->cls, g->param, j)) continue;
        if (eq_group_is_source(g) && eq_circuit_is_set(c, t->id[j])) continue;
        set_bounds(g, t, j);
        eq_status status = clip(c, g, j, diag);
        if (status != EQ_OK) return status;
        if (!group_add(g, cap, j)) return eq_out_of_memory(diag);
    }
    return EQ_OK;
}

/* Moves element e of a programmable class into the table of the group's class: its first derived
 * column, g = 1/(r (1 + tc1 dT + ...)) of a resistor, becomes the value. */
static eq_status programme(eq_circuit *c, eq_group *g, size_t *cap, eq_element e, eq_diag *diag) {
    eq_row from = c->row[e];
    const eq_table *old = &c->table[from.cls];
    eq_table *t = &c->table[g->cls];
    double *w[EQ_MAX_COLUMNS] = {NULL};
    eq_card card = eq_card_new(g->cls);
    int32_t row = (int32_t)t->count;
    for (int k = 0; k < old->cls->columns; k++) w[k] = &old->w[k][from.row];
    old->cls->derive(1, w, &c->env);
    for (int k = 0; k < eq_class_nodes(t->cls); k++) card.term[k] = old->term[k][from.row];
    card.w[g->param] = *w[old->cls->params];
    if (!eq_table_reserve(t, t->count + 1) || !group_add(g, cap, row))
        return eq_out_of_memory(diag);
    eq_table_set(t, t->count, &card, e);
    set_bounds(g, t, row);
    eq_status status = clip(c, g, row, diag);
    if (status != EQ_OK) {
        g->count--;
        return status;
    }
    c->row[e] = (eq_row){g->cls, row};
    t->count++;
    return EQ_OK;
}

/* Takes the rows that have moved out of a table, keeping the order. */
static void compact(eq_circuit *c, int cls) {
    eq_table *t = &c->table[cls];
    size_t kept = 0;
    for (size_t j = 0; j < t->count; j++) {
        eq_element e = t->id[j];
        if (c->row[e].cls != cls) continue;
        for (int k = 0; k < eq_class_nodes(t->cls); k++) t->term[k][kept] = t->term[k][j];
        for (int k = 0; k < t->cls->columns; k++) t->w[k][kept] = t->w[k][j];
        t->id[kept] = e;
        if (t->model != NULL) t->model[kept] = t->model[j];
        c->row[e].row = (int32_t)kept++;
    }
    t->count = kept;
}

/* Programmes the matching elements of every class that becomes the group's. */
static eq_status programme_all(eq_circuit *c, eq_group *g, size_t *cap, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &c->table[cls];
        if (t->cls->programmable != eq_class(g->cls)) continue;
        for (size_t j = 0; status == EQ_OK && j < t->count; j++)
            if (eq_match(g->name, eq_circuit_element_name(c, t->id[j])))
                status = programme(c, g, cap, t->id[j], diag);
        compact(c, cls);
    }
    return status;
}

/* Whether an element of the class matches. */
static bool matches(const eq_circuit *c, int cls, const char *pattern) {
    const eq_table *t = &c->table[cls];
    for (size_t j = 0; j < t->count; j++)
        if (eq_match(pattern, eq_circuit_element_name(c, t->id[j]))) return true;
    return false;
}

/* What an element of the class is trained as: the class into *to, its parameter (-1: none). */
static int trained_as(int cls, const char *param, int *to) {
    const eq_device_class *own = eq_class(cls);
    const eq_device_class *class =
        param == NULL && own->programmable != NULL ? own->programmable : own;
    int k = param == NULL ? class->value : eq_param_find(class, param);
    *to = eq_class_number_of(class);
    return k >= 0 && class->param[k].trainable ? k : -1;
}

static eq_status no_match(const eq_group *g, eq_place place, eq_diag *diag) {
    if (g->cls != EQ_NONE && eq_group_is_source(g))
        return eq_fail_at(diag, EQ_ERR_INPUT, place,
                          "all sources that match '%s' are set by the examples or the nudges, or "
                          "another *%% train line has taken them; name others",
                          g->name);
    return eq_fail_at(diag, EQ_ERR_INPUT, place,
                      "no resistor matches '%s' (or another *%% train line has taken them); "
                      "check the names",
                      g->name);
}

/* ..; write 'd1(PARAMETER)' with one of is, .. */
static eq_status cannot_train(const eq_group *g, const eq_device_class *cls, const char *param,
                              eq_place place, eq_diag *diag) {
    eq_text can = {0};
    for (int k = 0; k < cls->params; k++)
        if (cls->param[k].trainable)
            eq_text_printf(&can, "%s%s", can.length > 0 ? ", " : "", cls->param[k].name);
    eq_status status = EQ_OK;
    if (can.failed)
        status = eq_out_of_memory(diag);
    else if (can.length == 0)
        status = eq_fail_at(diag, EQ_ERR_INPUT, place,
                            "'%s' matches a %s, none of whose parameters can be trained", g->name,
                            cls->name);
    else
        status = eq_fail_at(diag, EQ_ERR_INPUT, place,
                            "'%s' matches a %s, which cannot be trained by its %s; write "
                            "PATTERN(PARAMETER) with what can: %s",
                            g->name, cls->name, param, can.text);
    eq_text_free(&can);
    return status;
}

/* Finds class and parameter of the group: conductances where the pattern names any, else the one
 * class that it names. */
static eq_status choose_class(const eq_circuit *c, const char *param, eq_group *g, eq_place place,
                              eq_diag *diag) {
    int refused = EQ_NONE, other = EQ_NONE;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        int to = EQ_NONE, k = matches(c, cls, g->name) ? trained_as(cls, param, &to) : EQ_NONE;
        if (k == EQ_NONE && to != EQ_NONE) refused = cls;
        if (k == EQ_NONE || to == g->cls || (g->cls != EQ_NONE && is_conductance(g))) continue;
        other = g->cls;
        g->cls = to;
        g->param = k;
    }
    if (g->cls == EQ_NONE && refused != EQ_NONE)
        return cannot_train(g, eq_class(refused), param == NULL ? "value" : param, place, diag);
    if (g->cls == EQ_NONE) return no_match(g, place, diag);
    if (other == EQ_NONE || is_conductance(g)) return EQ_OK;
    return eq_fail_at(diag, EQ_ERR_INPUT, place,
                      "'%s' matches elements of the classes %s and %s; train one class in a *%% "
                      "train line",
                      g->name, eq_class(other)->name, eq_class(g->cls)->name);
}

static eq_status check_bounds(const eq_group *g, eq_place place, eq_diag *diag) {
    bool rise = g->max > g->min && isfinite(g->max) && isfinite(g->min);
    const eq_param *of = &eq_class(g->cls)->param[g->param];
    if (is_conductance(g) && rise && g->min >= 0.0) return EQ_OK;
    if (!is_conductance(g) && rise && g->min >= of->min && g->max <= of->max) return EQ_OK;
    if (is_conductance(g))
        return eq_fail_at(
            diag, EQ_ERR_INPUT, place,
            "gmin=%g and gmax=%g are no bounds of a conductance; give 0 <= gmin < gmax", g->min,
            g->max);
    if (!rise)
        return eq_fail_at(diag, EQ_ERR_INPUT, place,
                          "min=%g and max=%g are no bounds of %s; give min < max", g->min, g->max,
                          of->name);
    return eq_fail_at(
        diag, EQ_ERR_INPUT, place,
        "min=%g and max=%g reach outside of %g..%g %s, where %s lies; give bounds inside", g->min,
        g->max, of->min, of->max, of->unit, of->name);
}

static eq_status new_group(eq_circuit *c, const char *pattern, double min, double max,
                           eq_diag *diag) {
    char *name = eq_strdup(pattern);
    if (name == NULL ||
        !eq_grow((void **)&c->group, &c->group_cap, c->groups + 1, sizeof *c->group)) {
        eq_free(name);
        return eq_out_of_memory(diag);
    }
    eq_lower(name, strlen(name));
    c->group[c->groups++] = (eq_group){.name = name, .cls = EQ_NONE, .min = min, .max = max};
    return EQ_OK;
}

eq_status eq_circuit_train(eq_circuit *c, const char *pattern, const char *param, double min,
                           double max, eq_location at, eq_diag *diag) {
    eq_place place = eq_circuit_place(c, at);
    eq_status status = eq_name_fits(pattern, strlen(pattern), place, diag);
    if (status == EQ_OK) status = new_group(c, pattern, min, max, diag);
    if (status != EQ_OK) return status;
    eq_group *g = &c->group[c->groups - 1];
    size_t cap = 0;
    status = choose_class(c, param, g, place, diag);
    if (status == EQ_OK) status = check_bounds(g, place, diag);
    if (status == EQ_OK) status = take_rows(c, g, &cap, diag);
    if (status == EQ_OK && param == NULL) status = programme_all(c, g, &cap, diag);
    if (status == EQ_OK && g->count == 0) status = no_match(g, place, diag);
    if (status != EQ_OK) { /* no group without rows of its own stays behind */
        eq_free(g->name);
        eq_free(g->row);
        c->groups--;
    }
    return status;
}
