/* What the forms of output can carry in a name or a title: one table for all writers (carry.c).
 * Names are bytes. A form either carries them as they are, refuses them, or spells what it cannot
 * hold, so that what is written is always well-formed UTF-8 and two names never become one. */
#ifndef EQ_BASE_CARRY_H
#define EQ_BASE_CARRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"

typedef enum eq_carrier {
    EQ_CARRY_NGSPICE,
    EQ_CARRY_XYCE,
    EQ_CARRY_LTSPICE,
    EQ_CARRY_SPECTRE,
    EQ_CARRY_XML,     /* in the order of eq_dialect (netlist.h) up to here */
    EQ_CARRY_ELEMENT, /* an element in SPICE, with the letter of its type */
    EQ_CARRY_CONTROL, /* one that F or H names there */
    EQ_CARRY_PATTERN, /* of *% train, with * and ? */
    EQ_CARRY_FORMULA, /* v(NAME) and i(NAME) in XML */
    EQ_CARRY_CSV,
    EQ_CARRY_JSON,
    EQ_CARRY_NPZ,
    EQ_CARRY_RAW,
    EQ_CARRY_TABLE, /* what people read */
    EQ_CARRY_LINE,  /* a title or comment of one line */
    EQ_CARRY_TEXT,  /* a title or path in XML, a message */
    EQ_CARRIERS
} eq_carrier;

enum { EQ_SIGN = 8 };
/* Whether a name stands for itself there; else `sign` is the first part that does not. "": the name
 * is empty. */
bool eq_carries(eq_carrier to, const char *name, char sign[EQ_SIGN]);

/* Appends a name or title as it is spelled there. What the form refuses is for eq_carries. */
void eq_carry(eq_carrier to, const char *text, eq_text *out);
/* The same to a stream. */
void eq_carry_to(eq_carrier to, const char *text, FILE *stream);
/* A field of a table: at most so many of its characters, filled up to the width with blanks behind
 * (left) or before them. */
void eq_carry_field(const char *text, size_t width, size_t most, bool left, FILE *stream);

#endif
