#define _XOPEN_SOURCE 700 /* PATH_MAX */
/* What an experiment names and is not there is told at the attribute that names it. */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/program.h"
#include "base/mem.h"
#include "base/text.h"

Suite *named_suite(void);

#define IRIS "<data format='csv' path='@/data/iris.csv' label='species' test-fraction='0.3'/>\n"
#define NUMBERS                                                                                    \
    "<data format='csv' path='@/data/elastic.csv' targets='out1 out2' test-fraction='0.25'/>\n"
#define DECK "<circuit deck='@/netlists/iris.cir'/>\n"
#define ALSO "<encoding invert='yes'/>\n"
#define RATE "<optimizer type='sgd' rate='1e-7'/>\n"
#define ELASTIC(of)                                                                                \
    "<network kind='elastic' inputs='n2_0.x' outputs='n4_3.x n4_4.x'\n  " of "/>\n" NUMBERS RATE
#define UNITS(of)                                                                                  \
    "<network kind='hopfield' edges='@/netlists/hopfield-graph.csv' " of "/>\n" IRIS RATE
#define GRAPH(of)                                                                                  \
    "<architecture kind='graph' edges='@/netlists/graph.csv' rails='one=1 up=0.3 down=-0.3' " of   \
    "/>\n" IRIS RATE
#define GRID(of)                                                                                   \
    "<architecture kind='grid' rows='4' columns='4' element='nmos' inputs='n1_1'\n"                \
    "  outputs='n2_2' " of "/>\n" IRIS RATE
#define NPY(of) DECK "<data format='npy' path='@/data/iris.csv'\n  " of "/>\n" RATE

/* Attributes of files: ! stands before the one whose name, %, is wrong. */
static const char *const files[] = {
    "<circuit !deck='%'/>\n" IRIS RATE,
    "<architecture kind='graph' !edges='%' inputs='a' outputs='b'/>\n" IRIS RATE,
    "<architecture kind='nmos' layers='8,3' outputs='single' !edges='%'/>\n" IRIS RATE,
    GRID("\n  !models='%' model='m'"),
    "<network kind='hopfield' inputs='a' !edges='%' outputs='b'/>\n" IRIS RATE,
    ELASTIC("!nodes='%' springs='@/netlists/elastic-springs.csv'"),
    ELASTIC("nodes='@/netlists/elastic-nodes.csv' !springs='%'"),
    DECK "<data format='csv' !path='%' label='species'/>\n" RATE,
    DECK "<data format='csv' path='@/data/iris.csv' label='species' !test-path='%'/>\n" RATE,
    NPY("!labels='%'"),
    NPY("!targets='%'"),
    NPY("labels='@/data/iris.csv' test-path='@/data/iris.csv' !test-labels='%'"),
    NPY("targets='@/data/iris.csv' test-path='@/data/iris.csv' !test-targets='%'"),
};

/* Attributes of groups, elements, nodes and models. */
static const char *const names[] = {
    DECK IRIS "<optimizer type='sgd' rate='1'>\n<group rate='1' !match='%'/></optimizer>\n",
    DECK IRIS ALSO RATE "<device preset='ecram' !groups='%'/>\n",
    DECK IRIS ALSO RATE "<device preset='ecram'><group !match='%'/></device>\n",
    DECK IRIS RATE "<mismatch sigma='0.1' !parameters='%'/>\n",
    DECK IRIS RATE "<mismatch sigma='0.1'>\n<deviation sigma='0' !parameters='%'/></mismatch>\n",
    "<circuit deck='@/netlists/iris.cir'><set !name='%' value='1'/></circuit>\n" IRIS RATE,
    "<network kind='hopfield' layers='8,5,3' !density='%=0.5'/>\n" IRIS RATE,
    "<network kind='discrete' layers='8,5,3' !density='%=0.5'/>\n" IRIS RATE,
    UNITS("!inputs='%' outputs='y1 y2 y3'"),
    UNITS("inputs='x1 x2 x3 x4 x5 x6 x7 x8' !outputs='%'"),
    GRAPH("!inputs='x1 %' outputs='y1p y2p y3p'"),
    GRAPH("inputs='x1 x1n'\n !outputs='y1p %'"),
    GRID("!bulk='%'"),
    GRID("!model='%'"),
    GRID("\n\n !parameters='%=1'"),
    "<network kind='elastic' nodes='@/netlists/elastic-nodes.csv' outputs='n4_3.x n4_4.x'\n"
    "  springs='@/netlists/elastic-springs.csv' !inputs='%.x'/>\n" NUMBERS RATE,
    "<network kind='elastic' nodes='@/netlists/elastic-nodes.csv' inputs='n2_0.x'\n"
    "  springs='@/netlists/elastic-springs.csv' !outputs='%.x'/>\n" NUMBERS RATE,
};

enum { FILES = sizeof files / sizeof *files, NAMES = sizeof names / sizeof *names };

/* The experiment with @ for this folder and % for the name; where ! stood, from 1. */
static void fill(const char *pattern, const char *name, eq_text *out, int *line, int *column) {
    char here[PATH_MAX];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    const char *start = "<experiment name='named' seed='1'>\n";
    eq_text_puts(out, start);
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == '@')
            eq_text_puts(out, here);
        else if (*p == '%')
            eq_text_puts(out, name);
        else if (*p != '!')
            eq_text_add(out, p, 1);
        else {
            *line = *column = 1;
            for (size_t k = 0; k < out->length; k++) {
                *column = out->text[k] == '\n' ? 1 : *column + 1;
                *line += out->text[k] == '\n';
            }
        }
    }
    eq_text_puts(out, "<epochs count='1'/>\n</experiment>\n");
    ck_assert(!out->failed);
}

static void expect_place(const char *pattern, const char *name) {
    eq_text document = {0}, place = {0};
    int line = 0, column = 0;
    char *said;
    fill(pattern, name, &document, &line, &column);
    const char *file = put("x.xml", document.text);
    expect_exit(2, &said, "train %s -o %s", file, in("run"));
    eq_text_printf(&place, "%s:%d:%d: error: ", file, line, column);
    const char *at = strstr(said, place.text);
    ck_assert_msg(at != NULL && strstr(at, name) != NULL && strchr(at, ';') != NULL,
                  "%s is not at %s\n%s", said, place.text, document.text);
    free(said);
    eq_text_free(&place);
    eq_text_free(&document);
}

START_TEST(a_file_that_is_not_there_is_told_at_its_attribute) {
    expect_place(files[_i], "missing.csv");
}
END_TEST

START_TEST(a_folder_in_the_place_of_a_file_is_told_at_its_attribute) {
    expect_place(files[_i], scratch_current());
}
END_TEST

START_TEST(a_name_of_nothing_is_told_at_its_attribute) {
    expect_place(names[_i], "nobody");
}
END_TEST

/* The table has all attributes of files that the schema has. */
START_TEST(every_attribute_of_a_file_is_tried) {
    char *schema = file_text("schemas/experiment.xsd");
    int count = 0;
    for (const char *p = schema; (p = strstr(p, "\" type=\"path\"")) != NULL; p++) {
        const char *q = p;
        while (q[-1] != '"') q--;
        char attribute[64];
        snprintf(attribute, sizeof attribute, "!%.*s=", (int)(p - q), q);
        bool tried = false;
        for (int k = 0; k < FILES; k++) tried = tried || strstr(files[k], attribute) != NULL;
        ck_assert_msg(tried, "%s", attribute);
        count++;
    }
    ck_assert_int_ge(count, 10);
    eq_free(schema);
}
END_TEST

/* What a folder lacks is told with <data>. */
START_TEST(folders_without_their_files_have_the_place_of_the_data) {
    static const char *const patterns[] = {
        DECK "<data !format='idx' path='%'/>\n" RATE,
        DECK "<data !format='cifar' path='%'/>\n" RATE,
        DECK "<data !format='npy' path='@/data/iris.csv'/>\n" RATE,
    };
    eq_text document = {0}, place = {0};
    int line = 0, column = 0;
    char *said;
    fill(patterns[_i], scratch_current(), &document, &line, &column);
    const char *file = put("x.xml", document.text);
    expect_exit(2, &said, "train %s -o %s", file, in("run"));
    eq_text_printf(&place, "%s:%d:%d: error: ", file, line, column);
    ck_assert_msg(strstr(said, place.text) != NULL, "%s", said);
    free(said);
    eq_text_free(&place);
    eq_text_free(&document);
}
END_TEST

/* A setting that makes an element before others does not move their places; what it names itself is nowhere. */
START_TEST(settings_do_not_move_the_places) {
    char *said;
    const char *file = put("x.xml", "<experiment name='named'>\n"
                                    "<circuit deck='netlists/iris.cir'/>\n" IRIS
                                    "<optimizer type='sgd' rate='1'/>\n</experiment>\n");
    expect_exit(2, &said, "train %s -o %s --set rw1_x1p_1(r)=3k", file, in("run"));
    ck_assert_msg(strstr(said, "x.xml:2:10: error: cannot read '") != NULL, "%s", said);
    free(said);
    char here[PATH_MAX];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    expect_exit(2, &said, "train %s -o %s --set circuit.deck=%s/netlists/iris.cir --set nobody=3",
                file, in("run"), here);
    ck_assert_msg(strstr(said, "eqspice: error: 'nobody' can be set neither") != NULL, "%s", said);
    free(said);
    expect_exit(2, &said,
                "train %s -o %s --set circuit.deck=%s/netlists/iris.cir --set rw1_x1p_1(r)=3k",
                file, in("run"), here);
    ck_assert_msg(strstr(said, "x.xml:3:20: error: cannot read '") != NULL, "%s", said);
    free(said);
}
END_TEST

Suite *named_suite(void) {
    Suite *s = suite_create("named");
    TCase *t = tcase_create("named");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, a_file_that_is_not_there_is_told_at_its_attribute, 0, FILES);
    tcase_add_loop_test(t, a_folder_in_the_place_of_a_file_is_told_at_its_attribute, 0, FILES);
    tcase_add_loop_test(t, a_name_of_nothing_is_told_at_its_attribute, 0, NAMES);
    tcase_add_test(t, every_attribute_of_a_file_is_tried);
    tcase_add_loop_test(t, folders_without_their_files_have_the_place_of_the_data, 0, 3);
    tcase_add_test(t, settings_do_not_move_the_places);
    suite_add_tcase(s, t);
    return s;
}
