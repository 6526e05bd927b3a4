/* Pictures, drawn by gnuplot. */
#ifndef EQ_REPORT_PLOT_H
#define EQ_REPORT_PLOT_H

#include "base/status.h"

/* Draws FOLDER/curves.svg from FOLDER/metrics.csv: loss and error against the epoch. A missing
 * gnuplot is a warning, not an error: the training stands. */
eq_status eq_plot_curves(const char *folder, eq_diag *diag);

#endif
