/* What ready-made networks are put together from: nodes and elements by name, and grids of cells with
 * or without the resistance of their wires. Inside src/circuit only. */
#ifndef EQ_CIRCUIT_BUILDER_H
#define EQ_CIRCUIT_BUILDER_H

#include "base/random.h"
#include "circuit/architecture.h"

enum { EQ_NAME_ROOM = 80 };

typedef struct eq_builder {
    eq_circuit *c;
    eq_diag *diag;
    eq_random random;
    double low, high; /* S: conductances are drawn uniform in [low, high] */
    double wires;     /* ohm of one segment; 0: ideal wires */
    int32_t model;    /* of elements without a value */
} eq_builder;

eq_status eq_builder_node(eq_builder *b, const char *name, eq_node *node);
/* An element, optionally controlled; its number comes back through e, which may be NULL. */
eq_status eq_builder_element(eq_builder *b, int cls, const char *name, const eq_node term[4],
                             eq_element control, double value, eq_element *e);
/* A voltage source from a new node to ground. */
eq_status eq_builder_source(eq_builder *b, const char *name, const char *node_name, double volts,
                            eq_node *node, eq_element *e);
/* A resistor whose conductance is drawn. */
eq_status eq_builder_resistor(eq_builder *b, const char *name, eq_node from, eq_node to);
/* The only .model of the circuit. */
eq_status eq_builder_model(eq_builder *b, const char *name, int cls, const char *const *param,
                           const double *value, size_t params);

/* Whether layers can be built; architecture.c. */
eq_status eq_architecture_fits(const eq_architecture *a, eq_diag *diag);

/* A grid of cells: row i is a wire that comes from a node, column k one that ends in a node. Every
 * cell lies behind one segment of its row's wire, and has one of its column's to the next row:
 *
 *     from -- a_0 -- a_1 -- ...       b_0 -- b_1 -- ... -- to,     cell (i, k) between a_k and b_i.
 *
 * Segments are rh (rows) and rv (columns), nodes a and b, each with TAG_ROW_COLUMN. */
typedef struct eq_grid {
    eq_builder *b;
    const char *tag;
    eq_node *down; /* [columns] the node that the column's wire has come to */
    size_t columns, row;
    eq_node at; /* of the row's wire */
} eq_grid;

eq_status eq_grid_open(eq_grid *g, eq_builder *b, const char *tag, size_t columns);
void eq_grid_close(eq_grid *g);
/* The next row begins at the node `from`. */
void eq_grid_row(eq_grid *g, eq_node from);
/* The nodes of cell k of this row, one after the other; `to` is where column k ends. */
eq_status eq_grid_cell(eq_grid *g, size_t k, eq_node to, eq_node *across, eq_node *down);
/* The last segments of the columns, to the nodes where they end. */
eq_status eq_grid_end(eq_grid *g, const eq_node *to);

#endif
