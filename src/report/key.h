/* Where panels of lines and their keys stand: a key in a corner through which no line goes, or in a strip below, where
 * it covers none. Inside src/report only. */
#ifndef EQ_REPORT_KEY_H
#define EQ_REPORT_KEY_H

#include "report/lines.h"

/* Parts of the picture, from its lower left corner. */
typedef struct eq_placed {
    double height; /* in */
    double panel_width, panel_height;
    double left[EQ_LINES_PANELS], bottom[EQ_LINES_PANELS];
    double corner[EQ_LINES_PANELS]; /* 1, 2: right and left above, 3, 4: below; 0: no key there */
    double strip_left[EQ_LINES_PANELS], strip_bottom[EQ_LINES_PANELS];
    double strip_width[EQ_LINES_PANELS],
        strip_height[EQ_LINES_PANELS];  /* height 0: there is none */
    double strip_rows[EQ_LINES_PANELS]; /* of entries */
    double x_step[EQ_LINES_PANELS],
        y_step[EQ_LINES_PANELS]; /* of the tics; 0: as gnuplot sets them */
    double y_floor
        [EQ_LINES_PANELS]; /* the least value above 0: where a band ends on a logarithmic axis */
    bool below;            /* a logarithmic axis has no value above 0 */
    size_t hidden;         /* points that have no place on one */
} eq_placed;

void eq_lines_place(const eq_lines *l, const eq_picture *p, eq_placed *to);

#endif
