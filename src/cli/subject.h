/* What op, export and verify work on: a deck, or a folder that train wrote. */
#ifndef EQ_CLI_SUBJECT_H
#define EQ_CLI_SUBJECT_H

#include "circuit/deck.h"
#include "cli/commands.h"
#include "train/train.h"

typedef struct eq_subject {
    eq_trained *trained; /* NULL for a deck */
    eq_deck *deck;       /* NULL for a folder */
    eq_circuit *circuit;
} eq_subject;

/* dialect: of a deck, NULL: recognised. */
eq_status eq_subject_open(const char *path, const char *dialect, eq_subject *s, eq_diag *diag);
void eq_subject_close(eq_subject *s);
/* Puts test sample k on the inputs, in the free or the nudged phase. A deck has no samples: k < 0
 * there. */
eq_status eq_subject_sample(eq_subject *s, int k, bool nudged, eq_diag *diag);

#endif
