#include "random_memristors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"

enum { MOST_NUMBERS = 7 };

/* A model: its type, its numbers, each between two, and the current of a drop v(p,n) at a state v(s),
 * in the words of its paper (docs/memristors.md). */
typedef struct model {
    const char *type, *more; /* more: what its card says beside the numbers */
    struct {
        const char *name;
        double low, high;
    } number[MOST_NUMBERS];
    const char *current;
} model;

static const model models[] = {
    {"drift",
     " d=10n window=2",
     {{"ron", 200, 2e3}, {"roff", 4e3, 4e4}},
     "v(p,n)/(ron*v(s)+roff*(1-v(s)))"},
    {"sinh", "", {{"g", 1e-5, 1e-3}, {"v0", 0.2, 1}}, "g*v0*sinh(v(p,n)/v0)"},
    {"yakopcic",
     " vp=0.2",
     {{"a1", 1e-4, 1e-2}, {"a2", 1e-4, 1e-2}, {"b", 0.5, 3}},
     "(v(p,n) >= 0 ? a1 : a2)*v(s)*sinh(b*v(p,n))"},
    {"vteam", "", {{"ron", 50, 1e3}, {"roff", 2e3, 4e4}}, "v(p,n)/(ron+(roff-ron)*v(s))"},
    {"vteam", " iv=1", {{"ron", 50, 1e3}, {"roff", 2e3, 4e4}}, "v(p,n)/ron*exp(v(s)*ln(ron/roff))"},
    {"rram",
     "",
     {{"i0", 1e-4, 1e-2},
      {"g0", 2e-10, 4e-10},
      {"v0", 0.25, 0.6},
      {"gapmin", 1e-10, 4e-10},
      {"gapmax", 1e-9, 1.8e-9}},
     "i0*exp(-(gapmin+(gapmax-gapmin)*(1-v(s)))/g0)*sinh(v(p,n)/v0)"},
    {"mms",
     "",
     {{"ron", 300, 1e3},
      {"roff", 1.5e3, 1e4},
      {"phi", 0.3, 1},
      {"sfa", 1e-6, 1e-4},
      {"sfb", 1, 4},
      {"sra", 1e-6, 1e-4},
      {"srb", 1, 4}},
     "phi*v(p,n)*(v(s)/ron+(1-v(s))/roff)+(1-phi)*(sfa*(exp(sfb*v(p,n))-1)-sra*(exp(-srb*v(p,n))-"
     "1))"},
};
enum { MODELS = sizeof models / sizeof *models, SINH = 1, SUBCIRCUITS = MODELS, KINDS };

typedef struct gen {
    eq_random r;
    eq_text *t;
    bool there; /* subcircuits alone */
    unsigned made, *uses;
} gen;

static unsigned below(gen *g, unsigned n) {
    return (unsigned)eq_random_below(&g->r, n);
}

static double between(gen *g, double low, double high) {
    return low + (high - low) * eq_random_uniform(&g->r);
}

static double decades(gen *g, double low, double high) {
    return low * pow(high / low, eq_random_uniform(&g->r));
}

/* The numbers of model k on its card and in its subcircuit: the state where a current drives it through
 * a resistor, and a capacitor beside that. */
static void write_model(gen *g, int k) {
    const model *m = &models[k];
    char numbers[256] = "";
    for (int n = 0; n < MOST_NUMBERS && m->number[n].name != NULL; n++) {
        size_t length = strlen(numbers);
        snprintf(numbers + length, sizeof numbers - length, " %s=%.4g", m->number[n].name,
                 decades(g, m->number[n].low, m->number[n].high));
    }
    double r = decades(g, 10.0, 1e6);
    if (!g->there) eq_text_printf(g->t, ".model m%d %s(%s%s)\n", k, m->type, numbers + 1, m->more);
    eq_text_printf(g->t,
                   ".subckt cell%d p n x=0.5 k=1%s\ngx 0 s value={x/%.4g}\nrx s 0 %.4g\ncx s 0 "
                   "1u\ngm p n value={k*(%s)}\n.ends\n",
                   k, numbers, r, r, m->current);
}

/* A memristor, m of them side by side, its state written in one of the ways. */
static void memristor(gen *g, int k, const char *a, const char *b) {
    static const char *const state[] = {"x=", "x0=", "state=", "ic=", ""};
    double x = between(g, 0.05, 1.0), m = below(g, 4) == 0 ? 1.0 + below(g, 3) : 1.0;
    bool named = below(g, 4) == 0, cell = below(g, 3) == 0 || g->there;
    const char *spelt = state[below(g, 5)];
    unsigned number = g->made++;
    if (g->uses != NULL) g->uses[k]++, g->uses[SUBCIRCUITS] += cell;
    if (cell) {
        eq_text_printf(g->t, "x%u %s %s cell%d x=%.4g k=%g\n", number, a, b, k, x, m);
        return;
    }
    eq_text_printf(g->t, "%s%u %s %s m%d", named ? "ymemristor mr" : "y", number, a, b, k);
    if (k != SINH) eq_text_printf(g->t, " %s%.4g", spelt, x);
    if (m > 1.0) eq_text_printf(g->t, " m=%g", m);
    eq_text_puts(g->t, "\n");
}

/* Rows that sources drive, columns with a load, some with a pair of diodes; one model in all cells. */
static void crossbar(gen *g) {
    unsigned rows = 2 + below(g, 4), columns = 1 + below(g, 4);
    int k = (int)below(g, MODELS);
    for (unsigned r = 0; r < rows; r++)
        eq_text_printf(g->t, "vr%u r%u 0 %.4g\n", r, r, between(g, -1.2, 1.2));
    for (unsigned c = 0; c < columns; c++) {
        char row[16], column[16];
        snprintf(column, sizeof column, "c%u", c);
        eq_text_printf(g->t, "rl%u %s 0 %.4g\n", c, column, decades(g, 100.0, 1e5));
        if (below(g, 3) == 0)
            eq_text_printf(g->t, "da%u %s 0 dm\ndb%u 0 %s dm\n", c, column, c, column);
        for (unsigned r = 0; r < rows; r++) {
            snprintf(row, sizeof row, "r%u", r);
            memristor(g, k, row, column);
        }
    }
}

/* Each node hangs on one before it by a resistor, and memristors of any model lie between any two, in
 * either direction. */
static void graph(gen *g) {
    unsigned nodes = 2 + below(g, 8), elements = nodes + below(g, 2 * nodes);
    eq_text_printf(g->t, "v0 n0 0 %.4g\n", between(g, -1.2, 1.2));
    for (unsigned n = 1; n < nodes; n++) {
        eq_text_printf(g->t, "rn%u n%u n%u %.4g\n", n, n, below(g, n), decades(g, 300.0, 3e4));
        if (below(g, 3) == 0) eq_text_printf(g->t, "rg%u n%u 0 %.4g\n", n, n, decades(g, 1e3, 1e5));
    }
    for (unsigned e = 0; e < elements; e++) {
        unsigned a = below(g, nodes), b = below(g, nodes + 1);
        char plus[16], minus[16];
        snprintf(plus, sizeof plus, "n%u", a);
        snprintf(minus, sizeof minus, "n%u", b);
        if (b == nodes || a == b) snprintf(minus, sizeof minus, "0");
        memristor(g, (int)below(g, MODELS), plus, minus);
    }
}

static bool make(uint64_t seed, eq_text *deck, unsigned *uses, bool there) {
    gen g = {.r = eq_random_seed(seed), .t = deck, .there = there, .uses = uses};
    eq_text_printf(deck, "random memristors %u\n.model dm d(is=%.3g n=%.3g)\n", (unsigned)seed,
                   decades(&g, 1e-14, 1e-9), between(&g, 1.0, 2.0));
    for (int k = 0; k < MODELS; k++) write_model(&g, k);
    if (below(&g, 2) == 0)
        crossbar(&g);
    else
        graph(&g);
    eq_text_puts(deck, ".op\n");
    return false;
}

int random_memristors_kinds(void) {
    return KINDS;
}

const char *random_memristors_name(int kind) {
    return kind == SUBCIRCUITS ? "of these as subcircuits" : models[kind].type;
}

bool random_memristors(uint64_t seed, eq_text *deck, unsigned *uses) {
    return make(seed, deck, uses, false);
}

bool random_memristors_there(uint64_t seed, eq_text *deck, unsigned *uses) {
    return make(seed, deck, uses, true);
}
