/* How much a test does: the short form in `make check`, the long one in `make check-long`. */
#ifndef TESTS_SUPPORT_EFFORT_H
#define TESTS_SUPPORT_EFFORT_H

#include <stddef.h>

/* `brief`, or `full` when the environment has EQSPICE_LONG. */
size_t effort(size_t brief, size_t full);

#endif
