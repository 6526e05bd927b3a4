/* Pictures: that each kind is a whole file with what it is of, that names change nothing but
 * themselves, and what is said when there is nothing to draw. */
#define _XOPEN_SOURCE 700
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/xml/libxml.h"
#include "report/axis.h"
#include "report/kind.h"
#include "report/picture.h"
#include "support/program.h"

Suite *plot_suite(void);

/* A run of three seeds, a sweep in all forms, a study. */
static void make_files(void) {
    scratch_make();
    put("pipes.cir", "pipes\ni1 0 a 1m\np1 a b 1u\np2 b 0 2u\n.end\n");
    put("sweep.cir",
        "t\nv1 a 0 1\nr1 a b 1k\nd1 b 0 dm\nd2 0 b other\n.model dm d(is=1f)\n"
        ".model other d(is=1n)\n.dc v1 0 1 0.1 r1 1k 3k 1k\n.print dc v(b) i(v1)\n.end\n");
    static const char *const form[] = {"csv", "raw", "npz"};
    for (int k = 0; k < 3; k++) {
        char name[32];
        snprintf(name, sizeof name, "sweep.%s", form[k]);
        expect_exit(0, NULL, "run %s --format %s -o %s", in("sweep.cir"), form[k], in(name));
    }
    expect_exit(0, NULL, "train netlists/iris.xml --epochs 3 --seeds 1..2 -o %s", in("iris"));
    expect_exit(0, NULL, "train netlists/sine.xml --epochs 2 -o %s", in("sine"));
    expect_exit(0, NULL, "build crossbar --rows 6 --columns 5 --diode shockley -o %s",
                in("cross.cir"));
    put("cross.csv", "v(b_2_1),v(x1),v(a_1_1),v(a_1_2),v(a_2_1),v(a_2_2),v(b_1_1),v(b_1_2),"
                     "v(b_2_2),i(vx1)\n0.01,1,0.9,0.5,0.8,0.4,0.3,0.2,0.1,-1\n");
    expect_exit(0, NULL, "explore netlists/study-iris.xml -o %s", in("study"));
}

static void gather_text(const xmlNode *n, eq_text *out) {
    for (; n != NULL; n = n->next) {
        if (n->type == XML_TEXT_NODE) eq_text_puts(out, (const char *)n->content);
        if (n->type == XML_ELEMENT_NODE) gather_text(n->children, out);
    }
}

/* The text of a picture, parsed as XML. */
static char *letters(const char *path) {
    char *whole = file_text(path);
    eq_text text = {0};
    ck_assert_int_eq(eq_libxml_load(NULL), EQ_OK);
    xmlParserCtxt *x = eq_libxml.xmlNewParserCtxt();
    xmlDoc *d = eq_libxml.xmlCtxtReadMemory(x, whole, (int)strlen(whole), "p.svg", NULL,
                                            XML_PARSE_NONET | XML_PARSE_HUGE);
    ck_assert_msg(d != NULL, "%s is no XML:\n%.3000s", path, whole);
    const xmlNode *root = eq_libxml.xmlDocGetRootElement(d);
    ck_assert_str_eq((const char *)root->name, "svg");
    gather_text(root->children, &text);
    eq_libxml.xmlFreeDoc(d);
    eq_libxml.xmlFreeParserCtxt(x);
    eq_free(whole);
    return text.text;
}

/* What stands in the picture of each kind. */
static const struct {
    const char *options, *file, *letters[4];
} kinds[] = {
    {"", "iris/seed-1", {"train", "test", "loss", "error [%]"}},
    {"", "iris", {"train (2 runs)", "test (2 runs)", "loss", "epoch"}},
    {"--columns test_error --band runs --reference paper=4%",
     "iris",
     {"seed-1", "seed-2", "paper", "test error [%]"}},
    {"--columns train_loss --x seconds", "iris/seed-1", {"time [s]", "train", "loss", "loss"}},
    {"", "sweep.csv", {"v(b) [V]", "i(v1) [\xC2\xB5\x41]", "v1 [V]", "r1 = 2000 \xCE\xA9"}},
    {"--columns v(b)",
     "sweep.raw",
     {"v(b) [V]", "v1 [V]", "r1 = 1000 \xCE\xA9", "r1 = 3000 \xCE\xA9"}},
    {"--columns v(b)",
     "sweep.npz",
     {"v(b) [V]", "v1 [V]", "r1 = 1000 \xCE\xA9", "r1 = 3000 \xCE\xA9"}},
    {"", "sweep.cir", {"dm", "other", "drop [V]", "current [mA]"}},
    {"--kind iv --element b", "sweep.cir", {"b", "potential [V]", "current [mA]", "0"}},
    {"--kind confusion", "iris/seed-1", {"setosa", "versicolor", "true class", "predicted"}},
    {"--kind confusion --percent", "iris/seed-1", {"virginica", "true class", "100", "% of"}},
    {"--kind targets", "sine", {"y predicted", "target", "-1", "0.5"}},
    {"--kind activations", "iris/seed-1", {"setosa", "h10", "y3", "mean potential [V]"}},
    {"--kind conductances", "iris/seed-1", {"rw1*", "initial", "trained", "conductance [S]"}},
    {"--kind crossbar", "iris/seed-1", {"layer 1", "layer 2", "column", "row"}},
    {"--kind drop", "cross.cir", {"wires of rows", "wires of columns", "potential [V]", "row"}},
    {"--kind drop", "cross.csv", {"wires of rows", "wires of columns", "potential [V]", "column"}},
    {"--kind flows", "pipes.cir", {"i1", "flow", "p2", "b"}},
    {"--kind iv --from -1e5 --to 2e5", "sweep.cir", {"drop [kV]", "current [nA]", "-100", "-80"}},
    {"", "study", {"optimizer.group.rate", "minibatch.size", "5e-08", "test_error [%]"}},
    {"--columns watts", "study", {"estimator.beta", "16", "1e-06", "watts [mW]"}},
    {"--kind interaction", "study", {"mean of test_error [%]", "5e-06", "minibatch.size", "16"}},
    {"--kind front", "study", {"test_error [%]", "watts [mW]", "Pareto front", "points"}},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Dots of a network that has learned three targets lie where each is predicted. */
START_TEST(targets_stand_over_their_own) {
    const char *path = in("flow");
    eq_picture p = eq_picture_defaults();
    eq_canvas to = {.p = &p};
    int dots = 0;
    expect_exit(0, NULL, "train netlists/flow.xml --epochs 60 -o %s", path);
    p.input = &path;
    p.inputs = 1;
    ck_assert_int_eq(eq_gather_targets(&p, &to, NULL), EQ_OK);
    for (const char *row = to.data.text; row != NULL && *row != '\0';
         row = strchr(row, '\n') == NULL ? NULL : strchr(row, '\n') + 1) {
        double x, y;
        if (*row == '\n' || sscanf(row, "%lf %lf", &x, &y) != 2) continue;
        ck_assert_double_eq_tol(y, x, 0.03);
        dots++;
    }
    ck_assert_int_eq(dots, 3 * (15 + 2));
    eq_canvas_free(&to);
    expect_exit(2, NULL, "plot %s --kind targets -o -", in("iris/seed-1"));
}
END_TEST

/* A tripod: its top stands over its feet, x to the right, y away, and the foot that is nearest comes last. */
START_TEST(springs_in_space_are_seen_from_aside) {
    const char *path = in("tripod");
    eq_picture p = eq_picture_defaults();
    eq_canvas to = {.p = &p};
    double at[4][4], edge[3][5];
    put("feet.csv", "name,x,y,z,fixed\na,-1,1,0,yes\nb,1,1,0,yes\nc,0,-1,0,yes\nd,0,0,1,no\n");
    put("legs.csv", "from,to,k\nc,d,3\na,d,1\nb,d,2\n");
    put("tripod.csv", "x,t\n0.01,0\n0.02,0\n");
    put("tripod.xml",
        "<experiment><network kind='elastic' nodes='feet.csv' springs='legs.csv' inputs='d.x' "
        "outputs='d.y'/><data format='csv' path='tripod.csv' targets='t' test-fraction='0'/><cost "
        "type='squared-error'/>"
        "<optimizer type='sgd'><group match='*' rate='1e-9'/></optimizer><epochs count='1'/>"
        "</experiment>");
    expect_exit(0, NULL, "train %s -o %s", in("tripod.xml"), path);
    p.input = &path;
    p.inputs = 1;
    ck_assert_int_eq(eq_gather_elastic(&p, &to, NULL), EQ_OK);
    const char *row = to.data.text;
    for (int k = 0; k < 3; k++, row = strchr(row, '\n') + 1)
        ck_assert_int_eq(sscanf(row, "%lf %lf %lf %lf %lf", &edge[k][0], &edge[k][1], &edge[k][2],
                                &edge[k][3], &edge[k][4]),
                         5);
    row += strspn(row, "\n");
    for (int k = 0; k < 4; k++, row = strchr(row, '\n') + 1)
        ck_assert_int_eq(sscanf(row, "%lf %lf %lf %lf", &at[k][0], &at[k][1], &at[k][2], &at[k][3]),
                         4);
    ck_assert_double_eq_tol(at[3][0], 0.0, 0.03);
    ck_assert_double_eq_tol(at[3][1], 0.94, 0.03);
    ck_assert(at[2][0] < at[0][0] && at[0][0] < at[1][0] && at[2][1] < at[1][1]);
    ck_assert(edge[2][4] > edge[1][4] && edge[2][4] > edge[0][4]);
    eq_canvas_free(&to);
}
END_TEST

/* A table of two parameters and a source, the fastest: over which column curves lie, what they are, and their first and
 * last points. */
static const struct {
    const char *x, *column;
    size_t curves, points;
    double first[2], last[2]; /* of the first curve */
} over[] = {
    {NULL, "v(o)", 6, 4, {0, 11}, {3, 41}},    {"v1", "v(o)", 6, 4, {0, 11}, {3, 41}},
    {"r", "v(o)", 12, 2, {1, 11}, {2, 12}},    {"temp", "v(o)", 8, 3, {10, 11}, {30, 13}},
    {"v(o)", "i(v1)", 6, 4, {11, 1}, {41, 4}},
};

START_TEST(curves_lie_over_any_column) {
    eq_text t = {0};
    eq_text_puts(&t, "temp,r,v1,v(o),i(v1)\n");
    for (int temp = 10; temp <= 30; temp += 10)
        for (int r = 1; r <= 2; r++)
            for (int v = 0; v < 4; v++)
                eq_text_printf(&t, "%d,%d,%d,%d,%d\n", temp, r, v, 10 * (v + 1) + r + temp / 10 - 1,
                               v + 1);
    const char *path = put("over.csv", t.text);
    eq_text_free(&t);
    eq_picture p = eq_picture_defaults();
    eq_canvas to = {.p = &p};
    double x, y;
    p.input = &path;
    p.inputs = 1;
    p.x = over[_i].x;
    p.columns = over[_i].column;
    ck_assert_int_eq(eq_gather_sweep(&p, &to, NULL), EQ_OK);
    ck_assert_uint_eq(to.blocks, over[_i].curves);
    const char *row = to.data.text;
    for (size_t k = 0; k < over[_i].points; k++, row = strchr(row, '\n') + 1) {
        ck_assert_int_eq(sscanf(row, "%lf %lf", &x, &y), 2);
        const double *at = k == 0 ? over[_i].first : over[_i].last;
        if (k > 0 && k + 1 < over[_i].points) continue;
        ck_assert_double_eq_tol(x, at[0], 1e-9);
        ck_assert_double_eq_tol(y, at[1], 1e-9);
    }
    ck_assert_int_eq(*row, '\n');
    eq_canvas_free(&to);
}
END_TEST

/* Two columns tell many curves apart, by shades and by dashes; no value above 0 has no place on a logarithmic axis. */
START_TEST(many_curves_are_told_apart) {
    char *text;
    put("three.cir", "steps\n.param rv=1k\nV1 in 0 1\nR1 in out {rv}\nD1 out 0 dm\n.model dm d\n"
                     ".dc V1 0 1 0.1\n.step param rv list 1k 10k 100k\n.step temp list -40 27 125\n"
                     ".print dc v(out) i(V1)\n.end\n");
    expect_exit(0, NULL, "run %s --format csv -o %s", in("three.cir"), in("three.csv"));
    expect_exit(0, NULL, "plot %s -o %s", in("three.csv"), in("three.svg"));
    text = letters(in("three.svg"));
    const char *const wanted[] = {"temp = -40 \xC2\xB0\x43", "temp = 125 \xC2\xB0\x43", "rv"};
    for (size_t k = 0; k < 3; k++) ck_assert_msg(strstr(text, wanted[k]) != NULL, "%s", text);
    eq_free(text);
    put("zero.csv", "v1,i(v1)\n0,0\n1,0\n");
    expect_exit(2, &text, "plot %s --log y -o %s", in("zero.csv"), in("log.svg"));
    ck_assert_msg(strstr(text, "has no value above 0 for a logarithmic axis") != NULL, "%s", text);
    free(text);
}
END_TEST

/* The title of what suits the file, or of the kind in the options. */
static const char *title_of(const char *options, const char *file) {
    const char *path = in(file), *name = strstr(options, "--kind "), *chosen;
    char kind[32] = "";
    if (name != NULL) sscanf(name, "--kind %31s", kind);
    eq_picture p = eq_picture_defaults();
    p.kind = name == NULL ? NULL : kind;
    p.input = &path;
    p.inputs = 1;
    ck_assert_int_eq(eq_picture_choose(&p, &chosen, NULL), EQ_OK);
    const eq_picture_kind *k = NULL;
    for (size_t n = 0; (k = eq_picture_kind_at(n)) != NULL && strcmp(k->name, chosen) != 0;) n++;
    ck_assert_ptr_nonnull(k);
    return k->title;
}

static void expect_title(const char *svg, const char *title) {
    eq_text wanted = {0};
    eq_text_printf(&wanted, "<title>%s</title>", title);
    ck_assert_msg(strstr(svg, wanted.text) != NULL, "no %s", wanted.text);
    eq_text_free(&wanted);
}

/* No two kinds are called the same, and none of them nothing. */
START_TEST(each_kind_has_words_of_its_own) {
    const eq_picture_kind *a, *b;
    size_t n = 0;
    for (; (a = eq_picture_kind_at(n)) != NULL; n++) {
        ck_assert_uint_gt(strlen(a->title), 3);
        ck_assert_uint_lt(strlen(a->title), 48);
        for (size_t k = 0; k < n; k++) {
            b = eq_picture_kind_at(k);
            ck_assert_str_ne(a->title, b->title);
        }
    }
    ck_assert_uint_ge(n, 16);
}
END_TEST

/* Tables that have a picture of their own say what it is. */
START_TEST(a_table_of_its_own_kind_has_its_title) {
    static const struct {
        const char *head, *title;
        int columns;
    } tables[] = {
        {"s1,s1 sampled", "histogram of Langevin dynamics", 2},
        {"time,theta_eqprop,theta_rbp,c,d,e,f,g,h,dL/dw(w1) eqprop,dL/dw(w1) rbp,dL/ds1 "
         "eqprop,dL/ds1 "
         "rbp",
         "gradients over time", 13},
        {"time,v(a)", "sweep", 2},
    };
    eq_text t = {0};
    eq_text_printf(&t, "%s\n", tables[_i].head);
    for (int k = 0; k < 40; k++)
        for (int c = 0; c < tables[_i].columns; c++)
            eq_text_printf(&t, "%d%s", k + c, c + 1 < tables[_i].columns ? "," : "\n");
    put("table.csv", t.text);
    eq_text_free(&t);
    expect_exit(0, NULL, "plot %s -o %s --force", in("table.csv"), in("p.svg"));
    char *whole = file_text(in("p.svg"));
    expect_title(whole, tables[_i].title);
    eq_free(whole);
}
END_TEST

START_TEST(a_picture_of_each_kind_has_its_labels) {
    static const char *const theme[] = {"light", "dark", "page"};
    for (int t = 0; t < 3; t++) {
        expect_exit(0, NULL, "plot %s %s -o %s --force --theme %s --width %s", in(kinds[_i].file),
                    kinds[_i].options, in("p.svg"), theme[t], t == 1 ? "page" : "column");
        char *text = letters(in("p.svg")), *whole = file_text(in("p.svg"));
        for (int k = 0; k < 4; k++)
            ck_assert_msg(strstr(text, kinds[_i].letters[k]) != NULL, "no '%s' in %s",
                          kinds[_i].letters[k], text);
        ck_assert_int_eq(strstr(whole, " fill=\"none\"/>\n<defs>") != NULL, t == 2);
        expect_title(whole, title_of(kinds[_i].options, kinds[_i].file));
        ck_assert_ptr_null(strstr(whole, "rgb(  1,   2,"));
        ck_assert_ptr_nonnull(strstr(whole, t == 1 ? "width=\"7in\"" : "width=\"3.4in\""));
        ck_assert_ptr_null(strstr(whole, "gnuplot_plot_1a</title>"));
        ck_assert_ptr_null(strstr(whole, "scale(0.00)")); /* which librsvg refuses to draw */
        ck_assert_ptr_null(strstr(whole, "'data'"));      /* what gnuplot was told */
        eq_free(text);
        eq_free(whole);
    }
}
END_TEST

/* 3.4 in at 300 dots per inch, and a document of the size in points. */
START_TEST(pdf_and_png_are_whole) {
    expect_exit(0, NULL, "plot %s %s -o %s --force", in(kinds[_i].file), kinds[_i].options,
                in("p.pdf"));
    expect_exit(0, NULL, "plot %s %s -o %s --force", in(kinds[_i].file), kinds[_i].options,
                in("p.png"));
    char *bytes;
    size_t length;
    ck_assert_int_eq(eq_file_read(in("p.pdf"), (eq_place){0}, &bytes, &length, NULL), EQ_OK);
    ck_assert_int_eq(memcmp(bytes, "%PDF-", 5), 0);
    ck_assert_int_eq(memcmp(bytes + length - 6, "%%EOF\n", 6), 0);
    eq_free(bytes);
    ck_assert_int_eq(eq_file_read(in("p.png"), (eq_place){0}, &bytes, &length, NULL), EQ_OK);
    ck_assert_int_eq(memcmp(bytes, "\x89PNG\r\n\x1a\n", 8), 0);
    ck_assert_int_eq(256 * (unsigned char)bytes[18] + (unsigned char)bytes[19], 1020);
    ck_assert_int_eq(memcmp(bytes + 37, "pHYs\x00\x00\x2e\x23", 8), 0);
    ck_assert_int_eq(memcmp(bytes + length - 8, "IEND", 4), 0);
    eq_free(bytes);
}
END_TEST

/* Names that mean something to gnuplot, its typesetting or XML. */
static const char *const hostile[] = {
    "a_{1}^b",
    "it's",
    "`touch hacked`",
    "'; system('touch hacked'); #",
    "@letters",
    "\\\"q\\\" \\n",
    "<&>]]>",
    "50%d%%",
    "Gr\xC3\xB6\xC3\x9F\x65 \xE2\x84\xA6",
    "$(touch hacked)",
    "&{x}{/Symbol a}",
    "id='x' rgb(  1,   2,   3)",
};
enum { HOSTILE = sizeof hostile / sizeof *hostile };

static void add_cell(eq_text *t, const char *name) {
    eq_text_puts(t, ",\"");
    for (const char *p = name; *p != '\0'; p++)
        eq_text_add(t, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    eq_text_puts(t, "\"");
}

/* As columns of a sweep, in the key and at the axis. */
START_TEST(names_change_nothing_but_themselves) {
    for (int k = 0; k < HOSTILE; k++) {
        eq_text t = {0};
        eq_text_puts(&t, "x");
        add_cell(&t, hostile[k]);
        add_cell(&t, "plain");
        eq_text_puts(&t, "\n0,1,2\n1,2,3\n2,3,1\n");
        put("t.csv", t.text);
        eq_text_free(&t);
        expect_exit(0, NULL, "plot %s -o %s --force", in("t.csv"), in("p.svg"));
        char *text = letters(in("p.svg"));
        ck_assert_msg(strstr(text, hostile[k]) != NULL, "no %s in %s", hostile[k], text);
        eq_free(text);
    }
    ck_assert_int_ne(access("hacked", F_OK), 0);
}
END_TEST

/* As classes, which are labels of tics, and as the names of runs, which stand in the key. */
START_TEST(classes_and_runs_have_any_name) {
    eq_text t = {0};
    eq_text_puts(&t, "a,b,kind\n");
    for (int k = 0; k < 3; k++) {
        eq_text_printf(&t, "%d,%d", k, k * k);
        add_cell(&t, hostile[3 * k + 1]);
        eq_text_puts(&t, "\n");
    }
    put("data.csv", t.text);
    eq_text_free(&t);
    put("x.xml", "<experiment><architecture kind='kendall' layers='2,3,3' outputs='single'/>"
                 "<data format='csv' path='data.csv' test-path='data.csv'/>"
                 "<cost type='squared-error'/><optimizer type='sgd' rate='1e-9'/>"
                 "<epochs count='1'/></experiment>");
    expect_exit(0, NULL, "train %s -o %s", in("x.xml"), in("it's_{a}`^@%d"));
    expect_exit(0, NULL, "plot %s --kind confusion -o %s", in("it's_{a}`^@%d"), in("c.svg"));
    char *text = letters(in("c.svg"));
    for (int k = 0; k < 3; k++)
        ck_assert_msg(strstr(text, hostile[3 * k + 1]) != NULL, "no %s in %s", hostile[3 * k + 1],
                      text);
    eq_free(text);
    expect_exit(0, NULL, "plot %s %s --columns train_loss -o %s", in("it's_{a}`^@%d"),
                in("iris/seed-1"), in("r.svg"));
    text = letters(in("r.svg"));
    ck_assert_msg(strstr(text, "it's_{a}`^@%d") != NULL, "%s", text);
    eq_free(text);
}
END_TEST

static void refuse(int exit_status, const char *said, const char *file, const char *options) {
    char *text;
    expect_exit(exit_status, &text, "plot %s %s", in(file), options);
    ck_assert_msg(strstr(text, said) != NULL, "no '%s' in %s", said, text);
    eq_free(text);
}

START_TEST(what_cannot_be_drawn_is_told) {
    char there[4096];
    snprintf(there, sizeof there, "--format svg -o %s", in("sweep.csv"));
    put("empty.csv", "");
    put("one.csv", "x,y\n1,2\n");
    put("ragged.csv", "x,y\n1,2\n3\n");
    put("nan.csv", "x,y\n1,nan\n2,\n");
    refuse(2, "none.csv", "none.csv", "-o -");
    refuse(2, "none.csv'", "none.csv", there);
    refuse(2, "there is no table in it", "empty.csv", "-o -");
    refuse(2, "no table of two points", "one.csv", "-o -");
    refuse(2, "ragged.csv:3: error: this row has 1 cells", "ragged.csv", "-o -");
    refuse(2, "there is no kind of picture 'pie'; use curves, sweep", "sweep.csv",
           "--kind pie -o -");
    refuse(2, "has no column 'z'; there are", "sweep.csv", "--columns z -o -");
    refuse(2, "'z'; there are epoch", "iris", "--columns z -o -");
    refuse(2, "is what is read here", "sweep.csv", there);
    refuse(2, "let its name end in", "sweep.csv", "-o picture.gif");
    refuse(2, "--width is 'wide'", "sweep.csv", "--width wide -o -");
    refuse(2, "there is no band 'x'", "iris", "--band x -o -");
    refuse(2, "the reference 'two' is no number", "iris", "--reference two -o -");
    refuse(2, "no node 'zz'", "sweep.cir", "--element zz -o -");
    refuse(2, "holds no run", ".", "--kind curves -o -");
    refuse(0, "<svg", "sweep.csv", "-o -");
    refuse(2, "no point", "nan.csv", "-o -");
    refuse(2, "--log is 'xyz'; use x, y, xy or none", "sweep.csv", "--log xyz -o -");
    refuse(2, "the reference 'a=1e999' is no number", "iris", "--reference a=1e999 -o -");
    refuse(2, "holds no run", ".", "-o -");
    refuse(2, "holds the runs of several seeds", "iris", "--kind confusion -o -");
    put("metrics.csv", "epoch,train_loss\n");
    refuse(2, "there is no figure 'z'", "study", "--columns z -o -");
    refuse(2, "study.xml", "iris", "--kind effects -o -");
    refuse(2, "has no epoch yet", "metrics.csv", "-o -");
    refuse(0, "--percent has no effect on a picture of the kind sweep", "sweep.csv",
           "--percent -o -");
    refuse(0, "--columns has no effect on a picture of the kind iv", "sweep.cir",
           "--columns z -o -");
}
END_TEST

/* A label takes at most 14 characters, a title in the key 20: first and last ones. */
START_TEST(long_names_leave_room_for_the_picture) {
    static const char *const letters_of[] = {
        "a very \xE2\x80\xA6 alpha",
        "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xE2\x80\xA6\xC3\xA9 beta",
        "fourteen chars"};
    char line[2 * 4096];
    put("data.csv", "a,b,kind\n0,0,a very long name of a class alpha\n1,1,"
                    "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
                    "\xA9 beta\n2,4,fourteen chars\n");
    put("x.xml", "<experiment><architecture kind='kendall' layers='2,3,3' outputs='single'/>"
                 "<data format='csv' path='data.csv' test-path='data.csv'/>"
                 "<cost type='squared-error'/><optimizer type='sgd' rate='1e-9'/>"
                 "<epochs count='1'/></experiment>");
    snprintf(line, sizeof line, "%s", in("a_run_with_a_long_name_that_nobody_can_read_in_a_key"));
    expect_exit(0, NULL, "train %s -o %s", in("x.xml"), line);
    expect_exit(0, NULL, "plot %s --kind confusion -o %s", line, in("c.svg"));
    char *text = letters(in("c.svg"));
    for (int k = 0; k < 3; k++)
        ck_assert_msg(strstr(text, letters_of[k]) != NULL, "no %s in %s", letters_of[k], text);
    eq_free(text);
    expect_exit(0, NULL, "plot %s %s --columns train_loss -o %s", line, in("iris/seed-1"),
                in("k.svg"));
    text = letters(in("k.svg"));
    ck_assert_msg(strstr(text, "a_run_with\xE2\x80\xA6"
                               "_in_a_key") != NULL,
                  "%s", text);
    eq_free(text);
}
END_TEST

/* 14 of 15 versicolor are 93.3 %, not 93. */
START_TEST(shares_are_not_rounded_to_whole_percents) {
    expect_exit(0, NULL, "train netlists/iris.xml -o %s", in("whole"));
    expect_exit(0, NULL, "plot %s --kind confusion --percent -o %s", in("whole"), in("c.svg"));
    char *text = letters(in("c.svg"));
    ck_assert_msg(strstr(text, "93.3") != NULL && strstr(text, "6.7") != NULL, "%s", text);
    eq_free(text);
}
END_TEST

/* This script is what draws. */
static void draw_with(const char *script) {
    char path[4096];
    put("gnuplot", script);
    ck_assert_int_eq(chmod(in("gnuplot"), 0755), 0);
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", scratch_current());
    setenv("PATH", path, 1);
}

/* A program that is no gnuplot, and one that complains. */
START_TEST(a_gnuplot_that_draws_nothing_is_told) {
    static const char *const does[] = {"exit 0", ": >picture", "echo; exit 3",
                                       "echo no font; echo; exit 1"};
    static const char *const told[] = {"gnuplot drew nothing", "gnuplot drew nothing",
                                       "gnuplot failed without a word (exit status 3)",
                                       "gnuplot: no font\n"};
    char script[128];
    for (int k = 0; k < 4; k++) {
        snprintf(script, sizeof script, "#!/bin/sh\ncat >/dev/null\n%s\n", does[k]);
        draw_with(script);
        refuse(1, told[k], "sweep.csv", "-o -");
    }
}
END_TEST

START_TEST(a_picture_that_is_there_stays) {
    char line[8192], *text;
    put("p.svg", "old");
    snprintf(line, sizeof line, "-o %s", in("p.svg"));
    refuse(2, "is there; name another file with -o, or give --force", "sweep.csv", line);
    text = file_text(in("p.svg"));
    ck_assert_str_eq(text, "old");
    eq_free(text);
    char *path = eq_strdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    strcat(line, " --force");
    refuse(1, "gnuplot is not installed; apt-get install gnuplot-nox", "sweep.csv", line);
    setenv("PATH", path, 1);
    eq_free(path);
    text = file_text(in("p.svg"));
    ck_assert_str_eq(text, "old");
    eq_free(text);
}
END_TEST

/* Every model has its curve; of more than can be told apart the picture says so. */
START_TEST(curves_of_many_models) {
    static const int models[] = {30, 63, 64};
    eq_text deck = {0};
    eq_text_puts(&deck, "many\nV1 a 0 1\n");
    for (int k = 0; k < models[_i]; k++)
        eq_text_printf(&deck, "D%d a 0 m%d\n.model m%d d is=%d.5f\n", k, k, k, k + 1);
    eq_text_puts(&deck, ".end\n");
    put("many.cir", deck.text);
    eq_text_free(&deck);
    draw_with("#!/bin/sh\ncat >/dev/null\n"
              "awk 'NF == 0 && p { n++ } { p = NF } END { print n \" curves\" }' data >picture\n");
    refuse(0, models[_i] == 30 ? "30 curves" : "63 curves", "many.cir", "--kind iv -o -");
    if (models[_i] > 63)
        refuse(0, "of 64 models the first 63 are drawn", "many.cir", "--kind iv -o -");
}
END_TEST

/* Mean and deviation of three runs worked out by hand: 1, 2, 6 are 3 and sqrt(7). The program that
 * draws is a script here, which gives back its numbers. */
START_TEST(the_band_is_mean_and_deviation) {
    static const char *const name[] = {"a.csv", "b.csv", "c.csv"};
    static const int value[] = {1, 2, 6};
    static const char *const band[] = {"deviation", "range"};
    static const char *const row[] = {"1 3 0.354248688935", "1 3 1 6"};
    char text[64], line[3 * 4096];
    for (int k = 0; k < 3; k++) {
        snprintf(text, sizeof text, "epoch,y\n1,%d\n2,%d\n", value[k], value[k]);
        put(name[k], text);
    }
    draw_with("#!/bin/sh\ncat >/dev/null\ncp data picture\n");
    for (int k = 0; k < 2; k++) {
        snprintf(line, sizeof line, "%s %s --kind curves --columns y --band %s -o -", in("b.csv"),
                 in("c.csv"), band[k]);
        refuse(0, row[k], "a.csv", line);
    }
}
END_TEST

/* What flows into transistors at a node: kp/2 W/L (1.2 - 0.5)^2 (1 + 0.02 2) = 254.8 uA at 2 V, with
 * a diode of 1 fA there as well. The program that draws gives back its numbers. */
START_TEST(a_node_has_the_currents_of_its_transistors) {
    static const char deck[] = "stage\nVin g 0 1.2\nVdd vdd 0 5\nRd vdd d 5k\nM1 d g 0 0 mn w=10u "
                               "l=1u\nD1 0 d dm\nB1 b 0 I=v(b)*v(g)\nR1 b 0 1k\n"
                               ".model mn nmos level=1 vto=0.5 kp=1e-4 lambda=0.02\n"
                               ".model dm d is=1e-15\n.end\n";
    put("stage.cir", deck);
    draw_with("#!/bin/sh\ncat >/dev/null\ncp data picture\n");
    refuse(0, "\n2 254.8", "stage.cir", "--kind iv --element d --from 0 --to 2 -o -");
    refuse(2, "at node b stands b1", "stage.cir", "--kind iv --element b -o -");
    refuse(2, "all elements at node vdd are linear", "stage.cir", "--kind iv --element vdd -o -");
}
END_TEST

/* A run that has no number in a column gives its place and its name to no other. */
START_TEST(a_run_without_a_column_is_no_line_there) {
    char line[3 * 4096];
    put("full.csv", "epoch,y,z\n1,1,5\n2,2,6\n");
    put("half.csv", "epoch,y,z\n1,3,\n2,4,\n");
    put("last.csv", "epoch,y,z\n1,5,7\n2,6,8\n");
    snprintf(line, sizeof line, "%s %s --kind curves --columns z --band runs -o %s --force",
             in("half.csv"), in("last.csv"), in("p.svg"));
    expect_exit(0, NULL, "plot %s %s", in("full.csv"), line);
    char *text = letters(in("p.svg"));
    ck_assert_ptr_nonnull(strstr(text, "full"));
    ck_assert_ptr_nonnull(strstr(text, "last"));
    ck_assert_ptr_null(strstr(text, "half"));
    eq_free(text);
}
END_TEST

/* Each potential stands in its column (first) and row; a network has a crossbar for each layer. The
 * program that draws gives back its numbers. */
START_TEST(the_drop_stands_where_its_node_is) {
    static const char *const row[] = {"\n1 2 0.8 ",  "\n2 1 0.5 ", "\n2 2 0.4 ",
                                      "\n1 2 0.01 ", "\n2 1 0.2 ", "\n2 2 0.1 "};
    draw_with("#!/bin/sh\ncat >script\ncat data >picture\ncat script >>picture\n");
    for (size_t k = 0; k < sizeof row / sizeof *row; k++)
        refuse(0, row[k], "cross.csv", "--kind drop -o -");
    expect_exit(0, NULL, "build kendall --layers 4,3,2 --wires 5 -o %s", in("net.cir"));
    refuse(0, "panels = 4", "net.cir", "--kind drop -o -");
    expect_exit(0, NULL, "train netlists/iris.xml --epochs 0 -o %s", in("no-wires"));
    refuse(2, "has no wires of a crossbar", "no-wires", "--kind drop -o -");
    put("part.csv", "v(a_1_1),v(a_1_2),v(b_1_1)\n1,0.9,0.1\n");
    refuse(2, "is no whole crossbar", "part.csv", "--kind drop -o -");
    put("far.csv", "v(a_99999999_99999999),v(b_1_1)\n1,0.9\n");
    refuse(2, "is no whole crossbar", "far.csv", "--kind drop -o -");
    put("bare.csv", "v(a_1_1),v(b_1_1)\n");
    refuse(2, "has no row of numbers", "bare.csv", "--kind drop -o -");
    char twice[4096];
    snprintf(twice, sizeof twice, "%s --kind drop -o -", in("cross.csv"));
    refuse(2, "drawn of one deck, run or table", "cross.csv", twice);
}
END_TEST

/* Bounds of 1e-8 and 100 S, values of about 1e-6 S: the far one would leave a quarter of the axis to
 * the values. The program that draws gives back its script. */
START_TEST(a_far_bound_does_not_squeeze_the_histogram) {
    put("data.csv", "a,kind\n0,x\n1,y\n");
    put("x.xml", "<experiment><architecture kind='kendall' layers='2,2,2' outputs='single' "
                 "gmin='1e-8' gmax='100'/>"
                 "<data format='csv' path='data.csv' test-path='data.csv'/><encoding invert='yes'/>"
                 "<cost type='squared-error'/><optimizer type='sgd'>"
                 "<group match='r*' rate='1e-12' init='uniform' low='1e-6' high='2e-6'/>"
                 "</optimizer><epochs count='1'/></experiment>");
    expect_exit(0, NULL, "train %s -o %s", in("x.xml"), in("far"));
    draw_with("#!/bin/sh\ncat >picture\n");
    refuse(0, "\nmost[1] = NaN\n", "far", "--kind conductances -o -");
    refuse(0, "\nleast[1] = 1e-08\n", "far", "--kind conductances -o -");
}
END_TEST

START_TEST(units_have_a_prefix_where_it_helps) {
    static const struct {
        double size;
        const char *unit;
        double scale;
    } axis[] = {{0.7, "V", 1.0},    {999.0, "V", 1.0},        {1000.0, "kV", 1e-3},
                {0.099, "mV", 1e3}, {3e-5, "\xC2\xB5V", 1e6}, {0.0, "V", 1.0},
                {1e-30, "fV", 1e15}};
    char unit[16];
    for (size_t k = 0; k < sizeof axis / sizeof *axis; k++) {
        ck_assert_double_eq_tol(eq_axis_prefix(axis[k].size, "V", unit) / axis[k].scale, 1.0,
                                1e-12);
        ck_assert_str_eq(unit, axis[k].unit);
    }
    ck_assert_double_eq_tol(eq_axis_step(1.0, 5), 0.2, 1e-12);
    ck_assert_double_eq_tol(eq_axis_step(0.88, 5), 0.2, 1e-12);
    ck_assert_double_eq_tol(eq_axis_step(300.0, 5), 100.0, 1e-9);
    ck_assert(eq_axis_log(NULL, 'y', 1e-8, 1e-3) && !eq_axis_log(NULL, 'y', 1.0, 100.0));
    ck_assert(eq_axis_log("xy", 'y', 1.0, 2.0) && !eq_axis_log("none", 'y', 1e-8, 1e-3));
}
END_TEST

Suite *plot_suite(void) {
    Suite *s = suite_create("plot");
    TCase *t = tcase_create("pictures");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, make_files, scratch_drop);
    tcase_add_loop_test(t, a_picture_of_each_kind_has_its_labels, 0, KINDS);
    tcase_add_loop_test(t, pdf_and_png_are_whole, 0, KINDS);
    tcase_add_loop_test(t, curves_lie_over_any_column, 0, sizeof over / sizeof *over);
    tcase_add_test(t, many_curves_are_told_apart);
    tcase_add_test(t, targets_stand_over_their_own);
    tcase_add_test(t, springs_in_space_are_seen_from_aside);
    tcase_add_test(t, names_change_nothing_but_themselves);
    tcase_add_test(t, classes_and_runs_have_any_name);
    tcase_add_test(t, long_names_leave_room_for_the_picture);
    tcase_add_test(t, shares_are_not_rounded_to_whole_percents);
    tcase_add_test(t, a_gnuplot_that_draws_nothing_is_told);
    tcase_add_test(t, what_cannot_be_drawn_is_told);
    tcase_add_test(t, a_picture_that_is_there_stays);
    tcase_add_test(t, a_far_bound_does_not_squeeze_the_histogram);
    tcase_add_test(t, the_band_is_mean_and_deviation);
    tcase_add_loop_test(t, curves_of_many_models, 0, 3);
    tcase_add_test(t, a_node_has_the_currents_of_its_transistors);
    tcase_add_test(t, a_run_without_a_column_is_no_line_there);
    tcase_add_test(t, the_drop_stands_where_its_node_is);
    suite_add_tcase(s, t);
    t = tcase_create("titles");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, each_kind_has_words_of_its_own);
    tcase_add_loop_test(t, a_table_of_its_own_kind_has_its_title, 0, 3);
    suite_add_tcase(s, t);
    t = tcase_create("axes");
    tcase_add_test(t, units_have_a_prefix_where_it_helps);
    suite_add_tcase(s, t);
    return s;
}
