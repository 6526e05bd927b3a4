/* The contract of the command line (docs/eqspice.1), through the program itself. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <glob.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/process.h"
#include "result/raw.h"
#include "support/program.h"

Suite *cli_suite(void);

static const char *const commands[] = {"op",     "run",    "check", "train", "eval",   "gradcheck",
                                       "export", "verify", "build", "plot",  "report", "sens"};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void contains(const char *text, const char *part) {
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in:\n%.2000s", part, text);
}

static void write_file(const char *path, const char *text) {
    ck_assert_int_eq(eq_file_write(path, text, strlen(text), NULL), EQ_OK);
}

START_TEST(every_command_explains_itself) {
    char *text, wanted[64];
    expect_exit(0, &text, "--help");
    for (int k = 0; k < COMMANDS; k++) {
        char *own;
        contains(text, commands[k]);
        expect_exit(0, &own, "%s --help", commands[k]);
        snprintf(wanted, sizeof wanted, "usage: eqspice %s ", commands[k]);
        contains(own, wanted);
        eq_free(own);
    }
    eq_free(text);
    expect_exit(0, NULL, "--version");
}
END_TEST

START_TEST(bad_usage_ends_with_2) {
    static const char *const bad[] = {"",
                                      "frobnicate",
                                      "op",
                                      "op a.cir b.cir",
                                      "op --nonsense netlists/divider.cir",
                                      "op netlists/divider.cir --format xls",
                                      "op netlists/divider.cir --solver magic",
                                      "op netlists/divider.cir --format",
                                      "op nothere.cir",
                                      "op netlists",
                                      "op /dev/null",
                                      "export netlists/divider.cir",
                                      "export netlists/divider.cir --to hspice",
                                      "export netlists/divider.cir --to xml --phase nudged",
                                      "build lstm --layers 4,2",
                                      "build kendall",
                                      "build kendall --layers 4",
                                      "train netlists/divider.cir",
                                      "train netlists/iris.xml --threads 0",
                                      "train netlists/iris.xml --seed x",
                                      "eval netlists",
                                      "gradcheck nothere.xml",
                                      "verify netlists/divider.cir --tol x"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char *text;
        expect_exit(2, &text, "%s", bad[k]);
        ck_assert_msg(strstr(text, "error") != NULL || strstr(text, "usage") != NULL, "%s", bad[k]);
        eq_free(text);
    }
}
END_TEST

START_TEST(errors_name_file_line_and_column) {
    char *folder = scratch_folder(), *path = eq_path_join(folder, "bad.cir"), *text, wanted[256];
    write_file(path, "title\nR1 a 0\nV1 a 0 1\n.op\n.end\n");
    expect_exit(2, &text, "op %s", path);
    snprintf(wanted, sizeof wanted, "%s:2:7: error: ", path);
    contains(text, wanted);
    eq_free(text);
    write_file(path, "title\nV1 a 0 1\nV2 a 0 2\n.op\n.end\n");
    expect_exit(1, &text, "op %s", path);
    contains(text, "loop of voltage sources");
    eq_free(text);
    eq_free(path);
    scratch_free(folder);
}
END_TEST

START_TEST(csv_has_the_sweep_then_nodes_then_sources) {
    char *folder = scratch_folder(), *path = eq_path_join(folder, "dc.cir"), *text;
    write_file(path, "title\nVIn In 0 1\nR1 In OUT 1k\nR2 out 0 1k\n.dc VIn 0 2 1\n.end\n");
    expect_exit(0, &text, "run %s --format csv -o -", path);
    ck_assert_str_eq(text, "vin,v(in),v(out),i(vin)\n0,0,0,0\n1,1,0.5,-0.0005\n"
                           "2,2,1,-0.001\n");
    eq_free(text);
    expect_exit(0, &text, "op netlists/divider.cir --format csv");
    ck_assert_str_eq(text, "v(in),v(out),i(v1)\n10,7.5,-0.0025\n");
    eq_free(text);
    expect_exit(0, &text, "op netlists/divider.cir --format json");
    contains(text, "\"plot\": \"Operating Point\"");
    eq_free(text);
    eq_free(path);
    scratch_free(folder);
}
END_TEST

START_TEST(raw_files_can_be_read_back) {
    char *folder = scratch_folder(), *path = eq_path_join(folder, "o.raw");
    eq_result **plots;
    size_t count;
    expect_exit(0, NULL, "run netlists/controlled.cir --format raw -o %s", path);
    ck_assert_int_eq(eq_raw_read(path, &plots, &count, NULL), EQ_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_double_eq_tol(plots[0]->value[eq_result_find(plots[0], "v(in)")], 1.5, 1e-15);
    eq_raw_free(plots, count);
    eq_free(path);
    scratch_free(folder);
}
END_TEST

/* Through a link to /dev/full, so that a failure harms no device. */
START_TEST(a_full_disk_ends_with_1_and_leaves_no_file) {
    char *folder = scratch_folder(), *full = eq_path_join(folder, "full"), *text, pattern[128];
    glob_t found;
    struct stat st;
    ck_assert_int_eq(symlink("/dev/full", full), 0);
    expect_exit(1, &text, "op netlists/divider.cir -o %s", full);
    contains(text, "No space left on device");
    eq_free(text);
    expect_exit(1, NULL, "run netlists/divider.cir --format csv -o %s", full);
    expect_exit(1, NULL, "export netlists/iris.cir --to xml -o %s", full);
    expect_exit(1, NULL, "build drn --layers 4,2 -o %s", full);
    expect_exit(1, NULL, "train netlists/iris.xml --epochs 1 -o %s", full);
    ck_assert_int_eq(lstat(full, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    snprintf(pattern, sizeof pattern, "%s/.[!.]*", folder);
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), GLOB_NOMATCH);
    eq_free(full);
    scratch_free(folder);
}
END_TEST

/* The old output stays whole when the new one cannot be worked out. */
START_TEST(a_failed_run_keeps_the_old_output) {
    char *folder = scratch_folder(), *deck = eq_path_join(folder, "loop.cir");
    char *out = eq_path_join(folder, "out"), *text;
    write_file(deck, "title\nV1 a 0 1\nV2 a 0 2\n.op\n.end\n");
    write_file(out, "old");
    expect_exit(1, NULL, "op %s -o %s", deck, out);
    expect_exit(1, NULL, "run %s -o %s", deck, out);
    text = file_text(out);
    ck_assert_str_eq(text, "old");
    eq_free(text), eq_free(deck), eq_free(out);
    scratch_free(folder);
}
END_TEST

START_TEST(an_output_that_cannot_be_written_ends_with_1) {
    expect_exit(1, NULL, "op netlists/divider.cir -o netlists/divider.cir/all");
    expect_exit(1, NULL, "export netlists/divider.cir --to xml -o netlists/divider.cir/all");
    expect_exit(1, NULL, "train netlists/iris.xml -o netlists/divider.cir/no --epochs 1");
}
END_TEST

/* Largest relative difference of two operating points in raw files. */
static double difference(const char *a, const char *b) {
    eq_result **p, **q;
    size_t n, m;
    ck_assert_int_eq(eq_raw_read(a, &p, &n, NULL), EQ_OK);
    ck_assert_int_eq(eq_raw_read(b, &q, &m, NULL), EQ_OK);
    double most = 0.0, largest = 0.0;
    for (size_t k = 0; k < p[0]->variables; k++) {
        if (strcmp(p[0]->variable[k].type, "voltage") != 0) continue;
        size_t j = eq_result_find(q[0], p[0]->variable[k].name);
        ck_assert_uint_lt(j, q[0]->variables);
        most = fmax(most, fabs(p[0]->value[k] - q[0]->value[j]));
        largest = fmax(largest, fabs(p[0]->value[k]));
    }
    eq_raw_free(p, n);
    eq_raw_free(q, m);
    return most / largest;
}

/* Every shipped deck: ngspice, where it has the models, agrees node by node, and so do the three
 * engines to 1e-9; where the circuit has no energy the third one says so. */
START_TEST(shipped_decks_agree_with_ngspice_and_between_engines) {
    glob_t found;
    char *folder = scratch_folder(), *one = eq_path_join(folder, "1"),
         *two = eq_path_join(folder, "2");
    ck_assert_int_eq(glob("netlists/*.cir", 0, NULL, &found), 0);
    ck_assert_uint_ge(found.gl_pathc, 10);
    for (size_t k = 0; k < found.gl_pathc; k++) {
        const char *deck = found.gl_pathv[k];
        char *text;
        bool known = strcmp(deck, "netlists/ekv.cir") != 0; /* ngspice has no such model */
        expect_exit(known ? 0 : 2, &text, "verify %s --tol 1e-6", deck);
        contains(text, known ? "max deviation " : "for which ngspice has no line");
        eq_free(text);
        expect_exit(0, NULL, "op %s --format raw -o %s", deck, one);
        expect_exit(0, NULL, "op %s --solver kinsol --format raw -o %s", deck, two);
        ck_assert_msg(difference(one, two) <= 1e-9, "%s: newton and kinsol", deck);
        outcome o = run_program("op %s --solver cocontent --format raw -o %s", deck, two);
        if (o.exit_status == 0)
            ck_assert_msg(difference(one, two) <= 1e-9, "%s: newton and cocontent", deck);
        else
            contains(o.text, "the circuit has no co-content to minimise");
        outcome_free(&o);
    }
    globfree(&found);
    eq_free(one);
    eq_free(two);
    scratch_free(folder);
}
END_TEST

START_TEST(exports_in_every_dialect) {
    static const char *const dialect[] = {"ngspice", "xyce", "ltspice", "spectre", "xml"};
    for (int k = 0; k < 5; k++) {
        expect_exit(0, NULL, "export netlists/iris.cir --to %s", dialect[k]);
        expect_exit(0, NULL, "build kendall --layers 8,5,4 --to %s", dialect[k]);
        expect_exit(0, NULL, "build drn --layers 8,5,4 --diode ideal --outputs single --to %s",
                    dialect[k]);
    }
    for (int k = 0; k < 2; k++) { /* sweep.cir has a .dc */
        static const char *const deck[] = {"sweep", "divider"};
        char *text;
        expect_exit(0, &text, "export netlists/%s.cir --to ltspice", deck[k]);
        ck_assert_int_eq(strstr(text, "the operating point alone is written") != NULL, k == 0);
        eq_free(text);
    }
}
END_TEST

/* A circuit exported as XML and read again is the same circuit. */
START_TEST(xml_and_spice_give_the_same_operating_point) {
    char *folder = scratch_folder(), *xml = eq_path_join(folder, "c.xml");
    char *one = eq_path_join(folder, "1"), *two = eq_path_join(folder, "2");
    expect_exit(0, NULL, "export netlists/iris.cir --to xml -o %s", xml);
    expect_exit(0, NULL, "op netlists/iris.cir --format raw -o %s", one);
    expect_exit(0, NULL, "op %s --format raw -o %s", xml, two);
    ck_assert_double_le(difference(one, two), 1e-14);
    eq_free(xml), eq_free(one), eq_free(two);
    scratch_free(folder);
}
END_TEST

START_TEST(check_explains_energy_weights) {
    char *text;
    expect_exit(0, &text, "check netlists/amplifier.cir");
    contains(text, "energy weight 0.0625");
    eq_free(text);
    expect_exit(0, &text, "check netlists/controlled.cir");
    contains(text, "no energy weights, EqProp gradients may be biased");
    contains(text, "g1, a vccs");
    eq_free(text);
    expect_exit(0, &text, "check netlists/one-way.cir --input 0.5 --json");
    contains(
        text,
        "\"asymmetry\": 1, \"shares\": [{\"element\": \"e1\", \"class\": \"vcvs\", \"share\": 1}]");
    eq_free(text);
    expect_exit(0, &text, "check netlists/transistors.cir");
    contains(text, "the Jacobian is symmetric");
    eq_free(text);
    expect_exit(2, NULL, "check netlists/one-way.cir --sample 1");
}
END_TEST

/* The whole job: train, evaluate, verify the free and the nudged state, run the trained deck in
 * ngspice. */
START_TEST(iris_from_deck_to_verified_network) {
    char *folder = scratch_folder(), *text;
    expect_exit(0, &text, "train netlists/iris.xml -o %s/iris", folder);
    contains(text, "accuracy on 45 held-out examples: 9");
    eq_free(text);
    static const char *const files[] = {"metrics.csv", "model.cir", "checkpoint", "curves.svg"};
    for (int k = 0; k < 4; k++) {
        char path[128];
        struct stat st;
        snprintf(path, sizeof path, "%s/iris/%s", folder, files[k]);
        ck_assert_msg(stat(path, &st) == 0 && st.st_size > 100, "%s", path);
    }
    char path[128];
    snprintf(path, sizeof path, "%s/iris/metrics.csv", folder);
    char *metrics = file_text(path);
    const char *header =
        "epoch,train_loss,train_error,test_loss,test_error,examples_per_s,seconds\n";
    ck_assert_int_eq(strncmp(metrics, header, strlen(header)), 0);
    eq_free(metrics);
    expect_exit(0, &text, "eval %s/iris", folder);
    contains(text, "examples 45 ");
    eq_free(text);
    expect_exit(0, &text, "verify %s/iris --sample 3", folder);
    contains(text, "nudged phase: ");
    contains(text, " relative over 65 nodes");
    eq_free(text);
    expect_exit(1, NULL, "verify %s/iris --tol 0", folder);
    expect_exit(2, NULL, "verify %s/iris --sample 45", folder);
    expect_exit(0, NULL, "export %s/iris --to spectre --phase nudged --sample 2", folder);
    expect_exit(0, NULL, "verify %s/iris/model.cir", folder);
    snprintf(path, sizeof path, "%s/iris/model.cir", folder);
    const char *const argv[] = {"ngspice", "-b", path, NULL};
    eq_process ngspice = {argv, NULL, NULL, "ngspice", 60};
    eq_text said = {0};
    int exit_status;
    ck_assert_int_eq(eq_process_run(&ngspice, &exit_status, &said, NULL), EQ_OK);
    ck_assert_msg(exit_status == 0, "ngspice -b %s: %s", path, said.text);
    contains(said.text, "Node");
    eq_text_free(&said);
    scratch_free(folder);
}
END_TEST

START_TEST(gradcheck_holds_on_the_shipped_experiments) {
    static const char *const experiment[] = {"netlists/iris.xml", "netlists/two-stage.xml"};
    for (int k = 0; k < 2; k++) {
        char *text;
        expect_exit(0, &text, "gradcheck %s", experiment[k]);
        contains(text, "symmetric/current");
        const char *row = strstr(text, "symmetric/current");
        double beta, error, cosine, order;
        ck_assert_int_eq(
            sscanf(row, "symmetric/current %lf %lf %lf %lf", &beta, &error, &cosine, &order), 4);
        ck_assert_double_le(error, 1e-6);
        ck_assert_double_eq_tol(cosine, 1.0, 1e-9);
        ck_assert_double_eq_tol(order, 2.0, 0.2);
        eq_free(text);
    }
}
END_TEST

/* Removes the last two columns of metrics.csv, the timing. */
static void cut_timing(char *csv) {
    char *to = csv;
    for (char *line = csv; *line != '\0';) {
        size_t n = strcspn(line, "\n"), keep = n;
        for (int commas = 0; keep > 0 && commas < 2; keep--) commas += line[keep - 1] == ',';
        memmove(to, line, keep);
        to[keep] = '\n';
        to += keep + 1;
        line += n + (line[n] == '\n');
    }
    *to = '\0';
}

/* Both folders hold the same network and the same course of the training, bit by bit. */
static void same_training(const char *a, const char *b) {
    static const char *const files[] = {"model.cir", "metrics.csv"};
    for (int k = 0; k < 2; k++) {
        char *path[2] = {eq_path_join(a, files[k]), eq_path_join(b, files[k])};
        char *text[2] = {file_text(path[0]), file_text(path[1])};
        for (int j = 0; k == 1 && j < 2; j++) cut_timing(text[j]);
        ck_assert_uint_gt(strlen(text[0]), 300);
        ck_assert_msg(strcmp(text[0], text[1]) == 0, "%s and %s differ", path[0], path[1]);
        for (int j = 0; j < 2; j++) eq_free(path[j]), eq_free(text[j]);
    }
}

START_TEST(a_resumed_training_is_an_uninterrupted_one) {
    char *folder = scratch_folder();
    char *a = eq_path_join(folder, "a"), *b = eq_path_join(folder, "b");
    expect_exit(0, NULL, "train netlists/iris.xml -o %s --epochs 12", a);
    expect_exit(0, NULL, "train netlists/iris.xml -o %s --epochs 12 --seed 1", b);
    same_training(a, b);
    expect_exit(0, NULL, "train netlists/iris.xml -o %s --epochs 12 --resume", b);
    same_training(a, b);
    eq_free(a), eq_free(b);
    scratch_free(folder);
}
END_TEST

/* Ctrl-C in the middle of a training: exit status 1, a checkpoint, and --resume goes on to the same
 * network as a run that was never stopped. */
START_TEST(an_interrupted_training_goes_on_to_the_same_bits) {
    char *folder = scratch_folder(), path[2][128];
    const char *program = getenv("EQSPICE");
    snprintf(path[0], sizeof path[0], "%s/a", folder);
    snprintf(path[1], sizeof path[1], "%s/b", folder);
    expect_exit(0, NULL, "train netlists/iris.xml -o %s --epochs 3000", path[0]);
    pid_t child = fork();
    if (child == 0) {
        ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
        ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
        execl(program == NULL ? "build/eqspice" : program, "eqspice", "train", "netlists/iris.xml",
              "-o", path[1], "--epochs", "3000", (char *)NULL);
        _exit(99);
    }
    nanosleep(&(struct timespec){0, 300000000}, NULL);
    kill(child, SIGINT);
    int status;
    waitpid(child, &status, 0);
    ck_assert(WIFEXITED(status));
    ck_assert_msg(WEXITSTATUS(status) == 1, "exit status %d", WEXITSTATUS(status));
    expect_exit(0, NULL, "train netlists/iris.xml -o %s --epochs 3000 --resume", path[1]);
    same_training(path[0], path[1]);
    scratch_free(folder);
}
END_TEST

/* A short training on real MNIST, where it is there; elsewhere a line says that it was not. */
START_TEST(kendall_learns_mnist) {
    const char *data = getenv("EQSPICE_DATA");
    char path[512], *folder, *text;
    struct stat st;
    snprintf(path, sizeof path, "%s/mnist/train-images-idx3-ubyte.gz",
             data == NULL ? "data" : data);
    if (stat(path, &st) != 0) {
        printf("skipped kendall_learns_mnist: no %s (tools/get-data mnist fetches it)\n", path);
        return;
    }
    folder = scratch_folder();
    expect_exit(0, &text, "train netlists/kendall-mnist.xml -o %s/k --epochs 1", folder);
    const char *accuracy = strstr(text, "accuracy on 10000 held-out examples: ");
    ck_assert_ptr_nonnull(accuracy);
    ck_assert_double_ge(strtod(accuracy + strlen("accuracy on 10000 held-out examples: "), NULL),
                        90.0);
    contains(text, "158920 conductances trained by the layered engine");
    eq_free(text);
    expect_exit(0, NULL, "eval %s/k", folder);
    scratch_free(folder);
}
END_TEST

/* What bash offers behind a line. */
static const struct {
    const char *line, *offered;
} completions[] = {
    {"eqspice train --s", "--seed --seeds --save-every --set"},
    {"eqspice tr", "train"},
    {"eqspice nothere --s", ""},
    {"eqspice plot x --theme \"\"", "light dark page"},
    {"eqspice plot x --kind c", "curves confusion conductances crossbar"},
    {"eqspice train --engine \"\"", "auto layered sparse"},
    {"eqspice plot --band r", "range runs"},
};

START_TEST(bash_completes_what_there_is) {
    char script[1024], said[512];
    const char *program = beside_program("eqspice");
    snprintf(script, sizeof script,
             "bash -c 'eqspice() { %.400s \"$@\"; }; . tools/completion.bash; t() { "
             "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _eqspice; echo \"${COMPREPLY[*]}\"; }; "
             "t %s' 2>&1",
             program, completions[_i].line);
    FILE *f = popen(script, "r");
    ck_assert_ptr_nonnull(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    ck_assert_int_eq(pclose(f), 0);
    said[strcspn(said, "\n")] = '\0';
    ck_assert_str_eq(said, completions[_i].offered);
}
END_TEST

/* What there is no number for is left out, or is a dash: R^2 of targets that are all the same, tasks that nobody holds out. */
START_TEST(no_number_is_a_dash) {
    char *folder = scratch_folder(), *run = eq_path_join(folder, "run");
    char *data = eq_path_join(folder, "same.csv"), *text;
    write_file(data, "x,y\n0.1,0.5\n0.2,0.5\n");
    expect_exit(0, NULL, "train netlists/sine.xml --epochs 1 -o %s", run);
    expect_exit(0, &text, "eval %s --data %s", run, data);
    contains(text, "R^2 -\n");
    eq_free(text);
    expect_exit(
        0, &text,
        "train netlists/meta-digits.xml --epochs 0 --set data.test-fraction=0 --force -o %s", run);
    ck_assert_msg(strstr(text, "nan") == NULL && strstr(text, "held-out task") == NULL, "%s", text);
    eq_free(text), eq_free(run), eq_free(data);
    scratch_free(folder);
}
END_TEST

/* Nothing is lost that was found: the table before, and the points before the one that fails. */
START_TEST(points_before_a_failure_are_written) {
    static const char deck[] = "t\nv1 a 0 1\nr1 a 0 1k\n.op\n.dc r1 2 0 -1\n.dc v1 1 2 1\n.end\n";
    static const char control[] =
        "t\nv1 a 0 2\nr1 a b 1\nr2 b 0 1\n.control\nop\nprint v(a)\ndc r1 1 1 1\nprint v(b)\n"
        "alter r2 = 0\ndc r1 1 0 -1\n.endc\n.end\n";
    char *folder = scratch_folder(), *path = eq_path_join(folder, "lost.cir");
    char *table = eq_path_join(folder, "lost.csv"), *text;
    write_file(path, deck);
    expect_exit(1, &text, "run %s --format csv -o %s", path, table);
    contains(text, "r1, of 0 ohm, closes a loop");
    contains(text, "what was found before that is written: 3 points");
    eq_free(text);
    text = file_text(table);
    contains(text, "v(a),i(v1)\n1,-0.001\n");
    contains(text, "r1,v(a),i(v1)\n2,1,-0.5\n1,1,-1\n");
    write_file(table, "old");
    eq_free(text);
    expect_exit(1, &text, "run %s --format csv -o %s", path, table);
    contains(text, "lost.csv: note: stays as it was; 3 points were found before that");
    eq_free(text);
    write_file(path, control);
    expect_exit(1, &text, "run %s --format csv -o /dev/stdout", path);
    contains(text, "v(a)\n2\n");
    contains(text, "r1,v(b)\n1,1\n");
    eq_free(text);
    text = file_text(table);
    ck_assert_str_eq(text, "old");
    eq_free(text), eq_free(path), eq_free(table);
    scratch_free(folder);
}
END_TEST

Suite *cli_suite(void) {
    Suite *s = suite_create("cli");
    TCase *t = tcase_create("cli");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, every_command_explains_itself);
    tcase_add_test(t, points_before_a_failure_are_written);
    tcase_add_test(t, no_number_is_a_dash);
    tcase_add_test(t, bad_usage_ends_with_2);
    tcase_add_loop_test(t, bash_completes_what_there_is, 0,
                        sizeof completions / sizeof *completions);
    tcase_add_test(t, errors_name_file_line_and_column);
    tcase_add_test(t, csv_has_the_sweep_then_nodes_then_sources);
    tcase_add_test(t, raw_files_can_be_read_back);
    tcase_add_test(t, a_full_disk_ends_with_1_and_leaves_no_file);
    tcase_add_test(t, a_failed_run_keeps_the_old_output);
    tcase_add_test(t, a_resumed_training_is_an_uninterrupted_one);
    tcase_add_test(t, an_output_that_cannot_be_written_ends_with_1);
    tcase_add_test(t, shipped_decks_agree_with_ngspice_and_between_engines);
    tcase_add_test(t, exports_in_every_dialect);
    tcase_add_test(t, xml_and_spice_give_the_same_operating_point);
    tcase_add_test(t, check_explains_energy_weights);
    tcase_add_test(t, iris_from_deck_to_verified_network);
    tcase_add_test(t, gradcheck_holds_on_the_shipped_experiments);
    tcase_add_test(t, an_interrupted_training_goes_on_to_the_same_bits);
    tcase_add_test(t, kendall_learns_mnist);
    suite_add_tcase(s, t);
    return s;
}
