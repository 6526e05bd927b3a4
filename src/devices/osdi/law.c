/* The currents of an element of a compiled module: its internal nodes are eliminated. With t the
 * terminals, y the inner unknowns and f the residuals, f_y(t, y) = 0 is solved by Newton's method,
 * and di/dt = f_t,t - f_t,y f_y,y^-1 f_y,t. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "devices/osdi/inner.h"

enum { MOST = EQ_OSDI_NODES + 1 };

/* An element at z: residuals or charges f of its unknowns and their slopes j. */
typedef struct work {
    const eq_osdi_instance *i;
    int n, inner, first; /* unknowns; of these solved for, from `first` on */
    double z[MOST], f[MOST], j[MOST * MOST];
    double right[MOST][1 + EQ_MAX_TERMINALS]; /* f_yy^-1 of f_y and of f_yt */
    uint32_t returned;
    bool solvable;
    _Alignas(64) unsigned char data[EQ_OSDI_BYTES]; /* its instance, which others read, too */
} work;

static void point_at_slopes(work *k) {
    const eq_osdi_descriptor *d = &k->i->model->module->d;
    double **resist = (double **)(void *)(k->data + d->resist_pointers);
    for (uint32_t e = 0; e < d->entries; e++) {
        eq_osdi_pair p = d->entry[e].nodes;
        resist[e] = &k->j[k->i->unknown[p.node_1] * k->n + k->i->unknown[p.node_2]];
        if (d->entry[e].react_pointer != EQ_OSDI_NOWHERE)
            *(double **)(void *)(k->data + d->entry[e].react_pointer) = resist[e];
    }
}

static void open_work(work *k, const eq_osdi_instance *i) {
    k->i = i;
    k->n = i->unknowns;
    k->first = 1 + i->connected;
    k->inner = k->n - k->first;
    memcpy(k->data, i->data, i->model->module->d.instance_size);
    point_at_slopes(k);
}

static uint32_t call(work *k, uint32_t flags, double *state, double *next) {
    const eq_osdi_model *m = k->i->model;
    eq_osdi_siminfo info = {.params = eq_osdi_simparams_of(m),
                            .solution = k->z,
                            .state = state,
                            .next_state = next,
                            .flags = flags | EQ_OSDI_DC | EQ_OSDI_STATIC};
    k->z[0] = 0.0;
    return m->module->d.eval((void *)&k->i->note, k->data, m->data, &info);
}

/* f and j at z. */
static void evaluate(work *k, bool charges) {
    const eq_osdi_descriptor *d = &k->i->model->module->d;
    double state[EQ_OSDI_STATES] = {0}, next[EQ_OSDI_STATES] = {0};
    memset(k->f, 0, sizeof k->f);
    memset(k->j, 0, (size_t)(k->n * k->n) * sizeof *k->j);
    uint32_t flags =
        charges ? EQ_OSDI_CHARGE | EQ_OSDI_CAPACITANCE : EQ_OSDI_RESIDUAL | EQ_OSDI_JACOBIAN;
    k->returned = call(k, flags, state, next);
    if (charges) {
        d->load_residual_react(k->data, k->i->model->data, k->f);
        d->load_jacobian_react(k->data, k->i->model->data, 1.0);
    } else {
        d->load_residual_resist(k->data, k->i->model->data, k->f);
        d->load_jacobian_resist(k->data, k->i->model->data);
    }
}

static bool is_finite(const work *k) {
    double sum = 0.0;
    for (int a = 1; a < k->n; a++) {
        sum += 0.0 * k->f[a];
        for (int b = 1; b < k->n; b++) sum += 0.0 * k->j[a * k->n + b];
    }
    return sum == 0.0 && (k->returned & EQ_OSDI_FATAL) == 0;
}

/* Solves for the inner unknowns: f_yy x = (f_y, f_yt), by elimination with row exchanges, each row by
 * its largest slope. */
static void eliminate(work *k) {
    int m = k->inner, columns = m + 1 + k->i->connected;
    double a[EQ_OSDI_NODES][EQ_OSDI_NODES + 1 + EQ_MAX_TERMINALS];
    for (int r = 0; r < m; r++) {
        const double *row = &k->j[(k->first + r) * k->n];
        double size = 0.0;
        for (int c = 0; c < m; c++) size = fmax(size, fabs(row[k->first + c]));
        for (int c = 0; c < columns; c++)
            a[r][c] = (c < m ? row[k->first + c] : c == m ? k->f[k->first + r] : row[c - m]) / size;
    }
    k->solvable = true;
    for (int p = 0; p < m; p++) {
        int best = p;
        for (int r = p + 1; r < m; r++)
            if (fabs(a[r][p]) > fabs(a[best][p])) best = r;
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): filled above */
        if (!(fabs(a[best][p]) > 0.0)) k->solvable = false;
        for (int c = p; c < columns; c++) {
            double kept = a[p][c];
            a[p][c] = a[best][c];
            a[best][c] = kept;
        }
        for (int r = 0; r < m; r++) {
            double f = r == p ? 0.0 : a[r][p] / a[p][p];
            for (int c = p; f != 0.0 && c < columns; c++) a[r][c] -= f * a[p][c];
        }
    }
    for (int r = 0; r < m; r++)
        for (int c = 0; c < 1 + k->i->connected; c++) k->right[r][c] = a[r][m + c] / a[r][r];
}

/* The drops that the library limits, at z. */
static void drops(work *k, double *drop) {
    double none[EQ_OSDI_STATES] = {0};
    call(k, EQ_OSDI_RESIDUAL | EQ_OSDI_LIMIT | EQ_OSDI_LIMIT_FIRST, none, drop);
}

/* The part of the way from z_old to k->z that $limit allows. */
static double allowed(work *k, const double *z_old) {
    uint32_t states = k->i->model->module->d.states;
    double z[MOST], old[EQ_OSDI_STATES] = {0}, now[EQ_OSDI_STATES] = {0};
    double part = 1.0, limited[EQ_OSDI_STATES] = {0};
    if (states == 0) return 1.0;
    memcpy(z, k->z, sizeof z);
    drops(k, now);
    memcpy(k->z, z_old, sizeof z);
    drops(k, old);
    memcpy(k->z, z, sizeof z);
    memcpy(limited, old, sizeof old);
    uint32_t returned = call(k, EQ_OSDI_RESIDUAL | EQ_OSDI_LIMIT, old, limited);
    for (uint32_t s = 0; (returned & EQ_OSDI_LIMITED) != 0 && s < states; s++) {
        double way = (limited[s] - old[s]) / (now[s] - old[s]);
        if (now[s] != old[s] && way < part) part = fmax(way, 1e-3);
    }
    return part;
}

/* How far the inner unknowns are from where Newton's step leads, over what they need be. */
static double distance(const work *k) {
    double most = 0.0;
    for (int a = 0; a < k->inner; a++) {
        double size = fabs(k->z[k->first + a]), least = k->i->flow[k->first + a] ? 1e-18 : 1e-10;
        most = fmax(most, fabs(k->right[a][0]) / (1e-9 * size + least));
    }
    return most;
}

/* The part of a step that no unknown outgrows: a potential moves by a volt, or by as much as it is away
 * from the first terminal. */
static double shorten(const work *k, const double *step) {
    double part = 1.0;
    for (int a = 1; a < k->n; a++) {
        double room = fmax(1.0, fabs(k->z[a] - k->z[1]));
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): find_step fills it */
        if (!k->i->flow[a] && fabs(step[a]) * part > room) part = room / fabs(step[a]);
    }
    return part;
}

/* The step that takes the terminals to `end`, and the inner unknowns where Newton's method and the
 * terminals lead them; how far the terminals have to go. */
static double find_step(const work *k, const double *end, double *step) {
    double way = 0.0;
    for (int a = 1; a < k->first; a++) {
        step[a] = end[a] - k->z[a];
        way = fmax(way, fabs(step[a]));
    }
    for (int a = 0; a < k->inner; a++) {
        double sum = k->right[a][0];
        for (int b = 1; b < k->first; b++) sum += k->right[a][b] * step[b];
        step[k->first + a] = -sum;
    }
    return way;
}

static void go_back(work *k, const double *before, double part) {
    for (int a = 1; a < k->n; a++) k->z[a] = before[a] + part * (k->z[a] - before[a]);
}

/* Newton's method from where z is to where the terminals are at `end`, with steps as long as $limit
 * allows; false: it does not settle. */
static bool newton(work *k, const double *end) {
    double before[MOST] = {0}, step[MOST], part = 1.0;
    evaluate(k, false);
    for (int count = 0; count < 300; count++) {
        if (!is_finite(k)) {
            part *= 0.25;
            if (count == 0 || part < 1e-9) return false;
            go_back(k, before, 0.25);
        } else {
            eliminate(k);
            double way = find_step(k, end, step), far = distance(k);
            if (!k->solvable) return false;
            if (way == 0.0 && (far <= 1.0 || (count > 100 && far < 1e3))) return true;
            memcpy(before, k->z, sizeof before);
            part = shorten(k, step);
            for (int a = 1; a < k->n; a++) k->z[a] += part * step[a];
            if (part == 1.0) memcpy(&k->z[1], &end[1], (size_t)k->i->connected * sizeof *end);
            double limited = allowed(k, before);
            if (limited < 1.0) go_back(k, before, limited);
            part *= limited;
        }
        evaluate(k, false);
    }
    return false;
}

/* All at the potential of the first terminal, where an element rests. */
static void rest(work *k) {
    for (int a = 1; a < k->n; a++) k->z[a] = a < k->first || k->i->potential[a] ? k->z[1] : 0.0;
}

/* Settles the inner unknowns with the terminals where z has them, from where they were (memory, of
 * row j; NULL: not known) or from rest. */
static bool settle(work *k, double *const *memory, size_t j) {
    double end[MOST];
    bool warm = k->inner > 0 && memory != NULL && !isnan(memory[0][j]);
    memcpy(end, k->z, (size_t)k->first * sizeof *end);
    for (int a = 0; warm && a < k->inner; a++) k->z[k->first + a] = memory[a][j];
    bool done = (warm || k->inner == 0) && newton(k, end);
    if (!done && k->inner > 0) {
        rest(k);
        done = newton(k, end);
    }
    for (int a = 0; done && memory != NULL && a < k->inner; a++)
        memory[a][j] = k->z[k->first + a] - k->right[a][0];
    return done;
}

/* Currents and slopes of the terminals; what newton left of f_y goes into the currents to first
 * order. */
static void store(const work *k, size_t j, size_t terminals, double *const *i, double *const *g) {
    int n = k->i->connected;
    for (int a = 0; a < n; a++) {
        const double *row = &k->j[(a + 1) * k->n];
        double current = k->f[a + 1];
        for (int y = 0; y < k->inner; y++) current -= row[k->first + y] * k->right[y][0];
        i[a][j] = current;
        for (int b = 0; b < n; b++) {
            double slope = row[b + 1];
            for (int y = 0; y < k->inner; y++) slope -= row[k->first + y] * k->right[y][b + 1];
            g[(size_t)a * terminals + (size_t)b][j] = slope;
        }
    }
}

static void fill(double value, size_t j, size_t terminals, double *const *i, double *const *g) {
    for (size_t a = 0; a < terminals; a++) {
        i[a][j] = value;
        for (size_t b = 0; b < terminals; b++) g[a * terminals + b][j] = value;
    }
}

static void take_terminals(work *k, const double *const *z, size_t j) {
    for (int a = 0; a < k->i->connected; a++) k->z[a + 1] = z[a][j];
}

/* Why there is no number, for when there is no solution. */
static void blame(const work *k, eq_osdi_instance *i) {
    if ((k->returned & EQ_OSDI_FATAL) != 0)
        eq_osdi_keep(&i->note, true, "its module stopped the simulation ($fatal)");
}

void eq_osdi_port(size_t n, double *const *w, const double *const *z, const eq_port_search *search,
                  double *const *i, double *const *g) {
    for (size_t j = 0; j < n; j++) {
        work k;
        eq_osdi_instance *own = eq_osdi_at(w[0][j]);
        size_t terminals = own->model->module->d.terminals;
        open_work(&k, own);
        take_terminals(&k, z, j);
        bool settled = settle(&k, search == NULL ? NULL : search->memory, j);
        fill(settled ? 0.0 : NAN, j, terminals, i, g);
        own->lost = !settled;
        if (settled)
            store(&k, j, terminals, i, g);
        else
            blame(&k, own);
    }
}

/* The drops at both ends are those with the inner nodes settled there: a junction behind a
 * resistance has little to be limited. */
size_t eq_osdi_limit_port(size_t n, double *const *w, const double *const *z_old,
                          double *const *z_new) {
    size_t count = 0;
    for (size_t j = 0; j < n; j++) {
        work k;
        double before[MOST] = {0}, old, part;
        open_work(&k, eq_osdi_at(w[0][j]));
        take_terminals(&k, z_old, j);
        if (!settle(&k, NULL, 0)) continue;
        memcpy(before, k.z, sizeof before);
        take_terminals(&k, (const double *const *)z_new, j);
        if (k.inner > 0 && !settle(&k, NULL, 0)) continue;
        part = allowed(&k, before);
        for (int a = 0; part < 1.0 && a < k.i->connected; a++) {
            old = z_old[a][j];
            z_new[a][j] = old + part * (z_new[a][j] - old);
        }
        count += part < 1.0;
    }
    return count;
}

bool eq_osdi_charges(double *const *w, size_t j, const double *z, double *q, double *c) {
    work k;
    const eq_osdi_instance *i = eq_osdi_at(w[0][j]);
    const eq_osdi_descriptor *d = &i->model->module->d;
    open_work(&k, i);
    for (int a = 0; a < i->connected; a++) k.z[a + 1] = z[a];
    if (!settle(&k, NULL, 0)) return false;
    evaluate(&k, true);
    for (uint32_t a = 0; a < d->nodes; a++) {
        q[a] = k.f[i->unknown[a]];
        for (uint32_t b = 0; b < d->nodes; b++)
            c[a * d->nodes + b] = k.j[i->unknown[a] * k.n + i->unknown[b]];
    }
    return is_finite(&k);
}

bool eq_osdi_is_finite_at_rest(eq_osdi_instance *i) {
    work k;
    open_work(&k, i);
    memset(k.z, 0, sizeof k.z);
    evaluate(&k, false);
    return is_finite(&k);
}
