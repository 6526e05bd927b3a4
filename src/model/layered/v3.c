/* The kernels of the layered engine for AVX2 and FMA. */
#ifdef __x86_64__
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#else
#pragma GCC target("arch=x86-64-v3")
#endif
#define EQ_KERNELS eq_kernels_v3
#include "model/layered/kernels.h"
#ifdef __clang__
#pragma clang attribute pop
#endif
#else
typedef int eq_no_kernels; /* another architecture */
#endif
