/* Several seeds: what came of each, their mean and deviation. */
#include <math.h>
#include <string.h>

#include "report/page/page.h"
#include "report/page/rows.h"
#include "train/seeds.h"

typedef struct looking {
    uint64_t seed;
    bool found;
} looking;

static void look(void *data, const eq_csv *row, size_t number) {
    looking *l = data;
    double seed = eq_rows_number(row, 0);
    if (number == 0 || l->found || !(seed >= 0.0)) return;
    l->seed = (uint64_t)seed;
    l->found = true;
}

eq_status eq_page_seeds_of(const char *folder, bool *found, uint64_t *first, eq_diag *diag) {
    looking l = {0, false};
    eq_status status = eq_rows_read(folder, EQ_SEEDS_TABLE, look, &l, diag);
    *found = l.found;
    *first = l.seed;
    return status;
}

/* Whether a column holds fractions, by its name in metrics.csv. */
static bool is_fraction(const char *name) {
    for (int k = 0; k < EQ_SEED_COLUMNS; k++)
        if (strcmp(eq_seed_column_of[k].name, name) == 0) return eq_seed_column_of[k].fraction;
    return false;
}

enum { MOST_COLUMNS = 32 };

typedef struct writing {
    const eq_page *p;
    const char *unit[MOST_COLUMNS];
} writing;

static void write_header(writing *w, const eq_csv *row) {
    char name[64];
    eq_html(w->p->out, "<thead><tr>");
    for (size_t k = 0; k + 1 < row->cells && k < MOST_COLUMNS; k++) {
        eq_rows_cell(row, k, name, sizeof name);
        w->unit[k] = is_fraction(name) ? "%" : strcmp(name, "seconds") == 0 ? "s" : "";
        for (char *c = name; *c != '\0'; c++)
            if (*c == '_') *c = ' ';
        eq_html(w->p->out, "<th scope=\"col\"%s>%s</th>", "", name);
    }
    eq_html(w->p->out, "</tr></thead>\n<tbody>\n");
}

static void write_row(void *data, const eq_csv *row, size_t number) {
    writing *w = data;
    char name[64], id[96];
    if (number == 0) {
        write_header(w, row);
        return;
    }
    eq_rows_cell(row, 0, name, sizeof name);
    eq_html(w->p->out, "<tr%s><th scope=\"row\">%s</th>", "", name);
    for (size_t k = 1; k + 1 < row->cells && k < MOST_COLUMNS; k++) {
        snprintf(id, sizeof id, "seed-%s-%zu", name, k);
        eq_html(w->p->out, "<td class=\"n\">");
        eq_html_number(w->p->out, id, eq_rows_number(row, k), w->unit[k]);
        eq_html(w->p->out, "</td>");
    }
    eq_html(w->p->out, "</tr>\n");
}

eq_status eq_page_seeds(const eq_page *p) {
    writing w = {.p = p};
    eq_html(p->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                    "aria-label=\"Seeds\">\n<table class=\"sort\">\n"
                    "<caption>The last epoch of each run; mean, deviation and the best of them."
                    "</caption>\n");
    eq_status status = eq_rows_read(p->folder, EQ_SEEDS_TABLE, write_row, &w, p->diag);
    eq_html(p->out, "</tbody>\n</table>\n</div>\n");
    return status;
}
