/* The matrix and inner products of the library: a thin wrapper of OpenBLAS (the only file that may
 * include cblas.h is blas.c). All matrices are row-major; ld is the distance between rows. */
#ifndef EQ_SOLVER_LINEAR_BLAS_H
#define EQ_SOLVER_LINEAR_BLAS_H

#include <stdbool.h>
#include <stddef.h>

/* Products run on the calling thread alone, process-wide: our own threads split the work. */
void eq_blas_single_thread(void);
/* a . b, both [n] */
double eq_dot(size_t n, const double *a, const double *b);
/* C (m x n) = alpha A B + beta C, with A m x k and B k x n. */
void eq_gemm_nn(size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                const double *b, size_t ldb, double beta, double *c, size_t ldc);
/* C (m x n) = alpha A^T B + beta C, with A k x m and B k x n. */
void eq_gemm_tn(size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                const double *b, size_t ldb, double beta, double *c, size_t ldc);
/* C (m x n) = alpha A B^T + beta C, with A m x k and B n x k. */
void eq_gemm_nt(size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                const double *b, size_t ldb, double beta, double *c, size_t ldc);

/* The same of matrices in single precision. */
void eq_gemm_nn_single(size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                       const float *b, size_t ldb, float beta, float *c, size_t ldc);
void eq_gemm_tn_single(size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                       const float *b, size_t ldb, float beta, float *c, size_t ldc);
void eq_gemm_nt_single(size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                       const float *b, size_t ldb, float beta, float *c, size_t ldc);

/* The eigenvalues of the symmetric a[n][n], the least first, in value[n], and in its place the
 * eigenvectors, one a row; false: n is more than EQ_EIGEN_MOST, or a is not finite. LAPACK's dsyev. */
enum { EQ_EIGEN_MOST = 64 };
bool eq_symmetric_eigen(size_t n, double *a, double *value);

#endif
