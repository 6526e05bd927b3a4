#define _POSIX_C_SOURCE 200809L
#include "cli/interrupt.h"

#include <stddef.h>

#include "base/temporary.h"

/* NULL: they end. */
static volatile sig_atomic_t *volatile stop;

/* Ends as the signal itself would have, which is what a shell looks at. */
static void end(int number) {
    eq_temporary_end();
    signal(number, SIG_DFL);
    raise(number);
}

/* mpirun sends SIGTERM more than once, and a terminal that closes SIGHUP. */
static void on_signal(int number) {
    if (stop == NULL || (*stop && number == SIGINT))
        end(number);
    else
        *stop = 1;
}

static void listen_to(int number) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;
    sigfillset(&action.sa_mask);
    if (number == SIGHUP && sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
        return;
    sigaction(number, &action, NULL);
}

void eq_interrupt_ends(void) {
    stop = NULL;
    listen_to(SIGINT);
    listen_to(SIGTERM);
    listen_to(SIGHUP);
    signal(SIGXFSZ, SIG_IGN);
}

void eq_interrupt_stops(volatile sig_atomic_t *flag) {
    stop = flag;
}
