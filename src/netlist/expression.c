#include "netlist/expression.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/alias.h"

typedef struct parser {
    eq_cursor *c;
    const eq_names_of *names;
    bool failed;
} parser;

enum { LONGEST_FUNCTION = 16 };

static const eq_operand nothing = {NAN, EQ_NONE};

static eq_operand climb(parser *s, int level);

static bool out_of_memory(const parser *s) {
    return s->names->formula != NULL && s->names->formula->failed;
}

static eq_operand constant(double value) {
    return (eq_operand){value, EQ_NONE};
}

static bool is_constant(eq_operand x) {
    return x.slot == EQ_NONE;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(char c) {
    return is_name_start(c) || is_digit(c) || c == '.' || c == '#' || c == '@';
}

/* The next character of the expression; NUL at the end of the line. */
static char look(parser *s) {
    return !s->failed && eq_skip_blank(s->c) ? *s->c->p : '\0';
}

#define FAIL(s, at, ...)                                                                           \
    do {                                                                                           \
        if (!(s)->failed) (s)->names->fail((s)->names->data, at, __VA_ARGS__);                     \
        (s)->failed = true;                                                                        \
    } while (0)

/* The infix operator at the cursor, the longest spelling first; -1: none. */
static int operator_at(parser *s) {
    if (look(s) == '\0') return -1;
    size_t left = (size_t)(s->c->end - s->c->p);
    const eq_operation *first = eq_operation_at(0);
    for (const eq_operation *o = first; o->level > 0; o++) {
        if (o->name[0] != *s->c->p) continue;
        size_t n = strlen(o->name);
        if (n <= left && memcmp(s->c->p, o->name, n) == 0) return (int)(o - first);
    }
    return s->names->test && *s->c->p == '=' ? eq_operation_find("==", 2) : -1;
}

/* Over the operator at the cursor, which may be a = that stands for ==. */
static void skip_operator(parser *s, int operation) {
    const char *name = eq_operation_at(operation)->name;
    size_t n = strlen(name);
    bool whole = n <= (size_t)(s->c->end - s->c->p) && memcmp(s->c->p, name, n) == 0;
    s->c->p += whole ? n : 1;
}

/* What stands at the cursor, for messages: a character or "the end of the line". */
static const char *seen(parser *s, char buffer[8]) {
    char c = look(s);
    if (c == '\0') return "the end of the line";
    size_t n = 1, left = (size_t)(s->c->end - s->c->p);
    while (n < 4 && n < left && (s->c->p[n] & 0xC0) == 0x80) n++;
    buffer[0] = '\'';
    memcpy(buffer + 1, s->c->p, n);
    memcpy(buffer + 1 + n, "'", 2);
    return (unsigned char)c < 32 ? "a control character" : buffer;
}

/* Behind the digits of a number: its suffix and unit, the micro sign and others not ASCII. */
static bool in_number(char c) {
    return is_name(c) || (unsigned char)c >= 128;
}

static eq_operand number(parser *s) {
    const char *start = s->c->p, *p = start;
    double value = 0.0;
    size_t n = eq_parse_double(p, (size_t)(s->c->end - p), &value), letters = 0;
    while (p + n + letters < s->c->end && in_number(p[n + letters])) letters++;
    eq_location at = eq_cursor_at(s->c);
    if (n == 0 || eq_spice_number(p, n + letters, s->c->dialect, &value) != n + letters)
        FAIL(s, at, "'%.*s' is not a number; write it like 1.5k, 2meg or 3e-6",
             (int)(n + letters > 0 ? n + letters : 1), p);
    if (letters >= 3 && (p[n] | 32) == 'm' && (p[n + 1] | 32) == 'i' && (p[n + 2] | 32) == 'l')
        FAIL(s, at,
             "'%.*s' in an expression means 1e-3 in ngspice 39 and 25.4e-6 by the manual; "
             "write the factor out",
             (int)(n + letters), p);
    if (s->names->number != NULL)
        s->names->number(s->names->data, (eq_token){EQ_TOKEN_WORD, p, n + letters, at});
    s->c->p += n + letters;
    return constant(value);
}

/* What ngspice would give a surprising number for, or none. */
static void refuse_surprises(parser *s, eq_location at, const eq_operation *o, const double *x) {
    bool divides = strchr("/\\%", o->name[0]) != NULL;
    if (divides && x[1] == 0.0)
        FAIL(s, at, "division by zero; check the parameters of this expression");
    if (o->level == EQ_LEVEL_POWER && x[0] < 0.0 && fmod(x[1], 2.0) != 0.0)
        FAIL(s, at,
             "%g is negative and ngspice takes the power of its absolute value here; write "
             "pow(x,y) or abs(x)**y for what you mean",
             x[0]);
}

/* In Xyce and LTspice ^ is no power, and x**3 of a formula keeps the sign of x, which ngspice's B
 * sources lose: with a whole exponent the signed power for an odd one. */
static int as_in_dialect(parser *s, eq_location at, int operation, const eq_operand *x) {
    const eq_operation *o = eq_operation_at(operation);
    bool power = o->level == EQ_LEVEL_POWER || strcmp(o->name, "pow") == 0;
    if (!power || s->names->dialect == EQ_NGSPICE) return operation;
    if (o->name[0] == '^')
        FAIL(s, at,
             "^ is no power but a logical exclusive or in this dialect; write ** for a power");
    if (s->names->formula == NULL) return operation;
    bool odd = is_constant(x[1]) && fabs(fmod(x[1].number, 2.0)) == 1.0;
    return odd ? eq_operation_find("pwr", 2) : operation;
}

/* The operation on numbers now, on anything else as a slot of the formula. */
static eq_operand apply(parser *s, eq_location at, int operation, const eq_operand *x) {
    operation = as_in_dialect(s, at, operation, x);
    const eq_operation *o = eq_operation_at(operation);
    double number[EQ_MOST_OPERANDS] = {0};
    bool all = true;
    for (int k = 0; k < o->operands; k++) {
        /* every operand is given */
        number[k] = x[k].number;
        all = all && is_constant(x[k]);
    }
    if (s->failed) return nothing;
    if (all) refuse_surprises(s, at, o, number);
    if (s->names->formula != NULL) return eq_formula_apply(s->names->formula, operation, x);
    return constant(o->known != NULL ? o->known(number) : o->value(number));
}

/* The next argument of a call; *last when the closing parenthesis follows. */
static eq_operand next_argument(parser *s, bool *last) {
    char buffer[8];
    eq_operand value = climb(s, EQ_LEVEL_ANY);
    char c = look(s);
    if (c != ',' && c != ')')
        FAIL(s, eq_cursor_at(s->c), "expected ',' or ')' but found %s; close the call",
             seen(s, buffer));
    s->c->p += !s->failed;
    *last = c == ')' || s->failed;
    return value;
}

/* The arguments of a call behind its opening parenthesis. */
static int arguments(parser *s, eq_operand *arg) {
    int n = 0;
    if (look(s) == ')') {
        s->c->p++;
        return 0;
    }
    for (bool last = false; !last && !s->failed;) {
        eq_operand value = next_argument(s, &last);
        if (n == EQ_MAX_ARGUMENTS)
            FAIL(s, eq_cursor_at(s->c), "more than %d arguments; use fewer", EQ_MAX_ARGUMENTS);
        else
            arg[n++] = value;
    }
    return n;
}

/* The number of operands of the function of that name, -1: there is none. */
static int operands_of(const char *name) {
    for (int k = 0; eq_operation_at(k) != NULL; k++)
        if (strcmp(eq_operation_at(k)->name, name) == 0) return eq_operation_at(k)->operands;
    return -1;
}

static eq_operand apply_named(parser *s, eq_location at, const char *name, eq_operand x,
                              eq_operand y, eq_operand z, int operands) {
    return apply(s, at, eq_operation_find(name, operands), (eq_operand[]){x, y, z});
}

/* y if x < y, z if x > z, else x: with bounds that are swapped not what the others mean. */
static eq_operand limit_of_xyce(parser *s, eq_location at, const eq_operand *x) {
    eq_operand below = apply_named(s, at, "<", x[0], x[1], nothing, 2);
    eq_operand above = apply_named(s, at, ">", x[0], x[2], nothing, 2);
    eq_operand inner = apply_named(s, at, "?", above, x[2], x[0], 3);
    return apply_named(s, at, "?", below, x[1], inner, 3);
}

/* What is no operation of the table: it stands for several, or for none. */
static bool function_of_dialect(parser *s, eq_token name, const char *folded, const eq_operand *arg,
                                int args, eq_operand *value) {
    eq_dialect dialect = s->names->dialect;
    bool ordered =
        args == 3 && is_constant(arg[1]) && is_constant(arg[2]) && arg[1].number <= arg[2].number;
    const char *here = eq_alias_of(dialect, folded, args);
    if (here != NULL) {
        *value = *here == '\0'  ? arg[0]
                 : *here == '0' ? constant(0.0)
                                : apply(s, name.at, eq_operation_find(here, args), arg);
        return true;
    }
    if (dialect == EQ_XYCE && args == 3 && strcmp(folded, "limit") == 0 && !ordered) {
        *value = limit_of_xyce(s, name.at, arg);
        return true;
    }
    if (dialect == EQ_LTSPICE && args == 3 && strcmp(folded, "if") == 0) {
        eq_operand yes = apply_named(s, name.at, ">", arg[0], constant(0.5), nothing, 2);
        *value = apply_named(s, name.at, "?", yes, arg[1], arg[2], 3);
        return true;
    }
    if (dialect == EQ_LTSPICE && args == 2 && strcmp(folded, "pwr") == 0) {
        eq_operand size = apply_named(s, name.at, "abs", arg[0], nothing, nothing, 1);
        *value = apply_named(s, name.at, "pow", size, arg[1], nothing, 2);
        return true;
    }
    bool integral = args >= 2 && args <= 4 && eq_alias_of(dialect, folded, 1) != NULL &&
                    strchr("si", *folded) != NULL && strncmp(folded + 1, "dt", 2) == 0;
    if (integral) *value = arg[1]; /* the initial condition is what it is at dc */
    return integral;
}

/* A built-in function; min and max take any number of arguments, two by two. */
static eq_operand builtin(parser *s, eq_token name, const eq_operand *arg, int args) {
    char folded[LONGEST_FUNCTION] = "";
    if (name.length < sizeof folded) {
        memcpy(folded, name.text, name.length);
        eq_lower(folded, name.length);
    }
    eq_operand value;
    if (function_of_dialect(s, name, folded, arg, args, &value)) return value;
    int operation = eq_operation_find(folded, args);
    if (operation >= 0) return apply(s, name.at, operation, arg);
    if (args > 2 && (strcmp(folded, "min") == 0 || strcmp(folded, "max") == 0)) {
        eq_operand best = arg[0];
        for (int k = 1; k < args; k++)
            best = apply(s, name.at, eq_operation_find(folded, 2), (eq_operand[]){best, arg[k]});
        return best;
    }
    int want = operands_of(folded);
    if (want > 0)
        FAIL(s, name.at, "%s takes %d argument%s, here are %d; see the ngspice manual, 2.8.5",
             folded, want, want == 1 ? "" : "s", args);
    char near[96];
    FAIL(s, name.at, "there is no function %.*s%s; define it with .func or check the name",
         (int)name.length, name.text, s->names->nearest(s->names->data, name, near));
    return nothing;
}

/* A node or element name of v(...) or i(...): any characters up to a blank,
 * comma or parenthesis. */
static eq_token raw_name(parser *s) {
    eq_token t = {EQ_TOKEN_WORD, s->c->p, 0, eq_cursor_at(s->c)};
    char buffer[8], c = look(s);
    t.at = eq_cursor_at(s->c);
    t.text = s->c->p;
    while (c != '\0' && s->c->p < s->c->end && strchr(" \t\r\n,()", *s->c->p) == NULL) s->c->p++;
    t.length = (size_t)(s->c->p - t.text);
    if (t.length == 0)
        FAIL(s, t.at, "expected a name but found %s; write v(NODE), v(NODE,NODE) or i(V1)",
             seen(s, buffer));
    return t;
}

static eq_operand ask_input(parser *s, eq_token what, eq_token first, eq_token second) {
    eq_operand value = nothing;
    if (s->failed) return nothing;
    s->failed = s->names->input(s->names->data, what, first, second, &value) != EQ_FOUND;
    return value;
}

/* v(a), v(a,b) or i(vx); the cursor stands behind the parenthesis. */
static eq_operand probe(parser *s, eq_token what) {
    char buffer[8];
    eq_token first = raw_name(s), second = {EQ_TOKEN_WORD, "", 0, what.at};
    if (look(s) == ',' && eq_token_is(what, "v")) {
        s->c->p++;
        second = raw_name(s);
    }
    if (look(s) != ')')
        FAIL(s, eq_cursor_at(s->c),
             "expected ')' but found %s; write v(NODE), v(NODE,NODE) or i(V1)", seen(s, buffer));
    s->c->p += !s->failed;
    return ask_input(s, what, first, second);
}

/* The points behind the first argument of pwl or table: numbers, x rising; how many numbers, 0: an
 * error was reported. */
static size_t read_points(parser *s, eq_token name, double **point) {
    size_t n = 0, cap = 0;
    for (bool last = false; !last && !s->failed;) {
        eq_operand p = next_argument(s, &last);
        if (!is_constant(p))
            FAIL(s, name.at, "the points of %.*s must be numbers; write them out", (int)name.length,
                 name.text);
        if (n % 2 == 0 && n > 0 && !(p.number > (*point)[n - 2]))
            FAIL(s, name.at, "the points of %.*s must have rising x; sort them", (int)name.length,
                 name.text);
        if (!eq_grow((void **)point, &cap, n + 1, sizeof **point)) {
            s->names->formula->failed = true;
            FAIL(s, name.at, "out of memory; give fewer points");
        }
        if (!s->failed) (*point)[n++] = p.number;
    }
    if (n < 4 || n % 2 != 0)
        FAIL(s, name.at, "%.*s needs pairs of numbers; write %.*s(x, x1,y1, x2,y2, ...)",
             (int)name.length, name.text, (int)name.length, name.text);
    return s->failed ? 0 : n;
}

/* pwl(x, x1,y1, x2,y2, ...) or table(...); the cursor stands behind the parenthesis. */
static eq_operand points(parser *s, eq_token name, bool flat) {
    double *point = NULL;
    bool last;
    eq_operand x = next_argument(s, &last), y = nothing;
    size_t n = last ? 0 : read_points(s, name, &point);
    if (last && !s->failed)
        FAIL(s, name.at, "%.*s has no points; write %.*s(x, x1,y1, x2,y2, ...)", (int)name.length,
             name.text, (int)name.length, name.text);
    if (n > 0)
        y = flat ? eq_formula_table(s->names->formula, x, point, n / 2, 0.0)
                 : eq_formula_points(s->names->formula, x, point, n / 2);
    eq_free(point);
    return y;
}

/* vm(a,b), ip(v1) ..: what an ac analysis would give of v(a,b) or i(v1), here of a real number. */
typedef struct part_of_probe {
    const char *name, *probe, *function;
} part_of_probe;

static const part_of_probe *part_of(eq_token name) {
    static const part_of_probe parts[] = {{"vr", "v", "re"},  {"vi", "v", "img"}, {"vm", "v", "m"},
                                          {"vp", "v", "ph"},  {"vdb", "v", "db"}, {"ir", "i", "re"},
                                          {"ii", "i", "img"}, {"im", "i", "m"},   {"ip", "i", "ph"},
                                          {"idb", "i", "db"}};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        if (eq_token_is(name, parts[k].name)) return &parts[k];
    return NULL;
}

static eq_operand part_of_value(parser *s, eq_token name, const part_of_probe *part) {
    eq_token of = {EQ_TOKEN_WORD, part->probe, 1, name.at};
    eq_token function = {EQ_TOKEN_WORD, part->function, strlen(part->function), name.at};
    eq_operand value = probe(s, of);
    return s->failed ? nothing : builtin(s, function, &value, 1);
}

/* ddx(EXPRESSION, v(a)): the partial derivative by a potential or a current (Xyce). */
static eq_operand partial(parser *s, eq_token name) {
    bool last;
    eq_operand y = next_argument(s, &last), x = last ? nothing : next_argument(s, &last), value;
    if (!s->failed &&
        (!last || is_constant(x) || s->names->formula->slot[x.slot].operation != EQ_SLOT_INPUT))
        FAIL(s, name.at, "ddx takes an expression and what it is derived by: ddx(x, v(NODE))");
    if (s->failed || is_constant(y)) return constant(0.0);
    const char *missing = eq_formula_derivative(s->names->formula, y, x, &value);
    if (missing != NULL && !out_of_memory(s))
        FAIL(s, name.at, "ddx: there is no derivative of %s here; write it out", missing);
    return s->failed ? nothing : value;
}

/* Behind the opening parenthesis: what only a formula knows. False: an ordinary call. */
static bool formula_call(parser *s, eq_token name, eq_operand *value) {
    bool is_power = s->names->powers &&
                    (eq_token_is(name, "p") || eq_token_is(name, "w") || eq_token_is(name, "n"));
    bool is_terminal = s->names->powers && name.length == 2 && (*name.text | 32) == 'i' &&
                       strchr("dgsbce", name.text[1] | 32) != NULL;
    bool is_probe = is_power || is_terminal || eq_token_is(name, "v") || eq_token_is(name, "i");
    bool is_pwl = eq_token_is(name, "pwl");
    bool is_table = eq_token_is(name, "table") || eq_token_is(name, "tbl");
    const part_of_probe *part = s->names->powers ? part_of(name) : NULL;
    bool is_ddx = eq_token_is(name, "ddx");
    if (!is_probe && !is_pwl && !is_table && part == NULL && !is_ddx) return false;
    if (s->names->formula == NULL)
        FAIL(s, name.at,
             "%.*s(...) is known only while the circuit is solved; use it in B, E or G sources",
             (int)name.length, name.text);
    if (!s->failed)
        *value = part != NULL ? part_of_value(s, name, part)
                 : is_ddx     ? partial(s, name)
                 : is_probe   ? probe(s, name)
                              : points(s, name, is_table);
    return true;
}

/* Not inlined: its arguments would stand in every frame of the recursion. */
__attribute__((noinline)) static eq_operand call(parser *s, eq_token name) {
    eq_operand arg[EQ_MAX_ARGUMENTS], value = nothing;
    s->c->p++;
    if (formula_call(s, name, &value)) return value;
    int args = arguments(s, arg);
    if (s->failed) return nothing;
    switch (s->names->function(s->names->data, name, arg, args, &value)) {
    case EQ_FOUND:
        return value;
    case EQ_LOOKUP_FAILED:
        s->failed = true;
        return nothing;
    default:
        break;
    }
    value = builtin(s, name, arg, args);
    if (!s->failed && is_constant(value) && !isfinite(value.number) && !out_of_memory(s))
        FAIL(s, name.at, "%.*s gives no finite number here; check its argument", (int)name.length,
             name.text);
    return value;
}

/* Names that a formula knows beside parameters (ngspice manual, 5.1): at dc time and frequency are
 * 0. */
static bool formula_name(parser *s, eq_token name, eq_operand *value) {
    eq_token none = {EQ_TOKEN_WORD, "", 0, name.at};
    if (s->names->formula == NULL) return false;
    bool temper = eq_token_is(name, "temper") || eq_token_is(name, "temp");
    if (temper) *value = ask_input(s, name, none, none);
    if (eq_token_is(name, "time") || eq_token_is(name, "hertz")) *value = constant(0.0);
    if (eq_token_is(name, "e")) *value = constant(2.71828182845904523536);
    return temper || !isnan(value->number);
}

/* r1:r, dm:is, x1:r1:r (Xyce) where the circuit may be asked,
 * unless it is a name and the : of a ?. */
static bool property(parser *s, eq_token t, eq_operand *value) {
    eq_cursor start = *s->c;
    const char *p = s->c->p;
    if (!s->names->powers || p == s->c->end || *p != ':') return false;
    while (p < s->c->end && (*p == ':' || is_name(*p))) p++;
    t.length = (size_t)(p - t.text);
    s->c->p = p;
    if (s->names->parameter(s->names->data, t, value) == EQ_FOUND) return true;
    *s->c = start;
    return false;
}

/* @m1[gm] where the circuit may be asked: up to the closing bracket. */
static void behind_brackets(parser *s) {
    const char *close = memchr(s->c->p, ']', (size_t)(s->c->end - s->c->p));
    const char *open = close == NULL ? NULL : memchr(s->c->p, '[', (size_t)(close - s->c->p));
    s->c->p = open == NULL ? s->c->p + 1 : close + 1;
}

static eq_operand name(parser *s) {
    eq_token t = {EQ_TOKEN_WORD, s->c->p, 0, eq_cursor_at(s->c)};
    if (*s->c->p == '@') behind_brackets(s);
    while (s->c->p < s->c->end && is_name(*s->c->p)) s->c->p++;
    t.length = (size_t)(s->c->p - t.text);
    if (look(s) == '(') return call(s, t);
    eq_operand value = nothing;
    char near[96];
    if (property(s, t, &value)) return value;
    switch (s->names->parameter(s->names->data, t, &value)) {
    case EQ_FOUND:
        break;
    case EQ_LOOKUP_FAILED:
        s->failed = true;
        break;
    default:
        if (!formula_name(s, t, &value))
            FAIL(s, t.at, "there is no parameter %.*s%s; define it with .param %.*s=VALUE",
                 (int)t.length, t.text, s->names->nearest_parameter(s->names->data, t, near),
                 (int)t.length, t.text);
    }
    return value;
}

static eq_operand grouped(parser *s, char close) {
    char buffer[8];
    eq_location open = eq_cursor_at(s->c);
    s->c->p++;
    eq_operand value = climb(s, EQ_LEVEL_ANY);
    if (look(s) != close && !s->failed) {
        if (look(s) == '\0')
            FAIL(s, open, "this %s is not closed; write %c at the end of the expression",
                 close == ')'   ? "parenthesis"
                 : close == '}' ? "brace"
                                : "quote",
                 close);
        else
            FAIL(s, eq_cursor_at(s->c),
                 "expected an operator or %c but found %s; check the expression", close,
                 seen(s, buffer));
    }
    s->c->p += !s->failed;
    return value;
}

static eq_operand primary(parser *s) {
    char buffer[8], c = look(s);
    if (c == '(') return grouped(s, ')');
    if (c == '{') return grouped(s, '}');
    if (c == '\'') return grouped(s, '\'');
    if (is_digit(c) || c == '.') return number(s);
    if (is_name_start(c) || (c == '@' && s->names->powers)) return name(s);
    FAIL(s, eq_cursor_at(s->c),
         "expected a number, a parameter or a function but found %s; check the "
         "expression",
         seen(s, buffer));
    return nothing;
}

/* A sign binds weaker than a power to its left operand (-2^2 = -4), stronger to its right one
 * (2^-1). */
static eq_operand signed_operand(parser *s, int level) {
    char c = look(s);
    if (c != '-' && c != '+' && c != '!' && c != '~')
        return level > EQ_LEVEL_POWER ? primary(s) : climb(s, EQ_LEVEL_POWER + 1);
    eq_location at = eq_cursor_at(s->c);
    s->c->p++;
    eq_operand x[EQ_MOST_OPERANDS] = {climb(s, level > EQ_LEVEL_POWER ? level : EQ_LEVEL_UNARY)};
    bool half = s->names->dialect == EQ_LTSPICE && c != '-';
    return c == '+' ? x[0]
                    : apply(s, at,
                            eq_operation_find(c == '-' ? "-"
                                              : half   ? "inv"
                                                       : "!",
                                              1),
                            x);
}

static eq_operand infix(parser *s, eq_location at, int operation, eq_operand x) {
    char buffer[8];
    const eq_operation *o = eq_operation_at(operation);
    eq_operand operand[EQ_MOST_OPERANDS] = {x, nothing, nothing};
    if (o->operands == 2) {
        operand[1] = climb(s, o->level + 1);
        bool logical = o->name[1] == '\0' && strchr("&|", o->name[0]) != NULL;
        for (int k = 0; k < 2 && logical && s->names->dialect == EQ_LTSPICE; k++)
            operand[k] = apply_named(s, at, "buf", operand[k], nothing, nothing, 1);
        if (logical) operation = eq_operation_find(o->name[0] == '&' ? "&&" : "||", 2);
        return apply(s, at, operation, operand);
    }
    operand[1] = climb(s, EQ_LEVEL_ANY);
    if (look(s) != ':')
        FAIL(s, eq_cursor_at(s->c), "expected ':' of the '?' but found %s; write TEST ? YES : NO",
             seen(s, buffer));
    s->c->p += !s->failed;
    operand[2] = climb(s, EQ_LEVEL_ANY);
    if (is_constant(x)) return x.number != 0.0 ? operand[1] : operand[2];
    return apply(s, at, operation, operand);
}

/* An operand and all operators that bind at least as strongly as `level`. */
static eq_operand climb(parser *s, int level) {
    if (s->failed) return nothing;
    if (++*s->names->depth > EQ_MAX_EXPRESSION_DEPTH)
        FAIL(s, eq_cursor_at(s->c),
             "expressions nested deeper than %d; simplify them or look for "
             "a definition that uses itself",
             EQ_MAX_EXPRESSION_DEPTH);
    eq_operand x = s->failed ? nothing : signed_operand(s, level);
    int o;
    while (!s->failed && (o = operator_at(s)) >= 0 && eq_operation_at(o)->level >= level) {
        eq_location at = eq_cursor_at(s->c);
        skip_operator(s, o);
        x = infix(s, at, o, x);
        if (!s->failed && is_constant(x) && !isfinite(x.number) && !out_of_memory(s))
            FAIL(s, at, "this operation gives no finite number; check its operands");
    }
    --*s->names->depth;
    return x;
}

bool eq_expression(eq_cursor *c, const eq_names_of *names, eq_operand *value) {
    parser s = {c, names, false};
    eq_operand x = climb(&s, EQ_LEVEL_ANY);
    if (s.failed || out_of_memory(&s)) return false;
    *value = x;
    return true;
}
