/* HTML that is written: whatever comes from a deck, from data or from an experiment goes through one
 * function, which leaves nothing in it that could be markup, in text or in an attribute. */
#ifndef EQ_REPORT_HTML_H
#define EQ_REPORT_HTML_H

#include "base/text.h"

/* Appends text or the value of an attribute in quotes: & < > " ' as entities, bytes that HTML cannot
 * hold marked (base/carry.h). */
void eq_html_text(const char *text, eq_text *out);
/* Appends the format, in which %s is such a text; also %c %d %zu %f %g with width and precision, and
 * %%. The format itself is markup. */
void eq_html(eq_text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A number for people, with all its digits for programs: <data id="ID" value="0.0444">4.44 %</data>;
 * id NULL: none. unit: "W" takes a prefix, as in 1.2 mW; "%" shows a fraction in percent; "" neither.
 * A dash where it is not finite. */
void eq_html_number(eq_text *out, const char *id, double value, const char *unit);
/* The same without markup: "1.23 mW". */
enum { EQ_SHOWN = 48 };
const char *eq_shown(double value, const char *unit, char out[EQ_SHOWN]);
/* A picture: data:TYPE;base64,... */
void eq_html_data(eq_text *out, const char *type, const void *bytes, size_t length);

#endif
