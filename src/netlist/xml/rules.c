#include "netlist/xml/rules.h"

#include <string.h>

#include "base/near.h"

static bool is(const eq_xml_node *node, const char *name) {
    return strcmp(eq_xml_name(node), name) == 0;
}

const eq_xml_node *eq_rules_named(const eq_xml_node *node, const char *kind, const char *name) {
    const eq_xml_node *n = eq_xml_first(node);
    for (; n != NULL; n = eq_xml_next(n)) {
        const char *its = eq_xml_attribute(n, "name");
        if (is(n, kind) && its != NULL && name != NULL && strcmp(its, name) == 0) break;
    }
    return n;
}

const eq_xml_node *eq_rules_type(const eq_xml_node *schema, const eq_xml_node *declared,
                                 const char *kind) {
    const eq_xml_node *own = eq_xml_child(declared, kind);
    return own != NULL ? own : eq_rules_named(schema, kind, eq_xml_attribute(declared, "type"));
}

void eq_words_add(eq_words *w, const char *word) {
    if (word != NULL && w->count < EQ_MOST_WORDS) w->word[w->count++] = word;
}

const eq_xml_node *eq_rules_find(const eq_xml_node *schema, const eq_xml_node *in, const char *kind,
                                 const char *name, eq_words *all) {
    const eq_xml_node *found = NULL;
    for (const eq_xml_node *n = eq_xml_first(in); n != NULL; n = eq_xml_next(n)) {
        const eq_xml_node *inner = NULL;
        const char *its = eq_xml_attribute(n, "name");
        if (is(n, kind)) {
            eq_words_add(all, its);
            if (name != NULL && its != NULL && strcmp(its, name) == 0) inner = n;
        } else if (is(n, "attributeGroup")) {
            const eq_xml_node *group =
                eq_rules_named(schema, "attributeGroup", eq_xml_attribute(n, "ref"));
            inner = eq_rules_find(schema, group, kind, name, all);
        } else if (is(n, "sequence") || is(n, "choice") || is(n, "all")) {
            inner = eq_rules_find(schema, n, kind, name, all);
        }
        if (found == NULL) found = inner;
    }
    return found;
}

bool eq_words_have(const eq_words *all, const char *word) {
    for (size_t k = 0; k < all->count; k++)
        if (strcmp(all->word[k], word) == 0) return true;
    return false;
}

const char *eq_words_nearest(const eq_words *all, const char *word, size_t n, int *apart) {
    const char *best = NULL;
    for (size_t k = 0; k < all->count; k++) {
        int d = eq_distance(word, n, all->word[k]);
        if (d >= *apart) continue;
        *apart = d;
        best = all->word[k];
    }
    return best;
}
