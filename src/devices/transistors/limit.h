/* The limiting of transistors, one by one. */
#ifndef EQ_DEVICES_TRANSISTORS_LIMIT_H
#define EQ_DEVICES_TRANSISTORS_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

/* Moves the potentials `now` of the nodes of row j towards `old`, those of a p channel or a pnp turned round;
 * whether it limited them. */
typedef bool eq_limit_row(const void *self, size_t j, double *const *w, const double *old,
                          double *now);

/* limit_port of a class (device.h) by its rows; type[j]: 1, or -1 where potentials are turned round. */
size_t eq_limit_rows(int nodes, const double *type, eq_limit_row *one, const void *self, size_t n,
                     double *const *w, const double *const *z_old, double *const *z_new);

#endif
