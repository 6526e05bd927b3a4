/* Where an experiment names what lies outside of it: files, groups of the circuit, its elements. The places of these
 * attributes outlive the document. Inside src/train only. */
#ifndef EQ_TRAIN_NAMED_H
#define EQ_TRAIN_NAMED_H

#include "netlist/xml/xml.h"
#include "train/experiment/experiment.h"

/* file:line:column of an attribute, for as long as the experiment lives; nowhere where a setting made its element. */
eq_place eq_named_at(const eq_experiment *x, const eq_xml *xml, const eq_xml_node *node,
                     const char *attribute);
/* *value: the file that the attribute names, found from place number `first` on (place.h); untouched where the
 * attribute is absent. node may be NULL. */
eq_status eq_named_read(eq_experiment *x, const eq_xml *xml, const eq_xml_node *node,
                        const char *attribute, int first, char **value, eq_diag *diag);
/* EQ_ERR_INPUT, at the attribute that names it: the file cannot be read. */
eq_status eq_named_there(const eq_experiment *x, const char *path, eq_diag *diag);
void eq_named_free(eq_experiment *x);

/* A text among the options of a network: where it stands in them, and where the place of one that is no file. */
typedef struct eq_named_slot {
    const char *name; /* of the attribute */
    size_t text;      /* offset of a char * */
    bool path;
    size_t place; /* offset of an eq_place, unless it is a path */
} eq_named_slot;

/* Texts whose attributes are there, and the places of all. */
eq_status eq_named_slots_read(eq_experiment *x, const eq_xml *xml, const eq_xml_node *node,
                              const eq_named_slot *slot, size_t slots, void *options,
                              eq_diag *diag);
void eq_named_slots_write(const eq_experiment *x, const eq_named_slot *slot, size_t slots,
                          const void *options, eq_text *t);

#endif
