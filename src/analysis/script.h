/* Internal to the room: what the commands of a .control block work on (control.c): the circuit as
 * it was altered, the plots of its analyses, vectors and variables. */
#ifndef EQ_ANALYSIS_SCRIPT_H
#define EQ_ANALYSIS_SCRIPT_H

#include "analysis/control.h"
#include "analysis/vector.h"
#include "netlist/netlist.h"

enum { EQ_LONGEST_WORD = 64 };

/* A vector with a name. */
typedef struct eq_named_vector {
    char *name;
    eq_vector v;
} eq_named_vector;

typedef struct eq_named_vectors {
    eq_named_vector *item;
    size_t count, cap;
} eq_named_vectors;

/* What an analysis has given. */
typedef struct eq_plot {
    char name[24];          /* "dc1" */
    eq_result *all;         /* every vector */
    size_t loops;           /* leading columns: steps, then sweeps */
    size_t scale;           /* column of the innermost sweep, of the first vector without one */
    eq_named_vectors shown; /* that print commands asked for */
    char *saved;            /* what save had asked for when it ran; NULL: everything */
    bool hidden;            /* its table stands among the results already */
} eq_plot;

/* A result of a print command that is no vector of a plot, or plot number `plot`. */
typedef struct eq_shown {
    size_t plot;
    eq_result *values; /* NULL: the plot */
} eq_shown;

typedef struct eq_variable_text {
    char *name, *text;
} eq_variable_text;

/* define NAME(X, Y) BODY. */
typedef struct eq_made_function {
    char *name, *formals, *body; /* formals: "x y " */
    int n;
} eq_made_function;

/* The .dc that ran last, for meas. */
typedef struct eq_last_analysis {
    int32_t kind;   /* EQ_NONE: none yet; 0: a command, 1: one of the deck itself */
    size_t number;  /* of the deck's */
    size_t changes; /* s->changes when it ran */
    char *text;     /* of the command */
    eq_location at;
} eq_last_analysis;

typedef struct eq_script {
    const eq_deck *d;
    const eq_control_options *o;
    eq_diag *diag;
    eq_location at;     /* of the command that runs */
    eq_card_line *line; /* option, temp and alter commands so far; their texts are owned */
    size_t lines, line_cap;
    eq_override *override;                  /* of altermod and alterparam; their names are owned */
    size_t overrides, override_cap, active; /* those behind `active` wait for reset */
    eq_text watch, saved;                   /* vectors to be kept; what save asked for */
    bool save_all;
    eq_plot *plot;
    size_t plots, plot_cap, current; /* plot that vectors are looked up in */
    unsigned number;                 /* of the plot named last, 1 before */
    eq_shown *shown;
    size_t showns, shown_cap;
    eq_named_vectors let;
    eq_variable_text *variable;
    size_t variables, variable_cap;
    eq_made_function *defined;
    size_t defines, defined_cap;
    bool (*call)(void *script, const char *name, const eq_vector *arg, int n, eq_vector *out);
    bool degrees;   /* set units = degrees */
    int calls;      /* of defined functions that are open */
    size_t changes; /* of the circuit so far */
    eq_last_analysis last;
    bool skipped, ran, out_of_memory;
    bool refused;              /* an analysis could not be read */
    size_t commands, analyses; /* so far */
    size_t messages;           /* in diag before the block ran */
} eq_script;

void eq_script_free(eq_script *s);
/* A note at the command that runs. */
void eq_script_note(eq_script *s, const char *what, const char *text);

/* The plot of that name ("dc1"), from 0; s->plots: there is none. */
size_t eq_script_plot(const eq_script *s, const char *name);
/* Runs an analysis command, or (word NULL) analysis `number` of the deck itself. */
eq_status eq_script_analyse(eq_script *s, const char *word, const char *text, size_t number);
/* meas DC .. of the .dc that ran last, solved again with it; *name of the vector that it is. */
eq_status eq_script_measure(eq_script *s, const char *text, eq_text *name);
/* Keeps a card for the readings to come; of alter commands the last one of a target. */
eq_status eq_script_keep(eq_script *s, const char *word, const char *text);
eq_status eq_script_override(eq_script *s, eq_target target, const char *name, double value);
/* The deck as it was written, with what alterparam has said since. */
void eq_script_reset(eq_script *s);

/* Vectors and variables by name. */
eq_vectors_of eq_script_names(eq_script *s);
eq_status eq_script_let(eq_script *s, const char *name, eq_vector v);
/* The expression at *text; false, with a note: it has no value. */
bool eq_script_evaluate(eq_script *s, const char **text, eq_vector *out);
/* Column k of a table as a vector. */
eq_vector eq_script_column(const eq_result *r, size_t k);
/* Appends a vector, which it takes over. */
eq_status eq_script_append(eq_script *s, eq_named_vectors *to, const char *name, eq_vector v);
/* One more result, which it takes over. */
eq_status eq_script_show(eq_script *s, eq_result *r);
/* shown.c. Appends the vectors that a list of expressions names; those without a value are noted. */
eq_status eq_script_list(eq_script *s, const char *text, eq_named_vectors *out);
void eq_named_vectors_free(eq_named_vectors *v);
/* A table of them, the scale of the current plot first where they are as long. */
eq_status eq_script_table(eq_script *s, const eq_named_vectors *v, eq_result **out);
/* Shows vectors: those of the current plot in its table, others in one of their own. */
eq_status eq_script_print(eq_script *s, const char *text);
/* made.c. The first word in lower case; where the rest starts. */
const char *eq_over_blanks(const char *p);
const char *eq_first_word(const char *p, char word[EQ_LONGEST_WORD]);
/* compose NAME values .. | start=.. stop=.. step=.., define NAME(X, Y) BODY. */
eq_status eq_script_compose(eq_script *s, const char *text);
eq_status eq_script_define(eq_script *s, const char *text);
/* The value of a defined function at arg[0..n); false: there is none of that name. */
bool eq_script_call(void *script, const char *name, const eq_vector *arg, int n, eq_vector *out);

/* variables.c. A variable's text; NULL: there is none. */
const char *eq_script_variable(const eq_script *s, const char *name);
eq_status eq_script_set(eq_script *s, const char *name, const char *text);
/* A command with what stands for its variables and vectors. */
void eq_script_substitute(eq_script *s, const char *p, eq_text *out);
/* set NAME = TEXT, unset NAME, shift NAME [N], strcmp NAME A B. */
eq_status eq_script_set_command(eq_script *s, const char *text);
eq_status eq_script_unset(eq_script *s, const char *text);
eq_status eq_script_shift(eq_script *s, const char *text);
eq_status eq_script_compare(eq_script *s, const char *text);

/* files.c: write FILE LIST (a raw file), wrdata FILE LIST; LIST > FILE and TEXT > FILE of print and
 * echo, >> appends. All only into the folder that the user gave. */
eq_status eq_script_write(eq_script *s, const char *text);
eq_status eq_script_wrdata(eq_script *s, const char *text);
eq_status eq_script_print_into(eq_script *s, const char *text);
eq_status eq_script_echo_into(eq_script *s, const char *text);
/* All that was shown. */
eq_status eq_script_tables(eq_script *s, eq_tables *out);

#endif
