/* Runs ngspice in batch mode and reads its raw file at full precision. */
#ifndef EQ_REPORT_NGSPICE_H
#define EQ_REPORT_NGSPICE_H

#include "base/text.h"
#include "report/result.h"

/* Runs `ngspice -b` on the deck, in a folder that holds nothing else. ngspice does what a deck
 * says, running commands of the shell too: it must be one that we wrote. *plots as in raw.h. Exit
 * statuses of ngspice lie, so its messages are looked at too; EQ_ERR_CHECK with them when it did
 * not solve the deck. */
eq_status eq_ngspice_run(const char *deck, size_t length, eq_result ***plots, size_t *count,
                         eq_diag *diag);

#endif
