/* What the files of the SPICE reader share (*.c). Reading goes in two passes over the text,
 * which stays in memory: the first (scan.c) reads the cards that define names (.param .func
 * .model .subckt .include ...) into scopes and notes which stretches of the text hold elements; the
 * second (expand.c) walks over these stretches, once for each instance, and puts every
 * element straight into the tables of the circuit. Analyses and directives come last, when all
 * names are known. */
#ifndef EQ_NETLIST_SPICE_SPICE_H
#define EQ_NETLIST_SPICE_SPICE_H

#include "base/limits.h"
#include "netlist/expression.h"
#include "netlist/netlist.h"

typedef struct eq_spice eq_spice;

enum {
    EQ_MAX_ERRORS = 20,
    EQ_MAX_INCLUDE_DEPTH = 20,
    EQ_MAX_INCLUDES = 10000,
    EQ_MAX_INSTANCE_DEPTH = 50,
};

/* The most calls of .func: so many in one expression, and those used up come back by EQ_CALLS_EACH
 * with each expression, so that the work grows with the deck. The fuzzer sets fewer: a kilobyte of
 * nested functions may be a second of work. */
#ifndef EQ_MAX_CALLS
#define EQ_MAX_CALLS 100000
#endif
enum { EQ_CALLS_EACH = 1000 };

/* A stretch of text that holds elements of one scope. */
typedef struct eq_run {
    eq_cursor at;
    int32_t condition; /* in eq_spice.condition; EQ_NONE: always */
    size_t elements;
    bool instances; /* some of the elements are subcircuits */
} eq_run;

/* A branch of an .if ... .endif. */
typedef struct eq_condition {
    int32_t outer;  /* branch that the .if stands in; EQ_NONE */
    int32_t first;  /* first branch of the same .if */
    int32_t next;   /* next branch of the same .if */
    bool otherwise; /* .else */
    bool busy;      /* its test is being evaluated */
    bool failed;    /* its test has no value */
    eq_cursor test;
    eq_location at;
} eq_condition;

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
    int32_t next;      /* in eq_spice.variant: the same name under another condition; EQ_NONE */
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
    int32_t base, condition; /* of the text around it, of its .subckt line (eq_spice.base) */
    eq_run *run;
    size_t runs, run_cap;
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
    unsigned char *state;
    eq_node *port;
    double m; /* multiplier of the instance and all around it */
    int depth;
} eq_frame;

/* When a card or directive is read, once all elements are known. */
typedef enum eq_phase {
    EQ_PHASE_OPTIONS,
    EQ_PHASE_NAMES,
    EQ_PHASE_TRAIN,
    EQ_PHASE_LAST,
    EQ_PHASES
} eq_phase;

typedef void (*eq_reader)(eq_spice *s, eq_cursor *c, eq_location at);

typedef struct eq_late {
    eq_phase phase;
    int32_t condition;
    eq_cursor at; /* behind the word */
    eq_location place;
    eq_reader read;
} eq_late;

/* An F or H, or a current in a formula, whose control is looked up by name at the end. */
typedef struct eq_pending {
    eq_element element;
    int32_t input;   /* of its formula; EQ_NONE: an F or H */
    int32_t control; /* in eq_spice.controls */
    eq_location at;
} eq_pending;

/* A value that is not 1 times what the deck says: of an R with m or scale, an I with m. */
typedef struct eq_factor {
    eq_element element;
    double factor;
} eq_factor;

/* Temperature of a formula in C (NAN: the circuit's, and dtemp above it) and its coefficients. */
typedef struct eq_warmth {
    double tc1, tc2, temp, dtemp;
} eq_warmth;

/* A slot of an element's formula that is tnom, known when all .options are read. */
typedef struct eq_reference {
    eq_element element;
    int32_t slot;
} eq_reference;

/* A parameter that .step gives its values. */
typedef struct eq_declared {
    eq_token name;
    eq_cursor value;
} eq_declared;

/* A .data table: its text behind the name, up to .enddata. */
typedef struct eq_data_table {
    eq_token name;
    eq_cursor at;
} eq_data_table;

/* The arguments of the .func being evaluated, and of the one whose body calls it. */
typedef struct eq_arguments {
    const struct eq_arguments *outer;
    const eq_definition *function;
    const char *name[EQ_MAX_ARGUMENTS];
    size_t length[EQ_MAX_ARGUMENTS];
    const eq_operand *value;
    int count;
} eq_arguments;

typedef struct eq_source {
    char *text;
    size_t length;
    eq_location from; /* the line that includes it; file EQ_NONE for the deck */
    bool active;      /* being scanned */
} eq_source;

/* An output of a *% output line and the sources of a *% nudge line. */
typedef struct eq_pair {
    int32_t plus, minus; /* nodes or elements; EQ_NONE when there is none */
    eq_location at;
} eq_pair;

struct eq_spice {
    eq_circuit *circuit;
    eq_diag *diag, *scratch;
    int errors;
    bool stop;      /* too many errors or out of memory */
    int candidates; /* that were compared with misspelt words */
    eq_status status;
    eq_location reported[EQ_MAX_ERRORS];
    eq_names *noted, *global, *controls, *instance;
    bool endless; /* a subcircuit contains itself */
    eq_scope **scope;
    size_t scopes, scope_cap;
    eq_source *source; /* by file index of the circuit */
    int32_t sources;
    size_t source_cap;
    int includes;
    eq_frame *frame; /* being expanded; NULL while scanning */
    const eq_arguments *arguments;
    eq_formula *formula; /* being read; NULL: expressions are numbers */
    bool test;           /* of .if: = is == */
    bool temperature;    /* a .temp card gave it */
    const char *card; /* whose expression may ask for what the circuit does (".print"); else NULL */
    int depth;        /* of nested expressions */
    int calls_left;   /* of .func */
    eq_late *late;
    size_t lates, late_cap;
    eq_pending *pending;
    size_t pendings, pending_cap;
    eq_condition *condition;
    size_t conditions, condition_cap;
    int32_t current; /* condition of the text being scanned; EQ_NONE */
    int32_t base;    /* the one around the file or subcircuit */
    eq_definition *variant;
    size_t variants, variant_cap;
    eq_factor *factor; /* by element */
    size_t factors, factor_cap;
    eq_reference *reference;
    size_t references, reference_cap;
    eq_data_table *data;
    size_t datas, data_cap;
    eq_declared *declared;
    size_t declareds, declared_cap;
    const eq_circuit *first;     /* of a second reading: has the texts of the files; else NULL */
    const eq_override *override; /* values that stand in for the deck's own */
    size_t overrides;
    size_t lines[26]; /* of elements at the top level of the deck, by their first letter */
    eq_text name;     /* scratch: full element and node names */
    eq_card
        plain; /* scratch of eq_spice_plain_element: a card of the class that the last one had */
    eq_pair *output, *nudge;
    size_t outputs, output_cap;
    size_t nudges, nudge_cap;
};

/* error.c: an error with the chain of includes and instances appended; each place is reported
 * once. */
eq_status eq_spice_fail(eq_spice *s, eq_location at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Hands the errors of s->scratch on. */
eq_status eq_spice_pass_on(eq_spice *s, eq_status status);
eq_status eq_spice_no_memory(eq_spice *s);
/* False, with an error at t, when the name that t stands for has more than EQ_MAX_NAME bytes. */
bool eq_spice_name_fits(eq_spice *s, eq_token t, size_t length);
/* A note given once for each `key`. */
void eq_spice_note(eq_spice *s, const char *key, eq_location at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* " (did you mean X?)" for the candidate nearest to the word, "" when none is near. `next` gives
 * candidate k or NULL at the end; buffer holds the result. */
typedef const char *(*eq_candidate)(const void *data, size_t k);
const char *eq_spice_nearest(eq_spice *s, eq_token word, eq_candidate next, const void *data,
                             char buffer[96]);
const char *eq_spice_nearest_name(eq_spice *s, eq_token word, const eq_names *names,
                                  char buffer[96]);

/* scope.c */
eq_definition *eq_define(eq_spice *s, eq_scope *scope, int kind, eq_token name);
eq_definition *eq_dictionary_find(const eq_dictionary *d, eq_token name, int32_t *id);
void eq_scope_free(eq_scope *scope);
eq_scope *eq_scope_new(eq_spice *s, eq_token name, int32_t parent);
/* A definition seen from a frame: in its scope or in those around it (lexically). */
eq_definition *eq_scope_find(const eq_spice *s, const eq_scope *from, int kind, eq_token name,
                             eq_scope **where);
/* The value of the expression at the cursor, as seen from s->frame. */
eq_status eq_spice_value(eq_spice *s, eq_cursor *c, double *value);
/* The same as an operand of s->formula. */
eq_status eq_spice_operand(eq_spice *s, eq_cursor *c, eq_operand *value);
/* The same, with = for == (ngspice: .if (a = 1)). */
eq_status eq_spice_test(eq_spice *s, eq_cursor *c, double *value);
/* Over the value of NAME = VALUE: behind its last token. */
void eq_spice_skip_value(eq_cursor *c);
/* True if the cursor stands at NAME = (and not at a comparison). */
bool eq_spice_at_key(const eq_cursor *c);
/* Every parameter of the frame is given its value, so that errors in unused ones show too. */
void eq_frame_resolve(eq_spice *s);
eq_status eq_frame_open(eq_spice *s, eq_frame *f, eq_scope *scope);
void eq_frame_close(eq_frame *f);
/* Notes down that .step gives the parameter values, the first one at the cursor;
 * eq_spice_define_steps then defines those that have no .param card. */
void eq_spice_declare(eq_spice *s, eq_token name, eq_cursor value);
void eq_spice_define_steps(eq_spice *s);
/* Gives the parameters of the deck's own frame the values of s->override. */
void eq_frame_override(eq_spice *s, eq_frame *root);

/* recognise.c: the dialect that the deck's own cards give away; EQ_NGSPICE without a sign. *word is
 * the sign. */
eq_dialect eq_spice_recognise(const char *text, size_t length, const char **sign);

/* scan.c */
eq_status eq_spice_scan(eq_spice *s, const char *name, char *text, size_t length);

/* model.c: the circuit's model of the .model `name` seen from s->frame, of class letter
 * `letter`; EQ_NONE: an error was reported. */
int32_t eq_spice_model(eq_spice *s, eq_token name, char letter);
/* The .model card of that name seen from s->frame, and the frame whose scope holds it; NULL: an
 * error was reported. */
eq_definition *eq_spice_model_card(eq_spice *s, eq_token name, char letter, eq_frame **frame);
/* Reads every .model of the deck's own scope, used or not. */
void eq_spice_all_models(eq_spice *s);

/* True if a .model of that name has the parameter; its value. */
bool eq_spice_model_has(const eq_spice *s, eq_token name, eq_token param);
bool eq_spice_model_value(const eq_spice *s, eq_token name, eq_token param, double *value);

/* source.c: the waveform `word` of a V or I source, if it is one: its value at t = 0. False:
 * the word is none. */
bool eq_spice_waveform(eq_spice *s, eq_cursor *c, eq_token word, double *at_zero);
/* A number or expression at the cursor. */
bool eq_spice_number_at(eq_spice *s, eq_cursor *c, double *value, const char *what);
bool eq_spice_is_value(eq_token t);

/* formula.c: the right-hand side of a behavioural source at the cursor, value={...}, poly(n)
 * ... and their kin; the card of that letter becomes one of a behavioural class. EQ_NOT_FOUND:
 * nothing such stands there. */
eq_lookup eq_spice_formula(eq_spice *s, eq_cursor *c, char letter, eq_card *card);
/* The control at the cursor: two nodes, or the element whose current controls. */
bool eq_spice_input(eq_spice *s, eq_cursor *c, bool current, eq_formula_input *in);
/* The formula times ("*") or divided by ("/") what its temperature above `reference` makes of it.
 */
bool eq_spice_formula_temperature(eq_spice *s, eq_formula *f, const eq_warmth *w, const char *sign,
                                  eq_operand reference);
/* The drop across nodes a and b divided by y, as the formula of a resistor. */
bool eq_spice_formula_conductance(eq_spice *s, eq_formula *f, eq_node a, eq_node b, eq_operand y);

/* switch.c: what follows the nodes of a switch S or W; the card of class behavioural_current
 * gets its formula. */
bool eq_spice_switch(eq_spice *s, eq_cursor *c, char letter, eq_card *card);

/* resistor.c: the resistance by length and width (NAN: the model's) into *r, which stays as
 * it is when the model has no rsh; false: an error was reported. */
bool eq_spice_sheet(eq_spice *s, eq_token model, double length, double width, double *r);

/* pwl.c: the ideal diode between nodes a and b in the form that the writers give it, w = ron,
 * roff, vfwd; false and the cursor unmoved when the rest of the line is anything else. */
bool eq_spice_ideal_diode(eq_cursor *c, eq_token a, eq_token b, double w[3]);

/* element.c: one element line. */
void eq_spice_element(eq_spice *s, eq_cursor *c);
/* The same for the words of R1 a b 1k, V1 a b 5 or I1 a b 1m, as most lines of large decks are: a
 * third of the work. False and nothing done: it is any other line. */
bool eq_spice_plain_element(eq_spice *s, const eq_token word[EQ_PLAIN_WORDS], bool xyce);
/* The node of that name seen from s->frame; EQ_NONE: an error was reported. */
eq_node eq_spice_node(eq_spice *s, eq_token name);
/* The full name of element `name` in s->frame, in s->name: r1 in x1 is r.x1.r1. */
void eq_spice_full_name(eq_spice *s, eq_token name);
void eq_spice_set_references(eq_spice *s);
/* What stands in the table for a value of 1 on the line of element e. */
double eq_spice_factor(const eq_spice *s, eq_element e);
/* The number in s->controls of the full name of an element whose current controls; EQ_NO_NAME: an
 * error was reported. */
int32_t eq_spice_control(eq_spice *s, eq_token name);

/* expand.c: false, with an error, when the deck expands to more than eq_max_elements or for
 * ever. */
bool eq_spice_finite(eq_spice *s);
void eq_spice_expand(eq_spice *s, eq_frame *frame);
void eq_spice_instance(eq_spice *s, eq_cursor *c, eq_token name);

/* card.c: one dot card; the cards of the first pass are read at once, the others noted down.
 */
typedef enum eq_card_action {
    EQ_CARD_DONE,
    EQ_CARD_SUBCKT,
    EQ_CARD_ENDS,
    EQ_CARD_INCLUDE,
    EQ_CARD_LIB,
    EQ_CARD_ENDL,
    EQ_CARD_CONTROL,
    EQ_CARD_END,
    EQ_CARD_IF,
    EQ_CARD_ELSEIF,
    EQ_CARD_ELSE,
    EQ_CARD_ENDIF,
    EQ_CARD_DATA
} eq_card_action;
eq_card_action eq_spice_card(eq_spice *s, eq_scope *scope, eq_cursor *c);
void eq_spice_later(eq_spice *s, eq_phase phase, eq_cursor c, eq_location at, eq_reader read);
/* Reads what was noted down, phase by phase. */
void eq_spice_read_late(eq_spice *s);

/* Of a .temp card, which beats .options temp wherever it stands (measured with ngspice 39). */
void eq_spice_set_temperature(eq_spice *s, double value, eq_location at);

/* analysis.c */
void eq_spice_op(eq_spice *s, eq_cursor *c, eq_location at);
void eq_spice_dc(eq_spice *s, eq_cursor *c, eq_location at);
void eq_spice_step(eq_spice *s, eq_cursor *c, eq_location at);
/* True for R, V and I elements, whose value is meant when no parameter is named. */
bool eq_spice_has_value(const eq_spice *s, eq_element e);
void eq_spice_temp(eq_spice *s, eq_cursor *c, eq_location at);
/* In the first pass: notes down a parameter that only .step gives its values. */
void eq_spice_declare_step(eq_spice *s, eq_scope *scope, eq_cursor *c);

/* condition.c: a line of .if ... .endif, behind its word. */
void eq_spice_if(eq_spice *s, eq_card_action action, eq_cursor *c, eq_location at);
/* Every .if opened since s->base must be closed here. */
void eq_spice_close_ifs(eq_spice *s);
/* True if what stands under the condition counts, as seen from the frame. */
bool eq_spice_holds(eq_spice *s, int32_t condition, eq_frame *frame);
/* The definition among d and its variants whose condition holds; NULL: none. */
eq_definition *eq_spice_choose(eq_spice *s, eq_definition *d, eq_frame *frame);

/* start.c */
void eq_spice_nodeset(eq_spice *s, eq_cursor *c, eq_location at);
void eq_spice_ic(eq_spice *s, eq_cursor *c, eq_location at);

/* probe.c. A formula of potentials, currents, powers and properties: begun, one or more
 * operands read from a card (".print"), ended (with or without its value). False and NULL: an error
 * was reported. */
bool eq_spice_probe_begin(eq_spice *s);
bool eq_spice_probe_operand(eq_spice *s, eq_cursor *c, const char *card, eq_operand *value);
eq_formula *eq_spice_probe_end(eq_spice *s, bool done, eq_operand value);
/* v(a), v(a,b), i(x), p(x) = w(x), n(x) or temper, now that all nodes and elements are known. */
eq_lookup eq_spice_probe_input(eq_spice *s, eq_token what, eq_token first, eq_token second,
                               eq_operand *value);
/* What a name that is no parameter may be: a .measure card, r1:r or dm:is, or r1 for its value. */
eq_lookup eq_spice_asked(eq_spice *s, eq_token name, eq_operand *value);

/* NAME:PARAM parted at its last colon; false: there is none. */
bool eq_spice_part(eq_token t, eq_token *name, eq_token *param);
/* The column of a class that the parameter names, -1: none; dcv0 is Xyce's word for the dc value of
 * a source. */
int eq_spice_column(const eq_device_class *cls, eq_token param);
bool eq_spice_is_property(const eq_spice *s, eq_token name);

/* print.c: the vectors of a .print, .plot or .save card. */
void eq_spice_print(eq_spice *s, eq_cursor *c, eq_location at);

/* The types of analysis that a word such as dc asks for: 1 << type; 0: one that eqspice does not
 * do, -1: any other word. */
int eq_spice_analyses_of(eq_token t);

/* measure.c: a .measure card. */
void eq_spice_measure(eq_spice *s, eq_cursor *c, eq_location at);

/* directive.c: notes a *% line down; c stands at its *. */
void eq_spice_directive(eq_spice *s, eq_cursor *c);
/* The element of that full name; EQ_NONE: an error was reported that starts with `what`. */
eq_element eq_spice_find_element(eq_spice *s, eq_token name, const char *what);
/* The same without an error; x1:r1 (Xyce) is r.x1.r1. */
eq_element eq_spice_element_of(const eq_spice *s, eq_token name);
eq_node eq_spice_node_of(const eq_spice *s, eq_token name);
eq_node eq_spice_find_node(eq_spice *s, eq_token name, const char *what);
/* Gives the circuit the outputs of the *% output and *% nudge lines. */
void eq_spice_finish_directives(eq_spice *s);
/* "expected X but found Y" */
eq_status eq_spice_expected(eq_spice *s, eq_token found, const char *what);

#endif
