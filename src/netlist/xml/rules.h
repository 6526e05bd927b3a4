/* What a schema declares, which is an XML document itself (XML Schema 1.0, part 1): types, the
 * elements and attributes in them, and their names. */
#ifndef EQ_NETLIST_XML_RULES_H
#define EQ_NETLIST_XML_RULES_H

#include "netlist/xml/xml.h"

enum { EQ_MOST_WORDS = 128 };

/* Names that stand together; they belong to the schema. */
typedef struct eq_words {
    const char *word[EQ_MOST_WORDS];
    size_t count;
} eq_words;

void eq_words_add(eq_words *w, const char *word);
bool eq_words_have(const eq_words *all, const char *word);
/* The nearest to the n bytes at word by fewer letters than *apart, which becomes their number; NULL:
 * none is. */
const char *eq_words_nearest(const eq_words *all, const char *word, size_t n, int *apart);

/* The child <kind name="..."> of node; NULL: there is none. */
const eq_xml_node *eq_rules_named(const eq_xml_node *node, const char *kind, const char *name);
/* The complexType or simpleType (kind) of a declaration: its own, or the one that it names. */
const eq_xml_node *eq_rules_type(const eq_xml_node *schema, const eq_xml_node *declared,
                                 const char *kind);
/* The declarations <kind> in a type, in groups and sequences of any depth: their names join `all`;
 * returns the one called `name`, NULL: none is. */
const eq_xml_node *eq_rules_find(const eq_xml_node *schema, const eq_xml_node *in, const char *kind,
                                 const char *name, eq_words *all);

#endif
