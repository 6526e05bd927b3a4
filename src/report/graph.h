/* Nodes at places and the edges between them, coloured and as wide as what they carry, in one panel or
 * several. Inside src/report only. */
#ifndef EQ_REPORT_GRAPH_H
#define EQ_REPORT_GRAPH_H

#include "report/canvas.h"

enum { EQ_GRAPH_PANELS = 4, EQ_GRAPH_LABEL = 96 };

typedef struct eq_graph_edge {
    int32_t from, to;
    double value; /* the size counts; the arrow points to `to` above 0 */
} eq_graph_edge;

typedef struct eq_graph_panel {
    char title[EQ_GRAPH_LABEL];
    const double (*at)[2]; /* [nodes] */
} eq_graph_panel;

typedef struct eq_graph {
    size_t nodes, edges, panels;
    const eq_graph_edge *edge;
    const char *const *label; /* [nodes] "": none */
    const double *kind;       /* [nodes] 0: a point, 1: a leaf, 2: marked */
    bool arrows;
    char value_label[EQ_GRAPH_LABEL];
    eq_graph_panel panel[EQ_GRAPH_PANELS];
} eq_graph;

/* All of it to gnuplot. */
void eq_graph_lay_out(const eq_graph *g, eq_canvas *c);

/* at[nodes][2]: places whose distances are the numbers of edges between nodes, as far as the plane has
 * room for that. */
eq_status eq_graph_place(size_t nodes, const eq_graph_edge *edge, size_t edges, double (*at)[2],
                         eq_diag *diag);

#endif
