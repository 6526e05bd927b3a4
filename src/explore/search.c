#include "explore/search.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "explore/cma.h"
#include "explore/draw.h"

struct eq_search {
    const eq_study *s;
    size_t drawn; /* rounds */
    eq_cma *cma;
    double *cost;  /* [points] of what is told of a round; less is better */
    size_t *order; /* [points] */
};

size_t eq_search_rounds(const eq_study *s) {
    if (s->design == EQ_DESIGN_HALVING) return s->rungs;
    return s->design == EQ_DESIGN_CMA ? s->points / s->population : 1;
}

void eq_search_points(const eq_study *s, size_t round, size_t *from, size_t *to) {
    *from = s->design == EQ_DESIGN_CMA ? round * s->population : 0;
    *to = s->design == EQ_DESIGN_CMA ? *from + s->population : s->points;
    if (s->design != EQ_DESIGN_HALVING) return;
    for (size_t k = 0; k < round; k++) *from += s->rung[k];
    *to = *from + s->rung[round];
}

/* The middle, or what `center` says, and the width that is asked for. */
static eq_status make_cma(eq_search *q, eq_diag *diag) {
    const eq_study *s = q->s;
    double mean[EQ_MOST_FACTORS];
    for (size_t f = 0; f < s->factors; f++) mean[f] = eq_factor_center(&s->factor[f]);
    const eq_cma_options o = {s->factors, s->population, mean, s->sigma, true, s->design_seed};
    return eq_cma_new(&o, &q->cma, diag);
}

eq_status eq_search_new(const eq_study *s, eq_explored *e, eq_search **out, eq_diag *diag) {
    eq_search *q = eq_calloc(1, sizeof *q);
    if (q == NULL) return eq_out_of_memory(diag);
    q->s = s;
    q->cost = eq_malloc(s->points, sizeof *q->cost);
    q->order = eq_malloc(s->points, sizeof *q->order);
    e->level = eq_malloc(s->points, s->factors * sizeof *e->level);
    bool whole = q->cost != NULL && q->order != NULL && e->level != NULL;
    eq_status status = whole ? EQ_OK : eq_out_of_memory(diag);
    for (size_t k = 0; whole && k < s->points * s->factors; k++) e->level[k] = NAN;
    if (whole && s->design == EQ_DESIGN_CMA) status = make_cma(q, diag);
    if (status == EQ_OK)
        *out = q;
    else
        eq_search_free(q);
    return status;
}

void eq_search_free(eq_search *q) {
    if (q == NULL) return;
    eq_cma_free(q->cma);
    eq_free(q->cost);
    eq_free(q->order);
    eq_free(q);
}

static bool is_done(const eq_study *s, const eq_explored *e, size_t round) {
    size_t from, to;
    eq_search_points(s, round, &from, &to);
    for (size_t k = from * s->repeats; k < to * s->repeats; k++)
        if (e->all.runs == 0 || !e->all.done[k]) return false;
    return true;
}

/* The mean of the goal over the seeds, so that less is better; a point of which a training failed
 * is worse than any other. */
static double cost_of(const eq_study *s, const eq_explored *e, size_t point) {
    double sum = 0.0;
    for (size_t k = point * s->repeats; k < (point + 1) * s->repeats; k++) {
        double x = e->all.value[k * e->all.figures + s->goal];
        if (e->all.failed[k] || !isfinite(x)) return INFINITY;
        sum += x;
    }
    return (s->figure[s->goal]->more ? -sum : sum) / (double)s->repeats;
}

/* --- successive halving --- */

/* The settings of the first rung are independent and uniform. */
static void draw_first(const eq_study *s, double *level) {
    eq_random r = eq_random_seed(s->design_seed);
    for (size_t p = 0; p < s->rung[0]; p++)
        for (size_t f = 0; f < s->factors; f++)
            level[p * s->factors + f] =
                f == s->factors - 1 ? eq_factor_level(&s->factor[f], 0) : eq_random_uniform(&r);
}

/* The best of the rung before, the best one first (equal ones in their order), with more to spend. */
static void draw_rung(eq_search *q, eq_explored *e, size_t rung) {
    const eq_study *s = q->s;
    size_t from, to, count = 0, n = s->factors;
    eq_search_points(s, rung - 1, &from, &to);
    for (size_t p = from; p < to; p++) {
        size_t at = count++;
        for (; at > 0 && q->cost[q->order[at - 1]] > q->cost[p]; at--)
            q->order[at] = q->order[at - 1];
        q->order[at] = p;
    }
    for (size_t k = 0; k < s->rung[rung]; k++) {
        double *level = e->level + (to + k) * n;
        memcpy(level, e->level + q->order[k] * n, n * sizeof *level);
        level[n - 1] = eq_factor_level(&s->factor[n - 1], rung);
    }
}

static eq_status draw(eq_search *q, eq_explored *e, size_t round, eq_diag *diag) {
    const eq_study *s = q->s;
    size_t from, to;
    eq_search_points(s, round, &from, &to);
    if (s->design == EQ_DESIGN_CMA)
        eq_cma_ask(q->cma, e->level + from * s->factors);
    else if (s->design == EQ_DESIGN_HALVING && round > 0)
        draw_rung(q, e, round);
    else if (s->design == EQ_DESIGN_HALVING)
        draw_first(s, e->level);
    else
        return eq_design_draw(s, e->level, diag);
    return EQ_OK;
}

static void tell(eq_search *q, const eq_explored *e, size_t round) {
    const eq_study *s = q->s;
    size_t from, to;
    eq_search_points(s, round, &from, &to);
    for (size_t p = from; p < to; p++) q->cost[p] = cost_of(s, e, p);
    if (q->cma != NULL) eq_cma_tell(q->cma, e->level + from * s->factors, q->cost + from);
}

eq_status eq_search_follow(eq_search *q, eq_explored *e, size_t *round, eq_diag *diag) {
    size_t rounds = eq_search_rounds(q->s);
    eq_status status = EQ_OK;
    bool done = q->drawn == 0 || is_done(q->s, e, q->drawn - 1);
    while (status == EQ_OK && done && q->drawn < rounds) {
        if (q->drawn > 0) tell(q, e, q->drawn - 1);
        status = draw(q, e, q->drawn++, diag);
        done = is_done(q->s, e, q->drawn - 1);
    }
    *round = done ? rounds : q->drawn - 1;
    return status;
}

/* Rows of rounds that were not drawn before are held against what is drawn now. */
eq_status eq_search_read(eq_search *q, const char *folder, bool sort, eq_explored *e, size_t *round,
                         eq_diag *diag) {
    size_t drawn;
    eq_status status;
    do {
        drawn = q->drawn;
        eq_outcomes_free(&e->all);
        status = eq_study_rows_read(q->s, e->level, e->seed, folder, sort, &e->all, diag);
        if (status == EQ_OK) status = eq_search_follow(q, e, round, diag);
    } while (status == EQ_OK && drawn < q->drawn);
    for (size_t k = 0; status == EQ_OK && k < e->all.runs; k++)
        if (e->all.done[k] && isnan(e->level[k / q->s->repeats * q->s->factors]))
            status =
                eq_fail(diag, EQ_ERR_INPUT,
                        "the table in %s has a row of point %zu, but not all rows of the round "
                        "before it, from which the search goes on; begin anew by --force",
                        folder, k / q->s->repeats + 1);
    return status;
}
