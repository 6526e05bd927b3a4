/* What a Langevin process was sampled at, with the density exp(-E/T)/Z over it where there is quadrature. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "report/bars.h"
#include "report/kind.h"
#include "report/table.h"
#include "train/histogram.h"

static const char sampled[] = EQ_HISTOGRAM_SAMPLED, exact[] = EQ_HISTOGRAM_EXACT;
_Static_assert((int)EQ_BARS_BINS == (int)EQ_HISTOGRAM_BINS, "a bar for each bin");

static bool ends(const char *name, const char *with) {
    size_t n = strlen(name), m = strlen(with);
    return n > m && strcmp(name + n - m, with) == 0;
}

bool eq_is_histogram(const eq_result *r) {
    return r->variables > 1 && r->points == EQ_BARS_BINS && ends(r->variable[1].name, sampled);
}

/* The unit whose middles of bins stand in this column. */
static void add_unit(eq_bars *b, const eq_result *r, size_t column, eq_canvas *to) {
    double filled[EQ_BARS_BINS], over[EQ_BARS_BINS];
    bool known = column + 2 < r->variables && ends(r->variable[column + 2].name, exact);
    for (size_t k = 0; k < EQ_BARS_BINS; k++) {
        const double *row = r->value + k * r->variables + column;
        filled[k] = row[1];
        over[k] = known ? row[2] : (double)NAN;
    }
    double first = r->value[column], width = r->value[r->variables + column] - first;
    bool volt = strncmp(r->variable[column].name, "v(", 2) == 0;
    eq_bars_panel *p = &b->panel[b->panels++];
    *p = (eq_bars_panel){.title = r->variable[column].name,
                         .left = first - 0.5 * width,
                         .right = first + (EQ_BARS_BINS - 0.5) * width,
                         .least = NAN,
                         .most = NAN};
    snprintf(p->x_label, sizeof p->x_label, volt ? "potential [V]" : "state");
    snprintf(p->y_label, sizeof p->y_label, volt ? "density [1/V]" : "density");
    if (known) b->over = "exp(-E/T)";
    eq_bars_add(b, p, filled, over, to);
}

static size_t units_of(const eq_result *r) {
    size_t units = 0;
    for (size_t k = 0; k < r->variables; k++) units += ends(r->variable[k].name, sampled);
    return units;
}

/* The units that --columns names, or the first ones. */
eq_status eq_draw_histogram(const eq_result *r, const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    to->title = "histogram of Langevin dynamics";
    eq_bars b = {.filled = "sampled", .over = "", .curve = true};
    size_t column[EQ_BARS_PANELS], n = 0;
    eq_status status = EQ_OK;
    if (p->columns != NULL)
        status = eq_table_columns(r, p->columns, column, EQ_BARS_PANELS, &n, diag);
    for (size_t k = 0; p->columns == NULL && k + 1 < r->variables && n < EQ_BARS_PANELS; k++)
        if (ends(r->variable[k + 1].name, sampled)) column[n++] = k;
    if (p->columns == NULL && n < units_of(r))
        eq_note_at(diag, (eq_place){0},
                   "the first %zu of %zu units are drawn; write a table (.csv), of which `eqspice "
                   "plot --columns` draws others",
                   n, units_of(r));
    for (size_t k = 0; status == EQ_OK && k < n; k++) {
        bool unit = column[k] + 1 < r->variables && ends(r->variable[column[k] + 1].name, sampled);
        if (unit)
            add_unit(&b, r, column[k], to);
        else
            status = eq_fail(diag, EQ_ERR_INPUT,
                             "'%s' is no unit; name a column that has its own "
                             "'%s%s'",
                             r->variable[column[k]].name, r->variable[column[k]].name, sampled);
    }
    if (status == EQ_OK) eq_bars_lay_out(&b, to);
    return status;
}
