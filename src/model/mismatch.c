#include "model/mismatch.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"

static const char *const distributions[] = {
    [EQ_NORMAL] = "normal", [EQ_LOG_NORMAL] = "log-normal", [EQ_UNIFORM] = "uniform"};
static const char *const phases[] = {
    [EQ_SAME_DEVICES] = "same", [EQ_OTHER_DEVICES] = "other", [EQ_IDEAL_DEVICES] = "ideal"};

bool eq_distribution_find(const char *name, eq_distribution *out) {
    int k = eq_word_find(distributions, sizeof distributions / sizeof *distributions, name);
    if (k >= 0) *out = (eq_distribution)k;
    return k >= 0;
}

const char *eq_distribution_name(eq_distribution distribution) {
    return distributions[distribution];
}

bool eq_phase_devices_find(const char *name, eq_phase_devices *out) {
    int k = eq_word_find(phases, sizeof phases / sizeof *phases, name);
    if (k >= 0) *out = (eq_phase_devices)k;
    return k >= 0;
}

const char *eq_phase_devices_name(eq_phase_devices which) {
    return phases[which];
}

void eq_mismatch_clear(eq_mismatch *m) {
    for (size_t k = 0; k < m->deviations; k++) eq_free(m->deviation[k].parameters);
    eq_free(m->deviation);
    *m = (eq_mismatch){0};
}

static bool same(const eq_spread *a, const eq_spread *b) {
    bool all = a->parameters == NULL && b->parameters == NULL;
    bool pattern =
        a->parameters != NULL && b->parameters != NULL && strcmp(a->parameters, b->parameters) == 0;
    return (all || pattern) && a->distribution == b->distribution && a->sigma == b->sigma &&
           a->absolute == b->absolute && a->per_class == b->per_class;
}

bool eq_mismatch_same_chip(const eq_mismatch *a, const eq_mismatch *b) {
    if (a->deviations != b->deviations) return false;
    for (size_t k = 0; k < a->deviations; k++)
        if (!same(&a->deviation[k], &b->deviation[k])) return false;
    return a->deviations == 0 || a->chip == b->chip;
}

/* What the draws of a parameter follow from. */
static eq_random stream(const eq_spread *d, const eq_circuit *c, eq_handle h, uint64_t chip) {
    eq_row at = c->row[h.element];
    const eq_table *t = &c->table[at.cls];
    uint64_t hash = EQ_HASH_START;
    eq_hash_text(&hash, "chip");
    eq_hash_number(&hash, chip);
    if (!d->per_class)
        eq_hash_text(&hash, eq_circuit_element_name(c, h.element));
    else if (t->model != NULL && t->model[at.row] != EQ_NONE)
        eq_hash_text(&hash, c->model[t->model[at.row]].name);
    else
        eq_hash_text(&hash, t->cls->name);
    eq_hash_text(&hash, eq_handle_about(c, h).name);
    return eq_random_seed(hash);
}

/* A number of mean 0 and deviation 1: uniform ones between -sqrt(3) and sqrt(3). */
static double standard(eq_distribution distribution, eq_random *random) {
    if (distribution == EQ_UNIFORM) return sqrt(3.0) * (2.0 * eq_random_uniform(random) - 1.0);
    return eq_random_normal(random);
}

/* w'/w. A device that would have turned its sign is drawn again: the distribution is cut at 0. */
static double factor(const eq_spread *d, eq_random *random) {
    enum { MOST = 1000 };
    if (d->sigma == 0.0) return 1.0;
    for (int k = 0; k < MOST; k++) {
        double z = d->sigma * standard(d->distribution, random);
        double f = d->distribution == EQ_LOG_NORMAL ? exp(z) : 1.0 + z;
        if (f > 0.0) return f;
    }
    return 1.0;
}

double eq_deviate(const eq_spread *d, const eq_circuit *c, eq_handle h, double value,
                  uint64_t chip) {
    eq_random random = stream(d, c, h, chip);
    eq_handle_info about = eq_handle_about(c, h);
    double off = value * factor(d, &random);
    if (d->absolute != 0.0) off += d->absolute * standard(d->distribution, &random);
    return fmax(about.min, fmin(about.max, off));
}

/* "r*" means the values of elements, "d*(is)" parameters by name; (*) those by which there is a
 * derivative, since bounds and multiplicities are parameters, too. */
static bool matches_one(const char *pattern, const eq_circuit *c, eq_handle h, const char *whole) {
    const char *element = eq_circuit_element_name(c, h.element);
    const char *param = strchr(pattern, '(');
    if (param != NULL && eq_same(param, "(*)") && !eq_handle_about(c, h).trainable) return false;
    if (param != NULL) return eq_match(pattern, whole);
    return h.param == eq_handle_as_written(c, h.element).param && eq_match(pattern, element);
}

static bool matches(char *patterns, const eq_circuit *c, eq_handle h, const char *whole) {
    static const char blank[] = " \t\r\n";
    if (patterns == NULL) return eq_handle_about(c, h).trainable;
    for (char *p = patterns + strspn(patterns, blank); *p != '\0';) {
        size_t n = strcspn(p, blank);
        char kept = p[n];
        p[n] = '\0';
        bool found = matches_one(p, c, h, whole);
        p[n] = kept;
        if (found) return true;
        p += n;
        p += strspn(p, blank);
    }
    return false;
}

/* Of the sources that the examples set nothing is random. */
static bool *find_driven(const eq_circuit *c) {
    bool *driven = eq_calloc(eq_circuit_elements(c) + 1, sizeof *driven);
    if (driven == NULL) return NULL;
    for (size_t k = 0; k < c->inputs; k++) driven[c->input[k]] = true;
    for (size_t k = 0; k < c->outputs; k++) {
        const eq_output *o = &c->output[k];
        if (o->nudge_plus != EQ_NONE) driven[o->nudge_plus] = true;
        if (o->nudge_minus != EQ_NONE) driven[o->nudge_minus] = true;
    }
    return driven;
}

/* "d1(is)", lower case, also of the value: "r1(r)". */
static bool name_whole(const eq_circuit *c, eq_handle h, eq_text *name) {
    name->length = 0;
    eq_text_printf(name, "%s(%s)", eq_circuit_element_name(c, h.element),
                   eq_handle_about(c, h).name);
    return !name->failed;
}

/* The number of the deviation of a parameter; EQ_NONE: it has none. */
static int32_t rule_of(const eq_devices *d, eq_handle h, const char *whole) {
    for (size_t k = 0; k < d->m->deviations; k++)
        if (matches(d->m->deviation[k].parameters, d->c, h, whole)) return (int32_t)k;
    return EQ_NONE;
}

/* Counts the parameters, and keeps them where there is room. */
static eq_status take(eq_devices *d, const bool *driven, bool *used, eq_diag *diag) {
    eq_text name = {0};
    size_t n = 0;
    for (eq_handle_walk w = {.all = true}; !name.failed && eq_handle_next(d->c, &w);) {
        double value = eq_handle_get(d->c, w.handle);
        if (isnan(value) || driven[w.handle.element] || !name_whole(d->c, w.handle, &name))
            continue;
        int32_t rule = rule_of(d, w.handle, name.text);
        if (rule == EQ_NONE) continue;
        used[rule] = true;
        if (d->handle != NULL) {
            d->handle[n] = w.handle;
            d->rule[n] = (uint32_t)rule;
            d->meant[n] = value;
            d->kept[n] = *eq_handle_place(d->c, w.handle);
        }
        n++;
    }
    d->count = n;
    bool failed = name.failed;
    eq_text_free(&name);
    return failed ? eq_out_of_memory(diag) : EQ_OK;
}

static eq_status check_used(const eq_devices *d, const bool *used, eq_diag *diag) {
    for (size_t k = 0; k < d->m->deviations; k++)
        if (!used[k] && (k == 0 || d->m->deviation[k].parameters != NULL))
            return eq_fail_at(
                diag, EQ_ERR_INPUT, d->m->deviation[k].at,
                "the mismatch of parameters=\"%s\" meets no parameter of the circuit; "
                "write NAME for values and NAME(PARAM) for others, with * and ?, as in "
                "\"r* d*(is)\"",
                d->m->deviation[k].parameters == NULL ? "*" : d->m->deviation[k].parameters);
    return EQ_OK;
}

static eq_status make_room(eq_devices *d, eq_diag *diag) {
    size_t n = d->count;
    d->handle = eq_calloc(n, sizeof *d->handle);
    d->rule = eq_calloc(n, sizeof *d->rule);
    d->meant = eq_calloc(n, sizeof *d->meant);
    d->kept = eq_calloc(n, sizeof *d->kept);
    bool whole = d->handle != NULL && d->rule != NULL && d->meant != NULL && d->kept != NULL;
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

eq_status eq_devices_open(eq_devices *d, const eq_mismatch *m, eq_circuit *c, eq_diag *diag) {
    *d = (eq_devices){.c = c, .m = m};
    bool *driven = find_driven(c), *used = eq_calloc(m->deviations + 1, sizeof *used);
    eq_status status = driven == NULL || used == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = take(d, driven, used, diag);
    if (status == EQ_OK) status = check_used(d, used, diag);
    if (status == EQ_OK) status = make_room(d, diag);
    if (status == EQ_OK) status = take(d, driven, used, diag);
    eq_free(driven);
    eq_free(used);
    if (status != EQ_OK) eq_devices_close(d);
    return status;
}

void eq_devices_close(eq_devices *d) {
    eq_free(d->handle);
    eq_free(d->rule);
    eq_free(d->meant);
    eq_free(d->kept);
    *d = (eq_devices){0};
}

void eq_devices_bound(const eq_devices *d) {
    const eq_circuit *c = d->c;
    for (size_t k = 0; k < c->groups; k++) {
        const eq_group *g = &c->group[k];
        double *w = c->table[g->cls].w[g->param];
        for (size_t j = 0; j < g->count; j++)
            w[g->row[j]] = fmax(g->min, fmin(g->max, w[g->row[j]]));
    }
    eq_circuit_derive(d->c);
}

void eq_devices_put(const eq_devices *d, uint64_t chip) {
    for (size_t k = 0; k < d->count; k++) {
        const eq_spread *rule = &d->m->deviation[d->rule[k]];
        eq_handle_put(d->c, d->handle[k], eq_deviate(rule, d->c, d->handle[k], d->meant[k], chip));
    }
    eq_devices_bound(d);
}

void eq_devices_restore(const eq_devices *d) {
    for (size_t k = 0; k < d->count; k++) *eq_handle_place(d->c, d->handle[k]) = d->kept[k];
    eq_circuit_derive(d->c);
}
