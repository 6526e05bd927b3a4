#include "solver/sums.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

/* Doubles of a line of the cache, which two threads should not share. */
enum { LINE = 8 };

/* Numbers the different targets of each stretch as they come. */
typedef struct numbering {
    uint32_t *seen;     /* [targets] the last number that a target got */
    int32_t *target;    /* of each number */
    size_t count, here; /* so far, and where those of this stretch begin */
} numbering;

static uint32_t number_of(numbering *q, int32_t target) {
    uint32_t at = q->seen[target];
    if (at >= q->here && at < q->count && q->target[at] == target) return at;
    q->target[q->count] = target;
    return q->seen[target] = (uint32_t)q->count++;
}

/* The stretch has ended: zeros up to the next line. */
static size_t close_stretch(numbering *q) {
    while (q->count % LINE != 0) q->target[q->count++] = 0;
    return q->here = q->count;
}

static bool open_numbering(numbering *q, size_t targets, size_t most) {
    *q = (numbering){.seen = eq_calloc(targets, sizeof *q->seen),
                     .target = eq_malloc(most, sizeof *q->target)};
    return q->seen != NULL && q->target != NULL;
}

static bool allocate(eq_sums *m, const eq_table *t, const eq_port_rows *r, size_t stamps) {
    bool whole = true;
    for (size_t a = 0; a < (size_t)eq_class_nodes(t->cls); a++) {
        if (!r->felt[a]) continue;
        m->to_node[a] = eq_malloc(t->count, sizeof *m->to_node[a]);
        whole = whole && m->to_node[a] != NULL;
    }
    m->node_start = eq_calloc(m->stretches + 1, sizeof *m->node_start);
    m->slot_start = eq_calloc(m->stretches + 1, sizeof *m->slot_start);
    m->first = eq_calloc(m->pairs * (m->stretches + 1), sizeof *m->first);
    m->to_slot = eq_malloc(stamps, sizeof *m->to_slot);
    return whole && m->node_start != NULL && m->slot_start != NULL && m->first != NULL &&
           m->to_slot != NULL;
}

/* Which sum each current of the rows goes to; how many currents there are. */
static size_t number_nodes(eq_sums *m, const eq_table *t, numbering *q) {
    size_t currents = 0;
    for (size_t k = 0; k < m->stretches; k++) {
        size_t first = k * m->stretch, end = first + m->stretch;
        for (size_t a = 0; a < EQ_MAX_TERMINALS; a++)
            for (size_t j = first; m->to_node[a] != NULL && j < end && j < t->count;
                 j++, currents++)
                m->to_node[a][j] = number_of(q, t->term[a][j]);
        m->node_start[k + 1] = close_stretch(q);
    }
    return currents;
}

/* The same of the stamps, which stand in the order of their rows within a slope. */
static void number_slots(eq_sums *m, const eq_bound *b, numbering *q) {
    for (size_t k = 0; k < m->stretches; k++) {
        for (size_t pair = 0; pair < m->pairs; pair++) {
            size_t *first = m->first + pair * (m->stretches + 1);
            size_t e = k == 0 ? b->start[pair] : first[k];
            for (first[k] = e; e < b->start[pair + 1] && (size_t)b->row[e] < (k + 1) * m->stretch;
                 e++)
                m->to_slot[e] = number_of(q, b->slot[e]);
            first[k + 1] = e;
        }
        m->slot_start[k + 1] = close_stretch(q);
    }
}

/* The targets of the sums, and room for these. */
static bool take_over(eq_sums *m, numbering *nodes, numbering *slots) {
    m->node = nodes->target;
    m->slot = slots->target;
    nodes->target = slots->target = NULL;
    m->current = eq_calloc(nodes->count, sizeof *m->current);
    m->size[0] = eq_calloc(nodes->count, sizeof *m->size[0]);
    m->size[1] = eq_calloc(nodes->count, sizeof *m->size[1]);
    m->value = eq_calloc(slots->count, sizeof *m->value);
    return m->current != NULL && m->size[0] != NULL && m->size[1] != NULL && m->value != NULL;
}

bool eq_sums_new(const eq_table *t, const eq_bound *bound, size_t stretch, size_t nodes,
                 size_t entries, eq_port_rows *r) {
    size_t terminals = (size_t)eq_class_nodes(t->cls), stretches = (t->count - 1) / stretch + 1;
    size_t stamps = bound->start[terminals * terminals], filled = LINE * stretches;
    numbering node = {0}, slot = {0};
    r->sums = NULL;
    if (stretches < 2) return true;
    eq_sums *m = eq_calloc(1, sizeof *m);
    bool whole = m != NULL && open_numbering(&node, nodes, terminals * t->count + filled) &&
                 open_numbering(&slot, entries, stamps + filled),
         saves = false;
    if (whole) {
        *m = (eq_sums){.row = bound->row,
                       .coefficient = bound->coefficient,
                       .stretch = stretch,
                       .stretches = stretches,
                       .pairs = terminals * terminals};
        whole = allocate(m, t, r, stamps);
    }
    if (whole) {
        size_t currents = number_nodes(m, t, &node);
        number_slots(m, bound, &slot);
        saves = 4 * (node.count + slot.count) <= currents + stamps;
        whole = !saves || take_over(m, &node, &slot);
    }
    eq_free(node.seen);
    eq_free(node.target);
    eq_free(slot.seen);
    eq_free(slot.target);
    if (whole && saves)
        r->sums = m;
    else
        eq_sums_free(m);
    return whole;
}

void eq_sums_free(eq_sums *m) {
    if (m == NULL) return;
    for (size_t a = 0; a < EQ_MAX_TERMINALS; a++) eq_free(m->to_node[a]);
    eq_free(m->to_slot);
    eq_free(m->first);
    eq_free(m->node_start);
    eq_free(m->slot_start);
    eq_free(m->node);
    eq_free(m->slot);
    eq_free(m->current);
    eq_free(m->size[0]);
    eq_free(m->size[1]);
    eq_free(m->value);
    eq_free(m);
}

void eq_sums_take(eq_sums *m, const eq_port_rows *r, size_t k, size_t first, size_t end) {
    double *to[] = {m->current, m->size[0], m->size[1], m->value};
    const size_t *start[] = {m->node_start, m->node_start, m->node_start, m->slot_start};
    for (int s = 0; s < 4; s++)
        memset(to[s] + start[s][k], 0, (start[s][k + 1] - start[s][k]) * sizeof *to[s]);
    for (size_t a = 0; a < EQ_MAX_TERMINALS; a++)
        for (size_t j = first; m->to_node[a] != NULL && j < end; j++) {
            uint32_t at = m->to_node[a][j];
            m->current[at] += r->i[a][j];
            m->size[0][at] += fabs(r->i[a][j]);
            m->size[1][at] += r->size[a][j];
        }
    for (size_t pair = 0; pair < m->pairs; pair++) {
        const size_t *of = m->first + pair * (m->stretches + 1) + k;
        for (size_t e = of[0]; e < of[1]; e++)
            m->value[m->to_slot[e]] += m->coefficient[e] * r->g[pair][m->row[e]];
    }
}

void eq_sums_add_currents(const eq_sums *m, double round_off, double *current, double *magnitude) {
    for (size_t e = 0; e < m->node_start[m->stretches]; e++) {
        current[m->node[e]] += m->current[e];
        magnitude[m->node[e]] += m->size[0][e] + round_off * m->size[1][e];
    }
}

void eq_sums_add_slopes(const eq_sums *m, double *value) {
    for (size_t e = 0; e < m->slot_start[m->stretches]; e++) value[m->slot[e]] += m->value[e];
}
