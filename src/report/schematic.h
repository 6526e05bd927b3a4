/* Every element of a small circuit, or of one cell of a larger one, with its symbol. Inside
 * src/report only. */
#ifndef EQ_REPORT_SCHEMATIC_H
#define EQ_REPORT_SCHEMATIC_H

#include "report/html.h"
#include "report/network.h"

/* An <svg>. cell EQ_NONE: the whole circuit. label: what it shows, in words. */
eq_status eq_schematic(const eq_layout *l, int32_t cell, const char *label, eq_text *out,
                       eq_diag *diag);

#endif
