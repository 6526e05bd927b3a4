/* The network: layers of cells with what joins them, one cell of each layer in full, and every
 * element where there are few. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "report/network.h"
#include "report/page/page.h"
#include "report/schematic.h"
#include "report/symbol.h"

enum {
    NEAR = 160,
    FAR = 230,
    FEW = 24,
    MOST_SHOWN = 14,
    HEAD = 7,
    TAIL = 2,
    ROW = 34,
    SIDE = 120,
    TOP = 54,
    BOTTOM = 46
};

typedef struct picture {
    const eq_page *p;
    const eq_layout *l;
    size_t tallest; /* slots of the fullest layer */
    double step;    /* between layers */
    bool *output;   /* [cells] it has one */
} picture;

/* --- where cells stand --- */

static size_t slots(size_t cells) {
    return cells <= MOST_SHOWN ? cells : HEAD + 1 + TAIL;
}

/* The slot of a cell in its layer; -1: it is one of those that dots stand for. */
static int slot_of(const picture *w, const eq_drawn *c) {
    size_t n = w->l->in_layer[c->layer];
    if (n <= MOST_SHOWN || c->shown < HEAD) return (int)c->shown;
    return c->shown + TAIL >= n ? (int)(HEAD + 1 + c->shown + TAIL - n) : -1;
}

static eq_point point_of(const picture *w, int32_t layer, int slot) {
    double middle = TOP + 0.5 * ROW * (double)(w->tallest - 1);
    double first = middle - 0.5 * ROW * (double)(slots(w->l->in_layer[layer]) - 1);
    return (eq_point){SIDE + w->step * (double)layer, first + ROW * slot};
}

/* --- links --- */

static const eq_links *links_of(const picture *w, int32_t from, int32_t to) {
    for (size_t k = 0; k < w->l->link_count; k++)
        if (w->l->links[k].from == from && w->l->links[k].to == to) return &w->l->links[k];
    return NULL;
}

/* 0 for the smallest value of the links of these layers, 1 for the largest, by the logarithm. */
static double strength(const eq_links *k, int cls, double value) {
    if (cls != k->cls || !(k->least > 0.0) || !(k->most > k->least)) return 0.5;
    return log(value / k->least) / log(fmax(k->most / k->least, 10.0));
}

static void write_link(const picture *w, int cls, size_t j) {
    const eq_table *t = &w->l->c->table[cls];
    int32_t from, to;
    if (t->cls->control == EQ_CONTROL_PORT || !eq_layout_joins(w->l, t, j, &from, &to)) return;
    const eq_drawn *a = &w->l->cell[from], *b = &w->l->cell[to];
    int sa = slot_of(w, a), sb = slot_of(w, b);
    if (sa < 0 || sb < 0) return;
    eq_point p = point_of(w, a->layer, sa), q = point_of(w, b->layer, sb);
    double s =
        strength(links_of(w, a->layer, b->layer), cls, t->cls->value < 0 ? 1.0 : eq_value(t, j));
    const char *kind = w->l->trained[cls] != NULL && w->l->trained[cls][j] ? "tl" : "ul";
    eq_html(w->p->out, "<path class=\"%s\" stroke-width=\"%.2f\" opacity=\"%.2f\" d=\"M%.0f %.1f",
            kind, 0.5 + 1.5 * s, 0.2 + 0.7 * s, p.x, p.y);
    if (a->layer == b->layer) /* inside of a layer: a bow */
        eq_html(w->p->out, "Q%.0f %.1f %.0f %.1f\"/>", p.x + 20.0 + 0.3 * fabs(q.y - p.y),
                0.5 * (p.y + q.y), q.x, q.y);
    else if (b->layer > a->layer + 1) /* over a layer */
        eq_html(w->p->out, "Q%.0f %.1f %.0f %.1f\"/>", 0.5 * (p.x + q.x), fmax(p.y, q.y) + 60.0,
                q.x, q.y);
    else
        eq_html(w->p->out, "L%.0f %.1f\"/>", q.x, q.y);
}

static void write_all_links(const picture *w) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++)
        for (size_t j = 0; j < w->l->c->table[k].count; j++) write_link(w, k, j);
    eq_html(w->p->out, "\n");
}

/* "90 memristor" and so on below the middle between two layers. */
static void write_counts(const picture *w) {
    for (size_t k = 0; k < w->l->link_count; k++) {
        const eq_links *links = &w->l->links[k];
        if (links->to != links->from + 1) continue;
        eq_html(w->p->out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\">%zu %s%s</text>",
                SIDE + w->step * (0.5 + links->from), TOP + ROW * (double)w->tallest + 12.0,
                links->total,
                links->count[links->cls] == links->total ? eq_class(links->cls)->name : "element",
                links->total == 1 ? "" : "s");
    }
}

/* --- cells --- */

/* 'i' in the first layer, 'o' where a node is an output, 's' a supply, else 'h'. */
static char kind_of(const picture *w, size_t k) {
    const eq_drawn *c = &w->l->cell[k];
    return c->supply ? 's' : w->output[k] ? 'o' : c->layer == 0 ? 'i' : 'h';
}

/* Which cells have an output; NULL: memory ran out. */
static bool *find_outputs(const eq_layout *l) {
    bool *output = eq_calloc(l->cells, sizeof *output);
    for (size_t o = 0; output != NULL && o < l->c->outputs; o++) {
        const eq_node end[] = {l->c->output[o].plus, l->c->output[o].minus};
        for (int k = 0; k < 2; k++)
            if (end[k] != EQ_NONE && l->cell_of[end[k]] != EQ_NONE)
                output[l->cell_of[end[k]]] = true;
    }
    return output;
}

static void write_cell(const picture *w, size_t k) {
    const eq_drawn *c = &w->l->cell[k];
    const char *name = eq_circuit_node_name(w->l->c, c->node);
    int slot = slot_of(w, c);
    char kind, shown[EQ_SHOWN];
    if (slot < 0) return;
    eq_point at = point_of(w, c->layer, slot);
    kind = kind_of(w, k);
    eq_html(w->p->out, "<g><title>%s, %zu nodes, %zu elements of its own</title>", name,
            c->supply ? 1 : c->nodes, c->own);
    if (kind == 's')
        eq_html(w->p->out, "<path class=\"f\" d=\"M%.0f %.1fl9-9l9 9l-9 9z\"/>", at.x - 9.0, at.y);
    else
        eq_html(w->p->out, "<circle class=\"f %c\" cx=\"%.0f\" cy=\"%.1f\" r=\"%d\"/>", kind, at.x,
                at.y, kind == 'h' ? 11 : 8);
    if (kind == 's')
        eq_symbol_text(w->p->out, (eq_point){at.x - 15.0, at.y + 4.0}, "end",
                       eq_shown(w->l->supply[c->node], "V", shown));
    else if (kind == 'i')
        eq_symbol_text(w->p->out, (eq_point){at.x - 15.0, at.y + 4.0}, "end", name);
    else if (kind == 'o')
        eq_symbol_text(w->p->out, (eq_point){at.x + 15.0, at.y + 4.0}, "start", name);
    eq_html(w->p->out, "</g>\n");
}

/* What the cells of a layer are called. */
static const char *called(int32_t layer, size_t cells, size_t outputs, size_t busy) {
    static const char *const word[][2] = {{"input", "inputs"},
                                          {"output node", "output nodes"},
                                          {"neuron", "neurons"},
                                          {"node", "nodes"}};
    int which = layer == 0 ? 0 : outputs == cells ? 1 : busy == cells ? 2 : 3;
    return word[which][cells != 1];
}

static void write_layer_name(const picture *w, int32_t layer) {
    size_t cells = 0, outputs = 0, busy = 0, n = w->l->in_layer[layer];
    for (size_t k = 0; k < w->l->own_cells; k++) {
        if (w->l->cell[k].layer != layer) continue;
        cells++;
        busy += w->l->cell[k].own > 0;
        outputs += w->output[k];
    }
    eq_html(w->p->out,
            "<text class=\"name\" x=\"%.0f\" y=\"22\" text-anchor=\"middle\">%zu %s</text>\n",
            point_of(w, layer, 0).x, cells, called(layer, cells, outputs, busy));
    if (n > MOST_SHOWN) {
        eq_point dots = point_of(w, layer, HEAD);
        for (int k = -1; k <= 1; k++)
            eq_html(w->p->out, "<circle class=\"k\" cx=\"%.0f\" cy=\"%.1f\" r=\"2\"/>", dots.x,
                    dots.y + 8.0 * k);
    }
}

static void write_overview(picture *w) {
    const eq_layout *l = w->l;
    for (int32_t k = 0; k < l->layers; k++)
        if (slots(l->in_layer[k]) > w->tallest) w->tallest = slots(l->in_layer[k]);
    w->step = l->layers > 4 ? NEAR : FAR;
    double width = 2.0 * SIDE + w->step * (double)(l->layers - 1);
    double height = TOP + ROW * (double)w->tallest + BOTTOM;
    eq_html(w->p->out,
            "<figure class=\"net\"><div class=\"scroll\"><svg viewBox=\"0 0 %.0f %.0f\" "
            "width=\"%.0f\" height=\"%.0f\" role=\"img\" "
            "aria-label=\"The layers of the network and what joins them; the table below has the "
            "numbers\">\n",
            width, height, width, height);
    write_all_links(w);
    write_counts(w);
    for (size_t k = 0; k < l->cells; k++) write_cell(w, k);
    for (int32_t k = 0; k < l->layers; k++) write_layer_name(w, k);
    eq_html(w->p->out,
            "</svg></div><figcaption>The network as its circuit says: a circle is one node, or the "
            "nodes "
            "that amplifiers and sources hold together; a diamond is a supply. A line is an "
            "element, wider and "
            "darker the larger its value; coloured ones are trained.</figcaption></figure>\n");
}

/* --- the table --- */

static void write_links(const picture *w) {
    char text[EQ_SHOWN];
    eq_html(w->p->out,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
            "aria-label=\"Layers\"><table>\n<caption>What joins the layers.</caption>\n<thead><tr>"
            "<th scope=\"col\">layers</th><th scope=\"col\">elements</th><th scope=\"col\" "
            "class=\"n\">smallest</th>"
            "<th scope=\"col\" class=\"n\">largest</th></tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < w->l->link_count; k++) {
        const eq_links *links = &w->l->links[k];
        const eq_device_class *first = eq_class(links->cls);
        eq_html(w->p->out, "<tr><th scope=\"row\">%d to %d</th><td>", links->from, links->to);
        for (int c = 0, n = 0; c < EQ_CLASS_COUNT; c++)
            if (links->count[c] > 0)
                eq_html(w->p->out, "%s%zu %s%s", n++ > 0 ? ", " : "", links->count[c],
                        eq_class(c)->name, links->count[c] == 1 ? "" : "s");
        bool value = first->value >= 0;
        const char *unit = value ? first->param[first->value].unit : "";
        eq_html(w->p->out, "</td><td class=\"n\">%s</td>",
                value ? eq_shown(links->least, unit, text) : "");
        eq_html(w->p->out, "<td class=\"n\">%s</td></tr>\n",
                value ? eq_shown(links->most, unit, text) : "");
    }
    eq_html(w->p->out, "</tbody></table></div>\n");
}

/* --- in full --- */

static eq_status write_full(const picture *w, int32_t cell, const char *caption) {
    eq_html(w->p->out, "<figure class=\"net\"><div class=\"scroll\">");
    eq_status status = eq_schematic(w->l, cell, caption, w->p->out, w->p->diag);
    eq_html(w->p->out, "</div><figcaption>%s</figcaption></figure>\n", caption);
    return status;
}

/* The first cell of each layer that has elements of its own. */
static eq_status write_cells(const picture *w) {
    eq_status status = EQ_OK;
    char caption[160];
    for (int32_t layer = 1; status == EQ_OK && layer < w->l->layers; layer++) {
        size_t like = 0, first = 0;
        for (size_t k = 0; k < w->l->own_cells; k++) {
            const eq_drawn *c = &w->l->cell[k];
            if (c->layer != layer || c->own == 0 || c->own > FEW) continue;
            if (like++ == 0) first = k;
        }
        if (like == 0) continue;
        snprintf(
            caption, sizeof caption,
            "%s of layer %d, with the elements of its own; arrows are the elements from and to "
            "other layers.",
            like == 1 ? "The one neuron" : "A neuron", layer);
        status = write_full(w, (int32_t)first, caption);
    }
    return status;
}

eq_status eq_page_network(const eq_page *p) {
    picture w = {.p = p};
    eq_layout *l = NULL;
    eq_status status = eq_layout_new(p->c, &l, p->diag);
    if (status != EQ_OK) return status;
    w.l = l;
    w.output = find_outputs(l);
    if (w.output == NULL) status = eq_out_of_memory(p->diag);
    if (status == EQ_OK && eq_circuit_elements(p->c) <= FEW) {
        status = write_full(&w, EQ_NONE,
                            "Every element of the circuit; an arrow across marks what is trained.");
    } else if (status == EQ_OK) {
        write_overview(&w);
        write_links(&w);
        status = write_cells(&w);
    }
    eq_free(w.output);
    eq_layout_free(l);
    return status;
}
