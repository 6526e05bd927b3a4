#define _POSIX_C_SOURCE 200809L
#include "report/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOT_STARTED = 127 };

/* In the child: redirections, folder, exec. Exit status 127 says that the program is not there. */
static _Noreturn void become(const eq_process *p, int in, int out) {
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (p->folder == NULL || chdir(p->folder) == 0) {
        char *const *argv;
        memcpy(&argv, &p->argv, sizeof argv); /* execvp takes char *const *, and does not write */
        execvp(argv[0], argv);
    }
    _exit(NOT_STARTED);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What is still to be sent to the child; closed when all is sent. */
typedef struct feed {
    int fd;
    const char *text;
    size_t left;
} feed;

static void send_some(feed *f) {
    ssize_t n = f->left > 0 ? write(f->fd, f->text, f->left) : 0;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n > 0) {
        f->text += n;
        f->left -= (size_t)n;
    }
    if (n < 0 || f->left == 0) {
        close(f->fd);
        f->fd = -1;
    }
}

/* Feeds the child and collects its output until it closes it or time is up; false on time out. */
static bool talk(const eq_process *p, feed *f, int from, eq_text *output) {
    double end = now() + p->seconds;
    char block[4096];
    for (;;) {
        struct pollfd fd[2] = {{from, POLLIN, 0}, {f->fd, POLLOUT, 0}};
        int wait = -1;
        if (p->seconds > 0) {
            double left = end - now();
            if (left <= 0.0) return false;
            wait = (int)(1000.0 * left) + 1;
        }
        if (poll(fd, 2, wait) < 0 && errno != EINTR) return true;
        if (f->fd >= 0 && fd[1].revents != 0) send_some(f);
        if (fd[0].revents == 0) continue;
        ssize_t n = read(from, block, sizeof block);
        if (n > 0 && output != NULL) eq_text_add(output, block, (size_t)n);
        if (n == 0 || (n < 0 && errno != EINTR)) return true;
    }
}

static int end_status(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return NOT_STARTED;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Pipes to and from a child that runs the program; false when the system refuses. */
static bool start(const eq_process *p, pid_t *child, int *to, int *from) {
    int in[2], out[2];
    if (pipe(in) != 0) return false;
    if (pipe(out) != 0) {
        close(in[0]);
        close(in[1]);
        return false;
    }
    *to = in[1];
    *from = out[0];
    fcntl(*to, F_SETFD, FD_CLOEXEC);
    fcntl(*from, F_SETFD, FD_CLOEXEC);
    fcntl(*to, F_SETFL, O_NONBLOCK);
    *child = fork();
    if (*child == 0) become(p, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    if (*child > 0) return true;
    close(*to);
    close(*from);
    return false;
}

eq_status eq_process_run(const eq_process *p, int *exit_status, eq_text *output, eq_diag *diag) {
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before); /* a child that does not read must not end us */
    pid_t child;
    int to, from;
    if (!start(p, &child, &to, &from)) {
        sigaction(SIGPIPE, &before, NULL);
        return eq_fail(diag, EQ_ERR_IO, "cannot start %s: %s", p->argv[0], strerror(errno));
    }
    feed f = {to, p->input, p->input == NULL ? 0 : strlen(p->input)};
    if (f.left == 0) send_some(&f);
    bool ended = talk(p, &f, from, output);
    if (!ended) kill(child, SIGKILL);
    if (f.fd >= 0) close(f.fd);
    close(from);
    *exit_status = end_status(child);
    sigaction(SIGPIPE, &before, NULL);
    if (!ended)
        return eq_fail(diag, EQ_ERR_IO, "%s was stopped after %d s without an end", p->argv[0],
                       p->seconds);
    if (*exit_status == NOT_STARTED)
        return eq_fail(diag, EQ_ERR_IO, "%s is not installed; apt-get install %s", p->argv[0],
                       p->package);
    return output != NULL && output->failed ? eq_out_of_memory(diag) : EQ_OK;
}
