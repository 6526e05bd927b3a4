/* Parameters that are stored in devices: what the engine is given of them, and what is kept. */
#include <string.h>

#include "base/mem.h"
#include "model/network.h"

static eq_status make_room(eq_network *n, eq_diag *diag) {
    size_t largest = 0;
    if (n->read != NULL) return EQ_OK;
    for (size_t b = 0; b < n->blocks; b++)
        if (n->block[b].count > largest) largest = n->block[b].count;
    n->read = eq_calloc(largest, sizeof *n->read);
    return n->read == NULL ? eq_out_of_memory(diag) : EQ_OK;
}

/* The column of the circuit that holds a block. */
static double *column_of(const eq_network *n, size_t block, const eq_group **g) {
    *g = &n->c->group[block];
    return n->c->table[(*g)->cls].w[(*g)->param];
}

eq_status eq_network_devices(eq_network *n, size_t block, const eq_device *o, uint64_t seed,
                             eq_diag *diag) {
    trained_block *t = &n->trained[block];
    const eq_block *b = &n->block[block];
    eq_status status = make_room(n, diag);
    if (status != EQ_OK) return status;
    const eq_group *group;
    const double *w = column_of(n, block, &group);
    for (size_t j = 0; j < b->count; j++) n->read[j] = w[group->row[t->place[j]]];
    eq_devices_of of = {.min = b->min,
                        .max = b->max,
                        .first = b->first,
                        .count = b->count,
                        .place = t->place,
                        .seed = seed,
                        .start = n->read};
    eq_devices_free(t->devices);
    t->devices = NULL;
    return eq_devices_new(o, &of, &t->devices, diag);
}

eq_devices *eq_network_devices_of(const eq_network *n, size_t block) {
    return n->trained[block].devices;
}

/* g[count] in the order of the engine, into the circuit. */
static void put(eq_network *n, size_t block, const double *g) {
    const int32_t *place = n->trained[block].place;
    const eq_group *group;
    double *w = column_of(n, block, &group);
    for (size_t j = 0; j < group->count; j++) w[group->row[place[j]]] = g[j];
}

void eq_network_take_shown(eq_network *n) {
    for (size_t b = 0; b < n->blocks; b++) {
        const trained_block *t = &n->trained[b];
        const eq_group *group;
        const double *w = column_of(n, b, &group);
        if (t->devices == NULL) continue;
        double *shown = eq_devices_shown(t->devices);
        for (size_t j = 0; j < group->count; j++) shown[j] = w[group->row[t->place[j]]];
    }
    n->varied = false;
}

/* The rest of the engine's parameters are its own and stay. */
static void give(eq_network *n, bool evaluation, const uint64_t *read) {
    eq_engine_store(n->engine);
    for (size_t b = 0; b < n->blocks; b++) {
        eq_devices *d = n->trained[b].devices;
        if (d == NULL) continue;
        bool vary = read != NULL && eq_devices_vary(d, evaluation);
        if (vary) eq_devices_read(d, evaluation, *read, n->read);
        put(n, b, vary ? n->read : eq_devices_shown(d));
    }
    eq_circuit_derive(n->c);
    eq_engine_load(n->engine);
}

void eq_network_show(eq_network *n) {
    give(n, false, NULL);
    n->varied = false;
}

void eq_network_program(eq_network *n) {
    for (size_t b = 0; b < n->blocks; b++)
        if (n->trained[b].devices != NULL) eq_devices_program(n->trained[b].devices);
    eq_network_show(n);
}

void eq_network_read(eq_network *n, bool evaluation, uint64_t read) {
    bool vary = false;
    for (size_t b = 0; b < n->blocks; b++) {
        const eq_devices *d = n->trained[b].devices;
        vary = vary || (d != NULL && eq_devices_vary(d, evaluation));
    }
    if (vary || n->varied) give(n, evaluation, &read);
    n->varied = vary;
}

bool eq_network_get_kept(const eq_network *n, int k, double *kept) {
    bool any = false;
    for (size_t b = 0; b < n->blocks; b++) {
        const trained_block *t = &n->trained[b];
        const double *from = t->devices == NULL ? NULL : eq_devices_kept(t->devices, k);
        double *to = kept + n->block[b].first;
        for (size_t j = 0; j < n->block[b].count; j++)
            to[t->place[j]] = from == NULL ? 0.0 : from[j];
        any = any || from != NULL;
    }
    return any;
}

bool eq_network_put_kept(eq_network *n, int k, const double *kept) {
    bool any = false;
    for (size_t b = 0; b < n->blocks; b++) {
        const trained_block *t = &n->trained[b];
        double *to = t->devices == NULL ? NULL : eq_devices_kept(t->devices, k);
        const double *from = kept + n->block[b].first;
        for (size_t j = 0; to != NULL && j < n->block[b].count; j++) to[j] = from[t->place[j]];
        any = any || to != NULL;
    }
    return any;
}
