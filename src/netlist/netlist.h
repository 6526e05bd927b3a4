/* Decks in and out. */
#ifndef EQ_NETLIST_NETLIST_H
#define EQ_NETLIST_NETLIST_H

#include "circuit/deck.h"

/* "ngspice", "xyce", "ltspice", "spectre", "xml"; false when the name is none of them. */
bool eq_dialect_find(const char *name, eq_dialect *dialect);
const char *eq_dialect_name(eq_dialect dialect);
/* Boltzmann over charge [V/K] as the simulator has it (docs/theory.md, 7). */
double eq_dialect_k_over_q(eq_dialect dialect);

/* As eq_deck_read in a given dialect (ngspice, Xyce or LTspice); EQ_DIALECT_COUNT: recognised, as
 * eq_deck_read does. */
eq_status eq_deck_read_as(const char *path, eq_dialect dialect, eq_deck **out, eq_diag *diag);
/* A value that stands in for what the deck says: of a parameter "x", of a model's "dm(is)" or of
 * the temperature. */
typedef struct eq_override {
    eq_target target; /* EQ_TARGET_PARAM, EQ_TARGET_MODEL or EQ_TARGET_TEMP */
    const char *name;
    double value;
} eq_override;

/* Reads a deck that keeps its text (eq_deck_rereads) again, with n values of its own. */
eq_status eq_deck_reread(const eq_deck *d, const eq_override *override, size_t n, eq_deck **out,
                         eq_diag *diag);

/* Reads a deck for its .model cards alone, which *out then has as a circuit that is not frozen; it
 * may be without elements. */
eq_status eq_models_read(const char *path, eq_dialect dialect, eq_circuit **out, eq_diag *diag);

/* A line that stands in for a card: `dc` or alter, option, save, ..., and what is behind the word. */
typedef struct eq_card_line {
    const char *word, *text;
    eq_location at;
} eq_card_line;

/* A further reading of a deck that keeps its text, with values of its own and further cards:
 * analyses come behind those of the deck, whose prints say nothing about them. */
typedef struct eq_again {
    const eq_deck *first;
    const eq_override *override;
    size_t overrides;
    const eq_card_line *line;
    size_t lines;
    bool models; /* of any deck, for its .model cards alone (eq_models_read) */
} eq_again;

/* *from must outlive the deck, which may be read again in turn (eq_deck_reread). */
eq_status eq_deck_reread_with(const eq_again *from, eq_deck **out, eq_diag *diag);

/* EQ_OK, or the error that eq_deck_write (of ngspice: eq_circuit_write_own) would end in for the
 * sake of a name. */
eq_status eq_deck_check_names(const eq_circuit *c, eq_dialect dialect, eq_diag *diag);
/* Appends the circuit as a deck of the dialect, which asks for its operating point, to `out`.
 * `note` (may be NULL) goes into the header comment. Names that the dialect cannot carry are
 * refused with the place. */
eq_status eq_circuit_write(const eq_circuit *c, eq_dialect dialect, const char *note, eq_text *out,
                           eq_diag *diag);
/* The same with the analyses of the deck, where the writer knows them (XML). */
eq_status eq_deck_write(const eq_deck *d, eq_dialect dialect, const char *note, eq_text *out,
                        eq_diag *diag);
/* As a deck for ngspice, but for eqspice to read again: classes that ngspice has no line for are
 * written as eqspice spells them. */
eq_status eq_circuit_write_own(const eq_circuit *c, const char *note, eq_text *out, eq_diag *diag);
/* As a deck for ngspice with no word of whoever wrote the circuit in it: node k is called nk,
 * element e by its letter and e (r7), and the title is ours. */
eq_status eq_deck_write_numbered(const eq_circuit *c, eq_text *out, eq_diag *diag);

#endif
