/* Elements, nodes and their properties by the names that cards give them,
 * now that all are known. */
#include "netlist/spice/find.h"

#include <string.h>

#include "netlist/spice/error.h"
#include "netlist/spice/name.h"
#include "netlist/spice/scope.h"

/* Puts Xyce's a:b:NAME as a.b.NAME into `name`, with its first letter in front for an element
 * (r.a.b.r1); false: there is no colon in it. */
static bool dotted(eq_token t, bool element, char name[EQ_MAX_NAME + 3]) {
    const char *last = t.text + t.length;
    while (last > t.text && last[-1] != ':') last--;
    if (last == t.text || last == t.text + t.length || t.length > EQ_MAX_NAME) return false;
    size_t front = element ? 2 : 0;
    name[0] = *last;
    name[1] = '.';
    memcpy(name + front, t.text, t.length);
    name[front + t.length] = '\0';
    for (char *p = name; *p != '\0'; p++)
        if (*p == ':') *p = '.';
    return true;
}

eq_element eq_spice_element_of(const eq_spice *s, eq_token t) {
    char name[EQ_MAX_NAME + 3];
    eq_element e = t.kind == EQ_TOKEN_WORD && eq_spice_fold(t, name)
                       ? eq_circuit_find_element(s->circuit, name)
                       : EQ_NONE;
    return e == EQ_NONE && dotted(t, true, name) ? eq_circuit_find_element(s->circuit, name) : e;
}

bool eq_spice_is_open(const eq_spice *s, eq_token t) {
    char name[EQ_MAX_NAME + 3];
    const eq_names *open = s->all->open;
    if (eq_names_find_lower(open, t.text, t.length) != EQ_NO_NAME) return true;
    if (!dotted(t, true, name)) return false;
    return eq_names_find_lower(open, name, strlen(name)) != EQ_NO_NAME;
}

/* "WHAT names [node ]T, but there is no such ...". */
static void no_such(eq_spice *s, eq_token t, const char *what, const char *before, const char *noun,
                    const eq_names *names) {
    char near[96];
    eq_spice_fail(s, t.at, "%s names %s%.*s, but there is no such %s%s; correct the name", what,
                  before, (int)(t.length < 60 ? t.length : 60), t.text, noun,
                  eq_spice_nearest_name(s, t, names, near));
}

eq_element eq_spice_find_element(eq_spice *s, eq_token t, const char *what) {
    eq_element e = eq_spice_element_of(s, t);
    if (e == EQ_NONE) no_such(s, t, what, "", "element", s->circuit->element);
    return e;
}

eq_node eq_spice_node_of(const eq_spice *s, eq_token t) {
    char name[EQ_MAX_NAME + 3];
    if (s->frame != NULL && s->frame->up != NULL) return eq_spice_node_there(s, t);
    eq_node node = eq_spice_fold(t, name) ? eq_circuit_find_node(s->circuit, name) : EQ_NONE;
    return node == EQ_NONE && dotted(t, false, name) ? eq_circuit_find_node(s->circuit, name)
                                                     : node;
}

eq_node eq_spice_find_node(eq_spice *s, eq_token t, const char *what) {
    eq_node node = eq_spice_node_of(s, t);
    if (node == EQ_NONE) no_such(s, t, what, "node ", "node", s->circuit->node);
    return node;
}

eq_node eq_spice_find_plain_node(eq_spice *s, eq_token t, const char *what) {
    char name[EQ_MAX_NAME + 1];
    eq_node node = eq_spice_fold(t, name) ? eq_circuit_find_node(s->circuit, name) : EQ_NONE;
    if (node == EQ_NONE) no_such(s, t, what, "", "node", s->circuit->node);
    return node;
}

bool eq_spice_has_value(const eq_spice *s, eq_element e) {
    int cls = s->circuit->row[e].cls;
    char letter = eq_circuit_element_name(s->circuit, e)[0];
    return eq_class(cls)->letter == 'r' || (cls == EQ_CLASS_vsource && letter == 'v') ||
           cls == EQ_CLASS_isource;
}

bool eq_spice_part(eq_token t, eq_token *name, eq_token *param) {
    size_t n = t.length;
    while (n > 0 && t.text[n - 1] != ':') n--;
    if (n < 2 || n == t.length) return false;
    *name = *param = t;
    name->length = n - 1;
    param->text += n;
    param->length -= n;
    return true;
}

int eq_spice_column(const eq_device_class *cls, eq_token param) {
    if (cls->inverse != NULL && eq_token_is(param, cls->inverse->name)) return cls->params;
    bool source = cls->letter == 'v' || cls->letter == 'i';
    for (int k = 0; k < cls->params; k++)
        if (eq_token_is(param, cls->param[k].name)) return k;
    return source && eq_token_is(param, "dcv0") ? 0 : -1;
}
