/* Ready-made analog networks: layers of neurons joined by crossbars of programmable resistors.
 *
 *   kendall   Kendall et al. 2020, Fig. 4: each hidden neuron is a node with two antiparallel
 *             diodes to bias sources, followed by a bidirectional amplifier (VCVS of gain A
 *             forwards, CCCS backwards)
 *   drn       the same without amplifiers (deep resistive network, Scellier 2024)
 *
 * With wires every cell of a crossbar has a segment of its row's wire before it and one of its column's
 * behind it (builder.h).
 *
 * Names: input sources vx1.. at nodes x1..; crossbar l joins the rows of layer l-1 to the nodes of
 * layer l by resistors rL_ROW_COLUMN, its bias rows by rbL_BIAS_COLUMN; hidden nodes hL_K, driven
 * nodes wL_K; outputs y1p,y1m .. (differential) or y1 .. (single). */
#ifndef EQ_CIRCUIT_ARCHITECTURE_H
#define EQ_CIRCUIT_ARCHITECTURE_H

#include "circuit/circuit.h"

enum { EQ_MAX_LAYERS = 16, EQ_MAX_BIASES = 4 };

typedef enum eq_neuron_diode { EQ_NEURON_SHOCKLEY, EQ_NEURON_IDEAL } eq_neuron_diode;

typedef struct eq_architecture {
    bool amplifiers;             /* true for kendall */
    size_t layers;               /* entries of width: inputs, hidden layers, outputs; >= 2 */
    size_t width[EQ_MAX_LAYERS]; /* nodes of each layer; a differential output takes two */
    bool differential;           /* outputs in pairs */
    double gain, feedback;       /* A of the VCVS, gamma of the CCCS */
    size_t biases;               /* bias rows of every crossbar */
    double bias[EQ_MAX_BIASES];  /* V of each bias row */
    eq_neuron_diode diode;
    double is, n;      /* A, 1: Shockley diode of the hidden neurons */
    double ron, roff;  /* ohm: ideal diode */
    double up, down;   /* V: the diodes' bias sources, with their signs: they clamp a neuron near
                          down <= v <= up */
    double gmin, gmax; /* S: bounds of every conductance */
    double wires;      /* ohm of each segment of the crossbars' wires; 0: ideal wires */
    double low, high;  /* S: conductances start uniform in [low, high] */
    uint64_t seed;
} eq_architecture;

/* The defaults of the kind ("kendall" or "drn"); EQ_ERR_USAGE with the known kinds when it is
 * neither. */
eq_status eq_architecture_kind(const char *kind, eq_architecture *a, eq_diag *diag);
/* Reads "1568,100,20" into a->width. */
eq_status eq_architecture_layers(const char *text, eq_architecture *a, eq_diag *diag);
/* Reads "1" or "1,-1" (or "" for none) into a->bias. */
eq_status eq_architecture_biases(const char *text, eq_architecture *a, eq_diag *diag);
/* Whether it can be built: the number of its elements is counted before any is made. Warns of a
 * lower clamp above 0 V. */
eq_status eq_architecture_check(const eq_architecture *a, eq_diag *diag);
/* Builds and freezes the circuit. */
eq_status eq_architecture_build(const eq_architecture *a, eq_circuit **out, eq_diag *diag);

#endif
