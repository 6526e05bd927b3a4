/* How the groups and layers of a network fare while it is trained (eq_diagnosis, eqspice.h): looks
 * at some minibatches of each epoch as they pass, changes nothing. Inside src/train only. */
#ifndef EQ_TRAIN_DIAGNOSIS_H
#define EQ_TRAIN_DIAGNOSIS_H

#include "train/session.h"

typedef struct eq_doctor eq_doctor;

eq_status eq_doctor_new(eq_session *s, eq_doctor **out, eq_diag *diag);
void eq_doctor_free(eq_doctor *d);
/* Before the first update of an epoch; no more than that of one whose minibatches are not looked at. */
void eq_doctor_begin(eq_doctor *d);
/* Between the free phase of minibatch number `number` of `minibatches` of this epoch, which has n
 * examples, and its update. COLLECTIVE. */
eq_status eq_doctor_look(eq_doctor *d, size_t number, size_t minibatches, size_t n, eq_diag *diag);
/* The epoch is over, with the rates times `factor`: makes the rows, adds them to the text of
 * diagnosis.csv and, unless there is nothing left to learn, warns once of each group that does not. */
eq_status eq_doctor_end(eq_doctor *d, size_t epoch, double factor, bool learned, eq_diag *diag);
/* [blocks] the groups that were warned of. */
bool *eq_doctor_warned(eq_doctor *d);
const eq_diagnosis *eq_doctor_rows(const eq_doctor *d, size_t *rows);

/* diagnosis.csv: of a run that goes on behind `epoch`, what FOLDER has up to there is kept. */
eq_status eq_doctor_resume(eq_doctor *d, const char *folder, size_t epoch, eq_diag *diag);
eq_status eq_doctor_write(const eq_doctor *d, const char *folder, eq_diag *diag);

#endif
