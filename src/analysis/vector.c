#include "analysis/vector.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/operations.h"
#include "netlist/alias.h"
#include "netlist/lexer.h"

enum { MOST_DEPTH = 200, MOST_NAME = 256 };

typedef struct parser {
    const char *p;
    const eq_vectors_of *names;
    char *error;
    size_t room;
    int depth;
    bool failed;
} parser;

static const eq_vector none = {NULL, 0};

eq_vector eq_vector_new(size_t n) {
    eq_vector v = {eq_calloc(n, sizeof *v.x), n};
    return v;
}

eq_vector eq_vector_scalar(double value) {
    eq_vector v = eq_vector_new(1);
    if (v.x != NULL) v.x[0] = value;
    return v;
}

void eq_vector_free(eq_vector *v) {
    eq_free(v->x);
    *v = none;
}

static eq_vector fail(parser *s, const char *what, const char *name) {
    if (!s->failed) snprintf(s->error, s->room, "%s%.60s", what, name);
    s->failed = true;
    return none;
}

static eq_vector checked(parser *s, eq_vector v) {
    return v.x == NULL && !s->failed ? fail(s, "out of memory", "") : v;
}

static char look(parser *s) {
    while (*s->p == ' ' || *s->p == '\t') s->p++;
    return s->failed ? '\0' : *s->p;
}

/* Infix operators, longest spelling first; words stand alone. */
static const struct infix {
    const char *sign, *operation;
    int level;
} infixes[] = {{"or", "||", 1}, {"||", "||", 1}, {"|", "||", 1},  {"and", "&&", 2}, {"&&", "&&", 2},
               {"&", "&&", 2},  {"<>", "!=", 3}, {"<=", "<=", 3}, {">=", ">=", 3},  {"==", "==", 3},
               {"!=", "!=", 3}, {"=", "==", 3},  {"<", "<", 3},   {">", ">", 3},    {"gt", ">", 3},
               {"ge", ">=", 3}, {"lt", "<", 3},  {"le", "<=", 3}, {"eq", "==", 3},  {"ne", "!=", 3},
               {"+", "+", 4},   {"-", "-", 4},   {"**", "**", 6}, {"*", "*", 5},    {"/", "/", 5},
               {"%", "%", 5},   {"^", "**", 6}};

enum { POWER = 6 }; /* groups from the right, as ngspice's commands have it */

static const struct infix *infix_at(parser *s) {
    if (look(s) == '\0') return NULL;
    for (size_t k = 0; k < sizeof infixes / sizeof *infixes; k++) {
        size_t n = strlen(infixes[k].sign);
        if (strncmp(s->p, infixes[k].sign, n) != 0) continue;
        if (isalpha((unsigned char)*infixes[k].sign) &&
            (isalnum((unsigned char)s->p[n]) || s->p[n] == '_' || s->p[n] == '('))
            continue;
        return &infixes[k];
    }
    return NULL;
}

static double item(const eq_vector *v, size_t k) {
    return v->x[v->n == 1 ? 0 : k];
}

/* What an operation takes or gives is multiplied by where angles are in degrees. */
static double unit_of(const parser *s, const char *name, bool of_value) {
    static const char *const of_angles[] = {"sin", "cos", "tan", "sinh", "cosh", "tanh"};
    static const double degree = 3.14159265358979323846 / 180.0;
    if (!s->names->degrees) return 1.0;
    if (of_value) return strcmp(name, "atan") == 0 ? 1.0 / degree : 1.0;
    for (size_t k = 0; k < sizeof of_angles / sizeof *of_angles; k++)
        if (strcmp(name, of_angles[k]) == 0) return degree;
    return 1.0;
}

/* The operation on the vectors x[0..operands), which it frees. */
static eq_vector apply(parser *s, int operation, eq_vector *x) {
    const eq_operation *o = eq_operation_at(operation);
    size_t n = 1;
    for (int k = 0; k < o->operands; k++) {
        if (x[k].n > 1 && n > 1 && x[k].n != n)
            fail(s, "vectors of different lengths meet in ", o->name);
        n = x[k].n > n ? x[k].n : n;
        if (x[k].n == 0) fail(s, "an empty vector in ", o->name);
    }
    for (size_t k = 0; strcmp(o->name, "/") == 0 && k < x[1].n; k++)
        if (x[1].x[k] == 0.0) fail(s, "a division by zero", "");
    eq_vector y = s->failed ? none : checked(s, eq_vector_new(n));
    double in = unit_of(s, o->name, false), out = unit_of(s, o->name, true);
    for (size_t k = 0; y.x != NULL && k < n; k++) {
        double at[EQ_MOST_OPERANDS] = {0};
        for (int j = 0; j < o->operands; j++) at[j] = in * item(&x[j], k);
        y.x[k] = out * (o->known != NULL ? o->known(at) : o->value(at));
    }
    for (int k = 0; k < o->operands; k++) eq_vector_free(&x[k]);
    return y;
}

static eq_vector climb(parser *s, int level);
static eq_vector choice(parser *s);

/* Functions of a whole vector: their value, or how long a new one is. */
static double reduced(const char *name, const eq_vector *x, bool *known) {
    double sum = 0.0, squares = 0.0, least = INFINITY, most = -INFINITY, n = (double)x->n;
    for (size_t k = 0; k < x->n; k++) {
        sum += x->x[k];
        squares += x->x[k] * x->x[k];
        least = fmin(least, x->x[k]);
        most = fmax(most, x->x[k]);
    }
    const struct {
        const char *name;
        double value;
    } all[] = {{"length", n},      {"mean", sum / n}, {"avg", sum / n},
               {"vecmax", most},   {"maximum", most}, {"vecmin", least},
               {"minimum", least}, {"sum", sum},      {"rms", sqrt(squares / n)}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        *known = strcmp(all[k].name, name) == 0;
        if (*known) return all[k].value;
    }
    return NAN;
}

/* vector(n): 0 .. n - 1, unitvec(n): ones. */
static eq_vector made(parser *s, const char *name, double n) {
    if (!(n >= 1.0 && n <= 1e7))
        return fail(s, "a length that is no number from 1 to 1e7 in ", name);
    eq_vector v = checked(s, eq_vector_new((size_t)n));
    for (size_t k = 0; v.x != NULL && k < v.n; k++) v.x[k] = *name == 'v' ? (double)k : 1.0;
    return v;
}

/* The slope at x[k] of the parabola through three neighbours, of which k is the middle one where there
 * are two (ngspice, with dpolydegree 2). */
static double slope_at(const double *x, const double *y, size_t n, size_t k) {
    size_t m = k == 0 ? 1 : k == n - 1 ? n - 2 : k;
    double left = (y[m] - y[m - 1]) / (x[m] - x[m - 1]);
    double right = (y[m + 1] - y[m]) / (x[m + 1] - x[m]);
    double bend = (right - left) / (x[m + 1] - x[m - 1]);
    return left + bend * (2.0 * x[k] - x[m] - x[m - 1]);
}

/* deriv(y): by what the current plot was swept over. */
static eq_vector derived(parser *s, const eq_vector *y) {
    eq_vector x = none, d = none;
    if (!s->names->find(s->names->data, "v-sweep", &x) || (x.x != NULL && x.n != y->n) || y->n < 3)
        fail(s, "no sweep of three points or more below ", "deriv");
    else if (x.x != NULL)
        d = eq_vector_new(y->n);
    for (size_t k = 0; d.x != NULL && k < d.n; k++) d.x[k] = slope_at(x.x, y->x, y->n, k);
    eq_vector_free(&x);
    return s->failed ? none : checked(s, d);
}

static eq_vector call_of_one(parser *s, const char *name, eq_vector *x, bool *known) {
    *known = strcmp(name, "deriv") == 0;
    if (*known) return derived(s, x);
    double value = reduced(name, x, known);
    if (*known) return checked(s, eq_vector_scalar(value));
    *known = strcmp(name, "vector") == 0 || strcmp(name, "unitvec") == 0;
    return *known ? made(s, name, x->n > 0 ? x->x[0] : 0.0) : none;
}

static eq_vector call(parser *s, const char *name) {
    eq_vector arg[EQ_MOST_OPERANDS] = {{NULL, 0}}, y = none;
    int n = 0;
    s->p++;
    while (!s->failed && n < EQ_MOST_OPERANDS && look(s) != ')') {
        arg[n++] = choice(s);
        if (look(s) == ',') s->p++;
    }
    if (look(s) != ')') fail(s, "a call that is not closed: ", name);
    s->p += !s->failed;
    bool known = false;
    const char *other = n == 0 || s->failed ? NULL : eq_alias_of(EQ_NGSPICE, name, n);
    if (other != NULL && *other == '0') other = "ddt";
    int operation = eq_operation_find(other != NULL && *other != '\0' ? other : name, n);
    if (!s->failed && s->names->call != NULL)
        known = s->names->call(s->names->data, name, arg, n, &y);
    if (known) y = checked(s, y);
    if (n == 1 && !s->failed && !known) y = call_of_one(s, name, &arg[0], &known);
    if (!known && other != NULL && *other == '\0') {
        y = arg[0];
        arg[0] = none;
    } else if (!known && !s->failed) {
        y = operation < 0 ? fail(s, "no function ", name) : apply(s, operation, arg);
    }
    for (int k = 0; k < EQ_MOST_OPERANDS; k++) eq_vector_free(&arg[k]);
    return y;
}

static bool is_name(char c) {
    return isalnum((unsigned char)c) || (c != '\0' && strchr("_.#:$", c) != NULL) || c < 0;
}

/* The text from `from` up to s->p in lower case, without blanks. */
static bool take_name(parser *s, const char *from, char name[MOST_NAME]) {
    size_t n = 0;
    for (; from < s->p && n < MOST_NAME - 1; from++)
        if (*from != ' ') name[n++] = (char)tolower((unsigned char)*from);
    name[n] = '\0';
    if (from < s->p) fail(s, "a name that is too long: ", name);
    return !s->failed;
}

static eq_vector find(parser *s, const char *name) {
    eq_vector v = none;
    if (s->failed) return none;
    return s->names->find(s->names->data, name, &v) ? checked(s, v) : fail(s, "no vector ", name);
}

/* v(a,b) is v(a) - v(b). */
static eq_vector difference(parser *s, const char *name, const char *comma) {
    char one[MOST_NAME + 8];
    snprintf(one, sizeof one, "%.*s)", (int)(comma - name), name);
    eq_vector x[2];
    x[0] = find(s, one);
    snprintf(one, sizeof one, "v(%s", comma + 1);
    x[1] = find(s, one);
    if (!s->failed) return apply(s, eq_operation_find("-", 2), x);
    eq_vector_free(&x[0]);
    return none;
}

/* vm(a), idb(v1) ..: v or i with a function of it. */
static const char *part_of(const char *name) {
    static const char *const parts[][2] = {
        {"vr", ""}, {"vi", "ddt"}, {"vm", "abs"}, {"vp", "ddt"}, {"vdb", "db"},
        {"ir", ""}, {"ii", "ddt"}, {"im", "abs"}, {"ip", "ddt"}, {"idb", "db"}};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        if (strcmp(parts[k][0], name) == 0) return parts[k][1];
    return NULL;
}

/* Its value: the text from the v or i on without the letters between it and the parenthesis. */
static eq_vector part(parser *s, const char *text, const char *function) {
    char probe[MOST_NAME];
    snprintf(probe, sizeof probe, "%c%s", *text, strchr(text, '('));
    const char *comma = strchr(probe, ',');
    eq_vector x[EQ_MOST_OPERANDS] = {comma == NULL ? find(s, probe) : difference(s, probe, comma)};
    return s->failed || *function == '\0' ? x[0] : apply(s, eq_operation_find(function, 1), x);
}

/* A vector whose name has parentheses: output_impedance_at_v(out). */
static bool with_parentheses(parser *s, const char *from, eq_vector *v) {
    char whole[MOST_NAME];
    const char *to = s->p;
    for (int open = 0; *to != '\0'; to++) {
        open += (*to == '(') - (*to == ')');
        if (open == 0) break;
    }
    size_t n = (size_t)(to + 1 - from);
    if (*to == '\0' || n >= sizeof whole) return false;
    for (size_t k = 0; k < n; k++) whole[k] = (char)tolower((unsigned char)from[k]);
    whole[n] = '\0';
    if (!s->names->find(s->names->data, whole, v)) return false;
    s->p = to + 1;
    *v = checked(s, *v);
    return true;
}

/* v(..), i(..), @r1[i]: up to the closing bracket; else a name or a call. */
static eq_vector name(parser *s) {
    const char *from = s->p;
    char text[MOST_NAME];
    eq_vector v;
    bool property = *s->p == '@';
    s->p += property;
    while (is_name(*s->p)) s->p++;
    if (!take_name(s, from, text)) return none;
    const char *last = strrchr(text, '.');
    last = last == NULL ? text : last + 1;
    const char *function = *s->p == '(' ? part_of(text) : NULL;
    bool probe = *s->p == '(' && (function != NULL || strcmp(last, "v") == 0 ||
                                  strcmp(last, "i") == 0 || strcmp(last, "p") == 0);
    if (*s->p == '(' && !probe && with_parentheses(s, from, &v)) return v;
    if (*s->p == '(' && !probe) return call(s, text);
    if (probe || (property && *s->p == '[')) {
        char close = probe ? ')' : ']';
        while (*s->p != '\0' && *s->p != close) s->p++;
        if (*s->p == '\0') return fail(s, "a bracket that is not closed behind ", text);
        s->p++;
        if (!take_name(s, from, text)) return none;
    }
    if (function != NULL) return part(s, text, function);
    const char *comma = probe ? strchr(text, ',') : NULL;
    return comma == NULL ? find(s, text) : difference(s, text, comma);
}

static eq_vector primary(parser *s) {
    char c = look(s);
    double value;
    if (c == '(' || c == '{') {
        s->p++;
        eq_vector v = choice(s);
        if (look(s) != (c == '(' ? ')' : '}')) {
            eq_vector_free(&v);
            return fail(s, "a parenthesis that is not closed", "");
        }
        s->p++;
        return v;
    }
    if (isdigit((unsigned char)c) || c == '.') {
        size_t n = eq_parse_double(s->p, strlen(s->p), &value);
        while (n > 0 && isalpha((unsigned char)s->p[n])) n++;
        if (n == 0 || eq_spice_number(s->p, n, EQ_NGSPICE, &value) != n)
            return fail(s, "no number: ", s->p);
        s->p += n;
        return checked(s, eq_vector_scalar(value));
    }
    if (isalpha((unsigned char)c) || c == '_' || c == '@' || c < 0) return name(s);
    return fail(s, c == '\0' ? "the expression ends too early" : "what is no expression: ", s->p);
}

/* x[k]: one element, from 0. */
static eq_vector indexed(parser *s) {
    eq_vector v = primary(s);
    while (!s->failed && *s->p == '[') {
        s->p++;
        eq_vector at = climb(s, 1);
        double k = s->failed ? -1.0 : floor(at.x[0]);
        if (!s->failed && (look(s) != ']' || !(k >= 0.0 && k < (double)v.n)))
            fail(s, "an index outside of the vector", "");
        double value = s->failed ? 0.0 : v.x[(size_t)k];
        eq_vector_free(&at);
        eq_vector_free(&v);
        s->p += !s->failed;
        v = s->failed ? none : checked(s, eq_vector_scalar(value));
    }
    return v;
}

static eq_vector unary(parser *s) {
    char c = look(s);
    bool word = strncmp(s->p, "not ", 4) == 0;
    if (c != '-' && c != '+' && c != '!' && c != '~' && !word) return indexed(s);
    s->p += word ? 4 : 1;
    eq_vector x[EQ_MOST_OPERANDS] = {climb(s, c == '-' || c == '+' ? 6 : 3)};
    if (c == '+' || s->failed) return x[0];
    return apply(s, eq_operation_find(c == '-' ? "-" : "!", 1), x);
}

static eq_vector climb(parser *s, int level) {
    if (++s->depth > MOST_DEPTH) fail(s, "an expression that is nested too deep", "");
    eq_vector x = s->failed ? none : unary(s);
    const struct infix *o;
    while (!s->failed && (o = infix_at(s)) != NULL && o->level >= level) {
        s->p += strlen(o->sign);
        eq_vector both[EQ_MOST_OPERANDS] = {x, climb(s, o->level + (o->level < POWER))};
        x = none;
        if (!s->failed)
            x = apply(s, eq_operation_find(o->operation, 2), both);
        else
            eq_vector_free(&both[0]);
    }
    s->depth--;
    if (s->failed) eq_vector_free(&x);
    return x;
}

/* TEST ? A : B; what is not taken need not have a value of the other's length. */
static eq_vector choice(parser *s) {
    if (s->depth >= MOST_DEPTH) return fail(s, "an expression that is nested too deep", "");
    eq_vector test = climb(s, 1);
    if (look(s) != '?') return test;
    if (test.n == 0) fail(s, "an empty vector before ", "?");
    s->p++;
    s->depth++;
    eq_vector yes = s->failed ? none : choice(s), no = none;
    if (!s->failed && look(s) != ':') fail(s, "a ? without its :", "");
    if (!s->failed) s->p++;
    if (!s->failed) no = choice(s);
    s->depth--;
    bool first = !s->failed && test.x[0] != 0.0;
    eq_vector_free(&test);
    eq_vector_free(first ? &no : &yes);
    if (!s->failed) return first ? yes : no;
    eq_vector_free(&no);
    return none;
}

bool eq_vector_evaluate(const char **text, const eq_vectors_of *names, eq_vector *out, char *error,
                        size_t room) {
    parser s = {*text, names, error, room, 0, false};
    *out = choice(&s);
    *text = s.p;
    return !s.failed;
}
