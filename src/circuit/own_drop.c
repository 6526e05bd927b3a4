#include "circuit/own_drop.h"

#include <math.h>

static bool is_drop(const eq_formula_input *in, eq_node plus, eq_node minus) {
    return in->kind == EQ_INPUT_DROP && in->plus == plus && in->minus == minus;
}

/* The input of a slot, NULL: it is none. */
static const eq_formula_input *input_of(const eq_formula *f, int32_t slot) {
    const eq_slot *s = &f->slot[slot];
    return s->operation == EQ_SLOT_INPUT ? &f->input[s->arg[0]] : NULL;
}

/* Whether slot s uses v(a) and v(b), if it does at all, in their difference. */
static bool in_difference(const eq_formula *f, const eq_slot *s, eq_node a, eq_node b, int minus) {
    const eq_formula_input *in[EQ_MOST_OPERANDS] = {NULL};
    int operands = s->operation == EQ_SLOT_PIECEWISE ? 1
                   : s->operation < 0                ? 0
                                                     : eq_operation_at(s->operation)->operands;
    bool uses = false;
    for (int k = 0; k < operands; k++) {
        in[k] = input_of(f, s->arg[k]);
        uses = uses ||
               (in[k] != NULL && (is_drop(in[k], a, EQ_GROUND) || is_drop(in[k], b, EQ_GROUND)));
    }
    if (!uses) return true;
    if (s->operation != minus || in[0] == NULL || in[1] == NULL) return false;
    return (is_drop(in[0], a, EQ_GROUND) && is_drop(in[1], b, EQ_GROUND)) ||
           (is_drop(in[0], b, EQ_GROUND) && is_drop(in[1], a, EQ_GROUND));
}

eq_reads eq_formula_reads(const eq_formula *f, eq_node a, eq_node b) {
    bool any = false, single = false;
    int minus = eq_operation_find("-", 2);
    for (size_t k = 0; k < f->inputs; k++) {
        const eq_formula_input *in = &f->input[k];
        bool own = is_drop(in, a, b) || is_drop(in, b, a), one = false;
        if (in->kind == EQ_INPUT_TEMPERATURE) continue;
        if (!own) one = is_drop(in, a, EQ_GROUND) || is_drop(in, b, EQ_GROUND);
        if (!own && !one) return EQ_READS_MORE;
        any = true;
        single = single || one;
    }
    for (size_t k = 0; single && k < f->slots; k++)
        if (!in_difference(f, &f->slot[k], a, b, minus)) return EQ_READS_MORE;
    if (single && input_of(f, f->result) != NULL) return EQ_READS_MORE;
    return any ? EQ_READS_OWN_DROP : EQ_READS_NOTHING;
}

bool eq_is_own_law(const eq_table *t, size_t j) {
    return t->cls->control == EQ_CONTROL_FORMULA && t->cls->defined == EQ_CURRENT_DEFINED &&
           eq_formula_reads(t->formula[j], t->term[0][j], t->term[1][j]) != EQ_READS_MORE;
}

/* Ground is at 0, else b. */
static double potential(const eq_own_law *l, eq_node n, double u) {
    if (n == EQ_GROUND || n == EQ_NONE) return 0.0;
    if (n == l->a) return u;
    return l->a == EQ_GROUND ? -u : 0.0;
}

double eq_own_law_current(const eq_own_law *l, double u) {
    for (size_t k = 0; k < l->f->inputs; k++) {
        const eq_formula_input *in = &l->f->input[k];
        l->in[k] = in->kind == EQ_INPUT_TEMPERATURE
                       ? l->temperature
                       : potential(l, in->plus, u) - potential(l, in->minus, u);
    }
    return eq_formula_evaluate(l->f, l->in, NULL, l->work);
}

/* Gauss and Legendre's rule of 7 points over [from, to]: nodes and weights of Abramowitz and Stegun
 * 1964, Table 25.4. *size: the same of |i|. */
static double gauss(const eq_own_law *l, double from, double to, double *size) {
    static const double x[] = {0.0, 0.405845151377397166907, 0.741531185599394439864,
                               0.949107912342758524526},
                        w[] = {0.417959183673469387755, 0.381830050505118944950,
                               0.279705391489276667901, 0.129484966168869693271};
    double mid = 0.5 * (from + to), half = 0.5 * (to - from), sum = 0.0;
    *size = 0.0;
    for (int k = 0; k < 4; k++)
        for (int side = k == 0 ? 1 : -1; side <= 1; side += 2) {
            double i = eq_own_law_current(l, mid + side * half * x[k]);
            sum += w[k] * i;
            *size += w[k] * fabs(i);
        }
    *size *= fabs(half);
    return half * sum;
}

enum { DEEPEST = 40, MOST_PARTS = 4000 };

/* The integral over [from, to], of which one rule gives `whole`: halved until the halves agree with
 * it to round-off of the size of what was added up so far. */
static double integrate(const eq_own_law *l, double from, double to, double whole, int depth,
                        double *total, int *parts) {
    static const double enough = 1e-14;
    double mid = 0.5 * (from + to), size[2];
    double left = gauss(l, from, mid, &size[0]), right = gauss(l, mid, to, &size[1]);
    *total = fmax(*total, size[0] + size[1]);
    bool good = fabs(left + right - whole) <= enough * *total;
    if (good || depth == DEEPEST || ++*parts > MOST_PARTS || !isfinite(left + right))
        return left + right;
    left = integrate(l, from, mid, left, depth + 1, total, parts);
    return left + integrate(l, mid, to, right, depth + 1, total, parts);
}

double eq_own_law_energy(const eq_own_law *l, double u) {
    double total = 0.0;
    int parts = 0;
    if (u == 0.0) return 0.0;
    double whole = gauss(l, 0.0, u, &total);
    return integrate(l, 0.0, u, whole, 0, &total, &parts);
}
