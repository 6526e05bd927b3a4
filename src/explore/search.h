/* The rounds of a study. Most designs are drawn at once: one round. Those that search look at what
 * came of a round before they draw the next: successive halving (Jamieson and Talwalkar 2016), whose
 * best go on for longer, and CMA-ES (cma.h), generation by generation. What is drawn depends on the
 * study and the rows of the table alone, so that a search that was stopped is followed again from
 * them, and any number of processes gives the same one. */
#ifndef EQ_EXPLORE_SEARCH_H
#define EQ_EXPLORE_SEARCH_H

#include "explore/explore.h"

size_t eq_search_rounds(const eq_study *s);
/* The points of a round: *from .. *to - 1. */
void eq_search_points(const eq_study *s, size_t round, size_t *from, size_t *to);

typedef struct eq_search eq_search;

/* Makes e->level, of which nothing is drawn yet: NAN. */
eq_status eq_search_new(const eq_study *s, eq_explored *e, eq_search **out, eq_diag *diag);
void eq_search_free(eq_search *q);
/* Draws every round before which all are done, by e->all; *round: the first that is not done
 * itself, or how many there are. */
eq_status eq_search_follow(eq_search *q, eq_explored *e, size_t *round, eq_diag *diag);
/* Reads the table (eq_study_rows_read) and follows it. */
eq_status eq_search_read(eq_search *q, const char *folder, bool sort, eq_explored *e, size_t *round,
                         eq_diag *diag);

#endif
