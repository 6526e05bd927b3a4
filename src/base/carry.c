#include "base/carry.h"

#include <stdint.h>
#include <string.h>

/* What becomes of a character: kept; the name is refused; a backslash in front; written twice (RFC
 * 4180); \u00XX (RFC 8259); a blank instead; or each of its bytes marked: U+FFFD and two
 * hexadecimal digits. U+FFFD itself is then marked too, so that marks can be read back. */
typedef enum fate { REFUSED, KEPT, ESCAPED, DOUBLED, CODED, BLANK, MARKED } fate;

/* signs: the visible ASCII characters that a name may hold beside letters, digits, _ and .; NULL:
 * all. not_first, not_second: of these, what may not stand there; `apart` is a pair that may not
 * meet, last what may not end a name. */
typedef struct rule {
    const char *signs, *without, *not_first, *not_second, *apart, *last;
    fate others, blank, control, unicode, broken;
} rule;

/* The signs of the dialects of SPICE are those that ngspice 39 reads in every place, tried byte by
 * byte; it replaces what is no ASCII by _, and nodes called NAME#branch are currents to it. F and H
 * take a name with + - / ^ for a formula. ngspice 39 runs a line such as "b#shell ls v=1" as the
 * command "shell ls v=1". */
#define SPICE_SIGNS "#:/!<>@|~^&[]+-%"
#define SPICE(WITHOUT, NOT_FIRST, NOT_SECOND, LAST)                                                \
    {                                                                                              \
        SPICE_SIGNS, WITHOUT, NOT_FIRST, NOT_SECOND, "//", LAST, REFUSED, REFUSED, REFUSED,        \
            REFUSED, REFUSED                                                                       \
    }
#define TEXT(WITHOUT, OTHERS, BLANK_, CONTROL)                                                     \
    { NULL, WITHOUT, "", "", NULL, NULL, OTHERS, BLANK_, CONTROL, KEPT, MARKED }

static const rule rules[EQ_CARRIERS] = {
    [EQ_CARRY_NGSPICE] = SPICE("", "@", "", "#branch"),
    [EQ_CARRY_XYCE] = SPICE("", "+-%&/", "", NULL),
    [EQ_CARRY_LTSPICE] = SPICE("", "", "", NULL),
    [EQ_CARRY_SPECTRE] = {"", "", ".", "", NULL, NULL, ESCAPED, REFUSED, REFUSED, REFUSED, REFUSED},
    [EQ_CARRY_XML] = {NULL, "", "", "", NULL, NULL, KEPT, REFUSED, REFUSED, KEPT, REFUSED},
    [EQ_CARRY_ELEMENT] = SPICE("", "", "#", NULL),
    [EQ_CARRY_CONTROL] = SPICE("+-/^", "", "#", NULL),
    [EQ_CARRY_PATTERN] = {SPICE_SIGNS "*?", "", "", "", "//", NULL, REFUSED, REFUSED, REFUSED,
                          REFUSED, REFUSED},
    [EQ_CARRY_FORMULA] = {NULL, "(),", ";$", "", "//", NULL, REFUSED, REFUSED, REFUSED, KEPT,
                          REFUSED},
    [EQ_CARRY_CSV] = TEXT("\"", DOUBLED, KEPT, KEPT),
    [EQ_CARRY_JSON] = TEXT("\"\\", ESCAPED, KEPT, CODED),
    [EQ_CARRY_NPZ] = TEXT("", KEPT, KEPT, KEPT),
    [EQ_CARRY_RAW] = TEXT("", KEPT, MARKED, MARKED),
    [EQ_CARRY_TABLE] = TEXT("", KEPT, KEPT, MARKED),
    [EQ_CARRY_LINE] = TEXT("", KEPT, KEPT, BLANK),
    [EQ_CARRY_TEXT] = TEXT("", KEPT, KEPT, MARKED),
};

/* Bytes of the character at text, which is not at its end: 1 to 4; 0: no UTF-8 starts there. The
 * shortest form of each code point, no surrogates, nothing above U+10FFFF (RFC 3629), and none
 * of U+FFFE and U+FFFF, which XML 1.0 has not. */
static size_t utf8_length(const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    if (c[0] < 0x80) return 1;
    if (c[0] < 0xC2 || c[0] > 0xF4) return 0;
    size_t n = c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : 4;
    for (size_t k = 1; k < n; k++)
        if ((c[k] & 0xC0) != 0x80) return 0;
    bool longer = (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xF0 && c[1] < 0x90);
    bool beyond = (c[0] == 0xED && c[1] > 0x9F) || (c[0] == 0xF4 && c[1] > 0x8F);
    bool none = c[0] == 0xEF && c[1] == 0xBF && c[2] > 0xBD;
    return longer || beyond || none ? 0 : n;
}

static bool among(char c, const char *set) {
    return c != '\0' && strchr(set, c) != NULL;
}

/* Letters, digits and _, which every form keeps in every place: most of most names. */
static size_t plain_length(const char *text) {
    const char *p = text;
    while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
           *p == '_')
        p++;
    return (size_t)(p - text);
}

/* C1, which UTF-8 writes as C2 80 to C2 9F, and which terminals obey. */
static bool is_c1(const char *text, size_t n) {
    return n == 2 && (unsigned char)text[0] == 0xC2 && (unsigned char)text[1] < 0xA0;
}

/* An archive is also unpacked into folders: no part of a name leads out of them. */
static bool leads_out(const char *text, bool first) {
    return *text == '/' && (text[1] == '.' || (!first && text[-1] == '.'));
}

/* What becomes of the character of n bytes at text; n = 0: a byte that is no UTF-8. */
static fate fate_of(eq_carrier to, const char *text, size_t n, bool first) {
    const rule *r = &rules[to];
    char c = *text;
    if (n == 0) return r->broken;
    if (n == 3 && memcmp(text, "\xEF\xBF\xBD", 3) == 0 && r->broken == MARKED) return MARKED;
    if (is_c1(text, n) && r->control == MARKED) return MARKED;
    if (n > 1) return r->unicode;
    if (c == ' ') return r->blank;
    if ((unsigned char)c < ' ' || c == 127)
        return to == EQ_CARRY_TEXT && among(c, "\t\n") ? KEPT : r->control;
    if (to == EQ_CARRY_NPZ && leads_out(text, first)) return MARKED;
    if (first && among(c, r->not_first)) return r->others == ESCAPED ? ESCAPED : REFUSED;
    if (c == '.' || plain_length(text) > 0) return KEPT;
    return (r->signs == NULL || among(c, r->signs)) && !among(c, r->without) ? KEPT : r->others;
}

static bool says(char sign[EQ_SIGN], const char *text, size_t n) {
    size_t length = n == 0 ? 1 : n < EQ_SIGN ? n : EQ_SIGN - 1;
    memcpy(sign, text, length);
    sign[length] = '\0';
    return false;
}

bool eq_carries(eq_carrier to, const char *name, char sign[EQ_SIGN]) {
    const rule *r = &rules[to];
    size_t length = strlen(name), n, end = r->last == NULL ? 0 : strlen(r->last);
    if (length == 0) return says(sign, name, 1);
    for (const char *p = name; *p != '\0'; p += n) {
        if ((n = plain_length(p)) > 0) continue;
        n = utf8_length(p);
        fate f = fate_of(to, p, n, p == name);
        if (f == REFUSED) return says(sign, p, n);
        if (p == name + 1 && among(*p, r->not_second)) return says(sign, p, n);
        if (r->apart != NULL && strncmp(p, r->apart, 2) == 0) return says(sign, p, 2);
    }
    if (end > 0 && length >= end && strcmp(name + length - end, r->last) == 0)
        return says(sign, r->last, end);
    return true;
}

enum { SPELLED = 24 }; /* four coded bytes */

/* The spelling of the character at *at, over which it steps. */
static size_t spell(eq_carrier to, const char **at, bool first, char out[SPELLED]) {
    static const char hex[] = "0123456789abcdef", mark[3] = {'\xEF', '\xBF', '\xBD'};
    size_t n = utf8_length(*at), length = 0;
    fate f = fate_of(to, *at, n, first);
    for (size_t k = 0; k < (n == 0 ? 1 : n); k++) {
        unsigned char c = (unsigned char)*(*at)++;
        if (f == MARKED) {
            memcpy(out + length, mark, sizeof mark);
            out[length + 3] = hex[c >> 4];
            out[length + 4] = hex[c & 15];
            length += 5;
            continue;
        }
        if (f == CODED) {
            const char code[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            memcpy(out + length, code, sizeof code);
            length += sizeof code;
            continue;
        }
        if (f == ESCAPED || f == DOUBLED) out[length++] = f == ESCAPED ? '\\' : (char)c;
        out[length++] = f == BLANK ? ' ' : (char)c;
    }
    return length;
}

void eq_carry(eq_carrier to, const char *text, eq_text *out) {
    char spelled[SPELLED];
    size_t plain = plain_length(text);
    eq_text_add(out, text, plain);
    for (const char *p = text + plain; *p != '\0'; p += plain) {
        bool first = p == text;
        size_t n = spell(to, &p, first, spelled);
        eq_text_add(out, spelled, n);
        plain = plain_length(p);
        eq_text_add(out, p, plain);
    }
}

/* Its first characters, at most so many, to a stream (NULL: counted alone); how many there are. */
static size_t carry_some(eq_carrier to, const char *text, size_t most, FILE *stream) {
    char line[512];
    size_t characters = 0, used = 0;
    for (const char *p = text; *p != '\0';) {
        bool first = p == text;
        size_t n = spell(to, &p, first, line + used), wide = 0;
        for (size_t k = used; k < used + n; k++) wide += (line[k] & 0xC0) != 0x80;
        if (wide > most - characters) break;
        characters += wide;
        used += n;
        if (used + SPELLED <= sizeof line) continue;
        if (stream != NULL) fwrite(line, 1, used, stream);
        used = 0;
    }
    if (stream != NULL) fwrite(line, 1, used, stream);
    return characters;
}

void eq_carry_to(eq_carrier to, const char *text, FILE *stream) {
    carry_some(to, text, SIZE_MAX, stream);
}

size_t eq_carry_width(const char *text) {
    return carry_some(EQ_CARRY_TABLE, text, SIZE_MAX, NULL);
}

void eq_carry_field(const char *text, size_t width, size_t most, bool left, FILE *stream) {
    size_t n = carry_some(EQ_CARRY_TABLE, text, most, NULL);
    if (left) carry_some(EQ_CARRY_TABLE, text, most, stream);
    for (; n < width; n++) fputc(' ', stream);
    if (!left) carry_some(EQ_CARRY_TABLE, text, most, stream);
}
