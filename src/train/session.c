#include "train/session.h"

#include <math.h>

#include "base/limits.h"
#include "base/mem.h"

eq_random eq_stream_of(uint64_t seed, eq_stream stream) {
    /* splitmix64 behind eq_random_seed makes neighbouring seeds independent. */
    return eq_random_seed(seed * 4 + (uint64_t)stream);
}

eq_status eq_session_data(eq_session *s, eq_diag *diag) {
    eq_random split = eq_stream_of(s->x->seed, EQ_STREAM_SPLIT);
    return eq_data_set_read(&s->x->data, s->x->folder, eq_random_next(&split), &s->set, diag);
}

/* The circuit must have an input for every encoded feature and an output for every class. */
static eq_status check_sizes(const eq_session *s, const eq_data *d, eq_diag *diag) {
    const eq_circuit *c = s->c;
    if (c->inputs != s->encoder.inputs)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "the circuit has %zu input sources, the data give %zu (%zu features%s); change "
            "the input line or layers of the circuit, or invert in <encoding>",
            c->inputs, s->encoder.inputs, s->encoder.features,
            s->encoder.invert ? ", each also inverted" : "");
    if (c->outputs != d->classes)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "the circuit has %zu outputs, the data %zu classes; give the circuit one output "
            "(a node or a pair of nodes) for each class",
            c->outputs, d->classes);
    return EQ_OK;
}

/* What a minibatch needs for each of its examples: inputs, potentials,
 * and the Hessian of the cost. */
static eq_status check_minibatch(const eq_session *s, eq_diag *diag) {
    double outputs = (double)s->outputs;
    double each =
        fmax(fmax((double)s->encoder.inputs, (double)eq_circuit_nodes(s->c)), outputs * outputs);
    if ((double)s->batch * each <= EQ_MOST_ITEMS) return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_INPUT,
        "a minibatch of %zu examples with %.3g values each is more than %d values; use a "
        "smaller minibatch",
        s->batch, each, EQ_MOST_ITEMS);
}

/* squared-difference needs pairs of nodes, squared-error single nodes. */
static eq_status check_cost(const eq_session *s, eq_diag *diag) {
    const eq_cost_kind *kind = s->x->cost.kind;
    for (size_t k = 0; kind->differential >= 0 && k < s->c->outputs; k++) {
        bool pair = s->c->output[k].minus != EQ_NONE;
        if (pair != (kind->differential == 1))
            return eq_fail(
                diag, EQ_ERR_INPUT,
                "the cost %s needs outputs that are %s, output %zu of the circuit (%s) is %s; "
                "use %s",
                kind->name, pair ? "single nodes" : "pairs of nodes", k + 1,
                eq_circuit_node_name(s->c, s->c->output[k].plus), pair ? "a pair" : "a single node",
                pair ? "squared-difference" : "squared-error");
    }
    return EQ_OK;
}

/* Every <group> must match a group of the circuit: a pattern that matches nothing is a mistake. */
static eq_status check_groups(const eq_experiment *x, const eq_circuit *c, eq_diag *diag) {
    for (size_t k = 0; k < x->groups; k++) {
        bool used = false;
        for (size_t g = 0; g < c->groups; g++)
            used = used || eq_match(x->group[k].match, c->group[g].name);
        if (used) continue;
        eq_text names = {0};
        for (size_t g = 0; g < c->groups; g++)
            eq_text_printf(&names, "%s%s", g == 0 ? "" : ", ", c->group[g].name);
        eq_status status =
            names.failed
                ? eq_out_of_memory(diag)
                : eq_fail(
                      diag, EQ_ERR_INPUT,
                      "<group match=\"%s\"> matches no group of the circuit; its groups are: %s",
                      x->group[k].match, names.text == NULL ? "-" : names.text);
        eq_text_free(&names);
        return status;
    }
    return EQ_OK;
}

eq_status eq_session_group(const eq_experiment *x, const eq_circuit *c, size_t g, double *rate,
                           eq_init *init, eq_diag *diag) {
    *rate = x->optimizer.rate;
    *init = (eq_init){EQ_INIT_DECK, NAN, NAN};
    for (size_t k = 0; k < x->groups; k++)
        if (eq_match(x->group[k].match, c->group[g].name)) {
            *rate = x->group[k].rate;
            *init = x->group[k].init;
            break;
        }
    if (!isnan(*rate)) return EQ_OK;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "the group '%s' of the circuit has no learning rate; add <group match=\"%s\" "
                   "rate=\"...\"/> or rate=\"...\" to <optimizer>",
                   c->group[g].name, c->group[g].name);
}

eq_status eq_session_initialise(eq_session *s, eq_diag *diag) {
    eq_status status = check_groups(s->x, s->c, diag);
    eq_random random = eq_stream_of(s->x->seed, EQ_STREAM_INIT);
    for (size_t g = 0; status == EQ_OK && g < s->c->groups; g++) {
        double rate;
        eq_init init;
        status = eq_session_group(s->x, s->c, g, &rate, &init, diag);
        if (status == EQ_OK) status = eq_init_group(s->c, g, &init, &random, diag);
    }
    return status;
}

void eq_session_conductances(eq_circuit *c, double *g, bool save) {
    double *w = c->table[EQ_CLASS_memristor].w[0];
    for (size_t k = 0; k < c->groups; k++)
        for (size_t j = 0; j < c->group[k].count; j++, g++) {
            double *mine = &w[c->group[k].row[j]];
            if (save)
                *g = *mine;
            else
                *mine = *g;
        }
    if (!save) eq_circuit_derive(c);
}

eq_status eq_session_start(eq_session *s, eq_engine_kind kind, size_t batch, int threads,
                           eq_diag *diag) {
    const eq_data *d = s->set.train != NULL ? s->set.train : s->set.test;
    s->outputs = s->c->outputs;
    size_t most = s->set.train_count > s->set.test_count ? s->set.train_count : s->set.test_count;
    s->batch = batch = batch < most || most == 0 ? batch : most;
    eq_status status = check_sizes(s, d, diag);
    if (status == EQ_OK) status = check_cost(s, diag);
    if (status == EQ_OK) status = check_minibatch(s, diag);
    if (status != EQ_OK) return status;
    s->phases = eq_phases_new(batch, s->outputs);
    s->input = eq_calloc(batch, s->encoder.inputs * sizeof *s->input);
    s->y = eq_calloc(batch, s->outputs * sizeof *s->y);
    s->label = eq_calloc(batch, sizeof *s->label);
    if (s->phases == NULL || s->input == NULL || s->y == NULL || s->label == NULL)
        return eq_out_of_memory(diag);
    eq_engine_options o = {kind, batch, threads};
    return eq_engine_new(s->c, &o, &s->engine, diag);
}

void eq_session_close(eq_session *s) {
    eq_engine_free(s->engine);
    eq_phases_free(s->phases);
    eq_circuit_free(s->c);
    eq_data_set_free(&s->set);
    eq_encoder_free(&s->encoder);
    eq_free(s->input);
    eq_free(s->y);
    eq_free(s->label);
    *s = (eq_session){0};
}

eq_status eq_session_free_phase(eq_session *s, const eq_data *d, const uint32_t *index, size_t n,
                                eq_diag *diag) {
    eq_encode(&s->encoder, d, index, n, s->input, s->label);
    return eq_engine_free_phase(s->engine, n, s->input, s->y, diag);
}

void eq_session_score(const eq_session *s, size_t n, eq_score *score) {
    for (size_t j = 0; j < n; j++) {
        const double *y = s->y + j * s->outputs;
        size_t guess = eq_predict(s->outputs, y);
        score->loss += eq_cost_value(&s->x->cost, s->outputs, y, s->label[j]);
        score->wrong += guess != s->label[j];
        if (score->confusion != NULL) score->confusion[s->label[j] * s->outputs + guess]++;
    }
}

eq_status eq_session_evaluate(eq_session *s, const eq_data *d, const uint32_t *index, size_t count,
                              eq_score *score, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < count; k += s->batch) {
        size_t n = count - k < s->batch ? count - k : s->batch;
        status = eq_session_free_phase(s, d, index + k, n, diag);
        if (status == EQ_OK) eq_session_score(s, n, score);
    }
    return status;
}
