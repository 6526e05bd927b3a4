/* The elements of an edge. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/lexer.h"
#include "netlist/mesh/parts.h"

static bool is_transistor(int cls) {
    return eq_class(cls)->control == EQ_CONTROL_PORT;
}

static bool same(const char *text, size_t length, const char *literal) {
    return eq_token_is((eq_token){EQ_TOKEN_WORD, text, length, eq_mesh_nowhere}, literal);
}

bool eq_mesh_kind_find(const eq_architecture *a, const char *word, eq_mesh_kind *kind) {
    *kind = (eq_mesh_kind){eq_class_find(word), false};
    if (eq_same(word, "resistor-diode"))
        *kind = (eq_mesh_kind){a->diode == EQ_NEURON_IDEAL ? EQ_CLASS_ideal_diode : EQ_CLASS_diode,
                               true};
    if (kind->cls < 0) return false;
    const eq_device_class *cls = eq_class(kind->cls);
    if (is_transistor(kind->cls)) return cls->terminals == 4 && cls->letter == 'm';
    return cls->control == EQ_CONTROL_NONE;
}

bool eq_mesh_own_name(const char *name, size_t length) {
    static const char *const own[] = {"g_", "gf_", "m_"};
    for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
        size_t n = strlen(own[k]);
        if (length >= n && same(name, n, own[k])) return true;
    }
    return false;
}

eq_status eq_mesh_parameters(eq_mesh *m) {
    static const char blanks[] = " \t,";
    const char *text = m->a->text[EQ_NET_PARAMETERS];
    size_t word;
    const char *p = eq_next_word(text == NULL ? "" : text, blanks, &word);
    for (; word > 0; p = eq_next_word(p + word, blanks, &word)) {
        size_t name = strcspn(p, "=");
        eq_mesh_set s = {.name = p, .length = name, .at = m->a->text_at[EQ_NET_PARAMETERS]};
        size_t number = word > name + 1
                            ? eq_spice_number(p + name + 1, word - name - 1, EQ_NGSPICE, &s.value)
                            : 0;
        if (number == 0 || name == 0 || name + 1 + number != word || !isfinite(s.value))
            return eq_fail_at(m->diag, EQ_ERR_INPUT, m->a->text_at[EQ_NET_PARAMETERS],
                              "parameters '%.60s': '%.*s' is no NAME=NUMBER; write them as on a "
                              ".model card, \"w=138u l=7.8u vto=0.75\"",
                              text, (int)(word < 40 ? word : 40), p);
        if (!eq_grow((void **)&m->set, &m->set_cap, m->sets + 1, sizeof *m->set))
            return eq_out_of_memory(m->diag);
        m->set[m->sets++] = s;
    }
    return EQ_OK;
}

/* "vto, kp, gamma, ..." */
static void name_parameters(const eq_device_class *cls, eq_text *t) {
    for (int k = 0; k < cls->params; k++)
        eq_text_printf(t, "%s%s", k == 0 ? "" : ", ", cls->param[k].name);
}

static eq_status no_parameter(const eq_mesh *m, const eq_mesh_set *s, const eq_device_class *cls) {
    eq_text names = {0};
    name_parameters(cls, &names);
    eq_status status =
        names.failed
            ? eq_out_of_memory(m->diag)
            : eq_fail_at(m->diag, EQ_ERR_INPUT, s->at, "a %s has no parameter '%.*s'; it has %s",
                         cls->name, (int)(s->length < 40 ? s->length : 40), s->name, names.text);
    eq_text_free(&names);
    return status;
}

enum { ON_MODEL = 1, ON_LINE = 2 };

/* Puts those of the parameters into w that stand there in a deck. */
static eq_status apply(const eq_mesh *m, const eq_mesh_set *set, size_t sets, int where, int cls,
                       double *w) {
    const eq_device_class *class = eq_class(cls);
    for (size_t s = 0; s < sets; s++) {
        int k = 0;
        while (k < class->params && !same(set[s].name, set[s].length, class->param[k].name)) k++;
        if (k == class->params) return no_parameter(m, &set[s], class);
        if (where & (class->instance >> k & 1 ? ON_LINE : ON_MODEL)) w[k] = set[s].value;
    }
    return EQ_OK;
}

static const eq_model *model_named(const eq_circuit *c, const char *name, int cls) {
    for (size_t k = 0; c != NULL && k < c->models; k++)
        if (eq_same(c->model[k].name, name) && (cls == EQ_NONE || c->model[k].cls == cls))
            return &c->model[k];
    return NULL;
}

/* What the architecture itself says about the diodes of its edges. */
static void own_diode(const eq_architecture *a, int cls, double *w) {
    const struct {
        const char *name;
        double value;
    } said[] = {{"is", a->is}, {"n", a->n}, {"ron", a->ron}, {"roff", a->roff}};
    for (size_t k = 0; k < sizeof said / sizeof *said; k++) {
        int at = eq_param_find(eq_class(cls), said[k].name);
        if (at >= 0 && !is_transistor(cls)) w[at] = said[k].value;
    }
}

/* Of an edge, or of what the architecture says. */
static eq_place place_of(const eq_mesh *m, eq_location at, eq_net_text of) {
    const eq_architecture *a = m->a;
    if (at.file != EQ_NONE) return eq_circuit_place(m->c, at);
    return a->text_at[of].file != NULL ? a->text_at[of] : a->at;
}

static eq_status no_model(const eq_mesh *m, const char *name, int cls, eq_location at) {
    const char *file = m->a->text[EQ_NET_MODELS];
    const eq_model *other = model_named(m->models, name, EQ_NONE);
    if (other != NULL)
        return eq_fail_at(
            m->diag, EQ_ERR_INPUT, place_of(m, at, EQ_NET_MODEL),
            "the model '%.40s' of '%s' is a %s, and the edge a %s; name another model", name, file,
            eq_class(other->cls)->name, eq_class(cls)->name);
    return eq_fail_at(m->diag, EQ_ERR_INPUT, place_of(m, at, EQ_NET_MODEL),
                      "there is no model '%.40s'%s%s; give models=\"FILE\" with a deck that has "
                      "its .model card",
                      name, file == NULL ? "" : " in ", file == NULL ? "" : file);
}

/* The .model of the class, made where it is new; without a name one of the network's own. */
static eq_status take_model(eq_mesh *m, const char *name, int cls, eq_location at,
                            int32_t *number) {
    eq_circuit *c = m->c;
    const eq_model *had, *from = NULL;
    const char *called = name != NULL           ? name
                         : !is_transistor(cls)  ? "cell"
                         : cls == EQ_CLASS_pmos ? "pch"
                                                : "nch";
    if (name != NULL && (from = model_named(m->models, name, cls)) == NULL)
        return no_model(m, name, cls, at);
    if ((had = model_named(c, called, cls)) != NULL) {
        *number = (int32_t)(had - c->model);
        return EQ_OK;
    }
    if (!eq_grow((void **)&c->model, &c->model_cap, c->models + 1, sizeof *c->model))
        return eq_out_of_memory(m->diag);
    eq_model *new = &c->model[c->models];
    eq_card card = eq_card_new(cls);
    *new = (eq_model){.name = eq_strdup(called), .cls = cls};
    if (new->name == NULL) return eq_out_of_memory(m->diag);
    eq_lower(new->name, strlen(new->name));
    *number = (int32_t)c->models++;
    memcpy(new->w, from == NULL ? card.w : from->w, sizeof new->w);
    if (from == NULL) own_diode(m->a, cls, new->w);
    return is_transistor(cls) ? apply(m, m->set, m->sets, ON_MODEL, cls, new->w) : EQ_OK;
}

/* The number of bytes does not matter: names are as long as they are written. */
static eq_status add(eq_mesh *m, eq_card *card, const char *prefix, const char *tag,
                     eq_element *e) {
    eq_text name = {0};
    eq_text_printf(&name, "%s%s", prefix, tag);
    card->name = name.text;
    card->name_length = name.length;
    eq_status status =
        name.failed ? eq_out_of_memory(m->diag) : eq_circuit_add(m->c, card, e, m->diag);
    eq_text_free(&name);
    return status;
}

eq_status eq_mesh_put(eq_mesh *m, int cls, const char *prefix, const char *name, eq_node from,
                      eq_node to, double value, eq_location at, eq_element *e) {
    eq_card card = eq_card_new(cls);
    card.term[0] = from;
    card.term[1] = to;
    card.at = at;
    card.w[eq_class(cls)->value] = value;
    return add(m, &card, prefix, name, e);
}

static eq_status own_node(eq_mesh *m, const char *prefix, const char *tag, eq_node *node) {
    eq_text name = {0};
    eq_text_printf(&name, "%s%s", prefix, tag);
    *node = name.failed ? EQ_NONE : eq_circuit_node(m->c, name.text, name.length);
    eq_text_free(&name);
    return *node == EQ_NONE ? eq_out_of_memory(m->diag) : EQ_OK;
}

/* One between the bounds, or what the edge says. */
static double begin(eq_mesh *m, const eq_mesh_edge *e, double low, double high) {
    double drawn = low + (high - low) * eq_random_uniform(&m->random);
    return isnan(e->value) ? drawn : e->value;
}

/* What the row says of a resistor beside its conductance. */
static eq_status said_of_resistor(const eq_mesh *m, const eq_mesh_edge *e, double *w) {
    const eq_device_class *cls = eq_class(EQ_CLASS_resistor);
    double *ohm = &w[cls->value], drawn = *ohm;
    eq_status status = apply(m, e->set, e->sets, ON_LINE | ON_MODEL, EQ_CLASS_resistor, w);
    if (status == EQ_OK && !isnan(e->value) && *ohm != drawn)
        return eq_fail_at(m->diag, EQ_ERR_INPUT, place_of(m, e->at, EQ_NET_ELEMENT),
                          "the edge has a value of %g S and a resistance of %g ohm; give one of "
                          "them",
                          e->value, *ohm);
    return status;
}

static eq_status resistor(eq_mesh *m, const eq_mesh_edge *e, eq_node to) {
    const eq_architecture *a = m->a;
    double g = begin(m, e, fmin(fmax(a->low, a->gmin), a->gmax), fmin(a->high, a->gmax));
    if (!(g > 0.0))
        return eq_fail_at(m->diag, EQ_ERR_INPUT, place_of(m, e->at, EQ_NET_ELEMENT),
                          "a conductance of %g S is none that an edge may begin with; give one "
                          "above 0",
                          g);
    eq_card card = eq_card_new(EQ_CLASS_resistor);
    double *ohm = &card.w[eq_class(EQ_CLASS_resistor)->value];
    card.term[0] = e->from;
    card.term[1] = to;
    card.at = e->at;
    *ohm = 1.0 / g;
    eq_status status = e->kind.behind_resistor ? EQ_OK : said_of_resistor(m, e, card.w);
    if (status == EQ_OK && !(*ohm > 0.0))
        return eq_fail_at(m->diag, EQ_ERR_INPUT, place_of(m, e->at, EQ_NET_ELEMENT),
                          "a resistance of %g ohm is none that an edge may have; give one above 0",
                          *ohm);
    return status == EQ_OK ? add(m, &card, e->still ? "rf" : "r", e->tag, NULL) : status;
}

/* An element with a model, whose terminals are in the card. */
static eq_status modelled(eq_mesh *m, const eq_mesh_edge *e, eq_card *card) {
    bool transistor = is_transistor(card->cls);
    const char *name = e->model != NULL ? e->model : m->a->text[EQ_NET_MODEL];
    card->at = e->at;
    eq_status status =
        take_model(m, name, card->cls, e->model != NULL ? e->at : eq_mesh_nowhere, &card->model);
    if (status != EQ_OK) return status;
    memcpy(card->w, m->c->model[card->model].w, sizeof card->w);
    if (transistor) status = apply(m, m->set, m->sets, ON_LINE, card->cls, card->w);
    if (status == EQ_OK) status = apply(m, e->set, e->sets, ON_LINE | ON_MODEL, card->cls, card->w);
    const char prefix[] = {eq_class(card->cls)->letter, '\0'};
    return status == EQ_OK ? add(m, card, prefix, e->tag, NULL) : status;
}

static eq_status bulk_of(eq_mesh *m, const eq_mesh_edge *e, eq_node *bulk) {
    const char *word = e->bulk != NULL ? e->bulk : m->a->text[EQ_NET_BULK];
    *bulk = EQ_GROUND;
    if (word == NULL) return EQ_OK;
    if (eq_same(word, "drain") || eq_same(word, "source")) {
        *bulk = eq_same(word, "drain") ? e->from : e->to;
        return EQ_OK;
    }
    *bulk = eq_circuit_find_node(m->c, word);
    if (*bulk != EQ_NONE) return EQ_OK;
    return eq_fail_at(m->diag, EQ_ERR_INPUT,
                      place_of(m, e->bulk != NULL ? e->at : eq_mesh_nowhere, EQ_NET_BULK),
                      "the bulk '%.40s' is no rail; write 0, drain, source or the name of one of "
                      "the rails",
                      word);
}

static eq_status transistor(eq_mesh *m, const eq_mesh_edge *e) {
    const eq_architecture *a = m->a;
    eq_card card = eq_card_new(e->kind.cls);
    eq_node gate, bulk;
    double v =
        begin(m, e, fmin(fmax(a->vlow, a->vmin), a->vmax), fmax(fmin(a->vhigh, a->vmax), a->vmin));
    eq_status status = bulk_of(m, e, &bulk);
    if (status == EQ_OK) status = own_node(m, e->still ? "gf" : "g", e->tag, &gate);
    if (status == EQ_OK)
        status = eq_mesh_put(m, EQ_CLASS_vsource, e->still ? "vgf" : "vg", e->tag, gate, EQ_GROUND,
                             v, e->at, NULL);
    if (status != EQ_OK) return status;
    const eq_node term[] = {e->from, gate, e->to, bulk};
    memcpy(card.term, term, sizeof term);
    return modelled(m, e, &card);
}

/* A class of two terminals, which has a value or a model. */
static eq_status plain(eq_mesh *m, const eq_mesh_edge *e, eq_node from) {
    const eq_device_class *cls = eq_class(e->kind.cls);
    eq_card card = eq_card_new(e->kind.cls);
    card.term[0] = from;
    card.term[1] = e->to;
    if (cls->model_type != NULL) return modelled(m, e, &card);
    const char prefix[] = {cls->letter, '\0'};
    card.at = e->at;
    if (cls->value >= 0) card.w[cls->value] = e->value;
    eq_status status = apply(m, e->set, e->sets, ON_LINE | ON_MODEL, e->kind.cls, card.w);
    return status == EQ_OK ? add(m, &card, prefix, e->tag, NULL) : status;
}

eq_status eq_mesh_add(eq_mesh *m, const eq_mesh_edge *e) {
    eq_node middle = e->from;
    if (is_transistor(e->kind.cls)) return transistor(m, e);
    if (e->kind.cls == EQ_CLASS_resistor) return resistor(m, e, e->to);
    if (!e->kind.behind_resistor) return plain(m, e, e->from);
    eq_status status = own_node(m, "m", e->tag, &middle);
    if (status == EQ_OK) status = resistor(m, e, middle);
    return status == EQ_OK ? plain(m, e, middle) : status;
}
