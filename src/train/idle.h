/* Attributes of an experiment that stand there and are not used. */
#ifndef EQ_TRAIN_IDLE_H
#define EQ_TRAIN_IDLE_H

#include "netlist/xml/xml.h"

/* A warning for each that belongs to another type, which it names: momentum without momentum. */
void eq_warn_of_idle(const eq_xml *xml, eq_diag *diag);

#endif
