/* Behavioural sources: a current or a voltage that is any formula of potentials and branch currents
 * (circuit/formula.h). What a class does on a range of elements with one control does not fit them:
 * the formula stands in the table, and the solver evaluates it (solver/ports.h). The parameter m
 * multiplies its value. */
#include "devices/registry.h"

static const eq_param factor[] = {{"m", "1", 1.0, -1e300, 1e300, false}};

#define BEHAVIOURAL(NAME, DEFINED, Y)                                                              \
    const eq_device_class eq_class_##NAME = {                                                      \
        .name = #NAME,                                                                             \
        .letter = 'b',                                                                             \
        .defined = DEFINED,                                                                        \
        .control = EQ_CONTROL_FORMULA,                                                             \
        .params = 1,                                                                               \
        .columns = 1,                                                                              \
        .param = factor,                                                                           \
        .line = {[EQ_NGSPICE] = "$n $a $b " Y "=$e\n",                                             \
                 [EQ_XYCE] = "$n $a $b " Y "={$e}\n",                                              \
                 [EQ_LTSPICE] = "$n $a $b " Y "=$e\n",                                             \
                 [EQ_SPECTRE] = "$n ($a $b) bsource " Y "=$e\n"},                                  \
        .value = -1,                                                                               \
    }

BEHAVIOURAL(behavioural_current, EQ_CURRENT_DEFINED, "i");
BEHAVIOURAL(behavioural_voltage, EQ_VOLTAGE_DEFINED, "v");
