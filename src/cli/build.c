#include <string.h>

#include "circuit/crossbar.h"
#include "cli/commands.h"
#include "netlist/netlist.h"
#include "train/experiment/experiment.h"

/* What the command line says beside the numbers in `a`; texts are NULL where it says nothing. */
typedef struct build_options {
    const char *layers, *bias, *diode, *neurons, *outputs, *to, *file;
    eq_architecture a;
    eq_crossbar_options crossbar;
    bool alone; /* a crossbar, not a network */
    int seed, rows, columns;
} build_options;

/* *value = (text is `yes`); an error when text is neither word. */
static eq_status choose(const char *what, const char *text, const char *no, const char *yes,
                        bool *value, eq_diag *diag) {
    if (text == NULL) return EQ_OK;
    *value = strcmp(text, yes) == 0;
    if (*value || strcmp(text, no) == 0) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE, "--%s is '%s'; use %s or %s", what, text, no, yes);
}

/* The options that it shares with networks, whose defaults the caller has put into o->a. */
static eq_status understand_crossbar(build_options *o, eq_diag *diag) {
    eq_crossbar_options *q = &o->crossbar;
    if (o->layers != NULL || o->bias != NULL || o->neurons != NULL || o->outputs != NULL)
        return eq_fail(
            diag, EQ_ERR_USAGE,
            "a crossbar alone has no layers, neurons, biases and outputs; give --rows and "
            "--columns");
    q->rows = (size_t)o->rows;
    q->columns = (size_t)o->columns;
    q->wires = o->a.wires;
    q->is = o->a.is;
    q->n = o->a.n;
    q->low = o->a.low;
    q->high = o->a.high;
    q->seed = (uint64_t)o->seed;
    return choose("diode", o->diode, "none", "shockley", &q->diodes, diag);
}

static eq_status understand(build_options *o, eq_diag *diag) {
    bool ideal = false;
    if (o->alone) return understand_crossbar(o, diag);
    if (o->layers == NULL)
        return eq_fail(diag, EQ_ERR_USAGE, "how large? give --layers, as in --layers 1568,100,20");
    eq_status status = eq_architecture_layers(o->layers, &o->a, diag);
    if (status == EQ_OK && o->bias != NULL) status = eq_architecture_biases(o->bias, &o->a, diag);
    if (status == EQ_OK) status = choose("diode", o->diode, "shockley", "ideal", &ideal, diag);
    if (status == EQ_OK)
        status = choose("outputs", o->outputs, "single", "differential", &o->a.differential, diag);
    if (status == EQ_OK)
        status = choose("neurons", o->neurons, "clamped", "rectified", &o->a.rectified, diag);
    o->a.diode = ideal ? EQ_NEURON_IDEAL : EQ_NEURON_SHOCKLEY;
    o->a.seed = (uint64_t)o->seed;
    return status == EQ_OK ? eq_architecture_check(&o->a, diag) : status;
}

static eq_status find_dialect(const char *name, eq_dialect *dialect, eq_diag *diag) {
    if (eq_dialect_find(name, dialect)) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE,
                   "there is no dialect '%s'; use ngspice, xyce, ltspice, "
                   "spectre or xml",
                   name);
}

static eq_status write_deck(const eq_circuit *c, eq_dialect dialect, const char *file,
                            eq_diag *diag) {
    eq_text text = {0};
    eq_status status = eq_circuit_write(c, dialect, NULL, &text, diag);
    if (status == EQ_OK) status = eq_write_text(file, NULL, &text, diag);
    eq_text_free(&text);
    return status;
}

static eq_status build(const build_options *o, eq_diag *diag) {
    eq_dialect dialect;
    eq_circuit *c = NULL;
    eq_status status = find_dialect(o->to, &dialect, diag);
    if (status == EQ_OK)
        status = o->alone ? eq_crossbar_build(&o->crossbar, &c, diag)
                          : eq_architecture_build(&o->a, &c, diag);
    if (status == EQ_OK) status = write_deck(c, dialect, o->file, diag);
    eq_circuit_free(c);
    return status;
}

/* The network of an experiment, which is more than a few options say. */
static eq_status build_experiment(const char *path, const char *to, const char *file,
                                  const eq_settings *set, eq_diag *diag) {
    eq_dialect dialect;
    eq_experiment *x = NULL;
    eq_circuit *c = NULL;
    eq_status status = find_dialect(to, &dialect, diag);
    if (status == EQ_OK) status = eq_experiment_read_with(path, set, &x, diag);
    if (status == EQ_OK) status = eq_experiment_circuit(x, &c, diag);
    if (status == EQ_OK) status = write_deck(c, dialect, file, diag);
    eq_circuit_free(c);
    eq_experiment_free(x);
    return status;
}

static bool is_experiment(const char *name) {
    size_t n = name == NULL ? 0 : strlen(name);
    return n > 4 && strcmp(name + n - 4, ".xml") == 0;
}

static int run_experiment(const eq_command *command, int argc, char **argv) {
    const char *to = "ngspice", *file = NULL;
    eq_list set = {0};
    const eq_option table[] = {
        {"output", 'o', EQ_OPTION_TEXT, &file, "FILE", "write here instead of standard output"},
        {"to", 0, EQ_OPTION_TEXT, &to, "DIALECT", "ngspice, xyce, ltspice, spectre or xml"},
        EQ_SET_OPTION(&set),
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_settings settings = eq_settings_of(&set);
    return eq_finish(diag, build_experiment(path, to, file, &settings, diag));
}

static void choose_crossbar(build_options *o) {
    eq_crossbar_options *q = &o->crossbar;
    *q = eq_crossbar_defaults();
    o->rows = (int)q->rows;
    o->columns = (int)q->columns;
    o->a = (eq_architecture){
        .wires = q->wires, .is = q->is, .n = q->n, .low = q->low, .high = q->high};
}

/* ARCH comes first: it decides the defaults that the options change. */
static eq_status choose_kind(const char *kind, build_options *o, eq_diag *diag) {
    o->alone = strcmp(kind, "crossbar") == 0;
    if (o->alone) {
        choose_crossbar(o);
        return EQ_OK;
    }
    eq_status status = eq_architecture_kind(kind, &o->a, NULL);
    if (status == EQ_ERR_USAGE)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "there is no architecture '%s' to build; use kendall, drn or crossbar, or "
                       "give an experiment (.xml)",
                       kind);
    if (status == EQ_OK && eq_architecture_has_edges(&o->a))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "kind %s has nodes and edges, which an experiment says: eqspice build "
                       "EXPERIMENT.xml",
                       kind);
    return status;
}

static bool is_alone(const build_options *o) {
    return o->alone;
}

static bool has_layers(const build_options *o) {
    return !o->alone;
}

static bool amplifies(const build_options *o) {
    return !o->alone && o->a.amplifiers;
}

static bool is_shockley(const build_options *o) {
    return o->alone ? o->crossbar.diodes : o->a.diode == EQ_NEURON_SHOCKLEY;
}

static bool is_given(int argc, char *const *argv, const char *name) {
    size_t n = strlen(name);
    for (int k = 1; k < argc; k++)
        if (strncmp(argv[k], "--", 2) == 0 && strncmp(argv[k] + 2, name, n) == 0 &&
            (argv[k][2 + n] == '\0' || argv[k][2 + n] == '='))
            return true;
    return false;
}

/* Options that belong to another architecture. */
static void warn_of_idle(const build_options *o, int argc, char *const *argv, eq_diag *diag) {
    static const struct {
        const char *option;
        bool (*belongs)(const build_options *o);
        const char *owner;
    } rules[] = {
        {"gain", amplifies, "kendall"},          {"feedback", amplifies, "kendall"},
        {"rows", is_alone, "crossbar"},          {"columns", is_alone, "crossbar"},
        {"volts", is_alone, "crossbar"},         {"is", is_shockley, "--diode shockley"},
        {"n", is_shockley, "--diode shockley"},  {"up", has_layers, "kendall and drn"},
        {"down", has_layers, "kendall and drn"}, {"gmin", has_layers, "kendall and drn"},
        {"gmax", has_layers, "kendall and drn"},
    };
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++)
        if (is_given(argc, argv, rules[k].option) && !rules[k].belongs(o))
            eq_warn_at(diag, (eq_place){0}, "--%s has no effect here; it belongs to %s",
                       rules[k].option, rules[k].owner);
}

static int run(const eq_command *command, int argc, char **argv) {
    if (argc > 1 && is_experiment(argv[1])) return run_experiment(command, argc, argv);
    build_options o = {.to = "ngspice", .seed = 1};
    const eq_option table[] = {
        {"layers", 0, EQ_OPTION_TEXT, &o.layers, "N,N,..", "inputs, hidden layers, outputs"},
        {"output", 'o', EQ_OPTION_TEXT, &o.file, "FILE", "write here instead of standard output"},
        {"to", 0, EQ_OPTION_TEXT, &o.to, "DIALECT", "ngspice, xyce, ltspice, spectre or xml"},
        {"gain", 0, EQ_OPTION_NUMBER, &o.a.gain, "A", "gain of the amplifiers"},
        {"feedback", 0, EQ_OPTION_NUMBER, &o.a.feedback, "GAMMA", "gain of their current feedback"},
        {"bias", 0, EQ_OPTION_TEXT, &o.bias, "V,..", "voltages of the bias rows, '' for none"},
        {"rows", 0, EQ_OPTION_INT, &o.rows, "N", "of a crossbar (8)"},
        {"columns", 0, EQ_OPTION_INT, &o.columns, "M", "of a crossbar (8)"},
        {"volts", 0, EQ_OPTION_NUMBER, &o.crossbar.volts, "V", "of a crossbar's rows (1)"},
        {"wires", 0, EQ_OPTION_NUMBER, &o.a.wires, "R",
         "ohm of each segment of the crossbars' wires, 0 for ideal ones"},
        {"diode", 0, EQ_OPTION_TEXT, &o.diode, "KIND",
         "shockley or ideal; in the cells of a crossbar shockley or none"},
        {"neurons", 0, EQ_OPTION_TEXT, &o.neurons, "KIND",
         "clamped, by two diodes, or rectified, by one, from below and from above in turn"},
        {"outputs", 0, EQ_OPTION_TEXT, &o.outputs, "KIND", "differential or single"},
        {"is", 0, EQ_OPTION_NUMBER, &o.a.is, "A", "saturation current of the diodes"},
        {"n", 0, EQ_OPTION_NUMBER, &o.a.n, "N", "their emission coefficient"},
        {"up", 0, EQ_OPTION_NUMBER, &o.a.up, "V", "upper clamp of the neurons, signed: 0.7"},
        {"down", 0, EQ_OPTION_NUMBER, &o.a.down, "V", "lower clamp of the neurons, signed: -0.7"},
        {"gmin", 0, EQ_OPTION_NUMBER, &o.a.gmin, "S", "smallest conductance"},
        {"gmax", 0, EQ_OPTION_NUMBER, &o.a.gmax, "S", "largest conductance"},
        {"low", 0, EQ_OPTION_NUMBER, &o.a.low, "S", "conductances start uniform from here"},
        {"high", 0, EQ_OPTION_NUMBER, &o.a.high, "S", "to here"},
        {"seed", 0, EQ_OPTION_INT, &o.seed, "N", "seed of the initial conductances"},
    };
    eq_diag *diag = eq_diag_new();
    eq_status status = EQ_OK;
    const char *first = argc > 1 ? argv[1] : NULL; /* getopt will permute argv */
    if (first != NULL && first[0] != '-') status = choose_kind(first, &o, diag);
    if (status != EQ_OK) return eq_finish(diag, status);
    int exit_status;
    const char *arch =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (arch == NULL) {
        eq_diag_free(diag);
        return exit_status;
    }
    if (arch != first)
        status = eq_fail(diag, EQ_ERR_USAGE, "ARCH comes before the options: eqspice build %s ...",
                         arch);
    if (status == EQ_OK) status = understand(&o, diag);
    if (status == EQ_OK) warn_of_idle(&o, argc, argv, diag);
    if (status == EQ_OK) status = build(&o, diag);
    return eq_finish(diag, status);
}

const eq_command eq_command_build = {
    "build", "ARCH|EXPERIMENT", "write the deck of a network: ARCH is kendall, drn or crossbar",
    false, run};
