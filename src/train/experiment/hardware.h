/* Converters, sample-and-hold circuits and nudge sources that are not ideal. Everything random is a
 * function of the seed, of what is read and of when, so that a training that is resumed, or shared by
 * processes, reads the same. */
#ifndef EQ_TRAIN_HARDWARE_H
#define EQ_TRAIN_HARDWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A converter of 2^bits - 1 levels from -range to range, 0 among them (one bit: two levels). */
typedef struct eq_converter {
    size_t bits;  /* 0: none */
    double range; /* V */
} eq_converter;

/* Offset: of each place its own, of this deviation, the same for the whole run; noise: anew each time. */
typedef struct eq_unsteady {
    double noise, offset; /* deviations */
} eq_unsteady;

typedef struct eq_hardware {
    eq_converter input, output;
    eq_unsteady read;  /* V: the outputs as they are read, before their converter */
    eq_unsteady hold;  /* V: the potentials from which conductances learn; the offset is that of the
                          first phase, which is held until the second is there */
    eq_unsteady nudge; /* A: of the nudge sources */
} eq_hardware;

/* Nothing of all this. */
bool eq_hardware_is_ideal(const eq_hardware *h);
bool eq_unsteady_is_steady(const eq_unsteady *u);

/* What an error is of: it is drawn anew for another one of these. */
typedef struct eq_moment {
    uint64_t seed, chip, step, example;
    int phase;
} eq_moment;

double eq_convert(const eq_converter *c, double v);
/* offset + noise at place `place` of kind `what` ("read", "hold", "nudge"). */
double eq_unsteady_error(const eq_unsteady *u, const char *what, const eq_moment *at, size_t place);

#endif
