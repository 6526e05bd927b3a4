/* OpenMP, which Debian builds CHOLMOD with: a parallel region at every small supernode, and even a
 * team of one thread is made and woken each time (half the time of factoring a grid of 1e4 nodes,
 * docs/performance.md). Between eq_openmp_alone(true) and eq_openmp_alone(false) the regions that
 * this thread opens are plain calls; those of all other threads, and of a program around this
 * library, go to libgomp as ever. */
#ifndef EQ_SOLVER_OPENMP_H
#define EQ_SOLVER_OPENMP_H

#include <stdbool.h>

void eq_openmp_alone(bool on);

#endif
