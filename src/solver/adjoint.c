/* Exact gradients of a cost C(v) at a solution x of r(x, w) = 0, where v = T x + c(w) and
 * r = W^T I(v, w): with the adjoint J^T l = T^T dC/dv and lambda = W l (Director and Rohrer 1969),
 *
 *   dC/dw = dC/dv . dc/dw - l^T dr/dw.
 *
 * For a parameter of a current y from a to b this is -(lambda[a] - lambda[b]) dy/dw; for one of the
 * voltage e of a kept branch +l de/dw; for one of an eliminated voltage p . dv/de de/dw, where
 * p = dC/dv - (dI/dv)^T lambda is what a potential that is held fixed does to the cost. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/adjoint.h"
#include "solver/stamp.h"

void eq_adjoint_free(eq_adjoint *a) {
    if (a == NULL) return;
    double *arrays[] = {a->x, a->l, a->lambda, a->held, a->rise, a->inner, a->source, a->branch};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) eq_free(arrays[k]);
    eq_free(a);
}

static eq_status open_arrays(eq_adjoint *a, const eq_system *s, eq_diag *diag) {
    size_t n = eq_system_most(s), nodes = s->nodes, branches = s->reduction->branches;
    struct {
        double **array;
        size_t items;
    } want[] = {
        {&a->x, n},        {&a->l, n},         {&a->lambda, nodes},    {&a->held, nodes},
        {&a->rise, nodes}, {&a->inner, nodes}, {&a->source, branches}, {&a->branch, branches}};
    for (size_t k = 0; k < sizeof want / sizeof *want; k++)
        if ((*want[k].array = eq_calloc(want[k].items, sizeof(double))) == NULL)
            return eq_out_of_memory(diag);
    return EQ_OK;
}

eq_status eq_adjoint_new(eq_solver *solver, eq_adjoint **out, eq_diag *diag) {
    eq_adjoint *a = eq_calloc(1, sizeof *a);
    if (a == NULL) return eq_out_of_memory(diag);
    a->s = eq_solver_system(solver);
    a->solver = solver;
    eq_status status = open_arrays(a, a->s, diag);
    if (status == EQ_OK)
        *out = a;
    else
        eq_adjoint_free(a);
    return status;
}

/* The Jacobian at the state, factored. */
static eq_status factor(eq_adjoint *a, const double *v, const double *branch, eq_diag *diag) {
    eq_newton *w = eq_solver_newton(a->solver);
    eq_system_unknowns(a->s, v, branch, a->x);
    w->factored = NULL;
    eq_status status = eq_newton_regular(w, a->x);
    if (status == EQ_ERR_SINGULAR)
        eq_fail(diag, status,
                "the Jacobian is singular at this state, so there is no adjoint; "
                "take a solved operating point");
    return status == EQ_OK ? eq_newton_find_drops(w, a->x) : status;
}

eq_status eq_adjoint_solve(eq_adjoint *a, const double *v, const double *branch, const double *dcdv,
                           eq_diag *diag) {
    eq_status status = factor(a, v, branch, diag);
    if (status == EQ_OK) {
        eq_system_gather(a->s, dcdv, a->l);
        status = eq_lin_solve_transposed(eq_solver_newton(a->solver)->factored, a->l);
    }
    if (status == EQ_OK) eq_system_spread(a->s, a->l, a->lambda);
    if (status == EQ_OK)
        eq_reduction_row_rises(a->s->reduction, a->s->circuit, a->l, a->lambda, a->rise);
    return status == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : status;
}

void eq_adjoint_take(eq_adjoint *a, double *v, const double *lambda) {
    memset(a->l, 0, a->s->n * sizeof *a->l);
    memcpy(a->lambda, lambda, a->s->nodes * sizeof *lambda);
    eq_system_unknowns(a->s, v, NULL, a->x);
    eq_system_state(a->s, a->x, v, a->branch);
    for (size_t n = 0; n < a->s->nodes; n++) {
        eq_node parent = a->s->reduction->parent[n];
        a->rise[n] = parent == EQ_NONE ? 0.0 : lambda[n] - lambda[parent];
    }
}

/* held[plus] += x, held[minus] -= x. */
static void add_drop(eq_adjoint *a, eq_node plus, eq_node minus, double x) {
    a->held[plus] += x;
    a->held[minus] -= x;
}

/* The same for what a current between the nodes gives, inside of a tree with shorts. */
static void add_flow(eq_adjoint *a, eq_node plus, eq_node minus, double x) {
    if (eq_reduction_inside(a->s->reduction, plus, minus))
        eq_reduction_flow(a->s->reduction, plus, minus, x, a->inner, 0.0, NULL);
    else
        add_drop(a, plus, minus, x);
}

static double lambda_drop(const eq_adjoint *a, const eq_table *t, size_t j) {
    eq_node plus = t->term[0][j], minus = t->term[1][j];
    return eq_reduction_inside(a->s->reduction, plus, minus)
               ? eq_reduction_drop(a->s->reduction, a->rise, plus, minus, NULL)
               : a->lambda[plus] - a->lambda[minus];
}

/* held -= (dI/dv)^T lambda over the elements between nodes. */
static void table_currents(eq_adjoint *a, const eq_table *t) {
    eq_chunk e;
    for (size_t start = 0; start < t->count; start += EQ_CHUNK) {
        eq_system_take(a->s, &e, t, start);
        eq_chunk_evaluate(&e);
        for (size_t j = 0; j < e.n; j++) {
            size_t row = start + j;
            double q = lambda_drop(a, t, row);
            add_flow(a, t->term[0][row], t->term[1][row], -q * e.slope[j]);
            if (eq_by_voltage(t))
                add_flow(a, t->term[2][row], t->term[3][row], -q * e.control_slope[j]);
        }
    }
}

/* The same for behavioural source j with the weight q of its value. */
static void formula_drops(eq_adjoint *a, const eq_table *t, size_t j, double q) {
    eq_system_formula(a->s, t, j, a->x);
    for (size_t i = 0; i < t->formula[j]->inputs; i++) {
        eq_formula_input in = t->formula[j]->input[i];
        if (in.kind == EQ_INPUT_DROP) add_drop(a, in.plus, in.minus, q * a->s->ports.slope[i]);
    }
}

static void formula_currents(eq_adjoint *a, const eq_table *t) {
    for (size_t j = 0; j < t->count; j++)
        formula_drops(a, t, j, a->lambda[t->term[1][j]] - a->lambda[t->term[0][j]]);
}

/* The same for the rows of a port class. */
static void class_currents(eq_adjoint *a, const eq_table *t) {
    const eq_port_rows *p = eq_system_ports(a->s, t);
    size_t nodes = eq_port_outputs(t);
    for (size_t b = 0; b < nodes; b++)
        for (size_t k = 0; k < nodes; k++) {
            const double *g = p->g[k * nodes + b];
            for (size_t j = 0; eq_port_carries(t, k) && j < t->count; j++)
                a->held[t->term[b][j]] -= a->lambda[t->term[k][j]] * g[j];
        }
}

/* Row v_a - v_b - e = 0 of a kept branch, whose multiplier is l. */
static void kept_branch(eq_adjoint *a, const eq_table *t, size_t j, double l) {
    add_drop(a, t->term[0][j], t->term[1][j], -l);
    if (eq_is_port(t)) formula_drops(a, t, j, l);
    if (eq_by_voltage(t)) add_drop(a, t->term[2][j], t->term[3][j], l * eq_value(t, j));
}

static void held_potentials(eq_adjoint *a, const double *dcdv) {
    const eq_system *s = a->s;
    memcpy(a->held, dcdv, s->nodes * sizeof *dcdv);
    memset(a->inner, 0, s->nodes * sizeof *a->inner);
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &s->circuit->table[cls];
        if (eq_stands_between_nodes(t)) table_currents(a, t);
        if (t->count == 0 || !eq_is_port(t) || t->cls->defined != EQ_CURRENT_DEFINED) continue;
        if (eq_is_port_class(t))
            class_currents(a, t);
        else
            formula_currents(a, t);
    }
}

/* dC/de of all voltage-defined branches: the sweep of v = T x + c backwards. */
void eq_adjoint_sources(eq_adjoint *a, const double *dcdv) {
    const eq_reduction *r = a->s->reduction;
    const eq_circuit *c = a->s->circuit;
    held_potentials(a, dcdv);
    for (size_t b = 0; b < r->branches; b++) {
        eq_row at = c->row[r->branch[b]];
        a->source[b] = r->current[b] == EQ_NONE ? 0.0 : a->l[r->current[b]];
        if (r->current[b] != EQ_NONE)
            kept_branch(a, &c->table[at.cls], (size_t)at.row, a->source[b]);
    }
    for (size_t k = r->links; k-- > 0;) {
        eq_node n = r->t_order[k];
        int32_t b = r->edge[n];
        a->held[r->parent[n]] += a->held[n];
        if (b == EQ_NONE) continue;
        eq_row at = c->row[r->branch[b]];
        const eq_table *t = &c->table[at.cls];
        a->source[b] = r->sign[n] * (a->held[n] + a->inner[n]);
        if (eq_by_voltage(t))
            add_drop(a, t->term[2][at.row], t->term[3][at.row],
                     eq_value(t, (size_t)at.row) * a->source[b]);
    }
}

/* lambda = -phi, where sum_n phi_n I_n is what the eliminated branches add to the cost: the rows
 * of the KCL are summed towards the roots, and j_b = -s R_n (eq_reduction_currents) backwards. */
static void weigh_node_currents(eq_adjoint *a, const double *dcdi) {
    const eq_reduction *r = a->s->reduction;
    memset(a->lambda, 0, a->s->nodes * sizeof *a->lambda);
    for (size_t k = 0; k < r->links; k++) {
        eq_node n = r->w_order[k];
        int32_t b = r->edge[n];
        double weight = -dcdi[b];
        for (int32_t i = r->f_start[b]; i < r->f_start[b + 1]; i++) {
            eq_row at = a->s->circuit->row[r->f[i]];
            const eq_table *t = &a->s->circuit->table[at.cls];
            size_t j = (size_t)at.row;
            weight += eq_value(t, j) * lambda_drop(a, t, j);
        }
        a->lambda[n] = a->lambda[r->parent[n]] - r->sign[n] * weight;
    }
}

/* out[unknown] -= the weight of a current times its slope by a kept current, over the elements that
 * kept currents control. */
static void controlled_by_kept(eq_adjoint *a, double *out) {
    const eq_system *s = a->s;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &s->circuit->table[cls];
        bool port = eq_is_port(t) && !eq_is_port_class(t) && t->cls->defined == EQ_CURRENT_DEFINED;
        for (size_t j = 0; (eq_is_cccs(t) || port) && j < t->count; j++) {
            int32_t by = port ? EQ_NONE : eq_controlling(s, t, j);
            if (by != EQ_NONE) out[by] -= lambda_drop(a, t, j) * eq_value(t, j);
            if (port) eq_system_formula(a->s, t, j, a->x);
            for (size_t i = 0; port && i < eq_port_inputs(t, j); i++) {
                eq_formula_input in = eq_port_input(t, j, i);
                if (in.kind == EQ_INPUT_CURRENT)
                    out[eq_kept_current(s, in.branch)] -=
                        lambda_drop(a, t, j) * s->ports.slope[i] * eq_port_scale(s, t);
            }
        }
    }
}

/* a->l = dC/dx of the cost dcdv . v + dcdi . j. */
static void gather_currents(eq_adjoint *a, const double *dcdv, const double *dcdi) {
    const eq_reduction *r = a->s->reduction;
    const eq_circuit *c = a->s->circuit;
    weigh_node_currents(a, dcdi);
    held_potentials(a, dcdv);
    eq_system_gather(a->s, a->held, a->l);
    if (a->s->n > r->node_unknowns) controlled_by_kept(a, a->l);
    for (size_t b = 0; b < r->branches; b++) {
        eq_row at = c->row[r->branch[b]];
        if (r->current[b] != EQ_NONE)
            a->l[r->current[b]] += dcdi[b] - lambda_drop(a, &c->table[at.cls], (size_t)at.row);
    }
}

eq_status eq_adjoint_solve_currents(eq_adjoint *a, const double *v, const double *branch,
                                    const double *dcdv, const double *dcdi, eq_diag *diag) {
    size_t nodes = a->s->nodes;
    double *phi = eq_malloc(nodes, sizeof *phi);
    eq_status status = phi == NULL ? EQ_ERR_MEMORY : factor(a, v, branch, diag);
    if (status == EQ_OK) {
        gather_currents(a, dcdv, dcdi);
        memcpy(phi, a->lambda, nodes * sizeof *phi);
        status = eq_lin_solve_transposed(eq_solver_newton(a->solver)->factored, a->l);
    }
    if (status == EQ_OK) eq_system_spread(a->s, a->l, a->lambda);
    for (size_t n = 0; status == EQ_OK && n < nodes; n++) a->lambda[n] += phi[n];
    eq_free(phi);
    return status == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : status;
}

/* The control of row j: a drop or a branch current. */
static double control_of(const eq_adjoint *a, const eq_table *t, size_t j, const double *v,
                         const double *branch) {
    if (eq_by_voltage(t)) return v[t->term[2][j]] - v[t->term[3][j]];
    if (t->control == NULL) return 0.0;
    return branch[eq_reduction_branch(a->s->reduction, a->s->circuit, t->control[j])];
}

/* sum_a (lambda of the ground - lambda[a]) di_a/dw of an element of a port class. */
static double port_gradient(const eq_adjoint *a, const eq_table *t, size_t j, int k,
                            const double *v) {
    double *w[EQ_MAX_COLUMNS], z[EQ_MAX_TERMINALS], didw[EQ_MAX_TERMINALS], sum = 0.0;
    const double *at[EQ_MAX_TERMINALS];
    double *to[EQ_MAX_TERMINALS];
    for (int i = 0; i < t->cls->columns; i++) w[i] = &t->w[i][j];
    for (int n = 0; n < eq_class_nodes(t->cls); n++) {
        z[n] = v[t->term[n][j]];
        at[n] = &z[n];
        to[n] = &didw[n];
    }
    t->cls->param_port(1, w, k, at, to);
    for (int n = 0; n < eq_class_nodes(t->cls); n++)
        sum += (a->lambda[EQ_GROUND] - a->lambda[t->term[n][j]]) * didw[n];
    return sum;
}

/* dC/dy dy/dw of an element with one value y. */
static double value_gradient(const eq_adjoint *a, const eq_table *t, size_t j, int k,
                             const double *v, const double *branch) {
    double *w[EQ_MAX_COLUMNS], control = control_of(a, t, j, v, branch), dydw;
    double u = eq_system_drop(a->s, t->term[0][j], t->term[1][j], NULL);
    for (int i = 0; i < t->cls->columns; i++) w[i] = &t->w[i][j];
    t->cls->param_value(1, w, k, &u, t->cls->control == EQ_CONTROL_NONE ? NULL : &control, &dydw);
    if (t->cls->defined == EQ_CURRENT_DEFINED) return -lambda_drop(a, t, j) * dydw;
    return a->source[eq_reduction_branch(a->s->reduction, a->s->circuit, t->id[j])] * dydw;
}

double eq_adjoint_gradient(const eq_adjoint *a, eq_handle h, const double *v,
                           const double *branch) {
    eq_row at = a->s->circuit->row[h.element];
    const eq_table *t = &a->s->circuit->table[at.cls];
    size_t j = (size_t)at.row;
    bool inverse = h.param == t->cls->params;
    int k = inverse ? t->cls->value : h.param;
    double gradient =
        eq_is_port_class(t) ? port_gradient(a, t, j, k, v) : value_gradient(a, t, j, k, v, branch);
    return inverse ? -t->w[k][j] * t->w[k][j] * gradient : gradient;
}

void eq_adjoint_add_slopes(const eq_solver *s, const eq_formula *f, const double *slope,
                           double *dcdv, double *dcdi) {
    for (size_t k = 0; k < f->inputs; k++) {
        const eq_formula_input *in = &f->input[k];
        if (in->kind == EQ_INPUT_DROP) {
            dcdv[in->plus] += slope[k];
            dcdv[in->minus] -= slope[k];
        } else if (in->kind == EQ_INPUT_CURRENT) {
            dcdi[eq_solver_branch_of(s, in->branch)] += slope[k];
        }
    }
}

eq_status eq_solver_adjoint(eq_solver *s, const double *v, const double *branch, const double *dcdv,
                            double *lambda, eq_diag *diag) {
    eq_adjoint *a = NULL;
    eq_status status = eq_adjoint_new(s, &a, diag);
    if (status == EQ_OK) status = eq_adjoint_solve(a, v, branch, dcdv, diag);
    if (status == EQ_OK) memcpy(lambda, a->lambda, a->s->nodes * sizeof *lambda);
    eq_adjoint_free(a);
    return status;
}
