/* Random decks of nested subcircuits for the comparison with ngspice; as random_deck.h. */
#ifndef TESTS_SUPPORT_RANDOM_HIERARCHY_H
#define TESTS_SUPPORT_RANDOM_HIERARCHY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

int random_hierarchy_kinds(void);
const char *random_hierarchy_name(int kind);
/* Never has an island. */
bool random_hierarchy(uint64_t seed, eq_text *deck, unsigned *uses);

#endif
