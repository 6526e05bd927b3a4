/* Expressions evaluated at a place of the deck: the parameters of its instances, .func, the
 * conditions of .if. A view s says where: eq_spice, s->frame to s->depth. */
#ifndef EQ_NETLIST_SPICE_EVALUATE_H
#define EQ_NETLIST_SPICE_EVALUATE_H

#include "netlist/spice/spice.h"

/* The most calls of .func: so many in one expression, and those used up come back by EQ_CALLS_EACH
 * with each expression, so that the work grows with the deck. The fuzzer sets fewer: a kilobyte of
 * nested functions may be a second of work. */
#ifndef EQ_MAX_CALLS
#define EQ_MAX_CALLS 100000
#endif
enum { EQ_CALLS_EACH = 1000 };

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

/* What expressions of a card may ask of the finished circuit: v(a), i(x) ... and names that are no
 * parameters. A table, since the probes that answer stand in a later layer. */
typedef struct eq_queries {
    eq_lookup (*input)(eq_spice *s, eq_token what, eq_token first, eq_token second,
                       eq_operand *value);
    eq_lookup (*name)(eq_spice *s, eq_token name, eq_operand *value);
} eq_queries;

/* The expression at the cursor as an operand of s->formula. */
eq_status eq_spice_operand(eq_spice *s, eq_cursor *c, eq_operand *value);
/* The same as a number. */
eq_status eq_spice_value(eq_spice *s, eq_cursor *c, double *value);
/* A number, an expression in {} or the name of a parameter at the cursor; false: an error was reported. */
bool eq_spice_number_at(eq_spice *s, eq_cursor *c, double *value, const char *what);
bool eq_spice_is_value(eq_token t);
/* True as well if it is the bare name of a parameter, which eq_spice_number_at reads, too. */
bool eq_spice_is_value_here(eq_spice *s, eq_token t);
/* True if such a value stands at the cursor, and no NAME =. */
bool eq_spice_at_value(eq_spice *s, const eq_cursor *c);
/* Over the value of NAME = VALUE: behind its last token. */
void eq_spice_skip_value(eq_cursor *c);
/* Over (X, Y) of a function; false: c does not stand at a parenthesis. */
bool eq_spice_skip_arguments(eq_cursor *c);
/* True if the cursor stands at NAME = or NAME(X, Y) = (and not at a comparison). */
bool eq_spice_at_key(const eq_cursor *c);

/* True if what stands under the condition counts, as seen from the frame. */
bool eq_spice_holds(eq_spice *s, int32_t condition, eq_frame *frame);
/* The definition among d and its variants whose condition holds; NULL: none. */
eq_definition *eq_spice_choose(eq_spice *s, eq_definition *d, eq_frame *frame);

eq_status eq_frame_open(eq_spice *s, eq_frame *f, eq_scope *scope);
void eq_frame_close(eq_frame *f);
/* The value at the cursor on the X line of the instance f, which may name its other parameters. */
eq_status eq_frame_value(eq_spice *s, eq_frame *f, eq_cursor at, double *value);
/* Every parameter of s->frame is given its value, so that errors in unused ones show too. */
void eq_frame_resolve(eq_spice *s);
/* Gives the parameters of the deck's own frame the values of s->override. */
void eq_frame_override(eq_spice *s, eq_frame *root);

#endif
