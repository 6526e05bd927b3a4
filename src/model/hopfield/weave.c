/* Which units of a deep Hopfield network are coupled: those of neighbouring layers, of skips, inside layers, all or
 * some of them. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "model/coupling/thin.h"
#include "model/hopfield/net.h"

eq_hopfield_coupling *eq_hopfield_add(eq_hopfield *h, size_t from, size_t to) {
    eq_hopfield_coupling *c = &h->coupling[h->couplings++];
    eq_coupling_kind dense = {.channels = h->o.width[to]};
    c->from = from;
    c->to = to;
    eq_coupling_of(dense, (eq_shape){h->o.width[from], 1, 1}, &c->of, NULL);
    c->of.count = eq_hopfield_pairs(c);
    return c;
}

size_t eq_hopfield_pairs(const eq_hopfield_coupling *c) {
    return c->from == c->to ? c->of.rows * (c->of.rows - 1) / 2 : c->of.rows * c->of.columns;
}

void eq_hopfield_ends(const eq_hopfield_coupling *c, size_t k, size_t *row, size_t *column) {
    *row = c->of.row == NULL ? k / c->of.columns : (size_t)c->of.row[k];
    *column = c->of.row == NULL ? k % c->of.columns : (size_t)c->of.column[k];
}

void eq_hopfield_coupling_name(const eq_hopfield_coupling *c, char name[8]) {
    unsigned from = (unsigned)(c->from % 100), to = (unsigned)(c->to % 100);
    if (from == to)
        snprintf(name, 8, "wl%u", to);
    else if (to == from + 1)
        snprintf(name, 8, "w%u", to);
    else
        snprintf(name, 8, "ws%u_%u", from, to);
}

void eq_hopfield_unit_name(const eq_hopfield *h, size_t layer, size_t k, eq_text *out) {
    if (h->unit != NULL)
        eq_text_puts(out, eq_names_get(h->unit, h->label[layer][k]));
    else
        eq_text_printf(out, layer == 0 ? "x%zu" : "s%zu_%zu", layer == 0 ? k + 1 : layer, k + 1);
}

static bool are_coupled(const eq_hopfield *h, size_t a, size_t b) {
    for (size_t k = 0; k < h->couplings; k++) {
        const eq_hopfield_coupling *c = &h->coupling[k];
        if ((c->from == a && c->to == b) || (c->from == b && c->to == a)) return true;
    }
    return false;
}

/* The outputs hang on the whole layer before them, by weights that are large beside their few units: in a soft layered
 * network both are one in the sweep, of which the layers before are alternately in its two halves. */
static void join_outputs(eq_hopfield *h) {
    size_t last = h->layers;
    h->joint = true;
    for (size_t l = 1; l <= last; l++) h->later[l] = l == last || (last - l) % 2 == 1;
}

static bool can_join(const eq_hopfield *h) {
    return !h->o.sigma->clips && h->unit == NULL && h->couplings == h->layers && h->layers > 1 &&
           h->coupling[h->layers - 1].of.row == NULL && h->o.width[h->layers] <= EQ_HOPFIELD_JOINT;
}

/* A layer is in the first half of a sweep where nothing couples it to those that are. */
static void choose_halves(eq_hopfield *h) {
    for (size_t l = 1; l <= h->layers; l++) {
        h->later[l] = are_coupled(h, l, l);
        for (size_t k = 1; k < l; k++) h->later[l] |= !h->later[k] && are_coupled(h, k, l);
        for (size_t k = 1; h->later[l] && k <= l; k++)
            h->woven |= h->later[k] && are_coupled(h, k, l);
    }
}

static eq_status thin(eq_hopfield *h, eq_diag *diag) {
    double density[EQ_HOPFIELD_COUPLINGS];
    char name[EQ_HOPFIELD_COUPLINGS][8];
    for (size_t k = 0; k < h->couplings; k++) eq_hopfield_coupling_name(&h->coupling[k], name[k]);
    eq_status status = eq_densities_read(h->o.density, h->o.density_at, h->couplings,
                                         (const char(*)[8])name, density, diag);
    eq_random random = eq_thin_random(h->o.topology, h->o.seed);
    for (size_t k = 0; status == EQ_OK && k < h->couplings; k++) {
        eq_hopfield_coupling *c = &h->coupling[k];
        size_t all = eq_hopfield_pairs(c), count = eq_thin_count(density[k], all);
        bool inside = c->from == c->to;
        if (!inside && count >= all) continue;
        c->of.count = count;
        if (!eq_thin_choose(c->of.rows, c->of.columns, inside, count, &random, &c->of.row,
                            &c->of.column))
            status = eq_out_of_memory(diag);
    }
    return status;
}

static void lay_out(eq_hopfield *h) {
    for (size_t l = 1; l <= h->layers; l++) eq_hopfield_add(h, l - 1, l);
    for (size_t k = 0; k < h->o.skips; k++) eq_hopfield_add(h, h->o.skip[k].from, h->o.skip[k].to);
    for (size_t l = 1; l <= h->layers; l++)
        if (h->o.lateral >> l & 1) eq_hopfield_add(h, l, l);
}

eq_status eq_hopfield_weave(eq_hopfield *h, eq_diag *diag) {
    eq_status status = EQ_OK;
    if (h->unit == NULL) {
        lay_out(h);
        status = thin(h, diag);
    }
    for (size_t k = 0; status == EQ_OK && k < h->couplings; k++)
        if (!eq_coupling_allocate_weights(&h->coupling[k].of)) status = eq_out_of_memory(diag);
    if (can_join(h))
        join_outputs(h);
    else
        choose_halves(h);
    for (size_t l = 1; l <= h->layers; l++)
        if (h->later[l]) h->laters += h->o.width[l];
    return status;
}
