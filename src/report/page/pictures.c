/* The pictures of `eqspice plot`, in the page. */
#include <string.h>

#include "report/page/page.h"
#include "report/picture.h"

static bool is_kind(const char *name) {
    const eq_picture_kind *kind;
    for (size_t k = 0; (kind = eq_picture_kind_at(k)) != NULL; k++)
        if (strcmp(kind->name, name) == 0) return true;
    return false;
}

/* An <svg> of its own, which takes the letters' colour from the page. */
static void write_figure(const eq_page *p, const eq_page_shown *s, const char *svg) {
    eq_html(p->out,
            "<figure class=\"picture\"><div class=\"scroll\" role=\"img\" aria-label=\"%s\">\n",
            s->alt);
    eq_text_puts(p->out, svg);
    eq_html(p->out, "</div><figcaption>%s</figcaption></figure>\n", s->caption);
}

/* Whether a message was lost: the one that stands for it is nobody's own. */
static bool has_lost(const eq_diag *diag) {
    size_t n = eq_diag_count(diag);
    return n > 0 && eq_diag_get(diag, n - 1) == eq_diag_get(NULL, 0);
}

static eq_status draw(const eq_page *p, const char *kind, eq_text *svg, eq_diag *own) {
    eq_picture picture = eq_picture_defaults();
    picture.kind = picture.name = kind;
    picture.input = &p->folder;
    picture.inputs = 1;
    picture.theme = EQ_PICTURE_PAGE;
    picture.width = EQ_PICTURE_PAPER;
    eq_status status = is_kind(kind) ? eq_picture_draw(&picture, svg, own) : EQ_ERR_INPUT;
    return has_lost(own) ? EQ_ERR_MEMORY : status;
}

eq_status eq_page_figure(const eq_page *p, const eq_page_shown *s) {
    eq_text svg = {0};
    eq_diag *own = eq_diag_new();
    if (own == NULL) return eq_out_of_memory(p->diag);
    eq_status status = draw(p, s->kind, &svg, own);
    const char *at = status == EQ_OK ? strstr(svg.text, "<svg") : NULL;
    if (at != NULL) write_figure(p, s, at);
    if (status == EQ_ERR_IO)
        eq_warn_at(p->diag, (eq_place){0}, "the page is without the picture '%s': %s", s->kind,
                   eq_diag_get(own, 0)->text);
    status = status == EQ_ERR_MEMORY ? eq_out_of_memory(p->diag) : EQ_OK;
    eq_diag_free(own);
    eq_text_free(&svg);
    return status;
}

eq_status eq_page_curves(const eq_page *p) {
    static const eq_page_shown s = {"curves", "Loss and error against the epoch",
                                    "Loss and error of each epoch."};
    static const eq_page_shown band = {
        "curves", "Loss and error against the epoch, over the seeds",
        "Loss and error of each epoch: mean over the seeds, and deviation."};
    return eq_page_figure(p, p->m == NULL ? &band : &s);
}

eq_status eq_page_conductances(const eq_page *p) {
    static const eq_page_shown s[] = {
        {"conductances", "Histogram of the conductances of each trained group",
         "How the conductances of each trained group are distributed."},
        {"crossbar", "Heat map of the conductances of each crossbar",
         "Each crossbar: rows are the nodes it comes from, columns those it leads to."}};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof s / sizeof *s; k++)
        status = eq_page_figure(p, &s[k]);
    return status;
}

eq_status eq_page_activations(const eq_page *p) {
    static const eq_page_shown s = {"activations", "Mean potential of each node, by class",
                                    "What the nodes say of each class."};
    return eq_page_figure(p, &s);
}
