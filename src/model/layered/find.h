/* What the files that recognise layers share (find.c, crossbars.c,
 * laws.c). */
#ifndef EQ_MODEL_LAYERED_FIND_H
#define EQ_MODEL_LAYERED_FIND_H

#include <string.h>

#include "base/mem.h"
#include "circuit/topology.h"
#include "model/layered/layered.h"

enum { FREE, FIXED, DRIVEN };
enum { UNSEEN = -1, CLASS_E, CLASS_K };

/* kind: FREE, FIXED or DRIVEN for each circuit node; owner: of a driven node, the neuron node h;
 * level: how far from the outputs; input: index in c->input of the source at a fixed node, EQ_NONE; colour, weight: of each free
 * node; topology: of the circuit, for the weights; vcvs_of: the VCVS whose output the node is, EQ_NONE; from, to, next...: adjacency of the
 * free nodes. */
typedef struct eq_finder {
    eq_circuit *c;
    eq_layers *net;
    eq_topology *topology;
    eq_diag *diag;
    size_t n;
    int8_t *kind, *colour;
    int32_t *level, *owner, *input, *vcvs_of, *group_of;
    double *gain, *feedback, *weight;
    eq_element *amplifier;
    size_t *first;
    int32_t *edge; /* encoded resistor: row * 2 + (0 resistor, 1 memristor) */
    int32_t *queue;
    int32_t *bar_of[2]; /* crossbar of each resistor and of each memristor */
} eq_finder;

/* Fixed and programmable resistors, the classes that crossbars are made of. */
static const int eq_resistor_class[2] = {EQ_CLASS_resistor, EQ_CLASS_memristor};

static inline const char *eq_finder_node(const eq_finder *f, eq_node node) {
    return eq_circuit_node_name(f->c, node);
}

static inline const char *eq_finder_element(const eq_finder *f, int cls, size_t row) {
    return eq_circuit_element_name(f->c, f->c->table[cls].id[row]);
}

/* n items whose bytes are all `byte`. */
static inline void *eq_filled(size_t n, size_t size, int byte) {
    void *p = eq_malloc(n, size);
    if (p != NULL) memset(p, byte, n * size);
    return p;
}

/* The free node behind a terminal: the node itself, or the neuron whose amplifier drives it;
 * EQ_NONE when the terminal is fixed. */
static inline eq_node eq_behind(const eq_finder *f, eq_node terminal) {
    if (f->kind[terminal] == FIXED) return EQ_NONE;
    return f->kind[terminal] == DRIVEN ? f->owner[terminal] : terminal;
}

/* Whether element e is a nudge source of an output. */
static inline bool eq_is_nudge(const eq_circuit *c, eq_element e) {
    for (size_t k = 0; k < c->outputs; k++)
        if (c->output[k].nudge_plus == e || c->output[k].nudge_minus == e) return true;
    return false;
}

/* crossbars.c: the crossbars between the layers, once the free nodes are numbered. */
eq_status eq_crossbars_build(eq_finder *f);
/* laws.c: room for the laws of the nodes of one class. */
eq_status eq_law_build(eq_finder *f, int kept);

#endif
