/* The states of a deep Hopfield network. Both ways end where s = clip(s - dE/ds), up to the
 * tolerance: a stationary point of the energy in the box [0, 1]. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/hopfield/net.h"
#include "model/units.h"
#include "solver/linear/blas.h"

/* Where a unit goes that is to go to s. */
static double limit(const eq_hopfield *h, double s) {
    return h->o.sigma->clips ? h->o.sigma->value(s) : s;
}

/* The larger of off and |s - limit(s - dF/ds/curve)|; infinite where dF/ds = s - force is no number. */
static double farther(const eq_hopfield *h, double off, double s, double force, double curve) {
    return isfinite(force) ? fmax(off, fabs(s - limit(h, s + (force - s) / curve))) : INFINITY;
}

/* What a stiff nudge, a clamp, makes of the curvature of output number k of the minibatch: 1 or more. */
static double stiffness(const eq_hopfield *h, size_t l, const eq_nudge *nudge, size_t k) {
    size_t m = h->o.width[h->layers];
    if (l < h->layers || nudge == NULL || nudge->slope == NULL) return 1.0;
    return fmax(1.0, 1.0 + nudge->slope[k * m + k % m]);
}

/* field[n][width] = b + x W + W^T r: -dE/dr of the couplings. */
static void field_of(eq_hopfield *h, int slot, size_t l, double *field) {
    memcpy(field, h->drive[l], h->n * h->o.width[l] * sizeof *field);
    eq_hopfield_couple(h, h->r[slot], l, field);
}

/* force[n][width] = s - dF/ds = sigma'(s) field + nudge, which is current - slope (y - at) at the outputs y. */
static void force_of(const eq_hopfield *h, int slot, size_t l, const eq_nudge *nudge,
                     const double *field, double *force) {
    size_t m = h->o.width[l];
    const double *y = h->s[slot][l], *r = h->r[slot][l];
    bool clips = h->o.sigma->clips;
    for (size_t k = 0; k < h->n * m; k++)
        force[k] = clips ? field[k] : h->o.sigma->rate(r[k]) * field[k];
    if (nudge == NULL || l < h->layers) return;
    for (size_t j = 0; j < h->n; j++, y += m, force += m)
        for (size_t k = 0; k < m; k++) {
            force[k] += nudge->current[j * m + k];
            for (size_t i = 0; nudge->slope != NULL && i < m; i++)
                force[k] -= nudge->slope[(j * m + k) * m + i] * (y[i] - nudge->at[j * m + i]);
        }
}

/* A minimum of curve s^2/2 - field sigma(s) - more s, down from s: a zero of its slope between two points around
 * it, by Newton's method; |sigma'| <= 1. */
static double minimise_unit(const eq_sigma *g, double curve, double field, double more, double s) {
    enum { STEPS = 100 };
    if (g->clips) return g->value((field + more) / curve);
    double high = (fabs(field) + fabs(more)) / curve, low = -high;
    s = fmin(fmax(s, low), high);
    for (int step = 0; step < STEPS && high > low; step++) {
        double r = g->value(s), off = curve * s - field * g->rate(r) - more;
        if (off >= 0.0) high = s;
        if (off <= 0.0) low = s;
        double slope = curve - field * g->bend(r), to = slope > 0.0 ? s - off / slope : NAN;
        if (!(to > low && to < high)) to = 0.5 * (low + high);
        bool stays = fabs(to - s) <= 2.0 * DBL_EPSILON * fmax(fabs(s), DBL_MIN);
        s = to;
        if (stays || off == 0.0) break;
    }
    return s;
}

/* The outputs of one example to the minimum at the given field, unit by unit until they stay: with
 * the slopes of the nudge one output depends on the others. more: the nudge at y = 0. */
static void minimise_outputs(const eq_hopfield *h, const double *slope, double *y,
                             const double *field, const double *more) {
    enum { ROUNDS = 100 };
    size_t m = h->o.width[h->layers];
    double moved = 1.0;
    for (int round = 0; round < ROUNDS && moved > DBL_EPSILON; round++) {
        moved = 0.0;
        for (size_t k = 0; k < m; k++) {
            double rest = more[k];
            for (size_t i = 0; i < m; i++)
                if (i != k) rest -= slope[k * m + i] * y[i];
            double to = minimise_unit(h->o.sigma, 1.0 + slope[k * m + k], field[k], rest, y[k]);
            moved = fmax(moved, fabs(to - y[k]));
            y[k] = to;
        }
    }
}

/* The outputs y of example j to their minimum. force: work. */
static void sweep_outputs(eq_hopfield *h, size_t j, const eq_nudge *nudge, const double *field,
                          double *force, double *y) {
    size_t m = h->o.width[h->layers];
    const double *slope = nudge->slope == NULL ? NULL : nudge->slope + j * m * m;
    for (size_t k = 0; k < m; k++) {
        force[k] = nudge->current[j * m + k];
        for (size_t i = 0; slope != NULL && i < m; i++)
            force[k] += slope[k * m + i] * nudge->at[j * m + i];
        if (slope == NULL) y[k] = minimise_unit(h->o.sigma, 1.0, field[k], force[k], y[k]);
    }
    if (slope != NULL) minimise_outputs(h, slope, y, field, force);
}

/* Units that are coupled among themselves do not jump to their minimum, where each alone would be and of which there may
 * be two: they go down by their slope over a bound of the curvature, of which damp is one over the part of the
 * couplings. The factor of what damp leaves. */
static double descent(const eq_hopfield *h, double field, double stiff) {
    double most = 1.0 / h->damp;
    return most / (most + stiff - 1.0 + h->o.sigma->bent * fabs(field));
}

/* What sweep_layer does with units that are clipped and have no nudge, most of the work beside the products. */
static void sweep_clipped(const eq_hopfield *h, size_t m, const double *field, const double *s,
                          double *off, double *to) {
    double low = h->o.sigma->low;
    for (size_t j = 0; j < h->n; j++, field += m, s += m, to += m) {
        double worst = off[j], none = 0.0; /* none: 0 unless a field is no number */
        for (size_t k = 0; k < m; k++) {
            double f = field[k], end = f < low ? low : f > 1.0 ? 1.0 : f, by = fabs(s[k] - end);
            worst = by > worst ? by : worst;
            none += 0.0 * f;
            to[k] = end;
        }
        off[j] = none == 0.0 ? worst : INFINITY;
    }
}

/* h->field and h->force of layer l; off[n] grows to the largest |s - clip(s - dE/ds)| of each example. */
static void look(eq_hopfield *h, int slot, size_t l, const eq_nudge *nudge, double *off) {
    size_t m = h->o.width[l];
    force_of(h, slot, l, nudge, h->field, h->force);
    for (size_t k = 0; k < h->n * m; k++)
        off[k / m] =
            farther(h, off[k / m], h->s[slot][l][k], h->force[k], stiffness(h, l, nudge, k));
}

/* All units of layer l of all examples, in to[n][width], to the minimum of the energy where the others stand, if each
 * is alone in its layer; off[n] grows to the largest |s - clip(s - dE/ds)| of each example before. */
static void sweep_layer(eq_hopfield *h, int slot, size_t l, const eq_nudge *nudge, double *off,
                        double *to) {
    size_t m = h->o.width[l];
    double *field = h->field, *force = h->force, *s = h->s[slot][l];
    bool nudged = l == h->layers && nudge != NULL, descends = h->woven && h->later[l];
    field_of(h, slot, l, field);
    if (h->o.sigma->clips && !nudged && !descends) {
        sweep_clipped(h, m, field, s, off, to);
        return;
    }
    look(h, slot, l, nudge, off);
    if (to != s) memcpy(to, s, h->n * m * sizeof *to);
    if (descends) {
        for (size_t k = 0; k < h->n * m; k++)
            to[k] += descent(h, field[k], stiffness(h, l, nudge, k)) * (force[k] - s[k]);
        return;
    }
    for (size_t j = 0; j < h->n; j++, to += m, field += m, force += m) {
        if (nudged)
            sweep_outputs(h, j, nudge, field, force, to);
        else
            for (size_t k = 0; k < m; k++)
                to[k] = minimise_unit(h->o.sigma, 1.0, field[k], 0.0, to[k]);
    }
}

/* A state of the last hidden layer, x with field f, and of the outputs y, where x is at its minimum; energy: what of E
 * depends on them. */
typedef struct common {
    double *x, *f, *r;           /* [width]; r = sigma(x) */
    double y[EQ_HOPFIELD_JOINT]; /* and q = sigma(y) */
    double q[EQ_HOPFIELD_JOINT];
    double energy;
} common;

typedef struct pair {
    const eq_hopfield *h;
    size_t n, m;                        /* units of the two layers */
    const double *w, *b;                /* [n][m] between them, [m] biases of the outputs */
    double enough;                      /* |dE/dy| to end at */
    const double *current, *slope, *at; /* of the nudge of this example; slope: or NULL */
} pair;

/* The part of the nudge's dE/dy_k that depends on y. */
static double held(const pair *p, const double *y, size_t k) {
    double sum = 0.0;
    for (size_t i = 0; p->slope != NULL && i < p->m; i++)
        sum += p->slope[k * p->m + i] * (y[i] - p->at[i]);
    return sum;
}

/* x to its minimum at y and the field f that y makes. */
static void settle_hidden(const pair *p, common *c) {
    const eq_sigma *g = p->h->o.sigma;
    c->energy = 0.0;
    for (size_t k = 0; k < p->n; k++)
        c->r[k] = c->x[k] = minimise_unit(g, 1.0, c->f[k], 0.0, c->x[k]);
    g->apply(p->n, c->r);
    for (size_t k = 0; k < p->n; k++) c->energy += 0.5 * c->x[k] * c->x[k] - c->f[k] * c->r[k];
    for (size_t k = 0; k < p->m; k++) {
        double y = c->y[k];
        c->energy += 0.5 * y * y - p->b[k] * c->q[k] - p->current[k] * y;
        c->energy += 0.5 * held(p, c->y, k) * (y - p->at[k]);
    }
}

/* slope[m] = dE/dy and bend[m][m], its Hessian, x following y. */
static void derive(const pair *p, const common *c, double *slope, double *bend) {
    const eq_sigma *g = p->h->o.sigma;
    size_t m = p->m;
    double field[EQ_HOPFIELD_JOINT];
    memcpy(field, p->b, m * sizeof *field);
    memset(bend, 0, m * m * sizeof *bend);
    for (size_t k = 0; k < p->n; k++) {
        const double *w = p->w + k * m;
        double rate = g->rate(c->r[k]), curve = 1.0 - g->bend(c->r[k]) * c->f[k];
        double by = rate * rate / fmax(curve, 1e-3);
        for (size_t i = 0; i < m; i++) {
            field[i] += w[i] * c->r[k];
            for (size_t j = 0; j <= i; j++) bend[i * m + j] -= by * w[i] * w[j];
        }
    }
    for (size_t i = 0; i < m; i++) {
        slope[i] = c->y[i] - g->rate(c->q[i]) * field[i] - p->current[i] + held(p, c->y, i);
        for (size_t j = 0; j <= i; j++) {
            double z = bend[i * m + j] * g->rate(c->q[i]) * g->rate(c->q[j]);
            if (i == j) z += 1.0 - g->bend(c->q[i]) * field[i];
            if (p->slope != NULL) z += p->slope[i * m + j];
            bend[i * m + j] = bend[j * m + i] = z;
        }
    }
}

/* step[m] = -|bend|^-1 slope: down, also where the energy bends down. bend: is lost. */
static bool descend(size_t m, double *bend, const double *slope, double *step) {
    static const double least = 0.05;
    double value[EQ_HOPFIELD_JOINT];
    if (!eq_symmetric_eigen(m, bend, value)) return false;
    memset(step, 0, m * sizeof *step);
    for (size_t v = 0; v < m; v++) {
        double along = eq_dot(m, bend + v * m, slope) / fmax(fabs(value[v]), least);
        for (size_t k = 0; k < m; k++) step[k] -= along * bend[v * m + k];
    }
    return true;
}

/* to: from, with the outputs t steps on. */
static void move_outputs(const pair *p, const common *from, const double *step, double t,
                         common *to) {
    const eq_sigma *g = p->h->o.sigma;
    double change[EQ_HOPFIELD_JOINT];
    for (size_t k = 0; k < p->m; k++) to->q[k] = to->y[k] = from->y[k] + t * step[k];
    g->apply(p->m, to->q);
    for (size_t k = 0; k < p->m; k++) change[k] = to->q[k] - from->q[k];
    for (size_t k = 0; k < p->n; k++) {
        double by = 0.0, curve = 1.0 - g->bend(from->r[k]) * from->f[k];
        for (size_t i = 0; i < p->m; i++) by += p->w[k * p->m + i] * change[i];
        to->f[k] = from->f[k] + by;
        to->x[k] = from->x[k] + (curve > 0.1 ? g->rate(from->r[k]) * by / curve : 0.0);
    }
    settle_hidden(p, to);
}

/* The longest of the step, its half, .. that leaves the energy at most where it is; false: none does. */
static bool go_down(const pair *p, const common *now, const double *step, common *next) {
    enum { HALVINGS = 20 };
    static const double slack = 1e-13; /* round-off of the energy, of its size */
    double most = now->energy + slack * (1.0 + fabs(now->energy)), t = 1.0;
    for (int k = 0; k <= HALVINGS; k++, t *= 0.5) {
        move_outputs(p, now, step, t, next);
        if (next->energy <= most) return true;
    }
    return false;
}

/* Newton's method on the energy of the outputs, x following them; *now ends where it has its minimum. */
static void minimise_pair(const pair *p, common *now, common *next) {
    enum { STEPS = 50 };
    double slope[EQ_HOPFIELD_JOINT], step[EQ_HOPFIELD_JOINT];
    double bend[EQ_HOPFIELD_JOINT * EQ_HOPFIELD_JOINT];
    settle_hidden(p, now);
    for (int k = 0; k < STEPS; k++) {
        double worst = 0.0, far = 0.0;
        derive(p, now, slope, bend);
        for (size_t i = 0; i < p->m; i++) worst = fmax(worst, fabs(slope[i]));
        if (!(worst > p->enough) || !descend(p->m, bend, slope, step)) return;
        for (size_t i = 0; i < p->m; i++) far = fmax(far, fabs(step[i]));
        if (!(far > 4.0 * DBL_EPSILON) || !go_down(p, now, step, next)) return;
        common swap = *now;
        *now = *next;
        *next = swap;
    }
}

/* The last hidden layer and the outputs to their common minimum, into h->next; off[n] grows as in sweep_layer. */
static void sweep_pair(eq_hopfield *h, int slot, const eq_nudge *nudge, double *off) {
    size_t last = h->layers, hidden = last - 1, n = h->o.width[hidden], m = h->o.width[last];
    const eq_coupling *c = &h->coupling[hidden].of;
    static const double nothing[EQ_HOPFIELD_JOINT] = {0.0};
    for (size_t l = last; l >= hidden; l--) {
        field_of(h, slot, l, h->field);
        look(h, slot, l, nudge, off);
    }
    for (size_t j = 0; j < h->n; j++) {
        pair p = {.h = h,
                  .n = n,
                  .m = m,
                  .w = c->w != NULL ? c->w : c->theta,
                  .b = h->b[last],
                  .enough = fmax(0.1 * h->o.tolerance, 0.03 * off[j]),
                  .current = nothing,
                  .at = nothing};
        double *room = h->common;
        common now = {.x = room, .f = h->field + j * n, .r = room + n},
               next = {.x = room + 2 * n, .f = room + 3 * n, .r = room + 4 * n};
        if (nudge != NULL) p.current = nudge->current + j * m;
        if (nudge != NULL && nudge->slope != NULL) {
            p.slope = nudge->slope + j * m * m;
            p.at = nudge->at + j * m;
        }
        memcpy(now.x, h->s[slot][hidden] + j * n, n * sizeof *now.x);
        memcpy(now.y, h->s[slot][last] + j * m, m * sizeof *now.y);
        memcpy(now.q, h->r[slot][last] + j * m, m * sizeof *now.q);
        if (off[j] > h->o.tolerance && isfinite(off[j])) minimise_pair(&p, &now, &next);
        memcpy(h->next[hidden] + j * n, now.x, n * sizeof *now.x);
        memcpy(h->next[last] + j * m, now.y, m * sizeof *now.y);
    }
}

/* The later layers of example j, one behind the other: out of the state, or into it (clipped). */
static void gather(const eq_hopfield *h, double *const *s, size_t j, double *u) {
    for (size_t l = 1; l <= h->layers; l++) {
        if (!h->later[l]) continue;
        memcpy(u, s[l] + j * h->o.width[l], h->o.width[l] * sizeof *u);
        u += h->o.width[l];
    }
}

static void scatter(const eq_hopfield *h, double **s, size_t j, const double *u) {
    for (size_t l = 1; l <= h->layers; l++)
        for (size_t k = 0; h->later[l] && k < h->o.width[l]; k++)
            s[l][j * h->o.width[l] + k] = limit(h, *u++);
}

/* The first layers to their minimum at the later ones, then each later unit to its own at what stands: a fixed-point
 * map of the later layers alone, mixed (mixing.h). Where they are coupled they go h->damp of the way. What an example's later layers stand at, with the first
 * ones at their minimum, has the residual that the map shows there; where that is within the tolerance, it
 * stays. Returns the largest residual of all examples. */
static double sweep(eq_hopfield *h, int slot, const eq_nudge *nudge) {
    double worst = 0.0, *off = h->off, **s = h->s[slot];
    memset(off, 0, h->n * sizeof *off);
    for (size_t l = 1; l <= h->layers; l++)
        if (!h->later[l]) sweep_layer(h, slot, l, nudge, off, s[l]);
    eq_hopfield_activate(h, slot);
    for (size_t j = 0; j < h->n && h->laters > 0; j++) off[j] = isinf(off[j]) ? INFINITY : 0.0;
    size_t alone = h->joint ? h->layers - 2 : h->layers;
    for (size_t l = 1; l <= alone; l++)
        if (h->later[l]) sweep_layer(h, slot, l, nudge, off, h->next[l]);
    if (h->joint) sweep_pair(h, slot, nudge, off);
    for (size_t j = 0; j < h->n; j++) {
        double *u = h->even + j * h->laters;
        worst = fmax(worst, off[j]);
        if (h->laters == 0 || !(off[j] > h->o.tolerance)) continue;
        gather(h, s, j, u);
        gather(h, h->next, j, h->swept);
        for (size_t k = 0; h->woven && k < h->laters; k++)
            h->swept[k] = limit(h, u[k] + h->damp * (h->swept[k] - u[k]));
        eq_mixing_next(h->mixing, j, u, h->swept);
        scatter(h, s, j, u);
    }
    eq_hopfield_activate(h, slot);
    return worst;
}

void eq_hopfield_force(eq_hopfield *h, int slot, const eq_nudge *nudge) {
    for (size_t l = 1; l <= h->layers; l++) {
        field_of(h, slot, l, h->field);
        force_of(h, slot, l, nudge, h->field, h->next[l]);
    }
}

double eq_hopfield_euler(eq_hopfield *h, int slot, const eq_nudge *nudge, double step) {
    double worst = 0.0, **s = h->s[slot];
    eq_hopfield_force(h, slot, nudge);
    for (size_t l = 1; l <= h->layers; l++)
        for (size_t k = 0; k < h->n * h->o.width[l]; k++) {
            double force = h->next[l][k], stiff = stiffness(h, l, nudge, k);
            worst = farther(h, worst, s[l][k], force, stiff);
            s[l][k] = limit(h, s[l][k] + (stiff > 1.0 ? fmin(step, 1.0 / stiff) : step) *
                                             (force - s[l][k]));
        }
    eq_hopfield_activate(h, slot);
    return worst;
}

/* A nudge with beta < 0 may take the minimum away: 1 + slope must stay positive. */
static eq_status check_nudge(const eq_hopfield *h, const eq_nudge *nudge, eq_diag *diag) {
    size_t m = h->o.width[h->layers];
    for (size_t k = 0; nudge != NULL && nudge->slope != NULL && k < h->n * m; k++) {
        double slope = nudge->slope[k * m + k % m];
        if (!(1.0 + slope > 0.0))
            return eq_fail(diag, EQ_ERR_CONVERGE,
                           "the energy has no minimum in output %zu of example %zu of the "
                           "minibatch: the nudge takes %g from its curvature of 1; use a smaller "
                           "beta",
                           k % m + 1, k / m + 1, -slope);
    }
    return EQ_OK;
}

/* Steps until no unit is more than the tolerance off; returns how far one is. */
static double iterate(eq_hopfield *h, int slot, const eq_nudge *nudge, size_t *step) {
    double worst = INFINITY;
    eq_mixing_begin(h->mixing);
    while (*step < h->o.steps && !(worst <= h->o.tolerance)) {
        worst = h->o.solver == EQ_HOPFIELD_EULER ? eq_hopfield_euler(h, slot, nudge, h->o.step)
                                                 : sweep(h, slot, nudge);
        ++*step;
        h->passes += (double)h->n;
        if (!isfinite(worst)) break;
    }
    return worst;
}

/* The unit that is farthest from where it goes, and of which example from 0. */
static void find_farthest(eq_hopfield *h, int slot, const eq_nudge *nudge, eq_text *unit,
                          size_t *example) {
    double most = -1.0;
    eq_hopfield_force(h, slot, nudge);
    for (size_t l = 1; l <= h->layers; l++)
        for (size_t k = 0; k < h->n * h->o.width[l]; k++) {
            double off =
                farther(h, 0.0, h->s[slot][l][k], h->next[l][k], stiffness(h, l, nudge, k));
            if (!(off > most)) continue;
            most = off;
            *example = k / h->o.width[l];
            eq_text_clear(unit);
            eq_hopfield_unit_name(h, l, k % h->o.width[l], unit);
        }
}

static eq_status not_settled(eq_hopfield *h, int slot, const eq_nudge *nudge, size_t step,
                             double worst, eq_diag *diag) {
    eq_text unit = {0};
    size_t example = 0;
    find_farthest(h, slot, nudge, &unit, &example);
    bool euler = h->o.solver == EQ_HOPFIELD_EULER;
    return eq_units_unsettled(&unit, example, step, euler ? "steps" : "sweeps", worst,
                              h->o.tolerance, euler ? "the step of Euler or " : "", diag);
}

eq_status eq_hopfield_settle(eq_hopfield *h, int slot, const eq_nudge *nudge, eq_diag *diag) {
    enum { TRIES = 10 };
    eq_status status = check_nudge(h, nudge, diag);
    if (status != EQ_OK) return status;
    size_t step = 0;
    double passes = h->passes, worst = iterate(h, slot, nudge, &step);
    /* where later layers are coupled, sweeps may end at a saddle; phases that are nudged begin beside a minimum */
    bool looks = h->woven && h->o.solver == EQ_HOPFIELD_SWEEPS && slot == 0;
    for (int k = 1; looks && worst <= h->o.tolerance && eq_hopfield_leave(h, 0.1 * k); k++)
        worst = k > TRIES ? INFINITY : iterate(h, slot, nudge, &step);
    h->solves += (double)h->n;
    if (slot == 0) {
        h->free_passes += h->passes - passes;
        h->free_solves += (double)h->n;
    }
    if (worst <= h->o.tolerance) {
        h->worst = fmax(h->worst, worst / h->o.tolerance);
        return EQ_OK;
    }
    return not_settled(h, slot, nudge, step, worst, diag);
}
