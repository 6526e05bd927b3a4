/* The kernels of level 1 for the instructions every processor has. */
#define EQ_MOS_KERNELS eq_mos1_base
#include "devices/mosfet1_law.h"
/* the law first */
#include "devices/mosfet_kernels.h"
