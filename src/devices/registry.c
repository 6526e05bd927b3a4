#include "devices/registry.h"

#include "base/text.h"

/* Those of compiled modules stand behind those that are built in. */
static const eq_device_class *classes[EQ_CLASS_COUNT] = {
#define EQ_DEVICE(name) [EQ_CLASS_##name] = &eq_class_##name,
#include "devices/registry.def"
#undef EQ_DEVICE
};

static const eq_device_class none = {.name = "(none)", .value = -1};

const eq_device_class *eq_class(int number) {
    return classes[number] == NULL ? &none : classes[number];
}

void eq_class_put(int number, const eq_device_class *cls) {
    classes[number] = cls;
}

int eq_class_number_of(const eq_device_class *cls) {
    int k = 0;
    while (eq_class(k) != cls) k++;
    return k;
}

int eq_class_find(const char *name) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++)
        if (eq_same(eq_class(k)->name, name)) return k;
    return -1;
}

void eq_class_port(const eq_device_class *cls, double *const *w, const double *z, double *i,
                   double *g) {
    enum { MOST = EQ_MAX_TERMINALS };
    const double *at[MOST] = {NULL};
    double *current[MOST] = {NULL}, *slope[MOST * MOST] = {NULL};
    int nodes = eq_class_nodes(cls);
    for (int a = 0; a < nodes; a++) at[a] = &z[a], current[a] = &i[a];
    for (int k = 0; k < nodes * nodes; k++) slope[k] = &g[k];
    cls->port(1, w, at, NULL, current, slope);
}

int eq_param_find(const eq_device_class *cls, const char *name) {
    for (int k = 0; k < cls->params; k++)
        if (eq_same(cls->param[k].name, name)) return k;
    return -1;
}

const char *eq_param_unit(const eq_param *p) {
    return eq_same(p->unit, "1") ? "" : p->unit;
}

const char *eq_param_blank(const eq_param *p) {
    return eq_param_unit(p)[0] == '\0' ? "" : " ";
}
