/* The <architecture> of an experiment: read and written. Inside src/train only. */
#ifndef EQ_TRAIN_ARCHITECTURE_XML_H
#define EQ_TRAIN_ARCHITECTURE_XML_H

#include "netlist/xml/xml.h"
#include "train/experiment/experiment.h"

/* x->architecture, without the presets inside. */
eq_status eq_architecture_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                               eq_diag *diag);
/* The element up to its last attribute, and what stands in it beside the presets. */
void eq_architecture_write(const eq_experiment *x, eq_text *t);
void eq_architecture_write_inside(const eq_architecture *a, eq_text *t);

/* skip="0-2 1-3" lateral="1", those that there are. */
void eq_links_write(const eq_skip *skip, size_t skips, unsigned lateral, eq_text *t);

#endif
