#include "support/json.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A strict reader of UTF-8 (RFC 3629): the length of the character, which must be well-formed. */
static size_t utf8(const unsigned char *c) {
    static const struct {
        unsigned char low, high, second_low, second_high;
        size_t n;
    } form[] = {
        {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    for (size_t k = 0; k < sizeof form / sizeof *form; k++) {
        if (c[0] < form[k].low || c[0] > form[k].high) continue;
        if (form[k].n > 1 && (c[1] < form[k].second_low || c[1] > form[k].second_high)) return 0;
        for (size_t j = 2; j < form[k].n; j++)
            if (c[j] < 0x80 || c[j] > 0xBF) return 0;
        return form[k].n;
    }
    return 0;
}

void assert_utf8(const char *text) {
    for (const char *p = text; *p != '\0';) {
        size_t n = utf8((const unsigned char *)p);
        ck_assert_msg(n > 0, "no UTF-8: %s", p);
        p += n;
    }
}

/* A strict reader of JSON (RFC 8259): over one value; strings are handed on. */
typedef struct json {
    const char *p;
    int depth;
    void (*string)(void *data, const char *text);
    void *data;
} json;

static void json_blank(json *j) {
    j->p += strspn(j->p, " \t\r\n");
}

static void json_string(json *j) {
    char text[4096];
    size_t n = 0;
    ck_assert_int_eq(*j->p, '"');
    for (j->p++; *j->p != '"';) {
        unsigned char c = (unsigned char)*j->p;
        ck_assert_msg(c >= ' ' && n < sizeof text - 4, "a control character in a string");
        if (c != '\\') {
            for (size_t k = utf8((const unsigned char *)j->p); k > 0; k--) text[n++] = *j->p++;
            continue;
        }
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *at = strchr(from, j->p[1]);
        unsigned code;
        if (j->p[1] == 'u') {
            ck_assert_int_eq(sscanf(j->p + 2, "%4x", &code), 1);
            ck_assert_uint_lt(code, 0x80); /* others stand there as they are */
            text[n++] = (char)code;
            j->p += 6;
        } else {
            ck_assert_msg(at != NULL && *at != '\0', "no such escape");
            text[n++] = to[at - from];
            j->p += 2;
        }
    }
    j->p++;
    text[n] = '\0';
    if (j->string != NULL) j->string(j->data, text);
}

static void json_value(json *j);

static void json_list(json *j, char close, bool keys) {
    j->p++;
    ck_assert_int_lt(++j->depth, 20);
    json_blank(j);
    for (bool first = true; *j->p != close; first = false) {
        if (!first) {
            ck_assert_int_eq(*j->p++, ',');
            json_blank(j);
        }
        if (keys) {
            json reader = *j;
            reader.string = NULL;
            json_string(&reader);
            j->p = reader.p;
            json_blank(j);
            ck_assert_int_eq(*j->p++, ':');
        }
        json_value(j);
        json_blank(j);
    }
    j->depth--;
    j->p++;
}

static void json_value(json *j) {
    json_blank(j);
    if (*j->p == '{' || *j->p == '[') {
        json_list(j, *j->p == '{' ? '}' : ']', *j->p == '{');
    } else if (*j->p == '"') {
        json_string(j);
    } else if (strncmp(j->p, "null", 4) == 0) {
        j->p += 4;
    } else {
        char *end;
        ck_assert_msg((*j->p >= '0' && *j->p <= '9') || *j->p == '-', "no value: %s", j->p);
        strtod(j->p, &end);
        j->p = end;
    }
}

void json_read(const char *text, void (*string)(void *, const char *), void *data) {
    json j = {text, 0, string, data};
    assert_utf8(text);
    json_value(&j);
    json_blank(&j);
    ck_assert_int_eq(*j.p, '\0');
}
