/* Changes of a document before it is read: "PATH=VALUE", as --set has them. */
#ifndef EQ_NETLIST_XML_SETTING_H
#define EQ_NETLIST_XML_SETTING_H

#include "netlist/xml/libxml.h"
#include "netlist/xml/xml.h"

/* Sets one attribute of the document: by its path from the root (estimator.beta, seed,
 * optimizer.group[rw*].rate, where [..] is the first attribute of one of several elements or its
 * number from 1), the elements on the way are made. A name that is no path becomes
 * <set name= value=> in the first child of the root that may have one. What the value may be is the
 * schema's to say afterwards; `schema` is the root of its document. */
eq_status eq_xml_set(xmlDocPtr doc, const eq_xml_node *schema, const char *setting, eq_diag *diag);

#endif
