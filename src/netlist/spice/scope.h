/* Scopes and the names that are defined in them. */
#ifndef EQ_NETLIST_SPICE_SCOPE_H
#define EQ_NETLIST_SPICE_SCOPE_H

#include "netlist/spice/spice.h"

/* A parameter that .step gives its values. */
typedef struct eq_declared {
    eq_token name;
    eq_cursor value;
} eq_declared;

/* The name in lower case; false: it is too long. */
bool eq_spice_fold(eq_token name, char buffer[EQ_MAX_NAME + 1]);
/* NULL: an error was reported. */
eq_definition *eq_define(eq_spice *s, eq_scope *scope, int kind, eq_token name);
eq_definition *eq_dictionary_find(const eq_dictionary *d, eq_token name, int32_t *id);
void eq_scope_free(eq_scope *scope);
eq_scope *eq_scope_new(eq_spice *s, eq_token name, int32_t parent);
/* A definition seen from a scope: in it or in those around it (lexically). */
eq_definition *eq_scope_find(const eq_spice *s, const eq_scope *from, int kind, eq_token name,
                             eq_scope **where);
/* Notes down that .step gives the parameter values, the first one at the cursor;
 * eq_spice_define_steps then defines those that have no .param card. */
void eq_spice_declare(eq_spice *s, eq_token name, eq_cursor value);
void eq_spice_define_steps(eq_spice *s);

#endif
