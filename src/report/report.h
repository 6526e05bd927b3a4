/* One page of HTML that tells a run or a study: no other file, no network. */
#ifndef EQ_REPORT_REPORT_H
#define EQ_REPORT_REPORT_H

#include "base/status.h"
#include "base/text.h"
#include "explore/explore.h"

typedef struct eq_report_options {
    const char *data;   /* examples instead of the test set (eq_trained_open); NULL */
    const char *labels; /* of them, where they are in a file of their own; NULL */
    int threads;        /* >= 1 */
} eq_report_options;

/* Writes the page of a folder that train has written, of one run or of several seeds, or explore. */
eq_status eq_report_write(const char *folder, const eq_report_options *o, eq_text *out,
                          eq_diag *diag);
/* The page of a study whose table lies in the folder. */
eq_status eq_report_write_study(const char *folder, const eq_study *s, const eq_explored *e,
                                eq_text *out, eq_diag *diag);

#endif
