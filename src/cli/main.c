/* eqspice: an analog circuit simulator with a built-in Equilibrium Propagation trainer. */
#define _POSIX_C_SOURCE 200809L /* isatty */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/runtime.h"

static int usage(FILE *stream) {
    if (eq_comm_rank() > 0) return 2;
    fputs("usage: eqspice COMMAND ARGUMENT [options]\n\n", stream);
    for (const eq_command *const *c = eq_commands; *c != NULL; c++)
        fprintf(stream, "  %-10s %-19s %s\n", (*c)->name, (*c)->arguments, (*c)->summary);
    fputs("\n`eqspice COMMAND --help` lists the options of a command.\n", stream);
    return stream == stdout ? 0 : 2;
}

static int run(int argc, char **argv) {
    if (argc < 2) return usage(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return usage(stdout);
    if (strcmp(argv[1], "--version") == 0) return printf("eqspice %s\n", eq_version()) < 0;
    for (const eq_command *const *c = eq_commands; *c != NULL; c++) {
        if (strcmp((*c)->name, argv[1]) != 0) continue;
        if (!(*c)->parallel && eq_comm_rank() > 0) return 0;
        if (!(*c)->parallel) eq_comm_detach();
        return (*c)->run(*c, argc - 1, argv + 1);
    }
    if (eq_comm_rank() > 0) return 2;
    fprintf(stderr, "eqspice: error: there is no command '%s'; `eqspice --help` lists them\n",
            argv[1]);
    return 2;
}

/* What was printed counts only when it arrived: a full disk behind standard output ends with 1.
 * Only rank 0 prints results. */
int main(int argc, char **argv) {
    static char buffer[1 << 16]; /* what a pipe holds */
    eq_runtime_set();
    if (!isatty(STDOUT_FILENO)) setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    if (!eq_comm_start()) return 1;
    eq_interrupt_terminate(); /* after MPI, which may set signals of its own */
    if (eq_comm_rank() > 0 && freopen("/dev/null", "w", stdout) == NULL) return 1;
    int exit_status = run(argc, argv);
    eq_comm_stop();
    if ((fflush(stdout) == 0 && !ferror(stdout)) || exit_status != 0) return exit_status;
    fprintf(stderr, "eqspice: error: cannot write to standard output: %s; check the free space\n",
            strerror(errno));
    return 1;
}
