/* What one programming pulse does to a device: the table of pulse responses. A device has a weight w
 * between its bounds; a pulse in the direction d (+1 up, -1 down) changes it by
 *
 *     d dw^d (f(w) (1 + s xi))      or, with additive noise,      d dw^d (f(w) + s xi),
 *
 * with dw^d the device's own step, f the response, s the cycle-to-cycle variation, xi a standard
 * normal number; then w is clipped to the bounds. Names and parameters are those of the IBM Analog
 * Hardware Acceleration Kit (Rasch et al. 2021, arXiv 2104.02184). */
#ifndef EQ_MODEL_RESPONSE_H
#define EQ_MODEL_RESPONSE_H

#include "model/device/device.h"

struct eq_response {
    const char *name;
    /* f(w) >= 0 in the direction d. */
    double (*factor)(const eq_device *o, const eq_device_cell *c, double w, int d);
    /* The device's own c->shape from two standard normal numbers; NULL: it has none. */
    void (*make)(const eq_device *o, const double xi[2], eq_device_cell *c);
};

#endif
