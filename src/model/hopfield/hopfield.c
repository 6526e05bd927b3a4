/* A deep Hopfield network as what a model is made of: its weights and biases. */
#include "model/hopfield/hopfield.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "model/hopfield/net.h"
#include "model/substrate.h"

static const char *const solvers[] = {
    [EQ_HOPFIELD_SWEEPS] = "sweeps",
    [EQ_HOPFIELD_EULER] = "euler",
};

bool eq_hopfield_solver_find(const char *name, eq_hopfield_solver *solver) {
    int k = eq_word_find(solvers, sizeof solvers / sizeof *solvers, name);
    if (k >= 0) *solver = (eq_hopfield_solver)k;
    return k >= 0;
}

const char *eq_hopfield_solver_name(eq_hopfield_solver solver) {
    return solvers[solver];
}

eq_hopfield_options eq_hopfield_defaults(void) {
    return (eq_hopfield_options){.sigma = eq_sigma_find("hard-sigmoid"),
                                 .solver = EQ_HOPFIELD_SWEEPS,
                                 .step = 0.5,
                                 .tolerance = 1e-9,
                                 .steps = 10000,
                                 .seed = 1};
}

static void destroy(void *self) {
    eq_hopfield *h = self;
    if (h == NULL) return;
    for (size_t k = 0; k < h->couplings; k++) {
        if (h->coupling[k].full != h->coupling[k].w) eq_free(h->coupling[k].full);
        eq_free(h->coupling[k].w);
    }
    for (size_t l = 0; l < EQ_HOPFIELD_LAYERS; l++) eq_free(h->b[l]);
    eq_free(h->name);
    eq_free(h->said);
    eq_free(h);
}

/* Blocks are w1, b1, w2, b2, .., then the other couplings: the one of block b; NULL: it has biases of layer b/2 + 1. */
static eq_hopfield_coupling *coupling_of(const eq_hopfield *h, size_t b) {
    eq_hopfield_coupling *c = (eq_hopfield_coupling *)h->coupling;
    if (b >= 2 * h->layers) return c + (b - h->layers);
    return b % 2 == 0 ? c + b / 2 : NULL;
}

static double *values(const eq_hopfield *h, size_t b) {
    const eq_hopfield_coupling *c = coupling_of(h, b);
    return c != NULL ? c->w : h->b[b / 2 + 1];
}

static size_t count_of(const eq_hopfield *h, size_t b) {
    const eq_hopfield_coupling *c = coupling_of(h, b);
    return c != NULL ? c->count : h->o.width[b / 2 + 1];
}

static eq_block block(const void *self, size_t b) {
    const eq_hopfield *h = self;
    const char *param = coupling_of(h, b) != NULL ? "w" : "b";
    return (eq_block){h->name[b], param, "", -INFINITY, INFINITY, 0, count_of(h, b)};
}

/* Where parameter j of a coupling stands in its matrix: of one inside a layer above the diagonal. */
static void find(const eq_hopfield_coupling *c, size_t j, size_t *row, size_t *column) {
    *row = j / c->columns;
    *column = j % c->columns;
    if (c->from != c->to) return;
    for (*row = 0; j >= c->rows - 1 - *row; ++*row) j -= c->rows - 1 - *row;
    *column = *row + 1 + j;
}

static const char *name(const void *self, size_t b, size_t j) {
    const eq_hopfield *h = self;
    const eq_hopfield_coupling *c = coupling_of(h, b);
    size_t row, column;
    if (c == NULL) {
        snprintf(h->said, EQ_HOPFIELD_NAME, "%s_%zu", h->name[b], j + 1);
        return h->said;
    }
    find(c, j, &row, &column);
    snprintf(h->said, EQ_HOPFIELD_NAME, "%s_%zu_%zu", h->name[b], row + 1, column + 1);
    return h->said;
}

static const char *output(const void *self, size_t k, bool *pair) {
    const eq_hopfield *h = self;
    *pair = false;
    snprintf(h->said, EQ_HOPFIELD_NAME, "y%zu", k + 1);
    return h->said;
}

static void get(const void *self, size_t b, double *theta) {
    memcpy(theta, values(self, b), count_of(self, b) * sizeof *theta);
}

static void put(void *self, size_t b, const double *theta) {
    memcpy(values(self, b), theta, count_of(self, b) * sizeof *theta);
    if (coupling_of(self, b) != NULL) eq_hopfield_expand(coupling_of(self, b));
}

static eq_status fan_in(const void *self, size_t b, double *fan, eq_diag *diag) {
    const eq_hopfield *h = self;
    const eq_hopfield_coupling *c = coupling_of(h, b);
    double rows = c == NULL ? 1.0 : (double)c->rows - (c->from == c->to ? 1.0 : 0.0);
    (void)diag;
    for (size_t j = 0; j < count_of(h, b); j++) fan[j] = rows;
    return EQ_OK;
}

static eq_status start(void *self, const eq_engine_options *o, eq_engine **out, eq_diag *diag) {
    return eq_hopfield_engine(self, o, out, diag);
}

/* Where layer l begins among the units. */
static size_t place_of(const eq_hopfield *h, size_t l) {
    size_t at = 0;
    for (size_t k = 1; k < l; k++) at += h->o.width[k];
    return at;
}

static double sigma_of(const eq_hopfield *h, double s) {
    return h->o.sigma->clips ? s : h->o.sigma->value(s);
}

/* -r_from W r_to, from layers that stand at `from` and `to`; inside a layer each pair once. */
static void add_coupling(const eq_hopfield *h, const eq_hopfield_coupling *c, const double *from,
                         const double *to, double *e, double *size) {
    for (size_t j = 0; j < c->columns; j++) {
        double field = 0.0, r = sigma_of(h, to[j]);
        for (size_t i = 0; i < (c->from == c->to ? j : c->rows); i++)
            field += (c->from == 0 ? from[i] : sigma_of(h, from[i])) * c->full[i * c->columns + j];
        *e -= field * r;
        *size += fabs(field * r);
    }
}

/* E of one example. */
static void energy_of(const eq_hopfield *h, const double *x, const double *v, double *e,
                      double *size) {
    *e = *size = 0.0;
    for (size_t l = 1, at = 0; l <= h->layers; l++)
        for (size_t j = 0; j < h->o.width[l]; j++, at++) {
            double own = 0.5 * v[at] * v[at], bias = h->b[l][j] * sigma_of(h, v[at]);
            *e += own - bias;
            *size += own + fabs(bias);
        }
    for (size_t k = 0; k < h->couplings; k++) {
        const eq_hopfield_coupling *c = &h->coupling[k];
        add_coupling(h, c, c->from == 0 ? x : v + place_of(h, c->from), v + place_of(h, c->to), e,
                     size);
    }
}

static eq_status energies(void *self, size_t count, const double *x, const double *v, double *e,
                          double *size, eq_diag *diag) {
    const eq_hopfield *h = self;
    (void)diag;
    for (size_t k = 0; k < count; k++)
        energy_of(h, x + k * h->o.width[0], v + k * h->units, &e[k], &size[k]);
    return EQ_OK;
}

/* dE/dx = -W r of the layers behind the inputs, so that dL/dx = W sigma'(s) l. */
static eq_status input_gradient(void *self, size_t count, const double *x, const double *v,
                                const double *l, const double *dcdy, double *dldx, eq_diag *diag) {
    const eq_hopfield *h = self;
    size_t inputs = h->o.width[0];
    (void)x, (void)dcdy, (void)diag;
    memset(dldx, 0, count * inputs * sizeof *dldx);
    for (size_t q = 0; q < h->couplings; q++) {
        const eq_hopfield_coupling *c = &h->coupling[q];
        size_t at = place_of(h, c->to);
        for (size_t k = 0; c->from == 0 && k < count; k++)
            for (size_t j = 0; j < c->columns; j++) {
                size_t unit = k * h->units + at + j;
                double rate = h->o.sigma->clips ? 1.0 : h->o.sigma->rate(sigma_of(h, v[unit]));
                for (size_t i = 0; i < inputs; i++)
                    dldx[k * inputs + i] += c->w[i * c->columns + j] * rate * l[unit];
            }
    }
    return EQ_OK;
}

static void tolerate(void *self, double residual) {
    eq_hopfield *h = self;
    h->o.tolerance = residual;
}

static const eq_substrate_ops ops = {.destroy = destroy,
                                     .block = block,
                                     .name = name,
                                     .output = output,
                                     .get = get,
                                     .put = put,
                                     .fan_in = fan_in,
                                     .start = start,
                                     .energies = energies,
                                     .input_gradient = input_gradient,
                                     .tolerate = tolerate};

/* Skips and lateral couplings, whose weights are added to *most. */
static eq_status check_couplings(const eq_hopfield_options *o, double *most, eq_diag *diag) {
    for (size_t k = 0; k < o->skips; k++) {
        size_t from = o->skip[k].from, to = o->skip[k].to;
        bool again = false;
        for (size_t j = 0; j < k; j++) again |= o->skip[j].from == from && o->skip[j].to == to;
        if (to >= o->layers || to < from + 2 || again)
            return eq_fail(diag, EQ_ERR_INPUT,
                           "skip %zu-%zu cannot be: it leads over one layer or more to one of the "
                           "layers 2 to %zu, and stands once",
                           from, to, o->layers - 1);
        *most += (double)o->width[from] * (double)o->width[to];
    }
    for (size_t l = 0; o->lateral >> l != 0; l++) {
        if (!(o->lateral >> l & 1)) continue;
        if (l == 0 || l >= o->layers || o->width[l] < 2)
            return eq_fail(diag, EQ_ERR_INPUT,
                           "lateral %zu cannot be: it joins the units of one of the layers 1 to "
                           "%zu, of which there are two or more",
                           l, o->layers - 1);
        *most += (double)o->width[l] * (double)o->width[l];
    }
    return EQ_OK;
}

eq_status eq_hopfield_check(const eq_hopfield_options *o, eq_diag *diag) {
    double most = 0.0;
    if (o->layers < 2 || o->layers > EQ_HOPFIELD_LAYERS)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "a network of %zu layers; give the inputs, any hidden layers and the "
                       "outputs, %d at most, as in layers=\"64,100,10\"",
                       o->layers, EQ_HOPFIELD_LAYERS);
    for (size_t l = 0; l < o->layers; l++) {
        if (o->width[l] == 0)
            return eq_fail(diag, EQ_ERR_INPUT, "layer %zu has no units; give it 1 or more", l);
        if (l > 0) most += ((double)o->width[l - 1] + 1.0) * (double)o->width[l];
    }
    eq_status status = check_couplings(o, &most, diag);
    if (status != EQ_OK) return status;
    if (most > EQ_MOST_ITEMS)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "layers of these widths have %.3g weights, more than %d; make them smaller",
                       most, EQ_MOST_ITEMS);
    if (!(o->step > 0.0 && o->step < 2.0))
        return eq_fail(diag, EQ_ERR_INPUT,
                       "step=%g of Euler's method; a unit alone needs 0 < step < 2", o->step);
    return eq_engine_searches(o->tolerance, o->steps, diag);
}

static void draw(eq_hopfield *h) {
    eq_random random = eq_random_seed(h->o.seed);
    for (size_t k = 0; k < h->couplings; k++) {
        eq_hopfield_coupling *c = &h->coupling[k];
        double bound = sqrt(6.0 / (double)(c->rows + c->columns));
        for (size_t j = 0; j < c->count; j++)
            c->w[j] = bound * (2.0 * eq_random_uniform(&random) - 1.0);
        eq_hopfield_expand(c);
    }
}

static bool make_room(eq_hopfield *h) {
    bool whole = true;
    for (size_t l = 1; l <= h->layers; l++) {
        h->b[l] = eq_calloc_aligned(h->o.width[l], sizeof(double));
        whole = whole && h->b[l] != NULL;
        h->units += h->o.width[l];
        if (h->o.width[l] > h->largest) h->largest = h->o.width[l];
    }
    whole = eq_hopfield_weave(h) && whole;
    h->said = eq_calloc(EQ_HOPFIELD_NAME, 1);
    h->name = eq_calloc(h->layers + h->couplings, sizeof *h->name);
    return whole && h->said != NULL && h->name != NULL;
}

/* w1, b1, ..; ws0_2 of a skip, wl1 inside a layer. */
static void name_blocks(eq_hopfield *h) {
    for (size_t b = 0; b < h->layers + h->couplings; b++) {
        const eq_hopfield_coupling *c = coupling_of(h, b);
        unsigned layer = (unsigned)(b / 2 % 100 + 1);
        if (b < 2 * h->layers)
            snprintf(h->name[b], sizeof *h->name, "%c%u", c == NULL ? 'b' : 'w', layer);
        else if (c->from == c->to)
            snprintf(h->name[b], sizeof *h->name, "wl%u", (unsigned)(c->to % 100));
        else
            snprintf(h->name[b], sizeof *h->name, "ws%u_%u", (unsigned)(c->from % 100),
                     (unsigned)(c->to % 100));
    }
}

eq_status eq_hopfield_new(const eq_hopfield_options *o, eq_network **out, eq_diag *diag) {
    eq_status status = eq_hopfield_check(o, diag);
    if (status != EQ_OK) return status;
    eq_hopfield *h = eq_calloc(1, sizeof *h);
    if (h == NULL) return eq_out_of_memory(diag);
    h->o = *o;
    h->layers = o->layers - 1;
    if (!make_room(h)) {
        destroy(h);
        return eq_out_of_memory(diag);
    }
    name_blocks(h);
    draw(h);
    eq_substrate s = {&ops, h, o->width[0], o->width[h->layers], h->units, h->layers + h->couplings,
                      NULL};
    return eq_network_of(s, out, diag);
}
