/* Parameters of published devices, by name: models that are there without a card. */
#ifndef EQ_DEVICES_PRESET_H
#define EQ_DEVICES_PRESET_H

#include <stddef.h>

enum { EQ_PRESET_VALUES = 16 };

typedef struct eq_preset {
    const char *name, *cls, *source;
    struct {
        const char *param; /* NULL behind the last */
        double value;
    } with[EQ_PRESET_VALUES];
} eq_preset;

/* Preset k, NULL behind the last. */
const eq_preset *eq_preset_at(size_t k);
/* The one with that name, case-blind; NULL: none. */
const eq_preset *eq_preset_find(const char *name, size_t length);
/* Its parameters over the defaults of its class, whose number it returns; w[params of the class]. */
int eq_preset_values(const eq_preset *p, double *w);

#endif
