/* Signals that end the program: Ctrl-C (SIGINT), SIGTERM, SIGHUP and their kin. */
#ifndef EQ_CLI_INTERRUPT_H
#define EQ_CLI_INTERRUPT_H

#include <signal.h>

/* From now on they end the programs that eqspice has started and remove its temporary files before
 * they end it. A file that grows beyond the limit (SIGXFSZ) is an error that is told,
 * not an end. */
void eq_interrupt_terminate(void);
/* From now on they set *stop, for work that can save what it has done; a second Ctrl-C ends.
 * NULL: they end again. */
void eq_interrupt_set_flag(volatile sig_atomic_t *stop);

#endif
