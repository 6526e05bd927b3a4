/* The program over MPI (make MPI=1): any number of processes gives the results of one, failures are
 * told once. Skipped with a line that says so where there is no mpirun or no build/mpi/eqspice. */
#define _XOPEN_SOURCE 700
#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "support/program.h"
#include "support/training.h"
#include "train/train.h"

Suite *mpi_suite(void);

static const int ranks[] = {1, 2, 4};
enum { RANKS = sizeof ranks / sizeof *ranks };

/* build/mpi/eqspice beside $EQSPICE. */
static const char *mpi_program(void) {
    static char path[4096];
    const char *program = getenv("EQSPICE");
    snprintf(path, sizeof path, "%s", program == NULL ? "build/eqspice" : program);
    char *slash = strrchr(path, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    snprintf(path + folder, sizeof path - folder, "mpi/eqspice");
    return path;
}

static bool can_run(void) {
    bool can = system("command -v mpirun >/dev/null 2>&1") == 0 && access(mpi_program(), X_OK) == 0;
    if (!can) fprintf(stderr, "skipped: mpi (no mpirun, or no %s: make MPI=1)\n", mpi_program());
    return can;
}

/* `PROGRAM ARGUMENTS`; the exit status must be this. */
static char *run_as(const char *program, int exit_status, const char *arguments) {
    char *text, *before = getenv("EQSPICE") == NULL ? NULL : strdup(getenv("EQSPICE"));
    setenv("EQSPICE", program, 1);
    expect_exit(exit_status, &text, "%s", arguments);
    if (before == NULL)
        unsetenv("EQSPICE");
    else
        setenv("EQSPICE", before, 1);
    free(before);
    return text;
}

static char *run_mpirun(int exit_status, const char *arguments) {
    char line[9100];
    snprintf(line, sizeof line, "--oversubscribe --allow-run-as-root %s", arguments);
    return run_as("mpirun", exit_status, line);
}

/* `eqspice ARGUMENTS` in k processes; k = 0: the program without MPI.
 * The exit status must be this. */
static char *run_ranks(int k, int exit_status, const char *format, ...) {
    char line[4096], all[9000], *text;
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    snprintf(all, sizeof all, "-n %d %s %s", k, mpi_program(), line);
    if (k > 0) return run_mpirun(exit_status, all);
    expect_exit(exit_status, &text, "%s", line);
    return text;
}

/* Conductances and losses of two runs, up to `rounding` of them (0: the same bits). */
static void compare_runs(const char *one, const char *other, double rounding) {
    eq_checkpoint a = checkpoint_of(in(one)), b = checkpoint_of(in(other));
    ck_assert_uint_eq(a.conductances, b.conductances);
    ck_assert_uint_eq(a.rows, b.rows);
    for (uint64_t k = 0; k < a.conductances; k++)
        ck_assert_double_le(fabs(a.g[k] - b.g[k]), rounding * fabs(a.g[k]));
    for (uint64_t k = 0; k < a.rows; k++) {
        ck_assert_int_eq(isnan(a.row[k].train_loss), isnan(b.row[k].train_loss));
        if (!isnan(a.row[k].train_loss))
            ck_assert_double_le(fabs(a.row[k].train_loss - b.row[k].train_loss), rounding);
        ck_assert_double_le(fabs(a.row[k].test_loss - b.row[k].test_loss), rounding);
        ck_assert_int_eq(isnan(a.row[k].test_error), isnan(b.row[k].test_error));
        if (!isnan(a.row[k].test_error))
            ck_assert_double_eq(a.row[k].test_error, b.row[k].test_error);
        if (!isnan(a.row[k].gradient_cosine))
            ck_assert_double_eq_tol(a.row[k].gradient_cosine, b.row[k].gradient_cosine,
                                    rounding + 1e-15);
    }
    eq_checkpoint_free(&a);
    eq_checkpoint_free(&b);
}

/* The sparse engine's pivots are those of the first example of a rank, and its gradient is summed
 * rank by rank: rounding of the potentials, divided by beta (1e-7). */
static const struct {
    const char *experiment, *engine;
    double rounding;
} trainings[] = {{"netlists/iris.xml", "layered", 0.0},
                 {"netlists/two-stage.xml", "layered", 0.0},
                 {"netlists/two-stage.xml", "sparse", 1e-5}};
enum { TRAININGS = sizeof trainings / sizeof *trainings };

START_TEST(trainings_agree_for_any_number_of_processes) {
    if (!can_run()) return;
    char *alone = strdup(in("alone"));
    free(run_ranks(0, 0, "train %s --engine %s --epochs 5 -o %s", trainings[_i].experiment,
                   trainings[_i].engine, alone));
    for (int k = 0; k < RANKS; k++) {
        char *text = run_ranks(ranks[k], 0, "train %s --engine %s --epochs 5 -o %s --force",
                               trainings[_i].experiment, trainings[_i].engine, in("together"));
        ck_assert_msg(ranks[k] == 1 || strstr(text, "told the others") != NULL, "%s", text);
        compare_runs("alone", "together", trainings[_i].rounding);
        free(text);
    }
    char *one = run_ranks(0, 0, "eval %s", alone), *three = run_ranks(3, 0, "eval %s", alone);
    ck_assert_str_eq(one, three);
    free(one);
    free(three);
    free(alone);
}
END_TEST

/* Each rank trains its own seeds; the first one writes the table of all. */
START_TEST(seeds_are_shared_among_the_processes) {
    if (!can_run()) return;
    free(run_ranks(0, 0, "train netlists/xor.xml --epochs 5 --seeds 1..5 -o %s", in("alone")));
    for (int k = 0; k < RANKS; k++) {
        char *text =
            run_ranks(ranks[k], 0, "train netlists/xor.xml --epochs 5 --seeds 1..5 -o %s --force",
                      in("together"));
        ck_assert_msg(strstr(text, "best: seed ") != NULL, "%s", text);
        free(text);
        for (int seed = 1; seed <= 5; seed++) {
            char one[32], other[32];
            snprintf(one, sizeof one, "alone/seed-%d", seed);
            snprintf(other, sizeof other, "together/seed-%d", seed);
            compare_runs(one, other, 0.0);
        }
        char *table = file_text(in("together/seeds.csv"));
        ck_assert_msg(strstr(table, "\n5,") != NULL && strstr(table, "\nbest,") != NULL, "%s",
                      table);
        eq_free(table);
    }
    char *text = run_ranks(2, 2, "train netlists/xor.xml --seeds 4,5 -o %s", in("together"));
    ck_assert_msg(strstr(text, "holds a run already (seeds.csv)") != NULL, "%s", text);
    free(text);
}
END_TEST

/* Iris with a learning rate that does not depend on the number of epochs. */
static char *iris_by(const char *estimator) {
    eq_text text = {0};
    char folder[4096];
    ck_assert_ptr_nonnull(getcwd(folder, sizeof folder));
    eq_text_printf(&text,
                   "<experiment name=\"iris\" seed=\"1\"><circuit deck=\"%s/netlists/iris.cir\"/>"
                   "<data format=\"csv\" path=\"%s/data/iris.csv\" label=\"species\" "
                   "test-fraction=\"0.3\"/><encoding normalize=\"range\" scale=\"2\" "
                   "invert=\"yes\"/><cost type=\"squared-difference\" high=\"1\" low=\"0\"/>"
                   "<estimator %s/><optimizer type=\"sgd\">"
                   "<group match=\"r*\" rate=\"5e-7\" init=\"uniform\" low=\"1e-7\" high=\"2e-5\"/>"
                   "</optimizer><minibatch size=\"4\"/><epochs count=\"4\"/></experiment>",
                   folder, folder, estimator);
    char *path = strdup(in("iris.xml"));
    ck_assert_int_eq(eq_file_write(path, text.text, text.length, NULL), EQ_OK);
    eq_text_free(&text);
    return path;
}

static char *constant_iris(void) {
    return iris_by("type=\"symmetric\" beta=\"1e-7\"");
}

/* By the adjoint, whose sums nothing is divided by, and with held outputs; watched. */
START_TEST(other_estimators_agree_for_any_number_of_processes) {
    static const char *const engine[] = {"layered", "sparse"},
                             *const estimator[] = {
                                 "type=\"adjoint\"",
                                 "type=\"one-sided\" nudging=\"clamp\" eta=\"0.5\""};
    if (!can_run()) return;
    char *iris = iris_by(estimator[_i / 2]);
    free(run_ranks(0, 0, "train %s --engine %s --watch-gradient -o %s", iris, engine[_i % 2],
                   in("alone")));
    for (int k = 0; k < RANKS; k++) {
        free(run_ranks(ranks[k], 0, "train %s --engine %s --watch-gradient -o %s --force", iris,
                       engine[_i % 2], in("together")));
        compare_runs("alone", "together", _i % 2 == 0 ? 0.0 : 1e-9);
    }
    free(iris);
}
END_TEST

/* Tasks are learned by all: inner trainings that share a gradient take the same steps. */
START_TEST(tasks_are_learned_the_same_by_any_number_of_processes) {
    static const char how[] =
        "--epochs 1 --set minibatch.size=20 --set meta.tolerance=1e-5 --set "
        "data.test-fraction=0.6 --set meta.strength-rate=0.05 --set meta.bound-rate=1 --set "
        "regularizer.soft-strength=1e8 --set regularizer.soft-high=4e-6";
    if (!can_run()) return;
    free(run_ranks(0, 0, "train netlists/meta-sine.xml %s -o %s", how, in("alone")));
    for (int k = 0; k < 2; k++) {
        free(run_ranks(ranks[k], 0, "train netlists/meta-sine.xml %s -o %s --force", how,
                       in("together")));
        compare_runs("alone", "together", 0.0);
        eq_checkpoint a = checkpoint_of(in("alone")), b = checkpoint_of(in("together"));
        ck_assert_uint_eq(a.extras, b.extras);
        ck_assert_int_eq(memcmp(a.extra, b.extra, (a.extras - 3) * sizeof *a.extra), 0);
        eq_checkpoint_free(&a);
        eq_checkpoint_free(&b);
    }
}
END_TEST

/* Begun by two processes, resumed by three: as one that was never stopped. */
START_TEST(another_number_of_processes_resumes) {
    if (!can_run()) return;
    char *run = strdup(in("resumed")), *iris = constant_iris();
    free(run_ranks(0, 0, "train %s -o %s", iris, in("whole")));
    free(run_ranks(2, 0, "train %s --epochs 2 -o %s", iris, run));
    free(run_ranks(3, 0, "train %s -o %s --resume", iris, run));
    compare_runs("whole", "resumed", 0.0);
    free(iris);
    free(run);
}
END_TEST

static int times(const char *text, const char *part) {
    int n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p++) n++;
    return n;
}

/* Only the first process looks at the folder: what it refuses is refused by all, told once. */
START_TEST(a_used_folder_is_refused_by_all) {
    if (!can_run()) return;
    char *run = strdup(in("run")), *iris = constant_iris(), *text[3];
    text[0] = run_ranks(2, 0, "train %s --epochs 2 -o %s", iris, run);
    text[1] = run_ranks(2, 2, "train %s --epochs 2 -o %s", iris, run);
    ck_assert_msg(times(text[1], "holds a run already") == 1, "%s", text[1]);
    text[2] = run_ranks(3, 2, "train %s --epochs 3 --seed 5 --resume -o %s", iris, run);
    ck_assert_msg(times(text[2], "the seed changed since the run began") == 1, "%s", text[2]);
    for (int k = 0; k < 3; k++) free(text[k]);
    free(run_ranks(3, 0, "train %s --epochs 2 --force -o %s", iris, run));
    free(run_ranks(0, 0, "train %s --epochs 2 -o %s", iris, in("alone")));
    compare_runs("alone", "run", 0.0);
    eq_checkpoint a = checkpoint_of(in("alone")), b = checkpoint_of(in("run"));
    ck_assert(a.run == b.run); /* of what is trained, not of who shares the work */
    eq_checkpoint_free(&a);
    eq_checkpoint_free(&b);
    free(iris);
    free(run);
}
END_TEST

#define CIRCUIT                                                                                    \
    "sweeps\n.param r=1k\n.model d d(is=1e-14)\nV1 in 0 1\nR1 in a {r}\nD1 a 0 d\nR2 a b 2k\n"     \
    "D2 b 0 d\n.print dc v(a) i(v1) {v(a)-v(b)}\n"
static const char *const decks[] = {
    CIRCUIT ".step param r list 500 1k 2k 5k\n.step temp 0 50 25\n.dc V1 -1 2 0.1\n.op\n"
            ".measure dc vmax max v(a)\n.measure dc at when v(a)=0.5\n.end\n",
    CIRCUIT ".dc V1 -1 2 0.1\n.measure dc vmax max v(a)\n.measure dc at when v(a)=0.5\n.end\n",
    CIRCUIT ".dc V1 -1 2 .25 R2 1k 3k 500\n.op\n.end\n",
    /* switches keep their state from point to point */
    CIRCUIT "S1 b 0 in 0 sm\n.model sm sw(vt=0 vh=.9 ron=100 roff=1g)\n.print dc i(s1)\n.dc V1 2 "
            "-2 -.25 R2 1k 3k "
            "1k\n.end\n",
    /* more points than the range of its first reading */
    CIRCUIT ".dc V1 -1 {r/1k} .25 r 1k 6k 1k\n.end\n",
};
enum { DECKS = sizeof decks / sizeof *decks };

/* The same words, the same numbers to 1e-9. */
static void compare_tables(const char *a, const char *b, int k) {
    while (*a != '\0' && *b != '\0') {
        char *after_a, *after_b;
        double x = strtod(a, &after_a), y = strtod(b, &after_b);
        if (after_a != a && after_b != b) {
            ck_assert_msg(fabs(x - y) <= 1e-9 * fabs(x) + 1e-15, "%d ranks: %.17g, %.17g", k, x, y);
            a = after_a;
            b = after_b;
        } else {
            ck_assert_msg(*a++ == *b++, "%d ranks", k);
        }
    }
    ck_assert_int_eq(*a, *b);
}

START_TEST(sweeps_agree_for_any_number_of_processes) {
    if (!can_run()) return;
    char *path = strdup(in("sweep.cir"));
    ck_assert_int_eq(eq_file_write(path, decks[_i], strlen(decks[_i]), NULL), EQ_OK);
    char *alone = run_ranks(0, 0, "run %s --format csv --dialect ngspice", path);
    ck_assert_ptr_nonnull(strstr(alone, "v(a),i(v1)"));
    for (int k = 0; k < RANKS; k++) {
        char *together = run_ranks(ranks[k], 0, "run %s --format csv --dialect ngspice", path);
        compare_tables(alone, together, ranks[k]);
        free(together);
    }
    free(alone);
    free(path);
}
END_TEST

/* A step that only the last process meets, a bad option, a missing file: one message, no hang. */
START_TEST(failures_are_told_once) {
    static const char bad[] = "bad\n.param r=1\nV1 a 0 1\nR1 a 0 {r}\n"
                              ".step param r list 1 2 3 1e301\n.op\n.end\n";
    if (!can_run()) return;
    char *path = strdup(in("bad.cir")), *text[3];
    ck_assert_int_eq(eq_file_write(path, bad, strlen(bad), NULL), EQ_OK);
    text[0] = run_ranks(2, 2, "run %s --dialect ngspice", path);
    ck_assert_msg(times(text[0], "r = 1e+301 of R1 is outside") == 1, "%s", text[0]);
    text[1] = run_ranks(2, 2, "train netlists/iris.xml --bogus");
    ck_assert_msg(times(text[1], "there is no option --bogus") == 1, "%s", text[1]);
    text[2] = run_ranks(2, 2, "run %s", in("nosuch.cir"));
    ck_assert_msg(times(text[2], "error: cannot read") == 1, "%s", text[2]);
    for (int k = 0; k < 3; k++) free(text[k]);
    free(path);
}
END_TEST

/* What needs one process only is done by one: usage, help, commands that are not parallel. */
START_TEST(serial_commands_run_on_one_rank) {
    if (!can_run()) return;
    char *text = run_ranks(2, 2, " ");
    ck_assert_msg(times(text, "usage: eqspice COMMAND") == 1, "%s", text);
    free(text);
    text = run_ranks(2, 2, "simulate it");
    ck_assert_msg(times(text, "there is no command 'simulate'") == 1, "%s", text);
    free(text);
    text = run_ranks(2, 0, "op netlists/divider.cir --format csv");
    ck_assert_msg(times(text, "v(in)") == 1, "%s", text);
    free(text);
    static const char *const command[] = {"op", "run"};
    for (int k = 0; k < 2; k++) {
        text = run_ranks(2, 0, "%s netlists/divider.cir --verbose", command[k]);
        ck_assert_msg(times(text, "trying newton") == 1, "%s", text);
        free(text);
    }
}
END_TEST

/* The program for mpirun, started without it. */
START_TEST(without_mpirun_there_is_one_process) {
    if (!can_run()) return;
    const char line[] = "run netlists/antiparallel.cir --format csv";
    char *with = run_as(mpi_program(), 0, line), *without = run_ranks(0, 0, "%s", line);
    ck_assert_str_eq(with, without);
    free(with);
    free(without);
}
END_TEST

/* What only one process meets: the second gets an experiment that is not there, the first a folder
 * `runs` that cannot be made. One message, no hang. */
START_TEST(failures_of_one_process_are_told) {
    if (!can_run()) return;
    char line[9000], *program = realpath(mpi_program(), NULL), *iris = constant_iris();
    snprintf(line, sizeof line, "-n 1 %s train %s -o %s : -n 1 %s train %s -o %s", program, iris,
             in("run"), program, in("nosuch.xml"), in("run"));
    char *text = run_mpirun(2, line);
    ck_assert_msg(times(text, "error: cannot read") == 1, "%s", text);
    free(text);
    ck_assert_int_eq(eq_file_write(in("runs"), "", 0, NULL), EQ_OK);
    snprintf(line, sizeof line, "-n 2 -wdir %s %s train %s", scratch_current(), program, iris);
    text = run_mpirun(1, line);
    ck_assert_msg(times(text, "cannot make the folder 'runs'") == 1, "%s", text);
    free(text);
    free(iris);
    free(program);
}
END_TEST

/* All ranks write to one table, which is in the end that of the program without MPI. */
START_TEST(the_points_of_a_study_are_shared) {
    if (!can_run()) return;
    for (int k = 0; k < RANKS; k++) {
        char *a, *b, name[16], table[32];
        snprintf(name, sizeof name, "study%d", ranks[k]);
        snprintf(table, sizeof table, "study%d/points.csv", ranks[k]);
        free(run_ranks(0, 0, "explore netlists/study-iris.xml -o %s --force", in("study")));
        free(run_ranks(ranks[k], 0, "explore netlists/study-iris.xml -o %s", in(name)));
        a = file_text(in("study/points.csv"));
        b = file_text(in(table));
        for (const char *p = a, *q = b; *p != '\0';
             p = strchr(p, '\n') + 1, q = strchr(q, '\n') + 1) {
            size_t n = 0; /* without seconds */
            for (int c = 0; c < 8; c++) n += strcspn(p + n, ",") + 1;
            ck_assert_msg(strncmp(p, q, n) == 0, "%.200s\n%.200s", p, q);
        }
        eq_free(a), eq_free(b);
    }
}
END_TEST

/* Each generation of a search looks at what all ranks have written. */
START_TEST(a_search_is_the_same_for_any_number_of_processes) {
    if (!can_run()) return;
    char text[1024], here[512], name[16], table[32];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    snprintf(text, sizeof text,
             "<study experiment='%s/netlists/xor.xml'><set name='epochs.count' value='20'/>"
             "<factor name='optimizer.group.rate' from='1e-8' to='1e-6' scale='log'/>"
             "<design type='cma-es' points='20' population='5'/><repeats seeds='1..2'/>"
             "<record figures='train_loss'/><report goal='train_loss'/></study>",
             here);
    ck_assert_int_eq(eq_file_write(in("s.xml"), text, strlen(text), NULL), EQ_OK);
    char *study = strdup(in("s.xml"));
    for (int k = 0; k < RANKS; k++) {
        snprintf(name, sizeof name, "study%d", ranks[k]);
        snprintf(table, sizeof table, "study%d/points.csv", ranks[k]);
        free(run_ranks(0, 0, "explore %s -o %s --force", study, in("study")));
        free(run_ranks(ranks[k], 0, "explore %s -o %s", study, in(name)));
        char *a = file_text(in("study/points.csv")), *b = file_text(in(table));
        ck_assert_str_eq(a, b);
        ck_assert_int_eq(times(a, "\n"), 41);
        eq_free(a), eq_free(b);
    }
    free(study);
}
END_TEST

Suite *mpi_suite(void) {
    Suite *s = suite_create("mpi");
    TCase *t = tcase_create("mpi");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, trainings_agree_for_any_number_of_processes, 0, TRAININGS);
    tcase_add_loop_test(t, other_estimators_agree_for_any_number_of_processes, 0, 4);
    tcase_add_test(t, seeds_are_shared_among_the_processes);
    tcase_add_test(t, tasks_are_learned_the_same_by_any_number_of_processes);
    tcase_add_test(t, another_number_of_processes_resumes);
    tcase_add_test(t, a_used_folder_is_refused_by_all);
    tcase_add_loop_test(t, sweeps_agree_for_any_number_of_processes, 0, DECKS);
    tcase_add_test(t, failures_are_told_once);
    tcase_add_test(t, serial_commands_run_on_one_rank);
    tcase_add_test(t, failures_of_one_process_are_told);
    tcase_add_test(t, without_mpirun_there_is_one_process);
    tcase_add_test(t, the_points_of_a_study_are_shared);
    tcase_add_test(t, a_search_is_the_same_for_any_number_of_processes);
    suite_add_tcase(s, t);
    return s;
}
