#include "report/label.h"

#include <string.h>

#include "base/carry.h"

static bool begins_letter(char c) {
    return ((unsigned char)c & 0xC0) != 0x80;
}

static size_t letters(const char *text) {
    size_t n = 0;
    for (; *text != '\0'; text++) n += begins_letter(*text);
    return n;
}

/* Where letter k begins; the end where there are fewer. */
static const char *letter(const char *text, size_t k) {
    for (; *text != '\0'; text++)
        if (begins_letter(*text) && k-- == 0) break;
    return text;
}

static void add_letters(eq_text *t, const char *text, size_t from, size_t n) {
    const char *at = letter(text, from);
    eq_text_add(t, at, (size_t)(letter(at, n) - at));
}

static void leave_out(eq_text *t) {
    eq_text_puts(t, "\xE2\x80\xA6");
}

/* The first and the last letters: what tells names apart mostly stands at either end. */
static void cut_middle(const char *text, size_t most, eq_text *out) {
    size_t n = letters(text), tail = most - 1 - most / 2;
    add_letters(out, text, 0, most / 2);
    leave_out(out);
    add_letters(out, text, n - tail, tail);
}

/* The first letters, and those from letter `from` on. */
static void cut_around(const char *text, size_t from, size_t most, eq_text *out) {
    size_t head = most / 4, room = most - head - 1, rest = letters(text) - from;
    add_letters(out, text, 0, head);
    leave_out(out);
    add_letters(out, text, from, rest > room ? room - 1 : rest);
    if (rest > room) leave_out(out);
}

/* How many letters all names begin with that are too long. */
static size_t common(const eq_text *name, size_t n, size_t most) {
    const char *first = NULL;
    size_t shared = 0;
    for (size_t k = 0; k < n; k++) {
        if (letters(name[k].text) <= most) continue;
        if (first == NULL) {
            first = name[k].text;
            shared = strlen(first);
        }
        size_t same = 0;
        while (same < shared && first[same] == name[k].text[same]) same++;
        while (same > 0 && !begins_letter(first[same])) same--;
        shared = same;
    }
    size_t count = 0;
    for (size_t k = 0; k < shared; k++) count += begins_letter(first[k]);
    return count;
}

static bool stay_different(const char *const *name, const eq_text *cut, size_t n) {
    for (size_t k = 1; k < n; k++)
        for (size_t j = 0; j < k; j++)
            if (strcmp(cut[k].text, cut[j].text) == 0 && strcmp(name[k], name[j]) != 0)
                return false;
    return true;
}

/* False: memory ran out. */
static bool spell(const char *const *name, size_t n, eq_text *out) {
    bool whole = true;
    for (size_t k = 0; k < n; k++) {
        eq_text_clear(&out[k]);
        eq_carry(EQ_CARRY_TABLE, name[k], &out[k]);
        eq_text_puts(&out[k], "");
        whole = whole && !out[k].failed;
    }
    return whole;
}

enum { MIDDLE, AROUND, NUMBERED, WAYS };

/* Cuts what is too long; false: memory ran out. */
static bool cut(int way, size_t n, size_t most, eq_text *out) {
    enum { DIGITS = 6 };
    size_t from = way == AROUND ? common(out, n, most) : 0;
    for (size_t k = 0; k < n; k++) {
        eq_text t = {0};
        if (letters(out[k].text) <= most) continue;
        if (way == NUMBERED) eq_text_printf(&t, "%zu: ", k + 1);
        if (way == AROUND)
            cut_around(out[k].text, from, most, &t);
        else
            cut_middle(out[k].text, way == MIDDLE ? most : most - DIGITS, &t);
        eq_text_free(&out[k]);
        out[k] = t;
        if (t.failed) return false;
    }
    return true;
}

void eq_labels_cut(const char *const *name, size_t n, size_t most, eq_text *out) {
    for (int way = MIDDLE; way < WAYS; way++)
        if (!spell(name, n, out) || !cut(way, n, most, out) || stay_different(name, out, n)) return;
}
