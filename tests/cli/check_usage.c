/* What the commands say when they are asked for something that cannot be, when their output cannot
 * be written, on a terminal, and when a check does not hold. */
#define _XOPEN_SOURCE 700
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/process.h"
#include "result/raw.h"
#include "support/program.h"

Suite *usage_suite(void);

/* Two neurons with amplifiers; a resistor by-passes one of them, so there are no energy weights and
 * EqProp's gradient is wrong. */
static const char network[] =
    "t\nVx1 x1 0 0\nVx2 x2 0 0\nVx3 x3 0 0\nVx4 x4 0 0\n"
    "R11 x1 h1 10k\nR21 x2 h1 20k\nR31 x3 h1 30k\nR41 x4 h1 12k\n"
    "R12 x1 h2 15k\nR22 x2 h2 12k\nR32 x3 h2 11k\nR42 x4 h2 13k\n"
    "D1 h1 0 dm\nD2 0 h1 dm\nD3 h2 0 dm\nD4 0 h2 dm\n.model dm D is=1e-6\n"
    "E1 e1 0 h1 0 4\nVs1 e1 w1 0\nF1 h1 0 Vs1 0.25\n"
    "E2 e2 0 h2 0 2\nVs2 e2 w2 0\nF2 h2 0 Vs2 0.125\n"
    "Rs11 w1 y1 5k\nRs21 w2 y1 7k\nRs12 w1 y2 6k\nRs22 w2 y2 8k\nRsg1 y1 0 9k\nRsg2 y2 0 9k\n"
    "Rs99 h1 y1 10k\n"
    "*% input Vx1 Vx2 Vx3 Vx4\n*% output y1 y2\n*% train R?? gmin=1e-6 gmax=1e-2\n.op\n.end\n";
static const char experiment[] =
    "<experiment name=\"net\" seed=\"1\"><circuit deck=\"net.cir\"/>"
    "<data format=\"csv\" path=\"data.csv\" label=\"kind\"/>"
    "<encoding normalize=\"range\" scale=\"2\" invert=\"yes\"/>"
    "<cost type=\"squared-error\"/><estimator type=\"symmetric\" beta=\"1e-7\"/>"
    "<optimizer type=\"sgd\"><group match=\"r??\" rate=\"1e-9\" init=\"deck\"/></optimizer>"
    "<minibatch size=\"2\"/><epochs count=\"2\"/></experiment>\n";

static void make_files(void) {
    scratch_make();
    put("net.cir", network);
    put("net.xml", experiment);
    put("data.csv", "a,b,kind\n0,1,x\n1,0,y\n1,1,x\n0,0,y\n");
    put("differ.cir", "t\n.param n=1\nv1 a 0 1\nr1 a b 1\n.if (n == 1)\nr2 b 0 1\n.else\nr2 b c 1\n"
                      "r3 c 0 1\n.endif\n.op\n.step param n 1 2 1\n.end\n");
    put("many.cir", "t\nv1 a 0 1\nv2 b 0 1\nr1 a b 1\n.dc v1 0 1 10u v2 0 1 10u\n.end\n");
    put("zero.cir", "t\nv1 a 0 1\nr1 a 0 1\n.dc r1 1 2e300 1e300\n.end\n");
    put("trained.cir",
        "t\nv1 a 0 1\nr1 a b 1k\nr2 b 0 1k\n.dc r1 1k 3k 2k\n.print dc v(b) "
        "@r1[resistance]\n*% input v1\n*% output b\n*% train r1 gmin=1u gmax=1\n.end\n");
    put("diode.cir", "t\nv1 a 0 0.7\nd1 a 0 dm\n.model dm d(is=1f)\n.op\n.end\n");
    put("nets.cir", "t\ni1 0 a 1m\nd1 a b dm\nr1 b 0 1\n.model dm d(is=1f)\n.op\n.end\n");
    put("loop.cir", "t\nv1 a 0 1\nv2 a 0 2\nr1 a 0 1\n.op\n.end\n");
    put("sign.cir", "t\nV1 in 0 1\nR1 in h 1k\nE1 e 0 h 0 4\nVs e w 0\nF1 h 0 Vs -0.25\n"
                    "R2 w 0 1k\n.op\n.end\n");
    eq_text ring = {0};
    eq_text_puts(&ring, "t\nr1 n0 0 1\n");
    for (int k = 0; k < 25; k++) eq_text_printf(&ring, "v%d n%d n%d 1\n", k, k, (k + 1) % 25);
    put("ring.cir", ring.text);
    eq_text_free(&ring);
    put("nothing.cir", "t\nv1 a 0 1\nr1 a 0 1\n.end\n");
    put("runs", "a file where the folder should be\n");
    mkdir(in("empty"), 0755);
}

static const struct {
    const char *line, *message; /* %s: the scratch folder */
    int exit_status;
} line[] = {
    {"train netlists/iris.xml --engine fast",
     "there is no engine 'fast'; use auto, layered or sparse", 2},
    {"train netlists/iris.xml --threads 0", "0 threads cannot work; give at least 1", 2},
    {"train netlists/iris.xml --threads -99999999999", "this is not a number", 2},
    {"train netlists/iris.xml --threads 99999999999", "this is not a number", 2},
    {"train netlists/iris.xml --threads 999999999999999999999", "this is not a number", 2},
    {"train netlists/iris.xml --threads 2x", "this is not a number", 2},
    {"train netlists/iris.xml --save-every -1",
     "files cannot be written every -1 s; give 0 or more", 2},
    {"train netlists/iris.xml --epochs -7", "this is not a number from 0 to 2147483647: -7", 2},
    {"train netlists/iris.xml --epochs -1", "this is not a number from 0 to 2147483647: -1", 2},
    {"train netlists/iris.xml --seed -1", "this is not a number from 0 to 2147483647: -1", 2},
    {"verify netlists/divider.cir --sample -1", "'-1' are no samples; give one", 2},
    {"export netlists/divider.cir --to xml --sample -1", "'-1' are no samples; give one", 2},
    {"build kendall --layers 4,2 --seed -1", "this is not a number from 0 to", 2},
    {"train netlists/iris.xml --resume -o %s/empty", "there is nothing to go on with", 2},
    {"build --layers 4,2 kendall", "ARCH comes before the options: eqspice build kendall", 2},
    {"build graph --layers 4,2", "nodes and edges, which an experiment says", 2},
    {"build lstm --layers 4,2", "no architecture 'lstm' to build; use kendall, drn or crossbar", 2},
    {"build drn --layers 4,3,2 --gain=9", "--gain has no effect here; it belongs to kendall", 0},
    {"build crossbar --up 3", "--up has no effect here; it belongs to kendall and drn", 0},
    {"build kendall --layers 4,3,2 --diode ideal --is 1e-9",
     "--is has no effect here; it belongs to --diode shockley", 0},
    {"build kendall --layers 4,3,2 --up -0.3 --down 0.3", "(--up 0.3 --down -0.3)", 2},
    {"explore netlists/iris.xml", "the file of an experiment; give a study, which names it", 2},
    {"train netlists/study-iris.xml", "the file of a study; `eqspice explore` takes it", 2},
    {"train netlists/divider.cir", "netlists/divider.cir:1:1: error: this is no XML", 2},
    {"build netlists/graph.xml --layers 4,2", "there is no option --layers", 2},
    {"build netlists/hopfield-digits.xml", "needs a circuit", 2},
    {"build netlists/nosuch.xml", "cannot read", 2},
    {"build drn --layers 4,2 --neurons relu", "--neurons is 'relu'; use clamped or rectified", 2},
    {"build kendall --layers 4,2 --diode germanium",
     "--diode is 'germanium'; use shockley or ideal", 2},
    {"build kendall --layers 4,2 --outputs many", "--outputs is 'many'; use ", 2},
    {"build kendall --layers 4,2 --bias 1,x", "", 2},
    {"build kendall --layers 4,2 --to pspice", "", 2},
    {"build kendall --layers 4,2 -o %s/net.cir/such.cir", "cannot make the folder", 1},
    {"build kendall --layers 4,3,2 --up 0.7 --down 0.7",
     "bias-up and bias-down are the signed clamp voltages as they stand in the deck (up 0.7, down "
     "-0.7); write bias-up=\"0.7\" bias-down=\"-0.7\" (--up 0.7 --down -0.7)",
     2},
    {"build kendall --layers 4,3,2 --up -0.7 --down 0.7", "signed clamp voltages", 2},
    {"op netlists/divider.cir --dialect spectre", "", 2},
    {"op netlists/divider.cir --dialect xml", "", 2},
    {"op netlists/divider.cir -o %s/net.cir/such.raw --format raw", "cannot make the folder", 1},
    {"export netlists/divider.cir --to xyce --phase forced",
     "there is no phase 'forced'; use free or nudged", 2},
    {"run %s/nothing.cir", "", 2},
    {"run %s/differ.cir", "the sweep changes which nodes and sources there are", 2},
    {"run %s/many.cir", "the sweep has 1e+10 points, more than ", 2},
    {"run %s/zero.cir", "the sweep sets r1 to 2e+300 ohm, which it cannot be; change its range", 2},
    {"eval %s/empty", "", 2},
    {"build", "this takes exactly one argument: ARCH", 2},
    {"build kendall --layers 4,2 --gmin 2 --gmax 1", "", 2},
    {"export %s/nosuch.cir --to xyce", "cannot read", 2},
    {"export %s/empty --to xyce", "cannot read", 2},
    {"verify %s/empty", "cannot read", 2},
    {"verify %s/net.cir --sample 3", "a deck has no samples", 2},
    {"verify netlists/divider.cir --tol 1x", "this is not a number", 2},
    {"verify %s/diode.cir --tol 1e-15", "i(v1) differs from ngspice by", 1},
    {"verify %s/nets.cir --tol 0", " differs from ngspice by", 1},
    {"check %s/loop.cir", "loop of voltage sources: v2, v1", 1},
    {"check %s/ring.cir", ", ... (their currents are not determined)", 1},
    {"op %s/sign.cir --solver cocontent",
     "not convex because an energy weight is not positive; use --solver newton", 1},
    {"gradcheck %s/net.xml", "a bound does not hold: see the lines above", 1},
};

START_TEST(told_with_a_reason) {
    char asked[512], *text;
    snprintf(asked, sizeof asked, line[_i].line, scratch_current());
    expect_exit(line[_i].exit_status, &text, "%s", asked);
    const char *kind = line[_i].exit_status == 0 ? "warning: " : "error: ";
    ck_assert_msg(strstr(text, kind) != NULL, "%s: %.400s", asked, text);
    ck_assert_msg(strstr(text, line[_i].message) != NULL, "%s: %s", asked, text);
    eq_free(text);
}
END_TEST

/* A command of the shell in the scratch folder, where $EQSPICE is the program and $HERE the folder
 * of the sources. */
static char *shell(int exit_status, const char *command) {
    const char *const argv[] = {"sh", "-c", command, NULL};
    char here[4096], program[8192];
    const char *own = getenv("EQSPICE") == NULL ? "build/eqspice" : getenv("EQSPICE");
    eq_process p = {argv, scratch_current(), NULL, "dash", 60};
    eq_text text = {0};
    int ended = -1;
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    snprintf(program, sizeof program, "%s%s%s", own[0] == '/' ? "" : here, own[0] == '/' ? "" : "/",
             own);
    setenv("EQSPICE", program, 1);
    setenv("HERE", here, 1);
    ck_assert_int_eq(eq_process_run(&p, &ended, &text, NULL), EQ_OK);
    ck_assert_msg(ended == exit_status, "%s: %d\n%s", command, ended, text.text);
    eq_text_puts(&text, "");
    return text.text;
}

static void says(const char *text, const char *wanted) {
    ck_assert_msg(strstr(text, wanted) != NULL, "%s\nnot: %s", text, wanted);
}

/* A full device behind standard output, for results, help and version. */
START_TEST(standard_output_is_full) {
    static const char *const full[] = {
        "$EQSPICE op $HERE/netlists/divider.cir >/dev/full",
        "$EQSPICE op $HERE/netlists/divider.cir --format csv >/dev/full",
        "$EQSPICE export $HERE/netlists/divider.cir --to xyce >/dev/full",
        "$EQSPICE --help >/dev/full", "$EQSPICE check $HERE/netlists/divider.cir >/dev/full"};
    for (size_t k = 0; k < sizeof full / sizeof *full; k++) {
        char *text = shell(1, full[k]);
        says(text, "No space left on device");
        eq_free(text);
    }
}
END_TEST

/* On a terminal a bar shows the progress, and is gone in the end. */
START_TEST(progress_on_a_terminal) {
    if (!has_terminals("progress_on_a_terminal")) return;
    put("data.csv", "");
    char *text =
        shell(0, "script -qec \"$EQSPICE train $HERE/netlists/iris.xml --engine sparse --epochs 3 "
                 "-o run\" /dev/null");
    says(text, "\r\033[Kepoch ");
    says(text, "/s  error ");
    says(text, " left");
    const char *last = text, *erase = "\r\033[K";
    for (const char *at = text; (at = strstr(at, "[=")) != NULL; at++) last = at;
    says(last, erase);
    says(last, "conductances trained by the sparse engine");
    eq_free(text);
}
END_TEST

/* An experiment trained where nothing else is said goes into runs/NAME. */
START_TEST(the_default_folder_is_runs_name) {
    char *text = shell(1, "$EQSPICE train net.xml");
    says(text, "runs");
    eq_free(text);
    ck_assert_int_eq(unlink(in("runs")), 0);
    text = shell(0, "$EQSPICE train net.xml 2>&1 && ls runs/net");
    says(text, "wrote runs/net/model.cir, metrics.csv, diagnosis.csv, checkpoint and curves.svg\n");
    says(text, "\ncurves.svg\n");
    ck_assert_ptr_null(strstr(text, "held-out")); /* it has none */
    eq_free(text);
}
END_TEST

/* -o makes the folders that are missing, for every command that has it. */
START_TEST(missing_folders_are_made) {
    eq_free(shell(0,
                  "$EQSPICE op net.cir -o a/b/op.csv --format csv && test -s a/b/op.csv && "
                  "$EQSPICE run net.cir -o c/run.raw --format raw && test -s c/run.raw && "
                  "$EQSPICE export net.cir --to xml -o d/e/f/net.xml && test -s d/e/f/net.xml && "
                  "$EQSPICE build drn --layers 4,3,2 -o g/h/net.cir && test -s g/h/net.cir"));
}
END_TEST

/* The clamps stand in the deck as they are given, and in the order of docs/experiment.md: a source
 * above the node, one below. One of version 0.1, without its sign, is told where it could be
 * meant. */
START_TEST(clamps_have_signs) {
    char *text = shell(0, "$EQSPICE build kendall --layers 4,1,2 --up 0.7 --down -0.7");
    says(text, "\nvup up 0 dc 0.7\nvdown down 0 dc -0.7\n");
    ck_assert_ptr_null(strstr(text, "warning"));
    eq_free(text);
    text = shell(0, "$EQSPICE build kendall --layers 4,1,2 --up 0.7 --down 0.3");
    says(text, "\nvdown down 0 dc 0.3\n");
    says(text, "warning: bias-down = 0.3 V lies above 0 V");
    eq_free(text);
    text = shell(0, "$EQSPICE build kendall --layers 4,1,2 --up 0 --down 0");
    ck_assert_ptr_null(strstr(text, "warning"));
    eq_free(text);
}
END_TEST

/* --epochs 0 evaluates what training would begin with, once on all examples; --resume goes on from
 * there to the bits of a run that never stood still. */
START_TEST(no_epoch_evaluates_only) {
    char *text =
        shell(0, "$EQSPICE train net.xml --epochs 0 -o none && wc -l < none/metrics.csv && "
                 "$EQSPICE eval none --data data.csv && test -s none/model.cir");
    says(text, "epoch   0  train loss");
    says(text, "\n2\n");
    double row = -1.0, all = -2.0;
    char *csv = file_text(in("none/metrics.csv"));
    ck_assert_int_eq(sscanf(strchr(csv, '\n'), "\n0,%lf,", &row), 1);
    ck_assert_int_eq(sscanf(strstr(text, "examples 4  loss"), "examples 4  loss %lf", &all), 1);
    ck_assert_double_eq_tol(row, all, 1e-5 * all);
    eq_free(csv);
    eq_free(text);
    eq_free(shell(
        0, "$EQSPICE train net.xml --epochs 2 -o none --resume && "
           "$EQSPICE train net.xml --epochs 2 -o whole && "
           "grep -v '^\\*' none/model.cir >a && grep -v '^\\*' whole/model.cir >b && cmp a b"));
}
END_TEST

/* Seed 0 is a seed like any other; a minibatch of more examples than there are is all of them. */
START_TEST(limits_of_seed_and_minibatch) {
    eq_free(shell(
        0, "sed 's/init=\"deck\"/init=\"uniform\" low=\"1e-5\" high=\"1e-4\"/' net.xml >s.xml && "
           "$EQSPICE train s.xml --seed 0 -o s0 && $EQSPICE train s.xml --seed 0 -o t0 && "
           "$EQSPICE train s.xml --seed 1 -o s1 && "
           "cut -d, -f1-5 s0/metrics.csv >a && cut -d, -f1-5 t0/metrics.csv >b && "
           "cut -d, -f1-5 s1/metrics.csv >c && cmp a b && ! cmp -s a c && "
           "grep -q 'seed=\"0\"' s0/experiment.xml"));
    eq_free(shell(0,
                  "sed 's/minibatch size=\"2\"/minibatch size=\"4\"/' net.xml >m4.xml && "
                  "sed 's/minibatch size=\"2\"/minibatch size=\"999\"/' net.xml >m9.xml && "
                  "$EQSPICE train m4.xml -o m4 && $EQSPICE train m9.xml -o m9 && "
                  "cut -d, -f1-5 m4/metrics.csv >a && cut -d, -f1-5 m9/metrics.csv >b && cmp a b"));
}
END_TEST

/* A run's folder moves alone, with what lies around it, and with the data in it; data that changed
 * is told; without data the network can still be looked at. */
START_TEST(a_run_folder_is_moved_and_mailed) {
    static const char eval[] = "examples 2  loss ";
    char *text, *first;
    eq_free(shell(
        0, "mkdir -p p/data p/nets && cp data.csv p/data && cp net.cir p/nets && "
           "sed 's,data.csv,../data/data.csv,; s/label=/test-fraction=\"0.5\" label=/' net.xml "
           ">p/nets/net.xml && cd p && $EQSPICE train nets/net.xml -o runs/one && "
           "grep -q 'path=\"../../data/data.csv\"' runs/one/experiment.xml && "
           "grep -q 'deck=\"../../nets/net.cir\"' runs/one/experiment.xml && "
           "grep -q 'checksum=\"' runs/one/experiment.xml"));
    first = shell(0, "$EQSPICE eval p/runs/one");
    says(first, eval);
    static const char *const move[] = {
        "mv p/runs/one alone && $EQSPICE eval alone",
        "mv alone p/runs/one && mv p q && $EQSPICE eval q/runs/one",
        ("mkdir far && mv q/runs/one far && cp q/data/data.csv far/one && "
         "mv q gone && cd far/one && $EQSPICE eval .")};
    for (size_t k = 0; k < sizeof move / sizeof *move; k++) {
        text = shell(0, move[k]);
        ck_assert_str_eq(text, first);
        eq_free(text);
    }
    text = shell(0, "sed -i s/1,1,x/1,2,x/ far/one/data.csv && $EQSPICE eval far/one");
    says(text, "the data changed since the run began: far/one/data.csv");
    eq_free(text);
    text = shell(2, "rm far/one/data.csv && $EQSPICE eval far/one");
    says(text, "note: the data of a run that was moved is looked for from 'far/one'");
    eq_free(text);
    eq_free(shell(0, "$EQSPICE check far/one && $EQSPICE eval far/one --data data.csv"));
    eq_free(first);
}
END_TEST

/* op, check and gradcheck take a run's folder, as eval, verify and export do: the trained network
 * with a test sample on its inputs. */
START_TEST(commands_take_the_folder_of_a_run) {
    char *text =
        shell(0, "sed 's/label=/test-fraction=\"0.5\" label=/' net.xml >h.xml && sed '/Rs99/d' "
                 "net.cir >plain && mv plain net.cir && $EQSPICE train h.xml -o h >/dev/null && "
                 "$EQSPICE export h --to ngspice --sample 1 -o one.cir && "
                 "$EQSPICE op one.cir --format csv | cut -d, -f1-9 && "
                 "$EQSPICE op h --sample 1 --format csv | cut -d, -f1-9");
    char *second = strstr(text + 1, "v(");
    while (second != NULL && second[-1] != '\n') second = strstr(second + 1, "v(");
    ck_assert_ptr_nonnull(second);
    ck_assert_msg(strncmp(text, second, strlen(second)) == 0, "%s", text);
    eq_free(text);
    text = shell(0, "$EQSPICE op h && $EQSPICE check h && $EQSPICE gradcheck h");
    says(text, "note: energy weights exist");
    says(text, "at the experiment's beta");
    eq_free(text);
    text = shell(2, "$EQSPICE op h --sample 7");
    says(text, "there is no test sample 7; there are 0..1");
    eq_free(text);
    eq_free(shell(0, "$EQSPICE train net.xml -o n >/dev/null && $EQSPICE op n --format csv >a && "
                     "$EQSPICE op n --train --sample 0 --format csv >b && cmp a b && "
                     "$EQSPICE op n --input 0,1 --format csv >c && cmp a c && "
                     "$EQSPICE op h --train --sample 1 --format csv | grep -q v"));
    text = shell(2, "$EQSPICE op n --train --sample 0..2");
    says(text, "one operating point is of one sample; give --sample 0");
    eq_free(text);
    text = shell(2, "$EQSPICE gradcheck empty");
    says(text, "there is no run in this folder");
    eq_free(text);
}
END_TEST

/* A second run in a folder needs a word; `make demo` says it. */
START_TEST(a_second_run_needs_a_word) {
    char *text = shell(0, "$EQSPICE train net.xml -o deep/er/run && ls -A deep/er/run");
    ck_assert_ptr_null(strstr(text, ".eqspice.lock"));
    eq_free(text);
    text = shell(2, "$EQSPICE train net.xml -o deep/er/run");
    says(text, "holds a run already (");
    says(text, "by --resume, replace it by --force, or give another folder with -o");
    eq_free(text);
    text = shell(2, "$EQSPICE train net.xml -o deep/er/run --force --resume");
    says(text, "give one of them");
    eq_free(text);
    text = shell(0, "$EQSPICE train net.xml -o deep/er/run --force && "
                    "$EQSPICE train net.xml -o deep/er/run --resume");
    eq_free(text);
}
END_TEST

/* A trained resistor is a memristor inside, and still swept and printed by its resistance. */
START_TEST(trained_resistors_are_swept) {
    char *text;
    expect_exit(0, &text, "run %s --format csv", in("trained.cir"));
    double v = 0.0, r = 0.0;
    says(text, "r1,v(b),@r1[resistance]\n1000,0.5,1000\n3000,");
    ck_assert_int_eq(sscanf(strstr(text, "\n3000,"), "\n3000,%lf,%lf\n", &v, &r), 2);
    ck_assert_double_eq_tol(v, 0.25, 1e-12);
    ck_assert_double_eq_tol(r, 3000.0, 1e-9);
    eq_free(text);
}
END_TEST

/* A circuit that is not passive is told so; one with more weights than lines shows twenty. */
START_TEST(what_check_tells_of_an_energy) {
    char *text;
    put("negative.cir", "t\nv1 a 0 1\nr1 a b 1\nr2 b 0 -3\n.op\n.end\n");
    expect_exit(0, &text, "check %s", in("negative.cir"));
    says(text, "the circuit is not passive");
    ck_assert_ptr_null(strstr(text, "there is one operating point"));
    free(text);
    expect_exit(0, &text, "check %s", in("sign.cir"));
    says(text, "an energy weight is not positive");
    ck_assert_ptr_null(strstr(text, "there is one operating point"));
    free(text);
    eq_text deck = {0};
    eq_text_puts(&deck, "t\nv1 a 0 1\nr1 a b0 1\n");
    for (int k = 0; k < 25; k++)
        eq_text_printf(&deck,
                       "e%d c%d 0 b%d 0 2\nvs%d c%d d%d 0\nf%d b%d 0 vs%d 0.1\nr%d d%d b%d 1\n", k,
                       k, k, k, k, k, k, k, k, k + 2, k, k + 1);
    eq_text_puts(&deck, "r99 b25 0 1\n.op\n.end\n");
    put("many.cir", deck.text);
    eq_text_free(&deck);
    expect_exit(0, &text, "check %s", in("many.cir"));
    int shown = 0;
    for (const char *at = text; (at = strstr(at, "energy weight ")) != NULL; at++) shown++;
    ck_assert_int_eq(shown, 20);
    free(text);
}
END_TEST

/* Long trainings print about 25 epochs, the first and the last among them; metrics.csv has all. */
START_TEST(long_trainings_print_some_epochs) {
    char *text = shell(0, "$EQSPICE train net.xml --epochs 61 -o long && wc -l < long/metrics.csv");
    int printed = 0;
    for (const char *at = text; (at = strstr(at, "\nepoch ")) != NULL; at++) printed++;
    ck_assert_int_ge(printed, 20);
    ck_assert_int_le(printed, 27);
    says(text, "epoch  61  train loss");
    says(text, "\n62\n");
    eq_free(text);
}
END_TEST

/* An option's number may not be empty. */
START_TEST(a_number_of_no_digits) {
    char *text = shell(2, "$EQSPICE verify diode.cir --tol ''");
    says(text, "this is not a number: ");
    eq_free(text);
}
END_TEST

/* Both kinds of raw file hold the plots of a run one after the other. */
START_TEST(plots_of_a_run) {
    static const char *const format[] = {"raw", "raw-ascii"};
    put("plots.cir", "t\nv1 a 0 1\nr1 a 0 1\n.op\n.dc v1 0 1 1\n.end\n");
    for (int k = 0; k < 2; k++) {
        eq_result **plots;
        size_t count;
        expect_exit(0, NULL, "run %s --format %s -o %s", in("plots.cir"), format[k], in("plots"));
        ck_assert_int_eq(eq_raw_read(in("plots"), &plots, &count, NULL), EQ_OK);
        ck_assert_uint_eq(count, 2);
        eq_raw_free(plots, count);
    }
}
END_TEST

/* XML and names of one letter. */
START_TEST(verified_by_any_name) {
    char *text = shell(0, "cp diode.cir d && $EQSPICE verify d && $EQSPICE export d --to xml -o "
                          "d.xml && $EQSPICE verify d.xml && $EQSPICE op d.xml --verbose");
    says(text, "max deviation");
    eq_free(text);
}
END_TEST

/* The last line of a deck need not end, and a NUL in a comment changes nothing. */
START_TEST(text_that_ends_early) {
    static const char open_end[] = "t\nv1 a 0 1\nd1 a 0 dm\n.model dm d\n.end";
    static const char nul[] = "t\nv1 a 0 0.5\nd1 a 0 dm\n.model dm d\n* a \0 here\n.end\n";
    put("open.cir", open_end);
    ck_assert_int_eq(eq_file_write(in("nul.cir"), nul, sizeof nul - 1, NULL), EQ_OK);
    expect_exit(0, NULL, "verify %s", in("open.cir"));
    expect_exit(0, NULL, "verify %s", in("nul.cir"));
}
END_TEST

/* A second Ctrl-C ends a training at once, here while it waits for somebody to read metrics.csv. */
START_TEST(a_second_interrupt_ends_at_once) {
    char *text = shell(130, "mkdir stuck && mkfifo stuck/metrics.csv && { "
                            "$EQSPICE train net.xml --epochs 1000000000 --save-every 1e9 -o stuck "
                            ">said & } && while ! grep -q epoch said; do sleep 0.05; done; "
                            "kill -INT $! && sleep 0.3 && kill -INT $!; wait $!");
    ck_assert_int_ne(access(in("stuck/checkpoint"), F_OK), 0);
    eq_free(text);
}
END_TEST

/* Outputs without sources to nudge them get some: the nudged phase is a deck that ngspice solves.
 * More examples than there are to check a gradient with are as many as there are. */
START_TEST(a_nudged_phase_has_its_sources) {
    put("two.cir",
        "t\nVx1 x1 0 0\nVx2 x2 0 0\nR11 x1 h1 10k\nR21 x2 h1 20k\nR12 x1 h2 15k\n"
        "R22 x2 h2 12k\nR13 h1 h2 12k\nD1 h1 0 dm\n.model dm D is=1e-6\n"
        "*% input Vx1 Vx2\n*% output h1 h2\n*% train R?? gmin=1e-6 gmax=1e-2\n.op\n.end\n");
    put("two.xml", "<experiment name=\"two\"><circuit deck=\"two.cir\"/>"
                   "<data format=\"csv\" path=\"data.csv\" label=\"kind\" test-fraction=\"0.5\"/>"
                   "<encoding normalize=\"range\" scale=\"2\"/><cost type=\"squared-error\"/>"
                   "<estimator type=\"symmetric\" beta=\"1e-7\"/>"
                   "<optimizer type=\"sgd\"><group match=\"r??\" rate=\"1e-9\"/></optimizer>"
                   "<minibatch size=\"2\"/><epochs count=\"2\"/></experiment>\n");
    char *text = shell(0, "$EQSPICE train two.xml -o two && $EQSPICE verify two --sample 0 && "
                          "$EQSPICE export two --phase nudged --sample 0 --to ngspice && "
                          "$EQSPICE gradcheck two.xml --examples 99");
    says(text, "nudged phase: ");
    says(text, "\ninudge_h1 0 h1 dc ");
    says(text, "* nudged phase, test sample 0\n");
    eq_free(text);
}
END_TEST

/* i() of a current given by a formula is the formula's value. */
START_TEST(the_current_of_a_formula) {
    char *text;
    put("square.cir", "t\nv1 a 0 2\nb1 a 0 i={v(a)**2*1m}\n.dc v1 2 3 1\n.print dc i(b1)\n.end\n");
    expect_exit(0, &text, "run %s --format csv", in("square.cir"));
    double i[2];
    const char *row = strstr(text, "v1,i(b1)\n");
    ck_assert_msg(row != NULL && sscanf(row, "v1,i(b1)\n2,%lf\n3,%lf", &i[0], &i[1]) == 2, "%s",
                  text);
    ck_assert_double_eq_tol(i[0], 4e-3, 1e-15);
    ck_assert_double_eq_tol(i[1], 9e-3, 1e-15);
    free(text);
}
END_TEST

/* Of many floating nodes and sources the first are named. */
START_TEST(the_first_floating_nodes_are_named) {
    eq_text deck = {0};
    eq_text_puts(&deck, "t\nv1 a 0 1\nr1 a 0 1\n");
    for (int k = 0; k < 15; k++)
        eq_text_printf(&deck, "rf%d f%d f%d 1\ni%d 0 f%d 1m\n", k, k, k + 1, k, k);
    eq_text_puts(&deck, ".op\n.end\n");
    put("float.cir", deck.text);
    eq_text_free(&deck);
    char *text;
    expect_exit(1, &text, "check %s", in("float.cir"));
    says(text, "f0, f1, f2");
    says(text, "i0, i1, i2");
    says(text, ", ...");
    ck_assert_ptr_null(strstr(text, "f14"));
    free(text);
}
END_TEST

START_TEST(help_in_two_forms) {
    char *one, *two;
    expect_exit(0, &one, "--help");
    expect_exit(0, &two, "-h");
    ck_assert_str_eq(one, two);
    says(one, "usage: eqspice COMMAND ARGUMENT [options]\n");
    eq_free(one);
    eq_free(two);
}
END_TEST

/* Neither over the deck or the data that a command reads, nor over the files of a run. */
START_TEST(nothing_is_written_over_what_is_read) {
    static const struct {
        const char *command, *subject, *output;
    } asked[] = {{"op", "diode.cir", "-o diode.cir"},
                 {"run", "diode.cir", "-o diode.cir"},
                 {"export --to xyce", "diode.cir", "-o diode.cir"},
                 {"export --to spectre", "kept", "-o kept/checkpoint"},
                 {"eval", "kept", "--predictions kept/model.cir"},
                 {"eval", "kept", "--predictions kept/metrics.csv"},
                 {"eval", "kept", "--predictions data.csv"}};
    char *folder = scratch_current();
    expect_exit(0, NULL, "train %s/net.xml -o %s/kept", folder, folder);
    for (size_t k = 0; k < sizeof asked / sizeof *asked; k++) {
        const char *file = strrchr(asked[k].output, ' ') + 1;
        char path[512], *before, *after, *said;
        snprintf(path, sizeof path, "%s/%s", folder, file);
        before = file_text(path);
        expect_exit(2, &said, "%s %s/%s %.*s %s", asked[k].command, folder, asked[k].subject,
                    (int)(file - 1 - asked[k].output), asked[k].output, path);
        after = file_text(path);
        ck_assert_str_eq(before, after);
        ck_assert_ptr_nonnull(strstr(said, "write to another file"));
        eq_free(before);
        eq_free(after);
        free(said);
    }
}
END_TEST

Suite *usage_suite(void) {
    Suite *s = suite_create("usage");
    TCase *t = tcase_create("usage");
    tcase_add_checked_fixture(t, make_files, scratch_drop);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, told_with_a_reason, 0, sizeof line / sizeof *line);
    tcase_add_test(t, standard_output_is_full);
    tcase_add_test(t, progress_on_a_terminal);
    tcase_add_test(t, no_epoch_evaluates_only);
    tcase_add_test(t, limits_of_seed_and_minibatch);
    tcase_add_test(t, a_run_folder_is_moved_and_mailed);
    tcase_add_test(t, commands_take_the_folder_of_a_run);
    tcase_add_test(t, missing_folders_are_made);
    tcase_add_test(t, clamps_have_signs);
    tcase_add_test(t, the_default_folder_is_runs_name);
    tcase_add_test(t, a_second_run_needs_a_word);
    tcase_add_test(t, trained_resistors_are_swept);
    tcase_add_test(t, what_check_tells_of_an_energy);
    tcase_add_test(t, long_trainings_print_some_epochs);
    tcase_add_test(t, a_number_of_no_digits);
    tcase_add_test(t, plots_of_a_run);
    tcase_add_test(t, verified_by_any_name);
    tcase_add_test(t, text_that_ends_early);
    tcase_add_test(t, a_second_interrupt_ends_at_once);
    tcase_add_test(t, a_nudged_phase_has_its_sources);
    tcase_add_test(t, the_current_of_a_formula);
    tcase_add_test(t, the_first_floating_nodes_are_named);
    tcase_add_test(t, help_in_two_forms);
    tcase_add_test(t, nothing_is_written_over_what_is_read);
    suite_add_tcase(s, t);
    return s;
}
