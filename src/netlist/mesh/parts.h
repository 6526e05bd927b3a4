/* What networks of edges are put together from. Inside src/netlist/mesh only. */
#ifndef EQ_NETLIST_MESH_PARTS_H
#define EQ_NETLIST_MESH_PARTS_H

#include "base/random.h"
#include "base/text.h"
#include "circuit/architecture.h"

/* A parameter that is said: its name is a part of a text. */
typedef struct eq_mesh_set {
    const char *name;
    size_t length;
    double value;
    eq_place at;
} eq_mesh_set;

/* What an edge is made of. */
typedef struct eq_mesh_kind {
    int cls;
    bool behind_resistor; /* of conductance that is trained */
} eq_mesh_kind;

typedef struct eq_mesh {
    eq_circuit *c;
    const eq_architecture *a;
    eq_circuit *models; /* of the deck with .model cards, NULL: none */
    eq_mesh_set *set;   /* of `parameters` */
    size_t sets, set_cap;
    eq_mesh_kind kind; /* of edges that do not say theirs */
    eq_node *node; /* in the order in which they came, but for ground and those that edges make */
    size_t nodes, node_cap;
    eq_random random;
    eq_diag *diag;
} eq_mesh;

typedef struct eq_mesh_edge {
    eq_node from, to;
    const char *tag; /* NUL-terminated */
    eq_mesh_kind kind;
    const char *model, *bulk; /* names, NULL: that of the architecture */
    double value;             /* S or V to begin with, NAN: drawn */
    bool still;               /* not trained */
    const eq_mesh_set *set;   /* over those of the model */
    size_t sets;
    eq_location at;
} eq_mesh_edge;

/* cell.c. The kind that the word stands for; false: none. */
bool eq_mesh_kind_find(const eq_architecture *a, const char *word, eq_mesh_kind *kind);
/* Reads "w=138u vto=0.75" into m->set. */
eq_status eq_mesh_parameters(eq_mesh *m);
eq_status eq_mesh_add(eq_mesh *m, const eq_mesh_edge *e);
/* An element of two terminals with a value, called PREFIX and then `name`; e may be NULL. */
eq_status eq_mesh_put(eq_mesh *m, int cls, const char *prefix, const char *name, eq_node from,
                      eq_node to, double value, eq_location at, eq_element *e);

/* ends.c. A node of the network, noted where it is new. */
eq_status eq_mesh_node(eq_mesh *m, const char *name, size_t length, eq_node *node);
/* The source that holds a node; an input is one whose voltage the data give. */
eq_status eq_mesh_hold(eq_mesh *m, eq_node node, double volts, bool input);
/* Inputs, rails and outputs as the architecture names them. */
eq_status eq_mesh_inputs(eq_mesh *m);
eq_status eq_mesh_held_rails(eq_mesh *m);
eq_status eq_mesh_outputs(eq_mesh *m);
/* A load at every node that nothing holds. */
eq_status eq_mesh_loads(eq_mesh *m);
/* Lets what is called PART_... behind its letters learn, where there is any: "" or the number of a layer. */
eq_status eq_mesh_train(eq_mesh *m, const char *part);

/* list.c, lattice.c: the nodes and edges. named: the tag of an edge by its nodes, which may be
 * none but those of the network; NULL: any node, and tags by name or row. */
typedef eq_status (*eq_mesh_namer)(eq_mesh *m, const eq_mesh_edge *e, eq_text *tag);
eq_status eq_mesh_read(eq_mesh *m, eq_mesh_namer named);
eq_status eq_mesh_grid(eq_mesh *m);
eq_status eq_mesh_rails(eq_mesh *m);

static const eq_location eq_mesh_nowhere = {EQ_NONE, 0, 0};

/* Nodes of an edge list may not be called as these, which the network makes of its own. */
bool eq_mesh_own_name(const char *name, size_t length);

#endif
