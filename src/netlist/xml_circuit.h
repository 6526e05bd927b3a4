/* Circuits in XML (schemas/circuit.xsd): the same circuit as a SPICE deck gives. */
#ifndef EQ_NETLIST_XML_CIRCUIT_H
#define EQ_NETLIST_XML_CIRCUIT_H

#include "circuit/circuit.h"

/* Reads a circuit from XML in memory and freezes it; `name` stands for the file in messages. *out is untouched
 * on failure. */
eq_status eq_xml_circuit_parse(const char *name, const char *text, size_t length, eq_circuit **out,
                               eq_diag *diag);

#endif
