#include "base/carry.h"
#include "circuit/topology.h"

#include "cli/check.h"
#include "cli/commands.h"
#include "cli/deck.h"
#include "cli/subject.h"
#include "train/train.h"

static void print_counts(const eq_circuit *c) {
    size_t nodes = eq_circuit_nodes(c) - 1, elements = eq_circuit_elements(c);
    printf("%zu node%s, %zu element%s:", nodes, eq_plural(nodes), elements, eq_plural(elements));
    for (int k = 0; k < EQ_CLASS_COUNT; k++)
        if (c->table[k].count > 0) printf(" %zu %s", c->table[k].count, eq_class(k)->name);
    putchar('\n');
}

/* What was found is the result of this command: it goes to standard output. */
static void print_findings(eq_diag *diag) {
    for (size_t k = 0; k < eq_diag_count(diag); k++) {
        const eq_message *m = eq_diag_get(diag, k);
        if (m->severity == EQ_ERROR) continue;
        printf("%s: ", eq_severity_name(m->severity));
        eq_carry_to(EQ_CARRY_TEXT, m->text, stdout);
        putchar('\n');
    }
    if (eq_diag_errors(diag) == 0) eq_diag_clear(diag);
}

/* Whether a sweep of the deck changes more than independent sources. */
static bool sweeps_conductances(const eq_circuit *c, const eq_sweep *s, size_t n) {
    for (size_t k = 0; k < n; k++) {
        if (s[k].target != EQ_TARGET_ELEMENT) return true;
        const eq_device_class *cls = eq_class(c->row[s[k].handle.element].cls);
        if ((cls->flags & EQ_CONDUCTS) != 0 || cls->control != EQ_CONTROL_NONE) return true;
    }
    return false;
}

/* How far the circuit's own values say that there is one operating point. d NULL: a run. */
static void print_convexity(const eq_deck *d, const eq_topology *t) {
    bool swept = d != NULL && sweeps_conductances(d->circuit, d->step, d->steps);
    if (!eq_topology_convex(t)) return;
    for (size_t k = 0; d != NULL && k < d->analyses; k++)
        swept = swept || sweeps_conductances(d->circuit, d->analysis[k].sweep,
                                             (size_t)d->analysis[k].sweeps);
    printf("the energy is convex%s\n",
           t->unique ? ": there is one operating point"
                     : ", but not strictly: there may be no operating point, or more than one");
    if (swept) puts("  (at the values as written: the deck sweeps others)");
}

enum { MOST_LINES = 20 };

/* The weights component by component; components of one weight are counted together. */
static void print_weights(const eq_circuit *c, const eq_topology *t) {
    if (!t->exists) return;
    size_t shown = 0;
    for (size_t k = 0; k < t->components && shown < MOST_LINES; k++) {
        size_t same = 0, first = 0;
        for (size_t j = 0; j < t->components; j++) {
            if (t->weight[j] != t->weight[k]) continue;
            if (same++ == 0) first = j;
        }
        if (first != k) continue;
        eq_node node = 0;
        while ((size_t)node + 1 < t->nodes && t->component[node] != (int32_t)k) node++;
        printf("  energy weight %-12.6g %zu component%s, such as that of node ", t->weight[k], same,
               same == 1 ? "" : "s");
        eq_carry_to(EQ_CARRY_TABLE, eq_circuit_node_name(c, node), stdout);
        putchar('\n');
        shown++;
    }
}

/* What check was asked for. */
typedef struct request {
    const char *dialect, *sample, *input; /* NULL: not said */
    bool training, json;
} request;

static void print_table(const eq_circuit *c, const eq_deck *d, const eq_topology *t,
                        const eq_measured *m, eq_diag *diag) {
    print_counts(c);
    print_findings(diag);
    if (t == NULL) return;
    print_weights(c, t);
    print_convexity(d, t);
    eq_check_print_measured(c, m);
}

/* The notes and warnings as an array of sentences. */
static void json_findings(eq_diag *diag) {
    size_t shown = 0;
    fputs(", \"findings\": [", stdout);
    for (size_t k = 0; k < eq_diag_count(diag); k++) {
        const eq_message *m = eq_diag_get(diag, k);
        if (m->severity == EQ_ERROR) continue;
        fputs(shown++ == 0 ? "" : ", ", stdout);
        eq_json_text(m->text);
    }
    fputs("]", stdout);
    if (eq_diag_errors(diag) == 0) eq_diag_clear(diag);
}

static void print_json(const eq_circuit *c, const eq_topology *t, const eq_measured *m,
                       eq_diag *diag) {
    const char *before = "";
    printf("{\"nodes\": %zu, \"elements\": {", eq_circuit_nodes(c) - 1);
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        if (c->table[k].count == 0) continue;
        printf("%s\"%s\": %zu", before, eq_class(k)->name, c->table[k].count);
        before = ", ";
    }
    printf("},\n \"energy\": %s, \"convex\": %s, \"unique\": %s, \"passive\": %s",
           t->exists ? "true" : "false", eq_topology_convex(t) ? "true" : "false",
           t->unique ? "true" : "false", t->passive ? "true" : "false");
    if (!t->exists) {
        fputs(",\n \"reason\": ", stdout);
        eq_json_text(t->reason);
    }
    eq_check_measured_json(c, m);
    json_findings(diag);
    puts("}");
}

static eq_status check(eq_circuit *c, const eq_deck *d, const request *r, eq_diag *diag) {
    eq_topology *t = NULL;
    eq_measured m = {.there = false};
    eq_status status = eq_topology_check(c, &t, diag);
    if (status == EQ_OK && !t->exists) status = eq_check_measure(c, &m, diag);
    if (!r->json)
        print_table(c, d, status == EQ_OK ? t : NULL, &m, diag);
    else if (status == EQ_OK)
        print_json(c, t, &m, diag);
    eq_check_measured_free(&m);
    eq_topology_free(t);
    return status;
}

/* A deck, or a folder with one of its samples on the inputs. */
static eq_status check_subject(const char *path, const request *r, eq_diag *diag) {
    eq_subject s;
    eq_status status = eq_subject_open(path, r->dialect, &s, diag);
    if (status == EQ_OK) status = eq_subject_inputs(&s, r->input, r->sample, r->training, diag);
    eq_print_diag(diag);
    if (status == EQ_OK) status = check(s.circuit, s.deck, r, diag);
    eq_subject_close(&s);
    return status;
}

/* A folder as its model.cir has it: no data is needed. */
static eq_status check_model(const char *path, const request *r, eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_circuit *trained = NULL;
    eq_status status = eq_trained_read(path, NULL, &x, &trained, diag);
    eq_print_diag(diag);
    if (status == EQ_OK) status = check(trained, NULL, r, diag);
    eq_circuit_free(trained);
    eq_experiment_free(x);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    int exit_status;
    request r = {.dialect = NULL};
    const eq_option table[] = {
        {"sample", 0, EQ_OPTION_TEXT, &r.sample, "K",
         "of a folder: the test sample on the inputs (model.cir)"},
        {"train", 0, EQ_OPTION_FLAG, &r.training, NULL, "of a folder: a training sample"},
        {"input", 0, EQ_OPTION_TEXT, &r.input, "X,X,..",
         "features on the inputs of a network, V on those of a deck"},
        {"json", 0, EQ_OPTION_FLAG, &r.json, NULL, "print one JSON object"},
        EQ_DIALECT_OPTION(&r.dialect),
    };
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    bool as_trained = r.sample == NULL && r.input == NULL && !r.training && eq_is_folder(path);
    eq_status status = as_trained ? check_model(path, &r, diag) : check_subject(path, &r, diag);
    return eq_finish(diag, status);
}

const eq_command eq_command_check = {
    "check", "DECK|DIR", "look at the topology: floating nodes, loops, passivity, energy weights",
    false, run};
