#include "explore/effects.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "explore/draw.h"

enum { BINS = 5 };

/* P(|T| < t) for n degrees of freedom, in closed form (Abramowitz and Stegun 1964, 26.7.3, 26.7.4). */
static double within(double t, size_t n) {
    double angle = atan(t / sqrt((double)n)), c2 = pow(cos(angle), 2.0), term, sum = 0.0;
    bool odd = n % 2 == 1;
    term = odd ? cos(angle) : 1.0;
    for (size_t k = odd ? 3 : 2; k <= n; k += 2) {
        sum += term;
        term *= c2 * (double)(k - 1) / (double)k;
    }
    return odd ? 2.0 / acos(-1.0) * (angle + sin(angle) * sum) : sin(angle) * sum;
}

double eq_student(size_t n) {
    double low = 1.9, high = 13.0;
    if (n == 0) return NAN;
    if (n > 1000) return 1.9600 + 2.4 / (double)n;
    for (int k = 0; k < 60; k++) {
        double t = 0.5 * (low + high);
        *(within(t, n) < 0.95 ? &low : &high) = t;
    }
    return 0.5 * (low + high);
}

/* --- classes of a factor --- */

static bool has_levels(const eq_study *s, const eq_factor *f) {
    return f->words > 0 || s->design == EQ_DESIGN_GRID || s->design == EQ_DESIGN_ONE;
}

/* Of a range of whole numbers how many there are; 0: it is none, or a logarithmic one. */
static size_t values_of(const eq_factor *f) {
    return f->words == 0 && f->whole && !f->log ? (size_t)(f->to - f->from + 1.0) : 0;
}

static size_t classes_of(const eq_study *s, const eq_factor *f) {
    size_t values = values_of(f);
    return has_levels(s, f) ? f->levels : values > 0 && values < BINS ? values : BINS;
}

/* Points with the same value are in the same class. */
static size_t class_of(const eq_study *s, size_t factor, double u) {
    const eq_factor *f = &s->factor[factor];
    size_t best = 0, n = classes_of(s, f), values = values_of(f);
    if (!has_levels(s, f) && values > 0) {
        size_t value = (size_t)(u * (double)values);
        return (value < values ? value : values - 1) * n / values;
    }
    if (f->words > 0 || !has_levels(s, f)) {
        size_t k = (size_t)(u * (double)n);
        return k < n ? k : n - 1;
    }
    for (size_t k = 1; k < n; k++)
        if (fabs(eq_factor_level(f, k) - u) < fabs(eq_factor_level(f, best) - u)) best = k;
    return best;
}

/* Whether a point tells of this factor: all do, but of one-at-a-time. */
static bool tells(const eq_study *s, const eq_explored *e, size_t point, size_t factor) {
    const double *u = e->level + point * s->factors;
    if (s->design != EQ_DESIGN_ONE) return true;
    for (size_t f = 0; f < s->factors; f++)
        if (f != factor && u[f] != eq_factor_center(&s->factor[f])) return false;
    return true;
}

/* --- sums --- */

/* Mean and sum of squares about it, one value after the other (Welford 1962). */
typedef struct moments {
    size_t n;
    double mean, square;
} moments;

static void add(moments *m, double x) {
    double off = x - m->mean;
    m->mean += off / (double)++m->n;
    m->square += off * (x - m->mean);
}

/* The part of the sum of squares of all that lies between the classes; where each has one run alone, all of it does,
 * which says nothing: NAN. */
static double between(const moments *all, const moments *class, size_t classes) {
    double sum = 0.0;
    bool several = false;
    for (size_t k = 0; k < classes; k++) {
        sum += (double)class[k].n * pow(class[k].mean - all->mean, 2.0);
        several = several || class[k].n > 1;
    }
    return all->square > 0.0 && several ? fmin(sum / all->square, 1.0) : (double)NAN;
}

/* The value of run k where it has one. */
static bool value_of(const eq_explored *e, size_t k, size_t figure, double *x) {
    *x = e->all.value[k * e->all.figures + figure];
    return e->all.done[k] && !e->all.failed[k] && isfinite(*x);
}

static void fill_level(const eq_study *s, const eq_factor *f, size_t k, const moments *m,
                       eq_effect_level *out) {
    bool own = has_levels(s, f);
    double n = (double)m->n, t = m->n > 1 ? eq_student(m->n - 1) : (double)NAN;
    size_t values = values_of(f), classes = classes_of(s, f);
    out->from = own ? eq_factor_level(f, k) : (double)k / (double)classes;
    out->to = own ? out->from : (double)(k + 1) / (double)classes;
    if (!own && values > 0) { /* the middles of the cells of its first and its last value */
        size_t first = (k * values + classes - 1) / classes;
        size_t last = ((k + 1) * values + classes - 1) / classes - 1;
        out->from = ((double)first + 0.5) / (double)values;
        out->to = ((double)last + 0.5) / (double)values;
    }
    out->runs = m->n;
    out->mean = m->n > 0 ? m->mean : (double)NAN;
    out->band = t * sqrt(m->square / (n - 1.0) / n);
}

eq_status eq_effect_find(const eq_study *s, const eq_explored *e, size_t factor, size_t figure,
                         eq_effect *out, eq_diag *diag) {
    const eq_factor *f = &s->factor[factor];
    size_t n = classes_of(s, f);
    moments all = {0}, *class = eq_calloc(n, sizeof *class);
    *out = (eq_effect){factor, n, eq_calloc(n, sizeof *out->level), NAN};
    if (class == NULL || out->level == NULL) {
        eq_free(class);
        return eq_out_of_memory(diag);
    }
    for (size_t k = 0; k < e->all.runs; k++) {
        double x;
        size_t point = k / s->repeats;
        if (!value_of(e, k, figure, &x) || !tells(s, e, point, factor)) continue;
        add(&all, x);
        add(&class[class_of(s, factor, e->level[point * s->factors + factor])], x);
    }
    out->share = between(&all, class, n);
    for (size_t k = 0; k < n; k++) fill_level(s, f, k, &class[k], &out -> level[k]);
    eq_free(class);
    return EQ_OK;
}

void eq_effect_free(eq_effect *e) {
    eq_free(e->level);
    *e = (eq_effect){0};
}

/* The two strongest; false: there are no two. */
static bool strongest(const eq_effect *e, size_t factors, size_t pair[2]) {
    size_t n = 0;
    for (size_t k = 0; k < factors; k++) {
        if (isnan(e[k].share)) continue;
        if (n == 0 || e[k].share > e[pair[0]].share) {
            if (n > 0) pair[1] = pair[0];
            pair[0] = k;
        } else if (n == 1 || e[k].share > e[pair[1]].share) {
            pair[1] = k;
        }
        n++;
    }
    return n >= 2;
}

eq_status eq_effects_find(const eq_study *s, const eq_explored *e, size_t figure, eq_effects *out,
                          eq_diag *diag) {
    *out = (eq_effects){.of = eq_calloc(s->factors, sizeof *out->of), .count = s->factors};
    eq_status status = out->of == NULL ? eq_out_of_memory(diag) : EQ_OK;
    for (size_t f = 0; status == EQ_OK && f < s->factors; f++)
        status = eq_effect_find(s, e, f, figure, &out->of[f], diag);
    if (status == EQ_OK)
        out->paired = s->design != EQ_DESIGN_ONE && strongest(out->of, s->factors, out->pair);
    else
        eq_effects_free(out);
    return status;
}

void eq_effects_free(eq_effects *e) {
    for (size_t f = 0; e->of != NULL && f < e->count; f++) eq_effect_free(&e->of[f]);
    eq_free(e->of);
    *e = (eq_effects){0};
}

void eq_effect_label(const eq_study *s, const eq_effect *e, size_t level, eq_text *out) {
    const eq_factor *f = &s->factor[e->factor];
    const eq_effect_level *l = &e->level[level];
    eq_factor_value(f, l->from, out);
    if (l->to == l->from) return;
    eq_text_puts(out, " .. ");
    eq_factor_value(f, l->to, out);
}

eq_status eq_interaction_find(const eq_study *s, const eq_explored *e, const eq_effect *a,
                              const eq_effect *b, size_t figure, double **mean, double *share,
                              eq_diag *diag) {
    size_t cells = a->levels * b->levels;
    moments all = {0}, *cell = eq_calloc(cells, sizeof *cell);
    *mean = eq_malloc(cells, sizeof **mean);
    if (cell == NULL || *mean == NULL) {
        eq_free(cell);
        eq_free(*mean);
        *mean = NULL;
        return eq_out_of_memory(diag);
    }
    for (size_t k = 0; k < e->all.runs; k++) {
        double x;
        const double *u = e->level + k / s->repeats * s->factors;
        if (!value_of(e, k, figure, &x)) continue;
        size_t i = class_of(s, a->factor, u[a->factor]), j = class_of(s, b->factor, u[b->factor]);
        add(&all, x);
        add(&cell[i * b->levels + j], x);
    }
    for (size_t k = 0; k < cells; k++) (*mean)[k] = cell[k].n > 0 ? cell[k].mean : (double)NAN;
    double both = between(&all, cell, cells);
    *share = isnan(both) ? both : fmax(0.0, both - a->share - b->share);
    eq_free(cell);
    return EQ_OK;
}

/* --- points --- */

double eq_point_mean(const eq_study *s, const eq_explored *e, size_t point, size_t figure) {
    moments m = {0};
    for (size_t k = point * s->repeats; k < (point + 1) * s->repeats; k++) {
        double x;
        if (value_of(e, k, figure, &x)) add(&m, x);
    }
    return m.n > 0 ? m.mean : (double)NAN;
}

/* The mean, so that less is better. */
static double cost(const eq_study *s, const eq_explored *e, size_t point, size_t figure) {
    double x = eq_point_mean(s, e, point, figure);
    return s->figure[figure]->more ? -x : x;
}

/* Sorts the points by cost[point], equal ones in their order (heap sort of pairs is not needed: a
 * merge of two halves keeps the order). */
static void sort(size_t *order, size_t n, const double *by, size_t *work) {
    if (n < 2) return;
    size_t half = n / 2, i = 0, j = half, k = 0;
    sort(order, half, by, work);
    sort(order + half, n - half, by, work);
    while (i < half || j < n) {
        bool left = j == n || (i < half && by[order[i]] <= by[order[j]]);
        work[k++] = order[left ? i++ : j++];
    }
    memcpy(order, work, n * sizeof *order);
}

eq_status eq_points_rank(const eq_study *s, const eq_explored *e, size_t figure, size_t **order,
                         size_t *count, eq_diag *diag) {
    double *by = eq_malloc(s->points, sizeof *by);
    size_t *work = eq_malloc(s->points, sizeof *work);
    *order = eq_malloc(s->points, sizeof **order);
    *count = 0;
    bool whole = by != NULL && work != NULL && *order != NULL;
    for (size_t p = 0; whole && p < s->points; p++) {
        by[p] = cost(s, e, p, figure);
        if (!isnan(by[p])) (*order)[(*count)++] = p;
    }
    if (whole) sort(*order, *count, by, work);
    eq_free(by);
    eq_free(work);
    if (whole) return EQ_OK;
    eq_free(*order);
    *order = NULL;
    return eq_out_of_memory(diag);
}

/* Along the first figure a point is on the front when its second is better than all before it; of
 * points with the same first figure only the best second one may be. */
eq_status eq_points_front(const eq_study *s, const eq_explored *e, const size_t figure[2],
                          size_t **order, size_t *count, eq_diag *diag) {
    size_t all, n = 0;
    eq_status status = eq_points_rank(s, e, figure[0], order, &all, diag);
    if (status != EQ_OK) return status;
    for (size_t k = 0; k < all; k++) {
        size_t p = (*order)[k];
        double x = cost(s, e, p, figure[0]), y = cost(s, e, p, figure[1]);
        if (isnan(y)) continue;
        if (n > 0 && cost(s, e, (*order)[n - 1], figure[1]) <= y) continue;
        if (n > 0 && cost(s, e, (*order)[n - 1], figure[0]) == x) n--;
        (*order)[n++] = p;
    }
    *count = n;
    return EQ_OK;
}
