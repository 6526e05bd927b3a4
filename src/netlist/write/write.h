/* Internal to the writers: how a dialect says things (dialects.c), and how a deck is put together
 * from it (write.c). */
#ifndef EQ_NETLIST_WRITE_WRITE_H
#define EQ_NETLIST_WRITE_WRITE_H

#include "base/carry.h"
#include "circuit/formula.h"
#include "netlist/netlist.h"

/* One SPICE-like dialect. The line of an element stands in its class (devices/device.h); write.c
 * fills in its $-letters:
 *   $n name   $a $b ... $h nodes   $k controlling element   $v value   $m model
 *   $i parameters of the instance   $e the formula of a behavioural source   $u the drop v(a,b)
 *   $0 ... $9 the number in that column   $p the formula of the class, with these in it */
typedef struct eq_dialect_table {
    const char *name;
    double k_over_q;        /* V/K: docs/theory.md, 7 */
    const char *comment;    /* starts a comment line */
    const char *head;       /* follows the title */
    const char *options;    /* $r reltol, $g gmin, $T temp, $N tnom */
    const char *capacitor;  /* $n name, $a $b nodes, $v farad */
    const char *nodeset[2]; /* around the node of a potential to start from */
    bool off;               /* an element may be off */
    const char *tail;       /* the last lines */
    bool typed_names;       /* the first letter of an element's name is its type */
    bool title_is_bare;     /* line 1 is the title without a comment sign */
    const char
        *model; /* $n name, $t type of the class, $c its name; parameters follow, model_end */
    const char *model_end;
    const char *current; /* a class without a line of its own: its current as a formula, $p */
} eq_dialect_table;

/* NULL for EQ_XML. */
const eq_dialect_table *eq_dialect_table_of(eq_dialect dialect);

/* A deck being written (write.c); its names (name.c). */
typedef struct eq_deck_writer {
    const eq_circuit *c;
    eq_dialect dialect;
    const eq_dialect_table *d;
    eq_text *out;
    eq_diag *diag;
    eq_status status; /* of the first fault */
    double scale;     /* k/q of the circuit over that of the dialect */
    int32_t *sensed;  /* [elements] name in `made` of the node of an E or H whose current controls
                         another element; EQ_NO_NAME: it does not */
    bool *wire;       /* [elements] written as a 0-V source (wires.c); NULL: none is */
    eq_names *made;   /* nodes of the writer's own */
    bool numbered;    /* names are numbers, and nothing is written that others have worded */
    bool own; /* for eqspice itself: a class without a line has one all the same, NAME nodes PARAM=
               */
    char letter[EQ_CLASS_COUNT]; /* which an element of the class begins with (name.c) */
} eq_deck_writer;

/* The line of a class in the dialect, NULL: it has none, nor a formula. */
const char *eq_class_line(const eq_deck_writer *w, const eq_device_class *cls);

/* Fills in w->letter. */
void eq_find_letters(eq_deck_writer *w);

/* Finds the elements whose current is sensed. */
eq_status eq_find_sensed(eq_deck_writer *w);
bool eq_is_sensed(const eq_deck_writer *w, eq_element e);

/* Finds the resistors of 0 ohm that become 0-V sources. */
eq_status eq_find_wires(eq_deck_writer *w);
bool eq_is_wire(const eq_deck_writer *w, eq_element e);

/* Append a name as the dialect has it, or leave an error in w->status: what a name may hold there
 * is data (base/carry.c), so that it never becomes a line, a card or a comment of its own. The node
 * stands on the line of element e, or EQ_NONE. */
void eq_write_node(eq_deck_writer *w, eq_node node, eq_element e);
void eq_write_element(eq_deck_writer *w, eq_element e);
void eq_write_capacitor(eq_deck_writer *w, size_t k);
/* m NULL: the model of the element's own. */
void eq_write_model_name(eq_deck_writer *w, const eq_model *m, eq_element e);
/* The branch whose current is asked for, in i(...) and behind F or H. */
void eq_write_branch(eq_deck_writer *w, eq_element e);
void eq_write_control(eq_deck_writer *w, eq_element e);
/* The 0-V source in series with a sensed element, and the node between them. */
void eq_write_sense(eq_deck_writer *w, eq_element e);
void eq_write_sense_node(eq_deck_writer *w, eq_element e);
/* The pattern of group k, which must match the same elements under the names they have there. */
void eq_write_pattern(eq_deck_writer *w, size_t k);

/* Appends a formula; `name` writes an input. Shared parts are written out each time. NULL, or what
 * the dialect does not have. */
typedef void (*eq_input_writer)(void *data, const eq_formula_input *input, eq_text *out);
const char *eq_write_formula(const eq_formula *f, eq_dialect dialect, eq_input_writer name,
                             void *data, eq_text *out);

eq_status eq_xml_check_names(const eq_circuit *c, eq_diag *diag);
/* With the analyses of `plan`; NULL: the operating point. */
eq_status eq_write_xml(const eq_circuit *c, const eq_deck *plan, const char *note, eq_text *out,
                       eq_diag *diag);

#endif
