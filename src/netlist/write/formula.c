/* Formulas of behavioural sources in the spelling of a dialect (ngspice manual 5.1; Xyce reference
 * guide 2.2.2; LTspice help "B. Arbitrary Behavioral Voltage or Current Sources"; Spectre reference
 * "bsource"). Every part stands in parentheses, so that the rules of precedence, in which the
 * dialects differ, play no part; but for sums and products, which all take from the left. */
#include <string.h>

#include "base/mem.h"
#include "netlist/write/write.h"

/* How the dialects write an operation where it is not NAME(...) or (... NAME ...); $0 $1 $2:
 * operands. NULL: no such operation there. */
static const struct spelling {
    const char *name;
    int operands;
    const char *text[4]; /* ngspice, Xyce, LTspice, Spectre */
} spellings[] = {
#define POWER                                                                                      \
    { "pow($0,$1)", "(abs($0)**$1)", "(abs($0)**$1)", "pow(abs($0),$1)" }
    {"^", 2, POWER},
    {"**", 2, POWER},
    {"pow", 2, POWER},
    {"pwr", 2, {"pwr($0,$1)", "pwrs($0,$1)", "pwrs($0,$1)", NULL}},
#define WHOLE(X) "(sgn(" X ")*floor(abs(" X ")))"
#define ALL(X)                                                                                     \
    { X, X, X, NULL }
    {"\\", 2, ALL(WHOLE("$0/$1"))},
    {"%", 2, ALL("($0-$1*" WHOLE("$0/$1") ")")},
    {"int", 1, ALL(WHOLE("$0"))},
#define CHOICE                                                                                     \
    { "($0 ? $1 : $2)", "if($0 != 0,$1,$2)", "if($0 != 0,$1,$2)", "($0 ? $1 : $2)" }
    {"?", 3, CHOICE},
    {"if", 3, CHOICE},
    {"ternary_fcn", 3, CHOICE},
#define TEST(SIGN)                                                                                 \
    {                                                                                              \
        "($0 " SIGN " $1)", "if($0 " SIGN " $1,1,0)", "if($0 " SIGN " $1,1,0)",                    \
            "($0 " SIGN " $1 ? 1 : 0)"                                                             \
    }
    {"==", 2, TEST("==")},
    {"!=", 2, TEST("!=")},
    {"<>", 2, TEST("!=")},
    {"<=", 2, TEST("<=")},
    {">=", 2, TEST(">=")},
    {"<", 2, TEST("<")},
    {">", 2, TEST(">")},
    {"&&", 2, {"($0 && $1)", "if($0 != 0 & $1 != 0,1,0)", "($0 & $1)", "($0 && $1)"}},
    {"||", 2, {"($0 || $1)", "if($0 != 0 | $1 != 0,1,0)", "($0 | $1)", "($0 || $1)"}},
#define AGAINST_ZERO(SIGN)                                                                         \
    {                                                                                              \
        "($0 " SIGN " 0)", "if($0 " SIGN " 0,1,0)", "if($0 " SIGN " 0,1,0)",                       \
            "($0 " SIGN " 0 ? 1 : 0)"                                                              \
    }
    {"!", 1, AGAINST_ZERO("==")},
    {"eq0", 1, AGAINST_ZERO("==")},
    {"ne0", 1, AGAINST_ZERO("!=")},
    {"gt0", 1, AGAINST_ZERO(">")},
    {"lt0", 1, AGAINST_ZERO("<")},
    {"ge0", 1, AGAINST_ZERO(">=")},
    {"le0", 1, AGAINST_ZERO("<=")},
    {"stp", 1, AGAINST_ZERO(">")},
    {"-", 1, {"(-$0)", "(-$0)", "(-$0)", "(-$0)"}},
    {"log", 1, {"ln($0)", "ln($0)", "ln($0)", "ln($0)"}},
    {"sqr", 1, {"pow($0,2)", "($0**2)", "($0**2)", "pow($0,2)"}},
    {"arctan", 1, {"atan($0)", "atan($0)", "atan($0)", "atan($0)"}},
    {"atan2", 2, {NULL, "atan2($0,$1)", "atan2($0,$1)", "atan2($0,$1)"}},
#define CLAMP "min(max($0,min($1,$2)),max($1,$2))"
    {"limit", 3, {CLAMP, CLAMP, CLAMP, CLAMP}},
    {"nint", 1, {"nint($0)", "nint($0)", "round($0)", NULL}},
    {"sgn", 1, {"sgn($0)", "sgn($0)", "sgn($0)", NULL}},
    {"u", 1, {"u($0)", "stp($0)", "u($0)", NULL}},
    {"u2", 1, {"u2($0)", "min(max($0,0),1)", "min(max($0,0),1)", "min(max($0,0),1)"}},
    {"uramp", 1, {"uramp($0)", "max($0,0)", "uramp($0)", "max($0,0)"}},
    {"ddt", 1, {"0", "0", "0", "0"}},
#define EACH(X)                                                                                    \
    { X, X, X, X }
    {"db", 1, EACH("(20*log10(abs($0)))")},
    {"hypot", 2, EACH("sqrt($0*$0+$1*$1)")},
    {"round", 1, ALL("(sgn($0)*floor(abs($0)+0.5))")},
    {"cbrt", 1, {"pwr($0,(1/3))", "pwrs($0,(1/3))", "pwrs($0,(1/3))", NULL}},
#define EITHER(TEST, YES, NO)                                                                      \
    {                                                                                              \
        "((" TEST ") ? " YES " : " NO ")", "if(" TEST "," YES "," NO ")",                          \
            "if(" TEST "," YES "," NO ")", "((" TEST ") ? " YES " : " NO ")"                       \
    }
    {"buf", 1, EITHER("$0 > 0.5", "1", "0")},
    {"inv", 1, EITHER("$0 > 0.5", "0", "1")},
    {"ph", 1, EITHER("$0 < 0", "3.1415926535897931", "0")},
    {"sign", 2, EITHER("$1 < 0", "(-abs($0))", "abs($0)")},
    {"uplim", 3, EITHER("$0 <= $1-$2", "$0", "($1-$2*exp(($1-$2-$0)/$2))")},
    {"dnlim", 3, EITHER("$0 >= $1+$2", "$0", "($1+$2*exp(($0-$1-$2)/$2))")},
};

typedef struct writer {
    const eq_formula *f;
    eq_dialect dialect;
    eq_input_writer name;
    void *data;
    eq_text *out;
    size_t limit; /* of out->length */
    const char *missing;
    int32_t *link; /* the operations of the sums and products that are open */
    size_t links, link_cap;
} writer;

static void put_slot(writer *w, int32_t slot);

static void put_template(writer *w, const eq_slot *s, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '$')
            put_slot(w, s->arg[*++text - '0']);
        else
            eq_text_add(w->out, text, 1);
    }
}

/* Which of them may stand beside each other without parentheses; NULL: none. */
static const char *alike(const eq_formula *f, int32_t slot) {
    int k = f->slot[slot].operation;
    const char *name = k < 0 ? "" : eq_operation_at(k)->name;
    if (k < 0 || name[1] != '\0' || eq_operation_at(k)->operands != 2) return NULL;
    return strchr("+-", *name) != NULL ? "+-" : strchr("*/", *name) != NULL ? "*/" : NULL;
}

/* (x + y - z ..): what it begins with first, then an operation at a time. */
static void put_chain(writer *w, int32_t slot) {
    const eq_formula *f = w->f;
    const char *kind = alike(f, slot);
    size_t outer = w->links;
    eq_text_puts(w->out, "(");
    for (; alike(f, slot) == kind; slot = f->slot[slot].arg[0]) {
        if (!eq_grow((void **)&w->link, &w->link_cap, w->links + 1, sizeof *w->link)) {
            w->out->failed = true;
            return;
        }
        w->link[w->links++] = slot;
    }
    put_slot(w, slot);
    while (w->links > outer) {
        const eq_slot *s = &f->slot[w->link[--w->links]];
        eq_text_puts(w->out, eq_operation_at(s->operation)->name);
        put_slot(w, s->arg[1]);
    }
    eq_text_puts(w->out, ")");
}

/* The same for every dialect: (x NAME y) or NAME(x,y). */
static void put_plain(writer *w, const eq_slot *s, const eq_operation *o) {
    eq_text_puts(w->out, o->level > 0 ? "(" : o->name);
    if (o->level == 0) eq_text_puts(w->out, "(");
    for (int k = 0; k < o->operands; k++) {
        if (k > 0) eq_text_puts(w->out, o->level > 0 ? o->name : ",");
        put_slot(w, s->arg[k]);
    }
    eq_text_puts(w->out, ")");
}

static void put_operation(writer *w, const eq_slot *s) {
    const eq_operation *o = eq_operation_at(s->operation);
    int column = w->dialect == EQ_XML ? EQ_NGSPICE : (int)w->dialect;
    for (size_t k = 0; k < sizeof spellings / sizeof *spellings; k++) {
        if (strcmp(spellings[k].name, o->name) != 0 || spellings[k].operands != o->operands)
            continue;
        if (spellings[k].text[column] == NULL)
            w->missing = o->name;
        else
            put_template(w, s, spellings[k].text[column]);
        return;
    }
    put_plain(w, s, o);
}

/* pwl(x,x1,y1,...); elsewhere table(...), which stays at its end values: the ends must be flat. */
static void put_points(writer *w, const eq_slot *s) {
    const double *p = w->f->point + s->arg[1];
    int32_t n = 2 * s->arg[2];
    bool here = w->dialect == EQ_NGSPICE || w->dialect == EQ_XML;
    bool flat = p[1] == p[3] && p[n - 1] == p[n - 3];
    if (w->dialect == EQ_SPECTRE || (!here && !flat)) w->missing = "pwl";
    eq_text_puts(w->out, here ? "pwl(" : "table(");
    put_slot(w, s->arg[0]);
    for (int32_t k = 0; k < n; k++) {
        eq_text_puts(w->out, ",");
        eq_text_number(w->out, p[k]);
    }
    eq_text_puts(w->out, ")");
}

static void put_slot(writer *w, int32_t slot) {
    const eq_slot *s = &w->f->slot[slot];
    if (w->missing != NULL || w->out->failed || w->out->length > w->limit) return;
    switch (s->operation) {
    case EQ_SLOT_NUMBER:
        eq_text_puts(w->out, s->number < 0.0 ? "(" : "");
        eq_text_number(w->out, s->number);
        eq_text_puts(w->out, s->number < 0.0 ? ")" : "");
        break;
    case EQ_SLOT_INPUT:
        w->name(w->data, &w->f->input[s->arg[0]], w->out);
        break;
    case EQ_SLOT_PIECEWISE:
        put_points(w, s);
        break;
    default:
        if (alike(w->f, slot) != NULL)
            put_chain(w, slot);
        else
            put_operation(w, s);
    }
}

const char *eq_write_formula(const eq_formula *f, eq_dialect dialect, eq_input_writer name,
                             void *data, eq_text *out) {
    enum { MOST = 1 << 20 };
    writer w = {.f = f,
                .dialect = dialect,
                .name = name,
                .data = data,
                .out = out,
                .limit = out->length + MOST};
    put_slot(&w, f->result);
    eq_free(w.link);
    if (out->length > w.limit) w.missing = "a formula of less than a million characters";
    return w.missing;
}
