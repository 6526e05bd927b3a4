/* Signals, limits and planted links: Ctrl-C, SIGTERM and SIGHUP end what eqspice has started and
 * leave no file behind, a training saves what it has first; a file beyond the limit is told; a link
 * that somebody has put where a temporary file might be made leads to no file of his choice. The
 * programs that eqspice starts are slow scripts here. */
#define _GNU_SOURCE
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/temporary.h"
#include "base/text.h"
#include "support/program.h"

Suite *signals_suite(void);

enum { LONGEST = 512, MOST_WORDS = 24, PATIENCE = 20000 }; /* ms */

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU,
                             SIGQUIT}; /* the last saves nothing */
enum { ENDING = sizeof ending / sizeof *ending };

/* What is done in the child before it becomes eqspice. */
typedef void (*preparation)(void);

static pid_t start(preparation prepare, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static pid_t start(preparation prepare, const char *format, ...) {
    char line[LONGEST], *argv[MOST_WORDS + 2] = {NULL}, *rest = NULL;
    const char *name = getenv("EQSPICE") == NULL ? "build/eqspice" : getenv("EQSPICE");
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    int started[2]; /* closed when the child is eqspice and has Check's handlers no more */
    char byte;
    ck_assert_int_eq(pipe2(started, O_CLOEXEC), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0) {
        close(started[1]);
        ck_assert_int_eq(read(started[0], &byte, 1), 0);
        close(started[0]);
        return child;
    }
    int n = 0, out = open(in("said"), O_CREAT | O_WRONLY | O_TRUNC, 0666);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    for (int k = 0; k < ENDING; k++)
        signal(ending[k], SIG_DFL); /* nohup and & leave some ignored */
    if (prepare != NULL) prepare();
    argv[n++] = (char *)(uintptr_t)name;
    for (char *word = strtok_r(line, " ", &rest); word != NULL && n < MOST_WORDS;
         word = strtok_r(NULL, " ", &rest))
        argv[n++] = word;
    execv(name, argv);
    _exit(99);
}

/* The exit status, 128 + the signal that ended it. */
static int finish(pid_t child) {
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void assert_said(const char *part) {
    char *text = file_text(in("said"));
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in: %s", part, text);
    eq_free(text);
}

static void wait_a_moment(void) {
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static void wait_for(const char *name) {
    int k = 0;
    for (; k < PATIENCE && access(in(name), F_OK) != 0; k++) wait_a_moment();
    ck_assert_msg(k < PATIENCE, "there is no %s", name);
}

/* How many names there are in a folder, hidden ones too. */
static int entries(const char *folder) {
    int n = 0;
    DIR *d = opendir(folder);
    ck_assert_msg(d != NULL, "%s", folder);
    while (readdir(d) != NULL) n++;
    closedir(d);
    return n - 2;
}

/* A program of that name that is first on PATH, starts another one, and would take a minute; both
 * write their numbers down. Temporary folders are made in tmp/. */
static void make_slow(const char *name) {
    char path[4096], script[4096];
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", scratch_current());
    setenv("PATH", path, 1);
    ck_assert_int_eq(mkdir(in("tmp"), 0777), 0);
    setenv("TMPDIR", in("tmp"), 1);
    snprintf(script, sizeof script,
             "#!/bin/sh\necho some >out.raw\necho some >curves.svg\nsleep 60 &\n"
             "echo $$ $! >%s/numbers.part\nmv %s/numbers.part %s/numbers\nwait\n",
             scratch_current(), scratch_current(), scratch_current());
    ck_assert_int_eq(eq_file_write(in(name), script, strlen(script), NULL), EQ_OK);
    ck_assert_int_eq(chmod(in(name), 0755), 0);
}

/* A process that has ended may wait for its parent, init, to notice. */
static bool runs(pid_t number) {
    char path[64], state = 'X';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)number);
    FILE *f = fopen(path, "r");
    if (f == NULL) return false;
    if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1) state = 'X';
    fclose(f);
    return state != 'Z' && state != 'X';
}

static void assert_both_ended(void) {
    int number[2] = {0, 0};
    if (!has_proc("whether what was started has ended")) return;
    char *text = file_text(in("numbers"));
    ck_assert_int_eq(sscanf(text, "%d %d", &number[0], &number[1]), 2);
    for (int k = 0; k < 2; k++) {
        int waited = 0;
        for (; runs(number[k]) && waited < 1000; waited++) wait_a_moment();
        ck_assert_msg(waited < 1000, "process %d of 2 still runs", k + 1);
    }
    eq_free(text);
}

/* While ngspice works. */
START_TEST(a_verification_ends_with_all_that_it_started) {
    make_slow("ngspice");
    pid_t child = start(NULL, "verify netlists/divider.cir");
    wait_for("numbers");
    ck_assert_int_eq(entries(in("tmp")), 1);
    kill(child, ending[_i]);
    ck_assert_int_eq(finish(child), 128 + ending[_i]);
    assert_both_ended();
    ck_assert_int_eq(entries(in("tmp")), 0);
}
END_TEST

/* While gnuplot draws: the training is saved already. */
START_TEST(a_plot_ends_with_all_that_it_started) {
    make_slow("gnuplot");
    pid_t child = start(NULL, "train netlists/iris.xml --epochs 2 -o %s", in("run"));
    wait_for("numbers");
    kill(child, ending[_i]);
    ck_assert_int_eq(finish(child), 128 + ending[_i]);
    assert_both_ended();
    ck_assert_int_eq(entries(in("tmp")), 0);
    static const char *const kept[] = {"run/checkpoint", "run/metrics.csv", "run/model.cir"};
    for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
        ck_assert_int_eq(access(in(kept[k]), F_OK), 0);
}
END_TEST

/* The command that draws; what stands under the name of the picture stays. */
START_TEST(a_picture_ends_with_all_that_it_started) {
    static const char before[] = "epoch,train_loss\n1,2\n2,1\n";
    make_slow("gnuplot");
    ck_assert_int_eq(eq_file_write(in("metrics.csv"), before, strlen(before), NULL), EQ_OK);
    ck_assert_int_eq(eq_file_write(in("p.svg"), "old", 3, NULL), EQ_OK);
    char table[4096];
    snprintf(table, sizeof table, "%s", in("metrics.csv"));
    pid_t child = start(NULL, "plot %s --force -o %s", table, in("p.svg"));
    wait_for("numbers");
    ck_assert_int_eq(entries(in("tmp")), 1);
    kill(child, ending[_i]);
    ck_assert_int_eq(finish(child), 128 + ending[_i]);
    assert_both_ended();
    ck_assert_int_eq(entries(in("tmp")), 0);
    char *text = file_text(in("p.svg"));
    ck_assert_str_eq(text, "old");
    eq_free(text);
}
END_TEST

/* While gnuplot draws for a page: there is no page, the run is whole. */
START_TEST(a_report_ends_with_all_that_it_started) {
    expect_exit(0, NULL, "train netlists/xor.xml --epochs 1 -o %s", in("run"));
    make_slow("gnuplot");
    pid_t child = start(NULL, "report %s", in("run"));
    wait_for("numbers");
    kill(child, ending[_i]);
    ck_assert_int_eq(finish(child), 128 + ending[_i]);
    assert_both_ended();
    ck_assert_int_eq(entries(in("tmp")), 0);
    ck_assert_int_eq(access(in("run/report.html"), F_OK), -1);
    ck_assert_int_eq(access(in("run/model.cir"), F_OK), 0);
}
END_TEST

/* In the middle of a training: a checkpoint, exit status 1, nothing unfinished. */
START_TEST(a_training_saves_and_stops) {
    pid_t child = start(NULL, "train netlists/iris.xml --epochs 1000000 -o %s", in("run"));
    wait_for("run/checkpoint");
    kill(child, ending[_i]);
    ck_assert_int_eq(finish(child), 1);
    char line[LONGEST], *said = file_text(in("said"));
    ck_assert_msg(
        strstr(said, "stopped; to go on, give the same command with --resume; the run is in ") !=
            NULL,
        "%s", said);
    eq_free(said);
    snprintf(line, sizeof line, "exec test -z \"$(ls -A %s | grep tmp)\"", in("run"));
    ck_assert_int_eq(system(line), 0);
}
END_TEST

/* A phase that does not end asks no one: a second signal seconds later ends it, one behind the first does not. */
START_TEST(a_second_request_ends_a_long_phase) {
    pid_t child = start(
        NULL,
        "train netlists/discrete-digits.xml --epochs 1 --set network.free-steps=1000000000 -o %s",
        in("run"));
    wait_for("run/experiment.xml");
    kill(child, SIGTERM);
    kill(child, SIGTERM);
    sleep(4);
    ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0);
    kill(child, SIGTERM);
    ck_assert_int_eq(finish(child), 128 + SIGTERM);
}
END_TEST

static void ignore_hangup(void) {
    signal(SIGHUP, SIG_IGN);
}

/* nohup goes on. */
START_TEST(an_ignored_hangup_stays_ignored) {
    make_slow("ngspice");
    pid_t child = start(ignore_hangup, "verify netlists/divider.cir");
    wait_for("numbers");
    kill(child, SIGHUP);
    nanosleep(&(struct timespec){0, 100000000}, NULL);
    ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0);
    kill(child, SIGTERM);
    ck_assert_int_eq(finish(child), 128 + SIGTERM);
    assert_both_ended();
}
END_TEST

/* At random moments of an export, which takes some milliseconds: the folder has its one file. */
START_TEST(a_writer_leaves_nothing_unfinished) {
    eq_random r = eq_random_seed(11);
    int ended = 0;
    ck_assert_int_eq(mkdir(in("out"), 0777), 0);
    ck_assert_int_eq(finish(start(NULL, "build kendall --layers 40,40,10 -o %s", in("big.cir"))),
                     0);
    for (int k = 0; k < 60; k++) {
        pid_t child = start(NULL, "export %s --to xyce -o %s", in("big.cir"), in("out/deck"));
        nanosleep(&(struct timespec){0, (long)eq_random_below(&r, 40000000)}, NULL);
        kill(child, ending[k % ENDING]);
        int exit_status = finish(child);
        ck_assert(exit_status == 0 || exit_status == 128 + ending[k % ENDING]);
        ck_assert_int_le(entries(in("out")), 1);
        ck_assert(entries(in("out")) == 0 || access(in("out/deck"), F_OK) == 0);
        ended += exit_status != 0;
    }
    ck_assert_int_gt(ended, 0);
}
END_TEST

/* What is noted down goes at the end, whatever it is, and what was kept stays. */
START_TEST(the_end_removes_what_is_noted_down) {
    int here = open(scratch_current(), O_RDONLY | O_DIRECTORY), fd, folder, status;
    int before = entries(scratch_current());
    eq_temporary *kept = eq_temporary_file(here, &fd);
    ck_assert_ptr_nonnull(kept);
    eq_temporary_keep(kept);
    ck_assert_ptr_nonnull(eq_temporary_file(here, &fd));
    ck_assert_ptr_nonnull(eq_temporary_folder(here, &folder));
    for (int k = 0; k < 300; k++) {
        char name[64];
        snprintf(name, sizeof name, "a file of another program with a long name %d", k);
        ck_assert_int_eq(close(openat(folder, name, O_CREAT | O_WRONLY, 0600)), 0);
    }
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    ck_assert_ptr_nonnull(eq_temporary_program(child));
    ck_assert_int_eq(entries(scratch_current()), before + 3);
    eq_temporary_end();
    ck_assert_int_eq(entries(scratch_current()), before + 1);
    ck_assert_int_eq(waitpid(child, &status, 0), -1); /* has been waited for */
}
END_TEST

/* No descriptor or table without an end: the error is told, and places come back. */
START_TEST(too_many_temporaries_are_refused) {
    enum { MANY = 100 };
    eq_temporary *t[MANY];
    int here = open(scratch_current(), O_RDONLY | O_DIRECTORY), n = 0, fd;
    while (n < MANY && (t[n] = eq_temporary_file(here, &fd)) != NULL) n++;
    ck_assert_int_lt(n, MANY);
    ck_assert_ptr_null(eq_temporary_file(here, &fd));
    ck_assert_ptr_null(eq_temporary_folder(here, &fd));
    ck_assert_ptr_null(eq_temporary_program(1));
    ck_assert_int_eq(errno, EMFILE);
    ck_assert_int_ne(eq_file_write(in("file"), "text", 4, NULL), EQ_OK);
    eq_temporary_remove(t[0]);
    ck_assert_int_eq(eq_file_write(in("file"), "text", 4, NULL), EQ_OK);
    for (int k = 1; k < n; k++) eq_temporary_remove(t[k]);
    ck_assert_ptr_null(eq_temporary_file(-1, &fd));
    ck_assert_ptr_null(eq_temporary_folder(-1, &fd));
}
END_TEST

static const char victim_text[] = "of somebody else\n";

/* Links to the victim under all names that one could foresee:
 * the process has its number already. */
static void plant_links(void) {
    static const char *const name[] = {"out/.deck.%d.tmp",
                                       "out/.deck.tmp",
                                       "out/deck.tmp",
                                       "out/deck.%d",
                                       "run/.model.cir.%d.tmp",
                                       "run/.checkpoint.%d.tmp",
                                       "run/.metrics.csv.%d.tmp",
                                       "run/.curves.svg.tmp",
                                       "run/.curves.svg.%d.tmp",
                                       "run/.experiment.xml.%d.tmp"};
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        char link[LONGEST];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(link, sizeof link, name[k], (int)getpid());
#pragma GCC diagnostic pop
        if (symlink(in("victim"), in(link)) != 0) _exit(98);
    }
}

START_TEST(planted_links_lead_nowhere) {
    ck_assert_int_eq(mkdir(in("out"), 0777), 0);
    ck_assert_int_eq(mkdir(in("run"), 0777), 0);
    ck_assert_int_eq(eq_file_write(in("victim"), victim_text, sizeof victim_text - 1, NULL), EQ_OK);
    pid_t child =
        _i == 0 ? start(plant_links, "export netlists/divider.cir --to xyce -o %s", in("out/deck"))
                : start(plant_links, "train netlists/iris.xml --epochs 1 -o %s", in("run"));
    ck_assert_int_eq(finish(child), 0);
    char *text = file_text(in("victim"));
    ck_assert_str_eq(text, victim_text);
    eq_free(text);
    struct stat st;
    ck_assert_int_eq(lstat(in(_i == 0 ? "out/deck" : "run/curves.svg"), &st), 0);
    ck_assert(S_ISREG(st.st_mode));
}
END_TEST

static void limit_files(rlim_t most) {
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){most, most});
}

static void limit_to_1024(void) {
    limit_files(1024);
}

static void limit_to_250(void) {
    limit_files(250);
}

static const struct {
    preparation limit;
    const char *line, *message;
} limited[] = {
    {limit_to_1024, "export netlists/iris.cir --to xyce -o %s/deck", "deck': File too large"},
    {limit_to_1024, "export netlists/iris.cir --to xml -o %s/deck", "deck': File too large"},
    {limit_to_250, "run netlists/controlled.cir --format raw -o %s/deck", "deck': File too large"},
    {limit_to_1024, "train netlists/iris.xml --epochs 2 -o %s/run", "': File too large"},
    {limit_to_1024, "verify netlists/iris.cir", "deck.cir': File too large"},
    {limit_to_1024, "verify %s/chain.cir", "by a signal: File size limit exceeded"},
};
enum { LIMITED = sizeof limited / sizeof *limited };

/* A deck of 900 bytes, whose results take more than 1024. */
static void write_chain(void) {
    eq_text t = {0};
    eq_text_puts(&t, "t\nv1 n0 0 1\nr0 n0 0 1\n");
    for (int k = 1; k < 50; k++) eq_text_printf(&t, "r%d n%d n%d 1\n", k, k - 1, k);
    eq_text_puts(&t, ".op\n.end\n");
    ck_assert_int_eq(eq_file_write(in("chain.cir"), t.text, t.length, NULL), EQ_OK);
    eq_text_free(&t);
}

/* ulimit -f: the system's own answer to it would end the program. ngspice is ended by it. */
START_TEST(a_file_beyond_the_limit_is_told) {
    char line[LONGEST];
    write_chain();
    ck_assert_int_eq(mkdir(in("tmp"), 0777), 0);
    setenv("TMPDIR", in("tmp"), 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(line, sizeof line, limited[_i].line, scratch_current());
#pragma GCC diagnostic pop
    ck_assert_int_eq(finish(start(limited[_i].limit, "%s", line)), 1);
    assert_said(limited[_i].message);
    ck_assert_int_eq(entries(in("tmp")), 0);
}
END_TEST

/* Standard output is a file too. */
START_TEST(results_beyond_the_limit_are_told) {
    char line[LONGEST];
    const char *name = getenv("EQSPICE") == NULL ? "build/eqspice" : getenv("EQSPICE");
    snprintf(line, sizeof line, "ulimit -f 0; %s op netlists/iris.cir 2>&1 >%s | grep -q '%s'",
             name, in("said"), "the result: File too large");
    ck_assert_int_eq(system(line), 0);
}
END_TEST

Suite *signals_suite(void) {
    Suite *s = suite_create("signals");
    TCase *t = tcase_create("signals");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, a_verification_ends_with_all_that_it_started, 0, ENDING);
    tcase_add_loop_test(t, a_plot_ends_with_all_that_it_started, 0, ENDING);
    tcase_add_loop_test(t, a_picture_ends_with_all_that_it_started, 0, ENDING);
    tcase_add_loop_test(t, a_report_ends_with_all_that_it_started, 0, ENDING);
    tcase_add_loop_test(t, a_training_saves_and_stops, 0, ENDING - 1);
    tcase_add_test(t, a_second_request_ends_a_long_phase);
    tcase_add_test(t, an_ignored_hangup_stays_ignored);
    tcase_add_test(t, a_writer_leaves_nothing_unfinished);
    tcase_add_test(t, the_end_removes_what_is_noted_down);
    tcase_add_test(t, too_many_temporaries_are_refused);
    tcase_add_loop_test(t, planted_links_lead_nowhere, 0, 2);
    tcase_add_loop_test(t, a_file_beyond_the_limit_is_told, 0, LIMITED);
    tcase_add_test(t, results_beyond_the_limit_are_told);
    suite_add_tcase(s, t);
    return s;
}
