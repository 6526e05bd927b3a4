/* A folder of its own for a program that eqspice starts: it finds the file that we wrote there, and
 * nothing else. */
#ifndef EQ_REPORT_WORKPLACE_H
#define EQ_REPORT_WORKPLACE_H

#include <stddef.h>

#include "base/status.h"
#include "base/temporary.h"

typedef struct eq_workplace {
    char *folder;  /* its path */
    int above, fd; /* descriptors of $TMPDIR and of the folder */
    eq_temporary *made;
} eq_workplace;

/* Makes the folder in $TMPDIR (/tmp), with the text in the file `given`. On failure there is
 * nothing to close. */
eq_status eq_workplace_open(eq_workplace *w, const char *given, const char *text, size_t length,
                            eq_diag *diag);
/* Removes the folder with all files in it. */
void eq_workplace_close(eq_workplace *w);

#endif
