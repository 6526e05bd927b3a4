/* The engine of an elastic network: one example at a time. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/elastic/net.h"

/* The network outlives the engine, whose arrays it holds. */
static void destroy(void *self) {
    eq_elastic *e = self;
    if (e == NULL) return;
    double **all[] = {&e->x,       &e->g,    &e->step,  &e->mode,     &e->trial, &e->hessian,
                      &e->shifted, &e->ones, &e->force, &e->gradient, &e->pivot};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        eq_free(*all[k]);
        *all[k] = NULL;
    }
    for (int s = 0; s < EQ_MAX_SLOTS; s++) {
        eq_free(e->q[s]);
        e->q[s] = NULL;
    }
    eq_lin_free(e->lin);
    e->lin = NULL;
    eq_free(e->start);
    eq_free(e->row);
    eq_free(e->pivot_row);
    e->start = e->row = e->pivot_row = NULL;
}

/* A pattern with all entries. */
static bool make_pattern(eq_elastic *e) {
    size_t n = e->unknowns;
    e->start = eq_malloc(n + 1, sizeof *e->start);
    e->row = eq_malloc(n * n + 1, sizeof *e->row);
    if (e->start == NULL || e->row == NULL) return false;
    for (size_t j = 0; j <= n; j++) e->start[j] = (int32_t)(j * n);
    for (size_t k = 0; k < n * n; k++) e->row[k] = (int32_t)(k % n);
    e->pattern = (eq_pattern){(int32_t)n, e->start, e->row};
    return true;
}

static bool make_room(eq_elastic *e) {
    size_t n = e->unknowns, c = eq_elastic_coordinates(e);
    e->pivot_row = eq_calloc(n, sizeof *e->pivot_row);
    bool whole = make_pattern(e) && e->pivot_row != NULL;
    struct {
        double **at;
        size_t count;
    } all[] = {{&e->x, e->batch * e->inputs},
               {&e->g, n},
               {&e->step, n},
               {&e->mode, n},
               {&e->trial, c},
               {&e->hessian, n * n},
               {&e->shifted, n * n},
               {&e->ones, n},
               {&e->force, n},
               {&e->gradient, e->springs},
               {&e->pivot, n}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        *all[k].at = eq_calloc(all[k].count, sizeof(double));
        whole = whole && *all[k].at != NULL;
    }
    for (int s = 0; s < EQ_MAX_SLOTS; s++) {
        e->q[s] = eq_calloc(e->batch * c, sizeof(double));
        whole = whole && e->q[s] != NULL;
    }
    for (size_t u = 0; whole && u < n; u++) e->ones[u] = 1.0;
    return whole;
}

static eq_engine_info about(const void *self) {
    const eq_elastic *e = self;
    return (eq_engine_info){.name = "elastic",
                            .iterations = e->iterations,
                            .solves = e->solves,
                            .worst_ratio = e->worst};
}

static void read_outputs(const eq_elastic *e, int slot, double *y) {
    size_t c = eq_elastic_coordinates(e);
    for (size_t j = 0; y != NULL && j < e->n; j++)
        for (size_t k = 0; k < e->outputs; k++) {
            size_t at = (size_t)e->output[k];
            y[j * e->outputs + k] = e->q[slot][j * c + at] - e->rest[at / e->dims][at % e->dims];
        }
}

/* Every example starts where the list of nodes has them, but for displaced inputs. */
static eq_status free_phase(void *self, size_t n, const double *x, double *y, eq_diag *diag) {
    eq_elastic *e = self;
    size_t c = eq_elastic_coordinates(e);
    e->n = n;
    memcpy(e->x, x, n * e->inputs * sizeof *x);
    for (size_t j = 0; j < n; j++) {
        double *q = e->q[0] + j * c;
        for (size_t k = 0; k < c; k++) q[k] = e->rest[k / e->dims][k % e->dims];
        for (size_t k = 0; e->o.displaced && k < e->inputs; k++)
            q[e->input[k]] += x[j * e->inputs + k];
    }
    eq_status status = eq_elastic_settle(e, 0, NULL, diag);
    if (status == EQ_OK) read_outputs(e, 0, y);
    return status;
}

static eq_status follow(void *self, double *y, eq_diag *diag) {
    eq_elastic *e = self;
    memcpy(e->q[0], e->q[1], e->n * eq_elastic_coordinates(e) * sizeof(double));
    eq_status status = eq_elastic_settle(e, 0, NULL, diag);
    if (status == EQ_OK) read_outputs(e, 0, y);
    return status;
}

static eq_status nudged_phase(void *self, int slot, const eq_nudge *nudge, double *y,
                              eq_diag *diag) {
    eq_elastic *e = self;
    if (!nudge->stay)
        memcpy(e->q[slot], e->q[0], e->n * eq_elastic_coordinates(e) * sizeof(double));
    eq_status status = eq_elastic_settle(e, slot, nudge, diag);
    if (status == EQ_OK) read_outputs(e, slot, y);
    return status;
}

static eq_status adjoint_phase(void *self, const double *dcdy, eq_diag *diag) {
    return eq_elastic_adjoint(self, dcdy, diag);
}

/* dE/dk = (r - l)^2/2 and dE/dl = -k (r - l) in a state. */
static double by_energy(const eq_elastic *e, const double *q, size_t k, bool stiffness) {
    double unit[3], over = eq_elastic_direction(e, q, k, unit) - e->l[k];
    return stiffness ? 0.5 * over * over : -e->k[k] * over;
}

/* -lambda^T d^2E/dq dk = -(dr . lambda) (r - l), by l (dr . lambda) k, with dr . lambda what lambda makes of the
 * length. */
static double by_adjoint(const eq_elastic *e, const double *q, const double *lambda, size_t k,
                         bool stiffness) {
    double unit[3], over = eq_elastic_direction(e, q, k, unit) - e->l[k], longer = 0.0;
    for (size_t i = 0; i < e->dims; i++)
        longer += unit[i] * (lambda[(size_t)e->spring[k].to * e->dims + i] -
                             lambda[(size_t)e->spring[k].from * e->dims + i]);
    return stiffness ? -longer * over : longer * e->k[k];
}

static void gradient_of(eq_elastic *e, const double a[EQ_MAX_SLOTS], bool stiffness) {
    size_t c = eq_elastic_coordinates(e);
    for (size_t k = 0; k < e->springs; k++) {
        double sum = 0.0;
        for (size_t j = 0; j < e->n; j++) {
            for (int s = 0; s < EQ_ADJOINT; s++)
                if (a[s] != 0.0) sum += a[s] * by_energy(e, e->q[s] + j * c, k, stiffness);
            if (a[EQ_ADJOINT] != 0.0)
                sum += a[EQ_ADJOINT] *
                       by_adjoint(e, e->q[0] + j * c, e->q[EQ_ADJOINT] + j * c, k, stiffness);
        }
        e->gradient[k] = sum;
    }
}

/* Both gradients belong to the values before the step. */
static eq_status update(void *self, const double a[EQ_MAX_SLOTS], eq_step step, void *data,
                        eq_diag *diag) {
    eq_elastic *e = self;
    double *stiff = eq_malloc(e->springs, sizeof *stiff);
    if (stiff == NULL) return eq_out_of_memory(diag);
    gradient_of(e, a, true);
    memcpy(stiff, e->gradient, e->springs * sizeof *stiff);
    gradient_of(e, a, false);
    step(data, 0, 0, e->springs, e->k, stiff);
    step(data, 1, 0, e->springs, e->l, e->gradient);
    eq_free(stiff);
    return EQ_OK;
}

/* v[n][coordinates]: displacements; of the adjoint lambda. */
static void potentials(const void *self, int slot, double *v) {
    const eq_elastic *e = self;
    size_t c = eq_elastic_coordinates(e);
    for (size_t k = 0; k < e->n * c; k++)
        v[k] =
            e->q[slot][k] - (slot == EQ_ADJOINT ? 0.0 : e->rest[k % c / e->dims][k % c % e->dims]);
}

static void disturb(void *self, int slot, eq_disturbance error, const void *data) {
    eq_elastic *e = self;
    size_t c = eq_elastic_coordinates(e);
    for (size_t j = 0; j < e->n; j++)
        for (size_t u = 0; u < e->unknowns; u++)
            e->q[slot][j * c + (size_t)e->coordinate[u]] += error(data, j, e->coordinate[u]);
}

static const eq_engine_ops ops = {
    .name = "elastic",
    .destroy = destroy,
    .about = about,
    .free_phase = free_phase,
    .follow = follow,
    .nudged_phase = nudged_phase,
    .adjoint_phase = adjoint_phase,
    .update = update,
    .potentials = potentials,
    .disturb = disturb,
};

eq_status eq_elastic_engine(eq_elastic *e, const eq_engine_options *o, eq_engine **out,
                            eq_diag *diag) {
    eq_status own = eq_engine_is_own(o, "an elastic network", diag);
    if (own != EQ_OK) return own;
    e->batch = o->batch;
    eq_status status = make_room(e) ? eq_lin_new(EQ_LIN_CHOLMOD, &e->pattern, &e->lin, diag)
                                    : eq_out_of_memory(diag);
    if (status != EQ_OK) {
        destroy(e);
        return status;
    }
    return eq_engine_of(&ops, e, o->batch, out, diag);
}
