/* The one form of a behavioural source that is an element of its own: the ideal diode, as the
 * writers put it for simulators that have none (dialects.c): bd1 a b i=F*v(a,b) + (v(a,b) > T ?
 * X*(v(a,b) - T) : 0)      1/roff = F, vfwd = T, 1/ron = F + X */
#include <math.h>
#include <string.h>

#include "netlist/spice/part.h"

enum { LONGEST = 8 * EQ_MAX_NAME }; /* six names and the numbers */

/* The rest of the line without blanks, in lower case; false: too long. */
static bool compact(eq_cursor *c, char text[LONGEST]) {
    size_t n = 0;
    while (eq_skip_blank(c) && n + 1 < LONGEST) text[n++] = *c->p++;
    text[n] = '\0';
    eq_lower(text, n);
    return n + 1 < LONGEST;
}

/* Steps over `literal`, or sets *p to NULL. */
static void expect(const char **p, const char *literal) {
    size_t n = strlen(literal);
    if (*p != NULL) *p = strncmp(*p, literal, n) == 0 ? *p + n : NULL;
}

static double number(const char **p) {
    double value = NAN;
    size_t n = *p == NULL ? 0 : eq_parse_double(*p, strlen(*p), &value);
    *p = n == 0 ? NULL : *p + n;
    return value;
}

bool eq_spice_ideal_diode(eq_cursor *c, eq_token a, eq_token b, double w[3]) {
    char text[LONGEST], drop[LONGEST + 8];
    eq_cursor start = *c;
    const char *p = compact(c, text) && a.length + b.length < LONGEST ? text : NULL;
    size_t n = 0;
    if (p != NULL) {
        memcpy(drop, "v(", 2);
        memcpy(drop + 2, a.text, a.length);
        n = 2 + a.length;
        drop[n++] = ',';
        memcpy(drop + n, b.text, b.length);
        n += b.length;
        drop[n++] = ')';
    }
    drop[n] = '\0';
    eq_lower(drop, n);
    expect(&p, "i=");
    double off = number(&p);
    expect(&p, "*");
    expect(&p, drop);
    expect(&p, "+(");
    expect(&p, drop);
    expect(&p, ">");
    double knee = number(&p);
    expect(&p, "?");
    double more = number(&p);
    expect(&p, "*(");
    expect(&p, drop);
    expect(&p, "-");
    double again = number(&p);
    expect(&p, "):0)");
    bool good = p != NULL && *p == '\0' && knee == again && off > 0.0 && off + more > 0.0;
    if (!good) *c = start;
    w[0] = 1.0 / (off + more);
    w[1] = 1.0 / off;
    w[2] = knee;
    return good;
}
