/* A 64-bit fingerprint of bytes, fed piece by piece: FNV-1a (Fowler, Noll and Vo 1991). It tells
 * contents apart that were changed by accident or by editing; it is no seal against forgery. */
#ifndef EQ_BASE_HASH_H
#define EQ_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define EQ_HASH_START UINT64_C(0xcbf29ce484222325)

/* Appends bytes to what *hash has seen. */
void eq_hash_bytes(uint64_t *hash, const void *data, size_t length);
/* A number; lengths go before what they count, so that the pieces cannot be parted otherwise. */
void eq_hash_number(uint64_t *hash, uint64_t number);
/* A double by its bits; every NAN is the same. */
void eq_hash_double(uint64_t *hash, double value);
/* A text with its length; NULL differs from the empty one. */
void eq_hash_text(uint64_t *hash, const char *text);

#endif
