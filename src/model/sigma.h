/* What a unit makes of its field f: s = sigma(f). */
#ifndef EQ_MODEL_SIGMA_H
#define EQ_MODEL_SIGMA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct eq_sigma {
    const char *name;
    double low; /* s lies between it and 1 */
    /* s[n] = sigma(s[n]) */
    void (*apply)(size_t n, double *s);
    /* d[n] *= sigma'(f), where s[n] = sigma(f) */
    void (*slope)(size_t n, const double *s, double *d);
    /* s with s = sigma(f - c s), 1 + c sigma' > 0 everywhere */
    double (*settle)(double f, double c);
    /* sigma(f), and of r = sigma(f) sigma'(f) and sigma''(f); sigma' is 1 at most */
    double (*value)(double f);
    double (*rate)(double r);
    double (*bend)(double r);
    double bent; /* the largest |sigma''| */
    bool clips;  /* f itself inside bounds at which it stops */
    /* The integral of the inverse of sigma up to s: what a unit adds to the energy. */
    double (*energy)(double s);
} eq_sigma;

/* "hard-sigmoid": f clipped to [0, 1]; "sigmoid": 1/(1 + exp(2 - 4 f)) (Ernoult et al. 2019), which has the
 * slope 1 in the middle of [0, 1]; "tanh". NULL: it is none of them. */
const eq_sigma *eq_sigma_find(const char *name);

#endif
