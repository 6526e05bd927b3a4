/* Errors and notes of the SPICE reader: with the chain of includes and instances appended, each
 * place reported once. */
#ifndef EQ_NETLIST_SPICE_ERROR_H
#define EQ_NETLIST_SPICE_ERROR_H

#include "netlist/spice/spice.h"

eq_status eq_spice_fail(eq_spice *s, eq_location at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Hands the errors of s->scratch on. */
eq_status eq_spice_pass_on(eq_spice *s, eq_status status);
eq_status eq_spice_no_memory(const eq_spice *s);
/* True, with an error: the word is a * that stands for a comment behind an element or card. */
bool eq_spice_is_star(eq_spice *s, eq_token t);
/* "expected X but found Y" */
eq_status eq_spice_expected(eq_spice *s, eq_token found, const char *what);
/* False, with an error at t, when the name that t stands for has more than EQ_MAX_NAME bytes. */
bool eq_spice_name_fits(eq_spice *s, eq_token t, size_t length);
/* A note given once for each `key`. */
void eq_spice_note(eq_spice *s, const char *key, eq_location at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* " (did you mean X?)" for the candidate nearest to the word, "" when none is near. `next` gives
 * candidate k or NULL at the end; buffer holds the result. */
typedef const char *(*eq_candidate)(const void *data, size_t k);
const char *eq_spice_nearest(eq_spice *s, eq_token word, eq_candidate next, const void *data,
                             char buffer[96]);
const char *eq_spice_nearest_name(eq_spice *s, eq_token word, const eq_names *names,
                                  char buffer[96]);

#endif
