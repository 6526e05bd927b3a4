/* How near a word is to another one: "did you mean ...?". */
#ifndef EQ_BASE_NEAR_H
#define EQ_BASE_NEAR_H

#include <stddef.h>

/* Letters of a[n] to insert, delete or change (Levenshtein 1966), case-blind where b is lower
 * case; EQ_FAR when a word is too long to compare. */
enum { EQ_FAR = 64 };
int eq_letters_apart(const char *a, size_t n, const char *b);
/* Whether so many letters may be a slip of the pen in a word of n letters. */
int eq_letters_forgiven(size_t n);

#endif
