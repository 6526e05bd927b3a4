/* What a study says: how each factor moves a figure, how two move it together, and which points are
 * the best. Trainings that failed, and values that are not there, count nowhere. */
#ifndef EQ_EXPLORE_EFFECTS_H
#define EQ_EXPLORE_EFFECTS_H

#include "explore/explore.h"

/* The 0.975 quantile of Student's t with n degrees of freedom: mean +- t s/sqrt(n + 1) is the 95 %
 * band of a mean. */
double eq_student(size_t n);

/* A level of a factor, or one of five bins of a range that has none. */
typedef struct eq_effect_level {
    double from, to; /* u of its ends; the same: a level */
    size_t runs;
    double mean, band; /* +-, 95 %; NAN of one run */
} eq_effect_level;

typedef struct eq_effect {
    size_t factor, levels;
    eq_effect_level *level;
    double share; /* of the variance of all runs that lies between the levels; NAN: there is none */
} eq_effect;

/* Of figure number `figure`; to be freed by eq_effect_free. Of one-at-a-time the points count that
 * have all other factors at their center. */
eq_status eq_effect_find(const eq_study *s, const eq_explored *e, size_t factor, size_t figure,
                         eq_effect *out, eq_diag *diag);
void eq_effect_free(eq_effect *e);

/* Of all factors, and the two of them whose levels part the most of the variance. */
typedef struct eq_effects {
    eq_effect *of; /* [count] */
    size_t count;
    bool paired; /* false: there are no two, or the design shows no two together */
    size_t pair[2];
} eq_effects;

eq_status eq_effects_find(const eq_study *s, const eq_explored *e, size_t figure, eq_effects *out,
                          eq_diag *diag);
void eq_effects_free(eq_effects *e);
/* "0.1", or of a bin "0.1 .. 0.3". */
void eq_effect_label(const eq_study *s, const eq_effect *e, size_t level, eq_text *out);

/* Means over the levels of two factors together: mean[levels of a][levels of b], NAN where no run
 * is. *share: of the variance that the two explain beyond their own effects; NAN: no cell has
 * two runs. */
eq_status eq_interaction_find(const eq_study *s, const eq_explored *e, const eq_effect *a,
                              const eq_effect *b, size_t figure, double **mean, double *share,
                              eq_diag *diag);

/* Mean of a figure over the trainings of a point; NAN without any. */
double eq_point_mean(const eq_study *s, const eq_explored *e, size_t point, size_t figure);
/* order[points]: the points that have the figure, the best first; *count of them. Owned by the
 * caller. */
eq_status eq_points_rank(const eq_study *s, const eq_explored *e, size_t figure, size_t **order,
                         size_t *count, eq_diag *diag);
/* The points that no other one beats in one of the two figures without being worse in the other, in
 * the order of the first. */
eq_status eq_points_front(const eq_study *s, const eq_explored *e, const size_t figure[2],
                          size_t **order, size_t *count, eq_diag *diag);

#endif
