/* Random decks (tests/support/random_deck.h) solved here and by ngspice, many in one process of it:
 * all node voltages and source currents agree. Where they do not, ngspice judges our answer itself:
 * started there, it stays there when it is a solution by its own laws. */
#define _DEFAULT_SOURCE
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/effort.h"
#include "../support/program.h"
#include "../support/random_deck.h"
#include "../support/random_hierarchy.h"
#include "../support/random_memristors.h"
#include "../support/random_transistors.h"
#include "analysis/operating_point.h"
#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "report/process.h"
#include "result/raw.h"

Suite *differential_suite(void);

enum { DECKS = 2000, MANY_DECKS = 20000, AT_ONCE = 250, KINDS = 64, REPORTS = 5 };
static const double agreed = 1e-7;
static const char tight[] = ".options reltol=1e-9 abstol=1e-15 vntol=1e-12 itl1=1000 itl2=1000 "
                            "epsmin=1e-300\n";

/* Who makes the decks. */
typedef struct maker {
    const char *name;
    bool (*make)(uint64_t seed, eq_text *deck, unsigned *uses); /* true: it has an island */
    int (*kinds)(void);
    const char *(*kind_name)(int kind);
    /* A: currents below are compared as if they were this one, because ngspice rounds those that
     * leak through a gmin behind a resistance of some hundredths of an ohm */
    double least;
    bool holds; /* every V source of its decks stands at ground: ngspice may hold all nodes */
    const char *several; /* the kind of decks made to have several solutions, one a deck */
    /* The same deck in words that ngspice knows; NULL: it knows those above. */
    bool (*there)(uint64_t seed, eq_text *deck, unsigned *uses);
} maker;
static const maker makers[] = {
    {"decks", random_deck, random_card_kinds, random_card_name, 0.0, false, NULL, NULL},
    {"hierarchies", random_hierarchy, random_hierarchy_kinds, random_hierarchy_name, 0.0, false,
     NULL, NULL},
    {"circuits of transistors", random_transistors, random_transistors_kinds,
     random_transistors_name, 1e-6, true, "latches", NULL},
    {"circuits of JFETs and power transistors", random_fets, random_fets_kinds, random_fets_name,
     1e-7, false, NULL, NULL},
    {"circuits of memristors", random_memristors, random_memristors_kinds, random_memristors_name,
     0.0, true, NULL, random_memristors_there},
};
enum { MAKERS = sizeof makers / sizeof *makers };

typedef enum verdict {
    AGREE,          /* the answers are the same */
    AGREE_ALONE,    /* in a process of its own ngspice gives our answer */
    AGREE_AGAIN,    /* ... when it solves the same deck twice there: its first answer was early */
    OTHER_SOLUTION, /* from our answer ngspice stays there: both are solutions */
    FOUND_HERE,     /* ngspice finds none from its own start and stays at ours */
    HELD, /* ngspice leaves ours; but where it holds all nodes there, no current is missing */
    NO_SOLUTION, /* an island, which was refused here, whatever ngspice makes of it */
    BOTH_REFUSE,
    DIFFER, /* this one and those below fail the test */
    WE_FAIL,
    HERE_ALONE, /* a solution that ngspice does not confirm */
    ISLAND_SOLVED,
    VERDICTS
} verdict;

static const char *const verdict_name[VERDICTS] = {"agree",
                                                   "agree alone",
                                                   "agree when asked again",
                                                   "another solution",
                                                   "found here",
                                                   "a solution where ngspice does not stay",
                                                   "an island refused",
                                                   "both refuse",
                                                   "differ",
                                                   "we fail",
                                                   "found here, not confirmed",
                                                   "an island solved"};

typedef struct tally {
    unsigned count[VERDICTS], uses[KINDS], others[KINDS], reports; /* others: another solution */
    size_t values;
    double worst;
    uint64_t where;
} tally;

/* The plot of an operating point, NULL when there is none. */
static eq_result *operating_point_in(eq_result **plots, size_t count) {
    for (size_t k = 0; k < count; k++)
        if (strcmp(plots[k]->plot, "Operating Point") == 0 && plots[k]->points == 1)
            return plots[k];
    return NULL;
}

static double largest(const eq_result *r, char unit) {
    double most = 0.0;
    for (size_t k = 0; k < r->variables; k++)
        if (r->variable[k].name[0] == unit) most = fmax(most, fabs(r->value[k]));
    return most;
}

/* Largest difference over the larger of the value and a thousandth of the largest of its kind;
 * infinite when ngspice lacks a node. (It names the currents of its code models otherwise.) */
static double difference(const eq_result *ours, const eq_result *theirs, double least,
                         size_t *values) {
    double worst = 0.0;
    *values = 0;
    for (size_t k = 0; k < ours->variables; k++) {
        const char *name = ours->variable[k].name;
        size_t there = eq_result_find(theirs, name);
        if (there == theirs->variables && name[0] == 'i') continue;
        if (there == theirs->variables) return (double)INFINITY;
        double scale = fmax(fabs(theirs->value[there]), 1e-3 * largest(ours, name[0]));
        if (name[0] == 'i') scale = fmax(scale, least);
        double d = fabs(ours->value[k] - theirs->value[there]);
        d = d == 0.0 ? 0.0 : d / scale;
        if (!(d <= worst)) worst = isnan(d) ? (double)INFINITY : d;
        ++*values;
    }
    return worst;
}

/* Lets one ngspice run the commands that it reads from its input (there an error ends a deck and
 * not the run) in the scratch folder. It may crash, or be stopped: what it has not written it has
 * not solved. */
static void run_there(eq_text *commands, int seconds) {
    const char *const argv[] = {"ngspice", "-n", "-p", NULL};
    eq_process p = {argv, scratch_current(), NULL, "ngspice", seconds};
    eq_text said = {0};
    int exit_status = 0;
    eq_text_puts(commands, "quit\n");
    p.input = commands->text;
    eq_process_run(&p, &exit_status, &said, NULL);
    eq_text_free(&said);
    eq_text_free(commands);
}

/* Writes a deck as NAME.cir with tight tolerances, and the commands that solve it, `times` times,
 * into NAME.raw. */
static void ask(eq_text *commands, const char *name, eq_text *deck, int times) {
    char file[64];
    eq_text_printf(deck, "%s.end\n", tight);
    snprintf(file, sizeof file, "%s.cir", name);
    ck_assert_int_eq(eq_file_write(in(file), deck->text, deck->length, NULL), EQ_OK);
    eq_text_free(deck);
    if (commands->length == 0) eq_text_puts(commands, "set noaskquit\noptran 1 1 1 0 0 0\n");
    eq_text_printf(commands, "source %s.cir\n", name);
    for (int k = 0; k < times; k++) eq_text_puts(commands, "op\n");
    eq_text_printf(commands, "write %s.raw all\ndestroy all\nremcirc\n", name);
}

/* The plots of NAME.raw, none where ngspice has not written it; both files are removed. */
static eq_result **answer(const char *name, size_t *count) {
    eq_result **plots = NULL;
    char file[64];
    *count = 0;
    snprintf(file, sizeof file, "%s.raw", name);
    if (access(in(file), R_OK) == 0) eq_raw_read(in(file), &plots, count, NULL);
    unlink(in(file));
    snprintf(file, sizeof file, "%s.cir", name);
    unlink(in(file));
    return plots;
}

/* ngspice's answer in a process of its own, started at `from` (NULL: at its own start), the one
 * that it gives when it is asked `times` times. */
static eq_result **alone(const char *text, const eq_result *from, int times, size_t *count) {
    eq_text deck = {0}, commands = {0};
    eq_text_puts(&deck, text);
    if (from != NULL) eq_text_puts(&deck, ".nodeset");
    for (size_t k = 0; from != NULL && k < from->variables; k++)
        if (from->variable[k].name[0] == 'v')
            eq_text_printf(&deck, "\n+ %s=%.17g", from->variable[k].name, from->value[k]);
    eq_text_puts(&deck, "\n");
    ask(&commands, "alone", &deck, times);
    run_there(&commands, 20);
    return answer("alone", count);
}

/* True when ngspice, alone and from there, gives our answer. */
static bool confirmed(const char *text, const eq_result *ours, const eq_result *from, int times,
                      double least) {
    size_t count, values;
    eq_result **plots = alone(text, from, times, &count);
    const eq_result *theirs = operating_point_in(plots, count);
    bool same = theirs != NULL && difference(ours, theirs, least, &values) <= agreed;
    eq_raw_free(plots, count);
    return same;
}

/* By what a current into a node may miss: a millionth of what its resistors carry, and the rounding of
 * the largest current and of a few volts across some hundredths of an ohm inside a transistor. */
static double slack(const eq_circuit *c, const eq_result *ours, eq_node node) {
    const eq_table *t = &c->table[EQ_CLASS_resistor];
    double sum = 0.0;
    for (size_t j = 0; j < t->count; j++) {
        double v[2] = {0.0, 0.0};
        if (t->term[0][j] != node && t->term[1][j] != node) continue;
        for (int e = 0; e < 2; e++) {
            char name[80];
            snprintf(name, sizeof name, "v(%s)", eq_circuit_node_name(c, t->term[e][j]));
            size_t k = eq_result_find(ours, name);
            if (k < ours->variables) v[e] = ours->value[k];
        }
        sum += fabs(v[0] - v[1]) / t->w[eq_param_find(t->cls, "r")][j];
    }
    return 1e-6 * sum + 1e-12 * largest(ours, 'i') + 1e-13;
}

/* A V source for every node but those that one holds already. */
static size_t hold(const eq_circuit *c, const eq_result *ours, eq_text *deck) {
    const eq_table *t = &c->table[EQ_CLASS_vsource];
    size_t count = 0;
    for (eq_node n = 1; n < (eq_node)eq_circuit_nodes(c); n++) {
        char name[80];
        bool held = false;
        for (size_t j = 0; j < t->count; j++) held = held || t->term[0][j] == n;
        snprintf(name, sizeof name, "v(%s)", eq_circuit_node_name(c, n));
        size_t k = eq_result_find(ours, name);
        if (held || k == ours->variables) continue;
        eq_text_printf(deck, "Vhold%d %s 0 %.17g\n", n, eq_circuit_node_name(c, n), ours->value[k]);
        count++;
    }
    return count;
}

/* True where ngspice, all nodes held at our potentials, finds that by its laws no current is missing
 * anywhere: KCL of our answer, by the currents of ngspice. */
static bool conserved(const char *text, const eq_result *ours) {
    eq_text deck = {0};
    eq_circuit *c = NULL;
    size_t count = 0, held;
    bool kept = true;
    ck_assert_int_eq(eq_circuit_parse("deck", text, strlen(text), &c, NULL), EQ_OK);
    eq_text_puts(&deck, text);
    held = hold(c, ours, &deck);
    eq_result **plots = alone(deck.text, NULL, 1, &count);
    const eq_result *theirs = operating_point_in(plots, count);
    for (eq_node n = 1; theirs != NULL && n < (eq_node)eq_circuit_nodes(c); n++) {
        char name[80];
        snprintf(name, sizeof name, "i(vhold%d)", n);
        size_t k = eq_result_find(theirs, name);
        if (k == theirs->variables) continue;
        held--;
        kept = kept && fabs(theirs->value[k]) <= slack(c, ours, n);
    }
    kept = kept && theirs != NULL && held == 0;
    eq_raw_free(plots, count);
    eq_circuit_free(c);
    eq_text_free(&deck);
    return kept;
}

static verdict judge(const maker *by, const char *text, bool island, const eq_result *ours,
                     const eq_result *theirs, tally *t, uint64_t seed) {
    double least = by->least;
    size_t values = 0;
    if (island) return ours == NULL ? NO_SOLUTION : ISLAND_SOLVED;
    if (ours == NULL && theirs == NULL) {
        size_t count;
        eq_result **plots = alone(text, NULL, 1, &count);
        bool solved = operating_point_in(plots, count) != NULL;
        eq_raw_free(plots, count);
        return solved ? WE_FAIL : BOTH_REFUSE;
    }
    if (ours == NULL) return WE_FAIL;
    double worst = theirs == NULL ? (double)INFINITY : difference(ours, theirs, least, &values);
    if (worst <= agreed) {
        t->values += values;
        if (worst > t->worst) t->where = seed;
        t->worst = fmax(t->worst, worst);
        return AGREE;
    }
    if (confirmed(text, ours, NULL, 1, least)) return AGREE_ALONE;
    if (theirs != NULL && confirmed(text, ours, NULL, 2, least)) return AGREE_AGAIN;
    if (confirmed(text, ours, ours, 1, least)) return theirs == NULL ? FOUND_HERE : OTHER_SOLUTION;
    if (by->holds && conserved(text, ours)) return HELD;
    return theirs == NULL ? HERE_ALONE : DIFFER;
}

/* Keeps a deck that fails the test beside the program, and tells both answers. */
static void report(uint64_t seed, verdict v, const char *text, const eq_diag *diag,
                   const eq_result *ours, const eq_result *theirs) {
    const char *program = getenv("EQSPICE");
    char path[512], *folder = eq_path_folder(program == NULL ? "build/eqspice" : program);
    snprintf(path, sizeof path, "%s/differential-%u.cir", folder, (unsigned)seed);
    eq_free(folder);
    eq_text deck = {0};
    eq_text_printf(&deck, "%s.end\n", text);
    eq_file_write(path, deck.text, deck.length, NULL);
    fprintf(stderr, "%s: %s\n%s", path, verdict_name[v], text);
    eq_text_free(&deck);
    for (size_t k = 0; k < eq_diag_count(diag); k++)
        fprintf(stderr, "%d:%d: %s\n", eq_diag_get(diag, k)->line, eq_diag_get(diag, k)->column,
                eq_diag_get(diag, k)->text);
    for (size_t k = 0; ours != NULL && k < ours->variables; k++) {
        size_t there = theirs == NULL ? 0 : eq_result_find(theirs, ours->variable[k].name);
        bool has = theirs != NULL && there < theirs->variables;
        fprintf(stderr, "  %-16s %23.15g %23.15g\n", ours->variable[k].name, ours->value[k],
                has ? theirs->value[there] : (double)NAN);
    }
}

static eq_result *solve(const char *text, size_t length, eq_diag *diag) {
    eq_circuit *c = NULL;
    eq_result *r = NULL;
    if (eq_circuit_parse("deck", text, length, &c, diag) == EQ_OK) {
        eq_solve_options o = eq_solve_defaults(c);
        if (eq_operating_point(c, &o, &r, NULL, diag) != EQ_OK) r = NULL;
    }
    eq_circuit_free(c);
    return r;
}

static const char *name_of(uint64_t seed) {
    static char name[32];
    snprintf(name, sizeof name, "%u", (unsigned)seed);
    return name;
}

static void make_there(const maker *by, uint64_t seed, eq_text *text) {
    (by->there == NULL ? by->make : by->there)(seed, text, NULL);
}

static void check_one(const maker *by, uint64_t seed, tally *t) {
    eq_text text = {0}, there = {0};
    eq_diag *diag = eq_diag_new();
    size_t count = 0;
    eq_result **plots = answer(name_of(seed), &count);
    unsigned before[KINDS];
    memcpy(before, t->uses, sizeof before);
    bool island = by->make(seed, &text, t->uses);
    eq_result *ours = solve(text.text, text.length, diag);
    const eq_result *theirs = operating_point_in(plots, count);
    make_there(by, seed, &there);
    verdict v = judge(by, there.text, island, ours, theirs, t, seed);
    t->count[v]++;
    for (int k = 0; v == OTHER_SOLUTION && k < by->kinds(); k++)
        t->others[k] += t->uses[k] - before[k];
    if ((v >= DIFFER || (v > AGREE && getenv("EQSPICE_SEED") != NULL)) && t->reports++ < REPORTS)
        report(seed, v, text.text, diag, ours, theirs);
    eq_result_free(ours);
    eq_raw_free(plots, count);
    eq_diag_free(diag);
    eq_text_free(&text);
    eq_text_free(&there);
}

static void solve_there(const maker *by, uint64_t first, uint64_t last) {
    eq_text commands = {0};
    for (uint64_t seed = first; seed <= last; seed++) {
        eq_text deck = {0};
        make_there(by, seed, &deck);
        ask(&commands, name_of(seed), &deck, 1);
    }
    run_there(&commands, 120);
}

static void print_tally(const maker *by, const tally *t, size_t decks) {
    printf("  %zu random %s against ngspice:", decks, by->name);
    for (int k = 0; k < VERDICTS; k++)
        if (t->count[k] > 0) printf(" %u %s,", t->count[k], verdict_name[k]);
    printf(" %zu values, worst %.1e (seed %u)\n  with", t->values, t->worst, (unsigned)t->where);
    for (int k = 0; k < by->kinds(); k++)
        if (t->uses[k] > 0) printf("%s %u %s", k > 0 ? "," : "", t->uses[k], by->kind_name(k));
    for (int k = 0; by->several != NULL && k < by->kinds(); k++)
        if (t->others[k] > 0) printf("; another solution of %u %s", t->others[k], by->kind_name(k));
    printf("\n");
    fflush(stdout);
}

/* How many decks were made to have several solutions. */
static size_t meant_to_have_several(const maker *by, const tally *t) {
    for (int k = 0; by->several != NULL && k < by->kinds(); k++)
        if (strcmp(by->kind_name(k), by->several) == 0) return t->others[k];
    return 0;
}

START_TEST(random_decks_agree_with_ngspice) {
    const maker *by = &makers[_i];
    const char *only =
        getenv("EQSPICE_SEED"); /* one deck alone, to look at, or as many from there */
    const char *many = getenv("EQSPICE_DECKS");
    uint64_t from = only == NULL ? 1 : strtoull(only, NULL, 10);
    size_t decks = only == NULL ? effort(DECKS, MANY_DECKS) : 1;
    if (many != NULL) decks = strtoull(many, NULL, 10);
    tally t = {0};
    ck_assert_int_le(by->kinds(), KINDS);
    for (uint64_t first = from; first < from + decks; first += AT_ONCE) {
        uint64_t last = first + AT_ONCE < from + decks ? first + AT_ONCE - 1 : from + decks - 1;
        solve_there(by, first, last);
        for (uint64_t seed = first; seed <= last; seed++) check_one(by, seed, &t);
    }
    print_tally(by, &t, decks);
    for (int k = DIFFER; k < VERDICTS; k++)
        ck_assert_msg(t.count[k] == 0, "%u decks: %s", t.count[k], verdict_name[k]);
    /* what ngspice cannot be asked about stays rare */
    ck_assert_uint_le(t.count[BOTH_REFUSE] + t.count[OTHER_SOLUTION] + t.count[FOUND_HERE] +
                          t.count[HELD] + t.count[AGREE_AGAIN],
                      1 + decks / 50 + meant_to_have_several(by, &t));
}
END_TEST

Suite *differential_suite(void) {
    Suite *s = suite_create("differential");
    for (int k = 0; k < MAKERS; k++) { /* CK_RUN_CASE picks one */
        TCase *t = tcase_create(makers[k].name);
        tcase_set_timeout(t, 1800);
        tcase_add_checked_fixture(t, scratch_make, scratch_drop);
        tcase_add_loop_test(t, random_decks_agree_with_ngspice, k, k + 1);
        suite_add_tcase(s, t);
    }
    return s;
}
