/* Cross-check with ngspice, node by node. */
#ifndef EQ_REPORT_VERIFY_H
#define EQ_REPORT_VERIFY_H

#include "analysis/analysis.h"
#include "result/result.h"

/* Largest deviations between our operating point and ngspice's. Relative means: to the value
 * itself, but to no less than a thousandth of the largest one of its kind, 1 uV or 1 nA. */
typedef struct eq_deviation {
    size_t count;
    double absolute, relative; /* V or A, 1 */
    char worst[64];            /* name of the variable with the largest relative deviation */
} eq_deviation;

typedef struct eq_verification {
    eq_deviation node, branch;
    size_t points;
    /* Points where ngspice, which starts at zero, ended elsewhere or nowhere, and stays at our
     * answer when started there; those answers are the ones compared. */
    size_t elsewhere, nowhere;
    char where[128];   /* the point of the largest deviation: "v1 = 2"; "" without sweeps */
    bool judged;       /* there ngspice's answer differs by more than the tolerance: */
    eq_judgement kept; /* how far it keeps our equations, with the tolerance for reltol */
    char off[64];      /* name of kept.off */
} eq_verification;

/* True when all that was compared agrees to the relative tolerance. */
bool eq_verification_holds(const eq_verification *v, double tol);
/* Adds one to what was found before. */
void eq_verification_merge(eq_verification *all, const eq_verification *one);

/* Solves the circuit here and in ngspice with matched, tight tolerances and compares all node
 * potentials and the currents of all voltage-defined branches. ngspice gets the circuit
 * as we write it, with numbers for names, and no word of the text that it was read from: that may
 * tell ngspice to run commands, a shell among them, in places where our reader does not look. Where
 * the answers differ by more than tol, ngspice's own is held against our equations, and ngspice is
 * asked again from ours. */
eq_status eq_verify(eq_circuit *c, double tol, eq_verification *out, eq_diag *diag);
/* The same with the plots that ngspice gave for a deck of the same circuit, and nothing asked
 * again. */
eq_status eq_verify_plots(eq_circuit *c, eq_result *const *plots, size_t count,
                          eq_verification *out, eq_diag *diag);

typedef struct eq_verify_options {
    double tol;
    size_t most; /* points that are compared, spread over all; 0: all */
    void (*progress)(void *data, size_t done, size_t points); /* before each; NULL: quiet */
    void *data;
} eq_verify_options;

/* Every point of every analysis of the deck, each as a circuit of its own (ngspice has no .dc
 * dec|oct|list and no .step); the operating point of a deck without analyses. *points: how many
 * there are. */
eq_status eq_verify_deck(eq_deck *d, const eq_verify_options *o, eq_verification *out,
                         double *points, eq_diag *diag);

#endif
