/* `eqspice verify`: which points and samples are compared, and whose fault a difference is said to
 * be. ngspice itself where it is enough; where it would have to be wrong, a script in its place. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/verify.h"
#include "support/program.h"

Suite *verify_suite(void);

static void contains(const char *text, const char *part) {
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in:\n%.2000s", part, text);
}

/* Every way to say a sweep: the points that are compared. */
START_TEST(every_point_of_every_analysis_is_compared) {
    static const struct {
        const char *cards;
        int points;
    } deck[] = {{".dc dec v1 1m 1 1", 4},
                {".dc oct v1 0.25 2 2", 7},
                {".dc v1 list 0.5 3 -2 1", 4},
                {".dc dec v1 1m 1 1\n.op", 5},
                {".dc v1 0 1 0.25 r1 1k 2k 1k", 10},
                {".dc lin v1 0 1 0.5\n.step param x list 1 2 3", 9},
                {".dc dec temp 10 100 2", 3},
                {".op\n.step dm(is) list 1e-14 1e-13", 2},
                {".dc r1 1k 3k 1k\n.dc v1 list 1 2", 5},
                {".dc v1 0 0 1\n.dc v1 -0.1 0.1 0.1", 4}};
    for (size_t k = 0; k < sizeof deck / sizeof *deck; k++) {
        char text[512], wanted[32], *said;
        snprintf(text, sizeof text,
                 "t\nv1 a 0 1\nr1 a b {1k*x}\nd1 b 0 dm\n.model dm d(is=1e-14)\n.param x=1\n%s\n"
                 ".end\n",
                 deck[k].cards);
        expect_exit(0, &said, "verify %s", put("d.cir", text));
        snprintf(wanted, sizeof wanted, " over 2 nodes, %d points\n", deck[k].points);
        contains(said, wanted);
        ck_assert_msg(strstr(said, "elsewhere") == NULL, "%s: %s", deck[k].cards, said);
        free(said);
    }
}
END_TEST

/* 0 ohm is a 0-V source for ngspice, too, however much current it carries, but for those that close
 * a loop; a wire inside a subcircuit, and names that are taken. */
START_TEST(shorts_are_shorts_for_ngspice) {
    static const char *const deck[] = {
        "t\nv1 a 0 1\nr1 a b 1\nrz b c 0\nr2 c 0 1\n.op\n.end\n",
        "t\nv1 a 0 1\nr1 a b 1\nrz b c 0\nry c d 0\nrx d b 0\nr2 d 0 1\nr3 d e 2\nvrz e 0 0\nx1 b "
        "f s\n"
        "r4 f 0 3\n.subckt s p q\nrt p q 0\n.ends\n.dc v1 0 2 1\n.end\n",
        "t\ni1 0 a 1m\nr1 a 0 0\nr2 a b 0\nr3 b 0 0\nr4 b c 1k\nr5 c c 0\n.op\n.end\n"};
    for (size_t k = 0; k < sizeof deck / sizeof *deck; k++) {
        char *said;
        expect_exit(0, &said, "verify %s", put("d.cir", deck[k]));
        contains(said, "max deviation");
        ck_assert_msg(strstr(said, "breaks") == NULL, "%s", said);
        free(said);
    }
}
END_TEST

static size_t shown;

static void count_progress(void *data, size_t done, size_t points) {
    ck_assert_uint_eq(done, shown++);
    ck_assert_uint_eq(points, *(const size_t *)data);
}

/* Of many points some are compared, the first and the last among them. */
START_TEST(many_points_are_thinned) {
    static const size_t most[] = {0, 1, 2, 3, 5, 6, 7}, compared[] = {6, 2, 3, 4, 5, 6, 6};
    for (size_t k = 0; k < sizeof most / sizeof *most; k++) {
        eq_deck *d = NULL;
        eq_verification v;
        size_t all = compared[k];
        double points;
        shown = 0;
        ck_assert_int_eq(eq_deck_read("netlists/sweep.cir", &d, NULL), EQ_OK);
        eq_verify_options o = {1e-6, most[k], count_progress, &all};
        ck_assert_int_eq(eq_verify_deck(d, &o, &v, &points, NULL), EQ_OK);
        ck_assert_uint_eq(v.points, compared[k]);
        ck_assert_uint_eq(shown, compared[k]);
        ck_assert_double_eq(points, 6.0);
        ck_assert(eq_verification_holds(&v, 1e-6));
        eq_deck_free(d);
    }
}
END_TEST

/* 4 k into i = v^3 - 3 v^2 + 2.25 v mA: three operating points between 1.456 V and 2.544 V. The way
 * down is on the branch that ngspice, from zero, does not find. */
START_TEST(another_operating_point_is_no_fault) {
    char *said;
    put("fold.cir", "fold\nV1 in 0 0\nR1 in a 4k\nB1 a 0 I=1m*(v(a)^3-3*v(a)^2+2.25*v(a))\n"
                    ".dc v1 list 0 1 2 3 2 1\n.end\n");
    expect_exit(0, &said, "verify %s", in("fold.cir"));
    contains(said, "ngspice ended elsewhere by itself at 1 of 6 points; started at our answer it "
                   "stays there");
    free(said);
}
END_TEST

/* A script that passes for ngspice: v(in), v(out), i(v1) of the divider when it is asked for the
 * first time, and when it is started at our answer. */
static void pretend(const char *first, const char *again) {
    static const char head[] = "Title: t\\nDate: d\\nPlotname: Operating Point\\nFlags: real\\n"
                               "No. Variables: 3\\nNo. Points: 1\\nVariables:\\n\\t0\\tv(n1)"
                               "\\tvoltage\\n\\t1\\tv(n2)\\tvoltage\\n\\t2\\ti(v0)\\tcurrent\\n"
                               "Values:\\n0\\t";
    char path[4096], script[2048];
    snprintf(script, sizeof script,
             "#!/bin/sh\nif grep -q nodeset deck.cir; then x='%s'; else x='%s'; fi\n"
             "[ -z \"$x\" ] && { echo No convergence; exit 1; }\n"
             "printf '%s' >\"$4\"; printf '%%s\\n\\t%%s\\n\\t%%s\\n' $x >>\"$4\"\n",
             again, first, head);
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", scratch_current());
    put("ngspice", script);
    ck_assert_int_eq(chmod(in("ngspice"), 0755), 0);
    setenv("PATH", path, 1);
}

/* The divider: 10 V, 1 k, 3 k; 7.5 V, -2.5 mA. */
START_TEST(the_verdict_says_whose_answer_breaks_the_laws) {
    static const char right[] = "10 7.5 -2.5e-3";
    static const struct {
        const char *first, *again;
        int exit_status;
        const char *says;
    } answer[] = {
        {right, right, 0, "max deviation 0 V absolute"},
        {"10 7.8 -2.2e-3", "10 7.8 -2.2e-3", 1,
         "differs from ngspice by 0.0385 relative, more than 1e-06; but ngspice's own answer "
         "breaks "
         "Kirchhoff's current law (KCL): 0.0004 A at node out (r1, r2)"},
        {"9 6.75 -2.25e-3", "9 6.75 -2.25e-3", 1,
         "ngspice's own answer breaks the equation of a source: v(in) is off by 1 V"},
        {"10 7.5 -2.6e-3", "10 7.5 -2.6e-3", 1, "i(v1) differs from ngspice by 0.0385 relative"},
        {"10 7.8 -2.2e-3", right, 0, "ngspice ended elsewhere by itself at 1 of 1 points"},
        {"", right, 0, "ngspice found no operating point by itself at 1 of 1 points"},
        {"", "10 7.8 -2.2e-3", 1, "ngspice did not solve the deck (exit status 1): No convergence"},
        {"", "", 1, "ngspice did not solve the deck (exit status 1): No convergence"},
    };
    for (size_t k = 0; k < sizeof answer / sizeof *answer; k++) {
        char *said;
        pretend(answer[k].first, answer[k].again);
        expect_exit(answer[k].exit_status, &said, "verify netlists/divider.cir");
        contains(said, answer[k].says);
        free(said);
    }
}
END_TEST

/* The answers of the latch's other state keep all laws: nobody is blamed. */
START_TEST(two_answers_that_keep_the_laws_are_said_to) {
    char *said;
    put("half.cir", "half\nV1 a 0 10\nR1 a b 1k\nB1 b 0 I=1m*(v(b)-7.5)*(v(b)-7.8)+(10-v(b))/1k\n"
                    ".op\n.end\n");
    pretend("10 7.5 -2.5e-3", "10 7.5 -2.5e-3");
    outcome o = run_program("verify %s", in("half.cir"));
    if (o.exit_status == 0) { /* we took the same one: let ngspice take the other */
        outcome_free(&o);
        pretend("10 7.8 -2.2e-3", "10 7.8 -2.2e-3");
        o = run_program("verify %s", in("half.cir"));
    }
    said = o.text;
    ck_assert_int_eq(o.exit_status, 1);
    contains(said, "both answers keep Kirchhoff's current law (KCL) to 1e-06");
    outcome_free(&o);
}
END_TEST

START_TEST(samples_ranges_and_inputs) {
    static const struct {
        const char *arguments;
        int exit_status;
        const char *says;
    } ask[] = {
        {"", 0, "\nnudged phase: "},
        {"--sample 2", 0, "free phase: "},
        {"--sample 1..3", 0, "test sample 3, nudged phase: "},
        {"--train --sample 0..1", 0, "training sample 1, nudged phase: "},
        {"--input 1,0", 0, "free phase: "},
        {"--sample 4", 2, "no test sample 4; there are 0..3, and training samples 0..3 (with --tr"},
        {"--sample 2..4", 2, "no test sample 4; there are 0..3"},
        {"--train --sample 9", 2, "no training sample 9; there are 0..3, and test samples 0..3"},
        {"--sample 3..1", 2, "'3..1' are no samples"},
        {"--sample -1", 2, "'-1' are no samples"},
        {"--sample 1...2", 2, "'1...2' are no samples"},
        {"--sample x", 2, "'x' are no samples"},
        {"--input 1,0,1", 2, "3 values are given, the data have 2 features"},
        {"--input 1,,1", 2, "'1,,1' are no values"},
        {"--input 1,a", 2, "'1,a' are no values"},
        {"--input 1,0 --sample 1", 2, "--input and a sample are both given"},
    };
    char *run = strdup(in("run"));
    expect_exit(0, NULL, "train netlists/xor.xml --epochs 5 -o %s", run);
    for (size_t k = 0; k < sizeof ask / sizeof *ask; k++) {
        char *said;
        expect_exit(ask[k].exit_status, &said,
                    ask[k].arguments[0] == '\0' ? "verify %s" : "verify %s %s", run,
                    ask[k].arguments);
        contains(said, ask[k].says);
        free(said);
    }
    /* the inputs of a sample, given as features, are those of the sample */
    char *a, *b;
    expect_exit(0, &a, "verify %s --sample 1", run);
    expect_exit(0, &b, "verify %s --input 0,1", run);
    ck_assert_int_eq(strncmp(a, b, strcspn(a, "\n")), 0);
    free(a), free(b), free(run);
}
END_TEST

START_TEST(inputs_of_a_deck_are_voltages) {
    char *said;
    put("d.cir",
        "t\nVa a 0 1\nVb b 0 2\nR1 a y 1k\nR2 b y 1k\nR3 y 0 1k\n*% input Va Vb\n.op\n.end\n");
    expect_exit(0, NULL, "verify %s --input 3,-6.5e-1", in("d.cir"));
    expect_exit(2, &said, "verify %s --input 3", in("d.cir"));
    contains(said, "1 values are given, the deck has 2 input sources");
    free(said);
    expect_exit(2, &said, "verify netlists/divider.cir --input 3");
    contains(said, "the deck names no input sources; add a line `*% input Vx1 ..`");
    free(said);
    expect_exit(2, &said, "verify netlists/divider.cir --train");
    contains(said, "a deck has no samples");
    free(said);
}
END_TEST

/* What there is, not 0..18446744073709551615. */
START_TEST(without_a_test_set_the_message_names_what_there_is) {
    char *xml = file_text("netlists/xor.xml"), *cut = strstr(xml, " test-path="), *said;
    char *run = strdup(in("run")), folder[64];
    ck_assert_ptr_nonnull(cut);
    memmove(cut, strstr(cut, "/>"), strlen(strstr(cut, "/>")) + 1);
    snprintf(folder, sizeof folder, "%s/n", scratch_current());
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(mkdir(in("data"), 0755), 0);
    put("n/xor.xml", xml);
    char *deck = file_text("netlists/xor.cir"), *csv = file_text("data/xor.csv");
    put("n/xor.cir", deck);
    put("data/xor.csv", csv);
    expect_exit(0, NULL, "train %s --epochs 2 -o %s", in("n/xor.xml"), run);
    expect_exit(0, &said, "verify %s", run);
    contains(said, "training sample 0, free phase: ");
    free(said);
    static const char *const with[] = {"verify", "export --to xyce"};
    for (int k = 0; k < 2; k++) {
        expect_exit(2, &said, "%s %s --sample 0", with[k], run);
        contains(said, "there is no test sample 0; the run has no test set, and training samples "
                       "0..3 (with --train)");
        free(said);
    }
    expect_exit(0, &said, "export %s --to xyce --train --sample 3", run);
    contains(said, "free phase, training sample 3");
    free(said);
    expect_exit(2, &said, "export %s --to xyce --train --sample 1..2", run);
    contains(said, "a deck holds one sample");
    free(said), free(run);
    eq_free(xml), eq_free(deck), eq_free(csv);
}
END_TEST

Suite *verify_suite(void) {
    Suite *s = suite_create("verify");
    TCase *t = tcase_create("verify");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, every_point_of_every_analysis_is_compared);
    tcase_add_test(t, shorts_are_shorts_for_ngspice);
    tcase_add_test(t, many_points_are_thinned);
    tcase_add_test(t, another_operating_point_is_no_fault);
    tcase_add_test(t, the_verdict_says_whose_answer_breaks_the_laws);
    tcase_add_test(t, two_answers_that_keep_the_laws_are_said_to);
    tcase_add_test(t, samples_ranges_and_inputs);
    tcase_add_test(t, inputs_of_a_deck_are_voltages);
    tcase_add_test(t, without_a_test_set_the_message_names_what_there_is);
    suite_add_tcase(s, t);
    return s;
}
