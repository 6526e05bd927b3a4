/* Commands of .control blocks: what `ngspice -b` (39) prints for these decks, and what is noted. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/program.h"
#include "analysis/control.h"
#include "base/mem.h"
#include "netlist/netlist.h"

Suite *control_suite(void);

#define DIVIDER                                                                                    \
    "title\nV1 a 0 dc 1\nR1 a b 1k\nR2 b 0 1k\nD1 b 0 dm\n.model dm d(is=1e-60)\n.param q=1\nR3 "  \
    "p 0 {q}\nI3 0 p 1\nX1 b s\n.subckt s p\nD1 p 0 dl\n.model dl d(is=1e-60)\n.ends\n.control\n"
#define END ".endc\n.end\n"

/* What table `table` (from 1) has in point `point` of a column. */
static const struct shown {
    const char *commands;
    int table;
    const char *column;
    int point;
    double value;
} all_shown[] = {
    {"dc V1 0 1 0.5\nprint v(b)\nop\nprint v(b) i(v1)\n", 1, "v(b)", 1, 0.25},
    {"dc V1 0 1 0.5\nprint v(b)\nop\nprint v(b) i(v1)\n", 2, "i(v1)", 0, -5e-4},
    {"save v(b)\nop\n", 1, "v(b)", 0, 0.5},
    {"op\nprint b v1#branch\n", 1, "i(v1)", 0, -5e-4},
    {"op\nprint @r1[i]\n", 1, "@r1[i]", 0, 5e-4},
    {"op\nprint i(r2)*2 vm(a,b)\n", 1, "i(r2)*2", 0, 1e-3},
    {"op\nprint vm(b,a)\n", 1, "vm(b,a)", 0, 0.5},
    {"tf v(b) v1\nprint all\n", 1, "output_impedance_at_v(b)", 0, 500},
    {"sens v(b)\nprint r1\n", 1, "r1", 0, -2.5e-4},
    {"alter r2 = 3k\nop\nprint v(b)\n", 1, "v(b)", 0, 0.75},
    {"alter r2 3k\nalter r2 1k\nalter v1 dc = 4\nop\nprint v(b)\n", 1, "v(b)", 0, 2},
    {"alter @r2[resistance] = 3k\nalter @v1[dc]=2\nop\nprint v(b)\n", 1, "v(b)", 0, 1.5},
    {"alter r2 = 3k\nreset\nop\nprint v(b)\n", 1, "v(b)", 0, 0.5},
    {"altermod dm is = 1e6\nop\nprint v(b)\n", 1, "v(b)", 0, 0},
    {"altermod x1:dl is = 1e6\nop\nprint v(b)\n", 1, "v(b)", 0, 0},
    {"altermod @x1:dl[is] = 1e6\nop\nprint v(b)\n", 1, "v(b)", 0, 0},
    {"alterparam q = 7\nop\nreset\nop\nprint v(p)\n", 2, "v(p)", 0, 7},
    {"foreach r 1k 3k\nalter r2 = $r\nop\nprint v(b)\nend\n", 2, "v(b)", 0, 0.75},
    {"set list = ( 1k 3k )\nforeach r $list\nalter r2 = $r\nop\nend\n", 2, "v(b)", 0, 0.75},
    {"let k = 1\n+ + 2 ; a line goes on\n+ * 3\nprint k\n", 1, "k", 0, 7},
    {"op\nlet k = (v(a) gt 0.5) ? v(a)*5 : 20\nlet l = 0 ? 1 : (1 ? 3 : 4)\nlet m = k + "
     "10*l\nprint m\n",
     2, "m", 0, 35},
    {"let k = 2^3^2 - 2**3\nprint k\n", 1, "k", 0, 504},
    {"let k = max(1 ? 2 : 3, 1)\nprint k\n", 1, "k", 0, 2},
    {"let k = 6 // 2\n// a line of its own\nprint k\n", 1, "k", 0, 6},
    {"let a = vector(3)\nlet b = 6/a[2]\nprint b\n", 1, "b", 0, 3},
    {"tf v(b) v1\nprint output_impedance_at_v(b)/2\n", 1, "output_impedance_at_v(b)/2", 0, 250},
    {"set units = degrees\nlet k = sin(30) + atan(1) + cosh(0)\nprint k\n", 1, "k", 0, 46.5},
    {"set units = degrees\ndefine f(x) cos(x)\nlet k = f(60)\nunset units\nlet k = k + sin(pi/2)\n"
     "print k\n",
     1, "k", 0, 1.5},
    {"set l = ( 2 3 5 )\nlet k = $l[2] + 10*$#l + 100*$?l + 1000*$?m\nprint k\n", 1, "k", 0, 133},
    {"set l = ( 2 3 5 )\nset i = 3\nlet k = $l[$i]\nprint k\n", 1, "k", 0, 5},
    {"set l = ( 2 3 5 )\nlet k = 0\nforeach x $l[2-]\nlet k = 10*k + $x\nend\nprint k\n", 1, "k", 0,
     35},
    {"set l = ( 2 3 5 )\nlet k = 0\nforeach x $l[-2]\nlet k = 10*k + $x\nend\nprint k\n", 1, "k", 0,
     23},
    {"set l = ( 2 3 5 )\nshift l\nlet k = $l[1]\nshift l 2\nlet k = k + 10*$#l\nprint k\n", 1, "k",
     0, 3},
    {"strcmp k \"a b\" 'a b'\nstrcmp l abc abd\nlet m = $k + 10*$l\nprint m\n", 1, "m", 0, -10},
    {"op\nstrcmp k $curplot op1\ndc v1 0 1 1\nstrcmp l $curplot dc1\nlet m = abs($k) + abs($l)\n"
     "print m\n",
     3, "m", 0, 0},
    {"op\nop\ndc v1 0 1 1\nstrcmp k $curplot dc2\ndc v1 0 1 1\nstrcmp l $curplot dc3\n"
     "let m = abs($k) + abs($l)\nprint m\n",
     5, "m", 0, 0},
    {"op\nop\nsetplot previous\nstrcmp k $curplot op1\nsetplot next\nstrcmp l $curplot op2\n"
     "let m = abs($k) + abs($l)\nprint m\n",
     3, "m", 0, 0},
    {"dc v1\n+ 0 1\n+ 0.5\nprint v(b)\n", 1, "v(b)", 2, 0.5},
    {"let k = 0\nrepeat 3\nlet k = k + 1\nend\nprint k\n", 1, "k", 0, 3},
    {"let k = 0\nwhile k < 5\nlet k = k + 1\nif k = 3\nbreak\nend\nend\nprint k\n", 1, "k", 0, 3},
    {"let k = 9\ndowhile k < 5\nlet k = k + 1\nend\nprint k\n", 1, "k", 0, 10},
    {"if 1 gt 2\nlet k = 1\nelse\nlet k = 2\nend\nprint k\n", 1, "k", 0, 2},
    {"let r = 1k\nrepeat 2\nlet r = r + 1k\nalter r2 = r\nop\nend\n", 2, "v(b)", 0, 0.75},
    {"let r = 3k\nalter r2 = $&r\nop\nprint v(b)\n", 1, "v(b)", 0, 0.75},
    {"let x = vector(3)\nlet x[1] = 7\nprint x[1] mean(x)\n", 1, "mean(x)", 0, 3},
    {"dc v1 0 1 0.5\nlet y = v(b)*2\nprint y\n", 1, "y", 2, 1},
    {"dc v1 0 1 0.5\nprint vecmax(v(b))\n", 2, "vecmax(v(b))", 0, 0.5},
    {"dc v1 0 1 0.25\nlet s = v(b)*v(b)\nprint deriv(s)[4]\n", 2, "deriv(s)[4]", 0, 0.5},
    {"dc v1 0 1 0.25\nlet s = v(b)*v(b)\nprint deriv(s)[1]\n", 2, "deriv(s)[1]", 0, 0.125},
    {"op\nalter v1 = 4\nop\nsetplot op1\nprint v(b)\n", 1, "v(b)", 0, 0.5},
    {"op\nalter v1 = 4\nop\nprint v(b)-op1.v(b)\n", 2, "v(b)-op1.v(b)", 0, 1.5},
    {"op $ a comment\n* another\nprint v(b) ; and one\n", 1, "v(b)", 0, 0.5},
    {"op\nquit\nop\n", 1, "v(b)", 0, 0.5},
    {"tran 1n 1u\n", 1, "v(b)", 0, 0.5},
    {"print 2*pi\n", 1, "2*pi", 0, 6.283185307179586},
    {"op\nsave v(b)\nop\n", 1, "v(a)", 0, 1},
    {"save v(b)\nop\nprint all\n", 1, "v(b)", 0, 0.5},
    {"dc @r2[resistance] 1k 3k 1k\nop\nprint v(b)\n", 1, "v(b)", 0, 0.5},
    {"op\nlet a = 7\nprint a\nlet a = 8\nprint a\n", 3, "a", 0, 8},
    {"op\nlet a = 7\nprint a\n", 2, "a", 0, 7},
    {"run\nsetplot dc1\nprint v(b)\n.endc\n.dc v1 0 1 .5\n.print dc v(a)\n.control\n", 2, "v(b)", 2,
     0.5},
    {"let k = 5\nop\nprint const.k\n", 1, "const.k", 0, 5},
    {"let k = 5\nop\nlet const.k = const.k + const.pi\nprint k\n", 2, "k", 0, 8.14159265358979},
    {"print 2*vm\n.endc\n.param half=2\n.csparam Vm={half*3} w = 1\n.control\nprint vm+w\n", 1,
     "2*vm", 0, 12},
    {"dc v1 0 1 1\nlet y = v(b)\nprint y\nlet y = v(b)*4\nprint y\n", 2, "y", 1, 2},
    {"op\nprint i(x1.d1)\n", 1, "i(x1.d1)", 0, 0.5e-12},
    {"compose c start=1 stop=4 step=1.5\nprint c\n", 1, "c", 2, 4},
    {"compose c start=0 stop=1 lin=5\nprint c\n", 1, "c", 3, 0.75},
    {"compose c values 1 2 7\nprint c\n", 1, "c", 2, 7},
    {"define f(x,y) x*y+2\nprint f(2,3)\n", 1, "f(2,3)", 0, 8},
    {"define sq(x) (x)^2\ndefine q(x) sq(x)+1\ndc v1 0 2 1\nprint q(v(b))\n", 1, "q(v(b))", 2, 2},
    {"dc v1 0 1 0.5\nmeas dc m find v(b) at=0.5\n", 2, "m", 0, 0.25},
    {"dc v1 0 1 0.5\nmeas dc m max v(b)\nlet z = 2*m\nprint z\n", 3, "z", 0, 1},
};

static eq_status run_text(const char *commands, const char *folder, eq_tables *t, eq_diag *diag) {
    eq_text deck = {0};
    eq_deck *d = NULL;
    bool ran;
    eq_text_printf(&deck, "%s%s%s", DIVIDER, commands, END);
    ck_assert_int_eq(eq_deck_parse("c.cir", deck.text, deck.length, &d, diag), EQ_OK);
    eq_solve_options o = eq_solve_defaults(eq_deck_circuit(d));
    const eq_control_options control = {&o, folder};
    eq_status status = eq_control_run(d, &control, t, &ran, diag);
    eq_deck_free(d);
    eq_text_free(&deck);
    return status;
}

START_TEST(commands_give_what_ngspice_prints) {
    const struct shown *w = &all_shown[_i];
    eq_tables t = {NULL, 0, 0};
    ck_assert_int_eq(run_text(w->commands, NULL, &t, NULL), EQ_OK);
    ck_assert_msg((int)t.count >= w->table, "%s: %zu tables", w->commands, t.count);
    const eq_result *r = t.item[w->table - 1];
    size_t k = eq_result_find(r, w->column);
    ck_assert_msg(k < r->variables, "%s: no %s", w->commands, w->column);
    ck_assert_uint_gt(r->points, (size_t)w->point);
    double value = r->value[(size_t)w->point * r->variables + k];
    ck_assert_msg(fabs(value - w->value) <= 1e-6 * fabs(w->value) + 1e-9, "%s: %s is %.9g",
                  w->commands, w->column, value);
    eq_tables_free(&t);
}
END_TEST

/* What is not understood is noted with its name, and nothing outside is run or written. */
static const struct noted {
    const char *commands, *note;
} all_noted[] = {
    {"shell touch build/shell-ran\nop\n", "the command shell"},
    {"system touch build/shell-ran\nop\n", "the command system"},
    {"source other.cir\nop\n", "the command source"},
    {"plot v(b)\nop\n", "the command plot"},
    {"ac dec 1 1 10\nop\n", "not ac"},
    {"op\nwrite x.raw\n", "--files FOLDER"},
    {"op\nwrdata x.txt v(b)\n", "--files FOLDER"},
    {"op\nprint v(zz)\n", "no vector v(zz)"},
    {"alter r9 = 1\nop\n", "no element"},
    {"altermod zz is = 1\nop\n", "no model"},
    {"echo value $nothing\nop\n", "no variable nothing"},
    {"op\necho \"a  b\" 'c' d\"e\"\n", "echo: a  b c d\"e\""},
    {"set l = ( 1 2 )\nop\necho x$l[2]y $l\n", "echo: x2y 1 2"},
    {"op\necho $curplotname of $curplottitle\n", "echo: Operating Point of title"},
    {"op\nlet k = 3 4\n", "behind an expression: 4"},
    {"op\nlet k = 1 ? 2\n", "a ? without its :"},
    {"op\nsetplot dc7\n", "no plot dc7"},
    {"op\necho a   b  \"c  d\"\n", "echo: a b c  d"},
    {"op\nlet k = 1/0\n", "1/0 has no value: a division by zero"},
    {"op\nprint v(b) > x.txt\n", "--files FOLDER"},
    {"op\necho done > x.txt\n", "--files FOLDER"},
    {"dc v9 0 1 1\nop\n", "v9"},
    {"op\nmeas dc m find v(b) at=1\n", "without a dc"},
    {"op\nmeas tran m find v(b) at=1\n", "not tran"},
    {"op\ncompose c\n", "compose takes"},
    {"op\ndefine f\n", "define takes"},
    {"op\nshow r1\n", "the command show"},
};

static bool says(const eq_diag *diag, const char *text) {
    bool found = false;
    for (size_t k = 0; k < eq_diag_count(diag); k++)
        found = found || strstr(eq_diag_get(diag, k)->text, text) != NULL;
    return found;
}

START_TEST(what_is_not_understood_is_a_note) {
    eq_tables t = {NULL, 0, 0};
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(run_text(all_noted[_i].commands, NULL, &t, diag), EQ_OK);
    ck_assert_uint_eq(eq_diag_errors(diag), 0);
    ck_assert_msg(says(diag, all_noted[_i].note), "%s", all_noted[_i].commands);
    ck_assert_uint_eq(t.count, 1);
    ck_assert(0 != access("build/shell-ran", F_OK));
    eq_tables_free(&t);
    eq_diag_free(diag);
}
END_TEST

/* What a loop would say again and again is said once, but for echo. */
START_TEST(loops_say_it_once) {
    eq_tables t = {NULL, 0, 0};
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(
        run_text("op\nrepeat 5\nplot v(b)\nprint v(zz)\necho so\nend\nplot v(b)\n", NULL, &t, diag),
        EQ_OK);
    ck_assert_uint_eq(eq_diag_count(diag), 1 + 1 + 5 + 1);
    eq_tables_free(&t);
    eq_diag_free(diag);
}
END_TEST

/* Only the vectors saved are all. */
START_TEST(all_is_what_was_saved_before) {
    static const struct {
        const char *commands;
        size_t variables;
    } kept[] = {{"save v(b)\nop\nprint all\n", 1}, {"op\nsave v(b)\nprint all\n", 5}};
    eq_tables t = {NULL, 0, 0};
    ck_assert_int_eq(run_text(kept[_i].commands, NULL, &t, NULL), EQ_OK);
    ck_assert_uint_eq(t.count, 1);
    if (_i == 0)
        ck_assert_uint_eq(t.item[0]->variables, kept[_i].variables);
    else
        ck_assert_uint_gt(t.item[0]->variables, 1);
    eq_tables_free(&t);
}
END_TEST

static const char *const bad[][2] = {{"foreach r 1 2\nop\n", "no end"},
                                     {"dc v9 0 1 1\n", "v9"},
                                     {"let k = 0\nwhile 1\nlet k = k + 1\nend\n", "commands"},
                                     {"while 1\nop\nend\n", "more than 20000 analyses"}};

START_TEST(blocks_and_analyses_that_cannot_be_run_are_errors) {
    eq_tables t = {NULL, 0, 0};
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(run_text(bad[_i][0], NULL, &t, diag), EQ_ERR_INPUT);
    ck_assert_msg(says(diag, bad[_i][1]), "%s", bad[_i][0]);
    eq_tables_free(&t);
    eq_diag_free(diag);
}
END_TEST

/* Files come into the folder given, nowhere else. */
START_TEST(files_are_written_where_the_user_allows) {
    eq_tables t = {NULL, 0, 0};
    eq_diag *diag = eq_diag_new();
    const char *text =
        "dc v1 0 1 0.5\nwrdata x.txt v(b)\nwrdata ../y.txt v(b)\nwrdata /tmp/eq-y v(b)\n";
    ck_assert_int_eq(run_text(text, in("."), &t, diag), EQ_OK);
    char *data = file_text(in("x.txt"));
    ck_assert_ptr_nonnull(data);
    double x, y;
    ck_assert_int_eq(sscanf(strchr(data, '\n'), "%lf %lf", &x, &y), 2);
    ck_assert_double_eq(x, 0.5);
    ck_assert_double_eq_tol(y, 0.25, 1e-9);
    ck_assert(0 != access(in("../y.txt"), F_OK));
    ck_assert(0 != access("/tmp/eq-y", F_OK));
    eq_free(data);
    eq_tables_free(&t);
    eq_diag_free(diag);
}
END_TEST

/* wrdata as ngspice 39 writes it, letter by letter, and tables behind >. */
static const struct written {
    const char *commands, *text;
} all_written[] = {
    {"op\nset numdgt=6\nwrdata x.txt v(b) i(v1)\n",
     " 1.000000e+00  5.000000e-01  1.000000e+00 -5.000000e-04 \n"},
    {"alter r2 = 3k\nop\nset numdgt=6\nwrdata x.txt v(b)\nunset numdgt\nset appendwrite\nalter v1 "
     "= 0\n"
     "op\nwrdata x.txt v(b)\n",
     " 1.000000e+00  7.500000e-01 \n 0.00000000e+00  0.00000000e+00 \n"},
    {"dc v1 0 1 1 r2 1k 3k 2k\nset numdgt=3\nwrdata x.txt v(b)\n",
     " 0.000e+00  0.000e+00 \n 1.000e+00  5.000e-01 \n 0.000e+00  0.000e+00 \n"
     " 1.000e+00  7.500e-01 \n"},
    {"dc v1 1 1 1\nset wr_vecnames\noption numdgt=3\nwrdata x.txt v(b) v(a)\n",
     " v-sweep    v(b)       v-sweep    v(a)      \n"
     " 1.000e+00  5.000e-01  1.000e+00  1.000e+00 \n"},
    {"dc v1 1 1 1\nset wr_vecnames\nset wr_singlescale\nset numdgt=3\nwrdata x.txt v(b) v(a)\n",
     " v-sweep    v(b)       v(a)      \n 1.000e+00  5.000e-01  1.000e+00 \n"},
    {"dc r2 1k 1k 1k\nset wr_vecnames\nset numdgt=3\nwrdata x.txt v(b)\nunset wr_vecnames\n"
     "set appendwrite\nwrdata x.txt v(a)\n",
     " res-sweep  v(b)      \n 1.000e+03  5.000e-01 \n 1.000e+03  1.000e+00 \n"},
    {"op\nprint v(b) > x.txt\nprint v(a) >> x.txt\necho \"end\" >> x.txt\n",
     "v(b) = 5.000000e-01\nv(a) = 1.000000e+00\nend\n"},
    {"dc v1 0 1 1\nset numdgt=2\nprint v(b) > x.txt\n",
     "Index\tv-sweep\tv(b)\t\n0\t0.00e+00\t0.00e+00\t\n1\t1.00e+00\t5.00e-01\t\n"},
};

START_TEST(files_have_the_columns_of_ngspice) {
    eq_tables t = {NULL, 0, 0};
    unlink(in("x.txt"));
    ck_assert_int_eq(run_text(all_written[_i].commands, in("."), &t, NULL), EQ_OK);
    char *data = file_text(in("x.txt"));
    ck_assert_ptr_nonnull(data);
    ck_assert_str_eq(data, all_written[_i].text);
    eq_free(data);
    eq_tables_free(&t);
}
END_TEST

Suite *control_suite(void) {
    Suite *s = suite_create("control");
    TCase *t = tcase_create("control");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, commands_give_what_ngspice_prints, 0,
                        sizeof all_shown / sizeof *all_shown);
    tcase_add_loop_test(t, what_is_not_understood_is_a_note, 0,
                        sizeof all_noted / sizeof *all_noted);
    tcase_add_loop_test(t, blocks_and_analyses_that_cannot_be_run_are_errors, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_test(t, loops_say_it_once);
    tcase_add_loop_test(t, all_is_what_was_saved_before, 0, 2);
    tcase_add_loop_test(t, files_have_the_columns_of_ngspice, 0,
                        sizeof all_written / sizeof *all_written);
    tcase_add_test(t, files_are_written_where_the_user_allows);
    suite_add_tcase(s, t);
    return s;
}
