/* Nodes stand in columns, by the number of elements on the way from where signals enter; ground and
 * supplies are drawn at each element that leads to them. */
#include "report/schematic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "report/symbol.h"

enum { COLUMN = 240, ROW = 240, MARGIN = 124, STUB = 84, ASIDE = 88 };
typedef enum side { UP, DOWN, SIDES } side;

typedef struct drawing {
    const eq_layout *l;
    int32_t cell;
    eq_row *element; /* those that are drawn */
    size_t elements, cap;
    int32_t *column, *row; /* [nodes] EQ_NONE: not placed */
    int32_t *taken[SIDES]; /* [nodes] stubs on each side */
    size_t *in, *away;     /* [nodes] elements from and to other cells */
    int32_t *fill;         /* [nodes + 1] nodes of each column */
    int32_t columns, rows;
    eq_text *out;
} drawing;

static bool belongs(const drawing *d, eq_node n) {
    if (n == EQ_GROUND || n == EQ_NONE || d->l->cell_of[n] == EQ_NONE) return false;
    return d->cell == EQ_NONE || d->l->cell_of[n] == d->cell;
}

static int nodes_of(const eq_table *t) {
    return t->cls->control == EQ_CONTROL_PORT ? eq_class_nodes(t->cls) : eq_by_voltage(t) ? 4 : 2;
}

/* --- which elements --- */

static bool touches(const drawing *d, const eq_table *t, size_t j) {
    for (int a = 0; a < nodes_of(t); a++)
        if (belongs(d, t->term[a][j])) return true;
    return false;
}

/* An element to another cell is counted at the node that it stands at. */
static void count_away(drawing *d, const eq_table *t, size_t j, int32_t to) {
    for (int a = 0; a < 2; a++) {
        eq_node n = t->term[a][j];
        if (!belongs(d, n)) continue;
        if (to == d->cell)
            d->in[n]++;
        else
            d->away[n]++;
    }
}

static bool choose(drawing *d) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &d->l->c->table[k];
        for (size_t j = 0; j < t->count; j++) {
            int32_t from, to;
            if (d->cell != EQ_NONE && !touches(d, t, j)) continue;
            if (d->cell != EQ_NONE && t->cls->control != EQ_CONTROL_PORT &&
                eq_layout_joins(d->l, t, j, &from, &to)) {
                count_away(d, t, j, to);
                continue;
            }
            if (!eq_grow((void **)&d->element, &d->cap, d->elements + 1, sizeof *d->element))
                return false;
            d->element[d->elements++] = (eq_row){k, (int32_t)j};
        }
    }
    return true;
}

/* --- where the nodes stand --- */

static void put(drawing *d, eq_node n, int32_t column) {
    d->column[n] = column;
    d->row[n] = d->fill[column]++;
    if (column >= d->columns) d->columns = column + 1;
    if (d->row[n] >= d->rows) d->rows = d->row[n] + 1;
}

/* The nodes one element behind those of a column; false: there are none. */
static bool spread(drawing *d, int32_t column) {
    bool any = false;
    for (size_t k = 0; k < d->elements; k++) {
        const eq_table *t = &d->l->c->table[d->element[k].cls];
        size_t j = (size_t)d->element[k].row;
        bool reached = false;
        for (int a = 0; a < nodes_of(t); a++)
            reached |= belongs(d, t->term[a][j]) && d->column[t->term[a][j]] == column;
        for (int a = 0; reached && a < nodes_of(t); a++) {
            eq_node n = t->term[a][j];
            if (!belongs(d, n) || d->column[n] != EQ_NONE) continue;
            put(d, n, column + 1);
            any = true;
        }
    }
    return any;
}

/* Where signals enter. */
static bool is_start(const drawing *d, eq_node n) {
    return d->cell == EQ_NONE ? d->l->cell[d->l->cell_of[n]].layer == 0 : d->in[n] > 0;
}

static void place(drawing *d) {
    for (size_t n = 0; n < d->l->nodes; n++) d->column[n] = EQ_NONE;
    for (size_t n = 1; n < d->l->nodes; n++)
        if (belongs(d, (eq_node)n) && is_start(d, (eq_node)n)) put(d, (eq_node)n, 0);
    for (int32_t c = 0; spread(d, c);) c++;
    for (size_t n = 1; n < d->l->nodes; n++) {
        if (!belongs(d, (eq_node)n) || d->column[n] != EQ_NONE) continue;
        put(d, (eq_node)n, 0);
        for (int32_t c = 0; spread(d, c);) c++;
    }
}

static bool is_placed(const drawing *d, eq_node n) {
    return n != EQ_GROUND && n != EQ_NONE && d->column[n] != EQ_NONE;
}

static eq_point at(const drawing *d, eq_node n) {
    return (eq_point){MARGIN + COLUMN * (double)d->column[n],
                      MARGIN + ROW * (d->row[n] + 0.5 * (d->rows - d->fill[d->column[n]]))};
}

/* --- what is written beside --- */

static const char *unit_of(const eq_table *t) {
    const char *unit = t->cls->param[t->cls->value].unit;
    return strcmp(unit, "ohm") == 0 ? "\316\251" : strcmp(unit, "1") == 0 ? "" : unit;
}

/* Inputs and nudges have another value for each example. */
static bool is_signal(const eq_circuit *c, eq_element e) {
    bool is = false;
    for (size_t k = 0; k < c->inputs; k++) is |= c->input[k] == e;
    for (size_t k = 0; k < c->outputs; k++)
        is |= c->output[k].nudge_plus == e || c->output[k].nudge_minus == e;
    return is;
}

/* The value of an element; NULL: it has none to tell. */
static const char *value_of(const drawing *d, const eq_table *t, size_t j, char out[EQ_SHOWN]) {
    bool none = t->cls->value < 0 || (eq_is_independent(t) && is_signal(d->l->c, t->id[j]));
    return none ? NULL : eq_shown(eq_value(t, j), unit_of(t), out);
}

static void write_label(const drawing *d, const eq_table *t, size_t j, eq_point a, eq_point b) {
    char shown[EQ_SHOWN];
    const char *name = eq_names_get(d->l->c->element, t->id[j]), *value = value_of(d, t, j, shown);
    eq_point m = {0.5 * (a.x + b.x), 0.5 * (a.y + b.y)};
    bool upright = fabs(b.x - a.x) < fabs(b.y - a.y);
    if (upright) {
        eq_symbol_text(d->out, (eq_point){m.x + 19.0, m.y - 1.0}, "start", name);
        if (value != NULL)
            eq_symbol_text(d->out, (eq_point){m.x + 19.0, m.y + 11.0}, "start", value);
    } else {
        eq_symbol_text(d->out, (eq_point){m.x, m.y - 20.0}, "middle", name);
        if (value != NULL) eq_symbol_text(d->out, (eq_point){m.x, m.y + 28.0}, "middle", value);
    }
}

/* --- elements --- */

static bool is_trained(const drawing *d, eq_row e) {
    const bool *mark = d->l->trained[e.cls];
    return mark != NULL && mark[e.row];
}

/* The side on which what leads from a node to ground or a supply hangs. */
static side side_of(const drawing *d, eq_node other) {
    if (other == EQ_GROUND) return DOWN;
    return d->l->supply[other] < 0.0 ? DOWN : UP;
}

/* 0, +1, -1, +2, ... times the step aside. */
static double aside(int32_t k) {
    return ASIDE * (double)(k % 2 == 1 ? (k + 1) / 2 : -(k / 2));
}

/* From placed node n to one that is not: ground, a supply, or something of another cell. */
static void write_stub(drawing *d, eq_row e, eq_node n, eq_node other, bool from) {
    const eq_table *t = &d->l->c->table[e.cls];
    side s = side_of(d, other);
    double dy = s == UP ? -STUB : STUB;
    eq_point a = at(d, n), b;
    int32_t k = d->taken[s][n]++;
    eq_point begin = {a.x + aside(k), a.y};
    if (k > 0) eq_symbol_line(d->out, a, begin);
    b = (eq_point){begin.x, begin.y + dy};
    if (from)
        eq_symbol_branch(d->out, t, is_trained(d, e), begin, b);
    else
        eq_symbol_branch(d->out, t, is_trained(d, e), b, begin);
    write_label(d, t, (size_t)e.row, begin, b);
    if (other == EQ_GROUND)
        eq_symbol_ground(d->out, b, s == UP);
    else
        eq_symbol_supply(d->out, b, s == UP, eq_circuit_node_name(d->l->c, other),
                         d->l->supply[other]);
}

/* How many of the elements before this one join the same two nodes. */
static int32_t parallel_before(const drawing *d, size_t k, eq_node a, eq_node b) {
    int32_t n = 0;
    for (size_t i = 0; i < k; i++) {
        const eq_table *t = &d->l->c->table[d->element[i].cls];
        size_t j = (size_t)d->element[i].row;
        if (t->cls->control == EQ_CONTROL_PORT) continue;
        n += (t->term[0][j] == a && t->term[1][j] == b) ||
             (t->term[0][j] == b && t->term[1][j] == a);
    }
    return n;
}

/* The ends of a branch between two placed nodes, moved aside where others, or nodes, are in the way. */
static void run_between(const drawing *d, size_t k, eq_node na, eq_node nb, eq_point *a,
                        eq_point *b) {
    int32_t lane = parallel_before(d, k, na, nb);
    int32_t over = d->column[na] - d->column[nb], down = d->row[na] - d->row[nb];
    if ((over == 0 && (down > 1 || down < -1)) || (down == 0 && (over > 1 || over < -1))) lane++;
    eq_point p = at(d, na), q = at(d, nb);
    double length = hypot(q.x - p.x, q.y - p.y),
           turn = over < 0 || (over == 0 && down < 0) ? 1.0 : -1.0;
    double move = 46.0 * lane * turn / (length > 0.0 ? length : 1.0);
    *a = (eq_point){p.x + (q.y - p.y) * move, p.y - (q.x - p.x) * move};
    *b = (eq_point){q.x + (q.y - p.y) * move, q.y - (q.x - p.x) * move};
    if (lane == 0) return;
    eq_symbol_line(d->out, p, *a);
    eq_symbol_line(d->out, *b, q);
}

/* An amplifier from c to a, both against what is not placed. */
static bool write_amplifier(drawing *d, eq_row e) {
    const eq_table *t = &d->l->c->table[e.cls];
    size_t j = (size_t)e.row;
    if (!eq_by_voltage(t) || t->cls->defined != EQ_VOLTAGE_DEFINED) return false;
    eq_node a = t->term[0][j], b = t->term[1][j], c = t->term[2][j], z = t->term[3][j];
    if (!is_placed(d, a) || !is_placed(d, c) || is_placed(d, b) || is_placed(d, z) || a == c)
        return false;
    eq_point p = at(d, c), q = at(d, a);
    eq_symbol_amplifier(d->out, p, q);
    write_label(d, t, j, p, q);
    return true;
}

/* A box for an element with more terminals, and a line to each that is placed. */
static void write_box(drawing *d, const eq_table *t, size_t j) {
    eq_point m = {0.0, 0.0};
    int n = 0;
    for (int a = 0; a < nodes_of(t); a++) {
        if (!is_placed(d, t->term[a][j])) continue;
        eq_point p = at(d, t->term[a][j]);
        m = (eq_point){m.x + p.x, m.y + p.y};
        n++;
    }
    if (n == 0) return;
    m = (eq_point){m.x / n + (n == 1 ? 60.0 : 0.0), m.y / n + (n == 1 ? 0.0 : 24.0)};
    for (int a = 0; a < nodes_of(t); a++)
        if (is_placed(d, t->term[a][j])) eq_symbol_line(d->out, at(d, t->term[a][j]), m);
    eq_html(d->out, "<path class=\"f\" d=\"M%.1f %.1fh36v26h-36z\"/>", m.x - 18.0, m.y - 13.0);
    eq_symbol_text(d->out, (eq_point){m.x, m.y + 4.0}, "middle",
                   eq_names_get(d->l->c->element, t->id[j]));
}

static void write_element(drawing *d, size_t k) {
    eq_row e = d->element[k];
    const eq_table *t = &d->l->c->table[e.cls];
    size_t j = (size_t)e.row;
    char shown[EQ_SHOWN];
    const char *value = value_of(d, t, j, shown);
    eq_html(d->out, "<g><title>%s, %s%s%s</title>", eq_names_get(d->l->c->element, t->id[j]),
            t->cls->name, value == NULL ? "" : ", ", value == NULL ? "" : value);
    if (t->cls->control == EQ_CONTROL_PORT) {
        write_box(d, t, j);
    } else if (!write_amplifier(d, e)) {
        eq_node a = t->term[0][j], b = t->term[1][j];
        bool pa = is_placed(d, a), pb = is_placed(d, b);
        if (pa && pb && a != b) {
            eq_point p, q;
            run_between(d, k, a, b, &p, &q);
            eq_symbol_branch(d->out, t, is_trained(d, e), p, q);
            write_label(d, t, j, p, q);
        } else if (pa || pb) {
            write_stub(d, e, pa ? a : b, pa ? b : a, pa);
        }
    }
    eq_html(d->out, "</g>\n");
}

/* Arrows from and to other cells. */
static void write_arrows(const drawing *d, eq_node n) {
    eq_point p = at(d, n);
    if (d->in[n] > 0) {
        eq_html(d->out, "<path d=\"M%.1f %.1fh-44m36-5l8 5l-8 5\"/>", p.x - 4.0, p.y);
        eq_html(d->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%zu in</text>", p.x - 54.0,
                p.y + 4.0, d->in[n]);
    }
    if (d->away[n] > 0) {
        eq_html(d->out, "<path d=\"M%.1f %.1fh44m-8-5l8 5l-8 5\"/>", p.x + 4.0, p.y);
        eq_html(d->out, "<text x=\"%.1f\" y=\"%.1f\">%zu out</text>", p.x + 54.0, p.y + 4.0,
                d->away[n]);
    }
}

static void write_drawing(drawing *d, const char *label) {
    double width = 2.0 * MARGIN + COLUMN * (double)(d->columns - 1) + 30.0;
    double height = 2.0 * MARGIN + ROW * (double)(d->rows - 1);
    eq_html(d->out,
            "<svg class=\"circuit\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
            "role=\"img\" aria-label=\"%s\">\n",
            width, height, width, height, label);
    for (size_t k = 0; k < d->elements; k++) write_element(d, k);
    for (size_t n = 1; n < d->l->nodes; n++) {
        if (!is_placed(d, (eq_node)n)) continue;
        write_arrows(d, (eq_node)n);
        eq_symbol_node(d->out, at(d, (eq_node)n), eq_circuit_node_name(d->l->c, (eq_node)n));
    }
    eq_html(d->out, "</svg>\n");
}

static bool make_room(drawing *d) {
    size_t n = d->l->nodes;
    d->column = eq_malloc(n, sizeof *d->column);
    d->row = eq_malloc(n, sizeof *d->row);
    d->fill = eq_calloc(n + 1, sizeof *d->fill);
    d->in = eq_calloc(n, sizeof *d->in);
    d->away = eq_calloc(n, sizeof *d->away);
    bool room =
        d->column != NULL && d->row != NULL && d->fill != NULL && d->in != NULL && d->away != NULL;
    for (int s = 0; s < SIDES; s++) {
        d->taken[s] = eq_calloc(n, sizeof *d->taken[s]);
        room &= d->taken[s] != NULL;
    }
    return room;
}

eq_status eq_schematic(const eq_layout *l, int32_t cell, const char *label, eq_text *out,
                       eq_diag *diag) {
    drawing d = {.l = l, .cell = cell, .out = out};
    bool done = make_room(&d) && choose(&d);
    if (done) {
        place(&d);
        write_drawing(&d, label);
    }
    eq_free(d.element);
    eq_free(d.column);
    eq_free(d.row);
    eq_free(d.fill);
    eq_free(d.in);
    eq_free(d.away);
    for (int s = 0; s < SIDES; s++) eq_free(d.taken[s]);
    return done ? EQ_OK : eq_out_of_memory(diag);
}
