/* What a study varied, what mattered, and which of its points are the best. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "explore/draw.h"
#include "explore/effects.h"
#include "report/page/page.h"
#include "report/page/rows.h"

enum { BEST = 10, COMMANDS = 5, FAILURES = 50 };

/* "test_error" -> "test error". */
static void write_name(const eq_page *p, size_t figure) {
    char name[64];
    strncpy(name, p->s->figure[figure]->name, sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (char *c = name; *c != '\0'; c++)
        if (*c == '_') *c = ' ';
    eq_html(p->out, "%s", name);
}

static void write_value(const eq_page *p, double value, size_t figure) {
    eq_html_number(p->out, NULL, value, p->s->figure[figure]->unit);
}

static size_t count(const bool *of, size_t n) {
    size_t sum = 0;
    for (size_t k = 0; k < n; k++) sum += of[k];
    return sum;
}

eq_status eq_page_study_result(const eq_page *p) {
    const eq_outcomes *a = &p->e->all;
    size_t *order = NULL, ranked, failed = count(a->failed, a->runs),
           done = count(a->done, a->runs);
    eq_status status = eq_points_rank(p->s, p->e, p->s->goal, &order, &ranked, p->diag);
    if (status != EQ_OK) return status;
    eq_html(p->out,
            "<p class=\"result\"><data id=\"result-trainings\" value=\"%zu\">%zu</data> of %zu "
            "trainings at %zu points",
            done, done, a->runs, p->s->points);
    if (failed > 0)
        eq_html(p->out, ", <data id=\"result-failed\" value=\"%zu\">%zu</data> of them failed",
                failed, failed);
    if (ranked > 0) {
        eq_html(p->out, ". The best ");
        write_name(p, p->s->goal);
        eq_html(p->out, " is ");
        eq_html_number(p->out, "result-best", eq_point_mean(p->s, p->e, order[0], p->s->goal),
                       p->s->figure[p->s->goal]->unit);
        eq_html(p->out, ", at point %zu", order[0] + 1);
    }
    eq_html(p->out, ".</p>\n");
    eq_free(order);
    return EQ_OK;
}

/* --- tables --- */

static void begin_table(const eq_page *p, const char *name, const char *class) {
    eq_html(p->out,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n"
            "<table",
            name);
    if (class[0] != '\0') eq_html(p->out, " class=\"%s\"", class);
    eq_html(p->out, ">\n");
}

static void end_table(const eq_page *p) {
    eq_html(p->out, "</tbody>\n</table>\n</div>\n");
}

static void write_head(const eq_page *p, const char *name, bool number) {
    eq_html(p->out, number ? "<th scope=\"col\" class=\"n\">%s</th>" : "<th scope=\"col\">%s</th>",
            name);
}

static void write_heads(const eq_page *p, const char *const *name, size_t n, size_t texts) {
    eq_html(p->out, "<thead><tr>");
    for (size_t k = 0; k < n; k++) write_head(p, name[k], k >= texts);
    eq_html(p->out, "</tr></thead>\n<tbody>\n");
}

/* --- what varies --- */

static void write_factor(const eq_page *p, const eq_factor *f) {
    eq_html(p->out, "<tr><th scope=\"row\"><code>%s</code></th><td>", f->name);
    for (size_t k = 0; k < f->words; k++) eq_html(p->out, "%s%s", k > 0 ? ", " : "", f->word[k]);
    if (f->words == 0) {
        eq_html(p->out, "%g to %g", f->from, f->to);
        eq_html(p->out, "%s%s", f->log ? ", logarithmic" : "", f->whole ? ", whole numbers" : "");
    }
    eq_html(p->out, "</td><td class=\"n\">");
    if (f->levels > 0) eq_html(p->out, "%zu", f->levels);
    eq_html(p->out, "</td></tr>\n");
}

static void write_fact(const eq_page *p, const char *name, const char *value) {
    eq_html(p->out, "<tr><th scope=\"row\">%s</th><td colspan=\"2\">%s</td></tr>\n", name, value);
}

eq_status eq_page_study(const eq_page *p) {
    const eq_study *s = p->s;
    static const char *const heads[] = {"Factor", "Values", "Levels"};
    begin_table(p, "Study", "settings");
    eq_html(p->out, "<caption>What varied, and what did not.</caption>\n");
    write_heads(p, heads, 3, 2);
    for (size_t k = 0; k < s->factors; k++) write_factor(p, &s->factor[k]);
    write_fact(p, "experiment", s->experiment);
    for (size_t k = 0; k < s->sets; k++) write_fact(p, "set", s->set[k]);
    write_fact(p, "design", eq_design_name(s->design));
    eq_html(p->out,
            "<tr><th scope=\"row\">points</th><td colspan=\"2\">%zu, %zu training%s each</td></tr>"
            "\n<tr><th scope=\"row\">judged by</th><td colspan=\"2\">",
            s->points, s->repeats, eq_plural(s->repeats));
    write_name(p, s->goal);
    eq_html(p->out, ", %s is better</td></tr>\n", s->figure[s->goal]->more ? "more" : "less");
    end_table(p);
    return EQ_OK;
}

/* --- the search --- */

eq_status eq_page_trace(const eq_page *p) {
    static const eq_page_shown s = {"trace", "The goal at each training, and the best so far",
                                    "Each dot is a point, the mean over its seeds, in the order in "
                                    "which the search came to it."};
    return eq_design_searches(p->s->design) ? eq_page_figure(p, &s) : EQ_OK;
}

/* --- main effects --- */

static void write_level(const eq_page *p, const eq_effect *e, size_t k, eq_text *label) {
    const eq_effect_level *l = &e->level[k];
    eq_text_clear(label);
    eq_effect_label(p->s, e, k, label);
    if (label->failed) return;
    eq_html(p->out, "<tr><td>%s</td><td class=\"n\">", label->text);
    write_value(p, l->mean, p->s->goal);
    eq_html(p->out, "</td><td class=\"n\">");
    if (!isnan(l->band)) {
        eq_html(p->out, "\302\261 ");
        write_value(p, l->band, p->s->goal);
    }
    eq_html(p->out, "</td><td class=\"n\">%zu</td></tr>\n", l->runs);
}

static void write_effect(const eq_page *p, const eq_effect *e, eq_text *label) {
    eq_html(p->out,
            "<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"4\" class=\"group\"><code>%s</code>",
            p->s->factor[e->factor].name);
    if (!isnan(e->share)) {
        eq_html(p->out, ": ");
        eq_html_number(p->out, NULL, e->share, "%");
        eq_html(p->out, " of the variance");
    }
    eq_html(p->out, "</th></tr>\n");
    for (size_t k = 0; k < e->levels; k++) write_level(p, e, k, label);
    eq_html(p->out, "</tbody>\n");
}

eq_status eq_page_effects(const eq_page *p) {
    static const eq_page_shown s = {"effects",
                                    "The goal at each level of each factor, with 95 % bands",
                                    "The mean at each level (a range without levels: in five bins) "
                                    "with its 95 % band; each dot "
                                    "is a training."};
    eq_effects all;
    eq_text label = {0};
    eq_status status = eq_effects_find(p->s, p->e, p->s->goal, &all, p->diag);
    if (status != EQ_OK) return status;
    status = eq_page_figure(p, &s);
    if (status == EQ_OK) {
        eq_html(p->out, "<details>\n<summary>The numbers</summary>\n");
        begin_table(p, "Main effects", "");
        eq_html(p->out, "<caption>Means at each level, over all trainings that ended.</caption>\n");
        eq_html(p->out, "<thead><tr><th scope=\"col\">Level</th><th scope=\"col\" class=\"n\">");
        write_name(p, p->s->goal);
        eq_html(p->out, "</th><th scope=\"col\" class=\"n\">95 %% band</th>"
                        "<th scope=\"col\" class=\"n\">trainings</th></tr></thead>\n");
        for (size_t f = 0; f < all.count; f++) write_effect(p, &all.of[f], &label);
        eq_html(p->out, "</table>\n</div>\n</details>\n");
        if (label.failed) status = eq_out_of_memory(p->diag);
    }
    eq_text_free(&label);
    eq_effects_free(&all);
    return status;
}

static eq_status write_share(const eq_page *p, const eq_effect *a, const eq_effect *b) {
    double *mean, share;
    eq_status status = eq_interaction_find(p->s, p->e, a, b, p->s->goal, &mean, &share, p->diag);
    if (status != EQ_OK) return status;
    eq_free(mean);
    eq_html(p->out,
            "<p>Of all pairs of factors, <code>%s</code> and <code>%s</code> matter the "
            "most.",
            p->s->factor[a->factor].name, p->s->factor[b->factor].name);
    if (!isnan(share)) {
        eq_html(p->out, " Together they explain ");
        eq_html_number(p->out, "interaction-share", share, "%");
        eq_html(p->out, " of the variance beyond what each does alone.");
    }
    eq_html(p->out, "</p>\n");
    return EQ_OK;
}

eq_status eq_page_interaction(const eq_page *p) {
    static const eq_page_shown s = {"interaction",
                                    "Heat map of the goal over the two strongest factors",
                                    "The mean over all trainings at both levels."};
    eq_effects all;
    eq_status status = eq_effects_find(p->s, p->e, p->s->goal, &all, p->diag);
    if (status == EQ_OK && all.paired) {
        status = write_share(p, &all.of[all.pair[0]], &all.of[all.pair[1]]);
        if (status == EQ_OK) status = eq_page_figure(p, &s);
    }
    eq_effects_free(&all);
    return status;
}

/* --- points --- */

/* A cell for each factor of a point. */
static void write_place(const eq_page *p, size_t point) {
    for (size_t f = 0; f < p->s->factors; f++) {
        eq_text t = {0};
        eq_factor_value(&p->s->factor[f], p->e->level[point * p->s->factors + f], &t);
        eq_html(p->out, "<td class=\"n\">%s</td>", t.failed ? "" : t.text);
        p->out->failed |= t.failed;
        eq_text_free(&t);
    }
}

static void write_point(const eq_page *p, size_t point) {
    eq_html(p->out, "<tr><th scope=\"row\">%zu</th>", point + 1);
    write_place(p, point);
    for (size_t f = 0; f < p->s->figures; f++) {
        eq_html(p->out, "<td class=\"n\">");
        write_value(p, eq_point_mean(p->s, p->e, point, f), f);
        eq_html(p->out, "</td>");
    }
    eq_html(p->out, "</tr>\n");
}

static void write_points(const eq_page *p, const char *name, const size_t *order, size_t n) {
    begin_table(p, name, "sort");
    eq_html(p->out, "<caption>%s, the figures of each", name);
    if (p->s->repeats > 1) eq_html(p->out, " as means over %zu seeds", p->s->repeats);
    eq_html(p->out, ".</caption>\n");
    eq_html(p->out, "<thead><tr><th scope=\"col\">Point</th>");
    for (size_t f = 0; f < p->s->factors; f++) write_head(p, p->s->factor[f].name, true);
    for (size_t f = 0; f < p->s->figures; f++) {
        eq_html(p->out, "<th scope=\"col\" class=\"n\">");
        write_name(p, f);
        eq_html(p->out, "</th>");
    }
    eq_html(p->out, "</tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < n; k++) write_point(p, order[k]);
    end_table(p);
}

static void write_command(const eq_page *p, size_t point) {
    eq_text t = {0};
    eq_run_command(p->s, p->e->level, point * p->s->repeats, p->e->seed, &t);
    eq_html(p->out,
            "<h3>Point %zu</h3>\n<pre class=\"copy\" tabindex=\"0\" aria-label=\"Command of "
            "point %zu\">%s</pre>\n",
            point + 1, point + 1, t.failed ? "" : t.text);
    p->out->failed |= t.failed;
    eq_text_free(&t);
}

eq_status eq_page_front(const eq_page *p) {
    static const eq_page_shown s = {
        "front", "Points by two figures, and the Pareto front",
        "Each dot is a point of the study; none of them beats one on the front in one figure "
        "without being worse in the other."};
    size_t *order = NULL, n;
    if (p->s->pareto[0] == p->s->pareto[1]) return EQ_OK;
    eq_status status = eq_points_front(p->s, p->e, p->s->pareto, &order, &n, p->diag);
    if (status != EQ_OK) return status;
    if (n > 0) {
        status = eq_page_figure(p, &s);
        write_points(p, "The points of the front", order, n);
    }
    eq_free(order);
    return status;
}

eq_status eq_page_best(const eq_page *p) {
    size_t *order = NULL, n;
    eq_status status = eq_points_rank(p->s, p->e, p->s->goal, &order, &n, p->diag);
    if (status != EQ_OK) return status;
    if (n > 0) {
        write_points(p, "The best points", order, n < BEST ? n : BEST);
        eq_html(p->out, "<p>What trains the first %zu again%s:</p>\n", n < COMMANDS ? n : COMMANDS,
                p->s->repeats > 1 ? ", each with the first of its seeds" : "");
    }
    for (size_t k = 0; k < n && k < COMMANDS; k++) write_command(p, order[k]);
    eq_free(order);
    return EQ_OK;
}

/* --- failures --- */

typedef struct failing {
    const eq_page *p;
    size_t found;
} failing;

static void visit(void *data, const eq_csv *row, size_t number) {
    failing *f = data;
    size_t why = 2 + f->p->s->factors + f->p->s->figures;
    char text[512];
    if (number == 0 || row->cells != why + 2 || row->cell[why].length == 0) return;
    if (f->found++ >= FAILURES) return;
    eq_html(f->p->out, "<tr><th scope=\"row\">%s</th>", eq_rows_cell(row, 0, text, sizeof text));
    eq_html(f->p->out, "<td>%s</td>", eq_rows_cell(row, 1, text, sizeof text));
    eq_html(f->p->out, "<td>%s</td>", eq_rows_cell(row, why, text, sizeof text));
    eq_html(f->p->out, "<td><code>%s</code></td></tr>\n",
            eq_rows_cell(row, why + 1, text, sizeof text));
}

eq_status eq_page_failures(const eq_page *p) {
    static const char *const heads[] = {"Point", "Seed", "Why", "Command"};
    failing f = {p, 0};
    if (count(p->e->all.failed, p->e->all.runs) == 0) return EQ_OK;
    begin_table(p, "Failures", "settings");
    eq_html(p->out, "<caption>Trainings that did not end, and why.</caption>\n");
    write_heads(p, heads, 4, 4);
    eq_status status = eq_rows_read(p->folder, EQ_STUDY_TABLE, visit, &f, p->diag);
    end_table(p);
    if (f.found > FAILURES)
        eq_html(p->out, "<p>The first %d of %zu; the others stand in " EQ_STUDY_TABLE ".</p>\n",
                FAILURES, f.found);
    return status;
}

eq_status eq_page_study_again(const eq_page *p) {
    char *path = eq_path_join(p->folder, EQ_STUDY_COPY), *text = NULL;
    size_t length = 0;
    eq_status status = path == NULL ? eq_out_of_memory(p->diag) : EQ_OK;
    if (status == EQ_OK) status = eq_file_read(path, (eq_place){0}, &text, &length, p->diag);
    if (status == EQ_OK) {
        eq_html(
            p->out,
            "<p>All trainings, each with the command that repeats it: " EQ_STUDY_TABLE
            " and " EQ_STUDY_SQLITE " in the folder of the study. This page again:</p>\n"
            "<pre class=\"copy\" tabindex=\"0\" aria-label=\"Command\">eqspice report %s</pre>\n"
            "<details>\n<summary>The study, " EQ_STUDY_COPY "</summary>\n"
            "<pre tabindex=\"0\" aria-label=\"Study\">%s</pre>\n</details>\n",
            p->folder, text);
    }
    eq_free(text);
    eq_free(path);
    return status;
}
