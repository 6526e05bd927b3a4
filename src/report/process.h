/* Other programs (ngspice, gnuplot) are started with an argument vector, never through a shell. */
#ifndef EQ_REPORT_PROCESS_H
#define EQ_REPORT_PROCESS_H

#include "base/status.h"
#include "base/text.h"

typedef struct eq_process {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *folder;      /* its working directory; NULL: ours */
    const char *input;       /* what it reads on standard input; NULL: nothing */
    const char *package;     /* Debian package that has it, for the message when it is missing */
    int seconds;             /* it is killed after this long; 0: never */
} eq_process;

/* Runs to the end. *exit_status receives its exit status (128 + signal when it was killed),
 * `output` (may be NULL) what it wrote to standard output and standard error together. EQ_ERR_IO
 * when it cannot be started. */
eq_status eq_process_run(const eq_process *p, int *exit_status, eq_text *output, eq_diag *diag);
/* The same in a process group of its own, killed with all that it has started; a signal that ends
 * us ends it too (base/temporary.h). */
eq_status eq_process_run_bound(const eq_process *p, int *exit_status, eq_text *output,
                               eq_diag *diag);

#endif
