#include "netlist/xml/fault.h"

#include <string.h>

#include "base/near.h"
#include "netlist/lexer.h"
#include "netlist/xml/rules.h"

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

/* The type of the element at the end of a path; NULL: the schema has none there. */
static const eq_xml_node *type_at(const eq_xml_node *schema, const char *const *path,
                                  size_t depth) {
    const eq_xml_node *declared = depth == 0 ? NULL : eq_rules_named(schema, "element", path[0]);
    for (size_t k = 1; declared != NULL && k < depth; k++) {
        eq_words passed = {.count = 0};
        declared = eq_rules_find(schema, eq_rules_type(schema, declared, "complexType"), "element",
                                 path[k], &passed);
    }
    return declared == NULL ? NULL : eq_rules_type(schema, declared, "complexType");
}

/* The values that an attribute may have. */
static void values_of(const eq_xml_node *schema, const eq_xml_node *attribute, eq_words *all) {
    const eq_xml_node *type = eq_rules_type(schema, attribute, "simpleType");
    for (const eq_xml_node *n = eq_xml_first(eq_xml_child(type, "restriction")); n != NULL;
         n = eq_xml_next(n))
        if (strcmp(eq_xml_name(n), "enumeration") == 0)
            eq_words_add(all, eq_xml_attribute(n, "value"));
}

/* What the values of a type are, where they are no words: "a number above 0, up to 1"; nothing is
 * appended where the schema says it in another way. */
static void describe(const eq_xml_node *schema, const eq_xml_node *type, const char *base,
                     eq_text *out) {
    static const struct {
        const char *word, *says;
    } bases[] = {{"xs:double", "a number"},
                 {"xs:nonNegativeInteger", "a whole number from 0 on"},
                 {"xs:positiveInteger", "a whole number from 1 on"},
                 {"values", "numbers with blanks between them"}},
      facets[] = {{"minExclusive", "above"},
                  {"minInclusive", "not below"},
                  {"maxExclusive", "below"},
                  {"maxInclusive", "up to"}};
    const eq_xml_node *own = eq_xml_child(type, "restriction");
    const char *inner = own == NULL ? base : eq_xml_attribute(own, "base");
    for (size_t k = 0; inner != NULL && k < sizeof bases / sizeof *bases; k++)
        if (strcmp(bases[k].word, inner) == 0) eq_text_puts(out, bases[k].says);
    if (out->length == 0 && inner != NULL && own != NULL)
        describe(schema, eq_rules_named(schema, "simpleType", inner), NULL, out);
    size_t named = out->length;
    for (const eq_xml_node *n = eq_xml_first(own); named > 0 && n != NULL; n = eq_xml_next(n))
        for (size_t k = 0; k < sizeof facets / sizeof *facets; k++)
            if (strcmp(eq_xml_name(n), facets[k].word) == 0)
                eq_text_printf(out, "%s %s %s", strstr(out->text, "0") != NULL ? " and" : "",
                               facets[k].says, eq_xml_attribute(n, "value"));
}

/* The one that is meant by the word: what others call so, else the nearest; NULL: none is near. */
static const char *meant(const eq_words *all, const char *word) {
    size_t n = strlen(word);
    int apart = eq_near(n) + 1;
    for (size_t k = 0; k < sizeof synonym / sizeof *synonym; k++)
        if (eq_same(synonym[k].theirs, word) && eq_words_have(all, synonym[k].ours))
            return synonym[k].ours;
    return eq_words_nearest(all, word, n, &apart);
}

static void choices(const eq_words *all, const char *word, eq_text *out) {
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

/* A value that is none of the words, or not such a number. */
static void explain_value(const eq_fault *f, const eq_xml_node *schema, const eq_xml_node *own,
                          eq_text *out) {
    eq_words values = {.count = 0};
    const char *element = f->path[f->depth - 1];
    eq_text what = {0};
    double meant_by;
    size_t n = strlen(f->value);
    values_of(schema, own, &values);
    if (values.count > 0) {
        eq_text_printf(out, "<%s>: %s=\"%.60s\" is not known", element, f->attribute, f->value);
        choices(&values, f->value, out);
        return;
    }
    describe(schema, eq_rules_type(schema, own, "simpleType"), eq_xml_attribute(own, "type"),
             &what);
    if (what.length > 0)
        eq_text_printf(out, "<%s>: %s=\"%.60s\" cannot be; allowed: %s", element, f->attribute,
                       f->value, what.text);
    if (what.length > 0 && n > 0 && strpbrk(f->value + n - 1, "0123456789.") == NULL &&
        eq_spice_number(f->value, n, EQ_NGSPICE, &meant_by) == n)
        eq_text_printf(out, "; suffixes are not read here, write %.15g", meant_by);
    eq_text_free(&what);
}

/* An element that its parent does not have, or has elsewhere. */
static void explain_element(const eq_fault *f, const eq_xml_node *schema, eq_text *out) {
    eq_words all = {.count = 0};
    const char *name = f->path[f->depth - 1];
    const eq_xml_node *parent = type_at(schema, f->path, f->depth - 1);
    eq_rules_find(schema, parent, "element", NULL, &all);
    if (parent == NULL) return;
    if (!eq_words_have(&all, name)) {
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
    eq_words all = {.count = 0};
    const char *element = f->path[f->depth - 1];
    const eq_xml_node *type = type_at(schema, f->path, f->depth),
                      *own = eq_rules_find(schema, type, "attribute", f->attribute, &all);
    if (type == NULL) return;
    if (f->kind == EQ_FAULT_ATTRIBUTE) {
        eq_text_printf(out, "<%s>: attribute '%.60s' is not allowed here", element, f->attribute);
        choices(&all, f->attribute, out);
    } else if (own != NULL) {
        explain_value(f, schema, own, out);
    }
}

/* A file of another kind than the command wants. */
static void explain_root(const char *root, const eq_xml_node *schema, eq_text *out) {
    static const struct {
        const char *root, *wanted, *give; /* wanted NULL: whatever it is */
    } mistakes[] = {
        {"experiment", "circuit",
         "an experiment; give its deck, or the folder that `eqspice train` makes of it"},
        {"experiment", "study",
         "an experiment; give a study, which names it in <study experiment=\"...\">"},
        {"circuit", NULL,
         "a circuit; give an experiment, which names it in <circuit deck=\"...\"/>"},
        {"study", NULL, "a study; `eqspice explore` takes it"},
    };
    eq_words roots = {.count = 0};
    eq_rules_find(schema, schema, "element", NULL, &roots);
    const char *wanted = roots.count > 0 ? roots.word[0] : "";
    for (size_t k = 0; k < sizeof mistakes / sizeof *mistakes; k++) {
        bool fits = mistakes[k].wanted == NULL || strcmp(mistakes[k].wanted, wanted) == 0;
        if (!fits || strcmp(mistakes[k].root, root) != 0) continue;
        eq_text_printf(out, "this is the file of %s", mistakes[k].give);
        return;
    }
    eq_text_printf(out, "the document is <%.60s>, not <%s>; give a file that begins with <%s>",
                   root, wanted, wanted);
}

void eq_fault_explain(const eq_fault *f, const eq_xml_node *schema, eq_text *out) {
    if (f->kind == EQ_FAULT_ROOT) {
        explain_root(f->path[0], schema, out);
    } else if (f->kind == EQ_FAULT_ELEMENT) {
        explain_element(f, schema, out);
    } else {
        explain_attribute(f, schema, out);
    }
}
