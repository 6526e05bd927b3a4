#include "netlist/expression.h"

#include <math.h>
#include <string.h>

typedef struct parser {
    eq_cursor *c;
    const eq_names_of *names;
    bool failed;
} parser;

typedef enum op_kind {
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_IDIV,
    OP_MOD,
    OP_POW,
    OP_EQ,
    OP_NE,
    OP_LE,
    OP_LT,
    OP_GE,
    OP_GT,
    OP_AND,
    OP_OR,
    OP_ASK
} op_kind;

/* Binary operators, longest spelling first; all group from the left (ngspice: 2^3^2 = 64) but ?:.
 */
static const struct op {
    const char *text;
    op_kind kind;
    int level;
} ops[] = {{"**", OP_POW, 8}, {"==", OP_EQ, 4}, {"!=", OP_NE, 4},  {"<>", OP_NE, 4},
           {"<=", OP_LE, 4},  {">=", OP_GE, 4}, {"&&", OP_AND, 3}, {"||", OP_OR, 2},
           {"^", OP_POW, 8},  {"*", OP_MUL, 6}, {"/", OP_DIV, 6},  {"\\", OP_IDIV, 6},
           {"%", OP_MOD, 6},  {"+", OP_ADD, 5}, {"-", OP_SUB, 5},  {"<", OP_LT, 4},
           {">", OP_GT, 4},   {"?", OP_ASK, 1}};

enum { LEVEL_ANY = 1, LEVEL_UNARY = 7, LEVEL_POWER = 8 };

static double sgn(double x) {
    return (double)((x > 0.0) - (x < 0.0));
}

static double sqr(double x) {
    return x * x;
}

static double pwr(double x, double y) {
    return pow(fabs(x), y);
}

/* Built-in functions of one argument and of two; the rest stands in call_any. */
static const struct function {
    const char *name;
    double (*one)(double);
    double (*two)(double, double);
} functions[] = {
    {"sqrt", sqrt, NULL},   {"exp", exp, NULL},     {"ln", log, NULL},      {"log", log, NULL},
    {"log10", log10, NULL}, {"abs", fabs, NULL},    {"sin", sin, NULL},     {"cos", cos, NULL},
    {"tan", tan, NULL},     {"asin", asin, NULL},   {"acos", acos, NULL},   {"atan", atan, NULL},
    {"arctan", atan, NULL}, {"sinh", sinh, NULL},   {"cosh", cosh, NULL},   {"tanh", tanh, NULL},
    {"asinh", asinh, NULL}, {"acosh", acosh, NULL}, {"atanh", atanh, NULL}, {"sqr", sqr, NULL},
    {"int", trunc, NULL},   {"floor", floor, NULL}, {"ceil", ceil, NULL},   {"nint", rint, NULL},
    {"sgn", sgn, NULL},     {"pow", NULL, pow},     {"pwr", NULL, pwr},     {"min", NULL, fmin},
    {"max", NULL, fmax},
};

/* Random functions: a deck must give the same circuit each time it is read. */
static const char *const random_functions[] = {"agauss", "gauss", "unif", "aunif", "limit"};

const char *eq_function_name(int number) {
    return number < (int)(sizeof functions / sizeof *functions) ? functions[number].name : NULL;
}

static double binary(parser *s, eq_location at, op_kind kind, int level, double x);
static double climb(parser *s, int level);

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

static const struct op *operator_at(parser *s) {
    if (look(s) == '\0') return NULL;
    size_t left = (size_t)(s->c->end - s->c->p);
    for (size_t k = 0; k < sizeof ops / sizeof *ops; k++) {
        size_t n = strlen(ops[k].text);
        if (n <= left && memcmp(s->c->p, ops[k].text, n) == 0) return &ops[k];
    }
    return NULL;
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

static double number(parser *s) {
    const char *start = s->c->p, *p = start;
    double value = 0.0;
    size_t n = eq_parse_double(p, (size_t)(s->c->end - p), &value), letters = 0;
    while (p + n + letters < s->c->end && is_name(p[n + letters])) letters++;
    eq_location at = eq_cursor_at(s->c);
    if (n == 0 || eq_spice_number(p, n + letters, &value) != n + letters)
        FAIL(s, at, "'%.*s' is not a number; write it like 1.5k, 2meg or 3e-6",
             (int)(n + letters > 0 ? n + letters : 1), p);
    if (letters >= 3 && (p[n] | 32) == 'm' && (p[n + 1] | 32) == 'i' && (p[n + 2] | 32) == 'l')
        FAIL(s, at,
             "'%.*s' in an expression means 1e-3 in ngspice 39 and 25.4e-6 by the manual; "
             "write the factor out",
             (int)(n + letters), p);
    s->c->p += n + letters;
    return value;
}

/* The arguments of a call behind its opening parenthesis. */
static int arguments(parser *s, double *arg) {
    int n = 0;
    char buffer[8];
    s->c->p++;
    if (look(s) == ')') {
        s->c->p++;
        return 0;
    }
    while (!s->failed) {
        double value = climb(s, LEVEL_ANY);
        if (n == EQ_MAX_ARGUMENTS)
            FAIL(s, eq_cursor_at(s->c), "more than %d arguments; use fewer", EQ_MAX_ARGUMENTS);
        else
            arg[n++] = value;
        char c = look(s);
        if (c != ',' && c != ')')
            FAIL(s, eq_cursor_at(s->c), "expected ',' or ')' but found %s; close the call",
                 seen(s, buffer));
        s->c->p += !s->failed;
        if (c == ')') break;
    }
    return n;
}

/* min and max of any number of arguments, ternary_fcn; NAN with *known false for other names. */
static double call_any(eq_token name, const double *arg, int args, bool *known) {
    bool is_min = eq_token_is(name, "min"), is_max = eq_token_is(name, "max");
    *known = true;
    if ((is_min || is_max) && args >= 2) {
        double best = arg[0];
        for (int k = 1; k < args; k++) best = is_min ? fmin(best, arg[k]) : fmax(best, arg[k]);
        return best;
    }
    if (eq_token_is(name, "ternary_fcn") && args == 3) return arg[0] != 0.0 ? arg[1] : arg[2];
    *known = false;
    return NAN;
}

static double builtin(parser *s, eq_token name, const double *arg, int args) {
    bool known;
    double value = call_any(name, arg, args, &known);
    if (known) return value;
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
        const struct function *f = &functions[k];
        if (!eq_token_is(name, f->name)) continue;
        int want = f->one != NULL ? 1 : 2;
        if (args == want) return f->one != NULL ? f->one(arg[0]) : f->two(arg[0], arg[1]);
        FAIL(s, name.at, "%s takes %d argument%s, here are %d; see the ngspice manual, 2.8.5",
             f->name, want, want == 1 ? "" : "s", args);
        return NAN;
    }
    for (size_t k = 0; k < sizeof random_functions / sizeof *random_functions; k++)
        if (eq_token_is(name, random_functions[k]))
            FAIL(s, name.at,
                 "%s is random and a deck must give the same circuit each time it is read; "
                 "write the value",
                 random_functions[k]);
    FAIL(s, name.at, "there is no function %.*s; define it with .func or check the name",
         (int)name.length, name.text);
    return NAN;
}

static double call(parser *s, eq_token name) {
    double arg[EQ_MAX_ARGUMENTS], value = NAN;
    int args = arguments(s, arg);
    if (s->failed) return NAN;
    switch (s->names->function(s->names->data, name, arg, args, &value)) {
    case EQ_FOUND:
        return value;
    case EQ_LOOKUP_FAILED:
        s->failed = true;
        return NAN;
    default:
        break;
    }
    value = builtin(s, name, arg, args);
    if (!s->failed && !isfinite(value))
        FAIL(s, name.at, "%.*s gives no finite number here; check its argument", (int)name.length,
             name.text);
    return value;
}

static double name(parser *s) {
    eq_token t = {EQ_TOKEN_WORD, s->c->p, 0, eq_cursor_at(s->c)};
    while (s->c->p < s->c->end && is_name(*s->c->p)) s->c->p++;
    t.length = (size_t)(s->c->p - t.text);
    if (look(s) == '(') return call(s, t);
    double value = NAN;
    switch (s->names->parameter(s->names->data, t, &value)) {
    case EQ_FOUND:
        break;
    case EQ_LOOKUP_FAILED:
        s->failed = true;
        break;
    default:
        FAIL(s, t.at, "there is no parameter %.*s; define it with .param %.*s=VALUE", (int)t.length,
             t.text, (int)t.length, t.text);
    }
    return value;
}

static double grouped(parser *s, char close) {
    char buffer[8];
    eq_location open = eq_cursor_at(s->c);
    s->c->p++;
    double value = climb(s, LEVEL_ANY);
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

static double primary(parser *s) {
    char buffer[8], c = look(s);
    if (c == '(') return grouped(s, ')');
    if (c == '{') return grouped(s, '}');
    if (c == '\'') return grouped(s, '\'');
    if (is_digit(c) || c == '.') return number(s);
    if (is_name_start(c)) return name(s);
    FAIL(s, eq_cursor_at(s->c),
         "expected a number, a parameter or a function but found %s; check the "
         "expression",
         seen(s, buffer));
    return NAN;
}

/* A sign binds weaker than a power to its left operand (-2^2 = -4), stronger to its right one
 * (2^-1). */
static double signed_operand(parser *s, int level) {
    char c = look(s);
    if (c != '-' && c != '+' && c != '!')
        return level > LEVEL_POWER ? primary(s) : climb(s, LEVEL_POWER + 1);
    s->c->p++;
    double value = climb(s, level > LEVEL_POWER ? level : LEVEL_UNARY);
    return c == '-' ? -value : c == '+' ? value : (double)(value == 0.0);
}

static double power(parser *s, eq_location at, double x, double y) {
    if (x < 0.0 && fmod(y, 2.0) != 0.0)
        FAIL(s, at,
             "%g is negative and ngspice takes the power of its absolute value here; write "
             "pow(x,y) or abs(x)**y for what you mean",
             x);
    return pow(x, y);
}

static double apply(parser *s, eq_location at, op_kind kind, double x, double y) {
    bool divides = kind == OP_DIV || kind == OP_IDIV || kind == OP_MOD;
    if (divides && y == 0.0 && !s->failed)
        FAIL(s, at, "division by zero; check the parameters of this expression");
    switch (kind) {
    case OP_ADD:
        return x + y;
    case OP_SUB:
        return x - y;
    case OP_MUL:
        return x * y;
    case OP_DIV:
        return x / y;
    case OP_IDIV:
        return trunc(x / y);
    case OP_MOD:
        return fmod(x, y);
    case OP_POW:
        return power(s, at, x, y);
    case OP_EQ:
        return x == y;
    case OP_NE:
        return x != y;
    case OP_LE:
        return x <= y;
    case OP_LT:
        return x < y;
    case OP_GE:
        return x >= y;
    case OP_GT:
        return x > y;
    case OP_AND:
        return x != 0.0 && y != 0.0;
    case OP_OR:
        return x != 0.0 || y != 0.0;
    case OP_ASK:
        break;
    }
    return NAN;
}

static double binary(parser *s, eq_location at, op_kind kind, int level, double x) {
    char buffer[8];
    if (kind != OP_ASK) return apply(s, at, kind, x, climb(s, level + 1));
    double yes = climb(s, LEVEL_ANY);
    if (look(s) != ':')
        FAIL(s, eq_cursor_at(s->c), "expected ':' of the '?' but found %s; write TEST ? YES : NO",
             seen(s, buffer));
    s->c->p += !s->failed;
    double no = climb(s, LEVEL_ANY);
    return x != 0.0 ? yes : no;
}

/* An operand and all operators that bind at least as strongly as `level`. */
static double climb(parser *s, int level) {
    if (s->failed) return NAN;
    if (++*s->names->depth > EQ_MAX_EXPRESSION_DEPTH)
        FAIL(s, eq_cursor_at(s->c),
             "expressions nested deeper than %d; simplify them or look for "
             "a definition that uses itself",
             EQ_MAX_EXPRESSION_DEPTH);
    double x = s->failed ? NAN : signed_operand(s, level);
    const struct op *o;
    while (!s->failed && (o = operator_at(s)) != NULL && o->level >= level) {
        eq_location at = eq_cursor_at(s->c);
        s->c->p += strlen(o->text);
        x = binary(s, at, o->kind, o->level, x);
        if (!s->failed && !isfinite(x))
            FAIL(s, at, "this operation gives no finite number; check its operands");
    }
    --*s->names->depth;
    return x;
}

bool eq_expression(eq_cursor *c, const eq_names_of *names, double *value) {
    parser s = {c, names, false};
    double x = climb(&s, LEVEL_ANY);
    if (s.failed) return false;
    *value = x;
    return true;
}
