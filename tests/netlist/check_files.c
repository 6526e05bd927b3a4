/* Files that decks include, and decks that are read again for each value of a .step: in a folder of
 * their own, from the working directory, many and deep. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "netlist/xml/xml.h"

Suite *files_suite(void);

/* A file of SPICE text and how it is read: what the program answers. */
static void answers(const char *deck, const char *wanted) {
    char *text;
    put("t.cir", deck);
    expect_exit(0, &text, "run %s --format csv", in("t.cir"));
    ck_assert_msg(strstr(text, wanted) != NULL, "no\n%s in\n%s", wanted, text);
    free(text);
}

static void refuses(const char *deck, const char *wanted) {
    char *text;
    put("t.cir", deck);
    expect_exit(2, &text, "run %s", in("t.cir"));
    ck_assert_msg(strstr(text, wanted) != NULL, "no\n%s in\n%s", wanted, text);
    free(text);
}

/* Blanks may stand in a name with quotes of either kind. */
START_TEST(names_in_quotes) {
    put("a half.inc", "r1 a b 1k\nr2 b 0 1k\n");
    put("some.lib", ".lib other\nr1 a b 9k\n.endl\n.lib Half\nr1 a b 1k\nr2 b 0 1k\n.endl\n");
    answers("t\nv1 a 0 2\n.include 'a half.inc'\n.op\n.end\n", "2,1,");
    answers("t\nv1 a 0 2\n.include \"a half.inc\"\n.op\n.end\n", "2,1,");
    answers("t\nv1 a 0 2\n.lib 'some.lib' HALF\n.op\n.end\n", "2,1,");
    refuses("t\nv1 a 0 2\n.include ''\n.op\n.end\n", "expected the name of a file");
    refuses("t\nv1 a 0 2\n.lib 'some.lib' third\n.op\n.end\n", "third");
}
END_TEST

/* What is not beside the deck is looked for from the working directory. */
START_TEST(files_of_the_working_directory) {
    answers(
        "t\n.param rhalf=1k\nv1 in 0 2\n.include tests/decks/inc/half.inc\nr9 in 0 1k\n.op\n.end\n",
        "v(in)");
}
END_TEST

/* LTspice's .lib FILE includes a file that is there. */
START_TEST(a_library_of_ltspice) {
    put("own.lib", ".model D7 D(is=1f n=1)\n");
    answers("t\nv1 a 0 2\nr1 a b 1k\nd1 0 b D7\n.lib own.lib\n.op\n.backanno\n.end\n", "v(a),v(b)");
}
END_TEST

/* The deck is read again for each value of a parameter, its files are not: one model of two is
 * changed, and only what the parameter stands in. */
START_TEST(a_deck_with_files_is_read_again) {
    put("half.inc", "r1 a b {r}\nr2 b 0 1k\n");
    answers("t\n.param r=1k\nv1 a 0 2\n.include half.inc\n.op\n.step param r list 1k 3k\n.end\n",
            "\n3000,2,0.5,");
    char *text;
    put("t.cir", "t\ni1 0 a 1m\ni2 0 b 1m\nd1 a 0 other\nd2 b 0 db\n.model other d(is=1f)\n"
                 ".model db d(is=1f)\n.options gmin=0\n.step d db(is) list 1f 1p\n.op\n.end\n");
    expect_exit(0, &text, "run %s --format csv", in("t.cir"));
    double a[2], b[2];
    const char *row = strstr(text, "\n1e-15,"), *second = strstr(text, "\n1e-12,");
    ck_assert_msg(row != NULL && second != NULL, "%s", text);
    ck_assert_int_eq(sscanf(row, "\n%*g,%lf,%lf", &a[0], &b[0]), 2);
    ck_assert_int_eq(sscanf(second, "\n%*g,%lf,%lf", &a[1], &b[1]), 2);
    ck_assert_double_eq_tol(a[0], a[1], 1e-12);
    ck_assert_double_eq_tol(a[0], b[0], 1e-12);
    /* i = is (exp(v/vt) - 1): a thousand times the current is vt log(1000) less */
    ck_assert_double_eq_tol(b[0] - b[1], 0.025864917007157 * 6.907755278982137, 1e-9);
    free(text);
}
END_TEST

/* Twenty files deep and ten thousand in all are read, one more is not. */
START_TEST(files_are_counted) {
    char name[32], line[64];
    for (int k = 0; k <= 20; k++) {
        snprintf(name, sizeof name, "deep%d.inc", k);
        snprintf(line, sizeof line, k < 20 ? ".include deep%d.inc\n" : "r1 a 0 1k\n", k + 1);
        put(name, line);
    }
    answers("t\nv1 a 0 2\n.include deep1.inc\n.op\n.end\n", "v(a)");
    refuses("t\nv1 a 0 2\n.include deep0.inc\n.op\n.end\n", "files included deeper than 20");
    eq_text deck = {0};
    put("nothing.inc", "* nothing\n");
    eq_text_puts(&deck, "t\nv1 a 0 2\nr1 a 0 1k\n.op\n");
    for (int k = 0; k < 10000; k++) eq_text_puts(&deck, ".include nothing.inc\n");
    answers(deck.text, "v(a)");
    eq_text_puts(&deck, ".include nothing.inc\n");
    refuses(deck.text, "more than 10000 included files");
    eq_text_free(&deck);
}
END_TEST

/* libxml2 counts bytes in an int: the length alone decides. */
START_TEST(a_document_that_is_too_large) {
    static const eq_schema none = {"none", NULL, 0};
    eq_diag *d = eq_diag_new();
    eq_xml *xml = NULL;
    ck_assert_int_eq(eq_xml_parse("big.xml", "<a/>", (1u << 30) + 1u, &none, &xml, d),
                     EQ_ERR_INPUT);
    ck_assert_ptr_null(xml);
    ck_assert_str_eq(eq_diag_get(d, 0)->text,
                     "the document is larger than 1 GiB; use a SPICE deck");
    eq_diag_free(d);
}
END_TEST

Suite *files_suite(void) {
    Suite *s = suite_create("files");
    TCase *t = tcase_create("files");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, names_in_quotes);
    tcase_add_test(t, files_of_the_working_directory);
    tcase_add_test(t, a_library_of_ltspice);
    tcase_add_test(t, a_deck_with_files_is_read_again);
    tcase_add_test(t, files_are_counted);
    tcase_add_test(t, a_document_that_is_too_large);
    suite_add_tcase(s, t);
    return s;
}
