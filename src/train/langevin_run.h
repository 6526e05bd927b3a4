/* The Langevin process of one example, as `eqspice langevin` shows it. */
#ifndef EQ_TRAIN_LANGEVIN_RUN_H
#define EQ_TRAIN_LANGEVIN_RUN_H

#include "train/histogram.h"
#include "train/moments.h"
#include "train/train.h"

typedef struct eq_langevin_options {
    double temperature; /* in the unit of the energy, of circuits W */
    double
        step; /* NAN: that of eq_sampling (the fastest rate is that at the free state), or a quarter of
                           that, a 16th, .. where the process comes to faster ones */
    double farad;   /* of every node; NAN: the deck's capacitors, or 1 F without any */
    double beta;    /* of F; 0: the free dynamics */
    size_t steps;   /* that are counted; a tenth as many go before them */
    size_t example; /* of the training set, from 1 */
    size_t records; /* at most so many points of the trajectory */
} eq_langevin_options;

typedef struct eq_langevin_report {
    eq_result *table;        /* t, e, cost, then the units */
    eq_moments *moment;      /* [variables]; of t nothing */
    eq_histogram *histogram; /* [units] */
    bool quadrature;         /* they are held to exp(-F/T)/Z */
    double step, fastest, temperature;
    size_t steps, units;
    size_t row;    /* of the data, from 1 */
    size_t each;   /* steps from a record to the next */
    double halved; /* how far half the step moves a mean or a deviation, over its standard error */
    double bound;
    double lived; /* the time that it was followed, over one over the fastest rate at the free
                     state; NAN: that is 0 */
    size_t
        unlikely; /* a unit whose samples have less than the least chance under its density, from 1; 0: none */
    double least_chance;
    bool passed;
} eq_langevin_report;

eq_langevin_options eq_langevin_defaults(void);
/* Where the network stands, which this takes over; NULL: where training begins. EQ_OK also where a bound does not hold. */
eq_status eq_langevin_run(const eq_experiment *x, eq_network *trained, const eq_langevin_options *o,
                          eq_langevin_report *out, eq_diag *diag);
void eq_langevin_report_free(eq_langevin_report *r);

#endif
