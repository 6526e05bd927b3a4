/* Seeded random numbers, the same on every machine: xoshiro256** (Blackman and Vigna 2018), seeded
 * with splitmix64. The state is plain data, so that a checkpoint can keep it. */
#ifndef EQ_BASE_RANDOM_H
#define EQ_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct eq_random {
    uint64_t s[4];
} eq_random;

eq_random eq_random_seed(uint64_t seed);
uint64_t eq_random_next(eq_random *r);
/* Uniform in [0, 1), 53 random bits. */
double eq_random_uniform(eq_random *r);
/* Uniform in 0 .. n-1 without bias (n > 0). */
uint64_t eq_random_below(eq_random *r, uint64_t n);
/* Standard normal (Box-Muller, one of the pair). */
double eq_random_normal(eq_random *r);
/* Fisher-Yates shuffle of n indices. */
void eq_random_shuffle(eq_random *r, uint32_t *index, size_t n);

/* Counter-based draws: draw number k of stream `index` of a key is a function of the three (splitmix64
 * from a mixed start), so that threads, order and what was drawn before do not matter. */
typedef struct eq_draw {
    uint64_t at;
} eq_draw;
eq_draw eq_draw_of(uint64_t key, uint64_t index);
double eq_draw_uniform(eq_draw *d); /* in [0, 1), 53 random bits */
double eq_draw_normal(eq_draw *d);  /* standard normal (Box-Muller, one of the pair) */

#endif
