/* Settings of the process and of the libraries in it (runtime.c). */
#ifndef EQ_CLI_RUNTIME_H
#define EQ_CLI_RUNTIME_H

/* First call of a program: huge pages, one thread in OpenBLAS, SuiteSparse's large arrays in huge
 * pages. */
void eq_runtime_set(void);

#endif
