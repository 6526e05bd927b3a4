/* DIR/study.xml: the study as its table was made, and in a comment behind it of which experiment,
 * circuit and data the table is. With it a folder tells a study whose experiment is elsewhere. */
#ifndef EQ_EXPLORE_COPY_H
#define EQ_EXPLORE_COPY_H

#include "explore/explore.h"

/* identity, seed: as eq_study_check gives them. */
eq_status eq_study_copy_write(const eq_study *s, uint64_t identity, uint64_t seed,
                              const char *folder, eq_diag *diag);
/* Refuses the copy of another study. */
eq_status eq_study_copy_check(uint64_t identity, const char *folder, eq_diag *diag);

/* The study of a folder and what its table holds so far; to be freed with eq_study_free and
 * eq_explored_free. */
eq_status eq_explored_read(const char *folder, eq_study **s, eq_explored *e, eq_diag *diag);

#endif
