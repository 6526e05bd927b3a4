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

#endif
