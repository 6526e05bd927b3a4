/* Histograms, one a panel, each with a second one or a curve over it. Inside src/report only. */
#ifndef EQ_REPORT_BARS_H
#define EQ_REPORT_BARS_H

#include "report/canvas.h"

enum { EQ_BARS_PANELS = 12, EQ_BARS_BINS = 40 };

typedef struct eq_bars_panel {
    const char *title;
    char x_label[64], y_label[64];
    double left, right; /* where the bins begin and end */
    double least, most; /* lines across the axis; NAN: none */
    bool log_x;         /* bins are equal in the logarithm */
    bool whole;         /* counts: the axis has whole numbers alone */
    double highest;     /* of the bins */
} eq_bars_panel;

typedef struct eq_bars {
    size_t panels;
    eq_bars_panel panel[EQ_BARS_PANELS];
    const char *filled, *over; /* in the key; "": not there */
    bool curve; /* `over` goes through the middles of the bins, else along their edges */
} eq_bars;

/* Adds the bins of a panel whose ends and log_x are known: those that are filled, and what goes over them (NAN: nothing). */
void eq_bars_add(eq_bars *s, eq_bars_panel *p, const double *filled, const double *over,
                 eq_canvas *to);
/* All of it to gnuplot. */
void eq_bars_lay_out(const eq_bars *s, eq_canvas *c);

#endif
