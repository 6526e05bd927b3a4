/* Where letters, keys and numbers stand in pictures: that none covers another, and that what is told apart by name, colour or
 * dashes stays apart. */
#define _XOPEN_SOURCE 700
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/text.h"
#include "report/heat.h"
#include "report/kind.h"
#include "report/label.h"
#include "support/program.h"

Suite *layout_suite(void);

/* The program that draws gives back its script, with its numbers behind it, and keeps the script. */
static void draw_script(void) {
    char path[4096];
    put("gnuplot", "#!/bin/sh\ncat >picture\ncp picture \"${0%/*}/script\"\ncat data >>picture\n");
    ck_assert_int_eq(chmod(in("gnuplot"), 0755), 0);
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", scratch_current());
    setenv("PATH", path, 1);
}

static char *drawn(const char *file, const char *options) {
    outcome o = run_program("plot %s %s -o -", in(file), options);
    ck_assert_msg(o.exit_status == 0, "%s", o.text);
    return o.text;
}

/* NAME = VALUE of a script. */
static double number_of(const char *script, const char *name) {
    char line[80];
    snprintf(line, sizeof line, "\n%s = ", name);
    const char *at = strstr(script, line);
    ck_assert_msg(at != NULL, "no %s in %.2000s", name, script);
    return strtod(at + strlen(line), NULL);
}

static double element_of(const char *script, const char *array, int k) {
    char name[64];
    snprintf(name, sizeof name, "%s[%d]", array, k);
    return number_of(script, name);
}

/* Where a word stands next in an SVG, in its points; behind it, NULL: nowhere. */
static const char *next_place(const char *svg, const char *word, double *x, double *y) {
    static const char begin[] = "translate(", title[] = "<title>";
    char text[96];
    snprintf(text, sizeof text, ">%s<", word);
    const char *found = svg;
    while ((found = strstr(found, text)) != NULL) {
        const char *place = NULL;
        for (const char *p = svg; (p = strstr(p, begin)) != NULL && p < found; p++) place = p;
        bool tip = strncmp(found + 1 - strlen(title), title, strlen(title)) == 0;
        if (!tip && place != NULL && sscanf(place + strlen(begin), "%lf,%lf", x, y) == 2)
            return found + strlen(text);
        found++;
    }
    return NULL;
}

static bool place_of(const char *svg, const char *word, double *x, double *y) {
    return next_place(svg, word, x, y) != NULL;
}

static double lowest(const char *svg, const char *word) {
    double x, y, most = 0.0;
    while ((svg = next_place(svg, word, &x, &y)) != NULL) most = fmax(most, y);
    return most;
}

enum { RUNS = 12 };

/* Runs that go through every part of the picture; the last one learns all. */
static void make_runs(char *all, size_t room) {
    size_t used = 0;
    for (int k = 1; k <= RUNS; k++) {
        char name[32];
        eq_text t = {0};
        eq_text_puts(&t, "epoch,test_error,train_loss\n");
        for (int j = 1; j <= 6; j++)
            eq_text_printf(&t, "%d,%g,%g\n", j, k == RUNS && j > 3 ? 0.0 : 0.02 * k / j,
                           0.1 / (k + j));
        snprintf(name, sizeof name, "run%d.csv", k);
        put(name, t.text);
        used += (size_t)snprintf(all + used, room - used, " %s", in(name));
        eq_text_free(&t);
    }
}

/* No two of many runs have the same colour and dashes, and their key, one for both panels, is below: it covers no curve. */
START_TEST(many_runs_are_told_apart_beside_their_key) {
    char files[RUNS * 512], options[RUNS * 512 + 256], *text;
    static const char *const log[] = {"", " --log y"};
    make_runs(files, sizeof files);
    snprintf(options, sizeof options, "%s --kind curves --columns test_error,train_loss%s",
             files + 1 + strlen(in("run1.csv")), log[_i]);
    char *svg = drawn("run1.csv", options);
    double x, y, axis = lowest(svg, "epoch");
    for (int k = 1; k <= RUNS; k++) {
        char name[32];
        snprintf(name, sizeof name, "run%d.csv", k);
        const char *behind = next_place(svg, name, &x, &y);
        ck_assert_msg(behind != NULL, "no %s", name);
        ck_assert_double_gt(y, axis);
        ck_assert_ptr_null(next_place(behind, name, &x, &y));
    }
    free(svg);
    draw_script();
    expect_exit(0, &text, "plot %s %s -o -", in("run1.csv"), options);
    for (int a = 1; a <= RUNS; a++)
        for (int b = 1; b < a; b++)
            ck_assert(element_of(text, "hue", a) != element_of(text, "hue", b) ||
                      element_of(text, "dash", a) != element_of(text, "dash", b));
    if (_i == 1) ck_assert_ptr_nonnull(strstr(text, "note: 3 of 144 points are at 0 or below"));
    free(text);
}
END_TEST

/* A line that crosses a corner between two of its points keeps the key out of it. */
START_TEST(a_key_lies_on_no_line) {
    put("cross.csv", "x,v(a),v(b)\n0,0,1\n1,1,0\n");
    char *svg = drawn("cross.csv", "");
    double x, y;
    ck_assert(place_of(svg, "v(a)", &x, &y));
    ck_assert_double_gt(y, lowest(svg, "x"));
    free(svg);
}
END_TEST

/* One epoch is at 1, with a dot that is seen; epochs are whole. */
START_TEST(one_epoch_has_an_axis_of_whole_epochs) {
    put("metrics.csv", "epoch,train_loss,test_loss\n1,0.5,0.4\n");
    draw_script();
    char *text = drawn("metrics.csv", "");
    ck_assert_double_eq(element_of(text, "x_step", 1), 1.0);
    ck_assert_double_eq(element_of(text, "style", 1), 2.0);
    free(text);
}
END_TEST

/* What is below 0 has a logarithm by its size, and is called so. */
START_TEST(negative_currents_have_a_logarithm_by_their_size) {
    put("i.csv", "v1,i(v1)\n0,-1e-9\n1,-1e-6\n2,-1e-3\n");
    char *text = drawn("i.csv", "--log y");
    ck_assert_ptr_nonnull(strstr(text, ">|i(v1)| [A]<"));
    ck_assert_ptr_null(strstr(text, "note:"));
    free(text);
    draw_script();
    text = drawn("i.csv", "--log y");
    ck_assert_ptr_nonnull(strstr(text, "\n0 1e-09 "));
    ck_assert_ptr_nonnull(strstr(text, "\n2 0.001 "));
    free(text);
}
END_TEST

/* A label of the most characters, each 0.6 of 8 pt, lies inside the picture with its unit. */
START_TEST(a_long_label_has_its_unit_inside) {
    double x, y, half = 0.5 * EQ_CANVAS_SIDE * 0.6 * 8.0 * 96.0 / 72.0;
    put("l.csv", "x,v(a_very_long_name_of_a_node_somewhere_inside)\n0,1\n1,2\n");
    char *svg = drawn("l.csv", "");
    ck_assert(place_of(svg,
                       "v(a_very_long_na\xE2\x80\xA6"
                       "ere_inside) [V]",
                       &x, &y));
    ck_assert_double_gt(y - half, 0.0);
    ck_assert_double_lt(y + half, 2.3 * 96.0);
    free(svg);
}
END_TEST

/* Nodes of a circuit move in seconds, with their prefix; units of a network in a time without one. */
START_TEST(time_has_its_unit) {
    static const char *const state[] = {"dL/dv(y)@1", "dL/ds1_3@1"};
    static const char *const label[] = {">time [\xC2\xB5s]<", ">time<"};
    eq_text t = {0};
    eq_text_printf(&t,
                   "t,theta_eqprop,theta_rbp,c,d,e,f,g,h,dL/dg(r1) eqprop,dL/dg(r1) rbp,"
                   "%s eqprop,%s rbp\n",
                   state[_i], state[_i]);
    for (int k = 0; k < 8; k++)
        eq_text_printf(&t, "%g,1,1,1,1,1,1,1,1,%d,%d,%d,%d\n", 1e-5 * k, k, k, -k, -k);
    put("t.csv", t.text);
    eq_text_free(&t);
    char *svg = drawn("t.csv", "");
    ck_assert_msg(strstr(svg, label[_i]) != NULL, "no %s", label[_i]);
    free(svg);
}
END_TEST

/* Of a series circuit: the scale of the colours has room for its numbers, nodes their names. */
START_TEST(a_series_circuit_has_names_and_a_scale) {
    double x, y, before = 0.0;
    put("s.cir", "series\nV1 a 0 1\nR1 a b 1k\nR2 b c 1k\nR3 c d 1k\nR4 d 0 1k\n.end\n");
    char *svg = drawn("s.cir", "--kind flows");
    static const char *const node[] = {"a", "b", "c", "d", "r4"};
    for (int k = 0; k < 5; k++) ck_assert_msg(place_of(svg, node[k], &x, &y), "no %s", node[k]);
    static const char *const scale[] = {"0", "100", "200"};
    for (int k = 0; k < 3; k++) {
        ck_assert_msg(place_of(svg, scale[k], &x, &y), "no %s", scale[k]);
        if (k > 0) ck_assert_double_gt(before - y, 1.2 * 8.0 * 96.0 / 72.0);
        before = y;
    }
    free(svg);
}
END_TEST

/* Classes that differ in the middle of their names alone. */
static void train_classes(int classes, const char *folder) {
    eq_text t = {0};
    eq_text_puts(&t, "a,b,kind\n");
    for (int k = 0; k < 12 * classes; k++)
        eq_text_printf(&t, "%g,%g,bearing of type %02d (outer)\n", sin(k), cos(3 * k), k % classes);
    put("classes.csv", t.text);
    eq_text_clear(&t);
    eq_text_printf(&t,
                   "<experiment><architecture kind='kendall' layers='2,3,%d' outputs='single'/>"
                   "<data format='csv' path='classes.csv' test-path='classes.csv'/>"
                   "<cost type='squared-error'/><optimizer type='sgd' rate='1e-9'/>"
                   "<epochs count='1'/></experiment>",
                   classes);
    put("classes.xml", t.text);
    eq_text_free(&t);
    expect_exit(0, NULL, "train %s -o %s", in("classes.xml"), folder);
}

/* The distance of the letters of two classes, in letters' heights, upright or along. */
static double apart(const char *svg, const char *a, const char *b, double points) {
    double x[2], y[2];
    ck_assert_msg(place_of(svg, a, &x[0], &y[0]), "no %s", a);
    ck_assert_msg(place_of(svg, b, &x[1], &y[1]), "no %s", b);
    return hypot(x[1] - x[0], y[1] - y[0]) / points;
}

START_TEST(names_of_many_classes_stay_apart) {
    static const char *const kind[] = {"--kind confusion", "--kind activations"};
    train_classes(24, in("many"));
    char *svg = drawn("many", kind[_i]), *script;
    for (int k = 0; k < 24; k++) {
        char name[32];
        snprintf(name, sizeof name, ">bea\xE2\x80\xA6%02d (outer)<", k);
        ck_assert_msg(strstr(svg, name) != NULL, "no %s", name);
    }
    draw_script();
    script = drawn("many", kind[_i]);
    const char *font = strstr(script, "\nname_font = \"sans\\055serif\\054");
    ck_assert_msg(font != NULL, "%.3000s", script);
    double points = 5.0 * 96.0 / 72.0; /* the least */
    ck_assert_double_gt(
        apart(svg, "bea\xE2\x80\xA6\x30\x30 (outer)", "bea\xE2\x80\xA6\x30\x31 (outer)", points),
        1.1);
    free(svg);
    free(script);
}
END_TEST

/* Digits, each 0.64 of their size wide, lie inside their cells; where these are too small there are none. */
START_TEST(numbers_lie_inside_their_cells) {
    static const int classes[] = {10, 24, 24, 60};
    static const char *const options[] = {"--kind confusion", "--kind confusion",
                                          "--kind confusion --percent", "--kind confusion"};
    train_classes(classes[_i], in("run"));
    draw_script();
    char *script = drawn("run", options[_i]);
    double width = 3.4 * (element_of(script, "at_right", 1) - element_of(script, "at_left", 1));
    double height = number_of(script, "at_top[1]") - number_of(script, "at_bottom[1]");
    ck_assert_double_gt(height, 0.3);
    double digits = 0.0, x, y, value;
    for (const char *row = strstr(script, "\n0 0 "); row != NULL && row[1] != '\n';
         row = strchr(row + 1, '\n')) {
        char shown[32];
        if (sscanf(row, "%lf %lf %lf", &x, &y, &value) != 3) break;
        int n = snprintf(shown, sizeof shown, "%.10g", floor(10.0 * value + 0.5) / 10.0);
        digits = fmax(digits, n);
    }
    char font[64] = "";
    const char *at = strstr(script, "\nnumber_font = \"sans\\055serif\\054");
    ck_assert_ptr_nonnull(at);
    int n = 0; /* digits are spelled by their octal codes */
    for (at += strlen("\nnumber_font = \"sans\\055serif\\054"); *at == '\\'; at += 4)
        font[n++] = (char)strtol(at + 1, NULL, 8);
    double size = strtod(font, NULL) / 96.0; /* in */
    if (number_of(script, "numbered") != 0.0) {
        ck_assert_double_ge(size * 72.0, 4.4);
        ck_assert_double_lt(digits * 0.64 * size, width / classes[_i]);
    } else {
        ck_assert_int_ge(_i, 2);
        ck_assert_ptr_nonnull(strstr(script, "heading[1] = \""));
    }
    free(script);
}
END_TEST

static double linear(double c) {
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

/* Of the palette white, #9ac8e0, #0072b2: relative luminance by WCAG 2. */
static double luminance(double part) {
    static const double stop[3][3] = {{255, 255, 255}, {154, 200, 224}, {0, 114, 178}};
    static const double weight[3] = {0.2126, 0.7152, 0.0722};
    int k = part < 0.5 ? 0 : 1;
    double sum = 0.0, t = 2.0 * part - k;
    for (int i = 0; i < 3; i++)
        sum += weight[i] * linear((stop[k][i] + t * (stop[k + 1][i] - stop[k][i])) / 255.0);
    return sum;
}

/* Numbers are black or white, whichever has the greater contrast to its cell. */
START_TEST(numbers_are_seen_on_their_ground) {
    enum { N = 10 };
    double value[N * N];
    eq_picture p = eq_picture_defaults();
    eq_canvas to = {.p = &p};
    for (int k = 0; k < N * N; k++) value[k] = k + 1.0;
    eq_heat h = {.panels = 1, .colours = EQ_HEAT_COUNTS};
    h.panel[0] = (eq_heat_panel){.rows = N, .columns = N, .value = value};
    eq_heat_lay_out(&h, &to);
    const char *row = to.data.text;
    for (int k = 0; k < N * N; k++, row = strchr(row, '\n') + 1) {
        double x, y, v, letters;
        ck_assert_int_eq(sscanf(row, "%lf %lf %lf %lf", &x, &y, &v, &letters), 4);
        double ground = luminance(v / (N * N));
        double white = 1.05 / (ground + 0.05), black = (ground + 0.05) / 0.05;
        ck_assert_msg(letters > 0.0 ? white > 0.85 * black : black > 0.85 * white,
                      "%g of %d: white %g, black %g", v, N * N, white, black);
    }
    eq_canvas_free(&to);
}
END_TEST

/* Rows and columns of a crossbar count from 1, as those of the deck. */
START_TEST(crossbars_count_from_one) {
    expect_exit(0, NULL, "train netlists/iris.xml --epochs 0 -o %s", in("iris"));
    draw_script();
    char *script = drawn("iris", "--kind crossbar");
    ck_assert_double_eq(element_of(script, "begin", 1), 1.0);
    ck_assert_ptr_nonnull(strstr(script, "\n1 1 "));
    ck_assert_ptr_null(strstr(script, "\n0 0 "));
    free(script);
}
END_TEST

/* Of names that differ there the middle stays; what is left out never makes two of them the same. */
START_TEST(names_that_differ_stay_different) {
    static const struct {
        const char *name[3], *cut[3];
    } row[] = {
        {{"short", "fourteen chars", ""}, {"short", "fourteen chars", ""}},
        {{"the beginning of one", "the beginning of two", "x"},
         {"the beg\xE2\x80\xA6of one", "the beg\xE2\x80\xA6of two", "x"}},
        {{"bearing type 06 (outer)", "bearing type 20 (outer)", "none"},
         {"bea\xE2\x80\xA6\x30\x36 (outer)", "bea\xE2\x80\xA6\x32\x30 (outer)", "none"}},
        {{"a common part, one here, a common end", "a common part, two here, a common end",
          "a common part, two more, a common end"},
         {"1: a co\xE2\x80\xA6nd", "2: a co\xE2\x80\xA6nd", "3: a co\xE2\x80\xA6nd"}},
        {{"the same name twice", "the same name twice", "y"},
         {"the sam\xE2\x80\xA6 twice", "the sam\xE2\x80\xA6 twice", "y"}},
    };
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
        eq_text out[3] = {{0}};
        eq_labels_cut(row[k].name, 3, EQ_CANVAS_TIC, out);
        for (int j = 0; j < 3; j++) {
            if (k != 3) ck_assert_str_eq(out[j].text, row[k].cut[j]);
            for (int i = 0; i < j; i++)
                ck_assert_int_eq(strcmp(row[k].name[i], row[k].name[j]) == 0,
                                 strcmp(out[i].text, out[j].text) == 0);
        }
        for (int j = 0; j < 3; j++) eq_text_free(&out[j]);
    }
}
END_TEST

/* Pango counts 96 of its points in an inch: 8 pt are 8/72 in in all formats. */
START_TEST(letters_have_eight_points_in_every_format) {
    static const char *const format[] = {"pdf", "png"};
    static const char *const scale[] = {"fontscale 0.75 ", "fontscale 3.1250 "}; /* 300 / 96 */
    put("i.csv", "v1,i(v1)\n0,1\n1,2\n");
    draw_script();
    for (int k = 0; k < 2; k++) {
        expect_exit(0, NULL, "plot %s --format %s -o -", in("i.csv"), format[k]);
        char *script = file_text(in("script"));
        ck_assert_ptr_nonnull(strstr(script, "font 'sans-serif,8' "));
        ck_assert_msg(strstr(script, scale[k]) != NULL, "no %s", scale[k]);
        eq_free(script);
    }
}
END_TEST

Suite *layout_suite(void) {
    Suite *s = suite_create("layout");
    TCase *t = tcase_create("places");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, many_runs_are_told_apart_beside_their_key, 0, 2);
    tcase_add_test(t, a_key_lies_on_no_line);
    tcase_add_test(t, one_epoch_has_an_axis_of_whole_epochs);
    tcase_add_test(t, negative_currents_have_a_logarithm_by_their_size);
    tcase_add_test(t, a_long_label_has_its_unit_inside);
    tcase_add_loop_test(t, time_has_its_unit, 0, 2);
    tcase_add_test(t, a_series_circuit_has_names_and_a_scale);
    tcase_add_loop_test(t, names_of_many_classes_stay_apart, 0, 2);
    tcase_add_loop_test(t, numbers_lie_inside_their_cells, 0, 4);
    tcase_add_test(t, crossbars_count_from_one);
    tcase_add_test(t, names_that_differ_stay_different);
    tcase_add_test(t, numbers_are_seen_on_their_ground);
    tcase_add_test(t, letters_have_eight_points_in_every_format);
    suite_add_tcase(s, t);
    return s;
}
