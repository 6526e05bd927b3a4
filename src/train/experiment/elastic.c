#include "train/experiment/elastic.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "train/experiment/attribute.h"
#include "train/experiment/named.h"

static const eq_named_slot texts[] = {
    {"nodes", offsetof(eq_elastic_options, nodes), true, 0},
    {"springs", offsetof(eq_elastic_options, springs), true, 0},
    {"inputs", offsetof(eq_elastic_options, inputs), false,
     offsetof(eq_elastic_options, inputs_at)},
    {"outputs", offsetof(eq_elastic_options, outputs), false,
     offsetof(eq_elastic_options, outputs_at)},
};

static const struct number {
    const char *name;
    size_t at;
} numbers[] = {
    {"k-min", offsetof(eq_elastic_options, k_min)},
    {"k-max", offsetof(eq_elastic_options, k_max)},
    {"l-min", offsetof(eq_elastic_options, l_min)},
    {"l-max", offsetof(eq_elastic_options, l_max)},
    {"tolerance", offsetof(eq_elastic_options, tolerance)},
};

enum { TEXTS = sizeof texts / sizeof *texts, NUMBERS = sizeof numbers / sizeof *numbers };

static double *number_at(eq_elastic_options *o, size_t k) {
    return (double *)(void *)((char *)o + numbers[k].at);
}

eq_status eq_elastic_element_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                                  eq_diag *diag) {
    eq_elastic_options *o = &x->elastic;
    const char *drive = eq_xml_attribute(node, "drive");
    o->at = (eq_place){x->path, eq_xml_place(xml, node).line, 0};
    for (size_t k = 0; k < TEXTS; k++)
        if (eq_xml_attribute(node, texts[k].name) == NULL)
            return eq_fail_at(diag, EQ_ERR_INPUT, eq_xml_place(xml, node),
                              "an elastic network needs %s; give it as in nodes=\"nodes.csv\" "
                              "springs=\"springs.csv\" inputs=\"a.x\" outputs=\"b.x b.y\"",
                              texts[k].name);
    o->displaced = drive != NULL && strcmp(drive, "displacement") == 0;
    eq_status status = eq_named_slots_read(x, xml, node, texts, TEXTS, o, diag);
    if (status == EQ_OK) status = eq_xml_count(xml, node, "steps", &o->steps, diag);
    for (size_t k = 0; status == EQ_OK && k < NUMBERS; k++)
        status = eq_xml_number(xml, node, numbers[k].name, number_at(o, k), diag);
    return status;
}

void eq_elastic_element_write(const eq_experiment *x, eq_text *t) {
    eq_elastic_options o = x->elastic;
    eq_text_puts(t, "  <network kind=\"elastic\"");
    eq_named_slots_write(x, texts, TEXTS, &o, t);
    eq_text_printf(t, " drive=\"%s\"", o.displaced ? "displacement" : "force");
    for (size_t k = 0; k < NUMBERS; k++) eq_put_number(t, numbers[k].name, *number_at(&o, k));
    eq_text_printf(t, " steps=\"%zu\"/>\n", o.steps);
}
