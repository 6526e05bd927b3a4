#include "random_transistors.h"

#include <math.h>
#include <stdio.h>

#include "base/random.h"

typedef struct gen {
    eq_random r;
    eq_text *t;
    unsigned made; /* transistors */
    bool alone;    /* one of them, all its nodes held */
    double vdd;
    const char *low; /* the node of all substrates; NULL: ground */
} gen;

static unsigned below(gen *g, unsigned n) {
    return (unsigned)eq_random_below(&g->r, n);
}

static double between(gen *g, double low, double high) {
    return low + (high - low) * eq_random_uniform(&g->r);
}

/* low to high, spread over their decades. */
static double decades(gen *g, double low, double high) {
    return low * pow(high / low, eq_random_uniform(&g->r));
}

/* A parameter, mostly. */
static void maybe(gen *g, const char *name, double value) {
    if (below(g, 2) == 0) eq_text_printf(g->t, " %s=%.4g", name, value);
}

/* What levels 2 and 3 know beside level 1; true: with vmax at level 2, whose slopes ngspice has so
 * wrong that it does not converge with resistances. */
static bool level_model(gen *g, unsigned level) {
    maybe(g, "xj", decades(g, 1e-7, 6e-7));
    maybe(g, "delta", between(g, 0.0, 2.0));
    bool slow = below(g, 2) == 0, states = (slow && level == 2) || below(g, 2) == 0;
    if (slow) eq_text_printf(g->t, " vmax=%.4g", decades(g, 4e4, 2e5));
    if (states) eq_text_printf(g->t, " nfs=%.4g", decades(g, 1e10, 1e12));
    if (level == 2) {
        maybe(g, "uexp", between(g, 0.0, 0.3));
        maybe(g, "ucrit", decades(g, 5e3, 1e5));
        maybe(g, "neff", between(g, 1.0, 4.0));
        maybe(g, "pb", between(g, 0.6, 0.95));
    } else {
        maybe(g, "theta", between(g, 0.0, 0.2));
        maybe(g, "eta", between(g, 0.0, 0.1));
        maybe(g, "kappa", decades(g, 0.01, 5.0));
        maybe(g, "wd", between(g, 0.0, 2e-7));
        maybe(g, "xw", between(g, -1e-7, 2e-7));
        maybe(g, "xl", between(g, -1e-7, 1e-7));
        maybe(g, "delvto", between(g, -0.1, 0.1));
    }
    return slow && level == 2;
}

/* .model nK or pK of everything that its level knows, some of it left out. Levels 2 and 3 stand alone:
 * in one circuit of forty ngspice does not converge with them, and tries for minutes. */
static void model(gen *g, char type, unsigned k) {
    static const unsigned levels[] = {1, 1, 2, 3};
    double sign = type == 'n' ? 1.0 : -1.0;
    unsigned level = g->alone ? levels[below(g, 4)] : 1;
    bool process = below(g, level == 1 ? 3 : 2) == 0;
    eq_text_printf(g->t, ".model %c%u %cmos(", type, k, type);
    if (level > 1 || below(g, 2)) eq_text_printf(g->t, "level=%u", level);
    if (process)
        eq_text_printf(g->t, " tox=%.4g nsub=%.4g", decades(g, 8e-9, 60e-9),
                       decades(g, 1e15, 1e17));
    if (!process || below(g, 3) == 0)
        eq_text_printf(g->t, " vto=%.4g", sign * between(g, 0.4, 1.1));
    if (!process || below(g, 3) == 0) eq_text_printf(g->t, " kp=%.4g", decades(g, 1e-5, 2e-4));
    bool bare = level > 1 && level_model(g, level);
    if (bare) /* without a body effect ngspice takes a wrong root by its rounding */
        eq_text_printf(g->t, " gamma=%.4g", between(g, 0.2, 1.1));
    else
        maybe(g, "gamma", between(g, 0.0, 1.1));
    maybe(g, "phi", between(g, 0.55, 1.0));
    if (level < 3) maybe(g, "lambda", between(g, 0.0, 0.2));
    maybe(g, "is", decades(g, 1e-16, 1e-13));
    maybe(g, "js", decades(g, 1e-8, 1e-4));
    if (!bare && below(g, 3) == 0) maybe(g, "rd", decades(g, 1.0, 300.0));
    if (!bare && below(g, 3) == 0) maybe(g, "rs", decades(g, 1.0, 300.0));
    if (!bare && below(g, 2) == 0) maybe(g, "rsh", decades(g, 1.0, 100.0));
    maybe(g, "uo", between(g, 200.0, 800.0));
    maybe(g, "tpg", below(g, 2) ? 1.0 : -1.0);
    maybe(g, "nss", decades(g, 1e9, 1e11));
    maybe(g, "ld", between(g, 0.0, 1e-7));
    maybe(g, "cgso", 1e-10);
    if (below(g, 4) == 0) maybe(g, "tnom", between(g, 15.0, 50.0));
    eq_text_puts(g->t, ")\n");
}

static void transistor(gen *g, char type, const char *d, const char *gate, const char *s,
                       const char *b) {
    eq_text_printf(g->t, "M%u %s %s %s %s %c%u w=%.4gu l=%.4gu", g->made++, d, gate, s, b, type,
                   below(g, 2), decades(g, 2, 100), between(g, 0.8, 8));
    maybe(g, "ad", decades(g, 1e-12, 1e-9));
    maybe(g, "as", decades(g, 1e-12, 1e-9));
    maybe(g, "nrd", between(g, 0.1, 3.0)); /* near 0 ngspice rounds by 1/(rsh nrd) */
    maybe(g, "nrs", between(g, 0.1, 3.0));
    if (below(g, 5) == 0) maybe(g, "m", 1.0 + below(g, 4));
    if (below(g, 5) == 0) maybe(g, "dtemp", between(g, -20.0, 40.0));
    eq_text_puts(g->t, "\n");
}

static void n(gen *g, const char *d, const char *gate, const char *s) {
    transistor(g, 'n', d, gate, s, "0");
}

static void p(gen *g, const char *d, const char *gate, const char *s) {
    transistor(g, 'p', d, gate, s, "vdd");
}

/* .model qnK or qpK: everything that Gummel and Poon know, some of it left out. */
static void bipolar_model(gen *g, char type, unsigned k) {
    eq_text_printf(g->t, ".model q%c%u %s(is=%.4g", type, k, type == 'n' ? "npn" : "pnp",
                   decades(g, 1e-17, 1e-14));
    maybe(g, "bf", decades(g, 20.0, 400.0));
    maybe(g, "br", decades(g, 0.3, 10.0));
    maybe(g, "nf", between(g, 0.98, 1.1));
    maybe(g, "nr", between(g, 0.98, 1.1));
    maybe(g, "vaf", decades(g, 15.0, 150.0));
    maybe(g, "var", decades(g, 8.0, 80.0));
    maybe(g, "ikf", decades(g, 1e-4, 0.3));
    maybe(g, "ikr", decades(g, 1e-4, 0.3));
    maybe(g, "ise", decades(g, 1e-16, 1e-13));
    maybe(g, "ne", between(g, 1.3, 2.2));
    maybe(g, "isc", decades(g, 1e-16, 1e-13));
    maybe(g, "nc", between(g, 1.3, 2.2));
    if (below(g, 2) == 0) {
        double rb = decades(g, 10.0, 500.0);
        eq_text_printf(g->t, " rb=%.4g", rb);
        maybe(g, "rbm", rb * between(g, 0.05, 1.0));
        if (below(g, 3) == 0) maybe(g, "irb", decades(g, 1e-6, 1e-3));
    }
    if (below(g, 2) == 0) maybe(g, "re", decades(g, 0.1, 10.0));
    if (below(g, 2) == 0) maybe(g, "rc", decades(g, 1.0, 100.0));
    if (below(g, 3) == 0) maybe(g, "iss", decades(g, 1e-17, 1e-15));
    maybe(g, "xtb", between(g, 0.0, 2.0));
    maybe(g, "eg", between(g, 1.05, 1.2));
    maybe(g, "xti", between(g, 2.0, 4.0));
    maybe(g, "cje", 1e-12);
    if (below(g, 4) == 0) maybe(g, "tnom", between(g, 15.0, 50.0));
    eq_text_puts(g->t, ")\n");
}

/* The substrate is the lowest potential; where it is not named it is ground. */
static void bipolar(gen *g, char type, const char *c, const char *b, const char *e) {
    eq_text_printf(g->t, "Q%u %s %s %s", g->made++, c, b, e);
    if (g->low != NULL || below(g, 2) == 0)
        eq_text_printf(g->t, " %s", g->low == NULL ? "0" : g->low);
    eq_text_printf(g->t, " q%c%u", type, below(g, 2));
    if (below(g, 3) == 0) eq_text_printf(g->t, " %.4g", decades(g, 0.5, 10.0));
    if (below(g, 5) == 0) maybe(g, "m", 1.0 + below(g, 4));
    if (below(g, 5) == 0) maybe(g, "dtemp", between(g, -20.0, 40.0));
    eq_text_puts(g->t, "\n");
}

static void diode(gen *g, const char *a, const char *b) {
    eq_text_printf(g->t, "D%u %s %s dd", g->made++, a, b);
    if (below(g, 2) == 0) eq_text_printf(g->t, " area=%.4g", decades(g, 0.5, 10.0));
    eq_text_puts(g->t, "\n");
}

static void source(gen *g, const char *node, double v) {
    eq_text_printf(g->t, "V%s %s 0 %.4g\n", node, node, v);
}

static void resistor(gen *g, const char *a, const char *b, double low, double high) {
    eq_text_printf(g->t, "R%s_%s %s %s %.4g\n", a, b, a, b, decades(g, low, high));
}

/* No node hangs on a gmin alone, where ngspice rounds its current by the conductances beside it. */
static void load(gen *g, const char *node) {
    resistor(g, node, below(g, 2) ? "0" : "vdd", 1e5, 1e7);
}

/* One transistor of either kind, forward, reverse or with a forward bulk. */
static void alone(gen *g) {
    char type = below(g, 2) ? 'n' : 'p';
    double s = type == 'n' ? 1.0 : -1.0, d = between(g, -1.0, 5.0), low = between(g, 0.0, 2.0);
    source(g, "d", s * d);
    source(g, "g", s * between(g, -1.0, 5.0));
    source(g, "s", s * low);
    source(g, "b", s * (fmin(d, low) + between(g, -3.0, 0.55)));
    transistor(g, type, "d", "g", "s", "b");
}

static void inverters(gen *g) {
    unsigned many = 1 + below(g, 6);
    source(g, "i0", between(g, 0.0, g->vdd));
    for (unsigned k = 0; k < many; k++) {
        char in[16], out[16];
        snprintf(in, sizeof in, "i%u", k);
        snprintf(out, sizeof out, "i%u", k + 1);
        p(g, out, in, "vdd");
        n(g, out, in, "0");
        load(g, out);
    }
}

static void mirrors(gen *g) {
    resistor(g, "vdd", "a", 1e3, 1e6);
    n(g, "a", "a", "0");
    for (unsigned k = 0, many = 1 + below(g, 4); k < many; k++) {
        char out[16];
        snprintf(out, sizeof out, "o%u", k);
        n(g, out, "a", "0");
        resistor(g, "vdd", out, 1e2, 1e6);
    }
}

static void cascode(gen *g) {
    resistor(g, "vdd", "a", 1e4, 1e6);
    n(g, "a", "a", "c");
    n(g, "c", "c", "0");
    n(g, "o", "a", "d");
    n(g, "d", "c", "0");
    resistor(g, "vdd", "o", 1e3, 1e5);
    load(g, "c");
    load(g, "d");
}

static void differential(gen *g) {
    source(g, "p", between(g, 1.0, g->vdd));
    source(g, "m", between(g, 1.0, g->vdd));
    resistor(g, "vdd", "b", 1e4, 1e6);
    n(g, "b", "b", "0");
    n(g, "t", "b", "0");
    n(g, "x", "p", "t");
    n(g, "y", "m", "t");
    p(g, "x", "x", "vdd");
    p(g, "y", "x", "vdd");
    p(g, "o", "y", "vdd");
    n(g, "o", "b", "0");
    load(g, "t");
    load(g, "x");
    load(g, "y");
    load(g, "o");
}

static void gates(gen *g) {
    source(g, "a", between(g, 0.0, g->vdd));
    source(g, "b", between(g, 0.0, g->vdd));
    p(g, "o", "a", "vdd");
    p(g, "o", "b", "vdd");
    n(g, "o", "a", "x");
    n(g, "x", "b", "0");
    p(g, "y", "a", "vdd"); /* a NOR of the NAND and a */
    p(g, "q", "o", "y");
    n(g, "q", "o", "0");
    n(g, "q", "a", "0");
    load(g, "o");
    load(g, "x");
    load(g, "y");
    load(g, "q");
}

/* A torus of transistors whose gates are weights, the bulk at the drain or at ground. */
static void grid(gen *g) {
    unsigned side = 2 + below(g, 4), gate = 0;
    source(g, "n00", 0.0);
    eq_text_printf(g->t, "Vin n%u%u 0 %.4g\n", side / 2, side / 2, between(g, 0.1, 0.6));
    for (unsigned k = 0; k < 2 * side * side; k++) {
        unsigned i = k / 2 % side, j = k / 2 / side;
        char a[32], b[32], w[16];
        snprintf(a, sizeof a, "n%u%u", i, j);
        snprintf(b, sizeof b, "n%u%u", (i + k % 2) % side, (j + 1 - k % 2) % side);
        snprintf(w, sizeof w, "w%u", gate++);
        source(g, w, between(g, 0.3, 4.0));
        transistor(g, 'n', a, w, b, below(g, 2) ? a : "0");
    }
    for (unsigned k = 1; k < side * side; k++) {
        char a[32];
        snprintf(a, sizeof a, "n%u%u", k % side, k / side);
        load(g, a);
    }
}

/* Sources that follow their gates, with bodies of their own, and a switch between them. */
static void followers(gen *g) {
    source(g, "a", between(g, 0.0, g->vdd));
    transistor(g, 'n', "vdd", "a", "x", below(g, 2) ? "x" : "0");
    resistor(g, "x", "0", 1e3, 1e6);
    transistor(g, 'p', "0", "x", "y", below(g, 2) ? "y" : "vdd");
    resistor(g, "vdd", "y", 1e3, 1e6);
    source(g, "c", between(g, 0.0, g->vdd));
    n(g, "x", "c", "y");
    p(g, "x", "c", "y");
}

/* One bipolar transistor, forward, saturated or reverse, its base behind a resistor or not. */
static void bipolar_alone(gen *g) {
    char type = below(g, 2) ? 'n' : 'p';
    double s = type == 'n' ? 1.0 : -1.0;
    source(g, "low", -6.0);
    g->low = "low";
    source(g, "c", s * between(g, -1.0, 5.0));
    source(g, "e", s * between(g, 0.0, 0.5));
    if (below(g, 2)) {
        source(g, "in", s * between(g, -1.0, 5.0));
        resistor(g, "in", "b", 1e3, 1e6);
    } else {
        source(g, "b", s * between(g, -1.0, 0.8));
    }
    bipolar(g, type, "c", "b", "e");
}

/* Plain, with a follower for the bases, Widlar's and Wilson's mirrors, of either type. */
static void bipolar_mirrors(gen *g) {
    bool up = below(g, 2);
    char type = up ? 'p' : 'n';
    const char *rail = up ? "vdd" : "0", *other = up ? "0" : "vdd";
    unsigned kind = below(g, 3);
    resistor(g, other, "a", 1e3, 1e6);
    if (kind == 2) {
        bipolar(g, type, "a", "w", rail);
        bipolar(g, type, "w", "w", rail);
        bipolar(g, type, "o", "a", "w");
        resistor(g, other, "o", 1e2, 1e5);
        return;
    }
    if (kind == 1) bipolar(g, type, other, "a", "bb");
    if (kind == 1) resistor(g, "bb", rail, 1e4, 1e6);
    const char *base = kind == 1 ? "bb" : "a";
    bipolar(g, type, "a", base, rail);
    for (unsigned k = 0, many = 1 + below(g, 4); k < many; k++) {
        char out[16], foot[16];
        snprintf(out, sizeof out, "o%u", k);
        snprintf(foot, sizeof foot, "f%u", k);
        bool widlar = below(g, 2);
        bipolar(g, type, out, base, widlar ? foot : rail);
        if (widlar) resistor(g, foot, rail, 50.0, 1e4);
        resistor(g, other, out, 1e2, 1e5);
    }
}

/* A pair with a mirror as its load, a stage behind it and a follower: an amplifier, with feedback or
 * without. */
static void bipolar_pairs(gen *g) {
    double middle = between(g, 0.9, g->vdd);
    source(g, "p", middle);
    if (below(g, 2)) {
        resistor(g, "q", "m", 1e3, 1e5); /* feedback */
        resistor(g, "m", "0", 1e4, 1e6);
    } else {
        source(g, "m", middle + between(g, -0.05, 0.05));
    }
    resistor(g, "vdd", "b", 1e4, 1e6);
    bipolar(g, 'n', "b", "b", "0");
    bipolar(g, 'n', "t", "b", "0");
    bipolar(g, 'n', "x", "m", "t");
    bipolar(g, 'n', "y", "p", "t");
    bipolar(g, 'p', "x", "x", "vdd");
    bipolar(g, 'p', "y", "x", "vdd");
    bipolar(g, 'p', "o", "y", "vdd");
    bipolar(g, 'n', "o", "b", "0");
    bipolar(g, 'n', "vdd", "o", "q");
    resistor(g, "q", "0", 1e3, 1e5);
    load(g, "x");
    load(g, "y");
    load(g, "o");
}

/* Darlington's and Sziklai's pairs as followers and with a load. */
static void darlingtons(gen *g) {
    bool sziklai = below(g, 2);
    source(g, "i", between(g, 0.0, g->vdd));
    resistor(g, "i", "b", 1e3, 1e6);
    resistor(g, "vdd", "c", 1e1, 1e4);
    if (sziklai) {
        bipolar(g, 'n', "x", "b", "e");
        bipolar(g, 'p', "e", "x", "c");
        resistor(g, "x", "c", 1e3, 1e5);
    } else {
        bipolar(g, 'n', "c", "b", "x");
        bipolar(g, 'n', "c", "x", "e");
        resistor(g, "x", "e", 1e3, 1e5);
    }
    resistor(g, "e", "0", 1e1, 1e4);
}

/* Stages in a chain, each a common emitter or source, a cascode or a follower, of either technology. */
static void stages(gen *g) {
    unsigned many = 1 + below(g, 5);
    source(g, "s0", between(g, 0.3, 1.5));
    source(g, "vc", between(g, 1.2, g->vdd));
    for (unsigned k = 0; k < many; k++) {
        char in[16], out[16], mid[16];
        snprintf(in, sizeof in, "s%u", k);
        snprintf(out, sizeof out, "s%u", k + 1);
        snprintf(mid, sizeof mid, "t%u", k);
        bool mos = below(g, 2);
        unsigned kind = below(g, 3);
        if (kind == 2) {
            if (mos)
                n(g, "vdd", in, out);
            else
                bipolar(g, 'n', "vdd", in, out);
            resistor(g, out, "0", 1e3, 1e5);
            continue;
        }
        resistor(g, "vdd", out, 1e3, 1e5);
        if (kind == 1 && below(g, 2))
            n(g, out, "vc", mid);
        else if (kind == 1)
            bipolar(g, 'n', out, "vc", mid);
        if (kind == 1) load(g, mid);
        const char *drain = kind == 1 ? mid : out;
        char foot[16];
        snprintf(foot, sizeof foot, "u%u", k);
        resistor(g, foot, "0", 1e2, 1e4);
        if (mos)
            n(g, drain, in, foot);
        else
            bipolar(g, 'n', drain, in, foot);
    }
}

/* Inverters, of which each drives the other, and a resistor that may write: two states or one. */
static void latches(gen *g) {
    bool mos = below(g, 2);
    for (unsigned k = 0; k < 2; k++) {
        const char *in = k ? "a" : "b", *out = k ? "b" : "a", *base = k ? "ba" : "bb";
        if (mos) {
            p(g, out, in, "vdd");
            n(g, out, in, "0");
            load(g, out);
        } else {
            resistor(g, "vdd", out, 1e3, 1e5);
            resistor(g, in, base, 1e4, 1e6);
            bipolar(g, 'n', out, base, "0");
        }
    }
    source(g, "w", between(g, 0.0, g->vdd));
    resistor(g, "w", "a", 1e4, 1e7);
}

/* Transistors, diodes and resistors between random nodes, every node tied to a rail by a resistor. */
static void graphs(gen *g) {
    unsigned nodes = 2 + below(g, 8), many = nodes + below(g, 2 * nodes);
    char name[12][16];
    snprintf(name[0], sizeof name[0], "0");
    snprintf(name[1], sizeof name[1], "vdd");
    for (unsigned k = 2; k < nodes + 2; k++) {
        snprintf(name[k], sizeof name[k], "x%u", k);
        resistor(g, name[k], below(g, 2) ? "0" : "vdd", 1e3, 1e6);
    }
    for (unsigned k = 0; k < many; k++) {
        const char *a = name[below(g, nodes + 2)], *b = name[below(g, nodes + 2)];
        const char *c = name[below(g, nodes + 2)];
        switch (below(g, 7)) {
        case 0:
            diode(g, a, b);
            break;
        case 1:
            eq_text_printf(g->t, "Rx%u %s %s %.4g\n", k, a, b, decades(g, 1e2, 1e6));
            break;
        case 2:
            n(g, a, b, c);
            break;
        case 3:
            p(g, a, b, c);
            break;
        default: { /* no base or emitter straight at two rails: a fuse would blow */
            char type = below(g, 2) ? 'n' : 'p', inner[16], foot[16];
            snprintf(inner, sizeof inner, "y%u", k);
            snprintf(foot, sizeof foot, "z%u", k);
            resistor(g, b, inner, 1e2, 1e6);
            resistor(g, c, foot, 1e1, 1e4);
            bipolar(g, type, a, inner, foot);
        }
        }
    }
}

/* .model jn0, jn1, jp0, jp1 of everything that level 1 of JFETs knows. */
static void jfet_model(gen *g, char type, unsigned k) {
    eq_text_printf(g->t, ".model j%c%u %cjf(vto=%.4g beta=%.4g", type, k, type,
                   -between(g, 0.5, 3.0), decades(g, 1e-4, 5e-3));
    maybe(g, "lambda", between(g, 0.0, 0.1));
    maybe(g, "is", decades(g, 1e-16, 1e-12));
    maybe(g, "rd", decades(g, 1.0, 300.0));
    maybe(g, "rs", decades(g, 1.0, 300.0));
    maybe(g, "b", between(g, 0.4, 1.3));
    maybe(g, "pb", between(g, 0.6, 1.0));
    maybe(g, "tcv", between(g, -3e-3, 3e-3));
    if (below(g, 2) == 0) maybe(g, "vtotc", between(g, -3e-3, 3e-3));
    maybe(g, "bex", between(g, -2.0, 1.0));
    if (below(g, 2) == 0) maybe(g, "betatce", between(g, -1.0, 1.0));
    maybe(g, "xti", between(g, 0.0, 4.0));
    maybe(g, "eg", between(g, 0.7, 1.3));
    maybe(g, "cgs", 1e-12);
    if (below(g, 4) == 0) maybe(g, "tnom", between(g, 15.0, 50.0));
    eq_text_puts(g->t, ")\n");
}

static void jfet_models(gen *g) {
    for (unsigned k = 0; k < 2; k++) {
        jfet_model(g, 'n', k);
        jfet_model(g, 'p', k);
    }
}

static void jfet(gen *g, char type, const char *d, const char *gate, const char *s) {
    eq_text_printf(g->t, "J%u %s %s %s j%c%u", g->made++, d, gate, s, type, below(g, 2));
    if (below(g, 3) == 0) eq_text_printf(g->t, " %.4g", decades(g, 0.3, 10.0));
    if (below(g, 5) == 0) maybe(g, "m", 1.0 + below(g, 4));
    if (below(g, 5) == 0) maybe(g, "dtemp", between(g, -20.0, 40.0));
    eq_text_puts(g->t, "\n");
}

/* One JFET of either kind, forward or reverse, its gate up to half a volt above an end. */
static void jfet_alone(gen *g) {
    char type = below(g, 2) ? 'n' : 'p';
    double sign = type == 'n' ? 1.0 : -1.0, d = between(g, -1.0, 6.0), s = between(g, 0.0, 2.0);
    jfet_models(g);
    source(g, "d", sign * d);
    source(g, "s", sign * s);
    source(g, "g", sign * (fmin(d, s) + between(g, -4.0, 0.5)));
    jfet(g, type, "d", "g", "s");
}

/* A chain of common-source stages with their own bias, each gate on the drain before through a source, a
 * follower at the end. */
static void jfet_stages(gen *g) {
    unsigned many = 1 + below(g, 4);
    jfet_models(g);
    source(g, "i0", between(g, -0.5, 0.5));
    for (unsigned k = 0; k < many; k++) {
        char in[16], drain[16], end[16], out[16];
        snprintf(in, sizeof in, "i%u", k);
        snprintf(drain, sizeof drain, "d%u", k);
        snprintf(end, sizeof end, "s%u", k);
        snprintf(out, sizeof out, "i%u", k + 1);
        jfet(g, 'n', drain, in, end);
        resistor(g, drain, "vdd", 3e2, 1e4);
        resistor(g, end, "0", 1e2, 3e3);
        resistor(g, drain, out, 1e5, 1e6);
        resistor(g, out, "0", 1e4, 1e6);
        if (below(g, 3) == 0) jfet(g, 'p', end, "vdd", drain);
    }
    jfet(g, 'n', "vdd", "d0", "o");
    resistor(g, "o", "0", 1e3, 1e5);
}

/* Two with one source of current, loads that are JFETs, and a switch between the drains. */
static void jfet_pair(gen *g) {
    jfet_models(g);
    source(g, "a", between(g, -0.5, 1.0));
    source(g, "b", between(g, -0.5, 1.0));
    source(g, "c", between(g, -2.0, g->vdd));
    jfet(g, 'n', "x", "a", "t");
    jfet(g, 'n', "y", "b", "t");
    resistor(g, "t", "e", 1e2, 3e3);
    jfet(g, 'n', "e", "0", "0");
    jfet(g, 'p', "x", "vdd", "vdd");
    jfet(g, 'n', "vdd", "y", "y");
    resistor(g, "c", "h", 1e5, 1e6);
    jfet(g, below(g, 2) ? 'n' : 'p', "x", "h", "y");
    load(g, "x");
    load(g, "y");
    load(g, "e");
}

/* .model vn or vp of what power transistors know. */
static void power_model(gen *g, char type) {
    double sign = type == 'n' ? 1.0 : -1.0;
    eq_text_printf(g->t, ".model v%c vdmos(%cchan vto=%.4g kp=%.4g", type, type,
                   sign * between(g, 0.5, 3.0), decades(g, 0.1, 10.0));
    maybe(g, "lambda", between(g, 0.0, 0.1));
    maybe(g, "theta", between(g, 0.0, 0.05));
    maybe(g, "mtriode", between(g, 0.7, 1.5));
    maybe(g, "ksubthres", between(g, 0.05, 0.2));
    maybe(g, "rd", decades(g, 0.1, 2.0));
    maybe(g, "rs", decades(g, 0.1, 2.0));
    maybe(g, "rb", decades(g, 0.1, 2.0));
    maybe(g, "is", decades(g, 1e-14, 1e-11));
    maybe(g, "n", between(g, 1.0, 1.3));
    maybe(g, "tcvth", between(g, 0.0, 4e-3));
    maybe(g, "mu", between(g, -2.0, -1.0));
    maybe(g, "texp0", between(g, 0.5, 2.0));
    maybe(g, "trs1", between(g, 0.0, 5e-3));
    eq_text_puts(g->t, ")\n");
}

static void power(gen *g, char type, const char *d, const char *gate, const char *s) {
    eq_text_printf(g->t, "M%u %s %s %s v%c", g->made++, d, gate, s, type);
    if (below(g, 5) == 0) maybe(g, "m", 1.0 + below(g, 4));
    if (below(g, 5) == 0) maybe(g, "dtemp", between(g, -20.0, 40.0));
    eq_text_puts(g->t, "\n");
}

/* Switches to either side, a follower, and one upside down. */
static void power_stages(gen *g) {
    power_model(g, 'n');
    power_model(g, 'p');
    source(g, "a", between(g, 0.0, 6.0));
    source(g, "b", g->vdd - between(g, 0.0, 6.0));
    power(g, 'n', "x", "a", "0");
    resistor(g, "vdd", "x", 1.0, 1e4);
    power(g, 'p', "y", "b", "vdd");
    resistor(g, "y", "0", 1.0, 1e4);
    power(g, 'n', "vdd", "a", "z");
    resistor(g, "z", "0", 1.0, 1e4);
    power(g, 'n', below(g, 2) ? "0" : "z", "x", "u");
    resistor(g, "vdd", "u", 10.0, 1e4);
}

typedef struct circuit_kind {
    const char *name;
    void (*write)(gen *g);
} circuit_kind;
static const circuit_kind kinds[] = {
    {"single transistors", alone},
    {"chains of inverters", inverters},
    {"mirrors", mirrors},
    {"cascodes", cascode},
    {"differential pairs", differential},
    {"gates", gates},
    {"grids", grid},
    {"followers", followers},
    {"single bipolar transistors", bipolar_alone},
    {"bipolar mirrors", bipolar_mirrors},
    {"bipolar pairs", bipolar_pairs},
    {"Darlingtons", darlingtons},
    {"stages", stages},
    {"latches", latches},
    {"random graphs", graphs},
};
static const circuit_kind fets[] = {
    {"single JFETs", jfet_alone},
    {"stages of JFETs", jfet_stages},
    {"pairs of JFETs", jfet_pair},
    {"stages of power transistors", power_stages},
};
enum { KINDS = sizeof kinds / sizeof *kinds, FETS = sizeof fets / sizeof *fets };

int random_transistors_kinds(void) {
    return KINDS;
}

const char *random_transistors_name(int k) {
    return kinds[k].name;
}

bool random_transistors(uint64_t seed, eq_text *deck, unsigned *uses) {
    gen g = {.r = eq_random_seed(seed), .t = deck};
    unsigned kind = below(&g, KINDS);
    g.vdd = between(&g, 2.0, 5.0);
    g.alone = kinds[kind].write == alone;
    eq_text_printf(deck, "random transistors %u\n", (unsigned)seed);
    source(&g, "vdd", g.vdd);
    for (unsigned k = 0; k < 2; k++) {
        model(&g, 'n', k);
        model(&g, 'p', k);
        bipolar_model(&g, 'n', k);
        bipolar_model(&g, 'p', k);
    }
    eq_text_printf(deck, ".model dd d(is=%.4g n=%.4g rs=%.4g)\n", decades(&g, 1e-16, 1e-12),
                   between(&g, 1.0, 1.8), decades(&g, 0.1, 20.0));
    if (below(&g, 3) == 0) eq_text_printf(deck, ".temp %.4g\n", between(&g, -40.0, 100.0));
    kinds[kind].write(&g);
    if (uses != NULL) uses[kind]++;
    eq_text_puts(deck, ".op\n");
    return false;
}

int random_fets_kinds(void) {
    return FETS;
}

const char *random_fets_name(int k) {
    return fets[k].name;
}

bool random_fets(uint64_t seed, eq_text *deck, unsigned *uses) {
    gen g = {.r = eq_random_seed(seed), .t = deck};
    unsigned kind = below(&g, FETS);
    g.vdd = between(&g, 2.0, 12.0);
    eq_text_printf(deck, "random transistors %u\n", (unsigned)seed);
    source(&g, "vdd", g.vdd);
    if (below(&g, 3) == 0) eq_text_printf(deck, ".temp %.4g\n", between(&g, -40.0, 100.0));
    fets[kind].write(&g);
    if (uses != NULL) uses[kind]++;
    eq_text_puts(deck, ".op\n");
    return false;
}
