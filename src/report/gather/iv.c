/* Current over voltage, by the laws of the elements. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/circuit.h"
#include "circuit/stored.h"
#include "devices/registry.h"
#include "report/axis.h"
#include "report/kind.h"
#include "report/lines.h"
#include "train/train.h"

enum { POINTS = 401 };
#define USUAL 0.01 /* A: as far as a curve goes where no voltages are given */

/* What is measured: one element, or all nonlinear ones at a node. */
typedef struct probe {
    const eq_circuit *c;
    const char *name;
    int cls;
    int32_t row; /* of the element; EQ_NONE: those at the node */
    eq_node node;
    double *v; /* [nodes] V: where the other ends are held */
} probe;

static bool has_law(int cls) {
    const eq_device_class *k = eq_class(cls);
    return k->defined == EQ_CURRENT_DEFINED && k->control == EQ_CONTROL_NONE &&
           (k->flags & EQ_CONDUCTS) != 0 && k->value_and_slope != NULL;
}

/* The current of a row of a table at the drop u. */
static double current_of(const eq_circuit *c, int cls, int32_t row, double u) {
    const eq_table *t = &c->table[cls];
    double *w[EQ_MAX_COLUMNS], y, slope;
    for (int k = 0; k < eq_class(cls)->columns; k++) w[k] = t->w[k] + row;
    eq_class(cls)->value_and_slope(1, w, &u, NULL, &y, &slope, NULL);
    return y;
}

/* A law of all its terminals, without inner nodes that the circuit would have to find. */
static bool is_transistor(int cls) {
    return eq_class(cls)->control == EQ_CONTROL_PORT && eq_class(cls)->internal == 0;
}

/* Out of the node, into the terminals that transistors have there. */
static double into_transistors(const probe *p, double v) {
    double sum = 0.0, held = p->v[p->node];
    p->v[p->node] = v;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &p->c->table[k];
        if (!is_transistor(k)) continue;
        for (int a = 0; a < t->cls->terminals; a++)
            for (size_t j = 0; j < t->count; j++)
                if (t->term[a][j] == p->node)
                    sum += eq_stored_value(p->c, t->id[j], (eq_stored){a, EQ_STORED_CURRENT}, p->v);
    }
    p->v[p->node] = held;
    return sum;
}

/* Out of the node, into all nonlinear elements there. */
static double current_at(const probe *p, double v) {
    double sum = into_transistors(p, v);
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &p->c->table[k];
        if (!has_law(k) || (eq_class(k)->flags & EQ_LINEAR) != 0) continue;
        for (size_t j = 0; j < t->count; j++) {
            eq_node a = t->term[0][j], b = t->term[1][j];
            if (a == b || (a != p->node && b != p->node)) continue;
            double other = p->v[a == p->node ? b : a], u = a == p->node ? v - other : other - v;
            double i = current_of(p->c, k, (int32_t)j, u);
            sum += a == p->node ? i : -i;
        }
    }
    return sum;
}

static double current(const probe *p, double v) {
    return p->row != EQ_NONE ? current_of(p->c, p->cls, p->row, v) : current_at(p, v);
}

/* The voltage of the sign at which the usual current flows, 1 V where it takes more. */
static double reach(const probe *p, double sign) {
    double low = 0.0, high = 1.0;
    if (!(fabs(current(p, sign)) > USUAL)) return sign;
    for (int k = 0; k < 40; k++) {
        double middle = 0.5 * (low + high);
        if (fabs(current(p, sign * middle)) > USUAL)
            high = middle;
        else
            low = middle;
    }
    return sign * high;
}

/* What is drawn [V, A], and what its axes count in. */
typedef struct range {
    double from, to, bound, per_volt, per_ampere;
} range;

static double drop(const range *r, int j) {
    return r->from + (r->to - r->from) * j / (POINTS - 1);
}

/* The largest current that is drawn: where a law overflows, nothing is. */
static double largest(const probe *p, const range *r) {
    double most = 0.0;
    for (int j = 0; j < POINTS; j++) {
        double i = fabs(current(p, drop(r, j)));
        if (isfinite(i) && i <= r->bound) most = fmax(most, i);
    }
    return most;
}

static eq_status add_curve(eq_lines *l, const probe *p, const range *r, size_t k, eq_canvas *c,
                           eq_diag *diag) {
    char *title = eq_strdup(p->name);
    eq_line *line = title == NULL ? NULL : eq_lines_line(l, title, diag);
    if (line == NULL) return title == NULL ? eq_out_of_memory(diag) : EQ_ERR_USAGE;
    eq_lines_tell(line, k, 1, 1);
    for (int j = 0; j < POINTS; j++) {
        double v = r->per_volt * drop(r, j), i = current(p, drop(r, j));
        if (!isfinite(i) || fabs(i) > r->bound) continue;
        i = r->per_ampere * (l->panel[0].log_y ? fabs(i) : i);
        eq_lines_point(l, c, (double[]){v, i, i, i});
    }
    eq_lines_end(l, c);
    return EQ_OK;
}

static eq_status understand(const probe *p, size_t n, const eq_picture *o, range *r,
                            eq_diag *diag) {
    *r =
        (range){o->from, o->to, isnan(o->from) || isnan(o->to) ? 1.05 * USUAL : INFINITY, 1.0, 1.0};
    for (size_t k = 0; k < n; k++) {
        if (isnan(o->from)) r->from = fmin(k == 0 ? 0.0 : r->from, reach(&p[k], -1.0));
        if (isnan(o->to)) r->to = fmax(k == 0 ? 0.0 : r->to, reach(&p[k], 1.0));
    }
    if (r->to > r->from && isfinite(r->to - r->from)) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE,
                   "from %g V to %g V there is nothing; let --from be less than --to", r->from,
                   r->to);
}

static void label(eq_lines *l, const probe *p, size_t n, range *r) {
    eq_panel *panel = &l->panel[0];
    double most = 0.0;
    char volt[16], ampere[16];
    for (size_t k = 0; k < n; k++) most = fmax(most, largest(&p[k], r));
    r->per_ampere = eq_axis_prefix(panel->log_y ? 0.0 : most, "A", ampere);
    r->per_volt = eq_axis_prefix(fmax(fabs(r->from), fabs(r->to)), "V", volt);
    snprintf(panel->y_label, sizeof panel->y_label, "%s [%s]",
             panel->log_y ? "|current|" : "current", ampere);
    snprintf(l->x_label, sizeof l->x_label, "%s [%s]", p->row == EQ_NONE ? "potential" : "drop",
             volt);
}

static eq_status draw(const probe *p, size_t n, const eq_picture *o, eq_canvas *c, eq_diag *diag) {
    range r;
    eq_status status = understand(p, n, o, &r, diag);
    if (status != EQ_OK) return status;
    eq_lines *l = eq_lines_new();
    eq_panel *panel = l == NULL ? NULL : eq_lines_panel(l, diag);
    if (panel == NULL) return eq_out_of_memory(diag);
    panel->log_y = eq_axis_log(o->log, 'y', 0.0, 0.0);
    label(l, p, n, &r);
    for (size_t k = 0; status == EQ_OK && k < n; k++) status = add_curve(l, &p[k], &r, k, c, diag);
    if (status == EQ_OK) {
        eq_lines_end_panel(l);
        status = eq_lines_lay_out(l, c, diag);
    }
    eq_lines_free(l);
    return status;
}

enum { MODELS = 63 }; /* so many colours and dashes are told apart */

/* The first element of each .model that is wanted (NULL: of all); how many there are. */
static size_t first_of_models(const eq_circuit *c, const char *wanted, probe p[MODELS]) {
    size_t n = 0;
    for (size_t m = 0; m < c->models; m++) {
        if (wanted != NULL && !eq_same(wanted, c->model[m].name)) continue;
        for (int k = 0; k < EQ_CLASS_COUNT; k++) {
            const eq_table *t = &c->table[k];
            size_t j = 0;
            if (!has_law(k) || t->model == NULL) continue;
            while (j < t->count && t->model[j] != (int32_t)m) j++;
            if (j == t->count) continue;
            if (n < MODELS) p[n] = (probe){c, c->model[m].name, k, (int32_t)j, 0, NULL};
            n++;
        }
    }
    return n;
}

/* The element of that name; or, with no name, the first nonlinear one. */
static size_t element_of(const eq_circuit *c, const char *wanted, probe *p) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        if (!has_law(k) || (wanted == NULL && (eq_class(k)->flags & EQ_LINEAR) != 0)) continue;
        for (size_t j = 0; j < t->count; j++) {
            const char *name = eq_circuit_element_name(c, t->id[j]);
            if (wanted != NULL && !eq_same(wanted, name)) continue;
            *p = (probe){c, name, k, (int32_t)j, 0, NULL};
            return 1;
        }
    }
    return 0;
}

/* How many rows of the table have a terminal at the node; the last one of them. */
static size_t at_node(const eq_table *t, eq_node node, size_t *row) {
    size_t n = 0;
    for (int a = 0; a < eq_class_terminals(t->cls); a++)
        for (size_t j = 0; j < t->count; j++)
            if (t->term[a][j] == node) n++, *row = j;
    return n;
}

/* There are nonlinear elements at the node, and the current through each is known. */
static eq_status check_node(const eq_circuit *c, eq_node node, eq_diag *diag) {
    size_t row, found = 0;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        if (t->count == 0 || (t->cls->flags & EQ_LINEAR) != 0) continue;
        size_t here = at_node(t, node, &row);
        found += here;
        if (here == 0 || has_law(k) || is_transistor(k)) continue;
        return eq_fail(diag, EQ_ERR_USAGE,
                       "at node %s stands %s, whose current is no function of the potentials "
                       "around it alone; put a source there and a .dc card instead (eqspice run)",
                       eq_circuit_node_name(c, node), eq_circuit_element_name(c, t->id[row]));
    }
    if (found > 0) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE, "all elements at node %s are linear; nothing bends there",
                   eq_circuit_node_name(c, node));
}

/* The neuron at a node: the others are held where they are at the operating point. */
static eq_status draw_node(eq_circuit *c, const eq_picture *o, eq_node node, eq_canvas *to,
                           eq_diag *diag) {
    eq_solver *s = NULL;
    eq_status status = check_node(c, node, diag);
    if (status != EQ_OK) return status;
    double *v = eq_calloc(eq_circuit_nodes(c), sizeof *v);
    status = v == NULL ? eq_out_of_memory(diag) : eq_solver_new(c, &s, diag);
    if (status == EQ_OK) status = eq_solver_solve(s, NULL, v, NULL, NULL, diag);
    if (status == EQ_OK) {
        const probe p = {c, eq_circuit_node_name(c, node), 0, EQ_NONE, node, v};
        status = draw(&p, 1, o, to, diag);
    }
    eq_solver_free(s);
    eq_free(v);
    return status;
}

static eq_status draw_circuit(eq_circuit *c, const eq_picture *o, eq_canvas *to, eq_diag *diag) {
    probe p[MODELS];
    size_t n = first_of_models(c, o->element, p);
    if (n > MODELS) {
        eq_warn_at(diag, (eq_place){o->input[0], 0, 0},
                   "of %zu models the first %d are drawn; choose with --element", n, MODELS);
        n = MODELS;
    }
    if (n == 0) n = element_of(c, o->element, p);
    if (n > 0) return draw(p, n, o, to, diag);
    eq_node node = o->element == NULL ? -1 : eq_circuit_find_node(c, o->element);
    if (node > 0) return draw_node(c, o, node, to, diag);
    if (o->element == NULL)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "%s has no nonlinear element of two terminals; name one to draw with "
                       "--element, or a node at which transistors stand",
                       o->input[0]);
    return eq_fail(diag, EQ_ERR_INPUT,
                   "%s has no element of two terminals, no .model in use and no node '%s'",
                   o->input[0], o->element);
}

eq_status eq_gather_iv(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_circuit *c = NULL;
    if (p->inputs > 1) return eq_fail(diag, EQ_ERR_USAGE, "iv is drawn of one deck or folder");
    eq_status status = eq_picture_circuit(p, &x, &c, diag);
    if (status == EQ_OK) status = draw_circuit(c, p, to, diag);
    eq_circuit_free(c);
    eq_experiment_free(x);
    return status;
}
