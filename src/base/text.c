#include "base/text.h"

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

/* A slot of the table. Names of up to 8 bytes stand in `word` itself (zero-padded), so that most
 * look-ups touch one cache line; of longer ones it holds the whole hash and the bytes are compared
 * in the pool. */
typedef struct slot {
    uint64_t word;
    uint32_t hash; /* its lowest bit: the name is short */
    int32_t id;    /* EQ_NO_NAME: empty */
} slot;

struct eq_names {
    char *pool; /* all names, each with its NUL */
    size_t pool_used, pool_cap;
    size_t *start; /* start[id] in pool */
    size_t count, start_cap;
    slot *slot; /* open addressing; size is a power of two */
    size_t slots;
};

eq_names *eq_names_new(void) {
    return eq_calloc(1, sizeof(eq_names));
}

void eq_names_free(eq_names *names) {
    if (names == NULL) return;
    eq_free(names->pool);
    eq_free(names->start);
    eq_free(names->slot);
    eq_free(names);
}

size_t eq_names_count(const eq_names *names) {
    return names->count;
}

const char *eq_names_get(const eq_names *names, int32_t id) {
    return names->pool + names->start[id];
}

/* Eight bytes at a time, each mixed in by a multiplication (the constants of splitmix64). */
static slot key_of(const char *name, size_t length) {
    uint64_t h = length, word = 0;
    for (size_t i = 0; i < length; i += 8) {
        word = 0;
        memcpy(&word, name + i, length - i < 8 ? length - i : 8);
        h = (h ^ word) * 0xBF58476D1CE4E5B9u;
        h ^= h >> 29;
    }
    h *= 0x94D049BB133111EBu;
    bool is_short = length <= 8;
    return (slot){is_short ? word : h, ((uint32_t)(h >> 32) & ~1u) | is_short, EQ_NO_NAME};
}

static bool is_name(const eq_names *names, int32_t id, const char *name, size_t length) {
    size_t end = (size_t)id + 1 < names->count ? names->start[id + 1] : names->pool_used;
    return end - names->start[id] == length + 1 &&
           memcmp(eq_names_get(names, id), name, length) == 0;
}

/* Low bit of the hash aside, where the search for a name starts. */
static size_t first_slot(uint32_t hash, size_t slots) {
    return (hash >> 1) & (slots - 1);
}

/* The slot that holds the name, or the empty slot where it belongs. */
static size_t slot_of(const eq_names *names, const char *name, size_t length, slot key) {
    size_t i = first_slot(key.hash, names->slots);
    for (; names->slot[i].id != EQ_NO_NAME; i = (i + 1) & (names->slots - 1)) {
        const slot *s = &names->slot[i];
        if (s->hash != key.hash || s->word != key.word) continue;
        if (length <= 8 || is_name(names, s->id, name, length)) break;
    }
    return i;
}

static bool rehash(eq_names *names) {
    size_t slots = names->slots == 0 ? 64 : names->slots * 2;
    slot *fresh = eq_malloc(slots, sizeof *fresh);
    if (fresh == NULL) return false;
    for (size_t i = 0; i < slots; i++) fresh[i].id = EQ_NO_NAME;
    for (size_t k = 0; k < names->slots; k++) {
        if (names->slot[k].id == EQ_NO_NAME) continue;
        size_t i = first_slot(names->slot[k].hash, slots);
        while (fresh[i].id != EQ_NO_NAME) i = (i + 1) & (slots - 1);
        fresh[i] = names->slot[k];
    }
    eq_free(names->slot);
    names->slot = fresh;
    names->slots = slots;
    return true;
}

int32_t eq_names_find(const eq_names *names, const char *name, size_t length) {
    if (names->slots == 0) return EQ_NO_NAME;
    return names->slot[slot_of(names, name, length, key_of(name, length))].id;
}

int32_t eq_names_add(eq_names *names, const char *name, size_t length) {
    if ((names->count + 1) * 3 > names->slots * 2 && !rehash(names)) return EQ_NO_NAME;
    slot key = key_of(name, length);
    size_t where = slot_of(names, name, length, key);
    if (names->slot[where].id != EQ_NO_NAME) return names->slot[where].id;
    if (names->count >= INT32_MAX ||
        !eq_grow((void **)&names->pool, &names->pool_cap, names->pool_used + length + 1, 1) ||
        !eq_grow((void **)&names->start, &names->start_cap, names->count + 1, sizeof(size_t)))
        return EQ_NO_NAME;
    memcpy(names->pool + names->pool_used, name, length);
    names->pool[names->pool_used + length] = '\0';
    names->start[names->count] = names->pool_used;
    names->pool_used += length + 1;
    key.id = (int32_t)names->count++;
    names->slot[where] = key;
    return key.id;
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

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Length of [sign] digits [. digits] [e [sign] digits] at the start of text, 0 if there is no
 * digit. */
static size_t number_length(const char *text, size_t length) {
    size_t i = 0, digits = 0;
    if (i < length && (text[i] == '+' || text[i] == '-')) i++;
    for (; i < length && is_digit(text[i]); i++) digits++;
    if (i < length && text[i] == '.') i++;
    for (; i < length && is_digit(text[i]); i++) digits++;
    if (digits == 0) return 0;
    if (i < length && lower(text[i]) == 'e') {
        size_t j = i + 1;
        if (j < length && (text[j] == '+' || text[j] == '-')) j++;
        if (j < length && is_digit(text[j])) {
            while (j < length && is_digit(text[j])) j++;
            i = j;
        }
    }
    return i;
}

/* Powers of ten that a double holds exactly; with a mantissa below 2^53 one product or quotient is
 * then correctly rounded (Clinger 1990, "How to read floating point numbers accurately"). */
static const double exact_power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The fast path: at most 15 digits and a small power of ten; false when it does not apply. */
static bool short_number(const char *text, size_t n, double *value) {
    int64_t mantissa = 0;
    int digits = 0, power = 0;
    size_t i = text[0] == '+' || text[0] == '-';
    bool after_point = false;
    for (; i < n && (is_digit(text[i]) || text[i] == '.'); i++) {
        if (text[i] == '.') {
            after_point = true;
            continue;
        }
        if (++digits > 15) return false;
        mantissa = mantissa * 10 + (text[i] - '0');
        power -= after_point;
    }
    if (i < n) {
        bool negative = text[i + 1] == '-';
        int e = 0;
        for (i += negative || text[i + 1] == '+' ? 2 : 1; i < n; i++)
            if (e < 10000) e = e * 10 + (text[i] - '0');
        power += negative ? -e : e;
    }
    if (power < -22 || power > 22) return false;
    double m = (double)mantissa;
    m = power < 0 ? m / exact_power[-power] : m * exact_power[power];
    *value = text[0] == '-' ? -m : m;
    return true;
}

size_t eq_parse_double(const char *text, size_t length, double *value) {
    size_t n = number_length(text, length);
    if (n == 0 || short_number(text, n, value)) return n;
    char copy[64];
    char *long_copy = n < sizeof copy ? copy : eq_malloc(n + 1, 1);
    if (long_copy == NULL) return 0;
    memcpy(long_copy, text, n);
    long_copy[n] = '\0';
    *value = strtod(long_copy, NULL); /* the program never leaves the C locale */
    if (long_copy != copy) eq_free(long_copy);
    return n;
}
