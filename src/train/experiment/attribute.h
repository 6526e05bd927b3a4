/* Attributes of the XML of an experiment as it is written. Inside src/train only. */
#ifndef EQ_TRAIN_ATTRIBUTE_H
#define EQ_TRAIN_ATTRIBUTE_H

#include "netlist/xml/xml.h"
#include "train/experiment/experiment.h"

/* What was said of an element since message number `said` without a place gets its place; what is no lack of
 * memory is an error of input. */
eq_status eq_element_located(const eq_xml *xml, const eq_xml_node *node, size_t said,
                             eq_status status, eq_diag *diag);

/* Nothing where the text is NULL or the number NAN. */
void eq_put_text(eq_text *t, const char *name, const char *value);
void eq_put_number(eq_text *t, const char *name, double value);
/* A path of the experiment as its copy names it; NULL: nothing. */
void eq_put_path(const eq_experiment *x, eq_text *t, const char *name, const char *path);
/* As it is; takes it over, NULL: memory ran out. */
void eq_put_whole_path(eq_text *t, const char *name, char *path);

#endif
