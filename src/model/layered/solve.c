/* The phases of the layered engine: nonlinear elimination. With the kept nodes held every
 * eliminated node is solved exactly (node.h); Newton's method on the kept nodes uses the
 * exact Schur complement
 *
 *     S = D_K - M^T diag(1/D_E) M,
 *
 * one matrix product with the table of the M_ea M_eb for the whole minibatch. A nudged phase starts
 * from the free state with the free phase's factor (chord Newton). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/layered/layered.h"
#include "solver/linear/blas.h"

static void derive_fixed_rows(eq_layered *e, const eq_crossbar *x) {
    for (size_t c = 0; c < x->cols; c++) {
        double s = x->col_scale[c], d = x->weight[c], current = 0.0;
        for (size_t r = 0; x->kind == EQ_ROWS_CONSTANT && r < x->rows; r++)
            current += x->volts[r] * x->g[r * x->cols + c];
        e->derived.fixed[x->col[c]] += d * s * s * x->total[c];
        e->derived.constant[x->col[c]] += d * s * current;
    }
}

/* The table M_ea M_eb for every pair a >= b of kept nodes. */
static void derive_pairs(eq_layered *e) {
    size_t ne = e->net.eliminated, nk = e->net.kept;
    double *to = e->derived.pairs;
    const double *m = e->derived.m;
    for (size_t a = 0; a < nk; a++)
        for (size_t b = 0; b <= a; b++, to += ne)
            for (size_t h = 0; h < ne; h++) to[h] = m[h * nk + a] * m[h * nk + b];
}

/* Expects `total` of the input crossbars to be up to date. */
void eq_layered_derive(eq_layered *e) {
    eq_derived *d = &e->derived;
    size_t n = e->net.nodes;
    memcpy(d->fixed, e->net.shunt, n * sizeof *d->fixed);
    memcpy(d->constant, e->net.source, n * sizeof *d->constant);
    memset(d->coupled, 0, n * sizeof *d->coupled);
    for (size_t b = 0; b < e->net.bars; b++)
        if (e->net.bar[b].kind != EQ_ROWS_NODE) derive_fixed_rows(e, &e->net.bar[b]);
    eq_layered_derive_coupling(e);
    if (e->sweeps)
        eq_layered_derive_outline(e);
    else
        derive_pairs(e);
    eq_layered_find_ties(e);
}

void eq_layered_fold(eq_layered *e) {
    e->folded = e->pairing;
    e->stale = false;
    for (size_t b = 0; b < e->net.bars; b++) {
        eq_crossbar *x = &e->net.bar[b];
        if (x->kind != EQ_ROWS_NODE) eq_layered_total(e, x);
        if (x->fold == NULL || e->pairing == EQ_PAIRS_NONE) continue;
        size_t pairs = x->rows / 2;
        for (size_t p = 0; p < pairs; p++) {
            bool beside = e->pairing == EQ_PAIRS_SIDE_BY_SIDE;
            const double *plus = x->g + (beside ? 2 * p : p) * x->cols;
            const double *minus = x->g + (beside ? 2 * p + 1 : p + pairs) * x->cols;
            for (size_t c = 0; c < x->cols; c++) x->fold[p * x->cols + c] = plus[c] - minus[c];
        }
    }
    eq_layered_derive(e);
}

/* The products X g of one input crossbar, by blocks that threads share. */
typedef struct projection {
    const eq_layered *e;
    const eq_crossbar *x;
    size_t rows;   /* of x, or its pairs of rows */
    size_t blocks; /* of columns */
} projection;

/* Halves of the rows, the stretches that two threads update, so that they find in their caches what
 * they have written; of 256 columns at most. Whatever the number of threads, so that the bits do
 * not depend on it. Nor do they depend on the number of ranks, which all project the whole
 * minibatch: OpenBLAS may round a part of it otherwise. */
enum { BLOCK_COLUMNS = 256 };

static void project_block(void *data, int k) {
    const projection *p = data;
    const eq_layered *e = p->e;
    const eq_crossbar *x = p->x;
    bool folded = e->pairing != EQ_PAIRS_NONE;
    size_t half = (size_t)k / p->blocks, from = (size_t)k % p->blocks * BLOCK_COLUMNS;
    size_t cols = x->cols - from < BLOCK_COLUMNS ? x->cols - from : BLOCK_COLUMNS;
    size_t middle = (p->rows + EQ_UPDATE_ROWS - 1) / EQ_UPDATE_ROWS / 2 * EQ_UPDATE_ROWS;
    size_t r0 = half == 0 ? 0 : middle, r1 = half == 0 ? middle : p->rows;
    const double *volts = e->x, *g = (folded ? x->fold : x->g) + from;
    double *to = x->product + half * e->batch * x->cols + from;
    if (p->rows == e->width) {
        eq_gemm_nn(e->n, cols, r1 - r0, 1.0, volts + r0, e->width, g + r0 * x->cols, x->cols, 0.0,
                   to, x->cols);
        return;
    }
    for (size_t n = 0; n < e->n; n++, volts += e->width, to += x->cols) {
        memset(to, 0, cols * sizeof *to);
        for (size_t r = r0; r < r1; r++)
            for (size_t c = 0; c < cols; c++) to[c] += volts[x->row[r]] * g[r * x->cols + c];
    }
}

void eq_layered_project(const eq_layered *e) {
    for (size_t b = 0; b < e->net.bars; b++) {
        const eq_crossbar *x = &e->net.bar[b];
        size_t rows = e->pairing != EQ_PAIRS_NONE ? x->rows / 2 : x->rows;
        projection p = {e, x, rows, (x->cols + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS};
        if (x->kind == EQ_ROWS_INPUT) eq_pool_run(e->pool, 2 * (int)p.blocks, project_block, &p);
    }
}

/* in = constant + sum over the input crossbars of d s (X g)^T: the current from the fixed nodes. */
void eq_layered_gather_inputs(const eq_layered *e, eq_work *w) {
    size_t ld = w->ld;
    for (size_t j = 0; j < e->net.nodes; j++)
        for (size_t n = 0; n < ld; n++) w->in[j * ld + n] = e->derived.constant[j];
    for (size_t b = 0; b < e->net.bars; b++) {
        const eq_crossbar *x = &e->net.bar[b];
        if (x->kind != EQ_ROWS_INPUT) continue;
        const double *product = x->product + w->first * x->cols;
        const double *other = product + e->batch * x->cols;
        for (size_t c = 0; c < x->cols; c++) {
            double scale = x->weight[c] * x->col_scale[c], *in = w->in + (size_t)x->col[c] * ld;
            for (size_t n = 0; n < w->n; n++)
                in[n] += scale * (product[n * x->cols + c] + other[n * x->cols + c]);
        }
    }
}

/* S = D_K - M^T diag(1/D_E) M in every lane. */
static void form_schur(const eq_layered *e, eq_work *w) {
    size_t nk = e->net.kept, pairs = nk * (nk + 1) / 2, ld = w->ld;
    eq_product p = {pairs, e->net.eliminated, e->derived.pairs, e->net.eliminated, 1, -1.0, false};
    e->kernels->lanes_product(&p, ld, w->inverse, ld, w->schur, w->wide);
    for (size_t k = 0; k < nk; k++) {
        double *diagonal = w->schur + (k * (k + 1) / 2 + k) * w->wide;
        for (size_t n = 0; n < ld; n++) diagonal[n] += w->slope[k * ld + n];
    }
}

static double *schur_at(const eq_layered *e, eq_work *w, int32_t a, int32_t b) {
    size_t i = (size_t)a - e->net.eliminated, j = (size_t)b - e->net.eliminated;
    return w->schur + (i > j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i) * w->wide;
}

/* Energy nudging (Eq. 2.6) adds B^T slope B to S; B has +1 at the plus and -1 at the minus node. */
static void nudge_schur(const eq_layered *e, eq_work *w, const eq_nudge *nudge) {
    size_t outputs = e->net.c->outputs;
    for (size_t n = 0; n < w->n; n++) {
        const double *slope = nudge->slope + (w->first + n) * outputs * outputs;
        for (size_t k = 0; k < outputs; k++) {
            for (size_t l = 0; l < outputs; l++) {
                int32_t row[2] = {e->net.plus[k], e->net.minus[k]};
                int32_t col[2] = {e->net.plus[l], e->net.minus[l]};
                for (int q = 0; q < 4; q++) {
                    int32_t a = row[q / 2], b = col[q % 2];
                    double sign = q / 2 == q % 2 ? 1.0 : -1.0;
                    /* the triangle is stored once: a < b and a > b are the same entry */
                    if (a != EQ_NONE && b != EQ_NONE && a >= b)
                        schur_at(e, w, a, b)[n] += sign * slope[k * outputs + l];
                }
            }
        }
    }
}

void eq_layered_factor(const eq_layered *e, eq_work *w, const eq_nudge *nudge) {
    form_schur(e, w);
    if (nudge != NULL && nudge->slope != NULL) nudge_schur(e, w, nudge);
    e->kernels->cholesky_factor(e->net.kept, w->wide, w->schur, w->factor);
    w->factored = true;
}

static double volts(const eq_work *w, const double *v, int32_t node, size_t n) {
    return node == EQ_NONE ? 0.0 : v[(size_t)node * w->ld + n];
}

/* A nudge at one of the nodes of an output: its current there, the slope of this by the node's own potential,
 * and the sum of |slopes| by those of other nodes. */
typedef struct nudging {
    double current, own, others, least;
} nudging;

/* What the equation of the node itself takes of the slopes; the rest of the current stays that of the turn
 * before. Turns lead to the state where a row of the rest is less than the node's conductances (Gershgorin),
 * or, of an energy that is convex, where the part taken bounds all of it. */
static double held_slope(const eq_layered *e, size_t node, const nudging *q) {
    double a = e->derived.fixed[node] + e->derived.coupled[node];
    if (q->others < 0.5 * (a + q->own)) return q->own;
    return q->own > 0.0 ? q->own + q->others : 0.0;
}

static void nudge_node(const eq_layered *e, eq_work *w, int32_t node, size_t n, const nudging *q,
                       double sign, const double *v) {
    if (node == EQ_NONE) return;
    size_t at = ((size_t)node - e->net.eliminated) * w->ld + n;
    double held = w->sloped && e->sweeps ? held_slope(e, (size_t)node, q) : 0.0;
    w->nudged[at] += sign * q->current + held * volts(w, v, node, n);
    w->least[at] += q->least;
    if (e->sweeps) w->held[at] += held;
}

/* Of output k of the part's example n at the state v (engine.h, eq_nudge). Potentials are doubles, so a
 * current through a slope is known to eps slope |v|: no residual can be held below that. */
static nudging nudging_of(const eq_layered *e, const eq_work *w, const eq_nudge *nudge,
                          const double *v, size_t k, size_t n) {
    size_t outputs = e->net.c->outputs, at = (w->first + n) * outputs;
    double round_off = e->reltol > 0.0 ? 4.0 * DBL_EPSILON / e->reltol : 0.0;
    nudging q = {.current = nudge->current[at + k]};
    for (size_t l = 0; nudge->slope != NULL && l < outputs; l++) {
        double slope = nudge->slope[(at + k) * outputs + l], to = nudge->at[at + l];
        double plus = volts(w, v, e->net.plus[l], n), minus = volts(w, v, e->net.minus[l], n);
        q.current -= slope * (plus - minus - to);
        q.least += round_off * fabs(slope) * (fabs(plus) + fabs(minus) + fabs(to));
        q.own += l == k ? slope : 0.0;
        q.others += fabs(slope) * ((l != k) + (e->net.minus[l] != EQ_NONE));
    }
    return q;
}

const double *eq_layered_nudge(const eq_layered *e, eq_work *w, const eq_nudge *nudge,
                               const double *v) {
    size_t ld = w->ld, nk = e->net.kept;
    if (nudge == NULL) return w->in + e->net.eliminated * ld;
    w->sloped = nudge->slope != NULL;
    memcpy(w->nudged, w->in + e->net.eliminated * ld, nk * ld * sizeof *w->nudged);
    memset(w->least, 0, nk * ld * sizeof *w->least);
    if (e->sweeps) memset(w->held, 0, nk * ld * sizeof *w->held);
    for (size_t n = 0; n < w->n; n++)
        for (size_t k = 0; k < e->net.c->outputs; k++) {
            nudging q = nudging_of(e, w, nudge, v, k, n);
            nudge_node(e, w, e->net.plus[k], n, &q, 1.0, v);
            nudge_node(e, w, e->net.minus[k], n, &q, -1.0, v);
        }
    return w->nudged;
}

void eq_layered_grow_ratio(const eq_layered *e, size_t j, double f, double size, double least,
                           double *ratio, double *strict) {
    double bound = e->derived.bound[j], whole = fabs(f) / (bound + e->reltol * size);
    double tight = fabs(f) / (1e-6 * bound + e->reltol * (size > least ? size : least));
    if (!(whole <= *ratio)) *ratio = whole;
    if (!(tight <= *strict)) *strict = tight;
}

/* Largest |F| / bound over the K nodes, with the lower estimate of the sum of |currents|; w->strict
 * likewise. */
static double kept_ratio(const eq_layered *e, eq_work *w) {
    double worst = 0.0, strict = 0.0;
    for (size_t k = 0; k < e->net.kept; k++)
        for (size_t n = 0; n < w->n; n++) {
            size_t at = k * w->ld + n;
            eq_layered_grow_ratio(e, e->net.eliminated + k, w->f[at], w->size[at], 0.0, &worst,
                                  &strict);
        }
    w->strict = strict;
    return worst;
}

eq_node_rows eq_layered_rows(const eq_layered *e, const eq_work *w, bool kept, const double *in) {
    size_t first = kept ? e->net.eliminated : 0;
    return (eq_node_rows){.ld = w->ld,
                          .fixed = e->derived.fixed + first,
                          .coupled = e->derived.coupled + first,
                          .in = in,
                          .from = kept ? w->from_e : w->from_k,
                          .bound = e->derived.bound + first,
                          .reltol = e->reltol};
}

/* Solves the E nodes with v_K held (from_k = M v_K): their largest residual over its bound. */
static double solve_eliminated(const eq_layered *e, eq_work *w, double *v, bool cold) {
    eq_node_rows rows = eq_layered_rows(e, w, false, w->in);
    rows.cold = cold;
    double worst = e->kernels->nodes_solve(&e->net.law[0], &rows, v, w->inverse);
    eq_layered_to_kept(e, w, v, w->from_e);
    return worst;
}

/* Solves the E nodes and evaluates the K rows there: the largest
 * residual over its bound in both classes. */
static double evaluate(const eq_layered *e, eq_work *w, double *v, const double *kept_in,
                       bool cold) {
    size_t ld = w->ld, ne = e->net.eliminated;
    double worst = solve_eliminated(e, w, v, cold);
    eq_node_rows rows = eq_layered_rows(e, w, true, kept_in);
    e->kernels->nodes_evaluate(&e->net.law[1], &rows, v + ne * ld, w->f, w->slope, w->size);
    for (size_t k = 0; w->sloped && k < e->net.kept * ld; k++) w->size[k] += w->least[k];
    double kept = kept_ratio(e, w);
    return kept <= worst ? worst : kept;
}

/* Newton step of v_K, or half the last one back in the lanes where it went beyond the minimum: the
 * reduced energy is convex, so step . F grows along the step; where it has changed sign and is
 * greater than it was at the start, the step was too long. */
static void choose_step(const eq_layered *e, eq_work *w, bool first) {
    size_t nk = e->net.kept, ld = w->ld, wide = w->wide;
    double *last = w->push; /* from the previous step; not needed any more */
    for (size_t n = 0; n < ld; n++) {
        double along = 0.0;
        for (size_t k = 0; !first && k < nk; k++) along += w->step[k * wide + n] * w->f[k * ld + n];
        last[n] = !first && !(along <= -w->descent[n]) ? 1.0 : 0.0;
    }
    double *newton = w->descent + wide;
    memset(newton, 0, nk * wide * sizeof *newton);
    for (size_t k = 0; k < nk; k++)
        for (size_t n = 0; n < ld; n++) newton[k * wide + n] = -w->f[k * ld + n];
    e->kernels->cholesky_solve(nk, wide, w->factor, newton);
    for (size_t n = 0; n < ld; n++) {
        bool back = last[n] != 0.0;
        double along = 0.0;
        for (size_t k = 0; k < nk; k++) {
            double *step = &w->step[k * wide + n];
            *step = back ? -0.5 * *step : newton[k * wide + n];
            along += *step * w->f[k * ld + n];
        }
        w->descent[n] = back ? -fabs(along) : along;
    }
}

/* v_K += step; the E nodes follow to first order (the start of their next solve). */
static void take_step(const eq_layered *e, eq_work *w, double *v) {
    size_t ld = w->ld, ne = e->net.eliminated, nk = e->net.kept;
    eq_layered_to_eliminated(e, w, w->step, w->wide, w->push);
    for (size_t k = 0; k < nk; k++)
        for (size_t n = 0; n < ld; n++) v[(ne + k) * ld + n] += w->step[k * w->wide + n];
    for (size_t k = 0; k < ne * ld; k++) {
        w->from_k[k] += w->push[k];
        v[k] += w->inverse[k] * w->push[k];
    }
}

/* The E nodes to where they rest at the trial v_K, and then the K nodes at these: where a step went far beyond
 * what diodes allow, each lands on its own characteristic. */
static void relax(const eq_layered *e, eq_work *w, double *v, const double *kept_in) {
    size_t ld = w->ld, ne = e->net.eliminated;
    solve_eliminated(e, w, v, false);
    eq_node_rows rows = eq_layered_rows(e, w, true, kept_in);
    e->kernels->nodes_solve(&e->net.law[1], &rows, v + ne * ld, w->slope);
    eq_layered_to_eliminated(e, w, v + ne * ld, ld, w->from_k);
}

/* From this iteration on, one that gains little is asked whether round-off is all that is left. */
enum { patience = 6 };

/* A free phase that takes more iterations, or whose steps leave the numbers, is far away; nodes relax until residuals are
 * so many bounds, from where on Newton's steps alone keep all digits. */
enum { near = 10 };
static const double rough = 1e4;

/* The free phase at zero: the ratio of evaluate. */
static double begin(const eq_layered *e, eq_work *w) {
    size_t ld = w->ld, ne = e->net.eliminated, nk = e->net.kept;
    memset(w->v[0], 0, (ne + nk) * ld * sizeof(double));
    memset(w->from_k, 0, ne * ld * sizeof(double));
    return evaluate(e, w, w->v[0], w->in + ne * ld, true);
}

/* A chord step that does not gain this much asks for a new factor. */
static const double chord_gain = 0.1;

/* What an iteration leaves: its count, and whether the state is at its bound. */
void eq_layered_conclude(const eq_layered *e, eq_work *w, const double *v, double ratio,
                         double count) {
    if (!(ratio <= 1.0)) {
        ratio = eq_layered_exact_ratio(e, w, v, INFINITY);
        w->failed = ratio <= 1.0 ? 0.0 : ratio;
    }
    w->iterations += count * (double)w->n;
    w->solves += (double)w->n;
    if (!(ratio <= w->worst)) w->worst = ratio;
}

/* Newton's method from the evaluated state (ratio; INFINITY: take a step anyway) until the
 * residuals are below the bound and gain no more. */
static void iterate(const eq_layered *e, eq_work *w, double *v, const eq_nudge *nudge, double ratio,
                    bool chord) {
    int count = 0;
    bool far = false, fresh = true; /* fresh: no step leads here that could be too long */
    double before = INFINITY;
    if (nudge != NULL) w->strict = ratio;
    const double *kept_in = nudge == NULL ? w->in + e->net.eliminated * w->ld : w->nudged;
    while (count < e->most_iterations && w->strict > EQ_LAYERED_AIM &&
           !(ratio <= 1.0 && w->strict > 0.25 * before)) {
        if (!chord || !w->factored || (count > 0 && w->strict > chord_gain * before)) {
            eq_layered_factor(e, w, nudge);
        }
        far = far || (nudge == NULL && count >= near);
        choose_step(e, w, fresh);
        take_step(e, w, v);
        fresh = far && !(ratio <= rough);
        if (fresh) relax(e, w, v, kept_in);
        if (nudge != NULL && nudge->slope != NULL) eq_layered_nudge(e, w, nudge, v);
        before = w->strict;
        ratio = evaluate(e, w, v, kept_in, false);
        count++;
        if (nudge == NULL && !isfinite(ratio) && !far) {
            far = fresh = true;
            ratio = begin(e, w);
        }
        bool stalls = count >= patience && w->strict > 0.5 * before;
        if (stalls && eq_layered_exact_ratio(e, w, v, 1.0) <= 1.0) break;
    }
    eq_layered_conclude(e, w, v, ratio, count);
}

/* Always from zero, so that an answer does not depend on what was solved before. */
void eq_layered_free(const eq_layered *e, eq_work *w) {
    size_t ld = w->ld, ne = e->net.eliminated, nk = e->net.kept;
    w->failed = 0.0;
    w->factored = w->sloped = false;
    eq_layered_gather_inputs(e, w);
    iterate(e, w, w->v[0], NULL, begin(e, w), false);
    memcpy(w->free_from_k, w->from_k, ne * ld * sizeof(double));
    memcpy(w->free_inverse, w->inverse, ne * ld * sizeof(double));
    memcpy(w->free_f, w->f, nk * ld * sizeof(double));
}

void eq_layered_nudged(const eq_layered *e, eq_work *w, int slot, const eq_nudge *nudge) {
    size_t ld = w->ld, ne = e->net.eliminated, nk = e->net.kept;
    double *v = w->v[slot];
    w->failed = 0.0;
    memcpy(v, w->v[0], (ne + nk) * ld * sizeof(double));
    memcpy(w->from_k, w->free_from_k, ne * ld * sizeof(double));
    memcpy(w->inverse, w->free_inverse, ne * ld * sizeof(double));
    eq_layered_nudge(e, w, nudge, v);
    for (size_t k = 0; k < nk * ld; k++) w->f[k] = w->free_f[k] + w->in[ne * ld + k] - w->nudged[k];
    bool energy = nudge->slope != NULL;
    iterate(e, w, v, nudge, INFINITY, !energy);
    if (energy) w->factored = false;
}
