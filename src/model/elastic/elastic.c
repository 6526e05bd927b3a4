/* An elastic network as what a model is made of: the stiffnesses and rest lengths of its springs. */
#include "model/elastic/elastic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "model/elastic/net.h"
#include "model/network.h"

enum { STIFFNESS, LENGTH, BLOCKS };

eq_elastic_options eq_elastic_defaults(void) {
    return (eq_elastic_options){
        .k_min = 1e-3, .k_max = 1e3, .l_min = 1e-3, .l_max = 1e3, .tolerance = 1e-10, .steps = 200};
}

void eq_elastic_options_free(eq_elastic_options *o) {
    eq_free(o->nodes);
    eq_free(o->springs);
    eq_free(o->inputs);
    eq_free(o->outputs);
}

static void destroy(void *self) {
    eq_elastic *e = self;
    if (e == NULL) return;
    eq_names_free(e->name);
    eq_free(e->rest);
    eq_free(e->load);
    eq_free(e->fixed);
    eq_free(e->spring);
    eq_free(e->k);
    eq_free(e->l);
    eq_free(e->input);
    eq_free(e->output);
    eq_free(e->unknown);
    eq_free(e->coordinate);
    eq_free(e->said);
    eq_free(e);
}

static double *values(const eq_elastic *e, size_t b) {
    return b == STIFFNESS ? e->k : e->l;
}

static eq_block block(const void *self, size_t b) {
    const eq_elastic *e = self;
    if (b == STIFFNESS) return (eq_block){"k", "k", "N/m", e->o.k_min, e->o.k_max, 0, e->springs};
    return (eq_block){"l", "l", "m", e->o.l_min, e->o.l_max, 0, e->springs};
}

static const char *name(const void *self, size_t b, size_t j) {
    const eq_elastic *e = self;
    snprintf(e->said, EQ_ELASTIC_NAME, "%s_%.40s_%.40s", b == STIFFNESS ? "k" : "l",
             eq_names_get(e->name, e->spring[j].from), eq_names_get(e->name, e->spring[j].to));
    return e->said;
}

static const char *output(const void *self, size_t k, bool *pair) {
    const eq_elastic *e = self;
    int32_t d = (int32_t)e->dims;
    *pair = false;
    snprintf(e->said, EQ_ELASTIC_NAME, "%.80s.%c", eq_names_get(e->name, e->output[k] / d),
             "xyz"[e->output[k] % d]);
    return e->said;
}

static void get(const void *self, size_t b, double *theta) {
    const eq_elastic *e = self;
    memcpy(theta, values(e, b), e->springs * sizeof *theta);
}

static void put(void *self, size_t b, const double *theta) {
    eq_elastic *e = self;
    memcpy(values(e, b), theta, e->springs * sizeof *theta);
}

static eq_status fan_in(const void *self, size_t b, double *fan, eq_diag *diag) {
    const eq_elastic *e = self;
    (void)b, (void)diag;
    for (size_t j = 0; j < e->springs; j++) {
        fan[j] = 0.0;
        for (size_t k = 0; k < e->springs; k++)
            fan[j] += e->spring[k].from == e->spring[j].to || e->spring[k].to == e->spring[j].to;
    }
    return EQ_OK;
}

static eq_status start(void *self, const eq_engine_options *o, eq_engine **out, eq_diag *diag) {
    return eq_elastic_engine(self, o, out, diag);
}

/* dE/df = -u, so that dL/df = l; where the input holds the coordinate, dL/dx = -(H l) there. */
static eq_status input_gradient(void *self, size_t count, const double *x, const double *v,
                                const double *l, const double *dcdy, double *dldx, eq_diag *diag) {
    eq_elastic *e = self;
    size_t c = eq_elastic_coordinates(e), d = e->dims;
    (void)x, (void)dcdy, (void)diag;
    for (size_t j = 0; j < count; j++, v += c, l += c, dldx += e->inputs) {
        for (size_t i = 0; i < e->inputs; i++) dldx[i] = e->o.displaced ? 0.0 : l[e->input[i]];
        for (size_t k = 0; k < c; k++) e->trial[k] = v[k] + e->rest[k / d][k % d];
        for (size_t k = 0; e->o.displaced && k < e->springs; k++) {
            double n[3], r = eq_elastic_direction(e, e->trial, k, n), along = 0.0;
            const double *a = l + (size_t)e->spring[k].from * d,
                         *b = l + (size_t)e->spring[k].to * d;
            for (size_t i = 0; i < d; i++) along += n[i] * (b[i] - a[i]);
            for (size_t i = 0; i < e->inputs; i++) {
                size_t at = (size_t)e->input[i] / d, axis = (size_t)e->input[i] % d;
                double sign = (double)((int32_t)at == e->spring[k].to) -
                              (double)((int32_t)at == e->spring[k].from);
                double slack = 1.0 - e->l[k] / r;
                dldx[i] -= sign * e->k[k] *
                           (along * n[axis] + slack * (b[axis] - a[axis] - along * n[axis]));
            }
        }
    }
    return EQ_OK;
}

static eq_status energies(void *self, size_t count, const double *x, const double *v, double *e,
                          double *size, eq_diag *diag) {
    eq_elastic *of = self;
    size_t c = eq_elastic_coordinates(of), d = of->dims;
    (void)diag;
    for (size_t j = 0; j < count; j++, v += c) {
        for (size_t k = 0; k < c; k++) of->trial[k] = v[k] + of->rest[k / d][k % d];
        e[j] = eq_elastic_energy(of, x + j * of->inputs, of->trial, &size[j]);
    }
    return EQ_OK;
}

static void tolerate(void *self, double residual) {
    eq_elastic *e = self;
    e->o.tolerance = residual;
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

static eq_status check(const eq_elastic_options *o, eq_diag *diag) {
    if (o->nodes == NULL || o->springs == NULL)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "an elastic network needs nodes=\"FILE.csv\" and springs=\"FILE.csv\"");
    eq_status status = eq_engine_searches(o->tolerance, o->steps, diag);
    if (status != EQ_OK) return status;
    if (o->k_min > 0.0 && o->k_max > o->k_min && o->l_min > 0.0 && o->l_max > o->l_min)
        return EQ_OK;
    return eq_fail_at(diag, EQ_ERR_INPUT, o->at,
                      "k-min=%g, k-max=%g, l-min=%g and l-max=%g are no bounds of springs; give "
                      "positive ones that rise",
                      o->k_min, o->k_max, o->l_min, o->l_max);
}

eq_status eq_elastic_new(const eq_elastic_options *o, eq_network **out, eq_diag *diag) {
    eq_status status = check(o, diag);
    if (status != EQ_OK) return status;
    eq_elastic *e = eq_calloc(1, sizeof *e);
    if (e == NULL) return eq_out_of_memory(diag);
    e->o = *o;
    e->name = eq_names_new();
    e->said = eq_calloc(EQ_ELASTIC_NAME, 1);
    status = e->name == NULL || e->said == NULL ? eq_out_of_memory(diag) : eq_elastic_read(e, diag);
    if (status != EQ_OK) {
        destroy(e);
        return status;
    }
    eq_substrate s = {&ops, e, e->inputs, e->outputs, eq_elastic_coordinates(e), BLOCKS, NULL};
    return eq_network_of(s, out, diag);
}

bool eq_elastic_shape_of(const eq_network *n, eq_elastic_shape *out) {
    const eq_elastic *e = n->of.self;
    if (n->of.ops != &ops) return false;
    *out = (eq_elastic_shape){e->dims,  e->nodes, e->springs, (const double(*)[3])e->rest,
                              e->fixed, e->k,     e->input,   e->output};
    return true;
}

const char *eq_elastic_node(const eq_network *n, size_t node) {
    const eq_elastic *e = n->of.self;
    return eq_names_get(e->name, (int32_t)node);
}

void eq_elastic_ends(const eq_network *n, size_t spring, int32_t *from, int32_t *to) {
    const eq_elastic *e = n->of.self;
    *from = e->spring[spring].from;
    *to = e->spring[spring].to;
}
