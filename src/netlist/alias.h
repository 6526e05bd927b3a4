/* Functions of expressions that are called otherwise than the operation that they are. */
#ifndef EQ_NETLIST_ALIAS_H
#define EQ_NETLIST_ALIAS_H

#include "netlist/netlist.h"

/* The operation (circuit/operations.h) that a function of so many arguments is in the dialect, ""
 * for its first argument, "0" for what is 0 at dc; NULL: it has no other name. */
const char *eq_alias_of(eq_dialect dialect, const char *name, int args);

#endif
