/* Heat maps: a matrix in each panel. Inside src/report only. */
#ifndef EQ_REPORT_HEAT_H
#define EQ_REPORT_HEAT_H

#include "report/canvas.h"

enum { EQ_HEAT_PANELS = 16, EQ_HEAT_LABEL = 96 };

typedef enum eq_heat_colours {
    EQ_HEAT_VIRIDIS,   /* of what has a size */
    EQ_HEAT_DIVERGING, /* of what has a sign: blue below zero, white, red */
    EQ_HEAT_COUNTS,    /* from white to blue, with a number in each cell */
} eq_heat_colours;

typedef struct eq_heat_panel {
    char title[EQ_HEAT_LABEL], x_label[EQ_HEAT_LABEL], y_label[EQ_HEAT_LABEL];
    size_t rows, columns;
    double first;                                     /* number of the first row and column */
    const char *const *row_name, *const *column_name; /* NULL: numbers */
    const double *value;                              /* [rows][columns]; NAN: no cell */
} eq_heat_panel;

typedef struct eq_heat {
    eq_heat_panel panel[EQ_HEAT_PANELS];
    size_t panels;
    char value_label[EQ_HEAT_LABEL];
    eq_heat_colours colours;
    bool log;       /* the colours, where it helps */
    size_t columns; /* of panels on a page; 0: two */
    bool bare; /* pictures: places are square, `columns` stand side by side, nothing is numbered */
} eq_heat;

void eq_heat_lay_out(const eq_heat *h, eq_canvas *c);

#endif
