/* Expressions of SPICE decks: {2*g + max(a, 1k)}, evaluated while they are read (precedence
 * climbing, Richards 1979; Norvell), or made into the formula of a behavioural source. Operators,
 * functions and their meaning as in ngspice's numparam; where ngspice gives a surprising number the
 * expression is refused with the reason instead. */
#ifndef EQ_NETLIST_EXPRESSION_H
#define EQ_NETLIST_EXPRESSION_H

#include "circuit/formula.h"
#include "netlist/lexer.h"
#include "netlist/netlist.h"

enum { EQ_MAX_ARGUMENTS = 16, EQ_MAX_EXPRESSION_DEPTH = 4500 };

typedef enum eq_lookup { EQ_FOUND, EQ_NOT_FOUND, EQ_LOOKUP_FAILED } eq_lookup;

/* Where names come from and errors go to. `depth` is shared by nested evaluations and bounds the
 * stack. With a formula, v(a), v(a,b), i(vx) and temper are inputs of it, asked for with `input`
 * (what: "v", "i", "temper"; second.length 0 when absent),
 * and what depends on them becomes slots. */
typedef struct eq_names_of {
    void *data;
    int *depth;
    eq_formula *formula; /* NULL: every operand must be a number */
    eq_dialect dialect;  /* whose functions they are */
    eq_lookup (*parameter)(void *data, eq_token name, eq_operand *value);
    eq_lookup (*function)(void *data, eq_token name, const eq_operand *arg, int args,
                          eq_operand *value);
    eq_lookup (*input)(void *data, eq_token what, eq_token first, eq_token second,
                       eq_operand *value);
    /* " (did you mean X?)" for a function that is called like the name, else "". */
    const char *(*nearest)(void *data, eq_token name, char buffer[96]);
    const char *(*nearest_parameter)(void *data, eq_token name, char buffer[96]);
    void (*fail)(void *data, eq_location at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
    void (*number)(void *data, eq_token number); /* told of each number; NULL: nobody asks */
    bool powers; /* p(x), w(x) and n(x) are inputs, too, and r1:r a name */
    bool test;   /* = is == */
} eq_names_of;

/* Evaluates the longest expression at the cursor and moves behind it; {..}, '..' and (..) group.
 * False: an error was reported. */
bool eq_expression(eq_cursor *c, const eq_names_of *names, eq_operand *value);

#endif
