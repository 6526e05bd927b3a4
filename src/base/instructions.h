/* Which kernels the processor can run (no -march=native: a binary runs anywhere, and under
 * valgrind). */
#ifndef EQ_BASE_INSTRUCTIONS_H
#define EQ_BASE_INSTRUCTIONS_H

/* What every processor has, AVX2 and FMA, AVX-512: the levels v3 and v4 of x86-64. */
typedef enum eq_instructions { EQ_BASE, EQ_V3, EQ_V4 } eq_instructions;

eq_instructions eq_instructions_best(void);

#endif
