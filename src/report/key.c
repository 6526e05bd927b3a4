#include "report/key.h"

#include <math.h>
#include <string.h>

#include "base/carry.h"
#include "report/axis.h"

#define LETTER 0.068 /* in */
#define ENTRY 0.45   /* in: of the key, beside its letters */
#define LINE 0.138   /* in */

typedef struct range {
    double least, most;
    bool log;
} range;

static bool shows(const range *r, double x) {
    return !r->log || x > 0.0;
}

static void widen(range *r, double x) {
    if (!shows(r, x)) return;
    r->least = fmin(r->least, x);
    r->most = fmax(r->most, x);
}

/* Where x lies on the axis, 0 to 1. */
static double along(const range *r, double x) {
    if (!(r->most > r->least)) return 0.5;
    if (r->log) return x > 0.0 ? log(x / r->least) / log(r->most / r->least) : -1.0;
    return (x - r->least) / (r->most - r->least);
}

/* From tic to tic, as gnuplot's axes go. */
static double step_of(range *r, int most, bool whole) {
    if (!(r->most > r->least)) return whole ? 1.0 : 0.0;
    if (r->log) {
        r->least = pow(10.0, floor(log10(r->least)));
        r->most = pow(10.0, ceil(log10(r->most)));
        return 0.0;
    }
    double step = fmax(eq_axis_step(r->most - r->least, most), whole ? 1.0 : 0.0);
    r->least = step * floor(r->least / step + 1e-9);
    r->most = step * ceil(r->most / step - 1e-9);
    return step;
}

/* A panel as its key is placed. */
typedef struct view {
    range x, y;
    size_t entries, longest; /* of the key; characters */
    double width, height;    /* of a key in one column, as parts of the panel's axes */
} view;

static void count_entry(view *v, const char *title) {
    if (title == NULL || title[0] == '\0') return;
    size_t width = eq_carry_width(title);
    width = width > EQ_CANVAS_KEY ? EQ_CANVAS_KEY : width;
    v->entries++;
    v->longest = width > v->longest ? width : v->longest;
}

static void measure(const eq_lines *l, size_t panel, int tics, eq_placed *to, view *v) {
    const eq_panel *p = &l->panel[panel];
    *v = (view){.x = {INFINITY, -INFINITY, l->log_x}, .y = {INFINITY, -INFINITY, p->log_y}};
    to->y_floor[panel] = INFINITY;
    for (size_t k = l->from_point[panel]; k < l->from_point[panel + 1]; k++) {
        double x = l->point[k].x, y = l->point[k].y;
        if (y > 0.0) to->y_floor[panel] = fmin(to->y_floor[panel], y);
        to->hidden += !shows(&v->x, x) || !shows(&v->y, y);
        widen(&v->x, x);
        widen(&v->y, y);
    }
    if (l->x_from_zero && !l->log_x) widen(&v->x, 0.0);
    if (p->y_from_zero && !p->log_y) widen(&v->y, 0.0);
    if (!isnan(p->reference)) widen(&v->y, p->reference);
    to->below |= (v->x.log && !(v->x.most > 0.0)) || (v->y.log && !(v->y.most > 0.0));
    to->x_step[panel] = step_of(&v->x, tics, l->whole_x);
    to->y_step[panel] = step_of(&v->y, 5, false);
    for (size_t k = (size_t)l->first[panel] - 1; k < (size_t)l->last[panel]; k++)
        count_entry(v, l->line[k].title);
    count_entry(v, p->reference_name);
}

/* How often a line goes through the corner: 0 right, 1 left above, 2, 3 below. */
static size_t crossings(const eq_lines *l, size_t panel, const view *v, int corner) {
    enum { PARTS = 16 }; /* of the way from point to point */
    size_t count = 0;
    double x = 0.0, y = 0.0;
    for (size_t k = l->from_point[panel]; k < l->from_point[panel + 1]; k++) {
        double to_x = along(&v->x, l->point[k].x), to_y = along(&v->y, l->point[k].y);
        for (int n = l->point[k].begins ? PARTS : 1; n <= PARTS; n++) {
            double part = (double)n / PARTS;
            double at = to_x + (1.0 - part) * (x - to_x), high = to_y + (1.0 - part) * (y - to_y);
            count += (corner % 2 == 0 ? at > 1.0 - v->width : at < v->width) &&
                     (corner < 2 ? high > 1.0 - v->height : high < v->height);
        }
        x = to_x;
        y = to_y;
    }
    double line = along(&v->y, l->panel[panel].reference);
    return count + (corner < 2 ? line > 1.0 - v->height : line < v->height);
}

/* The first corner that is free; 0: there is none. */
static int free_corner(const eq_lines *l, size_t panel, const view *v) {
    enum { CORNERS = 4 };
    if (l->shade_label[0] != '\0' || v->width > 0.8 || v->height > 0.75) return 0;
    for (int n = 0; n < CORNERS; n++)
        if (crossings(l, panel, v, n) == 0) return n + 1;
    return 0;
}

static bool same_title(const eq_line *a, const eq_line *b) {
    return strcmp(a->title == NULL ? "" : a->title, b->title == NULL ? "" : b->title) == 0;
}

/* All panels tell the same lines apart in the same way: one key is enough. A reference is in the last one. */
static bool share_key(const eq_lines *l) {
    size_t n = (size_t)(l->last[0] - l->first[0] + 1.0);
    for (size_t p = 1; p < l->panels; p++) {
        if (l->last[p] - l->first[p] != l->last[0] - l->first[0]) return false;
        for (size_t k = 0; k < n; k++) {
            const eq_line *a = &l->line[(size_t)l->first[0] - 1 + k],
                          *b = &l->line[(size_t)l->first[p] - 1 + k];
            if (!same_title(a, b) || a->hue != b->hue || a->dash != b->dash || a->style != b->style)
                return false;
        }
    }
    return true;
}

/* Inches of a key that is so wide, and its rows. */
static double strip_of(const view *v, double width, double *rows) {
    double columns = fmax(1.0, floor((width - 0.1) / (ENTRY + LETTER * (double)v->longest)));
    *rows = ceil((double)v->entries / columns);
    return v->entries == 0 ? 0.0 : LINE * *rows + 0.12;
}

/* Panels row by row, each row with the strip of its keys below it; a shared one is below all. */
static void stack(const eq_picture *p, size_t panels, size_t columns, double shared,
                  const double *strip, eq_placed *to) {
    size_t rows = (panels + columns - 1) / columns;
    double below[EQ_LINES_PANELS] = {0.0}, strips = shared, width = p->width / (double)columns;
    double panel = columns == 1 && p->width > 5.0 ? 3.6 : p->width > 5.0 ? 2.6 : 2.3;
    for (size_t k = 0; k < panels; k++) below[k / columns] = fmax(below[k / columns], strip[k]);
    for (size_t r = 0; r < rows; r++) strips += below[r];
    if (p->height > 0.0) panel = fmax((p->height - strips) / (double)rows, 0.3);
    to->height = panel * (double)rows + strips;
    double down = 0.0;
    for (size_t k = 0; k < panels; k++) {
        if (k > 0 && k % columns == 0) down += panel + below[k / columns - 1];
        to->left[k] = to->strip_left[k] = width * (double)(k % columns) / p->width;
        to->bottom[k] = 1.0 - (down + panel) / to->height;
        to->strip_height[k] = strip[k] / to->height;
        to->strip_bottom[k] = to->bottom[k] - to->strip_height[k];
        to->strip_width[k] = width / p->width;
    }
    to->panel_width = width / p->width;
    to->panel_height = panel / to->height;
}

void eq_lines_place(const eq_lines *l, const eq_picture *p, eq_placed *to) {
    size_t columns = p->width > 5.0 && l->panels > 1 ? 2 : 1, last = l->panels - 1;
    size_t rows = (l->panels + columns - 1) / columns;
    double width = p->width / (double)columns, panel = p->width > 5.0 ? 2.6 : 2.3;
    if (p->height > 0.0) panel = fmin(panel, p->height / (double)rows - 0.4); /* a strip below */
    double strip[EQ_LINES_PANELS] = {0.0}, shared = 0.0;
    bool any = false, share = l->panels > 1 && share_key(l);
    view v;
    *to = (eq_placed){.height = 0.0};
    for (size_t k = 0; k < l->panels; k++) {
        measure(l, k, width > 5.0 ? 10 : 5, to, &v);
        v.width = (ENTRY + 0.1 + LETTER * (double)v.longest) /
                  (width - (l->shade_label[0] != '\0' ? 1.3 : 0.7));
        v.height = (LINE * (double)v.entries + 0.15) / fmax(panel - 0.5, 0.1);
        to->corner[k] = free_corner(l, k, &v);
        if (to->corner[k] == 0.0) strip[k] = strip_of(&v, width, &to->strip_rows[k]);
        any |= strip[k] > 0.0;
    }
    share = share && any;
    for (size_t k = 0; share && k < l->panels; k++) to->corner[k] = strip[k] = 0.0;
    if (share) shared = strip_of(&v, p->width, &to->strip_rows[last]);
    stack(p, l->panels, columns, shared, strip, to);
    if (!share) return;
    to->strip_left[last] = to->strip_bottom[last] = 0.0;
    to->strip_width[last] = 1.0;
    to->strip_height[last] = shared / to->height;
}
