/* Derivatives of a cost of the outputs by every parameter of a circuit, from one adjoint solve an
 * example (Director and Rohrer 1969), and what mismatch of the parameters does to it: to first order,
 * and by draws. */
#ifndef EQ_MODEL_SENSITIVITY_H
#define EQ_MODEL_SENSITIVITY_H

#include "circuit/circuit.h"
#include "circuit/formula.h"
#include "solver/adjoint.h"

/* What the cost is of: the drops of the outputs, for each of n input vectors. */
typedef struct eq_scenes {
    const eq_output *output;
    size_t outputs, n;
    const double *x; /* [n][inputs of the circuit] V; NULL: n is 1, and what stands there */
    void *data;
    double (*value)(void *data, size_t j, const double *y);
    void (*gradient)(void *data, size_t j, const double *y, double *dcdy);
    /* Instead of outputs: a formula of drops and of currents of voltage-defined elements, which is the
     * cost; n is 1. */
    const eq_formula *formula;
    const eq_handle *wanted; /* [wants] the parameters; wants 0: all */
    size_t wants;
} eq_scenes;

typedef struct eq_sensitivity {
    eq_circuit *c;
    eq_scenes scenes;
    eq_solver *solver;
    eq_adjoint *back;
    eq_solve_options options;
    size_t nodes, params;
    eq_handle
        *handle;      /* [params] all that have a derivative and a value, as the deck writes them */
    double *value;    /* [params] */
    double *gradient; /* [params] mean dC/dw over the scenes */
    double mean;      /* C */
    double *start;    /* [n][nodes] V: the states */
    double *v, *dcdv, *branch, *dcdi, *y, *dcdy, *work; /* work: of the formula */
} eq_sensitivity;

/* One scene, of which the output is asked for itself. */
eq_scenes eq_scenes_of(const eq_output *output);
/* Solves all scenes: mean and gradient. The circuit must outlive it. */
eq_status eq_sensitivity_open(eq_sensitivity *s, eq_circuit *c, const eq_scenes *scenes,
                              eq_diag *diag);
void eq_sensitivity_close(eq_sensitivity *s);

/* The deviation of C where every parameter varies on its own by the fraction sigma, to first order:
 * sigma sqrt(sum (w dC/dw)^2). */
double eq_sensitivity_deviation(const eq_sensitivity *s, double sigma);

typedef struct eq_draws {
    size_t drawn, failed; /* failed: without an operating point */
    double mean, deviation;
} eq_draws;

/* The same by draws of all parameters from normal distributions, cut at their bounds; the circuit
 * has its values back afterwards. */
eq_status eq_sensitivity_draw(eq_sensitivity *s, double sigma, size_t draws, uint64_t seed,
                              eq_draws *out, eq_diag *diag);

#endif
