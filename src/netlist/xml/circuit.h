/* Circuits in XML (schemas/circuit.xsd): the same deck as SPICE gives. */
#ifndef EQ_NETLIST_XML_CIRCUIT_H
#define EQ_NETLIST_XML_CIRCUIT_H

#include "circuit/deck.h"
#include "circuit/formula.h"

/* Reads a deck from XML in memory and freezes its circuit; `name` stands for the file in messages.
 * *out is untouched on failure. */
eq_status eq_xml_circuit_parse(const char *name, const char *text, size_t length, eq_deck **out,
                               eq_diag *diag);

/* formula.c: reads the text of a formula, whose nodes and elements are all known, into an empty
 * one. */
eq_status eq_xml_formula(eq_circuit *c, const char *text, eq_location at, eq_formula *formula,
                         eq_diag *diag);

/* The attribute that is parameter k of a class: its name, b0 for a b, which is a node. */
const char *eq_xml_param(const eq_device_class *cls, int k);

#endif
