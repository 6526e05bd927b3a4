/* Sizes of elements: lengths on their lines and .model cards. */
#ifndef EQ_NETLIST_SPICE_GEOMETRY_H
#define EQ_NETLIST_SPICE_GEOMETRY_H

#include <math.h>

#include "netlist/spice/spice.h"

/* The values of n parameters of a .model card, whose cursor stands behind the type; those that are
 * not on it stay. False: an error was reported. */
bool eq_spice_card_values(eq_spice *s, eq_cursor card, const char *const *name, size_t n,
                          double *value);
/* What the line of a diode says of its size, NAN where nothing. */
typedef struct eq_size {
    double area, perimeter, length, width;
} eq_size;

/* The area and the perimeter of such a diode of the model, and what its ibv is multiplied by. */
typedef struct eq_junction_size {
    double area, perimeter, breakdown;
} eq_junction_size;

/* What option scale makes of parameter k on the line of an element: lengths and areas of MOS transistors grow. */
double eq_spice_scale(const eq_spice *s, const eq_device_class *cls, int k);
/* False: an error was reported. */
bool eq_spice_junction(eq_spice *s, eq_cursor card, eq_size own, eq_junction_size *size);
/* A line that says nothing. */
static inline eq_size eq_no_size(void) {
    return (eq_size){NAN, NAN, NAN, NAN};
}

#endif
