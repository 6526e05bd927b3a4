#include "base/carry.h"
#include "circuit/topology.h"

#include "cli/commands.h"
#include "cli/deck.h"
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

static eq_status check(eq_circuit *c, const eq_deck *d, eq_diag *diag) {
    eq_topology *t = NULL;
    print_counts(c);
    eq_status status = eq_topology_check(c, &t, diag);
    print_findings(diag);
    if (status == EQ_OK) {
        print_weights(c, t);
        print_convexity(d, t);
    }
    eq_topology_free(t);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    int exit_status;
    const char *dialect = NULL;
    const eq_option table[] = {EQ_DIALECT_OPTION(&dialect)};
    const char *path = eq_parse_arguments(command, table, 1, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_experiment *x = NULL;
    eq_circuit *trained = NULL;
    eq_deck *d = NULL;
    eq_status status = eq_is_folder(path) ? eq_trained_read(path, NULL, &x, &trained, diag)
                                          : eq_read_deck(path, dialect, &d, diag);
    eq_print_diag(diag);
    if (status == EQ_OK) status = check(d != NULL ? d->circuit : trained, d, diag);
    eq_circuit_free(trained);
    eq_experiment_free(x);
    eq_deck_free(d);
    return eq_finish(diag, status);
}

const eq_command eq_command_check = {
    "check", "DECK|DIR", "look at the topology: floating nodes, loops, passivity, energy weights",
    false, run};
