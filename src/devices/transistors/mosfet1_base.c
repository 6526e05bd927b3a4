/* The kernels of level 1 for the instructions every processor has. */
#define EQ_MOS_KERNELS eq_mos1_base
#include "devices/transistors/mosfet1_law.h"
/* the law first */
#include "devices/transistors/mosfet_kernels.h"
