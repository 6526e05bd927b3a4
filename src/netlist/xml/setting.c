#include "netlist/xml/setting.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/near.h"
#include "netlist/xml/rules.h"

/* A part of a path: name or name[which]. */
typedef struct step {
    const char *name, *which, *next; /* next: behind the dot, NULL at the end */
    size_t length, which_length;     /* which is NULL without brackets */
} step;

/* What one setting needs. */
typedef struct setter {
    const char *setting;      /* "estimator.beta=1e-7" */
    const char *value;        /* behind the = */
    const eq_xml_node *rules; /* root of the schema's document */
    eq_diag *diag;
} setter;

static bool is(const char *name, size_t length, const char *word) {
    return word != NULL && strlen(word) == length && memcmp(name, word, length) == 0;
}

/* The next step of the path; in brackets dots and = mean nothing. */
static step take(const char *path, const char *end) {
    step s = {.name = path};
    size_t n = strcspn(path, ".[=");
    s.length = path + n > end ? (size_t)(end - path) : n;
    const char *p = path + s.length;
    if (p < end && *p == '[') {
        s.which = p + 1;
        while (p < end && *p != ']') p++;
        s.which_length = (size_t)(p - s.which);
        if (p < end) p++;
    }
    s.next = p < end && *p == '.' ? p + 1 : NULL;
    return s;
}

/* The = between path and value, not one in brackets or parentheses; NULL: there is none. */
static const char *equals(const char *setting) {
    int depth = 0;
    for (const char *p = setting; *p != '\0'; p++) {
        depth += (*p == '[' || *p == '(') - (*p == ']' || *p == ')');
        if (*p == '=' && depth <= 0) return p;
    }
    return NULL;
}

static const eq_xml_node *type_of(const setter *s, const eq_xml_node *element) {
    return eq_rules_type(s->rules, element, "complexType");
}

static const eq_xml_node *find(const setter *s, const eq_xml_node *type, const char *kind,
                               const char *name, size_t length) {
    char word[64]; /* the schema has no longer one */
    eq_words passed = {.count = 0};
    if (length >= sizeof word) return NULL;
    memcpy(word, name, length);
    word[length] = '\0';
    return eq_rules_find(s->rules, type, kind, word, &passed);
}

/* The names of the declarations of a kind ("element", "attribute") in a complexType. */
static eq_words names_of(const setter *s, const eq_xml_node *type, const char *kind) {
    eq_words all = {.count = 0};
    eq_rules_find(s->rules, type, kind, NULL, &all);
    return all;
}

/* "a, b, c" */
static void list(const eq_words *all, const char *before, eq_text *t) {
    for (size_t k = 0; k < all->count; k++)
        eq_text_printf(t, "%s%s", k == 0 ? before : ", ", all->word[k]);
}

/* No declaration has the name: what is near, what is allowed. */
static eq_status unknown(const setter *s, const eq_xml_node *type, const step *at) {
    eq_words attributes = names_of(s, type, "attribute"), elements = names_of(s, type, "element");
    int apart = eq_near(at->length) + 1;
    eq_text t = {0};
    const char *attribute = eq_words_nearest(&attributes, at->name, at->length, &apart),
               *element = eq_words_nearest(&elements, at->name, at->length, &apart),
               *best = element != NULL ? element : attribute;
    if (best != NULL) eq_text_printf(&t, "did you mean %s? ", best);
    list(&attributes, "attributes here: ", &t);
    list(&elements, t.length > 0 ? "; elements here: " : "elements here: ", &t);
    eq_status status =
        t.failed ? eq_out_of_memory(s->diag)
                 : eq_fail(s->diag, EQ_ERR_USAGE, "--set %s: there is no '%.*s'; %s", s->setting,
                           (int)at->length, at->name, t.text == NULL ? "leave it out" : t.text);
    eq_text_free(&t);
    return status;
}

/* Whether an element is the one in brackets: its number among those of its name, or its first
 * attribute. */
static bool chosen(const step *at, const xmlNode *node, unsigned long number) {
    char *end;
    if (at->which == NULL) return true;
    if (strtoul(at->which, &end, 10) == number && end == at->which + at->which_length) return true;
    const xmlAttr *first = node->properties;
    return first != NULL && first->children != NULL &&
           is(at->which, at->which_length, (const char *)first->children->content);
}

static eq_status set_attribute(const setter *s, xmlNode *node, const step *at) {
    char *name = eq_strndup(at->name, at->length);
    bool done = name != NULL && eq_libxml.xmlSetProp(node, (const xmlChar *)name,
                                                     (const xmlChar *)s->value) != NULL;
    eq_free(name);
    return done ? EQ_OK : eq_out_of_memory(s->diag);
}

/* An attribute of the schema; a path is that of whoever gives it, not of the experiment. */
static eq_status set_declared(const setter *s, xmlNode *node, const eq_xml_node *type,
                              const step *at) {
    const eq_xml_node *declared = find(s, type, "attribute", at->name, at->length);
    if (declared == NULL) return unknown(s, type, at);
    const char *kind = eq_xml_attribute(declared, "type");
    if (kind == NULL || strcmp(kind, "path") != 0) return set_attribute(s, node, at);
    char *path = eq_path_absolute(s->value);
    setter absolute = *s;
    absolute.value = path;
    eq_status status =
        path == NULL ? eq_out_of_memory(s->diag) : set_attribute(&absolute, node, at);
    eq_free(path);
    return status;
}

static xmlNode *add_child(xmlNode *node, const char *name, size_t length) {
    char *copy = eq_strndup(name, length);
    xmlNode *child =
        copy == NULL ? NULL : eq_libxml.xmlNewChild(node, NULL, (const xmlChar *)copy, NULL);
    eq_free(copy);
    return child;
}

static eq_status none_chosen(const setter *s, const step *at) {
    return eq_fail(s->diag, EQ_ERR_USAGE,
                   "--set %s: the experiment has no such <%.*s>; give its first attribute or its "
                   "number in brackets, as group[1] or group[r*]",
                   s->setting, (int)at->length, at->name);
}

/* Sets the attribute at the end of the path below `node`, whose declaration is `type`. Recursion
 * ends with the path. */
static eq_status set_below(const setter *s, xmlNode *node, const eq_xml_node *type,
                           const char *path) {
    step at = take(path, s->value - 1);
    if (at.next == NULL) return set_declared(s, node, type, &at);
    const eq_xml_node *declared = find(s, type, "element", at.name, at.length);
    if (declared == NULL) return unknown(s, type, &at);
    unsigned long number = 0;
    bool any = false;
    eq_status status = EQ_OK;
    for (xmlNode *n = node->children; status == EQ_OK && n != NULL; n = n->next) {
        if (n->type != XML_ELEMENT_NODE || !is(at.name, at.length, (const char *)n->name)) continue;
        if (!chosen(&at, n, ++number)) continue;
        any = true;
        status = set_below(s, n, type_of(s, declared), at.next);
    }
    if (status != EQ_OK || any) return status;
    if (at.which != NULL) return none_chosen(s, &at);
    xmlNode *made = add_child(node, at.name, at.length);
    return made == NULL ? eq_out_of_memory(s->diag)
                        : set_below(s, made, type_of(s, declared), at.next);
}

/* <set name="r1(r)" value="3k"/> in the element that may hold it. */
static eq_status set_parameter(const setter *s, xmlNode *root, const eq_xml_node *type) {
    static const step name = {.name = "name", .length = 4}, value = {.name = "value", .length = 5};
    size_t length = (size_t)(s->value - 1 - s->setting);
    for (xmlNode *n = root->children; n != NULL; n = n->next) {
        if (n->type != XML_ELEMENT_NODE) continue;
        const char *word = (const char *)n->name;
        const eq_xml_node *declared = find(s, type, "element", word, strlen(word));
        if (declared == NULL || find(s, type_of(s, declared), "element", "set", 3) == NULL)
            continue;
        xmlNode *made = add_child(n, "set", 3);
        char *handle = eq_strndup(s->setting, length);
        setter named = *s;
        named.value = handle;
        eq_status status = made == NULL || handle == NULL ? eq_out_of_memory(s->diag) : EQ_OK;
        if (status == EQ_OK) status = set_attribute(&named, made, &name);
        if (status == EQ_OK) status = set_attribute(s, made, &value);
        eq_free(handle);
        return status;
    }
    step at = take(s->setting, s->value - 1);
    return unknown(s, type, &at);
}

/* Whether the path begins as the schema has it, or nearly: then it is none of a parameter. */
static bool is_path(const eq_xml_node *type, const setter *s) {
    step at = take(s->setting, s->value - 1);
    eq_words names = names_of(s, type, at.next == NULL ? "attribute" : "element");
    int apart = at.next == NULL ? 1 : eq_near(at.length) + 1;
    if (memchr(s->setting, '(', (size_t)(s->value - s->setting)) != NULL) return false;
    return eq_words_nearest(&names, at.name, at.length, &apart) != NULL;
}

static eq_status set(setter *s, xmlDocPtr doc) {
    xmlNode *root = eq_libxml.xmlDocGetRootElement(doc);
    const eq_xml_node *type = type_of(s, eq_xml_child(s->rules, "element"));
    const char *sign = equals(s->setting);
    if (sign == NULL || sign == s->setting)
        return eq_fail(s->diag, EQ_ERR_USAGE,
                       "--set '%s' has no value; write NAME=VALUE, as estimator.beta=1e-7 or "
                       "r1(r)=3k",
                       s->setting);
    s->value = sign + 1;
    return is_path(type, s) ? set_below(s, root, type, s->setting) : set_parameter(s, root, type);
}

eq_status eq_xml_set(xmlDocPtr doc, const eq_xml_node *schema, const char *setting, eq_diag *diag) {
    setter s = {.setting = setting, .rules = schema, .diag = diag};
    return set(&s, doc);
}
