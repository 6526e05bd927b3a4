/* What gnuplot gets for a picture: definitions of variables, then the script of the kind, which
 * never changes, and the numbers in a file beside it. Inside src/report only. */
#ifndef EQ_REPORT_CANVAS_H
#define EQ_REPORT_CANVAS_H

#include "report/picture.h"

/* Characters of a label of a tic, in the key, beside an axis, elsewhere: more would leave no room for the picture,
 * and the middle is left out. */
enum { EQ_CANVAS_TIC = 14, EQ_CANVAS_KEY = 20, EQ_CANVAS_SIDE = 32, EQ_CANVAS_LABEL = 40 };

typedef struct eq_canvas {
    const eq_picture *p;
    const char *title; /* of the kind, or of what the kind has found in its table */
    eq_text head;      /* NAME = VALUE */
    eq_text data;      /* blocks of rows, parted by two blank lines: index 0, 1, ... of gnuplot */
    size_t blocks;     /* that are ended */
    double height;     /* in; when the picture says none */
    size_t rows;       /* panels above each other, and side by side */
    size_t columns;
    const char *script; /* of the kind */
} eq_canvas;

void eq_canvas_free(eq_canvas *c);

/* NAME = "text", a name of the user, of which gnuplot reads nothing. */
void eq_canvas_text(eq_canvas *c, const char *name, const char *text);
void eq_canvas_number(eq_canvas *c, const char *name, double value);
/* array NAME[n] = [...]; n = 0 gives one of one item. */
void eq_canvas_texts(eq_canvas *c, const char *name, const char *const *text, size_t n);
/* The same for labels that stand beside an axis. */
void eq_canvas_sides(eq_canvas *c, const char *name, const char *const *text, size_t n);
/* The same for labels of tics, where gnuplot takes % for a format. */
void eq_canvas_tics(eq_canvas *c, const char *name, const char *const *text, size_t n);
/* The same for titles of lines. */
void eq_canvas_keys(eq_canvas *c, const char *name, const char *const *text, size_t n);
void eq_canvas_numbers(eq_canvas *c, const char *name, const double *value, size_t n);

/* A row of numbers of the block. */
void eq_canvas_row(eq_canvas *c, const double *value, size_t n);
/* Ends the block. */
void eq_canvas_end(eq_canvas *c);

/* Draws it. */
eq_status eq_canvas_draw(eq_canvas *c, eq_text *out, eq_diag *diag);

#endif
