#include "base/hash.h"

#include <math.h>
#include <string.h>

void eq_hash_bytes(uint64_t *hash, const void *data, size_t length) {
    const unsigned char *byte = data;
    uint64_t h = *hash;
    for (size_t k = 0; k < length; k++) h = (h ^ byte[k]) * UINT64_C(0x100000001b3);
    *hash = h;
}

void eq_hash_number(uint64_t *hash, uint64_t number) {
    eq_hash_bytes(hash, &number, sizeof number);
}

void eq_hash_double(uint64_t *hash, double value) {
    uint64_t bits = UINT64_MAX; /* of a NAN */
    if (!isnan(value)) memcpy(&bits, &value, sizeof bits);
    eq_hash_number(hash, bits);
}

void eq_hash_text(uint64_t *hash, const char *text) {
    size_t length = text == NULL ? 0 : strlen(text);
    eq_hash_number(hash, text == NULL ? UINT64_MAX : length);
    eq_hash_bytes(hash, text, length);
}
