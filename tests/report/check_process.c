/* Other programs: what they say and how they end, and what becomes of a verification or a picture
 * when ngspice or gnuplot is missing, fails, lies or says nothing. The programs are scripts here,
 * in a folder of their own on PATH. */
#define _XOPEN_SOURCE 700
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "report/plot.h"
#include "report/process.h"
#include "report/verify.h"
#include "support/program.h"

Suite *process_suite(void);

/* Runs a line of the shell. */
static eq_status run_shell(const char *line, const char *input, int seconds, int *exit_status,
                           eq_text *output, eq_diag *d) {
    const char *const argv[] = {"sh", "-c", line, NULL};
    eq_process p = {argv, NULL, input, "dash", seconds};
    return eq_process_run(&p, exit_status, output, d);
}

START_TEST(exit_status_and_signals_are_reported) {
    static const struct {
        const char *line;
        int status;
    } end[] = {{"exit 0", 0},
               {"exit 3", 3},
               {"exit 127", 127},
               {"kill -9 $$", 137},
               {"exec <&-; sleep 0.1; exit 4", 4},
               {"exec >&- 2>&-; sleep 0.1; exit 5", 5},
               {"kill -s PIPE $$; exit 6", 141}};
    signal(SIGCHLD, SIG_IGN); /* as a careless parent may leave it */
    for (size_t k = 0; k < sizeof end / sizeof *end; k++) {
        int exit_status = -1;
        ck_assert_int_eq(run_shell(end[k].line, NULL, 0, &exit_status, NULL, NULL), EQ_OK);
        ck_assert_msg(exit_status == end[k].status, "%s: %d", end[k].line, exit_status);
    }
    ck_assert_ptr_eq((void *)signal(SIGCHLD, SIG_DFL), (void *)SIG_IGN);
}
END_TEST

/* More than a pipe holds, in both directions, and a child that does not read it. */
START_TEST(input_and_output_larger_than_a_pipe) {
    enum { LENGTH = 1000000 };
    char *input = malloc(LENGTH + 1);
    for (int k = 0; k < LENGTH; k++) input[k] = (char)('a' + k % 26);
    input[LENGTH] = '\0';
    eq_text output = {0};
    int exit_status = -1;
    ck_assert_int_eq(run_shell("cat", input, 60, &exit_status, &output, NULL), EQ_OK);
    ck_assert_uint_eq(output.length, LENGTH);
    ck_assert_int_eq(memcmp(output.text, input, LENGTH), 0);
    eq_text_clear(&output);
    ck_assert_int_eq(
        run_shell("echo out; echo err >&2; exit 7", input, 60, &exit_status, &output, NULL), EQ_OK);
    ck_assert_int_eq(exit_status, 7);
    ck_assert_str_eq(output.text, "out\nerr\n");
    eq_text_free(&output); /* what nobody wants to read; input that is left when the end comes */
    static const char *const line[] = {"cat", "exec >&- 2>&-; sleep 0.1; exit 8"};
    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(run_shell(line[k], input, 60, &exit_status, NULL, NULL), EQ_OK);
        ck_assert_int_eq(exit_status, 8 * k);
    }
    free(input);
}
END_TEST

static void nothing(int number) {
    (void)number;
}

/* A timer interrupts every wait; nothing is lost. */
START_TEST(waits_survive_signals) {
    struct sigaction quiet = {.sa_handler = nothing};
    struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    eq_text output = {0};
    int exit_status = -1;
    sigaction(SIGALRM, &quiet, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    eq_status status = run_shell("sleep 0.1; echo here; exec >&- 2>&-; sleep 0.1; exit 9", NULL, 30,
                                 &exit_status, &output, NULL);
    setitimer(ITIMER_REAL, &never, NULL);
    ck_assert_int_eq(status, EQ_OK);
    ck_assert_int_eq(exit_status, 9);
    ck_assert_str_eq(output.text, "here\n");
    eq_text_free(&output);
}
END_TEST

/* The one message of d; forgets it. */
static void said(eq_diag *d, const char *wanted) {
    ck_assert_uint_eq(eq_diag_count(d), 1);
    ck_assert_msg(strstr(eq_diag_get(d, 0)->text, wanted) != NULL, "%s\nnot: %s",
                  eq_diag_get(d, 0)->text, wanted);
    eq_diag_free(d);
}

START_TEST(programs_that_cannot_start_are_errors) {
    const char *const missing[] = {"eqspice-no-such-program", NULL}, *const sh[] = {"sh", NULL};
    const char *const folder[] = {"/", NULL};
    eq_diag *d = eq_diag_new();
    int exit_status;
    eq_process p = {missing, NULL, NULL, "nothing", 0};
    ck_assert_int_eq(eq_process_run(&p, &exit_status, NULL, d), EQ_ERR_IO);
    said(d, "eqspice-no-such-program is not installed; apt-get install nothing");
    p = (eq_process){sh, "/no-such-folder", NULL, "dash", 0};
    ck_assert_int_eq(eq_process_run(&p, &exit_status, NULL, d = eq_diag_new()), EQ_ERR_IO);
    said(d, "cannot start sh in /no-such-folder: No such file or directory");
    p = (eq_process){folder, "/", NULL, "nothing", 0};
    ck_assert_int_eq(eq_process_run(&p, &exit_status, NULL, d = eq_diag_new()), EQ_ERR_IO);
    said(d, "cannot start /: Permission denied");
}
END_TEST

/* No file descriptor left for the first pipe, or for the second. */
START_TEST(no_descriptors_left) {
    struct rlimit before;
    int exit_status;
    getrlimit(RLIMIT_NOFILE, &before);
    int next = open("/dev/null", O_RDONLY);
    close(next);
    for (int more = 0; more <= 3; more++) {
        struct rlimit few = {(rlim_t)(next + more), before.rlim_max};
        eq_diag *d = eq_diag_new();
        setrlimit(RLIMIT_NOFILE, &few);
        eq_status status = run_shell("exit 0", NULL, 0, &exit_status, NULL, d);
        setrlimit(RLIMIT_NOFILE, &before);
        ck_assert_int_eq(status, EQ_ERR_IO);
        said(d, "cannot start sh: Too many open files");
    }
    ck_assert_int_eq(open("/dev/null", O_RDONLY), next); /* none was left open */
    close(next);
}
END_TEST

START_TEST(stopped_when_time_is_up) {
    eq_diag *d = eq_diag_new();
    int exit_status = -1;
    ck_assert_int_eq(run_shell("exec sleep 100", "text", 1, &exit_status, NULL, d), EQ_ERR_IO);
    ck_assert_int_eq(exit_status, 137);
    said(d, "sh was stopped after 1 s without an end");
}
END_TEST

/* A program of this name on PATH. */
static void pretend(const char *name, const char *script) {
    char path[4096];
    snprintf(path, sizeof path, "%s:%s", scratch_current(), "/usr/bin:/bin");
    setenv("PATH", path, 1);
    ck_assert_int_eq(eq_file_write(in(name), script, strlen(script), NULL), EQ_OK);
    chmod(in(name), 0755);
}

static eq_status verify(eq_verification *v, eq_diag *d) {
    static const char text[] = "t\nv1 in 0 3\nr1 in out 1k\nr2 out 0 2k\n.op\n.end\n";
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_circuit_parse("t.cir", text, strlen(text), &c, NULL), EQ_OK);
    eq_status status = eq_verify(c, 1e-6, v, d);
    eq_circuit_free(c);
    return status;
}

#define RAW_OF(points, name, plot, vectors, values)                                                \
    "#!/bin/sh\ncat >\"$4\" <<'X'\nTitle: t\nDate: d\nPlotname: " plot                             \
    "\nFlags: real\nNo. Variables: " vectors "\nNo. Points: " points "\nVariables:\n" name         \
    "Values:\n0\t" values "\nX\n"
#define RAW(name, plot, vectors, values) RAW_OF("1", name, plot, vectors, values)
#define ALL "\t0\tn1\tvoltage\n\t1\tv(n2)\tvoltage\n\t2\ti(v0)\tcurrent\n"

START_TEST(failures_of_ngspice_are_told) {
    static const struct {
        const char *script, *message; /* NULL: no complaint */
    } ngspice[] = {
        {RAW(ALL, "Operating Point", "3", "3\n\t2\n\t-1e-3\n"), NULL},
        {RAW(ALL, "Operating Point", "3",
             "3\n\t2\n\t-1e-3\n") "echo 'warning: singular matrix: x'\n",
         "ngspice did not solve the deck (exit status 0): warning: singular matrix: x"},
        {RAW(ALL, "Operating Point", "3", "3\n\t2\n\t-1e-3\n") "exit 3\n",
         "ngspice did not solve the deck (exit status 3): "},
        {"#!/bin/sh\necho a; echo No convergence in it; echo analysis not run\n",
         "(exit status 0): No convergence in it"},
        {"#!/bin/sh\n", "ngspice did not solve the deck (exit status 0): "},
        {"#!/bin/sh\necho nonsense >\"$4\"\n", "this is no raw file"},
        {RAW(ALL, "DC transfer characteristic", "3", "3\n\t2\n\t-1e-3\n"),
         "ngspice gave no operating point"},
        {RAW_OF("2", ALL, "Operating Point", "3", "3\n\t2\n\t-1e-3\n1\t3\n\t2\n\t-1e-3\n"),
         "ngspice gave no operating point"},
        {RAW("\t0\tn1\tvoltage\n\t1\ti(v0)\tcurrent\n", "Operating Point", "2", "3\n\t-1e-3\n"),
         "ngspice gave no v(out); does the deck mean the same there?"},
        {RAW("\t0\tn1\tvoltage\n\t1\tn2\tvoltage\n", "Operating Point", "2", "3\n\t2\n"),
         "ngspice gave no i(v1); does the deck mean the same there?"},
    };
    for (size_t k = 0; k < sizeof ngspice / sizeof *ngspice; k++) {
        eq_verification v;
        eq_diag *d = eq_diag_new();
        pretend("ngspice", ngspice[k].script);
        eq_status status = verify(&v, d);
        if (ngspice[k].message != NULL) {
            ck_assert_int_ne(status, EQ_OK);
            said(d, ngspice[k].message);
            continue;
        }
        ck_assert_int_eq(status, EQ_OK);
        ck_assert_double_le(v.node.relative, 1e-12);
        ck_assert_double_le(v.branch.relative, 1e-12);
        eq_diag_free(d);
    }
}
END_TEST

/* The deviation is that of the worst of each kind, named. */
START_TEST(deviations_are_found) {
    eq_verification v;
    pretend("ngspice", RAW(ALL, "Operating Point", "3", "3\n\t2.3\n\t-1.5e-3\n"));
    ck_assert_int_eq(verify(&v, NULL), EQ_OK);
    ck_assert_uint_eq(v.node.count, 2);
    ck_assert_uint_eq(v.branch.count, 1);
    ck_assert_double_eq_tol(v.node.absolute, 0.3, 1e-12);
    ck_assert_double_eq_tol(v.branch.absolute, 0.5e-3, 1e-12);
    ck_assert_double_ge(v.node.relative, 0.3 / 2.3 - 1e-12);
    ck_assert_double_le(v.node.relative, 0.3 / 2.0 + 1e-12);
    ck_assert_str_eq(v.node.worst, "v(out)");
    ck_assert_str_eq(v.branch.worst, "i(v1)");
}
END_TEST

START_TEST(no_place_for_ngspice) {
    eq_verification v;
    eq_diag *d = eq_diag_new();
    setenv("TMPDIR", "/no-such-folder", 1);
    ck_assert_int_eq(verify(&v, d), EQ_ERR_IO);
    said(d, "cannot make a folder like /no-such-folder/eqspice-");
    setenv("TMPDIR", scratch_current(), 1);
    setenv("PATH", "/no-such-folder", 1);
    ck_assert_int_eq(verify(&v, d = eq_diag_new()), EQ_ERR_IO);
    said(d, "ngspice is not installed; apt-get install ngspice");
}
END_TEST

/* A picture that cannot be drawn is a warning, never the end of a training. */
START_TEST(a_failing_gnuplot_is_a_warning) {
    static const struct {
        const char *script, *message;
    } gnuplot[] = {{"#!/bin/sh\ncat >/dev/null\necho no terminal; exit 1\n", "no terminal"},
                   {"#!/bin/sh\ncat >/dev/null\nexit 1\n", "gnuplot failed"},
                   {NULL, "gnuplot is not installed; apt-get install gnuplot-nox"}};
    eq_diag *none = eq_diag_new();
    ck_assert_int_eq(eq_plot_curves(scratch_current(), none), EQ_OK);
    said(none, "metrics.csv': No such file or directory");
    ck_assert_int_eq(eq_file_write(in("metrics.csv"), "epoch,train_loss\n1,2\n", 21, NULL), EQ_OK);
    for (size_t k = 0; k < sizeof gnuplot / sizeof *gnuplot; k++) {
        eq_diag *d = eq_diag_new();
        if (gnuplot[k].script == NULL)
            setenv("PATH", "/no-such-folder", 1);
        else
            pretend("gnuplot", gnuplot[k].script);
        ck_assert_int_eq(eq_plot_curves(scratch_current(), d), EQ_OK);
        said(d, "no curves.svg was drawn: ");
        d = eq_diag_new();
        eq_plot_curves(scratch_current(), d);
        said(d, gnuplot[k].message);
    }
}
END_TEST

Suite *process_suite(void) {
    Suite *s = suite_create("process");
    TCase *t = tcase_create("programs");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, exit_status_and_signals_are_reported);
    tcase_add_test(t, input_and_output_larger_than_a_pipe);
    tcase_add_test(t, waits_survive_signals);
    tcase_add_test(t, programs_that_cannot_start_are_errors);
    tcase_add_test(t, no_descriptors_left);
    tcase_add_test(t, stopped_when_time_is_up);
    tcase_add_test(t, failures_of_ngspice_are_told);
    tcase_add_test(t, deviations_are_found);
    tcase_add_test(t, no_place_for_ngspice);
    tcase_add_test(t, a_failing_gnuplot_is_a_warning);
    suite_add_tcase(s, t);
    return s;
}
