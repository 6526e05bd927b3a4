#define _XOPEN_SOURCE 700 /* SIGXCPU, SIGXFSZ */
#include "cli/interrupt.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/temporary.h"

/* The signals that end a program and that it can catch. */
static const struct ending {
    int number;
    bool always; /* caught where it was ignored too, as SIGINT is in what a shell script starts
                    behind its back; else an ignored one stays so, as SIGHUP under nohup */
    bool stops;  /* work that can be saved is */
} endings[] = {{SIGINT, true, true},   {SIGTERM, true, true},   {SIGHUP, false, true},
               {SIGXCPU, false, true}, {SIGQUIT, false, false}, {SIGPIPE, false, false}};

enum { ENDINGS = sizeof endings / sizeof *endings };

/* NULL: they end. */
static volatile sig_atomic_t *volatile stop;

/* Ends as the signal itself would have, which is what a shell looks at. */
static void on_end(int number) {
    eq_temporary_end();
    signal(number, SIG_DFL);
    raise(number);
}

/* A second Ctrl-C ends, and any other one that comes seconds later: mpirun repeats SIGTERM, a closing terminal SIGHUP. */
static void on_stop(int number) {
    enum { REPEATED = 2 }; /* s */
    static volatile time_t asked;
    volatile sig_atomic_t *flag = stop;
    if (flag == NULL || (*flag && (number == SIGINT || time(NULL) - asked > REPEATED))) {
        on_end(number);
        return;
    }
    if (!*flag) asked = time(NULL);
    *flag = 1;
}

void eq_interrupt_terminate(void) {
    struct sigaction action = {.sa_flags = SA_RESTART}, before;
    sigfillset(&action.sa_mask);
    for (int k = 0; k < ENDINGS; k++) {
        const struct ending *e = &endings[k];
        action.sa_handler = e->stops ? on_stop : on_end;
        sigaction(e->number, NULL, &before);
        if (e->always || before.sa_handler != SIG_IGN) sigaction(e->number, &action, NULL);
    }
    signal(SIGXFSZ, SIG_IGN);
}

void eq_interrupt_set_flag(volatile sig_atomic_t *flag) {
    stop = flag;
}
