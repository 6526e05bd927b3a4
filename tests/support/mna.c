#include "mna.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "netlist/netlist.h"

eq_circuit *deck(const char *text) {
    eq_circuit *c = NULL;
    eq_diag *d = eq_diag_new();
    eq_status status = eq_circuit_parse("test", text, strlen(text), &c, d);
    ck_assert_msg(status == EQ_OK, "%s\n%s", text, eq_diag_get(d, 0)->text);
    eq_diag_free(d);
    return c;
}

static mna_formula (*formula_of)(void *data, const eq_circuit *c, eq_element e, const double *v);
static void *formula_data;

void mna_formulas_by(mna_formula (*of)(void *data, const eq_circuit *c, eq_element e,
                                       const double *v),
                     void *data) {
    formula_of = of;
    formula_data = data;
}

typedef struct mna {
    const eq_circuit *c;
    int nodes, n;         /* unknowns: nodes 1.. then branches */
    int *branch_of;       /* [elements] */
    double *a, *r;        /* dense Jacobian by rows, residual */
    double *flow, *known; /* by rows: sum of the terms, and how far they follow from the unknowns */
    const double *v, *j;
    double wire; /* S: resistors of more are left out, and the nodes that they join are one */
} mna;

static double volt(const mna *m, eq_node n) {
    return m->v[n];
}

static void put(mna *m, int row, int column, double value) {
    if (row < 0 || column < 0) return;
    double x = column < m->nodes - 1 ? m->v[column + 1] : m->j[column - m->nodes + 1];
    m->a[row * m->n + column] += value;
    m->known[row] += fabs(value * x);
}

static void add(mna *m, int row, double value) {
    if (row < 0) return;
    m->r[row] += value;
    m->flow[row] += fabs(value);
}

static int at(eq_node n) {
    return n - 1; /* ground: -1 */
}

static double param(const mna *m, eq_element e, const char *name) {
    eq_row row = m->c->row[e];
    return m->c->table[row.cls].w[eq_param_find(eq_class(row.cls), name)][row.row];
}

/* A temperature [C] of its own, or that of the circuit. */
static double celsius(const mna *m, eq_element e, const char *name, double of_circuit) {
    double own = param(m, e, name);
    return isnan(own) ? of_circuit : own;
}

/* A diode's junction at its drop u. */
static void junction(const mna *m, eq_element e, double u, double *i, double *g) {
    double t = celsius(m, e, "temp", m->c->env.temp) + 273.15, n = param(m, e, "n");
    double nominal = celsius(m, e, "tnom", m->c->env.tnom) + 273.15;
    double vt = m->c->env.k_over_q * t, vte = n * vt;
    double is = param(m, e, "is") * param(m, e, "area") * param(m, e, "m");
    if (t != nominal)
        is *= exp((t / nominal - 1) * param(m, e, "eg") / vte) *
              pow(t / nominal, param(m, e, "xti") / n);
    double gmin = m->c->env.gmin;
    if (u >= -3 * vte) {
        *i = is * expm1(u / vte) + gmin * u;
        *g = is / vte * exp(u / vte) + gmin;
    } else {
        double q = pow(3 * vte / (u * exp(1)), 3);
        *i = -is * (1 + q) + gmin * u;
        *g = 3 * is * q / u + gmin;
    }
}

/* A junction behind its series resistance: rs i(v) + v = u by halving, from 0 to u. */
static void diode(const mna *m, eq_element e, double u, double *i, double *g) {
    double rs = param(m, e, "rs") / (param(m, e, "area") * param(m, e, "m"));
    double low = fmin(u, 0), high = fmax(u, 0), v = u;
    for (int k = 0; rs > 0 && k < 2000 && low < high; k++) {
        v = low / 2 + high / 2;
        if (v == low || v == high) break;
        junction(m, e, v, i, g);
        *(rs * *i + v > u ? &high : &low) = v;
    }
    junction(m, e, v, i, g);
    if (rs * *g > 1) { /* known better from there */
        *i = (u - v) / rs;
        *g = 1 / (1 / *g + rs);
    } else {
        *g /= 1 + rs * *g;
    }
}

/* i(u) and di/du of the two-terminal elements, from the declared parameters. */
static void law(const mna *m, eq_element e, double u, double *i, double *g) {
    int cls = m->c->row[e].cls;
    if (cls == EQ_CLASS_diode) {
        diode(m, e, u, i, g);
    } else if (cls == EQ_CLASS_ideal_diode) {
        double on = 1 / param(m, e, "ron"), off = 1 / param(m, e, "roff"),
               knee = param(m, e, "vfwd");
        *g = u > knee ? on : off;
        *i = off * u + (u > knee ? (on - off) * (u - knee) : 0);
    } else {
        double dt =
            cls == EQ_CLASS_resistor ? celsius(m, e, "temp", m->c->env.temp) - m->c->env.tnom : 0;
        *g = cls == EQ_CLASS_memristor ? param(m, e, "g")
                                       : 1 / (param(m, e, "r") * (1 + param(m, e, "tc1") * dt +
                                                                  param(m, e, "tc2") * dt * dt));
        *i = *g * u;
    }
}

/* i(u) = g u of a resistor at any u. */
static double conductance(const mna *m, eq_element e) {
    double i, g;
    int cls = m->c->row[e].cls;
    if (cls != EQ_CLASS_resistor && cls != EQ_CLASS_memristor) return 0.0;
    law(m, e, 1.0, &i, &g);
    return fabs(g);
}

static void two_terminal(mna *m, eq_element e, int a, int b, double u) {
    double i, g;
    if (conductance(m, e) > m->wire) return;
    law(m, e, u, &i, &g);
    add(m, a, i);
    add(m, b, -i);
    put(m, a, a, g);
    put(m, a, b, -g);
    put(m, b, a, -g);
    put(m, b, b, g);
}

/* A behavioural current, or (own: its row) a behavioural voltage. */
static void formula(mna *m, eq_element e, int a, int b, double u, int own) {
    mna_formula f = formula_of(formula_data, m->c, e, m->v);
    int c = at(f.plus), d = at(f.minus);
    if (m->branch_of[e] < 0) {
        add(m, a, f.value), add(m, b, -f.value);
        put(m, a, c, f.slope), put(m, a, d, -f.slope);
        put(m, b, c, -f.slope), put(m, b, d, f.slope);
        return;
    }
    add(m, a, m->j[m->branch_of[e]]), add(m, b, -m->j[m->branch_of[e]]);
    put(m, a, own, 1), put(m, b, own, -1), put(m, own, a, 1), put(m, own, b, -1);
    put(m, own, c, -f.slope), put(m, own, d, f.slope);
    add(m, own, u - f.value);
}

static void element(mna *m, eq_element e) {
    eq_row row = m->c->row[e];
    const eq_table *t = &m->c->table[row.cls];
    eq_node na = t->term[0][row.row], nb = t->term[1][row.row], nc = 0, nd = 0;
    int a = at(na), b = at(nb), own = m->nodes - 1 + m->branch_of[e], by = -1;
    double u = volt(m, na) - volt(m, nb), w = t->formula == NULL ? t->w[0][row.row] : 0,
           control = 0;
    if (t->term[2] != NULL) {
        nc = t->term[2][row.row];
        nd = t->term[3][row.row];
        control = volt(m, nc) - volt(m, nd);
    }
    if (t->control != NULL) {
        by = m->nodes - 1 + m->branch_of[t->control[row.row]];
        control = m->j[m->branch_of[t->control[row.row]]];
    }
    switch (row.cls) {
    case EQ_CLASS_isource:
        add(m, a, w), add(m, b, -w);
        return;
    case EQ_CLASS_vccs:
        add(m, a, w * control), add(m, b, -w * control);
        put(m, a, at(nc), w), put(m, a, at(nd), -w), put(m, b, at(nc), -w), put(m, b, at(nd), w);
        return;
    case EQ_CLASS_cccs:
        add(m, a, w * control), add(m, b, -w * control), put(m, a, by, w), put(m, b, by, -w);
        return;
    case EQ_CLASS_behavioural_current:
    case EQ_CLASS_behavioural_voltage:
        formula(m, e, a, b, u, own);
        return;
    case EQ_CLASS_vsource:
    case EQ_CLASS_vcvs:
    case EQ_CLASS_ccvs:
        add(m, a, m->j[m->branch_of[e]]), add(m, b, -m->j[m->branch_of[e]]);
        put(m, a, own, 1), put(m, b, own, -1), put(m, own, a, 1), put(m, own, b, -1);
        add(m, own, u - w * (row.cls == EQ_CLASS_vsource ? 1 : control));
        if (row.cls == EQ_CLASS_vcvs) put(m, own, at(nc), -w), put(m, own, at(nd), w);
        if (row.cls == EQ_CLASS_ccvs) put(m, own, by, -w);
        return;
    default:
        two_terminal(m, e, a, b, u);
    }
}

static void assemble(mna *m, const eq_circuit *c, const double *v, const double *j, double wire) {
    int elements = (int)eq_circuit_elements(c), branches = 0;
    *m = (mna){.c = c, .nodes = (int)eq_circuit_nodes(c), .v = v, .j = j, .wire = wire};
    m->branch_of = malloc((size_t)elements * sizeof *m->branch_of);
    for (int e = 0; e < elements; e++)
        m->branch_of[e] = eq_class(c->row[e].cls)->defined == EQ_VOLTAGE_DEFINED ? branches++ : -1;
    m->n = m->nodes - 1 + branches;
    m->a = calloc((size_t)(m->n * m->n) + 1, sizeof *m->a);
    m->r = calloc((size_t)m->n + 1, sizeof *m->r);
    m->flow = calloc((size_t)m->n + 1, sizeof *m->flow);
    m->known = calloc((size_t)m->n + 1, sizeof *m->known);
    for (int e = 0; e < elements; e++) element(m, e);
}

static void drop(mna *m) {
    free(m->branch_of);
    free(m->a);
    free(m->r);
    free(m->flow);
    free(m->known);
}

double mna_residual(const eq_circuit *c, const double *v, const double *branch) {
    mna m;
    double worst = 0;
    assemble(&m, c, v, branch, INFINITY);
    for (int k = 0; k < m.nodes - 1; k++) worst = fmax(worst, fabs(m.r[k]));
    drop(&m);
    return worst;
}

/* S: a resistor of more has no current that its potentials tell, not even one that is finite. */
static const double wires_from = 1e30;

/* The smallest-numbered node that wires join with n (branches: wires or voltage-defined branches):
 * inside such a group their currents settle KCL, so that a residual at one node comes from the
 * currents of all. */
static void join_groups(const mna *m, bool branches, int *group) {
    for (int k = 0; k < m->nodes; k++) group[k] = k;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t e = 0; e < eq_circuit_elements(m->c); e++) {
            bool wire = conductance(m, (eq_element)e) > m->wire;
            if (!wire && !(branches && m->branch_of[e] >= 0)) continue;
            eq_row row = m->c->row[e];
            const eq_table *t = &m->c->table[row.cls];
            int *a = &group[t->term[0][row.row]], *b = &group[t->term[1][row.row]];
            if (*a == *b) continue;
            moved = true;
            *a = *b = *a < *b ? *a : *b;
        }
    }
}

/* Adds up residuals, terms and round-off of the nodes that wires join in the first of them. */
static void join_wires(mna *m, int *group) {
    join_groups(m, false, group);
    for (int k = 1; k < m->nodes; k++) {
        double *each[] = {m->r, m->flow, m->known};
        for (int i = 0; group[k] != k && i < 3; i++) {
            if (group[k] != EQ_GROUND) each[i][group[k] - 1] += each[i][k - 1];
            each[i][k - 1] = 0.0;
        }
    }
}

/* Sum of the terms of each group; an F carries a share of those of the branch that controls it. */
static void group_flows(const mna *m, const int *group, double *flow) {
    for (int k = 0; k < m->nodes; k++) flow[k] = 0.0;
    for (int k = 1; k < m->nodes; k++) flow[group[k]] += m->flow[k - 1] + m->known[k - 1] * 1e-6;
    const eq_table *f = &m->c->table[EQ_CLASS_cccs];
    for (size_t pass = 0; pass < f->count; pass++)
        for (size_t j = 0; j < f->count; j++) {
            eq_row by = m->c->row[f->control[j]];
            const eq_table *t = &m->c->table[by.cls];
            double a = flow[group[t->term[0][by.row]]], b = flow[group[t->term[1][by.row]]];
            double share = fabs(f->w[0][j]) * fmax(a, b);
            for (int k = 0; k < 2; k++) {
                double *at_f = &flow[group[f->term[k][j]]];
                *at_f = fmax(*at_f, share);
            }
        }
}

double mna_ratio(const eq_circuit *c, const double *v, const double *branch, double abstol,
                 double reltol) {
    mna m;
    double worst = 0;
    assemble(&m, c, v, branch, wires_from);
    int *group = malloc((size_t)m.nodes * sizeof *group);
    double *flow = malloc((size_t)m.nodes * sizeof *flow);
    join_wires(&m, group);
    join_groups(&m, true, group);
    group_flows(&m, group, flow);
    for (int k = 0; k < m.n; k++) {
        bool node = k < m.nodes - 1;
        double terms = node ? flow[group[k + 1]] : m.known[k];
        double bound = abstol + reltol * terms + 16 * DBL_EPSILON * m.known[k];
        double ratio = fabs(m.r[k]) / bound;
        if (!(ratio <= worst)) worst = isnan(ratio) ? INFINITY : ratio;
    }
    free(group);
    free(flow);
    drop(&m);
    return worst;
}

bool gauss(double *a, double *r, int n) {
    for (int k = 0; k < n; k++) {
        int p = k;
        for (int i = k; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[p * n + k])) p = i;
        if (a[p * n + k] == 0) return false;
        for (int j = 0; j < n; j++) {
            double kept = a[k * n + j];
            a[k * n + j] = a[p * n + j];
            a[p * n + j] = kept;
        }
        double kept = r[k];
        r[k] = r[p];
        r[p] = kept;
        for (int i = k + 1; i < n; i++) {
            double f = a[i * n + k] / a[k * n + k];
            for (int j = k; j < n; j++) a[i * n + j] -= f * a[k * n + j];
            r[i] -= f * r[k];
        }
    }
    for (int k = n - 1; k >= 0; k--) {
        for (int j = k + 1; j < n; j++) r[k] -= a[k * n + j] * r[j];
        r[k] /= a[k * n + k];
    }
    return true;
}

double mna_step(const eq_circuit *c, double *v, double *branch) {
    mna m;
    double change = 0, size = 1e-300;
    assemble(&m, c, v, branch, INFINITY);
    bool solved = gauss(m.a, m.r, m.n);
    for (int k = 0; solved && k < m.n; k++) {
        double *x = k < m.nodes - 1 ? &v[k + 1] : &branch[k - m.nodes + 1];
        *x -= m.r[k];
        if (k >= m.nodes - 1) continue;
        change = fmax(change, fabs(m.r[k]));
        size = fmax(size, fabs(*x));
    }
    drop(&m);
    return solved ? change / size : NAN;
}
