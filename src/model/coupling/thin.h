/* Couplings that lack some of their weights: how many there are of each, which, and products over the list
 * of those. */
#ifndef EQ_MODEL_THIN_H
#define EQ_MODEL_THIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "base/status.h"

/* Reads "0.1", of all couplings, or "w1=0.1 w*=0.5", by their names ("": it has all of its weights), into
 * density[couplings]: 1 where nothing is said, later words count over earlier ones. `at`: where the text stands. */
eq_status eq_densities_read(const char *text, eq_place at, size_t couplings, const char (*name)[8],
                            double *density, eq_diag *diag);
/* How many weights that part of all is, 1 at the least. */
size_t eq_thin_count(double density, size_t all);
/* What draws which weights there are, by the seed of the topology or, of 0, that of the network. */
eq_random eq_thin_random(uint64_t topology, uint64_t seed);
/* `count` of the pairs (row, column), rising, inside a layer those with row < column; false: memory ran out. */
bool eq_thin_choose(size_t rows, size_t columns, bool inside, size_t count, eq_random *random,
                    int32_t **row, int32_t **column);
/* Whether products over the list of `count` weights of `all` cost less than over the matrix with its zeros. */
bool eq_thin_is_few(size_t count, size_t all);
/* field[n][m] += s W of these weights: w[k] leads from unit before[k] of s[n][width] to behind[k]. */
void eq_thin_product(size_t count, const int32_t *before, const int32_t *behind, const double *w,
                     size_t n, const double *s, size_t width, double *field, size_t m);
/* slope[k] += factor sum_n s[n][row[k]] u[n][column[k]]. */
void eq_thin_slope(size_t count, const int32_t *row, const int32_t *column, size_t n, double factor,
                   const double *s, size_t rows, const double *u, size_t columns, double *slope);

#endif
