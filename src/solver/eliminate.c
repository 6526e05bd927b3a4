#include "solver/eliminate.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/chunk.h"

/* A nonlinear element seen from a chosen unknown: its drop changes by `right` and the row gets
 * `left` times its current. */
typedef struct touch {
    int32_t cls, row;
    double left, right;
} touch;

/* A touched element in the scalar equation of its unknown. */
typedef struct side {
    const eq_device_class *cls;
    double *w[EQ_MAX_COLUMNS];
    double u; /* V: drop where the unknown does not move */
    double left, right;
} side;

/* The unknowns of one colour are not coupled with each other. */
enum { MOST_COLOURS = 8 };

struct eq_eliminator {
    eq_system *s;
    size_t count;
    int colours;
    size_t colour[MOST_COLOURS + 1]; /* unknowns of colour c: colour[c] .. colour[c+1]-1 */
    int32_t *unknown;                /* [count] */
    int32_t *start;                  /* [count + 1] */
    touch *touched;
    side *side;     /* [most touched elements of an unknown] */
    double *r;      /* [n] residual of the linear part */
    int32_t *place; /* [n] position among the chosen, EQ_NONE */
};

static double coefficient(const eq_sparse_rows *rows, eq_node n, int32_t unknown) {
    double sum = 0.0;
    for (int32_t e = rows->start[n]; e < rows->start[n + 1]; e++)
        if (rows->unknown[e] == unknown) sum += rows->coefficient[e];
    return sum;
}

static bool has(const eq_sparse_rows *rows, eq_node n, int32_t unknown) {
    for (int32_t e = rows->start[n]; e < rows->start[n + 1]; e++)
        if (rows->unknown[e] == unknown) return true;
    return false;
}

typedef void (*visitor)(eq_eliminator *, int32_t unknown, const touch *);

/* Visits the unknowns of the rows of T and W of both ends of element j, each once. */
static void visit_element(eq_eliminator *e, int32_t cls, size_t j, visitor visit) {
    const eq_reduction *red = e->s->reduction;
    const eq_table *t = &e->s->circuit->table[cls];
    eq_node a = t->term[0][j], b = t->term[1][j];
    const eq_sparse_rows *rows[] = {&red->t, &red->t, &red->w, &red->w};
    const eq_node node[] = {a, b, a, b};
    for (int list = 0; list < 4; list++)
        for (int32_t k = rows[list]->start[node[list]]; k < rows[list]->start[node[list] + 1];
             k++) {
            int32_t u = rows[list]->unknown[k];
            bool seen = false;
            for (int before = 0; before < list; before++)
                seen = seen || has(rows[before], node[before], u);
            if (seen) continue;
            touch found = {cls, (int32_t)j, coefficient(&red->w, a, u) - coefficient(&red->w, b, u),
                           coefficient(&red->t, a, u) - coefficient(&red->t, b, u)};
            visit(e, u, &found);
        }
}

static void visit_touches(eq_eliminator *e, visitor visit) {
    for (int32_t cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &e->s->circuit->table[cls];
        if (!eq_stands_between_nodes(t) || eq_is_linear(t)) continue;
        for (size_t j = 0; j < t->count; j++) visit_element(e, cls, j, visit);
    }
}

enum { WAITING = -2 };

static void mark_touched(eq_eliminator *e, int32_t unknown, const touch *seen) {
    if (seen->left != 0.0 && seen->right != 0.0) e->place[unknown] = WAITING;
}

static void count_touched(eq_eliminator *e, int32_t unknown, const touch *seen) {
    (void)seen;
    if (e->place[unknown] >= 0) e->start[e->place[unknown] + 2]++;
}

static void keep_touched(eq_eliminator *e, int32_t unknown, const touch *seen) {
    if (e->place[unknown] >= 0) e->touched[e->start[e->place[unknown] + 1]++] = *seen;
}

/* Whether column k of the pattern meets the row of an unknown of the open colour. */
static bool meets_chosen(const eq_eliminator *e, int32_t k) {
    const eq_pattern *p = &e->s->pattern;
    for (int32_t i = p->start[k]; i < p->start[k + 1]; i++)
        if (p->row[i] != k && e->place[p->row[i]] >= (int32_t)e->colour[e->colours]) return true;
    return false;
}

/* Greedy independent set of the waiting unknowns in the graph of the Jacobian. blocked: [unknowns].
 */
static void choose_colour(eq_eliminator *e, bool *blocked) {
    const eq_pattern *p = &e->s->pattern;
    memset(blocked, 0, e->s->n * sizeof *blocked);
    e->colour[e->colours] = e->count;
    for (int32_t k = 0; k < p->n; k++) {
        if (e->place[k] != WAITING || blocked[k] || meets_chosen(e, k)) continue;
        e->place[k] = (int32_t)e->count;
        e->unknown[e->count++] = k;
        for (int32_t i = p->start[k]; i < p->start[k + 1]; i++) blocked[p->row[i]] = true;
    }
    e->colour[++e->colours] = e->count;
}

static bool choose(eq_eliminator *e) {
    bool *blocked = eq_calloc(e->s->n, sizeof *blocked);
    if (blocked == NULL) return false;
    do choose_colour(e, blocked);
    while (e->colours < MOST_COLOURS && e->colour[e->colours] > e->colour[e->colours - 1]);
    eq_free(blocked);
    return true;
}

static void leave_rows(eq_eliminator *e, const eq_sparse_rows *rows, eq_node n) {
    for (int32_t k = rows->start[n]; k < rows->start[n + 1]; k++)
        e->place[rows->unknown[k]] = EQ_NONE;
}

/* Unknowns that a formula reads or drives are no scalar equations: a root of theirs would move
 * others. */
static void leave_formulas(eq_eliminator *e) {
    const eq_reduction *red = e->s->reduction;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &e->s->circuit->table[cls];
        for (size_t j = 0; t->formula != NULL && j < t->count; j++) {
            const eq_formula *f = t->formula[j];
            leave_rows(e, &red->w, t->term[0][j]);
            leave_rows(e, &red->w, t->term[1][j]);
            for (size_t i = 0; i < f->inputs; i++) {
                if (f->input[i].kind != EQ_INPUT_DROP) continue;
                leave_rows(e, &red->t, f->input[i].plus);
                leave_rows(e, &red->t, f->input[i].minus);
            }
        }
    }
}

static bool build(eq_eliminator *e) {
    size_t n = e->s->n;
    e->unknown = eq_malloc(n, sizeof *e->unknown);
    e->place = eq_malloc(n, sizeof *e->place);
    e->r = eq_malloc(n, sizeof *e->r);
    if (e->unknown == NULL || e->place == NULL || e->r == NULL) return false;
    for (size_t k = 0; k < n; k++) e->place[k] = EQ_NONE;
    visit_touches(e, mark_touched);
    leave_formulas(e);
    if (!choose(e)) return false;
    e->start = eq_calloc(e->count + 2, sizeof *e->start);
    if (e->start == NULL) return false;
    visit_touches(e, count_touched);
    for (size_t k = 2; k < e->count + 2; k++) e->start[k] += e->start[k - 1];
    e->touched = eq_malloc((size_t)e->start[e->count + 1], sizeof *e->touched);
    size_t most = 0;
    for (size_t k = 0; k < e->count; k++)
        if ((size_t)(e->start[k + 2] - e->start[k + 1]) > most)
            most = (size_t)(e->start[k + 2] - e->start[k + 1]);
    e->side = eq_malloc(most, sizeof *e->side);
    if (e->touched == NULL || e->side == NULL) return false;
    visit_touches(e, keep_touched);
    return true;
}

void eq_eliminator_free(eq_eliminator *e) {
    if (e == NULL) return;
    eq_free(e->unknown);
    eq_free(e->start);
    eq_free(e->touched);
    eq_free(e->side);
    eq_free(e->r);
    eq_free(e->place);
    eq_free(e);
}

eq_status eq_eliminator_new(eq_system *s, eq_eliminator **out, eq_diag *diag) {
    eq_eliminator *e = eq_calloc(1, sizeof *e);
    if (e == NULL) return eq_out_of_memory(diag);
    e->s = s;
    if (!build(e)) {
        eq_eliminator_free(e);
        return eq_out_of_memory(diag);
    }
    *out = e;
    return EQ_OK;
}

size_t eq_eliminator_count(const eq_eliminator *e) {
    return e->count;
}

/* One scalar equation: f(h) = r + g h + sum of left y(u + right h). */
typedef struct scalar {
    const side *first, *end;
    double r, g;
} scalar;

static double evaluate(const scalar *q, double h, double *slope) {
    double f = q->r + q->g * h;
    *slope = q->g;
    for (const side *t = q->first; t < q->end; t++) {
        double u = t->u + t->right * h, y, dydx;
        t->cls->value_and_slope(1, t->w, &u, NULL, &y, &dydx, NULL);
        f += t->left * y;
        *slope += t->left * t->right * dydx;
    }
    return f;
}

/* Brings the elements of the k-th chosen unknown together; returns the end of e->side. */
static const side *take_sides(eq_eliminator *e, size_t k) {
    const double *v = e->s->v;
    side *to = e->side;
    for (const touch *t = e->touched + e->start[k]; t < e->touched + e->start[k + 1]; t++, to++) {
        const eq_table *table = &e->s->circuit->table[t->cls];
        to->cls = table->cls;
        for (int j = 0; j < table->cls->columns; j++) to->w[j] = table->w[j] + t->row;
        to->u = v[table->term[0][t->row]] - v[table->term[1][t->row]];
        to->left = t->left;
        to->right = t->right;
    }
    return to;
}

/* Widens a bracket from 0 in the direction in which f falls to zero (rising f); false when there is
 * none. */
static bool bracket(const scalar *q, double f, double *low, double *high) {
    enum { DOUBLINGS = 60 };
    double inner = 0.0, outer = f > 0.0 ? -0.1 : 0.1, slope;
    for (int k = 0; k < DOUBLINGS; k++) {
        double there = evaluate(q, outer, &slope);
        if (isnan(there)) return false;
        if ((there > 0.0) != (f > 0.0)) {
            *low = fmin(inner, outer);
            *high = fmax(inner, outer);
            return true;
        }
        inner = outer;
        outer *= 2.0;
    }
    return false;
}

/* Newton safeguarded by bisection (Press et al., rtsafe): a step that leaves the bracket or does
 * not halve the step before the last is replaced by the midpoint. x: the potential, for the size of
 * a rounding error. */
static double root(const scalar *q, double x) {
    enum { STEPS = 200 };
    double slope, low, high, f = evaluate(q, 0.0, &slope), h = 0.0;
    if (f == 0.0 || isnan(f) || !bracket(q, f, &low, &high)) return 0.0;
    if (!isfinite(f)) {
        h = 0.5 * (low + high);
        f = evaluate(q, h, &slope);
    }
    double before = high - low, step = before;
    for (int k = 0; k < STEPS; k++) {
        if (f == 0.0) break;
        if (f > 0.0)
            high = fmin(high, h);
        else
            low = fmax(low, h);
        double newton = -f / slope, to = h + newton;
        bool slow = !(fabs(2.0 * newton) <= fabs(before));
        if (slow || !(to > low && to < high)) newton = 0.5 * (low + high) - h;
        before = step;
        step = newton;
        h += newton;
        if (fabs(newton) <= 1e-16 * (fabs(x) + fabs(h))) break;
        f = evaluate(q, h, &slope);
    }
    return h;
}

/* The first colour, the largest, comes last: its equations hold on return. */
void eq_eliminate(eq_eliminator *e, double *x) {
    eq_system *s = e->s;
    if (s->injection.slope != NULL) return;
    for (int colour = e->colours; colour-- > 0;) {
        if (e->colour[colour] == e->colour[colour + 1]) continue;
        eq_system_linear_residual(s, x, e->r);
        for (size_t k = e->colour[colour]; k < e->colour[colour + 1]; k++) {
            int32_t u = e->unknown[k];
            scalar q = {e->side, take_sides(e, k), e->r[u],
                        s->linear[s->diagonal[u]] + eq_system_shunt(s, (size_t)u)};
            x[u] += root(&q, x[u]);
        }
    }
}
