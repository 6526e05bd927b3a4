#include "circuit/stored.h"

#include <string.h>

#include "base/text.h"

static bool find_place(const eq_device_class *cls, const char *name, size_t length,
                       eq_stored *out) {
    for (int k = 0; k < cls->storages; k++) {
        const eq_storage *s = &cls->storage[k];
        bool charge = s->charge != NULL && eq_same_word(s->charge, name, length);
        *out = (eq_stored){k, charge ? EQ_STORED_CHARGE : 0};
        if (charge || eq_same_word(s->capacitance, name, length)) return true;
    }
    return false;
}

/* The node of that name whose charges are shown; -1: none. */
static int find_node(const eq_device_class *cls, const char *name, size_t length) {
    for (int a = 0; a < cls->charge_nodes; a++)
        if (cls->charge_node[a] != NULL && eq_same_word(cls->charge_node[a], name, length))
            return a;
    return -1;
}

/* qNODE, or cNODENODE: of names that can be taken apart in two ways the longer first one. */
static bool find_of_nodes(const eq_device_class *cls, const char *name, size_t length,
                          eq_stored *out) {
    char kind = length > 1 ? (char)(name[0] | 32) : 0;
    int of = -1, by = EQ_STORED_CHARGE;
    if (kind == 'q') of = find_node(cls, name + 1, length - 1);
    for (size_t k = length - 1; kind == 'c' && k > 1 && (of < 0 || by < 0); k--) {
        of = find_node(cls, name + 1, k - 1);
        by = find_node(cls, name + k, length - k);
    }
    *out = (eq_stored){cls->storages + of, by};
    return of >= 0 && by >= 0;
}

bool eq_stored_find(const eq_device_class *cls, const char *name, size_t length, eq_stored *out) {
    return find_place(cls, name, length, out) || find_of_nodes(cls, name, length, out);
}

bool eq_shown_find(const eq_device_class *cls, const char *name, size_t length, eq_stored *out) {
    for (int k = 0; k < cls->shows; k++) {
        *out = (eq_stored){k, EQ_STORED_SHOWN};
        if (eq_same_word(cls->shown[k], name, length)) return true;
    }
    return false;
}

bool eq_terminal_find(const eq_device_class *cls, char terminal, eq_stored *out) {
    static const char *const letters[][2] = {{"m", "dgsb"}, {"j", "dgs"}, {"q", "cbes"}};
    if (cls->control != EQ_CONTROL_PORT) return false;
    for (size_t k = 0; k < sizeof letters / sizeof *letters; k++) {
        const char *at = strchr(letters[k][1], terminal | 32);
        if (*letters[k][0] != cls->letter || at == NULL) continue;
        *out = (eq_stored){(int)(at - letters[k][1]), EQ_STORED_CURRENT};
        return out->of < cls->terminals;
    }
    return false;
}

/* The current into terminal `a` of the element alone in its table. */
static double into(const eq_device_class *cls, double *const *w, const double *at, int a) {
    double current[EQ_MAX_TERMINALS], slope[EQ_MAX_TERMINALS * EQ_MAX_TERMINALS];
    eq_class_port(cls, w, at, current, slope);
    return current[a];
}

static double of_operating_point(const eq_device_class *cls, double *const *w,
                                 const double *const *z, int k) {
    double value[EQ_MAX_SHOWN];
    cls->show(w, z, value);
    return value[k];
}

/* Places of the same name add up. */
static double of_place(const eq_device_class *cls, double *const *w, const double *const *z,
                       eq_stored what) {
    enum { MOST = EQ_MAX_STORAGES };
    double drop[MOST], charge[MOST], matrix[MOST * MOST], sum = 0.0;
    double *u[MOST], *q[MOST], *slope[MOST * MOST];
    for (int k = 0; k < cls->storages; k++) u[k] = &drop[k], q[k] = &charge[k];
    for (int k = 0; k < cls->storages * cls->storages; k++) slope[k] = &matrix[k];
    cls->stored(1, w, z, u, q, slope);
    for (int k = 0; k < cls->storages; k++) {
        bool same = strcmp(cls->storage[k].capacitance, cls->storage[what.of].capacitance) == 0;
        bool charged = what.by == EQ_STORED_CHARGE;
        if (same) sum += charged ? charge[k] : matrix[k * (cls->storages + 1)];
    }
    return sum;
}

static double of_node(const eq_device_class *cls, double *const *w, const double *z,
                      eq_stored what) {
    double q[EQ_MAX_CHARGES], c[EQ_MAX_CHARGES * EQ_MAX_CHARGES];
    int a = what.of - cls->storages;
    if (!cls->charges(w, 0, z, q, c)) return NAN;
    if (what.by == EQ_STORED_CHARGE) return q[a];
    double slope = c[a * cls->charge_nodes + what.by];
    return a == what.by ? slope : 0.0 - slope;
}

double eq_stored_value(const eq_circuit *c, eq_element e, eq_stored what, const double *v) {
    double at[EQ_MAX_TERMINALS], *w[EQ_MAX_COLUMNS];
    const double *z[EQ_MAX_TERMINALS];
    eq_row r = c->row[e];
    const eq_table *t = &c->table[r.cls];
    const eq_device_class *cls = t->cls;
    for (int k = 0; k < cls->columns; k++) w[k] = t->w[k] + r.row;
    for (int a = 0; a < eq_class_nodes(cls); a++) at[a] = v[t->term[a][r.row]], z[a] = &at[a];
    if (cls->control != EQ_CONTROL_PORT) at[0] -= at[1];
    if (what.by == EQ_STORED_CURRENT) return into(cls, w, at, what.of);
    if (what.by == EQ_STORED_SHOWN) return of_operating_point(cls, w, z, what.of);
    return what.of < cls->storages ? of_place(cls, w, z, what) : of_node(cls, w, at, what);
}
