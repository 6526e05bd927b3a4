/* What a file from elsewhere may ask for: counted before it is paid, with the same limit
 * everywhere. Each command runs with 4 GiB of address space,
 * so that a bomb that goes off is seen. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "support/compare.h"
#include "support/program.h"

Suite *limits_suite(void);

static void limited(void) {
    scratch_make();
    struct rlimit most;
    getrlimit(RLIMIT_AS, &most);
    most.rlim_cur = (rlim_t)4 << 30;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    setrlimit(RLIMIT_AS, &most);
#endif
}

/* The command is refused with exit status 2 and the words. */
static void refused(const char *words, const char *command, const char *argument) {
    char *said = NULL;
    expect_exit(2, &said, "%s %s", command, argument);
    ck_assert_msg(strstr(said, words) != NULL, "'%s' is not in: %s", words, said);
    free(said);
}

static const char *experiment(const char *head, const char *circuit, const char *rest) {
    char text[4096];
    snprintf(text, sizeof text,
             "<experiment %s>%s<data format=\"csv\" path=\"d.csv\"/>"
             "<cost type=\"squared-error\"/><optimizer type=\"sgd\" rate=\"1e-9\"/>%s</experiment>",
             head, circuit, rest);
    return put_bytes("e.xml", text, strlen(text));
}

static const char *const widths[] = {"1000000,1000000", "10000000,10000000,10000000", "10000,10001",
                                     "100,9000,9000,9000,2"};

START_TEST(a_network_is_counted_before_it_is_built) {
    char circuit[256];
    snprintf(circuit, sizeof circuit, "<architecture kind=\"kendall\" layers=\"%s\"/>", widths[_i]);
    refused("more than 1e+08", "train", experiment("name=\"e\"", circuit, ""));
    refused("more than 1e+08", "build drn --outputs single --layers", widths[_i]);
}
END_TEST

/* The count is what is built. */
START_TEST(the_count_of_a_network_is_exact) {
    for (int k = 0; k < 2; k++) {
        char *deck = NULL;
        int lines = 0;
        expect_exit(0, &deck, "build %s --layers 3,4,5,2", k == 0 ? "kendall" : "drn");
        for (const char *p = deck; (p = strchr(p, '\n')) != NULL; p++)
            lines += p[1] >= 'a' && p[1] <= 'z';
        /* sources 3 + 1 + 2, nudges 2, crossbars 4*4 + 5*5 + 6*2, neurons 9 times 5 or 2 */
        ck_assert_int_eq(lines, 8 + 53 + 9 * (k == 0 ? 5 : 2));
        free(deck);
    }
}
END_TEST

static const struct {
    const char *name, *why;
} names[] = {
    {"..", "leads to another folder"},
    {".", "leads to another folder"},
    {"", "is empty"},
    {"/tmp/x", "holds a /"},
    {"../../outside", "holds a /"},
    {"a/b", "holds a /"},
    {"a&#10;b", "holds a control character"},
    {"a&#9;b", "holds a control character"},
    {"a&#127;", "holds a control character"},
    {"a&#x9b;31m", "holds a control character"},
    {"012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
     "3"
     "456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456"
     "7"
     "890123456789012345678901234567890123456789012345678901234567890123456",
     "more than 255 bytes"},
};

START_TEST(the_name_of_an_experiment_is_one_folder) {
    char head[512], place[512];
    snprintf(head, sizeof head, "seed=\"1\"\n  name=\"%s\"", names[_i].name);
    const char *path = experiment(head, "<circuit deck=\"c.cir\"/>", "");
    snprintf(place, sizeof place, "%s:2:3: error: the experiment's name", path);
    refused(place, "train", path);
    refused(names[_i].why, "train", path);
}
END_TEST

START_TEST(a_good_name_is_a_folder) {
    static const char deck[] =
        "t\nv1 a 0 1\nv2 b 0 1\nr1 a y1 1k\nr2 b y2 1k\nr3 y1 0 1k\nr4 y2 0 1k\n"
        "*% input v1 v2\n*% output y1 y2\n*% train r1 r2 gmin=1e-9 gmax=1\n.op\n.end\n";
    put_bytes("c.cir", deck, strlen(deck));
    put_bytes("d.csv", "1,2,a\n2,1,b\n", 12);
    /* a minibatch is no larger than the data, whatever the file says */
    experiment("name=\"..a b-\303\251..\"", "<circuit deck=\"c.cir\"/>",
               "<minibatch size=\"1000000000000000\"/><epochs count=\"1\"/>");
    char here[4096], program[8192];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    const char *own = getenv("EQSPICE");
    snprintf(program, sizeof program, "%s%s%s", own != NULL && own[0] == '/' ? "" : here,
             own != NULL && own[0] == '/' ? "" : "/", own == NULL ? "build/eqspice" : own);
    setenv("EQSPICE", program, 1);
    ck_assert_int_eq(chdir(scratch_current()), 0);
    expect_exit(0, NULL, "train e.xml");
    ck_assert_int_eq(access("runs/..a b-\303\251../model.cir", R_OK), 0);
    ck_assert_int_eq(chdir(here), 0);
}
END_TEST

static const struct {
    const char *deck, *words;
} sweeps[] = {
    {"t\nv1 a 0 1\nr1 a 0 1\n.dc v1 0 1 1e-9\n.end\n",
     "4:12: error: .dc: the sweep has more than 100000000 points"},
    {"* xyce\nv1 a 0 1\nr1 a 0 1\n.global_param x=1\n.dc v1 0 1 1e-9\n.end\n",
     "5:12: error: .dc: the sweep has more than 100000000 points"},
    {"t\nv1 a 0 1\nr1 a 0 1\n.dc dec v1 1 10 1e9\n.end\n",
     "4:17: error: .dc: the sweep has more than 100000000 points"},
    {"t\nv1 a 0 1\nv2 b 0 1\nr1 a b 1\n.dc v1 0 1 1e-4 v2 0 1 1e-5\n.end\n", "more than 100000000"},
    {"t\nv1 a 0 1\nr1 a 0 1\n.step v1 0 1 1e-4\n.step r1 1 2 1e-5\n.op\n.end\n",
     "more than 100000000"},
    {"t\nv1 a 0 1\nr1 a 0 1\n.step v1 0 1 1e-4\n.dc r1 1 2 1e-5\n.end\n", "more than 100000000"},
    /* 5e7 points of three values; and in two analyses */
    {"t\nv1 a 0 1\nr1 a 0 1\n.dc v1 0 1 2e-8\n.end\n", "of 3 values, more than 100000000"},
    {"t\nv1 a 0 1\nr1 a 0 1\n.dc v1 0 1 5e-8\n.dc v1 0 1 5e-8\n.end\n",
     "of 3 values, more than 100000000"},
    {"t\nv1 a 0 1\nr1 a 0 1\n.step v1 0 1 1e-4\n.step r1 1 2 1e-4\n.step temp 0 100 1e-5\n"
     ".step v1 0 1 1e-7\n.step v1 0 1 1e-7\n.step v1 0 1 1e-7\n.op\n.end\n",
     "more than 100000000"},
};

START_TEST(a_sweep_is_counted_before_it_runs) {
    refused(sweeps[_i].words, "run", put_bytes("s.cir", sweeps[_i].deck, strlen(sweeps[_i].deck)));
}
END_TEST

/* Counted in the text: no element is made. */
START_TEST(a_document_is_counted_before_it_is_parsed) {
    size_t length = 3 * ((size_t)EQ_MOST_ITEMS + 1);
    char *text = eq_malloc(length + 1, 1);
    ck_assert_ptr_nonnull(text);
    for (size_t k = 0; k < length; k += 3) memcpy(text + k, "<a>", 3);
    text[length] = '\0';
    eq_circuit *c = NULL;
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_circuit_parse("t.xml", text, length, &c, diag), EQ_ERR_INPUT);
    ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, "more than 100000000 elements") != NULL, "%s",
                  eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    eq_free(text);
}
END_TEST

/* The work grows with the length of a list, not with its square (which took 90 s of this one). */
START_TEST(a_long_list_of_values_is_read_once) {
    eq_text t = {0};
    eq_circuit *c = NULL;
    eq_diag *diag = eq_diag_new();
    eq_text_puts(&t, "<circuit><elements><vsource name=\"v\" a=\"a\" b=\"0\" dc=\"1\"/></elements>"
                     "<dc><sweep source=\"v\" values=\"");
    for (int k = 0; k < 2000000; k++) eq_text_puts(&t, "1 ");
    eq_text_puts(&t, "\"/></dc></circuit>");
    ck_assert(!t.failed);
    clock_t start = clock();
    ck_assert_int_eq(eq_circuit_parse("t.xml", t.text, t.length, &c, diag), EQ_OK);
    ck_assert_double_lt((double)(clock() - start) / CLOCKS_PER_SEC, 20.0);
    eq_circuit_free(c);
    eq_diag_free(diag);
    eq_text_free(&t);
}
END_TEST

static const char classify[] =
    "<experiment name=\"e\"><circuit deck=\"c.cir\"/><data format=\"%s\" "
    "path=\"d\" labels=\"l\"/><cost type=\"squared-error\"/>"
    "<optimizer type=\"sgd\" rate=\"1e-9\"/></experiment>";

static void refused_data(const char *format, const void *bytes, size_t length) {
    static const char deck[] = "t\nv1 y1 0 1\nr1 y1 0 1k\n*% input v1\n*% output y1\n"
                               "*% train r1 gmin=1e-9 gmax=1\n.end\n";
    char text[1024];
    snprintf(text, sizeof text, classify, format);
    put_bytes("c.cir", deck, strlen(deck));
    put_bytes("d", bytes, length);
    put_bytes("l", bytes, length);
    refused("more than 100000000", "train", put_bytes("e.xml", text, strlen(text)));
}

/* The header alone is there: no value is read before the count. */
START_TEST(a_data_file_is_counted_by_its_header) {
    static const unsigned char idx[] = {0, 0, 8, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 28};
    static const unsigned char over[] = {0,   0,   8,   3,   255, 255, 255, 255,
                                         255, 255, 255, 255, 255, 255, 255, 255};
    refused_data("idx", idx, sizeof idx);
    refused_data("idx", over, sizeof over);
    static const char *const shape[] = {"(20000, 5001)", "(4294967296, 4294967296)",
                                        "(99999999999999999999, 2)"};
    for (int k = 0; k < 3; k++) {
        char npy[256] = "\x93NUMPY\x01\x00";
        int n = snprintf(npy + 10, 200, "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }\n",
                         shape[k]);
        npy[8] = (char)n;
        npy[9] = 0;
        refused_data("npy", npy, 10 + (size_t)n);
    }
}
END_TEST

/* One row of 20 MB, next to nothing when packed;
 * forty times that took 15 GB before it was refused. */
START_TEST(the_cells_of_a_row_are_counted) {
    enum { CELLS = 10000001 };
    char *row = eq_malloc(2 * (size_t)CELLS, 1);
    ck_assert_ptr_nonnull(row);
    for (size_t k = 0; k < CELLS; k++) memcpy(row + 2 * k, k + 1 < CELLS ? "1," : "1\n", 2);
    put_bytes("d.csv", row, 2 * (size_t)CELLS);
    eq_free(row);
    refused("d.csv:1: error: the row has more than 10000000 cells", "train",
            experiment("name=\"e\"", "<architecture kind=\"drn\" layers=\"2,2,2\"/>", ""));
}
END_TEST

/* A deck with a name of n bytes where it says NAME. */
static char *with_name(const char *deck, size_t n) {
    eq_text t = {0};
    const char *at = strstr(deck, "NAME");
    for (; at != NULL; deck = at + 4, at = strstr(deck, "NAME")) {
        eq_text_add(&t, deck, (size_t)(at - deck));
        for (size_t k = 0; k < n; k++) eq_text_add(&t, "n", 1);
    }
    eq_text_puts(&t, deck);
    ck_assert(!t.failed);
    return t.text;
}

/* Decks with a name of EQ_MAX_NAME bytes, `own` of which are the deck's and the rest comes with an
 * expansion, a letter or a prefix. */
static const struct {
    const char *deck;
    size_t more;
} named[] = {
    {"t\nv1 NAME 0 1\nr1 NAME 0 1\n.end\n", 0},
    {"t\nv1 a 0 1\nrNAME a 0 1\n.end\n", 1},
    {"t\nv1 a 0 1\nr1 a 0 1 tc1=0\nrNAME a 0 1 tc1=0\n.end\n", 1},
    {"t\n.param NAME=2\nv1 a 0 1\nr1 a 0 {NAME}\n.end\n", 0},
    {"t\n.func NAME(x) {x}\nv1 a 0 1\nr1 a 0 1\n.end\n", 0},
    {"t\n.model NAME d(is=1f)\nv1 a 0 1\nd1 a 0 NAME\n.end\n", 0},
    {"t\n.subckt NAME a\nr1 a 0 1\n.ends\nv1 a 0 1\nx1 a NAME\n.end\n", 0},
    {"t\n.subckt s NAME\nr1 NAME 0 1\n.ends\nv1 a 0 1\nx1 a s\n.end\n", 0},
    {"t\n.subckt s a\nr1 a b 1\nr2 b 0 1\n.ends\nv1 a 0 1\nxNAME a s\n.end\n", 6},
    {"t\n.subckt s a\nr1 a NAME 1\nr2 NAME 0 1\n.ends\nv1 a 0 1\nx1 a s\n.end\n", 3},
    {"t\n.subckt s a\nrNAME a 0 1\n.ends\nv1 a 0 1\nx1 a s\n.end\n", 6},
    {"t\n.subckt s a\nd1 a 0 NAME\n.model NAME d(is=1f)\n.ends\nv1 a 0 1\nx1 a s\n.end\n", 3},
    {"t\n.subckt s a\nf1 a 0 vNAME 1\nvNAME a b 0\nr1 b 0 1\n.ends\nv1 a 0 1\nx1 a s\n.end\n", 6},
    {"t\n.global NAME\nv1 NAME 0 1\nr1 NAME 0 1\n.end\n", 0},
    {"t\nv1 a 0 1\nr1 a 0 1\n.op\n.measure op NAME find v(a)\n.end\n", 0},
    {"t\nv1 a 0 1\nr1 a 0 1\nrNAME a 0 1\n*% train rNAME gmin=1e-9 gmax=2\n.end\n", 1},
    {"t\nv1 NAME 0 1\nr1 NAME 0 1\nb1 0 c i={v(NAME)}\nr2 c 0 1\n.end\n", 0},
    {"t\nv1 NAME 0 1\nr1 NAME 0 1\nd1 NAME 0 m\n.model m d(ron=1 roff=1g)\n.end\n", 0},
    {"t\nv1 a 0 1\nr1 a NAME 1\nr2 NAME 0 1\n*% output NAME\n.end\n", 7},
    {"<circuit><elements><vsource name=\"v1\" a=\"NAME\" b=\"0\" dc=\"1\"/>"
     "<resistor name=\"r1\" a=\"NAME\" b=\"0\" r=\"1\"/></elements></circuit>",
     0},
    {"<circuit><elements><vsource name=\"v1\" a=\"a\" b=\"0\" dc=\"1\"/>"
     "<resistor name=\"rNAME\" a=\"a\" b=\"0\" r=\"1\"/></elements></circuit>",
     1},
    {"<circuit><model name=\"NAME\" class=\"diode\"/><elements>"
     "<vsource name=\"v1\" a=\"a\" b=\"0\" dc=\"1\"/>"
     "<diode name=\"d1\" a=\"a\" b=\"0\" model=\"NAME\"/></elements></circuit>",
     0},
    {"<circuit><elements><vsource name=\"v1\" a=\"NAME\" b=\"0\" dc=\"1\"/>"
     "<resistor name=\"r1\" a=\"NAME\" b=\"0\" r=\"1\"/><behavioural_current name=\"b1\" a=\"0\" "
     "b=\"c\" formula=\"v(NAME)\"/><resistor name=\"r2\" a=\"c\" b=\"0\" r=\"1\"/></elements>"
     "</circuit>",
     0},
};

static eq_status parse(const char *text, eq_circuit **c, eq_diag *diag) {
    return eq_circuit_parse("deck.cir", text, strlen(text), c, diag);
}

/* 1,024 bytes are read and survive every writer that we can read; one more is refused. */
START_TEST(a_name_has_1024_bytes_at_most) {
    static const eq_dialect to[] = {EQ_NGSPICE, EQ_XYCE, EQ_LTSPICE, EQ_XML};
    char *fits = with_name(named[_i].deck, EQ_MAX_NAME - named[_i].more);
    char *over = with_name(named[_i].deck, EQ_MAX_NAME - named[_i].more + 1);
    eq_circuit *c = NULL;
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(parse(over, &c, diag), EQ_ERR_INPUT);
    ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, "has 1025 bytes, more than 1024") != NULL ||
                      strstr(eq_diag_get(diag, 0)->text, "more than 1024 bytes") != NULL,
                  "%s", eq_diag_get(diag, 0)->text);
    eq_diag_clear(diag);
    ck_assert_msg(parse(fits, &c, diag) == EQ_OK, "%s", eq_diag_get(diag, 0)->text);
    for (size_t k = 0; k < sizeof to / sizeof *to; k++) {
        eq_text out = {0};
        if (eq_circuit_write(c, to[k], NULL, &out, diag) == EQ_OK) {
            eq_circuit *again = NULL;
            ck_assert_msg(parse(out.text, &again, diag) == EQ_OK, "%s: %.200s",
                          eq_dialect_name(to[k]), eq_diag_get(diag, 0)->text);
            eq_circuit_free(again);
        }
        eq_diag_clear(diag);
        eq_text_free(&out);
    }
    eq_circuit_free(c);
    eq_diag_free(diag);
    eq_free(fits);
    eq_free(over);
}
END_TEST

#define COUNT(list) ((int)(sizeof list / sizeof *list))

Suite *limits_suite(void) {
    Suite *s = suite_create("limits");
    TCase *t = tcase_create("limits");
    tcase_add_checked_fixture(t, limited, scratch_drop);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, a_network_is_counted_before_it_is_built, 0, COUNT(widths));
    tcase_add_test(t, the_count_of_a_network_is_exact);
    tcase_add_loop_test(t, the_name_of_an_experiment_is_one_folder, 0, COUNT(names));
    tcase_add_test(t, a_good_name_is_a_folder);
    tcase_add_loop_test(t, a_sweep_is_counted_before_it_runs, 0, COUNT(sweeps));
    tcase_add_test(t, a_document_is_counted_before_it_is_parsed);
    tcase_add_test(t, a_long_list_of_values_is_read_once);
    tcase_add_test(t, a_data_file_is_counted_by_its_header);
    tcase_add_test(t, the_cells_of_a_row_are_counted);
    tcase_add_loop_test(t, a_name_has_1024_bytes_at_most, 0, COUNT(named));
    suite_add_tcase(s, t);
    return s;
}
