#include "cli/study.h"

#include <math.h>
#include <stdio.h>

#include "base/carry.h"
#include "base/mem.h"
#include "explore/draw.h"
#include "explore/effects.h"

enum { LABEL = 24, BEST = 5, WIDEST = 8 };

static void print_text(eq_text *t, size_t width, bool left) {
    eq_carry_field(t->failed || t->text == NULL ? "" : t->text, width, SIZE_MAX, left, stdout);
    eq_text_free(t);
}

static void print_level(const eq_study *s, const eq_effect *e, size_t level, size_t width,
                        bool left) {
    eq_text t = {0};
    eq_effect_label(s, e, level, &t);
    print_text(&t, width, left);
}

static void print_number(double x) {
    if (isnan(x))
        printf(" %12s", "-");
    else
        printf(" %12.5g", x);
}

static void print_effect(const eq_study *s, const eq_effect *e) {
    eq_carry_to(EQ_CARRY_TEXT, s->factor[e->factor].name, stdout);
    if (isnan(e->share))
        printf("\n");
    else
        printf(": %.1f %% of the variance\n", 100.0 * e->share);
    for (size_t k = 0; k < e->levels; k++) {
        printf("  ");
        print_level(s, e, k, LABEL, true);
        print_number(e->level[k].mean);
        if (isnan(e->level[k].band))
            printf("    %9s", "");
        else
            printf(" +- %-9.3g", e->level[k].band);
        printf(" %6zu\n", e->level[k].runs);
    }
}

static eq_status print_interaction(const eq_study *s, const eq_explored *x, const eq_effect *a,
                                   const eq_effect *b, eq_diag *diag) {
    double *mean, share;
    eq_status status = eq_interaction_find(s, x, a, b, s->goal, &mean, &share, diag);
    if (status != EQ_OK) return status;
    printf("\n%s by %s (down) and %s (across)", s->figure[s->goal]->name, s->factor[a->factor].name,
           s->factor[b->factor].name);
    if (!isnan(share)) printf(": %.1f %% of the variance beyond both", 100.0 * share);
    printf("\n  %*s", LABEL, "");
    size_t columns = b->levels < WIDEST ? b->levels : WIDEST;
    for (size_t j = 0; j < columns; j++) {
        putchar(' ');
        print_level(s, b, j, 12, false);
    }
    putchar('\n');
    for (size_t i = 0; i < a->levels; i++) {
        printf("  ");
        print_level(s, a, i, LABEL, true);
        for (size_t j = 0; j < columns; j++) print_number(mean[i * b->levels + j]);
        putchar('\n');
    }
    if (columns < b->levels) printf("  (the first %zu of %zu)\n", columns, b->levels);
    eq_free(mean);
    return EQ_OK;
}

static eq_status print_effects(const eq_study *s, const eq_explored *x, eq_diag *diag) {
    eq_effects e;
    eq_status status = eq_effects_find(s, x, s->goal, &e, diag);
    if (status != EQ_OK) return status;
    printf("%-26s %12s    %-9s %6s\n", "main effects", s->figure[s->goal]->name, "95 %", "runs");
    for (size_t f = 0; f < s->factors; f++) print_effect(s, &e.of[f]);
    if (e.paired) status = print_interaction(s, x, &e.of[e.pair[0]], &e.of[e.pair[1]], diag);
    eq_effects_free(&e);
    return status;
}

/* point 12  test_error 0.0444  watts 1.2e-05
 *   eqspice train ... */
static void print_point(const eq_study *s, const eq_explored *x, size_t point, const size_t *figure,
                        size_t figures) {
    eq_text command = {0};
    printf("point %zu", point + 1);
    for (size_t k = 0; k < figures; k++)
        printf("  %s %.5g", s->figure[figure[k]]->name, eq_point_mean(s, x, point, figure[k]));
    eq_run_command(s, x->level, point * s->repeats, x->seed, &command);
    printf("\n  ");
    print_text(&command, 0, true);
    putchar('\n');
}

static eq_status print_front(const eq_study *s, const eq_explored *x, eq_diag *diag) {
    size_t *order, count;
    if (s->pareto[0] == s->pareto[1]) return EQ_OK;
    eq_status status = eq_points_front(s, x, s->pareto, &order, &count, diag);
    if (status != EQ_OK) return status;
    printf("\nPareto front of %s and %s\n", s->figure[s->pareto[0]]->name,
           s->figure[s->pareto[1]]->name);
    for (size_t k = 0; k < count; k++) print_point(s, x, order[k], s->pareto, 2);
    eq_free(order);
    return EQ_OK;
}

static eq_status print_best(const eq_study *s, const eq_explored *x, eq_diag *diag) {
    size_t *order, count;
    eq_status status = eq_points_rank(s, x, s->goal, &order, &count, diag);
    if (status != EQ_OK) return status;
    printf("\nbest points by %s%s\n", s->figure[s->goal]->name,
           s->repeats > 1 ? ", mean of the seeds; the command trains the first" : "");
    for (size_t k = 0; k < count && k < BEST; k++) print_point(s, x, order[k], &s->goal, 1);
    eq_free(order);
    return EQ_OK;
}

eq_status eq_print_study(const eq_study *s, const eq_explored *e, eq_diag *diag) {
    eq_status status = print_effects(s, e, diag);
    if (status == EQ_OK) status = print_front(s, e, diag);
    return status == EQ_OK ? print_best(s, e, diag) : status;
}
