/* Names in decks: as they are in the circuit where the dialect can carry them, with the letter of
 * their type in front where it is missing, or refused. Names of the writer's own are unlike all
 * others. */
#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "netlist/write/write.h"

static_assert((int)EQ_CARRY_XML == (int)EQ_XML, "carriers follow the dialects");

/* Words that mean something else in a place: a form of E, G, F or H where a node or a control may
 * stand (ngspice manual 4.2, 5; for nodes of E and G ngspice 39 looks in the whole line), the start
 * of a small signal, the temperature, a diode that is off. letters NULL: everywhere. */
static const struct {
    const char *what, *letters, *word;
} reserved[] = {
    {"node", "eg", "value"},  {"node", "eg", "vol"},       {"node", "eg", "cur"},
    {"node", "eg", "poly"},   {"node", "eg", "table"},     {"node", "eg", "laplace"},
    {"node", "eg", "freq"},   {"node", "eg", "chebyshev"}, {"node", "vi", "ac"},
    {"node", NULL, "temper"}, {"control", NULL, "value"},  {"control", NULL, "vol"},
    {"model", NULL, "off"},   {"model", NULL, "temper"},
};

static void refuse(eq_deck_writer *w, const char *what, const char *name, const char *sign,
                   eq_place at) {
    const char *article = what[0] == 'e' ? "an" : "a";
    if (w->status != EQ_OK) return;
    if (sign[0] == '\0')
        w->status = eq_fail_at(w->diag, EQ_ERR_INPUT, at,
                               "an empty name of %s %s cannot be written for %s; give it a name",
                               article, what, w->d->name);
    else
        w->status = eq_fail_at(w->diag, EQ_ERR_INPUT, at,
                               "the name '%s' of %s %s cannot be written for %s, where '%s' cannot "
                               "stand in it; rename it with letters, digits and _",
                               name, article, what, w->d->name, sign);
}

static bool is_reserved(const char *what, char letter, const char *name) {
    for (size_t k = 0; k < sizeof reserved / sizeof *reserved; k++) {
        const char *letters = reserved[k].letters;
        if (strcmp(reserved[k].what, what) == 0 && eq_same(reserved[k].word, name) &&
            (letters == NULL || (letter != '\0' && strchr(letters, letter) != NULL)))
            return true;
    }
    return false;
}

/* A name of what stands on the line of an element with that letter. */
static void put(eq_deck_writer *w, const char *what, char letter, const char *name, eq_place at) {
    eq_carrier to = (eq_carrier)w->dialect;
    char sign[EQ_SIGN];
    bool spice = w->d->typed_names;
    bool good = eq_carries(to, name, sign);
    if (good && spice && strcmp(what, "element") == 0)
        good = eq_carries(EQ_CARRY_ELEMENT, name, sign);
    if (good && spice && strcmp(what, "control") == 0)
        good = eq_carries(EQ_CARRY_CONTROL, name, sign);
    if (good && strlen(name) > EQ_MAX_NAME && w->status == EQ_OK)
        w->status = eq_name_fits(name, strlen(name), at, w->diag);
    if (!good)
        refuse(w, what, name, sign, at);
    else if (spice && is_reserved(what, letter, name))
        refuse(w, what, name, name, at);
    eq_carry(to, name, w->out);
}

static eq_place place_of(const eq_deck_writer *w, eq_element e) {
    return e == EQ_NONE ? (eq_place){0} : eq_circuit_place_of(w->c, e);
}

void eq_find_letters(eq_deck_writer *w) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const char *line = eq_class_line(w, eq_class(cls));
        bool formula = line != NULL && (strstr(line, " i=") != NULL || strstr(line, " v=") != NULL);
        w->letter[cls] = formula ? 'b' : eq_class(cls)->letter;
    }
}

/* The letter that the element's name starts with in a dialect where it is the type. */
static char letter_of(const eq_deck_writer *w, eq_element e) {
    if (e == EQ_NONE) return '\0';
    return eq_is_wire(w, e) ? 'v' : w->letter[w->c->row[e].cls];
}

/* Puts `front` before the name. */
static void lengthen(eq_text *name, const char *front) {
    size_t n = strlen(front), length = name->length;
    eq_text_add(name, front, n);
    if (name->failed) return;
    memmove(name->text + n, name->text, length);
    memcpy(name->text, front, n);
}

/* The $ of LTspice's global nodes opens a comment elsewhere: left out, with as many _ in front as it
 * takes. */
static void name_node(const eq_deck_writer *w, eq_node node, eq_text *name) {
    const char *known = eq_circuit_node_name(w->c, node);
    bool dollar = w->d->typed_names && strncmp(known, "$g_", 3) == 0;
    eq_text_puts(name, known + dollar);
    while (dollar && !name->failed &&
           (eq_circuit_find_node(w->c, name->text) != EQ_NONE ||
            eq_names_find(w->made, name->text, name->length) != EQ_NO_NAME))
        lengthen(name, "_");
}

void eq_write_node(eq_deck_writer *w, eq_node node, eq_element e) {
    const char *known = eq_circuit_node_name(w->c, node);
    eq_text name = {0};
    if (w->numbered && node != EQ_GROUND) {
        eq_text_printf(w->out, "n%d", node);
        return;
    }
    if (*known == '$') name_node(w, node, &name);
    if (name.failed) w->out->failed = true;
    put(w, "node", letter_of(w, e), name.text != NULL ? name.text : known, place_of(w, e));
    eq_text_free(&name);
}

/* The element's name, with its letter put in front as often as it takes to be unlike all other
 * names. */
static void name_element(const eq_deck_writer *w, eq_element e, eq_text *name) {
    char letter[2] = {letter_of(w, e), '\0'};
    if (w->numbered) {
        eq_text_printf(name, "%s%d", letter, e);
        return;
    }
    eq_text_puts(name, eq_circuit_element_name(w->c, e));
    if (name->failed || !w->d->typed_names || name->text[0] == letter[0]) return;
    do lengthen(name, letter);
    while (!name->failed && eq_circuit_find_element(w->c, name->text) != EQ_NONE);
}

static bool is_renamed(const eq_deck_writer *w, eq_element e) {
    return w->numbered ||
           (w->d->typed_names && eq_circuit_element_name(w->c, e)[0] != letter_of(w, e));
}

/* Writes and frees a name that may have failed for want of memory. */
static void put_text(eq_deck_writer *w, const char *what, eq_text *name, eq_place at) {
    if (name->failed)
        w->out->failed = true;
    else
        put(w, what, '\0', name->text, at);
    eq_text_free(name);
}

static void put_element(eq_deck_writer *w, const char *what, eq_element e) {
    eq_place at = eq_circuit_place_of(w->c, e);
    eq_text name = {0};
    if (!is_renamed(w, e)) {
        put(w, what, '\0', eq_circuit_element_name(w->c, e), at);
        return;
    }
    name_element(w, e, &name);
    put_text(w, what, &name, at);
}

void eq_write_capacitor(eq_deck_writer *w, size_t k) {
    put(w, "element", 'c', eq_names_get(w->c->capacitor_name, (int32_t)k), place_of(w, EQ_NONE));
}

void eq_write_element(eq_deck_writer *w, eq_element e) {
    put_element(w, "element", e);
}

static bool is_model(const eq_circuit *c, const char *name) {
    for (size_t k = 0; k < c->models; k++)
        if (eq_same(c->model[k].name, name)) return true;
    return false;
}

/* A model of the element's own is m_ELEMENT; a model whose name starts as a number does (1N4148)
 * gets m_ in front, as ngspice takes it for a number. Elements start with a letter there, so the
 * two kinds differ, and further _ make them unlike all other models. */
void eq_write_model_name(eq_deck_writer *w, const eq_model *m, eq_element e) {
    eq_text name = {0};
    if (w->numbered && m != NULL) {
        eq_text_printf(w->out, "k%d", (int)(m - w->c->model));
        return;
    }
    bool own = m == NULL;
    bool bare = !own && !(m->name[0] >= '0' && m->name[0] <= '9');
    if (own)
        name_element(w, e, &name);
    else
        eq_text_puts(&name, m->name);
    if (!bare) lengthen(&name, "m_");
    while (!bare && !w->numbered && !name.failed && is_model(w->c, name.text)) {
        name.text[0] = '_';
        lengthen(&name, "m");
    }
    put_text(w, "model", &name, place_of(w, e));
}

/* The node between a sensed element and its source: NODE_ELEMENT, behind as many _ as it takes. */
static int32_t make_sense_node(eq_deck_writer *w, eq_element e) {
    eq_row r = w->c->row[e];
    eq_text name = {0};
    if (w->numbered)
        eq_text_printf(&name, "s%d", e);
    else
        eq_text_printf(&name, "%s_%s",
                       eq_circuit_node_name(w->c, w->c->table[r.cls].term[0][r.row]),
                       eq_circuit_element_name(w->c, e));
    if (w->d->typed_names && !name.failed && *name.text == '$') *name.text = '_';
    while (!w->numbered && !name.failed &&
           (eq_circuit_find_node(w->c, name.text) != EQ_NONE ||
            eq_names_find(w->made, name.text, name.length) != EQ_NO_NAME))
        lengthen(&name, "_");
    int32_t id = name.failed ? EQ_NO_NAME : eq_names_add(w->made, name.text, name.length);
    eq_text_free(&name);
    return id;
}

static bool sense(eq_deck_writer *w, eq_element e) {
    if (w->sensed[e] != EQ_NO_NAME || eq_class(w->c->row[e].cls) == &eq_class_vsource) return true;
    w->sensed[e] = make_sense_node(w, e);
    return w->sensed[e] != EQ_NO_NAME;
}

/* Only V sources are a control in every dialect, and with an E as control ngspice 39 has the
 * opposite sign: an E or H that is sensed gets a 0-V source in series, from its node a to a node of
 * its own. */
eq_status eq_find_sensed(eq_deck_writer *w) {
    size_t elements = eq_circuit_elements(w->c);
    w->made = eq_names_new();
    w->sensed = eq_malloc(elements, sizeof *w->sensed);
    bool whole = w->made != NULL && w->sensed != NULL;
    for (size_t e = 0; whole && e < elements; e++) w->sensed[e] = EQ_NO_NAME;
    for (int cls = 0; whole && cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &w->c->table[cls];
        for (size_t j = 0; whole && t->control != NULL && j < t->count; j++)
            whole = sense(w, t->control[j]);
        for (size_t j = 0; whole && t->formula != NULL && j < t->count; j++)
            for (size_t k = 0; whole && k < t->formula[j]->inputs; k++)
                if (t->formula[j]->input[k].kind == EQ_INPUT_CURRENT)
                    whole = sense(w, t->formula[j]->input[k].branch);
    }
    return whole ? EQ_OK : eq_out_of_memory(w->diag);
}

bool eq_is_sensed(const eq_deck_writer *w, eq_element e) {
    return w->sensed[e] != EQ_NO_NAME;
}

void eq_write_sense_node(eq_deck_writer *w, eq_element e) {
    put(w, "node", letter_of(w, e), eq_names_get(w->made, w->sensed[e]), place_of(w, e));
}

/* vsense_ELEMENT, v_sense_ELEMENT, ...: neither an element nor what a V source is renamed to. */
static void put_sense(eq_deck_writer *w, const char *what, eq_element e) {
    eq_text name = {0};
    if (w->numbered)
        eq_text_printf(&name, "vsense_%d", e);
    else
        eq_text_printf(&name, "vsense_%s", eq_circuit_element_name(w->c, e));
    while (!w->numbered && !name.failed &&
           (eq_circuit_find_element(w->c, name.text) != EQ_NONE ||
            eq_circuit_find_element(w->c, name.text + 1) != EQ_NONE)) {
        name.text[0] = '_';
        lengthen(&name, "v");
    }
    put_text(w, what, &name, eq_circuit_place_of(w->c, e));
}

void eq_write_sense(eq_deck_writer *w, eq_element e) {
    put_sense(w, "element", e);
}

void eq_write_branch(eq_deck_writer *w, eq_element e) {
    if (eq_is_sensed(w, e))
        put_sense(w, "element", e);
    else
        put_element(w, "element", e);
}

void eq_write_control(eq_deck_writer *w, eq_element e) {
    if (eq_is_sensed(w, e))
        put_sense(w, "control", e);
    else
        put_element(w, "control", e);
}

/* Whether a deck that trains the group again would look at the elements of this class. */
static bool looks_at(const eq_group *g, const eq_device_class *cls) {
    return cls == eq_class(g->cls) ||
           (cls->programmable == eq_class(g->cls) && g->param == cls->programmable->value);
}

/* Whether the pattern matches the elements of group k, and beside them only those of earlier
 * groups, which are taken when the deck is read. group[rows of its table]: the group of each. */
static bool selects(const eq_deck_writer *w, const char *pattern, size_t k, const size_t *group,
                    bool *failed) {
    const eq_group *g = &w->c->group[k];
    bool same = true;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &w->c->table[cls];
        for (size_t j = 0; same && looks_at(g, t->cls) && !*failed && j < t->count; j++) {
            size_t own = cls == g->cls ? group[j] : w->c->groups;
            eq_text name = {0};
            name_element(w, t->id[j], &name);
            *failed = name.failed;
            same = own < k || (!name.failed && eq_match(pattern, name.text) == (own == k));
            eq_text_free(&name);
        }
    }
    return same;
}

static bool any_renamed(const eq_deck_writer *w, const eq_group *g) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &w->c->table[cls];
        for (size_t j = 0; looks_at(g, t->cls) && j < t->count; j++)
            if (is_renamed(w, t->id[j])) return true;
    }
    return false;
}

/* group[rows]: which group of this class and parameter each row of the table of group k is in. */
static size_t *groups_of_rows(const eq_circuit *c, size_t k) {
    size_t rows = c->table[c->group[k].cls].count, *group = eq_malloc(rows, sizeof *group);
    for (size_t j = 0; group != NULL && j < rows; j++) group[j] = c->groups;
    for (size_t i = 0; group != NULL && i < c->groups; i++) {
        const eq_group *g = &c->group[i];
        bool same = g->cls == c->group[k].cls && g->param == c->group[k].param;
        for (size_t j = 0; same && j < g->count; j++) group[g->row[j]] = i;
    }
    return group;
}

/* The pattern as it is, or with the letter in front, where elements are renamed. */
static void put_renamed_pattern(eq_deck_writer *w, size_t k) {
    const eq_group *g = &w->c->group[k];
    const char letter[] = {letter_of(w, w->c->table[g->cls].id[g->row[0]]), '\0'};
    size_t *group = groups_of_rows(w->c, k);
    eq_text pattern = {0};
    bool failed = group == NULL, found = false;
    eq_text_puts(&pattern, g->name);
    for (int r = 0; r < 2 && !found && !failed && !pattern.failed; r++) {
        if (r > 0) lengthen(&pattern, letter);
        found = !pattern.failed && selects(w, pattern.text, k, group, &failed);
    }
    w->out->failed = w->out->failed || failed || pattern.failed;
    if (found)
        eq_text_puts(w->out, pattern.text);
    else if (w->status == EQ_OK && !w->out->failed)
        w->status = eq_fail(w->diag, EQ_ERR_INPUT,
                            "the group '%s' cannot be written for %s, where its elements get names "
                            "that no pattern gathers; let their names start with %s",
                            g->name, w->d->name, letter);
    eq_text_free(&pattern);
    eq_free(group);
}

void eq_write_pattern(eq_deck_writer *w, size_t k) {
    char sign[EQ_SIGN];
    const char *name = w->c->group[k].name;
    if (!eq_carries(EQ_CARRY_PATTERN, name, sign))
        refuse(w, "group", name, sign, (eq_place){0});
    else if (any_renamed(w, &w->c->group[k]))
        put_renamed_pattern(w, k);
    else
        eq_text_puts(w->out, name);
}
