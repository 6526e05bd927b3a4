/* The devices of a session: which block is stored in which kind. */
#include "train/devices.h"

#include <math.h>

#include "base/mem.h"

const eq_device_options *eq_device_of(const eq_experiment *x, const char *block) {
    for (size_t k = 0; k < x->devices; k++)
        if (eq_match(x->device[k].match, block)) return &x->device[k];
    return NULL;
}

/* A device stores what lies between two bounds. */
static eq_status check_block(const eq_block *b, const eq_device *o, eq_diag *diag) {
    if (!isfinite(b->min) || !isfinite(b->max) || !(b->min < b->max))
        return eq_fail(diag, EQ_ERR_INPUT,
                       "a device stores what lies between two bounds, and the group '%s' has none "
                       "or equal ones; give gmin= and gmax= (or min= and max=) to its *%% train; "
                       "the weights of a <network> have none",
                       b->name);
    if (o->log_levels && o->levels > 0 && !(b->min > 0.0))
        return eq_fail(diag, EQ_ERR_INPUT,
                       "scale=\"log\" has no level at the bound %g of the group '%s'; give it a "
                       "gmin above 0, or scale=\"linear\"",
                       b->min, b->name);
    return EQ_OK;
}

/* A pattern that matches nothing is a mistake. */
static eq_status check_matches(const eq_session *s, eq_diag *diag) {
    for (size_t k = 0; k < s->x->devices; k++) {
        const char *match = s->x->device[k].match;
        bool used = false;
        for (size_t b = 0; b < eq_network_blocks(s->model); b++)
            used = used || eq_match(match, eq_network_block(s->model, b)->name);
        if (!used)
            return eq_session_no_group(s->model,
                                       k + 1 < s->x->devices ? "group match" : "device groups",
                                       match, s->x->device[k].at, diag);
    }
    return EQ_OK;
}

eq_status eq_session_devices(eq_session *s, eq_diag *diag) {
    eq_status status = check_matches(s, diag);
    for (size_t b = 0; status == EQ_OK && b < eq_network_blocks(s->model); b++) {
        const eq_block *block = eq_network_block(s->model, b);
        const eq_device_options *d = eq_device_of(s->x, block->name);
        if (d == NULL) continue;
        eq_device kind = d->kind;
        eq_device_complete(&kind);
        size_t said = eq_diag_count(diag);
        status = check_block(block, &kind, diag);
        if (status == EQ_OK) status = eq_network_devices(s->model, b, &kind, s->x->seed, diag);
        eq_diag_locate(diag, said, d->at);
    }
    return status;
}

eq_status eq_session_transfer(eq_session *s, const eq_experiment *was, eq_diag *diag) {
    bool alike = true;
    for (size_t b = 0; b < eq_network_blocks(s->model); b++) {
        const char *name = eq_network_block(s->model, b)->name;
        const eq_device_options *now = eq_device_of(s->x, name), *then = eq_device_of(was, name);
        eq_device none = eq_device_ideal();
        alike = alike && eq_device_programs_alike(now == NULL ? &none : &now->kind,
                                                  then == NULL ? &none : &then->kind);
    }
    eq_status status = eq_session_devices(s, diag);
    if (status == EQ_OK && !alike) eq_network_program(s->model);
    return status;
}

eq_status eq_devices_move(const eq_session *s, eq_diag *diag) {
    for (size_t b = 0; b < eq_network_blocks(s->model); b++) {
        const char *name = eq_network_block(s->model, b)->name;
        const eq_device_options *d = eq_device_of(s->x, name);
        if (d == NULL) continue;
        eq_device kind = d->kind;
        eq_device_complete(&kind);
        const char *why = eq_device_still(&kind);
        if (why != NULL)
            return eq_fail_at(diag, EQ_ERR_INPUT, d->at, "the devices of the group '%s': %s", name,
                              why);
    }
    return EQ_OK;
}

eq_status eq_devices_keep(eq_network *n, eq_checkpoint *p, eq_diag *diag) {
    for (int k = 0; k < EQ_DEVICE_ARRAYS; k++) {
        bool any = false;
        for (size_t b = 0; b < eq_network_blocks(n); b++) {
            eq_devices *d = eq_network_devices_of(n, b);
            any = any || (d != NULL && eq_devices_kept(d, k) != NULL);
        }
        if (!any) continue;
        p->device[k] = eq_calloc((size_t)p->conductances, sizeof *p->device[k]);
        if (p->device[k] == NULL) return eq_out_of_memory(diag);
    }
    return EQ_OK;
}
