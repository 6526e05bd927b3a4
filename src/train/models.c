#include "train/models.h"

#include <math.h>
#include <string.h>

#include "netlist/netlist.h"

static bool equal(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

/* A parameter that an element has from its model is the model's still. */
static void replace(eq_circuit *c, size_t number, const eq_model *by) {
    eq_model *m = &c->model[number];
    eq_table *t = &c->table[m->cls];
    for (size_t j = 0; j < t->count; j++)
        for (int k = 0; t->model[j] == (int32_t)number && k < t->cls->params; k++)
            if (equal(t->w[k][j], m->w[k])) t->w[k][j] = by->w[k];
    memcpy(m->w, by->w, sizeof m->w);
}

static void name_models(const eq_circuit *c, eq_text *t) {
    for (size_t k = 0; k < c->models; k++)
        eq_text_printf(t, "%s%s", k == 0 ? "" : ", ", c->model[k].name);
}

static eq_status none_replaced(const eq_circuit *c, const char *path, eq_diag *diag) {
    eq_text names = {0};
    name_models(c, &names);
    eq_status status =
        names.failed ? eq_out_of_memory(diag)
                     : eq_fail(diag, EQ_ERR_INPUT,
                               "the deck '%s' has no .model card of a name that the network uses; "
                               "its models are: %s",
                               path, names.text == NULL ? "none" : names.text);
    eq_text_free(&names);
    return status;
}

static eq_status replace_all(eq_circuit *c, const eq_circuit *from, const char *path,
                             eq_diag *diag) {
    size_t replaced = 0;
    for (size_t k = 0; k < from->models; k++)
        for (size_t j = 0; j < c->models; j++) {
            const eq_model *by = &from->model[k], *m = &c->model[j];
            if (!eq_same(by->name, m->name)) continue;
            if (by->cls != m->cls)
                return eq_fail(diag, EQ_ERR_INPUT,
                               "the model '%s' of '%s' is a %s, that of the network a %s; give one "
                               "of the same type",
                               by->name, path, eq_class(by->cls)->name, eq_class(m->cls)->name);
            replace(c, j, by);
            replaced++;
        }
    return replaced == 0 ? none_replaced(c, path, diag) : EQ_OK;
}

eq_status eq_models_replace(eq_circuit *c, const char *path, eq_diag *diag) {
    eq_circuit *from = NULL;
    eq_status status = eq_models_read(path, (eq_dialect)c->dialect, &from, diag);
    if (status == EQ_OK) status = replace_all(c, from, path, diag);
    eq_circuit_free(from);
    return status;
}
