/* Models of compiled modules: what their libraries say, their parameters and their set-up. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "devices/osdi/inner.h"

/* ---- What libraries say ---- */

void eq_osdi_keep(eq_osdi_note *note, bool error, const char *text) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock); /* elements may be evaluated by several threads */
    if (note->text[0] == '\0' || (error && !note->error)) {
        size_t n = strcspn(text, "\r\n");
        snprintf(note->text, sizeof note->text, "%.*s", (int)(n < 200 ? n : 200), text);
        note->error = error;
    }
    pthread_mutex_unlock(&lock);
}

/* The text is ours to free, by the free that the library's malloc goes with. */
void eq_osdi_log(void *handle, char *text, uint32_t level) {
    uint32_t weight = level & EQ_OSDI_LEVEL;
    if (text == NULL) return;
    if (handle != NULL && weight >= EQ_OSDI_WARNING)
        eq_osdi_keep(handle, weight >= EQ_OSDI_ERROR, text);
    if ((level & EQ_OSDI_UNFORMATTED) == 0) free(text);
}

/* ---- Parameters ---- */

static uint32_t kind_of(const eq_osdi_module *m, uint32_t k) {
    return m->d.param[k].flags >> 30;
}

bool eq_osdi_is_text(const eq_osdi_module *m, int param) {
    return (m->d.param[param].flags & EQ_OSDI_TYPE) == EQ_OSDI_STRING;
}

int eq_osdi_find_param(const eq_osdi_module *m, const char *name, size_t length) {
    bool multiplier = length == 1 && (name[0] | 32) == 'm';
    for (uint32_t k = 0; k < m->d.params + m->d.operation_params; k++) {
        const eq_osdi_param *p = &m->d.param[k];
        bool settable = kind_of(m, k) != EQ_OSDI_OF_OPERATION && p->length == 0; /* no array */
        for (uint32_t a = 0; settable && a <= p->aliases; a++)
            if (eq_same_word(p->name[a], name, length)) return (int)k;
    }
    return multiplier ? eq_osdi_find_param(m, "$mfactor", 8) : -1;
}

const char *eq_osdi_param_name(const eq_osdi_module *m, size_t k) {
    return k >= m->d.params + m->d.operation_params          ? NULL
           : kind_of(m, (uint32_t)k) == EQ_OSDI_OF_OPERATION ? ""
                                                             : m->d.param[k].name[0];
}

bool eq_osdi_put(const eq_osdi_module *m, void *instance, void *model, int param, double number,
                 char *text) {
    uint32_t flags = EQ_OSDI_SET | (instance != NULL ? EQ_OSDI_INSTANCE : 0);
    void *at = m->d.access(instance, model, (uint32_t)param, flags);
    if (at == NULL) return false;
    switch (m->d.param[param].flags & EQ_OSDI_TYPE) {
    case EQ_OSDI_STRING:
        *(char **)at = text;
        break;
    case EQ_OSDI_INTEGER:
        *(int32_t *)at = (int32_t)fmin(fmax(round(number), INT32_MIN), INT32_MAX);
        break;
    default:
        *(double *)at = number;
    }
    return true;
}

/* ---- Models ---- */

eq_osdi_model *eq_osdi_model_new(const eq_osdi_module *m) {
    eq_osdi_model *own = eq_calloc(1, sizeof *own);
    if (own == NULL) return NULL;
    own->module = m;
    own->data = eq_calloc_aligned(m->d.model_size, 1);
    if (own->data != NULL) return own;
    eq_free(own);
    return NULL;
}

const eq_osdi_module *eq_osdi_model_module(const eq_osdi_model *m) {
    return m->module;
}

void eq_osdi_model_free(eq_osdi_model *m) {
    if (m == NULL) return;
    for (size_t k = 0; k < m->givens; k++) eq_free(m->given[k].text);
    eq_free(m->given);
    eq_free(m->data);
    eq_free(m);
}

bool eq_osdi_model_set(eq_osdi_model *m, int param, double value, const char *text, size_t length) {
    char *copy = text == NULL ? NULL : eq_strndup(text, length);
    if ((text != NULL && copy == NULL) ||
        !eq_grow((void **)&m->given, &m->given_cap, m->givens + 1, sizeof *m->given)) {
        eq_free(copy);
        return false;
    }
    size_t k = 0;
    while (k < m->givens && m->given[k].param != param) k++;
    if (k == m->givens)
        m->givens++;
    else
        eq_free(m->given[k].text);
    m->given[k] = (eq_osdi_given){param, value, copy};
    m->ready = false;
    return true;
}

double eq_osdi_model_get(const eq_osdi_model *m, int param) {
    for (size_t k = 0; k < m->givens; k++)
        if (m->given[k].param == param) return m->given[k].number;
    return NAN;
}

bool eq_osdi_model_given(const eq_osdi_model *m, size_t k, const char **name, double *value,
                         const char **text) {
    if (k >= m->givens) return false;
    *name = m->module->d.param[m->given[k].param].name[0];
    if (strcmp(*name, "$mfactor") == 0) *name = "m";
    *value = m->given[k].number;
    *text = m->given[k].text;
    return true;
}

bool eq_osdi_model_same(const eq_osdi_model *a, const eq_osdi_model *b) {
    bool same = a->module == b->module && a->givens == b->givens;
    for (size_t k = 0; same && k < a->givens; k++) {
        const eq_osdi_given *p = &a->given[k], *q = &b->given[k];
        same = p->param == q->param && (p->text == NULL) == (q->text == NULL) &&
               (p->text == NULL ? p->number == q->number : strcmp(p->text, q->text) == 0);
    }
    return same;
}

/* What $simparam answers (Verilog-AMS 2.4, table 9-27; minr: the CMC's). */
static const char *const told_name[EQ_OSDI_TOLD + 1] = {
    "gmin", "tnom", "minr", "scale", "shrink", "gdev", "sourceScaleFactor", "simulatorVersion",
    NULL};

eq_osdi_simparams eq_osdi_simparams_of(const eq_osdi_model *m) {
    static const char *const none[] = {NULL};
    return (eq_osdi_simparams){told_name, m->told, none, none};
}

void eq_osdi_take_report(const eq_osdi_module *m, eq_osdi_report *r, eq_osdi_note *note) {
    char text[EQ_OSDI_TEXT];
    uint32_t all = m->d.params + m->d.operation_params;
    for (uint32_t k = 0; r->fault != NULL && k < r->faults && k < all; k++) {
        bool bounds = r->fault[k].code == EQ_OSDI_OUT_OF_BOUNDS && r->fault[k].param < all;
        if (bounds)
            snprintf(text, sizeof text,
                     "parameter %.60s of module %.60s is outside the bounds of the model; give a "
                     "value inside",
                     m->d.param[r->fault[k].param].name[0], m->d.name);
        else
            snprintf(text, sizeof text, "module %.60s reports error %u; ask whoever made it",
                     m->d.name, r->fault[k].code);
        eq_osdi_keep(note, true, text);
    }
    if ((r->flags & EQ_OSDI_FATAL) != 0) {
        snprintf(text, sizeof text, "module %.60s gave up in its set-up; check its parameters",
                 m->d.name);
        eq_osdi_keep(note, true, text);
    }
    free(r->fault); /* of the library's calloc */
}

static bool same_environment(const eq_environment *a, const eq_environment *b) {
    return a->tnom == b->tnom && a->gmin == b->gmin && a->k_over_q == b->k_over_q;
}

void eq_osdi_set_up_model(eq_osdi_model *m, const eq_environment *env) {
    if (m->ready && same_environment(&m->env, env)) return;
    const double told[EQ_OSDI_TOLD] = {env->gmin, env->tnom, 1e-3, 1.0, 0.0, 0.0, 1.0, 0.2};
    eq_osdi_report report = {0};
    memcpy(m->told, told, sizeof told);
    m->env = *env;
    m->ready = true;
    m->times++;
    m->note = (eq_osdi_note){0};
    memset(m->data, 0, m->module->d.model_size);
    for (size_t k = 0; k < m->givens; k++)
        if (!eq_osdi_put(m->module, NULL, m->data, m->given[k].param, m->given[k].number,
                         m->given[k].text))
            eq_osdi_keep(&m->note, true, "the library has no place for a parameter of its own");
    eq_osdi_simparams params = eq_osdi_simparams_of(m);
    m->module->d.setup_model(&m->note, m->data, &params, &report);
    eq_osdi_take_report(m->module, &report, &m->note);
}
