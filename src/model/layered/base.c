/* The kernels of the layered engine for the instructions every processor has. */
#define EQ_KERNELS eq_kernels_base
#include "model/layered/kernels.h"
