/* The <network> of an experiment: read and written. Inside src/train only. */
#ifndef EQ_TRAIN_NETWORK_XML_H
#define EQ_TRAIN_NETWORK_XML_H

#include "netlist/xml/xml.h"
#include "train/experiment/experiment.h"

/* x->network or x->discrete from <network> and the layers in it. */
eq_status eq_network_element_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                                  eq_diag *diag);
/* What of the experiment needs the network to be of a kind, when all of it is read. */
eq_status eq_network_element_suits(const eq_xml *xml, const eq_experiment *x, eq_diag *diag);
void eq_network_element_write(const eq_experiment *x, eq_text *t);

#endif
