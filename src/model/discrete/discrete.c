/* A discrete-time network as what a model is made of: the weights and biases of its couplings. */
#include "model/discrete/discrete.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "model/coupling/thin.h"
#include "model/discrete/net.h"
#include "model/substrate.h"

static const char *const solvers[] = {
    [EQ_DISCRETE_SWEEPS] = "sweeps",
    [EQ_DISCRETE_STEPS] = "steps",
};

bool eq_discrete_solver_find(const char *name, eq_discrete_solver *solver) {
    int k = eq_word_find(solvers, sizeof solvers / sizeof *solvers, name);
    if (k >= 0) *solver = (eq_discrete_solver)k;
    return k >= 0;
}

const char *eq_discrete_solver_name(eq_discrete_solver solver) {
    return solvers[solver];
}

eq_discrete_options eq_discrete_defaults(void) {
    return (eq_discrete_options){.sigma = eq_sigma_find("hard-sigmoid"),
                                 .solver = EQ_DISCRETE_SWEEPS,
                                 .tolerance = 1e-9,
                                 .steps = 10000,
                                 .seed = 1};
}

void eq_discrete_options_free(eq_discrete_options *o) {
    eq_free(o->density);
}

static void destroy(void *self) {
    eq_discrete *d = self;
    if (d == NULL) return;
    for (size_t l = 1; l <= d->couplings; l++) eq_coupling_clear(&d->c[l]);
    eq_free(d->name);
    eq_free(d->said);
    eq_free(d);
}

/* Blocks are w1, b1, w2, b2, ..: those of coupling b/2 + 1. */
static const eq_coupling *coupling_of(const void *self, size_t b) {
    const eq_discrete *d = self;
    return &d->c[b / 2 + 1];
}

static double *values(const void *self, size_t b) {
    const eq_coupling *c = coupling_of(self, b);
    return b % 2 == 0 ? c->theta : c->b;
}

static size_t count_of(const void *self, size_t b) {
    const eq_coupling *c = coupling_of(self, b);
    return b % 2 == 0 ? c->count : c->columns;
}

static eq_block block(const void *self, size_t b) {
    const eq_discrete *d = self;
    return (eq_block){d->name[b], b % 2 == 0 ? "w" : "b", "", -INFINITY, INFINITY,
                      0,          count_of(d, b)};
}

/* w2_ROW_COLUMN, of a convolution w2_Y_X_LOWER_UPPER, b2_COLUMN; all count from 1. */
static const char *name(const void *self, size_t b, size_t j) {
    const eq_discrete *d = self;
    const eq_coupling *c = coupling_of(d, b);
    bool listed = c->row != NULL && b % 2 == 0;
    size_t row = listed ? (size_t)c->row[j] : j / c->columns, channels = c->lower.channels;
    size_t column = (listed ? (size_t)c->column[j] : j % c->columns) + 1;
    size_t place = row / channels, kernel = c->kind.kernel;
    if (b % 2 == 1)
        snprintf(d->said, EQ_DISCRETE_NAME, "%s_%zu", d->name[b], j + 1);
    else if (c->kind.convolves)
        snprintf(d->said, EQ_DISCRETE_NAME, "%s_%zu_%zu_%zu_%zu", d->name[b], place / kernel + 1,
                 place % kernel + 1, row % channels + 1, column);
    else
        snprintf(d->said, EQ_DISCRETE_NAME, "%s_%zu_%zu", d->name[b], row + 1, column);
    return d->said;
}

static const char *output(const void *self, size_t k, bool *pair) {
    const eq_discrete *d = self;
    *pair = false;
    snprintf(d->said, EQ_DISCRETE_NAME, "y%zu", k + 1);
    return d->said;
}

static void get(const void *self, size_t b, double *theta) {
    memcpy(theta, values(self, b), count_of(self, b) * sizeof *theta);
}

static void put(void *self, size_t b, const double *theta) {
    eq_discrete *d = self;
    memcpy(values(d, b), theta, count_of(d, b) * sizeof *theta);
    if (b % 2 == 0) eq_coupling_expand(&d->c[b / 2 + 1]);
}

/* [columns]: units of the lower layer that act on each of the upper one; NULL: memory ran out. */
static double *acting(const eq_coupling *c) {
    double *fan = eq_calloc(c->columns, sizeof *fan);
    for (size_t j = 0; fan != NULL && c->row == NULL && j < c->columns; j++)
        fan[j] = (double)c->rows;
    for (size_t k = 0; fan != NULL && c->row != NULL && k < c->count; k++) fan[c->column[k]] += 1.0;
    return fan;
}

/* Of the unit that weight or bias j of a block acts on. */
static size_t column_of(const eq_coupling *c, size_t b, size_t j) {
    if (b % 2 == 1) return j;
    return c->row == NULL ? j % c->columns : (size_t)c->column[j];
}

static eq_status fan_in(const void *self, size_t b, double *fan, eq_diag *diag) {
    const eq_coupling *c = coupling_of(self, b);
    double *all = acting(c);
    if (all == NULL) return eq_out_of_memory(diag);
    for (size_t j = 0; j < count_of(self, b); j++)
        fan[j] = b % 2 == 0 ? all[column_of(c, b, j)] : 1.0;
    eq_free(all);
    return EQ_OK;
}

static eq_status start(void *self, const eq_engine_options *o, eq_engine **out, eq_diag *diag) {
    return eq_discrete_engine(self, o, out, diag);
}

/* A residual is that of a fixed point: no phase is cut off any more. */
static void tolerate(void *self, double residual) {
    eq_discrete *d = self;
    d->o.tolerance = residual;
    d->o.free = d->o.nudged = 0;
    if (residual >= EQ_DISCRETE_SINGLE) return;
    d->o.single = false;
    for (size_t l = 1; l <= d->couplings; l++) eq_coupling_in_single(&d->c[l], false);
}

/* E = sum_l sum of the units' own energies - Phi, of one example, after a free phase. */
static void energy_of(eq_discrete *d, const double *x, const double *v, double *e, double *size) {
    const double *before = x, *s = v; /* x: as the engine has it */
    double *field = d->next[0];
    *e = *size = 0.0;
    for (size_t l = 1; l <= d->layers; before = s, s += d->width[l++]) {
        eq_coupling_biases(&d->c[l], 1, field);
        eq_coupling_forward(&d->c[l], &d->room, 1, before, d->stood, true, field);
        for (size_t k = 0; k < d->width[l]; k++) {
            double own = d->o.sigma->energy(s[k]);
            *e += own - s[k] * field[k];
            *size += fabs(own) + fabs(s[k] * field[k]);
        }
    }
}

static eq_status energies(void *self, size_t count, const double *x, const double *v, double *e,
                          double *size, eq_diag *diag) {
    eq_discrete *d = self;
    (void)diag;
    (void)x;
    for (size_t k = 0; k < count; k++)
        energy_of(d, d->x + k * d->width[0], v + k * d->units, &e[k], &size[k]);
    return EQ_OK;
}

/* dL/dx = sum_s a_s dE/dx = A_1'(l) of the first layer, channel behind channel as x is. */
static eq_status input_gradient(void *self, size_t count, const double *x, const double *v,
                                const double *l, const double *dcdy, double *dldx, eq_diag *diag) {
    const eq_discrete *d = self;
    size_t inputs = d->width[0], channels = d->o.inputs.channels, places = inputs / channels;
    const uint8_t *index = d->at[0].index[1];
    double *image = eq_calloc(inputs, sizeof *image);
    (void)x, (void)v, (void)dcdy;
    if (image == NULL) return eq_out_of_memory(diag);
    for (size_t k = 0; k < count; k++, l += d->units, dldx += inputs) {
        memset(image, 0, inputs * sizeof *image);
        eq_coupling_backward(&d->c[1], &d->room, 1, l,
                             index == NULL ? NULL : index + k * d->width[1], image);
        for (size_t i = 0; i < inputs; i++) dldx[i] = image[i % places * channels + i / places];
    }
    eq_free(image);
    return EQ_OK;
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

/* The couplings, without their arrays: what they need of the layers is there. */
static eq_status couple(const eq_discrete_options *o, eq_coupling *c, eq_diag *diag) {
    eq_shape lower = o->inputs;
    for (size_t l = 1; l <= o->layers; l++) {
        eq_coupling_kind kind = o->layer[l - 1];
        size_t said = eq_diag_count(diag);
        eq_status status = eq_coupling_of(kind, lower, &c[l], diag);
        if (status != EQ_OK) {
            eq_fail(diag, status, "layer %zu of the network cannot be built", l);
            eq_diag_locate(diag, said, o->at[l - 1]);
            return status;
        }
        eq_coupling_in_single(&c[l], o->single);
        lower = c[l].upper;
    }
    return EQ_OK;
}

static eq_status check_layers(const eq_discrete_options *o, eq_diag *diag) {
    eq_coupling c[EQ_DISCRETE_WIDTHS] = {{0}};
    if (o->layers < 1 || o->layers > EQ_DISCRETE_LAYERS)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "a network of %zu layers behind its inputs; give 1 to %d, as in "
                       "layers=\"784,512,10\" or as <conv .../> and <dense .../>",
                       o->layers, EQ_DISCRETE_LAYERS);
    eq_status status = couple(o, c, diag);
    if (status != EQ_OK) return status;
    double most = 0.0;
    for (size_t l = 1; l <= o->layers; l++) most += (double)c[l].rows * (double)c[l].columns;
    if (most > EQ_MOST_ITEMS)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "layers of these sizes have %.3g weights, more than %d; make them smaller",
                       most, EQ_MOST_ITEMS);
    if (o->readout && (o->layers < 2 || o->layer[o->layers - 1].convolves))
        return eq_fail(diag, EQ_ERR_INPUT,
                       "a readout is a dense layer behind at least one of the state; add a layer "
                       "before it");
    return EQ_OK;
}

/* Sums of single numbers move by their round-off from one phase to the next. */
static eq_status check_precision(const eq_discrete_options *o, eq_diag *diag) {
    if (!o->single || o->tolerance >= EQ_DISCRETE_SINGLE) return EQ_OK;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "precision=\"single\" cannot find states to tolerance=%g; give %g or more, or "
                   "take precision=\"double\"",
                   o->tolerance, EQ_DISCRETE_SINGLE);
}

eq_status eq_discrete_check(const eq_discrete_options *o, eq_diag *diag) {
    eq_status status = check_layers(o, diag);
    if (status == EQ_OK) status = check_precision(o, diag);
    return status == EQ_OK ? eq_engine_searches(o->tolerance, o->steps, diag) : status;
}

/* Uniform in +-1/sqrt(units that act), biases too. */
static eq_status draw(eq_discrete *d, eq_diag *diag) {
    eq_random random = eq_random_seed(d->o.seed);
    for (size_t b = 0; b < 2 * d->couplings; b++) {
        const eq_coupling *c = coupling_of(d, b);
        double *fan = acting(c), *theta = values(d, b);
        if (fan == NULL) return eq_out_of_memory(diag);
        for (size_t j = 0; j < count_of(d, b); j++) {
            double bound = 1.0 / sqrt(fmax(fan[column_of(c, b, j)], 1.0));
            theta[j] = bound * (2.0 * eq_random_uniform(&random) - 1.0);
        }
        eq_free(fan);
        if (b % 2 == 0) eq_coupling_expand(&d->c[b / 2 + 1]);
    }
    return EQ_OK;
}

/* Takes weights out of dense couplings; convolutions keep theirs, and have no name here. */
static eq_status thin(eq_discrete *d, eq_diag *diag) {
    double density[EQ_DISCRETE_LAYERS];
    char name[EQ_DISCRETE_LAYERS][8] = {{0}};
    for (size_t l = 1; l <= d->couplings; l++)
        if (!d->c[l].kind.convolves)
            snprintf(name[l - 1], sizeof *name, "w%u", (unsigned)(l % 100));
    eq_status status = eq_densities_read(d->o.density, d->o.density_at, d->couplings,
                                         (const char(*)[8])name, density, diag);
    eq_random random = eq_thin_random(d->o.topology, d->o.seed);
    for (size_t l = 1; status == EQ_OK && l <= d->couplings; l++) {
        eq_coupling *c = &d->c[l];
        size_t all = c->rows * c->columns, count = eq_thin_count(density[l - 1], all);
        if (count >= all) continue;
        c->count = count;
        if (!eq_thin_choose(c->rows, c->columns, false, count, &random, &c->row, &c->column))
            status = eq_out_of_memory(diag);
    }
    return status;
}

/* Which units of the upper layer an input acts on, by those of the lower one; each where the coupling lacks none. */
static void reach(const eq_coupling *c, const bool *lower, bool *upper) {
    for (size_t k = 0; c->row != NULL && k < c->count; k++) upper[c->column[k]] |= lower[c->row[k]];
    for (size_t j = 0; c->row == NULL && j < eq_shape_units(c->upper); j++)
        for (size_t i = 0; !upper[j] && i < eq_shape_units(c->lower); i++) upper[j] = lower[i];
}

/* Forwards: to which layer the last one acts back does not matter for an output. */
static eq_status check_reach(const eq_discrete *d, eq_diag *diag) {
    bool *lower = eq_calloc(d->width[0], sizeof *lower), *upper = NULL;
    for (size_t i = 0; lower != NULL && i < d->width[0]; i++) lower[i] = true;
    for (size_t l = 1; lower != NULL && l <= d->couplings; l++) {
        upper = eq_calloc(d->width[l], sizeof *upper);
        if (upper != NULL) reach(&d->c[l], lower, upper);
        eq_free(lower);
        lower = upper;
    }
    eq_status status = lower == NULL ? eq_out_of_memory(diag) : EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < d->outputs; k++)
        if (!lower[k])
            status = eq_fail_at(diag, EQ_ERR_INPUT, d->o.density_at,
                                "no input acts on the output 'y%zu'; raise density, or take "
                                "another topology",
                                k + 1);
    eq_free(lower);
    return status;
}

static void measure(eq_discrete *d) {
    d->width[0] = eq_shape_units(d->o.inputs);
    for (size_t l = 1; l <= d->couplings; l++) {
        d->width[l] = eq_shape_units(d->c[l].upper);
        if (l > d->layers) break;
        d->units += d->width[l];
        if (l % 2 == 0) d->evens += d->width[l];
        if (d->width[l] > d->largest) d->largest = d->width[l];
    }
    d->outputs = d->width[d->couplings];
}

static bool make_room(eq_discrete *d) {
    bool whole = true;
    d->said = eq_calloc(EQ_DISCRETE_NAME, 1);
    d->name = eq_calloc(2 * d->couplings, sizeof *d->name);
    for (size_t l = 1; l <= d->couplings; l++) whole = eq_coupling_allocate(&d->c[l]) && whole;
    return whole && d->said != NULL && d->name != NULL;
}

/* What stands in couplings that have their shapes. */
static eq_status build(eq_discrete *d, eq_diag *diag) {
    measure(d);
    eq_status status = thin(d, diag);
    if (status == EQ_OK && d->o.density != NULL) status = check_reach(d, diag);
    if (status == EQ_OK && !make_room(d)) status = eq_out_of_memory(diag);
    if (status != EQ_OK) return status;
    for (size_t b = 0; b < 2 * d->couplings; b++)
        snprintf(d->name[b], sizeof *d->name, "%c%u", b % 2 == 0 ? 'w' : 'b',
                 (unsigned)(b / 2 % 100 + 1));
    return draw(d, diag);
}

eq_status eq_discrete_new(const eq_discrete_options *o, eq_network **out, eq_diag *diag) {
    eq_status status = eq_discrete_check(o, diag);
    if (status != EQ_OK) return status;
    eq_discrete *d = eq_calloc(1, sizeof *d);
    if (d == NULL) return eq_out_of_memory(diag);
    d->o = *o;
    d->couplings = o->layers;
    d->layers = o->layers - (o->readout ? 1 : 0);
    status = couple(o, d->c, diag);
    if (status == EQ_OK) status = build(d, diag);
    if (status != EQ_OK) {
        destroy(d);
        return status;
    }
    eq_substrate s = {&ops, d, d->width[0], d->outputs, d->units, 2 * d->couplings, NULL};
    return eq_network_of(s, out, diag);
}
