/* Decks as Xyce and LTspice read them: where their rules differ from ngspice's (docs/deck.md,
 * Dialects), against closed forms. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "netlist/netlist.h"
#include "solver/solver.h"

Suite *dialect_suite(void);

static const char xyce_deck[] = "Xyce's spelling\n"
                                "v1 a 0 0.7\n"
                                " this line starts with a blank and is a comment\n"
                                "d1 a 0 dm\n"
                                "v2 b 0 -2\n"
                                "b1 c 0 v={v(b)**3}\n"
                                "e1 d 0 table {v(b)} = (-3,0) (-2,1) (-1,5)\n"
                                "r1 c 0 3x ; three megohm\n"
                                "r2 d 0 rm 2k\n"
                                "v3 e 0 {gain}\n"
                                "r3 e 0 1k\n"
                                "b2 f 0 v={table(v(b),-3,0,-1,3,0,9)}\n"
                                "r4 f 0 1k\n"
                                ".model rm r(r=2.5)\n"
                                ".model dm d(is=1e-14)\n"
                                ".global_param gain=4\n"
                                ".op\n"
                                ".end\n";

static eq_circuit *read(const char *text, const char *note) {
    eq_circuit *c = NULL;
    eq_diag *d = eq_diag_new();
    eq_status status = eq_circuit_parse("x.cir", text, strlen(text), &c, d);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_count(d) > 0 ? eq_diag_get(d, 0)->text : "");
    const eq_message *told = NULL;
    for (size_t k = 0; k < eq_diag_count(d) && note != NULL && told == NULL; k++)
        if (strstr(eq_diag_get(d, k)->text, note) != NULL) told = eq_diag_get(d, k);
    ck_assert_msg(note == NULL || told != NULL, "nothing says: %s", note);
    if (told != NULL &&
        strstr(told->text, "read as a deck of") != NULL) { /* of the whole: its first letter */
        ck_assert_str_eq(told->file, "x.cir");
        ck_assert(told->line == 1 && told->column == 1);
    }
    eq_diag_free(d);
    return c;
}

static double at(const eq_circuit *c, const double *v, const char *node) {
    eq_node n = eq_circuit_find_node(c, node);
    ck_assert_int_ne(n, EQ_NONE);
    return v[n];
}

START_TEST(xyce_has_its_own_rules) {
    eq_circuit *c = read(xyce_deck, "xyce (it has .global_param)");
    eq_solver *s = NULL;
    double v[16] = {0.0}, i[16];
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, i, NULL, NULL), EQ_OK);
    double vt = 0.025864186384551, diode = 1e-14 * (exp(0.7 / vt) - 1.0) + 1e-12 * 0.7;
    ck_assert_double_eq_tol(-i[0], diode, 1e-9 * diode);
    ck_assert_double_eq_tol(at(c, v, "c"), -8.0, 1e-12); /* ngspice: 8 */
    ck_assert_double_eq_tol(at(c, v, "d"), 1.0, 1e-12);  /* ngspice rounds the corner */
    ck_assert_double_eq_tol(at(c, v, "e"), 4.0, 1e-12);
    ck_assert_double_eq_tol(at(c, v, "f"), 1.5, 1e-12);
    const eq_table *r = &c->table[EQ_CLASS_resistor];
    ck_assert_double_eq_tol(r->w[0][0], 3e6, 1e-6);
    ck_assert_double_eq_tol(r->w[0][1], 5e3, 1e-9); /* the model's value is a factor */
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* v(a) of a deck of Xyce or LTspice, by closed forms of their manuals; v(x) = -2 V. */
static const struct {
    const char *sign, *lines;
    double value;
} rules[] = {
    /* Xyce reference guide, "Arithmetic functions" */
    {".global_param z=1", "b1 a 0 v={log(-50*v(x))}", 2.0},
    {".global_param z=1", "v1 a 0 {log(1000)}", 3.0},
    {".global_param z=1", ".func f(y) {2*log(y)}\nv1 a 0 {f(100)}", 4.0},
    {".global_param z=1", "b1 a 0 v={ln(-v(x))+log10(10)}", 1.6931471805599453},
    {".global_param z=1", "b1 a 0 v={pwr(v(x),3)}", -8.0},
    {".global_param z=1", "b1 a 0 v={pwrs(v(x),2)}", -4.0},
    {".global_param z=1", "b1 a 0 v={limit(5*v(x),-1,1)}", -1.0},
    {".global_param z=1", "b1 a 0 v={limit(5*v(x),1,-1)}", 1.0}, /* below 1 first */
    {".global_param z=1", "b1 a 0 v={limit(-5*v(x),1,-1)}", -1.0},
    {".global_param z=1", "b1 a 0 v={limit(v(x),v(x)-1,v(x)+1)}", -2.0},
    {".backanno", "b1 a 0 v=log(-50*v(x))", 4.605170185988092},
    {".backanno", "b1 a 0 v=pwr(v(x),3)", 8.0},
    {".backanno", "b1 a 0 v=pwrs(v(x),2)", -4.0},
    {".backanno", "b1 a 0 v=limit(5*v(x),-1,1)", -1.0},
    {".backanno", "b1 a 0 v=limit(-5*v(x),1,-1)", 1.0}, /* the one between the others */
    {".backanno", "b1 a 0 v=u(v(x)+2)", 0.0},
    {".backanno", "b1 a 0 v=if(v(x)+2.4,1,2)", 2.0}, /* true above 0.5 */
    /* Xyce reference guide, "Resistor": 1 mA through it */
    {".global_param z=1",
     "i1 0 a 1m\nr1 a 0 rm l=10u w=2u\n.model rm r(rsh=100 narrow=0.1u short=1u)", 0.1 * 9.9 / 1.9},
    {".global_param z=1",
     "i1 0 a 1m\nr1 a 0 rm l=10u\n.model rm r(rsh=100 narrow=0.1u defw=3u r=2)", 0.2 * 9.9 / 2.9},
    {".global_param z=1", "i1 0 a 1m\nr1 a 0 rm w=3u\n.model rm r(rsh=100 r=2)", 2.0},
    {".backanno", "i1 0 a 1m\nr1 a 0 rm l=10u w=2u\n.model rm r(rsh=100 narrow=0.1u)",
     0.1 * 10 / 1.8},
    {".global_param z=1", "i1 0 a 1m\nr1 a 0 r={1k+0*v(x)} tc1=1m temp=67\n.options device tnom=17",
     1.05},
    {".global_param z=1",
     "i1 0 a 1m\nr1 a 0 rm r={1k+0*v(x)} dtemp=10 m=2\n.model rm r(r=3 tc1=1m tc2=1u)\n"
     ".options device temp=57 tnom=17",
     1.5 * 1.0525},
    {".backanno", "i1 0 a 1m\nr1 a 0 r=1k+0*v(x) tc=1m temp=77", 1.05},
    /* waveforms: Xyce reference guide, "Independent voltage source"; LTspice help, "V" */
    {".global_param z=1", "v1 a 0 pwl(0 1 1m 2) td=0.5m", 0.0},
    {".global_param z=1", "v1 a 0 pwl(0 1 1m 2 2m 1.5) r=1m td=-2.5m", 1.75},
    {".global_param z=1", "v1 a 0 pulse(1 2 -5u 1u 1u 10u)", 2.0},
    {".global_param z=1", "v1 a 0 pulse(3)", 3.0},
    {".global_param z=1", "v1 a 0 exp(1 2 -1m 1m 0 1m)", 1.6321205588285577},
    {".global_param z=1", "v1 a 0 sin(1 2 1k -0.1m)", 2.1755705045849463},
    {".backanno", "v1 a 0 sine(1 2 1k -2.1m 0 30 2)", 2.0}, /* two cycles, then at rest */
    {".backanno", "v1 a 0 sine(1 2 1k -1.1m 0 0 2)", 2.1755705045849463},
    {".backanno", "v1 a 0 pulse(1 2 -25u 1u 1u 10u 20u 1)", 1.0},
    /* Xyce reference guide, "Controlled switch": 1 mA through it */
    {".global_param z=1", "i1 0 a 1m\ns1 a 0 0 x sm\n.model sm vswitch(von=3 voff=1)", 1.0},
    {".global_param z=1", "i1 0 a 1m\ns1 a 0 0 x sm on\n.model sm vswitch(von=3 voff=-1)",
     8.659643233600653e-3}, /* 10^0.9375 ohm */
    {".global_param z=1", "i1 0 a 1m\ns1 a 0 0 x sm off m=2\n.model sm vswitch(von=1.5 ron=5)",
     2.5e-3},
    {".global_param z=1", "i1 0 a 1m\ns1 a 0 x 0 sm\n.model sm vswitch(roff=5k)", 5.0},
    {".global_param z=1", "i1 0 a 1m\nw1 a 0 vx sm\n.model sm iswitch(ion=3m ioff=1m)", 1.0},
    /* LTspice help, "S. Voltage Controlled Switch": below 0 vh is half the width of a smooth change,
     * ln R of which PSpice's reference gives; level 2 by the help's own formula */
    {".backanno", "i1 0 a 1m\ns1 a 0 0 x sm\n.model sm sw(ron=1 roff=1meg vt=1 vh=-2 lser=10n)",
     8.659643233600653e-3}, /* 10^0.9375 ohm */
    {".backanno", "i1 0 a 1m\ns1 a 0 0 x sm on\n.model sm sw(vt=2 vh=-0.1 roff=1meg level=1)", 1.0},
    {".backanno", "i1 0 a 1m\ns1 a 0 0 x sm\n.model sm sw(vt=1.5 vh=-0.5 ron=5)", 5e-3},
    {".backanno", "i1 0 a 1m\ns1 a 0 0 x sm\n.model sm sw(vt=2.5 vh=-0.5 roff=5k)", 5.0},
    {".backanno", "i1 0 a 1m\ns1 a 0 0 x sm on\n.model sm sw(vt=2 vh=0.1 ron=5)", 5e-3},
    {".backanno", "i1 0 a 1m\nw1 a 0 vx sm\n.model sm csw(roff=1meg it=1m ih=-2m)",
     8.659643233600653e-3},
    {".backanno", "i1 0 a 1m\ns1 a 0 0 x sm\n.model sm sw(level=2 roff=1meg vt=1 vh=1)",
     31.622776601683793e-3}, /* atan 1: 10^(3 - 6/4) ohm */
    {".options reltol=1e-9", "i1 0 a 1m\ns1 a 0 0 x sm\n.model sm sw(ron=5 vt=3 vh=-2)", 5e-3},
    /* PSpice reference, ".MODEL": a card that begins as a copy of another; the last value counts */
    {".backanno",
     "i1 0 a 1m\nr1 a 0 rb temp=77\n.model rb ako:ra r(tc1=2m)\n.model ra r(r=2k tc1=1m) ; c", 2.2},
    {".options reltol=1e-9",
     "i1 0 a 1m\n.subckt s p k=3m\nr1 p 0 rc temp=77\n.model rc AKO: rb R tc1={k}\n.ends\nx1 a s\n"
     ".model rb ako:RA r (\n* more\n+ tc2=100u)\n.model ra r(r=2k\n+ tc1=1m)",
     2.8},
    {".global_param z=1",
     "i1 0 a 1m\ns1 a 0 0 x sb\n.model sb ako:sm vswitch(ron=5)\n.model sm vswitch(von=1.5 ron=3)",
     5e-3},
    /* LTspice help, "Label a node name": a node $G_NAME is the same everywhere, and no comment */
    {".backanno",
     "v1 $G_vcc 0 5\n.subckt s o\nr1 $g_VCC o 1k\n.ends\nx1 a s\nra a 0 1k\nrg a g_vcc 1k", 2.5},
    {".backanno", "v1 b $G_low 5\nv2\n+ $G_low 0 1\nb1 a 0 v=v(b, $G_low)+v($G_low)", 6.0},
    {".options reltol=1e-9", "v1 a 0 5 $G_vcc is a comment here\nr1 a 0 1k", 5.0},
    /* resistances of their own (LTspice); frame and m count */
    {".backanno", "v1 a 0 10 rser=2\nr1 a 0 8", 8.0},
    {".backanno", "v1 a 0 dc 10 Rser={1+1} Cpar=1p\nr1 a 0 8", 8.0},
    {".backanno", "v1 a 0 10 rser=0\nr1 a 0 8", 10.0},
    {".backanno", "v1 b 0 10\nl1 b a 1m rser=4 cpar=1p Ipk=3 mfg=\"x y\" pn=\"z\"\nr1 a 0 4", 5.0},
    {".backanno", "v1 b 0 10\nl1 b a 10u Ipk=3 Rser=1 Rpar=1k\nr1 a 0 1",
     10.0 / (1 + 1000.0 / 1001)},
    {".backanno", "v1 b 0 5\nr1 b a 1meg\nc1 a 0 1u Rpar=1Meg Rser=1 Lser=1n V=16 Irms=1", 2.5},
    {".backanno", "b1 0 a i=v(x)*-1m rpar=1k\nr1 a 0 1k", 1.0},
    {".backanno", "b1 a 0 v=v(x)*-2 rpar=1k", 4.0},
    {".backanno", "i1 0 a 1m\nb1 a 0 r=1k*(1-v(x))", 3.0},
    {".backanno", "i1 0 a 1m\nb1 a 0 r=2k", 2.0},
    {".backanno", ".subckt s p\nv1 p 0 10 rser=2\n.ends\nx1 a s\nr1 a 0 8", 8.0},
    {".backanno", ".subckt s p\nv1 p 0 10 rser=4\n.ends\nx1 a s m=2\nr1 a 0 8", 8.0},
    {".options reltol=1e-9", "v1 a 0 10 rser=2\nr1 a 0 8", 8.0},
    /* a unit, not a prefix */
    {".global_param z=1", "i1 0 a 2e-2A\nr1 a 0 1", 0.02},
    {".backanno", ".param i=3.361e-02A\ni1 0 a {i}\nr1 a 0 1", 3.361e-02},
    {".options reltol=1e-9", "i1 0 a dc 1a\nr1 a 0 1", 1.0},
    {".options reltol=1e-9", "i1 0 a 5Amps\nr1 a 0 1", 5.0},
    /* wires */
    {".global_param z=1", "v1 b 0 5\nr1 b a 1k\nr2 a c 0\nr3 c 0 1k", 2.5},
    {".backanno",
     ".subckt s p q\nr1 p q 0\nr2 p q {0}\n.ends\nv1 b 0 5\nr1 b a 1k\nx1 a c s\nr3 c 0 1k", 2.5},
    /* the text */
    {".global_param z=1", "v1 a 0 1\n.end\nr1 a 0 1", 1.0},
    {".global_param z=1", ".param p=3 q={4} ; c\nv1 a 0 {p*q} ; c", 12.0},
    {".backanno", ".param p=3 q={4} ; c\nv1 a 0 {p*q} ; c", 12.0},
    {".backanno", "i1 0 a 1m\nr1 a 0 1k tc1=1m\n.temp 77\n.options temp=50", 1.05},
};

START_TEST(the_other_dialects_by_their_manuals) {
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
        double v[8];
        eq_text text = {0};
        eq_text_printf(&text, "t\n.op\n%s\nvx x 0 -2\nrx x 0 1k\n%s\n.end\n", rules[k].sign,
                       rules[k].lines);
        eq_circuit *c = read(text.text, NULL);
        eq_solver *s = NULL;
        ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
        ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK);
        double a = at(c, v, "a"), want = rules[k].value;
        ck_assert_msg(fabs(a - want) <= 1e-9, "%s: %.15g, not %.15g", rules[k].lines, a, want);
        eq_solver_free(s);
        eq_circuit_free(c);
        eq_text_free(&text);
    }
}
END_TEST

/* Whatever stands behind .end is told of: ngspice reads it, Xyce and LTspice do not. */
START_TEST(text_behind_end) {
    static const struct {
        const char *text, *note;
        size_t elements;
    } kept[] = {
        {"t\nv1 a 0 1\nr1 a 0 1\n.end\nr2 a 0 1\n", "behind .end, but it counts", 3},
        {"t\nv1 a 0 1\nr1 a 0 1\n.end;\nr2 a 0 1\n", "ignored: what stands", 2},
        {"t\n.global_param z=1\nv1 a 0 1\nr1 a 0 1\n.end\nr2 a 0 1\n", "ignored: what stands", 2},
        {"t\n.backanno\nv1 a 0 1\nr1 a 0 1\n.end\nr2 a 0 1\n", "ignored: what stands", 2},
        {"t\nv1 a 0 1\nr1 a 0 1\n.end\n* comment\n\n", NULL, 2}};
    for (size_t k = 0; k < sizeof kept / sizeof *kept; k++) {
        eq_circuit *c = read(kept[k].text, kept[k].note);
        ck_assert_uint_eq(eq_circuit_elements(c), kept[k].elements);
        eq_circuit_free(c);
    }
}
END_TEST

START_TEST(signs_of_the_dialects) {
    static const struct {
        const char *card;
        eq_dialect dialect;
    } sign[] = {{".op", EQ_NGSPICE},
                {".print dc v(a)", EQ_NGSPICE},
                {".print dc format=csv v(a)", EQ_XYCE},
                {".options nonlin reltol=1e-9", EQ_XYCE},
                {".options reltol=1e-9", EQ_NGSPICE},
                {".backanno", EQ_LTSPICE}};
    for (size_t k = 0; k < sizeof sign / sizeof *sign; k++) {
        char text[200] = "t\nv1 a 0 1\nr1 a 0 1k\n.op\n";
        strcat(text, sign[k].card);
        strcat(text, "\n.end\n");
        eq_circuit *c = read(text, NULL);
        ck_assert_msg(c->dialect == (int)sign[k].dialect, "%s", sign[k].card);
        eq_circuit_free(c);
    }
}
END_TEST

/* LTspice's decks name libraries of its installation, and models such as 1N4148; the export runs in
 * ngspice. */
START_TEST(ltspice_names_of_models_and_libraries) {
    char *folder = scratch_folder(), path[200], *text;
    snprintf(path, sizeof path, "%s/x.net", folder);
    FILE *f = fopen(path, "w");
    fputs("t\nv1 a 0 5\nr1 a b 1k\nd1 b 0 1N4148\n.model D D\n.lib C:\\lib\\standard.dio\n"
          ".model 1N4148 D(Is=2.52n Rs=.568 N=1.752 type=silicon)\n.op\n.backanno\n.end\n",
          f);
    fclose(f);
    expect_exit(0, &text, "op %s --format csv", path);
    ck_assert_ptr_nonnull(strstr(text, "is not here; add the models"));
    double a = NAN, b = NAN;
    const char *row = strstr(text, "v(a),v(b),i(v1)\n");
    ck_assert_ptr_nonnull(row);
    ck_assert_int_eq(sscanf(strchr(row, '\n'), " %lf,%lf", &a, &b), 2);
    double i = (5.0 - b) / 1e3, vte = 1.752 * 0.025864917007157, v = b - 0.568 * i;
    ck_assert_double_eq_tol(i, 2.52e-9 * (exp(v / vte) - 1.0) + 1e-12 * v, 1e-8 * i);
    free(text);
    expect_exit(0, NULL, "verify %s", path);
    scratch_free(folder);
}
END_TEST

/* A law of LTspice is written as what it is, for LTspice, too; what it has beside is refused. */
START_TEST(smooth_switches_of_ltspice_go_out) {
    static const char *const models[] = {"sw(ron=1 roff=1meg vt=1 vh=-2)",
                                         "sw(ron=1 roff=1meg vt=1 vh=-1 level=2)"};
    static const char *const says[] = {"0.00865964323", "0.0316227766"};
    static const char *const dialects[] = {"ltspice", "ngspice", "xyce"};
    char *folder = scratch_folder(), path[200], *text;
    snprintf(path, sizeof path, "%s/x.cir", folder);
    for (size_t k = 0; k < 2 * 3; k++) {
        FILE *f = fopen(path, "w");
        fprintf(f, "t\nvx x 0 -2\ni1 0 a 1m\ns1 a 0 0 x sm\n.model sm %s\n.backanno\n",
                models[k / 3]);
        fclose(f);
        expect_exit(0, NULL, "export %s --to %s -o %s/y.cir", path, dialects[k % 3], folder);
        expect_exit(0, &text, "op %s/y.cir --format csv --dialect %s", folder, dialects[k % 3]);
        ck_assert_msg(strstr(text, says[k / 3]) != NULL, "%s", text);
        free(text);
    }
    expect_exit(0, NULL, "verify %s", path);
    scratch_free(folder);
}
END_TEST

/* The $ of a global node is left out where decks are written, with a _ in front if that is taken. */
START_TEST(global_nodes_of_ltspice_go_out) {
    static const char deck[] =
        "t\nv1 $G_vcc 0 5\nx1 o s\nro o g_vcc 1k\nrv g_vcc 0 1k\ne1 $G_e 0 o 0 2\nf1 q 0 e1 1\nrq "
        "q 0 1\n"
        ".subckt s o\nr1 $G_vcc o 1k\nr2 o $G_e 1k\n.ends\n.ic v($G_vcc)=5\n.op\n.backanno\n";
    char *folder = scratch_folder(), path[200], *text;
    snprintf(path, sizeof path, "%s/x.cir", folder);
    FILE *f = fopen(path, "w");
    fputs(deck, f);
    fclose(f);
    expect_exit(0, &text, "export %s --to ltspice", path);
    ck_assert_msg(strstr(text, "v1 _g_vcc 0 dc 5\n") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "r.x1.r2 o g_e 1000\n") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "e1 _g_e_e1 0 o 0 2\n") != NULL, "%s", text);
    free(text);
    expect_exit(0, NULL, "verify %s", path);
    scratch_free(folder);
}
END_TEST

START_TEST(the_program_takes_a_dialect) {
    char *folder = scratch_folder(), path[200], *text;
    snprintf(path, sizeof path, "%s/x.cir", folder);
    FILE *f = fopen(path, "w");
    fputs("t\nv1 a 0 -2\nb1 b 0 v={v(a)**3}\nr1 b 0 1x\n.op\n.end\n", f);
    fclose(f);
    expect_exit(0, &text, "op %s --format csv --dialect xyce", path);
    ck_assert_msg(strstr(text, "-2,-8,") != NULL, "%s", text);
    free(text);
    expect_exit(0, &text, "op %s --format csv", path);
    ck_assert_msg(strstr(text, "-2,8,") != NULL, "%s", text);
    free(text);
    expect_exit(0, NULL, "verify %s --dialect xyce", path);
    expect_exit(0, NULL, "verify %s", path);
    expect_exit(2, &text, "check %s --dialect pspice", path);
    ck_assert_ptr_nonnull(strstr(text, "use ngspice, xyce or ltspice"));
    free(text);
    scratch_free(folder);
}
END_TEST

Suite *dialect_suite(void) {
    Suite *s = suite_create("dialect");
    TCase *t = tcase_create("dialect");
    tcase_add_test(t, xyce_has_its_own_rules);
    tcase_add_test(t, the_other_dialects_by_their_manuals);
    tcase_add_test(t, text_behind_end);
    tcase_add_test(t, signs_of_the_dialects);
    tcase_add_test(t, ltspice_names_of_models_and_libraries);
    tcase_add_test(t, smooth_switches_of_ltspice_go_out);
    tcase_add_test(t, global_nodes_of_ltspice_go_out);
    tcase_add_test(t, the_program_takes_a_dialect);
    suite_add_tcase(s, t);
    return s;
}
