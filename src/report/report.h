/* One page of HTML that tells a run: no other file, no network. */
#ifndef EQ_REPORT_REPORT_H
#define EQ_REPORT_REPORT_H

#include "base/status.h"
#include "base/text.h"

typedef struct eq_report_options {
    const char *data; /* examples instead of the test set (eq_trained_open); NULL */
    int threads;      /* >= 1 */
} eq_report_options;

/* Writes the page of a folder that train has written, of one run or of several seeds. */
eq_status eq_report_write(const char *folder, const eq_report_options *o, eq_text *out,
                          eq_diag *diag);

#endif
