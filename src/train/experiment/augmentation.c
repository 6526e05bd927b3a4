#include "train/experiment/augmentation.h"

#include "train/experiment/attribute.h"

eq_status eq_augmentation_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                               eq_diag *diag) {
    eq_augmentation *o = &x->augmentation;
    if (node == NULL) return EQ_OK;
    const char *mirror = eq_xml_attribute(node, "mirror");
    eq_place at = eq_xml_place(xml, node);
    o->at = at.line == 0 ? (eq_place){0}
                         : (eq_place){x->path, at.line, at.column}; /* 0: by a setting */
    o->mirror = mirror != NULL && eq_same(mirror, "yes");
    eq_status status = eq_xml_count(xml, node, "shift", &o->shift, diag);
    if (status == EQ_OK) status = eq_xml_number(xml, node, "turn", &o->turn, diag);
    if (status == EQ_OK) status = eq_xml_number(xml, node, "zoom", &o->zoom, diag);
    if (status == EQ_OK) status = eq_xml_number(xml, node, "noise", &o->noise, diag);
    if (status == EQ_OK) status = eq_xml_count(xml, node, "width", &o->width, diag);
    if (status == EQ_OK) status = eq_xml_count(xml, node, "channels", &o->channels, diag);
    return status;
}

void eq_augmentation_write(const eq_experiment *x, eq_text *t) {
    const eq_augmentation *o = &x->augmentation;
    if (!eq_augmentation_is(o)) return;
    eq_text_printf(t, "  <augmentation shift=\"%zu\"", o->shift);
    eq_put_number(t, "turn", o->turn);
    eq_put_number(t, "zoom", o->zoom);
    eq_put_text(t, "mirror", o->mirror ? "yes" : "no");
    eq_put_number(t, "noise", o->noise);
    if (o->width > 0) eq_text_printf(t, " width=\"%zu\"", o->width);
    if (o->channels > 0) eq_text_printf(t, " channels=\"%zu\"", o->channels);
    eq_text_puts(t, "/>\n");
}
