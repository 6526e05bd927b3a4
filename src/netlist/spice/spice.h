/* The state of one reading of a SPICE deck, which every file here works on. Reading goes in two
 * passes over the text, which stays in memory: the first (scan.c) reads the cards that define names
 * (.param .func .model .subckt .include ...) into scopes and notes which stretches of the text hold
 * elements; the second (expand.c) walks over these stretches, once for each instance, and puts
 * every element straight into the tables of the circuit. Analyses and directives come last, when
 * all names are known.
 *
 * The files stand in layers, and each uses functions of those above it in this list only, which
 * tools/check-includes holds:
 *
 *     error                                  errors and notes, with the chain of instances
 *     scope, name                            definitions by name; nodes and full names
 *     draw                                   random functions
 *     mention                                what messages at the end are about
 *     evaluate                               expressions, parameters, functions, conditions
 *     geometry                               lengths on .model cards
 *     model                                  .model cards
 *     formula, waveform, switch, resistor, ideal     what an element line is made of
 *     key, size, pending, put, element       element lines, except X
 *     late                                   cards that are read when all elements are known
 *     expand                                 lines of a scope; X opens the next scope
 *     find, option                           what the cards share
 *     probe, analysis, transfer, wildcard, print, measure, start, directive, control     cards that are read late
 *     card, condition, recognise             which card is what
 *     scan                                   the first pass over the text
 *
 * Two recursions are real: a parameter is the value of an expression, which asks for parameters,
 * and a definition under .if holds if an expression does (all in evaluate.c); an X line holds
 * lines, which is why expand.c, not element.c, looks at the first letter. */
#ifndef EQ_NETLIST_SPICE_SPICE_H
#define EQ_NETLIST_SPICE_SPICE_H

#include "base/limits.h"
#include "base/random.h"
#include "netlist/expression.h"
#include "netlist/netlist.h"

enum { EQ_MAX_ERRORS = 20, EQ_MAX_INCLUDE_DEPTH = 20 };

/* A stretch of text that holds elements of one scope. */
typedef struct eq_stretch {
    eq_cursor at;
    int32_t condition; /* in eq_reading.condition; EQ_NONE: always */
    size_t elements;
    bool instances; /* some of the elements are subcircuits */
} eq_stretch;

/* Something with a name: where it is written and where its value starts. */
typedef struct eq_definition {
    eq_location at;
    eq_cursor value;
    bool overridable;  /* declared on the .subckt line */
    bool stepped;      /* a parameter that only a .step card gives its values */
    bool used;         /* an expression names it */
    int32_t model;     /* the last eq_circuit model made of this .model card; EQ_NONE */
    int32_t scope;     /* of a .subckt card */
    int32_t condition; /* under which it stands; EQ_NONE: always */
    int32_t next;      /* in eq_reading.variant: the same name under another condition; EQ_NONE */
} eq_definition;

/* Definitions of one kind in one scope: item[k] has the name k. */
typedef struct eq_dictionary {
    eq_names *name;
    eq_definition *item;
    size_t cap;
} eq_dictionary;

enum { EQ_DEFINES_PARAM, EQ_DEFINES_FUNC, EQ_DEFINES_MODEL, EQ_DEFINES_SUBCKT, EQ_DEFINES };

/* The deck itself (scope 0) or the inside of a .subckt. */
typedef struct eq_scope {
    char *name;
    int32_t parent; /* EQ_NONE for the deck */
    eq_location at;
    eq_names *port; /* formal nodes of a .subckt, by position */
    eq_dictionary defines[EQ_DEFINES];
    int32_t base, condition; /* of the text around it, of its .subckt line (eq_reading.base) */
    eq_stretch *run;
    size_t runs, run_cap;
    struct eq_late *card; /* of a .subckt: read in each of its instances */
    size_t cards, card_cap;
    double
        weight; /* elements and instances it expands to; 0 until counted, -1 while being counted */
} eq_scope;

/* A scope being expanded. Parameters not found in it are looked up in the instance that calls it
 * (ngspice's dynamic scope). */
typedef struct eq_frame {
    struct eq_frame *up;
    eq_scope *scope;
    const char *prefix; /* "x1.x2.", "" for the deck */
    eq_location at;     /* of the X line */
    double *param;      /* value of each parameter of the scope */
    eq_cursor *given;   /* its value on the X line; p is NULL: none */
    unsigned char *state;
    eq_node *port;
    double m; /* multiplier of the instance and all around it */
    int depth;
} eq_frame;

typedef struct eq_source {
    char *text;
    size_t length;
    eq_location from; /* the line that includes it; file EQ_NONE for the deck */
    bool active;      /* being scanned */
} eq_source;

/* An instance: its scope (NULL: not opened), and where its nodes start in eq_reading.port. */
typedef struct eq_instance {
    const eq_scope *scope;
    size_t first;
} eq_instance;

/* A node that the formula of an element names, and that was not there before. */
typedef struct eq_mention {
    eq_node node;
    eq_token name, about;
    struct eq_scope *scope; /* that the formula stands in, and its instance */
    eq_location instance;
} eq_mention;

/* What has been read so far; each layer has the type of its own lists in its header. */
typedef struct eq_reading {
    eq_status status;
    bool stop;      /* too many errors or out of memory */
    int errors;     /* of which `reported` has the places */
    int candidates; /* that were compared with misspelt words */
    eq_location reported[EQ_MAX_ERRORS];
    eq_names *noted, *global, *controls, *instance;
    eq_instance *instances; /* by number in `instance` */
    size_t instance_cap;
    eq_names *broken; /* elements whose lines have errors */
    eq_node *loose;   /* nodes of C elements */
    size_t looses, loose_cap;
    eq_mention *mention;
    size_t mentions, mention_cap;
    eq_token milli, milli_of; /* the first resistance such as 1M; length 0: none */
    double largest;           /* ohm, of the other resistors */
    bool incomplete;          /* an included file could not be read */
    eq_names *reactance;      /* C and L elements that have a value, */
    double *reactance_value;  /* by number: F, H */
    size_t reactance_cap;
    eq_node *port;
    size_t ports, port_cap;
    eq_source *source; /* by file index of the circuit */
    int32_t sources;
    size_t source_cap;
    int includes;
    eq_scope **scope;
    size_t scopes, scope_cap;
    eq_definition *variant;
    size_t variants, variant_cap;
    char **joined; /* texts of .model cards that go on from others */
    size_t joineds, joined_cap;
    struct eq_declared *declared;
    size_t declareds, declared_cap;
    struct eq_condition *condition;
    size_t conditions, condition_cap;
    int32_t current;     /* condition of the text being scanned; EQ_NONE */
    int32_t base;        /* the one around the file or subcircuit */
    int calls_left;      /* of .func */
    bool endless;        /* a subcircuit contains itself */
    bool temperature;    /* a .temp card gave it */
    bool warm;           /* a number was made of it */
    double scale;        /* of lengths: .options scale */
    double defl, defw;   /* m, of MOS transistors whose lines say none: .options */
    double rshunt;       /* ohm, from every node to ground; INFINITY: none */
    eq_location skipped; /* the first analysis that eqspice does not do; file EQ_NONE: none */
    eq_random random;    /* of agauss and its kin */
    struct eq_late *late;
    size_t lates, late_cap;
    struct eq_pending *pending;
    size_t pendings, pending_cap;
    eq_element *sense; /* the 0-V source in series with an element, EQ_NONE; NULL: there is none */
    struct eq_reference *reference;
    size_t references, reference_cap;
    struct eq_data_table *data;
    size_t datas, data_cap;
    struct eq_port_pair *output, *nudge;
    size_t outputs, output_cap;
    size_t nudges, nudge_cap;
    size_t lines[26]; /* of elements at the top level of the deck, by their first letter */
    eq_text name;     /* scratch: full element and node names */
    eq_card plain;    /* scratch of eq_spice_plain_element: a card of the class of the last one */
} eq_reading;

/* A reading, and the place in it that expressions are evaluated at. Whoever goes to another place
 * (a frame, a formula, the body of a function) makes a copy and changes that. */
typedef struct eq_spice {
    eq_reading *all;
    eq_deck *deck;
    eq_circuit *circuit; /* the deck's */
    eq_diag *diag, *scratch;
    const eq_deck *first;        /* of a second reading: has the texts of the files; else NULL */
    const eq_override *override; /* values that stand in for the deck's own */
    size_t overrides;
    eq_frame *frame; /* whose names are seen; NULL while scanning */
    eq_frame
        *inner;   /* of the instance whose X line this is, which sees its other parameters; NULL */
    int32_t self; /* the parameter of it that is evaluated */
    const struct eq_arguments *arguments; /* of the .func whose body this is; else NULL */
    eq_formula *formula;                  /* being read; NULL: expressions are numbers */
    const struct eq_queries *queries;     /* what an expression may ask of the circuit; else NULL */
    const char *card;                     /* whose expression asks (".print") */
    eq_token about;                       /* the element or card being read; length 0: none */
    int depth;                            /* of nested expressions */
    bool test;                            /* of .if: = is == */
    bool models;                          /* the deck is read for its .model cards alone */
} eq_spice;

#endif
