/* How a circuit is seen from far: cells (the nodes of one neuron), the layers they stand in, and the
 * elements that join them. Inside src/report only. */
#ifndef EQ_REPORT_NETWORK_H
#define EQ_REPORT_NETWORK_H

#include "circuit/depth.h"

/* Nodes that voltage-defined branches (and what controls them) hold together. */
typedef struct eq_drawn {
    eq_node node;  /* the first of them */
    int32_t layer; /* 0: inputs; a supply that feeds layer k through linear elements: k - 1 */
    bool supply;   /* a copy of a supply for one layer */
    size_t nodes;  /* of it */
    size_t own;    /* elements of its own: not between cells, no nudge source */
    size_t shown;  /* its place in the layer, in the order of the drawing */
} eq_drawn;

/* Elements between cells of two layers. */
typedef struct eq_links {
    int32_t from, to; /* layers, from <= to */
    size_t count[EQ_CLASS_COUNT], total;
    double least, most; /* of their values; of different classes: of the first */
    int cls;            /* the first one's */
} eq_links;

typedef struct eq_layout {
    const eq_circuit *c;
    size_t nodes;
    int32_t *cell_of;              /* [nodes] EQ_NONE: ground, supplies */
    bool *trained[EQ_CLASS_COUNT]; /* [rows] NULL: none of the class is */
    double *supply; /* [nodes] V where a source holds the node against ground, else NAN */
    eq_drawn *cell;
    size_t cells, cell_cap;
    size_t own_cells; /* those that are no copies of supplies come first */
    int32_t layers;
    size_t *in_layer; /* [layers] cells */
    eq_links *links;
    size_t link_count, link_cap;
} eq_layout;

eq_status eq_layout_new(const eq_circuit *c, eq_layout **out, eq_diag *diag);
void eq_layout_free(eq_layout *l);
/* The cells that a two-terminal element joins; false: it is one cell's own (*from), or nobody's. */
bool eq_layout_joins(const eq_layout *l, const eq_table *t, size_t row, int32_t *from, int32_t *to);

#endif
