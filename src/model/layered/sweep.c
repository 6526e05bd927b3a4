/* The phases of networks with too many kept nodes for a dense Schur complement. Both classes of nodes
 * are solved in turns, each exactly where the other one stands (block coordinate descent on the
 * energy; Scellier 2024, "fast DRN", where it is all), but where the other one is believed to go: by
 * a Newton step with the outline of the conductances in place of them (coarse.c). What the
 * outline lacks couples the layers weakly, so a turn, one pass through the conductances, takes a
 * factor of thirty to a hundred off the residual. The residual is always that of the true
 * conductances, at the state that the last two passes were made of. */
#include <math.h>
#include <string.h>

#include "model/layered/layered.h"

/* What is left of a residual, in parts of the KCL bound. */
#define EQ_SWEEP_AIM 0.5

static eq_node_rows rows_of(const eq_layered *e, const eq_work *w, bool kept, const double *kept_in,
                            const double *from) {
    eq_node_rows rows = eq_layered_rows(e, w, kept, kept ? kept_in : w->in);
    rows.from = from;
    rows.held = kept && w->sloped ? w->held : NULL;
    return rows;
}

/* off = -F of all nodes at x, driven by from_k and from_e, and 1/D. */
static void evaluate(const eq_layered *e, eq_work *w, const double *x, const double *kept_in,
                     const double *from_k, const double *from_e) {
    double *size = w->sizes;
    size_t middle = e->net.eliminated * w->ld, all = e->net.nodes * w->ld;
    eq_node_rows rows = rows_of(e, w, false, kept_in, from_k);
    e->kernels->nodes_evaluate(&e->net.law[0], &rows, x, w->off, w->inverse, size);
    rows = rows_of(e, w, true, kept_in, from_e);
    e->kernels->nodes_evaluate(&e->net.law[1], &rows, x + middle, w->off + middle,
                               w->inverse + middle, size + middle);
    for (size_t k = 0; k < all; k++) {
        w->off[k] = -w->off[k];
        w->inverse[k] = 1.0 / w->inverse[k];
    }
}

/* The residual of the state v itself: its largest ratio to the KCL bound; w->strict likewise. */
static double judge(const eq_layered *e, eq_work *w, double *v, const double *kept_in) {
    size_t ld = w->ld, middle = e->net.eliminated * ld;
    static const double known = 1e-2; /* potentials to this part of reltol: round-off is near */
    double *size = w->sizes, ratio = 0.0, strict = 0.0;
    evaluate(e, w, v, kept_in, w->from_k, w->from_e);
    for (size_t k = 0; w->sloped && k < e->net.kept * ld; k++) size[middle + k] += w->least[k];
    for (size_t j = 0; j < e->net.nodes; j++) {
        double self = known * (e->derived.fixed[j] + e->derived.coupled[j]);
        for (size_t n = 0; n < w->n; n++)
            eq_layered_grow_ratio(e, j, w->off[j * ld + n], size[j * ld + n],
                                  self * fabs(v[j * ld + n]), &ratio, &strict);
    }
    w->strict = strict;
    memcpy(w->trial, v, e->net.nodes * ld * sizeof *v);
    return ratio;
}

/* The nodes of one class to where the trial state drives them. */
static void solve_class(const eq_layered *e, eq_work *w, const double *v, bool kept,
                        const double *kept_in) {
    size_t at = kept ? e->net.eliminated * w->ld : 0;
    eq_layered_anticipate(e, w, v, kept);
    eq_node_rows rows = rows_of(e, w, kept, kept_in, w->drive + at);
    e->kernels->nodes_solve(&e->net.law[kept], &rows, w->trial + at, w->off + at);
}

/* What the turns of a phase have done, in every lane: how far the last one moved its class (step . D step, W), the
 * square of their rate where that is known, else 0, and by how much a turn goes further than it would. */
typedef struct pace {
    int turns;
    double moved[EQ_MOST_LANES], rate[EQ_MOST_LANES], factor[EQ_MOST_LANES];
} pace;

/* What the outline lacks is as good as random, so its singular values lie between 0 and the rate by which turns
 * end up shrinking: cyclic Chebyshev iteration (Golub & Varga 1961, Numer. Math. 3:147) takes nearly a factor of
 * two more off in each turn. The rate is that of the fourth turn, which is a little less than the last ones are, or
 * a later one; while turns shrink by less than a twentieth, diodes still open and close. */
static void learn_pace(pace *p, const double *moved, size_t lanes) {
    static const double linear = 2.5e-3, more = 1.5;
    enum { FIRST = 3 };
    bool early = p->turns++ < FIRST;
    for (size_t n = 0; n < lanes; n++) {
        double rate = p->moved[n] > 0.0 ? moved[n] / p->moved[n] : INFINITY;
        p->moved[n] = moved[n];
        bool known = p->rate[n] > 0.0;
        if (early || !(rate <= linear))
            p->rate[n] = 0.0;
        else if (!known)
            p->rate[n] = more * rate;
        p->factor[n] = 1.0 / (1.0 - p->rate[n] * (known ? p->factor[n] / 4.0 : 0.5));
    }
}

/* The trial state of the entries from .. to of a class, beyond where a turn from v would leave it. */
static void go_further(eq_work *w, const double *v, size_t from, size_t to, pace *p) {
    double moved[EQ_MOST_LANES] = {0.0};
    for (size_t k = from; k < to; k += w->ld)
        for (size_t n = 0; n < w->ld; n++) {
            double step = w->trial[k + n] - v[k + n];
            moved[n] += step * step / w->inverse[k + n];
        }
    learn_pace(p, moved, w->ld);
    for (size_t k = from; k < to; k += w->ld)
        for (size_t n = 0; n < w->ld; n++)
            w->trial[k + n] += (p->factor[n] - 1.0) * (w->trial[k + n] - v[k + n]);
}

/* One turn of a class. looks: Newton steps with the outline; 0: the other class is believed to stay. */
static void turn(const eq_layered *e, eq_work *w, double *v, bool kept, const double *kept_in,
                 int looks, pace *p) {
    size_t middle = e->net.eliminated * w->ld, all = e->net.nodes * w->ld;
    for (int look = 0; look < looks; look++) {
        if (look > 0) {
            solve_class(e, w, v, !kept, kept_in);
            solve_class(e, w, v, kept, kept_in);
            eq_layered_anticipate(e, w, v, false);
            eq_layered_anticipate(e, w, v, true);
            evaluate(e, w, w->trial, kept_in, w->drive, w->drive + middle);
        }
        eq_layered_coarse_step(e, w);
    }
    solve_class(e, w, v, kept, kept_in);
    if (looks > 0)
        go_further(w, v, kept ? middle : 0, kept ? all : middle, p);
    else
        *p = (pace){0};
    if (kept) {
        memcpy(v + middle, w->trial + middle, (all - middle) * sizeof *v);
        eq_layered_to_eliminated(e, w, v + middle, w->ld, w->from_k);
    } else {
        memcpy(v, w->trial, middle * sizeof *v);
        eq_layered_to_kept(e, w, v, w->from_e);
    }
}

/* Whether turns with the outline go wrong: the residual has not halved for a while. Then some turns
 * are taken without it, which always lead to the minimum: 4, 12, 28, .. */
typedef struct caution {
    double best;
    int since, plain, pause;
} caution;

static int looks_of(caution *c, double ratio, int looks) {
    enum { PATIENCE = 4 };
    if (c->plain > 0) {
        c->plain--;
        if (c->plain == 0) *c = (caution){ratio, 0, 0, c->pause};
        return 0;
    }
    if (ratio <= 0.5 * c->best) {
        c->best = ratio;
        c->since = 0;
    } else if (++c->since > PATIENCE) {
        c->plain = c->pause = 2 * c->pause + 4;
        return 0;
    }
    return looks;
}

/* Turns from the state v, to which from_k and from_e belong, until the residuals are `aim` of the
 * bound or gain no more; ratio: of v. kept: the class that begins. */
static double sweep(const eq_layered *e, eq_work *w, double *v, const eq_nudge *nudge, bool kept,
                    double ratio, double aim) {
    enum { SWEEPS = 20, BOLD = 4 }; /* times the iterations that Newton may take */
    const double *kept_in = nudge == NULL ? w->in + e->net.eliminated * w->ld : w->nudged;
    double before[2] = {INFINITY, INFINITY};
    caution c = {.best = INFINITY};
    pace p = {0};
    int count = 0;
    for (; count < 2 * SWEEPS * e->most_iterations && (w->strict > aim || ratio > 1.0); count++) {
        if (ratio <= 1.0 && w->strict > 0.5 * before[1]) break;
        before[1] = before[0];
        before[0] = w->strict;
        int looks = looks_of(&c, ratio, nudge == NULL && count < BOLD ? 2 : 1);
        if (looks == 0 && eq_layered_exact_ratio(e, w, v, 1.0) <= 1.0) break;
        turn(e, w, v, kept, kept_in, looks, &p);
        if (w->sloped) eq_layered_nudge(e, w, nudge, v);
        ratio = judge(e, w, v, kept_in);
        kept = !kept;
    }
    eq_layered_conclude(e, w, v, ratio, 0.5 * count);
    return ratio;
}

/* Always from zero, so that an answer does not depend on what was solved before; the class behind the
 * inputs begins. What is left of the residual is taken into the sources of the nudged phases: the
 * differences between phases, which are what is learned from, keep their digits. */
void eq_layered_sweep_free(const eq_layered *e, eq_work *w) {
    size_t ld = w->ld, middle = e->net.eliminated * ld, all = e->net.nodes * ld;
    double *v = w->v[0];
    w->failed = w->reached = 0.0;
    w->sloped = false;
    eq_layered_gather_inputs(e, w);
    memset(v, 0, all * sizeof *v);
    memset(w->from_k, 0, middle * sizeof *v);
    memset(w->from_e, 0, (all - middle) * sizeof *v);
    double ratio = judge(e, w, v, w->in + middle);
    sweep(e, w, v, NULL, (e->net.bands[0] + e->net.bands[1]) % 2 == 1, ratio, EQ_SWEEP_AIM);
    memcpy(w->free_from_k, w->from_k, middle * sizeof *v);
    memcpy(w->free_from_e, w->from_e, (all - middle) * sizeof *v);
    for (size_t k = 0; k < all; k++) w->in[k] -= w->off[k];
}

/* How many times the nudge before, w->f, that of this phase is, in every lane. */
static void compare_nudges(const eq_layered *e, const eq_work *w, double *times) {
    size_t ld = w->ld;
    const double *in = w->in + e->net.eliminated * ld;
    double square[EQ_MOST_LANES] = {0.0};
    memset(times, 0, ld * sizeof *times);
    for (size_t k = 0; k < e->net.kept; k++)
        for (size_t n = 0; n < w->n; n++) {
            double old = w->f[k * ld + n] - in[k * ld + n];
            times[n] += old * (w->nudged[k * ld + n] - in[k * ld + n]);
            square[n] += old * old;
        }
    for (size_t n = 0; n < w->n; n++) times[n] = square[n] > 0.0 ? times[n] / square[n] : 0.0;
}

/* y = x + a (y - x) in every lane. */
static void extrapolate(const eq_work *w, size_t rows, const double *a, const double *x,
                        double *y) {
    for (size_t k = 0; k < rows; k++)
        for (size_t n = 0; n < w->ld; n++) {
            size_t at = k * w->ld + n;
            y[at] = x[at] + a[n] * (y[at] - x[at]);
        }
}

/* From the free state, or where an earlier nudge of the same examples has led them, from there: states
 * move in proportion to nudges, as long as these are small, and passes are linear. */
void eq_layered_sweep_nudged(const eq_layered *e, eq_work *w, int slot, const eq_nudge *nudge) {
    static const double digits = 1e-8; /* of the nudge */
    size_t ld = w->ld, ne = e->net.eliminated, nk = e->net.kept;
    double *v = w->v[slot], times[EQ_MOST_LANES], most = 0.0;
    bool again = w->reached > 0.0 && w->last != slot;
    w->failed = 0.0;
    memcpy(w->f, w->nudged, nk * ld * sizeof *v);
    memcpy(v, w->v[again ? w->last : 0], (ne + nk) * ld * sizeof *v);
    eq_layered_nudge(e, w, nudge, v);
    if (again) {
        compare_nudges(e, w, times);
        for (size_t n = 0; n < w->n; n++) most = fmax(most, fabs(times[n]));
        extrapolate(w, ne + nk, times, w->v[0], v);
        extrapolate(w, ne, times, w->free_from_k, w->from_k);
        extrapolate(w, nk, times, w->free_from_e, w->from_e);
        if (w->sloped) eq_layered_nudge(e, w, nudge, v);
    } else {
        memcpy(w->from_k, w->free_from_k, ne * ld * sizeof *v);
        memcpy(w->from_e, w->free_from_e, nk * ld * sizeof *v);
    }
    double ratio = judge(e, w, v, w->nudged);
    w->reached = again ? w->reached * most : w->strict;
    w->last = slot;
    sweep(e, w, v, nudge, true, ratio,
          fmin(EQ_SWEEP_AIM, fmax(EQ_LAYERED_AIM, digits * w->reached)));
}
