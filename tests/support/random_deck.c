#include "random_deck.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"

/* What other work is on, to be switched on with it: .options temp= beside .temp; a remark behind a
 * .param of two parameters */
enum { TWO_TEMPERATURES = 1, PARAM_REMARKS = 1 };

typedef struct gen {
    eq_random r;
    eq_text *t;
    unsigned nodes, params, k; /* k: number of the card that is made */
    bool inside;               /* a subcircuit: its nodes are p, q, 0 */
    bool shout, untidy;        /* how this deck is spelt */
    bool remarks;              /* may stand behind this card */
    bool island;
} gen;

static unsigned below(gen *g, unsigned n) {
    return (unsigned)eq_random_below(&g->r, n);
}

static bool chance(gen *g, unsigned of) {
    return below(g, of) == 0;
}

static double between(gen *g, double low, double high) {
    return low + (high - low) * eq_random_uniform(&g->r);
}

#define PICK(g, list) list[below(g, sizeof list / sizeof *list)]

/* --- how a card is spelt --- */

static void remark(gen *g) {
    if (!g->remarks) return;
    static const char *const words[] = {"r9 a b 1k", "a remark, 'with {signs", "= + .end?", ""};
    eq_text_printf(g->t, "%s%s", PICK(g, ((const char *const[]){" ; ", " $ ", " ;"})),
                   PICK(g, words));
}

static void line_between(gen *g) {
    static const char *const lines[] = {"* a remark\n", "*r9 a b 1k\n", "\n", "   \n", "*\n"};
    if (g->untidy && chance(g, 8)) eq_text_puts(g->t, PICK(g, lines));
}

static void gap(gen *g) {
    static const char *const gaps[] = {" ", "  ", "\t", " \t "};
    if (g->untidy && chance(g, 10)) {
        if (chance(g, 4)) remark(g);
        eq_text_puts(g->t, chance(g, 2) ? "\n+ " : "\n+");
    } else {
        eq_text_puts(g->t, g->untidy ? PICK(g, gaps) : " ");
    }
}

/* Writes one card, made with single blanks: those outside of braces and quotes may become any gap,
 * = may have blanks around it, letters any case. */
static void spell(gen *g, const char *card) {
    int depth = 0;
    bool quote = false;
    g->remarks = PARAM_REMARKS || strncmp(card, ".param", 6) != 0;
    line_between(g);
    for (const char *p = card; *p != '\0'; p++) {
        if (*p == '\'') quote = !quote;
        depth += (*p == '{' || *p == '(') - (*p == '}' || *p == ')');
        bool outside = depth == 0 && !quote;
        if (*p == ' ' && outside)
            gap(g);
        else if (*p == '=' && outside && g->untidy && chance(g, 3))
            eq_text_puts(g->t, PICK(g, ((const char *const[]){" = ", "= ", " ="})));
        else
            eq_text_printf(g->t, "%c", g->shout && chance(g, 2) ? toupper(*p) : *p);
    }
    if (g->untidy && chance(g, 8)) remark(g);
    eq_text_puts(g->t, "\n");
}

static void card(gen *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void card(gen *g, const char *format, ...) {
    char text[2048];
    va_list a;
    va_start(a, format);
    vsnprintf(text, sizeof text, format, a);
    va_end(a);
    spell(g, text);
}

/* --- numbers and expressions; texts live in a ring --- */

typedef struct piece {
    char text[768];
} piece;

static piece printed(const char *format, ...) __attribute__((format(printf, 1, 2)));
static piece printed(const char *format, ...) {
    piece p;
    va_list a;
    va_start(a, format);
    vsnprintf(p.text, sizeof p.text, format, a);
    va_end(a);
    return p;
}

/* A number of size x with 4 digits, with a suffix or without. */
static piece number(gen *g, double x) {
    static const struct {
        const char *suffix;
        double size;
    } suffix[] = {{"k", 1e3},   {"meg", 1e6}, {"m", 1e-3},   {"u", 1e-6},  {"n", 1e-9}, {"K", 1e3},
                  {"MEG", 1e6}, {"M", 1e-3},  {"kohm", 1e3}, {"mV", 1e-3}, {"uA", 1e-6}};
    unsigned k = below(g, 16);
    if (k < sizeof suffix / sizeof *suffix && fabs(x / suffix[k].size) < 1e4 &&
        fabs(x / suffix[k].size) > 1e-2)
        return printed("%.4g%s", x / suffix[k].size, suffix[k].suffix);
    return printed(k % 3 == 0 ? "%.4e" : k % 3 == 1 ? "%.5G" : "%.4g", x);
}

static piece param(gen *g) {
    return g->params == 0 ? printed("1.25") : printed("p%u", below(g, g->params));
}

/* An expression of parameters between about 0.2 and 4. */
static piece positive(gen *g, int depth) {
    static const char *const form[] = {
        "sqrt(%s*%s)",         "(%s+%s)/2",
        "abs(%s-%s)+0.3",      "%s/(0.5+%s)",
        "(%s>%s?1.5:0.7)",     "max(0.3,min(%s*%s,2))",
        "tanh(%s)+0.2*%s",     "exp(-%s)+%s/3",
        "ln(1+%s)+%s/4",       "%s**0.5+0.1*%s",
        "pow(%s,0.3)*%s^0.25", "1/(0.4+%s)/(1+%s)",
        "4-%s/2-%s/4",         "atan(%s)+%s/5",
        "int(%s*2)/4+%s/3",    "1.5-0.3*cos(%s)/(1+%s)",
        "log10(9+%s)*%s",      "floor(%s)+0.4+%s/8",
        "2*%s^2/(1+%s^2)",     "cosh(%s/4)+%s/9",
        "nint(%s)/3+%s/3",     "sgn(%s-1)*0.2+%s/2+.3",
        "(%s>1?(%s):0.8)",     "(%s<1||%s<1)*0.5+1",
        "mix(%s,%s)",          "asinh(%s)+0.1*%s",
        "-(-%s)/2+%s/3",
    };
    if (depth == 0 || chance(g, 4))
        return chance(g, 2) ? param(g) : printed("%.3g", between(g, 0.4, 2.5));
    piece a = positive(g, depth - 1), b = positive(g, depth - 1);
    char text[sizeof a.text];
    snprintf(text, sizeof text, PICK(g, form), a.text, b.text);
    return printed("(%s)", text);
}

/* A positive value of size x: a number, or an expression in braces or quotes. */
static piece value(gen *g, double x) {
    if (!chance(g, 3)) return number(g, x);
    piece e = positive(g, 2), n = number(g, x);
    return chance(g, 2) ? printed("{%s*(%s)}", n.text, e.text)
                        : printed("'(%s)*%s'", e.text, n.text);
}

/* A node: ground now and then. */
static piece node(gen *g) {
    static const char *const local[] = {"p", "q", "0"};
    if (g->inside) return printed("%s", PICK(g, local));
    unsigned n = below(g, g->nodes + 1);
    return n == 0 ? printed("%s", chance(g, 2) ? "0" : "gnd") : printed("n%u", n);
}

/* A function of potentials whose slope is a few units at most. */
static piece formula(gen *g, int depth) {
    static const char *const form[] = {
        "tanh(%s)*cos(%s)",
        "sin(%s)+0.3*%s",
        "atan(%s)-%s/3",
        "asin(0.9*tanh(%s))+%s/4",
        "acos(0.8*tanh(%s))*tanh(%s)",
        "sqrt(1+(%s)^2)-%s/2",
        "abs(%s)-0.4*(%s)",
        "min(%s,%s)",
        "max(%s,%s)",
        "exp(tanh(%s))*tanh(%s)",
        "ln(2+abs(%s))+0.2*%s",
        "(%s)*tanh(%s)/2",
        "pow(tanh(%s),3)+0.2*(%s)",
        "pwr(tanh(%s),1.5)-0.3*(%s)",
        "((%s)>9?1:0.5)*tanh(%s)",
        "pow(tanh(%s),2)+0.3*%s",
        "asinh(%s)-tanh(%s)",
        "sinh(tanh(%s))/2+%s/5",
        "cosh(tanh(%s))-0.5*%s",
        "uramp(%s)-uramp(%s)/2",
        "log10(3+abs(%s))*tanh(%s)",
        "atanh(0.8*tanh(%s))/2+%s/6",
        "0.5-%s-%s/2",
        "u2(%s)+0.2*%s",
        "0.7*(%s)-tanh(%s)**4/3",
        "-tanh(%s)^2-(%s)/4",
        "tan(tanh(%s)/2)+0.1*%s",
        "mix(1+abs(%s),abs(%s))",
        "exp(-abs(%s))*tanh(%s)",
        "(%s)/(2+abs(%s))",
    };
    if (depth == 0 || chance(g, 4)) {
        piece a = node(g), b = node(g);
        switch (below(g, 8)) {
        case 6: /* of a constant ngspice's pwl ends in a segmentation fault */
            return printed("pwl(v(%s),-2,-1,0,0.2,1,1,3,2)", g->inside ? "p" : "n1");
        case 7: /* |x|^3 in ngspice; of a negative constant it is refused here */
            return printed("(tanh(v(%s))**3)", a.text);
        case 0:
            return printed("v(%s,%s)", a.text, b.text);
        case 1:
            return g->inside ? param(g) : printed("90*i(vs0)");
        case 2:
            return chance(g, 4) ? printed("temper/100") : param(g);
        default:
            return printed("v(%s)", a.text);
        }
    }
    piece a = formula(g, depth - 1), b = formula(g, depth - 1);
    char text[sizeof a.text];
    snprintf(text, sizeof text, PICK(g, form), a.text, b.text);
    return printed("%s", text);
}

static piece multiplier(gen *g) {
    if (!chance(g, 4)) return printed("%s", "");
    piece e = positive(g, 1);
    return chance(g, 2) ? printed(" m=%u", 1 + below(g, 4)) : printed(" m={0.2+abs(%s)}", e.text);
}

/* --- cards; a is the node that is made sure of, every loop has a resistor --- */

static double ohms(gen *g) {
    return pow(10, between(g, 2.3, 4.5));
}

static void resistor(gen *g, const char *a) {
    piece b = node(g), v = value(g, ohms(g)), m = multiplier(g);
    static const char *const form[] = {"r%u %s %s %s%s", "r%u %s %s r=%s%s"};
    char text[1024];
    snprintf(text, sizeof text, PICK(g, form), g->k, a, b.text, v.text, m.text);
    spell(g, text);
}

static void warm_resistor(gen *g, const char *a) {
    piece b = node(g), v = value(g, ohms(g)), m = multiplier(g);
    double tc1 = between(g, -2e-3, 4e-3), tc2 = between(g, -1e-6, 9e-6);
    switch (below(g, 5)) {
    case 0:
        card(g, "r%u %s %s %s tc1=%.3g tc2=%.3g%s", g->k, a, b.text, v.text, tc1, tc2, m.text);
        break;
    case 1:
        card(g, "r%u %s %s %s tc=%.3g%s", g->k, a, b.text, v.text, tc1, m.text);
        break;
    case 2:
        card(g, "r%u %s %s %.4g rm%s", g->k, a, b.text, ohms(g), m.text);
        break;
    case 3:
        card(g, "r%u %s %s rm %s dtemp=%.3g%s", g->k, a, b.text, v.text, between(g, -30, 60),
             m.text);
        break;
    default:
        card(g, "r%u %s %s %s tc1=%.3g temp=%.3g%s", g->k, a, b.text, v.text, tc1,
             between(g, -30, 120), m.text);
    }
}

static void shaped_resistor(gen *g, const char *a) {
    piece b = node(g);
    card(g, "r%u %s %s rg l=%.3gu w=%.3gu", g->k, a, b.text, between(g, 10, 90), between(g, 2, 5));
}

static void diode(gen *g, const char *a) {
    piece b = node(g), m = multiplier(g);
    const char *way[2] = {a, b.text};
    unsigned first = below(g, 2);
    piece temp = chance(g, 3)
                     ? printed(chance(g, 2) ? " temp=%.3g" : " dtemp=%.3g", between(g, -20, 80))
                     : printed("%s", "");
    piece area = chance(g, 3) ? printed(" area=%.3g", between(g, 0.3, 3)) : printed("%s", "");
    card(g, "d%u %s %s dm%u%s%s%s", g->k, way[first], way[1 - first], below(g, 3), area.text,
         m.text, temp.text);
}

static void current(gen *g, const char *a) {
    piece b = node(g), v = number(g, between(g, -3e-3, 3e-3)), m = multiplier(g);
    static const char *const form[] = {"i%u %s %s dc %s%s", "i%u %s %s %s%s", "i%u %s %s dc=%s%s"};
    char text[1024];
    snprintf(text, sizeof text, PICK(g, form), g->k, a, b.text, v.text, m.text);
    spell(g, text);
}

static void voltage(gen *g, const char *a) {
    piece v = value(g, between(g, 0.2, 4));
    card(g, "v%u w%u 0 %s%s%s", g->k, g->k, chance(g, 2) ? "dc " : "", v.text,
         chance(g, 3) ? " ac 1 0" : "");
    card(g, "rv%u w%u %s %s", g->k, g->k, a, number(g, ohms(g)).text);
}

static void linear_g(gen *g, const char *a) {
    piece b = node(g), c = node(g), d = node(g), m = multiplier(g);
    card(g, "g%u %s %s %s %s %s%s", g->k, a, b.text, c.text, d.text,
         number(g, between(g, -3e-5, 3e-5)).text, m.text);
}

static void linear_e(gen *g, const char *a) {
    piece c = node(g), d = node(g);
    card(g, "e%u w%u 0 %s %s %s", g->k, g->k, c.text, d.text,
         number(g, between(g, -0.7, 0.7)).text);
    card(g, "re%u w%u %s %s", g->k, g->k, a, number(g, ohms(g)).text);
}

static void linear_f(gen *g, const char *a) {
    piece b = node(g), m = multiplier(g);
    card(g, "f%u %s %s vs0 %s%s", g->k, a, b.text, number(g, between(g, -0.3, 0.3)).text, m.text);
}

static void linear_h(gen *g, const char *a) {
    card(g, "h%u w%u 0 vs0 %s", g->k, g->k, number(g, between(g, -90, 90)).text);
    card(g, "rh%u w%u %s %s", g->k, g->k, a, number(g, ohms(g)).text);
}

static void poly_e(gen *g, const char *a) {
    piece c = node(g), d = node(g), n = node(g);
    double p = between(g, -0.4, 0.4), q = between(g, -0.3, 0.3);
    if (chance(g, 2))
        card(g, "e%u w%u 0 poly(1) %s %s %.3g %.3g %.3g", g->k, g->k, c.text, d.text, p, q, q / 20);
    else
        card(g, "e%u w%u 0 poly(2) %s %s (%s,0) %.3g %.3g %.3g %.3g 0.01", g->k, g->k, c.text,
             d.text, n.text, p, q, -q / 2, p / 20);
    card(g, "re%u w%u %s %s", g->k, g->k, a, number(g, ohms(g)).text);
}

static void poly_g(gen *g, const char *a) {
    piece b = node(g), c = node(g), d = node(g);
    double p = between(g, -9e-5, 9e-5);
    card(g, "g%u %s %s poly(2) %s 0 %s 0 %.3g %.3g %.3g", g->k, a, b.text, c.text, d.text, p, p / 3,
         -p / 4);
}

static void poly_f(gen *g, const char *a) {
    piece b = node(g);
    card(g, "f%u %s %s poly(1) vs0 %.3g %.3g %.3g", g->k, a, b.text, between(g, -1e-4, 1e-4),
         between(g, -0.3, 0.3), between(g, -3, 3));
    if (chance(g, 2)) return;
    card(g, "h%u w%u 0 poly(1) vs0 %.3g %.3g %.3g", g->k, g->k, between(g, -0.5, 0.5),
         between(g, -60, 60), between(g, -90, 90));
    card(g, "rh%u w%u %s %s", g->k, g->k, a, number(g, ohms(g)).text);
}

static void behavioural_i(gen *g, const char *a) {
    piece b = node(g), f = formula(g, 3), m = multiplier(g);
    static const char *const form[] = {"b%u %s %s i=%.2gu*(%s)%s", "g%u %s %s value={%.2gu*(%s)}%s",
                                       "g%u %s %s cur='%.2gu*(%s)'%s"};
    char text[2048];
    snprintf(text, sizeof text, PICK(g, form), g->k, a, b.text, between(g, 1, 40), f.text, m.text);
    spell(g, text);
}

static void behavioural_v(gen *g, const char *a) {
    piece f = formula(g, 3);
    static const char *const form[] = {"b%u w%u 0 v=%.2g*(%s)", "e%u w%u 0 value={%.2g*(%s)}",
                                       "e%u w%u 0 vol='%.2g*(%s)'"};
    char text[2048];
    snprintf(text, sizeof text, PICK(g, form), g->k, g->k, between(g, 0.05, 0.3), f.text);
    spell(g, text);
    card(g, "ro%u w%u %s %s", g->k, g->k, a, number(g, ohms(g)).text);
}

static void table_e(gen *g, const char *a) {
    piece c = node(g);
    card(g, "e%u w%u 0 table {v(%s)} = (-2,%.3g) (0,%.3g) (1.5,%.3g) (3,1)", g->k, g->k, c.text,
         between(g, -1, 0), between(g, -0.3, 0.3), between(g, 0.3, 1));
    card(g, "re%u w%u %s %s", g->k, g->k, a, number(g, ohms(g)).text);
}

static void formula_resistor(gen *g, const char *a) {
    piece b = node(g), c = node(g), m = multiplier(g), v = number(g, ohms(g));
    card(g, "r%u %s %s r='%s*(1+%.2g*v(%s)*v(%s))'%s", g->k, a, b.text, v.text, between(g, 0, 0.3),
         c.text, c.text, m.text);
}

static void switches(gen *g, const char *a) {
    piece b = node(g);
    static const char *const start[] = {"", " on", " off"};
    card(g, "v%u w%u 0 %.3f7", g->k, g->k, between(g, 0, 2)); /* no threshold has four digits */
    if (chance(g, 2)) {
        card(g, "s%u %s z%u w%u 0 sm%s", g->k, a, g->k, g->k, PICK(g, start));
    } else {
        card(g, "rc%u w%u 0 1k", g->k, g->k);
        card(g, "w%u %s z%u v%u wm%s", g->k, a, g->k, g->k, PICK(g, start));
    }
    card(g, "rz%u z%u %s %s", g->k, g->k, b.text, number(g, ohms(g)).text);
}

static void reactances(gen *g, const char *a) {
    piece b = node(g), c = node(g);
    card(g, "l%u %s w%u %s", g->k, a, g->k, "10u");
    card(g, "rl%u w%u %s %s", g->k, g->k, b.text, number(g, ohms(g)).text);
    card(g, "c%u %s %s 1n", g->k, a, c.text);
}

static void instance(gen *g, const char *a) {
    piece b = node(g), v = value(g, ohms(g));
    switch (below(g, 4)) {
    case 0:
        card(g, "x%u %s %s pair", g->k, a, b.text);
        break;
    case 1:
        card(g, "x%u %s %s pair r=%s%s", g->k, a, b.text, v.text, chance(g, 2) ? " m=3" : "");
        break;
    case 2:
        card(g, "x%u %s %s outer w=%.3g", g->k, a, b.text, between(g, 0.4, 3));
        break;
    default:
        card(g, "x%u %s %s params: r=%s w={%s}", g->k, a, printed("%s outer", b.text).text, v.text,
             positive(g, 1).text);
    }
}

/* Nodes that hang on nothing: no current reaches them, or none leaves. */
static void island(gen *g, const char *a) {
    g->island = true;
    card(g, "ri%u i%u j%u 1k", g->k, g->k, g->k);
    switch (below(g, 4)) {
    case 0:
        card(g, "ci%u %s i%u 1n", g->k, a, g->k);
        break;
    case 1:
        card(g, "ii%u i%u j%u 1m", g->k, g->k, g->k);
        break;
    case 2:
        card(g, "vi%u i%u k%u 1", g->k, g->k, g->k);
        card(g, "rj%u k%u j%u 2k", g->k, g->k, g->k);
        break;
    default:
        break;
    }
}

/* What other work is on: to be switched on with it. */
static void formula_resistor_tc(gen *g, const char *a) {
    piece b = node(g), c = node(g), v = number(g, ohms(g));
    card(g, "r%u %s %s r='%s*(1+0.2*v(%s)*v(%s))' tc1=%.3g temp=%.3g", g->k, a, b.text, v.text,
         c.text, c.text, between(g, -2e-3, 4e-3), between(g, -30, 120));
}

static void waveform(gen *g, const char *a) {
    static const char *const form[] = {
        "sin(%.3g %.3g 1k %.3gm 100 %.3g)", "pulse(%.3g %.3g %.3gm 1m 2m %.3gm 20m)",
        "exp(%.3g %.3g %.3gm 1m %.3gm 3m)", "sffm(%.3g %.3g 1k %.3g 100 %.3g 30)",
        "pwl(0 %.3g 1m %.3g 2m %.3g 3m %.3g)"};
    char text[128];
    snprintf(text, sizeof text, PICK(g, form), between(g, -2, 2), between(g, -2, 2),
             between(g, -2, 2), between(g, -4, 40));
    card(g, "v%u w%u 0 %s", g->k, g->k, text);
    card(g, "rv%u w%u %s 1k", g->k, g->k, a);
}

static void clamp(gen *g, const char *a) {
    piece f = formula(g, 1);
    card(g, "b%u w%u 0 v=limit(%s,-0.5,0.7)", g->k, g->k, f.text);
    card(g, "ro%u w%u %s 1k", g->k, g->k, a);
}

static void live_island(gen *g, const char *a) {
    g->island = true;
    card(g, "ri%u i%u j%u 1k", g->k, g->k, g->k);
    if (chance(g, 2))
        card(g, "gi%u i%u j%u %s 0 1m", g->k, g->k, g->k, a);
    else
        card(g, "bi%u i%u j%u i=1u*v(%s)", g->k, g->k, g->k, a);
}

static void tiny_current(gen *g, const char *a) {
    (void)a;
    card(g, "i%u 0 w%u 1e-%u", g->k, g->k, 14 + below(g, 4));
    card(g, "rt%u w%u 0 1e14", g->k, g->k);
}

typedef struct kind {
    const char *name;
    bool on;
    unsigned weight; /* among the cards of a deck */
    void (*write)(gen *g, const char *a);
} kind;

static const kind kinds[] = {
    {"resistors", true, 3, resistor},
    {"resistors with temperature", true, 4, warm_resistor},
    {"resistors by shape", true, 1, shaped_resistor},
    {"diodes", true, 6, diode},
    {"current sources", true, 2, current},
    {"voltage sources", true, 2, voltage},
    {"G", true, 2, linear_g},
    {"E", true, 2, linear_e},
    {"F", true, 2, linear_f},
    {"H", true, 2, linear_h},
    {"E poly", true, 2, poly_e},
    {"G poly", true, 2, poly_g},
    {"F and H poly", true, 2, poly_f},
    {"behavioural currents", true, 4, behavioural_i},
    {"behavioural voltages", true, 4, behavioural_v},
    {"tables", true, 1, table_e},
    {"resistances that are formulas", true, 2, formula_resistor},
    {"switches", true, 2, switches},
    {"L and C", true, 1, reactances},
    {"instances", true, 4, instance},
    {"islands", true, 0, island},
    {"formulas r with tc1 and temp", true, 2, formula_resistor_tc},
    {"waveforms", true, 2, waveform},
    {"limit()", false, 1, clamp},
    {"islands with controlled sources", true, 0, live_island},
    {"tiny currents", true, 1, tiny_current},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

int random_card_kinds(void) {
    return KINDS;
}

const char *random_card_name(int k) {
    return kinds[k].name;
}

static int pick_kind(gen *g) {
    unsigned total = 0;
    for (int k = 0; k < KINDS; k++) total += kinds[k].on ? kinds[k].weight : 0;
    unsigned at = below(g, total);
    for (int k = 0; k < KINDS; k++) {
        unsigned weight = kinds[k].on ? kinds[k].weight : 0;
        if (at < weight) return k;
        at -= weight;
    }
    return 0;
}

static int pick_island(gen *g) {
    int with[KINDS], n = 0;
    for (int k = 0; k < KINDS; k++)
        if (kinds[k].on && (kinds[k].write == island || kinds[k].write == live_island))
            with[n++] = k;
    return with[below(g, (unsigned)n)];
}

/* --- the parts of a deck --- */

static void parameters(gen *g) {
    unsigned n = 1 + below(g, 6);
    card(g, ".func mix(x,y) {(x+y)/(1+x*y)+0.1}");
    for (g->params = 0; g->params < n; g->params++) {
        piece e = positive(g, 3);
        if (g->params == 0 || chance(g, 4))
            card(g, ".param p%u=%.3g", g->params, between(g, 0.5, 2));
        else
            card(g, chance(g, 2) ? ".param p%u={%s}" : ".param p%u='%s'", g->params, e.text);
    }
}

static void diode_model(gen *g, unsigned k) {
    static const char *const more[] = {"",
                                       " bv=2.5",
                                       " ikf=100u",
                                       " isr=1e-11 nr=1.8",
                                       " bv=1.5 ibv=10u nbv=2",
                                       " level=1 cjo=1p tt=1n",
                                       " ikf=1m isr=1e-10 vj=0.8 mj=0.4",
                                       " eg=0.9 xti=2",
                                       " tnom=40"};
    piece is = number(g, pow(10, -between(g, 7, 14)));
    card(g, ".model dm%u d(is=%s n=%.3g rs=%.3g%s%s)", k, is.text, between(g, 1, 2),
         chance(g, 2) ? 0 : between(g, 1, 50), PICK(g, more), PICK(g, more));
}

static void models(gen *g) {
    for (unsigned k = 0; k < 3; k++) diode_model(g, k);
    card(g, ".model rm r(tc1=%.3g tc2=%.3g)", between(g, -1e-3, 4e-3), between(g, -1e-6, 9e-6));
    card(g, ".model rg r(rsh=%.3g narrow=0.%uu tc1=1m)", between(g, 50, 500), below(g, 10));
    card(g, ".model sm sw(vt=1 vh=%.3g ron=%.3g roff=1meg)", between(g, 0, 0.4), between(g, 1, 50));
    card(g, ".model wm csw(it=%.3gm ih=%.3gm ron=10 roff=%s)", between(g, -2, 2),
         between(g, 0, 0.3), "2meg");
}

/* A subcircuit of its parameter r, and one that has another inside and instances of both. */
static void subcircuits(gen *g) {
    g->inside = true;
    card(g, ".subckt pair p q r=%s", number(g, ohms(g)).text);
    card(g, "r1 p m {r}");
    card(g, "r2 m q {r*%s}", positive(g, 1).text);
    card(g, "d1 m q dm%u", below(g, 3));
    card(g, ".ends");
    card(g, ".subckt outer p q r=1k w=2");
    card(g, ".param h={w/(1+w)} kk={h*%s}", positive(g, 1).text);
    card(g, ".subckt inner p q r=%s s=1", number(g, ohms(g)).text);
    card(g, "r1 p q {r*(1+s)}");
    card(g, "b1 p q i=10u*(%s)", formula(g, 2).text);
    card(g, ".ends inner");
    card(g, "x1 p m inner s={kk}");
    card(g, "x2 m q pair r={r*h+100}");
    card(g, "x3 m 0 inner r={2*r} s='w+h'");
    if (chance(g, 2)) card(g, ".model dl d(is=%s)", number(g, 1e-12).text), card(g, "d1 m 0 dl");
    card(g, ".ends outer");
    g->inside = false;
}

static void temperatures(gen *g) {
    double t = between(g, -20, 90);
    unsigned way = below(g, 4);
    if (way == 0) card(g, ".temp %.4g", t);
    if (way == 1) card(g, ".options temp=%.4g", t);
    if (way == 0 && TWO_TEMPERATURES) card(g, ".options temp=%.4g", t + 20);
    if (chance(g, 4)) card(g, ".options tnom=%.3g", between(g, 15, 40));
}

bool random_deck(uint64_t seed, eq_text *deck, unsigned *uses) {
    gen g = {.r = eq_random_seed(seed), .t = deck};
    g.nodes = 3 + below(&g, 12);
    g.shout = chance(&g, 3);
    g.untidy = chance(&g, 2);
    eq_text_printf(deck, "random deck %u\n", (unsigned)seed);
    parameters(&g);
    models(&g);
    subcircuits(&g);
    temperatures(&g);
    card(&g, "v0 top 0 %s", number(&g, between(&g, -5, 5)).text);
    card(&g, "rt top in %s", number(&g, between(&g, 100, 300)).text);
    card(&g, "vs0 in n1 0");
    card(&g, "rz n1 0 %s", number(&g, between(&g, 100, 900)).text);
    for (g.k = 1; g.k <= g.nodes; g.k++) {
        char a[16];
        int k = pick_kind(&g);
        snprintf(a, sizeof a, "n%u", g.k);
        unsigned below_it = below(&g, g.k);
        card(&g, "rb%u %s %s%u %s", g.k, a, below_it == 0 ? "" : "n", below_it,
             number(&g, between(&g, 200, 2000)).text);
        kinds[k].write(&g, a);
        if (uses != NULL) uses[k]++;
    }
    if (chance(&g, 25)) {
        int k = pick_island(&g);
        kinds[k].write(&g, "n1");
        if (uses != NULL) uses[k]++;
    }
    card(&g, ".op");
    return g.island;
}
