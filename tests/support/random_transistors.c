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

static const struct {
    const char *name;
    void (*write)(gen *g);
} kinds[] = {
    {"single transistors", alone},
    {"chains of inverters", inverters},
    {"mirrors", mirrors},
    {"cascodes", cascode},
    {"differential pairs", differential},
    {"gates", gates},
    {"grids", grid},
    {"followers", followers},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

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
    }
    if (below(&g, 3) == 0) eq_text_printf(deck, ".temp %.4g\n", between(&g, -40.0, 100.0));
    kinds[kind].write(&g);
    if (uses != NULL) uses[kind]++;
    eq_text_puts(deck, ".op\n");
    return false;
}
