/* DIR/points.csv: a row for each training of a study, appended as it ends, by whichever process has
 * trained it; at the end in the order of the points. The columns: point (from 1), seed, the factors,
 * the figures, error (why it failed; empty), command (what trains it again). A row is written whole
 * under a lock, so that after kill -9 the file holds whole rows, but for the last one where the
 * machine itself went down. */
#ifndef EQ_EXPLORE_TABLE_H
#define EQ_EXPLORE_TABLE_H

#include "explore/study.h"

#define EQ_STUDY_TABLE "points.csv"
#define EQ_STUDY_COPY "study.xml"
#define EQ_STUDY_SQLITE "points.sqlite"
#define EQ_STUDY_PAGE "report.html"

/* What is known of the runs of a study (study.h counts them). */
typedef struct eq_outcomes {
    size_t runs, figures;
    bool *done;    /* [runs]: there is a row */
    bool *failed;  /* [runs]: with an error */
    double *value; /* [runs][figures]; NAN where there is none */
} eq_outcomes;

void eq_outcomes_free(eq_outcomes *o);

/* The words of run k, "NAME=VALUE": those of all points and then one a factor. To be freed with
 * eq_strings_free(*, s->sets + s->factors); NULL when memory runs out. */
char **eq_run_settings(const eq_study *s, const double *level, size_t k);
/* eqspice train ... of run k, as a shell takes it; `seed` is that of the experiment. */
void eq_run_command(const eq_study *s, const double *level, size_t k, uint64_t seed, eq_text *out);

/* An open table. */
typedef struct eq_study_rows eq_study_rows;

/* Opens DIR/points.csv, which is made with its header where it is not there; a row that is not whole
 * at its end is dropped. `repair`: by the one process that may do so, before the others open it. */
eq_status eq_study_rows_open(const eq_study *s, const char *folder, bool repair,
                             eq_study_rows **out, eq_diag *diag);
void eq_study_rows_close(eq_study_rows *r);
/* Appends the row of run k: value[figures], and why it failed or NULL. */
eq_status eq_study_rows_add(eq_study_rows *r, const double *level, size_t k, uint64_t seed,
                            const double *value, const char *why, eq_diag *diag);
/* What was added is on the disk when this returns. */
eq_status eq_study_rows_sync(eq_study_rows *r, eq_diag *diag);

/* Reads the rows of DIR/points.csv, each of which has to be of the study (its factors, where the
 * point is drawn: NAN is not); `sort`: and writes them in
 * the order of the runs. */
eq_status eq_study_rows_read(const eq_study *s, const double *level, uint64_t seed,
                             const char *folder, bool sort, eq_outcomes *out, eq_diag *diag);

#endif
