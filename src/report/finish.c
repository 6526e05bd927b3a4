#include "report/finish.h"

#include <stdint.h>
#include <string.h>

#include "base/file.h"

/* A replacement inside the tags of a document: `from`, and what takes its place. */
typedef struct change {
    const char *from, *to;
} change;

enum { CHANGES = 8 };

static const change *change_at(const change *list, const char *at) {
    for (const change *k = list; k->from != NULL; k++)
        if (strncmp(at, k->from, strlen(k->from)) == 0) return k;
    return NULL;
}

/* Between < and > only, so that no letter of the picture changes. */
static void replace(const char *bytes, const change *list, eq_text *out) {
    bool inside = false;
    const char *from = bytes, *at = bytes;
    while (*at != '\0') {
        inside = *at == '<' || (inside && *at != '>');
        const change *found = inside ? change_at(list, at) : NULL;
        if (found == NULL) {
            at++;
            continue;
        }
        eq_text_add(out, from, (size_t)(at - from));
        eq_text_puts(out, found->to);
        at += strlen(found->from);
        from = at;
    }
    eq_text_puts(out, from);
}

/* The size of the document in inches; ids are told apart by the name. */
static void finish_svg(const eq_picture *p, const char *bytes, eq_text *out) {
    char prefix[3][64];
    static const char *const before[] = {" id='", " id=\"", "='#"};
    const char *name = p->name == NULL ? "" : p->name;
    for (int k = 0; k < 3; k++) snprintf(prefix[k], sizeof prefix[k], "%s%s", before[k], name);
    const change list[] = {
        {before[0], prefix[0]},
        {before[1], prefix[1]},
        {before[2], prefix[2]},
        {"rgb(  1,   2,   3)", "currentColor"},
        {"rgb(  1,   2,   4)", "rgb(128,128,128)' stroke-opacity='0.35"},
        {NULL, NULL},
    };
    replace(bytes, list, out);
}

static void add_be32(eq_text *t, uint32_t x) {
    const char byte[4] = {(char)(x >> 24), (char)(x >> 16), (char)(x >> 8), (char)x};
    eq_text_add(t, byte, sizeof byte);
}

/* 300 dots per inch are 11811 per metre (PNG, second edition, 11.3.5.3): a chunk behind IHDR, which
 * ends at byte 33. */
static void finish_png(const char *bytes, size_t length, eq_text *out) {
    static const char body[] = "pHYs\x00\x00\x2e\x23\x00\x00\x2e\x23\x01";
    enum { HEAD = 33, BODY = sizeof body - 1 };
    if (length < HEAD) {
        eq_text_add(out, bytes, length);
        return;
    }
    eq_text_add(out, bytes, HEAD);
    add_be32(out, BODY - 4);
    eq_text_add(out, body, BODY);
    add_be32(out, eq_crc32(body, BODY));
    eq_text_add(out, bytes + HEAD, length - HEAD);
}

eq_status eq_finish_picture(const eq_picture *p, const char *bytes, size_t length, eq_text *out,
                            eq_diag *diag) {
    if (p->format == EQ_PICTURE_SVG)
        finish_svg(p, bytes, out);
    else if (p->format == EQ_PICTURE_PNG)
        finish_png(bytes, length, out);
    else
        eq_text_add(out, bytes, length);
    return out->failed ? eq_out_of_memory(diag) : EQ_OK;
}
