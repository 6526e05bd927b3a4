#include "base/text.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void eq_text_free(eq_text *t) {
    eq_free(t->text);
    *t = (eq_text){0};
}

void eq_text_clear(eq_text *t) {
    t->length = 0;
    if (t->text != NULL) t->text[0] = '\0';
}

void eq_text_add(eq_text *t, const char *bytes, size_t length) {
    if (t->failed || !eq_grow((void **)&t->text, &t->cap, t->length + length + 1, 1)) {
        t->failed = true;
        return;
    }
    memcpy(t->text + t->length, bytes, length);
    t->length += length;
    t->text[t->length] = '\0';
}

void eq_text_puts(eq_text *t, const char *text) {
    eq_text_add(t, text, strlen(text));
}

void eq_text_printf(eq_text *t, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0 || t->failed ||
        !eq_grow((void **)&t->text, &t->cap, t->length + (size_t)length + 1, 1)) {
        t->failed = true;
    } else {
        vsnprintf(t->text + t->length, (size_t)length + 1, format, args);
        t->length += (size_t)length;
    }
    va_end(args);
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void eq_lower(char *text, size_t length) {
    for (size_t i = 0; i < length; i++) text[i] = lower(text[i]);
}

bool eq_same(const char *a, const char *b) {
    while (*a != '\0' && lower(*a) == lower(*b)) a++, b++;
    return lower(*a) == lower(*b);
}

bool eq_same_word(const char *name, const char *word, size_t n) {
    if (strlen(name) != n) return false;
    for (size_t k = 0; k < n; k++)
        if (lower(name[k]) != lower(word[k])) return false;
    return true;
}

const char *eq_next_word(const char *text, const char *blanks, size_t *n) {
    text += strspn(text, blanks);
    *n = strcspn(text, blanks);
    return text;
}

int eq_word_find(const char *const *words, size_t count, const char *name) {
    for (size_t k = 0; k < count; k++)
        if (eq_same(words[k], name)) return (int)k;
    return -1;
}

/* Greedy match with one point of return: the last star. */
bool eq_match(const char *pattern, const char *name) {
    const char *star = NULL, *retry = NULL;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            retry = name;
        } else if (*pattern == '?' || lower(*pattern) == lower(*name)) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star + 1;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return *pattern == '\0';
}

/* [sign] digits [. digits] [e [sign] digits], as far as it is needed for the value. */
typedef struct decimal {
    bool negative;
    uint64_t mantissa; /* the digits; wrapped around when there are more than 19 */
    size_t digits;
    int power; /* of ten, that the mantissa is multiplied with */
} decimal;

/* The digits at text[i ...] join the mantissa; where they end. */
static size_t read_digits(const char *text, size_t length, size_t i, decimal *d) {
    size_t start = i;
    for (; i < length; i++) {
        unsigned digit = (unsigned)text[i] - '0';
        if (digit > 9) break;
        d->mantissa = d->mantissa * 10 + digit;
    }
    d->digits += i - start;
    return i;
}

/* The exponent at text[i], if a whole one stands there; where it ends. */
static size_t read_exponent(const char *text, size_t length, size_t i, decimal *d) {
    enum { ENDLESS = 100000 }; /* far outside every double */
    size_t start = i++;
    bool negative = i < length && text[i] == '-';
    int e = 0;
    if (negative || (i < length && text[i] == '+')) i++;
    if (i >= length || (unsigned)text[i] - '0' > 9) return start;
    for (; i < length && (unsigned)text[i] - '0' <= 9; i++)
        if (e < ENDLESS) e = e * 10 + (text[i] - '0');
    d->power += negative ? -e : e;
    return i;
}

/* Length of the number at the start of text, 0 if there is no digit. */
static size_t read_decimal(const char *text, size_t length, decimal *d) {
    bool sign = length > 0 && (text[0] == '+' || text[0] == '-');
    *d = (decimal){.negative = sign && text[0] == '-'};
    size_t i = read_digits(text, length, sign, d);
    if (i < length && text[i] == '.') {
        size_t point = ++i;
        i = read_digits(text, length, i, d);
        d->power = -(int)(i - point < INT_MAX / 2 ? i - point : INT_MAX / 2);
    }
    if (d->digits == 0) return 0;
    return i < length && lower(text[i]) == 'e' ? read_exponent(text, length, i, d) : i;
}

/* Powers of ten that a double holds exactly; with a mantissa up to 2^53 one product or quotient is
 * then correctly rounded (Clinger 1990, "How to read floating point numbers accurately"). */
static const double exact_power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { EXACT_POWERS = 22, EXACT_DIGITS = 19 };

size_t eq_parse_double(const char *text, size_t length, double *value) {
    return eq_parse_scaled(text, length, 0, value);
}

size_t eq_parse_scaled(const char *text, size_t length, int power, double *value) {
    decimal d;
    size_t n = read_decimal(text, length, &d);
    if (n == 0) return 0;
    d.power += power;
    if (d.digits <= EXACT_DIGITS && d.mantissa <= (uint64_t)1 << 53 && d.power >= -EXACT_POWERS &&
        d.power <= EXACT_POWERS) {
        double m = (double)d.mantissa;
        m = d.power < 0 ? m / exact_power[-d.power] : m * exact_power[d.power];
        *value = d.negative ? -m : m;
        return n;
    }
    char copy[64];
    if (d.digits <= EXACT_DIGITS) {
        snprintf(copy, sizeof copy, "%s%" PRIu64 "e%d", d.negative ? "-" : "", d.mantissa, d.power);
        *value = strtod(copy, NULL); /* the program never leaves the C locale */
        return n;
    }
    char *long_copy = n < sizeof copy ? copy : eq_malloc(n + 1, 1);
    if (long_copy == NULL) return 0;
    memcpy(long_copy, text, n);
    long_copy[n] = '\0';
    *value = strtod(long_copy, NULL);
    if (power != 0) *value *= pow(10.0, power);
    if (long_copy != copy) eq_free(long_copy);
    return n;
}

const char *eq_number(double value, char text[EQ_NUMBER_LENGTH]) {
    value += 0.0; /* -0 becomes 0 */
    for (int digits = 15; digits <= 17; digits++) {
        double back = 0.0;
        size_t n = (size_t)snprintf(text, EQ_NUMBER_LENGTH, "%.*g", digits, value);
        if (eq_parse_double(text, n, &back) == n && back == value) break;
    }
    return text;
}

void eq_text_number(eq_text *t, double value) {
    char text[EQ_NUMBER_LENGTH];
    eq_text_puts(t, eq_number(value, text));
}
