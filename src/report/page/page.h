/* The page of a run or a study as the files that write its sections see it. Inside src/report only. */
#ifndef EQ_REPORT_PAGE_H
#define EQ_REPORT_PAGE_H

#include "explore/explore.h"
#include "report/html.h"
#include "train/train.h"

typedef struct eq_page {
    eq_text *out;
    const char *folder; /* of the run, of the runs of several seeds, or of the study */
    const char *title;
    const eq_study *s;      /* NULL: of runs; else the fields below are NULL */
    const eq_explored *e;   /* of it */
    const eq_experiment *x; /* the same for all of them but the seed */
    eq_trained *m;          /* NULL: several seeds */
    eq_circuit *c;          /* of m, or of the first seed */
    const eq_inference *i;  /* with predictions and power; NULL: several seeds */
    const char *data;       /* file of the examples, where they are not the run's own; or NULL */
    bool training;          /* there is no test set: the examples are those of the training */
    eq_diag *diag;
} eq_page;

/* Built in (Makefile): src/report/page/page.css and page.js. */
extern const char eq_page_css[], eq_page_js[];

/* Writes what stands below the heading of a section; nothing: there is no such section. */
typedef eq_status (*eq_page_section)(const eq_page *p);

/* run.c */
eq_status eq_page_settings(const eq_page *p);
eq_status eq_page_power(const eq_page *p);
eq_status eq_page_diagnosis(const eq_page *p);
eq_status eq_page_deck(const eq_page *p);
eq_status eq_page_again(const eq_page *p);
/* examples.c */
eq_status eq_page_classes(const eq_page *p);
eq_status eq_page_predictions(const eq_page *p);
eq_status eq_page_worst(const eq_page *p);
/* seeds.c. *found: the folder has the table of several seeds, whose first is *first. */
eq_status eq_page_seeds_of(const char *folder, bool *found, uint64_t *first, eq_diag *diag);
eq_status eq_page_seeds(const eq_page *p);
/* study.c */
eq_status eq_page_study(const eq_page *p);
eq_status eq_page_trace(const eq_page *p);
eq_status eq_page_effects(const eq_page *p);
eq_status eq_page_interaction(const eq_page *p);
eq_status eq_page_front(const eq_page *p);
eq_status eq_page_best(const eq_page *p);
eq_status eq_page_failures(const eq_page *p);
eq_status eq_page_study_again(const eq_page *p);
/* One sentence: what came out. */
eq_status eq_page_study_result(const eq_page *p);
/* network.c */
eq_status eq_page_network(const eq_page *p);
/* pictures.c. A picture of a kind, with what is seen in words. What the folder has not is left
 * out; what could not be drawn is told. */
typedef struct eq_page_shown {
    const char *kind, *alt, *caption;
} eq_page_shown;
eq_status eq_page_figure(const eq_page *p, const eq_page_shown *s);
eq_status eq_page_curves(const eq_page *p);
eq_status eq_page_conductances(const eq_page *p);
eq_status eq_page_activations(const eq_page *p);

/* "test" or "training". */
static inline const char *eq_page_set(const eq_page *p) {
    return p->training ? "training" : "test";
}

#endif
