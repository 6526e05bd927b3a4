/* What pulls a parameter w beside the loss: strength/2 (w - center)^2 and, outside of soft bounds,
 * soft/2 (distance from the nearer one)^2. */
#ifndef EQ_MODEL_PULL_H
#define EQ_MODEL_PULL_H

#include <math.h>
#include <stdbool.h>

/* Of the parameters of a block; in the unit of the loss over the square of theirs, and in theirs. */
typedef struct eq_pull {
    double strength;
    double soft, low, high; /* low <= high; infinite: there is none */
} eq_pull;

static inline bool eq_pull_bounded(const eq_pull *p) {
    return isfinite(p->low) || isfinite(p->high);
}

/* How far w stands above the upper soft bound, or (below 0) below the lower one. */
static inline double eq_pull_beyond(const eq_pull *p, double w) {
    return w > p->high ? w - p->high : w < p->low ? w - p->low : 0.0;
}

/* The slope at w. */
static inline double eq_pull_slope(const eq_pull *p, double w, double center) {
    double slope = p->strength * (w - center);
    return p->soft > 0.0 ? slope + p->soft * eq_pull_beyond(p, w) : slope;
}

#endif
