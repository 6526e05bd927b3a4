/* Strings: a growing buffer, interned names and number parsing that does not
 * depend on the locale. */
#ifndef EQ_BASE_TEXT_H
#define EQ_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing text. Zero-initialise; `failed` is set once when memory runs out and appends become
 * no-ops, so that a writer checks it once at the end.
 * text is always NUL-terminated when not NULL. */
typedef struct eq_text {
    char *text;
    size_t length, cap;
    bool failed;
} eq_text;

void eq_text_free(eq_text *t);
void eq_text_clear(eq_text *t);
void eq_text_add(eq_text *t, const char *bytes, size_t length);
void eq_text_puts(eq_text *t, const char *text);
void eq_text_printf(eq_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Names interned as small integers 0, 1, 2, ... in order of first use. The bytes of all names stand
 * in one pool. Names compare byte by byte: fold the case before (decks are case-insensitive). */
typedef struct eq_names eq_names;

enum { EQ_NO_NAME = -1 };

eq_names *eq_names_new(void);
void eq_names_free(eq_names *names);
size_t eq_names_count(const eq_names *names);
/* Room for `count` names in all; false when memory runs out, nothing is lost then. */
bool eq_names_reserve(eq_names *names, size_t count);
/* The id of the name, interned if new; EQ_NO_NAME when memory runs out. _lower: folded to lower
 * case (ASCII) first. */
int32_t eq_names_add(eq_names *names, const char *name, size_t length);
int32_t eq_names_add_lower(eq_names *names, const char *name, size_t length);
/* The id of the name, or EQ_NO_NAME when it is not there. */
int32_t eq_names_find(const eq_names *names, const char *name, size_t length);
int32_t eq_names_find_lower(const eq_names *names, const char *name, size_t length);
/* Lets the memory fetch what a look-up of the folded name will need. */
void eq_names_prefetch_lower(const eq_names *names, const char *name, size_t length);
/* NUL-terminated; valid until the next eq_names_add. */
const char *eq_names_get(const eq_names *names, int32_t id);

/* ASCII lower case, in place. */
void eq_lower(char *text, size_t length);
/* Case-blind equality of two NUL-terminated ASCII strings. */
bool eq_same(const char *a, const char *b);
/* The same of a name and the n bytes at `word`. */
bool eq_same_word(const char *name, const char *word, size_t n);
/* The next word of a text whose words stand between `blanks`, *n bytes; *n is 0 at the end. */
const char *eq_next_word(const char *text, const char *blanks, size_t *n);
/* The number of the first of the words that is the same; -1: none. */
int eq_word_find(const char *const *words, size_t count, const char *name);
/* Case-blind match of a name with a pattern in which * stands for any run and ? for any one
 * character. */
bool eq_match(const char *pattern, const char *name);

/* The ending of a noun behind a count: "1 node", "2 nodes". */
static inline const char *eq_plural(size_t count) {
    return count == 1 ? "" : "s";
}

/* Reads a plain decimal number (no SPICE suffix) at the start of text; returns its length, 0 if
 * none. */
size_t eq_parse_double(const char *text, size_t length, double *value);
/* That number times ten to the power: of up to 19 digits, the double nearest to it. */
size_t eq_parse_scaled(const char *text, size_t length, int power, double *value);

/* Room for any double, and the shortest decimal of 15 to 17 digits that reads back as the same one;
 * zero has no sign. Returns text. */
enum { EQ_NUMBER_LENGTH = 32 };
const char *eq_number(double value, char text[EQ_NUMBER_LENGTH]);
void eq_text_number(eq_text *t, double value);

#endif
