/* What a study says, on standard output. */
#ifndef EQ_CLI_STUDY_H
#define EQ_CLI_STUDY_H

#include "explore/explore.h"

/* Main effects on the goal, the interaction of the two strongest factors, the Pareto front where one
 * is asked for, and the best points with the commands that repeat them. */
eq_status eq_print_study(const eq_study *s, const eq_explored *e, eq_diag *diag);

#endif
