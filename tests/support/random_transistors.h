/* Random circuits of MOS, bipolar, junction field-effect and power transistors for the comparison with
 * ngspice; as random_deck.h. */
#ifndef TESTS_SUPPORT_RANDOM_TRANSISTORS_H
#define TESTS_SUPPORT_RANDOM_TRANSISTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

int random_transistors_kinds(void);
const char *random_transistors_name(int kind);
/* Never has an island. */
bool random_transistors(uint64_t seed, eq_text *deck, unsigned *uses);

#endif
