#include "report/finish.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

/* A replacement inside the tags of a document: `from`, and what takes its place. */
typedef struct change {
    const char *from, *to;
} change;

static const change *change_at(const change *list, const char *at) {
    for (const change *k = list; k->from != NULL; k++)
        if (strncmp(at, k->from, strlen(k->from)) == 0) return k;
    return NULL;
}

/* Where a title ends that gnuplot makes up, and which would be shown as a tip; NULL: it is none. */
static const char *behind_title(const char *at) {
    static const char made_up[] = "<title>gnuplot_plot_", end[] = "</title>";
    const char *behind = strncmp(at, made_up, strlen(made_up)) == 0 ? strstr(at, end) : NULL;
    return behind == NULL ? NULL : behind + strlen(end);
}

/* Between < and > only, so that no letter of the picture changes, but that > outside becomes &gt;,
 * which gnuplot forgets and XML wants behind ]]. */
static void replace(const char *bytes, const change *list, eq_text *out) {
    static const change greater = {">", "&gt;"};
    bool inside = false;
    const char *from = bytes, *at = bytes;
    while (*at != '\0') {
        bool closes = inside && *at == '>';
        inside = *at == '<' || (inside && !closes);
        const change *found = inside                  ? change_at(list, at)
                              : *at == '>' && !closes ? &greater
                                                      : NULL;
        const char *behind = inside ? behind_title(at) : NULL;
        if (found == NULL && behind == NULL) {
            at++;
            continue;
        }
        eq_text_add(out, from, (size_t)(at - from));
        if (found != NULL) eq_text_puts(out, found->to);
        at = behind != NULL ? behind : at + strlen(found->from);
        if (behind != NULL || found->from[0] == '<') inside = false;
        from = at;
    }
    eq_text_puts(out, from);
}

/* A size in inches, a title that says what it is, ids that are told apart by the name, and the
 * colours of the page. */
static void finish_svg(const eq_picture *p, const char *said, double height, const char *bytes,
                       eq_text *out) {
    static const char *const before[] = {" id='", " id=\"", "='#"};
    const char *name = p->name == NULL ? "" : p->name;
    char prefix[3][64], pixels[64], inches[64], title[64];
    for (int k = 0; k < 3; k++) snprintf(prefix[k], sizeof prefix[k], "%s%.48s", before[k], name);
    snprintf(pixels, sizeof pixels, "\n width=\"%.0f\" height=\"%.0f\"", 96.0 * p->width,
             96.0 * height);
    snprintf(inches, sizeof inches, "\n role=\"img\" width=\"%.4gin\" height=\"%.4gin\"", p->width,
             height);
    snprintf(title, sizeof title, "<title>%s</title>", said);
    const change list[] = {
        {"<title>Gnuplot</title>", title},
        {pixels, inches},
        {before[0], prefix[0]},
        {before[1], prefix[1]},
        {before[2], prefix[2]},
        {"rgb(  1,   2,   3)", "currentColor"},
        {"rgb(  1,   2,   4)", "rgba(128,128,128,0.35)"},
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

eq_status eq_finish_picture(const eq_picture *p, const char *title, double height,
                            const char *bytes, size_t length, eq_text *out, eq_diag *diag) {
    if (p->format == EQ_PICTURE_SVG)
        finish_svg(p, title, height, bytes, out);
    else if (p->format == EQ_PICTURE_PNG)
        finish_png(bytes, length, out);
    else
        eq_text_add(out, bytes, length);
    return out->failed ? eq_out_of_memory(diag) : EQ_OK;
}
