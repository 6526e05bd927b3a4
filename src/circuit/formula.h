/* A formula: y = f(inputs) of a behavioural source, kept as a list of operations (a Wengert list).
 * Its derivatives by all inputs come from one backward sweep (reverse accumulation; Griewank and
 * Walther 2008, section 3.2). */
#ifndef EQ_CIRCUIT_FORMULA_H
#define EQ_CIRCUIT_FORMULA_H

#include "circuit/circuit.h"
#include "circuit/operations.h"

typedef enum eq_input_kind {
    EQ_INPUT_DROP,        /* v(plus) - v(minus) */
    EQ_INPUT_CURRENT,     /* i(branch) of a voltage-defined element */
    EQ_INPUT_TEMPERATURE, /* degrees C */
    EQ_INPUT_PARAM,       /* parameter `plus` of element `branch`; of .print and .measure only */
    EQ_INPUT_STORED,      /* what element `branch` stores, `plus` and `minus` of eq_stored; in those
                             cards only */
    EQ_INPUT_MEASURE,     /* value of the .measure card `plus`; in those cards only */
} eq_input_kind;

typedef struct eq_formula_input {
    eq_input_kind kind;
    eq_node plus, minus; /* of a current: EQ_NONE; the reader's mark until its name is resolved */
    eq_element branch;
} eq_formula_input;

/* An operand: a number, or the value of a slot. */
typedef struct eq_operand {
    double number;
    int32_t slot; /* EQ_NONE: the number */
} eq_operand;

/* The kinds of slots that are no operation of operations.h. */
enum { EQ_SLOT_NUMBER = -1, EQ_SLOT_INPUT = -2, EQ_SLOT_PIECEWISE = -3 };

typedef struct eq_slot {
    int32_t operation; /* of operations.h, or an EQ_SLOT_ */
    int32_t
        arg[EQ_MOST_OPERANDS]; /* slots; of an input its number; of points: slot, first, count */
    double number;
} eq_slot;

/* A switch with hysteresis: its slot `closed` compares an input with `up`, or, from where it closed
 * on, with `down`. */
typedef struct eq_hysteresis {
    int32_t closed; /* EQ_NONE: no such switch */
    double up, down;
    bool on; /* as its line says */
} eq_hysteresis;

typedef struct eq_formula {
    eq_slot *slot; /* each after those it uses */
    size_t slots, slot_cap;
    eq_formula_input *input;
    size_t inputs, input_cap;
    double *point; /* x1 y1 x2 y2 ... of all piecewise slots */
    size_t points, point_cap;
    int32_t result; /* the slot of the value */
    eq_hysteresis held;
    bool failed; /* out of memory: parts are missing */
} eq_formula;

eq_formula *eq_formula_new(void);
void eq_formula_free(eq_formula *f);

/* Each adds a slot; when memory runs out f->failed is set and stays. */
eq_operand eq_formula_number(eq_formula *f, double value);
eq_operand eq_formula_input_of(eq_formula *f, eq_formula_input input);
/* A number when all operands are numbers. */
eq_operand eq_formula_apply(eq_formula *f, int operation, const eq_operand *x);
/* Linear interpolation in `count` points x1 y1 x2 y2 ..., x rising, that goes on with the first and
 * last slope, as pwl() of ngspice. */
eq_operand eq_formula_points(eq_formula *f, eq_operand x, const double *point, size_t count);
/* The same, but staying at the first and last value; with a share > 0 each corner (c, y) is rounded
 * over h = share times its shorter neighbour: for t = x - c within +-h the parabola
 * y + (m + n) t/2 + (n - m) (t^2 + h^2)/(4 h) joins the lines of slope m and n. 0.1 gives ngspice's
 * TABLE (XSPICE's pwl with input_domain=0.1; measured). */
eq_operand eq_formula_table(eq_formula *f, eq_operand x, const double *point, size_t count,
                            double share);

/* input > up, or, of a switch that is on, input >= down: with down < up the state that the formula
 * keeps. */
eq_operand eq_formula_threshold(eq_formula *f, eq_operand input, double up, double down, bool on);
const eq_formula_input *eq_formula_held_input(const eq_formula *f);
/* Whether a switch in its state closes at this input, or stays closed; the state it has from now on. */
bool eq_formula_closes(const eq_formula *f, double input);
void eq_formula_switch(eq_formula *f, bool on);
bool eq_formula_is_on(const eq_formula *f);
/* It keeps its state whatever the input, until it is switched. */
void eq_formula_freeze(eq_formula *f);

/* Slot `slot` of another formula with all that it is made of. */
eq_operand eq_formula_insert(eq_formula *f, const eq_formula *from, int32_t slot);
/* The partial derivative of y by the input slot x as further slots of the formula (forward
 * accumulation). NULL, or the name of an operation whose derivative is not known here. */
const char *eq_formula_derivative(eq_formula *f, eq_operand y, eq_operand x, eq_operand *value);

/* Doubles of work space that an evaluation needs. */
size_t eq_formula_work(const eq_formula *f);
/* f(in), and its derivatives by the inputs into slope (may be NULL). in, slope: [inputs]. */
double eq_formula_evaluate(const eq_formula *f, const double *in, double *slope, double *work);

#endif
