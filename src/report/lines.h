/* Lines over an axis in one panel or several: what most kinds of pictures are. Inside src/report
 * only. */
#ifndef EQ_REPORT_LINES_H
#define EQ_REPORT_LINES_H

#include "report/canvas.h"

enum { EQ_LINES_MOST = 1024, EQ_LINES_PANELS = 32, EQ_LINES_LABEL = 96 };

typedef enum eq_lines_style { EQ_LINES_PLAIN, EQ_LINES_DOTTED, EQ_LINES_POINTS } eq_lines_style;

/* A curve, as it is told apart. */
typedef struct eq_line {
    char *title; /* of the lines; NULL or "": none in the key */
    int hue;     /* 1 .. 7 of the theme's colours; 0: by its shade, from 0 to 1 */
    double shade;
    int dash;  /* 1: none, 2, 3, .. of gnuplot */
    bool band; /* lower and upper edges are drawn */
    eq_lines_style style;
} eq_line;

typedef struct eq_panel {
    char y_label[EQ_LINES_LABEL], reference_name[EQ_LINES_LABEL];
    double reference; /* NAN: none */
    bool y_from_zero;
    bool log_y;
} eq_panel;

typedef struct eq_lines_at {
    double x, y;
    bool begins; /* no line leads there */
} eq_lines_at;

typedef struct eq_lines {
    char x_label[EQ_LINES_LABEL];
    bool log_x, x_from_zero;
    bool whole_x;                     /* counts: the axis has whole numbers alone */
    char shade_label[EQ_LINES_LABEL]; /* of what the shades tell apart; "": there are none */
    double shade_least, shade_most;
    bool log_shade;
    size_t panels, lines;
    eq_panel panel[EQ_LINES_PANELS];
    eq_line line[EQ_LINES_MOST];
    double first[EQ_LINES_PANELS], last[EQ_LINES_PANELS]; /* lines of a panel, from 1 */
    eq_lines_at *point;
    size_t points, cap, from_point[EQ_LINES_PANELS + 1]; /* of a panel */
    bool failed, empty;                                  /* memory ran out; a panel has no point */
    bool begun;                                          /* the line has a row */
} eq_lines;

/* NULL when memory runs out. */
eq_lines *eq_lines_new(void);
void eq_lines_free(eq_lines *l);
/* Begins a panel; NULL: there are too many. */
eq_panel *eq_lines_panel(eq_lines *l, eq_diag *diag);
/* Begins a line of that panel, whose title it takes over; NULL: there are too many. */
eq_line *eq_lines_line(eq_lines *l, char *title, eq_diag *diag);
/* Colour and dashes that tell line k apart from all before it, where `dashes` tell something else: a second round of
 * colours goes on with the dashes behind these. */
void eq_lines_tell(eq_line *line, size_t k, int dash, int dashes);
/* A point of it: x, y, and the edges of its band. */
void eq_lines_point(eq_lines *l, eq_canvas *c, const double row[4]);
/* Ends the line; one without points is none. */
void eq_lines_end(eq_lines *l, eq_canvas *c);
/* Ends the panel, when its axes are known. */
void eq_lines_end_panel(eq_lines *l);
/* All of it to gnuplot. */
eq_status eq_lines_lay_out(const eq_lines *l, eq_canvas *c, eq_diag *diag);

/* Understands eq_picture.reference, "2.0%" or "NAME=0.02", on an axis that shows `scale` times the
 * values: 100 where it has per cent. */
eq_status eq_lines_reference(eq_panel *panel, const char *text, double scale, eq_diag *diag);

#endif
