/* The inside of eq_devices, for device.c and update.c. */
#ifndef EQ_MODEL_DEVICE_PARTS_H
#define EQ_MODEL_DEVICE_PARTS_H

#include "base/random.h"
#include "model/device/device.h"

struct eq_devices {
    eq_device o;
    double min, max, scale; /* scale: dw/dg */
    double write_sigma;     /* deviation of a write in the unit of g */
    size_t first, count;
    const int32_t *place; /* not owned */
    uint64_t seed;
    eq_device_cell *cell;           /* [count] */
    double *shown;                  /* [count] g with write noise */
    double *kept[EQ_DEVICE_ARRAYS]; /* [count] or NULL: not needed */
};

/* The key of the random numbers of one thing that happens at one step. */
uint64_t eq_devices_key(const eq_devices *d, const char *what, uint64_t step);
/* The key of what the devices are, whatever happens to them. */
uint64_t eq_devices_chip_key(const eq_devices *d, const char *what);
/* The number of the j-th device in the model. */
size_t eq_devices_number(const eq_devices *d, size_t j);
double eq_devices_weight(const eq_devices *d, double g);
double eq_devices_parameter(const eq_devices *d, double w);
/* g on a level, inside the bounds of device j, and with write noise. */
double eq_devices_on_level(const eq_devices *d, double g, eq_draw *r);
double eq_devices_bounded(const eq_devices *d, size_t j, double g);
double eq_devices_written(const eq_devices *d, double g, eq_draw *r);
/* Device j cannot change. */
bool eq_devices_worn(const eq_devices *d, size_t j);

#endif
