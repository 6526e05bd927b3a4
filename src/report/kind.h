/* How a kind of picture is made: what is read becomes variables and blocks of numbers. Inside
 * src/report only. */
#ifndef EQ_REPORT_KIND_H
#define EQ_REPORT_KIND_H

#include "report/canvas.h"

typedef eq_status eq_gather(const eq_picture *p, eq_canvas *c, eq_diag *diag);

/* gather_curves.c */
eq_gather eq_gather_curves;

#endif
