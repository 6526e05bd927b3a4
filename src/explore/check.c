/* What a study asks of its experiment, asked before the first point. */
#include <string.h>

#include "base/mem.h"
#include "explore/draw.h"
#include "explore/explore.h"
#include "train/trainer.h"

/* One check. */
typedef struct checking {
    const eq_study *s;
    const eq_experiment_master *master;
    const double *level;
    const char *
        *unused;    /* [factors] whose it is where no experiment so far uses it; NULL: one does */
    eq_text *first; /* [factors] the experiment as XML with the first of the factor's values */
    bool *varies;   /* [factors] another value has given another one */
    eq_diag *diag;
} checking;

/* Where a message about the setting of a factor belongs: "--set NAME=...", its file or its text. */
static eq_place place_of(const checking *c, const eq_message *m, eq_place at) {
    static const char set[] = "--set ";
    const char *name = m->file != NULL ? m->file : m->text;
    if (strncmp(name, set, sizeof set - 1) != 0) return at;
    name += sizeof set - 1;
    for (size_t f = 0; f < c->s->factors; f++) {
        size_t n = strlen(c->s->factor[f].name);
        if (strncmp(name, c->s->factor[f].name, n) == 0 && name[n] == '=')
            return c->s->factor[f].values;
    }
    return at;
}

/* What went wrong with the experiment is told at a place of the study: that of the factor that the
 * message is about, else `at`. */
static eq_status tell(const checking *c, eq_status status, eq_place at, const eq_diag *said) {
    bool any = false;
    for (size_t k = 0; k < eq_diag_count(said); k++) {
        const eq_message *m = eq_diag_get(said, k);
        if (m->severity != EQ_ERROR) continue;
        bool own = m->file == NULL || strncmp(m->file, "--set", 5) == 0;
        eq_text t = {0};
        if (own && m->file != NULL) eq_text_printf(&t, "%s: ", m->file);
        if (!own) eq_text_printf(&t, "%s:%d: ", m->file, m->line);
        eq_text_puts(&t, m->text);
        eq_fail_at(c->diag, status, place_of(c, m, at), "%s", t.failed ? m->text : t.text);
        eq_text_free(&t);
        any = true;
    }
    return any ? status : eq_fail_at(c->diag, status, at, "memory ran out; free some");
}

/* The settings of the first point, factor f (f < factors) at u instead. */
static char **settings_at(const eq_study *s, const double *level, size_t f, double u) {
    char **all = eq_run_settings(s, level, 0);
    eq_text t = {0};
    if (all == NULL || f == s->factors) return all;
    eq_text_printf(&t, "%s=", s->factor[f].name);
    eq_factor_value(&s->factor[f], u, &t);
    eq_free(all[s->sets + f]);
    all[s->sets + f] = t.text;
    if (!t.failed) return all;
    eq_free(t.text);
    all[s->sets + f] = NULL;
    eq_strings_free(all, s->sets + s->factors);
    return NULL;
}

static eq_status open_at(const checking *c, size_t f, double u, eq_experiment **x,
                         eq_circuit **circuit, eq_diag *said) {
    const eq_study *s = c->s;
    char **all = settings_at(s, c->level, f, u);
    if (all == NULL) return eq_out_of_memory(said);
    const eq_settings settings = {(const char *const *)all, s->sets + s->factors};
    eq_status status = eq_experiment_master_copy(c->master, &settings, x, said);
    if (status == EQ_OK && eq_experiment_has_circuit(*x))
        status = eq_experiment_circuit(*x, circuit, said);
    eq_strings_free(all, s->sets + s->factors);
    return status;
}

/* Which factors these use, and whether they are another experiment than with the first value of f. */
static eq_status compare(checking *c, size_t f, const eq_experiment *x, const eq_circuit *circuit) {
    eq_text t = {0};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < c->s->factors; k++)
        if (c->unused[k] != NULL)
            status = eq_experiment_unused(x, circuit, c->s->factor[k].name, &c->unused[k], c->diag);
    if (status == EQ_OK) status = eq_experiment_write(x, &t, c->diag);
    if (status == EQ_OK && c->first[f].text == NULL) {
        c->first[f] = t;
        return EQ_OK;
    }
    if (status == EQ_OK && strcmp(t.text, c->first[f].text) != 0) c->varies[f] = true;
    eq_text_free(&t);
    return status;
}

/* The experiment with factor f at u is one. */
static eq_status check_value(checking *c, size_t f, double u) {
    eq_experiment *x = NULL;
    eq_circuit *circuit = NULL;
    eq_diag *said = eq_diag_new();
    if (said == NULL) return eq_out_of_memory(c->diag);
    eq_status status = open_at(c, f, u, &x, &circuit, said);
    if (status == EQ_OK) {
        eq_diag_pass_on(said, EQ_ERR_MEMORY, c->diag);
        status = compare(c, f, x, circuit);
    } else {
        tell(c, EQ_ERR_INPUT, c->s->factor[f].values, said);
    }
    eq_circuit_free(circuit);
    eq_experiment_free(x);
    eq_diag_free(said);
    return status == EQ_OK || status == EQ_ERR_MEMORY ? status : EQ_ERR_INPUT;
}

/* All words of a list, both ends of a range. */
static eq_status check_factor(checking *c, size_t f) {
    const eq_factor *factor = &c->s->factor[f];
    size_t n = factor->words > 0 ? factor->words : 2;
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < n; k++)
        status = check_value(c, f, factor->words > 0 ? ((double)k + 0.5) / (double)n : (double)k);
    return status;
}

static eq_status check_use(const checking *c) {
    eq_status status = EQ_OK;
    for (size_t f = 0; f < c->s->factors; f++) {
        const eq_factor *factor = &c->s->factor[f];
        if (c->unused[f] != NULL)
            status = eq_fail_at(c->diag, EQ_ERR_INPUT, factor->place,
                                "'%s' is not used by the experiment: it belongs to %s; take the "
                                "factor away, or change the experiment",
                                factor->name, c->unused[f]);
        else if (!c->varies[f])
            status =
                eq_fail_at(c->diag, EQ_ERR_INPUT, factor->place,
                           "'%s' does not vary the experiment: all its values mean the same; take "
                           "the factor away, or give other values",
                           factor->name);
    }
    return status;
}

/* Why the experiment has no such figure; NULL: it has. */
static const char *missing(const eq_figure *f, const eq_trainer *t) {
    const eq_data_set *d = &t->s.set;
    bool targets = t->s.encoder.targets > 0;
    if (strncmp(f->name, "test_", 5) == 0 && d->test_count == 0)
        return "nothing is held out; add test-fraction=\"0.2\" to its <data>";
    if (strncmp(f->name, "validation_", 11) == 0 && d->validation_count == 0)
        return "nothing is kept to validate with; add validation-fraction=\"0.1\" to its <data>";
    if (strstr(f->name, "_error") != NULL && f->of == EQ_FIGURE_METRIC && targets)
        return "its data have targets; take rmse or r2";
    if ((strstr(f->name, "_rmse") != NULL || strstr(f->name, "_r2") != NULL) && !targets)
        return "its data have classes; take error or loss";
    if (f->of == EQ_FIGURE_POWER && t->s.c == NULL)
        return "its <network> is no circuit, which alone takes power";
    return NULL;
}

/* The first point begins: circuit, data and method fit, and give the figures that are asked for. */
static eq_status check_first(const checking *c, uint64_t *seed, uint64_t *identity) {
    const eq_study *s = c->s;
    const eq_place file = {s->path, 0, 0};
    eq_experiment *x = NULL;
    eq_circuit *circuit = NULL;
    eq_trainer *t = NULL;
    eq_diag *said = eq_diag_new();
    if (said == NULL) return eq_out_of_memory(c->diag);
    eq_status status = open_at(c, s->factors, 0.0, &x, &circuit, said);
    if (status == EQ_OK) {
        *seed = x->seed;
        status = eq_trainer_new(x, NULL, &t, said);
    }
    if (status != EQ_OK) tell(c, EQ_ERR_INPUT, file, said);
    for (size_t k = 0; status == EQ_OK && k < s->figures; k++)
        if (missing(s->figure[k], t) != NULL)
            status =
                eq_fail_at(c->diag, EQ_ERR_INPUT, s->figures_at, "the experiment gives no %s: %s",
                           s->figure[k]->name, missing(s->figure[k], t));
    if (status == EQ_OK && s->best && t->s.set.validation_count == 0)
        status =
            eq_fail_at(c->diag, EQ_ERR_INPUT, s->epoch_at,
                       "the best epoch is chosen by the validation set, of which there is none; "
                       "add validation-fraction=\"0.1\" to <data>, or take epoch=\"last\"");
    if (status == EQ_OK) eq_diag_pass_on(said, EQ_ERR_MEMORY, c->diag); /* a lost explanation */
    if (status == EQ_OK) *identity = eq_run_identity(&t->s.print, x);
    eq_trainer_free(t);
    eq_circuit_free(circuit);
    eq_experiment_free(x);
    eq_diag_free(said);
    return status;
}

/* The experiment as its file has it: what is wrong with it is no fault of the study. */
static eq_status check_file(const checking *c) {
    eq_experiment *x = NULL;
    eq_status status = eq_experiment_master_copy(c->master, NULL, &x, c->diag);
    eq_experiment_free(x);
    return status;
}

eq_status eq_study_check(const eq_study *s, const eq_experiment_master *m, const double *level,
                         uint64_t *seed, uint64_t *identity, eq_diag *diag) {
    size_t n = s->factors;
    checking c = {s,
                  m,
                  level,
                  eq_calloc(n, sizeof *c.unused),
                  eq_calloc(n, sizeof *c.first),
                  eq_calloc(n, sizeof *c.varies),
                  diag};
    bool whole = c.unused != NULL && c.first != NULL && c.varies != NULL;
    eq_status status = whole ? check_file(&c) : eq_out_of_memory(diag);
    for (size_t f = 0; whole && f < n; f++) c.unused[f] = "nothing that is tried";
    for (size_t f = 0; status == EQ_OK && f < n; f++) status = check_factor(&c, f);
    if (status == EQ_OK) status = check_use(&c);
    if (status == EQ_OK) status = check_first(&c, seed, identity);
    for (size_t f = 0; c.first != NULL && f < n; f++) eq_text_free(&c.first[f]);
    eq_free(c.first);
    eq_free(c.unused);
    eq_free(c.varies);
    return status;
}
