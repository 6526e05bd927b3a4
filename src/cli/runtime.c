/* What the program, and not the library, sets in the libraries around it: these settings hold for a
 * whole process, so a program of somebody else that links libeqspice keeps its own. A static
 * program finds the two functions below before those of SuiteSparse and libgomp. */
#define _GNU_SOURCE /* RTLD_NEXT, setenv */
#include "cli/runtime.h"

#include <SuiteSparse_config.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/status.h"
#include "solver/linear/blas.h"
#include "solver/linear/openmp.h"

/* The kernels that the processor's instructions allow. OpenBLAS goes by the model: one that is newer
 * than it gets kernels for SSE3, a third as fast. Who has set OPENBLAS_CORETYPE keeps that. */
static const char *openblas_core(void) {
#ifdef __x86_64__
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return NULL;
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512cd");
    return wide ? "SkylakeX" : "Haswell";
#else
    return NULL;
#endif
}

/* Before OpenBLAS's own constructor, which would start threads that then wait in a loop for work:
 * we have our own. */
__attribute__((constructor(101))) static void prepare_openblas(void) {
    const char *core = openblas_core();
    if (setenv("OPENBLAS_NUM_THREADS", "1", 1) == 0 &&
        (core == NULL || setenv("OPENBLAS_CORETYPE", core, 0) == 0))
        return;
    /* LCOV_EXCL_START: out of memory; the crash suite meets it where gcov cannot count */
    fprintf(stderr, "eqspice: error: %s\n", eq_diag_get(NULL, 0)->text);
    _Exit(1);
    /* LCOV_EXCL_STOP */
}

/* CHOLMOD reads the clock around every call of the BLAS to add up times that nobody here asks for:
 * a thirtieth of the time of a grid of 1e4 nodes. */
double SuiteSparse_time(void) {
    return 0.0;
}

typedef void (*parallel)(void (*body)(void *), void *data, unsigned threads, unsigned flags);

/* Of libgomp; their header comes with gcc alone. */
int omp_in_parallel(void);
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);

static parallel of_libgomp(void) {
    static _Atomic parallel found;
    parallel p = atomic_load(&found);
    if (p != NULL) return p;
    void *symbol = dlsym(RTLD_NEXT, "GOMP_parallel");
    memcpy(&p, &symbol, sizeof p);
    atomic_store(&found, p);
    return p;
}

/* What a `#pragma omp parallel` of gcc calls (libgomp manual, "Implementing PARALLEL construct"):
 * where eq_openmp_serial holds the region is a plain call. Inside another region omp_get_thread_num
 * would speak of that one's team, so libgomp takes it there. */
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags) {
    bool alone = eq_openmp_is_serial();
    if (alone && !omp_in_parallel())
        body(data);
    else
        of_libgomp()(body, data, alone ? 1 : threads, flags);
}

void eq_runtime_set(void) {
    eq_mem_huge_heap();
    eq_blas_single_thread(); /* our own threads split the work; supernodes of circuits are small */
    eq_openmp_plain();
    SuiteSparse_config.malloc_func = eq_malloc_foreign;
}
