/* Which attributes and parameters have no part in a training, given the others. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "train/experiment.h"

static bool optimizer_is(const eq_experiment *x, const char *name) {
    return eq_same(x->optimizer.kind->name, name);
}

static bool cost_is(const eq_experiment *x, const char *name) {
    return eq_same(x->cost.kind->name, name);
}

static bool momentum(const eq_experiment *x) {
    return optimizer_is(x, "momentum");
}

static bool adam(const eq_experiment *x) {
    return optimizer_is(x, "adam");
}

/* A group that has no rate of its own was given that of the optimizer. */
static bool common_rate(const eq_experiment *x) {
    bool any = x->groups == 0;
    for (size_t k = 0; k < x->groups; k++) any |= x->group[k].rate == x->optimizer.rate;
    return any;
}

static bool phases(const eq_experiment *x) {
    return x->estimator.kind->phases > 0;
}

static bool iterates(const eq_experiment *x) {
    return x->estimator.kind->iterates;
}

static bool clamps(const eq_experiment *x) {
    return phases(x) && x->estimator.nudging == EQ_NUDGE_CLAMP;
}

static bool nudges(const eq_experiment *x) {
    return phases(x) && x->estimator.nudging != EQ_NUDGE_CLAMP;
}

static bool huber(const eq_experiment *x) {
    return cost_is(x, "huber");
}

static bool cross_entropy(const eq_experiment *x) {
    return cost_is(x, "cross-entropy");
}

static bool hinge(const eq_experiment *x) {
    return cost_is(x, "hinge");
}

static bool has_targets(const eq_experiment *x) {
    return x->data.targets != NULL;
}

static bool aims(const eq_experiment *x) {
    return !has_targets(x) && !hinge(x) && !cross_entropy(x);
}

static bool scheduled(const eq_experiment *x) {
    return x->schedule.type != EQ_SCHEDULE_CONSTANT;
}

static bool steps(const eq_experiment *x) {
    return x->schedule.type == EQ_SCHEDULE_STEP;
}

static bool amplifiers(const eq_experiment *x) {
    return x->architecture.amplifiers;
}

static bool euler(const eq_experiment *x) {
    return x->network.solver == EQ_HOPFIELD_EULER;
}

static bool shockley(const eq_experiment *x) {
    return x->architecture.diode == EQ_NEURON_SHOCKLEY;
}

static bool ideal(const eq_experiment *x) {
    return !shockley(x);
}

static bool drawn(const eq_experiment *x) {
    bool any = false;
    for (size_t k = 0; k < x->groups; k++) any |= x->group[k].init.type != EQ_INIT_DECK;
    return any;
}

static bool drawn_from_low(const eq_experiment *x) {
    bool any = false;
    for (size_t k = 0; k < x->groups; k++)
        any |= x->group[k].init.type != EQ_INIT_DECK && x->group[k].init.type != EQ_INIT_KAIMING;
    return any;
}

/* What an attribute needs to count, and what is said where it does not. */
static const struct rule {
    const char *name; /* path without brackets */
    bool (*used)(const eq_experiment *x);
    const char *why;
} rules[] = {
    {"optimizer.momentum", momentum, "optimizer type=\"momentum\" alone uses it"},
    {"optimizer.beta1", adam, "optimizer type=\"adam\" alone uses it"},
    {"optimizer.beta2", adam, "optimizer type=\"adam\" alone uses it"},
    {"optimizer.epsilon", adam, "optimizer type=\"adam\" alone uses it"},
    {"optimizer.rate", common_rate, "every group has a rate of its own; vary optimizer.group.rate"},
    {"estimator.beta", nudges,
     "nothing is nudged by it (the adjoint has no nudge, a clamp has eta)"},
    {"estimator.nudging", phases, "the adjoint has no nudge"},
    {"estimator.tolerance", iterates, "type=\"rbp\" alone uses it"},
    {"estimator.steps", iterates, "type=\"rbp\" alone uses it"},
    {"estimator.eta", clamps, "nudging=\"clamp\" alone uses it"},
    {"estimator.g-clamp", clamps, "nudging=\"clamp\" alone uses it"},
    {"cost.threshold", huber, "cost type=\"huber\" alone uses it"},
    {"cost.margin", hinge, "cost type=\"hinge\" alone uses it"},
    {"cost.scale", cross_entropy, "cost type=\"cross-entropy\" alone uses it"},
    {"cost.high", aims, "this cost, or data with targets, does not use it"},
    {"cost.low", aims, "this cost, or data with targets, does not use it"},
    {"encoding.target-normalize", has_targets, "data with targets alone use it"},
    {"encoding.target-scale", has_targets, "data with targets alone use it"},
    {"encoding.target-center", has_targets, "data with targets alone use it"},
    {"schedule.factor", scheduled, "the schedule is constant"},
    {"schedule.every", steps, "schedule type=\"step\" alone uses it"},
    {"architecture.gain", amplifiers, "kind=\"drn\" has no amplifiers"},
    {"architecture.feedback", amplifiers, "kind=\"drn\" has no amplifiers"},
    {"architecture.is", shockley, "diode=\"shockley\" alone uses it"},
    {"architecture.n", shockley, "diode=\"shockley\" alone uses it"},
    {"architecture.ron", ideal, "diode=\"ideal\" alone uses it"},
    {"architecture.roff", ideal, "diode=\"ideal\" alone uses it"},
    {"network.step", euler, "solver=\"euler\" alone uses it"},
    {"optimizer.group.low", drawn_from_low,
     "no group draws its parameters from a range that begins there"},
    {"optimizer.group.high", drawn, "every group begins as the deck has it"},
};

/* Whether the path without what stands in brackets is this one. */
static bool same_path(const char *name, const char *path) {
    for (; *name != '\0'; name++) {
        if (*name == '[') {
            const char *close = strchr(name, ']');
            if (close == NULL) return false;
            name = close;
        } else if (*name != *path++) {
            return false;
        }
    }
    return *path == '\0';
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

static const char given[] = "the data or the initial draw (init) gives it its value; vary what is "
                            "neither an input nor drawn";

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
                                  const char **why, eq_diag *diag) {
    const char *open = strrchr(name, '(');
    char *pattern = eq_strndup(name, open == NULL ? strlen(name) : (size_t)(open - name));
    bool *of = eq_calloc(eq_circuit_elements(c), sizeof *of), all = false;
    eq_status status = pattern == NULL || of == NULL
                           ? eq_out_of_memory(diag)
                           : all_given(x, c, pattern, open == NULL ? "" : open, of, &all, diag);
    eq_free(pattern);
    eq_free(of);
    *why = all ? given : NULL;
    return status;
}

eq_status eq_experiment_unused(const eq_experiment *x, const eq_circuit *c, const char *name,
                               const char **why, eq_diag *diag) {
    *why = NULL;
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
        if (!same_path(name, rules[k].name)) continue;
        *why = rules[k].used(x) ? NULL : rules[k].why;
        return EQ_OK;
    }
    for (size_t k = 0; k < x->presets; k++)
        if (strcmp(x->preset[k].name, name) == 0) return unused_parameter(x, c, name, why, diag);
    return EQ_OK;
}
