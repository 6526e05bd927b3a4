/* XML documents, read and validated with libxml2: no network, no DOCTYPE, no entities of the
 * document's own. A small tree of elements is all that the readers of circuits
 * and experiments see. */
#ifndef EQ_NETLIST_XML_XML_H
#define EQ_NETLIST_XML_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/carry.h"
#include "base/status.h"
#include "base/text.h"

typedef struct eq_xml eq_xml;           /* a document; owns everything it gives out */
typedef struct eq_xml_node eq_xml_node; /* an element of it */

/* A schema that is built into the program: schemas/NAME.xsd (Makefile). */
typedef struct eq_schema {
    const char *name; /* "experiment.xsd" */
    const unsigned char *text;
    size_t length;
} eq_schema;
extern const eq_schema eq_schema_circuit, eq_schema_experiment, eq_schema_study;

/* Parses and validates; `name` stands for the file in messages. Every fault of the document is
 * reported with its line. *out is untouched on failure. */
eq_status eq_xml_parse(const char *name, const char *text, size_t length, const eq_schema *schema,
                       eq_xml **out, eq_diag *diag);
/* The same from a file, which `settings` (may be NULL; setting.h) change one after the other, each
 * validated again. */
eq_status eq_xml_read(const char *path, const eq_schema *schema, const eq_settings *settings,
                      eq_xml **out, eq_diag *diag);
void eq_xml_free(eq_xml *xml);

/* A file and its schema, read once to be changed again and again. */
typedef struct eq_xml_master eq_xml_master;
eq_status eq_xml_master_read(const char *path, const eq_schema *schema, eq_xml_master **out,
                             eq_diag *diag);
/* What eq_xml_read makes of the file with these settings. */
eq_status eq_xml_master_copy(const eq_xml_master *m, const eq_settings *settings, eq_xml **out,
                             eq_diag *diag);
void eq_xml_master_free(eq_xml_master *m);

const eq_xml_node *eq_xml_root(const eq_xml *xml);
/* First child element, next sibling element, first child element of that name; NULL when there is
 * none. */
const eq_xml_node *eq_xml_first(const eq_xml_node *node);
const eq_xml_node *eq_xml_next(const eq_xml_node *node);
const eq_xml_node *eq_xml_child(const eq_xml_node *node, const char *name);
const char *eq_xml_name(const eq_xml_node *node);
/* file:line of the element (libxml2 keeps no columns of elements). */
eq_place eq_xml_place(const eq_xml *xml, const eq_xml_node *node);
/* file:line:column of an attribute of an element, of a document that was read from a file; file:line
 * where it is not there. */
eq_place eq_xml_attribute_place(const eq_xml *xml, const eq_xml_node *node, const char *attribute);

/* The attribute's text, NULL when it is absent; lives as long as the document. */
const char *eq_xml_attribute(const eq_xml_node *node, const char *name);
/* Attribute number k of the element and its name, in the order of the document; NULL behind the
 * last. */
const char *eq_xml_attribute_at(const eq_xml_node *node, size_t k, const char **name);
/* A finite number or, whole as the schema has seen it, a count up to 1e15 (a double holds
 * every one of them): *value keeps its start when the attribute is absent; anything else is an
 * error with the place. node may be NULL: then nothing is there. */
eq_status eq_xml_number(const eq_xml *xml, const eq_xml_node *node, const char *name, double *value,
                        eq_diag *diag);
eq_status eq_xml_count(const eq_xml *xml, const eq_xml_node *node, const char *name, size_t *value,
                       eq_diag *diag);

/* Appends a name (EQ_CARRY_XML) or text (EQ_CARRY_TEXT: what XML cannot hold is marked) to an
 * attribute: & < > " and ends of lines escaped. */
void eq_xml_escape(eq_carrier as, const char *text, eq_text *out);

#endif
