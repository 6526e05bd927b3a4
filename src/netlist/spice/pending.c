/* What is noted down while elements are read, for the time when all of them are known. */
#include "netlist/spice/pending.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/mention.h"
#include "netlist/spice/name.h"

bool eq_spice_quiet_value(eq_spice *s, eq_cursor c, double *value) {
    eq_spice own = *s;
    own.diag = NULL;
    eq_status status = s->all->status;
    int errors = s->all->errors;
    bool done = eq_spice_at_value(&own, &c) && eq_spice_number_at(&own, &c, value, "the value");
    if (s->all->status == EQ_ERR_MEMORY && status != EQ_ERR_MEMORY) {
        eq_spice_no_memory(s); /* that was not to be kept quiet */
    } else if (status != EQ_ERR_MEMORY) {
        s->all->status = status;
        s->all->errors = errors;
        s->all->stop = errors >= EQ_MAX_ERRORS;
    }
    return done;
}

void eq_spice_note_reactance(eq_spice *s, eq_token name, double value) {
    eq_reading *r = s->all;
    if (isnan(value)) return;
    eq_spice_full_name(s, name);
    if (r->stop) return;
    int32_t id = eq_names_add(r->reactance, r->name.text, r->name.length);
    if (id == EQ_NO_NAME || !eq_grow((void **)&r->reactance_value, &r->reactance_cap,
                                     (size_t)id + 1, sizeof *r->reactance_value))
        eq_spice_no_memory(s);
    else
        r->reactance_value[id] = value;
}

void eq_spice_note_reference(eq_spice *s, eq_element e, int32_t slot) {
    if (!eq_grow((void **)&s->all->reference, &s->all->reference_cap, s->all->references + 1,
                 sizeof *s->all->reference))
        eq_spice_no_memory(s);
    else
        s->all->reference[s->all->references++] = (eq_reference){e, slot};
}

void eq_spice_set_references(eq_spice *s) {
    const eq_circuit *c = s->circuit;
    for (size_t k = 0; k < s->all->references; k++) {
        eq_row row = c->row[s->all->reference[k].element];
        eq_formula *f = c->table[row.cls].formula[row.row];
        f->slot[s->all->reference[k].slot].number = c->env.tnom;
    }
}

void eq_spice_look_up_later(eq_spice *s, eq_pending control) {
    if (eq_grow((void **)&s->all->pending, &s->all->pending_cap, s->all->pendings + 1,
                sizeof *s->all->pending))
        s->all->pending[s->all->pendings++] = control;
    else
        eq_spice_no_memory(s);
}

static void set_control(eq_circuit *c, const eq_pending *p, eq_element by) {
    eq_row row = c->row[p->element];
    eq_table *t = &c->table[row.cls];
    if (p->input == EQ_NONE)
        t->control[row.row] = by;
    else
        t->formula[row.row]->input[p->input] =
            (eq_formula_input){EQ_INPUT_CURRENT, EQ_NONE, EQ_NONE, by};
}

/* The branch whose current is that of element e: a 0-V source in series with it unless the current
 * is an unknown anyway; EQ_NONE: an error was reported. */
static eq_element branch_of(eq_spice *s, eq_element e, size_t elements) {
    eq_reading *r = s->all;
    if (eq_class(s->circuit->row[e].cls)->defined == EQ_VOLTAGE_DEFINED) return e;
    if (r->sense == NULL) {
        r->sense = eq_malloc(elements, sizeof *r->sense);
        for (size_t k = 0; r->sense != NULL && k < elements; k++) r->sense[k] = EQ_NONE;
    }
    if (r->sense == NULL)
        eq_spice_no_memory(s);
    else if (r->sense[e] == EQ_NONE)
        eq_spice_pass_on(s, eq_circuit_sense(s->circuit, e, &r->sense[e], s->scratch));
    return r->sense == NULL ? EQ_NONE : r->sense[e];
}

/* A capacitor's current in a formula is 0: the drop from ground to ground. */
static bool is_open(eq_spice *s, const eq_pending *p, const char *name) {
    const eq_names *open = s->circuit->capacitor_name;
    if (p->input == EQ_NONE || eq_names_find(open, name, strlen(name)) == EQ_NO_NAME) return false;
    eq_row row = s->circuit->row[p->element];
    s->circuit->table[row.cls].formula[row.row]->input[p->input] =
        (eq_formula_input){EQ_INPUT_DROP, EQ_GROUND, EQ_GROUND, EQ_NONE};
    return true;
}

/* F and H take the current of a branch only, formulas that of any element of two terminals. */
static bool may_control(const eq_spice *s, const eq_pending *p, eq_element by) {
    const eq_device_class *cls = eq_class(s->circuit->row[by].cls);
    return cls->defined == EQ_VOLTAGE_DEFINED ||
           (p->input != EQ_NONE && cls->control != EQ_CONTROL_PORT);
}

void eq_spice_connect_controls(eq_spice *s) {
    size_t elements = eq_circuit_elements(s->circuit);
    for (size_t k = 0; k < s->all->pendings && !s->all->stop; k++) {
        const eq_pending *p = &s->all->pending[k];
        const char *name = eq_names_get(s->all->controls, p->control);
        eq_token t = {EQ_TOKEN_WORD, name, strlen(name), p->at};
        eq_element by = eq_circuit_find_element(s->circuit, name);
        if (by == EQ_NONE && p->path != EQ_NO_NAME) {
            const char *path = eq_names_get(s->all->controls, p->path);
            by = eq_circuit_find_element(s->circuit, path);
            if (by == EQ_NONE && is_open(s, p, path)) continue;
        }
        const char *own = eq_circuit_element_name(s->circuit, p->element);
        char near[96];
        if (by == EQ_NONE && is_open(s, p, name)) continue;
        if (by != EQ_NONE && !may_control(s, p, by))
            eq_spice_fail(
                s, p->at,
                "%s is controlled by the current of %s, which is no voltage source; put a 0-V "
                "source in series with it and name that",
                own, name);
        else if (by == EQ_NONE && eq_spice_is_broken(s, t))
            continue;
        else if (by == EQ_NONE)
            eq_spice_fail(
                s, p->at,
                "%s is controlled by the current of %s, but there is no such element%s; name a "
                "V, E or H element",
                own, name, eq_spice_nearest_name(s, t, s->circuit->element, near));
        else if ((by = branch_of(s, by, elements)) != EQ_NONE)
            set_control(s->circuit, p, by);
    }
}
