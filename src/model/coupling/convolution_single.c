/* Convolutions whose products are taken in single precision. */
#define EQ_REAL float
#define EQ_CONVOLUTION eq_coupling_convolves_single
#define EQ_CONVOLUTION_WEIGHTS weights
#define EQ_CONVOLUTION_GEMM(form) eq_gemm_##form##_single

#include "model/coupling/ops.h"

/* Once a call, for all its lanes. */
static const float *weights(const eq_coupling_call *k) {
    float *w = k->r->weights;
    for (size_t j = 0; j < k->c->rows * k->c->columns; j++) w[j] = (float)k->c->w[j];
    return w;
}

/* what they are made of first */
#include "model/coupling/convolution_kernels.h"
