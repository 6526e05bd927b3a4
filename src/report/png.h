/* Small pictures of bytes as PNG (ISO 15948). */
#ifndef EQ_REPORT_PNG_H
#define EQ_REPORT_PNG_H

#include <stdint.h>

#include "base/text.h"

/* Appends a picture of grey bytes, grey[height][width], 0 black. */
void eq_png_grey(const uint8_t *grey, size_t width, size_t height, eq_text *out);

#endif
