#include "train/experiment/attribute.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/experiment/place.h"

void eq_put_text(eq_text *t, const char *name, const char *value) {
    if (value == NULL) return;
    eq_text_printf(t, " %s=\"", name);
    eq_xml_escape(EQ_CARRY_TEXT, value, t);
    eq_text_puts(t, "\"");
}

void eq_put_number(eq_text *t, const char *name, double value) {
    char text[EQ_NUMBER_LENGTH];
    if (!isnan(value)) eq_text_printf(t, " %s=\"%s\"", name, eq_number(value, text));
}

/* From the copy's folder, or from the root where there is none and where the user wrote it so. */
static char *path_from(const eq_experiment *x, const char *path) {
    bool own = path[0] != '/' || strncmp(path, x->folder, strlen(x->folder)) == 0;
    return x->home != NULL && own ? eq_place_relative(x->home, path) : eq_path_absolute(path);
}

void eq_put_whole_path(eq_text *t, const char *name, char *path) {
    if (path == NULL)
        t->failed = true;
    else
        eq_put_text(t, name, path);
    eq_free(path);
}

void eq_put_path(const eq_experiment *x, eq_text *t, const char *name, const char *path) {
    if (path != NULL) eq_put_whole_path(t, name, path_from(x, path));
}

eq_status eq_element_located(const eq_xml *xml, const eq_xml_node *node, size_t said,
                             eq_status status, eq_diag *diag) {
    eq_diag_locate(diag, said, eq_xml_place(xml, node));
    return status == EQ_OK || status == EQ_ERR_MEMORY ? status : EQ_ERR_INPUT;
}
