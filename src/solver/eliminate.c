#include "solver/eliminate.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/chunk.h"

/* A nonlinear element seen from a group: its drop changes by `right` and the row gets `left` times
 * its current. */
typedef struct touch {
    int32_t cls, row;
    double left, right;
} touch;

/* Sets of unknowns that move by one and the same h, with the nonlinear elements that feel it. */
typedef struct groups {
    size_t count;
    int32_t *of;    /* [n] group of an unknown, EQ_NONE */
    int32_t *start; /* [count + 2] touched elements of group k: start[k] .. start[k+1]-1 */
    touch *touched; /* NULL: only count */
    int64_t *last;  /* [count] element visited last, while the groups are built */
} groups;

/* A touched element in the scalar equation of its group. */
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
    groups chosen; /* single unknowns, sorted by colour */
    int colours;
    size_t colour[MOST_COLOURS + 1]; /* those of colour c: colour[c] .. colour[c+1]-1 */
    int32_t *unknown;                /* [n] of a chosen one */
    groups blocks;                   /* components, not coupled with each other */
    side *side;                      /* [most touched elements of a group] */
    double *r;                       /* [n] residual of the linear part */
    double *sum; /* [2 blocks] A, S: current and conductance of its linear part */
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

typedef void (*visitor)(groups *, int32_t unknown, const touch *);

/* Visits the unknowns of the rows of T and W of both ends of element j, each once. */
static void visit_element(const eq_system *s, int32_t cls, size_t j, visitor visit, groups *q) {
    const eq_reduction *red = s->reduction;
    const eq_table *t = &s->circuit->table[cls];
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
            visit(q, u, &found);
        }
}

static void visit_touches(const eq_system *s, visitor visit, groups *q) {
    for (int32_t cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &s->circuit->table[cls];
        if (!eq_stands_between_nodes(t) || eq_is_linear(t)) continue;
        for (size_t j = 0; j < t->count; j++) visit_element(s, cls, j, visit, q);
    }
}

enum { WAITING = -2 };

static void mark_touched(groups *q, int32_t unknown, const touch *seen) {
    if (seen->left != 0.0 && seen->right != 0.0) q->of[unknown] = WAITING;
}

/* Counts or keeps an element; unknowns of one group add up: inside of it nothing is left. */
static void add_touch(groups *q, int32_t unknown, const touch *seen) {
    int32_t k = q->of[unknown];
    int64_t element = (int64_t)seen->cls << 32 | seen->row;
    if (k == EQ_NONE) return;
    bool known = q->last[k] == element;
    q->last[k] = element;
    if (q->touched == NULL) {
        q->start[k + 2] += !known;
    } else if (known) {
        touch *t = q->touched + q->start[k + 1] - 1;
        t->left += seen->left;
        t->right += seen->right;
    } else {
        q->touched[q->start[k + 1]++] = *seen;
    }
}

/* Whether column k of the pattern meets the row of an unknown of the open colour. */
static bool meets_chosen(const eq_eliminator *e, int32_t k) {
    const eq_pattern *p = &e->s->pattern;
    for (int32_t i = p->start[k]; i < p->start[k + 1]; i++)
        if (p->row[i] != k && e->chosen.of[p->row[i]] >= (int32_t)e->colour[e->colours])
            return true;
    return false;
}

/* Greedy independent set of the waiting unknowns in the graph of the Jacobian.
 * blocked: [unknowns]. */
static void choose_colour(eq_eliminator *e, bool *blocked) {
    const eq_pattern *p = &e->s->pattern;
    memset(blocked, 0, e->s->n * sizeof *blocked);
    e->colour[e->colours] = e->chosen.count;
    for (int32_t k = 0; k < p->n; k++) {
        if (e->chosen.of[k] != WAITING || blocked[k] || meets_chosen(e, k)) continue;
        e->chosen.of[k] = (int32_t)e->chosen.count;
        e->unknown[e->chosen.count++] = k;
        for (int32_t i = p->start[k]; i < p->start[k + 1]; i++) blocked[p->row[i]] = true;
    }
    e->colour[++e->colours] = e->chosen.count;
}

static bool choose(eq_eliminator *e) {
    bool *blocked = eq_calloc(e->s->n, sizeof *blocked);
    if (blocked == NULL) return false;
    do choose_colour(e, blocked);
    while (e->colours < MOST_COLOURS && e->colour[e->colours] > e->colour[e->colours - 1]);
    eq_free(blocked);
    for (size_t k = 0; k < e->s->n; k++) /* for whom there was no colour left */
        if (e->chosen.of[k] == WAITING) e->chosen.of[k] = EQ_NONE;
    return true;
}

static void leave_rows(eq_eliminator *e, const eq_sparse_rows *rows, eq_node n) {
    for (int32_t k = rows->start[n]; k < rows->start[n + 1]; k++)
        e->chosen.of[rows->unknown[k]] = EQ_NONE;
}

/* Unknowns that a port element reads or drives are no scalar equations: a root of theirs would move
 * others. */
static void leave_ports(eq_eliminator *e) {
    const eq_reduction *red = e->s->reduction;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &e->s->circuit->table[cls];
        for (size_t j = 0; eq_is_port(t) && j < t->count; j++) {
            for (size_t k = 0; k < eq_port_outputs(t); k++)
                leave_rows(e, &red->w, eq_port_plus(t, j, k));
            leave_rows(e, &red->w, eq_port_minus(t, j));
            for (size_t i = 0; i < eq_port_inputs(t, j); i++) {
                eq_formula_input in = eq_port_input(t, j, i);
                if (in.kind != EQ_INPUT_DROP) continue;
                leave_rows(e, &red->t, in.plus);
                leave_rows(e, &red->t, in.minus);
            }
        }
    }
}

/* Of two components whose unknowns are coupled the smaller one is no block. size: [components] */
static void leave_coupled(const eq_eliminator *e, int32_t *size) {
    const eq_pattern *p = &e->s->pattern;
    for (int32_t k = 0; k < p->n; k++)
        for (int32_t i = p->start[k]; i < p->start[k + 1]; i++) {
            int32_t a = e->blocks.of[k], b = e->blocks.of[p->row[i]];
            if (a == b || a == EQ_NONE || b == EQ_NONE) continue;
            size[size[a] < size[b] ? a : b] = 0;
        }
}

/* Blocks: connected components of at least two potentials. */
static bool choose_blocks(eq_eliminator *e) {
    const eq_topology *t = e->s->topology;
    const eq_reduction *red = e->s->reduction;
    int32_t *size = eq_calloc(t->components, sizeof *size), *of = e->blocks.of;
    if (size == NULL) return false;
    for (size_t k = 0; k < e->s->n; k++) {
        bool moves = k < red->node_unknowns && red->parent[red->root[k]] == EQ_NONE;
        of[k] = moves ? t->component[red->root[k]] : EQ_NONE; /* behind a short: with its parent */
        if (of[k] != EQ_NONE) size[of[k]]++;
    }
    leave_coupled(e, size);
    for (size_t c = 0; c < t->components; c++)
        size[c] = size[c] > 1 ? (int32_t)e->blocks.count++ : EQ_NONE;
    for (size_t k = 0; k < e->s->n; k++)
        if (of[k] != EQ_NONE) of[k] = size[of[k]];
    eq_free(size);
    return true;
}

/* Finds the touched elements of all groups, and the most that a group has. */
static bool find_touched(const eq_system *s, groups *q, size_t *most) {
    q->start = eq_calloc(q->count + 2, sizeof *q->start);
    q->last = eq_malloc(q->count, sizeof *q->last);
    if (q->start == NULL || q->last == NULL) return false;
    for (size_t k = 0; k < q->count; k++) q->last[k] = -1;
    visit_touches(s, add_touch, q);
    for (size_t k = 2; k < q->count + 2; k++) {
        if ((size_t)q->start[k] > *most) *most = (size_t)q->start[k];
        q->start[k] += q->start[k - 1];
    }
    q->touched = eq_malloc((size_t)q->start[q->count + 1], sizeof *q->touched);
    if (q->touched == NULL) return false;
    for (size_t k = 0; k < q->count; k++) q->last[k] = -1;
    visit_touches(s, add_touch, q);
    eq_free(q->last);
    q->last = NULL;
    return true;
}

static bool build(eq_eliminator *e) {
    size_t n = e->s->n, most = 0;
    e->unknown = eq_malloc(n, sizeof *e->unknown);
    e->chosen.of = eq_malloc(n, sizeof *e->chosen.of);
    e->blocks.of = eq_malloc(n, sizeof *e->blocks.of);
    e->r = eq_malloc(n, sizeof *e->r);
    if (e->unknown == NULL || e->chosen.of == NULL || e->blocks.of == NULL || e->r == NULL)
        return false;
    for (size_t k = 0; k < n; k++) e->chosen.of[k] = EQ_NONE;
    visit_touches(e->s, mark_touched, &e->chosen);
    leave_ports(e);
    if (!choose(e) || !choose_blocks(e) || !find_touched(e->s, &e->chosen, &most) ||
        !find_touched(e->s, &e->blocks, &most))
        return false;
    e->side = eq_malloc(most, sizeof *e->side);
    e->sum = eq_malloc(2 * e->blocks.count, sizeof *e->sum);
    return e->side != NULL && e->sum != NULL;
}

static void free_groups(groups *q) {
    eq_free(q->of);
    eq_free(q->start);
    eq_free(q->touched);
    eq_free(q->last);
}

void eq_eliminator_free(eq_eliminator *e) {
    if (e == NULL) return;
    free_groups(&e->chosen);
    free_groups(&e->blocks);
    eq_free(e->unknown);
    eq_free(e->side);
    eq_free(e->r);
    eq_free(e->sum);
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

/* One scalar equation: f(h) = r + g h + sum of left y(u + right h). */
typedef struct scalar {
    const side *first, *end;
    double r, g;
    double enough; /* V: a root known to this is as good */
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

/* Brings the elements of group k together; returns the end of e->side. */
static const side *take_sides(eq_eliminator *e, const groups *q, size_t k) {
    const double *v = e->s->v;
    side *to = e->side;
    for (const touch *t = q->touched + q->start[k]; t < q->touched + q->start[k + 1]; t++) {
        if (t->left == 0.0 && t->right == 0.0) continue;
        const eq_table *table = &e->s->circuit->table[t->cls];
        to->cls = table->cls;
        for (int j = 0; j < table->cls->columns; j++) to->w[j] = table->w[j] + t->row;
        to->u = v[table->term[0][t->row]] - v[table->term[1][t->row]];
        to->left = t->left;
        to->right = t->right;
        to++;
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
        if (fabs(newton) <= 1e-16 * (fabs(x) + fabs(h)) + q->enough) break;
        f = evaluate(q, h, &slope);
    }
    return h;
}

/* Moves an unknown by h; the linear residual follows. */
static void move(eq_eliminator *e, double *x, int32_t u, double h) {
    const eq_system *s = e->s;
    x[u] += h;
    for (int32_t i = s->start[u]; i < s->start[u + 1]; i++) e->r[s->row[i]] += h * s->linear[i];
    e->r[u] += h * eq_system_shunt(s, (size_t)u);
}

/* The first colour, the largest, comes last: its equations hold on return. */
void eq_eliminate(eq_eliminator *e, double *x) {
    eq_system *s = e->s;
    if (s->injection.slope != NULL || e->chosen.count == 0) return;
    eq_system_linear_residual(s, x, e->r);
    for (int colour = e->colours; colour-- > 0;) {
        if (e->colour[colour] == e->colour[colour + 1]) continue;
        eq_system_potentials(s, x);
        for (size_t k = e->colour[colour]; k < e->colour[colour + 1]; k++) {
            int32_t u = e->unknown[k];
            if (eq_system_is_held(s, (size_t)u)) continue;
            scalar q = {e->side, take_sides(e, &e->chosen, k), e->r[u],
                        s->linear[s->diagonal[u]] + eq_system_shunt(s, (size_t)u), 0.0};
            move(e, x, u, root(&q, x[u]));
        }
    }
}

/* The current that leaves each block through linear elements,
 * and its growth with a common shift. */
static void sum_blocks(eq_eliminator *e) {
    const eq_system *s = e->s;
    double *current = e->sum, *conductance = e->sum + e->blocks.count;
    memset(e->sum, 0, 2 * e->blocks.count * sizeof *e->sum);
    for (size_t k = 0; k < s->n; k++) {
        int32_t b = e->blocks.of[k];
        if (b == EQ_NONE) continue;
        current[b] += e->r[k];
        conductance[b] += eq_system_shunt(s, k);
        for (int32_t i = s->start[k]; i < s->start[k + 1]; i++)
            if (e->blocks.of[s->row[i]] == b) conductance[b] += s->linear[i];
    }
}

void eq_eliminate_shifts(eq_eliminator *e, double *x) {
    static const double enough = 1e-4; /* V: of a start */
    eq_system *s = e->s;
    if (s->injection.slope != NULL || e->blocks.count == 0) return;
    eq_system_linear_residual(s, x, e->r);
    sum_blocks(e);
    double *shift = e->sum;
    for (size_t b = 0; b < e->blocks.count; b++) {
        scalar q = {e->side, take_sides(e, &e->blocks, b), e->sum[b], e->sum[e->blocks.count + b],
                    enough};
        bool stays = q.end == q.first || isinf(q.g);
        shift[b] = stays ? 0.0 : root(&q, 0.0); /* linear: Newton's first step has it */
    }
    for (size_t k = 0; k < s->n; k++)
        if (e->blocks.of[k] != EQ_NONE) x[k] += shift[e->blocks.of[k]];
}
