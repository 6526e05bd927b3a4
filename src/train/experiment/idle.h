/* Attributes of an experiment that have no part in its training, given the others. */
#ifndef EQ_TRAIN_IDLE_H
#define EQ_TRAIN_IDLE_H

#include "netlist/xml/xml.h"
#include "train/experiment/experiment.h"

#define EQ_ANY SIZE_MAX

/* What an attribute of an element ("optimizer.group", "device") belongs to, where it has no effect:
 * "type=\"momentum\""; NULL: it has one. k: the number of the group in its parent, from 0; EQ_ANY: no
 * effect in any of them. */
const char *eq_idle_owner(const eq_experiment *x, const char *element, size_t k,
                          const char *attribute);
/* A warning for each attribute of the document that x was read from, and for a schedule that hardly changes the
 * rates. */
void eq_warn_of_idle(const eq_experiment *x, const eq_xml *xml, eq_diag *diag);
/* Of a run's copy, which has all attributes that there are: a warning for those alone that were set anew. */
void eq_warn_of_idle_settings(const eq_experiment *x, const eq_settings *set, eq_diag *diag);

#endif
