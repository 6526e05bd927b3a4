/* The kernels of level 3. */
#include "devices/mosfet3_law.h"

enum { LAWS = EQ_MOS3_LAWS };
static const int cubic_leakage = 1;
#define EQ_MOS_CURRENT eq_mos3_current
#define EQ_MOS_KERNELS eq_mos3_base
#include "devices/mosfet_lanes.h"
/* the law first */
#include "devices/mosfet_kernels.h"
