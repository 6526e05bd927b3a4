/* What the commands that solve a deck (op, run) share. */
#ifndef EQ_CLI_DECK_H
#define EQ_CLI_DECK_H

#include "circuit/deck.h"
#include "cli/commands.h"
#include "result/result.h"
#include "solver/solver.h"

typedef struct eq_deck_options {
    const char *solver, *format, *file, *dialect;
    const char *files; /* folder that commands of the deck may write into; NULL: none */
    bool verbose;
    const char *sample, *input; /* of op; NULL: not said */
    bool training;
} eq_deck_options;

/* Understands --solver and --format. */
eq_status eq_deck_understand(const eq_deck_options *d, eq_method *method, eq_format *format,
                             eq_diag *diag);
/* How a circuit is solved by these options. */
eq_solve_options eq_deck_solving(const eq_deck_options *d, eq_method method, const eq_circuit *c);
/* A deck in the dialect of that name; NULL: recognised. */
eq_status eq_read_deck(const char *path, const char *dialect, eq_deck **deck, eq_diag *diag);
/* What --dialect takes. */
#define EQ_DIALECT_OPTION(PLACE)                                                                   \
    {                                                                                              \
        "dialect", 0, EQ_OPTION_TEXT, PLACE, "NAME",                                               \
            "read the deck as ngspice, xyce or ltspice does (recognised)"                          \
    }
/* Parses the options of such a command, with --sample where it takes folders too, and does `work`;
 * returns the exit status. */
int eq_run_deck_command(const eq_command *command, bool samples, int argc, char **argv,
                        eq_status (*work)(const char *path, const eq_deck_options *d,
                                          eq_diag *diag));

#endif
