#include "cli/deck.h"

#include <string.h>

#include "netlist/netlist.h"

static const char *const solvers[] = {"newton", "kinsol", "cocontent"};
static const eq_method methods[] = {EQ_NEWTON, EQ_KINSOL, EQ_COCONTENT};

static eq_status method_of(const char *name, eq_method *method, eq_diag *diag) {
    for (size_t k = 0; k < sizeof solvers / sizeof *solvers; k++) {
        *method = methods[k];
        if (strcmp(name, solvers[k]) == 0) return EQ_OK;
    }
    return eq_fail(diag, EQ_ERR_USAGE, "there is no solver '%s'; use newton, kinsol or cocontent",
                   name);
}

eq_status eq_read_deck(const char *path, const char *dialect, eq_deck **deck, eq_diag *diag) {
    eq_dialect d = EQ_DIALECT_COUNT;
    if (dialect != NULL && (!eq_dialect_find(dialect, &d) || d == EQ_SPECTRE || d == EQ_XML))
        return eq_fail(diag, EQ_ERR_USAGE, "there is no dialect '%s'; use ngspice, xyce or ltspice",
                       dialect);
    return eq_deck_read_as(path, d, deck, diag);
}

static void print_line(void *data, const char *line) {
    (void)data;
    fprintf(stderr, "%s\n", line);
}

eq_status eq_open_deck(const char *path, const eq_deck_options *d, eq_deck **deck,
                       eq_solve_options *o, eq_format *format, eq_diag *diag) {
    eq_method method;
    eq_status status = method_of(d->solver, &method, diag);
    if (status == EQ_OK && !eq_format_find(d->format, format))
        status = eq_fail(diag, EQ_ERR_USAGE, "there is no format '%s'; use " EQ_FORMATS, d->format);
    if (status == EQ_OK) status = eq_read_deck(path, d->dialect, deck, diag);
    if (status != EQ_OK) return status;
    eq_print_diag(diag);
    *o = eq_solve_defaults((*deck)->circuit);
    o->method = method;
    if (d->verbose && eq_comm_rank() == 0) o->log = print_line;
    return EQ_OK;
}

int eq_run_deck_command(const eq_command *command, int argc, char **argv,
                        eq_status (*work)(const char *path, const eq_deck_options *d,
                                          eq_diag *diag)) {
    eq_deck_options d = {.solver = "newton", .format = "table"};
    const eq_option table[] = {
        {"solver", 0, EQ_OPTION_TEXT, &d.solver, "NAME", "newton, kinsol or cocontent"},
        {"format", 0, EQ_OPTION_TEXT, &d.format, "NAME", EQ_FORMATS},
        {"output", 'o', EQ_OPTION_TEXT, &d.file, "FILE", "write here instead of standard output"},
        EQ_DIALECT_OPTION(&d.dialect),
        {"files", 0, EQ_OPTION_TEXT, &d.files, "FOLDER",
         "let write and wrdata in .control make files there"},
        {"verbose", 'v', EQ_OPTION_FLAG, &d.verbose, NULL,
         "show every iteration on standard error"},
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_status status = work(path, &d, diag);
    return eq_finish(diag, status);
}
