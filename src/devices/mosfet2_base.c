/* The kernels of level 2. */
#include "devices/mosfet2_law.h"

enum { LAWS = EQ_MOS2_LAWS };
static const int cubic_leakage = 0;
#define EQ_MOS_CURRENT eq_mos2_current
#define EQ_MOS_KERNELS eq_mos2_base
#include "devices/mosfet_lanes.h"
/* the law first */
#include "devices/mosfet_kernels.h"
