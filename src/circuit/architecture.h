/* Ready-made analog networks.
 *
 * Layers of neurons joined by crossbars of programmable resistors (layers.c):
 *   kendall   Kendall et al. 2020, Fig. 4: each hidden neuron is a node with two antiparallel
 *             diodes to bias sources, followed by a bidirectional amplifier (VCVS of gain A
 *             forwards, CCCS backwards)
 *   drn       the same without amplifiers (deep resistive network, Scellier 2024)
 *
 * Edges that learn between nodes (netlist/mesh.h):
 *   graph     from a list in a file
 *   grid      each node of rows x columns with its right and its lower neighbour
 *   nmos      rails of neighbouring layers, each with each or some of them, by transistors
 *
 * With wires every cell of a crossbar has a segment of its row's wire before it and one of its column's
 * behind it (builder.h).
 *
 * Names: input sources vx1.. at nodes x1..; crossbar l joins the rows of layer l-1 to the nodes of
 * layer l by resistors rL_ROW_COLUMN, its bias rows by rbL_BIAS_COLUMN; a skip has rsFROM_TO_ROW_COLUMN, and
 * lateral ones are rlL_NODE_NODE; hidden nodes hL_K, driven
 * nodes wL_K; outputs y1p,y1m .. (differential) or y1 .. (single). */
#ifndef EQ_CIRCUIT_ARCHITECTURE_H
#define EQ_CIRCUIT_ARCHITECTURE_H

#include "circuit/circuit.h"

enum { EQ_MAX_LAYERS = 16, EQ_MAX_BIASES = 4, EQ_MAX_SKIPS = 32 };

typedef enum eq_neuron_diode { EQ_NEURON_SHOCKLEY, EQ_NEURON_IDEAL } eq_neuron_diode;

/* A layer that stands in rows and columns with channels at each place; node ((row columns) + column) channels +
 * channel of it, from 0, as arrays of NumPy have it. */
typedef struct eq_image {
    size_t rows, columns, channels; /* 0: it does not */
} eq_image;

/* A layer whose neurons see squares of the one before, each through conductances of its own: filter f at
 * (r, c) sees rows r stride - padding to r stride - padding + kernel - 1, columns likewise, all channels.
 * Where the image ends there is nothing to see. */
typedef struct eq_convolution {
    size_t kernel, filters, stride, padding;
} eq_convolution;

/* A further crossbar, from layer `from` to layer `to`, which is not the next. */
typedef struct eq_skip {
    size_t from, to;
} eq_skip;

typedef enum eq_architecture_name {
    EQ_NET_KENDALL,
    EQ_NET_DRN,
    EQ_NET_GRAPH,
    EQ_NET_GRID,
    EQ_NET_NMOS,
    EQ_NETS
} eq_architecture_name;

/* What is said in words about the kinds with edges; docs/experiment.md has their meaning. */
typedef enum eq_net_text {
    EQ_NET_EDGES,      /* a file */
    EQ_NET_INPUTS,     /* of graph and grid: "a b c" */
    EQ_NET_OUTPUTS,    /* of graph and grid: "y1p,y1m y2" */
    EQ_NET_RAILS,      /* "vdd=1 low=-0.5" */
    EQ_NET_ELEMENT,    /* of an edge: "resistor", "resistor-diode", "nmos" */
    EQ_NET_BULK,       /* "0", "drain", "source" or a rail */
    EQ_NET_MODELS,     /* a deck with .model cards */
    EQ_NET_MODEL,      /* the name of one of them */
    EQ_NET_PARAMETERS, /* "w=138u vto=0.75", over those of the model */
    EQ_NET_TEXTS
} eq_net_text;

typedef struct eq_architecture {
    eq_architecture_name kind;
    bool amplifiers;             /* true for kendall */
    size_t layers;               /* entries of width: inputs, hidden layers, outputs; >= 2 */
    size_t width[EQ_MAX_LAYERS]; /* nodes of each layer; a differential output takes two */
    size_t convolutions;         /* layers 1 to so many are of this kind */
    eq_convolution convolution[EQ_MAX_LAYERS]; /* [layer] */
    eq_image image[EQ_MAX_LAYERS];             /* [layer] from the inputs on to the last of these */
    size_t skips;
    eq_skip skip[EQ_MAX_SKIPS];
    unsigned lateral;           /* bit l: the nodes of layer l are joined with each other */
    bool differential;          /* outputs in pairs */
    double gain, feedback;      /* A of the VCVS, gamma of the CCCS */
    size_t biases;              /* bias rows of every crossbar */
    double bias[EQ_MAX_BIASES]; /* V of each bias row */
    eq_neuron_diode diode;
    bool rectified; /* neurons have one diode each, in turns: v >= down, v <= up (Scellier 2024) */
    double is, n;   /* A, 1: Shockley diode of the hidden neurons */
    double ron, roff;  /* ohm: ideal diode */
    double up, down;   /* V: the diodes' bias sources, with their signs: they clamp a neuron near
                          down <= v <= up */
    double gmin, gmax; /* S: bounds of every conductance */
    double wires;      /* ohm of each segment of the crossbars' wires; 0: ideal wires */
    double low, high;  /* S: conductances start uniform in [low, high] */
    uint64_t seed;
    eq_place at;                    /* where it was written, all 0: nowhere */
    char *text[EQ_NET_TEXTS];       /* NULL: not said; owned by whoever put it there */
    eq_place text_at[EQ_NET_TEXTS]; /* where each was written, all 0: nowhere */
    size_t rows, columns;           /* nodes of a grid */
    bool periodic;                  /* its edges go round */
    double density;                 /* part of the edges of nmos that there is */
    size_t topology;                /* seed of which these are; 0: `seed` */
    double vmin, vmax;              /* V: bounds of every gate */
    double vlow, vhigh;             /* V: gates start uniform in [vlow, vhigh] */
    double load;                    /* ohm from every node that nothing holds to ground; 0: none */
} eq_architecture;

/* The defaults of the kind; EQ_ERR_USAGE with the known kinds when it is none of them. */
eq_status eq_architecture_kind(const char *kind, eq_architecture *a, eq_diag *diag);
const char *eq_architecture_kind_name(eq_architecture_name kind);
/* Whether it has edges between nodes, which netlist/mesh.h builds. */
bool eq_architecture_has_edges(const eq_architecture *a);
/* Frees its texts. */
void eq_architecture_free(eq_architecture *a);
/* Reads "8,8,2", rows, columns and channels of the inputs, or "8,8" with one, as layer 0. */
eq_status eq_architecture_image(const char *text, eq_architecture *a, eq_diag *diag);
/* The next layer of an image is a convolution. */
eq_status eq_architecture_convolve(const eq_convolution *v, eq_architecture *a, eq_diag *diag);
/* Reads "0-2 1-3" into a->skip, "1 2" into a->lateral. Layers are counted from the inputs, 0. */
eq_status eq_architecture_skips(const char *text, eq_architecture *a, eq_diag *diag);
eq_status eq_architecture_lateral(const char *text, eq_architecture *a, eq_diag *diag);
/* Reads "1568,100,20", or the layers behind those of an image, into a->width. */
eq_status eq_architecture_layers(const char *text, eq_architecture *a, eq_diag *diag);
/* Reads "1" or "1,-1" (or "" for none) into a->bias. */
eq_status eq_architecture_biases(const char *text, eq_architecture *a, eq_diag *diag);
/* Whether it can be built: the number of its elements is counted before any is made. Warns of a
 * lower clamp above 0 V. */
eq_status eq_architecture_check(const eq_architecture *a, eq_diag *diag);
/* layers.c. Builds and freezes the circuit of layers. */
eq_status eq_architecture_build(const eq_architecture *a, eq_circuit **out, eq_diag *diag);

#endif
