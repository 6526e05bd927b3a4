/* <langevin>: phases that are sampled at a temperature (train/langevin.h). Inside src/train only. */
#ifndef EQ_TRAIN_SAMPLING_H
#define EQ_TRAIN_SAMPLING_H

#include "netlist/xml/xml.h"
#include "train/experiment/experiment.h"

/* Into x->estimator, which was read before; node NULL: there is none. */
eq_status eq_sampling_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                           eq_diag *diag);
void eq_sampling_write(const eq_experiment *x, eq_text *t);

#endif
