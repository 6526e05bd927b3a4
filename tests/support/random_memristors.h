/* Random circuits of memristors for the comparison with ngspice; as random_deck.h. */
#ifndef TESTS_SUPPORT_RANDOM_MEMRISTORS_H
#define TESTS_SUPPORT_RANDOM_MEMRISTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

int random_memristors_kinds(void);
const char *random_memristors_name(int kind);
/* Never has an island. Elements of their own (Y) and subcircuits, which ngspice does not know and does
 * know. */
bool random_memristors(uint64_t seed, eq_text *deck, unsigned *uses);
/* The same circuit of subcircuits alone: a source of the formula that the paper of the model has, the
 * state on a capacitor. */
bool random_memristors_there(uint64_t seed, eq_text *deck, unsigned *uses);

#endif
