#include "solver/ports.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/own_drop.h"

/* V, V, 1/V, V */
static const double FIRST = 1e-5, FAR = 1e-3, PART = 0.1, NEAREST = 0.1;

static size_t most(size_t a, size_t b) {
    return a > b ? a : b;
}

static bool open_rows(eq_port_rows *r, const eq_table *t, const eq_sparse_rows *equations) {
    size_t nodes = (size_t)eq_class_nodes(t->cls);
    const int32_t *start = equations->start;
    for (size_t a = 0; a < nodes; a++)
        for (size_t j = 0; eq_port_carries(t, a) && j < t->count; j++)
            r->felt[a] = r->felt[a] || start[t->term[a][j]] < start[t->term[a][j] + 1];
    double *next = r->block = eq_malloc(t->count * nodes, (nodes + 3) * sizeof *r->block);
    double *memory = r->kept = eq_calloc(t->count, (size_t)t->cls->memory * sizeof *r->kept);
    if (next == NULL || memory == NULL) return false;
    for (int k = 0; k < t->cls->memory; k++) r->memory[k] = memory + (size_t)k * t->count;
    for (size_t a = 0; a < nodes; a++) {
        double **part[] = {&r->z[a], &r->i[a], &r->size[a]};
        for (size_t k = 0; k < 3; k++, next += t->count) *part[k] = next;
    }
    for (size_t k = 0; k < nodes * nodes; k++, next += t->count) r->g[k] = next;
    return true;
}

eq_status eq_ports_new(const eq_circuit *c, const eq_reduction *r, eq_ports *p, eq_diag *diag) {
    size_t inputs = 0, outputs = 0, slopes = 0, work = 0;
    bool whole = true;
    *p = (eq_ports){0};
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        if (!eq_is_port(t)) continue;
        p->count += t->count;
        for (size_t j = 0; j < t->count; j++) {
            size_t in = eq_port_inputs(t, j), out = eq_port_outputs(t);
            inputs = most(inputs, in);
            outputs = most(outputs, out);
            slopes = most(slopes, in * out);
            if (t->formula != NULL) work = most(work, eq_formula_work(t->formula[j]));
        }
        if (eq_is_port_class(t) && t->count > 0) whole = whole && open_rows(&p->rows[k], t, &r->w);
    }
    if (p->count == 0) return EQ_OK;
    p->nodes = r->nodes;
    p->in = eq_malloc(inputs, sizeof *p->in);
    p->value = eq_malloc(outputs, sizeof *p->value);
    p->slope = eq_malloc(slopes, sizeof *p->slope);
    p->work = eq_malloc(work, sizeof *p->work);
    p->v = eq_malloc(p->nodes, sizeof *p->v);
    whole = whole && p->v != NULL && p->in != NULL && p->value != NULL && p->slope != NULL &&
            p->work != NULL;
    if (whole) eq_ports_forget(p, c);
    if (whole) return EQ_OK;
    eq_ports_free(p);
    return eq_out_of_memory(diag);
}

void eq_ports_free(eq_ports *p) {
    eq_free(p->in);
    eq_free(p->value);
    eq_free(p->slope);
    eq_free(p->work);
    eq_free(p->v);
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        eq_free(p->rows[k].block);
        eq_free(p->rows[k].kept);
    }
    *p = (eq_ports){0};
}

/* i(z) and di/dz of one element of a port class. */
static void evaluate_class(eq_ports *p, const eq_table *t, size_t j) {
    double *w[EQ_MAX_COLUMNS] = {NULL};
    for (int k = 0; k < t->cls->columns; k++) w[k] = &t->w[k][j];
    eq_class_port(t->cls, w, p->in, p->value, p->slope);
}

void eq_ports_forget(eq_ports *p, const eq_circuit *c) {
    if (p->v != NULL) p->v[EQ_GROUND] = NAN;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        eq_port_rows *r = &p->rows[k];
        r->known = r->rough = false;
        for (size_t j = 0; r->memory[0] != NULL && j < t->count; j++) r->memory[0][j] = NAN;
    }
}

/* Rows first..end-1 of a port class at v, or as tangents where they are held. */
typedef struct stretch {
    const eq_table *t;
    eq_port_rows *r;
    const double *held, *v;
    double near;
    size_t first, end;
} stretch;

/* Node a of the rows at v, or where it is held. */
static void gather(const stretch *q, size_t a) {
    size_t nodes = (size_t)eq_class_nodes(q->t->cls);
    const eq_node *node = q->t->term[a];
    const double *held = q->held, *v = q->v;
    double *z = q->r->z[a];
    for (size_t j = q->first; held == NULL && j < q->end; j++) z[j] = v[node[j]];
    for (size_t j = q->first; held != NULL && j < q->end; j++) z[j] = held[j * nodes + a];
}

/* i_a += sum_b g_ab (v_b - z_b) where tangents are taken, and the sizes of these sums. */
static void sum_up(const stretch *q, size_t a) {
    const eq_table *t = q->t;
    eq_port_rows *r = q->r;
    size_t nodes = (size_t)eq_class_nodes(t->cls);
    memset(r->size[a] + q->first, 0, (q->end - q->first) * sizeof *r->size[a]);
    for (size_t b = 0; b < nodes; b++) {
        const double *g = r->g[a * nodes + b], *z = r->z[b];
        for (size_t j = q->first; q->held == NULL && j < q->end; j++)
            r->size[a][j] += fabs(g[j]) * fabs(z[j]);
        for (size_t j = q->first; q->held != NULL && j < q->end; j++) {
            double now = q->v[t->term[b][j]];
            r->size[a][j] += fabs(g[j]) * fabs(now);
            r->i[a][j] += g[j] * (now - z[j]);
        }
    }
}

/* The arrays from row `first` on. */
static void shift(double *const *from, size_t count, size_t first, double **to) {
    for (size_t k = 0; k < count; k++) to[k] = from[k] == NULL ? NULL : from[k] + first;
}

static void take_rows(const stretch *q) {
    const eq_table *t = q->t;
    eq_port_rows *r = q->r;
    enum { MOST = EQ_MAX_TERMINALS };
    size_t nodes = (size_t)eq_class_nodes(t->cls), first = q->first;
    double *w[EQ_MAX_COLUMNS], *i[MOST], *g[MOST * MOST], *memory[EQ_MAX_MEMORY];
    const double *z[MOST];
    for (size_t a = 0; a < nodes; a++) {
        gather(q, a);
        z[a] = r->z[a] + first;
    }
    shift(t->w, (size_t)t->cls->columns, first, w);
    shift(r->memory, (size_t)t->cls->memory, first, memory);
    shift(r->i, nodes, first, i);
    shift(r->g, nodes * nodes, first, g);
    const eq_port_search search = {memory, q->near};
    t->cls->port(q->end - first, w, z, &search, i, g);
    for (size_t a = 0; a < nodes; a++)
        if (q->held != NULL || r->felt[a]) sum_up(q, a);
}

/* Whole vectors of eight rows, some microseconds of work. */
enum { STRETCH = 160, STRETCHES = 1 << 15 };

static size_t stretch_of(const eq_table *t) {
    size_t least = (t->count / STRETCHES + 7) & ~(size_t)7;
    return least > STRETCH ? least : STRETCH;
}

static void take_stretch(void *data, int k) {
    stretch q = *(const stretch *)data;
    size_t rows = stretch_of(q.t);
    q.first = (size_t)k * rows;
    q.end = q.first + rows < q.t->count ? q.first + rows : q.t->count;
    take_rows(&q);
}

/* Whether the rows are those at v; if not, v is where all are from now on. What is found does not depend on where they
 * were before they were forgotten. */
static bool is_known(eq_ports *p, const eq_port_rows *r, const double *v) {
    double moved = 0.0;
    if (memcmp(p->v, v, p->nodes * sizeof *v) == 0) return r->known;
    for (size_t n = 0; n < p->nodes; n++) {
        double by = fabs(v[n] - p->v[n]);
        moved = by > moved ? by : moved;
    }
    p->first = isnan(p->v[EQ_GROUND]);
    p->moved = p->first ? 0.0 : moved;
    memcpy(p->v, v, p->nodes * sizeof *v);
    for (int k = 0; k < EQ_CLASS_COUNT; k++) p->rows[k].known = false;
    return false;
}

/* How near to the inner potentials of rows their search may end (device.h): a Newton step that moves the circuit by
 * u V leaves some part of u^2, so that no more is asked of a search inside it (inexact Newton methods: Dembo,
 * Eisenstat and Steihaug 1982). The first rows of a search ask what those of a step of 10 mV do. */
static double near(const eq_ports *p) {
    if (!p->hurries) return 0.0;
    if (p->first) return FIRST;
    return p->moved > FAR ? fmin(PART * p->moved * p->moved, NEAREST) : 0.0;
}

void eq_ports_hurry(eq_ports *p, bool hurries) {
    p->hurries = hurries;
    if (!hurries) eq_ports_finish(p);
}

bool eq_ports_finish(eq_ports *p) {
    bool any = false;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        if (!p->rows[k].rough) continue;
        p->rows[k].known = p->rows[k].rough = false;
        any = true;
    }
    if (!any) return false;
    p->moved = 0.0;
    p->first = false;
    return true;
}

const eq_port_rows *eq_ports_take(eq_ports *p, const eq_table *t, const double *held,
                                  const double *v) {
    eq_port_rows *r = &p->rows[eq_class_number_of(t->cls)];
    if (held == NULL && is_known(p, r, v)) return r;
    stretch all = {t, r, held, v, near(p), 0, t->count};
    if (p->pool == NULL || t->count <= STRETCH)
        take_rows(&all);
    else
        eq_pool_run(p->pool, (int)((t->count - 1) / stretch_of(t) + 1), take_stretch, &all);
    r->known = held == NULL;
    r->rough = all.near > 0.0 && t->cls->memory > 0;
    return r;
}

/* m f(inputs) of a behavioural source; a slope that is not finite counts as zero. */
static void evaluate_formula(eq_ports *p, const eq_table *t, size_t j) {
    const eq_formula *formula = t->formula[j];
    double m = t->w[0][j];
    p->value[0] = m * eq_formula_evaluate(formula, p->in, p->slope, p->work);
    for (size_t k = 0; k < formula->inputs; k++)
        p->slope[k] = isfinite(p->slope[k]) ? m * p->slope[k] : 0.0;
}

void eq_ports_at(eq_ports *p, const eq_circuit *c, const eq_reduction *r, const eq_table *t,
                 size_t j, const double *v, const double *current, const int32_t *of) {
    for (size_t k = 0; k < eq_port_inputs(t, j); k++) {
        eq_formula_input in = eq_port_input(t, j, k);
        if (in.kind == EQ_INPUT_DROP)
            p->in[k] = v[in.plus] - v[in.minus];
        else if (in.kind == EQ_INPUT_TEMPERATURE)
            p->in[k] = c->env.temp;
        else {
            int32_t branch = eq_reduction_branch(r, c, in.branch);
            p->in[k] = current[of == NULL ? branch : of[branch]];
        }
    }
    if (eq_is_port_class(t))
        evaluate_class(p, t, j);
    else
        evaluate_formula(p, t, j);
}

static eq_own_law own_law(eq_ports *p, const eq_circuit *c, const eq_table *t, size_t j) {
    return (eq_own_law){t->formula[j], t->term[0][j], t->term[1][j], c->env.temp, p->in, p->work};
}

double eq_ports_own_current(eq_ports *p, const eq_circuit *c, const eq_table *t, size_t j,
                            double u) {
    eq_own_law l = own_law(p, c, t, j);
    return t->w[0][j] * eq_own_law_current(&l, u);
}

double eq_ports_own_energy(eq_ports *p, const eq_circuit *c, const eq_table *t, size_t j,
                           double u) {
    eq_own_law l = own_law(p, c, t, j);
    return t->w[0][j] * eq_own_law_energy(&l, u);
}
