#include "netlist/xml/fault.h"

#include <string.h>

#include "base/near.h"

enum { MOST_WORDS = 128 };

typedef struct words {
    const char *word[MOST_WORDS];
    size_t count;
} words;

/* What others call it. */
static const struct {
    const char *theirs, *ours;
} synonym[] = {{"lr", "rate"},
               {"learning-rate", "rate"},
               {"learning_rate", "rate"},
               {"eta", "rate"},
               {"batch-size", "size"},
               {"batch_size", "size"},
               {"batch", "minibatch"},
               {"batch", "size"},
               {"loss", "cost"},
               {"model", "architecture"},
               {"network", "architecture"},
               {"netlist", "circuit"},
               {"netlist", "deck"},
               {"file", "path"},
               {"file", "deck"},
               {"dataset", "data"},
               {"sizes", "layers"},
               {"hidden", "layers"},
               {"eps", "epsilon"},
               {"count", "size"},
               {"size", "count"},
               {"number", "count"},
               {"n", "count"},
               {"gradient", "estimator"},
               {"scheduler", "schedule"},
               {"mse", "squared-error"},
               {"ce", "cross-entropy"},
               {"resistance", "r"},
               {"conductance", "g"},
               {"value", "r"},
               {"value", "dc"},
               {"value", "gain"}};

static bool is(const eq_xml_node *node, const char *name) {
    return strcmp(eq_xml_name(node), name) == 0;
}

/* The child <kind name="..."> of node; NULL: there is none. */
static const eq_xml_node *named(const eq_xml_node *node, const char *kind, const char *name) {
    const eq_xml_node *n = eq_xml_first(node);
    for (; n != NULL; n = eq_xml_next(n)) {
        const char *its = eq_xml_attribute(n, "name");
        if (is(n, kind) && its != NULL && name != NULL && strcmp(its, name) == 0) break;
    }
    return n;
}

/* The complexType or simpleType of a declaration: its own, or the one that it names. */
static const eq_xml_node *type_of(const eq_xml_node *schema, const eq_xml_node *declared,
                                  const char *kind) {
    const eq_xml_node *own = eq_xml_child(declared, kind);
    return own != NULL ? own : named(schema, kind, eq_xml_attribute(declared, "type"));
}

static void add(words *w, const char *word) {
    if (word != NULL && w->count < MOST_WORDS) w->word[w->count++] = word;
}

/* The declarations <kind> in a type, in groups and sequences of any depth: their names join `all`;
 * returns the one called `name`. */
static const eq_xml_node *declarations(const eq_xml_node *schema, const eq_xml_node *in,
                                       const char *kind, const char *name, words *all) {
    const eq_xml_node *found = NULL;
    for (const eq_xml_node *n = eq_xml_first(in); n != NULL; n = eq_xml_next(n)) {
        const eq_xml_node *inner = NULL;
        const char *its = eq_xml_attribute(n, "name");
        if (is(n, kind)) {
            add(all, its);
            if (name != NULL && its != NULL && strcmp(its, name) == 0) inner = n;
        } else if (is(n, "attributeGroup")) {
            const eq_xml_node *group = named(schema, "attributeGroup", eq_xml_attribute(n, "ref"));
            inner = declarations(schema, group, kind, name, all);
        } else if (is(n, "sequence") || is(n, "choice") || is(n, "all")) {
            inner = declarations(schema, n, kind, name, all);
        }
        if (found == NULL) found = inner;
    }
    return found;
}

/* The type of the element at the end of a path; NULL: the schema has none there. */
static const eq_xml_node *type_at(const eq_xml_node *schema, const char *const *path,
                                  size_t depth) {
    const eq_xml_node *declared = depth == 0 ? NULL : named(schema, "element", path[0]);
    for (size_t k = 1; declared != NULL && k < depth; k++) {
        words passed = {.count = 0};
        declared = declarations(schema, type_of(schema, declared, "complexType"), "element",
                                path[k], &passed);
    }
    return declared == NULL ? NULL : type_of(schema, declared, "complexType");
}

/* The values that an attribute may have. */
static void values_of(const eq_xml_node *schema, const eq_xml_node *attribute, words *all) {
    const eq_xml_node *type = type_of(schema, attribute, "simpleType");
    for (const eq_xml_node *n = eq_xml_first(eq_xml_child(type, "restriction")); n != NULL;
         n = eq_xml_next(n))
        if (is(n, "enumeration")) add(all, eq_xml_attribute(n, "value"));
}

static bool holds(const words *all, const char *word) {
    for (size_t k = 0; k < all->count; k++)
        if (strcmp(all->word[k], word) == 0) return true;
    return false;
}

/* The one that is meant by the word: what others call so, else the nearest; NULL: none is near. */
static const char *meant(const words *all, const char *word) {
    const char *best = NULL;
    size_t n = strlen(word);
    int nearest = eq_near(n) + 1;
    for (size_t k = 0; k < sizeof synonym / sizeof *synonym; k++)
        if (eq_same(synonym[k].theirs, word) && holds(all, synonym[k].ours)) return synonym[k].ours;
    for (size_t k = 0; k < all->count; k++) {
        int d = eq_distance(word, n, all->word[k]);
        if (d >= nearest) continue;
        nearest = d;
        best = all->word[k];
    }
    return best;
}

static void choices(const words *all, const char *word, eq_text *out) {
    const char *near = meant(all, word);
    if (near != NULL) eq_text_printf(out, "; did you mean %s?", near);
    if (all->count == 0) {
        eq_text_puts(out, "; remove it");
        return;
    }
    eq_text_puts(out, near != NULL ? " allowed: " : "; allowed: ");
    for (size_t k = 0; k < all->count; k++)
        eq_text_printf(out, "%s%s", k == 0 ? "" : ", ", all->word[k]);
}

/* An element that its parent does not have, or has elsewhere. */
static void explain_element(const eq_fault *f, const eq_xml_node *schema, eq_text *out) {
    words all = {.count = 0};
    const char *name = f->path[f->depth - 1];
    const eq_xml_node *parent = type_at(schema, f->path, f->depth - 1);
    declarations(schema, parent, "element", NULL, &all);
    if (parent == NULL) return;
    if (!holds(&all, name)) {
        eq_text_printf(out, "<%s>: element '%.60s' is not allowed here", f->path[f->depth - 2],
                       name);
        choices(&all, name, out);
        return;
    }
    eq_text_printf(out,
                   "<%s>: element '%s' stands here a second time or too late; remove it, or put it "
                   "where it belongs:",
                   f->path[f->depth - 2], name);
    for (size_t k = 0; k < all.count; k++)
        eq_text_printf(out, "%s %s", k == 0 ? "" : ",", all.word[k]);
}

static void explain_attribute(const eq_fault *f, const eq_xml_node *schema, eq_text *out) {
    words all = {.count = 0};
    const char *element = f->path[f->depth - 1];
    const eq_xml_node *type = type_at(schema, f->path, f->depth),
                      *own = declarations(schema, type, "attribute", f->attribute, &all);
    if (type == NULL) return;
    if (f->kind == EQ_FAULT_ATTRIBUTE) {
        eq_text_printf(out, "<%s>: attribute '%.60s' is not allowed here", element, f->attribute);
        choices(&all, f->attribute, out);
    } else if (own != NULL) {
        words values = {.count = 0};
        values_of(schema, own, &values);
        eq_text_printf(out, "<%s>: %s=\"%.60s\" is not known", element, f->attribute, f->value);
        choices(&values, f->value, out);
    }
}

void eq_fault_explain(const eq_fault *f, const eq_xml_node *schema, eq_text *out) {
    words roots = {.count = 0};
    if (f->kind == EQ_FAULT_ROOT) {
        declarations(schema, schema, "element", NULL, &roots);
        eq_text_printf(out, "the document is <%.60s>, not <%s>; give a file that begins with <%s>",
                       f->path[0], roots.count > 0 ? roots.word[0] : "",
                       roots.count > 0 ? roots.word[0] : "");
    } else if (f->kind == EQ_FAULT_ELEMENT) {
        explain_element(f, schema, out);
    } else {
        explain_attribute(f, schema, out);
    }
}
