#define _GNU_SOURCE /* pipe2, posix_spawn_file_actions_addchdir_np */
#include "report/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/temporary.h"

/* The program while it runs. */
typedef struct running {
    bool bound;          /* it ends when we do, with all that it has started */
    pid_t pid;           /* as waitpid takes it */
    eq_temporary *noted; /* NULL when it is not bound */
} running;

/* What is still to be sent to the child; closed when all is sent. */
typedef struct feed {
    int fd;
    const char *text;
    size_t left;
} feed;

/* A child that does not read (EPIPE) gets no more. */
static void send_some(feed *f) {
    ssize_t n = f->left > 0 ? write(f->fd, f->text, f->left) : 0;
    f->left = n < 0 ? 0 : f->left - (size_t)n;
    if (f->left > 0) {
        f->text += n;
        return;
    }
    close(f->fd);
    f->fd = -1;
}

/* Feeds the child and collects its output until it closes it or time is up; false on time out. */
static bool talk(const eq_process *p, feed *f, int from, eq_text *output) {
    double end = eq_seconds_now() + p->seconds;
    char block[4096];
    for (;;) {
        struct pollfd fd[2] = {{from, POLLIN, 0}, {f->fd, POLLOUT, 0}};
        int wait = -1;
        if (p->seconds > 0) {
            double left = end - eq_seconds_now();
            if (left <= 0.0) return false;
            wait = (int)(1000.0 * left) + 1;
        }
        if (poll(fd, 2, wait) < 0 && errno != EINTR) return true;
        if (f->fd >= 0 && fd[1].revents != 0) send_some(f);
        if (fd[0].revents == 0) continue;
        ssize_t n = read(from, block, sizeof block);
        if (n <= 0) return true;
        if (output != NULL) eq_text_add(output, block, (size_t)n);
    }
}

/* `noted` is taken back before the number of the process is free for another one. */
static int end_status(pid_t child, eq_temporary *noted) {
    siginfo_t info;
    int status;
    while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
    eq_temporary_keep(noted);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The program with its ends of the pipes and in its folder, with the signals blocked that were so
 * `before`; 0 or the number of the error. */
static int spawn(const eq_process *p, running *child, int in, int out, const sigset_t *before) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t usual;
    char *const *argv;
    memcpy(&argv, &p->argv, sizeof argv); /* it takes char *const *, and does not write */
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    if (p->folder != NULL) posix_spawn_file_actions_addchdir_np(&actions, p->folder);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGXFSZ);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setsigmask(&attributes, before);
    posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                  (child->bound ? POSIX_SPAWN_SETPGROUP : 0)));
    int error = posix_spawnp(&child->pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Notes the child down before any signal can come. */
static int spawn_noted(const eq_process *p, running *child, int in, int out) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = spawn(p, child, in, out, &before);
    if (error == 0 && child->bound) child->noted = eq_temporary_program(-child->pid);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void close_both(const int end[2]) {
    close(end[0]);
    close(end[1]);
}

/* Starts the child and gives our ends of the pipes; false, and the number of the error, when it
 * cannot be started. */
static bool start(const eq_process *p, running *child, int *to, int *from, int *error) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0) {
        *error = errno;
        return false;
    }
    if (pipe2(out, O_CLOEXEC) != 0) {
        *error = errno;
        close_both(in);
        return false;
    }
    *error = spawn_noted(p, child, in[0], out[1]);
    if (*error != 0) {
        close_both(in);
        close_both(out);
        return false;
    }
    close(in[0]);
    close(out[1]);
    *to = in[1];
    *from = out[0];
    fcntl(*to, F_SETFL, O_NONBLOCK);
    return true;
}

static eq_status not_started(const eq_process *p, int error, eq_diag *diag) {
    if (p->folder != NULL && access(p->folder, X_OK) != 0)
        return eq_fail(diag, EQ_ERR_IO, "cannot start %s in %s: %s", p->argv[0], p->folder,
                       strerror(errno));
    if (error == ENOENT)
        return eq_fail(diag, EQ_ERR_IO, "%s is not installed; apt-get install %s", p->argv[0],
                       p->package);
    return eq_fail(diag, EQ_ERR_IO, "cannot start %s: %s", p->argv[0], strerror(error));
}

/* With the signals set. */
static eq_status run(const eq_process *p, bool bound, int *exit_status, eq_text *output,
                     eq_diag *diag) {
    running child = {bound, 0, NULL};
    int to = -1, from = -1, error = 0;
    if (!start(p, &child, &to, &from, &error)) return not_started(p, error, diag);
    feed f = {to, p->input, p->input == NULL ? 0 : strlen(p->input)};
    if (f.left == 0) send_some(&f);
    bool ended = talk(p, &f, from, output);
    if (!ended) kill(bound ? -child.pid : child.pid, SIGKILL);
    if (f.fd >= 0) close(f.fd);
    close(from);
    *exit_status = end_status(child.pid, child.noted);
    if (!ended)
        return eq_fail(diag, EQ_ERR_IO, "%s was stopped after %d s without an end", p->argv[0],
                       p->seconds);
    return output != NULL && output->failed ? eq_out_of_memory(diag) : EQ_OK;
}

static eq_status run_with_signals(const eq_process *p, bool bound, int *exit_status,
                                  eq_text *output, eq_diag *diag) {
    struct sigaction ignore = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL};
    struct sigaction pipe_before, child_before;
    sigaction(SIGPIPE, &ignore, &pipe_before); /* a child that does not read must not end us */
    sigaction(SIGCHLD, &usual, &child_before); /* ignored, it would take the exit status away */
    eq_status status = run(p, bound, exit_status, output, diag);
    sigaction(SIGPIPE, &pipe_before, NULL);
    sigaction(SIGCHLD, &child_before, NULL);
    return status;
}

eq_status eq_process_run(const eq_process *p, int *exit_status, eq_text *output, eq_diag *diag) {
    return run_with_signals(p, false, exit_status, output, diag);
}

eq_status eq_process_run_bound(const eq_process *p, int *exit_status, eq_text *output,
                               eq_diag *diag) {
    return run_with_signals(p, true, exit_status, output, diag);
}
