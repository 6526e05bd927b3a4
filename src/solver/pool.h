/* A few threads that run the same small job together, thousands of times a second: workers wait
 * spinning for a moment, then sleep, so that an idle engine costs nothing. */
#ifndef EQ_SOLVER_POOL_H
#define EQ_SOLVER_POOL_H

#include "base/status.h"

typedef struct eq_pool eq_pool;

/* `threads` threads in all, the calling one included. */
eq_status eq_pool_new(int threads, eq_pool **out, eq_diag *diag);
void eq_pool_free(eq_pool *pool);
/* Runs job(data, k) for k = 0..parts-1 (fewer than 2^16), each on one of the threads; returns when
 * all are done. */
void eq_pool_run(eq_pool *pool, int parts, void (*job)(void *data, int k), void *data);
int eq_pool_threads(const eq_pool *pool);

#endif
