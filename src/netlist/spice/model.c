/* .model cards: read when an element first uses them, once for each instance whose parameters
 * differ. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "netlist/spice/compiled.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/geometry.h"
#include "netlist/spice/model.h"
#include "netlist/spice/model_words.h"
#include "netlist/spice/scope.h"

static const char *type_name(const void *data, size_t k) {
    (void)data;
    return k < eq_model_type_count ? eq_model_types[k].name : NULL;
}

/* The type on the card; NULL: an error was reported. */
static const eq_model_type *read_type(eq_spice *s, eq_cursor *c) {
    eq_token t = eq_token_next(c);
    char near[96];
    for (size_t k = 0; k < eq_model_type_count; k++)
        if (eq_token_is(t, eq_model_types[k].name)) return &eq_model_types[k];
    if (t.kind != EQ_TOKEN_WORD)
        eq_spice_expected(s, t, "the type of the model (D, R, NMOS, PMOS, NPN, PNP, NJF or PJF)");
    else
        eq_spice_fail(
            s, t.at,
            "there is no model type %.*s%s; eqspice knows D, R, SW, CSW, "
            "NMOS, PMOS, NPN, PNP, NJF, PJF, VDMOS, DRIFT, SINH, YAKOPCIC, VTEAM, RRAM and MMS",
            (int)t.length, t.text, eq_spice_nearest(s, t, type_name, NULL, near));
    return NULL;
}

/* The letter of a class's words: a power transistor has others than a MOS transistor. */
static char words_of(const eq_device_class *d) {
    return d->letter == 'm' && strchr(d->model_type, ' ') != NULL ? 'v' : d->letter;
}

static const eq_model_word *word_of(char letter, eq_token t) {
    for (size_t k = 0; k < eq_model_word_count; k++)
        if (eq_model_words[k].letter == letter && eq_token_is(t, eq_model_words[k].name))
            return &eq_model_words[k];
    return NULL;
}

/* What a word says that is no parameter of the class: of another name for one what that one says. */
static const eq_model_word *other_word(const eq_device_class *d, eq_token t) {
    const eq_model_word *w = word_of(words_of(d), t);
    if (w == NULL || w->action != WORD_ALIAS) return w;
    eq_token same = {EQ_TOKEN_WORD, w->alias, strlen(w->alias), t.at};
    const eq_model_word *of = word_of(words_of(d), same);
    return of == NULL ? w : of;
}

/* A parameter of the class that a .model may give; `m` of a D model is a grading coefficient, and
 * theta of a transistor one of the levels that have it. Words that say nothing at dc, or nothing to
 * others, are parameters of the classes that have them. */
static int param_of(int cls, eq_token t) {
    const eq_device_class *d = eq_class(cls);
    const eq_model_word *w = word_of(words_of(d), t);
    bool other = w != NULL && w->action == WORD_OTHER_LEVEL;
    if (other && w->alias == NULL) w = NULL;
    for (int k = 0; k < d->params; k++) {
        if (w != NULL && (other || w->action == WORD_ALIAS) &&
            strcmp(w->alias, d->param[k].name) == 0)
            return k;
        bool quiet = w != NULL && (w->action == WORD_DC_FREE || w->action == WORD_FOREIGN);
        bool idle = quiet && (d->instance >> k & 1) == 0;
        if ((w == NULL || idle) && eq_token_is(t, d->param[k].name)) return k;
    }
    return -1;
}

/* The first class from number k on whose models are of that type. */
static int class_with(const char *type, int k) {
    while (k < EQ_CLASS_COUNT &&
           (eq_class(k)->model_type == NULL || strcmp(eq_class(k)->model_type, type) != 0))
        k++;
    return k;
}

/* The names that a model of the class can give, for the nearest one. */
typedef struct names_of {
    const eq_device_class *cls;
} names_of;

static const char *parameter_name(const void *data, size_t k) {
    const names_of *n = data;
    if (k < (size_t)n->cls->params) return n->cls->param[k].name;
    k -= (size_t)n->cls->params;
    return k < eq_model_word_count
               ? eq_model_words[k].letter == words_of(n->cls) ? eq_model_words[k].name : ""
               : NULL;
}

/* A model being read. */
typedef struct reading {
    eq_spice *s;
    eq_token name;
    int cls;
    double w[EQ_MAX_COLUMNS];
    bool sized;              /* has a level, a length or a width */
    eq_osdi_model *compiled; /* of a compiled module; NULL */
} reading;

/* A level leaves out what others have beside it, as ngspice does. */
static bool of_transistor(reading *r, eq_token key, const eq_model_word *w, double value) {
    int n = (int)r->name.length, level = eq_class(r->cls)->level;
    if (w->action == WORD_OTHER_LEVEL)
        eq_spice_note(r->s, "other level", key.at,
                      "ignored: %.*s of model %.*s (and others like it) belongs to other levels; "
                      "level %d has none",
                      (int)key.length, key.text, n, r->name.text, level);
    bool bipolar = eq_class(r->cls)->letter == 'q'; /* whose levels 1 and 2 are one in ngspice */
    if (level > 0 || w->action != WORD_LEVEL || value == 1.0 || (bipolar && value == 2.0))
        return true;
    eq_spice_fail(r->s, key.at, "level=%g of model %.*s is not supported yet; eqspice has %s",
                  value, n, r->name.text,
                  bipolar ? "bipolar transistors of level 1 (Gummel-Poon)"
                          : "JFETs of level 1 (Shichman-Hodges)");
    return false;
}

static bool unsupported(reading *r, eq_token key, const eq_model_word *w, double value) {
    eq_spice_fail(r->s, key.at,
                  w->action == WORD_NOT_HERE
                      ? "%.*s=%g does not stand on a .model card; write it on the element"
                      : "%.*s=%g is not supported yet and changes the answer; remove it if you can "
                        "do without",
                  (int)key.length, key.text, value);
    return false;
}

/* A word of other simulators, which ngspice leaves out with a warning. */
static bool foreign(reading *r, eq_token key, const eq_model_word *w, double value) {
    bool neutral_here = w->alias != NULL && value == w->alias[0] - '0';
    if (r->s->circuit->dialect != EQ_NGSPICE)
        return neutral_here || w->alias == NULL || unsupported(r, key, w, value);
    if (neutral_here) return true;
    eq_spice_note(r->s, w->name, key.at, "ignored: %s, which ngspice does not have%s", w->name,
                  eq_token_is(key, "tbv1") ? "; tcv does it" : "");
    return true;
}

static bool neutral(reading *r, eq_token key, const eq_model_word *w, double value) {
    if (eq_token_is(key, "defl") && r->s->circuit->dialect == EQ_NGSPICE)
        eq_spice_note(r->s, "defl", key.at,
                      "ignored: defl, which ngspice 39 does not have; write l");
    if (w->action == WORD_FOREIGN) return foreign(r, key, w, value);
    if (w->action == WORD_DC_FREE) {
        char note[EQ_MAX_NAME + 9];
        size_t n = r->name.length <= EQ_MAX_NAME ? r->name.length : EQ_MAX_NAME;
        memcpy(note, "model ", 6);
        memcpy(note + 6, r->name.text, n);
        note[6 + n] = '\0';
        eq_spice_note(r->s, note, key.at,
                      "ignored: %.*s of model %.*s (and others like it) says nothing at dc",
                      (int)key.length, key.text, (int)r->name.length, r->name.text);
        return true;
    }
    bool transistor = strchr("mjq", eq_class(r->cls)->letter) != NULL;
    if (eq_class(r->cls)->letter == 'y') return true; /* the level of own_type */
    if (w->action == WORD_OTHER_LEVEL || (transistor && w->action == WORD_LEVEL))
        return of_transistor(r, key, w, value);
    bool same_law = w->action == WORD_LEVEL && (value == 1.0 || value == 2.0 || value == 3.0);
    if (w->action == WORD_GEOMETRY || same_law) return r->sized = true;
    if (w->action == WORD_NEUTRAL && value == 0.0) return true;
    return unsupported(r, key, w, value);
}

static bool set_param(reading *r, int k, double value, eq_location at) {
    const eq_param *p = &eq_class(r->cls)->param[k];
    r->w[k] = value;
    if (value >= p->min && value <= p->max) return true;
    eq_spice_fail(r->s, at, "%s=%g of model %.*s is outside %g..%g%s%s; give a value inside",
                  p->name, value, (int)r->name.length, r->name.text, p->min, p->max,
                  eq_param_blank(p), eq_param_unit(p));
    return false;
}

/* True if the cursor is at = or at a value: n=2, and n 2 (ngspice). */
static bool has_value(eq_cursor c) {
    eq_token t = eq_token_peek(&c);
    return t.kind == EQ_TOKEN_EQUAL || eq_spice_is_value(t);
}

static bool read_key(reading *r, eq_cursor *c) {
    eq_token key = eq_token_next(c);
    const eq_model_word *w = other_word(eq_class(r->cls), key);
    if (w != NULL && w->action == WORD_FLAG) return true;
    if (key.kind != EQ_TOKEN_WORD || !has_value(*c)) {
        eq_spice_expected(r->s, key.kind == EQ_TOKEN_WORD ? eq_token_peek(c) : key,
                          key.kind == EQ_TOKEN_WORD ? "= behind the parameter" : "NAME=VALUE");
        return false;
    }
    if (eq_token_peek(c).kind == EQ_TOKEN_EQUAL) eq_token_next(c);
    int k = param_of(r->cls, key);
    double value;
    if (w != NULL && w->action == WORD_TEXT) {
        eq_token_next(c);
        return true;
    }
    int usual = class_with(eq_class(r->cls)->model_type, 0);
    bool idle = w != NULL && w->action == WORD_DC_FREE;
    if (k < 0 && !idle && r->cls != usual && eq_class(usual)->level == 0 &&
        param_of(usual, key) >= 0) {
        eq_spice_fail(
            r->s, key.at,
            "%.*s belongs to a Shockley diode, but ron, roff or vfwd make %.*s an ideal one; "
            "keep one kind",
            (int)key.length, key.text, (int)r->name.length, r->name.text);
        return false;
    }
    if (k < 0 && (w == NULL || w->action == WORD_ALIAS)) {
        char near[96];
        names_of names = {eq_class(r->cls)};
        eq_spice_fail(r->s, key.at,
                      "a model of type %s has no parameter %.*s%s; remove it or correct the name",
                      eq_class(r->cls)->name, (int)key.length, key.text,
                      eq_spice_nearest(r->s, key, parameter_name, &names, near));
        return false;
    }
    if (eq_spice_value(r->s, c, &value) != EQ_OK) return false;
    if (k < 0) return neutral(r, key, w, value);
    return set_param(r, k, value * eq_spice_scale(r->s, eq_class(r->cls), k), key.at);
}

/* How many of the parameters on the card only other classes than the usual one have, and how many
 * of those this one has. */
static int special(eq_cursor c, int usual, int cls, int *own) {
    int all = *own = 0;
    while (eq_token_peek(&c).kind != EQ_TOKEN_END) {
        eq_token t = eq_token_next(&c);
        if (t.kind == EQ_TOKEN_UNCLOSED || t.kind == EQ_TOKEN_BAD) break;
        if (t.kind != EQ_TOKEN_WORD || !has_value(c) || param_of(usual, t) >= 0) continue;
        bool known = false;
        int k = class_with(eq_class(usual)->model_type, usual + 1);
        for (; k < EQ_CLASS_COUNT; k = class_with(eq_class(usual)->model_type, k + 1))
            known = known || param_of(k, t) >= 0;
        all += known;
        *own += param_of(cls, t) >= 0;
    }
    return all;
}

/* The first class of the type, unless a parameter on the card is of another one alone: then the
 * first that has all of those. A D model with ron, roff or vfwd is an ideal diode, with ilimit or
 * vrev a limited one (LTspice). */
static int class_for(const char *type, eq_cursor c) {
    int usual = class_with(type, 0), own, all = special(c, usual, usual, &own), last = usual;
    if (all == 0) return usual;
    for (int k = class_with(type, usual + 1); k < EQ_CLASS_COUNT; k = class_with(type, k + 1)) {
        last = k;
        special(c, usual, k, &own);
        if (own == all) return k;
    }
    return last;
}

/* name(param) of a sweep or of an altermod, if it is of this model, by its own name or by that of its
 * instance before it (x1.x2:name): the parameter, else NULL. */
static const char *inside(const reading *r, const char *label, size_t *length) {
    const char *open = strchr(label, '('), *prefix = r->s->frame->prefix;
    size_t above = strlen(prefix), n = r->name.length; /* prefix: "x1.x2." */
    if (open == NULL || n > (size_t)(open - label)) return NULL;
    size_t before = (size_t)(open - label) - n;
    bool here = before == 0 || (before == above && above > 0 && label[above - 1] == ':' &&
                                strncasecmp(label, prefix, above - 1) == 0);
    *length = strlen(open) - 2;
    return here && strncasecmp(open - n, r->name.text, n) == 0 ? open + 1 : NULL;
}

/* Gives parameter `name` of the model a value. */
static bool set_named(reading *r, eq_token name, double value) {
    if (r->compiled == NULL) {
        int p = param_of(r->cls, name);
        return p < 0 || set_param(r, p, value, r->name.at);
    }
    int p = eq_osdi_find_param(eq_osdi_module_of(r->cls), name.text, name.length);
    if (p < 0 || eq_osdi_model_set(r->compiled, p, value, NULL, 0)) return true;
    eq_spice_no_memory(r->s);
    return false;
}

/* Gives the model the values that stand in for those of its card. */
static bool override(reading *r) {
    for (size_t k = 0; k < r->s->overrides; k++) {
        const eq_override *o = &r->s->override[k];
        eq_token param = {EQ_TOKEN_WORD, NULL, 0, r->name.at};
        if (o->target != EQ_TARGET_MODEL) continue;
        param.text = inside(r, o->name, &param.length);
        if (param.text != NULL && !set_named(r, param, o->value)) return false;
    }
    return true;
}

/* The reverse resistance of a limited diode is that of its forward direction unless given
 * (LTspice). */
static bool default_reverse(reading *r, eq_cursor card) {
    static const char *const name[] = {"rrev"};
    const eq_device_class *cls = eq_class(r->cls);
    int rrev = eq_param_find(cls, name[0]), ron = eq_param_find(cls, "ron");
    double given = NAN;
    if (rrev < 0 || ron < 0) return true;
    if (!eq_spice_card_values(r->s, card, name, 1, &given)) return false;
    if (isnan(given)) r->w[rrev] = r->w[ron];
    return true;
}

/* The size of a diode that a model with a level or lengths gives. */
static bool size_model(reading *r, eq_cursor card) {
    const eq_device_class *cls = eq_class(r->cls);
    int area = eq_param_find(cls, "area"), pj = eq_param_find(cls, "pj");
    eq_junction_size size;
    if (area < 0 || pj < 0) return true; /* an ideal diode */
    if (!eq_spice_junction(r->s, card, eq_no_size(), &size)) return false;
    r->w[area] = size.area;
    r->w[pj] = size.perimeter;
    r->w[eq_param_find(cls, "ibv")] *= size.breakdown;
    return true;
}

/* The class of the type with the level on the card, 1 where it has none; EQ_NONE: an error was
 * reported. */
static int class_of_level(const reading *r, const char *type, eq_cursor card) {
    static const char *const name[] = {"level"};
    double level = 1.0;
    if (!eq_spice_card_values(r->s, card, name, 1, &level)) return EQ_NONE;
    int k = class_with(type, 0);
    while (k < EQ_CLASS_COUNT && eq_class(k)->level != level) k = class_with(type, k + 1);
    if (k < EQ_CLASS_COUNT) return k;
    eq_location at = r->name.at;
    for (eq_token t = eq_token_next(&card); t.kind != EQ_TOKEN_END; t = eq_token_next(&card))
        if (eq_token_is(t, name[0])) at = t.at;
    eq_spice_fail(r->s, at,
                  "level=%g of model %.*s is not supported yet; eqspice has MOS transistors of "
                  "levels 1 (Shichman-Hodges), 2, 3 and 44 (EKV 2.6)",
                  level, (int)r->name.length, r->name.text);
    return EQ_NONE;
}

/* What parameter k is that neither the card nor a line says: .options defl and defw give sizes of MOS
 * transistors (ngspice manual, 11.1.3). */
static double start_of(const reading *r, int k) {
    const eq_device_class *cls = eq_class(r->cls);
    if (k >= cls->params) return NAN;
    const char *name = cls->param[k].name;
    double size = strcmp(name, "l") == 0 ? r->s->all->defl : NAN;
    if (strcmp(name, "w") == 0) size = r->s->all->defw;
    return cls->letter == 'm' && !isnan(size) ? size : cls->param[k].default_value;
}

static bool read_model(reading *r, eq_cursor c, const char *type) {
    bool by_level = eq_class(class_with(type, 0))->level > 0;
    r->cls = by_level ? class_of_level(r, type, c) : class_for(type, c);
    if (r->cls == EQ_NONE) return false;
    for (int k = 0; k < EQ_MAX_COLUMNS; k++) r->w[k] = start_of(r, k);
    eq_cursor card = c;
    while (eq_token_peek(&c).kind != EQ_TOKEN_END)
        if (!read_key(r, &c)) return false;
    return (!r->sized || size_model(r, card)) && default_reverse(r, card) && override(r);
}

/* The model's name in the circuit: dd, or x1.x2:dd inside an instance (as ngspice names it). */
static int32_t add_model(eq_spice *s, const reading *r, const eq_frame *f) {
    eq_circuit *c = s->circuit;
    eq_text name = {0};
    size_t prefix = strlen(f->prefix);
    if (prefix > 0) {
        eq_text_add(&name, f->prefix, prefix - 1);
        eq_text_puts(&name, ":");
    }
    eq_text_add(&name, r->name.text, r->name.length);
    if (!eq_spice_name_fits(s, r->name, name.length)) {
        eq_text_free(&name);
        return EQ_NONE;
    }
    if (name.failed ||
        !eq_grow((void **)&c->model, &c->model_cap, c->models + 1, sizeof *c->model)) {
        eq_text_free(&name);
        eq_spice_no_memory(s);
        return EQ_NONE;
    }
    eq_lower(name.text, name.length);
    eq_model *m = &c->model[c->models];
    *m = (eq_model){.name = name.text, .cls = r->cls, .compiled = r->compiled};
    memcpy(m->w, r->w, sizeof m->w);
    return (int32_t)c->models++;
}

static bool same_values(const eq_model *m, const reading *r) {
    if (m->cls != r->cls) return false;
    if (r->compiled != NULL) return eq_osdi_model_same(m->compiled, r->compiled);
    for (int k = 0; k < EQ_MAX_COLUMNS; k++)
        if (m->w[k] != r->w[k] && !(isnan(m->w[k]) && isnan(r->w[k]))) return false;
    return true;
}

enum { MODEL_BAD = -2 };

/* A model of another device than the element's. */
static int32_t wrong_type(eq_spice *s, eq_token name, const char *type, char letter) {
    eq_spice_fail(s, name.at, "model %.*s is of type %s; this element needs one of type %s",
                  (int)name.length, name.text, type, eq_model_letter_of(letter)->types);
    return EQ_NONE;
}

static int32_t no_module(eq_spice *s, eq_token name, eq_token type) {
    eq_spice_fail(s, name.at,
                  "model %.*s is of module %.*s, which no library that was allowed has; allow it: "
                  "--osdi FILE",
                  (int)name.length, name.text, (int)type.length, type.text);
    return EQ_NONE;
}

/* The model that an earlier element has read. */
static int32_t model_again(eq_spice *s, const eq_definition *d, eq_token name, char letter) {
    if (d->model == MODEL_BAD) return EQ_NONE;
    const eq_device_class *own = eq_class(s->circuit->model[d->model].cls);
    if (letter == 0 || own->letter == letter) return d->model;
    return wrong_type(s, name, own->model_type, letter);
}

static bool has_flag(eq_cursor card, const char *flag) {
    for (;;) {
        eq_token t = eq_token_next(&card);
        if (t.kind == EQ_TOKEN_END || t.kind == EQ_TOKEN_UNCLOSED || t.kind == EQ_TOKEN_BAD)
            return false;
        if (eq_token_is(t, flag)) return true;
    }
}

/* As the classes name the type: of a power transistor by its flag; of a memristor of Xyce by its level. NULL: an error was reported. */
static const char *own_type(eq_spice *s, const eq_model_type *type, eq_cursor card) {
    static const char *const name[] = {"level"};
    double level = NAN;
    if (type->own != NULL) return type->own;
    if (type->letter == 'm') return has_flag(card, "pchan") ? "vdmos pchan" : "vdmos nchan";
    if (!eq_spice_card_values(s, card, name, 1, &level)) return NULL;
    if (level == 3.0) return "yakopcic";
    if (level == 5.0) return "mms";
    eq_spice_fail(s, s->about.at,
                  "a memristor model has level=3 (Yakopcic) or level=5 (Knowm), as in Xyce; write "
                  "one of the types DRIFT, YAKOPCIC, VTEAM, RRAM, MMS and SINH for it");
    return NULL;
}

static bool is_own_type(eq_token t) {
    for (size_t k = 0; k < eq_model_type_count; k++)
        if (eq_token_is(t, eq_model_types[k].name)) return true;
    return false;
}

/* The class of the compiled module that an element of that letter (0: any) may mean; -1: none. A
 * module with the name of a type of SPICE is found by N elements alone. */
static int compiled_class(eq_token type, char letter) {
    if (type.kind != EQ_TOKEN_WORD || (letter != 'n' && is_own_type(type))) return -1;
    return eq_osdi_class(type.text, type.length);
}

/* Puts the model that was read into the circuit, unless the last one of this card is the same. */
static int32_t keep_model(eq_spice *s, eq_definition *d, const reading *r, const eq_frame *f) {
    bool again = d->model >= 0 && same_values(&s->circuit->model[d->model], r);
    int32_t kept = again ? d->model : add_model(s, r, f);
    if (again || kept == EQ_NONE) eq_osdi_model_free(r->compiled);
    return kept;
}

static int32_t compiled_in(eq_definition *d, eq_frame *f, reading *r, eq_cursor *c) {
    for (int k = 0; k < EQ_MAX_COLUMNS; k++) r->w[k] = NAN;
    r->compiled = eq_spice_compiled_model(r->s, c, r->cls);
    bool good = r->compiled != NULL && override(r);
    d->model = good ? keep_model(r->s, d, r, f) : MODEL_BAD;
    if (!good) eq_osdi_model_free(r->compiled);
    return good ? d->model : EQ_NONE;
}

/* Reads the card as seen from the frame whose scope holds it. */
static int32_t model_in(eq_spice *s, eq_definition *d, eq_frame *f, eq_token name, char letter) {
    eq_spice there = *s;
    reading r = {.s = &there, .name = name};
    if (f->up == NULL && d->model != EQ_NONE) return model_again(s, d, name, letter);
    eq_cursor c = d->value;
    there.frame = f;
    there.about = name;
    eq_token word = eq_token_peek(&c);
    if ((r.cls = compiled_class(word, letter)) >= 0) {
        eq_token_next(&c);
        if (letter != 0 && letter != 'n')
            return wrong_type(s, name, eq_class(r.cls)->model_type, letter);
        return compiled_in(d, f, &r, &c);
    }
    if (letter == 'n') return no_module(s, name, word);
    const eq_model_type *type = read_type(&there, &c);
    bool good = type != NULL;
    if (good && letter == 0) letter = type->letter;
    bool of_switch = good && (type->letter == 's' || type->letter == 'w');
    bool other = good && (type->letter != letter || letter == 0);
    const char *own = good && !other && !of_switch ? own_type(&there, type, c) : NULL;
    good = own != NULL && read_model(&r, c, own);
    if (of_switch && !other) return EQ_NONE; /* read where a switch uses it */
    if (other) {
        if (letter != 0) return wrong_type(s, name, type->name, letter);
        eq_spice_note(s, type->name, d->at,
                      "ignored: model %.*s (and others) of type %s, which no element here can use",
                      (int)name.length, name.text, type->name);
        return EQ_NONE;
    }
    d->model = good ? keep_model(s, d, &r, f) : MODEL_BAD;
    return d->model == MODEL_BAD ? EQ_NONE : d->model;
}

bool eq_spice_model_value(const eq_spice *s, eq_token name, eq_token param, double *value) {
    for (size_t k = 0; k < s->circuit->models; k++) {
        const eq_model *m = &s->circuit->model[k];
        const char *colon = strchr(m->name, ':');
        bool same = eq_token_is(name, m->name) || (colon != NULL && eq_token_is(name, colon + 1));
        const eq_osdi_module *compiled = eq_osdi_module_of(m->cls);
        int p = !same              ? -1
                : compiled != NULL ? eq_osdi_find_param(compiled, param.text, param.length)
                                   : param_of(m->cls, param);
        if (p < 0) continue;
        *value = compiled != NULL ? eq_osdi_model_get(m->compiled, p)
                                  : eq_model_effective(s->circuit, m, p);
        return true;
    }
    return false;
}

bool eq_spice_model_has(const eq_spice *s, eq_token name, eq_token param) {
    double ignored;
    return eq_spice_model_value(s, name, param, &ignored);
}

/* The model of a published device, unless a card has its name. */
static int32_t preset_model(eq_spice *s, eq_token name) {
    eq_scope *where;
    int32_t model = EQ_NONE;
    if (eq_scope_find(s, s->frame->scope, EQ_DEFINES_MODEL, name, &where) != NULL) return EQ_NONE;
    eq_status status = eq_circuit_preset(s->circuit, name.text, name.length, &model, s->scratch);
    if (status != EQ_OK) eq_spice_pass_on(s, status);
    return model;
}

int32_t eq_spice_model(eq_spice *s, eq_token name, char letter) {
    eq_frame *f;
    int32_t preset = letter == 'y' ? preset_model(s, name) : EQ_NONE;
    if (preset != EQ_NONE || s->all->stop) return preset;
    eq_definition *d = eq_spice_model_card(s, name, letter, &f);
    return d == NULL ? EQ_NONE : model_in(s, d, f, name, letter);
}

void eq_spice_all_models(eq_spice *s) {
    eq_dictionary *d = &s->all->scope[0]->defines[EQ_DEFINES_MODEL];
    size_t n = eq_names_count(d->name);
    for (size_t k = 0; k < n && !s->all->stop; k++) {
        char name[EQ_MAX_NAME + 1];
        eq_definition *own = eq_spice_choose(s, &d->item[k], s->frame);
        if (own == NULL || own->model != EQ_NONE) continue;
        eq_token t = {EQ_TOKEN_WORD, name, strlen(eq_names_get(d->name, (int32_t)k)), own->at};
        memcpy(name, eq_names_get(d->name, (int32_t)k), t.length);
        if (eq_spice_model_join(s, own, s->frame, t)) model_in(s, own, s->frame, t, 0);
    }
}
