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
    if (error->code == XML_ERR_DOCUMENT_EMPTY && error->level == XML_ERR_FATAL && n > 0 &&
        strstr(error->message, "Start tag") != NULL) {
        eq_fail_at(l->diag, EQ_ERR_INPUT, at,
                   "this is no XML, which begins with <; a deck is named by an experiment, in "
                   "<circuit deck=\"...\"/>");
        return;
    }
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

/* A schema as it is used: compiled, and as a document that says its words. To make it takes longer
 * than to read a small document. */
typedef struct rulebook {
    xmlSchemaPtr compiled;
    xmlDocPtr words;
} rulebook;

static const eq_xml_node *root_of(xmlDocPtr doc) {
    return (const eq_xml_node *)(const void *)eq_libxml.xmlDocGetRootElement(doc);
}

static void rulebook_free(rulebook *b) {
    eq_libxml.xmlSchemaFree(b->compiled);
    eq_libxml.xmlFreeDoc(b->words);
}

static eq_status rulebook_make(const eq_schema *schema, rulebook *b, eq_diag *diag) {
    listener l = {.name = schema->name, .diag = diag};
    xmlSchemaParserCtxtPtr reader =
        eq_libxml.xmlSchemaNewMemParserCtxt((const char *)schema->text, (int)schema->length);
    b->compiled = reader == NULL ? NULL : eq_libxml.xmlSchemaParse(reader);
    b->words = parse(&l, (const char *)schema->text, schema->length);
    eq_libxml.xmlSchemaFreeParserCtxt(reader);
    if (b->compiled != NULL && b->words != NULL) return EQ_OK;
    rulebook_free(b); /* LCOV_EXCL_START: libxml2's allocations, not ours */
    return eq_out_of_memory(diag);
} /* LCOV_EXCL_STOP */

/* Tells every fault, in the words of the schema where it has some. */
static eq_status tell(listener *l, const rulebook *rules, const refusals *r) {
    bool failed = r->failed;
    for (size_t k = 0; k < r->count; k++) {
        eq_text said = {0};
        eq_fault f;
        if (fault_of(&r->at[k], &f)) eq_fault_explain(&f, root_of(rules->words), &said);
        failed = failed || said.failed;
        l->errors++;
        eq_fail_at(l->diag, EQ_ERR_INPUT, (eq_place){l->name, l->whole ? 0 : r->at[k].line, 0},
                   "%s", said.length > 0 ? said.text : r->at[k].message);
        eq_text_free(&said);
    }
    return failed ? eq_out_of_memory(l->diag) : r->count > 0 ? EQ_ERR_INPUT : EQ_OK;
}

static eq_status validate(listener *l, xmlDocPtr doc, const rulebook *rules) {
    eq_libxml.xmlSetStructuredErrorFunc(l, hear);
    xmlSchemaValidCtxtPtr check = eq_libxml.xmlSchemaNewValidCtxt(rules->compiled);
    refusals found = {.count = 0};
    int code = -1;
    if (check != NULL) {
        eq_libxml.xmlSchemaSetValidStructuredErrors(check, note, &found);
        code = eq_libxml.xmlSchemaValidateDoc(check, doc);
    }
    eq_libxml.xmlSetStructuredErrorFunc(NULL, NULL);
    eq_libxml.xmlSchemaFreeValidCtxt(check);
    eq_status status = tell(l, rules, &found);
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
static eq_status apply(xmlDocPtr doc, const rulebook *rules, const eq_settings *settings,
                       eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; settings != NULL && status == EQ_OK && k < settings->count; k++) {
        eq_text label = {0};
        eq_text_printf(&label, "--set %s", settings->item[k]);
        listener l = {.name = label.text, .diag = diag, .whole = true};
        status = label.failed ? eq_out_of_memory(diag)
                              : eq_xml_set(doc, root_of(rules->words), settings->item[k], diag);
        if (status == EQ_OK) status = validate(&l, doc, rules);
        eq_text_free(&label);
    }
    return status;
}

static eq_status check_text(const char *name, const char *text, size_t length, eq_diag *diag) {
    if (length > LARGEST)
        return eq_fail_at(diag, EQ_ERR_INPUT, (eq_place){name, 0, 0},
                          "the document is larger than 1 GiB; use a SPICE deck");
    if (elements_in(text, length) > EQ_MOST_ITEMS)
        return eq_fail_at(diag, EQ_ERR_INPUT, (eq_place){name, 0, 0},
                          "the document has more than %d elements; use fewer", EQ_MOST_ITEMS);
    return eq_libxml_load(diag);
}

/* Of a text that has been checked. */
static eq_status make(const char *name, const char *text, size_t length, const rulebook *rules,
                      const eq_settings *settings, eq_xml **out, eq_diag *diag) {
    listener l = {.name = name, .diag = diag};
    xmlDocPtr doc = parse(&l, text, length);
    if (doc == NULL) return EQ_ERR_INPUT;
    eq_status status = validate(&l, doc, rules);
    if (status == EQ_OK) status = apply(doc, rules, settings, diag);
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
    rulebook rules;
    eq_status status = check_text(name, text, length, diag);
    if (status == EQ_OK) status = rulebook_make(schema, &rules, diag);
    if (status != EQ_OK) return status;
    status = make(name, text, length, &rules, NULL, out, diag);
    rulebook_free(&rules);
    return status;
}

struct eq_xml_master {
    char *name, *text;
    size_t length;
    rulebook rules;
};

void eq_xml_master_free(eq_xml_master *m) {
    if (m == NULL) return;
    if (m->rules.compiled != NULL) rulebook_free(&m->rules);
    eq_free(m->name);
    eq_free(m->text);
    eq_free(m);
}

eq_status eq_xml_master_read(const char *path, const eq_schema *schema, eq_xml_master **out,
                             eq_diag *diag) {
    eq_xml_master *m = eq_calloc(1, sizeof *m);
    if (m == NULL) return eq_out_of_memory(diag);
    m->name = eq_strdup(path);
    eq_status status = m->name == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_file_read(path, (eq_place){0}, &m->text, &m->length, diag);
    if (status == EQ_OK) status = check_text(path, m->text, m->length, diag);
    if (status == EQ_OK) status = rulebook_make(schema, &m->rules, diag);
    if (status == EQ_OK)
        *out = m;
    else
        eq_xml_master_free(m);
    return status;
}

eq_status eq_xml_master_copy(const eq_xml_master *m, const eq_settings *settings, eq_xml **out,
                             eq_diag *diag) {
    eq_xml *xml = NULL;
    eq_status status = make(m->name, m->text, m->length, &m->rules, settings, &xml, diag);
    if (status != EQ_OK) return status;
    xml->text = eq_strdup(m->text);
    if (xml->text == NULL) {
        eq_xml_free(xml);
        return eq_out_of_memory(diag);
    }
    *out = xml;
    return EQ_OK;
}

eq_status eq_xml_read(const char *path, const eq_schema *schema, const eq_settings *settings,
                      eq_xml **out, eq_diag *diag) {
    eq_xml_master *m = NULL;
    eq_status status = eq_xml_master_read(path, schema, &m, diag);
    if (status == EQ_OK) status = eq_xml_master_copy(m, settings, out, diag);
    eq_xml_master_free(m);
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
    long line = eq_libxml.xmlGetLineNo((const xmlNode *)(const void *)node);
    return (eq_place){xml->name, (int)line, 0};
}

/* Behind a comment, a processing instruction or a section that begins at p; p itself where none
 * does. */
static const char *behind_other(const char *p) {
    static const char *const pair[][2] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};
    for (size_t k = 0; k < sizeof pair / sizeof *pair; k++) {
        if (strncmp(p, pair[k][0], strlen(pair[k][0])) != 0) continue;
        const char *end = strstr(p, pair[k][1]);
        return end == NULL ? p + strlen(p) : end + strlen(pair[k][1]);
    }
    return p;
}

/* The start tag of element number n in the order of the text, from 0; NULL: there is none. */
static const char *start_tag(const char *text, size_t n) {
    for (const char *p = text; p != NULL && *p != '\0';) {
        const char *q = behind_other(p);
        if (q != p) {
            p = q;
            continue;
        }
        if (*p == '<' && p[1] != '/' && n-- == 0) return p;
        p++;
    }
    return NULL;
}

/* How many elements of the text, not made by a setting, begin before `node` in the tree of `from`, added to *n; true
 * when it is there.
 * Recursion is as deep as the document. */
static bool count_before(const xmlNode *from, const xmlNode *node, size_t *n) {
    if (from == node) return true;
    if (from->type == XML_ELEMENT_NODE && from->line > 0) ++*n;
    for (const xmlNode *child = from->children; child != NULL; child = child->next)
        if (count_before(child, node, n)) return true;
    return false;
}

/* The name of an attribute in the start tag at p, not the same letters in a value; NULL: not there. */
static const char *name_in_tag(const char *p, const char *attribute) {
    size_t n = strlen(attribute);
    for (p = p == NULL ? "" : p; *p != '\0' && *p != '>'; p++) {
        if (*p == '"' || *p == '\'') {
            p = strchr(p + 1, *p);
            if (p == NULL) return NULL;
        } else if (strchr(" \t\r\n", *p) != NULL && strncmp(p + 1, attribute, n) == 0 &&
                   strchr(" \t\r\n=", p[1 + n]) != NULL) {
            return p + 1;
        }
    }
    return NULL;
}

/* libxml2 keeps the line in which a start tag ends; the text says the rest. */
eq_place eq_xml_attribute_place(const eq_xml *xml, const eq_xml_node *node, const char *attribute) {
    eq_place at = eq_xml_place(xml, node);
    const xmlNode *root = eq_libxml.xmlDocGetRootElement(xml->doc);
    size_t n = 0;
    if (xml->text == NULL || at.line == 0 ||
        !count_before(root, (const xmlNode *)(const void *)node, &n))
        return at;
    const char *name = name_in_tag(start_tag(xml->text, n), attribute);
    if (name == NULL) return at;
    at = (eq_place){at.file, 1, 1};
    for (const char *q = xml->text; q < name; q++) {
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
