#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "explore/workers.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

/* What all processes see. */
typedef struct shared {
    atomic_size_t next, done, failed;
    volatile sig_atomic_t stop;
    atomic_int status; /* of the first failure; EQ_OK: none */
    char said[1024];   /* its message */
} shared;

/* A process: its number, and the job it is at (counted from 1; shared with it). */
typedef struct team {
    const eq_workers *w;
    shared *common;
    atomic_size_t *at; /* [processes], shared; 0: none */
    pid_t *process;    /* [processes]; 0: has ended */
    eq_diag *diag;
} team;

/* The first failure is kept for the process that tells it. */
static void fail(team *t, eq_status status, const eq_diag *diag) {
    int none = EQ_OK;
    if (!atomic_compare_exchange_strong(&t->common->status, &none, status)) return;
    const eq_message *m = eq_diag_count(diag) == 0 ? NULL : eq_diag_get(diag, 0);
    strncpy(t->common->said, m == NULL ? "memory ran out" : m->text, sizeof t->common->said - 1);
    t->common->stop = 1;
}

/* One job after the other, until there is none or all are to stop. */
static void work(team *t, size_t number, void *own, eq_diag *diag) {
    while (!t->common->stop) {
        size_t job = atomic_fetch_add(&t->common->next, 1);
        bool failed = false;
        if (job >= t->w->jobs) return;
        atomic_store(&t->at[number], job + 1);
        eq_status status = t->w->work(t->w->data, own, job, &t->common->stop, &failed, diag);
        if (status != EQ_OK && status != EQ_ERR_INTERRUPTED) fail(t, status, diag);
        if (status != EQ_OK) return;
        eq_diag_clear(diag);
        atomic_fetch_add(&t->common->failed, failed);
        atomic_fetch_add(&t->common->done, 1);
        atomic_store(&t->at[number], 0);
    }
}

/* The life of a process. */
static void live(team *t, size_t number) {
    void *own = NULL;
    eq_diag *diag = eq_diag_new();
    eq_status status = t->w->enter == NULL ? EQ_OK : t->w->enter(t->w->data, &own, diag);
    if (status == EQ_OK)
        work(t, number, own, diag);
    else
        fail(t, status, diag);
    if (t->w->leave != NULL) t->w->leave(t->w->data, own);
    eq_diag_free(diag);
}

static eq_status start(team *t, size_t number) {
    pid_t parent = getpid(), child = fork();
    if (child < 0)
        return eq_fail(t->diag, EQ_ERR_IO, "cannot start a process: %s; give fewer --jobs",
                       strerror(errno));
    if (child > 0) {
        t->process[number] = child;
        return EQ_OK;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* kill -9 of the study leaves nobody behind who trains */
    if (getppid() == parent) live(t, number);
    _exit(0);
}

/* Process `number` has ended. One that a signal has ended leaves its job to be told, and its place. */
static eq_status ended(team *t, size_t number, int how) {
    t->process[number] = 0;
    size_t at = atomic_exchange(&t->at[number], 0);
    if (!WIFSIGNALED(how)) return EQ_OK;
    eq_status status = EQ_OK;
    if (at > 0 && !t->common->stop) {
        status = t->w->lost(t->w->data, at - 1, WTERMSIG(how), t->diag);
        atomic_fetch_add(&t->common->failed, 1);
        atomic_fetch_add(&t->common->done, 1);
    }
    bool more = !t->common->stop && atomic_load(&t->common->next) < t->w->jobs;
    return status == EQ_OK && more ? start(t, number) : status;
}

/* Looks at every process once; how many still work. */
static eq_status look(team *t, size_t *working) {
    eq_status status = EQ_OK;
    *working = 0;
    for (size_t k = 0; k < (size_t)t->w->processes; k++) {
        int how;
        if (t->process[k] != 0 && waitpid(t->process[k], &how, WNOHANG) == t->process[k]) {
            eq_status now = ended(t, k, how);
            status = status == EQ_OK ? now : status;
        }
        *working += t->process[k] != 0;
    }
    return status;
}

static eq_status watch(team *t) {
    size_t working = 1;
    eq_status status = EQ_OK;
    while (working > 0) {
        if (t->w->stop != NULL && *t->w->stop) t->common->stop = 1;
        eq_status now = look(t, &working);
        if (now == EQ_OK && t->w->watch != NULL)
            now = t->w->watch(t->w->data, atomic_load(&t->common->done),
                              atomic_load(&t->common->failed), t->diag);
        if (now != EQ_OK) t->common->stop = 1;
        status = status == EQ_OK ? now : status;
        if (working > 0) nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    return status;
}

/* What the processes have left. */
static eq_status verdict(const team *t) {
    eq_status failed = (eq_status)atomic_load(&t->common->status);
    if (failed != EQ_OK) return eq_fail(t->diag, failed, "%s", t->common->said);
    return atomic_load(&t->common->done) < t->w->jobs ? EQ_ERR_INTERRUPTED : EQ_OK;
}

static void *share(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

eq_status eq_workers_run(const eq_workers *w, eq_diag *diag) {
    size_t n = (size_t)w->processes, bytes = n * sizeof(atomic_size_t);
    team t = {w, share(sizeof *t.common), share(bytes), eq_calloc(n, sizeof *t.process), diag};
    bool whole = t.common != NULL && t.at != NULL && t.process != NULL;
    eq_status status = whole ? EQ_OK : eq_out_of_memory(diag);
    for (size_t k = 0; status == EQ_OK && k < n && k < w->jobs; k++) status = start(&t, k);
    if (whole && status != EQ_OK) t.common->stop = 1;
    eq_status watched = whole ? watch(&t) : status;
    if (status == EQ_OK) status = watched;
    if (status == EQ_OK) status = verdict(&t);
    if (t.common != NULL) munmap(t.common, sizeof *t.common);
    if (t.at != NULL) munmap(t.at, bytes);
    eq_free(t.process);
    return status;
}
