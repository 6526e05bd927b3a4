/* What is missing in a picture as gnuplot writes it. Inside src/report only. */
#ifndef EQ_REPORT_FINISH_H
#define EQ_REPORT_FINISH_H

#include "report/picture.h"

/* Colours that stand for those of the page around a picture. */
#define EQ_FINISH_LETTERS "#010203"
#define EQ_FINISH_GRID "#010204"

/* SVG: a title, inches as its size, ids that begin with the name of the picture, the colours of the page.
 * PNG: 300 dots per inch (its chunk pHYs). height: in. Appends to out. */
eq_status eq_finish_picture(const eq_picture *p, const char *title, double height,
                            const char *bytes, size_t length, eq_text *out, eq_diag *diag);

#endif
