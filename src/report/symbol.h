/* Symbols of elements in SVG, and which one an element has, by what its class is. Inside src/report
 * only. */
#ifndef EQ_REPORT_SYMBOL_H
#define EQ_REPORT_SYMBOL_H

#include "circuit/circuit.h"
#include "report/html.h"

typedef struct eq_point {
    double x, y;
} eq_point;

/* A branch from `a` to `b`, its symbol in the middle; trained: with an arrow across. */
void eq_symbol_branch(eq_text *out, const eq_table *t, bool trained, eq_point a, eq_point b);
/* An amplifier whose input is a and whose output is b. */
void eq_symbol_amplifier(eq_text *out, eq_point a, eq_point b);
void eq_symbol_ground(eq_text *out, eq_point at, bool up);
/* A supply: a bar with its name and potential (NAN: not known). */
void eq_symbol_supply(eq_text *out, eq_point at, bool up, const char *name, double v);
void eq_symbol_node(eq_text *out, eq_point at, const char *name);
void eq_symbol_line(eq_text *out, eq_point a, eq_point b);
/* A small text, centred or not (anchor: start, middle, end). */
void eq_symbol_text(eq_text *out, eq_point at, const char *anchor, const char *text);

#endif
