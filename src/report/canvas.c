#define _POSIX_C_SOURCE 200809L
#include "report/canvas.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/finish.h"
#include "report/label.h"
#include "report/process.h"
#include "report/workplace.h"

void eq_canvas_free(eq_canvas *c) {
    eq_text_free(&c->head);
    eq_text_free(&c->data);
}

/* Between double quotes, every byte but letters and blanks as its octal code (a digit behind one would
 * be read as part of it): nothing is left for gnuplot to read. percent: as the format of a tic, in which % is written twice. */
static void quote(eq_canvas *c, const eq_text *text, bool percent) {
    eq_text_puts(&c->head, "\"");
    for (size_t k = 0; k < text->length; k++) {
        unsigned char byte = (unsigned char)text->text[k];
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == ' ';
        eq_text_printf(&c->head, plain ? "%c" : "\\%03o", byte);
        if (percent && byte == '%') eq_text_puts(&c->head, "\\045");
    }
    eq_text_puts(&c->head, "\"");
    c->head.failed |= text->failed;
}

static void number(eq_text *t, double value) {
    if (isfinite(value))
        eq_text_number(t, value);
    else
        eq_text_puts(t, "NaN");
}

void eq_canvas_text(eq_canvas *c, const char *name, const char *text) {
    eq_text cut = {0};
    eq_labels_cut(&text, 1, EQ_CANVAS_LABEL, &cut);
    eq_text_printf(&c->head, "%s = ", name);
    quote(c, &cut, false);
    eq_text_puts(&c->head, "\n");
    eq_text_free(&cut);
}

void eq_canvas_number(eq_canvas *c, const char *name, double value) {
    eq_text_printf(&c->head, "%s = ", name);
    number(&c->head, value);
    eq_text_puts(&c->head, "\n");
}

static void texts(eq_canvas *c, const char *name, const char *const *text, size_t n, size_t most,
                  bool percent) {
    eq_text *cut = eq_calloc(n > 0 ? n : 1, sizeof *cut);
    c->head.failed |= cut == NULL;
    if (cut == NULL) return;
    eq_labels_cut(text, n, most, cut);
    eq_text_printf(&c->head, "array %s[%zu]\n", name, n > 0 ? n : 1);
    for (size_t k = 0; k < n; k++) {
        eq_text_printf(&c->head, "%s[%zu] = ", name, k + 1);
        quote(c, &cut[k], percent);
        eq_text_puts(&c->head, "\n");
        eq_text_free(&cut[k]);
    }
    eq_free(cut);
}

void eq_canvas_texts(eq_canvas *c, const char *name, const char *const *text, size_t n) {
    texts(c, name, text, n, EQ_CANVAS_LABEL, false);
}

void eq_canvas_sides(eq_canvas *c, const char *name, const char *const *text, size_t n) {
    texts(c, name, text, n, EQ_CANVAS_SIDE, false);
}

void eq_canvas_tics(eq_canvas *c, const char *name, const char *const *text, size_t n) {
    texts(c, name, text, n, EQ_CANVAS_TIC, true);
}

void eq_canvas_keys(eq_canvas *c, const char *name, const char *const *text, size_t n) {
    texts(c, name, text, n, EQ_CANVAS_KEY, false);
}

void eq_canvas_numbers(eq_canvas *c, const char *name, const double *value, size_t n) {
    eq_text_printf(&c->head, "array %s[%zu]\n", name, n > 0 ? n : 1);
    for (size_t k = 0; k < n; k++) {
        eq_text_printf(&c->head, "%s[%zu] = ", name, k + 1);
        number(&c->head, value[k]);
        eq_text_puts(&c->head, "\n");
    }
}

void eq_canvas_row(eq_canvas *c, const double *value, size_t n) {
    for (size_t k = 0; k < n; k++) {
        if (k > 0) eq_text_puts(&c->data, " ");
        number(&c->data, value[k]);
    }
    eq_text_puts(&c->data, "\n");
}

void eq_canvas_end(eq_canvas *c) {
    eq_text_puts(&c->data, "\n\n");
    c->blocks++;
}

/* The colours of a theme: letters and axes, lines of the grid, paper, and what tells data apart
 * (Okabe and Ito 2008; on dark the two that would drown there are lighter). */
typedef struct theme {
    const char *letters, *grid, *paper, *colour[7];
} theme;

static const theme themes[] = {
    [EQ_PICTURE_LIGHT] = {"#000000",
                          "#dddddd",
                          "#ffffff",
                          {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
                           "#000000"}},
    [EQ_PICTURE_DARK] = {"#e8e8e8",
                         "#4a4a4a",
                         "#1c1c1e",
                         {"#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00",
                          "#e8e8e8"}},
    [EQ_PICTURE_PAGE] = {EQ_FINISH_LETTERS,
                         EQ_FINISH_GRID,
                         "#ffffff",
                         {"#2787c4", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
                          "#808080"}},
};

/* What all scripts begin with. Letters of 8 pt; only tics are typeset (powers of ten), never a name
 * of the user. */
static const char common[] =
    "set encoding utf8\n"
    "set output 'picture'\n"
    "set border 3 lc rgb letters lw 0.7\n"
    "set tics nomirror out scale 0.5,0.25 textcolor rgb letters\n"
    "set key noenhanced textcolor rgb letters samplen key_sample spacing key_spacing\n"
    "set title noenhanced textcolor rgb letters\n"
    "set xlabel noenhanced textcolor rgb letters\n"
    "set ylabel noenhanced textcolor rgb letters\n"
    "set y2label noenhanced textcolor rgb letters\n"
    "set cblabel noenhanced textcolor rgb letters offset 0.9,0\n"
    "colorbox_margin = 6\n"
    "set grid lc rgb grid lw 0.5 lt 1\n"
    "set style fill solid 1.0 noborder\n"
    "set format '%h'\n"
    "set palette defined (0 '#440154', 1 '#472d7b', 2 '#3b528b', 3 '#2c728e', 4 '#21918c', "
    "5 '#28ae80', 6 '#5ec962', 7 '#addc30', 8 '#fde725')\n"
    "rgb(k) = colour[(int(k) + 6) % 7 + 1]\n"
    "is(x) = x == x\n";

static double height_of(const eq_canvas *c) {
    return c->p->height > 0.0 ? c->p->height : c->height;
}

/* Pango takes an inch for 96 of its points, where the terminals count 72. */
#define PANGO (72.0 / 96.0)

static void terminal(const eq_canvas *c, bool light, eq_text *t) {
    const eq_picture *p = c->p;
    double high = height_of(c), scale = 300.0 / 72.0;
    const char *paper = themes[p->theme].paper;
    bool none = p->transparent || (p->theme == EQ_PICTURE_PAGE && !light);
    eq_text_puts(t, "set terminal ");
    switch (p->format) {
    case EQ_PICTURE_SVG:
        eq_text_printf(t, "svg size %.0f,%.0f standalone font 'sans-serif,10.667' linewidth 1.2",
                       96.0 * p->width, 96.0 * high);
        break;
    case EQ_PICTURE_PDF:
        eq_text_printf(t,
                       "pdfcairo size %.4gin,%.4gin font 'sans-serif,8' fontscale %.4g "
                       "linewidth 1.8",
                       p->width, high, PANGO);
        break;
    case EQ_PICTURE_PNG:
        eq_text_printf(t,
                       "pngcairo size %.0f,%.0f font 'sans-serif,8' fontscale %.4f linewidth %.4f "
                       "pointscale %.4f",
                       300.0 * p->width, 300.0 * high, PANGO * scale, 0.9 * scale, scale);
        break;
    }
    eq_text_puts(t, " enhanced");
    if (!none) eq_text_printf(t, " background '%s'", paper);
    if (none && p->format == EQ_PICTURE_PNG) eq_text_puts(t, " transparent");
    eq_text_puts(t, "\n");
}

static void compose(const eq_canvas *c, eq_text *t) {
    const eq_picture *p = c->p;
    bool light = p->theme == EQ_PICTURE_PAGE && p->format != EQ_PICTURE_SVG;
    const theme *look = &themes[light ? EQ_PICTURE_LIGHT : p->theme];
    bool svg = p->format == EQ_PICTURE_SVG; /* lines of the key are 0.135 in high in each format */
    terminal(c, light, t);
    eq_text_printf(t, "letters = '%s'\ngrid = '%s'\npaper = '%s'\narray colour[7]\n", look->letters,
                   look->grid, look->paper);
    for (int k = 0; k < 7; k++) eq_text_printf(t, "colour[%d] = '%s'\n", k + 1, look->colour[k]);
    eq_text_printf(t, "panel_rows = %zu\npanel_columns = %zu\nkey_spacing = %g\nkey_sample = %d\n",
                   c->rows, c->columns, svg ? 0.8 : 1.05, svg ? 2 : 3);
    eq_text_puts(t, common);
    eq_text_add(t, c->head.text == NULL ? "" : c->head.text, c->head.length);
    eq_text_puts(t, c->script);
    eq_text_puts(t, "\nset output\n");
    t->failed |= c->head.failed;
}

static eq_status run(const eq_workplace *w, const char *script, eq_diag *diag) {
    static const char *const argv[] = {"gnuplot", "-d", NULL}; /* no ~/.gnuplot */
    eq_process process = {argv, w->folder, script, "gnuplot-nox", 120};
    eq_text said = {0};
    int exit_status = 0, first = 0, last = 0;
    eq_status status = eq_process_run_bound(&process, &exit_status, &said, diag);
    for (size_t k = 0; k < said.length; k++) /* its last line; those before it are the script's */
        if (said.text[k] != '\n') last = (int)k + 1;
    for (int k = 0; k < last; k++)
        if (said.text[k] == '\n') first = k + 1;
    if (status == EQ_OK && exit_status != 0)
        status = last > 0
                     ? eq_fail(diag, EQ_ERR_IO, "gnuplot: %.*s", last - first, said.text + first)
                     : eq_fail(diag, EQ_ERR_IO, "gnuplot failed without a word (exit status %d)",
                               exit_status);
    eq_text_free(&said);
    return status;
}

/* What gnuplot has left in the workplace. */
static eq_status fetch(const eq_canvas *c, const eq_workplace *w, eq_text *out, eq_diag *diag) {
    char *path = eq_path_join(w->folder, "picture"), *bytes = NULL;
    size_t length = 0;
    eq_status status = path == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK && access(path, F_OK) == 0)
        status = eq_file_read(path, (eq_place){0}, &bytes, &length, diag);
    if (status == EQ_OK && length == 0)
        status = eq_fail(diag, EQ_ERR_IO,
                         "gnuplot drew nothing; look which `gnuplot` stands first in PATH");
    if (status == EQ_OK)
        status = eq_finish_picture(c->p, c->title, height_of(c), bytes, length, out, diag);
    eq_free(bytes);
    eq_free(path);
    return status;
}

eq_status eq_canvas_draw(eq_canvas *c, eq_text *out, eq_diag *diag) {
    eq_text script = {0};
    eq_workplace w;
    compose(c, &script);
    eq_status status = script.failed || c->data.failed ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK)
        status = eq_workplace_open(&w, "data", c->data.text == NULL ? "" : c->data.text,
                                   c->data.length, diag);
    if (status == EQ_OK) {
        status = run(&w, script.text, diag);
        if (status == EQ_OK) status = fetch(c, &w, out, diag);
        eq_workplace_close(&w);
    }
    eq_text_free(&script);
    return status;
}
