/* A circuit: interned nodes, one table per device class (structure of arrays), inputs, outputs and
 * trainable groups. Built by the readers of src/netlist/ or by code, then frozen: after
 * eq_circuit_freeze only parameter values change. All names are lower case. What a deck asks to be
 * done with it stands in deck.h. */
#ifndef EQ_CIRCUIT_CIRCUIT_H
#define EQ_CIRCUIT_CIRCUIT_H

#include "base/status.h"
#include "base/text.h"
#include "devices/registry.h"

enum { EQ_GROUND = 0, EQ_NONE = -1 };

/* Where an element was written. file indexes eq_circuit.file; -1: made by the program. */
typedef struct eq_location {
    int32_t file, line, column;
} eq_location;

/* The same in 8 bytes, for every element; a column above 65535 is kept as that. */
typedef struct eq_origin {
    int32_t line;
    uint16_t file, column; /* file: plus one */
} eq_origin;

/* All elements of one class. Row j: terminals term[0..3][j] (a, b and, for a voltage control, c, d:
 * the last two arrays are NULL otherwise), control[j] the controlling element (current control,
 * else NULL), formula[j] what a behavioural source follows (formula.h; else NULL), w[k][j] its
 * parameters and derived columns, id[j] its number in the circuit, model[j] the .model it was
 * written with (index in eq_circuit.model, EQ_NONE; NULL for classes without models). */
typedef struct eq_table {
    const eq_device_class *cls;
    size_t count, cap;
    eq_node *term[EQ_MAX_TERMINALS];
    eq_element *control;
    struct eq_formula **formula;
    double *w[EQ_MAX_COLUMNS];
    eq_element *id;
    int32_t *model;
} eq_table;

/* What a class is to the equations. */
static inline bool eq_is_linear(const eq_table *t) {
    return (t->cls->flags & EQ_LINEAR) != 0;
}

static inline bool eq_is_independent(const eq_table *t) {
    return (t->cls->flags & EQ_INDEPENDENT) != 0;
}

static inline bool eq_by_voltage(const eq_table *t) {
    return t->cls->control == EQ_CONTROL_VOLTAGE;
}

static inline bool eq_by_current(const eq_table *t) {
    return t->cls->control == EQ_CONTROL_CURRENT;
}

/* A current that another current controls: F. */
static inline bool eq_is_cccs(const eq_table *t) {
    return eq_by_current(t) && t->cls->defined == EQ_CURRENT_DEFINED;
}

/* The current is a function of the own drop and of one other at most. */
static inline bool eq_stands_between_nodes(const eq_table *t) {
    return t->cls->defined == EQ_CURRENT_DEFINED &&
           (t->cls->control == EQ_CONTROL_NONE || t->cls->control == EQ_CONTROL_VOLTAGE);
}

/* A law between two nodes whose energy depends on the parameter learns by Eq. 4.11, dp/dw; others
 * by the response of the potentials. */
static inline bool eq_learns_by_energy(const eq_table *t) {
    return eq_stands_between_nodes(t) && !eq_is_independent(t) && !eq_by_voltage(t);
}

/* The parameter that a number behind the nodes gives: dc, gain, resistance, conductance. */
static inline double eq_value(const eq_table *t, size_t j) {
    return t->w[t->cls->value][j];
}

/* Which row of which table an element is. */
typedef struct eq_row {
    int32_t cls, row;
} eq_row;

/* An output: one node, or the difference v(plus) - v(minus). minus is EQ_NONE for a single node. */
typedef struct eq_output {
    eq_node plus, minus;
    eq_element nudge_plus,
        nudge_minus; /* current sources that drive the nudge, EQ_NONE if absent */
} eq_output;

/* One `*% train` line: one parameter of elements of one class, trained together with their own
 * learning rate. */
typedef struct eq_group {
    char *name; /* the pattern of the deck, lower case: "rw*" */
    int32_t cls, param;
    double min, max; /* in the unit of the parameter */
    size_t count;
    int32_t *row; /* rows of the table of the class, in deck order */
} eq_group;

/* A potential that Newton starts from. */
typedef struct eq_start {
    eq_node node; /* EQ_NONE: every node that has none of its own */
    double v;     /* V */
} eq_start;

/* A .model card: kept so that writers can write it again. */
typedef struct eq_model {
    char *name;
    int32_t cls;
    double w[EQ_MAX_COLUMNS]; /* declared parameters; NAN where not given and without default */
    struct eq_osdi_model *compiled; /* of a class of a compiled module (osdi.h); NULL */
} eq_model;

/* Open at dc and no element: it says how fast a state is reached (solver/settling.h). */
typedef struct eq_capacitor {
    eq_node term[2];
    double farad; /* NAN: the deck does not say it in a way that is read here */
    eq_location at;
} eq_capacitor;

/* Numerical options of the deck; 0 or NAN never means "default" here:
 * eq_circuit_new fills them in. */
typedef struct eq_options {
    double abstol; /* A, 1e-12: absolute part of the KCL bound */
    double reltol; /* 1e-9 unless the deck asks for a tighter one: relative part of the KCL bound */
    int itl1;      /* Newton iterations of one solve, 100 */
} eq_options;

struct eq_circuit {
    char *title;
    int dialect; /* an eq_dialect (netlist.h): whose spelling and constants the deck had */
    char **file; /* names of the files read, for messages */
    int32_t files;
    size_t file_cap;
    eq_names *node, *element; /* node id 0 is "0" */
    eq_table table[EQ_CLASS_COUNT];
    eq_row *row;       /* row[e] of element e */
    eq_origin *origin; /* origin[e] of element e */
    size_t row_cap, origin_cap;
    eq_model *model;
    size_t models, model_cap;
    eq_environment env;
    eq_options options;
    eq_names *capacitor_name; /* of capacitor[k] */
    eq_capacitor *capacitor;
    size_t capacitors, capacitor_cap;
    eq_start *start; /* of .nodeset and .ic */
    size_t starts, start_cap;
    eq_element *
        off; /* in ascending order: limiting begins with them at no drop and holds them there for a while */
    size_t offs, off_cap;
    eq_element *input; /* V sources that carry the input vector, in order */
    size_t inputs, input_cap;
    eq_output *output;
    size_t outputs, output_cap;
    eq_group *group;
    size_t groups, group_cap;
    bool frozen;
};

eq_circuit *eq_circuit_new(void);
/* Takes the text over as the title; one that failed to grow is out of memory. */
eq_status eq_circuit_entitle(eq_circuit *c, eq_text *title, eq_diag *diag);

/* The model of the preset of that name (devices/preset.h), added if new; EQ_NONE: there is none. */
eq_status eq_circuit_preset(eq_circuit *c, const char *name, size_t length, int32_t *model,
                            eq_diag *diag);

/* The node of that name, made if new ("gnd" is "0"); EQ_NONE when memory runs out. Folds case. */
eq_node eq_circuit_node(eq_circuit *c, const char *name, size_t length);
/* The index of a file name in c->file, added if new; EQ_NONE when memory runs out. */
int32_t eq_circuit_file(eq_circuit *c, const char *name);

/* What eq_circuit_add needs. Unused terminals and control are EQ_NONE; w has one value for each
 * declared parameter of the class (its default_value where the deck says nothing); name is lower
 * case or not, is folded. */
typedef struct eq_card {
    int cls;
    const char *name;
    size_t name_length;
    eq_node term[EQ_MAX_TERMINALS];
    eq_element control;
    struct eq_formula *formula; /* the circuit's when the element is added */
    int32_t model;
    double w[EQ_MAX_COLUMNS];
    bool off; /* SPICE's word */
    eq_location at;
} eq_card;

/* A card of the class with every parameter at its default and nothing connected. */
eq_card eq_card_new(int cls);
/* Appends an element; *e is its number. Refuses a second element of the same name, parameters out
 * of their range and not-finite values, with the place. */
eq_status eq_circuit_add(eq_circuit *c, const eq_card *card, eq_element *e, eq_diag *diag);
/* Room for so many rows of each class and so many elements in all, so that large tables are not
 * moved while they grow; false: memory runs out. */
bool eq_circuit_reserve(eq_circuit *c, const size_t *rows, size_t elements);
/* groups.c. Lets the elements whose name matches `pattern` be trained, by the parameter of that
 * name (NULL: their value) between min and max. Resistors become memristors trained by their
 * conductance (g = 1/r, bounds in S). A value outside its bounds is an error. Rows are in deck
 * order. */
eq_status eq_circuit_train(eq_circuit *c, const char *pattern, const char *param, double min,
                           double max, eq_location at, eq_diag *diag);
/* circuit.c. Whether examples or nudges set the source e; whether a group is of the values of sources. */
bool eq_circuit_is_set(const eq_circuit *c, eq_element e);
static inline bool eq_group_is_source(const eq_group *g) {
    const eq_device_class *cls = eq_class(g->cls);
    return (cls->flags & EQ_INDEPENDENT) != 0 && g->param == cls->value;
}
/* Room for so many rows in every array that the class uses; writes a card into row `row` < cap. */
bool eq_table_reserve(eq_table *t, size_t rows);
void eq_table_set(eq_table *t, size_t row, const eq_card *card, eq_element id);
/* Whether it is an output already: readers name each once. */
bool eq_circuit_is_output(const eq_circuit *c, eq_node plus, eq_node minus);
/* Adds an output; the nudge sources are elements of class isource or EQ_NONE: freeze makes them
 * (named inudge_NODE, from ground into the node, 0 A). */
eq_status eq_circuit_output(eq_circuit *c, eq_node plus, eq_node minus, eq_element nudge_plus,
                            eq_element nudge_minus, eq_diag *diag);
eq_status eq_circuit_input(eq_circuit *c, eq_element source, eq_diag *diag);
/* added.c. Puts a resistor r from every node to ground. */
eq_status eq_circuit_shunt(eq_circuit *c, double r, eq_diag *diag);
/* Puts a 0-V source, whose number comes back, in series with a current-defined element of
 * two terminals, so that its current is one of the unknowns: a formula may depend on it. */
eq_status eq_circuit_sense(eq_circuit *c, eq_element e, eq_element *source, eq_diag *diag);
/* Adds a capacitor; refuses a second one of the name and a capacitance that is infinite. */
eq_status eq_circuit_capacitor(eq_circuit *c, const char *name, size_t length, const eq_node *term,
                               double farad, eq_location at, eq_diag *diag);
/* Potentials to start from; eq_circuit_begin fills v[nodes] with them, 0 elsewhere, and held[nodes]
 * with those of single nodes, NAN elsewhere. */
eq_status eq_circuit_start(eq_circuit *c, eq_node node, double v, eq_diag *diag);
void eq_circuit_begin(const eq_circuit *c, double *v, double *held);
/* The element is off; whether one is. */
eq_status eq_circuit_put_off(eq_circuit *c, eq_element e, eq_diag *diag);
bool eq_circuit_is_off(const eq_circuit *c, eq_element e);

/* Checks that controls exist and are voltage-defined and that there is an element, makes the
 * missing nudge sources, fills derived columns and fixes the topology. Paths to ground, loops and
 * cutsets are looked at by topology.h. */
eq_status eq_circuit_freeze(eq_circuit *c, eq_diag *diag);
/* Recomputes the derived columns after parameters or c->env changed. */
void eq_circuit_derive(eq_circuit *c);
/* Whether every parameter lies in its declared range, as eq_circuit_add demands: values may have
 * been changed since. */
eq_status eq_circuit_check_values(const eq_circuit *c, eq_diag *diag);

/* Whether parameter k of an element of the class may have the value; the place and the name (of
 * `length` bytes) are for the message. */
eq_status eq_param_check(const eq_device_class *cls, int k, double value, eq_place at, int length,
                         const char *name, eq_diag *diag);

/* handle.c. Whether the parameter may have the value. */
eq_status eq_handle_check(const eq_circuit *c, eq_handle h, double value, eq_diag *diag);
/* Where the parameter, or what it is the inverse of, stands: to keep it and to give it back to the
 * bit. */
double *eq_handle_place(const eq_circuit *c, eq_handle h);
/* As eq_handle_get; a temperature that is not given is the circuit's, other parameters what the class
 * makes of those that are. */
double eq_handle_effective(const eq_circuit *c, eq_handle h);
/* The same of parameter k of a model that is not compiled. */
double eq_model_effective(const eq_circuit *c, const eq_model *m, int k);
/* The parameter that decks write behind the nodes: of a conductance its resistance. */
eq_handle eq_handle_as_written(const eq_circuit *c, eq_element e);

/* Every parameter by which there is a derivative (all: every other one too), in deck order, the value of an element as the deck
 * writes it: `for (eq_handle_walk w = {0}; eq_handle_next(c, &w);)` w.handle. */
typedef struct eq_handle_walk {
    eq_handle handle;
    eq_element element; /* the next one to look at */
    int param;
    bool all;
} eq_handle_walk;
bool eq_handle_next(const eq_circuit *c, eq_handle_walk *w);
/* Its name: "r1", or "d1(is)" of one that is not the value. */
void eq_handle_name(const eq_circuit *c, eq_handle h, eq_text *name);

/* A pointer to parameter k of element e, to read or change it (then eq_circuit_derive). */
double *eq_circuit_param(eq_circuit *c, eq_element e, int k);
/* The dc value of a V or I source. */
double *eq_circuit_source(eq_circuit *c, eq_element e);
eq_place eq_circuit_place(const eq_circuit *c, eq_location at);
eq_place eq_circuit_place_of(const eq_circuit *c, eq_element e);
eq_location eq_circuit_at(const eq_circuit *c, eq_element e);
/* Appends the elements that carry current to node `member`, or to any node n with group[n] ==
 * member when group is given, at most four: "r1, d2"; returns the first, EQ_NONE when there is
 * none. */
eq_element eq_circuit_name_touching(const eq_circuit *c, const int32_t *group, int32_t member,
                                    eq_text *text);

#endif
