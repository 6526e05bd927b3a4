#include "train/experiment/schedule.h"

#include <math.h>

#include "base/text.h"

static const char *const schedules[] = {
    [EQ_SCHEDULE_CONSTANT] = "constant",
    [EQ_SCHEDULE_EXPONENTIAL] = "exponential",
    [EQ_SCHEDULE_STEP] = "step",
    [EQ_SCHEDULE_COSINE] = "cosine",
};

bool eq_schedule_find(const char *name, eq_schedule_type *type) {
    int k = eq_word_find(schedules, sizeof schedules / sizeof *schedules, name);
    if (k >= 0) *type = (eq_schedule_type)k;
    return k >= 0;
}

const char *eq_schedule_name(eq_schedule_type type) {
    return schedules[type];
}

double eq_schedule_factor(const eq_schedule *s, size_t epoch, size_t epochs) {
    switch (s->type) {
    case EQ_SCHEDULE_EXPONENTIAL:
        return pow(s->factor, (double)epoch);
    case EQ_SCHEDULE_STEP:
        return pow(s->factor, floor((double)epoch / (double)s->every));
    case EQ_SCHEDULE_COSINE:
        return s->factor +
               (1.0 - s->factor) * 0.5 * (1.0 + cos(acos(-1.0) * (double)epoch / (double)epochs));
    case EQ_SCHEDULE_CONSTANT:
        break;
    }
    return 1.0;
}
