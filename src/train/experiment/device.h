/* The <device> of an experiment: read and written. Inside src/train only. */
#ifndef EQ_TRAIN_DEVICE_XML_H
#define EQ_TRAIN_DEVICE_XML_H

#include "netlist/xml/xml.h"
#include "train/experiment/experiment.h"

/* x->device from <device> (NULL: there is none) and the <group>s in it. */
eq_status eq_device_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                         eq_diag *diag);
void eq_device_write(const eq_experiment *x, eq_text *t);

#endif
