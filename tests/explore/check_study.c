/* `explore`: a study ends with the same table whatever the jobs and however often it was killed; a
 * row is the training that its command repeats; what is wrong is refused before the first point. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "explore/explore.h"
#include "explore/search.h"
#include "support/program.h"

Suite *study_suite(void);

static void contains(const char *text, const char *part) {
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in:\n%.3000s", part, text);
}

/* A study of xor of few epochs. */
static void put_design(const char *name, const char *design, int epochs) {
    char text[4096], here[1024];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    snprintf(text, sizeof text,
             "<study name='xor' experiment='%s/netlists/xor.xml'>\n"
             "  <set name='%s' value='%d'/>\n"
             "  <factor name='optimizer.group.rate' from='1e-8' to='1e-6' scale='log'/>\n"
             "  <factor name='estimator.beta' from='1e-8' to='1e-5' scale='log'/>\n"
             "  <factor name='minibatch.size' from='1' to='4' whole='yes'/>\n"
             "  <design %s/>\n"
             "  <record figures='test_error train_loss test_loss'/>\n"
             "  <report goal='train_loss'/>\n"
             "</study>\n",
             here, strstr(design, "halving") != NULL ? "seed" : "epochs.count", epochs, design);
    put(name, text);
}

/* `points` points, drawn at once. */
static void put_study(const char *name, int points, int epochs) {
    char design[64];
    snprintf(design, sizeof design, "type='sobol' points='%d'", points);
    put_design(name, design, epochs);
}

/* Those that search: what they draw hangs on what came before. */
static const char *const search[] = {
    "type='successive-halving' points='20' least='40' most='400' eta='2'",
    "type='cma-es' points='35' population='7'"};
enum { SEARCHES = 2 };

static int rows(const char *csv) {
    int n = 0;
    for (const char *p = csv; *p != '\0'; p++) n += *p == '\n';
    return n - 1;
}

static void assert_same(const char *a, const char *b) {
    char *x = file_text(in(a)), *y = file_text(in(b));
    ck_assert_msg(strcmp(x, y) == 0, "%s is\n%s\nand %s is\n%s", a, x, b, y);
    eq_free(x), eq_free(y);
}

START_TEST(any_number_of_jobs_gives_the_same_table) {
    int is[] = {38, 35, 30};
    if (_i < SEARCHES)
        put_design("s.xml", search[_i], 3);
    else
        put_study("s.xml", 30, 3);
    expect_exit(0, NULL, "explore %s -o %s --jobs 1", in("s.xml"), in("one"));
    expect_exit(0, NULL, "explore %s -o %s --jobs 4", in("s.xml"), in("four"));
    assert_same("one/points.csv", "four/points.csv");
    char *csv = file_text(in("one/points.csv"));
    ck_assert_int_eq(rows(csv), is[_i]);
    eq_free(csv);
}
END_TEST

/* The program without its parent's patience: killed by -9 after some milliseconds. */
static int run_killed(const char *study, const char *folder, bool resume, long ms) {
    const char *program = getenv("EQSPICE");
    int status;
    pid_t child = fork();
    if (child == 0) {
        int out = open("/dev/null", O_WRONLY);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        execl(program == NULL ? "build/eqspice" : program, "eqspice", "explore", study, "-o",
              folder, "--jobs", "2", resume ? "--resume" : (char *)NULL, (char *)NULL);
        _exit(99);
    }
    for (long k = 0; k < ms; k++) {
        nanosleep(&(struct timespec){0, 1000000}, NULL);
        if (waitpid(child, &status, WNOHANG) == child) return status;
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return status;
}

/* No finished point is lost or repeated: the rows only grow, and the end is that of a study nobody
 * has killed. EQSPICE_LONG: the whole 20 kills of 200 points. */
START_TEST(a_killed_study_ends_with_the_same_table) {
    bool whole = getenv("EQSPICE_LONG") != NULL;
    int points = whole ? 200 : 40, kills = whole ? 20 : 6, killed = 0, before = 0;
    eq_random r = eq_random_seed(7);
    if (_i < SEARCHES)
        put_design("s.xml", search[_i], 400), kills /= 2;
    else
        put_study("s.xml", points, 400);
    char *study = strdup(in("s.xml")), *folder = strdup(in("killed"));
    expect_exit(0, NULL, "explore %s -o %s", study, in("whole"));
    for (int k = 0; k < 4 * kills && killed < kills; k++) {
        bool begun = access(in("killed/points.csv"), F_OK) == 0;
        int status = run_killed(study, folder, begun, 10 + (long)eq_random_below(&r, 100));
        if (WIFSIGNALED(status)) killed++;
        ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        if (access(in("killed/points.csv"), F_OK) != 0) continue;
        char *csv = file_text(in("killed/points.csv"));
        ck_assert_int_ge(rows(csv), before);
        before = rows(csv) < 0 ? 0 : rows(csv);
        eq_free(csv);
    }
    ck_assert_int_gt(killed, 0);
    expect_exit(0, NULL, "explore %s -o %s%s", study, folder,
                access(in("killed/points.csv"), F_OK) == 0 ? " --resume" : "");
    assert_same("killed/points.csv", "whole/points.csv");
    char *csv = file_text(in("whole/points.csv"));
    printf("  explore: killed %d times, the same table of %d points\n", killed, rows(csv));
    eq_free(csv);
    free(study), free(folder);
}
END_TEST

/* Where cell n of row k of the table begins. */
static const char *cell_of(const char *csv, int k, int n) {
    for (int line = 0; line <= k; line++) csv = strchr(csv, '\n') + 1;
    for (; n > 0; n--) csv = strchr(csv, ',') + 1;
    return csv;
}

/* The three factors of row k that are no budget, as text; cell `at` as a number. */
static double loss_of(const char *csv, int k, int at, char factors[256]) {
    const char *from = cell_of(csv, k, 2);
    snprintf(factors, 256, "%.*s", (int)(cell_of(csv, k, 5) - from), from);
    return strtod(cell_of(csv, k, at), NULL);
}

/* Of 9 the best 4, of these 2, of these 1, the best first, with twice the epochs each time. */
START_TEST(halving_keeps_the_best_and_gives_them_more) {
    static const struct {
        int from, to, epochs;
    } rung[] = {{0, 9, 3}, {9, 13, 6}, {13, 15, 12}, {15, 16, 20}};
    char here[256], best[256], epochs[64], *csv;
    put_design("s.xml", "type='successive-halving' points='9' least='3' most='20' eta='2'", 1);
    expect_exit(0, NULL, "explore %s -o %s", in("s.xml"), in("r"));
    csv = file_text(in("r/points.csv"));
    ck_assert_int_eq(rows(csv), 16);
    for (int g = 0; g < 4; g++) {
        double before = -INFINITY;
        snprintf(epochs, sizeof epochs, "--set epochs.count=%d ", rung[g].epochs);
        for (int k = rung[g].from; g > 0 && k < rung[g].to; k++) {
            /* The next worse one of the rung before. */
            double least = INFINITY;
            for (int j = rung[g - 1].from; j < rung[g - 1].to; j++) {
                double loss = loss_of(csv, j, 7, here);
                if (loss > before && loss < least) least = loss, strcpy(best, here);
            }
            before = least;
            loss_of(csv, k, 7, here);
            ck_assert_str_eq(here, best);
        }
        int of_rung = 0;
        for (const char *p = csv; (p = strstr(p, epochs)) != NULL; p++) of_rung++;
        ck_assert_int_eq(of_rung, rung[g].to - rung[g].from);
    }
    eq_free(csv);
}
END_TEST

/* The last generation of CMA-ES has less than half the mean loss of the first one, and what is the
 * best is not of the first. */
START_TEST(a_search_comes_nearer) {
    enum { GENERATIONS = 16, OF = 7 };
    char here[256], *csv;
    double sum[GENERATIONS] = {0}, first = INFINITY, later = INFINITY;
    put_design("s.xml", "type='cma-es' points='114' population='7'", 20);
    expect_exit(0, NULL, "explore %s -o %s", in("s.xml"), in("r"));
    csv = file_text(in("r/points.csv"));
    ck_assert_int_eq(rows(csv), GENERATIONS * OF);
    for (int k = 0; k < GENERATIONS * OF; k++) {
        double loss = loss_of(csv, k, 6, here), *of = k < OF ? &first : &later;
        sum[k / OF] += loss / OF;
        *of = fmin(*of, loss);
    }
    ck_assert_double_lt(sum[GENERATIONS - 1], 0.5 * sum[0]);
    ck_assert_double_lt(later, first);
    eq_free(csv);
}
END_TEST

/* What a machine that went down leaves: half a row. */
START_TEST(a_torn_row_is_dropped_and_trained_again) {
    put_study("s.xml", 8, 2);
    expect_exit(0, NULL, "explore %s -o %s", in("s.xml"), in("whole"));
    expect_exit(0, NULL, "explore %s -o %s", in("s.xml"), in("torn"));
    char *csv = file_text(in("torn/points.csv"));
    for (size_t cut = strlen(csv) - 1; cut > 0; cut = cut * 3 / 4) {
        ck_assert_int_eq(eq_file_write(in("torn/points.csv"), csv, cut, NULL), EQ_OK);
        expect_exit(0, NULL, "explore %s -o %s --resume", in("s.xml"), in("torn"));
        assert_same("torn/points.csv", "whole/points.csv");
    }
    eq_free(csv);
}
END_TEST

/* The k-th cell of the line behind the header; the last one is quoted. */
START_TEST(a_row_is_the_training_of_its_command) {
    put_study("s.xml", 3, 5);
    expect_exit(0, NULL, "explore %s -o %s", in("s.xml"), in("r"));
    char *csv = file_text(in("r/points.csv")), *command = strstr(csv, "eqspice train"), loss[64];
    const char *cell = strchr(csv, '\n') + 1;
    for (int k = 0; k < 6; k++) cell = strchr(cell, ',') + 1; /* train_loss */
    snprintf(loss, sizeof loss, "%.*s", (int)strcspn(cell, ","), cell);
    *strchr(command, '"') = '\0';
    expect_exit(0, NULL, "%s -o %s", command + strlen("eqspice "), in("again"));
    char *metrics = file_text(in("again/metrics.csv"));
    contains(strstr(metrics, "\n5,"), loss);
    eq_free(metrics), eq_free(csv);
}
END_TEST

/* Watts are those of eval --power, gradcheck's those of gradcheck; runs are kept when asked for. */
START_TEST(figures_are_those_of_the_other_commands) {
    char here[1024], text[4096], *said, *csv, watts[64];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    snprintf(text, sizeof text,
             "<study experiment='%s/netlists/iris.xml'><set name='data.validation-fraction' "
             "value='0.2'/><factor name='epochs.count' values='2 4'/><design type='grid'/>"
             "<record figures='watts parameters gradcheck_cosine gradient_cosine validation_error' "
             "keep-runs='yes' epoch='best'/></study>",
             here);
    put("s.xml", text);
    expect_exit(0, NULL, "explore %s -o %s", in("s.xml"), in("r"));
    csv = file_text(in("r/points.csv"));
    const char *cell = strchr(csv, '\n') + 1;
    for (int k = 0; k < 3; k++) cell = strchr(cell, ',') + 1;
    snprintf(watts, sizeof watts, "\"total\": %.8s", cell); /* printed with other digits */
    expect_exit(0, &said, "eval %s --power --json", in("r/point-1-seed-1"));
    contains(said, watts);
    free(said);
    contains(cell, ",0.99"); /* both cosines */
    eq_free(csv);
}
END_TEST

START_TEST(nothing_is_written_over_unasked_and_another_study_is_refused) {
    char *text;
    put_study("s.xml", 4, 1);
    put_study("more.xml", 6, 1);
    put_study("other.xml", 4, 2);
    expect_exit(0, NULL, "explore %s -o %s", in("s.xml"), in("r"));
    expect_exit(2, &text, "explore %s -o %s", in("s.xml"), in("r"));
    contains(text, "holds a run already (points.csv); go on with it by --resume");
    free(text);
    expect_exit(2, &text, "explore %s -o %s --resume", in("other.xml"), in("r"));
    contains(text, "are not those that");
    free(text);
    expect_exit(0, NULL, "explore %s -o %s --resume", in("more.xml"), in("r")); /* sobol may grow */
    expect_exit(0, NULL, "explore %s -o %s", in("more.xml"), in("whole"));
    assert_same("r/points.csv", "whole/points.csv");
    expect_exit(2, NULL, "explore %s -o %s --resume --force", in("s.xml"), in("r"));
    expect_exit(0, NULL, "explore %s -o %s --force", in("other.xml"), in("r"));
}
END_TEST

/* Rates beyond reason: the loss is not finite. */
START_TEST(a_training_that_fails_is_a_row) {
    char here[1024], text[4096], *said, *csv;
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    snprintf(text, sizeof text,
             "<study experiment='%s/netlists/iris.xml'><set name='epochs.count' value='2'/>"
             "<factor name='encoding.scale' values='2 1e308'/><design type='grid'/>"
             "<record figures='train_loss'/></study>",
             here);
    put("s.xml", text);
    expect_exit(0, &said, "explore %s -o %s", in("s.xml"), in("r"));
    contains(said, "1 of them failed");
    free(said);
    csv = file_text(in("r/points.csv"));
    ck_assert_int_eq(rows(csv), 2);
    contains(csv, "2,1,1e308,,");
    expect_exit(0, NULL, "explore %s -o %s --resume", in("s.xml"), in("r"));
    char *again = file_text(in("r/points.csv"));
    ck_assert_str_eq(csv, again);
    eq_free(csv), eq_free(again);
}
END_TEST

START_TEST(ctrl_c_stops_cleanly_and_says_how_to_go_on) {
    const char *program = getenv("EQSPICE");
    put_study("s.xml", 400, 40);
    char *study = strdup(in("s.xml")), *folder = strdup(in("r")), *said = strdup(in("said"));
    pid_t child = fork();
    if (child == 0) {
        int out = open(said, O_CREAT | O_WRONLY | O_TRUNC, 0666);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        execl(program == NULL ? "build/eqspice" : program, "eqspice", "explore", study, "-o",
              folder, "--jobs", "2", (char *)NULL);
        _exit(99);
    }
    for (int k = 0; k < 5000 && access(in("r/points.csv"), F_OK) != 0; k++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    nanosleep(&(struct timespec){0, 100000000}, NULL);
    kill(child, SIGINT);
    int status;
    waitpid(child, &status, 0);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    char *text = file_text(said);
    contains(text, "stopped; to go on: eqspice explore ");
    contains(text, " --resume");
    eq_free(text);
    free(study), free(folder), free(said);
}
END_TEST

static void check_bad(const char *name, void *unused) {
    char expect[512], *got;
    (void)unused;
    snprintf(expect, sizeof expect, "tests/bad/studies/%.*s.expect", (int)(strlen(name) - 4), name);
    char *want = file_text(expect);
    expect_exit(2, &got, "explore tests/bad/studies/%s -o %s", name, in("none"));
    ck_assert_msg(strcmp(got, want) == 0, "%s says\n%sand not\n%s", name, got, want);
    ck_assert_int_ne(access(in("none"), F_OK), 0);
    free(got);
    eq_free(want);
}

START_TEST(bad_studies_are_refused_word_for_word) {
    static const char *const studies[] = {".xml", NULL};
    ck_assert_int_ge(for_each_file("tests/bad/studies", studies, check_bad, NULL), 20);
}
END_TEST

/* What is tried before the first point, of every study of netlists/; the trainings take minutes. */
START_TEST(shipped_studies_are_accepted) {
    glob_t found;
    ck_assert_int_eq(glob("netlists/study-*.xml", 0, NULL, &found), 0);
    ck_assert_uint_ge(found.gl_pathc, 5);
    for (size_t k = 0; k < found.gl_pathc; k++) {
        eq_study *study = NULL;
        eq_experiment_master *m = NULL;
        eq_explored e = {0};
        eq_search *q = NULL;
        uint64_t seed, identity;
        size_t round;
        eq_diag *diag = eq_diag_new();
        if (strstr(found.gl_pathv[k], "kendall") != NULL && getenv("EQSPICE_DATA") == NULL) {
            printf("skipped: %s (no MNIST)\n", found.gl_pathv[k]);
            eq_diag_free(diag);
            continue;
        }
        eq_status status = eq_study_read(found.gl_pathv[k], NULL, &study, diag);
        if (status == EQ_OK) status = eq_search_new(study, &e, &q, diag);
        if (status == EQ_OK) status = eq_search_follow(q, &e, &round, diag);
        if (status == EQ_OK) status = eq_experiment_master_read(study->experiment, &m, diag);
        if (status == EQ_OK) status = eq_study_check(study, m, e.level, &seed, &identity, diag);
        ck_assert_msg(status == EQ_OK, "%s: %s", found.gl_pathv[k],
                      eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "");
        eq_experiment_master_free(m);
        eq_search_free(q);
        eq_explored_free(&e);
        eq_study_free(study);
        eq_diag_free(diag);
    }
    globfree(&found);
}
END_TEST

Suite *study_suite(void) {
    Suite *s = suite_create("study");
    TCase *t = tcase_create("study");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, any_number_of_jobs_gives_the_same_table, 0, SEARCHES + 1);
    tcase_add_loop_test(t, a_killed_study_ends_with_the_same_table, 0, SEARCHES + 1);
    tcase_add_test(t, halving_keeps_the_best_and_gives_them_more);
    tcase_add_test(t, a_search_comes_nearer);
    tcase_add_test(t, shipped_studies_are_accepted);
    tcase_add_test(t, a_torn_row_is_dropped_and_trained_again);
    tcase_add_test(t, a_row_is_the_training_of_its_command);
    tcase_add_test(t, figures_are_those_of_the_other_commands);
    tcase_add_test(t, nothing_is_written_over_unasked_and_another_study_is_refused);
    tcase_add_test(t, a_training_that_fails_is_a_row);
    tcase_add_test(t, ctrl_c_stops_cleanly_and_says_how_to_go_on);
    tcase_add_test(t, bad_studies_are_refused_word_for_word);
    suite_add_tcase(s, t);
    return s;
}
