/* OpenMP, which Debian builds CHOLMOD with: a parallel region at every small supernode, and even a
 * team of one thread is made and woken each time (half the time of factoring a grid of 1e4 nodes,
 * docs/performance.md). Between eq_openmp_serial(true) and eq_openmp_serial(false) the regions that
 * this thread opens have one thread; in the program they are plain calls (cli/runtime.c). Those of
 * all other threads stay as they are. */
#ifndef EQ_SOLVER_LINEAR_OPENMP_H
#define EQ_SOLVER_LINEAR_OPENMP_H

#include <stdbool.h>

void eq_openmp_serial(bool on);
/* Before any thread: the program calls the regions itself while that holds, so that libgomp need not be told (which takes
 * memory for every thread, and ends the process where there is none). */
void eq_openmp_plain(void);
bool eq_openmp_is_serial(void);

#endif
