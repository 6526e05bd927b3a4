/* What the response of the potentials to an infinitesimal nudge makes of dy/dw, y an output, beside the adjoint: with J dv = W^T e, e the
 * current 1 A driven out of the output, lambda = -D dv takes the place of W l (theory.md, 4 and 5; solver/nudge.c). Both are equal iff D J is symmetric
 * as far as output and parameter see it. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/adjoint.h"
#include "solver/reciprocity.h"

typedef struct likener {
    eq_adjoint *adjoint;
    eq_system *s;
    double *v, *dcdv, *lambda; /* [nodes] */
    double *current;           /* [outputs] */
    double *x, *r, *dr;        /* [n] */
    double *exact;             /* [parameters of the groups] */
    double (*sum)[3];          /* [groups] of e g, e e, g g */
} likener;

static void close_likener(likener *k) {
    eq_adjoint_free(k->adjoint);
    eq_free(k->v);
    eq_free(k->dcdv);
    eq_free(k->lambda);
    eq_free(k->current);
    eq_free(k->x);
    eq_free(k->r);
    eq_free(k->dr);
    eq_free(k->exact);
    eq_free(k->sum);
}

static eq_status open_likener(likener *k, eq_solver *solver, eq_diag *diag) {
    eq_system *s = eq_solver_system(solver);
    const eq_circuit *c = s->circuit;
    size_t params = 0, n = eq_system_most(s);
    for (size_t g = 0; g < c->groups; g++) params += c->group[g].count;
    *k = (likener){.s = s,
                   .v = eq_malloc(s->nodes, sizeof *k->v),
                   .dcdv = eq_malloc(s->nodes, sizeof *k->dcdv),
                   .lambda = eq_malloc(s->nodes, sizeof *k->lambda),
                   .current = eq_calloc(c->outputs + 1, sizeof *k->current),
                   .x = eq_malloc(n, sizeof *k->x),
                   .r = eq_malloc(n, sizeof *k->r),
                   .dr = eq_malloc(n, sizeof *k->dr),
                   .exact = eq_malloc(params + 1, sizeof *k->exact),
                   .sum = eq_calloc(c->groups + 1, sizeof *k->sum)};
    bool whole = k->v != NULL && k->dcdv != NULL && k->lambda != NULL && k->current != NULL &&
                 k->x != NULL && k->r != NULL && k->dr != NULL && k->exact != NULL &&
                 k->sum != NULL;
    return whole ? eq_adjoint_new(solver, &k->adjoint, diag) : eq_out_of_memory(diag);
}

/* What a change of parameter j of the group is compared with. */
static double scale_of(const eq_circuit *c, const eq_group *g, size_t j) {
    bool one_sign = g->min >= 0.0 || g->max <= 0.0;
    double value = fabs(c->table[g->cls].w[g->param][g->row[j]]), range = g->max - g->min;
    return one_sign || !isfinite(range) ? value : range;
}

static double gradient(const likener *k, const eq_group *g, size_t j, const double *branch) {
    const eq_circuit *c = k->s->circuit;
    eq_handle h = {c->table[g->cls].id[g->row[j]], g->param};
    return scale_of(c, g, j) * eq_adjoint_gradient(k->adjoint, h, k->v, branch);
}

/* lambda of the response to output o, at the factor that the adjoint has left. */
static eq_status respond(likener *k, eq_solver *solver, size_t o, const double *branch,
                         eq_diag *diag) {
    eq_system *s = k->s;
    const eq_topology *t = s->topology;
    double *dv = k->lambda, reference = eq_topology_weight(t, s->circuit->output[o].plus);
    eq_system_unknowns(s, k->v, branch, k->x);
    eq_system_residual(s, k->x, k->r, NULL);
    k->current[o] = -1.0;
    eq_solver_inject(solver, (eq_injection){k->current, NULL, NULL});
    eq_system_residual(s, k->x, k->dr, NULL);
    eq_solver_inject(solver, (eq_injection){NULL, NULL, NULL});
    k->current[o] = 0.0;
    for (size_t i = 0; i < s->n; i++) k->dr[i] = k->r[i] - k->dr[i];
    eq_status status = eq_lin_solve(eq_solver_newton(solver)->factored, k->dr);
    if (status == EQ_ERR_MEMORY) return eq_out_of_memory(diag);
    eq_reduction_potentials(s->reduction, s->circuit, k->dr, 0.0, dv, NULL);
    for (size_t n = 0; n < s->nodes; n++)
        k->lambda[n] = -eq_topology_weight(t, (eq_node)n) / reference * dv[n];
    return status;
}

/* Exact gradients of output o, then what the response makes of them, into the sums. */
static eq_status compare(likener *k, eq_solver *solver, size_t o, const double *branch,
                         eq_diag *diag) {
    const eq_circuit *c = k->s->circuit;
    const eq_output *out = &c->output[o];
    size_t p = 0;
    memset(k->dcdv, 0, k->s->nodes * sizeof *k->dcdv);
    k->dcdv[out->plus] += 1.0;
    if (out->minus != EQ_NONE) k->dcdv[out->minus] -= 1.0;
    eq_status status = eq_adjoint_solve(k->adjoint, k->v, branch, k->dcdv, diag);
    if (status != EQ_OK) return status;
    eq_adjoint_sources(k->adjoint, k->dcdv);
    for (size_t g = 0; g < c->groups; g++)
        for (size_t j = 0; j < c->group[g].count; j++)
            k->exact[p++] = gradient(k, &c->group[g], j, branch);
    status = respond(k, solver, o, branch, diag);
    if (status != EQ_OK) return status;
    eq_adjoint_take(k->adjoint, k->v, k->lambda);
    eq_adjoint_sources(k->adjoint, k->dcdv);
    p = 0;
    for (size_t g = 0; g < c->groups; g++)
        for (size_t j = 0; j < c->group[g].count; j++, p++) {
            double e = gradient(k, &c->group[g], j, k->adjoint->branch), exact = k->exact[p];
            k->sum[g][0] += e * exact;
            k->sum[g][1] += e * e;
            k->sum[g][2] += exact * exact;
        }
    return EQ_OK;
}

/* Whether phases give gradients by the group: beside currents that stay unknowns, of energies alone. */
static bool is_given(const eq_system *s, const eq_group *g) {
    return s->n == s->reduction->node_unknowns || eq_learns_by_energy(&s->circuit->table[g->cls]);
}

eq_status eq_reciprocity_gradients(eq_solver *solver, const double *v, const double *branch,
                                   eq_likeness *likeness, eq_diag *diag) {
    static const double round_off = 1e-12; /* w dy/dw are volts in every group */
    double largest = 0.0;
    likener k;
    eq_status status = open_likener(&k, solver, diag);
    const eq_circuit *c = k.s->circuit;
    if (status == EQ_OK) memcpy(k.v, v, k.s->nodes * sizeof *v);
    for (size_t o = 0; status == EQ_OK && c->groups > 0 && o < c->outputs; o++)
        status = compare(&k, solver, o, branch, diag);
    for (size_t g = 0; status == EQ_OK && g < c->groups; g++) largest = fmax(largest, k.sum[g][2]);
    for (size_t g = 0; status == EQ_OK && g < c->groups; g++) {
        const double *sum = k.sum[g];
        bool given = is_given(k.s, &c->group[g]) && sum[2] > round_off * round_off * largest;
        likeness[g].cosine = !given         ? NAN
                             : sum[1] > 0.0 ? sum[0] / sqrt(sum[1]) / sqrt(sum[2])
                                            : 0.0;
        likeness[g].size = given ? sum[0] / sum[2] : NAN;
    }
    close_likener(&k);
    return status;
}
