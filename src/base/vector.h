/* As many doubles at a time as a register holds, with the vector types of GCC and clang: eight with
 * AVX-512, four with AVX2, two with SSE2, as the file that includes this is compiled (gcc 12 takes
 * vectors that are wider than a register apart one by one). clang, whose macros do not know of such a
 * choice, takes eight. */
#ifndef EQ_BASE_VECTOR_H
#define EQ_BASE_VECTOR_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#if defined(__clang__) || defined(__AVX512DQ__)
#define EQ_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define EQ_VECTOR_BYTES 32
#else
#define EQ_VECTOR_BYTES 16
#endif

enum { EQ_LANES = EQ_VECTOR_BYTES / sizeof(double) };

#pragma GCC diagnostic ignored "-Wpsabi" /* vectors pass between inlined functions only */
#define EQ_INLINE static inline __attribute__((always_inline))

typedef double eq_vec __attribute__((vector_size(EQ_VECTOR_BYTES), aligned(8), may_alias));
typedef int64_t eq_mask __attribute__((vector_size(EQ_VECTOR_BYTES), aligned(8), may_alias));
typedef uint64_t eq_bits __attribute__((vector_size(EQ_VECTOR_BYTES), aligned(8), may_alias));

/* gcc 12 copies 32 bytes in two halves by memcpy, and their load as a whole waits for both. */
EQ_INLINE eq_vec eq_vec_load(const double *p) {
    return *(const eq_vec *)p;
}

EQ_INLINE void eq_vec_store(double *p, eq_vec v) {
    *(eq_vec *)p = v;
}

EQ_INLINE eq_vec eq_vec_all(double x) {
    return x - (eq_vec){0.0};
}

/* a where m is -1, b where it is 0. */
EQ_INLINE eq_vec eq_vec_select(eq_mask m, eq_vec a, eq_vec b) {
#if defined(__AVX2__) && EQ_VECTOR_BYTES == 32
    return (eq_vec)_mm256_blendv_pd((__m256d)b, (__m256d)a, (__m256d)m);
#else
    return (eq_vec)((m & (eq_mask)a) | (~m & (eq_mask)b));
#endif
}

/* gcc 12 makes three or four instructions of each of these from vector types alone, where the
 * processor has them in one or two. */
#if defined(__AVX512DQ__) && EQ_VECTOR_BYTES == 64
EQ_INLINE eq_vec eq_vec_max(eq_vec a, eq_vec b) {
    return (eq_vec)_mm512_max_pd((__m512d)a, (__m512d)b);
}

EQ_INLINE eq_vec eq_vec_min(eq_vec a, eq_vec b) {
    return (eq_vec)_mm512_min_pd((__m512d)a, (__m512d)b);
}

/* x where a < b, else y. */
EQ_INLINE eq_vec eq_vec_if_less(eq_vec a, eq_vec b, eq_vec x, eq_vec y) {
    __mmask8 less = _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_LT_OQ);
    return (eq_vec)_mm512_mask_blend_pd(less, (__m512d)y, (__m512d)x);
}

EQ_INLINE int eq_vec_any(eq_mask m) {
    return _mm512_test_epi64_mask((__m512i)m, (__m512i)m) != 0;
}

/* gcc 12 keeps errno for the square root of a loop. */
EQ_INLINE eq_vec eq_vec_sqrt(eq_vec a) {
    return (eq_vec)_mm512_sqrt_pd((__m512d)a);
}
#elif defined(__AVX2__) && EQ_VECTOR_BYTES == 32
EQ_INLINE eq_vec eq_vec_max(eq_vec a, eq_vec b) {
    return (eq_vec)_mm256_max_pd((__m256d)a, (__m256d)b);
}

EQ_INLINE eq_vec eq_vec_min(eq_vec a, eq_vec b) {
    return (eq_vec)_mm256_min_pd((__m256d)a, (__m256d)b);
}

EQ_INLINE eq_vec eq_vec_if_less(eq_vec a, eq_vec b, eq_vec x, eq_vec y) {
    return eq_vec_select(a < b, x, y);
}

EQ_INLINE int eq_vec_any(eq_mask m) {
    return !_mm256_testz_si256((__m256i)m, (__m256i)m);
}

EQ_INLINE eq_vec eq_vec_sqrt(eq_vec a) {
    return (eq_vec)_mm256_sqrt_pd((__m256d)a);
}
#else
EQ_INLINE eq_vec eq_vec_max(eq_vec a, eq_vec b) {
    return eq_vec_select(a > b, a, b);
}

EQ_INLINE eq_vec eq_vec_min(eq_vec a, eq_vec b) {
    return eq_vec_select(a < b, a, b);
}

EQ_INLINE eq_vec eq_vec_if_less(eq_vec a, eq_vec b, eq_vec x, eq_vec y) {
    return eq_vec_select(a < b, x, y);
}

EQ_INLINE int eq_vec_any(eq_mask m) {
    int64_t any = 0;
    for (int k = 0; k < EQ_LANES; k++) any |= m[k];
    return any != 0;
}

EQ_INLINE eq_vec eq_vec_sqrt(eq_vec a) {
    eq_vec root = a;
    for (int k = 0; k < EQ_LANES; k += 2) {
#ifdef __x86_64__
        __m128d two = _mm_sqrt_pd((__m128d){a[k], a[k + 1]});
        root[k] = two[0], root[k + 1] = two[1];
#else
        root[k] = sqrt(a[k]), root[k + 1] = sqrt(a[k + 1]);
#endif
    }
    return root;
}
#endif

EQ_INLINE eq_vec eq_vec_abs(eq_vec a) {
    return (eq_vec)((eq_mask)a & INT64_MAX);
}

/* exp(x) for -700 <= x <= 700 to about 1 ulp: x = k ln 2 + r with |r| <= ln 2/2 (Cody and Waite
 * 1980), the Taylor series of exp(r) to degree 13, and k added to the exponent. */
EQ_INLINE eq_vec eq_vec_exp(eq_vec x) {
    const double round = 0x1.8p52, ln2_high = 0x1.62e42fefa0000p-1, ln2_low = 0x1.cf79abc9e3b39p-40;
    x = eq_vec_min(eq_vec_max(x, eq_vec_all(-700.0)), eq_vec_all(700.0));
    eq_vec t = x * 1.4426950408889634 + round;
    eq_mask k = (eq_mask)t << 52;
    eq_vec n = t - round;
    eq_vec r = (x - n * ln2_high) - n * ln2_low, r2 = r * r, r4 = r2 * r2;
    eq_vec p01 = 1.0 + r, p23 = 0.5 + r * (1.0 / 6.0);
    eq_vec p45 = 1.0 / 24.0 + r * (1.0 / 120.0), p67 = 1.0 / 720.0 + r * (1.0 / 5040.0);
    eq_vec p89 = 1.0 / 40320.0 + r * (1.0 / 362880.0);
    eq_vec pab = 1.0 / 3628800.0 + r * (1.0 / 39916800.0);
    eq_vec pcd = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0);
    eq_vec low = p01 + r2 * p23, mid = p45 + r2 * p67, top = p89 + r2 * (pab + r2 * pcd);
    eq_vec p = low + r4 * (mid + r4 * top);
    return (eq_vec)((eq_mask)p + k);
}

/* An upper bound of ln(x), x >= 1, less than ln 2 too large: (exponent + 1) ln 2. */
EQ_INLINE eq_vec eq_vec_log_above(eq_vec x) {
    const double two52 = 0x1p52;
    eq_mask e = (eq_mask)(((eq_bits)x >> 52) & 0x7ff) | (eq_mask)eq_vec_all(two52);
    return ((eq_vec)e - (two52 + 1022.0)) * 0.6931471805599453;
}

/* ln(x), x > 0, to 1e-8: x = 2^e m with m near 1, and the series of ln m in (m - 1)/(m + 1). */
EQ_INLINE eq_vec eq_vec_log_about(eq_vec x) {
    const double two52 = 0x1p52;
    eq_mask bits = (eq_mask)x + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
    eq_mask e = (eq_mask)(((eq_bits)bits >> 52) & 0x7ff) | (eq_mask)eq_vec_all(two52);
    eq_vec m = (eq_vec)((bits & 0xfffffffffffff) + 0x3fe6a09e667f3bcd);
    eq_vec s = (m - 1.0) / (m + 1.0), s2 = s * s;
    eq_vec series = 1.0 + s2 * (1.0 / 3.0 + s2 * (0.2 + s2 * (1.0 / 7.0 + s2 * (1.0 / 9.0))));
    return ((eq_vec)e - (two52 + 1023.0)) * 0.6931471805599453 + 2.0 * s * series;
}

#endif
