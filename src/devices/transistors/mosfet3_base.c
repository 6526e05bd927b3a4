/* The kernels of level 3. */
#include "devices/transistors/mosfet3_law.h"

enum { LAWS = EQ_MOS3_LAWS };
static const int cubic_leakage = 1;
#define EQ_MOS_CURRENT eq_mos3_current
#define EQ_MOS_KERNELS eq_mos3_base
#include "devices/transistors/mosfet_lanes.h"
/* the law first */
#include "devices/transistors/mosfet_kernels.h"
