#include "netlist/xml/xml.h"

#include <float.h>
#include <string.h>

#include "base/carry.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "netlist/xml/fault.h"
#include "netlist/xml/libxml.h"
#include "netlist/xml/setting.h"

struct eq_xml {
    xmlDocPtr doc;
    char *name;
    char *text; /* of a document read from a file; NULL for any other */
};

/* Where libxml2's messages go while one document is read. */
typedef struct listener {
    const char *name;
    eq_diag *diag;
    size_t errors;
    bool whole; /* `name` is no file with lines */
} listener;

static void hear(void *data, xmlErrorPtr error) {
    listener *l = data;
    if (error->level < XML_ERR_ERROR) return;
    size_t n = error->message == NULL ? 0 : strlen(error->message);
    while (n > 0 && (error->message[n - 1] == '\n' || error->message[n - 1] == '.')) n--;
    l->errors++;
    if (error->code == XML_ERR_NO_MEMORY) { /* LCOV_EXCL_START: libxml2's allocations, not ours */
        eq_out_of_memory(l->diag);
        return;
    } /* LCOV_EXCL_STOP */
    eq_place at = {l->name, l->whole ? 0 : error->line, l->whole ? 0 : error->int2};
    eq_fail_at(l->diag, EQ_ERR_INPUT, at, "%.*s", (int)n, n == 0 ? "" : error->message);
}

/* libxml2 calls this at a DOCTYPE: refused, so there are neither entities nor external subsets. */
static void refuse_doctype(void *context, const xmlChar *name, const xmlChar *external,
                           const xmlChar *system) {
    (void)name;
    (void)external;
    (void)system;
    xmlParserCtxtPtr parser = context;
    listener *l = parser->_private;
    l->errors++;
    eq_fail_at(l->diag, EQ_ERR_INPUT,
               (eq_place){l->name, eq_libxml.xmlSAX2GetLineNumber(context), 1},
               "a DOCTYPE is not accepted; remove it, the schema is built in");
    eq_libxml.xmlStopParser(parser);
}

static xmlDocPtr parse(listener *l, const char *text, size_t length) {
    xmlParserCtxtPtr parser = eq_libxml.xmlNewParserCtxt();
    if (parser == NULL) { /* LCOV_EXCL_START: libxml2's allocations, not ours */
        eq_out_of_memory(l->diag);
        return NULL;
    } /* LCOV_EXCL_STOP */
    parser->_private = l;
    parser->sax->internalSubset = refuse_doctype;
    eq_libxml.xmlSetStructuredErrorFunc(l, hear);
    xmlDocPtr doc =
        eq_libxml.xmlCtxtReadMemory(parser, text, (int)length, l->name, NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES);
    eq_libxml.xmlSetStructuredErrorFunc(NULL, NULL);
    bool good = parser->wellFormed && l->errors == 0;
    eq_libxml.xmlFreeParserCtxt(parser);
    if (good) return doc;
    eq_libxml.xmlFreeDoc(doc);
    return NULL;
}

/* A fault that the schema found: libxml2's words for it. */
typedef struct refusal {
    xmlNodePtr node; /* an element or an attribute */
    int code, line;
    char *message;
} refusal;

typedef struct refusals {
    refusal *at;
    size_t count, cap;
    bool failed; /* out of memory */
} refusals;

static void note(void *data, xmlErrorPtr error) {
    refusals *r = data;
    if (error->level < XML_ERR_ERROR) return;
    size_t n = error->message == NULL ? 0 : strlen(error->message);
    while (n > 0 && (error->message[n - 1] == '\n' || error->message[n - 1] == '.')) n--;
    char *copy = eq_strndup(error->message == NULL ? "" : error->message, n);
    if (copy == NULL || !eq_grow((void **)&r->at, &r->cap, r->count + 1, sizeof *r->at)) {
        eq_free(copy);
        r->failed = true;
        return;
    }
    r->at[r->count++] = (refusal){error->node, error->code, error->line, copy};
}

static eq_fault_kind kind_of(const refusal *r, bool *known) {
    *known = true;
    switch (r->code) {
    case XML_SCHEMAV_CVC_ELT_1:
        return EQ_FAULT_ROOT;
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1:
        return EQ_FAULT_ATTRIBUTE;
    case XML_SCHEMAV_CVC_ENUMERATION_VALID:
    case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1:
    case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2:
    case XML_SCHEMAV_CVC_MININCLUSIVE_VALID:
    case XML_SCHEMAV_CVC_MAXINCLUSIVE_VALID:
    case XML_SCHEMAV_CVC_MINEXCLUSIVE_VALID:
    case XML_SCHEMAV_CVC_MAXEXCLUSIVE_VALID:
        return EQ_FAULT_VALUE;
    default:
        *known = r->code == XML_SCHEMAV_ELEMENT_CONTENT && strstr(r->message, "not expected");
        return EQ_FAULT_ELEMENT;
    }
}

/* The attribute of a message "Element 'x', attribute 'y': ...": libxml2 hands on its element. */
static const xmlAttr *attribute_of(const refusal *r) {
    static const char before[] = ", attribute '";
    const char *name = strstr(r->message, before);
    for (const xmlAttr *a = r->node->properties; name != NULL && a != NULL; a = a->next) {
        size_t n = strlen((const char *)a->name);
        const char *text = name + sizeof before - 1;
        if (strncmp(text, (const char *)a->name, n) == 0 && text[n] == '\'') return a;
    }
    return NULL;
}

/* What the schema itself can say better; false: nothing. */
static bool fault_of(const refusal *r, eq_fault *f) {
    bool known, element = r->node != NULL && r->node->type == XML_ELEMENT_NODE;
    const xmlAttr *attribute = element ? attribute_of(r) : NULL;
    size_t depth = 0;
    *f = (eq_fault){.kind = kind_of(r, &known)};
    if (!known || !element) return false;
    if (f->kind == EQ_FAULT_ATTRIBUTE || f->kind == EQ_FAULT_VALUE) {
        if (attribute == NULL) return false;
        f->attribute = (const char *)attribute->name;
        f->value = attribute->children == NULL ? "" : (const char *)attribute->children->content;
    }
    for (const xmlNode *n = r->node; n != NULL && n->type == XML_ELEMENT_NODE; n = n->parent)
        depth++;
    if (depth > EQ_MOST_DEPTH) return false;
    f->depth = depth;
    for (const xmlNode *n = r->node; depth > 0; n = n->parent)
        f->path[--depth] = (const char *)n->name;
    return true;
}

/* Tells every fault, in the words of the schema where it has some. */
static eq_status tell(listener *l, const eq_schema *schema, const refusals *r) {
    xmlDocPtr rules = r->count == 0 ? NULL : parse(l, (const char *)schema->text, schema->length);
    const eq_xml_node *root =
        rules == NULL ? NULL
                      : (const eq_xml_node *)(const void *)eq_libxml.xmlDocGetRootElement(rules);
    bool failed = r->failed;
    for (size_t k = 0; k < r->count; k++) {
        eq_text said = {0};
        eq_fault f;
        if (root != NULL && fault_of(&r->at[k], &f)) eq_fault_explain(&f, root, &said);
        failed = failed || said.failed;
        l->errors++;
        eq_fail_at(l->diag, EQ_ERR_INPUT, (eq_place){l->name, r->at[k].line, 0}, "%s",
                   said.length > 0 ? said.text : r->at[k].message);
        eq_text_free(&said);
    }
    eq_libxml.xmlFreeDoc(rules);
    return failed ? eq_out_of_memory(l->diag) : r->count > 0 ? EQ_ERR_INPUT : EQ_OK;
}

static eq_status validate(listener *l, xmlDocPtr doc, const eq_schema *schema) {
    xmlSchemaParserCtxtPtr reader =
        eq_libxml.xmlSchemaNewMemParserCtxt((const char *)schema->text, (int)schema->length);
    eq_libxml.xmlSetStructuredErrorFunc(l, hear);
    xmlSchemaPtr rules = reader == NULL ? NULL : eq_libxml.xmlSchemaParse(reader);
    xmlSchemaValidCtxtPtr check = rules == NULL ? NULL : eq_libxml.xmlSchemaNewValidCtxt(rules);
    refusals found = {.count = 0};
    int code = -1;
    if (check != NULL) {
        eq_libxml.xmlSchemaSetValidStructuredErrors(check, note, &found);
        code = eq_libxml.xmlSchemaValidateDoc(check, doc);
    }
    eq_libxml.xmlSetStructuredErrorFunc(NULL, NULL);
    eq_libxml.xmlSchemaFreeValidCtxt(check);
    eq_libxml.xmlSchemaFree(rules);
    eq_libxml.xmlSchemaFreeParserCtxt(reader);
    eq_status status = tell(l, schema, &found);
    if (status == EQ_OK && code != 0)
        status = eq_out_of_memory(l->diag); /* LCOV_EXCL_LINE: libxml2's allocations, not ours */
    for (size_t k = 0; k < found.count; k++) eq_free(found.at[k].message);
    eq_free(found.at);
    return status;
}

enum { LARGEST = 1 << 30 };

/* The start tags, and what looks like one inside a comment. */
static size_t elements_in(const char *text, size_t length) {
    size_t n = 0;
    const char *end = text + length;
    for (const char *p = text; (p = memchr(p, '<', (size_t)(end - p))) != NULL; p++)
        n += p + 1 < end && strchr("/!?", p[1]) == NULL;
    return n;
}

/* Changes the document as the settings say, each of which the schema has to allow. */
static eq_status apply(xmlDocPtr doc, const eq_schema *schema, const eq_settings *settings,
                       eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; settings != NULL && status == EQ_OK && k < settings->count; k++) {
        eq_text label = {0};
        eq_text_printf(&label, "--set %s", settings->item[k]);
        listener l = {.name = label.text, .diag = diag, .whole = true};
        status = label.failed ? eq_out_of_memory(diag)
                              : eq_xml_set(doc, schema, settings->item[k], diag);
        if (status == EQ_OK) status = validate(&l, doc, schema);
        eq_text_free(&label);
    }
    return status;
}

static eq_status read_text(const char *name, const char *text, size_t length,
                           const eq_schema *schema, const eq_settings *settings, eq_xml **out,
                           eq_diag *diag) {
    if (length > LARGEST)
        return eq_fail_at(diag, EQ_ERR_INPUT, (eq_place){name, 0, 0},
                          "the document is larger than 1 GiB; use a SPICE deck");
    if (elements_in(text, length) > EQ_MOST_ITEMS)
        return eq_fail_at(diag, EQ_ERR_INPUT, (eq_place){name, 0, 0},
                          "the document has more than %d elements; use fewer", EQ_MOST_ITEMS);
    eq_status loaded = eq_libxml_load(diag);
    if (loaded != EQ_OK) return loaded;
    listener l = {.name = name, .diag = diag};
    xmlDocPtr doc = parse(&l, text, length);
    if (doc == NULL) return EQ_ERR_INPUT;
    eq_status status = validate(&l, doc, schema);
    if (status == EQ_OK) status = apply(doc, schema, settings, diag);
    eq_xml *xml = status == EQ_OK ? eq_calloc(1, sizeof *xml) : NULL;
    char *copy = xml == NULL ? NULL : eq_strdup(name);
    if (status == EQ_OK && copy == NULL) status = eq_out_of_memory(diag);
    if (status != EQ_OK) {
        eq_free(xml);
        eq_libxml.xmlFreeDoc(doc);
        return status;
    }
    *xml = (eq_xml){doc, copy, NULL};
    *out = xml;
    return EQ_OK;
}

eq_status eq_xml_parse(const char *name, const char *text, size_t length, const eq_schema *schema,
                       eq_xml **out, eq_diag *diag) {
    return read_text(name, text, length, schema, NULL, out, diag);
}

eq_status eq_xml_read(const char *path, const eq_schema *schema, const eq_settings *settings,
                      eq_xml **out, eq_diag *diag) {
    char *text;
    size_t length;
    eq_status status = eq_file_read(path, (eq_place){NULL, 0, 0}, &text, &length, diag);
    if (status != EQ_OK) return status;
    status = read_text(path, text, length, schema, settings, out, diag);
    if (status == EQ_OK)
        (*out)->text = text;
    else
        eq_free(text);
    return status;
}

void eq_xml_free(eq_xml *xml) {
    if (xml == NULL) return;
    eq_libxml.xmlFreeDoc(xml->doc);
    eq_free(xml->name);
    eq_free(xml->text);
    eq_free(xml);
}

const eq_xml_node *eq_xml_root(const eq_xml *xml) {
    return (const eq_xml_node *)(const void *)eq_libxml.xmlDocGetRootElement(xml->doc);
}

eq_place eq_xml_place(const eq_xml *xml, const eq_xml_node *node) {
    long line = node == NULL ? 0 : eq_libxml.xmlGetLineNo((const xmlNode *)(const void *)node);
    return (eq_place){xml->name, (int)line, 0};
}

/* libxml2 counts the line in which the start tag ends; its text says the rest. Before the root's
 * tag only comments may hold the same characters. */
eq_place eq_xml_root_place(const eq_xml *xml, const char *attribute) {
    const eq_xml_node *root = eq_xml_root(xml);
    eq_place at = eq_xml_place(xml, root);
    size_t n = strlen(attribute);
    const char *end = xml->text, *tag = NULL, *p;
    for (int line = 0; end != NULL && line < at.line; line++) {
        end = strchr(end, '\n');
        end = end == NULL ? NULL : end + 1;
    }
    if (xml->text != NULL && end == NULL) end = xml->text + strlen(xml->text);
    for (p = xml->text; p != NULL && p < end; p++)
        if (*p == '<' && strncmp(p + 1, eq_xml_name(root), strlen(eq_xml_name(root))) == 0) tag = p;
    for (p = tag; p != NULL && *p != '\0'; p++)
        if (strchr(" \t\r\n", *p) != NULL && strncmp(p + 1, attribute, n) == 0 &&
            strchr(" \t\r\n=", p[1 + n]) != NULL)
            break;
    if (p == NULL || *p == '\0') return at;
    at = (eq_place){at.file, 1, 1};
    for (const char *q = xml->text; q <= p; q++) {
        at.column = *q == '\n' ? 1 : at.column + 1;
        at.line += *q == '\n';
    }
    return at;
}

/* The attribute as a number in [min, max], if it is there. */
static eq_status number(const eq_xml *xml, const eq_xml_node *node, const char *name, double min,
                        double max, double *value, eq_diag *diag) {
    const char *text = eq_xml_attribute(node, name);
    double x;
    if (text == NULL) return EQ_OK;
    size_t n = eq_parse_double(text, strlen(text), &x);
    if (n == 0 || text[n] != '\0') /* INF and NaN, which are numbers to the schema */
        return eq_fail_at(diag, EQ_ERR_INPUT, eq_xml_place(xml, node),
                          "%s=\"%s\" is no number; write one like 0.25 or 1e-6", name, text);
    if (!(x >= min && x <= max))
        return eq_fail_at(diag, EQ_ERR_INPUT, eq_xml_place(xml, node),
                          "%s=\"%s\" is outside %g..%g; give a value inside", name, text, min, max);
    *value = x;
    return EQ_OK;
}

eq_status eq_xml_number(const eq_xml *xml, const eq_xml_node *node, const char *name, double *value,
                        eq_diag *diag) {
    return number(xml, node, name, -DBL_MAX, DBL_MAX, value, diag);
}

eq_status eq_xml_count(const eq_xml *xml, const eq_xml_node *node, const char *name, size_t *value,
                       eq_diag *diag) {
    double x = (double)*value;
    eq_status status = number(xml, node, name, 0.0, 1e15, &x, diag);
    if (status == EQ_OK && eq_xml_attribute(node, name) != NULL) *value = (size_t)x;
    return status;
}

void eq_xml_escape(eq_carrier as, const char *text, eq_text *out) {
    eq_text whole = {0};
    eq_carry(as, text, &whole);
    for (const char *p = whole.failed ? "" : whole.text; *p != '\0'; p++) {
        if (*p == '&')
            eq_text_puts(out, "&amp;");
        else if (*p == '<')
            eq_text_puts(out, "&lt;");
        else if (*p == '>')
            eq_text_puts(out, "&gt;");
        else if (*p == '"')
            eq_text_puts(out, "&quot;");
        else if (*p == '\t' || *p == '\n' || *p == '\r')
            eq_text_printf(out, "&#%d;", *p);
        else
            eq_text_add(out, p, 1);
    }
    out->failed = out->failed || whole.failed;
    eq_text_free(&whole);
}
