/* The kernels of level 1 for AVX2 and FMA. */
#ifdef __x86_64__
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#else
#pragma GCC target("arch=x86-64-v3")
#endif
#define EQ_MOS_KERNELS eq_mos1_v3
#include "devices/transistors/mosfet1_law.h"
/* the law first */
#include "devices/transistors/mosfet_kernels.h"
#ifdef __clang__
#pragma clang attribute pop
#endif
#else
typedef int eq_no_kernels; /* another architecture */
#endif
