/* The power of an inference: what each element of the circuit takes up, p = u i, at the free steady
 * states of many examples. By Tellegen's theorem all add up to zero, as far as Kirchhoff's current
 * law holds: what sources deliver is what the others dissipate. */
#ifndef EQ_MODEL_POWER_H
#define EQ_MODEL_POWER_H

#include "circuit/depth.h"
#include "model/model.h"

/* W. An element with p < 0 delivers -p, one with p > 0 dissipates p (a source may, which is
 * charged). */
typedef struct eq_watts {
    double delivered, dissipated;
} eq_watts;

/* Sums over examples; eq_meter_mean makes means of them. */
typedef struct eq_power {
    size_t examples;
    eq_watts total;
    eq_watts cls[EQ_CLASS_COUNT];
    eq_watts *group; /* [groups of the circuit] trained elements */
    eq_watts *layer; /* [layers] by depth.h; 0: sources of inputs, supplies and biases */
    size_t groups, layers;
    double least, most;    /* delivered for one example */
    double balance, bound; /* |sum of p| and what the bound of KCL allows, of the worst example */
} eq_power;

typedef struct eq_meter eq_meter;

/* A meter of the network's circuit, whose parameters it takes over as they are now. */
eq_status eq_meter_new(eq_network *n, eq_meter **out, eq_diag *diag);
void eq_meter_free(eq_meter *m);
/* Adds `count` examples x[count][inputs] with their potentials v[count][nodes]. */
eq_status eq_meter_read(eq_meter *m, size_t count, const double *x, const double *v, eq_diag *diag);
/* Means over all examples read, known to all ranks. Belongs to the meter. COLLECTIVE. */
const eq_power *eq_meter_mean(eq_meter *m);
/* The slowest time constant (solver/settling.h) with the circuit's capacitors and `farad` from
 * every node to ground, the longest one of the examples given. */
eq_status eq_meter_settling(eq_meter *m, size_t count, const double *x, const double *v,
                            double farad, double *tau, eq_diag *diag);

#endif
