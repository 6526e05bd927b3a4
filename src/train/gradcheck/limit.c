#include "train/gradcheck/limit.h"

#include <math.h>

/* Richardson's extrapolation by one more power of the step: (2^q T_p - T_p-1) / (2^q - 1). */
static void extrapolate(size_t n, double power, double *value, double *noise) {
    double factor = pow(2.0, power);
    for (size_t p = n - 1; p >= 1; p--) {
        value[p] = (factor * value[p] - value[p - 1]) / (factor - 1.0);
        noise[p] = (factor * noise[p] + noise[p - 1]) / (factor - 1.0);
    }
    noise[0] = INFINITY;
}

static void take(eq_limit *best, eq_limit other) {
    if (other.doubt < best->doubt) *best = other;
}

/* From the smallest step up, as long as the intervals value +- noise have a point in common (Lepski
 * 1990, Theory Probab. Appl. 35:454). The series then leaves of a term at most its distance from
 * the term before times 1/(1 - 2^-power) <= 2, and that is within the noise of the two; of the
 * first term less than the second one changes. Where the law of a diode has a corner, the series
 * changes at some step, and what it leaves shows first against a term a few steps back: that one
 * counts. */
static void take_longest(size_t n, const double *value, const double *noise, eq_limit *best) {
    enum { BACK = 4 };
    double low = -INFINITY, high = INFINITY, before[BACK] = {0};
    eq_limit first = *best;
    int terms = 0;
    for (size_t p = n; p-- > 0;) {
        if (!isfinite(value[p]) || !isfinite(noise[p])) continue;
        if (terms == 0) first = (eq_limit){value[p], noise[p], p};
        if (terms == 1) {
            first.doubt += fabs(value[p] - first.value) + noise[p];
            take(best, first);
        }
        if (value[p] - noise[p] > high || value[p] + noise[p] < low) return;
        low = fmax(low, value[p] - noise[p]);
        high = fmin(high, value[p] + noise[p]);
        double back = terms < BACK ? first.doubt : before[terms % BACK];
        if (terms > 0) take(best, (eq_limit){value[p], noise[p] + 2.0 * (noise[p] + back), p});
        before[terms++ % BACK] = noise[p];
    }
}

eq_limit eq_limit_find(size_t n, double *value, double *noise, double order, double more) {
    enum { LEVELS = 4 };
    eq_limit best = {NAN, INFINITY, 0};
    for (int level = 0; n > 0 && level < LEVELS; level++) {
        take_longest(n, value, noise, &best);
        extrapolate(n, order + level * more, value, noise);
    }
    return best;
}
