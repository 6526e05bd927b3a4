/* The layered engine behind engine.h: memory, the minibatch and its parts,
 * conductances in and out. */
#include "model/layered/layered.h"

#include <math.h>
#include <string.h>

#include "base/comm.h"
#include "base/instructions.h"
#include "base/mem.h"
#include "model/engine_ops.h"
#include "solver/linear/blas.h"

/* The table of pairs of kept nodes may take this many bytes (about 128 x 128 nodes); what a step
 * costs grows with it, and larger networks are solved by sweeps. */
static const double most_pair_bytes = 8e6;

const eq_kernels *eq_kernels_pick(void) {
#ifdef __x86_64__
    eq_instructions best = eq_instructions_best();
    if (best == EQ_V4) return &eq_kernels_v4;
    if (best == EQ_V3) return &eq_kernels_v3;
#endif
    return &eq_kernels_base;
}

static size_t widest(const eq_layers *net) {
    size_t most = 0;
    for (size_t b = 0; b < net->bars; b++) most = net->bar[b].cols > most ? net->bar[b].cols : most;
    return most;
}

static void destroy(void *self) {
    eq_layered *e = self;
    if (e == NULL) return;
    for (size_t p = 0; e->work != NULL && p < e->works; p++) {
        eq_work *w = &e->work[p];
        for (int s = 0; s < EQ_MAX_SLOTS; s++) eq_free(w->v[s]);
        void *all[] = {
            w->least, w->in,     w->nudged,  w->from_k,      w->from_e,       w->inverse, w->f,
            w->slope, w->size,   w->step,    w->push,        w->schur,        w->factor,  w->cross,
            w->check, w->free_f, w->descent, w->free_from_k, w->free_inverse, w->column,  w->trial,
            w->drive, w->off,    w->sizes,   w->along,       w->free_from_e,  w->held};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
    }
    eq_derived *d = &e->derived;
    void *all[] = {d->fixed,   d->coupled,  d->constant, d->m,     d->turned, d->pairs,
                   d->bound,   e->work,     e->x,        e->delta, e->column, e->block_total,
                   e->between, e->exchange, e->thin,     d->q,     d->w[0],   d->w[1]};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
    for (int k = 0; e->gradient != NULL && k < eq_pool_threads(e->pool); k++)
        eq_free(e->gradient[k]);
    eq_free(e->gradient);
    eq_pool_free(e->pool);
    eq_free(e->tied);
    eq_layers_clear(&e->net);
    eq_free(e);
}

/* n doubles and room for one vector more; adds to *whole that it worked. */
static double *room(size_t n, bool *whole) {
    double *p = eq_calloc_aligned(n + 8, sizeof *p);
    *whole = *whole && p != NULL;
    return p;
}

static bool allocate_work(const eq_layered *e, eq_work *w, size_t most) {
    size_t ld = (most + 3) / 4 * 4, wide = (most + 7) / 8 * 8;
    size_t ne = e->net.eliminated, nk = e->net.kept, pairs = e->sweeps ? 0 : nk * (nk + 1) / 2,
           cross = 0;
    bool whole = true;
    for (size_t b = 0; b < e->net.bars; b++)
        if (e->net.bar[b].kind == EQ_ROWS_NODE && cross < e->net.bar[b].cols)
            cross = e->net.bar[b].cols;
    for (int s = 0; s < EQ_MAX_SLOTS; s++) w->v[s] = room((ne + nk) * ld, &whole);
    w->in = room((ne + nk) * ld, &whole);
    w->nudged = room(nk * ld, &whole);
    w->least = room(nk * ld, &whole);
    w->from_k = room(ne * ld, &whole);
    w->from_e = room(nk * ld, &whole);
    w->inverse = room((ne + nk) * ld, &whole);
    w->f = room(nk * ld, &whole);
    w->slope = room(nk * ld, &whole);
    w->size = room(nk * ld, &whole);
    w->step = room(nk * wide, &whole);
    w->push = room((ne + 1) * ld, &whole);
    w->schur = room(pairs * wide, &whole);
    w->factor = room(pairs * wide, &whole);
    w->descent = room((nk + 1) * wide, &whole);
    w->free_from_k = room(ne * ld, &whole);
    w->free_inverse = room(ne * ld, &whole);
    w->free_f = room(nk * ld, &whole);
    size_t swept = e->sweeps ? (ne + nk) * ld : 0;
    w->trial = room(swept, &whole);
    w->drive = room(swept, &whole);
    w->off = room(swept, &whole);
    w->sizes = room(swept, &whole);
    w->along = room(e->sweeps ? EQ_ALONGS * e->net.bands[0] * EQ_DIRECTIONS * ld : 0, &whole);
    w->free_from_e = room(e->sweeps ? nk * ld : 0, &whole);
    w->held = room(e->sweeps ? nk * ld : 0, &whole);
    w->check = room(3 * (ne * ld + 8), &whole);
    w->cross = room(2 * (EQ_MAX_SLOTS - 1) * cross * ld, &whole);
    w->column = room(widest(&e->net), &whole);
    return whole;
}

static bool allocate_derived(eq_layered *e) {
    eq_derived *d = &e->derived;
    size_t n = e->net.nodes, ne = e->net.eliminated, nk = e->net.kept;
    bool whole = true;
    d->fixed = room(n, &whole);
    d->coupled = room(n, &whole);
    d->constant = room(n, &whole);
    d->bound = room(n, &whole);
    d->m = room(ne * nk, &whole);
    d->turned = room(e->sweeps ? ne * nk : 0, &whole);
    d->q = room(e->sweeps ? ne * EQ_DIRECTIONS : 0, &whole);
    for (int k = 0; k < 2; k++) d->w[k] = room(e->sweeps ? nk * EQ_DIRECTIONS : 0, &whole);
    e->thin = room(e->sweeps ? n * EQ_DIRECTIONS : 0, &whole);
    d->pairs = room(e->sweeps ? 0 : nk * (nk + 1) / 2 * ne, &whole);
    return whole;
}

static bool allocate_products(eq_layered *e, size_t batch) {
    bool whole = true;
    for (size_t b = 0; b < e->net.bars; b++)
        if (e->net.bar[b].kind == EQ_ROWS_INPUT)
            e->net.bar[b].product = room(2 * batch * e->net.bar[b].cols, &whole);
    return whole;
}

static eq_status allocate(eq_layered *e, const eq_engine_options *o, eq_diag *diag) {
    size_t wide = widest(&e->net), between = 0, rows = 0;
    for (size_t b = 0; b < e->net.bars; b++) {
        const eq_crossbar *x = &e->net.bar[b];
        size_t need = x->rows * x->cols;
        if (x->kind == EQ_ROWS_NODE && need > between) between = need;
        if (x->rows > rows) rows = x->rows;
    }
    bool whole = allocate_derived(e) && allocate_products(e, o->batch);
    e->x = room(o->batch * e->net.c->inputs, &whole);
    e->delta = room(o->batch * wide, &whole);
    e->column = room(wide, &whole);
    e->block_total = room((rows / EQ_UPDATE_ROWS + 1) * wide, &whole);
    e->between = room(between, &whole);
    size_t share = e->sweeps ? EQ_MOST_IN_SWEPT_PART : EQ_MOST_IN_PART;
    e->works = (o->batch + share - 1) / share;
    e->work = eq_calloc(e->works, sizeof *e->work);
    e->tied = eq_calloc(2 * e->net.nodes, sizeof *e->tied);
    whole = whole && e->work != NULL && e->tied != NULL;
    size_t most = (o->batch + e->works - 1) / e->works;
    for (size_t p = 0; whole && p < e->works; p++) whole = allocate_work(e, &e->work[p], most);
    e->exchanged = 1 + e->net.nodes * ((most + 3) / 4 * 4);
    if (eq_comm_size() > 1) e->exchange = room(e->works * e->exchanged, &whole);
    if (!whole) return eq_out_of_memory(diag);
    eq_status status = eq_pool_new(o->threads, &e->pool, diag);
    if (status != EQ_OK) return status;
    e->gradient = eq_calloc((size_t)o->threads, sizeof *e->gradient);
    for (int k = 0; e->gradient != NULL && k < o->threads; k++)
        e->gradient[k] = room(2 * EQ_UPDATE_ROWS * wide, &whole);
    return e->gradient != NULL && whole ? EQ_OK : eq_out_of_memory(diag);
}

static void load(void *self) {
    eq_layered *e = self;
    eq_layers_load(&e->net);
    for (size_t j = 0; j < e->net.nodes; j++)
        e->derived.bound[j] = e->net.weight[j] * e->net.c->options.abstol;
    e->reltol = e->net.c->options.reltol;
    e->most_iterations = e->net.c->options.itl1;
    e->stale = true;
}

static eq_status create(eq_circuit *c, const eq_engine_options *o, void **self, eq_diag *diag) {
    eq_layered *e = eq_calloc(1, sizeof *e);
    if (e == NULL) return eq_out_of_memory(diag);
    eq_status status = eq_layers_find(c, &e->net, diag);
    double kept = (double)e->net.kept;
    e->sweeps = kept * (kept + 1.0) / 2.0 * (double)e->net.eliminated * 8.0 > most_pair_bytes;
    e->batch = o->batch;
    e->kernels = eq_kernels_pick();
    if (status == EQ_OK) status = allocate(e, o, diag);
    if (status == EQ_OK) {
        load(e);
        *self = e;
    } else {
        destroy(e);
    }
    return status;
}

static void store(const void *self) {
    const eq_layered *e = self;
    for (size_t b = 0; b < e->net.bars; b++) {
        const eq_crossbar *x = &e->net.bar[b];
        if (x->cls != EQ_CLASS_memristor) continue;
        double *g = e->net.c->table[EQ_CLASS_memristor].w[0];
        for (size_t k = 0; k < x->rows * x->cols; k++)
            if (x->element[k] != EQ_NONE) g[x->element[k]] = x->g[k];
    }
}

static eq_engine_info about(const void *self) {
    const eq_layered *e = self;
    eq_engine_info info = {.name = "layered", .sweeps = e->sweeps};
    for (size_t p = 0; p < e->works; p++) {
        info.iterations += e->work[p].iterations;
        info.passes += e->work[p].passes;
        info.solves += e->work[p].solves;
        info.worst_ratio = fmax(info.worst_ratio, e->work[p].worst);
    }
    return info;
}

/* Whether x[i + apart] = -x[i] exactly for every pair:
 * the first of a pair every `stride` from 0. */
static bool negated(const double *x, size_t inputs, size_t stride, size_t apart) {
    size_t differ = 0;
    for (size_t p = 0; p < inputs / 2; p++) differ += x[p * stride + apart] != -x[p * stride];
    return differ == 0;
}

static bool batch_negated(size_t n, const double *x, size_t inputs, size_t stride, size_t apart) {
    for (size_t k = 0; k < n; k++)
        if (!negated(x + k * inputs, inputs, stride, apart)) return false;
    return true;
}

/* Finds out how x and -x are paired and keeps the inputs, one of each pair. */
static void take_inputs(eq_layered *e, size_t n, const double *x) {
    size_t inputs = e->net.c->inputs, stride = 1;
    bool can = inputs % 2 == 0;
    for (size_t b = 0; b < e->net.bars; b++)
        can = can && (e->net.bar[b].kind != EQ_ROWS_INPUT || e->net.bar[b].fold != NULL);
    e->pairing = EQ_PAIRS_NONE;
    if (can && batch_negated(n, x, inputs, 2, 1))
        e->pairing = EQ_PAIRS_SIDE_BY_SIDE;
    else if (can && batch_negated(n, x, inputs, 1, inputs / 2))
        e->pairing = EQ_PAIRS_HALVES;
    if (e->pairing == EQ_PAIRS_SIDE_BY_SIDE) stride = 2;
    e->width = e->pairing == EQ_PAIRS_NONE ? inputs : inputs / 2;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < e->width; i++) e->x[k * e->width + i] = x[k * inputs + i * stride];
    if (e->stale || e->pairing != e->folded) eq_layered_fold(e);
}

/* Splits n examples into the parts, the first ones one example larger where it does not come out
 * even. */
static void split(eq_layered *e, size_t n) {
    size_t first = 0;
    e->n = n;
    for (size_t p = 0; p < e->works; p++) {
        eq_work *w = &e->work[p];
        w->first = first;
        w->n = n / e->works + (p < n % e->works);
        w->failed = 0.0;
        w->ld = (w->n + 3) / 4 * 4;
        w->wide = (w->n + 7) / 8 * 8;
        first += w->n;
    }
    eq_comm_partition(e->works, &e->own, &e->owned);
}

/* What each rank has solved of a slot becomes known to all: the states of its parts, and whether
 * they failed. The update is then the same on every rank, bit for bit. */
static void exchange(eq_layered *e, int slot) {
    size_t width = e->exchanged;
    if (e->exchange == NULL) return;
    for (size_t p = e->own; p < e->own + e->owned; p++) {
        const eq_work *w = &e->work[p];
        double *to = e->exchange + p * width;
        *to = w->failed;
        memcpy(to + 1, w->v[slot], e->net.nodes * w->ld * sizeof *to);
    }
    eq_comm_allgather(e->exchange, e->works, width);
    for (size_t p = 0; p < e->works; p++) {
        eq_work *w = &e->work[p];
        w->failed = e->exchange[p * width];
        memcpy(w->v[slot], e->exchange + p * width + 1, e->net.nodes * w->ld * sizeof *w->v[slot]);
    }
}

/* y = v(plus) - v(minus) of slot; fails when nodes hang on nothing or a part did not converge. */
static eq_status answer(eq_layered *e, int slot, double *y, eq_diag *diag) {
    size_t outputs = e->net.c->outputs;
    for (size_t p = 0; p < e->works; p++) {
        const eq_work *w = &e->work[p];
        eq_status status = eq_layered_check_ties(e, w, w->v[slot], diag);
        if (status != EQ_OK) return status;
        if (w->failed != 0.0)
            return eq_fail(
                diag, EQ_ERR_CONVERGE,
                "the %s phase of a minibatch did not converge: KCL residual %g times its "
                "bound after %d iterations; check conductances and input voltages, raise "
                "itl1, or take the sparse engine",
                slot == 0 ? "free" : "nudged", w->failed, e->most_iterations);
        for (size_t n = 0; y != NULL && n < w->n; n++) {
            for (size_t k = 0; k < outputs; k++) {
                double v = w->v[slot][(size_t)e->net.plus[k] * w->ld + n];
                if (e->net.minus[k] != EQ_NONE)
                    v -= w->v[slot][(size_t)e->net.minus[k] * w->ld + n];
                y[(w->first + n) * outputs + k] = v;
            }
        }
    }
    return EQ_OK;
}

static void free_job(void *data, int k) {
    eq_layered *e = data;
    eq_work *w = &e->work[e->own + (size_t)k];
    if (w->n > 0) (e->sweeps ? eq_layered_sweep_free : eq_layered_free)(e, w);
}

static eq_status free_phase(void *self, size_t n, const double *x, double *y, eq_diag *diag) {
    eq_layered *e = self;
    take_inputs(e, n, x);
    split(e, n);
    eq_layered_project(e);
    eq_pool_run(e->pool, (int)e->owned, free_job, e);
    exchange(e, 0);
    return answer(e, 0, y, diag);
}

typedef struct nudged_work {
    eq_layered *e;
    int slot;
    const eq_nudge *nudge;
} nudged_work;

static void nudged_job(void *data, int k) {
    const nudged_work *job = data;
    eq_layered *e = job->e;
    eq_work *w = &e->work[e->own + (size_t)k];
    if (w->n > 0)
        (e->sweeps ? eq_layered_sweep_nudged : eq_layered_nudged)(e, w, job->slot, job->nudge);
}

static eq_status nudged_phase(void *self, int slot, const eq_nudge *nudge, double *y,
                              eq_diag *diag) {
    eq_layered *e = self;
    nudged_work job = {e, slot, nudge};
    eq_pool_run(e->pool, (int)e->owned, nudged_job, &job);
    exchange(e, slot);
    return answer(e, slot, y, diag);
}

typedef struct adjoint_work {
    eq_layered *e;
    const double *dcdy;
} adjoint_work;

static void adjoint_job(void *data, int k) {
    const adjoint_work *job = data;
    eq_work *w = &job->e->work[job->e->own + (size_t)k];
    if (w->n > 0) eq_layered_adjoint(job->e, w, job->dcdy);
}

static eq_status adjoint_phase(void *self, const double *dcdy, eq_diag *diag) {
    eq_layered *e = self;
    adjoint_work job = {e, dcdy};
    eq_pool_run(e->pool, (int)e->owned, adjoint_job, &job);
    exchange(e, EQ_ADJOINT);
    for (size_t p = 0; p < e->works; p++)
        if (e->work[p].failed != 0.0)
            return eq_fail(diag, EQ_ERR_CONVERGE,
                           "the adjoint of a minibatch did not converge: %g of its right side is "
                           "left; raise itl1, or take the sparse engine",
                           e->work[p].failed);
    return EQ_OK;
}

static eq_status update(void *self, const double a[EQ_MAX_SLOTS], eq_step step, void *data,
                        eq_diag *diag) {
    (void)diag;
    eq_layered_update(self, a, step, data);
    return EQ_OK;
}

static void potentials(const void *self, int slot, double *v) {
    const eq_layered *e = self;
    size_t nodes = eq_circuit_nodes(e->net.c);
    for (size_t p = 0; p < e->works; p++) {
        const eq_work *w = &e->work[p];
        for (size_t j = 0; j < e->net.nodes; j++)
            for (size_t n = 0; n < w->n; n++)
                v[(w->first + n) * nodes + (size_t)e->net.node[j]] = w->v[slot][j * w->ld + n];
    }
}

static void disturb(void *self, int slot, eq_disturbance error, const void *data) {
    const eq_layered *e = self;
    for (size_t p = 0; p < e->works; p++) {
        const eq_work *w = &e->work[p];
        for (size_t j = 0; j < e->net.nodes; j++)
            for (size_t n = 0; n < w->n; n++)
                w->v[slot][j * w->ld + n] += error(data, w->first + n, e->net.node[j]);
    }
}

static size_t group_rows(const void *self, size_t group, int32_t *rows) {
    const eq_layered *e = self;
    size_t count = 0;
    for (size_t b = 0; b < e->net.bars; b++) {
        const eq_crossbar *x = &e->net.bar[b];
        if (x->group != (int32_t)group) continue;
        for (size_t k = 0; k < x->rows * x->cols; k++)
            if (x->element[k] != EQ_NONE) rows[count++] = x->element[k];
    }
    return count;
}

const eq_engine_ops eq_engine_layered_ops = {
    .name = "layered",
    .create = create,
    .destroy = destroy,
    .about = about,
    .load = load,
    .store = store,
    .free_phase = free_phase,
    .nudged_phase = nudged_phase,
    .adjoint_phase = adjoint_phase,
    .update = update,
    .potentials = potentials,
    .disturb = disturb,
    .group_rows = group_rows,
};
