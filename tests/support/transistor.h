/* What every class of transistors is held to: sweeps against ngspice, each rung of the ladder, gradients
 * of the parameters that learn. Those that run the program take a scratch folder (program.h). */
#ifndef TESTS_SUPPORT_TRANSISTOR_H
#define TESTS_SUPPORT_TRANSISTOR_H

#include "circuit/circuit.h"

typedef struct transistor_card {
    int sign; /* of every potential: -1 of a complementary one */
    const char *model, *line;
} transistor_card;

typedef struct transistor_range {
    const char *node;
    double from, to, step; /* V */
} transistor_range;

/* A transistor whose terminals are held, each by a source VNODE to ground. */
typedef struct transistor_bench {
    const char *element; /* its line before the model's name */
    struct {
        const char *node;
        double v;
    } held[4]; /* V, of sign 1 */
    transistor_range sweep[2]
                          [2]; /* of two .dc: the source that moves at each point, and the other */
    double least;              /* A: 1e-15 is what ngspice's rounding leaves of one through gmin */
} transistor_bench;

/* Runs both sweeps at -40, 27 and 85 degrees, by the program and in ngspice, and fails the test where
 * the currents of the sources differ anywhere by 1e-9 of them and the bench's least. */
void sweeps_agree(const transistor_bench *bench, const transistor_card *card);

/* That rung of the ladder alone comes to the operating point, each node to within so many V. */
void rung_agrees(eq_circuit *c, int rung, double tolerance);

/* The adjoint gradients of the deck's trained parameters are the central differences of its operating
 * points, at outputs of high and low V; then a training at that rate, and the trained deck is read back
 * from FOLDER/trained. */
void parameters_learn(const char *deck, const char *data, double high, double low, double rate);

#endif
