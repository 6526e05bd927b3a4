/* The points of a study: what each factor is at each of them. */
#ifndef EQ_EXPLORE_DRAW_H
#define EQ_EXPLORE_DRAW_H

#include "explore/study.h"

/* Sobol's sequence with the direction numbers of Joe and Kuo 2008 (new-joe-kuo-6), 32 bits: point n
 * of dimension 0 .. 20; [0, 2^32). */
uint32_t eq_sobol(int dimension, uint32_t n);

/* Of a design that does not search (search.h): level[points][factors], a place in [0, 1] for each
 * factor of each point. By it a list takes word floor(u words), a range the value u of the way along
 * its scale. The same study gives the same bits; more points of random and sobol begin with the
 * fewer. */
eq_status eq_design_draw(const eq_study *s, double *level, eq_diag *diag);

/* The value of a factor at u, as --set takes it: ranges to six digits, within their ends. */
void eq_factor_value(const eq_factor *f, double u, eq_text *out);
/* The place of the k-th of its levels (f->levels > 0), and of its center. */
double eq_factor_level(const eq_factor *f, size_t k);
double eq_factor_center(const eq_factor *f);

#endif
