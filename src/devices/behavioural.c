/* Behavioural sources: a current or a voltage that is any formula of potentials and branch currents
 * (circuit/formula.h). What a class does on a range of elements with one control does not fit them:
 * the formula stands in the table, and the solver evaluates it (solver/ports.h). The parameter m
 * multiplies its value. */
#include "devices/registry.h"

static const eq_param factor[] = {{"m", "1", 1.0, -1e300, 1e300, false}};

#define BEHAVIOURAL(NAME, DEFINED)                                                                 \
    const eq_device_class eq_class_##NAME = {                                                      \
        .name = #NAME,                                                                             \
        .letter = 'b',                                                                             \
        .defined = DEFINED,                                                                        \
        .control = EQ_CONTROL_FORMULA,                                                             \
        .params = 1,                                                                               \
        .columns = 1,                                                                              \
        .param = factor,                                                                           \
        .value = -1,                                                                               \
    }

BEHAVIOURAL(behavioural_current, EQ_CURRENT_DEFINED);
BEHAVIOURAL(behavioural_voltage, EQ_VOLTAGE_DEFINED);
