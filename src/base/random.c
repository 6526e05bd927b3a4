#include "base/random.h"

#include <math.h>

static uint64_t splitmix(uint64_t *x) {
    uint64_t z = (*x += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

eq_random eq_random_seed(uint64_t seed) {
    eq_random r;
    for (int i = 0; i < 4; i++) r.s[i] = splitmix(&seed);
    return r;
}

static uint64_t rotate(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

uint64_t eq_random_next(eq_random *r) {
    uint64_t *s = r->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double eq_random_uniform(eq_random *r) {
    return (double)(eq_random_next(r) >> 11) * 0x1p-53;
}

uint64_t eq_random_below(eq_random *r, uint64_t n) {
    uint64_t reject = -n % n; /* 2^64 mod n: values below it would be too frequent */
    uint64_t x = eq_random_next(r);
    while (x < reject) x = eq_random_next(r);
    return x % n;
}

/* Box and Muller 1958, of u in (0, 1] and v in [0, 1). */
static double normal(double u, double v) {
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

double eq_random_normal(eq_random *r) {
    double u = 1.0 - eq_random_uniform(r), v = eq_random_uniform(r);
    return normal(u, v);
}

eq_draw eq_draw_of(uint64_t key, uint64_t index) {
    uint64_t start = key ^ splitmix(&index); /* neighbouring streams start far apart */
    return (eq_draw){splitmix(&start)};
}

double eq_draw_uniform(eq_draw *d) {
    return (double)(splitmix(&d->at) >> 11) * 0x1p-53;
}

double eq_draw_normal(eq_draw *d) {
    double u = 1.0 - eq_draw_uniform(d), v = eq_draw_uniform(d);
    return normal(u, v);
}

void eq_random_shuffle(eq_random *r, uint32_t *index, size_t n) {
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)eq_random_below(r, i);
        uint32_t kept = index[i - 1];
        index[i - 1] = index[j];
        index[j] = kept;
    }
}
