/* libxml2, loaded by the first XML document: the libraries that it brings along (ICU, C++) take
 * half of the time of a small deck, and SPICE decks need none of them. */
#ifndef EQ_NETLIST_XML_LIBXML_H
#define EQ_NETLIST_XML_LIBXML_H

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include "base/status.h"

/* The functions of libxml2 that are called, by their own names. */
#define EQ_LIBXML_FUNCTIONS(F)                                                                     \
    F(xmlCtxtReadMemory)                                                                           \
    F(xmlDocGetRootElement)                                                                        \
    F(xmlFreeDoc)                                                                                  \
    F(xmlFreeParserCtxt)                                                                           \
    F(xmlGetLineNo)                                                                                \
    F(xmlInitParser)                                                                               \
    F(xmlNewChild)                                                                                 \
    F(xmlNewParserCtxt)                                                                            \
    F(xmlSAX2GetLineNumber)                                                                        \
    F(xmlSchemaFree)                                                                               \
    F(xmlSchemaFreeParserCtxt)                                                                     \
    F(xmlSchemaFreeValidCtxt)                                                                      \
    F(xmlSchemaNewMemParserCtxt)                                                                   \
    F(xmlSchemaNewValidCtxt)                                                                       \
    F(xmlSchemaParse)                                                                              \
    F(xmlSchemaSetValidStructuredErrors)                                                           \
    F(xmlSchemaValidateDoc)                                                                        \
    F(xmlSetProp)                                                                                  \
    F(xmlSetStructuredErrorFunc)                                                                   \
    F(xmlStopParser)

typedef struct eq_libxml_functions {
#define EQ_DECLARE(name) __typeof__(name) *name;
    EQ_LIBXML_FUNCTIONS(EQ_DECLARE)
#undef EQ_DECLARE
} eq_libxml_functions;

/* Filled by eq_libxml_load. */
extern eq_libxml_functions eq_libxml;

/* Loads the library that the program was built with, once; EQ_ERR_IO when it is not there. */
eq_status eq_libxml_load(eq_diag *diag);

#endif
