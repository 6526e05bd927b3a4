/* How the samples of a unit are spread, beside exp(-F/T)/Z by quadrature, and Kolmogorov and Smirnov's test of the one
 * against the other. */
#ifndef EQ_TRAIN_HISTOGRAM_H
#define EQ_TRAIN_HISTOGRAM_H

#include "result/result.h"
#include "train/boltzmann.h"

enum { EQ_HISTOGRAM_BINS = 40 };
/* Behind the name of a unit, the names of its columns in the table. */
#define EQ_HISTOGRAM_SAMPLED " sampled"
#define EQ_HISTOGRAM_EXACT " exact"

typedef struct eq_histogram {
    double low, width; /* of the first bin */
    double sampled[EQ_HISTOGRAM_BINS],
        exact[EQ_HISTOGRAM_BINS]; /* densities; exact NAN: no quadrature */
    double autocorrelation;       /* integrated, in records */
    size_t thinning;              /* records from a sample to the next, about one autocorrelation */
    size_t thinned;               /* how many samples that leaves */
    double effective;             /* how many of those are independent */
    double smirnov,
        p; /* the largest distance of the distributions, and its chance; NAN: no quadrature */
} eq_histogram;

/* The chance that the empirical distribution of n independent numbers lies `distance` or more from its law: Kolmogorov's
 * series at Vrbik's argument (Pioneer J. Theor. Appl. Stat. 15, 2018). */
double eq_smirnov_chance(double distance, double n);

/* Of column `column` of a trajectory, a unit of which `effective` records are independent. b: its densities under
 * E + beta C; NULL: there is no quadrature. */
eq_status eq_histogram_of(const eq_result *r, size_t column, double effective, eq_boltzmann *b,
                          double beta, size_t unit, eq_histogram *out, eq_diag *diag);

/* Columns NAME, "NAME sampled" and, of quadrature, "NAME exact": middles of the bins and densities; of the n last
 * columns of the trajectory. */
eq_status eq_histogram_table(const eq_result *r, const eq_histogram *h, size_t n, eq_result **out,
                             eq_diag *diag);

#endif
