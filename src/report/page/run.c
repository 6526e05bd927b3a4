/* What a run was, what its network costs and how its parts fare. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/xml/xml.h"
#include "report/page/page.h"
#include "report/page/rows.h"

/* --- settings --- */

/* Where the folder stood and what its files are of is for the program. */
static bool is_setting(const char *name) {
    static const char *const ours[] = {"home", "run", "checksum"};
    for (size_t k = 0; k < sizeof ours / sizeof *ours; k++)
        if (strcmp(name, ours[k]) == 0) return false;
    return true;
}

/* The attributes of an element, each by the path that --set takes. */
static void write_attributes(const eq_page *p, const eq_xml_node *node, const char *path) {
    const char *name, *value;
    for (size_t k = 0; (value = eq_xml_attribute_at(node, k, &name)) != NULL; k++)
        if (is_setting(name))
            eq_html(p->out, "<tr><th scope=\"row\"><code>%s%s</code></th><td>%s</td></tr>\n", path,
                    name, value);
}

/* The root, its elements, and theirs, which are counted: optimizer.group[1]. */
static eq_status write_document(const eq_page *p, const eq_xml_node *root) {
    eq_text path = {0};
    write_attributes(p, root, "");
    for (const eq_xml_node *a = eq_xml_first(root); a != NULL; a = eq_xml_next(a)) {
        size_t number = 0;
        eq_text_clear(&path);
        eq_text_printf(&path, "%s.", eq_xml_name(a));
        if (!path.failed) write_attributes(p, a, path.text);
        for (const eq_xml_node *b = eq_xml_first(a); b != NULL; b = eq_xml_next(b)) {
            eq_text_clear(&path);
            eq_text_printf(&path, "%s.%s[%zu].", eq_xml_name(a), eq_xml_name(b), ++number);
            if (!path.failed) write_attributes(p, b, path.text);
        }
    }
    eq_status status = path.failed ? eq_out_of_memory(p->diag) : EQ_OK;
    eq_text_free(&path);
    return status;
}

eq_status eq_page_settings(const eq_page *p) {
    eq_text text = {0};
    eq_xml *xml = NULL;
    eq_status status = eq_experiment_write(p->x, &text, p->diag);
    if (status == EQ_OK && text.failed) status = eq_out_of_memory(p->diag);
    if (status == EQ_OK)
        status = eq_xml_parse("experiment.xml", text.text, text.length, &eq_schema_experiment, &xml,
                              p->diag);
    if (status == EQ_OK) {
        eq_html(p->out,
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Settings\">\n"
                "<table class=\"settings\">\n<caption>The experiment as it was trained, "
                "with every default.</caption>\n<thead><tr><th scope=\"col\">Setting</th>"
                "<th scope=\"col\">Value</th></tr></thead>\n<tbody>\n");
        status = write_document(p, eq_xml_root(xml));
        eq_html(p->out, "</tbody>\n</table>\n</div>\n");
    }
    eq_xml_free(xml);
    eq_text_free(&text);
    return status;
}

/* --- power --- */

static void write_watts(const eq_page *p, const char *what, const char *name, const eq_watts *w) {
    if (w->delivered == 0.0 && w->dissipated == 0.0) return;
    eq_html(p->out, "<tr><th scope=\"row\">%s%s</th><td class=\"n\">", what, name);
    eq_html_number(p->out, NULL, w->delivered, "W");
    eq_html(p->out, "</td><td class=\"n\">");
    eq_html_number(p->out, NULL, w->dissipated, "W");
    eq_html(p->out, "</td></tr>\n");
}

static void begin_watts(const eq_page *p, const char *what) {
    eq_html(p->out,
            "<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"3\" class=\"group\">%s</th></tr>\n",
            what);
}

static void write_parts(const eq_page *p, const eq_power *w) {
    char layer[24];
    begin_watts(p, "By class of element");
    for (int k = 0; k < EQ_CLASS_COUNT; k++) write_watts(p, "", eq_class(k)->name, &w->cls[k]);
    eq_html(p->out, "</tbody>\n");
    begin_watts(p, "By layer");
    for (size_t k = 0; k < w->layers; k++) {
        snprintf(layer, sizeof layer, k == 0 ? "0 (sources)" : "%zu", k);
        write_watts(p, "layer ", layer, &w->layer[k]);
    }
    eq_html(p->out, "</tbody>\n");
    if (w->groups > 0) begin_watts(p, "By trained group");
    for (size_t k = 0; k < w->groups; k++) write_watts(p, "", p->c->group[k].name, &w->group[k]);
    if (w->groups > 0) eq_html(p->out, "</tbody>\n");
}

eq_status eq_page_power(const eq_page *p) {
    const eq_power *w = p->i->power;
    eq_html(p->out, "<p>An inference takes ");
    eq_html_number(p->out, "power-total", w->total.dissipated, "W");
    eq_html(p->out, ", the mean of %zu %s examples (", w->examples, eq_page_set(p));
    eq_html_number(p->out, NULL, w->least, "W");
    eq_html(p->out, " to ");
    eq_html_number(p->out, NULL, w->most, "W");
    eq_html(p->out, "). Delivered and dissipated differ by at most ");
    eq_html_number(p->out, NULL, w->balance, "W");
    eq_html(p->out, ", where Kirchhoff&#39;s current law allows ");
    eq_html_number(p->out, NULL, w->bound, "W");
    eq_html(p->out,
            ".</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Power\">\n"
            "<table>\n<caption>Mean power over the examples.</caption>\n<thead><tr>"
            "<th scope=\"col\">Part</th><th scope=\"col\" class=\"n\">delivers</th>"
            "<th scope=\"col\" class=\"n\">dissipates</th></tr></thead>\n");
    write_parts(p, w);
    eq_html(p->out, "</table>\n</div>\n");
    return EQ_OK;
}

/* --- diagnosis --- */

/* The columns of diagnosis.csv behind epoch, part and name. */
static const struct {
    const char *name, *title, *unit;
} column[] = {
    {"at_min", "at min", "%"},
    {"at_max", "at max", "%"},
    {"gradient", "gradient", ""},
    {"snr", "signal / noise", ""},
    {"moved", "moved", ""},
    {"v", "mean |v|", "V"},
    {"v_ratio", "of layer before", ""},
    {"saturated", "saturated", "%"},
};
enum { COLUMNS = sizeof column / sizeof *column, BEFORE = 3 };

typedef struct diagnosing {
    const eq_page *p;
    char epoch[24]; /* the last one: its rows are shown */
    bool write;
    size_t rows;
} diagnosing;

static void write_part(const eq_page *p, const eq_csv *row) {
    char name[64];
    eq_html(p->out, "<tr><th scope=\"row\">%s ", eq_rows_cell(row, 1, name, sizeof name));
    eq_html(p->out, "%s</th>", eq_rows_cell(row, 2, name, sizeof name));
    for (size_t k = 0; k < COLUMNS; k++) {
        double value = eq_rows_number(row, BEFORE + k);
        eq_html(p->out, "<td class=\"n\">");
        if (!isnan(value)) eq_html_number(p->out, NULL, value, column[k].unit);
        eq_html(p->out, "</td>");
    }
    eq_html(p->out, "</tr>\n");
}

static void visit(void *data, const eq_csv *row, size_t number) {
    diagnosing *d = data;
    char epoch[sizeof d->epoch];
    if (number == 0 || row->cells < BEFORE + COLUMNS) return;
    eq_rows_cell(row, 0, epoch, sizeof epoch);
    if (!d->write) memcpy(d->epoch, epoch, sizeof epoch);
    if (!d->write || strcmp(epoch, d->epoch) != 0) return;
    d->rows++;
    write_part(d->p, row);
}

eq_status eq_page_diagnosis(const eq_page *p) {
    diagnosing d = {.p = p, .epoch = ""};
    eq_status status = eq_rows_read(p->folder, EQ_TRAIN_DIAGNOSIS, visit, &d, p->diag);
    if (status != EQ_OK || d.epoch[0] == '\0') return status;
    eq_html(
        p->out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Diagnosis\">\n<table>\n"
        "<caption>How each group of parameters and each layer of nodes fares in epoch "
        "%s.</caption>\n<thead><tr><th scope=\"col\">Part</th>",
        d.epoch);
    for (size_t k = 0; k < COLUMNS; k++)
        eq_html(p->out, "<th scope=\"col\" class=\"n\">%s</th>", column[k].title);
    eq_html(p->out, "</tr></thead>\n<tbody>\n");
    d.write = true;
    status = eq_rows_read(p->folder, EQ_TRAIN_DIAGNOSIS, visit, &d, p->diag);
    eq_html(p->out, "</tbody>\n</table>\n</div>\n");
    return status;
}

/* --- deck --- */

enum { DECK_SHOWN = 60000 }; /* bytes */

eq_status eq_page_deck(const eq_page *p) {
    char *path = eq_path_join(p->folder, EQ_TRAIN_MODEL), *text = NULL;
    size_t length = 0;
    eq_status status = path == NULL ? eq_out_of_memory(p->diag) : EQ_OK;
    if (status == EQ_OK) status = eq_file_read(path, (eq_place){0}, &text, &length, p->diag);
    if (status == EQ_OK) {
        size_t shown = length;
        if (length > DECK_SHOWN)
            for (shown = DECK_SHOWN; shown > 0 && text[shown - 1] != '\n';) shown--;
        text[shown] = '\0';
        eq_html(p->out,
                "<details>\n<summary>The trained deck, " EQ_TRAIN_MODEL
                " (%zu bytes)</summary>\n<pre tabindex=\"0\" aria-label=\"Deck\">%s</pre>\n",
                length, text);
        if (shown < length)
            eq_html(p->out,
                    "<p>The first %zu bytes; the rest stands in the folder of the run.</p>\n",
                    shown);
        eq_html(p->out, "</details>\n");
    }
    eq_free(text);
    eq_free(path);
    return status;
}

/* --- reproduce --- */

/* The last part of the folder's path, as a command would name it beside the page. */
static const char *last_part(const char *folder) {
    const char *at = strrchr(folder, '/');
    return at == NULL || at[1] == '\0' ? folder : at + 1;
}

eq_status eq_page_again(const eq_page *p) {
    const char *run = last_part(p->folder);
    eq_html(p->out, "<p>From the folder beside the run&#39;s:</p>\n<pre tabindex=\"0\" "
                    "aria-label=\"Commands\">");
    if (p->m != NULL)
        eq_html(p->out,
                "eqspice train %s/experiment.xml -o again     # the same bits\n"
                "eqspice eval %s --power                      # the numbers of this page\n"
                "eqspice gradcheck %s                         # EqProp against the adjoint\n"
                "eqspice verify %s                            # against ngspice, node by node\n",
                run, run, run, run);
    eq_html(p->out, "eqspice report %s                            # this page\n</pre>\n", run);
    return EQ_OK;
}
