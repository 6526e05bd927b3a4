#include "netlist/spice/mention.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "netlist/spice/error.h"
#include "netlist/spice/name.h"
#include "netlist/spice/scope.h"

void eq_spice_note_broken(eq_spice *s, eq_token name) {
    if (s->all->stop) return;
    eq_spice_full_name(s, name);
    if (eq_names_add(s->all->broken, s->all->name.text, s->all->name.length) == EQ_NO_NAME)
        eq_spice_no_memory(s);
}

bool eq_spice_is_broken(const eq_spice *s, eq_token name) {
    return eq_names_find_lower(s->all->broken, name.text, name.length) != EQ_NO_NAME;
}

void eq_spice_note_open(eq_spice *s, eq_node node) {
    eq_reading *r = s->all;
    if (eq_grow((void **)&r->loose, &r->loose_cap, r->looses + 1, sizeof *r->loose))
        r->loose[r->looses++] = node;
    else
        eq_spice_no_memory(s);
}

void eq_spice_note_mention(eq_spice *s, eq_node node, eq_token name) {
    eq_reading *r = s->all;
    if (eq_grow((void **)&r->mention, &r->mention_cap, r->mentions + 1, sizeof *r->mention))
        r->mention[r->mentions++] =
            (eq_mention){node, name, s->about, s->frame->scope, s->frame->at};
    else
        eq_spice_no_memory(s);
}

/* The nodes of elements beside a mention, by their names there, and the ports of its subcircuit. */
typedef struct beside {
    const eq_names *node, *port;
    const bool *there;
    const char *prefix; /* of the instance: "x1." */
} beside;

static const char *node_beside(const void *data, size_t k) {
    const beside *b = data;
    size_t n = strlen(b->prefix), ports = n == 0 ? 0 : eq_names_count(b->port);
    if (k < ports) return eq_names_get(b->port, (int32_t)k);
    k -= ports;
    if (k >= eq_names_count(b->node)) return NULL;
    const char *name = eq_names_get(b->node, (int32_t)k);
    bool inner = n == 0 || strncmp(name, b->prefix, n) == 0;
    return inner && b->there[k] ? name + n : "";
}

static void tell_mention(eq_spice *s, const eq_mention *m, const bool *there) {
    char near[96], prefix[EQ_MAX_NAME + 1];
    const char *full = eq_names_get(s->circuit->node, m->node);
    size_t n = strlen(full) > m->name.length ? strlen(full) - m->name.length : 0;
    eq_frame *outside = s->frame;
    memcpy(prefix, full, n);
    prefix[n] = '\0';
    eq_frame inside = {.prefix = prefix, .scope = m->scope, .at = m->instance, .up = outside};
    const beside names = {s->circuit->node, m->scope->port, there, prefix};
    if (n > 0) s->frame = &inside;
    s->about = m->about;
    eq_spice_fail(s, m->name.at,
                  "the formula of %.*s names node %.*s, but there is no such node%s; correct "
                  "the name",
                  (int)(m->about.length < 60 ? m->about.length : 60), m->about.text,
                  (int)(m->name.length < 60 ? m->name.length : 60), m->name.text,
                  eq_spice_nearest(s, m->name, node_beside, &names, near));
    s->about.length = 0;
    s->frame = outside;
}

void eq_spice_check_mentions(eq_spice *s) {
    const eq_reading *r = s->all;
    size_t nodes = eq_circuit_nodes(s->circuit);
    if (r->mentions == 0 || r->stop || eq_names_count(r->broken) > 0) return;
    bool *there = eq_calloc(nodes, sizeof *there);
    if (there == NULL) eq_spice_no_memory(s);
    for (int cls = 0; there != NULL && cls < EQ_CLASS_COUNT; cls++)
        for (size_t j = 0; j < s->circuit->table[cls].count; j++)
            for (int k = 0; k < 2; k++) there[s->circuit->table[cls].term[k][j]] = true;
    for (size_t k = 0; there != NULL && k < r->looses; k++) there[r->loose[k]] = true;
    for (size_t k = 0; there != NULL && k < r->mentions; k++)
        if (!there[r->mention[k].node]) tell_mention(s, &r->mention[k], there);
    eq_free(there);
}

/* 1M, 2.2Mohm: the letter behind the digits is one that people write for mega. */
static bool looks_like_mega(eq_token number) {
    size_t k = 0;
    while (k < number.length &&
           (isdigit((unsigned char)number.text[k]) || strchr("+-.", number.text[k])))
        k++;
    const char *unit = number.text + k;
    size_t left = number.length - k;
    return number.kind == EQ_TOKEN_WORD && k > 0 && left > 0 && *unit == 'M' &&
           !(left >= 3 && (strncasecmp(unit, "meg", 3) == 0 || strncasecmp(unit, "mil", 3) == 0));
}

void eq_spice_note_odd_resistance(eq_spice *s, eq_token name, eq_token number, double value) {
    eq_reading *r = s->all;
    bool milli = looks_like_mega(number) && value != 0.0;
    if (value < 0.0)
        eq_spice_note(s, "negative resistance", name.at,
                      "%.*s (and others) has a negative resistance of %g ohm", (int)name.length,
                      name.text, value);
    if (milli && r->milli.length == 0) {
        r->milli = number;
        r->milli_of = name;
    }
    if (!milli && fabs(value) > r->largest) r->largest = fabs(value);
}

void eq_spice_finish_notes(eq_spice *s) {
    const eq_reading *r = s->all;
    if (r->milli.length == 0 || r->largest < 100.0) return;
    eq_spice_note(s, "milliohm", r->milli.at,
                  "%.*s: %.*s is milliohms, among resistors of up to %g ohm; a megohm is 1meg",
                  (int)r->milli_of.length, r->milli_of.text, (int)r->milli.length, r->milli.text,
                  r->largest);
}
