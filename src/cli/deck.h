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
} eq_deck_options;

/* Reads the deck (its warnings are printed) and understands --solver and --format. */
eq_status eq_open_deck(const char *path, const eq_deck_options *d, eq_deck **deck,
                       eq_solve_options *o, eq_format *format, eq_diag *diag);
/* A deck in the dialect of that name; NULL: recognised. */
eq_status eq_read_deck(const char *path, const char *dialect, eq_deck **deck, eq_diag *diag);
/* What --dialect takes. */
#define EQ_DIALECT_OPTION(PLACE)                                                                   \
    {                                                                                              \
        "dialect", 0, EQ_OPTION_TEXT, PLACE, "NAME",                                               \
            "read the deck as ngspice, xyce or ltspice does (recognised)"                          \
    }
/* Parses the options of such a command and does `work` on its deck; returns the exit status. */
int eq_run_deck_command(const eq_command *command, int argc, char **argv,
                        eq_status (*work)(const char *path, const eq_deck_options *d,
                                          eq_diag *diag));

#endif
