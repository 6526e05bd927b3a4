/* What a schema says of a document that it refuses: which words stand where, and which of them is
 * near the one that is wrong. */
#ifndef EQ_NETLIST_XML_FAULT_H
#define EQ_NETLIST_XML_FAULT_H

#include "netlist/xml/xml.h"

typedef enum eq_fault_kind {
    EQ_FAULT_ROOT,      /* the document is another one */
    EQ_FAULT_ELEMENT,   /* no such element in its parent, or not here */
    EQ_FAULT_ATTRIBUTE, /* no such attribute */
    EQ_FAULT_VALUE,     /* a word or number that the attribute does not take */
} eq_fault_kind;

enum { EQ_MOST_DEPTH = 8 };

/* The element at fault: its name and those it lies in, path[0] the root. */
typedef struct eq_fault {
    eq_fault_kind kind;
    const char *path[EQ_MOST_DEPTH];
    size_t depth;          /* > 0 */
    const char *attribute; /* of EQ_FAULT_ATTRIBUTE and EQ_FAULT_VALUE */
    const char *value;     /* of EQ_FAULT_VALUE */
} eq_fault;

/* Appends "<group>: attribute 'lr' is not allowed here; did you mean rate? allowed: match, ..." by the schema, an XML document itself; nothing when it has no such place. */
void eq_fault_explain(const eq_fault *f, const eq_xml_node *schema, eq_text *out);

#endif
