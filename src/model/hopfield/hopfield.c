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
    return (eq_hopfield_options){
        .solver = EQ_HOPFIELD_SWEEPS, .step = 0.5, .tolerance = 1e-9, .steps = 10000, .seed = 1};
}

static void destroy(void *self) {
    eq_hopfield *h = self;
    if (h == NULL) return;
    for (size_t l = 0; l < EQ_HOPFIELD_LAYERS; l++) {
        eq_free(h->w[l]);
        eq_free(h->b[l]);
    }
    eq_free(h->name);
    eq_free(h->said);
    eq_free(h);
}

/* Blocks are w1, b1, w2, b2, ..: that of layer l = b/2 + 1. */
static double *values(const eq_hopfield *h, size_t b) {
    return b % 2 == 0 ? h->w[b / 2 + 1] : h->b[b / 2 + 1];
}

static size_t count_of(const eq_hopfield *h, size_t b) {
    size_t columns = h->o.width[b / 2 + 1];
    return b % 2 == 0 ? h->o.width[b / 2] * columns : columns;
}

static eq_block block(const void *self, size_t b) {
    const eq_hopfield *h = self;
    return (eq_block){h->name[b], b % 2 == 0 ? "w" : "b", "", -INFINITY, INFINITY,
                      0,          count_of(h, b)};
}

static const char *name(const void *self, size_t b, size_t j) {
    const eq_hopfield *h = self;
    size_t columns = h->o.width[b / 2 + 1];
    if (b % 2 == 0)
        snprintf(h->said, EQ_HOPFIELD_NAME, "%s_%zu_%zu", h->name[b], j / columns + 1,
                 j % columns + 1);
    else
        snprintf(h->said, EQ_HOPFIELD_NAME, "%s_%zu", h->name[b], j + 1);
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
}

static eq_status fan_in(const void *self, size_t b, double *fan, eq_diag *diag) {
    const eq_hopfield *h = self;
    double rows = b % 2 == 0 ? (double)h->o.width[b / 2] : 1.0;
    (void)diag;
    for (size_t j = 0; j < count_of(h, b); j++) fan[j] = rows;
    return EQ_OK;
}

static eq_status start(void *self, const eq_engine_options *o, eq_engine **out, eq_diag *diag) {
    return eq_hopfield_engine(self, o, out, diag);
}

/* Adds the terms of unit s with the field of what stands before it and its bias. */
static void add_unit(double s, double field, double *e, double *size) {
    *e += 0.5 * s * s - s * field;
    *size += 0.5 * s * s + fabs(s * field);
}

/* E of one example, layer by layer. */
static void energy_of(const eq_hopfield *h, const double *x, const double *v, double *e,
                      double *size) {
    const double *before = x, *s = v;
    *e = *size = 0.0;
    for (size_t l = 1; l <= h->layers; l++) {
        size_t rows = h->o.width[l - 1], columns = h->o.width[l];
        for (size_t j = 0; j < columns; j++) {
            double field = h->b[l][j];
            for (size_t i = 0; i < rows; i++) field += before[i] * h->w[l][i * columns + j];
            add_unit(s[j], field, e, size);
        }
        before = s;
        s += columns;
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

/* dE/dx = -W_1 s_1, so that dL/dx = W_1 l_1. */
static eq_status input_gradient(void *self, size_t count, const double *x, const double *v,
                                const double *l, const double *dcdy, double *dldx, eq_diag *diag) {
    const eq_hopfield *h = self;
    size_t rows = h->o.width[0], columns = h->o.width[1];
    (void)x, (void)v, (void)dcdy, (void)diag;
    for (size_t k = 0; k < count; k++, l += h->units)
        for (size_t i = 0; i < rows; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < columns; j++) sum += h->w[1][i * columns + j] * l[j];
            dldx[k * rows + i] = sum;
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
    if (most > EQ_MOST_ITEMS)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "layers of these widths have %.3g weights, more than %d; make them smaller",
                       most, EQ_MOST_ITEMS);
    if (!(o->step > 0.0 && o->step < 2.0))
        return eq_fail(diag, EQ_ERR_INPUT,
                       "step=%g of Euler's method; a unit alone needs 0 < step < 2", o->step);
    if (!(o->tolerance > 0.0) || o->steps == 0)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "tolerance=%g and steps=%zu leave no state to find; make both positive",
                       o->tolerance, o->steps);
    return EQ_OK;
}

static void draw(eq_hopfield *h) {
    eq_random random = eq_random_seed(h->o.seed);
    for (size_t l = 1; l <= h->layers; l++) {
        size_t rows = h->o.width[l - 1], columns = h->o.width[l];
        double bound = sqrt(6.0 / (double)(rows + columns));
        for (size_t j = 0; j < rows * columns; j++)
            h->w[l][j] = bound * (2.0 * eq_random_uniform(&random) - 1.0);
    }
}

static bool make_room(eq_hopfield *h) {
    bool whole = true;
    h->said = eq_calloc(EQ_HOPFIELD_NAME, 1);
    h->name = eq_calloc(2 * h->layers, sizeof *h->name);
    for (size_t l = 1; l <= h->layers; l++) {
        h->w[l] = eq_calloc_aligned(h->o.width[l - 1] * h->o.width[l], sizeof(double));
        h->b[l] = eq_calloc_aligned(h->o.width[l], sizeof(double));
        whole = whole && h->w[l] != NULL && h->b[l] != NULL;
        h->units += h->o.width[l];
        if (l % 2 == 0) h->evens += h->o.width[l];
        if (h->o.width[l] > h->largest) h->largest = h->o.width[l];
    }
    return whole && h->said != NULL && h->name != NULL;
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
    for (size_t b = 0; b < 2 * h->layers; b++)
        snprintf(h->name[b], sizeof *h->name, "%c%u", b % 2 == 0 ? 'w' : 'b',
                 (unsigned)(b / 2 % 100 + 1));
    draw(h);
    eq_substrate s = {&ops, h, o->width[0], o->width[h->layers], h->units, 2 * h->layers, NULL};
    return eq_network_of(s, out, diag);
}
