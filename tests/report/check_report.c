/* The page of a run: well-formed, whole, and true to what eval says; nothing that a deck, an
 * experiment or data call themselves becomes markup. xmllint reads the pages, Chromium looks at one
 * where it is installed. */
#define _XOPEN_SOURCE 700
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/html.h"
#include "report/png.h"
#include "report/process.h"
#include "support/program.h"

Suite *report_suite(void);

enum { LARGEST = 5000000, LONG_PATH = 4096 };

/* What a program prints, NUL-terminated; eq_free it. Its exit status is *status. */
static char *said(const char *const *argv, int *status) {
    eq_process p = {argv, NULL, NULL, argv[0], 300};
    eq_text text = {0};
    eq_text_puts(&text, "");
    ck_assert_int_eq(eq_process_run(&p, status, &text, NULL), EQ_OK);
    return text.text;
}

static char *xpath(const char *page, const char *what) {
    const char *argv[] = {"xmllint", "--huge", "--nonet", "--xpath", what, page, NULL};
    int status;
    char *text = said(argv, &status);
    ck_assert_msg(status == 0, "%s: %s", what, text);
    size_t n = strlen(text);
    if (n > 0 && text[n - 1] == '\n') text[n - 1] = '\0';
    return text;
}

static double number(const char *page, const char *what) {
    char *text = xpath(page, what);
    double value = strtod(text, NULL);
    eq_free(text);
    return value;
}

/* Whether boolean(what) or not(what), as `of` says, holds in the page. */
static void assert_holds(const char *page, const char *of, const char *what) {
    eq_text query = {0};
    eq_text_printf(&query, "%s(%s)", of, what);
    char *text = xpath(page, query.text);
    ck_assert_msg(strcmp(text, "true") == 0, "%s: %s does not hold", page, query.text);
    eq_text_free(&query);
    eq_free(text);
}

static void assert_true(const char *page, const char *what) {
    assert_holds(page, "boolean", what);
}

static void assert_no(const char *page, const char *what) {
    assert_holds(page, "not", what);
}

/* What holds of every page. */
static void assert_page(const char *page) {
    static const char *const has[] = {"/html/@lang",
                                      "count(//h1)=1",
                                      "count(//main)=1",
                                      "count(/html/body/header)=1",
                                      "count(//nav[@aria-label])=1",
                                      "//footer",
                                      "/html/head/title",
                                      "//a[@href='#main']",
                                      "//meta[@name='viewport']",
                                      "//meta[@http-equiv='Content-Security-Policy']",
                                      "count(//script)=1"};
    static const char *const lacks[] = {
        "//table[not(caption)]",
        "//th[not(@scope)]",
        "//section[not(@aria-labelledby)]",
        "//img[not(@alt)]",
        "//img[not(starts-with(@src,'data:'))]",
        "//link",
        "//iframe",
        "//base",
        "//a[not(starts-with(@href,'#'))]",
        "//@*[starts-with(name(),'on')]",
        "//section[not(h2)]",
        "//div[@role='region'][not(@aria-label)]",
        "//nav//a[not(substring(@href,2)=//section/@id)]",
        "//@*[contains(name(),'href')][not(starts-with(.,'#') or starts-with(.,'data:'))]",
        "//@id[.=preceding::*/@id]"};
    struct stat st;
    for (size_t k = 0; k < sizeof has / sizeof *has; k++) assert_true(page, has[k]);
    for (size_t k = 0; k < sizeof lacks / sizeof *lacks; k++) assert_no(page, lacks[k]);
    ck_assert_int_eq(stat(page, &st), 0);
    ck_assert_int_lt(st.st_size, LARGEST);
    char *text = file_text(page);
    ck_assert_ptr_null(strstr(text, "url("));
    ck_assert_ptr_null(strstr(text, "@import"));
    eq_free(text);
}

/* A number of `eval --json` behind a key. */
static double told(const char *json, const char *key) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\": ", key);
    const char *at = strstr(json, quoted);
    ck_assert_msg(at != NULL, "no %s in %s", key, json);
    return strtod(at + strlen(quoted), NULL);
}

static void train(const char *experiment, const char *rest) {
    expect_exit(0, NULL, "train %s -o %s %s", experiment, in("run"), rest);
    expect_exit(0, NULL, "report %s", in("run"));
}

START_TEST(a_page_says_what_eval_says) {
    char *json, page[LONG_PATH];
    train("netlists/iris.xml", "--epochs 5");
    snprintf(page, sizeof page, "%s", in("run/report.html"));
    assert_page(page);
    expect_exit(0, &json, "eval %s --power --json", in("run"));
    ck_assert_double_eq(number(page, "string(//*[@id='result-error']/@value)"),
                        told(json, "error"));
    ck_assert_double_eq(number(page, "string(//*[@id='result-wrong']/@value)"),
                        told(json, "wrong"));
    ck_assert_double_eq(number(page, "string(//*[@id='result-loss']/@value)"), told(json, "loss"));
    ck_assert_double_eq(number(page, "string(//*[@id='result-examples']/@value)"),
                        told(json, "examples"));
    ck_assert_double_eq(number(page, "string(//*[@id='power-total']/@value)"), told(json, "total"));
    ck_assert_double_eq(number(page, "count(//*[@id='prediction-table']/tbody/tr)"),
                        told(json, "examples"));
    ck_assert_double_eq(number(page, "count(//td[@class='wrong'])"), told(json, "wrong"));
    ck_assert_double_eq(number(page, "sum(//*[@id='confusion']//td[contains(@class,' ')])"),
                        told(json, "examples"));
    ck_assert_double_eq(number(page, "sum(//*[@id='confusion']//td[starts-with(@class,'n w')])"),
                        told(json, "wrong"));
    assert_true(page, "count(//tr[td[@class='wrong']][td[5]/data/@value<0])="
                      "count(//td[@class='wrong'])");
    assert_true(page, "count(//tr[td[@class='right']][td[5]/data/@value>0])="
                      "count(//td[@class='right'])");
    assert_true(page, "//section[@id='worst']//tbody/tr[1]/td[2]!="
                      "//section[@id='worst']//tbody/tr[1]/td[3]");
    eq_free(json);
}
END_TEST

START_TEST(a_page_has_the_settings_the_network_and_the_diagnosis) {
    char page[LONG_PATH];
    train("netlists/iris.xml", "--epochs 2 --set estimator.beta=2e-7");
    snprintf(page, sizeof page, "%s", in("run/report.html"));
    assert_true(page, "//section[@id='settings']//tr[th/code='estimator.beta'][td='2e-07']");
    assert_true(page, "//section[@id='settings']//tr[th/code='optimizer.group[1].match'][td='r*']");
    assert_true(page, "//section[@id='network']//tr[th='0 to 1'][td='90 memristors']");
    assert_true(page, "//section[@id='network']//tr[th='1 to 2'][td='66 memristors']");
    assert_true(page, "count(//section[@id='network']//*[@class='f i'])=8");
    assert_true(page, "count(//section[@id='network']//*[@class='f h'])=10");
    assert_true(page, "count(//section[@id='network']//*[@class='f o'])=6");
    assert_true(page, "count(//section[@id='network']//*[@class='tl'])=156");
    assert_true(page, "count(//*[@class='circuit']/*[starts-with(*[1],'d.')])=2");
    assert_true(page, "count(//section[@id='diagnosis']//tbody/tr)=6");
    assert_true(page, "contains(//section[@id='diagnosis']//caption,'epoch 2')");
    assert_true(page, "contains(//section[@id='deck']//pre,'.end')");
    assert_true(page, "contains(//section[@id='again']//pre,'eqspice eval run')");
    assert_true(page, "//section[@id='curves']//*[name()='svg']");
}
END_TEST

START_TEST(the_same_run_gives_the_same_page) {
    train("netlists/xor.xml", "--epochs 3");
    char *first = file_text(in("run/report.html"));
    expect_exit(0, NULL, "report %s -o %s", in("run"), in("new/again.html"));
    char *second = file_text(in("new/again.html"));
    ck_assert_str_eq(first, second);
    eq_free(first);
    eq_free(second);
}
END_TEST

START_TEST(targets_have_their_errors) {
    char *json, page[LONG_PATH];
    train("netlists/sine.xml", "--epochs 3");
    snprintf(page, sizeof page, "%s", in("run/report.html"));
    assert_page(page);
    expect_exit(0, &json, "eval %s --json", in("run"));
    ck_assert_double_eq(number(page, "string(//*[@id='result-rmse']/@value)"), told(json, "rmse"));
    ck_assert_double_eq(number(page, "string(//*[@id='result-r2']/@value)"), told(json, "r2"));
    eq_free(json);
}
END_TEST

/* 8 x 8 pixels. */
START_TEST(pictures_are_shown_where_the_data_are_pictures) {
    char page[LONG_PATH];
    train("netlists/digits.xml", "--epochs 1 --set data.train-limit=100 --set data.test-limit=60");
    snprintf(page, sizeof page, "%s", in("run/report.html"));
    assert_page(page);
    assert_true(page, "count(//section[@id='worst']//img[@width='8'][@height='8'])=24");
    assert_true(
        page, "starts-with(//section[@id='worst']//img/@src,'data:image/png;base64,iVBORw0KGgo')");
    assert_true(page, "//section[@id='network']//tr[td='6450 memristors']");
}
END_TEST

/* --- several seeds --- */

START_TEST(several_seeds_are_one_table) {
    char page[LONG_PATH];
    expect_exit(0, NULL, "train netlists/xor.xml --seeds 3..5 --epochs 2 -o %s", in("seeds"));
    expect_exit(0, NULL, "report %s", in("seeds"));
    snprintf(page, sizeof page, "%s", in("seeds/report.html"));
    assert_page(page);
    assert_true(page, "count(//section[@id='seeds']//tbody/tr)=6");
    double mean = 0.0;
    for (int seed = 3; seed <= 5; seed++) {
        char what[80];
        snprintf(what, sizeof what, "string(//*[@id='seed-%d-1']/@value)", seed);
        mean += number(page, what) / 3.0;
    }
    double says = number(page, "string(//*[@id='seed-mean-1']/@value)");
    ck_assert_double_eq_tol(says, mean, 1e-12 * fabs(mean));
    ck_assert_double_gt(mean, 0.0);
}
END_TEST

/* --- what may stand in names --- */

#define HOSTILE "t</td><script>alert(1)</script>\"' onload=x&amp;"

/* In the title of the deck, an element, a node, a class, a pattern, a file. */
START_TEST(no_name_becomes_markup) {
    char page[LONG_PATH];
    put("a'<b>.cir",
        HOSTILE " ]]> \303\251 \001\nVx1 <i>&a 0 0\nVx2 <i>&b 0 0\nR<b>&1 <i>&a y1 1k\n"
                "R<b>&2 <i>&b y2 1k\nR3 y1 0 1k\nR4 y2 0 1k\n*% input Vx1 Vx2\n*% output y1 y2\n"
                "*% train R<b>* gmin=1e-6 gmax=1\n.end\n");
    put("d.csv", "u,v,w\n0,1,\"<img src=x onerror=alert(1)>\"\"'&\"\n1,0,\"\xff]]>\"\n"
                 "0,1,\"<img src=x onerror=alert(1)>\"\"'&\"\n1,0,\"\xff]]>\"\n");
    put("x.xml", "<experiment name=\"&lt;h1 onload=x&gt;&amp;amp;'\" "
                 "seed=\"1\"><circuit deck=\"a'&lt;b&gt;.cir\"/>"
                 "<data format=\"csv\" path=\"d.csv\" test-path=\"d.csv\"/><cost "
                 "type=\"squared-error\"/><estimator "
                 "type=\"symmetric\" beta=\"1e-4\"/><optimizer type=\"sgd\" rate=\"1e-6\"/><epochs "
                 "count=\"1\"/></experiment>");
    train(in("x.xml"), "");
    snprintf(page, sizeof page, "%s", in("run/report.html"));
    assert_page(page);
    assert_no(page, "//img");
    assert_no(page, "//b[not(parent::figcaption)] | //i");
    assert_true(page, "starts-with(//h1,'<h1 onload=x>&amp;')");
    assert_true(page, "contains(//p[@class='title'],'<script>alert(1)</script>')");
    assert_true(page, "contains(//*[@id='confusion']//th[2],'<img src=x onerror=alert(1)>')");
    assert_true(page, "//section[@id='network']//*[starts-with(.,'r<b>&1, ')]");
}
END_TEST

/* --- studies --- */

/* In the name of the study, a value, and what a failure says; one point fails, two are the front. */
START_TEST(a_study_has_a_page) {
    char page[LONG_PATH], here[1024], text[2048], *csv, *said, *again;
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    snprintf(
        text, sizeof text,
        "<study name='&lt;i onload=x&gt;&amp;amp;' experiment='%s/netlists/iris.xml'>"
        "<set name='epochs.count' value='2'/><factor name='encoding.scale' values='1 2 1e308'/>"
        "<factor name='optimizer.group.rate' from='1e-8' to='1e-6' scale='log' levels='2'/>"
        "<design type='grid'/><repeats seeds='1..2'/><record figures='train_loss test_error "
        "watts'/><report goal='train_loss' pareto='test_error watts'/></study>",
        here);
    put("s.xml", text);
    expect_exit(0, &said, "explore %s -o %s", in("s.xml"), in("a--study"));
    ck_assert_ptr_nonnull(strstr(said, "a--study/report.html"));
    free(said);
    snprintf(page, sizeof page, "%s", in("a--study/report.html"));
    assert_page(page);
    assert_no(page, "//i");
    assert_true(page, "starts-with(//h1,'<i onload=x>&amp;')");
    assert_true(page,
                "//*[@id='result-trainings']/@value=12 and //*[@id='result-failed']/@value=4");
    assert_true(page, "count(//section[@id='failures']//tbody/tr)=4");
    assert_true(page, "count(//section[@id='effects']//tbody)=2");
    assert_true(page, "count(//section[@id='best']//tbody/tr)=4");
    assert_true(page, "count(//figure/div[@role='img'])=3");
    assert_true(page, "//section[@id='best']//pre[contains(.,'--set encoding.scale=')]");
    csv = file_text(in("a--study/points.csv"));
    double least = INFINITY, loss[2];
    int point, seed, pairs = 0;
    for (char *row = strchr(csv, '\n') + 1; *row != '\0'; row = strchr(row, '\n') + 1)
        if (sscanf(row, "%d,%d,%*[^,],%*[^,],%lf", &point, &seed, &loss[pairs % 2]) == 3 &&
            ++pairs % 2 == 0)
            least = fmin(least, (loss[0] + loss[1]) / 2.0);
    ck_assert_int_eq(pairs, 8);
    ck_assert_double_eq_tol(number(page, "string(//*[@id='result-best']/@value)"), least, 1e-14);
    again = file_text(page);
    expect_exit(0, NULL, "report %s", in("a--study"));
    said = file_text(page);
    ck_assert_str_eq(said, again);
    expect_exit(2, NULL, "report %s --data data/iris.csv", in("a--study"));
    eq_free(csv), eq_free(said), eq_free(again);
}
END_TEST

/* --- refusals --- */

START_TEST(what_is_no_run_is_refused) {
    char *text;
    ck_assert_int_eq(mkdir(in("empty"), 0777), 0);
    expect_exit(2, &text, "report %s", in("empty"));
    eq_free(text);
    train("netlists/xor.xml", "--epochs 1");
    static const char *const own[] = {"model.cir", "metrics.csv", "experiment.xml"};
    for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
        expect_exit(2, &text, "report %s -o %s/%s", in("run"), in("run"), own[k]);
        ck_assert_ptr_nonnull(strstr(text, "is a file of the run"));
        eq_free(text);
    }
    expect_exit(2, NULL, "report netlists/divider.cir");
}
END_TEST

/* --- parts --- */

START_TEST(text_is_escaped_and_marked) {
    eq_text t = {0};
    eq_html(&t, "<a b=\"%s\">%zu %d %.2f %g%%%c</a>", "<&>\"'\xff\001\303\251\r\n", (size_t)7, -3,
            0.125, 1e-9, 'z');
    ck_assert_str_eq(t.text, "<a b=\"&lt;&amp;&gt;&quot;&#39;\xEF\xBF\xBD"
                             "ff\xEF\xBF\xBD"
                             "01\303\251\xEF\xBF\xBD"
                             "0d\n\">7 -3 0.12 1e-09%z</a>");
    eq_text_free(&t);
}
END_TEST

START_TEST(numbers_have_prefixes_that_people_read) {
    static const struct {
        double value;
        const char *unit, *shown;
    } is[] = {{0.0446, "W", "44.6 mW"},
              {999.9, "Hz", "1 kHz"},
              {-2e-7, "S", "-200 nS"},
              {0.0444444, "%", "4.44 %"},
              {0.0, "V", "0 V"},
              {1234.5678, "", "1235"},
              {1e-5, "S", "10 \302\265S"},
              {4e12, "\316\251", "4e+03 G\316\251"},
              {1.51e-6, "m^3/s/Pa^n", "1.51e-06 m^3/s/Pa^n"},
              {2e-3, "A/V^2", "2 mA/V^2"}};
    char out[EQ_SHOWN];
    for (size_t k = 0; k < sizeof is / sizeof *is; k++)
        ck_assert_str_eq(eq_shown(is[k].value, is[k].unit, out), is[k].shown);
    ck_assert_str_eq(eq_shown(NAN, "V", out), "\342\200\223");
}
END_TEST

/* RFC 4648, 10. */
START_TEST(bytes_become_base64) {
    static const char *const is[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                     "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t n = 0; n < sizeof is / sizeof *is; n++) {
        eq_text t = {0};
        eq_html_data(&t, "x/y", "foobar", n);
        ck_assert_str_eq(t.text + strlen("data:x/y;base64,"), is[n]);
        eq_text_free(&t);
    }
}
END_TEST

/* --- a browser --- */

/* alive: what its script has put there. */
static void look(const char *page, const char *size, const char *theme, const char *alive) {
    char out[LONG_PATH];
    int status;
    snprintf(out, sizeof out, "%s", in("seen.png"));
    const char *argv[] = {"tools/look-at-page", page, out, size, theme, NULL};
    char *text = said(argv, &status);
    if (status == 77) {
        printf("skipped: a page in a browser (no chromium)\n");
        eq_free(text);
        return;
    }
    ck_assert_msg(status == 0, "%s", text);
    eq_free(text);
    struct stat st;
    ck_assert_int_eq(stat(out, &st), 0);
    ck_assert_int_gt(st.st_size, 20000);
    char *dom = file_text(in("seen.png.html"));
    ck_assert_ptr_nonnull(
        strstr(dom, strcmp(theme, "dark") == 0 ? "Switch to light" : "Switch to dark"));
    ck_assert_ptr_nonnull(strstr(dom, "<th scope=\"col\" class=\"n\"><button type=\"button\">"));
    ck_assert_ptr_nonnull(strstr(dom, alive));
    eq_free(dom);
}

START_TEST(a_browser_shows_it_without_complaint) {
    static const struct {
        const char *size, *theme;
    } how[] = {{"1280x2400", "light"}, {"400x2400", "dark"}, {"400x3600", "dark"}};
    char page[LONG_PATH];
    if (_i == 0) train("netlists/iris.xml", "--epochs 2");
    if (_i == 1) train("netlists/digits.xml", "--epochs 1 --set data.train-limit=50");
    if (_i == 2) expect_exit(0, NULL, "explore netlists/study-iris.xml -o %s", in("run"));
    snprintf(page, sizeof page, "%s", in("run/report.html"));
    look(page, how[_i].size, how[_i].theme,
         _i == 2 ? "<button type=\"button\" class=\"copy\">" : "type=\"search\"");
}
END_TEST

Suite *report_suite(void) {
    Suite *s = suite_create("report");
    TCase *t = tcase_create("pages");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, a_page_says_what_eval_says);
    tcase_add_test(t, a_page_has_the_settings_the_network_and_the_diagnosis);
    tcase_add_test(t, the_same_run_gives_the_same_page);
    tcase_add_test(t, targets_have_their_errors);
    tcase_add_test(t, pictures_are_shown_where_the_data_are_pictures);
    tcase_add_test(t, several_seeds_are_one_table);
    tcase_add_test(t, no_name_becomes_markup);
    tcase_add_test(t, a_study_has_a_page);
    tcase_add_test(t, what_is_no_run_is_refused);
    tcase_add_loop_test(t, a_browser_shows_it_without_complaint, 0, 3);
    suite_add_tcase(s, t);
    t = tcase_create("parts");
    tcase_add_test(t, text_is_escaped_and_marked);
    tcase_add_test(t, numbers_have_prefixes_that_people_read);
    tcase_add_test(t, bytes_become_base64);
    suite_add_tcase(s, t);
    return s;
}
