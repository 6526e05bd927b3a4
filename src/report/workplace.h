/* A folder of its own for a program that eqspice starts: it finds the file that we wrote there, and
 * nothing else. */
#ifndef EQ_REPORT_WORKPLACE_H
#define EQ_REPORT_WORKPLACE_H

#include <stddef.h>

#include "base/status.h"
#include "base/temporary.h"

typedef struct eq_workplace {
    char *folder;  /* its path */
    char *result;  /* the path of the file that the program is to make there */
    int above, fd; /* descriptors of $TMPDIR and of the folder */
    eq_temporary *made, *given, *expected;
} eq_workplace;

/* Makes the folder in $TMPDIR (/tmp), with the text in the file `given`. Closed also when it fails.
 */
eq_status eq_workplace_open(eq_workplace *w, const char *given, const char *text, size_t length,
                            const char *expected, eq_diag *diag);
/* Removes the folder and both files. */
void eq_workplace_close(eq_workplace *w);

#endif
