/* The elements of a document as their readers see them (xml.h). */
#include <string.h>

#include "netlist/xml/libxml.h"
#include "netlist/xml/xml.h"

/* eq_xml_node is xmlNode under another name, so that no libxml2 type leaves this file. */
static const xmlNode *inner(const eq_xml_node *node) {
    return (const xmlNode *)(const void *)node;
}

static const eq_xml_node *outer(const xmlNode *node) {
    return (const eq_xml_node *)(const void *)node;
}

static const eq_xml_node *element_from(const xmlNode *node) {
    while (node != NULL && node->type != XML_ELEMENT_NODE) node = node->next;
    return outer(node);
}

const eq_xml_node *eq_xml_first(const eq_xml_node *node) {
    return node == NULL ? NULL : element_from(inner(node)->children);
}

const eq_xml_node *eq_xml_next(const eq_xml_node *node) {
    return element_from(inner(node)->next);
}

const eq_xml_node *eq_xml_child(const eq_xml_node *node, const char *name) {
    const eq_xml_node *child = eq_xml_first(node);
    while (child != NULL && strcmp(eq_xml_name(child), name) != 0) child = eq_xml_next(child);
    return child;
}

const char *eq_xml_name(const eq_xml_node *node) {
    return (const char *)inner(node)->name;
}

const char *eq_xml_attribute(const eq_xml_node *node, const char *name) {
    if (node == NULL) return NULL;
    for (const xmlAttr *a = inner(node)->properties; a != NULL; a = a->next)
        if (strcmp((const char *)a->name, name) == 0)
            return a->children == NULL ? "" : (const char *)a->children->content;
    return NULL;
}

const char *eq_xml_attribute_at(const eq_xml_node *node, size_t k, const char **name) {
    const xmlAttr *a = inner(node)->properties;
    while (a != NULL && k-- > 0) a = a->next;
    if (a == NULL) return NULL;
    *name = (const char *)a->name;
    return a->children == NULL ? "" : (const char *)a->children->content;
}
