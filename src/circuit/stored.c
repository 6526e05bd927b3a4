#include "circuit/stored.h"

#include <string.h>

#include "base/text.h"

bool eq_stored_find(const eq_device_class *cls, const char *name, size_t length, eq_stored *out) {
    for (int k = 0; k < cls->storages; k++) {
        const eq_storage *s = &cls->storage[k];
        *out = (eq_stored){k, s->charge != NULL && eq_same_word(s->charge, name, length)};
        if (out->charge || eq_same_word(s->capacitance, name, length)) return true;
    }
    return false;
}

double eq_stored_value(const eq_circuit *c, eq_element e, eq_stored what, const double *v) {
    enum { MOST = EQ_MAX_STORAGES };
    double at[EQ_MAX_TERMINALS], drop[MOST], charge[MOST], matrix[MOST * MOST];
    double *w[EQ_MAX_COLUMNS], *u[MOST], *q[MOST], *slope[MOST * MOST];
    const double *z[EQ_MAX_TERMINALS];
    eq_row r = c->row[e];
    const eq_table *t = &c->table[r.cls];
    const eq_device_class *cls = t->cls;
    for (int k = 0; k < cls->columns; k++) w[k] = t->w[k] + r.row;
    for (int a = 0; a < eq_class_nodes(cls); a++) at[a] = v[t->term[a][r.row]], z[a] = &at[a];
    if (cls->control != EQ_CONTROL_PORT) at[0] -= at[1];
    for (int k = 0; k < cls->storages; k++) u[k] = &drop[k], q[k] = &charge[k];
    for (int k = 0; k < cls->storages * cls->storages; k++) slope[k] = &matrix[k];
    cls->stored(1, w, z, u, q, slope);
    double sum = 0.0;
    for (int k = 0; k < cls->storages; k++) {
        bool same = strcmp(cls->storage[k].capacitance, cls->storage[what.place].capacitance) == 0;
        if (same) sum += what.charge ? charge[k] : matrix[k * (cls->storages + 1)];
    }
    return sum;
}
