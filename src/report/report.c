#include "report/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "explore/copy.h"
#include "report/page/page.h"
#include "report/runs.h"
#include "train/seeds.h"

/* What a page is of. */
enum { RUN = 1, SEEDS = 2, STUDY = 4 };

/* In the order of the page. */
static const struct {
    const char *id, *title;
    int on; /* which pages */
    eq_page_section write;
} section[] = {
    {"study", "Study", STUDY, eq_page_study},
    {"search", "Search", STUDY, eq_page_trace},
    {"effects", "Main effects", STUDY, eq_page_effects},
    {"interaction", "Interaction", STUDY, eq_page_interaction},
    {"front", "Pareto front", STUDY, eq_page_front},
    {"best", "Best points", STUDY, eq_page_best},
    {"failures", "Failures", STUDY, eq_page_failures},
    {"repeat", "Reproduce this", STUDY, eq_page_study_again},
    {"seeds", "Seeds", SEEDS, eq_page_seeds},
    {"settings", "Settings", SEEDS | RUN, eq_page_settings},
    {"curves", "Training", SEEDS | RUN, eq_page_curves},
    {"network", "Network", SEEDS | RUN, eq_page_network},
    {"conductances", "Conductances", RUN, eq_page_conductances},
    {"activations", "Activations", RUN, eq_page_activations},
    {"errors", "Errors", RUN, eq_page_classes},
    {"predictions", "Predictions", RUN, eq_page_predictions},
    {"worst", "Worst examples", RUN, eq_page_worst},
    {"power", "Power", RUN, eq_page_power},
    {"diagnosis", "Diagnosis", RUN, eq_page_diagnosis},
    {"deck", "Deck", RUN, eq_page_deck},
    {"again", "Reproduce this", SEEDS | RUN, eq_page_again},
};
enum { SECTIONS = sizeof section / sizeof *section };

static void write_head(const eq_page *p) {
    eq_text_puts(p->out,
                 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"/>\n"
                 "<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    eq_html(p->out,
            "<meta name=\"generator\" content=\"eqspice "
            "%s\"/>\n<title>%s</title>\n<style>/*<![CDATA[*/\n",
            EQ_VERSION, p->title);
    eq_text_puts(p->out, eq_page_css);
    eq_text_puts(p->out, "/*]]>*/</style>\n</head>\n");
}

/* One sentence: what came out. */
static void write_result(const eq_page *p) {
    const eq_evaluation *e = &p->i->score;
    eq_metrics last = eq_trained_last(p->m), chosen;
    size_t epochs;
    eq_html(p->out, "<p class=\"result\">");
    if (e->target != NULL) {
        eq_html(p->out, "Root mean square error ");
        eq_html_number(p->out, "result-rmse", e->rmse, "");
        eq_html(p->out, " (R<sup>2</sup> ");
        eq_html_number(p->out, "result-r2", e->r2, "");
        eq_html(p->out, ")");
    } else {
        eq_html_number(p->out, "result-error", e->error, "%");
        eq_html(p->out, " error");
    }
    eq_html(p->out, " on <data id=\"result-examples\" value=\"%zu\">%zu</data> %sexamples",
            e->examples, e->examples,
            p->data != NULL ? ""
            : p->training   ? "training "
                            : "held-out ");
    if (p->data != NULL) eq_html(p->out, " of %s", p->data);
    bool several = eq_trained_chosen(p->m, &chosen, &epochs);
    eq_html(p->out, " after %zu epoch%s", epochs, epochs == 1 ? "" : "s");
    if (epochs > 0) {
        eq_html(p->out, " and ");
        eq_html_number(p->out, NULL, last.seconds, "s");
    }
    eq_html(p->out, ", seed %zu.", (size_t)p->x->seed);
    if (several)
        eq_html(p->out, " The network is that of epoch %zu, the best on the validation set.",
                chosen.epoch);
    if (p->training) eq_html(p->out, " The run keeps no test set.");
    eq_html(p->out, "</p>\n");
}

static bool shown(const eq_page *p, size_t k) {
    return (section[k].on & (p->s != NULL ? STUDY : p->m == NULL ? SEEDS : RUN)) != 0;
}

static void write_contents(const eq_page *p, const size_t *length) {
    eq_html(p->out, "<nav aria-label=\"Contents\">\n<ul>\n");
    for (size_t k = 0; k < SECTIONS; k++)
        if (length[k] > 0)
            eq_html(p->out, "<li><a href=\"#%s\">%s</a></li>\n", section[k].id, section[k].title);
    eq_html(p->out, "</ul>\n</nav>\n");
}

static eq_status write_banner(const eq_page *p) {
    eq_status status = EQ_OK;
    eq_html(p->out,
            "<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n"
            "<header>\n<button type=\"button\" id=\"theme\" hidden=\"\">Dark</button>\n"
            "<p class=\"kicker\">eqspice %s</p>\n<h1>%s</h1>\n",
            p->s != NULL ? "explore" : "report", p->title);
    if (p->c != NULL && p->c->title != NULL && p->c->title[0] != '\0' && p->x->deck != NULL)
        eq_html(p->out, "<p class=\"title\">%s</p>\n", p->c->title);
    if (p->m != NULL) write_result(p);
    if (p->s != NULL) status = eq_page_study_result(p);
    eq_html(p->out, "</header>\n");
    return status;
}

/* The sections into `body`; length[k] of section k, 0: it has nothing to say. */
static eq_status write_sections(eq_page *p, eq_text *body, size_t *length) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < SECTIONS; k++) {
        eq_text own = {0};
        p->out = &own;
        length[k] = 0;
        if (shown(p, k)) status = section[k].write(p);
        if (status == EQ_OK && own.failed) status = eq_out_of_memory(p->diag);
        if (status == EQ_OK && own.length > 0) {
            length[k] = own.length;
            eq_html(
                body,
                "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n",
                section[k].id, section[k].id, section[k].id, section[k].title);
            eq_text_add(body, own.text, own.length);
            eq_text_puts(body, "</section>\n");
        }
        eq_text_free(&own);
    }
    return status;
}

static eq_status write_page(eq_page *p, eq_text *out) {
    eq_text body = {0};
    size_t length[SECTIONS];
    eq_status status = write_sections(p, &body, length);
    p->out = out;
    if (status == EQ_OK) {
        write_head(p);
        status = write_banner(p);
        write_contents(p, length);
        eq_text_puts(out, "<main id=\"main\" tabindex=\"-1\">\n");
        eq_text_add(out, body.text, body.length);
        eq_html(out,
                "</main>\n<footer><p>Written by eqspice %s.</p></footer>\n<script>/*<![CDATA[*/\n",
                EQ_VERSION);
        eq_text_puts(out, eq_page_js);
        eq_text_puts(out, "/*]]>*/</script>\n</body>\n</html>\n");
        if (status == EQ_OK && (out->failed || body.failed)) status = eq_out_of_memory(p->diag);
    }
    eq_text_free(&body);
    return status;
}

static eq_status write_run(const char *folder, const eq_report_options *o, eq_text *out,
                           eq_diag *diag) {
    eq_inference *i = NULL;
    eq_page p = {.folder = folder, .diag = diag};
    eq_infer_options ask = {
        .predictions = true, .power = true, .settling = NAN, .capacitance = NAN};
    eq_trained_options open = eq_trained_defaults();
    open.data = o->data;
    open.labels = o->labels;
    open.threads = o->threads;
    eq_status status = eq_trained_open(folder, &open, &p.m, diag);
    if (status != EQ_OK) return status;
    p.data = o->data;
    p.training = eq_trained_samples(p.m) == 0;
    eq_trained_take(p.m, p.training);
    p.x = eq_trained_experiment(p.m);
    p.title = p.x->name;
    p.c = eq_trained_circuit(p.m);
    status = eq_experiment_needs_circuit(p.x, "the page of a run", diag);
    if (status == EQ_OK) status = eq_trained_infer(p.m, &ask, &i, diag);
    p.i = i;
    if (status == EQ_OK) status = write_page(&p, out);
    eq_inference_free(i);
    eq_trained_free(p.m);
    return status;
}

/* With the network of the first of the seeds. */
static eq_status write_seeds(const char *folder, uint64_t seed, eq_text *out, eq_diag *diag) {
    eq_page p = {.folder = folder, .diag = diag};
    eq_experiment *x = NULL;
    char *first = eq_seed_folder(folder, seed);
    eq_status status = first == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_trained_read(first, NULL, &x, &p.c, diag);
    p.x = x;
    if (status == EQ_OK) p.title = x->name;
    if (status == EQ_OK) status = write_page(&p, out);
    eq_experiment_free(x);
    eq_circuit_free(p.c);
    eq_free(first);
    return status;
}

static eq_status write_study(const char *folder, const eq_report_options *o, eq_text *out,
                             eq_diag *diag) {
    eq_study *s = NULL;
    eq_explored e = {0};
    if (o->data != NULL)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "%s holds a study, which is told of its own trainings; take --data away",
                       folder);
    eq_status status = eq_explored_read(folder, &s, &e, diag);
    if (status == EQ_OK) status = eq_report_write_study(folder, s, &e, out, diag);
    eq_explored_free(&e);
    eq_study_free(s);
    return status;
}

eq_status eq_report_write_study(const char *folder, const eq_study *s, const eq_explored *e,
                                eq_text *out, eq_diag *diag) {
    eq_page p = {.folder = folder, .title = s->name, .s = s, .e = e, .diag = diag};
    return write_page(&p, out);
}

eq_status eq_report_write(const char *folder, const eq_report_options *o, eq_text *out,
                          eq_diag *diag) {
    bool several = false;
    uint64_t first = 0;
    if (eq_runs_is_study(folder)) return write_study(folder, o, out, diag);
    eq_status status = eq_page_seeds_of(folder, &several, &first, diag);
    if (status != EQ_OK) return status;
    return several ? write_seeds(folder, first, out, diag) : write_run(folder, o, out, diag);
}
