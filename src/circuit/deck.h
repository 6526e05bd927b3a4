/* A deck: a circuit, the analyses it is asked for (the plan), and what they give (the probes).
 * Readers of src/netlist/ write it, src/analysis/ interprets it. */
#ifndef EQ_CIRCUIT_DECK_H
#define EQ_CIRCUIT_DECK_H

#include "circuit/circuit.h"

typedef enum eq_analysis_type {
    EQ_ANALYSIS_OP,
    EQ_ANALYSIS_DC,
    EQ_ANALYSIS_TF,
    EQ_ANALYSIS_SENS,
    EQ_ANALYSIS_COUNT
} eq_analysis_type;
enum { EQ_ANY_ANALYSIS = (1u << EQ_ANALYSIS_COUNT) - 1 };

/* What a sweep changes from point to point. */
typedef enum eq_target {
    EQ_TARGET_ELEMENT, /* a parameter of an element */
    EQ_TARGET_TEMP,    /* the temperature in degrees C */
    EQ_TARGET_PARAM,   /* a .param of the deck, which is read again for each value */
    EQ_TARGET_MODEL,   /* a parameter of a .model; the deck is read again */
} eq_target;

/* How the values of a sweep follow each other. */
typedef enum eq_spacing {
    EQ_SPACING_LINEAR, /* start + j step */
    EQ_SPACING_RATIO,  /* start step^j: decades and octaves */
    EQ_SPACING_LIST,   /* eq_deck.value[first + j stride] */
} eq_spacing;

typedef struct eq_sweep {
    eq_target target;
    eq_handle handle; /* EQ_TARGET_ELEMENT, and */
    double factor;    /* what it is for a value of 1: scale/m of a resistor */
    int32_t label;    /* name of the swept variable, in eq_deck.label */
    eq_spacing spacing;
    double start, stop, step;
    bool ends; /* the last value is stop, whatever the step (LTspice) */
    size_t points, first, stride;
    bool again;   /* the deck is read again for each value, as always for parameters and models */
    bool follows; /* a column of a .data table: moves with the sweep before it */
} eq_sweep;

/* One analysis of the deck, in deck order; sweep[0] of a .dc is the innermost loop. */
enum { EQ_MOST_SWEEPS = 16 };
typedef struct eq_analysis {
    eq_analysis_type type;
    int sweeps;     /* 0 for .op */
    bool stands_in; /* an operating point for analyses that are not done */
    eq_sweep sweep[EQ_MOST_SWEEPS];
    struct eq_formula *output; /* of .tf and .sens; the deck's */
    int32_t label;             /* its name: "v(out)" */
    eq_element source;         /* of .tf */
    size_t first, wanted;      /* of .sens: eq_deck.wanted[first ..]; wanted 0: by everything */
    bool alternating;          /* of .sens: the card asks for AC */
    eq_location at;
} eq_analysis;

/* What a column of numbers is. */
typedef enum eq_quantity { EQ_QUANTITY_NONE, EQ_QUANTITY_VOLTAGE, EQ_QUANTITY_CURRENT } eq_quantity;

/* A vector that .print, .plot or .save asks for. */
typedef struct eq_print {
    int32_t label; /* its name in eq_deck.label; EQ_NONE: every node and source */
    eq_quantity quantity;
    struct eq_formula *formula; /* the deck's; NULL: everything */
    unsigned analyses;          /* 1 << type for each type of analysis that gives it */
} eq_print;

typedef enum eq_measure_kind {
    EQ_MEASURE_FIND, /* a quantity at an event, at the end without one */
    EQ_MEASURE_DERIV,
    EQ_MEASURE_WHEN,    /* where an event is */
    EQ_MEASURE_BETWEEN, /* from one event to another */
    EQ_MEASURE_MIN,
    EQ_MEASURE_MAX,
    EQ_MEASURE_MIN_AT,
    EQ_MEASURE_MAX_AT,
    EQ_MEASURE_PP,
    EQ_MEASURE_AVG,
    EQ_MEASURE_RMS,
    EQ_MEASURE_INTEG,
    EQ_MEASURE_PARAM, /* of other measures */
} eq_measure_kind;

/* Where a sweep meets a condition: difference = 0, or the swept value = at. */
typedef struct eq_event {
    struct eq_formula *difference; /* NULL: at */
    double at;
    int direction; /* +1 rising, -1 falling, 0 either */
    int count;     /* the count-th time; -1 the last one; 0: there is no event */
    double delay;  /* not before this swept value */
} eq_event;

/* A .measure card. */
typedef struct eq_measure {
    int32_t label;
    eq_measure_kind kind;
    unsigned analyses;
    struct eq_formula *what; /* NULL for EQ_MEASURE_WHEN and _BETWEEN */
    eq_event event[2];
    double from, to; /* what counts of the sweep */
    eq_location at;
} eq_measure;

/* A command of a .control block. */
typedef struct eq_plan_line {
    char *text; /* without comment */
    eq_location at;
} eq_plan_line;

/* A value that is not 1 times what the deck says: of an R with m or scale, an I with m. */
typedef struct eq_multiple {
    eq_element element;
    double factor;
} eq_multiple;

struct eq_deck {
    eq_circuit *circuit;
    eq_multiple *multiple; /* by element, as elements come */
    size_t multiples, multiple_cap;
    eq_plan_line *plan; /* commands, in order */
    size_t plan_lines, plan_cap;
    const struct eq_again *again; /* how it was read again (netlist.h); NULL: the first reading */
    char **text; /* [circuit->files] what stands in them, kept when a sweep reads them again; else
                    NULL */
    eq_names *label; /* of sweeps, prints and measures: "x", "dm(is)", "temp", "v1" */
    eq_analysis *analysis;
    size_t analyses, analysis_cap;
    eq_sweep *step; /* loops around every analysis (.step, .temp T1 T2 ...), innermost first */
    size_t steps, step_cap;
    eq_handle *wanted; /* parameters that .sens cards name */
    size_t wants, want_cap;
    double *value; /* of sweeps over a list */
    size_t values, value_cap;
    eq_print *print;
    size_t prints, print_cap;
    eq_measure *measure;
    size_t measures, measure_cap;
};

/* An empty deck around an empty circuit; NULL: out of memory. */
eq_deck *eq_deck_new(void);
/* Frees the deck around its circuit, which is the caller's then. */
eq_circuit *eq_deck_release(eq_deck *d);

/* Notes what stands in the table for a value of 1 on the line of the latest element; false: memory ran out. */
bool eq_deck_note_multiple(eq_deck *d, eq_element e, double factor);
/* That of a parameter: 1 but for the value that the line gives. */
double eq_deck_scale(const eq_deck *d, eq_handle h);

/* Takes over the output, also when it fails. */
eq_status eq_deck_add_analysis(eq_deck *d, const eq_analysis *a, eq_diag *diag);
eq_status eq_deck_add_step(eq_deck *d, const eq_sweep *s, eq_diag *diag);
/* Both take over the formulas, also when they fail. */
eq_status eq_deck_add_print(eq_deck *d, const eq_print *p, eq_diag *diag);
eq_status eq_deck_add_measure(eq_deck *d, const eq_measure *m, eq_diag *diag);

/* ---- Sweeps (sweep.c) ---- */

/* A sweep over an element's value, over "temp", or over what the label says, without
 * values yet; EQ_NONE as its label: out of memory. */
eq_sweep eq_sweep_of(eq_deck *d, eq_target target, eq_handle handle, const char *label);
/* Gives it its values: start, start + step, ..., stop, with room for a rounding error of the last
 * one; false: the step does not lead there, or there are more than EQ_MOST_ITEMS,
 * and then s->points is. */
bool eq_sweep_steps(eq_sweep *s, double start, double stop, double step);
/* As many points for each factor of `base` (10 or 2) from start to stop, both above 0. */
bool eq_sweep_ratio(eq_sweep *s, double base, double start, double stop, double points);
/* Lets the last value be stop itself. */
void eq_sweep_end(eq_sweep *s);
/* One more value of a list. */
eq_status eq_sweep_add(eq_deck *d, eq_sweep *s, double value, eq_diag *diag);
double eq_sweep_value(const eq_deck *d, const eq_sweep *s, size_t j);
const char *eq_sweep_name(const eq_deck *d, const eq_sweep *s);
/* Lets every sweep over the temperature read the deck again. */
void eq_deck_reheat(eq_deck *d);
/* True if the deck is read again for each value. */
bool eq_sweep_rereads(const eq_sweep *s);
/* True if a sweep of the deck reads it again. */
bool eq_deck_rereads(const eq_deck *d);

#endif
