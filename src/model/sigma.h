/* What a unit makes of its field f: s = sigma(f). */
#ifndef EQ_MODEL_SIGMA_H
#define EQ_MODEL_SIGMA_H

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
    /* The integral of the inverse of sigma up to s: what a unit adds to the energy. */
    double (*energy)(double s);
} eq_sigma;

/* "hard-sigmoid": f clipped to [0, 1]; "sigmoid": 1/(1 + exp(2 - 4 f)) (Ernoult et al. 2019), which has the
 * slope 1 in the middle of [0, 1]; "tanh". NULL: it is none of them. */
const eq_sigma *eq_sigma_find(const char *name);

#endif
