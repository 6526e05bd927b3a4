/* The kernels of the layered engine for AVX-512. */
#ifdef __x86_64__
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)
#else
#pragma GCC target("arch=x86-64-v4")
#endif
#define EQ_KERNELS eq_kernels_v4
#include "model/layered/kernels.h"
#ifdef __clang__
#pragma clang attribute pop
#endif
#else
typedef int eq_no_kernels; /* another architecture */
#endif
