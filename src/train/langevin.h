/* Langevin dynamics of a model with gradient dynamics (model/dynamics.h; Scellier 2020, section 6.2),
 *
 *   ds = -M^-1 dF/ds dt + (2 T M^-1)^(1/2) dB,      F = E + beta C        (6.22),
 *
 * by Euler and Maruyama, reflected at the bounds of the units. Its stationary density is exp(-F/T). */
#ifndef EQ_TRAIN_LANGEVIN_H
#define EQ_TRAIN_LANGEVIN_H

#include "model/dynamics.h"
#include "result/result.h"
#include "train/session.h"
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

/* The process of the examples of a free phase. */
typedef struct eq_langevin {
    eq_dynamics d;
    const eq_cost *cost;
    const eq_goal *goal;
    double temperature, step, fastest; /* fastest: rate of H M^-1 at the free state [1/s] */
    uint64_t key;
    size_t all, outputs;
    double *spread;      /* [all] deviation of a step's noise */
    double *f;           /* [3][all] work */
    double *y, *current; /* [n][outputs] */
} eq_langevin;

/* After a free phase of n examples, on whose parameters it stands. Fails where the step is beyond what is stable. */
eq_status eq_langevin_open(eq_langevin *l, const eq_session *s, size_t n,
                           const eq_langevin_options *o, uint64_t key, eq_diag *diag);
void eq_langevin_close(eq_langevin *l);
/* Step number t of the states s[n][units]: what is drawn for it depends on key, example, t and unit alone, so that
 * processes of one key have the same noise. */
eq_status eq_langevin_step(eq_langevin *l, double beta, uint64_t t, double *s, eq_diag *diag);
/* Whether the step is stable at the curvature where the states stand. */
eq_status eq_langevin_look(eq_langevin *l, double beta, const double *s, eq_diag *diag);

/* Theorem 6.2: the estimate 6.24 of d<C>/dtheta, gradient[parameters], the mean over the examples of the last free phase
 * and over the records of processes that are nudged by +beta and, symmetric, -beta, or not at all. */
eq_status eq_langevin_gradient(eq_session *s, size_t n, const eq_langevin_options *o,
                               bool symmetric, uint64_t key, double *gradient, eq_diag *diag);

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
