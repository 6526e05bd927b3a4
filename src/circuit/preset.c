/* Published devices as models of a circuit. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "circuit/circuit.h"
#include "devices/preset.h"

eq_status eq_circuit_preset(eq_circuit *c, const char *name, size_t length, int32_t *model,
                            eq_diag *diag) {
    const eq_preset *p = eq_preset_find(name, length);
    *model = EQ_NONE;
    if (p == NULL) return EQ_OK;
    for (size_t k = 0; k < c->models; k++)
        if (eq_same(c->model[k].name, p->name)) *model = (int32_t)k;
    if (*model != EQ_NONE) return EQ_OK;
    if (!eq_grow((void **)&c->model, &c->model_cap, c->models + 1, sizeof *c->model))
        return eq_out_of_memory(diag);
    eq_model *m = &c->model[c->models];
    memset(m, 0, sizeof *m);
    m->cls = eq_preset_values(p, m->w);
    m->name = eq_strdup(p->name);
    if (m->name == NULL) return eq_out_of_memory(diag);
    *model = (int32_t)c->models++;
    return EQ_OK;
}
