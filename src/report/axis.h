/* Axes of pictures: logarithms, units. Inside src/report only. */
#ifndef EQ_REPORT_AXIS_H
#define EQ_REPORT_AXIS_H

#include <stdbool.h>

/* Whether the axis 'x' or 'y' is logarithmic: as `asked` says (eq_picture.log), or where it helps,
 * values above zero that span more than two and a half decades; most 0: never. */
bool eq_axis_log(const char *asked, char axis, double least, double most);

/* A unit with the prefix of SI in which a value of that size has one to three digits (none from 0.1 on); what values
 * are multiplied by. No unit: no prefix. */
double eq_axis_prefix(double size, const char *unit, char out[16]);
/* A step of 1, 2 or 5 times a power of ten that goes into the length at most `most` times. */
double eq_axis_step(double length, int most);

#endif
