#include "train/fingerprint.h"

#include <inttypes.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "circuit/fingerprint.h"

static void table(uint64_t *h, const eq_data *d) {
    size_t n = d->examples * d->features;
    eq_hash_number(h, d->examples);
    eq_hash_number(h, d->features);
    if (d->pixel != NULL) eq_hash_bytes(h, d->pixel, n);
    for (size_t k = 0; d->value != NULL && k < n; k++) eq_hash_double(h, d->value[k]);
    eq_hash_bytes(h, d->label, d->examples * sizeof *d->label);
    if (d->goal != EQ_GOAL_CLASS) eq_hash_number(h, (uint64_t)d->goal);
    size_t targets = d->target == NULL ? 0 : d->examples * d->classes;
    for (size_t k = 0; k < targets; k++) eq_hash_double(h, d->target[k]);
    eq_hash_number(h, d->classes);
    for (size_t k = 0; k < d->classes; k++) eq_hash_text(h, d->class_name[k]);
}

static void rows(uint64_t *h, const uint32_t *index, size_t count) {
    eq_hash_number(h, count);
    eq_hash_bytes(h, index, count * sizeof *index);
}

uint64_t eq_data_checksum(const eq_data_set *set) {
    uint64_t h = EQ_HASH_START;
    table(&h, set->train);
    if (set->test != set->train) table(&h, set->test);
    return h;
}

uint64_t eq_data_fingerprint(const eq_data_set *set) {
    uint64_t h = eq_data_checksum(set);
    rows(&h, set->train_index, set->train_count);
    rows(&h, set->test_index, set->test_count);
    if (set->validation_count > 0) rows(&h, set->validation_index, set->validation_count);
    return h;
}

/* What is in a list that a network is made of. */
static eq_status list_of(const char *path, uint64_t *hash, eq_diag *diag) {
    char *text = NULL;
    size_t length = 0;
    if (path == NULL) return EQ_OK;
    eq_status status = eq_file_read_gz(path, EQ_MOST_ITEMS, &text, &length, diag);
    if (status == EQ_OK) eq_hash_bytes(hash, text, length);
    eq_free(text);
    return status;
}

/* A list that there is, wherever it lies. */
static char *anywhere(const char *list) {
    static char root[] = "/";
    return list == NULL ? NULL : root;
}

eq_status eq_network_fingerprint(const eq_experiment *x, uint64_t *hash, eq_diag *diag) {
    const char *const list[] = {x->network.edges, x->elastic.nodes, x->elastic.springs};
    eq_experiment placeless = *x;
    eq_text t = {0};
    placeless.home = NULL;
    placeless.network.edges = anywhere(list[0]);
    placeless.elastic.nodes = anywhere(list[1]);
    placeless.elastic.springs = anywhere(list[2]);
    eq_experiment_write_network(&placeless, &t);
    eq_status status = t.failed ? eq_out_of_memory(diag) : EQ_OK;
    *hash = EQ_HASH_START;
    if (status == EQ_OK) eq_hash_bytes(hash, t.text, t.length);
    for (size_t k = 0; status == EQ_OK && k < sizeof list / sizeof *list; k++)
        status = list_of(list[k], hash, diag);
    eq_text_free(&t);
    return status;
}

eq_status eq_fingerprint_of(const eq_experiment *x, const eq_circuit *c, const eq_data_set *set,
                            eq_fingerprint *out, eq_diag *diag) {
    *out = (eq_fingerprint){.seed = x->seed, .data = eq_data_fingerprint(set)};
    eq_status status = EQ_OK;
    if (c != NULL)
        out->circuit = eq_circuit_fingerprint(c);
    else
        status = eq_network_fingerprint(x, &out->circuit, diag);
    return status != EQ_OK ? status : eq_experiment_fingerprint(x, &out->experiment, diag);
}

void eq_data_names(const eq_data_options *o, eq_text *out) {
    const char *name[EQ_DATA_FILES + 1];
    size_t n = eq_data_files(o, name);
    if (o->set != NULL) name[n++] = o->set;
    if (n == 0) name[n++] = "MNIST";
    for (size_t k = 0; k < n; k++) eq_text_printf(out, "%s%s", k > 0 ? ", " : "", name[k]);
}

/* One more part that changed. */
static void changed(eq_text *t, const char *what) {
    eq_text_printf(t, "%s%s changed since the run began", t->length > 0 ? "; " : "", what);
}

eq_status eq_fingerprint_check(const eq_fingerprint *now, const eq_fingerprint *began,
                               const eq_experiment *x, const char *path, eq_diag *diag) {
    eq_text t = {0};
    if (now->seed != began->seed) { /* it decides the split, and networks that are built */
        changed(&t, "the seed");
        eq_text_printf(&t, " from %" PRIu64 " to %" PRIu64, began->seed, now->seed);
    }
    if (now->experiment != began->experiment)
        changed(&t, "the experiment (encoding, augmentation, cost, estimator, optimizer, schedule "
                    "or minibatch)");
    bool same_seed = now->seed == began->seed;
    if (same_seed && now->circuit != began->circuit) {
        changed(&t, "the circuit");
        eq_text_printf(&t, ": %s",
                       !eq_experiment_has_circuit(x) ? "<network>"
                       : x->deck == NULL             ? "<architecture>"
                                                     : x->deck);
    }
    if (same_seed && now->data != began->data) {
        changed(&t, "the data");
        eq_text_puts(&t, ": ");
        eq_data_names(&x->data, &t);
    }
    eq_status status = t.failed ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK && t.length > 0)
        status = eq_fail(diag, EQ_ERR_INPUT,
                         "the checkpoint '%s' is of another experiment: %s; give what it was begun "
                         "with, or train anew with --force",
                         path, t.text);
    eq_text_free(&t);
    return status;
}

uint64_t eq_run_identity(const eq_fingerprint *began, const eq_experiment *x) {
    uint64_t h = EQ_HASH_START;
    eq_hash_number(&h, began->seed);
    eq_hash_number(&h, began->experiment);
    eq_hash_number(&h, began->circuit);
    eq_hash_number(&h, began->data);
    eq_hash_number(&h, x->epochs);
    if (x->patience > 0) eq_hash_number(&h, x->patience);
    eq_hash_number(&h, (uint64_t)x->engine);
    return h == 0 ? 1 : h;
}
