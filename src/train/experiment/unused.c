/* Which attributes and parameters have no part in a training, given the others. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "train/experiment/experiment.h"
#include "train/experiment/idle.h"

/* Some group of the circuit has no rate of its own: no <group> matches it, or one that was given the
 * common rate. */
static bool common_rate(const eq_experiment *x, const eq_circuit *c) {
    bool any = x->groups == 0;
    for (size_t k = 0; c != NULL && k < c->groups; k++) {
        size_t g = 0;
        while (g < x->groups && !eq_match(x->group[g].match, c->group[k].name)) g++;
        any |= g == x->groups || x->group[g].rate == x->optimizer.rate;
    }
    for (size_t g = 0; c == NULL && g < x->groups; g++)
        any |= x->group[g].rate == x->optimizer.rate;
    return any;
}

/* The number that [..] says: from 1, or that of the first whose pattern it is; EQ_ANY: nothing. */
static size_t number_of(const eq_experiment *x, bool device, const char *in, size_t length) {
    char *end;
    unsigned long long number = strtoull(in, &end, 10);
    if (length > 0 && end == in + length && number > 0) return (size_t)number - 1;
    size_t n = device ? x->devices : x->groups;
    for (size_t k = 0; k < n; k++) {
        const char *match = device ? x->device[k].match : x->group[k].match;
        if (strlen(match) == length && strncmp(match, in, length) == 0) return k;
    }
    return EQ_ANY;
}

/* An attribute by its path: optimizer.group[2].low. *owner: what it belongs to, or NULL. */
static eq_status unused_attribute(const eq_experiment *x, const char *path, const char **owner,
                                  eq_diag *diag) {
    eq_text element = {0};
    const char *dot = strrchr(path, '.');
    size_t k = EQ_ANY;
    for (const char *p = path; dot != NULL && p < dot; p++) {
        const char *close = *p == '[' ? strchr(p, ']') : NULL;
        if (close == NULL) {
            eq_text_add(&element, p, 1);
            continue;
        }
        k = number_of(x, strncmp(path, "device", 6) == 0, p + 1, (size_t)(close - p) - 1);
        p = close;
    }
    eq_status status = element.failed ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK && element.text != NULL)
        *owner = eq_idle_owner(x, element.text, k, dot + 1);
    eq_text_free(&element);
    return status;
}

/* How the parameters of a group begin: by the first <group> that matches. */
static eq_init_type begins(const eq_experiment *x, const eq_group *g) {
    for (size_t k = 0; k < x->groups; k++)
        if (eq_match(x->group[k].match, g->name)) return x->group[k].init.type;
    return EQ_INIT_DECK;
}

/* of[elements]: set for what the data or the seed sets before each training: inputs, and parameters
 * whose beginning is drawn where `param` is theirs. */
static void mark_given(const eq_experiment *x, const eq_circuit *c, int32_t param, bool *of) {
    for (size_t k = 0; k < c->inputs; k++) of[c->input[k]] = true;
    for (size_t k = 0; k < c->groups; k++) {
        const eq_group *g = &c->group[k];
        if (g->param != param || begins(x, g) == EQ_INIT_DECK) continue;
        for (size_t j = 0; j < g->count; j++) of[c->table[g->cls].id[g->row[j]]] = true;
    }
}

static const char given[] =
    "the data or the initial draw (init), which gives it its value; vary what "
    "is neither an input nor drawn";
static const char of_groups[] = "groups without a rate of their own; vary optimizer.group.rate";

/* Whether all elements that match the pattern are given their parameter: that of the first one that
 * matches decides which it is. */
static eq_status all_given(const eq_experiment *x, const eq_circuit *c, const char *pattern,
                           const char *param, bool *of, bool *all, eq_diag *diag) {
    bool found = false, free_one = false;
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < eq_circuit_elements(c) && !free_one; k++) {
        const char *element = eq_circuit_element_name(c, (eq_element)k);
        if (!eq_match(pattern, element)) continue;
        eq_text whole = {0};
        eq_handle h;
        if (!found) {
            eq_text_printf(&whole, "%s%s", element, param);
            status =
                whole.failed ? eq_out_of_memory(diag) : eq_handle_find(c, whole.text, &h, diag);
            if (status == EQ_OK) mark_given(x, c, h.param, of);
            eq_text_free(&whole);
        }
        found = true;
        free_one = !of[k];
    }
    *all = found && !free_one;
    return status;
}

/* NAME or NAME(PARAM), whose NAME may be a pattern. */
static eq_status unused_parameter(const eq_experiment *x, const eq_circuit *c, const char *name,
                                  const char **owner, eq_diag *diag) {
    const char *open = strrchr(name, '(');
    char *pattern = eq_strndup(name, open == NULL ? strlen(name) : (size_t)(open - name));
    bool *of = eq_calloc(eq_circuit_elements(c), sizeof *of), all = false;
    eq_status status = pattern == NULL || of == NULL
                           ? eq_out_of_memory(diag)
                           : all_given(x, c, pattern, open == NULL ? "" : open, of, &all, diag);
    eq_free(pattern);
    eq_free(of);
    *owner = all ? given : NULL;
    return status;
}

eq_status eq_experiment_unused(const eq_experiment *x, const eq_circuit *c, const char *name,
                               const char **owner, eq_diag *diag) {
    *owner = NULL;
    for (size_t k = 0; k < x->presets; k++)
        if (strcmp(x->preset[k].name, name) == 0) return unused_parameter(x, c, name, owner, diag);
    if (strcmp(name, "optimizer.rate") == 0) {
        *owner = common_rate(x, c) ? NULL : of_groups;
        return EQ_OK;
    }
    return unused_attribute(x, name, owner, diag);
}
