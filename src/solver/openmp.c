#define _GNU_SOURCE /* RTLD_NEXT */
#include "solver/openmp.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

/* Of libgomp; their header comes with gcc alone. */
int omp_in_parallel(void);
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);

typedef void (*parallel)(void (*body)(void *), void *data, unsigned threads, unsigned flags);

static _Thread_local bool alone;

void eq_openmp_alone(bool on) {
    alone = on;
}

static parallel of_libgomp(void) {
    static _Atomic parallel found;
    parallel p = atomic_load(&found);
    if (p != NULL) return p;
    void *symbol = dlsym(RTLD_NEXT, "GOMP_parallel");
    memcpy(&p, &symbol, sizeof p);
    atomic_store(&found, p);
    return p;
}

/* What a `#pragma omp parallel` of gcc calls (libgomp manual, "Implementing PARALLEL construct"),
 * in front of libgomp's own. Inside another region omp_get_thread_num would speak of that one's
 * team, so libgomp takes it there. */
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags) {
    if (alone && !omp_in_parallel())
        body(data);
    else
        of_libgomp()(body, data, alone ? 1 : threads, flags);
}
