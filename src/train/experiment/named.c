#include "train/experiment/named.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/experiment/attribute.h"
#include "train/experiment/place.h"

eq_place eq_named_at(const eq_experiment *x, const eq_xml *xml, const eq_xml_node *node,
                     const char *attribute) {
    eq_place at = eq_xml_attribute_place(xml, node, attribute);
    bool made = at.line == 0; /* by a setting */
    return made ? (eq_place){0} : (eq_place){x->path, at.line, at.column};
}

eq_status eq_named_read(eq_experiment *x, const eq_xml *xml, const eq_xml_node *node,
                        const char *attribute, int first, char **value, eq_diag *diag) {
    const char *said = node == NULL ? NULL : eq_xml_attribute(node, attribute);
    if (said == NULL) return EQ_OK;
    if (!eq_grow((void **)&x->named, &x->named_cap, x->nameds + 1, sizeof *x->named))
        return eq_out_of_memory(diag);
    char *path = eq_place_find(x->folder, x->home, said, first);
    eq_named *n = &x->named[x->nameds];
    *n = (eq_named){eq_strdup(path == NULL ? "" : path), eq_named_at(x, xml, node, attribute)};
    x->nameds += n->path != NULL;
    eq_free(*value);
    *value = path;
    return path != NULL && n->path != NULL ? EQ_OK : eq_out_of_memory(diag);
}

eq_status eq_named_there(const eq_experiment *x, const char *path, eq_diag *diag) {
    size_t k = 0;
    while (k < x->nameds && strcmp(x->named[k].path, path) != 0) k++;
    return eq_file_check(path, k < x->nameds ? x->named[k].at : (eq_place){0}, diag);
}

/* One text and its place. */
static eq_status read_slot(eq_experiment *x, const eq_xml *xml, const eq_xml_node *node,
                           const eq_named_slot *s, char *options, eq_diag *diag) {
    const char *said = eq_xml_attribute(node, s->name);
    char **to = (char **)(void *)(options + s->text);
    if (s->path) return eq_named_read(x, xml, node, s->name, 0, to, diag);
    *(eq_place *)(void *)(options + s->place) = eq_named_at(x, xml, node, s->name);
    if (said == NULL) return EQ_OK;
    *to = eq_strdup(said);
    return *to == NULL ? eq_out_of_memory(diag) : EQ_OK;
}

eq_status eq_named_slots_read(eq_experiment *x, const eq_xml *xml, const eq_xml_node *node,
                              const eq_named_slot *slot, size_t slots, void *options,
                              eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < slots; k++)
        status = read_slot(x, xml, node, &slot[k], options, diag);
    return status;
}

void eq_named_slots_write(const eq_experiment *x, const eq_named_slot *slot, size_t slots,
                          const void *options, eq_text *t) {
    for (size_t k = 0; k < slots; k++) {
        const char *text = *(char *const *)(const void *)((const char *)options + slot[k].text);
        if (slot[k].path)
            eq_put_path(x, t, slot[k].name, text);
        else
            eq_put_text(t, slot[k].name, text);
    }
}

void eq_named_free(eq_experiment *x) {
    for (size_t k = 0; k < x->nameds; k++) eq_free(x->named[k].path);
    eq_free(x->named);
}
