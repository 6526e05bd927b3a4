/* Random decks for the comparison with ngspice: what the reader and the laws know, each deck spelt
 * by chance. The same seed gives the same deck. */
#ifndef TESTS_SUPPORT_RANDOM_DECK_H
#define TESTS_SUPPORT_RANDOM_DECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* How many kinds of cards there are, and what the k-th is called. */
int random_card_kinds(void);
const char *random_card_name(int kind);

/* Writes the deck of the seed without its `.end`; uses[kind] (may be NULL) counts the cards. True
 * when it has an island: nodes that no current can reach, so that there is no operating point. */
bool random_deck(uint64_t seed, eq_text *deck, unsigned *uses);

#endif
