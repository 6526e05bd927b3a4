/* The <augmentation> of an experiment. Inside src/train only. */
#ifndef EQ_TRAIN_EXPERIMENT_AUGMENTATION_H
#define EQ_TRAIN_EXPERIMENT_AUGMENTATION_H

#include "netlist/xml/xml.h"
#include "train/experiment/experiment.h"

/* node NULL: there is none. */
eq_status eq_augmentation_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                               eq_diag *diag);
void eq_augmentation_write(const eq_experiment *x, eq_text *t);

#endif
