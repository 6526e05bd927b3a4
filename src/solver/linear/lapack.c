#include "solver/linear/lapack.h"

#include "base/mem.h"

/* LAPACK 3.9, which OpenBLAS has; Debian ships no C header for it alone. Those of its functions
 * that need the run-time library of Fortran (dgeev) are left aside. */
void dsygv_(const int *kind, const char *vectors, const char *triangle, const int *n, double *a,
            const int *lda, double *b, const int *ldb, double *mu, double *work, const int *lwork,
            int *info, size_t vectors_length, size_t triangle_length);

eq_status eq_lapack_spectrum(size_t n, double *a, double *b, double *mu) {
    int order = (int)n, room = 34 * order, kind = 1, info = 0;
    if (n == 0) return EQ_OK;
    double *work = eq_malloc((size_t)room, sizeof *work);
    if (work == NULL) return EQ_ERR_MEMORY;
    dsygv_(&kind, "N", "U", &order, a, &order, b, &order, mu, work, &room, &info, 1, 1);
    eq_free(work);
    if (info == 0) return EQ_OK;
    return info > order ? EQ_ERR_SINGULAR : EQ_ERR_CONVERGE;
}
