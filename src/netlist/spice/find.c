/* Elements, nodes and their properties by the names that cards give them,
 * now that all are known. */
#include "netlist/spice/find.h"

#include <string.h>

#include "netlist/spice/error.h"
#include "netlist/spice/mention.h"
#include "netlist/spice/name.h"
#include "netlist/spice/scope.h"

/* Puts Xyce's a:b:NAME, or a.b.NAME of an element, as a.b.NAME into `name`, with the first letter of NAME in front for an
 * element (r.a.b.r1). NAME may hold colons of its own and starts behind the colon at `last`. */
static void dotted(eq_token t, size_t last, bool element, char name[EQ_MAX_NAME + 3]) {
    size_t front = element ? 2 : 0;
    name[0] = t.text[last + 1];
    name[1] = '.';
    memcpy(name + front, t.text, t.length);
    name[front + t.length] = '\0';
    for (size_t k = 0; k <= last; k++)
        if (t.text[k] == ':') name[front + k] = '.';
}

static int32_t among_elements(const eq_spice *s, const char *name) {
    return eq_circuit_find_element(s->circuit, name);
}

static int32_t among_nodes(const eq_spice *s, const char *name) {
    return eq_circuit_find_node(s->circuit, name);
}

static int32_t among_reactances(const eq_spice *s, const char *name) {
    return eq_names_find(s->all->reactance, name, strlen(name));
}

/* What is called so, as it is written or as Xyce spells it; EQ_NONE: nothing. */
static int32_t find(const eq_spice *s, eq_token t, bool element,
                    int32_t (*find_named)(const eq_spice *s, const char *name)) {
    char name[EQ_MAX_NAME + 3];
    if (t.kind != EQ_TOKEN_WORD || !eq_spice_fold(t, name)) return EQ_NONE;
    int32_t found = find_named(s, name);
    for (size_t k = 0; found == EQ_NONE && k + 1 < t.length; k++) {
        if (t.text[k] != ':' && !(element && t.text[k] == '.')) continue;
        dotted(t, k, element, name);
        found = find_named(s, name);
    }
    return found;
}

eq_element eq_spice_element_of(const eq_spice *s, eq_token t) {
    return find(s, t, true, among_elements);
}

/* The node that port NAME of instance a:b is connected to, for a:b:NAME or a.b.NAME. */
static eq_node port_of(const eq_spice *s, eq_token t) {
    char name[EQ_MAX_NAME + 1];
    if (t.kind != EQ_TOKEN_WORD || !eq_spice_fold(t, name)) return EQ_NONE;
    for (size_t k = t.length; k-- > 1;) {
        if (name[k] != ':' && name[k] != '.') continue;
        for (size_t j = 0; j <= k; j++)
            if (name[j] == ':') name[j] = '.';
        int32_t id = eq_names_find(s->all->instance, name, k + 1);
        const eq_instance *x = id == EQ_NO_NAME ? NULL : &s->all->instances[id];
        if (x == NULL || x->scope == NULL) continue;
        int32_t port = eq_names_find(x->scope->port, name + k + 1, t.length - k - 1);
        return port == EQ_NO_NAME ? EQ_NONE : s->all->port[x->first + (size_t)port];
    }
    return EQ_NONE;
}

static int32_t among_open(const eq_spice *s, const char *name) {
    return eq_names_find(s->circuit->capacitor_name, name, strlen(name));
}

bool eq_spice_is_open(const eq_spice *s, eq_token t) {
    return find(s, t, true, among_open) != EQ_NONE;
}

/* "WHAT names [node ]T, but there is no such ...". */
static void no_such(eq_spice *s, eq_token t, const char *what, const char *before, const char *noun,
                    const eq_names *names) {
    char near[96];
    bool told = *before == '\0' && *noun == 'e' ? eq_spice_is_broken(s, t)
                                                : eq_names_count(s->all->broken) > 0;
    if (told && s->all->status != EQ_OK) return;
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
    if (s->frame != NULL && s->frame->up != NULL) return eq_spice_node_there(s, t);
    eq_node node = find(s, t, false, among_nodes);
    return node == EQ_NONE ? port_of(s, t) : node;
}

eq_node eq_spice_find_node(eq_spice *s, eq_token t, const char *what) {
    eq_node node = eq_spice_node_of(s, t);
    if (node == EQ_NONE && s->all->status != EQ_ERR_MEMORY)
        no_such(s, t, what, "node ", "node", s->circuit->node);
    return node;
}

eq_node eq_spice_find_plain_node(eq_spice *s, eq_token t, const char *what) {
    char name[EQ_MAX_NAME + 1];
    eq_node node = eq_spice_fold(t, name) ? eq_circuit_find_node(s->circuit, name) : EQ_NONE;
    if (node == EQ_NONE) no_such(s, t, what, "", "node", s->circuit->node);
    return node;
}

bool eq_spice_reactance(const eq_spice *s, eq_token t, double *value) {
    eq_token name, param;
    int32_t id = find(s, t, true, among_reactances);
    if (id == EQ_NO_NAME && eq_spice_part(t, &name, &param)) {
        id = find(s, name, true, among_reactances);
        const char *own = id == EQ_NO_NAME ? "" : eq_names_get(s->all->reactance, id);
        if (!eq_token_is(param, (char[2]){*own, '\0'})) return false;
    }
    if (id != EQ_NO_NAME) *value = s->all->reactance_value[id];
    return id != EQ_NO_NAME;
}

bool eq_spice_has_value(const eq_spice *s, eq_element e) {
    int cls = s->circuit->row[e].cls;
    char letter = eq_circuit_element_name(s->circuit, e)[0];
    return eq_class(cls)->letter == 'r' || (cls == EQ_CLASS_vsource && letter == 'v') ||
           cls == EQ_CLASS_isource;
}

static bool in_brackets(eq_token t, eq_token *name, eq_token *param) {
    const char *open = memchr(t.text, '[', t.length);
    if (open == NULL || t.text[t.length - 1] != ']') return false;
    *name = *param = t;
    name->text++;
    name->length = (size_t)(open - name->text);
    param->text = open + 1;
    param->length = t.length - name->length - 3;
    return true;
}

bool eq_spice_part(eq_token t, eq_token *name, eq_token *param) {
    if (t.length > 0 && *t.text == '@') return in_brackets(t, name, param);
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
