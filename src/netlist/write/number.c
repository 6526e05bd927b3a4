/* Numbers with as few digits as give them back. */
#include <stdio.h>
#include <stdlib.h>

#include "netlist/write/write.h"

void eq_write_number(eq_text *out, double value) {
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    eq_text_puts(out, text);
}
