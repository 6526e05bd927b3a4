/* Convolutions in double precision. */
#define EQ_REAL double
#define EQ_CONVOLUTION eq_coupling_convolves
#define EQ_CONVOLUTION_WEIGHTS weights
#define EQ_CONVOLUTION_GEMM(form) eq_gemm_##form

#include "model/coupling/ops.h"

static const double *weights(const eq_coupling_call *k) {
    return k->c->w;
}

/* what they are made of first */
#include "model/coupling/convolution_kernels.h"
