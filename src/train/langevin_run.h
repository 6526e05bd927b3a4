/* The Langevin process of one example, as `eqspice langevin` shows it. */
#ifndef EQ_TRAIN_LANGEVIN_RUN_H
#define EQ_TRAIN_LANGEVIN_RUN_H

#include "result/result.h"
#include "train/langevin.h"
#include "train/train.h"

typedef struct eq_langevin_options {
    double temperature; /* in the unit of the energy, of circuits W */
    double step;        /* NAN: a fiftieth of one over the fastest rate */
    double farad;       /* of every node; NAN: the deck's capacitors, or 1 F without any */
    double beta;        /* of F; 0: the free dynamics */
    size_t steps;       /* that are counted; a tenth as many go before them */
    size_t example;     /* of the training set, from 1 */
    size_t records;     /* at most so many points of the trajectory */
} eq_langevin_options;

/* Of one column of the trajectory. */
typedef struct eq_moments {
    double mean, deviation;
    double effective;                   /* records over the integrated autocorrelation */
    double mean_error, deviation_error; /* standard errors */
} eq_moments;
eq_status eq_moments_of(const double *x, size_t n, size_t stride, eq_moments *m, eq_diag *diag);

typedef struct eq_langevin_report {
    eq_result *table;   /* t, e, cost, then the units */
    eq_moments *moment; /* [variables]; of t nothing */
    double step, fastest, temperature;
    size_t steps, units;
    double halved; /* how far half the step moves a mean or a deviation, over its standard error */
    double bound;
    bool passed;
} eq_langevin_report;

eq_langevin_options eq_langevin_defaults(void);
/* Where the network stands, which this takes over; NULL: where training begins. EQ_OK also where a bound does not hold. */
eq_status eq_langevin_run(const eq_experiment *x, eq_network *trained, const eq_langevin_options *o,
                          eq_langevin_report *out, eq_diag *diag);
void eq_langevin_report_free(eq_langevin_report *r);

#endif
