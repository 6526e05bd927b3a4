/* What stands at the nodes of a network of edges: sources, loads and outputs; and what learns. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "netlist/lexer.h"
#include "netlist/mesh/parts.h"

/* How much of a word a message shows. */
static int shown(size_t length) {
    return (int)(length < 40 ? length : 40);
}

eq_status eq_mesh_node(eq_mesh *m, const char *name, size_t length, eq_node *node) {
    size_t before = eq_circuit_nodes(m->c);
    *node = eq_circuit_node(m->c, name, length);
    if (*node == EQ_NONE) return eq_out_of_memory(m->diag);
    if (eq_circuit_nodes(m->c) == before) return EQ_OK;
    if (!eq_grow((void **)&m->node, &m->node_cap, m->nodes + 1, sizeof *m->node))
        return eq_out_of_memory(m->diag);
    m->node[m->nodes++] = *node;
    return EQ_OK;
}

static eq_status is_held(const eq_mesh *m, eq_node node, bool *held) {
    eq_text name = {0};
    eq_text_printf(&name, "v%s", eq_circuit_node_name(m->c, node));
    *held = !name.failed && eq_circuit_find_element(m->c, name.text) != EQ_NONE;
    eq_status status = name.failed ? eq_out_of_memory(m->diag) : EQ_OK;
    eq_text_free(&name);
    return status;
}

eq_status eq_mesh_hold(eq_mesh *m, eq_node node, double volts, bool input) {
    const char *name = eq_circuit_node_name(m->c, node);
    eq_element e;
    bool held;
    eq_status status = is_held(m, node, &held);
    if (status == EQ_OK && (node == EQ_GROUND || held))
        return eq_fail_at(m->diag, EQ_ERR_INPUT, m->a->at,
                          "the node '%.40s' is held twice: inputs and rails are different nodes, "
                          "and none of them is ground; name each once",
                          name);
    if (status == EQ_OK)
        status = eq_mesh_put(m, EQ_CLASS_vsource, "v", name, node, EQ_GROUND, volts,
                             eq_mesh_nowhere, &e);
    return status == EQ_OK && input ? eq_circuit_input(m->c, e, m->diag) : status;
}

static const char *node_name(const void *of, size_t k) {
    const eq_mesh *m = of;
    return eq_circuit_node_name(m->c, m->node[k]);
}

/* A node that is there. */
static eq_status find(eq_mesh *m, eq_net_text of, const char *word, size_t length, eq_node *node) {
    char *name = eq_strndup(word, length);
    if (name == NULL) return eq_out_of_memory(m->diag);
    *node = eq_circuit_find_node(m->c, name);
    eq_free(name);
    if (*node != EQ_NONE) return EQ_OK;
    const char *like = eq_nearest(word, length, m->nodes, node_name, m);
    const char *file = m->a->text[EQ_NET_EDGES];
    return eq_fail_at(m->diag, EQ_ERR_INPUT, m->a->text_at[of],
                      "%s: the network%s%s%s has no node '%.*s'%s%s; name nodes as its edges do%s",
                      of == EQ_NET_INPUTS ? "inputs" : "outputs", file == NULL ? "" : " of '",
                      file == NULL ? "" : file, file == NULL ? "" : "'", shown(length), word,
                      like == NULL ? "" : ", did you mean ", like == NULL ? "" : like,
                      file == NULL ? " (n1_1 is the first of a grid)" : "");
}

static const char blanks[] = " \t\r\n", blanks_and_commas[] = " \t\r\n,";

eq_status eq_mesh_inputs(eq_mesh *m) {
    size_t n;
    const char *p = eq_next_word(m->a->text[EQ_NET_INPUTS], blanks_and_commas, &n);
    eq_status status = EQ_OK;
    for (; status == EQ_OK && n > 0; p = eq_next_word(p + n, blanks_and_commas, &n)) {
        eq_node node;
        status = find(m, EQ_NET_INPUTS, p, n, &node);
        if (status == EQ_OK) status = eq_mesh_hold(m, node, 0.0, true);
    }
    return status;
}

/* NAME=VOLTS */
static eq_status rail(eq_mesh *m, const char *word, size_t length) {
    const char *equal = memchr(word, '=', length);
    size_t name = equal == NULL ? length : (size_t)(equal - word);
    double volts;
    eq_node node;
    size_t left = length - name;
    if (name == 0 || left < 2 ||
        eq_spice_number(equal + 1, left - 1, EQ_NGSPICE, &volts) != left - 1 || !isfinite(volts))
        return eq_fail_at(m->diag, EQ_ERR_INPUT, m->a->text_at[EQ_NET_RAILS],
                          "rails: '%.*s' is no NAME=VOLTS; write them as in \"vdd=1 low=-0.5\"",
                          shown(length), word);
    node = eq_circuit_node(m->c, word, name); /* no node of the network's edges as yet */
    return node == EQ_NONE ? eq_out_of_memory(m->diag) : eq_mesh_hold(m, node, volts, false);
}

eq_status eq_mesh_held_rails(eq_mesh *m) {
    const char *rails = m->a->text[EQ_NET_RAILS];
    size_t n;
    const char *p = eq_next_word(rails == NULL ? "" : rails, blanks_and_commas, &n);
    eq_status status = EQ_OK;
    for (; status == EQ_OK && n > 0; p = eq_next_word(p + n, blanks_and_commas, &n))
        status = rail(m, p, n);
    return status;
}

static eq_status output_node(eq_mesh *m, const char *word, size_t length, eq_node *node) {
    bool held = false;
    eq_status status = find(m, EQ_NET_OUTPUTS, word, length, node);
    if (status == EQ_OK) status = is_held(m, *node, &held);
    if (status != EQ_OK || (*node != EQ_GROUND && !held)) return status;
    return eq_fail_at(m->diag, EQ_ERR_INPUT, m->a->text_at[EQ_NET_OUTPUTS],
                      "outputs: the node '%.*s' is held by a source; name one whose potential the "
                      "network decides",
                      shown(length), word);
}

/* PLUS or PLUS,MINUS */
static eq_status output(eq_mesh *m, const char *word, size_t length) {
    const char *comma = memchr(word, ',', length);
    size_t first = comma == NULL ? length : (size_t)(comma - word);
    eq_node plus, minus = EQ_NONE;
    eq_status status = output_node(m, word, first, &plus);
    if (status == EQ_OK && comma != NULL)
        status = output_node(m, comma + 1, length - first - 1, &minus);
    if (status == EQ_OK && plus == minus)
        return eq_fail_at(m->diag, EQ_ERR_INPUT, m->a->text_at[EQ_NET_OUTPUTS],
                          "outputs: both nodes of '%.*s' are the same; name two", shown(length),
                          word);
    if (status == EQ_OK && eq_circuit_is_output(m->c, plus, minus))
        return eq_fail_at(m->diag, EQ_ERR_INPUT, m->a->text_at[EQ_NET_OUTPUTS],
                          "outputs: '%.*s' is an output already; name each once", shown(length),
                          word);
    return status == EQ_OK ? eq_circuit_output(m->c, plus, minus, EQ_NONE, EQ_NONE, m->diag)
                           : status;
}

eq_status eq_mesh_outputs(eq_mesh *m) {
    size_t n;
    const char *p = eq_next_word(m->a->text[EQ_NET_OUTPUTS], blanks, &n);
    eq_status status = EQ_OK;
    for (; status == EQ_OK && n > 0; p = eq_next_word(p + n, blanks, &n)) status = output(m, p, n);
    return status;
}

static eq_status load(eq_mesh *m, eq_node node) {
    bool held;
    eq_status status = is_held(m, node, &held);
    if (status != EQ_OK || held) return status;
    return eq_mesh_put(m, EQ_CLASS_resistor, "rl_", eq_circuit_node_name(m->c, node), node,
                       EQ_GROUND, m->a->load, eq_mesh_nowhere, NULL);
}

eq_status eq_mesh_loads(eq_mesh *m) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && m->a->load > 0.0 && k < m->nodes; k++)
        status = load(m, m->node[k]);
    return status;
}

/* Whether there is an element of the name PREFIX PART_... */
static bool any(const eq_mesh *m, const char *pattern) {
    for (size_t e = eq_circuit_elements(m->c); e-- > 0;)
        if (eq_match(pattern, eq_circuit_element_name(m->c, (eq_element)e))) return true;
    return false;
}

eq_status eq_mesh_train(eq_mesh *m, const char *part) {
    const struct {
        const char *prefix;
        double min, max;
    } learns[] = {{"r", m->a->gmin, m->a->gmax}, {"vg", m->a->vmin, m->a->vmax}};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof learns / sizeof *learns; k++) {
        eq_text pattern = {0};
        eq_text_printf(&pattern, "%s%s_*", learns[k].prefix, part);
        if (pattern.failed)
            status = eq_out_of_memory(m->diag);
        else if (any(m, pattern.text))
            status = eq_circuit_train(m->c, pattern.text, NULL, learns[k].min, learns[k].max,
                                      eq_mesh_nowhere, m->diag);
        eq_text_free(&pattern);
    }
    return status;
}
