/* Scanning SPICE text in place: tokens are slices of the text, nothing is copied. A cursor walks
 * over logical lines: a line starting with `+` continues the one before it (comment lines between
 * them are skipped), as ngspice's inp_stitch_continuation_lines does. Comments: `*`, `#` or `$` as
 * the first character that is not blank, and `;`, `//` or a `$` after a blank or comma anywhere
 * (docs/deck.md, The text); in Xyce's dialect `*` or a blank in column 1, and `;`. */
#ifndef EQ_NETLIST_LEXER_H
#define EQ_NETLIST_LEXER_H

#include "circuit/circuit.h"

typedef struct eq_cursor {
    const char *p, *end;    /* what is left of the text */
    const char *line_start; /* of the physical line that p stands on */
    int32_t file, line;     /* file indexes eq_circuit.file; line counts from 1 */
    eq_dialect dialect;     /* whose comments and suffixes */
} eq_cursor;

typedef enum eq_line_kind {
    EQ_LINE_NONE,      /* the text ends */
    EQ_LINE_ELEMENT,   /* r1 a b 1k */
    EQ_LINE_CARD,      /* .op */
    EQ_LINE_DIRECTIVE, /* *% input v1 */
    EQ_LINE_ORPHAN,    /* a continuation of nothing */
} eq_line_kind;

typedef enum eq_token_kind {
    EQ_TOKEN_END,      /* of the logical line */
    EQ_TOKEN_WORD,     /* any run of other characters */
    EQ_TOKEN_EQUAL,    /* = */
    EQ_TOKEN_GROUP,    /* an expression in {} or '', the braces included */
    EQ_TOKEN_STRING,   /* "...", without the quotes */
    EQ_TOKEN_UNCLOSED, /* a brace or quote that is not closed on its line */
    EQ_TOKEN_BAD,      /* a control character or a stray } */
} eq_token_kind;

typedef struct eq_token {
    eq_token_kind kind;
    const char *text;
    size_t length;
    eq_location at;
} eq_token;

eq_cursor eq_cursor_new(int32_t file, const char *text, size_t length);
eq_location eq_cursor_at(const eq_cursor *c);

/* From the start of a physical line to the first character of the next logical line. */
eq_line_kind eq_line_start(eq_cursor *c);
/* Over the rest of a logical line with its continuations,
 * to the start of the next physical line. */
void eq_line_end(eq_cursor *c);
/* Over the rest of one physical line. */
void eq_physical_line_end(eq_cursor *c);

/* The next token; blanks, parentheses and commas separate tokens. */
eq_token eq_token_next(eq_cursor *c);
eq_token eq_token_peek(const eq_cursor *c);
/* A plain line is four words of letters, digits and _ . + - : with blanks between them, and the
 * next line opens a card. Splits plain lines, at most so many, from the start of a line on; returns
 * how many there are and moves c behind them. A NUL ends the text,
 * as in what eq_file_read gives. */
enum { EQ_PLAIN_WORDS = 4 };
int eq_plain_lines(eq_cursor *c, eq_token (*word)[EQ_PLAIN_WORDS], int most);
/* A cursor that stands at the token, which came from c. */
eq_cursor eq_cursor_at_token(const eq_cursor *c, const eq_token *t);
/* The same for which the text ends with the token: {k} -2 is two values. */
eq_cursor eq_cursor_over_token(const eq_cursor *c, const eq_token *t);
/* Skips blanks, comments and continuation marks, but no parentheses and commas; false: the line
 * ends. */
bool eq_skip_blank(eq_cursor *c);
/* A run of characters up to a blank, `=` or `;` on this physical line (for directives and file
 * names). */
eq_token eq_token_raw(eq_cursor *c);

/* Case-blind equality with a lower-case literal. */
bool eq_token_is(eq_token t, const char *literal);
bool eq_token_is_among(eq_token t, const char *const *literal, size_t n);

/* A number with an optional SPICE suffix (t g meg k mil m u n p f a, in Xyce x = meg, case-blind,
 * trailing letters ignored; the micro sign, in Latin 1 or UTF-8, is u; a bare A is ampere) at the start of text; its
 * length, or 0 when there is none. In LTspice a suffix between
 * digits stands for the point: 4k7 is 4.7k. */
size_t eq_spice_number(const char *text, size_t length, eq_dialect dialect, double *value);
/* Whether the letters behind a number are the unit A, no prefix atto (ngspice up to 39, Xyce,
 * LTspice, PSpice; ngspice from 40 on and HSPICE read 1A as 1e-18). */
bool eq_is_ampere(const char *text, size_t length);
/* True if a word starts as a number does: digit, or sign or point before a digit. */
bool eq_starts_number(const char *text, size_t length);

#endif
