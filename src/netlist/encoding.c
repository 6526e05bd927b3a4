#include "netlist/encoding.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

typedef enum encoding { ENCODING_8, ENCODING_16_LITTLE, ENCODING_16_BIG } encoding;

/* Without a mark the first letter of the title says it: one of its two bytes is NUL. */
static encoding encoding_of(const unsigned char *p, size_t length, size_t *mark) {
    *mark = 2;
    if (length >= 2 && p[0] == 0xFF && p[1] == 0xFE) return ENCODING_16_LITTLE;
    if (length >= 2 && p[0] == 0xFE && p[1] == 0xFF) return ENCODING_16_BIG;
    *mark = length >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (length < 4 || length % 2 != 0 || *mark == 3) return ENCODING_8;
    if (p[0] != 0 && p[1] == 0) return ENCODING_16_LITTLE;
    return p[0] == 0 && p[1] != 0 ? ENCODING_16_BIG : ENCODING_8;
}

/* One code point as UTF-8 (RFC 3629). */
static void put(eq_text *out, uint32_t c) {
    char b[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t k = n; k-- > 1; c >>= 6) b[k] = (char)(0x80 | (c & 0x3F));
    b[0] = (char)(first[n] | c);
    eq_text_add(out, b, n);
}

static uint32_t unit_at(const unsigned char *p, bool big) {
    return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* Code units, two of which may be one code point (RFC 2781); what is none becomes U+FFFD. */
static void from_utf16(const unsigned char *p, size_t length, bool big, eq_text *out) {
    for (size_t k = 0; k + 1 < length && !out->failed; k += 2) {
        uint32_t c = unit_at(p + k, big);
        uint32_t low = k + 3 < length ? unit_at(p + k + 2, big) : 0;
        if (c >= 0xD800 && c < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            k += 2;
        }
        put(out, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
    }
}

eq_status eq_deck_decode(char **text, size_t *length, eq_diag *diag) {
    size_t mark;
    encoding e = encoding_of((const unsigned char *)*text, *length, &mark);
    if (e == ENCODING_8) {
        memmove(*text, *text + mark, *length - mark + 1);
        *length -= mark;
        return EQ_OK;
    }
    eq_text out = {0};
    eq_text_puts(&out, "");
    from_utf16((const unsigned char *)*text + mark, *length - mark, e == ENCODING_16_BIG, &out);
    if (out.failed || out.text == NULL) {
        eq_text_free(&out);
        return eq_out_of_memory(diag);
    }
    eq_free(*text);
    *text = out.text;
    *length = out.length;
    return EQ_OK;
}
