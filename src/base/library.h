/* Shared libraries that are opened while the program runs. */
#ifndef EQ_BASE_LIBRARY_H
#define EQ_BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* Whether all that the headers of a library lay out in memory is in the file. Of one that was cut (a
 * full disk, half a download) the loader maps what is not there and dies of SIGBUS. */
bool eq_library_is_whole(const char *data, size_t length);
/* Opens a library, with its symbols seen by nobody else; NULL: eq_library_error says why. Running
 * what the library runs when it is opened is part of opening it. It stays until the process ends. */
void *eq_library_open(const char *path);
/* Where a symbol of it is; NULL: it has none of that name. */
void *eq_library_symbol(void *library, const char *name);
const char *eq_library_error(void);

#endif
