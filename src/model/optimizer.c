#include "model/optimizer.h"

#include <math.h>

#include "base/text.h"

/* The steps are compiled (with -O3, Makefile) for wide registers too and chosen at run time; the
 * arithmetic is the same element by element (no contraction in C17 mode), so that every machine
 * gets the same bits. The resolver runs before ThreadSanitizer is up. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define EQ_KERNEL __attribute__((target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define EQ_KERNEL
#endif

/* min(max(t, low), high), written so that it becomes two vector instructions. */
#define CLIP(t, low, high) ((t) < (low) ? (low) : (t) > (high) ? (high) : (t))

/* theta -= rate g. */
EQ_KERNEL static void sgd(const eq_step_range *p, size_t n, double *restrict theta,
                          const double *restrict gradient, double *restrict s0,
                          double *restrict s1) {
    (void)s0;
    (void)s1;
    double rate = p->rate, low = p->min, high = p->max;
    for (size_t k = 0; k < n; k++) {
        double t = theta[k] - rate * gradient[k];
        theta[k] = CLIP(t, low, high);
    }
}

/* v = momentum v + g; theta -= rate v (Polyak 1964). */
EQ_KERNEL static void momentum(const eq_step_range *p, size_t n, double *restrict theta,
                               const double *restrict gradient, double *restrict s0,
                               double *restrict s1) {
    (void)s1;
    double rate = p->rate, low = p->min, high = p->max, mu = p->momentum;
    for (size_t k = 0; k < n; k++) {
        double v = mu * s0[k] + gradient[k];
        double t = theta[k] - rate * v;
        s0[k] = v;
        theta[k] = CLIP(t, low, high);
    }
}

/* m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; theta -= rate m^ / (sqrt(v^) + eps) (Kingma and Ba
 * 2015). */
EQ_KERNEL static void adam(const eq_step_range *p, size_t n, double *restrict theta,
                           const double *restrict gradient, double *restrict s0,
                           double *restrict s1) {
    double low = p->min, high = p->max, b1 = p->beta1, b2 = p->beta2;
    double rate = p->rate / p->correction1, scale = 1.0 / p->correction2, eps = p->epsilon;
    for (size_t k = 0; k < n; k++) {
        double g = gradient[k];
        double m = b1 * s0[k] + (1.0 - b1) * g;
        double v = b2 * s1[k] + (1.0 - b2) * g * g;
        double t = theta[k] - rate * m / (sqrt(v * scale) + eps);
        s0[k] = m;
        s1[k] = v;
        theta[k] = CLIP(t, low, high);
    }
}

/* theta -= rate sign(g): only the sign of the update is needed (section 4.3.3). */
EQ_KERNEL static void sign_sgd(const eq_step_range *p, size_t n, double *restrict theta,
                               const double *restrict gradient, double *restrict s0,
                               double *restrict s1) {
    (void)s0;
    (void)s1;
    double rate = p->rate, low = p->min, high = p->max;
    for (size_t k = 0; k < n; k++) {
        double g = gradient[k];
        double t = theta[k] - (g > 0.0 ? rate : g < 0.0 ? -rate : 0.0);
        theta[k] = CLIP(t, low, high);
    }
}

static const eq_optimizer_kind kinds[] = {
    {"sgd", 0, sgd},
    {"momentum", 1, momentum},
    {"adam", 2, adam},
    {"sign-sgd", 0, sign_sgd},
};

const eq_optimizer_kind *eq_optimizer_find(const char *name) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (eq_same(kinds[k].name, name)) return &kinds[k];
    return NULL;
}

eq_step_range eq_step_range_of(const eq_optimizer *o, double min, double max) {
    return (eq_step_range){.min = min,
                           .max = max,
                           .momentum = o->momentum,
                           .beta1 = o->beta1,
                           .beta2 = o->beta2,
                           .epsilon = o->epsilon};
}

void eq_step_range_at(eq_step_range *r, double rate, uint64_t step) {
    r->rate = rate;
    r->correction1 = 1.0 - pow(r->beta1, (double)step);
    r->correction2 = 1.0 - pow(r->beta2, (double)step);
}
