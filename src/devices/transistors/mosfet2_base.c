/* The kernels of level 2. */
#include "devices/transistors/mosfet2_law.h"

enum { LAWS = EQ_MOS2_LAWS };
static const int cubic_leakage = 0;
#define EQ_MOS_CURRENT eq_mos2_current
#define EQ_MOS_KERNELS eq_mos2_base
#include "devices/transistors/mosfet_lanes.h"
/* the law first */
#include "devices/transistors/mosfet_kernels.h"
