/* MOS transistors around a channel law, a vector of them at a time. A level (mosfet1_v4.c, mosfet1_v3.c,
 * mosfet1_base.c) includes this file after choosing an instruction set and including the law of LAWS
 * numbers at vds >= 0, its channel and how it changes with the numbers,
 *
 *   static void law(const eq_vec *number, eq_vec vt, eq_vec vgs, eq_vec vds, eq_vec vbs,
 *                   channel *c),
 *   static eq_vec law_change(const eq_vec *number, const eq_vec *change, eq_vec vt, ..),
 *
 * and cubic_leakage (see junction), each for its own table EQ_MOS_KERNELS. A transistor takes the
 * same steps whatever its neighbours do. */
#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "base/vector.h"
#include "devices/transistors/mosfet.h"

enum { D = EQ_MOS_D, G = EQ_MOS_G, S = EQ_MOS_S, B = EQ_MOS_B, NODES = EQ_MOS_NODES };
static const int other[EQ_MOS_DROPS] = {D, G, B}; /* terminals whose drops to the source count */
EQ_INLINE int slope_of(int end, int drop) {
    return EQ_MOS_ENDS + EQ_MOS_DROPS * (1 + end) + drop;
}
enum { COLUMNS = EQ_MOS_LAW + LAWS, CHANGES = EQ_MOS_ENDS + LAWS };
static const double MOST_VOLTS = 1e6;

/* As many transistors, every potential and current of a p channel turned round. */
typedef struct mosfet {
    eq_vec number[LAWS];
    eq_vec is[EQ_MOS_ENDS], r[EQ_MOS_ENDS], vt, per_vt, gmin, type;
    eq_vec z[NODES]; /* of the terminals */
} mosfet;

/* The currents without the resistances and their slopes: i from drain to source through the channel,
 * j from the bulk to both ends. */
typedef struct inner {
    eq_vec i, by[NODES];
    eq_vec j[EQ_MOS_ENDS], g[EQ_MOS_ENDS];
} inner;

EQ_INLINE mosfet take(double *const *w, const double *const *z, size_t at) {
    mosfet q;
    for (int k = 0; k < LAWS; k++) q.number[k] = eq_vec_load(w[EQ_MOS_LAW + k] + at);
    for (int e = 0; e < EQ_MOS_ENDS; e++) {
        q.is[e] = eq_vec_load(w[EQ_MOS_IS + e] + at);
        q.r[e] = eq_vec_load(w[EQ_MOS_R + e] + at);
    }
    q.vt = eq_vec_load(w[EQ_MOS_VT] + at);
    q.per_vt = 1.0 / q.vt;
    q.gmin = eq_vec_load(w[EQ_MOS_GMIN] + at);
    q.type = eq_vec_load(w[EQ_MOS_TYPE] + at);
    for (int n = 0; n < NODES; n++) q.z[n] = q.type * eq_vec_load(z[n] + at);
    return q;
}

/* A bulk junction as ngspice has it: is (exp(v/vt) - 1) + gmin v above -3 vt, gmin v - is below.
 * There ngspice jumps by is e^-3; here it is a slope over vt/1000, so that KCL always has a
 * solution. With cubic leakage it is gmin v - is (1 + (3 vt/(e v))^3) below, which does not jump. */
EQ_INLINE void junction(const mosfet *q, eq_vec is, eq_vec gmin, eq_vec v, eq_vec *i, eq_vec *g) {
    const double least = 0.049787068367863944; /* e^-3 */
    eq_vec edge = -3.0 * q->vt, e = eq_vec_exp(v * q->per_vt);
    if (cubic_leakage) {
        eq_vec low = eq_vec_min(v, edge), third = edge / low, cube = third * third * third * least;
        *i = is * (eq_vec_if_less(v, edge, cube, e) - 1.0) + gmin * v;
        *g = is * eq_vec_if_less(v, edge, -3.0 * cube / low, e * q->per_vt) + gmin;
        return;
    }
    eq_vec width = 1e-3 * q->vt, zero = eq_vec_all(0.0), over = eq_vec_max(v - edge + width, zero);
    eq_vec ramp = eq_vec_if_less(zero, over, least / width, zero);
    eq_vec part = eq_vec_if_less(v, edge, ramp * over, e);
    *i = is * (part - 1.0) + gmin * v;
    *g = is * eq_vec_if_less(v, edge, ramp, e * q->per_vt) + gmin;
}

/* The channel seen from its lower end: reverse mode is forward mode with drain and source
 * exchanged, which a MOS transistor does not tell apart. */
EQ_INLINE channel channel_at(const mosfet *q, const eq_vec *v, eq_mask *forward) {
    eq_vec low = eq_vec_min(v[D], v[S]), high = eq_vec_max(v[D], v[S]);
    channel c;
    *forward = v[D] >= v[S];
    law(q->number, q->vt, v[G] - low, high - low, v[B] - low, &c);
    return c;
}

EQ_INLINE inner evaluate(const mosfet *q, const eq_vec *v) {
    inner in;
    eq_mask forward;
    channel c = channel_at(q, v, &forward);
    eq_vec sum = c.gm + c.gds + c.gmb;
    in.i = eq_vec_select(forward, c.i, -c.i);
    in.by[D] = eq_vec_select(forward, c.gds, sum);
    in.by[S] = -eq_vec_select(forward, sum, c.gds);
    in.by[G] = eq_vec_select(forward, c.gm, -c.gm);
    in.by[B] = eq_vec_select(forward, c.gmb, -c.gmb);
    junction(q, q->is[EQ_MOS_DRAIN], q->gmin, v[B] - v[D], &in.j[0], &in.g[0]);
    junction(q, q->is[EQ_MOS_SOURCE], q->gmin, v[B] - v[S], &in.j[1], &in.g[1]);
    return in;
}

/* Slopes of the currents into the inner drain and source by both; by columns they have a positive
 * diagonal that is not below the sum of the others, which are not positive, so that the determinant
 * of 1 + R K is at least 1. */
typedef struct square {
    eq_vec dd, ds, sd, ss, per_det;
} square;

EQ_INLINE square matrix(const mosfet *q, const inner *in) {
    square m = {1.0 + q->r[0] * (in->by[D] + in->g[0]), q->r[0] * in->by[S], -q->r[1] * in->by[D],
                1.0 + q->r[1] * (in->g[1] - in->by[S]), eq_vec_all(0.0)};
    m.per_det = 1.0 / (m.dd * m.ss - m.ds * m.sd);
    return m;
}

/* Solves (1 + R K) x = f. */
EQ_INLINE void solve(const square *m, const eq_vec *f, eq_vec *x) {
    x[0] = (m->ss * f[0] - m->ds * f[1]) * m->per_det;
    x[1] = (m->dd * f[1] - m->sd * f[0]) * m->per_det;
}

/* f = v' - v + r i(v') of the drain and the source, zero where the resistances carry what flows into
 * the inner nodes; the larger |f|. */
EQ_INLINE eq_vec mismatch(const mosfet *q, const eq_vec *v, const inner *in, eq_vec *f) {
    f[0] = v[D] - q->z[D] + q->r[0] * (in->i - in->j[0]);
    f[1] = v[S] - q->z[S] - q->r[1] * (in->i + in->j[1]);
    return eq_vec_max(eq_vec_abs(f[0]), eq_vec_abs(f[1]));
}

EQ_INLINE void put(eq_mask m, eq_vec *to, eq_vec from) {
    *to = eq_vec_select(m, from, *to);
}

EQ_INLINE void put_inner(eq_mask m, inner *to, const inner *from) {
    put(m, &to->i, from->i);
    for (int n = 0; n < NODES; n++) put(m, &to->by[n], from->by[n]);
    for (int e = 0; e < EQ_MOS_ENDS; e++) {
        put(m, &to->j[e], from->j[e]);
        put(m, &to->g[e], from->g[e]);
    }
}

/* The inner potentials while they are sought: where they are, what flows there, and what is left. */
typedef struct state {
    eq_vec v[NODES], f[EQ_MOS_ENDS], worst;
    inner in;
} state;

/* A step whose square is round-off beside vt, or does not count, is the last one; its currents are those of the
 * tangent, its slopes those before it. */
EQ_INLINE void finish(eq_mask last, const eq_vec *x, state *s) {
    inner *in = &s->in;
    put(last, &in->i, in->i - in->by[D] * x[0] - in->by[S] * x[1]);
    put(last, &s->worst, eq_vec_all(0.0));
    for (int e = 0; e < EQ_MOS_ENDS; e++) {
        int n = e == EQ_MOS_DRAIN ? D : S;
        put(last, &in->j[e], in->j[e] + in->g[e] * x[e]);
        put(last, &s->v[n], s->v[n] - x[e]);
    }
}

/* One step of Newton, halved until |f| falls; those that have moved: for the others it does not
 * fall, or no step is left beside the rounding of the potentials. */
EQ_INLINE eq_mask search(const mosfet *q, eq_mask live, const eq_vec *x, eq_vec length,
                         eq_vec least, state *s) {
    eq_vec from[EQ_MOS_ENDS] = {s->v[D], s->v[S]}, f[EQ_MOS_ENDS], v[NODES];
    eq_mask moved = live & 0;
    double t = 1.0;
    v[G] = s->v[G], v[B] = s->v[B];
    for (int k = 0; k < 12; k++, t *= 0.5) {
        live &= t * length > least;
        if (!eq_vec_any(live)) break;
        v[D] = from[0] - t * x[0];
        v[S] = from[1] - t * x[1];
        inner next = evaluate(q, v);
        eq_vec now = mismatch(q, v, &next, f);
        eq_mask good = live & (now < s->worst);
        put_inner(good, &s->in, &next);
        put(good, &s->worst, now);
        for (int e = 0; e < EQ_MOS_ENDS; e++) put(good, &s->f[e], f[e]);
        put(good, &s->v[D], v[D]);
        put(good, &s->v[S], v[S]);
        moved |= good;
        live &= ~good;
    }
    return moved;
}

EQ_INLINE void descend(const mosfet *q, eq_mask live, double near, eq_vec size, state *s) {
    eq_vec enough = eq_vec_max(1e-8 * q->vt, eq_vec_all(near));
    for (int k = 0; k < 60; k++) {
        eq_vec x[EQ_MOS_ENDS];
        live &= s->worst > 0.0;
        if (!eq_vec_any(live)) break;
        square m = matrix(q, &s->in);
        solve(&m, s->f, x);
        eq_vec length = eq_vec_max(eq_vec_abs(x[0]), eq_vec_abs(x[1]));
        eq_mask last = live & (length <= enough);
        finish(last, x, s);
        live = search(q, live & ~last, x, length, DBL_EPSILON * size, s);
    }
}

/* All currents flow downhill, so the inner potentials lie between those of drain, source and bulk;
 * f_drain grows with the inner drain, and f_source, with the drain solved for, with the inner source
 * (f is an M-function: Rheinboldt 1970). */
static __attribute__((noinline)) void halve(const mosfet *q, state *s, bool source) {
    const eq_vec *z = q->z;
    int e = source ? EQ_MOS_SOURCE : EQ_MOS_DRAIN;
    eq_vec low = eq_vec_min(z[D], eq_vec_min(z[S], z[B]));
    eq_vec high = eq_vec_max(z[D], eq_vec_max(z[S], z[B]));
    for (int k = 0; k < 60; k++) {
        eq_vec middle = s->v[source ? S : D] = 0.5 * (low + high);
        if (source)
            halve(q, s, false);
        else
            s->in = evaluate(q, s->v);
        s->worst = mismatch(q, s->v, &s->in, s->f);
        eq_mask above = s->f[e] > 0.0;
        put(above, &high, middle);
        put(~above, &low, middle);
    }
}

/* Where Newton's method does not arrive: those of `stuck` by halving an interval. */
static __attribute__((noinline)) void rescue(const mosfet *q, eq_mask stuck, eq_vec size,
                                             state *s) {
    state t = *s;
    halve(q, &t, true);
    descend(q, stuck, 0.0, size, &t);
    put_inner(stuck, &s->in, &t.in);
    put(stuck, &s->v[D], t.v[D]);
    put(stuck, &s->v[S], t.v[S]);
}

/* What the resistances drop by the tangent at the last call, which `remember` left; drop[0] is NAN: there was none. */
EQ_INLINE void recall(const mosfet *q, double *const *memory, size_t at, eq_vec *drop) {
    for (int e = 0; e < EQ_MOS_ENDS; e++) drop[e] = eq_vec_load(memory[e] + at);
    for (int k = 0; k < EQ_MOS_DROPS; k++) {
        eq_vec moved = q->z[other[k]] - q->z[S] - eq_vec_load(memory[EQ_MOS_ENDS + k] + at);
        for (int e = 0; e < EQ_MOS_ENDS; e++)
            drop[e] += moved * eq_vec_load(memory[slope_of(e, k)] + at);
    }
}

/* Where the resistances drop what they are thought to, if that is known, between the terminals; but junctions start no
 * further forward than where the resistance alone could drive them. */
EQ_INLINE void begin(const mosfet *q, const eq_vec *drop, eq_vec *v) {
    eq_vec low = eq_vec_min(q->z[D], eq_vec_min(q->z[S], q->z[B]));
    eq_vec high = eq_vec_max(q->z[D], eq_vec_max(q->z[S], q->z[B]));
    for (int n = 0; n < NODES; n++) v[n] = q->z[n];
    for (int e = 0; e < EQ_MOS_ENDS; e++) {
        int n = e == EQ_MOS_DRAIN ? D : S;
        if (drop != NULL) /* NOLINTNEXTLINE(misc-redundant-expression): NAN is not itself */
            put(drop[0] == drop[0], &v[n], eq_vec_min(eq_vec_max(v[n] - drop[e], low), high));
        eq_vec u = v[B] - v[n];
        eq_mask may = (u > 8.0 * q->vt) & (q->r[e] > 0.0) & (q->is[e] > 0.0);
        if (!eq_vec_any(may)) continue;
        eq_vec most = q->vt * eq_vec_log_about(1.0 + u / (q->r[e] * q->is[e]));
        put(may & (most < u), &v[n], v[B] - most);
    }
}

/* Those of `stuck` once more, without the memory of drops at other potentials. */
static __attribute__((noinline)) void again(const mosfet *q, eq_mask stuck, eq_vec size, state *s) {
    state t;
    begin(q, NULL, t.v);
    t.in = evaluate(q, t.v);
    t.worst = mismatch(q, t.v, &t.in, t.f);
    descend(q, stuck, 0.0, size, &t);
    put_inner(stuck, &s->in, &t.in);
    put(stuck, &s->worst, t.worst);
    put(stuck, &s->v[D], t.v[D]);
    put(stuck, &s->v[S], t.v[S]);
}

/* Those of `lost` have no currents. A trial point of Newton's method may lie 1e40 V away, where rounding hides the
 * inner potentials from every search and nobody asks for them. */
static __attribute__((noinline)) void give_up(eq_mask lost, state *s) {
    eq_vec none = eq_vec_all(NAN);
    put(lost, &s->in.i, none);
    put(lost, &s->v[D], none);
    put(lost, &s->v[S], none);
}

/* The inner potentials at the outer ones, and what flows there. */
EQ_INLINE state settle(const mosfet *q, const eq_port_search *search, size_t at) {
    const eq_vec *z = q->z;
    double *const *memory = search == NULL ? NULL : search->memory;
    eq_vec size = eq_vec_abs(z[D]) + eq_vec_abs(z[S]) + eq_vec_abs(z[B]);
    eq_vec drop[EQ_MOS_ENDS];
    state s;
    if (memory != NULL) recall(q, memory, at, drop);
    begin(q, memory == NULL ? NULL : drop, s.v);
    s.in = evaluate(q, s.v);
    s.worst = mismatch(q, s.v, &s.in, s.f);
    descend(q, s.worst > 0.0, search == NULL ? 0.0 : search->near, size, &s);
    eq_mask stuck = s.worst > 1e-12 * size;
    if (eq_vec_any(stuck) && memory != NULL) {
        again(q, stuck, size, &s);
        stuck &= s.worst > 1e-12 * size;
    }
    eq_mask lost = stuck & (size + eq_vec_abs(z[G]) > MOST_VOLTS);
    if (eq_vec_any(lost)) give_up(lost, &s);
    stuck &= ~lost;
    if (eq_vec_any(stuck)) rescue(q, stuck, size, &s);
    return s;
}

/* The current into the terminal of the end whose resistance takes most of a change of the drop: by
 * its drop, where rounding of the inner potential is not multiplied by the slope of the channel, and
 * into the other one what is left. Else each by itself: beside a junction that conducts 1e11 A at the other
 * end, what is left would be rounding. */
EQ_INLINE void store_currents(const mosfet *q, const state *s, double *const *i, size_t at) {
    const inner *in = &s->in;
    eq_vec bulk = in->j[0] + in->j[1], drain = in->i - in->j[0], source = -in->i - in->j[1];
    eq_vec weight_d = q->r[0] * (in->by[D] + in->g[0]), weight_s = q->r[1] * (in->g[1] - in->by[S]);
    eq_mask by_drop = (weight_d > 1.0) | (weight_s > 1.0), by_drain = weight_d >= weight_s;
    put(weight_d > 1.0, &drain, (q->z[D] - s->v[D]) / q->r[0]);
    put(weight_s > 1.0, &source, (q->z[S] - s->v[S]) / q->r[1]);
    eq_vec rest_d = -(source + bulk), rest_s = -(drain + bulk);
    put(by_drop & ~by_drain, &drain, rest_d);
    put(by_drop & by_drain, &source, rest_s);
    eq_vec_store(i[D] + at, q->type * drain);
    eq_vec_store(i[G] + at, eq_vec_all(0.0));
    eq_vec_store(i[S] + at, q->type * source);
    eq_vec_store(i[B] + at, q->type * bulk);
}

/* For the next call (recall): the drops of the resistances, those of the other terminals to the source, and how the
 * former change by these. */
EQ_INLINE void remember(const mosfet *q, const state *s, double *const *memory, size_t at) {
    eq_vec_store(memory[EQ_MOS_DRAIN] + at, q->z[D] - s->v[D]);
    eq_vec_store(memory[EQ_MOS_SOURCE] + at, q->z[S] - s->v[S]);
    for (int k = 0; k < EQ_MOS_DROPS; k++)
        eq_vec_store(memory[EQ_MOS_ENDS + k] + at, q->z[other[k]] - q->z[S]);
}

EQ_INLINE void remember_slopes(double *const *memory, int b, const eq_vec *x, size_t at) {
    int k = b == D ? 0 : b == G ? 1 : 2;
    eq_vec_store(memory[slope_of(EQ_MOS_DRAIN, k)] + at, (b == D ? 1.0 : 0.0) - x[0]);
    eq_vec_store(memory[slope_of(EQ_MOS_SOURCE, k)] + at, -x[1]);
}

/* With v' = v - R i(v', ..) the inner drain and source move by (1 + R K)^-1 (e_b - R K_b), b an
 * outer node. The column of the source is what the others leave: only drops count. So is its row, as what flows in flows
 * out, unless its own terms are smaller than the others. */
EQ_INLINE void store_slopes(const mosfet *q, const inner *in, double *const *memory,
                            double *const *g, size_t at) {
    square m = matrix(q, in);
    eq_vec zero = eq_vec_all(0.0), sum_d = zero, sum_s = zero, sum_b = zero;
    eq_vec right[NODES][EQ_MOS_ENDS] = {
        [D] = {eq_vec_all(1.0), zero},
        [G] = {-q->r[0] * in->by[G], q->r[1] * in->by[G]},
        [B] = {q->r[0] * (in->g[0] - in->by[B]), q->r[1] * (in->by[B] + in->g[1])}};
    eq_vec own_d[NODES] = {zero, in->by[G], zero, in->by[B] - in->g[0]};
    eq_vec own_s[NODES] = {zero, -in->by[G], zero, -in->by[B] - in->g[1]};
    eq_vec own_b[NODES] = {zero, zero, zero, in->g[0] + in->g[1]};
    for (int b = 0; b < NODES; b++) {
        eq_vec x[EQ_MOS_ENDS], d, source, bulk;
        if (b == S) continue;
        solve(&m, right[b], x);
        if (memory != NULL) remember_slopes(memory, b, x, at);
        d = own_d[b] + (in->by[D] + in->g[0]) * x[0] + in->by[S] * x[1];
        bulk = own_b[b] - in->g[0] * x[0] - in->g[1] * x[1];
        eq_vec part_d = in->by[D] * x[0], part_s = (in->g[1] - in->by[S]) * x[1];
        eq_vec terms = eq_vec_abs(own_s[b]) + eq_vec_abs(part_d) + eq_vec_abs(part_s);
        source = eq_vec_select(terms < eq_vec_abs(d) + eq_vec_abs(bulk), own_s[b] - part_d + part_s,
                               -(d + bulk));
        sum_d += d;
        sum_s += source;
        sum_b += bulk;
        eq_vec_store(g[D * NODES + b] + at, d);
        eq_vec_store(g[G * NODES + b] + at, zero);
        eq_vec_store(g[S * NODES + b] + at, source);
        eq_vec_store(g[B * NODES + b] + at, bulk);
    }
    eq_vec_store(g[D * NODES + S] + at, -sum_d);
    eq_vec_store(g[G * NODES + S] + at, zero);
    eq_vec_store(g[S * NODES + S] + at, -sum_s);
    eq_vec_store(g[B * NODES + S] + at, -sum_b);
}

EQ_INLINE void port_of(double *const *w, const double *const *z, const eq_port_search *search,
                       double *const *i, double *const *g, size_t at) {
    mosfet q = take(w, z, at);
    state s = settle(&q, search, at);
    double *const *memory = search == NULL ? NULL : search->memory;
    store_currents(&q, &s, i, at);
    if (memory != NULL) remember(&q, &s, memory, at);
    store_slopes(&q, &s.in, memory, g, at);
}

/* The same with what the currents change by at the inner potentials. */
EQ_INLINE void change_of(double *const *w, const double *const *z, double *const *change,
                         double *const *di, size_t at) {
    mosfet q = take(w, z, at);
    state s = settle(&q, NULL, at);
    square m = matrix(&q, &s.in);
    eq_vec low = eq_vec_min(s.v[D], s.v[S]), high = eq_vec_max(s.v[D], s.v[S]), numbers[LAWS];
    eq_vec j[EQ_MOS_ENDS], slope, right[EQ_MOS_ENDS], x[EQ_MOS_ENDS];
    for (int k = 0; k < LAWS; k++) numbers[k] = eq_vec_load(change[EQ_MOS_ENDS + k] + at);
    eq_vec sum = law_change(q.number, numbers, q.vt, s.v[G] - low, high - low, s.v[B] - low);
    sum = eq_vec_select(s.v[D] >= s.v[S], sum, -sum);
    for (int e = 0; e < EQ_MOS_ENDS; e++)
        junction(&q, eq_vec_load(change[e] + at), eq_vec_all(0.0),
                 s.v[B] - s.v[e == EQ_MOS_DRAIN ? D : S], &j[e], &slope);
    right[0] = -q.r[0] * (sum - j[0]);
    right[1] = q.r[1] * (sum + j[1]);
    solve(&m, right, x);
    eq_vec d = sum - j[0] + (s.in.by[D] + s.in.g[0]) * x[0] + s.in.by[S] * x[1];
    eq_vec source = -sum - j[1] - s.in.by[D] * x[0] + (s.in.g[1] - s.in.by[S]) * x[1];
    eq_vec bulk = j[0] + j[1] - s.in.g[0] * x[0] - s.in.g[1] * x[1];
    eq_vec_store(di[D] + at, q.type * d);
    eq_vec_store(di[G] + at, eq_vec_all(0.0));
    eq_vec_store(di[S] + at, q.type * source);
    eq_vec_store(di[B] + at, q.type * bulk);
}

/* The last transistors of n, the last of them as often as a vector takes. */
enum { MOST = COLUMNS > NODES *NODES ? COLUMNS : NODES *NODES };
typedef struct rest {
    double value[MOST][EQ_LANES];
    double *column[MOST];
} rest;

static void fill(rest *r, const double *const *from, int columns, size_t at, size_t n) {
    for (int k = 0; k < columns; k++) {
        r->column[k] = r->value[k];
        for (size_t j = 0; from != NULL && j < EQ_LANES; j++)
            r->value[k][j] = from[k][at + j < n ? at + j : n - 1];
    }
}

static void bring(const rest *r, double *const *to, int columns, size_t at, size_t n) {
    for (int k = 0; k < columns; k++) memcpy(to[k] + at, r->value[k], (n - at) * sizeof(double));
}

static void port(size_t n, double *const *w, const double *const *z, const eq_port_search *search,
                 double *const *i, double *const *g) {
    size_t at = 0;
    for (; at + EQ_LANES <= n; at += EQ_LANES) port_of(w, z, search, i, g, at);
    if (at == n) return;
    rest own, potentials, kept, currents, slopes;
    const eq_port_search last = {kept.column, search == NULL ? 0.0 : search->near};
    double *const *memory = search == NULL ? NULL : search->memory;
    fill(&own, (const double *const *)w, COLUMNS, at, n);
    fill(&potentials, z, NODES, at, n);
    fill(&currents, NULL, NODES, at, n);
    fill(&slopes, NULL, NODES * NODES, at, n);
    if (memory != NULL) fill(&kept, (const double *const *)memory, EQ_MOS_MEMORY, at, n);
    port_of(own.column, (const double *const *)potentials.column, memory == NULL ? NULL : &last,
            currents.column, slopes.column, 0);
    if (memory != NULL) bring(&kept, memory, EQ_MOS_MEMORY, at, n);
    bring(&currents, i, NODES, at, n);
    bring(&slopes, g, NODES * NODES, at, n);
}

static void change(size_t n, double *const *w, const double *const *z, double *const *by,
                   double *const *di) {
    size_t at = 0;
    for (; at + EQ_LANES <= n; at += EQ_LANES) change_of(w, z, by, di, at);
    if (at == n) return;
    rest own, potentials, changes, currents;
    fill(&own, (const double *const *)w, COLUMNS, at, n);
    fill(&potentials, z, NODES, at, n);
    fill(&changes, (const double *const *)by, CHANGES, at, n);
    fill(&currents, NULL, NODES, at, n);
    change_of(own.column, (const double *const *)potentials.column, changes.column, currents.column,
              0);
    bring(&currents, di, NODES, at, n);
}

extern const eq_mos_kernels EQ_MOS_KERNELS;
const eq_mos_kernels EQ_MOS_KERNELS = {port, change};
