/* All device classes, by number and by name. */
#ifndef EQ_DEVICES_REGISTRY_H
#define EQ_DEVICES_REGISTRY_H

#include "devices/device.h"

/* Modules of compiled models in one process, each a class of its own (osdi.h). */
enum { EQ_MAX_MODULES = 16 };

/* EQ_CLASS_resistor, EQ_CLASS_memristor, ... and their count; the count of all with those of
 * compiled modules. */
typedef enum eq_class_number {
#define EQ_DEVICE(name) EQ_CLASS_##name,
#include "devices/registry.def"
#undef EQ_DEVICE
    EQ_BUILT_IN_CLASSES,
    EQ_CLASS_COUNT = EQ_BUILT_IN_CLASSES + EQ_MAX_MODULES
} eq_class_number;

#define EQ_DEVICE(name) extern const eq_device_class eq_class_##name;
#include "devices/registry.def"
#undef EQ_DEVICE

/* The class with this number, 0 <= number < EQ_CLASS_COUNT; of a compiled module that is not there
 * one without terminals, parameters and functions. */
const eq_device_class *eq_class(int number);
/* The class of a compiled module, EQ_BUILT_IN_CLASSES <= number; NULL: none from now on. */
void eq_class_put(int number, const eq_device_class *cls);
/* The number of a class. */
int eq_class_number_of(const eq_device_class *cls);
/* The number of the class with this name ("resistor"), -1 when there is none. */
int eq_class_find(const char *name);
/* i(z) and g[a * nodes + b] = di_a/dz_b of the element in row 0 of a port class, z of all its nodes. */
void eq_class_port(const eq_device_class *cls, double *const *w, const double *z, double *i,
                   double *g);
/* The index of a parameter of the class by its name, case-blind; -1 when there is none. */
int eq_param_find(const eq_device_class *cls, const char *name);
/* Its unit as it stands behind a number, and the blank before it: both "" where the unit is 1. */
const char *eq_param_unit(const eq_param *p);
const char *eq_param_blank(const eq_param *p);

#endif
