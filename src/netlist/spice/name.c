/* Nodes and full names as seen from an instance. */
#include "netlist/spice/name.h"

#include "netlist/spice/error.h"

static bool is_ground(eq_token t) {
    return (t.length == 1 && *t.text == '0') || eq_token_is(t, "gnd");
}

/* Nodes that are the same everywhere: ground, those of .global, and LTspice's $G_NAME. */
static bool is_global(const eq_spice *s, eq_token t) {
    bool own = s->circuit->dialect == EQ_LTSPICE && t.length > 3 && eq_same_word("$g_", t.text, 3);
    return own || is_ground(t) ||
           eq_names_find_lower(s->all->global, t.text, t.length) != EQ_NO_NAME;
}

/* The node of that name, which the token stands for. */
static eq_node named_node(eq_spice *s, eq_token t, const char *name, size_t length) {
    if (!eq_spice_name_fits(s, t, length)) return EQ_NONE;
    eq_node node = eq_circuit_node(s->circuit, name, length);
    if (node == EQ_NONE) eq_spice_no_memory(s);
    return node;
}

/* A node of an instance: a port, ground or a .global node, else one of its own. */
static eq_node local_node(eq_spice *s, eq_token t) {
    int32_t port = eq_names_find_lower(s->frame->scope->port, t.text, t.length);
    if (port != EQ_NO_NAME) return s->frame->port[port];
    if (is_global(s, t)) return named_node(s, t, t.text, t.length);
    eq_text_clear(&s->all->name);
    eq_text_puts(&s->all->name, s->frame->prefix);
    eq_text_add(&s->all->name, t.text, t.length);
    if (!s->all->name.failed) return named_node(s, t, s->all->name.text, s->all->name.length);
    eq_spice_no_memory(s);
    return EQ_NONE;
}

eq_node eq_spice_node(eq_spice *s, eq_token t) {
    if (t.kind != EQ_TOKEN_WORD) {
        eq_spice_expected(s, t, "a node");
        return EQ_NONE;
    }
    return s->frame->prefix[0] == '\0' ? named_node(s, t, t.text, t.length) : local_node(s, t);
}

eq_node eq_spice_node_there(const eq_spice *s, eq_token t) {
    const eq_frame *f = s->frame;
    bool own = !is_global(s, t);
    int32_t port = eq_names_find_lower(f->scope->port, t.text, t.length);
    if (port != EQ_NO_NAME) return f->port[port];
    eq_text name = {0};
    eq_text_puts(&name, own ? f->prefix : "");
    eq_text_add(&name, t.text, t.length);
    if (name.text != NULL) eq_lower(name.text, name.length);
    for (size_t k = 0; name.text != NULL && k < name.length; k++)
        if (name.text[k] == ':') name.text[k] = '.';
    if (name.failed) eq_spice_no_memory(s);
    eq_node node = name.failed ? EQ_NONE : eq_circuit_find_node(s->circuit, name.text);
    eq_text_free(&name);
    return node;
}

void eq_spice_full_name(eq_spice *s, eq_token t) {
    eq_text_clear(&s->all->name);
    if (s->frame->prefix[0] != '\0') {
        eq_text_add(&s->all->name, t.text, 1);
        eq_text_puts(&s->all->name, ".");
        eq_text_puts(&s->all->name, s->frame->prefix);
    }
    eq_text_add(&s->all->name, t.text, t.length);
    if (s->all->name.text != NULL) eq_lower(s->all->name.text, s->all->name.length);
    if (s->all->name.failed) eq_spice_no_memory(s);
}

/* x2:r1 (Xyce, LTspice) seen from x1 is r.x1.x2.r1. */
static void name_of_path(eq_spice *s, eq_token t, size_t last) {
    eq_text *name = &s->all->name;
    eq_text_clear(name);
    eq_text_add(name, t.text + last, 1);
    eq_text_puts(name, ".");
    eq_text_puts(name, s->frame->prefix);
    eq_text_add(name, t.text, t.length);
    if (name->failed) {
        eq_spice_no_memory(s);
        return;
    }
    eq_lower(name->text, name->length);
    for (size_t k = 0; k < name->length; k++)
        if (name->text[k] == ':') name->text[k] = '.';
}

/* The number of the scratch name among the controls. */
static int32_t add_control(eq_spice *s, eq_token name) {
    if (s->all->stop || !eq_spice_name_fits(s, name, s->all->name.length)) return EQ_NO_NAME;
    int32_t id = eq_names_add(s->all->controls, s->all->name.text, s->all->name.length);
    if (id == EQ_NO_NAME) eq_spice_no_memory(s);
    return id;
}

int32_t eq_spice_control(eq_spice *s, eq_token name) {
    eq_spice_full_name(s, name);
    return add_control(s, name);
}

int32_t eq_spice_control_path(eq_spice *s, eq_token name) {
    size_t last = name.length;
    while (last > 0 && name.text[last - 1] != ':') last--;
    if (last == 0 || last == name.length) return EQ_NO_NAME;
    name_of_path(s, name, last);
    return add_control(s, name);
}
