/* Decks are UTF-8, or Latin 1 where only numbers and comments are concerned; others are made so. */
#ifndef EQ_NETLIST_ENCODING_H
#define EQ_NETLIST_ENCODING_H

#include "base/status.h"

/* UTF-16 as LTspice saves it, with or without a byte order mark, becomes UTF-8; a mark of UTF-8
 * goes. *text is NUL-terminated and replaced (eq_free). */
eq_status eq_deck_decode(char **text, size_t *length, eq_diag *diag);

#endif
