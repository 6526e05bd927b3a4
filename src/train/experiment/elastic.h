/* <network kind="elastic">: read and written. Inside src/train only. */
#ifndef EQ_TRAIN_ELASTIC_XML_H
#define EQ_TRAIN_ELASTIC_XML_H

#include "netlist/xml/xml.h"
#include "train/experiment/experiment.h"

eq_status eq_elastic_element_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                                  eq_diag *diag);
void eq_elastic_element_write(const eq_experiment *x, eq_text *t);

#endif
