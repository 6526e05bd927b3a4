/* How a kind of picture is made: what is read becomes variables and blocks of numbers. Inside
 * src/report only. */
#ifndef EQ_REPORT_KIND_H
#define EQ_REPORT_KIND_H

#include "report/canvas.h"
#include "result/result.h"
#include "train/train.h"

typedef eq_status eq_gather(const eq_picture *p, eq_canvas *c, eq_diag *diag);

/* kind.c. The circuit of the first input, a deck or a run's folder; *x, of a run, is the caller's too. */
eq_status eq_picture_circuit(const eq_picture *p, eq_experiment **x, eq_circuit **c, eq_diag *diag);

/* Opens the run that the picture is of. */
eq_status eq_picture_trained(const eq_picture *p, eq_trained **m, eq_diag *diag);

/* gather/curves.c */
eq_gather eq_gather_curves;
/* gather/sweep.c */
eq_gather eq_gather_sweep;
/* gather/transient.c. Whether a table is that of `gradcheck --transient`, which has a picture of its own. */
bool eq_is_transient(const eq_result *r);
eq_status eq_draw_transient(const eq_result *r, const eq_picture *p, eq_canvas *to, eq_diag *diag);
/* gather/histogram.c. Whether a table is that of `langevin --histogram`, and its picture. */
bool eq_is_histogram(const eq_result *r);
eq_status eq_draw_histogram(const eq_result *r, const eq_picture *p, eq_canvas *to, eq_diag *diag);
/* gather/iv.c */
eq_gather eq_gather_iv;
/* gather/classes.c */
eq_gather eq_gather_confusion, eq_gather_activations;
/* gather/targets.c */
eq_gather eq_gather_targets;
/* gather/inputs.c */
eq_gather eq_gather_adversarial, eq_gather_liked, eq_gather_distorted;
/* gather/study.c */
eq_gather eq_gather_effects, eq_gather_interaction, eq_gather_front, eq_gather_trace;
/* gather/conductances.c */
eq_gather eq_gather_conductances, eq_gather_crossbar;

/* gather/drop.c */
eq_gather eq_gather_drop;
/* gather/flows.c */
eq_gather eq_gather_flows;
/* gather/elastic.c */
eq_gather eq_gather_elastic;

#endif
