/* The runs that a picture is of: what their metrics.csv say. Inside src/report only. */
#ifndef EQ_REPORT_RUNS_H
#define EQ_REPORT_RUNS_H

#include "report/picture.h"
#include "report/table.h"

/* One curve: a run, or several that differ in their seed. */
typedef struct eq_run_group {
    char *name; /* of its folder */
    eq_table_list run;
} eq_run_group;

typedef struct eq_runs {
    eq_run_group *group;
    size_t count, cap;
} eq_runs;

void eq_runs_free(eq_runs *r);
/* Reads the inputs: folders of runs, folders of seeds, or files like metrics.csv. */
eq_status eq_runs_read(const eq_picture *p, eq_runs *r, eq_diag *diag);
/* Whether it is the folder of a study. */
bool eq_runs_is_study(const char *path);
/* Whether its name is that of a table of a training. */
bool eq_runs_is_table(const char *path);

#endif
