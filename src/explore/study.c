#include "explore/study.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/near.h"
#include "explore/cma.h"
#include "netlist/xml/xml.h"
#include "train/seeds.h"

static const char *const design_name[] = {
    "grid", "random", "latin-hypercube", "sobol", "one-at-a-time", "successive-halving", "cma-es"};

const char *eq_design_name(eq_design design) {
    return design_name[design];
}

static void factor_free(eq_factor *f) {
    eq_free(f->name);
    eq_strings_free(f->word, f->words);
    eq_free(f->center);
}

void eq_study_free(eq_study *s) {
    if (s == NULL) return;
    for (size_t k = 0; k < s->factors; k++) factor_free(&s->factor[k]);
    eq_free(s->factor);
    for (size_t k = 0; k < s->sets; k++) eq_free(s->set[k]);
    eq_free(s->set);
    eq_free(s->seed);
    eq_free(s->path);
    eq_free(s->folder);
    eq_free(s->name);
    eq_free(s->experiment);
    eq_free(s);
}

/* What reading one document needs; the first failure stays in status and makes the rest a no-op. */
typedef struct reader {
    const eq_xml *xml;
    eq_study *s;
    eq_status status;
    eq_diag *diag;
} reader;

/* The place of an attribute, in the name that lives as long as the study. */
static eq_place place(const reader *r, const eq_xml_node *node, const char *attribute) {
    eq_place at = eq_xml_attribute_place(r->xml, node, attribute);
    at.file = r->s->path;
    return at;
}

#define FAULT(r, node, attribute, ...)                                                             \
    do {                                                                                           \
        if ((r)->status == EQ_OK)                                                                  \
            (r)->status =                                                                          \
                eq_fail_at((r)->diag, EQ_ERR_INPUT, place(r, node, attribute), __VA_ARGS__);       \
    } while (0)

static void own(reader *r, char **to, char *text) {
    if (text == NULL && r->status == EQ_OK) r->status = eq_out_of_memory(r->diag);
    *to = text;
}

static void count(reader *r, const eq_xml_node *node, const char *name, size_t *value) {
    if (r->status == EQ_OK) r->status = eq_xml_count(r->xml, node, name, value, r->diag);
}

static void number(reader *r, const eq_xml_node *node, const char *name, double *value) {
    if (r->status == EQ_OK) r->status = eq_xml_number(r->xml, node, name, value, r->diag);
}

static const char blanks[] = " \t\r\n";

static void sets(reader *r, const eq_xml_node *node) {
    eq_study *s = r->s;
    eq_text t = {0};
    eq_text_printf(&t, "%s=%s", eq_xml_attribute(node, "name"), eq_xml_attribute(node, "value"));
    if (t.failed || !eq_grow((void **)&s->set, &s->set_cap, s->sets + 1, sizeof *s->set)) {
        r->status = eq_out_of_memory(r->diag);
        eq_text_free(&t);
        return;
    }
    s->set[s->sets++] = t.text;
}

static bool same_word(const char *a, const char *b) {
    double x, y;
    size_t n = strlen(a), m = strlen(b);
    bool numbers = eq_parse_double(a, n, &x) == n && eq_parse_double(b, m, &y) == m;
    return numbers ? x == y : strcmp(a, b) == 0;
}

static void words(reader *r, const eq_xml_node *node, eq_factor *f) {
    size_t cap = 0, n;
    for (const char *p = eq_next_word(eq_xml_attribute(node, "values"), blanks, &n);
         r->status == EQ_OK && n > 0; p = eq_next_word(p + n, blanks, &n)) {
        char *word = eq_strndup(p, n);
        if (word == NULL || !eq_grow((void **)&f->word, &cap, f->words + 1, sizeof *f->word)) {
            eq_free(word);
            r->status = eq_out_of_memory(r->diag);
            return;
        }
        f->word[f->words++] = word;
        for (size_t k = 0; k + 1 < f->words; k++)
            if (same_word(f->word[k], word))
                FAULT(r, node, "values", "values has %s twice; give each value once", word);
    }
    if (f->words < 2)
        FAULT(r, node, "values",
              "a factor of %zu value%s does not vary; give two or more, or a <set>", f->words,
              f->words == 1 ? "" : "s");
    f->levels = f->words;
}

static void range(reader *r, const eq_xml_node *node, eq_factor *f) {
    const char *scale = eq_xml_attribute(node, "scale"), *whole = eq_xml_attribute(node, "whole");
    f->scaled = scale != NULL;
    f->log = scale != NULL && strcmp(scale, "log") == 0;
    f->whole = whole != NULL && strcmp(whole, "yes") == 0;
    f->from = f->to = NAN;
    number(r, node, "from", &f->from);
    number(r, node, "to", &f->to);
    count(r, node, "levels", &f->levels);
    if (isnan(f->from) || isnan(f->to))
        FAULT(r, node, "name",
              "a factor has values=\"...\", or from=\"...\" and to=\"...\"; give them");
    if (f->from >= f->to)
        FAULT(r, node, "from", "the range from %g to %g is empty; from lies below to", f->from,
              f->to);
    if (f->log && !(f->from > 0.0))
        FAULT(r, node, "from",
              "a logarithmic range begins above 0, and this at %g; change from, or take "
              "scale=\"linear\"",
              f->from);
    if (f->whole && (f->from != floor(f->from) || f->to != floor(f->to)))
        FAULT(r, node, "from",
              "a range of whole numbers begins and ends with one; correct from and to");
    if (eq_xml_attribute(node, "levels") != NULL && f->levels < 2)
        FAULT(r, node, "levels", "a factor of %zu level%s does not vary; give two or more",
              f->levels, f->levels == 1 ? "" : "s");
    if (f->whole && (double)f->levels > f->to - f->from + 1.0)
        FAULT(r, node, "levels",
              "there are fewer than %zu whole numbers from %g to %g; give fewer levels", f->levels,
              f->from, f->to);
}

/* What says nothing of the training, or is varied otherwise. */
static void check_name(reader *r, const eq_xml_node *node, const char *at, const char *name) {
    static const char *const none[] = {"name", "run", "home", "data.checksum"};
    for (size_t k = 0; k < sizeof none / sizeof *none; k++)
        if (strcmp(name, none[k]) == 0)
            FAULT(r, node, at, "'%s' does not vary the experiment; take another attribute", name);
    if (strcmp(name, "seed") == 0)
        FAULT(r, node, at, "the seed varies by <repeats seeds=\"1..5\"/>; write that instead");
    for (size_t k = 0; k + 1 < r->s->factors; k++)
        if (strcmp(name, r->s->factor[k].name) == 0)
            FAULT(r, node, at, "'%s' is varied twice; keep one of the factors", name);
    for (size_t k = 0; k < r->s->sets; k++)
        if (strncmp(r->s->set[k], name, strlen(name)) == 0 && r->s->set[k][strlen(name)] == '=')
            FAULT(r, node, at, "'%s' is set for all points and varied; keep one of them", name);
}

/* Where one-at-a-time stands still is one of the words, or lies in the range. */
static void center(reader *r, const eq_xml_node *node, eq_factor *f) {
    const char *text = eq_xml_attribute(node, "center");
    if (text == NULL || r->status != EQ_OK) return;
    own(r, &f->center, eq_strdup(text));
    bool inside = false;
    for (size_t k = 0; k < f->words; k++) inside |= strcmp(f->word[k], text) == 0;
    double x = NAN;
    if (f->words == 0) {
        number(r, node, "center", &x);
        inside = x >= f->from && x <= f->to;
    }
    if (!inside)
        FAULT(r, node, "center", "center=\"%s\" is not among the values; give one that is", text);
}

static void factor(reader *r, const eq_xml_node *node) {
    static const char *const of_range[] = {"from", "to", "scale", "whole", "levels"};
    eq_study *s = r->s;
    if (s->factors == EQ_MOST_FACTORS) {
        FAULT(r, node, "name", "a study has at most %d factors; set some of them", EQ_MOST_FACTORS);
        return;
    }
    if (!eq_grow((void **)&s->factor, &s->factor_cap, s->factors + 1, sizeof *s->factor)) {
        r->status = eq_out_of_memory(r->diag);
        return;
    }
    eq_factor *f = &s->factor[s->factors++];
    *f = (eq_factor){.place = place(r, node, "name")};
    own(r, &f->name, eq_strdup(eq_xml_attribute(node, "name")));
    bool list = eq_xml_attribute(node, "values") != NULL;
    f->values = place(r, node, list ? "values" : "from");
    if (r->status == EQ_OK) check_name(r, node, "name", f->name);
    for (size_t k = 0; list && k < sizeof of_range / sizeof *of_range; k++)
        if (eq_xml_attribute(node, of_range[k]) != NULL)
            FAULT(r, node, of_range[k],
                  "%s is of a range, and this factor has values; keep one of them", of_range[k]);
    (list ? words : range)(r, node, f);
    center(r, node, f);
}

/* Levels of a grid or of one-at-a-time: all whole numbers where none are given. */
static void check_levels(reader *r, const eq_xml_node *node) {
    eq_study *s = r->s;
    if (s->design != EQ_DESIGN_GRID && s->design != EQ_DESIGN_ONE) return;
    for (size_t k = 0; r->status == EQ_OK && k < s->factors; k++) {
        eq_factor *f = &s->factor[k];
        double all = f->to - f->from + 1.0;
        if (f->levels == 0 && f->whole && all <= EQ_MOST_RUNS) f->levels = (size_t)all;
        if (f->levels == 0)
            r->status = eq_fail_at(r->diag, EQ_ERR_INPUT, f->values,
                                   "a %s has levels of '%s'; give levels=\"5\", or values",
                                   design_name[s->design], f->name);
    }
    if (eq_xml_attribute(node, "points") != NULL)
        FAULT(r, node, "points", "a %s has as many points as its levels make; take points away",
              design_name[s->design]);
}

/* --- designs that search --- */

/* Attributes of one design alone. */
static void check_attributes(reader *r, const eq_xml_node *node) {
    static const struct {
        const char *name;
        eq_design of;
    } own[] = {{"budget", EQ_DESIGN_HALVING}, {"least", EQ_DESIGN_HALVING},
               {"most", EQ_DESIGN_HALVING},   {"eta", EQ_DESIGN_HALVING},
               {"population", EQ_DESIGN_CMA}, {"sigma", EQ_DESIGN_CMA}};
    for (size_t k = 0; k < sizeof own / sizeof *own; k++)
        if (eq_xml_attribute(node, own[k].name) != NULL && r->s->design != own[k].of)
            FAULT(r, node, own[k].name, "%s is of %s, and this design is %s; take it away",
                  own[k].name, design_name[own[k].of], design_name[r->s->design]);
}

/* Attribute `name` of the design, a whole number of at least `least`. */
static void whole(reader *r, const eq_xml_node *node, const char *name, size_t least,
                  size_t *value) {
    count(r, node, name, value);
    if (*value < least)
        FAULT(r, node, eq_xml_attribute(node, name) == NULL ? "type" : name,
              "%s needs %s, a whole number from %zu on; give it", design_name[r->s->design], name,
              least);
}

/* The rungs: a part 1/eta of the points goes on, with eta times the budget. */
static void make_rungs(reader *r, const eq_xml_node *node, size_t least, size_t most, size_t eta,
                       eq_factor *f) {
    eq_study *s = r->s;
    double budget = (double)least, points = (double)s->points;
    size_t cap = 0, all = 0;
    for (bool last = false; r->status == EQ_OK && !last; budget *= (double)eta) {
        char word[EQ_NUMBER_LENGTH];
        last = budget >= (double)most;
        if (!eq_grow((void **)&f->word, &cap, f->words + 1, sizeof *f->word)) {
            r->status = eq_out_of_memory(r->diag);
            return;
        }
        own(r, &f->word[f->words++], eq_strdup(eq_number(last ? (double)most : budget, word)));
        s->rung[s->rungs] = points < 1.0 ? 1 : (size_t)points;
        all += s->rung[s->rungs++];
        points = floor(points / (double)eta);
        if (!last && s->rungs == EQ_MOST_RUNGS)
            FAULT(r, node, "most", "from %zu to %zu there are more than %d rungs; give more eta",
                  least, most, EQ_MOST_RUNGS);
    }
    f->levels = f->words;
    s->points = all;
}

/* The budget is a factor behind the others, which takes a word a rung. */
static void halving(reader *r, const eq_xml_node *node) {
    eq_study *s = r->s;
    size_t least = 0, most = 0, eta = 3;
    const char *budget = eq_xml_attribute(node, "budget");
    if (budget == NULL) budget = "epochs.count";
    whole(r, node, "points", 2, &s->points);
    whole(r, node, "least", 1, &least);
    whole(r, node, "most", least + 1, &most);
    whole(r, node, "eta", 2, &eta);
    const char *at = eq_xml_attribute(node, "budget") == NULL ? "type" : "budget";
    if (s->factors == EQ_MOST_FACTORS)
        FAULT(r, node, at, "the budget is one factor more than the %d of a study; set some of them",
              EQ_MOST_FACTORS);
    if (r->status != EQ_OK) return;
    if (!eq_grow((void **)&s->factor, &s->factor_cap, s->factors + 1, sizeof *s->factor)) {
        r->status = eq_out_of_memory(r->diag);
        return;
    }
    eq_factor *f = &s->factor[s->factors++];
    *f = (eq_factor){.place = place(r, node, at), .values = place(r, node, at)};
    own(r, &f->name, eq_strdup(budget));
    if (r->status == EQ_OK) check_name(r, node, at, f->name);
    make_rungs(r, node, least, most, eta, f);
}

/* A search moves along ranges; one over decades that does not say how is hardly meant linear. */
static void check_ranges(reader *r) {
    const eq_study *s = r->s;
    for (size_t k = 0; r->status == EQ_OK && k < s->factors; k++) {
        const eq_factor *f = &s->factor[k];
        if (f->words > 0)
            r->status = eq_fail_at(r->diag, EQ_ERR_INPUT, f->values,
                                   "cma-es moves along ranges, and '%s' has a list; give from and "
                                   "to, or take successive-halving",
                                   f->name);
        else if (!f->scaled && f->from > 0.0 && f->to > 100.0 * f->from)
            r->status = eq_fail_at(r->diag, EQ_ERR_INPUT, f->values,
                                   "from %g to %g are decades, and '%s' does not say what the "
                                   "search is even in; add scale=\"log\" (or scale=\"linear\")",
                                   f->from, f->to, f->name);
    }
}

static void cma(reader *r, const eq_xml_node *node) {
    eq_study *s = r->s;
    check_ranges(r);
    s->population = eq_cma_population(s->factors);
    s->sigma = 0.3;
    whole(r, node, "population", 4, &s->population);
    whole(r, node, "points", s->population, &s->points);
    number(r, node, "sigma", &s->sigma);
    if (!(s->sigma > 0.0 && s->sigma <= 1.0))
        FAULT(r, node, "sigma", "sigma=\"%g\" is no part of a range; give one above 0, at most 1",
              s->sigma);
    s->points -= s->points % s->population;
}

static void check_points(reader *r, const eq_xml_node *node) {
    const eq_study *s = r->s;
    bool levels = s->design == EQ_DESIGN_GRID || s->design == EQ_DESIGN_ONE;
    double points = levels ? 1.0 : (double)s->points;
    for (size_t k = 0; k < s->factors; k++) {
        if (s->design == EQ_DESIGN_GRID) points *= (double)s->factor[k].levels;
        if (s->design == EQ_DESIGN_ONE) points += (double)s->factor[k].levels - 1.0;
    }
    const char *at = levels ? "type" : "points";
    if (!levels && eq_xml_attribute(node, "points") == NULL)
        FAULT(r, node, "type",
              "the design does not say how many points are drawn; give points=\"100\"");
    if (points < 1.0) FAULT(r, node, at, "a study of no points is none; give points=\"100\"");
    if (points * (double)s->repeats > EQ_MOST_RUNS)
        FAULT(r, node, at, "%g points of %zu trainings are more than the %d of a study; give fewer",
              points, s->repeats, EQ_MOST_RUNS);
    if (r->status == EQ_OK) r->s->points = (size_t)points;
}

static void design(reader *r, const eq_xml_node *node) {
    eq_study *s = r->s;
    size_t seed = 1, points = 0;
    for (eq_design k = EQ_DESIGN_GRID; k <= EQ_DESIGN_CMA; k++)
        if (strcmp(design_name[k], eq_xml_attribute(node, "type")) == 0) s->design = k;
    if (s->design == EQ_DESIGN_SOBOL) seed = 0;
    count(r, node, "seed", &seed);
    count(r, node, "points", &points);
    s->design_seed = seed;
    s->points = points;
    check_attributes(r, node);
    check_levels(r, node);
    if (s->design == EQ_DESIGN_HALVING) halving(r, node);
    if (s->design == EQ_DESIGN_CMA) cma(r, node);
    check_points(r, node);
}

static void repeats(reader *r, const eq_xml_node *node) {
    eq_seed_run *run = NULL;
    const char *text = node == NULL ? NULL : eq_xml_attribute(node, "seeds");
    r->s->repeats = 1;
    if (text == NULL || r->status != EQ_OK) return;
    eq_diag *said = eq_diag_new();
    r->status =
        said == NULL ? eq_out_of_memory(r->diag) : eq_seeds_read(text, &run, &r->s->repeats, said);
    for (size_t k = 0; k < eq_diag_count(said); k++)
        eq_fail_at(r->diag, r->status, place(r, node, "seeds"), "%s", eq_diag_get(said, k)->text);
    eq_diag_free(said);
    if (r->status != EQ_OK) return;
    r->s->seed = eq_malloc(r->s->repeats, sizeof *r->s->seed);
    if (r->s->seed == NULL) r->status = eq_out_of_memory(r->diag);
    for (size_t k = 0; r->status == EQ_OK && k < r->s->repeats; k++) r->s->seed[k] = run[k].seed;
    eq_free(run);
}

/* No figure has the name: the nearest, and all of them. */
static void no_figure(reader *r, const eq_xml_node *node, const char *attribute, const char *p,
                      size_t n) {
    int apart = eq_near(n) + 1;
    const char *best = NULL;
    eq_text t = {0};
    for (size_t k = 0; k < eq_figure_count; k++) {
        int d = eq_distance(p, n, eq_figure_table[k].name);
        if (d < apart) best = eq_figure_table[k].name, apart = d;
        eq_text_printf(&t, "%s%s", k == 0 ? "" : ", ", eq_figure_table[k].name);
    }
    if (t.failed)
        r->status = eq_out_of_memory(r->diag);
    else
        FAULT(r, node, attribute, "there is no figure '%.*s'; %s%s%sfigures are: %s", (int)n, p,
              best == NULL ? "" : "did you mean ", best == NULL ? "" : best,
              best == NULL ? "" : "? ", t.text);
    eq_text_free(&t);
}

static void record(reader *r, const eq_xml_node *node) {
    eq_study *s = r->s;
    size_t n;
    const char *epoch = eq_xml_attribute(node, "epoch"),
               *keep = eq_xml_attribute(node, "keep-runs");
    for (const char *p = eq_next_word(eq_xml_attribute(node, "figures"), blanks, &n);
         r->status == EQ_OK && n > 0; p = eq_next_word(p + n, blanks, &n)) {
        const eq_figure *f = eq_figure_find(p, n);
        if (f == NULL) {
            no_figure(r, node, "figures", p, n);
            return;
        }
        for (size_t k = 0; k < s->figures; k++)
            if (s->figure[k] == f)
                FAULT(r, node, "figures", "figures has %s twice; give it once", f->name);
        if (r->status == EQ_OK && s->figures < EQ_MOST_FIGURES) s->figure[s->figures++] = f;
    }
    if (s->figures == 0)
        FAULT(r, node, "figures", "nothing is recorded; give figures=\"test_error seconds\"");
    s->figures_at = place(r, node, "figures");
    s->epoch_at = place(r, node, "epoch");
    s->best = epoch != NULL && strcmp(epoch, "best") == 0;
    s->keep_runs = keep != NULL && strcmp(keep, "yes") == 0;
}

/* The recorded figures named in an attribute of <report>, at most `most` of them. */
static size_t recorded(reader *r, const eq_xml_node *node, const char *attribute, size_t *out,
                       size_t most) {
    const char *text = node == NULL ? NULL : eq_xml_attribute(node, attribute);
    size_t n = 0, found = 0;
    for (const char *p = text == NULL ? NULL : eq_next_word(text, blanks, &n);
         r->status == EQ_OK && n > 0; p = eq_next_word(p + n, blanks, &n)) {
        size_t k = 0;
        while (k < r->s->figures && r->s->figure[k] != eq_figure_find(p, n)) k++;
        if (k == r->s->figures || found == most) {
            FAULT(r, node, attribute,
                  "%s takes %zu of the recorded figures, and '%.*s' is %s; correct it", attribute,
                  most, (int)n, p, k == r->s->figures ? "not recorded" : "one more");
            return found;
        }
        out[found++] = k;
    }
    if (text != NULL && found < most)
        FAULT(r, node, attribute, "%s takes %zu of the recorded figures; give them", attribute,
              most);
    return found;
}

/* A search needs to be told by what, and something that is the same each time; the set by which it
 * chooses says nothing of unseen data any more. */
static void check_goal(reader *r, const eq_xml_node *root, size_t goals) {
    const eq_study *s = r->s;
    const eq_xml_node *design = eq_xml_child(root, "design"),
                      *report = eq_xml_child(root, "report");
    if (goals == 0) {
        FAULT(r, design, "type",
              "%s needs a figure to search by; add <report goal=\"validation_error\"/>, which is "
              "recorded",
              design_name[s->design]);
        return;
    }
    const eq_figure *f = s->figure[s->goal];
    if (f->differs)
        FAULT(r, report, "goal",
              "%s differs from run to run, so that no search by it can be "
              "repeated; take another figure",
              f->name);
    if (r->status == EQ_OK && strncmp(f->name, "test_", 5) == 0)
        eq_warn_at(r->diag, place(r, report, "goal"),
                   "the search chooses by %s, which then says nothing of unseen data; take "
                   "validation_%s",
                   f->name, f->name + 5);
}

/* The experiment, which has to be there, but that of a copy. */
static void experiment(reader *r, const eq_xml_node *root, const char *as) {
    eq_study *s = r->s;
    own(r, &s->experiment,
        as != NULL ? eq_strdup(as) : eq_path_join(s->folder, eq_xml_attribute(root, "experiment")));
    if (r->status == EQ_OK && as == NULL && access(s->experiment, R_OK) != 0)
        FAULT(r, root, "experiment", "cannot read '%s': %s; give the experiment that varies",
              s->experiment, strerror(errno));
}

static eq_status read_tree(const eq_xml *xml, const char *as, eq_study *s, eq_diag *diag) {
    reader r = {xml, s, EQ_OK, diag};
    const eq_xml_node *root = eq_xml_root(xml);
    const char *name = eq_xml_attribute(root, "name");
    own(&r, &s->name, eq_strdup(name == NULL ? "study" : name));
    experiment(&r, root, as);
    for (const eq_xml_node *n = eq_xml_first(root); r.status == EQ_OK && n != NULL;
         n = eq_xml_next(n)) {
        if (strcmp(eq_xml_name(n), "set") == 0) sets(&r, n);
        if (strcmp(eq_xml_name(n), "factor") == 0) factor(&r, n);
    }
    if (r.status == EQ_OK) repeats(&r, eq_xml_child(root, "repeats"));
    if (r.status == EQ_OK) design(&r, eq_xml_child(root, "design"));
    if (r.status == EQ_OK) record(&r, eq_xml_child(root, "record"));
    size_t goals = recorded(&r, eq_xml_child(root, "report"), "goal", &s->goal, 1);
    if (eq_design_searches(s->design)) check_goal(&r, root, goals);
    recorded(&r, eq_xml_child(root, "report"), "pareto", s->pareto, 2);
    return r.status;
}

eq_status eq_study_read(const char *path, const char *experiment, eq_study **out, eq_diag *diag) {
    eq_xml *xml = NULL;
    eq_status status = eq_xml_read(path, &eq_schema_study, NULL, &xml, diag);
    if (status != EQ_OK) return status;
    eq_study *s = eq_calloc(1, sizeof *s);
    if (s != NULL) {
        s->path = eq_strdup(path);
        s->folder = eq_path_folder(path);
    }
    if (s == NULL || s->path == NULL || s->folder == NULL)
        status = eq_out_of_memory(diag);
    else
        status = read_tree(xml, experiment, s, diag);
    eq_xml_free(xml);
    if (status == EQ_OK)
        *out = s;
    else
        eq_study_free(s);
    return status;
}
