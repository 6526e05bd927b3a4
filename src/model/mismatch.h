/* Devices that are not as they were meant: random deviations of the parameters of a circuit. A chip is
 * a number; every draw is a function of that number and of the names of element and parameter alone, so
 * that a chip has the same devices in any order, in any process, and when it is taken up again. */
#ifndef EQ_MODEL_MISMATCH_H
#define EQ_MODEL_MISMATCH_H

#include "circuit/circuit.h"

typedef enum eq_distribution { EQ_NORMAL, EQ_LOG_NORMAL, EQ_UNIFORM } eq_distribution;

/* How the parameters that match deviate: w (1 + sigma z) + absolute z', of log-normal ones
 * w exp(sigma z) + absolute z', with z and z' of mean 0 and deviation 1. */
typedef struct eq_spread {
    char
        *parameters; /* patterns with blanks between: "r*" values, "d*(is)"; NULL: all parameters */
    eq_distribution distribution;
    double sigma;    /* a fraction */
    double absolute; /* in the unit of the parameter */
    bool per_class;  /* one draw for all elements of a .model, or of a class without */
    eq_place at;     /* where `parameters` were written, all 0: nowhere */
} eq_spread;

/* What stands in the two phases. */
typedef enum eq_phase_devices {
    EQ_SAME_DEVICES,  /* the chip's in all */
    EQ_OTHER_DEVICES, /* each nudged phase has a chip of its own */
    EQ_IDEAL_DEVICES, /* the gradient is that of the circuit as it was meant, at the chip's errors */
} eq_phase_devices;

/* The first deviation that matches a parameter counts. */
typedef struct eq_mismatch {
    eq_spread *deviation;
    size_t deviations, cap;
    bool own; /* the last one has no element of its own in the experiment */
    uint64_t chip;
    eq_phase_devices phases;
} eq_mismatch;

bool eq_distribution_find(const char *name, eq_distribution *out);
const char *eq_distribution_name(eq_distribution distribution);
bool eq_phase_devices_find(const char *name, eq_phase_devices *out);
const char *eq_phase_devices_name(eq_phase_devices phases);
void eq_mismatch_clear(eq_mismatch *m);
/* Whether the two say the same about the devices of the chip itself. */
bool eq_mismatch_same_chip(const eq_mismatch *a, const eq_mismatch *b);

/* The parameter h, meant to be `value`, on a chip: within its range, and of the sign it was meant to
 * have, or 0, where the deviation is a fraction. */
double eq_deviate(const eq_spread *d, const eq_circuit *c, eq_handle h, double value,
                  uint64_t chip);

/* The parameters of a circuit that deviate, as they were meant. Input and nudge sources, which the
 * examples set, are none of them. */
typedef struct eq_devices {
    eq_circuit *c;
    const eq_mismatch *m;
    size_t count;
    eq_handle *handle; /* [count] */
    uint32_t *rule;    /* [count] which deviation */
    double *meant;     /* [count] in the unit of the handle */
    double *kept;      /* [count] what stood where the circuit keeps it, to the bit */
} eq_devices;

/* `m` and the circuit must outlive it. A deviation that matches no parameter is an error. */
eq_status eq_devices_open(eq_devices *d, const eq_mismatch *m, eq_circuit *c, eq_diag *diag);
void eq_devices_close(eq_devices *d);
/* Makes the circuit that chip; parameters that are trained stay between their bounds. */
void eq_devices_put(const eq_devices *d, uint64_t chip);
/* Clips what is trained to its bounds, after other changes. */
void eq_devices_bound(const eq_devices *d);
/* Makes the circuit what it was meant to be. */
void eq_devices_restore(const eq_devices *d);

#endif
