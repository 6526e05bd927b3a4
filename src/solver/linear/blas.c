#include "solver/linear/blas.h"

#include <cblas.h>

void eq_blas_single_thread(void) {
    openblas_set_num_threads(1);
}

double eq_dot(size_t n, const double *a, const double *b) {
    return cblas_ddot((blasint)n, a, 1, b, 1);
}

/* One form of the product, whose transposes ta and tb say. */
#define GEMM(name, real, product, ta, tb)                                                          \
    void name(size_t m, size_t n, size_t k, real alpha, const real *a, size_t lda, const real *b,  \
              size_t ldb, real beta, real *c, size_t ldc) {                                        \
        if (m == 0 || n == 0) return;                                                              \
        product(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, alpha, a,               \
                (blasint)(lda + (lda == 0)), b, (blasint)ldb, beta, c, (blasint)ldc);              \
    }

GEMM(eq_gemm_nn, double, cblas_dgemm, CblasNoTrans, CblasNoTrans)
GEMM(eq_gemm_tn, double, cblas_dgemm, CblasTrans, CblasNoTrans)
GEMM(eq_gemm_nt, double, cblas_dgemm, CblasNoTrans, CblasTrans)
GEMM(eq_gemm_nn_single, float, cblas_sgemm, CblasNoTrans, CblasNoTrans)
GEMM(eq_gemm_tn_single, float, cblas_sgemm, CblasTrans, CblasNoTrans)
GEMM(eq_gemm_nt_single, float, cblas_sgemm, CblasNoTrans, CblasTrans)

/* LAPACK in OpenBLAS, with the interface of Fortran. */
extern void dsyev_(const char *jobz, const char *uplo, const blasint *n, double *a,
                   const blasint *lda, double *w, double *work, const blasint *lwork, blasint *info,
                   size_t jobz_length, size_t uplo_length);

/* Column-major eigenvectors are rows here. Fails (info > 0) only of what is not finite. */
bool eq_symmetric_eigen(size_t n, double *a, double *value) {
    enum { WORK = 3 * EQ_EIGEN_MOST };
    double work[WORK];
    const blasint order = (blasint)n, room = WORK;
    blasint info = 0;
    if (n > EQ_EIGEN_MOST) return false;
    dsyev_("V", "U", &order, a, &order, value, work, &room, &info, 1, 1);
    return info == 0;
}
