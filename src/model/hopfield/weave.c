/* Which units of a deep Hopfield network are coupled: those of neighbouring layers, of skips, inside layers, all or
 * some of them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "model/hopfield/net.h"
#include "netlist/lexer.h"

/* W is kept with its zeros where it has more than one weight in so many: products of matrices are as much
 * faster for each. */
enum { FEW = 12 };

eq_hopfield_coupling *eq_hopfield_add(eq_hopfield *h, size_t from, size_t to) {
    eq_hopfield_coupling *c = &h->coupling[h->couplings++];
    size_t rows = h->o.width[from], columns = h->o.width[to];
    *c = (eq_hopfield_coupling){.from = from, .to = to, .rows = rows, .columns = columns};
    c->count = eq_hopfield_pairs(c);
    return c;
}

size_t eq_hopfield_pairs(const eq_hopfield_coupling *c) {
    return c->from == c->to ? c->rows * (c->rows - 1) / 2 : c->rows * c->columns;
}

void eq_hopfield_ends(const eq_hopfield_coupling *c, size_t k, size_t *row, size_t *column) {
    *row = c->row == NULL ? k / c->columns : (size_t)c->row[k];
    *column = c->row == NULL ? k % c->columns : (size_t)c->column[k];
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

/* A layer is in the first half of a sweep where nothing couples it to those that are. */
static void choose_halves(eq_hopfield *h) {
    for (size_t l = 1; l <= h->layers; l++) {
        h->later[l] = are_coupled(h, l, l);
        for (size_t k = 1; k < l; k++) h->later[l] |= !h->later[k] && are_coupled(h, k, l);
        if (h->later[l]) h->laters += h->o.width[l];
        for (size_t k = 1; h->later[l] && k <= l; k++)
            h->woven |= h->later[k] && are_coupled(h, k, l);
    }
}

/* `count` of all pairs, each choice of them as likely (selection sampling, Knuth, The Art of Computer Programming 2,
 * 3.4.2, algorithm S). */
static bool choose(eq_hopfield_coupling *c, size_t count, eq_random *random) {
    double left = (double)eq_hopfield_pairs(c), wanted = (double)count;
    c->count = count;
    c->row = eq_malloc(count, sizeof *c->row);
    c->column = eq_malloc(count, sizeof *c->column);
    if (c->row == NULL || c->column == NULL) return false;
    for (size_t i = 0, k = 0; i < c->rows; i++)
        for (size_t j = c->from == c->to ? i + 1 : 0; j < c->columns; j++, left--) {
            if (wanted < left && !(left * eq_random_uniform(random) < wanted)) continue;
            c->row[k] = (int32_t)i;
            c->column[k++] = (int32_t)j;
            wanted--;
        }
    return true;
}

/* One word of the density, "0.1" or "w1=0.1", of the couplings that it is of. */
static eq_status read_density(const eq_hopfield *h, const char *word, size_t length,
                              double *density, eq_diag *diag) {
    const char *equal = memchr(word, '=', length);
    char pattern[16] = "*", name[8];
    size_t n = equal == NULL ? 0 : (size_t)(equal - word), rest = length - n - (n > 0);
    double value = 0.0;
    bool used = false, is = n < sizeof pattern && (equal == NULL || n > 0) && rest > 0 &&
                            eq_spice_number(word + length - rest, rest, EQ_NGSPICE, &value) == rest;
    if (is && n > 0) snprintf(pattern, sizeof pattern, "%.*s", (int)n, word);
    for (size_t k = 0; is && value > 0.0 && value <= 1.0 && k < h->couplings; k++) {
        eq_hopfield_coupling_name(&h->coupling[k], name);
        if (!eq_match(pattern, name)) continue;
        density[k] = value;
        used = true;
    }
    if (used) return EQ_OK;
    return eq_fail_at(
        diag, EQ_ERR_INPUT, h->o.density_at,
        "density: '%.*s' is no part of the weights of the network, above 0 and at most "
        "1; write \"0.1\", or \"w1=0.1 w*=0.5\" by their groups",
        (int)(length < 40 ? length : 40), word);
}

/* density[couplings]; later words count over earlier ones. */
static eq_status read_densities(const eq_hopfield *h, double *density, eq_diag *diag) {
    static const char blanks[] = " \t\r\n,";
    size_t n;
    const char *p = eq_next_word(h->o.density == NULL ? "" : h->o.density, blanks, &n);
    eq_status status = EQ_OK;
    for (size_t k = 0; k < h->couplings; k++) density[k] = 1.0;
    for (; status == EQ_OK && n > 0; p = eq_next_word(p + n, blanks, &n))
        status = read_density(h, p, n, density, diag);
    return status;
}

static eq_status thin(eq_hopfield *h, eq_diag *diag) {
    static const uint64_t other = 0x746f706f6c6f6779; /* than the stream of the weights */
    double density[EQ_HOPFIELD_COUPLINGS];
    eq_status status = read_densities(h, density, diag);
    eq_random random = eq_random_seed((h->o.topology > 0 ? h->o.topology : h->o.seed) ^ other);
    for (size_t k = 0; status == EQ_OK && k < h->couplings; k++) {
        eq_hopfield_coupling *c = &h->coupling[k];
        double all = (double)eq_hopfield_pairs(c), wanted = fmax(1.0, round(density[k] * all));
        if (c->from != c->to && !(wanted < all)) continue;
        if (!choose(c, (size_t)wanted, &random)) status = eq_out_of_memory(diag);
    }
    return status;
}

static void lay_out(eq_hopfield *h) {
    for (size_t l = 1; l <= h->layers; l++) eq_hopfield_add(h, l - 1, l);
    for (size_t k = 0; k < h->o.skips; k++) eq_hopfield_add(h, h->o.skip[k].from, h->o.skip[k].to);
    for (size_t l = 1; l <= h->layers; l++)
        if (h->o.lateral >> l & 1) eq_hopfield_add(h, l, l);
}

static bool make_room(eq_hopfield_coupling *c) {
    size_t all = c->rows * c->columns;
    bool many = c->count > all / FEW;
    if (c->w == NULL) c->w = eq_calloc_aligned(c->count, sizeof *c->w);
    if (c->row == NULL)
        c->full = c->w;
    else if (many)
        c->full = eq_calloc_aligned(all, sizeof *c->full);
    return c->w != NULL && (c->full != NULL || !many);
}

eq_status eq_hopfield_weave(eq_hopfield *h, eq_diag *diag) {
    eq_status status = EQ_OK;
    if (h->unit == NULL) {
        lay_out(h);
        status = thin(h, diag);
    }
    for (size_t k = 0; status == EQ_OK && k < h->couplings; k++)
        if (!make_room(&h->coupling[k])) status = eq_out_of_memory(diag);
    choose_halves(h);
    return status;
}
