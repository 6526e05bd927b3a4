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

void eq_hopfield_options_free(eq_hopfield_options *o) {
    eq_free(o->density);
    eq_free(o->edges);
    eq_free(o->inputs);
    eq_free(o->outputs);
}

static void destroy(void *self) {
    eq_hopfield *h = self;
    if (h == NULL) return;
    for (size_t k = 0; k < h->couplings; k++) {
        eq_coupling_clear(&h->coupling[k].of);
    }
    for (size_t l = 0; l < EQ_HOPFIELD_LAYERS; l++) {
        eq_free(h->b[l]);
        eq_free(h->label[l]);
    }
    eq_names_free(h->unit);
    eq_free(h->name);
    eq_free(h->said);
    eq_free(h);
}

static eq_block block(const void *self, size_t b) {
    const eq_hopfield *h = self;
    eq_block out = {h->name[b], h->name[b][0] == 'b' ? "b" : "w", "", -INFINITY, INFINITY, 0, 0};
    for (size_t k = 0; k < h->runs; k++)
        if (h->run[k].block == b) out.count += h->run[k].count;
    return out;
}

/* "_3_7", of a graph "_h1_h2". */
static void name_of(const eq_hopfield *h, const eq_hopfield_run *r, size_t j, char *to,
                    size_t room) {
    size_t row, column;
    if (r->coupling == NULL) {
        if (h->unit != NULL)
            snprintf(to, room, "_%.40s", eq_names_get(h->unit, h->label[r->layer][j]));
        else
            snprintf(to, room, "_%zu", j + 1);
        return;
    }
    const eq_hopfield_coupling *c = r->coupling;
    eq_hopfield_ends(c, j, &row, &column);
    if (h->unit != NULL)
        snprintf(to, room, "_%.40s_%.40s", eq_names_get(h->unit, h->label[c->from][row]),
                 eq_names_get(h->unit, h->label[c->to][column]));
    else
        snprintf(to, room, "_%zu_%zu", row + 1, column + 1);
}

static const char *name(const void *self, size_t b, size_t j) {
    const eq_hopfield *h = self;
    int n = snprintf(h->said, EQ_HOPFIELD_NAME, "%s", h->name[b]);
    for (size_t k = 0; k < h->runs; k++) {
        const eq_hopfield_run *r = &h->run[k];
        if (r->block == b && j >= r->first && j - r->first < r->count)
            name_of(h, r, j - r->first, h->said + n, EQ_HOPFIELD_NAME - (size_t)n);
    }
    return h->said;
}

static const char *output(const void *self, size_t k, bool *pair) {
    const eq_hopfield *h = self;
    *pair = false;
    if (h->unit != NULL) return eq_names_get(h->unit, h->label[h->layers][k]);
    snprintf(h->said, EQ_HOPFIELD_NAME, "y%zu", k + 1);
    return h->said;
}

static void get(const void *self, size_t b, double *theta) {
    const eq_hopfield *h = self;
    for (size_t k = 0; k < h->runs; k++)
        if (h->run[k].block == b)
            memcpy(theta + h->run[k].first, h->run[k].value, h->run[k].count * sizeof *theta);
}

static void put(void *self, size_t b, const double *theta) {
    eq_hopfield *h = self;
    for (size_t k = 0; k < h->runs; k++) {
        eq_hopfield_run *r = &h->run[k];
        if (r->block != b) continue;
        memcpy(r->value, theta + r->first, r->count * sizeof *theta);
        if (r->coupling != NULL) eq_hopfield_expand(r->coupling);
    }
}

/* Where layer l begins among the inputs and units. */
static size_t node_of(const eq_hopfield *h, size_t l) {
    size_t at = 0;
    for (size_t k = 0; k < l; k++) at += h->o.width[k];
    return at;
}

/* ends[inputs and units] += how many weights of a coupling each has: those below, above, or both. */
static void count_ends(const eq_hopfield *h, const eq_hopfield_coupling *c, double *ends) {
    double *from = ends + node_of(h, c->from), *to = ends + node_of(h, c->to);
    for (size_t k = 0, i, j; k < c->of.count; k++) {
        eq_hopfield_ends(c, k, &i, &j);
        from[i]++;
        to[j]++;
    }
}

/* The same of the weights that count with those of a coupling: its own, in a graph all. */
static void count_beside(const eq_hopfield *h, const eq_hopfield_coupling *c, double *ends) {
    memset(ends, 0, (h->o.width[0] + h->units) * sizeof *ends);
    for (size_t k = 0; k < h->couplings; k++)
        if (h->unit != NULL || c == &h->coupling[k]) count_ends(h, &h->coupling[k], ends);
}

/* The weights of the unit above, in a graph of that of the two which has more. */
static eq_status fan_in(const void *self, size_t b, double *fan, eq_diag *diag) {
    const eq_hopfield *h = self;
    double *ends = eq_calloc(h->o.width[0] + h->units, sizeof *ends);
    if (ends == NULL) return eq_out_of_memory(diag);
    for (size_t k = 0; k < h->runs; k++) {
        const eq_hopfield_run *r = &h->run[k];
        const eq_hopfield_coupling *c = r->coupling;
        if (r->block != b) continue;
        if (c != NULL) count_beside(h, c, ends);
        for (size_t p = 0, i, j; p < r->count; p++) {
            double *to = fan + r->first + p;
            *to = 1.0;
            if (c == NULL) continue;
            eq_hopfield_ends(c, p, &i, &j);
            *to = ends[node_of(h, c->to) + j];
            if (h->unit != NULL) *to = fmax(*to, ends[node_of(h, c->from) + i]);
        }
    }
    eq_free(ends);
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

/* One term of them. */
static void add_term(double field, double r, double *e, double *size) {
    *e -= field * r;
    *size += fabs(field * r);
}

/* -r_from W r_to, from layers that stand at `from` and `to`; inside a layer each pair once. */
static void add_coupling(const eq_hopfield *h, const eq_hopfield_coupling *c, const double *from,
                         const double *to, double *e, double *size) {
    bool inputs = c->from == 0;
    if (c->of.w == NULL) {
        for (size_t k = 0; k < c->of.count; k++) {
            double s = from[c->of.row[k]];
            add_term((inputs ? s : sigma_of(h, s)) * c->of.theta[k],
                     sigma_of(h, to[c->of.column[k]]), e, size);
        }
        return;
    }
    for (size_t j = 0; j < c->of.columns; j++) {
        double field = 0.0;
        for (size_t i = 0; i < (c->from == c->to ? j : c->of.rows); i++)
            field += (inputs ? from[i] : sigma_of(h, from[i])) * c->of.w[i * c->of.columns + j];
        add_term(field, sigma_of(h, to[j]), e, size);
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
    double *mu = eq_malloc(h->largest, sizeof *mu);
    (void)x, (void)dcdy;
    if (mu == NULL) return eq_out_of_memory(diag);
    memset(dldx, 0, count * h->o.width[0] * sizeof *dldx);
    for (size_t q = 0; q < h->couplings; q++) {
        const eq_hopfield_coupling *c = &h->coupling[q];
        for (size_t k = 0; c->from == 0 && k < count; k++) {
            size_t at = k * h->units + place_of(h, c->to);
            for (size_t j = 0; j < c->of.columns; j++) {
                double r = sigma_of(h, v[at + j]);
                mu[j] = l[at + j] * (h->o.sigma->clips ? 1.0 : h->o.sigma->rate(r));
            }
            eq_coupling_backward(&c->of, &h->room, 1, mu, NULL, dldx + k * h->o.width[0]);
        }
    }
    eq_free(mu);
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

/* The layers, of which the weights are counted before any is made. */
static eq_status check_layers(const eq_hopfield_options *o, eq_diag *diag) {
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
    if (status != EQ_OK || most <= EQ_MOST_ITEMS) return status;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "layers of these widths have %.3g weights, more than %d; make them smaller",
                   most, EQ_MOST_ITEMS);
}

eq_status eq_hopfield_check(const eq_hopfield_options *o, eq_diag *diag) {
    bool links = o->layers > 0 || o->skips > 0 || o->lateral != 0 || o->density != NULL;
    if (o->edges != NULL && links)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "a network of edges has no layers, skip, lateral and density: its edges say "
                       "which units there are and which of them are coupled; leave these out, or "
                       "the edges");
    eq_status status = o->edges == NULL ? check_layers(o, diag) : EQ_OK;
    if (status != EQ_OK) return status;
    if (!(o->step > 0.0 && o->step < 2.0))
        return eq_fail(diag, EQ_ERR_INPUT,
                       "step=%g of Euler's method; a unit alone needs 0 < step < 2", o->step);
    return eq_engine_searches(o->tolerance, o->steps, diag);
}

/* Weights between two hidden layers are a quarter as wide: as wide as the others they have a largest singular value
 * of 2, the energy has many minima, and outputs end at their bounds. */
static double width_of(const eq_hopfield *h, const eq_hopfield_coupling *c) {
    bool hidden = c->from > 0 && c->from != c->to && c->to < h->layers;
    return hidden && h->unit == NULL ? 0.25 : 1.0;
}

/* What a list of edges gives stays. */
static eq_status draw(eq_hopfield *h, eq_diag *diag) {
    eq_random random = eq_random_seed(h->o.seed);
    double *ends = eq_calloc(h->o.width[0] + h->units, sizeof *ends);
    if (ends == NULL) return eq_out_of_memory(diag);
    for (size_t k = 0; k < h->couplings; k++) {
        eq_hopfield_coupling *c = &h->coupling[k];
        bool all = c->of.count == eq_hopfield_pairs(c);
        double width = width_of(h, c);
        if (!all || h->unit != NULL) count_beside(h, c, ends);
        for (size_t p = 0, i, j; p < c->of.count; p++) {
            eq_hopfield_ends(c, p, &i, &j);
            double both = (double)(c->of.rows + c->of.columns);
            if (!all || h->unit != NULL)
                both = ends[node_of(h, c->from) + i] + ends[node_of(h, c->to) + j];
            double bound = width * sqrt(6.0 / both),
                   w = bound * (2.0 * eq_random_uniform(&random) - 1.0);
            if (h->unit == NULL || isnan(c->of.theta[p])) c->of.theta[p] = w;
        }
        eq_hopfield_expand(c);
    }
    eq_free(ends);
    return EQ_OK;
}

static eq_status make_room(eq_hopfield *h, eq_diag *diag) {
    bool whole = true;
    for (size_t l = 1; l <= h->layers; l++) {
        h->b[l] = eq_calloc_aligned(h->o.width[l], sizeof(double));
        whole = whole && h->b[l] != NULL;
        h->units += h->o.width[l];
        if (h->o.width[l] > h->largest) h->largest = h->o.width[l];
    }
    h->said = eq_calloc(EQ_HOPFIELD_NAME, 1);
    h->name = eq_calloc(EQ_HOPFIELD_RUNS, sizeof *h->name);
    whole = whole && h->said != NULL && h->name != NULL;
    return whole ? eq_hopfield_weave(h, diag) : eq_out_of_memory(diag);
}

/* The next parameters, of a coupling or the biases of a layer, as a block of the name or behind those of it. */
static void add_run(eq_hopfield *h, eq_hopfield_coupling *c, size_t layer, const char *name) {
    eq_hopfield_run *r = &h->run[h->runs++];
    *r = (eq_hopfield_run){.coupling = c, .layer = layer};
    r->count = c == NULL ? h->o.width[layer] : c->of.count;
    r->value = c == NULL ? h->b[layer] : c->of.theta;
    while (r->block < h->blocks && strcmp(h->name[r->block], name) != 0) r->block++;
    if (r->block == h->blocks) snprintf(h->name[h->blocks++], sizeof *h->name, "%s", name);
    for (const eq_hopfield_run *k = h->run; k < r; k++)
        if (k->block == r->block) r->first += k->count;
}

/* Blocks are w1, b1, w2, b2, .., then the other couplings; of a graph w and b. */
static void lay_blocks(eq_hopfield *h) {
    char name[8];
    bool graph = h->unit != NULL;
    for (size_t k = 0; k < h->couplings; k++) {
        eq_hopfield_coupling_name(&h->coupling[k], name);
        add_run(h, &h->coupling[k], 0, graph ? "w" : name);
        if (graph || k >= h->layers) continue;
        name[0] = 'b';
        add_run(h, NULL, k + 1, name);
    }
    for (size_t l = 1; graph && l <= h->layers; l++) add_run(h, NULL, l, "b");
}

static eq_status build(eq_hopfield *h, eq_diag *diag) {
    eq_status status = h->o.edges != NULL ? eq_hopfield_graph(h, diag) : EQ_OK;
    if (status == EQ_OK) status = make_room(h, diag);
    if (status == EQ_OK && (h->unit != NULL || h->o.density != NULL))
        status = eq_hopfield_joined(h, diag);
    if (status != EQ_OK) return status;
    lay_blocks(h);
    return draw(h, diag);
}

eq_status eq_hopfield_new(const eq_hopfield_options *o, eq_network **out, eq_diag *diag) {
    eq_status status = eq_hopfield_check(o, diag);
    if (status != EQ_OK) return status;
    eq_hopfield *h = eq_calloc(1, sizeof *h);
    if (h == NULL) return eq_out_of_memory(diag);
    h->o = *o;
    h->layers = o->edges == NULL ? o->layers - 1 : 0;
    status = build(h, diag);
    if (status != EQ_OK) {
        destroy(h);
        return status;
    }
    eq_substrate s = {&ops, h, h->o.width[0], h->o.width[h->layers], h->units, h->blocks, NULL};
    return eq_network_of(s, out, diag);
}
