/* v(x*.*), i(x*.*), p(*) (HSPICE; Xyce Reference Guide, .PRINT, "wildcards"): * stands for any
 * letters, ? for one, and Xyce's : is a dot. */
#include "netlist/spice/wildcard.h"

#include <string.h>

#include "circuit/formula.h"
#include "netlist/spice/error.h"
#include "netlist/spice/probe.h"

static const struct family {
    const char *probe;
    bool element;
    const char *function; /* of the potential or current; NULL: itself */
} families[] = {{"v", false, NULL},   {"n", false, NULL},   {"vr", false, NULL},
                {"vm", false, "abs"}, {"i", true, NULL},    {"ir", true, NULL},
                {"im", true, "abs"},  {"p", true, "power"}, {"w", true, "power"}};

static bool same_letter(char pattern, char c) {
    if (pattern >= 'A' && pattern <= 'Z') pattern = (char)(pattern + 'a' - 'A');
    return pattern == c || pattern == '?' || (pattern == ':' && c == '.');
}

/* Glob matching with one place to go back to: the last star. */
static bool matches(const char *p, const char *end, const char *name) {
    const char *star = NULL, *from = name;
    while (*name != '\0') {
        if (p < end && *p == '*') {
            star = ++p;
            from = name;
        } else if (p < end && same_letter(*p, *name)) {
            p++;
            name++;
        } else if (star != NULL) {
            p = star;
            name = ++from;
        } else {
            return false;
        }
    }
    while (p < end && *p == '*') p++;
    return p == end;
}

/* r.x1.r1 is also x1.r1. */
static bool element_matches(const char *p, const char *end, const char *name) {
    return matches(p, end, name) ||
           (name[0] != '\0' && name[1] == '.' && matches(p, end, name + 2));
}

/* The column PROBE(NAME) of node or element number k. */
static void add(eq_spice *s, const struct family *f, int32_t k, unsigned analyses) {
    eq_spice probe;
    eq_text label = {0};
    const char *name =
        f->element ? eq_circuit_element_name(s->circuit, k) : eq_circuit_node_name(s->circuit, k);
    eq_text_printf(&label, "%s(%s)", f->probe, name);
    eq_print p = {label.failed ? EQ_NO_NAME
                               : eq_names_add(s->deck->label, label.text, label.length),
                  f->element ? EQ_QUANTITY_CURRENT : EQ_QUANTITY_VOLTAGE, NULL, analyses};
    eq_text_free(&label);
    if (p.label == EQ_NO_NAME) {
        eq_spice_no_memory(s);
        return;
    }
    if (!eq_spice_probe_begin(s, ".print", &probe)) return;
    eq_formula_input in = {EQ_INPUT_DROP, k, EQ_GROUND, EQ_NONE};
    if (f->element) in = (eq_formula_input){EQ_INPUT_CURRENT, EQ_NONE, EQ_NONE, k};
    bool power = f->function != NULL && *f->function == 'p';
    eq_operand x = power ? eq_spice_power(s->circuit, probe.formula, k)
                         : eq_formula_input_of(probe.formula, in);
    if (power)
        p.quantity = EQ_QUANTITY_NONE;
    else if (f->function != NULL)
        x = eq_formula_apply(probe.formula, eq_operation_find(f->function, 1), &x);
    p.formula = eq_spice_probe_end(&probe, true, x);
    if (p.formula != NULL) eq_spice_pass_on(s, eq_deck_add_print(s->deck, &p, s->scratch));
}

static const struct family *family_of(eq_token word) {
    for (size_t k = 0; k < sizeof families / sizeof *families; k++)
        if (eq_token_is(word, families[k].probe)) return &families[k];
    return NULL;
}

/* Adds all that match; how many. */
static size_t add_matches(eq_spice *s, const struct family *f, const char *pattern, const char *end,
                          unsigned analyses) {
    const eq_circuit *c = s->circuit;
    size_t n = f->element ? eq_circuit_elements(c) : eq_circuit_nodes(c), found = 0;
    for (size_t k = f->element ? 0 : 1; k < n && !s->all->stop; k++) {
        bool match = f->element
                         ? element_matches(pattern, end, eq_circuit_element_name(c, (eq_element)k))
                         : matches(pattern, end, eq_circuit_node_name(c, (eq_node)k));
        if (!match) continue;
        add(s, f, (int32_t)k, analyses);
        found++;
    }
    return found;
}

bool eq_spice_wildcard(eq_spice *s, eq_token item, unsigned analyses) {
    const char *open = memchr(item.text, '(', item.length), *end = item.text + item.length - 1;
    if (open == NULL || item.length < 3 || *end != ')') return false;
    eq_token word = {EQ_TOKEN_WORD, item.text, (size_t)(open - item.text), item.at};
    const struct family *f = family_of(word);
    size_t n = (size_t)(end - open - 1);
    bool wild = memchr(open + 1, '*', n) != NULL || memchr(open + 1, '?', n) != NULL;
    if (f == NULL || !wild || memchr(open + 1, ',', n) != NULL) return false;
    if (add_matches(s, f, open + 1, end, analyses) == 0)
        eq_spice_note(s, "wildcard", item.at, "left out: nothing is called as %.*s (and others)",
                      (int)(item.length < 60 ? item.length : 60), item.text);
    return true;
}
