/* What transistors and diodes store against ngspice, whose @m1[cgs] has the overlap in it and is not
 * doubled, and charges by differences. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/compare.h"
#include "../support/program.h"
#include "base/random.h"
#include "base/text.h"
#include "circuit/circuit.h"
#include "circuit/fingerprint.h"
#include "report/ngspice.h"
#include "result/raw.h"

Suite *charge_suite(void);

/* A device whose terminals are held, at biases that sources of the sign turn round. */
typedef struct charge_card {
    char letter;
    int sign;
    const char *model, *line;
} charge_card;

enum { BIASES = 64 };

/* Potentials of the terminals of a MOS transistor, forward and reverse, off, near the threshold, linear
 * and saturated, bulk junctions in reverse and beyond fc; of the others in the first columns. */
static void bias(char letter, eq_random *r, double *z) {
    for (int a = 0; a < 4; a++) z[a] = 4.0 * eq_random_uniform(r) - 1.0;
    if (letter == 'm') {
        z[3] = fmin(z[0], z[2]) + 1.0 - 3.0 * eq_random_uniform(r);
        if (eq_random_below(r, 8) == 0) z[0] = z[2];
        if (eq_random_below(r, 3) ==
            0) { /* about a threshold of 0.7 V, little from drain to source */
            z[3] = fmin(z[0] = z[2] + 0.1 * eq_random_uniform(r) - 0.05, z[2]);
            z[1] = z[3] + 0.7 + 0.2 * eq_random_uniform(r) - 0.1;
        }
    }
    if (letter == 'q') {
        z[1] = z[2] + 1.4 * eq_random_uniform(r) - 0.6;
        z[0] = z[1] + 4.0 * eq_random_uniform(r) - 0.8;
        z[3] = z[0] - 2.0 * eq_random_uniform(r);
    }
    if (letter == 'j' || letter == 'v') {
        z[1] = z[2] + 3.0 * eq_random_uniform(r) - 2.2;
        z[0] = z[1] + 4.0 * eq_random_uniform(r) - 0.7;
    }
    if (letter == 'v') z[0] = fmax(z[0], z[2] - 0.8);
    if (letter == 'd') z[0] = z[1] + 3.0 * eq_random_uniform(r) - 2.2;
}

/* The first letter of its name: v stands for VDMOS. */
static char initial(const charge_card *card) {
    return card->letter == 'v' ? 'm' : card->letter;
}

static int terminals(char letter) {
    return letter == 'd' ? 2 : letter == 'j' || letter == 'v' ? 3 : 4;
}

/* What else an operating point shows is asked for, not charges. */
static bool points = false;

static const char *const *point(char letter) {
    static const char *const m[] = {"id",  "is",  "ib",  "ibd", "ibs", "gm",    "gds", "gbd", "gbs",
                                    "vgs", "vds", "vbs", "vbd", "von", "vdsat", "rd",  "rs",  NULL};
    static const char *const q[] = {"ic",  "ib", "ie",  "is", "vbe", "vbc",
                                    "gpi", "go", "gmu", "gm", "gx",  NULL};
    static const char *const d[] = {"vd", "gd", "id", NULL};
    static const char *const j[] = {"vgs", "vgd", "ig",  "id",  "is", "igd",
                                    "gm",  "gds", "ggs", "ggd", NULL};
    static const char *const v[] = {"id", "is", "vgs", "vds", "von", "gm", "rd", "rs", NULL};
    return letter == 'v' ? v : letter == 'm' ? m : letter == 'q' ? q : letter == 'd' ? d : j;
}

static const char *const *shown(char letter) {
    if (points) return point(letter);
    static const char *const m[] = {"cgs", "cgd", "cgb", "cbd", "cbs", "qbd", "qbs", NULL};
    static const char *const q[] = {"cpi", "cmu", "cbx", "csub", "qbe", "qbc", "qbx", "qsub", NULL};
    static const char *const d[] = {"cd", "charge", NULL};
    static const char *const j[] = {"cgs", "cgd", NULL};
    static const char *const v[] = {"cgs", "cgd", "cds", NULL};
    return letter == 'v' ? v : letter == 'm' ? m : letter == 'q' ? q : letter == 'd' ? d : j;
}

/* ngspice shows the capacitances of a JFET as its charges. */
static void put_name(const charge_card *card, int k, const char *name, bool there, eq_text *t) {
    const char *first = there && card->letter == 'j' && !points ? "q" : "";
    eq_text_printf(t, "@%c%d[%s%s]", initial(card), k, first, *first == 'q' ? name + 1 : name);
}

static void write_deck(const charge_card *card, double temp, bool there, eq_text *t) {
    eq_random r = eq_random_seed(17);
    eq_text_printf(t,
                   "charges\n.model mm %s\n.options temp=%g reltol=1e-10 abstol=1e-15 "
                   "vntol=1e-12 itl1=1000\n.op\n",
                   card->model, temp);
    for (int k = 0; k < BIASES; k++) {
        double z[4];
        bias(card->letter, &r, z);
        for (int a = 0; a < terminals(card->letter); a++)
            eq_text_printf(t, "V%d_%d n%d_%d 0 %.6g\n", k, a, k, a, card->sign * z[a]);
        eq_text_printf(t, "%c%d", initial(card), k);
        for (int a = 0; a < terminals(card->letter); a++) eq_text_printf(t, " n%d_%d", k, a);
        eq_text_printf(t, " mm %s\n.save", card->line);
        for (const char *const *name = shown(card->letter); *name != NULL; name++) {
            eq_text_puts(t, " ");
            put_name(card, k, *name, there, t);
        }
        eq_text_puts(t, "\n");
    }
    eq_text_puts(t, ".end\n");
}

/* ngspice shows charges as those of the complement, and that of the substrate as of a junction that
 * points to it, which is the base of a lateral transistor; of a power transistor what the gate of one of m
 * has. */
static double turn(const charge_card *card, const char *name) {
    bool lateral =
        card->letter == 'q' && (card->sign < 0) != (strstr(card->model, "subs=") != NULL);
    if (points) return 1.0;
    if (card->letter == 'v' && name[1] == 'g' && strcmp(card->line, "m=3") == 0) return 3.0;
    if (*name != 'q') return 1.0;
    return strncmp(name, "qsub", 4) == 0 && lateral ? -card->sign : card->sign;
}

/* What ngspice 39 has otherwise: beyond fcs php the charge of a diode's sidewall jumps, and the
 * conductance of recombination is no derivative. */
static bool differs(const charge_card *card, const char *name) {
    bool slope = strcmp(name, "gm") == 0 || strcmp(name, "gds") == 0 || strcmp(name, "vdsat") == 0;
    bool other = strstr(card->model, "level=2") != NULL || strstr(card->model, "nfs=") != NULL;
    if (points && slope && card->letter == 'm' && other) return true; /* no derivatives there */
    if (points && strcmp(name, "gd") == 0 && strstr(card->model, "isr=") != NULL) return true;
    /* beside cjs ngspice's currents of a bipolar transistor do not add up to 0 */
    if (points && strcmp(name, "is") == 0 && strstr(card->model, "cjs=") != NULL) return true;
    return (strstr(card->model, "fcs=") != NULL && strncmp(name, "charge", 6) == 0) ||
           (strstr(card->model, "isr=") != NULL && strncmp(name, "cd", 2) == 0);
}

/* The column of that name, which ngspice calls i(@m1[id]) where it is a current, v(..) where a drop. */
static size_t column(const eq_result *r, const char *name) {
    size_t found = r->variables;
    for (size_t k = 0; found == r->variables && k < 3; k++) {
        char text[64];
        snprintf(text, sizeof text, "%s%s%s",
                 k == 0   ? ""
                 : k == 1 ? "i("
                          : "v(",
                 name, k == 0 ? "" : ")");
        found = eq_result_find(r, text);
    }
    return found;
}

static void compare(const eq_result *own, const eq_result *there, const charge_card *card) {
    /* in reverse ngspice's conductance of a body diode, times tt, is no derivative */
    double least = card->letter == 'v' && strstr(card->model, "tt=") != NULL ? 1e-18 : 1e-26;
    double share = points ? 1e-6 : 1e-9;
    if (points) least = 1e-12;
    for (int k = 0; k < BIASES; k++)
        for (const char *const *name = shown(card->letter); *name != NULL; name++) {
            eq_text here = {0}, other = {0};
            put_name(card, k, *name, false, &here);
            put_name(card, k, *name, true, &other);
            size_t a = column(own, here.text), b = column(there, other.text);
            ck_assert_msg(a < own->variables && b < there->variables, "no %s", here.text);
            double x = own->value[a], y = there->value[b] * turn(card, *name);
            ck_assert_msg(differs(card, *name) || fabs(x - y) <= share * fabs(y) + least,
                          "%s: %.15g, ngspice %.15g\n%s", here.text, x, y, card->model);
            eq_text_free(&here);
            eq_text_free(&other);
        }
}

static void agree(const charge_card *card, double temp) {
    eq_text deck = {0}, asked = {0};
    eq_result **own = NULL, **there = NULL;
    size_t counts[2];
    char path[256], *text = NULL;
    write_deck(card, temp, false, &deck);
    write_deck(card, temp, true, &asked);
    snprintf(path, sizeof path, "%s", in("c.raw"));
    expect_exit(0, &text, "run %s --format raw -o %s", put("c.cir", deck.text), path);
    free(text);
    ck_assert_int_eq(eq_raw_read(path, &own, &counts[0], NULL), EQ_OK);
    ck_assert_int_eq(eq_ngspice_run(asked.text, asked.length, &there, &counts[1], NULL), EQ_OK);
    compare(*own, *there, card);
    eq_raw_free(own, counts[0]);
    eq_raw_free(there, counts[1]);
    eq_text_free(&deck);
    eq_text_free(&asked);
}

static const charge_card cards[] = {
    {'m', 1, "nmos(vto=0.7 kp=100u)", "w=20u l=2u"},
    {'m', 1, "nmos(level=1 vto=0.7 tox=20n gamma=0.5 ld=0.1u cgso=1n cgdo=2n cgbo=3n)",
     "w=20u l=2u m=3"},
    {'m', 1,
     "nmos(tox=25n nsub=1e16 cj=1m mj=0.4 cjsw=1n mjsw=0.3 pb=0.75 fc=0.4 rd=200 rs=100 tnom=40)",
     "w=10u l=1u ad=20p as=30p pd=18u ps=22u m=2"},
    {'m', 1, "nmos(vto=-0.5 kp=30u cbd=2p cbs=3p cjsw=0.1n)", "ad=20p pd=18u ps=22u dtemp=15"},
    {'m', -1, "pmos(vto=-0.8 tox=15n gamma=0.4 cj=0.5m cjsw=2n cgso=0.5n cgdo=0.4n)",
     "w=12u l=1.5u ad=20p as=30p pd=18u ps=22u"},
    {'m', 1, "nmos(level=2)", "w=20u l=2u"},
    {'m', 1,
     "nmos(level=2 tox=40n nsub=1e16 xj=0.4u ld=0.2u vmax=6e4 neff=3 ucrit=6e4 uexp=0.15 nfs=5e11 "
     "delta=2 cgso=1n cgdo=2n cgbo=3n cj=1m cjsw=1n)",
     "w=6u l=2u m=2 ad=20p as=30p pd=18u ps=22u"},
    {'m', 1, "nmos(level=2 vto=0.7 nsub=1e16 vmax=1e5 xj=0.3u tox=50n)", "w=4u l=2u"},
    {'m', -1, "pmos(level=2 vto=-0.8 kp=30u gamma=0.6 lambda=0.02 rd=20 rs=30 cbd=1p pb=0.7)",
     "w=8u l=2u as=10p"},
    {'m', 1, "nmos(level=3)", "w=20u l=2u"},
    {'m', 1, "nmos(level=3 vto=0.7 nfs=1e12 gamma=0.2)", "w=20u l=2u"},
    {'m', 1,
     "nmos(level=3 tox=20n nsub=2e16 xj=0.2u ld=0.05u wd=0.1u vmax=1.5e5 theta=0.1 kappa=0.3 "
     "nfs=5e11 eta=0.08 delta=1.2 xl=-0.1u xw=0.2u cgso=1n cgdo=2n cgbo=3n cj=1m cjsw=1n)",
     "w=4u l=1u m=2 ad=20p as=30p pd=18u ps=22u"},
    {'m', -1, "pmos(level=3 vto=-0.8 kp=30u gamma=0.6 theta=0.05 delta=1 rd=20 rs=30 cj=1m)",
     "w=8u l=2u ad=20p as=30p"},
    {'q', 1, "npn(is=1e-16)", ""},
    {'q', 1, "npn(cje=1p vje=0.7 mje=0.35 cjc=2p vjc=0.6 mjc=0.4 xcjc=0.6 cjs=3p vjs=0.5 mjs=0.3)",
     "area=2 m=3"},
    {'q', 1,
     "npn(is=1e-15 bf=80 vaf=40 var=20 ikf=1m cje=1p tf=10p xtf=5 vtf=3 itf=1m cjc=2p xcjc=0.3 "
     "tr=1n cjs=1p fc=0.4 rb=100 rc=10 re=1 tnom=40)",
     "area=2 areab=3 areac=4 m=5"},
    {'q', 1, "npn(cje=1p tf=10p xtf=5 cjs=3p pe=0.8 ps=0.6 ms=0.5 tr=1n subs=-1)",
     "areab=3 areac=4 dtemp=10"},
    {'q', -1, "pnp(cje=1p tf=10p xtf=5 itf=1m cjc=2p xcjc=0.7 cjs=3p mjs=0.5 tr=1n ikr=1m rb=50)",
     "area=3"},
    {'q', -1, "pnp(cje=1p tf=10p xtf=5 vtf=2 cjc=2p cjs=3p mjs=0.5 tr=1n subs=1)", ""},
    {'v', 1, "vdmos(cgs=1p cgdmax=2p cgdmin=1p cjo=1p)", ""},
    {'v', 1,
     "vdmos(cgs=1p cgdmax=2p cgdmin=0.5p a=0.7 cjo=1p vj=0.7 m=0.4 fc=0.4 tt=1n rb=10 rs=0.1 "
     "rd=0.2 n=1.5 tnom=40)",
     "dtemp=20"},
    {'v', -1, "vdmos(pchan cgs=1p cgdmax=2p cgdmin=1p cjo=1p kp=2 vto=-1)", "m=3"},
    {'j', 1, "njf(cgs=1p cgd=2p)", "area=2 m=3"},
    {'j', 1, "njf(cgs=1p cgd=2p pb=0.7 fc=0.3 vto=-1 rd=100 rs=50 tnom=40)", "dtemp=20"},
    {'j', -1, "pjf(cgs=1p cgd=2p pb=0.6 beta=1m)", ""},
    {'d', 1, "d(is=1e-14)", ""},
    {'d', 1, "d(is=1e-14 n=1.2 tt=5n)", "area=2 m=3"},
    {'d', 1, "d(cjo=1p vj=0.7 m=0.4 fc=0.3 tt=1n)", "area=2 pj=5 m=3"},
    {'d', 1, "d(cjo=1p cjp=2p php=0.6 mjsw=0.2 fcs=0.4)", "area=2 pj=5 m=3"},
    {'d', 1, "d(cj0=1p tt=1n rs=10 ikf=1m jsw=1e-14 tnom=40)", "area=2 pj=5 m=3"},
    {'d', 1, "d(tt=1n isr=1e-12 nr=2)", ""},
    {'d', 1, "d(cj=1p tt=1n m=1 bv=1.5)", "dtemp=20"},
};

START_TEST(storage_agrees_with_ngspice) {
    agree(&cards[_i], 27.0);
    agree(&cards[_i], -40.0);
    agree(&cards[_i], 85.0);
}
END_TEST

/* One row of a table at the potentials z of its nodes: drops, charges and their slopes. */
typedef struct stored {
    double v[EQ_MAX_STORAGES], q[EQ_MAX_STORAGES], c[EQ_MAX_STORAGES * EQ_MAX_STORAGES];
} stored;

static stored stored_at(const eq_table *t, size_t j, const double *z) {
    stored s;
    double *w[EQ_MAX_COLUMNS], *v[EQ_MAX_STORAGES], *q[EQ_MAX_STORAGES];
    double *c[EQ_MAX_STORAGES * EQ_MAX_STORAGES], drop = z[0] - z[1];
    const double *at[EQ_MAX_TERMINALS];
    bool port = t->cls->control == EQ_CONTROL_PORT;
    for (int k = 0; k < t->cls->columns; k++) w[k] = t->w[k] + j;
    for (int a = 0; a < eq_class_nodes(t->cls); a++) at[a] = port ? &z[a] : &drop;
    for (int k = 0; k < EQ_MAX_STORAGES; k++) v[k] = &s.v[k], q[k] = &s.q[k];
    for (int k = 0; k < EQ_MAX_STORAGES * EQ_MAX_STORAGES; k++) c[k] = &s.c[k];
    t->cls->stored(1, w, at, v, q, c);
    return s;
}

/* Between two states dq_k = sum of c_kl dv_l, whichever node moves. */
static void follows(const eq_table *t, size_t j, const double *z, const char *model) {
    const double h = 1e-5;
    int n = t->cls->storages;
    stored at = stored_at(t, j, z);
    for (int a = 0; a < eq_class_nodes(t->cls); a++) {
        double up[EQ_MAX_TERMINALS], down[EQ_MAX_TERMINALS];
        for (int b = 0; b < EQ_MAX_TERMINALS; b++) up[b] = down[b] = z[b];
        up[a] += h, down[a] -= h;
        stored high = stored_at(t, j, up), low = stored_at(t, j, down);
        for (int k = 0; k < n; k++) {
            double sum = 0.0, size = 0.0;
            for (int l = 0; l < n; l++) {
                double part = at.c[k * n + l] * (high.v[l] - low.v[l]);
                sum += part, size += fabs(part) + fabs(at.c[k * n + l] * h);
            }
            if (isnan(at.q[k])) continue;
            ck_assert_msg(fabs(high.q[k] - low.q[k] - sum) <= 1e-6 * size + 1e-12 * fabs(at.q[k]),
                          "place %d, node %d: %.12g, %.12g\n%s", k, a, high.q[k] - low.q[k], sum,
                          model);
        }
    }
}

/* What operating points show beside. */
START_TEST(operating_points_agree_with_ngspice) {
    points = true;
    agree(&cards[_i], 27.0);
    agree(&cards[_i], 85.0);
}
END_TEST

/* id(m1), ic(q1) and p(m1) are what flows into the terminals; a power is that of all of them. */
START_TEST(terminals_have_currents_and_a_power) {
    static const char deck[] =
        "terminals\nVd d 0 3\nVg g 0 2\nM1 d g 0 0 nm\nIb 0 b 1m\nQ1 d b 0 qn\nM2 0 g d d pm\n"
        ".model nm nmos(kp=1m vto=1)\n.model qn npn(bf=50)\n.model pm pmos(kp=1m vto=-0.5)\n"
        ".options gmin=0\n.op\n"
        ".print op id(m1) is(m1) ig(m1) ib(m1) ic(q1) ib(q1) ie(q1) id(m2) @m2[id] p(m1) @m1[p] "
        "{p(q1)-3*ic(q1)-v(b)*ib(q1)} {@m1[gm]/@m1[id]} @nm[kp] par('@m1[vds]+1')\n.end\n";
    char *text = NULL;
    put("n.cir", deck);
    expect_exit(0, &text, "run %s --format csv", in("n.cir"));
    const char *row = strchr(text, '\n');
    static const double want[] = {5e-4,    -5e-4,  0.0,    0.0, 0.05, 1e-3, -0.051, -1.25e-4,
                                  1.25e-4, 1.5e-3, 1.5e-3, 0.0, 2.0,  1e-3, 4.0};
    for (size_t k = 0; k < sizeof want / sizeof *want; k++, row = strchr(row + 1, ','))
        ck_assert_msg(row != NULL && fabs(strtod(row + 1, NULL) - want[k]) <= 1e-9,
                      "column %zu\n%s", k, text);
    free(text);
    put("n.cir", "t\nV1 a 0 1\nR1 a 0 1\n.op\n.print op id(r1)\n.end\n");
    expect_exit(2, &text, "run %s", in("n.cir"));
    ck_assert_ptr_nonnull(strstr(text, "r1, which has no such terminal; write i(r1)"));
    free(text);
}
END_TEST

/* C = dq/dv by differences, in every direction of the terminals, resistances inside or not. */
START_TEST(capacitances_are_slopes_of_charges) {
    const charge_card *card = &cards[_i];
    eq_text deck = {0};
    write_deck(card, 50.0, false, &deck);
    eq_circuit *c = parse_deck(deck.text);
    eq_random r = eq_random_seed(17);
    for (int k = 0; k < BIASES; k++) {
        double z[EQ_MAX_TERMINALS] = {0.0};
        char name[16];
        bias(card->letter, &r, z);
        snprintf(name, sizeof name, "%c%d", initial(card), k);
        eq_row at = c->row[eq_circuit_find_element(c, name)];
        for (int a = 0; a < 4; a++) z[a] *= card->sign;
        follows(&c->table[at.cls], (size_t)at.row, z, card->model);
    }
    eq_circuit_free(c);
    eq_text_free(&deck);
}
END_TEST

static char *exported(const char *from, const char *to) {
    char *text = NULL;
    expect_exit(0, &text, "export %s --to %s", in(from), to);
    return text;
}

/* For ngspice and as XML, read again from both: the words are there, blanks between them. */
static char *holds(const char *deck, const char *words) {
    put("w.cir", deck);
    char *own = exported("w.cir", "ngspice"), *xml = exported("w.cir", "xml"), word[32];
    put("own.cir", own), put("w.xml", xml);
    char *again = exported("own.cir", "ngspice"), *back = exported("w.xml", "ngspice");
    ck_assert_str_eq(own, again);
    ck_assert_str_eq(own, back);
    for (int n = 0; sscanf(words, "%31s%n", word, &n) == 1; words += n)
        ck_assert_msg(strstr(own, word) != NULL, "no %s in\n%s", word, own);
    free(xml), free(again), free(back);
    return own;
}

/* Other simulators, which spell some of it otherwise, get what they got before. */
START_TEST(parameters_of_charges_are_written) {
    static const char deck[] =
        "written\nV1 a 0 1\nM1 a a 0 0 nm pd=1u ps=2u\nQ1 a a 0 0 qn\nD1 a 0 dd pj=2\n"
        ".model nm nmos(cbd=1p cgso=2n pb=0.7 mj=0.4)\n.model qn npn(cje=1p vtf=3 ms=0.2)\n"
        ".model dd d(cj0=1p vj=0.7 m=0.4 cjp=2p tt=1n)\n.op\n.end\n";
    free(holds(deck, "cbd=1e-12 cgso=2e-09 pb=0.7 pd=1e-06 cje=1e-12 vtf=3 mjs=0.2 cjo=1e-12 "
                     "vj=0.7 mj=0.4 cjsw=2e-12 tt=1e-09 pj=2"));
    free(holds("written\nV1 a 0 1\nM2 a a 0 vd\nJ1 a 0 0 nj\n.model vd vdmos(cgdmax=3p a=2 "
               "m=0.3)\n.model nj njf(cgs=5p fc=0.4)\n.op\n.end\n",
               "cgdmax=3e-12 a=2 mj=0.3 cgs=5e-12 fc=0.4"));
    put("w.cir", deck);
    char *xyce = exported("w.cir", "xyce");
    ck_assert_msg(strpbrk(xyce, "=") != NULL && strstr(xyce, "cj") == NULL &&
                      strstr(xyce, "mj") == NULL && strstr(xyce, "pd=") == NULL &&
                      strstr(xyce, "pj=") == NULL && strstr(xyce, "cgso") == NULL,
                  "%s", xyce);
    free(xyce);
}
END_TEST

/* Potentials of 0, which cards give beside capacitances of 0, leave numbers. */
START_TEST(potentials_of_zero_leave_numbers) {
    static const char deck[] =
        "zero\nV1 a 0 0.5\nM1 a a 0 0 nm ad=1p\nQ1 a a 0 0 qn\nD1 a 0 dd pj=1\nM2 a a 0 vd\n"
        ".model nm nmos(pb=0 fc=1)\n.model qn npn(vje=0 vjc=0 vjs=0 fc=1)\n.model dd d(php=0 "
        "m=2 fc=1)\n.model vd vdmos(vj=0 a=0)\n.temp 60\n"
        ".print op @m1[cbd] @q1[cpi] @q1[csub] @d1[cd] @m2[cds] @m2[cgd]\n.op\n.end\n";
    char *text = NULL;
    put("z.cir", deck);
    expect_exit(0, &text, "run %s --format csv", in("z.cir"));
    ck_assert_msg(strstr(text, "nan") == NULL && strstr(text, "inf") == NULL, "%s", text);
    free(text);
}
END_TEST

static uint64_t fingerprint_with(const char *of_diode, const char *of_mosfet) {
    char deck[256];
    snprintf(deck, sizeof deck,
             "print\nV1 a 0 1\nM1 a a 0 0 nm\nD1 a 0 dd\n.model nm nmos(%s)\n.model dd d(%s)\n"
             ".op\n.end\n",
             of_mosfet, of_diode);
    eq_circuit *c = parse_deck(deck);
    uint64_t print = eq_circuit_fingerprint(c);
    eq_circuit_free(c);
    return print;
}

/* A run goes on where its deck has another capacitance; vj counts beside isr. */
START_TEST(charges_are_no_change_of_a_circuit) {
    uint64_t usual = fingerprint_with("n=1", "vto=1");
    ck_assert(fingerprint_with("n=1 cjo=1p tt=1n", "vto=1 cgso=1n pb=0.7 cbd=1p") == usual);
    ck_assert(fingerprint_with("n=1 vj=0.7", "vto=1") != usual);
    ck_assert(fingerprint_with("n=1", "vto=1.1") != usual);
    uint64_t ekv = fingerprint_with("n=1", "level=44");
    ck_assert(fingerprint_with("n=1", "level=44 cgso=1n cgbo=1n pb=0.7 cj=1m fc=0.1") == ekv);
    ck_assert(fingerprint_with("n=1", "level=44 cox=1m") != ekv);
}
END_TEST

/* A name is that of the operating point before that of the model's parameter, and an element without
 * such a place has none. */
START_TEST(names_are_those_of_the_operating_point) {
    static const char deck[] = "names\nV1 a 0 1\nM1 a a 0 0 nm\nR1 a 0 1k\n.model nm nmos(cbd=8p "
                               "pb=0.5)\n.print op @m1[cbd] @m1[CBD] m1:qbd {2*m1:cbd}\n"
                               ".save @r1[cgs]\n.op\n.end\n";
    char *text = NULL;
    put("n.cir", deck);
    expect_exit(0, &text, "run %s --format csv", in("n.cir"));
    static const char head[] = "@m1[cbd],m1:qbd,{2*m1:cbd}\n";
    double cbd = 0.0, qbd = 0.0, twice = 0.0, c = 8e-12 / sqrt(3.0), q = 8e-12 * (1.0 - sqrt(3.0));
    const char *table = strstr(text, head);
    ck_assert_ptr_nonnull(strstr(text, "left out: @r1[cgs]"));
    ck_assert_msg(table != NULL, "%s", text);
    ck_assert_int_eq(sscanf(table + strlen(head), "%lf,%lf,%lf", &cbd, &qbd, &twice), 3);
    ck_assert_double_eq_tol(cbd, c, 1e-10 * c);
    ck_assert_double_eq_tol(qbd, q, 1e-10 * fabs(q));
    ck_assert_double_eq_tol(twice, 2.0 * c, 1e-10 * c);
    free(text);
}
END_TEST

Suite *charge_suite(void) {
    Suite *s = suite_create("charge");
    TCase *t = tcase_create("charge");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, storage_agrees_with_ngspice, 0, sizeof cards / sizeof *cards);
    tcase_add_loop_test(t, capacitances_are_slopes_of_charges, 0, sizeof cards / sizeof *cards);
    tcase_add_loop_test(t, operating_points_agree_with_ngspice, 0, sizeof cards / sizeof *cards);
    tcase_add_test(t, terminals_have_currents_and_a_power);
    tcase_add_test(t, parameters_of_charges_are_written);
    tcase_add_test(t, potentials_of_zero_leave_numbers);
    tcase_add_test(t, charges_are_no_change_of_a_circuit);
    tcase_add_test(t, names_are_those_of_the_operating_point);
    suite_add_tcase(s, t);
    return s;
}
