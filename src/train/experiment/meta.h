/* The <meta> and the <regularizer> of an experiment: read and written. Inside src/train only. */
#ifndef EQ_TRAIN_META_XML_H
#define EQ_TRAIN_META_XML_H

#include "netlist/xml/xml.h"
#include "train/experiment/experiment.h"

eq_meta_options eq_meta_defaults(void);
/* From the root of the document, behind all else of it. */
eq_status eq_meta_read(const eq_xml *xml, const eq_xml_node *root, eq_experiment *x, eq_diag *diag);
void eq_meta_write(const eq_experiment *x, eq_text *t);
/* The attributes of a pull, of <regularizer> or of a <group>. */
eq_status eq_pull_read(const eq_xml *xml, const eq_xml_node *node, eq_pull *p, eq_diag *diag);
void eq_pull_write(const eq_pull *p, eq_text *t);

#endif
