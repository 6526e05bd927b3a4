/* Parameters that are stored in devices: what the engine is given of them, and what is kept. */
#include <string.h>

#include "base/mem.h"
#include "model/network.h"

static eq_status make_room(eq_network *n, eq_diag *diag) {
    if (n->read != NULL) return EQ_OK;
    for (size_t b = 0; b < n->blocks; b++)
        if (n->block[b].count > n->largest) n->largest = n->block[b].count;
    n->read = eq_calloc(2 * n->largest, sizeof *n->read);
    return n->read == NULL ? eq_out_of_memory(diag) : EQ_OK;
}

/* The block as the substrate has it, in the order of the engine: g[count]. */
static void get(const eq_network *n, size_t block, double *g) {
    double *theta = n->read + n->largest;
    n->of.ops->get(n->of.self, block, theta);
    for (size_t j = 0; j < n->block[block].count; j++) g[j] = theta[n->trained[block].place[j]];
}

/* g[count] in the order of the engine, into the substrate. */
static void put(eq_network *n, size_t block, const double *g) {
    double *theta = n->read + n->largest;
    for (size_t j = 0; j < n->block[block].count; j++) theta[n->trained[block].place[j]] = g[j];
    n->of.ops->put(n->of.self, block, theta);
}

eq_status eq_network_devices(eq_network *n, size_t block, const eq_device *o, uint64_t seed,
                             eq_diag *diag) {
    trained_block *t = &n->trained[block];
    const eq_block *b = &n->block[block];
    eq_status status = make_room(n, diag);
    if (status != EQ_OK) return status;
    get(n, block, n->read);
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

void eq_network_take_shown(eq_network *n) {
    for (size_t b = 0; b < n->blocks; b++)
        if (n->trained[b].devices != NULL) get(n, b, eq_devices_shown(n->trained[b].devices));
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
    eq_substrate_derive(&n->of);
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
