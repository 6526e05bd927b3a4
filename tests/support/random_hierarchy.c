/* Random decks of another build than random_deck.c: most elements stand in subcircuits, up to four
 * deep, some defined inside others, whose parameters go on to the instances inside; m=; POLY of one to three controls; tables; and cards
 * broken and spaced in every way that a line may be. */
#include "random_hierarchy.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum { MOST_NODES = 16, MOST_PARAMS = 8, MOST_SUBCKTS = 8, PORTS = 3 };

typedef struct text {
    char s[700];
} text;

/* Where a card stands: its nodes and the names that its formulas may use. */
typedef struct scope {
    text node[MOST_NODES], param[MOST_PARAMS];
    unsigned nodes, params, number; /* number: of the next element */
    int level;                      /* of the subcircuit; 0: top */
    bool plain;                     /* see part */
} scope;

/* A subcircuit that may be used. */
typedef struct part {
    char name[16];
    unsigned number, ports, params; /* params kNUMBER_0, .. */
    int level;
    bool plain; /* its instances may have m=: ngspice 39 forgets the m of the instance at a card
                   that has its own, in instances inside and behind a subcircuit that is defined
                   inside, does not multiply a B, and refuses F and G poly there */
} part;

typedef struct gen {
    eq_random r;
    eq_text *t;
    scope *at;
    part part[MOST_SUBCKTS];
    unsigned parts, globals;
    bool shout, untidy, windows; /* how this deck is spelt */
    unsigned *uses;
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

static text say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static text say(const char *format, ...) {
    text p;
    va_list a;
    va_start(a, format);
    vsnprintf(p.s, sizeof p.s, format, a);
    va_end(a);
    return p;
}

static void append(text *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(text *to, const char *format, ...) {
    size_t used = strlen(to->s);
    va_list a;
    va_start(a, format);
    vsnprintf(to->s + used, sizeof to->s - used, format, a);
    va_end(a);
}

/* --- how a card is spelt --- */

static void end_line(gen *g) {
    if (g->untidy && chance(g, 6))
        eq_text_puts(g->t, PICK(g, ((const char *const[]){" ", "\t", "  "})));
    if (g->untidy && chance(g, 12)) eq_text_puts(g->t, " ; r9 a b 1k");
    eq_text_puts(g->t, g->windows ? "\r\n" : "\n");
}

static void idle_line(gen *g) {
    static const char *const lines[] = {"* r9 a b 1k", "", "  ", "\t", "*", "* + 5"};
    eq_text_puts(g->t, PICK(g, lines));
    eq_text_puts(g->t, g->windows ? "\r\n" : "\n");
}

/* What may stand for a blank. */
static void gap(gen *g) {
    static const char *const blanks[] = {" ", "  ", "\t", " \t", "    "};
    static const char *const goes_on[] = {"+ ", "+", "+\t", "+   "};
    if (!g->untidy || !chance(g, 7)) {
        eq_text_puts(g->t, g->untidy ? PICK(g, blanks) : " ");
        return;
    }
    end_line(g);
    while (chance(g, 4)) idle_line(g);
    eq_text_puts(g->t, PICK(g, goes_on));
}

/* Writes one card, made with single blanks; ~ is a place where a blank may stand. */
static void card(gen *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void card(gen *g, const char *format, ...) {
    char line[4096];
    va_list a;
    va_start(a, format);
    vsnprintf(line, sizeof line, format, a);
    va_end(a);
    if (g->untidy && chance(g, 8)) idle_line(g);
    if (g->untidy && chance(g, 8)) eq_text_puts(g->t, " ");
    for (const char *p = line; *p != '\0'; p++)
        if (*p == ' ')
            gap(g);
        else if (*p == '~')
            eq_text_puts(g->t, g->untidy && chance(g, 3) ? " " : "");
        else
            eq_text_printf(g->t, "%c", g->shout && chance(g, 2) ? toupper(*p) : *p);
    end_line(g);
}

/* --- numbers, parameters, formulas --- */

/* A number of that size: with four digits, in one of the ways to write one. */
static text number(gen *g, double x) {
    static const struct {
        const char *suffix;
        double size;
    } suffix[] = {{"k", 1e3},     {"meg", 1e6}, {"m", 1e-3},  {"u", 1e-6},
                  {"n", 1e-9},    {"g", 1e9},   {"p", 1e-12}, {"MEGohm", 1e6},
                  {"kOhms", 1e3}, {"", 1.0},    {"v", 1.0}};
    unsigned k = below(g, 20);
    double scaled = k < sizeof suffix / sizeof *suffix ? x / suffix[k].size : 0.0;
    if (fabs(scaled) > 1e-3 && fabs(scaled) < 1e5) {
        const char *form = PICK(g, ((const char *const[]){"%.4g%s", "%.3f%s", "%.1f%s", "%.2e%s"}));
        text n = {""};
        snprintf(n.s, sizeof n.s, form, scaled, suffix[k].suffix);
        if (strtod(n.s, NULL) != 0.0) return n;
    }
    return say(k % 3 == 0 ? "%.4e" : k % 3 == 1 ? "%.5G" : "%.4g", x);
}

static text param(gen *g) {
    if (g->at->params == 0) return say("%.3g", between(g, 0.5, 2));
    return g->at->param[below(g, g->at->params)];
}

/* An expression of parameters between about 0.2 and 5. */
static text positive(gen *g, int depth) {
    static const char *const form[] = {
        "(%s~+~%s)~/~2",       "sqrt(%s~*~%s)",       "1~/~(~0.3+%s~*~%s~)",
        "(%s>%s)~?~1.4~:~0.6", "half(%s)+tw(%s,0.5)", "max(~%s~,~0.4~)~+~%s/9",
        "(%s)**0.5~+~%s/7",    "tw(%s,~%s)",          "abs(%s-%s)+.4",
        "exp(-(%s))+%s/4",     "half(half(%s)+%s)",   "min(%s,%s)+0.2"};
    if (depth == 0 || chance(g, 3))
        return chance(g, 4) ? say("%.3g", between(g, 0.4, 2.5)) : param(g);
    text a = positive(g, depth - 1), b = positive(g, depth - 1), out;
    snprintf(out.s, sizeof out.s, PICK(g, form), a.s, b.s);
    return say("(%.600s)", out.s);
}

static text quoted(gen *g, text e) {
    return chance(g, 3) ? say("'%.600s'", e.s) : say("{%.600s}", e.s);
}

/* A positive value of that size. */
static text value(gen *g, double x) {
    if (chance(g, 2)) return number(g, x);
    return quoted(g, say("%.4g~*~%.600s", x, positive(g, 2).s));
}

static text node(gen *g) {
    unsigned n = below(g, g->at->nodes + 1);
    return n == g->at->nodes ? say("0") : g->at->node[n];
}

/* A function of potentials with small slopes; ~ only where a blank may stand. */
static text formula(gen *g, int depth) {
    static const char *const form[] = {"tanh(%s)~+~0.2*(%s)", "sin(%s)~*~cos(%s)",
                                       "atan(%s)-(%s)/3",     "min(%s,~%s)",
                                       "abs(%s)-0.4*(%s)",    "(%s)~/~(~2+abs(%s))",
                                       "half(%s)-half(%s)/3", "exp(-abs(%s))*tanh(%s)"};
    if (depth == 0 || chance(g, 4)) {
        if (chance(g, 5)) return param(g);
        return chance(g, 2) ? say("v(%s)", node(g).s) : say("v(%s,~%s)", node(g).s, node(g).s);
    }
    text a = formula(g, depth - 1), b = formula(g, depth - 1), out;
    snprintf(out.s, sizeof out.s, PICK(g, form), a.s, b.s);
    return out;
}

static text multiplier(gen *g) {
    if (g->at->plain || !chance(g, 3)) return say("%s", "");
    return chance(g, 2) ? say(" m~=~%u", 1 + below(g, 3)) : say(" m={%s}", positive(g, 1).s);
}

static double ohms(gen *g) {
    return pow(10, between(g, 2.3, 4.5));
}

/* --- elements: a is the node that is made sure of, every loop has a resistor --- */

static unsigned next(gen *g) {
    return g->at->number++;
}

/* Through a resistance of its own from an inner node of the element's. */
static void behind(gen *g, unsigned k, const char *a) {
    card(g, "ro%u w%u %s %s", k, k, a, number(g, ohms(g)).s);
}

static void resistor(gen *g, const char *a) {
    unsigned k = next(g);
    static const char *const more[] = {"",           "",          " tc1=1.5m tc2~=~2u",
                                       " tc~=~2e-3", " dtemp=20", " tc1=-1m temp=60"};
    card(g, "r%u %s %s %s%s%s%s", k, a, node(g).s, chance(g, 4) ? "r~=~" : "", value(g, ohms(g)).s,
         PICK(g, more), multiplier(g).s);
}

static void diode(gen *g, const char *a) {
    static const char *const more[] = {"",     " area=2.5", " area=0.7",
                                       " off", " temp=50",  " dtemp~=~-15"};
    unsigned k = next(g);
    bool swap = chance(g, 2);
    text b = node(g);
    card(g, "d%u %s %s dm%u%s%s", k, swap ? b.s : a, swap ? a : b.s, below(g, 3), PICK(g, more),
         multiplier(g).s);
}

static void source(gen *g, const char *a) {
    unsigned k = next(g);
    if (chance(g, 2)) {
        card(g, "i%u %s %s %s%s", k, a, node(g).s, chance(g, 2) ? "dc " : "",
             value(g, between(g, 1e-4, 3e-3)).s);
    } else {
        card(g, "v%u w%u %s %s%s", k, k, chance(g, 3) ? node(g).s : "0", chance(g, 2) ? "dc " : "",
             value(g, between(g, 0.2, 3)).s);
        behind(g, k, a);
    }
}

static void linear(gen *g, const char *a) {
    unsigned k = next(g);
    text c = node(g), d = node(g);
    if (chance(g, 2)) {
        card(g, "g%u %s %s %s %s %s%s", k, a, node(g).s, c.s, d.s, value(g, 2e-5).s,
             multiplier(g).s);
    } else {
        card(g, "e%u w%u 0 %s %s %s", k, k, c.s, d.s, value(g, 0.3).s);
        behind(g, k, a);
    }
}

/* F and H of a source beside them. */
static void sensed(gen *g, const char *a) {
    unsigned k = next(g);
    card(g, "vs%u %s s%u 0", k, a, k);
    card(g, "rs%u s%u %s %s", k, k, node(g).s, value(g, ohms(g)).s);
    if (chance(g, 2)) {
        card(g, "f%u %s %s vs%u %s%s", k, node(g).s, node(g).s, k, number(g, 0.2).s,
             multiplier(g).s);
    } else {
        card(g, "h%u w%u 0 vs%u %s", k, k, k, value(g, 60).s);
        behind(g, k, node(g).s);
    }
}

/* The controls of POLY(n): pairs of nodes, in either spelling. */
static text pairs(gen *g, unsigned n) {
    text out = {""};
    bool brackets = chance(g, 3);
    for (unsigned j = 0; j < n; j++) {
        append(&out, brackets ? " (%s,%s)" : " %s %s", node(g).s, node(g).s);
    }
    return out;
}

/* count coefficients of about that size, those of higher order smaller. */
static text coefficients(gen *g, unsigned n, unsigned count, double size) {
    text out = {""};
    for (unsigned j = 0; j < count; j++) {
        double x = between(g, -1, 1) * size * (j > n ? 0.1 : 1);
        append(&out, " %s", number(g, x).s);
    }
    return out;
}

static void poly(gen *g, const char *a) {
    static const char *const spelt[] = {"poly(%u)", "POLY(%u)", "poly (%u)", "poly( %u )"};
    unsigned k = next(g), n = 1 + below(g, 3), count = 2 + below(g, 2 * n);
    char word[32];
    snprintf(word, sizeof word, PICK(g, spelt), n);
    text c = pairs(g, n);
    if (g->at->plain || chance(g, 2)) {
        card(g, "e%u w%u 0 %s%s%s", k, k, word, c.s, coefficients(g, n, count, 0.2).s);
        behind(g, k, a);
    } else {
        card(g, "g%u %s %s %s%s%s", k, a, node(g).s, word, c.s, coefficients(g, n, count, 3e-5).s);
    }
}

static void poly_of_currents(gen *g, const char *a) {
    unsigned k = next(g), n = 1 + below(g, 2), count = 2 + below(g, 2 * n);
    text c = {""};
    for (unsigned j = 0; j < n; j++) {
        card(g, "vp%u%u %s q%u%u 0", j, k, j == 0 ? a : node(g).s, j, k);
        card(g, "rp%u%u q%u%u %s %s", j, k, j, k, node(g).s, number(g, ohms(g)).s);
        append(&c, " vp%u%u", j, k);
    }
    if (!g->at->plain && chance(g, 2)) {
        card(g, "f%u %s %s poly(%u)%s%s", k, node(g).s, node(g).s, n, c.s,
             coefficients(g, n, count, 0.15).s);
    } else {
        card(g, "h%u w%u 0 poly(%u)%s%s", k, k, n, c.s, coefficients(g, n, count, 40).s);
        behind(g, k, node(g).s);
    }
}

static void table(gen *g, const char *a) {
    static const char *const points[] = {"(-2,%.3g) (0,%.3g) (2,%.3g)",
                                         "(-2 , %.3g) ( 0 , %.3g ) (2 ,%.3g)",
                                         "-2,%.3g 0,%.3g 2,%.3g", "(-1,%.3g)(0.5,%.3g)(1.5,%.3g)"};
    unsigned k = next(g);
    bool voltage = chance(g, 2);
    double size = voltage ? 0.5 : 1e-4;
    char list[128];
    snprintf(list, sizeof list, PICK(g, points), -size * between(g, 0, 1),
             size * between(g, -0.3, 0.3), size * between(g, 0.3, 1));
    text f = formula(g, 2);
    const char *equals = PICK(g, ((const char *const[]){"= ", "", "= "}));
    if (voltage) {
        card(g, "e%u w%u 0 table {%s} %s%s", k, k, f.s, equals, list);
        behind(g, k, a);
    } else {
        card(g, "g%u %s %s table {%s} %s%s", k, a, node(g).s, f.s, equals, list);
    }
}

static void behavioural(gen *g, const char *a) {
    unsigned k = next(g);
    text f = formula(g, 3);
    static const char *const currents[] = {"b%u %s %s i~=~%.2gu*(%.600s)%s",
                                           "g%u %s %s value~=~{%.2gu~*(%.600s)}%s",
                                           "g%u %s %s cur='%.2gu*(%.600s)'%s"};
    static const char *const voltages[] = {"b%u w%u 0 v~=~%.2g*(%.600s)",
                                           "e%u w%u 0 value={%.2g*(%.600s)}",
                                           "e%u w%u 0 vol~=~'%.2g*(%.600s)'"};
    char line[1024];
    if (chance(g, 2)) {
        unsigned which = g->at->plain ? 1 + below(g, 2) : below(g, 3);
        /* in m={} of a B ngspice 39 has braces around a parameter behind a comma */
        text m = which == 0 ? say(" m=%u", 1 + below(g, 3)) : multiplier(g);
        snprintf(line, sizeof line, currents[which], k, a, node(g).s, between(g, 1, 40), f.s, m.s);
        card(g, "%s", line);
    } else {
        snprintf(line, sizeof line, PICK(g, voltages), k, k, between(g, 0.05, 0.3), f.s);
        card(g, "%s", line);
        behind(g, k, a);
    }
}

/* Of a part on a lower level, so that none holds itself. */
static void instance(gen *g, const char *a) {
    unsigned which[MOST_SUBCKTS], n = 0;
    for (unsigned j = 0; j < g->parts; j++)
        if (!g->at->plain && (g->at->level == 0 || g->part[j].level < g->at->level)) which[n++] = j;
    if (n == 0) {
        resistor(g, a);
        return;
    }
    const part *p = &g->part[which[below(g, n)]];
    text line = say("x%u %s", next(g), a);
    for (unsigned j = 1; j < p->ports; j++) {
        append(&line, " %s", node(g).s);
    }
    append(&line, " %s%s", p->name, chance(g, 4) && p->params > 0 ? " params:" : "");
    for (unsigned j = 0; j < p->params; j++) {
        if (chance(g, 3)) continue;
        append(&line, " k%u_%u~=~%.300s", p->number, j,
               chance(g, 2) ? quoted(g, positive(g, 1)).s : say("%.3g", between(g, 0.5, 2)).s);
    }
    card(g, "%s%s", line.s, p->plain ? multiplier(g).s : "");
}

static void reactance(gen *g, const char *a) {
    unsigned k = next(g);
    card(g, "l%u %s w%u 10u", k, a, k);
    behind(g, k, node(g).s);
    card(g, "c%u %s %s 1n", k, a, node(g).s);
}

typedef struct kind {
    const char *name;
    unsigned weight;
    void (*write)(gen *g, const char *a);
} kind;

static const kind kinds[] = {
    {"resistors", 4, resistor},
    {"diodes", 5, diode},
    {"sources", 3, source},
    {"E and G", 3, linear},
    {"F and H", 3, sensed},
    {"E and G poly", 4, poly},
    {"F and H poly", 3, poly_of_currents},
    {"tables", 3, table},
    {"behavioural sources", 4, behavioural},
    {"instances", 8, instance},
    {"L and C", 1, reactance},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

int random_hierarchy_kinds(void) {
    return KINDS;
}

const char *random_hierarchy_name(int k) {
    return kinds[k].name;
}

static void element(gen *g, const char *a) {
    unsigned total = 0;
    for (int k = 0; k < KINDS; k++) total += kinds[k].weight;
    unsigned at = below(g, total);
    for (int k = 0; k < KINDS; k++) {
        if (at < kinds[k].weight) {
            if (g->uses != NULL) g->uses[k]++;
            kinds[k].write(g, a);
            return;
        }
        at -= kinds[k].weight;
    }
}

/* --- the parts of a deck --- */

/* Inner nodes, each with a resistor to one before it, and elements at them. */
static void body(gen *g, unsigned inner, unsigned elements) {
    scope *s = g->at;
    unsigned first = s->nodes;
    for (unsigned j = 0; j < inner; j++) {
        text a = s->level == 0 && chance(g, 3) ? say("%u", 10 + 7 * j) : say("n_%u", j);
        card(g, "rb%u %s %s %s", j, a.s, s->nodes == 0 ? "0" : s->node[below(g, s->nodes)].s,
             number(g, between(g, 200, 2000)).s);
        s->node[s->nodes++] = a;
    }
    if (s->level == 0) card(g, "rg %s 0 %s", s->node[0].s, number(g, between(g, 200, 900)).s);
    for (unsigned j = 0; j < elements; j++)
        element(g, s->node[first + below(g, s->nodes - first)].s);
}

static void add_param(scope *s, const char *name) {
    if (s->params < MOST_PARAMS) s->param[s->params++] = say("%s", name);
}

/* Parameters of the body: of the instance, which may have a global's name, and its own. */
static void own_params(gen *g, scope *s, part *p, text *line) {
    for (unsigned j = 0; j < p->params; j++) {
        append(line, " k%u_%u~=~%.3g", p->number, j, between(g, 0.5, 2));
        add_param(s, say("k%u_%u", p->number, j).s);
    }
}

static void subcircuit(gen *g, int level, int depth) {
    if (g->parts >= MOST_SUBCKTS) return;
    scope s = {.level = level, .plain = chance(g, 2)}, *outer = g->at;
    part p = {.ports = 2 + below(g, PORTS - 1),
              .params = depth > 0 ? 0 : below(g, 4),
              .level = level,
              .number = g->parts,
              .plain = s.plain};
    snprintf(p.name, sizeof p.name, "%s%d", PICK(g, ((const char *const[]){"part", "s_", "blk"})),
             (int)g->parts + 10 * depth);
    text line = say(".subckt %s", p.name);
    for (unsigned j = 0; j < p.ports; j++) {
        s.node[s.nodes++] = say("%c", "pqr"[j]);
        append(&line, " %c", "pqr"[j]);
    }
    if (p.params > 0 && chance(g, 3)) append(&line, " params:");
    for (unsigned j = 0; j < g->globals; j++) add_param(&s, say("p%u", j).s);
    own_params(g, &s, &p, &line);
    card(g, "%s", line.s);
    g->at = &s;
    if (chance(g, 3)) {
        card(g, ".param own%u_%d~=~%s", p.number, depth, quoted(g, positive(g, 2)).s);
        add_param(&s, say("own%u_%d", p.number, depth).s);
    }
    unsigned before = g->parts;
    if (depth == 0 && level > 1 && !s.plain && chance(g, 2))
        subcircuit(g, 1, 1);
    else if (chance(g, 4)) /* ngspice 39 does not find it from a subcircuit inside */
        card(g, ".model dm1 d(is=%s n=1.3)", number(g, 3e-13).s);
    body(g, 1 + below(g, 3), 2 + below(g, 4));
    card(g, chance(g, 2) ? ".ends" : ".ends %s", p.name);
    g->at = outer;
    g->parts = before; /* those inside are not known outside */
    g->part[g->parts++] = p;
}

/* In any order: one may use those that come later. */
static void globals(gen *g) {
    card(g, ".func half(x) {x~/~2}");
    card(g, chance(g, 2) ? ".func tw(x,y) '(x+2*y)/(1+x*y)'"
                         : ".func tw( x , y ) {half(x)*1.2 + y/3}");
    g->globals = 1 + below(g, 4);
    bool backwards = chance(g, 2);
    text line = say(".param");
    for (unsigned j = 0; j < g->globals; j++) {
        unsigned k = backwards ? g->globals - 1 - j : j;
        if (k == 0)
            append(&line, " p0~=~%.3g", between(g, 0.5, 2));
        else
            append(&line, " p%u~=~{0.5~+~p%u/2*%.3g}", k, below(g, k), between(g, 0.5, 1.5));
        if (chance(g, 2) || j + 1 == g->globals) {
            card(g, "%s", line.s);
            line = say(".param");
        }
    }
}

static void models(gen *g) {
    static const char *const more[] = {"",       " bv=3",         " ikf=200u", " isr=1e-11 nr=1.9",
                                       " rs=12", " eg=0.9 xti=2", " tnom=45"};
    for (unsigned k = 0; k < 3; k++)
        card(g, ".model dm%u d~(~is=%s n=%.3g%s%s)", k, number(g, pow(10, -between(g, 7, 14))).s,
             between(g, 1, 2), PICK(g, more), PICK(g, more));
}

static void temperatures(gen *g) {
    if (chance(g, 3))
        card(g, ".temp %.3g", between(g, -20, 90));
    else if (chance(g, 2))
        card(g, ".options gmin=2e-12 temp~=~%.3g", between(g, -20, 90));
    if (chance(g, 4)) card(g, ".options tnom=%.3g", between(g, 15, 40));
}

static void library(gen *g) {
    unsigned parts = 2 + below(g, 4);
    for (unsigned j = 0; j < parts; j++) subcircuit(g, 1 + (int)j, 0);
}

bool random_hierarchy(uint64_t seed, eq_text *deck, unsigned *uses) {
    scope top = {.level = 0};
    gen g = {.r = eq_random_seed(seed + 777000000), .t = deck, .at = &top, .uses = uses};
    g.shout = chance(&g, 3);
    g.untidy = !chance(&g, 3);
    g.windows = chance(&g, 6);
    eq_text_printf(deck, "random hierarchy %u\n", (unsigned)seed);
    globals(&g);
    for (unsigned j = 0; j < g.globals; j++) add_param(&top, say("p%u", j).s);
    models(&g);
    library(&g);
    temperatures(&g);
    card(&g, "vtop supply 0 %s", number(&g, between(&g, -4, 4)).s);
    card(&g, "rtop supply top %s", number(&g, between(&g, 50, 200)).s); /* no diode takes kA */
    top.node[top.nodes++] = say("top");
    body(&g, 2 + below(&g, 4), 4 + below(&g, 6));
    card(&g, ".op");
    return false;
}
