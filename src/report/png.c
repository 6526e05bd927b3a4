#include "report/png.h"

#include <string.h>

#include "base/file.h"

static void add_word(uint32_t x, eq_text *out) {
    const char byte[] = {(char)(x >> 24), (char)(x >> 16 & 255), (char)(x >> 8 & 255),
                         (char)(x & 255)};
    eq_text_add(out, byte, sizeof byte);
}

/* Length, type, bytes and the CRC of the last two (5.3). */
static void add_chunk(const char type[4], const eq_text *bytes, eq_text *out) {
    add_word((uint32_t)bytes->length, out);
    size_t first = out->length;
    eq_text_add(out, type, 4);
    if (bytes->length > 0) eq_text_add(out, bytes->text, bytes->length);
    if (!out->failed) add_word(eq_crc32(out->text + first, out->length - first), out);
}

void eq_png_grey(const uint8_t *grey, size_t width, size_t height, eq_text *out) {
    static const char signature[] = "\x89PNG\r\n\x1a\n", kind[] = {8, 0, 0, 0, 0};
    eq_text header = {0}, rows = {0}, packed = {0}, none = {0};
    add_word((uint32_t)width, &header);
    add_word((uint32_t)height, &header);
    eq_text_add(&header, kind, sizeof kind); /* 8 bits, grey */
    for (size_t r = 0; r < height; r++) {
        eq_text_add(&rows, "", 1); /* a row that is not filtered */
        eq_text_add(&rows, (const char *)grey + r * width, width);
    }
    if (!rows.failed) eq_deflate(rows.text, rows.length, &packed);
    out->failed |= header.failed || rows.failed || packed.failed;
    if (!out->failed) {
        eq_text_add(out, signature, sizeof signature - 1);
        add_chunk("IHDR", &header, out);
        add_chunk("IDAT", &packed, out);
        add_chunk("IEND", &none, out);
    }
    eq_text_free(&header);
    eq_text_free(&rows);
    eq_text_free(&packed);
}
