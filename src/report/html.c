#include "report/html.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/carry.h"

static const char *entity(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void eq_html_text(const char *text, eq_text *out) {
    eq_text whole = {0};
    eq_carry(EQ_CARRY_TEXT, text, &whole);
    const char *p = whole.failed || whole.text == NULL ? "" : whole.text;
    while (*p != '\0') {
        size_t plain = strcspn(p, "&<>\"'");
        eq_text_add(out, p, plain);
        p += plain;
        if (*p != '\0') eq_text_puts(out, entity(*p++));
    }
    out->failed |= whole.failed;
    eq_text_free(&whole);
}

/* One conversion, from % to its letter. */
static void convert(eq_text *out, const char *spec, bool wide, va_list *args) {
    char letter = spec[strlen(spec) - 1];
    if (letter == 's')
        eq_html_text(va_arg(*args, const char *), out);
    else if (letter == 'u' && wide)
        eq_text_printf(out, "%zu", va_arg(*args, size_t));
    else if (letter == 'd' || letter == 'c')
        eq_text_printf(out, letter == 'd' ? "%d" : "%c", va_arg(*args, int));
    else if (letter == 'f' || letter == 'g')
        eq_text_printf(out, spec, va_arg(*args, double));
}

void eq_html(eq_text *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    while (*format != '\0') {
        size_t plain = strcspn(format, "%");
        eq_text_add(out, format, plain);
        format += plain;
        if (*format == '\0') break;
        char spec[16] = "";
        size_t n = strcspn(format + 1, "scdufg%") + 2;
        memcpy(spec, format, n < sizeof spec ? n : sizeof spec - 1);
        if (strcmp(spec, "%%") == 0)
            eq_text_puts(out, "%");
        else
            convert(out, spec, strchr(spec, 'z') != NULL, &args);
        format += n;
    }
    va_end(args);
}

/* Whether a prefix would be raised, too: of m^3/s. */
static bool is_power(const char *unit) {
    return unit[strcspn(unit, "/ ^")] == '^';
}

const char *eq_shown(double value, const char *unit, char out[EQ_SHOWN]) {
    static const char *const prefix[] = {"f", "p", "n", "\302\265", "m", "", "k", "M", "G"};
    enum { FIRST = -15, LAST = 9 };
    if (!isfinite(value)) {
        snprintf(out, EQ_SHOWN, "%s",
                 isinf(value) ? (value > 0 ? "\342\210\236" : "-\342\210\236") : "\342\200\223");
    } else if (strcmp(unit, "%") == 0) {
        snprintf(out, EQ_SHOWN, "%.2f %%", 100.0 * value);
    } else if (unit[0] == '\0' || value == 0.0 || is_power(unit)) {
        snprintf(out, EQ_SHOWN, "%.4g%s%s", value + 0.0, unit[0] == '\0' ? "" : " ", unit);
    } else {
        int power = (int)floor(log10(fabs(value) * 1.0005) / 3.0) * 3;
        power = power < FIRST ? FIRST : power > LAST ? LAST : power;
        snprintf(out, EQ_SHOWN, "%.3g %s%s", value / pow(10.0, power), prefix[(power - FIRST) / 3],
                 unit);
    }
    return out;
}

void eq_html_number(eq_text *out, const char *id, double value, const char *unit) {
    char shown[EQ_SHOWN];
    eq_text_puts(out, "<data");
    if (id != NULL) eq_html(out, " id=\"%s\"", id);
    eq_text_puts(out, " value=\"");
    if (isfinite(value)) eq_text_number(out, value);
    eq_html(out, "\">%s</data>", eq_shown(value, unit, shown));
}

void eq_html_data(eq_text *out, const char *type, const void *bytes, size_t length) {
    static const char letter[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *b = bytes;
    eq_html(out, "data:%s;base64,", type);
    for (size_t k = 0; k < length; k += 3) {
        uint32_t bits = (uint32_t)b[k] << 16;
        if (k + 1 < length) bits |= (uint32_t)b[k + 1] << 8;
        if (k + 2 < length) bits |= b[k + 2];
        const char four[] = {letter[bits >> 18], letter[bits >> 12 & 63],
                             k + 1 < length ? letter[bits >> 6 & 63] : '=',
                             k + 2 < length ? letter[bits & 63] : '='};
        eq_text_add(out, four, 4);
    }
}
