/* Words that are near one another: for "did you mean". */
#ifndef EQ_BASE_NEAR_H
#define EQ_BASE_NEAR_H

#include <stdbool.h>
#include <stddef.h>

enum { EQ_FAR = 32 };

/* Letters to insert, delete, change or swap with a neighbour to make b of the n bytes at a, whose case does not count
 * (Damerau 1964); EQ_FAR when a word is too long to compare. b is lower case. */
int eq_distance(const char *a, size_t n, const char *b);
/* How far a word that is meant by one of n bytes may lie from it. */
int eq_near(size_t n);

/* The name that a word of n bytes is near to, of the first 10,000 of `count`; NULL: none is. */
const char *eq_nearest(const char *word, size_t n, size_t count,
                       const char *(*name)(const void *of, size_t k), const void *of);

/* True if two neighbouring letters have changed places: cso and cos. */
bool eq_swapped(const char *a, size_t n, const char *b);

#endif
