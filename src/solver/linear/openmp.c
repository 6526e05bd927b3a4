#include "solver/linear/openmp.h"

/* Of libgomp; their header comes with gcc alone. Both speak of the calling thread (OpenMP 4.5,
 * section 2.3, nthreads-var). */
void omp_set_num_threads(int threads);
int omp_get_max_threads(void);

static bool plain;
static _Thread_local bool alone;
static _Thread_local int before;

void eq_openmp_plain(void) {
    plain = true;
}

void eq_openmp_serial(bool on) {
    if (on == alone) return;
    if (on && !plain) before = omp_get_max_threads();
    if (!plain) omp_set_num_threads(on ? 1 : before);
    alone = on;
}

bool eq_openmp_is_serial(void) {
    return alone;
}
