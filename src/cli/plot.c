#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "report/picture.h"

/* What the command line asks for. */
typedef struct request {
    eq_picture picture;
    const char *file, *format, *width, *theme;
    bool force;
} request;

static eq_status no_word(const char *option, const char *text, const char *words, eq_diag *diag) {
    return eq_fail(diag, EQ_ERR_USAGE, "--%s is '%s'; use %s", option, text, words);
}

static eq_status understand_format(request *r, eq_diag *diag) {
    const char *text = r->format != NULL ? r->format : r->file;
    if (text == NULL || eq_picture_format_find(text, &r->picture.format)) return EQ_OK;
    if (r->format != NULL) return no_word("format", text, "svg, pdf or png", diag);
    if (strcmp(text, "-") == 0) return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_USAGE,
        "what is to be in '%s'? let its name end in .svg, .pdf or .png, or give --format", text);
}

/* "column", "page" or a number of inches. */
static eq_status understand_width(request *r, eq_diag *diag) {
    const char *text = r->width;
    size_t length = text == NULL ? 0 : strlen(text);
    if (text == NULL) return EQ_OK;
    if (eq_same(text, "column") || eq_same(text, "page")) {
        r->picture.width = eq_same(text, "page") ? EQ_PICTURE_PAPER : EQ_PICTURE_COLUMN;
        return EQ_OK;
    }
    if (length > 0 && eq_parse_double(text, length, &r->picture.width) == length &&
        r->picture.width >= 1.0 && r->picture.width <= 40.0)
        return EQ_OK;
    return no_word("width", text, "column (3.4 in), page (7 in) or inches from 1 to 40", diag);
}

static eq_status understand(request *r, eq_diag *diag) {
    eq_status status = understand_format(r, diag);
    if (status == EQ_OK) status = understand_width(r, diag);
    if (status == EQ_OK &&
        !(r->picture.height == 0.0 || (r->picture.height >= 1.0 && r->picture.height <= 40.0)))
        status = eq_fail(diag, EQ_ERR_USAGE, "--height is %g; use inches from 1 to 40",
                         r->picture.height);
    if (status != EQ_OK || r->theme == NULL) return status;
    static const char *const theme[] = {"light", "dark", "page"};
    for (int k = 0; k < 3; k++)
        if (eq_same(r->theme, theme[k])) {
            r->picture.theme = (eq_picture_theme)k;
            return EQ_OK;
        }
    return no_word("theme", r->theme, "light, dark or page", diag);
}

/* Without -o: KIND.svg in the current folder. */
static char *name_of_file(const request *r, const char *kind) {
    static const char *const ending[] = {"svg", "pdf", "png"};
    eq_text t = {0};
    if (r->file != NULL) return eq_strdup(r->file);
    eq_text_printf(&t, "%s.%s", kind, ending[r->picture.format]);
    return t.text;
}

/* A file that is there is written over only when the user says so. */
static eq_status check_file(const request *r, const char *path, eq_diag *diag) {
    eq_status status = EQ_OK;
    if (strcmp(path, "-") == 0) return EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < r->picture.inputs; k++)
        status = eq_check_output(path, r->picture.input[k], diag);
    if (status == EQ_OK && !r->force && access(path, F_OK) == 0)
        status = eq_fail(diag, EQ_ERR_USAGE,
                         "'%s' is there; name another file with -o, or give --force", path);
    return status;
}

/* What is not there is told before what the picture would write over. */
static eq_status check_inputs(const request *r, eq_diag *diag) {
    for (size_t k = 0; k < r->picture.inputs; k++)
        if (access(r->picture.input[k], F_OK) != 0)
            return eq_fail(diag, EQ_ERR_INPUT,
                           "cannot read '%s': %s; check the name and its permissions",
                           r->picture.input[k], strerror(errno));
    return EQ_OK;
}

static eq_status plot(request *r, eq_diag *diag) {
    eq_text bytes = {0};
    char *path = NULL;
    eq_status status = understand(r, diag);
    if (status == EQ_OK) status = check_inputs(r, diag);
    if (status == EQ_OK) status = eq_picture_choose(&r->picture, &r->picture.kind, diag);
    if (status == EQ_OK) {
        path = name_of_file(r, r->picture.kind);
        status = path == NULL ? eq_out_of_memory(diag) : check_file(r, path, diag);
    }
    if (status == EQ_OK) status = eq_picture_draw(&r->picture, &bytes, diag);
    if (status == EQ_OK) status = eq_write_text(path, NULL, &bytes, diag);
    if (status == EQ_OK && r->file == NULL) printf("wrote %s\n", path);
    eq_text_free(&bytes);
    eq_free(path);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    request r = {.picture = eq_picture_defaults()};
    eq_picture *p = &r.picture;
    p->width = EQ_PICTURE_COLUMN;
    const eq_option table[] = {
        {"output", 'o', EQ_OPTION_TEXT, &r.file, "FILE", "write FILE.svg, .pdf or .png (KIND.svg)"},
        {"kind", 'k', EQ_OPTION_TEXT, &p->kind, "KIND", "what to draw: see the manual page"},
        {"format", 0, EQ_OPTION_TEXT, &r.format, "NAME", "svg, pdf or png (by the name of FILE)"},
        {"width", 0, EQ_OPTION_TEXT, &r.width, "IN", "column (3.4 in), page (7 in) or inches"},
        {"height", 0, EQ_OPTION_NUMBER, &p->height, "IN", "inches (as suits the kind)"},
        {"theme", 0, EQ_OPTION_TEXT, &r.theme, "NAME", "light, dark or page (SVG: of its page)"},
        {"transparent", 0, EQ_OPTION_FLAG, &p->transparent, NULL, "no background"},
        {"force", 0, EQ_OPTION_FLAG, &r.force, NULL, "write over FILE"},
        {"log", 0, EQ_OPTION_TEXT, &p->log, "AXES", "x, y, xy or none (where it helps)"},
        {"columns", 0, EQ_OPTION_TEXT, &p->columns, "A,B,..", "what to draw of a table"},
        {"x", 0, EQ_OPTION_TEXT, &p->x, "COLUMN", "x axis: epoch, seconds, v(in), .."},
        {"reference", 0, EQ_OPTION_TEXT, &p->reference, "NAME=Y",
         "a line across: 2.0%, paper=0.02"},
        {"band", 0, EQ_OPTION_TEXT, &p->band, "WHAT", "of several runs: deviation, range or runs"},
        {"element", 0, EQ_OPTION_TEXT, &p->element, "NAME", "iv: element, .model or node"},
        {"from", 0, EQ_OPTION_NUMBER, &p->from, "V", "iv: least drop"},
        {"to", 0, EQ_OPTION_NUMBER, &p->to, "V", "iv: largest drop"},
        {"percent", 0, EQ_OPTION_FLAG, &p->percent, NULL, "confusion: shares of the true class"},
        {"threads", 0, EQ_OPTION_INT, &p->threads, "N", "use N threads"},
    };
    int exit_status;
    char **input = eq_parse_list(command, table, sizeof table / sizeof *table, argc, argv,
                                 &p->inputs, &exit_status);
    if (input == NULL) return exit_status;
    p->input = (const char *const *)input;
    eq_diag *diag = eq_diag_new();
    return eq_finish(diag, plot(&r, diag));
}

const eq_command eq_command_plot = {"plot", "FILE|DIR...",
                                    "draw a picture for a paper: curves, sweeps, conductances, ..",
                                    false, run};
