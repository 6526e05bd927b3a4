/* What a file from elsewhere may ask for at most: counted before anything is paid. */
#ifndef EQ_BASE_LIMITS_H
#define EQ_BASE_LIMITS_H

#include <stddef.h>

#include "base/status.h"

/* Bytes of one name: of a node, an element, a model, a parameter, an instance with its path. */
enum { EQ_MAX_NAME = 1024 };

/* Items of anything that a few characters can ask for: points of a sweep, values of a table of
 * results, values of a data file. */
enum { EQ_MOST_ITEMS = 100000000 };

/* Nodes of a layer, and so the cells of a row of data: beside each stands more than its value. */
enum { EQ_MOST_WIDE = 10000000 };

/* Elements of a circuit. The fuzzer sets fewer: a kilobyte of nested instances may be a second of
 * work. */
#ifndef EQ_MAX_ELEMENTS
#define EQ_MAX_ELEMENTS EQ_MOST_ITEMS
#endif
static const double eq_max_elements = EQ_MAX_ELEMENTS;

/* For the first bytes of the name, its length and EQ_MAX_NAME. */
#define EQ_NAME_TOO_LONG "the name %.*s... has %zu bytes, more than %d; give a shorter one"
/* EQ_OK, or an error with the first letters of a name that is longer than EQ_MAX_NAME. */
eq_status eq_name_fits(const char *name, size_t length, eq_place at, eq_diag *diag);

#endif
