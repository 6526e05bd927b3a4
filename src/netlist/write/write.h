/* Internal to the writers: how a dialect says things (dialects.c), and how a deck is put together
 * from it (write.c). */
#ifndef EQ_NETLIST_WRITE_WRITE_H
#define EQ_NETLIST_WRITE_WRITE_H

#include "circuit/formula.h"
#include "netlist/netlist.h"

/* One SPICE-like dialect. Templates hold $-letters that write.c fills in:
 *   $n name   $a $b $c $d nodes   $k controlling element   $v value   $m model   $i instance
 * parameters $e the formula of a behavioural source   $u the drop v(a,b) as the dialect writes it,
 * $t vfwd, $f 1/roff, $x 1/ron - 1/roff (ideal diode) */
typedef struct eq_dialect_table {
    const char *name;
    double k_over_q;        /* V/K: FACTS section 3 */
    const char *comment;    /* starts a comment line */
    const char *head;       /* follows the title */
    const char *options;    /* $r reltol, $g gmin, $T temp, $N tnom */
    const char *nodeset[2]; /* around the node of a potential to start from */
    const char *tail;       /* the last lines */
    const char *allowed;    /* characters beside letters, digits, _ and . that names may have */
    bool escape;            /* other printable characters are escaped with \ instead of refused */
    bool typed_names;       /* the first letter of an element's name is its type */
    bool title_is_bare;     /* line 1 is the title without a comment sign */
    const char *model;      /* $n name; the parameters follow, then model_end */
    const char *model_end;
    const char
        *element[EQ_CLASS_COUNT]; /* NULL for ideal_diode: written with ideal_model instead */
    const char
        *ideal_model; /* NULL: the dialect has no ideal diode, element[] writes an expression */
} eq_dialect_table;

/* NULL for EQ_XML. */
const eq_dialect_table *eq_dialect_table_of(eq_dialect dialect);

/* Appends the shortest decimal that reads back as the same double. */
void eq_write_number(eq_text *out, double value);

/* Appends a formula; `name` writes an input. Shared parts are written out each time. NULL, or what
 * the dialect does not have. */
typedef void (*eq_input_writer)(void *data, const eq_formula_input *input, eq_text *out);
const char *eq_write_formula(const eq_formula *f, eq_dialect dialect, eq_input_writer name,
                             void *data, eq_text *out);

eq_status eq_write_xml(const eq_circuit *c, const char *note, eq_text *out, eq_diag *diag);

#endif
